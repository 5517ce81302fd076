/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim.h"

static void cut_in_two(Sim *sim) {
        uint64_t sides = sim_random(sim, 1u << sim->n_nodes);

        sim_say(sim, NULL, "network splits");
        net_heal(sim);
        for (unsigned i = 0; i < sim->n_nodes; i++)
                for (unsigned j = 0; j < sim->n_nodes; j++)
                        sim->net.cut[i][j] = (sides >> i & 1) != (sides >> j & 1);
}

static void cut_node(Sim *sim, unsigned node, bool out, bool in) {
        sim_say(sim,
                &sim->nodes[node],
                "cut off:%s%s",
                out ? " cannot be heard" : "",
                in ? " cannot hear" : "");
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                if (i == node)
                        continue;
                sim->net.cut[node][i] |= out;
                sim->net.cut[i][node] |= in;
        }
}

static void cut_link(Sim *sim, unsigned a, unsigned b, bool both) {
        if (a == b)
                return;
        sim_say(sim, NULL, "link n%u-n%u cut%s", a, b, both ? "" : " one way");
        sim->net.cut[a][b] = true;
        if (both)
                sim->net.cut[b][a] = true;
}

static SimNode *leader(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up && register_acts(sim->nodes[i].reg, sim_clock(sim, &sim->nodes[i])))
                        return &sim->nodes[i];
        return NULL;
}

static void pause_node(Sim *sim, SimNode *node) {
        if (!node->up)
                return;
        node->paused_until = sim->now + 20 * USEC_PER_MSEC + sim_random(sim, 4 * USEC_PER_SEC);
        sim_say(sim, node, "stops until %.4f", (double) node->paused_until / 1e6);
}

void faults_happen(Sim *sim) {
        unsigned i = (unsigned) sim_random(sim, sim->n_nodes), j = (unsigned) sim_random(sim, sim->n_nodes);
        SimNode *node = &sim->nodes[i];

        sim->next_fault = sim->now + 50 * USEC_PER_MSEC + sim_random(sim, sim->fault_every * USEC_PER_MSEC);
        if (sim_chance(sim, 30) && leader(sim))
                node = leader(sim);

        switch (sim_random(sim, 18)) {
        case 0:
        case 1:
                sim_crash(sim, node);
                break;
        case 2:
                pause_node(sim, node);
                break;
        case 3:
                cut_in_two(sim);
                break;
        case 4:
                cut_node(sim, (unsigned) node->index, true, true);
                break;
        case 5:
                cut_node(sim, (unsigned) node->index, true, false);
                break;
        case 6:
                cut_node(sim, (unsigned) node->index, false, true);
                break;
        case 7:
                cut_link(sim, i, j, false);
                break;
        case 8:
                cut_link(sim, (unsigned) node->index, j, true);
                break;
        case 9:
        case 10:
        case 11:
                sim_say(sim, NULL, "network heals");
                net_heal(sim);
                break;
        case 12:
                node->disk.slow_until = sim->now + sim_random(sim, 6 * USEC_PER_SEC);
                sim_say(sim, node, "disk is slow until %.4f", (double) node->disk.slow_until / 1e6);
                break;
        case 13:
                node->disk.broken_until = sim->now + sim_random(sim, 3 * USEC_PER_SEC);
                sim_say(sim, node, "disk is broken until %.4f", (double) node->disk.broken_until / 1e6);
                break;
        case 14:
        case 15:
                users_join(sim);
                break;
        case 16:
                users_remove(sim);
                break;
        default:
                net_break(sim, (int) i, (int) j);
                break;
        }
}

/* All works again, and all who are members run. */
void faults_end(Sim *sim) {
        sim_say(sim, NULL, "---- the faults end ----");
        sim->faults = false;
        net_heal(sim);
        sim->net.loss_percent = MIN(sim->net.loss_percent, 1);
        sim->net.delay_max = MIN(sim->net.delay_max, sim->net.delay_min + 20 * USEC_PER_MSEC);
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];

                node->disk.slow_until = node->disk.broken_until = 0;
                node->paused_until = MIN(node->paused_until, sim->now);
                sim_start(sim, node);
        }
}
