/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The list of all keys, and the line at the bottom that has room for some. */

#include "tui/canvas.h"
#include "tui/dialog.h"
#include "tui/tables.h"

Dialog *help_new(void);
/* the keys that the tab has, as many as there is room for, the last ones in any case */
void help_draw_footer(Canvas *canvas, int y, Tab tab);
