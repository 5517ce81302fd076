/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/view.h"

#include <assert.h>

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/wrap.h"

#define FRAME 4 /* columns that the frame and a blank beside it take */

typedef struct View {
        Dialog dialog;
        char *title;
        char **lines;
        size_t top;
        size_t page;     /* lines that there was room for */
        size_t n_broken; /* lines that there were, broken to the width */
} View;

static void append_broken(GPtrArray *broken, const char *line, unsigned width) {
        g_auto(GStrv) parts = wrap_text(line, width);

        for (char **part = parts; *part; part++)
                g_ptr_array_add(broken, g_strdup(*part));
}

static unsigned widest(const View *view) {
        unsigned width = canvas_text_width(view->title) + 2;

        for (char **line = view->lines; *line; line++)
                width = MAX(width, canvas_text_width(*line));
        return width;
}

static void draw(Dialog *dialog, Canvas *canvas) {
        View *view = (View *) dialog;
        const unsigned width = MIN(widest(view) + FRAME, canvas_width(canvas));
        g_autoptr(GPtrArray) broken = g_ptr_array_new_with_free_func(g_free);
        _cleanup_(canvas_freep) Canvas *box = NULL;
        unsigned height;

        for (char **line = view->lines; *line; line++)
                append_broken(broken, *line, width > FRAME ? width - FRAME : 1);
        height = MIN(broken->len + 2, canvas_height(canvas));
        box =
                        canvas_new_view(canvas,
                                        (int) (canvas_height(canvas) - height) / 2,
                                        (int) (canvas_width(canvas) - width) / 2,
                                        width,
                                        height);
        view->page = height > 2 ? height - 2 : 1;
        view->n_broken = broken->len;
        view->top = MIN(view->top, broken->len > view->page ? broken->len - view->page : 0);

        canvas_box(box, view->title);
        for (size_t i = 0; i < view->page && view->top + i < broken->len; i++)
                (void) canvas_text(
                                box,
                                (int) i + 1,
                                FRAME / 2,
                                width > FRAME ? width - FRAME : 0,
                                STYLE_PLAIN,
                                g_ptr_array_index(broken, view->top + i));
        if (broken->len > view->page)
                (void) canvas_printf(
                                box,
                                (int) height - 1,
                                3,
                                16,
                                STYLE_FRAME,
                                " %zu-%zu of %u ",
                                view->top + 1,
                                MIN(view->top + view->page, broken->len),
                                broken->len);
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
                view->top = view->n_broken;
                break;
        case TYPED_ESCAPE:
        case TYPED_ENTER:
                return DIALOG_DONE;
        case TYPED_CHARACTER:
                return typed->character == 'q' || typed->character == '?' ? DIALOG_DONE : DIALOG_STAYS;
        default:
                break;
        }
        return DIALOG_STAYS;
}

static void free_view(Dialog *dialog) {
        View *view = (View *) dialog;

        g_free(view->title);
        g_strfreev(view->lines);
        g_free(view);
}

static const DialogVTable vtable = {
        .draw = draw,
        .key = key,
        .free = free_view,
        .footer = "↑↓ PgUp PgDn scroll  Esc close",
};

Dialog *view_new(const char *title, char **lines_consumed) {
        View *view = g_new0(View, 1);

        assert(lines_consumed);

        view->dialog.vtable = &vtable;
        view->title = g_strdup(title);
        view->lines = lines_consumed;
        return &view->dialog;
}

void view_set_lines(Dialog *dialog, char **lines_consumed) {
        View *view = (View *) dialog;

        assert(dialog->vtable == &vtable);
        assert(lines_consumed);

        g_strfreev(view->lines);
        view->lines = lines_consumed;
}
