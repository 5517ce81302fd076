/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/form.h"

#include <string.h>

#include "keys.h"

static FormResult press(Form *form, KeyKind kind) {
        const Key key = special(kind);

        return form_key(form, &key);
}

static FormResult press_control(Form *form, char letter) {
        const Key key = control(letter);

        return form_key(form, &key);
}

static void type(Form *form, const char *text) {
        for (; *text; text = g_utf8_next_char(text)) {
                const Key key = character(g_utf8_get_char(text));

                (void) form_key(form, &key);
        }
}

static void assert_dump(Form *form, unsigned width, unsigned height, const char *expected) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);
        g_autofree char *text = NULL;

        form_draw(form, canvas);
        text = canvas_dump(canvas);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_seen(Form *form, unsigned width, unsigned height, const char *part) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);
        g_autofree char *text = NULL;

        form_draw(form, canvas);
        text = canvas_dump(canvas);
        if (!strstr(text, part))
                g_error("not seen: %s in\n%s", part, text);
}

static Form *sample(void) {
        static const char *const alerts[] = { "id-1", "oncall", "id-2", "chat", NULL };
        static const char *const chosen[] = { "chat", NULL };
        Form *form = form_new("Edit check");

        form_add(form,
                 input_new(&(InputSpec){ .name = "name", .max = 128, .help = "how people call it" },
                           "home"));
        form_add(form,
                 input_new(&(InputSpec){ .name = "interval",
                                         .kind = INPUT_DURATION,
                                         .max = 64,
                                         .standard = "30s",
                                         .help = "how often each node probes" },
                           NULL));
        form_add(form,
                 input_new(&(InputSpec){ .name = "expect-status", .kind = INPUT_NUMBER, .max = 64 }, "200"));
        form_add(form, input_new(&(InputSpec){ .name = "default", .kind = INPUT_BOOL }, "false"));
        form_add(form,
                 input_new_set(&(InputSpec){ .name = "alerts", .kind = INPUT_SET, .max = 1 },
                               alerts,
                               (char *const *) chosen));
        form_add(form, input_new(&(InputSpec){ .name = "to", .kind = INPUT_WORDS, .max = 64 }, "a, b"));
        return form;
}

static void test_draw(void) {
        _cleanup_(form_freep) Form *form = sample();

        assert_dump(form,
                    50,
                    14,
                    "┌─ Edit check ───────────────────────────────────┐\n"
                    "│  Name           home                           │\n"
                    "│  Interval       30s                            │\n"
                    "│  Expect status  200                            │\n"
                    "│  Default        [ ] no                         │\n"
                    "│  Alerts         [ ] oncall                     │\n"
                    "│                 [x] chat                       │\n"
                    "│  To             a, b                           │\n"
                    "│                                                │\n"
                    "│                                                │\n"
                    "│                                                │\n"
                    "├─ [ Save ]  [ Cancel ] ─────────────────────────┤\n"
                    "│ how people call it                             │\n"
                    "└────────────────────────────────────────────────┘\n");
}

/* Where it is higher than the screen it follows the cursor, and marks say that there is more. */
static void test_scroll(void) {
        _cleanup_(form_freep) Form *form = sample();

        assert_seen(form, 50, 8, "│  Name           home");
        assert_seen(form, 50, 8, "│↓ Default");
        assert_seen(form, 50, 8, "├─ [ Save ]  [ Cancel ] ───");
        for (int i = 0; i < 6; i++)
                (void) press(form, TYPED_TAB);
        /* on Save: the fields above it stand still */
        assert_seen(form, 50, 8, "│  To             a, b");
        assert_seen(form, 50, 8, "│↑");
        (void) press(form, TYPED_TAB);
        (void) press(form, TYPED_TAB);
        assert_seen(form, 50, 8, "│  Name           home");
        /* nothing is drawn where there is no room, and nothing breaks */
        for (unsigned width = 1; width < 30; width++)
                for (unsigned height = 1; height < 12; height++)
                        assert_seen(form, width, height, "");
}

static void test_keys(void) {
        _cleanup_(form_freep) Form *form = sample();

        g_assert_false(form_is_changed(form));
        type(form, "page");
        g_assert_true(form_is_changed(form));
        g_assert_cmpstr(input_text(form_input(form, "name")), ==, "homepage");
        g_assert_cmpint(press(form, TYPED_ENTER), ==, FORM_LEFT);
        g_assert_true(form_left(form) == form_input(form, "name"));
        type(form, "1m");
        (void) press(form, TYPED_DOWN);
        (void) press(form, TYPED_DOWN);
        type(form, " ");
        g_assert_true(input_bool(form_input(form, "default")));
        (void) press(form, TYPED_BACKTAB);
        (void) press(form, TYPED_BACKTAB);
        type(form, "5s");
        g_assert_cmpstr(input_text(form_input(form, "interval")), ==, "1m5s");

        g_assert_cmpint(press_control(form, 's'), ==, FORM_SAVE);
        g_assert_cmpint(press(form, TYPED_ESCAPE), ==, FORM_CANCEL);
        g_assert_cmpint(press_control(form, 'p'), ==, FORM_UNUSED);

        /* backwards from the first field there are the buttons */
        (void) press(form, TYPED_UP);
        (void) press(form, TYPED_BACKTAB);
        g_assert_cmpint(press(form, TYPED_ENTER), ==, FORM_CANCEL);
        (void) press(form, TYPED_LEFT);
        g_assert_cmpint(press(form, TYPED_ENTER), ==, FORM_SAVE);
}

static void test_set(void) {
        _cleanup_(form_freep) Form *form = sample();
        Input *alerts = form_input(form, "alerts");
        g_auto(GStrv) before = input_words(alerts), after = NULL;

        g_assert_cmpuint(g_strv_length(before), ==, 1);
        g_assert_cmpstr(before[0], ==, "id-2");
        for (int i = 0; i < 4; i++)
                (void) press(form, TYPED_TAB);
        type(form, " "); /* a second one */
        g_assert_cmpstr(input_complaint(alerts), ==, "at most 1 may be chosen");
        type(form, "c "); /* to "chat", and off */
        (void) press(form, TYPED_UP);
        type(form, " ");
        after = input_words(alerts);
        g_assert_cmpuint(g_strv_length(after), ==, 1);
        g_assert_cmpstr(after[0], ==, "id-1");
        g_assert_true(input_is_changed(alerts));

        /* the arrows leave it at its ends */
        g_assert_cmpint(press(form, TYPED_DOWN), ==, FORM_USED);
        g_assert_cmpint(press(form, TYPED_DOWN), ==, FORM_LEFT);
}

static void test_words(void) {
        _cleanup_(form_freep) Form *form = sample();
        Input *to = form_input(form, "to");
        g_auto(GStrv) words = NULL;

        input_type(to, "a,b,");
        g_assert_false(input_is_changed(to));
        input_type(to, " a ,, c ");
        words = input_words(to);
        g_assert_cmpuint(g_strv_length(words), ==, 2);
        g_assert_cmpstr(words[1], ==, "c");
        g_assert_true(input_is_changed(to));
}

static void test_misread(void) {
        _cleanup_(form_freep) Form *form = sample();
        static const struct {
                const char *name, *text;
                bool right;
        } cases[] = {
                { "interval", "1m30s", true },
                { "interval", "", true },
                { "interval", "30", false },
                { "interval", "soon", false },
                { "interval", "-1s", false },
                { "expect-status", "404", true },
                { "expect-status", "4x", false },
                { "expect-status", "-1", false },
                { "expect-status", "99999999999999999999", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Input *input = form_input(form, cases[i].name);

                input_type(input, cases[i].text);
                g_assert_cmpint(input_misread(input) == NULL, ==, cases[i].right);
        }
}

static void test_complain(void) {
        _cleanup_(form_freep) Form *form = sample();

        form_complain(form, "interval", "not a duration; write it like 30s or 1m30s");
        assert_seen(form, 50, 16, "│  Interval       30s");
        assert_seen(form, 50, 16, "│                 not a duration; write it like");
        assert_seen(form, 50, 16, "│                 30s or 1m30s");
        type(form, "5s"); /* the cursor is there */
        g_assert_cmpstr(input_text(form_input(form, "interval")), ==, "5s");
        form_complain(form, "interval", NULL);
        g_assert_null(input_complaint(form_input(form, "interval")));

        form_complain(form, NULL, "no quorum");
        assert_seen(form, 50, 16, "│ no quorum");
}

static void test_busy(void) {
        _cleanup_(form_freep) Form *form = sample();

        form_set_busy(form, "saving…");
        assert_seen(form, 50, 14, "│ saving…");
        type(form, "x");
        g_assert_false(form_is_changed(form));
        g_assert_cmpint(press_control(form, 's'), ==, FORM_USED);
        g_assert_cmpint(press(form, TYPED_ESCAPE), ==, FORM_CANCEL);
}

static void test_secret(void) {
        _cleanup_(form_freep) Form *form = form_new("Alert");
        const InputSpec spec = {
                .name = "password", .kind = INPUT_SECRET, .max = 64, .help = "the password"
        };
        Input *input = input_new(&spec, "yes");
        Input *other = input_new(&(InputSpec){ .name = "other", .kind = INPUT_SECRET, .max = 64 }, NULL);

        form_add(form, input);
        form_add(form, other);
        g_assert_cmpint(input_secret(other), ==, INPUT_SECRET_NONE);
        g_assert_cmpint(input_secret(input), ==, INPUT_SECRET_KEPT);
        g_assert_false(input_is_changed(input));
        assert_seen(form, 60, 10, "Password  set");
        assert_seen(form, 60, 10, "Other     not set");

        (void) press(form, TYPED_BACKSPACE);
        g_assert_cmpint(input_secret(input), ==, INPUT_SECRET_REMOVED);
        g_assert_true(input_is_changed(input));
        (void) press(form, TYPED_BACKSPACE);
        g_assert_cmpint(input_secret(input), ==, INPUT_SECRET_KEPT);

        type(form, "hunter2");
        g_assert_cmpint(input_secret(input), ==, INPUT_SECRET_TYPED);
        g_assert_cmpstr(input_text(input), ==, "hunter2");
        assert_seen(form, 60, 10, "Password  •••••••");
        for (int i = 0; i < 7; i++)
                (void) press(form, TYPED_BACKSPACE);
        g_assert_cmpint(input_secret(input), ==, INPUT_SECRET_KEPT);
}

/* what others change meanwhile is taken over where the person did not touch it */
static void test_rebase(void) {
        static const char *const both[] = { "oncall", "chat", NULL }, *const chat[] = { "id-2", NULL };
        _cleanup_(form_freep) Form *form = sample();
        Input *name = form_input(form, "name"), *status = form_input(form, "expect-status");
        Input *alerts = form_input(form, "alerts");

        type(form, "page");
        g_assert_true(input_rebase(name, "home"));
        g_assert_true(input_rebase(status, "204"));
        g_assert_cmpstr(input_text(status), ==, "204");
        g_assert_false(input_is_changed(status));

        g_assert_false(input_rebase(name, "start"));
        g_assert_cmpstr(input_text(name), ==, "homepage");
        g_assert_true(input_is_changed(name));
        g_assert_true(input_rebase(name, "homepage"));
        g_assert_false(input_is_changed(name));

        g_assert_true(input_rebase_set(alerts, (char *const *) chat));
        g_assert_true(input_rebase_set(alerts, (char *const *) both));
        g_assert_false(input_is_changed(alerts));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tui/form/draw", test_draw);
        g_test_add_func("/tui/form/scroll", test_scroll);
        g_test_add_func("/tui/form/keys", test_keys);
        g_test_add_func("/tui/form/set", test_set);
        g_test_add_func("/tui/form/words", test_words);
        g_test_add_func("/tui/form/misread", test_misread);
        g_test_add_func("/tui/form/complain", test_complain);
        g_test_add_func("/tui/form/busy", test_busy);
        g_test_add_func("/tui/form/secret", test_secret);
        g_test_add_func("/tui/form/rebase", test_rebase);
        return g_test_run();
}
