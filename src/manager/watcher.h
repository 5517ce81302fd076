/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this node sees: the schedule and the probes in flight. Each observation goes to this node's Judge,
 * which brings it to the master. */

#include "cluster/value.h"
#include "manager/manager.h"

typedef struct Watcher Watcher;

int watcher_new(Manager *manager, const char *ca_file, Watcher **ret);
Watcher *watcher_free(Watcher *watcher);
DEFINE_CLEANUP(Watcher, watcher_free);

/* reads the authorities' certificates and resolv.conf again */
void watcher_reload(Watcher *watcher);
/* a value was committed */
void watcher_configure(Watcher *watcher, const Value *value);
/* One probe of the check with this number. */
void watcher_ask(Watcher *watcher, const char *check_id, uint64_t round);
