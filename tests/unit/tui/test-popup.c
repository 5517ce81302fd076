/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/popup.h"

#include <string.h>

#include "keys.h"
#include "tui/canvas.h"

static char *dump(Dialogs *dialogs, unsigned width, unsigned height) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);

        dialogs_draw(dialogs, canvas);
        return canvas_dump(canvas);
}

static void press(Dialogs *dialogs, Key key) {
        g_assert_true(dialogs_key(dialogs, &key));
}

typedef struct Seen {
        int answer; /* -1: none yet */
        unsigned freed;
        Dialogs *dialogs;
} Seen;

static void answered(bool yes, void *userdata) {
        ((Seen *) userdata)->answer = yes;
}

static void picked(unsigned i, void *userdata) {
        Seen *seen = userdata;

        seen->answer = (int) i;
        dialogs_push(seen->dialogs, question_new("Picked", "", "That one?", answered, seen, NULL));
}

static void freed(void *userdata) {
        ((Seen *) userdata)->freed++;
}

/* y alone is a yes */
static void test_question(void) {
        static const struct {
                Key key;
                int answer;
        } cases[] = {
                { { TYPED_CHARACTER, 'y' }, 1 },
                { { TYPED_CHARACTER, 'Y' }, 1 },
                { { TYPED_CHARACTER, 'n' }, 0 },
                { { TYPED_ENTER, 0 }, 0 },
                { { TYPED_ESCAPE, 0 }, 0 },
                { { TYPED_CHARACTER, 'x' }, -1 },
                { { TYPED_CHARACTER, ' ' }, -1 },
                { { TYPED_CONTROL, 'y' }, -1 },
                { { TYPED_TAB, 0 }, -1 },
                { { .kind = TYPED_CHARACTER, .character = 'y', .pasted = true }, -1 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(dialogs_freep) Dialogs *dialogs = dialogs_new();
                Seen seen = { .answer = -1 };

                dialogs_push(dialogs, question_new("Remove", "", "Remove it?", answered, &seen, freed));
                press(dialogs, cases[i].key);
                g_assert_cmpint(seen.answer, ==, cases[i].answer);
                g_assert_cmpint(dialogs_are_open(dialogs), ==, cases[i].answer < 0);
                g_assert_cmpuint(seen.freed, ==, cases[i].answer < 0 ? 0 : 1);
                dialogs = dialogs_free(dialogs);
                g_assert_cmpuint(seen.freed, ==, 1);
        }
}

static void test_draw(void) {
        _cleanup_(dialogs_freep) Dialogs *dialogs = dialogs_new();
        g_autofree char *text = NULL;
        Seen seen = { .answer = -1 };

        dialogs_push(dialogs,
                     question_new("Remove a check",
                                  "db\033[2J (tcp)\nits state is forgotten",
                                  "Remove it?",
                                  answered,
                                  &seen,
                                  NULL));
        text = dump(dialogs, 40, 9);
        g_assert_cmpstr(text,
                        ==,
                        "\n"
                        "       ┌─ Remove a check ───────┐\n"
                        "       │ db\\x1b[2J (tcp)        │\n"
                        "       │ its state is forgotten │\n"
                        "       │                        │\n"
                        "       │ Remove it? [y/N]       │\n"
                        "       └────────────────────────┘\n"
                        "\n"
                        "\n");
        g_assert_cmpstr(dialogs_footer(dialogs), ==, "y yes  n, Esc no");
}

/* in a small window the question is still seen */
static void test_small(void) {
        _cleanup_(dialogs_freep) Dialogs *dialogs = dialogs_new();
        g_autofree char *text = NULL;
        Seen seen = { .answer = -1 };

        dialogs_push(dialogs, question_new("T", "a\nb\nc\nd\ne\nf", "Sure?", answered, &seen, NULL));
        text = dump(dialogs, 20, 4);
        g_assert_nonnull(strstr(text, "Sure? [y/N]"));
        for (unsigned i = 1; i < 20; i++) {
                g_autofree char *other = dump(dialogs, i, i / 2 + 1);

                g_assert_nonnull(other);
        }
}

static void test_picker(void) {
        static const char *const choices[] = { "http", "tcp", "icmp", NULL };
        _cleanup_(dialogs_freep) Dialogs *dialogs = dialogs_new();
        Seen seen = { .answer = -1, .dialogs = dialogs };
        g_autofree char *text = NULL;

        dialogs_push(dialogs, picker_new("Add a check", choices, picked, &seen, freed));
        press(dialogs, special(TYPED_UP));
        press(dialogs, special(TYPED_UP));
        text = dump(dialogs, 30, 8);
        g_assert_nonnull(strstr(text, "│ > tcp"));
        press(dialogs, special(TYPED_ENTER));
        g_assert_cmpint(seen.answer, ==, 1);
        g_assert_cmpuint(seen.freed, ==, 1);
        /* what it opened stays when it goes */
        g_assert_true(dialogs_are_open(dialogs));
        press(dialogs, character('n'));
        g_assert_false(dialogs_are_open(dialogs));

        dialogs_push(dialogs, picker_new("Add a check", choices, picked, &seen, freed));
        press(dialogs, character('i'));
        g_assert_cmpint(seen.answer, ==, 2);
        press(dialogs, special(TYPED_ESCAPE));

        seen.answer = -1;
        dialogs_push(dialogs, picker_new("Add a check", choices, picked, &seen, freed));
        press(dialogs, special(TYPED_ESCAPE));
        g_assert_cmpint(seen.answer, ==, -1);
        g_assert_cmpuint(seen.freed, ==, 3);
}

/* an answer of the daemon may end a dialog that is not the topmost */
static void test_done(void) {
        _cleanup_(dialogs_freep) Dialogs *dialogs = dialogs_new();
        Seen seen = { .answer = -1 };
        Dialog *below = question_new("Below", "", "Sure?", answered, &seen, freed);

        dialogs_push(dialogs, below);
        dialogs_push(dialogs, question_new("Above", "", "Sure?", answered, &seen, freed));
        below->done = true;
        g_assert_true(dialogs_are_open(dialogs));
        g_assert_cmpuint(seen.freed, ==, 1);
        press(dialogs, character('y'));
        g_assert_cmpint(seen.answer, ==, 1);
        g_assert_false(dialogs_are_open(dialogs));
        g_assert_null(dialogs_footer(dialogs));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tui/popup/question", test_question);
        g_test_add_func("/tui/popup/draw", test_draw);
        g_test_add_func("/tui/popup/small", test_small);
        g_test_add_func("/tui/popup/picker", test_picker);
        g_test_add_func("/tui/popup/done", test_done);
        return g_test_run();
}
