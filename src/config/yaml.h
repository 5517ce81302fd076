/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text <-> objects of model/, by their field tables, on memory (libyaml). Anchors, aliases, tags and more than
 * one document are refused, depth DEPTH_MAX_YAML, duplicate keys refused; an unknown field is a complaint with
 * the nearest known name. Secrets are written in clear: the files are 0600. */

#include "config/validate.h"

typedef enum YamlFlags {
        YAML_LAX = 1 << 0,        /* unknown fields are warnings, as the original had it (adopting a file) */
        YAML_KEEP_UNKNOWN = 1 << 1 /* unknown fields go to FIELD_EXTRA (the committed document has them) */
} YamlFlags;

/* -EBADMSG and the first complaint in *reterr; warnings (of Complaint) are added to `warnings` when not NULL. */
int yaml_parse(
                const ObjectType *type,
                const char *text,
                size_t size,
                YamlFlags flags,
                void **ret,
                GPtrArray *warnings,
                Complaint **reterr);

/* Block style, fields in the order of the table, ends with "...\n" when with_end_mark. Caller frees. */
char *yaml_emit(const ObjectType *type, const void *object, const char *comment, bool with_end_mark);
