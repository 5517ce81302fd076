/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register's hands: it feeds the pure register with messages, time and finished writes, and carries out
 * its effects in their order. */

#include "cluster/register.h"
#include "manager/call.h"
#include "store/store.h"

typedef struct Replica Replica;

/* store is consumed; durable: as the store loaded it */
Replica *replica_new(Manager *manager, Store *store, const Durable *durable);
Replica *replica_free(Replica *replica);
DEFINE_CLEANUP(Replica, replica_free);
void replica_start(Replica *replica);

/* events */
int replica_receive(
                Replica *replica,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                char **reterr_text);
void replica_connected(Replica *replica, const char *node_id);
/* change: consumed. call: answered when this node has seen the commit, or with a refusal. */
void replica_submit(Replica *replica, Change *change, usec_t deadline_usec, Call *call);

/* This node was removed, which it will not see committed: whoever asked for that here is answered. */
void replica_left(Replica *replica, uint64_t version);

const Register *replica_register(const Replica *replica);
Store *replica_store(const Replica *replica);
