/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recorder.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Directories and files are nodes, named by number: node 0 is the directory that is watched. */
typedef enum Kind { OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_NAME, OP_EXCHANGE, OP_UNNAME, OP_NOTE } Kind;

#define RUN_ENDS 12

typedef struct Place {
        unsigned directory; /* node */
        char *name;
} Place;

typedef struct Operation {
        Kind kind;
        unsigned node, other_node; /* the other one of an exchange */
        uint64_t at;               /* offset, or size of a truncation */
        GBytes *bytes;
        Place from, to; /* from.name NULL: a new name */
        void *note;
} Operation;

typedef struct Node {
        bool is_directory;
        dev_t device;
        ino_t inode;
        bool gone; /* from the live file system: its inode may come again */
} Node;

static struct {
        pthread_mutex_t mutex;
        char *root; /* NULL: not recording */
        bool skip_fsync;
        GPtrArray *operations;
        GArray *nodes;
} recorder = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* which node is meant */

static Node *node_at(unsigned i) {
        return &g_array_index(recorder.nodes, Node, i);
}

static unsigned node_new(const struct stat *st) {
        Node node = { S_ISDIR(st->st_mode), st->st_dev, st->st_ino, false };

        g_array_append_val(recorder.nodes, node);
        return recorder.nodes->len - 1;
}

static unsigned node_find(const struct stat *st) {
        for (unsigned i = recorder.nodes->len; i-- > 0;)
                if (!node_at(i)->gone && node_at(i)->inode == st->st_ino && node_at(i)->device == st->st_dev)
                        return i;
        g_error("a file that nobody was seen to make");
}

static bool is_inside(const char *path) {
        return recorder.root && g_str_has_prefix(path, recorder.root) &&
               (path[strlen(recorder.root)] == '/' || path[strlen(recorder.root)] == 0);
}

static bool fd_is_inside(int fd, struct stat *ret) {
        g_autofree char *link = NULL;
        char path[4096];
        ssize_t n;

        if (!recorder.root || fstat(fd, ret) < 0 || (!S_ISREG(ret->st_mode) && !S_ISDIR(ret->st_mode)))
                return false;
        link = g_strdup_printf("/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return false;
        path[n] = 0;
        return is_inside(path);
}

static Place place_of(const char *path) {
        g_autofree char *parent = g_path_get_dirname(path);
        struct stat st;

        if (stat(parent, &st) < 0)
                g_error("%s: %s", parent, g_strerror(errno));
        return (Place){ node_find(&st), g_path_get_basename(path) };
}

static Operation *operation_new(Kind kind, unsigned node) {
        Operation *op = g_new0(Operation, 1);

        op->kind = kind;
        op->node = node;
        g_ptr_array_add(recorder.operations, op);
        return op;
}

static void operation_free(void *p) {
        Operation *op = p;

        if (op->bytes)
                g_bytes_unref(op->bytes);
        g_free(op->from.name);
        g_free(op->to.name);
        g_free(op);
}

/* in the place of the C library */

static void lock(void) {
        (void) pthread_mutex_lock(&recorder.mutex);
}

static void unlock(void) {
        int saved = errno;

        (void) pthread_mutex_unlock(&recorder.mutex);
        errno = saved;
}

static void made(const char *path) {
        struct stat st;

        if (lstat(path, &st) < 0)
                g_error("%s: %s", path, g_strerror(errno));
        operation_new(OP_NAME, node_new(&st))->to = place_of(path);
}

static int do_open(const char *path, int flags, mode_t mode) {
        struct stat st;
        bool is_new;
        int fd;

        lock();
        is_new = is_inside(path) && (flags & O_CREAT) && lstat(path, &st) < 0;
        fd = (int) syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
        if (fd >= 0 && is_new)
                made(path);
        else if (fd >= 0 && (flags & O_TRUNC) && fd_is_inside(fd, &st))
                (void) operation_new(OP_TRUNCATE, node_find(&st));
        unlock();
        return fd;
}

/* The names that programs are linked with; a header would declare one of them as the other. */
int recorder_open(const char *path, int flags, ...) __asm__("open");
int recorder_open64(const char *path, int flags, ...) __asm__("open64");
ssize_t recorder_write(int fd, const void *bytes, size_t size) __asm__("write");
ssize_t recorder_pwrite(int fd, const void *bytes, size_t size, int64_t at) __asm__("pwrite");
ssize_t recorder_pwrite64(int fd, const void *bytes, size_t size, int64_t at) __asm__("pwrite64");
int recorder_ftruncate(int fd, int64_t size) __asm__("ftruncate");
int recorder_ftruncate64(int fd, int64_t size) __asm__("ftruncate64");
int recorder_fsync(int fd) __asm__("fsync");
int recorder_fdatasync(int fd) __asm__("fdatasync");
int recorder_mkdir(const char *path, mode_t mode) __asm__("mkdir");
int recorder_rename(const char *from, const char *to) __asm__("rename");
int recorder_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) __asm__(
                "renameat2");
int recorder_unlink(const char *path) __asm__("unlink");

#define OPEN(path, flags)                                                                                   \
        do {                                                                                                \
                va_list arguments;                                                                          \
                mode_t mode;                                                                                \
                                                                                                            \
                va_start(arguments, flags);                                                                 \
                mode = (flags) &O_CREAT ? va_arg(arguments, mode_t) : 0;                                    \
                va_end(arguments);                                                                          \
                return do_open(path, flags, mode);                                                          \
        } while (0)

int recorder_open(const char *path, int flags, ...) {
        OPEN(path, flags);
}

int recorder_open64(const char *path, int flags, ...) {
        OPEN(path, flags);
}

static void wrote(const struct stat *st, const void *bytes, ssize_t size, int64_t at) {
        Operation *op = operation_new(OP_WRITE, node_find(st));

        op->bytes = g_bytes_new(bytes, (gsize) size);
        op->at = (uint64_t) at;
}

ssize_t recorder_write(int fd, const void *bytes, size_t size) {
        struct stat st;
        int64_t at;
        ssize_t n;

        lock();
        at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
        n = syscall(SYS_write, fd, bytes, size);
        if (n > 0 && at >= 0 && fd_is_inside(fd, &st))
                wrote(&st, bytes, n, at);
        unlock();
        return n;
}

ssize_t recorder_pwrite64(int fd, const void *bytes, size_t size, int64_t at) {
        struct stat st;
        ssize_t n;

        lock();
        n = syscall(SYS_pwrite64, fd, bytes, size, at);
        if (n > 0 && fd_is_inside(fd, &st))
                wrote(&st, bytes, n, at);
        unlock();
        return n;
}

ssize_t recorder_pwrite(int fd, const void *bytes, size_t size, int64_t at) {
        return recorder_pwrite64(fd, bytes, size, at);
}

int recorder_ftruncate64(int fd, int64_t size) {
        struct stat st;
        int r;

        lock();
        r = (int) syscall(SYS_ftruncate, fd, size);
        if (r >= 0 && fd_is_inside(fd, &st))
                operation_new(OP_TRUNCATE, node_find(&st))->at = (uint64_t) size;
        unlock();
        return r;
}

int recorder_ftruncate(int fd, int64_t size) {
        return recorder_ftruncate64(fd, size);
}

static int do_sync(long number, int fd) {
        struct stat st;
        int r;

        lock();
        /* what is recorded needs no real sync either: nobody pulls the plug of this machine */
        r = recorder.skip_fsync || recorder.root ? 0 : (int) syscall(number, fd);
        if (r >= 0 && fd_is_inside(fd, &st))
                (void) operation_new(OP_SYNC, node_find(&st));
        unlock();
        return r;
}

int recorder_fsync(int fd) {
        return do_sync(SYS_fsync, fd);
}

int recorder_fdatasync(int fd) {
        return do_sync(SYS_fdatasync, fd);
}

int recorder_mkdir(const char *path, mode_t mode) {
        int r;

        lock();
        r = (int) syscall(SYS_mkdirat, AT_FDCWD, path, mode);
        if (r >= 0 && is_inside(path))
                made(path);
        unlock();
        return r;
}

static void exchanged(const char *from, const char *to, const struct stat *a, const struct stat *b) {
        Operation *op = operation_new(OP_EXCHANGE, node_find(a));

        op->other_node = node_find(b);
        op->from = place_of(from);
        op->to = place_of(to);
}

static void renamed(const char *from, const char *to, const struct stat *a, const struct stat *b) {
        Operation *op = operation_new(OP_NAME, node_find(a));

        if (b)
                node_at(node_find(b))->gone = true;
        op->from = place_of(from);
        op->to = place_of(to);
}

int recorder_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
        struct stat a, b;
        bool inside, replaces;
        int r;

        lock();
        inside = is_inside(from) && lstat(from, &a) >= 0;
        replaces = inside && lstat(to, &b) >= 0;
        r = (int) syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
        if (r >= 0 && inside && (flags & RENAME_EXCHANGE))
                exchanged(from, to, &a, &b);
        else if (r >= 0 && inside)
                renamed(from, to, &a, replaces ? &b : NULL);
        unlock();
        return r;
}

int recorder_rename(const char *from, const char *to) {
        return recorder_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int recorder_unlink(const char *path) {
        struct stat st;
        bool inside;
        int r;

        lock();
        inside = is_inside(path) && lstat(path, &st) >= 0;
        r = (int) syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        if (r >= 0 && inside) {
                unsigned node = node_find(&st);

                operation_new(OP_UNNAME, node)->from = place_of(path);
                node_at(node)->gone = true;
        }
        unlock();
        return r;
}

/* recording */

void recorder_start(const char *directory) {
        struct stat st;

        g_assert_cmpint(stat(directory, &st), ==, 0);
        recorder.operations = g_ptr_array_new_with_free_func(operation_free);
        recorder.nodes = g_array_new(FALSE, FALSE, sizeof(Node));
        (void) node_new(&st);
        recorder.root = g_strdup(directory);
}

void recorder_note(void *note) {
        lock();
        operation_new(OP_NOTE, 0)->note = note;
        unlock();
}

void recorder_stop(void) {
        lock();
        g_clear_pointer(&recorder.root, g_free);
        unlock();
}

void recorder_skip_fsync(bool skip) {
        lock();
        recorder.skip_fsync = skip;
        unlock();
}

size_t recorder_n_operations(void) {
        return recorder.operations->len;
}

static const Operation *operation_at(size_t i) {
        return g_ptr_array_index(recorder.operations, i);
}

/* how many writes to one file in a row end with the i-th operation, not counting it */
static size_t run_before(size_t i) {
        size_t n = 0;

        while (n < i && operation_at(i - n - 1)->kind == OP_WRITE &&
               operation_at(i - n - 1)->node == operation_at(i)->node)
                n++;
        return n;
}

static size_t run_after(size_t i) {
        size_t n = 0;

        while (i + n + 1 < recorder.operations->len && operation_at(i + n + 1)->kind == OP_WRITE &&
               operation_at(i + n + 1)->node == operation_at(i)->node)
                n++;
        return n;
}

bool recorder_is_within_writes(size_t n) {
        return n > 0 && operation_at(n - 1)->kind == OP_WRITE && run_before(n - 1) > RUN_ENDS &&
               run_after(n - 1) > RUN_ENDS;
}

void *recorder_note_at(size_t i) {
        return operation_at(i)->note;
}

void recorder_done(void) {
        g_clear_pointer(&recorder.operations, g_ptr_array_unref);
        g_clear_pointer(&recorder.nodes, g_array_unref);
}

/* what is left */

typedef struct Rest {
        size_t n;
        Survival survival;
        GRand *rand;
        size_t journal_end;    /* names up to here survive */
        size_t *synced;        /* by node: operations before this one on it are safe */
        GByteArray **contents; /* by node */
        GHashTable **names;    /* by directory: name -> node + 1 */
} Rest;

static bool is_naming(const Operation *op) {
        return op->kind == OP_NAME || op->kind == OP_EXCHANGE || op->kind == OP_UNNAME;
}

static bool name_is_synced(const Rest *rest, const Operation *op, size_t i) {
        return (op->from.name && i < rest->synced[op->from.directory]) ||
               (op->to.name && i < rest->synced[op->to.directory]);
}

static bool name_survives(Rest *rest, const Operation *op, size_t i) {
        if (name_is_synced(rest, op, i))
                return true;
        switch (rest->survival) {
        case SURVIVES_ALL:
        case SURVIVES_NAMES:
                return true;
        case SURVIVES_JOURNAL:
                return i < rest->journal_end;
        case SURVIVES_SECTORS_512:
        case SURVIVES_SECTORS_4096:
                return g_rand_boolean(rest->rand);
        default:
                return false;
        }
}

static bool data_survives(Rest *rest, unsigned node, size_t i) {
        if (i < rest->synced[node])
                return true;
        switch (rest->survival) {
        case SURVIVES_ALL:
        case SURVIVES_DATA:
                return true;
        case SURVIVES_SECTORS_512:
        case SURVIVES_SECTORS_4096:
        case SURVIVES_JOURNAL:
                return g_rand_boolean(rest->rand);
        default:
                return false;
        }
}

static void unname(Rest *rest, const Place *place, unsigned node) {
        if (place->name &&
            GPOINTER_TO_UINT(g_hash_table_lookup(rest->names[place->directory], place->name)) == node + 1)
                (void) g_hash_table_remove(rest->names[place->directory], place->name);
}

static void name(Rest *rest, const Place *place, unsigned node) {
        (void) g_hash_table_insert(rest->names[place->directory], place->name, GUINT_TO_POINTER(node + 1));
}

static void apply_name(Rest *rest, const Operation *op) {
        if (op->kind == OP_UNNAME) {
                unname(rest, &op->from, op->node);
                return;
        }
        unname(rest, &op->from, op->node);
        name(rest, &op->to, op->node);
        if (op->kind == OP_EXCHANGE)
                name(rest, &op->from, op->other_node);
}

static void put(GByteArray *content, uint64_t at, const uint8_t *bytes, size_t size) {
        if (content->len < at + size) {
                guint old = content->len;

                g_byte_array_set_size(content, (guint) (at + size));
                if (old < at) /* a hole */
                        memset(content->data + old, 0, at - old);
        }
        memcpy(content->data + at, bytes, size);
}

static void apply_write(Rest *rest, const Operation *op, size_t i) {
        size_t size, sector = rest->survival == SURVIVES_SECTORS_4096 ? 4096 : 512;
        const uint8_t *bytes = g_bytes_get_data(op->bytes, &size);

        /* a sector of the disk, not of the write */
        for (size_t done = 0; done < size;) {
                size_t n = MIN(size - done, sector - (op->at + done) % sector);

                if (data_survives(rest, op->node, i))
                        put(rest->contents[op->node], op->at + done, bytes + done, n);
                done += n;
        }
}

static void apply_truncation(Rest *rest, const Operation *op, size_t i) {
        GByteArray *content = rest->contents[op->node];
        guint old = content->len;

        if (!data_survives(rest, op->node, i))
                return;
        g_byte_array_set_size(content, (guint) op->at);
        if (op->at > old)
                memset(content->data + old, 0, op->at - old);
}

static void write_out(const Rest *rest, unsigned directory, const char *path) {
        GHashTableIter iter;
        void *key, *value;

        g_hash_table_iter_init(&iter, rest->names[directory]);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                unsigned node = GPOINTER_TO_UINT(value) - 1;
                g_autofree char *child = g_build_filename(path, key, NULL);

                if (node_at(node)->is_directory) {
                        g_assert_cmpint(g_mkdir(child, 0700), ==, 0);
                        write_out(rest, node, child);
                } else {
                        const GByteArray *content = rest->contents[node];
                        int fd = do_open(child, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

                        g_assert_cmpint(fd, >=, 0);
                        g_assert_cmpint(syscall(SYS_write, fd, content->data, content->len),
                                        ==,
                                        content->len);
                        (void) close(fd);
                }
        }
}

/* A journal that has a name has all names before it. */
static size_t journal_end(Rest *rest) {
        size_t safe = 0;

        for (size_t i = 0; i < rest->n; i++)
                if (is_naming(operation_at(i)) && name_is_synced(rest, operation_at(i), i))
                        safe = i + 1;
        return (size_t) g_rand_int_range(rest->rand, (gint32) safe, (gint32) rest->n + 1);
}

static void rest_init(Rest *rest) {
        unsigned n_nodes = recorder.nodes->len;

        rest->synced = g_new0(size_t, n_nodes);
        rest->contents = g_new0(GByteArray *, n_nodes);
        rest->names = g_new0(GHashTable *, n_nodes);
        for (unsigned i = 0; i < n_nodes; i++) {
                rest->contents[i] = g_byte_array_new();
                rest->names[i] = g_hash_table_new(g_str_hash, g_str_equal);
        }
        for (size_t i = 0; i < rest->n; i++)
                if (operation_at(i)->kind == OP_SYNC)
                        rest->synced[operation_at(i)->node] = i;
        rest->journal_end = journal_end(rest);
}

static void rest_done(Rest *rest) {
        for (unsigned i = 0; i < recorder.nodes->len; i++) {
                g_byte_array_unref(rest->contents[i]);
                g_hash_table_unref(rest->names[i]);
        }
        g_free(rest->synced);
        g_free(rest->contents);
        g_free(rest->names);
        g_rand_free(rest->rand);
}

void recorder_materialize(size_t n, Survival survival, uint32_t seed, const char *directory) {
        Rest rest = { .n = n, .survival = survival, .rand = g_rand_new_with_seed(seed) };

        rest_init(&rest);
        for (size_t i = 0; i < n; i++) {
                const Operation *op = operation_at(i);

                if (is_naming(op) && name_survives(&rest, op, i))
                        apply_name(&rest, op);
                else if (op->kind == OP_WRITE)
                        apply_write(&rest, op, i);
                else if (op->kind == OP_TRUNCATE)
                        apply_truncation(&rest, op, i);
        }
        write_out(&rest, 0, directory);
        rest_done(&rest);
}
