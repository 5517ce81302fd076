/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/escape.h"

#include <string.h>

#include "template/rune.h"

void escape_html(Bytes text, GString *to) {
        for (size_t i = 0; i < text.n; i++)
                switch (text.bytes[i]) {
                case '\0':
                        g_string_append(to, "\xEF\xBF\xBD"); /* U+FFFD */
                        break;
                case '"':
                        g_string_append(to, "&#34;");
                        break;
                case '\'':
                        g_string_append(to, "&#39;");
                        break;
                case '&':
                        g_string_append(to, "&amp;");
                        break;
                case '<':
                        g_string_append(to, "&lt;");
                        break;
                case '>':
                        g_string_append(to, "&gt;");
                        break;
                default:
                        g_string_append_c(to, text.bytes[i]);
                }
}

void escape_js(Bytes text, GString *to) {
        size_t width;

        for (size_t i = 0; i < text.n; i += width) {
                gunichar rune;

                width = rune_decode(text.bytes + i, text.n - i, &rune);
                if (rune == '\\' || rune == '\'' || rune == '"')
                        g_string_append_printf(to, "\\%c", (char) rune);
                else if (rune < ' ' || rune == '<' || rune == '>' || rune == '&' || rune == '=' ||
                         (rune >= 0x80 && !rune_is_printable(rune)))
                        g_string_append_printf(to, "\\u%04X", rune);
                else /* also a byte that is no UTF-8 */
                        g_string_append_len(to, text.bytes + i, (gssize) width);
        }
}

void escape_urlquery(Bytes text, GString *to) {
        for (size_t i = 0; i < text.n; i++) {
                char c = text.bytes[i];

                if (g_ascii_isalnum(c) || (c && strchr("-_.~", c)))
                        g_string_append_c(to, c);
                else if (c == ' ')
                        g_string_append_c(to, '+');
                else
                        g_string_append_printf(to, "%%%02X", (unsigned char) c);
        }
}
