/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "fixture.h"
#include "probes/context.h"

static char *target_at(const char *host, uint16_t port) {
        return g_strdup_printf("%s:%u", host, port);
}

static void test_ok(void) {
        static const char *const hosts[] = { "127.0.0.1", "four.test", "both.test", "localhost" };
        _cleanup_(closep) int fd = make_listener(AF_INET, SOCK_STREAM, 16);
        Fixture f;

        fixture_open(&f, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
                g_autofree char *target = target_at(hosts[i], port_of(fd));
                Check check = make_check(CHECK_TCP, target);
                _cleanup_(observation_freep) Observation *o = observe(&f, &check);

                g_assert_cmpstr(o->detail, ==, "");
                g_assert_cmpint(o->result, ==, OBSERVATION_OK);
                g_assert_cmpstr(o->address, ==, "127.0.0.1");
                g_assert_cmpuint(o->total, >=, o->resolve + o->connect);
        }
        fixture_close(&f);
}

static void test_ipv6(void) {
        static const char *const hosts[] = { "[::1]", "six.test", "both.test" };
        _cleanup_(closep) int fd = make_listener(AF_INET6, SOCK_STREAM, 16);
        Fixture f;

        fixture_open(&f, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
                g_autofree char *target = target_at(hosts[i], port_of(fd));
                Check check = make_check(CHECK_TCP, target);
                _cleanup_(observation_freep) Observation *o = observe(&f, &check);

                g_assert_cmpint(o->result, ==, OBSERVATION_OK);
                g_assert_cmpstr(o->address, ==, "::1");
        }
        fixture_close(&f);
}

static void test_refused(void) {
        int fd = make_listener(AF_INET, SOCK_STREAM, -1);
        g_autofree char *target = target_at("127.0.0.1", port_of(fd));
        Check check = make_check(CHECK_TCP, target);
        Fixture f;

        fixture_open(&f, NULL);
        expect(&f, &check, OBSERVATION_FAILED, "connection refused");
        fixture_close(&f);
        (void) close_fd(fd);
}

static void test_black_hole(void) {
        BlackHole hole;
        g_autofree char *target = NULL;
        Check check;
        Fixture f;

        black_hole_open(&hole);
        target = target_at("127.0.0.1", hole.port);
        check = make_check(CHECK_TCP, target);
        check.timeout = 200 * USEC_PER_MSEC;

        fixture_open(&f, NULL);
        expect(&f, &check, OBSERVATION_FAILED, "dial timeout");
        fixture_close(&f);
        black_hole_close(&hole);
}

/* The first address swallows everything, the second answers within the same time-out. */
static void test_second_address(void) {
        struct sockaddr_in first = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) };
        _cleanup_(closep) int good = make_listener(AF_INET, SOCK_STREAM, 16);
        _cleanup_(closep) int hole = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_autofree char *target = target_at("two.test", port_of(good));
        int fillers[4];
        Check check = make_check(CHECK_TCP, target);
        Fixture f;

        first.sin_port = htons(port_of(good));
        g_assert_cmpint(bind(hole, (struct sockaddr *) &first, sizeof(first)), ==, 0);
        g_assert_cmpint(listen(hole, 0), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(fillers); i++) {
                fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void) connect(fillers[i], (struct sockaddr *) &first, sizeof(first));
        }

        check.timeout = 2 * USEC_PER_SEC;
        fixture_open(&f, NULL);
        expect(&f, &check, OBSERVATION_OK, "");
        fixture_close(&f);
        for (size_t i = 0; i < G_N_ELEMENTS(fillers); i++)
                (void) close_fd(fillers[i]);
}

static void test_names(void) {
        Check check = make_check(CHECK_TCP, "nowhere.test:80");
        Fixture f;

        fixture_open(&f, NULL);
        expect(&f, &check, OBSERVATION_FAILED, "resolve: no such host");
        check.target = (char *) "broken.test:80";
        expect(&f, &check, OBSERVATION_FAILED, "resolve: server failure");
        check.target = (char *) "refused.test:80";
        expect(&f, &check, OBSERVATION_ABSTAINED, "resolver refused to answer");
        fixture_close(&f);
}

static void test_silent_resolver(void) {
        Check check = make_check(CHECK_TCP, "mute.test:80"),
              other = make_check(CHECK_TCP, "nowhere.test:80");
        Fixture f;

        check.timeout = 200 * USEC_PER_MSEC;
        fixture_open(&f, NULL);
        expect(&f, &check, OBSERVATION_ABSTAINED, "no answer from any resolver");
        expect(&f, &other, OBSERVATION_FAILED, "resolve: no such host");
        expect(&f, &check, OBSERVATION_FAILED, "no answer from any resolver");
        fixture_close(&f);
}

static int socket_error;

static int failing_socket(int family, int type, int protocol) {
        errno = socket_error;
        return -1;
}

static void test_unable(void) {
        static const struct {
                int error;
                const char *detail;
        } cases[] = {
                { EMFILE, "no file descriptors left" },
                { ENFILE, "no file descriptors left" },
                { EACCES, "no permission to connect" },
                { EAFNOSUPPORT, "no address of this family on this node" },
        };
        Check check = make_check(CHECK_TCP, "127.0.0.1:9");
        Fixture f;

        fixture_open(&f, &(ProbeOptions){ .make_socket = failing_socket });
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                socket_error = cases[i].error;
                expect(&f, &check, OBSERVATION_ABSTAINED, cases[i].detail);
        }
        fixture_close(&f);
}

static void test_error_classes(void) {
        static const int ours[] = { EMFILE,      ENFILE,       EPERM,         EACCES,
                                    ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT };
        static const int theirs[] = { ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE };

        for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
                g_assert_true(dial_error_is_ours(ours[i]));
        for (size_t i = 0; i < G_N_ELEMENTS(theirs); i++)
                g_assert_false(dial_error_is_ours(theirs[i]));
}

/* Only a failure is doubted. */
static void test_doubt(void) {
        _cleanup_(closep) int good = make_listener(AF_INET, SOCK_STREAM, 16);
        _cleanup_(closep) int bad = make_listener(AF_INET, SOCK_STREAM, -1);
        g_autofree char *up = target_at("127.0.0.1", port_of(good)),
                        *down = target_at("127.0.0.1", port_of(bad));
        Check check = make_check(CHECK_TCP, down);
        Watched watched;
        Fixture f;

        fixture_open(&f, NULL);

        watched_start_due(&f, &check, now_boottime() - 2 * USEC_PER_SEC, &watched);
        run_until(f.event, &watched.done);
        g_assert_cmpint(watched.observation->result, ==, OBSERVATION_ABSTAINED);
        g_assert_cmpstr(watched.observation->detail, ==, "began late: connection refused");
        watched_clear(&watched);

        check.interval = 1 * USEC_PER_SEC; /* a quarter of it is the limit */
        watched_start_due(&f, &check, now_boottime() - 300 * USEC_PER_MSEC, &watched);
        run_until(f.event, &watched.done);
        g_assert_cmpint(watched.observation->result, ==, OBSERVATION_ABSTAINED);
        watched_clear(&watched);

        f.stalled_usec = now_boottime(); /* before the probe */
        watched_start(&f, &check, &watched);
        f.stalled_usec = now_boottime() + USEC_PER_SEC;
        run_until(f.event, &watched.done);
        g_assert_cmpint(watched.observation->result, ==, OBSERVATION_ABSTAINED);
        g_assert_cmpstr(watched.observation->detail, ==, "this node stood still: connection refused");
        watched_clear(&watched);

        check.target = up;
        expect(&f, &check, OBSERVATION_OK, "");
        fixture_close(&f);
}

static void test_cancel(void) {
        _cleanup_(closep) int good = make_listener(AF_INET, SOCK_STREAM, 16);
        g_autofree char *target = target_at("127.0.0.1", port_of(good)),
                        *named = target_at("four.test", port_of(good));
        Check check = make_check(CHECK_TCP, target);
        Watched watched;
        Fixture f;

        fixture_open(&f, NULL);
        for (unsigned turns = 0; turns < 8; turns++) { /* at each moment of its life */
                check.target = turns % 2 ? named : target;
                watched_start(&f, &check, &watched);
                for (unsigned i = 0; i < turns / 2 && !watched.done; i++)
                        (void) sd_event_run(f.event, 0);
                if (!watched.done)
                        watched.probe = probe_cancel(watched.probe);
                watched_clear(&watched);
        }
        g_assert_null(probe_cancel(NULL));

        /* and with all of it going down */
        watched_start(&f, &check, &watched);
        fixture_close(&f);
        g_assert_false(watched.done);
}

static void test_bad_target(void) {
        static const char *const targets[] = { "",           "host", "host:",  "host:0",
                                               "host:65536", ":80",  "::1:80", "a b:80" };
        Fixture f;

        fixture_open(&f, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
                Check check = make_check(CHECK_TCP, targets[i]);

                expect(&f, &check, OBSERVATION_ABSTAINED, "target is not HOST:PORT");
        }
        fixture_close(&f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/probes/tcp/ok", test_ok);
        g_test_add_func("/probes/tcp/ipv6", test_ipv6);
        g_test_add_func("/probes/tcp/refused", test_refused);
        g_test_add_func("/probes/tcp/black-hole", test_black_hole);
        g_test_add_func("/probes/tcp/second-address", test_second_address);
        g_test_add_func("/probes/tcp/names", test_names);
        g_test_add_func("/probes/tcp/silent-resolver", test_silent_resolver);
        g_test_add_func("/probes/tcp/unable", test_unable);
        g_test_add_func("/probes/tcp/error-classes", test_error_classes);
        g_test_add_func("/probes/tcp/doubt", test_doubt);
        g_test_add_func("/probes/tcp/cancel", test_cancel);
        g_test_add_func("/probes/tcp/bad-target", test_bad_target);
        return g_test_run();
}
