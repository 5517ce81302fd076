/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The texts of cluster.yaml that this node has written, by version, compressed: the bases that a hand edit
 * may start from. The last DOCUMENTS_KEPT are kept, fewer when they exceed DOCUMENTS_KEPT_BYTES. */

#include <sqlite3.h>
#include <stdint.h>

int documents_put(sqlite3 *db, uint64_t version, const char *text); /* inside the caller's transaction */
/* -ENOENT; -EBADMSG: damaged */
int documents_get(sqlite3 *db, uint64_t version, char **ret);
