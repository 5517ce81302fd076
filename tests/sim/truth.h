/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How often a rule cries wolf, what it misses, and how long it takes: a simulated year in which several
 * rules watch the same targets through the same uplinks. What they are and where the figures come from
 * stands in docs/truth.md.
 *
 *   truth-world.c    what a node sees when it probes a target at an instant: a function of the seed alone,
 *                    so that every rule asks the same world
 *   truth-lead.c     who leads when, from the same uplinks
 *   truth-rules.c    the other rules
 *   truth-cluster.c  a check's year: quptime's schedule and verdict rooms, and the other rules beside them
 *   truth-score.c    what each page was worth
 *   truth.c          arguments and tables */

#include <glib.h>

#include "base/usec.h"
#include "model/observation.h"

#define TRUTH_NODES_MAX 5
#define TRUTH_BEGIN (1000 * USEC_PER_SEC)     /* time 0 of the clocks lies before the year */
#define SHORT_RESTART_USEC (4 * USEC_PER_SEC) /* the design: such a restart pages nobody */

/* ---- the world ---- */

typedef enum SpellKind {
        SPELL_RESTART,  /* of a target: refuses, for less than SHORT_RESTART_USEC */
        SPELL_REFUSING, /* an outage: connections are refused at once */
        SPELL_SILENT,   /* an outage: a black hole */
        SPELL_HUNG,     /* an outage: takes connections and never answers */
        SPELL_SLOW,     /* level: the median answer, as a share of the time-out */
        SPELL_BURST,    /* level: loss of packets, each way */
        SPELL_CUT,      /* nothing passes */
        SPELL_AWAY      /* of a node: it does not run */
} SpellKind;

/* Something that is not as usual, from start until before end. */
typedef struct Spell {
        usec_t start, end;
        SpellKind kind;
        double level;
} Spell;

/* Spells of one thing, in order, none overlapping. */
typedef struct Line {
        GArray *spells; /* of Spell */
        guint at;       /* where the last question was answered: most come in order */
} Line;

/* why a probe failed */
typedef enum Cause {
        CAUSE_OUTAGE = 1 << 0,
        CAUSE_RESTART = 1 << 1,
        CAUSE_UPLINK = 1 << 2, /* the node's own */
        CAUSE_PATH = 1 << 3,
        CAUSE_RESOLVER = 1 << 4,
        CAUSE_SLOW = 1 << 5,
        CAUSE_LOSS = 1 << 6, /* near the target, or a single packet */
} Cause;

typedef struct WorldNode {
        Line bursts, cuts, resolver, crashes;
} WorldNode;

typedef struct World {
        uint64_t seed;
        usec_t end;
        WorldNode nodes[TRUTH_NODES_MAX];
} World;

typedef struct WorldTarget {
        const World *world;
        uint64_t seed;
        bool named;    /* its name is looked up at each probe */
        bool http;     /* else tcp: a connection is enough */
        double median; /* of its answers, in seconds */
        usec_t interval, timeout;
        Line states; /* restarts and outages */
        Line slow, bursts;
        struct {
                usec_t rtt;
                Line bursts, cuts;
        } paths[TRUTH_NODES_MAX];
} WorldTarget;

typedef struct Outcome {
        ObservationResult result; /* abstained: the node could not ask; rules without that notion: failed */
        usec_t end;
        unsigned causes; /* of Cause, unless ok */
} Outcome;

void world_init(World *world, uint64_t seed, usec_t length);
void world_done(World *world);
void world_target_init(
                WorldTarget *target, const World *world, unsigned number, usec_t interval, usec_t timeout);
void world_target_done(WorldTarget *target);
const Spell *line_at(Line *line, usec_t at); /* NULL: all as usual */

Outcome world_probe(WorldTarget *target, unsigned node, usec_t began);
/* when what one node says to another at `at` arrives; USEC_INFINITY: never */
usec_t world_deliver(World *world, unsigned from, unsigned to, usec_t at);
bool spell_is_outage(const Spell *spell);
char *causes_to_string(unsigned causes); /* caller frees */
uint64_t truth_mix(uint64_t x);

/* ---- who leads ---- */

typedef struct Lead {
        usec_t start, end; /* of the lease */
        unsigned node;
        uint64_t term;
} Lead;

GArray *leads_new(World *world, unsigned n_nodes); /* of Lead, in order */

/* ---- rules ---- */

typedef struct Page {
        usec_t at;
        bool down; /* else: recovered */
        unsigned causes;
} Page;

typedef struct Tale {
        GArray *pages; /* of Page, in order */
} Tale;

void tale_down(Tale *tale, usec_t at, unsigned causes);
void tale_up(Tale *tale, usec_t at);
bool tale_is_down(const Tale *tale);

/* One host: pages after the first failure and n_retries more in a row. */
typedef struct OneHost {
        const char *name;
        unsigned n_retries;
        usec_t spacing; /* of the retries; 0: the regular probes are the retries */

        unsigned n_failed;
        unsigned causes;
        bool retrying;
        Tale tale;
} OneHost;

/* at what time it wants to probe again by itself, USEC_INFINITY: not */
usec_t one_host_see(OneHost *host, const Outcome *outcome, bool is_retry, usec_t now);
bool one_host_is_calm(const OneHost *host);

/* The original's: on the master, of the reports that are fresh a majority, twice in a row, looked at
 * whenever one comes in. */
typedef struct Aggregator {
        struct {
                usec_t at; /* 0: none */
                bool ok;
                unsigned causes;
        } reports[TRUTH_NODES_MAX];
        int state, candidate; /* CheckState */
        unsigned n_agreed;
} Aggregator;

void aggregator_note(Aggregator *aggregator, unsigned node, const Outcome *outcome);
void aggregator_report(
                Aggregator *aggregator,
                unsigned node,
                const Outcome *outcome,
                usec_t interval,
                usec_t now,
                Tale *tale);
bool aggregator_is_calm(const Aggregator *aggregator);

typedef enum Rule {
        RULE_QUPTIME,
        RULE_ORIGINAL,
        RULE_FIRST,
        RULE_RETRY_1,
        RULE_RETRY_2,
        RULE_RETRY_3,
        RULE_NEXT_1,
        RULE_NEXT_2,
        RULE_NEXT_3,
        _RULE_MAX
} Rule;
#define ONE_HOST_FIRST RULE_FIRST
#define N_ONE_HOST (_RULE_MAX - RULE_FIRST)
extern const OneHost one_host_rules[N_ONE_HOST];
const char *rule_name(Rule rule);

/* ---- a check's year ---- */

typedef struct YearCounts {
        uint64_t probes, asked, rounds, transitions;
} YearCounts;

typedef struct YearOptions {
        unsigned n_nodes;
        const GArray *leads;
        bool patient; /* skips nothing; the pages must be the same */
        bool verbose; /* tells what happens between: */
        usec_t tell_from, tell_until;
} YearOptions;

/* pages of every rule are appended to tales */
void year_run(World *world,
              WorldTarget *target,
              const YearOptions *options,
              Tale tales[static _RULE_MAX],
              YearCounts *counts);

/* ---- what it was worth ---- */

typedef enum OutageKind { OUTAGE_REFUSING, OUTAGE_SILENT, _OUTAGE_KIND_MAX } OutageKind;

typedef struct Score {
        uint64_t right;    /* DOWNs while the target was down */
        uint64_t repeated; /* of those: this outage had been paged already */
        uint64_t false_down;
        uint64_t restarts;    /* a restart of less than SHORT_RESTART_USEC was paged */
        uint64_t late;        /* the outage was over */
        usec_t latest;        /* for so long, at most */
        uint64_t cut_off;     /* most nodes were cut from the target by outages of their uplinks or paths */
        uint64_t outages;     /* longer than the bound */
        uint64_t missed;      /* of those: no DOWN */
        uint64_t beyond;      /* of those: DOWN later than the bound */
        uint64_t beyond_calm; /* of those: nobody was away and the lead did not change */
        GArray *delays[_OUTAGE_KIND_MAX]; /* of usec_t */
} Score;

/* Something worth looking at. */
typedef struct Incident {
        const char *what; /* literal */
        usec_t at;
} Incident;

void score_init(Score *score);
void score_done(Score *score);
usec_t truth_bound(const WorldTarget *target, unsigned n_nodes, OutageKind kind);
/* told: of Incident, appended */
void score_add(Score *score,
               World *world,
               WorldTarget *target,
               const Tale *tale,
               const YearOptions *options,
               GArray *told);
usec_t score_delay(const Score *score, OutageKind kind, double quantile); /* USEC_INFINITY: none */
