/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numeric constants of templates: what the text of one stands for (Go specification, "Integer literals" to
 * "Imaginary literals", with signs). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum NumberKind { NUMBER_INT, NUMBER_TOO_BIG, NUMBER_FLOAT, NUMBER_COMPLEX } NumberKind;

/* How Go reads it where nothing says what it should be, and, beside, whether it could be an integer. */
typedef struct Number {
        NumberKind kind; /* NUMBER_TOO_BIG: fits a uint64 but no int */
        bool is_int;     /* an integer is in `integer`, also for 1e3 */
        int64_t integer;
        double real, imaginary;
} Number;

typedef enum NumberFault {
        NUMBER_SYNTAX,         /* "illegal number syntax" */
        NUMBER_OVERFLOW,       /* "integer overflow" */
        NUMBER_COMPLEX_SYNTAX, /* "syntax error scanning complex number" */
        NUMBER_QUOTING,        /* "invalid syntax" */
        NUMBER_MALFORMED_CHARACTER
} NumberFault;

/* text: a token's; -EINVAL with *reterr otherwise */
int number_parse(const char *text, size_t n, Number *ret, NumberFault *reterr);
int number_parse_complex(const char *text, size_t n, Number *ret, NumberFault *reterr);   /* "1+2i" */
int number_parse_character(const char *text, size_t n, Number *ret, NumberFault *reterr); /* "'x'" */
