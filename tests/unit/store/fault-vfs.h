/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An SQLite VFS over the default one that fails at a chosen write or fsync: a full disk and a broken one,
 * without either. A failing fsync has written; whether the data comes back after a crash is open, as in
 * life. */

#include <stdbool.h>

void fault_vfs_install(void); /* becomes the default VFS */
typedef enum FaultKind {
        FAULT_ONCE, /* one write or fsync */
        FAULT_FROM, /* it and every later one, until disarmed */
        FAULT_DEAD  /* as before, and nothing can be read or opened either */
} FaultKind;

/* The n-th write or fsync from now (from 0) fails with this SQLite code. */
void fault_vfs_arm(int n, int write_code, int sync_code, FaultKind kind);
bool fault_vfs_disarm(void);       /* whether any had failed */
unsigned fault_vfs_n_writes(void); /* so far, fsyncs too */
