/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/templates.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "alerts/notices.h"
#include "base/limits.h"
#include "template/template.h"
#include "wire/codec.h"

static bool is_set(const char *text) {
        return text && *text;
}

static Complaint *complain(const char *field, const TemplateError *error) {
        g_auto(GStrv) lines = g_strsplit(error->excerpt, "\n", 2);

        return complaint_new(
                        error->line,
                        error->column,
                        field,
                        g_strdup_printf("%s\n    %s\n    %s", error->text, lines[0], lines[1]));
}

/* ---- do they parse ---- */

static int validate(const char *field, const char *text, const char *before, Complaint **reterr) {
        _cleanup_(template_error_freep) TemplateError *error = NULL;
        _cleanup_(template_freep) Template *template = NULL;

        if (!is_set(text) || g_strcmp0(text, before) == 0 ||
            template_parse(field, text, strlen(text), &template, &error) >= 0)
                return 0;
        if (reterr)
                *reterr = complain(field, error);
        return -EINVAL;
}

int alert_templates_validate(const Alert *alert, const Alert *before, Complaint **reterr) {
        int r;

        assert(alert);

        r = validate(FIELD_SUBJECT_TEMPLATE,
                     alert->subject_template,
                     before ? before->subject_template : NULL,
                     reterr);
        if (r >= 0)
                r = validate(FIELD_BODY_TEMPLATE,
                             alert->body_template,
                             before ? before->body_template : NULL,
                             reterr);
        return r;
}

int change_templates_validate(const Value *value, const Change *change, Complaint **reterr) {
        _cleanup_(alert_freep) Alert *alert = NULL;
        void *decoded = NULL;

        assert(value);
        assert(change);

        if ((change->kind != CHANGE_ADD && change->kind != CHANGE_EDIT) || !change->body ||
            g_strcmp0(change->object_kind, alert_type.name) != 0 ||
            codec_decode(&alert_type, change->body, strlen(change->body), &decoded, NULL) < 0)
                return 0;
        alert = decoded;
        return alert_templates_validate(
                        alert,
                        change->kind == CHANGE_EDIT ? value_alert(value, change->target) : NULL,
                        reterr);
}

static const Alert *find_alert(const Document *document, const char *id) {
        for (guint i = 0; document && document->alerts && i < document->alerts->len; i++) {
                const Alert *alert = g_ptr_array_index(document->alerts, i);

                if (g_strcmp0(alert->id, id) == 0)
                        return alert;
        }
        return NULL;
}

int document_templates_validate(const Document *document, const Document *before, Complaint **reterr) {
        assert(document);

        for (guint i = 0; document->alerts && i < document->alerts->len; i++) {
                const Alert *alert = g_ptr_array_index(document->alerts, i);
                Complaint *complaint = NULL;
                int r;

                r = alert_templates_validate(alert, find_alert(before, alert->id), &complaint);
                if (r >= 0)
                        continue;
                complaint_prefix(complaint, "alerts", i);
                if (reterr)
                        *reterr = complaint;
                else
                        (void) complaint_free(complaint);
                return r;
        }
        return 0;
}

static void warn(const char *field, const char *text, guint index, GPtrArray *warnings) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        Complaint *warning;

        if (validate(field, text, NULL, &complaint) >= 0)
                return;
        /* its place in the file is found by the field's name */
        warning = complaint_new(
                        0,
                        0,
                        field,
                        g_strdup_printf("line %u, column %u: %.*s; it is kept, and the default text is sent "
                                        "until it is put right",
                                        complaint->line,
                                        complaint->column,
                                        (int) strcspn(complaint->text, "\n"),
                                        complaint->text));
        complaint_prefix(warning, "alerts", index);
        g_ptr_array_add(warnings, warning);
}

char *document_templates_rule(const Document *document, const Document *before) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;

        if (document_templates_validate(document, before, &complaint) >= 0)
                return NULL;
        return g_strdup_printf(
                        "%s: line %u, column %u of the template: %s",
                        complaint->field,
                        complaint->line,
                        complaint->column,
                        complaint->text);
}

void document_templates_warn(const Document *document, GPtrArray *warnings) {
        assert(document);
        assert(warnings);

        for (guint i = 0; document->alerts && i < document->alerts->len; i++) {
                const Alert *alert = g_ptr_array_index(document->alerts, i);

                warn(FIELD_SUBJECT_TEMPLATE, alert->subject_template, i, warnings);
                warn(FIELD_BODY_TEMPLATE, alert->body_template, i, warnings);
        }
}

/* ---- rendering ---- */

static int
render(const char *field, const char *text, const MessageContext *context, GString *to, Complaint **reterr) {
        _cleanup_(template_error_freep) TemplateError *error = NULL;
        _cleanup_(template_freep) Template *template = NULL;
        const char *name = strcmp(field, FIELD_SUBJECT_TEMPLATE) == 0 ? "subject" : "body";
        int r;

        assert(text);
        assert(context);

        r = template_parse(name, text, strlen(text), &template, &error);
        if (r >= 0)
                r = template_run(template, message_context_get(context), to, &error);
        if (r < 0 && reterr)
                *reterr = complain(field, error);
        return r < 0 ? -EINVAL : 0;
}

/* Line breaks become spaces, those at the end vanish. What else is no text on one line, either: a header
 * carries no control characters. */
int template_render_subject(
                const char *text, const MessageContext *context, char **ret, Complaint **reterr) {
        g_autoptr(GString) rendered = g_string_new(NULL);
        g_autofree char *valid = NULL;
        int r;

        r = render(FIELD_SUBJECT_TEMPLATE, text, context, rendered, reterr);
        if (r < 0)
                return r;
        valid = g_utf8_make_valid(rendered->str, (gssize) rendered->len);
        for (size_t n = strlen(valid); n > 0 && (valid[n - 1] == '\n' || valid[n - 1] == '\r'); n--)
                valid[n - 1] = '\0';
        for (char *p = strstr(valid, "\r\n"); p; p = strstr(p, "\r\n"))
                memmove(p, p + 1, strlen(p));
        *ret = text_clean(valid, TEMPLATE_OUTPUT_MAX_BYTES);
        return 0;
}

int template_render_body(const char *text, const MessageContext *context, char **ret, Complaint **reterr) {
        g_autoptr(GString) rendered = g_string_new(NULL);
        int r;

        r = render(FIELD_BODY_TEMPLATE, text, context, rendered, reterr);
        if (r < 0)
                return r;
        *ret = g_utf8_make_valid(rendered->str, (gssize) rendered->len);
        return 0;
}
