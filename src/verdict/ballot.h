/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The votes about one check: a slot per voter, in the order of NodeIDs, with its latest observation and its
 * answer to the round that is open. It counts; what follows from the count is verdict.c's. */

#include "model/check.h"
#include "model/observation.h"

typedef struct BallotSlot {
        Observation *observation; /* the vote; NULL: none yet */
        usec_t at;                /* when that probe ended, see vote_instant() */
        Observation *answer;      /* to the open round; NULL: none yet */
        bool refuted;             /* it contradicted, and a majority in a round said otherwise */
} BallotSlot;

typedef struct Ballot {
        BallotSlot *slots;
        size_t n;
} Ballot;

typedef struct Tally {
        size_t ok;
        size_t not_ok;
        size_t abstained;
        size_t n; /* of the voters, silent ones included */
} Tally;

/* lifecycle; embedded */
void ballot_init(Ballot *ballot, size_t n);
void ballot_done(Ballot *ballot);
/* n slots; slot i takes what slot from[i] held, or is empty for a negative one */
void ballot_remap(Ballot *ballot, const int *from, size_t n);
void ballot_clear(Ballot *ballot); /* votes and answers */

/* steps */
/* Consumed; not older than the slot's. Returns whether anything but times differs from
 * before. */
bool ballot_vote(Ballot *ballot, size_t i, Observation *observation, usec_t at, usec_t fresh_after);
/* copied; the first one counts */
void ballot_answer(Ballot *ballot, size_t i, const Observation *observation);
void ballot_clear_answers(Ballot *ballot);
/* after a round that stood by the state: who contradicts has been heard and was alone */
void ballot_refute(Ballot *ballot, CheckState state, usec_t fresh_after);

/* questions; a vote is fresh when its probe ended at fresh_after or later */
bool ballot_is_fresh(const Ballot *ballot, size_t i, usec_t fresh_after);
Tally ballot_tally(const Ballot *ballot, usec_t fresh_after);
Tally ballot_tally_answers(const Ballot *ballot);
/* fresh votes that contradict the state; *ret_unrefuted: those that no round has refuted */
size_t
ballot_contradicting(const Ballot *ballot, CheckState state, usec_t fresh_after, size_t *ret_unrefuted);
/* when the majority-th latest ok or failed vote was taken, 0: fewer than a majority ever voted */
usec_t ballot_majority_at(const Ballot *ballot);
/* the words of the failing voter with the smallest NodeID among the answers, "" when none; borrowed */
const char *ballot_failing_answer(const Ballot *ballot);
/* what the fresh votes complain of, at most DETAIL_MAX_BYTES, "" when nothing: "timeout", or by how many
 * when they differ, "timeout (2), no route (1)"; then the abstaining, "1 abstains: no ICMP permission". */
char *ballot_detail(const Ballot *ballot, usec_t fresh_after);

size_t majority_of(size_t n_voters);
bool observation_contradicts(const Observation *observation, CheckState state);
/* what a majority of the tally says, CHECK_UNKNOWN when there is none */
CheckState tally_majority(const Tally *tally);
/* whether those who have not spoken could still make a majority for another state than `state` */
bool tally_is_open(const Tally *tally, CheckState state);
