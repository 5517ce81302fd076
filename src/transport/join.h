/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Joining, the part before trust. Probe: what is at this address? The operator compares the fingerprint and
 * confirms. Invite: a second connection to the same key, on which both sides prove that they know the
 * cluster secret (docs/wire.md, "The proof") before anything else is said; then the inviter makes its calls
 * on it, with methods of the manager's choice. Nothing here stores trust: that is the manager's, and it does
 * so after the proofs, on both sides. When the manager has added the new peer by transport_set_peers(), the
 * mesh dials it at once; the invitation's own connection serves joining alone. */

#include "transport/transport.h"

/* What a node tells a stranger about itself: enough to refuse an invitation in words. */
struct JoinState {
        char *node_id;
        char *advertise;
        char *cluster_id;
        bool is_free; /* sole voter, no checks, no alerts: may be invited */
        uint64_t n_peers;
        uint64_t n_checks;
        uint64_t n_alerts;
};
DECLARE_OBJECT(JoinState, join_state);

/* the inviter
 * ------------------------------------------------------------------------------------------------ */

/* Errors, with a sentence: -EHOSTUNREACH no such host; -ECONNREFUSED, -ETIMEDOUT, …; -EPROTO it does not
 * speak our protocol; -ELOOP it is this node itself; -EKEYREJECTED another key than expected; -EACCES the
 * secrets differ; -EREMOTE it refuses, in its words; -ECANCELED the transport was freed. */
typedef void (*join_probe_t)(
                void *userdata,
                int error,
                const char *fingerprint,
                const JoinState *state,
                const char *text);
/* address: host:port. deadline_usec: CLOCK_BOOTTIME. probed is called once, never before this returns. */
void transport_join_probe(
                Transport *transport,
                const char *address,
                usec_t deadline_usec,
                join_probe_t probed,
                void *userdata);

typedef struct Invitation Invitation;
typedef void (*invite_t)(void *userdata, int error, Invitation *invitation, const char *text);
/* Until both proofs are right, or an error; never called from within. The invitation returned may be given
 * up by invitation_free() before that. With an error it is gone after the call; without, it is the caller's
 * up to invitation_free(), and its connection lives until deadline_usec at the latest. */
Invitation *transport_invite(
                Transport *transport,
                const char *address,
                const Fingerprint *expected,
                const char *cluster_id,
                const JoinKey *key,
                usec_t deadline_usec,
                invite_t invited,
                void *userdata);
Invitation *
invitation_free(Invitation *invitation); /* calls under way end with -ECANCELED, on the next turn */
DEFINE_CLEANUP(Invitation, invitation_free);

/* borrowed */
const char *invitation_node_id(const Invitation *invitation);
const char *invitation_fingerprint(const Invitation *invitation);
const char *invitation_certificate(const Invitation *invitation); /* PEM, of the connection */
/* as transport_call(); -ENOTCONN: the connection is gone */
int invitation_call(
                Invitation *invitation,
                const char *method,
                const char *params,
                usec_t deadline_usec,
                transport_answer_t answer,
                void *userdata);

/* the invited
 * ------------------------------------------------------------------------------------------------ */

/* Who asks, in TransportCallbacks.join_call: it has proven the secret for this cluster id, on a connection
 * of this key. Borrowed for the call. */
struct Joiner {
        const char *node_id;
        const char *fingerprint;
        const char *certificate; /* PEM */
        const char *cluster_id;  /* that it invites into */
        const char *address;
};

/* the proof, for both and for tests
 * -------------------------------------------------------------------------- */

#define JOIN_PROOF_BYTES 32
typedef enum JoinRole { JOIN_DIALLER, JOIN_LISTENER } JoinRole;
/* HMAC-SHA256(key, role || exporter || dialler's SPKI hash || listener's SPKI hash || cluster id); exporter:
 * 32 bytes of RFC 5705 keying material of the connection under JOIN_EXPORTER_LABEL. */
void join_proof(const JoinKey *key,
                JoinRole role,
                const uint8_t exporter[static 32],
                const Fingerprint *dialler,
                const Fingerprint *listener,
                const char *cluster_id,
                uint8_t ret[static JOIN_PROOF_BYTES]);
