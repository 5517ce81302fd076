/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/merge.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "config/lists.h"
#include "config/secret.h"

typedef struct Merge {
        const Document *base;
        Document *edited; /* a copy, with ids and secrets filled in */
        const Document *current;
        Document *merged; /* begins as current */
        char **reterr_text;
        GPtrArray *conflicts; /* NULL: one is the end of it; else told here, and what was edited counts */
} Merge;

static int conflict(Merge *merge, int error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int conflict(Merge *merge, int error, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        if (merge->conflicts && error == -ESTALE) {
                g_ptr_array_add(merge->conflicts, g_steal_pointer(&text));
                return 0;
        }
        if (merge->reterr_text)
                *merge->reterr_text = g_steal_pointer(&text);
        return error;
}

/* ids */

static const void *find_by_label(const DocumentList *list, const Document *document, const char *label) {
        const GPtrArray *objects = document_list_get(list, document);

        for (unsigned i = 0; objects && i < objects->len; i++) {
                const void *object = g_ptr_array_index(objects, i);

                if (strcmp(document_list_label(list, object), label) == 0)
                        return object;
        }
        return NULL;
}

static void
fill_id(const DocumentList *list,
        void *object,
        const Document *base,
        GHashTable *taken,
        object_id_t next_id,
        void *userdata) {
        char **id = FIELD_AT(char *, object_field(list->type, list->id), object);
        const char *label = document_list_label(list, object);
        const void *before;

        if (*id && **id)
                return;
        before = base && *label ? find_by_label(list, base, label) : NULL;
        g_free(*id);
        if (before && !g_hash_table_contains(taken, document_list_id(list, before)))
                *id = g_strdup(document_list_id(list, before));
        else
                *id = next_id ? next_id(userdata) : NULL;
        if (*id)
                g_hash_table_add(taken, *id);
}

void document_fill_ids(Document *document, const Document *base, object_id_t next_id, void *userdata) {
        assert(document);

        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++) {
                const DocumentList *list = &document_lists[i];
                const GPtrArray *objects = document_list_get(list, document);
                g_autoptr(GHashTable) taken = document_list_index(list, document);

                if (list->type == &peer_type) /* a NodeID is an identity, not a label */
                        continue;
                for (unsigned j = 0; objects && j < objects->len; j++)
                        fill_id(list, g_ptr_array_index(objects, j), base, taken, next_id, userdata);
        }
}

/* secrets */

static int resolve_list(Merge *merge, const DocumentList *list) {
        g_autoptr(GHashTable) before = document_list_index(list, merge->base);
        const GPtrArray *objects = document_list_get(list, merge->edited);

        for (unsigned i = 0; objects && i < objects->len; i++) {
                void *object = g_ptr_array_index(objects, i);
                const Field *field = NULL;

                if (secret_resolve(list->type,
                                   object,
                                   g_hash_table_lookup(before, document_list_id(list, object)),
                                   &field) < 0)
                        return conflict(merge,
                                        -ENOKEY,
                                        "%s \"%s\": %s: %s",
                                        list->type->name,
                                        document_list_label(list, object),
                                        field->name,
                                        secret_nothing_kept(field));
        }
        return 0;
}

/* fields */

/* edited against base, onto merged, which still holds current's value. list is NULL for the document itself.
 */
static int
merge_fields(Merge *merge,
             const DocumentList *list,
             const ObjectType *type,
             const void *base,
             const void *edited,
             void *merged) {
        int r = 0;

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (!document_field_counts(type, field) || document_field_equal(field, base, edited) ||
                    document_field_equal(field, edited, merged))
                        continue;
                if (!document_field_equal(field, base, merged))
                        r = conflict(merge,
                                     -ESTALE,
                                     "%s%s%s%s: %s was changed here and in the cluster, to "
                                     "different values",
                                     type->name,
                                     list ? " \"" : "",
                                     list ? document_list_label(list, edited) : "",
                                     list ? "\"" : "",
                                     field->type == FIELD_EXTRA ? "an unknown field" : field->name);
                if (r < 0)
                        return r;
                object_copy_field(field, merged, edited);
        }
        return 0;
}

/* objects */

static uint64_t next_order(const DocumentList *list, const Document *document) {
        const Field *field = object_field(list->type, "order");
        const GPtrArray *objects = document_list_get(list, document);
        uint64_t order = 0;

        for (unsigned i = 0; objects && i < objects->len; i++)
                order = MAX(order, *FIELD_AT(const uint64_t, field, g_ptr_array_index(objects, i)));
        return order + 1;
}

/* Both have it, under one id or one name: what was edited counts. */
static int added_twice(Merge *merge, const DocumentList *list, const void *edited, void *merged) {
        int r;

        r = conflict(merge,
                     -ESTALE,
                     "%s \"%s\" was added here and in the cluster, with different fields",
                     list->type->name,
                     document_list_label(list, edited));
        for (size_t i = 0; r >= 0 && i < list->type->n_fields; i++) {
                const Field *field = &list->type->fields[i];

                if (document_field_counts(list->type, field) && strcmp(field->name, list->id) != 0)
                        object_copy_field(field, merged, edited);
        }
        return r;
}

static int add_object(Merge *merge, const DocumentList *list, const void *edited, uint64_t order) {
        GPtrArray **objects = document_list_at(list, merge->merged);
        const char *label = document_list_label(list, edited);
        const void *same = find_by_label(list, merge->current, label);
        void *object;

        /* someone in the cluster added that name too; a name that was there before is for the rules to
         * refuse */
        if (same && !find_by_label(list, merge->base, label)) {
                void *merged = (void *) find_by_label(list, merge->merged, label);

                if (document_object_equal(list, same, edited, /* without_id= */ true) || !merged)
                        return 0;
                return added_twice(merge, list, edited, merged);
        }
        object = object_copy(list->type, edited);
        *FIELD_AT(uint64_t, object_field(list->type, "order"), object) = order;
        *FIELD_AT(uint64_t, object_field(list->type, "revision"), object) = 0;
        if (!*objects)
                *objects = object_list_new(list->type);
        g_ptr_array_add(*objects, object);
        return 0;
}

/* Who changed the relay against an older text must not get the password that the cluster has by now sent
 * there, unless he gave that one. */
static int
merge_alert(Merge *merge, const DocumentList *list, const void *base, const void *edited, void *merged) {
        _cleanup_(alert_freep) Alert *current = alert_copy(merged);
        const char *given = ((const Alert *) edited)->smtp_password;
        int r;

        r = merge_fields(merge, list, list->type, base, edited, merged);
        if (r < 0)
                return r;
        if (g_strcmp0(((const Alert *) merged)->smtp_password, current->smtp_password) != 0 ||
            g_strcmp0(given, current->smtp_password) == 0 || !secret_password_strays(current, merged))
                return 0;
        return conflict(merge,
                        -ENOKEY,
                        "%s \"%s\": smtp_password: %s",
                        list->type->name,
                        document_list_label(list, edited),
                        secret_nothing_kept(object_field(list->type, "smtp_password")));
}

static int
merge_object(Merge *merge,
             const DocumentList *list,
             const void *base,
             const void *edited,
             void *merged,
             uint64_t *order) {
        int r;

        if (base && merged && list->type == &alert_type)
                return merge_alert(merge, list, base, edited, merged);
        if (base && merged)
                return merge_fields(merge, list, list->type, base, edited, merged);
        if (!base && !merged)
                return add_object(merge, list, edited, (*order)++);

        if (merged) { /* added on both sides under one id */
                if (document_object_equal(list, edited, merged, /* without_id= */ false))
                        return 0;
                return added_twice(merge, list, edited, merged);
        }
        if (document_object_equal(list, base, edited, /* without_id= */ false))
                return 0; /* removed in the cluster, untouched here */
        r = conflict(merge,
                     -ESTALE,
                     "%s \"%s\" was changed here, but removed in the cluster",
                     list->type->name,
                     document_list_label(list, edited));
        return r < 0 ? r : add_object(merge, list, edited, (*order)++);
}

static int remove_object(Merge *merge, const DocumentList *list, const void *base, void *merged) {
        GPtrArray *objects = document_list_get(list, merge->merged);
        int r = 0;

        if (!merged)
                return 0;
        if (!document_object_equal(list, base, merged, /* without_id= */ false))
                r = conflict(merge,
                             -ESTALE,
                             "%s \"%s\" was removed here, but changed in the cluster",
                             list->type->name,
                             document_list_label(list, base));
        if (r < 0)
                return r;
        (void) g_ptr_array_remove(objects, merged);
        (void) object_free(list->type, merged);
        return 0;
}

static int merge_list(Merge *merge, const DocumentList *list) {
        g_autoptr(GHashTable) base = document_list_index(list, merge->base);
        g_autoptr(GHashTable) edited = document_list_index(list, merge->edited);
        g_autoptr(GHashTable) merged = document_list_index(list, merge->merged);
        const GPtrArray *old = document_list_get(list, merge->base),
                        *new = document_list_get(list, merge->edited);
        uint64_t order = next_order(list, merge->current);
        int r;

        for (unsigned i = 0; new &&i < new->len; i++) {
                const void *object = g_ptr_array_index(new, i);
                const char *id = document_list_id(list, object);

                r =
                                merge_object(merge,
                                             list,
                                             g_hash_table_lookup(base, id),
                                             object,
                                             g_hash_table_lookup(merged, id),
                                             &order);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; old && i < old->len; i++) {
                const void *object = g_ptr_array_index(old, i);
                const char *id = document_list_id(list, object);

                void *victim = g_hash_table_lookup(merged, id);

                if (g_hash_table_contains(edited, id))
                        continue;
                (void) g_hash_table_remove(merged, id); /* its key is the victim's */
                r = remove_object(merge, list, object, victim);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int
merge_documents(const Document *base,
                const Document *edited,
                const Document *current,
                object_id_t next_id,
                void *userdata,
                GPtrArray *conflicts,
                Document **ret,
                char **reterr_text) {
        _cleanup_(document_freep) Document *filled = NULL, *merged = NULL;
        Merge merge = {
                .base = base, .current = current, .reterr_text = reterr_text, .conflicts = conflicts
        };
        int r;

        assert(base);
        assert(edited);
        assert(current);
        assert(ret);

        merge.edited = filled = document_copy(edited);
        merge.merged = merged = document_copy(current);
        document_fill_ids(filled, base, next_id, userdata);
        if (secret_resolve(&document_type, filled, base, NULL) < 0)
                return conflict(&merge,
                                -ENOKEY,
                                "document: there is no unknown field to keep; give its value");

        r = merge_fields(&merge, NULL, &document_type, base, filled, merged);
        for (size_t i = 0; r >= 0 && i < DOCUMENT_N_LISTS; i++) {
                r = resolve_list(&merge, &document_lists[i]);
                if (r >= 0)
                        r = merge_list(&merge, &document_lists[i]);
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(merged);
        return 0;
}

int document_merge(
                const Document *base,
                const Document *edited,
                const Document *current,
                object_id_t next_id,
                void *userdata,
                Document **ret,
                char **reterr_text) {
        return merge_documents(
                        base, edited, current, next_id, userdata, /* conflicts= */ NULL, ret, reterr_text);
}

int document_merge_mine(
                const Document *base,
                const Document *edited,
                const Document *current,
                GPtrArray *conflicts,
                Document **ret,
                char **reterr_text) {
        assert(conflicts);
        return merge_documents(
                        base,
                        edited,
                        current,
                        /* next_id= */ NULL,
                        /* userdata= */ NULL,
                        conflicts,
                        ret,
                        reterr_text);
}
