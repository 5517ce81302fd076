/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A value is one counted, sorted slice of records per kind. A new value copies only the slices its delta
 * touches, so a flipped check costs one copy of the statuses' pointers and nothing of the checks'. The hash
 * is a sum over the records' digests and is carried along, never made anew. */

#include "cluster/value.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"

typedef struct Slice {
        unsigned n_ref;
        size_t n;
        Record *records[];
} Slice;

struct Value {
        unsigned n_ref;
        Slice *slices[_RECORD_KIND_MAX]; /* NULL: none of the kind */
        RecordDigest hash;
        const char **voters; /* NodeIDs, borrowed from the peers, sorted */
        size_t n_voters;
        Record **all; /* every record in one array; made when first asked for */
};

/* slices */

static Slice *slice_alloc(size_t n) {
        Slice *slice = g_malloc(sizeof(Slice) + n * sizeof(Record *));

        slice->n_ref = 1;
        slice->n = 0;
        return slice;
}

static Slice *slice_ref(Slice *slice) {
        if (slice)
                (void) __atomic_add_fetch(&slice->n_ref, 1, __ATOMIC_RELAXED);
        return slice;
}

static void slice_unref(Slice *slice) {
        if (!slice || __atomic_sub_fetch(&slice->n_ref, 1, __ATOMIC_ACQ_REL) > 0)
                return;
        for (size_t i = 0; i < slice->n; i++)
                (void) record_unref(slice->records[i]);
        g_free(slice);
}

static void hash_add(RecordDigest *hash, const RecordDigest *digest) {
        for (size_t i = 0; i < G_N_ELEMENTS(hash->lane); i++)
                hash->lane[i] += digest->lane[i];
}

static void hash_subtract(RecordDigest *hash, const RecordDigest *digest) {
        for (size_t i = 0; i < G_N_ELEMENTS(hash->lane); i++)
                hash->lane[i] -= digest->lane[i];
}

/* ops: of one kind, sorted by id, no id twice */
static Slice *slice_apply(const Slice *old, DeltaOp *const *ops, size_t n_ops, RecordDigest *hash) {
        size_t n_old = old ? old->n : 0, i = 0, j = 0;
        Slice *slice = slice_alloc(n_old + n_ops);

        while (i < n_old || j < n_ops) {
                int order = i == n_old ? 1 : j == n_ops ? -1 : strcmp(old->records[i]->id, ops[j]->id);

                if (order < 0) {
                        slice->records[slice->n++] = record_ref(old->records[i++]);
                        continue;
                }
                if (order == 0)
                        hash_subtract(hash, &old->records[i++]->digest);
                if (ops[j]->record) {
                        hash_add(hash, &ops[j]->record->digest);
                        slice->records[slice->n++] = record_ref(ops[j]->record);
                }
                j++;
        }

        if (slice->n == 0) {
                slice_unref(slice);
                return NULL;
        }
        return slice;
}

/* lifecycle */

Value *value_new_empty(void) {
        Value *value = g_new0(Value, 1);

        value->n_ref = 1;
        return value;
}

Value *value_ref(Value *value) {
        assert(value);
        (void) __atomic_add_fetch(&value->n_ref, 1, __ATOMIC_RELAXED);
        return value;
}

Value *value_unref(Value *value) {
        if (!value || __atomic_sub_fetch(&value->n_ref, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        for (size_t i = 0; i < G_N_ELEMENTS(value->slices); i++)
                slice_unref(value->slices[i]);
        g_free(value->voters);
        g_free(value->all);
        g_free(value);
        return NULL;
}

static void list_voters(Value *value) {
        const Slice *peers = value->slices[RECORD_PEER];

        if (!peers)
                return;
        value->voters = g_new(const char *, peers->n);
        for (size_t i = 0; i < peers->n; i++) {
                const Peer *peer = peers->records[i]->object;

                if (!peer->joining)
                        value->voters[value->n_voters++] = peer->node_id;
        }
}

Value *value_new(Record *const *records, size_t n) {
        _cleanup_(value_unrefp) Value *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_new();

        for (size_t i = 0; i < n; i++)
                delta_put(delta, record_ref(records[i]));
        return value_apply(empty, delta);
}

typedef struct PlacedOp {
        DeltaOp *op;
        size_t place;
} PlacedOp;

static int compare_ops(const void *a, const void *b) {
        const PlacedOp *x = a, *y = b;
        int order = (int) x->op->kind - (int) y->op->kind;

        if (order == 0)
                order = strcmp(x->op->id, y->op->id);
        return order != 0 ? order : x->place < y->place ? -1 : 1;
}

/* Sorted by key, each key once, its last op; the caller frees the array. */
static DeltaOp **effective_ops(const Delta *delta, size_t *ret_n) {
        size_t n = delta->ops->len, n_kept = 0;
        g_autofree PlacedOp *placed = g_new(PlacedOp, n);
        DeltaOp **ops = g_new(DeltaOp *, n);

        for (size_t i = 0; i < n; i++)
                placed[i] = (PlacedOp){ g_ptr_array_index(delta->ops, i), i };
        if (n > 1)
                qsort(placed, n, sizeof(*placed), compare_ops);
        for (size_t i = 0; i < n; i++) {
                DeltaOp *op = placed[i].op;

                if (n_kept > 0 && ops[n_kept - 1]->kind == op->kind &&
                    strcmp(ops[n_kept - 1]->id, op->id) == 0)
                        n_kept--;
                ops[n_kept++] = op;
        }
        *ret_n = n_kept;
        return ops;
}

Value *value_apply(const Value *value, const Delta *delta) {
        g_autofree DeltaOp **ops = NULL;
        Value *next = value_new_empty();
        size_t n, i = 0;

        assert(value);
        assert(delta);

        next->hash = value->hash;
        ops = effective_ops(delta, &n);
        for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++) {
                size_t first = i;

                while (i < n && ops[i]->kind == kind)
                        i++;
                if (i == first)
                        next->slices[kind] = slice_ref(value->slices[kind]);
                else
                        next->slices[kind] = slice_apply(
                                        value->slices[kind], ops + first, i - first, &next->hash);
        }
        list_voters(next);
        return next;
}

/* questions */

Record *const *value_slice(const Value *value, RecordKind kind, size_t *ret_n) {
        const Slice *slice;

        assert(value);
        assert(kind >= 0 && kind < _RECORD_KIND_MAX);
        assert(ret_n);

        slice = value->slices[kind];
        *ret_n = slice ? slice->n : 0;
        return slice ? slice->records : NULL;
}

Record *const *value_records(const Value *value, size_t *ret_n) {
        size_t n = 0, at = 0;

        assert(value);
        assert(ret_n);

        for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++)
                n += value->slices[kind] ? value->slices[kind]->n : 0;
        *ret_n = n;

        if (!value->all && n > 0) {
                Record **all = g_new(Record *, n);

                for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++) {
                        const Slice *slice = value->slices[kind];

                        for (size_t i = 0; slice && i < slice->n; i++)
                                all[at++] = slice->records[i];
                }
                ((Value *) value)->all = all; /* a remembered answer, not a change */
        }
        return value->all;
}

const Record *value_find(const Value *value, RecordKind kind, const char *id) {
        size_t low = 0, high;
        Record *const *records;

        if (!id) /* a reference that another node left out */
                return NULL;
        records = value_slice(value, kind, &high);
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(records[middle]->id, id);

                if (order == 0)
                        return records[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const void *value_object(const Value *value, RecordKind kind, const char *id) {
        const Record *record = value_find(value, kind, id);

        return record ? record->object : NULL;
}

const ClusterMeta *value_meta(const Value *value) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_META, &n);

        return n > 0 && !*records[0]->id ? records[0]->object : NULL; /* "" sorts before all others */
}

const RecordDigest *value_hash(const Value *value) {
        assert(value);
        return &value->hash;
}

size_t value_n_voters(const Value *value) {
        assert(value);
        return value->n_voters;
}

const char *value_voter(const Value *value, size_t i) {
        assert(value);
        assert(i < value->n_voters);
        return value->voters[i];
}

int value_voter_rank(const Value *value, const char *node_id) {
        assert(value);
        assert(node_id);

        for (size_t i = 0; i < value->n_voters; i++)
                if (strcmp(value->voters[i], node_id) == 0)
                        return (int) i;
        return -ENOENT;
}

const Check *value_check(const Value *value, const char *id_or_name) {
        const Check *check = value_object(value, RECORD_CHECK, id_or_name);
        size_t n;
        Record *const *records = value_slice(value, RECORD_CHECK, &n);

        for (size_t i = 0; i < n && !check; i++)
                if (g_strcmp0(((const Check *) records[i]->object)->name, id_or_name) == 0)
                        check = records[i]->object;
        return check;
}

const Alert *value_alert(const Value *value, const char *id_or_name) {
        const Alert *alert = value_object(value, RECORD_ALERT, id_or_name);
        size_t n;
        Record *const *records = value_slice(value, RECORD_ALERT, &n);

        for (size_t i = 0; i < n && !alert; i++)
                if (g_strcmp0(((const Alert *) records[i]->object)->name, id_or_name) == 0)
                        alert = records[i]->object;
        return alert;
}

const Peer *value_peer(const Value *value, const char *node_id) {
        return value_object(value, RECORD_PEER, node_id);
}

const Peer *value_peer_by_fingerprint(const Value *value, const char *fingerprint) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_PEER, &n);

        assert(fingerprint);

        for (size_t i = 0; i < n; i++) {
                const Peer *peer = records[i]->object;

                if (g_strcmp0(peer->fingerprint, fingerprint) == 0)
                        return peer;
        }
        return NULL;
}

/* the document's form */

static uint64_t order_of(const Record *record) {
        switch (record->kind) {
        case RECORD_PEER:
                return ((const Peer *) record->object)->order;
        case RECORD_ALERT:
                return ((const Alert *) record->object)->order;
        case RECORD_CHECK:
                return ((const Check *) record->object)->order;
        default:
                return 0;
        }
}

static int compare_order(const void *a, const void *b) {
        const Record *x = *(Record *const *) a, *y = *(Record *const *) b;
        uint64_t order_x = order_of(x), order_y = order_of(y);

        if (order_x != order_y)
                return order_x < order_y ? -1 : 1;
        return strcmp(x->id, y->id);
}

GPtrArray *value_in_order(const Value *value, RecordKind kind) {
        size_t n;
        Record *const *records = value_slice(value, kind, &n);
        GPtrArray *list = g_ptr_array_sized_new((guint) n);

        for (size_t i = 0; i < n; i++)
                g_ptr_array_add(list, records[i]);
        if (n > 1)
                qsort(list->pdata, n, sizeof(*list->pdata), compare_order);
        for (size_t i = 0; i < n; i++)
                list->pdata[i] = ((Record *) list->pdata[i])->object;
        return list;
}

static GPtrArray *copied_in_order(const Value *value, RecordKind kind) {
        GPtrArray *list = value_in_order(value, kind);

        for (unsigned i = 0; i < list->len; i++)
                list->pdata[i] = object_copy(record_object_type(kind), list->pdata[i]);
        return list;
}

Document *value_document(const Value *value) {
        Document *document = document_new();
        const ClusterMeta *meta = value_meta(value);

        if (meta) {
                document->version = meta->version;
                document->updated_at = meta->updated_at;
                document->updated_by = g_strdup(meta->updated_by);
                document->election_timeout = meta->election_timeout;
                document->extra = g_strdup(meta->extra);
        }
        document->peers = copied_in_order(value, RECORD_PEER);
        document->checks = copied_in_order(value, RECORD_CHECK);
        document->alerts = copied_in_order(value, RECORD_ALERT);
        return document;
}
