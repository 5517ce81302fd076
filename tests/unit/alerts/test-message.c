/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include <json-glib/json-glib.h>

#include "alerts/message.h"
#include "alerts/templates.h"
#include "base/limits.h"

static Value *value;
static unsigned flags;

static void start(void) {
        value = fixture_value(3, 1, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x.example", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 3);
}

static void finish(void) {
        value = value_unref(value);
}

/* The check as `kind`, then DOWN. */
static void go_down(CheckKind kind, const char *name, const char *target, const char *detail) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        Check *check = check_copy(value_object(value, RECORD_CHECK, CHECK));

        g_free(check->name);
        g_free(check->target);
        check->type = kind;
        check->name = g_strdup(name);
        check->target = g_strdup(target);
        if (kind == CHECK_HTTP) {
                check->expect_status = 204;
                check->body_match = g_strdup("all is well");
        }
        fixture_put(&value, RECORD_CHECK, check);
        transition = fixture_transition(value, CHECK, CHECK_DOWN, WALL);
        g_free(transition->detail);
        transition->detail = g_strdup(detail);
        fixture_apply(&value, alerts_on_transition(value, transition));
}

static Message *render(const char *alert_id, NoticeEvent event) {
        Message *message = NULL;

        g_assert_cmpint(message_render(value, fixture_find(value, alert_id, event), &message, &flags, NULL),
                        ==,
                        0);
        return message;
}

static void test_http(void) {
        _cleanup_(message_freep) Message *message = NULL;

        start();
        go_down(CHECK_HTTP,
                "homepage",
                "https://joe:secret@example.com/x",
                "status 503 Service Unavailable");
        message = render("ops", NOTICE_DOWN);
        g_assert_cmpstr(message->subject, ==, "[quptime] HTTP DOWN — homepage (https://***@example.com/x)");
        g_assert_cmpstr(message->body,
                        ==,
                        "HTTP endpoint \"homepage\" is now down.\n"
                        "\n"
                        "URL:        https://***@example.com/x\n"
                        "Expected:   HTTP 204\n"
                        "Body match: \"all is well\"\n"
                        "Detail:     status 503 Service Unavailable\n"
                        "Previous:   up\n"
                        "Reporters:  1/3 OK, 2 failing\n"
                        "Master:     node-0\n"
                        "When:       2026-05-12T15:01:32Z\n");
        g_assert_cmpuint(message->date, ==, WALL);
        g_assert_null(message->content);
        g_assert_cmpuint(flags, ==, 0);
        finish();
}

static void test_tcp_and_icmp(void) {
        _cleanup_(message_freep) Message *tcp = NULL, *icmp = NULL;

        start();
        go_down(CHECK_TCP, "db", "db.example:5432", "connection refused");
        tcp = render("ops", NOTICE_DOWN);
        g_assert_cmpstr(tcp->subject, ==, "[quptime] TCP DOWN — db (db.example:5432)");
        g_assert_true(g_str_has_prefix(
                        tcp->body,
                        "TCP service \"db\" is now down.\n\nEndpoint:   db.example:5432\nDetail: "));
        finish();

        start();
        go_down(CHECK_ICMP, "gateway", "192.0.2.1", "");
        icmp = render("ops", NOTICE_DOWN);
        g_assert_cmpstr(icmp->subject, ==, "[quptime] Ping DOWN — gateway (192.0.2.1)");
        g_assert_true(g_str_has_prefix(
                        icmp->body,
                        "Host \"gateway\" is now down.\n\nHost:       192.0.2.1\nPrevious:   up\n"));
        finish();
}

static void test_recovered_and_up(void) {
        _cleanup_(message_freep) Message *recovered = NULL, *up = NULL;
        _cleanup_(transition_freep) Transition *transition = NULL;

        start();
        go_down(CHECK_TCP, "db", "db.example:5432", "x");
        transition = fixture_transition(value, CHECK, CHECK_UP, WALL + SEC);
        transition->abstained = 1;
        transition->ok = 2;
        fixture_apply(&value, alerts_on_transition(value, transition));
        recovered = render("ops", NOTICE_RECOVERED);
        g_assert_cmpstr(recovered->subject, ==, "[quptime] TCP RECOVERED — db (db.example:5432)");
        g_assert_true(g_str_has_prefix(recovered->body, "TCP service \"db\" has recovered.\n"));
        g_assert_nonnull(strstr(recovered->body, "Previous:   down\n"));
        g_assert_nonnull(strstr(recovered->body, "2/3 OK, 0 failing, 1 abstaining\n"));
        g_assert_null(strstr(recovered->body, "Detail"));
        finish();

        value = fixture_value(3, 1, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x.example", true));
        fixture_flip(&value, CHECK_UP, WALL);
        up = render("ops", NOTICE_UP);
        g_assert_cmpstr(up->subject, ==, "[quptime] TCP UP — name-0 (192.0.2.1:80)");
        g_assert_nonnull(strstr(up->body, "\"name-0\" is now up.\n"));
        finish();
}

static void test_unwatched_and_collapsed(void) {
        _cleanup_(message_freep) Message *message = NULL;
        _cleanup_(notice_freep) Notice *notice = NULL;
        Message *webhook = NULL;

        start();
        go_down(CHECK_TCP, "db", "db.example:5432", "x");
        notice = notice_copy(fixture_find(value, "ops", NOTICE_DOWN));
        notice->event = NOTICE_UNWATCHED;
        notice->collapsed = 4;
        g_assert_cmpint(message_render(value, notice, &message, &flags, NULL), ==, 0);
        g_assert_nonnull(strstr(message->subject, " UNWATCHED "));
        g_assert_nonnull(strstr(
                        message->body, "is no longer watched.\nThe check was removed while it was down"));
        g_assert_nonnull(strstr(message->body, "\n4 earlier messages about this check"));

        g_free(notice->alert_id);
        notice->alert_id = g_strdup("oncall");
        g_assert_cmpint(message_render(value, notice, &webhook, &flags, NULL), ==, 0);
        g_assert_nonnull(strstr(webhook->body, "4 earlier messages about this check"));
        (void) message_free(webhook);
        finish();
}

static void test_the_same_bytes_at_every_try(void) {
        _cleanup_(message_freep) Message *first = NULL, *again = NULL, *other = NULL;

        start();
        go_down(CHECK_HTTP, "homepage", "https://example.com/", "timeout");
        first = render("ops", NOTICE_DOWN);
        other = render("oncall", NOTICE_DOWN);
        /* attempts and other changes of the value leave no trace */
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x.example,z@x.example", false));
        (void) fixture_outcome(
                        &value,
                        fixture_find(value, "ops", NOTICE_DOWN),
                        "a@x.example",
                        ATTEMPT_RETRY,
                        WALL + SEC);
        again = render("ops", NOTICE_DOWN);
        g_assert_true(message_equal(first, again));
        g_assert_cmpstr(first->message_id, !=, other->message_id);
        finish();
}

static void test_the_message_id(void) {
        _cleanup_(message_freep) Message *message = NULL, *nowhere = NULL;

        start();
        go_down(CHECK_TCP, "db", "db.example:5432", "x");
        message = render("ops", NOTICE_DOWN);
        g_assert_true(g_str_has_suffix(message->message_id, ".quptime@" FIXTURE_CLUSTER_ID));
        g_assert_cmpint(strspn(message->message_id, "0123456789abcdef"), ==, 32);
        g_assert_cmpstr(message->notice_id, ==, fixture_find(value, "ops", NOTICE_DOWN)->id);
        fixture_put(&value, RECORD_META, cluster_meta_new());
        nowhere = render("ops", NOTICE_DOWN);
        g_assert_true(g_str_has_suffix(nowhere->message_id, ".quptime@invalid"));
        finish();
}

static void test_nothing_breaks_out_of_a_line(void) {
        _cleanup_(message_freep) Message *message = NULL;

        start();
        go_down(CHECK_TCP, "evil\r\nBcc: x@y", "a:1\nb", "words\r\nWhen: never\x1b[31m");
        message = render("ops", NOTICE_DOWN);
        g_assert_cmpstr(message->subject, ==, "[quptime] TCP DOWN — evil  Bcc: x@y (a:1 b)");
        g_assert_nonnull(strstr(message->body, "Detail:     words  When: never [31m\n"));
        g_assert_null(strchr(message->body, '\r'));
        message = message_free(message);
        finish();

        start(); /* NEL, LINE SEPARATOR, RIGHT-TO-LEFT OVERRIDE, CSI */
        go_down(CHECK_TCP,
                "a\xc2\x85"
                "b\u2028c",
                "d\u202ee:1",
                "\xc2\x9b"
                "2J");
        message = render("ops", NOTICE_DOWN);
        g_assert_cmpstr(message->subject, ==, "[quptime] TCP DOWN — a  b   c (d   e:1)");
        g_assert_nonnull(strstr(message->body, "Detail:       2J\n"));
        finish();
}

static void test_a_long_target_is_cut_in_the_subject(void) {
        _cleanup_(message_freep) Message *message = NULL;
        g_autofree char *path = g_strnfill(1900, 'p');
        g_autofree char *target = g_strconcat("https://example.com/", path, NULL);

        start();
        go_down(CHECK_HTTP, "long", target, "x");
        message = render("ops", NOTICE_DOWN);
        g_assert_cmpint(g_utf8_strlen(message->subject, -1), <, 250);
        g_assert_true(g_str_has_suffix(message->subject, "ppp…)"));
        g_assert_nonnull(strstr(message->body, target));
        finish();
}

/* Discord */

static JsonObject *parse(const Message *message, JsonNode **ret_root) {
        *ret_root = json_from_string(message->content, NULL);
        g_assert_nonnull(*ret_root);
        return json_node_get_object(*ret_root);
}

static void test_discord(void) {
        _cleanup_(message_freep) Message *message = NULL;
        g_autoptr(JsonNode) root = NULL;
        g_autofree char *expected = NULL;
        JsonObject *object, *mentions;

        start();
        go_down(CHECK_HTTP, "homepage", "https://joe:secret@example.com/", "status 503 Service Unavailable");
        message = render("oncall", NOTICE_DOWN);
        object = parse(message, &root);
        expected =
                        g_strdup_printf("\U0001f534 **homepage** is now down\n"
                                        "HTTP: `https://***@example.com/`\n"
                                        "Detail: `status 503 Service Unavailable`\n"
                                        "Previous: up\n"
                                        "Reporters: 1/3 OK, 2 failing\n"
                                        "Master: `node-0`\n"
                                        "When: 2026-05-12T15:01:32Z\n"
                                        "-# notice %s",
                                        fixture_find(value, "oncall", NOTICE_DOWN)->id);
        g_assert_cmpstr(json_object_get_string_member(object, "content"), ==, expected);
        mentions = json_object_get_object_member(object, "allowed_mentions");
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(mentions, "parse")), ==, 0);
        g_assert_cmpuint(strlen(json_object_get_string_member(object, "nonce")), ==, 25);
        g_assert_true(json_object_get_boolean_member(object, "enforce_nonce"));
        g_assert_null(strstr(message->content, "secret"));
        finish();
}

static void test_discord_neutralises_data(void) {
        _cleanup_(message_freep) Message *message = NULL;

        start();
        go_down(CHECK_HTTP,
                "**x** @everyone <@1> `c` [a](b) \\",
                "https://example.com/`@here`",
                "`@everyone` <@&5> ```\nfence");
        message = render("oncall", NOTICE_DOWN);
        g_assert_nonnull(strstr(
                        message->body,
                        "**\\*\\*x\\*\\* @\u200beveryone \\<@\u200b1\\> \\`c\\` \\[a\\]\\(b\\) \\\\**"));
        g_assert_nonnull(strstr(message->body, "`https://example.com/'@here'`\n"));
        g_assert_nonnull(strstr(message->body, "Detail: `'@everyone' <@&5> ''' fence`\n"));
        finish();
}

static void test_discord_is_cut_on_a_code_point(void) {
        _cleanup_(message_freep) Message *message = NULL;
        g_autoptr(JsonNode) root = NULL;
        g_autoptr(GString) detail = g_string_new(NULL);
        const char *content;
        Notice *notice;

        while (detail->len < 3000)
                g_string_append(detail, "\U0001f600");
        start();
        go_down(CHECK_TCP, "db", "db.example:5432", "x");
        /* more than any limit lets in, to see the last one hold */
        notice = notice_copy(fixture_find(value, "oncall", NOTICE_DOWN));
        g_free(notice->transition->node_id);
        g_free(notice->transition->detail);
        notice->transition->node_id = g_strnfill(1800, 'n');
        notice->transition->detail = g_strdup(detail->str);
        g_assert_cmpint(message_render(value, notice, &message, &flags, NULL), ==, 0);
        content = json_object_get_string_member(parse(message, &root), "content");
        g_assert_cmpint(g_utf8_strlen(content, -1), ==, DISCORD_MAX_CHARS);
        g_assert_true(g_utf8_validate(content, -1, NULL));
        g_assert_true(g_str_has_suffix(content, notice->id)); /* what tells a repeat is never cut */
        (void) notice_free(notice);
        finish();
}

/* tests and templates */

static void test_the_test_message(void) {
        _cleanup_(notice_freep) Notice *mail = NULL, *webhook = NULL;
        _cleanup_(message_freep) Message *message = NULL, *posted = NULL;

        start();
        mail = alerts_test_notice(value, value_alert(value, "ops"), "uuid-1", "node-1", 3, WALL);
        g_assert_cmpint(message_render(value, mail, &message, &flags, NULL), ==, 0);
        g_assert_cmpstr(message->subject, ==, "[quptime] test: HTTP DOWN — homepage (https://example.com/)");
        g_assert_true(g_str_has_prefix(
                        message->body, "This is a test of the alert \"ops-name\", sent by node node-1"));
        g_assert_nonnull(strstr(message->body, "HTTP endpoint \"homepage\" is now down.\n"));
        g_assert_nonnull(strstr(message->body, "\"ops-name\""));
        g_assert_nonnull(strstr(message->body, "node-1"));
        webhook = alerts_test_notice(value, value_alert(value, "oncall"), "uuid-2", "node-1", 3, WALL);
        g_assert_cmpint(message_render(value, webhook, &posted, &flags, NULL), ==, 0);
        g_assert_nonnull(strstr(posted->content, "This is a test of the alert"));
        g_assert_cmpstr(message->message_id, !=, posted->message_id);
        finish();
}

/* The alert with templates of its own, and a DOWN rendered with it. */
static Message *go_down_with(Alert *alert, const char *subject, const char *body, GPtrArray *faults) {
        g_autofree char *id = g_strdup(alert->id);
        Message *message = NULL;

        start();
        alert->subject_template = g_strdup(subject);
        alert->body_template = g_strdup(body);
        fixture_put(&value, RECORD_ALERT, alert);
        go_down(CHECK_TCP, "db", "db.example:5432", "x @here <@1>");
        g_assert_cmpint(message_render(value,
                                       fixture_find(value, id, NOTICE_DOWN),
                                       &message,
                                       &flags,
                                       faults),
                        ==,
                        0);
        finish();
        return message;
}

static void test_own_templates(void) {
        _cleanup_(message_freep) Message *message = NULL;

        message = go_down_with(
                        fixture_smtp("ops", "a@x.example", true),
                        "[{{.Verb}}] {{.Check.Name}}\r\n{{.From}}\n{{.To}}\n\n",
                        "{{.Snapshot.OKCount}}+{{.Snapshot.NotOK}}={{.Snapshot.Reports}} {{.NodeID}} "
                        "{{.When}}\n"
                        "{{.Check.Interval}} {{.Check.Timeout}} {{.Check.Type}} {{.VerbLower}}\n",
                        NULL);
        g_assert_cmpuint(flags, ==, 0);
        g_assert_cmpstr(message->subject, ==, "[DOWN] db up down");
        g_assert_cmpstr(message->body, ==, "1+2=3 node-0 2026-05-12T15:01:32Z\n30s 10s tcp down\n");
}

static void test_a_subject_is_one_clean_line(void) {
        _cleanup_(message_freep) Message *message = NULL;

        message =
                        go_down_with(fixture_smtp("ops", "a@x.example", true),
                                     "a\x1b\n\nBcc: b{{\"\\xff\\r\"}}",
                                     "{{\"\\x00\\xff\"}}",
                                     NULL);
        g_assert_cmpstr(message->subject, ==, "a   Bcc: b\ufffd");
        g_assert_cmpstr(message->body, ==, "\ufffd\ufffd");
}

static void test_one_field_falls_back(void) {
        g_autoptr(GPtrArray) faults = complaint_list_new();
        _cleanup_(message_freep) Message *message = NULL;
        const Complaint *fault;

        message =
                        go_down_with(fixture_smtp("ops", "a@x.example", true),
                                     "{{.Verb}}!",
                                     "\n  {{.Check.Nope}}",
                                     faults);
        g_assert_cmpuint(flags, ==, MESSAGE_BODY_FELL_BACK);
        g_assert_cmpstr(message->subject, ==, "DOWN!");
        g_assert_true(g_str_has_prefix(message->body, "TCP service \"db\" is now down.\n"));
        g_assert_cmpuint(faults->len, ==, 1);
        fault = g_ptr_array_index(faults, 0);
        g_assert_cmpstr(fault->field, ==, "body_template");
        g_assert_cmpuint(fault->line, ==, 2);
        g_assert_cmpuint(fault->column, ==, 5);
        g_assert_cmpstr(fault->text,
                        ==,
                        "can't evaluate field Nope in type *config.Check\n"
                        "      {{.Check.Nope}}\n"
                        "        ^~~~~~~~~~~");
}

static void test_templates_that_do_not_end(void) {
        _cleanup_(message_freep) Message *message = NULL;

        message =
                        go_down_with(fixture_smtp("ops", "a@x.example", true),
                                     "{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}",
                                     "{{range 1000000}}0123456789{{end}}",
                                     NULL);
        g_assert_cmpuint(flags, ==, MESSAGE_SUBJECT_FELL_BACK | MESSAGE_BODY_FELL_BACK);
        g_assert_true(g_str_has_prefix(message->subject, "[quptime] TCP DOWN"));
}

static void assert_mentions(const Message *message, const char *content, const char *mentions) {
        g_autoptr(JsonNode) root = NULL;
        JsonObject *object = parse(message, &root);
        g_autofree char *allowed = json_to_string(json_object_get_member(object, "allowed_mentions"), FALSE);

        g_assert_cmpstr(json_object_get_string_member(object, "content"), ==, content);
        g_assert_cmpstr(allowed, ==, mentions);
}

static void test_discord_as_written(void) {
        _cleanup_(message_freep) Message *plain = NULL, *literal = NULL, *other = NULL, *empty = NULL;

        plain =
                        go_down_with(fixture_discord("oncall", true),
                                     "{{nope}}",
                                     "**{{.Check.Name}}** {{.Snapshot.Detail}}\n",
                                     NULL);
        g_assert_cmpuint(flags, ==, 0); /* a webhook has no subject */
        assert_mentions(plain, "**db** x @here <@1>\n", "{\"parse\":[]}");

        literal = go_down_with(
                        fixture_discord("oncall", true),
                        NULL,
                        "@everyone <@!12><@&34>{{if eq .Verb \"UP\"}}<@56>{{end}} {{.Snapshot.Detail}}",
                        NULL);
        assert_mentions(literal,
                        "@everyone <@!12><@&34> x @\u200bhere <@\u200b1>",
                        "{\"parse\":[\"everyone\"],\"users\":[\"12\"],\"roles\":[\"34\"]}");

        other =
                        go_down_with(fixture_discord("oncall", true),
                                     NULL,
                                     "<@7> <@{{.Snapshot.Reports}}> @{{\"everyone\"}} {{.Snapshot.Detail}}",
                                     NULL);
        assert_mentions(other,
                        "<@7> <@3> @everyone x @\u200bhere <@\u200b1>",
                        "{\"parse\":[],\"users\":[\"7\"]}");

        empty = go_down_with(fixture_discord("oncall", true), NULL, "{{if false}}x{{end}} \n", NULL);
        g_assert_cmpuint(flags, ==, MESSAGE_BODY_FELL_BACK);
        g_assert_nonnull(strstr(empty->body, "**db** is now down"));
}

static void test_a_test_uses_the_templates(void) {
        _cleanup_(notice_freep) Notice *test = NULL;
        _cleanup_(message_freep) Message *message = NULL;
        Alert *alert = fixture_smtp("ops", "a@x.example", true);

        start();
        alert->subject_template = g_strdup("{{.Check.Name}} going {{.Verb}}");
        alert->body_template = g_strdup("{{.Nope}}");
        fixture_put(&value, RECORD_ALERT, alert);
        test = alerts_test_notice(value, value_alert(value, "ops"), "uuid", "node-1", 3, WALL);
        g_assert_cmpint(message_render(value, test, &message, &flags, NULL), ==, 0);
        g_assert_cmpuint(flags, ==, MESSAGE_BODY_FELL_BACK);
        g_assert_cmpstr(message->subject, ==, "homepage going DOWN");
        g_assert_true(g_str_has_prefix(message->body, "This is a test of the alert"));
        finish();
}

/* An edit of the alert does not reach back to what it owes. */
static void test_the_template_of_the_transition(void) {
        _cleanup_(message_freep) Message *message = NULL;
        Alert *alert = fixture_smtp("ops", "a@x.example", true);

        start();
        alert->subject_template = g_strdup("before {{.Verb}}");
        fixture_put(&value, RECORD_ALERT, alert);
        go_down(CHECK_TCP, "db", "db.example:5432", "x");
        alert = fixture_smtp("ops", "a@x.example", true);
        alert->subject_template = g_strdup("after");
        fixture_put(&value, RECORD_ALERT, alert);
        message = render("ops", NOTICE_DOWN);
        g_assert_cmpstr(message->subject, ==, "before DOWN");
        finish();
}

/* ---- refused when added ---- */

static int check_alert(const char *body, const Alert *before, char **ret_text) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(alert_freep) Alert *alert = fixture_smtp("ops", "a@x.example", true);
        int r;

        alert->body_template = g_strdup(body);
        r = alert_templates_validate(alert, before, &complaint);
        g_free(*ret_text);
        *ret_text = complaint ? complaint_to_string(complaint, NULL) : NULL;
        return r;
}

static void test_refused_with_its_place(void) {
        _cleanup_(alert_freep) Alert *before = fixture_smtp("ops", "a@x.example", true);
        g_autofree char *text = NULL;

        g_assert_cmpint(check_alert("a\nbc {{if eq .Verb \"DOWN\"-}}x{{end}}", NULL, &text), ==, 0);
        g_assert_cmpint(check_alert("a\nbc {{upper .Verb}}", NULL, &text), ==, -EINVAL);
        g_assert_cmpstr(text,
                        ==,
                        "line 2:6: body_template: function \"upper\" not defined\n"
                        "    bc {{upper .Verb}}\n"
                        "         ^~~~~");

        /* what was adopted as it was may stay while something else is changed */
        before->body_template = g_strdup("{{end}}");
        g_assert_cmpint(check_alert("{{end}}", before, &text), ==, 0);
        g_assert_cmpint(check_alert("{{end}} ", before, &text), ==, -EINVAL);
        g_assert_cmpint(check_alert("", before, &text), ==, 0);
}

static void test_adopted_with_a_warning(void) {
        _cleanup_(document_freep) Document *document = document_new();
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        Alert *alert = fixture_smtp("ops", "a@x.example", true);
        const Complaint *warning;

        alert->subject_template = g_strdup("{{if}}");
        document->alerts = object_list_new(&alert_type);
        g_ptr_array_add(document->alerts, fixture_smtp("other", "a@x.example", true));
        g_ptr_array_add(document->alerts, alert);
        document_templates_warn(document, warnings);
        g_assert_cmpuint(warnings->len, ==, 1);
        warning = g_ptr_array_index(warnings, 0);
        g_assert_cmpstr(warning->field, ==, "alerts[1].subject_template");
        g_assert_nonnull(strstr(warning->text, "line 1, column 5: missing value for if; it is kept"));

        g_assert_cmpint(document_templates_validate(document, NULL, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->field, ==, "alerts[1].subject_template");
        g_assert_cmpint(document_templates_validate(document, document, NULL), ==, 0);
        for (guint i = 0; i < document->alerts->len; i++)
                (void) alert_free(g_ptr_array_index(document->alerts, i));
        g_ptr_array_unref(document->alerts);
        document->alerts = NULL;
}

static void test_no_alert_no_message(void) {
        Message *message = NULL;

        start();
        go_down(CHECK_TCP, "db", "db.example:5432", "x");
        fixture_delete(&value, RECORD_ALERT, "ops");
        g_assert_cmpint(message_render(value,
                                       fixture_find(value, "ops", NOTICE_DOWN),
                                       &message,
                                       &flags,
                                       NULL),
                        ==,
                        -ENOENT);
        g_assert_null(message);
        finish();
}

static void test_of_a_real_check(void) {
        static const NoticeEvent events[] = { NOTICE_DOWN, NOTICE_RECOVERED, NOTICE_UP };
        static const char *const verbs[] = { "DOWN", "RECOVERED", "UP" };

        start();
        for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
                const Check *check = value_object(value, RECORD_CHECK, CHECK);
                _cleanup_(notice_freep) Notice *notice = alerts_check_test_notice(
                                value,
                                value_alert(value, "ops"),
                                check,
                                events[i],
                                "uuid-1",
                                "node-1",
                                3,
                                WALL);
                _cleanup_(message_freep) Message *message = NULL;

                g_assert_cmpstr(notice->id, ==, "uuid-1");
                g_assert_cmpint(message_render(value, notice, &message, &flags, NULL), ==, 0);
                g_assert_true(g_str_has_prefix(message->subject, "[quptime] test: "));
                g_assert_true(g_str_has_prefix(message->body, "This is a test of the alert"));
                g_assert_nonnull(strstr(message->subject, verbs[i]));
                g_assert_nonnull(strstr(message->subject, check->name));
                g_assert_nonnull(strstr(message->body, "[test] "));
                g_assert_cmpuint(notice->transition->total, ==, 3);
                g_assert_cmpuint(notice->transition->ok, ==, events[i] == NOTICE_DOWN ? 0 : 3);
        }
        finish();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/alerts/message/http", test_http);
        g_test_add_func("/alerts/message/tcp-and-icmp", test_tcp_and_icmp);
        g_test_add_func("/alerts/message/recovered-and-up", test_recovered_and_up);
        g_test_add_func("/alerts/message/unwatched-and-collapsed", test_unwatched_and_collapsed);
        g_test_add_func("/alerts/message/same-bytes", test_the_same_bytes_at_every_try);
        g_test_add_func("/alerts/message/message-id", test_the_message_id);
        g_test_add_func("/alerts/message/one-line", test_nothing_breaks_out_of_a_line);
        g_test_add_func("/alerts/message/long-target", test_a_long_target_is_cut_in_the_subject);
        g_test_add_func("/alerts/message/discord", test_discord);
        g_test_add_func("/alerts/message/discord-neutralises", test_discord_neutralises_data);
        g_test_add_func("/alerts/message/discord-is-cut", test_discord_is_cut_on_a_code_point);
        g_test_add_func("/alerts/message/test", test_the_test_message);
        g_test_add_func("/alerts/message/templates", test_own_templates);
        g_test_add_func("/alerts/message/clean-subject", test_a_subject_is_one_clean_line);
        g_test_add_func("/alerts/message/templates-fall-back", test_one_field_falls_back);
        g_test_add_func("/alerts/message/endless-templates", test_templates_that_do_not_end);
        g_test_add_func("/alerts/message/discord-as-written", test_discord_as_written);
        g_test_add_func("/alerts/message/test-templates", test_a_test_uses_the_templates);
        g_test_add_func("/alerts/message/templates-of-then", test_the_template_of_the_transition);
        g_test_add_func("/alerts/message/templates-refused", test_refused_with_its_place);
        g_test_add_func("/alerts/message/templates-adopted", test_adopted_with_a_warning);
        g_test_add_func("/alerts/message/no-alert", test_no_alert_no_message);
        g_test_add_func("/message/test/real-check", test_of_a_real_check);
        return g_test_run();
}
