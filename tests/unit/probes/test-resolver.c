/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/resolver.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "probes/question.h"
#include "support.h"

typedef struct Fixture {
        sd_event *event;
        FakeDns dns;
        Resolver *resolver;
} Fixture;

typedef struct Heard {
        bool done;
        ResolveResult result;
        char *detail;
        Address addresses[16];
        size_t n_addresses;
} Heard;

static void on_done(void *userdata, const ResolveAnswer *answer) {
        Heard *heard = userdata;

        g_assert_false(heard->done);
        heard->done = true;
        heard->result = answer->result;
        heard->detail = g_strdup(answer->detail);
        heard->n_addresses = answer->n_addresses;
        for (size_t i = 0; i < answer->n_addresses; i++)
                heard->addresses[i] = answer->addresses[i];
}

static void heard_clear(Heard *heard) {
        g_free(heard->detail);
        *heard = (Heard){};
}

static void fixture_open(Fixture *f) {
        *f = (Fixture){};
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        fake_dns_start(&f->dns, f->event);
        g_assert_cmpint(resolver_new(f->event,
                                     &(ResolverOptions){ .servers = f->dns.servers },
                                     &f->resolver),
                        ==,
                        0);
}

static void fixture_close(Fixture *f) {
        f->resolver = resolver_free(f->resolver);
        fake_dns_stop(&f->dns);
        f->event = sd_event_unref(f->event);
}

static void ask(Fixture *f, const char *host, Heard *heard) {
        Resolve *resolve;

        g_assert_cmpint(resolve_start(f->resolver, host, 30 * USEC_PER_SEC, on_done, heard, &resolve),
                        ==,
                        0);
        g_assert_false(heard->done);
        run_until(f->event, &heard->done);
}

static void check_answer(Fixture *f, const char *host, ResolveResult result, const char *detail, size_t n) {
        Heard heard = {};

        ask(f, host, &heard);
        g_assert_cmpstr(heard.detail, ==, detail);
        g_assert_cmpint(heard.result, ==, result);
        g_assert_cmpuint(heard.n_addresses, ==, n);
        heard_clear(&heard);
}

static void test_answers(void) {
        Fixture f;

        fixture_open(&f);
        check_answer(&f, "four.test", RESOLVE_FOUND, "", 1);
        check_answer(&f, "six.test", RESOLVE_FOUND, "", 1);
        check_answer(&f, "both.test", RESOLVE_FOUND, "", 2);
        check_answer(&f, "nowhere.test", RESOLVE_FAILED, "resolve: no such host", 0);
        check_answer(&f, "broken.test", RESOLVE_FAILED, "resolve: server failure", 0);
        check_answer(&f, "refused.test", RESOLVE_UNABLE, "resolver refused to answer", 0);
        fixture_close(&f);
}

static void test_no_data(void) {
        Fixture f;
        Heard heard = {};

        fixture_open(&f);
        ask(&f, "empty.test", &heard);
        g_assert_cmpint(heard.result, ==, RESOLVE_FAILED);
        heard_clear(&heard);
        fixture_close(&f);
}

static void test_numeric(void) {
        static const char *const hosts[] = { "127.0.0.1", "::1", "fe80::1%1" };
        Fixture f;

        fixture_open(&f);
        for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++)
                check_answer(&f, hosts[i], RESOLVE_FOUND, "", 1);
        g_assert_cmpuint(f.dns.n_asked, ==, 0);
        fixture_close(&f);
}

static void test_hosts_file(void) {
        Fixture f;
        Heard heard = {};

        fixture_open(&f);
        ask(&f, "localhost", &heard);
        g_assert_cmpint(heard.result, ==, RESOLVE_FOUND);
        g_assert_cmpuint(heard.n_addresses, >=, 1);
        g_assert_cmpuint(f.dns.n_asked, ==, 0);
        heard_clear(&heard);
        fixture_close(&f);
}

/* A closed port instead of a resolver: nobody answers, so nobody is to blame but this node. */
static void test_no_resolver(void) {
        Fixture f;

        fixture_open(&f);
        f.dns.source = sd_event_source_disable_unref(f.dns.source);
        f.dns.fd = close_fd(f.dns.fd);
        check_answer(&f, "four.test", RESOLVE_UNABLE, "no answer from any resolver", 0);
        fixture_close(&f);
}

static void test_silence(void) {
        Fixture f;
        Heard heard = {};
        Resolve *resolve;
        const char *detail;

        fixture_open(&f);

        /* a silent resolver is ours */
        g_assert_cmpint(resolve_start(f.resolver, "mute.test", 30 * USEC_PER_SEC, on_done, &heard, &resolve),
                        ==,
                        0);
        run_for(f.event, 50 * USEC_PER_MSEC);
        g_assert_cmpint(resolve_expire(resolve, &detail), ==, RESOLVE_UNABLE);
        g_assert_cmpstr(detail, ==, "no answer from any resolver");

        /* unless it answered for another name */
        check_answer(&f, "four.test", RESOLVE_FOUND, "", 1);
        g_assert_cmpint(resolve_start(f.resolver, "mute.test", 30 * USEC_PER_SEC, on_done, &heard, &resolve),
                        ==,
                        0);
        run_for(f.event, 50 * USEC_PER_MSEC);
        g_assert_cmpint(resolve_expire(resolve, &detail), ==, RESOLVE_FAILED);

        /* within the interval */
        g_assert_cmpint(resolve_start(f.resolver,
                                      "mute.test",
                                      20 * USEC_PER_MSEC,
                                      on_done,
                                      &heard,
                                      &resolve),
                        ==,
                        0);
        run_for(f.event, 50 * USEC_PER_MSEC);
        g_assert_cmpint(resolve_expire(resolve, &detail), ==, RESOLVE_UNABLE);

        g_assert_false(heard.done);
        fixture_close(&f);
}

/* What the same name was once answered says nothing about a silence now. */
static void test_silence_same_name(void) {
        Fixture f;
        Heard heard = {};
        Resolve *resolve;
        const char *detail;

        fixture_open(&f);
        check_answer(&f, "four.test", RESOLVE_FOUND, "", 1);
        f.dns.silent = true;
        g_assert_cmpint(resolve_start(f.resolver, "FOUR.test", 30 * USEC_PER_SEC, on_done, &heard, &resolve),
                        ==,
                        0);
        run_for(f.event, 50 * USEC_PER_MSEC);
        g_assert_cmpint(resolve_expire(resolve, &detail), ==, RESOLVE_UNABLE);
        fixture_close(&f);
}

/* A silent first resolver is passed over for the second. */
static void test_failover(void) {
        _cleanup_(closep) int silent = make_listener(AF_INET, SOCK_DGRAM, -1);
        g_autofree char *servers = NULL;
        Fixture f;

        fixture_open(&f);
        f.resolver = resolver_free(f.resolver);
        servers = g_strdup_printf("127.0.0.1:%u,%s", port_of(silent), f.dns.servers);
        g_assert_cmpint(resolver_new(f.event, &(ResolverOptions){ .servers = servers }, &f.resolver), ==, 0);
        check_answer(&f, "four.test", RESOLVE_FOUND, "", 1);
        fixture_close(&f);
}

static void test_cancel(void) {
        Fixture f;
        Heard heard = {};
        Resolve *resolve;

        fixture_open(&f);
        g_assert_cmpint(resolve_start(f.resolver, "four.test", 0, on_done, &heard, &resolve), ==, 0);
        g_assert_null(resolve_cancel(resolve));
        g_assert_cmpint(resolve_start(f.resolver, "127.0.0.1", 0, on_done, &heard, &resolve), ==, 0);
        g_assert_null(resolve_cancel(resolve));
        g_assert_null(resolve_cancel(NULL));
        run_for(f.event, 50 * USEC_PER_MSEC);
        g_assert_false(heard.done);

        /* freed with one in flight, one cancelled and one answered */
        g_assert_cmpint(resolve_start(f.resolver, "mute.test", 0, on_done, &heard, &resolve), ==, 0);
        g_assert_cmpint(resolve_start(f.resolver, "mute.test", 0, on_done, &heard, &resolve), ==, 0);
        (void) resolve_cancel(resolve);
        g_assert_cmpint(resolve_start(f.resolver, "127.0.0.1", 0, on_done, &heard, &resolve), ==, 0);
        fixture_close(&f);
        g_assert_false(heard.done);
}

static int no_descriptors(int family, int type, int protocol) {
        errno = EMFILE;
        return -1;
}

static void test_no_descriptors(void) {
        Fixture f;

        fixture_open(&f);
        f.resolver = resolver_free(f.resolver);
        g_assert_cmpint(resolver_new(f.event,
                                     &(ResolverOptions){ .servers = f.dns.servers,
                                                         .make_socket = no_descriptors },
                                     &f.resolver),
                        ==,
                        0);
        check_answer(&f, "four.test", RESOLVE_UNABLE, "no file descriptors left", 0);
        fixture_close(&f);
}

/* resolv.conf appears, is replaced and is written in place; what is in flight is asked again. */
static void test_renewal(void) {
        g_autofree char *folder = g_dir_make_tmp("resolver-XXXXXX", NULL);
        g_autofree char *real = g_build_filename(folder, "real.conf", NULL);
        g_autofree char *path = g_build_filename(folder, "resolv.conf", NULL);
        Heard heard = {};
        Resolve *resolve;
        Fixture f;
        unsigned generation;
        usec_t end = now_boottime() + BOUND_USEC;

        fixture_open(&f);
        f.resolver = resolver_free(f.resolver);
        g_assert_true(g_file_set_contents(real, "nameserver 127.0.0.9\n", -1, NULL));
        g_assert_cmpint(symlink("real.conf", path), ==, 0);
        g_assert_cmpint(resolver_new(f.event,
                                     &(ResolverOptions){ .servers = f.dns.servers, .resolv_conf = path },
                                     &f.resolver),
                        ==,
                        0);
        f.dns.silent = true;
        g_assert_cmpint(resolve_start(f.resolver, "four.test", 0, on_done, &heard, &resolve), ==, 0);
        run_for(f.event, 20 * USEC_PER_MSEC);

        f.dns.silent = false;
        generation = resolver_generation(f.resolver);
        g_assert_true(g_file_set_contents(real, "nameserver 127.0.0.99\n", -1, NULL));
        while (resolver_generation(f.resolver) == generation) {
                g_assert_cmpuint(now_boottime(), <, end);
                g_assert_cmpint(sd_event_run(f.event, 100 * USEC_PER_MSEC), >=, 0);
        }
        run_until(f.event, &heard.done);
        g_assert_cmpint(heard.result, ==, RESOLVE_FOUND);
        heard_clear(&heard);

        (void) g_unlink(path);
        (void) g_unlink(real);
        (void) g_rmdir(folder);
        fixture_close(&f);
}

static void test_many(void) {
        Fixture f;
        Heard heard[200] = {};
        Resolve *resolve;

        fixture_open(&f);
        for (size_t i = 0; i < G_N_ELEMENTS(heard); i++) {
                g_autofree char *host = g_strdup_printf("four.n%zu.test", i);

                g_assert_cmpint(resolve_start(f.resolver, host, 0, on_done, heard + i, &resolve), ==, 0);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(heard); i++) {
                run_until(f.event, &heard[i].done);
                g_assert_cmpint(heard[i].result, ==, RESOLVE_FOUND);
                heard_clear(heard + i);
        }
        fixture_close(&f);
}

static void test_addresses(void) {
        static const char *const good[] = { "127.0.0.1", "::1", "2001:db8::1", "fe80::1%lo" };
        static const char *const bad[] = {
                "", "1.2.3", "a.b", "[::1]", "::1%", "::1%nothing-here", "127.0.0.1:80"
        };
        Address address;

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *text = NULL;

                g_assert_cmpint(address_from_string(good[i], &address), ==, 0);
                text = address_to_string(&address);
                g_assert_cmpstr(text, ==, good[i]);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(address_from_string(bad[i], &address), ==, -EINVAL);
}

static void test_question(void) {
        static const uint8_t packet[] = { 0, 1, 0x81, 0x82, 0,   1, 0, 0, 0, 0, 0,
                                          0, 1, 'A',  1,    'b', 0, 0, 1, 0, 1 };
        Question question;

        g_assert_cmpint(question_parse(packet, sizeof(packet), &question), ==, 0);
        g_assert_cmpstr(question.name, ==, "a.b");
        g_assert_cmpuint(question.rcode, ==, QUESTION_SERVFAIL);
        g_assert_true(question_is_for(&question, "A.B"));
        g_assert_true(question_is_for(&question, "a.b."));
        g_assert_true(question_is_for(&question, "a")); /* with the search domain "b" */
        g_assert_false(question_is_for(&question, "a.c"));
        g_assert_false(question_is_for(&question, "a.b.c"));
        g_assert_cmpuint(question_hash("a.b"), ==, question_hash("A.B."));
        for (size_t n = 0; n < 17; n++)
                g_assert_cmpint(question_parse(packet, n, &question), ==, -EBADMSG);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/probes/resolver/answers", test_answers);
        g_test_add_func("/probes/resolver/no-data", test_no_data);
        g_test_add_func("/probes/resolver/numeric", test_numeric);
        g_test_add_func("/probes/resolver/hosts-file", test_hosts_file);
        g_test_add_func("/probes/resolver/no-resolver", test_no_resolver);
        g_test_add_func("/probes/resolver/silence", test_silence);
        g_test_add_func("/probes/resolver/silence-same-name", test_silence_same_name);
        g_test_add_func("/probes/resolver/failover", test_failover);
        g_test_add_func("/probes/resolver/cancel", test_cancel);
        g_test_add_func("/probes/resolver/no-descriptors", test_no_descriptors);
        g_test_add_func("/probes/resolver/renewal", test_renewal);
        g_test_add_func("/probes/resolver/many", test_many);
        g_test_add_func("/probes/resolver/addresses", test_addresses);
        g_test_add_func("/probes/resolver/question", test_question);
        return g_test_run();
}
