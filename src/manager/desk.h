/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The desk where the whole document is handed out, without its secrets, and taken in again. What a text
 * means is decided as for an edited cluster.yaml (cluster/editing.h); texts are made and judged on the
 * storage thread, however large they are. */

#include "manager/call.h"

typedef struct Desk Desk;

Desk *desk_new(Manager *manager);
Desk *desk_free(Desk *desk); /* who waits is refused */
DEFINE_CLEANUP(Desk, desk_free);

/* steps; request is copied */
void desk_hand_out(Desk *desk, Call *call);
void desk_check(Desk *desk, const DocumentRequest *request, Call *call);
void desk_apply(Desk *desk, const DocumentRequest *request, Call *call);

/* a document was committed: what was handed out last is old */
void desk_committed(Desk *desk);
