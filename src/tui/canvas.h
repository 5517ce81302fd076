/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A rectangle of cells, in memory: what is drawn on it is shown by tui/screen.h, or compared by a test. Rows
 * and columns count from 0; what lies outside is not drawn. Text is escaped here, so nobody else has to. */

#include <stdbool.h>

#include <glib.h>

#include "base/cleanup.h"

/* What a text means; how that looks is the screen's business. STYLE_SELECTED may be added to any of them. */
typedef enum Style {
        STYLE_PLAIN,
        STYLE_GOOD,
        STYLE_BAD,
        STYLE_DIM,
        STYLE_NOTICE, /* something to know: a message, a marked column */
        STYLE_ALARM,  /* something is wrong with what is shown: the daemon is gone */
        STYLE_HEADER, /* over columns */
        STYLE_BAR,    /* the line at the top, tabs */
        STYLE_KEY,    /* a key that may be pressed */
        STYLE_FRAME,  /* lines around a box */
        STYLE_FIELD,  /* what can be typed over */
        _STYLE_MAX,
        STYLE_SELECTED = 1 << 8 /* the row or field of the cursor */
} Style;

#define CANVAS_COMBINING_MAX 3 /* marks kept on one character */

typedef struct Cell {
        gunichar characters[1 + CANVAS_COMBINING_MAX]; /* the character and its marks, 0 where none */
        unsigned char width;                           /* 1 or 2; 0: the right half of the one before */
        unsigned short style;                          /* Style, with its bit */
} Cell;

typedef struct Canvas Canvas;

/* ---- lifecycle ---- */

Canvas *canvas_new_memory(unsigned width, unsigned height);
/* A rectangle of another one, cut to it; draws on the same cells, and must not outlive it. */
Canvas *canvas_new_view(Canvas *canvas, int y, int x, unsigned width, unsigned height);
Canvas *canvas_free(Canvas *canvas);
DEFINE_CLEANUP(Canvas, canvas_free);

/* ---- questions ---- */

unsigned canvas_width(const Canvas *canvas);
unsigned canvas_height(const Canvas *canvas);
const Cell *canvas_cell(const Canvas *canvas, unsigned y, unsigned x);
/* where the cursor shows; false: nowhere */
bool canvas_where_cursor(const Canvas *canvas, unsigned *ret_y, unsigned *ret_x);
/* The lines without the blanks at their ends, each with '\n', for tests. Caller frees. */
char *canvas_dump(const Canvas *canvas);
/* columns that canvas_text() needs for all of a text, which it escapes */
unsigned canvas_text_width(const char *utf8);

/* ---- drawing ---- */

void canvas_clear(Canvas *canvas);
/* Puts text at y,x, cut to width columns ("…" says so) and padded to them in the same style. Returns the
 * columns that the text itself took. NULL is "". */
unsigned canvas_text(Canvas *canvas, int y, int x, unsigned width, Style style, const char *utf8);
/* the same for the ends of texts that are made up, "%" and all */
unsigned canvas_printf(Canvas *canvas, int y, int x, unsigned width, Style style, const char *format, ...)
                G_GNUC_PRINTF(6, 7);
/* fills with blanks */
void canvas_fill(Canvas *canvas, int y, int x, unsigned width, unsigned height, Style style);
/* a frame along the edge, blanks inside, and a title in its upper line (NULL: none) */
void canvas_box(Canvas *canvas, const char *title);
/* Where the cursor shows; a negative y: nowhere, as after canvas_clear(). */
void canvas_cursor(Canvas *canvas, int y, int x);
