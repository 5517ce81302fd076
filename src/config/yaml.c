/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree -> an object, by its table of fields: all or nothing, the first complaint wins. */
#include "config/yaml.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "config/scalar.h"
#include "config/tree.h"
#include "config/unknown.h"
#include "model/credential.h"

#define ELEMENTS_DEFAULT_MAX 1024 /* of a list whose field names no limit, as model/field.h says */

typedef struct Decoder {
        YamlFlags flags;
        GPtrArray *warnings;
        GString *path; /* of the value at hand */
        Complaint **reterr;
} Decoder;

static int refuse(Decoder *decoder, const Tree *at, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int refuse(Decoder *decoder, const Tree *at, const char *format, ...) {
        va_list args;

        va_start(args, format);
        *decoder->reterr = complaint_new(
                        at->line, at->column, decoder->path->str, g_strdup_vprintf(format, args));
        va_end(args);
        return -EBADMSG;
}

/* A warning where the original took the value (YAML_LAX), else a refusal. */
static int refuse_strictly(Decoder *decoder, const Tree *at, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int refuse_strictly(Decoder *decoder, const Tree *at, const char *format, ...) {
        Complaint *complaint;
        va_list args;

        va_start(args, format);
        complaint = complaint_new(at->line, at->column, decoder->path->str, g_strdup_vprintf(format, args));
        va_end(args);

        if (!(decoder->flags & YAML_LAX)) {
                *decoder->reterr = complaint;
                return -EBADMSG;
        }
        if (decoder->warnings)
                g_ptr_array_add(decoder->warnings, complaint);
        else
                complaint_free(complaint);
        return 0;
}

static size_t path_push(Decoder *decoder, const char *name) {
        size_t mark = decoder->path->len;

        g_string_append_printf(decoder->path, "%s%s", mark > 0 ? "." : "", name);
        return mark;
}

static size_t path_push_index(Decoder *decoder, unsigned index) {
        size_t mark = decoder->path->len;

        g_string_append_printf(decoder->path, "[%u]", index);
        return mark;
}

static const char *kind_to_text(const Tree *tree) {
        static const char *const texts[] = { "a plain value", "a list", "a mapping" };

        return texts[tree->kind];
}

static int want_scalar(Decoder *decoder, const Tree *tree, const char *what) {
        if (tree->kind == TREE_SCALAR)
                return 0;
        return refuse(decoder, tree, "%s was found where %s belongs", kind_to_text(tree), what);
}

/* `{kept: true}` */
static bool is_kept_mark(const Tree *tree) {
        bool kept = false;

        return tree->kind == TREE_MAPPING && tree_n_pairs(tree) == 1 &&
               strcmp(tree_key(tree, 0)->text, "kept") == 0 && tree_value(tree, 0)->kind == TREE_SCALAR &&
               scalar_to_bool(tree_value(tree, 0)->text, &kept) >= 0 && kept;
}

/* `{credential: NAME}` */
static bool is_credential(const Tree *tree) {
        return tree->kind == TREE_MAPPING && tree_n_pairs(tree) == 1 &&
               strcmp(tree_key(tree, 0)->text, "credential") == 0 &&
               tree_value(tree, 0)->kind == TREE_SCALAR;
}

static int decode_credential(Decoder *decoder, const Tree *name, char **ret) {
        if (!credential_name_is_valid(name->text))
                return refuse(decoder,
                              name,
                              "no name of a credential; 1 to %d printable ASCII characters without : and /",
                              CREDENTIAL_NAME_MAX_BYTES);
        *ret = credential_mark(name->text);
        return 0;
}

static int decode_string(Decoder *decoder, const Field *field, const Tree *tree, char **ret) {
        size_t max = field->max > 0 ? field->max : DETAIL_MAX_BYTES, length;
        int r;

        if (field->flags & FIELD_SECRET && is_kept_mark(tree)) {
                *ret = g_strdup(SECRET_KEPT);
                return 0;
        }
        if (field->flags & FIELD_CREDENTIAL && is_credential(tree))
                return decode_credential(decoder, tree_value(tree, 0), ret);
        r = want_scalar(decoder,
                        tree,
                        field->flags & FIELD_CREDENTIAL ? "a text (or {credential: NAME}, {kept: true})"
                        : field->flags & FIELD_SECRET   ? "a text (or {kept: true})"
                                                        : "a text");
        if (r < 0)
                return r;

        length = strlen(tree->text);
        if (length > max) {
                r = refuse_strictly(decoder, tree, "%zu bytes long; at most %zu are allowed", length, max);
                if (r < 0)
                        return r;
                length = (size_t) (g_utf8_find_prev_char(tree->text, tree->text + max + 1) - tree->text);
        }
        *ret = tree_is_null(tree) ? NULL : g_strndup(tree->text, length);
        return 0;
}

static int decode_bool(Decoder *decoder, const Tree *tree, bool *ret) {
        int r = want_scalar(decoder, tree, "true or false");

        if (r < 0)
                return r;
        if (scalar_to_bool(tree->text, ret) < 0)
                return refuse(decoder, tree, "\"%.64s\" is neither true nor false", tree->text);
        return 0;
}

static int decode_integer(Decoder *decoder, const Tree *tree, int64_t min, int64_t *ret) {
        gint64 value;
        int r = want_scalar(decoder, tree, "a number");

        if (r < 0)
                return r;
        if (!g_ascii_string_to_signed(tree->text, 10, INT64_MIN, INT64_MAX, &value, NULL))
                return refuse(decoder, tree, "\"%.64s\" is not a whole number", tree->text);
        if (value < min) {
                r = refuse_strictly(
                                decoder, tree, "%.64s is negative; the default is meant by 0", tree->text);
                if (r < 0)
                        return r;
                value = 0;
        }
        *ret = value;
        return 0;
}

static int decode_uint(Decoder *decoder, const Tree *tree, uint64_t *ret) {
        int64_t value = 0;
        int r = decode_integer(decoder, tree, /* min= */ 0, &value);

        if (r >= 0)
                *ret = (uint64_t) value;
        return r;
}

static int decode_duration(Decoder *decoder, const Tree *tree, usec_t *ret) {
        usec_t value = 0;
        int r = want_scalar(decoder, tree, "a duration such as 30s");

        if (r < 0)
                return r;

        r = usec_from_duration(tree->text, &value);
        if (r == -ERANGE && tree->text[0] == '-') {
                r =
                                refuse_strictly(decoder,
                                                tree,
                                                "\"%.64s\" is negative; leave the field out for the default",
                                                tree->text);
                if (r < 0)
                        return r;
        } else if (r == -ERANGE)
                return refuse(decoder, tree, "\"%.64s\" is longer than 292 years", tree->text);
        else if (r < 0)
                return refuse(decoder,
                              tree,
                              "\"%.64s\" is not a duration; write a number with its unit, such as 30s, "
                              "1m30s or 250ms",
                              tree->text);
        else if (value == 0 && strpbrk(tree->text, "123456789"))
                value = 1; /* shorter than a microsecond, but not the default that 0 means */

        *ret = value;
        return 0;
}

static int decode_time(Decoder *decoder, const Tree *tree, usec_t *ret) {
        int r = want_scalar(decoder, tree, "a time");

        if (r < 0)
                return r;
        *ret = 0;
        if (g_str_has_prefix(tree->text, "0001-01-01T00:00:00")) /* Go's word for no time */
                return 0;
        if (usec_from_rfc3339(tree->text, ret) < 0)
                return refuse_strictly(
                                decoder,
                                tree,
                                "\"%.64s\" is not a time of RFC 3339 such as 2026-05-12T15:01:32Z",
                                tree->text);
        return 0;
}

static char *names_to_text(const StrTab *names) {
        g_autoptr(GString) s = g_string_new(NULL);

        for (size_t i = 0; i < names->n; i++)
                g_string_append_printf(
                                s,
                                "%s%s",
                                i == 0             ? ""
                                : i + 1 < names->n ? ", "
                                                   : " or ",
                                names->names[i]);
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}

static int decode_enum(Decoder *decoder, const Field *field, const Tree *tree, int *ret) {
        g_autofree char *known = names_to_text(field->names);
        int value, r;

        r = want_scalar(decoder, tree, known);
        if (r < 0)
                return r;
        value = strtab_from_string(field->names, tree->text);
        if (value < 0 && !(decoder->flags & YAML_LAX))
                return refuse(decoder, tree, "\"%.64s\" is not one of %s", tree->text, known);
        *ret = MAX(value, -1);
        return 0;
}

static int want_list(Decoder *decoder, const Field *field, const Tree *tree) {
        size_t max = field->max > 0 ? field->max : ELEMENTS_DEFAULT_MAX;

        if (tree->kind != TREE_SEQUENCE)
                return refuse(decoder, tree, "%s was found where a list belongs", kind_to_text(tree));
        if (tree->items->len > max)
                return refuse(decoder, tree, "%u entries; at most %zu are allowed", tree->items->len, max);
        return 0;
}

static int decode_strv(Decoder *decoder, const Field *field, const Tree *tree, char ***ret) {
        /* an element has the length of any text that names no limit of its own */
        static const Field element = { .name = "", .type = FIELD_STRING };
        g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
        int r;

        r = want_list(decoder, field, tree);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < tree->items->len; i++) {
                size_t mark = path_push_index(decoder, i);
                g_autofree char *text = NULL;

                r = decode_string(decoder, &element, g_ptr_array_index(tree->items, i), &text);
                if (r < 0)
                        return r;
                g_strv_builder_add(builder, text ?: "");
                g_string_truncate(decoder->path, mark);
        }
        *ret = g_strv_builder_end(builder);
        return 0;
}

static int decode_object(Decoder *decoder, const ObjectType *type, const Tree *tree, void **ret);

static int decode_list(Decoder *decoder, const Field *field, const Tree *tree, GPtrArray **list) {
        int r;

        r = want_list(decoder, field, tree);
        if (r < 0)
                return r;
        *list = object_list_new(field->object);
        for (unsigned i = 0; i < tree->items->len; i++) {
                size_t mark = path_push_index(decoder, i);
                void *object = NULL;

                r = decode_object(decoder, field->object, g_ptr_array_index(tree->items, i), &object);
                if (r < 0)
                        return r;
                g_ptr_array_add(*list, object);
                g_string_truncate(decoder->path, mark);
        }
        return 0;
}

/* Into an object that is freed as a whole when this fails. */
static int decode_field(Decoder *decoder, const Field *field, const Tree *tree, void *object) {
        if (tree_is_null(tree))
                return 0;

        switch (field->type) {
        case FIELD_STRING:
                return decode_string(decoder, field, tree, FIELD_AT(char *, field, object));
        case FIELD_BOOL:
                return decode_bool(decoder, tree, FIELD_AT(bool, field, object));
        case FIELD_UINT:
        case FIELD_USEC:
                return decode_uint(decoder, tree, FIELD_AT(uint64_t, field, object));
        case FIELD_INT:
                return decode_integer(decoder, tree, INT64_MIN, FIELD_AT(int64_t, field, object));
        case FIELD_DURATION:
                return decode_duration(decoder, tree, FIELD_AT(usec_t, field, object));
        case FIELD_TIME:
                return decode_time(decoder, tree, FIELD_AT(usec_t, field, object));
        case FIELD_ENUM:
                return decode_enum(decoder, field, tree, FIELD_AT(int, field, object));
        case FIELD_STRV:
                return decode_strv(decoder, field, tree, FIELD_AT(char **, field, object));
        case FIELD_OBJECT:
                return decode_object(decoder, field->object, tree, FIELD_AT(void *, field, object));
        case FIELD_LIST:
                return decode_list(decoder, field, tree, FIELD_AT(GPtrArray *, field, object));
        case FIELD_JSON:
                *FIELD_AT(char *, field, object) = unknown_value_to_json(tree);
                return 0;
        case FIELD_EXTRA:
                break; /* never found by name */
        }
        return 0;
}

static const Field *extra_field(const ObjectType *type) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (type->fields[i].type == FIELD_EXTRA)
                        return &type->fields[i];
        return NULL;
}

static int
take_unknown(Decoder *decoder,
             const ObjectType *type,
             const Tree *key,
             const Tree *value,
             Unknown *unknown) {
        const char *nearest;

        if (decoder->flags & YAML_KEEP_UNKNOWN && extra_field(type)) {
                unknown_add(unknown, key->text, value);
                return 0;
        }
        nearest = object_nearest_field(type, key->text);
        if (nearest)
                return refuse_strictly(decoder, key, "no such field; is \"%s\" meant?", nearest);
        return refuse_strictly(decoder, key, "no such field");
}

static int
put_extra(Decoder *decoder, const ObjectType *type, const Tree *tree, Unknown *unknown, void *object) {
        const Field *field = extra_field(type);
        g_autofree char *json = unknown_to_json(unknown);

        if (!json)
                return 0;
        if (strlen(json) > field->max)
                return refuse(decoder, tree, "unknown fields of more than %zu bytes", field->max);
        *FIELD_AT(char *, field, object) = g_steal_pointer(&json);
        return 0;
}

static int decode_pairs(Decoder *decoder, const ObjectType *type, const Tree *tree, void *object) {
        _cleanup_(unknown_freep) Unknown *unknown = unknown_new();
        int r;

        for (size_t i = 0; i < tree_n_pairs(tree); i++) {
                const Tree *key = tree_key(tree, i), *value = tree_value(tree, i);
                const Field *field = object_field(type, key->text);
                size_t mark = path_push(decoder, key->text);

                if (!field || field->flags & FIELD_INTERNAL)
                        r = take_unknown(decoder, type, key, value, unknown);
                else
                        r = decode_field(decoder, field, value, object);
                if (r < 0)
                        return r;
                g_string_truncate(decoder->path, mark);
        }
        return put_extra(decoder, type, tree, unknown, object);
}

/* An enumeration has no empty value, so that its absence is told apart in the text, not in the object. */
static bool is_missing(const Field *field, const Tree *tree, const void *object) {
        if (field->type != FIELD_ENUM)
                return object_field_is_empty(field, object);
        for (size_t i = 0; i < tree_n_pairs(tree); i++)
                if (strcmp(tree_key(tree, i)->text, field->name) == 0)
                        return tree_is_null(tree_value(tree, i));
        return true;
}

static int check_required(Decoder *decoder, const ObjectType *type, const Tree *tree, void *object) {
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                g_autofree char *known = NULL;

                if (!(field->flags & FIELD_REQUIRED) || !is_missing(field, tree, object))
                        continue;
                if (field->type == FIELD_ENUM && decoder->flags & YAML_LAX) {
                        *FIELD_AT(int, field, object) = -1;
                        continue;
                }
                (void) path_push(decoder, field->name);
                if (field->type != FIELD_ENUM)
                        return refuse(decoder, tree, "missing; every %s needs it", type->name);
                known = names_to_text(field->names);
                return refuse(decoder, tree, "missing; would be %s", known);
        }
        return 0;
}

static int decode_object(Decoder *decoder, const ObjectType *type, const Tree *tree, void **ret) {
        void *object;
        int r;

        if (tree->kind != TREE_MAPPING)
                return refuse(decoder,
                              tree,
                              "%s was found where the fields of one %s belong",
                              kind_to_text(tree),
                              type->name);

        object = object_new(type);
        r = decode_pairs(decoder, type, tree, object);
        if (r >= 0)
                r = check_required(decoder, type, tree, object);
        if (r < 0) {
                (void) object_free(type, object);
                return r;
        }
        *ret = object;
        return 0;
}

int yaml_parse(const ObjectType *type,
               const char *text,
               size_t size,
               YamlFlags flags,
               void **ret,
               GPtrArray *warnings,
               Complaint **reterr) {
        g_autoptr(GString) path = g_string_new(NULL);
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        Decoder decoder = { .flags = flags, .warnings = warnings, .path = path, .reterr = &complaint };
        _cleanup_(tree_freep) Tree *tree = NULL;
        int r;

        assert(type);
        assert(ret);

        r = tree_parse(text, size, &tree, &complaint);
        if (r >= 0 && tree_is_null(tree)) {
                /* nothing but comments: no field is there */
                g_autoptr(GPtrArray) items = g_ptr_array_new();
                const Tree empty = { .kind = TREE_MAPPING, .line = 1, .column = 1, .items = items };

                r = decode_object(&decoder, type, &empty, ret);
        } else if (r >= 0)
                r = decode_object(&decoder, type, tree, ret);
        if (r < 0 && reterr)
                *reterr = TAKE_PTR(complaint);
        return r;
}

static void locate(Complaint *complaint, const Tree *tree) {
        const Tree *at = complaint->line == 0 && complaint->field ? tree_find(tree, complaint->field) : NULL;

        if (!at)
                return;
        complaint->line = at->line;
        complaint->column = at->column;
}

void yaml_locate(GPtrArray *complaints, const char *text, size_t size) {
        _cleanup_(complaint_freep) Complaint *ignored = NULL;
        _cleanup_(tree_freep) Tree *tree = NULL;

        assert(complaints);

        if (complaints->len == 0 || tree_parse(text, size, &tree, &ignored) < 0)
                return;
        for (unsigned i = 0; i < complaints->len; i++)
                locate(g_ptr_array_index(complaints, i), tree);
}

void yaml_locate_one(Complaint *complaint, const char *text, size_t size) {
        g_autoptr(GPtrArray) one = g_ptr_array_new();

        g_ptr_array_add(one, complaint);
        yaml_locate(one, text, size);
}
