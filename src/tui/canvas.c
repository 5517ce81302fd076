/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/canvas.h"

#include <assert.h>
#include <string.h>

#include "ctl/text.h"

/* A view has its parent's cells: its own begin at top,left of them. */
struct Canvas {
        Cell *cells; /* owned by the one that is no view */
        unsigned stride;
        unsigned top, left;
        unsigned width, height;
        struct Canvas *parent;  /* NULL: no view */
        int cursor_y, cursor_x; /* of the one that is no view */
};

Canvas *canvas_new_memory(unsigned width, unsigned height) {
        Canvas *canvas = g_new0(Canvas, 1);

        canvas->cells = g_new0(Cell, MAX(width * height, 1));
        canvas->stride = canvas->width = width;
        canvas->height = height;
        canvas_clear(canvas);
        return canvas;
}

Canvas *canvas_new_view(Canvas *canvas, int y, int x, unsigned width, unsigned height) {
        Canvas *view = g_new0(Canvas, 1);
        const unsigned top = (unsigned) CLAMP(y, 0, (int) canvas->height);
        const unsigned left = (unsigned) CLAMP(x, 0, (int) canvas->width);

        *view = *canvas;
        view->parent = canvas;
        view->top = canvas->top + top;
        view->left = canvas->left + left;
        view->width = MIN(width, canvas->width - left);
        view->height = MIN(height, canvas->height - top);
        return view;
}

Canvas *canvas_free(Canvas *canvas) {
        if (!canvas)
                return NULL;
        if (!canvas->parent)
                g_free(canvas->cells);
        g_free(canvas);
        return NULL;
}

static Canvas *root_of(Canvas *canvas) {
        while (canvas->parent)
                canvas = canvas->parent;
        return canvas;
}

unsigned canvas_width(const Canvas *canvas) {
        return canvas->width;
}

unsigned canvas_height(const Canvas *canvas) {
        return canvas->height;
}

static Cell *cell_at(const Canvas *canvas, unsigned y, unsigned x) {
        assert(y < canvas->height);
        assert(x < canvas->width);
        return canvas->cells + (size_t) (canvas->top + y) * canvas->stride + canvas->left + x;
}

const Cell *canvas_cell(const Canvas *canvas, unsigned y, unsigned x) {
        return cell_at(canvas, y, x);
}

bool canvas_where_cursor(const Canvas *canvas, unsigned *ret_y, unsigned *ret_x) {
        const Canvas *root = root_of((Canvas *) canvas);

        if (root->cursor_y < 0)
                return false;
        *ret_y = (unsigned) root->cursor_y;
        *ret_x = (unsigned) root->cursor_x;
        return true;
}

void canvas_cursor(Canvas *canvas, int y, int x) {
        Canvas *root = root_of(canvas);
        bool inside = y >= 0 && x >= 0 && (unsigned) y < canvas->height && (unsigned) x < canvas->width;

        root->cursor_y = inside ? (int) canvas->top + y : -1;
        root->cursor_x = inside ? (int) canvas->left + x : -1;
}

/* ---- cells ---- */

/* Joiners and variation selectors make one glyph of several characters on some terminals and not on others,
 * so that nobody knows how wide the line is: without them everybody does. */
static bool is_dropped(gunichar c) {
        return c == 0x200c || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

static unsigned width_of(gunichar c) {
        if (is_dropped(c) || g_unichar_iszerowidth(c))
                return 0;
        return g_unichar_iswide(c) ? 2 : 1;
}

static unsigned width_of_escaped(const char *escaped) {
        unsigned width = 0;

        for (const char *p = escaped; *p; p = g_utf8_next_char(p))
                width += width_of(g_utf8_get_char(p));
        return width;
}

unsigned canvas_text_width(const char *utf8) {
        g_autofree char *escaped = NULL;

        if (!utf8 || text_is_plain(utf8))
                return utf8 ? (unsigned) strlen(utf8) : 0;
        escaped = text_escape(utf8);
        return width_of_escaped(escaped);
}

static void set_blank(Cell *cell, Style style) {
        *cell = (Cell){ .characters = { ' ' }, .width = 1, .style = (unsigned short) style };
}

/* Half a wide character cannot be shown: what overwrites one half blanks the other one. */
static void tear(Canvas *canvas, unsigned y, unsigned x) {
        Cell *cell = cell_at(canvas, y, x);

        if (cell->width == 0 && canvas->left + x > 0)
                set_blank(cell - 1, cell[-1].style);
        else if (cell->width == 2 && canvas->left + x + 1 < canvas->stride)
                set_blank(cell + 1, cell[1].style);
}

static void put(Canvas *canvas, unsigned y, unsigned x, Style style, gunichar c, unsigned width) {
        Cell *cell = cell_at(canvas, y, x);

        tear(canvas, y, x);
        *cell = (Cell){ .characters = { c },
                        .width = (unsigned char) width,
                        .style = (unsigned short) style };
        if (width == 2) {
                tear(canvas, y, x + 1);
                cell[1] = (Cell){ .width = 0, .style = (unsigned short) style };
        }
}

static void put_mark(Canvas *canvas, unsigned y, unsigned x, gunichar c) {
        Cell *cell = cell_at(canvas, y, x);

        for (size_t i = 1; i < G_N_ELEMENTS(cell->characters); i++)
                if (cell->characters[i] == 0) {
                        cell->characters[i] = c;
                        return;
                }
}

/* one character of a text that begins at a column left of ours, perhaps */
static void put_clipped(Canvas *canvas, int y, int x, Style style, gunichar c, unsigned width) {
        if (y < 0 || (unsigned) y >= canvas->height || x < 0 || (unsigned) x + MAX(width, 1) > canvas->width)
                return;
        if (width == 0)
                put_mark(canvas, (unsigned) y, (unsigned) x, c);
        else
                put(canvas, (unsigned) y, (unsigned) x, style, c, width);
}

void canvas_fill(Canvas *canvas, int y, int x, unsigned width, unsigned height, Style style) {
        for (int row = y; row < y + (int) height; row++)
                for (int column = x; column < x + (int) width; column++)
                        put_clipped(canvas, row, column, style, ' ', 1);
}

void canvas_clear(Canvas *canvas) {
        canvas_fill(canvas, 0, 0, canvas->width, canvas->height, STYLE_PLAIN);
        canvas_cursor(canvas, -1, -1);
}

/* ---- text ---- */

unsigned canvas_text(Canvas *canvas, int y, int x, unsigned width, Style style, const char *utf8) {
        g_autofree char *escaped = text_escape(utf8);
        bool cut;
        unsigned used = 0, room;
        int last = -1; /* the column of the character that marks belong to */

        assert(canvas);

        if (x < (int) canvas->width)
                width = MIN(width, (unsigned) ((int) canvas->width - x));
        cut = width_of_escaped(escaped) > width;
        room = cut && width > 0 ? width - 1 : width;
        for (const char *p = escaped; *p; p = g_utf8_next_char(p)) {
                const gunichar c = g_utf8_get_char(p);
                const unsigned w = width_of(c);

                if (w == 0) {
                        if (last >= 0 && !is_dropped(c))
                                put_clipped(canvas, y, last, style, c, 0);
                        continue;
                }
                if (used + w > room)
                        break;
                last = x + (int) used;
                put_clipped(canvas, y, last, style, c, w);
                used += w;
        }
        if (cut && width > 0) {
                put_clipped(canvas, y, x + (int) used, style, 0x2026, 1);
                used++;
        }
        if (used < width)
                canvas_fill(canvas, y, x + (int) used, width - used, 1, style);
        return used;
}

unsigned canvas_printf(Canvas *canvas, int y, int x, unsigned width, Style style, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        return canvas_text(canvas, y, x, width, style, text);
}

void canvas_box(Canvas *canvas, const char *title) {
        const int right = (int) canvas->width - 1, bottom = (int) canvas->height - 1;

        canvas_fill(canvas, 0, 0, canvas->width, canvas->height, STYLE_PLAIN);
        for (int x = 1; x < right; x++) {
                put_clipped(canvas, 0, x, STYLE_FRAME, 0x2500, 1);
                put_clipped(canvas, bottom, x, STYLE_FRAME, 0x2500, 1);
        }
        for (int y = 1; y < bottom; y++) {
                put_clipped(canvas, y, 0, STYLE_FRAME, 0x2502, 1);
                put_clipped(canvas, y, right, STYLE_FRAME, 0x2502, 1);
        }
        put_clipped(canvas, 0, 0, STYLE_FRAME, 0x250c, 1);
        put_clipped(canvas, 0, right, STYLE_FRAME, 0x2510, 1);
        put_clipped(canvas, bottom, 0, STYLE_FRAME, 0x2514, 1);
        put_clipped(canvas, bottom, right, STYLE_FRAME, 0x2518, 1);
        if (title && canvas->width > 6) {
                const unsigned width = MIN(canvas_text_width(title), canvas->width - 6);

                put_clipped(canvas, 0, 2, STYLE_FRAME, ' ', 1);
                (void) canvas_text(canvas, 0, 3, width, STYLE_HEADER, title);
                put_clipped(canvas, 0, 3 + (int) width, STYLE_FRAME, ' ', 1);
        }
}

char *canvas_dump(const Canvas *canvas) {
        GString *s = g_string_new(NULL);

        for (unsigned y = 0; y < canvas->height; y++) {
                gsize begin = s->len;

                for (unsigned x = 0; x < canvas->width; x++) {
                        const Cell *cell = cell_at(canvas, y, x);

                        for (size_t i = 0; cell->width > 0 && i < G_N_ELEMENTS(cell->characters); i++)
                                if (cell->characters[i])
                                        g_string_append_unichar(s, cell->characters[i]);
                }
                while (s->len > begin && s->str[s->len - 1] == ' ')
                        g_string_truncate(s, s->len - 1);
                g_string_append_c(s, '\n');
        }
        return g_string_free(s, /* free_segment= */ FALSE);
}
