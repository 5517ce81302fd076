/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who is alive: nothing but what each peer said last, and when we heard it (our CLOCK_BOOTTIME). It decides
 * nothing by itself. */

#include "cluster/message.h"
#include "cluster/timing.h"

typedef struct LivePeer {
        char *node_id;
        usec_t last_heard;  /* any message */
        usec_t alive_since; /* start of its unbroken life: no silence over dead_after, the same process */
        usec_t said_at;     /* when `said` came; 0: never */
        Heartbeat *said;    /* its last heartbeat */
} LivePeer;

typedef struct Liveness {
        ClusterTiming timing;
        GPtrArray *peers; /* of LivePeer, sorted by NodeID */
} Liveness;

/* lifecycle */
void liveness_init(Liveness *liveness, const ClusterTiming *timing);
void liveness_done(Liveness *liveness);

/* steps */
void liveness_heard(Liveness *liveness, usec_t now, const char *node_id);
void liveness_said(Liveness *liveness, usec_t now, const char *node_id, Heartbeat *heartbeat_consumed);
/* forgets those whose NodeID `keep` does not know, so that strangers cannot fill the table */
void liveness_prune(Liveness *liveness, const Value *keep, const Value *keep_also);

/* questions; borrowed until the next step, NULL: never heard */
const LivePeer *liveness_find(const Liveness *liveness, const char *node_id);
bool liveness_is_live(const Liveness *liveness, usec_t now, const char *node_id);
usec_t liveness_unbroken(const Liveness *liveness, usec_t now, const char *node_id); /* how long; 0: dead */
/* its last heartbeat, unless that is older than dead_after */
const Heartbeat *liveness_last_said(const Liveness *liveness, usec_t now, const char *node_id);
