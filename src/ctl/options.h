/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Options by table. A verb's flags are an array that ends with an entry without name; parsing, help, and
 * what is sent to the daemon all read it. Accepted are --name=value, --name value, -x value and -xvalue; a
 * bool stands alone or is --name=true; options and words may be mixed; "--" ends the options. An option
 * given twice: the last one counts, but a list grows. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "base/cleanup.h"

typedef enum FlagType {
        FLAG_TEXT,
        FLAG_BOOL,   /* true/false, yes/no, on/off, 1/0 */
        FLAG_NUMBER, /* 0 … INT64_MAX */
        FLAG_LIST    /* repeated or separated by commas */
} FlagType;

typedef enum FlagBits {
        FLAG_REQUIRED = 1 << 0,
        FLAG_SECRET = 1 << 1, /* blanked in the argument vector; asked for hidden where it is missing */
        FLAG_DAEMON_DEFAULT = 1 << 2, /* standard is only shown: the daemon fills it in */
        FLAG_ONE_LINE = 1 << 3,       /* the line end of a file is no part of the value */
        FLAG_ALERTS = 1 << 4          /* a list of alerts, each by id or name */
} FlagBits;

typedef struct Flag {
        const char *name; /* without "--" */
        char letter;      /* 0: none */
        FlagType type;
        unsigned bits;
        const char *value;    /* what stands for the value in help; NULL for a bool */
        const char *choices;  /* the words that it may be, separated by blanks; NULL: any text */
        const char *standard; /* default, as text */
        const char *field;    /* the member of the dictionary that is sent; NULL: not sent by itself */
        const char *file_of;  /* this flag names a file with the value of that flag; "-" is standard input */
        const char *stands_for; /* this flag names a credential that holds the value of that flag */
        const char *asked_with; /* a secret that is asked for when that flag was given */
        const char *only;       /* alerts: the type that has this field */
        size_t max;             /* bytes of the text; 0: DETAIL_MAX_BYTES */
        const char *help;
} Flag;

/* -EINVAL: none of the words */
int bool_from_text(const char *text, bool *ret);
/* the known word nearest to a mistyped one, or NULL; borrowed from words (NULL-terminated) */
const char *nearest_word(const char *const *words, const char *word);

typedef struct Arguments Arguments;

/* ---- lifecycle ---- */

Arguments *arguments_new(void);
Arguments *arguments_free(Arguments *arguments);
DEFINE_CLEANUP(Arguments, arguments_free);
/* More flags to accept (borrowed); the first of one name counts. refused: known, but only before the verb;
 * the letter of a refused one works all the same, also where the long name is the verb's own. */
void arguments_accept(Arguments *arguments, const Flag *flags);
void arguments_refuse(Arguments *arguments, const Flag *flags);

/* Reads argv (NULL-terminated), up to the first word with stop_at_word; ret_used: how many were read.
 * -EINVAL: wrong usage, with a sentence in reterr_text. */
int arguments_parse(
                Arguments *arguments,
                char *const *argv,
                bool stop_at_word,
                size_t *ret_used,
                char **reterr_text);
/* Gives a flag a value that came from elsewhere: a file, a question. -EINVAL as above. */
int arguments_set(Arguments *arguments, const char *name, const char *text, char **reterr_text);

/* Another word, or item of a list, in the place of one that is there: text copied. */
void arguments_replace_word(Arguments *arguments, size_t i, const char *text);
void arguments_replace_item(Arguments *arguments, const char *name, size_t i, const char *text);

/* ---- questions ---- */

size_t arguments_n_words(const Arguments *arguments);
const char *arguments_word(const Arguments *arguments, size_t i); /* NULL past the end */
bool arguments_given(const Arguments *arguments, const char *name);
/* "--secret" as the very last word: its value is to be asked for */
bool arguments_wants_value(const Arguments *arguments, const char *name);
const char *arguments_text(const Arguments *arguments, const char *name);  /* NULL when not given */
bool arguments_bool(const Arguments *arguments, const char *name);         /* false when not given */
uint64_t arguments_number(const Arguments *arguments, const char *name);   /* 0 when not given */
char *const *arguments_list(const Arguments *arguments, const char *name); /* NULL when not given */
/* the text of the option that has this letter, or NULL */
const char *arguments_text_by_letter(const Arguments *arguments, char letter);

/* Overwrites, in the process's own argument vector, the value of each option for which is_secret(name)
 * holds, and user information in URLs, so that no process list shows them. */
void argv_blank(char **argv, bool (*is_secret)(const char *name));
