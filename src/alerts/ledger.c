/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/ledger.h"

#include <assert.h>

/* What was refused is asked again after this: whatever the reason, it may stand a while. */
#define COMMIT_AGAIN_USEC (500 * USEC_PER_MSEC)

typedef struct Finished {
        char *notice_id;
        char *recipient;
        AttemptOutcome outcome;
        char *answer;
} Finished;

struct Ledger {
        Outbox *outbox;
        GPtrArray *finished;   /* of Finished, in order */
        unsigned n_committing; /* how many of them, from the front, are on their way */
        usec_t commit_again;   /* after a refusal */
};

static void finished_destroy(gpointer data) {
        Finished *finished = data;

        g_free(finished->notice_id);
        g_free(finished->recipient);
        g_free(finished->answer);
        g_free(finished);
}

Ledger *ledger_new(Outbox *outbox) {
        Ledger *ledger = g_new0(Ledger, 1);

        assert(outbox);

        ledger->outbox = outbox;
        ledger->finished = g_ptr_array_new_with_free_func(finished_destroy);
        return ledger;
}

Ledger *ledger_free(Ledger *ledger) {
        if (!ledger)
                return NULL;

        g_ptr_array_unref(ledger->finished);
        g_free(ledger);
        return NULL;
}

void ledger_add(Ledger *ledger,
                const char *notice_id,
                const char *recipient,
                const AttemptOutcome *outcome) {
        Finished *finished = g_new0(Finished, 1);

        assert(ledger);
        assert(notice_id);
        assert(recipient);
        assert(outcome);

        finished->notice_id = g_strdup(notice_id);
        finished->recipient = g_strdup(recipient);
        finished->outcome = *outcome;
        finished->outcome.answer = finished->answer = g_strdup(outcome->answer);
        g_ptr_array_add(ledger->finished, finished);
}

/* committed -> what it is with all outcomes */
static Value *apply_all(const Ledger *ledger, const Value *committed, uint64_t term, usec_t realtime_usec) {
        Value *working = value_ref((Value *) committed);

        for (unsigned i = 0; i < ledger->finished->len; i++) {
                Finished *finished = g_ptr_array_index(ledger->finished, i);
                _cleanup_(delta_freep) Delta *delta = NULL;
                DeliveryState state;
                Value *next;

                finished->outcome.term = term;
                delta = alerts_on_outcome(
                                working,
                                finished->notice_id,
                                finished->recipient,
                                &finished->outcome,
                                realtime_usec,
                                &state);
                if (!delta)
                        continue;
                next = value_apply(working, delta);
                (void) value_unref(working);
                working = next;
        }
        return working;
}

/* the first n are committed, or say nothing new */
static void let_go(Ledger *ledger, unsigned n, usec_t now_usec) {
        for (unsigned i = 0; i < n; i++) {
                const Finished *finished = g_ptr_array_index(ledger->finished, i);

                /* the outbox does not wait for what it broke off itself; maybe for a later attempt */
                if (finished->outcome.result != ATTEMPT_BROKEN_OFF)
                        outbox_settled(ledger->outbox, finished->notice_id, finished->recipient, now_usec);
        }
        g_ptr_array_remove_range(ledger->finished, 0, n);
}

Change *
ledger_plan(Ledger *ledger, const Value *committed, uint64_t term, usec_t now_usec, usec_t realtime_usec) {
        _cleanup_(value_unrefp) Value *working = NULL;
        _cleanup_(delta_freep) Delta *all = NULL;

        assert(ledger);
        assert(committed);

        if (now_usec < ledger_next_deadline(ledger))
                return NULL;

        working = apply_all(ledger, committed, term, realtime_usec);
        all = delta_between(committed, working);
        if (delta_is_empty(all)) {
                let_go(ledger, ledger->finished->len, now_usec);
                return NULL;
        }
        ledger->n_committing = ledger->finished->len;
        return change_from_delta(committed, all);
}

void ledger_answered(Ledger *ledger, ChangeOutcome outcome, usec_t now_usec) {
        assert(ledger);

        if (outcome == CHANGE_DONE)
                let_go(ledger, ledger->n_committing, now_usec);
        else
                ledger->commit_again = usec_add(now_usec, COMMIT_AGAIN_USEC);
        ledger->n_committing = 0;
}

usec_t ledger_next_deadline(const Ledger *ledger) {
        assert(ledger);

        if (ledger->n_committing > 0 || ledger->finished->len == 0)
                return USEC_INFINITY;
        return ledger->commit_again;
}

size_t ledger_n_open(const Ledger *ledger) {
        assert(ledger);
        return ledger->finished->len;
}
