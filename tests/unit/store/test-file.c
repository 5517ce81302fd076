/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

/* A file system that cannot exchange, on demand: this definition goes before the C library's. */
static bool without_exchange;

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
        if (without_exchange && (flags & RENAME_EXCHANGE)) {
                errno = EINVAL;
                return -1;
        }
        return (int) syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

static mode_t mode_of(const char *path) {
        struct stat st;

        g_assert_cmpint(stat(path, &st), ==, 0);
        return st.st_mode & 07777;
}

static unsigned n_entries(const char *directory) {
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        unsigned n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

static void test_read(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL), *text = NULL;
        g_autofree char *large = g_strnfill(10000, 'a');
        size_t size;

        g_assert_cmpint(file_read(path, 100, &text, &size), ==, -ENOENT);
        g_assert_cmpint(file_read(directory, 100, &text, &size), ==, -EISDIR);
        g_assert_cmpint(file_read("/dev/zero", 100, &text, &size), ==, -EINVAL);

        g_assert_true(g_file_set_contents(path, large, -1, NULL));
        g_assert_cmpint(file_read(path, 9999, &text, &size), ==, -EFBIG);
        g_assert_null(text);
        g_assert_cmpint(file_read(path, 10000, &text, &size), ==, 0);
        g_assert_cmpuint(size, ==, 10000);
        g_assert_cmpstr(text, ==, large);
        g_clear_pointer(&text, g_free);

        g_assert_true(g_file_set_contents(path, "", 0, NULL));
        g_assert_cmpint(file_read(path, 0, &text, NULL), ==, 0);
        g_assert_cmpstr(text, ==, "");
}

static void test_read_fifo(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL), *text = NULL;

        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        g_assert_cmpint(file_read(path, 100, &text, NULL), ==, -EINVAL);
}

static void test_replace(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL), *text = NULL;
        g_autofree char *left_over = g_build_filename(directory, ".f.new", NULL);

        g_assert_true(g_file_set_contents(left_over, "of a crash", -1, NULL));
        g_assert_cmpint(file_replace(path, "one", 3, 0600), ==, 0);
        g_assert_cmpuint(mode_of(path), ==, 0600);
        g_assert_cmpint(file_replace(path, "two!", 4, 0644), ==, 0);
        g_assert_cmpuint(mode_of(path), ==, 0644);
        g_assert_cmpint(file_read(path, 100, &text, NULL), ==, 0);
        g_assert_cmpstr(text, ==, "two!");
        g_assert_cmpuint(n_entries(directory), ==, 1);
}

static void test_replace_fails(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL);
        g_autofree char *nowhere = g_build_filename(directory, "no", "f", NULL);

        g_assert_cmpint(file_replace(nowhere, "one", 3, 0600), ==, -ENOENT);
        g_assert_cmpint(mkdir(path, 0700), ==, 0);
        g_assert_cmpint(file_replace(path, "one", 3, 0600), ==, -EISDIR);
        g_assert_cmpuint(n_entries(directory), ==, 1);
}

static void test_exchange(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL), *old = NULL, *text = NULL;
        size_t size;

        g_assert_cmpint(file_exchange(path, "one", 3, 0600, 100, &old, &size), ==, 0);
        g_assert_null(old);
        g_assert_cmpint(file_exchange(path, "two", 3, 0600, 100, &old, &size), ==, 0);
        g_assert_cmpstr(old, ==, "one");
        g_assert_cmpuint(size, ==, 3);
        g_assert_cmpint(file_read(path, 100, &text, NULL), ==, 0);
        g_assert_cmpstr(text, ==, "two");
        g_assert_cmpuint(n_entries(directory), ==, 1);
}

static void test_exchange_unreadable(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL), *old = NULL, *text = NULL;
        size_t size;

        g_assert_true(g_file_set_contents(path, "too large", -1, NULL));
        g_assert_cmpint(file_exchange(path, "new", 3, 0600, 8, &old, &size), ==, -EFBIG);
        g_assert_cmpint(file_read(path, 100, &text, NULL), ==, 0);
        g_assert_cmpstr(text, ==, "too large");
        g_assert_cmpuint(n_entries(directory), ==, 1);
}

static void test_exchange_without(void) {
        without_exchange = true;
        test_exchange();
        test_exchange_unreadable();
        without_exchange = false;
}

static void test_move_aside(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "f", NULL), *first = NULL, *second = NULL;
        g_autofree char *about = NULL;

        g_assert_cmpint(file_move_aside(path, ".foreign", &first), ==, -ENOENT);
        g_assert_cmpint(file_replace(path, "one", 3, 0640), ==, 0);
        about = file_describe(path);
        g_assert_nonnull(strstr(about, "mode 0640"));
        g_assert_cmpint(file_move_aside(path, ".foreign", &first), ==, 0);
        g_assert_true(g_str_has_suffix(first, "/f.foreign"));
        g_assert_cmpint(file_replace(path, "two", 3, 0600), ==, 0);
        g_assert_cmpint(file_move_aside(path, ".foreign", &second), ==, 0);
        g_assert_true(g_str_has_suffix(second, "/f.foreign.1"));
}

static void test_directory(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *middle = g_build_filename(directory, "a", NULL);
        g_autofree char *deep = g_build_filename(directory, "a", "b", NULL);
        g_autofree char *file = g_build_filename(directory, "f", NULL);
        g_autofree char *below_file = g_build_filename(directory, "f", "x", NULL);

        g_assert_cmpint(directory_make(deep, 0755), ==, 0);
        g_assert_cmpint(directory_make(deep, 0700), ==, 0);
        g_assert_cmpuint(mode_of(middle), ==, 0700);
        g_assert_cmpuint(mode_of(deep), ==, 0755);
        g_assert_cmpint(file_replace(file, "x", 1, 0600), ==, 0);
        g_assert_cmpint(directory_make(file, 0700), ==, -ENOTDIR);
        g_assert_cmpint(directory_make(below_file, 0700), ==, -ENOTDIR);
}

static void test_lock(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        int fd;

        fd = directory_lock(directory);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(directory_lock(directory), ==, -EBUSY);
        close(fd);
        fd = directory_lock(directory);
        g_assert_cmpint(fd, >=, 0);
        close(fd);
        g_assert_cmpint(directory_lock("/nonexistent"), ==, -ENOENT);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/file/read", test_read);
        g_test_add_func("/store/file/read-fifo", test_read_fifo);
        g_test_add_func("/store/file/replace", test_replace);
        g_test_add_func("/store/file/replace-fails", test_replace_fails);
        g_test_add_func("/store/file/exchange", test_exchange);
        g_test_add_func("/store/file/exchange-unreadable", test_exchange_unreadable);
        g_test_add_func("/store/file/exchange-without", test_exchange_without);
        g_test_add_func("/store/file/move-aside", test_move_aside);
        g_test_add_func("/store/file/directory", test_directory);
        g_test_add_func("/store/file/lock", test_lock);
        return g_test_run();
}
