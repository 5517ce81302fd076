/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An SQLite VFS over the default one that fails at a chosen write or fsync: a full disk and a broken one,
 * without either. A failing fsync has written; whether the data comes back after a crash is open, as in
 * life. */

#include <stdbool.h>

void fault_vfs_install(void); /* becomes the default VFS */
/* The n-th write or fsync from now (from 0), and with sticky every later one, fails with this SQLite code.
 */
void fault_vfs_arm(int n, int write_code, int sync_code, bool sticky);
bool fault_vfs_disarm(void); /* whether any had failed */
