/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The inside of printer.h: one directive at work. */

#include "template/datum.h"

typedef struct Printer {
        GString *to;
        size_t max; /* bytes in `to`; nothing is added past it */
        bool is_full;

        /* of the directive */
        bool minus, plus, sharp, space, zero;
        bool plus_v, sharp_v; /* %+v and %#v, which are no plain + and # */
        bool has_width, has_precision;
        int width, precision;

        size_t n_steps;   /* that the work was worth, beside its bytes */
        Datum operand;    /* what an error form shows */
        bool is_erroring; /* within an error form: no String() */
} Printer;

/* plain appending */
void put(Printer *printer, const char *bytes, size_t n);
void put_text(Printer *printer, const char *text);

/* with the directive's width */
void put_padding(Printer *printer, int n);
void put_padded(Printer *printer, const char *bytes, size_t n);
void put_padded_with_blanks(Printer *printer, const char *bytes, size_t n); /* whatever the flag 0 says */

/* by verb; -EINVAL: the type does not have it */
int put_bool(Printer *printer, bool value, gunichar verb);
int put_integer(Printer *printer, uint64_t value, bool is_signed, gunichar verb);
int put_float(Printer *printer, double value, gunichar verb);
int put_complex(Printer *printer, double real, double imaginary, gunichar verb);
int put_string(Printer *printer, Bytes text, gunichar verb);
void put_pointer_number(Printer *printer, uint64_t value, bool leading_0x);
