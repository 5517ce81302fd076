/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "keys.h"
#include "tui/canvas.h"
#include "tui/help.h"
#include "tui/view.h"

static char *picture(Dialogs *dialogs, unsigned width, unsigned height) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);

        dialogs_draw(dialogs, canvas);
        return canvas_dump(canvas);
}

static void assert_picture(Dialogs *dialogs, unsigned width, unsigned height, const char *expected) {
        g_autofree char *dump = picture(dialogs, width, height);

        g_assert_cmpstr(dump, ==, expected);
}

static void press(Dialogs *dialogs, Key key) {
        g_assert_true(dialogs_key(dialogs, &key));
}

static Dialogs *open_text(const char *text) {
        Dialogs *dialogs = dialogs_new();

        dialogs_push(dialogs, view_new("Not done", g_strsplit(text, "\n", -1)));
        return dialogs;
}

/* Nothing is cut, and what was set in stays so. */
static void test_break(void) {
        _cleanup_(dialogs_freep) Dialogs *dialogs =
                        open_text("1/2 alerts failed\n    ops: not delivered: no route\x1b to it\n\nend");

        assert_picture(dialogs,
                       30,
                       7,
                       "┌─ Not done ─────────────────┐\n"
                       "│ 1/2 alerts failed          │\n"
                       "│     ops: not delivered: no │\n"
                       "│     route\\x1b to it        │\n"
                       "│                            │\n"
                       "│ end                        │\n"
                       "└────────────────────────────┘\n");
        /* wherever there is any room it goes on */
        for (unsigned width = 0; width < 24; width++)
                for (unsigned height = 0; height < 6; height++)
                        g_free(picture(dialogs, width, height));
}

static void test_scroll(void) {
        _cleanup_(dialogs_freep) Dialogs *dialogs = open_text("1\n2\n3\n4\n5\n6\n7");
        static const struct {
                KeyKind key;
                const char *first, *where;
        } steps[] = {
                { TYPED_UP, "│ 1 ", " 1-3 of 7 " },        { TYPED_DOWN, "│ 2 ", " 2-4 of 7 " },
                { TYPED_PAGE_DOWN, "│ 5 ", " 5-7 of 7 " }, { TYPED_PAGE_DOWN, "│ 5 ", " 5-7 of 7 " },
                { TYPED_UP, "│ 4 ", " 4-6 of 7 " },        { TYPED_HOME, "│ 1 ", " 1-3 of 7 " },
                { TYPED_END, "│ 5 ", " 5-7 of 7 " },       { TYPED_PAGE_UP, "│ 2 ", " 2-4 of 7 " },
        };

        g_free(picture(dialogs, 14, 5)); /* which decides what a page is */
        for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
                g_autofree char *after = NULL;
                const char *row;

                press(dialogs, special(steps[i].key));
                after = picture(dialogs, 14, 5);
                row = strchr(after, '\n') + 1;
                g_assert_true(g_str_has_prefix(row, steps[i].first));
                g_assert_nonnull(strstr(after, steps[i].where));
        }
}

static void test_close(void) {
        const Key keys[] = { special(TYPED_ESCAPE), special(TYPED_ENTER), character('q'), character('?') };

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                _cleanup_(dialogs_freep) Dialogs *dialogs = open_text("text");

                press(dialogs, character('x'));
                g_assert_true(dialogs_are_open(dialogs));
                press(dialogs, keys[i]);
                g_assert_false(dialogs_are_open(dialogs));
        }
}

/* The list of keys says them all, one below the other, in narrow windows, too. */
static void test_help(void) {
        _cleanup_(dialogs_freep) Dialogs *dialogs = dialogs_new();
        g_autofree char *wide = NULL;

        dialogs_push(dialogs, help_new());
        wide = picture(dialogs, 80, 24);
        for (const char *key = "/srad?etDxq"; *key; key++) {
                g_autofree char *line = g_strdup_printf("│ %c         ", *key);

                g_assert_nonnull(strstr(wide, line));
        }
        assert_picture(dialogs,
                       40,
                       8,
                       "┌─ Keys ───────────────────────────────┐\n"
                       "│ /         show only rows with the    │\n"
                       "│           words typed; Enter keeps,  │\n"
                       "│           Esc clears it              │\n"
                       "│ s         sort by the next column; S │\n"
                       "│           the other way round        │\n"
                       "│ r         read everything again, now │\n"
                       "└── 1-6 of 29 ─────────────────────────┘\n");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tui/view/break", test_break);
        g_test_add_func("/tui/view/scroll", test_scroll);
        g_test_add_func("/tui/view/close", test_close);
        g_test_add_func("/tui/view/help", test_help);
        return g_test_run();
}
