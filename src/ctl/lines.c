/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/lines.h"

#include <assert.h>

static void span_clear(void *p) {
        g_free(((Span *) p)->text);
}

Line *line_new(void) {
        Line *line = g_new0(Line, 1);

        line->spans = g_array_new(/* zero_terminated= */ FALSE, /* clear= */ FALSE, sizeof(Span));
        g_array_set_clear_func(line->spans, span_clear);
        return line;
}

Line *line_free(Line *line) {
        if (!line)
                return NULL;

        g_array_unref(line->spans);
        g_free(line);
        return NULL;
}

void line_take(Line *line, Color color, char *escaped) {
        Span span = { .text = escaped, .color = color };

        assert(line);
        assert(escaped);

        if (*escaped)
                g_array_append_val(line->spans, span);
        else
                g_free(escaped);
}

void line_add(Line *line, Color color, const char *text) {
        line_take(line, color, text_escape(text));
}

void line_printf(Line *line, Color color, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        line_add(line, color, text);
}

unsigned line_width(const Line *line) {
        unsigned width = 0;

        assert(line);

        for (guint i = 0; i < line->spans->len; i++)
                width += text_width(g_array_index(line->spans, Span, i).text);
        return width;
}

GPtrArray *lines_new(void) {
        return g_ptr_array_new_with_free_func(line_free_item);
}

Line *lines_add(GPtrArray *lines) {
        Line *line = line_new();

        assert(lines);

        g_ptr_array_add(lines, line);
        return line;
}

static void line_print(const Line *line, bool color, FILE *file) {
        for (guint i = 0; i < line->spans->len; i++) {
                const Span *span = &g_array_index(line->spans, Span, i);

                (void) fprintf(file,
                               "%s%s%s",
                               color_start(span->color, color),
                               span->text,
                               color_end(span->color, color));
        }
        (void) fputc('\n', file);
}

void lines_print(const GPtrArray *lines, bool color, FILE *file) {
        assert(lines);
        assert(file);

        for (guint i = 0; i < lines->len; i++)
                line_print(g_ptr_array_index(lines, i), color, file);
}
