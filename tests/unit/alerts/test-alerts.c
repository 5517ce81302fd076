/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include "alerts/notices.h"
#include "base/limits.h"

static Value *value;

static void start(void) {
        value = fixture_value(3, 2, 30 * SEC);
}

static void finish(void) {
        value = value_unref(value);
}

static const CheckStatus *status(void) {
        return value_object(value, RECORD_STATUS, CHECK);
}

static void deliver(const char *alert_id, NoticeEvent event, const char *recipient) {
        (void) fixture_outcome(
                        &value,
                        fixture_find(value, alert_id, event),
                        recipient,
                        ATTEMPT_DELIVERED,
                        WALL + 100 * SEC);
}

/* transitions */

static void test_down_goes_to_every_effective_alert(void) {
        const Notice *notice;
        Check *check;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", false));
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x.example,b@x.example", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("muted", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("elsewhere", false));
        check = check_copy(value_object(value, RECORD_CHECK, CHECK));
        check->alert_ids = g_strsplit("oncall-name", ",", -1);
        check->suppress_alert_ids = g_strsplit("muted", ",", -1);
        fixture_put(&value, RECORD_CHECK, check);
        fixture_commit_status(&value, CHECK, CHECK_UP, 5);

        fixture_flip(&value, CHECK_DOWN, WALL);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 2);
        notice = fixture_find(value, "oncall", NOTICE_DOWN);
        g_assert_cmpuint(notice->recipients->len, ==, 1);
        g_assert_cmpstr(((Recipient *) g_ptr_array_index(notice->recipients, 0))->address, ==, "webhook");
        g_assert_cmpuint(notice->sequence, ==, 6);
        g_assert_cmpuint(notice->transition->number, ==, 6);
        g_assert_cmpuint(notice->created, ==, WALL);
        notice = fixture_find(value, "ops", NOTICE_DOWN);
        g_assert_cmpuint(notice->recipients->len, ==, 2);
        g_assert_cmpstr(((Recipient *) g_ptr_array_index(notice->recipients, 1))->address,
                        ==,
                        "b@x.example");
        g_assert_true(notice_is_owed(notice));
        g_assert_cmpstr(notice->alert_name, ==, "ops-name");
        finish();
}

static void test_the_state_and_the_notices_are_one_change(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        g_assert_cmpint(status()->state, ==, CHECK_DOWN);
        g_assert_cmpuint(status()->transitions, ==, 1);
        g_assert_cmpuint(status()->since, ==, WALL);
        g_assert_cmpuint(status()->not_ok, ==, 2);
        g_assert_cmpuint(status()->ok, ==, 1);
        g_assert_cmpstr(status()->detail, ==, "connection refused");
        g_assert_cmpstr(status()->decided_by, ==, "node-0");
        g_assert_cmpuint(status()->decided_term, ==, 4);
        g_assert_false(status()->was_up);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1);
        finish();
}

static void test_the_first_up_is_told_once_in_a_life(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_UP, WALL);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_UP));
        g_assert_true(status()->was_up);
        deliver("oncall", NOTICE_UP, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 0);

        fixture_flip(&value, CHECK_DOWN, WALL + SEC);
        fixture_flip(&value, CHECK_UP, WALL + 2 * SEC);
        g_assert_null(fixture_find(value, "oncall", NOTICE_UP));
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_RECOVERED));
        finish();
}

static void test_unknown_to_down_alerts(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_DOWN));
        fixture_flip(&value, CHECK_UP, WALL + SEC);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_RECOVERED));
        g_assert_null(fixture_find(value, "oncall", NOTICE_UP));
        finish();
}

static void test_somebody_else_was_faster(void) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        Check *check;

        start();
        transition = fixture_transition(value, CHECK, CHECK_DOWN, WALL);
        fixture_commit_status(&value, CHECK, CHECK_DOWN, 1);
        g_assert_null(alerts_on_transition(value, transition)); /* from unknown, but it is down */
        transition->from = CHECK_DOWN;
        g_assert_null(alerts_on_transition(value, transition)); /* to where it is */
        transition->to = CHECK_UP;
        check = check_copy(transition->check);
        g_free(check->target);
        check->target = g_strdup("192.0.2.77:80");
        fixture_put(&value, RECORD_CHECK, check);
        g_assert_null(alerts_on_transition(value, transition)); /* of what is no longer watched */
        fixture_delete(&value, RECORD_CHECK, CHECK);
        g_assert_null(alerts_on_transition(value, transition));
        finish();
}

static void test_no_recipients_no_notice(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "", true));
        ((Alert *) value_object(value, RECORD_ALERT, "ops"))->smtp_to[0] = NULL;
        fixture_flip(&value, CHECK_DOWN, WALL);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 0);
        finish();
}

static void test_a_recipient_named_twice_is_told_once(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x.example,a@x.example", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        g_assert_cmpuint(fixture_notice(value, 0)->recipients->len, ==, 1);
        finish();
}

/* RECOVERED */

static void test_recovered_goes_where_down_is_owed_or_was_delivered(void) {
        const Notice *notice;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "got@x,owed@x,refused@x,gone@x", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("refuses", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("removed", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 1);
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("ops", NOTICE_DOWN, "got@x");
        deliver("ops", NOTICE_DOWN, "gone@x");
        deliver("removed", NOTICE_DOWN, "webhook");
        (void) fixture_outcome(
                        &value, fixture_find(value, "ops", NOTICE_DOWN), "refused@x", ATTEMPT_REFUSED, WALL);
        (void) fixture_outcome(
                        &value,
                        fixture_find(value, "refuses", NOTICE_DOWN),
                        "webhook",
                        ATTEMPT_REFUSED,
                        WALL);

        /* meanwhile: one recipient and one alert leave, others come */
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "got@x,owed@x,refused@x,late@x", true));
        fixture_delete(&value, RECORD_ALERT, "removed");
        fixture_put(&value, RECORD_ALERT, fixture_discord("later", true));

        fixture_flip(&value, CHECK_UP, WALL + 60 * SEC);
        notice = fixture_find(value, "ops", NOTICE_RECOVERED);
        g_assert_cmpuint(notice->recipients->len, ==, 2);
        g_assert_nonnull(notice_recipient(notice, "got@x"));
        g_assert_nonnull(notice_recipient(notice, "owed@x"));
        g_assert_null(fixture_find(value, "refuses", NOTICE_RECOVERED));
        g_assert_null(fixture_find(value, "removed", NOTICE_RECOVERED));
        g_assert_null(fixture_find(value, "later", NOTICE_RECOVERED));
        finish();
}

static void test_recovered_goes_to_a_detached_alert_too(void) {
        Check *check;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("oncall", NOTICE_DOWN, "webhook");
        check = check_copy(value_object(value, RECORD_CHECK, CHECK));
        check->suppress_alert_ids = g_strsplit("oncall", ",", -1);
        fixture_put(&value, RECORD_CHECK, check);
        fixture_flip(&value, CHECK_UP, WALL + SEC);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_RECOVERED));
        finish();
}

static void test_recovered_looks_at_this_outage_only(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL); /* owed for the whole test */
        fixture_flip(&value, CHECK_UP, WALL + SEC);
        fixture_flip(&value, CHECK_DOWN, WALL + 2 * SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 3);
        (void) fixture_outcome(
                        &value,
                        fixture_find(value, "oncall", NOTICE_DOWN),
                        "webhook",
                        ATTEMPT_REFUSED,
                        WALL + 3 * SEC);
        fixture_flip(&value, CHECK_UP, WALL + 4 * SEC);
        g_assert_cmpuint(fixture_find(value, "oncall", NOTICE_RECOVERED)->sequence, ==, 2);
        finish();
}

/* outcomes */

static void test_a_delivered_down_stays_while_the_outage_lasts(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("oncall", NOTICE_DOWN, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1);
        g_assert_false(notice_is_owed(fixture_notice(value, 0)));
        fixture_flip(&value, CHECK_UP, WALL + SEC);
        g_assert_null(fixture_find(value, "oncall", NOTICE_DOWN));
        deliver("oncall", NOTICE_RECOVERED, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 0);
        finish();
}

static void test_a_down_delivered_after_the_outage_leaves(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        fixture_flip(&value, CHECK_UP, WALL + SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 2);
        deliver("oncall", NOTICE_DOWN, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1);
        finish();
}

static void test_a_retry_is_planned_and_kept(void) {
        const Recipient *recipient;
        AttemptOutcome outcome = { .result = ATTEMPT_RETRY,
                                   .retry_after_usec = 40 * SEC,
                                   .answer = "HTTP\n429 \xff" };
        DeliveryState state;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        fixture_apply(&value,
                      alerts_on_outcome(
                                      value,
                                      fixture_notice(value, 0)->id,
                                      "webhook",
                                      &outcome,
                                      WALL + SEC,
                                      &state));
        g_assert_cmpint(state, ==, DELIVERY_OWED);
        recipient = notice_recipient(fixture_notice(value, 0), "webhook");
        g_assert_cmpuint(recipient->attempts, ==, 1);
        g_assert_cmpuint(recipient->at, ==, WALL + SEC);
        g_assert_cmpuint(recipient->retry_at, >=, WALL + 41 * SEC);
        g_assert_cmpuint(recipient->retry_at, <=, WALL + 45 * SEC);
        g_assert_cmpstr(recipient->answer, ==, "HTTP 429 \xef\xbf\xbd");

        g_assert_cmpint(fixture_outcome(&value,
                                        fixture_notice(value, 0),
                                        "webhook",
                                        ATTEMPT_UNKNOWN,
                                        WALL + 50 * SEC),
                        ==,
                        DELIVERY_OWED);
        recipient = notice_recipient(fixture_notice(value, 0), "webhook");
        g_assert_cmpuint(recipient->attempts, ==, 2);
        finish();
}

static void test_given_up_after_72_hours(void) {
        const Recipient *recipient;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        for (unsigned i = 0; i < 20; i++)
                (void) fixture_outcome(
                                &value, fixture_notice(value, 0), "webhook", ATTEMPT_RETRY, WALL + i * SEC);
        g_assert_cmpint(fixture_outcome(&value,
                                        fixture_notice(value, 0),
                                        "webhook",
                                        ATTEMPT_RETRY,
                                        WALL + GIVE_UP_USEC - 60 * SEC),
                        ==,
                        DELIVERY_OWED);
        /* the last attempt comes when the time is up */
        recipient = notice_recipient(fixture_notice(value, 0), "webhook");
        g_assert_cmpuint(recipient->retry_at, ==, WALL + GIVE_UP_USEC);
        g_assert_cmpint(fixture_outcome(&value,
                                        fixture_notice(value, 0),
                                        "webhook",
                                        ATTEMPT_RETRY,
                                        WALL + GIVE_UP_USEC),
                        ==,
                        DELIVERY_GAVE_UP);
        /* visible, and no RECOVERED follows */
        fixture_flip(&value, CHECK_UP, WALL + GIVE_UP_USEC + SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1);
        g_assert_cmpuint(alerts_summary(value, "oncall", NULL).n_failed, ==, 1);
        finish();
}

/* The master that saw the outage had not set its clock yet. */
static void test_a_notice_dated_long_ago_is_tried(void) {
        usec_t now = WALL;
        unsigned n = 0;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, 1000 * SEC);
        while (fixture_outcome(&value, fixture_notice(value, 0), "webhook", ATTEMPT_RETRY, now) ==
               DELIVERY_OWED) {
                const Recipient *recipient = notice_recipient(fixture_notice(value, 0), "webhook");

                g_assert_cmpuint(recipient->retry_at, >=, now + 5 * SEC);
                now = recipient->retry_at;
                g_assert_cmpuint(++n, <, 20);
        }
        g_assert_cmpuint(now, >, WALL + 18 * USEC_PER_MINUTE);
        finish();
}

static void test_what_failed_stays_to_be_seen(void) {
        AlertSummary summary;
        usec_t when = WALL;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("other", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 2);
        for (unsigned i = 0; i < 40; i++) {
                fixture_flip(&value, CHECK_DOWN, when += SEC);
                (void) fixture_outcome(
                                &value,
                                fixture_find(value, "oncall", NOTICE_DOWN),
                                "webhook",
                                ATTEMPT_REFUSED,
                                when);
                deliver("other", NOTICE_DOWN, "webhook");
                fixture_flip(&value, CHECK_UP, when += SEC);
                deliver("other", NOTICE_RECOVERED, "webhook");
        }
        summary = alerts_summary(value, "oncall", NULL);
        g_assert_cmpuint(summary.n_failed, ==, NOTICES_FAILED_KEPT);
        g_assert_cmpuint(summary.n_owed, ==, 0);
        g_assert_null(summary.oldest_owed);
        g_assert_cmpuint(summary.last_failed->created, ==, when - SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, NOTICES_FAILED_KEPT);
        g_assert_cmpuint(alerts_summary(value, "other", NULL).n_failed, ==, 0);
        g_assert_cmpuint(alerts_summary(value, NULL, CHECK).n_failed, ==, NOTICES_FAILED_KEPT);
        g_assert_cmpuint(alerts_summary(value, NULL, "check-0001").n_failed, ==, 0);
        finish();
}

static void test_one_refusing_recipient_does_not_hide_the_others(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        fixture_flip(&value, CHECK_UP, WALL);
        (void) fixture_outcome(&value, fixture_notice(value, 0), "a@x", ATTEMPT_REFUSED, WALL);
        g_assert_true(notice_is_owed(fixture_notice(value, 0)));
        g_assert_cmpuint(alerts_summary(value, NULL, NULL).n_owed, ==, 1);
        g_assert_nonnull(alerts_summary(value, NULL, NULL).oldest_owed);
        (void) fixture_outcome(&value, fixture_notice(value, 0), "b@x", ATTEMPT_DELIVERED, WALL);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1); /* the refusal is seen */
        finish();
}

/* Told late, by a master of yesterday. */
static void test_an_outcome_that_others_overtook(void) {
        AttemptOutcome late = { .result = ATTEMPT_RETRY, .attempt = 1, .term = TERM, .answer = "busy" };
        _cleanup_(delta_freep) Delta *delta = NULL;
        DeliveryState state;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        (void) fixture_outcome(&value, fixture_notice(value, 0), "webhook", ATTEMPT_UNKNOWN, WALL);
        g_assert_null(alerts_on_outcome(
                        value, fixture_notice(value, 0)->id, "webhook", &late, WALL + SEC, &state));
        late.result = ATTEMPT_DELIVERED;
        delta = alerts_on_outcome(value, fixture_notice(value, 0)->id, "webhook", &late, WALL + SEC, &state);
        g_assert_nonnull(delta);
        g_assert_cmpint(state, ==, DELIVERY_DELIVERED);
        finish();
}

/* what DOWN's only recipient is owed when the outage ends */
static bool is_end_owed(void) {
        fixture_flip(&value, CHECK_UP, WALL + USEC_PER_HOUR);
        return fixture_find(value, "oncall", NOTICE_RECOVERED);
}

static void start_down(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
}

/* of the DOWN; false: it was no news */
static bool outcome_of(AttemptResult result, uint64_t attempt, uint64_t term) {
        AttemptOutcome outcome = { .result = result, .attempt = attempt, .term = term, .answer = "so" };
        const Notice *down = fixture_find(value, "oncall", NOTICE_DOWN);
        DeliveryState state;
        Delta *delta = alerts_on_outcome(value, down->id, "webhook", &outcome, WALL + SEC, &state);

        if (delta)
                fixture_apply(&value, delta);
        return delta;
}

static DeliveryState state_of_down(void) {
        return notice_recipient(fixture_find(value, "oncall", NOTICE_DOWN), "webhook")->state;
}

static void test_a_certain_refusal_owes_nothing(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_RETRY, 1, TERM));
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 2, TERM));
        g_assert_false(is_end_owed());
        finish();
}

/* The receiver took it and closed the connection; the next attempt met a 404. */
static void test_a_refusal_after_a_doubt_owes_the_end(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_UNKNOWN, 1, TERM));
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 2, TERM));
        g_assert_cmpint(state_of_down(), ==, DELIVERY_REFUSED);
        g_assert_true(is_end_owed());
        finish();
}

/* of a DOWN whose alert names a credential that so many nodes hold */
static DeliveryState outcome_of_holder(AttemptResult result, uint64_t n_holders) {
        AttemptOutcome outcome = { .result = result, .term = TERM, .n_holders = n_holders };
        DeliveryState state;

        fixture_apply(&value,
                      alerts_on_outcome(
                                      value,
                                      fixture_find(value, "oncall", NOTICE_DOWN)->id,
                                      "webhook",
                                      &outcome,
                                      WALL + SEC,
                                      &state));
        return state;
}

/* Each holder has its own value of the credential: one that is refused says nothing about the others, and
 * neither do attempts that never met the relay. */
static void test_refused_to_all_holders(void) {
        start_down();
        for (unsigned i = 0; i < 4; i++)
                g_assert_cmpint(outcome_of_holder(ATTEMPT_RETRY, 0), ==, DELIVERY_OWED); /* none was there */
        g_assert_cmpint(outcome_of_holder(ATTEMPT_REFUSED, 3), ==, DELIVERY_OWED);
        g_assert_cmpint(outcome_of_holder(ATTEMPT_REFUSED, 3), ==, DELIVERY_OWED);
        g_assert_cmpint(outcome_of_holder(ATTEMPT_RETRY, 3), ==, DELIVERY_OWED); /* the third was busy */
        g_assert_cmpint(outcome_of_holder(ATTEMPT_REFUSED, 3), ==, DELIVERY_OWED);
        g_assert_cmpint(outcome_of_holder(ATTEMPT_REFUSED, 3), ==, DELIVERY_OWED);
        g_assert_cmpint(outcome_of_holder(ATTEMPT_REFUSED, 3), ==, DELIVERY_REFUSED);
        finish();

        start_down();
        g_assert_cmpint(outcome_of_holder(ATTEMPT_REFUSED, 1), ==, DELIVERY_REFUSED);
        finish();
}

static void test_giving_up_after_a_doubt_owes_the_end(void) {
        AttemptOutcome late = { .result = ATTEMPT_RETRY, .term = TERM };
        DeliveryState state = DELIVERY_OWED;

        start_down();
        g_assert_true(outcome_of(ATTEMPT_UNKNOWN, 1, TERM));
        for (unsigned i = 0; i < 20 && state == DELIVERY_OWED; i++) {
                const Notice *down = fixture_find(value, "oncall", NOTICE_DOWN);

                fixture_apply(&value,
                              alerts_on_outcome(
                                              value,
                                              down->id,
                                              "webhook",
                                              &late,
                                              WALL + GIVE_UP_USEC + SEC,
                                              &state));
        }
        g_assert_cmpint(state, ==, DELIVERY_GAVE_UP);
        g_assert_true(is_end_owed());
        finish();
}

/* Told by a master of yesterday, after another attempt failed, or was refused. */
static void test_a_doubt_that_comes_late(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_RETRY, 1, TERM));
        g_assert_true(outcome_of(ATTEMPT_UNKNOWN, 1, TERM));
        g_assert_false(outcome_of(ATTEMPT_UNKNOWN, 1, TERM)); /* said once */
        g_assert_cmpuint(
                        notice_recipient(fixture_find(value, "oncall", NOTICE_DOWN), "webhook")->attempts,
                        ==,
                        1);
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 2, TERM));
        g_assert_true(is_end_owed());
        finish();

        start_down();
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 1, TERM));
        g_assert_true(outcome_of(ATTEMPT_UNKNOWN, 1, TERM));
        g_assert_cmpint(state_of_down(), ==, DELIVERY_REFUSED);
        g_assert_true(is_end_owed());
        finish();
}

/* The lease lapsed, or the attempt was not wanted any more, after the last bytes had left: no attempt that
 * counts or delays the next, but a doubt. */
static void test_what_was_broken_off(void) {
        const Recipient *recipient;

        start_down();
        g_assert_true(outcome_of(ATTEMPT_BROKEN_OFF, 1, TERM));
        recipient = notice_recipient(fixture_find(value, "oncall", NOTICE_DOWN), "webhook");
        g_assert_cmpuint(recipient->attempts, ==, 0);
        g_assert_cmpuint(recipient->retry_at, ==, 0);
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 1, TERM));
        g_assert_true(is_end_owed());
        finish();
}

/* A master that died may have begun an attempt of which nobody heard. */
static void test_a_refusal_to_the_next_master(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 1, TERM + 1));
        g_assert_true(is_end_owed());
        finish();
}

static void test_taken_from_one_and_refused_to_another(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_REFUSED, 1, TERM));
        g_assert_true(outcome_of(ATTEMPT_DELIVERED, 1, TERM));
        g_assert_cmpint(state_of_down(), ==, DELIVERY_DELIVERED);
        g_assert_false(outcome_of(ATTEMPT_REFUSED, 2, TERM));
        g_assert_false(outcome_of(ATTEMPT_BROKEN_OFF, 2, TERM));
        g_assert_true(is_end_owed());
        finish();
}

static void test_outcomes_of_what_is_not_owed(void) {
        AttemptOutcome outcome = { .result = ATTEMPT_DELIVERED };
        DeliveryState state;
        const Notice *notice;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        notice = fixture_notice(value, 0);
        g_assert_null(alerts_on_outcome(value, "no-such-notice", "webhook", &outcome, WALL, &state));
        g_assert_null(alerts_on_outcome(value, notice->id, "a@x", &outcome, WALL, &state));
        deliver("oncall", NOTICE_DOWN, "webhook");
        notice = fixture_notice(value, 0);
        g_assert_null(alerts_on_outcome(value, notice->id, "webhook", &outcome, WALL, &state));
        finish();
}

static void test_an_answer_is_cut_on_a_character(void) {
        g_autoptr(GString) words = g_string_new("x");
        AttemptOutcome outcome = { .result = ATTEMPT_RETRY };
        const Recipient *recipient;
        DeliveryState state;

        while (words->len < 2000)
                g_string_append(words, "é");
        outcome.answer = words->str;
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        fixture_apply(&value,
                      alerts_on_outcome(
                                      value,
                                      fixture_notice(value, 0)->id,
                                      "webhook",
                                      &outcome,
                                      WALL,
                                      &state));
        recipient = notice_recipient(fixture_notice(value, 0), "webhook");
        g_assert_cmpuint(strlen(recipient->answer), ==, DETAIL_MAX_BYTES - 1);
        g_assert_true(g_utf8_validate(recipient->answer, -1, NULL));
        finish();
}

/* collapsing */

static void test_the_oldest_pair_collapses(void) {
        const Notice *first;
        usec_t when = WALL;
        uint64_t collapsed = 0;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 2);
        for (unsigned i = 0; i < NOTICES_OWED_MAX / 2; i++) {
                fixture_flip(&value, CHECK_DOWN, when += SEC);
                fixture_flip(&value, CHECK_UP, when += SEC);
        }
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, NOTICES_OWED_MAX);
        g_assert_cmpuint(fixture_notice(value, 0)->collapsed, ==, 0);

        fixture_flip(&value, CHECK_DOWN, when += SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, NOTICES_OWED_MAX - 1);
        first = fixture_notice(value, 0);
        g_assert_cmpint(first->event, ==, NOTICE_DOWN);
        g_assert_cmpuint(first->sequence, ==, 5);
        g_assert_cmpuint(first->collapsed, ==, 2);

        /* never more than the limit, and nothing is left uncounted */
        for (unsigned i = 0; i < 100; i++)
                fixture_flip(&value, i % 2 ? CHECK_DOWN : CHECK_UP, when += SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), <=, NOTICES_OWED_MAX);
        for (size_t i = 0; i < fixture_n(value, RECORD_NOTICE); i++)
                collapsed += fixture_notice(value, i)->collapsed;
        g_assert_cmpuint(collapsed + fixture_n(value, RECORD_NOTICE), ==, NOTICES_OWED_MAX + 101);
        finish();
}

static void test_a_pair_that_reached_nobody_collapses_first(void) {
        usec_t when = WALL;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 2);
        for (unsigned i = 0; i < NOTICES_OWED_MAX; i++) {
                fixture_flip(&value, i % 2 ? CHECK_UP : CHECK_DOWN, when += SEC);
                if (i == 0)
                        deliver("ops", NOTICE_DOWN, "a@x");
        }
        fixture_flip(&value, CHECK_DOWN, when += SEC);
        g_assert_cmpuint(fixture_notice(value, 0)->sequence, ==, 3);
        g_assert_cmpuint(fixture_notice(value, 2)->sequence, ==, 7);
        g_assert_cmpuint(fixture_notice(value, 2)->collapsed, ==, 2);
        finish();
}

static void test_other_pairs_are_not_counted(void) {
        usec_t when = WALL;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("one", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("two", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 2);
        fixture_commit_status(&value, "check-0001", CHECK_UP, 2);
        for (unsigned i = 0; i < NOTICES_OWED_MAX; i++) {
                fixture_flip_at(&value, CHECK, i % 2 ? CHECK_UP : CHECK_DOWN, when += SEC);
                fixture_flip_at(&value, "check-0001", i % 2 ? CHECK_UP : CHECK_DOWN, when += SEC);
        }
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 4 * NOTICES_OWED_MAX);
        finish();
}

/* ids */

static void test_a_notice_id_is_stable(void) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        g_autofree char *a = NULL, *b = NULL, *other_alert = NULL, *next = NULL, *again = NULL;

        start();
        transition = fixture_transition(value, CHECK, CHECK_DOWN, WALL);
        transition->number = 9;
        a = notice_make_id(transition, "oncall");
        b = notice_make_id(transition, "oncall");
        g_assert_cmpstr(a, ==, b);
        other_alert = notice_make_id(transition, "ops");
        g_assert_cmpstr(a, !=, other_alert);
        transition->number = 10;
        next = notice_make_id(transition, "oncall");
        g_assert_cmpint(strcmp(a, next), <, 0);
        transition->when++; /* the same check again after a restore */
        again = notice_make_id(transition, "oncall");
        g_assert_cmpstr(next, !=, again);
        finish();
}

/* templates */

static Alert *with_templates(const char *id, const char *subject, const char *body) {
        Alert *alert = fixture_discord(id, true);

        alert->subject_template = g_strdup(subject);
        alert->body_template = g_strdup(body);
        return alert;
}

static void test_each_template_is_kept_once_as_long_as_needed(void) {
        const TemplateText *text;

        start();
        fixture_put(&value, RECORD_ALERT, with_templates("one", "S", "B"));
        fixture_put(&value, RECORD_ALERT, with_templates("two", "", "B"));
        fixture_commit_status(&value, CHECK, CHECK_UP, 2);
        fixture_flip(&value, CHECK_DOWN, WALL);
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 2);
        text = value_object(
                        value, RECORD_TEMPLATE, fixture_find(value, "two", NOTICE_DOWN)->body_template_hash);
        g_assert_cmpstr(text->text, ==, "B");
        g_assert_null(fixture_find(value, "two", NOTICE_DOWN)->subject_template_hash);

        /* the notice keeps what it was made with */
        fixture_put(&value, RECORD_ALERT, with_templates("one", "new", "new"));
        fixture_flip(&value, CHECK_UP, WALL + SEC);
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 3);

        deliver("one", NOTICE_DOWN, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 2); /* "S" is gone, "B" is still used */
        deliver("two", NOTICE_DOWN, "webhook");
        deliver("two", NOTICE_RECOVERED, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 1);
        deliver("one", NOTICE_RECOVERED, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 0);
        finish();
}

/* changes of the document */

static void change(Value *after) {
        fixture_apply(&after, alerts_on_change(value, after, "node-2", 6, WALL + 500 * SEC));
        (void) value_unref(value);
        value = after;
}

static Value *without(RecordKind kind, const char *id) {
        Value *after = value_ref(value);

        fixture_delete(&after, kind, id);
        return after;
}

static void test_removing_a_check_that_is_down_tells_so(void) {
        const Notice *notice;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("refuses", true));
        fixture_commit_status(&value, CHECK, CHECK_UP, 4);
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("oncall", NOTICE_DOWN, "webhook");
        (void) fixture_outcome(
                        &value,
                        fixture_find(value, "refuses", NOTICE_DOWN),
                        "webhook",
                        ATTEMPT_REFUSED,
                        WALL);

        change(without(RECORD_CHECK, CHECK));
        g_assert_null(status());
        notice = fixture_find(value, "oncall", NOTICE_UNWATCHED);
        g_assert_nonnull(notice);
        g_assert_cmpuint(notice->sequence, ==, 6);
        g_assert_cmpstr(notice->transition->check->name, ==, "name-0");
        g_assert_cmpstr(notice->transition->node_id, ==, "node-2");
        g_assert_null(fixture_find(value, "refuses", NOTICE_UNWATCHED));
        g_assert_null(fixture_find(value, "oncall", NOTICE_DOWN)); /* not needed any more */
        deliver("oncall", NOTICE_UNWATCHED, "webhook");
        g_assert_cmpuint(alerts_summary(value, NULL, NULL).n_owed, ==, 0);
        finish();
}

/* Also where the removal itself took the check's notices along. */
static void test_what_is_owed_about_a_removed_check_stays_owed(void) {
        Value *after;
        size_t n;

        start();
        fixture_put(&value, RECORD_ALERT, with_templates("oncall", "S", "B"));
        fixture_put(&value, RECORD_ALERT, fixture_discord("gone", true));
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("ops", NOTICE_DOWN, "b@x");
        after = without(RECORD_CHECK, CHECK);
        fixture_delete(&after, RECORD_STATUS, CHECK);
        fixture_delete(&after, RECORD_ALERT, "gone");
        while ((void) value_slice(after, RECORD_NOTICE, &n), n > 0)
                fixture_delete(&after, RECORD_NOTICE, fixture_notice(after, 0)->id);
        for (size_t i = 0; i < 2; i++) {
                Record *const *templates = value_slice(after, RECORD_TEMPLATE, &n);

                fixture_delete(&after, RECORD_TEMPLATE, templates[0]->id);
        }

        change(after);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 4);
        g_assert_true(notice_is_owed(fixture_find(value, "oncall", NOTICE_DOWN)));
        g_assert_true(notice_is_owed(fixture_find(value, "oncall", NOTICE_UNWATCHED)));
        g_assert_cmpuint(fixture_find(value, "ops", NOTICE_UNWATCHED)->recipients->len, ==, 2);
        g_assert_null(fixture_find(value, "gone", NOTICE_UNWATCHED));
        g_assert_null(fixture_find(value, "gone", NOTICE_DOWN));
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 2);
        finish();
}

/* The removal takes the delivered DOWN along, and the templates with it. */
static void test_the_last_word_keeps_its_templates(void) {
        Value *after;
        size_t n;

        start();
        fixture_put(&value, RECORD_ALERT, with_templates("oncall", "S", "B"));
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("oncall", NOTICE_DOWN, "webhook");
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 2);
        after = without(RECORD_CHECK, CHECK);
        fixture_delete(&after, RECORD_STATUS, CHECK);
        fixture_delete(&after, RECORD_NOTICE, fixture_notice(after, 0)->id);
        for (size_t i = 0; i < 2; i++) {
                Record *const *templates = value_slice(after, RECORD_TEMPLATE, &n);

                fixture_delete(&after, RECORD_TEMPLATE, templates[0]->id);
        }
        change(after);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_UNWATCHED));
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 2);
        finish();
}

/* A removal that was taken back, from a backup or by undoing an edit: the id is the old one. */
static void test_a_check_that_comes_back_goes_on(void) {
        const Notice *recovered;
        size_t n;
        Record *const *records;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        deliver("ops", NOTICE_DOWN, "b@x");
        change(without(RECORD_CHECK, CHECK));
        deliver("ops", NOTICE_UNWATCHED, "b@x");
        fixture_put(&value, RECORD_CHECK, fixture_check(0, 30 * SEC));

        fixture_flip(&value, CHECK_DOWN, WALL + 900 * SEC);
        deliver("ops", NOTICE_DOWN, "b@x");
        fixture_flip(&value, CHECK_UP, WALL + 901 * SEC);
        recovered = fixture_find(value, "ops", NOTICE_RECOVERED);
        g_assert_cmpuint(recovered->recipients->len, ==, 2);

        /* in the order in which it happened */
        records = value_slice(value, RECORD_NOTICE, &n);
        g_assert_cmpuint(n, ==, 4);
        for (size_t i = 0; i + 1 < n; i++)
                g_assert_cmpuint(
                                ((const Notice *) records[i]->object)->created,
                                <,
                                ((const Notice *) records[i + 1]->object)->created);
        finish();
}

static void test_many_failures_at_once_are_not_all_kept(void) {
        Value *after;

        value = fixture_value(3, 40, 30 * SEC);
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        for (unsigned i = 0; i < 40; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);
                const Notice *down;

                fixture_flip_at(&value, id, CHECK_DOWN, WALL + i * SEC);
                down = alerts_summary(value, NULL, id).oldest_owed;
                (void) fixture_outcome(&value, down, "webhook", ATTEMPT_REFUSED, WALL + i * SEC);
        }
        after = value_ref(value);
        for (unsigned i = 0; i < 39; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);

                fixture_delete(&after, RECORD_CHECK, id);
        }
        change(after);
        fixture_flip_at(&value, "check-0039", CHECK_UP, WALL + 1000 * SEC);
        g_assert_cmpuint(alerts_summary(value, NULL, NULL).n_failed, ==, NOTICES_FAILED_KEPT);
        finish();
}

static void test_removing_a_check_that_is_up_says_nothing(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_UP, WALL);
        change(without(RECORD_CHECK, CHECK));
        g_assert_null(status());
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1); /* the UP that is owed stays owed */
        g_assert_null(fixture_find(value, "oncall", NOTICE_UNWATCHED));
        change(without(RECORD_CHECK, "check-0001")); /* never judged */
        finish();
}

static void test_a_removed_alert_drops_what_it_is_owed(void) {
        start();
        fixture_put(&value, RECORD_ALERT, with_templates("oncall", "S", "B"));
        fixture_put(&value, RECORD_ALERT, fixture_discord("other", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        fixture_flip_at(&value, "check-0001", CHECK_DOWN, WALL);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 4);
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 2);
        change(without(RECORD_ALERT, "oncall"));
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 2);
        g_assert_cmpuint(fixture_n(value, RECORD_TEMPLATE), ==, 0);
        g_assert_cmpuint(alerts_summary(value, "oncall", NULL).n_owed, ==, 0);
        g_assert_cmpuint(alerts_summary(value, "other", NULL).n_owed, ==, 2);
        finish();
}

static Value *with_disabled(const char *alert_id) {
        Value *after = value_ref(value);
        Alert *alert = alert_copy(value_object(value, RECORD_ALERT, alert_id));

        alert->disabled = true;
        fixture_put(&after, RECORD_ALERT, alert);
        return after;
}

/* It is told nothing and drops what it was owed, though it had been told of the outage. */
static void test_a_disabled_alert_is_told_nothing(void) {
        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_put(&value, RECORD_ALERT, fixture_discord("paused", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        fixture_flip_at(&value, "check-0001", CHECK_DOWN, WALL);
        deliver("paused", NOTICE_DOWN, "webhook");
        change(with_disabled("paused"));
        g_assert_cmpuint(alerts_summary(value, "paused", NULL).n_owed, ==, 0);
        g_assert_cmpuint(alerts_summary(value, "oncall", NULL).n_owed, ==, 2);

        fixture_flip(&value, CHECK_UP, WALL + 600 * SEC);
        g_assert_nonnull(fixture_find(value, "oncall", NOTICE_RECOVERED));
        g_assert_null(fixture_find(value, "paused", NOTICE_RECOVERED));
        fixture_flip(&value, CHECK_DOWN, WALL + 700 * SEC);
        g_assert_cmpuint(alerts_summary(value, "paused", NULL).n_owed, ==, 0);
        change(without(RECORD_CHECK, CHECK));
        g_assert_null(fixture_find(value, "paused", NOTICE_UNWATCHED));
        finish();
}

static Value *with_enabled(const char *alert_id) {
        Value *after = value_ref(value);
        Alert *alert = alert_copy(value_object(value, RECORD_ALERT, alert_id));

        alert->disabled = false;
        fixture_put(&after, RECORD_ALERT, alert);
        return after;
}

/* What it was told before it was disabled is not kept beyond the outage. */
static void test_a_disabled_alert_keeps_nothing(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_DELIVERED, 1, TERM));
        change(with_disabled("oncall"));
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 1);
        g_assert_false(is_end_owed());
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 0);
        finish();
}

/* Disabled while its DOWN may have arrived, and enabled again before the end: it must hear of it, as it
 * would had the DOWN arrived for certain. */
static void test_an_alert_that_comes_back_hears_the_end(void) {
        start_down();
        g_assert_true(outcome_of(ATTEMPT_UNKNOWN, 1, TERM));
        change(with_disabled("oncall"));
        g_assert_cmpuint(alerts_summary(value, "oncall", NULL).n_owed, ==, 0);
        g_assert_cmpint(state_of_down(), ==, DELIVERY_GAVE_UP);
        change(with_enabled("oncall"));
        g_assert_cmpuint(alerts_summary(value, "oncall", NULL).n_owed, ==, 0);
        g_assert_true(is_end_owed());
        finish();

        start_down();
        g_assert_true(outcome_of(ATTEMPT_RETRY, 1, TERM));
        change(with_disabled("oncall"));
        change(with_enabled("oncall"));
        g_assert_false(is_end_owed());
        finish();
}

/* A transition that was on its way when its check was disabled does not hold. */
static void test_a_disabled_check_has_no_transition(void) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        Check *check;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        transition = fixture_transition(value, CHECK, CHECK_DOWN, WALL);
        check = check_copy(transition->check);
        check->disabled = true;
        fixture_put(&value, RECORD_CHECK, check);
        g_assert_null(alerts_on_transition(value, transition));
        finish();
}

static void test_a_removed_recipient_is_owed_nothing(void) {
        Value *after;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        after = value_ref(value);
        fixture_put(&after, RECORD_ALERT, fixture_smtp("ops", "b@x,c@x", true));
        change(after);
        g_assert_cmpuint(fixture_notice(value, 0)->recipients->len, ==, 1);
        g_assert_nonnull(notice_recipient(fixture_notice(value, 0), "b@x"));
        finish();
}

/* nobody is left to whom RECOVERED could go, so nothing of the notice is kept either */
static void test_the_only_recipient_is_replaced(void) {
        Value *after;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        after = value_ref(value);
        fixture_put(&after, RECORD_ALERT, fixture_smtp("ops", "b@x", true));
        change(after);
        g_assert_cmpuint(fixture_n(value, RECORD_NOTICE), ==, 0);
        change(value_ref(value));
        finish();
}

static void test_a_change_that_concerns_nobody(void) {
        _cleanup_(delta_freep) Delta *delta = NULL;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_discord("oncall", true));
        fixture_flip(&value, CHECK_DOWN, WALL);
        delta = alerts_on_change(value, value, "node-0", 1, WALL);
        g_assert_true(delta_is_empty(delta));
        finish();
}

static void test_a_test_notice(void) {
        _cleanup_(notice_freep) Notice *notice = NULL;

        start();
        fixture_put(&value, RECORD_ALERT, fixture_smtp("ops", "a@x,b@x", false));
        notice = alerts_test_notice(value, value_alert(value, "ops"), "some-uuid", "node-1", 3, WALL);
        g_assert_cmpint(notice->event, ==, NOTICE_TEST);
        g_assert_cmpuint(notice->recipients->len, ==, 2);
        g_assert_cmpstr(notice->transition->check->name, ==, "homepage");
        g_assert_cmpint(notice->transition->to, ==, CHECK_DOWN);
        finish();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/alerts/transition/down", test_down_goes_to_every_effective_alert);
        g_test_add_func("/alerts/transition/one-change", test_the_state_and_the_notices_are_one_change);
        g_test_add_func("/alerts/transition/first-up", test_the_first_up_is_told_once_in_a_life);
        g_test_add_func("/alerts/transition/unknown-to-down", test_unknown_to_down_alerts);
        g_test_add_func("/alerts/transition/too-late", test_somebody_else_was_faster);
        g_test_add_func("/alerts/transition/no-recipients", test_no_recipients_no_notice);
        g_test_add_func("/alerts/transition/recipient-twice", test_a_recipient_named_twice_is_told_once);
        g_test_add_func("/alerts/recovered/owed-or-delivered",
                        test_recovered_goes_where_down_is_owed_or_was_delivered);
        g_test_add_func("/alerts/recovered/detached", test_recovered_goes_to_a_detached_alert_too);
        g_test_add_func("/alerts/recovered/this-outage", test_recovered_looks_at_this_outage_only);
        g_test_add_func("/alerts/outcome/delivered-down-stays",
                        test_a_delivered_down_stays_while_the_outage_lasts);
        g_test_add_func("/alerts/outcome/late-down-leaves", test_a_down_delivered_after_the_outage_leaves);
        g_test_add_func("/alerts/outcome/retry", test_a_retry_is_planned_and_kept);
        g_test_add_func("/alerts/outcome/given-up", test_given_up_after_72_hours);
        g_test_add_func("/alerts/outcome/dated-long-ago", test_a_notice_dated_long_ago_is_tried);
        g_test_add_func("/alerts/outcome/failed-stays", test_what_failed_stays_to_be_seen);
        g_test_add_func("/alerts/outcome/recipients-one-by-one",
                        test_one_refusing_recipient_does_not_hide_the_others);
        g_test_add_func("/alerts/outcome/not-owed", test_outcomes_of_what_is_not_owed);
        g_test_add_func("/alerts/outcome/overtaken", test_an_outcome_that_others_overtook);
        g_test_add_func("/alerts/outcome/refused-to-all-holders", test_refused_to_all_holders);
        g_test_add_func("/alerts/outcome/doubt/none", test_a_certain_refusal_owes_nothing);
        g_test_add_func("/alerts/outcome/doubt/refused", test_a_refusal_after_a_doubt_owes_the_end);
        g_test_add_func("/alerts/outcome/doubt/given-up", test_giving_up_after_a_doubt_owes_the_end);
        g_test_add_func("/alerts/outcome/doubt/late", test_a_doubt_that_comes_late);
        g_test_add_func("/alerts/outcome/doubt/broken-off", test_what_was_broken_off);
        g_test_add_func("/alerts/outcome/doubt/next-master", test_a_refusal_to_the_next_master);
        g_test_add_func("/alerts/outcome/doubt/taken", test_taken_from_one_and_refused_to_another);
        g_test_add_func("/alerts/outcome/answer-is-cut", test_an_answer_is_cut_on_a_character);
        g_test_add_func("/alerts/collapse/oldest-pair", test_the_oldest_pair_collapses);
        g_test_add_func("/alerts/collapse/untouched-first", test_a_pair_that_reached_nobody_collapses_first);
        g_test_add_func("/alerts/collapse/per-pair", test_other_pairs_are_not_counted);
        g_test_add_func("/alerts/id-is-stable", test_a_notice_id_is_stable);
        g_test_add_func("/alerts/templates", test_each_template_is_kept_once_as_long_as_needed);
        g_test_add_func("/alerts/change/check-down-removed", test_removing_a_check_that_is_down_tells_so);
        g_test_add_func("/alerts/change/owed-stays-owed",
                        test_what_is_owed_about_a_removed_check_stays_owed);
        g_test_add_func("/alerts/change/last-word-keeps-templates", test_the_last_word_keeps_its_templates);
        g_test_add_func("/alerts/change/check-comes-back", test_a_check_that_comes_back_goes_on);
        g_test_add_func("/alerts/change/many-failures", test_many_failures_at_once_are_not_all_kept);
        g_test_add_func("/alerts/change/check-up-removed", test_removing_a_check_that_is_up_says_nothing);
        g_test_add_func("/alerts/change/alert-removed", test_a_removed_alert_drops_what_it_is_owed);
        g_test_add_func("/alerts/change/alert-disabled", test_a_disabled_alert_is_told_nothing);
        g_test_add_func("/alerts/change/disabled-keeps-nothing", test_a_disabled_alert_keeps_nothing);
        g_test_add_func("/alerts/change/comes-back", test_an_alert_that_comes_back_hears_the_end);
        g_test_add_func("/alerts/check-disabled", test_a_disabled_check_has_no_transition);
        g_test_add_func("/alerts/change/recipient-removed", test_a_removed_recipient_is_owed_nothing);
        g_test_add_func("/alerts/change/only-recipient-replaced", test_the_only_recipient_is_replaced);
        g_test_add_func("/alerts/change/nobody", test_a_change_that_concerns_nobody);
        g_test_add_func("/alerts/test-notice", test_a_test_notice);
        return g_test_run();
}
