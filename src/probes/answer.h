/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a web server answers, as a probe judges it: status line, headers, and as much of the body as the text
 * it looks for may stand in. A function from bytes to a verdict, no I/O; the bytes come as libcurl hands
 * them over, header by header and the body in pieces, whatever the version of HTTP. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

typedef struct Answer Answer;

/* body_match: copied; "": none. expect_status: the one that makes the check ok. */
Answer *answer_new(uint64_t expect_status, const char *body_match);
Answer *answer_free(Answer *answer);
DEFINE_CLEANUP(Answer, answer_free);

/* steps; false: enough is known, or it is over a limit: what follows need not be read */
bool answer_header(Answer *answer, const char *line, size_t n); /* with its line end */
bool answer_body(Answer *answer, const char *piece, size_t n);

typedef enum AnswerVerdict {
        ANSWER_OK,
        ANSWER_FAILED,     /* *ret_detail: why */
        ANSWER_REDIRECTED, /* *ret_detail: to where, as the server wrote it */
        ANSWER_BROKEN      /* it ended too early: how is the transport's to say */
} AnswerVerdict;

/* whole: the transfer came to its end. *ret_detail: the caller frees; "" where there is nothing to say. */
AnswerVerdict answer_judge(const Answer *answer, bool whole, char **ret_detail);
