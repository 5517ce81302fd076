/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/dialog.h"

#include <assert.h>
#include <glib.h>

struct Dialogs {
        GPtrArray *stack; /* of Dialog, which it frees */
};

static void free_one(gpointer dialog) {
        (void) dialog_free(dialog);
}

Dialog *dialog_free(Dialog *dialog) {
        if (dialog)
                dialog->vtable->free(dialog);
        return NULL;
}

Dialogs *dialogs_new(void) {
        Dialogs *dialogs = g_new0(Dialogs, 1);

        dialogs->stack = g_ptr_array_new_with_free_func(free_one);
        return dialogs;
}

Dialogs *dialogs_free(Dialogs *dialogs) {
        if (!dialogs)
                return NULL;

        g_ptr_array_unref(dialogs->stack);
        g_free(dialogs);
        return NULL;
}

void dialogs_push(Dialogs *dialogs, Dialog *dialog_consumed) {
        assert(dialogs);
        assert(dialog_consumed && dialog_consumed->vtable);

        g_ptr_array_add(dialogs->stack, dialog_consumed);
}

/* From the top, so that one that opened another goes after it. */
static void drop_done(Dialogs *dialogs) {
        for (unsigned i = dialogs->stack->len; i > 0; i--) {
                Dialog *dialog = g_ptr_array_index(dialogs->stack, i - 1);

                if (dialog->done)
                        g_ptr_array_remove_index(dialogs->stack, i - 1);
        }
}

static Dialog *top(Dialogs *dialogs) {
        drop_done(dialogs);
        return dialogs->stack->len > 0 ? g_ptr_array_index(dialogs->stack, dialogs->stack->len - 1) : NULL;
}

bool dialogs_key(Dialogs *dialogs, const Key *key) {
        Dialog *dialog;

        assert(dialogs);
        assert(key);

        dialog = top(dialogs);
        if (!dialog)
                return false;
        if (dialog->vtable->key(dialog, key) == DIALOG_DONE)
                dialog->done = true;
        drop_done(dialogs);
        return true;
}

void dialogs_draw(Dialogs *dialogs, Canvas *canvas) {
        assert(dialogs);
        assert(canvas);

        drop_done(dialogs);
        for (unsigned i = 0; i < dialogs->stack->len; i++) {
                Dialog *dialog = g_ptr_array_index(dialogs->stack, i);

                dialog->vtable->draw(dialog, canvas);
        }
}

bool dialogs_are_open(Dialogs *dialogs) {
        assert(dialogs);
        return top(dialogs) != NULL;
}

const char *dialogs_footer(Dialogs *dialogs) {
        Dialog *dialog;

        assert(dialogs);

        dialog = top(dialogs);
        if (!dialog)
                return NULL;
        return dialog->vtable->footer ?: dialog->vtable->footer_of(dialog);
}
