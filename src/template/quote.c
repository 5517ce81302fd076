/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/quote.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "template/rune.h"

/* ---- writing ---- */

static void append_rune(GString *to, gunichar rune) {
        char bytes[4];

        g_string_append_len(to, bytes, (gssize) rune_encode(rune, bytes));
}

static char short_escape(gunichar rune) {
        static const char letters[] = { ['\a'] = 'a', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',
                                        ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v' };

        return rune < sizeof(letters) ? letters[rune] : '\0';
}

static void append_escaped(GString *to, gunichar rune, char quote, bool ascii_only) {
        if (rune == (gunichar) quote || rune == '\\')
                g_string_append_printf(to, "\\%c", (char) rune);
        else if ((!ascii_only || rune < 0x80) && rune_is_printable(rune))
                append_rune(to, rune);
        else if (short_escape(rune))
                g_string_append_printf(to, "\\%c", short_escape(rune));
        else if (rune < ' ' || rune == 0x7F)
                g_string_append_printf(to, "\\x%02x", rune);
        else if (!rune_is_valid(rune))
                g_string_append(to, "\\ufffd");
        else
                g_string_append_printf(to, rune < 0x10000 ? "\\u%04x" : "\\U%08x", rune);
}

void quote_append(GString *to, const char *bytes, size_t n, bool ascii_only) {
        size_t width;

        g_string_append_c(to, '"');
        for (size_t i = 0; i < n; i += width) {
                gunichar rune;

                width = rune_decode(bytes + i, n - i, &rune);
                if (width == 1 && rune == RUNE_ERROR)
                        g_string_append_printf(to, "\\x%02x", (unsigned char) bytes[i]);
                else
                        append_escaped(to, rune, '"', ascii_only);
        }
        g_string_append_c(to, '"');
}

void quote_append_rune(GString *to, gunichar rune, bool ascii_only) {
        g_string_append_c(to, '\'');
        append_escaped(to, rune_is_valid(rune) ? rune : RUNE_ERROR, '\'', ascii_only);
        g_string_append_c(to, '\'');
}

bool quote_can_be_raw(const char *bytes, size_t n) {
        size_t width;

        for (size_t i = 0; i < n; i += width) {
                gunichar rune;

                width = rune_decode(bytes + i, n - i, &rune);
                if (width == 1 &&
                    (rune == RUNE_ERROR || (rune < ' ' && rune != '\t') || rune == '`' || rune == 0x7F))
                        return false;
                if (rune == 0xFEFF)
                        return false;
        }
        return true;
}

char *quote_text(const char *bytes, size_t n) {
        GString *text = g_string_new(NULL);

        quote_append(text, bytes, n, /* ascii_only= */ false);
        return g_string_free(text, /* free_segment= */ FALSE);
}

char *rune_name(gunichar rune) {
        GString *text = g_string_new(NULL);

        g_string_append_printf(text, "U+%04X", rune);
        if (rune_is_printable(rune)) {
                g_string_append(text, " '");
                append_rune(text, rune);
                g_string_append_c(text, '\'');
        }
        return g_string_free(text, /* free_segment= */ FALSE);
}

/* ---- reading ---- */

static int read_hexadecimal(const char *s, size_t n, size_t n_digits, gunichar *ret) {
        guint64 value = 0;

        if (n < n_digits)
                return -EINVAL;
        for (size_t i = 0; i < n_digits; i++) {
                if (!g_ascii_isxdigit(s[i]))
                        return -EINVAL;
                value = value << 4 | (guint64) g_ascii_xdigit_value(s[i]);
        }
        if (value > G_MAXUINT32)
                return -EINVAL;
        *ret = (gunichar) value;
        return 0;
}

static int read_octal(const char *s, size_t n, gunichar *ret) {
        gunichar value = 0;

        if (n < 3)
                return -EINVAL;
        for (size_t i = 0; i < 3; i++) {
                if (s[i] < '0' || s[i] > '7')
                        return -EINVAL;
                value = value << 3 | (gunichar) (s[i] - '0');
        }
        if (value > 0xFF)
                return -EINVAL;
        *ret = value;
        return 0;
}

/* s begins behind the backslash */
static int
unquote_escape(const char *s, size_t n, char quote, gunichar *ret, size_t *ret_width, bool *ret_is_byte) {
        static const char letters[] = "abfnrtv\\", meanings[] = "\a\b\f\n\r\t\v\\";
        const char *letter;
        size_t n_digits = 0;
        int r;

        if (n == 0)
                return -EINVAL;
        *ret_is_byte = false;
        if (s[0] == 'x' || s[0] == 'u' || s[0] == 'U') {
                n_digits = s[0] == 'x' ? 2 : s[0] == 'u' ? 4 : 8;
                r = read_hexadecimal(s + 1, n - 1, n_digits, ret);
                *ret_width = 1 + n_digits;
                *ret_is_byte = n_digits == 2;
                return r < 0 || *ret_is_byte || rune_is_valid(*ret) ? r : -EINVAL;
        }
        if (s[0] >= '0' && s[0] <= '7') {
                *ret_width = 3;
                *ret_is_byte = true;
                return read_octal(s, n, ret);
        }

        letter = s[0] ? strchr(letters, s[0]) : NULL;
        if (!letter && s[0] != quote)
                return -EINVAL;
        *ret = (gunichar) (letter ? meanings[letter - letters] : quote);
        *ret_width = 1;
        return 0;
}

int unquote_rune(const char *s, size_t n, char quote, gunichar *ret, size_t *ret_width, bool *ret_is_byte) {
        gunichar rune = 0;
        size_t width = 0;
        bool is_byte = false;
        int r;

        assert(ret);
        assert(ret_width);
        assert(ret_is_byte);

        if (n == 0 || s[0] == quote)
                return -EINVAL;
        if (s[0] == '\\') {
                r = unquote_escape(s + 1, n - 1, quote, &rune, &width, &is_byte);
                if (r < 0)
                        return r;
                width++;
        } else
                width = rune_decode(s, n, &rune);

        *ret = rune;
        *ret_width = width;
        *ret_is_byte = is_byte;
        return 0;
}

/* In raw strings there are no escapes, and carriage returns are left out. */
static void unquote_raw(Arena *arena, const char *s, size_t n, const char **ret, size_t *ret_n) {
        char *to = arena_take(arena, n + 1);
        size_t n_to = 0;

        for (size_t i = 0; i < n; i++)
                if (s[i] != '\r')
                        to[n_to++] = s[i];
        *ret = to;
        *ret_n = n_to;
}

int unquote(Arena *arena, const char *literal, size_t n, const char **ret, size_t *ret_n) {
        size_t n_to = 0, width;
        char *to;
        int r;

        assert(n >= 2);
        assert(ret);
        assert(ret_n);

        if (literal[0] == '`') {
                unquote_raw(arena, literal + 1, n - 2, ret, ret_n);
                return 0;
        }

        to = arena_take(arena, 3 * n + 1); /* a stray byte grows to U+FFFD */
        for (size_t i = 1; i < n - 1; i += width) {
                gunichar rune;
                bool is_byte;

                r = unquote_rune(literal + i, n - 1 - i, '"', &rune, &width, &is_byte);
                if (r < 0)
                        return r;
                if (is_byte)
                        to[n_to++] = (char) rune;
                else
                        n_to += rune_encode(rune, to + n_to);
        }
        *ret = to;
        *ret_n = n_to;
        return 0;
}
