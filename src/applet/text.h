/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Words of others (names, targets, what a failing server said) on their way to a window or a
 * notification. */

#include <stddef.h>

#include "base/usec.h"

#define SHOWN_MAX_CHARS 300 /* of one text; the rest becomes "…" */

/* A copy on one line, of at most SHOWN_MAX_CHARS characters: line ends and tabs become spaces, whatever else
 * is no letter for a reader (controls, bidirectional overrides; the joiners of emoji stay) becomes U+FFFD.
 * NULL becomes "". Caller frees. */
char *shown_text(const char *text);

/* The same for a notification: its servers may read markup, so that no <, > or & is left. Caller frees. */
char *shown_notice(const char *text);

/* "2026-05-12 15:01", local time; "" for never (0). Caller frees. */
char *shown_time(usec_t realtime_usec);
