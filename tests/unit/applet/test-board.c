/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "applet/board.h"
#include "applet/text.h"
#include "base/cleanup.h"
#include "base/limits.h"

typedef struct World {
        Board *board;
        unsigned reordered, summarized, missed;
        RowState missed_from, missed_to;
} World;

static void on_reordered(void *userdata) {
        ((World *) userdata)->reordered++;
}

static void on_summarized(void *userdata) {
        ((World *) userdata)->summarized++;
}

static void on_missed(void *userdata, const Row *row, RowState from) {
        World *w = userdata;

        w->missed++;
        w->missed_from = from;
        w->missed_to = row->state;
}

static const BoardObserver observer = { on_reordered, on_summarized, on_missed };

static void world_up(World *w) {
        *w = (World){};
        w->board = board_new(&observer, w);
}

static void world_down(World *w) {
        board_free(w->board);
}
#define _world_ _cleanup_(world_down) World

/* text: of GVariant; floating values are sunk */
static GVariant *value(const char *text) {
        GVariant *made = g_variant_parse(NULL, text, NULL, NULL, NULL);

        g_assert_nonnull(made);
        return made;
}

static void page(World *w, const char *text) {
        g_autoptr(GVariant) checks = value(text);

        board_page(w->board, checks);
}

static void pass(World *w, bool after_gap, const char *text) {
        board_begin(w->board, after_gap);
        page(w, text);
        board_end(w->board);
}

static unsigned n_rows(World *w) {
        return g_list_model_get_n_items(board_rows(w->board));
}

#define ROW(id, name, state) "{'id': <'" id "'>, 'name': <'" name "'>, 'state': <'" state "'>}"

static void test_passes(void) {
        _world_ w;

        world_up(&w);
        pass(&w, false, "[" ROW("1", "a", "up") "," ROW("2", "b", "down") "," ROW("3", "c", "unknown") "]");
        g_assert_cmpuint(n_rows(&w), ==, 3);
        g_assert_cmpuint(w.reordered, >, 0);
        g_assert_cmpuint(board_count(w.board, ROW_DOWN), ==, 1);
        g_assert_cmpuint(board_count(w.board, ROW_UP), ==, 1);

        /* the same again is no news */
        w.reordered = 0;
        pass(&w, false, "[" ROW("1", "a", "up") "," ROW("2", "b", "down") "," ROW("3", "c", "unknown") "]");
        g_assert_cmpuint(w.reordered, ==, 0);

        /* what is not named any more goes, in the middle and at the ends */
        pass(&w, false, "[" ROW("2", "b", "down") "]");
        g_assert_cmpuint(n_rows(&w), ==, 1);
        g_assert_nonnull(board_find(w.board, "2"));
        g_assert_null(board_find(w.board, "1"));
        pass(&w, false, "@aa{sv} []");
        g_assert_cmpuint(n_rows(&w), ==, 0);
}

static void test_rows_outlive_the_document(void) {
        _world_ w;
        g_autoptr(Row) row = NULL;

        world_up(&w);
        pass(&w, false, "[" ROW("1", "a", "up") "]");
        row = g_object_ref(board_find(w.board, "1"));
        pass(&w, false, "[" ROW("0", "z", "up") "," ROW("1", "b", "up") "]");
        g_assert_true(row == board_find(w.board, "1")); /* selected, it stays so */
        g_assert_cmpstr(row->name, ==, "b");
}

static void test_signals(void) {
        _world_ w;
        g_autoptr(GVariant) down = value("{'State': <'down'>, 'Since': <uint64 7>, 'Else': <(1, 2)>}");
        g_autoptr(GVariant) wrong = value("{'State': <uint32 1>, 'Since': <'x'>, 'Name': <5>}");

        world_up(&w);
        pass(&w, false, "[" ROW("1", "a", "up") "]");
        board_update(w.board, "1", down);
        g_assert_cmpint(board_find(w.board, "1")->state, ==, ROW_DOWN);
        g_assert_cmpuint(board_find(w.board, "1")->since_usec, ==, 7);
        board_update(w.board, "1", wrong);
        g_assert_cmpint(board_find(w.board, "1")->state, ==, ROW_DOWN);
        board_update(w.board, "stranger", down);
        g_assert_cmpuint(n_rows(&w), ==, 1);

        /* one that comes between the pages of a pass is not swept away by its end */
        board_begin(w.board, false);
        page(&w, "[" ROW("1", "a", "up") "]");
        board_add(w.board, "2", down);
        board_add(w.board, "2", down);
        board_end(w.board);
        g_assert_cmpuint(n_rows(&w), ==, 2);
        board_remove(w.board, "1");
        board_remove(w.board, "1");
        g_assert_cmpuint(n_rows(&w), ==, 1);
}

static void test_gap(void) {
        _world_ w;
        g_autoptr(GVariant) up = value("{'State': <'up'>}");

        world_up(&w);
        pass(&w, false, "[" ROW("1", "a", "up") "]");
        pass(&w, false, "[" ROW("1", "a", "down") "]");
        g_assert_cmpuint(w.missed, ==, 0);
        pass(&w, true, "[" ROW("1", "a", "up") "," ROW("2", "new", "down") "]");
        g_assert_cmpuint(w.missed, ==, 1);
        g_assert_cmpint(w.missed_from, ==, ROW_DOWN);
        g_assert_cmpint(w.missed_to, ==, ROW_UP);
        /* a signal tells of itself */
        board_begin(w.board, true);
        board_update(w.board, "2", up);
        page(&w, "[" ROW("1", "a", "up") "," ROW("2", "new", "up") "]");
        board_end(w.board);
        g_assert_cmpuint(w.missed, ==, 1);
}

static void test_garbage(void) {
        _world_ w;

        world_up(&w);
        pass(&w,
             false,
             "[{'name': <'nameless'>}, {'id': <5>}, {'id': <''>}, {'id': <'1'>, 'ok': <'many'>}]");
        g_assert_cmpuint(n_rows(&w), ==, 1);
        g_assert_cmpuint(board_find(w.board, "1")->ok, ==, 0);
        g_assert_cmpint(board_find(w.board, "1")->state, ==, ROW_UNKNOWN);
}

static void test_limit(void) {
        _world_ w;

        world_up(&w);
        board_begin(w.board, false);
        for (unsigned i = 0; i < CHECKS_MAX + 1; i += 1000) {
                GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
                g_autoptr(GVariant) checks = NULL;

                for (unsigned j = i; j < i + 1000 && j < CHECKS_MAX + 1; j++) {
                        g_autofree char *id = g_strdup_printf("%u", j);

                        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
                        g_variant_builder_add(&builder, "{sv}", "id", g_variant_new_string(id));
                        g_variant_builder_close(&builder);
                }
                checks = g_variant_ref_sink(g_variant_builder_end(&builder));
                board_page(w.board, checks);
        }
        board_end(w.board);
        g_assert_cmpuint(n_rows(&w), ==, CHECKS_MAX);
}

static void test_summary(void) {
        _world_ w;
        g_autoptr(GVariant) all = value(
                        "{'Initialized': <true>, 'Master': <'m'>, 'Quorum': <true>, 'Term': <uint64 7>,"
                        " 'QuorumLive': <uint32 2>, 'QuorumNeed': <uint32 2>, 'Hint': <'h\\ni'>}");
        g_autoptr(GVariant) some = value("{'Quorum': <false>, 'Master': <''>, 'Term': <'wrong'>}");
        g_autoptr(GVariant) peers = value("[{'node_id': <'m'>, 'advertise': <'alpha:9901'>, 'live': <true>},"
                                          " {'node_id': <'n'>, 'live': <false>}]");
        g_autofree char *before = NULL, *good = NULL, *bad = NULL;

        world_up(&w);
        before = board_line(w.board);
        g_assert_nonnull(strstr(before, "quctl init"));
        board_summarize(w.board, all);
        board_set_peers(w.board, peers);
        g_assert_cmpuint(w.summarized, ==, 2);
        good = board_line(w.board);
        g_assert_cmpstr(good, ==, "master alpha:9901 · quorum yes (2 of 2 live, need 2) · term 7");
        g_assert_cmpstr(board_summary(w.board)->hint, ==, "h i");
        board_summarize(w.board, some);
        bad = board_line(w.board);
        g_assert_cmpstr(bad, ==, "master none · quorum NO (2 of 2 live, need 2) · term 7");
        g_assert_cmpstr(((Peer *) g_ptr_array_index(board_peers(w.board), 1))->name, ==, "n");
}

static void test_order(void) {
        _world_ w;
        const Row *a, *b, *c;

        world_up(&w);
        pass(&w, false, "[" ROW("1", "a", "up") "," ROW("2", "b", "down") "," ROW("3", "c", "down") "]");
        a = board_find(w.board, "1");
        b = board_find(w.board, "2");
        c = board_find(w.board, "3");
        g_assert_cmpint(row_compare_state(b, a), <, 0);
        g_assert_cmpint(row_compare_state(b, c), <, 0);
        g_assert_cmpint(row_compare_name(a, b), <, 0);
        g_assert_cmpint(row_compare_state(a, a), ==, 0);
}

static bool finds(const Row *row, const char *search) {
        g_auto(GStrv) words = row_fold(search);

        return row_matches(row, words);
}

static void test_search(void) {
        _world_ w;
        const Row *row;

        world_up(&w);
        pass(&w, false, "[" ROW("1", "Straße 7", "down") "]");
        row = board_find(w.board, "1");
        g_assert_true(finds(row, ""));
        g_assert_true(finds(row, "  "));
        g_assert_true(finds(row, "STRASSE"));
        g_assert_true(finds(row, "down 7"));
        g_assert_false(finds(row, "down 8"));
        g_assert_true(row_matches(row, NULL));
}

static void test_texts(void) {
        g_autofree char *harm = shown_text("a\033[2J\r\nb\xe2\x80\xae"
                                           "c\xe2\x80\xa8"
                                           "d\xff");
        g_autofree char *markup = shown_notice("<b>&amp;</b>"), *plain = shown_text("<b>&amp;</b>"),
                        *none = shown_text(NULL);
        g_autofree char *edge = g_strnfill(SHOWN_MAX_CHARS, 'x'),
                        *past = g_strnfill(SHOWN_MAX_CHARS + 1, 'x');
        g_autofree char *whole = shown_text(edge), *cut = shown_text(past), *never = shown_time(0);
        g_autofree char *late = shown_time(UINT64_MAX);

        g_assert_cmpstr(harm,
                        ==,
                        "a\xef\xbf\xbd[2J  b\xef\xbf\xbd"
                        "c d\xef\xbf\xbd");
        g_assert_cmpstr(markup,
                        ==,
                        "\xe2\x80\xb9"
                        "b\xe2\x80\xba\xef\xbc\x86"
                        "amp;\xe2\x80\xb9/b\xe2\x80\xba");
        g_assert_cmpstr(plain, ==, "<b>&amp;</b>");
        g_assert_cmpstr(none, ==, "");
        g_assert_cmpstr(whole, ==, edge);
        g_assert_cmpint(g_utf8_strlen(cut, -1), ==, SHOWN_MAX_CHARS);
        g_assert_true(g_str_has_suffix(cut, "x\xe2\x80\xa6"));
        g_assert_cmpstr(never, ==, "");
        g_assert_cmpstr(late, ==, "");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/board/passes", test_passes);
        g_test_add_func("/board/rows-outlive-the-document", test_rows_outlive_the_document);
        g_test_add_func("/board/signals", test_signals);
        g_test_add_func("/board/gap", test_gap);
        g_test_add_func("/board/garbage", test_garbage);
        g_test_add_func("/board/limit", test_limit);
        g_test_add_func("/board/summary", test_summary);
        g_test_add_func("/board/order", test_order);
        g_test_add_func("/board/search", test_search);
        g_test_add_func("/board/texts", test_texts);
        return g_test_run();
}
