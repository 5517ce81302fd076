/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/watched.h"

#include <assert.h>
#include <errno.h>

/* What the verdict shows: views for `status`, on the master from the votes, on a follower from what was
 * pushed; and the node's own observations for a new master. */

static Observation *observation_aged(const BallotSlot *slot, usec_t now_usec) {
        Observation *observation = observation_copy(slot->observation);

        observation->age = usec_sub(vote_instant(now_usec, 0), slot->at);
        return observation;
}

GPtrArray *verdict_own_observations(const Verdict *verdict, usec_t now_usec) {
        GPtrArray *observations = g_ptr_array_new_with_free_func(observation_free_item);
        int own;

        assert(verdict);

        own = verdict_voter(verdict, verdict->node_id);
        for (guint i = 0; own >= 0 && i < verdict->watched->len; i++) {
                const Watched *watched = g_ptr_array_index(verdict->watched, i);
                usec_t fresh_after = watched_fresh_after(verdict, watched, now_usec);

                if (ballot_is_fresh(&watched->ballot, (size_t) own, fresh_after))
                        g_ptr_array_add(observations,
                                        observation_aged(&watched->ballot.slots[own], now_usec));
        }
        return observations;
}

/* ---- why ---- */

static void add_round(GPtrArray *rounds, const RoundPast *round, bool open, usec_t now_usec) {
        const Tally *tally = &round->tally;
        RoundView *view = round_view_new();

        view->number = round->number;
        view->open = open;
        view->age = usec_sub(now_usec, round->opened_at);
        view->ok = tally->ok;
        view->not_ok = tally->not_ok;
        view->abstained = tally->abstained;
        view->silent = tally->n - tally->ok - tally->not_ok - tally->abstained;
        view->said = g_strdup(round->said == CHECK_UNKNOWN ? "" : check_state_to_string(round->said));
        g_ptr_array_add(rounds, view);
}

static GPtrArray *rounds_of(const Watched *watched, usec_t now_usec) {
        GPtrArray *rounds = object_list_new(&round_view_type);

        if (watched->phase == WATCHED_ROUND)
                add_round(rounds,
                          &(RoundPast){ .number = watched->round,
                                        .opened_at = watched->round_opened_at,
                                        .tally = ballot_tally_answers(&watched->ballot) },
                          /* open= */ true,
                          now_usec);
        for (size_t i = 0; i < watched->n_past; i++)
                add_round(rounds, &watched->past[i], /* open= */ false, now_usec);
        return rounds;
}

void judgement_done(Judgement *judgement) {
        for (guint i = 0; judgement->rounds && i < judgement->rounds->len; i++)
                (void) round_view_free(g_ptr_array_index(judgement->rounds, i));
        g_clear_pointer(&judgement->rounds, g_ptr_array_unref);
        judgement->own = observation_free(judgement->own);
}

int verdict_judgement(const Verdict *verdict, const char *check_id, usec_t now_usec, Judgement *ret) {
        static const char *const phases[] = {
                [WATCHED_CALM] = "calm",       [WATCHED_SUSPECT] = "suspect",   [WATCHED_ROUND] = "round",
                [WATCHED_BETWEEN] = "between", [WATCHED_PROPOSED] = "proposed",
        };
        const Watched *watched;
        int own;

        assert(verdict);
        assert(ret);

        watched = verdict_find(verdict, check_id);
        if (!watched)
                return -ENOENT;

        own = verdict_voter(verdict, verdict->node_id);
        *ret = (Judgement){
                .leading = verdict->leading,
                .phase = phases[watched->phase],
                .candidate = watched->n_agreed > 0 ? watched->candidate : CHECK_UNKNOWN,
                .agreed = watched->n_agreed,
                .needed = ROUNDS_NEEDED,
                .due_in = watched->due == USEC_INFINITY ? USEC_INFINITY : usec_sub(watched->due, now_usec),
                .fresh_for = vote_instant(now_usec, 0) - watched_fresh_after(verdict, watched, now_usec),
                .confirm_delay = verdict->timing.confirm_delay,
                .rounds = rounds_of(watched, now_usec),
        };
        if (own >= 0 && watched->ballot.slots[own].observation)
                ret->own = observation_aged(&watched->ballot.slots[own], now_usec);
        return 0;
}

/* ---- views ---- */

static CheckView *view_new(const Verdict *verdict, const Watched *watched) {
        CheckView *view = check_view_new();

        view->check_id = g_strdup(watched->record->id);
        view->state = watched_state(watched);
        view->total = verdict->voters->len;
        return view;
}

/* A majority of fresh votes is lost when the oldest of the latest that made one goes stale. Who has just
 * begun to gather votes waits as long before saying so. */
static void fill_stale(const Verdict *verdict, const Watched *watched, CheckView *view, usec_t now_usec) {
        usec_t fresh_after = watched_fresh_after(verdict, watched, now_usec);
        usec_t began = vote_instant(MAX(watched->known_since, verdict->led_since), 0);
        usec_t last = MAX(ballot_majority_at(&watched->ballot), began);

        view->stale = view->ok + view->not_ok < majority_of(verdict->voters->len) && last < fresh_after;
        view->stale_for = view->stale ? fresh_after - last : 0;
}

static void fill_votes(const Verdict *verdict, const Watched *watched, CheckView *view, usec_t now_usec) {
        view->votes = object_list_new(&vote_type);
        for (guint i = 0; i < verdict->voters->len; i++) {
                const BallotSlot *slot = &watched->ballot.slots[i];
                Vote *vote;

                if (!slot->observation)
                        continue;
                vote = vote_new();
                vote->node_id = g_strdup(g_ptr_array_index(verdict->voters, i));
                vote->observation = observation_aged(slot, now_usec);
                g_ptr_array_add(view->votes, vote);
        }
}

static CheckView *
view_from_votes(const Verdict *verdict, const Watched *watched, bool with_votes, usec_t now_usec) {
        usec_t fresh_after = watched_fresh_after(verdict, watched, now_usec);
        Tally tally = ballot_tally(&watched->ballot, fresh_after);
        CheckView *view = view_new(verdict, watched);

        view->live = true;
        view->suspect = watched->phase != WATCHED_CALM;
        view->ok = tally.ok;
        view->not_ok = tally.not_ok;
        view->abstained = tally.abstained;
        view->detail = ballot_detail(&watched->ballot, fresh_after);
        fill_stale(verdict, watched, view, now_usec);
        if (with_votes)
                fill_votes(verdict, watched, view, now_usec);
        return view;
}

/* The state is the local copy's: what was pushed may be older or newer than what this node has seen
 * committed. */
static CheckView *view_from_push(const Watched *watched, bool with_votes, usec_t now_usec) {
        CheckView *view = check_view_copy(watched->pushed);

        if (!with_votes)
                object_clear_field(object_field(&check_view_type, "votes"), view);
        view->live = true;
        view->state = watched_state(watched);
        check_view_age(view, usec_sub(now_usec, watched->pushed_at));
        return view;
}

/* a change of the master is over sooner than this: not worth calling every state stale */
#define VIEW_PATIENCE_USEC (5 * USEC_PER_SEC)

CheckView *verdict_view(const Verdict *verdict, const char *check_id, bool with_votes, usec_t now_usec) {
        const Watched *watched;
        CheckView *view;

        assert(verdict);

        watched = verdict_find(verdict, check_id);
        if (!watched)
                return NULL;
        if (verdict->leading)
                return view_from_votes(verdict, watched, with_votes, now_usec);
        if (watched->pushed)
                return view_from_push(watched, with_votes, now_usec);

        view = view_new(verdict, watched);
        view->stale_for = usec_sub(now_usec, verdict->blind_since);
        view->stale = view->state != CHECK_UNKNOWN && view->stale_for > VIEW_PATIENCE_USEC;
        if (!view->stale)
                view->stale_for = 0;
        if (with_votes)
                fill_votes(verdict, watched, view, now_usec);
        if (view->state == CHECK_DOWN)
                view->detail = g_strdup(((const CheckStatus *) watched->status->object)->detail);
        return view;
}

static int compare_changed(gconstpointer a, gconstpointer b) {
        const Watched *x = *(const Watched *const *) a, *y = *(const Watched *const *) b;

        return x->changed < y->changed ? -1 : x->changed > y->changed;
}

uint64_t
verdict_changed_views(Verdict *verdict, uint64_t since, size_t max, usec_t now_usec, GPtrArray *views) {
        g_autoptr(GPtrArray) changed = g_ptr_array_new();

        assert(verdict);
        assert(views);

        if (!verdict->leading)
                return since;

        for (guint i = 0; i < verdict->watched->len; i++) {
                Watched *watched = g_ptr_array_index(verdict->watched, i);
                Tally tally = ballot_tally(
                                &watched->ballot, watched_fresh_after(verdict, watched, now_usec));

                if (tally.ok + tally.not_ok + tally.abstained != watched->n_fresh)
                        watched_changed(verdict, watched, now_usec); /* one went stale */
                if (watched->changed > since)
                        g_ptr_array_add(changed, watched);
        }

        /* oldest change first, so that a cut list goes on with the next call */
        g_ptr_array_sort(changed, compare_changed);
        for (guint i = 0; i < changed->len && i < max; i++) {
                const Watched *watched = g_ptr_array_index(changed, i);

                g_ptr_array_add(views, view_from_votes(verdict, watched, /* with_votes= */ true, now_usec));
                since = watched->changed;
        }
        return since;
}

void verdict_merge_view(Verdict *verdict, CheckView *view, usec_t now_usec) {
        Watched *watched;

        assert(verdict);
        assert(view);

        watched = verdict_find(verdict, view->check_id);
        if (!watched || verdict->leading) {
                (void) check_view_free(view);
                return;
        }

        (void) check_view_free(watched->pushed);
        watched->pushed = view;
        watched->pushed_at = now_usec;
}

void verdict_forget_views(Verdict *verdict, usec_t now_usec) {
        assert(verdict);

        for (guint i = 0; i < verdict->watched->len; i++) {
                Watched *watched = g_ptr_array_index(verdict->watched, i);

                if (watched->pushed)
                        verdict->blind_since = now_usec;
                watched->pushed = check_view_free(watched->pushed);
        }
}
