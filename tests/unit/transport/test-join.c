/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "harness.h"
#include "transport/connection.h"
#include "transport/hello.h"
#include "wire/codec.h"

static JoinKey test_key, other_key;

static void
on_probed(void *userdata, int error, const char *fingerprint, const JoinState *state, const char *text) {
        Answer *answer = userdata;

        on_answer(userdata, error, NULL, text);
        answer->fingerprint = g_strdup(fingerprint);
        answer->state = join_state_copy(state);
}

static void on_invited(void *userdata, int error, Invitation *invitation_consumed, const char *text) {
        Answer *answer = userdata;

        on_answer(userdata, error, NULL, text);
        answer->invitation = invitation_consumed;
}

static void probe(Node *node, const char *address, Answer *answer) {
        transport_join_probe(node->transport, address, now_usec() + BOUND_USEC / 2, on_probed, answer);
        g_assert_false(answer->done);
        run_until(answered, answer);
}

static void
invite(Node *node, const char *address, const Fingerprint *expected, const JoinKey *key, Answer *answer) {
        transport_invite(
                        node->transport,
                        address,
                        expected,
                        CLUSTER,
                        key,
                        now_usec() + BOUND_USEC / 2,
                        on_invited,
                        answer);
        g_assert_false(answer->done);
        run_until(answered, answer);
}

static void pair(Node **ret_a, Node **ret_b) {
        *ret_a = node_new("a", "127.0.0.1", CLUSTER);
        *ret_b = node_new("b", "127.0.0.1", "bbbb");
        transport_set_join_key((*ret_b)->transport, &test_key);
        (*ret_b)->join.is_free = true;
        (*ret_b)->join.n_peers = 1;
}

static void test_probe(void) {
        Answer answer = {};
        Node *a, *b;

        pair(&a, &b);
        b->join.n_checks = 7;
        probe(a, b->address, &answer);
        g_assert_cmpint(answer.error, ==, 0);
        g_assert_cmpstr(answer.fingerprint, ==, identity_fingerprint_text(b->identity));
        g_assert_cmpstr(answer.state->node_id, ==, b->node_id);
        g_assert_cmpstr(answer.state->cluster_id, ==, "bbbb");
        g_assert_true(answer.state->is_free);
        g_assert_cmpuint(answer.state->n_checks, ==, 7);
        answer_done(&answer);
        node_free(a);
        node_free(b);
}

static void test_probe_errors(void) {
        Answer answer = {};
        Node *a, *b;

        pair(&a, &b);
        probe(a, "nowhere", &answer);
        g_assert_cmpint(answer.error, ==, -EINVAL);
        answer_done(&answer);
        probe(a, "127.0.0.1:1", &answer);
        g_assert_cmpint(answer.error, ==, -ECONNREFUSED);
        answer_done(&answer);
        probe(a, a->address, &answer);
        g_assert_cmpint(answer.error, ==, -ELOOP);
        answer_done(&answer);

        transport_join_probe(a->transport, b->address, now_usec() + BOUND_USEC, on_probed, &answer);
        node_free(a);
        g_assert_true(answer.done);
        g_assert_cmpint(answer.error, ==, -ECANCELED);
        answer_done(&answer);
        node_free(b);
}

static void test_invite(void) {
        Answer answer = {}, called = {};
        g_autofree char *expected = NULL;
        Node *a, *b;

        pair(&a, &b);
        invite(a, b->address, identity_fingerprint(b->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, 0);
        g_assert_cmpstr(invitation_node_id(answer.invitation), ==, b->node_id);
        g_assert_cmpstr(invitation_fingerprint(answer.invitation),
                        ==,
                        identity_fingerprint_text(b->identity));
        g_assert_cmpstr(invitation_certificate(answer.invitation), ==, identity_certificate(b->identity));
        g_assert_cmpuint(a->n_events[TRANSPORT_EVENT_JOIN_PROVEN], ==, 1);
        g_assert_cmpuint(b->n_events[TRANSPORT_EVENT_JOIN_PROVEN], ==, 1);

        g_assert_cmpint(invitation_call(answer.invitation,
                                        "echo",
                                        "{\"members\":[]}",
                                        now_usec() + BOUND_USEC,
                                        on_answer,
                                        &called),
                        ==,
                        0);
        run_until(answered, &called);
        g_assert_cmpint(called.error, ==, 0);
        g_assert_cmpstr(called.result, ==, "{\"members\":[]}");
        expected = g_strdup_printf("%s %s %s", a->node_id, identity_fingerprint_text(a->identity), CLUSTER);
        g_assert_cmpstr(b->last_joiner, ==, expected);
        answer_done(&called);

        /* it survives the change of state that joining is */
        transport_set_cluster(b->transport, CLUSTER);
        node_set_peers(b, (Node *[]){ a }, 1, NULL, 0);
        g_assert_cmpint(invitation_call(answer.invitation,
                                        "echo",
                                        NULL,
                                        now_usec() + BOUND_USEC,
                                        on_answer,
                                        &called),
                        ==,
                        0);
        run_until(answered, &called);
        g_assert_cmpint(called.error, ==, 0);
        answer_done(&called);
        node_set_peers(a, (Node *[]){ b }, 1, NULL, 0);
        while (!transport_is_up(a->transport, b->node_id) || !transport_is_up(b->transport, a->node_id))
                g_assert_cmpint(sd_event_run(test_event, USEC_PER_SEC), >=, 0);

        /* the caller keeps what it was given, whatever goes first */
        node_free(a);
        g_assert_cmpstr(invitation_node_id(answer.invitation), ==, b->node_id);
        answer_done(&answer);
        node_free(b);
}

static void test_wrong_secret(void) {
        Answer answer = {};
        Node *a, *b;

        pair(&a, &b);
        for (unsigned i = 0; i < JOIN_FAILURES_PER_ADDRESS; i++) {
                invite(a, b->address, identity_fingerprint(b->identity), &other_key, &answer);
                g_assert_cmpint(answer.error, ==, -EACCES);
                g_assert_nonnull(strstr(answer.text, "has another cluster secret"));
                g_assert_null(answer.invitation);
                answer_done(&answer);
                g_assert_cmpuint(b->n_events[TRANSPORT_EVENT_JOIN_FAILED], ==, i + 1);
                g_assert_true(g_str_has_prefix(b->last_event, "127.0.0.1:"));
        }
        g_assert_null(b->last_joiner);
        g_assert_cmpuint(b->n_events[TRANSPORT_EVENT_JOIN_PROVEN], ==, 0);

        /* and no more guesses now, not even a right one */
        invite(a, b->address, identity_fingerprint(b->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EREMOTE);
        g_assert_nonnull(strstr(answer.text, "too many failed joins"));
        answer_done(&answer);
        node_free(a);
        node_free(b);
}

static void test_refusals(void) {
        Answer answer = {};
        Node *a, *b;

        pair(&a, &b);
        transport_set_join_key(b->transport, NULL);
        invite(a, b->address, identity_fingerprint(b->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EREMOTE);
        g_assert_nonnull(strstr(answer.text, "no cluster secret"));
        answer_done(&answer);

        transport_set_join_key(b->transport, &test_key);
        b->join = (JoinState){ .n_peers = 3, .n_checks = 12 };
        invite(a, b->address, identity_fingerprint(b->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EREMOTE);
        g_assert_nonnull(strstr(answer.text, "in cluster bbbb with 3 peers and 12 checks"));
        g_assert_nonnull(strstr(answer.text, "quctl node reset"));
        answer_done(&answer);

        /* another key than the operator saw */
        b->join.is_free = true;
        invite(a, b->address, identity_fingerprint(a->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EKEYREJECTED);
        answer_done(&answer);

        /* a key that b's cluster has removed */
        node_set_peers(b, NULL, 0, (Node *[]){ a }, 1);
        invite(a, b->address, identity_fingerprint(b->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EREMOTE);
        g_assert_nonnull(strstr(answer.text, "removed from cluster bbbb at version 42"));
        answer_done(&answer);
        g_assert_cmpuint(b->n_events[TRANSPORT_EVENT_BARRED], ==, 1);

        /* one that is a peer already */
        node_set_peers(b, (Node *[]){ a }, 1, NULL, 0);
        transport_set_cluster(b->transport, CLUSTER);
        invite(a, b->address, identity_fingerprint(b->identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EEXIST);
        answer_done(&answer);
        node_free(a);
        node_free(b);
}

/* A listener that does not know the secret, and sends back whatever proof it was shown, or another. */
typedef struct Impostor {
        TransportIdentity *identity;
        int fd;
        sd_event_source *io;
        GQueue connections;
        char *address;
        const char *proof; /* NULL: an echo */
        bool silent;
} Impostor;

static void
impostor_send(Connection *connection,
              uint64_t id,
              const char *method,
              const char *params,
              const char *result) {
        (void) connection_send(
                        connection,
                        &(Envelope){
                                        .id = id,
                                        .method = (char *) method,
                                        .params = (char *) params,
                                        .result = (char *) result,
                        },
                        false);
}

static void impostor_message(Connection *connection, const Envelope *envelope) {
        Impostor *impostor = connection->owner;

        if (impostor->silent)
                return;
        if (strcmp(envelope->method, METHOD_HELLO) == 0)
                impostor_send(connection,
                              0,
                              METHOD_HELLO,
                              "{\"protocol\":1,\"node_id\":\"x\",\"stranger\":true}",
                              NULL);
        else if (strcmp(envelope->method, METHOD_JOIN_PROBE) == 0)
                impostor_send(connection, envelope->id, NULL, NULL, "{\"node_id\":\"x\",\"is_free\":true}");
        else
                impostor_send(connection, envelope->id, NULL, NULL, impostor->proof ?: envelope->params);
}

static void impostor_open(Connection *connection) {
}

static const ConnectionHandler impostor_handler = { .open = impostor_open, .message = impostor_message };

static int impostor_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Impostor *impostor = userdata;
        Address address = { .size = sizeof address.sa };
        Connection *connection;
        int accepted;

        accepted = accept4(fd, (struct sockaddr *) &address.sa, &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        g_assert_cmpint(accepted, >=, 0);
        g_assert_cmpint(connection_accepted(
                                        test_event,
                                        impostor->identity,
                                        accepted,
                                        &address,
                                        &impostor_handler,
                                        &connection),
                        ==,
                        0);
        connection->owner = impostor;
        connection_enlist(connection, NULL, &impostor->connections);
        return 0;
}

static void impostor_init(Impostor *impostor) {
        Address address = { .size = sizeof address.sa };

        *impostor = (Impostor){ .identity = identity_for("x") };
        g_queue_init(&impostor->connections);
        g_assert_cmpint(address_from_numeric("127.0.0.1", 0, &address), ==, 0);
        impostor->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(impostor->fd, (struct sockaddr *) &address.sa, address.size), ==, 0);
        g_assert_cmpint(listen(impostor->fd, 8), ==, 0);
        g_assert_cmpint(getsockname(impostor->fd, (struct sockaddr *) &address.sa, &address.size), ==, 0);
        impostor->address = address_to_text(&address);
        g_assert_cmpint(sd_event_add_io(test_event,
                                        &impostor->io,
                                        impostor->fd,
                                        1,
                                        impostor_accept,
                                        impostor),
                        >=,
                        0);
}

static void impostor_done(Impostor *impostor) {
        while (impostor->connections.head)
                connection_drop(impostor->connections.head->data);
        (void) sd_event_source_disable_unref(impostor->io);
        (void) close_fd(impostor->fd);
        (void) identity_free(impostor->identity);
        g_free(impostor->address);
}

static void test_impostor(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER);
        Answer answer = {};
        Impostor impostor;

        impostor_init(&impostor);
        invite(a, impostor.address, identity_fingerprint(impostor.identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EACCES);
        g_assert_nonnull(strstr(answer.text, "does not know the cluster secret"));
        g_assert_cmpuint(a->n_events[TRANSPORT_EVENT_JOIN_FAILED], ==, 1);
        g_assert_cmpuint(a->n_events[TRANSPORT_EVENT_JOIN_PROVEN], ==, 0);
        answer_done(&answer);

        impostor.proof = "{\"proof\":\"00\"}";
        invite(a, impostor.address, identity_fingerprint(impostor.identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EACCES);
        answer_done(&answer);

        impostor.proof = "{}";
        invite(a, impostor.address, identity_fingerprint(impostor.identity), &test_key, &answer);
        g_assert_cmpint(answer.error, ==, -EACCES);
        answer_done(&answer);

        impostor.silent = true;
        transport_join_probe(
                        a->transport,
                        impostor.address,
                        now_usec() + 200 * USEC_PER_MSEC,
                        on_probed,
                        &answer);
        run_until(answered, &answer);
        g_assert_cmpint(answer.error, ==, -ETIMEDOUT);
        answer_done(&answer);
        node_free(a);
        impostor_done(&impostor);
}

static void add_tests(void) {
        memset(test_key.bytes, 7, sizeof test_key.bytes);
        memset(other_key.bytes, 8, sizeof other_key.bytes);
        harness_add("join/probe", test_probe);
        harness_add("join/probe-errors", test_probe_errors);
        harness_add("join/invite", test_invite);
        harness_add("join/wrong-secret", test_wrong_secret);
        harness_add("join/refusals", test_refusals);
        harness_add("join/impostor", test_impostor);
}

int main(int argc, char *argv[]) {
        return harness_run(&argc, &argv, add_tests);
}
