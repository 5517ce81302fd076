/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/question.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#define HEADER_BYTES 12
#define LABEL_MAX_BYTES 63

static int parse_name(const uint8_t *p, size_t n, char name[static 256]) {
        size_t at = 0, length = 0;

        for (;;) {
                size_t label;

                if (at >= n)
                        return -EBADMSG;
                label = p[at++];
                if (label == 0)
                        break;
                /* a compressed name (RFC 1035 section 4.1.4) has nothing before it to point to */
                if (label > LABEL_MAX_BYTES || at + label > n || length + label + 1 >= 256)
                        return -EBADMSG;
                if (length > 0)
                        name[length++] = '.';
                for (size_t i = 0; i < label; i++)
                        name[length++] = g_ascii_tolower((char) p[at + i]);
                at += label;
        }
        name[length] = 0;
        return 0;
}

int question_parse(const uint8_t *packet, size_t n, Question *ret) {
        Question question = {};
        int r;

        assert(packet || n == 0);
        assert(ret);

        if (n < HEADER_BYTES || !(packet[2] & 0x80) || (packet[4] == 0 && packet[5] == 0))
                return -EBADMSG;

        r = parse_name(packet + HEADER_BYTES, n - HEADER_BYTES, question.name);
        if (r < 0)
                return r;
        question.rcode = packet[3] & 0x0f;
        *ret = question;
        return 0;
}

bool question_is_for(const Question *question, const char *host) {
        size_t n = strlen(host);

        if (n > 0 && host[n - 1] == '.')
                n--;
        return g_ascii_strncasecmp(question->name, host, n) == 0 &&
               (question->name[n] == 0 || question->name[n] == '.');
}

unsigned question_hash(const char *name) {
        unsigned hash = 5381;
        size_t n = strlen(name);

        if (n > 0 && name[n - 1] == '.')
                n--;
        for (size_t i = 0; i < n; i++)
                hash = hash * 33 + (unsigned char) g_ascii_tolower(name[i]);
        return hash;
}
