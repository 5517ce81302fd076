/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Differences between documents, field by field: what an edit of cluster.yaml means, and whether it can be
 * carried over to a document that the cluster changed meanwhile. Objects are the same when their id is. */

#include "model/document.h"

typedef enum DifferenceKind {
        DIFFERENCE_ADDED,
        DIFFERENCE_REMOVED,
        DIFFERENCE_CHANGED
} DifferenceKind;

typedef struct Difference {
        DifferenceKind kind;
        const char *list;  /* "peers", "checks", "alerts"; NULL: the document itself */
        char *id;          /* of the object */
        char *name;        /* of the object, for people */
        const Field *field; /* DIFFERENCE_CHANGED only */
        char *from;        /* texts for people, secrets as "***" */
        char *to;
} Difference;
Difference *difference_free(Difference *difference);
DEFINE_CLEANUP(Difference, difference_free);

/* Of Difference, in the order of the lists; version, updated_* , order and revision do not count. */
GPtrArray *document_diff(const Document *from, const Document *to);
char *document_diff_text(const GPtrArray *differences); /* one line each; caller frees */

/* Three-way: what `edited` changed against `base`, applied to `current`. 0 and the merged document; -ESTALE and
 * a sentence naming object and field when both changed the same thing differently. */
int document_merge(
                const Document *base,
                const Document *edited,
                const Document *current,
                Document **ret,
                char **reterr_text);
