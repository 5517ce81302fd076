/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sentences broken into lines of a width. Pure. */

#include <glib.h>

/* Lines of at most width columns, broken at blanks where there are any; line ends of the text stay. Each is
 * escaped (ctl/text.h). Caller frees with g_strfreev(); at least one line. */
char **wrap_text(const char *text, unsigned width);
