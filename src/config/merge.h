/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Differences between documents, field by field: what an edit of cluster.yaml means, and whether it can be
 * carried over to a document that the cluster changed meanwhile. Objects are the same when their id is. What
 * is the daemon's own (version, updated_at, updated_by, and every FIELD_INTERNAL) is no difference, nor is
 * the place of an object in its list. */

#include "model/document.h"

typedef enum DifferenceKind { DIFFERENCE_ADDED, DIFFERENCE_REMOVED, DIFFERENCE_CHANGED } DifferenceKind;

typedef struct Difference {
        DifferenceKind kind;
        const char *list;   /* "peers", "checks", "alerts"; NULL: the document itself */
        char *id;           /* of the object */
        char *name;         /* of the object, for people */
        const Field *field; /* DIFFERENCE_CHANGED only */
        char *from;         /* DIFFERENCE_CHANGED only: texts for people, one line, secrets as "***" */
        char *to;
} Difference;
Difference *difference_free(Difference *difference);
DEFINE_CLEANUP(Difference, difference_free);

/* Makes a fresh id for an object without one; the caller frees it. cluster/change.h has the same type. */
typedef char *(*object_id_t)(void *userdata);

const char *difference_noun(const Difference *difference);  /* "check", "alert", "peer" or "document" */
const char *difference_field(const Difference *difference); /* of a changed one, for people */

/* Of Difference, in the order of the lists; the array frees its elements. */
GPtrArray *document_diff(const Document *from, const Document *to);
/* One line each: `+ check "homepage"`, `- alert "ops"`, `~ check "db": interval: 30s -> 15s`. Caller frees.
 */
char *document_diff_text(const GPtrArray *differences);

/* Three-way: what `edited` changed against `base`, applied to `current`; version, updated_* and the internal
 * fields are current's. Objects of `edited` without an id get one from next_id (NULL: they stay without),
 * kept secrets (config/secret.h) are put back from base. An object that both sides added alike is one
 * object. 0 and the merged document; -ESTALE and a sentence naming object and field when both changed the
 * same thing differently; -ENOKEY and a sentence when there is no secret to keep. */
int document_merge(
                const Document *base,
                const Document *edited,
                const Document *current,
                object_id_t next_id,
                void *userdata,
                Document **ret,
                char **reterr_text);
/* The same, but where both changed the same thing what `edited` says counts, and a sentence for each such
 * place is added to conflicts (of char *, which it frees). -ENOKEY and a sentence as above. */
int document_merge_mine(
                const Document *base,
                const Document *edited,
                const Document *current,
                GPtrArray *conflicts,
                Document **ret,
                char **reterr_text);
/* Gives objects without an id that of the object in base with the same name, if that id is free, and fresh
 * ones (next_id may be NULL) to the rest; duplicates nothing. */
void document_fill_ids(Document *document, const Document *base, object_id_t next_id, void *userdata);
