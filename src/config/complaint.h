/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A complaint: what is wrong with a text or an object, where, and what would be right. Warnings have the
 * same form. It never repeats the value of a secret. */

#include <glib.h>

#include "base/cleanup.h"

typedef struct Complaint {
        unsigned line;   /* from 1; 0: not from a text */
        unsigned column; /* from 1, in characters */
        char *field;     /* "checks[2].interval" or "interval"; NULL: the text as a whole */
        char *text;      /* what is wrong and what would be right */
} Complaint;

/* lifecycle; text is consumed, field copied (NULL allowed) */
Complaint *complaint_new(unsigned line, unsigned column, const char *field, char *text_consumed);
Complaint *complaint_free(Complaint *complaint);
DEFINE_CLEANUP(Complaint, complaint_free);
GPtrArray *complaint_list_new(void); /* frees its elements */

/* "cluster.yaml:12:5: checks[2].interval: …"; file may be NULL. Caller frees. */
char *complaint_to_string(const Complaint *complaint, const char *file);
/* the field becomes "prefix[index].field", or "prefix[index]" */
void complaint_prefix(Complaint *complaint, const char *prefix, size_t index);
