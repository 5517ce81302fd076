/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A daemon for quctl's tests: the interface with canned answers, over a socket of its own or on a bus. It
 * writes each call as one line of JSON to a file, and can refuse, stall, answer something else, or die when
 * a member is called. What it says is meant to be awkward: escapes, wide characters, names that lie. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"

#define SELF "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"
#define FINGERPRINT "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SEEN UINT64_C(1778598092000000) /* 2026-05-12T15:01:32Z */

static char *opt_socket, *opt_bus, *opt_log, *opt_hint, *opt_via;
static char **opt_fail, **opt_stall, *opt_die, *opt_wrong;
static gboolean opt_chatter, opt_no_quorum, opt_uninitialized, opt_given_secret, opt_evil, opt_stale,
                opt_disabled;
static int opt_checks = 2;

static const GOptionEntry entries[] = {
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &opt_socket, "listen there", "PATH" },
        { "bus", 0, 0, G_OPTION_ARG_STRING, &opt_bus, "own the name on that bus", "ADDRESS" },
        { "log", 0, 0, G_OPTION_ARG_FILENAME, &opt_log, "write calls there", "FILE" },
        { "fail", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_fail, "answer with an error", "MEMBER=NAME=TEXT" },
        { "stall", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_stall, "never answer", "MEMBER" },
        { "die", 0, 0, G_OPTION_ARG_STRING, &opt_die, "exit instead of an answer", "MEMBER" },
        { "wrong", 0, 0, G_OPTION_ARG_STRING, &opt_wrong, "answer in another form", "MEMBER" },
        { "no-quorum", 0, 0, G_OPTION_ARG_NONE, &opt_no_quorum, "", NULL },
        { "uninitialized", 0, 0, G_OPTION_ARG_NONE, &opt_uninitialized, "", NULL },
        { "given-secret", 0, 0, G_OPTION_ARG_NONE, &opt_given_secret, "Init makes no secret", NULL },
        { "evil", 0, 0, G_OPTION_ARG_NONE, &opt_evil, "texts that want to harm a terminal", NULL },
        { "stale", 0, 0, G_OPTION_ARG_NONE, &opt_stale, "the first check is stale", NULL },
        { "disabled", 0, 0, G_OPTION_ARG_NONE, &opt_disabled, "the first check and alert are", NULL },
        { "hint", 0, 0, G_OPTION_ARG_STRING, &opt_hint, "", "TEXT" },
        { "chatter", 0, 0, G_OPTION_ARG_NONE, &opt_chatter, "signals after the properties", NULL },
        { "via", 0, 0, G_OPTION_ARG_STRING, &opt_via, "", "NODE-ID" },
        { "checks", 0, 0, G_OPTION_ARG_INT, &opt_checks, "how many", "N" },
        {},
};

/* ---- the record of calls ---- */

static void dump(sd_bus_message *m, JsonBuilder *builder);

static void dump_container(sd_bus_message *m, JsonBuilder *builder, char type, const char *contents) {
        bool is_dictionary = type == 'a' && contents[0] == '{';

        g_assert_cmpint(sd_bus_message_enter_container(m, type, contents), >, 0);
        if (type == 'e') {
                const char *key;

                g_assert_cmpint(sd_bus_message_read_basic(m, 's', &key), >, 0);
                json_builder_set_member_name(builder, key);
                dump(m, builder);
        } else if (type == 'v') { /* {"TYPE": value}, so that tests see the type */
                json_builder_begin_object(builder);
                json_builder_set_member_name(builder, contents);
                dump(m, builder);
                json_builder_end_object(builder);
        } else if (is_dictionary) {
                json_builder_begin_object(builder);
                dump(m, builder);
                json_builder_end_object(builder);
        } else {
                json_builder_begin_array(builder);
                dump(m, builder);
                json_builder_end_array(builder);
        }
        g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
}

/* all that is left in the current container */
static void dump(sd_bus_message *m, JsonBuilder *builder) {
        const char *contents;
        char type;

        while (sd_bus_message_peek_type(m, &type, &contents) > 0)
                switch (type) {
                case 's': {
                        const char *text;

                        g_assert_cmpint(sd_bus_message_read_basic(m, type, &text), >, 0);
                        json_builder_add_string_value(builder, text);
                        break;
                }
                case 'b': {
                        int truth;

                        g_assert_cmpint(sd_bus_message_read_basic(m, type, &truth), >, 0);
                        json_builder_add_boolean_value(builder, truth);
                        break;
                }
                case 'u': {
                        uint32_t number;

                        g_assert_cmpint(sd_bus_message_read_basic(m, type, &number), >, 0);
                        json_builder_add_int_value(builder, number);
                        break;
                }
                case 't': {
                        uint64_t number;

                        g_assert_cmpint(sd_bus_message_read_basic(m, type, &number), >, 0);
                        json_builder_add_int_value(builder, (gint64) number);
                        break;
                }
                default:
                        dump_container(m, builder, type, contents);
                }
}

static void record(sd_bus_message *m, const char *member) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonNode) root = NULL;
        g_autofree char *line = NULL;
        FILE *file;

        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "member");
        json_builder_add_string_value(builder, member);
        json_builder_set_member_name(builder, "args");
        json_builder_begin_array(builder);
        dump(m, builder);
        json_builder_end_array(builder);
        json_builder_end_object(builder);
        g_assert_cmpint(sd_bus_message_rewind(m, /* complete= */ 1), >=, 0);

        root = json_builder_get_root(builder);
        line = json_to_string(root, /* pretty= */ FALSE);
        file = fopen(opt_log, "ae");
        g_assert_nonnull(file);
        (void) fprintf(file, "%s\n", line);
        (void) fclose(file);
}

/* ---- canned answers ---- */

static const char *evil(const char *text, const char *harm) {
        return opt_evil ? harm : text;
}

static int answer_init(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}", "node_id", "s", SELF, "fingerprint", "s", FINGERPRINT);
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply, "{sv}{sv}", "directory", "s", "/etc/quptime", "advertise", "s", "alpha:9901");
        if (r < 0)
                return r;
        if (!opt_given_secret) {
                r = sd_bus_message_append(reply, "{sv}", "secret", "s", "made-secret-made-secret");
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

static int answer_list_peers(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "a{sv}",
                        8,
                        "node_id",
                        "s",
                        SELF,
                        "advertise",
                        "s",
                        "alpha.example.com:9901",
                        "fingerprint",
                        "s",
                        FINGERPRINT,
                        "live",
                        "b",
                        1,
                        "last_seen",
                        "t",
                        SEEN,
                        "self",
                        "b",
                        1,
                        "joining",
                        "b",
                        0,
                        "from_the_future",
                        "(su)",
                        "x",
                        7);
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "a{sv}",
                        3,
                        "node_id",
                        "s",
                        OTHER,
                        "advertise",
                        "s",
                        evil("bravo:9901", "\033]0;owned\a"),
                        "live",
                        "b",
                        0);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int append_check(sd_bus_message *reply, unsigned i) {
        g_autofree char *id = g_strdup_printf("%08x-0000-4000-8000-000000000000", i);
        g_autofree char *name = i == 0 ? g_strdup(evil("homepage", "home\npage\033[2J"))
                                       : g_strdup_printf("db%u", i);
        bool up = i == 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}", "id", "s", id, "name", "s", name);
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "{sv}{sv}",
                        "type",
                        "s",
                        up ? "http" : "tcp",
                        "target",
                        "s",
                        "https://example.com");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}", "interval", "s", "30s", "timeout", "s", "10s");
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "{sv}{sv}",
                        "expect_status",
                        "t",
                        UINT64_C(200),
                        "state",
                        "s",
                        up ? "up" : "down");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}", "ok", "u", up ? 3 : 1, "total", "u", 3);
        if (r < 0)
                return r;
        r = up ? sd_bus_message_append(reply, "{sv}", "alert_ids", "as", 1, "oncall")
               : sd_bus_message_append(reply, "{sv}", "alert_ids", "as", 0);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}", "disabled", "b", opt_disabled && up);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}", "since", "t", SEEN);
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "{sv}{sv}",
                        "detail",
                        "s",
                        up ? ""
                           : evil("dial timeout",
                                  "503 \xc2\x9b"
                                  "2J\xe2\x80\xae"),
                        "stale_since",
                        "t",
                        opt_stale && up ? (uint64_t) g_get_real_time() - UINT64_C(250000000) : UINT64_C(0));
        if (r < 0)
                return r;
        if (up)
                r = sd_bus_message_append(reply, "{sv}", "alerts", "a(sb)", 2, "oncall", 0, "ops", 1);
        else
                r = sd_bus_message_append(reply, "{sv}", "alerts", "a(sb)", 0);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int answer_list_checks(sd_bus_message *call, sd_bus_message *reply) {
        uint32_t offset, limit;
        int r;

        r = sd_bus_message_read(call, "uu", &offset, &limit);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        for (unsigned i = offset; i < (unsigned) opt_checks && i < offset + limit; i++) {
                r = append_check(reply, i);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "u", (uint32_t) opt_checks);
}

static int answer_list_alerts(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "a{sv}",
                        7,
                        "disabled",
                        "b",
                        opt_disabled,
                        "id",
                        "s",
                        "aaaa",
                        "name",
                        "s",
                        "ops",
                        "type",
                        "s",
                        "smtp",
                        "default",
                        "b",
                        1,
                        "smtp_to",
                        "as",
                        2,
                        "a@example.com",
                        "b@example.com",
                        "smtp_password",
                        "a{sv}",
                        1,
                        "kept",
                        "b",
                        1);
        if (r < 0)
                return r;
        r = sd_bus_message_append(
                        reply,
                        "a{sv}",
                        5,
                        "id",
                        "s",
                        "bbbb",
                        "name",
                        "s",
                        "oncall",
                        "type",
                        "s",
                        "discord",
                        "owed",
                        "u",
                        3,
                        "endpoint",
                        "s",
                        "discord.com");
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int answer_list_trust(sd_bus_message *reply) {
        return sd_bus_message_append(
                        reply,
                        "aa{sv}",
                        1,
                        4,
                        "node_id",
                        "s",
                        OTHER,
                        "address",
                        "s",
                        "bravo:9901",
                        "fingerprint",
                        "s",
                        FINGERPRINT,
                        "added_at",
                        "t",
                        SEEN);
}

static int answer_probe(sd_bus_message *reply) {
        return sd_bus_message_append(
                        reply,
                        "a{sv}",
                        3,
                        "node_id",
                        "s",
                        OTHER,
                        "fingerprint",
                        "s",
                        FINGERPRINT,
                        "state",
                        "s",
                        "alone and empty");
}

/* a vote, a silent node, an open round, a delivery and what is from a newer daemon */
static int answer_explain(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) sd_bus_message_append(reply, "{sv}", "id", "s", "00000000-0000-4000-8000-000000000000");
        (void) sd_bus_message_append(reply, "{sv}", "name", "s", evil("homepage", "home\npage\033[2J"));
        (void) sd_bus_message_append(reply, "{sv}", "type", "s", "http");
        (void) sd_bus_message_append(reply, "{sv}", "target", "s", "https://***@example.com");
        (void) sd_bus_message_append(reply, "{sv}", "alerts", "as", 2, "oncall", "ops");
        (void) sd_bus_message_append(reply, "{sv}", "state", "s", "down");
        (void) sd_bus_message_append(reply, "{sv}", "since", "t", SEEN);
        (void) sd_bus_message_append(reply, "{sv}", "transitions", "t", UINT64_C(4));
        (void) sd_bus_message_append(reply, "{sv}", "decided_by", "s", SELF);
        (void) sd_bus_message_append(reply, "{sv}", "decided_not_ok", "t", UINT64_C(2));
        (void) sd_bus_message_append(reply, "{sv}", "node_id", "s", SELF);
        (void) sd_bus_message_append(reply, "{sv}", "source", "s", opt_no_quorum ? "nodes" : "master");
        (void) sd_bus_message_append(reply, "{sv}", "master", "s", opt_no_quorum ? "" : SELF);
        (void) sd_bus_message_append(reply, "{sv}", "asked", "t", UINT64_C(1));
        (void) sd_bus_message_append(reply, "{sv}", "interval", "s", "30s");
        (void) sd_bus_message_append(reply, "{sv}", "fresh_for", "s", "1m30s");
        (void) sd_bus_message_append(reply, "{sv}", "rounds_needed", "t", UINT64_C(2));
        (void) sd_bus_message_append(reply, "{sv}", "voters", "t", UINT64_C(2));
        (void) sd_bus_message_append(reply, "{sv}", "majority", "t", UINT64_C(2));
        (void) sd_bus_message_append(reply, "{sv}", "ok", "t", UINT64_C(1));
        (void) sd_bus_message_append(reply, "{sv}", "phase", "s", opt_no_quorum ? "" : "round");
        (void) sd_bus_message_append(reply, "{sv}", "due_in", "t", UINT64_C(1500000));
        (void) sd_bus_message_append(reply, "{sv}", "from_the_future", "(su)", "x", 7);
        (void) sd_bus_message_append(
                        reply,
                        "{sv}",
                        "votes",
                        "aa{sv}",
                        2,
                        5,
                        "node_id",
                        "s",
                        SELF,
                        "result",
                        "s",
                        "ok",
                        "counts",
                        "b",
                        1,
                        "age",
                        "t",
                        UINT64_C(4000000),
                        "connect",
                        "t",
                        UINT64_C(12345),
                        2,
                        "node_id",
                        "s",
                        OTHER,
                        "result",
                        "s",
                        "silent");
        (void) sd_bus_message_append(
                        reply,
                        "{sv}",
                        "rounds",
                        "aa{sv}",
                        1,
                        2,
                        "number",
                        "t",
                        UINT64_C(12884901894),
                        "open",
                        "b",
                        1);
        (void) sd_bus_message_append(
                        reply,
                        "{sv}",
                        "deliveries",
                        "aa{sv}",
                        1,
                        6,
                        "event",
                        "s",
                        "DOWN",
                        "alert",
                        "s",
                        "ops",
                        "recipient",
                        "s",
                        "ops@example.com",
                        "result",
                        "s",
                        "refused",
                        "attempts",
                        "t",
                        UINT64_C(1),
                        "answer",
                        "s",
                        evil("550 no", "550\n\033[2J"));
        return sd_bus_message_close_container(reply);
}

#define DOCUMENT                                                                                            \
        "version: 4\n"                                                                                      \
        "peers: []\n"                                                                                       \
        "checks:\n"                                                                                         \
        "  - {id: c1, name: db, type: tcp, target: 'db:1', interval: 30s}\n"                                \
        "alerts:\n"                                                                                         \
        "  - {id: a1, name: ops, type: discord, discord_webhook: {kept: true}} # \342\200\256\n"

#define CHANGED(noun, name_, field_, from_, to_)                                                            \
        7, "kind", "s", "changed", "object", "s", noun, "id", "s", "x", "name", "s", name_, "field", "s",   \
                        field_, "from", "s", from_, "to", "s", to_

/* An empty text changes nothing; "checks: []" removes; "peers: []" alone, too; all others change. */
static int answer_check_document(sd_bus_message *call, sd_bus_message *reply) {
        const char *text;
        int r;

        r = sd_bus_message_rewind(call, 1);
        if (r >= 0)
                r = sd_bus_message_read(call, "s", &text);
        if (r < 0)
                return r;
        if (!*text || g_str_equal(text, DOCUMENT))
                return sd_bus_message_append(reply, "aa{sv}aa{sv}", 0, 0);
        if (g_str_has_prefix(text, "checks: []") || g_str_has_prefix(text, "peers: []"))
                return sd_bus_message_append(
                                reply,
                                "aa{sv}aa{sv}",
                                1,
                                4,
                                "kind",
                                "s",
                                "removed",
                                "object",
                                "s",
                                g_str_has_prefix(text, "peers") ? "peer" : "check",
                                "id",
                                "s",
                                OTHER,
                                "name",
                                "s",
                                "db\033",
                                0);
        return sd_bus_message_append(
                        reply,
                        "aa{sv}aa{sv}",
                        2,
                        CHANGED("check", "db\033[31m", "interval", "30s", "1m0s"),
                        CHANGED("alert", "ops", "discord_webhook", "***", "***"),
                        1,
                        4,
                        "line",
                        "t",
                        UINT64_C(3),
                        "column",
                        "t",
                        UINT64_C(5),
                        "field",
                        "s",
                        "checks[0].timeout",
                        "text",
                        "s",
                        "cut\033");
}

static int answer(sd_bus_message *call, sd_bus_message *reply, const char *member) {
        if (g_str_equal(member, "Init"))
                return answer_init(reply);
        if (g_str_equal(member, "ListPeers"))
                return answer_list_peers(reply);
        if (g_str_equal(member, "ListChecks"))
                return answer_list_checks(call, reply);
        if (g_str_equal(member, "ListAlerts"))
                return answer_list_alerts(reply);
        if (g_str_equal(member, "ExplainCheck"))
                return answer_explain(reply);
        if (g_str_equal(member, "ListTrust"))
                return answer_list_trust(reply);
        if (g_str_equal(member, "ProbeNode"))
                return answer_probe(reply);
        if (g_str_equal(member, "AddCheck") || g_str_equal(member, "AddAlert"))
                return sd_bus_message_append(reply, "st", "new-id", UINT64_C(7));
        if (g_str_equal(member, "AddNode"))
                return sd_bus_message_append(reply, "st", OTHER, UINT64_C(7));
        if (g_str_equal(member, "RemoveAlert"))
                return sd_bus_message_append(reply, "tas", UINT64_C(8), 2, "homepage", "db\033");
        if (g_str_equal(member, "TestCheck"))
                return sd_bus_message_append(
                                reply,
                                "s",
                                "2 alerts delivered\n    ops: a@x: delivered: 250\n    oncall: ok");
        if (g_str_equal(member, "TestAlert"))
                return sd_bus_message_append(reply, "s", "250 2.0.0 Ok\r\nqueued");
        if (g_str_equal(member, "ResetNode"))
                return sd_bus_message_append(reply, "s", "put aside");
        if (g_str_equal(member, "RemoveTrust"))
                return 0;
        if (g_str_equal(member, "Diagnose"))
                return sd_bus_message_append(
                                reply,
                                "aa{sv}",
                                2,
                                4,
                                "name",
                                "s",
                                "clock",
                                "verdict",
                                "s",
                                "ok",
                                "detail",
                                "s",
                                "right",
                                "remedy",
                                "s",
                                "",
                                4,
                                "name",
                                "s",
                                "disk",
                                "verdict",
                                "s",
                                opt_no_quorum ? "fail" : "warn",
                                "detail",
                                "s",
                                "nearly\033 full",
                                "remedy",
                                "s",
                                "make room");
        if (g_str_equal(member, "GetDocument"))
                return sd_bus_message_append(reply, "st", DOCUMENT, UINT64_C(4));
        if (g_str_equal(member, "CheckDocument"))
                return answer_check_document(call, reply);
        return sd_bus_message_append(reply, "t", UINT64_C(8)); /* Edit…, Remove… */
}

static int fail_if_told(const char *member, sd_bus_error *error) {
        for (size_t i = 0; opt_fail && opt_fail[i]; i++) {
                g_auto(GStrv) parts = g_strsplit(opt_fail[i], "=", 3);

                g_assert_cmpuint(g_strv_length(parts), ==, 3);
                if (g_str_equal(parts[0], member))
                        return sd_bus_error_set(error, parts[1], parts[2]);
        }
        return 0;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *member = sd_bus_message_get_member(m);
        int r;

        record(m, member);
        if (g_strcmp0(member, opt_die) == 0)
                _exit(EXIT_SUCCESS);
        if (opt_stall && g_strv_contains((const char *const *) opt_stall, member))
                return 1;
        r = fail_if_told(member, error);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = answer(m, reply, member);
        if (r < 0)
                return r;
        return sd_bus_message_send(reply);
}

static int
get_string(sd_bus *bus,
           const char *path,
           const char *interface,
           const char *property,
           sd_bus_message *reply,
           void *userdata,
           sd_bus_error *error) {
        const struct {
                const char *name, *value;
        } values[] = {
                { "Version", "0.1.0" },
                { "Directory", "/etc/quptime" },
                { "NodeID", opt_uninitialized ? "" : SELF },
                { "ClusterID", "" },
                { "Fingerprint", opt_uninitialized ? "" : FINGERPRINT },
                { "Advertise", "alpha.example.com:9901" },
                { "Master", opt_no_quorum ? "" : SELF },
                { "MasterVia", opt_via ?: "" },
                { "Hint", opt_hint ?: "" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
                if (g_str_equal(values[i].name, property))
                        return sd_bus_message_append(reply, "s", values[i].value);
        return -EINVAL;
}

static int chatter(sd_bus *bus) {
        int r;

        r = sd_bus_emit_signal(
                        bus,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        "CheckTransition",
                        "ssssts",
                        "00000000-0000-4000-8000-000000000000",
                        evil("homepage", "home\npage"),
                        "up",
                        "down",
                        SEEN,
                        evil("timeout", "\033[2J"));
        if (r >= 0)
                r = sd_bus_emit_signal(
                                bus,
                                BUS_PATH,
                                BUS_INTERFACE_MANAGER,
                                "Delivery",
                                "sssssss",
                                "n-1",
                                "ops",
                                "db1",
                                "DOWN",
                                "a@x",
                                "owed",
                                "450 busy");
        if (r >= 0)
                r = sd_bus_emit_signal(
                                bus,
                                BUS_PATH,
                                "org.freedesktop.DBus.Properties",
                                "PropertiesChanged",
                                "sa{sv}as",
                                BUS_INTERFACE_MANAGER,
                                5,
                                "Hint",
                                "s",
                                "two",
                                "Master",
                                "s",
                                OTHER,
                                "Term",
                                "t",
                                UINT64_C(9),
                                "Quorum",
                                "b",
                                opt_no_quorum,
                                "ConfigVersion",
                                "t",
                                UINT64_C(5),
                                0);
        return r;
}

static int
get_other(sd_bus *bus,
          const char *path,
          const char *interface,
          const char *property,
          sd_bus_message *reply,
          void *userdata,
          sd_bus_error *error) {
        if (g_str_equal(property, "Initialized"))
                return sd_bus_message_append(reply, "b", !opt_uninitialized);
        if (g_str_equal(property, "Quorum"))
                return sd_bus_message_append(reply, "b", !opt_no_quorum);
        if (g_str_equal(property, "QuorumLive"))
                return sd_bus_message_append(reply, "u", opt_no_quorum ? 1 : 3);
        if (g_str_equal(property, "QuorumNeed"))
                return sd_bus_message_append(reply, "u", 2);
        if (g_str_equal(property, "Term"))
                return sd_bus_message_append(reply, "t", UINT64_C(2));
        if (opt_chatter && chatter(bus) < 0) /* before the answer: it was asked for when all was heard */
                return -EIO;
        return sd_bus_message_append(reply, "t", UINT64_C(4)); /* ConfigVersion */
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Init", "a{sv}", "a{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListPeers", "", "aa{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListChecks", "uu", "aa{sv}u", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListAlerts", "", "aa{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ExplainCheck", "s", "a{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddCheck", "a{sv}", "st", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("EditCheck", "sa{sv}", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveCheck", "s", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddAlert", "a{sv}", "st", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("EditAlert", "sa{sv}", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveAlert", "s", "tas", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("EnableCheck", "s", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DisableCheck", "s", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("EnableAlert", "s", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DisableAlert", "s", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("TestAlert", "s", "s", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("TestCheck", "ss", "s", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ProbeNode", "s", "a{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddNode", "ss", "st", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("EditNode", "ss", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveNode", "s", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListTrust", "", "aa{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ResetNode", "s", "s", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveTrust", "s", "", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Diagnose", "", "aa{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetDocument", "", "st", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CheckDocument", "sa{sv}", "aa{sv}aa{sv}", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ApplyDocument", "sa{sv}", "t", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("Directory", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("NodeID", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("ClusterID", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("Fingerprint", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("Advertise", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("Master", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("MasterVia", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("Hint", "s", get_string, 0, 0),
        SD_BUS_PROPERTY("Initialized", "b", get_other, 0, 0),
        SD_BUS_PROPERTY("Quorum", "b", get_other, 0, 0),
        SD_BUS_PROPERTY("QuorumLive", "u", get_other, 0, 0),
        SD_BUS_PROPERTY("QuorumNeed", "u", get_other, 0, 0),
        SD_BUS_PROPERTY("Term", "t", get_other, 0, 0),
        SD_BUS_PROPERTY("ConfigVersion", "t", get_other, 0, 0),
        SD_BUS_VTABLE_END,
};

/* before the table of methods, which would not let it pass */
static int on_any(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        if (!opt_wrong || !sd_bus_message_is_method_call(m, BUS_INTERFACE_MANAGER, opt_wrong))
                return 0;
        return sd_bus_reply_method_return(m, "i", 1);
}

/* ---- the socket ---- */

static int on_hello(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return sd_bus_reply_method_return(m, "s", ":1.1");
}

static const sd_bus_vtable driver_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        sd_bus *bus; /* lives as long as the process: a test's daemon is short-lived */
        sd_id128_t id;
        int connection, r;

        connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        g_assert_cmpint(connection, >=, 0);

        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, connection, connection);
        if (r >= 0)
                r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, sd_event_source_get_event(source), 0);
        if (r >= 0)
                r = sd_bus_add_object_vtable(
                                bus, NULL, BUS_PATH, BUS_INTERFACE_MANAGER, manager_vtable, NULL);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, on_any, NULL);
        if (r >= 0)
                r = sd_bus_add_object_vtable(
                                bus,
                                NULL,
                                "/org/freedesktop/DBus",
                                "org.freedesktop.DBus",
                                driver_vtable,
                                NULL);
        return r;
}

static int listen_socket(sd_event *event) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        g_assert_cmpuint(strlen(opt_socket), <, sizeof address.sun_path);
        strcpy(address.sun_path, opt_socket);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || listen(fd, 16) < 0)
                return -errno;
        return sd_event_add_io(event, NULL, fd, EPOLLIN, on_accept, NULL);
}

static int join_bus(sd_event *event) {
        sd_bus *bus;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, opt_bus);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, 0);
        if (r >= 0)
                r = sd_bus_add_object_vtable(
                                bus, NULL, BUS_PATH, BUS_INTERFACE_MANAGER, manager_vtable, NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, BUS_NAME, 0);
        return r;
}

int main(int argc, char *argv[]) {
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);
        sd_event *event;
        int r;

        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, &argc, &argv, NULL) || !opt_log || (!opt_socket && !opt_bus))
                return 2;

        r = sd_event_default(&event);
        if (r >= 0)
                r = opt_socket ? listen_socket(event) : join_bus(event);
        if (r < 0) {
                (void) fprintf(stderr, "fake-daemon: %s\n", g_strerror(-r));
                return 1;
        }

        (void) printf("ready\n");
        (void) fflush(stdout);
        return sd_event_loop(event) < 0;
}
