/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A node: the pure rooms put together as src/manager does it, with the play in the place of sockets, files
 * and timers. Nothing is decided here. */

#include <string.h>

#include "alerts/alerts.h"
#include "sim.h"

bool node_acts(const Sim *sim, const SimNode *node) {
        return node->up && register_acts(node->reg, sim_clock(sim, node));
}

bool node_runs(const Sim *sim, const SimNode *node) {
        return node->up && node->paused_until <= sim->now;
}

static CourtNow court_now(const Sim *sim, const SimNode *node) {
        return (CourtNow){
                .now_usec = sim_clock(sim, node),
                .realtime_usec = sim_wall(sim, node),
                .leader = register_leader(node->reg),
                .is_master = node_acts(sim, node),
                .term = register_term(node->reg),
        };
}

static void carry_out_all(Sim *sim, SimNode *node);

/* ---- changes ---- */

void node_submit(Sim *sim, SimNode *node, Change *change, usec_t deadline) {
        register_submit(node->reg, sim_clock(sim, node), change, deadline, &node->effects);
        (void) change_free(change);
        carry_out_all(sim, node);
}

void node_submit_own(
                Sim *sim,
                SimNode *node,
                Change *change,
                const char *cause,
                SimOwner owner,
                uint64_t number) {
        SimOwnChange *own = g_new0(SimOwnChange, 1);

        own->owner = owner;
        own->number = number;
        change->id = g_strdup_printf("%s-%u", cause, ++sim->next_name);
        change->cause = g_strdup(cause);
        change->origin = g_strdup(node->id);
        change->asked_at = sim_wall(sim, node);
        g_hash_table_insert(node->changes, g_strdup(change->id), own);
        node_submit(sim,
                    node,
                    change,
                    sim_clock(sim, node) + (owner == OWNER_EDITING ? 15 : 10) * USEC_PER_SEC);
}

static void answered(Sim *sim, SimNode *node, const ChangeAnswer *answer) {
        g_autofree SimOwnChange *own = NULL;
        g_autofree char *id = NULL;
        CourtNow now;

        if (!g_hash_table_steal_extended(node->changes, answer->id, (gpointer *) &id, (gpointer *) &own)) {
                operators_answered(sim, node, answer);
                return;
        }
        if (answer->outcome != CHANGE_DONE)
                sim_say(sim,
                        node,
                        "learns that %s is not committed: %s",
                        answer->id,
                        answer->text ?: change_outcome_to_string(answer->outcome));
        switch (own->owner) {
        case OWNER_COURT:
                now = court_now(sim, node);
                court_answered(node->court, own->number, answer->outcome, &now);
                break;
        case OWNER_LEDGER:
                ledger_answered(node->ledger, answer->outcome, sim_clock(sim, node));
                break;
        case OWNER_EDITING:
                editors_answered(sim, node, answer);
                break;
        }
}

/* ---- the register's effects ---- */

static void committed(Sim *sim, SimNode *node, const RegisterEffect *effect) {
        const ClusterMeta *old = value_meta(effect->previous), *new = value_meta(effect->value);
        CourtNow now = court_now(sim, node);

        oracle_shown(sim, node, effect);
        for (unsigned i = node->probes->len; i > 0; i--) {
                const SimProbe *probe = g_ptr_array_index(node->probes, i - 1);
                const Check *check = value_check(effect->value, probe->check->id);

                /* a cancelled probe is no observation */
                if (!check || check_probes_differently(check, probe->check))
                        g_ptr_array_remove_index_fast(node->probes, i - 1);
        }
        schedule_configure(node->schedule, effect->value, node->id, now.now_usec, now.realtime_usec);
        court_configure(node->court, effect->value, &now);
        outbox_set_value(node->outbox, effect->value, now.now_usec, now.realtime_usec);
        if (new && (!old || old->version != new->version))
                editors_write(sim, node);
}

static void leadership(Sim *sim, SimNode *node) {
        CourtNow now = court_now(sim, node);

        court_leadership(node->court, &now);
}

static int index_of(Sim *sim, const char *id) {
        const SimNode *node = sim_find(sim, id);

        return node ? node->index : -1;
}

static void leader(Sim *sim, SimNode *node, const RegisterEffect *effect) {
        CourtNow now;

        if (*effect->node)
                sim_say(sim,
                        node,
                        "sees n%d lead in term %" G_GUINT64_FORMAT "%s",
                        index_of(sim, effect->node),
                        effect->term,
                        *effect->via ? " (heard from another)" : "");
        else
                sim_say(sim, node, "sees nobody lead");
        sim->count.elections += strcmp(effect->node, node->id) == 0;
        leadership(sim, node);
        now = court_now(sim, node);
        court_greet(node->court, &now);
        editors_leadership(sim, node);
}

static void carry_out(Sim *sim, SimNode *node, RegisterEffect *effect) {
        switch (effect->kind) {
        case REGISTER_PERSIST:
                disk_write(sim, node, g_steal_pointer(&effect->write));
                break;
        case REGISTER_SEND:
                net_send(sim, node, effect->node, effect->method, effect->params);
                break;
        case REGISTER_ANSWER:
                answered(sim, node, effect->answer);
                break;
        case REGISTER_COMMITTED:
                committed(sim, node, effect);
                break;
        case REGISTER_LEADER:
                leader(sim, node, effect);
                break;
        case REGISTER_LEASE:
                sim_say(sim,
                        node,
                        effect->gained ? "ACTS as master in term %" G_GUINT64_FORMAT
                                       : "acts no more (term %" G_GUINT64_FORMAT ")",
                        effect->term);
                leadership(sim, node);
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
                sim_say(sim, node, effect->gained ? "writes to its disk again" : "cannot write to its disk");
                break;
        default:
                g_assert_not_reached();
        }
}

/* ---- the end of a turn ---- */

static void court_turn(Sim *sim, SimNode *node) {
        for (;;) {
                CourtNow now = court_now(sim, node);
                _cleanup_(court_effect_freep) CourtEffect *effect = court_next(node->court, &now);
                const Check *check;

                if (!effect)
                        return;
                switch (effect->kind) {
                case COURT_SEND:
                        net_send(sim, node, effect->node, effect->method, effect->params);
                        break;
                case COURT_PROBE:
                        oracle_asked_round(sim, effect->check_id, effect->round);
                        check = value_object(register_committed(node->reg), RECORD_CHECK, effect->check_id);
                        if (check)
                                target_probe(sim, node, check, effect->round, sim_clock(sim, node));
                        break;
                case COURT_COMMIT:
                        oracle_decides(sim, node, effect->change);
                        node_submit_own(sim,
                                        node,
                                        g_steal_pointer(&effect->change),
                                        "verdict",
                                        OWNER_COURT,
                                        effect->number);
                        break;
                }
                if (!node->up)
                        return;
        }
}

static void outbox_turn(Sim *sim, SimNode *node) {
        g_autoptr(GPtrArray) effects = NULL;
        usec_t now = sim_clock(sim, node);

        outbox_set_master(node->outbox, node_acts(sim, node), now);
        outbox_tick(node->outbox, now);
        effects = outbox_take_effects(node->outbox);
        for (unsigned i = 0; i < effects->len; i++) {
                const OutboxEffect *effect = g_ptr_array_index(effects, i);

                if (effect->kind == OUTBOX_START)
                        relay_start(sim, node, effect);
                else
                        relay_cancel(sim, node, effect);
        }
}

static void ledger_turn(Sim *sim, SimNode *node) {
        Change *change =
                        ledger_plan(node->ledger,
                                    register_committed(node->reg),
                                    register_term(node->reg),
                                    sim_clock(sim, node),
                                    sim_wall(sim, node));

        if (change)
                node_submit_own(sim, node, change, "delivery", OWNER_LEDGER, 0);
}

/* Only a step changes what it waits for. */
static void after_step(Sim *sim, SimNode *node) {
        usec_t deadline = register_deadline(node->reg);

        deadline = MIN(deadline, court_next_deadline(node->court));
        deadline = MIN(deadline, outbox_next_deadline(node->outbox));
        deadline = MIN(deadline, ledger_next_deadline(node->ledger));
        node->deadline = MIN(deadline, schedule_next_deadline(node->schedule));
        node->has_lease = register_acts_until(node->reg) > 0;
        oracle_after_step(sim, node);
}

static void leave(Sim *sim, SimNode *node) {
        node_crash(sim, node);
        node->restart_at = 0;
        node->member = false;
        sim->count.removals++;
}

static void carry_out_all(Sim *sim, SimNode *node) {
        unsigned life = node->life;

        if (node->carrying) /* what effects cause is added behind them */
                return;
        node->carrying = true;
        do {
                RegisterEffect *effect;

                while (node->up && node->life == life && (effect = register_effects_take(&node->effects))) {
                        carry_out(sim, node, effect);
                        (void) register_effect_free(effect);
                }
                if (node->up && node->life == life)
                        court_turn(sim, node);
                if (node->up && node->life == life)
                        ledger_turn(sim, node);
                if (node->up && node->life == life)
                        outbox_turn(sim, node);
        } while (node->up && node->life == life && !g_queue_is_empty(&node->effects.queue));
        if (node->life != life)
                return;
        node->carrying = false;
        if (node->up)
                after_step(sim, node);
        if (node->up && node->told_removed)
                leave(sim, node);
}

/* ---- events ---- */

void node_receive(Sim *sim, SimNode *node, const SimEvent *event) {
        g_autofree char *error = NULL;
        CourtNow now = court_now(sim, node);
        size_t size = strlen(event->params);
        int r;

        if (g_str_has_prefix(event->method, "register."))
                r = register_receive(
                                node->reg,
                                now.now_usec,
                                event->from_id,
                                event->method,
                                event->params,
                                size,
                                &node->effects,
                                &error);
        else
                r =
                                court_receive(node->court,
                                              event->from_id,
                                              event->method,
                                              event->params,
                                              size,
                                              &now,
                                              &error);
        if (r < 0)
                sim_fail(sim, "n%d cannot read %s: %s", node->index, event->method, error ?: "?");
        carry_out_all(sim, node);
}

void node_connected(Sim *sim, SimNode *node, const char *from) {
        CourtNow now;

        register_connected(node->reg, sim_clock(sim, node), from, &node->effects);
        now = court_now(sim, node);
        court_connected(node->court, from, &now);
        carry_out_all(sim, node);
}

void node_persisted(Sim *sim, SimNode *node, uint64_t number, int error) {
        register_persisted(node->reg, sim_clock(sim, node), number, error, &node->effects);
        carry_out_all(sim, node);
}

void node_seen(Sim *sim, SimNode *node, Observation *observation) {
        CourtNow now = court_now(sim, node);

        oracle_probed(sim, node, observation);
        court_seen(node->court, observation, &now);
        carry_out_all(sim, node);
}

void node_finished(Sim *sim, SimNode *node, const SimAttempt *attempt) {
        usec_t now = sim_clock(sim, node);

        ledger_add(node->ledger, attempt->notice_id, attempt->recipient, &attempt->outcome);
        if (attempt->outcome.retry_after_usec > 0)
                outbox_hold(node->outbox,
                            attempt->notice_id,
                            now + MIN(attempt->outcome.retry_after_usec, RETRY_AFTER_MAX_USEC));
        outbox_finished(node->outbox, attempt->notice_id, attempt->recipient, now);
        carry_out_all(sim, node);
}

void node_tick(Sim *sim, SimNode *node) {
        g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        usec_t now = sim_clock(sim, node);

        if (register_deadline(node->reg) <= now) {
                register_tick(node->reg, now, &node->effects);
                if (register_deadline(node->reg) <= now)
                        sim_fail(sim, "n%d asks to be woken at once, over and over", node->index);
        }
        (void) schedule_set_clock(node->schedule, now, sim_wall(sim, node));
        (void) schedule_take_due(node->schedule, now, due);
        for (unsigned i = 0; i < due->len; i++) {
                const DueProbe *probe = &g_array_index(due, DueProbe, i);

                target_probe(sim, node, probe->check, /* round= */ 0, probe->due_usec);
        }
        carry_out_all(sim, node);
}

/* ---- processes ---- */

void node_start(Sim *sim, SimNode *node) {
        RegisterSetup setup = {
                .node_id = node->id,
                .seed = sim_random(sim, 0) + sim->random,
                .incarnation = ++sim->next_order,
                .timing = &sim->timing,
                .follow = alerts_on_change,
                .term = node->disk.term,
                .vote = node->disk.vote,
                .accepted_term = node->disk.accepted_term,
                .accepted_seq = node->disk.accepted_seq,
                .accepted = node->disk.accepted,
                .committed_term = node->disk.committed_term,
                .committed_seq = node->disk.committed_seq,
                .committed = node->disk.committed,
        };
        CourtNow now;

        if (node->up || !node->member)
                return;
        clock_boot(sim, node);
        node->up = true;
        node->carrying = false;
        node->life++;
        node->restart_at = 0;
        node->paused_until = 0;
        node->told_removed = false;
        node->shown_term = node->disk.committed_term;
        node->shown_seq = node->disk.committed_seq;
        g_queue_init(&node->effects.queue);
        node->changes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        node->probes = g_ptr_array_new_with_free_func(probe_free);
        node->attempts = g_ptr_array_new_with_free_func(attempt_free);
        node->reg = register_new(&setup, sim_clock(sim, node));
        node->court = court_new(node->id, &verdict_timing_default);
        node->schedule = schedule_new(g_str_hash(node->id));
        node->outbox = outbox_new();
        node->ledger = ledger_new(node->outbox);
        sim_say(sim,
                node,
                "starts in term %" G_GUINT64_FORMAT ", with value %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT
                " on its disk; its clock is %+d ppm off",
                setup.term,
                setup.accepted_term,
                setup.accepted_seq,
                (int) node->clock.ppm);
        now = court_now(sim, node);
        schedule_configure(node->schedule, node->disk.committed, node->id, now.now_usec, now.realtime_usec);
        court_configure(node->court, node->disk.committed, &now);
        outbox_set_value(node->outbox, node->disk.committed, now.now_usec, now.realtime_usec);
        register_tick(node->reg, sim_clock(sim, node), &node->effects);
        carry_out_all(sim, node);
        if (node->up)
                editors_look(sim, node);
}

void node_forget(SimNode *node) {
        node->reg = register_free(node->reg);
        node->court = court_free(node->court);
        node->schedule = schedule_free(node->schedule);
        node->outbox = outbox_free(node->outbox);
        node->ledger = ledger_free(node->ledger);
        node->editing = editing_free(node->editing);
        g_clear_pointer(&node->changes, g_hash_table_unref);
        g_clear_pointer(&node->probes, g_ptr_array_unref);
        g_clear_pointer(&node->attempts, g_ptr_array_unref);
        register_effects_done(&node->effects);
}

void node_crash(Sim *sim, SimNode *node) {
        if (!node->up)
                return;
        sim_say(sim, node, "dies");
        node->up = false;
        node_forget(node);
        disk_crash(sim, node);
        sim->count.crashes++;
        for (unsigned i = 0; i < sim->n_nodes; i++)
                net_break(sim, node->index, (int) i);
        node->restart_at = sim->now + 100 * USEC_PER_MSEC + sim_random(sim, 5 * USEC_PER_SEC);
}
