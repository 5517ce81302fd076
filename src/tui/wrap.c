/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/wrap.h"

#include "ctl/text.h"
#include "tui/canvas.h"

/* How many bytes of an escaped text go on one line of that width; *ret_skip: blanks after them. */
static size_t fit(const char *text, unsigned width, size_t *ret_skip) {
        const char *blank = NULL, *p = text;

        for (unsigned used = 0; *p; p = g_utf8_next_char(p)) {
                g_autofree char *character = g_strndup(p, (gsize) (g_utf8_next_char(p) - p));
                const unsigned w = canvas_text_width(character);

                if (used + w > width && p > text)
                        break;
                if (*p == ' ' && p > text && p[-1] != ' ')
                        blank = p;
                used += w;
        }
        if (!*p) {
                *ret_skip = 0;
                return (size_t) (p - text);
        }
        if (*p == ' ')
                blank = p;
        if (!blank)
                blank = p;
        *ret_skip = 0;
        while (blank[*ret_skip] == ' ')
                (*ret_skip)++;
        return (size_t) (blank - text);
}

char **wrap_text(const char *text, unsigned width) {
        g_auto(GStrv) lines = g_strsplit(text ?: "", "\n", -1);
        g_autoptr(GPtrArray) wrapped = g_ptr_array_new_with_free_func(g_free);

        for (char **line = lines; *line; line++) {
                g_autofree char *escaped = text_escape(*line);
                const char *p = escaped;

                do {
                        size_t skip, n = fit(p, MAX(width, 1), &skip);

                        g_ptr_array_add(wrapped, g_strndup(p, n));
                        p += n + skip;
                } while (*p);
        }
        if (wrapped->len == 0)
                g_ptr_array_add(wrapped, g_strdup(""));
        g_ptr_array_add(wrapped, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&wrapped), /* free_segment= */ FALSE);
}
