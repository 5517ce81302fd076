/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every time constant of the cluster's own life, in one table that tests shrink. E is the election time-out
 * of the document; what is a part of E stands in the code beside the rule that needs it. */

#include "base/limits.h"

typedef struct ClusterTiming {
        usec_t election_default; /* E where the document names none */
        usec_t election_min;     /* E is kept within these, whatever a document or a ping says */
        usec_t election_max;
        usec_t heartbeat;   /* between two heartbeats to each peer */
        usec_t dead_after;  /* of silence */
        usec_t settle;      /* unbroken life before a smaller NodeID is handed the lead */
        usec_t fetch_again; /* between two questions for a committed value */
} ClusterTiming;

#define CLUSTER_TIMING_DEFAULT                                                                              \
        ((ClusterTiming){                                                                                   \
                        .election_default = ELECTION_DEFAULT_USEC,                                          \
                        .election_min = ELECTION_MIN_USEC,                                                  \
                        .election_max = ELECTION_MAX_USEC,                                                  \
                        .heartbeat = 1 * USEC_PER_SEC,                                                      \
                        .dead_after = 4 * USEC_PER_SEC,                                                     \
                        .settle = 2 * USEC_PER_MINUTE,                                                      \
                        .fetch_again = 1 * USEC_PER_SEC,                                                    \
        })
