/* SPDX-License-Identifier: ISC */
/*
 * A disk for SQLite that is memory: its power can fail at any write or sync, and then what was not
 * synced may be gone; and it can be full. Registered as the VFS "memory-disk".
 */
#ifndef TESTS_UNIT_MEMORY_DISK_H
#define TESTS_UNIT_MEMORY_DISK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define DISK_FILES 4

enum disk_loss {
    DISK_KEEPS_ALL,      /* as when the process is killed */
    DISK_LOSES_UNSYNCED, /* as when the power fails */
    DISK_KEEPS_SOME,     /* the same, and the writes are done in part: every second one */
};

struct disk_file {
    char name[64]; /* "": none */
    unsigned char *now;
    size_t size;
    unsigned char *synced;
    size_t synced_size;
};

static struct {
    struct disk_file files[DISK_FILES];
    long writes;
    long cut_at; /* this write fails, and all that follow; 0: none */
    enum disk_loss cut_loss;
    bool dead;
    size_t limit; /* 1: no file may grow; 0: there is room */
} disk;

struct disk_handle {
    sqlite3_file base; /* first */
    struct disk_file *file;
};

static inline void disk_set(unsigned char **data, size_t *size, const unsigned char *from,
                            size_t len)
{
    *data = realloc(*data, len + 1);
    if (len > 0) {
        memcpy(*data, from, len);
    }
    *size = len;
}

/* The power is gone. */
static inline void disk_cut(enum disk_loss loss)
{
    disk.dead = true;
    disk.cut_loss = loss;
}

/* And is back: what survived is what there is. */
static inline void disk_restore(void)
{
    for (int i = 0; i < DISK_FILES; i++) {
        struct disk_file *file = &disk.files[i];

        if (disk.dead && disk.cut_loss == DISK_LOSES_UNSYNCED) {
            disk_set(&file->now, &file->size, file->synced, file->synced_size);
        } else if (disk.dead && disk.cut_loss == DISK_KEEPS_SOME) {
            for (size_t at = 0; at < file->size; at++) {
                if (at / 512 % 2 ==
                    0) { /* each other sector is the old one, or was never written */
                    file->now[at] = at < file->synced_size ? file->synced[at] : 0;
                }
            }
        }
        disk_set(&file->synced, &file->synced_size, file->now, file->size);
    }
    disk.dead = false;
    disk.cut_at = 0;
    disk.limit = 0;
}

/* Counts a change; true when the power fails with it. */
static inline bool disk_fails(void)
{
    if (!disk.dead && ++disk.writes == disk.cut_at) {
        disk.dead = true;
    }
    return disk.dead;
}

static inline struct disk_file *disk_file(sqlite3_file *handle)
{
    return ((struct disk_handle *)(void *)handle)->file;
}

static int disk_close(sqlite3_file *handle)
{
    (void)handle;
    return SQLITE_OK;
}

static int disk_read(sqlite3_file *handle, void *out, int len, sqlite3_int64 at)
{
    const struct disk_file *file = disk_file(handle);
    size_t from = (size_t)at;
    size_t n = from < file->size ? file->size - from : 0;

    n = n < (size_t)len ? n : (size_t)len;
    memset(out, 0, (size_t)len);
    if (n > 0) {
        memcpy(out, file->now + from, n);
    }
    return n < (size_t)len ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int disk_write(sqlite3_file *handle, const void *data, int len, sqlite3_int64 at)
{
    struct disk_file *file = disk_file(handle);
    size_t end = (size_t)at + (size_t)len;

    if (disk_fails()) {
        return SQLITE_IOERR_WRITE;
    }
    if (disk.limit > 0 && end > file->size) {
        return SQLITE_FULL;
    }
    if (end > file->size) {
        file->now = realloc(file->now, end + 1);
        memset(file->now + file->size, 0, end - file->size);
        file->size = end;
    }
    memcpy(file->now + at, data, (size_t)len);
    return SQLITE_OK;
}

static int disk_truncate(sqlite3_file *handle, sqlite3_int64 size)
{
    struct disk_file *file = disk_file(handle);

    if (disk_fails()) {
        return SQLITE_IOERR_TRUNCATE;
    }
    file->size = (size_t)size < file->size ? (size_t)size : file->size;
    return SQLITE_OK;
}

static int disk_sync(sqlite3_file *handle, int flags)
{
    struct disk_file *file = disk_file(handle);

    (void)flags;
    if (disk_fails()) {
        return SQLITE_IOERR_FSYNC;
    }
    disk_set(&file->synced, &file->synced_size, file->now, file->size);
    return SQLITE_OK;
}

static int disk_size(sqlite3_file *handle, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)disk_file(handle)->size;
    return SQLITE_OK;
}

static int disk_lock(sqlite3_file *handle, int level)
{
    (void)handle;
    (void)level;
    return SQLITE_OK;
}

static int disk_locked(sqlite3_file *handle, int *ret_locked)
{
    (void)handle;
    *ret_locked = 0;
    return SQLITE_OK;
}

static int disk_control(sqlite3_file *handle, int op, void *arg)
{
    (void)handle;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int disk_sector(sqlite3_file *handle)
{
    (void)handle;
    return 512;
}

static int disk_traits(sqlite3_file *handle)
{
    (void)handle;
    return 0;
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 1,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_lock,
    .xCheckReservedLock = disk_locked,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
};

static struct disk_file *disk_find(const char *name)
{
    for (int i = 0; i < DISK_FILES; i++) {
        if (strcmp(disk.files[i].name, name) == 0) {
            return &disk.files[i];
        }
    }
    return NULL;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *handle, int flags,
                     int *ret_flags)
{
    struct disk_file *file = disk_find(name == NULL ? "temporary" : name);

    (void)vfs;
    handle->pMethods = NULL;
    if (file == NULL) {
        file = disk_find("");
        if (file == NULL || disk.dead) {
            return SQLITE_CANTOPEN;
        }
        (void)strncpy(file->name, name == NULL ? "temporary" : name, sizeof(file->name) - 1);
    }
    handle->pMethods = &disk_methods;
    ((struct disk_handle *)(void *)handle)->file = file;
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    return SQLITE_OK;
}

static inline void disk_file_free(struct disk_file *file)
{
    free(file->now);
    free(file->synced);
    *file = (struct disk_file){.name = ""};
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct disk_file *file = disk_find(name);

    (void)vfs;
    (void)sync;
    if (disk_fails()) {
        return SQLITE_IOERR_DELETE;
    }
    if (file == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    disk_file_free(file);
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_is)
{
    (void)vfs;
    (void)flags;
    *ret_is = disk_find(name) != NULL;
    return SQLITE_OK;
}

static int disk_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    (void)strncpy(out, name, (size_t)size);
    return SQLITE_OK;
}

/* An empty disk. */
static inline void disk_new(void)
{
    static sqlite3_vfs vfs;

    if (vfs.zName == NULL) {
        vfs = *sqlite3_vfs_find(NULL);
        vfs.iVersion = 1;
        vfs.szOsFile = sizeof(struct disk_handle);
        vfs.zName = "memory-disk";
        vfs.xOpen = disk_open;
        vfs.xDelete = disk_delete;
        vfs.xAccess = disk_access;
        vfs.xFullPathname = disk_full_name;
        (void)sqlite3_vfs_register(&vfs, 0);
    }
    for (int i = 0; i < DISK_FILES; i++) {
        disk_file_free(&disk.files[i]);
    }
    disk.writes = 0;
    disk.cut_at = 0;
    disk.limit = 0;
    disk.dead = false;
}

#endif
