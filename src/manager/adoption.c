/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/adoption.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "config/validate.h"
#include "transport/identity.h"

static int refuse(char **reterr_text, const char *text) {
        if (reterr_text)
                *reterr_text = g_strdup(text);
        return -EBADMSG;
}

/* the key that is pinned is the certificate's */
static bool has_its_certificate(const Peer *peer) {
        Fingerprint pinned, shown;

        return peer->fingerprint && fingerprint_from_string(peer->fingerprint, &pinned) >= 0 &&
               peer->cert_pem && certificate_fingerprint(peer->cert_pem, &shown) >= 0 &&
               fingerprint_equal(&pinned, &shown);
}

static int check_members(const GPtrArray *peers, char **reterr_text) {
        const Document document = { .peers = (GPtrArray *) peers };
        _cleanup_(complaint_freep) Complaint *complaint = NULL;

        if (document_validate(&document, &complaint) < 0) {
                if (reterr_text)
                        *reterr_text = complaint_to_string(complaint, NULL);
                return -EBADMSG;
        }
        for (unsigned i = 0; i < peers->len; i++)
                if (!has_its_certificate(g_ptr_array_index(peers, i)))
                        return refuse(reterr_text,
                                      "the list of members has one whose certificate is not of its "
                                      "fingerprint");
        return 0;
}

/* all that the register leans on until the leader's value comes */
static bool names_us(const GPtrArray *peers, const char *node_id, const char *fingerprint) {
        bool has_us = false, has_voter = false;

        for (unsigned i = 0; i < peers->len; i++) {
                const Peer *peer = g_ptr_array_index(peers, i);

                if (strcmp(peer->node_id, node_id) == 0)
                        has_us = strcmp(peer->fingerprint, fingerprint) == 0;
                else
                        has_voter = has_voter || !peer->joining;
        }
        return has_us && has_voter;
}

static Value *make_value(const JoinOffer *offer, const char *node_id) {
        _cleanup_(value_unrefp) Value *nothing = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_new();
        ClusterMeta *meta = cluster_meta_new();

        meta->cluster_id = g_strdup(offer->cluster_id);
        meta->version = offer->version;
        delta_put_object(delta, RECORD_META, meta);
        for (unsigned i = 0; i < offer->peers->len; i++) {
                Peer *peer = peer_copy(g_ptr_array_index(offer->peers, i));

                if (strcmp(peer->node_id, node_id) == 0)
                        peer->joining = true;
                delta_put_object(delta, RECORD_PEER, peer);
        }
        return value_apply(nothing, delta);
}

int adoption_value(
                const JoinOffer *offer,
                const char *node_id,
                const char *fingerprint,
                Value **ret,
                char **reterr_text) {
        int r;

        assert(offer);
        assert(node_id);
        assert(fingerprint);
        assert(ret);

        if (!offer->peers)
                return refuse(reterr_text, "the list of members is empty");
        r = check_members(offer->peers, reterr_text);
        if (r < 0)
                return r;
        if (!names_us(offer->peers, node_id, fingerprint))
                return refuse(reterr_text,
                              "the list of members does not have this node with its key, and a voter "
                              "besides");
        *ret = make_value(offer, node_id);
        return 0;
}
