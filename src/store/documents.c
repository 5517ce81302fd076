/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/documents.h"

#include <assert.h>
#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "base/limits.h"
#include "store/schema.h"

#define PACK_LEVEL 1 /* of zlib: 3 MB of YAML in 20 ms, a tenth of its size */
#define PIECE 65536

/* gzip, because it carries a checksum */
static GBytes *pack(const char *text) {
        g_autoptr(GZlibCompressor) gzip = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, PACK_LEVEL);
        g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
        g_autoptr(GOutputStream) stream = g_converter_output_stream_new(memory, G_CONVERTER(gzip));

        /* into memory, which GLib has or aborts */
        (void) g_output_stream_write_all(stream, text, strlen(text), NULL, NULL, NULL);
        (void) g_output_stream_close(stream, NULL, NULL);
        return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
}

static int unpack(const void *packed, size_t size, char **ret) {
        g_autoptr(GZlibDecompressor) gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
        g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_data(packed, (gssize) size, NULL);
        g_autoptr(GInputStream) stream = g_converter_input_stream_new(memory, G_CONVERTER(gzip));
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *piece = g_malloc(PIECE);

        for (;;) {
                gssize n = g_input_stream_read(stream, piece, PIECE, NULL, NULL);

                if (n < 0 || text->len + (size_t) n > DOCUMENT_MAX_BYTES)
                        return -EBADMSG;
                if (n == 0)
                        break;
                g_string_append_len(text, piece, n);
        }

        *ret = g_string_free(g_steal_pointer(&text), /* free_segment= */ FALSE);
        return 0;
}

/* Drops the oldest one when there are too many or they are too large, but never the newest. -errno, or 1
 * while something was dropped. */
static int drop_oldest(sqlite3 *db) {
        g_autofree char *sql = g_strdup_printf(
                        "DELETE FROM documents WHERE version = (SELECT min(version) FROM documents) AND "
                        "version < (SELECT max(version) FROM documents) AND "
                        "((SELECT count(*) FROM documents) > %d OR (SELECT sum(length(text)) FROM "
                        "documents) > %d);",
                        DOCUMENTS_KEPT,
                        DOCUMENTS_KEPT_BYTES);
        int r;

        r = schema_execute(db, sql);
        return r < 0 ? r : sqlite3_changes(db) > 0;
}

int documents_put(sqlite3 *db, uint64_t version, const char *text) {
        g_autoptr(GBytes) packed = NULL;
        sqlite3_stmt *s = NULL;
        int code, r;

        assert(db);
        assert(text);

        packed = pack(text);
        code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO documents VALUES (?, ?);", -1, &s, NULL);
        if (code == SQLITE_OK) {
                (void) sqlite3_bind_int64(s, 1, (sqlite3_int64) version);
                (void) sqlite3_bind_blob64(
                                s,
                                2,
                                g_bytes_get_data(packed, NULL),
                                g_bytes_get_size(packed),
                                SQLITE_STATIC);
                code = sqlite3_step(s);
        }
        (void) sqlite3_finalize(s);
        r = schema_errno(db, code);
        if (r < 0)
                return r;

        do
                r = drop_oldest(db);
        while (r > 0);
        return r;
}

int documents_get(sqlite3 *db, uint64_t version, char **ret) {
        sqlite3_stmt *s = NULL;
        int code, r;

        assert(db);
        assert(ret);

        code = sqlite3_prepare_v2(db, "SELECT text FROM documents WHERE version = ?;", -1, &s, NULL);
        if (code == SQLITE_OK) {
                (void) sqlite3_bind_int64(s, 1, (sqlite3_int64) version);
                code = sqlite3_step(s);
        }
        if (code == SQLITE_ROW)
                r = unpack(sqlite3_column_blob(s, 0), (size_t) sqlite3_column_bytes(s, 0), ret);
        else
                r = code == SQLITE_DONE ? -ENOENT : schema_errno(db, code);
        (void) sqlite3_finalize(s);
        return r;
}
