/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who may do what, in one table: interface and member to the action that is asked about. What is not in the
 * table is refused. A client of the private socket may do all; on a shared bus whoever calls is looked up
 * without waiting: root and the daemon's own user are let through, polkit is asked about others (on the
 * system bus; with the caller's interactive flag), and without polkit they may not. Refusals are entries of
 * the journal. */

#include "bus/connection.h"

typedef struct Permission {
        const char *interface;
        const char *member; /* a method, or a writable property */
        const char *action; /* NULL: open to all */
} Permission;

extern const Permission permissions[];
extern const size_t n_permissions;

/* NULL: not in the table */
const Permission *permission_find(const char *interface, const char *member);

/* To be asked first in a gated handler, before its arguments are read. > 0: go on; 0: asked, the handler is
 * called again with the same message when the answer is yes (or was already), so return 1 now; negative:
 * refused, reterr is set. Whatever fails in the handler that was called again is an entry of the journal. A
 * handler that was called again may ask for another action's member, with another handler. */
int permission_check(
                Connection *connection,
                sd_bus_message *message,
                const char *interface,
                const char *member,
                sd_bus_message_handler_t handler,
                sd_bus_error *reterr);

typedef struct Question Question;
Question *question_free(Question *question);
