/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From an argument vector to a verb: options before it, the verb, its options and words. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ctl/agent.h"
#include "ctl/complete.h"
#include "ctl/ids.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/text.h"
#include "ctl/values.h"
#include "ctl/verbs.h"

void context_done(Context *context) {
        assert(context);

        (void) pager_close(context);
        sd_bus_flush_close_unref(context->bus);
        agent_close(context);
        g_free(context->address);
        g_free(context->host);
        g_free(context->machine);
        g_free(context->private_address);
}

static ExitStatus take_output_options(Context *context, const Arguments *arguments) {
        const char *json = arguments_text(arguments, "json");

        if (json && json_mode_from_text(json, &context->json) < 0)
                return fail(STATUS_USAGE, "--json is short, pretty or off, not \"%s\"", json);
        if (arguments_given(arguments, "quiet"))
                context->quiet = arguments_bool(arguments, "quiet");
        if (arguments_given(arguments, "no-legend"))
                context->no_legend = arguments_bool(arguments, "no-legend");
        if (arguments_given(arguments, "full"))
                context->full = arguments_bool(arguments, "full");
        if (arguments_given(arguments, "no-pager"))
                context->no_pager = arguments_bool(arguments, "no-pager");
        if (arguments_given(arguments, "no-ask-password"))
                context->no_ask_password = arguments_bool(arguments, "no-ask-password");
        return STATUS_DONE;
}

static ExitStatus take_connection_options(Context *context, const Arguments *arguments) {
        bool system = arguments_bool(arguments, "system"), user = arguments_bool(arguments, "user");
        const char *address = arguments_text(arguments, "address");

        if (system + user + (address != NULL) > 1)
                return fail(STATUS_USAGE, "--system, --user and --address exclude each other");
        if (address && !*address)
                return fail(STATUS_USAGE, "--address is empty");

        context->bus_choice = system ? BUS_SYSTEM : user ? BUS_SESSION : address ? BUS_ADDRESS : BUS_CHOOSE;
        context->address = g_strdup(address);
        return STATUS_DONE;
}

/* -H and -M, which no verb has of its own; the connection is made when the verb first needs it. */
static ExitStatus take_place(Context *context, const Arguments *arguments) {
        const char *host = arguments_text_by_letter(arguments, 'H'),
                   *machine = arguments_text_by_letter(arguments, 'M');

        if ((host && !*host) || (machine && !*machine))
                return fail(STATUS_USAGE, "%s is empty", host && !*host ? "--host" : "--machine");
        if (host) {
                g_free(context->host);
                context->host = g_strdup(host);
        }
        if (machine) {
                g_free(context->machine);
                context->machine = g_strdup(machine);
        }
        if ((context->host && context->machine) ||
            ((context->host || context->machine) && context->bus_choice == BUS_ADDRESS))
                return fail(STATUS_USAGE, "--host, --machine and --address exclude each other");
        if (context->host && context->bus_choice == BUS_SESSION)
                return fail(STATUS_USAGE, "another host's session bus is out of reach: leave --user out");
        return STATUS_DONE;
}

static ExitStatus wrong_verb(char *const *words) {
        const char *nearest = verb_nearest(words);
        g_autoptr(GString) typed = g_string_new(words[0]);

        /* up to the first word that is wrong */
        for (size_t i = 1; words[i] && words[i][0] != '-' && verbs_have_prefix(typed->str); i++)
                g_string_append_printf(typed, " %s", words[i]);
        if (nearest)
                return fail(STATUS_USAGE, "unknown verb \"%s\": did you mean \"%s\"?", typed->str, nearest);
        return fail(STATUS_USAGE, "unknown verb \"%s\": \"quctl help\" lists all verbs", typed->str);
}

static ExitStatus print_version(void) {
        (void) printf("quctl version %s\n", QUPTIME_VERSION);
        return STATUS_DONE;
}

/* "quctl node", "quctl alert add -h": a family's name alone shows its verbs, no name those of all */
static bool is_family(char *const *words, char **ret_prefix) {
        g_autoptr(GString) prefix = g_string_new(NULL);
        size_t i;

        if (words[0] && !*words[0])
                return false;
        for (i = 0; words[i] && words[i][0] != '-'; i++)
                g_string_append_printf(prefix, "%s%s", i > 0 ? " " : "", words[i]);
        for (; words[i]; i++)
                if (!g_str_equal(words[i], "-h") && !g_str_equal(words[i], "--help"))
                        return false;

        *ret_prefix = g_strdup(prefix->str);
        return true;
}

static ExitStatus check_words(const Verb *verb, const Arguments *arguments) {
        size_t n = arguments_n_words(arguments), least, most;

        verb_count_args(verb, &least, &most);
        if (n < least)
                return fail(STATUS_USAGE, "too few words, it is: quctl %s %s", verb->name, verb->args);
        if (n > most)
                return fail(STATUS_USAGE,
                            "\"%s\" is one word too many, it is: quctl %s%s%s",
                            arguments_word(arguments, most),
                            verb->name,
                            verb->args ? " " : "",
                            verb->args ?: "");
        return STATUS_DONE;
}

static ExitStatus complete_word(Context *context, const Verb *verb, Arguments *arguments) {
        g_autofree char *id = NULL;
        ExitStatus status;

        status = id_complete(context, verb->listed_by, arguments_word(arguments, 0), &id);
        if (status == STATUS_DONE)
                arguments_replace_word(arguments, 0, id);
        return status;
}

static ExitStatus complete_alerts(Context *context, const Flag *flag, Arguments *arguments) {
        char *const *list = arguments_list(arguments, flag->name);
        ExitStatus status = STATUS_DONE;

        for (size_t i = 0; list && list[i] && status == STATUS_DONE; i++) {
                g_autofree char *id = NULL;

                status = id_complete(context, "ListAlerts", list[i], &id);
                if (status == STATUS_DONE)
                        arguments_replace_item(arguments, flag->name, i, id);
        }
        return status;
}

static ExitStatus complete_ids(Context *context, const Verb *verb, Arguments *arguments) {
        ExitStatus status = STATUS_DONE;

        if (verb->listed_by && arguments_n_words(arguments) > 0)
                status = complete_word(context, verb, arguments);
        for (const Flag *flag = verb->flags; flag && flag->name && status == STATUS_DONE; flag++)
                if (flag->bits & FLAG_ALERTS)
                        status = complete_alerts(context, flag, arguments);
        return status;
}

static ExitStatus run_verb(Context *context, const Verb *verb, char *const *argv) {
        _cleanup_(arguments_freep) Arguments *arguments = arguments_new();
        g_autofree char *error = NULL;
        ExitStatus status;

        arguments_accept(arguments, verb->flags);
        arguments_accept(arguments, output_flags);
        arguments_refuse(arguments, connection_flags);
        if (arguments_parse(arguments, argv, /* stop_at_word= */ false, /* ret_used= */ NULL, &error) < 0)
                return fail(STATUS_USAGE, "%s", error);

        if (arguments_bool(arguments, "help")) {
                (void) take_output_options(context, arguments);
                pager_open(context);
                verb_print_help(verb);
                return STATUS_DONE;
        }
        if (arguments_bool(arguments, "version"))
                return print_version();
        status = take_output_options(context, arguments);
        if (status == STATUS_DONE)
                status = take_place(context, arguments);
        if (status == STATUS_DONE)
                status = check_words(verb, arguments);
        if (status == STATUS_DONE)
                status = values_complete(context, verb, arguments);
        if (status == STATUS_DONE)
                status = complete_ids(context, verb, arguments);
        if (status == STATUS_DONE)
                status = verb->run(context, arguments);
        return status;
}

/* "quctl -h check add http", "quctl check" */
static ExitStatus help_for(Context *context, char *const *words) {
        g_autofree char *prefix = NULL;
        const Verb *verb;
        size_t n;

        verb = verb_find(words, &n);
        if (!verb && (!is_family(words, &prefix) || !verbs_have_prefix(prefix)))
                return wrong_verb(words);

        pager_open(context);
        if (verb)
                verb_print_help(verb);
        else
                verbs_print_help(prefix);
        return STATUS_DONE;
}

static ExitStatus run_words(Context *context, char *const *words) {
        const Verb *verb;
        size_t n;

        verb = verb_find(words, &n);
        return verb ? run_verb(context, verb, words + n) : help_for(context, words);
}

static ExitStatus run(Context *context, char *const *argv) {
        _cleanup_(arguments_freep) Arguments *arguments = arguments_new();
        g_autofree char *error = NULL;
        ExitStatus status;
        size_t used;

        arguments_accept(arguments, connection_flags);
        arguments_accept(arguments, output_flags);
        if (arguments_parse(arguments, argv, /* stop_at_word= */ true, &used, &error) < 0)
                return fail(STATUS_USAGE, "%s", error);
        if (arguments_bool(arguments, "version"))
                return print_version();

        status = take_output_options(context, arguments);
        if (status == STATUS_DONE)
                status = take_connection_options(context, arguments);
        if (status == STATUS_DONE)
                status = take_place(context, arguments);
        if (status != STATUS_DONE)
                return status;
        return arguments_bool(arguments, "help") ? help_for(context, argv + used)
                                                 : run_words(context, argv + used);
}

ExitStatus quctl_run(char *const *argv, ExitStatus (*dashboard)(Context *context)) {
        _cleanup_(context_done) Context context = { .dashboard = dashboard };
        ExitStatus status;

        assert(argv);
        assert(dashboard);

        if (argv[0] && strcmp(argv[0], "--complete") == 0)
                return complete_run(argv + 1);

        status = run(&context, argv);
        /* a full disk or a closed pipe shall not pass for success */
        if (!pager_close(&context) && (fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_DONE)
                status = fail(STATUS_FAILED, "cannot write to standard output");
        return status;
}
