/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/court.h"

#include "alerts/ledger.h"
#include "base/limits.h"
#include "fixture.h"
#include "verdict/messages.h"
#include "wire/codec.h"

/* Three voters; this node is node-0, the master. What it commits is planned and applied as a leader does. */

static Value *value;
static Court *court;
static usec_t now;
static bool is_master;
static GPtrArray *rounds;  /* of CourtEffect: COURT_PROBE, ours */
static GPtrArray *changes; /* of CourtEffect: COURT_COMMIT, not answered yet */
static unsigned n_sent;

static CourtNow instant(void) {
        return (CourtNow){ .now_usec = now,
                           .realtime_usec = WALL + now,
                           .leader = is_master ? "node-0" : "node-1",
                           .is_master = is_master,
                           .term = 7 };
}

static void turn(void) {
        CourtNow i = instant();
        CourtEffect *effect;

        while ((effect = court_next(court, &i))) {
                if (effect->kind == COURT_SEND)
                        n_sent++;
                if (effect->kind == COURT_SEND)
                        (void) court_effect_free(effect);
                else
                        g_ptr_array_add(effect->kind == COURT_PROBE ? rounds : changes, effect);
        }
}

static void start(unsigned n_checks) {
        CourtNow i;

        value = fixture_value(3, n_checks, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        for (unsigned k = 0; k < n_checks; k++) {
                g_autofree char *id = g_strdup_printf("check-%04u", k);

                fixture_commit_status(&value, id, CHECK_UP, 1);
        }
        now = 100 * SEC;
        is_master = true;
        n_sent = 0;
        rounds = g_ptr_array_new_with_free_func(court_effect_free_item);
        changes = g_ptr_array_new_with_free_func(court_effect_free_item);
        court = court_new("node-0", &verdict_timing_default);
        i = instant();
        court_configure(court, value, &i);
        court_leadership(court, &i);
        turn();
}

static void finish(void) {
        court = court_free(court);
        value = value_unref(value);
        g_ptr_array_unref(rounds);
        g_ptr_array_unref(changes);
}

static Observation *failure(const char *check_id, uint64_t round) {
        Observation *observation = observation_new();

        observation->check_id = g_strdup(check_id);
        observation->revision = 1;
        observation->round = round;
        observation->result = OBSERVATION_FAILED;
        observation->detail = g_strdup("connection refused");
        return observation;
}

static void receive(const char *from, GPtrArray *observations) {
        g_autofree char *params = codec_encode_text(
                        &observe_params_type, &(ObserveParams){ .observations = observations });
        CourtNow i = instant();

        g_assert_cmpint(court_receive(court, from, METHOD_OBSERVE, params, strlen(params), &i, NULL), ==, 0);
}

/* All checks fail for us and node-1; with rounds, these are the answers to the open ones. */
static void all_fail(unsigned n_checks, bool in_rounds) {
        for (unsigned first = 0; first < n_checks; first += OBSERVE_BATCH_MAX) {
                g_autoptr(GPtrArray) theirs = g_ptr_array_new_with_free_func(observation_free_item);

                for (unsigned k = first; k < MIN(n_checks, first + OBSERVE_BATCH_MAX); k++) {
                        const CourtEffect *round = in_rounds ? g_ptr_array_index(rounds, k) : NULL;
                        g_autofree char *id =
                                        round ? g_strdup(round->check_id) : g_strdup_printf("check-%04u", k);
                        CourtNow i = instant();

                        court_seen(court, failure(id, round ? round->round : 0), &i);
                        g_ptr_array_add(theirs, failure(id, round ? round->round : 0));
                }
                receive("node-1", theirs);
        }
        if (in_rounds)
                g_ptr_array_set_size(rounds, 0);
        turn();
}

static void let_rounds_open(unsigned n_checks) {
        now += 2 * SEC;
        turn();
        g_assert_cmpuint(rounds->len, ==, n_checks);
}

static void outage(unsigned n_checks) {
        all_fail(n_checks, /* in_rounds= */ false);
        let_rounds_open(n_checks);
        all_fail(n_checks, /* in_rounds= */ true);
        g_assert_cmpuint(changes->len, ==, 0); /* one round is not enough */
        let_rounds_open(n_checks);
        all_fail(n_checks, /* in_rounds= */ true);
}

static char *next_id(void *userdata) {
        return g_strdup("id");
}

/* What a leader does with the first change; answers it. */
static ChangeOutcome commit_first(void) {
        CourtEffect *effect = g_ptr_array_steal_index(changes, 0);
        _cleanup_(change_answer_freep) ChangeAnswer *answer = NULL;
        ChangeOutcome outcome;
        Delta *delta = NULL;
        CourtNow i = instant();

        effect->change->id = g_strdup("change");
        change_plan(value, effect->change, WALL + now, "node-0", next_id, NULL, &delta, &answer);
        outcome = answer->outcome;
        if (delta)
                fixture_apply(&value, delta);
        if (outcome == CHANGE_DONE)
                court_configure(court, value, &i);
        court_answered(court, effect->number, outcome, &i);
        (void) court_effect_free(effect);
        turn();
        return outcome;
}

static size_t n_down(void) {
        size_t n, down = 0;
        Record *const *states = value_slice(value, RECORD_STATUS, &n);

        for (size_t k = 0; k < n; k++)
                down += ((const CheckStatus *) states[k]->object)->state == CHECK_DOWN;
        return down;
}

/* 3,000 checks go down in one turn: a few changes, one after the other, and nothing is judged twice. */
static void test_mass_outage(void) {
        unsigned n_changes = 0;

        start(3000);
        outage(3000);
        while (changes->len > 0) {
                g_assert_cmpuint(changes->len, ==, 1);
                g_assert_cmpint(commit_first(), ==, CHANGE_DONE);
                n_changes++;
        }
        g_assert_cmpuint(n_changes, ==, (3000 * 2 + TRANSITION_OPS_MAX - 1) / TRANSITION_OPS_MAX);
        g_assert_cmpuint(n_down(), ==, 3000);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 3000);
        now += 10 * SEC;
        turn();
        g_assert_cmpuint(rounds->len, ==, 0);
        finish();
}

/* What conflicts is judged anew; the others do not wait for it. */
static void test_conflict(void) {
        unsigned n_changes = 0;

        start(9);
        outage(9);
        g_assert_cmpuint(changes->len, ==, 1);
        fixture_commit_status(&value, "check-0004", CHECK_UP, 5); /* others were faster */
        while (changes->len > 0) {
                (void) commit_first();
                g_assert_cmpuint(++n_changes, <, 20);
        }
        g_assert_cmpuint(n_down(), ==, 8);
        finish();
}

/* Decided by two of three, waiting for the change before it, and then there are four voters: void. */
static void test_voters_change(void) {
        start(1100);
        outage(1100);
        g_assert_cmpuint(changes->len, ==, 1); /* 1,024 of them; the others wait */
        fixture_put(&value, RECORD_PEER, fixture_peer(3));
        g_assert_cmpint(commit_first(), ==, CHANGE_DONE);
        g_assert_cmpuint(changes->len, ==, 0);
        g_assert_cmpuint(n_down(), ==, 1024);
        finish();
}

/* A lead that ends takes its decisions with it, and a late answer means nothing to the next one. */
static void test_lead_ends(void) {
        CourtNow i;
        uint64_t number;

        start(2);
        outage(2);
        g_assert_cmpuint(changes->len, ==, 1);
        number = ((const CourtEffect *) g_ptr_array_index(changes, 0))->number;
        is_master = false;
        i = instant();
        court_leadership(court, &i);
        turn();
        is_master = true;
        i = instant();
        court_leadership(court, &i);
        turn();
        g_ptr_array_set_size(changes, 0);
        outage(2);
        g_assert_cmpuint(changes->len, ==, 1);
        court_answered(court, number, CHANGE_UNKNOWN_OUTCOME, &i);
        turn();
        g_assert_cmpuint(changes->len, ==, 1);
        g_assert_cmpint(commit_first(), ==, CHANGE_DONE);
        g_assert_cmpuint(n_down(), ==, 2);
        finish();
}

/* Only the leader may have us probe, and only what is configured here; else we abstain at once. */
static void test_asked(void) {
        g_autofree char *right =
                        g_strdup("{\"term\":7,\"check_id\":\"check-0000\",\"revision\":1,\"round\":9}");
        g_autofree char *wrong =
                        g_strdup("{\"term\":7,\"check_id\":\"check-0000\",\"revision\":2,\"round\":9}");
        CourtNow i;

        start(1);
        is_master = false;
        i = instant();
        court_leadership(court, &i);
        turn();
        n_sent = 0;
        g_assert_cmpint(court_receive(court, "node-2", METHOD_ROUND, right, strlen(right), &i, NULL), ==, 0);
        turn();
        g_assert_cmpuint(rounds->len + n_sent, ==, 0);
        g_assert_cmpint(court_receive(court, "node-1", METHOD_ROUND, right, strlen(right), &i, NULL), ==, 0);
        turn();
        g_assert_cmpuint(rounds->len, ==, 1);
        g_assert_cmpint(court_receive(court, "node-1", METHOD_ROUND, wrong, strlen(wrong), &i, NULL), ==, 0);
        turn();
        g_assert_cmpuint(rounds->len, ==, 1);
        g_assert_cmpuint(n_sent, ==, 1);
        g_assert_cmpint(court_receive(court, "node-1", "nonsense", "{}", 2, &i, NULL), ==, -EOPNOTSUPP);
        finish();
}

/* The ledger commits what came of attempts, all at once, one change at a time, again after a refusal. */
static void test_ledger(void) {
        Outbox *outbox = outbox_new();
        Ledger *ledger = ledger_new(outbox);
        const Notice *notice;
        Change *change;

        value = fixture_value(3, 1, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 1);
        fixture_flip(&value, CHECK_DOWN, WALL);
        notice = fixture_notice(value, 0);

        g_assert_null(ledger_plan(ledger, value, TERM, 10 * SEC, WALL));
        ledger_add(ledger,
                   notice->id,
                   "webhook",
                   &(AttemptOutcome){ .result = ATTEMPT_DELIVERED, .attempt = 1, .answer = "ok" });
        change = ledger_plan(ledger, value, TERM, 10 * SEC, WALL);
        g_assert_nonnull(change);
        g_assert_cmpuint(change->ops->len, ==, 1);
        (void) change_free(change);
        g_assert_null(ledger_plan(ledger, value, TERM, 11 * SEC, WALL));
        g_assert_cmpuint(ledger_next_deadline(ledger), ==, USEC_INFINITY);

        ledger_answered(ledger, CHANGE_CONFLICT, 11 * SEC);
        g_assert_null(ledger_plan(ledger, value, TERM, 11 * SEC, WALL));
        g_assert_cmpuint(ledger_next_deadline(ledger), >, 11 * SEC);
        change = ledger_plan(ledger, value, TERM, ledger_next_deadline(ledger), WALL);
        g_assert_nonnull(change);
        (void) change_free(change);
        ledger_answered(ledger, CHANGE_DONE, 12 * SEC);
        g_assert_cmpuint(ledger_n_open(ledger), ==, 0);

        /* of a notice that is gone nothing is left to commit */
        ledger_add(ledger, "gone", "webhook", &(AttemptOutcome){ .result = ATTEMPT_REFUSED, .attempt = 1 });
        g_assert_null(ledger_plan(ledger, value, TERM, 20 * SEC, WALL));
        g_assert_cmpuint(ledger_n_open(ledger), ==, 0);
        (void) ledger_free(ledger);
        (void) outbox_free(outbox);
        value = value_unref(value);
}

static ChangeOutcome commit(Change *change) {
        _cleanup_(change_answer_freep) ChangeAnswer *answer = NULL;
        ChangeOutcome outcome;
        Delta *delta = NULL;

        change->id = g_strdup("change");
        change_plan(value, change, WALL, "node-0", next_id, NULL, &delta, &answer);
        outcome = answer->outcome;
        if (delta)
                fixture_apply(&value, delta);
        (void) change_free(change);
        return outcome;
}

static Change *flip_of(const Value *base, const char *check_id, CheckState to) {
        _cleanup_(transition_freep) Transition *transition = fixture_transition(base, check_id, to, WALL);
        _cleanup_(delta_freep) Delta *delta = alerts_on_transition(base, transition);

        return change_from_delta(base, delta);
}

static Change *delivery_of(const Value *base, const Notice *notice) {
        AttemptOutcome outcome = { .result = ATTEMPT_DELIVERED, .attempt = 1 };
        DeliveryState state;
        _cleanup_(delta_freep) Delta *delta =
                        alerts_on_outcome(base, notice->id, "webhook", &outcome, WALL, &state);

        return change_from_delta(base, delta);
}

/* Two changes planned side by side: one lets the last notice with a text go, the other brings a new notice
 * with the same text. Whichever is first, no notice is left without its text. */
static void side_by_side(bool delivery_first) {
        Alert *alert = fixture_discord("oncall", true);
        const Notice *notice;
        Change *delivery, *flip;

        alert->body_template = g_strdup("{{.Check}} {{.Verb}}");
        value = fixture_value(3, 2, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, alert);
        fixture_flip_at(&value, "check-0000", CHECK_UP, WALL); /* its first: UP, which nobody needs later */
        notice = fixture_notice(value, 0);
        delivery = delivery_of(value, notice);
        flip = flip_of(value, "check-0001", CHECK_UP);
        if (delivery_first) {
                g_assert_cmpint(commit(delivery), ==, CHANGE_DONE);
                g_assert_cmpint(commit(flip), ==, CHANGE_CONFLICT);
                g_assert_cmpint(commit(flip_of(value, "check-0001", CHECK_UP)), ==, CHANGE_DONE);
        } else {
                g_assert_cmpint(commit(flip), ==, CHANGE_DONE);
                g_assert_cmpint(commit(delivery), ==, CHANGE_DONE);
        }
        notice = fixture_notice(value, 0);
        g_assert_cmpstr(notice->check_id, ==, "check-0001");
        g_assert_nonnull(value_find(value, RECORD_TEMPLATE, notice->body_template_hash));
        value = value_unref(value);
}

static void test_texts(void) {
        side_by_side(true);
        side_by_side(false);
}

/* A lease comes and goes while an attempt is in flight, and another master's failure of the same attempt is
 * committed meanwhile. Ours says nothing new then, and is not waited for. */
static void test_overtaken(void) {
        Outbox *outbox = outbox_new();
        Ledger *ledger = ledger_new(outbox);
        AttemptOutcome failure = { .result = ATTEMPT_UNKNOWN, .attempt = 1 };
        g_autoptr(GPtrArray) effects = NULL;
        g_autofree char *id = NULL;

        value = fixture_value(3, 1, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 1);
        fixture_flip(&value, CHECK_DOWN, WALL);
        id = g_strdup(fixture_notice(value, 0)->id);
        outbox_set_master(outbox, true, SEC);
        outbox_set_value(outbox, value, SEC, WALL);
        (void) fixture_outcome(&value, fixture_notice(value, 0), "webhook", ATTEMPT_UNKNOWN, WALL);
        outbox_set_value(outbox, value, 2 * SEC, WALL);

        ledger_add(ledger, id, "webhook", &failure);
        outbox_finished(outbox, id, "webhook", 3 * SEC);
        g_assert_null(ledger_plan(ledger, value, TERM, 3 * SEC, WALL));
        g_ptr_array_unref(outbox_take_effects(outbox));
        outbox_tick(outbox, 3600 * SEC);
        effects = outbox_take_effects(outbox);
        g_assert_cmpuint(effects->len, ==, 1);
        g_assert_cmpuint(((const OutboxEffect *) g_ptr_array_index(effects, 0))->attempt, ==, 2);
        (void) ledger_free(ledger);
        (void) outbox_free(outbox);
        value = value_unref(value);
}

/* DOWN is delivered while the outage ends: what is kept of it leaves with the next delivery. */
static void test_leftover(void) {
        Change *delivery;

        value = fixture_value(3, 1, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 1);
        fixture_flip(&value, CHECK_DOWN, WALL);
        delivery = delivery_of(value, fixture_notice(value, 0));
        g_assert_cmpint(commit(flip_of(value, CHECK, CHECK_UP)), ==, CHANGE_DONE);
        g_assert_cmpint(commit(delivery), ==, CHANGE_DONE);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_DOWN));
        g_assert_cmpint(commit(delivery_of(value, fixture_find(value, "oncall", NOTICE_RECOVERED))),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 0);
        value = value_unref(value);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/court/mass-outage", test_mass_outage);
        g_test_add_func("/court/conflict", test_conflict);
        g_test_add_func("/court/voters-change", test_voters_change);
        g_test_add_func("/court/lead-ends", test_lead_ends);
        g_test_add_func("/court/asked", test_asked);
        g_test_add_func("/ledger", test_ledger);
        g_test_add_func("/side-by-side/texts", test_texts);
        g_test_add_func("/side-by-side/overtaken", test_overtaken);
        g_test_add_func("/side-by-side/leftover", test_leftover);
        return g_test_run();
}
