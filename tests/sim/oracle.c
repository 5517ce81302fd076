/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What must hold after every step, whatever happened: the promises of the register (one master, nothing
 * acknowledged is lost). */

#include <string.h>

#include "oracle.h"

void oracle_init(Sim *sim) {
        Oracle *oracle = sim->oracle = g_new0(Oracle, 1);

        oracle->leaders = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        oracle->contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        oracle->holders = g_hash_table_new_full(
                        g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
        oracle->numbers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        oracle->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        oracle->newest = value_new_empty();
        verdicts_init(oracle);
        notices_init(oracle);
}

void oracle_done(Sim *sim) {
        Oracle *oracle = sim->oracle;

        g_hash_table_unref(oracle->leaders);
        g_hash_table_unref(oracle->contents);
        g_hash_table_unref(oracle->holders);
        g_hash_table_unref(oracle->numbers);
        g_hash_table_unref(oracle->places);
        (void) value_unref(oracle->newest);
        verdicts_done(oracle);
        notices_done(oracle);
        g_free(oracle);
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
        const char *known = g_hash_table_lookup(sim->oracle->contents, stamp);

        (void) record_digest_to_string(value_hash(value), hash);
        if (!known)
                g_hash_table_insert(sim->oracle->contents, g_strdup(stamp), g_strdup(hash));
        else if (strcmp(known, hash) != 0)
                sim_fail(sim, "n%d has another %s than somebody before it", node->index, stamp);
}

void oracle_on_disk(Sim *sim, const SimNode *node) {
        g_autofree char *stamp = stamp_text(node->disk.accepted_term, node->disk.accepted_seq);
        GHashTable *who = g_hash_table_lookup(sim->oracle->holders, stamp);

        if (node->disk.accepted_seq == 0)
                return;
        same_content(sim, node, stamp, node->disk.accepted);
        if (!who) {
                who = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
                g_hash_table_insert(sim->oracle->holders, g_strdup(stamp), who);
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
        GHashTable *who = g_hash_table_lookup(sim->oracle->holders, stamp);
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
                const char *id = g_hash_table_lookup(sim->oracle->numbers, &number);
                const gint64 *place = g_hash_table_lookup(sim->oracle->places, answer->id);

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
                g_hash_table_insert(sim->oracle->numbers, number_key(answer->number), g_strdup(answer->id));
                g_hash_table_insert(sim->oracle->places, g_strdup(answer->id), number_key(answer->number));
        }
}

/* A bad edit never replaces a good configuration. */
static void no_bad_edit(Sim *sim, const Value *value) {
        size_t n;
        Record *const *checks = value_slice(value, RECORD_CHECK, &n);

        for (size_t i = 0; i < n; i++)
                if (strstr(((const Check *) checks[i]->object)->name, BAD_NAME))
                        sim_fail(sim, "%s came with a bad edit, and is committed", checks[i]->id);
}

/* The cluster's story, each committed value once, in order. */
static void advance(Sim *sim, const RegisterEffect *effect) {
        Oracle *oracle = sim->oracle;

        if (effect->term < oracle->newest_term ||
            (effect->term == oracle->newest_term && effect->seq <= oracle->newest_seq))
                return;
        if (value_meta(oracle->newest)) {
                oracle_verdicts(sim, oracle->newest, effect->value);
                oracle_notices(sim, oracle->newest, effect->value, effect->seq == oracle->newest_seq + 1);
        }
        no_bad_edit(sim, effect->value);
        (void) value_unref(oracle->newest);
        oracle->newest = value_ref(effect->value);
        oracle->newest_term = effect->term;
        oracle->newest_seq = effect->seq;
}

void oracle_shown(Sim *sim, SimNode *node, const RegisterEffect *effect) {
        g_autofree char *stamp = stamp_text(effect->term, effect->seq);
        const ClusterMeta *meta = value_meta(effect->value), *before = value_meta(effect->previous);

        sim->count.commits++;
        sim_say(sim, node, "shows value %s, version %" G_GUINT64_FORMAT, stamp, meta->version);
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
        read_changes(sim, node, effect->value);
        advance(sim, effect);
}

static void one_leader_per_term(Sim *sim, const SimNode *node) {
        gint64 term = (gint64) register_term(node->reg);
        const char *leader;

        if (strcmp(register_leader(node->reg), node->id) != 0)
                return;
        leader = g_hash_table_lookup(sim->oracle->leaders, &term);
        if (!leader)
                g_hash_table_insert(sim->oracle->leaders, number_key((uint64_t) term), g_strdup(node->id));
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

                if (!node->has_lease || !node_runs(sim, node) || !node_acts(sim, node))
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
