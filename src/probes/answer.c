/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/answer.h"

#include <assert.h>
#include <glib.h>
#include <libsoup/soup.h>
#include <string.h>

#include "base/limits.h"
#include "probes/match.h"

struct Answer {
        uint64_t expect_status;
        unsigned status; /* 0: none that HTTP has */
        char *reason;
        char *location;
        size_t head_bytes;
        bool head_done;
        bool too_large;
        size_t body_bytes;
        Match *match;
        bool found;
};

Answer *answer_new(uint64_t expect_status, const char *body_match) {
        Answer *answer = g_new0(Answer, 1);

        assert(body_match);

        answer->expect_status = expect_status;
        answer->match = *body_match ? match_new(body_match) : NULL;
        return answer;
}

Answer *answer_free(Answer *answer) {
        if (!answer)
                return NULL;
        g_free(answer->reason);
        g_free(answer->location);
        (void) match_free(answer->match);
        g_free(answer);
        return NULL;
}

/* ---- the head ---- */

/* "HTTP/1.1 503 Service Unavailable", RFC 9112 section 4: three digits, a blank, maybe a reason */
static void parse_status_line(Answer *answer, const char *line, size_t n) {
        g_autofree char *text = g_strndup(line, n);
        const char *p = strchr(text, ' ');

        g_clear_pointer(&answer->reason, g_free);
        answer->status = 0;
        if (!p || !g_ascii_isdigit(p[1]) || !g_ascii_isdigit(p[2]) || !g_ascii_isdigit(p[3]) ||
            g_ascii_isdigit(p[4]))
                return;
        answer->status = (unsigned) (p[1] - '0') * 100 + (unsigned) (p[2] - '0') * 10 +
                         (unsigned) (p[3] - '0');
        if (p[4] == ' ')
                answer->reason = g_strchomp(g_strdup(p + 5));
}

static void note_location(Answer *answer, const char *line, size_t n) {
        static const char name[] = "location:";

        if (n < sizeof(name) || g_ascii_strncasecmp(line, name, sizeof(name) - 1) != 0)
                return;
        g_free(answer->location);
        answer->location = g_strstrip(g_strndup(line + sizeof(name) - 1, n - (sizeof(name) - 1)));
}

static bool is_expected(const Answer *answer) {
        return answer->status == answer->expect_status;
}

static bool is_blank(const char *line, size_t n) {
        return n == 0 || (n == 1 && line[0] == '\n') || (n == 2 && line[0] == '\r' && line[1] == '\n');
}

bool answer_header(Answer *answer, const char *line, size_t n) {
        assert(answer);
        assert(line || n == 0);

        if (answer->head_done) /* trailers */
                return true;
        answer->head_bytes += n;
        if (answer->head_bytes > ANSWER_HEAD_MAX_BYTES) {
                answer->too_large = true;
                return false;
        }
        if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
                parse_status_line(answer, line, n);
                return true;
        }
        note_location(answer, line, n);
        /* 1xx: the real answer follows, RFC 9110 section 15.2 */
        if (!is_blank(line, n) || (answer->status >= 100 && answer->status < 200))
                return true;

        answer->head_done = true;
        return answer->match && is_expected(answer);
}

/* ---- the body ---- */

bool answer_body(Answer *answer, const char *piece, size_t n) {
        size_t window;

        assert(answer);

        if (!answer->match)
                return false;
        window = MIN(n, BODY_MATCH_WINDOW_BYTES - answer->body_bytes);
        answer->body_bytes += window;
        answer->found = match_feed(answer->match, piece, window);
        return !answer->found && answer->body_bytes < BODY_MATCH_WINDOW_BYTES;
}

/* ---- the verdict ---- */

static bool is_redirect(unsigned status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static char *status_words(const Answer *answer) {
        /* HTTP/2 has no reason phrases (RFC 9113 section 8.3.1): the usual words stand in */
        const char *usual = soup_status_get_phrase(answer->status);
        const char *reason = answer->reason && *answer->reason ? answer->reason : usual;

        return g_strchomp(g_strdup_printf("status %u %s", answer->status, reason));
}

AnswerVerdict answer_judge(const Answer *answer, bool whole, char **ret_detail) {
        assert(answer);
        assert(ret_detail);

        *ret_detail = NULL;
        if (answer->too_large) {
                *ret_detail = g_strdup("headers are too large");
                return ANSWER_FAILED;
        }
        if (!answer->head_done)
                return ANSWER_BROKEN;
        if (!is_expected(answer)) {
                if (is_redirect(answer->status) && answer->location && *answer->location) {
                        *ret_detail = g_strdup(answer->location);
                        return ANSWER_REDIRECTED;
                }
                *ret_detail = status_words(answer);
                return ANSWER_FAILED;
        }

        if (!answer->match || answer->found)
                return ANSWER_OK;
        if (!whole && answer->body_bytes < BODY_MATCH_WINDOW_BYTES)
                return ANSWER_BROKEN;
        *ret_detail = g_strdup("body match miss");
        return ANSWER_FAILED;
}
