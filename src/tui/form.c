/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/form.h"

#include <assert.h>
#include <string.h>

#include "tui/wrap.h"

#define LABEL_MAX_WIDTH 24
#define PAGE_FIELDS 5
#define FIELD_SPACE 2 /* columns before the label, and between it and the field */

/* Behind the fields come two buttons, on one line. */
enum { BUTTON_SAVE, BUTTON_CANCEL, N_BUTTONS };

struct Form {
        char *title;
        GPtrArray *inputs;
        unsigned focus; /* an input, or n + a button */
        unsigned top;   /* the first line that is seen */
        Input *left;    /* borrowed */
        char *complaint;
        char *busy;
};

/* ---- lifecycle ---- */

static void free_input(gpointer input) {
        (void) input_free(input);
}

Form *form_new(const char *title) {
        Form *form = g_new0(Form, 1);

        form->title = g_strdup(title);
        form->inputs = g_ptr_array_new_with_free_func(free_input);
        return form;
}

Form *form_free(Form *form) {
        if (!form)
                return NULL;

        g_free(form->title);
        g_ptr_array_unref(form->inputs);
        g_free(form->complaint);
        g_free(form->busy);
        g_free(form);
        return NULL;
}

void form_add(Form *form, Input *input_consumed) {
        assert(form);
        assert(input_consumed);
        g_ptr_array_add(form->inputs, input_consumed);
}

/* ---- questions ---- */

Input *form_input_at(const Form *form, unsigned i) {
        return i < form->inputs->len ? g_ptr_array_index(form->inputs, i) : NULL;
}

Input *form_input(const Form *form, const char *name) {
        for (unsigned i = 0; i < form->inputs->len; i++)
                if (g_strcmp0(input_name(form_input_at(form, i)), name) == 0)
                        return form_input_at(form, i);
        return NULL;
}

Input *form_left(const Form *form) {
        return form->left;
}

bool form_is_changed(const Form *form) {
        for (unsigned i = 0; i < form->inputs->len; i++)
                if (input_is_changed(form_input_at(form, i)))
                        return true;
        return false;
}

bool form_is_busy(const Form *form) {
        return form->busy != NULL;
}

/* ---- steps ---- */

static void set_text(char **to, const char *text) {
        char *copy = g_strdup(text);

        g_free(*to);
        *to = copy;
}

void form_complain(Form *form, const char *name, const char *text) {
        assert(form);

        for (unsigned i = 0; name && i < form->inputs->len; i++)
                if (strcmp(input_name(form_input_at(form, i)), name) == 0) {
                        input_complain(form_input_at(form, i), text);
                        if (text)
                                form->focus = i;
                        return;
                }
        set_text(&form->complaint, text);
}

void form_set_busy(Form *form, const char *text) {
        set_text(&form->busy, text);
}

/* ---- keys ---- */

static unsigned n_stops(const Form *form) {
        return form->inputs->len + N_BUTTONS;
}

static FormResult go(Form *form, int step) {
        const int last = (int) n_stops(form) - 1, to = CLAMP((int) form->focus + step, 0, last);

        form->left = form_input_at(form, form->focus);
        if (to == (int) form->focus)
                return FORM_USED;
        form->focus = (unsigned) to;
        return FORM_LEFT;
}

/* Tab goes around the ends. */
static FormResult go_around(Form *form, int step) {
        const int n = (int) n_stops(form);

        form->left = form_input_at(form, form->focus);
        form->focus = (unsigned) (((int) form->focus + step + n) % n);
        return FORM_LEFT;
}

static FormResult key_between(Form *form, const Key *key) {
        const bool button = form->focus >= form->inputs->len;

        if (key->pasted)
                return FORM_USED;
        switch (key->kind) {
        case TYPED_TAB:
                return go_around(form, 1);
        case TYPED_BACKTAB:
                return go_around(form, -1);
        case TYPED_DOWN:
                return go(form, 1);
        case TYPED_UP:
                return go(form, form->focus == form->inputs->len + BUTTON_CANCEL ? -2 : -1);
        case TYPED_PAGE_DOWN:
                return go(form, PAGE_FIELDS);
        case TYPED_PAGE_UP:
                return go(form, -PAGE_FIELDS);
        case TYPED_LEFT:
                return button ? go(form, form->focus > form->inputs->len ? -1 : 0) : FORM_USED;
        case TYPED_RIGHT:
                return button ? go(form, 1) : FORM_USED;
        case TYPED_ENTER:
                if (form->focus == form->inputs->len + BUTTON_SAVE)
                        return FORM_SAVE;
                if (form->focus == form->inputs->len + BUTTON_CANCEL)
                        return FORM_CANCEL;
                return go(form, 1);
        default:
                return FORM_UNUSED;
        }
}

static FormResult key_input(Form *form, Input *input, const Key *key) {
        g_autofree char *limit = NULL;

        switch (input_key(input, key)) {
        case INPUT_UNUSED:
                return key_between(form, key);
        case INPUT_FULL:
                limit = input_limit(input);
                input_complain(input, limit);
                return FORM_USED;
        case INPUT_USED:
                /* what was wrong is being mended */
                if (key->kind == TYPED_CHARACTER || key->kind == TYPED_BACKSPACE ||
                    key->kind == TYPED_DELETE)
                        input_complain(input, NULL);
                break;
        }
        return FORM_USED;
}

FormResult form_key(Form *form, const Key *key) {
        assert(form);
        assert(key);

        if (key->kind == TYPED_ESCAPE)
                return FORM_CANCEL;
        if (form->busy)
                return FORM_USED;
        if (key->kind == TYPED_CONTROL && key->character == 's')
                return FORM_SAVE;
        if (form->focus < form->inputs->len)
                return key_input(form, form_input_at(form, form->focus), key);
        return key_between(form, key);
}

/* ---- drawing ---- */

static unsigned label_width(const Form *form) {
        unsigned width = 0;

        for (unsigned i = 0; i < form->inputs->len; i++)
                width = MAX(width, canvas_text_width(input_label(form_input_at(form, i))));
        return MIN(width, LABEL_MAX_WIDTH);
}

/* A complaint has as many lines as it needs; the more than usual ones of a template are shown with it. */
static char **complaint_lines(const Input *input, unsigned width) {
        return input_complaint(input) ? wrap_text(input_complaint(input), width) : NULL;
}

static unsigned field_lines(const Input *input, unsigned width) {
        g_auto(GStrv) lines = complaint_lines(input, width);

        return input_height(input) + (lines ? g_strv_length(lines) : 0);
}

static void draw_field(const Form *form, Canvas *canvas, int y, unsigned i, unsigned labels) {
        const int x = (int) labels + 2 * FIELD_SPACE;
        const unsigned width = canvas_width(canvas) > (unsigned) x ? canvas_width(canvas) - (unsigned) x : 1;
        Input *input = form_input_at(form, i);
        g_auto(GStrv) lines = complaint_lines(input, width);
        const bool focus = form->focus == i;
        int from = 0;

        (void) canvas_text(
                        canvas,
                        y,
                        FIELD_SPACE,
                        labels,
                        focus ? STYLE_HEADER : STYLE_PLAIN,
                        input_label(input));
        from = (int) input_height(input);
        /* one that is half above the window is not drawn on, so that it keeps its own scrolling */
        if (y >= 0) {
                _cleanup_(canvas_freep) Canvas *view =
                                canvas_new_view(canvas, y, x, width, input_height(input));

                if (canvas_height(view) > 0)
                        input_draw(input, view, focus);
        }
        for (char **line = lines; line && *line; line++)
                (void) canvas_text(canvas, y + from++, x, width, STYLE_BAD, *line);
}

/* In the line below the fields: however many these are, it is seen how to end. */
static void draw_buttons(const Form *form, Canvas *canvas) {
        static const char *const texts[] = { [BUTTON_SAVE] = "[ Save ]", [BUTTON_CANCEL] = "[ Cancel ]" };
        const int y = 0, last = (int) canvas_width(canvas) - 1;
        int x = 1 + FIELD_SPACE;

        for (int i = 0; i <= last; i++)
                (void) canvas_text(canvas, y, i, 1, STYLE_FRAME, i == 0 ? "├" : i == last ? "┤" : "─");
        canvas_fill(canvas, y, x - 1, 1, 1, STYLE_PLAIN);
        for (unsigned i = 0; i < N_BUTTONS; i++) {
                const bool focus = form->focus == form->inputs->len + i;
                const unsigned width = canvas_text_width(texts[i]);

                (void) canvas_text(
                                canvas,
                                y,
                                x,
                                width,
                                focus ? STYLE_KEY | STYLE_SELECTED : STYLE_KEY,
                                texts[i]);
                if (focus)
                        canvas_cursor(canvas, y, x + 2);
                x += (int) width;
                canvas_fill(canvas, y, x, i + 1 < N_BUTTONS ? FIELD_SPACE : 1, 1, STYLE_PLAIN);
                x += FIELD_SPACE;
        }
}

static void draw_fields(Form *form, Canvas *canvas) {
        const unsigned labels = label_width(form), height = canvas_height(canvas);
        const unsigned x = labels + 2 * FIELD_SPACE;
        const unsigned width = canvas_width(canvas) > x ? canvas_width(canvas) - x : 1;
        unsigned begin = 0, end = 0, line = 0;

        for (unsigned i = 0; i < form->inputs->len; i++) {
                const unsigned n = field_lines(form_input_at(form, i), width);

                if (i == form->focus) {
                        begin = line;
                        end = line + n;
                }
                line += n;
        }
        if (form->focus >= form->inputs->len) /* the buttons, which follow the last field */
                begin = end = line;
        if (end > form->top + height)
                form->top = end - height;
        if (begin < form->top)
                form->top = begin;

        line = 0;
        for (unsigned i = 0; i < form->inputs->len; i++) {
                draw_field(form, canvas, (int) line - (int) form->top, i, labels);
                line += field_lines(form_input_at(form, i), width);
        }
        if (form->top > 0)
                (void) canvas_text(canvas, 0, 0, 1, STYLE_KEY, "↑");
        if (line > form->top + height)
                (void) canvas_text(canvas, (int) height - 1, 0, 1, STYLE_KEY, "↓");
}

/* What is said at the bottom, the most important first. */
static char **bottom_lines(const Form *form, unsigned width, Style *ret_style) {
        const Input *input = form_input_at(form, form->focus);
        g_autofree char *help = NULL, *text = NULL;

        *ret_style = STYLE_DIM;
        if (form->busy) {
                *ret_style = STYLE_NOTICE;
                return wrap_text(form->busy, width);
        }
        if (form->complaint) {
                *ret_style = STYLE_BAD;
                return wrap_text(form->complaint, width);
        }
        if (!input)
                return wrap_text("", width);
        help = input_help(input);
        text = input_hint(input) ? g_strdup_printf("%s\n%s", help, input_hint(input)) : g_strdup(help);
        return wrap_text(text, width);
}

/* The same number of lines for every field, so that nothing jumps. */
static unsigned bottom_height(const Form *form, unsigned width, unsigned shown, unsigned height) {
        unsigned most = MAX(shown, 1);

        for (unsigned i = 0; i < form->inputs->len; i++) {
                const Input *input = form_input_at(form, i);
                g_autofree char *help = input_help(input);
                g_auto(GStrv) lines = wrap_text(help, width), more = NULL;

                if (input_hint(input))
                        more = wrap_text(input_hint(input), width);
                most = MAX(most, g_strv_length(lines) + (more ? g_strv_length(more) : 0));
        }
        return MIN(most, height / 2);
}

void form_draw(Form *form, Canvas *canvas) {
        _cleanup_(canvas_freep) Canvas *fields = NULL, *buttons = NULL;
        const unsigned width = canvas_width(canvas), height = canvas_height(canvas);
        g_auto(GStrv) lines = NULL;
        unsigned inner, bottom;
        Style style;

        assert(form);

        canvas_box(canvas, form->title);
        if (width < 8 || height < 5)
                return;
        inner = width - 4;
        lines = bottom_lines(form, inner, &style);
        bottom = bottom_height(form, inner, g_strv_length(lines), height - 3);

        fields = canvas_new_view(canvas, 1, 1, width - 2, height - 3 - bottom);
        draw_fields(form, fields);
        buttons = canvas_new_view(canvas, (int) (height - 2 - bottom), 0, width, 1);
        draw_buttons(form, buttons);
        for (unsigned i = 0; i < bottom && lines[i]; i++)
                (void) canvas_text(canvas, (int) (height - 1 - bottom + i), 2, inner, style, lines[i]);
}
