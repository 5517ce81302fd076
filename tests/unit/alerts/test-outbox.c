/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include "alerts/outbox.h"
#include "base/limits.h"

/* This node's clock begins anywhere; the wall clock is what notices are dated with. */
#define BOOT (77 * SEC)

static Value *value;
static Outbox *outbox;
static usec_t now; /* since the beginning */

static void start(void) {
        value = fixture_value(3, 60, 30 * SEC);
        outbox = outbox_new();
        now = 0;
        outbox_set_master(outbox, true, BOOT);
}

static void finish(void) {
        outbox = outbox_free(outbox);
        value = value_unref(value);
}

static void committed(void) {
        outbox_set_value(outbox, value, BOOT + now, WALL + now);
}

/* with what came of these attempts */
static void committed_all(const GPtrArray *effects) {
        committed();
        for (guint i = 0; i < effects->len; i++) {
                const OutboxEffect *effect = g_ptr_array_index(effects, i);

                outbox_settled(outbox, effect->notice_id, effect->recipient, BOOT + now);
        }
}

static void flip(const char *check_id, CheckState to) {
        fixture_flip_at(&value, check_id, to, WALL + now);
        committed();
}

/* Compares what is to be done with a text like "START oncall DOWN webhook 1". */
static void expect(const char *const *expected) {
        g_autoptr(GPtrArray) effects = outbox_take_effects(outbox);

        for (guint i = 0; i < effects->len; i++) {
                const OutboxEffect *effect = g_ptr_array_index(effects, i);
                const Notice *notice = value_object(value, RECORD_NOTICE, effect->notice_id);
                g_autofree char *text =
                                g_strdup_printf("%s %s %s %s %" G_GUINT64_FORMAT,
                                                effect->kind == OUTBOX_START ? "START" : "CANCEL",
                                                notice ? notice->alert_id : "-",
                                                notice ? notice_event_to_string(notice->event) : "-",
                                                effect->recipient,
                                                effect->attempt);

                g_assert_cmpstr(text, ==, expected[i]);
        }
        g_assert_null(expected[effects->len]);
}
#define EXPECT(...) expect((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static size_t count_effects(OutboxEffectKind kind) {
        g_autoptr(GPtrArray) effects = outbox_take_effects(outbox);
        size_t n = 0;

        for (guint i = 0; i < effects->len; i++)
                n += ((const OutboxEffect *) g_ptr_array_index(effects, i))->kind == kind;
        return n;
}

/* The attempt ended, and its outcome was committed. */
static void settle(const char *alert_id, NoticeEvent event, const char *recipient, AttemptResult result) {
        const Notice *notice = fixture_find(value, alert_id, event);
        g_autofree char *id = g_strdup(notice->id);

        outbox_finished(outbox, id, recipient, BOOT + now);
        (void) fixture_outcome(&value, notice, recipient, result, WALL + now);
        committed();
        outbox_settled(outbox, id, recipient, BOOT + now);
}

static void test_what_is_owed_is_sent(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        flip(CHECK, CHECK_UP);
        EXPECT("START ops UP a@x 1", "START ops UP b@x 1");
        g_assert_cmpuint(outbox_n_owed(outbox), ==, 2);
        g_assert_cmpuint(outbox_n_running(outbox), ==, 2);
        g_assert_cmpuint(outbox_next_deadline(outbox), ==, USEC_INFINITY);
        settle("ops", NOTICE_UP, "b@x", ATTEMPT_DELIVERED);
        g_assert_cmpuint(outbox_n_owed(outbox), ==, 1);
        g_assert_cmpuint(outbox_n_running(outbox), ==, 1); /* a@x goes on, though its record changed */
        settle("ops", NOTICE_UP, "a@x", ATTEMPT_DELIVERED);
        g_assert_cmpuint(outbox_n_owed(outbox), ==, 0);
        EXPECT();
        finish();
}

static void test_only_the_master_sends(void) {
        start();
        outbox_set_master(outbox, false, BOOT);
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        flip(CHECK, CHECK_DOWN);
        outbox_tick(outbox, BOOT);
        EXPECT();
        g_assert_cmpuint(outbox_n_owed(outbox), ==, 1);
        outbox_set_master(outbox, true, BOOT);
        outbox_set_master(outbox, true, BOOT);
        EXPECT("START oncall DOWN webhook 1");
        finish();
}

static void test_losing_the_mastership_cancels(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        flip(CHECK, CHECK_DOWN);
        EXPECT("START ops DOWN a@x 1", "START ops DOWN b@x 1");
        outbox_finished(outbox, fixture_notice(value, 0)->id, "b@x", BOOT);
        outbox_set_master(outbox, false, BOOT);
        EXPECT("CANCEL ops DOWN a@x 1");
        g_assert_cmpuint(outbox_n_running(outbox), ==, 0);
        g_assert_cmpuint(outbox_next_deadline(outbox), ==, USEC_INFINITY);
        /* as master again: what came of a@x is unknown; of b@x it is known, and on its way to be committed
         */
        outbox_set_master(outbox, true, BOOT);
        EXPECT("START ops DOWN a@x 1");
        (void) fixture_outcome(&value, fixture_notice(value, 0), "b@x", ATTEMPT_RETRY, WALL);
        committed();
        EXPECT(); /* another master's outcome might show so: ours is not committed */
        outbox_settled(outbox, fixture_notice(value, 0)->id, "b@x", BOOT);
        EXPECT();
        outbox_tick(outbox, BOOT + 6 * SEC);
        EXPECT("START ops DOWN b@x 2");
        finish();
}

static void test_a_relay_that_wants_rest_gets_it(void) {
        g_autofree char *busy = NULL, *fine = NULL;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("busy", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("fine", true));
        for (unsigned i = 0; i < 6; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);

                flip(id, CHECK_DOWN);
        }
        g_assert_cmpuint(count_effects(OUTBOX_START), ==, 2 * DELIVERIES_PER_ALERT);
        busy = g_strdup(alerts_summary(value, "busy", CHECK).oldest_owed->id);
        fine = g_strdup(alerts_summary(value, "fine", CHECK).oldest_owed->id);

        outbox_hold(outbox, busy, BOOT + 60 * SEC);
        outbox_finished(outbox, busy, "webhook", BOOT);
        EXPECT();
        outbox_finished(outbox, fine, "webhook", BOOT);
        EXPECT("START fine DOWN webhook 1");
        g_assert_cmpuint(outbox_next_deadline(outbox), ==, BOOT + 60 * SEC);
        outbox_tick(outbox, BOOT + 60 * SEC - 1);
        EXPECT();
        outbox_hold(outbox, "no-such-notice", BOOT + 90 * SEC);
        outbox_tick(outbox, BOOT + 60 * SEC);
        EXPECT("START busy DOWN webhook 1");
        finish();
}

/* Nobody could send it; now somebody can: not in 5 s, but now. Others keep their time. */
static void test_a_woken_alert_does_not_wait(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("other", true));
        flip(CHECK, CHECK_DOWN);
        EXPECT("START oncall DOWN webhook 1", "START other DOWN webhook 1");
        for (unsigned i = 0; i < 2; i++) {
                g_autofree char *id = g_strdup(fixture_notice(value, i)->id);

                outbox_finished(outbox, id, "webhook", BOOT);
                (void) fixture_outcome(&value, fixture_notice(value, i), "webhook", ATTEMPT_RETRY, WALL);
                committed();
                outbox_settled(outbox, id, "webhook", BOOT);
        }
        EXPECT();
        outbox_wake(outbox, "no-such-alert", BOOT + SEC);
        EXPECT();
        outbox_wake(outbox, "oncall", BOOT + SEC);
        EXPECT("START oncall DOWN webhook 2");
        outbox_wake(outbox, "oncall", BOOT + SEC); /* in flight already */
        EXPECT();
        finish();
}

static void test_dead_relays_do_not_take_all_places(void) {
        g_autoptr(GPtrArray) retries = NULL;
        bool reached = false;

        start();
        for (unsigned i = 0; i < 10; i++) {
                g_autofree char *id = g_strdup_printf("dead-%u", i);

                fixture_put(&value, RECORD_ALERT, fixture_discord(id, true));
        }
        for (unsigned i = 0; i < 10; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);

                flip(id, CHECK_DOWN);
        }
        now += SEC;
        for (unsigned i = 0; i < 100;) { /* everything has been tried once */
                g_autoptr(GPtrArray) effects = outbox_take_effects(outbox);

                for (guint k = 0; k < effects->len; k++, i++) {
                        const OutboxEffect *effect = g_ptr_array_index(effects, k);
                        const Notice *notice = value_object(value, RECORD_NOTICE, effect->notice_id);

                        outbox_finished(outbox, effect->notice_id, effect->recipient, BOOT + now);
                        (void) fixture_outcome(&value, notice, effect->recipient, ATTEMPT_RETRY, WALL + now);
                }
                committed_all(effects);
        }
        now += 60 * SEC;
        outbox_tick(outbox, BOOT + now);
        retries = outbox_take_effects(outbox);
        g_assert_cmpuint(retries->len, ==, DELIVERIES_AT_ONCE);
        fixture_put(&value, RECORD_ALERT, fixture_discord("well", true));
        flip("check-0050", CHECK_DOWN);
        EXPECT();
        for (guint i = 0; i < retries->len && !reached; i++) {
                const OutboxEffect *retry = g_ptr_array_index(retries, i);
                g_autoptr(GPtrArray) effects = NULL;

                outbox_finished(outbox, retry->notice_id, retry->recipient, BOOT + now);
                effects = outbox_take_effects(outbox);
                for (guint k = 0; k < effects->len; k++) {
                        const OutboxEffect *effect = g_ptr_array_index(effects, k);
                        const Notice *notice = value_object(value, RECORD_NOTICE, effect->notice_id);

                        g_assert_cmpstr(notice->check_id, ==, "check-0050"); /* no second retry before it */
                        reached = reached || strcmp(notice->alert_id, "well") == 0;
                }
        }
        g_assert_true(reached);
        finish();
}

static void test_nothing_starts_before_the_outcome_is_committed(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        flip(CHECK, CHECK_DOWN);
        EXPECT("START oncall DOWN webhook 1");
        outbox_finished(outbox, fixture_notice(value, 0)->id, "webhook", BOOT);
        outbox_finished(outbox, "no-such-notice", "webhook", BOOT);
        for (unsigned i = 0; i < 10; i++) {
                committed();
                outbox_tick(outbox, BOOT + 3600 * SEC);
        }
        EXPECT();
        finish();
}

static void test_a_retry_waits_for_its_time(void) {
        usec_t deadline;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        flip(CHECK, CHECK_DOWN);
        EXPECT("START oncall DOWN webhook 1");
        settle("oncall", NOTICE_DOWN, "webhook", ATTEMPT_RETRY);
        EXPECT();
        deadline = outbox_next_deadline(outbox);
        g_assert_cmpuint(deadline, >=, BOOT + 5 * SEC);
        g_assert_cmpuint(deadline, <=, BOOT + 5500 * USEC_PER_MSEC);
        outbox_tick(outbox, deadline - 1);
        EXPECT();
        outbox_tick(outbox, deadline);
        EXPECT("START oncall DOWN webhook 2");
        finish();
}

static void test_a_new_master_goes_on_with_the_plan(void) {
        Outbox *other = outbox_new();
        usec_t deadline;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        flip(CHECK, CHECK_DOWN);
        for (unsigned i = 0; i < 8; i++)
                (void) fixture_outcome(
                                &value, fixture_notice(value, 0), "webhook", ATTEMPT_RETRY, WALL + now);
        /* its own clock, its wall clock a minute ahead */
        outbox_set_master(other, true, 5 * SEC);
        outbox_set_value(other, value, 5 * SEC, WALL + 60 * SEC);
        deadline = outbox_next_deadline(other);
        g_assert_cmpuint(deadline, >=, 5 * SEC + 840 * SEC);
        g_assert_cmpuint(deadline, <=, 5 * SEC + 930 * SEC);
        (void) outbox_free(other);

        /* one whose wall clock is years behind waits no longer than was planned */
        other = outbox_new();
        outbox_set_master(other, true, 5 * SEC);
        outbox_set_value(other, value, 5 * SEC, 1000 * SEC);
        g_assert_cmpuint(outbox_next_deadline(other), >=, 5 * SEC + 900 * SEC);
        g_assert_cmpuint(outbox_next_deadline(other), <=, 5 * SEC + 990 * SEC);
        (void) outbox_free(other);
        finish();
}

static void test_a_clock_that_was_wrong_delays_nothing(void) {
        Outbox *other = outbox_new();

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        flip(CHECK, CHECK_DOWN);
        (void) fixture_outcome(
                        &value, fixture_notice(value, 0), "webhook", ATTEMPT_RETRY, WALL + 3600 * SEC);
        /* the master that failed was an hour ahead of the one that goes on */
        outbox_set_master(other, true, BOOT);
        outbox_set_value(other, value, BOOT, WALL);
        g_assert_cmpuint(outbox_next_deadline(other), >=, BOOT + 5 * SEC);
        g_assert_cmpuint(outbox_next_deadline(other), <=, BOOT + 6 * SEC);
        (void) outbox_free(other);
        finish();
}

static void test_a_pair_keeps_its_order(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        flip(CHECK, CHECK_DOWN);
        now += SEC;
        flip(CHECK, CHECK_UP);
        EXPECT("START ops DOWN a@x 1", "START ops DOWN b@x 1");
        /* per recipient: b waits for nobody but itself */
        settle("ops", NOTICE_DOWN, "b@x", ATTEMPT_DELIVERED);
        EXPECT("START ops RECOVERED b@x 1");
        settle("ops", NOTICE_DOWN, "a@x", ATTEMPT_RETRY);
        EXPECT(); /* RECOVERED does not overtake a DOWN that waits for its retry */
        now += 6 * SEC;
        outbox_tick(outbox, BOOT + now);
        EXPECT("START ops DOWN a@x 2");
        settle("ops", NOTICE_DOWN, "a@x", ATTEMPT_REFUSED);
        EXPECT("START ops RECOVERED a@x 1");
        finish();
}

static void test_pairs_do_not_wait_for_each_other(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("hangs", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("works", true));
        flip(CHECK, CHECK_DOWN);
        now += SEC;
        flip(CHECK, CHECK_UP);
        flip("check-0001", CHECK_UP);
        g_assert_cmpuint(count_effects(OUTBOX_START), ==, 4);
        settle("works", NOTICE_DOWN, "webhook", ATTEMPT_DELIVERED);
        EXPECT("START works RECOVERED webhook 1");
        finish();
}

static void test_one_alert_has_so_many_attempts_in_flight(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("one", true));
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);

                flip(id, CHECK_UP);
        }
        g_assert_cmpuint(count_effects(OUTBOX_START), ==, DELIVERIES_PER_ALERT);
        fixture_put(&value, RECORD_ALERT, fixture_discord("two", true));
        flip("check-0050", CHECK_UP);
        EXPECT("START two UP webhook 1");
        g_assert_cmpuint(outbox_n_owed(outbox), ==, 22);
        finish();
}

static void test_the_oldest_goes_first(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("one", true));
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", 19 - i);

                now += SEC;
                flip(id, CHECK_UP);
        }
        (void) count_effects(OUTBOX_START);
        for (unsigned i = 0; i < 16; i++) {
                g_autoptr(GPtrArray) effects = NULL;
                const Notice *oldest = alerts_summary(value, "one", NULL).oldest_owed;
                g_autofree char *id = g_strdup(oldest->id);

                outbox_finished(outbox, id, "webhook", BOOT + now);
                (void) fixture_outcome(&value, oldest, "webhook", ATTEMPT_DELIVERED, WALL + now);
                committed();
                outbox_settled(outbox, id, "webhook", BOOT + now);
                effects = outbox_take_effects(outbox);
                g_assert_cmpuint(effects->len, ==, 1);
                g_assert_cmpuint(
                                ((const Notice *) value_object(
                                                 value,
                                                 RECORD_NOTICE,
                                                 ((const OutboxEffect *) g_ptr_array_index(effects, 0))
                                                                 ->notice_id))
                                                ->created,
                                ==,
                                WALL + (i + 5) * SEC);
        }
        finish();
}

static void test_all_alerts_together_have_a_limit(void) {
        g_autoptr(GPtrArray) effects = NULL;
        const OutboxEffect *first;
        const Notice *notice;

        start();
        for (unsigned i = 0; i < 50; i++) {
                g_autofree char *id = g_strdup_printf("alert-%02u", i);

                fixture_put(&value, RECORD_ALERT, fixture_discord(id, true));
        }
        flip(CHECK, CHECK_UP);
        effects = outbox_take_effects(outbox);
        g_assert_cmpuint(effects->len, ==, DELIVERIES_AT_ONCE);
        g_assert_cmpuint(outbox_n_running(outbox), ==, DELIVERIES_AT_ONCE);
        first = g_ptr_array_index(effects, 0);
        notice = value_object(value, RECORD_NOTICE, first->notice_id);
        settle(notice->alert_id, NOTICE_UP, "webhook", ATTEMPT_DELIVERED);
        g_assert_cmpuint(count_effects(OUTBOX_START), ==, 1);
        finish();
}

static void test_what_is_owed_no_longer_is_cancelled(void) {
        Value *after;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("one", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("two", true));
        flip(CHECK, CHECK_DOWN);
        g_assert_cmpuint(count_effects(OUTBOX_START), ==, 2);
        after = value_ref(value);
        fixture_delete(&after, RECORD_ALERT, "one");
        fixture_apply(&after, alerts_on_change(value, after, "node-0", 1, WALL));
        (void) value_unref(value);
        value = after;
        committed();
        EXPECT("CANCEL - - webhook 1");
        g_assert_cmpuint(outbox_n_running(outbox), ==, 1);
        g_assert_cmpuint(outbox_n_owed(outbox), ==, 1);
        finish();
        g_assert_null(outbox_free(NULL));
        g_assert_null(outbox_effect_free(NULL));
}

/* Everything, for weeks, against a relay of moods: in the end nothing is owed, and each recipient got what
 * it was owed in order. */
static void test_a_relay_of_moods(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(5);
        g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        unsigned n_delivered = 0;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x,c@x", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        for (unsigned step = 0; step < 3000 || outbox_n_owed(outbox) > 0; step++) {
                g_autoptr(GPtrArray) effects = NULL;

                g_assert_cmpuint(step, <, 20000);
                now += (usec_t) g_rand_int_range(rand, 1, 60) * SEC;
                if (step < 2000 && g_rand_int_range(rand, 0, 10) == 0) {
                        g_autofree char *id = g_strdup_printf("check-%04d", g_rand_int_range(rand, 0, 3));
                        const CheckStatus *status = value_object(value, RECORD_STATUS, id);

                        flip(id, status && status->state == CHECK_UP ? CHECK_DOWN : CHECK_UP);
                }
                outbox_tick(outbox, BOOT + now);
                effects = outbox_take_effects(outbox);
                for (guint i = 0; i < effects->len; i++) {
                        const OutboxEffect *effect = g_ptr_array_index(effects, i);
                        const Notice *notice = value_object(value, RECORD_NOTICE, effect->notice_id);
                        g_autofree char *lane = g_strdup_printf(
                                        "%s %s %s", notice->check_id, notice->alert_id, effect->recipient);
                        int die = g_rand_int_range(rand, 0, 10);
                        AttemptResult result = die < 5   ? ATTEMPT_DELIVERED
                                               : die < 8 ? ATTEMPT_RETRY
                                               : die < 9 ? ATTEMPT_UNKNOWN
                                                         : ATTEMPT_REFUSED;

                        g_assert_cmpint(effect->kind, ==, OUTBOX_START);
                        if (result == ATTEMPT_DELIVERED) {
                                n_delivered++;
                                g_assert_cmpuint(
                                                GPOINTER_TO_UINT(g_hash_table_lookup(last, lane)),
                                                <,
                                                notice->sequence);
                                g_hash_table_insert(
                                                last,
                                                g_strdup(lane),
                                                GUINT_TO_POINTER((guint) notice->sequence));
                        }
                        outbox_finished(outbox, effect->notice_id, effect->recipient, BOOT + now);
                        (void) fixture_outcome(&value, notice, effect->recipient, result, WALL + now);
                }
                if (effects->len > 0)
                        committed_all(effects);
        }
        g_assert_cmpuint(n_delivered, >, 300);
        g_assert_cmpuint(outbox_n_running(outbox), ==, 0);
        finish();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/alerts/outbox/owed-is-sent", test_what_is_owed_is_sent);
        g_test_add_func("/alerts/outbox/only-the-master", test_only_the_master_sends);
        g_test_add_func("/alerts/outbox/losing-the-mastership", test_losing_the_mastership_cancels);
        g_test_add_func("/alerts/outbox/wake", test_a_woken_alert_does_not_wait);
        g_test_add_func("/alerts/outbox/hold", test_a_relay_that_wants_rest_gets_it);
        g_test_add_func("/alerts/outbox/dead-relays", test_dead_relays_do_not_take_all_places);
        g_test_add_func("/alerts/outbox/waits-for-the-commit",
                        test_nothing_starts_before_the_outcome_is_committed);
        g_test_add_func("/alerts/outbox/retry", test_a_retry_waits_for_its_time);
        g_test_add_func("/alerts/outbox/wrong-clock", test_a_clock_that_was_wrong_delays_nothing);
        g_test_add_func("/alerts/outbox/new-master", test_a_new_master_goes_on_with_the_plan);
        g_test_add_func("/alerts/outbox/order", test_a_pair_keeps_its_order);
        g_test_add_func("/alerts/outbox/pairs-side-by-side", test_pairs_do_not_wait_for_each_other);
        g_test_add_func("/alerts/outbox/limit-per-alert", test_one_alert_has_so_many_attempts_in_flight);
        g_test_add_func("/alerts/outbox/oldest-first", test_the_oldest_goes_first);
        g_test_add_func("/alerts/outbox/limit-in-all", test_all_alerts_together_have_a_limit);
        g_test_add_func("/alerts/outbox/owed-no-longer", test_what_is_owed_no_longer_is_cancelled);
        g_test_add_func("/alerts/outbox/relay-of-moods", test_a_relay_of_moods);
        return g_test_run();
}
