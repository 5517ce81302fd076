/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The room's own: a check with its votes and where its judgement stands. Not for other rooms. */

#include "verdict/ballot.h"
#include "verdict/verdict.h"

/* CLOCK_BOOTTIME begins with the host, votes may be older: they are dated as if it had begun this much
 * sooner, further back than any vote is fresh. */
#define VOTE_EPOCH_USEC (30 * 24 * USEC_PER_HOUR)

/* calm -> suspect -> round -> (between -> round)… -> proposed -> calm */
typedef enum WatchedPhase {
        WATCHED_CALM,
        WATCHED_SUSPECT, /* the first round opens at `due` */
        WATCHED_ROUND,   /* open, closes at `due` at the latest */
        WATCHED_BETWEEN, /* a majority contradicted, the next round opens at `due` */
        WATCHED_PROPOSED /* the transition is on its way to be committed */
} WatchedPhase;

enum { ROUNDS_NEEDED = 2 }; /* in a row, that agree */

#define ROUNDS_KEPT 8 /* closed ones, per check */

/* A round that was closed. */
typedef struct RoundPast {
        uint64_t number;
        usec_t opened_at;
        Tally tally;
        CheckState said;
} RoundPast;

typedef struct Watched {
        Record *record; /* of the check */
        Record *status; /* what is committed about it, NULL: nothing yet */
        const Check *check;
        uint64_t probes_since; /* revisions from here on probe what the current one probes */
        usec_t known_since;    /* when this node began to gather its votes */
        Ballot ballot;

        WatchedPhase phase;
        usec_t due;
        GSequenceIter *place;   /* in Verdict.queue, NULL: no deadline */
        bool forced;            /* rounds without a suspicion: it was edited */
        usec_t suspected_at;    /* first vote of this suspicion that no round has refuted */
        bool suspected_anew;    /* there is such a vote */
        bool suspected_by_many; /* a majority contradicts */
        bool limited;           /* a minority has opened a round before, */
        usec_t limited_at;      /* then */
        uint64_t round;
        usec_t round_opened_at;
        RoundPast *past; /* ROUNDS_KEPT of them, the newest first; NULL: none yet */
        size_t n_past;
        CheckState candidate; /* what the last rounds agreed on */
        unsigned n_agreed;    /* rounds in a row */
        /* first vote of this sequence that no round has refuted; USEC_INFINITY: none yet */
        usec_t news_at;
        uint64_t refuted_round; /* answers to this one that come late and contradict are refuted too */

        uint64_t changed; /* number of the last change of its view */
        usec_t changed_at;
        size_t n_fresh;    /* votes, then */
        CheckView *pushed; /* by the master, on a follower */
        usec_t pushed_at;
} Watched;

struct Verdict {
        char *node_id;
        VerdictTiming timing;
        GPtrArray *voters;  /* of char *, sorted */
        GPtrArray *watched; /* of Watched, by check id */
        GSequence *queue;   /* of Watched with a deadline, by (due, check id) */
        GPtrArray *effects; /* of VerdictEffect */
        bool leading;
        uint64_t term;
        uint64_t n_rounds; /* opened in this term */
        uint64_t n_changes;
        usec_t led_since;
        usec_t blind_since; /* when the last view of a master was lost; 0: not yet */
};

/* watched.c */
Watched *watched_new(Verdict *verdict, Record *record, usec_t now_usec);
Watched *watched_free(Watched *watched);
CheckState watched_state(const Watched *watched);
uint64_t watched_transitions(const Watched *watched);
usec_t vote_instant(usec_t now_usec, usec_t age); /* for BallotSlot.at */
/* the instant of a vote from which on it is fresh */
usec_t watched_fresh_after(const Verdict *verdict, const Watched *watched, usec_t now_usec);
Watched *verdict_find(const Verdict *verdict, const char *check_id);
int verdict_voter(const Verdict *verdict, const char *node_id); /* -ENOENT */
/* the phase with its deadline, USEC_INFINITY: none */
void watched_set_phase(Verdict *verdict, Watched *watched, WatchedPhase phase, usec_t due);
void watched_changed(Verdict *verdict, Watched *watched, usec_t now_usec); /* its view */

/* round.c */
/* Looks at the votes anew: becomes a suspect, stays one, or is calm again. */
void watched_judge(Verdict *verdict, Watched *watched, usec_t now_usec);
/* Forgets suspicion and rounds, then judges. */
void watched_restart(Verdict *verdict, Watched *watched, usec_t now_usec);
/* A voter's answer to a round: counted if it is the open one's. */
void watched_answer(
                Verdict *verdict,
                Watched *watched,
                size_t voter,
                const Observation *answer,
                usec_t now_usec);
/* Its deadline has come. */
void watched_act(Verdict *verdict, Watched *watched, usec_t now_usec);
