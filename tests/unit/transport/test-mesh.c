/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "harness.h"

static bool all_up(void *userdata) {
        Node **nodes = userdata;

        for (size_t i = 0; nodes[i]; i++)
                for (size_t j = 0; nodes[j]; j++)
                        if (i != j && !transport_is_up(nodes[i]->transport, nodes[j]->node_id))
                                return false;
        return true;
}

static void three(Node *nodes[static 4]) {
        nodes[0] = node_new("a", "127.0.0.1", CLUSTER);
        nodes[1] = node_new("b", "127.0.0.1", CLUSTER);
        nodes[2] = node_new("c", "::1", CLUSTER);
        nodes[3] = NULL;
        nodes_mesh(nodes, 3);
        run_until(all_up, nodes);
}

static void free_nodes(Node **nodes) {
        for (size_t i = 0; nodes[i]; i++)
                node_free(nodes[i]);
}

static int call(Node *from, Node *to, const char *method, Answer *answer) {
        return transport_call(
                        from->transport,
                        to->node_id,
                        method,
                        NULL,
                        false,
                        now_usec() + BOUND_USEC,
                        on_answer,
                        answer);
}

static bool got_message(void *userdata) {
        return ((Node *) userdata)->n_messages > 0;
}

static void test_mesh(void) {
        Node *nodes[4];
        Answer answer = {};

        three(nodes);
        g_assert_cmpint(transport_send(nodes[0]->transport, nodes[2]->node_id, "ping", "{\"n\":1}", true),
                        ==,
                        0);
        run_until(got_message, nodes[2]);
        g_assert_nonnull(strstr(nodes[2]->log->str, "message a ping {\"n\":1};"));

        g_assert_cmpint(transport_call(nodes[2]->transport,
                                       nodes[1]->node_id,
                                       "echo",
                                       "{\"x\":[1]}",
                                       false,
                                       now_usec() + BOUND_USEC,
                                       on_answer,
                                       &answer),
                        ==,
                        0);
        g_assert_false(answer.done);
        run_until(answered, &answer);
        g_assert_cmpint(answer.error, ==, 0);
        g_assert_cmpstr(answer.result, ==, "{\"x\":[1]}");
        answer_done(&answer);

        g_assert_cmpint(call(nodes[0], nodes[1], "nonsense", &answer), ==, 0);
        run_until(answered, &answer);
        g_assert_cmpint(answer.error, ==, -EREMOTE);
        g_assert_cmpstr(answer.text, ==, "no such method");
        answer_done(&answer);

        g_assert_cmpint(transport_send(nodes[0]->transport, "x", "ping", NULL, true), ==, -ENOTCONN);
        free_nodes(nodes);
}

/* a call that is never answered ends at its deadline and holds up no other */
static void test_slow_call(void) {
        Node *nodes[4];
        Answer slow = {}, quick = {};

        three(nodes);
        g_assert_cmpint(transport_call(nodes[0]->transport,
                                       nodes[1]->node_id,
                                       "wait",
                                       NULL,
                                       false,
                                       now_usec() + 200 * USEC_PER_MSEC,
                                       on_answer,
                                       &slow),
                        ==,
                        0);
        g_assert_cmpint(call(nodes[0], nodes[1], "echo", &quick), ==, 0);
        run_until(answered, &quick);
        g_assert_false(slow.done);
        g_assert_cmpint(quick.error, ==, 0);
        g_assert_cmpstr(quick.result, ==, "{}");
        run_until(answered, &slow);
        g_assert_cmpint(slow.error, ==, -ETIMEDOUT);

        /* the late answer hurts nobody */
        transport_call_reply(g_ptr_array_steal_index(nodes[1]->kept_calls, 0), "{}");
        answer_done(&quick);
        g_assert_cmpint(call(nodes[0], nodes[1], "echo", &quick), ==, 0);
        run_until(answered, &quick);
        answer_done(&quick);
        answer_done(&slow);
        free_nodes(nodes);
}

static void test_too_many_calls(void) {
        Node *nodes[4];
        Answer answers[CALLS_PENDING_MAX] = {};
        Answer more = {};

        three(nodes);
        for (size_t i = 0; i < CALLS_PENDING_MAX; i++)
                g_assert_cmpint(call(nodes[0], nodes[1], "wait", &answers[i]), ==, 0);
        g_assert_cmpint(call(nodes[0], nodes[1], "wait", &more), ==, -EBUSY);
        /* the other way and to another peer there is room */
        g_assert_cmpint(call(nodes[0], nodes[2], "echo", &more), ==, 0);
        run_until(answered, &more);
        answer_done(&more);
        free_nodes(nodes); /* and all of them end */
        for (size_t i = 0; i < CALLS_PENDING_MAX; i++) {
                g_assert_cmpint(answers[i].error, ==, -ECANCELED);
                answer_done(&answers[i]);
        }
}

/* {"x":"xxx…"} of so many bytes; caller frees */
static char *large_params(size_t size) {
        char *text = g_strnfill(size, 'x');

        memcpy(text, "{\"x\":\"", 6);
        memcpy(text + size - 2, "\"}", 2);
        return text;
}

static bool got_big(void *userdata) {
        return strstr(((Node *) userdata)->log->str, " big ");
}

/* pings sent after a large message arrive before it */
static void test_interleaving(void) {
        g_autofree char *big = large_params(10 * 1024 * 1024);
        Node *nodes[4];
        const char *first_ping, *last_ping, *large;

        three(nodes);
        g_string_truncate(nodes[1]->log, 0);
        g_assert_cmpint(transport_send(nodes[0]->transport, nodes[1]->node_id, "big", big, false), ==, 0);
        for (unsigned i = 0; i < 20; i++) {
                g_assert_cmpint(sd_event_run(test_event, 0), >=, 0);
                g_assert_cmpint(transport_send(nodes[0]->transport,
                                               nodes[1]->node_id,
                                               "ping",
                                               "{\"p\":1}",
                                               true),
                                ==,
                                0);
                g_assert_cmpint(transport_send(nodes[0]->transport, nodes[1]->node_id, "other", "{}", false),
                                ==,
                                0);
        }
        run_until(got_big, nodes[1]);
        first_ping = strstr(nodes[1]->log->str, "message a ping");
        last_ping = g_strrstr(nodes[1]->log->str, "message a ping");
        large = strstr(nodes[1]->log->str, "message a big 10485760;");
        g_assert_true(first_ping && large && first_ping < large && last_ping < large);
        g_assert_cmpuint(nodes[1]->n_messages, >=, 21);
        free_nodes(nodes);
}

static void test_queue_limit(void) {
        g_autofree char *big = large_params(60 * 1024 * 1024);
        Node *nodes[4];
        int r = 0;

        three(nodes);
        for (unsigned i = 0; i < 4 && r == 0; i++)
                r = transport_send(nodes[0]->transport, nodes[1]->node_id, "big", big, false);
        g_assert_cmpint(r, ==, -ENOBUFS);
        g_assert_cmpuint(nodes[0]->n_down, ==, 0); /* not within the call */
        while (nodes[0]->n_down == 0)
                g_assert_cmpint(sd_event_run(test_event, USEC_PER_SEC), >=, 0);
        run_until(all_up, nodes); /* and it comes back */
        free_nodes(nodes);
}

/* a node of the right id and address, with another key */
static bool wrong_key(void *userdata) {
        return ((Node *) userdata)->n_events[TRANSPORT_EVENT_WRONG_KEY] > 0;
}

static void test_wrong_pin(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);
        Node *z = node_new("z", "127.0.0.1", CLUSTER);
        Node as_b = *b;

        /* a looks for b's key at z's address */
        as_b.address = z->address;
        node_set_peers(a, (Node *[]){ &as_b }, 1, NULL, 0);
        run_until(wrong_key, a);
        g_assert_false(transport_is_up(a->transport, b->node_id));
        g_assert_cmpuint(a->n_up + z->n_up + b->n_up, ==, 0);
        node_free(a);
        node_free(b);
        node_free(z);
}

static bool refused(void *userdata) {
        return ((Node *) userdata)->n_events[TRANSPORT_EVENT_REFUSED] > 0;
}

/* b knows a, a does not know b: not up on either side */
static void test_unknown_certificate(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);

        node_set_peers(b, (Node *[]){ a }, 1, NULL, 0);
        run_until(refused, b);
        g_assert_cmpuint(a->n_up + b->n_up + a->n_messages, ==, 0);
        node_free(a);
        node_free(b);
}

static void test_other_cluster(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", "another");
        Node *pair[] = { a, b, NULL };

        nodes_mesh(pair, 2);
        run_until(refused, a);
        run_until(refused, b);
        g_assert_cmpuint(a->n_up + b->n_up, ==, 0);

        transport_set_cluster(b->transport, CLUSTER);
        run_until(all_up, pair);
        transport_set_cluster(b->transport, "another");
        while (a->n_down == 0 || b->n_down == 0)
                g_assert_cmpint(sd_event_run(test_event, USEC_PER_SEC), >=, 0);
        g_assert_false(transport_is_up(b->transport, a->node_id));
        node_free(a);
        node_free(b);
}

/* b's key claims to be another node */
static void test_claimed_id(void) {
        TransportIdentity *identity = NULL, *b = identity_for("b");
        NewIdentity made;
        g_autofree char *id = node_id_of("c");
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *liar;
        Node seen = {};

        g_assert_cmpint(identity_generate(test_key_type, "whatever", 0, &made, NULL), ==, 0);
        g_assert_cmpint(identity_load(id, made.key_pem, made.cert_pem, &identity, NULL), ==, 0);
        liar = node_new_as("c", "127.0.0.1", CLUSTER, identity);
        /* a has the liar's key pinned as b */
        seen = (Node){ .node_id = identity_node_id(b),
                       .address = (char *) "127.0.0.1:1",
                       .identity = liar->identity };
        node_set_peers(a, (Node *[]){ &seen }, 1, NULL, 0);
        node_set_peers(liar, (Node *[]){ a }, 1, NULL, 0);
        run_until(refused, a);
        g_assert_cmpuint(a->n_up + liar->n_up, ==, 0);
        new_identity_done(&made);
        (void) identity_free(b);
        node_free(a);
        node_free(liar);
}

static bool told_barred(void *userdata) {
        return ((Node *) userdata)->barred_version > 0;
}

static void test_removed_is_cut(void) {
        Node *nodes[4];
        Answer answer = {};

        three(nodes);
        g_assert_cmpint(call(nodes[0], nodes[1], "wait", &answer), ==, 0);
        node_set_peers(nodes[0], (Node *[]){ nodes[2] }, 1, (Node *[]){ nodes[1] }, 1);
        g_assert_false(transport_is_up(nodes[0]->transport, nodes[1]->node_id));
        g_assert_false(answer.done);
        g_assert_cmpuint(nodes[0]->n_down, ==, 0);

        /* what b sends from now on is not heard, though the connection is not closed on its side yet */
        g_assert_cmpint(transport_send(nodes[1]->transport, nodes[0]->node_id, "vote", "{}", true), ==, 0);
        run_until(told_barred, nodes[1]);
        g_assert_cmpuint(nodes[1]->barred_version, ==, 42);
        run_until(answered, &answer);
        g_assert_cmpint(answer.error, ==, -ECONNRESET);
        g_assert_cmpuint(nodes[0]->n_down, ==, 1);
        g_assert_cmpuint(nodes[0]->n_messages, ==, 0);

        /* and when it comes back it gets the same answer */
        nodes[1]->barred_version = 0;
        run_until(told_barred, nodes[1]);
        g_assert_false(transport_is_up(nodes[1]->transport, nodes[0]->node_id));
        g_assert_true(transport_is_up(nodes[1]->transport, nodes[2]->node_id));
        answer_done(&answer);
        free_nodes(nodes);
}

/* Both dial at the same time, many times over: one connection stays, and nobody is told of a change. */
static void test_simultaneous_dial(void) {
        for (unsigned i = 0; i < 5; i++) {
                Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);
                Node *pair[] = { a, b, NULL };

                nodes_mesh(pair, 2);
                run_until(all_up, pair);
                for (unsigned k = 0; k < 20; k++) {
                        g_assert_cmpint(transport_send(a->transport, b->node_id, "m", "{}", false), ==, 0);
                        g_assert_cmpint(transport_send(b->transport, a->node_id, "m", "{}", false), ==, 0);
                        g_assert_cmpint(sd_event_run(test_event, 5 * USEC_PER_MSEC), >=, 0);
                }
                run_for(2 * test_times.retire);
                g_assert_cmpuint(a->n_messages, ==, 20);
                g_assert_cmpuint(b->n_messages, ==, 20);
                g_assert_cmpuint(a->n_up, ==, 1);
                g_assert_cmpuint(b->n_up, ==, 1);
                g_assert_cmpuint(a->n_down + b->n_down, ==, 0);
                node_free(a);
                node_free(b);
        }
}

static bool down_and_up(void *userdata) {
        Node *node = userdata;

        return node->n_down == 1 && node->n_up == 2;
}

/* b dies without a word and comes back with the same key: the old connection, silent by then, is replaced */
static void test_replaced(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER), *again;
        Node *pair[] = { a, b, NULL };
        Node *ghost;

        /* a knows b only by its dialling, so that nothing but b's new connection can bring it back */
        ghost = g_memdup2(b, sizeof *b);
        ghost->address = (char *) "";
        node_set_peers(a, &ghost, 1, NULL, 0);
        node_set_peers(b, &a, 1, NULL, 0);
        run_until(all_up, pair);

        again =
                        node_new("b",
                                 "127.0.0.1",
                                 CLUSTER); /* while the first b still holds its connection, and is silent */
        node_set_peers(again, &a, 1, NULL, 0);
        run_until(down_and_up, a);
        run_until(all_up, (Node *[]){ a, again, NULL });
        g_free(ghost);
        node_free(a);
        node_free(b);
        node_free(again);
}

static void test_restart(void) {
        Node *nodes[4];

        three(nodes);
        node_free(nodes[1]);
        while (nodes[0]->n_down == 0 || nodes[2]->n_down == 0)
                g_assert_cmpint(sd_event_run(test_event, USEC_PER_SEC), >=, 0);
        nodes[1] = node_new("b", "127.0.0.1", CLUSTER);
        nodes_mesh(nodes, 3); /* a new port, so a new advertise */
        run_until(all_up, nodes);
        free_nodes(nodes);
}

/* a host name, and an address where nobody listens */
static void test_names(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);
        g_autofree char *named = g_strdup_printf("localhost:%u", transport_port(b->transport));
        Node *pair[] = { a, b, NULL };
        Node seen = *b;

        seen.address = (char *) "127.0.0.1:1";
        node_set_peers(a, (Node *[]){ &seen }, 1, NULL, 0);
        while (a->n_events[TRANSPORT_EVENT_UNREACHABLE] == 0)
                g_assert_cmpint(sd_event_run(test_event, USEC_PER_SEC), >=, 0);
        seen.address = named;
        node_set_peers(a, (Node *[]){ &seen }, 1, NULL, 0);
        seen = *a;
        seen.address = (char *) "";
        node_set_peers(b, (Node *[]){ &seen }, 1, NULL, 0);
        run_until(all_up, pair);
        node_free(a);
        node_free(b);
}

static void test_listen_errors(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER);
        g_autofree char *error = NULL;
        uint16_t port = transport_port(a->transport);

        g_assert_cmpint(transport_listen(a->transport, "127.0.0.1", port, &error), ==, -EADDRINUSE);
        g_assert_nonnull(strstr(error, "cannot listen on 127.0.0.1:"));
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(transport_listen(a->transport, "localhost", 0, &error), ==, -EINVAL);
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(transport_listen(a->transport, "192.0.2.1", 0, &error), ==, -EADDRNOTAVAIL);
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(transport_listen(a->transport, "::", 0, &error), ==, 0);
        g_assert_cmpint(transport_listen(a->transport, "[::1]", 0, &error), ==, 0);
        g_assert_cmpint(transport_listen_fd(a->transport, open("/dev/null", O_RDONLY), &error), ==, -EINVAL);
        node_free(a);
}

static void add_tests(void) {
        harness_add("mesh/mesh", test_mesh);
        harness_add("mesh/slow-call", test_slow_call);
        harness_add("mesh/too-many-calls", test_too_many_calls);
        harness_add("mesh/interleaving", test_interleaving);
        harness_add("mesh/queue-limit", test_queue_limit);
        harness_add("mesh/wrong-pin", test_wrong_pin);
        harness_add("mesh/unknown-certificate", test_unknown_certificate);
        harness_add("mesh/other-cluster", test_other_cluster);
        harness_add("mesh/claimed-id", test_claimed_id);
        harness_add("mesh/removed-is-cut", test_removed_is_cut);
        harness_add("mesh/simultaneous-dial", test_simultaneous_dial);
        harness_add("mesh/replaced", test_replaced);
        harness_add("mesh/restart", test_restart);
        harness_add("mesh/names", test_names);
        harness_add("mesh/listen-errors", test_listen_errors);
}

int main(int argc, char *argv[]) {
        return harness_run(&argc, &argv, add_tests);
}
