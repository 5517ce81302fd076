/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fault-vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct FaultFile {
        sqlite3_file base;
        sqlite3_file *real; /* behind this struct */
} FaultFile;

static struct {
        int countdown; /* < 0: off */
        int write_code, sync_code;
        FaultKind kind;
        bool hit;
        unsigned n_writes;
} fault = { .countdown = -1 };

static sqlite3_vfs vfs;
static sqlite3_io_methods methods;

static sqlite3_vfs *real_vfs(void) {
        return vfs.pAppData;
}

static sqlite3_file *real_file(sqlite3_file *file) {
        return ((FaultFile *) file)->real;
}

static int next_fault(int code) {
        fault.n_writes++;
        if (fault.countdown < 0)
                return SQLITE_OK;
        if (fault.countdown > 0) {
                fault.countdown--;
                return SQLITE_OK;
        }
        if (fault.kind == FAULT_ONCE)
                fault.countdown = -1;
        fault.hit = true;
        return code;
}

static bool is_dead(void) {
        return fault.countdown == 0 && fault.hit && fault.kind == FAULT_DEAD;
}

static int file_close(sqlite3_file *file) {
        return real_file(file)->pMethods ? real_file(file)->pMethods->xClose(real_file(file)) : SQLITE_OK;
}

static int file_read_at(sqlite3_file *file, void *to, int size, sqlite3_int64 at) {
        if (is_dead())
                return SQLITE_IOERR_READ;
        return real_file(file)->pMethods->xRead(real_file(file), to, size, at);
}

static int file_write_at(sqlite3_file *file, const void *from, int size, sqlite3_int64 at) {
        int code = next_fault(fault.write_code);

        return code != SQLITE_OK ? code : real_file(file)->pMethods->xWrite(real_file(file), from, size, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
        return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
        int code = next_fault(fault.sync_code);

        return code != SQLITE_OK ? code : real_file(file)->pMethods->xSync(real_file(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret) {
        return real_file(file)->pMethods->xFileSize(real_file(file), ret);
}

static int file_lock(sqlite3_file *file, int level) {
        return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
        return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int file_check_reserved(sqlite3_file *file, int *ret) {
        return real_file(file)->pMethods->xCheckReservedLock(real_file(file), ret);
}

static int file_control(sqlite3_file *file, int op, void *arg) {
        return real_file(file)->pMethods->xFileControl(real_file(file), op, arg);
}

static int file_sector_size(sqlite3_file *file) {
        return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int file_characteristics(sqlite3_file *file) {
        return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

/* version 1: no shared memory, which locking_mode = EXCLUSIVE does not need */
static sqlite3_io_methods methods = {
        .iVersion = 1,
        .xClose = file_close,
        .xRead = file_read_at,
        .xWrite = file_write_at,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_check_reserved,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
};

static int vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
        FaultFile *f = (FaultFile *) file;
        int code;

        f->base.pMethods = NULL;
        if (is_dead())
                return SQLITE_CANTOPEN;
        f->real = (sqlite3_file *) (f + 1);
        code = real_vfs()->xOpen(real_vfs(), name, f->real, flags, ret_flags);
        f->base.pMethods = f->real->pMethods ? &methods : NULL;
        return code;
}

void fault_vfs_install(void) {
        sqlite3_vfs *real = sqlite3_vfs_find(NULL);

        vfs = *real;
        vfs.zName = "fault";
        vfs.pNext = NULL;
        vfs.pAppData = real;
        vfs.szOsFile = (int) sizeof(FaultFile) + real->szOsFile;
        vfs.xOpen = vfs_open;
        if (sqlite3_vfs_register(&vfs, /* makeDflt= */ 1) != SQLITE_OK)
                abort();
}

void fault_vfs_arm(int n, int write_code, int sync_code, FaultKind kind) {
        fault.countdown = n;
        fault.write_code = write_code;
        fault.sync_code = sync_code;
        fault.kind = kind;
        fault.hit = false;
}

bool fault_vfs_disarm(void) {
        fault.countdown = -1;
        return fault.hit;
}

unsigned fault_vfs_n_writes(void) {
        return fault.n_writes;
}
