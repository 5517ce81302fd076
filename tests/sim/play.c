/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The run of one seed: the curtain rises on a cluster that has just been set up; for a while things go
 * wrong; then all works again, and the cluster must come to rest. */

#include <string.h>

#include "sim.h"

#define FAULTY_USEC (30 * USEC_PER_SEC)
#define REST_USEC (150 * USEC_PER_SEC)
#define SETTLE_USEC (80 * USEC_PER_MINUTE) /* a relay may have asked for an hour */
#define LOOK_EVERY_USEC (50 * USEC_PER_MSEC)

static void handle(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];

        if (!node->up || (event->life > 0 && event->life != node->life)) {
                sim_event_free(event);
                return;
        }
        if (node->paused_until > sim->now) { /* a stopped process finds everything when it goes on */
                event->at = node->paused_until;
                sim_push(sim, event);
                return;
        }
        switch (event->kind) {
        case SIM_DELIVER:
                net_deliver(sim, event);
                break;
        case SIM_PERSISTED:
                disk_finish(sim, event);
                break;
        case SIM_CONNECTED:
                net_connected(sim, event);
                break;
        case SIM_PROBED:
                target_probed(sim, event);
                break;
        case SIM_HANDED:
                relay_handed(sim, event);
                break;
        case SIM_ATTEMPTED:
                relay_attempted(sim, event);
                break;
        }
        sim_event_free(event);
}

static SimNode *next_timer(Sim *sim, usec_t *ret_at) {
        SimNode *first = NULL;

        *ret_at = USEC_INFINITY;
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];
                usec_t at = USEC_INFINITY;

                if (node->up)
                        at = MAX(sim_true_time(sim, node, node->deadline), node->paused_until);
                else if (node->restart_at > 0)
                        at = node->restart_at;
                if (at < *ret_at) {
                        *ret_at = at;
                        first = node;
                }
        }
        return first;
}

void play_until(Sim *sim, usec_t until, bool (*done)(Sim *sim)) {
        usec_t look_at = 0;

        while (sim->now < until && !sim->failure) {
                usec_t at_timer, at_event = USEC_INFINITY, at_target = targets_next(sim), at;
                SimNode *node = next_timer(sim, &at_timer);

                if (done && sim->now >= look_at) {
                        if (done(sim))
                                return;
                        look_at = sim->now + LOOK_EVERY_USEC;
                }
                if (sim->heap->len > 0)
                        at_event = MAX(((SimEvent *) sim->heap->pdata[0])->at, sim->now);
                at = MIN(MIN(at_timer, at_event),
                         MIN(sim->next_ask, sim->faults ? sim->next_fault : USEC_INFINITY));
                at = MIN(at, at_target);
                if (at >= until) {
                        sim->now = until;
                        return;
                }

                sim->now = at;
                sim->n_events++;
                if (at == at_target)
                        targets_change(sim);
                else if (at == at_event)
                        handle(sim, sim_pop(sim));
                else if (at == at_timer && node->up)
                        node_tick(sim, node);
                else if (at == at_timer)
                        node_start(sim, node);
                else if (at == sim->next_ask)
                        operators_ask(sim);
                else
                        faults_happen(sim);
        }
}

static Value *first_value(Sim *sim, unsigned n_voters) {
        Value *value = NULL;

        for (unsigned i = 0; i < n_voters; i++) {
                _cleanup_(peer_freep) Peer *peer = peer_new();

                peer->node_id = g_strdup(sim->nodes[i].id);
                peer->advertise = g_strdup("127.0.0.1:9901");
                peer->fingerprint = g_strdup_printf("sha256:%064x", UINT32_MAX - i);
                if (!value) {
                        value = register_first_value("sim", peer, 1);
                } else {
                        _cleanup_(delta_freep) Delta *delta = delta_new();
                        Value *next;

                        peer->order = i + 1;
                        delta_put_object(delta, RECORD_PEER, TAKE_PTR(peer));
                        next = value_apply(value, delta);
                        (void) value_unref(value);
                        value = next;
                }
        }
        return value;
}

/* two checks and two alerts to begin with */
static Value *furnish(Sim *sim, Value *value) {
        _cleanup_(delta_freep) Delta *delta = delta_new();
        Value *next;

        for (unsigned i = 0; i < 2; i++) {
                Check *check = operators_check(sim);
                Alert *alert = operators_alert(sim);

                check->revision = alert->revision = 1;
                check->order = alert->order = 10 + i;
                delta_put_object(delta, RECORD_CHECK, check);
                delta_put_object(delta, RECORD_ALERT, alert);
        }
        next = value_apply(value, delta);
        (void) value_unref(value);
        return next;
}

static void build(Sim *sim) {
        static const unsigned sizes[] = { 1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7 };
        unsigned n_voters = sizes[sim_random(sim, G_N_ELEMENTS(sizes))];
        _cleanup_(value_unrefp) Value *value = NULL;

        sim->n_nodes = n_voters + (unsigned) sim_random(sim, 3);
        sim->n_nodes = MIN(sim->n_nodes, (unsigned) NODES_MAX);
        sim->n_relays = 1 + (unsigned) sim_random(sim, RELAYS_MAX);
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];

                node->index = (int) i;
                node->id = g_strdup_printf("%08x-n%u", (unsigned) sim_random(sim, UINT32_MAX), i);
                disk_format(&node->disk);
                file_format(&node->file);
        }
        targets_init(sim);
        value = furnish(sim, first_value(sim, n_voters));
        for (unsigned i = 0; i < n_voters; i++) {
                SimNode *node = &sim->nodes[i];
                SimDisk *disk = &node->disk;

                node->member = true;
                disk->term = disk->accepted_term = disk->committed_term = 1;
                disk->accepted_seq = disk->committed_seq = 1;
                (void) value_unref(disk->accepted);
                (void) value_unref(disk->committed);
                disk->accepted = value_ref(value);
                disk->committed = value_ref(value);
                oracle_on_disk(sim, node);
        }
        sim_say(sim,
                NULL,
                "seed %" G_GUINT64_FORMAT
                ": %u nodes watch %u targets and tell %u relays; they speak over %s",
                sim->seed,
                n_voters,
                sim->n_targets,
                sim->n_relays,
                sim->net.streams ? "streams" : "datagrams");
        for (unsigned i = 0; i < n_voters; i++)
                node_start(sim, &sim->nodes[i]);
}

static void rest(Sim *sim, const char *what) {
        play_until(sim, sim->now + REST_USEC, oracle_converged);
        if (!sim->failure && !oracle_converged(sim)) {
                g_autofree char *why = oracle_why_not(sim) ?: oracle_why_not_watching(sim);

                sim_fail(sim, "no rest %d s after %s: %s", (int) (REST_USEC / USEC_PER_SEC), what, why);
        }
}

/* After the faults: rest, the smallest NodeID leading; then everyone is served, and nothing stays owed. */
static void converge(Sim *sim) {
        faults_end(sim);
        sim->next_ask = USEC_INFINITY;
        rest(sim, "the last fault");
        for (unsigned i = 0; i < sim->n_nodes && !sim->failure; i++)
                if (sim->nodes[i].up)
                        operators_ask_one(sim, &sim->nodes[i], CHANGE_ADD, 10 * USEC_PER_SEC);
        play_until(sim, sim->now + 12 * USEC_PER_SEC, NULL);
        rest(sim, "the last change"); /* a lost ping may just have cost the lease */
        play_until(sim, sim->now + SETTLE_USEC, oracle_settled);
        if (!sim->failure && !oracle_settled(sim)) {
                g_autofree char *why = oracle_why_still_owed(sim);

                sim_fail(sim, "not delivered: %s", why);
        }
        rest(sim, "the last delivery");
        if (!sim->failure)
                oracle_at_end(sim);
}

static void done(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                if (sim->nodes[i].up)
                        node_forget(&sim->nodes[i]);
                disk_done(&sim->nodes[i].disk);
                file_done(&sim->nodes[i].file);
                g_free(sim->nodes[i].id);
        }
        while (sim->heap->len > 0)
                sim_event_free(sim_pop(sim));
        g_ptr_array_unref(sim->heap);
        g_hash_table_unref(sim->asked);
        g_ptr_array_unref(sim->asked_list);
        oracle_done(sim);
        g_free(sim->failure);
}

static char *summary(const Sim *sim) {
        return g_strdup_printf(
                        "%u nodes, %u elections, %u commits, %u changes done, %u refused, %u unknown, %u "
                        "edits "
                        "by hand (%u bad), %u crashes, %u disk failures, %u joined, %u removed, %u probes, "
                        "%u "
                        "transitions, %u messages (%u repeats), %" G_GUINT64_FORMAT " events in %d s",
                        sim->n_nodes,
                        sim->count.elections,
                        sim->count.commits,
                        sim->count.done,
                        sim->count.refused,
                        sim->count.unknown,
                        sim->count.edits,
                        sim->count.bad_edits,
                        sim->count.crashes,
                        sim->count.disk_failures,
                        sim->count.joins,
                        sim->count.removals,
                        sim->count.probes,
                        sim->count.transitions,
                        sim->count.messages,
                        sim->count.repeats,
                        sim->n_events,
                        (int) (sim->now / USEC_PER_SEC));
}

bool sim_one(uint64_t seed, int tell, char **ret_summary) {
        Sim sim = { .seed = seed, .random = seed * 7919 + 1, .tell = tell, .heap = g_ptr_array_new() };
        bool good;

        sim.now = USEC_PER_SEC;
        sim.asked = g_hash_table_new(g_str_hash, g_str_equal);
        sim.asked_list = g_ptr_array_new_with_free_func(asked_free);
        sim.timing = CLUSTER_TIMING_DEFAULT;
        sim.timing.settle = 5 * USEC_PER_SEC;
        sim.faults = true;
        sim.fault_every = 500 + (unsigned) sim_random(&sim, 3500);
        sim.crash_percent = sim_chance(&sim, 50) ? 0 : (unsigned) sim_random(&sim, 4);
        sim.ask_every = sim_chance(&sim, 30) ? 600 * USEC_PER_MSEC : 10 * USEC_PER_SEC;
        sim.next_fault = sim.now + 2 * USEC_PER_SEC;
        sim.next_ask = sim.now + USEC_PER_SEC;
        oracle_init(&sim);
        net_init(&sim);
        build(&sim);

        play_until(&sim, sim.now + FAULTY_USEC + sim_random(&sim, FAULTY_USEC), NULL);
        if (!sim.failure)
                converge(&sim);

        sim_tell_rest(&sim);
        good = !sim.failure;
        *ret_summary = good ? summary(&sim) : g_strdup(sim.failure);
        done(&sim);
        return good;
}
