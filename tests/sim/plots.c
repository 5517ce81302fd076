/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plots: faults in an order that aims at one rule. Blind faults find these windows once in many thousand
 * seeds. */

#include <string.h>

#include "sim.h"

typedef bool (*plot_step_t)(Sim *sim); /* false: not yet; asked again a little later */

#define TRIES_MAX 60

static SimNode *actor(Sim *sim, unsigned i) {
        return &sim->nodes[sim->plot_nodes[i]];
}

static void calm(Sim *sim) {
        net_heal(sim);
        sim->net.loss_percent = 0;
        sim->net.delay_min = USEC_PER_MSEC;
        sim->net.delay_max = 2 * USEC_PER_MSEC;
}

static void wait(Sim *sim, usec_t usec) {
        sim->next_fault = sim->now + usec;
}

/* ---- the last breath: the leader's clock is slow, all others' are fast, it is not the smallest and is cut
 * off just after a ping. Whoever stands first may win while the leader still believes in its lease. ---- */

static bool breath_others_lead(Sim *sim) {
        SimNode *smallest = NULL, *leader = faults_leader(sim);

        calm(sim);
        if (!leader || value_n_voters(register_committed(leader->reg)) < 3)
                return false;
        smallest = sim_find(sim, value_voter(register_committed(leader->reg), 0));
        if (!smallest)
                return false;
        if (smallest == leader) {
                faults_restart(sim, smallest, 2500 * USEC_PER_MSEC);
                return false;
        }
        if (!smallest->up ||
            register_election_timeout(leader->reg) != register_election_timeout(smallest->reg) ||
            strcmp(register_leader(smallest->reg), leader->id) != 0)
                return false;
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up)
                        clock_drift(sim, &sim->nodes[i], &sim->nodes[i] == leader ? -50000 : 50000);
        sim->plot_nodes[0] = leader->index;
        /* a restarted voter is silent for its first E */
        wait(sim,
             register_election_timeout(leader->reg) + 200 * USEC_PER_MSEC + sim_random(sim, USEC_PER_SEC));
        return true;
}

static bool breath_cut(Sim *sim) {
        if (node_acts(sim, actor(sim, 0)))
                faults_isolate(sim, actor(sim, 0));
        wait(sim, 4 * USEC_PER_SEC);
        return true;
}

/* ---- a growing E: the document's E grows while one voter's disk is stuck, so that after a restart it keeps
 * silent only for the old, short one; the leader must not count longer on it. ---- */

static bool growing_short(Sim *sim) {
        SimNode *leader = faults_leader(sim);

        calm(sim);
        if (!leader || value_n_voters(register_committed(leader->reg)) != 3)
                return false;
        for (unsigned i = 0, k = 1; i < 3; i++) {
                SimNode *voter = sim_find(sim, value_voter(register_committed(leader->reg), i));

                if (!voter || !voter->up)
                        return false;
                sim->plot_nodes[voter == leader ? 0 : k++] = voter->index;
        }
        if (sim_chance(sim, 50)) {
                int swap = sim->plot_nodes[1];

                sim->plot_nodes[1] = sim->plot_nodes[2];
                sim->plot_nodes[2] = swap;
        }
        if (register_election_timeout(leader->reg) != 300 * USEC_PER_MSEC)
                operators_set_election(sim, leader, 300 * USEC_PER_MSEC);
        wait(sim, USEC_PER_SEC);
        return true;
}

static bool growing_stuck(Sim *sim) {
        SimNode *stuck = actor(sim, 2);

        if (!node_acts(sim, actor(sim, 0)) || !stuck->up)
                return false;
        stuck->disk.stuck_until = sim->now + 8 * USEC_PER_SEC;
        stuck->disk.stuck_values = false;
        sim_say(sim, stuck, "has a stuck disk until %.4f", (double) stuck->disk.stuck_until / 1e6);
        operators_set_election(sim, actor(sim, 0), 3 * USEC_PER_SEC);
        wait(sim, 500 * USEC_PER_MSEC);
        return true;
}

/* who has the new value does not hear the leader, and would stand, but for the voter with the stuck disk */
static bool growing_hide(Sim *sim) {
        const SimNode *leader = actor(sim, 0), *other = actor(sim, 1);

        sim_say(sim, other, "and the leader n%d hear nothing of each other", leader->index);
        sim->net.cut[leader->index][other->index] = sim->net.cut[other->index][leader->index] = true;
        /* a little before it stands: a lease of 3/4 of the new E must not be over by then */
        wait(sim, 1500 * USEC_PER_MSEC + sim_random(sim, 3 * USEC_PER_SEC));
        return true;
}

static bool growing_restart(Sim *sim) {
        faults_isolate(sim, actor(sim, 0));
        faults_restart(sim, actor(sim, 2), 20 * USEC_PER_MSEC);
        wait(sim, 3 * USEC_PER_SEC);
        return true;
}

/* ---- a growing E that one voter never saw: it was cut off meanwhile, and the leader is a new one, which
 * knows nothing of the short E. The voter answers its pings while the value is stuck on the way to its disk.
 * ---- */

static bool unseen_cut(Sim *sim) {
        if (!node_acts(sim, actor(sim, 0)) || !actor(sim, 2)->up)
                return false;
        faults_isolate(sim, actor(sim, 2));
        operators_set_election(sim, actor(sim, 0), 3 * USEC_PER_SEC);
        wait(sim, 500 * USEC_PER_MSEC);
        return true;
}

static bool unseen_change_leader(Sim *sim) {
        faults_restart(sim, actor(sim, 0), 20 * USEC_PER_MSEC);
        wait(sim, USEC_PER_SEC);
        return true;
}

static bool unseen_heal(Sim *sim) {
        SimNode *stuck = actor(sim, 2);

        if (!node_acts(sim, actor(sim, 0))) {
                int swap = sim->plot_nodes[0];

                sim->plot_nodes[0] = sim->plot_nodes[1];
                sim->plot_nodes[1] = swap;
        }
        if (!node_acts(sim, actor(sim, 0)) || !stuck->up)
                return false;
        net_heal(sim);
        stuck->disk.stuck_until = sim->now + 15 * USEC_PER_SEC;
        stuck->disk.stuck_values = true;
        sim_say(sim,
                stuck,
                "is back, and its disk takes no value until %.4f",
                (double) stuck->disk.stuck_until / 1e6);
        wait(sim, USEC_PER_SEC);
        return true;
}

/* ---- the forgotten DOWN: a relay takes it and says nothing; nobody learns what became of the attempt, or
 * who made it dies, or loses its lease for a moment; then the relay refuses for good. The end must be told
 * all the same. ---- */

static void all_relays(Sim *sim, SimRelayState state, const char *words) {
        for (unsigned i = 0; i < sim->n_relays; i++)
                sim->relays[i].state = state;
        sim_say(sim, NULL, "all relays %s", words);
}

static bool forgotten_calm(Sim *sim) {
        calm(sim);
        all_relays(sim, RELAY_TAKES, "take everything");
        targets_all(sim, TARGET_UP);
        wait(sim, 10 * USEC_PER_SEC);
        return true;
}

static bool forgotten_down(Sim *sim) {
        all_relays(sim, RELAY_MUTE, "never answer");
        targets_all(sim, TARGET_REFUSES);
        return true;
}

static bool forgotten_sent(Sim *sim) {
        SimNode *leader = faults_leader(sim);
        bool handed = false;

        for (unsigned i = 0; leader && i < leader->attempts->len; i++)
                handed |= ((const SimAttempt *) g_ptr_array_index(leader->attempts, i))->handed;
        if (!handed)
                return false;
        all_relays(sim, RELAY_REFUSES, "refuse for good");
        switch (sim_random(sim, 3)) {
        case 0:
                break;
        case 1:
                faults_restart(sim, leader, USEC_PER_SEC);
                break;
        case 2:
                faults_isolate(sim, leader);
                wait(sim,
                     register_election_timeout(leader->reg) * 3 / 4 +
                                     sim_random(sim, register_election_timeout(leader->reg) / 2));
        }
        return true;
}

static bool forgotten_refused(Sim *sim) {
        calm(sim);
        wait(sim, 12 * USEC_PER_SEC);
        return true;
}

static bool forgotten_up(Sim *sim) {
        all_relays(sim, RELAY_TAKES, "take everything");
        targets_all(sim, TARGET_UP);
        wait(sim, 10 * USEC_PER_SEC);
        return true;
}

static const plot_step_t forgotten[] = {
        forgotten_calm, forgotten_down, forgotten_sent, forgotten_refused, forgotten_up, NULL,
};

static const plot_step_t plots[][8] = {
        { breath_others_lead, breath_cut },
        { growing_short, growing_stuck, growing_hide, growing_restart },
        { growing_short, unseen_cut, unseen_change_leader, unseen_heal, growing_hide, growing_restart },
};

void plots_begin(Sim *sim) {
        sim->plot = 1 + (unsigned) sim_random(sim, G_N_ELEMENTS(plots));
        if (sim->seed % 5 == 4) /* so that the other seeds play on as they did */
                sim->plot = G_N_ELEMENTS(plots) + 1;
        sim->plot_step = 0;
        sim->plot_tries = 0;
        sim->plot_network = sim->net;
        wait(sim, 0);
}

static void end(Sim *sim) {
        sim->plot = 0;
        sim->net.loss_percent = sim->plot_network.loss_percent;
        sim->net.delay_min = sim->plot_network.delay_min;
        sim->net.delay_max = sim->plot_network.delay_max;
        net_heal(sim);
        wait(sim, 0);
}

bool plots_go_on(Sim *sim) {
        const plot_step_t *steps;

        if (sim->plot == 0)
                return false;
        steps = sim->plot > G_N_ELEMENTS(plots) ? forgotten : plots[sim->plot - 1];
        if (!steps[sim->plot_step] || sim->plot_tries > TRIES_MAX)
                end(sim);
        else if (steps[sim->plot_step](sim))
                sim->plot_step++;
        else {
                sim->plot_tries++;
                wait(sim, 300 * USEC_PER_MSEC);
        }
        return true;
}
