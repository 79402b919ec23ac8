/* SPDX-License-Identifier: ISC */
#include "rpld/privs.h"

#include <errno.h>
#include <limits.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "rpld/log.h"
#include "sandbox/sandbox.h"

void privs_lookup(const char *name, struct privs_user *ret_user)
{
    memset(ret_user, 0, sizeof(*ret_user));
    snprintf(ret_user->name, sizeof(ret_user->name), "%s", name);
    const struct passwd *pw = *name ? getpwnam(name) : NULL;
    if (!pw)
        return;
    ret_user->found = true;
    ret_user->uid = pw->pw_uid;
    ret_user->gid = pw->pw_gid;
}

/* Groups first, as only root may; then the user. |initial|: take the user's own groups too. */
static int privs_become(const struct privs_user *user)
{
    if (initgroups(user->name, user->gid) < 0 && setgroups(0, NULL) < 0)
        return -errno;
    if (setresgid(user->gid, user->gid, user->gid) < 0)
        return -errno;
    return setresuid(user->uid, user->uid, user->uid) < 0 ? -errno : 0;
}

/* Keep |count| capabilities of |keep| and no other. */
static int privs_limit(const cap_value_t *keep, int count)
{
    cap_t caps = cap_init();

    if (!caps)
        return -ENOMEM;
    int r = 0;
    if (count > 0 && (cap_set_flag(caps, CAP_PERMITTED, count, keep, CAP_SET) < 0 ||
                      cap_set_flag(caps, CAP_EFFECTIVE, count, keep, CAP_SET) < 0))
        r = -errno;
    if (r == 0 && cap_set_proc(caps) < 0)
        r = -errno;
    cap_free(caps);
    return r;
}

/* What can never come back: the bounding set (if we may), and what exec would pass on. */
static void privs_forget(cap_value_t keep)
{
    for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++) {
        if (cap != keep)
            (void)cap_drop_bound(cap);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

int privs_drop(const struct privs_user *user, const char **ret_what)
{
    static const cap_value_t keep[] = {CAP_NET_ADMIN};

    *ret_what = "forbid new privileges";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    privs_forget(CAP_NET_ADMIN);
    if (geteuid() == 0 && user->found && user->uid != 0) {
        *ret_what = "keep capabilities";
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
            return -errno;
        int r = privs_become(user);
        *ret_what = "change the user";
        if (r == -EINVAL || r == -EPERM)
            /* A user namespace that knows no other user. */
            log_notice("privileges: the user stays, it is not mapped here", "user=%s error=\"%s\"",
                       user->name, strerror(-r));
        else if (r < 0)
            return r;
    } else if (geteuid() == 0 && user->name[0] && !user->found) {
        log_warning("privileges: no such user, root it stays, with CAP_NET_ADMIN alone",
                    "user=%s mend=\"adduser --system --group --no-create-home %s\"", user->name,
                    user->name);
    }
    *ret_what = "keep CAP_NET_ADMIN alone";
    return privs_limit(keep, 1);
}

int privs_drop_all(const struct privs_user *user)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    privs_forget(-1);
    if (geteuid() == 0 && user->found) {
        int r = privs_become(user);

        if (r < 0 && r != -EINVAL && r != -EPERM)
            return r;
    }
    return privs_limit(NULL, 0);
}

static void privs_folder(const char *file, char out[static PATH_MAX])
{
    const char *slash = strrchr(file, '/');

    if (slash)
        snprintf(out, PATH_MAX, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    else
        snprintf(out, PATH_MAX, ".");
}

static void privs_enclosed(const struct sandbox_report *report)
{
    if (report->calls_error)
        log_warning("privileges: system calls are not filtered",
                    "error=\"%s\" mend=\"a kernel with CONFIG_SECCOMP_FILTER\"",
                    strerror(report->calls_error));
    if (report->files_error)
        log_warning("privileges: files are not walled off", "error=\"%s\"",
                    strerror(report->files_error));
    else if (!report->files)
        log_info("privileges: files are not walled off, this kernel has no Landlock",
                 "mend=\"landlock in lsm= of the kernel's command line, where it is built in\"");
    log_notice("privileges: enclosed", "calls=%s files=%d", report->calls ? "filtered" : "free",
               report->files);
}

void privs_enclose(const char *config, const char *state, const char *socket)
{
    char settings[PATH_MAX], run[PATH_MAX];
    const struct sandbox_path paths[] = {
        {settings, SANDBOX_READ},
        {state, SANDBOX_WRITE},
        {run, SANDBOX_REMOVE},
        {"/proc/sys/net/ipv6", SANDBOX_READ},
    };
    const struct sandbox sandbox = {.paths = paths, .path_count = sizeof(paths) / sizeof(paths[0])};
    struct sandbox_report report;

    privs_folder(config, settings);
    privs_folder(socket, run);
    tzset(); /* the time zone is a file, too */
    sandbox_enter(&sandbox, &report);
    privs_enclosed(&report);
}
