/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The form that adds or edits an object of the document: a check, an alert. Its fields are the flags of the
 * verbs that do the same, so that names, help and standard values are one. What it holds is judged by the
 * daemon's own rules before it is sent, and becomes a dictionary of what was changed. */

#include "config/complaint.h"
#include "ctl/verbs.h"
#include "tui/feed.h"
#include "tui/form.h"

typedef struct ObjectKind {
        const char *noun;           /* "check" */
        const ObjectType *type;     /* what the form makes: check_type */
        const ObjectType *row_type; /* what it begins from: check_row_type */
        const char *add_member, *edit_member;
        unsigned bits;    /* of both calls */
        const Verb *edit; /* its flags are the fields */
        /* a field that objects of that type have without effect: the form leaves it out. NULL: none is */
        bool (*is_idle)(const char *type, const char *field);
        GPtrArray *(*rows)(const Feed *feed);
        /* the daemon's rules; row: NULL for a new one */
        int (*judge)(const void *object, const void *row, Complaint **reterr);
        /* what Ctrl-P shows of the object: lines, NULL-terminated, caller frees. NULL: no such key */
        char **(*preview)(const Feed *feed, const void *object);
} ObjectKind;

/* add: the verb that adds one of that type, "http"; row: what is edited, NULL: a new one; alerts: rows. */
Form *object_form_make(
                const ObjectKind *kind,
                const Verb *add,
                const char *type,
                const void *row,
                const GPtrArray *alerts);
/* The object that the form describes, for the rules; what cannot be read is left empty, and a secret that is
 * kept is some other one. The caller gives it to object_form_forget(). */
void *object_form_read(const Form *form, const ObjectKind *kind, const char *type);
/* frees it, and overwrites its secrets */
void object_form_forget(const ObjectKind *kind, void *object);
/* NULL, or what is wrong: the input's name (borrowed from the form; NULL: none) and a sentence that the
 * caller frees. */
char *object_form_judge(
                const Form *form,
                const ObjectKind *kind,
                const char *type,
                const void *row,
                const char **ret_name);
/* The members of the dictionary: what was changed, and for a new one all that it has; and the revision,
 * where there is one. */
int object_form_append(
                const Form *form,
                const ObjectKind *kind,
                bool is_new,
                uint64_t revision,
                sd_bus_message *request);
/* The row is another one than the form began from. True: the person has changed what others changed. */
bool object_form_rebase(Form *form, const ObjectKind *kind, const void *row);
