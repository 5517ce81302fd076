/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a value spreads and is committed. The leader's value goes to every peer, as a delta against what the
 * peer said to hold where the leader still knows that, else whole. It is committed when it is on the disks
 * of a majority of its own voters and carries the leader's own term. Only what is committed, and on this
 * node's disk, is shown. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cluster/register-state.h"
#include "wire/codec.h"

/* A whole value may take a while on a thin line; a delta is small. A new connection starts afresh anyway. */
#define WHOLE_AGAIN_USEC (5 * USEC_PER_SEC)

/* values that deltas can start from */

void offer_remember(Register *r, const Stamped *stamped) {
        if (stamped->at.seq == 0 || offer_recall(r, stamped->at))
                return;
        stamped_set(&r->history[r->history_next], stamped->at, stamped->value);
        r->history_next = (r->history_next + 1) % HISTORY_SIZE;
}

const Value *offer_recall(const Register *r, Stamp at) {
        for (size_t i = 0; i < HISTORY_SIZE; i++)
                if (r->history[i].value && stamp_equal(r->history[i].at, at))
                        return r->history[i].value;
        return NULL;
}

Offer *offer_from_values(const Value *base, Stamp base_at, const Stamped *to) {
        _cleanup_(value_unrefp) Value *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_between(base ?: empty, to->value);
        Offer *offer = offer_new();
        char hash[RECORD_DIGEST_TEXT_SIZE];

        offer->value_term = to->at.term;
        offer->value_seq = to->at.seq;
        if (base) {
                offer->base_term = base_at.term;
                offer->base_seq = base_at.seq;
        }
        offer->records = delta_to_wire(delta);
        offer->hash = g_strdup(record_digest_to_string(value_hash(to->value), hash));
        return offer;
}

/* -EBADMSG: a record is none, or the result is not what was meant; a value without a voter is never meant */
int offer_to_value(const Offer *offer, const Value *base, Value **ret) {
        _cleanup_(value_unrefp) Value *value = NULL;
        _cleanup_(delta_freep) Delta *delta = NULL;
        char hash[RECORD_DIGEST_TEXT_SIZE];
        int r;

        r = delta_from_wire(offer->records, &delta, NULL);
        if (r < 0)
                return r;
        value = value_apply(base, delta);
        if (g_strcmp0(offer->hash, record_digest_to_string(value_hash(value), hash)) != 0 ||
            !value_meta(value) || value_n_voters(value) == 0)
                return -EBADMSG;
        *ret = TAKE_PTR(value);
        return 0;
}

/* the leader's side */

void offer_propose(Register *r, Value *value) {
        Stamp at = { r->memory.term, r->memory.accepted.at.seq + 1 };
        usec_t election = value_election_timeout(r, r->memory.accepted.value);

        if (value_election_timeout(r, value) > election) {
                r->short_at = r->memory.accepted.at;
                r->short_election = MIN(r->short_election, election);
        }
        offer_remember(r, &r->memory.accepted);
        r->proposed_on = r->memory.accepted.at;
        stamped_set(&r->memory.accepted, at, value);
        offer_remember(r, &r->memory.accepted);
}

/* Most peers hold the same: what a large change says is written once per step, not once per peer. */
static const char *offer_text(Register *r, const Value *base, Stamp base_at) {
        _cleanup_(offer_freep) Offer *offer = NULL;

        if (!base)
                base_at = (Stamp){};
        if (r->offer_text && stamp_equal(r->offer_base, base_at))
                return r->offer_text;

        offer = offer_from_values(base, base_at, &r->memory.accepted);
        offer->term = r->memory.term;
        g_free(r->offer_text);
        r->offer_text = codec_encode_text(&offer_type, offer);
        r->offer_base = base_at;
        return r->offer_text;
}

static void send_offer(Register *r, Peering *peering) {
        const Stamped *accepted = &r->memory.accepted;
        const Value *base = NULL;
        Stamp base_at = peering->held;

        if (!peering->known) {
                /* not heard yet: most likely it holds what we held before our stamp */
                base_at = r->proposed_on;
                base = offer_recall(r, base_at);
        } else if (!peering->wants_whole) {
                base = offer_recall(r, base_at);
        }

        peering->offered = accepted->at;
        peering->offered_at = r->now;
        peering->offered_whole = !base;
        peering->wants_whole = false;
        register_send_text(
                        r,
                        peering->node_id,
                        REGISTER_METHOD_OFFER,
                        g_strdup(offer_text(r, base, base_at)),
                        /* urgent= */ false,
                        /* immediate= */ true);
}

static void offer_to_peer(Register *r, const Peer *peer) {
        Peering *peering = peering_get(r, peer->node_id);
        Stamp at = r->memory.accepted.at;
        usec_t election = value_election_timeout(r, r->memory.accepted.value);
        usec_t again = peering->offered_whole ? MAX(WHOLE_AGAIN_USEC, 2 * election) : election / 2;

        if (stamp_equal(peering->durable, at) || stamp_equal(peering->held, at) || peering->forgetful)
                return;
        if (stamp_equal(peering->offered, at) && r->now - peering->offered_at < again &&
            !(peering->wants_whole && !peering->offered_whole))
                return;
        send_offer(r, peering);
}

void offer_step(Register *r) {
        /* on our own disk first */
        if (r->role == ROLE_LEADER && hard_equal(&r->memory, &r->disk))
                register_each_peer(r, offer_to_peer);
        g_clear_pointer(&r->offer_text, g_free);
}

/* the follower's side */

void offer_received(Register *r, const char *from, const Offer *offer) {
        Stamp at = { offer->value_term, offer->value_seq }, base_at = { offer->base_term, offer->base_seq };
        _cleanup_(value_unrefp) Value *empty = value_new_empty(), *value = NULL;

        if (r->disk_failed || r->removed || offer->value_term != offer->term || offer->value_seq == 0)
                return;
        if (offer->term < r->memory.term) {
                lease_pong(r, from, NULL, false);
                return;
        }
        election_adopt_term(r, offer->term);
        if (r->role == ROLE_LEADER || (*r->leader && strcmp(r->leader, from) != 0))
                return;
        election_follow(r, from);

        if (stamp_compare(at, r->memory.accepted.at) > 0) {
                bool fits = base_at.seq == 0 || stamp_equal(base_at, r->memory.accepted.at);

                if (!fits ||
                    offer_to_value(offer, base_at.seq == 0 ? empty : r->memory.accepted.value, &value) < 0) {
                        lease_pong(r, from, NULL, /* wants_whole= */ true);
                        return;
                }
                stamped_set(&r->memory.accepted, at, value);
        }
        lease_pong(r, from, NULL, false);
}

/* commit */

static bool is_on_majority(const Register *r) {
        const Value *value = r->memory.accepted.value;
        Stamp at = r->memory.accepted.at;
        size_t n = 0;

        for (size_t i = 0; i < value_n_voters(value); i++) {
                const Peering *peering = peering_find(r, value_voter(value, i));

                if (strcmp(value_voter(value, i), r->node_id) == 0)
                        n += stamp_equal(r->disk.accepted.at, at);
                else
                        n += peering && !peering->forgetful && stamp_equal(peering->durable, at);
        }
        return n * 2 > value_n_voters(value);
}

bool offer_is_ready(const Register *r) {
        return r->role == ROLE_LEADER && !r->disk_failed && r->shown.at.term == r->memory.term &&
               stamp_equal(r->shown.at, r->memory.accepted.at);
}

void show(Register *r, const Stamped *stamped) {
        _cleanup_(value_unrefp) Value *previous = value_ref(r->shown.value);
        RegisterEffect *effect = register_effect_new(REGISTER_COMMITTED);

        stamped_set(&r->shown, stamped->at, stamped->value);
        offer_remember(r, &r->shown);
        effect->value = value_ref(stamped->value);
        effect->previous = value_ref(previous);
        effect->term = stamped->at.term;
        effect->seq = stamped->at.seq;
        register_emit(r, effect, /* immediate= */ true);
        members_shown(r, previous);
}

void offer_commit_step(Register *r) {
        if (r->role == ROLE_LEADER && r->disk.accepted.at.term == r->memory.term &&
            stamp_compare(r->memory.accepted.at, r->known_committed) > 0 && is_on_majority(r)) {
                r->known_committed = r->memory.accepted.at;
                r->commit_told = false;
        }
        if (!stamp_equal(r->known_committed, r->disk.accepted.at) ||
            stamp_compare(r->known_committed, r->shown.at) <= 0)
                return;
        show(r, &r->disk.accepted);
        if (r->role == ROLE_LEADER)
                batch_committed(r);
}
