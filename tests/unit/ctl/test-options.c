/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "ctl/options.h"
#include "ctl/verbs.h"

static const Flag flags[] = {
        { .name = "yes", .letter = 'y', .type = FLAG_BOOL },
        { .name = "starttls", .type = FLAG_BOOL },
        { .name = "host", .letter = 'o', .type = FLAG_TEXT, .value = "HOST", .max = 8 },
        { .name = "port", .type = FLAG_NUMBER, .value = "PORT" },
        { .name = "to", .type = FLAG_LIST, .value = "ADDRESS" },
        { .name = "secret", .type = FLAG_TEXT, .value = "SECRET", .bits = FLAG_SECRET, .max = 64 },
        {},
};
static const Flag refused[] = {
        { .name = "user", .type = FLAG_BOOL },
        { .name = "host", .letter = 'H', .type = FLAG_TEXT }, /* of the long name the verb's own counts */
        {},
};

static int parse(Arguments **arguments, char **reterr, const char *line) {
        g_auto(GStrv) words = g_strsplit(line, " ", -1);

        *arguments = arguments_new();
        arguments_accept(*arguments, flags);
        arguments_refuse(*arguments, refused);
        return arguments_parse(*arguments, words, /* stop_at_word= */ false, NULL, reterr);
}

static void test_forms(void) {
        _cleanup_(arguments_freep) Arguments *arguments = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse(&arguments,
                              &error,
                              "ops --host=a.b -y --port 25 --to a@x,b@y second --to= --to c@z "
                              "--starttls=false"),
                        ==,
                        0);
        g_assert_cmpuint(arguments_n_words(arguments), ==, 2);
        g_assert_cmpstr(arguments_word(arguments, 0), ==, "ops");
        g_assert_cmpstr(arguments_word(arguments, 1), ==, "second");
        g_assert_null(arguments_word(arguments, 2));
        g_assert_cmpstr(arguments_text(arguments, "host"), ==, "a.b");
        g_assert_true(arguments_bool(arguments, "yes"));
        g_assert_true(arguments_given(arguments, "starttls"));
        g_assert_false(arguments_bool(arguments, "starttls"));
        g_assert_cmpuint(arguments_number(arguments, "port"), ==, 25);
        g_assert_cmpuint(g_strv_length((char **) arguments_list(arguments, "to")), ==, 3);
        g_assert_cmpstr(arguments_list(arguments, "to")[2], ==, "c@z");
        g_assert_null(arguments_text(arguments, "secret"));
        g_assert_false(arguments_wants_value(arguments, "secret"));
}

static void test_letters_and_end(void) {
        _cleanup_(arguments_freep) Arguments *arguments = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse(&arguments, &error, "-yohost - -- --host -x"), ==, 0);
        g_assert_cmpstr(arguments_text(arguments, "host"), ==, "host");
        g_assert_true(arguments_bool(arguments, "yes"));
        g_assert_cmpuint(arguments_n_words(arguments), ==, 3);
        g_assert_cmpstr(arguments_word(arguments, 0), ==, "-");
        g_assert_cmpstr(arguments_word(arguments, 1), ==, "--host");
        g_assert_cmpstr(arguments_word(arguments, 2), ==, "-x");
}

static void test_letter_of_refused(void) {
        _cleanup_(arguments_freep) Arguments *arguments = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse(&arguments, &error, "--host=relay -H elsewhere"), ==, 0);
        g_assert_cmpstr(arguments_text(arguments, "host"), ==, "relay");
        g_assert_cmpstr(arguments_text_by_letter(arguments, 'H'), ==, "elsewhere");
        g_assert_null(arguments_text_by_letter(arguments, 'M'));
}

static void test_last_counts(void) {
        _cleanup_(arguments_freep) Arguments *arguments = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse(&arguments, &error, "--host a --host= --secret -x --secret"), ==, 0);
        g_assert_cmpstr(arguments_text(arguments, "host"), ==, "");
        /* a secret may begin with "-" */
        g_assert_cmpstr(arguments_text(arguments, "secret"), ==, "-x");
}

static void test_missing_secret(void) {
        _cleanup_(arguments_freep) Arguments *arguments = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse(&arguments, &error, "--host a --secret"), ==, 0);
        g_assert_true(arguments_wants_value(arguments, "secret"));
        g_assert_cmpint(arguments_set(arguments, "secret", "typed", &error), ==, 0);
        g_assert_cmpstr(arguments_text(arguments, "secret"), ==, "typed");
        g_assert_false(arguments_wants_value(arguments, "secret"));
}

static void test_wrong(void) {
        static const struct {
                const char *line;
                const char *says;
        } cases[] = {
                { "--hots a", "did you mean --host?" },
                { "--frobnicate", "-h lists" },
                { "-z", "unknown option -z" },
                { "--host", "--host needs a value" },
                { "--port x", "is a number" },
                { "--port -1", "is a number" },
                { "--port 99999999999999999999", "is a number" },
                { "--starttls=maybe", "true or false" },
                { "--host 123456789", "longer than 8" },
                { "--user", "before the verb" },
                { "a\xff", "UTF-8" },
                { "--host \xff", "UTF-8" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(arguments_freep) Arguments *arguments = NULL;
                g_autofree char *error = NULL;

                g_assert_cmpint(parse(&arguments, &error, cases[i].line), ==, -EINVAL);
                g_assert_nonnull(error);
                g_assert_nonnull(strstr(error, cases[i].says));
        }
}

static void test_limit(void) {
        _cleanup_(arguments_freep) Arguments *arguments = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse(&arguments, &error, "--host 12345678"), ==, 0);
}

static void test_stop_at_word(void) {
        _cleanup_(arguments_freep) Arguments *arguments = arguments_new();
        char *argv[] = { (char *) "--yes", (char *) "verb", (char *) "--unknown", NULL };
        g_autofree char *error = NULL;
        size_t used;

        arguments_accept(arguments, flags);
        g_assert_cmpint(arguments_parse(arguments, argv, /* stop_at_word= */ true, &used, &error), ==, 0);
        g_assert_cmpuint(used, ==, 1);
        g_assert_cmpuint(arguments_n_words(arguments), ==, 0);
}

static void test_bool(void) {
        static const char *const yes[] = { "true", "YES", "on", "1", "t" };
        static const char *const no[] = { "false", "no", "Off", "0", "f" };
        bool truth;

        for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
                g_assert_cmpint(bool_from_text(yes[i], &truth), ==, 0);
                g_assert_true(truth);
                g_assert_cmpint(bool_from_text(no[i], &truth), ==, 0);
                g_assert_false(truth);
        }
        g_assert_cmpint(bool_from_text("", &truth), ==, -EINVAL);
        g_assert_cmpint(bool_from_text("2", &truth), ==, -EINVAL);
}

static void test_blank(void) {
        static const struct {
                const char *before, *after;
        } cases[] = {
                { "quctl init --secret abc --port 1", "quctl init --secret *** --port 1" },
                { "quctl init --secret=abc", "quctl init --secret=***" },
                { "quctl x --password --host", "quctl x --password ******" },
                { "quctl x --webhook", "quctl x --webhook" },
                { "quctl x --password-file /a --secrets b", "quctl x --password-file /a --secrets b" },
                { "c https://u:p@h/a@b http://h/a@b", "c https://***@h/a@b http://h/a@b" },
                { "c --target=https://u:p@h", "c --target=https://***@h" },
                { "c u:p@h --to a@b --target=u:p@h", "c ***@h --to a@b --target=***@h" },
                { "c --secret= x", "c --secret= x" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(GStrv) argv = g_strsplit(cases[i].before, " ", -1);
                g_autofree char *joined = NULL;

                argv_blank(argv, verb_flag_is_secret);
                joined = g_strjoinv(" ", argv);
                g_assert_cmpstr(joined, ==, cases[i].after);
        }
}

static void test_verbs(void) {
        char *words[] = { (char *) "check", (char *) "add", (char *) "http", (char *) "name", NULL };
        char *typo[] = { (char *) "alert", (char *) "defualt", (char *) "x", NULL };
        char *nothing[] = { (char *) "xylophone", NULL };
        size_t n, least, most;

        g_assert_true(verb_find(words, &n) == &verb_check_add_http);
        g_assert_cmpuint(n, ==, 3);
        words[2] = NULL;
        g_assert_null(verb_find(words, &n));
        g_assert_true(verbs_have_prefix("check add"));
        g_assert_false(verbs_have_prefix("che"));
        g_assert_cmpstr(verb_nearest(typo), ==, "alert default");
        g_assert_null(verb_nearest(nothing));
        verb_count_args(&verb_alert_default, &least, &most);
        g_assert_cmpuint(least, ==, 2);
        g_assert_cmpuint(most, ==, 2);
        verb_count_args(&verb_status, &least, &most);
        g_assert_cmpuint(most, ==, 0);
}

/* what holds for every row of the table, and the page that describes it */
static void test_table(void) {
        g_autofree char *page = NULL;

        g_assert_true(g_file_get_contents(g_getenv("QUCTL_MAN_PAGE"), &page, NULL, NULL));
        for (size_t i = 0; verbs[i]; i++) {
                const Verb *verb = verbs[i];
                g_autofree char *bold = g_strdup_printf("\n.B %s\n", verb->name),
                                *with_args = g_strdup_printf("\n.BR \"%s\" ", verb->name),
                                *italic = g_strdup_printf("\n.BI \"%s \" ", verb->name);

                g_assert_nonnull(verb->help);
                g_assert_nonnull(verb->run);
                if (!strstr(page, bold) && !strstr(page, with_args) && !strstr(page, italic))
                        g_error("quctl.1 does not describe \"%s\"", verb->name);
                for (const Flag *flag = verb->flags; flag && flag->name; flag++) {
                        g_autoptr(GString) option = g_string_new(flag->name);

                        g_string_replace(option, "-", "\\-", 0);
                        g_string_prepend(option, "\\-\\-");
                        g_assert_nonnull(flag->help);
                        g_assert_true(flag->type == FLAG_BOOL || flag->value);
                        if (!strstr(page, option->str))
                                g_error("quctl.1 does not describe --%s", flag->name);
                        for (const Flag *other = flag + 1; other->name; other++)
                                g_assert_cmpstr(flag->name, !=, other->name);
                }
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/options/forms", test_forms);
        g_test_add_func("/ctl/options/letters-and-end", test_letters_and_end);
        g_test_add_func("/ctl/options/letter-of-refused", test_letter_of_refused);
        g_test_add_func("/ctl/options/last-counts", test_last_counts);
        g_test_add_func("/ctl/options/missing-secret", test_missing_secret);
        g_test_add_func("/ctl/options/wrong", test_wrong);
        g_test_add_func("/ctl/options/limit", test_limit);
        g_test_add_func("/ctl/options/stop-at-word", test_stop_at_word);
        g_test_add_func("/ctl/options/bool", test_bool);
        g_test_add_func("/ctl/options/blank", test_blank);
        g_test_add_func("/ctl/options/verbs", test_verbs);
        g_test_add_func("/ctl/options/table", test_table);

        return g_test_run();
}
