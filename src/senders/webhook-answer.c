/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/webhook-answer.h"

#include <assert.h>
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "senders/retry-after.h"
#include "wire/codec.h"

/* {"message": "…", "retry_after": 0.5}: what Discord says about a refusal; NULL: it is not that. */
static JsonObject *parse_body(const WebhookAnswer *answer, JsonParser *parser) {
        JsonNode *root;

        if (json_guard(answer->body, answer->body_size, NULL) < 0 ||
            !json_parser_load_from_data(parser, answer->body, (gssize) answer->body_size, NULL))
                return NULL;
        root = json_parser_get_root(parser);
        return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
}

static JsonNode *value_member(JsonObject *object, const char *name) {
        JsonNode *member = object ? json_object_get_member(object, name) : NULL;

        return member && JSON_NODE_HOLDS_VALUE(member) ? member : NULL;
}

static usec_t asked_to_wait(const WebhookAnswer *answer, JsonObject *body, usec_t now_realtime_usec) {
        JsonNode *member = value_member(body, "retry_after");
        usec_t by_header = answer->retry_after
                                           ? retry_after_from_header(answer->retry_after, now_realtime_usec)
                                           : 0;
        usec_t by_body = member ? retry_after_from_seconds(json_node_get_double(member)) : 0;

        return MAX(by_header, by_body);
}

static SendResult result_of_status(unsigned status) {
        if (status >= 200 && status < 300)
                return SEND_DELIVERED;
        if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429)
                return SEND_REFUSED;
        return SEND_RETRY;
}

SendResult
webhook_judge(const WebhookAnswer *answer,
              usec_t now_realtime_usec,
              usec_t *ret_retry_after_usec,
              char **ret_words) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonObject *body;
        JsonNode *said;
        const char *detail, *phrase;

        assert(answer);
        assert(ret_retry_after_usec);
        assert(ret_words);

        body = parse_body(answer, parser);
        said = value_member(body, "message");
        detail = said ? json_node_get_string(said) : NULL;
        phrase = answer->phrase && *answer->phrase ? answer->phrase : soup_status_get_phrase(answer->status);

        *ret_retry_after_usec = asked_to_wait(answer, body, now_realtime_usec);
        *ret_words = g_strdup_printf(
                        "status %u %s%s%s", answer->status, phrase, detail ? ": " : "", detail ?: "");
        return result_of_status(answer->status);
}
