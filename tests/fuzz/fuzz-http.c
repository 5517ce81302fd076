/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a web server sends to a probe. The first line is what is expected: a status, a blank, the text to
 * look for; the second the URL that was asked for; then the headers, a line each as libcurl hands them over,
 * and after the empty one the body. The first byte of the input is the size of the body's pieces. */
#include "base/limits.h"
#include "probes/answer.h"
#include "probes/detail.h"
#include "probes/hop.h"
#include "promise.h"

static void check_hop(const Hop *hop) {
        char *url = NULL;

        PROMISE(hop->host && *hop->host && hop->port > 0);
        PROMISE(g_str_is_ascii(hop->host) || strchr(hop->host, '%'));
        PROMISE(!strpbrk(hop->host, " \t\r\n/@[]"));
        /* no message can show the password */
        if (curl_url_get(hop->url, CURLUPART_URL, &url, 0) == CURLUE_OK) {
                g_autofree char *authority = g_strdup(strstr(url, "://") + 3);

                authority[strcspn(authority, "/?#")] = 0;
                PROMISE(!strchr(authority, '@'));
        }
        curl_free(url);
}

static void follow(const char *from, const char *location) {
        _cleanup_(hop_freep) Hop *hop = NULL, *next = NULL;
        const char *phrase = NULL;

        if (hop_new(from, &hop) < 0)
                return;
        check_hop(hop);
        if (hop_follow(hop, location, &next, &phrase) < 0) {
                promise_sentence(phrase, 128);
                return;
        }
        check_hop(next);
        /* a password goes nowhere else */
        if (hop->password && next->password && strcmp(hop->password, next->password) == 0 &&
            !strstr(location, "@") && !strstr(location, "%40"))
                PROMISE(hop->tls == next->tls && hop->port == next->port &&
                        g_ascii_strcasecmp(hop->host, next->host) == 0);
}

static AnswerVerdict judge(const Answer *answer, bool whole, const char *from) {
        g_autofree char *detail = NULL, *clean = NULL;
        AnswerVerdict verdict = answer_judge(answer, whole, &detail);

        switch (verdict) {
        case ANSWER_FAILED:
                PROMISE(detail && *detail);
                clean = detail_clean(detail, strlen(detail));
                promise_clean(clean, DETAIL_MAX_BYTES);
                break;
        case ANSWER_REDIRECTED:
                PROMISE(detail && *detail);
                follow(from, detail);
                break;
        default:
                PROMISE(!detail);
        }
        return verdict;
}

/* in one piece and in many: the same */
static AnswerVerdict
receive(Input input, uint64_t expect_status, const char *match, const char *from, size_t portion) {
        _cleanup_(answer_freep) Answer *answer = answer_new(expect_status, match);
        bool more = true;

        (void) judge(answer, false, from);
        while (more && input.n > 0) {
                const char *end = memchr(input.p, '\n', input.n);
                size_t n = end ? (size_t) (end - input.p) + 1 : input.n;
                bool blank = n == 1 || (n == 2 && *input.p == '\r');

                more = answer_header(answer, input.p, n);
                input.p += n;
                input.n -= n;
                if (blank)
                        break;
        }
        while (more && input.n > 0) {
                size_t n = MIN(portion, input.n);

                more = answer_body(answer, input.p, n);
                input.p += n;
                input.n -= n;
        }
        (void) judge(answer, false, from);
        return judge(answer, true, from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        size_t portion = input_byte(&input) + 1u;
        g_autofree char *expected = input_text(&input, ' '), *match = input_line(&input),
                        *from = input_line(&input);
        uint64_t status = g_ascii_strtoull(expected, NULL, 10);

        follow(from, match);
        PROMISE(receive(input, status, match, from, portion) ==
                receive(input, status, match, from, SIZE_MAX));
        return 0;
}
