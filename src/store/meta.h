/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one row of the table meta: term, vote and stamps, and the hashes of both values, with a checksum over
 * it all, so that a bit that flipped on the disk is not taken for a vote. */

#include <sqlite3.h>

#include "cluster/record.h"

typedef struct Meta {
        uint64_t generation; /* +1 per transaction: tells whether one is on the disk */
        char *state_id;
        uint64_t term;
        char *vote;
        uint64_t accepted_term;
        uint64_t accepted_seq;
        RecordDigest accepted_hash;
        uint64_t committed_term;
        uint64_t committed_seq;
        RecordDigest committed_hash;
} Meta;

void meta_init(Meta *meta, const char *state_id);
void meta_done(Meta *meta);
void meta_copy(Meta *to, const Meta *from); /* `to` was initialized */
bool meta_equal(const Meta *a, const Meta *b);

/* -EBADMSG with a word in reterr_why: no row, or not as it was written. `ret` is initialized only on
 * success. */
int meta_read(sqlite3 *db, Meta *ret, char **reterr_why);
int meta_write(sqlite3 *db, const Meta *meta);

/* a value's hash is the lane-wise sum over its records */
void digest_add(RecordDigest *sum, const RecordDigest *digest);
void digest_subtract(RecordDigest *sum, const RecordDigest *digest);
bool digest_equal(const RecordDigest *a, const RecordDigest *b);
