/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/change.h"
#include "wire/codec.h"

DEFINE_STRTAB(record_kind,
              RecordKind,
              "meta",
              "peer",
              "barred",
              "alert",
              "check",
              "status",
              "template",
              "notice",
              "change");

static const Field cluster_meta_fields[] = {
        FIELD(ClusterMeta, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(ClusterMeta, version, FIELD_UINT, .flags = FIELD_KEEP_EMPTY),
        FIELD(ClusterMeta, updated_at, FIELD_USEC),
        FIELD(ClusterMeta, updated_by, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ClusterMeta, election_timeout, FIELD_DURATION),
        FIELD(ClusterMeta, next_order, FIELD_UINT),
        FIELD(ClusterMeta, next_change, FIELD_UINT),
        FIELD(ClusterMeta, extra, FIELD_STRING, .max = EXTRA_FIELDS_MAX_BYTES),
};
const ObjectType cluster_meta_type = OBJECT_TYPE(ClusterMeta, "meta", cluster_meta_fields);

static const Field template_text_fields[] = {
        FIELD(TemplateText, hash, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(TemplateText, text, FIELD_STRING, .max = TEMPLATE_MAX_BYTES),
};
const ObjectType template_text_type = OBJECT_TYPE(TemplateText, "template", template_text_fields);

/* What each kind is, and which of its members names it. */
static const struct {
        const ObjectType *type;
        size_t id_offset;
        bool single; /* one of it, with id "" */
} kinds[_RECORD_KIND_MAX] = {
        [RECORD_META] = { &cluster_meta_type, 0, true },
        [RECORD_PEER] = { &peer_type, offsetof(Peer, node_id) },
        [RECORD_BARRED] = { &barred_type, offsetof(Barred, fingerprint) },
        [RECORD_ALERT] = { &alert_type, offsetof(Alert, id) },
        [RECORD_CHECK] = { &check_type, offsetof(Check, id) },
        [RECORD_STATUS] = { &check_status_type, offsetof(CheckStatus, check_id) },
        [RECORD_TEMPLATE] = { &template_text_type, offsetof(TemplateText, hash) },
        [RECORD_NOTICE] = { &notice_type, offsetof(Notice, id) },
        [RECORD_CHANGE] = { &change_answer_type, offsetof(ChangeAnswer, id) },
};

const ObjectType *record_object_type(RecordKind kind) {
        assert(kind >= 0 && kind < _RECORD_KIND_MAX);
        return kinds[kind].type;
}

static const char *object_id(RecordKind kind, const void *object) {
        if (kinds[kind].single)
                return "";
        return *(char *const *) ((const char *) object + kinds[kind].id_offset) ?: "";
}

/* The parts end with a NUL, which none of them contains, so no two records share a digest by their seams. */
static RecordDigest digest_of(RecordKind kind, const char *id, const char *body, size_t size) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        const char *name = record_kind_to_string(kind);
        uint8_t bytes[32];
        gsize n = sizeof(bytes);
        RecordDigest digest = {};

        g_checksum_update(sum, (const guchar *) name, (gssize) strlen(name) + 1);
        g_checksum_update(sum, (const guchar *) id, (gssize) strlen(id) + 1);
        g_checksum_update(sum, (const guchar *) body, (gssize) size);
        g_checksum_get_digest(sum, bytes, &n);

        for (size_t i = 0; i < n; i++) /* big-endian, so that all machines agree */
                digest.lane[i / 8] = digest.lane[i / 8] << 8 | bytes[i];
        return digest;
}

char *record_digest_to_string(const RecordDigest *digest, char buffer[static RECORD_DIGEST_TEXT_SIZE]) {
        assert(digest);

        for (size_t i = 0; i < G_N_ELEMENTS(digest->lane); i++)
                (void) g_snprintf(buffer + 16 * i, 17, "%016" G_GINT64_MODIFIER "x", digest->lane[i]);
        return buffer;
}

/* body and object are consumed */
static Record *record_make(RecordKind kind, char *body, size_t size, void *object) {
        Record *record = g_new(Record, 1);

        *record = (Record){
                .n_ref = 1,
                .kind = kind,
                .id = g_strdup(object_id(kind, object)),
                .body = body,
                .body_size = size,
                .object = object,
        };
        record->digest = digest_of(kind, record->id, body, size);
        return record;
}

Record *record_new(RecordKind kind, void *object) {
        char *body;

        assert(kind >= 0 && kind < _RECORD_KIND_MAX);
        assert(object);

        body = codec_encode_text(kinds[kind].type, object);
        return record_make(kind, body, strlen(body), object);
}

int record_decode(
                RecordKind kind,
                const char *id,
                const char *body,
                size_t size,
                Record **ret,
                char **reterr_text) {
        void *object = NULL;
        int r;

        assert(kind >= 0 && kind < _RECORD_KIND_MAX);
        assert(id);
        assert(body || size == 0);
        assert(ret);

        r = codec_decode(kinds[kind].type, body, size, &object, reterr_text);
        if (r < 0)
                return r;

        if (strcmp(object_id(kind, object), id) != 0 || (!*id && !kinds[kind].single)) {
                if (reterr_text)
                        *reterr_text =
                                        g_strdup_printf("%s: the record's id is not that of its object",
                                                        record_kind_to_string(kind));
                (void) object_free(kinds[kind].type, object);
                return -EBADMSG;
        }

        *ret = record_make(kind, g_strndup(body, size), size, object);
        return 0;
}

/* Counted atomically: the storage thread lets go of records that the loop still holds. */
Record *record_ref(Record *record) {
        assert(record);
        (void) __atomic_add_fetch(&record->n_ref, 1, __ATOMIC_RELAXED);
        return record;
}

Record *record_unref(Record *record) {
        if (!record || __atomic_sub_fetch(&record->n_ref, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;

        (void) object_free(kinds[record->kind].type, record->object);
        g_free(record->body);
        g_free(record->id);
        g_free(record);
        return NULL;
}
