/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who comes and goes, and to whom the lead is handed. A joining peer becomes a voter when it is alive and
 * has the present value on its disk. The lead goes to a smaller NodeID that has lived unbroken for a while,
 * and away from a leader that is to be removed. Handing over ends mastership for the rest of the term before
 * a word of it leaves, whether it succeeds or not. */

#include <string.h>

#include "cluster/register-state.h"

const Barred *value_barred_node(const Value *value, const char *node_id) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_BARRED, &n);

        for (size_t i = 0; i < n; i++) {
                const Barred *barred = records[i]->object;

                if (g_strcmp0(barred->node_id, node_id) == 0)
                        return barred;
        }
        return NULL;
}

static bool is_current(const Register *r, const char *node_id) {
        const Peering *peering = peering_find(r, node_id);

        return peering && !peering->forgetful && stamp_equal(peering->durable, r->memory.accepted.at) &&
               lease_is_fresh(r, node_id, value_election_timeout(r, r->memory.accepted.value) / 2);
}

/* a change that would remove us has come, and comes again until it is done or given up */
static bool is_leaving(const Register *r) {
        return r->now < r->leaving_until;
}

bool members_leave(Register *r) {
        const Value *value = r->memory.accepted.value;

        for (size_t i = 0; i < value_n_voters(value); i++)
                if (strcmp(value_voter(value, i), r->node_id) != 0 && is_current(r, value_voter(value, i))) {
                        r->leaving_until = r->now + 5 * value_election_timeout(r, value);
                        return true;
                }
        return false;
}

static void promote(Register *r, const Peer *peer) {
        Change change = { .kind = CHANGE_PROMOTE };
        g_autofree char *id = NULL;

        if (!peer->joining || !is_current(r, peer->node_id))
                return;
        id =
                        g_strdup_printf("promote %s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                        peer->node_id,
                                        r->memory.accepted.at.term,
                                        r->memory.accepted.at.seq);
        change.id = id;
        change.target = peer->node_id;
        change.cause = (char *) "joined";
        change.origin = r->node_id;
        /* when it was admitted, at the latest */
        change.asked_at = value_meta(r->memory.accepted.value)->updated_at;
        batch_enqueue(r, &change, NULL);
}

static bool may_lead(const Register *r, const char *node_id) {
        const Peering *peering = peering_find(r, node_id);
        const Heartbeat *said = liveness_last_said(&r->liveness, r->now, node_id);

        if (!is_current(r, node_id) || !said || !said->hears_majority || r->now < peering->handover_next)
                return false;
        return is_leaving(r) || liveness_unbroken(&r->liveness, r->now, node_id) >= r->timing.settle;
}

static const char *choose_successor(const Register *r) {
        const Value *value = r->memory.accepted.value;

        for (size_t i = 0; i < value_n_voters(value); i++) {
                const char *voter = value_voter(value, i);

                if (strcmp(voter, r->node_id) == 0) {
                        if (!is_leaving(r))
                                return NULL;
                } else if (may_lead(r, voter)) {
                        return voter;
                }
        }
        return NULL;
}

static void hand_over(Register *r, const char *successor) {
        g_autofree char *to = g_strdup(successor);
        Handover message = { .term = r->memory.term };
        Peering *peering = peering_get(r, to);
        usec_t election = value_election_timeout(r, r->memory.accepted.value);

        peering->handover_next = r->now + (election << MIN(peering->handover_failures, 4u));
        peering->handover_failures++;
        election_step_down(r); /* for good in this term: only then it is said */
        register_send(r,
                      to,
                      REGISTER_METHOD_HANDOVER,
                      &handover_type,
                      &message,
                      /* urgent= */ true,
                      /* immediate= */ true);
}

void members_step(Register *r) {
        const char *successor;

        if (!offer_is_ready(r) || !g_queue_is_empty(&r->queue) || !register_acts(r, r->now))
                return;

        register_each_peer(r, promote);
        if (!g_queue_is_empty(&r->queue))
                return;

        /* a new leader first has time for what was asked of the old one, its removal for example */
        if (!is_leaving(r) &&
            r->now - r->lead_since < 2 * value_election_timeout(r, r->memory.accepted.value))
                return;
        successor = choose_successor(r);
        if (successor)
                hand_over(r, successor);
}

/* removal */

static void tell_removed(Register *r, const char *node, uint64_t version) {
        Removed message = { .version = version };

        register_send(r,
                      node,
                      REGISTER_METHOD_REMOVED,
                      &removed_type,
                      &message,
                      /* urgent= */ true,
                      /* immediate= */ true);
}

static void be_removed(Register *r, const char *by, uint64_t version) {
        RegisterEffect *effect;

        if (r->removed)
                return;
        election_step_down(r);
        r->removed = true;
        effect = register_effect_new(REGISTER_REMOVED);
        effect->node = g_strdup(by);
        effect->seq = version;
        register_emit(r, effect, /* immediate= */ true);
}

/* After a commit: those who are gone are told, be it ourselves. */
void members_shown(Register *r, const Value *previous) {
        const Barred *self = value_barred_node(r->shown.value, r->node_id);
        size_t n;
        Record *const *peers = value_slice(previous, RECORD_PEER, &n);

        for (size_t i = 0; i < n && r->role == ROLE_LEADER; i++) {
                const Barred *barred = value_peer(r->shown.value, peers[i]->id)
                                                       ? NULL
                                                       : value_barred_node(r->shown.value, peers[i]->id);

                if (barred)
                        tell_removed(r, barred->node_id, barred->version);
        }
        liveness_prune(&r->liveness, r->shown.value, r->memory.accepted.value);
        if (self && !value_peer(r->shown.value, r->node_id))
                be_removed(r, r->node_id, self->version);
}

void members_told_removed(Register *r, const char *from, const Removed *removed) {
        if (register_is_member(r, from) && removed->version > 0)
                be_removed(r, from, removed->version);
}

/* A barred node gets one answer, whatever it says. */
bool members_answer_barred(Register *r, const char *from) {
        const Barred *barred = value_barred_node(r->shown.value, from);

        if (!barred || value_peer(r->shown.value, from))
                return false;
        tell_removed(r, from, barred->version);
        return true;
}
