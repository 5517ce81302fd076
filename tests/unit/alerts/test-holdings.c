/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/holdings.h"

static char *const all[] = { (char *) "a", (char *) "b", (char *) "c", NULL };
static char *const ops[] = { (char *) "ops", NULL };

static const char *choose(const Holdings *holdings, const char *self, char *const *live, uint64_t attempt) {
        return holdings_choose(holdings, "ops", self, live, attempt);
}

static void test_choice(void) {
        static char *const others[] = { (char *) "a", (char *) "c", NULL };
        _cleanup_(holdings_freep) Holdings *holdings = holdings_new();

        g_assert_cmpstr(choose(holdings, "a", all, 1), ==, NULL);

        g_assert_true(holdings_set(holdings, "b", ops));
        g_assert_false(holdings_set(holdings, "b", ops));
        g_assert_cmpstr(choose(holdings, "a", all, 1), ==, "b");
        g_assert_cmpstr(choose(holdings, "a", all, 2), ==, "b");
        g_assert_cmpstr(choose(holdings, "a", others, 1), ==, NULL); /* the holder is dead */

        /* the master first, then the others in turn */
        g_assert_true(holdings_set(holdings, "c", ops));
        g_assert_cmpuint(holdings_count(holdings, "ops", all), ==, 2);
        g_assert_cmpuint(holdings_count(holdings, "ops", others), ==, 1);
        g_assert_cmpuint(holdings_count(holdings, "other", all), ==, 0);
        g_assert_cmpstr(choose(holdings, "c", all, 1), ==, "c");
        g_assert_cmpstr(choose(holdings, "c", all, 2), ==, "b");
        g_assert_cmpstr(choose(holdings, "c", all, 3), ==, "c");
        g_assert_cmpstr(choose(holdings, "a", all, 1), ==, "b");
        g_assert_cmpstr(choose(holdings, "a", all, 2), ==, "c");
        g_assert_cmpstr(choose(holdings, "a", all, UINT64_MAX), ==, "b");

        g_assert_true(holdings_set(holdings, "c", NULL));
        g_assert_cmpstr(choose(holdings, "c", all, 1), ==, "b");
        holdings_forget(holdings, "b");
        g_assert_cmpstr(choose(holdings, "c", all, 1), ==, NULL);
        g_assert_cmpstr(holdings_choose(holdings, "other", "c", all, 1), ==, NULL);
}

static void test_lacking(void) {
        _cleanup_(holdings_freep) Holdings *holdings = holdings_new();
        g_auto(GStrv) before = holdings_lacking(holdings, "ops", all), after = NULL;

        g_assert_cmpuint(g_strv_length(before), ==, 3);
        (void) holdings_set(holdings, "b", ops);
        after = holdings_lacking(holdings, "ops", all);
        g_assert_cmpuint(g_strv_length(after), ==, 2);
        g_assert_cmpstr(after[0], ==, "a");
        g_assert_cmpstr(after[1], ==, "c");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/holdings/choice", test_choice);
        g_test_add_func("/holdings/lacking", test_lacking);
        return g_test_run();
}
