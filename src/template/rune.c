/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/rune.h"

#include <assert.h>

/* Go's tables are those of Unicode 15.0. A newer GLib knows more characters; these came with 15.1 and 16.0
 * (DerivedAge.txt), and Go takes them for unassigned. Anything newer still is of no script people write
 * alerts in. */
static const struct {
        gunichar first, last;
} newer[] = {
        { 0x0897, 0x0897 },   { 0x1B4E, 0x1B4F },   { 0x1B7F, 0x1B7F },   { 0x1C89, 0x1C8A },
        { 0x2427, 0x2429 },   { 0x2FFC, 0x2FFF },   { 0x31E4, 0x31E5 },   { 0x31EF, 0x31EF },
        { 0xA7CB, 0xA7CD },   { 0xA7DA, 0xA7DC },   { 0x105C0, 0x105F3 }, { 0x10D40, 0x10D65 },
        { 0x10D69, 0x10D85 }, { 0x10D8E, 0x10D8F }, { 0x10EC2, 0x10EC4 }, { 0x10EFC, 0x10EFC },
        { 0x11380, 0x113E2 }, { 0x116D0, 0x116E3 }, { 0x11BC0, 0x11BE1 }, { 0x11BF0, 0x11BF9 },
        { 0x11F5A, 0x11F5A }, { 0x13460, 0x143FA }, { 0x16100, 0x16139 }, { 0x16D40, 0x16D79 },
        { 0x18CFF, 0x18CFF }, { 0x1CC00, 0x1CEB3 }, { 0x1E5D0, 0x1E5FF }, { 0x1F8B2, 0x1F8C1 },
        { 0x1FA89, 0x1FA89 }, { 0x1FA8F, 0x1FA8F }, { 0x1FABE, 0x1FABE }, { 0x1FAC6, 0x1FAC6 },
        { 0x1FADC, 0x1FADC }, { 0x1FADF, 0x1FADF }, { 0x1FAE9, 0x1FAE9 }, { 0x1FBCB, 0x1FBEF },
        { 0x2EBF0, 0x2EE5D },
};

static GUnicodeType type_of(gunichar rune) {
        for (size_t i = 0; i < G_N_ELEMENTS(newer) && newer[i].first <= rune; i++)
                if (rune <= newer[i].last)
                        return G_UNICODE_UNASSIGNED;
        return g_unichar_type(rune);
}

bool rune_is_valid(gunichar rune) {
        return rune <= RUNE_MAX && (rune < 0xD800 || rune > 0xDFFF);
}

/* The Unicode Standard, table 3-7: which second byte may follow which first. */
size_t rune_decode(const char *s, size_t n, gunichar *ret) {
        const unsigned char *p = (const unsigned char *) s;
        unsigned char least = 0x80, most = 0xBF;
        gunichar rune;
        size_t width;

        assert(ret);

        if (n == 0)
                return 0;
        *ret = p[0];
        if (p[0] < 0x80)
                return 1;

        *ret = RUNE_ERROR;
        if (p[0] >= 0xC2 && p[0] <= 0xDF)
                width = 2;
        else if (p[0] >= 0xE0 && p[0] <= 0xEF)
                width = 3;
        else if (p[0] >= 0xF0 && p[0] <= 0xF4)
                width = 4;
        else
                return 1;
        if (n < width)
                return 1;

        if (p[0] == 0xE0)
                least = 0xA0;
        else if (p[0] == 0xED)
                most = 0x9F;
        else if (p[0] == 0xF0)
                least = 0x90;
        else if (p[0] == 0xF4)
                most = 0x8F;
        if (p[1] < least || p[1] > most)
                return 1;

        rune = p[0] & (0x7Fu >> width);
        for (size_t i = 1; i < width; i++) {
                if (i > 1 && (p[i] & 0xC0) != 0x80)
                        return 1;
                rune = rune << 6 | (p[i] & 0x3F);
        }
        *ret = rune;
        return width;
}

size_t rune_count(const char *s, size_t n) {
        size_t count = 0;
        gunichar rune;

        for (size_t i = 0; i < n; count++)
                i += (signed char) s[i] >= 0 ? 1 : rune_decode(s + i, n - i, &rune);
        return count;
}

size_t rune_encode(gunichar rune, char *buffer) {
        return (size_t) g_unichar_to_utf8(rune_is_valid(rune) ? rune : RUNE_ERROR, buffer);
}

bool rune_is_printable(gunichar rune) {
        if (rune < 0x7F)
                return rune >= ' ';
        switch (type_of(rune)) {
        case G_UNICODE_CONTROL:
        case G_UNICODE_FORMAT:
        case G_UNICODE_UNASSIGNED:
        case G_UNICODE_PRIVATE_USE:
        case G_UNICODE_SURROGATE:
        case G_UNICODE_SPACE_SEPARATOR:
        case G_UNICODE_LINE_SEPARATOR:
        case G_UNICODE_PARAGRAPH_SEPARATOR:
                return false;
        default:
                return rune <= RUNE_MAX;
        }
}

bool rune_is_word(gunichar rune) {
        if (rune < 0x80)
                return g_ascii_isalnum((char) rune) || rune == '_';
        switch (type_of(rune)) {
        case G_UNICODE_LOWERCASE_LETTER:
        case G_UNICODE_UPPERCASE_LETTER:
        case G_UNICODE_TITLECASE_LETTER:
        case G_UNICODE_MODIFIER_LETTER:
        case G_UNICODE_OTHER_LETTER:
        case G_UNICODE_DECIMAL_NUMBER:
                return true;
        default:
                return false;
        }
}

bool rune_is_space(gunichar rune) {
        return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xA0 ||
               rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 ||
               rune == 0x202F || rune == 0x205F || rune == 0x3000;
}
