/* SPDX-License-Identifier: ISC */
#include "bridge/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bridge/log.h"

#define LINE_MAX_LEN 65536
#define RETRY_MIN_S 1.0
#define RETRY_MAX_S 30.0
#define READS_PER_TURN 16

static const char request[] = "json monitor\n";

struct brg_follow {
    struct ev_loop *loop;
    const char *path;
    const struct brg_follow_handler *handler;
    ev_io io;
    ev_timer retry;
    int fd;
    bool answered;  /* the line `ok` was there */
    bool said_away; /* the log has it that the daemon is away */
    double retry_s;
    size_t len;
    char line[LINE_MAX_LEN];
};

static void give_up(struct brg_follow *follow, const char *reason)
{
    if (follow->fd >= 0) {
        ev_io_stop(follow->loop, &follow->io);
        (void)close(follow->fd);
        follow->fd = -1;
    }
    if (!follow->said_away) {
        follow->said_away = true;
        brg_log_warning("rpld: cannot be followed, trying again socket=%s error=\"%s\"%s",
                        follow->path, reason,
                        strcmp(reason, strerror(EACCES)) == 0
                            ? " mend=\"the bridge's user must be in the group rpld\""
                            : "");
    }
    ev_timer_set(&follow->retry, follow->retry_s, 0.);
    ev_timer_start(follow->loop, &follow->retry);
    follow->retry_s = follow->retry_s * 2 < RETRY_MAX_S ? follow->retry_s * 2 : RETRY_MAX_S;
}

/* False when the stream was given up. */
static bool take_line(struct brg_follow *follow, const char *line, size_t len)
{
    int err;

    if (!follow->answered) {
        if (len != 2 || memcmp(line, "ok", 2) != 0) {
            give_up(follow, "it does not answer with ok");
            return false;
        }
        follow->answered = true;
        follow->said_away = false;
        follow->retry_s = RETRY_MIN_S;
        brg_log_info("rpld: following its nodes socket=%s", follow->path);
        follow->handler->snapshot_begin(follow->handler->ctx);
        return true;
    }
    if (len == 0) {
        return true;
    }
    err = brg_follow_line(follow->handler, line, len);
    if (err == -BRG_ERR_NOENT) {
        brg_log_info("rpld: events were lost, asking for all of it again socket=%s", follow->path);
        follow->said_away = true; /* has just been said */
    }
    if (err < 0) {
        give_up(follow, "a line that is not of its protocol");
    }
    return err == 0;
}

static void take_lines(struct brg_follow *follow)
{
    size_t start = 0;
    const char *end;

    while ((end = memchr(follow->line + start, '\n', follow->len - start)) != NULL) {
        size_t len = (size_t)(end - follow->line) - start;

        if (!take_line(follow, follow->line + start, len)) {
            return;
        }
        start += len + 1;
    }
    memmove(follow->line, follow->line + start, follow->len - start);
    follow->len -= start;
    if (follow->len == sizeof(follow->line)) {
        give_up(follow, "a line without end");
    }
}

static void readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct brg_follow *follow = io->data;

    (void)loop;
    (void)events;
    for (int i = 0; i < READS_PER_TURN && follow->fd >= 0; i++) {
        ssize_t n =
            read(follow->fd, follow->line + follow->len, sizeof(follow->line) - follow->len);

        if (n > 0) {
            follow->len += (size_t)n;
            take_lines(follow);
        } else if (n == 0) {
            give_up(follow, "it closed the connection");
        } else if (errno == EAGAIN || errno == EINTR) {
            return;
        } else {
            give_up(follow, strerror(errno));
        }
    }
}

static void open_stream(struct brg_follow *follow)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    follow->len = 0;
    follow->answered = false;
    memcpy(addr.sun_path, follow->path, strlen(follow->path) + 1);
    follow->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (follow->fd < 0) {
        give_up(follow, strerror(errno));
        return;
    }
    ev_io_set(&follow->io, follow->fd, EV_READ);
    ev_io_start(follow->loop, &follow->io);
    /* A fresh stream socket has room for a line of this length. */
    if (connect(follow->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        write(follow->fd, request, sizeof(request) - 1) != (ssize_t)sizeof(request) - 1) {
        give_up(follow, strerror(errno));
    }
}

static void retry_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    open_stream(timer->data);
}

struct brg_follow *brg_follow_new(struct ev_loop *loop, const char *path,
                                  const struct brg_follow_handler *handler)
{
    struct brg_follow *follow = calloc(1, sizeof(*follow));

    if (follow == NULL || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        free(follow);
        return NULL;
    }
    follow->loop = loop;
    follow->path = path;
    follow->handler = handler;
    follow->fd = -1;
    follow->retry_s = RETRY_MIN_S;
    ev_init(&follow->io, readable);
    ev_init(&follow->retry, retry_due);
    follow->io.data = follow;
    follow->retry.data = follow;
    open_stream(follow);
    return follow;
}

void brg_follow_free(struct brg_follow *follow)
{
    if (follow == NULL) {
        return;
    }
    if (follow->fd >= 0) {
        ev_io_stop(follow->loop, &follow->io);
        (void)close(follow->fd);
    }
    ev_timer_stop(follow->loop, &follow->retry);
    free(follow);
}
