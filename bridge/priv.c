/* SPDX-License-Identifier: ISC */
#include "bridge/priv.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 64
#define CAPS_MAX 64
#define SOCKET_GROUP "rpld"

/* Is more than one user known here? In `unshare -Ur` there is none to change to. */
static bool users_are_mapped(void)
{
    unsigned long inside;
    unsigned long outside;
    unsigned long count = 0;
    unsigned long total = 0;
    FILE *map = fopen("/proc/self/uid_map", "re");

    if (map == NULL) {
        return true;
    }
    while (fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3) {
        total += count;
    }
    (void)fclose(map);
    return total > 1;
}

static int become(const struct passwd *user)
{
    gid_t groups[GROUPS_MAX];
    int n = GROUPS_MAX - 1;
    const struct group *socket_group;

    if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0) {
        n = GROUPS_MAX - 1; /* in more groups than anybody needs */
    }
    socket_group = getgrnam(SOCKET_GROUP);
    if (socket_group != NULL) {
        groups[n++] = socket_group->gr_gid;
    }
    if (setgroups((size_t)n, groups) < 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0) {
        return -errno;
    }
    return 0;
}

static int leave_root(const char *name, const char **ret_what)
{
    const struct passwd *user = getpwnam(name[0] == '\0' ? "rpld-bridge" : name);

    if (user == NULL && name[0] == '\0') {
        user = getpwnam("nobody");
    }
    if (user == NULL) {
        *ret_what = "find the user";
        return -ENOENT;
    }
    *ret_what = "change the user";
    return become(user);
}

int brg_priv_drop(const char *user, const char **ret_what)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    int err = 0;

    *ret_what = "forbid new privileges";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -errno;
    }
    /* Dropping from the bounding set is for those who may; the others have nothing to drop. */
    for (unsigned long cap = 0; cap < CAPS_MAX; cap++) {
        (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (geteuid() == 0 && users_are_mapped()) {
        err = leave_root(user, ret_what);
        if (err < 0) {
            return err;
        }
    }
    memset(none, 0, sizeof(none));
    *ret_what = "drop capabilities";
    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}
