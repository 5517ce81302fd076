/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "sim.h"

void disk_format(SimDisk *disk) {
        disk_done(disk);
        *disk = (SimDisk){
                .vote = g_strdup(""),
                .accepted = value_new_empty(),
                .committed = value_new_empty(),
        };
}

void disk_done(SimDisk *disk) {
        g_clear_pointer(&disk->vote, g_free);
        disk->accepted = value_unref(disk->accepted);
        disk->committed = value_unref(disk->committed);
        disk->pending = register_write_free(disk->pending);
}

static void commit(SimDisk *disk) {
        (void) value_unref(disk->committed);
        disk->committed = value_ref(disk->accepted);
        disk->committed_term = disk->accepted_term;
        disk->committed_seq = disk->accepted_seq;
}

static void apply(Sim *sim, SimNode *node, const RegisterWrite *write) {
        SimDisk *disk = &node->disk;

        sim->count.writes++;
        if (write->commit_first)
                commit(disk);
        disk->term = write->term;
        g_free(disk->vote);
        disk->vote = g_strdup(write->vote);
        if (write->has_accepted) {
                _cleanup_(value_unrefp) Value *empty = value_new_empty();
                Value *next = value_apply(write->whole ? empty : disk->accepted, write->delta);

                if (node->reg && !write->whole)
                        oracle_proposed(sim, node, disk->accepted, next);
                (void) value_unref(disk->accepted);
                disk->accepted = next;
                disk->accepted_term = write->accepted_term;
                disk->accepted_seq = write->accepted_seq;
        }
        if (write->commit)
                commit(disk);
        oracle_on_disk(sim, node);
}

void disk_write(Sim *sim, SimNode *node, RegisterWrite *write_consumed) {
        SimEvent *event = g_new0(SimEvent, 1);
        usec_t delay = 200 + sim_random(sim, 5 * USEC_PER_MSEC);

        if (node->disk.pending)
                sim_fail(sim, "n%d has two writes under way", node->index);
        (void) register_write_free(node->disk.pending);
        node->disk.pending = write_consumed;
        if (sim->faults && sim_chance(sim, sim->crash_percent)) {
                node_crash(sim, node); /* before or after the write, which disk_crash() decides */
                g_free(event);
                return;
        }

        if (sim->now < node->disk.slow_until)
                delay += sim_random(sim, 2 * USEC_PER_SEC);
        if (sim->now < node->disk.stuck_until && (!node->disk.stuck_values || write_consumed->has_accepted))
                delay += node->disk.stuck_until - sim->now;
        event->kind = SIM_PERSISTED;
        event->at = sim->now + delay;
        event->to = node->index;
        event->life = node->life;
        event->number = write_consumed->number;
        sim_push(sim, event);
}

void disk_finish(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];
        bool broken = sim->now < node->disk.broken_until;

        if (!node->disk.pending)
                return;
        /* what a failed write left behind, nobody knows */
        if (!broken || sim_chance(sim, 30))
                apply(sim, node, node->disk.pending);
        node->disk.pending = register_write_free(node->disk.pending);
        sim->count.disk_failures += broken;
        node_persisted(sim, node, event->number, broken ? -EIO : 0);
}

/* The power fails: a write under way is on the disk, or it is not. */
void disk_crash(Sim *sim, SimNode *node) {
        if (node->disk.pending && sim_chance(sim, 50))
                apply(sim, node, node->disk.pending);
        node->disk.pending = register_write_free(node->disk.pending);
}
