/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A dialog that shows lines of text and scrolls; Escape, Enter or q closes it. */

#include "tui/dialog.h"

/* lines: NULL-terminated, consumed; they are escaped when shown, and broken where they are too long */
Dialog *view_new(const char *title, char **lines_consumed);
/* puts other lines in their place */
void view_set_lines(Dialog *view, char **lines_consumed);
