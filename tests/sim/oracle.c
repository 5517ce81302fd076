/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What must hold after every step, whatever happened. */

#include <string.h>

#include "sim.h"

void oracle_init(Sim *sim) {
        sim->leaders = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        sim->contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        sim->holders = g_hash_table_new_full(
                        g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
        sim->numbers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        sim->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        sim->asked = g_hash_table_new(g_str_hash, g_str_equal);
        sim->asked_list = g_ptr_array_new_with_free_func(asked_free);
}

void oracle_done(Sim *sim) {
        g_hash_table_unref(sim->leaders);
        g_hash_table_unref(sim->contents);
        g_hash_table_unref(sim->holders);
        g_hash_table_unref(sim->numbers);
        g_hash_table_unref(sim->places);
        g_hash_table_unref(sim->asked);
        g_ptr_array_unref(sim->asked_list);
}

static gint64 *number_key(uint64_t number) {
        gint64 *key = g_new(gint64, 1);

        *key = (gint64) number;
        return key;
}

static char *stamp_text(uint64_t term, uint64_t seq) {
        return g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, term, seq);
}

/* One name, one content: two values with the same stamp are the same. */
static void same_content(Sim *sim, const SimNode *node, const char *stamp, const Value *value) {
        char hash[RECORD_DIGEST_TEXT_SIZE];
        const char *known = g_hash_table_lookup(sim->contents, stamp);

        (void) record_digest_to_string(value_hash(value), hash);
        if (!known)
                g_hash_table_insert(sim->contents, g_strdup(stamp), g_strdup(hash));
        else if (strcmp(known, hash) != 0)
                sim_fail(sim, "n%d has another %s than somebody before it", node->index, stamp);
}

void oracle_on_disk(Sim *sim, const SimNode *node) {
        g_autofree char *stamp = stamp_text(node->disk.accepted_term, node->disk.accepted_seq);
        GHashTable *who = g_hash_table_lookup(sim->holders, stamp);

        if (node->disk.accepted_seq == 0)
                return;
        same_content(sim, node, stamp, node->disk.accepted);
        if (!who) {
                who = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
                g_hash_table_insert(sim->holders, g_strdup(stamp), who);
        }
        g_hash_table_add(who, g_strdup(node->id));
}

/* A leader's next value has one voter more or less, or the same: their majorities share a node. */
void oracle_proposed(Sim *sim, const SimNode *node, const Value *before, const Value *after) {
        size_t n = 0;

        if (strcmp(register_leader(node->reg), node->id) != 0)
                return;
        for (size_t i = 0; i < value_n_voters(before); i++)
                n += value_voter_rank(after, value_voter(before, i)) < 0;
        for (size_t i = 0; i < value_n_voters(after); i++)
                n += value_voter_rank(before, value_voter(after, i)) < 0;
        if (n > 1)
                sim_fail(sim, "n%d changes %zu voters at once", node->index, n);
}

static bool on_majority(Sim *sim, const char *stamp, const Value *value) {
        GHashTable *who = g_hash_table_lookup(sim->holders, stamp);
        size_t n = 0;

        for (size_t i = 0; who && i < value_n_voters(value); i++)
                n += g_hash_table_contains(who, value_voter(value, i));
        return n * 2 > value_n_voters(value);
}

/* Every remembered change has one number and every number one change: no fork, nothing twice, nothing lost.
 */
static void read_changes(Sim *sim, const SimNode *node, const Value *value) {
        size_t n;
        Record *const *changes = value_slice(value, RECORD_CHANGE, &n);

        for (size_t i = 0; i < n; i++) {
                const ChangeAnswer *answer = changes[i]->object;
                gint64 number = (gint64) answer->number;
                const char *id = g_hash_table_lookup(sim->numbers, &number);
                const gint64 *place = g_hash_table_lookup(sim->places, answer->id);

                if (id && strcmp(id, answer->id) != 0)
                        sim_fail(sim,
                                 "n%d: change number %d is %s, and was %s",
                                 node->index,
                                 (int) number,
                                 answer->id,
                                 id);
                if (place && *place != number)
                        sim_fail(sim,
                                 "%s was made twice, as %d and %d",
                                 answer->id,
                                 (int) *place,
                                 (int) number);
                if (id)
                        continue;
                g_hash_table_insert(sim->numbers, number_key(answer->number), g_strdup(answer->id));
                g_hash_table_insert(sim->places, g_strdup(answer->id), number_key(answer->number));
        }
}

void oracle_shown(Sim *sim, SimNode *node, const RegisterEffect *effect) {
        g_autofree char *stamp = stamp_text(effect->term, effect->seq);
        const ClusterMeta *meta = value_meta(effect->value), *before = value_meta(effect->previous);

        sim->count.commits++;
        sim_say(sim, node, "shows %s version %" G_GUINT64_FORMAT, stamp, meta->version);
        if (effect->term < node->shown_term ||
            (effect->term == node->shown_term && effect->seq <= node->shown_seq))
                sim_fail(sim, "n%d shows %s after something newer", node->index, stamp);
        node->shown_term = effect->term;
        node->shown_seq = effect->seq;

        same_content(sim, node, stamp, effect->value);
        if (!on_majority(sim, stamp, effect->value))
                sim_fail(sim,
                         "n%d shows %s, which is on no majority of its voters' disks",
                         node->index,
                         stamp);
        /* both start with 1 and grow together: the version is by one higher for each change */
        if (meta->version != meta->next_change)
                sim_fail(sim, "version %d, but %d changes", (int) meta->version, (int) meta->next_change);
        if (before && before->version > meta->version)
                sim_fail(sim,
                         "n%d: the version goes back from %d to %d",
                         node->index,
                         (int) before->version,
                         (int) meta->version);
        sim->max_version = MAX(sim->max_version, meta->version);
        read_changes(sim, node, effect->value);
}

static void one_leader_per_term(Sim *sim, const SimNode *node) {
        gint64 term = (gint64) register_term(node->reg);
        const char *leader;

        if (strcmp(register_leader(node->reg), node->id) != 0)
                return;
        leader = g_hash_table_lookup(sim->leaders, &term);
        if (!leader)
                g_hash_table_insert(sim->leaders, number_key((uint64_t) term), g_strdup(node->id));
        else if (strcmp(leader, node->id) != 0)
                sim_fail(sim, "two leaders in term %d: %s and %s", (int) term, leader, node->id);
}

/* Who acts in the cluster's name knows all that the cluster has agreed on. */
static void knows_all(Sim *sim, const SimNode *acting) {
        uint64_t term = register_committed_term(acting->reg), seq = register_committed_seq(acting->reg);

        for (unsigned i = 0; i < sim->n_nodes; i++) {
                const SimNode *node = &sim->nodes[i];

                if (!node->up || register_committed_term(node->reg) < term ||
                    (register_committed_term(node->reg) == term && register_committed_seq(node->reg) <= seq))
                        continue;
                sim_fail(sim, "n%d acts and does not know what n%u shows", acting->index, i);
        }
}

/* Nobody acts while another does, at one instant of true time. A stopped process does nothing; when it goes
 * on it asks its clock before it acts. */
static void one_acts(Sim *sim) {
        int acting = -1;

        for (unsigned i = 0; i < sim->n_nodes; i++) {
                SimNode *node = &sim->nodes[i];

                if (!node->up || node->paused_until > sim->now ||
                    !register_acts(node->reg, sim_clock(sim, node)))
                        continue;
                if (acting >= 0)
                        sim_fail(sim, "n%d and n%u act at the same time", acting, i);
                acting = (int) i;
                knows_all(sim, node);
        }
}

void oracle_after_step(Sim *sim, SimNode *node) {
        one_leader_per_term(sim, node);
        one_acts(sim);
}

/* at rest */

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
        if (!register_acts(leader->reg, sim_clock(sim, leader)))
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

bool oracle_converged(Sim *sim) {
        g_autofree char *why = oracle_why_not(sim);

        return !why;
}

static void check_asked(Sim *sim, const Value *value, const SimAsked *asked) {
        const gint64 *place = g_hash_table_lookup(sim->places, asked->id);
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
                g_autofree char *why = oracle_why_not(sim);

                sim_fail(sim, "did not stay at rest: %s", why);
                return;
        }
        for (unsigned i = 0; i < sim->asked_list->len; i++)
                check_asked(sim, value, g_ptr_array_index(sim->asked_list, i));
        /* the last ones were asked in peace, one on each node */
        for (unsigned i = sim->asked_list->len; node && i > 0; i--) {
                const SimAsked *asked = g_ptr_array_index(sim->asked_list, i - 1);

                if (asked->deadline + 5 * USEC_PER_SEC < sim->now)
                        break;
                if (sim->nodes[asked->node].up &&
                    (!asked->answered || (asked->outcome != CHANGE_DONE && asked->outcome != CHANGE_EXISTS)))
                        sim_fail(sim, "%s was asked in peace and not done", asked->id);
        }
}
