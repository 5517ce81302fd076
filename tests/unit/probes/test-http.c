/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>

#include "base/limits.h"
#include "certs.h"
#include "fixture.h"
#include "helper.h"
#include "probes/match.h"
#include "probes/trust.h"

#ifndef SERVER
#error "the build names the server"
#endif

static Helper server;
static char *folder;
static char *ca_file;
static ProbeOptions options;

/* http://four.test:PORT/path for the server's socket of that name */
static char *url(const char *scheme, const char *host, const char *name, const char *path) {
        return g_strdup_printf("%s://%s:%u/%s", scheme, host, helper_port(&server, name), path);
}

static void expect_url(Fixture *f, const char *target, ObservationResult result, const char *detail) {
        Check check = make_check(CHECK_HTTP, target);

        expect(f, &check, result, detail);
}

static void expect_path(Fixture *f, const char *path, ObservationResult result, const char *detail) {
        g_autofree char *target = url("http", "127.0.0.1", "http", path);

        expect_url(f, target, result, detail);
}

static void test_ok(void) {
        static const struct {
                const char *host;
                const char *socket;
        } places[] = {
                { "127.0.0.1", "http" }, { "four.test", "http" }, { "localhost", "http" },
                { "[::1]", "http6" },    { "six.test", "http6" }, { "both.test", "http6" },
        };
        Fixture f;

        fixture_open(&f, &options);
        for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
                g_autofree char *target = url("http", places[i].host, places[i].socket, "ok");
                Check check = make_check(CHECK_HTTP, target);
                _cleanup_(observation_freep) Observation *o = observe(&f, &check);

                g_assert_cmpstr(o->detail, ==, "");
                g_assert_cmpint(o->result, ==, OBSERVATION_OK);
                g_assert_cmpstr(o->address, ==, g_str_equal(places[i].socket, "http") ? "127.0.0.1" : "::1");
                g_assert_cmpuint(o->first_byte, >, 0);
                g_assert_cmpuint(o->tls, ==, 0);
                g_assert_cmpuint(o->total, >=, o->resolve + o->connect + o->first_byte);
        }
        fixture_close(&f);
}

static void test_status(void) {
        Fixture f;
        g_autofree char *target = url("http", "127.0.0.1", "http", "status/404/");
        Check check = make_check(CHECK_HTTP, target);

        fixture_open(&f, &options);
        expect_path(&f,
                    "status/503/Service_Unavailable",
                    OBSERVATION_FAILED,
                    "status 503 Service Unavailable");
        expect_path(&f, "status/503/", OBSERVATION_FAILED, "status 503 Service Unavailable");
        expect_path(&f, "status/500/ESCevil", OBSERVATION_FAILED, "status 500 \\x1b[31mevil");
        expect_path(&f, "status/204/No_Content", OBSERVATION_FAILED, "status 204 No Content");
        expect_path(&f, "early", OBSERVATION_OK, "");
        expect_path(&f, "agent", OBSERVATION_OK, "");
        check.expect_status = 404;
        expect(&f, &check, OBSERVATION_OK, "");
        fixture_close(&f);
}

static void test_redirects(void) {
        g_autofree char *to_other =
                        g_strdup_printf("to/http://four.test:%u/ok", helper_port(&server, "http"));
        g_autofree char *to_tls =
                        g_strdup_printf("to/https://four.test:%u/ok", helper_port(&server, "good"));
        g_autofree char *itself = url("http", "127.0.0.1", "http", "redirect/1");
        Check check = make_check(CHECK_HTTP, itself);
        Fixture f;

        fixture_open(&f, &options);
        expect_path(&f, "redirect/3", OBSERVATION_OK, "");
        expect_path(&f, "redirect/10", OBSERVATION_OK, "");
        expect_path(&f, "redirect/11", OBSERVATION_FAILED, "too many redirects");
        expect_path(&f, to_other, OBSERVATION_OK, "");
        expect_path(&f, to_tls, OBSERVATION_OK, "");
        expect_path(&f, "to/ftp://127.0.0.1/x", OBSERVATION_FAILED, "redirect to what is not HTTP");
        expect_path(&f, "to/http://nowhere.test/", OBSERVATION_FAILED, "resolve: no such host");
        expect_path(&f, "status/301/", OBSERVATION_FAILED, "status 301 Moved Permanently");

        check.expect_status = 302; /* the redirect itself is what is expected */
        expect(&f, &check, OBSERVATION_OK, "");
        fixture_close(&f);
}

static void test_body(void) {
        static const struct {
                const char *path;
                ObservationResult result;
                const char *detail;
        } cases[] = {
                { "chunked", OBSERVATION_OK, "" },
                { "ok", OBSERVATION_FAILED, "body match miss" },
                { "at/0", OBSERVATION_OK, "" },
                { "at/1048570", OBSERVATION_OK, "" },                    /* ends with the window */
                { "at/1048571", OBSERVATION_FAILED, "body match miss" }, /* one byte past it */
                { "endless/needle", OBSERVATION_OK, "" },
                { "endless", OBSERVATION_FAILED, "body match miss" },
                { "cut", OBSERVATION_FAILED, "answer cut off" },
                { "status/503/Gone_Fishing", OBSERVATION_FAILED, "status 503 Gone Fishing" },
        };
        Fixture f;

        fixture_open(&f, &options);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *target = url("http", "127.0.0.1", "http", cases[i].path);
                Check check = make_check(CHECK_HTTP, target);

                check.body_match = (char *) "NEEDLE";
                expect(&f, &check, cases[i].result, cases[i].detail);
        }
        /* without a text to look for nothing of the body is read */
        expect_path(&f, "endless", OBSERVATION_OK, "");
        expect_path(&f, "cut", OBSERVATION_OK, "");
        expect_path(&f, "slow", OBSERVATION_OK, "");
        fixture_close(&f);
}

static void test_timeouts(void) {
        BlackHole hole;
        g_autofree char *mute = url("http", "127.0.0.1", "http", "mute");
        g_autofree char *slow = url("http", "127.0.0.1", "http", "slow");
        g_autofree char *nowhere = NULL;
        Check check = make_check(CHECK_HTTP, mute);
        Fixture f;

        black_hole_open(&hole);
        nowhere = g_strdup_printf("http://127.0.0.1:%u/", hole.port);
        fixture_open(&f, &options);
        check.timeout = 250 * USEC_PER_MSEC;
        expect(&f, &check, OBSERVATION_FAILED, "timeout after 250ms");
        check.target = nowhere;
        expect(&f, &check, OBSERVATION_FAILED, "timeout after 250ms");
        check.target = (char *) "http://mute.test/";
        expect(&f, &check, OBSERVATION_ABSTAINED, "no answer from any resolver");
        check.target = slow;
        check.body_match = (char *) "never";
        expect(&f, &check, OBSERVATION_FAILED, "timeout after 250ms");
        fixture_close(&f);
        black_hole_close(&hole);
}

static void test_broken(void) {
        int closed = make_listener(AF_INET, SOCK_STREAM, -1);
        g_autofree char *refused = g_strdup_printf("http://127.0.0.1:%u/", port_of(closed));
        Fixture f;

        fixture_open(&f, &options);
        expect_url(&f, refused, OBSERVATION_FAILED, "connection refused");
        expect_path(&f, "close", OBSERVATION_FAILED, "connection closed without an answer");
        expect_path(&f, "noise", OBSERVATION_FAILED, "received HTTP/0.9 when not allowed");
        expect_path(&f, "headers", OBSERVATION_FAILED, "headers are too large");
        expect_url(&f, "ftp://127.0.0.1/", OBSERVATION_ABSTAINED, "target is not an HTTP URL");
        expect_url(&f, "", OBSERVATION_ABSTAINED, "target is not an HTTP URL");
        fixture_close(&f);
        (void) close_fd(closed);
}

static void test_user(void) {
        g_autofree char *target = g_strdup_printf(
                        "http://us%%20er:p%%40ss@127.0.0.1:%u/auth", helper_port(&server, "http"));
        g_autofree char *wrong =
                        g_strdup_printf("http://u:secret@127.0.0.1:%u/auth", helper_port(&server, "http"));
        g_autofree char *moved = g_strdup_printf(
                        "http://us%%20er:p%%40ss@127.0.0.1:%u/to//auth", helper_port(&server, "http"));
        g_autofree char *leak =
                        g_strdup_printf("http://u:secret@127.0.0.1:%u/to/http://four.test:%u/noauth",
                                        helper_port(&server, "http"),
                                        helper_port(&server, "http"));
        Fixture f;

        fixture_open(&f, &options);
        expect_url(&f, target, OBSERVATION_OK, "");
        expect_url(&f, wrong, OBSERVATION_FAILED, "status 401 Unauthorized");
        expect_url(&f, moved, OBSERVATION_OK, "");
        expect_url(&f, leak, OBSERVATION_OK, "");
        fixture_close(&f);
}

static void test_tls(void) {
        static const struct {
                const char *host;
                const char *socket;
                ObservationResult result;
                const char *detail;
        } cases[] = {
                { "127.0.0.1", "good", OBSERVATION_OK, "" },
                { "four.test", "good", OBSERVATION_OK, "" },
                { "localhost", "good", OBSERVATION_FAILED, "TLS: certificate is not for localhost" },
                { "127.0.0.1", "expired", OBSERVATION_FAILED, "TLS: certificate has expired" },
                { "127.0.0.1",
                  "foreign",
                  OBSERVATION_FAILED,
                  "TLS: certificate is from an authority that is not trusted" },
                { "127.0.0.1", "other", OBSERVATION_FAILED, "TLS: certificate is not for 127.0.0.1" },
        };
        Fixture f;

        fixture_open(&f, &options);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *target = url("https", cases[i].host, cases[i].socket, "ok");
                Check check = make_check(CHECK_HTTP, target);
                _cleanup_(observation_freep) Observation *o = observe(&f, &check);

                g_assert_cmpstr(o->detail, ==, cases[i].detail);
                g_assert_cmpint(o->result, ==, cases[i].result);
                g_assert_cmpuint(o->tls, >, 0);
        }
        fixture_close(&f);
}

/* A server that speaks nothing newer than TLS 1.1 ends in a sentence about TLS. */
static void test_tls_refused(void) {
        static const char *const sockets[] = { "old" };
        Fixture f;

        fixture_open(&f, &options);
        for (size_t i = 0; i < G_N_ELEMENTS(sockets); i++) {
                g_autofree char *target = url("https", "127.0.0.1", sockets[i], "ok");
                Check check = make_check(CHECK_HTTP, target);
                _cleanup_(observation_freep) Observation *o = observe(&f, &check);

                g_test_message("%s", o->detail);
                g_assert_cmpint(o->result, ==, OBSERVATION_FAILED);
                g_assert_true(g_str_has_prefix(o->detail, "TLS: "));
        }
        fixture_close(&f);
}

/* Nothing to measure certificates with is this node's want; a bundle that comes later is seen. */
static void test_no_bundle(void) {
        g_autofree char *path = g_build_filename(folder, "later.pem", NULL), *bundle = NULL;
        g_autofree char *target = url("https", "127.0.0.1", "good", "ok");
        g_autofree char *detail = g_strdup_printf("no trusted certificates on this node (%s)", path);
        Fixture f;

        fixture_open(&f, &(ProbeOptions){ .ca_file = path });
        expect_url(&f, target, OBSERVATION_ABSTAINED, detail);
        g_assert_true(g_file_get_contents(ca_file, &bundle, NULL, NULL));
        g_assert_true(g_file_set_contents(path, bundle, -1, NULL));
        expect_url(&f, target, OBSERVATION_OK, "");
        fixture_close(&f);
        (void) g_unlink(path);
}

/* Two hundred targets that take the connection and then stay silent hold up nobody. */
static void test_silent_targets(void) {
        _cleanup_(closep) int silent = make_listener(AF_INET, SOCK_STREAM, 256);
        g_autofree char *target = g_strdup_printf("https://127.0.0.1:%u/", port_of(silent));
        g_autofree char *healthy = url("https", "127.0.0.1", "good", "ok");
        Check check = make_check(CHECK_HTTP, target), good = make_check(CHECK_HTTP, healthy);
        Watched watched[200];
        Fixture f;

        fixture_open(&f, &options);
        check.timeout = 30 * USEC_PER_SEC;
        for (size_t i = 0; i < G_N_ELEMENTS(watched); i++)
                watched_start(&f, &check, watched + i);
        run_for(f.event, 100 * USEC_PER_MSEC);
        for (unsigned i = 0; i < 5; i++) {
                _cleanup_(observation_freep) Observation *o = observe(&f, &good);

                g_assert_cmpint(o->result, ==, OBSERVATION_OK);
                g_assert_cmpuint(o->total, <, 5 * USEC_PER_SEC);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(watched); i++) {
                g_assert_false(watched[i].done);
                watched[i].probe = probe_cancel(watched[i].probe);
        }
        fixture_close(&f);
}

static void test_cancel(void) {
        g_autofree char *plain = url("http", "four.test", "http", "redirect/2");
        g_autofree char *tls = url("https", "four.test", "good", "ok");
        Fixture f;

        fixture_open(&f, &options);
        for (unsigned turns = 0; turns < 24; turns++) { /* at each moment of its life */
                Check check = make_check(CHECK_HTTP, turns % 2 ? plain : tls);
                Watched watched;

                watched_start(&f, &check, &watched);
                for (unsigned i = 0; i < turns && !watched.done; i++)
                        (void) sd_event_run(f.event, 1000);
                if (!watched.done) {
                        watched.probe = probe_cancel(watched.probe);
                        run_for(f.event, 2000);
                        g_assert_false(watched.done);
                }
                watched_clear(&watched);
        }
        for (unsigned turns = 0; turns < 12; turns++) { /* and with all of it going down */
                Check check = make_check(CHECK_HTTP, turns % 2 ? plain : tls);
                Watched watched;

                fixture_close(&f);
                fixture_open(&f, &options);
                watched_start(&f, &check, &watched);
                for (unsigned i = 0; i < turns && !watched.done; i++)
                        (void) sd_event_run(f.event, 1000);
                if (watched.done)
                        watched_clear(&watched);
        }
        fixture_close(&f);
}

static void test_many(void) {
        g_autofree char *target = url("https", "four.test", "good", "ok");
        Check check = make_check(CHECK_HTTP, target);
        Watched watched[50];
        Fixture f;

        fixture_open(&f, &options);
        for (size_t i = 0; i < G_N_ELEMENTS(watched); i++)
                watched_start(&f, &check, watched + i);
        for (size_t i = 0; i < G_N_ELEMENTS(watched); i++) {
                run_until(f.event, &watched[i].done);
                g_assert_cmpint(watched[i].observation->result, ==, OBSERVATION_OK);
                watched_clear(watched + i);
        }
        fixture_close(&f);
}

/* Every text, cut in every way, against the plain search. */
static void test_match(void) {
        static const char *const needles[] = { "a", "aa", "aab", "abab", "abcab", "NEEDLE" };
        static const char *const hays[] = { "",         "a",        "aaab",    "ababab",
                                            "abcabcab", "NENEEDLE", "xNEEDLx", "bbbb" };

        for (size_t i = 0; i < G_N_ELEMENTS(needles); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(hays); j++)
                        for (size_t cut = 0; cut <= strlen(hays[j]); cut++) {
                                _cleanup_(match_freep) Match *match = match_new(needles[i]);
                                bool found;

                                (void) match_feed(match, hays[j], cut);
                                found = match_feed(match, hays[j] + cut, strlen(hays[j]) - cut);
                                g_assert_true(found == (strstr(hays[j], needles[i]) != NULL));
                        }
}

static char *in_folder(const char *name) {
        return g_build_filename(folder, name, NULL);
}

static void make_certificates(void) {
        static const char *const names[] = { "four.test", NULL }, *const others[] = { "elsewhere.test",
                                                                                      NULL };
        Authority ca = authority_new("test authority"), stranger = authority_new("stranger");
        g_autofree char *good = in_folder("good.pem"), *expired = in_folder("expired.pem"),
                        *foreign = in_folder("foreign.pem"), *other = in_folder("other.pem");

        ca_file = in_folder("ca.pem");
        authority_save(&ca, ca_file);
        authority_issue(&ca, good, names, TRUE, time(NULL) + 3600);
        authority_issue(&ca, expired, names, TRUE, time(NULL) - 3600);
        authority_issue(&stranger, foreign, names, TRUE, time(NULL) + 3600);
        authority_issue(&ca, other, others, FALSE, time(NULL) + 3600);
        authority_done(&ca);
        authority_done(&stranger);
        options.ca_file = ca_file;
}

static void remove_certificates(void) {
        static const char *const files[] = {
                "ca.pem", "good.pem", "expired.pem", "foreign.pem", "other.pem"
        };

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = in_folder(files[i]);
                (void) g_unlink(path);
        }
        (void) g_rmdir(folder);
        g_free(folder);
        g_free(ca_file);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        folder = g_dir_make_tmp("http-XXXXXX", NULL);
        make_certificates();
        helper_start(&server, (const char *const[]){ "/usr/bin/python3", SERVER, folder, NULL });

        g_test_add_func("/probes/http/ok", test_ok);
        g_test_add_func("/probes/http/status", test_status);
        g_test_add_func("/probes/http/redirects", test_redirects);
        g_test_add_func("/probes/http/body", test_body);
        g_test_add_func("/probes/http/timeouts", test_timeouts);
        g_test_add_func("/probes/http/broken", test_broken);
        g_test_add_func("/probes/http/user", test_user);
        g_test_add_func("/probes/http/tls", test_tls);
        g_test_add_func("/probes/http/tls-refused", test_tls_refused);
        g_test_add_func("/probes/http/no-bundle", test_no_bundle);
        g_test_add_func("/probes/http/silent-targets", test_silent_targets);
        g_test_add_func("/probes/http/cancel", test_cancel);
        g_test_add_func("/probes/http/many", test_many);
        g_test_add_func("/probes/http/match", test_match);
        r = g_test_run();

        helper_stop(&server);
        remove_certificates();
        return r;
}
