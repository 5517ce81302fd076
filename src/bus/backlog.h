/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Checks whose effective alerts changed and that no connection has been told of yet, in order, each once:
 * one default alert changes those of every check, and ten thousand notes for each connection would take the
 * loop from everybody else. So they come into the outboxes in portions. */

#include <glib.h>
#include <stdbool.h>

typedef struct Backlog {
        GQueue ids;
        GHashTable *links; /* id -> its link */
} Backlog;

void backlog_init(Backlog *backlog);
void backlog_done(Backlog *backlog);

/* steps */
void backlog_add(Backlog *backlog, const char *id);
/* false: it was not there */
bool backlog_drop(Backlog *backlog, const char *id);
/* the first; NULL: none. Caller frees. */
char *backlog_take(Backlog *backlog);

static inline unsigned backlog_length(const Backlog *backlog) {
        return backlog->ids.length;
}
