/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes wrong. Most faults are blind; some aim at what a rule is there for: the link between the leader
 * and one other, a voter that restarts quickly while somebody is about to stand. */

#include "sim.h"

static SimNode *any(Sim *sim) {
        return &sim->nodes[sim_random(sim, sim->n_nodes)];
}

SimNode *faults_leader(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (node_acts(sim, &sim->nodes[i]))
                        return &sim->nodes[i];
        return NULL;
}

static SimNode *leader(Sim *sim) {
        return faults_leader(sim) ?: any(sim);
}

static SimNode *leader_or_any(Sim *sim) {
        return sim_chance(sim, 40) ? leader(sim) : any(sim);
}

/* cuts */

static void heal(Sim *sim) {
        sim_say(sim, NULL, "network heals");
        net_heal(sim);
}

static void split(Sim *sim) {
        uint64_t sides = sim_random(sim, 1u << sim->n_nodes);

        sim_say(sim, NULL, "network splits");
        net_heal(sim);
        for (unsigned i = 0; i < sim->n_nodes; i++)
                for (unsigned j = 0; j < sim->n_nodes; j++)
                        sim->net.cut[i][j] = (sides >> i & 1) != (sides >> j & 1);
}

static void cut_node(Sim *sim) {
        const SimNode *node = leader_or_any(sim);
        unsigned how = (unsigned) sim_random(sim, 3);

        sim_say(sim,
                node,
                "cut off:%s%s",
                how != 1 ? " cannot be heard" : "",
                how != 0 ? " cannot hear" : "");
        for (int i = 0; i < (int) sim->n_nodes; i++) {
                if (i == node->index)
                        continue;
                sim->net.cut[node->index][i] |= how != 1;
                sim->net.cut[i][node->index] |= how != 0;
        }
}

static void cut_link(Sim *sim) {
        const SimNode *a = leader_or_any(sim), *b = any(sim);
        bool both = sim_chance(sim, 50);

        if (a == b)
                return;
        sim_say(sim, NULL, "link n%d to n%d cut%s", a->index, b->index, both ? ", both ways" : "");
        sim->net.cut[a->index][b->index] = true;
        sim->net.cut[b->index][a->index] |= both;
}

/* one who does not hear the leader, in a network that is otherwise whole: it will want to stand */
static void hide_leader(Sim *sim) {
        heal(sim);
        for (unsigned n = sim_chance(sim, 70) ? 1 : 2; n > 0; n--) {
                const SimNode *a = leader(sim), *b = any(sim);

                if (a == b)
                        continue;
                sim_say(sim, NULL, "n%d does not hear the leader n%d", b->index, a->index);
                sim->net.cut[a->index][b->index] = true;
                sim->net.cut[b->index][a->index] = sim_chance(sim, 50);
        }
        sim->follow_up = 3;
}

static void break_connection(Sim *sim) {
        net_break(sim, any(sim)->index, any(sim)->index);
}

/* nodes */

void faults_isolate(Sim *sim, const SimNode *node) {
        sim_say(sim, node, "is cut off from everybody");
        for (int i = 0; i < (int) sim->n_nodes; i++)
                sim->net.cut[node->index][i] = sim->net.cut[i][node->index] = i != node->index;
}

static void crash(Sim *sim) {
        node_crash(sim, leader_or_any(sim));
}

void faults_restart(Sim *sim, SimNode *node, usec_t after) {
        node_crash(sim, node);
        if (node->restart_at > 0)
                node->restart_at = sim->now + after;
}

static void restart(Sim *sim) {
        faults_restart(sim, any(sim), 10 * USEC_PER_MSEC + sim_random(sim, 200 * USEC_PER_MSEC));
}

static void stop(Sim *sim) {
        SimNode *node = leader_or_any(sim);

        if (!node->up)
                return;
        node->paused_until = sim->now + 20 * USEC_PER_MSEC +
                             sim_random(sim, (sim_chance(sim, 50) ? 6 : 1) * USEC_PER_SEC);
        sim_say(sim, node, "stands still until %.4f", (double) node->paused_until / 1e6);
}

static void slow_disk(Sim *sim) {
        SimNode *node = leader_or_any(sim);

        node->disk.slow_until = sim->now + sim_random(sim, 6 * USEC_PER_SEC);
        sim_say(sim, node, "has a slow disk until %.4f", (double) node->disk.slow_until / 1e6);
}

static void break_disk(Sim *sim) {
        SimNode *node = leader_or_any(sim);

        node->disk.broken_until = sim->now + sim_random(sim, 2 * USEC_PER_SEC);
        sim_say(sim, node, "has a broken disk until %.4f", (double) node->disk.broken_until / 1e6);
}

/* clocks */

static void set_wall_clock(Sim *sim) {
        SimNode *node = any(sim);
        int64_t most = (int64_t) (sim_chance(sim, 90) ? 30 * USEC_PER_SEC : 10 * USEC_PER_MINUTE);

        node->clock.wall_error = (int64_t) sim_random(sim, (uint64_t) most * 2) - most;
        sim_say(sim, node, "has its wall clock set %+.1f s off", (double) node->clock.wall_error / 1e6);
}

static void drift(Sim *sim) {
        SimNode *node = any(sim);

        clock_drift(sim, node, (int64_t) sim_random(sim, 100001) - 50000);
        sim_say(sim, node, "has a clock that runs %+d ppm off now", (int) node->clock.ppm);
}

/* the world outside */

static void flip_target(Sim *sim) {
        targets_flip(sim, (unsigned) sim_random(sim, sim->n_targets));
}

static void bad_uplink(Sim *sim) {
        SimNode *node = any(sim);

        node->uplink_bad_until = sim->now + sim_random(sim, 20 * USEC_PER_SEC);
        sim_say(sim, node, "sees every target down until %.4f", (double) node->uplink_bad_until / 1e6);
        targets_look(sim);
}

static void blind(Sim *sim) {
        SimNode *node = any(sim);

        node->blind_until = sim->now + sim_random(sim, 15 * USEC_PER_SEC);
        sim_say(sim, node, "cannot probe until %.4f", (double) node->blind_until / 1e6);
        targets_look(sim);
}

static void change_relay(Sim *sim) {
        static const struct {
                SimRelayState state;
                const char *words;
        } states[] = {
                { RELAY_TAKES, "takes everything" }, { RELAY_TAKES, "takes everything" },
                { RELAY_BUSY, "is busy" },           { RELAY_REFUSES, "refuses for good" },
                { RELAY_MUTE, "never answers" },     { RELAY_SLOW, "is slow" },
        };
        unsigned relay = (unsigned) sim_random(sim, sim->n_relays);
        unsigned i = (unsigned) sim_random(sim, G_N_ELEMENTS(states));

        sim->relays[relay].state = states[i].state;
        sim_say(sim, NULL, "relay %u %s", relay, states[i].words);
}

static const struct {
        void (*happen)(Sim *sim);
        unsigned weight;
} faults[] = {
        { heal, 6 },
        { hide_leader, 5 },
        { cut_link, 2 },
        { cut_node, 3 },
        { split, 2 },
        { break_connection, 2 },
        { crash, 3 },
        { restart, 4 },
        { stop, 4 },
        { slow_disk, 2 },
        { break_disk, 2 },
        { operators_join, 3 },
        { operators_remove, 1 },
        { set_wall_clock, 2 },
        { drift, 1 },
        { flip_target, 3 },
        { bad_uplink, 3 },
        { blind, 1 },
        { change_relay, 4 },
        { plots_begin, 3 },
};

void faults_happen(Sim *sim) {
        unsigned total = 0, chosen, i = 0;

        if (plots_go_on(sim))
                return;
        if (sim->follow_up > 0) { /* while somebody is about to stand */
                sim->follow_up--;
                sim->next_fault = sim->now + sim_random(sim, 800 * USEC_PER_MSEC);
                if (sim_chance(sim, 70))
                        restart(sim);
                return;
        }

        sim->next_fault = sim->now + 50 * USEC_PER_MSEC + sim_random(sim, sim->fault_every * USEC_PER_MSEC);
        for (unsigned j = 0; j < G_N_ELEMENTS(faults); j++)
                total += faults[j].weight;
        for (chosen = (unsigned) sim_random(sim, total); chosen >= faults[i].weight; i++)
                chosen -= faults[i].weight;
        faults[i].happen(sim);
}

/* All works again, and all who are members run. */
void faults_end(Sim *sim) {
        sim_say(sim, NULL, "---- all works again ----");
        sim->faults = false;
        sim->plot = 0;
        targets_heal(sim);
        relays_heal(sim);
        net_heal(sim);
        sim->net.loss_percent = MIN(sim->net.loss_percent, 1);
        sim->net.delay_max = MIN(sim->net.delay_max, sim->net.delay_min + 20 * USEC_PER_MSEC);
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];

                node->disk.slow_until = node->disk.stuck_until = node->disk.broken_until = 0;
                node->paused_until = MIN(node->paused_until, sim->now);
                node_start(sim, node);
        }
}
