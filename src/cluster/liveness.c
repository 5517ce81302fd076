/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/liveness.h"

#include <assert.h>
#include <string.h>

static void live_peer_free(void *data) {
        LivePeer *peer = data;

        (void) heartbeat_free(peer->said);
        g_free(peer->node_id);
        g_free(peer);
}

void liveness_init(Liveness *liveness, const ClusterTiming *timing) {
        assert(liveness);
        assert(timing);

        *liveness = (Liveness){
                .timing = *timing,
                .peers = g_ptr_array_new_with_free_func(live_peer_free),
        };
}

void liveness_done(Liveness *liveness) {
        assert(liveness);
        g_clear_pointer(&liveness->peers, g_ptr_array_unref);
}

/* the place of the NodeID, or where it belongs */
static unsigned place_of(const Liveness *liveness, const char *node_id) {
        unsigned low = 0, high = liveness->peers->len;

        while (low < high) {
                unsigned middle = low + (high - low) / 2;
                const LivePeer *peer = g_ptr_array_index(liveness->peers, middle);

                if (strcmp(peer->node_id, node_id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static LivePeer *find(const Liveness *liveness, const char *node_id) {
        unsigned place = place_of(liveness, node_id);
        LivePeer *peer;

        if (place == liveness->peers->len)
                return NULL;
        peer = g_ptr_array_index(liveness->peers, place);
        return strcmp(peer->node_id, node_id) == 0 ? peer : NULL;
}

static LivePeer *get(Liveness *liveness, usec_t now, const char *node_id) {
        LivePeer *peer = find(liveness, node_id);

        if (peer)
                return peer;
        peer = g_new0(LivePeer, 1);
        peer->node_id = g_strdup(node_id);
        peer->last_heard = peer->alive_since = now;
        g_ptr_array_insert(liveness->peers, (int) place_of(liveness, node_id), peer);
        return peer;
}

void liveness_heard(Liveness *liveness, usec_t now, const char *node_id) {
        LivePeer *peer;

        assert(liveness);
        assert(node_id);

        peer = get(liveness, now, node_id);
        if (now - peer->last_heard > liveness->timing.dead_after)
                peer->alive_since = now;
        peer->last_heard = now;
}

void liveness_said(Liveness *liveness, usec_t now, const char *node_id, Heartbeat *heartbeat_consumed) {
        LivePeer *peer;

        assert(heartbeat_consumed);

        liveness_heard(liveness, now, node_id);
        peer = find(liveness, node_id);
        if (peer->said && peer->said->incarnation != heartbeat_consumed->incarnation)
                peer->alive_since = now;
        (void) heartbeat_free(peer->said);
        peer->said = heartbeat_consumed;
        peer->said_at = now;
}

void liveness_prune(Liveness *liveness, const Value *keep, const Value *keep_also) {
        assert(liveness);

        for (unsigned i = liveness->peers->len; i > 0; i--) {
                const LivePeer *peer = g_ptr_array_index(liveness->peers, i - 1);

                if (!value_peer(keep, peer->node_id) && !value_peer(keep_also, peer->node_id))
                        g_ptr_array_remove_index(liveness->peers, i - 1);
        }
}

const LivePeer *liveness_find(const Liveness *liveness, const char *node_id) {
        assert(liveness);
        assert(node_id);
        return find(liveness, node_id);
}

bool liveness_is_live(const Liveness *liveness, usec_t now, const char *node_id) {
        const LivePeer *peer = liveness_find(liveness, node_id);

        return peer && now - peer->last_heard <= liveness->timing.dead_after;
}

usec_t liveness_unbroken(const Liveness *liveness, usec_t now, const char *node_id) {
        return liveness_is_live(liveness, now, node_id) ? now - find(liveness, node_id)->alive_since : 0;
}

const Heartbeat *liveness_last_said(const Liveness *liveness, usec_t now, const char *node_id) {
        const LivePeer *peer = liveness_find(liveness, node_id);

        return peer && peer->said && now - peer->said_at <= liveness->timing.dead_after ? peer->said : NULL;
}
