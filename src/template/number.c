/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/number.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "template/quote.h"

/* Underscores stand between digits, or between a base prefix and a digit. */
static bool underscores_are_right(const char *s, size_t n) {
        bool after_digit = false, is_hexadecimal = false;
        size_t i = n > 0 && (s[0] == '+' || s[0] == '-') ? 1 : 0;

        if (n - i >= 2 && s[i] == '0' && strchr("bBoOxX", s[i + 1]) && s[i + 1]) {
                is_hexadecimal = s[i + 1] == 'x' || s[i + 1] == 'X';
                after_digit = true;
                i += 2;
        }
        for (; i < n; i++) {
                bool is_digit = is_hexadecimal ? g_ascii_isxdigit(s[i]) : g_ascii_isdigit(s[i]);

                if (s[i] == '_' && !after_digit)
                        return false;
                if (i > 0 && s[i - 1] == '_' && !is_digit)
                        return false;
                after_digit = is_digit;
        }
        return n == 0 || s[n - 1] != '_';
}

static char *without_underscores(const char *s, size_t n) {
        char *to = g_malloc(n + 1);
        size_t n_to = 0;

        for (size_t i = 0; i < n; i++)
                if (s[i] != '_')
                        to[n_to++] = s[i];
        to[n_to] = '\0';
        return to;
}

/* Digits after an optional base prefix; -ERANGE: too many of them. */
static int parse_digits(const char *s, size_t n, uint64_t *ret) {
        uint64_t value = 0, base = 10;
        size_t i = 0;

        if (n >= 2 && s[0] == '0') {
                bool has_prefix = strchr("bBoOxX", s[1]) != NULL && n >= 3;

                base = !has_prefix                  ? 8
                       : s[1] == 'x' || s[1] == 'X' ? 16
                       : s[1] == 'b' || s[1] == 'B' ? 2
                                                    : 8;
                i = has_prefix ? 2 : 1;
        }
        if (i >= n)
                return -EINVAL;
        for (; i < n; i++) {
                uint64_t digit;

                if (s[i] == '_')
                        continue;
                if (!g_ascii_isxdigit(s[i]))
                        return -EINVAL;
                digit = (uint64_t) g_ascii_xdigit_value(s[i]);
                if (digit >= base)
                        return -EINVAL;
                if (__builtin_mul_overflow(value, base, &value) ||
                    __builtin_add_overflow(value, digit, &value))
                        return -ERANGE;
        }
        *ret = value;
        return 0;
}

/* An integer, signed or not; neither: it is none, or too big for both. */
static void parse_integer(const char *s, size_t n, bool *ret_is_int, int64_t *ret_int, bool *ret_is_uint) {
        bool has_sign = n > 0 && (s[0] == '+' || s[0] == '-'), negative = n > 0 && s[0] == '-';
        uint64_t value;

        *ret_is_int = *ret_is_uint = false;
        if (!underscores_are_right(s, n) || parse_digits(s + has_sign, n - has_sign, &value) < 0)
                return;
        *ret_is_uint = !has_sign;
        if (value > (uint64_t) INT64_MAX + negative)
                return;
        *ret_is_int = true;
        *ret_int = negative ? (int64_t) -value : (int64_t) value;
}

/* The shape of a floating-point literal, before it is converted: the mantissa has a digit, a hexadecimal one
 * has an exponent, and an exponent has a digit. */
static bool is_float(const char *s, size_t n) {
        size_t i = n > 0 && (s[0] == '+' || s[0] == '-') ? 1 : 0, n_digits = 0;
        bool is_hexadecimal, saw_dot = false;

        is_hexadecimal = n - i >= 2 && s[i] == '0' && (s[i + 1] == 'x' || s[i + 1] == 'X');
        if (is_hexadecimal)
                i += 2;
        for (; i < n; i++) {
                if (is_hexadecimal ? g_ascii_isxdigit(s[i]) : g_ascii_isdigit(s[i]))
                        n_digits++;
                else if (s[i] == '.' && !saw_dot)
                        saw_dot = true;
                else if (s[i] != '_')
                        break;
        }
        if (n_digits == 0)
                return false;
        if (i == n)
                return !is_hexadecimal;
        if (!strchr(is_hexadecimal ? "pP" : "eE", s[i]))
                return false;
        i++;
        if (i < n && (s[i] == '+' || s[i] == '-'))
                i++;
        if (i >= n || !g_ascii_isdigit(s[i]))
                return false;
        for (; i < n; i++)
                if (!g_ascii_isdigit(s[i]) && s[i] != '_')
                        return false;
        return true;
}

static int parse_float(const char *s, size_t n, double *ret) {
        g_autofree char *plain = NULL;
        double value;

        if (!is_float(s, n) || !underscores_are_right(s, n))
                return -EINVAL;
        plain = without_underscores(s, n);
        value = g_ascii_strtod(plain, NULL);
        if (isinf(value))
                return -ERANGE;
        *ret = value;
        return 0;
}

static bool has_any(const char *s, size_t n, const char *set) {
        for (size_t i = 0; i < n; i++)
                if (s[i] && strchr(set, s[i]))
                        return true;
        return false;
}

/* as in 0x1e, which is no float though it has an "e" */
static bool is_hexadecimal_integer(const char *s, size_t n) {
        return n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && !has_any(s, n, "pP");
}

static bool float_is_integer(double value) {
        return value >= -0x1p63 && value < 0x1p63 && (double) (int64_t) value == value;
}

/* 0 beyond int64, as the value is then never looked at */
static int64_t float_to_integer(double value) {
        return float_is_integer(value) ? (int64_t) value : 0;
}

int number_parse(const char *text, size_t n, Number *ret, NumberFault *reterr) {
        bool is_int, is_uint;
        int64_t integer = 0;
        double real = 0;

        assert(text);
        assert(ret);
        assert(reterr);

        if (n > 0 && text[n - 1] == 'i' && parse_float(text, n - 1, &real) >= 0) {
                *ret = (Number){ .kind = NUMBER_COMPLEX, .imaginary = real, .is_int = real == 0 };
                return 0;
        }

        parse_integer(text, n, &is_int, &integer, &is_uint);
        if (is_int || is_uint) {
                *ret = (Number){ .kind = NUMBER_INT, .is_int = is_int, .integer = integer };
                if (!is_int)
                        ret->kind = NUMBER_TOO_BIG;
                else if (has_any(text, n, ".eEpP") && !is_hexadecimal_integer(text, n)) {
                        ret->kind = NUMBER_FLOAT; /* a sign hides 0x from the rule: -0xe is a float */
                        ret->real = (double) integer;
                }
                return 0;
        }
        if (parse_float(text, n, &real) < 0) {
                *reterr = NUMBER_SYNTAX;
                return -EINVAL;
        }
        if (!has_any(text, n, ".eEpP")) {
                *reterr = NUMBER_OVERFLOW;
                return -EINVAL;
        }
        *ret = (Number){
                .kind = NUMBER_FLOAT,
                .real = real,
                .is_int = float_is_integer(real),
                .integer = float_to_integer(real),
        };
        return 0;
}

/* One of the two parts of a complex constant, as scanning reads them: at most this much of the text. */
static size_t float_token(const char *s, size_t n) {
        const char *digits = "0123456789_", *exponent = "eEpP";
        size_t i = 0;

        if (i < n && (s[i] == '+' || s[i] == '-'))
                i++;
        if (i < n && s[i] == '0') {
                i++;
                if (i < n && (s[i] == 'x' || s[i] == 'X')) {
                        i++;
                        digits = "0123456789_abcdefABCDEF";
                        exponent = "pP";
                }
        }
        while (i < n && strchr(digits, s[i]))
                i++;
        if (i < n && s[i] == '.')
                for (i++; i < n && strchr(digits, s[i]);)
                        i++;
        if (i < n && strchr(exponent, s[i])) {
                i++;
                if (i < n && (s[i] == '+' || s[i] == '-'))
                        i++;
                while (i < n && strchr("0123456789_", s[i]))
                        i++;
        }
        return i;
}

int number_parse_complex(const char *text, size_t n, Number *ret, NumberFault *reterr) {
        size_t n_real, n_imaginary;
        double real, imaginary;

        assert(text);
        assert(ret);
        assert(reterr);

        *reterr = NUMBER_COMPLEX_SYNTAX;
        n_real = float_token(text, n);
        if (n_real >= n || (text[n_real] != '+' && text[n_real] != '-'))
                return -EINVAL;
        n_imaginary = float_token(text + n_real, n - n_real);
        if (n_real + n_imaginary + 1 != n || text[n - 1] != 'i')
                return -EINVAL;
        if (parse_float(text, n_real, &real) < 0 || parse_float(text + n_real, n_imaginary, &imaginary) < 0)
                return -EINVAL;

        *ret = (Number){
                .kind = NUMBER_COMPLEX,
                .real = real,
                .imaginary = imaginary,
                .is_int = imaginary == 0 && float_is_integer(real),
                .integer = imaginary == 0 ? float_to_integer(real) : 0,
        };
        return 0;
}

int number_parse_character(const char *text, size_t n, Number *ret, NumberFault *reterr) {
        gunichar rune;
        size_t width;
        bool is_byte;

        assert(text);
        assert(ret);
        assert(reterr);

        if (unquote_rune(text + 1, n - 1, '\'', &rune, &width, &is_byte) < 0) {
                *reterr = NUMBER_QUOTING;
                return -EINVAL;
        }
        if (width != n - 2) {
                *reterr = NUMBER_MALFORMED_CHARACTER;
                return -EINVAL;
        }
        *ret = (Number){ .kind = NUMBER_INT, .is_int = true, .integer = rune };
        return 0;
}
