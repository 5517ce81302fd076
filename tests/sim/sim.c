/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAULTY_USEC (20 * USEC_PER_SEC)
#define CONVERGE_USEC (120 * USEC_PER_SEC)

uint64_t sim_random(Sim *sim, uint64_t below) {
        uint64_t z = sim->random += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return below ? (z ^ z >> 31) % below : 0;
}

bool sim_chance(Sim *sim, unsigned percent) {
        return sim_random(sim, 100) < percent;
}

void sim_say(Sim *sim, const SimNode *node, const char *format, ...) {
        va_list args;

        if (!sim->verbose)
                return;
        printf("[%9.4f] ", (double) sim->now / 1e6);
        if (node)
                printf("n%d ", node->index);
        va_start(args, format);
        (void) vprintf(format, args);
        va_end(args);
        (void) putchar('\n');
}

void sim_fail(Sim *sim, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        if (sim->failure)
                return;
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        sim->failure = g_strdup_printf("at %.4f s: %s", (double) sim->now / 1e6, text);
        sim_say(sim, NULL, "FAILED: %s", text);
}

/* clocks */

usec_t sim_clock(const Sim *sim, const SimNode *node) {
        return node->clock_base + sim->now + (usec_t) ((int64_t) sim->now * node->clock_ppm / 1000000);
}

static usec_t true_time(const Sim *sim, const SimNode *node, usec_t local) {
        int64_t since = (int64_t) (local - node->clock_base);
        usec_t at;

        if (local == USEC_INFINITY)
                return USEC_INFINITY;
        if (local <= sim_clock(sim, node))
                return sim->now;
        at = (usec_t) ((double) since * 1e6 / (double) (1000000 + node->clock_ppm));
        return MAX(at, sim->now) + 2; /* rounding: never too early */
}

/* events: a binary heap by (at, order) */

static bool is_before(const SimEvent *a, const SimEvent *b) {
        return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void sim_push(Sim *sim, SimEvent *event) {
        gpointer *data;
        unsigned i = sim->heap->len;

        event->order = sim->next_order++;
        g_ptr_array_add(sim->heap, event);
        data = sim->heap->pdata;
        for (; i > 0 && is_before(data[i], data[(i - 1) / 2]); i = (i - 1) / 2) {
                gpointer other = data[i];

                data[i] = data[(i - 1) / 2];
                data[(i - 1) / 2] = other;
        }
}

static SimEvent *pop(Sim *sim) {
        gpointer *data = sim->heap->pdata;
        SimEvent *first = data[0];
        unsigned n = sim->heap->len - 1, i = 0;

        data[0] = data[n];
        g_ptr_array_set_size(sim->heap, (int) n);
        for (;;) {
                unsigned child = 2 * i + 1;
                gpointer other;

                if (child >= n)
                        break;
                if (child + 1 < n && is_before(data[child + 1], data[child]))
                        child++;
                if (!is_before(data[child], data[i]))
                        break;
                other = data[child];
                data[child] = data[i];
                data[i] = other;
                i = child;
        }
        return first;
}

static void event_free(SimEvent *event) {
        g_free(event->from_id);
        g_free(event->to_id);
        g_free(event->params);
        g_free(event);
}

/* nodes */

SimNode *sim_find(Sim *sim, const char *id) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (g_strcmp0(sim->nodes[i].id, id) == 0)
                        return &sim->nodes[i];
        return NULL;
}

static void carry_out(Sim *sim, SimNode *node, RegisterEffect *effect) {
        switch (effect->kind) {
        case REGISTER_PERSIST:
                disk_write(sim, node, g_steal_pointer(&effect->write));
                break;
        case REGISTER_SEND:
                net_send(sim, node, effect);
                break;
        case REGISTER_ANSWER:
                users_answered(sim, node, effect->answer);
                break;
        case REGISTER_COMMITTED:
                oracle_shown(sim, node, effect);
                break;
        case REGISTER_LEADER:
                sim_say(sim,
                        node,
                        "sees leader n%d in term %" G_GUINT64_FORMAT "%s",
                        sim_find(sim, effect->node) ? sim_find(sim, effect->node)->index : -1,
                        effect->term,
                        *effect->via ? " (via another)" : "");
                sim->count.elections += strcmp(effect->node, node->id) == 0;
                break;
        case REGISTER_LEASE:
                sim_say(sim,
                        node,
                        effect->gained ? "ACTS in term %" G_GUINT64_FORMAT
                                       : "acts no more, term %" G_GUINT64_FORMAT,
                        effect->term);
                break;
        case REGISTER_REMOVED:
                sim_say(sim, node, "is told that it was removed");
                node->told_removed = true;
                break;
        case REGISTER_FORGETFUL:
                sim_fail(sim, "n%d says that %s forgot, and no disk ever did", node->index, effect->node);
                break;
        case REGISTER_IMPLAUSIBLE:
                sim_fail(sim,
                         "n%d does not believe %s: term %" G_GUINT64_FORMAT ", seq %" G_GUINT64_FORMAT,
                         node->index,
                         effect->node,
                         effect->term,
                         effect->seq);
                break;
        case REGISTER_DISK:
                sim_say(sim, node, effect->gained ? "disk works again" : "disk failed");
                break;
        default:
                g_assert_not_reached();
        }
}

void sim_carry_out(Sim *sim, SimNode *node, RegisterEffects *effects) {
        RegisterEffect *effect;
        unsigned life = node->life;

        while ((effect = register_effects_take(effects))) {
                if (node->up && node->life == life)
                        carry_out(sim, node, effect);
                (void) register_effect_free(effect);
        }
        if (node->up && node->life == life)
                oracle_after_step(sim, node);
        if (node->told_removed && node->up) {
                sim_crash(sim, node);
                node->restart_at = 0;
                node->member = false;
                sim->count.removals++;
        }
}

static void tick(Sim *sim, SimNode *node) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        usec_t now = sim_clock(sim, node);

        register_tick(node->reg, now, &effects);
        if (register_deadline(node->reg) <= now)
                sim_fail(sim, "n%d asks to be woken at once, over and over", node->index);
        sim_carry_out(sim, node, &effects);
}

void sim_start(Sim *sim, SimNode *node) {
        RegisterSetup setup = {
                .node_id = node->id,
                .seed = sim_random(sim, 0) + sim->random,
                .incarnation = ++sim->next_order,
                .timing = &sim->timing,
                .term = node->disk.term,
                .vote = node->disk.vote,
                .accepted_term = node->disk.accepted_term,
                .accepted_seq = node->disk.accepted_seq,
                .accepted = node->disk.accepted,
                .committed_term = node->disk.committed_term,
                .committed_seq = node->disk.committed_seq,
                .committed = node->disk.committed,
        };

        if (node->up || !node->member)
                return;
        node->up = true;
        node->life++;
        node->restart_at = 0;
        node->paused_until = 0;
        node->told_removed = false;
        node->shown_term = node->disk.committed_term;
        node->shown_seq = node->disk.committed_seq;
        /* another machine's clock: any start, and up to 5 % fast or slow */
        node->clock_base = USEC_PER_SEC + sim_random(sim, 1000 * USEC_PER_SEC);
        node->clock_ppm = (int64_t) sim_random(sim, 100001) - 50000;
        node->reg = register_new(&setup, sim_clock(sim, node));
        sim_say(sim,
                node,
                "starts: term %" G_GUINT64_FORMAT " accepted %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                setup.term,
                setup.accepted_term,
                setup.accepted_seq);
        tick(sim, node);
}

void sim_crash(Sim *sim, SimNode *node) {
        if (!node->up)
                return;
        sim_say(sim, node, "dies");
        node->up = false;
        node->reg = register_free(node->reg);
        disk_crash(sim, node);
        sim->count.crashes++;
        for (unsigned i = 0; i < sim->n_nodes; i++)
                net_break(sim, node->index, (int) i);
        node->restart_at = sim->now + 100 * USEC_PER_MSEC + sim_random(sim, 5 * USEC_PER_SEC);
}

/* the run */

static void handle(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];

        if (node->up &&
            node->paused_until > sim->now) { /* a stopped process finds everything when it goes on */
                event->at = node->paused_until;
                sim_push(sim, event);
                return;
        }
        if (event->kind == SIM_DELIVER)
                net_deliver(sim, event);
        else if (event->kind == SIM_PERSISTED)
                disk_finish(sim, event);
        else
                net_connected(sim, event);
        event_free(event);
}

static SimNode *next_timer(Sim *sim, usec_t *ret_at) {
        SimNode *first = NULL;

        *ret_at = USEC_INFINITY;
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];
                usec_t at = USEC_INFINITY;

                if (node->up)
                        at = MAX(true_time(sim, node, register_deadline(node->reg)), node->paused_until);
                else if (node->restart_at > 0)
                        at = node->restart_at;
                if (at < *ret_at) {
                        *ret_at = at;
                        first = node;
                }
        }
        return first;
}

void sim_run_until(Sim *sim, usec_t until, bool (*done)(Sim *sim)) {
        while (sim->now < until && !sim->failure && !(done && done(sim))) {
                usec_t at_timer, at_event = USEC_INFINITY, at;
                SimNode *node = next_timer(sim, &at_timer);

                if (sim->heap->len > 0)
                        at_event = MAX(((SimEvent *) sim->heap->pdata[0])->at, sim->now);
                at = MIN(MIN(at_timer, at_event),
                         MIN(sim->next_ask, sim->faults ? sim->next_fault : USEC_INFINITY));
                if (at >= until) {
                        sim->now = until;
                        return;
                }

                sim->now = at;
                sim->n_events++;
                if (at == at_event)
                        handle(sim, pop(sim));
                else if (at == at_timer && node->up)
                        tick(sim, node);
                else if (at == at_timer)
                        sim_start(sim, node);
                else if (at == sim->next_ask)
                        users_ask(sim);
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

static void build(Sim *sim) {
        static const unsigned sizes[] = { 1, 2, 3, 3, 3, 3, 3, 4, 5, 5 };
        unsigned n_voters = sizes[sim_random(sim, G_N_ELEMENTS(sizes))];
        _cleanup_(value_unrefp) Value *value = NULL;

        sim->n_nodes = n_voters + (unsigned) sim_random(sim, 3);
        sim->n_nodes = MIN(sim->n_nodes, (unsigned) NODES_MAX);
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];

                node->index = (int) i;
                node->id = g_strdup_printf("%08x-n%u", (unsigned) sim_random(sim, UINT32_MAX), i);
                disk_format(&node->disk);
        }
        value = first_value(sim, n_voters);
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
                "seed %" G_GUINT64_FORMAT ": %u voters, %s",
                sim->seed,
                n_voters,
                sim->net.streams ? "streams" : "datagrams");
        for (unsigned i = 0; i < n_voters; i++)
                sim_start(sim, &sim->nodes[i]);
}

/* After the faults: the cluster must come to rest with the smallest NodeID leading, and then serve everyone.
 */
static void converge(Sim *sim) {
        faults_end(sim);
        sim_run_until(sim, sim->now + CONVERGE_USEC, oracle_converged);
        if (!sim->failure && !oracle_converged(sim)) {
                g_autofree char *why = oracle_why_not(sim);

                sim_fail(sim,
                         "no rest %d s after the last fault: %s",
                         (int) (CONVERGE_USEC / USEC_PER_SEC),
                         why);
        }
        for (unsigned i = 0; i < sim->n_nodes && !sim->failure; i++)
                if (sim->nodes[i].up)
                        users_ask_one(sim, &sim->nodes[i], CHANGE_ADD, 10 * USEC_PER_SEC);
        sim->next_ask = USEC_INFINITY;
        sim_run_until(sim, sim->now + 12 * USEC_PER_SEC, NULL);
        sim_run_until(sim,
                      sim->now + CONVERGE_USEC,
                      oracle_converged); /* a lost ping may just have cost the lease */
        if (!sim->failure)
                oracle_at_end(sim);
}

static void done(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++) {
                sim->nodes[i].reg = register_free(sim->nodes[i].reg);
                disk_done(&sim->nodes[i].disk);
                g_free(sim->nodes[i].id);
        }
        while (sim->heap->len > 0)
                event_free(pop(sim));
        g_ptr_array_unref(sim->heap);
        oracle_done(sim);
        g_free(sim->failure);
}

bool sim_one(uint64_t seed, bool verbose, char **ret_summary) {
        Sim sim = { .seed = seed, .random = seed * 7919 + 1, .verbose = verbose, .heap = g_ptr_array_new() };
        bool good;

        sim.now = USEC_PER_SEC;
        sim.timing = CLUSTER_TIMING_DEFAULT;
        sim.timing.settle = 5 * USEC_PER_SEC;
        sim.faults = true;
        sim.fault_every = 500 + (unsigned) sim_random(&sim, 3500);
        sim.crash_percent = sim_chance(&sim, 50) ? 0 : (unsigned) sim_random(&sim, 4);
        sim.ask_every = sim_chance(&sim, 40) ? 600 * USEC_PER_MSEC : 10 * USEC_PER_SEC;
        sim.next_fault = sim.now + 2 * USEC_PER_SEC;
        sim.next_ask = sim.now + USEC_PER_SEC;
        oracle_init(&sim);
        net_init(&sim);
        build(&sim);

        sim_run_until(&sim, sim.now + FAULTY_USEC + sim_random(&sim, FAULTY_USEC / 2), NULL);
        if (!sim.failure)
                converge(&sim);

        good = !sim.failure;
        *ret_summary = good ? g_strdup_printf("%u nodes, %u elections, %u commits, %u done, %u refused, %u "
                                              "unknown, %u "
                                              "crashes, %u disk failures, %u joined, %u removed",
                                              sim.n_nodes,
                                              sim.count.elections,
                                              sim.count.commits,
                                              sim.count.done,
                                              sim.count.refused,
                                              sim.count.unknown,
                                              sim.count.crashes,
                                              sim.count.disk_failures,
                                              sim.count.joins,
                                              sim.count.removals)
                            : g_strdup(sim.failure);
        done(&sim);
        return good;
}
