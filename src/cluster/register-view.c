/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a node shows. Everyone tells everyone once a second whom it hears leading and what is committed. A
 * node that hears of a leader but not from it (the link between just those two is cut, or its own disk
 * fails) shows it as master via whom it heard it from, and fetches the committed value there. It learns no
 * term from this. */

#include <string.h>

#include "cluster/register-state.h"

bool view_hears_majority(const Register *r) {
        const Value *value = r->memory.accepted.value;
        usec_t recent = r->timing.heartbeat * 5 / 2;
        size_t n = 0;

        for (size_t i = 0; i < value_n_voters(value); i++) {
                const LivePeer *peer = liveness_find(&r->liveness, value_voter(value, i));

                n += strcmp(value_voter(value, i), r->node_id) == 0 ||
                     (peer && r->now - peer->last_heard <= recent);
        }
        return n * 2 > value_n_voters(value);
}

static void send_heartbeat(Register *r, const Peer *peer) {
        Heartbeat heartbeat = {
                .incarnation = r->incarnation,
                .term = r->disk.term,
                .leader = disk_has_term(r) ? r->leader : (char *) "", /* who leads in the term above */
                .committed_term = r->shown.at.term,
                .committed_seq = r->shown.at.seq,
                .hears_majority = view_hears_majority(r),
        };

        register_send(r,
                      peer->node_id,
                      REGISTER_METHOD_HEARTBEAT,
                      &heartbeat_type,
                      &heartbeat,
                      /* urgent= */ true,
                      /* immediate= */ true);
}

void view_heartbeat(Register *r, const char *from, Heartbeat *heartbeat_consumed) {
        liveness_said(&r->liveness, r->now, from, heartbeat_consumed);
}

/* The best informed of those who hear a leader themselves; *ret_leader is borrowed from what it said. */
static const char *find_witness(const Register *r, const Heartbeat **ret) {
        const char *witness = NULL;
        const Heartbeat *best = NULL;
        usec_t recent = r->timing.heartbeat * 5 / 2;

        for (unsigned i = 0; i < r->liveness.peers->len; i++) {
                const LivePeer *peer = g_ptr_array_index(r->liveness.peers, i);

                if (!peer->said || r->now - peer->said_at > recent || !register_is_member(r, peer->node_id))
                        continue;
                if (!peer->said->leader || !*peer->said->leader ||
                    strcmp(peer->said->leader, r->node_id) == 0)
                        continue;
                if (peer->said->term < r->disk.term || (best && peer->said->term <= best->term))
                        continue;
                best = peer->said;
                witness = peer->node_id;
        }
        *ret = best;
        return witness;
}

static void set_view(Register *r, uint64_t term, const char *leader, const char *via) {
        RegisterEffect *effect;

        if (term == r->view_term && strcmp(leader, r->view_leader) == 0 && strcmp(via, r->view_via) == 0)
                return;
        g_free(r->view_leader);
        g_free(r->view_via);
        r->view_term = term;
        r->view_leader = g_strdup(leader);
        r->view_via = g_strdup(via);

        effect = register_effect_new(REGISTER_LEADER);
        effect->term = term;
        effect->node = g_strdup(leader);
        effect->via = g_strdup(via);
        register_emit(r, effect, /* immediate= */ true);
}

static void report_lease(Register *r) {
        bool acts = register_acts(r, r->now);
        RegisterEffect *effect;

        if (acts == r->view_acts)
                return;
        r->view_acts = acts;
        effect = register_effect_new(REGISTER_LEASE);
        effect->gained = acts;
        effect->term = r->memory.term;
        register_emit(r, effect, /* immediate= */ true);
}

static void fetch(Register *r, const char *from, const Heartbeat *said) {
        Stamp theirs = { said->committed_term, said->committed_seq };
        Fetch message = { .value_term = r->shown.at.term, .value_seq = r->shown.at.seq };

        if (r->now < r->fetch_next || stamp_compare(theirs, r->shown.at) <= 0)
                return;
        r->fetch_next = r->now + r->timing.fetch_again;
        g_free(r->fetch_from);
        r->fetch_from = g_strdup(from);
        register_send(r,
                      from,
                      REGISTER_METHOD_FETCH,
                      &fetch_type,
                      &message,
                      /* urgent= */ false,
                      /* immediate= */ true);
}

void view_step(Register *r) {
        const Heartbeat *said;
        const char *witness;

        if (*r->leader && !r->disk_failed && disk_has_term(r)) {
                set_view(r, r->disk.term, r->leader, "");
        } else if ((witness = find_witness(r, &said)) && !r->removed) {
                set_view(r, said->term, said->leader, strcmp(said->leader, witness) == 0 ? "" : witness);
                fetch(r, witness, said);
        } else {
                set_view(r, r->disk.term, "", "");
        }
        report_lease(r);

        if (r->now >= r->heartbeat_next) {
                r->heartbeat_next = r->now + r->timing.heartbeat;
                if (!r->removed)
                        register_each_peer(r, send_heartbeat);
        }
}

void view_fetched(Register *r, const char *from, const Fetch *fetch) {
        Stamp theirs = { fetch->value_term, fetch->value_seq };
        _cleanup_(offer_freep) Offer *offer = NULL;
        Peering *peering;

        if (!register_is_member(r, from) || stamp_compare(r->shown.at, theirs) <= 0)
                return;
        peering = peering_get(r, from);
        if (peering->served_at > 0 && r->now - peering->served_at < r->timing.fetch_again / 2)
                return;
        peering->served_at = r->now;

        offer = offer_from_values(offer_recall(r, theirs), theirs, &r->shown);
        register_send(r,
                      from,
                      REGISTER_METHOD_VALUE,
                      &offer_type,
                      offer,
                      /* urgent= */ false,
                      /* immediate= */ true);
}

/* Only shown, not accepted: it came from no leader, and nothing is promised by it. */
void view_value(Register *r, const char *from, const Offer *offer) {
        Stamp at = { offer->value_term, offer->value_seq }, base_at = { offer->base_term, offer->base_seq };
        _cleanup_(value_unrefp) Value *empty = value_new_empty(), *value = NULL;
        Stamped stamped;

        if (g_strcmp0(r->fetch_from, from) != 0 || stamp_compare(at, r->shown.at) <= 0)
                return;
        if (base_at.seq != 0 && !stamp_equal(base_at, r->shown.at))
                return;
        if (offer_to_value(offer, base_at.seq == 0 ? empty : r->shown.value, &value) < 0)
                return;

        g_clear_pointer(&r->fetch_from, g_free);
        stamped = (Stamped){ at, value };
        show(r, &stamped);
}
