/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the objects answer, refuse and announce, over the private socket. */

#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/objects.h"
#include "harness.h"

static void
assert_property(World *w,
                sd_bus *client,
                const char *path,
                const char *interface,
                const char *name,
                const char *is) {
        g_autofree char *value = world_get(w, client, path, interface, name);

        g_assert_cmpstr(value, ==, is);
}

/* ---- reading ---- */

static void test_properties(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *check_path = NULL, *alert_path = NULL, *peer_path = NULL;
        CheckStatus *status = check_status_new();
        Alert *alert = fake_alert("a-1", "pager");
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        alert->is_default = true;
        alert->body_template = g_strdup("{{.}}");
        fake_manager_put_alert(w.manager, alert);
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        status->check_id = g_strdup("c-1");
        status->state = CHECK_DOWN;
        status->since = 17;
        fake_manager_put_status(w.manager, status);
        w.manager->view = (CheckView){ .ok = 1, .total = 3, .detail = (char *) "refused" };

        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Version", "'" QUPTIME_VERSION "'");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "NodeID", "'" FAKE_NODE "'");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Quorum", " 1");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "QuorumLive", " 2");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "ConfigVersion", " 7");

        check_path = bus_object_path(RECORD_CHECK, "c-1");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Name", "'homepage'");
        assert_property(&w,
                        client,
                        check_path,
                        BUS_INTERFACE_CHECK,
                        "Target",
                        "'https://***@example.test/'");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Interval", " 30000000");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Timeout", " 10000000");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "ExpectStatus", " 200");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "State", "'down'");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Since", " 17");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Alerts", "[['pager' 1]]");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Ok", " 1");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Total", " 3");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "Detail", "'refused'");
        assert_property(&w, client, check_path, BUS_INTERFACE_CHECK, "StaleSince", " 0");

        alert_path = bus_object_path(RECORD_ALERT, "a-1");
        assert_property(&w, client, alert_path, BUS_INTERFACE_ALERT, "Endpoint", "'mail.example.test:587'");
        assert_property(&w, client, alert_path, BUS_INTERFACE_ALERT, "Default", " 1");
        assert_property(&w, client, alert_path, BUS_INTERFACE_ALERT, "CustomMessage", " 1");
        assert_property(&w, client, alert_path, BUS_INTERFACE_ALERT, "Owed", " 0");

        peer_path = bus_object_path(RECORD_PEER, FAKE_OTHER);
        assert_property(&w, client, peer_path, BUS_INTERFACE_PEER, "Self", " 0");
        assert_property(&w, client, peer_path, BUS_INTERFACE_PEER, "LastSeen", " 42");
}

static void test_no_such_object(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        assert_error(world_call(&w,
                                client,
                                BUS_PATH_CHECK "/nowhere",
                                "org.freedesktop.DBus.Properties",
                                "Get",
                                "ss",
                                BUS_INTERFACE_CHECK,
                                "Name"),
                     SD_BUS_ERROR_UNKNOWN_OBJECT,
                     NULL);
        assert_error(manager_call(&w, client, "Reboot", NULL), SD_BUS_ERROR_UNKNOWN_METHOD, NULL);
}

/* the answer, and everything that was ever said to a client, as text */
static char *read_all(sd_bus_message *m) {
        GString *s = g_string_new(NULL);
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(m, &type, &contents)) != 0 || !sd_bus_message_at_end(m, true)) {
                g_assert_cmpint(r, >=, 0);
                if (r == 0)
                        g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
                else if (strchr("a(vr{e", type))
                        g_assert_cmpint(sd_bus_message_enter_container(
                                                        m,
                                                        type == '('   ? 'r'
                                                        : type == '{' ? 'e'
                                                                      : type,
                                                        contents),
                                        >,
                                        0);
                else if (strchr("sog", type)) {
                        const char *text;

                        g_assert_cmpint(sd_bus_message_read_basic(m, type, &text), >, 0);
                        g_string_append_printf(s, "%s ", text);
                } else {
                        uint64_t number = 0;

                        g_assert_cmpint(sd_bus_message_read_basic(m, type, &number), >, 0);
                        g_string_append_printf(s, "%" G_GUINT64_FORMAT " ", number);
                }
        }
        return g_string_free(s, FALSE);
}

static char *
call_text(World *w, sd_bus *client, const char *path, const char *interface, const char *member) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply =
                        strcmp(member, "ListChecks") == 0
                                        ? world_call(w, client, path, interface, member, "uu", 0, 0)
                                        : world_call(w, client, path, interface, member, NULL);

        g_assert_null(sd_bus_message_get_error(reply));
        return read_all(reply);
}

static void test_lists(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *checks = NULL, *peers = NULL, *trust = NULL;
        Alert *alert = fake_alert("a-1", "pager");
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        alert->is_default = true;
        fake_manager_put_alert(w.manager, alert);
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));

        checks = call_text(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "ListChecks");
        g_assert_cmpstr(checks,
                        ==,
                        "id c-1 name homepage type http target https://***@example.test/ interval 30s "
                        "timeout 10s "
                        "expect_status 200 body_match  alert_ids suppress_alert_ids disabled 0 revision 0 "
                        "state "
                        "unknown since 0 "
                        "ok 0 total 0 detail  stale_since 0 alerts pager 1 1 ");
        peers = call_text(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "ListPeers");
        g_assert_cmpstr(peers,
                        ==,
                        "node_id " FAKE_NODE
                        " advertise 127.0.0.1:9901 fingerprint sha256:00 live 1 last_seen 42 "
                        "self 1 joining 0 "
                        "node_id " FAKE_OTHER
                        " advertise 127.0.0.2:9901 fingerprint sha256:00 live 1 last_seen 42 "
                        "self 0 joining 0 ");
        trust = call_text(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "ListTrust");
        g_assert_cmpstr(trust,
                        ==,
                        "node_id " FAKE_OTHER " address 127.0.0.2:9901 fingerprint sha256:00 added_at 5 ");
}

static Notice *fake_notice(const char *id, DeliveryState state) {
        Notice *notice = notice_new();
        Recipient *recipient = recipient_new();

        notice->id = g_strdup(id);
        notice->check_id = g_strdup("c-1");
        notice->alert_id = g_strdup("a-1");
        notice->alert_name = g_strdup("pager");
        notice->event = NOTICE_DOWN;
        notice->recipients = object_list_new(&recipient_type);
        recipient->address = g_strdup("ops@example.test");
        recipient->state = state;
        g_ptr_array_add(notice->recipients, recipient);
        return notice;
}

static void test_owed(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *path = bus_object_path(RECORD_ALERT, "a-1");
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        fake_manager_put_alert(w.manager, fake_alert("a-1", "pager"));
        fake_manager_put_notice(w.manager, fake_notice("n-1", DELIVERY_OWED));
        fake_manager_put_notice(w.manager, fake_notice("n-2", DELIVERY_OWED));
        fake_manager_put_notice(w.manager, fake_notice("n-3", DELIVERY_DELIVERED));
        assert_property(&w, client, path, BUS_INTERFACE_ALERT, "Owed", " 2");
}

static void test_secrets(void) {
        static const struct {
                const char *path, *interface, *member;
        } reads[] = {
                { BUS_PATH, BUS_INTERFACE_MANAGER, "ListAlerts" },
                { BUS_PATH, BUS_INTERFACE_MANAGER, "ListChecks" },
                { BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects" },
        };
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        Alert *discord = alert_new();
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        discord->id = g_strdup("a-2");
        discord->name = g_strdup("chat");
        discord->type = ALERT_DISCORD;
        discord->discord_webhook = g_strdup("https://user:hunter2@chat.example.test/api/hunter2?hunter2");
        fake_manager_put_alert(w.manager, fake_alert("a-1", "pager"));
        fake_manager_put_alert(w.manager, discord);
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        for (size_t i = 0; i < G_N_ELEMENTS(reads); i++) {
                g_autofree char *text =
                                call_text(&w, client, reads[i].path, reads[i].interface, reads[i].member);

                g_assert_null(strstr(text, "hunter2"));
                if (i == 0) {
                        g_assert_nonnull(strstr(text, "smtp_password kept 1 "));
                        g_assert_nonnull(strstr(text, "discord_webhook kept 1 "));
                        g_assert_nonnull(strstr(text, "endpoint chat.example.test "));
                }
        }
}

/* ---- changing ---- */

static void test_add(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        sd_bus_message *reply;
        uint64_t version;
        const char *id;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        reply =
                        manager_call(&w,
                                     client,
                                     "AddCheck",
                                     "a{sv}",
                                     6,
                                     "name",
                                     "s",
                                     "homepage",
                                     "type",
                                     "s",
                                     "tcp",
                                     "target",
                                     "s",
                                     "example.test:22",
                                     "interval",
                                     "s",
                                     "1m30s",
                                     "expect_status",
                                     "i",
                                     204,
                                     "alert_ids",
                                     "as",
                                     2,
                                     "a-1",
                                     "pager");
        g_assert_cmpint(sd_bus_message_read(reply, "st", &id, &version), >, 0);
        g_assert_cmpstr(id, ==, "made");
        g_assert_cmpuint(version, ==, 8);
        (void) sd_bus_message_unref(reply);

        g_assert_cmpint(w.manager->last->kind, ==, CHANGE_ADD);
        g_assert_cmpstr(w.manager->last->object_kind, ==, "check");
        g_assert_true(g_uuid_string_is_valid(w.manager->last->id));
        g_assert_cmpstr(w.manager->last->origin, ==, FAKE_NODE);
        g_assert_cmpstr(w.manager->last->body,
                        ==,
                        "{\"name\":\"homepage\",\"type\":\"tcp\",\"target\":\"example.test:22\","
                        "\"interval\":\"1m30s\","
                        "\"expect_status\":204,\"alert_ids\":[\"a-1\",\"pager\"]}");
}

#define ADD(...) manager_call(&w, client, "AddAlert", "a{sv}", 1, __VA_ARGS__)
static void test_add_refused(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *long_text = g_strnfill(SECRET_FIELD_MAX_BYTES + 1, 'x');
        g_autofree char *long_name = g_strnfill(NAME_MAX_BYTES, 'x');
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        assert_error(ADD("smtp_hots", "s", "x"), BUS_ERROR_INVALID, "did you mean \"smtp_host\"");
        assert_error(ADD("zzzzzzzz", "s", "x"), BUS_ERROR_INVALID, "no such field of an alert");
        assert_error(ADD("revision", "t", (uint64_t) 1), BUS_ERROR_INVALID, "no such field");
        assert_error(ADD("order", "t", (uint64_t) 1), BUS_ERROR_INVALID, "no such field");
        assert_error(ADD("name", "u", 7), BUS_ERROR_INVALID, "name: wants a text (s), not \"u\"");
        assert_error(ADD("default", "s", "yes"), BUS_ERROR_INVALID, "default: wants a boolean (b)");
        assert_error(ADD("smtp_port", "s", "25"), BUS_ERROR_INVALID, "smtp_port: wants a whole number (t)");
        assert_error(ADD("smtp_port", "i", -1), BUS_ERROR_INVALID, "smtp_port: out of range");
        assert_error(ADD("smtp_port", "t", UINT64_MAX), BUS_ERROR_INVALID, "smtp_port: out of range");
        assert_error(ADD("smtp_to", "s", "x"), BUS_ERROR_INVALID, "smtp_to: wants a list of texts (as)");
        assert_error(ADD("type", "s", "pigeon"), BUS_ERROR_INVALID, "is not one of smtp, discord");
        assert_error(ADD("smtp_password", "s", long_text), BUS_ERROR_INVALID, "longer than 4096 bytes");
        assert_error(ADD("smtp_password", "a{sv}", 1, "kept", "b", 1), BUS_ERROR_INVALID, "nothing to keep");
        assert_error(ADD("smtp_password", "a{sv}", 0), BUS_ERROR_INVALID, "wants a text");
        assert_error(ADD("smtp_password", "a{sv}", 1, "kept", "s", "yes"),
                     BUS_ERROR_INVALID,
                     "wants a text");
        assert_error(ADD("smtp_password", "a{sv}", 1, "value", "b", 1), BUS_ERROR_INVALID, "wants a text");
        assert_error(ADD("smtp_password", "a{sv}", 1, "credential", "s", "../x"),
                     BUS_ERROR_INVALID,
                     "no name of a credential");
        assert_error(ADD("smtp_password", "a{sv}", 1, "credential", "b", 1),
                     BUS_ERROR_INVALID,
                     "wants a text");
        assert_error(ADD("smtp_password", "u", 1), BUS_ERROR_INVALID, "{\"kept\": true}");
        assert_error(ADD("name", "s", long_name), BUS_ERROR_INVALID, "type: every new alert needs one");
        assert_error(manager_call(&w, client, "AddAlert", "a{sv}", 2, "name", "s", "x", "name", "s", "x"),
                     BUS_ERROR_INVALID,
                     "name: given twice");
        assert_error(manager_call(&w,
                                  client,
                                  "AddCheck",
                                  "a{sv}",
                                  2,
                                  "type",
                                  "s",
                                  "http",
                                  "target",
                                  "s",
                                  "https://***@example.test/"),
                     BUS_ERROR_INVALID,
                     "***");
        assert_error(manager_call(&w, client, "AddCheck", "a{sv}", 1, "interval", "s", "soon"),
                     BUS_ERROR_INVALID,
                     "interval: \"soon\" is not a duration");
        g_assert_null(w.manager->last);
}

static void test_edit(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        fake_manager_put_alert(w.manager, fake_alert("a-1", "pager"));
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));

        /* a row given back: what is kept or fixed is no edit */
        assert_done(
                        manager_call(&w,
                                     client,
                                     "EditAlert",
                                     "sa{sv}",
                                     "pager",
                                     5,
                                     "id",
                                     "s",
                                     "a-1",
                                     "type",
                                     "s",
                                     "smtp",
                                     "smtp_password",
                                     "a{sv}",
                                     1,
                                     "kept",
                                     "b",
                                     1,
                                     "smtp_port",
                                     "q",
                                     465,
                                     "revision",
                                     "x",
                                     (int64_t) 12));
        g_assert_cmpint(w.manager->last->kind, ==, CHANGE_EDIT);
        g_assert_cmpstr(w.manager->last->target, ==, "pager");
        g_assert_cmpuint(w.manager->last->base_revision, ==, 12);
        g_assert_cmpuint(g_strv_length(w.manager->last->fields), ==, 1);
        g_assert_cmpstr(w.manager->last->fields[0], ==, "smtp_port");
        g_assert_cmpstr(value_alert(w.manager->value, "a-1")->smtp_password, ==, "hunter2");

        assert_done(
                        manager_call(&w,
                                     client,
                                     "EditAlert",
                                     "sa{sv}",
                                     "pager",
                                     1,
                                     "smtp_password",
                                     "s",
                                     "correct horse"));
        g_assert_cmpstr(value_alert(w.manager->value, "a-1")->smtp_password, ==, "correct horse");
        assert_error(manager_call(&w, client, "EditAlert", "sa{sv}", "pager", 1, "type", "s", "discord"),
                     BUS_ERROR_INVALID,
                     "type: cannot be changed");

        assert_done(manager_call(&w, client, "DisableAlert", "s", "pager"));
        g_assert_true(value_alert(w.manager->value, "a-1")->disabled);
        assert_done(manager_call(&w, client, "EnableAlert", "s", "a-1"));
        g_assert_false(value_alert(w.manager->value, "a-1")->disabled);
        assert_done(manager_call(&w, client, "DisableCheck", "s", "homepage"));
        g_assert_true(value_check(w.manager->value, "c-1")->disabled);
        assert_done(manager_call(&w, client, "EnableCheck", "s", "homepage"));
        g_assert_false(value_check(w.manager->value, "c-1")->disabled);

        /* the masked target keeps the user information, for this target alone */
        assert_done(
                        manager_call(&w,
                                     client,
                                     "EditCheck",
                                     "sa{sv}",
                                     "homepage",
                                     2,
                                     "target",
                                     "s",
                                     "https://***@example.test/",
                                     "interval",
                                     "s",
                                     "1m"));
        g_assert_cmpuint(g_strv_length(w.manager->last->fields), ==, 1);
        g_assert_cmpstr(value_check(w.manager->value, "c-1")->target,
                        ==,
                        "https://user:hunter2@example.test/");
        assert_error(manager_call(&w,
                                  client,
                                  "EditCheck",
                                  "sa{sv}",
                                  "homepage",
                                  1,
                                  "target",
                                  "s",
                                  "https://***@elsewhere.test/"),
                     BUS_ERROR_INVALID,
                     "***");
}

static void test_remove(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *text = NULL;
        sd_bus_message *reply;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        fake_manager_put_alert(w.manager, fake_alert("a-1", "pager"));
        reply = manager_call(&w, client, "RemoveAlert", "s", "a-1");
        text = read_all(reply);
        g_assert_cmpstr(text, ==, "8 homepage ");
        (void) sd_bus_message_unref(reply);
        assert_error(manager_call(&w, client, "RemoveAlert", "s", ""), BUS_ERROR_NOT_FOUND, NULL);
}

static void test_verbs(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *node = NULL, *answer = NULL;
        sd_bus_message *reply;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        reply = manager_call(&w, client, "ProbeNode", "s", "10.0.0.1:9901");
        node = read_all(reply);
        g_assert_cmpstr(node, ==, "node_id " FAKE_OTHER " fingerprint sha256:11 state alone and empty ");
        g_assert_cmpstr(w.manager->last_text, ==, "probe 10.0.0.1:9901");
        (void) sd_bus_message_unref(reply);

        reply = manager_call(&w, client, "TestAlert", "s", "pager");
        answer = read_all(reply);
        g_assert_cmpstr(answer, ==, "250 queued ");
        (void) sd_bus_message_unref(reply);

        assert_done(manager_call(&w, client, "TestCheck", "ss", "homepage", "up"));
        g_assert_cmpstr(w.manager->last_text, ==, "test-check homepage up");

        assert_done(manager_call(&w, client, "AddNode", "ss", "10.0.0.1:9901", "sha256:11"));
        assert_error(manager_call(&w, client, "EditNode", "ss", FAKE_OTHER, "10.0.0.2"),
                     BUS_ERROR_INVALID,
                     "host:port");
        w.manager->outcome = CHANGE_NOT_FOUND;
        (void) sd_bus_message_unref(manager_call(&w, client, "EditNode", "ss", FAKE_OTHER, "10.0.0.2:9901"));
        g_assert_cmpint(w.manager->last->kind, ==, CHANGE_EDIT);
        g_assert_cmpstr(w.manager->last->object_kind, ==, "peer");
        g_assert_cmpstr(w.manager->last->target, ==, FAKE_OTHER);
        g_assert_cmpuint(g_strv_length(w.manager->last->fields), ==, 1);
        g_assert_cmpstr(w.manager->last->fields[0], ==, "advertise");
        g_assert_nonnull(strstr(w.manager->last->body, "10.0.0.2:9901"));
        w.manager->outcome = CHANGE_DONE;

        assert_done(manager_call(&w, client, "RemoveNode", "s", FAKE_OTHER));
        g_assert_cmpstr(w.manager->last_text, ==, "remove " FAKE_OTHER);
        assert_done(manager_call(&w, client, "RemoveTrust", "s", FAKE_OTHER));
}

static void test_explain(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *text = NULL;
        sd_bus_message *reply;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        reply = manager_call(&w, client, "ExplainCheck", "s", "homepage");
        text = read_all(reply);
        (void) sd_bus_message_unref(reply);
        g_assert_true(g_str_has_prefix(text, "id c-1 target https://***@example.test/ "));
        g_assert_nonnull(strstr(text, "interval 30s"));
        g_assert_nonnull(strstr(text, "since 5 "));
        g_assert_nonnull(strstr(text, "rounds number 7 "));
        assert_error(manager_call(&w, client, "ExplainCheck", "s", "nobody"), BUS_ERROR_NOT_FOUND, NULL);
        w.manager->initialized = false;
        assert_error(manager_call(&w, client, "ExplainCheck", "s", "homepage"),
                     BUS_ERROR_NOT_INITIALIZED,
                     "quctl init");
}

static void test_init(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *generated = NULL, *given = NULL;
        sd_bus_message *reply;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        w.manager->initialized = false;
        assert_error(manager_call(&w, client, "RemoveCheck", "s", "x"),
                     BUS_ERROR_NOT_INITIALIZED,
                     "quctl init");
        assert_error(manager_call(&w, client, "Init", "a{sv}", 1, "port", "u", 70000),
                     BUS_ERROR_INVALID,
                     "port: wants a number");
        assert_error(manager_call(&w, client, "Init", "a{sv}", 1, "prot", "u", 7),
                     BUS_ERROR_INVALID,
                     "did you mean \"port\"");

        reply = manager_call(&w, client, "Init", "a{sv}", 1, "port", "u", 9902);
        generated = read_all(reply);
        g_assert_nonnull(strstr(generated, "node_id " FAKE_NODE));
        g_assert_nonnull(strstr(generated, "directory /etc/quptime"));
        g_assert_nonnull(strstr(generated, "secret generated"));
        (void) sd_bus_message_unref(reply);

        reply = manager_call(&w, client, "Init", "a{sv}", 1, "secret", "s", "twenty characters at least");
        given = read_all(reply);
        g_assert_null(strstr(given, "secret"));
        (void) sd_bus_message_unref(reply);
}

static void test_errors(void) {
        static const struct {
                ChangeOutcome outcome;
                const char *name;
        } errors[] = {
                { CHANGE_INVALID, BUS_ERROR_INVALID },
                { CHANGE_EXISTS, BUS_ERROR_EXISTS },
                { CHANGE_NOT_FOUND, BUS_ERROR_NOT_FOUND },
                { CHANGE_CONFLICT, BUS_ERROR_CONFLICT },
                { CHANGE_REFUSED, BUS_ERROR_REFUSED },
                { CHANGE_NO_QUORUM, BUS_ERROR_NO_QUORUM },
                { CHANGE_UNKNOWN_OUTCOME, BUS_ERROR_UNKNOWN_OUTCOME },
        };
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        w.manager->text = "100 % a sentence.";
        for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
                w.manager->outcome = errors[i].outcome;
                assert_error(manager_call(&w, client, "RemoveCheck", "s", "x"),
                             errors[i].name,
                             "100 % a sentence.");
        }
}

/* ---- signals ---- */

static void test_object_manager(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *path = bus_object_path(RECORD_CHECK, "c-1"), *objects = NULL;
        Ear added, removed, changed;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        ear_open(&added, client, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded");
        ear_open(&removed, client, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved");
        ear_open(&changed, client, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");

        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        fake_manager_put_check(
                        w.manager, fake_check("c-1", "home page")); /* the same turn: in the first signal */
        WORLD_UNTIL(&w, added.n == 1);
        g_assert_cmpstr(added.path, ==, BUS_PATH);
        objects = call_text(&w, client, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
        g_assert_nonnull(strstr(objects, path));
        g_assert_nonnull(strstr(objects, "home page"));
        g_assert_cmpuint(changed.n, ==, 0);

        fake_manager_remove(w.manager, RECORD_CHECK, "c-1");
        WORLD_UNTIL(&w, removed.n == 1);

        /* come and gone within a turn: nobody need know */
        fake_manager_put_check(w.manager, fake_check("c-2", "brief"));
        fake_manager_remove(w.manager, RECORD_CHECK, "c-2");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");
        g_assert_cmpuint(added.n, ==, 1);
        g_assert_cmpuint(removed.n, ==, 1);
        ear_done(&added);
        ear_done(&removed);
        ear_done(&changed);
}

static void test_properties_changed(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL, *other = NULL;
        g_autofree char *path = bus_object_path(RECORD_CHECK, "c-1"), *text = NULL;
        Ear changed, changed_too;
        _world_ w;

        world_up(&w, BUS_NONE);
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        client = world_client(&w, w.address);
        other = world_client(&w, w.address);
        ear_open(&changed, client, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        ear_open(&changed_too, other, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");
        assert_property(&w, other, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");

        for (unsigned i = 0; i < 100; i++)
                fake_manager_put_check(w.manager, fake_check("c-1", i < 99 ? "x" : "last"));
        WORLD_UNTIL(&w, changed.n > 0 && changed_too.n > 0);
        world_turns(&w, 100);
        g_assert_cmpuint(changed.n, ==, 1);
        g_assert_cmpuint(changed_too.n, ==, 1);
        g_assert_cmpstr(changed.path, ==, path);
        text = read_all(changed.m);
        g_assert_nonnull(strstr(text, "Name last "));
        g_assert_null(strstr(text, "Detail"));
        g_assert_null(strstr(text, "Ok"));

        /* only what is new, and nothing where nothing is */
        g_free(text);
        w.manager->version++;
        w.manager->observer->node_changed(w.manager->observer_userdata);
        w.manager->observer->node_changed(w.manager->observer_userdata);
        WORLD_UNTIL(&w, changed.n == 2);
        world_turns(&w, 100);
        g_assert_cmpuint(changed.n, ==, 2);
        g_assert_cmpstr(changed.path, ==, BUS_PATH);
        text = read_all(changed.m);
        g_assert_true(g_str_has_prefix(text, BUS_INTERFACE_MANAGER " ConfigVersion "));
        g_assert_null(strstr(text, "Term"));
        w.manager->observer->node_changed(w.manager->observer_userdata);
        world_turns(&w, 100);
        g_assert_cmpuint(changed.n, ==, 2);
        ear_done(&changed);
        ear_done(&changed_too);
}

static void test_effective_alerts_changed(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        g_autofree char *path = bus_object_path(RECORD_CHECK, "c-1"), *text = NULL;
        Alert *alert;
        Ear changed;
        _world_ w;

        world_up(&w, BUS_NONE);
        fake_manager_put_alert(w.manager, fake_alert("a-1", "pager"));
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        client = world_client(&w, w.address);
        ear_open(&changed, client, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        assert_property(&w, client, path, BUS_INTERFACE_CHECK, "Alerts", "[]");

        alert = fake_alert("a-1", "pager");
        alert->is_default = true;
        fake_manager_put_alert(w.manager, alert);
        WORLD_UNTIL(&w, changed.n == 2);
        g_assert_cmpstr(changed.path, ==, path);
        text = read_all(changed.m);
        g_assert_cmpstr(text, ==, BUS_INTERFACE_CHECK " Alerts pager 1 ");

        /* a new password concerns no check */
        alert = fake_alert("a-1", "pager");
        alert->is_default = true;
        g_free(alert->smtp_password);
        alert->smtp_password = g_strdup("other");
        fake_manager_put_alert(w.manager, alert);
        WORLD_UNTIL(&w, changed.n == 3);
        world_turns(&w, 100);
        g_assert_cmpuint(changed.n, ==, 3);

        fake_manager_remove(w.manager, RECORD_ALERT, "a-1");
        WORLD_UNTIL(&w, changed.n == 4);
        g_assert_cmpstr(changed.path, ==, path);
        assert_property(&w, client, path, BUS_INTERFACE_CHECK, "Alerts", "[]");
        ear_done(&changed);
}

static void test_events(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        _cleanup_(notice_freep) Notice *notice = fake_notice("n-1", DELIVERY_REFUSED);
        g_autofree char *first = NULL, *second = NULL;
        Transition transition = {
                .from = CHECK_UP, .to = CHECK_DOWN, .when = 99, .detail = (char *) "timeout"
        };
        Ear transitions, deliveries;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        ear_open(&transitions, client, BUS_INTERFACE_MANAGER, "CheckTransition");
        ear_open(&deliveries, client, BUS_INTERFACE_MANAGER, "Delivery");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");

        transition.check = fake_check("c-1", "homepage");
        w.manager->observer->transition(w.manager->observer_userdata, &transition);
        notice->transition = transition_copy(&transition);
        w.manager->observer->delivery(
                        w.manager->observer_userdata, notice, g_ptr_array_index(notice->recipients, 0));
        transition.check = check_free(transition.check);
        WORLD_UNTIL(&w, transitions.n == 1 && deliveries.n == 1);
        first = read_all(transitions.m);
        g_assert_cmpstr(first, ==, "c-1 homepage up down 99 timeout ");
        second = read_all(deliveries.m);
        g_assert_cmpstr(second, ==, "n-1 pager homepage DOWN ops@example.test refused  ");
        ear_done(&transitions);
        ear_done(&deliveries);
}

/* a change is announced before its caller hears that it is done */
static void test_announced_first(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        Ear added;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        ear_open(&added, client, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");
        assert_done(manager_call(
                        &w, client, "AddCheck", "a{sv}", 2, "name", "s", "homepage", "type", "s", "icmp"));
        g_assert_cmpuint(added.n, ==, 1);
        ear_done(&added);
}

/* ---- many ---- */

/* of this process, client and server; a busy machine does not disturb it */
static gint64 cpu_usec(void) {
        return (gint64) clock() * G_USEC_PER_SEC / CLOCKS_PER_SEC;
}

static void test_many(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        unsigned n = 0, total = 0;
        Ear added, changed;
        gint64 longest = 0;
        _world_ w;

        world_up(&w, BUS_NONE);
        fake_manager_fill(w.manager, 10000);
        client = world_client(&w, w.address);
        ear_open(&added, client, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded");
        ear_open(&changed, client, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        do {
                gint64 start = cpu_usec();
                sd_bus_message *reply = manager_call(&w, client, "ListChecks", "uu", n, 0);

                longest = MAX(longest, cpu_usec() - start);
                g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "a{sv}"), >, 0);
                while (!sd_bus_message_at_end(reply, false)) {
                        g_assert_cmpint(sd_bus_message_skip(reply, "a{sv}"), >, 0);
                        n++;
                }
                g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
                g_assert_cmpint(sd_bus_message_read(reply, "u", &total), >, 0);
                (void) sd_bus_message_unref(reply);
        } while (n < total);
        g_assert_cmpuint(n, ==, 10000);
        for (unsigned i = 0; i < 3; i++) {
                gint64 start = cpu_usec();

                assert_done(i == 0 ? world_call(&w,
                                                client,
                                                BUS_PATH,
                                                "org.freedesktop.DBus.ObjectManager",
                                                "GetManagedObjects",
                                                NULL)
                                   : world_call(&w,
                                                client,
                                                BUS_PATH_CHECK,
                                                "org.freedesktop.DBus.Introspectable",
                                                "Introspect",
                                                NULL));
                g_test_message("%s, asked and read, CPU: %" G_GINT64_FORMAT " us",
                               i == 0 ? "GetManagedObjects" : "Introspect",
                               cpu_usec() - start);
        }
        g_test_message("longest page of ListChecks, asked and read, CPU: %" G_GINT64_FORMAT " us", longest);

        /* each of them changes: everyone hears of each once, and nobody who reads is closed */
        for (unsigned i = 0; i < 10000; i++) {
                g_autofree char *id = g_strdup_printf("check-%05u", i);

                w.manager->observer->object_changed(w.manager->observer_userdata, RECORD_CHECK, id);
                w.manager->observer->object_changed(w.manager->observer_userdata, RECORD_CHECK, id);
        }
        WORLD_UNTIL(&w, changed.n == 10000);
        world_turns(&w, 100);
        g_assert_cmpuint(changed.n, ==, 10000);
        ear_done(&added);
        ear_done(&changed);
}

/* A default alert concerns every check: they are told of in portions, others are answered meanwhile, each
 * check is told of once, and of one that was removed nothing is told. */
static void test_many_alerts_changed(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL, *other = NULL;
        g_autofree char *gone = bus_object_path(RECORD_CHECK, "check-04999");
        Ear changed, removed;
        Alert *alert;
        _world_ w;

        world_up(&w, BUS_NONE);
        fake_manager_fill(w.manager, 5000);
        client = world_client(&w, w.address);
        other = world_client(&w, w.address);
        ear_open(&changed, client, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        ear_open(&removed, client, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved");
        assert_property(&w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term", " 3");

        alert = fake_alert("pager", "other-name");
        alert->is_default = true;
        fake_manager_put_alert(w.manager, alert);
        assert_done(world_call(&w, other, BUS_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL));
        g_assert_cmpuint(changed.n, <, 2500);

        fake_manager_remove(w.manager, RECORD_CHECK, "check-04999");
        /* one that changes itself meanwhile is told of once, with all */
        w.manager->observer->object_changed(w.manager->observer_userdata, RECORD_CHECK, "check-04998");
        WORLD_UNTIL(&w, removed.n == 1);
        g_assert_cmpstr(removed.path, ==, BUS_PATH);
        WORLD_UNTIL(&w, changed.n >= 5000);
        world_turns(&w, 1000);
        g_assert_cmpuint(changed.n, ==, 5000); /* the alert and 4999 checks */
        g_assert_cmpstr(changed.path, !=, gone);
        ear_done(&changed);
        ear_done(&removed);
}

/* ---- log control ---- */

static void test_log_control(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
#define SET(property, value)                                                                                \
        world_call(&w,                                                                                      \
                   client,                                                                                  \
                   BUS_PATH_LOG_CONTROL,                                                                    \
                   "org.freedesktop.DBus.Properties",                                                       \
                   "Set",                                                                                   \
                   "ssv",                                                                                   \
                   BUS_INTERFACE_LOG_CONTROL,                                                               \
                   property,                                                                                \
                   "s",                                                                                     \
                   value)
        assert_done(SET("LogLevel", "debug"));
        assert_property(&w, client, BUS_PATH_LOG_CONTROL, BUS_INTERFACE_LOG_CONTROL, "LogLevel", "'debug'");
        assert_done(SET("LogLevel", "info"));
        assert_error(SET("LogLevel", "loud"), SD_BUS_ERROR_INVALID_ARGS, "is no log level");
        assert_error(SET("SyslogIdentifier", "x"), SD_BUS_ERROR_PROPERTY_READ_ONLY, NULL);
        assert_property(&w,
                        client,
                        BUS_PATH_LOG_CONTROL,
                        BUS_INTERFACE_LOG_CONTROL,
                        "SyslogIdentifier",
                        "'quptimed'");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus/objects/properties", test_properties);
        g_test_add_func("/bus/objects/no-such-object", test_no_such_object);
        g_test_add_func("/bus/objects/lists", test_lists);
        g_test_add_func("/bus/objects/owed", test_owed);
        g_test_add_func("/bus/objects/secrets", test_secrets);
        g_test_add_func("/bus/objects/add", test_add);
        g_test_add_func("/bus/objects/add-refused", test_add_refused);
        g_test_add_func("/bus/objects/edit", test_edit);
        g_test_add_func("/bus/objects/remove", test_remove);
        g_test_add_func("/bus/objects/verbs", test_verbs);
        g_test_add_func("/bus/objects/explain", test_explain);
        g_test_add_func("/bus/objects/init", test_init);
        g_test_add_func("/bus/objects/errors", test_errors);
        g_test_add_func("/bus/objects/object-manager", test_object_manager);
        g_test_add_func("/bus/objects/properties-changed", test_properties_changed);
        g_test_add_func("/bus/objects/effective-alerts-changed", test_effective_alerts_changed);
        g_test_add_func("/bus/objects/events", test_events);
        g_test_add_func("/bus/objects/announced-first", test_announced_first);
        g_test_add_func("/bus/objects/many", test_many);
        g_test_add_func("/bus/objects/many-alerts-changed", test_many_alerts_changed);
        g_test_add_func("/bus/objects/log-control", test_log_control);
        return g_test_run();
}
