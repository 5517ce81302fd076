/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What came of attempts, until it is committed. Whoever made an attempt has its outcome committed, also when
 * it is master no longer: whoever leads by then must not repeat what is known to have arrived. One change is
 * under way at a time, with everything that was known when it left; one that was refused is planned again on
 * the newer value. */

#include "alerts/alerts.h"
#include "alerts/outbox.h"
#include "cluster/change.h"

typedef struct Ledger Ledger;

/* lifecycle; outbox: borrowed, is told of what is settled */
Ledger *ledger_new(Outbox *outbox);
Ledger *ledger_free(Ledger *ledger);
DEFINE_CLEANUP(Ledger, ledger_free);

/* steps; now_usec: CLOCK_BOOTTIME, realtime_usec: CLOCK_REALTIME at the same instant */
/* all copied */
void ledger_add(Ledger *ledger, const char *notice_id, const char *recipient, const AttemptOutcome *outcome);
/* term: the newest this node has heard of. The change to commit now; the caller's, who fills in id and cause
 * and calls ledger_answered() with what came of it. NULL: nothing to do before ledger_next_deadline(). */
Change *
ledger_plan(Ledger *ledger, const Value *committed, uint64_t term, usec_t now_usec, usec_t realtime_usec);
void ledger_answered(Ledger *ledger, ChangeOutcome outcome, usec_t now_usec);

/* questions */
usec_t ledger_next_deadline(const Ledger *ledger); /* of ledger_plan(); USEC_INFINITY: none */
size_t ledger_n_open(const Ledger *ledger);        /* outcomes not known to be committed */
