/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A small reader of JSON for test data: strings keep their length, since some hold NUL, and integers all
 * their digits. It trusts its input as far as a test may: what is wrong ends the program. */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef enum JsonKind {
        JSON_NULL,
        JSON_BOOLEAN,
        JSON_INTEGER,
        JSON_OTHER_NUMBER,
        JSON_STRING,
        JSON_LIST,
        JSON_OBJECT
} JsonKind;

typedef struct Json Json;
struct Json {
        JsonKind kind;
        GString *name; /* in an object */
        GString *string;
        int64_t integer;
        bool boolean;
        GPtrArray *members; /* of a list or an object; owned */
};

Json *json_read(const char *text, size_t n);
void json_free(Json *json);
const Json *json_member(const Json *object, const char *name); /* NULL: not there */
/* the string of a member, or of NAME_b64 decoded; NULL: not there. Caller frees. */
GString *json_bytes(const Json *object, const char *name);
