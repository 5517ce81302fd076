/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which flips become which desktop notifications. One for each check, replaced by the next of the same
 * check; when many flip at once (an uplink is cut, a whole host goes) one for all of them, told anew at most
 * once per second. Time comes in as an argument. */

#include <stdbool.h>

#include "applet/row.h"
#include "base/usec.h"

#define NOTICES_AT_ONCE 5 /* of single checks, within NOTICES_WINDOW_USEC */
#define NOTICES_WINDOW_USEC (10 * USEC_PER_SEC)
#define NOTICES_TOGETHER_USEC USEC_PER_SEC /* between two tellings of the one for all */

typedef struct Notice {
        char *id; /* a later notice with the same id takes its place */
        char *title;
        char *body;
        bool urgent;
} Notice;

void notice_done(Notice *notice);

typedef struct Notices Notices;

Notices *notices_new(void);
Notices *notices_free(Notices *notices);

/* A check flipped; texts as the daemon gave them. True: *ret is to be shown now, the caller has it
 * (notice_done()). Nobody is told of a check that came up without having been down, nor of one that became
 * unknown. */
bool notices_take(
                Notices *notices,
                const char *check_id,
                const char *name,
                RowState from,
                RowState to,
                const char *detail,
                usec_t now_usec,
                Notice *ret);

/* when notices_due() is to be called, USEC_INFINITY: not at all */
usec_t notices_deadline(const Notices *notices);
/* True: *ret, the one for many, is to be shown now. */
bool notices_due(Notices *notices, usec_t now_usec, Notice *ret);
