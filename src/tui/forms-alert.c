/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/forms-alert.h"

#include <assert.h>
#include <string.h>

#include "alerts/message.h"
#include "alerts/sample.h"
#include "alerts/templates.h"
#include "config/validate.h"
#include "tui/object-dialog.h"

#define NOBODY "00000000-0000-4000-8000-000000000000" /* a NodeID where there is no master */

const char *const alert_form_types[] = { "smtp", "discord", NULL };

/* A template that was broken before does not keep people from changing something else. */
static int judge(const void *object, const void *row, Complaint **reterr) {
        const AlertRow *before_row = row;
        Alert before = {};
        int r;

        if (before_row) {
                before.subject_template = before_row->subject_template;
                before.body_template = before_row->body_template;
        }
        r = alert_validate(object, reterr);
        return r < 0 ? r : alert_templates_validate(object, before_row ? &before : NULL, reterr);
}

char **alert_form_preview(const void *alert, const char *node_id, usec_t now_realtime) {
        const Alert *a = alert;
        g_autoptr(GPtrArray) faults = complaint_list_new();
        g_autoptr(GString) text = g_string_new(NULL);
        _cleanup_(message_freep) Message *message = NULL;
        _cleanup_(notice_freep) Notice *notice = NULL;
        unsigned flags;

        notice =
                        sample_notice(sample_transition(CHECK_HTTP, NOTICE_DOWN, node_id, now_realtime),
                                      NOTICE_DOWN,
                                      "sample");
        message =
                        message_make(a->type,
                                     notice,
                                     /* cluster_id= */ NULL,
                                     a->subject_template,
                                     a->body_template,
                                     &flags,
                                     faults);
        if (a->type == ALERT_SMTP)
                g_string_append_printf(text, "Subject: %s\n\n", message->subject);
        g_string_append(text, message->body);
        for (unsigned i = 0; i < faults->len; i++) {
                const Complaint *fault = g_ptr_array_index(faults, i);

                g_string_append_printf(
                                text,
                                "\n%s, line %u, column %u: %s\nthe default text is sent instead\n",
                                fault->field,
                                fault->line,
                                fault->column,
                                fault->text);
        }
        return g_strsplit(text->str, "\n", -1);
}

static char **preview(const Feed *feed, const void *object) {
        const NodeStatus *node = feed_node(feed);
        const char *master = node && node->master && *node->master ? node->master : NOBODY;

        return alert_form_preview(object, master, (usec_t) g_get_real_time());
}

/* Discord's messages have no subject; the verbs take one all the same, as the original's do. */
static bool is_idle(const char *type, const char *field) {
        return strcmp(type, "discord") == 0 && strcmp(field, FIELD_SUBJECT_TEMPLATE) == 0;
}

const ObjectKind alert_form_kind = {
        .noun = "alert",
        .type = &alert_type,
        .row_type = &alert_row_type,
        .add_member = "AddAlert",
        .edit_member = "EditAlert",
        .bits = CALL_SENSITIVE,
        .edit = &verb_alert_edit,
        .is_idle = is_idle,
        .rows = feed_alerts,
        .judge = judge,
        .preview = preview,
};

const Verb *alert_form_verb(const char *type) {
        static const Verb *const added[] = { &verb_alert_add_smtp, &verb_alert_add_discord };

        for (size_t i = 0; alert_form_types[i]; i++)
                if (g_strcmp0(alert_form_types[i], type) == 0)
                        return added[i];
        return NULL;
}

Dialog *alert_form_add(Desk *desk, const char *type) {
        return object_dialog_new(desk, &alert_form_kind, alert_form_verb(type), type, /* row= */ NULL);
}

Dialog *alert_form_edit(Desk *desk, const AlertRow *row) {
        const Verb *verb = alert_form_verb(row->type);

        return verb ? object_dialog_new(desk, &alert_form_kind, verb, row->type, row) : NULL;
}
