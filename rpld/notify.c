/* SPDX-License-Identifier: ISC */
#include "rpld/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NOTIFY_FD_FIRST 3 /* SD_LISTEN_FDS_START */
#define NOTIFY_FDS_MAX 8
#define NOTIFY_PASSED_MAX 256 /* those we are passed and close */
#define NOTIFY_NAME_MAX 64

struct notify_stored {
    int fd; /* -1: handed out */
    char name[NOTIFY_NAME_MAX];
};

static int notify_fd_manager = -1;
static struct notify_stored notify_stored[NOTIFY_FDS_MAX];
static unsigned notify_stored_count;
static double notify_interval_s;

bool notify_wanted(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

static void notify_read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return;
    unsigned long long limit = strtoull(usec, NULL, 10);
    if (limit >= 2000) /* less than 1 ms apart is no watchdog */
        notify_interval_s = (double)limit / 2e6;
}

int notify_open(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");

    if (!path)
        return 0;
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@'))
        return -EINVAL;
    memcpy(addr.sun_path, path, len);
    if (path[0] == '@')
        addr.sun_path[0] = '\0'; /* an abstract name */
    notify_read_watchdog();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (connect(fd, (const struct sockaddr *)&addr, size) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    notify_fd_manager = fd;
    return 0;
}

void notify_send(const char *state)
{
    if (notify_fd_manager >= 0)
        (void)!send(notify_fd_manager, state, strlen(state), MSG_NOSIGNAL);
}

/* ---- the descriptor store ---------------------------------------------------------------- */

static void notify_fd_keep(int fd, const char *name, size_t len)
{
    if (len == 0 || len >= NOTIFY_NAME_MAX || notify_stored_count == NOTIFY_FDS_MAX ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        close(fd);
        return;
    }
    struct notify_stored *stored = &notify_stored[notify_stored_count++];
    memcpy(stored->name, name, len);
    stored->name[len] = '\0';
    stored->fd = fd;
}

void notify_fds_take(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");

    if (pid && fds && strtol(pid, NULL, 10) == (long)getpid()) {
        long count = strtol(fds, NULL, 10);

        for (long i = 0; i < count && i < NOTIFY_PASSED_MAX; i++) {
            size_t len = names ? strcspn(names, ":") : 0;

            notify_fd_keep(NOTIFY_FD_FIRST + (int)i, names, len);
            if (names)
                names = names[len] ? names + len + 1 : NULL;
        }
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

int notify_fd(const char *name)
{
    for (unsigned i = 0; i < notify_stored_count; i++) {
        int fd = notify_stored[i].fd;

        if (fd < 0 || strcmp(notify_stored[i].name, name) != 0)
            continue;
        notify_stored[i].fd = -1;
        return fd;
    }
    return -1;
}

void notify_fds_close(void)
{
    for (unsigned i = 0; i < notify_stored_count; i++) {
        if (notify_stored[i].fd >= 0)
            close(notify_stored[i].fd);
    }
    notify_stored_count = 0;
}

void notify_store(int fd, const char *name)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char text[64 + NOTIFY_NAME_MAX];
    struct iovec data = {.iov_base = text};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    if (notify_fd_manager < 0)
        return;
    /* Without FDPOLL=0 the manager would watch it, too. */
    int n = snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
    data.iov_len = (size_t)n;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    (void)!sendmsg(notify_fd_manager, &message, MSG_NOSIGNAL);
}

void notify_unstore(const char *name)
{
    char text[64 + NOTIFY_NAME_MAX];

    snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
    notify_send(text);
}

double notify_watchdog(void)
{
    return notify_fd_manager >= 0 ? notify_interval_s : 0;
}

bool notify_active(void)
{
    return notify_fd_manager >= 0;
}
