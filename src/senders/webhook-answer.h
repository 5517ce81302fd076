/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a webhook's answer means (RFC 9110; Discord's JSON about a refusal), as a function from what came
 * back. No I/O. */

#include "senders/sender.h"

typedef struct WebhookAnswer {
        unsigned status;
        const char *phrase;      /* NULL or "": HTTP/2 has none */
        const char *retry_after; /* the header; NULL: none */
        const char *body;        /* at most RELAY_ANSWER_MAX_BYTES of it */
        size_t body_size;
} WebhookAnswer;

/* *ret_words: what to tell people, not yet cleaned and with whatever secrets the server repeats; the caller
 * frees. *ret_retry_after_usec: 0: it named no time. */
SendResult
webhook_judge(const WebhookAnswer *answer,
              usec_t now_realtime_usec,
              usec_t *ret_retry_after_usec,
              char **ret_words);
