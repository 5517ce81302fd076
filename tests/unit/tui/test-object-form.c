/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/object-form.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/alert.h"
#include "model/check.h"
#include "model/credential.h"
#include "tui/forms-alert.h"
#include "tui/forms-check.h"

/* ---- rows as the daemon lists them ---- */

static CheckRow *check_row(void) {
        CheckRow *row = check_row_new();

        row->id = g_strdup("c-1");
        row->name = g_strdup("home");
        row->type = g_strdup("http");
        row->target = g_strdup("https://***@example.com/");
        row->interval = g_strdup("30s");
        row->timeout = g_strdup("10s");
        row->expect_status = 200;
        row->alert_ids = g_strsplit("chat", ",", -1);
        row->revision = 7;
        return row;
}

static AlertRow *alert_row(const char *id, const char *name, const char *type) {
        AlertRow *row = alert_row_new();

        row->id = g_strdup(id);
        row->name = g_strdup(name);
        row->type = g_strdup(type);
        row->revision = 9;
        return row;
}

static AlertRow *mail_row(void) {
        AlertRow *row = alert_row("a-1", "oncall", "smtp");

        row->is_default = true;
        row->smtp_host = g_strdup("mail.example.com");
        row->smtp_port = 587;
        row->smtp_user = g_strdup("quptime");
        row->smtp_password = g_strdup("{\"kept\":true}");
        row->smtp_from = g_strdup("q@example.com");
        row->smtp_to = g_strsplit("a@example.com,b@example.com", ",", -1);
        row->smtp_starttls = true;
        row->body_template = g_strdup("{{.Verb}}\n");
        return row;
}

static GPtrArray *alert_rows(void) {
        GPtrArray *rows = rows_new(&alert_row_type);

        g_ptr_array_add(rows, mail_row());
        g_ptr_array_add(rows, alert_row("a-2", "chat", "discord"));
        return rows;
}

static Form *check_form(const CheckRow *row) {
        g_autoptr(GPtrArray) alerts = alert_rows();

        return object_form_make(&check_form_kind, check_form_verb("http"), "http", row, alerts);
}

static Form *mail_form(const AlertRow *row) {
        return object_form_make(&alert_form_kind, alert_form_verb("smtp"), "smtp", row, NULL);
}

static Form *chat_form(const AlertRow *row) {
        return object_form_make(&alert_form_kind, alert_form_verb("discord"), "discord", row, NULL);
}

/* ---- what would be sent ---- */

/* "name=s:home interval=s:5s", in order; the caller frees. */
static char *sent(const Form *form, const ObjectKind *kind, uint64_t revision) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        GString *text = g_string_new(NULL);
        int pair[2];

        /* a bus that nobody answers: only its messages are looked at */
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, pair[0], pair[0]), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        g_assert_cmpint(sd_bus_message_new_method_call(bus, &message, NULL, "/x", "x.y", "Z"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(message, 'a', "{sv}"), >=, 0);
        g_assert_cmpint(object_form_append(form, kind, revision == 0, revision, message), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
        g_assert_cmpint(sd_bus_message_seal(message, 1, 0), >=, 0);

        g_assert_cmpint(sd_bus_message_enter_container(message, 'a', "{sv}"), >=, 0);
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                const char *name, *contents, *string;
                uint64_t number;
                int truth;

                g_assert_cmpint(sd_bus_message_read_basic(message, 's', &name), >=, 0);
                g_assert_cmpint(sd_bus_message_peek_type(message, NULL, &contents), >=, 0);
                g_string_append_printf(text, "%s%s=", text->len > 0 ? " " : "", name);
                if (strcmp(contents, "s") == 0) {
                        g_assert_cmpint(sd_bus_message_read(message, "v", "s", &string), >=, 0);
                        g_string_append(text, string);
                } else if (strcmp(contents, "t") == 0) {
                        g_assert_cmpint(sd_bus_message_read(message, "v", "t", &number), >=, 0);
                        g_string_append_printf(text, "%" G_GUINT64_FORMAT, number);
                } else if (strcmp(contents, "b") == 0) {
                        g_assert_cmpint(sd_bus_message_read(message, "v", "b", &truth), >=, 0);
                        g_string_append(text, truth ? "yes" : "no");
                } else if (strcmp(contents, "as") == 0) {
                        g_auto(GStrv) words = NULL;
                        g_autofree char *joined = NULL;

                        g_assert_cmpint(sd_bus_message_enter_container(message, 'v', "as"), >=, 0);
                        g_assert_cmpint(sd_bus_message_read_strv(message, &words), >=, 0);
                        g_assert_cmpint(sd_bus_message_exit_container(message), >=, 0);
                        joined = words ? g_strjoinv(",", words) : g_strdup("");
                        g_string_append_printf(text, "[%s]", joined);
                } else {
                        const char *key;

                        g_assert_cmpstr(contents, ==, "a{sv}");
                        g_assert_cmpint(sd_bus_message_read(message, "v", "a{sv}", 1, &key, "s", &string),
                                        >=,
                                        0);
                        g_string_append_printf(text, "{%s:%s}", key, string);
                }
                g_assert_cmpint(sd_bus_message_exit_container(message), >=, 0);
        }
        (void) close(pair[1]);
        return g_string_free(text, /* free_segment= */ FALSE);
}

static void assert_sent(const Form *form, const ObjectKind *kind, uint64_t revision, const char *expected) {
        g_autofree char *text = sent(form, kind, revision);

        g_assert_cmpstr(text, ==, expected);
}

static void type_into(Form *form, const char *name, const char *text) {
        Input *input = form_input(form, name);

        g_assert_nonnull(input);
        input_type(input, text);
}

static void
assert_judged(const Form *form,
              const ObjectKind *kind,
              const char *type,
              const void *row,
              const char *name,
              const char *part) {
        const char *where = NULL;
        g_autofree char *text = object_form_judge(form, kind, type, row, &where);

        if (!part) {
                g_assert_cmpstr(text, ==, NULL);
                return;
        }
        g_assert_nonnull(text);
        if (!strstr(text, part))
                g_error("\"%s\" has no \"%s\"", text, part);
        g_assert_cmpstr(where, ==, name);
}

/* ---- checks ---- */

static void test_add_check(void) {
        _cleanup_(form_freep) Form *form = check_form(NULL);
        _cleanup_(form_freep) Form *tcp =
                        object_form_make(&check_form_kind, check_form_verb("tcp"), "tcp", NULL, NULL);

        g_assert_false(form_is_changed(form));
        assert_judged(form, &check_form_kind, "http", NULL, "name", "missing");
        type_into(form, "name", "home");
        assert_judged(form, &check_form_kind, "http", NULL, "target", "missing");
        type_into(form, "target", "example.com");
        assert_judged(form, &check_form_kind, "http", NULL, "target", "http");
        type_into(form, "target", "https://example.com/");
        assert_judged(form, &check_form_kind, "http", NULL, NULL, NULL);
        type_into(form, "interval", "5");
        assert_judged(form, &check_form_kind, "http", NULL, "interval", "not a duration");
        type_into(form, "interval", "5s");
        type_into(form, "timeout", "6s");
        assert_judged(form, &check_form_kind, "http", NULL, "timeout", "longer than the interval");
        type_into(form, "timeout", "");
        type_into(form, "expect_status", "42");
        assert_judged(form, &check_form_kind, "http", NULL, "expect_status", "no HTTP status");
        type_into(form, "expect_status", "404");
        assert_judged(form, &check_form_kind, "http", NULL, NULL, NULL);
        assert_sent(form,
                    &check_form_kind,
                    0,
                    "name=home target=https://example.com/ interval=5s expect_status=404");

        g_assert_null(form_input(tcp, "expect_status"));
        g_assert_null(form_input(tcp, "body_match"));
        g_assert_nonnull(form_input(tcp, "suppress_alert_ids"));
}

static void test_edit_check(void) {
        _cleanup_(check_row_freep) CheckRow *row = check_row();
        _cleanup_(form_freep) Form *form = check_form(row);
        g_auto(GStrv) alerts = NULL;

        /* references may be names; they are sent as ids where something is sent */
        alerts = input_words(form_input(form, "alert_ids"));
        g_assert_cmpstr(alerts[0], ==, "a-2");
        g_assert_null(alerts[1]);

        g_assert_false(form_is_changed(form));
        assert_judged(form, &check_form_kind, "http", row, NULL, NULL);
        assert_sent(form, &check_form_kind, 7, "revision=7");

        /* the standard time-out follows the interval, and is not sent */
        type_into(form, "interval", "5s");
        assert_judged(form, &check_form_kind, "http", row, NULL, NULL);
        type_into(form, "body_match", "welcome");
        type_into(form, "expect_status", "");
        assert_sent(form, &check_form_kind, 7, "interval=5s expect_status=0 body_match=welcome revision=7");
}

/* Somebody else edits the same check while the form is open. */
static void test_rebase(void) {
        _cleanup_(check_row_freep) CheckRow *row = check_row();
        _cleanup_(form_freep) Form *form = check_form(row);

        type_into(form, "name", "start");
        g_free(row->interval);
        row->interval = g_strdup("1m0s");
        g_clear_pointer(&row->alert_ids, g_strfreev);
        row->revision = 8;
        g_assert_false(object_form_rebase(form, &check_form_kind, row));
        g_assert_cmpstr(input_text(form_input(form, "interval")), ==, "1m0s");
        assert_sent(form, &check_form_kind, 8, "name=start revision=8");

        g_free(row->name);
        row->name = g_strdup("front");
        g_assert_true(object_form_rebase(form, &check_form_kind, row));
        g_assert_cmpstr(input_text(form_input(form, "name")), ==, "start");
        g_assert_nonnull(strstr(input_complaint(form_input(form, "name")), "\"front\""));
}

/* ---- alerts ---- */

static void test_add_alert(void) {
        _cleanup_(form_freep) Form *form = mail_form(NULL);

        g_assert_false(form_is_changed(form));
        g_assert_null(form_input(form, "discord_webhook"));
        type_into(form, "name", "oncall");
        assert_judged(form, &alert_form_kind, "smtp", NULL, "smtp_host", "missing");
        type_into(form, "smtp_host", "mail.example.com");
        type_into(form, "smtp_from", "q@example.com");
        type_into(form, "smtp_to", "a@example.com, b@example.com");
        type_into(form, "body_template", "{{if .Check}}\nup");
        assert_judged(form, &alert_form_kind, "smtp", NULL, "body_template", "line ");
        type_into(form, "body_template", "");
        assert_judged(form, &alert_form_kind, "smtp", NULL, NULL, NULL);
        assert_sent(form,
                    &alert_form_kind,
                    0,
                    "name=oncall smtp_host=mail.example.com smtp_port=587 smtp_from=q@example.com "
                    "smtp_to=[a@example.com,b@example.com] smtp_starttls=yes default=no");
}

/* A secret is kept, replaced, removed, or named, and never more than one of these. */
static void test_secrets(void) {
        static const Key backspace = { .kind = TYPED_BACKSPACE };
        _cleanup_(alert_row_freep) AlertRow *row = mail_row();
        _cleanup_(form_freep) Form *form = mail_form(row);
        Input *password = form_input(form, "smtp_password");

        g_assert_cmpint(input_secret(password), ==, INPUT_SECRET_KEPT);
        g_assert_cmpstr(input_text(form_input(form, "password-credential")), ==, "");
        assert_judged(form, &alert_form_kind, "smtp", row, NULL, NULL);
        assert_sent(form, &alert_form_kind, 9, "revision=9");

        input_type(password, "hunter2");
        assert_sent(form, &alert_form_kind, 9, "smtp_password=hunter2 revision=9");
        type_into(form, "password-credential", "mail.password");
        assert_judged(form, &alert_form_kind, "smtp", row, "smtp_password", "not both");
        input_type(password, "");
        assert_sent(form, &alert_form_kind, 9, "smtp_password={credential:mail.password} revision=9");
        type_into(form, "password-credential", "a/b");
        assert_judged(form, &alert_form_kind, "smtp", row, "password-credential", "no name of a credential");
        type_into(form, "password-credential", "");
        (void) input_key(password, &backspace);
        assert_sent(form, &alert_form_kind, 9, "smtp_password= revision=9");
}

static void test_credential(void) {
        _cleanup_(alert_row_freep) AlertRow *row = alert_row("a-2", "chat", "discord");
        _cleanup_(form_freep) Form *form = NULL;
        Input *webhook;

        row->discord_webhook = g_strdup("{\"credential\":\"chat.webhook\"}");
        form = chat_form(row);
        webhook = form_input(form, "discord_webhook");
        g_assert_cmpint(input_secret(webhook), ==, INPUT_SECRET_NONE);
        g_assert_cmpstr(input_text(form_input(form, "webhook-credential")), ==, "chat.webhook");
        assert_judged(form, &alert_form_kind, "discord", row, NULL, NULL);
        assert_sent(form, &alert_form_kind, 9, "revision=9");

        /* what is typed takes the place of the one that was named */
        input_type(webhook, "not a URL");
        assert_judged(form, &alert_form_kind, "discord", row, "discord_webhook", "URL");
        input_type(webhook, "https://discord.com/api/webhooks/1/x");
        assert_judged(form, &alert_form_kind, "discord", row, NULL, NULL);
        assert_sent(form,
                    &alert_form_kind,
                    9,
                    "discord_webhook=https://discord.com/api/webhooks/1/x revision=9");

        input_type(webhook, "");
        type_into(form, "webhook-credential", "");
        assert_judged(form, &alert_form_kind, "discord", row, "discord_webhook", "missing");
        assert_sent(form, &alert_form_kind, 9, "discord_webhook= revision=9");
}

/* One that is broken already does not keep people from changing something else. */
static void test_broken_template(void) {
        _cleanup_(alert_row_freep) AlertRow *row = mail_row();
        _cleanup_(form_freep) Form *form = NULL;

        g_free(row->body_template);
        row->body_template = g_strdup("{{.Check.");
        form = mail_form(row);
        type_into(form, "smtp_port", "25");
        assert_judged(form, &alert_form_kind, "smtp", row, NULL, NULL);
        type_into(form, "smtp_port", "99999");
        assert_judged(form, &alert_form_kind, "smtp", row, "smtp_port", "no port");
        type_into(form, "smtp_port", "25");
        type_into(form, "body_template", "{{.Check.X.");
        assert_judged(form, &alert_form_kind, "smtp", row, "body_template", "line 1");
}

/* The list of variables is that of `alert add smtp --help`. */
static void test_hint(void) {
        _cleanup_(form_freep) Form *form = mail_form(NULL);
        const char *hint = input_hint(form_input(form, "body_template"));
        g_auto(GStrv) lines = g_strsplit(verb_alert_add_smtp.more, "\n", -1);
        unsigned n = 0;

        g_assert_cmpstr(hint, ==, input_hint(form_input(form, "subject_template")));
        g_assert_null(input_hint(form_input(form, "name")));
        for (char **line = lines; *line; line++) {
                g_autofree char *name = NULL;

                if (!g_str_has_prefix(*line, "  {{"))
                        continue;
                name = g_strndup(*line + 4, strcspn(*line + 4, "}"));
                g_assert_nonnull(strstr(hint, name));
                n++;
        }
        g_assert_cmpuint(n, ==, 14);
}

static void test_preview(void) {
        _cleanup_(form_freep) Form *form = mail_form(NULL);
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        void *alert;

        type_into(form, "subject_template", "{{.Check.Name}} {{.Verb}}");
        type_into(form, "body_template", "{{.Check.Nothing}}");
        alert = object_form_read(form, &alert_form_kind, "smtp");
        lines = alert_form_preview(alert, "node", USEC_PER_SEC);
        object_form_forget(&alert_form_kind, alert);
        text = g_strjoinv("\n", lines);
        g_assert_nonnull(strstr(text, "Subject: homepage DOWN"));
        g_assert_nonnull(strstr(text, "body_template, line 1"));
        g_assert_nonnull(strstr(text, "the default text is sent instead"));
}

/* Discord has no subject: what is set all the same stays as it is, and no field promises that it matters. */
static void test_no_subject(void) {
        _cleanup_(alert_row_freep) AlertRow *row = alert_row("a-2", "chat", "discord");
        _cleanup_(form_freep) Form *form = NULL, *mail = mail_form(NULL);

        row->subject_template = g_strdup("{{.Verb}}");
        form = chat_form(row);
        g_assert_null(form_input(form, "subject_template"));
        g_assert_nonnull(form_input(form, "body_template"));
        g_assert_nonnull(form_input(mail, "subject_template"));
        type_into(form, "name", "talk");
        assert_sent(form, &alert_form_kind, row->revision, "name=talk revision=9");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tui/object-form/add-check", test_add_check);
        g_test_add_func("/tui/object-form/edit-check", test_edit_check);
        g_test_add_func("/tui/object-form/rebase", test_rebase);
        g_test_add_func("/tui/object-form/add-alert", test_add_alert);
        g_test_add_func("/tui/object-form/secrets", test_secrets);
        g_test_add_func("/tui/object-form/credential", test_credential);
        g_test_add_func("/tui/object-form/broken-template", test_broken_template);
        g_test_add_func("/tui/object-form/hint", test_hint);
        g_test_add_func("/tui/object-form/preview", test_preview);
        g_test_add_func("/tui/object-form/no-subject", test_no_subject);
        return g_test_run();
}
