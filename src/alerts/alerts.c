/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/alerts.h"

#include <assert.h>

#include "alerts/notices.h"
#include "alerts/sample.h"
#include "alerts/texts.h"
#include "base/limits.h"

/* Collapsing: whoever could not be reached for so long wants the present, not the history. */

/* what is owed to this alert about this check, oldest first; elements borrowed */
static GPtrArray *owed_of_pair(const Value *value, const char *check_id, const char *alert_id) {
        GPtrArray *owed = g_ptr_array_new();
        size_t n;
        Record *const *records = notices_of_check(value, check_id, &n);

        for (size_t i = 0; i < n; i++) {
                Notice *notice = records[i]->object;

                if (g_strcmp0(notice->alert_id, alert_id) == 0 && notice_is_owed(notice))
                        g_ptr_array_add(owed, notice);
        }
        return owed;
}

static bool is_untouched(const Notice *notice) {
        for (guint i = 0; i < notice_n_recipients(notice); i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (recipient->state != DELIVERY_OWED || recipient->in_doubt)
                        return false;
        }
        return true;
}

/* index of the oldest DOWN that its RECOVERED follows; one that nobody has got yet is preferred. owed->len:
 * none */
static guint find_oldest_pair(const GPtrArray *owed) {
        guint any = owed->len;

        for (guint i = 0; i + 1 < owed->len; i++) {
                const Notice *down = g_ptr_array_index(owed, i), *recovered = g_ptr_array_index(owed, i + 1);

                if (down->event != NOTICE_DOWN || recovered->event != NOTICE_RECOVERED)
                        continue;
                if (is_untouched(down) && is_untouched(recovered))
                        return i;
                if (any == owed->len)
                        any = i;
        }
        return any;
}

static void collapse_oldest(const Value *value, Delta *delta, Notice *added) {
        g_autoptr(GPtrArray) owed = owed_of_pair(value, added->check_id, added->alert_id);
        uint64_t collapsed = 0;
        guint first;

        if (owed->len < NOTICES_OWED_MAX)
                return;
        first = find_oldest_pair(owed);
        if (first == owed->len)
                return;

        for (guint i = first; i <= first + 1; i++) {
                const Notice *notice = g_ptr_array_index(owed, i);

                collapsed += 1 + notice->collapsed;
                delta_delete(delta, RECORD_NOTICE, notice->id);
        }

        if (first + 2 < owed->len) {
                Notice *next = notice_copy(g_ptr_array_index(owed, first + 2));

                next->collapsed += collapsed;
                delta_put_object(delta, RECORD_NOTICE, next);
        } else
                added->collapsed += collapsed;
}

/* after: what the delta will be applied to */
static void owe(const Value *value, const Value *after, Delta *delta, const Alert *alert, Notice *notice) {
        if (!notice)
                return;
        collapse_oldest(value, delta, notice);
        notices_put_new(after, delta, alert, notice);
}

static void
owe_to_effective(const Value *value, Delta *delta, const Transition *transition, NoticeEvent event) {
        g_autoptr(GPtrArray) alerts = value_in_order(value, RECORD_ALERT);
        g_autoptr(GPtrArray) effective = effective_alerts(transition->check, alerts);

        for (guint i = 0; i < effective->len; i++) {
                const Alert *alert = g_ptr_array_index(effective, i);

                owe(value, value, delta, alert, notice_compose(alert, transition, event));
        }
}

/* leaves the recipients who know of this DOWN, or may, or will; NULL: nobody is left */
static Notice *notice_to_whom_down_went(
                const Alert *alert, const Transition *transition, NoticeEvent event, const Notice *down) {
        _cleanup_(notice_freep) Notice *notice = notice_compose(alert, transition, event);

        if (!notice)
                return NULL;
        for (guint i = notice->recipients->len; i-- > 0;) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);
                const Recipient *told = notice_recipient(down, recipient->address);

                if (!told || !recipient_may_know(told))
                        notice_remove_recipient(notice, i);
        }
        return notice->recipients->len > 0 ? TAKE_PTR(notice) : NULL;
}

/* The outage is over, or nobody looks any more: says so to whom its DOWN is owed, was or may have been
 * delivered, as far as `after` still has them, and lets go of DOWNs that were kept for this. */
static void owe_to_whom_down_went(
                const Value *value,
                const Value *after,
                Delta *delta,
                const CheckStatus *outage,
                const Transition *transition,
                NoticeEvent event) {
        size_t n;
        Record *const *records = notices_of_check(value, outage->check_id, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *down = records[i]->object;
                const Alert *alert;

                if (!notice_is_current_down(down, outage))
                        continue;
                alert = value_object(after, RECORD_ALERT, down->alert_id);
                if (!alert)
                        continue;
                if (!notice_is_owed(down))
                        notices_settle(value, delta, notice_copy(down), /* status= */ NULL);
                if (alert->disabled)
                        continue;
                owe(value, after, delta, alert, notice_to_whom_down_went(alert, transition, event, down));
        }
}

/* transitions */

static void put_status(Delta *delta, const CheckStatus *before, const Transition *transition) {
        CheckStatus *status = before ? check_status_copy(before) : check_status_new();

        g_free(status->check_id);
        g_free(status->detail);
        g_free(status->decided_by);
        status->check_id = g_strdup(transition->check->id);
        status->detail = g_strdup(transition->detail);
        status->decided_by = g_strdup(transition->node_id);
        status->state = transition->to;
        status->since = transition->when;
        status->transitions = transition->number;
        status->was_up = status->was_up || transition->to == CHECK_UP;
        status->ok = transition->ok;
        status->not_ok = transition->not_ok;
        status->decided_term = transition->term;
        delta_put_object(delta, RECORD_STATUS, status);
}

/* A check that was removed and put back under its old id begins anew, but what is left of its former life
 * was said before. */
static uint64_t last_number(const Value *value, const CheckStatus *status, const char *check_id) {
        uint64_t number = status ? status->transitions : 0;
        size_t n;
        Record *const *records = notices_of_check(value, check_id, &n);

        return n > 0 ? MAX(number, ((const Notice *) records[n - 1]->object)->sequence) : number;
}

/* One template may go with many notices. */
static void drop_doubles(Delta *delta) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < delta->ops->len; i++) {
                DeltaOp *op = g_ptr_array_index(delta->ops, i);

                if (op->kind != RECORD_TEMPLATE || !op->record)
                        continue;
                /* g_hash_table_add() would keep the key of the double, which is about to be freed */
                if (g_hash_table_contains(seen, op->id))
                        g_ptr_array_remove_index(delta->ops, i--);
                else
                        g_hash_table_add(seen, op->id);
        }
}

static bool still_holds(const Value *value, const Transition *transition) {
        const Check *check = value_object(value, RECORD_CHECK, transition->check->id);
        const CheckStatus *status = value_object(value, RECORD_STATUS, transition->check->id);

        return check && !check_probes_differently(check, transition->check) &&
               transition->from != transition->to &&
               transition->from == (status ? status->state : CHECK_UNKNOWN);
}

static void add_transition(const Value *value, Delta *delta, Transition *transition) {
        const CheckStatus *status = value_object(value, RECORD_STATUS, transition->check->id);
        const Check *check = value_object(value, RECORD_CHECK, transition->check->id);

        transition->number = last_number(value, status, check->id) + 1;
        (void) check_free(transition->check);
        transition->check = check_copy(check);

        put_status(delta, status, transition);
        if (transition->to == CHECK_DOWN)
                owe_to_effective(value, delta, transition, NOTICE_DOWN);
        else if (transition->from == CHECK_DOWN)
                owe_to_whom_down_went(value, value, delta, status, transition, NOTICE_RECOVERED);
        else if (!status || !status->was_up)
                owe_to_effective(value, delta, transition, NOTICE_UP);
}

Delta *alerts_on_transition(const Value *value, Transition *transition) {
        return alerts_on_transitions(value, &transition, 1, NULL);
}

Delta *alerts_on_transitions(const Value *value, Transition *const *transitions, size_t n, size_t *ret_n) {
        _cleanup_(delta_freep) Delta *delta = delta_new();
        g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
        size_t i;

        assert(value);
        assert(transitions);

        for (i = 0; i < n && delta->ops->len < TRANSITION_OPS_MAX; i++) {
                Transition *transition = transitions[i];

                assert(transition->check);
                transition->number = 0;
                if (!still_holds(value, transition) || g_hash_table_contains(taken, transition->check->id))
                        continue;
                add_transition(value, delta, transition);
                g_hash_table_add(taken, transition->check->id);
        }
        if (ret_n)
                *ret_n = i;
        if (g_hash_table_size(taken) == 0)
                return NULL;
        drop_doubles(delta);
        notices_sweep_templates(value, delta);
        return TAKE_PTR(delta);
}

/* changes of the document */

/* What is owed stays owed, also about a check that was removed, but not to an alert or recipient that is
 * gone. Whom an attempt may have told of an outage that lasts is not forgotten: should they be wanted again
 * before it ends, they must hear of the end. */
static bool drop_unwanted(Notice *notice, const Alert *alert, const CheckStatus *status) {
        bool dropped = false;

        for (guint i = notice_n_recipients(notice); i-- > 0;) {
                Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (recipient->state != DELIVERY_OWED || alert_has_recipient(alert, recipient->address))
                        continue;
                dropped = true;
                if (recipient->in_doubt && notice_is_current_down(notice, status)) {
                        g_free(recipient->answer);
                        recipient->answer = g_strdup("not wanted any more; an attempt may have arrived");
                        recipient->state = DELIVERY_GAVE_UP;
                        recipient->retry_at = 0;
                } else
                        notice_remove_recipient(notice, i);
        }
        return dropped;
}

static void carry_over(const Value *after, Delta *delta, const Notice *notice) {
        const Alert *alert = value_object(after, RECORD_ALERT, notice->alert_id);
        const CheckStatus *status;
        Notice *left;

        if (!alert) {
                delta_delete(delta, RECORD_NOTICE, notice->id);
                return;
        }

        left = notice_copy(notice);
        status = value_object(after, RECORD_STATUS, notice->check_id);
        if (!drop_unwanted(left, alert, status) && value_find(after, RECORD_NOTICE, notice->id))
                (void) notice_free(left);
        else
                notices_settle(after, delta, left, status);
}

static void restore_template(const Value *before, const Value *after, Delta *delta, const char *hash) {
        const TemplateText *template = hash ? value_object(before, RECORD_TEMPLATE, hash) : NULL;

        if (template && !value_find(after, RECORD_TEMPLATE, hash))
                delta_put_object(delta, RECORD_TEMPLATE, template_text_copy(template));
}

/* Whoever planned a removal may have dropped the check's notices with it. */
static void restore_owed(const Value *before, const Value *after, Delta *delta, const char *check_id) {
        size_t n;
        Record *const *records = notices_of_check(before, check_id, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (!notice_is_owed(notice) || value_find(after, RECORD_NOTICE, notice->id) ||
                    !value_find(after, RECORD_ALERT, notice->alert_id))
                        continue;
                carry_over(after, delta, notice);
                restore_template(before, after, delta, notice->subject_template_hash);
                restore_template(before, after, delta, notice->body_template_hash);
        }
}

static void on_check_removed(
                const Value *before,
                const Value *after,
                Delta *delta,
                const Check *check,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        const CheckStatus *status = value_object(before, RECORD_STATUS, check->id);

        restore_owed(before, after, delta, check->id);
        if (value_find(after, RECORD_STATUS, check->id))
                delta_delete(delta, RECORD_STATUS, check->id);
        if (!status || status->state != CHECK_DOWN)
                return;

        transition = transition_new();
        transition->check = check_copy(check);
        transition->from = CHECK_DOWN;
        transition->to = CHECK_UNKNOWN;
        transition->number = status->transitions + 1;
        transition->total = value_n_voters(before);
        transition->ok = status->ok;
        transition->not_ok = status->not_ok;
        transition->detail = g_strdup(status->detail);
        transition->node_id = g_strdup(node_id);
        transition->term = term;
        transition->when = realtime_usec;
        owe_to_whom_down_went(before, after, delta, status, transition, NOTICE_UNWATCHED);
}

Delta *alerts_on_change(
                const Value *before,
                const Value *after,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec) {
        Delta *delta = delta_new();
        Record *const *records;
        size_t n;

        assert(before);
        assert(after);

        records = value_slice(after, RECORD_NOTICE, &n);
        for (size_t i = 0; i < n; i++)
                carry_over(after, delta, records[i]->object);

        records = value_slice(before, RECORD_CHECK, &n);
        for (size_t i = 0; i < n; i++)
                if (!value_find(after, RECORD_CHECK, records[i]->id))
                        on_check_removed(
                                        before,
                                        after,
                                        delta,
                                        records[i]->object,
                                        node_id,
                                        term,
                                        realtime_usec);
        notices_sweep_templates(after, delta);
        return delta;
}

/* questions */

AlertSummary alerts_summary(const Value *value, const char *alert_id, const char *check_id) {
        AlertSummary summary = {};
        Record *const *records;
        size_t n;

        assert(value);

        records = check_id ? notices_of_check(value, check_id, &n) : value_slice(value, RECORD_NOTICE, &n);
        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (alert_id && g_strcmp0(notice->alert_id, alert_id) != 0)
                        continue;
                if (notice_is_owed(notice)) {
                        summary.n_owed++;
                        if (!summary.oldest_owed || notice->created < summary.oldest_owed->created)
                                summary.oldest_owed = notice;
                }
                if (notice_has_failed(notice)) {
                        summary.n_failed++;
                        if (!summary.last_failed || notice->created > summary.last_failed->created)
                                summary.last_failed = notice;
                }
        }
        return summary;
}

Notice *alerts_test_notice(
                const Value *value,
                const Alert *alert,
                const char *test_id,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec) {
        _cleanup_(transition_freep) Transition *transition = NULL;

        assert(value);
        assert(alert);
        assert(test_id);

        transition = sample_transition(CHECK_HTTP, NOTICE_DOWN, node_id, realtime_usec);
        g_free(transition->check->id);
        transition->check->id = g_strdup(test_id);
        transition->term = term;
        return notice_compose(alert, transition, NOTICE_TEST);
}

Notice *alerts_check_test_notice(
                const Value *value,
                const Alert *alert,
                const Check *check,
                NoticeEvent event,
                const char *test_id,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        Notice *notice;
        uint64_t n = value_n_voters(value);
        bool is_up;

        assert(value);
        assert(alert);
        assert(check);
        assert(test_id);

        transition = sample_transition(check->type, event, node_id, realtime_usec);
        is_up = transition->to == CHECK_UP;
        (void) check_free(transition->check);
        transition->check = check_copy(check);
        transition->total = n;
        transition->ok = is_up ? n : 0;
        transition->not_ok = is_up ? 0 : n;
        g_free(transition->detail);
        transition->detail = g_strdup_printf(TEST_MARK "%s", sample_detail(check->type, event));
        transition->term = term;
        notice = notice_compose(alert, transition, event);
        if (!notice)
                return NULL;
        /* the check's own history has notices with numbers; this one is like none of them */
        g_free(notice->id);
        notice->id = g_strdup(test_id);
        return notice;
}
