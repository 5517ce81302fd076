/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register's value: all records, sorted by (kind, id); immutable and counted. A change is a Delta, a
 * list of records put and keys deleted; applying it makes a new value that shares the untouched records. */

#include "cluster/record.h"

typedef struct Value Value;

typedef struct DeltaOp {
        RecordKind kind;
        char *id;
        Record *record; /* NULL: delete */
} DeltaOp;

typedef struct Delta {
        GPtrArray *ops; /* of DeltaOp, in order; a later one for the same key wins */
} Delta;

/* values */
Value *value_new_empty(void);
Value *value_ref(Value *value);
Value *value_unref(Value *value);
DEFINE_CLEANUP(Value, value_unref);
/* records: borrowed, any order, no key twice; each is reffed */
Value *value_new(Record *const *records, size_t n);
Value *value_apply(const Value *value, const Delta *delta);

/* questions; what they return is borrowed as long as the value lives */
Record *const *value_records(const Value *value, size_t *ret_n);
Record *const *value_slice(const Value *value, RecordKind kind, size_t *ret_n); /* sorted by id */
/* NULL: none, also for NULL */
const Record *value_find(const Value *value, RecordKind kind, const char *id);
const void *value_object(const Value *value, RecordKind kind, const char *id); /* NULL: none */
const ClusterMeta *value_meta(const Value *value);                             /* NULL: empty value */
const RecordDigest *value_hash(const Value *value);
size_t value_n_voters(const Value *value);                     /* peers that are not joining */
const char *value_voter(const Value *value, size_t i);         /* sorted by NodeID; the index is the rank */
int value_voter_rank(const Value *value, const char *node_id); /* -ENOENT */
const Check *value_check(const Value *value, const char *id_or_name);
const Alert *value_alert(const Value *value, const char *id_or_name);
const Peer *value_peer(const Value *value, const char *node_id);
const Peer *value_peer_by_fingerprint(const Value *value, const char *fingerprint);
/* checks, alerts or peers in their order (order, id); elements borrowed, the array is the caller's */
GPtrArray *value_in_order(const Value *value, RecordKind kind);
/* the document as people see it; the caller frees it */
Document *value_document(const Value *value);

/* deltas */
Delta *delta_new(void);
Delta *delta_free(Delta *delta);
DEFINE_CLEANUP(Delta, delta_free);
void delta_put(Delta *delta, Record *record);                       /* consumed */
void delta_put_object(Delta *delta, RecordKind kind, void *object); /* consumed */
void delta_delete(Delta *delta, RecordKind kind, const char *id);
bool delta_is_empty(const Delta *delta);
/* what turns `from` into `to` */
Delta *delta_between(const Value *from, const Value *to);
