/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <string.h>

typedef struct Reader {
        const char *p, *end;
} Reader;

static Json *read_value(Reader *reader);

static void skip_blanks(Reader *reader) {
        while (reader->p < reader->end && g_ascii_isspace(*reader->p))
                reader->p++;
}

static char peek(Reader *reader) {
        skip_blanks(reader);
        if (reader->p >= reader->end)
                g_error("JSON ends too early");
        return *reader->p;
}

static void expect(Reader *reader, char c) {
        if (peek(reader) != c)
                g_error("JSON: expected '%c', not '%c'", c, *reader->p);
        reader->p++;
}

static gunichar read_unit(Reader *reader) {
        gunichar unit = 0;

        if (reader->end - reader->p < 4)
                g_error("JSON ends too early");
        for (unsigned i = 0; i < 4; i++)
                unit = unit << 4 | (gunichar) g_ascii_xdigit_value(*reader->p++);
        return unit;
}

static void read_escape(Reader *reader, GString *to) {
        static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
        const char *letter;
        gunichar unit;

        if (*reader->p != 'u') {
                letter = strchr(letters, *reader->p++);
                if (!letter)
                        g_error("JSON: unknown escape");
                g_string_append_c(to, meanings[letter - letters]);
                return;
        }
        reader->p++;
        unit = read_unit(reader);
        if (unit >= 0xD800 && unit < 0xDC00) {
                reader->p += 2;
                unit = 0x10000 + ((unit - 0xD800) << 10) + (read_unit(reader) - 0xDC00);
        }
        if (unit == 0)
                g_string_append_c(to, '\0');
        else
                g_string_append_unichar(to, unit);
}

static GString *read_string(Reader *reader) {
        GString *string = g_string_new(NULL);

        expect(reader, '"');
        for (;;) {
                if (reader->p >= reader->end)
                        g_error("JSON: a string ends too early");
                if (*reader->p == '"')
                        break;
                if (*reader->p == '\\') {
                        reader->p++;
                        read_escape(reader, string);
                } else
                        g_string_append_c(string, *reader->p++);
        }
        reader->p++;
        return string;
}

static Json *json_new(JsonKind kind) {
        Json *json = g_new0(Json, 1);

        json->kind = kind;
        if (kind == JSON_LIST || kind == JSON_OBJECT)
                json->members = g_ptr_array_new_with_free_func((GDestroyNotify) json_free);
        return json;
}

static Json *read_members(Reader *reader, JsonKind kind, char end) {
        Json *json = json_new(kind);

        reader->p++;
        if (peek(reader) == end) {
                reader->p++;
                return json;
        }
        for (;;) {
                GString *name = NULL;
                Json *member;

                if (kind == JSON_OBJECT) {
                        skip_blanks(reader);
                        name = read_string(reader);
                        expect(reader, ':');
                }
                member = read_value(reader);
                member->name = name;
                g_ptr_array_add(json->members, member);
                if (peek(reader) == end) {
                        reader->p++;
                        return json;
                }
                expect(reader, ',');
        }
}

static Json *read_word(Reader *reader) {
        const char *start = reader->p;
        size_t n;
        Json *json;

        while (reader->p < reader->end && (g_ascii_isalnum(*reader->p) || strchr("+-.", *reader->p)))
                reader->p++;
        n = (size_t) (reader->p - start);
        if (n == 4 && memcmp(start, "null", 4) == 0)
                return json_new(JSON_NULL);
        if (*start == 't' || *start == 'f') {
                json = json_new(JSON_BOOLEAN);
                json->boolean = *start == 't';
                return json;
        }
        json = json_new(memchr(start, '.', n) ? JSON_OTHER_NUMBER : JSON_INTEGER);
        json->integer = g_ascii_strtoll(start, NULL, 10);
        return json;
}

static Json *read_value(Reader *reader) {
        Json *json;

        switch (peek(reader)) {
        case '{':
                return read_members(reader, JSON_OBJECT, '}');
        case '[':
                return read_members(reader, JSON_LIST, ']');
        case '"':
                json = json_new(JSON_STRING);
                json->string = read_string(reader);
                return json;
        default:
                return read_word(reader);
        }
}

Json *json_read(const char *text, size_t n) {
        Reader reader = { text, text + n };

        return read_value(&reader);
}

void json_free(Json *json) {
        if (!json)
                return;
        if (json->name)
                g_string_free(json->name, TRUE);
        if (json->string)
                g_string_free(json->string, TRUE);
        if (json->members)
                g_ptr_array_unref(json->members);
        g_free(json);
}

const Json *json_member(const Json *object, const char *name) {
        for (unsigned i = 0; i < object->members->len; i++) {
                const Json *member = g_ptr_array_index(object->members, i);

                if (strcmp(member->name->str, name) == 0)
                        return member;
        }
        return NULL;
}

GString *json_bytes(const Json *object, const char *name) {
        const Json *member = json_member(object, name);
        g_autofree char *encoded_name = g_strconcat(name, "_b64", NULL);
        g_autofree guchar *decoded = NULL;
        gsize n;

        if (member)
                return member->kind == JSON_STRING
                                       ? g_string_new_len(member->string->str, (gssize) member->string->len)
                                       : NULL;
        member = json_member(object, encoded_name);
        if (!member)
                return NULL;
        decoded = g_base64_decode(member->string->str, &n);
        return g_string_new_len((const char *) decoded, (gssize) n);
}
