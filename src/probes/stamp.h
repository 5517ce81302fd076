/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a file is still the one that was read. */

#include <stdbool.h>
#include <sys/stat.h>

typedef struct Stamp {
        dev_t device;
        ino_t inode;
        struct timespec modified;
        off_t size;
} Stamp;

/* all zero: not there */
static inline Stamp stamp_of(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return (Stamp){};
        return (Stamp){ st.st_dev, st.st_ino, st.st_mtim, st.st_size };
}

static inline bool stamp_equal(const Stamp *a, const Stamp *b) {
        return a->device == b->device && a->inode == b->inode && a->size == b->size &&
               a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}
