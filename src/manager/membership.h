/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Joining, after the proofs of transport/join.h, both sides of it. The inviter: offers (the invited says
 * whether it is free), has the leader commit the peer as *joining*, lets the invited adopt the cluster in
 * one transaction, and answers when the peer is a voter. A failure before adopting leaves both sides as they
 * were. One invitation at a time; the next waits its turn. */

#include "manager/call.h"
#include "manager/manager.h"
#include "transport/join.h"

typedef struct Membership Membership;

Membership *membership_new(Manager *manager);
Membership *membership_free(Membership *membership);
DEFINE_CLEANUP(Membership, membership_free);

/* verbs */
void membership_probe(Membership *membership, const char *address, Call *call);
void membership_add(Membership *membership, const char *address, const char *fingerprint, Call *call);

/* events */
void membership_committed(Membership *membership, const Value *value);
/* the invited side, for strangers and for those who have proven the secret */
void membership_join_state(Membership *membership, JoinState *state);
void membership_join_call(
                Membership *membership,
                const Joiner *joiner,
                const char *method,
                const char *params,
                TransportCall *call);
/* whether this node may be invited: alone and empty */
bool membership_is_free(const Membership *membership);
