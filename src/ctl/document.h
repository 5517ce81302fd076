/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The whole document, as the daemon hands it out and takes it in: the calls, and how what would change is
 * shown. */

#include "ctl/call.h"

typedef struct DifferenceRow {
        char *kind;   /* "added", "removed", "changed" */
        char *object; /* "check", "alert", "peer", "document" */
        char *id;
        char *name;
        char *field; /* of a changed one, like from and to: texts for people, secrets as "***" */
        char *from;
        char *to;
} DifferenceRow;
DECLARE_OBJECT(DifferenceRow, difference_row);

typedef struct WarningRow {
        uint64_t line;
        uint64_t column;
        char *field;
        char *text;
} WarningRow;
DECLARE_OBJECT(WarningRow, warning_row);

/* A text that is to be the document. */
typedef struct Draft {
        const char *text;
        const char *label; /* what the file is called, for messages */
        bool adopt;
        const char *remove_node; /* what of the differences names the one peer that goes, or NULL */
} Draft;

/* the caller frees */
ExitStatus draft_get(Context *context, char **ret_text, uint64_t *ret_version);
/* An error of the daemon's own is not printed: it is in *reterr, and draft_fail() prints it. */
ExitStatus
draft_check(Context *context,
            const Draft *draft,
            GPtrArray **ret_differences,
            GPtrArray **ret_warnings,
            CallError *reterr);
ExitStatus draft_apply(Context *context, const Draft *draft, uint64_t *ret_version, CallError *reterr);
/* "FILE:12:5: …" where it is about a place in the text; a way on where it is a conflict */
ExitStatus draft_fail(ExitStatus status, const Draft *draft, const CallError *error);

/* The one peer that differences remove; NULL: none. Borrowed. */
const char *differences_removed_peer(const GPtrArray *differences);
/* "2 checks and 1 alert": what they remove; NULL: nothing. The caller frees. */
char *differences_removed(const GPtrArray *differences);
void differences_show(const Context *context, const GPtrArray *differences);
void warnings_show(const GPtrArray *warnings, const char *label);
