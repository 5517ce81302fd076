/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What must hold when the faults are over: the cluster comes to rest, serves everyone, and owes nothing. */

#include <string.h>

#include "alerts/alerts.h"
#include "oracle.h"

static SimNode *first_up(Sim *sim) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up)
                        return &sim->nodes[i];
        return NULL;
}

/* newest committed value that anyone shows */
static const Value *newest(Sim *sim) {
        SimNode *best = first_up(sim);

        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];
                uint64_t term, seq;

                if (!node->up || node == best)
                        continue;
                term = register_committed_term(node->reg);
                seq = register_committed_seq(node->reg);
                if (term > register_committed_term(best->reg) ||
                    (term == register_committed_term(best->reg) && seq > register_committed_seq(best->reg)))
                        best = node;
        }
        return best ? register_committed(best->reg) : NULL;
}

/* A removed node hears of it from any member it knows; all whom it knew may have been replaced meanwhile. */
static bool knows_a_member(Sim *sim, const SimNode *node, const Value *value) {
        size_t n;
        Record *const *peers = value_slice(register_committed(node->reg), RECORD_PEER, &n);

        for (size_t i = 0; i < n; i++) {
                const SimNode *peer = sim_find(sim, peers[i]->id);

                if (peer && peer->up && value_peer(value, peers[i]->id))
                        return true;
        }
        return false;
}

char *oracle_why_not(Sim *sim) {
        const Value *value = newest(sim);
        const char *smallest;
        SimNode *leader;
        size_t n;
        Record *const *peers;

        if (!value || value_n_voters(value) == 0)
                return g_strdup("nobody is up");
        smallest = value_voter(value, 0);
        leader = sim_find(sim, smallest);
        if (!leader || !leader->up)
                return g_strdup_printf("%s is not up", smallest);
        if (!node_acts(sim, leader))
                return g_strdup_printf("n%d, the smallest, does not act", leader->index);

        peers = value_slice(value, RECORD_PEER, &n);
        for (size_t i = 0; i < n; i++) {
                SimNode *node = sim_find(sim, peers[i]->id);

                if (node && node->up && ((const Peer *) peers[i]->object)->joining)
                        return g_strdup_printf("n%d is still joining", node->index);
                if (!node || !node->up)
                        continue;
                if (strcmp(register_leader(node->reg), smallest) != 0)
                        return g_strdup_printf(
                                        "n%d sees another leader: %s",
                                        node->index,
                                        register_leader(node->reg));
                if (register_committed_seq(node->reg) != register_committed_seq(leader->reg))
                        return g_strdup_printf("n%d shows another value", node->index);
        }
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up && !value_peer(value, sim->nodes[i].id) &&
                    knows_a_member(sim, &sim->nodes[i], value))
                        return g_strdup_printf("n%u was removed and does not know", i);
        return NULL;
}

/* ---- what is watched, and what is owed ---- */

static char *state_why_not(Sim *sim, const Value *value, const Check *check) {
        const CheckStatus *status = value_object(value, RECORD_STATUS, check->id);
        CheckState truth = sim->targets[target_of(sim, check)].state == TARGET_UP ? CHECK_UP : CHECK_DOWN;

        if (status && status->state == truth)
                return NULL;
        return g_strdup_printf(
                        "%s is %s and counts as %s",
                        check->id,
                        check_state_to_string(truth),
                        check_state_to_string(status ? status->state : CHECK_UNKNOWN));
}

/* every node shows what the master knows */
static char *view_why_not(Sim *sim, const SimNode *node, const Check *check) {
        _cleanup_(check_view_freep) CheckView *view =
                        verdict_view(court_verdict(node->court),
                                     check->id,
                                     /* with_votes= */ false,
                                     sim_clock(sim, node));

        if (!view)
                return g_strdup_printf("n%d does not show %s", node->index, check->id);
        if (!view->live || view->stale || (view->ok > 0 && view->not_ok > 0))
                return g_strdup_printf("n%d shows yesterday's votes of %s", node->index, check->id);
        return NULL;
}

char *oracle_why_not_watching(Sim *sim) {
        const Value *value = newest(sim);
        size_t n;
        Record *const *checks = value_slice(value, RECORD_CHECK, &n);
        char *why = NULL;

        for (size_t i = 0; i < n && !why; i++) {
                why = state_why_not(sim, value, checks[i]->object);
                for (unsigned k = 0; k < sim->n_nodes && !why; k++)
                        if (sim->nodes[k].up && value_peer(value, sim->nodes[k].id))
                                why = view_why_not(sim, &sim->nodes[k], checks[i]->object);
        }
        return why;
}

char *oracle_why_still_owed(Sim *sim) {
        const Value *value = newest(sim);
        AlertSummary summary = alerts_summary(value, NULL, NULL);

        if (summary.n_owed > 0)
                return g_strdup_printf(
                                "%zu notices are owed, the oldest is %s of %s",
                                summary.n_owed,
                                notice_event_to_string(summary.oldest_owed->event),
                                summary.oldest_owed->check_id);
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up && ledger_n_open(sim->nodes[i].ledger) > 0)
                        return g_strdup_printf("n%u has outcomes that are not committed", i);
        return NULL;
}

bool oracle_settled(Sim *sim) {
        g_autofree char *why = oracle_why_still_owed(sim);

        return !why;
}

/* A notice that is settled leaves, but for a DOWN whose outage lasts, and what failed. */
static void nothing_is_kept(Sim *sim, const Value *value) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;
                const CheckStatus *status = value_object(value, RECORD_STATUS, notice->check_id);
                bool lasts = notice->event == NOTICE_DOWN && status && status->state == CHECK_DOWN &&
                             status->transitions == notice->sequence;
                bool failed = false;

                for (guint k = 0; notice->recipients && k < notice->recipients->len; k++)
                        failed |= ((const Recipient *) g_ptr_array_index(notice->recipients, k))->state !=
                                  DELIVERY_DELIVERED;
                if (!lasts && !failed)
                        sim_fail(sim,
                                 "%s of %s is settled and kept for nothing",
                                 notice_event_to_string(notice->event),
                                 notice->check_id);
        }
}

bool oracle_converged(Sim *sim) {
        g_autofree char *why = oracle_why_not(sim) ?: oracle_why_not_watching(sim);

        return !why;
}

static void check_asked(Sim *sim, const Value *value, const SimAsked *asked) {
        const gint64 *place = g_hash_table_lookup(sim->oracle->places, asked->id);
        const SimNode *node = &sim->nodes[asked->node];

        if (!asked->answered) {
                if (node->up && node->life == asked->life && sim->now > asked->deadline)
                        sim_fail(sim, "%s is never answered", asked->id);
                return;
        }
        if (asked->outcome == CHANGE_DONE && asked->kind != CHANGE_RECORDS && asked->number > 0) {
                if (!place || *place != (gint64) asked->number)
                        sim_fail(sim, "%s was acknowledged and is not there", asked->id);
                else if (asked->number >= value_meta(value)->next_change)
                        sim_fail(sim, "%s was acknowledged and is lost", asked->id);
        }
        if (asked->outcome != CHANGE_DONE && asked->outcome != CHANGE_UNKNOWN_OUTCOME && place)
                sim_fail(sim,
                         "%s was refused (%s) and made all the same",
                         asked->id,
                         change_outcome_to_string(asked->outcome));
}

void oracle_at_end(Sim *sim) {
        const Value *value = newest(sim);
        SimNode *node = first_up(sim);

        if (!oracle_converged(sim)) {
                g_autofree char *why = oracle_why_not(sim) ?: oracle_why_not_watching(sim);

                sim_fail(sim, "did not stay at rest: %s", why);
                return;
        }
        for (unsigned i = 0; i < sim->asked_list->len; i++)
                check_asked(sim, value, g_ptr_array_index(sim->asked_list, i));
        nothing_is_kept(sim, value);
        /* the last ones were asked in peace, one on each node */
        for (unsigned i = sim->asked_list->len; node && i > 0; i--) {
                const SimAsked *asked = g_ptr_array_index(sim->asked_list, i - 1);

                if (asked->deadline + 5 * USEC_PER_SEC < sim->now)
                        break;
                if (sim->nodes[asked->node].up && value_peer(value, sim->nodes[asked->node].id) &&
                    (!asked->answered || (asked->outcome != CHANGE_DONE && asked->outcome != CHANGE_EXISTS)))
                        sim_fail(sim, "%s was asked in peace and not done", asked->id);
        }
}
