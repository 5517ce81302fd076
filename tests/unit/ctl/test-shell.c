/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A command line that is being typed, read as the shell would, and words quoted for it. */

#include <glib.h>

#include "ctl/shell.h"

#define BREAKS " \t\n\"'@><=;|&(:"

static void test_split(void) {
        static const struct {
                const char *text;
                const char *words; /* each behind a | */
                char quote;
                size_t settled;
        } cases[] = {
                { "", "|", 0, 0 },
                { "quctl", "|quctl", 0, 0 },
                { "quctl ", "|quctl|", 0, 0 },
                { "  quctl\t check  ", "|quctl|check|", 0, 0 },
                { "A=1 B_2='x y' quctl st", "|quctl|st", 0, 0 },
                { "A=1", "|A=1", 0, 2 },
                { "quctl web\\ s", "|quctl|web s", 0, 0 },
                { "quctl web\\", "|quctl|web", 0, 0 },
                { "quctl 'web \\s", "|quctl|web \\s", '\'', 0 },
                { "quctl \"web \\\"\\s", "|quctl|web \"\\s", '"', 0 },
                { "quctl 'a b'c d", "|quctl|a bc|d", 0, 0 },
                { "quctl 'a b'c", "|quctl|a bc", 0, 3 },
                { "quctl ''", "|quctl|", 0, 0 },
                { "quctl '' ", "|quctl||", 0, 0 },
                { "quctl --alerts=a,b", "|quctl|--alerts=a,b", 0, 9 },
                { "quctl --alerts=\"a b", "|quctl|--alerts=a b", '"', 9 },
                { "quctl a\\:b:c", "|quctl|a:b:c", 0, 4 },
                { "quctl $HOME \303\244", "|quctl|$HOME|\303\244", 0, 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(shell_line_freep) ShellLine *line = shell_line_new(cases[i].text, BREAKS);
                g_autoptr(GString) words = g_string_new(NULL);

                for (unsigned n = 0; n < line->words->len; n++)
                        g_string_append_printf(words, "|%s", (char *) g_ptr_array_index(line->words, n));
                g_test_message("%s", cases[i].text);
                g_assert_cmpstr(words->str, ==, cases[i].words);
                g_assert_cmpint(line->quote, ==, cases[i].quote);
                g_assert_cmpuint(line->settled, ==, cases[i].settled);
        }
}

/* what is quoted is read as it was */
static void test_quote(void) {
        static const char *const texts[] = {
                "plain", "web server", "it's",       "say \"hi\"", "$HOME `x`",
                "a\\b",  "~",          "*?[x]{a,b}", "#!&;|<>()",  "\303\244 \360\237\232\200"
        };
        static const char quotes[] = { 0, '\'', '"' };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                for (size_t q = 0; q < G_N_ELEMENTS(quotes); q++) {
                        char mark[] = { quotes[q], 0 };
                        g_autofree char *quoted = shell_quote(texts[i], quotes[q]);
                        g_autofree char *text = g_strdup_printf("%s%s%s", mark, quoted, mark);
                        _cleanup_(shell_line_freep) ShellLine *line = shell_line_new(text, "");

                        g_assert_cmpuint(line->words->len, ==, 1);
                        g_assert_cmpstr(g_ptr_array_index(line->words, 0), ==, texts[i]);
                        g_assert_cmpint(line->quote, ==, 0);
                }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/shell/split", test_split);
        g_test_add_func("/shell/quote", test_quote);
        return g_test_run();
}
