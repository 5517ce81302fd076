/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/database.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/documents.h"
#include "store/file.h"
#include "store/load.h"
#include "store/meta.h"
#include "store/schema.h"

/* Statements that run once per record are prepared once. */
enum { READ_DIGEST, PUT, DELETE, DELETE_COMMITTED, COPY_COMMITTED, _STATEMENT_MAX };
static const char *const statement_texts[_STATEMENT_MAX] = {
        [READ_DIGEST] = "SELECT digest FROM accepted WHERE kind = ?1 AND id = ?2;",
        [PUT] = "INSERT OR REPLACE INTO accepted (kind, id, body, digest) VALUES (?1, ?2, ?3, ?4);",
        [DELETE] = "DELETE FROM accepted WHERE kind = ?1 AND id = ?2;",
        [DELETE_COMMITTED] = "DELETE FROM committed WHERE kind = ?1 AND id = ?2;",
        [COPY_COMMITTED] = "INSERT INTO committed SELECT * FROM accepted WHERE kind = ?1 AND id = ?2;",
};

struct Database {
        char *path;
        int lock_fd;
        sqlite3 *db; /* NULL after a failure: opened again by the next transaction */
        sqlite3_stmt *statements[_STATEMENT_MAX];

        Meta durable;      /* what the disk has */
        Meta next;         /* what it will have after the transaction under way */
        bool meta_changed; /* by the transaction under way */

        GHashTable *touched; /* keys in which accepted may differ from committed … */
        bool all_touched;    /* … or any may */

        bool lost; /* the file is another one than was opened */
};

/* connection */

static sqlite3 *disconnect(Database *database) {
        for (size_t i = 0; i < _STATEMENT_MAX; i++) {
                (void) sqlite3_finalize(database->statements[i]);
                database->statements[i] = NULL;
        }
        return schema_disconnect(database->db);
}

static int prepared(Database *database, int which, sqlite3_stmt **ret) {
        sqlite3_stmt **s = &database->statements[which];
        int code;

        if (!*s) {
                code = sqlite3_prepare_v3(
                                database->db,
                                statement_texts[which],
                                -1,
                                SQLITE_PREPARE_PERSISTENT,
                                s,
                                NULL);
                if (code != SQLITE_OK)
                        return schema_errno(database->db, code);
        }
        *ret = *s;
        return 0;
}

static void bind_key(sqlite3_stmt *s, RecordKind kind, const char *id) {
        (void) sqlite3_bind_text(s, 1, record_kind_to_string(kind), -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
}

/* runs a statement that gives no rows, and makes it ready for the next time */
static int run(Database *database, sqlite3_stmt *s) {
        int code = sqlite3_step(s), r = schema_errno(database->db, code);

        (void) sqlite3_reset(s);
        (void) sqlite3_clear_bindings(s);
        return r;
}

static int run_for_key(Database *database, int which, RecordKind kind, const char *id) {
        sqlite3_stmt *s = NULL;
        int r;

        r = prepared(database, which, &s);
        if (r < 0)
                return r;
        bind_key(s, kind, id);
        return run(database, s);
}

/* lifecycle */

static int make_file(const char *path) {
        g_autofree char *directory = g_path_get_dirname(path);
        _cleanup_(closep) int fd = -1, directory_fd = -1;

        /* SQLite gives its -wal file the same mode */
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || directory_fd < 0 || fsync(directory_fd) < 0)
                return -errno;
        return 0;
}

static int create(Database *database, const char *state_id) {
        int r;

        meta_done(&database->next);
        meta_init(&database->next, state_id);
        r = schema_execute(database->db, "BEGIN IMMEDIATE;");
        if (r >= 0)
                r = schema_create(database->db);
        if (r >= 0)
                r = meta_write(database->db, &database->next);
        if (r >= 0)
                r = schema_execute(database->db, "COMMIT;");
        return r;
}

static int fail_open(int r, const char *path, char **reterr_text) {
        if (reterr_text)
                *reterr_text = r == -EBUSY    ? g_strdup_printf("%s is in use by another quptimed", path)
                               : r == -ENOENT ? g_strdup_printf("%s does not exist", path)
                                              : g_strdup_printf("cannot open %s: %s", path, g_strerror(-r));
        return r;
}

/* the lock comes before the first look, so that two daemons cannot both create */
static int take_file(Database *database, const char *state_id, char **reterr_text) {
        g_autofree char *directory = g_path_get_dirname(database->path);
        int r;

        r = directory_lock(directory);
        if (r < 0)
                return fail_open(r, database->path, reterr_text);
        database->lock_fd = r;

        r = state_id ? make_file(database->path) : access(database->path, R_OK | W_OK) < 0 ? -errno : 0;
        return r < 0 ? fail_open(r, database->path, reterr_text) : 0;
}

static int load(Database *database, const char *state_id, Durable **ret, char **reterr_text) {
        char *why = NULL;
        int r;

        r = schema_verify(database->db, database->path, reterr_text);
        if (r > 0 && !state_id)
                return fail_open(-ENOENT, database->path, reterr_text);
        if (r > 0) {
                r = create(database, state_id);
                if (r < 0)
                        return fail_open(r, database->path, reterr_text);
        }
        if (r < 0)
                return r;

        meta_done(&database->next);
        r = meta_read(database->db, &database->next, &why);
        if (r < 0)
                return schema_damaged(database->path, why, reterr_text);
        meta_copy(&database->durable, &database->next);

        if (state_id && strcmp(database->durable.state_id, state_id) != 0) {
                if (reterr_text)
                        *reterr_text =
                                        g_strdup_printf("%s belongs to another identity than node.yaml "
                                                        "(state id %s, not %s): one of "
                                                        "them was put back from a copy; \"quptimed "
                                                        "--reset\" makes a new identity",
                                                        database->path,
                                                        database->durable.state_id,
                                                        state_id);
                return -ESTALE;
        }

        r = load_durable(database->db, &database->durable, ret, &why);
        return r < 0 ? schema_damaged(database->path, why, reterr_text) : 0;
}

int database_open(
                const char *path,
                const char *state_id,
                Database **ret,
                Durable **ret_durable,
                char **reterr_text) {

        _cleanup_(database_freep) Database *database = NULL;
        int r;

        assert(path);
        assert(ret);
        assert(ret_durable);

        database = g_new0(Database, 1);
        database->path = g_strdup(path);
        database->lock_fd = -1;
        database->touched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        database->all_touched = true;

        r = take_file(database, state_id, reterr_text);
        if (r < 0)
                return r;
        r = schema_connect(path, &database->db, reterr_text);
        if (r < 0)
                return r;
        r = load(database, state_id, ret_durable, reterr_text);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(database);
        return 0;
}

Database *database_free(Database *database) {
        if (!database)
                return NULL;

        (void) disconnect(database);
        (void) close_fd(database->lock_fd);
        meta_done(&database->durable);
        meta_done(&database->next);
        g_hash_table_unref(database->touched);
        g_free(database->path);
        g_free(database);
        return NULL;
}

/* failures */

/* Opens the database anew after a failure and looks at what it has. SQLite's own rollback is not enough:
 * where the fsync of a commit failed, the commit may stand in the log and come back after a crash. 0: it has
 * what it had before the transaction; 1: it has the transaction, and that is now flushed for good: into the
 * database, because a second fsync of the log says nothing about what the first one lost. -errno: it cannot
 * be told yet, the next transaction looks again. -ENOTRECOVERABLE: it is another database. */
static int recover(Database *database) {
        _cleanup_(schema_disconnectp) sqlite3 *db = NULL;
        Meta found = {};
        int r;

        if (database->db)
                (void) sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        database->db = disconnect(database);
        database->all_touched = true;

        r = schema_connect(database->path, &db, /* reterr_text= */ NULL);
        if (r < 0)
                return r;
        r = meta_read(db, &found, /* reterr_why= */ NULL);
        if (r < 0)
                return r;

        if (meta_equal(&found, &database->durable))
                r = 0;
        else if (meta_equal(&found, &database->next))
                r = schema_execute(db, "PRAGMA wal_checkpoint(TRUNCATE);") < 0 ? -EIO : 1;
        else
                r = -ENOTRECOVERABLE;
        meta_done(&found);

        if (r == -ENOTRECOVERABLE)
                database->lost = true;
        if (r == 1)
                meta_copy(&database->durable, &database->next);
        if (r >= 0)
                database->db = TAKE_PTR(db);
        return r;
}

/* A connection to go on with. -EIO also when the disk turns out to have what was reported as failed: whoever
 * comes now does not know of that. */
static int reconnect(Database *database) {
        int r;

        if (database->lost)
                return -ENOTRECOVERABLE;
        if (database->db)
                return 0;
        r = recover(database);
        return r > 0 ? -EIO : r;
}

/* transactions */

int database_begin(Database *database) {
        int r;

        assert(database);

        r = reconnect(database);
        if (r < 0)
                return r;

        meta_copy(&database->next, &database->durable);
        database->meta_changed = false;
        r = schema_execute(database->db, "BEGIN IMMEDIATE;");
        if (r < 0)
                (void) recover(database);
        return r;
}

int database_commit(Database *database) {
        int r = 0, found;

        assert(database);
        assert(database->db);

        if (database->meta_changed) {
                database->next.generation++;
                r = meta_write(database->db, &database->next);
        }
        if (r < 0) {
                database_rollback(database);
                return r;
        }

        r = schema_execute(database->db, "COMMIT;");
        if (r < 0) {
                found = recover(database);
                if (found <= 0)
                        return found == -ENOTRECOVERABLE ? found : r;
        }
        meta_copy(&database->durable, &database->next);
        return 0;
}

void database_rollback(Database *database) {
        assert(database);

        (void) recover(database);
}

/* writing a batch */

static void touch(Database *database, RecordKind kind, const char *id) {
        if (!database->all_touched)
                (void) g_hash_table_add(database->touched, g_strdup_printf("%c%s", 'A' + (int) kind, id));
}

/* the digest of a record that stood there leaves the sum */
static int subtract_old(Database *database, RecordKind kind, const char *id) {
        RecordDigest old;
        sqlite3_stmt *s = NULL;
        int code, r;

        r = prepared(database, READ_DIGEST, &s);
        if (r < 0)
                return r;

        bind_key(s, kind, id);
        code = sqlite3_step(s);
        r = schema_errno(database->db, code);
        if (code == SQLITE_ROW) {
                if (sqlite3_column_bytes(s, 0) == sizeof(old)) {
                        memcpy(&old, sqlite3_column_blob(s, 0), sizeof(old));
                        digest_subtract(&database->next.accepted_hash, &old);
                } else
                        r = -EBADMSG;
        }
        (void) sqlite3_reset(s);
        (void) sqlite3_clear_bindings(s);
        return r;
}

static int put_record(Database *database, const Record *record) {
        sqlite3_stmt *s = NULL;
        int r;

        r = prepared(database, PUT, &s);
        if (r < 0)
                return r;

        bind_key(s, record->kind, record->id);
        (void) sqlite3_bind_blob64(s, 3, record->body, record->body_size, SQLITE_STATIC);
        (void) sqlite3_bind_blob(s, 4, &record->digest, sizeof(record->digest), SQLITE_STATIC);
        r = run(database, s);
        if (r >= 0)
                digest_add(&database->next.accepted_hash, &record->digest);
        return r;
}

static int write_op(Database *database, const DeltaOp *op) {
        int r;

        r = subtract_old(database, op->kind, op->id);
        if (r < 0)
                return r;

        touch(database, op->kind, op->id);
        if (op->record)
                return put_record(database, op->record);
        return run_for_key(database, DELETE, op->kind, op->id);
}

static int write_accepted(Database *database, const StoreBatch *batch) {
        Meta *next = &database->next;
        int r;

        if (batch->accepted_whole) {
                r = schema_execute(database->db, "DELETE FROM accepted;");
                if (r < 0)
                        return r;
                next->accepted_hash = (RecordDigest){};
                database->all_touched = true;
        }
        for (size_t i = 0; batch->accepted_delta && i < batch->accepted_delta->ops->len; i++) {
                r = write_op(database, g_ptr_array_index(batch->accepted_delta->ops, i));
                if (r < 0)
                        return r;
        }
        next->accepted_term = batch->accepted_term;
        next->accepted_seq = batch->accepted_seq;
        return 0;
}

static int copy_all(Database *database) {
        return schema_execute(
                        database->db,
                        "DELETE FROM committed WHERE NOT EXISTS (SELECT 1 FROM accepted AS a "
                        "WHERE a.kind = committed.kind AND a.id = committed.id);"
                        "INSERT OR REPLACE INTO committed SELECT a.* FROM accepted AS a LEFT JOIN committed "
                        "AS c "
                        "ON c.kind = a.kind AND c.id = a.id WHERE c.digest IS NOT a.digest;");
}

static int copy_touched(Database *database) {
        GHashTableIter iter;
        void *key;
        int r;

        g_hash_table_iter_init(&iter, database->touched);
        while (g_hash_table_iter_next(&iter, &key, NULL)) {
                RecordKind kind = (RecordKind) (*(const char *) key - 'A');
                const char *id = (const char *) key + 1;

                r = run_for_key(database, DELETE_COMMITTED, kind, id);
                if (r >= 0)
                        r = run_for_key(database, COPY_COMMITTED, kind, id);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* After a failure later in the transaction recover() says that all is touched, so forgetting here is safe.
 */
static int write_committed(Database *database) {
        Meta *next = &database->next;
        int r;

        r = database->all_touched ? copy_all(database) : copy_touched(database);
        if (r < 0)
                return r;

        g_hash_table_remove_all(database->touched);
        database->all_touched = false;
        next->committed_term = next->accepted_term;
        next->committed_seq = next->accepted_seq;
        next->committed_hash = next->accepted_hash;
        return 0;
}

static int write_new_state(Database *database, const char *state_id) {
        uint64_t generation = database->next.generation;
        int r;

        r = schema_execute(
                        database->db, "DELETE FROM accepted; DELETE FROM committed; DELETE FROM documents;");
        if (r < 0)
                return r;

        meta_done(&database->next);
        meta_init(&database->next, state_id);
        database->next.generation = generation;
        return 0;
}

int database_write_batch(Database *database, const StoreBatch *batch) {
        int r;

        assert(database);
        assert(batch);

        if (batch->new_state_id) {
                r = write_new_state(database, batch->new_state_id);
                if (r < 0)
                        return r;
        }
        if (batch->has_vote) {
                database->next.term = batch->term;
                g_free(database->next.vote);
                database->next.vote = g_strdup(batch->vote ?: "");
        }
        if (batch->commit_first) {
                r = write_committed(database);
                if (r < 0)
                        return r;
        }
        if (batch->has_accepted) {
                r = write_accepted(database, batch);
                if (r < 0)
                        return r;
        }
        if (batch->has_committed) {
                r = write_committed(database);
                if (r < 0)
                        return r;
        }
        database->meta_changed |= batch->new_state_id || batch->has_vote || batch->commit_first ||
                                  batch->has_accepted || batch->has_committed;
        return 0;
}

const Meta *database_meta(const Database *database) {
        assert(database);
        return &database->durable;
}

/* documents */

int database_write_document(Database *database, uint64_t version, const char *text) {
        assert(database);

        return documents_put(database->db, version, text);
}

int database_read_document(Database *database, uint64_t version, char **ret) {
        int r;

        assert(database);

        r = reconnect(database);
        if (r < 0)
                return r;
        return documents_get(database->db, version, ret);
}
