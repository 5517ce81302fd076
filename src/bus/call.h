/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A call whose answer comes later: it holds the message until the manager has answered, and is forgotten
 * when the caller goes away. What was asked still happens. */

#include "bus/connection.h"

/* Appends what the method returns; only called for CHANGE_DONE. */
typedef int (*bus_reply_t)(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer);

typedef struct BusCall BusCall;

/* A negative errno with reterr set where too many wait. The call is the userdata for bus_call_answered(). */
int bus_call_new(
                Connection *connection,
                sd_bus_message *message,
                bus_reply_t reply,
                BusCall **ret,
                sd_bus_error *reterr);
/* Takes it back from the manager. */
BusCall *bus_call_free(BusCall *call);
/* a manager_answer_t; frees the call */
void bus_call_answered(void *userdata, const ManagerAnswer *answer);
