/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Votes of many nodes -> the state of each check (design, section 6).
 *
 * Every node keeps a Verdict. On a follower it holds the node's own observations (to be sent again to a new
 * master) and what the master pushes for `status`. On the master it judges: a vote is a voter's latest fresh
 * observation; any fresh vote that contradicts the committed state makes the check a suspect; CONFIRM_DELAY
 * later a numbered round asks every voter for one probe, and only answers with that number count; two
 * consecutive rounds with a majority of the *configured* voters flip the state, nothing else does. Silence,
 * abstention, a tie and a lost majority never do.
 *
 * It is a step machine: events come in with now_usec (CLOCK_BOOTTIME of this node), effects come out and are
 * carried out by the manager. A state counts as changed only when verdict_configure() shows it committed. */

#include "cluster/value.h"
#include "verdict/view.h"

/* Every constant of the room; tests shrink them. */
typedef struct VerdictTiming {
        usec_t confirm_delay;     /* from suspicion to the first round, and from the first to the second */
        usec_t round_slack;       /* a round lasts at most the check's time-out and this */
        unsigned stale_intervals; /* a vote is fresh for as many intervals, */
        usec_t stale_min;         /* but at least this long */
        usec_t view_refresh;      /* a view in which only ages changed is pushed this often */
} VerdictTiming;
extern const VerdictTiming verdict_timing_default; /* 2 s, 1 s, 3, 30 s, 60 s */

typedef struct Verdict Verdict;

typedef enum VerdictEffectKind {
        VERDICT_ASK_ROUND, /* ask every voter, and our own probes, for one probe with this number */
        VERDICT_TRANSITION /* propose to commit it (alerts_on_transition()) */
} VerdictEffectKind;

typedef struct VerdictEffect {
        VerdictEffectKind kind;
        char *check_id;
        uint64_t revision; /* ASK_ROUND: of the check; a voter that holds another answers by an abstention */
        uint64_t round;    /* ASK_ROUND: the number; never repeated, also not by another master */
        Transition *transition; /* TRANSITION; node_id, term and when are the manager's to fill */
} VerdictEffect;

VerdictEffect *verdict_effect_free(VerdictEffect *effect);
DEFINE_CLEANUP(VerdictEffect, verdict_effect_free);

/* lifecycle; node_id and timing are copied */
Verdict *verdict_new(const char *node_id, const VerdictTiming *timing);
Verdict *verdict_free(Verdict *verdict);
DEFINE_CLEANUP(Verdict, verdict_free);

/* steps */

/* A value was committed: its checks, committed states and voters. Cheap to call with every one. A check that
 * probes differently keeps its state, loses its votes and, on the master, gets fresh rounds; one that is
 * disabled keeps its state and is not judged. */
void verdict_configure(Verdict *verdict, const Value *value, usec_t now_usec);
/* This node acts as master from now on, in this term, or no longer does. It may lose the lease and get it
 * back within a term; what was asked before does not count then. */
void verdict_lead(Verdict *verdict, uint64_t term, usec_t now_usec);
void verdict_follow(Verdict *verdict, usec_t now_usec);
/* node_id: whose pinned connection carried it, or our own; whoever is no voter is ignored. The observation
 * is consumed; its age is taken off now_usec. One of another revision that probes differently is not
 * counted. */
void verdict_observe(Verdict *verdict, const char *node_id, Observation *observation, usec_t now_usec);
/* The transition could not be committed; the check is judged anew. */
void verdict_transition_failed(Verdict *verdict, const char *check_id, usec_t now_usec);
/* Opens and closes the rounds that are due. */
void verdict_tick(Verdict *verdict, usec_t now_usec);
/* What the steps since the last call want done, of VerdictEffect, in order; the caller frees the array. */
GPtrArray *verdict_take_effects(Verdict *verdict);

/* questions */
usec_t verdict_next_deadline(const Verdict *verdict); /* of verdict_tick(); USEC_INFINITY: none */
bool verdict_is_leading(const Verdict *verdict);
/* whether a transition of the check was among the effects and is neither committed nor failed nor void */
bool verdict_is_proposed(const Verdict *verdict, const char *check_id);
/* Our own latest fresh observation of every check with its age, for a new master; of Observation, the
 * caller's. */
GPtrArray *verdict_own_observations(const Verdict *verdict, usec_t now_usec);

/* Where the judgement of one check stands, for `why`. Only the master judges. */
typedef struct Judgement {
        bool leading;
        const char *phase;    /* "calm", "suspect", "round", "between", "proposed"; static */
        CheckState candidate; /* what the last rounds agreed on, CHECK_UNKNOWN: nothing */
        unsigned agreed;      /* rounds in a row that did */
        unsigned needed;
        usec_t due_in;        /* until the phase's deadline; USEC_INFINITY: none */
        usec_t fresh_for;     /* a vote is, from its probe on */
        usec_t confirm_delay; /* between two rounds */
        GPtrArray *rounds;    /* of RoundView, newest first; what this node has opened since it started */
        Observation *own;     /* this node's own latest, with its age; NULL: none */
} Judgement;
/* Embedded; empty afterwards. */
void judgement_done(Judgement *judgement);
/* -ENOENT: no such check. */
int verdict_judgement(const Verdict *verdict, const char *check_id, usec_t now_usec, Judgement *ret);

/* views */

/* NULL: no such check. On the master from the votes, else what the master pushed, else the committed state
 * alone (live is false) with the votes that this node knows: its own, and what it has heard as master.
 * Without with_votes `votes` stays empty, which is cheaper. The caller frees it. */
CheckView *verdict_view(const Verdict *verdict, const char *check_id, bool with_votes, usec_t now_usec);
/* Master: appends the views that changed after `since`, 0 for all, with their votes to views (made by
 * check_view_list_new()), at most max of them, and returns the number to pass next time: one number per
 * follower. */
uint64_t
verdict_changed_views(Verdict *verdict, uint64_t since, size_t max, usec_t now_usec, GPtrArray *views);
/* Follower: the master pushed this one; consumed. Unknown checks are ignored. */
void verdict_merge_view(Verdict *verdict, CheckView *view, usec_t now_usec);
/* Follower: there is no master, or another one: what the last one pushed is no longer shown. Where that
 * lasts, the committed states are shown as stale. */
void verdict_forget_views(Verdict *verdict, usec_t now_usec);
