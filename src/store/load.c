/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/load.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "store/schema.h"

/* committed mostly equals accepted: a record that both have is decoded once and shared */
static Record *
find_same(const Value *known, RecordKind kind, const char *id, const void *body, size_t size) {
        const Record *record = known ? value_find(known, kind, id) : NULL;

        if (!record || record->body_size != size || memcmp(record->body, body, size) != 0)
                return NULL;
        return record_ref((Record *) record);
}

/* what stands in a damaged database may be anything; people read the sentence */
static int refuse(char **reterr_why, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int refuse(char **reterr_why, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        *reterr_why = g_utf8_make_valid(text, -1);
        return -EBADMSG;
}

static int load_record(sqlite3_stmt *row, const Value *known, Record **ret, char **reterr_why) {
        const char *kind_name = (const char *) sqlite3_column_text(row, 0) ?: "";
        const char *id = (const char *) sqlite3_column_text(row, 1) ?: "";
        size_t size = (size_t) sqlite3_column_bytes(row, 2);
        const char *body = sqlite3_column_blob(row, 2) ?: "";
        _cleanup_(record_unrefp) Record *record = NULL;
        g_autofree char *why = NULL;
        int kind, r;

        kind = record_kind_from_string(kind_name);
        if (kind < 0) {
                *reterr_why = g_strdup("a record of a kind that does not exist");
                return -EBADMSG;
        }

        record = find_same(known, kind, id, body, size);
        if (!record) {
                r = record_decode(kind, id, body, size, &record, &why);
                if (r < 0)
                        return refuse(reterr_why, "%s %s: %s", kind_name, id, why ?: g_strerror(-r));
        }
        if (sqlite3_column_bytes(row, 3) != sizeof(record->digest) ||
            memcmp(sqlite3_column_blob(row, 3), &record->digest, sizeof(record->digest)) != 0)
                return refuse(reterr_why, "%s %s does not have its checksum", kind_name, id);

        *ret = TAKE_PTR(record);
        return 0;
}

static int
load_value(sqlite3 *db,
           const char *table,
           const RecordDigest *hash,
           const Value *known,
           Value **ret,
           char **reterr_why) {
        g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(record_unref_item);
        g_autofree char *sql = g_strdup_printf("SELECT kind, id, body, digest FROM %s;", table);
        _cleanup_(value_unrefp) Value *value = NULL;
        sqlite3_stmt *row = NULL;
        int code, r = 0;

        code = sqlite3_prepare_v2(db, sql, -1, &row, NULL);
        while (code == SQLITE_OK || code == SQLITE_ROW) {
                Record *record = NULL;

                code = sqlite3_step(row);
                if (code != SQLITE_ROW)
                        break;
                r = load_record(row, known, &record, reterr_why);
                if (r < 0)
                        break;
                g_ptr_array_add(records, record);
        }
        if (r >= 0 && code != SQLITE_DONE) {
                *reterr_why = g_strdup(sqlite3_errmsg(db));
                r = schema_errno(db, code);
        }
        (void) sqlite3_finalize(row);
        if (r < 0)
                return r;

        value = value_new((Record *const *) records->pdata, records->len);
        if (!digest_equal(value_hash(value), hash)) {
                *reterr_why = g_strdup_printf("the %s records do not have their checksum", table);
                return -EBADMSG;
        }
        *ret = TAKE_PTR(value);
        return 0;
}

int load_durable(sqlite3 *db, const Meta *meta, Durable **ret, char **reterr_why) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        int r;

        assert(db);
        assert(meta);
        assert(ret);
        assert(reterr_why);

        durable = g_new0(Durable, 1);
        durable->state_id = g_strdup(meta->state_id);
        durable->generation = meta->generation;
        durable->term = meta->term;
        durable->vote = g_strdup(meta->vote);
        durable->accepted_term = meta->accepted_term;
        durable->accepted_seq = meta->accepted_seq;
        durable->committed_term = meta->committed_term;
        durable->committed_seq = meta->committed_seq;

        r = load_value(db,
                       "accepted",
                       &meta->accepted_hash,
                       /* known= */ NULL,
                       &durable->accepted,
                       reterr_why);
        if (r < 0)
                return r;
        r = load_value(db,
                       "committed",
                       &meta->committed_hash,
                       durable->accepted,
                       &durable->committed,
                       reterr_why);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(durable);
        return 0;
}
