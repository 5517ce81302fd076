/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MOVED_ASIDE_MAX 100 /* copies of one name */

/* reading */

static int read_all(int fd, size_t max, char **ret, size_t *ret_size) {
        g_autofree char *text = NULL;
        size_t size = 0, room = 4096;

        text = g_malloc(room + 1);
        for (;;) {
                ssize_t n = read(fd, text + size, room - size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;

                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
                if (size == room) {
                        room *= 2;
                        text = g_realloc(text, room + 1);
                }
        }

        text[size] = 0;
        *ret = g_steal_pointer(&text);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(closep) int fd = -1;
        struct stat st;

        assert(path);
        assert(ret);

        /* O_NONBLOCK: a FIFO in the file's place must not hold the daemon */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;

        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if ((uint64_t) st.st_size > max)
                return -EFBIG;

        return read_all(fd, max, ret, ret_size);
}

/* writing */

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                size -= (size_t) n;
        }
        return 0;
}

int directory_sync(const char *path) {
        _cleanup_(closep) int fd = -1;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

static int sync_directory_of(const char *path) {
        g_autofree char *directory = g_path_get_dirname(path);

        return directory_sync(directory);
}

static char *beside(const char *path, const char *suffix) {
        g_autofree char *directory = g_path_get_dirname(path), *name = g_path_get_basename(path);

        return g_strdup_printf("%s/.%s%s", directory, name, suffix);
}

static int write_beside(const char *path, const char *text, size_t size, mode_t mode, char **ret_temporary) {
        g_autofree char *temporary = beside(path, ".new");
        _cleanup_(closep) int fd = -1;
        int r;

        if (unlink(temporary) < 0 && errno != ENOENT)
                return -errno;
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;

        r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, text, size);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(temporary);
                return r;
        }

        *ret_temporary = g_steal_pointer(&temporary);
        return 0;
}

int file_replace(const char *path, const char *text, size_t size, mode_t mode) {
        g_autofree char *temporary = NULL;
        int r;

        assert(path);
        assert(text || size == 0);

        r = write_beside(path, text, size, mode, &temporary);
        if (r < 0)
                return r;

        if (rename(temporary, path) < 0) {
                r = -errno;
                (void) unlink(temporary);
                return r;
        }
        return sync_directory_of(path);
}

/* Swaps two names; *ret_there says whether b existed. Where the file system has no exchange (EINVAL) the
 * name is free for an instant. */
static int swap(const char *a, const char *b, bool *ret_there) {
        g_autofree char *held = NULL;

        if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) >= 0) {
                *ret_there = true;
                return 0;
        }
        if (errno != EINVAL && errno != ENOSYS && errno != ENOENT)
                return -errno;

        held = beside(b, ".old");
        if (rename(b, held) < 0) {
                if (errno != ENOENT)
                        return -errno;
                *ret_there = false;
                return rename(a, b) < 0 ? -errno : 0;
        }
        if (rename(a, b) < 0 || rename(held, a) < 0)
                return -errno;
        *ret_there = true;
        return 0;
}

int file_exchange(
                const char *path,
                const char *text,
                size_t size,
                mode_t mode,
                size_t max,
                char **ret_old,
                size_t *ret_old_size) {

        g_autofree char *temporary = NULL, *old = NULL;
        size_t old_size = 0;
        bool there;
        int r;

        assert(path);
        assert(ret_old);

        r = write_beside(path, text, size, mode, &temporary);
        if (r < 0)
                return r;

        r = swap(temporary, path, &there);
        if (r >= 0 && there) {
                r = file_read(temporary, max, &old, &old_size);
                if (r < 0) {
                        bool ignored;

                        (void) swap(temporary, path, &ignored);
                }
        }
        if (r < 0 || there)
                (void) unlink(temporary);
        if (r < 0)
                return r;

        r = sync_directory_of(path);
        if (r < 0)
                return r;

        *ret_old = g_steal_pointer(&old);
        if (ret_old_size)
                *ret_old_size = old_size;
        return 0;
}

/* files that are not as they should be */

int file_move_aside(const char *path, const char *suffix, char **ret_moved_to) {
        assert(path);
        assert(suffix);

        for (unsigned i = 0; i < MOVED_ASIDE_MAX; i++) {
                g_autofree char *to = i == 0 ? g_strdup_printf("%s%s", path, suffix)
                                             : g_strdup_printf("%s%s.%u", path, suffix, i);

                if (access(to, F_OK) >= 0)
                        continue;
                if (rename(path, to) < 0)
                        return -errno;
                if (ret_moved_to)
                        *ret_moved_to = g_steal_pointer(&to);
                return 0;
        }
        return -EEXIST;
}

char *file_describe(const char *path) {
        g_autofree char *owner = NULL, *group = NULL;
        struct passwd *pw;
        struct group *gr;
        struct stat st;

        assert(path);

        if (lstat(path, &st) < 0)
                return g_strdup(g_strerror(errno));

        pw = getpwuid(st.st_uid);
        gr = getgrgid(st.st_gid);
        owner = pw ? g_strdup(pw->pw_name) : g_strdup_printf("%u", (unsigned) st.st_uid);
        group = gr ? g_strdup(gr->gr_name) : g_strdup_printf("%u", (unsigned) st.st_gid);
        return g_strdup_printf("owner %s, group %s, mode %04o", owner, group, (unsigned) st.st_mode & 07777);
}

/* directories */

int directory_make(const char *path, mode_t mode) {
        g_autofree char *parent = NULL;
        struct stat st;

        assert(path);

        if (stat(path, &st) >= 0)
                return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
        if (errno != ENOENT)
                return -errno;

        parent = g_path_get_dirname(path);
        if (strcmp(parent, path) != 0) {
                int r = directory_make(parent, 0700);

                if (r < 0)
                        return r;
        }

        if (mkdir(path, mode) < 0)
                return errno == EEXIST ? 0 : -errno;
        if (chmod(path, mode) < 0) /* whatever the umask is */
                return -errno;
        return sync_directory_of(path);
}

int directory_lock(const char *path) {
        _cleanup_(closep) int fd = -1;

        assert(path);

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        return TAKE_FD(fd);
}
