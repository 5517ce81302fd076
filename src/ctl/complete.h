/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What may stand at the cursor, for the shells' completion functions (the folder completion/), from the one
 * table of verbs. It is "quctl --complete SHELL" with two variables of the environment (others can read
 * arguments, and a secret may be among what was typed): QUPTIME_COMPLETE_LINE, the command up to the cursor,
 * and QUPTIME_COMPLETE_BREAKS, bash's $COMP_WORDBREAKS. Printed is a candidate a line: for bash what takes
 * the place of the last word, or of its end after a break, quoted; for zsh and fish the whole word, a tab,
 * and what it is. A line "TAB files TAB BEGINNING TAB PREFIX" asks for the names of files that begin so, the
 * prefix standing before each.
 *
 * Names of checks, alerts and nodes are asked of the daemon that the line names, for two seconds at most;
 * where that fails, or another host would have to be asked, there are none. It never prints an error, nor a
 * name that could move a cursor.
 *
 * "quctl --complete table" prints the table itself, for the test that holds help, manual and completion
 * together. */

#include "ctl/context.h"

/* what follows --complete; NULL-terminated */
ExitStatus complete_run(char *const *argv);
