/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/alerts.h"

#include <assert.h>

#include "alerts/notices.h"
#include "alerts/retry.h"
#include "base/limits.h"

static void
plan_retry(const Notice *notice, Recipient *recipient, const AttemptOutcome *outcome, usec_t realtime_usec) {
        uint64_t seed = retry_seed(notice->id, recipient->address, recipient->attempts);
        usec_t delay = retry_delay(recipient->attempts, outcome->retry_after_usec, seed);
        usec_t end = usec_add(notice->created, GIVE_UP_USEC);

        if (retry_gives_up(notice->created, realtime_usec, recipient->attempts)) {
                recipient->state = DELIVERY_GAVE_UP;
                return;
        }
        recipient->retry_at = usec_add(realtime_usec, delay);
        /* the last attempt is made when the time is up, not some minutes later */
        if (end > realtime_usec)
                recipient->retry_at = MIN(recipient->retry_at, MAX(end, realtime_usec + USEC_PER_SEC));
}

static void recipient_settle(
                const Notice *notice,
                Recipient *recipient,
                const AttemptOutcome *outcome,
                usec_t realtime_usec) {
        g_free(recipient->answer);
        recipient->answer = text_clean(outcome->answer, DETAIL_MAX_BYTES);
        recipient->attempts++;
        recipient->refusals = outcome->result == ATTEMPT_REFUSED ? recipient->refusals + 1 : 0;
        recipient->at = realtime_usec;
        recipient->retry_at = 0;

        switch (outcome->result) {
        case ATTEMPT_DELIVERED:
                recipient->state = DELIVERY_DELIVERED;
                break;
        case ATTEMPT_REFUSED:
                if (recipient->refusals >= outcome->n_holders)
                        recipient->state = DELIVERY_REFUSED;
                else
                        plan_retry(notice, recipient, outcome, realtime_usec);
                break;
        case ATTEMPT_RETRY:
        case ATTEMPT_UNKNOWN:
                plan_retry(notice, recipient, outcome, realtime_usec);
                break;
        case ATTEMPT_BROKEN_OFF:
                assert(!"no news");
        }
}

/* A delivery or refusal stays true, however late it is told; that it did not work then is not of interest
 * any more once another master has tried. What was refused to one master may have been taken from another.
 */
static bool is_news(const Recipient *recipient, const AttemptOutcome *outcome) {
        switch (outcome->result) {
        case ATTEMPT_DELIVERED:
                return recipient->state != DELIVERY_DELIVERED;
        case ATTEMPT_REFUSED:
                return recipient->state == DELIVERY_OWED;
        case ATTEMPT_RETRY:
        case ATTEMPT_UNKNOWN:
                return recipient->state == DELIVERY_OWED &&
                       (outcome->attempt == 0 || outcome->attempt > recipient->attempts);
        case ATTEMPT_BROKEN_OFF:
                return false;
        }
        return false;
}

/* Whether the message may have arrived by an attempt of which nobody will say so. Where the lead has changed
 * since it was first owed, a master may have died between sending and telling. */
static bool casts_doubt(const Notice *notice, const AttemptOutcome *outcome) {
        return outcome->result == ATTEMPT_UNKNOWN || outcome->result == ATTEMPT_BROKEN_OFF ||
               outcome->term != notice->transition->term;
}

/* whether it changed anything */
static bool
recipient_learn(const Notice *notice,
                Recipient *recipient,
                const AttemptOutcome *outcome,
                usec_t realtime_usec) {
        bool was_in_doubt = recipient->in_doubt, news = is_news(recipient, outcome);

        if (news)
                recipient_settle(notice, recipient, outcome, realtime_usec);
        if (recipient->state == DELIVERY_DELIVERED)
                recipient->in_doubt = false; /* known */
        else if (casts_doubt(notice, outcome))
                recipient->in_doubt = true;
        return news || recipient->in_doubt != was_in_doubt;
}

Delta *alerts_on_outcome(
                const Value *value,
                const char *notice_id,
                const char *recipient,
                const AttemptOutcome *outcome,
                usec_t realtime_usec,
                DeliveryState *ret_state) {
        _cleanup_(notice_freep) Notice *notice = NULL;
        const CheckStatus *status;
        Recipient *settled;
        Delta *delta;

        assert(value);
        assert(outcome);
        assert(ret_state);

        notice = notice_copy(value_object(value, RECORD_NOTICE, notice_id));
        settled = notice ? notice_recipient(notice, recipient) : NULL;
        if (!settled || !recipient_learn(notice, settled, outcome, realtime_usec))
                return NULL;
        *ret_state = settled->state;

        delta = delta_new();
        status = value_object(value, RECORD_STATUS, notice->check_id);
        notices_sweep_check(value, delta, notice, status);
        notices_settle(value, delta, TAKE_PTR(notice), status);
        notices_sweep_templates(value, delta);
        return delta;
}
