/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The invited node's side of joining: what a stranger may ask. After its hello that is join.probe, then
 * join.prove; only who has proven the secret reaches the manager. All of this fits into 4 KiB frames and ten
 * seconds. */

#include <assert.h>
#include <errno.h>
#include <gnutls/gnutls.h>

#include "base/limits.h"
#include "base/names.h"
#include "transport/mesh.h"
#include "wire/codec.h"

/* The stranger; owner of the connection from its hello on. */
typedef struct Stranger {
        char *node_id;
        char *cluster_id; /* proven for; NULL: not yet */
        char *certificate;
        char fingerprint[FINGERPRINT_TEXT_SIZE];
} Stranger;

static const ConnectionHandler greeting_handler, asking_handler, joining_handler;

static Stranger *stranger_free(Stranger *stranger) {
        if (!stranger)
                return NULL;
        g_free(stranger->node_id);
        g_free(stranger->cluster_id);
        g_free(stranger->certificate);
        g_free(stranger);
        return NULL;
}

static void on_stranger_closed(Connection *connection, int error, const char *why) {
        Stranger *stranger = connection->owner;

        if (error == -EBADMSG || error == -EMSGSIZE || error == -EPROTO)
                transport_notify(
                                connection->transport,
                                TRANSPORT_EVENT_PROTOCOL,
                                connection->address_text,
                                NULL,
                                NULL,
                                why);
        connection->owner = stranger_free(stranger);
}

/* closes it by our own decision; its owner goes with it */
static void turn_away(Connection *connection, TransportEventKind kind, const char *text) {
        transport_notify(
                        connection->transport,
                        kind,
                        connection->address_text,
                        NULL,
                        connection_fingerprint(connection),
                        text);
        connection_end(connection, -ECONNABORTED, text);
}

static void answer(Connection *connection, uint64_t id, const char *result, const char *error) {
        (void) connection_send(
                        connection,
                        &(Envelope){ .id = id, .result = (char *) result, .error = (char *) error },
                        /* urgent= */ false);
}

/* the last word to someone that is refused */
static void answer_and_finish(Connection *connection, uint64_t id, const char *result, const char *error) {
        answer(connection, id, result, error);
        connection->owner = stranger_free(connection->owner);
        connection_finish(connection, USEC_PER_SEC);
}

static void ask_state(Transport *transport, JoinState *state) {
        state->node_id = g_strdup(identity_node_id(transport->identity));
        state->cluster_id = g_strdup(transport->cluster_id);
        if (transport->callbacks.join_state)
                transport->callbacks.join_state(transport->userdata, state);
}

static void on_probe(Connection *connection, const Envelope *envelope) {
        _cleanup_(join_state_freep) JoinState *state = join_state_new();
        g_autofree char *result = NULL;

        ask_state(connection->transport, state);
        result = codec_encode_text(&join_state_type, state);
        answer(connection, envelope->id, result, NULL);
}

/* proving
 * ---------------------------------------------------------------------------------------------------- */

static char *hex_of(const uint8_t bytes[static JOIN_PROOF_BYTES]) {
        return join_key_to_string((const JoinKey *) (const void *) bytes);
}

/* Whether the dialler's proof is right; fills in ours. */
static bool check_proof(Connection *connection, const Proof *proof, char **ret_answer) {
        Transport *transport = connection->transport;
        const Fingerprint *dialler = connection_fingerprint(connection);
        const Fingerprint *listener = identity_fingerprint(transport->identity);
        uint8_t exporter[32], expected[JOIN_PROOF_BYTES], ours[JOIN_PROOF_BYTES];
        JoinKey given;

        if (join_key_from_string(proof->proof, &given) < 0 ||
            tls_export(connection->tls, JOIN_EXPORTER_LABEL, exporter, sizeof exporter) < 0)
                return false;
        join_proof(&transport->join_key,
                   JOIN_DIALLER,
                   exporter,
                   dialler,
                   listener,
                   proof->cluster_id ?: "",
                   expected);
        if (gnutls_memcmp(expected, given.bytes, sizeof expected) != 0) /* in constant time */
                return false;
        join_proof(&transport->join_key,
                   JOIN_LISTENER,
                   exporter,
                   dialler,
                   listener,
                   proof->cluster_id ?: "",
                   ours);
        *ret_answer = hex_of(ours);
        return true;
}

/* A sentence why nobody may prove anything now; NULL: go on. */
static char *find_obstacle(Connection *connection) {
        Transport *transport = connection->transport;
        _cleanup_(join_state_freep) JoinState *state = join_state_new();
        AddressKey key = address_key(&connection->address);

        if (!transport->has_join_key)
                return g_strdup("the invited node has no cluster secret");
        if (!admission_may_join(&transport->admission, &key, transport_now(transport)))
                return g_strdup("too many failed joins at the invited node, wait a minute");
        ask_state(transport, state);
        if (!state->is_free)
                return g_strdup_printf(
                                "the invited node is in cluster %s with %" G_GUINT64_FORMAT
                                " peers and %" G_GUINT64_FORMAT
                                " checks; invite from over there, or \"quctl node reset\" it first",
                                state->cluster_id,
                                state->n_peers,
                                state->n_checks);
        return NULL;
}

static void on_wrong_proof(Connection *connection, const Envelope *envelope) {
        Transport *transport = connection->transport;
        AddressKey key = address_key(&connection->address);

        admission_join_failed(&transport->admission, &key, transport_now(transport));
        transport_notify(
                        transport,
                        TRANSPORT_EVENT_JOIN_FAILED,
                        connection->address_text,
                        ((Stranger *) connection->owner)->node_id,
                        connection_fingerprint(connection),
                        "does not know the cluster secret");
        answer_and_finish(connection, envelope->id, "{\"wrong\":true}", NULL);
}

static void
on_right_proof(Connection *connection, const Envelope *envelope, const Proof *proof, const char *ours) {
        Transport *transport = connection->transport;
        Stranger *stranger = connection->owner;
        g_autofree char *result = codec_encode_text(&proof_type, &(Proof){ .proof = (char *) ours });

        stranger->cluster_id = g_strdup(proof->cluster_id ?: "");
        stranger->certificate = tls_peer_certificate(connection->tls);
        connection_trust(connection);
        connection_set_limit(connection, SMALL_FILE_MAX_BYTES);
        connection_set_deadline(
                        connection,
                        usec_add(transport_now(transport), JOIN_SESSION_USEC),
                        -ETIMEDOUT,
                        "joining took too long");
        connection_set_handler(connection, &joining_handler, stranger);
        answer(connection, envelope->id, result, NULL);
        transport_notify(
                        transport,
                        TRANSPORT_EVENT_JOIN_PROVEN,
                        connection->address_text,
                        stranger->node_id,
                        connection_fingerprint(connection),
                        "has proven the cluster secret");
}

static void on_prove(Connection *connection, const Envelope *envelope) {
        g_autofree char *obstacle = find_obstacle(connection), *ours = NULL;
        _cleanup_(proof_freep) Proof *proof = NULL;

        if (obstacle) {
                transport_notify(
                                connection->transport,
                                TRANSPORT_EVENT_STRANGER,
                                connection->address_text,
                                NULL,
                                connection_fingerprint(connection),
                                obstacle);
                answer_and_finish(connection, envelope->id, NULL, obstacle);
                return;
        }
        proof = message_params(&proof_type, envelope);
        if (proof && check_proof(connection, proof, &ours))
                on_right_proof(connection, envelope, proof, ours);
        else
                on_wrong_proof(connection, envelope);
}

/* what comes in
 * ---------------------------------------------------------------------------------------------- */

static void on_joiner_message(Connection *connection, const Envelope *envelope) {
        Transport *transport = connection->transport;
        Stranger *stranger = connection->owner;
        const Joiner joiner = {
                .node_id = stranger->node_id,
                .fingerprint = stranger->fingerprint,
                .certificate = stranger->certificate,
                .cluster_id = stranger->cluster_id,
                .address = connection->address_text,
        };
        TransportCall *call;

        if (!envelope->method || !*envelope->method || envelope->id == 0)
                return; /* the inviter asks, nothing else */
        call = incoming_call_new(transport, NULL, connection, envelope->id);
        if (transport->callbacks.join_call)
                transport->callbacks.join_call(
                                transport->userdata,
                                &joiner,
                                envelope->method,
                                envelope->params ?: "{}",
                                call);
        else
                transport_call_fail(call, "no such method");
}

static void on_question(Connection *connection, const Envelope *envelope) {
        if (envelope->id > 0 && g_strcmp0(envelope->method, METHOD_JOIN_PROBE) == 0)
                on_probe(connection, envelope);
        else if (envelope->id > 0 && g_strcmp0(envelope->method, METHOD_JOIN_PROVE) == 0)
                on_prove(connection, envelope);
        else if (g_strcmp0(envelope->method, METHOD_REFUSED) ==
                 0) /* a member that has us as joining already */
                connection_end(connection, -EREMOTE, "refused");
        else
                turn_away(connection,
                          TRANSPORT_EVENT_STRANGER,
                          "a stranger asked for what is not a stranger's");
}

static void greet(Connection *connection) {
        Transport *transport = connection->transport;
        const Hello hello = {
                .protocol = WIRE_PROTOCOL_VERSION,
                .node_id = (char *) identity_node_id(transport->identity),
                .value_format = transport->value_format,
                .stranger = true,
        };
        g_autofree char *params = codec_encode_text(&hello_type, &hello);

        (void) connection_send(
                        connection,
                        &(Envelope){ .method = (char *) METHOD_HELLO, .params = params },
                        /* urgent= */ true);
}

static void on_greeting(Connection *connection, const Envelope *envelope) {
        _cleanup_(hello_freep) Hello *hello = NULL;
        Stranger *stranger;

        hello = g_strcmp0(envelope->method, METHOD_HELLO) == 0 ? message_params(&hello_type, envelope)
                                                               : NULL;
        if (!hello) {
                turn_away(connection, TRANSPORT_EVENT_STRANGER, "a stranger that did not begin with hello");
                return;
        }
        stranger = g_new0(Stranger, 1);
        stranger->node_id = g_strdup(hello->node_id);
        (void) fingerprint_to_string(connection_fingerprint(connection), stranger->fingerprint);
        connection_set_handler(connection, &asking_handler, stranger);
        greet(connection);
}

static const ConnectionHandler greeting_handler = { .message = on_greeting, .closed = on_stranger_closed };
static const ConnectionHandler asking_handler = { .message = on_question, .closed = on_stranger_closed };
static const ConnectionHandler joining_handler = { .message = on_joiner_message,
                                                   .closed = on_stranger_closed };

void guest_welcome(Transport *transport, Connection *connection) {
        assert(connection->transport == transport);
        connection_set_handler(connection, &greeting_handler, NULL);
}

void guest_forget(Connection *connection) {
        if (connection->handler == &asking_handler || connection->handler == &joining_handler)
                connection->owner = stranger_free(connection->owner);
}
