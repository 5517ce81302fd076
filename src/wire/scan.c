/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/scan.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/noncharacter.h"

static int fail(Scan *scan, const char *error) {
        scan->error = error;
        return -EBADMSG;
}

int scan_init(Scan *scan, const char *bytes, size_t size) {
        const char *invalid;

        assert(scan);
        assert(bytes || size == 0);

        if (!bytes) /* nothing can be added to NULL, not even 0 */
                bytes = "";
        *scan = (Scan){ .start = bytes, .p = bytes, .end = bytes + size };
        if (size > 0 && !g_utf8_validate_len(bytes, size, &invalid)) {
                scan->p = invalid;
                return fail(scan, *invalid == 0 ? "a NUL byte" : "not UTF-8");
        }
        invalid = noncharacter_find(bytes, size);
        if (invalid) {
                scan->p = invalid;
                return fail(scan, "a code point that is no character");
        }
        return 0;
}

static void drop_names(Scan *scan, size_t mark) {
        for (size_t i = mark; i < scan->n_names; i++)
                if (scan->names[i].escaped)
                        g_free((char *) scan->names[i].text);
        scan->n_names = mark;
}

void scan_done(Scan *scan) {
        assert(scan);

        drop_names(scan, 0);
        g_free(scan->names);
        *scan = (Scan){};
}

char scan_peek(Scan *scan) {
        while (scan->p < scan->end &&
               (*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\r' || *scan->p == '\t'))
                scan->p++;
        return scan->p < scan->end ? *scan->p : 0;
}

/* the four digits after \u, or -EBADMSG */
static int scan_hex4(Scan *scan) {
        int value = 0;

        for (unsigned i = 0; i < 4; i++, scan->p++) {
                int digit = scan->p < scan->end ? g_ascii_xdigit_value(*scan->p) : -1;

                if (digit < 0)
                        return fail(scan, "\\u without four hexadecimal digits");
                value = value << 4 | digit;
        }
        return value;
}

static int scan_unicode_escape(Scan *scan) {
        int unit = scan_hex4(scan), low;

        if (unit < 0)
                return unit;
        if (unit == 0)
                return fail(scan, "a NUL character");
        if (unit >= 0xDC00 && unit <= 0xDFFF)
                return fail(scan, "a lone surrogate");
        if (is_noncharacter((uint32_t) unit))
                return fail(scan, "a code point that is no character");
        if (unit < 0xD800 || unit > 0xDBFF)
                return 0;

        if (scan->end - scan->p < 2 || scan->p[0] != '\\' || scan->p[1] != 'u')
                return fail(scan, "a lone surrogate");
        scan->p += 2;
        low = scan_hex4(scan);
        if (low < 0)
                return low;
        if (low < 0xDC00 || low > 0xDFFF)
                return fail(scan, "a lone surrogate");
        if (is_noncharacter((uint32_t) (unit & 0x3ff) << 10 | (uint32_t) (low & 0x3ff)))
                return fail(scan, "a code point that is no character");
        return 0;
}

static int scan_escape(Scan *scan) {
        scan->p++; /* the backslash */
        if (scan->p >= scan->end)
                return fail(scan, "a string without an end");

        switch (*scan->p++) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
                return 0;
        case 'u':
                return scan_unicode_escape(scan);
        default:
                return fail(scan, "an escape that JSON does not have");
        }
}

int scan_string(Scan *scan, ScanText *ret) {
        const char *text;
        bool escaped = false;
        int r;

        if (scan_peek(scan) != '"')
                return fail(scan, "not a string");

        text = ++scan->p;
        for (;;) {
                while (scan->p < scan->end && (unsigned char) *scan->p >= 0x20 && *scan->p != '"' &&
                       *scan->p != '\\')
                        scan->p++;
                if (scan->p >= scan->end)
                        return fail(scan, "a string without an end");
                if (*scan->p == '"')
                        break;
                if (*scan->p != '\\')
                        return fail(scan, "a raw control character in a string");
                escaped = true;
                r = scan_escape(scan);
                if (r < 0)
                        return r;
        }

        *ret = (ScanText){ .text = text, .size = (size_t) (scan->p - text), .escaped = escaped };
        scan->p++;
        return 0;
}

static bool is_digit(const Scan *scan) {
        return scan->p < scan->end && g_ascii_isdigit(*scan->p);
}

/* digits; -EBADMSG without one, or when they pass what int64 holds (magnitude is then of no use) */
static int scan_whole(Scan *scan, uint64_t limit, uint64_t *ret) {
        uint64_t value = 0;

        if (!is_digit(scan))
                return fail(scan, "not a number");
        if (*scan->p == '0' && scan->p + 1 < scan->end && g_ascii_isdigit(scan->p[1]))
                return fail(scan, "a number with a leading zero");

        for (; is_digit(scan); scan->p++) {
                uint64_t digit = (uint64_t) (*scan->p - '0');

                if (value > (limit - digit) / 10)
                        return fail(scan, "a number that 64 bits cannot hold");
                value = value * 10 + digit;
        }
        *ret = value;
        return 0;
}

static int scan_digits(Scan *scan) {
        if (!is_digit(scan))
                return fail(scan, "a number without its digits");
        while (is_digit(scan))
                scan->p++;
        return 0;
}

static int scan_number(Scan *scan, bool *ret_is_integer, int64_t *ret) {
        bool negative, integer = true;
        uint64_t magnitude;
        int r;

        negative = scan_peek(scan) == '-';
        if (negative)
                scan->p++;

        r = scan_whole(scan, (uint64_t) INT64_MAX + (negative ? 1 : 0), &magnitude);
        if (r < 0)
                return r;

        if (scan->p < scan->end && *scan->p == '.') {
                integer = false;
                scan->p++;
                r = scan_digits(scan);
                if (r < 0)
                        return r;
        }
        if (scan->p < scan->end && (*scan->p == 'e' || *scan->p == 'E')) {
                integer = false;
                scan->p++;
                if (scan->p < scan->end && (*scan->p == '+' || *scan->p == '-'))
                        scan->p++;
                r = scan_digits(scan);
                if (r < 0)
                        return r;
        }

        *ret_is_integer = integer;
        *ret = negative ? (int64_t) (0 - magnitude) : (int64_t) magnitude;
        return 0;
}

int scan_integer(Scan *scan, int64_t *ret) {
        bool is_integer;
        int64_t value;
        int r;

        r = scan_number(scan, &is_integer, &value);
        if (r < 0)
                return r;
        if (!is_integer)
                return fail(scan, "not a whole number");

        *ret = value;
        return 0;
}

int scan_literal(Scan *scan, const char *literal) {
        size_t n = strlen(literal);

        (void) scan_peek(scan);
        if ((size_t) (scan->end - scan->p) < n || memcmp(scan->p, literal, n) != 0)
                return fail(scan, "not a JSON value");
        scan->p += n;
        return 0;
}

int scan_enter(Scan *scan, char bracket) {
        if (scan_peek(scan) != bracket)
                return fail(scan, bracket == '{' ? "not an object" : "not a list");
        if (scan->depth >= DEPTH_MAX_JSON)
                return fail(scan, "nested too deeply");
        scan->depth++;
        scan->p++;
        return 0;
}

int scan_next(Scan *scan, char closing, bool *first) {
        char c = scan_peek(scan);

        if (c == closing) {
                scan->p++;
                scan->depth--;
                return 0;
        }
        if (*first) {
                *first = false;
                return 1;
        }
        if (c != ',')
                return fail(scan, "neither a comma nor the closing bracket");
        scan->p++;
        return 1;
}

int scan_name(Scan *scan, ScanText *ret) {
        int r;

        r = scan_string(scan, ret);
        if (r < 0)
                return r;
        if (scan_peek(scan) != ':')
                return fail(scan, "a member's name without a colon");
        scan->p++;
        return 0;
}

void scan_remember(Scan *scan, const ScanText *name) {
        ScanText *slot;

        if (scan->n_names == scan->n_names_allocated) {
                scan->n_names_allocated = MAX(16, scan->n_names_allocated * 2);
                scan->names = g_renew(ScanText, scan->names, scan->n_names_allocated);
        }
        slot = &scan->names[scan->n_names++];
        *slot = *name;
        if (name->escaped)
                slot->text = scan_text_value(name, &slot->size);
}

static int compare_names(const void *a, const void *b) {
        const ScanText *x = a, *y = b;

        if (x->size != y->size)
                return x->size < y->size ? -1 : 1;
        return memcmp(x->text, y->text, x->size);
}

int scan_forget(Scan *scan, size_t mark) {
        size_t n = scan->n_names - mark;
        ScanText *names = scan->names ? scan->names + mark : NULL;
        bool twice = false;

        /* Few names are compared each with each, many are sorted: no input makes this quadratic, which a
         * hash with a known function would allow. */
        if (n > 8) {
                qsort(names, n, sizeof *names, compare_names);
                for (size_t i = 1; i < n && !twice; i++)
                        twice = compare_names(&names[i - 1], &names[i]) == 0;
        } else
                for (size_t i = 1; i < n && !twice; i++)
                        for (size_t j = 0; j < i && !twice; j++)
                                twice = compare_names(&names[i], &names[j]) == 0;

        drop_names(scan, mark);
        return twice ? fail(scan, "an object with the same member twice") : 0;
}

static int skip_object(Scan *scan) {
        size_t mark = scan->n_names;
        bool first = true;
        int r;

        r = scan_enter(scan, '{');
        if (r < 0)
                return r;
        while ((r = scan_next(scan, '}', &first)) > 0) {
                ScanText name;

                r = scan_name(scan, &name);
                if (r < 0)
                        return r;
                scan_remember(scan, &name);
                r = scan_skip(scan);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return scan_forget(scan, mark);
}

static int skip_array(Scan *scan) {
        bool first = true;
        int r;

        r = scan_enter(scan, '[');
        if (r < 0)
                return r;
        while ((r = scan_next(scan, ']', &first)) > 0) {
                r = scan_skip(scan);
                if (r < 0)
                        return r;
        }
        return r;
}

int scan_skip(Scan *scan) {
        ScanText text;
        bool is_integer;
        int64_t number;

        switch (scan_peek(scan)) {
        case '{':
                return skip_object(scan);
        case '[':
                return skip_array(scan);
        case '"':
                return scan_string(scan, &text);
        case 't':
                return scan_literal(scan, "true");
        case 'f':
                return scan_literal(scan, "false");
        case 'n':
                return scan_literal(scan, "null");
        case '-':
        case '0' ... '9':
                return scan_number(scan, &is_integer, &number);
        default:
                return fail(scan,
                            scan->p < scan->end ? "not a JSON value" : "nothing where a value should be");
        }
}

int scan_end(Scan *scan) {
        (void) scan_peek(scan);
        return scan->p < scan->end ? fail(scan, "more than one value") : 0;
}

static unsigned hex4(const char *p) {
        unsigned value = 0;

        for (unsigned i = 0; i < 4; i++)
                value = value << 4 | (unsigned) g_ascii_xdigit_value(p[i]);
        return value;
}

/* one escape, already found good; returns what follows it */
static const char *unescape(const char *p, char **out) {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        gunichar c;

        p++;
        if (*p != 'u') {
                *(*out)++ = to[strchr(from, *p) - from];
                return p + 1;
        }

        c = hex4(p + 1);
        p += 5;
        if (c >= 0xD800 && c <= 0xDBFF) {
                c = 0x10000 + ((c - 0xD800) << 10) + (hex4(p + 2) - 0xDC00);
                p += 6;
        }
        *out += g_unichar_to_utf8(c, *out);
        return p;
}

char *scan_text_value(const ScanText *text, size_t *ret_size) {
        const char *p = text->text, *end = p + text->size;
        char *value = g_malloc(text->size + 1), *out = value; /* an escape is never shorter than its value */

        if (!text->escaped) {
                memcpy(value, p, text->size);
                out += text->size;
        } else
                while (p < end) {
                        const char *backslash = memchr(p, '\\', (size_t) (end - p)) ?: end;

                        memcpy(out, p, (size_t) (backslash - p));
                        out += backslash - p;
                        p = backslash < end ? unescape(backslash, &out) : end;
                }

        *out = 0;
        if (ret_size)
                *ret_size = (size_t) (out - value);
        return value;
}
