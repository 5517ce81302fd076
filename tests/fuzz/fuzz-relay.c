/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mail relay and a webhook's server send. The first byte says which: `w` a webhook's answer (status,
 * phrase and Retry-After a line each, then the body), else the size of the pieces in which a relay's replies
 * come. Secrets that they repeat are in no word of what people are told. */
#include "base/limits.h"
#include "promise.h"
#include "senders/dialogue.h"
#include "senders/redact.h"
#include "senders/relay-reply.h"
#include "senders/webhook-answer.h"

#define PASSWORD "hunter2-secret"
#define TOKEN "t0ken-of-the-hook"
#define LOGIN "aHVudGVyMi1zZWNyZXQ=" /* base64 of the password */

/* as a sender tells it: without secrets, then cleaned */
static void check_told(const char *words) {
        static const Alert alert = {
                .type = ALERT_SMTP,
                .smtp_user = (char *) "user",
                .smtp_password = (char *) PASSWORD,
                .discord_webhook = (char *) "https://example.org/api/webhooks/1/" TOKEN,
        };
        g_autofree char *clean = redact_answer(&alert, words);

        promise_clean(clean, DETAIL_MAX_BYTES);
        PROMISE(!strstr(clean, PASSWORD) && !strstr(clean, TOKEN) && !strstr(clean, LOGIN));
}

static void try_webhook(Input *input) {
        g_autofree char *status = input_line(input), *phrase = input_line(input),
                        *retry_after = input_line(input), *words = NULL;
        const WebhookAnswer answer = {
                .status = (unsigned) g_ascii_strtoull(status, NULL, 10) % 1000,
                .phrase = phrase,
                .retry_after = *retry_after ? retry_after : NULL,
                .body = input->p,
                .body_size = MIN(input->n, RELAY_ANSWER_MAX_BYTES),
        };
        usec_t wait = USEC_INFINITY;
        SendResult result = webhook_judge(&answer, 1700000000 * USEC_PER_SEC, &wait, &words);

        PROMISE(wait <= RETRY_AFTER_MAX_USEC);
        PROMISE((result == SEND_DELIVERED) == (answer.status / 100 == 2));
        PROMISE(result != SEND_UNKNOWN);
        PROMISE(result != SEND_REFUSED || answer.status / 100 == 4);
        PROMISE(words && *words);
        check_told(words);
}

static void try_replies(Input input) {
        _cleanup_(relay_reply_freep) RelayReply *reply = relay_reply_new();

        while (input.n > 0) {
                const char *end = memchr(input.p, '\n', input.n);
                size_t n = end ? (size_t) (end - input.p) + 1 : input.n;
                unsigned code;

                relay_reply_line(reply, input.p, n);
                code = relay_reply_code(reply);
                PROMISE(code < 1000 && strlen(relay_reply_text(reply)) <= RELAY_ANSWER_MAX_BYTES);
                input.p += n;
                input.n -= n;
        }
        check_told(relay_reply_text(reply));
}

/* what is sent goes out at once; returns the code of the reply that decided, 0: none did */
static unsigned talk(Input input, size_t portion) {
        _cleanup_(dialogue_freep) Dialogue *dialogue =
                        dialogue_new("q@example.org", "ops@example.org", "Subject: x\r\n\r\n.\r\nbody\r\n");
        unsigned n_left = 0;

        for (;;) {
                size_t n;

                for (;;) {
                        bool leaves = dialogue_wants_leave(dialogue);
                        const char *out = dialogue_output(dialogue, &n);

                        if (n == 0)
                                break;
                        n_left += leaves;
                        /* nothing that comes in makes a command */
                        PROMISE(memchr(out, '\n', n));
                        dialogue_sent(dialogue, n);
                }
                if (dialogue_is_over(dialogue) || input.n == 0)
                        break;
                n = MIN(portion, input.n);
                if (dialogue_feed(dialogue, input.p, n) < 0)
                        return 0;
                input.p += n;
                input.n -= n;
        }
        PROMISE(n_left <= 2); /* the message, and its dot */
        if (!dialogue_is_over(dialogue))
                return 0;
        PROMISE(dialogue_code(dialogue) >= 200 && dialogue_code(dialogue) < 600);
        /* taken only after the dot has left */
        PROMISE(dialogue_code(dialogue) >= 400 || n_left == 2);
        check_told(dialogue_reply(dialogue));
        return dialogue_code(dialogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        uint8_t first = input_byte(&input);

        if (first == 'w') {
                try_webhook(&input);
                return 0;
        }
        try_replies(input);
        (void) talk(input, SIZE_MAX);
        (void) talk(input, first + 1u);
        return 0;
}
