/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a register's database that were not written by us, or not like that: whatever stands in them, the
 * register is read back whole with its checksums, or refused with a sentence. The input has a row a line:
 *
 *     a= check c1 {"id":"c1",…}   a record of the accepted value (c: of the committed one); "=": with the
 *                                 digest that it should have, "!" another, "0" none of a digest's size
 *     m= 7 3 n1 3 8 3 8           the row of meta: generation, term, vote, accepted and committed stamps,
 *                                 with the right hashes and checksum ("!": with others)
 *     d …                         all the rest of the input is the packed text of a document
 */
#include <errno.h>
#include <sqlite3.h>

#include "base/limits.h"
#include "promise.h"
#include "store/documents.h"
#include "store/load.h"
#include "store/schema.h"

#define ROWS_MAX 32
#define SENTENCE_MAX 4096

static sqlite3 *database(void) {
        static sqlite3 *db;

        if (!db)
                PROMISE(sqlite3_open(":memory:", &db) == SQLITE_OK && schema_create(db) == 0);
        return db;
}

static void run(const char *sql) {
        PROMISE(schema_execute(database(), sql) == 0);
}

static void insert(const char *table, char mode, const char *kind, const char *id, const char *body) {
        g_autofree char *sql = g_strdup_printf("INSERT OR REPLACE INTO %s VALUES (?, ?, ?, ?);", table);
        int kind_number = record_kind_from_string(kind);
        RecordDigest digest = { { 1, 2, 3, 4 } };
        Record *record = NULL;
        sqlite3_stmt *s;

        if (mode == '=' && kind_number >= 0 &&
            record_decode(kind_number, id, body, strlen(body), &record, NULL) == 0) {
                digest = record->digest;
                (void) record_unref(record);
        }
        PROMISE(sqlite3_prepare_v2(database(), sql, -1, &s, NULL) == SQLITE_OK);
        (void) sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
        if (mode == 'i')
                (void) sqlite3_bind_int64(s, 3, 7);
        else
                (void) sqlite3_bind_blob(s, 3, body, (int) strlen(body), SQLITE_STATIC);
        (void) sqlite3_bind_blob(s, 4, &digest, mode == '0' ? 3 : (int) sizeof(digest), SQLITE_STATIC);
        PROMISE(sqlite3_step(s) == SQLITE_DONE);
        (void) sqlite3_finalize(s);
}

/* the sum of the digests that stand in the table, as far as they are digests */
static RecordDigest sum_of(const char *table) {
        g_autofree char *sql = g_strdup_printf("SELECT digest FROM %s;", table);
        RecordDigest sum = {}, digest;
        sqlite3_stmt *s;

        PROMISE(sqlite3_prepare_v2(database(), sql, -1, &s, NULL) == SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
                if (sqlite3_column_bytes(s, 0) == sizeof(digest)) {
                        memcpy(&digest, sqlite3_column_blob(s, 0), sizeof(digest));
                        digest_add(&sum, &digest);
                }
        (void) sqlite3_finalize(s);
        return sum;
}

static void write_meta(char mode, const char *line) {
        g_auto(GStrv) words = g_strsplit(line, " ", 7);
        guint n = g_strv_length(words);
        Meta meta;

        if (n < 7)
                return;
        meta_init(&meta, "state");
        g_free(meta.vote);
        meta.vote = g_strdup(words[2]);
        meta.generation = g_ascii_strtoull(words[0], NULL, 10);
        meta.term = g_ascii_strtoull(words[1], NULL, 10);
        meta.accepted_term = g_ascii_strtoull(words[3], NULL, 10);
        meta.accepted_seq = g_ascii_strtoull(words[4], NULL, 10);
        meta.committed_term = g_ascii_strtoull(words[5], NULL, 10);
        meta.committed_seq = g_ascii_strtoull(words[6], NULL, 10);
        meta.accepted_hash = sum_of("accepted");
        meta.committed_hash = sum_of("committed");
        PROMISE(meta_write(database(), &meta) == 0);
        if (mode == '!')
                run("UPDATE meta SET term = term + 1;");
        else if (mode == '0')
                run("UPDATE meta SET accepted_hash = x'00', vote = 7;");
        meta_done(&meta);
}

static void read_document(const char *packed, size_t size) {
        char *text = NULL;
        sqlite3_stmt *s;
        int r;

        PROMISE(sqlite3_prepare_v2(database(), "INSERT INTO documents VALUES (1, ?);", -1, &s, NULL) ==
                SQLITE_OK);
        (void) sqlite3_bind_blob(s, 1, size > 0 ? packed : "", (int) size, SQLITE_STATIC);
        PROMISE(sqlite3_step(s) == SQLITE_DONE);
        (void) sqlite3_finalize(s);
        r = documents_get(database(), 1, &text);
        PROMISE((r == 0) == (text != NULL));
        PROMISE(r == 0 || r == -EBADMSG);
        PROMISE(!text || strlen(text) <= DOCUMENT_MAX_BYTES);
        g_free(text);
}

static void read_row(Input *input) {
        g_autofree char *line = NULL, *kind = NULL, *id = NULL;
        Input rest;
        char table, mode;

        if (input->n > 1 && input->p[0] == 'd' && input->p[1] == ' ') {
                read_document(input->p + 2, input->n - 2);
                input->n = 0;
                return;
        }
        line = input_line(input);
        if (strlen(line) < 3)
                return;
        table = line[0];
        mode = line[1];
        rest = (Input){ line + 3, strlen(line + 2) - (line[2] != 0) };
        if (table == 'm') {
                write_meta(mode, rest.p);
                return;
        }
        kind = input_text(&rest, ' ');
        id = input_text(&rest, ' ');
        insert(table == 'c' ? "committed" : "accepted", mode, kind, id, rest.p);
}

static void load(void) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        g_autofree char *why = NULL, *why_not = NULL;
        Meta meta;
        int r = meta_read(database(), &meta, &why);

        PROMISE((r < 0) == (why != NULL));
        if (r < 0) {
                promise_sentence(why, SENTENCE_MAX);
                return;
        }
        r = load_durable(database(), &meta, &durable, &why_not);
        PROMISE((r < 0) == (why_not != NULL) && (r < 0) == (durable == NULL));
        if (r < 0)
                promise_sentence(why_not, SENTENCE_MAX);
        else {
                PROMISE(digest_equal(value_hash(durable->accepted), &meta.accepted_hash));
                PROMISE(digest_equal(value_hash(durable->committed), &meta.committed_hash));
        }
        meta_done(&meta);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);

        run("BEGIN;");
        for (unsigned i = 0; i < ROWS_MAX && input.n > 0; i++)
                read_row(&input);
        load();
        run("ROLLBACK;");
        return 0;
}
