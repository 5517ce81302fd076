/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/retry.h"

#include <glib.h>

#include "base/limits.h"

#define SEC USEC_PER_SEC

static void test_plan(void) {
        static const unsigned seconds[] = { 5, 15, 30, 60, 120, 300, 600, 900, 900, 900 };

        for (unsigned i = 0; i < G_N_ELEMENTS(seconds); i++)
                for (uint64_t seed = 0; seed < 1000; seed++) {
                        usec_t delay = retry_delay(i + 1, 0, seed * UINT64_C(0x9e3779b97f4a7c15));

                        g_assert_cmpuint(delay, >=, seconds[i] * SEC);
                        g_assert_cmpuint(delay, <=, seconds[i] * SEC * 11 / 10);
                }
        g_assert_cmpuint(retry_delay(UINT64_MAX, 0, 0), ==, 900 * SEC);
        g_assert_cmpuint(retry_delay(0, 0, 0), ==, 5 * SEC);
}

static void test_retry_after_is_obeyed(void) {
        g_assert_cmpuint(retry_delay(1, 2 * SEC, 0), ==, 2 * SEC);
        g_assert_cmpuint(retry_delay(1, 1, 0), ==, 1 * SEC);
        g_assert_cmpuint(retry_delay(1, 300 * SEC, 0), ==, 300 * SEC);
        g_assert_cmpuint(retry_delay(3, 40 * SEC, 0), ==, 40 * SEC);
        /* but neither for ever nor in a tight loop */
        g_assert_cmpuint(retry_delay(1, USEC_INFINITY, 0), ==, RETRY_AFTER_MAX_USEC);
        g_assert_cmpuint(retry_delay(9, 1 * SEC, 0), ==, 900 * SEC);
        g_assert_cmpuint(retry_delay(9, 1200 * SEC, 0), ==, 1200 * SEC);
}

static void test_seed(void) {
        uint64_t seed = retry_seed("notice", "a@x", 1);

        g_assert_cmpuint(seed, ==, retry_seed("notice", "a@x", 1));
        g_assert_cmpuint(seed, !=, retry_seed("notice", "a@x", 2));
        g_assert_cmpuint(seed, !=, retry_seed("notice", "b@x", 1));
        g_assert_cmpuint(seed, !=, retry_seed("other", "a@x", 1));
}

static void test_gives_up(void) {
        usec_t created = 1000 * SEC;

        g_assert_false(retry_gives_up(created, created, 20));
        g_assert_false(retry_gives_up(created, created + GIVE_UP_USEC - 1, 20));
        g_assert_true(retry_gives_up(created, created + GIVE_UP_USEC, 20));
        g_assert_false(retry_gives_up(created, 1 * SEC, 20)); /* a clock set back is no reason */
}

/* The master that made the notice, or this one, had its clock set meanwhile. */
static void test_the_wall_clock_alone_gives_up_nothing(void) {
        usec_t spent = 0;
        uint64_t attempts = 0;

        /* dated 1970: not before the plan was gone through */
        do
                spent += retry_delay(++attempts, 0, 0);
        while (!retry_gives_up(0, 1700000000 * SEC + spent, attempts));
        g_assert_cmpuint(spent, >, 20 * USEC_PER_MINUTE);
        g_assert_cmpuint(spent, <, USEC_PER_HOUR);

        /* dated years ahead: not much later than it should */
        attempts = spent = 0;
        do
                spent += retry_delay(++attempts, 0, 0);
        while (!retry_gives_up(1700000000 * SEC, spent, attempts));
        g_assert_cmpuint(spent, >=, GIVE_UP_USEC);
        g_assert_cmpuint(spent, <, GIVE_UP_USEC + USEC_PER_HOUR);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/alerts/retry/plan", test_plan);
        g_test_add_func("/alerts/retry/retry-after", test_retry_after_is_obeyed);
        g_test_add_func("/alerts/retry/seed", test_seed);
        g_test_add_func("/alerts/retry/gives-up", test_gives_up);
        g_test_add_func("/alerts/retry/wall-clock", test_the_wall_clock_alone_gives_up_nothing);
        return g_test_run();
}
