/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "transport/join.h"

void join_proof(const JoinKey *key,
                JoinRole role,
                const uint8_t exporter[static 32],
                const Fingerprint *dialler,
                const Fingerprint *listener,
                const char *cluster_id,
                uint8_t ret[static JOIN_PROOF_BYTES]) {
        /* the role makes the two proofs differ, so that one sent back is not the other */
        const char *name = role == JOIN_DIALLER ? "dialler" : "listener";
        gnutls_hmac_hd_t hmac;

        assert(key);
        assert(cluster_id);

        if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, key->bytes, sizeof key->bytes) < 0)
                g_error("no HMAC-SHA256");
        (void) gnutls_hmac(hmac, name, strlen(name));
        (void) gnutls_hmac(hmac, exporter, 32);
        (void) gnutls_hmac(hmac, dialler->bytes, sizeof dialler->bytes);
        (void) gnutls_hmac(hmac, listener->bytes, sizeof listener->bytes);
        (void) gnutls_hmac(hmac, cluster_id, strlen(cluster_id));
        gnutls_hmac_deinit(hmac, ret);
}
