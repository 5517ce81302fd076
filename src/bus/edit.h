/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Arguments of the changing methods -> Change, with a fresh id, for checks and alerts alike. The caller owns
 * the change. Negative errno with reterr set where the caller got something wrong. */

#include "bus/connection.h"

int edit_read_add(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr);
int edit_read_edit(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr);
/* whether an object is disabled from now on, of a method that takes its id or name alone */
int edit_read_switch(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                bool disabled,
                Change **ret,
                sd_bus_error *reterr);
/* a peer's new address: the one field of a peer that may be changed by itself */
int edit_read_peer(Connection *connection, sd_bus_message *m, Change **ret, sd_bus_error *reterr);
int edit_read_remove(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr);
