/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "fixture.h"

/* Where neither kind of socket may be opened there is nothing to test but the refusal. */
static bool may_ping(int family) {
        int protocol = family == AF_INET ? IPPROTO_ICMP : (int) IPPROTO_ICMPV6;
        int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);

        if (fd < 0)
                fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (fd < 0) {
                g_test_skip("no permission to send ICMP");
                return false;
        }
        (void) close_fd(fd);
        return true;
}

static void check_ok(const char *target, const char *address) {
        Check check = make_check(CHECK_ICMP, target);
        _cleanup_(observation_freep) Observation *o = NULL;
        Fixture f;

        fixture_open(&f, NULL);
        o = observe(&f, &check);
        g_assert_cmpstr(o->detail, ==, "");
        g_assert_cmpint(o->result, ==, OBSERVATION_OK);
        g_assert_cmpstr(o->address, ==, address);
        fixture_close(&f);
}

static void test_ipv4(void) {
        if (!may_ping(AF_INET))
                return;
        check_ok("127.0.0.1", "127.0.0.1");
        check_ok("127.0.0.53", "127.0.0.53");
        check_ok("four.test", "127.0.0.1");
}

static void test_ipv6(void) {
        if (!may_ping(AF_INET6))
                return;
        check_ok("::1", "::1");
        check_ok("[::1]", "::1");
        check_ok("six.test", "::1");
}

/* More than one batch, all at once. */
static void test_many(void) {
        Check checks[300];
        Watched watched[G_N_ELEMENTS(checks)];
        char targets[G_N_ELEMENTS(checks)][32];
        Fixture f;

        if (!may_ping(AF_INET))
                return;
        fixture_open(&f, NULL);
        for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
                g_snprintf(targets[i], sizeof(targets[i]), "127.0.%u.%u", i / 200, i % 200 + 1);
                checks[i] = make_check(CHECK_ICMP, targets[i]);
                watched_start(&f, checks + i, watched + i);
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
                run_until(f.event, &watched[i].done);
                g_assert_cmpint(watched[i].observation->result, ==, OBSERVATION_OK);
                g_assert_cmpstr(watched[i].observation->address, ==, targets[i]);
                watched_clear(watched + i);
        }
        fixture_close(&f);
}

static void test_silent_resolver(void) {
        Check check = make_check(CHECK_ICMP, "mute.test");
        Fixture f;

        fixture_open(&f, NULL);
        check.timeout = 150 * USEC_PER_MSEC;
        expect(&f, &check, OBSERVATION_ABSTAINED, "no answer from any resolver");
        fixture_close(&f);
}

static int refusal;
static int refusing_socket(int family, int type, int protocol) {
        if (protocol != IPPROTO_ICMP && protocol != (int) IPPROTO_ICMPV6)
                return socket(family, type, protocol);
        errno = refusal;
        return -1;
}

static void test_unable(void) {
        static const struct {
                int error;
                const char *detail;
        } cases[] = {
                { EACCES, "no ICMP permission (net.ipv4.ping_group_range)" },
                { EPERM, "no ICMP permission (net.ipv4.ping_group_range)" },
                { EMFILE, "no file descriptors left" },
                { EAFNOSUPPORT, "no address of this family on this node" },
        };
        static const char *const targets[] = { "127.0.0.1", "::1", "both.test" };
        Fixture f;

        fixture_open(&f, &(ProbeOptions){ .make_socket = refusing_socket });
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(targets); j++) {
                        Check check = make_check(CHECK_ICMP, targets[j]);

                        refusal = cases[i].error;
                        expect(&f, &check, OBSERVATION_ABSTAINED, cases[i].detail);
                }
        fixture_close(&f);
}

static void test_bad_target(void) {
        static const char *const targets[] = { "", "a b", "host:80", "http://x/" };
        Fixture f;

        fixture_open(&f, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
                Check check = make_check(CHECK_ICMP, targets[i]);

                expect(&f, &check, OBSERVATION_ABSTAINED, "target is not a host");
        }
        fixture_close(&f);
}

static void test_cancel(void) {
        static const char *const targets[] = { "127.0.0.1", "four.test" };
        Fixture f;

        if (!may_ping(AF_INET))
                return;
        fixture_open(&f, NULL);
        for (unsigned turns = 0; turns < 12; turns++) {
                Check check = make_check(CHECK_ICMP, targets[turns % 2]);
                Watched watched;

                watched_start(&f, &check, &watched);
                for (unsigned i = 0; i < turns / 2 && !watched.done; i++)
                        (void) sd_event_run(f.event, 0);
                if (!watched.done)
                        watched.probe = probe_cancel(watched.probe);
                run_for(f.event, 2000);
                watched_clear(&watched);
        }
        for (unsigned turns = 0; turns < 6; turns++) {
                Check check = make_check(CHECK_ICMP, targets[turns % 2]);
                Watched watched;

                fixture_close(&f);
                fixture_open(&f, NULL);
                watched_start(&f, &check, &watched);
                for (unsigned i = 0; i < turns && !watched.done; i++)
                        (void) sd_event_run(f.event, 0);
                watched_clear(&watched);
        }
        fixture_close(&f);
}

/* ---- in a network of our own, where the path can say no ---- */

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        g_assert_nonnull(file);
        g_assert_cmpint(fputs(text, file), >=, 0);
        g_assert_cmpint(fclose(file), ==, 0);
}

static bool run(const char *command) {
        g_autoptr(GError) error = NULL;
        int status;

        return g_spawn_command_line_sync(command, NULL, NULL, &status, &error) && status == 0;
}

/* A pair of interfaces whose other end has no addresses; one neighbour swallows all; 203.0.113.0/24 has no
 * route. */
static bool enter_network(void) {
        if (unshare(CLONE_NEWNET) < 0 || !run("ip link set lo up") ||
            !run("ip link add test0 type veth peer name test1") ||
            !run("ip addr add 192.0.2.1/24 dev test0") || !run("ip link set test0 up") ||
            !run("ip link set test1 up"))
                return false;
        write_file("/proc/sys/net/ipv4/neigh/test0/retrans_time_ms", "20");
        write_file("/proc/sys/net/ipv4/neigh/test0/mcast_solicit", "2");
        return true;
}

/* echo requests that have left, "IcmpMsg: … OutType8" */
static unsigned n_requests(void) {
        g_autofree char *text = NULL;
        char **lines, **names, **values;
        unsigned n = 0;

        g_assert_true(g_file_get_contents("/proc/self/net/snmp", &text, NULL, NULL));
        lines = g_strsplit(strstr(text, "IcmpMsg:"), "\n", 3);
        names = g_strsplit(lines[0], " ", -1);
        values = g_strsplit(lines[1], " ", -1);
        for (size_t i = 0; names[i] && values[i]; i++)
                if (strcmp(names[i], "OutType8") == 0)
                        n = (unsigned) atoi(values[i]);
        g_strfreev(lines);
        g_strfreev(names);
        g_strfreev(values);
        return n;
}

static void in_own_network(const char *groups) {
        Check unreachable = make_check(CHECK_ICMP, "192.0.2.9"),
              no_route = make_check(CHECK_ICMP, "203.0.113.1");
        Check tcp = make_check(CHECK_TCP, "203.0.113.1:80"),
              neighbour = make_check(CHECK_TCP, "192.0.2.9:80");
        Check good = make_check(CHECK_ICMP, "192.0.2.1"), black = make_check(CHECK_ICMP, "192.0.2.7");
        unsigned before;
        Fixture f;

        if (!enter_network()) {
                g_test_skip("no network namespace");
                return;
        }
        write_file("/proc/sys/net/ipv4/ping_group_range", groups);
        fixture_open(&f, NULL);
        expect(&f, &good, OBSERVATION_OK, "");
        expect(&f, &unreachable, OBSERVATION_FAILED, "host unreachable, says 192.0.2.1");
        expect(&f, &good, OBSERVATION_OK, ""); /* an error of another target is not taken for its own */
        expect(&f, &no_route, OBSERVATION_ABSTAINED, "no route from this node");
        expect(&f, &tcp, OBSERVATION_ABSTAINED, "no route from this node");
        expect(&f, &neighbour, OBSERVATION_FAILED, "no route to host"); /* later, so the target's */

        /* not before: the link coming up, a little after the command, forgets neighbours */
        g_assert_true(run("ip neigh replace 192.0.2.7 lladdr 02:00:00:00:00:01 dev test0"));
        black.timeout = 300 * USEC_PER_MSEC;
        before = n_requests();
        expect(&f, &black, OBSERVATION_FAILED, "no reply");
        g_assert_cmpuint(n_requests() - before, ==, ECHO_PACKETS);
        fixture_close(&f);
}

/* groups: to whom the kernel gives datagram sockets; "1 0" is nobody, so that raw ones are used */
static void test_path(const void *groups) {
        if (g_test_subprocess()) {
                in_own_network(groups);
                return;
        }
        if (geteuid() != 0 || !may_ping(AF_INET)) {
                g_test_skip("not root");
                return;
        }
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
        g_test_trap_assert_passed();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/probes/icmp/ipv4", test_ipv4);
        g_test_add_func("/probes/icmp/ipv6", test_ipv6);
        g_test_add_func("/probes/icmp/many", test_many);
        g_test_add_func("/probes/icmp/silent-resolver", test_silent_resolver);
        g_test_add_func("/probes/icmp/unable", test_unable);
        g_test_add_func("/probes/icmp/bad-target", test_bad_target);
        g_test_add_func("/probes/icmp/cancel", test_cancel);
        g_test_add_data_func("/probes/icmp/path/raw", "1 0", test_path);
        g_test_add_data_func("/probes/icmp/path/datagram", "0 0", test_path);
        return g_test_run();
}
