/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Questions to a person, and values from files. */

#include <stdbool.h>
#include <stddef.h>

#include "base/secret.h"
#include "ctl/context.h"

/* whether somebody sits there: standard input is a terminal */
bool ask_possible(void);

/* Prints the question on standard output and reads a line of standard input, a terminal or not, as scripts
 * written for the original do. Only y and yes (any case) are a yes; the end of input is a no. */
bool ask_yes(const char *question);

/* Reads a line from the terminal without echo; the prompt goes to standard error. The terminal is put back
 * on every way out, signals included. -ECANCELED: the end of input; -E2BIG past max bytes; -ENOTTY. The
 * caller frees with secret_free(). */
int ask_hidden(const char *prompt, size_t max, char **ret);

/* The whole of a file, "-" being standard input (which only one option may read: -EBUSY); at most max bytes
 * (-EFBIG), without NUL and valid UTF-8 (-EBADMSG). Caller frees. */
int read_value(Context *context, const char *path, size_t max, char **ret);
