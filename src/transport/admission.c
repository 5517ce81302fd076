/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/admission.h"

#include <assert.h>

/* brings the bucket up to now */
static void refill(Allowance *allowance, double capacity, usec_t per_token_usec, usec_t now_usec) {
        usec_t passed = usec_sub(now_usec, allowance->at);

        allowance->tokens = MIN(capacity, allowance->tokens + (double) passed / (double) per_token_usec);
        allowance->at = now_usec;
}

void admission_init(Admission *admission, usec_t now_usec) {
        assert(admission);

        *admission = (Admission){
                .handshakes = { .tokens = UNTRUSTED_HANDSHAKES_PER_SEC, .at = now_usec },
                .joins = { .tokens = JOIN_FAILURES_MAX, .at = now_usec },
        };
        g_queue_init(&admission->strangers);
        g_queue_init(&admission->expected);
}

static GQueue *pool_of(Admission *admission, const Guest *guest) {
        return guest->expected ? &admission->expected : &admission->strangers;
}

Guest *admission_leave(Admission *admission, Guest *guest) {
        if (!guest)
                return NULL;
        g_queue_unlink(pool_of(admission, guest), &guest->link);
        g_free(guest);
        return NULL;
}

/* the oldest of this address when it has all its places, else the oldest of all when those are taken */
static Guest *find_evicted(const GQueue *pool, const AddressKey *address) {
        Guest *oldest_here = NULL;
        unsigned here = 0;

        for (GList *l = pool->head; l; l = l->next) {
                Guest *guest = l->data;

                if (!address_key_equal(&guest->address, address))
                        continue;
                oldest_here = oldest_here ?: guest;
                here++;
        }
        if (here >= UNTRUSTED_MAX_PER_ADDRESS)
                return oldest_here;
        return pool->length >= UNTRUSTED_MAX ? pool->head->data : NULL;
}

Guest *
admission_enter(Admission *admission,
                const AddressKey *address,
                bool expected,
                void *userdata,
                void **ret_evicted) {
        Guest *guest, *evicted;

        assert(admission);
        assert(address);
        assert(ret_evicted);

        guest = g_new0(Guest, 1);
        guest->address = *address;
        guest->expected = expected;
        guest->userdata = userdata;
        guest->link.data = guest;

        evicted = find_evicted(pool_of(admission, guest), address);
        *ret_evicted = evicted ? evicted->userdata : NULL;
        (void) admission_leave(admission, evicted);
        g_queue_push_tail_link(pool_of(admission, guest), &guest->link);
        return guest;
}

bool admission_handshake(Admission *admission, const Guest *guest, usec_t now_usec) {
        assert(admission);
        assert(guest);

        if (guest->expected)
                return true;
        refill(&admission->handshakes,
               UNTRUSTED_HANDSHAKES_PER_SEC,
               USEC_PER_SEC / UNTRUSTED_HANDSHAKES_PER_SEC,
               now_usec);
        if (admission->handshakes.tokens < 1)
                return false;
        admission->handshakes.tokens -= 1;
        return true;
}

/* The address's entry; a new one takes the place of the one unused for longest. */
static FailedJoins *failed_joins(Admission *admission, const AddressKey *address) {
        FailedJoins *oldest = &admission->failed[0];

        for (size_t i = 0; i < JOIN_ADDRESSES_MAX; i++) {
                FailedJoins *entry = &admission->failed[i];

                if (entry->allowance.at > 0 && address_key_equal(&entry->address, address))
                        return entry;
                if (entry->allowance.at < oldest->allowance.at)
                        oldest = entry;
        }
        *oldest = (FailedJoins){ .address = *address, .allowance = { .tokens = JOIN_FAILURES_PER_ADDRESS } };
        return oldest;
}

bool admission_may_join(Admission *admission, const AddressKey *address, usec_t now_usec) {
        FailedJoins *entry;

        assert(admission);
        assert(address);

        entry = failed_joins(admission, address);
        refill(&admission->joins, JOIN_FAILURES_MAX, JOIN_FAILURE_USEC / 10, now_usec);
        refill(&entry->allowance, JOIN_FAILURES_PER_ADDRESS, JOIN_FAILURE_USEC, now_usec);
        return admission->joins.tokens >= 1 && entry->allowance.tokens >= 1;
}

void admission_join_failed(Admission *admission, const AddressKey *address, usec_t now_usec) {
        assert(admission);

        if (!admission_may_join(admission, address, now_usec))
                return;
        admission->joins.tokens -= 1;
        failed_joins(admission, address)->allowance.tokens -= 1;
}
