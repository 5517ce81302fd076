/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/verdict.h"

#include <assert.h>

#include "verdict/watched.h"

const VerdictTiming verdict_timing_default = {
        .confirm_delay = 2 * USEC_PER_SEC,
        .round_slack = 1 * USEC_PER_SEC,
        .stale_intervals = 3,
        .stale_min = 30 * USEC_PER_SEC,
        .view_refresh = 60 * USEC_PER_SEC,
};

VerdictEffect *verdict_effect_free(VerdictEffect *effect) {
        if (!effect)
                return NULL;

        g_free(effect->check_id);
        (void) transition_free(effect->transition);
        g_free(effect);
        return NULL;
}

static void watched_destroy(gpointer data) {
        (void) watched_free(data);
}

Verdict *verdict_new(const char *node_id, const VerdictTiming *timing) {
        Verdict *verdict = g_new0(Verdict, 1);

        assert(node_id);
        assert(timing);

        verdict->node_id = g_strdup(node_id);
        verdict->timing = *timing;
        verdict->voters = g_ptr_array_new_with_free_func(g_free);
        verdict->watched = g_ptr_array_new_with_free_func(watched_destroy);
        verdict->queue = g_sequence_new(NULL);
        verdict->effects = g_ptr_array_new_with_free_func(verdict_effect_free_item);
        return verdict;
}

Verdict *verdict_free(Verdict *verdict) {
        if (!verdict)
                return NULL;

        g_ptr_array_unref(verdict->watched);
        g_sequence_free(verdict->queue);
        g_ptr_array_unref(verdict->effects);
        g_ptr_array_unref(verdict->voters);
        g_free(verdict->node_id);
        g_free(verdict);
        return NULL;
}

/* a committed value */

static bool same_voters(const Verdict *verdict, const Value *value) {
        if (verdict->voters->len != value_n_voters(value))
                return false;
        for (guint i = 0; i < verdict->voters->len; i++)
                if (strcmp(g_ptr_array_index(verdict->voters, i), value_voter(value, i)) != 0)
                        return false;
        return true;
}

/* Votes of voters that stay are kept; what the rounds had counted so far was a majority of another number.
 */
static void change_voters(Verdict *verdict, const Value *value, usec_t now_usec) {
        size_t n = value_n_voters(value);
        g_autofree int *from = g_new(int, n + 1);

        for (size_t i = 0; i < n; i++)
                from[i] = verdict_voter(verdict, value_voter(value, i));
        g_ptr_array_set_size(verdict->voters, 0);
        for (size_t i = 0; i < n; i++)
                g_ptr_array_add(verdict->voters, g_strdup(value_voter(value, i)));

        for (guint i = 0; i < verdict->watched->len; i++) {
                Watched *watched = g_ptr_array_index(verdict->watched, i);

                ballot_remap(&watched->ballot, from, n);
                watched_changed(verdict, watched, now_usec);
                watched_restart(verdict, watched, now_usec); /* what was decided is void as well */
        }
}

static void change_check(Verdict *verdict, Watched *watched, Record *record, usec_t now_usec) {
        _cleanup_(record_unrefp) Record *old = watched->record;
        bool differently = check_probes_differently(watched->check, record->object);

        watched->record = record_ref(record);
        watched->check = record->object;
        if (!differently)
                return;

        watched->probes_since = watched->check->revision;
        watched->known_since = now_usec;
        ballot_clear(&watched->ballot);
        watched_changed(verdict, watched, now_usec);
        watched->forced = verdict->leading && !watched->check->disabled;
        if (watched->phase != WATCHED_PROPOSED)
                watched_restart(verdict, watched, now_usec);
}

static void change_status(Verdict *verdict, Watched *watched, Record *status, usec_t now_usec) {
        uint64_t before = watched_transitions(watched);
        CheckState state = watched_state(watched);

        if (watched->status == status)
                return;

        record_unref(watched->status);
        watched->status = status ? record_ref(status) : NULL;
        watched_changed(verdict, watched, now_usec);
        if (before == watched_transitions(watched) && state == watched_state(watched))
                return;

        /* nobody has been refuted about the new state */
        for (size_t i = 0; i < watched->ballot.n; i++)
                watched->ballot.slots[i].refuted = false;
        watched->limited = false;
        watched_restart(verdict, watched, now_usec);
}

/* checks and states are sorted by the same ids */
static Record *status_of(Record *const *states, size_t n, size_t *position, const char *check_id) {
        while (*position < n && strcmp(states[*position]->id, check_id) < 0)
                (*position)++;
        return *position < n && strcmp(states[*position]->id, check_id) == 0 ? states[*position] : NULL;
}

static void merge_checks(Verdict *verdict, const Value *value, usec_t now_usec) {
        size_t n, n_states, i = 0, position = 0;
        Record *const *records = value_slice(value, RECORD_CHECK, &n);
        Record *const *states = value_slice(value, RECORD_STATUS, &n_states);
        GPtrArray *old = verdict->watched;
        GPtrArray *merged = g_ptr_array_new_full((guint) n, watched_destroy);

        g_ptr_array_set_free_func(old, NULL);
        for (size_t j = 0; j < n; j++) {
                Watched *watched = NULL;
                int order = -1;

                for (; i < old->len; i++) {
                        watched = g_ptr_array_index(old, i);
                        order = watched->record == records[j] ? 0
                                                              : strcmp(watched->record->id, records[j]->id);
                        if (order >= 0)
                                break;
                        (void) watched_free(watched); /* removed */
                }
                if (i < old->len && order == 0)
                        i++;
                else {
                        watched = watched_new(verdict, records[j], now_usec);
                        watched_changed(verdict, watched, now_usec);
                }
                g_ptr_array_add(merged, watched);

                if (watched->record != records[j])
                        change_check(verdict, watched, records[j], now_usec);
                change_status(verdict,
                              watched,
                              status_of(states, n_states, &position, records[j]->id),
                              now_usec);
        }
        for (; i < old->len; i++)
                (void) watched_free(g_ptr_array_index(old, i));
        g_ptr_array_unref(old);
        verdict->watched = merged;
}

void verdict_configure(Verdict *verdict, const Value *value, usec_t now_usec) {
        assert(verdict);
        assert(value);

        if (verdict->blind_since == 0)
                verdict->blind_since = now_usec;
        if (!same_voters(verdict, value))
                change_voters(verdict, value, now_usec);
        merge_checks(verdict, value, now_usec);
}

/* who judges */

void verdict_lead(Verdict *verdict, uint64_t term, usec_t now_usec) {
        assert(verdict);

        if (verdict->leading && verdict->term == term)
                return;

        /* a lease may lapse and come back within its term: the numbers go on */
        if (verdict->term != term)
                verdict->n_rounds = 0;
        verdict->leading = true;
        verdict->term = term;
        verdict->led_since = now_usec;
        verdict_forget_views(verdict, now_usec);
        for (guint i = 0; i < verdict->watched->len; i++) {
                Watched *watched = g_ptr_array_index(verdict->watched, i);

                watched->limited = false;
                watched_changed(verdict, watched, now_usec);
                watched_restart(verdict, watched, now_usec);
        }
}

void verdict_follow(Verdict *verdict, usec_t now_usec) {
        assert(verdict);

        if (!verdict->leading)
                return;

        verdict->leading = false;
        verdict->blind_since = now_usec;
        for (guint i = 0; i < verdict->watched->len; i++) {
                Watched *watched = g_ptr_array_index(verdict->watched, i);

                watched->forced = false;
                watched_restart(verdict, watched, now_usec);
        }
        g_ptr_array_set_size(verdict->effects, 0);
}

/* votes */

/* of what the current revision probes; a newer revision may probe anything */
static bool counts(const Watched *watched, const Observation *observation) {
        return observation->revision >= watched->probes_since &&
               observation->revision <= watched->check->revision;
}

static void
take_vote(Verdict *verdict, Watched *watched, size_t voter, Observation *observation, usec_t now_usec) {
        usec_t fresh_after = watched_fresh_after(verdict, watched, now_usec);
        BallotSlot *slot = &watched->ballot.slots[voter];
        bool contradicts = observation_contradicts(observation, watched_state(watched));
        bool to_refuted = observation->round != 0 && observation->round == watched->refuted_round;
        usec_t at = vote_instant(now_usec, observation->age);

        if (slot->observation && at < slot->at) {
                (void) observation_free(observation);
                return;
        }

        slot->refuted = contradicts && (slot->refuted || to_refuted);
        if (contradicts && !slot->refuted)
                watched->news_at = MIN(watched->news_at, now_usec);
        if (ballot_vote(&watched->ballot, voter, observation, at, fresh_after) ||
            now_usec >= usec_add(watched->changed_at, verdict->timing.view_refresh))
                watched_changed(verdict, watched, now_usec);
}

void verdict_observe(Verdict *verdict, const char *node_id, Observation *observation, usec_t now_usec) {
        _cleanup_(observation_freep) Observation *given = observation;
        _cleanup_(observation_freep) Observation *answer = NULL;
        Watched *watched;
        int voter;

        assert(verdict);
        assert(node_id);
        assert(observation);

        watched = verdict_find(verdict, observation->check_id);
        voter = verdict_voter(verdict, node_id);
        if (!watched || voter < 0)
                return;

        /* who holds another revision cannot probe this one and says so: no vote, but an answer to the round
         */
        if (!counts(watched, observation) && observation->result != OBSERVATION_ABSTAINED)
                return;
        if (watched->phase == WATCHED_ROUND && observation->round == watched->round)
                answer = observation_copy(observation);

        if (counts(watched, observation))
                take_vote(verdict, watched, (size_t) voter, TAKE_PTR(given), now_usec);
        if (answer)
                watched_answer(verdict, watched, (size_t) voter, answer, now_usec);
        watched_judge(verdict, watched, now_usec);
}

/* steps */

void verdict_transition_failed(Verdict *verdict, const char *check_id, usec_t now_usec) {
        Watched *watched;

        assert(verdict);

        watched = verdict_find(verdict, check_id);
        if (watched && watched->phase == WATCHED_PROPOSED)
                watched_restart(verdict, watched, now_usec);
}

void verdict_tick(Verdict *verdict, usec_t now_usec) {
        assert(verdict);

        while (verdict_next_deadline(verdict) <= now_usec)
                watched_act(verdict, g_sequence_get(g_sequence_get_begin_iter(verdict->queue)), now_usec);
}

usec_t verdict_next_deadline(const Verdict *verdict) {
        GSequenceIter *first;

        assert(verdict);

        first = g_sequence_get_begin_iter(verdict->queue);
        return g_sequence_iter_is_end(first) ? USEC_INFINITY
                                             : ((const Watched *) g_sequence_get(first))->due;
}

GPtrArray *verdict_take_effects(Verdict *verdict) {
        GPtrArray *effects;

        assert(verdict);

        effects = verdict->effects;
        verdict->effects = g_ptr_array_new_with_free_func(verdict_effect_free_item);
        return effects;
}

bool verdict_is_leading(const Verdict *verdict) {
        assert(verdict);
        return verdict->leading;
}

bool verdict_is_proposed(const Verdict *verdict, const char *check_id) {
        const Watched *watched;

        assert(verdict);

        watched = verdict_find(verdict, check_id);
        return watched && watched->phase == WATCHED_PROPOSED;
}
