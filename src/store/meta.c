/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/meta.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "store/schema.h"

enum { /* columns of both statements */
       GENERATION,
       STATE_ID,
       TERM,
       VOTE,
       ACCEPTED_TERM,
       ACCEPTED_SEQ,
       ACCEPTED_HASH,
       COMMITTED_TERM,
       COMMITTED_SEQ,
       COMMITTED_HASH,
       CHECKSUM
};
#define COLUMNS                                                                                             \
        "generation, state_id, term, vote, accepted_term, accepted_seq, accepted_hash, "                    \
        "committed_term, committed_seq, committed_hash, checksum"

void meta_init(Meta *meta, const char *state_id) {
        assert(meta);

        *meta = (Meta){ .state_id = g_strdup(state_id ?: ""), .vote = g_strdup("") };
}

void meta_done(Meta *meta) {
        g_clear_pointer(&meta->state_id, g_free);
        g_clear_pointer(&meta->vote, g_free);
}

void meta_copy(Meta *to, const Meta *from) {
        Meta copy = *from;

        copy.state_id = g_strdup(from->state_id);
        copy.vote = g_strdup(from->vote);
        meta_done(to);
        *to = copy;
}

static char *checksum(const Meta *meta) {
        g_autofree char *text = NULL;

        /* the texts have their lengths before them, so that nothing can move from one to the other */
        text = g_strdup_printf(
                        "%" G_GUINT64_FORMAT " %zu %s %" G_GUINT64_FORMAT " %zu %s %" G_GUINT64_FORMAT
                        " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                        " %016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER
                        "x%016" G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER
                        "x%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
                        meta->generation,
                        strlen(meta->state_id),
                        meta->state_id,
                        meta->term,
                        strlen(meta->vote),
                        meta->vote,
                        meta->accepted_term,
                        meta->accepted_seq,
                        meta->committed_term,
                        meta->committed_seq,
                        meta->accepted_hash.lane[0],
                        meta->accepted_hash.lane[1],
                        meta->accepted_hash.lane[2],
                        meta->accepted_hash.lane[3],
                        meta->committed_hash.lane[0],
                        meta->committed_hash.lane[1],
                        meta->committed_hash.lane[2],
                        meta->committed_hash.lane[3]);
        return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

bool meta_equal(const Meta *a, const Meta *b) {
        g_autofree char *sum_a = checksum(a), *sum_b = checksum(b);

        return strcmp(sum_a, sum_b) == 0;
}

static char *column_text(sqlite3_stmt *statement, int column) {
        const char *text = (const char *) sqlite3_column_text(statement, column);

        return g_strdup(text ?: "");
}

static bool column_digest(sqlite3_stmt *statement, int column, RecordDigest *ret) {
        if (sqlite3_column_bytes(statement, column) != sizeof(*ret))
                return false;
        memcpy(ret, sqlite3_column_blob(statement, column), sizeof(*ret));
        return true;
}

static int read_row(sqlite3_stmt *statement, Meta *ret) {
        g_autofree char *stored = column_text(statement, CHECKSUM), *computed = NULL;
        Meta meta = {
                .generation = (uint64_t) sqlite3_column_int64(statement, GENERATION),
                .term = (uint64_t) sqlite3_column_int64(statement, TERM),
                .accepted_term = (uint64_t) sqlite3_column_int64(statement, ACCEPTED_TERM),
                .accepted_seq = (uint64_t) sqlite3_column_int64(statement, ACCEPTED_SEQ),
                .committed_term = (uint64_t) sqlite3_column_int64(statement, COMMITTED_TERM),
                .committed_seq = (uint64_t) sqlite3_column_int64(statement, COMMITTED_SEQ),
        };

        meta.state_id = column_text(statement, STATE_ID);
        meta.vote = column_text(statement, VOTE);
        if (column_digest(statement, ACCEPTED_HASH, &meta.accepted_hash) &&
            column_digest(statement, COMMITTED_HASH, &meta.committed_hash)) {
                computed = checksum(&meta);
                if (strcmp(stored, computed) == 0) {
                        *ret = meta;
                        return 0;
                }
        }
        meta_done(&meta);
        return -EBADMSG;
}

int meta_read(sqlite3 *db, Meta *ret, char **reterr_why) {
        sqlite3_stmt *statement = NULL;
        const char *why;
        int code, r;

        assert(db);
        assert(ret);

        code = sqlite3_prepare_v2(db, "SELECT " COLUMNS " FROM meta;", -1, &statement, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(statement);

        if (code == SQLITE_ROW) {
                r = read_row(statement, ret);
                why = "term and vote do not have their checksum";
        } else if (code == SQLITE_DONE) {
                r = -EBADMSG;
                why = "term and vote are missing";
        } else {
                r = schema_errno(db, code);
                why = sqlite3_errmsg(db);
        }
        if (r < 0 && reterr_why)
                *reterr_why = g_strdup(why);

        (void) sqlite3_finalize(statement);
        return r;
}

int meta_write(sqlite3 *db, const Meta *meta) {
        g_autofree char *sum = NULL;
        sqlite3_stmt *s = NULL;
        int code;

        assert(db);
        assert(meta);

        sum = checksum(meta);
        code = sqlite3_prepare_v2(
                        db,
                        "INSERT OR REPLACE INTO meta (" COLUMNS
                        ", one) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1);",
                        -1,
                        &s,
                        NULL);
        if (code == SQLITE_OK) {
                (void) sqlite3_bind_int64(s, GENERATION + 1, (sqlite3_int64) meta->generation);
                (void) sqlite3_bind_text(s, STATE_ID + 1, meta->state_id, -1, SQLITE_STATIC);
                (void) sqlite3_bind_int64(s, TERM + 1, (sqlite3_int64) meta->term);
                (void) sqlite3_bind_text(s, VOTE + 1, meta->vote, -1, SQLITE_STATIC);
                (void) sqlite3_bind_int64(s, ACCEPTED_TERM + 1, (sqlite3_int64) meta->accepted_term);
                (void) sqlite3_bind_int64(s, ACCEPTED_SEQ + 1, (sqlite3_int64) meta->accepted_seq);
                (void) sqlite3_bind_blob(
                                s,
                                ACCEPTED_HASH + 1,
                                &meta->accepted_hash,
                                sizeof(RecordDigest),
                                SQLITE_STATIC);
                (void) sqlite3_bind_int64(s, COMMITTED_TERM + 1, (sqlite3_int64) meta->committed_term);
                (void) sqlite3_bind_int64(s, COMMITTED_SEQ + 1, (sqlite3_int64) meta->committed_seq);
                (void) sqlite3_bind_blob(
                                s,
                                COMMITTED_HASH + 1,
                                &meta->committed_hash,
                                sizeof(RecordDigest),
                                SQLITE_STATIC);
                (void) sqlite3_bind_text(s, CHECKSUM + 1, sum, -1, SQLITE_STATIC);
                code = sqlite3_step(s);
        }
        (void) sqlite3_finalize(s);
        return schema_errno(db, code);
}

void digest_add(RecordDigest *sum, const RecordDigest *digest) {
        for (size_t i = 0; i < G_N_ELEMENTS(sum->lane); i++)
                sum->lane[i] += digest->lane[i];
}

void digest_subtract(RecordDigest *sum, const RecordDigest *digest) {
        for (size_t i = 0; i < G_N_ELEMENTS(sum->lane); i++)
                sum->lane[i] -= digest->lane[i];
}

bool digest_equal(const RecordDigest *a, const RecordDigest *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}
