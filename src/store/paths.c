/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/paths.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"

#define OUR_DIRECTORY "quptime"

/* an unset variable and an empty one are the same; of a list (systemd.exec(5)) the first entry */
static char *from_environment(const char *name) {
        const char *value = getenv(name);

        if (!value || !*value)
                return NULL;
        return g_strndup(value, strcspn(value, ":"));
}

static char *first_of_unit(const char *variable, const char *for_root) {
        char *directory = from_environment(variable);

        if (directory)
                return directory;
        return geteuid() == 0 ? g_strdup(for_root) : NULL;
}

/* the specification says: a relative path in one of its variables is to be ignored */
static char *from_xdg(const char *variable, const char *below_home) {
        const char *value = getenv(variable);

        if (value && g_path_is_absolute(value))
                return g_build_filename(value, OUR_DIRECTORY, NULL);
        return below_home ? g_build_filename(g_get_home_dir(), below_home, OUR_DIRECTORY, NULL) : NULL;
}

static char *runtime_of_user(const char *state_dir) {
        g_autofree char *directory = from_xdg("XDG_RUNTIME_DIR", /* below_home= */ NULL);
        g_autofree char *of_login = NULL;

        if (directory)
                return g_steal_pointer(&directory);

        of_login = g_strdup_printf("/run/user/%u", (unsigned) geteuid());
        if (access(of_login, W_OK | X_OK) >= 0)
                return g_build_filename(of_login, OUR_DIRECTORY, NULL);

        /* never below /tmp, where a stranger could be there first and answer in our name */
        return g_build_filename(state_dir, "run", NULL);
}

int paths_new(Paths **ret) {
        _cleanup_(paths_freep) Paths *paths = NULL;
        const char *directory = getenv(ENV_DIR), *socket = getenv(ENV_SOCKET);

        assert(ret);

        paths = g_new0(Paths, 1);
        if (directory && *directory) {
                paths->config_dir = g_canonicalize_filename(directory, /* relative_to= */ NULL);
                paths->state_dir = g_build_filename(paths->config_dir, "state", NULL);
        }
        if (!paths->config_dir)
                paths->config_dir = first_of_unit("CONFIGURATION_DIRECTORY", "/etc/" OUR_DIRECTORY);
        if (!paths->config_dir)
                paths->config_dir = from_xdg("XDG_CONFIG_HOME", ".config");
        if (!paths->state_dir)
                paths->state_dir = first_of_unit("STATE_DIRECTORY", "/var/lib/" OUR_DIRECTORY);
        if (!paths->state_dir)
                paths->state_dir = from_xdg("XDG_STATE_HOME", ".local/state");
        paths->runtime_dir = first_of_unit("RUNTIME_DIRECTORY", "/run/" OUR_DIRECTORY);
        if (!paths->runtime_dir)
                paths->runtime_dir = runtime_of_user(paths->state_dir);

        if (socket && *socket)
                paths->socket = g_canonicalize_filename(socket, /* relative_to= */ NULL);
        else
                paths->socket = g_build_filename(paths->runtime_dir, "quptime.sock", NULL);
        paths->register_db = g_build_filename(paths->state_dir, FILE_REGISTER, NULL);

        if (!g_path_is_absolute(paths->config_dir) || !g_path_is_absolute(paths->state_dir) ||
            !g_path_is_absolute(paths->runtime_dir))
                return -EINVAL;

        *ret = TAKE_PTR(paths);
        return 0;
}

Paths *paths_free(Paths *paths) {
        if (!paths)
                return NULL;

        g_free(paths->config_dir);
        g_free(paths->state_dir);
        g_free(paths->runtime_dir);
        g_free(paths->socket);
        g_free(paths->register_db);
        g_free(paths);
        return NULL;
}

char *paths_config(const Paths *paths, const char *name) {
        assert(paths);
        assert(name);

        return g_build_filename(paths->config_dir, name, NULL);
}
