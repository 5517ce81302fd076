/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Fields that this version does not know: YAML on one side, the JSON text of FIELD_EXTRA on the other. */

#include "config/tree.h"

/* The text of a JSON object as key-value pairs are added. JSON carries YAML's null, true, numbers and texts;
 * what it has no number for (.inf, 0x10) stays a text. */
typedef struct Unknown Unknown;
Unknown *unknown_new(void);
Unknown *unknown_free(Unknown *unknown);
DEFINE_CLEANUP(Unknown, unknown_free);
void unknown_add(Unknown *unknown, const char *name, const Tree *value);
char *unknown_to_json(Unknown *unknown); /* NULL when nothing was added; caller frees */

/* questions; json is the text of a JSON object, or NULL */
char **unknown_names(const char *json); /* caller frees with g_strfreev() */
bool unknown_equal(const char *json_a, const char *json_b);

/* Whoever reads cannot know which of them is a secret: `{"kept": true}` in the place of every value. NULL
 * for NULL; the caller frees. */
char *unknown_mask(const char *json);
/* Puts base's values in the place of such marks. *json: replaced. -ENOKEY: base has nothing of that name. */
int unknown_resolve(char **json, const char *base);

/* Appends the members as YAML, one key a line, `indent` columns in. known: names to leave out, or NULL. With
 * `first_prefix` the first line begins with it instead of the indentation. Returns the number of members. */
typedef bool (*unknown_is_known_t)(const char *name, const void *userdata);
size_t
unknown_append(GString *s,
               const char *json,
               unsigned indent,
               const char *first_prefix,
               unknown_is_known_t is_known,
               const void *userdata);
/* Appends one JSON value of any kind after a key that stands indent columns in, with its newline. */
void unknown_append_value(GString *s, const char *json, unsigned indent);
char *unknown_value_to_json(const Tree *value);
