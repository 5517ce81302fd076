/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/rune.h"

/* Unicode 15.0, whatever GLib has: 149,186 characters, of which 170 are formats, 16 spaces but U+0020, and
 * two parting lines and paragraphs; 136,104 letters, 680 decimal digits, and "_"
 * (DerivedGeneralCategory.txt). */
static void test_the_classes_are_those_of_unicode_15(void) {
        unsigned n_printable = 0, n_word = 0;

        for (gunichar c = 0; c <= RUNE_MAX + 10; c++) {
                n_printable += rune_is_printable(c);
                n_word += rune_is_word(c);
        }
        g_assert_cmpuint(n_printable, ==, 148998);
        g_assert_cmpuint(n_word, ==, 136785);
}

static void assert_decodes(const char *s, size_t n, gunichar expected, size_t width) {
        gunichar rune = 0;

        g_assert_cmpuint(rune_decode(s, n, &rune), ==, width);
        g_assert_cmpuint(rune, ==, expected);
}

static void test_decoding(void) {
        char bytes[4];

        assert_decodes("A", 1, 'A', 1);
        assert_decodes("\0", 1, 0, 1);
        assert_decodes("é", 2, 0xE9, 2);
        assert_decodes("é", 1, RUNE_ERROR, 1);
        assert_decodes("\xef\xbf\xbd", 3, RUNE_ERROR, 3);
        assert_decodes("\xed\xa0\x80", 3, RUNE_ERROR, 1);     /* a surrogate */
        assert_decodes("\xc0\x80", 2, RUNE_ERROR, 1);         /* not the shortest form */
        assert_decodes("\xf4\x90\x80\x80", 4, RUNE_ERROR, 1); /* beyond U+10FFFF */
        assert_decodes("\xf4\x8f\xbf\xbf", 4, RUNE_MAX, 4);
        assert_decodes("\xe6\x97\x41", 3, RUNE_ERROR, 1);
        g_assert_cmpuint(
                        rune_count("a\xff"
                                   "é\xe6\x97",
                                   6),
                        ==,
                        5);
        g_assert_cmpuint(rune_encode(0xD800, bytes), ==, 3);
        assert_decodes(bytes, 3, RUNE_ERROR, 3);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/template/rune/unicode-15", test_the_classes_are_those_of_unicode_15);
        g_test_add_func("/template/rune/decoding", test_decoding);
        return g_test_run();
}
