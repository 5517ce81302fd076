/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A disk that obeys: preloaded into a daemon (LD_PRELOAD), it fails or delays what that writes and syncs
 * below one directory. The file named by DISK_SHIM_CONTROL says how, and may change at any time: empty: a
 * good disk; "eio-write", "eio-sync", "enospc"; "slow-sync N": every sync takes N ms longer. DISK_SHIM_BELOW
 * names the directory; elsewhere, and for what is no regular file, nothing changes. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool is_below(int fd) {
        const char *below = getenv("DISK_SHIM_BELOW");
        char link[64], path[4096];
        struct stat st;
        ssize_t n;

        if (!below || fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
                return false;
        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return false;
        path[n] = 0;
        return strncmp(path, below, strlen(below)) == 0 && strchr("/", path[strlen(below)]); /* or its end */
}

static void read_control(char *to, size_t size) {
        const char *path = getenv("DISK_SHIM_CONTROL");
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);

        to[n > 0 ? n : 0] = 0;
        if (fd >= 0)
                (void) close(fd);
}

/* errno to fail a write with, or 0 */
static int write_fault(int fd) {
        char control[64];
        int saved = errno, error;

        if (!is_below(fd)) {
                errno = saved;
                return 0;
        }
        read_control(control, sizeof(control));
        error = strncmp(control, "eio-write", 9) == 0 ? EIO
                : strncmp(control, "enospc", 6) == 0  ? ENOSPC
                                                      : 0;
        errno = saved;
        return error;
}

static int sync_fault(int fd) {
        char control[64];
        int saved = errno, error = 0;

        if (!is_below(fd)) {
                errno = saved;
                return 0;
        }
        read_control(control, sizeof(control));
        if (strncmp(control, "slow-sync ", 10) == 0) {
                long ms = strtol(control + 10, NULL, 10);

                (void) nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
        } else if (strncmp(control, "eio-", 4) == 0)
                error = EIO;
        errno = saved;
        return error;
}

/* The names of the C library, which its headers declare with other types on some machines. */
ssize_t shim_write(int fd, const void *bytes, size_t size) __asm__("write");
ssize_t shim_pwrite(int fd, const void *bytes, size_t size, int64_t at) __asm__("pwrite");
ssize_t shim_pwrite64(int fd, const void *bytes, size_t size, int64_t at) __asm__("pwrite64");
int shim_ftruncate64(int fd, int64_t size) __asm__("ftruncate64");
int shim_fsync(int fd) __asm__("fsync");
int shim_fdatasync(int fd) __asm__("fdatasync");

static int fail(int error) {
        errno = error;
        return -1;
}

ssize_t shim_write(int fd, const void *bytes, size_t size) {
        int error = write_fault(fd);

        return error ? fail(error) : syscall(SYS_write, fd, bytes, size);
}

ssize_t shim_pwrite64(int fd, const void *bytes, size_t size, int64_t at) {
        int error = write_fault(fd);

        return error ? fail(error) : syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t shim_pwrite(int fd, const void *bytes, size_t size, int64_t at) {
        return shim_pwrite64(fd, bytes, size, at);
}

int shim_ftruncate64(int fd, int64_t size) {
        int error = write_fault(fd);

        return error ? fail(error) : (int) syscall(SYS_ftruncate, fd, size);
}

int shim_fsync(int fd) {
        int error = sync_fault(fd);

        return error ? fail(error) : (int) syscall(SYS_fsync, fd);
}

int shim_fdatasync(int fd) {
        int error = sync_fault(fd);

        return error ? fail(error) : (int) syscall(SYS_fdatasync, fd);
}
