/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Watches one file by inotify on its directory: a call after IN_CLOSE_WRITE or IN_MOVED_TO of that name,
 * with how it came, because an in-place save may be cut off and a rename cannot. A directory that is removed
 * or moved away is looked for once a second; when it is there again and has the file, that is a change by
 * rename. When the kernel's queue has overflowed, the file counts as saved in place. */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"

typedef struct Watch Watch;
typedef void (*watch_changed_t)(void *userdata, bool by_rename);

/* the directory must exist: -ENOENT, -ENOTDIR */
int watch_new(sd_event *event, const char *path, watch_changed_t changed, void *userdata, Watch **ret);
Watch *watch_free(Watch *watch); /* may be called inside changed() */
DEFINE_CLEANUP(Watch, watch_free);
