/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which probes of this node are due, and when the next ones are.
 *
 * The node of rank k among N voters probes a check at (p + k/N) of its interval, p being a phase that the
 * check's id alone decides: checks spread over the interval, and the nodes spread over it too, so that
 * somebody looks every interval/N. Nodes share no clock but the wall clock, so the phase is anchored there:
 * the interval's number and place are the wall clock divided by the interval. It is read when the schedule
 * is configured, as a value; from then on everything runs on CLOCK_BOOTTIME, so a step of the wall clock
 * neither bunches nor skips probes. Skew between two nodes shifts one's probes against the other's by as
 * much and does no other harm: each still probes once an interval, only the gap between the two grows, at
 * most to a whole interval.
 *
 * Due times lie on ticks of 100 ms (waking up costs more than probing). What could not be started in time is
 * dropped, not caught up in a burst; but never two in a row, or a host that stutters would see nothing at
 * all. */

#include "cluster/value.h"

#define SCHEDULE_TICK_USEC (100 * USEC_PER_MSEC)
#define SCHEDULE_START_SPREAD_USEC                                                                          \
        (10 * USEC_PER_MSEC)                  /* between first probes of checks that are new together */
#define SCHEDULE_STEP_USEC (1 * USEC_PER_SEC) /* a wall clock that moved further is anchored anew */

typedef struct Schedule Schedule;

typedef struct DueProbe {
        const Check *check; /* borrowed until the next schedule_configure() */
        usec_t due_usec;    /* CLOCK_BOOTTIME; for probe_start() */
} DueProbe;

/* lifecycle; seed: of the jitter, different on every node */
Schedule *schedule_new(uint64_t seed);
Schedule *schedule_free(Schedule *schedule);
DEFINE_CLEANUP(Schedule, schedule_free);

/* Takes the checks and this node's rank from a committed value (reffed); cheap to call with every one. A new
 * check and one that probes differently or at another interval are due at once, many of them staggered by
 * SCHEDULE_START_SPREAD_USEC; any other keeps its phase. A disabled check is not probed, and a node that is
 * no voter has nothing to probe. now_usec: CLOCK_BOOTTIME, realtime_usec: CLOCK_REALTIME at the same
 * instant. */
void schedule_configure(
                Schedule *schedule,
                const Value *value,
                const char *node_id,
                usec_t now_usec,
                usec_t realtime_usec);
/* The wall clock may have been set; call it when the kernel says so (TFD_TIMER_CANCEL_ON_SET) or now and
 * then. Within SCHEDULE_STEP_USEC nothing happens; past it later probes move to their new places, none comes
 * sooner than a quarter of its interval after the one before. Returns whether they moved. */
bool schedule_set_clock(Schedule *schedule, usec_t now_usec, usec_t realtime_usec);

/* steps: appends what is due at now_usec to probes (of DueProbe), in the order it was due, and plans the
 * next probe of each. Returns how many were dropped because they are late by more than min(1 s, interval/4).
 */
size_t schedule_take_due(Schedule *schedule, usec_t now_usec, GArray *probes);

/* questions */
usec_t schedule_next_deadline(const Schedule *schedule); /* on a tick; USEC_INFINITY: nothing to probe */
size_t schedule_n_checks(const Schedule *schedule);
