/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "config/lists.h"
#include "config/merge.h"
#include "config/unknown.h"
#include "model/credential.h"

#define TEXT_MAX_CHARS 60 /* of a value in a line for people */

Difference *difference_free(Difference *difference) {
        if (!difference)
                return NULL;
        g_free(difference->id);
        g_free(difference->name);
        g_free(difference->from);
        g_free(difference->to);
        g_free(difference);
        return NULL;
}

/* One line, no control characters, and not the whole of a template. */
static char *shorten(const char *text) {
        g_autoptr(GString) s = g_string_new(NULL);
        size_t n = 0;

        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (++n > TEXT_MAX_CHARS) {
                        g_string_append(s, "…");
                        break;
                }
                if (c == '\n')
                        g_string_append(s, "\\n");
                else
                        g_string_append_unichar(s, g_unichar_iscntrl(c) ? ' ' : c);
        }
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}

static char *quote(const char *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1), *shortened = shorten(valid);

        return g_strdup_printf("\"%s\"", shortened);
}

static char *value_to_text(const ObjectType *type, const Field *field, const void *object) {
        if (object_field_is_empty(field, object) && field->type != FIELD_BOOL && field->type != FIELD_ENUM)
                return g_strdup("(none)");
        if (field->flags & FIELD_CREDENTIAL) {
                const char *credential = credential_of(*FIELD_AT(char *const, field, object));

                if (credential)
                        return g_strdup_printf("{credential: %s}", credential);
        }
        if (field->flags & FIELD_SECRET)
                return g_strdup("***");
        if (type == &check_type && strcmp(field->name, "target") == 0) {
                g_autofree char *masked = check_target_masked(object);

                return quote(masked);
        }

        switch (field->type) {
        case FIELD_EXTRA: { /* any of them may be a secret: their names alone */
                g_auto(GStrv) names = unknown_names(*FIELD_AT(char *const, field, object));
                g_autofree char *joined = g_strjoinv(", ", names), *shortened = shorten(joined);

                return g_strdup_printf("[%s]", shortened);
        }
        case FIELD_STRING:
        case FIELD_JSON:
                return quote(*FIELD_AT(char *const, field, object));
        case FIELD_BOOL:
                return g_strdup(*FIELD_AT(const bool, field, object) ? "true" : "false");
        case FIELD_DURATION:
                return usec_to_duration(*FIELD_AT(const usec_t, field, object));
        case FIELD_TIME:
                return usec_to_rfc3339(*FIELD_AT(const usec_t, field, object), /* without_fraction= */ true);
        case FIELD_ENUM:
                return g_strdup(strtab_to_string(field->names, *FIELD_AT(const int, field, object))
                                                ?: "unknown");
        case FIELD_STRV: {
                g_autofree char *joined = g_strjoinv(", ", *FIELD_AT(char **const, field, object));
                g_autofree char *valid = g_utf8_make_valid(joined, -1), *shortened = shorten(valid);

                return g_strdup_printf("[%s]", shortened);
        }
        case FIELD_UINT:
        case FIELD_USEC:
                return g_strdup_printf("%" G_GUINT64_FORMAT, *FIELD_AT(const uint64_t, field, object));
        case FIELD_INT:
                return g_strdup_printf("%" G_GINT64_FORMAT, *FIELD_AT(const int64_t, field, object));
        case FIELD_OBJECT:
        case FIELD_LIST:
                break;
        }
        return g_strdup("(changed)");
}

static void
add_object(GPtrArray *differences, DifferenceKind kind, const DocumentList *list, const void *object) {
        Difference *difference = g_new0(Difference, 1);

        difference->kind = kind;
        difference->list = list->name;
        difference->id = g_strdup(document_list_id(list, object));
        difference->name = g_strdup(document_list_label(list, object));
        g_ptr_array_add(differences, difference);
}

static void
add_fields(GPtrArray *differences,
           const DocumentList *list,
           const ObjectType *type,
           const void *from,
           const void *to) {
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                Difference *difference;

                if (!document_field_counts(type, field) || document_field_equal(field, from, to))
                        continue;
                difference = g_new0(Difference, 1);
                difference->kind = DIFFERENCE_CHANGED;
                difference->list = list ? list->name : NULL;
                difference->id = list ? g_strdup(document_list_id(list, to)) : NULL;
                difference->name = list ? g_strdup(document_list_label(list, to)) : NULL;
                difference->field = field;
                difference->from = value_to_text(type, field, from);
                difference->to = value_to_text(type, field, to);
                g_ptr_array_add(differences, difference);
        }
}

static void
diff_list(GPtrArray *differences, const DocumentList *list, const Document *from, const Document *to) {
        g_autoptr(GHashTable) old = document_list_index(list, from);
        g_autoptr(GHashTable) new = document_list_index(list, to);
        const GPtrArray *from_list = document_list_get(list, from), *to_list = document_list_get(list, to);

        for (unsigned i = 0; from_list && i < from_list->len; i++) {
                const void *object = g_ptr_array_index(from_list, i);

                if (!g_hash_table_contains(new, document_list_id(list, object)))
                        add_object(differences, DIFFERENCE_REMOVED, list, object);
        }
        for (unsigned i = 0; to_list && i < to_list->len; i++) {
                const void *object = g_ptr_array_index(to_list, i);
                const void *before = g_hash_table_lookup(old, document_list_id(list, object));

                if (before)
                        add_fields(differences, list, list->type, before, object);
                else
                        add_object(differences, DIFFERENCE_ADDED, list, object);
        }
}

GPtrArray *document_diff(const Document *from, const Document *to) {
        GPtrArray *differences = g_ptr_array_new_with_free_func(difference_free_item);

        assert(from);
        assert(to);

        add_fields(differences, NULL, &document_type, from, to);
        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++)
                diff_list(differences, &document_lists[i], from, to);
        return differences;
}

const char *difference_noun(const Difference *difference) {
        assert(difference);

        for (size_t i = 0; difference->list && i < DOCUMENT_N_LISTS; i++)
                if (strcmp(document_lists[i].name, difference->list) == 0)
                        return document_lists[i].type->name;
        return "document";
}

const char *difference_field(const Difference *difference) {
        assert(difference);
        assert(difference->field);
        return difference->field->type == FIELD_EXTRA ? "unknown fields" : difference->field->name;
}

static void append_line(GString *s, const Difference *difference) {
        static const char signs[] = { '+', '-', '~' };
        g_autofree char *name = difference->name ? quote(difference->name) : NULL;

        g_string_append_printf(
                        s,
                        "%c %s%s%s",
                        signs[difference->kind],
                        difference_noun(difference),
                        name ? " " : "",
                        name ?: "");
        if (difference->kind == DIFFERENCE_CHANGED)
                g_string_append_printf(
                                s,
                                ": %s: %s -> %s",
                                difference_field(difference),
                                difference->from,
                                difference->to);
        g_string_append_c(s, '\n');
}

char *document_diff_text(const GPtrArray *differences) {
        g_autoptr(GString) s = g_string_new(NULL);

        assert(differences);

        for (unsigned i = 0; i < differences->len; i++)
                append_line(s, g_ptr_array_index(differences, i));
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}
