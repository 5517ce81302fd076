/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/editor.h"

#include <string.h>

#include "keys.h"

static void type(Editor *editor, const char *text) {
        for (; *text; text = g_utf8_next_char(text)) {
                const Key key = character(g_utf8_get_char(text));

                (void) editor_key(editor, &key);
        }
}

static void paste(Editor *editor, const char *text) {
        for (; *text; text = g_utf8_next_char(text)) {
                const Key key = pasted(g_utf8_get_char(text));

                (void) editor_key(editor, &key);
        }
}

static EditorResult press(Editor *editor, KeyKind kind) {
        const Key key = special(kind);

        return editor_key(editor, &key);
}

static EditorResult press_control(Editor *editor, char letter) {
        const Key key = control(letter);

        return editor_key(editor, &key);
}

static char *dump(Editor *editor, unsigned width, unsigned height, unsigned *ret_y, unsigned *ret_x) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);

        editor_draw(editor, canvas, STYLE_FIELD, /* focus= */ true);
        g_assert_true(canvas_where_cursor(canvas, ret_y, ret_x));
        return canvas_dump(canvas);
}

static void
assert_dump(Editor *editor, unsigned width, unsigned height, const char *expected, int y, int x) {
        unsigned cursor_y, cursor_x;
        g_autofree char *text = dump(editor, width, height, &cursor_y, &cursor_x);

        g_assert_cmpstr(text, ==, expected);
        g_assert_cmpint((int) cursor_y, ==, y);
        g_assert_cmpint((int) cursor_x, ==, x);
}

static void test_line(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new("home", 64, 0);

        type(editor, "page");
        g_assert_cmpstr(editor_text(editor), ==, "homepage");
        (void) press(editor, TYPED_HOME);
        g_assert_cmpint(press(editor, TYPED_LEFT), ==, EDITOR_UNUSED);
        (void) press(editor, TYPED_DELETE);
        type(editor, "H");
        g_assert_cmpstr(editor_text(editor), ==, "Homepage");
        (void) press_control(editor, 'k');
        g_assert_cmpstr(editor_text(editor), ==, "H");
        (void) press(editor, TYPED_BACKSPACE);
        g_assert_cmpint(press(editor, TYPED_BACKSPACE), ==, EDITOR_MOVED);
        g_assert_cmpstr(editor_text(editor), ==, "");

        type(editor, "one two");
        (void) press_control(editor, 'w');
        g_assert_cmpstr(editor_text(editor), ==, "one ");
        (void) press_control(editor, 'u');
        g_assert_cmpstr(editor_text(editor), ==, "");
}

/* keys that a form wants come back to it */
static void test_unused(void) {
        _cleanup_(editor_freep) Editor *line = editor_new("a", 64, 0);
        _cleanup_(editor_freep) Editor *lines = editor_new("a\nb", 64, EDITOR_LINES);

        g_assert_cmpint(press(line, TYPED_ENTER), ==, EDITOR_UNUSED);
        g_assert_cmpint(press(line, TYPED_UP), ==, EDITOR_UNUSED);
        g_assert_cmpint(press(line, TYPED_DOWN), ==, EDITOR_UNUSED);
        g_assert_cmpint(press(line, TYPED_TAB), ==, EDITOR_UNUSED);
        g_assert_cmpint(press(lines, TYPED_TAB), ==, EDITOR_UNUSED);
        g_assert_cmpint(press(lines, TYPED_UP), ==, EDITOR_UNUSED);
        g_assert_cmpint(press(lines, TYPED_DOWN), ==, EDITOR_MOVED);
        g_assert_cmpint(press(lines, TYPED_DOWN), ==, EDITOR_UNUSED);
        g_assert_cmpint(press_control(lines, 's'), ==, EDITOR_UNUSED);
}

static void test_lines(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new(NULL, 1024, EDITOR_LINES);

        type(editor, "{{if .Check}}");
        (void) press(editor, TYPED_ENTER);
        type(editor, "up");
        (void) press(editor, TYPED_ENTER);
        type(editor, "{{end}}");
        g_assert_cmpstr(editor_text(editor), ==, "{{if .Check}}\nup\n{{end}}");
        assert_dump(editor, 20, 4, "{{if .Check}}\nup\n{{end}}\n\n", 2, 7);

        /* up over a short line keeps the column for the next one */
        (void) press(editor, TYPED_UP);
        assert_dump(editor, 20, 4, "{{if .Check}}\nup\n{{end}}\n\n", 1, 2);
        (void) press(editor, TYPED_UP);
        assert_dump(editor, 20, 4, "{{if .Check}}\nup\n{{end}}\n\n", 0, 7);

        /* two lines become one */
        (void) press(editor, TYPED_END);
        (void) press(editor, TYPED_DELETE);
        g_assert_cmpstr(editor_text(editor), ==, "{{if .Check}}up\n{{end}}");
        (void) press(editor, TYPED_RIGHT);
        (void) press(editor, TYPED_RIGHT);
        (void) press(editor, TYPED_RIGHT);
        (void) press(editor, TYPED_BACKSPACE);
        g_assert_cmpstr(editor_text(editor), ==, "{{if .Check}}up{{end}}");
}

/* what is seen as one character is moved over and deleted as one */
static void test_clusters(void) {
        static const char *const clusters[] = {
                "a",
                "日",
                "e\u0301",                    /* a letter and its mark */
                "\U0001f468\u200d\U0001f469", /* a joined emoji */
                "\U0001f44d\U0001f3fd",       /* with a skin */
                "\U0001f1e9\U0001f1ea",       /* a flag */
                "\u1112\u1161\u11ab",         /* a syllable in parts */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(clusters); i++) {
                g_autofree char *text = g_strdup_printf("x%sz", clusters[i]);
                _cleanup_(editor_freep) Editor *editor = editor_new(text, 64, 0);

                (void) press(editor, TYPED_LEFT);
                (void) press(editor, TYPED_BACKSPACE);
                g_assert_cmpstr(editor_text(editor), ==, "xz");

                editor_set(editor, text);
                (void) press(editor, TYPED_HOME);
                (void) press(editor, TYPED_RIGHT);
                (void) press(editor, TYPED_RIGHT);
                type(editor, "y");
                g_assert_true(g_str_has_suffix(editor_text(editor), "yz"));
        }
}

static void test_wide(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new("日本語", 64, 0);

        assert_dump(editor, 10, 1, "日本語\n", 0, 6);
        (void) press(editor, TYPED_LEFT);
        assert_dump(editor, 10, 1, "日本語\n", 0, 4);
        /* one that has no room at the edge is not shown by half */
        (void) press(editor, TYPED_HOME);
        assert_dump(editor, 5, 1, "日本›\n", 0, 0);
}

static void test_scroll(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new("0123456789abcdefghij", 64, 0);
        _cleanup_(editor_freep) Editor *lines = editor_new("1\n2\n3\n4\n5", 64, EDITOR_LINES);

        assert_dump(editor, 10, 1, "‹ghij\n", 0, 5);
        (void) press(editor, TYPED_HOME);
        assert_dump(editor, 10, 1, "012345678›\n", 0, 0);
        for (int i = 0; i < 12; i++)
                (void) press(editor, TYPED_RIGHT);
        assert_dump(editor, 10, 1, "‹89abcdef›\n", 0, 5);

        assert_dump(lines, 4, 3, "1\n2\n3\n", 0, 0);
        (void) press(lines, TYPED_PAGE_DOWN);
        (void) press(lines, TYPED_DOWN);
        assert_dump(lines, 4, 3, "2\n3\n4\n", 2, 0);
        (void) press(lines, TYPED_PAGE_DOWN);
        assert_dump(lines, 4, 3, "3\n4\n5\n", 2, 0);
        g_assert_cmpint(press(lines, TYPED_PAGE_DOWN), ==, EDITOR_UNUSED);
        (void) press(lines, TYPED_PAGE_UP);
        assert_dump(lines, 4, 3, "3\n4\n5\n", 0, 0);
}

static void test_limit(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new("abc", 4, 0);
        const Key wide = character(0x65e5), narrow = character('d');

        g_assert_cmpint(editor_key(editor, &wide), ==, EDITOR_FULL);
        g_assert_cmpstr(editor_text(editor), ==, "abc");
        g_assert_cmpint(editor_key(editor, &narrow), ==, EDITOR_CHANGED);
        g_assert_cmpint(editor_key(editor, &narrow), ==, EDITOR_FULL);
        g_assert_cmpstr(editor_text(editor), ==, "abcd");

        /* what is longer already can be made shorter */
        editor_set(editor, "abcdefgh");
        (void) press(editor, TYPED_BACKSPACE);
        g_assert_cmpstr(editor_text(editor), ==, "abcdefg");
}

/* line ends and tabs of a paste come as characters */
static void test_paste(void) {
        _cleanup_(editor_freep) Editor *line = editor_new(NULL, 64, 0);
        _cleanup_(editor_freep) Editor *lines = editor_new(NULL, 70000, EDITOR_LINES);
        g_autofree char *text = NULL;

        paste(line, "a\tb\nc\033[31m\a");
        g_assert_cmpstr(editor_text(line), ==, "a b c[31m");
        paste(line, "d\n");
        type(line, "e");
        g_assert_cmpstr(editor_text(line), ==, "a b c[31mde");
        paste(lines, "{{if .X}}\n\tx\n");
        g_assert_cmpstr(editor_text(lines), ==, "{{if .X}}\n\tx\n");
        assert_dump(lines, 12, 3, "{{if .X}}\n→ x\n\n", 2, 0);

        text = g_strnfill(65536, 'x');
        editor_set(lines, "");
        paste(lines, text);
        g_assert_cmpuint(strlen(editor_text(lines)), ==, 65536);
}

/* text from elsewhere can hold what would disturb a terminal */
static void test_escape(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new("a\u202eb\rc", 64, 0);

        assert_dump(editor, 20, 1, "a\\u202eb\\rc\n", 0, 11);
        (void) press(editor, TYPED_LEFT);
        (void) press(editor, TYPED_LEFT);
        assert_dump(editor, 20, 1, "a\\u202eb\\rc\n", 0, 8);
}

static void test_hidden(void) {
        _cleanup_(editor_freep) Editor *editor = editor_new(NULL, 64, EDITOR_HIDDEN);

        type(editor, "geheim日");
        assert_dump(editor, 20, 1, "•••••••\n", 0, 7);
        g_assert_cmpstr(editor_text(editor), ==, "geheim日");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tui/editor/line", test_line);
        g_test_add_func("/tui/editor/unused", test_unused);
        g_test_add_func("/tui/editor/lines", test_lines);
        g_test_add_func("/tui/editor/clusters", test_clusters);
        g_test_add_func("/tui/editor/wide", test_wide);
        g_test_add_func("/tui/editor/scroll", test_scroll);
        g_test_add_func("/tui/editor/limit", test_limit);
        g_test_add_func("/tui/editor/paste", test_paste);
        g_test_add_func("/tui/editor/escape", test_escape);
        g_test_add_func("/tui/editor/hidden", test_hidden);
        return g_test_run();
}
