/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/dictionary.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/error.h"
#include "model/credential.h"

/* what a field's value must be, in words */
static const char *field_wants(const Field *field) {
        switch (field->type) {
        case FIELD_BOOL:
                return "a boolean (b)";
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_USEC:
        case FIELD_TIME:
                return "a whole number (t)";
        case FIELD_DURATION:
                return "a duration as text (s), such as \"30s\"";
        case FIELD_STRV:
                return "a list of texts (as)";
        default:
                return "a text (s)";
        }
}

static int wrong_type(const Field *field, const char *contents, sd_bus_error *reterr) {
        return bus_error_setf(
                        reterr,
                        BUS_ERROR_INVALID,
                        "%s: wants %s%s, not \"%s\".",
                        field->name,
                        field_wants(field),
                        field->flags & FIELD_CREDENTIAL ? ", {\"credential\": NAME} or {\"kept\": true}"
                        : field->flags & FIELD_SECRET   ? ", or {\"kept\": true}"
                                                        : "",
                        contents);
}

Dictionary *dictionary_free(Dictionary *dictionary) {
        if (!dictionary)
                return NULL;

        (void) object_free(dictionary->type, dictionary->object);
        g_ptr_array_unref(dictionary->fields);
        g_free(dictionary);
        return NULL;
}

/* ---- reading ---- */

/* A whole number of any integer type (y, n, q, i, u, x, t) within 0..INT64_MAX. -ENXIO: another type;
 * -ERANGE: out of range. */
static int read_whole(sd_bus_message *message, uint64_t *ret) {
        union {
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
        } basic = { 0 };
        int64_t value;
        char type;
        int r;

        r = sd_bus_message_peek_type(message, &type, NULL);
        if (r < 0)
                return r;
        if (r == 0 || !strchr("ynqiuxt", type))
                return -ENXIO;
        r = sd_bus_message_read_basic(message, type, &basic);
        if (r < 0)
                return r;

        value = type == 'y'   ? basic.y
                : type == 'n' ? basic.n
                : type == 'q' ? basic.q
                : type == 'i' ? basic.i
                : type == 'u' ? (int64_t) basic.u
                              : basic.x; /* t past INT64_MAX is negative here */
        if (value < 0)
                return -ERANGE;
        *ret = (uint64_t) value;
        return 0;
}

static int read_uint(sd_bus_message *m, const Field *field, void *object, sd_bus_error *reterr) {
        int r;

        r = read_whole(m, FIELD_AT(uint64_t, field, object));
        if (r == -ERANGE)
                return bus_error_setf(
                                reterr, BUS_ERROR_INVALID, "%s: out of range, 0 to 2^63-1.", field->name);
        return r;
}

static int read_bool(sd_bus_message *m, const Field *field, void *object) {
        int value, r;

        r = sd_bus_message_read_basic(m, 'b', &value);
        if (r < 0)
                return r;
        *FIELD_AT(bool, field, object) = value;
        return 0;
}

static int set_enum(const Field *field, void *object, const char *text, sd_bus_error *reterr) {
        int value = strtab_from_string(field->names, text);
        g_autoptr(GString) known = NULL;

        if (value >= 0) {
                *FIELD_AT(int, field, object) = value;
                return 0;
        }

        known = g_string_new(NULL);
        for (size_t i = 0; i < field->names->n; i++)
                g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", field->names->names[i]);
        return bus_error_setf(
                        reterr,
                        BUS_ERROR_INVALID,
                        "%s: \"%.64s\" is not one of %s.",
                        field->name,
                        text,
                        known->str);
}

static int set_duration(const Field *field, void *object, const char *text, sd_bus_error *reterr) {
        usec_t value = 0;

        if (*text && usec_from_duration(text, &value) < 0)
                return bus_error_setf(
                                reterr,
                                BUS_ERROR_INVALID,
                                "%s: \"%.64s\" is not a duration; write it like \"30s\" or \"1m30s\".",
                                field->name,
                                text);
        *FIELD_AT(usec_t, field, object) = value;
        return 0;
}

static int read_text(sd_bus_message *m, const Field *field, void *object, sd_bus_error *reterr) {
        size_t max = field->max > 0 ? field->max : DETAIL_MAX_BYTES;
        const char *text;
        int r;

        r = sd_bus_message_read_basic(m, 's', &text);
        if (r < 0)
                return r;
        if (field->type == FIELD_ENUM)
                return set_enum(field, object, text, reterr);
        if (field->type == FIELD_DURATION)
                return set_duration(field, object, text, reterr);
        if (strlen(text) > max)
                return bus_error_setf(
                                reterr, BUS_ERROR_INVALID, "%s: longer than %zu bytes.", field->name, max);

        object_clear_field(field, object);
        *FIELD_AT(char *, field, object) = g_strdup(text);
        return 0;
}

static int read_strv(sd_bus_message *m, const Field *field, void *object, sd_bus_error *reterr) {
        size_t max = field->max > 0 ? field->max : 1024;
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
        const char *text;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &text)) > 0) {
                if (texts->len >= max)
                        return bus_error_setf(
                                        reterr, BUS_ERROR_INVALID, "%s: more than %zu.", field->name, max);
                if (strlen(text) > DETAIL_MAX_BYTES)
                        return bus_error_setf(
                                        reterr,
                                        BUS_ERROR_INVALID,
                                        "%s: an entry is longer than %d bytes.",
                                        field->name,
                                        DETAIL_MAX_BYTES);
                g_ptr_array_add(texts, g_strdup(text));
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        g_ptr_array_add(texts, NULL);
        object_clear_field(field, object);
        *FIELD_AT(char **, field, object) = (char **) g_ptr_array_free(g_steal_pointer(&texts), FALSE);
        return 0;
}

static int wrong_mark(const Field *field, sd_bus_error *reterr) {
        return bus_error_setf(
                        reterr,
                        BUS_ERROR_INVALID,
                        "%s: wants a text (s)%s, or {\"kept\": true} to leave it as it is.",
                        field->name,
                        field->flags & FIELD_CREDENTIAL ? ", {\"credential\": NAME}" : "");
}

/* The one member of what stands for a secret, and its value as a variant. */
static int read_mark_member(sd_bus_message *m, const Field *field, bool *ret_kept, const char **ret_name) {
        const char *key, *contents;
        int r, kept = false;

        r = sd_bus_message_read_basic(m, 's', &key);
        if (r < 0)
                return r;
        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (strcmp(key, "kept") == 0 && strcmp(contents, "b") == 0)
                r = sd_bus_message_read(m, "v", "b", &kept);
        else if (field->flags & FIELD_CREDENTIAL && strcmp(key, "credential") == 0 &&
                 strcmp(contents, "s") == 0)
                r = sd_bus_message_read(m, "v", "s", ret_name);
        else
                r = sd_bus_message_skip(m, "v");
        *ret_kept = kept;
        return r;
}

/* {kept: true} or {credential: NAME}, and nothing else. *ret_name: NULL for the first */
static int read_mark(sd_bus_message *m, const Field *field, const char **ret_name, sd_bus_error *reterr) {
        const char *name = NULL;
        bool kept = false;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'e', "sv");
        if (r < 0)
                return r;
        if (r > 0) {
                r = read_mark_member(m, field, &kept, &name);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if ((!kept && !name) || sd_bus_message_at_end(m, false) == 0)
                return wrong_mark(field, reterr);
        *ret_name = name;
        return sd_bus_message_exit_container(m);
}

/* What stands for a secret instead of its text. */
static int read_secret_mark(
                sd_bus_message *m, const Field *field, unsigned flags, Dictionary *d, sd_bus_error *reterr) {
        const char *name = NULL;
        int r;

        r = read_mark(m, field, &name, reterr);
        if (r < 0)
                return r;
        if (name) {
                if (!credential_name_is_valid(name))
                        return bus_error_setf(
                                        reterr,
                                        BUS_ERROR_INVALID,
                                        "%s: no name of a credential; 1 to %d printable ASCII characters "
                                        "without : and /.",
                                        field->name,
                                        CREDENTIAL_NAME_MAX_BYTES);
                object_clear_field(field, d->object);
                *FIELD_AT(char *, field, d->object) = credential_mark(name);
                g_ptr_array_add(d->fields, (gpointer) field->name);
                return 0;
        }
        if (!(flags & DICTIONARY_EDIT))
                return bus_error_setf(
                                reterr,
                                BUS_ERROR_INVALID,
                                "%s: there is nothing to keep yet; give the value.",
                                field->name);
        return 0;
}

static int read_typed(sd_bus_message *m, const Field *field, void *object, sd_bus_error *reterr) {
        switch (field->type) {
        case FIELD_BOOL:
                return read_bool(m, field, object);
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_USEC:
        case FIELD_TIME:
                return read_uint(m, field, object, reterr);
        case FIELD_STRV:
                return read_strv(m, field, object, reterr);
        case FIELD_STRING:
        case FIELD_DURATION:
        case FIELD_ENUM:
                return read_text(m, field, object, reterr);
        default: /* no field that people may set has another type */
                return -EOPNOTSUPP;
        }
}

static bool type_fits(const Field *field, const char *contents) {
        switch (field->type) {
        case FIELD_BOOL:
                return strcmp(contents, "b") == 0;
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_USEC:
        case FIELD_TIME:
                return strlen(contents) == 1 && strchr("ynqiuxt", *contents);
        case FIELD_STRV:
                return strcmp(contents, "as") == 0;
        default:
                return strcmp(contents, "s") == 0;
        }
}

/* Reads the variant of one entry. */
static int
read_value(sd_bus_message *m, const Field *field, unsigned flags, Dictionary *d, sd_bus_error *reterr) {
        const char *contents;
        bool is_mark;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        is_mark = field->flags & FIELD_SECRET && strcmp(contents, "a{sv}") == 0;
        if (!is_mark && !type_fits(field, contents))
                return wrong_type(field, contents, reterr);

        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        if (is_mark)
                r = read_secret_mark(m, field, flags, d, reterr);
        else {
                r = read_typed(m, field, d->object, reterr);
                g_ptr_array_add(d->fields, (gpointer) field->name);
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

static int unknown_field(const ObjectType *type, const char *key, sd_bus_error *reterr) {
        const char *nearest = object_nearest_field(type, key);
        const char *article = strchr("aeiou", type->name[0]) ? "an" : "a";

        if (nearest)
                return bus_error_setf(
                                reterr,
                                BUS_ERROR_INVALID,
                                "%s: no such field of %s %s; did you mean \"%s\"?",
                                key,
                                article,
                                type->name,
                                nearest);
        return bus_error_setf(
                        reterr,
                        BUS_ERROR_INVALID,
                        "%.64s: no such field of %s %s.",
                        key,
                        article,
                        type->name);
}

static int read_revision(sd_bus_message *m, Dictionary *d, sd_bus_error *reterr) {
        static const Field revision = { .name = "revision", .type = FIELD_UINT };
        const char *contents;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (!type_fits(&revision, contents))
                return wrong_type(&revision, contents, reterr);
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        r = read_uint(m, &revision, &d->revision, reterr);
        if (r < 0)
                return r;
        if (d->revision == 0)
                return sd_bus_error_set(reterr, BUS_ERROR_INVALID, "revision: no object has revision 0.");
        return sd_bus_message_exit_container(m);
}

static int read_entry(sd_bus_message *m, Dictionary *d, unsigned flags, sd_bus_error *reterr) {
        const Field *field;
        const char *key;
        int r;

        r = sd_bus_message_read_basic(m, 's', &key);
        if (r < 0)
                return r;
        if (flags & DICTIONARY_EDIT && strcmp(key, "revision") == 0)
                return read_revision(m, d, reterr);

        field = object_field(d->type, key);
        if (!field || field->flags & FIELD_INTERNAL)
                return unknown_field(d->type, key, reterr);
        if (dictionary_has(d, key))
                return bus_error_setf(reterr, BUS_ERROR_INVALID, "%s: given twice.", key);
        return read_value(m, field, flags, d, reterr);
}

int dictionary_read(
                sd_bus_message *message,
                const ObjectType *type,
                unsigned flags,
                Dictionary **ret,
                sd_bus_error *reterr) {
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        int r;

        assert(message);
        assert(type);
        assert(ret);

        d = g_new0(Dictionary, 1);
        *d = (Dictionary){ .type = type, .object = object_new(type), .fields = g_ptr_array_new() };

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_entry(message, d, flags, reterr);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(d);
        return 0;
}

bool dictionary_has(const Dictionary *dictionary, const char *field) {
        assert(dictionary);

        for (unsigned i = 0; i < dictionary->fields->len; i++)
                if (strcmp(g_ptr_array_index(dictionary->fields, i), field) == 0)
                        return true;
        return false;
}

void dictionary_drop(Dictionary *dictionary, const char *field) {
        assert(dictionary);

        for (unsigned i = 0; i < dictionary->fields->len; i++)
                if (strcmp(g_ptr_array_index(dictionary->fields, i), field) == 0) {
                        g_ptr_array_remove_index(dictionary->fields, i);
                        return;
                }
}

/* ---- writing ---- */

static int append_secret(sd_bus_message *reply, const Field *field, const char *value) {
        const char *credential = field->flags & FIELD_CREDENTIAL ? credential_of(value) : NULL;

        if (credential)
                return sd_bus_message_append(
                                reply, "{sv}", field->name, "a{sv}", 1, "credential", "s", credential);
        return sd_bus_message_append(reply, "{sv}", field->name, "a{sv}", 1, "kept", "b", 1);
}

static int append_rows(sd_bus_message *reply, const Field *field, const GPtrArray *list) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (unsigned i = 0; r >= 0 && list && i < list->len; i++)
                r = dictionary_append_row(reply, field->object, g_ptr_array_index(list, i));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_list(sd_bus_message *reply, const Field *field, const GPtrArray *list) {
        int r;

        r = dictionary_open(reply, field->name, "aa{sv}");
        if (r >= 0)
                r = append_rows(reply, field, list);
        return r < 0 ? r : dictionary_close(reply);
}

static int append_field(sd_bus_message *reply, const Field *field, const void *object) {
        switch (field->type) {
        case FIELD_STRING:
                if (field->flags & FIELD_SECRET)
                        return append_secret(reply, field, *FIELD_AT(char *const, field, object));
                return dictionary_append_string(reply, field->name, *FIELD_AT(char *const, field, object));
        case FIELD_BOOL:
                return dictionary_append_bool(reply, field->name, *FIELD_AT(const bool, field, object));
        case FIELD_UINT:
        case FIELD_INT:
        case FIELD_USEC:
        case FIELD_TIME:
                return dictionary_append_uint(reply, field->name, *FIELD_AT(const uint64_t, field, object));
        case FIELD_DURATION:
                return dictionary_append_duration(
                                reply, field->name, *FIELD_AT(const usec_t, field, object));
        case FIELD_ENUM:
                return dictionary_append_string(
                                reply,
                                field->name,
                                strtab_to_string(field->names, *FIELD_AT(const int, field, object)));
        case FIELD_STRV:
                return dictionary_append_strv(reply, field->name, *FIELD_AT(char **const, field, object));
        case FIELD_LIST:
                return append_list(reply, field, *FIELD_AT(GPtrArray *const, field, object));
        default: /* no field that people may see has another type */
                return 0;
        }
}

int dictionary_append(sd_bus_message *reply, const ObjectType *type, const void *object) {
        assert(reply);
        assert(type);
        assert(object);

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                int r;

                if (field->type == FIELD_EXTRA || field->flags & FIELD_INTERNAL)
                        continue;
                /* a row always has what a person would look for; the rest only where there is something */
                if (field->type != FIELD_BOOL && field->type != FIELD_ENUM && field->type != FIELD_LIST &&
                    object_field_is_empty(field, object))
                        continue;
                r = append_field(reply, field, object);
                if (r < 0)
                        return r;
        }
        return 0;
}

int dictionary_append_row(sd_bus_message *reply, const ObjectType *type, const void *object) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = dictionary_append(reply, type, object);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int dictionary_append_string(sd_bus_message *reply, const char *key, const char *value) {
        return sd_bus_message_append(reply, "{sv}", key, "s", value ?: "");
}

int dictionary_append_uint(sd_bus_message *reply, const char *key, uint64_t value) {
        return sd_bus_message_append(reply, "{sv}", key, "t", value);
}

int dictionary_append_u32(sd_bus_message *reply, const char *key, uint64_t value) {
        return sd_bus_message_append(reply, "{sv}", key, "u", (uint32_t) MIN(value, UINT32_MAX));
}

int dictionary_append_bool(sd_bus_message *reply, const char *key, bool value) {
        return sd_bus_message_append(reply, "{sv}", key, "b", (int) value);
}

int dictionary_append_strv(sd_bus_message *reply, const char *key, char *const *value) {
        int r;

        r = dictionary_open(reply, key, "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, (char **) value);
        return r < 0 ? r : dictionary_close(reply);
}

int dictionary_append_duration(sd_bus_message *reply, const char *key, usec_t value) {
        g_autofree char *text = usec_to_duration(value);

        return dictionary_append_string(reply, key, text);
}

int dictionary_open(sd_bus_message *reply, const char *key, const char *type) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(reply, 's', key);
        return r < 0 ? r : sd_bus_message_open_container(reply, 'v', type);
}

int dictionary_close(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
