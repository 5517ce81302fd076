/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What strangers can do to a node, promise 7: little. They speak TLS by themselves, so that they can say
 * what no node would. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "base/names.h"
#include "harness.h"
#include "transport/tls.h"
#include "wire/frame.h"

/* a stranger of ours, in this process and non-blocking
 * -------------------------------------------------------- */

typedef struct Stranger {
        int fd;
        TransportIdentity *identity;
        Tls *tls;
        bool open;
        bool closed; /* by the node */
} Stranger;

static void stranger_init(Stranger *stranger, const Node *node, TransportIdentity *identity_consumed) {
        *stranger = (Stranger){ .fd = raw_connect(node), .identity = identity_consumed };
        if (identity_consumed)
                g_assert_cmpint(tls_new(stranger->identity,
                                        stranger->fd,
                                        /* is_server= */ false,
                                        &stranger->tls),
                                ==,
                                0);
}

static void stranger_done(Stranger *stranger) {
        stranger->tls = tls_free(stranger->tls);
        stranger->identity = identity_free(stranger->identity);
        stranger->fd = close_fd(stranger->fd);
}

/* one step of its side; whoever waits for something calls it from a condition */
static void stranger_step(Stranger *stranger) {
        uint8_t buffer[4096];
        ssize_t n = -EAGAIN;

        if (stranger->closed)
                return;
        if (stranger->tls && !stranger->open) {
                int r = tls_handshake(stranger->tls);

                stranger->open = r == 0;
                stranger->closed = r < 0 && r != -EAGAIN;
                if (stranger->closed)
                        g_test_message("stranger: %s", tls_error(stranger->tls));
                return;
        }
        if (stranger->tls)
                n = tls_recv(stranger->tls, buffer, sizeof buffer);
        else
                n = recv(stranger->fd, buffer, sizeof buffer, MSG_DONTWAIT) < 0 ? -errno : 0;
        if (n != -EAGAIN && n <= 0)
                stranger->closed = true;
}

static bool is_open(void *userdata) {
        stranger_step(userdata);
        g_assert_false(((Stranger *) userdata)->closed);
        return ((Stranger *) userdata)->open;
}

static bool is_closed(void *userdata) {
        stranger_step(userdata);
        return ((Stranger *) userdata)->closed;
}

static void send_frame(Stranger *stranger, const char *text) {
        g_autoptr(GBytes) frame = frame_encode(text, strlen(text));
        size_t n;
        const void *bytes = g_bytes_get_data(frame, &n);

        g_assert_cmpint(tls_send(stranger->tls, bytes, n), ==, n);
}

#define HELLO "{\"method\":\"hello\",\"params\":{\"protocol\":1,\"node_id\":\"s\"}}"

/* frames
 * ----------------------------------------------------------------------------------------------------- */

static void test_huge_frame(void) {
        Node *node = node_new("a", "127.0.0.1", CLUSTER);
        Stranger stranger;

        stranger_init(&stranger, node, identity_for("s"));
        run_until(is_open, &stranger);
        g_assert_cmpint(tls_send(stranger.tls, "\0\0\x10\1", 4), ==, 4); /* one over the limit */
        run_until(is_closed, &stranger);
        g_assert_cmpuint(node->n_events[TRANSPORT_EVENT_PROTOCOL], ==, 1);
        g_assert_nonnull(strstr(node->last_event, "over the limit"));
        stranger_done(&stranger);
        node_free(node);
}

/* neither a message of members nor anything else is taken from a stranger */
static void test_only_joining(void) {
        static const char *const texts[] = {
                "{\"method\":\"vote\",\"params\":{}}",
                "{\"method\":\"echo\",\"id\":1}",
                "{\"id\":1,\"result\":{}}",
                "{\"method\":\"join.prove\"}", /* no id: no call */
                "{\"method\":\"join.commit\",\"id\":1}",
                "{",
                "[]",
                "{\"method\":\"refused\"}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                Node *node = node_new("a", "127.0.0.1", CLUSTER);
                Stranger stranger;

                stranger_init(&stranger, node, identity_for("s"));
                run_until(is_open, &stranger);
                if (i % 2 == 0)
                        send_frame(&stranger, HELLO);
                send_frame(&stranger, texts[i]);
                run_until(is_closed, &stranger);
                g_assert_cmpuint(node->n_messages + node->n_calls, ==, 0);
                stranger_done(&stranger);
                node_free(node);
        }
}

/* A stranger that claims a member's NodeID is a stranger. */
static void test_claims_member(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);
        g_autofree char *hello =
                        g_strdup_printf("{\"method\":\"hello\",\"params\":{\"protocol\":1,\"node_id\":\"%"
                                        "s\",\"cluster_id\":\"" CLUSTER "\"}}",
                                        b->node_id);
        Stranger stranger;

        node_set_peers(a, (Node *[]){ b }, 1, NULL, 0);
        stranger_init(&stranger, a, identity_for("s"));
        run_until(is_open, &stranger);
        send_frame(&stranger, hello);
        send_frame(&stranger, "{\"method\":\"vote\",\"params\":{}}");
        run_until(is_closed, &stranger);
        g_assert_cmpuint(a->n_up + a->n_messages, ==, 0);
        stranger_done(&stranger);
        node_free(a);
        node_free(b);
}

/* certificates
 * ----------------------------------------------------------------------------------------------- */

/* A client of its own, as ours would not send so much: its certificate has an extension of that size. */
typedef struct Bloated {
        gnutls_certificate_credentials_t credentials;
        gnutls_session_t session;
        int fd;
} Bloated;

static gnutls_certificate_credentials_t bloated_credentials(size_t size) {
        g_autofree char *blob = g_malloc0(size);
        gnutls_certificate_credentials_t credentials;
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t crt;

        g_assert_cmpint(gnutls_x509_privkey_init(&key), ==, 0);
        g_assert_cmpint(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_init(&crt), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_set_version(crt, 3), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_set_serial(crt, "1", 1), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_set_activation_time(crt, 1), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_set_expiration_time(crt, 2000000000), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_set_key(crt, key), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_set_extension_by_oid(crt, "1.2.3.4", blob, size, 0), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0), ==, 0);
        g_assert_cmpint(gnutls_certificate_allocate_credentials(&credentials), ==, 0);
        g_assert_cmpint(gnutls_certificate_set_x509_key(credentials, &crt, 1, key), ==, 0);
        gnutls_x509_crt_deinit(crt);
        gnutls_x509_privkey_deinit(key);
        return credentials;
}

static void
bloated_init(Bloated *bloated,
             int fd_consumed,
             gnutls_certificate_credentials_t credentials,
             unsigned flags) {
        *bloated = (Bloated){ .credentials = credentials, .fd = fd_consumed };
        g_assert_cmpint(gnutls_init(&bloated->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | flags), ==, 0);
        g_assert_cmpint(gnutls_set_default_priority(bloated->session), ==, 0);
        g_assert_cmpint(gnutls_credentials_set(bloated->session, GNUTLS_CRD_CERTIFICATE, credentials),
                        ==,
                        0);
        gnutls_handshake_set_max_packet_length(bloated->session, 1024 * 1024);
        gnutls_transport_set_int(bloated->session, bloated->fd);
}

static void bloated_done(Bloated *bloated) {
        gnutls_deinit(bloated->session);
        (void) close_fd(bloated->fd);
        gnutls_certificate_free_credentials(bloated->credentials);
}

static bool protocol_event(void *userdata) {
        Bloated *bloated = ((void **) userdata)[0];
        Node *node = ((void **) userdata)[1];

        (void) gnutls_handshake(bloated->session);
        return node->n_events[TRANSPORT_EVENT_PROTOCOL] > 0;
}

static void test_huge_certificate(void) {
        Node *node = node_new("a", "127.0.0.1", CLUSTER);
        Bloated bloated;

        bloated_init(&bloated, raw_connect(node), bloated_credentials(100000), GNUTLS_NONBLOCK);
        run_until(protocol_event, (void *[]){ &bloated, node });
        g_assert_nonnull(strstr(node->last_event, "too large"));
        bloated_done(&bloated);
        node_free(node);
}

static void test_not_tls(void) {
        Node *node = node_new("a", "127.0.0.1", CLUSTER);
        Stranger stranger;

        stranger_init(&stranger, node, NULL);
        run_for(10 * USEC_PER_MSEC); /* connected */
        g_assert_cmpint(send(stranger.fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), ==, 18);
        run_until(is_closed, &stranger);
        g_assert_cmpuint(node->n_events[TRANSPORT_EVENT_PROTOCOL], ==, 1);
        stranger_done(&stranger);
        node_free(node);
}

/* stalls and floods
 * ------------------------------------------------------------------------------------------ */

static void test_stall(void) {
        const TransportTimes times = test_times;
        Stranger silent, half, open;
        Node *node;

        test_times.untrusted = 300 * USEC_PER_MSEC;
        node = node_new("a", "127.0.0.1", CLUSTER);
        test_times = times;

        stranger_init(&silent, node, NULL);
        stranger_init(&half, node, NULL);
        stranger_init(&open, node, identity_for("s"));
        run_until(is_open, &open);
        send_frame(&open, HELLO);
        g_assert_cmpint(send(half.fd, "\x16\3\1\2\0", 5, MSG_NOSIGNAL), ==, 5);
        run_until(is_closed, &silent);
        run_until(is_closed, &half);
        run_until(is_closed, &open);
        stranger_done(&silent);
        stranger_done(&half);
        stranger_done(&open);
        node_free(node);
}

static int connect_from(const Node *node, const char *source) {
        struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(inet_pton(AF_INET, source, &from.sin_addr), ==, 1);
        g_assert_cmpint(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), ==, 1);
        to.sin_port = htons(transport_port(node->transport));
        g_assert_cmpint(bind(fd, (struct sockaddr *) &from, sizeof from), ==, 0);
        g_assert_cmpint(connect(fd, (struct sockaddr *) &to, sizeof to), ==, 0);
        return fd;
}

static bool is_up(void *userdata) {
        Node **pair = userdata;

        return transport_is_up(pair[0]->transport, pair[1]->node_id);
}

/* Strangers at five addresses take every place there is, and speak; a peer still gets in, at once. */
static void test_flood(void) {
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);
        int fds[60];

        node_set_peers(a, (Node *[]){ b }, 1, NULL, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
                g_autofree char *source = g_strdup_printf("127.0.1.%zu", 1 + i % 5);

                fds[i] = connect_from(a, source);
                g_assert_cmpint(send(fds[i], "\x16\3\1\2\0", 5, MSG_NOSIGNAL), ==, 5);
                g_assert_cmpint(sd_event_run(test_event, 0), >=, 0);
        }
        run_for(50 * USEC_PER_MSEC);
        g_assert_cmpuint(a->n_events[TRANSPORT_EVENT_FLOOD], >=, 1);

        node_set_peers(b, (Node *[]){ a }, 1, NULL, 0);
        run_until(is_up, (Node *[]){ a, b });
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
                (void) close_fd(fds[i]);
        node_free(a);
        node_free(b);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

/* memory
 * ----------------------------------------------------------------------------------------------------- */

static size_t resident(void) {
        g_autofree char *text = NULL;
        unsigned long total, pages;

        g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
        g_assert_cmpint(sscanf(text, "%lu %lu", &total, &pages), ==, 2);
        return pages * (size_t) sysconf(_SC_PAGESIZE);
}

static bool child_says(void *userdata) {
        char c;

        return read(*(int *) userdata, &c, 1) == 1;
}

/* blocking, in the child */
static Tls *attack(int fd, TransportIdentity *identity) {
        Tls *tls;

        g_assert_cmpint(tls_new(identity, fd, false, &tls), ==, 0);
        while (tls_handshake(tls) == -EAGAIN)
                ;
        return tls;
}

/* twelve of each: announced and stalled, with a certificate of 100 kB, silent after half a handshake */
static void
child_attacks(const Node *node,
              int out,
              TransportIdentity *plain,
              gnutls_certificate_credentials_t bloated) {
        struct timeval timeout = { .tv_usec = 200000 };
        uint8_t buffer[64];

        for (unsigned i = 0; i < 36; i++) {
                int fd = connect_from(node, "127.0.0.1");
                Bloated client;
                Tls *tls;

                (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
                switch (i % 3) {
                case 0:
                        tls = attack(fd, plain);
                        (void) tls_send(tls,
                                        "\0\0\x10\0"
                                        "0123456789",
                                        14);
                        break;
                case 1:
                        bloated_init(&client, fd, bloated, 0);
                        (void) gnutls_handshake(client.session);
                        (void) gnutls_record_recv(client.session, buffer, sizeof buffer);
                        break;
                default:
                        (void) send(fd, "\x16\3\1\x40\0\1\0\x3f\xfc", 9, MSG_NOSIGNAL);
                }
        }
        g_assert_cmpint(write(out, "x", 1), ==, 1);
        pause();
}

static void test_memory(void) {
        gnutls_certificate_credentials_t bloated = bloated_credentials(100000);
        TransportIdentity *plain = identity_for("s");
        Node *a = node_new("a", "127.0.0.1", CLUSTER), *b = node_new("b", "127.0.0.1", CLUSTER);
        Node *c = node_new("c", "127.0.0.1", CLUSTER);
        size_t before, after;
        int out[2];
        pid_t child;

        /* what a working node has touched anyway: three of its own connections, and a stranger that was sent
         * off */
        Node *nodes[] = { a, b, c };
        nodes_mesh(nodes, 3);
        run_until(is_up, (Node *[]){ a, b });
        run_until(is_up, (Node *[]){ a, c });
        g_assert_cmpint(pipe2(out, O_NONBLOCK | O_CLOEXEC), ==, 0);

        before = resident();
        child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0) {
                child_attacks(a, out[1], plain, bloated);
                _exit(0);
        }
        run_until(child_says, &out[0]);
        after = resident();
        g_test_message("resident: %zu kB, then %zu kB", before / 1024, after / 1024);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) /* gcc's word, clang's */
        if (!g_getenv("ASAN_OPTIONS"))
                g_assert_cmpuint(after, <, before + 1024 * 1024);
#endif
        g_assert_true(transport_is_up(a->transport, b->node_id));
        g_assert_cmpint(kill(child, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
        (void) close_fd(out[0]);
        (void) close_fd(out[1]);
        node_free(a);
        node_free(b);
        node_free(c);
        (void) identity_free(plain);
        gnutls_certificate_free_credentials(bloated);
}

static void add_tests(void) {
        harness_add("stranger/huge-frame", test_huge_frame);
        harness_add("stranger/only-joining", test_only_joining);
        harness_add("stranger/claims-member", test_claims_member);
        harness_add("stranger/huge-certificate", test_huge_certificate);
        harness_add("stranger/not-tls", test_not_tls);
        harness_add("stranger/stall", test_stall);
        harness_add("stranger/flood", test_flood);
        harness_add("stranger/memory", test_memory);
}

int main(int argc, char *argv[]) {
        return harness_run(&argc, &argv, add_tests);
}
