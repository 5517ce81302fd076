/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words of a command line as bash(1), zsh(1) and fish(1) read it, as far as the cursor: quotes may still
 * be open. What a shell would expand ($HOME, *) stands for itself. */

#include <stddef.h>

#include <glib.h>

#include "base/cleanup.h"

typedef struct ShellLine {
        GPtrArray *words; /* unquoted; at least one: the last stands before the cursor and may be empty */
        char quote;       /* ' or " where it is still open, else 0 */
        /* bytes of the last word that readline(3) does not replace: up to a break or a quote */
        size_t settled;
} ShellLine;

/* breaks: the characters between which readline(3) completes ($COMP_WORDBREAKS), "" for none. Leading
 * assignments (NAME=value) are left out. */
ShellLine *shell_line_new(const char *text, const char *breaks);
ShellLine *shell_line_free(ShellLine *line);
DEFINE_CLEANUP(ShellLine, shell_line_free);

/* text so that bash takes it for one word, or for the rest of one whose quote is open; caller frees */
char *shell_quote(const char *text, char quote);
