/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A form as a dialog: it asks before it throws away what was typed, and sends what it makes to the daemon
 * without waiting. While the daemon works the form says so; one that is closed meanwhile has its answer told
 * at the bottom of the dashboard. A refusal is shown in the form, and nothing that was typed is lost. */

#include "tui/actions.h"
#include "tui/form.h"

typedef struct FormDialog FormDialog;

typedef struct FormDialogKind {
        const char *footer;
        void (*save)(FormDialog *dialog); /* Ctrl-S: judge it, and form_dialog_call() */
        /* all of the following may be NULL */
        void (*left)(FormDialog *dialog, Input *input);  /* the cursor went on from there: judge that */
        void (*look)(FormDialog *dialog);                /* before it is drawn: has the world changed? */
        bool (*key)(FormDialog *dialog, const Key *key); /* one that is none of a form's */
        void (*done)(FormDialog *dialog);                /* what follows FormDialog, not it itself */
} FormDialogKind;

/* The first member of each kind of form. */
struct FormDialog {
        Dialog dialog;
        const FormDialogKind *kind;
        Desk *desk; /* borrowed */
        Form *form;
        void *errand; /* the call that it waits for */
};

/* allocates size bytes, which begin with a FormDialog; form: consumed */
void *form_dialog_new(size_t size, const FormDialogKind *kind, Desk *desk, Form *form_consumed);

/* The daemon has done it, or has not: error is a sentence, or NULL. dialog: NULL when it is closed. */
typedef void (*FormAnswered)(Desk *desk, FormDialog *dialog, const char *error, sd_bus_message *reply);
/* busy: what is shown meanwhile. answered is called once, later; NULL: an error is shown in the form, and
 * done_text (copied; NULL: none) is said when there is none and the form closed. */
void form_dialog_call(
                FormDialog *dialog,
                const char *member,
                unsigned bits,
                FeedArguments fill,
                void *fill_userdata,
                const char *busy,
                const char *done_text,
                FormAnswered answered);
