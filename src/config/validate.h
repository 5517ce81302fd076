/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The rules of the document's objects: names, targets, durations, references. Each refusal is one sentence that
 * says what would be right. Used for every change, wherever it comes from. */

#include "model/document.h"

/* One complaint about a text or an object. */
typedef struct Complaint {
        unsigned line;   /* from 1; 0: not from a text */
        unsigned column; /* from 1 */
        char *field;     /* "checks[2].interval" or "interval" */
        char *text;      /* what is wrong and what would be right */
} Complaint;
Complaint *complaint_new(unsigned line, unsigned column, const char *field, char *text_consumed);
Complaint *complaint_free(Complaint *complaint);
DEFINE_CLEANUP(Complaint, complaint_free);
/* "cluster.yaml:12:5: checks[2].interval: …"; file may be NULL. Caller frees. */
char *complaint_to_string(const Complaint *complaint, const char *file);

/* Field rules of one object; 0, or -EINVAL with the first complaint. */
int check_validate(const Check *check, Complaint **reterr);
int alert_validate(const Alert *alert, Complaint **reterr);
int peer_validate(const Peer *peer, Complaint **reterr);
/* The document as a whole: objects, unique ids and names, references to alerts that exist, counts. */
int document_validate(const Document *document, Complaint **reterr);
/* A name of a check or alert: 1..NAME_MAX_BYTES of UTF-8, no control characters, no space at either end,
 * not only digits-and-dashes that would look like an id of another object. */
int name_validate(const char *name, char **reterr_text);
