/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/trials.h"

#include <glib.h>
#include <string.h>

#include "base/limits.h"

typedef struct Said {
        unsigned n;
        bool delivered;
        char text[64];
} Said;

static void on_done(void *userdata, bool delivered, const char *text) {
        Said *said = userdata;

        said->n++;
        said->delivered = delivered;
        (void) g_strlcpy(said->text, text, sizeof said->text);
}

static void assert_refused(Trials *trials, const char *node_id, const char *words) {
        g_autofree char *error = NULL;
        Said said = {};

        g_assert_null(trial_begin(trials, node_id, on_done, &said, &error));
        g_assert_nonnull(strstr(error, words));
        g_assert_cmpuint(said.n, ==, 0);
}

/* One node that asks for too much keeps no other from its tests. */
static void test_per_node(void) {
        Trials *trials = trials_new();
        Trial *begun[TESTS_PER_NODE], *other;
        g_autofree char *error = NULL;
        Said said = {};

        for (unsigned i = 0; i < TESTS_PER_NODE; i++)
                g_assert_nonnull(begun[i] = trial_begin(trials, "a", on_done, &said, &error));
        assert_refused(trials, "a", "wait until one has been answered");
        g_assert_nonnull(other = trial_begin(trials, "b", on_done, &said, &error));
        trial_done(begun[3], /* delivered= */ true, "to ops: delivered");
        g_assert_cmpuint(said.n, ==, 1);
        g_assert_true(said.delivered);
        g_assert_cmpstr(said.text, ==, "to ops: delivered");
        g_assert_nonnull(begun[3] = trial_begin(trials, "a", on_done, &said, &error));
        assert_refused(trials, "a", "wait until one has been answered");
        for (unsigned i = 0; i < TESTS_PER_NODE; i++)
                (void) trial_free(begun[i]); /* which says nothing */
        (void) trial_free(other);
        g_assert_cmpuint(said.n, ==, 1);
        g_assert_null(error);
        (void) trials_free(trials);
}

static void test_in_all(void) {
        Trials *trials = trials_new();
        Trial *begun[TESTS_AT_ONCE];
        g_autofree char *error = NULL;
        Said said = {};

        for (unsigned i = 0; i < TESTS_AT_ONCE; i++) {
                g_autofree char *node_id = g_strdup_printf("node-%u", i);

                g_assert_nonnull(begun[i] = trial_begin(trials, node_id, on_done, &said, &error));
        }
        assert_refused(trials, "another", "try again in a minute");
        for (unsigned i = 0; i < TESTS_AT_ONCE; i++)
                trial_done(begun[i], /* delivered= */ false, "no");
        g_assert_cmpuint(said.n, ==, TESTS_AT_ONCE);
        g_assert_null(error);
        (void) trials_free(trials);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/trials/per-node", test_per_node);
        g_test_add_func("/manager/trials/in-all", test_in_all);
        return g_test_run();
}
