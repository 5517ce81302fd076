/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/register.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cluster/register-state.h"
#include "wire/codec.h"

/* peers */

static void peering_free(void *data) {
        Peering *peering = data;

        g_free(peering->node_id);
        g_free(peering);
}

static unsigned peering_place(const Register *r, const char *node_id) {
        unsigned i = 0;

        while (i < r->peerings->len &&
               strcmp(((Peering *) g_ptr_array_index(r->peerings, i))->node_id, node_id) < 0)
                i++;
        return i;
}

Peering *peering_find(const Register *r, const char *node_id) {
        unsigned place = peering_place(r, node_id);
        Peering *peering = place < r->peerings->len ? g_ptr_array_index(r->peerings, place) : NULL;

        return peering && strcmp(peering->node_id, node_id) == 0 ? peering : NULL;
}

Peering *peering_get(Register *r, const char *node_id) {
        Peering *peering = peering_find(r, node_id);

        if (peering)
                return peering;
        peering = g_new0(Peering, 1);
        peering->node_id = g_strdup(node_id);
        g_ptr_array_insert(r->peerings, (int) peering_place(r, node_id), peering);
        return peering;
}

bool register_is_member(const Register *r, const char *node_id) {
        return value_peer(r->memory.accepted.value, node_id) || value_peer(r->shown.value, node_id);
}

bool register_is_voter(const Register *r) {
        return value_voter_rank(r->memory.accepted.value, r->node_id) >= 0;
}

void register_each_peer(Register *r, void (*fn)(Register *r, const Peer *peer)) {
        _cleanup_(value_unrefp) Value *value = value_ref(r->memory.accepted.value); /* fn may replace it */
        size_t n;
        Record *const *peers = value_slice(value, RECORD_PEER, &n);

        for (size_t i = 0; i < n; i++)
                if (strcmp(peers[i]->id, r->node_id) != 0)
                        fn(r, peers[i]->object);
}

/* what a step uses */

usec_t register_random(Register *r, usec_t below) {
        /* splitmix64: any seed will do, and the same seed tells the same story */
        uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return (z ^ z >> 31) % below;
}

usec_t value_election_timeout(const Register *r, const Value *value) {
        const ClusterMeta *meta = value_meta(value);
        usec_t election = meta && meta->election_timeout > 0 ? meta->election_timeout
                                                             : r->timing.election_default;

        return CLAMP(election, r->timing.election_min, r->timing.election_max);
}

RegisterEffect *register_effect_new(RegisterEffectKind kind) {
        RegisterEffect *effect = g_new0(RegisterEffect, 1);

        effect->kind = kind;
        return effect;
}

void register_emit(Register *r, RegisterEffect *effect, bool immediate) {
        g_queue_push_tail(immediate ? &r->effects->queue : &r->step_effects, effect);
}

void register_send_text(
                Register *r,
                const char *node,
                const char *method,
                char *params,
                bool urgent,
                bool immediate) {
        RegisterEffect *effect = register_effect_new(REGISTER_SEND);

        effect->node = g_strdup(node);
        effect->method = method;
        effect->params = params;
        effect->urgent = urgent;
        register_emit(r, effect, immediate);
}

void register_send(
                Register *r,
                const char *node,
                const char *method,
                const ObjectType *type,
                const void *message,
                bool urgent,
                bool immediate) {
        register_send_text(r, node, method, codec_encode_text(type, message), urgent, immediate);
}

/* lifecycle */

Register *register_new(const RegisterSetup *setup, usec_t now) {
        Register *r = g_new0(Register, 1);
        Stamp accepted = { setup->accepted_term, setup->accepted_seq };
        Stamp committed = { setup->committed_term, setup->committed_seq };

        assert(setup->node_id);
        assert(setup->accepted);
        assert(setup->committed);

        r->node_id = g_strdup(setup->node_id);
        r->timing = setup->timing ? *setup->timing : CLUSTER_TIMING_DEFAULT;
        r->random = setup->seed;
        r->follow = setup->follow;
        r->incarnation = setup->incarnation;
        r->started = r->now = now;
        r->peerings = g_ptr_array_new_with_free_func(peering_free);
        liveness_init(&r->liveness, &r->timing);

        r->disk.term = setup->term;
        r->disk.vote = g_strdup(setup->vote ?: "");
        stamped_set(&r->disk.accepted, accepted, setup->accepted);
        hard_copy(&r->memory, &r->disk);
        hard_copy(&r->flight, &r->disk);
        r->disk_committed = committed;
        stamped_set(&r->shown, committed, setup->committed);
        r->known_committed = committed;
        g_queue_init(&r->step_effects);
        g_queue_init(&r->held_effects);

        r->leader = g_strdup("");
        r->view_leader = g_strdup("");
        r->view_via = g_strdup("");
        r->view_term = setup->term;
        g_queue_init(&r->queue);
        g_queue_init(&r->relays);
        g_queue_init(&r->refused);
        r->proposed = g_ptr_array_new_with_free_func(queued_free);
        r->requests = g_ptr_array_new_with_free_func(request_free);
        offer_remember(r, &r->shown);
        offer_remember(r, &r->memory.accepted);

        election_arm(r);
        if (value_n_voters(r->memory.accepted.value) == 1 && register_is_voter(r))
                r->timer = now; /* nobody to wait for */
        return r;
}

Register *register_free(Register *r) {
        if (!r)
                return NULL;

        disk_release(r);
        hard_done(&r->memory);
        hard_done(&r->disk);
        hard_done(&r->flight);
        for (size_t i = 0; i < HISTORY_SIZE; i++)
                (void) value_unref(r->history[i].value);
        (void) value_unref(r->shown.value);
        (void) ping_free(r->unanswered);
        batch_forget_refusals(r);
        g_queue_clear_full(&r->queue, queued_free);
        g_queue_clear_full(&r->relays, relay_free);
        g_ptr_array_unref(r->proposed);
        g_ptr_array_unref(r->requests);
        g_ptr_array_unref(r->peerings);
        liveness_done(&r->liveness);
        g_free(r->leader);
        g_free(r->view_leader);
        g_free(r->view_via);
        g_free(r->fetch_from);
        g_free(r->node_id);
        g_free(r);
        return NULL;
}

Value *register_first_value(const char *cluster_id, const Peer *self, usec_t now_realtime) {
        _cleanup_(value_unrefp) Value *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_new();
        ClusterMeta *meta = cluster_meta_new();
        Peer *peer = peer_copy(self);

        peer->joining = false;
        peer->order = 1;
        peer->revision = 1;
        meta->cluster_id = g_strdup(cluster_id);
        meta->version = 1;
        meta->updated_at = now_realtime;
        meta->updated_by = g_strdup(self->node_id);
        meta->next_order = 2;
        meta->next_change = 1;
        delta_put_object(delta, RECORD_META, meta);
        delta_put_object(delta, RECORD_PEER, peer);
        return value_apply(empty, delta);
}

/* steps */

static void begin(Register *r, usec_t now, RegisterEffects *effects) {
        assert(r);
        assert(effects);

        r->now = MAX(r->now, now);
        r->effects = effects;
}

/* What follows from what happened, in an order in which each may use what those before it found. A commit
 * frees the leader for the next proposal, and a proposal of a sole voter needs nothing but the write. */
static void end(Register *r) {
        election_timeout(r);
        lease_step(r);
        offer_commit_step(r);
        view_step(r);
        request_step(r);
        batch_step(r);
        members_step(r);
        batch_step(r);
        request_step(r);
        offer_step(r);
        if (r->role == ROLE_LEADER && !r->commit_told)
                lease_ping_all(r);
        view_step(r);
        disk_step(r);
        r->effects = NULL;
}

void register_tick(Register *r, usec_t now, RegisterEffects *effects) {
        begin(r, now, effects);
        end(r);
}

void register_persisted(Register *r, usec_t now, uint64_t number, int error, RegisterEffects *effects) {
        begin(r, now, effects);
        disk_persisted(r, number, error);
        end(r);
}

void register_connected(Register *r, usec_t now, const char *node, RegisterEffects *effects) {
        Peering *peering;

        begin(r, now, effects);
        peering = peering_find(r, node);
        if (peering)
                peering->offered = (Stamp){};
        request_connected(r, node);
        end(r);
}

#define HANDLER(fn, Type)                                                                                   \
        static void handle_##fn(Register *r, const char *from, void *message) {                             \
                fn(r, from, (const Type *) message);                                                        \
        }
HANDLER(lease_pinged, Ping)
HANDLER(lease_ponged, Pong)
HANDLER(election_requested, VoteRequest)
HANDLER(election_answered, VoteAnswer)
HANDLER(offer_received, Offer)
HANDLER(election_handed_over, Handover)
HANDLER(request_forwarded, Forward)
HANDLER(request_answered, ForwardAnswer)
HANDLER(view_fetched, Fetch)
HANDLER(view_value, Offer)
HANDLER(members_told_removed, Removed)

static void handle_heartbeat(Register *r, const char *from, void *message) {
        view_heartbeat(r, from, heartbeat_copy(message));
}

static const struct {
        const char *method;
        const ObjectType *type;
        void (*handle)(Register *r, const char *from, void *message);
        bool binds; /* its terms and seqs may become ours */
} handlers[] = {
        { REGISTER_METHOD_PING, &ping_type, handle_lease_pinged, .binds = true },
        { REGISTER_METHOD_PONG, &pong_type, handle_lease_ponged, .binds = true },
        { REGISTER_METHOD_VOTE, &vote_request_type, handle_election_requested, .binds = true },
        { REGISTER_METHOD_VOTED, &vote_answer_type, handle_election_answered, .binds = true },
        { REGISTER_METHOD_OFFER, &offer_type, handle_offer_received, .binds = true },
        { REGISTER_METHOD_HANDOVER, &handover_type, handle_election_handed_over },
        { REGISTER_METHOD_CHANGE, &forward_type, handle_request_forwarded },
        { REGISTER_METHOD_ANSWER, &forward_answer_type, handle_request_answered },
        { REGISTER_METHOD_HEARTBEAT, &heartbeat_type, handle_heartbeat },
        { REGISTER_METHOD_FETCH, &fetch_type, handle_view_fetched },
        { REGISTER_METHOD_VALUE, &offer_type, handle_view_value, .binds = true },
        { REGISTER_METHOD_REMOVED, &removed_type, handle_members_told_removed },
};

static void dispatch(Register *r, const char *from, size_t handler, void *message) {
        if (strcmp(from, r->node_id) == 0 || members_answer_barred(r, from))
                return;
        /* a node that has no value yet knows nobody and listens to all whom its door lets in */
        if (register_is_member(r, from) || r->shown.at.seq == 0)
                liveness_heard(&r->liveness, r->now, from);
        if (claim_is_believed(r, from, handlers[handler].type, message, handlers[handler].binds))
                handlers[handler].handle(r, from, message);
}

int register_receive(
                Register *r,
                usec_t now,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                RegisterEffects *effects,
                char **reterr_text) {
        void *message;
        int error;

        assert(from);
        assert(method);

        for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++) {
                if (strcmp(handlers[i].method, method) != 0)
                        continue;
                error = codec_decode(handlers[i].type, params, size, &message, reterr_text);
                if (error < 0)
                        return error;

                begin(r, now, effects);
                dispatch(r, from, i, message);
                end(r);
                (void) object_free(handlers[i].type, message);
                return 0;
        }
        if (reterr_text)
                *reterr_text = g_strdup_printf("no such method: %s", method);
        return -EOPNOTSUPP;
}

/* questions */

usec_t register_deadline(const Register *r) {
        usec_t deadline;

        assert(r);

        deadline = MIN(r->heartbeat_next, disk_deadline(r));
        deadline = MIN(deadline, request_deadline(r));
        if (r->role == ROLE_LEADER) {
                deadline = MIN(deadline, r->ping_next);
                deadline = MIN(deadline,
                               usec_add(lease_quorum_at(r),
                                        value_election_timeout(r, r->memory.accepted.value)));
                if (r->view_acts)
                        deadline = MIN(deadline, register_acts_until(r));
        } else {
                deadline = MIN(deadline, r->timer);
        }
        return deadline;
}

uint64_t register_term(const Register *r) {
        return r->view_term;
}

const char *register_leader(const Register *r) {
        return r->view_leader;
}

const char *register_via(const Register *r) {
        return r->view_via;
}

Value *register_committed(const Register *r) {
        return r->shown.value;
}

uint64_t register_committed_term(const Register *r) {
        return r->shown.at.term;
}

uint64_t register_committed_seq(const Register *r) {
        return r->shown.at.seq;
}

usec_t register_election_timeout(const Register *r) {
        return value_election_timeout(r, r->shown.value);
}

bool register_disk_failed(const Register *r) {
        return r->disk_failed;
}

void register_peer_life(const Register *r, usec_t now, const char *node, PeerLife *ret) {
        const LivePeer *peer = liveness_find(&r->liveness, node);
        const Peering *peering = peering_find(r, node);
        const Heartbeat *said = liveness_last_said(&r->liveness, now, node);
        bool self = strcmp(node, r->node_id) == 0;

        *ret = (PeerLife){
                .live = self || liveness_is_live(&r->liveness, now, node),
                .last_heard = self   ? now
                              : peer ? peer->last_heard
                                     : 0,
                .alive_since = self                                        ? r->started
                               : liveness_is_live(&r->liveness, now, node) ? peer->alive_since
                                                                           : 0,
                .hears_majority = self ? view_hears_majority(r) : said && said->hears_majority,
                .forgetful = r->role == ROLE_LEADER && peering && peering->forgetful,
                .current = r->role == ROLE_LEADER && peering &&
                           stamp_equal(peering->durable, r->memory.accepted.at),
        };
}
