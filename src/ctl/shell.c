/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/shell.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

ShellLine *shell_line_free(ShellLine *line) {
        if (!line)
                return NULL;

        g_ptr_array_unref(line->words);
        g_free(line);
        return NULL;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n';
}

/* One word from *p on, which is left behind it; false: the line ends with it. */
static bool read_word(ShellLine *line, const char **p, const char *breaks) {
        g_autoptr(GString) word = g_string_new(NULL);

        line->quote = 0;
        line->settled = 0;
        for (; **p; (*p)++) {
                char c = **p;

                if (line->quote == 0 && is_blank(c))
                        break;
                if (line->quote ? c == line->quote : c == '\'' || c == '"') {
                        line->settled = word->len;
                        line->quote = line->quote ? 0 : c;
                } else if (c == '\\' && line->quote != '\'' && (*p)[1] &&
                           (line->quote == 0 || strchr("\\\"$`", (*p)[1]))) {
                        (*p)++;
                        g_string_append_c(word, **p);
                        /* a last backslash: what follows is not typed */
                } else if (!(c == '\\' && line->quote == 0)) {
                        g_string_append_c(word, c);
                        if (line->quote == 0 && strchr(breaks, c))
                                line->settled = word->len;
                }
        }
        g_ptr_array_add(line->words, g_strdup(word->str));
        return **p;
}

static bool is_assignment(const char *word) {
        size_t n = 0;

        while (g_ascii_isalnum(word[n]) || word[n] == '_')
                n++;
        return n > 0 && word[n] == '=';
}

ShellLine *shell_line_new(const char *text, const char *breaks) {
        ShellLine *line = g_new0(ShellLine, 1);
        bool more = true;

        assert(text);
        assert(breaks);

        line->words = g_ptr_array_new_with_free_func(g_free);
        while (more) {
                while (is_blank(*text))
                        text++;
                more = read_word(line, &text, breaks);
        }
        while (line->words->len > 1 && is_assignment(g_ptr_array_index(line->words, 0)))
                g_ptr_array_remove_index(line->words, 0);
        return line;
}

/* these, letters, digits and whatever is not ASCII stand for themselves outside of quotes */
static bool is_plain(char c) {
        return g_ascii_isalnum(c) || (unsigned char) c >= 0x80 || strchr("_-./:=@%+,", c);
}

char *shell_quote(const char *text, char quote) {
        GString *s = g_string_new(NULL);

        assert(text);

        for (const char *p = text; *p; p++) {
                if (quote == '\'' && *p == '\'') {
                        g_string_append(s, "'\\''");
                        continue;
                }
                if (quote == '"' ? strchr("\\\"$`", *p) != NULL : quote == 0 && !is_plain(*p))
                        g_string_append_c(s, '\\');
                g_string_append_c(s, *p);
        }
        return g_string_free(s, /* free_segment= */ FALSE);
}
