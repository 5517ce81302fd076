/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inviter's side: one object for a probe and for an invitation, as the second goes on where the first
 * ends. Address after address is tried until one connects; then hello, join.probe, and for an invitation
 * join.prove. */

#include <assert.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "transport/mesh.h"
#include "wire/codec.h"

struct Invitation {
        Transport *transport;
        GList in_invitations;
        char *address;
        usec_t deadline;
        bool is_probe;
        bool over; /* told the caller, or never shall */

        join_probe_t probed;
        invite_t invited;
        void *userdata;

        Fingerprint expected;
        char *cluster_id;
        JoinKey key;

        NameLookup *lookup;
        Address addresses[ADDRESSES_MAX];
        size_t n_addresses;
        size_t next_address;
        Connection *connection;
        sd_event_source *timer;
        CallTable calls;

        /* of the other side */
        char fingerprint[FINGERPRINT_TEXT_SIZE];
        char *certificate;
        JoinState *state;
};

static const ConnectionHandler inviting_handler;

/* ends
 * ------------------------------------------------------------------------------------------------------- */

static void release(void *userdata) {
        Invitation *invitation = userdata;

        g_free(invitation->address);
        g_free(invitation->cluster_id);
        g_free(invitation->certificate);
        (void) join_state_free(invitation->state);
        gnutls_memset(&invitation->key, 0, sizeof invitation->key);
        g_free(invitation);
}

Invitation *invitation_free(Invitation *invitation) {
        if (!invitation)
                return NULL;

        invitation->over = true;
        invitation->lookup = name_lookup_cancel(invitation->lookup);
        invitation->timer = sd_event_source_disable_unref(invitation->timer);
        if (invitation->connection)
                connection_drop(invitation->connection);
        invitation->connection = NULL;
        if (!invitation->transport) { /* which went before */
                release(invitation);
                return NULL;
        }
        call_table_done(&invitation->calls, -ECANCELED, "given up");
        g_queue_unlink(&invitation->transport->invitations, &invitation->in_invitations);
        transport_later(invitation->transport, release, invitation); /* a dispatch may still be in it */
        return NULL;
}

/* the end of a probe, or of an invitation that did not come about */
static void fail(Invitation *invitation, int error, const char *text) {
        g_autofree char *sentence = g_strdup(text);

        if (invitation->over)
                return;
        invitation->over = true;
        if (invitation->is_probe)
                invitation->probed(invitation->userdata, error, invitation->fingerprint, NULL, sentence);
        else
                invitation->invited(invitation->userdata, error, NULL, sentence);
        (void) invitation_free(invitation);
}

static void G_GNUC_PRINTF(3, 4) fail_with(Invitation *invitation, int error, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        fail(invitation, error, text);
}

void invitation_abandon(Invitation *invitation) {
        Transport *transport = invitation->transport;

        if (!invitation->over) {
                fail(invitation, -ECANCELED, "this node stops");
                return;
        }
        /* the caller's: stays as a shell until the caller frees it */
        invitation->timer = sd_event_source_disable_unref(invitation->timer);
        if (invitation->connection)
                connection_drop(invitation->connection);
        invitation->connection = NULL;
        call_table_done(&invitation->calls, -ECANCELED, "this node stops");
        g_queue_unlink(&transport->invitations, &invitation->in_invitations);
        invitation->transport = NULL;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Invitation *invitation = userdata;

        if (invitation->over) { /* the caller has it: only its connection ends */
                if (invitation->connection)
                        connection_end(invitation->connection, -ETIMEDOUT, "the invitation's time is over");
        } else
                fail_with(invitation, -ETIMEDOUT, "%s does not answer in time", invitation->address);
        return 0;
}

/* proving
 * ---------------------------------------------------------------------------------------------------- */

static bool make_proof(const Invitation *invitation, JoinRole role, JoinKey *ret) {
        uint8_t exporter[32];

        if (tls_export(invitation->connection->tls, JOIN_EXPORTER_LABEL, exporter, sizeof exporter) < 0)
                return false;
        join_proof(&invitation->key,
                   role,
                   exporter,
                   identity_fingerprint(invitation->transport->identity),
                   connection_fingerprint(invitation->connection),
                   invitation->cluster_id,
                   ret->bytes);
        return true;
}

static void come_about(Invitation *invitation) {
        Transport *transport = invitation->transport;

        invitation->over = true;
        invitation->certificate = tls_peer_certificate(invitation->connection->tls);
        connection_set_limit(invitation->connection, SMALL_FILE_MAX_BYTES);
        transport_notify(
                        transport,
                        TRANSPORT_EVENT_JOIN_PROVEN,
                        invitation->connection->address_text,
                        invitation->state->node_id,
                        connection_fingerprint(invitation->connection),
                        "has proven the cluster secret");
        invitation->invited(invitation->userdata, 0, invitation, NULL);
}

static void on_proven(void *userdata, int error, const char *result, const char *text) {
        Invitation *invitation = userdata;
        _cleanup_(proof_freep) Proof *proof = NULL;
        JoinKey expected, given;

        if (invitation->over)
                return;
        if (error < 0) {
                fail(invitation, error, text);
                return;
        }
        proof = message_params(&proof_type, &(Envelope){ .params = (char *) result });
        if (!proof)
                fail_with(invitation, -EPROTO, "%s gave an answer that is none", invitation->address);
        else if (proof->wrong)
                fail_with(invitation,
                          -EACCES,
                          "%s has another cluster secret than this node: \"quctl node reset\" over there, "
                          "then "
                          "\"quctl init\" with --secret-file and the secret of this cluster",
                          invitation->address);
        else if (join_key_from_string(proof->proof, &given) < 0 ||
                 !make_proof(invitation, JOIN_LISTENER, &expected) ||
                 gnutls_memcmp(expected.bytes, given.bytes, sizeof expected.bytes) != 0) {
                transport_notify(
                                invitation->transport,
                                TRANSPORT_EVENT_JOIN_FAILED,
                                invitation->connection->address_text,
                                invitation->state->node_id,
                                connection_fingerprint(invitation->connection),
                                "took our proof, and gave none of its own that is right");
                fail_with(invitation,
                          -EACCES,
                          "%s does not know the cluster secret: it may not be the node it seems to be",
                          invitation->address);
        } else
                come_about(invitation);
}

static void prove(Invitation *invitation) {
        g_autofree char *params = NULL, *hex = NULL;
        JoinKey proof;

        if (!make_proof(invitation, JOIN_DIALLER, &proof)) {
                fail(invitation, -EIO, "the connection gives no keying material");
                return;
        }
        hex = join_key_to_string(&proof);
        params = codec_encode_text(
                        &proof_type, &(Proof){ .cluster_id = invitation->cluster_id, .proof = hex });
        if (call_table_send(&invitation->calls,
                            invitation->connection,
                            METHOD_JOIN_PROVE,
                            params,
                            /* urgent= */ false,
                            invitation->deadline,
                            on_proven,
                            invitation) < 0)
                fail(invitation, -ECONNRESET, "the connection is gone");
}

/* probing
 * ---------------------------------------------------------------------------------------------------- */

static void on_state(void *userdata, int error, const char *result, const char *text) {
        Invitation *invitation = userdata;

        if (invitation->over)
                return;
        if (error < 0) {
                fail(invitation, error, text);
                return;
        }
        invitation->state = message_params(&join_state_type, &(Envelope){ .params = (char *) result });
        if (!invitation->state)
                fail_with(invitation, -EPROTO, "%s gave an answer that is none", invitation->address);
        else if (!invitation->is_probe)
                prove(invitation);
        else {
                invitation->over = true;
                invitation->probed(
                                invitation->userdata, 0, invitation->fingerprint, invitation->state, NULL);
                (void) invitation_free(invitation);
        }
}

static void probe(Invitation *invitation) {
        if (call_table_send(&invitation->calls,
                            invitation->connection,
                            METHOD_JOIN_PROBE,
                            NULL,
                            /* urgent= */ false,
                            invitation->deadline,
                            on_state,
                            invitation) < 0)
                fail(invitation, -ECONNRESET, "the connection is gone");
}

/* the connection
 * --------------------------------------------------------------------------------------------- */

static void on_open(Connection *connection) {
        Invitation *invitation = connection->owner;
        Transport *transport = invitation->transport;
        const Fingerprint *fingerprint = connection_fingerprint(connection);
        const Hello hello = {
                .protocol = WIRE_PROTOCOL_VERSION,
                .node_id = (char *) identity_node_id(transport->identity),
                .cluster_id = invitation->cluster_id,
                .value_format = transport->value_format,
        };
        g_autofree char *params = codec_encode_text(&hello_type, &hello);

        (void) fingerprint_to_string(fingerprint, invitation->fingerprint);
        if (fingerprint_equal(fingerprint, identity_fingerprint(transport->identity))) {
                fail_with(invitation, -ELOOP, "%s is this node itself", invitation->address);
                return;
        }
        if (!invitation->is_probe && !fingerprint_equal(fingerprint, &invitation->expected)) {
                fail_with(invitation,
                          -EKEYREJECTED,
                          "%s now shows the key %s, not the one that was confirmed",
                          invitation->address,
                          invitation->fingerprint);
                return;
        }
        (void) connection_send(
                        connection,
                        &(Envelope){ .method = (char *) METHOD_HELLO, .params = params },
                        /* urgent= */ true);
}

static void on_refusal(Invitation *invitation, const Envelope *envelope) {
        _cleanup_(refusal_freep) Refusal *refusal = message_params(&refusal_type, envelope);

        if (invitation->over)
                connection_end(invitation->connection, -EREMOTE, "refused");
        else
                fail_with(invitation,
                          -EREMOTE,
                          "%s refuses: %s",
                          invitation->address,
                          refusal && refusal->reason ? refusal->reason : "without a reason");
}

static void on_message(Connection *connection, const Envelope *envelope) {
        Invitation *invitation = connection->owner;
        _cleanup_(hello_freep) Hello *hello = NULL;

        if (!envelope->method || !*envelope->method) {
                call_table_answer(&invitation->calls, envelope);
                return;
        }
        if (strcmp(envelope->method, METHOD_REFUSED) == 0) {
                on_refusal(invitation, envelope);
                return;
        }
        if (strcmp(envelope->method, METHOD_HELLO) != 0 || invitation->state || invitation->over)
                return;
        hello = message_params(&hello_type, envelope);
        if (!hello)
                fail_with(invitation, -EPROTO, "%s does not speak this protocol", invitation->address);
        else if (!hello->stranger)
                fail_with(invitation,
                          -EEXIST,
                          "%s is node %s, and knows this node as a peer already",
                          invitation->address,
                          hello->node_id);
        else
                probe(invitation);
}

static void dial_next(Invitation *invitation);

static void on_closed(Connection *connection, int error, const char *why) {
        Invitation *invitation = connection->owner;
        g_autofree char *reason = g_strdup(why);

        invitation->connection = NULL;
        if (invitation->over)
                call_table_fail(&invitation->calls, connection, error, reason);
        else if (!*invitation->fingerprint && error != -EPROTO &&
                 invitation->next_address < invitation->n_addresses)
                dial_next(invitation);
        else
                fail_with(invitation, error, "%s: %s", connection->address_text, reason);
}

static const ConnectionHandler inviting_handler = { .open = on_open,
                                                    .message = on_message,
                                                    .closed = on_closed };

static void dial_next(Invitation *invitation) {
        Transport *transport = invitation->transport;
        int r = -EHOSTUNREACH;

        while (invitation->next_address < invitation->n_addresses) {
                r =
                                connection_dial(transport->event,
                                                transport->identity,
                                                &invitation->addresses[invitation->next_address++],
                                                transport->times.user_timeout,
                                                &inviting_handler,
                                                &invitation->connection);
                if (r < 0)
                        continue;
                invitation->connection->owner = invitation;
                connection_enlist(invitation->connection, transport, &transport->connections);
                return;
        }
        fail_with(invitation, r, "%s: %s", invitation->address, g_strerror(-r));
}

static void on_lookup(void *userdata, int error, const Address *addresses, size_t n, const char *text) {
        Invitation *invitation = userdata;

        invitation->lookup = NULL;
        if (error < 0) {
                fail_with(invitation, error, "%s: %s", invitation->address, text);
                return;
        }
        memcpy(invitation->addresses, addresses, n * sizeof *addresses);
        invitation->n_addresses = n;
        dial_next(invitation);
}

static void report_bad_address(void *userdata) {
        Invitation *invitation = userdata;

        fail_with(invitation, -EINVAL, "\"%s\" is not host:port", invitation->address);
}

static Invitation *
invitation_new(Transport *transport, const char *address, usec_t deadline_usec, void *userdata) {
        Invitation *invitation = g_new0(Invitation, 1);

        invitation->transport = transport;
        invitation->address = g_strdup(address);
        invitation->deadline = deadline_usec;
        invitation->userdata = userdata;
        invitation->in_invitations.data = invitation;
        g_queue_push_tail_link(&transport->invitations, &invitation->in_invitations);
        call_table_init(&invitation->calls, transport);
        return invitation;
}

static void start(Invitation *invitation) {
        Transport *transport = invitation->transport;
        g_autofree char *host = NULL;
        uint16_t port;

        if (address_split(invitation->address, &host, &port) < 0) {
                transport_later(transport, report_bad_address, invitation);
                return;
        }
        (void) sd_event_add_time(
                        transport->event,
                        &invitation->timer,
                        CLOCK_BOOTTIME,
                        invitation->deadline,
                        10 * USEC_PER_MSEC,
                        on_deadline,
                        invitation);
        invitation->lookup = names_lookup(transport->names, host, port, on_lookup, invitation);
}

void transport_join_probe(
                Transport *transport,
                const char *address,
                usec_t deadline_usec,
                join_probe_t probed,
                void *userdata) {
        Invitation *invitation;

        assert(transport);
        assert(address);
        assert(probed);

        invitation = invitation_new(transport, address, deadline_usec, userdata);
        invitation->is_probe = true;
        invitation->probed = probed;
        invitation->cluster_id = g_strdup(transport->cluster_id);
        start(invitation);
}

Invitation *transport_invite(
                Transport *transport,
                const char *address,
                const Fingerprint *expected,
                const char *cluster_id,
                const JoinKey *key,
                usec_t deadline_usec,
                invite_t invited,
                void *userdata) {
        Invitation *invitation;

        assert(transport);
        assert(address);
        assert(expected);
        assert(cluster_id);
        assert(key);
        assert(invited);

        invitation = invitation_new(transport, address, deadline_usec, userdata);
        invitation->invited = invited;
        invitation->expected = *expected;
        invitation->cluster_id = g_strdup(cluster_id);
        invitation->key = *key;
        start(invitation);
        return invitation;
}

/* questions and verbs
 * ---------------------------------------------------------------------------------------- */

const char *invitation_node_id(const Invitation *invitation) {
        assert(invitation);
        return invitation->state->node_id;
}

const char *invitation_fingerprint(const Invitation *invitation) {
        assert(invitation);
        return invitation->fingerprint;
}

const char *invitation_certificate(const Invitation *invitation) {
        assert(invitation);
        return invitation->certificate;
}

int invitation_call(
                Invitation *invitation,
                const char *method,
                const char *params,
                usec_t deadline_usec,
                transport_answer_t answer,
                void *userdata) {
        assert(invitation);

        if (!invitation->connection)
                return -ENOTCONN;
        return call_table_send(
                        &invitation->calls,
                        invitation->connection,
                        method,
                        params,
                        /* urgent= */ false,
                        deadline_usec,
                        answer,
                        userdata);
}
