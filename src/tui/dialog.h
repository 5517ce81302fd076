/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What can be on top of the dashboard: a form, a question, a message, a picker, what `why` shows. Dialogs
 * lie on a stack; the topmost has the keys, and all are drawn, from below, on the part of the screen between
 * the dashboard's header and its footer. A dialog never waits: what it asked the daemon for comes back by a
 * callback, which may end the dialog or open another. */

#include <stdbool.h>

#include "base/cleanup.h"

typedef struct Canvas Canvas;
typedef struct Key Key;
typedef struct Dialog Dialog;
typedef struct Dialogs Dialogs;

typedef enum DialogResult { DIALOG_STAYS, DIALOG_DONE } DialogResult;

typedef struct DialogVTable {
        void (*draw)(Dialog *dialog, Canvas *canvas);
        DialogResult (*key)(Dialog *dialog, const Key *key);
        void (*free)(Dialog *dialog);
        const char *footer; /* what its keys do, on one line; NULL: footer_of() says it */
        const char *(*footer_of)(Dialog *dialog);
} DialogVTable;

/* The first member of each kind of dialog. */
struct Dialog {
        const DialogVTable *vtable;
        bool done; /* set outside of key(), by a callback: the stack drops it before it is looked at next */
};

/* lifecycle; NULL is fine */
Dialog *dialog_free(Dialog *dialog);
DEFINE_CLEANUP(Dialog, dialog_free);
Dialogs *dialogs_new(void);
Dialogs *dialogs_free(Dialogs *dialogs);
DEFINE_CLEANUP(Dialogs, dialogs_free);

/* steps */
void dialogs_push(Dialogs *dialogs, Dialog *dialog_consumed);
/* False: none is open, the key is the dashboard's. A dialog may push others while it has the key. */
bool dialogs_key(Dialogs *dialogs, const Key *key);
void dialogs_draw(Dialogs *dialogs, Canvas *canvas);

/* questions */
bool dialogs_are_open(Dialogs *dialogs);
const char *dialogs_footer(Dialogs *dialogs); /* of the topmost; NULL: none is open */
