/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Objects -> JSON. Written by hand rather than through json-glib's tree: this is on the path of every ping.
 */

#include "wire/codec.h"

#include <assert.h>
#include <string.h>

#include "model/credential.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

static void append_control(GString *s, unsigned char c) {
        static const char hex[] = "0123456789abcdef";

        switch (c) {
        case '\b':
                g_string_append_len(s, "\\b", 2);
                break;
        case '\f':
                g_string_append_len(s, "\\f", 2);
                break;
        case '\n':
                g_string_append_len(s, "\\n", 2);
                break;
        case '\r':
                g_string_append_len(s, "\\r", 2);
                break;
        case '\t':
                g_string_append_len(s, "\\t", 2);
                break;
        default:
                g_string_append_len(s, "\\u00", 4);
                g_string_append_c(s, hex[c >> 4]);
                g_string_append_c(s, hex[c & 15]);
        }
}

/* The end of the run that can be copied as it stands. A byte that is no UTF-8 ends it: outside words (a
 * probe's detail, say) must not make a message that the other side refuses as a whole. */
static const char *plain_run(const char *p) {
        while (*p && *p != '"' && *p != '\\' && (unsigned char) *p >= 0x20) {
                if ((unsigned char) *p < 0x80) {
                        p++;
                        continue;
                }
                if (g_utf8_get_char_validated(p, -1) >= (gunichar) -2)
                        return p;
                p = g_utf8_next_char(p);
        }
        return p;
}

static void append_string(GString *s, const char *text) {
        const char *p = text ?: "";

        g_string_append_c(s, '"');
        while (*p) {
                const char *run = plain_run(p);

                g_string_append_len(s, p, run - p);
                p = run;
                if (!*p)
                        break;
                if (*p == '"' || *p == '\\') {
                        g_string_append_c(s, '\\');
                        g_string_append_c(s, *p);
                } else if ((unsigned char) *p < 0x20)
                        append_control(s, (unsigned char) *p);
                else
                        g_string_append_len(s, replacement, 3);
                p++;
        }
        g_string_append_c(s, '"');
}

/* {"credential":"NAME"} */
static void append_credential(GString *s, const char *name) {
        g_string_append(s, "{\"credential\":");
        append_string(s, name);
        g_string_append_c(s, '}');
}

static void append_unsigned(GString *s, uint64_t value) {
        char digits[20], *p = digits + sizeof digits;

        do
                *--p = (char) ('0' + value % 10);
        while ((value /= 10) > 0);
        g_string_append_len(s, p, digits + sizeof digits - p);
}

static void append_integer(GString *s, int64_t value) {
        if (value < 0)
                g_string_append_c(s, '-');
        append_unsigned(s, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

static void append_strv(GString *s, char *const *strv) {
        g_string_append_c(s, '[');
        for (size_t i = 0; strv && strv[i]; i++) {
                if (i > 0)
                        g_string_append_c(s, ',');
                append_string(s, strv[i]);
        }
        g_string_append_c(s, ']');
}

static void append_list(GString *s, const Field *field, const GPtrArray *list) {
        g_string_append_c(s, '[');
        for (unsigned i = 0; list && i < list->len; i++) {
                if (i > 0)
                        g_string_append_c(s, ',');
                codec_encode(field->object, g_ptr_array_index(list, i), s);
        }
        g_string_append_c(s, ']');
}

static void append_value(GString *s, const Field *field, const void *object) {
        switch (field->type) {
        case FIELD_STRING: {
                const char *text = *FIELD_AT(char *const, field, object);

                if (field->flags & FIELD_CREDENTIAL && credential_of(text))
                        append_credential(s, credential_of(text));
                else
                        append_string(s, text);
                break;
        }
        case FIELD_BOOL:
                g_string_append(s, *FIELD_AT(const bool, field, object) ? "true" : "false");
                break;
        case FIELD_UINT:
        case FIELD_USEC:
                append_unsigned(s, MIN(*FIELD_AT(const uint64_t, field, object), (uint64_t) INT64_MAX));
                break;
        case FIELD_INT:
                append_integer(s, *FIELD_AT(const int64_t, field, object));
                break;
        case FIELD_DURATION: {
                g_autofree char *text = usec_to_duration(*FIELD_AT(const usec_t, field, object));

                append_string(s, text);
                break;
        }
        case FIELD_TIME: {
                g_autofree char *text = usec_to_rfc3339(
                                *FIELD_AT(const usec_t, field, object), /* without_fraction= */ false);

                append_string(s, text);
                break;
        }
        case FIELD_ENUM: {
                const char *name = strtab_to_string(field->names, *FIELD_AT(const int, field, object));

                assert(name);
                append_string(s, name);
                break;
        }
        case FIELD_STRV:
                append_strv(s, *FIELD_AT(char **const, field, object));
                break;
        case FIELD_OBJECT: {
                const void *child = *FIELD_AT(void *const, field, object);

                if (child)
                        codec_encode(field->object, child, s);
                else
                        g_string_append(s, "null");
                break;
        }
        case FIELD_LIST:
                append_list(s, field, *FIELD_AT(GPtrArray *const, field, object));
                break;
        case FIELD_JSON: {
                const char *text = *FIELD_AT(char *const, field, object);

                g_string_append(s, text && *text ? text : "null");
                break;
        }
        case FIELD_EXTRA:
                break; /* append_extra() */
        }
}

/* the members between the braces of an object's text */
static void append_extra(GString *s, const char *text, bool *first) {
        const char *begin = text ? strchr(text, '{') : NULL, *end = text ? strrchr(text, '}') : NULL;

        if (!begin || !end)
                return;
        for (begin++; begin < end && g_ascii_isspace(*begin); begin++)
                ;
        while (end > begin && g_ascii_isspace(end[-1]))
                end--;
        if (begin >= end)
                return;

        if (!*first)
                g_string_append_c(s, ',');
        *first = false;
        g_string_append_len(s, begin, end - begin);
}

void codec_encode(const ObjectType *type, const void *object, GString *s) {
        bool first = true;

        assert(type);
        assert(object);
        assert(s);

        g_string_append_c(s, '{');
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (field->type == FIELD_EXTRA) {
                        append_extra(s, *FIELD_AT(char *const, field, object), &first);
                        continue;
                }
                if (!(field->flags & FIELD_KEEP_EMPTY) && object_field_is_empty(field, object))
                        continue;

                if (!first)
                        g_string_append_c(s, ',');
                first = false;
                g_string_append_c(s, '"');
                g_string_append(s, field->name);
                g_string_append_len(s, "\":", 2);
                append_value(s, field, object);
        }
        g_string_append_c(s, '}');
}

char *codec_encode_text(const ObjectType *type, const void *object) {
        GString *s = g_string_sized_new(256);

        codec_encode(type, object, s);
        return g_string_free(s, /* free_segment= */ FALSE);
}
