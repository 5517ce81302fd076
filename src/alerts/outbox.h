/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The master's outbox: which owed notices are sent to whom, now. It is rebuilt from the committed value, so
 * it survives restarts and masters: what it knows beyond that is only which attempts are in flight here.
 *
 * Per check, alert and recipient notices keep their order: the next waits until the earlier one is settled.
 * Everything else runs side by side, at most DELIVERIES_PER_ALERT for one alert and DELIVERIES_AT_ONCE in
 * all.
 *
 * The life of an attempt: START -> the manager sends -> outbox_finished(), and the outcome goes to the
 * ledger (alerts/ledger.h), which commits it -> outbox_set_value() shows the recipient settled or with its
 * next instant -> the ledger calls outbox_settled(). In between nothing starts for this recipient, also not
 * where the lease lapsed meanwhile and came back: the outcome is committed, whoever leads by then.
 */

#include "cluster/value.h"

typedef struct Outbox Outbox;

typedef enum OutboxEffectKind {
        OUTBOX_START, /* one attempt for this recipient */
        OUTBOX_CANCEL /* of an attempt in flight: it is owed no longer, or we are master no longer */
} OutboxEffectKind;

typedef struct OutboxEffect {
        OutboxEffectKind kind;
        char *notice_id;
        char *recipient;
        uint64_t attempt; /* from 1 */
} OutboxEffect;

OutboxEffect *outbox_effect_free(OutboxEffect *effect);
DEFINE_CLEANUP(OutboxEffect, outbox_effect_free);

/* lifecycle */
Outbox *outbox_new(void);
Outbox *outbox_free(Outbox *outbox);
DEFINE_CLEANUP(Outbox, outbox_free);

/* steps; now_usec: CLOCK_BOOTTIME, realtime_usec: CLOCK_REALTIME at the same instant. Retry instants come
 * from another node's wall clock; one that lies further ahead than any plan can be is cut to
 * RETRY_AFTER_MAX_USEC. */
void outbox_set_value(Outbox *outbox, const Value *value, usec_t now_usec, usec_t realtime_usec);
void outbox_set_master(Outbox *outbox, bool is_master, usec_t now_usec);
void outbox_finished(Outbox *outbox, const char *notice_id, const char *recipient, usec_t now_usec);
/* The relay of this notice, one in flight, wants to be left alone: nothing starts for its alert until then.
 */
void outbox_hold(Outbox *outbox, const char *notice_id, usec_t until_usec);
/* What kept this alert's notices from leaving is gone: what waits is due at once, but not before what
 * outbox_hold() named. */
void outbox_wake(Outbox *outbox, const char *alert_id, usec_t now_usec);
/* The outcome of an attempt that finished is committed, and the value that shows it is set; or it will never
 * be, because it says nothing new. */
void outbox_settled(Outbox *outbox, const char *notice_id, const char *recipient, usec_t now_usec);
void outbox_tick(Outbox *outbox, usec_t now_usec);
/* of OutboxEffect, in order; the caller frees the array */
GPtrArray *outbox_take_effects(Outbox *outbox);

/* questions */
usec_t outbox_next_deadline(const Outbox *outbox); /* of outbox_tick(); USEC_INFINITY: none */
size_t outbox_n_owed(const Outbox *outbox);        /* recipients */
size_t outbox_n_running(const Outbox *outbox);
