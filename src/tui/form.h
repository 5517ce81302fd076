/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A form: fields one below the other, each with what is wrong with it; they scroll. Below them stand, always
 * in sight, Save and Cancel, and at the bottom the help of the field that has the cursor. It knows neither
 * the bus nor what its fields mean. Pure.
 *
 * Tab, Shift-Tab and the arrows go from field to field, Enter too; on Save it saves, as Ctrl-S does
 * everywhere. Escape cancels. */

#include "tui/input.h"

typedef enum FormResult {
        FORM_UNUSED, /* no key of a form */
        FORM_USED,
        FORM_LEFT, /* the cursor went to another field; form_left() is what to look at */
        FORM_SAVE,
        FORM_CANCEL
} FormResult;

typedef struct Form Form;

/* lifecycle; title: copied */
Form *form_new(const char *title);
Form *form_free(Form *form);
DEFINE_CLEANUP(Form, form_free);
void form_add(Form *form, Input *input_consumed);

/* steps */
FormResult form_key(Form *form, const Key *key);
void form_draw(Form *form, Canvas *canvas);
/* Says what is wrong with a field (NULL, or one that there is not: with all of it) in place of what was said
 * there, and puts the cursor there; text NULL: nothing is. */
void form_complain(Form *form, const char *name, const char *text);
/* The bottom line, such as "saving…", in place of help; NULL: none. Keys but Escape have no effect while it
 * is there. Copied. */
void form_set_busy(Form *form, const char *text);

/* questions */
Input *form_input(const Form *form, const char *name); /* NULL: no such field */
Input *form_input_at(const Form *form, unsigned i);    /* NULL past the end */
Input *form_left(const Form *form);                    /* the field of FORM_LEFT */
bool form_is_changed(const Form *form);                /* whether anything was */
bool form_is_busy(const Form *form);
