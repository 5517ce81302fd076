/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "ctl/call.h"
#include "ctl/change.h"
#include "ctl/ids.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#define NAME_FLAG                                                                                           \
        { .name = "name", .type = FLAG_TEXT, .value = "NAME", .field = "name", .help = "its new name" }
/* required: FLAG_REQUIRED when adding, 0 when editing */
#define SMTP_FLAGS(required)                                                                                \
        { .name = "host",                                                                                   \
          .type = FLAG_TEXT,                                                                                \
          .value = "HOST",                                                                                  \
          .bits = (required),                                                                               \
          .field = "smtp_host",                                                                             \
          .only = "smtp",                                                                                   \
          .help = "the relay" },                                                                            \
                        { .name = "port",                                                                   \
                          .type = FLAG_NUMBER,                                                              \
                          .value = "PORT",                                                                  \
                          .standard = (required) ? "587" : NULL,                                            \
                          .field = "smtp_port",                                                             \
                          .only = "smtp",                                                                   \
                          .help = "the relay's port; 465 is implicit TLS" },                                \
                        { .name = "user",                                                                   \
                          .type = FLAG_TEXT,                                                                \
                          .value = "USER",                                                                  \
                          .field = "smtp_user",                                                             \
                          .only = "smtp",                                                                   \
                          .max = SECRET_FIELD_MAX_BYTES,                                                    \
                          .help = "log in as this user" },                                                  \
                        { .name = "password",                                                               \
                          .type = FLAG_TEXT,                                                                \
                          .value = "PASSWORD",                                                              \
                          .bits = FLAG_SECRET | FLAG_ONE_LINE,                                              \
                          .field = "smtp_password",                                                         \
                          .only = "smtp",                                                                   \
                          .max = SECRET_FIELD_MAX_BYTES,                                                    \
                          .asked_with = (required) ? "user" : NULL,                                         \
                          .help = "the user's password; asked for on a terminal" },                         \
                        { .name = "password-file",                                                          \
                          .type = FLAG_TEXT,                                                                \
                          .value = "FILE",                                                                  \
                          .file_of = "password",                                                            \
                          .only = "smtp",                                                                   \
                          .max = 4096,                                                                      \
                          .help = "a file with the password; - is standard input" },                        \
                        { .name = "password-credential",                                                    \
                          .type = FLAG_TEXT,                                                                \
                          .value = "NAME",                                                                  \
                          .field = "smtp_password",                                                         \
                          .stands_for = "password",                                                         \
                          .only = "smtp",                                                                   \
                          .help = "the systemd credential that holds it, on each node that sends" },        \
                        { .name = "from",                                                                   \
                          .type = FLAG_TEXT,                                                                \
                          .value = "ADDRESS",                                                               \
                          .bits = (required),                                                               \
                          .field = "smtp_from",                                                             \
                          .only = "smtp",                                                                   \
                          .help = "the sender" },                                                           \
                        { .name = "to",                                                                     \
                          .type = FLAG_LIST,                                                                \
                          .value = "ADDRESS,…",                                                             \
                          .bits = (required),                                                               \
                          .field = "smtp_to",                                                               \
                          .only = "smtp",                                                                   \
                          .help = "the recipients; may be repeated" },                                      \
        {                                                                                                   \
                .name = "starttls", .type = FLAG_BOOL, .value = "BOOL",                                     \
                .standard = (required) ? "true" : NULL, .field = "smtp_starttls", .only = "smtp",           \
                .help = "encrypt with STARTTLS"                                                             \
        }
#define DISCORD_FLAGS(required)                                                                             \
        { .name = "webhook",                                                                                \
          .type = FLAG_TEXT,                                                                                \
          .value = "URL",                                                                                   \
          .bits = (required) | FLAG_SECRET | FLAG_ONE_LINE,                                                 \
          .field = "discord_webhook",                                                                       \
          .only = "discord",                                                                                \
          .max = SECRET_FIELD_MAX_BYTES,                                                                    \
          .help = "the webhook; asked for on a terminal" },                                                 \
                        { .name = "webhook-credential",                                                     \
                          .type = FLAG_TEXT,                                                                \
                          .value = "NAME",                                                                  \
                          .field = "discord_webhook",                                                       \
                          .stands_for = "webhook",                                                          \
                          .only = "discord",                                                                \
                          .help = "the systemd credential that holds it, on each node that sends" },        \
        {                                                                                                   \
                .name = "webhook-file", .type = FLAG_TEXT, .value = "FILE", .file_of = "webhook",           \
                .only = "discord", .max = 4096, .help = "a file with the webhook; - is standard input"      \
        }
#define COMMON_FLAGS                                                                                        \
        { .name = "default", .type = FLAG_BOOL, .field = "default", .help = "attach it to every check" },   \
                        { .name = "subject",                                                                \
                          .type = FLAG_TEXT,                                                                \
                          .value = "TEMPLATE",                                                              \
                          .bits = FLAG_ONE_LINE,                                                            \
                          .field = "subject_template",                                                      \
                          .max = TEMPLATE_MAX_BYTES,                                                        \
                          .help = "the template of a mail's subject; Discord has none" },                   \
                        { .name = "subject-file",                                                           \
                          .type = FLAG_TEXT,                                                                \
                          .value = "FILE",                                                                  \
                          .file_of = "subject",                                                             \
                          .max = 4096,                                                                      \
                          .help = "a file with it; --subject beats it" },                                   \
                        { .name = "body",                                                                   \
                          .type = FLAG_TEXT,                                                                \
                          .value = "TEMPLATE",                                                              \
                          .field = "body_template",                                                         \
                          .max = TEMPLATE_MAX_BYTES,                                                        \
                          .help = "the body's template" },                                                  \
        {                                                                                                   \
                .name = "body-file", .type = FLAG_TEXT, .value = "FILE", .file_of = "body", .max = 4096,    \
                .help = "a file with it; --body beats it"                                                   \
        }

static const char variables[] =
                "Template variables (Go's text/template; without a template the default text is used):\n"
                "  {{.Check.Name}}         check name\n"
                "  {{.Check.Type}}         http / tcp / icmp\n"
                "  {{.Check.Target}}       URL or host:port being probed\n"
                "  {{.Check.ID}}           UUID\n"
                "  {{.From}}               previous state (up / down / unknown)\n"
                "  {{.To}}                 new state\n"
                "  {{.Verb}}               UP / DOWN / RECOVERED\n"
                "  {{.VerbLower}}          lowercase form (up / down / recovered)\n"
                "  {{.Snapshot.Reports}}   total per-node reports counted\n"
                "  {{.Snapshot.OKCount}}   how many reported OK\n"
                "  {{.Snapshot.NotOK}}     how many reported failure\n"
                "  {{.Snapshot.Detail}}    first failure detail string\n"
                "  {{.NodeID}}             master that dispatched\n"
                "  {{.When}}               RFC3339 timestamp\n";

static const Flag smtp_flags[] = { SMTP_FLAGS(FLAG_REQUIRED), COMMON_FLAGS, {} };
static const Flag discord_flags[] = { DISCORD_FLAGS(FLAG_REQUIRED), COMMON_FLAGS, {} };
static const Flag edit_flags[] = { NAME_FLAG, SMTP_FLAGS(0), DISCORD_FLAGS(0), COMMON_FLAGS, {} };

static ExitStatus add(Context *context, const Arguments *arguments, const char *type, const Flag *flags) {
        const Member members[] = { { "name", arguments_word(arguments, 0) }, { "type", type }, {} };

        return change_add(context, "AddAlert", CALL_SENSITIVE, "alert", members, flags, arguments);
}

static ExitStatus run_add_smtp(Context *context, const Arguments *arguments) {
        return add(context, arguments, "smtp", smtp_flags);
}

const Verb verb_alert_add_smtp = {
        .name = "alert add smtp",
        .args = "NAME",
        .help = "send mail when a check changes its state",
        .more = variables,
        .flags = smtp_flags,
        .run = run_add_smtp,
};

static ExitStatus run_add_discord(Context *context, const Arguments *arguments) {
        return add(context, arguments, "discord", discord_flags);
}

const Verb verb_alert_add_discord = {
        .name = "alert add discord",
        .args = "NAME",
        .help = "post to a Discord webhook when a check changes its state",
        .more = variables,
        .flags = discord_flags,
        .run = run_add_discord,
};

static void print_text(const Context *context, const GPtrArray *alerts) {
        static const char *const headers[] = { "ID", "TYPE", "DEFAULT", "NAME" };
        _cleanup_(table_freep) Table *table = table_new(headers, G_N_ELEMENTS(headers));
        const TableStyle style = table_style(context, /* may_cut= */ false);
        const int shown = ids_shown(context, alerts, &alert_row_type);

        for (unsigned i = 0; i < alerts->len; i++) {
                const AlertRow *alert = g_ptr_array_index(alerts, i);

                table_add_start(table, alert->id, shown);
                table_add(table, alert->type);
                table_add(table,
                          alert->disabled     ? alert->is_default ? "true (disabled)" : "false (disabled)"
                          : alert->is_default ? "true"
                                              : "false");
                table_add(table, alert->name);
        }
        table_print(table, &style, stdout);
}

static ExitStatus run_list(Context *context, const Arguments *arguments) {
        g_autoptr(JsonBuilder) builder = NULL;
        g_autoptr(GPtrArray) alerts = NULL;
        ExitStatus status;

        (void) arguments;

        status = manager_list(context, "ListAlerts", &alert_row_type, &alerts);
        if (status != STATUS_DONE)
                return status;

        pager_open(context);
        if (context->json == JSON_OFF) {
                print_text(context, alerts);
                return STATUS_DONE;
        }
        builder = json_builder_new();
        json_add_objects(builder, &alert_row_type, alerts, /* names= */ NULL);
        json_print(builder, context->json);
        return STATUS_DONE;
}

const Verb verb_alert_list = {
        .name = "alert list",
        .help = "show all alerts",
        .run = run_list,
};

static ExitStatus run_edit(Context *context, const Arguments *arguments) {
        return change_edit(
                        context, "EditAlert", CALL_SENSITIVE, "alert", "ListAlerts", edit_flags, arguments);
}

const Verb verb_alert_edit = {
        .name = "alert edit",
        .args = "ID|NAME",
        .help = "change what the options name and nothing else",
        .more = variables,
        .flags = edit_flags,
        .listed_by = "ListAlerts",
        .run = run_edit,
};

static void print_removed(const char *name, uint64_t version, char *const *detached) {
        g_autofree char *escaped = text_escape(name);

        (void) printf("removed alert %s — cluster version %" G_GUINT64_FORMAT "\n", escaped, version);
        if (detached && detached[0]) {
                g_autofree char *joined = g_strjoinv(", ", (char **) detached), *names = text_escape(joined);

                (void) printf("detached from: %s\n", names);
        }
}

static ExitStatus run_remove(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id_or_name = arguments_word(arguments, 0);
        g_auto(GStrv) detached = NULL;
        ExitStatus status;
        uint64_t version;
        int r;

        status = manager_call(context, "RemoveAlert", /* bits= */ 0, &reply, "s", id_or_name);
        if (status == STATUS_DONE)
                status = answer_read(reply, "t", &version);
        if (status != STATUS_DONE)
                return status;

        r = sd_bus_message_read_strv(reply, &detached);
        if (r < 0)
                return answer_not_understood(r);
        if (!context->quiet)
                print_removed(id_or_name, version, detached);
        return STATUS_DONE;
}

const Verb verb_alert_remove = {
        .name = "alert remove",
        .args = "ID|NAME",
        .help = "remove an alert and detach it from the checks that name it",
        .listed_by = "ListAlerts",
        .run = run_remove,
};

static ExitStatus run_test(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id_or_name = arguments_word(arguments, 0), *answer;
        g_autofree char *name = text_escape(id_or_name), *escaped = NULL;
        ExitStatus status;

        status = manager_call(context, "TestAlert", CALL_LONG, &reply, "s", id_or_name);
        if (status == STATUS_DONE)
                status = answer_read(reply, "s", &answer);
        if (status != STATUS_DONE || context->quiet)
                return status;

        escaped = text_escape_lines(answer); /* a line for each further recipient */
        (void) printf("test message for %s sent%s%s\n", name, *escaped ? ": " : "", escaped);
        return STATUS_DONE;
}

const Verb verb_alert_test = {
        .name = "alert test",
        .args = "ID|NAME",
        .help = "send a made-up DOWN through the master",
        .listed_by = "ListAlerts",
        .run = run_test,
};

static ExitStatus run_default(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id_or_name = arguments_word(arguments, 0), *word = arguments_word(arguments, 1);
        g_autofree char *escaped = text_escape(id_or_name);
        ExitStatus status;
        uint64_t version;
        bool on;

        if (bool_from_text(word, &on) < 0)
                return fail(STATUS_USAGE,
                            "it is \"on\" or \"off\" (or true, yes, 1, false, no, 0), not \"%s\"",
                            word);

        status =
                        manager_call(context,
                                     "EditAlert",
                                     /* bits= */ 0,
                                     &reply,
                                     "sa{sv}",
                                     id_or_name,
                                     1,
                                     "default",
                                     "b",
                                     (int) on);
        if (status == STATUS_DONE)
                status = answer_read(reply, "t", &version);
        if (status == STATUS_DONE && !context->quiet)
                (void) printf("alert %s default=%s — cluster version %" G_GUINT64_FORMAT "\n",
                              escaped,
                              on ? "on" : "off",
                              version);
        return status;
}

const Verb verb_alert_default = {
        .name = "alert default",
        .args = "ID|NAME on|off",
        .help = "attach an alert to every check, or no longer",
        .listed_by = "ListAlerts",
        .run = run_default,
};
