/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/message.h"

#include <assert.h>
#include <json-glib/json-glib.h>

#include "alerts/mentions.h"
#include "alerts/templates.h"
#include "alerts/texts.h"
#include "base/limits.h"

enum {
        MESSAGE_ID_CHARS = 32, /* of the hash, before the "@" */
        NONCE_CHARS = 25       /* Discord's limit */
};

static bool is_set(const char *text) {
        return text && *text;
}

static char *hash_of(const char *text, int n_chars) {
        g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

        return g_strndup(hash, (gsize) n_chars);
}

/* RFC 5322, section 3.6.4: id-left "@" id-right, both of dot-atom-text */
static char *make_message_id(const char *cluster_id, const char *notice_id) {
        g_autofree char *left = hash_of(notice_id, MESSAGE_ID_CHARS);
        g_autofree char *right = NULL;

        right = g_strdup(is_set(cluster_id) ? cluster_id : "invalid");
        g_strcanon(right, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", '-');
        return g_strdup_printf("%s.quptime@%s", left, right);
}

/* ---- webhooks ---- */

static void add_ids(JsonBuilder *builder, const char *name, const GPtrArray *ids) {
        if (ids->len == 0)
                return;
        json_builder_set_member_name(builder, name);
        json_builder_begin_array(builder);
        for (guint i = 0; i < ids->len; i++)
                json_builder_add_string_value(builder, g_ptr_array_index(ids, i));
        json_builder_end_array(builder);
}

/* mentions: NULL for none */
static void add_mentions(JsonBuilder *builder, const Mentions *mentions) {
        json_builder_set_member_name(builder, "allowed_mentions");
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "parse");
        json_builder_begin_array(builder);
        if (mentions && mentions->everyone)
                json_builder_add_string_value(builder, "everyone");
        json_builder_end_array(builder);
        if (mentions) {
                add_ids(builder, "users", mentions->users);
                add_ids(builder, "roles", mentions->roles);
        }
        json_builder_end_object(builder);
}

static char *webhook_json(const char *content, const Mentions *mentions, const char *notice_id) {
        g_autofree char *nonce = hash_of(notice_id, NONCE_CHARS);
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonNode) root = NULL;

        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "content");
        json_builder_add_string_value(builder, content);
        add_mentions(builder, mentions);
        json_builder_set_member_name(builder, "nonce");
        json_builder_add_string_value(builder, nonce);
        json_builder_set_member_name(builder, "enforce_nonce");
        json_builder_add_boolean_value(builder, TRUE);
        json_builder_end_object(builder);
        root = json_builder_get_root(builder);
        return json_to_string(root, /* pretty= */ FALSE);
}

/* ---- fields ---- */

static void note(GPtrArray *faults, Complaint *complaint) {
        if (faults)
                g_ptr_array_add(faults, complaint);
        else
                (void) complaint_free(complaint);
}

static char *make_subject(const Notice *notice, const char *template, unsigned *flags, GPtrArray *faults) {
        _cleanup_(message_context_freep) MessageContext *context = NULL;
        Complaint *complaint = NULL;
        char *subject = NULL;

        if (!is_set(template))
                return text_subject(notice);
        context = message_context_new(notice, /* breaks_mentions= */ false);
        if (template_render_subject(template, context, &subject, &complaint) >= 0)
                return subject;
        *flags |= MESSAGE_SUBJECT_FELL_BACK;
        note(faults, complaint);
        return text_subject(notice);
}

static char *make_body(const Notice *notice, const char *template, unsigned *flags, GPtrArray *faults) {
        _cleanup_(message_context_freep) MessageContext *context = NULL;
        Complaint *complaint = NULL;
        char *body = NULL;

        if (!is_set(template))
                return text_body(notice);
        context = message_context_new(notice, /* breaks_mentions= */ false);
        if (template_render_body(template, context, &body, &complaint) >= 0)
                return body;
        *flags |= MESSAGE_BODY_FELL_BACK;
        note(faults, complaint);
        return text_body(notice);
}

/* Discord refuses a message without a visible character, and a refused alert reaches nobody. */
static bool is_blank(const char *text) {
        for (; *text; text = g_utf8_next_char(text))
                if (!g_unichar_isspace(g_utf8_get_char(text)) &&
                    !g_unichar_iszerowidth(g_utf8_get_char(text)))
                        return false;
        return true;
}

/* The template's text as written, cut where Discord would refuse it; NULL: it failed. */
static char *render_discord(const char *template, const MessageContext *context, Complaint **reterr) {
        g_autofree char *body = NULL;

        if (template_render_body(template, context, &body, reterr) < 0)
                return NULL;
        if (!is_blank(body))
                return text_shorten(body, DISCORD_MAX_CHARS);
        *reterr = complaint_new(
                        1, 1, FIELD_BODY_TEMPLATE, g_strdup("it renders to nothing, which Discord refuses"));
        return NULL;
}

static void
make_discord(Message *message,
             const Notice *notice,
             const char *template,
             unsigned *flags,
             GPtrArray *faults) {
        _cleanup_(mentions_freep) Mentions *literal = mentions_find(is_set(template) ? template : "");
        _cleanup_(mentions_freep) Mentions *allowed = NULL;
        Complaint *complaint = NULL;

        if (is_set(template)) {
                _cleanup_(message_context_freep) MessageContext *context =
                                message_context_new(notice, mentions_any(literal));

                message->body = render_discord(template, context, &complaint);
        }
        if (complaint) {
                *flags |= MESSAGE_BODY_FELL_BACK;
                note(faults, complaint);
        }
        if (message->body) {
                allowed = mentions_find(message->body);
                mentions_intersect(allowed, literal);
        } else
                message->body = text_discord(notice);
        message->content = webhook_json(message->body, allowed, notice->id);
}

Message *
message_make(AlertKind type,
             const Notice *notice,
             const char *cluster_id,
             const char *subject_template,
             const char *body_template,
             unsigned *ret_flags,
             GPtrArray *faults) {
        Message *message = message_new();
        unsigned flags = 0;

        assert(notice);
        assert(notice->transition);
        assert(ret_flags);

        message->notice_id = g_strdup(notice->id);
        message->message_id = make_message_id(cluster_id, notice->id);
        message->date = notice->transition->when;
        if (type == ALERT_DISCORD) { /* which has no subject */
                message->subject = text_subject(notice);
                make_discord(message, notice, body_template, &flags, faults);
        } else {
                message->subject = make_subject(notice, subject_template, &flags, faults);
                message->body = make_body(notice, body_template, &flags, faults);
        }
        *ret_flags = flags;
        return message;
}

/* The text that a notice was made with: it outlives an edit of the alert. A test's is the alert's own. */
static const char *find_template(const Value *value, const char *hash, const char *of_alert) {
        const TemplateText *template = is_set(hash) ? value_object(value, RECORD_TEMPLATE, hash) : NULL;

        if (!is_set(hash))
                return NULL;
        return template ? template->text : of_alert;
}

int message_render(
                const Value *value,
                const Notice *notice,
                Message **ret,
                unsigned *ret_flags,
                GPtrArray *faults) {
        const Alert *alert;

        assert(value);
        assert(notice);
        assert(ret);
        assert(ret_flags);

        alert = value_object(value, RECORD_ALERT, notice->alert_id);
        if (!alert)
                return -ENOENT;

        *ret = message_make(
                        alert->type,
                        notice,
                        value_meta(value) ? value_meta(value)->cluster_id : NULL,
                        find_template(value, notice->subject_template_hash, alert->subject_template),
                        find_template(value, notice->body_template_hash, alert->body_template),
                        ret_flags,
                        faults);
        return 0;
}
