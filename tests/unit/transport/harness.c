/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

KeyType test_key_type = KEY_ED25519;
sd_event *test_event;
TransportTimes test_times;

static void harness_init(void) {
        g_assert_cmpint(sd_event_new(&test_event), >=, 0);
        test_times = transport_times_default;
        test_times.redial_min = 20 * USEC_PER_MSEC;
        test_times.redial_max = 100 * USEC_PER_MSEC;
        test_times.silent = 300 * USEC_PER_MSEC;
        test_times.retire = 200 * USEC_PER_MSEC;
}

typedef struct TestCase {
        KeyType key_type;
        void (*test)(void);
} TestCase;

static void run_case(gconstpointer data) {
        const TestCase *test = data;

        test_key_type = test->key_type;
        test->test();
}

void harness_add(const char *path, void (*test)(void)) {
        for (KeyType type = 0; type < _KEY_TYPE_MAX; type++) {
                g_autofree char *name = g_strdup_printf("/transport/%s/%s", key_type_to_string(type), path);
                TestCase *made = g_new(TestCase, 1);

                *made = (TestCase){ type, test };
                g_test_add_data_func_full(name, made, run_case, g_free);
        }
}

int harness_run(int *argc, char ***argv, void (*add_tests)(void)) {
        int r;

        g_test_init(argc, argv, NULL);
        harness_init();
        add_tests();
        r = g_test_run();
        test_event = sd_event_unref(test_event);
        return r;
}

char *node_id_of(const char *name) {
        return g_strdup_printf("%c0000000-0000-4000-8000-000000000000", name[0]);
}

/* callbacks
 * -------------------------------------------------------------------------------------------------- */

static void on_up(void *userdata, const TransportPeerInfo *info) {
        Node *node = userdata;

        node->n_up++;
        g_string_append_printf(node->log, "up %c;", info->node_id[0]);
        g_test_message("%c: up %c, %s",
                       node->node_id[0],
                       info->node_id[0],
                       info->dialled ? "dialled" : "accepted");
}

static void on_down(void *userdata, const char *node_id, const char *reason) {
        Node *node = userdata;

        node->n_down++;
        g_string_append_printf(node->log, "down %c;", node_id[0]);
        g_test_message("%c: down %c: %s", node->node_id[0], node_id[0], reason);
}

static void on_message(void *userdata, const char *node_id, const char *method, const char *params) {
        Node *node = userdata;

        node->n_messages++;
        if (strlen(params) < 100)
                g_string_append_printf(node->log, "message %c %s %s;", node_id[0], method, params);
        else
                g_string_append_printf(node->log, "message %c %s %zu;", node_id[0], method, strlen(params));
        g_free(node->last_method);
        node->last_method = g_strdup(method);
}

static void
on_call(void *userdata, const char *node_id, const char *method, const char *params, TransportCall *call) {
        Node *node = userdata;

        node->n_calls++;
        g_free(node->last_params);
        node->last_params = g_strdup(params);
        if (strcmp(method, "echo") == 0)
                transport_call_reply(call, params);
        else if (strcmp(method, "wait") == 0)
                g_ptr_array_add(node->kept_calls, call);
        else
                transport_call_fail(call, "no such method");
}

static void on_barred(void *userdata, const char *node_id, const char *cluster_id, uint64_t version) {
        Node *node = userdata;

        g_assert_cmpstr(cluster_id, ==, CLUSTER);
        node->barred_version = version;
}

static void on_event(void *userdata, const TransportEvent *event) {
        Node *node = userdata;

        g_test_message("%c: %s %s: %s",
                       node->node_id[0],
                       transport_event_kind_to_string(event->kind),
                       event->address,
                       event->text);
        node->n_events[event->kind]++;
        g_free(node->last_event);
        node->last_event = g_strdup_printf("%s %s", event->address, event->text);
}

static void on_join_state(void *userdata, JoinState *state) {
        Node *node = userdata;

        state->is_free = node->join.is_free;
        state->n_peers = node->join.n_peers;
        state->n_checks = node->join.n_checks;
}

static void
on_join_call(void *userdata,
             const Joiner *joiner,
             const char *method,
             const char *params,
             TransportCall *call) {
        Node *node = userdata;

        g_free(node->last_joiner);
        node->last_joiner = g_strdup_printf(
                        "%s %s %s", joiner->node_id, joiner->fingerprint, joiner->cluster_id);
        on_call(userdata, joiner->node_id, method, params, call);
}

static const TransportCallbacks callbacks = {
        .peer_up = on_up,
        .peer_down = on_down,
        .message = on_message,
        .call = on_call,
        .barred = on_barred,
        .event = on_event,
        .join_state = on_join_state,
        .join_call = on_join_call,
};

/* nodes
 * ------------------------------------------------------------------------------------------------------ */

TransportIdentity *identity_for(const char *name) {
        /* RSA keys are slow to make: the same ones for the whole program */
        static GHashTable *made;
        g_autofree char *id = node_id_of(name), *key = g_strdup_printf("%s%d", name, (int) test_key_type);
        TransportIdentity *identity;
        NewIdentity *pem;

        made = made ?: g_hash_table_new(g_str_hash, g_str_equal);
        pem = g_hash_table_lookup(made, key);
        if (!pem) {
                pem = g_new0(NewIdentity, 1);
                g_assert_cmpint(identity_generate(test_key_type, id, 1700000000 * USEC_PER_SEC, pem, NULL),
                                ==,
                                0);
                (void) g_hash_table_insert(made, g_steal_pointer(&key), pem);
        }
        g_assert_cmpint(identity_load(id, pem->key_pem, pem->cert_pem, &identity, NULL), ==, 0);
        return identity;
}

Node *
node_new_as(const char *name, const char *host, const char *cluster, TransportIdentity *identity_consumed) {
        Node *node = g_new0(Node, 1);
        const TransportOptions options = {
                .identity = identity_consumed,
                .cluster_id = cluster,
                .value_format = 1,
                .times = &test_times,
        };
        g_autofree char *error = NULL;

        node->identity = identity_consumed;
        node->node_id = identity_node_id(node->identity);
        node->log = g_string_new(NULL);
        node->kept_calls = g_ptr_array_new();
        g_assert_cmpint(transport_new(test_event, &options, &callbacks, node, &node->transport), ==, 0);
        g_assert_cmpint(transport_listen(node->transport, host, 0, &error), ==, 0);
        node->address = address_join(host, transport_port(node->transport));
        return node;
}

Node *node_new(const char *name, const char *host, const char *cluster) {
        return node_new_as(name, host, cluster, identity_for(name));
}

void node_free(Node *node) {
        if (!node)
                return;
        (void) transport_free(node->transport);
        for (unsigned i = 0; i < node->kept_calls->len; i++)
                transport_call_fail(g_ptr_array_index(node->kept_calls, i), "too late");
        g_ptr_array_unref(node->kept_calls);
        (void) identity_free(node->identity);
        g_free(node->address);
        g_string_free(node->log, TRUE);
        g_free(node->last_event);
        g_free(node->last_method);
        g_free(node->last_params);
        g_free(node->last_joiner);
        g_free(node);
}

void node_set_peers(Node *node, Node *const *peers, size_t n_peers, Node *const *barred, size_t n_barred) {
        Peer values[8] = {};
        const Peer *list[8];
        Barred barred_values[8] = {};
        const Barred *barred_list[8];

        for (size_t i = 0; i < n_peers; i++) {
                values[i] = (Peer){
                        .node_id = (char *) peers[i]->node_id,
                        .advertise = peers[i]->address,
                        .fingerprint = (char *) identity_fingerprint_text(peers[i]->identity),
                };
                list[i] = &values[i];
        }
        for (size_t i = 0; i < n_barred; i++) {
                barred_values[i] = (Barred){
                        .node_id = (char *) barred[i]->node_id,
                        .fingerprint = (char *) identity_fingerprint_text(barred[i]->identity),
                        .version = 42,
                };
                barred_list[i] = &barred_values[i];
        }
        transport_set_peers(node->transport, list, n_peers, barred_list, n_barred);
}

void nodes_mesh(Node **nodes, size_t n) {
        for (size_t i = 0; i < n; i++)
                node_set_peers(nodes[i], nodes, n, NULL, 0);
}

/* the loop
 * --------------------------------------------------------------------------------------------------- */

usec_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

void run_until(condition_t condition, void *userdata) {
        usec_t end = now_usec() + BOUND_USEC;

        while (!condition(userdata)) {
                g_assert_cmpint(sd_event_run(test_event, 100 * USEC_PER_MSEC), >=, 0);
                if (now_usec() > end)
                        g_error("the condition did not come");
        }
}

void run_for(usec_t usec) {
        usec_t end = now_usec() + usec;

        for (usec_t now = now_usec(); now < end; now = now_usec())
                g_assert_cmpint(sd_event_run(test_event, end - now), >=, 0);
}

/* answers
 * ---------------------------------------------------------------------------------------------------- */

void on_answer(void *userdata, int error, const char *result, const char *text) {
        Answer *answer = userdata;

        g_assert_false(answer->done);
        answer->done = true;
        answer->error = error;
        answer->result = g_strdup(result);
        answer->text = g_strdup(text);
}

bool answered(void *userdata) {
        return ((Answer *) userdata)->done;
}

void answer_done(Answer *answer) {
        g_free(answer->result);
        g_free(answer->text);
        g_free(answer->fingerprint);
        (void) join_state_free(answer->state);
        (void) invitation_free(answer->invitation);
        *answer = (Answer){};
}

int raw_connect(const Node *node) {
        g_autofree char *host = NULL;
        struct sockaddr_in sin = { .sin_family = AF_INET };
        uint16_t port;
        int fd;

        g_assert_cmpint(address_split(node->address, &host, &port), ==, 0);
        sin.sin_port = htons(port);
        g_assert_cmpint(inet_pton(AF_INET, host, &sin.sin_addr), ==, 1);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        g_assert_cmpint(fd, >=, 0);
        if (connect(fd, (struct sockaddr *) &sin, sizeof sin) < 0)
                g_assert_cmpint(errno, ==, EINPROGRESS);
        return fd;
}
