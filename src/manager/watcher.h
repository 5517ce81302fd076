/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this node sees: the schedule and the probes in flight. Each observation goes to this node's own Judge
 * and, in one batch per loop turn, to the master. */

#include "cluster/value.h"
#include "manager/manager.h"

typedef struct Watcher Watcher;

int watcher_new(Manager *manager, const char *ca_file, Watcher **ret);
Watcher *watcher_free(Watcher *watcher);
DEFINE_CLEANUP(Watcher, watcher_free);

/* a value was committed */
void watcher_configure(Watcher *watcher, const Value *value);
/* The master asks for one probe with this number. */
void watcher_ask(Watcher *watcher, const char *check_id, uint64_t revision, uint64_t round);
/* There is a master (another one): it wants our latest observation of every check. */
void watcher_master_changed(Watcher *watcher);
