/* SPDX-License-Identifier: ISC */
#include "rpld/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int notify_fd = -1;
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
    notify_fd = fd;
    return 0;
}

void notify_send(const char *state)
{
    if (notify_fd >= 0)
        (void)!send(notify_fd, state, strlen(state), MSG_NOSIGNAL);
}

double notify_watchdog(void)
{
    return notify_fd >= 0 ? notify_interval_s : 0;
}
