/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The three lists of a document as one thing, for what treats peers, checks and alerts alike. */

#include "model/document.h"

typedef struct DocumentList {
        const char *name;
        const ObjectType *type;
        size_t offset;     /* of the GPtrArray * in Document */
        const char *id;    /* the field that makes two objects the same */
        const char *label; /* the field that people call them by */
} DocumentList;

#define DOCUMENT_N_LISTS 3
extern const DocumentList document_lists[DOCUMENT_N_LISTS];

/* questions; strings are borrowed from the object and never NULL */
GPtrArray *document_list_get(const DocumentList *list, const Document *document); /* may be NULL */
GPtrArray **document_list_at(const DocumentList *list, Document *document);
const char *document_list_id(const DocumentList *list, const void *object);
const char *document_list_label(const DocumentList *list, const void *object);
GHashTable *
document_list_index(const DocumentList *list, const Document *document); /* by id, of those that have one */

/* whether an edit of the field is a difference: not what is the daemon's own, not the lists themselves */
bool document_field_counts(const ObjectType *type, const Field *field);
/* as object_field_equal(), but unknown fields by their meaning rather than by their text */
bool document_field_equal(const Field *field, const void *a, const void *b);
/* every field that counts, less the id when without_id */
bool document_object_equal(const DocumentList *list, const void *a, const void *b, bool without_id);
