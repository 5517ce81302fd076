/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/complete.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "ctl/call.h"
#include "ctl/ids.h"
#include "ctl/shell.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#define PATIENCE_SEC 2

/* Where in the grammar the cursor stands, and what was found for it. */
typedef struct Completion {
        Context context; /* whom to ask */
        bool elsewhere;  /* another host or container: nobody is asked */
        bool bash;
        ShellLine *line;
        const char *word;     /* before the cursor */
        const Verb *verb;     /* NULL: the cursor is before its end */
        GPtrArray *names;     /* the words of its name so far, with a NULL */
        unsigned n_arguments; /* words after it, without the last */
        const Flag *value_of; /* the last word is this one's value */
        bool ended;           /* "--" was read */
        GHashTable *given;    /* names of flags */
} Completion;

static void completion_done(Completion *c) {
        context_done(&c->context);
        (void) shell_line_free(c->line);
        if (c->names)
                g_ptr_array_unref(c->names);
        if (c->given)
                g_hash_table_unref(c->given);
}

/* ---- the grammar ---- */

static const Flag *find_in(const Flag *flags, const char *name, char letter) {
        for (; flags && flags->name; flags++)
                if (name ? strcmp(flags->name, name) == 0 : letter && flags->letter == letter)
                        return flags;
        return NULL;
}

/* As the parser of ctl/run.c: after the verb its own flags come first, and of the connection's only
 * letters. */
static const Flag *find_flag(const Completion *c, const char *name, char letter) {
        const Flag *flag = NULL;

        if (c->verb)
                flag = find_in(c->verb->flags, name, letter);
        if (!flag)
                flag = find_in(output_flags, name, letter);
        if (!flag && (!c->verb || letter))
                flag = find_in(connection_flags, name, letter);
        return flag;
}

static void take_flag(Completion *c, const Flag *flag, const char *value) {
        g_hash_table_add(c->given, (void *) flag->name);
        if (!find_in(connection_flags, flag->name, 0) || find_in(connection_flags, flag->name, 0) != flag)
                return;

        if (strcmp(flag->name, "system") == 0)
                c->context.bus_choice = BUS_SYSTEM;
        else if (strcmp(flag->name, "user") == 0)
                c->context.bus_choice = BUS_SESSION;
        else if (strcmp(flag->name, "address") == 0 && value) {
                c->context.bus_choice = BUS_ADDRESS;
                g_free(c->context.address);
                c->context.address = g_strdup(value);
        } else if (strcmp(flag->name, "address") != 0)
                c->elsewhere = true;
}

static void read_long(Completion *c, const char *word) {
        const char *equals = strchr(word, '=');
        g_autofree char *name = equals ? g_strndup(word, (size_t) (equals - word)) : g_strdup(word);
        const Flag *flag = find_flag(c, name, 0);

        if (!flag)
                return;
        take_flag(c, flag, equals ? equals + 1 : NULL);
        if (!equals && flag->type != FLAG_BOOL)
                c->value_of = flag;
}

static void read_letters(Completion *c, const char *letters) {
        for (; *letters; letters++) {
                const Flag *flag = find_flag(c, NULL, *letters);

                if (!flag)
                        return;
                take_flag(c, flag, letters + 1);
                if (flag->type == FLAG_BOOL)
                        continue;
                if (!letters[1])
                        c->value_of = flag;
                return;
        }
}

static void read_word(Completion *c, const char *word) {
        size_t n;

        if (c->value_of) {
                take_flag(c, c->value_of, word);
                c->value_of = NULL;
        } else if (!c->ended && strcmp(word, "--") == 0)
                c->ended = true;
        else if (!c->ended && g_str_has_prefix(word, "--"))
                read_long(c, word + 2);
        else if (!c->ended && word[0] == '-' && word[1])
                read_letters(c, word + 1);
        else if (c->verb)
                c->n_arguments++;
        else {
                g_ptr_array_insert(c->names, (int) c->names->len - 1, (void *) word);
                c->verb = verb_find((char *const *) c->names->pdata, &n);
        }
}

static void completion_read(Completion *c) {
        const GPtrArray *words = c->line->words;

        c->names = g_ptr_array_new();
        g_ptr_array_add(c->names, NULL);
        c->given = g_hash_table_new(g_str_hash, g_str_equal);
        c->word = g_ptr_array_index(words, words->len - 1);
        for (unsigned i = 1; i + 1 < words->len; i++) /* the first is quctl's own name */
                read_word(c, g_ptr_array_index(words, i));
}

/* ---- candidates ---- */

/* One that begins as the word does, of which the first n_kept bytes stay: "--alerts=a,", for example. */
static void offer_part(const Completion *c, size_t n_kept, const char *text, const char *what) {
        g_autofree char *whole = g_strdup_printf("%.*s%s", (int) n_kept, c->word, text);

        if (!g_str_has_prefix(whole, c->word))
                return;
        if (c->bash) {
                g_autofree char *quoted = shell_quote(whole + c->line->settled, c->line->quote);

                (void) printf("%s\n", quoted);
        } else {
                g_autofree char *escaped = text_escape(what);

                (void) printf("%s\t%s\n", whole, escaped);
        }
}

static void offer(const Completion *c, const char *text, const char *what) {
        offer_part(c, 0, text, what);
}

static void offer_choices(const Completion *c, size_t n_kept, const char *choices, const char *separator) {
        g_auto(GStrv) words = g_strsplit(choices, separator, -1);

        for (char **word = words; *word; word++)
                offer_part(c, n_kept, *word, "");
}

static void offer_files(const Completion *c, size_t n_kept) {
        if (strpbrk(c->word, "\t\n"))
                return;
        if (c->bash) {
                size_t kept = MAX(n_kept, c->line->settled);

                (void) printf("\tfiles\t%s\t%.*s\n",
                              c->word + n_kept,
                              (int) (kept - n_kept),
                              c->word + n_kept);
        } else
                (void) printf("\tfiles\t%s\t%.*s\n", c->word + n_kept, (int) n_kept, c->word);
}

/* whether a name can be typed as it is: in_list, between commas */
static bool is_typable(const Completion *c, const char *name, bool in_list) {
        g_autofree char *escaped = text_escape(name);

        if (!*name || strcmp(escaped, name) != 0)
                return false;
        if (in_list)
                return !strchr(name, ',') && name[0] != ' ' && name[strlen(name) - 1] != ' ';
        return name[0] != '-' || c->ended;
}

static bool is_listed(const char *list, size_t n, const char *name) {
        g_autofree char *text = g_strndup(list, n);
        g_auto(GStrv) items = g_strsplit(text, ",", -1);

        return g_strv_contains((const char *const *) items, name);
}

/* By name; by id where that was begun, where there is no name, and where the name cannot be typed. */
static void offer_objects(Completion *c, const char *member, size_t n_kept, bool in_list) {
        const char *typed = c->word + n_kept;
        g_autoptr(GPtrArray) rows = NULL;
        const ObjectType *type;

        if (c->elsewhere || objects_list(&c->context, member, &type, &rows) != STATUS_DONE)
                return;
        for (unsigned i = 0; i < rows->len; i++) {
                const void *row = g_ptr_array_index(rows, i);
                const char *name = row_text(type, "name", row), *id = row_id(type, row);
                const char *what = row_text(type, "target", row)
                                ?: row_text(type, "advertise", row)
                                ?: row_text(type, "address", row)
                                ?: row_text(type, "type", row);
                bool by_name = name && is_typable(c, name, in_list);

                if (in_list && is_listed(c->word, n_kept, name ?: id))
                        continue;
                if (by_name)
                        offer_part(c, n_kept, name, what);
                if ((!by_name || *typed) && is_typable(c, id, in_list))
                        offer_part(c, n_kept, id, name ?: what);
        }
}

static bool is_file(const char *value) {
        return value && (strcmp(value, "FILE") == 0 || strcmp(value, "[FILE]") == 0);
}

static void offer_value(Completion *c, const Flag *flag, size_t n_kept) {
        if (flag->type == FLAG_BOOL)
                offer_choices(c, n_kept, "true false", " ");
        else if (flag->choices)
                offer_choices(c, n_kept, flag->choices, " ");
        else if (flag->bits & FLAG_ALERTS) {
                const char *comma = strrchr(c->word + n_kept, ',');

                offer_objects(c, "ListAlerts", comma ? (size_t) (comma + 1 - c->word) : n_kept, true);
        } else if (flag->file_of || is_file(flag->value))
                offer_files(c, n_kept);
}

static void offer_flags(const Completion *c, const Flag *flags) {
        for (; flags && flags->name; flags++) {
                g_autofree char *option = g_strdup_printf("--%s", flags->name);

                if (find_flag(c, flags->name, 0) == flags &&
                    (flags->type == FLAG_LIST || !g_hash_table_contains(c->given, flags->name)))
                        offer(c, option, flags->help);
        }
}

/* The next words of verbs that begin with these, each once. */
static void offer_verbs(const Completion *c, char *const *names) {
        g_autofree char *prefix = g_strjoinv(" ", (char **) names);
        size_t n = strlen(prefix);
        g_autofree char *last = NULL;

        for (size_t i = 0; verbs[i]; i++) {
                g_autofree char *word = NULL;
                const char *rest = verbs[i]->name, *blank;

                if (n > 0 && (strncmp(rest, prefix, n) != 0 || rest[n] != ' '))
                        continue;
                rest += n > 0 ? n + 1 : 0;
                blank = strchrnul(rest, ' ');
                word = g_strndup(rest, (size_t) (blank - rest));
                if (g_strcmp0(word, last) == 0)
                        continue;
                offer(c, word, *blank ? "" : verbs[i]->help);
                g_free(last);
                last = g_steal_pointer(&word);
        }
}

/* what lists the objects that an argument names, or NULL */
static const char *listed_by(const Verb *verb, unsigned i, const char *argument) {
        if (i == 0 && verb->listed_by)
                return verb->listed_by;
        if (!strstr(argument, "ID|NAME"))
                return NULL;
        return g_str_has_prefix(verb->name, "alert") ? "ListAlerts" : "ListChecks";
}

static void offer_argument(Completion *c) {
        g_auto(GStrv) arguments = g_strsplit(c->verb->args ?: "", " ", -1);
        unsigned n = g_strv_length(arguments), i = c->n_arguments;
        const char *argument, *member;

        if (i >= n) /* one that is optional may be repeated */
                i = n > 0 && arguments[n - 1][0] == '[' ? n - 1 : n;
        argument = i < n ? arguments[i] : "";
        member = listed_by(c->verb, c->n_arguments, argument);
        if (member)
                offer_objects(c, member, 0, /* in_list= */ false);
        else if (is_file(argument))
                offer_files(c, 0);
        else if (strcmp(argument, "[VERB]") == 0) {
                const GPtrArray *words = c->line->words;
                unsigned first = words->len - 1 - c->n_arguments;
                g_autoptr(GPtrArray) names = g_ptr_array_new();

                for (unsigned w = first; w + 1 < words->len; w++)
                        g_ptr_array_add(names, g_ptr_array_index(words, w));
                g_ptr_array_add(names, NULL);
                offer_verbs(c, (char *const *) names->pdata);
        } else if (g_ascii_islower(argument[0]) && strchr(argument, '|'))
                offer_choices(c, 0, argument, "|");
}

static void completion_print(Completion *c) {
        const char *equals = strchr(c->word, '=');

        if (c->value_of)
                offer_value(c, c->value_of, 0);
        else if (!c->ended && g_str_has_prefix(c->word, "--") && equals) {
                g_autofree char *name = g_strndup(c->word + 2, (size_t) (equals - c->word - 2));
                const Flag *flag = find_flag(c, name, 0);

                if (flag)
                        offer_value(c, flag, (size_t) (equals + 1 - c->word));
        } else if (!c->ended && c->word[0] == '-') {
                if (c->verb)
                        offer_flags(c, c->verb->flags);
                else if (c->names->len == 1)
                        offer_flags(c, connection_flags);
                if (c->verb || c->names->len == 1)
                        offer_flags(c, output_flags);
        } else if (c->verb)
                offer_argument(c);
        else
                offer_verbs(c, (char *const *) c->names->pdata);
}

/* ---- the table itself ---- */

static void print_flags(const char *where, const Flag *flags) {
        for (; flags && flags->name; flags++)
                (void) printf("flag\t%s\t%s\t%c\t%s\t%s\n",
                              where,
                              flags->name,
                              flags->letter ?: '-',
                              flags->value ?: "",
                              flags->choices ?: "");
}

static ExitStatus print_table(void) {
        for (size_t i = 0; verbs[i]; i++) {
                (void) printf("verb\t%s\t%s\t%s\n", verbs[i]->name, verbs[i]->args ?: "", verbs[i]->help);
                print_flags(verbs[i]->name, verbs[i]->flags);
        }
        print_flags("(connection)", connection_flags);
        print_flags("(output)", output_flags);
        return STATUS_DONE;
}

static void give_up(int number) {
        (void) number;
        _exit(STATUS_DONE);
}

ExitStatus complete_run(char *const *argv) {
        _cleanup_(completion_done) Completion c = { .context = { .lookup = true, .no_ask_password = true } };

        const char *line = getenv(ENV_COMPLETE_LINE), *breaks = getenv(ENV_COMPLETE_BREAKS);

        assert(argv);

        if (argv[0] && strcmp(argv[0], "table") == 0)
                return print_table();
        if (!argv[0] || !line || !g_utf8_validate(line, -1, NULL))
                return STATUS_USAGE;

        /* somebody waits for this while typing, and has asked for no explanation */
        (void) signal(SIGALRM, give_up);
        (void) alarm(PATIENCE_SEC);
        (void) freopen("/dev/null", "w", stderr);

        c.bash = strcmp(argv[0], "bash") == 0;
        c.line = shell_line_new(line, c.bash && breaks ? breaks : "");
        completion_read(&c);
        completion_print(&c);
        return STATUS_DONE;
}
