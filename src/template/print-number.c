/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "template/float.h"
#include "template/printing.h"
#include "template/quote.h"
#include "template/rune.h"

/* Integers, code points, floating-point and complex numbers. */

enum {
        FLOAT_STEPS = 50, /* the shortest digits are found by trying */
        INTEGER_DIGITS = 64,
        PREFIX = 3,      /* a sign and "0x" */
        SHARP_DIGITS = 6 /* that %#g shows */
};

/* ---- integers ---- */

/* Zeros in front, from %.3d or %03d; the precision wins. */
static int leading_digits(const Printer *printer, bool is_negative) {
        if (printer->has_precision)
                return printer->precision;
        if (!printer->zero || printer->minus || !printer->has_width)
                return 0;
        return printer->width - (is_negative || printer->plus || printer->space);
}

/* digits: 16 of them and the letter of "0x" */
static void
put_in_base(Printer *printer,
            uint64_t value,
            unsigned base,
            bool is_signed,
            gunichar verb,
            const char *digits) {
        bool is_negative = is_signed && (int64_t) value < 0;
        int n_least = leading_digits(printer, is_negative);
        size_t size = INTEGER_DIGITS + PREFIX + 2 + (size_t) MAX(n_least, 0), i = size;
        g_autofree char *allocated = size > 256 ? g_malloc(size) : NULL;
        char local[256], *buffer = allocated ?: local;

        if (is_negative)
                value = -value;
        if (printer->has_precision && printer->precision == 0 && value == 0) {
                put_padded_with_blanks(printer, "", 0);
                return;
        }

        do {
                buffer[--i] = digits[value % base];
                value /= base;
        } while (value > 0);
        while (n_least > (int) (size - i))
                buffer[--i] = '0';

        if (printer->sharp && base == 2) {
                buffer[--i] = 'b';
                buffer[--i] = '0';
        } else if (printer->sharp && base == 8 && buffer[i] != '0')
                buffer[--i] = '0';
        else if (printer->sharp && base == 16) {
                buffer[--i] = digits[16];
                buffer[--i] = '0';
        }
        if (verb == 'O') {
                buffer[--i] = 'o';
                buffer[--i] = '0';
        }
        if (is_negative)
                buffer[--i] = '-';
        else if (printer->plus || printer->space)
                buffer[--i] = printer->plus ? '+' : ' ';
        put_padded_with_blanks(printer, buffer + i, size - i);
}

void put_pointer_number(Printer *printer, uint64_t value, bool leading_0x) {
        bool sharp = printer->sharp;

        printer->sharp = leading_0x;
        put_in_base(printer, value, 16, /* is_signed= */ false, 'v', "0123456789abcdefx");
        printer->sharp = sharp;
}

static gunichar to_rune(uint64_t value) {
        return value > RUNE_MAX ? RUNE_ERROR : (gunichar) value;
}

static void put_rune_padded(Printer *printer, uint64_t value) {
        char bytes[4];

        put_padded(printer, bytes, rune_encode(to_rune(value), bytes));
}

static void put_rune_quoted(Printer *printer, uint64_t value) {
        g_autoptr(GString) quoted = g_string_new(NULL);

        quote_append_rune(quoted, to_rune(value), printer->plus);
        put_padded(printer, quoted->str, quoted->len);
}

/* U+0041, and with # 'A' besides */
static void put_unicode(Printer *printer, uint64_t value) {
        g_autoptr(GString) text = g_string_new("U+");
        char digits[24];
        int n = g_snprintf(digits, sizeof(digits), "%04" G_GINT64_MODIFIER "X", value);

        if (printer->has_precision)
                for (int i = n; i < printer->precision; i++)
                        g_string_append_c(text, '0');
        g_string_append(text, digits);
        if (printer->sharp && value <= RUNE_MAX && rune_is_printable((gunichar) value)) {
                char bytes[4];

                g_string_append(text, " '");
                g_string_append_len(text, bytes, (gssize) rune_encode((gunichar) value, bytes));
                g_string_append_c(text, '\'');
        }
        put_padded_with_blanks(printer, text->str, text->len);
}

int put_integer(Printer *printer, uint64_t value, bool is_signed, gunichar verb) {
        const char *lower = "0123456789abcdefx", *upper = "0123456789ABCDEFX";

        switch (verb) {
        case 'v':
                if (printer->sharp_v && !is_signed)
                        put_pointer_number(printer, value, /* leading_0x= */ true);
                else
                        put_in_base(printer, value, 10, is_signed, verb, lower);
                return 0;
        case 'd':
                put_in_base(printer, value, 10, is_signed, verb, lower);
                return 0;
        case 'b':
                put_in_base(printer, value, 2, is_signed, verb, lower);
                return 0;
        case 'o':
        case 'O':
                put_in_base(printer, value, 8, is_signed, verb, lower);
                return 0;
        case 'x':
                put_in_base(printer, value, 16, is_signed, verb, lower);
                return 0;
        case 'X':
                put_in_base(printer, value, 16, is_signed, verb, upper);
                return 0;
        case 'c':
                put_rune_padded(printer, value);
                return 0;
        case 'q':
                put_rune_quoted(printer, value);
                return 0;
        case 'U':
                put_unicode(printer, value);
                return 0;
        default:
                return -EINVAL;
        }
}

/* ---- floating-point numbers ---- */

/* %#: a decimal point always, and with %g and %x zeros up to so many digits (-1: of the other verbs) */
static void make_sharp(GString *number, int n_digits) {
        g_autofree char *tail = NULL;
        bool is_hexadecimal = strstr(number->str, "0x") || strstr(number->str, "0X");
        bool has_point = false, saw_digit = false;
        size_t end = strcspn(number->str, is_hexadecimal ? "pP" : "eEpP");

        tail = g_strdup(number->str + end);
        g_string_truncate(number, end);
        for (size_t i = 1; i < number->len; i++) {
                if (number->str[i] == '.') {
                        has_point = true;
                        continue;
                }
                if (number->str[i] != '0')
                        saw_digit = true;
                if (saw_digit)
                        n_digits--;
        }
        if (!has_point) {
                if (number->len == 2 && number->str[1] == '0')
                        n_digits--; /* a single 0 counts */
                g_string_append_c(number, '.');
        }
        for (; n_digits > 0; n_digits--)
                g_string_append_c(number, '0');
        g_string_append(number, tail);
}

/* The sign goes before zeros that pad. */
static void put_signed(Printer *printer, const GString *number) {
        if (!printer->plus && number->str[0] == '+') {
                put_padded(printer, number->str + 1, number->len - 1);
                return;
        }
        if (printer->zero && !printer->minus && printer->has_width &&
            (size_t) printer->width > number->len) {
                put(printer, number->str, 1);
                put_padding(printer, printer->width - (int) number->len);
                put(printer, number->str + 1, number->len - 1);
                return;
        }
        put_padded(printer, number->str, number->len);
}

static void put_float_as(Printer *printer, double value, gunichar verb, char format, int precision) {
        g_autoptr(GString) number = g_string_new(NULL);

        printer->n_steps += FLOAT_STEPS;
        if (printer->has_precision)
                precision = printer->precision;
        float_append(number, value, format, precision);
        if (number->str[0] != '-' && number->str[0] != '+')
                g_string_prepend_c(number, '+');
        if (printer->space && number->str[0] == '+' && !printer->plus)
                number->str[0] = ' ';

        if (number->str[1] == 'I' || number->str[1] == 'N') {
                bool hides_sign = number->str[1] == 'N' && !printer->space && !printer->plus;

                put_padded_with_blanks(printer, number->str + hides_sign, number->len - hides_sign);
                return;
        }
        if (printer->sharp && format != 'b') {
                bool pads = verb == 'v' || verb == 'g' || verb == 'G' || verb == 'x';

                make_sharp(number, !pads ? 0 : precision == -1 ? SHARP_DIGITS : precision);
        }
        put_signed(printer, number);
}

int put_float(Printer *printer, double value, gunichar verb) {
        switch (verb) {
        case 'v':
                put_float_as(printer, value, 'g', 'g', -1);
                return 0;
        case 'b':
        case 'g':
        case 'G':
        case 'x':
        case 'X':
                put_float_as(printer, value, verb, (char) verb, -1);
                return 0;
        case 'f':
        case 'e':
        case 'E':
                put_float_as(printer, value, verb, (char) verb, 6);
                return 0;
        case 'F':
                put_float_as(printer, value, 'f', 'f', 6);
                return 0;
        default:
                return -EINVAL;
        }
}

int put_complex(Printer *printer, double real, double imaginary, gunichar verb) {
        bool plus = printer->plus;

        if (verb >= 0x80 || !strchr("vbgGxXfFeE", (int) verb) || verb == 0)
                return -EINVAL;
        put(printer, "(", 1);
        (void) put_float(printer, real, verb);
        printer->plus = true;
        (void) put_float(printer, imaginary, verb);
        put(printer, "i)", 2);
        printer->plus = plus;
        return 0;
}
