/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON -> objects, in the one pass that also guards the bytes: no tree in between. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "model/credential.h"
#include "wire/codec.h"
#include "wire/scan.h"

/* Where we are, for messages; lives on the stack and is written out only when something is wrong. */
typedef struct Place {
        const struct Place *parent;
        const char *name; /* NULL: an element of a list */
        size_t index;
} Place;

typedef struct Decoder {
        Scan scan;
        char *text; /* the sentence, once something is wrong */
} Decoder;

static int decode_object(Decoder *decoder, const ObjectType *type, const Place *place, void **ret);

static void append_place(GString *s, const Place *place) {
        if (place->parent)
                append_place(s, place->parent);
        if (!place->name)
                g_string_append_printf(s, "[%zu]", place->index);
        else
                g_string_append_printf(s, "%s%s", place->parent ? "." : "", place->name);
}

static int complain(Decoder *decoder, const Place *place, const char *format, ...) G_GNUC_PRINTF(3, 4);

static int complain(Decoder *decoder, const Place *place, const char *format, ...) {
        GString *s = g_string_new(NULL);
        va_list ap;

        append_place(s, place);
        g_string_append(s, ": ");
        va_start(ap, format);
        g_string_append_vprintf(s, format, ap);
        va_end(ap);

        g_free(decoder->text);
        decoder->text = g_string_free(s, /* free_segment= */ FALSE);
        return -EBADMSG;
}

static int complain_syntax(Decoder *decoder, const Place *place) {
        return complain(decoder,
                        place,
                        "not JSON at byte %zu: %s",
                        (size_t) (decoder->scan.p - decoder->scan.start),
                        decoder->scan.error);
}

static size_t limit_of(const Field *field) {
        if (field->max > 0)
                return field->max;
        return field->type == FIELD_STRV || field->type == FIELD_LIST ? 1024 : DETAIL_MAX_BYTES;
}

static int decode_text(Decoder *decoder, const Place *place, size_t limit, char **ret) {
        g_autofree char *value = NULL;
        ScanText text;
        size_t size;
        int r;

        if (scan_peek(&decoder->scan) != '"')
                return complain(decoder, place, "not a text");
        r = scan_string(&decoder->scan, &text);
        if (r < 0)
                return complain_syntax(decoder, place);

        value = scan_text_value(&text, &size);
        if (size > limit)
                return complain(decoder, place, "longer than %zu bytes", limit);

        *ret = g_steal_pointer(&value);
        return 0;
}

/* {"credential": NAME} and nothing else */
static int decode_credential(Decoder *decoder, const Place *place, char **ret) {
        Place member = { .parent = place, .name = "credential" };
        g_autofree char *name = NULL;
        size_t n_members = 0;
        bool first = true;
        int r;

        if (scan_enter(&decoder->scan, '{') < 0)
                return complain_syntax(decoder, place);
        while ((r = scan_next(&decoder->scan, '}', &first)) > 0) {
                ScanText key;

                if (scan_name(&decoder->scan, &key) < 0)
                        return complain_syntax(decoder, place);
                if (n_members++ > 0 || key.size != strlen(member.name) ||
                    memcmp(key.text, member.name, key.size) != 0)
                        return complain(decoder, place, "neither a text nor {\"credential\": NAME}");
                r = decode_text(decoder, &member, CREDENTIAL_NAME_MAX_BYTES, &name);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return complain_syntax(decoder, place);
        if (!credential_name_is_valid(name))
                return complain(decoder, &member, "no name of a credential");

        *ret = credential_mark(name);
        return 0;
}

static int decode_integer(Decoder *decoder, const Place *place, int64_t minimum, int64_t *ret) {
        char c = scan_peek(&decoder->scan);
        int64_t value;
        int r;

        if (c != '-' && !g_ascii_isdigit(c))
                return complain(decoder, place, "not a number");
        r = scan_integer(&decoder->scan, &value);
        if (r < 0)
                return complain_syntax(decoder, place);
        if (value < minimum)
                return complain(decoder, place, "negative");

        *ret = value;
        return 0;
}

static int decode_bool(Decoder *decoder, const Place *place, bool *ret) {
        char c = scan_peek(&decoder->scan);

        if (c != 't' && c != 'f')
                return complain(decoder, place, "neither true nor false");
        if (scan_literal(&decoder->scan, c == 't' ? "true" : "false") < 0)
                return complain_syntax(decoder, place);
        *ret = c == 't';
        return 0;
}

static int decode_duration(Decoder *decoder, const Place *place, usec_t *ret) {
        g_autofree char *text = NULL;
        int r;

        r = decode_text(decoder, place, DETAIL_MAX_BYTES, &text);
        if (r < 0)
                return r;
        if (usec_from_duration(text, ret) < 0)
                return complain(decoder, place, "not a duration");
        return 0;
}

static int decode_time(Decoder *decoder, const Place *place, usec_t *ret) {
        g_autofree char *text = NULL;
        int r;

        r = decode_text(decoder, place, DETAIL_MAX_BYTES, &text);
        if (r < 0)
                return r;
        if (usec_from_rfc3339(text, ret) < 0)
                return complain(decoder, place, "not an RFC 3339 time");
        return 0;
}

static int decode_enum(Decoder *decoder, const Place *place, const Field *field, int *ret) {
        g_autofree char *text = NULL;
        int value, r;

        r = decode_text(decoder, place, DETAIL_MAX_BYTES, &text);
        if (r < 0)
                return r;

        value = strtab_from_string(field->names, text);
        if (value < 0) {
                g_autoptr(GString) names = g_string_new(NULL);

                for (size_t i = 0; i < field->names->n; i++)
                        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", field->names->names[i]);
                return complain(decoder, place, "none of %s", names->str);
        }
        *ret = value;
        return 0;
}

static int decode_strv(Decoder *decoder, const Place *place, const Field *field, char ***ret) {
        g_autoptr(GPtrArray) array = g_ptr_array_new_with_free_func(g_free);
        bool first = true;
        int r;

        if (scan_peek(&decoder->scan) != '[')
                return complain(decoder, place, "not a list");
        if (scan_enter(&decoder->scan, '[') < 0)
                return complain_syntax(decoder, place);

        while ((r = scan_next(&decoder->scan, ']', &first)) > 0) {
                Place element = { .parent = place, .index = array->len };
                char *text;

                if (array->len >= limit_of(field))
                        return complain(decoder, place, "more than %zu entries", limit_of(field));
                r = decode_text(decoder, &element, DETAIL_MAX_BYTES, &text);
                if (r < 0)
                        return r;
                g_ptr_array_add(array, text);
        }
        if (r < 0)
                return complain_syntax(decoder, place);

        if (array->len > 0) {
                g_ptr_array_add(array, NULL);
                *ret = (char **) g_ptr_array_free(g_steal_pointer(&array), /* free_seg= */ FALSE);
        }
        return 0;
}

/* Elements go into the object's own list one by one, so that what was read is freed with the object. */
static int decode_list(Decoder *decoder, const Place *place, const Field *field, GPtrArray **list) {
        bool first = true;
        int r;

        if (scan_peek(&decoder->scan) != '[')
                return complain(decoder, place, "not a list");
        if (scan_enter(&decoder->scan, '[') < 0)
                return complain_syntax(decoder, place);

        *list = object_list_new(field->object);
        while ((r = scan_next(&decoder->scan, ']', &first)) > 0) {
                Place element = { .parent = place, .index = (*list)->len };
                void *child;

                if ((*list)->len >= limit_of(field))
                        return complain(decoder, place, "more than %zu entries", limit_of(field));
                r = decode_object(decoder, field->object, &element, &child);
                if (r < 0)
                        return r;
                g_ptr_array_add(*list, child);
        }
        return r < 0 ? complain_syntax(decoder, place) : 0;
}

static int decode_json(Decoder *decoder, const Place *place, const Field *field, char **ret) {
        const char *begin;
        size_t size;

        (void) scan_peek(&decoder->scan);
        begin = decoder->scan.p;
        if (scan_skip(&decoder->scan) < 0)
                return complain_syntax(decoder, place);

        size = (size_t) (decoder->scan.p - begin);
        if (size > limit_of(field))
                return complain(decoder, place, "longer than %zu bytes", limit_of(field));
        *ret = g_strndup(begin, size);
        return 0;
}

static int decode_field(Decoder *decoder, const Field *field, const Place *parent, void *object) {
        Place place = { .parent = parent, .name = field->name };

        if (scan_peek(&decoder->scan) == 'n') { /* null is the same as absent */
                if (scan_literal(&decoder->scan, "null") < 0)
                        return complain_syntax(decoder, &place);
                return 0;
        }

        switch (field->type) {
        case FIELD_STRING:
                if (field->flags & FIELD_CREDENTIAL && scan_peek(&decoder->scan) == '{')
                        return decode_credential(decoder, &place, FIELD_AT(char *, field, object));
                return decode_text(decoder, &place, limit_of(field), FIELD_AT(char *, field, object));
        case FIELD_BOOL:
                return decode_bool(decoder, &place, FIELD_AT(bool, field, object));
        case FIELD_UINT:
        case FIELD_USEC:
                return decode_integer(decoder, &place, 0, FIELD_AT(int64_t, field, object));
        case FIELD_INT:
                return decode_integer(decoder, &place, INT64_MIN, FIELD_AT(int64_t, field, object));
        case FIELD_DURATION:
                return decode_duration(decoder, &place, FIELD_AT(usec_t, field, object));
        case FIELD_TIME:
                return decode_time(decoder, &place, FIELD_AT(usec_t, field, object));
        case FIELD_ENUM:
                return decode_enum(decoder, &place, field, FIELD_AT(int, field, object));
        case FIELD_STRV:
                return decode_strv(decoder, &place, field, FIELD_AT(char **, field, object));
        case FIELD_OBJECT:
                return decode_object(decoder, field->object, &place, FIELD_AT(void *, field, object));
        case FIELD_LIST:
                return decode_list(decoder, &place, field, FIELD_AT(GPtrArray *, field, object));
        case FIELD_JSON:
                return decode_json(decoder, &place, field, FIELD_AT(char *, field, object));
        case FIELD_EXTRA:
                break; /* no member has its name */
        }
        return 0;
}

static bool name_is(const Field *field, const char *name, size_t size) {
        return field->type != FIELD_EXTRA && strncmp(field->name, name, size) == 0 && !field->name[size];
}

/* The table's index of a name, or n_fields. Senders write in the table's order, so the one after the last is
 * tried first. */
static size_t find_field(const ObjectType *type, const ScanText *name, size_t hint) {
        g_autofree char *value = name->escaped ? scan_text_value(name, NULL) : NULL;
        const char *text = value ?: name->text;
        size_t size = value ? strlen(value) : name->size;

        for (size_t i = 0; i < type->n_fields; i++, hint++) {
                if (hint >= type->n_fields)
                        hint = 0;
                if (name_is(&type->fields[hint], text, size))
                        return hint;
        }
        return type->n_fields;
}

static const Field *extra_field(const ObjectType *type) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (type->fields[i].type == FIELD_EXTRA)
                        return &type->fields[i];
        return NULL;
}

/* A member of a newer version: kept as it stands where the table has a place for it. */
static int take_unknown(Decoder *decoder, const ScanText *name, const Place *place, GString **extra) {
        const char *begin;

        scan_remember(&decoder->scan, name);
        (void) scan_peek(&decoder->scan);
        begin = decoder->scan.p;
        if (scan_skip(&decoder->scan) < 0)
                return complain_syntax(decoder, place);
        if (!extra)
                return 0;

        if (!*extra)
                *extra = g_string_new("{\"");
        else
                g_string_append(*extra, ",\"");
        g_string_append_len(*extra, name->text, (gssize) name->size);
        g_string_append(*extra, "\":");
        g_string_append_len(*extra, begin, decoder->scan.p - begin);
        return 0;
}

static int
check_required(Decoder *decoder,
               const ObjectType *type,
               const Place *place,
               const void *object,
               uint64_t seen) {
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                Place missing = { .parent = place, .name = field->name };

                if (!(field->flags & FIELD_REQUIRED))
                        continue;
                if (!(seen & UINT64_C(1) << i) ||
                    (!(field->flags & FIELD_KEEP_EMPTY) && object_field_is_empty(field, object)))
                        return complain(decoder, &missing, "missing");
        }
        return 0;
}

static int decode_members(Decoder *decoder, const ObjectType *type, const Place *place, void *object) {
        const Field *extra_at = extra_field(type);
        g_autoptr(GString) extra = NULL;
        size_t mark = decoder->scan.n_names, hint = 0;
        uint64_t seen = 0;
        bool first = true;
        int r;

        while ((r = scan_next(&decoder->scan, '}', &first)) > 0) {
                ScanText name;

                if (scan_name(&decoder->scan, &name) < 0)
                        return complain_syntax(decoder, place);
                hint = find_field(type, &name, hint);
                if (hint == type->n_fields) {
                        r = take_unknown(decoder, &name, place, extra_at ? &extra : NULL);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (seen & UINT64_C(1) << hint)
                        return complain(decoder, place, "%s stands there twice", type->fields[hint].name);
                seen |= UINT64_C(1) << hint;
                r = decode_field(decoder, &type->fields[hint], place, object);
                if (r < 0)
                        return r;
                hint++;
        }
        if (r < 0 || scan_forget(&decoder->scan, mark) < 0)
                return complain_syntax(decoder, place);

        if (extra) {
                g_string_append_c(extra, '}');
                if (extra->len > limit_of(extra_at))
                        return complain(decoder,
                                        place,
                                        "more than %zu bytes of unknown members",
                                        limit_of(extra_at));
                *FIELD_AT(char *, extra_at, object) = g_string_free(g_steal_pointer(&extra), FALSE);
        }
        return check_required(decoder, type, place, object, seen);
}

static int decode_object(Decoder *decoder, const ObjectType *type, const Place *place, void **ret) {
        void *object;
        int r;

        assert(type->n_fields < 64); /* the set of those seen is one word */

        if (scan_peek(&decoder->scan) != '{')
                return complain(decoder, place, "not an object");
        if (scan_enter(&decoder->scan, '{') < 0)
                return complain_syntax(decoder, place);

        object = object_new(type);
        r = decode_members(decoder, type, place, object);
        if (r < 0) {
                (void) object_free(type, object);
                return r;
        }
        *ret = object;
        return 0;
}

int codec_decode(const ObjectType *type, const char *bytes, size_t size, void **ret, char **reterr_text) {
        Place place = { .name = type->name };
        Decoder decoder = {};
        void *object = NULL;
        int r;

        assert(type);
        assert(ret);

        r = scan_init(&decoder.scan, bytes, size);
        if (r < 0)
                r = complain_syntax(&decoder, &place);
        else
                r = decode_object(&decoder, type, &place, &object);
        if (r >= 0 && scan_end(&decoder.scan) < 0)
                r = complain_syntax(&decoder, &place);
        scan_done(&decoder.scan);

        if (r < 0) {
                (void) object_free(type, object);
                if (reterr_text)
                        *reterr_text = g_steal_pointer(&decoder.text);
                g_free(decoder.text);
                return r;
        }
        *ret = object;
        return 0;
}
