/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each host has a CLOCK_BOOTTIME with a start and a pace of its own, which never goes back, and a wall clock
 * that is off by whatever somebody set it to. Two hosts' paces differ by 10 % at most. */

#include "sim.h"

#define PPM_MAX 49000 /* 1.049 / 0.951 is a little more than 10 % */

usec_t sim_clock(const Sim *sim, const SimNode *node) {
        const SimClock *clock = &node->clock;
        usec_t since = sim->now - clock->at;

        return clock->local + since + (usec_t) ((int64_t) since * clock->ppm / 1000000);
}

usec_t sim_wall(const Sim *sim, const SimNode *node) {
        return (usec_t) ((int64_t) (WALL_USEC + sim->now) + node->clock.wall_error);
}

usec_t sim_true_time(const Sim *sim, const SimNode *node, usec_t local) {
        const SimClock *clock = &node->clock;

        if (local == USEC_INFINITY)
                return USEC_INFINITY;
        if (local <= sim_clock(sim, node))
                return sim->now;
        /* rounding: never too early */
        return MAX(clock->at + (usec_t) ((double) (local - clock->local) * 1e6 /
                                         (double) (1000000 + clock->ppm)),
                   sim->now) +
               2;
}

void clock_drift(Sim *sim, SimNode *node, int64_t ppm) {
        SimClock *clock = &node->clock;

        clock->local = sim_clock(sim, node);
        clock->at = sim->now;
        clock->ppm = CLAMP(ppm, -PPM_MAX, PPM_MAX);
}

/* The host starts anew, or the process alone does. */
void clock_boot(Sim *sim, SimNode *node) {
        SimClock *clock = &node->clock;

        if (clock->local > 0 && sim_chance(sim, 50))
                return;
        clock->local = USEC_PER_SEC + sim_random(sim, 1000 * USEC_PER_SEC);
        clock->at = sim->now;
        if (sim_chance(sim, 40)) /* the worst allowed */
                clock->ppm = sim_chance(sim, 50) ? PPM_MAX : -PPM_MAX;
        else
                clock->ppm = (int64_t) sim_random(sim, 2 * PPM_MAX + 1) - PPM_MAX;
}
