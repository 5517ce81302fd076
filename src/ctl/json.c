/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/text.h"

static const char *const json_mode_names[_JSON_MODE_MAX] = {
        [JSON_OFF] = "off",
        [JSON_SHORT] = "short",
        [JSON_PRETTY] = "pretty",
};

int json_mode_from_text(const char *text, JsonMode *ret) {
        assert(text);
        assert(ret);

        for (JsonMode mode = 0; mode < _JSON_MODE_MAX; mode++)
                if (g_str_equal(text, json_mode_names[mode])) {
                        *ret = mode;
                        return 0;
                }
        return -EINVAL;
}

static void add_time(JsonBuilder *builder, usec_t instant) {
        g_autofree char *text = NULL;

        if (instant == 0) {
                json_builder_add_null_value(builder);
                return;
        }
        text = usec_to_rfc3339(instant, /* without_fraction= */ true);
        json_builder_add_string_value(builder, text);
}

static void add_duration(JsonBuilder *builder, usec_t duration) {
        g_autofree char *text = usec_to_duration(duration);

        json_builder_add_string_value(builder, text);
}

static void add_strv(JsonBuilder *builder, char *const *strv) {
        json_builder_begin_array(builder);
        for (size_t i = 0; strv && strv[i]; i++)
                json_builder_add_string_value(builder, strv[i]);
        json_builder_end_array(builder);
}

/* our own text, not the daemon's: it always parses */
static void add_parsed(JsonBuilder *builder, const char *json) {
        if (json)
                json_builder_add_value(builder, json_from_string(json, NULL));
        else
                json_builder_add_null_value(builder);
}

static void add_field(JsonBuilder *builder, const Field *field, const void *object) {
        switch (field->type) {
        case FIELD_BOOL:
                json_builder_add_boolean_value(builder, *FIELD_AT(const bool, field, object));
                break;
        case FIELD_UINT:
        case FIELD_USEC:
                json_builder_add_int_value(builder, (gint64) *FIELD_AT(const uint64_t, field, object));
                break;
        case FIELD_DURATION:
                add_duration(builder, *FIELD_AT(const usec_t, field, object));
                break;
        case FIELD_TIME:
                add_time(builder, *FIELD_AT(const usec_t, field, object));
                break;
        case FIELD_STRV:
                add_strv(builder, *FIELD_AT(char **const, field, object));
                break;
        case FIELD_LIST:
                json_add_objects(
                                builder,
                                field->object,
                                *FIELD_AT(GPtrArray *const, field, object),
                                /* names= */ NULL);
                break;
        case FIELD_JSON:
                add_parsed(builder, *FIELD_AT(char *const, field, object));
                break;
        default:
                assert(field->type == FIELD_STRING); /* the rows' tables have no other */
                json_builder_add_string_value(builder, *FIELD_AT(char *const, field, object) ?: "");
        }
}

void json_add_object(
                JsonBuilder *builder, const ObjectType *type, const void *object, const char *const *names) {
        assert(builder);
        assert(type);
        assert(object);

        json_builder_begin_object(builder);
        for (size_t i = 0; i < type->n_fields; i++) {
                if (names && !g_strv_contains(names, type->fields[i].name))
                        continue;
                json_builder_set_member_name(builder, type->fields[i].name);
                add_field(builder, &type->fields[i], object);
        }
        json_builder_end_object(builder);
}

void json_add_objects(
                JsonBuilder *builder,
                const ObjectType *type,
                const GPtrArray *rows,
                const char *const *names) {
        json_builder_begin_array(builder);
        for (unsigned i = 0; rows && i < rows->len; i++)
                json_add_object(builder, type, g_ptr_array_index(rows, i), names);
        json_builder_end_array(builder);
}

/* on one line or indented, without its line end; caller frees */
static char *node_text(JsonNode *root, JsonMode mode) {
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autofree char *text = NULL;

        json_generator_set_root(generator, root);
        json_generator_set_pretty(generator, mode == JSON_PRETTY);
        text = json_generator_to_data(generator, NULL);
        return text_escape_json(text);
}

static char *document_text(JsonBuilder *builder, JsonMode mode) {
        g_autoptr(JsonNode) root = json_builder_get_root(builder);

        return node_text(root, mode);
}

void json_list_begin(JsonList *list, JsonMode mode, JsonBuilder *head, const char *name) {
        assert(list);

        *list = (JsonList){ .mode = mode, .in_object = head != NULL };
        if (head) {
                g_autofree char *text = document_text(head, mode);

                /* it ends with its brace, and when pretty with a line end before that */
                text[strlen(text) - (mode == JSON_PRETTY ? 2 : 1)] = '\0';
                (void) printf(mode == JSON_PRETTY ? "%s,\n  \"%s\" : " : "%s,\"%s\":", text, name);
        }
        (void) printf("[");
        (void) fflush(stdout); /* the rest may take its time */
}

void json_list_add(JsonList *list, const ObjectType *type, const GPtrArray *rows, const char *const *names) {
        const char *indentation = list->in_object ? "\n    " : "\n  ";

        assert(list);
        assert(rows);

        for (unsigned i = 0; i < rows->len; i++) {
                g_autoptr(JsonBuilder) builder = json_builder_new();
                g_autofree char *text = NULL;

                json_add_object(builder, type, g_ptr_array_index(rows, i), names);
                text = document_text(builder, list->mode);
                (void) printf("%s", list->any ? "," : "");
                list->any = true;
                if (list->mode == JSON_PRETTY) {
                        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

                        for (char **line = lines; *line; line++)
                                (void) printf("%s%s", indentation, *line);
                } else
                        (void) printf("%s", text);
        }
}

void json_list_end(JsonList *list) {
        assert(list);

        if (list->mode == JSON_PRETTY && list->any)
                (void) printf(list->in_object ? "\n  " : "\n");
        (void) printf("]");
        if (list->in_object)
                (void) printf(list->mode == JSON_PRETTY ? "\n}" : "}");
        (void) printf("\n");
}

void json_print(JsonBuilder *builder, JsonMode mode) {
        g_autofree char *text = document_text(builder, mode);

        (void) printf("%s\n", text);
}

void json_print_node(JsonNode *root, JsonMode mode) {
        g_autofree char *text = node_text(root, mode);

        (void) printf("%s\n", text);
}
