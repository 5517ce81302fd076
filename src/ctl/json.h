/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON for scripts: stable keys, in the order of the tables, every one always there. Instants are RFC 3339
 * texts, null for never; configured durations texts ("30s"), measured ones and ages microseconds. Printed
 * text is escaped beyond what JSON asks for, so that a terminal is safe (ctl/text.h). */

#include <json-glib/json-glib.h>

#include "ctl/context.h"
#include "model/field.h"

/* "short", "pretty", "off"; -EINVAL otherwise */
int json_mode_from_text(const char *text, JsonMode *ret);

/* an object with its named fields as members (names: NULL-terminated; NULL: all) */
void json_add_object(
                JsonBuilder *builder, const ObjectType *type, const void *object, const char *const *names);
void json_add_objects(
                JsonBuilder *builder,
                const ObjectType *type,
                const GPtrArray *rows,
                const char *const *names);

/* A list that is printed while its rows come in, for it may be long. head: an object that is built so far,
 * of which the list is the last member; NULL: the list is the document. */
typedef struct JsonList {
        JsonMode mode;
        bool in_object;
        bool any;
} JsonList;
void json_list_begin(JsonList *list, JsonMode mode, JsonBuilder *head, const char *name);
void json_list_add(JsonList *list, const ObjectType *type, const GPtrArray *rows, const char *const *names);
void json_list_end(JsonList *list);

/* a value of any kind on standard output, on one line or indented; borrowed */
void json_print_node(JsonNode *root, JsonMode mode);
/* the finished document on standard output, on one line or indented */
void json_print(JsonBuilder *builder, JsonMode mode);
