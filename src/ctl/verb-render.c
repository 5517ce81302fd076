/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* quctl alert render: what an alert would say. Rendering is a function of the template and the data, so it
 * is done here; the daemon is asked only for the alert's templates and for the master's id. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alerts/message.h"
#include "alerts/sample.h"
#include "base/limits.h"
#include "config/complaint.h"
#include "ctl/call.h"
#include "ctl/ids.h"
#include "ctl/json.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#define DATA_MAX_BYTES (256 * 1024)
#define NOBODY "00000000-0000-4000-8000-000000000000" /* a NodeID where no daemon is asked */

static const Flag render_flags[] = {
        { .name = "event",
          .type = FLAG_TEXT,
          .value = "EVENT",
          .choices = "down recovered up",
          .help = "down, recovered or up; the data's, or down" },
        { .name = "subject",
          .type = FLAG_TEXT,
          .value = "TEMPLATE",
          .bits = FLAG_ONE_LINE,
          .max = TEMPLATE_MAX_BYTES,
          .help = "instead of the alert's" },
        { .name = "subject-file",
          .type = FLAG_TEXT,
          .value = "FILE",
          .file_of = "subject",
          .max = 4096,
          .help = "a file with it; --subject beats it" },
        { .name = "body",
          .type = FLAG_TEXT,
          .value = "TEMPLATE",
          .max = TEMPLATE_MAX_BYTES,
          .help = "instead of the alert's" },
        { .name = "body-file",
          .type = FLAG_TEXT,
          .value = "FILE",
          .file_of = "body",
          .max = 4096,
          .help = "a file with it; --body beats it" },
        { .name = "data",
          .type = FLAG_TEXT,
          .value = "FILE",
          .max = 4096,
          .help = "the variables as JSON, instead of an invented outage" },
        { .name = "type",
          .type = FLAG_TEXT,
          .value = "TYPE",
          .choices = "smtp discord",
          .help = "smtp or discord, where no daemon is asked; smtp" },
        { .name = "default",
          .type = FLAG_TEXT,
          .value = "KIND",
          .choices = "http tcp icmp",
          .help = "the default texts of a kind of check: http, tcp or icmp" },
        {},
};

/* What to render, and from what. */
typedef struct Rendering {
        AlertKind type;
        char *subject, *body; /* templates; NULL for the default text */
        char *node_id;
        Notice *notice;
} Rendering;

static void rendering_done(Rendering *rendering) {
        g_free(rendering->subject);
        g_free(rendering->body);
        g_free(rendering->node_id);
        (void) notice_free(rendering->notice);
}

/* -1: not given */
static ExitStatus read_event(const Arguments *arguments, int *ret) {
        static const NoticeEvent events[] = { NOTICE_DOWN, NOTICE_RECOVERED, NOTICE_UP };
        const char *word = arguments_text(arguments, "event");

        *ret = -1;
        if (!word)
                return STATUS_DONE;
        for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
                if (g_ascii_strcasecmp(word, notice_event_to_string(events[i])) == 0) {
                        *ret = (int) events[i];
                        return STATUS_DONE;
                }
        return fail(STATUS_USAGE, "the event is down, recovered or up, not \"%s\"", word);
}

static ExitStatus read_type(const Arguments *arguments, AlertKind *ret) {
        const char *word = arguments_text(arguments, "type");
        int type = word ? alert_kind_from_string(word) : ALERT_SMTP;

        if (type < 0)
                return fail(STATUS_USAGE, "the type is smtp or discord, not \"%s\"", word);
        *ret = (AlertKind) type;
        return STATUS_DONE;
}

static usec_t now(void) {
        struct timespec ts = { 0 };

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

static ExitStatus read_data(const char *path, int event, Notice **ret) {
        g_autofree char *text = NULL, *error_text = NULL;
        g_autoptr(GError) error = NULL;
        gsize n;

        if (!g_file_get_contents(path, &text, &n, &error))
                return fail(STATUS_FAILED, "%s", error->message);
        if (n > DATA_MAX_BYTES)
                return fail(STATUS_FAILED, "%s is longer than %d bytes", path, DATA_MAX_BYTES);
        if (sample_notice_from_json(text, n, event, ret, &error_text) < 0)
                return fail(STATUS_FAILED, "%s: %s", path, error_text);
        return STATUS_DONE;
}

/* The alert's own templates, where none is given in their place, and the id of the master. */
static ExitStatus ask_daemon(Context *context, const char *id_or_name, Rendering *rendering) {
        _cleanup_(node_status_freep) NodeStatus *node = NULL;
        g_autofree char *id = NULL;
        g_autoptr(GPtrArray) alerts = NULL;
        const AlertRow *alert = NULL;
        ExitStatus status;

        status = manager_list(context, "ListAlerts", &alert_row_type, &alerts);
        if (status == STATUS_DONE)
                status = manager_status(context, &node);
        if (status != STATUS_DONE)
                return status;
        status = id_complete_in(alerts, &alert_row_type, id_or_name, &id);
        if (status != STATUS_DONE)
                return status;
        alert = row_find(alerts, &alert_row_type, id);
        if (!alert)
                return fail(STATUS_FAILED, "no alert named \"%s\"", id_or_name);

        rendering->type = g_strcmp0(alert->type, "discord") == 0 ? ALERT_DISCORD : ALERT_SMTP;
        if (!rendering->subject)
                rendering->subject = g_strdup(alert->subject_template);
        if (!rendering->body)
                rendering->body = g_strdup(alert->body_template);
        rendering->node_id = g_strdup(node->master && *node->master ? node->master : node->node_id);
        return STATUS_DONE;
}

/* ---- printing ---- */

/* On a terminal nothing that could move its cursor; into a pipe the bytes that would be sent. */
static void print_text(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; *line; line++) {
                g_autofree char *escaped = isatty(STDOUT_FILENO) ? text_escape(*line) : g_strdup(*line);

                if (line[1] || *escaped)
                        (void) printf("%s\n", escaped);
        }
}

static void print_message(const Message *message, AlertKind type) {
        if (type == ALERT_SMTP) {
                (void) printf("Subject: ");
                print_text(message->subject);
                (void) printf("\n");
        }
        print_text(message->body);
}

static void print_json(const Context *context, const Message *message, AlertKind type) {
        g_autoptr(JsonBuilder) builder = json_builder_new();

        json_builder_begin_object(builder);
        if (type == ALERT_SMTP) {
                json_builder_set_member_name(builder, "subject");
                json_builder_add_string_value(builder, message->subject);
        }
        json_builder_set_member_name(builder, "body");
        json_builder_add_string_value(builder, message->body);
        json_builder_end_object(builder);
        json_print(builder, context->json);
}

static ExitStatus print_rendering(const Context *context, const Rendering *rendering) {
        g_autoptr(GPtrArray) faults = complaint_list_new();
        _cleanup_(message_freep) Message *message = NULL;
        ExitStatus status = STATUS_DONE;
        unsigned flags;

        message =
                        message_make(rendering->type,
                                     rendering->notice,
                                     /* cluster_id= */ NULL,
                                     rendering->subject,
                                     rendering->body,
                                     &flags,
                                     faults);
        if (context->json != JSON_OFF)
                print_json(context, message, rendering->type);
        else
                print_message(message, rendering->type);
        for (unsigned i = 0; i < faults->len; i++) {
                const Complaint *fault = g_ptr_array_index(faults, i);

                status = fail(STATUS_FAILED,
                              "%s, line %u, column %u: %.*s; the default text is sent instead%s",
                              fault->field,
                              fault->line,
                              fault->column,
                              (int) strcspn(fault->text, "\n"),
                              fault->text,
                              strchrnul(fault->text, '\n'));
        }
        return status;
}

/* The default texts of one kind of check, for mail and for Discord. */
static ExitStatus render_default(const Context *context, const char *word, int event) {
        NoticeEvent shown = event < 0 ? NOTICE_DOWN : (NoticeEvent) event;
        int kind = check_kind_from_string(word);

        if (kind < 0)
                return fail(STATUS_USAGE, "the kind is http, tcp or icmp, not \"%s\"", word);
        for (AlertKind type = ALERT_SMTP; type < _ALERT_KIND_MAX; type++) {
                Rendering rendering = { .type = type };

                rendering.notice = sample_notice(
                                sample_transition((CheckKind) kind, shown, NOBODY, now()), shown, "sample");
                if (context->json == JSON_OFF)
                        (void) printf("%s%s:\n\n",
                                      type == ALERT_SMTP ? "" : "\n",
                                      type == ALERT_SMTP ? "As mail" : "On Discord");
                (void) print_rendering(context, &rendering);
                rendering_done(&rendering);
        }
        return STATUS_DONE;
}

static ExitStatus render(Context *context, const Arguments *arguments, int event, Rendering *rendering) {
        const char *name = arguments_word(arguments, 0), *data = arguments_text(arguments, "data");
        NoticeEvent shown = event < 0 ? NOTICE_DOWN : (NoticeEvent) event;
        ExitStatus status;

        rendering->subject = g_strdup(arguments_text(arguments, "subject"));
        rendering->body = g_strdup(arguments_text(arguments, "body"));
        status = read_type(arguments, &rendering->type);
        if (status == STATUS_DONE && name && !(data && (rendering->subject || rendering->body)))
                status = ask_daemon(context, name, rendering);
        if (status != STATUS_DONE)
                return status;

        if (data)
                status = read_data(data, event, &rendering->notice);
        else
                rendering->notice = sample_notice(
                                sample_transition(CHECK_HTTP, shown, rendering->node_id ?: NOBODY, now()),
                                shown,
                                "sample");
        return status == STATUS_DONE ? print_rendering(context, rendering) : status;
}

static ExitStatus run_render(Context *context, const Arguments *arguments) {
        const char *kind = arguments_text(arguments, "default");
        _cleanup_(rendering_done) Rendering rendering = { 0 };
        ExitStatus status;
        int event;

        status = read_event(arguments, &event);
        if (status != STATUS_DONE)
                return status;
        if (arguments_n_words(arguments) > 1)
                return fail(STATUS_USAGE, "one alert at a time");
        if (kind)
                return render_default(context, kind, event);
        if (arguments_n_words(arguments) == 0 && !arguments_text(arguments, "subject") &&
            !arguments_text(arguments, "body"))
                return fail(STATUS_USAGE, "name an alert, or give a template with --body or --subject");
        return render(context, arguments, event, &rendering);
}

const Verb verb_alert_render = {
        .name = "alert render",
        .args = "[ID|NAME]",
        .help = "print what an alert would say, without sending it",
        .more = "With --body or --subject, and --data, no daemon is asked; quptime-templates(7) has the "
                "language.\n",
        .flags = render_flags,
        .run = run_render,
};
