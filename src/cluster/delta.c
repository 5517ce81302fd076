/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "cluster/value.h"

static void op_free(void *data) {
        DeltaOp *op = data;

        (void) record_unref(op->record);
        g_free(op->id);
        g_free(op);
}

Delta *delta_new(void) {
        Delta *delta = g_new(Delta, 1);

        delta->ops = g_ptr_array_new_with_free_func(op_free);
        return delta;
}

Delta *delta_free(Delta *delta) {
        if (delta)
                g_ptr_array_unref(delta->ops);
        g_free(delta);
        return NULL;
}

static void add_op(Delta *delta, RecordKind kind, const char *id, Record *record) {
        DeltaOp *op = g_new(DeltaOp, 1);

        *op = (DeltaOp){ .kind = kind, .id = g_strdup(id), .record = record };
        g_ptr_array_add(delta->ops, op);
}

void delta_put(Delta *delta, Record *record) {
        assert(delta);
        assert(record);
        add_op(delta, record->kind, record->id, record);
}

void delta_put_object(Delta *delta, RecordKind kind, void *object) {
        delta_put(delta, record_new(kind, object));
}

void delta_delete(Delta *delta, RecordKind kind, const char *id) {
        assert(delta);
        assert(id);
        add_op(delta, kind, id, NULL);
}

bool delta_is_empty(const Delta *delta) {
        assert(delta);
        return delta->ops->len == 0;
}

static bool same_record(const Record *a, const Record *b) {
        return a == b || memcmp(&a->digest, &b->digest, sizeof(a->digest)) == 0;
}

static void add_slice_difference(Delta *delta, const Value *from, const Value *to, RecordKind kind) {
        size_t n_old, n_new, i = 0, j = 0;
        Record *const *olds = value_slice(from, kind, &n_old), *const *news = value_slice(to, kind, &n_new);

        if (olds == news) /* values share what did not change */
                return;

        while (i < n_old || j < n_new) {
                int order = i == n_old ? 1 : j == n_new ? -1 : strcmp(olds[i]->id, news[j]->id);

                if (order < 0)
                        delta_delete(delta, kind, olds[i]->id);
                else if (order > 0 || !same_record(olds[i], news[j]))
                        delta_put(delta, record_ref(news[j]));
                i += order <= 0;
                j += order >= 0;
        }
}

Delta *delta_between(const Value *from, const Value *to) {
        Delta *delta = delta_new();

        assert(from);
        assert(to);

        for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++)
                add_slice_difference(delta, from, to, kind);
        return delta;
}
