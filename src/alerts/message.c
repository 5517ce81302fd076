/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/message.h"

#include <assert.h>
#include <json-glib/json-glib.h>

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
static char *make_message_id(const Value *value, const char *notice_id) {
        const ClusterMeta *meta = value_meta(value);
        g_autofree char *left = hash_of(notice_id, MESSAGE_ID_CHARS);
        g_autofree char *right = NULL;

        right = g_strdup(meta && is_set(meta->cluster_id) ? meta->cluster_id : "invalid");
        g_strcanon(right, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", '-');
        return g_strdup_printf("%s.quptime@%s", left, right);
}

static char *webhook_json(const char *content, const char *notice_id) {
        g_autofree char *nonce = hash_of(notice_id, NONCE_CHARS);
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonNode) root = NULL;

        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "content");
        json_builder_add_string_value(builder, content);
        json_builder_set_member_name(builder, "allowed_mentions");
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "parse");
        json_builder_begin_array(builder);
        json_builder_end_array(builder);
        json_builder_end_object(builder);
        json_builder_set_member_name(builder, "nonce");
        json_builder_add_string_value(builder, nonce);
        json_builder_set_member_name(builder, "enforce_nonce");
        json_builder_add_boolean_value(builder, TRUE);
        json_builder_end_object(builder);
        root = json_builder_get_root(builder);
        return json_to_string(root, /* pretty= */ FALSE);
}

int message_render(const Value *value, const Notice *notice, Message **ret, unsigned *ret_flags) {
        _cleanup_(message_freep) Message *message = NULL;
        const Alert *alert;
        unsigned flags = 0;

        assert(value);
        assert(notice);
        assert(ret);
        assert(ret_flags);

        alert = value_object(value, RECORD_ALERT, notice->alert_id);
        if (!alert)
                return -ENOENT;

        /* Here the template room will come in: the text of each hash, the notice's transition, and on any
         * error the default text for that field alone. */
        if (is_set(notice->subject_template_hash) && alert->type == ALERT_SMTP)
                flags |= MESSAGE_SUBJECT_FELL_BACK; /* Discord has no subject */
        if (is_set(notice->body_template_hash))
                flags |= MESSAGE_BODY_FELL_BACK;

        message = message_new();
        message->notice_id = g_strdup(notice->id);
        message->message_id = make_message_id(value, notice->id);
        message->date = notice->transition->when;
        message->subject = text_subject(notice);
        if (alert->type == ALERT_DISCORD) {
                message->body = text_discord(notice);
                message->content = webhook_json(message->body, notice->id);
        } else
                message->body = text_body(notice);

        *ret = TAKE_PTR(message);
        *ret_flags = flags;
        return 0;
}
