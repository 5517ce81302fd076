/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Arguments of the changing methods -> Change, with a fresh id, for checks and alerts alike. The caller owns
 * the change. Negative errno with reterr set where the caller got something wrong. */

#include "bus/connection.h"

typedef int
edit_read_t(Connection *connection,
            sd_bus_message *m,
            const ObjectType *type,
            Change **ret,
            sd_bus_error *reterr);

edit_read_t edit_read_add, edit_read_edit, edit_read_remove;
/* the object is disabled, or no longer, from now on; of a method that takes its id or name alone */
edit_read_t edit_read_enable, edit_read_disable;
/* a peer's new address: the one field of a peer that may be changed by itself */
edit_read_t edit_read_address;
