/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A text in the person's own editor: a file (0600) in a folder of its own (0700), so that what the editor
 * leaves beside it goes with it. From editor_open() to editor_close() the signals that would end quctl are
 * held back, so that nothing is left behind. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

typedef struct Editor Editor;

/* name: of the file, for the editor to know its kind. -errno: no such folder can be made. */
int editor_open(const char *name, Editor **ret);
/* keep: the file stays where it is */
Editor *editor_close(Editor *editor, bool keep);
static inline Editor *editor_discard(Editor *editor) {
        return editor_close(editor, /* keep= */ false);
}
DEFINE_CLEANUP(Editor, editor_discard);

const char *editor_path(const Editor *editor);
int editor_write(Editor *editor, const char *text);
/* The whole text; as read_value() (ctl/ask.h) has it. The caller frees with secret_free(). */
int editor_read(Editor *editor, size_t max, char **ret);

/* Runs $SYSTEMD_EDITOR, else $VISUAL, else $EDITOR, else the first of editor, nano, vim and vi that there
 * is, and waits for its end. ret_program: its name, for messages; borrowed, also set where it failed.
 * -ENOENT: there is none; -EIO: it ended with an error; -EINTR: we are to end. */
int editor_run(Editor *editor, const char **ret_program);

/* Prints the question and reads a line of standard input; its first letter. -ECANCELED: the end of input;
 * -EINTR: we are to end. */
int editor_ask(Editor *editor, const char *question, char *ret);
