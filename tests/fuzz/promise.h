/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the targets promise themselves whatever comes in, and how they take an input apart. */

#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/noncharacter.h"
#include "fuzz.h"

#define PROMISE(condition)                                                                                  \
        do {                                                                                                \
                if (!(condition)) {                                                                         \
                        (void) fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);      \
                        abort();                                                                            \
                }                                                                                           \
        } while (0)

/* What a person is told of a refusal: there, UTF-8 (a bus daemon disconnects who sends anything else), and
 * no longer than `max`. */
static inline void promise_sentence(const char *text, size_t max) {
        PROMISE(text && *text);
        PROMISE(g_utf8_validate(text, -1, NULL) && !noncharacter_find(text, strlen(text)));
        PROMISE(strlen(text) <= max);
}

/* A stranger's words in a log or a mail: besides, one line without control characters. */
static inline void promise_clean(const char *text, size_t max) {
        PROMISE(text && g_utf8_validate(text, -1, NULL) && strlen(text) <= max);
        PROMISE(!noncharacter_find(text, strlen(text)));
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                PROMISE(!g_unichar_iscntrl(g_utf8_get_char(p)));
}

/* The part of an input that has not been taken yet. */
typedef struct Input {
        const char *p;
        size_t n;
} Input;

static inline Input input_of(const uint8_t *data, size_t size) {
        return (Input){ (const char *) data, size };
}

/* 0 when there is none left */
static inline uint8_t input_byte(Input *input) {
        if (input->n == 0)
                return 0;
        input->n--;
        return (uint8_t) *input->p++;
}

/* Up to the next of `end`, which is dropped, or all that is left; the caller frees. Holds no NUL. */
static inline char *input_text(Input *input, char end) {
        const char *stop = input->n > 0 ? memchr(input->p, end, input->n) : NULL;
        size_t n = stop ? (size_t) (stop - input->p) : input->n;
        char *text = g_strndup(input->p, n);

        input->p += n + (stop != NULL);
        input->n -= n + (stop != NULL);
        return text;
}

static inline char *input_line(Input *input) {
        return input_text(input, '\n');
}
