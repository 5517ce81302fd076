/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A pager between us and the terminal, chosen and set up as systemd's tools do it: $SYSTEMD_PAGER, else
 * $PAGER, else the first of pager(1), less(1) and more(1) that there is; an empty value or "cat" is none. */

#include "ctl/context.h"

/* From here on standard output leads through the pager, unless it is no terminal or the options say no. What
 * went wrong should have been said before, for the pager owns the terminal. Calling it again does
 * nothing. */
void pager_open(Context *context);
/* Flushes what is to be shown and waits until the person has read it. True: there was one, and whether all
 * of it was wanted is not our concern. */
bool pager_close(Context *context);
