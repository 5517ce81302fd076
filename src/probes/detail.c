/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/detail.h"

#include <assert.h>
#include <glib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "base/noncharacter.h"

/* Marks that change the direction of what follows (UAX #9), and line ends that are no control characters. */
static bool turns_text(gunichar c) {
        return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
               (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* One code point or one stray byte in its safe form; returns how many bytes of text it took. */
static size_t clean_one(const char *text, size_t n, char out[static 16]) {
        gunichar c = g_utf8_get_char_validated(text, (gssize) MIN(n, 8));
        size_t length;

        if (c == (gunichar) -1 || c == (gunichar) -2 || c == 0) {
                (void) g_snprintf(out, 16, "\\x%02x", (unsigned char) *text);
                return 1;
        }

        length = (size_t) g_utf8_skip[(unsigned char) *text];
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
                (void) g_snprintf(out, 16, "\\x%02x", c);
        else if (turns_text(c) || is_noncharacter(c))
                (void) g_snprintf(out, 16, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
        else {
                memcpy(out, text, length);
                out[length] = 0;
        }
        return length;
}

char *detail_clean(const char *text, size_t n) {
        g_autoptr(GString) s = g_string_new(NULL);

        while (text && n > 0) {
                char out[16];
                size_t used = clean_one(text, n, out);

                if (s->len + strlen(out) > DETAIL_MAX_BYTES)
                        break;
                g_string_append(s, out);
                text += used;
                n -= used;
        }
        return g_string_free(g_steal_pointer(&s), FALSE);
}

char *detail_clean_printf(const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        assert(format);

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return detail_clean(text, strlen(text));
}

char *detail_from_errno(int error) {
        const char *words = g_strerror(error);

        /* "Connection refused" but "I/O error" */
        if (g_ascii_isupper(words[0]) && !g_ascii_isupper(words[1]) && words[1] != '/')
                return g_strdup_printf("%c%s", g_ascii_tolower(words[0]), words + 1);
        return g_strdup(words);
}
