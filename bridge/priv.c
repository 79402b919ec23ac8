/* SPDX-License-Identifier: ISC */
#include "bridge/priv.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bridge/log.h"
#include "sandbox/sandbox.h"

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

/* --- the wall ------------------------------------------------------------------------------- */

#define PATHS_MAX 24
#define PATHS_OWN 5 /* the spool, the control socket, a CA, a certificate, a key */

/* What libc and the TLS library read: settings, certificates, and libraries that they load late.
 * The files are replaced now and then, so that it has to be the folders. */
static const char *const system_paths[] = {
    "/etc",
    "/lib",
    "/usr/lib",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/nscd",
    "/dev/urandom",
};

struct enclosure {
    struct sandbox_path paths[PATHS_MAX];
    char own[PATHS_OWN][PATH_MAX];
    size_t n;
    size_t n_own;
};

static void enclosure_add(struct enclosure *enclosure, const char *path, unsigned rights)
{
    enclosure->paths[enclosure->n++] = (struct sandbox_path){.path = path, .rights = rights};
}

/* The folder of a file of ours, or nothing. */
static void enclosure_add_folder(struct enclosure *enclosure, const char *file, unsigned rights)
{
    const char *slash;
    char *folder;

    if (file == NULL || file[0] == '\0') {
        return;
    }
    folder = enclosure->own[enclosure->n_own++];
    slash = strrchr(file, '/');
    if (slash == NULL) {
        (void)snprintf(folder, PATH_MAX, ".");
    } else {
        (void)snprintf(folder, PATH_MAX, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    }
    enclosure_add(enclosure, folder, rights);
}

static void enclosed(const struct sandbox_report *report)
{
    if (report->calls_error != 0) {
        brg_log_warning(
            "privileges: system calls are not filtered error=\"%s\" mend=\"a kernel with "
            "CONFIG_SECCOMP_FILTER\"",
            strerror(report->calls_error));
    }
    if (report->files_error != 0) {
        brg_log_warning("privileges: files are not walled off error=\"%s\"",
                        strerror(report->files_error));
    } else if (report->files == 0) {
        brg_log_info(
            "privileges: files are not walled off, this kernel has no Landlock "
            "mend=\"landlock in lsm= of the kernel's command line, where it is built in\"");
    }
    brg_log_info("privileges: enclosed calls=%s files=%d", report->calls ? "filtered" : "free",
                 report->files);
}

void brg_priv_enclose(const struct bconf *conf, const char *spool)
{
    struct enclosure enclosure = {.n = 0};
    struct sandbox sandbox = {.sockets = true, .libraries = true};
    struct sandbox_report report;

    enclosure_add_folder(&enclosure, spool, SANDBOX_WRITE);
    if (strcmp(conf->control_socket, "none") != 0) {
        enclosure_add_folder(&enclosure, conf->control_socket, SANDBOX_REMOVE);
    }
    enclosure_add_folder(&enclosure, conf->tls_ca, SANDBOX_READ);
    enclosure_add_folder(&enclosure, conf->tls_certificate, SANDBOX_READ);
    enclosure_add_folder(&enclosure, conf->tls_key, SANDBOX_READ);
    for (size_t i = 0; i < sizeof(system_paths) / sizeof(system_paths[0]); i++) {
        enclosure_add(&enclosure, system_paths[i], SANDBOX_READ);
    }
    sandbox.paths = enclosure.paths;
    sandbox.path_count = enclosure.n;
    tzset(); /* the time zone is a file, too */
    sandbox_enter(&sandbox, &report);
    enclosed(&report);
}
