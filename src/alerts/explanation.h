/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a check is as it is: all that a node knows about one check, for `quctl why` and the dashboard. One
 * table serves the answer between nodes, the dictionary on the bus and the client, so the words of
 * enumerations are texts here. Nothing in it is secret: the target is masked, and what relays said was freed
 * of secrets and cut before it was stored.
 *
 * Each node makes its own (explanation_new_of()); who was asked takes in what the others know
 * (explanation_merge()): the master's votes and rounds, and what each has sent. */

#include "alerts/told.h"
#include "verdict/verdict.h"

/* who the votes are known from */
#define EXPLAINED_BY_MASTER "master" /* it counts them right now */
#define EXPLAINED_BY_PUSH "pushed"   /* it pushed them some time ago, and does not answer */
#define EXPLAINED_BY_NODES "nodes"   /* there is no master: what each node said about itself */

typedef struct ExplainedVote {
        char *node_id;
        char *advertise;
        char *result; /* "ok", "failed", "abstained"; "silent": none is known */
        bool counts;  /* fresh enough */
        char *detail;
        char *address; /* that was probed */
        uint64_t round;
        usec_t age; /* since the probe ended */
        usec_t total;
        usec_t resolve; /* phases, 0 where it did not happen */
        usec_t connect;
        usec_t tls;
        usec_t first_byte;
} ExplainedVote;
DECLARE_OBJECT(ExplainedVote, explained_vote);

typedef struct Explanation {
        char *id;
        char *name;
        char *type;
        char *target; /* masked */
        bool disabled;
        char **alerts; /* names of those that hear of it */

        /* committed */
        char *state;
        usec_t since;         /* CLOCK_REALTIME, 0: never came into one */
        uint64_t transitions; /* so far */
        char *decided_by;     /* NodeID */
        uint64_t decided_term;
        uint64_t decided_ok; /* answers of the round that decided */
        uint64_t decided_not_ok;
        char *decided_detail;

        /* who knows this */
        char *node_id; /* whose explanation it is */
        uint64_t term;
        char *master; /* NodeID, "": none known */
        bool quorum;
        char *source;      /* EXPLAINED_BY_* */
        uint64_t asked;    /* other nodes, in all */
        uint64_t answered; /* of them */

        /* the rule */
        usec_t interval;
        usec_t timeout;
        usec_t fresh_for;
        usec_t confirm_delay;
        uint64_t rounds_needed;
        uint64_t voters;
        uint64_t majority; /* of them */

        /* the votes */
        uint64_t ok; /* fresh ones */
        uint64_t not_ok;
        uint64_t abstained;
        bool stale; /* no majority of fresh votes */
        usec_t stale_for;
        char *detail;
        GPtrArray *votes; /* of ExplainedVote, one per voter in the order of NodeIDs */

        /* the judgement */
        char *phase;       /* "calm", "suspect", "round", "between", "proposed"; "": no master is known */
        char *candidate;   /* the state that rounds have agreed on so far, "" for none */
        uint64_t agreed;   /* how many */
        usec_t due_in;     /* until the phase ends at the latest, 0: it has no end */
        GPtrArray *rounds; /* of RoundView, newest first */

        GPtrArray *deliveries; /* of Telling, newest first, at most EXPLAINED_TELLINGS_MAX */
} Explanation;
DECLARE_OBJECT(Explanation, explanation);

/* What one node knows by itself. view: with its votes; told: what it has seen told. */
typedef struct ExplanationSources {
        const Value *value; /* committed */
        const Check *check; /* of it */
        const CheckView *view;
        const Judgement *judgement;
        const Told *told;
        const char *node_id;
        const char *master;
        uint64_t term;
        bool quorum;
} ExplanationSources;
Explanation *explanation_new_of(const ExplanationSources *sources);

/* Takes in what another node knows (same check; consumed): the judgement and votes of who leads, of others
 * their own vote, and deliveries that are not known here or known better there. Whatever
 * words it has are made fit to be shown first: a member may lie about what it saw, and no more. */
void explanation_merge(Explanation *explanation, Explanation *other);
