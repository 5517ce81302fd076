/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `check test`: an invented transition of a real check through all alerts that hear of it, on the master,
 * some of them at a time. What came of each is one text: "1/2 alerts failed", then a line for each. */

#include "manager/manager.h"

typedef struct TransportCall TransportCall;

/* another node's wish */
void rehearsal_call(Manager *manager, const char *from, const char *params, TransportCall *call);
