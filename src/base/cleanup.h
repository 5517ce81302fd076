/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Scope frees and visible hand-overs: `_cleanup_(fn)` releases at the end of the scope, TAKE_PTR() and
 * TAKE_FD() hand a value over and leave nothing behind. fn gets a pointer to the variable. */

#include <stddef.h>
#include <unistd.h>

/* unused: a variable may be there only to be let go of, which gcc sees and clang does not */
#define _cleanup_(fn) __attribute__((cleanup(fn), unused))

#define TAKE_PTR(p)                                                                                         \
        __extension__({                                                                                     \
                __typeof__(p) _taken_ = (p);                                                                \
                (p) = NULL;                                                                                 \
                _taken_;                                                                                    \
        })

#define TAKE_FD(fd)                                                                                         \
        __extension__({                                                                                     \
                int _taken_fd_ = (fd);                                                                      \
                (fd) = -1;                                                                                  \
                _taken_fd_;                                                                                 \
        })

/* For a function `type *fn(type *)` that accepts NULL and returns NULL, makes `fn##p(type **)`, and
 * `fn##_item(void *)` for containers that let go of what is in them. */
#define DEFINE_CLEANUP(type, fn)                                                                            \
        __attribute__((unused)) static inline void fn##p(type **p) {                                        \
                if (*p)                                                                                     \
                        (void) fn(*p);                                                                      \
        }                                                                                                   \
        __attribute__((unused)) static inline void fn##_item(void *p) {                                     \
                (void) fn(p);                                                                               \
        }                                                                                                   \
        struct _cleanup_needs_semicolon_

static inline int close_fd(int fd) {
        if (fd >= 0)
                (void) close(fd);
        return -1;
}

static inline void closep(int *fd) {
        *fd = close_fd(*fd);
}
