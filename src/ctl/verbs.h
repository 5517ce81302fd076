/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs: one table, which drives parsing, help and whatever else must know them. A verb is a constant in
 * the file of its family and one line in verbs.c. */

#include <stdbool.h>
#include <stddef.h>

#include "ctl/context.h"
#include "ctl/options.h"

typedef struct Verb {
        const char *name; /* "check add http" */
        const char *args; /* "NAME URL": one word each; one that begins with "[" is optional, and repeats */
        const char *help; /* one line */
        const char *more; /* printed below the options, or NULL */
        const Flag *flags;
        const char *listed_by; /* the member that lists what the first word names by id; NULL: nothing */
        ExitStatus (*run)(Context *context, const Arguments *arguments);
} Verb;

extern const Verb *const verbs[]; /* in the order of help; ends with NULL */

extern const Verb verb_init, verb_serve, verb_status, verb_fingerprint, verb_tui;
extern const Verb verb_node_add, verb_node_list, verb_node_edit, verb_node_remove, verb_node_reset;
extern const Verb verb_check_add_http, verb_check_add_tcp, verb_check_add_icmp;
extern const Verb verb_check_list, verb_check_edit, verb_check_remove;
extern const Verb verb_alert_add_smtp, verb_alert_add_discord, verb_alert_list, verb_alert_edit;
extern const Verb verb_alert_remove, verb_alert_test, verb_alert_render, verb_alert_default;
extern const Verb verb_check_enable, verb_check_disable, verb_alert_enable, verb_alert_disable;
extern const Verb verb_trust_list, verb_trust_remove;
extern const Verb verb_check_test, verb_why, verb_monitor;
extern const Verb verb_config_show, verb_config_check, verb_config_diff, verb_config_apply;
extern const Verb verb_edit, verb_doctor;
extern const Verb verb_help;

extern const Flag connection_flags[]; /* before the verb only; their letters anywhere */
extern const Flag output_flags[];     /* anywhere */

/* The verb that the first words name, and how many they are; NULL: none. */
const Verb *verb_find(char *const *words, size_t *ret_n_words);
/* how many words of a verb's args must and may be there */
void verb_count_args(const Verb *verb, size_t *ret_least, size_t *ret_most);
/* whether any verb has a secret option of that name */
bool verb_flag_is_secret(const char *name);
/* Prints the help of one verb, or of all verbs that begin with these words (none: of everything). */
void verb_print_help(const Verb *verb);
void verbs_print_help(const char *prefix);
/* whether any verb's name begins with these words */
bool verbs_have_prefix(const char *prefix);
/* the nearest verb to mistyped words, or NULL; borrowed */
const char *verb_nearest(char *const *words);

/* quctl itself: arguments without the program's name; dashboard is what the verb tui runs, as it lives in a
 * room after this one */
ExitStatus quctl_run(char *const *argv, ExitStatus (*dashboard)(Context *context));
