/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/field.h"

#include <assert.h>
#include <string.h>

void *object_new(const ObjectType *type) {
        assert(type);
        return g_malloc0(type->size);
}

void object_clear_field(const Field *field, void *object) {
        assert(field);
        assert(object);

        switch (field->type) {
        case FIELD_STRING:
        case FIELD_JSON:
        case FIELD_EXTRA:
                g_clear_pointer(FIELD_AT(char *, field, object), g_free);
                break;
        case FIELD_BOOL:
                *FIELD_AT(bool, field, object) = false;
                break;
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_DURATION:
        case FIELD_USEC:
        case FIELD_TIME:
                *FIELD_AT(uint64_t, field, object) = 0;
                break;
        case FIELD_ENUM:
                *FIELD_AT(int, field, object) = 0;
                break;
        case FIELD_STRV:
                g_clear_pointer(FIELD_AT(char **, field, object), g_strfreev);
                break;
        case FIELD_OBJECT: {
                void **child = FIELD_AT(void *, field, object);

                *child = object_free(field->object, *child);
                break;
        }
        case FIELD_LIST: {
                GPtrArray **list = FIELD_AT(GPtrArray *, field, object);

                for (unsigned i = 0; *list && i < (*list)->len; i++)
                        (void) object_free(field->object, g_ptr_array_index(*list, i));
                if (*list) {
                        g_ptr_array_set_free_func(*list, NULL);
                        g_ptr_array_unref(*list);
                        *list = NULL;
                }
                break;
        }
        }
}

void *object_free(const ObjectType *type, void *object) {
        assert(type);

        for (size_t i = 0; object && i < type->n_fields; i++)
                object_clear_field(&type->fields[i], object);
        g_free(object);
        return NULL;
}

GPtrArray *object_list_new(const ObjectType *type) {
        /* the element's type is known to the field that owns the list, which frees the elements */
        (void) type;
        return g_ptr_array_new();
}

static GPtrArray *object_list_copy(const ObjectType *type, const GPtrArray *list) {
        GPtrArray *copy;

        if (!list)
                return NULL;
        copy = g_ptr_array_sized_new(list->len);
        for (unsigned i = 0; i < list->len; i++)
                g_ptr_array_add(copy, object_copy(type, g_ptr_array_index(list, i)));
        return copy;
}

void object_copy_field(const Field *field, void *to, const void *from) {
        assert(field);
        assert(to);
        assert(from);

        if (to == from)
                return;
        object_clear_field(field, to);

        switch (field->type) {
        case FIELD_STRING:
        case FIELD_JSON:
        case FIELD_EXTRA:
                *FIELD_AT(char *, field, to) = g_strdup(*FIELD_AT(char *const, field, from));
                break;
        case FIELD_BOOL:
                *FIELD_AT(bool, field, to) = *FIELD_AT(const bool, field, from);
                break;
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_DURATION:
        case FIELD_USEC:
        case FIELD_TIME:
                *FIELD_AT(uint64_t, field, to) = *FIELD_AT(const uint64_t, field, from);
                break;
        case FIELD_ENUM:
                *FIELD_AT(int, field, to) = *FIELD_AT(const int, field, from);
                break;
        case FIELD_STRV:
                *FIELD_AT(char **, field, to) = g_strdupv(*FIELD_AT(char **const, field, from));
                break;
        case FIELD_OBJECT:
                *FIELD_AT(void *, field, to) =
                                object_copy(field->object, *FIELD_AT(void *const, field, from));
                break;
        case FIELD_LIST:
                *FIELD_AT(GPtrArray *, field, to) =
                                object_list_copy(field->object, *FIELD_AT(GPtrArray *const, field, from));
                break;
        }
}

void *object_copy(const ObjectType *type, const void *object) {
        void *copy;

        assert(type);

        if (!object)
                return NULL;
        copy = object_new(type);
        for (size_t i = 0; i < type->n_fields; i++)
                object_copy_field(&type->fields[i], copy, object);
        return copy;
}

const Field *object_field(const ObjectType *type, const char *name) {
        assert(type);
        assert(name);

        for (size_t i = 0; i < type->n_fields; i++)
                if (type->fields[i].type != FIELD_EXTRA && strcmp(type->fields[i].name, name) == 0)
                        return &type->fields[i];
        return NULL;
}

bool object_field_is_empty(const Field *field, const void *object) {
        switch (field->type) {
        case FIELD_STRING:
        case FIELD_JSON:
        case FIELD_EXTRA: {
                const char *text = *FIELD_AT(char *const, field, object);

                return !text || !*text;
        }
        case FIELD_BOOL:
                return !*FIELD_AT(const bool, field, object);
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_DURATION:
        case FIELD_USEC:
        case FIELD_TIME:
                return *FIELD_AT(const uint64_t, field, object) == 0;
        case FIELD_ENUM:
                return *FIELD_AT(const int, field, object) == 0;
        case FIELD_STRV: {
                char *const *strv = *FIELD_AT(char **const, field, object);

                return !strv || !strv[0];
        }
        case FIELD_OBJECT:
                return !*FIELD_AT(void *const, field, object);
        case FIELD_LIST: {
                const GPtrArray *list = *FIELD_AT(GPtrArray *const, field, object);

                return !list || list->len == 0;
        }
        }
        return true;
}

static bool list_equal(const ObjectType *type, const GPtrArray *a, const GPtrArray *b) {
        unsigned n_a = a ? a->len : 0, n_b = b ? b->len : 0;

        if (n_a != n_b)
                return false;
        for (unsigned i = 0; i < n_a; i++)
                if (!object_equal(type, g_ptr_array_index(a, i), g_ptr_array_index(b, i)))
                        return false;
        return true;
}

bool object_field_equal(const Field *field, const void *a, const void *b) {
        bool empty_a = object_field_is_empty(field, a), empty_b = object_field_is_empty(field, b);

        if (empty_a || empty_b)
                return empty_a == empty_b;

        switch (field->type) {
        case FIELD_STRING:
        case FIELD_JSON:
        case FIELD_EXTRA:
                return strcmp(*FIELD_AT(char *const, field, a), *FIELD_AT(char *const, field, b)) == 0;
        case FIELD_BOOL:
                return *FIELD_AT(const bool, field, a) == *FIELD_AT(const bool, field, b);
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_DURATION:
        case FIELD_USEC:
        case FIELD_TIME:
                return *FIELD_AT(const uint64_t, field, a) == *FIELD_AT(const uint64_t, field, b);
        case FIELD_ENUM:
                return *FIELD_AT(const int, field, a) == *FIELD_AT(const int, field, b);
        case FIELD_STRV:
                return g_strv_equal(
                                (const char *const *) *FIELD_AT(char **const, field, a),
                                (const char *const *) *FIELD_AT(char **const, field, b));
        case FIELD_OBJECT:
                return object_equal(
                                field->object,
                                *FIELD_AT(void *const, field, a),
                                *FIELD_AT(void *const, field, b));
        case FIELD_LIST:
                return list_equal(
                                field->object,
                                *FIELD_AT(GPtrArray *const, field, a),
                                *FIELD_AT(GPtrArray *const, field, b));
        }
        return false;
}

bool object_equal(const ObjectType *type, const void *a, const void *b) {
        assert(type);

        if (!a || !b)
                return a == b;
        for (size_t i = 0; i < type->n_fields; i++)
                if (!object_field_equal(&type->fields[i], a, b))
                        return false;
        return true;
}

/* Levenshtein's distance, one row at a time; names are short */
static size_t distance(const char *a, const char *b) {
        size_t n = strlen(b);
        g_autofree size_t *row = g_new(size_t, n + 1);

        for (size_t j = 0; j <= n; j++)
                row[j] = j;
        for (size_t i = 0; a[i]; i++) {
                size_t diagonal = row[0];

                row[0] = i + 1;
                for (size_t j = 0; j < n; j++) {
                        size_t replace = diagonal + (a[i] != b[j]);

                        diagonal = row[j + 1];
                        row[j + 1] = MIN(replace, MIN(row[j], row[j + 1]) + 1);
                }
        }
        return row[n];
}

const char *object_nearest_field(const ObjectType *type, const char *name) {
        const char *nearest = NULL;
        size_t best;

        assert(type);
        assert(name);

        if (strlen(name) > 64) /* nobody mistypes that; keeps the row small */
                return NULL;

        best = strlen(name) / 3 + 1;
        for (size_t i = 0; i < type->n_fields; i++) {
                size_t d;

                if (type->fields[i].type == FIELD_EXTRA || type->fields[i].flags & FIELD_INTERNAL)
                        continue;
                d = distance(name, type->fields[i].name);
                if (d <= best && (!nearest || d < best)) {
                        best = d;
                        nearest = type->fields[i].name;
                }
        }
        return nearest;
}
