/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/pager.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

/* "-x, --name=VALUE" */
static char *option_text(const Flag *flag) {
        char letter[] = "-x, ";

        letter[1] = flag->letter;
        return g_strdup_printf(
                        "%s--%s%s%s",
                        flag->letter ? letter : "    ",
                        flag->name,
                        flag->value ? "=" : "",
                        flag->value ?: "");
}

/* by display width: printf() counts bytes */
static int widest_option(const Flag *flags) {
        int width = 0;

        for (; flags->name; flags++) {
                g_autofree char *option = option_text(flags);

                width = MAX(width, (int) text_width(option));
        }
        return width;
}

static void print_flags(const char *title, const Flag *flags) {
        int width = widest_option(flags);

        (void) printf("\n%s:\n", title);
        for (; flags->name; flags++) {
                g_autofree char *option = option_text(flags);

                (void) printf("  %s%*s  %s", option, width - (int) text_width(option), "", flags->help);
                if (flags->bits & FLAG_REQUIRED)
                        (void) printf(" (required)");
                if (flags->standard)
                        (void) printf(" (default %s)", flags->standard);
                (void) printf("\n");
        }
}

void verb_print_help(const Verb *verb) {
        bool has_flags = verb->flags && verb->flags->name;

        (void) printf("quctl %s%s%s%s\n\n%s\n",
                      verb->name,
                      verb->args ? " " : "",
                      verb->args ?: "",
                      has_flags ? " [OPTION…]" : "",
                      verb->help);
        if (has_flags)
                print_flags("Options", verb->flags);
        if (verb->more)
                (void) printf("\n%s", verb->more);
}

static bool verb_has_prefix(const Verb *verb, const char *prefix) {
        size_t n = strlen(prefix);

        return n == 0 || (strncmp(verb->name, prefix, n) == 0 && (verb->name[n] == ' ' || !verb->name[n]));
}

bool verbs_have_prefix(const char *prefix) {
        for (size_t i = 0; verbs[i]; i++)
                if (verb_has_prefix(verbs[i], prefix))
                        return true;
        return false;
}

void verbs_print_help(const char *prefix) {
        (void) printf("quctl [OPTION…] %s%sVERB …\n\nThe client of quptimed, the quorum-based uptime "
                      "monitor.\n\nVerbs:\n",
                      prefix,
                      *prefix ? " " : "");
        for (size_t i = 0; verbs[i]; i++) {
                g_autofree char *usage = NULL;

                if (!verb_has_prefix(verbs[i], prefix))
                        continue;
                usage = g_strdup_printf("%s %s", verbs[i]->name, verbs[i]->args ?: "");
                (void) printf("  %-34s  %s\n", g_strchomp(usage), verbs[i]->help);
        }
        if (!*prefix) {
                print_flags("Connection, before the verb; -H and -M anywhere", connection_flags);
                print_flags("Output", output_flags);
        }
        (void) printf("\nquctl VERB -h shows a verb's own options; see also quctl(1).\n");
}

static ExitStatus run_help(Context *context, const Arguments *arguments) {
        g_autoptr(GPtrArray) words = g_ptr_array_new();
        g_autofree char *prefix = NULL;
        const Verb *verb;
        size_t n;

        for (size_t i = 0; i < arguments_n_words(arguments); i++)
                g_ptr_array_add(words, (void *) arguments_word(arguments, i));
        g_ptr_array_add(words, NULL);

        verb = verb_find((char *const *) words->pdata, &n);
        if (verb) {
                pager_open(context);
                verb_print_help(verb);
                return STATUS_DONE;
        }
        prefix = g_strjoinv(" ", (char **) words->pdata);
        if (!verbs_have_prefix(prefix))
                return fail(STATUS_USAGE, "no verb \"%s\": \"quctl help\" lists all verbs", prefix);

        pager_open(context);
        verbs_print_help(prefix);
        return STATUS_DONE;
}

const Verb verb_help = {
        .name = "help",
        .args = "[VERB]",
        .help = "show what a verb does and takes",
        .run = run_help,
};
