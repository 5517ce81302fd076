/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/delegation.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "manager/credentials.h"
#include "manager/internal.h"
#include "probes/detail.h"
#include "transport/transport.h"
#include "wire/codec.h"

/* until the last bytes leave; the answer has ANSWER_USEC more */
#define WITHIN_USEC (MAIL_DEADLINE_USEC + 5 * USEC_PER_SEC)
#define ANSWER_USEC (5 * USEC_PER_SEC)

struct Delegation {
        send_done_t done; /* NULL: cancelled */
        void *userdata;
};

static void on_answer(void *userdata, int error, const char *result, const char *text) {
        _cleanup_(delegate_result_freep) DelegateResult *decoded = NULL;
        Delegation *delegation = userdata;
        g_autofree char *answer = NULL, *sentence = NULL;
        SendOutcome outcome = { .result = SEND_UNKNOWN };

        if (error == -EREMOTE) {
                /* it refused before it began */
                outcome.result = SEND_RETRY;
                sentence = g_strdup_printf("the node that was to send it did not: %s", text);
        } else if (error < 0)
                sentence = g_strdup_printf("the node that was to send it gave no answer: %s", text);
        else if (codec_decode(&delegate_result_type, result, strlen(result), (void **) &decoded, NULL) < 0)
                sentence = g_strdup("the node that was to send it gave an answer that was not understood");
        else {
                outcome.result = (SendResult) decoded->result;
                outcome.retry_after_usec = MIN(decoded->retry_after, RETRY_AFTER_MAX_USEC);
                sentence = g_strdup(decoded->answer ?: "");
        }
        outcome.answer = answer = detail_clean(sentence, strlen(sentence));
        if (delegation->done)
                delegation->done(delegation->userdata, &outcome);
        g_free(delegation);
}

int delegation_start(
                Manager *m,
                const char *node_id,
                DelegateParams *params,
                send_done_t done,
                void *userdata,
                Delegation **ret) {
        g_autofree char *text = NULL;
        Delegation *delegation;
        int r;

        assert(m);
        assert(done);
        assert(ret);

        params->within = WITHIN_USEC;
        text = codec_encode_text(&delegate_params_type, params);
        delegation = g_new0(Delegation, 1);
        delegation->done = done;
        delegation->userdata = userdata;
        r =
                        transport_call(m->transport,
                                       node_id,
                                       METHOD_DELEGATE,
                                       text,
                                       /* urgent= */ false,
                                       now_boottime() + WITHIN_USEC + ANSWER_USEC,
                                       on_answer,
                                       delegation);
        if (r < 0) {
                g_free(delegation);
                return r;
        }
        *ret = delegation;
        return 0;
}

Delegation *delegation_cancel(Delegation *delegation) {
        if (delegation)
                delegation->done = NULL; /* the transport has it until the answer comes */
        return NULL;
}
