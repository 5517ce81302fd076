/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How far the register has come, told a second time in the configuration directory. Of a database alone
 * nobody can say that it is the latest: an older copy that was put back, or one whose log was lost or
 * damaged, is a good database. With the mark beside node.yaml it is seen to be behind, and refused: it would
 * vote twice.
 *
 * The mark is written after the transaction that it tells of, so it may be behind the register, never
 * before it. Without a mark, or with one of another state id, nothing is known and nothing refused. */

#include <stdint.h>

/* 0: generation (of Durable) is not behind the mark; -ESTALE, -EBADMSG (the mark is damaged) or -errno with
 * a sentence. register_path is for the sentence. */
int mark_check(const char *path,
               const char *register_path,
               const char *state_id,
               uint64_t generation,
               char **reterr_text);
int mark_write(const char *path, const char *state_id, uint64_t generation); /* replaces it whole, synced */
