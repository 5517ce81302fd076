/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/deliveries.h"

#include <assert.h>
#include <string.h>

#include "alerts/alerts.h"
#include "alerts/ledger.h"
#include "alerts/message.h"
#include "alerts/outbox.h"
#include "base/limits.h"
#include "base/names.h"
#include "config/complaint.h"
#include "manager/credentials.h"
#include "manager/delegation.h"
#include "manager/explain.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "model/credential.h"
#include "senders/sender.h"
#include "transport/identity.h"

/* An attempt in flight. */
typedef struct Attempt {
        Deliveries *deliveries;
        char *notice_id;
        char *recipient;
        uint64_t number;
        char *node_id; /* who sends */
        Sending *sending;
        Delegation *delegation; /* another node does */
} Attempt;

/* An `alert test` with its recipients. */
typedef struct Test {
        Deliveries *deliveries;
        GPtrArray *sendings; /* of TestSending, owned */
        unsigned n_waiting;
        bool all_delivered;
        GString *text;
        char *check_id; /* "": about the invented one */
        NoticeEvent event;
        deliveries_tested_t done;
        void *userdata;
        sd_event_source *answer; /* the call-back is never made from within */
} Test;

typedef struct TestSending {
        Test *test;
        char *recipient;
        Sending *sending;
        Delegation *delegation;
} TestSending;

struct Deliveries {
        Manager *manager;
        bool stops; /* nothing begins any more */
        Outbox *outbox;
        SenderContext *senders;
        GPtrArray *attempts; /* of Attempt, owned */
        Ledger *ledger;
        GPtrArray *tests;    /* of Test, owned */
        Errands *errands;    /* what this node sends for another master */
        GHashTable *starved; /* ids of alerts that no live node can send */
        GHashTable *warned;  /* notice ids whose templates fell back, told once */
        sd_event_source *timer;
        sd_event_source *settle;
};

static void settle_soon(Deliveries *deliveries);

static void attempt_free(void *p) {
        Attempt *attempt = p;

        (void) send_cancel(attempt->sending);
        (void) delegation_cancel(attempt->delegation);
        g_free(attempt->notice_id);
        g_free(attempt->recipient);
        g_free(attempt->node_id);
        g_free(attempt);
}

static void test_sending_free(void *p) {
        TestSending *sending = p;

        (void) send_cancel(sending->sending);
        (void) delegation_cancel(sending->delegation);
        g_free(sending->recipient);
        g_free(sending);
}

static void test_free(void *p) {
        Test *test = p;

        if (test->done)
                test->done(test->userdata, false, "this node stopped before it knew");
        sd_event_source_disable_unref(test->answer);
        g_ptr_array_unref(test->sendings);
        g_string_free(test->text, /* free_segment= */ TRUE);
        g_free(test->check_id);
        g_free(test);
}

int deliveries_new(Manager *manager, Deliveries **ret) {
        _cleanup_(deliveries_freep) Deliveries *deliveries = NULL;
        int r;

        assert(manager);
        assert(ret);

        deliveries = g_new0(Deliveries, 1);
        deliveries->manager = manager;
        deliveries->outbox = outbox_new();
        deliveries->attempts = g_ptr_array_new_with_free_func(attempt_free);
        deliveries->ledger = ledger_new(deliveries->outbox);
        deliveries->tests = g_ptr_array_new_with_free_func(test_free);
        deliveries->warned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        deliveries->starved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        r = sender_context_new(
                        manager->event,
                        &(SenderOptions){ .ca_file = manager->ca_file },
                        &deliveries->senders);
        if (r < 0)
                return r;
        deliveries->errands = errands_new(manager, deliveries->senders);

        *ret = TAKE_PTR(deliveries);
        return 0;
}

Deliveries *deliveries_free(Deliveries *deliveries) {
        if (!deliveries)
                return NULL;

        deliveries->stops = true; /* whose test ends may want to go on with another */
        manager_forget(deliveries->manager, deliveries);
        sd_event_source_disable_unref(deliveries->timer);
        sd_event_source_disable_unref(deliveries->settle);
        (void) errands_free(deliveries->errands);
        g_ptr_array_unref(deliveries->attempts);
        (void) ledger_free(deliveries->ledger);
        g_ptr_array_unref(deliveries->tests);
        g_hash_table_unref(deliveries->warned);
        g_hash_table_unref(deliveries->starved);
        (void) outbox_free(deliveries->outbox);
        (void) sender_context_free(deliveries->senders);
        g_free(deliveries);
        return NULL;
}

void deliveries_reload(Deliveries *deliveries) {
        assert(deliveries);
        sender_context_reload(deliveries->senders);
}

/* ---- attempts ---- */

/* asked again right before the last bytes leave */
static bool may_send(void *userdata) {
        Attempt *attempt = userdata;
        return manager_is_master(attempt->deliveries->manager);
}

static uint64_t n_holders(Deliveries *deliveries, const char *notice_id) {
        Manager *m = deliveries->manager;
        const Notice *notice = value_object(manager_value(m), RECORD_NOTICE, notice_id);
        const Alert *alert = notice ? value_object(manager_value(m), RECORD_ALERT, notice->alert_id) : NULL;

        return alert ? credentials_n_holders(m->credentials, alert) : 0;
}

static void
finish(Deliveries *deliveries,
       const char *notice_id,
       const char *recipient,
       uint64_t attempt,
       const SendOutcome *outcome) {
        static const AttemptResult results[] = {
                [SEND_DELIVERED] = ATTEMPT_DELIVERED,
                [SEND_RETRY] = ATTEMPT_RETRY,
                [SEND_REFUSED] = ATTEMPT_REFUSED,
                [SEND_UNKNOWN] = ATTEMPT_UNKNOWN,
        };

        ledger_add(deliveries->ledger,
                   notice_id,
                   recipient,
                   &(AttemptOutcome){
                                   .result = results[outcome->result],
                                   .retry_after_usec = outcome->retry_after_usec,
                                   .attempt = attempt,
                                   .n_holders = n_holders(deliveries, notice_id),
                                   .answer = outcome->answer,
                   });
        if (outcome->retry_after_usec > 0)
                outbox_hold(deliveries->outbox,
                            notice_id,
                            now_boottime() + MIN(outcome->retry_after_usec, RETRY_AFTER_MAX_USEC));
        outbox_finished(deliveries->outbox, notice_id, recipient, now_boottime());
        settle_soon(deliveries);
}

/* What the relay said, which leaves the register with the notice. The delivery itself is told again when it
 * is committed. */
static void remember(const Attempt *attempt, const SendOutcome *outcome) {
        static const DeliveryState states[] = {
                [SEND_DELIVERED] = DELIVERY_DELIVERED,
                [SEND_RETRY] = DELIVERY_OWED,
                [SEND_REFUSED] = DELIVERY_REFUSED,
                [SEND_UNKNOWN] = DELIVERY_OWED,
        };
        Manager *m = attempt->deliveries->manager;
        const Notice *notice = value_object(manager_value(m), RECORD_NOTICE, attempt->notice_id);
        DeliveryState state = states[outcome->result];

        if (state == DELIVERY_REFUSED && n_holders(attempt->deliveries, attempt->notice_id) > 1)
                state = DELIVERY_OWED; /* unless it was the last of them, which the commit tells */
        if (notice)
                explain_sent(m,
                             notice,
                             &(Recipient){ .address = attempt->recipient,
                                           .state = state,
                                           .attempts = attempt->number,
                                           .answer = (char *) outcome->answer },
                             attempt->node_id);
}

static void on_sent(void *userdata, const SendOutcome *outcome) {
        Attempt *attempt = userdata;
        Deliveries *deliveries = attempt->deliveries;

        attempt->sending = NULL; /* frees itself after this call */
        attempt->delegation = NULL;
        remember(attempt, outcome);
        finish(deliveries, attempt->notice_id, attempt->recipient, attempt->number, outcome);
        g_ptr_array_remove_fast(deliveries->attempts, attempt);
}

/* once per notice, however often it is sent */
static void tell_faults(Deliveries *deliveries, const Notice *notice, const GPtrArray *faults) {
        if (faults->len == 0 || !g_hash_table_add(deliveries->warned, g_strdup(notice->id)))
                return;
        for (unsigned i = 0; i < faults->len; i++) {
                const Complaint *fault = g_ptr_array_index(faults, i);
                g_autofree char *sentence = g_strndup(fault->text, strcspn(fault->text, "\n"));

                journal_event(EVENT_TEMPLATE,
                              JOURNAL_FIELDS({ JOURNAL_CHECK, notice->check_id },
                                             { JOURNAL_ALERT, notice->alert_id },
                                             { JOURNAL_ALERT_NAME, notice->alert_name },
                                             { JOURNAL_NOTICE, notice->id },
                                             { JOURNAL_DETAIL, sentence }),
                              "alert %s: %s, line %u, column %u: %s; the default text is sent instead",
                              notice->alert_name,
                              fault->field,
                              fault->line,
                              fault->column,
                              sentence);
        }
}

/* No live node has the secret: it stays owed, and starts as soon as one has it. */
static char *no_holder(Deliveries *deliveries, const Alert *alert) {
        (void) g_hash_table_add(deliveries->starved, g_strdup(alert->id));
        return g_strdup_printf("no live node has the credential \"%s\"", alert_credential(alert));
}

/* from this node, with its own secret */
static int
send_here(Deliveries *deliveries,
          const Alert *alert,
          const char *recipient,
          const Message *message,
          send_allowed_t allowed,
          send_done_t done,
          void *userdata,
          Sending **ret,
          char **reterr_text) {
        _cleanup_(alert_freep) Alert *resolved = NULL;
        int r;

        r = credentials_resolve(deliveries->manager->credentials, alert, &resolved, reterr_text);
        if (r < 0)
                return r;
        return send_start(deliveries->senders, resolved, recipient, message, allowed, done, userdata, ret);
}

static int start_here(Attempt *attempt, const Alert *alert, const Notice *notice, char **reterr_text) {
        Deliveries *deliveries = attempt->deliveries;
        g_autoptr(GPtrArray) faults = complaint_list_new();
        _cleanup_(message_freep) Message *message = NULL;
        unsigned flags;
        int r;

        r = message_render(manager_value(deliveries->manager), notice, &message, &flags, faults);
        if (r < 0)
                return r;
        tell_faults(deliveries, notice, faults);
        return send_here(
                        deliveries,
                        alert,
                        attempt->recipient,
                        message,
                        may_send,
                        on_sent,
                        attempt,
                        &attempt->sending,
                        reterr_text);
}

static int start_there(Attempt *attempt, const char *node_id) {
        Manager *m = attempt->deliveries->manager;

        return delegation_start(
                        m,
                        node_id,
                        &(DelegateParams){ .term = manager_term(m),
                                           .notice = attempt->notice_id,
                                           .recipient = attempt->recipient,
                                           .attempt = attempt->number },
                        on_sent,
                        attempt,
                        &attempt->delegation);
}

static int start(Attempt *attempt, const Alert *alert, const Notice *notice, char **reterr_text) {
        Deliveries *deliveries = attempt->deliveries;
        Manager *m = deliveries->manager;
        const char *node_id = credentials_choose(m->credentials, alert, attempt->number);

        if (!node_id) {
                *reterr_text = no_holder(deliveries, alert);
                return -ENOKEY;
        }
        (void) g_hash_table_remove(deliveries->starved, alert->id);
        attempt->node_id = g_strdup(node_id);
        if (strcmp(node_id, manager_node_id(m)) == 0)
                return start_here(attempt, alert, notice, reterr_text);
        return start_there(attempt, node_id);
}

static void start_attempt(Deliveries *deliveries, const OutboxEffect *effect) {
        const Value *value = manager_value(deliveries->manager);
        const Notice *notice = value_object(value, RECORD_NOTICE, effect->notice_id);
        const Alert *alert = notice ? value_object(value, RECORD_ALERT, notice->alert_id) : NULL;
        g_autofree char *error = NULL;
        Attempt *attempt;
        int r;

        if (!alert) /* the next value takes it out of the outbox */
                return;

        attempt = g_new0(Attempt, 1);
        attempt->deliveries = deliveries;
        attempt->notice_id = g_strdup(effect->notice_id);
        attempt->recipient = g_strdup(effect->recipient);
        attempt->number = effect->attempt;
        g_ptr_array_add(deliveries->attempts, attempt);

        r = start(attempt, alert, notice, &error);
        if (r >= 0)
                return;
        g_ptr_array_remove_fast(deliveries->attempts, attempt);
        finish(deliveries,
               effect->notice_id,
               effect->recipient,
               effect->attempt,
               &(SendOutcome){ .result = SEND_RETRY, .answer = error ?: g_strerror(-r) });
}

static bool may_have_arrived(const Attempt *attempt) {
        return attempt->delegation || (attempt->sending && send_may_have_arrived(attempt->sending));
}

static void cancel_attempt(Deliveries *deliveries, const OutboxEffect *effect) {
        for (unsigned i = 0; i < deliveries->attempts->len; i++) {
                Attempt *attempt = g_ptr_array_index(deliveries->attempts, i);

                if (strcmp(attempt->notice_id, effect->notice_id) != 0 ||
                    strcmp(attempt->recipient, effect->recipient) != 0)
                        continue;
                if (may_have_arrived(attempt)) {
                        ledger_add(deliveries->ledger,
                                   attempt->notice_id,
                                   attempt->recipient,
                                   &(AttemptOutcome){ .result = ATTEMPT_BROKEN_OFF,
                                                      .attempt = attempt->number });
                        settle_soon(deliveries);
                }
                g_ptr_array_remove_index_fast(deliveries->attempts, i);
                return;
        }
}

/* ---- turning ---- */

static void on_committed(void *userdata, const ManagerAnswer *answer) {
        Deliveries *deliveries = userdata;

        ledger_answered(deliveries->ledger, answer->outcome, now_boottime());
        settle_soon(deliveries);
}

/* also when this node is master no longer */
static void commit_finished(Deliveries *deliveries) {
        Manager *m = deliveries->manager;
        Change *change =
                        ledger_plan(deliveries->ledger,
                                    manager_value(m),
                                    manager_term(m),
                                    now_boottime(),
                                    now_realtime());

        if (change)
                manager_commit(m, change, "delivery", on_committed, deliveries);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        settle_soon(userdata);
        return 0;
}

static usec_t next_deadline(const Deliveries *deliveries) {
        return MIN(outbox_next_deadline(deliveries->outbox), ledger_next_deadline(deliveries->ledger));
}

static int on_settle(sd_event_source *source, void *userdata) {
        Deliveries *deliveries = userdata;
        g_autoptr(GPtrArray) effects = NULL;

        commit_finished(deliveries); /* first: what is settled by it may start again */
        outbox_set_master(deliveries->outbox, manager_is_master(deliveries->manager), now_boottime());
        outbox_tick(deliveries->outbox, now_boottime());
        effects = outbox_take_effects(deliveries->outbox);
        for (unsigned i = 0; i < effects->len; i++) {
                const OutboxEffect *effect = g_ptr_array_index(effects, i);

                if (effect->kind == OUTBOX_CANCEL)
                        cancel_attempt(deliveries, effect);
                else
                        start_attempt(deliveries, effect);
        }
        return timer_arm(
                        deliveries->manager->event,
                        &deliveries->timer,
                        next_deadline(deliveries),
                        TIMER_RELAXED,
                        on_timer,
                        deliveries);
}

static void settle_soon(Deliveries *deliveries) {
        (void) end_of_turn(deliveries->manager->event, &deliveries->settle, on_settle, deliveries);
}

static gboolean has_left(gpointer notice_id, gpointer value, gpointer userdata) {
        return !value_find(userdata, RECORD_NOTICE, notice_id);
}

void deliveries_update(Deliveries *deliveries, const Value *value) {
        assert(deliveries);

        (void) g_hash_table_foreach_remove(deliveries->warned, has_left, (gpointer) value);

        outbox_set_value(deliveries->outbox, value, now_boottime(), now_realtime());
        errands_update(deliveries->errands);
        deliveries_holders_changed(deliveries);
}

static gboolean wake(gpointer alert_id, gpointer value, gpointer userdata) {
        Deliveries *deliveries = userdata;
        Manager *m = deliveries->manager;
        const Alert *alert = value_object(manager_value(m), RECORD_ALERT, alert_id);

        if (alert && credentials_choose(m->credentials, alert, /* attempt= */ 1))
                outbox_wake(deliveries->outbox, alert_id, now_boottime());
        return !alert; /* otherwise until an attempt starts: one that has just ended is not committed yet */
}

void deliveries_holders_changed(Deliveries *deliveries) {
        assert(deliveries);

        (void) g_hash_table_foreach_remove(deliveries->starved, wake, deliveries);
        settle_soon(deliveries);
}

Errands *deliveries_errands(Deliveries *deliveries) {
        assert(deliveries);
        return deliveries->errands;
}

/* ---- test messages ---- */

static int on_test_answered(sd_event_source *source, void *userdata) {
        Test *test = userdata;

        test->done(test->userdata, test->all_delivered, test->text->str);
        test->done = NULL;
        g_ptr_array_remove_fast(test->deliveries->tests, test);
        return 0;
}

static void test_settled(Test *test, const char *recipient, const SendOutcome *outcome) {
        bool delivered = outcome->result == SEND_DELIVERED;

        test->all_delivered = test->all_delivered && delivered;
        g_string_append_printf(
                        test->text,
                        "%s%s: %s: %s",
                        test->text->len > 0 ? "\n    " : "",
                        recipient,
                        delivered                         ? "delivered"
                        : outcome->result == SEND_REFUSED ? "refused"
                                                          : "not delivered",
                        outcome->answer && *outcome->answer ? outcome->answer : "no answer");
        if (--test->n_waiting == 0)
                (void) end_of_turn(test->deliveries->manager->event, &test->answer, on_test_answered, test);
}

/* The fallback is sent nevertheless, and the test has failed. */
static void test_note_faults(Test *test, const GPtrArray *faults) {
        for (unsigned i = 0; i < faults->len; i++) {
                const Complaint *fault = g_ptr_array_index(faults, i);

                test->all_delivered = false;
                g_string_append_printf(
                                test->text,
                                "%s%s, line %u, column %u: %.*s; the default text was sent instead%s",
                                test->text->len > 0 ? "\n    " : "",
                                fault->field,
                                fault->line,
                                fault->column,
                                (int) strcspn(fault->text, "\n"),
                                fault->text,
                                strchrnul(fault->text, '\n'));
        }
}

static void on_test_sent(void *userdata, const SendOutcome *outcome) {
        TestSending *sending = userdata;

        sending->sending = NULL;
        sending->delegation = NULL;
        test_settled(sending->test, sending->recipient, outcome);
}

/* The alert's own holder sends it, as it would a real one. */
static int start_test_sending(
                TestSending *sending,
                const Alert *alert,
                const Message *message,
                const char *test_id,
                usec_t when,
                char **reterr_text) {
        Deliveries *deliveries = sending->test->deliveries;
        Manager *m = deliveries->manager;
        const char *node_id = credentials_choose(m->credentials, alert, /* attempt= */ 1);

        if (!node_id) {
                *reterr_text = no_holder(deliveries, alert);
                return -ENOKEY;
        }
        if (strcmp(node_id, manager_node_id(m)) == 0)
                return send_here(
                                deliveries,
                                alert,
                                sending->recipient,
                                message,
                                /* allowed= */ NULL,
                                on_test_sent,
                                sending,
                                &sending->sending,
                                reterr_text);
        return delegation_start(
                        m,
                        node_id,
                        &(DelegateParams){ .term = manager_term(m),
                                           .notice = (char *) test_id,
                                           .recipient = sending->recipient,
                                           .attempt = 1,
                                           .is_test = true,
                                           .alert = alert->id,
                                           .check = sending->test->check_id,
                                           .event = (int) sending->test->event,
                                           .when = when },
                        on_test_sent,
                        sending,
                        &sending->delegation);
}

static void
start_test(TestSending *sending,
           const Alert *alert,
           const Message *message,
           const char *test_id,
           usec_t when) {
        g_autofree char *error = NULL;
        int r;

        r = start_test_sending(sending, alert, message, test_id, when, &error);
        if (r < 0)
                test_settled(sending->test,
                             sending->recipient,
                             &(SendOutcome){ .result = SEND_RETRY, .answer = error ?: g_strerror(-r) });
}

/* NULL: the check, or every recipient, is gone */
static Notice *
test_notice(Manager *m, const Alert *alert, const TestSubject *subject, const char *test_id, usec_t when) {
        const Value *value = manager_value(m);
        const Check *check = subject ? value_object(value, RECORD_CHECK, subject->check_id) : NULL;

        if (!subject)
                return alerts_test_notice(value, alert, test_id, manager_node_id(m), manager_term(m), when);
        if (!check)
                return NULL;
        return alerts_check_test_notice(
                        value,
                        alert,
                        check,
                        subject->event,
                        test_id,
                        manager_node_id(m),
                        manager_term(m),
                        when);
}

int deliveries_test(
                Deliveries *deliveries,
                const char *alert_id_or_name,
                const TestSubject *subject,
                deliveries_tested_t done,
                void *userdata) {
        Manager *m = deliveries->manager;
        const Value *value = manager_value(m);
        const Alert *alert = value_alert(value, alert_id_or_name);
        g_autoptr(GPtrArray) faults = complaint_list_new();
        _cleanup_(notice_freep) Notice *notice = NULL;
        _cleanup_(message_freep) Message *message = NULL;
        g_autofree char *test_id = NULL;
        usec_t when = now_realtime();
        unsigned flags;
        Test *test;
        int r;

        if (deliveries->stops)
                return -ESHUTDOWN;
        if (!alert)
                return -ENOENT;

        test_id = random_id();
        notice = test_notice(m, alert, subject, test_id, when);
        if (!notice)
                return -ENOENT;
        r = message_render(value, notice, &message, &flags, faults);
        if (r < 0)
                return r;
        tell_faults(deliveries, notice, faults);

        test = g_new0(Test, 1);
        test->deliveries = deliveries;
        test->sendings = g_ptr_array_new_with_free_func(test_sending_free);
        test->text = g_string_new(NULL);
        test->check_id = g_strdup(subject ? subject->check_id : "");
        test->event = subject ? subject->event : NOTICE_DOWN;
        test->all_delivered = true;
        test->done = done;
        test->userdata = userdata;
        test->n_waiting = notice->recipients->len;
        g_ptr_array_add(deliveries->tests, test);
        test_note_faults(test, faults);

        for (unsigned i = 0; i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);
                TestSending *sending = g_new0(TestSending, 1);

                sending->test = test;
                sending->recipient = g_strdup(recipient->address);
                g_ptr_array_add(test->sendings, sending);
                start_test(sending, alert, message, test_id, when);
        }
        return 0;
}
