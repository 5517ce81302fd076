/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The dialog around an object's form: sends it, with the revision that an edit began from, so that nobody's
 * change is overwritten unseen; what others change meanwhile comes into the form. */

#include "tui/form-dialog.h"
#include "tui/object-form.h"

/* add: the verb that adds one of that type, "http"; row: what is edited, copied, NULL: a new one. */
Dialog *
object_dialog_new(Desk *desk, const ObjectKind *kind, const Verb *add, const char *type, const void *row);
