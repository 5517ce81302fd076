/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/paths.h"

#include <glib.h>
#include <unistd.h>

static const char *const variables[] = {
        "QUPTIME_DIR",       "QUPTIME_SOCKET",  "CONFIGURATION_DIRECTORY", "STATE_DIRECTORY",
        "RUNTIME_DIRECTORY", "XDG_CONFIG_HOME", "XDG_STATE_HOME",          "XDG_RUNTIME_DIR",
};

static void clear(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(variables); i++)
                g_unsetenv(variables[i]);
}

static void
assert_paths(const char *config_dir, const char *state_dir, const char *runtime_dir, const char *socket) {
        _cleanup_(paths_freep) Paths *paths = NULL;
        g_autofree char *database = g_strconcat(state_dir, "/register.db", NULL);

        g_assert_cmpint(paths_new(&paths), ==, 0);
        g_assert_cmpstr(paths->config_dir, ==, config_dir);
        g_assert_cmpstr(paths->state_dir, ==, state_dir);
        if (runtime_dir)
                g_assert_cmpstr(paths->runtime_dir, ==, runtime_dir);
        if (socket)
                g_assert_cmpstr(paths->socket, ==, socket);
        g_assert_cmpstr(paths->register_db, ==, database);
}

static void test_root(void) {
        if (geteuid() != 0) {
                g_test_message("not root: the places of a user are tested instead");
                return;
        }
        clear();
        assert_paths("/etc/quptime", "/var/lib/quptime", "/run/quptime", "/run/quptime/quptime.sock");
        /* the XDG places are not root's */
        g_setenv("XDG_CONFIG_HOME", "/c", TRUE);
        g_setenv("XDG_RUNTIME_DIR", "/r", TRUE);
        assert_paths("/etc/quptime", "/var/lib/quptime", "/run/quptime", "/run/quptime/quptime.sock");
}

static void test_unit(void) {
        clear();
        g_setenv("CONFIGURATION_DIRECTORY", "/etc/a:/etc/b", TRUE);
        g_setenv("STATE_DIRECTORY", "/var/lib/a", TRUE);
        g_setenv("RUNTIME_DIRECTORY", "/run/a", TRUE);
        assert_paths("/etc/a", "/var/lib/a", "/run/a", "/run/a/quptime.sock");
}

static void test_own_directory(void) {
        clear();
        g_setenv("STATE_DIRECTORY", "/var/lib/a", TRUE);
        g_setenv("QUPTIME_DIR", "/srv/q/", TRUE);
        assert_paths("/srv/q", "/srv/q/state", NULL, NULL);
        g_setenv("QUPTIME_SOCKET", "/srv/s.sock", TRUE);
        assert_paths("/srv/q", "/srv/q/state", NULL, "/srv/s.sock");
        g_setenv("QUPTIME_DIR", "", TRUE);
        g_setenv("CONFIGURATION_DIRECTORY", "/etc/a", TRUE);
        assert_paths("/etc/a", "/var/lib/a", NULL, "/srv/s.sock");
}

static void test_relative(void) {
        g_autofree char *here = g_get_current_dir(), *config = g_build_filename(here, "q", NULL);
        g_autofree char *state = g_build_filename(config, "state", NULL);
        _cleanup_(paths_freep) Paths *paths = NULL;

        clear();
        g_setenv("QUPTIME_DIR", "./q", TRUE);
        assert_paths(config, state, NULL, NULL);
        clear();
        g_setenv("STATE_DIRECTORY", "not/absolute", TRUE);
        g_assert_cmpint(paths_new(&paths), <, 0);
}

/* needs another user than root: a child becomes nobody */
static void test_user(void) {
        if (g_test_subprocess()) {
                g_autofree char *runtime = NULL, *socket = NULL;

                if (geteuid() == 0)
                        g_assert_cmpint(setuid(65534), ==, 0);
                clear();
                g_setenv("XDG_CONFIG_HOME", "/c", TRUE);
                g_setenv("XDG_STATE_HOME", "/s", TRUE);
                g_setenv("XDG_RUNTIME_DIR", "/r", TRUE);
                assert_paths("/c/quptime", "/s/quptime", "/r/quptime", "/r/quptime/quptime.sock");

                g_setenv("XDG_STATE_HOME", "relative is ignored", TRUE);
                runtime = g_build_filename(g_get_home_dir(), ".local/state/quptime", NULL);
                assert_paths("/c/quptime", runtime, "/r/quptime", NULL);

                g_unsetenv("XDG_RUNTIME_DIR");
                if (g_file_test("/run/user/65534", G_FILE_TEST_EXISTS) || geteuid() != 65534)
                        return;
                socket = g_build_filename(runtime, "run", "quptime.sock", NULL);
                assert_paths("/c/quptime", runtime, NULL, socket);
                return;
        }
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/paths/root", test_root);
        g_test_add_func("/store/paths/unit", test_unit);
        g_test_add_func("/store/paths/own-directory", test_own_directory);
        g_test_add_func("/store/paths/relative", test_relative);
        g_test_add_func("/store/paths/user", test_user);
        return g_test_run();
}
