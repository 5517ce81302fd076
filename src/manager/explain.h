/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `why`: what this node knows about a check, and the others besides. All members that are within reach are
 * asked: the master has the votes and rounds, each node its own vote, and whoever was master what the relays
 * said. Who has not answered within EXPLAIN_ASK_USEC is left out. */

#include "manager/manager.h"

typedef struct TransportCall TransportCall;

/* another node's question */
void explain_call(Manager *manager, const char *params, TransportCall *call);
