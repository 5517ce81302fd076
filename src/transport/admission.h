/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What strangers may take of us: how many connections, handshakes and guesses. Only decides; time comes in
 * as an argument (CLOCK_BOOTTIME). A guest is a connection that has been accepted and not yet shown a pinned
 * key or proven the secret. Guests from addresses where a peer is configured are counted apart from all
 * others, so no flood from elsewhere can take a peer's place. */

#include <glib.h>

#include "base/limits.h"
#include "transport/address.h"

typedef struct Guest {
        AddressKey address;
        bool expected; /* a peer lives at that address */
        void *userdata;
        GList link;
} Guest;

/* A bucket of tokens, refilled evenly. */
typedef struct Allowance {
        double tokens;
        usec_t at;
} Allowance;

typedef struct FailedJoins {
        AddressKey address;
        Allowance allowance;
} FailedJoins;

typedef struct Admission {
        GQueue strangers; /* of Guest, the oldest first */
        GQueue expected;
        Allowance handshakes;
        Allowance joins; /* in all */
        FailedJoins failed[JOIN_ADDRESSES_MAX];
} Admission;

void admission_init(Admission *admission, usec_t now_usec);

/* Lets a connection in. Where its place was taken from another one, *ret_evicted is that one's userdata (its
 * guest has left already), and the caller closes it; else NULL. */
Guest *
admission_enter(Admission *admission,
                const AddressKey *address,
                bool expected,
                void *userdata,
                void **ret_evicted);
Guest *admission_leave(Admission *admission, Guest *guest); /* NULL is fine; returns NULL */

/* Whether this guest may begin a handshake, which costs us a signature. */
bool admission_handshake(Admission *admission, const Guest *guest, usec_t now_usec);

/* Guesses: whether this address may try to prove the secret, and that it failed. */
bool admission_may_join(Admission *admission, const AddressKey *address, usec_t now_usec);
void admission_join_failed(Admission *admission, const AddressKey *address, usec_t now_usec);
