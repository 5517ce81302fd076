/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files of the configuration directory: read with a limit, replaced whole (temporary file, fsync, rename,
 * fsync of the directory), or by exchange (renameat2 with RENAME_EXCHANGE) to see what the new text
 * replaced. The temporary file is ".NAME.new" in the same directory: the directory has one writer
 * (directory_lock), and what a crash leaves behind is used up by the next write. */

#include <stddef.h>
#include <sys/types.h>

/* -EFBIG past max; -EISDIR, -EACCES, … as open(2) has it; -EINVAL: no regular file. The text is
 * NUL-terminated; caller frees. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size);
int file_replace(const char *path, const char *text, size_t size, mode_t mode);

/* Replaces and gives back what stood there (NULL when there was nothing). When that cannot be read (-EACCES,
 * -EFBIG, -EISDIR, …) it stands where it stood and nothing is changed. */
int file_exchange(
                const char *path,
                const char *text,
                size_t size,
                mode_t mode,
                size_t max,
                char **ret_old,
                size_t *ret_old_size);

/* Renames path to path + suffix, or where that exists to path + suffix + ".1", ".2" …; -ENOENT. */
int file_move_aside(const char *path, const char *suffix, char **ret_moved_to);
/* "owner root, group adm, mode 0644" for a sentence about a file that is not as it should be */
char *file_describe(const char *path);

int directory_sync(const char *path);              /* what was renamed in it stays so */
int directory_make(const char *path, mode_t mode); /* with its parents (0700); 0 when it exists */
/* A lock that dies with the process; -EBUSY: another process holds it. Returns the descriptor. */
int directory_lock(const char *path);
