/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text <-> objects of model/, by their field tables, on memory (libyaml). Anchors, aliases, tags and more
 * than one document are refused, depth DEPTH_MAX_YAML, duplicate keys refused; an unknown field is a
 * complaint with the nearest known name. Fields with FIELD_INTERNAL are neither read nor written. Secrets
 * are written in clear (the files are 0600) unless they are to be masked; `{kept: true}` in the place of a
 * secret is read as SECRET_KEPT (config/secret.h). What yaml_emit() writes, yaml_parse() reads back exactly.
 */

#include "config/complaint.h"
#include "model/field.h"

typedef enum YamlFlags {
        /* Adopting a file of the original: unknown fields, negative durations and numbers, bad times and
         * texts that are too long are warnings; a missing or unknown name of an enumeration is read as -1
         * (adopt.h). */
        YAML_LAX = 1 << 0,
        YAML_KEEP_UNKNOWN = 1 << 1 /* unknown fields go to FIELD_EXTRA (the committed document has them) */
} YamlFlags;

typedef enum YamlEmitFlags {
        YAML_END_MARK = 1 << 0,    /* the last line is "..." */
        YAML_MASK_SECRETS = 1 << 1 /* secrets as `{kept: true}`, a target's user information as *** */
} YamlEmitFlags;

/* -EBADMSG and the first complaint in *reterr; warnings (of Complaint) are added to `warnings` when not
 * NULL. A text without any document is an object without any field. Checks form only: config/validate.h has
 * the rules. */
int yaml_parse(const ObjectType *type,
               const char *text,
               size_t size,
               YamlFlags flags,
               void **ret,
               GPtrArray *warnings,
               Complaint **reterr);

/* Gives complaints that name a field ("checks[2].interval") the line and column where it, or the nearest
 * thing above it, stands in the text. Complaints that know their line keep it; a text that is no YAML
 * changes none. */
void yaml_locate(GPtrArray *complaints, const char *text, size_t size);
void yaml_locate_one(Complaint *complaint, const char *text, size_t size);

/* Block style, fields in the order of the table, the unknown ones last. comment: lines for the top, without
 * the
 * "#", or NULL. Caller frees. */
char *yaml_emit(const ObjectType *type, const void *object, const char *comment, YamlEmitFlags flags);
