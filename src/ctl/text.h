/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text on its way to a terminal: escaping, width, colour, and the one line that an error is. */

#include <stdbool.h>

#include <glib.h>

#include "base/usec.h"
#include "ctl/context.h"

typedef enum Color { COLOR_NONE, COLOR_GOOD, COLOR_BAD, COLOR_DIM, COLOR_HEADER, COLOR_NOTICE } Color;

/* A copy in which whatever could move the cursor, hide or reorder text is visible instead: control
 * characters (C0, DEL, C1), format characters (bidirectional overrides; the joiners of emoji stay), line
 * separators and bytes that are not UTF-8. NULL becomes "". Caller frees. */
char *text_escape(const char *text);
/* The same, but a line end before four blanks stays: a sentence may go on below, and nobody takes what is
 * indented for a line of ours. Caller frees. */
char *text_escape_lines(const char *text);
/* The same for the text of a whole JSON document: C1 and format characters become \uXXXX. Caller frees. */
char *text_escape_json(const char *json);
/* whether it is printable ASCII: then it is escaped already, and as wide as it is long */
bool text_is_plain(const char *text);
/* columns of a terminal that escaped text takes */
unsigned text_width(const char *escaped);
/* a copy cut to at most width columns, the last of them "…" when something was cut; caller frees */
char *text_cut(const char *escaped, unsigned width);

/* "4m", "35s", "2h", "3d": the largest unit alone; caller frees */
char *text_age(usec_t age_usec);
/* "2026-05-12T15:01:32Z", or "-" for never (0); caller frees */
char *text_time(usec_t realtime_usec);

/* Whether a person reads standard output on a terminal, and how many columns that has; 0: it is none, or
 * does not say. Both as at the first call, so that they hold behind a pager. */
bool output_is_terminal(void);
unsigned output_width(void);
/* Whether standard output gets colour: $SYSTEMD_COLORS decides where it is set, then $NO_COLOR, then whether
 * it is a terminal that is not dumb. */
bool color_wanted(void);
const char *color_start(Color color, bool wanted); /* "" where there is nothing to do */
const char *color_end(Color color, bool wanted);

/* Prints one line on standard error, escaped as a whole. fail() prefixes "error: " and gives back status. */
ExitStatus fail(ExitStatus status, const char *format, ...) G_GNUC_PRINTF(2, 3);
void warn(const char *format, ...) G_GNUC_PRINTF(1, 2);
