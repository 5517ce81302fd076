/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `why`: what this node knows about a check, and the others besides. All members that are within reach are
 * asked: the master has the votes and rounds, each node its own vote, and whoever was master what the relays
 * said. Who has not answered within EXPLAIN_ASK_USEC is left out. What the relays said is told to all nodes
 * at once, because the register forgets it. */

#include "manager/manager.h"

typedef struct TransportCall TransportCall;

/* What this node has sent: remembered here, and by the others. outcome as in the notice's recipient. */
void explain_sent(Manager *manager, const Notice *notice, const Recipient *outcome, const char *node_id);
/* what another node has sent; only of who leads, as far as this node knows, is it remembered */
int explain_heard(Manager *manager, const char *from, const char *params, char **reterr_text);
/* another node's question */
void explain_call(Manager *manager, const char *params, TransportCall *call);
