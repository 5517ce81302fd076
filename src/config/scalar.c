/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/scalar.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words) {
        return g_strv_contains(words, text);
}

bool scalar_is_null(const char *text) {
        static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };

        return is_one_of(text, words);
}

int scalar_to_bool(const char *text, bool *ret) {
        static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes",
                                           "YES",  "on",   "On",   "ON",  NULL };
        static const char *const no[] = { "false", "False", "FALSE", "no",  "No",
                                          "NO",    "off",   "Off",   "OFF", NULL };

        assert(ret);

        if (!is_one_of(text, yes) && !is_one_of(text, no))
                return -EINVAL;
        *ret = is_one_of(text, yes);
        return 0;
}

/* whole text is [-+]digits[.digits][e[-+]digits] */
static bool is_decimal(const char *text, bool *ret_integer) {
        const char *p = text;
        size_t n_digits = 0;

        *ret_integer = true;
        p += *p == '-' || *p == '+';
        for (; g_ascii_isdigit(*p); p++)
                n_digits++;
        if (*p == '.') {
                *ret_integer = false;
                for (p++; g_ascii_isdigit(*p); p++)
                        n_digits++;
        }
        if (n_digits == 0)
                return false;
        if (*p == 'e' || *p == 'E') {
                *ret_integer = false;
                p++;
                p += *p == '-' || *p == '+';
                if (!g_ascii_isdigit(*p))
                        return false;
                while (g_ascii_isdigit(*p))
                        p++;
        }
        return *p == '\0';
}

ScalarType scalar_type(const char *text) {
        static const char *const bools[] = { "true", "True", "TRUE", "false", "False", "FALSE", NULL };
        bool integer;

        assert(text);

        if (scalar_is_null(text))
                return SCALAR_NULL;
        if (is_one_of(text, bools))
                return SCALAR_BOOL;
        if (!is_decimal(text, &integer))
                return SCALAR_STRING;
        if (integer && g_ascii_string_to_signed(text + (*text == '+'), 10, INT64_MIN, INT64_MAX, NULL, NULL))
                return SCALAR_INT;
        return isfinite(g_ascii_strtod(text, NULL)) ? SCALAR_FLOAT : SCALAR_STRING;
}

/* Numbers of any YAML (hexadecimal, octal, binary, with underscores, sexagesimal) and dates begin with a
 * digit, a sign or a point and have no other letters than these. */
static bool looks_like_number(const char *text) {
        g_autofree char *clean = NULL;
        char *end;

        if (!g_ascii_isdigit(text[0]))
                return false;
        if (strspn(text, "0123456789_:.") == strlen(text))
                return strspn(text, "0123456789_") == strlen(text) || strchr(text, ':') ||
                       strchr(text, '.') == strrchr(text, '.');
        if (text[0] == '0' && strchr("xXoObB", text[1]))
                return true;
        if (strspn(text, "0123456789") == 4 && text[4] == '-')
                return true; /* a date */

        clean = g_strdup(text);
        for (char *from = clean, *to = clean;; from++)
                if (*from != '_') {
                        *to++ = *from;
                        if (!*from)
                                break;
                }
        (void) g_ascii_strtod(clean, &end);
        return *end == '\0';
}

static bool has_a_meaning(const char *text) {
        static const char *const words[] = { "y", "Y", "n", "N", "inf", "nan", "infinity", NULL };
        bool value;

        return scalar_type(text) != SCALAR_STRING || scalar_to_bool(text, &value) >= 0 ||
               is_one_of(text, words) || looks_like_number(text);
}

/* What YAML 1.1 lets stand unescaped in a line, less what it takes for a line break. */
static bool is_printable(gunichar c) {
        return (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF && c != 0x2028 && c != 0x2029) ||
               (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF) || (c >= 0x10000 && c <= 0x10FFFF);
}

static bool all_printable(const char *text, const char *also) {
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (!is_printable(g_utf8_get_char(p)) && !strchr(also, *p))
                        return false;
        return true;
}

static bool is_plain(const char *text) {
        size_t length = strlen(text);

        if (!g_ascii_isalnum(text[0]) && !strchr("/_", text[0]) && (unsigned char) text[0] < 0x80)
                return false;
        if (text[0] == '\0' || text[length - 1] == ' ' || text[length - 1] == ':')
                return false;
        if (strpbrk(text, "{}[]\"'`") || strstr(text, ": ") || strstr(text, " #"))
                return false;
        return !has_a_meaning(text);
}

static void append_single_quoted(GString *s, const char *text) {
        g_string_append_c(s, '\'');
        for (const char *p = text; *p; p++) {
                if (*p == '\'')
                        g_string_append_c(s, '\'');
                g_string_append_c(s, *p);
        }
        g_string_append_c(s, '\'');
}

static void append_escaped(GString *s, gunichar c) {
        if (c == '"' || c == '\\')
                g_string_append_printf(s, "\\%c", (char) c);
        else if (c == '\n')
                g_string_append(s, "\\n");
        else if (c == '\t')
                g_string_append(s, "\\t");
        else if (c == '\r')
                g_string_append(s, "\\r");
        else if (is_printable(c))
                g_string_append_unichar(s, c);
        else if (c <= 0xFF)
                g_string_append_printf(s, "\\x%02X", (unsigned) c);
        else if (c <= 0xFFFF)
                g_string_append_printf(s, "\\u%04X", (unsigned) c);
        else
                g_string_append_printf(s, "\\U%08X", (unsigned) c);
}

static void append_double_quoted(GString *s, const char *text) {
        g_string_append_c(s, '"');
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                append_escaped(s, g_utf8_get_char(p));
        g_string_append_c(s, '"');
}

void scalar_append(GString *s, const char *text) {
        g_autofree char *valid =
                        g_utf8_make_valid(text, -1); /* texts are UTF-8 by rule; never write anything else */

        assert(s);

        if (!all_printable(valid, ""))
                append_double_quoted(s, valid);
        else if (is_plain(valid))
                g_string_append(s, valid);
        else
                append_single_quoted(s, valid);
}

/* A block keeps everything but what libyaml takes for a line break of its own, and needs one visible
 * character to measure its indentation against. */
static bool is_block(const char *text) {
        return strchr(text, '\n') && g_utf8_validate(text, -1, NULL) && all_printable(text, "\n\t") &&
               strspn(text, " \n\t") < strlen(text);
}

static void append_block(GString *s, const char *text, unsigned indent) {
        size_t length = strlen(text);
        const char *line = text;

        g_string_append_c(s, '|');
        if (strchr(" \t\n", text[0])) /* the first line cannot show the indentation */
                g_string_append_c(s, '2');
        if (text[length - 1] != '\n')
                g_string_append_c(s, '-');
        else if (text[length - 2] == '\n')
                g_string_append_c(s, '+');
        g_string_append_c(s, '\n');

        while (*line) {
                size_t n = strcspn(line, "\n");

                if (n > 0)
                        g_string_append_printf(s, "%*s%.*s", (int) indent + 2, "", (int) n, line);
                g_string_append_c(s, '\n');
                line += n + (line[n] == '\n');
        }
}

void scalar_append_value(GString *s, const char *text, unsigned indent) {
        assert(s);
        assert(text);

        if (is_block(text)) {
                append_block(s, text, indent);
                return;
        }
        scalar_append(s, text);
        g_string_append_c(s, '\n');
}
