/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>

#include "base/usec.h"

static void test_arithmetic(void) {
        g_assert_cmpuint(usec_add(1, 2), ==, 3);
        g_assert_cmpuint(usec_add(USEC_INFINITY, 1), ==, USEC_INFINITY);
        g_assert_cmpuint(usec_add(USEC_INFINITY - 1, 1), ==, USEC_INFINITY);
        g_assert_cmpuint(usec_add(USEC_INFINITY - 1, 5), ==, USEC_INFINITY);
        g_assert_cmpuint(usec_sub(3, 2), ==, 1);
        g_assert_cmpuint(usec_sub(2, 3), ==, 0);
        g_assert_cmpuint(usec_sub(USEC_INFINITY, 3), ==, USEC_INFINITY);
}

/* texts and values that Go's time.ParseDuration() and Duration.String() agree on */
static const struct {
        const char *text;
        usec_t usec;
} durations[] = {
        { "0s", 0 },
        { "1µs", 1 },
        { "999µs", 999 },
        { "1ms", 1000 },
        { "1.5ms", 1500 },
        { "250ms", 250000 },
        { "999.999ms", 999999 },
        { "1s", USEC_PER_SEC },
        { "1.000001s", USEC_PER_SEC + 1 },
        { "30s", 30 * USEC_PER_SEC },
        { "1m0s", USEC_PER_MINUTE },
        { "1m30s", 90 * USEC_PER_SEC },
        { "1h0m0s", USEC_PER_HOUR },
        { "24h0m0.5s", 24 * USEC_PER_HOUR + USEC_PER_SEC / 2 },
        { "100h0m1s", 100 * USEC_PER_HOUR + USEC_PER_SEC },
};

static void test_durations(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(durations); i++) {
                g_autofree char *text = usec_to_duration(durations[i].usec);
                usec_t usec = 77;

                g_assert_cmpstr(text, ==, durations[i].text);
                g_assert_cmpint(usec_from_duration(text, &usec), ==, 0);
                g_assert_cmpuint(usec, ==, durations[i].usec);
        }
}

static void test_duration_forms(void) {
        static const struct {
                const char *text;
                int r;
                usec_t usec;
        } cases[] = {
                { "0", 0, 0 },
                { "+5s", 0, 5 * USEC_PER_SEC },
                { "1.5h", 0, 90 * USEC_PER_MINUTE },
                { ".5s", 0, USEC_PER_SEC / 2 },
                { "1.s", 0, USEC_PER_SEC },
                { "1h2m3s4ms5us", 0, USEC_PER_HOUR + 2 * USEC_PER_MINUTE + 3 * USEC_PER_SEC + 4005 },
                { "5s1m", 0, 65 * USEC_PER_SEC },
                { "7\xCE\xBCs", 0, 7 },
                { "1999ns", 0, 1 },
                { "0.000001s", 0, 1 },
                { "9223372036s", 0, UINT64_C(9223372036000000) },
                { "", -EINVAL, 0 },
                { "+", -EINVAL, 0 },
                { "5", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { ".s", -EINVAL, 0 },
                { "5 s", -EINVAL, 0 },
                { "5d", -EINVAL, 0 },
                { "5s ", -EINVAL, 0 },
                { "1s-2s", -EINVAL, 0 },
                { "0x5s", -EINVAL, 0 },
                { "-5s", -ERANGE, 0 },
                { "9223372037s", -ERANGE, 0 },
                { "9999999999999999999999s", -ERANGE, 0 },
                { "2562048h", -ERANGE, 0 },
                { "2562047h2562047h", -ERANGE, 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                usec_t usec = 77;

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(usec_from_duration(cases[i].text, &usec), ==, cases[i].r);
                g_assert_cmpuint(usec, ==, cases[i].r < 0 ? 77 : cases[i].usec);
        }
}

static void test_times(void) {
        static const struct {
                const char *text;
                usec_t usec;
                const char *canonical;
        } cases[] = {
                { "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z" },
                { "2026-05-12T15:01:32Z", UINT64_C(1778598092000000), "2026-05-12T15:01:32Z" },
                { "2026-05-12T17:01:32+02:00", UINT64_C(1778598092000000), "2026-05-12T15:01:32Z" },
                { "2026-05-12T10:31:32-04:30", UINT64_C(1778598092000000), "2026-05-12T15:01:32Z" },
                { "2026-05-12T15:01:32.5Z", UINT64_C(1778598092500000), "2026-05-12T15:01:32.500000Z" },
                { "2026-05-12T15:01:32.000001Z", UINT64_C(1778598092000001), "2026-05-12T15:01:32.000001Z" },
                { "2026-05-12T15:01:32.123456789Z",
                  UINT64_C(1778598092123456),
                  "2026-05-12T15:01:32.123456Z" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = NULL;
                usec_t usec = 77;

                g_assert_cmpint(usec_from_rfc3339(cases[i].text, &usec), ==, 0);
                g_assert_cmpuint(usec, ==, cases[i].usec);
                text = usec_to_rfc3339(usec, /* without_fraction= */ false);
                g_assert_cmpstr(text, ==, cases[i].canonical);
        }
        g_autofree char *out_of_range = usec_to_rfc3339(USEC_INFINITY, /* without_fraction= */ true);
        g_assert_cmpstr(out_of_range, ==, "9999-12-31T23:59:59Z");
        g_autofree char *whole = usec_to_rfc3339(UINT64_C(1778598092999999), /* without_fraction= */ true);
        g_assert_cmpstr(whole, ==, "2026-05-12T15:01:32Z");
}

/* what is written is read back, to the microsecond */
static void test_times_round_trip(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);

        for (unsigned i = 0; i < 20000; i++) {
                usec_t usec = (usec_t) g_rand_int(rand) * USEC_PER_SEC +
                              (usec_t) g_rand_int_range(rand, 0, 1000000),
                       back;
                g_autofree char *text = usec_to_rfc3339(usec, /* without_fraction= */ false);

                g_assert_cmpint(usec_from_rfc3339(text, &back), ==, 0);
                g_assert_cmpuint(back, ==, usec);
        }
}

static void test_times_refused(void) {
        static const char *const texts[] = {
                "",
                "today",
                "2026-05-12",
                "2026-05-12 15:01:32Z",
                "2026-05-12T15:01:32",
                "20260512T150132Z+00:00",
                "2026-13-12T15:01:32Z",
                "2026-05-12T25:01:32Z",
                "1969-12-31T23:59:59Z",
                "2026-W20-2T15:01:32Z",
                "2026-05-12T15:01:32.Z",
                "2026-05-12T15:01:32+0200",
                "2026-05-12T15:01:32+02:00x",
                "2026-05-12T15:01:32Zx",
                "2026-05-12T150132.000Z",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                usec_t usec = 77;

                g_test_message("%s", texts[i]);
                g_assert_cmpint(usec_from_rfc3339(texts[i], &usec), ==, -EINVAL);
                g_assert_cmpuint(usec, ==, 77);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/usec/arithmetic", test_arithmetic);
        g_test_add_func("/usec/durations", test_durations);
        g_test_add_func("/usec/durations/forms", test_duration_forms);
        g_test_add_func("/usec/times", test_times);
        g_test_add_func("/usec/times/round-trip", test_times_round_trip);
        g_test_add_func("/usec/times/refused", test_times_refused);
        return g_test_run();
}
