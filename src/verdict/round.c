/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/watched.h"

#include <assert.h>
#include <string.h>

/* How a suspicion becomes a transition.
 *
 * A suspicion is not evidence, it only asks for it: whatever votes lie around, only answers to numbered
 * rounds decide, and two rounds CONFIRM_DELAY apart must agree. Since the first round opens CONFIRM_DELAY
 * after the first contradicting vote, an outage of less than twice that delay is over before the second
 * round.
 *
 * That sum needs care where a voter contradicts all the time because of its own uplink: the round that its
 * standing suspicion opens once an interval may by chance fall right into a short restart of the target, and
 * nobody else has seen anything before it. A voter that a round has just refuted therefore counts as no
 * first sight: where such voters alone opened the first round, the second waits until twice the delay has
 * passed since somebody else contradicted, be it in an answer or in a regular vote meanwhile. */

static void push_effect(Verdict *verdict, VerdictEffectKind kind, Watched *watched, Transition *transition) {
        VerdictEffect *effect = g_new0(VerdictEffect, 1);

        effect->kind = kind;
        effect->check_id = g_strdup(watched->record->id);
        effect->revision = watched->check->revision;
        effect->round = watched->round;
        effect->transition = transition;
        g_ptr_array_add(verdict->effects, effect);
}

/* Never the same number twice, also not by another master: a term has one, and grows at every election. 31
 * bits of it, so that the number stays within what the wire carries. */
static uint64_t next_round(Verdict *verdict) {
        return (verdict->term & UINT64_C(0x7fffffff)) << 32 | (++verdict->n_rounds & UINT64_C(0xffffffff));
}

/* Fills in who contradicts; returns whether anyone does. */
static bool look_for_suspicion(Verdict *verdict, Watched *watched, usec_t now_usec) {
        usec_t fresh_after = watched_fresh_after(verdict, watched, now_usec);
        CheckState state = watched_state(watched);
        Tally tally = ballot_tally(&watched->ballot, fresh_after);
        CheckState majority = tally_majority(&tally);
        bool was_suspect = watched->phase == WATCHED_SUSPECT, by_many;
        size_t n, n_unrefuted;

        n = ballot_contradicting(&watched->ballot, state, fresh_after, &n_unrefuted);
        by_many = majority != CHECK_UNKNOWN && majority != state;

        /* the delay runs from the first sight that is news, not from a voter's standing complaint */
        if (!was_suspect || (n_unrefuted > 0 && !watched->suspected_anew) ||
            (by_many && !watched->suspected_by_many && !watched->suspected_anew))
                watched->suspected_at = now_usec;
        watched->suspected_anew = n_unrefuted > 0;
        watched->suspected_by_many = by_many;
        return n > 0 || watched->forced;
}

void watched_judge(Verdict *verdict, Watched *watched, usec_t now_usec) {
        usec_t open;

        if (!verdict->leading || watched->phase > WATCHED_SUSPECT)
                return;

        if (watched->check->disabled || !look_for_suspicion(verdict, watched, now_usec)) {
                if (watched->phase != WATCHED_CALM)
                        watched_changed(verdict, watched, now_usec);
                watched_set_phase(verdict, watched, WATCHED_CALM, USEC_INFINITY);
                return;
        }

        if (watched->phase == WATCHED_CALM)
                watched_changed(verdict, watched, now_usec);
        open = usec_add(watched->suspected_at, verdict->timing.confirm_delay);
        if (watched->limited && !watched->suspected_by_many && !watched->forced)
                open = MAX(open, usec_add(watched->limited_at, check_interval(watched->check)));
        watched_set_phase(verdict, watched, WATCHED_SUSPECT, open);
}

void watched_restart(Verdict *verdict, Watched *watched, usec_t now_usec) {
        watched->n_agreed = 0;
        ballot_clear_answers(&watched->ballot);
        watched_set_phase(verdict, watched, WATCHED_CALM, USEC_INFINITY);
        watched_judge(verdict, watched, now_usec);
}

static void open_round(Verdict *verdict, Watched *watched, usec_t now_usec) {
        usec_t lasts = usec_add(check_timeout(watched->check), verdict->timing.round_slack);

        ballot_clear_answers(&watched->ballot);
        watched->round = next_round(verdict);
        watched->round_opened_at = now_usec;
        watched_set_phase(verdict, watched, WATCHED_ROUND, usec_add(now_usec, lasts));
        push_effect(verdict, VERDICT_ASK_ROUND, watched, NULL);
}

static void open_first_round(Verdict *verdict, Watched *watched, usec_t now_usec) {
        watched->n_agreed = 0;
        watched->news_at = watched->forced || watched->suspected_by_many || watched->suspected_anew
                                           ? watched->suspected_at
                                           : USEC_INFINITY;
        if (!watched->forced && !watched->suspected_by_many) {
                watched->limited = true;
                watched->limited_at = now_usec;
        }
        watched->forced = false;
        open_round(verdict, watched, now_usec);
}

static void propose(Verdict *verdict, Watched *watched, const Tally *tally) {
        Transition *transition = transition_new();

        transition->check = check_copy(watched->check);
        transition->from = watched_state(watched);
        transition->to = watched->candidate;
        transition->number = watched_transitions(watched) + 1;
        transition->total = tally->n;
        transition->ok = tally->ok;
        transition->not_ok = tally->not_ok;
        transition->abstained = tally->abstained;
        transition->detail = g_strdup(ballot_failing_answer(&watched->ballot));

        watched_set_phase(verdict, watched, WATCHED_PROPOSED, USEC_INFINITY);
        push_effect(verdict, VERDICT_TRANSITION, watched, transition);
}

static void
round_agreed(Verdict *verdict, Watched *watched, const Tally *tally, CheckState said, usec_t now_usec) {
        usec_t delay = verdict->timing.confirm_delay;

        if (watched->n_agreed == 0 || watched->candidate != said) {
                watched->candidate = said;
                watched->n_agreed = 0;
        }

        if (++watched->n_agreed >= ROUNDS_NEEDED) {
                propose(verdict, watched, tally);
                return;
        }
        watched->news_at = MIN(watched->news_at, now_usec);
        watched_set_phase(
                        verdict,
                        watched,
                        WATCHED_BETWEEN,
                        MAX(usec_add(now_usec, delay), usec_add(watched->news_at, 2 * delay)));
}

static void remember(Watched *watched, const Tally *tally, CheckState said) {
        if (!watched->past)
                watched->past = g_new0(RoundPast, ROUNDS_KEPT);
        memmove(watched->past + 1, watched->past, (ROUNDS_KEPT - 1) * sizeof *watched->past);
        watched->past[0] = (RoundPast){ .number = watched->round,
                                        .opened_at = watched->round_opened_at,
                                        .tally = *tally,
                                        .said = said };
        watched->n_past = MIN(watched->n_past + 1, ROUNDS_KEPT);
}

static void close_round(Verdict *verdict, Watched *watched, usec_t now_usec) {
        Tally tally = ballot_tally_answers(&watched->ballot);
        CheckState state = watched_state(watched), said = tally_majority(&tally);

        remember(watched, &tally, said);
        if (said != CHECK_UNKNOWN && said != state) {
                round_agreed(verdict, watched, &tally, said, now_usec);
                return;
        }

        if (said != CHECK_UNKNOWN) {
                ballot_refute(&watched->ballot, state, watched_fresh_after(verdict, watched, now_usec));
                watched->refuted_round = watched->round;
        }
        watched_restart(verdict, watched, now_usec);
}

void watched_answer(
                Verdict *verdict,
                Watched *watched,
                size_t voter,
                const Observation *answer,
                usec_t now_usec) {
        Tally tally;

        if (watched->phase != WATCHED_ROUND || answer->round != watched->round)
                return;

        ballot_answer(&watched->ballot, voter, answer);
        tally = ballot_tally_answers(&watched->ballot);
        if (tally_majority(&tally) != CHECK_UNKNOWN || !tally_is_open(&tally, watched_state(watched)))
                close_round(verdict, watched, now_usec);
}

void watched_act(Verdict *verdict, Watched *watched, usec_t now_usec) {
        switch (watched->phase) {
        case WATCHED_SUSPECT:
                watched_judge(verdict, watched, now_usec); /* votes may have become stale since */
                if (watched->phase == WATCHED_SUSPECT && watched->due <= now_usec)
                        open_first_round(verdict, watched, now_usec);
                break;
        case WATCHED_ROUND:
                close_round(verdict, watched, now_usec);
                break;
        case WATCHED_BETWEEN:
                open_round(verdict, watched, now_usec);
                break;
        case WATCHED_CALM:
        case WATCHED_PROPOSED:
                break;
        }
}
