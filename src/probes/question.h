/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* As much of a DNS answer as tells who was asked for and how it went: header and first question, RFC 1035
 * section 4.1. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 1035 section 4.1.1, RCODE */
#define QUESTION_NOERROR 0
#define QUESTION_SERVFAIL 2
#define QUESTION_NXDOMAIN 3

typedef struct Question {
        char name[256]; /* labels with dots between, lower case, without the last dot */
        unsigned rcode;
} Question;

/* -EBADMSG: not an answer, or cut off */
int question_parse(const uint8_t *packet, size_t n, Question *ret);
/* whether host, or host with a search domain behind it, was asked for */
bool question_is_for(const Question *question, const char *host);
/* of a name, whatever its case */
unsigned question_hash(const char *name);
