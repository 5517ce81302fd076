/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>

#include "manager/timing.h"

static void test_words(void) {
        g_autofree char *error = NULL;

        g_assert_cmpint(timing_set(NULL, &error), ==, 0);
        g_assert_cmpuint(timing()->cluster.settle, ==, 2 * USEC_PER_MINUTE);
        g_assert_cmpuint(timing()->verdict.confirm_delay, ==, 2 * USEC_PER_SEC);
        g_assert_cmpint(timing_set("settle=3s,confirm-delay=250ms", &error), ==, 0);
        g_assert_cmpuint(timing()->cluster.settle, ==, 3 * USEC_PER_SEC);
        g_assert_cmpuint(timing()->verdict.confirm_delay, ==, 250 * USEC_PER_MSEC);
        g_assert_cmpint(timing_set("settel=3s", &error), ==, -EINVAL);
        g_assert_nonnull(strstr(error, "settel=3s"));
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(timing_set("settle", &error), ==, -EINVAL);
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(timing_set("settle=often", &error), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/timing/words", test_words);
        return g_test_run();
}
