/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/popup.h"

#include <assert.h>

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/wrap.h"

#define POPUP_MAX_WIDTH 84
#define POPUP_EDGE 4 /* columns of the frame, and of blanks beside the text */

typedef struct Popup {
        Dialog dialog;
        char *title;
        char *text;
        char *question;
        char **choices;
        unsigned at;
        QuestionAnswered answered;
        PickerPicked picked;
        void *userdata;
        GDestroyNotify free_userdata;
} Popup;

static void popup_free(Dialog *dialog) {
        Popup *popup = (Popup *) dialog;

        if (popup->free_userdata)
                popup->free_userdata(popup->userdata);
        g_free(popup->title);
        g_free(popup->text);
        g_free(popup->question);
        g_strfreev(popup->choices);
        g_free(popup);
}

static Popup *
popup_new(const DialogVTable *vtable, const char *title, void *userdata, GDestroyNotify free_userdata) {
        Popup *popup = g_new0(Popup, 1);

        popup->dialog.vtable = vtable;
        popup->title = g_strdup(title);
        popup->userdata = userdata;
        popup->free_userdata = free_userdata;
        return popup;
}

/* A box for so many columns and lines, in the middle; what is inside of it, which the caller frees. */
static Canvas *box(const Popup *popup, Canvas *canvas, unsigned columns, unsigned lines) {
        const unsigned width =
                        MIN(MAX(columns, canvas_text_width(popup->title) + 4) + POPUP_EDGE,
                            canvas_width(canvas));
        const unsigned height = MIN(lines + 2, canvas_height(canvas));
        const int y = (int) (canvas_height(canvas) - height) / 2;
        const int x = (int) (canvas_width(canvas) - width) / 2;
        _cleanup_(canvas_freep) Canvas *frame = canvas_new_view(canvas, y, x, width, height);

        canvas_box(frame, popup->title);
        canvas_cursor(canvas, -1, -1);
        return canvas_new_view(
                        canvas,
                        y + 1,
                        x + POPUP_EDGE / 2,
                        width > POPUP_EDGE ? width - POPUP_EDGE : 1,
                        MAX(height, 3) - 2);
}

static unsigned text_columns(const Canvas *canvas) {
        const unsigned width = MIN(canvas_width(canvas), POPUP_MAX_WIDTH);

        return width > POPUP_EDGE ? width - POPUP_EDGE : 1;
}

static unsigned widest(char *const *lines) {
        unsigned width = 0;

        for (; *lines; lines++)
                width = MAX(width, canvas_text_width(*lines));
        return width;
}

/* ---- question ---- */

static void question_draw(Dialog *dialog, Canvas *canvas) {
        Popup *popup = (Popup *) dialog;
        g_auto(GStrv) text = wrap_text(popup->text, text_columns(canvas));
        g_auto(GStrv) question = wrap_text(popup->question, text_columns(canvas));
        const unsigned n = *popup->text ? g_strv_length(text) + 1 : 0, n_asked = g_strv_length(question);
        _cleanup_(canvas_freep) Canvas *inside =
                        box(popup, canvas, MAX(widest(text), widest(question)), n + n_asked);
        /* where it is too high the question itself must be seen */
        const int top = MIN((int) canvas_height(inside) - (int) (n + n_asked), 0);
        unsigned used = 0;

        for (unsigned i = 0; i + 1 < n; i++)
                (void) canvas_text(inside, top + (int) i, 0, canvas_width(inside), STYLE_PLAIN, text[i]);
        for (unsigned i = 0; i < n_asked; i++)
                used =
                                canvas_text(inside,
                                            top + (int) (n + i),
                                            0,
                                            canvas_width(inside),
                                            STYLE_NOTICE,
                                            question[i]);
        canvas_cursor(inside, top + (int) (n + n_asked) - 1, (int) used);
}

static DialogResult question_key(Dialog *dialog, const Key *key) {
        Popup *popup = (Popup *) dialog;
        bool yes = false;

        if (key->pasted)
                return DIALOG_STAYS;
        if (key->kind == TYPED_CHARACTER) {
                const gunichar c = g_unichar_tolower(key->character);

                if (c != 'y' && c != 'n')
                        return DIALOG_STAYS;
                yes = c == 'y';
        } else if (key->kind != TYPED_ESCAPE && key->kind != TYPED_ENTER)
                return DIALOG_STAYS;

        popup->answered(yes, popup->userdata);
        return DIALOG_DONE;
}

static const DialogVTable question_vtable = {
        .draw = question_draw,
        .key = question_key,
        .free = popup_free,
        .footer = "y yes  n, Esc no",
};

Dialog *
question_new(const char *title,
             const char *text,
             const char *question,
             QuestionAnswered answered,
             void *userdata,
             GDestroyNotify free_userdata) {
        Popup *popup = popup_new(&question_vtable, title, userdata, free_userdata);

        assert(answered);

        popup->text = g_strdup(text);
        popup->question = g_strdup_printf("%s [y/N] ", question);
        popup->answered = answered;
        return &popup->dialog;
}

/* ---- picker ---- */

static void picker_draw(Dialog *dialog, Canvas *canvas) {
        Popup *popup = (Popup *) dialog;
        _cleanup_(canvas_freep) Canvas *inside =
                        box(popup, canvas, widest(popup->choices) + 2, g_strv_length(popup->choices));

        for (unsigned i = 0; popup->choices[i]; i++)
                (void) canvas_printf(
                                inside,
                                (int) i,
                                0,
                                canvas_width(inside),
                                i == popup->at ? STYLE_PLAIN | STYLE_SELECTED : STYLE_PLAIN,
                                "%s%s",
                                i == popup->at ? "> " : "  ",
                                popup->choices[i]);
}

static DialogResult pick(Popup *popup, unsigned i) {
        popup->picked(i, popup->userdata);
        return DIALOG_DONE;
}

static DialogResult picker_key(Dialog *dialog, const Key *key) {
        Popup *popup = (Popup *) dialog;
        const unsigned n = g_strv_length(popup->choices);

        switch (key->kind) {
        case TYPED_UP:
        case TYPED_BACKTAB:
                popup->at = (popup->at + n - 1) % n;
                break;
        case TYPED_DOWN:
        case TYPED_TAB:
                popup->at = (popup->at + 1) % n;
                break;
        case TYPED_ENTER:
                return pick(popup, popup->at);
        case TYPED_ESCAPE:
                return DIALOG_DONE;
        case TYPED_CHARACTER:
                for (unsigned i = 0; i < n && !key->pasted; i++)
                        if (g_utf8_get_char(popup->choices[i]) == g_unichar_tolower(key->character))
                                return pick(popup, i);
                break;
        default:
                break;
        }
        return DIALOG_STAYS;
}

static const DialogVTable picker_vtable = {
        .draw = picker_draw,
        .key = picker_key,
        .free = popup_free,
        .footer = "↑↓ choose  Enter take it  Esc cancel",
};

Dialog *
picker_new(const char *title,
           const char *const *choices,
           PickerPicked picked,
           void *userdata,
           GDestroyNotify free_userdata) {
        Popup *popup = popup_new(&picker_vtable, title, userdata, free_userdata);

        assert(choices && choices[0]);
        assert(picked);

        popup->choices = g_strdupv((char **) choices);
        popup->picked = picked;
        return &popup->dialog;
}
