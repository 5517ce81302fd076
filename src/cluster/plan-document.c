/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Planning a whole document: what it says is compared with what is there, object by object. What the daemon
 * keeps about an object (order, revision, joining) is not in a document that people write; it is taken from
 * the value. */

#include <string.h>

#include "base/limits.h"
#include "cluster/plan.h"
#include "config/validate.h"

static void copy_internal(const ObjectType *type, void *to, const void *from) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (type->fields[i].flags & FIELD_INTERNAL)
                        object_copy_field(&type->fields[i], to, from);
}

static bool keeps_fixed(Plan *plan, const ListedKind *kind, const void *now, const void *then) {
        for (size_t i = 0; i < kind->type->n_fields; i++) {
                const Field *field = &kind->type->fields[i];

                if (field->flags & FIELD_FIXED && !object_field_equal(field, now, then))
                        return plan_refuse(
                                        plan,
                                        CHANGE_INVALID,
                                        "the %s of %s \"%s\" cannot be changed; remove it and add another",
                                        field->name,
                                        kind->name,
                                        listed_name(kind, then));
        }
        return true;
}

/* Gives every object its id and what the daemon keeps about it. */
static bool complete_list(Plan *plan, const ListedKind *kind, const GPtrArray *list) {
        for (unsigned i = 0; list && i < list->len; i++) {
                void *object = g_ptr_array_index(list, i);
                char **id = listed_id(kind, object);
                const void *old;

                if (!*id || !**id) {
                        old = kind->name_offset < 0
                                              ? NULL
                                              : listed_find(plan->value, kind, listed_name(kind, object));
                        g_free(*id);
                        *id = old ? g_strdup(*listed_id(kind, old)) : plan->next_id(plan->userdata);
                }
                old = value_object(plan->value, kind->record, *id);
                if (!old && kind->record == RECORD_PEER)
                        return plan_refuse(
                                        plan,
                                        CHANGE_INVALID,
                                        "peer %s is not a member; use \"quctl node add\" to add one",
                                        *id);
                if (old && !keeps_fixed(plan, kind, object, old))
                        return false;
                if (old) {
                        copy_internal(kind->type, object, old);
                } else {
                        *listed_order(kind, object) = plan->meta->next_order++;
                        *listed_revision(kind, object) = 0;
                }
        }
        return true;
}

/* The places in the list are kept by numbers that grow; only a list that was rearranged is numbered anew. */
static void number_list(Plan *plan, const ListedKind *kind, const GPtrArray *list) {
        uint64_t last = 0;
        bool in_order = true;

        for (unsigned i = 0; list && i < list->len; i++) {
                uint64_t order = *listed_order(kind, g_ptr_array_index(list, i));

                in_order = in_order && (i == 0 || order >= last);
                last = order;
        }
        for (unsigned i = 0; list && i < list->len && !in_order; i++)
                *listed_order(kind, g_ptr_array_index(list, i)) = plan->meta->next_order++;
}

static void put_list(Plan *plan, const ListedKind *kind, const GPtrArray *list) {
        for (unsigned i = 0; list && i < list->len; i++) {
                void *object = g_ptr_array_index(list, i);
                const void *old = value_object(plan->value, kind->record, *listed_id(kind, object));

                if (old && object_equal(kind->type, old, object))
                        continue;
                if (!old || plan_differs(kind->type, old, object))
                        *listed_revision(kind, object) = plan->meta->version;
                delta_put_object(plan->delta, kind->record, object_copy(kind->type, object));
        }
}

static GHashTable *ids_of(const ListedKind *kind, const GPtrArray *list) {
        GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; list && i < list->len; i++)
                g_hash_table_add(ids, *listed_id(kind, g_ptr_array_index(list, i)));
        return ids;
}

/* What is there and not in the list; of Record, borrowed. */
static GPtrArray *missing_in(const Value *value, const ListedKind *kind, const GPtrArray *list) {
        g_autoptr(GHashTable) ids = ids_of(kind, list);
        GPtrArray *missing = g_ptr_array_new();
        size_t n;
        Record *const *records = value_slice(value, kind->record, &n);

        for (size_t i = 0; i < n; i++)
                if (!g_hash_table_contains(ids, records[i]->id))
                        g_ptr_array_add(missing, records[i]);
        return missing;
}

static void remove_missing(Plan *plan, const ListedKind *kind, const GPtrArray *list) {
        g_autoptr(GPtrArray) missing = missing_in(plan->value, kind, list);

        for (unsigned i = 0; i < missing->len; i++) {
                const Record *record = g_ptr_array_index(missing, i);

                delta_delete(plan->delta, record->kind, record->id);
                if (record->kind == RECORD_CHECK) {
                        delta_delete(plan->delta, RECORD_STATUS, record->id);
                        plan_drop_notices(plan, record->id, NULL);
                } else {
                        plan_drop_notices(plan, NULL, record->id);
                }
                plan_affects(plan, listed_name(kind, record->object));
        }
}

static bool remove_missing_peer(Plan *plan, const GPtrArray *list) {
        g_autoptr(GPtrArray) missing = missing_in(plan->value, listed_kind(RECORD_PEER), list);

        if (missing->len == 0)
                return true;
        if (missing->len > 1)
                return plan_refuse(
                                plan,
                                CHANGE_REFUSED,
                                "%u peers are missing in it; peers are removed one at a time",
                                missing->len);
        return plan_remove_peer(plan, ((const Record *) g_ptr_array_index(missing, 0))->object);
}

static bool plan_lists(Plan *plan, const Document *document) {
        const ListedKind *peers = listed_kind(RECORD_PEER), *alerts = listed_kind(RECORD_ALERT),
                         *checks = listed_kind(RECORD_CHECK);
        _cleanup_(complaint_freep) Complaint *complaint = NULL;

        if (!complete_list(plan, peers, document->peers) || !complete_list(plan, alerts, document->alerts) ||
            !complete_list(plan, checks, document->checks))
                return false;
        if (document_validate(document, &complaint) < 0) {
                g_autofree char *text = complaint_to_string(complaint, NULL);

                return plan_refuse(plan, CHANGE_INVALID, "%s", text);
        }

        if (!remove_missing_peer(plan, document->peers))
                return false;
        remove_missing(plan, alerts, document->alerts);
        remove_missing(plan, checks, document->checks);
        number_list(plan, peers, document->peers);
        number_list(plan, alerts, document->alerts);
        number_list(plan, checks, document->checks);
        put_list(plan, peers, document->peers);
        put_list(plan, alerts, document->alerts);
        put_list(plan, checks, document->checks);
        return true;
}

/* complete() puts the meta record whenever anything else changed; here it may be all that changed. */
static void plan_top(Plan *plan, const Document *document) {
        const ClusterMeta *current = plan->current;

        if (document->election_timeout == current->election_timeout &&
            g_strcmp0(document->extra ?: "", current->extra ?: "") == 0)
                return;
        plan->meta->election_timeout = document->election_timeout;
        g_free(plan->meta->extra);
        plan->meta->extra = g_strdup(document->extra);
        delta_put_object(plan->delta, RECORD_META, cluster_meta_copy(plan->meta));
}

bool plan_document(Plan *plan) {
        _cleanup_(document_freep) Document *document = NULL;
        const Change *change = plan->change;

        if (change->base_version > 0 && change->base_version != plan->current->version)
                return plan_refuse(
                                plan,
                                CHANGE_CONFLICT,
                                "the document is at version %" G_GUINT64_FORMAT
                                ", this change was made for version %" G_GUINT64_FORMAT,
                                plan->current->version,
                                change->base_version);
        if (!plan_read_document(plan, change->body, &document) || !plan_lists(plan, document))
                return false;
        plan_top(plan, document);
        return true;
}
