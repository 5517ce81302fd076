/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cluster around one Verdict, in simulated time: every node probes at its k/N of the interval and whenever
 * a round asks; what it sees is up to a function of the test. Committing takes no time. */

#include "verdict/verdict.h"

#include "../fixture.h"

#define SEC USEC_PER_SEC
#define MSEC USEC_PER_MSEC
#define SIM_NODES_MAX 8
#define SILENT (-1) /* the node says nothing at all */

typedef struct Sim Sim;
/* OBSERVATION_* or SILENT; of a probe by node k that begins at `at` */
typedef int (*sim_world_t)(const Sim *sim, unsigned k, usec_t at);

struct Sim {
        Verdict *verdict;
        Value *value;
        unsigned n;
        usec_t interval;
        usec_t now;
        sim_world_t world;
        usec_t outage;      /* for worlds: when it begins, */
        usec_t outage_ends; /* and ends */
        usec_t fails_after; /* what a failing probe takes; an ok one takes 20 ms */
        usec_t next_probe[SIM_NODES_MAX];
        GArray *arrivals; /* observations on their way */
        uint64_t transitions;
        bool refuses_commits;

        /* what happened */
        unsigned n_rounds;
        usec_t last_round_at;
        usec_t last_transition_at;
        CheckState last_to;
        unsigned n_transitions;
        Transition *last;
};

/* One check, "check-0000", n nodes; starts as master in the given state. */
void sim_init(Sim *sim, unsigned n, usec_t interval, CheckState state, sim_world_t world);
void sim_done(Sim *sim);
void sim_run(Sim *sim, usec_t until);
CheckState sim_state(const Sim *sim);
/* an observation by hand, arriving now */
void sim_vote(Sim *sim, unsigned k, ObservationResult result, const char *detail, usec_t age);
Observation *
sim_observation(uint64_t revision, uint64_t round, ObservationResult result, const char *detail);
void sim_effects(Sim *sim); /* carries them out */

/* worlds */
int world_up(const Sim *sim, unsigned k, usec_t at);
int world_down(const Sim *sim, unsigned k, usec_t at);
int world_outage(const Sim *sim, unsigned k, usec_t at); /* everybody sees it */
int world_outage_bad_uplink(
                const Sim *sim, unsigned k, usec_t at); /* the last node sees nothing but failures */
