/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/view.h"

#include <assert.h>
#include <string.h>

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/wrap.h"

#define FRAME 4 /* columns that the frame and a blank beside it take */

typedef struct View {
        Dialog dialog;
        char *title;
        const ViewKind *kind;
        void *userdata;
        size_t top;
        size_t page;    /* lines that there was room for */
        size_t n_lines; /* that there were */
} View;

/* ---- lines that are too long ---- */

#define INDENTATION "  " /* of what goes on below */

/* word: with the blanks before it */
static void add_word(GPtrArray *lines, Line **line, Color color, const char *word, unsigned width) {
        if (line_width(*line) + canvas_text_width(word) > width && line_width(*line) > strlen(INDENTATION)) {
                *line = lines_add(lines);
                line_add(*line, COLOR_NONE, INDENTATION);
                while (*word == ' ')
                        word++;
        }
        line_add(*line, color, word);
}

static void break_line(GPtrArray *lines, const Line *line, unsigned width) {
        Line *current = lines_add(lines);

        for (unsigned i = 0; i < line->spans->len; i++) {
                const Span *span = &g_array_index(line->spans, Span, i);

                for (const char *p = span->text; *p;) {
                        const size_t blanks = strspn(p, " "), length = blanks + strcspn(p + blanks, " ");
                        g_autofree char *word = g_strndup(p, length);

                        add_word(lines, &current, span->color, word, width);
                        p += length;
                }
        }
}

static GPtrArray *break_lines(const GPtrArray *made, unsigned width) {
        GPtrArray *lines = lines_new();

        for (unsigned i = 0; i < made->len; i++)
                break_line(lines, g_ptr_array_index(made, i), width);
        return lines;
}

/* ---- drawing ---- */

static Style style_of(Color color) {
        static const Style styles[] = {
                [COLOR_NONE] = STYLE_PLAIN, [COLOR_GOOD] = STYLE_GOOD,     [COLOR_BAD] = STYLE_BAD,
                [COLOR_DIM] = STYLE_DIM,    [COLOR_HEADER] = STYLE_HEADER, [COLOR_NOTICE] = STYLE_NOTICE,
        };

        return (size_t) color < G_N_ELEMENTS(styles) ? styles[color] : STYLE_PLAIN;
}

static void draw_line(Canvas *canvas, int y, const Line *line) {
        const int end = (int) canvas_width(canvas) - FRAME / 2;
        int x = FRAME / 2;

        for (unsigned i = 0; i < line->spans->len && x < end; i++) {
                const Span *span = &g_array_index(line->spans, Span, i);
                const unsigned width = MIN(canvas_text_width(span->text), (unsigned) (end - x));

                (void) canvas_text(canvas, y, x, width, style_of(span->color), span->text);
                x += (int) width;
        }
}

static unsigned widest(const View *view, const GPtrArray *lines) {
        unsigned width = canvas_text_width(view->title) + 2;

        for (unsigned i = 0; i < lines->len; i++)
                width = MAX(width, line_width(g_ptr_array_index(lines, i)));
        return width;
}

/* in the middle, as large as it needs to be */
static Canvas *box_new(const View *view, const GPtrArray *lines, Canvas *canvas) {
        const unsigned width = MIN(widest(view, lines) + FRAME, canvas_width(canvas));
        const unsigned height = MIN(lines->len + 2, canvas_height(canvas));

        return canvas_new_view(
                        canvas,
                        (int) (canvas_height(canvas) - height) / 2,
                        (int) (canvas_width(canvas) - width) / 2,
                        width,
                        height);
}

static void draw_where(const View *view, Canvas *box) {
        g_autofree char *text = NULL;

        if (view->n_lines <= view->page)
                return;
        text =
                        g_strdup_printf(" %zu-%zu of %zu ",
                                        view->top + 1,
                                        MIN(view->top + view->page, view->n_lines),
                                        view->n_lines);
        (void) canvas_text(box, (int) canvas_height(box) - 1, 3, canvas_text_width(text), STYLE_FRAME, text);
}

static void draw(Dialog *dialog, Canvas *canvas) {
        View *view = (View *) dialog;
        const unsigned room = canvas_width(canvas) > FRAME ? canvas_width(canvas) - FRAME : 1;
        g_autoptr(GPtrArray) made = view->kind->make(view->userdata, room), lines = break_lines(made, room);
        _cleanup_(canvas_freep) Canvas *box = box_new(view, lines, canvas);
        const unsigned height = canvas_height(box);

        view->n_lines = lines->len;
        view->page = height > 2 ? height - 2 : 1;
        view->top = MIN(view->top, lines->len > view->page ? lines->len - view->page : 0);

        canvas_box(box, view->title);
        for (size_t i = 0; i < view->page && view->top + i < lines->len; i++)
                draw_line(box, (int) i + 1, g_ptr_array_index(lines, view->top + i));
        draw_where(view, box);
}

/* ---- keys ---- */

static DialogResult on_character(View *view, gunichar c) {
        if (c == 'q' || c == '?')
                return DIALOG_DONE;
        if (view->kind->key)
                (void) view->kind->key(view->userdata, c);
        return DIALOG_STAYS;
}

static DialogResult key(Dialog *dialog, const Key *typed) {
        View *view = (View *) dialog;

        switch (typed->kind) {
        case TYPED_UP:
                view->top -= view->top > 0;
                break;
        case TYPED_DOWN:
                view->top++; /* as far as there is something, which draw() sees to */
                break;
        case TYPED_PAGE_UP:
                view->top -= MIN(view->top, view->page);
                break;
        case TYPED_PAGE_DOWN:
                view->top += view->page;
                break;
        case TYPED_HOME:
                view->top = 0;
                break;
        case TYPED_END:
                view->top = view->n_lines;
                break;
        case TYPED_ESCAPE:
        case TYPED_ENTER:
                return DIALOG_DONE;
        case TYPED_CHARACTER:
                return on_character(view, typed->character);
        default:
                break;
        }
        return DIALOG_STAYS;
}

/* ---- lifecycle ---- */

static void free_view(Dialog *dialog) {
        View *view = (View *) dialog;

        view->kind->free(view->userdata);
        g_free(view->title);
        g_free(view);
}

static const char *footer_of(Dialog *dialog) {
        return ((View *) dialog)->kind->footer;
}

static const DialogVTable vtable = {
        .draw = draw,
        .key = key,
        .free = free_view,
        .footer_of = footer_of,
};

Dialog *view_new_made(const char *title, const ViewKind *kind, void *userdata_consumed) {
        View *view = g_new0(View, 1);

        assert(kind);

        view->dialog.vtable = &vtable;
        view->title = g_strdup(title);
        view->kind = kind;
        view->userdata = userdata_consumed;
        return &view->dialog;
}

/* ---- text ---- */

/* what is set in stays so on each of the lines that it takes */
static void add_text(GPtrArray *lines, const char *text, unsigned width) {
        const unsigned blanks = MIN((unsigned) strspn(text, " "), width / 2);
        g_auto(GStrv) parts = wrap_text(text + blanks, width - blanks);

        for (char **part = parts; *part; part++)
                line_printf(lines_add(lines), COLOR_NONE, "%*s%s", (int) blanks, "", *part);
}

static GPtrArray *make_text(void *userdata, unsigned width) {
        GPtrArray *lines = lines_new();

        for (char **text = userdata; *text; text++)
                add_text(lines, *text, width);
        return lines;
}

static void free_text(void *userdata) {
        g_strfreev(userdata);
}

Dialog *view_new(const char *title, char **lines_consumed) {
        static const ViewKind kind = {
                .make = make_text,
                .free = free_text,
                .footer = "↑↓ PgUp PgDn scroll  Esc close",
        };

        assert(lines_consumed);

        return view_new_made(title, &kind, lines_consumed);
}
