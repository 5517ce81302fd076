/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "store/credential.h"

static char *directory;

static void put(const char *name, const char *text, gssize size) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autoptr(GError) error = NULL;

        (void) g_file_set_contents(path, text, size, &error);
        g_assert_no_error(error);
}

static void assert_read(const char *name, const char *expected) {
        _cleanup_(secret_freep) char *secret = NULL;

        g_assert_cmpint(credential_read(directory, name, &secret, NULL), ==, 0);
        g_assert_cmpstr(secret, ==, expected);
}

static void assert_refused(const char *name, int expected, const char *why) {
        char *secret = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(credential_read(directory, name, &secret, &error), ==, expected);
        g_assert_null(secret);
        g_assert_cmpstr(error, ==, why);
        g_assert_null(strstr(error, "hush"));
}

static void test_line_end(void) {
        put("none", "hush", -1);
        assert_read("none", "hush");
        put("one", "hush\n", -1);
        assert_read("one", "hush");
        put("spaces", " hush ", -1);
        assert_read("spaces", " hush ");
        put("two", "hush\n\n", -1);
        assert_refused("two", -EBADMSG, "the credential \"two\" is no line of UTF-8 text");
}

static void test_refused(void) {
        char *secret = NULL;

        assert_refused("absent", -ENOENT, "the credential \"absent\" is not on this node");
        put("empty", "\n", -1);
        assert_refused("empty", -EBADMSG, "the credential \"empty\" is empty");
        put("zero", "hush\0x", 6);
        assert_refused("zero", -EBADMSG, "the credential \"zero\" holds a zero byte");
        put("latin", "hush\xe4", -1);
        assert_refused("latin", -EBADMSG, "the credential \"latin\" is no line of UTF-8 text");
        assert_refused("../none", -EINVAL, "the credential \"?\" has a name that no credential has");
        assert_refused("..", -EINVAL, "the credential \"?\" has a name that no credential has");
        g_assert_cmpint(credential_read(NULL, "none", &secret, NULL), ==, -ENOENT);
}

static void test_limit(void) {
        g_autofree char *longest = g_strnfill(SECRET_FIELD_MAX_BYTES, 'x');
        g_autofree char *with_end = g_strconcat(longest, "\n", NULL);
        g_autofree char *too_long = g_strconcat(longest, "x", NULL);
        g_autofree char *far_too_long = g_strconcat(longest, longest, NULL);

        put("longest", with_end, -1);
        assert_read("longest", longest);
        put("long", too_long, -1);
        assert_refused("long", -EFBIG, "the credential \"long\" is too long for a secret");
        put("longer", far_too_long, -1);
        assert_refused("longer", -EFBIG, "the credential \"longer\" is too long for a secret");
}

static void remove_all(void) {
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(directory, name, NULL);

                (void) g_unlink(path);
        }
        (void) g_rmdir(directory);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        directory = g_dir_make_tmp("quptime-credential-XXXXXX", NULL);
        g_test_add_func("/credential/line-end", test_line_end);
        g_test_add_func("/credential/refused", test_refused);
        g_test_add_func("/credential/limit", test_limit);
        r = g_test_run();
        remove_all();
        g_free(directory);
        return r;
}
