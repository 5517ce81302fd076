/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Starting and stopping what depends on the register, for manager.c and init.c. */

#include "manager/manager.h"
#include "store/store.h"
#include "transport/identity.h"

/* store is consumed. The transport must be there. */
int manager_start_parts(Manager *manager, Store *store, const Durable *durable, char **reterr_text);
void manager_stop_parts(Manager *manager);
/* who invites us is told that it comes to nothing */
void manager_drop_adoptions(Manager *manager);
/* makes the transport and listens, on what was handed over or where node.yaml says */
int manager_listen(Manager *manager, char **reterr_text);
/* First start on a directory of the original: makes the register from its cluster.yaml, as a cluster of
 * one. */
int manager_adopt_original(Manager *manager, char **reterr_text);
/* whether that would work, without keeping anything */
int manager_try_listen(
                Manager *manager,
                const TransportIdentity *identity,
                const char *address,
                uint16_t port,
                char **reterr_text);
