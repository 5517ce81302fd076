/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "wire/codec.h"

static void accepted(const char *text) {
        g_autofree char *error = NULL;
        int r = json_guard(text, strlen(text), &error);

        if (r != 0)
                g_test_message("%s: %s", text, error);
        g_assert_cmpint(r, ==, 0);
        g_assert_null(error);
}

static void refused_bytes(const char *bytes, size_t size, const char *why) {
        g_autofree char *error = NULL;

        g_assert_cmpint(json_guard(bytes, size, &error), ==, -EBADMSG);
        g_assert_nonnull(error);
        if (!strstr(error, why))
                g_error("%.*s: expected \"%s\", got \"%s\"", (int) MIN(size, 60), bytes, why, error);
}

static void refused(const char *text, const char *why) {
        refused_bytes(text, strlen(text), why);
}

static void test_accepts_rfc8259(void) {
        accepted("{}");
        accepted(" [ ] ");
        accepted("null");
        accepted("true");
        accepted("\"\"");
        accepted("{\"a\":[1,-2,0.5,1e3,-0,1E-2,true,false,null,\"x\"],\"b\":{\"a\":{}}}\r\n\t");
        accepted("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"");
        accepted("\"\xc3\xa9 \xf0\x9f\x98\x80 \x7f\"");
        accepted("[9223372036854775807,-9223372036854775808]");
}

static void test_refuses_what_json_glib_takes(void) {
        refused("", "nothing");
        refused("   ", "nothing");
        refused("{a:1}", "not a string");
        refused("{'a':1}", "not a string");
        refused("{\"a\":1,}", "not a string");
        refused("[1,]", "not a JSON value");
        refused("[,1]", "not a JSON value");
        refused("[1 2]", "neither a comma");
        refused("{\"a\" 1}", "colon");
        refused("/* x */ {}", "not a JSON value");
        refused("{} // x", "more than one");
        refused("{}{}", "more than one");
        refused("var a = {};", "not a JSON value");
        refused("TRUE", "not a JSON value");
        refused("tru", "not a JSON value");
        refused("nulls", "more than one");
        refused("NaN", "not a JSON value");
        refused("+1", "not a JSON value");
        refused("\xef\xbb\xbf{}", "not a JSON value");
}

static void test_numbers(void) {
        refused("01", "leading zero");
        refused("-01", "leading zero");
        refused("-", "not a number");
        refused("1.", "digits");
        refused(".5", "not a JSON value");
        refused("1e", "digits");
        refused("1e+", "digits");
        refused("0x10", "more than one");
        refused("9223372036854775808", "64 bits");
        refused("-9223372036854775809", "64 bits");
        refused("18446744073709551616", "64 bits");
        refused("99999999999999999999999999999999.5", "64 bits");
}

static void test_strings(void) {
        refused("\"", "without an end");
        refused("\"\\", "without an end");
        refused("\"\\\"", "without an end");
        refused("\"\n\"", "control character");
        refused("\"\t\"", "control character");
        refused("\"\\x41\"", "escape");
        refused("\"\\u12\"", "hexadecimal");
        refused("\"\\u12g4\"", "hexadecimal");
        refused("\"\\u0000\"", "NUL");
        refused("\"\\ud800\"", "surrogate");
        refused("\"\\ud800x\"", "surrogate");
        refused("\"\\ud800\\u0041\"", "surrogate");
        refused("\"\\udc00\"", "surrogate");
        refused("\"\\ufffe\"", "no character");
        refused("\"\\ufdd0\"", "no character");
        refused("\"\\udbff\\udfff\"", "no character");
        refused("\"\xef\xbf\xbf\"", "no character");
        refused("\"\xf0\x9f\xbf\xbe\"", "no character");
        refused("\"\xef\xb7\xaf\"", "no character");
        refused("\"\xff\"", "UTF-8");
        refused("\"\xc3\"", "UTF-8");
        refused("\"\xed\xa0\x80\"", "UTF-8");
        refused("\"\xc0\x80\"", "UTF-8");
        refused_bytes("\"a\0b\"", 5, "NUL");
        refused_bytes("{}\0", 3, "NUL");
}

static void test_duplicates(void) {
        GString *s = g_string_new("{");

        refused("{\"a\":1,\"a\":2}", "twice");
        refused("{\"a\":1,\"\\u0061\":2}", "twice");
        refused("[{\"b\":{\"x\":1,\"y\":2,\"x\":3}}]", "twice");
        refused("{\"\":1,\"\":2}", "twice");
        accepted("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}");

        for (unsigned i = 0; i < 1000; i++)
                g_string_append_printf(s, "\"k%u\":{},", i);
        g_string_append(s, "\"k1000\":0}");
        accepted(s->str);
        g_string_truncate(s, s->len - 1);
        g_string_append(s, ",\"k500\":0}");
        refused(s->str, "twice");
        g_string_free(s, TRUE);
}

static void test_depth(void) {
        GString *s = g_string_new(NULL);

        for (unsigned i = 0; i < DEPTH_MAX_JSON; i++)
                g_string_append_c(s, '[');
        for (unsigned i = 0; i < DEPTH_MAX_JSON; i++)
                g_string_append_c(s, ']');
        accepted(s->str);

        g_string_prepend_c(s, '[');
        g_string_append_c(s, ']');
        refused(s->str, "nested too deeply");

        /* would crash json-glib 1.6 */
        g_string_truncate(s, 0);
        for (unsigned i = 0; i < 100000; i++)
                g_string_append_c(s, '[');
        refused(s->str, "nested too deeply");
        g_string_free(s, TRUE);
}

/* every beginning of a good text is refused, and nothing past its end is read */
static void test_truncated(void) {
        static const char text[] =
                        "{\"a\":[1,-2.5e3,\"\\u00e9\\ud83d\\ude00\xc3\xa9\"],\"b\":{\"c\":null,\"d\":true}}";

        for (size_t n = 0; n < strlen(text); n++) {
                g_autofree char *copy = g_memdup2(text, n);

                g_assert_cmpint(json_guard(copy, n, NULL), ==, -EBADMSG);
        }
        accepted(text);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wire/guard/accepts-rfc8259", test_accepts_rfc8259);
        g_test_add_func("/wire/guard/refuses-what-json-glib-takes", test_refuses_what_json_glib_takes);
        g_test_add_func("/wire/guard/numbers", test_numbers);
        g_test_add_func("/wire/guard/strings", test_strings);
        g_test_add_func("/wire/guard/duplicates", test_duplicates);
        g_test_add_func("/wire/guard/depth", test_depth);
        g_test_add_func("/wire/guard/truncated", test_truncated);
        return g_test_run();
}
