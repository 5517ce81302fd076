/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* YAML text -> a tree of scalars, sequences and mappings, each with its place in the text. All that quptime
 * does not want of YAML is refused here: anchors, aliases, tags, more than one document, duplicate keys,
 * keys that are no scalars, NUL characters, depth over DEPTH_MAX_YAML, size over DOCUMENT_MAX_BYTES. */

#include <stdbool.h>

#include "config/complaint.h"

typedef enum TreeKind { TREE_SCALAR, TREE_SEQUENCE, TREE_MAPPING } TreeKind;

typedef struct Tree {
        TreeKind kind;
        unsigned line;   /* from 1 */
        unsigned column; /* from 1, in characters */
        bool plain; /* a scalar without quotes or block mark, so that `null` and `true` have a meaning */
        char *text; /* of a scalar */
        GPtrArray *items; /* of Tree; of a mapping: key, value, key, value … */
} Tree;

/* -EBADMSG and the complaint; *ret is NULL when the text holds no document. size 0 is an empty text. */
int tree_parse(const char *text, size_t size, Tree **ret, Complaint **reterr);
Tree *tree_free(Tree *tree);
DEFINE_CLEANUP(Tree, tree_free);

/* questions */
size_t tree_n_pairs(const Tree *mapping);
const Tree *tree_key(const Tree *mapping, size_t i);
const Tree *tree_value(const Tree *mapping, size_t i);
bool tree_is_null(const Tree *tree); /* nothing there, `~` or `null` */
/* the node at "checks[2].interval", or the nearest one above it that exists; NULL for an empty tree */
const Tree *tree_find(const Tree *tree, const char *path);
