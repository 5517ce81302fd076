/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Promise 3: a state flips only when two numbered rounds in a row had a majority of the configured voters
 * that said so by probes of their own; and never against what a majority really saw all the while. */

#include <string.h>

#include "oracle.h"

typedef struct Round {
        uint64_t number;
        usec_t opened;
        GHashTable *votes; /* NodeID -> ObservationResult + 1, as that node's own probe ended */
} Round;

static void round_destroy(gpointer data) {
        Round *round = data;

        g_hash_table_unref(round->votes);
        g_free(round);
}

void verdicts_init(Oracle *oracle) {
        oracle->rounds = g_hash_table_new_full(
                        g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
        oracle->decided = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, value_unref_item);
}

void verdicts_done(Oracle *oracle) {
        g_hash_table_unref(oracle->rounds);
        g_hash_table_unref(oracle->decided);
}

static Round *find_round(GPtrArray *rounds, uint64_t number) {
        for (unsigned i = rounds ? rounds->len : 0; i > 0; i--) {
                Round *round = g_ptr_array_index(rounds, i - 1);

                if (round->number == number)
                        return round;
        }
        return NULL;
}

void oracle_asked_round(Sim *sim, const char *check_id, uint64_t number) {
        GPtrArray *rounds = g_hash_table_lookup(sim->oracle->rounds, check_id);
        Round *round;

        if (find_round(rounds, number))
                return;
        if (!rounds) {
                rounds = g_ptr_array_new_with_free_func(round_destroy);
                g_hash_table_insert(sim->oracle->rounds, g_strdup(check_id), rounds);
        }
        round = g_new0(Round, 1);
        round->number = number;
        round->opened = sim->now;
        round->votes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_ptr_array_add(rounds, round);
        sim_say(sim, NULL, "round %" G_GUINT64_FORMAT " about %s is opened", number & 0xffffffff, check_id);
}

static void tell_answer(Sim *sim, const SimNode *node, const Observation *observation) {
        static const char *const words[] = { "is ok", "has failed", "cannot be probed from here" };

        sim_say(sim,
                node,
                "finds in round %" G_GUINT64_FORMAT " that %s %s%s%s",
                observation->round & 0xffffffff,
                observation->check_id,
                words[observation->result],
                *observation->detail ? ": " : "",
                observation->detail);
}

void oracle_probed(Sim *sim, const SimNode *node, const Observation *observation) {
        GPtrArray *rounds = g_hash_table_lookup(sim->oracle->rounds, observation->check_id);
        Round *round = find_round(rounds, observation->round);

        if (round && sim->tell)
                tell_answer(sim, node, observation);
        if (round && !g_hash_table_contains(round->votes, node->id))
                g_hash_table_insert(
                                round->votes, g_strdup(node->id), GUINT_TO_POINTER(observation->result + 1));
}

/* the last round of that term before `round`, or the last of all; NULL: none */
static const Round *round_before(GPtrArray *rounds, uint64_t term, const Round *than) {
        const Round *found = NULL;

        for (unsigned i = 0; rounds && i < rounds->len; i++) {
                const Round *round = g_ptr_array_index(rounds, i);

                if (round->number >> 32 == (term & 0x7fffffff) && (!than || round->number < than->number) &&
                    (!found || round->number > found->number))
                        found = round;
        }
        return found;
}

static size_t n_saying(const Round *round, const Value *value, ObservationResult result) {
        size_t n = 0;

        for (size_t i = 0; round && i < value_n_voters(value); i++)
                n += GPOINTER_TO_UINT(g_hash_table_lookup(round->votes, value_voter(value, i))) ==
                     (unsigned) result + 1;
        return n;
}

/* voters for whom it was otherwise since `since`, by the truth */
static size_t n_otherwise(Sim *sim, const Value *value, const Check *check, CheckState to, usec_t since) {
        ObservationResult otherwise = to == CHECK_DOWN ? OBSERVATION_OK : OBSERVATION_FAILED;
        size_t n = 0;

        for (size_t i = 0; i < value_n_voters(value); i++) {
                const SimNode *voter = sim_find(sim, value_voter(value, i));
                const SimPath *path = voter ? &sim->paths[voter->index][target_of(sim, check)] : NULL;

                n += path && path->sees == otherwise && path->sure && path->since <= since;
        }
        return n;
}

static char *key_of(const CheckStatus *status) {
        return g_strdup_printf(
                        "%s/%" G_GUINT64_FORMAT "/%s/%s/%" G_GUINT64_FORMAT,
                        status->check_id,
                        status->transitions,
                        check_state_to_string(status->state),
                        status->decided_by,
                        status->decided_term);
}

static void decides(Sim *sim, const SimNode *node, const CheckStatus *status) {
        Value *base = register_committed(node->reg);
        const Check *check = value_object(base, RECORD_CHECK, status->check_id);
        const CheckStatus *before = value_object(base, RECORD_STATUS, status->check_id);
        GPtrArray *rounds = g_hash_table_lookup(sim->oracle->rounds, status->check_id);
        const Round *second = round_before(rounds, status->decided_term, NULL);
        const Round *first = second ? round_before(rounds, status->decided_term, second) : NULL;
        ObservationResult says = status->state == CHECK_DOWN ? OBSERVATION_FAILED : OBSERVATION_OK;
        size_t need = value_n_voters(base) / 2 + 1;

        sim_say(sim, node, "decides that %s is %s", status->check_id, check_state_to_string(status->state));
        if (!check || status->state == CHECK_UNKNOWN || (before && before->state == status->state)) {
                sim_fail(sim, "n%d decides nothing about %s", node->index, status->check_id);
                return;
        }
        if (n_saying(first, base, says) < need || n_saying(second, base, says) < need)
                sim_fail(sim,
                         "n%d decides that %s is %s by rounds of %zu and %zu of %zu voters",
                         node->index,
                         status->check_id,
                         check_state_to_string(status->state),
                         n_saying(first, base, says),
                         n_saying(second, base, says),
                         value_n_voters(base));
        else if (n_otherwise(sim, base, check, status->state, first->opened) >= need)
                sim_fail(sim,
                         "n%d decides that %s is %s, and a majority sees otherwise all the while",
                         node->index,
                         status->check_id,
                         check_state_to_string(status->state));
        g_hash_table_replace(sim->oracle->decided, key_of(status), value_ref(base));
}

void oracle_decides(Sim *sim, const SimNode *node, const Change *change) {
        for (unsigned i = 0; i < change->ops->len; i++) {
                const ChangeOp *op = g_ptr_array_index(change->ops, i);
                _cleanup_(record_unrefp) Record *record = NULL;

                if (strcmp(op->kind, "status") == 0 && *op->body &&
                    record_decode(RECORD_STATUS, op->id, op->body, strlen(op->body), &record, NULL) >= 0)
                        decides(sim, node, record->object);
        }
}

const Value *oracle_base_of(const Oracle *oracle, const CheckStatus *status) {
        g_autofree char *key = key_of(status);

        return g_hash_table_lookup(oracle->decided, key);
}

void oracle_verdicts(Sim *sim, const Value *before, const Value *after) {
        size_t n;
        Record *const *states = value_slice(after, RECORD_STATUS, &n);

        for (size_t i = 0; i < n; i++) {
                const CheckStatus *status = states[i]->object;
                const CheckStatus *old = value_object(before, RECORD_STATUS, status->check_id);

                if (old && old->transitions == status->transitions && old->state == status->state)
                        continue;
                sim->count.transitions++;
                sim_say(sim, NULL, "%s is %s now", status->check_id, check_state_to_string(status->state));
                if (!oracle_base_of(sim->oracle, status))
                        sim_fail(sim, "%s flips, and nobody decided that", status->check_id);
                if (old && old->transitions >= status->transitions &&
                    value_find(before, RECORD_CHECK, status->check_id))
                        sim_fail(sim, "the transitions of %s go back", status->check_id);
        }
}
