/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "fault-vfs.h"
#include "fixture.h"

#define STATE_ID "8d3f0c5e"

typedef struct Place {
        char *directory;
        char *path;
} Place;

static void place_init(Place *place) {
        place->directory = fixture_directory_new();
        place->path = g_build_filename(place->directory, "register.db", NULL);
}

static void place_done(Place *place) {
        g_clear_pointer(&place->directory, fixture_directory_free);
        g_clear_pointer(&place->path, g_free);
}
#define PLACE(name) _cleanup_(place_done) Place name = {}

static Database *open_at(const Place *place, Durable **ret) {
        Database *database = NULL;
        Durable *durable = NULL;
        char *text = NULL;
        int r;

        r = database_open(place->path, STATE_ID, &database, &durable, &text);
        if (r < 0)
                g_error("%s", text);
        if (ret)
                *ret = durable;
        else
                (void) durable_free(durable);
        return database;
}

static Durable *reload(Database **database, const Place *place) {
        Durable *durable;

        (void) database_free(*database);
        *database = open_at(place, &durable);
        return durable;
}

static void assert_refused(const Place *place, const char *state_id, int error, const char *words) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        g_autofree char *text = NULL;

        g_assert_cmpint(database_open(place->path, state_id, &database, &durable, &text), ==, error);
        g_assert_nonnull(text);
        if (!strstr(text, words))
                g_error("'%s' does not say '%s'", text, words);
        g_assert_nonnull(strstr(text, "register.db"));
}

static int apply(Database *database, StoreBatch *batch_consumed) {
        _cleanup_(store_batch_freep) StoreBatch *batch = batch_consumed;
        int r;

        r = database_begin(database);
        if (r < 0)
                return r;
        r = database_write_batch(database, batch);
        if (r < 0) {
                database_rollback(database);
                return r;
        }
        return database_commit(database);
}

static void test_first_start(void) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        struct stat st;
        PLACE(place);

        place_init(&place);
        assert_refused(&place, NULL, -ENOENT, "does not exist");

        database = open_at(&place, &durable);
        g_assert_cmpstr(durable->state_id, ==, STATE_ID);
        g_assert_cmpuint(durable->term, ==, 0);
        g_assert_cmpstr(durable->vote, ==, "");
        g_assert_null(value_meta(durable->accepted));
        g_assert_null(value_meta(durable->committed));
        g_assert_cmpint(stat(place.path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
}

/* a creation that was cut off before its commit */
static void test_empty_file(void) {
        _cleanup_(database_freep) Database *database = NULL;
        PLACE(place);

        place_init(&place);
        g_assert_true(g_file_set_contents(place.path, "", 0, NULL));
        assert_refused(&place, NULL, -ENOENT, "does not exist");
        database = open_at(&place, NULL);
}

static void test_vote(void) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        StoreBatch *batch = g_new0(StoreBatch, 1);
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        batch->has_vote = true;
        batch->term = 7;
        batch->vote = g_strdup("node-b");
        g_assert_cmpint(apply(database, batch), ==, 0);
        g_assert_cmpint(apply(database, fixture_batch(1)), ==, 0);

        durable = reload(&database, &place);
        g_assert_cmpuint(durable->term, ==, 7);
        g_assert_cmpstr(durable->vote, ==, "node-b");
        g_assert_cmpuint(durable->accepted_seq, ==, 1);
}

static void test_story(void) {
        _cleanup_(database_freep) Database *database = NULL;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        for (uint64_t n = 1; n <= 40; n++) {
                g_assert_cmpint(apply(database, fixture_batch(n)), ==, 0);
                if (n % 4 == 0) {
                        _cleanup_(durable_freep) Durable *durable = reload(&database, &place);

                        g_assert_cmpuint(durable->accepted_seq, ==, n);
                        fixture_assert_story(durable);
                }
        }
}

static void test_stamp_alone(void) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        _cleanup_(value_unrefp) Value *expected = fixture_value(2);
        StoreBatch *batch = g_new0(StoreBatch, 1);
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        g_assert_cmpint(apply(database, fixture_batch(1)), ==, 0);
        g_assert_cmpint(apply(database, fixture_batch(2)), ==, 0);
        batch->has_accepted = batch->has_committed = true;
        batch->accepted_term = 5;
        batch->accepted_seq = 3;
        g_assert_cmpint(apply(database, batch), ==, 0);

        durable = reload(&database, &place);
        g_assert_cmpuint(durable->committed_term, ==, 5);
        g_assert_cmpuint(durable->committed_seq, ==, 3);
        fixture_assert_value(durable->accepted, expected);
        fixture_assert_value(durable->committed, expected);
}

static void test_whole(void) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        _cleanup_(value_unrefp) Value *empty = value_new_empty(), *old = fixture_value(3), *expected = NULL;
        StoreBatch *batch;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        for (uint64_t n = 1; n <= 3; n++)
                g_assert_cmpint(apply(database, fixture_batch(n)), ==, 0);

        batch = g_new0(StoreBatch, 1);
        batch->has_accepted = batch->accepted_whole = true;
        batch->accepted_term = 2;
        batch->accepted_seq = 9;
        batch->accepted_delta = delta_new();
        fixture_put(batch->accepted_delta, "alone", "text");
        expected = value_apply(empty, batch->accepted_delta);
        g_assert_cmpint(apply(database, batch), ==, 0);

        durable = reload(&database, &place);
        fixture_assert_value(durable->accepted, expected);
        fixture_assert_value(durable->committed, old);

        batch = g_new0(StoreBatch, 1);
        batch->has_committed = true;
        g_assert_cmpint(apply(database, batch), ==, 0);
        (void) durable_free(durable);
        durable = reload(&database, &place);
        fixture_assert_value(durable->committed, expected);
        g_assert_cmpuint(durable->committed_seq, ==, 9);
}

static void test_commit_first(void) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(value_unrefp) Value *accepted = fixture_value(5), *committed = fixture_value(4);
        _cleanup_(durable_freep) Durable *durable = NULL;
        StoreBatch *batch;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        for (uint64_t n = 1; n <= 4; n++)
                g_assert_cmpint(apply(database, fixture_batch(n)), ==, 0);
        batch = fixture_batch(5);
        batch->commit_first = true;
        g_assert_cmpint(apply(database, batch), ==, 0);

        durable = reload(&database, &place);
        g_assert_cmpuint(durable->accepted_seq, ==, 5);
        g_assert_cmpuint(durable->committed_seq, ==, 4);
        fixture_assert_value(durable->accepted, accepted);
        fixture_assert_value(durable->committed, committed);
}

static void test_new_state(void) {
        _cleanup_(database_freep) Database *database = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        StoreBatch *batch;
        char *document;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        for (uint64_t n = 1; n <= 3; n++)
                g_assert_cmpint(apply(database, fixture_batch(n)), ==, 0);
        g_assert_cmpint(database_begin(database), ==, 0);
        g_assert_cmpint(database_write_document(database, 1, "version: 1\n"), ==, 0);
        g_assert_cmpint(database_commit(database), ==, 0);

        batch = fixture_batch(1);
        batch->new_state_id = g_strdup("another");
        g_assert_cmpint(apply(database, batch), ==, 0);
        g_assert_cmpint(database_read_document(database, 1, &document), ==, -ENOENT);

        database = database_free(database);
        assert_refused(&place, STATE_ID, -ESTALE, "quptimed --reset");
        g_assert_cmpint(database_open(place.path, "another", &database, &durable, NULL), ==, 0);
        fixture_assert_story(durable);
        g_assert_cmpuint(durable->term, ==, 0);
        g_assert_cmpuint(durable->accepted_seq, ==, 1);
}

static void test_documents(void) {
        _cleanup_(database_freep) Database *database = NULL;
        g_autofree char *large = g_strnfill(3 * 1024 * 1024, 'x');
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        for (uint64_t n = 1; n <= DOCUMENTS_KEPT + 3; n++) {
                g_autofree char *text = g_strdup_printf("version: %u\n", (unsigned) n);

                g_assert_cmpint(database_begin(database), ==, 0);
                g_assert_cmpint(database_write_document(database, n, n == 30 ? large : text), ==, 0);
                g_assert_cmpint(database_commit(database), ==, 0);
        }

        for (uint64_t n = 1; n <= DOCUMENTS_KEPT + 3; n++) {
                g_autofree char *expected = g_strdup_printf("version: %u\n", (unsigned) n);
                g_autofree char *text = NULL;
                int r = database_read_document(database, n, &text);

                g_assert_cmpint(r, ==, n <= 3 ? -ENOENT : 0);
                if (r == 0)
                        g_assert_cmpstr(text, ==, n == 30 ? large : expected);
        }
}

static void test_second_opener(void) {
        _cleanup_(database_freep) Database *database = NULL;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        assert_refused(&place, STATE_ID, -EBUSY, "in use by another quptimed");
        database = database_free(database);
        database = open_at(&place, NULL);
}

static void run_sql(const Place *place, const char *sql) {
        sqlite3 *db;

        g_assert_cmpint(sqlite3_open_v2(place->path, &db, SQLITE_OPEN_READWRITE, "unix"), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

/* SQLite itself, another program, has it */
static void test_held_by_sqlite(void) {
        PLACE(place);
        sqlite3 *db;

        place_init(&place);
        (void) database_free(open_at(&place, NULL));
        g_assert_cmpint(sqlite3_open_v2(place.path, &db, SQLITE_OPEN_READWRITE, "unix"), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(db,
                                     "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;",
                                     NULL,
                                     NULL,
                                     NULL),
                        ==,
                        SQLITE_OK);
        assert_refused(&place, STATE_ID, -EBUSY, "in use by another process");
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

static void fill(const Place *place) {
        Database *database = open_at(place, NULL);

        for (uint64_t n = 1; n <= 9; n++)
                g_assert_cmpint(apply(database, fixture_batch(n)), ==, 0);
        (void) database_free(database);
}

static void test_damaged_rows(void) {
        static const struct {
                const char *sql, *words;
        } cases[] = {
                { "UPDATE meta SET term = term + 1;", "do not have their checksum" },
                { "UPDATE meta SET vote = 'node-c';", "do not have their checksum" },
                { "UPDATE meta SET state_id = 'x';", "do not have their checksum" },
                { "UPDATE meta SET accepted_hash = x'00';", "do not have their checksum" },
                { "DELETE FROM meta;", "are missing" },
                { "DROP TABLE meta;", "damaged" },
                { "DELETE FROM accepted WHERE id = (SELECT min(id) FROM accepted);",
                  "the accepted records" },
                { "DELETE FROM committed WHERE id = (SELECT min(id) FROM committed);",
                  "the committed records" },
                { "UPDATE accepted SET body = replace(CAST(body AS TEXT), 'step', 'stop');",
                  "does not have its checksum" },
                { "UPDATE accepted SET digest = zeroblob(32);", "does not have its checksum" },
                { "UPDATE accepted SET digest = x'';", "does not have its checksum" },
                { "UPDATE accepted SET body = CAST('{' AS BLOB);", "template k" },
                { "UPDATE accepted SET kind = 'gossip';", "of a kind that does not exist" },
                { "PRAGMA application_id = 5;", "no register of quptime" },
                { "PRAGMA user_version = 0;", "no schema version" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                PLACE(place);

                place_init(&place);
                fill(&place);
                run_sql(&place, cases[i].sql);
                assert_refused(&place, NULL, -EBADMSG, cases[i].words);
                assert_refused(&place, STATE_ID, -EBADMSG, "quptimed --reset");
        }
}

static void test_newer_schema(void) {
        PLACE(place);

        place_init(&place);
        fill(&place);
        run_sql(&place, "PRAGMA user_version = 99;");
        assert_refused(&place, NULL, -ENOTSUP, "newer quptime (schema 99");
}

#define HEADER_BITS (100 * 8) /* of SQLite's file header: each is tried */

/* Whatever byte flips: the register is refused, or it is as it was. */
static void test_flipped_bytes(void) {
        g_autofree char *bytes = NULL;
        gsize size;
        PLACE(place);

        place_init(&place);
        fill(&place);
        g_assert_true(g_file_get_contents(place.path, &bytes, &size, NULL));

        for (unsigned i = 0; i < HEADER_BITS + 300; i++) {
                size_t at = i < HEADER_BITS ? i / 8 : (size_t) g_test_rand_int_range(0, (gint32) size);
                int bit = 1 << i % 8;
                Database *database = NULL;
                Durable *durable = NULL;
                char *text = NULL;
                int r;

                bytes[at] = (char) (bytes[at] ^ bit);
                g_assert_true(g_file_set_contents(place.path, bytes, (gssize) size, NULL));
                r = database_open(place.path, STATE_ID, &database, &durable, &text);
                if (r >= 0) {
                        g_assert_cmpuint(durable->accepted_seq, ==, 9);
                        fixture_assert_story(durable);
                } else if (!text || (r != -EBADMSG && r != -ENOTSUP))
                        g_test_fail_printf("byte %zu bit %d: %d %s", at, bit, r, text);
                (void) database_free(database);
                (void) durable_free(durable);
                g_free(text);
                bytes[at] = (char) (bytes[at] ^ bit);
        }
}

static void test_no_database_at_all(void) {
        g_autofree char *noise = g_strnfill(20000, 'n');
        PLACE(place);

        place_init(&place);
        g_assert_true(g_file_set_contents(place.path, noise, -1, NULL));
        assert_refused(&place, STATE_ID, -EBADMSG, "damaged");
}

static void test_set_aside(void) {
        g_autofree char *noise = g_strnfill(20000, 'n'), *old = NULL;
        PLACE(place);

        place_init(&place);
        g_assert_cmpint(store_set_aside(place.path), ==, 0);
        g_assert_true(g_file_set_contents(place.path, noise, -1, NULL));
        g_assert_cmpint(store_set_aside(place.path), ==, 0);
        old = g_strconcat(place.path, ".old", NULL);
        g_assert_true(g_file_test(old, G_FILE_TEST_EXISTS));
        (void) database_free(open_at(&place, NULL));
}

/* The n-th step with the whole value, as it comes after a failure. */
static StoreBatch *whole_batch(uint64_t n) {
        _cleanup_(value_unrefp) Value *empty = value_new_empty(), *value = fixture_value(n);
        StoreBatch *batch = fixture_batch(n);

        (void) delta_free(batch->accepted_delta);
        batch->accepted_delta = delta_between(empty, value);
        batch->accepted_whole = true;
        return batch;
}

static bool try_step(Database *database, bool whole, uint64_t *done) {
        int r = apply(database, whole ? whole_batch(*done + 1) : fixture_batch(*done + 1));

        if (r >= 0)
                ++*done;
        else
                g_assert_true(r == -EIO || r == -ENOSPC);
        return r >= 0;
}

/* Faults from the n-th write or fsync of two steps on: what was reported as done is there, and the register
 * goes on; or the power fails then, and there is what was reported as done, or one step more. Returns
 * whether the fault was reached. */
static bool fail_at(int n, int write_code, int sync_code, FaultKind kind, bool in_the_middle) {
        Database *database;
        Durable *durable;
        uint64_t done = 1;
        bool hit, whole = false;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        g_assert_cmpint(apply(database, fixture_batch(1)), ==, 0);

        fault_vfs_arm(n, write_code, sync_code, kind);
        for (int i = 0; i < 2; i++)
                whole = !try_step(database, whole, &done);
        hit = fault_vfs_disarm();
        if (in_the_middle) { /* a crash now */
                durable = reload(&database, &place);
                g_assert_cmpuint(durable->accepted_seq, >=, done);
                g_assert_cmpuint(durable->accepted_seq, <=, done + 1);
                fixture_assert_story(durable);
                (void) durable_free(durable);
                (void) database_free(database);
                return hit;
        }

        /* once more at most: the disk may have what was reported as failed, which the first one finds out */
        for (int i = 0; i < 2; i++)
                whole = !try_step(database, whole, &done);
        g_assert_false(whole);
        while (done < 6)
                g_assert_true(try_step(database, false, &done));
        durable = reload(&database, &place);
        g_assert_cmpuint(durable->accepted_seq, ==, done);
        fixture_assert_story(durable);
        (void) durable_free(durable);
        (void) database_free(database);
        return hit;
}

static void test_full_disk(void) {
        for (FaultKind kind = FAULT_ONCE; kind <= FAULT_DEAD; kind++) {
                int n = 0;

                while (fail_at(n, SQLITE_FULL, SQLITE_OK, kind, false) &&
                       fail_at(n, SQLITE_FULL, SQLITE_OK, kind, true))
                        n++;
                g_assert_cmpint(n, >=, 4);
        }
}

static void test_broken_disk(void) {
        for (FaultKind kind = FAULT_ONCE; kind <= FAULT_DEAD; kind++) {
                int n = 0;

                while (fail_at(n, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, kind, false) &&
                       fail_at(n, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, kind, true))
                        n++;
                g_assert_cmpint(n, >=, 4);
        }
}

/* the cheapest of some: now and then one writes back the log */
static unsigned writes_of_step(Database *database, uint64_t n) {
        unsigned best = UINT_MAX;

        for (uint64_t i = 0; i < 7; i++) {
                StoreBatch *batch = fixture_batch(n + i);
                unsigned before = fault_vfs_n_writes();

                batch->has_committed = true;
                g_assert_cmpint(apply(database, batch), ==, 0);
                best = MIN(best, fault_vfs_n_writes() - before);
        }
        return best;
}

/* What one change costs does not grow with the document: counted in writes, which no busy machine changes.
 */
static void test_cost_of_a_step(void) {
        _cleanup_(database_freep) Database *database = NULL;
        StoreBatch *batch = g_new0(StoreBatch, 1);
        unsigned small, large;
        PLACE(place);

        place_init(&place);
        database = open_at(&place, NULL);
        small = writes_of_step(database, 1);

        batch->has_accepted = batch->has_committed = true;
        batch->accepted_delta = delta_new();
        for (int i = 0; i < 10000; i++) {
                g_autofree char *id = g_strdup_printf("check %d", i), *text = g_strnfill(300, 'c');

                fixture_put(batch->accepted_delta, id, text);
        }
        g_assert_cmpint(apply(database, batch), ==, 0);
        large = writes_of_step(database, 10);

        g_test_message("a step: %u writes alone, %u among 10,000 records", small, large);
        g_assert_cmpuint(large, <=, 5 * small);
}

int main(int argc, char *argv[]) {
        fault_vfs_install();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/database/first-start", test_first_start);
        g_test_add_func("/store/database/empty-file", test_empty_file);
        g_test_add_func("/store/database/vote", test_vote);
        g_test_add_func("/store/database/story", test_story);
        g_test_add_func("/store/database/stamp-alone", test_stamp_alone);
        g_test_add_func("/store/database/whole", test_whole);
        g_test_add_func("/store/database/commit-first", test_commit_first);
        g_test_add_func("/store/database/new-state", test_new_state);
        g_test_add_func("/store/database/documents", test_documents);
        g_test_add_func("/store/database/second-opener", test_second_opener);
        g_test_add_func("/store/database/held-by-sqlite", test_held_by_sqlite);
        g_test_add_func("/store/database/damaged-rows", test_damaged_rows);
        g_test_add_func("/store/database/newer-schema", test_newer_schema);
        g_test_add_func("/store/database/flipped-bytes", test_flipped_bytes);
        g_test_add_func("/store/database/no-database-at-all", test_no_database_at_all);
        g_test_add_func("/store/database/set-aside", test_set_aside);
        g_test_add_func("/store/database/full-disk", test_full_disk);
        g_test_add_func("/store/database/broken-disk", test_broken_disk);
        g_test_add_func("/store/database/cost-of-a-step", test_cost_of_a_step);
        return g_test_run();
}
