/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every message of the wire: an envelope, and its params or result by the table that its method names. What
 * is decoded comes back from its own bytes as the same object; what is refused is refused with a sentence
 * and leaves nothing behind. */
#include "alerts/explanation.h"
#include "base/limits.h"
#include "cluster/message.h"
#include "manager/messages.h"
#include "promise.h"
#include "transport/hello.h"
#include "transport/join.h"
#include "verdict/messages.h"
#include "wire/codec.h"

static const struct {
        const char *method;
        const ObjectType *type;
} messages[] = {
        { REGISTER_METHOD_PING, &ping_type },
        { REGISTER_METHOD_PONG, &pong_type },
        { REGISTER_METHOD_VOTE, &vote_request_type },
        { REGISTER_METHOD_VOTED, &vote_answer_type },
        { REGISTER_METHOD_OFFER, &offer_type },
        { REGISTER_METHOD_HANDOVER, &handover_type },
        { REGISTER_METHOD_CHANGE, &forward_type },
        { REGISTER_METHOD_ANSWER, &forward_answer_type },
        { REGISTER_METHOD_HEARTBEAT, &heartbeat_type },
        { REGISTER_METHOD_FETCH, &fetch_type },
        { REGISTER_METHOD_VALUE, &offer_type },
        { REGISTER_METHOD_REMOVED, &removed_type },
        { METHOD_OBSERVE, &observe_params_type },
        { METHOD_ROUND, &round_params_type },
        { METHOD_VIEWS, &views_params_type },
        { METHOD_TEST_ALERT, &test_alert_params_type },
        { METHOD_TEST_CHECK, &test_check_params_type },
        { METHOD_EXPLAIN, &explain_params_type },
        { METHOD_TOLD, &told_params_type },
        { METHOD_CREDENTIALS, &credentials_held_type },
        { METHOD_DELEGATE, &delegate_params_type },
        { METHOD_HELLO, &hello_type },
        { METHOD_REFUSED, &refusal_type },
        { METHOD_JOIN_PROVE, &proof_type },
        { METHOD_JOIN_OFFER, &join_offer_type },
        { METHOD_JOIN_ADOPT, &join_offer_type },
};

/* of results, which name no method */
static const ObjectType *const results[] = {
        &join_state_type, &proof_type, &test_alert_result_type, &explanation_type, &delegate_result_type
};

/* of the decoder: places and numbers, nothing of what came in but names of fields */
#define SENTENCE_MAX 1024

static void *decode(const ObjectType *type, const char *bytes, size_t size) {
        char *error = NULL;
        void *object = NULL;
        int r = codec_decode(type, bytes, size, &object, &error);

        PROMISE((r < 0) == (error != NULL) && (r < 0) == (object == NULL));
        if (r < 0)
                promise_sentence(error, SENTENCE_MAX);
        g_free(error);
        return object;
}

/* decodes, and back */
static void try(const ObjectType *type, const char *bytes, size_t size) {
        g_autofree char *text = NULL, *again = NULL;
        void *object = decode(type, bytes, size), *copy, *back;

        if (!object)
                return;
        text = codec_encode_text(type, object);
        back = decode(type, text, strlen(text));
        PROMISE(back && object_equal(type, object, back));
        copy = object_copy(type, back);
        again = codec_encode_text(type, copy);
        PROMISE(strcmp(text, again) == 0);
        (void) object_free(type, object);
        (void) object_free(type, back);
        (void) object_free(type, copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *bytes = (const char *) data;
        _cleanup_(envelope_freep) Envelope *envelope = NULL;

        try(&envelope_type, bytes, size);
        envelope = decode(&envelope_type, bytes, size);
        if (!envelope)
                return 0;
        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++)
                if (g_strcmp0(envelope->method, messages[i].method) == 0 && envelope->params)
                        try(messages[i].type, envelope->params, strlen(envelope->params));
        for (size_t i = 0; i < G_N_ELEMENTS(results) && envelope->result; i++)
                try(results[i], envelope->result, strlen(envelope->result));
        return 0;
}
