/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The court: what a node does about checks in the company of the others. It keeps the node's Verdict, brings
 * its observations to the master and the others' to the verdict, asks the voters when the verdict wants a
 * round, makes changes of what the verdict decided, and pushes views to the followers at most once a second.
 *
 * It is a step machine. Events come in with a CourtNow; after them court_next() is called until it has
 * nothing left, best at the end of the turn, because what was decided in one turn is committed as one
 * change: each transition with the notices that it owes. One such change is under way at a time; what is
 * decided meanwhile goes with the next. A change that was refused because something in it was changed
 * meanwhile is tried again in halves, so that one check's conflict does not cost the others their rounds. */

#include "cluster/change.h"
#include "verdict/verdict.h"

typedef struct Court Court;

/* Everything is read afresh for each call of court_next(): a master that slept must not act. */
typedef struct CourtNow {
        usec_t now_usec;      /* CLOCK_BOOTTIME */
        usec_t realtime_usec; /* CLOCK_REALTIME at the same instant */
        const char *leader;   /* NodeID by the register, "": none known */
        bool is_master;       /* register_acts() of this node, now */
        uint64_t term;
} CourtNow;

typedef enum CourtEffectKind {
        COURT_SEND, /* node, method, params: a notification; without a connection it is dropped */
        /* check_id, round: one probe of the check as it is configured here; court_seen() gets it */
        COURT_PROBE,
        COURT_COMMIT /* change, number: the caller fills in id and cause, and calls court_answered() */
} CourtEffectKind;

typedef struct CourtEffect {
        CourtEffectKind kind;
        char *node;
        const char *method; /* static */
        char *params;       /* JSON object */
        char *check_id;
        uint64_t round;
        Change *change;
        uint64_t number;
} CourtEffect;

CourtEffect *court_effect_free(CourtEffect *effect);
DEFINE_CLEANUP(CourtEffect, court_effect_free);

/* lifecycle; copied */
Court *court_new(const char *node_id, const VerdictTiming *timing);
Court *court_free(Court *court);
DEFINE_CLEANUP(Court, court_free);

/* steps */
/* a value was committed; reffed */
void court_configure(Court *court, const Value *value, const CourtNow *now);
/* who leads changed, or this node gained or lost the lease */
void court_leadership(Court *court, const CourtNow *now);
/* The register named a leader, or there is a new connection to it: it wants our latest observations, and we
 * its views. */
void court_greet(Court *court, const CourtNow *now);
/* a new connection to the node: it may have missed what was pushed */
void court_connected(Court *court, const char *node_id, const CourtNow *now);
/* What this node's own probe saw; consumed. */
void court_seen(Court *court, Observation *observation, const CourtNow *now);
/* One of verdict/messages.h. 0; -EOPNOTSUPP: no such method; -EBADMSG: not what it takes, nothing happened,
 * reterr_text says why */
int court_receive(
                Court *court,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                const CourtNow *now,
                char **reterr_text);
/* What came of the change with this number. */
void court_answered(Court *court, uint64_t number, ChangeOutcome outcome, const CourtNow *now);
/* The next thing to do; the caller's. NULL: nothing until court_next_deadline(). */
CourtEffect *court_next(Court *court, const CourtNow *now);

/* questions */
usec_t court_next_deadline(const Court *court); /* of court_next() */
const Verdict *court_verdict(const Court *court);
