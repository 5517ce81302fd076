/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/detail.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/limits.h"

static void test_clean(void) {
        static const struct {
                const char *text;
                const char *clean;
        } cases[] = {
                { "status 503 Service Unavailable", "status 503 Service Unavailable" },
                { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
                { "a\033[31mb\r\n", "a\\x1b[31mb\\x0d\\x0a" },
                { "\xff\xfe", "\\xff\\xfe" },
                { "cut \xe2\x82", "cut \\xe2\\x82" },
                { "\xc2\x9b", "\\x9b" }, /* CSI as one character */
                { "\xe2\x80\xae"
                  "abc",
                  "\\u202eabc" },                                           /* right-to-left override */
                { "a\xef\xbf\xbe\xf4\x8f\xbf\xbf", "a\\ufffe\\U0010ffff" }, /* sd-bus takes neither */
                { "", "" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *clean = detail_clean(cases[i].text, strlen(cases[i].text));

                g_assert_cmpstr(clean, ==, cases[i].clean);
        }
}

static void test_nul(void) {
        g_autofree char *clean = detail_clean("a\0b", 3), *none = detail_clean(NULL, 0);

        g_assert_cmpstr(clean, ==, "a\\x00b");
        g_assert_cmpstr(none, ==, "");
}

/* Cut at the limit, never within a code point. */
static void test_limit(void) {
        for (size_t pad = 0; pad < 4; pad++) {
                g_autoptr(GString) text = g_string_new("xxxx");
                g_autofree char *clean = NULL;

                g_string_truncate(text, pad);
                while (text->len < 2 * DETAIL_MAX_BYTES)
                        g_string_append(text, "\xe2\x82\xac");
                clean = detail_clean(text->str, text->len);
                g_assert_true(g_utf8_validate(clean, -1, NULL));
                g_assert_cmpuint(strlen(clean), <=, DETAIL_MAX_BYTES);
                g_assert_cmpuint(strlen(clean), >, DETAIL_MAX_BYTES - 3);
        }
}

static void test_errno(void) {
        g_autofree char *refused = detail_from_errno(ECONNREFUSED);

        g_assert_cmpstr(refused, ==, "connection refused");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/probes/detail/clean", test_clean);
        g_test_add_func("/probes/detail/nul", test_nul);
        g_test_add_func("/probes/detail/limit", test_limit);
        g_test_add_func("/probes/detail/errno", test_errno);
        return g_test_run();
}
