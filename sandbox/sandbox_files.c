/* SPDX-License-Identifier: ISC */
/*
 * Landlock by its three system calls, which have no wrapper in libc. The kernel tells the version
 * of its rules; each version can forbid more, and what a kernel does not know is not asked of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/* Of kernels newer than the headers of Debian 12. */
#define FILES_TRUNCATE (UINT64_C(1) << 14)  /* version 3 */
#define FILES_IOCTL_DEV (UINT64_C(1) << 15) /* version 5 */
#define FILES_BIND_TCP (UINT64_C(1) << 0)   /* version 4 */
#define FILES_CONNECT_TCP (UINT64_C(1) << 1)
#define FILES_ABSTRACT_UNIX (UINT64_C(1) << 0) /* version 6 */
#define FILES_SIGNAL (UINT64_C(1) << 1)

#define FILES_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FILES_WRITE                                                                                \
    (FILES_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                 \
     LANDLOCK_ACCESS_FS_MAKE_REG | FILES_TRUNCATE)
/* All there are in version 1: up to the making of symbolic links. */
#define FILES_ALL_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
/* What can be said of a file that is no folder. */
#define FILES_OF_FILE                                                                              \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     FILES_TRUNCATE | FILES_IOCTL_DEV)

/* As the newest kernels have it; older ones take a longer struct if its end is zero. */
struct files_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

static struct files_attr files_handled(const struct sandbox *sandbox, int version)
{
    struct files_attr attr = {.handled_access_fs = FILES_ALL_1};

    if (version >= 2)
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        attr.handled_access_fs |= FILES_TRUNCATE;
    if (version >= 4)
        attr.handled_access_net = FILES_BIND_TCP | (sandbox->sockets ? 0 : FILES_CONNECT_TCP);
    if (version >= 5)
        attr.handled_access_fs |= FILES_IOCTL_DEV;
    if (version >= 6)
        attr.scoped = FILES_ABSTRACT_UNIX | FILES_SIGNAL;
    return attr;
}

/* Files of /proc are made when somebody looks, and forgotten; a rule is about one of them, and
 * would be about nothing when memory is short. One that is held open stays. */
static bool files_forgotten(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int files_allow(int ruleset, const struct sandbox_path *path, uint64_t handled)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = 0};
    struct stat st;
    int r = 0;

    if (path->rights & SANDBOX_READ)
        rule.allowed_access |= FILES_READ;
    if (path->rights & SANDBOX_WRITE)
        rule.allowed_access |= FILES_WRITE;
    if (path->rights & SANDBOX_REMOVE)
        rule.allowed_access |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
    rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
    if (fstat(rule.parent_fd, &st) < 0)
        r = -errno;
    else if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= FILES_OF_FILE;
    rule.allowed_access &= handled;
    if (r == 0 && rule.allowed_access != 0 &&
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        r = -errno;
    if (r < 0 || !files_forgotten(rule.parent_fd))
        (void)close(rule.parent_fd);
    return r;
}

int sandbox_enter_files(const struct sandbox *sandbox)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    int r = 0;

    if (version < 0)
        /* Not built in, or not among the modules that this boot has: no wall, and no mistake. */
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
    const struct files_attr attr = files_handled(sandbox, (int)version);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return -errno;
    for (size_t i = 0; i < sandbox->path_count && r == 0; i++)
        r = files_allow(ruleset, &sandbox->paths[i], attr.handled_access_fs);
    if (r == 0 && SANDBOX_SANITIZED)
        r = files_allow(ruleset, &(struct sandbox_path){"/proc", SANDBOX_READ},
                        attr.handled_access_fs);
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = -errno;
    (void)close(ruleset);
    return r < 0 ? r : (int)version;
}
