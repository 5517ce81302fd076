/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "tui/list.h"

/* a row is a text: its id, and in the first column as it is, in the second its length */
static const ListColumn columns[] = { { "TEXT", 3, 1 }, { "LENGTH", 0, 0 } };

static const char *row_id(const void *row) {
        return row;
}

static char *row_cell(const void *row, size_t column, usec_t now_realtime, Style *ret_style) {
        return column == 0 ? g_strdup(row) : g_strdup_printf("%zu", strlen(row));
}

static int row_compare(const void *a, const void *b, size_t column) {
        return column == 0 ? strcmp(a, b) : (int) strlen(a) - (int) strlen(b);
}

static size_t row_texts(const void *row, const char **ret, size_t max) {
        ret[0] = row;
        ret[1] = strlen(row) > 3 ? "long" : NULL;
        return 2;
}

static const ListModel model = {
        .columns = columns,
        .n_columns = G_N_ELEMENTS(columns),
        .id = row_id,
        .cell = row_cell,
        .compare = row_compare,
        .texts = row_texts,
};

static void set_rows(List *list, const char *joined) {
        g_auto(GStrv) parts = g_strsplit(joined, " ", -1);
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);

        for (char **part = parts; *part; part++)
                if (**part)
                        g_ptr_array_add(rows, g_strdup(*part));
        list_set_rows(list, rows, 0);
}

static void type(List *list, KeyKind kind) {
        g_assert_true(list_key(list, &(Key){ .kind = kind }));
}

static void assert_picture(List *list, unsigned width, unsigned height, const char *expected) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);
        g_autofree char *dump = NULL;

        list_draw(list, canvas, 0);
        dump = canvas_dump(canvas);
        g_assert_cmpstr(dump, ==, expected);
}

static void test_empty(void) {
        _cleanup_(list_freep) List *list = list_new(&model);
        size_t first, last;

        g_assert_null(list_selected(list));
        type(list, TYPED_DOWN);
        type(list, TYPED_END);
        type(list, TYPED_PAGE_UP);
        g_assert_false(list_where(list, &first, &last));
        assert_picture(list, 20, 3, "TEXT  LENGTH\n\n\n");
        list_set_filter(list, "x");
        list_sort_next(list);
        set_rows(list, "");
        g_assert_null(list_selected(list));
        g_assert_cmpuint(list_n_rows(list), ==, 0);
}

static void test_cursor(void) {
        _cleanup_(list_freep) List *list = list_new(&model);
        size_t first, last;

        set_rows(list, "a b c d e f g");
        g_assert_cmpstr(list_selected(list), ==, "a");
        assert_picture(list, 20, 4, "TEXT  LENGTH\na     1\nb     1\nc     1\n");
        type(list, TYPED_UP);
        g_assert_cmpstr(list_selected(list), ==, "a");
        type(list, TYPED_PAGE_DOWN);
        g_assert_cmpstr(list_selected(list), ==, "d");
        assert_picture(list, 20, 4, "TEXT  LENGTH\nb     1\nc     1\nd     1\n");
        type(list, TYPED_END);
        assert_picture(list, 20, 4, "TEXT  LENGTH\ne     1\nf     1\ng     1\n");
        g_assert_true(list_where(list, &first, &last));
        g_assert_cmpuint(first, ==, 5);
        g_assert_cmpuint(last, ==, 7);
        type(list, TYPED_DOWN);
        g_assert_cmpstr(list_selected(list), ==, "g");
        type(list, TYPED_HOME);
        g_assert_cmpstr(list_selected(list), ==, "a");
        g_assert_false(list_key(list, &(Key){ .kind = TYPED_CHARACTER, .character = 'x' }));
}

/* more room shows more rows, never empty lines below while there are rows above */
static void test_resize(void) {
        _cleanup_(list_freep) List *list = list_new(&model);

        set_rows(list, "a b c d");
        assert_picture(list, 8, 2, "TE…  LE…\na    1\n");
        type(list, TYPED_END);
        assert_picture(list, 8, 2, "TE…  LE…\nd    1\n");
        assert_picture(list, 8, 4, "TE…  LE…\nb    1\nc    1\nd    1\n");
        assert_picture(list, 8, 6, "TE…  LE…\na    1\nb    1\nc    1\nd    1\n\n");
        assert_picture(list, 1, 1, "…\n");
}

static void test_cursor_follows(void) {
        _cleanup_(list_freep) List *list = list_new(&model);

        set_rows(list, "a b c");
        type(list, TYPED_DOWN);
        g_assert_cmpstr(list_selected(list), ==, "b");
        set_rows(list, "x y a b c");
        g_assert_cmpstr(list_selected(list), ==, "b");
        /* gone: what is in its place */
        set_rows(list, "x y a c");
        g_assert_cmpstr(list_selected(list), ==, "c");
        set_rows(list, "x");
        g_assert_cmpstr(list_selected(list), ==, "x");
        set_rows(list, "");
        g_assert_null(list_selected(list));
        set_rows(list, "n m");
        g_assert_cmpstr(list_selected(list), ==, "n");
}

static void test_filter(void) {
        _cleanup_(list_freep) List *list = list_new(&model);

        set_rows(list, "Alpha beta Gamma ab ÄB");
        list_set_filter(list, "A");
        g_assert_cmpuint(list_n_shown(list), ==, 4);
        list_set_filter(list, "a long");
        g_assert_cmpuint(list_n_shown(list), ==, 3);
        list_set_filter(list, "  äb ");
        g_assert_cmpuint(list_n_shown(list), ==, 1);
        g_assert_cmpstr(list_selected(list), ==, "ÄB");
        g_assert_cmpstr(list_filter(list), ==, "  äb ");
        list_set_filter(list, "nothing has this");
        g_assert_cmpuint(list_n_shown(list), ==, 0);
        g_assert_null(list_selected(list));
        /* new rows pass through it, too */
        set_rows(list, "Alpha nothing-has-this");
        list_set_filter(list, "THIS");
        g_assert_cmpuint(list_n_shown(list), ==, 1);
        g_assert_cmpuint(list_n_rows(list), ==, 2);
        list_set_filter(list, NULL);
        g_assert_cmpuint(list_n_shown(list), ==, 2);
}

static void test_sort(void) {
        _cleanup_(list_freep) List *list = list_new(&model);

        set_rows(list, "bb c aaa dd");
        type(list, TYPED_DOWN);
        list_sort_reverse(list); /* nothing to turn round */
        assert_picture(list, 20, 5, "TEXT  LENGTH\nbb    2\nc     1\naaa   3\ndd    2\n");
        list_sort_next(list);
        assert_picture(list, 20, 5, "TEXT ▲  LENGTH\naaa     3\nbb      2\nc       1\ndd      2\n");
        g_assert_cmpstr(list_selected(list), ==, "c");
        list_sort_reverse(list);
        assert_picture(list, 20, 5, "TEXT ▼  LENGTH\ndd      2\nc       1\nbb      2\naaa     3\n");
        list_sort_next(list);
        /* equals as they came */
        assert_picture(list, 20, 5, "TEXT  LENGTH ▲\nc     1\nbb    2\ndd    2\naaa   3\n");
        list_sort_reverse(list);
        assert_picture(list, 20, 5, "TEXT  LENGTH ▼\naaa   3\nbb    2\ndd    2\nc     1\n");
        list_sort_next(list);
        assert_picture(list, 20, 5, "TEXT  LENGTH\nbb    2\nc     1\naaa   3\ndd    2\n");
        g_assert_cmpstr(list_selected(list), ==, "c");
}

static void test_widths(void) {
        _cleanup_(list_freep) List *list = list_new(&model);

        set_rows(list, "abcdefghijkl b");
        assert_picture(list, 30, 3, "TEXT          LENGTH\nabcdefghijkl  12\nb             1\n");
        assert_picture(list, 16, 3, "TEXT      LENGTH\nabcdefg…  12\nb         1\n");
        /* down to the least, then the last one */
        assert_picture(list, 8, 3, "TE…  LE…\nab…  12\nb    1\n");
}

static void test_many(void) {
        _cleanup_(list_freep) List *list = list_new(&model);
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);

        for (unsigned i = 0; i < 20000; i++)
                g_ptr_array_add(rows, g_strdup_printf("row-%05u", (i * 7919) % 20000));
        list_set_rows(list, rows, 0);
        list_sort_next(list);
        type(list, TYPED_END);
        g_assert_cmpstr(list_selected(list), ==, "row-19999");
        assert_picture(list, 24, 3, "TEXT ▲     LENGTH\nrow-19998  9\nrow-19999  9\n");
        list_set_filter(list, "row-0000");
        g_assert_cmpuint(list_n_shown(list), ==, 10);
        list_set_filter(list, "");
        list_set_rows(list, rows, 0);
        g_assert_cmpuint(list_n_shown(list), ==, 20000);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/list/empty", test_empty);
        g_test_add_func("/list/cursor", test_cursor);
        g_test_add_func("/list/resize", test_resize);
        g_test_add_func("/list/cursor-follows", test_cursor_follows);
        g_test_add_func("/list/filter", test_filter);
        g_test_add_func("/list/sort", test_sort);
        g_test_add_func("/list/widths", test_widths);
        g_test_add_func("/list/many", test_many);
        return g_test_run();
}
