/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register's database, blocking: what the storage thread does. One thread at a time may use it.
 *
 * A transaction is begun, written to, and committed; after any failure in between, database_rollback(). */

#include "store/meta.h"
#include "store/store.h"

typedef struct Database Database;

/* lifecycle; as store_open() says */
int database_open(
                const char *path,
                const char *state_id,
                Database **ret,
                Durable **ret_durable,
                char **reterr_text);
Database *database_free(Database *database);
DEFINE_CLEANUP(Database, database_free);

/* steps */
int database_begin(Database *database);
int database_write_batch(Database *database, const StoreBatch *batch);
int database_write_document(Database *database, uint64_t version, const char *text);
/* On failure it has rolled back. When the commit failed but the disk has it after all, it succeeded. */
int database_commit(Database *database);
void database_rollback(Database *database);

/* questions, outside a transaction */
const Meta *database_meta(const Database *database); /* what the disk has */
int database_read_document(Database *database, uint64_t version, char **ret);
