/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of a DNS answer that is read here rather than by c-ares: its first question. */
#include "probes/question.h"
#include "promise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Question question;

        memset(&question, 'x', sizeof(question));
        if (question_parse(data, size, &question) < 0) {
                PROMISE(question.name[0] == 'x'); /* all or nothing */
                return 0;
        }
        PROMISE(memchr(question.name, 0, sizeof(question.name)) && question.rcode < 16);
        for (const char *p = question.name; *p; p++)
                PROMISE(!g_ascii_isupper(*p));
        if (*question.name && !g_str_has_suffix(question.name, ".")) {
                PROMISE(question_is_for(&question, question.name));
                PROMISE(question_hash(question.name) == question_hash(question.name));
        }
        return 0;
}
