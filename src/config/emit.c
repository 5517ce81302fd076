/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object -> text that people like to edit. Written by hand rather than with libyaml's emitter, which
 * folds long lines and quotes by rules of its own; what comes back is proved by tests, for any text. */
#include <assert.h>
#include <string.h>

#include "config/scalar.h"
#include "config/secret.h"
#include "config/unknown.h"
#include "config/yaml.h"
#include "model/credential.h"

typedef struct Writer {
        GString *s;
        YamlEmitFlags flags;
} Writer;

static void
append_object(Writer *writer,
              const ObjectType *type,
              const void *object,
              unsigned indent,
              const char *first_prefix);

static void append_strv(Writer *writer, char *const *strv, unsigned indent) {
        g_string_append(writer->s, strv && *strv ? "\n" : " []\n");
        for (char *const *p = strv; p && *p; p++) {
                g_string_append_printf(writer->s, "%*s- ", (int) indent + 2, "");
                scalar_append(writer->s, *p);
                g_string_append_c(writer->s, '\n');
        }
}

static void append_list(Writer *writer, const ObjectType *type, const GPtrArray *list, unsigned indent) {
        g_autofree char *bullet = g_strdup_printf("%*s- ", (int) indent + 2, "");

        g_string_append(writer->s, list && list->len > 0 ? "\n" : " []\n");
        for (unsigned i = 0; list && i < list->len; i++)
                append_object(writer, type, g_ptr_array_index(list, i), indent + 4, bullet);
}

/* Double quotes unless it is a plain word: within braces more characters have a meaning. */
static void append_credential(GString *s, const char *name) {
        bool is_word = g_ascii_isalpha(*name);

        for (const char *p = name; *p; p++)
                is_word = is_word && (g_ascii_isalnum(*p) || strchr("._-", *p));
        g_string_append(s, "{credential: ");
        if (!is_word)
                g_string_append_c(s, '"');
        for (const char *p = name; *p; p++) {
                if (*p == '"' || *p == '\\')
                        g_string_append_c(s, '\\');
                g_string_append_c(s, *p);
        }
        g_string_append(s, is_word ? "}\n" : "\"}\n");
}

static void append_string(Writer *writer, const Field *field, const char *text, unsigned indent) {
        const char *credential = field->flags & FIELD_CREDENTIAL ? credential_of(text) : NULL;

        g_string_append_c(writer->s, ' ');
        if (credential)
                append_credential(writer->s, credential);
        else if (secret_is_mark(text))
                g_string_append(writer->s, "{kept: true}\n");
        else
                scalar_append_value(writer->s, text ?: "", indent);
}

static void append_text_consumed(Writer *writer, char *text) {
        g_string_append_printf(writer->s, " %s\n", text);
        g_free(text);
}

/* after "key:" */
static void append_value(Writer *writer, const Field *field, const void *object, unsigned indent) {
        switch (field->type) {
        case FIELD_STRING:
                append_string(writer, field, *FIELD_AT(char *const, field, object), indent);
                break;
        case FIELD_BOOL:
                g_string_append(writer->s, *FIELD_AT(const bool, field, object) ? " true\n" : " false\n");
                break;
        case FIELD_UINT:
        case FIELD_USEC:
                g_string_append_printf(
                                writer->s,
                                " %" G_GUINT64_FORMAT "\n",
                                *FIELD_AT(const uint64_t, field, object));
                break;
        case FIELD_INT:
                g_string_append_printf(
                                writer->s,
                                " %" G_GINT64_FORMAT "\n",
                                *FIELD_AT(const int64_t, field, object));
                break;
        case FIELD_DURATION:
                append_text_consumed(writer, usec_to_duration(*FIELD_AT(const usec_t, field, object)));
                break;
        case FIELD_TIME:
                append_text_consumed(writer, usec_to_rfc3339(*FIELD_AT(const usec_t, field, object), false));
                break;
        case FIELD_ENUM:
                append_string(writer,
                              field,
                              strtab_to_string(field->names, *FIELD_AT(const int, field, object)),
                              indent);
                break;
        case FIELD_STRV:
                append_strv(writer, *FIELD_AT(char **const, field, object), indent);
                break;
        case FIELD_OBJECT:
                g_string_append_c(writer->s, '\n');
                append_object(writer,
                              field->object,
                              *FIELD_AT(void *const, field, object),
                              indent + 2,
                              NULL);
                break;
        case FIELD_LIST:
                append_list(writer, field->object, *FIELD_AT(GPtrArray *const, field, object), indent);
                break;
        case FIELD_JSON:
                unknown_append_value(writer->s, *FIELD_AT(char *const, field, object), indent);
                break;
        case FIELD_EXTRA:
                break;
        }
}

/* KEEP_EMPTY has a meaning for what can be written empty */
static bool is_written(const Field *field, const void *object) {
        if (field->flags & FIELD_INTERNAL || field->type == FIELD_EXTRA)
                return false;
        if (!object_field_is_empty(field, object))
                return true;
        return field->flags & FIELD_KEEP_EMPTY && field->type != FIELD_OBJECT && field->type != FIELD_JSON &&
               field->type != FIELD_TIME;
}

static bool is_known(const char *name, const void *type) {
        const Field *field = object_field(type, name);

        return field && !(field->flags & FIELD_INTERNAL);
}

static const char *extra_of(const ObjectType *type, const void *object) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (type->fields[i].type == FIELD_EXTRA)
                        return *FIELD_AT(char *const, &type->fields[i], object);
        return NULL;
}

static void
append_fields(Writer *writer,
              const ObjectType *type,
              const void *object,
              unsigned indent,
              const char *first_prefix) {
        size_t n = 0;

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (!is_written(field, object))
                        continue;
                if (n++ == 0 && first_prefix)
                        g_string_append(writer->s, first_prefix);
                else
                        g_string_append_printf(writer->s, "%*s", (int) indent, "");
                g_string_append_printf(writer->s, "%s:", field->name);
                append_value(writer, field, object, indent);
        }
        n +=
                        unknown_append(writer->s,
                                       extra_of(type, object),
                                       indent,
                                       n == 0 ? first_prefix : NULL,
                                       is_known,
                                       type);
        if (n == 0 && first_prefix)
                g_string_append_printf(writer->s, "%s{}\n", first_prefix);
        else if (n == 0)
                g_string_append_printf(writer->s, "%*s{}\n", (int) indent, "");
}

/* first_prefix: what the first line has instead of its indentation ("  - "), or NULL */
static void
append_object(Writer *writer,
              const ObjectType *type,
              const void *object,
              unsigned indent,
              const char *first_prefix) {
        void *masked;

        if (!(writer->flags & YAML_MASK_SECRETS)) {
                append_fields(writer, type, object, indent, first_prefix);
                return;
        }
        masked = object_copy(type, object);
        secret_mask(type, masked);
        append_fields(writer, type, masked, indent, first_prefix);
        (void) object_free(type, masked);
}

static void append_comment(GString *s, const char *comment) {
        g_auto(GStrv) lines = g_strsplit(comment, "\n", -1);

        for (char **line = lines; *line; line++)
                if (**line || line[1])
                        g_string_append_printf(s, **line ? "# %s\n" : "#%s\n", *line);
}

char *yaml_emit(const ObjectType *type, const void *object, const char *comment, YamlEmitFlags flags) {
        g_autoptr(GString) s = g_string_new(NULL);
        Writer writer = { .s = s, .flags = flags };

        assert(type);
        assert(object);

        if (comment)
                append_comment(s, comment);
        append_object(&writer, type, object, /* indent= */ 0, NULL);
        if (flags & YAML_END_MARK)
                g_string_append(s, "...\n");
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}
