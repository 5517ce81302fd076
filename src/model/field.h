/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One table of fields per noun, and everything that must know them reads it: the JSON codec (wire/), the
 * YAML reader, writer, diff and merge (config/), the bus dictionaries and the masks for secrets. A new field
 * is one line in its table. An object is a plain struct that the table describes; it owns everything it
 * points to. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "base/cleanup.h"
#include "base/strtab.h"
#include "base/usec.h"

typedef enum FieldType {
        FIELD_STRING,   /* char *; NULL and "" are both empty */
        FIELD_BOOL,     /* bool */
        FIELD_UINT,     /* uint64_t, at most INT64_MAX */
        FIELD_INT,      /* int64_t */
        FIELD_DURATION, /* usec_t; a Go duration's text wherever people see it, and in JSON */
        FIELD_USEC,     /* usec_t, an instant or an age; an integer of microseconds */
        FIELD_TIME,     /* usec_t, CLOCK_REALTIME; RFC 3339 text */
        FIELD_ENUM,     /* int (an enum), its name from field->names */
        FIELD_STRV,     /* char **; NULL and {NULL} are both empty */
        FIELD_OBJECT,   /* pointer to an object of field->object, or NULL */
        FIELD_LIST,     /* GPtrArray * of objects of field->object, or NULL */
        FIELD_JSON,     /* char *, one JSON value as text, carried as it is */
        FIELD_EXTRA     /* char *, a JSON object of the members this version does not know, or NULL */
} FieldType;

typedef enum FieldFlags {
        FIELD_REQUIRED = 1 << 0,   /* decode fails without it */
        FIELD_SECRET = 1 << 1,     /* never shown: {kept: true} and "***" */
        FIELD_INTERNAL = 1 << 2,   /* the daemon's own: in the register and on the wire, not for people */
        FIELD_KEEP_EMPTY = 1 << 3, /* written even when empty, false or 0 */
        FIELD_FIXED = 1 << 4,      /* cannot be edited after creation (id, type) */
        FIELD_CREDENTIAL = 1 << 5  /* a secret that may be a credential's name: model/credential.h */
} FieldFlags;

typedef struct ObjectType ObjectType;

typedef struct Field {
        const char *name; /* in YAML, JSON and on the bus */
        FieldType type;
        size_t offset;
        unsigned flags;
        size_t max; /* bytes of a text, elements of a list; 0: DETAIL_MAX_BYTES or 1024 elements */
        const StrTab *names;
        const ObjectType *object;
} Field;

struct ObjectType {
        const char *name; /* for messages: "check", "alert" */
        size_t size;
        const Field *fields;
        size_t n_fields;
};

#define FIELD(struct_type, member, field_type, ...)                                                         \
        { .name = #member, .type = (field_type), .offset = offsetof(struct_type, member), __VA_ARGS__ }
/* where the outside name is not the member's */
#define FIELD_AS(outside, struct_type, member, field_type, ...)                                             \
        { .name = (outside), .type = (field_type), .offset = offsetof(struct_type, member), __VA_ARGS__ }
#define OBJECT_TYPE(struct_type, outside, table)                                                            \
        {                                                                                                   \
                .name = (outside), .size = sizeof(struct_type), .fields = (table),                          \
                .n_fields = G_N_ELEMENTS(table)                                                             \
        }

/* lifecycle: all zero; free accepts NULL and returns NULL; copy is deep and of NULL is NULL */
void *object_new(const ObjectType *type);
void *object_free(const ObjectType *type, void *object);
void *object_copy(const ObjectType *type, const void *object);
void object_clear_field(const Field *field, void *object);
/* to's field becomes a deep copy of from's */
void object_copy_field(const Field *field, void *to, const void *from);
GPtrArray *object_list_new(const ObjectType *type); /* of a field, which frees them; the array does not */

/* questions */
const Field *object_field(const ObjectType *type, const char *name); /* NULL: unknown */
bool object_field_is_empty(const Field *field, const void *object);
bool object_field_equal(const Field *field, const void *a, const void *b);
bool object_equal(const ObjectType *type, const void *a, const void *b); /* every field; NULL equals NULL */
/* the known name nearest to a mistyped one, NULL when none is near (more than a third of it wrong) */
const char *object_nearest_field(const ObjectType *type, const char *name);

/* What a FIELD_SECRET string holds while its value is to stay as it is: `{kept: true}` of a text or a bus
 * dictionary. No rule accepts it as a value; config/secret.h puts the kept value back. */
#define SECRET_KEPT "\001kept"

/* where the field's value lies: FIELD_AT(const uint64_t, field, object) */
#define FIELD_AT(value_type, field, base) ((value_type *) (void *) ((char *) (base) + (field)->offset))

/* Makes noun_new(), noun_free(), noun_copy(), noun_equal(), noun_freep() and noun_free_item() over
 * `noun##_type`. */
#define DECLARE_OBJECT(Type, noun)                                                                          \
        extern const ObjectType noun##_type;                                                                \
        __attribute__((unused)) static inline Type *noun##_new(void) {                                      \
                return object_new(&noun##_type);                                                            \
        }                                                                                                   \
        __attribute__((unused)) static inline Type *noun##_free(Type *object) {                             \
                return object_free(&noun##_type, object);                                                   \
        }                                                                                                   \
        __attribute__((unused)) static inline Type *noun##_copy(const Type *object) {                       \
                return object_copy(&noun##_type, object);                                                   \
        }                                                                                                   \
        __attribute__((unused)) static inline bool noun##_equal(const Type *a, const Type *b) {             \
                return object_equal(&noun##_type, a, b);                                                    \
        }                                                                                                   \
        DEFINE_CLEANUP(Type, noun##_free)
