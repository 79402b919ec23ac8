/* SPDX-License-Identifier: ISC */
/*
 * Giving privileges away: after all sockets are open, CAP_NET_ADMIN is all that is left, the
 * user is another one than root, and no program we would ever start can gain more.
 */
#ifndef RPLD_PRIVS_H
#define RPLD_PRIVS_H

#include <stdbool.h>
#include <sys/types.h>

struct privs_user {
    bool found;
    uid_t uid;
    gid_t gid;
    char name[32];
};

/* Look |name| up; "" or an unknown one: not found. */
void privs_lookup(const char *name, struct privs_user *ret_user);

/*
 * Become |user| (if found, and we are root) and keep CAP_NET_ADMIN only. Works as root, in a
 * user namespace that maps nobody else (then the uid stays), and without root if the
 * capabilities came another way. 0 or -errno; *ret_what says what failed.
 */
int privs_drop(const struct privs_user *user, const char **ret_what);

/* For a child that needs nothing: become |user| if that can be done, and drop all. */
int privs_drop_all(const struct privs_user *user);

/*
 * Raise the wall of sandbox/ around the daemon, once it has all its sockets and will start no other
 * process: it reads the folder of |config|, writes the folder |state|, removes |socket|, and looks
 * at its interfaces' sysctls. What of it cannot be had is logged; the daemon runs without it.
 */
void privs_enclose(const char *config, const char *state, const char *socket);

#endif /* RPLD_PRIVS_H */
