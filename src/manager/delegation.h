/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An attempt that another node makes, because the alert's secret is a credential that it holds. The master
 * names notice, recipient and attempt; the other one renders from its own committed register (rendering is
 * pure, so the bytes are the same) and says what came of it. No secret travels. What the master asked for
 * and got no answer to has an unknown outcome. */

#include "manager/manager.h"
#include "manager/messages.h"
#include "senders/sender.h"

typedef struct TransportCall TransportCall;

/* ---- the master's side ---- */

typedef struct Delegation Delegation;

/* params: within_usec is filled in. done as of a sender: once, never from within. Negative: not asked. */
int delegation_start(
                Manager *manager,
                const char *node_id,
                DelegateParams *params,
                send_done_t done,
                void *userdata,
                Delegation **ret);
/* No call-back follows; the other one hears of it only by losing the leader or the notice. Returns NULL. */
Delegation *delegation_cancel(Delegation *delegation);

/* ---- the other side: what this node sends for its leader ---- */

typedef struct Errands Errands;

/* senders: borrowed */
Errands *errands_new(Manager *manager, SenderContext *senders);
/* what had begun is answered as of unknown outcome */
Errands *errands_free(Errands *errands);
DEFINE_CLEANUP(Errands, errands_free);

void errands_call(Errands *errands, const char *from, const char *params, TransportCall *call);
/* a value was committed, or the leader is another one */
void errands_update(Errands *errands);
