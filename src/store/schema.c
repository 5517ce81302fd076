/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/schema.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

/* WITHOUT ROWID: a record is looked up by its key alone. digest is Record.digest, so that the sum over a
 * table can be kept without reading the rows. meta has one row and a checksum over it. */
static const char tables[] =
                "CREATE TABLE meta ("
                "  one INTEGER PRIMARY KEY CHECK (one = 1),"
                "  generation INTEGER NOT NULL,"
                "  state_id TEXT NOT NULL,"
                "  term INTEGER NOT NULL,"
                "  vote TEXT NOT NULL,"
                "  accepted_term INTEGER NOT NULL,"
                "  accepted_seq INTEGER NOT NULL,"
                "  accepted_hash BLOB NOT NULL,"
                "  committed_term INTEGER NOT NULL,"
                "  committed_seq INTEGER NOT NULL,"
                "  committed_hash BLOB NOT NULL,"
                "  checksum TEXT NOT NULL"
                ");"
                "CREATE TABLE accepted ("
                "  kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,"
                "  PRIMARY KEY (kind, id)"
                ") WITHOUT ROWID;"
                "CREATE TABLE committed ("
                "  kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,"
                "  PRIMARY KEY (kind, id)"
                ") WITHOUT ROWID;"
                "CREATE TABLE documents (version INTEGER PRIMARY KEY, text BLOB NOT NULL);"
                "PRAGMA application_id = 0x71757074;"
                "PRAGMA user_version = 1;";
G_STATIC_ASSERT(SCHEMA_APPLICATION_ID == 0x71757074 && SCHEMA_VERSION == 1);

/* locking_mode first: then WAL needs no shared memory file, and the lock is held from the first read until
 * the connection is closed. secure_delete: passwords that were removed are not left in free pages. */
static const char setup[] = "PRAGMA locking_mode = EXCLUSIVE;"
                            "PRAGMA journal_mode = WAL;"
                            "PRAGMA synchronous = FULL;"
                            "PRAGMA secure_delete = FAST;"
                            "PRAGMA trusted_schema = OFF;"
                            "PRAGMA cell_size_check = ON;"
                            "PRAGMA journal_size_limit = 16777216;";

int schema_errno(sqlite3 *db, int code) {
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EBADMSG;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_TOOBIG:
                return -EFBIG;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN: {
                int error = db ? sqlite3_system_errno(db) : 0;

                return error == ENOSPC || error == EDQUOT ? -ENOSPC : -EIO;
        }
        default:
                return -EIO;
        }
}

int schema_execute(sqlite3 *db, const char *sql) {
        assert(db);
        assert(sql);

        return schema_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int schema_damaged(const char *path, char *why_consumed, char **reterr_text) {
        g_autofree char *why = why_consumed;

        if (reterr_text)
                *reterr_text =
                                g_strdup_printf("%s is damaged (%s): a copy of it must not be put back; "
                                                "\"quptimed --reset\" gives "
                                                "this node a new identity, after which \"quctl node add\" "
                                                "on a node of the cluster "
                                                "takes it in again",
                                                path,
                                                why ?: "unreadable");
        return -EBADMSG;
}

static int fail_connect(sqlite3 *db, const char *path, int code, char **reterr_text) {
        int r = schema_errno(db, code);

        /* the set-up is right, so a general error is about the file: "unsupported file format" */
        if (r == -EBADMSG || (code & 0xff) == SQLITE_ERROR)
                return schema_damaged(path, g_strdup(db ? sqlite3_errmsg(db) : NULL), reterr_text);
        if (reterr_text)
                *reterr_text = r == -EBUSY ? g_strdup_printf("%s is in use by another process", path)
                                           : g_strdup_printf("cannot open %s: %s", path, g_strerror(-r));
        return r;
}

int schema_connect(const char *path, sqlite3 **ret, char **reterr_text) {
        _cleanup_(schema_disconnectp) sqlite3 *db = NULL;
        int code;

        assert(path);
        assert(ret);

        /* one thread at a time, so SQLite's own mutexes are not needed */
        code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, /* zVfs= */ NULL);
        if (code == SQLITE_OK) {
                (void) sqlite3_extended_result_codes(db, 1);
                (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
                code = sqlite3_exec(db, setup, NULL, NULL, NULL);
        }
        /* the first read takes the lock */
        if (code == SQLITE_OK)
                code = sqlite3_exec(db, "SELECT count(*) FROM sqlite_master;", NULL, NULL, NULL);
        if (code != SQLITE_OK)
                return fail_connect(db, path, code, reterr_text);

        *ret = TAKE_PTR(db);
        return 0;
}

sqlite3 *schema_disconnect(sqlite3 *db) {
        if (db)
                (void) sqlite3_close_v2(db);
        return NULL;
}

static int query_int(sqlite3 *db, const char *sql, int64_t *ret) {
        sqlite3_stmt *statement = NULL;
        int code;

        code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
        if (code == SQLITE_OK) {
                code = sqlite3_step(statement);
                if (code == SQLITE_ROW)
                        *ret = sqlite3_column_int64(statement, 0);
        }
        (void) sqlite3_finalize(statement);
        return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -ENODATA : schema_errno(db, code);
}

/* SQLite's own check of its pages; *reterr_why says what it found */
static int quick_check(sqlite3 *db, char **reterr_why) {
        sqlite3_stmt *statement = NULL;
        int code, r = -EBADMSG;

        code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1);", -1, &statement, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
                const char *answer = (const char *) sqlite3_column_text(statement, 0);

                if (answer && strcmp(answer, "ok") == 0)
                        r = 0;
                else
                        *reterr_why = g_strdup(answer);
        } else
                *reterr_why = g_strdup(sqlite3_errmsg(db));
        (void) sqlite3_finalize(statement);
        return r;
}

int schema_verify(sqlite3 *db, const char *path, char **reterr_text) {
        int64_t n_tables = 0, application = 0, version = 0;
        char *why = NULL;
        int r;

        assert(db);
        assert(path);

        r = quick_check(db, &why);
        if (r < 0)
                return schema_damaged(path, why, reterr_text);

        r = query_int(db, "SELECT count(*) FROM sqlite_master;", &n_tables);
        if (r >= 0)
                r = query_int(db, "PRAGMA application_id;", &application);
        if (r >= 0)
                r = query_int(db, "PRAGMA user_version;", &version);
        if (r < 0)
                return schema_damaged(path, g_strdup(sqlite3_errmsg(db)), reterr_text);

        if (n_tables == 0 && application == 0)
                return 1;
        if (application != SCHEMA_APPLICATION_ID)
                return schema_damaged(
                                path, g_strdup("it is a database, but no register of quptime"), reterr_text);
        if (version > SCHEMA_VERSION) {
                if (reterr_text)
                        *reterr_text = g_strdup_printf(
                                        "%s was written by a newer quptime (schema %" G_GINT64_FORMAT
                                        ", this one knows %d): install that version again",
                                        path,
                                        version,
                                        SCHEMA_VERSION);
                return -ENOTSUP;
        }
        if (version < SCHEMA_VERSION)
                return schema_damaged(path, g_strdup("it has no schema version"), reterr_text);
        return 0;
}

int schema_create(sqlite3 *db) {
        assert(db);

        return schema_execute(db, tables);
}
