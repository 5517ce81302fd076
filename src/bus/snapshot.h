/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What many answers need of the committed value, worked out once for each value: the lists in their order,
 * and how many notices an alert owes. Nothing here waits. */

#include "manager/manager.h"

typedef struct Snapshot Snapshot;

/* lifecycle */
Snapshot *snapshot_new(Manager *manager);
Snapshot *snapshot_free(Snapshot *snapshot);
DEFINE_CLEANUP(Snapshot, snapshot_free);

/* questions; borrowed until the loop turns */
const Value *snapshot_value(Snapshot *snapshot);
const GPtrArray *snapshot_checks(Snapshot *snapshot); /* of Check */
const GPtrArray *snapshot_alerts(Snapshot *snapshot); /* of Alert */
const GPtrArray *snapshot_peers(Snapshot *snapshot);  /* of Peer */
unsigned snapshot_owed(Snapshot *snapshot, const char *alert_id);
