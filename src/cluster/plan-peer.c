/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Planning who is a member. A node comes in as joining, becomes a voter when it holds the value, and goes
 * for good: its key is barred. That only one voter comes or goes per committed value is the register's rule.
 */

#include <string.h>

#include "base/limits.h"
#include "cluster/plan.h"

static const Peer *find_joining(const Value *value) {
        size_t n;
        Record *const *peers = value_slice(value, RECORD_PEER, &n);

        for (size_t i = 0; i < n; i++)
                if (((const Peer *) peers[i]->object)->joining)
                        return peers[i]->object;
        return NULL;
}

static const Barred *find_barred(const Value *value, const Peer *peer) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_BARRED, &n);

        for (size_t i = 0; i < n; i++) {
                const Barred *barred = records[i]->object;

                if (g_strcmp0(barred->node_id, peer->node_id) == 0 ||
                    g_strcmp0(barred->fingerprint, peer->fingerprint) == 0)
                        return barred;
        }
        return NULL;
}

/* An invitation that was interrupted before the invited adopted the cluster, and is made again. */
static bool joins_again(const Peer *peer, const Peer *joining) {
        return joining && g_strcmp0(joining->node_id, peer->node_id) == 0 &&
               g_strcmp0(joining->fingerprint, peer->fingerprint) == 0;
}

static bool may_join(Plan *plan, const Peer *peer, const Peer *joining) {
        const Barred *barred = find_barred(plan->value, peer);
        g_autofree char *text = NULL;
        size_t n;

        if (!peer->fingerprint || !*peer->fingerprint || !peer->cert_pem || !*peer->cert_pem)
                return plan_refuse(plan, CHANGE_INVALID, "a new peer needs its fingerprint and certificate");
        if (listed_validate(listed_kind(RECORD_PEER), peer, &text) < 0)
                return plan_refuse(plan, CHANGE_INVALID, "%s", text);
        if (barred)
                return plan_refuse(
                                plan,
                                CHANGE_REFUSED,
                                "this node was removed at version %" G_GUINT64_FORMAT
                                " and its key is barred; run \"quctl node reset\" there first",
                                barred->version);
        if (joins_again(peer, joining))
                return true;
        if (value_peer(plan->value, peer->node_id))
                return plan_refuse(plan, CHANGE_EXISTS, "%s is already a peer", peer->node_id);
        if (value_peer_by_fingerprint(plan->value, peer->fingerprint))
                return plan_refuse(
                                plan,
                                CHANGE_EXISTS,
                                "a peer with the key %s is already there",
                                peer->fingerprint);
        if (joining) {
                plan_name_object(plan, listed_kind(RECORD_PEER), joining); /* for whom it has to wait */
                return plan_refuse(
                                plan,
                                CHANGE_REFUSED,
                                "%s at %s is joining just now; one at a time, try again when it is a "
                                "member. If it "
                                "never becomes one, add it again or remove it",
                                joining->node_id,
                                joining->advertise);
        }
        (void) value_slice(plan->value, RECORD_PEER, &n);
        if (n >= PEERS_MAX)
                return plan_refuse(
                                plan, CHANGE_REFUSED, "there are already %zu peers, the most possible", n);
        return true;
}

bool plan_add_peer(Plan *plan, Peer *peer_consumed) {
        _cleanup_(peer_freep) Peer *peer = peer_consumed;
        const Peer *joining = find_joining(plan->value);

        if (!may_join(plan, peer, joining))
                return false;
        peer->joining = true;
        peer->order = joins_again(peer, joining) ? joining->order : plan->meta->next_order++;
        peer->revision = plan->meta->version;
        plan_name_object(plan, listed_kind(RECORD_PEER), peer);
        delta_put_object(plan->delta, RECORD_PEER, TAKE_PTR(peer));
        return true;
}

bool plan_promote(Plan *plan) {
        const Peer *peer = value_peer(plan->value, plan->change->target ?: "");
        Peer *voter;

        if (!peer)
                return plan_refuse(
                                plan,
                                CHANGE_NOT_FOUND,
                                "there is no peer \"%s\"",
                                plan->change->target ?: "");
        plan_name_object(plan, listed_kind(RECORD_PEER), peer);
        if (!peer->joining)
                return true;

        voter = peer_copy(peer);
        voter->joining = false;
        voter->revision = plan->meta->version;
        delta_put_object(plan->delta, RECORD_PEER, voter);
        return true;
}

bool plan_withdraw(Plan *plan) {
        const Peer *peer = value_peer(plan->value, plan->change->target ?: "");

        if (!peer)
                return true; /* never came in, or is out again */
        plan_name_object(plan, listed_kind(RECORD_PEER), peer);
        if (!peer->joining)
                return plan_refuse(plan, CHANGE_REFUSED, "%s is a member already", peer->node_id);
        delta_delete(plan->delta, RECORD_PEER, peer->node_id);
        return true;
}

bool plan_remove_peer(Plan *plan, const Peer *peer) {
        Barred *barred;

        if (!peer->joining && value_n_voters(plan->value) <= 1)
                return plan_refuse(
                                plan,
                                CHANGE_REFUSED,
                                "%s is the last peer; \"quctl node reset\" on it ends the cluster",
                                peer->node_id);

        barred = barred_new();
        barred->node_id = g_strdup(peer->node_id);
        /* a peer of an adopted file may have no key; its NodeID is barred all the same */
        barred->fingerprint = peer->fingerprint && *peer->fingerprint ? g_strdup(peer->fingerprint)
                                                                      : g_strdup(peer->node_id);
        barred->version = plan->meta->version;
        plan_name_object(plan, listed_kind(RECORD_PEER), peer);
        delta_delete(plan->delta, RECORD_PEER, peer->node_id);
        delta_put_object(plan->delta, RECORD_BARRED, barred);
        return true;
}
