/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/limits.h"
#include "transport/admission.h"

static AddressKey key_of(const char *host) {
        Address address;

        g_assert_cmpint(address_from_numeric(host, 1, &address), ==, 0);
        return address_key(&address);
}

static void test_keys(void) {
        AddressKey a = key_of("192.0.2.1"), b = key_of("::ffff:192.0.2.1"), c = key_of("192.0.2.2");
        AddressKey d = key_of("2001:db8::1"), e = key_of("2001:db8::ffff:2"), f = key_of("2001:db8:0:1::1");

        g_assert_true(address_key_equal(&a, &b));
        g_assert_false(address_key_equal(&a, &c));
        g_assert_true(address_key_equal(&d, &e)); /* one /64 */
        g_assert_false(address_key_equal(&d, &f));
}

static void empty(Admission *admission) {
        while (admission->strangers.head)
                (void) admission_leave(admission, admission->strangers.head->data);
        while (admission->expected.head)
                (void) admission_leave(admission, admission->expected.head->data);
}

static void test_per_address(void) {
        AddressKey here = key_of("192.0.2.1"), there = key_of("192.0.2.2");
        Admission admission;
        void *evicted;

        admission_init(&admission, 0);
        (void) admission_enter(&admission, &there, false, GINT_TO_POINTER(99), &evicted);
        for (int i = 1; i <= UNTRUSTED_MAX_PER_ADDRESS; i++) {
                (void) admission_enter(&admission, &here, false, GINT_TO_POINTER(i), &evicted);
                g_assert_null(evicted);
        }
        /* the oldest of this address goes, not the oldest of all */
        (void) admission_enter(&admission, &here, false, GINT_TO_POINTER(50), &evicted);
        g_assert_cmpint(GPOINTER_TO_INT(evicted), ==, 1);
        empty(&admission);
}

static void test_in_all(void) {
        Admission admission;
        AddressKey key = {};
        void *evicted;

        admission_init(&admission, 0);
        for (int i = 1; i <= UNTRUSTED_MAX; i++) {
                key.bytes[0] = (uint8_t) i;
                (void) admission_enter(&admission, &key, false, GINT_TO_POINTER(i), &evicted);
                g_assert_null(evicted);
        }
        key.bytes[0] = 200;
        (void) admission_enter(&admission, &key, false, GINT_TO_POINTER(200), &evicted);
        g_assert_cmpint(GPOINTER_TO_INT(evicted), ==, 1);
        /* peers' addresses have places of their own */
        (void) admission_enter(&admission, &key, true, GINT_TO_POINTER(201), &evicted);
        g_assert_null(evicted);
        g_assert_cmpuint(admission.strangers.length, ==, UNTRUSTED_MAX);
        empty(&admission);
}

static void test_handshakes(void) {
        AddressKey key = key_of("192.0.2.1");
        Admission admission;
        Guest *stranger, *expected;
        void *evicted;

        admission_init(&admission, 5 * USEC_PER_SEC);
        stranger = admission_enter(&admission, &key, false, NULL, &evicted);
        expected = admission_enter(&admission, &key, true, NULL, &evicted);
        for (unsigned i = 0; i < UNTRUSTED_HANDSHAKES_PER_SEC; i++)
                g_assert_true(admission_handshake(&admission, stranger, 5 * USEC_PER_SEC));
        g_assert_false(admission_handshake(&admission, stranger, 5 * USEC_PER_SEC));
        g_assert_true(admission_handshake(&admission, expected, 5 * USEC_PER_SEC));
        g_assert_true(admission_handshake(&admission, stranger, 5 * USEC_PER_SEC + 100 * USEC_PER_MSEC));
        g_assert_false(admission_handshake(&admission, stranger, 5 * USEC_PER_SEC + 110 * USEC_PER_MSEC));
        empty(&admission);
}

static void test_failed_joins(void) {
        AddressKey here = key_of("192.0.2.1"), key = {};
        Admission admission;
        unsigned n = 0;

        admission_init(&admission, USEC_PER_SEC);
        for (; admission_may_join(&admission, &here, USEC_PER_SEC); n++)
                admission_join_failed(&admission, &here, USEC_PER_SEC);
        g_assert_cmpuint(n, ==, JOIN_FAILURES_PER_ADDRESS);
        g_assert_true(admission_may_join(&admission, &here, USEC_PER_SEC + JOIN_FAILURE_USEC));

        /* and from many addresses together */
        admission_init(&admission, USEC_PER_SEC);
        for (n = 0; n < 200; n++) {
                key.bytes[0] = (uint8_t) n;
                key.bytes[1] = 1;
                if (!admission_may_join(&admission, &key, USEC_PER_SEC))
                        break;
                admission_join_failed(&admission, &key, USEC_PER_SEC);
        }
        g_assert_cmpuint(n, ==, JOIN_FAILURES_MAX);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transport/admission/keys", test_keys);
        g_test_add_func("/transport/admission/per-address", test_per_address);
        g_test_add_func("/transport/admission/in-all", test_in_all);
        g_test_add_func("/transport/admission/handshakes", test_handshakes);
        g_test_add_func("/transport/admission/failed-joins", test_failed_joins);
        return g_test_run();
}
