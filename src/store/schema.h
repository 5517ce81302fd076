/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The tables of the register's database, how a connection to it is set up, and what of it is checked when it
 * is opened. A sqlite3 connection and everything here belongs to one thread at a time. */

#include <sqlite3.h>
#include <stdint.h>

#include "base/cleanup.h"

#define SCHEMA_VERSION 1
#define SCHEMA_APPLICATION_ID 0x71757074 /* "qupt" */

/* 0 or -errno for an SQLite result code; the connection (may be NULL) knows the errno of an I/O error */
int schema_errno(sqlite3 *db, int code);

/* Opens (the file must exist) and sets up: WAL, synchronous=FULL, held exclusively until closed. */
int schema_connect(const char *path, sqlite3 **ret, char **reterr_text);
sqlite3 *schema_disconnect(sqlite3 *db); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(sqlite3, schema_disconnect);

/* Whether this is a register of a version known here, and whole. 1: it has no tables yet; 0: it is;
 * -EBADMSG, -ENOTSUP with a sentence about `path`. */
int schema_verify(sqlite3 *db, const char *path, char **reterr_text);
int schema_create(sqlite3 *db); /* inside the caller's transaction */

/* "PATH is damaged (WHY): …" with the remedy, -EBADMSG. why is consumed and may be NULL. */
int schema_damaged(const char *path, char *why_consumed, char **reterr_text);

/* One statement without rows: "BEGIN" … -errno. */
int schema_execute(sqlite3 *db, const char *sql);
