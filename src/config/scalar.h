/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One scalar of YAML: what a plain word means, and how a string is written so that it comes back as the same
 * string, in this reader and in any other of YAML 1.1 or 1.2. */

#include <stdbool.h>

#include <glib.h>

typedef enum ScalarType {
        SCALAR_NULL,
        SCALAR_BOOL,
        SCALAR_INT,   /* decimal, within int64 */
        SCALAR_FLOAT, /* finite */
        SCALAR_STRING
} ScalarType;

/* questions about a plain scalar */
ScalarType scalar_type(const char *text); /* YAML 1.2 core schema, as far as JSON has the type */
bool scalar_is_null(const char *text);
int scalar_to_bool(const char *text, bool *ret); /* true, yes, on, false, no, off; -EINVAL */

/* Appends the text on one line: plain where nothing can misread it, else in quotes. */
void scalar_append(GString *s, const char *text);
/* Appends the text as the value of a mapping's key that stands indent columns in: several lines become a
 * literal block where that gives the text back exactly, else like scalar_append(). Ends with a newline. */
void scalar_append_value(GString *s, const char *text, unsigned indent);
