/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A dialog that shows lines and scrolls; Escape, Enter or q closes it. */

#include "ctl/lines.h"
#include "tui/dialog.h"

typedef struct ViewKind {
        /* The lines for a place of that width, of Line; the view's, which breaks those that are too long. */
        GPtrArray *(*make)(void *userdata, unsigned width);
        bool (*key)(void *userdata, gunichar character); /* another key of its own, or NULL: there is none */
        void (*free)(void *userdata);
        const char *footer;
} ViewKind;

Dialog *view_new_made(const char *title, const ViewKind *kind, void *userdata_consumed);
/* lines: NULL-terminated, consumed; they are broken where they are too long */
Dialog *view_new(const char *title, char **lines_consumed);
