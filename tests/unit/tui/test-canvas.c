/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "tui/canvas.h"

static void assert_dump(const Canvas *canvas, const char *expected) {
        g_autofree char *dump = canvas_dump(canvas);

        g_assert_cmpstr(dump, ==, expected);
}

static void test_text(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(10, 3);

        g_assert_cmpuint(canvas_text(canvas, 0, 1, 5, STYLE_PLAIN, "abc"), ==, 3);
        g_assert_cmpuint(canvas_text(canvas, 1, 0, 5, STYLE_PLAIN, "abcdefgh"), ==, 5);
        g_assert_cmpuint(canvas_text(canvas, 2, 0, 10, STYLE_PLAIN, NULL), ==, 0);
        assert_dump(canvas, " abc\nabcd…\n\n");
        /* padding overwrites */
        (void) canvas_text(canvas, 1, 1, 4, STYLE_PLAIN, "x");
        assert_dump(canvas, " abc\nax\n\n");
}

static void test_outside(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(4, 2), *nothing = canvas_new_memory(0, 0);

        (void) canvas_text(canvas, -1, 0, 4, STYLE_PLAIN, "no");
        (void) canvas_text(canvas, 2, 0, 4, STYLE_PLAIN, "no");
        (void) canvas_text(canvas, 0, 4, 4, STYLE_PLAIN, "no");
        (void) canvas_text(canvas, 0, -2, 6, STYLE_PLAIN, "abcd");
        (void) canvas_text(canvas, 1, 2, 40, STYLE_PLAIN, "abcd");
        assert_dump(canvas, "cd\n  a…\n");
        (void) canvas_text(nothing, 0, 0, 4, STYLE_PLAIN, "no");
        canvas_box(nothing, "no");
        assert_dump(nothing, "");
}

static void test_escaped(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(30, 1);

        (void) canvas_text(canvas, 0, 0, 30, STYLE_PLAIN, "a\033[2Jb\nc\xff\u202e");
        assert_dump(canvas, "a\\x1b[2Jb\\nc\\xff\\u202e\n");
        g_assert_cmpuint(canvas_text_width("a\033"), ==, 5);
}

static void test_wide(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(6, 1);

        g_assert_cmpuint(canvas_text_width("日本"), ==, 4);
        g_assert_cmpuint(canvas_text(canvas, 0, 0, 6, STYLE_PLAIN, "日本語"), ==, 6);
        assert_dump(canvas, "日本語\n");
        /* no half of a character at the edge */
        g_assert_cmpuint(canvas_text(canvas, 0, 0, 4, STYLE_PLAIN, "日本語"), ==, 3);
        assert_dump(canvas, "日… 語\n");
        /* nor where another text tears one */
        (void) canvas_text(canvas, 0, 5, 1, STYLE_PLAIN, "x");
        assert_dump(canvas, "日…  x\n");
        (void) canvas_text(canvas, 0, 1, 1, STYLE_PLAIN, "y");
        assert_dump(canvas, " y…  x\n");
}

static void test_combining(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(6, 1);

        g_assert_cmpuint(canvas_text_width("e\u0301"), ==, 1);
        (void) canvas_text(canvas, 0, 0, 6, STYLE_PLAIN, "e\u0301x");
        assert_dump(canvas, "e\u0301x\n");
        g_assert_cmpuint(canvas_cell(canvas, 0, 0)->characters[1], ==, 0x301);
        /* one more mark than there is room for, and one that has nothing to stand on */
        (void) canvas_text(canvas, 0, 0, 6, STYLE_PLAIN, "e\u0301\u0302\u0303\u0304");
        assert_dump(canvas, "e\u0301\u0302\u0303\n");
        (void) canvas_text(canvas, 0, 0, 6, STYLE_PLAIN, "\u0301a");
        assert_dump(canvas, "a\n");
        /* what makes one glyph of several on some terminals is left out */
        (void) canvas_text(canvas, 0, 0, 6, STYLE_PLAIN, "a\u200db\ufe0f");
        assert_dump(canvas, "ab\n");
}

static void test_view(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(6, 4);
        _cleanup_(canvas_freep) Canvas *view = canvas_new_view(canvas, 1, 2, 10, 2);
        _cleanup_(canvas_freep) Canvas *inner = canvas_new_view(view, 1, 1, 2, 5);
        unsigned y, x;

        g_assert_cmpuint(canvas_width(view), ==, 4);
        g_assert_cmpuint(canvas_height(inner), ==, 1);
        (void) canvas_text(view, 0, 0, 10, STYLE_PLAIN, "abcdef");
        (void) canvas_text(inner, 0, 0, 10, STYLE_PLAIN, "xyz");
        assert_dump(canvas, "\n  abc…\n   x…\n\n");
        g_assert_false(canvas_where_cursor(canvas, &y, &x));
        canvas_cursor(inner, 0, 1);
        g_assert_true(canvas_where_cursor(canvas, &y, &x));
        g_assert_cmpuint(y, ==, 2);
        g_assert_cmpuint(x, ==, 4);
        canvas_cursor(inner, 1, 1);
        g_assert_false(canvas_where_cursor(canvas, &y, &x));
}

static void test_box(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(12, 3);

        canvas_box(canvas, "Title");
        assert_dump(canvas, "┌─ Title ──┐\n│          │\n└──────────┘\n");
        canvas_box(canvas, "A longer title");
        assert_dump(canvas, "┌─ A lon… ─┐\n│          │\n└──────────┘\n");
}

static void test_styles(void) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(4, 1);

        (void) canvas_text(canvas, 0, 0, 3, STYLE_GOOD | STYLE_SELECTED, "a");
        g_assert_cmpuint(canvas_cell(canvas, 0, 2)->style, ==, STYLE_GOOD | STYLE_SELECTED);
        g_assert_cmpuint(canvas_cell(canvas, 0, 3)->style, ==, STYLE_PLAIN);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/canvas/text", test_text);
        g_test_add_func("/canvas/outside", test_outside);
        g_test_add_func("/canvas/escaped", test_escaped);
        g_test_add_func("/canvas/wide", test_wide);
        g_test_add_func("/canvas/combining", test_combining);
        g_test_add_func("/canvas/view", test_view);
        g_test_add_func("/canvas/box", test_box);
        g_test_add_func("/canvas/styles", test_styles);
        return g_test_run();
}
