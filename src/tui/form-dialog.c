/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/form-dialog.h"

#include <assert.h>

#include "tui/popup.h"

/* A call on its way; it outlives the dialog that is closed meanwhile. */
typedef struct Errand {
        Desk *desk;
        FormDialog *dialog; /* NULL: closed */
        char *done_text;
        FormAnswered answered;
} Errand;

/* ---- calls ---- */

static void answered_plainly(const Errand *errand, FormDialog *dialog, const char *error) {
        if (dialog && error)
                form_complain(dialog->form, /* name= */ NULL, error);
        else if (dialog)
                dialog->dialog.done = true;
        if (!dialog || !error)
                errand->desk->say(errand->desk->userdata, !error, error ?: errand->done_text);
}

static void on_answer(const char *error, sd_bus_message *reply, void *userdata) {
        Errand *errand = userdata;
        FormDialog *dialog = errand->dialog;
        Desk *desk = errand->desk;

        if (dialog) {
                dialog->errand = NULL;
                form_set_busy(dialog->form, NULL);
        }
        if (errand->answered)
                errand->answered(desk, dialog, error, reply);
        else
                answered_plainly(errand, dialog, error);
        g_free(errand->done_text);
        g_free(errand);
        desk->redraw(desk->userdata);
}

void form_dialog_call(
                FormDialog *dialog,
                const char *member,
                unsigned bits,
                FeedArguments fill,
                void *fill_userdata,
                const char *busy,
                const char *done_text,
                FormAnswered answered) {
        Errand *errand = g_new0(Errand, 1);

        assert(dialog);
        assert(!dialog->errand);

        errand->desk = dialog->desk;
        errand->dialog = dialog;
        errand->done_text = g_strdup(done_text ?: "");
        errand->answered = answered;
        dialog->errand = errand;
        form_complain(dialog->form, /* name= */ NULL, NULL);
        form_set_busy(dialog->form, busy);
        feed_call(dialog->desk->feed, member, bits, fill, fill_userdata, on_answer, errand);
}

/* ---- the dialog ---- */

static void draw(Dialog *base, Canvas *canvas) {
        FormDialog *dialog = (FormDialog *) base;

        if (dialog->kind->look && !form_is_busy(dialog->form))
                dialog->kind->look(dialog);
        form_draw(dialog->form, canvas);
}

static void on_discard(bool yes, void *userdata) {
        FormDialog *dialog = userdata;

        if (yes)
                dialog->dialog.done = true;
}

static DialogResult cancel(FormDialog *dialog) {
        if (form_is_busy(dialog->form) || !form_is_changed(dialog->form))
                return DIALOG_DONE;
        dialogs_push(dialog->desk->dialogs,
                     question_new("Leave the form",
                                  "",
                                  "Throw away what was typed?",
                                  on_discard,
                                  dialog,
                                  /* free_userdata= */ NULL));
        return DIALOG_STAYS;
}

static DialogResult key(Dialog *base, const Key *key) {
        FormDialog *dialog = (FormDialog *) base;

        switch (form_key(dialog->form, key)) {
        case FORM_UNUSED:
                if (dialog->kind->key)
                        (void) dialog->kind->key(dialog, key);
                break;
        case FORM_USED:
                break;
        case FORM_LEFT:
                form_complain(dialog->form, /* name= */ NULL, NULL);
                if (dialog->kind->left && form_left(dialog->form))
                        dialog->kind->left(dialog, form_left(dialog->form));
                break;
        case FORM_SAVE:
                dialog->kind->save(dialog);
                break;
        case FORM_CANCEL:
                return cancel(dialog);
        }
        return DIALOG_STAYS;
}

static void dialog_done(Dialog *base) {
        FormDialog *dialog = (FormDialog *) base;
        Errand *errand = dialog->errand;

        if (errand)
                errand->dialog = NULL;
        if (dialog->kind->done)
                dialog->kind->done(dialog);
        (void) form_free(dialog->form);
        g_free(dialog);
}

static const char *footer_of(Dialog *base) {
        return form_is_busy(((FormDialog *) base)->form) ? "Esc close, and do not wait"
                                                         : ((FormDialog *) base)->kind->footer;
}

static const DialogVTable vtable = {
        .draw = draw,
        .key = key,
        .free = dialog_done,
        .footer_of = footer_of,
};

void *form_dialog_new(size_t size, const FormDialogKind *kind, Desk *desk, Form *form_consumed) {
        FormDialog *dialog = g_malloc0(size);

        assert(size >= sizeof(FormDialog));
        assert(kind && kind->save);
        assert(desk);
        assert(form_consumed);

        dialog->dialog.vtable = &vtable;
        dialog->kind = kind;
        dialog->desk = desk;
        dialog->form = form_consumed;
        return dialog;
}
