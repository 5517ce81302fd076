/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "base/strtab.h"

typedef enum Colour { COLOUR_RED, COLOUR_GREEN } Colour;

DECLARE_STRTAB(colour, Colour);
DEFINE_STRTAB(colour, Colour, "red", "green");

static void test_names(void) {
        g_assert_cmpstr(colour_to_string(COLOUR_RED), ==, "red");
        g_assert_cmpstr(colour_to_string(COLOUR_GREEN), ==, "green");
        g_assert_cmpint(colour_from_string("green"), ==, COLOUR_GREEN);
        g_assert_cmpuint(colour_table.n, ==, 2);
}

static void test_strangers(void) {
        g_assert_null(colour_to_string((Colour) 2));
        g_assert_null(strtab_to_string(&colour_table, -1));
        g_assert_cmpint(colour_from_string("Red"), ==, -EINVAL);
        g_assert_cmpint(colour_from_string(""), ==, -EINVAL);
        g_assert_cmpint(colour_from_string(NULL), ==, -EINVAL);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/strtab/names", test_names);
        g_test_add_func("/strtab/strangers", test_strangers);
        return g_test_run();
}
