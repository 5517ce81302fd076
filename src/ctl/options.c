/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/options.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "model/field.h"

typedef struct Option {
        const Flag *flag;
        bool refused;
        bool given;
        bool wants_value;
        char *text;
        bool truth;
        uint64_t number;
        GPtrArray *list;
} Option;

struct Arguments {
        GArray *options;
        GPtrArray *words;
};

static void option_clear(void *p) {
        Option *option = p;

        g_free(option->text);
        if (option->list)
                g_ptr_array_unref(option->list);
}

Arguments *arguments_new(void) {
        Arguments *arguments = g_new0(Arguments, 1);

        arguments->options = g_array_new(/* zero_terminated= */ FALSE, /* clear= */ TRUE, sizeof(Option));
        g_array_set_clear_func(arguments->options, option_clear);
        arguments->words = g_ptr_array_new_with_free_func(g_free);
        return arguments;
}

Arguments *arguments_free(Arguments *arguments) {
        if (!arguments)
                return NULL;

        g_array_unref(arguments->options);
        g_ptr_array_unref(arguments->words);
        g_free(arguments);
        return NULL;
}

static Option *option_at(const Arguments *arguments, size_t i) {
        return &g_array_index(arguments->options, Option, i);
}

static Option *option_find(const Arguments *arguments, const char *name) {
        for (size_t i = 0; i < arguments->options->len; i++)
                if (strcmp(option_at(arguments, i)->flag->name, name) == 0)
                        return option_at(arguments, i);
        return NULL;
}

static Option *option_find_letter(const Arguments *arguments, char letter) {
        for (size_t i = 0; i < arguments->options->len; i++)
                if (option_at(arguments, i)->flag->letter == letter)
                        return option_at(arguments, i);
        return NULL;
}

static void arguments_extend(Arguments *arguments, const Flag *flags, bool refused) {
        assert(arguments);

        for (; flags && flags->name; flags++) {
                Option option = { .flag = flags, .refused = refused };

                if (!option_find(arguments, flags->name) || (refused && flags->letter))
                        g_array_append_val(arguments->options, option);
        }
}

void arguments_accept(Arguments *arguments, const Flag *flags) {
        arguments_extend(arguments, flags, /* refused= */ false);
}

void arguments_refuse(Arguments *arguments, const Flag *flags) {
        arguments_extend(arguments, flags, /* refused= */ true);
}

int bool_from_text(const char *text, bool *ret) {
        static const char *const yes[] = { "true", "yes", "on", "1", "t", "y", NULL };
        static const char *const no[] = { "false", "no", "off", "0", "f", "n", NULL };

        assert(text);
        assert(ret);

        for (size_t i = 0; yes[i]; i++)
                if (g_ascii_strcasecmp(text, yes[i]) == 0 || g_ascii_strcasecmp(text, no[i]) == 0) {
                        *ret = g_ascii_strcasecmp(text, yes[i]) == 0;
                        return 0;
                }
        return -EINVAL;
}

/* The nearest-name search of the fields' tables serves words as well: each word stands as a field. */
const char *nearest_word(const char *const *words, const char *word) {
        size_t n = g_strv_length((char **) words);
        g_autofree Field *fields = g_new0(Field, n + 1);

        for (size_t i = 0; i < n; i++)
                fields[i].name = words[i];
        return object_nearest_field(&(ObjectType){ .fields = fields, .n_fields = n }, word);
}

static char *unknown_option(const Arguments *arguments, const char *name) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        const char *nearest;

        for (size_t i = 0; i < arguments->options->len; i++)
                g_ptr_array_add(names, (void *) option_at(arguments, i)->flag->name);
        g_ptr_array_add(names, NULL);

        nearest = nearest_word((const char *const *) names->pdata, name);
        if (nearest)
                return g_strdup_printf("unknown option --%s: did you mean --%s?", name, nearest);
        return g_strdup_printf("unknown option --%s: -h lists the options", name);
}

static void list_extend(Option *option, const char *text) {
        g_auto(GStrv) parts = g_strsplit(text, ",", -1);

        if (!option->list)
                option->list = g_ptr_array_new_with_free_func(g_free);
        else
                g_ptr_array_set_size(option->list, (int) option->list->len - 1); /* without its NULL */
        for (size_t i = 0; parts[i]; i++)
                if (*g_strstrip(parts[i]))
                        g_ptr_array_add(option->list, g_strdup(parts[i]));
        g_ptr_array_add(option->list, NULL);
}

static int option_set(Option *option, const char *text, char **reterr_text) {
        const Flag *flag = option->flag;
        size_t max = flag->max ?: DETAIL_MAX_BYTES;
        guint64 number = 0;
        bool truth = false;

        if (!g_utf8_validate(text, -1, NULL)) {
                *reterr_text = g_strdup_printf("the value of --%s is not valid UTF-8", flag->name);
                return -EINVAL;
        }

        switch (flag->type) {
        case FLAG_TEXT:
                if (strlen(text) > max) {
                        *reterr_text = g_strdup_printf("--%s is longer than %zu bytes", flag->name, max);
                        return -EINVAL;
                }
                break;
        case FLAG_BOOL:
                if (bool_from_text(text, &truth) < 0) {
                        *reterr_text = g_strdup_printf(
                                        "--%s is true or false, not \"%s\"", flag->name, text);
                        return -EINVAL;
                }
                break;
        case FLAG_NUMBER:
                if (!g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &number, NULL)) {
                        *reterr_text = g_strdup_printf("--%s is a number, not \"%s\"", flag->name, text);
                        return -EINVAL;
                }
                break;
        case FLAG_LIST:
                list_extend(option, text);
                break;
        }

        option->given = true;
        option->truth = truth;
        option->number = number;
        g_free(option->text);
        option->text = g_strdup(text);
        return 0;
}

int arguments_set(Arguments *arguments, const char *name, const char *text, char **reterr_text) {
        Option *option;

        assert(arguments);
        assert(name);
        assert(text);
        assert(reterr_text);

        option = option_find(arguments, name);
        assert(option);
        return option_set(option, text, reterr_text);
}

static void replace(GPtrArray *texts, size_t i, const char *text) {
        char **place;

        assert(i < texts->len);
        place = (char **) &g_ptr_array_index(texts, i);
        g_free(*place);
        *place = g_strdup(text);
}

void arguments_replace_word(Arguments *arguments, size_t i, const char *text) {
        assert(arguments);
        replace(arguments->words, i, text);
}

void arguments_replace_item(Arguments *arguments, const char *name, size_t i, const char *text) {
        Option *option;

        assert(arguments);
        option = option_find(arguments, name);
        assert(option && option->list);
        replace(option->list, i, text);
}

/* The value of an option that stands before *argv[i]: attached to it, or the next word. */
static int
take_value(Option *option, const char *attached, char *const *argv, size_t *i, char **reterr_text) {
        g_autofree char *choices = NULL;

        if (attached)
                return option_set(option, attached, reterr_text);
        if (option->flag->type == FLAG_BOOL)
                return option_set(option, "true", reterr_text);
        if (argv[*i + 1])
                return option_set(option, argv[++*i], reterr_text);
        if (option->flag->bits & FLAG_SECRET) {
                option->wants_value = true;
                return 0;
        }
        choices = g_strdup(option->flag->choices ?: option->flag->value);
        *reterr_text = g_strdup_printf(
                        "--%s needs a value: %s", option->flag->name, g_strdelimit(choices, " ", '|'));
        return -EINVAL;
}

static int parse_long(Arguments *arguments, char *const *argv, size_t *i, char **reterr_text) {
        const char *equals = strchr(argv[*i], '=');
        g_autofree char *name = NULL;
        Option *option;

        name = equals ? g_strndup(argv[*i] + 2, (size_t) (equals - argv[*i] - 2)) : g_strdup(argv[*i] + 2);
        option = option_find(arguments, name);
        if (!option) {
                *reterr_text = unknown_option(arguments, name);
                return -EINVAL;
        }
        if (option->refused) {
                *reterr_text = g_strdup_printf("--%s goes before the verb: quctl --%s …", name, name);
                return -EINVAL;
        }
        return take_value(option, equals ? equals + 1 : NULL, argv, i, reterr_text);
}

/* "-q", "-qy", "-xvalue" */
static int parse_letters(Arguments *arguments, char *const *argv, size_t *i, char **reterr_text) {
        int r;

        for (const char *p = argv[*i] + 1; *p; p++) {
                Option *option = option_find_letter(arguments, *p);
                bool is_bool;

                if (!option) {
                        *reterr_text = g_strdup_printf("unknown option -%c: -h lists the options", *p);
                        return -EINVAL;
                }
                is_bool = option->flag->type == FLAG_BOOL;
                r = take_value(option, !is_bool && p[1] ? p + 1 : NULL, argv, i, reterr_text);
                if (r < 0)
                        return r;
                if (!is_bool)
                        break;
        }
        return 0;
}

int arguments_parse(
                Arguments *arguments,
                char *const *argv,
                bool stop_at_word,
                size_t *ret_used,
                char **reterr_text) {
        bool ended = false;
        size_t i;
        int r = 0;

        assert(arguments);
        assert(argv);
        assert(reterr_text);

        for (i = 0; argv[i]; i++) {
                bool is_option = !ended && argv[i][0] == '-' && argv[i][1];

                if (!g_utf8_validate(argv[i], -1, NULL)) {
                        *reterr_text = g_strdup_printf("not valid UTF-8: \"%s\"", argv[i]);
                        return -EINVAL;
                }
                if (is_option && strcmp(argv[i], "--") == 0)
                        ended = true;
                else if (is_option && argv[i][1] == '-')
                        r = parse_long(arguments, argv, &i, reterr_text);
                else if (is_option)
                        r = parse_letters(arguments, argv, &i, reterr_text);
                else if (stop_at_word)
                        break;
                else
                        g_ptr_array_add(arguments->words, g_strdup(argv[i]));
                if (r < 0)
                        return r;
        }

        if (ret_used)
                *ret_used = i;
        return 0;
}

size_t arguments_n_words(const Arguments *arguments) {
        assert(arguments);
        return arguments->words->len;
}

const char *arguments_word(const Arguments *arguments, size_t i) {
        assert(arguments);
        return i < arguments->words->len ? g_ptr_array_index(arguments->words, i) : NULL;
}

bool arguments_given(const Arguments *arguments, const char *name) {
        const Option *option = option_find(arguments, name);

        return option && option->given;
}

bool arguments_wants_value(const Arguments *arguments, const char *name) {
        const Option *option = option_find(arguments, name);

        return option && option->wants_value && !option->given;
}

const char *arguments_text(const Arguments *arguments, const char *name) {
        const Option *option = option_find(arguments, name);

        return option && option->given ? option->text : NULL;
}

bool arguments_bool(const Arguments *arguments, const char *name) {
        const Option *option = option_find(arguments, name);

        return option && option->truth;
}

uint64_t arguments_number(const Arguments *arguments, const char *name) {
        const Option *option = option_find(arguments, name);

        return option ? option->number : 0;
}

char *const *arguments_list(const Arguments *arguments, const char *name) {
        const Option *option = option_find(arguments, name);

        return option && option->list ? (char *const *) option->list->pdata : NULL;
}

const char *arguments_text_by_letter(const Arguments *arguments, char letter) {
        const Option *option = option_find_letter(arguments, letter);

        return option && option->given ? option->text : NULL;
}

static void blank(char *text, size_t n) {
        /* volatile: nobody reads these bytes again but the kernel */
        for (volatile char *p = text; n > 0; n--)
                *p++ = '*';
}

/* https://user:password@host, and the same where the scheme was forgotten */
static void blank_user_information(char *word) {
        char *scheme = strstr(word, "://"), *start = scheme ? scheme + strlen("://") : word, *at;

        at = memchr(start, '@', strcspn(start, "/?#"));
        if (at && (scheme || memchr(start, ':', (size_t) (at - start))))
                blank(start, (size_t) (at - start));
}

void argv_blank(char **argv, bool (*is_secret)(const char *name)) {
        assert(argv);
        assert(is_secret);

        for (size_t i = 0; argv[i]; i++) {
                g_autofree char *name = NULL;
                char *equals;

                if (!g_str_has_prefix(argv[i], "--")) {
                        blank_user_information(argv[i]);
                        continue;
                }
                equals = strchr(argv[i], '=');
                name = g_strndup(
                                argv[i] + 2, equals ? (size_t) (equals - argv[i] - 2) : strlen(argv[i] + 2));
                if (!is_secret(name)) {
                        if (equals)
                                blank_user_information(equals + 1);
                } else if (equals)
                        blank(equals + 1, strlen(equals + 1));
                else if (argv[i + 1]) {
                        i++;
                        blank(argv[i], strlen(argv[i]));
                }
        }
}
