/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "model/fingerprint.h"
#include "model/peer.h"

static void test_address_split(void) {
        static const struct {
                const char *address, *host;
                uint16_t port;
        } good[] = {
                { "alpha.example.com:9901", "alpha.example.com", 9901 },
                { "10.0.0.1:1", "10.0.0.1", 1 },
                { "[2001:db8::1]:65535", "2001:db8::1", 65535 },
                { "[fe80::1%eth0]:80", "fe80::1%eth0", 80 },
                { "a_b-c:9", "a_b-c", 9 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *host = NULL, *joined = NULL;
                uint16_t port = 0;

                g_assert_cmpint(address_split(good[i].address, &host, &port), ==, 0);
                g_assert_cmpstr(host, ==, good[i].host);
                g_assert_cmpuint(port, ==, good[i].port);
                g_assert_cmpint(address_split(good[i].address, NULL, NULL), ==, 0);
                joined = address_join(host, port);
                g_assert_cmpstr(joined, ==, good[i].address);
        }
}

static void test_address_refused(void) {
        g_autofree char *long_host = g_strnfill(254, 'h');
        g_autofree char *long_address = g_strconcat(long_host, ":1", NULL);
        const char *const bad[] = {
                "",
                ":",
                "h",
                "h:",
                ":1",
                "h:0",
                "h:65536",
                "h:x",
                "h:1x",
                "h:+1",
                "h: 1",
                "2001:db8::1:80",
                "[::1]",
                "[::1:80",
                "[]:80",
                "[::1]x:80",
                "a b:1",
                "a/b:1",
                "a\n:1",
                "http://h:1",
                long_address,
                "[h]:1",
                "[192.0.2.1]:1",
                "[h%eth0]:1",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                char *host = NULL;
                uint16_t port = 7;

                g_test_message("%s", bad[i]);
                g_assert_cmpint(address_split(bad[i], &host, &port), ==, -EINVAL);
                g_assert_null(host);
                g_assert_cmpuint(port, ==, 7);
        }
}

static void test_fingerprint(void) {
        /* of the empty text, as FIPS 180-4's tests have it */
        static const char empty[] =
                        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        static const char *const bad[] = {
                "",
                "sha256:",
                "sha1:e3b0",
                "sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"
        };
        g_autofree char *capitals = g_ascii_strup(empty, -1), *spaced = g_strdup_printf(" %s\n", empty);
        Fingerprint a, b;
        char text[FINGERPRINT_TEXT_SIZE];

        fingerprint_of("", 0, &a);
        g_assert_cmpstr(fingerprint_to_string(&a, text), ==, empty);
        g_assert_cmpint(fingerprint_from_string(empty, &b), ==, 0);
        g_assert_true(fingerprint_equal(&a, &b));
        g_assert_cmpint(fingerprint_from_string(capitals, &b), ==, 0);
        g_assert_true(fingerprint_equal(&a, &b));
        g_assert_cmpint(fingerprint_from_string(spaced, &b), ==, 0);
        fingerprint_of("x", 1, &b);
        g_assert_false(fingerprint_equal(&a, &b));
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(fingerprint_from_string(bad[i], &b), ==, -EINVAL);
        g_assert_cmpint(fingerprint_from_string(NULL, &b), ==, -EINVAL);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/peer/address/split", test_address_split);
        g_test_add_func("/peer/address/refused", test_address_refused);
        g_test_add_func("/peer/fingerprint", test_fingerprint);
        return g_test_run();
}
