/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small boxes in the middle of the screen: a question, a choice of a few. Texts are copied. A
 * callback is called at most once, from the key that answers; free_userdata (NULL: nothing) when the dialog
 * goes, whatever was answered. */

#include <glib.h>

#include "tui/dialog.h"

/* "… [y/N]": y is a yes, n, Escape and Enter are a no; other keys do nothing. text stands above the
 * question, "" for none. */
typedef void (*QuestionAnswered)(bool yes, void *userdata);
Dialog *
question_new(const char *title,
             const char *text,
             const char *question,
             QuestionAnswered answered,
             void *userdata,
             GDestroyNotify free_userdata);

/* One of a few: arrows and Enter, or its first letter. choices: NULL-terminated; Escape picks none. */
typedef void (*PickerPicked)(unsigned i, void *userdata);
Dialog *
picker_new(const char *title,
           const char *const *choices,
           PickerPicked picked,
           void *userdata,
           GDestroyNotify free_userdata);
