/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where things are: for root the system's places, for others those of the XDG Base Directory Specification
 * 0.8.
 *
 *               system, or root      other users
 *   config_dir  /etc/quptime         $XDG_CONFIG_HOME/quptime, ~/.config/quptime
 *   state_dir   /var/lib/quptime     $XDG_STATE_HOME/quptime, ~/.local/state/quptime
 *   runtime_dir /run/quptime         $XDG_RUNTIME_DIR/quptime, /run/user/UID/quptime, state_dir/run
 *
 * $QUPTIME_DIR is the configuration directory and holds the state (state/) too; it beats all. What
 * systemd.exec(5) gives a unit comes next ($CONFIGURATION_DIRECTORY, $STATE_DIRECTORY, $RUNTIME_DIRECTORY;
 * of several the first). The control socket is $QUPTIME_SOCKET, or quptime.sock in runtime_dir. Daemon and
 * client ask the same table. */

#include "base/cleanup.h"

typedef struct Paths {
        char *config_dir;
        char *state_dir;
        char *runtime_dir;
        char *socket;
        char *register_db; /* state_dir + "/" + FILE_REGISTER */
} Paths;

/* Reads the environment, touches no file but /run/user/UID. -EINVAL: a path that should be absolute is not.
 */
int paths_new(Paths **ret);
Paths *paths_free(Paths *paths);
DEFINE_CLEANUP(Paths, paths_free);

char *paths_config(const Paths *paths, const char *name); /* config_dir + "/" + name; caller frees */
