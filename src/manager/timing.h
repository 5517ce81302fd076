/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one table of time constants that tests can shrink: $QUPTIME_TIMING, read once by the daemon at start,
 * is a list like "heartbeat=200ms,settle=3s,confirm-delay=500ms"; docs/hacking.md names the words. Not for
 * production: the promises were tried with the defaults. */

#include "cluster/timing.h"
#include "verdict/verdict.h"

typedef struct Timing {
        ClusterTiming cluster;
        VerdictTiming verdict;
        usec_t invite; /* a `node add` is done within this, or taken back */
} Timing;

const Timing *timing(void);
/* NULL: the defaults. -EINVAL and a sentence. */
int timing_set(const char *text, char **reterr_text);
