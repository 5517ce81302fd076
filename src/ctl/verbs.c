/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/verbs.h"

#include <assert.h>
#include <string.h>

/* clang-format off */
const Verb *const verbs[] = {
        &verb_init,
        &verb_serve,
        &verb_status,
        &verb_why,
        &verb_monitor,
        &verb_node_add,
        &verb_node_list,
        &verb_node_edit,
        &verb_node_remove,
        &verb_node_reset,
        &verb_check_add_http,
        &verb_check_add_tcp,
        &verb_check_add_icmp,
        &verb_check_list,
        &verb_check_edit,
        &verb_check_enable,
        &verb_check_disable,
        &verb_check_test,
        &verb_check_remove,
        &verb_alert_add_smtp,
        &verb_alert_add_discord,
        &verb_alert_list,
        &verb_alert_edit,
        &verb_alert_enable,
        &verb_alert_disable,
        &verb_alert_remove,
        &verb_alert_test,
        &verb_alert_render,
        &verb_alert_default,
        &verb_trust_list,
        &verb_trust_remove,
        &verb_config_show,
        &verb_config_check,
        &verb_config_diff,
        &verb_config_apply,
        &verb_edit,
        &verb_doctor,
        &verb_fingerprint,
        &verb_tui,
        &verb_help,
        NULL,
};
/* clang-format on */

const Flag connection_flags[] = {
        { .name = "system", .type = FLAG_BOOL, .help = "talk to the daemon on the system bus" },
        { .name = "user", .type = FLAG_BOOL, .help = "talk to the daemon on the session bus" },
        { .name = "address",
          .type = FLAG_TEXT,
          .value = "ADDRESS",
          .max = 4096,
          .help = "talk to the daemon at a D-Bus address or a socket's path" },
        { .name = "host",
          .letter = 'H',
          .type = FLAG_TEXT,
          .value = "[USER@]HOST",
          .max = 1024,
          .help = "talk to the daemon of another host, over ssh" },
        { .name = "machine",
          .letter = 'M',
          .type = FLAG_TEXT,
          .value = "[USER@]NAME",
          .max = 1024,
          .help = "talk to the daemon in a local container" },
        {},
};

const Flag output_flags[] = {
        { .name = "json",
          .type = FLAG_TEXT,
          .value = "MODE",
          .choices = "short pretty off",
          .help = "lists as JSON: short, pretty or off" },
        { .name = "quiet",
          .letter = 'q',
          .type = FLAG_BOOL,
          .help = "print errors and what was asked for alone" },
        { .name = "no-legend", .type = FLAG_BOOL, .help = "no column headers and legends" },
        { .name = "full", .type = FLAG_BOOL, .help = "do not cut lines to the terminal's width" },
        { .name = "no-pager", .type = FLAG_BOOL, .help = "show lists without a pager" },
        { .name = "no-ask-password", .type = FLAG_BOOL, .help = "let polkit ask nobody for a password" },
        { .name = "help", .letter = 'h', .type = FLAG_BOOL, .help = "show help and exit" },
        { .name = "version", .type = FLAG_BOOL, .help = "show the version and exit" },
        {},
};

/* how many of words spell the verb's name; 0: they do not */
static size_t words_match(const char *name, char *const *words) {
        g_auto(GStrv) parts = g_strsplit(name, " ", -1);
        size_t i;

        for (i = 0; parts[i]; i++)
                if (!words[i] || strcmp(parts[i], words[i]) != 0)
                        return 0;
        return i;
}

const Verb *verb_find(char *const *words, size_t *ret_n_words) {
        assert(words);
        assert(ret_n_words);

        /* no verb's name is the beginning of another's */
        for (size_t i = 0; verbs[i]; i++) {
                size_t n = words_match(verbs[i]->name, words);

                if (n > 0) {
                        *ret_n_words = n;
                        return verbs[i];
                }
        }
        return NULL;
}

void verb_count_args(const Verb *verb, size_t *ret_least, size_t *ret_most) {
        g_auto(GStrv) parts = g_strsplit(verb->args ?: "", " ", -1);

        *ret_least = *ret_most = 0;
        for (size_t i = 0; parts[i]; i++)
                if (parts[i][0] == '[')
                        *ret_most = SIZE_MAX;
                else if (parts[i][0]) {
                        (*ret_least)++;
                        (*ret_most)++;
                }
}

bool verb_flag_is_secret(const char *name) {
        for (size_t i = 0; verbs[i]; i++)
                for (const Flag *flag = verbs[i]->flags; flag && flag->name; flag++)
                        if (flag->bits & FLAG_SECRET && strcmp(flag->name, name) == 0)
                                return true;
        return false;
}

/* words of other programs, for the sake of "did you mean" */
static const char *our_word(const char *word) {
        static const struct {
                const char *theirs, *ours;
        } table[] = {
                { "rm", "remove" }, { "del", "remove" }, { "delete", "remove" }, { "ls", "list" },
                { "show", "list" }, { "new", "add" },    { "create", "add" },    { "set", "edit" },
                { "peer", "node" }, { "nodes", "node" }, { "checks", "check" },  { "alerts", "alert" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if (strcmp(table[i].theirs, word) == 0)
                        return table[i].ours;
        return word;
}

/* one word that means a whole verb */
static const char *verb_meant(const char *word) {
        static const struct {
                const char *word, *verb;
        } table[] = {
                { "checks", "check list" }, { "alerts", "alert list" }, { "nodes", "node list" },
                { "peers", "node list" },   { "list", "status" },       { "ls", "status" },
                { "show", "status" },       { "ps", "status" },         { "watch", "monitor" },
                { "log", "monitor" },       { "logs", "monitor" },      { "top", "tui" },
                { "dashboard", "tui" },     { "start", "serve" },       { "run", "serve" },
                { "daemon", "serve" },      { "join", "node add" },     { "version", "--version" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if (strcmp(table[i].word, word) == 0)
                        return table[i].verb;
        return NULL;
}

static const char *nearest_to(char *const *words) {
        const char *names[G_N_ELEMENTS(verbs)];
        const char *nearest = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
                names[i] = verbs[i] ? verbs[i]->name : NULL;

        /* as many words as a verb has; what follows may be anything */
        for (size_t n = 3; n > 0 && !nearest; n--) {
                g_autoptr(GString) s = g_string_new(our_word(words[0]));

                if (g_strv_length((char **) words) < n)
                        continue;
                for (size_t i = 1; i < n; i++)
                        g_string_append_printf(s, " %s", our_word(words[i]));
                nearest = nearest_word(names, s->str);
        }
        return nearest;
}

/* "add check http …", "list checks": the noun comes first here. NULL: that is not what was typed */
static const char *nearest_turned(char *const *words) {
        g_autofree char **turned = NULL;

        if (!words[1] || !verbs_have_prefix(our_word(words[1])) || verbs_have_prefix(our_word(words[0])))
                return NULL;

        turned = g_memdup2(words, (g_strv_length((char **) words) + 1) * sizeof *words);
        turned[0] = words[1];
        turned[1] = words[0];
        return nearest_to(turned);
}

const char *verb_nearest(char *const *words) {
        const char *nearest;

        nearest = nearest_turned(words) ?: nearest_to(words);
        return nearest || words[1] ? nearest : verb_meant(words[0]);
}
