/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A disk that remembers: every write, truncation, fsync, creation, rename and removal that this process
 * makes below one directory, SQLite's too, in their order; and what a power loss after any of them may
 * leave.
 *
 * It stands in the place of the C library's functions in the test program, so nothing is missed that is not
 * a mapping (the register has none: no shared memory in exclusive mode). What counts as safe is what POSIX
 * promises and no more: data after fsync or fdatasync of its file, a name after fsync of its directory.
 * Everything else may be there or not, each sector of a write and each name for itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What of the unsynced survives. */
typedef enum Survival {
        SURVIVES_NOTHING,
        SURVIVES_ALL, /* as after kill -9 */
        SURVIVES_NAMES,
        SURVIVES_DATA,
        SURVIVES_SECTORS_512, /* each sector and each name by chance */
        SURVIVES_SECTORS_4096,
        /* names in order up to some point, as on journalling file systems; data by chance */
        SURVIVES_JOURNAL,
        _SURVIVAL_MAX
} Survival;

void recorder_start(const char *directory); /* must be empty */
void recorder_note(void *note);             /* a mark of the test's own between two operations */
void recorder_stop(void);

/* Syncing costs time that what is checked afterwards need not spend. */
void recorder_skip_fsync(bool skip);

size_t recorder_n_operations(void);
void *recorder_note_at(size_t i); /* the i-th operation's note, NULL when it is no note */

/* The first n operations end in the middle of a long row of writes to one file: one such point is like the
 * next. */
bool recorder_is_within_writes(size_t n);

/* Makes below `directory` (empty) what is there when the power fails after the first n operations. */
void recorder_materialize(size_t n, Survival survival, uint32_t seed, const char *directory);
void recorder_done(void);
