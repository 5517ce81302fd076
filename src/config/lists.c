/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/lists.h"

#include <assert.h>
#include <string.h>

#include "config/unknown.h"

const DocumentList document_lists[DOCUMENT_N_LISTS] = {
        { "peers", &peer_type, offsetof(Document, peers), "node_id", "node_id" },
        { "checks", &check_type, offsetof(Document, checks), "id", "name" },
        { "alerts", &alert_type, offsetof(Document, alerts), "id", "name" },
};

GPtrArray **document_list_at(const DocumentList *list, Document *document) {
        assert(list);
        assert(document);
        return (GPtrArray **) (void *) ((char *) document + list->offset);
}

GPtrArray *document_list_get(const DocumentList *list, const Document *document) {
        return *document_list_at(list, (Document *) document);
}

static const char *text_of(const DocumentList *list, const char *field, const void *object) {
        return *FIELD_AT(char *const, object_field(list->type, field), object) ?: "";
}

const char *document_list_id(const DocumentList *list, const void *object) {
        return text_of(list, list->id, object);
}

const char *document_list_label(const DocumentList *list, const void *object) {
        return text_of(list, list->label, object);
}

GHashTable *document_list_index(const DocumentList *list, const Document *document) {
        GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
        const GPtrArray *objects = document_list_get(list, document);

        for (unsigned i = 0; objects && i < objects->len; i++) {
                void *object = g_ptr_array_index(objects, i);
                const char *id = document_list_id(list, object);

                if (*id)
                        g_hash_table_insert(index, (void *) id, object);
        }
        return index;
}

bool document_field_counts(const ObjectType *type, const Field *field) {
        static const char *const daemons_own[] = { "version", "updated_at", "updated_by", NULL };

        if (field->flags & FIELD_INTERNAL)
                return false;
        return type != &document_type ||
               (field->type != FIELD_LIST && !g_strv_contains(daemons_own, field->name));
}

bool document_field_equal(const Field *field, const void *a, const void *b) {
        if (field->type == FIELD_EXTRA || field->type == FIELD_JSON)
                return unknown_equal(*FIELD_AT(char *const, field, a), *FIELD_AT(char *const, field, b));
        return object_field_equal(field, a, b);
}

bool document_object_equal(const DocumentList *list, const void *a, const void *b, bool without_id) {
        for (size_t i = 0; i < list->type->n_fields; i++) {
                const Field *field = &list->type->fields[i];

                if (!document_field_counts(list->type, field) ||
                    (without_id && strcmp(field->name, list->id) == 0))
                        continue;
                if (!document_field_equal(field, a, b))
                        return false;
        }
        return true;
}
