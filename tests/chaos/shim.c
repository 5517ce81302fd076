/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can go wrong on one host only, put under one daemon by LD_PRELOAD: its wall clock is set, its disk
 * fails. A page shared with the nemesis says what is wrong now ($CHAOS_SHIM: a file of one page), so a fault
 * begins and ends while the daemon runs. Monotonic clocks and timers stay as they are, and so does every
 * file that is not on the daemon's own file system ($CHAOS_DISK: its mount point). */

/* both names of each call are wanted, whatever size a file's offsets have by default */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define NSEC_PER_SEC 1000000000LL

/* native byte order, as Python's struct "=qiii" writes it */
typedef struct Faults {
        int64_t clock_ns;    /* added to the wall clock */
        int32_t sync_errno;  /* of fsync and fdatasync; 0: they work */
        int32_t write_errno; /* of all that makes or changes a file */
        int32_t slow_us;     /* how long a sync takes longer */
} Faults;

static const volatile Faults *faults;
static dev_t disk;

__attribute__((constructor)) static void start(void) {
        const char *page = getenv("CHAOS_SHIM"), *where = getenv("CHAOS_DISK");
        struct stat st;
        int fd;

        if (!page || !where || stat(where, &st) < 0)
                return;
        fd = open(page, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        disk = st.st_dev;
        faults = mmap(NULL, sizeof(Faults), PROT_READ, MAP_SHARED, fd, 0);
        if (faults == MAP_FAILED)
                faults = NULL;
        (void) close(fd);
}

/* ---- the clock ---- */

EXPORT int clock_gettime(clockid_t id, struct timespec *t) {
        static int (*real)(clockid_t, struct timespec *);
        long long ns;
        int r;

        if (!real)
                real = REAL(clock_gettime);
        r = real(id, t);
        if (r < 0 || !faults || faults->clock_ns == 0 ||
            (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE && id != CLOCK_TAI))
                return r;

        ns = (long long) t->tv_sec * NSEC_PER_SEC + t->tv_nsec + faults->clock_ns;
        t->tv_sec = (time_t) (ns / NSEC_PER_SEC);
        t->tv_nsec = (long) (ns % NSEC_PER_SEC);
        return r;
}

EXPORT int gettimeofday(struct timeval *restrict v, void *restrict zone) {
        struct timespec t;

        (void) clock_gettime(CLOCK_REALTIME, &t);
        v->tv_sec = t.tv_sec;
        v->tv_usec = t.tv_nsec / 1000;
        return 0;
}

EXPORT time_t time(time_t *ret) {
        struct timespec t;

        (void) clock_gettime(CLOCK_REALTIME, &t);
        if (ret)
                *ret = t.tv_sec;
        return t.tv_sec;
}

/* ---- the disk ---- */

static int is_on_disk(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == disk;
}

/* negative: the call fails, errno says how */
static int may_write(int fd) {
        if (!faults || faults->write_errno == 0 || !is_on_disk(fd))
                return 0;
        errno = faults->write_errno;
        return -1;
}

static int may_sync(int fd) {
        struct timespec t;

        if (!faults || (faults->sync_errno == 0 && faults->slow_us == 0) || !is_on_disk(fd))
                return 0;
        if (faults->slow_us > 0) {
                t = (struct timespec){ faults->slow_us / 1000000, faults->slow_us % 1000000 * 1000 };
                (void) nanosleep(&t, NULL);
        }
        if (faults->sync_errno == 0)
                return 0;
        errno = faults->sync_errno;
        return -1;
}

EXPORT int fsync(int fd) {
        return may_sync(fd) < 0 ? -1 : REAL(fsync)(fd);
}

EXPORT int fdatasync(int fd) {
        return may_sync(fd) < 0 ? -1 : REAL(fdatasync)(fd);
}

EXPORT ssize_t write(int fd, const void *bytes, size_t n) {
        static ssize_t (*real)(int, const void *, size_t);

        if (!real)
                real = REAL(write);
        return may_write(fd) < 0 ? -1 : real(fd, bytes, n);
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
        return may_write(fd) < 0 ? -1 : REAL(pwrite)(fd, bytes, n, at);
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
        return may_write(fd) < 0 ? -1 : REAL(pwrite64)(fd, bytes, n, at);
}

EXPORT int ftruncate(int fd, off_t size) {
        return may_write(fd) < 0 ? -1 : REAL(ftruncate)(fd, size);
}

EXPORT int ftruncate64(int fd, off64_t size) {
        return may_write(fd) < 0 ? -1 : REAL(ftruncate64)(fd, size);
}
