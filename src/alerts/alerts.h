/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Transition -> notices, and what becomes of them (design, promise 4 and section 7). Every function looks at
 * a committed value and gives a Delta to be committed; nothing here remembers anything, so a new master goes
 * on where the old one was. Instants are CLOCK_REALTIME, as they are kept across nodes. */

#include "cluster/value.h"
#include "model/notice.h"

#define RECIPIENT_WEBHOOK "webhook" /* the one recipient of an alert that is no mail */

/* transitions and changes */

/* The new CheckStatus and the notices it owes, as one change:
 *   -> down              DOWN to every effective alert
 *   down -> up           RECOVERED to whom this outage's DOWN is owed, was or may have been delivered, if
 *                        still existing
 *   unknown -> up        UP to every effective alert (a check's first up, once in its life)
 * Fills transition->number and ->check. NULL: the check is gone or its committed state is not
 * transition->from, so somebody else was faster. More than NOTICES_OWED_MAX owed to one alert about one
 * check: the oldest DOWN/RECOVERED pair collapses into the next notice. */
Delta *alerts_on_transition(const Value *value, Transition *transition);
/* The same for those of many checks, as one change: a mass outage is a few of them. Transitions are taken
 * from the front until there are TRANSITION_OPS_MAX records; *ret_n: how many were. One that does not hold
 * any more is passed over, its number is 0. NULL: none holds. */
Delta *alerts_on_transitions(const Value *value, Transition *const *transitions, size_t n, size_t *ret_n);

/* What a change of the document means for notices, to be committed with it: the removal of a check that is
 * DOWN owes UNWATCHED to whom RECOVERED would be owed; a removed or disabled alert, or one that lost
 * recipients, drops what it owed them (a DOWN that may have arrived and whose outage lasts counts as given
 * up: they may be wanted again). before: the committed value, after: what the change makes of it.
 * Empty when nothing follows. */
Delta *alerts_on_change(
                const Value *before,
                const Value *after,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec);

/* deliveries */

typedef enum AttemptResult {
        ATTEMPT_DELIVERED,
        ATTEMPT_RETRY,     /* not now */
        ATTEMPT_UNKNOWN,   /* it may have arrived: tried again, as a repeat */
        ATTEMPT_REFUSED,   /* for good */
        ATTEMPT_BROKEN_OFF /* by us, when it may have arrived already: no attempt that counts, but a doubt */
} AttemptResult;

typedef struct AttemptOutcome {
        AttemptResult result;
        usec_t retry_after_usec; /* the relay's wish, 0: none */
        uint64_t attempt;        /* which one it was; a failure of one that others followed is no news */
        uint64_t term;           /* the newest that whoever tells this has heard of */
        uint64_t n_holders;      /* live nodes with the credential that the alert names; 0: it names none */
        const char *answer;      /* secrets removed; cut at DETAIL_MAX_BYTES */
} AttemptOutcome;

/* The recipient's new state, or its next attempt by alerts/retry.h; an attempt that fails GIVE_UP_USEC after
 * the notice was made is the last. A refusal for good is for good once all who hold the alert's credential,
 * taking turns, were refused one after the other: the value of one may be wrong. A refusal says only that
 * this attempt did not arrive: where another may have, Recipient.in_doubt is set and stays. That is so after
 * an attempt of unknown outcome, also one told of late, and where the lead has changed since the notice was
 * made, because a master that died may have begun an attempt of which nobody heard. Settled notices that
 * nobody needs any more leave, and their templates with them: a delivered DOWN stays as long as its outage
 * lasts, because RECOVERED is owed where it arrived; the last NOTICES_FAILED_KEPT of an alert that were
 * refused or given up stay to be seen. *ret_state: what the recipient is now in. NULL: there is no such owed
 * recipient (any more). */
Delta *alerts_on_outcome(
                const Value *value,
                const char *notice_id,
                const char *recipient,
                const AttemptOutcome *outcome,
                usec_t realtime_usec,
                DeliveryState *ret_state);

/* questions */

/* whether what is owed to this address is still to be sent, which it is not while the alert is disabled;
 * RECIPIENT_WEBHOOK for an alert that is no mail */
bool alert_has_recipient(const Alert *alert, const char *address);

typedef struct AlertSummary {
        size_t n_owed;             /* notices */
        size_t n_failed;           /* refused or given up, as far as they are kept */
        const Notice *oldest_owed; /* borrowed from the value; NULL: none */
        const Notice *last_failed; /* borrowed from the value; NULL: none */
} AlertSummary;
/* alert_id NULL: of all alerts; check_id NULL: about all checks */
AlertSummary alerts_summary(const Value *value, const char *alert_id, const char *check_id);

/* For `check test`: a notice that is never committed, about a real check (copied) going through an invented
 * transition: NOTICE_DOWN, NOTICE_RECOVERED or NOTICE_UP, seen by all voters, with "[test]" before its
 * detail. test_id makes the notice's id. */
Notice *alerts_check_test_notice(
                const Value *value,
                const Alert *alert,
                const Check *check,
                NoticeEvent event,
                const char *test_id,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec);

/* For `alert test`: a notice that is never committed, about an invented check "homepage" going down, to
 * every recipient of the alert. test_id makes its id, so it must be fresh. */
Notice *alerts_test_notice(
                const Value *value,
                const Alert *alert,
                const char *test_id,
                const char *node_id,
                uint64_t term,
                usec_t realtime_usec);
