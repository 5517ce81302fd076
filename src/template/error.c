/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/error.h"

#include <assert.h>
#include <string.h>

#include "template/rune.h"

enum {
        TEXT_CHARS = 300,  /* of a sentence */
        TOKEN_CHARS = 40,  /* of the token that an error repeats */
        BEFORE_CHARS = 40, /* of the line, before the token */
        EXCERPT_CHARS = 72
};

TemplateError *template_error_free(TemplateError *error) {
        if (!error)
                return NULL;
        g_free(error->text);
        g_free(error->token);
        g_free(error->excerpt);
        g_free(error);
        return NULL;
}

char *template_error_to_string(const TemplateError *error) {
        assert(error);

        return g_strdup_printf("%u:%u: %s", error->line, error->column, error->text);
}

/* At most n_chars of s[0..n), one column each: what does not print becomes a blank or U+FFFD. */
static char *make_printable(const char *s, size_t n, size_t n_chars) {
        g_autoptr(GString) to = g_string_new(NULL);
        size_t width;

        for (size_t i = 0; i < n && n_chars > 0; i += width, n_chars--) {
                gunichar rune;

                width = rune_decode(s + i, n - i, &rune);
                if (rune_is_space(rune) && !rune_is_printable(rune))
                        g_string_append_c(to, ' ');
                else
                        g_string_append_unichar(to, rune_is_printable(rune) ? rune : RUNE_ERROR);
        }
        return g_string_free(g_steal_pointer(&to), /* free_segment= */ FALSE);
}

/* where the code point before `from` begins; a stray byte is one */
static size_t step_back(const char *text, size_t from) {
        for (size_t width = MIN(from, 4); width > 1; width--) {
                gunichar rune;

                if (rune_decode(text + from - width, width, &rune) == width)
                        return from - width;
        }
        return from - 1;
}

/* The line around the token, and a caret under it. */
static char *make_excerpt(const char *text, size_t n_text, size_t line, size_t start, size_t n) {
        const char *newline = memchr(text + start, '\n', n_text - start);
        size_t end = newline ? (size_t) (newline - text) : n_text, from = start, n_before, n_under;
        g_autofree char *shown = NULL, *indent = NULL, *tail = NULL;

        for (unsigned i = 0; i < BEFORE_CHARS && from > line; i++)
                from = step_back(text, from);
        n_before = rune_count(text + from, start - from);
        n_under = rune_count(text + start, MIN(n, end - start));
        n_under = CLAMP(n_under, 1, EXCERPT_CHARS - n_before);

        shown = make_printable(text + from, end - from, EXCERPT_CHARS);
        indent = g_strnfill(n_before, ' ');
        tail = g_strnfill(n_under - 1, '~');
        g_strchomp(shown);
        return g_strdup_printf("%s\n%s^%s", shown, indent, tail);
}

TemplateError *
error_new(const Template *template, TemplateFault fault, size_t start, size_t n, char *text_consumed) {
        TemplateError *error = g_new0(TemplateError, 1);
        const char *text = template->text;
        size_t line = 0;

        assert(start <= template->n);

        n = MIN(n, template->n - start);
        error->fault = fault;
        error->line = 1;
        for (size_t i = 0; i < start; i++)
                if (text[i] == '\n') {
                        error->line++;
                        line = i + 1;
                }
        error->column = (unsigned) rune_count(text + line, start - line) + 1;
        error->text = make_printable(text_consumed, strlen(text_consumed), TEXT_CHARS);
        error->token = make_printable(text + start, n, TOKEN_CHARS);
        error->excerpt = make_excerpt(text, template->n, line, start, n);
        g_free(text_consumed);
        return error;
}
