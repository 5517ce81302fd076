/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim.h"

#define CHECK "check-0000"

typedef struct Arrival {
        usec_t at;
        unsigned k;
        Observation *observation;
} Arrival;

int world_up(const Sim *sim, unsigned k, usec_t at) {
        return OBSERVATION_OK;
}

int world_down(const Sim *sim, unsigned k, usec_t at) {
        return OBSERVATION_FAILED;
}

int world_outage(const Sim *sim, unsigned k, usec_t at) {
        return at >= sim->outage && at < sim->outage_ends ? OBSERVATION_FAILED : OBSERVATION_OK;
}

int world_outage_bad_uplink(const Sim *sim, unsigned k, usec_t at) {
        return k == sim->n - 1 ? (int) OBSERVATION_FAILED : world_outage(sim, k, at);
}

void sim_init(Sim *sim, unsigned n, usec_t interval, CheckState state, sim_world_t world) {
        *sim = (Sim){ .n = n, .interval = interval, .now = 1000 * SEC, .world = world };
        sim->fails_after = 5 * MSEC;
        sim->value = fixture_value(n, 1, interval);
        sim->arrivals = g_array_new(FALSE, FALSE, sizeof(Arrival));
        if (state != CHECK_UNKNOWN) {
                sim->transitions = 1;
                fixture_commit_status(&sim->value, CHECK, state, 1);
        }
        for (unsigned k = 0; k < n; k++)
                sim->next_probe[k] = sim->now + k * interval / n;
        sim->verdict = verdict_new("node-0", &verdict_timing_default);
        verdict_configure(sim->verdict, sim->value, sim->now);
        verdict_lead(sim->verdict, /* term= */ 7, sim->now);
}

void sim_done(Sim *sim) {
        for (guint i = 0; i < sim->arrivals->len; i++)
                (void) observation_free(g_array_index(sim->arrivals, Arrival, i).observation);
        g_array_unref(sim->arrivals);
        (void) verdict_free(sim->verdict);
        (void) value_unref(sim->value);
        (void) transition_free(sim->last);
}

Observation *
sim_observation(uint64_t revision, uint64_t round, ObservationResult result, const char *detail) {
        Observation *observation = observation_new();

        observation->check_id = g_strdup(CHECK);
        observation->revision = revision;
        observation->round = round;
        observation->result = result;
        observation->detail = g_strdup(detail);
        return observation;
}

static void probe(Sim *sim, unsigned k, uint64_t round) {
        const Check *check = value_object(sim->value, RECORD_CHECK, CHECK);
        int result = sim->world(sim, k, sim->now);
        Arrival arrival = { .k = k };

        if (result == SILENT)
                return;
        arrival.at = sim->now + (result == OBSERVATION_FAILED ? sim->fails_after : 20 * MSEC);
        arrival.observation = sim_observation(check->revision, round, result, result ? "said so" : "");
        g_array_append_val(sim->arrivals, arrival);
}

static void commit(Sim *sim, Transition *transition) {
        if (sim->refuses_commits) {
                verdict_transition_failed(sim->verdict, CHECK, sim->now);
                return;
        }
        g_assert_cmpint(transition->from, ==, sim_state(sim));
        g_assert_cmpuint(transition->number, ==, sim->transitions + 1);
        sim->transitions++;
        sim->n_transitions++;
        sim->last_transition_at = sim->now;
        sim->last_to = transition->to;
        (void) transition_free(sim->last);
        sim->last = transition_copy(transition);
        fixture_commit_status(&sim->value, CHECK, transition->to, transition->number);
        verdict_configure(sim->verdict, sim->value, sim->now);
}

void sim_effects(Sim *sim) {
        for (;;) {
                g_autoptr(GPtrArray) effects = verdict_take_effects(sim->verdict);

                if (effects->len == 0)
                        return;
                for (guint i = 0; i < effects->len; i++) {
                        VerdictEffect *effect = g_ptr_array_index(effects, i);

                        if (effect->kind == VERDICT_TRANSITION) {
                                commit(sim, effect->transition);
                                continue;
                        }
                        sim->n_rounds++;
                        sim->last_round_at = sim->now;
                        for (unsigned k = 0; k < sim->n; k++)
                                probe(sim, k, effect->round);
                }
        }
}

static void deliver(Sim *sim) {
        for (guint i = 0; i < sim->arrivals->len;) {
                Arrival arrival = g_array_index(sim->arrivals, Arrival, i);
                g_autofree char *node_id = g_strdup_printf("node-%u", arrival.k);

                if (arrival.at > sim->now) {
                        i++;
                        continue;
                }
                g_array_remove_index(sim->arrivals, i);
                verdict_observe(sim->verdict, node_id, arrival.observation, sim->now);
                sim_effects(sim);
        }
}

static usec_t next_event(const Sim *sim) {
        usec_t next = verdict_next_deadline(sim->verdict);

        for (unsigned k = 0; k < sim->n; k++)
                next = MIN(next, sim->next_probe[k]);
        for (guint i = 0; i < sim->arrivals->len; i++)
                next = MIN(next, g_array_index(sim->arrivals, Arrival, i).at);
        return next;
}

void sim_run(Sim *sim, usec_t until) {
        usec_t next;

        sim_effects(sim);
        while ((next = next_event(sim)) <= until) {
                sim->now = MAX(sim->now, next);
                for (unsigned k = 0; k < sim->n; k++)
                        if (sim->next_probe[k] <= sim->now) {
                                sim->next_probe[k] += sim->interval;
                                probe(sim, k, /* round= */ 0);
                        }
                deliver(sim);
                verdict_tick(sim->verdict, sim->now);
                sim_effects(sim);
        }
        sim->now = until;
}

CheckState sim_state(const Sim *sim) {
        const CheckStatus *status = value_object(sim->value, RECORD_STATUS, CHECK);

        return status ? status->state : CHECK_UNKNOWN;
}

void sim_vote(Sim *sim, unsigned k, ObservationResult result, const char *detail, usec_t age) {
        const Check *check = value_object(sim->value, RECORD_CHECK, CHECK);
        Observation *observation = sim_observation(check->revision, /* round= */ 0, result, detail);
        g_autofree char *node_id = g_strdup_printf("node-%u", k);

        observation->age = age;
        verdict_observe(sim->verdict, node_id, observation, sim->now);
}
