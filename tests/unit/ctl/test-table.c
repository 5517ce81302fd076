/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/connect.h"
#include "ctl/table.h"

static char *print(const Table *table, const TableStyle *style) {
        g_autoptr(GString) text = g_string_new(NULL);
        char buffer[8192];
        FILE *file = tmpfile();
        size_t n;

        g_assert_nonnull(file);
        table_print(table, style, file);
        rewind(file);
        while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
                g_string_append_len(text, buffer, (gssize) n);
        (void) fclose(file);
        return g_strdup(text->str);
}

static Table *sample(void) {
        static const char *const headers[] = { "", "NAME", "DETAIL" };
        Table *table = table_new(headers, G_N_ELEMENTS(headers));

        table_add(table, "*");
        table_add(table, "日本");
        table_add(table, "dial timeout after a while");
        table_add(table, "");
        table_add(table, "homepage");
        table_add(table, "");
        return table;
}

static void test_align(void) {
        _cleanup_(table_freep) Table *table = sample();
        g_autofree char *text = print(table, &(TableStyle){});

        g_assert_cmpstr(text,
                        ==,
                        "   NAME      DETAIL\n"
                        "*  日本      dial timeout after a while\n"
                        "   homepage\n");
}

static void test_no_header(void) {
        _cleanup_(table_freep) Table *table = sample();
        g_autofree char *text = print(table, &(TableStyle){ .no_header = true });

        g_assert_true(g_str_has_prefix(text, "*  日本      dial"));
}

static void test_cut(void) {
        _cleanup_(table_freep) Table *table = sample();
        g_autofree char *text = print(table, &(TableStyle){ .width = 26 }),
                        *narrow = print(table, &(TableStyle){ .width = 15 });

        g_assert_nonnull(strstr(text, "*  日本      dial timeout…\n"));
        /* too narrow to say anything: left whole */
        g_assert_nonnull(strstr(narrow, "a while\n"));
}

static void test_color(void) {
        static const char *const headers[] = { "STATE", "X" };
        _cleanup_(table_freep) Table *table = table_new(headers, G_N_ELEMENTS(headers));
        g_autofree char *text = NULL;

        table_add_color(table, "up", COLOR_GOOD);
        table_add(table, "x");
        text = print(table, &(TableStyle){ .no_header = true, .color = true });
        g_assert_cmpstr(text, ==, "\033[0;32mup\033[0m  x\n");
}

static void test_escape(void) {
        static const struct {
                const char *before, *after;
        } cases[] = {
                { "plain ä €", "plain ä €" },
                { "a\nb\tc\r", "a\\nb\\tc\\r" },
                { "\033[31mred", "\\x1b[31mred" },
                { "\x7f", "\\x7f" },
                { "\xc2\x9b"
                  "2J",
                  "\\u009b2J" },
                { "bad\xff\xc3", "bad\\xff\\xc3" },
                { "\xe2\x80\xae"
                  "evil",
                  "\\u202eevil" },
                { "\xe2\x80\xa8", "\\u2028" },
                { "👩\xe2\x80\x8d💻", "👩\xe2\x80\x8d💻" },
                { "\xf3\xa0\x80\x81", "\\U000e0001" },
        };
        g_autofree char *nothing = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *escaped = text_escape(cases[i].before);

                g_assert_cmpstr(escaped, ==, cases[i].after);
        }
        nothing = text_escape(NULL);
        g_assert_cmpstr(nothing, ==, "");
}

static void test_escape_json(void) {
        g_autofree char *escaped = text_escape_json("{\n\"a\":\"\xc2\x9b\xe2\x80\xae\xf3\xa0\x80\x81ä\"}");

        g_assert_cmpstr(escaped, ==, "{\n\"a\":\"\\u009b\\u202e\\udb40\\udc01ä\"}");
}

static void test_width_and_cut(void) {
        g_autofree char *cut = text_cut("日本語", 4), *whole = text_cut("日本語", 6),
                        *none = text_cut("ab", 0);

        g_assert_cmpuint(text_width("日本"), ==, 4);
        g_assert_cmpuint(text_width("e\xcc\x81"), ==, 1);
        g_assert_cmpstr(cut, ==, "日…");
        g_assert_cmpstr(whole, ==, "日本語");
        g_assert_cmpstr(none, ==, "");
}

static void test_times(void) {
        static const struct {
                usec_t age;
                const char *text;
        } cases[] = {
                { 0, "0s" },
                { 59 * USEC_PER_SEC, "59s" },
                { 4 * USEC_PER_MINUTE + 59 * USEC_PER_SEC, "4m" },
                { 2 * USEC_PER_HOUR, "2h" },
                { 75 * USEC_PER_HOUR, "3d" },
        };
        g_autofree char *never = text_time(0), *instant = text_time(UINT64_C(1778598092500000));

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = text_age(cases[i].age);

                g_assert_cmpstr(text, ==, cases[i].text);
        }
        g_assert_cmpstr(never, ==, "-");
        g_assert_cmpstr(instant, ==, "2026-05-12T15:01:32Z");
}

static void test_color_wanted(void) {
        g_setenv("SYSTEMD_COLORS", "1", TRUE);
        g_setenv("NO_COLOR", "1", TRUE);
        g_assert_true(color_wanted());
        g_setenv("SYSTEMD_COLORS", "no", TRUE);
        g_assert_false(color_wanted());
        g_unsetenv("SYSTEMD_COLORS");
        g_assert_false(color_wanted());
        g_unsetenv("NO_COLOR");
}

static void test_address(void) {
        static const struct {
                const char *text, *address;
        } cases[] = {
                { "/run/q.sock", "unix:path=/run/q.sock" },
                { "/a b/ä:%", "unix:path=/a%20b/%c3%a4%3a%25" },
                { "unix:path=/x", "unix:path=/x" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *address = address_from_text(cases[i].text);

                g_assert_cmpstr(address, ==, cases[i].address);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/table/align", test_align);
        g_test_add_func("/ctl/table/no-header", test_no_header);
        g_test_add_func("/ctl/table/cut", test_cut);
        g_test_add_func("/ctl/table/color", test_color);
        g_test_add_func("/ctl/text/escape", test_escape);
        g_test_add_func("/ctl/text/escape-json", test_escape_json);
        g_test_add_func("/ctl/text/width-and-cut", test_width_and_cut);
        g_test_add_func("/ctl/text/times", test_times);
        g_test_add_func("/ctl/text/color-wanted", test_color_wanted);
        g_test_add_func("/ctl/connect/address", test_address);

        return g_test_run();
}
