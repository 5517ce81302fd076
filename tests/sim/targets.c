/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is watched, and what each node sees of it. A target is up, refuses at once, says nothing until the
 * time-out, or is so slow that some probes see it and some do not. A node with a bad uplink sees every
 * target down: its answers are wrong and it cannot know. A blind one knows that it cannot probe, and
 * abstains. */

#include <stdio.h>
#include <string.h>

#include "sim.h"

static const char *const state_names[] = { "is up", "refuses connections", "says nothing", "is very slow" };

void probe_free(void *data) {
        SimProbe *probe = data;

        (void) check_free(probe->check);
        g_free(probe);
}

/* ---- the world ---- */

static usec_t next_change(Sim *sim, const SimTarget *target) {
        if (target->flaps_every == 0)
                return USEC_INFINITY;
        return sim->now + USEC_PER_SEC / 2 + sim_random(sim, 2 * target->flaps_every);
}

void targets_init(Sim *sim) {
        sim->n_targets = 1 + (unsigned) sim_random(sim, TARGETS_MAX);
        for (unsigned i = 0; i < sim->n_targets; i++) {
                SimTarget *target = &sim->targets[i];

                target->flaps_every = sim_chance(sim, 30) ? 0 : (2 + sim_random(sim, 20)) * USEC_PER_SEC;
                target->next_change = next_change(sim, target);
        }
        targets_look(sim);
}

static SimPath look(const Sim *sim, const SimNode *node, const SimTarget *target) {
        SimPath path = { .sees = OBSERVATION_OK, .sure = true };

        if (node->blind_until > sim->now)
                path.sees = OBSERVATION_ABSTAINED;
        else if (node->uplink_bad_until > sim->now || target->state == TARGET_REFUSES ||
                 target->state == TARGET_SILENT)
                path.sees = OBSERVATION_FAILED;
        else
                path.sure = target->state != TARGET_SLOW;
        return path;
}

void targets_look(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                for (unsigned t = 0; t < sim->n_targets; t++) {
                        SimPath path = look(sim, &sim->nodes[i], &sim->targets[t]);
                        SimPath *before = &sim->paths[i][t];

                        if (before->sees == path.sees && before->sure == path.sure && before->since > 0)
                                continue;
                        path.since = MAX(sim->now, 1);
                        *before = path;
                }
}

static void become(Sim *sim, unsigned i, SimTargetState state) {
        if (sim->targets[i].state == state)
                return;
        sim->targets[i].state = state;
        sim_say(sim, NULL, "target %u %s", i, state_names[state]);
        targets_look(sim);
}

void targets_flip(Sim *sim, unsigned i) {
        static const SimTargetState bad[] = { TARGET_REFUSES, TARGET_REFUSES, TARGET_SILENT, TARGET_SLOW };

        become(sim,
               i,
               sim->targets[i].state == TARGET_UP ? bad[sim_random(sim, G_N_ELEMENTS(bad))] : TARGET_UP);
}

void targets_all(Sim *sim, SimTargetState state) {
        for (unsigned i = 0; i < sim->n_targets; i++)
                become(sim, i, state);
}

usec_t targets_next(const Sim *sim) {
        usec_t next = USEC_INFINITY;

        for (unsigned i = 0; i < sim->n_targets; i++)
                next = MIN(next, sim->targets[i].next_change);
        /* bad and blind times end by themselves */
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                if (sim->nodes[i].uplink_bad_until > sim->now)
                        next = MIN(next, sim->nodes[i].uplink_bad_until);
                if (sim->nodes[i].blind_until > sim->now)
                        next = MIN(next, sim->nodes[i].blind_until);
        }
        return next;
}

void targets_change(Sim *sim) {
        for (unsigned i = 0; i < sim->n_targets; i++) {
                SimTarget *target = &sim->targets[i];

                if (target->next_change > sim->now)
                        continue;
                targets_flip(sim, i);
                target->next_change = next_change(sim, target);
        }
        targets_look(sim);
}

/* From now on each is up or down for good. */
void targets_heal(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                sim->nodes[i].uplink_bad_until = sim->nodes[i].blind_until = 0;
        for (unsigned i = 0; i < sim->n_targets; i++) {
                sim->targets[i].next_change = USEC_INFINITY;
                become(sim, i, sim_chance(sim, 70) ? TARGET_UP : TARGET_REFUSES);
        }
        targets_look(sim);
}

unsigned target_of(const Sim *sim, const Check *check) {
        unsigned i = 0;

        if (sscanf(check->target, "192.0.2.%u:", &i) != 1 || i >= sim->n_targets)
                i = 0;
        return i;
}

/* ---- probes ---- */

static void observe(Sim *sim, SimNode *node, const SimProbe *probe) {
        Observation *observation = observation_new();

        observation->check_id = g_strdup(probe->check->id);
        observation->revision = probe->check->revision;
        observation->round = probe->round;
        observation->result = probe->result;
        observation->detail = g_strdup(probe->detail);
        observation->address = g_strdup("");
        node_seen(sim, node, observation);
}

/* What a probe will come to, and when, is known when it begins. */
static usec_t foresee(Sim *sim, SimNode *node, SimProbe *probe) {
        const SimTarget *target = &sim->targets[target_of(sim, probe->check)];
        usec_t timeout = check_timeout(probe->check),
               quick = USEC_PER_MSEC + sim_random(sim, 80 * USEC_PER_MSEC);

        probe->result = look(sim, node, target).sees;
        probe->detail = "";
        if (probe->result == OBSERVATION_ABSTAINED) {
                probe->detail = "no route";
                return USEC_PER_MSEC;
        }
        if (probe->result == OBSERVATION_FAILED && target->state == TARGET_REFUSES &&
            node->uplink_bad_until <= sim->now) {
                probe->detail = "connection refused";
                return quick;
        }
        if (target->state == TARGET_SLOW && probe->result == OBSERVATION_OK) {
                quick = timeout / 2 + sim_random(sim, timeout);
                if (quick < timeout)
                        return quick;
                probe->result = OBSERVATION_FAILED;
        }
        if (probe->result == OBSERVATION_FAILED) {
                probe->detail = "timeout";
                return timeout;
        }
        return quick;
}

void target_probe(Sim *sim, SimNode *node, const Check *check, uint64_t round, usec_t due) {
        SimProbe *probe = g_new0(SimProbe, 1);
        usec_t late = usec_sub(sim_clock(sim, node), due), lasts;
        SimEvent *event;

        probe->check = check_copy(check);
        probe->round = round;
        lasts = foresee(sim, node, probe);
        /* a failure of a probe that began late is doubted */
        if (probe->result == OBSERVATION_FAILED && late > MIN(USEC_PER_SEC, check_interval(check) / 4)) {
                probe->result = OBSERVATION_ABSTAINED;
                probe->detail = "began late";
        }
        event = sim_later(sim, SIM_PROBED, node, lasts);
        probe->number = event->number;
        probe->ends = event->at;
        g_ptr_array_add(node->probes, probe);
        sim->count.probes++;
}

void target_probed(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];

        for (unsigned i = 0; i < node->probes->len; i++) {
                SimProbe *probe = g_ptr_array_index(node->probes, i);

                if (probe->number != event->number)
                        continue;
                g_ptr_array_steal_index_fast(node->probes, i);
                /* so is one in which the process stood still */
                if (probe->result == OBSERVATION_FAILED && sim->now > probe->ends + 500 * USEC_PER_MSEC) {
                        probe->result = OBSERVATION_ABSTAINED;
                        probe->detail = "this host stood still";
                }
                observe(sim, node, probe);
                probe_free(probe);
                return;
        }
}
