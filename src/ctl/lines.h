/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lines of text with marks of style, for whoever shows them: a verb on standard output, the dashboard in a
 * window. */

#include <stdio.h>

#include "base/cleanup.h"
#include "ctl/text.h"

typedef struct Span {
        char *text; /* escaped: safe on a terminal */
        Color color;
} Span;

typedef struct Line {
        GArray *spans; /* of Span, from left to right */
} Line;

Line *line_new(void);
Line *line_free(Line *line);
DEFINE_CLEANUP(Line, line_free);

/* The next piece; escaped and copied. NULL and "" add nothing. */
void line_add(Line *line, Color color, const char *text);
void line_printf(Line *line, Color color, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* One that is escaped already; consumed. */
void line_take(Line *line, Color color, char *escaped);
/* columns of a terminal */
unsigned line_width(const Line *line);

GPtrArray *lines_new(void); /* of Line; frees its elements */
Line *lines_add(GPtrArray *lines);
/* on a file, each with its line end */
void lines_print(const GPtrArray *lines, bool color, FILE *file);
