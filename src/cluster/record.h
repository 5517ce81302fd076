/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register's value is a set of records; a record is one object with its identity, immutable and counted.
 * It carries both the typed object and its canonical JSON, so that whoever receives one has validated it and
 * whoever stores or sends one need not encode it again. The bytes of a received record are kept as they came
 * (fields of a newer version included): the digest is over them. */

#include <stdint.h>

#include "model/document.h"
#include "model/notice.h"

typedef enum RecordKind {
        RECORD_META,     /* one, id "": ClusterMeta */
        RECORD_PEER,     /* Peer, by node_id */
        RECORD_BARRED,   /* Barred, by fingerprint */
        RECORD_ALERT,    /* Alert, by id */
        RECORD_CHECK,    /* Check, by id */
        RECORD_STATUS,   /* CheckStatus, by check_id */
        RECORD_TEMPLATE, /* TemplateText, by hash */
        RECORD_NOTICE,   /* Notice, by id */
        RECORD_CHANGE,   /* ChangeAnswer of a remembered change, by change id */
        _RECORD_KIND_MAX
} RecordKind;
DECLARE_STRTAB(record_kind, RecordKind);

typedef struct ClusterMeta {
        char *cluster_id;
        uint64_t version; /* of the document */
        usec_t updated_at;
        char *updated_by;
        usec_t election_timeout;
        uint64_t next_order;  /* for the next new peer, check or alert */
        uint64_t next_change; /* number of the next remembered change, oldest ones leave first */
        char *extra;          /* unknown top-level fields of the document */
} ClusterMeta;
DECLARE_OBJECT(ClusterMeta, cluster_meta);

typedef struct TemplateText {
        char *hash; /* SHA-256 of text, hex */
        char *text;
} TemplateText;
DECLARE_OBJECT(TemplateText, template_text);

typedef struct RecordDigest {
        uint64_t lane[4]; /* SHA-256 of kind, id and body; a value's hash is the lane-wise sum */
} RecordDigest;

/* 64 hex digits: what ChangeOp.expect names */
#define RECORD_DIGEST_TEXT_SIZE 65
char *record_digest_to_string(const RecordDigest *digest, char buffer[static RECORD_DIGEST_TEXT_SIZE]);

typedef struct Record {
        unsigned n_ref;
        RecordKind kind;
        char *id;
        char *body; /* canonical JSON, or as received */
        size_t body_size;
        RecordDigest digest;
        void *object; /* of record_object_type(kind); never changed */
} Record;

const ObjectType *record_object_type(RecordKind kind);

/* object is consumed; its id is read from it */
Record *record_new(RecordKind kind, void *object);
/* -EBADMSG: the bytes are no such object, or its id is not `id` */
int record_decode(
                RecordKind kind,
                const char *id,
                const char *body,
                size_t size,
                Record **ret,
                char **reterr_text);
Record *record_ref(Record *record);
Record *record_unref(Record *record); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Record, record_unref);
