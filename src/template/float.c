/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/float.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
        MANTISSA_BITS = 52,
        EXPONENT_BIAS = 1023,
        DIGITS_MAX = 800, /* no float64 has more significant decimal digits; behind them are zeros */
        BUFFER = DIGITS_MAX + 400,
        EXACT_PLACES = 1100 /* nor more of them behind the point */
};

/* 0.DIGITS x 10^point, without trailing zeros; of 0 there are no digits */
typedef struct Decimal {
        char digits[BUFFER];
        int n, point;
} Decimal;

/* ---- decimal digits ---- */

/* n significant digits, rounded to nearest, ties to even: what printf does with the exact value */
static void to_digits(double value, int n, Decimal *ret) {
        char text[BUFFER], format[16];
        char *exponent;

        (void) g_snprintf(format, sizeof(format), "%%.%de", n - 1);
        (void) g_ascii_formatd(text, sizeof(text), format, value);
        exponent = strchr(text, 'e');
        assert(exponent);

        ret->point = (int) g_ascii_strtoll(exponent + 1, NULL, 10) + 1;
        ret->n = 0;
        for (const char *p = text; p < exponent; p++)
                if (g_ascii_isdigit(*p))
                        ret->digits[ret->n++] = *p;
        while (ret->n > 0 && ret->digits[ret->n - 1] == '0')
                ret->n--;
        if (ret->n == 0)
                ret->point = 0;
}

static double from_digits(const Decimal *decimal) {
        char text[BUFFER + 16];

        (void) g_snprintf(text, sizeof(text), "0.%.*se%d", decimal->n, decimal->digits, decimal->point);
        return g_ascii_strtod(text, NULL);
}

/* The next larger one of as many digits: of use just above a power of two, where the numbers below lie
 * closer than those above. */
static void step_up(Decimal *decimal, int n) {
        while (decimal->n < n)
                decimal->digits[decimal->n++] = '0';
        while (decimal->n > 0 && decimal->digits[decimal->n - 1] == '9')
                decimal->n--;
        if (decimal->n > 0)
                decimal->digits[decimal->n - 1]++;
        else {
                decimal->digits[decimal->n++] = '1';
                decimal->point++;
        }
}

static void to_shortest(double value, Decimal *ret) {
        for (int n = 1; n <= 17; n++) {
                to_digits(value, n, ret);
                if (from_digits(ret) == value)
                        return;
                step_up(ret, n);
                if (from_digits(ret) == value)
                        return;
        }
        assert(false);
}

/* ---- decimal forms ---- */

static void append_zeros(GString *to, int n) {
        for (; n > 0; n--)
                g_string_append_c(to, '0');
}

static void append_exponential(GString *to, const Decimal *decimal, int precision, char letter) {
        int exponent = decimal->n > 0 ? decimal->point - 1 : 0, n_more = MIN(decimal->n - 1, precision);

        g_string_append_c(to, decimal->n > 0 ? decimal->digits[0] : '0');
        if (precision > 0) {
                g_string_append_c(to, '.');
                if (n_more > 0)
                        g_string_append_len(to, decimal->digits + 1, n_more);
                append_zeros(to, precision - MAX(n_more, 0));
        }
        g_string_append_printf(to, "%c%c%02d", letter, exponent < 0 ? '-' : '+', ABS(exponent));
}

static void append_plain(GString *to, const Decimal *decimal, int precision) {
        int n_whole = CLAMP(decimal->point, 0, decimal->n);

        if (decimal->point > 0) {
                g_string_append_len(to, decimal->digits, n_whole);
                append_zeros(to, decimal->point - n_whole);
        } else
                g_string_append_c(to, '0');
        if (precision <= 0)
                return;
        g_string_append_c(to, '.');
        for (int i = 0; i < precision; i++) {
                int at = decimal->point + i;

                g_string_append_c(to, at >= 0 && at < decimal->n ? decimal->digits[at] : '0');
        }
}

static void append_fixed(GString *to, double value, int precision) {
        char text[BUFFER + EXACT_PLACES], format[16];

        (void) g_snprintf(format, sizeof(format), "%%.%df", MIN(precision, EXACT_PLACES));
        g_string_append(to, g_ascii_formatd(text, sizeof(text), format, value));
        append_zeros(to, precision - EXACT_PLACES);
}

static void append_general(GString *to, double value, char format, int precision) {
        bool is_shortest = precision < 0;
        Decimal decimal;
        int n_significant;

        if (is_shortest)
                to_shortest(value, &decimal);
        else
                to_digits(value, CLAMP(precision, 1, DIGITS_MAX), &decimal);

        n_significant = is_shortest ? 6 : MAX(precision, 1);
        if (!is_shortest && n_significant > decimal.n && decimal.n >= decimal.point)
                n_significant = decimal.n;
        if (decimal.point - 1 < -4 || decimal.point - 1 >= n_significant)
                append_exponential(to, &decimal, decimal.n - 1, format == 'g' ? 'e' : 'E');
        else
                append_plain(to, &decimal, MAX(decimal.n - decimal.point, 0));
}

static void append_decimal(GString *to, double value, char format, int precision) {
        Decimal decimal;

        if (format == 'g' || format == 'G') {
                append_general(to, value, format, precision);
                return;
        }
        if (format == 'f' && precision >= 0) {
                append_fixed(to, value, precision);
                return;
        }
        if (precision < 0)
                to_shortest(value, &decimal);
        else
                to_digits(value, MIN(precision + 1, DIGITS_MAX), &decimal);
        if (format == 'f')
                append_plain(to, &decimal, MAX(decimal.n - decimal.point, 0));
        else
                append_exponential(to, &decimal, precision < 0 ? MAX(decimal.n - 1, 0) : precision, format);
}

/* ---- binary forms ---- */

/* value = mantissa x 2^(exponent - MANTISSA_BITS) */
static void split(double value, uint64_t *ret_mantissa, int *ret_exponent) {
        uint64_t bits;

        memcpy(&bits, &value, sizeof(bits));
        *ret_exponent = (int) (bits >> MANTISSA_BITS & 0x7FF);
        *ret_mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
        if (*ret_exponent == 0)
                (*ret_exponent)++; /* denormal */
        else
                *ret_mantissa |= UINT64_C(1) << MANTISSA_BITS;
        *ret_exponent -= EXPONENT_BIAS;
}

static void append_binary(GString *to, double value) {
        uint64_t mantissa;
        int exponent;

        split(value, &mantissa, &exponent);
        exponent -= MANTISSA_BITS;
        g_string_append_printf(to, "%" G_GUINT64_FORMAT "p%+d", mantissa, exponent);
}

/* Rounds to n digits behind the point, ties to even; the leading 1 is bit 60. */
static uint64_t round_hexadecimal(uint64_t mantissa, int n, int *exponent) {
        unsigned n_cut = (unsigned) (60 - 4 * n);
        uint64_t half = UINT64_C(1) << (n_cut - 1), cut = mantissa & ((UINT64_C(1) << n_cut) - 1);

        mantissa >>= n_cut;
        if (cut > half || (cut == half && (mantissa & 1)))
                mantissa++;
        mantissa <<= n_cut;
        if (mantissa >> 61) {
                mantissa >>= 1;
                (*exponent)++;
        }
        return mantissa;
}

static void append_hexadecimal(GString *to, double value, char format, int precision) {
        const char *digits = format == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
        uint64_t mantissa;
        int exponent;

        split(value, &mantissa, &exponent);
        mantissa <<= 60 - MANTISSA_BITS;
        if (mantissa == 0)
                exponent = 0;
        while (mantissa != 0 && !(mantissa >> 60)) {
                mantissa <<= 1;
                exponent--;
        }
        if (precision >= 0 && precision < 15)
                mantissa = round_hexadecimal(mantissa, precision, &exponent);

        g_string_append_printf(to, "0%c%c", format, mantissa >> 60 ? '1' : '0');
        mantissa <<= 4; /* the leading digit goes */
        if (precision > 0 || (precision < 0 && mantissa != 0))
                g_string_append_c(to, '.');
        for (int i = 0; precision < 0 ? mantissa != 0 : i < precision; i++, mantissa <<= 4)
                g_string_append_c(to, digits[mantissa >> 60]);
        g_string_append_printf(
                        to, "%c%c%02d", format == 'x' ? 'p' : 'P', exponent < 0 ? '-' : '+', ABS(exponent));
}

void float_append(GString *to, double value, char format, int precision) {
        assert(to);

        if (isnan(value)) {
                g_string_append(to, "NaN");
                return;
        }
        if (isinf(value)) {
                g_string_append(to, value < 0 ? "-Inf" : "+Inf");
                return;
        }
        if (signbit(value))
                g_string_append_c(to, '-');
        value = fabs(value);
        if (format == 'b')
                append_binary(to, value);
        else if (format == 'x' || format == 'X')
                append_hexadecimal(to, value, format, precision);
        else
                append_decimal(to, value, format, precision);
}
