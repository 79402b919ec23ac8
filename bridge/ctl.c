/* SPDX-License-Identifier: ISC */
#include "bridge/ctl.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bridge/clock.h"
#include "bridge/log.h"

#define CLIENTS_MAX 16
#define REQUEST_MAX 512
#define REQUEST_S 10.
#define PROGRESS_S 30. /* without an octet taken of what is there */
#define ROOM (4 * BRG_SHOW_ROW)
#define GROUP "rpld"

struct client {
    TAILQ_ENTRY(client) entry;
    struct brg_ctl *ctl;
    int fd;
    ev_io reader;
    ev_io writer;
    ev_timer timer;
    bool asked;
    bool closing; /* when what is there has gone */
    size_t line_len;
    char line[REQUEST_MAX + 1];
    struct brg_show show;
    struct brg_text out;
    size_t sent;
    char room[ROOM];
};

TAILQ_HEAD(client_list, client);

struct brg_ctl {
    struct ev_loop *loop;
    const char *path;
    const struct brg_show_source *source;
    int fd;
    ev_io listener;
    struct client_list clients;
    unsigned n_clients;
};

/* --- one client ----------------------------------------------------------------------------- */

static void client_free(struct client *client)
{
    struct brg_ctl *ctl = client->ctl;

    ev_io_stop(ctl->loop, &client->reader);
    ev_io_stop(ctl->loop, &client->writer);
    ev_timer_stop(ctl->loop, &client->timer);
    (void)close(client->fd);
    TAILQ_REMOVE(&ctl->clients, client, entry);
    ctl->n_clients--;
    free(client);
}

static void render(struct client *client)
{
    struct brg_now now = brg_clock_read();

    if (client->sent == client->out.len) {
        client->sent = 0;
        brg_text_init(&client->out, client->room, sizeof(client->room));
        if (client->asked && !client->closing) {
            brg_show_step(&client->show, &client->out, &now);
            client->closing = client->show.done;
        }
    }
}

/* Sends what there is. False: the client is gone. */
static bool send_some(struct client *client)
{
    while (client->sent < client->out.len) {
        ssize_t n = send(client->fd, client->out.buf + client->sent, client->out.len - client->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        client->sent += (size_t)n;
        ev_timer_again(client->ctl->loop, &client->timer);
    }
    return true;
}

/* Unread octets would turn the client's end of file into a reset. */
static void drain(int fd)
{
    char rest[256];

    for (int i = 0; i < 16 && recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0; i++) {
    }
}

/* One piece in one turn of the loop, so that a long table does not hold up the rest. */
static void writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct client *client = io->data;

    (void)events;
    render(client);
    if (!send_some(client)) {
        client_free(client);
    } else if (client->sent == client->out.len && client->closing) {
        drain(client->fd);
        client_free(client);
    } else if (client->sent == client->out.len && client->out.len == 0) {
        ev_io_stop(loop, io); /* readings: until there are some */
        ev_timer_stop(loop, &client->timer);
    }
}

static void answer(struct client *client, size_t len)
{
    const char *why = NULL;
    int code;

    client->line[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (client->line[i] < 0x20 || client->line[i] > 0x7e) {
            client->line[i] = '?';
        }
    }
    brg_text_init(&client->out, client->room, sizeof(client->room));
    code = brg_show_start(&client->show, client->ctl->source, client->line, &why);
    if (code == 0) {
        brg_text_puts(&client->out, "ok\n");
    } else {
        brg_text_puts(&client->out, "error ");
        brg_text_u64(&client->out, (uint64_t)code);
        brg_text_puts(&client->out, " ");
        brg_text_puts(&client->out, why);
        brg_text_puts(&client->out, "\n");
        client->closing = true;
    }
    client->asked = true;
    client->timer.repeat = PROGRESS_S;
    ev_timer_again(client->ctl->loop, &client->timer);
    ev_io_start(client->ctl->loop, &client->writer);
}

static void readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct client *client = io->data;
    char rest[256];
    char *at = client->asked ? rest : client->line + client->line_len;
    size_t size = client->asked ? sizeof(rest) : REQUEST_MAX - client->line_len;
    ssize_t n = recv(client->fd, at, size, MSG_DONTWAIT);
    const char *end;

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n == 0 && client->asked && client->show.kind != BRG_SHOW_READINGS) {
        ev_io_stop(loop, io); /* it has said all, and still listens */
        return;
    }
    if (n <= 0) {
        client_free(client);
        return;
    }
    if (client->asked) {
        return; /* whatever comes behind the request is thrown away */
    }
    end = memchr(at, '\n', (size_t)n);
    client->line_len += (size_t)n;
    if (end != NULL) {
        answer(client, (size_t)(end - client->line));
    } else if (client->line_len == REQUEST_MAX) {
        answer(client, 0);
    }
}

static void timer_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    client_free(timer->data);
}

/* --- the socket ----------------------------------------------------------------------------- */

static void client_new(struct brg_ctl *ctl, int fd)
{
    struct client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        (void)close(fd);
        return;
    }
    client->ctl = ctl;
    client->fd = fd;
    brg_text_init(&client->out, client->room, sizeof(client->room));
    ev_io_init(&client->reader, readable, fd, EV_READ);
    ev_io_init(&client->writer, writable, fd, EV_WRITE);
    ev_timer_init(&client->timer, timer_due, REQUEST_S, 0.);
    client->reader.data = client;
    client->writer.data = client;
    client->timer.data = client;
    /* Sensors and the broker go first. */
    ev_set_priority(&client->reader, EV_MINPRI);
    ev_set_priority(&client->writer, EV_MINPRI);
    ev_io_start(ctl->loop, &client->reader);
    ev_timer_start(ctl->loop, &client->timer);
    TAILQ_INSERT_TAIL(&ctl->clients, client, entry);
    ctl->n_clients++;
}

static void incoming(struct ev_loop *loop, ev_io *io, int events)
{
    static const char full[] = "error 3 too many clients\n";
    struct brg_ctl *ctl = io->data;
    int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)loop;
    (void)events;
    if (fd < 0) {
        return;
    }
    if (ctl->n_clients < CLIENTS_MAX) {
        client_new(ctl, fd);
        return;
    }
    (void)send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    drain(fd);
    (void)close(fd);
}

void brg_ctl_prepare(const char *path, const char *user)
{
    const struct passwd *who = getpwnam(user[0] == '\0' ? "rpld-bridge" : user);
    char copy[108];
    const char *dir;

    if (geteuid() != 0 || strlen(path) >= sizeof(copy)) {
        return;
    }
    if (who == NULL && user[0] == '\0') {
        who = getpwnam("nobody");
    }
    memcpy(copy, path, strlen(path) + 1);
    dir = dirname(copy);
    if (mkdir(dir, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH) == 0 && who != NULL &&
        chown(dir, who->pw_uid, who->pw_gid) < 0) {
        brg_log_debug("control: the directory stays root's dir=%s", dir);
    }
}

/* A file that nobody listens on is in the way; one that is in use is somebody's. */
static bool clear_way(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool used = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    struct stat st;

    if (fd >= 0) {
        (void)close(fd);
    }
    if (used) {
        errno = EADDRINUSE;
        return false;
    }
    if (lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)unlink(address->sun_path);
    }
    return true;
}

static void give_group(const char *path)
{
    const struct group *group = getgrnam(GROUP);
    struct stat st;

    /* As a service that is our group from the start, and chown(2) is forbidden. */
    if (group != NULL && stat(path, &st) == 0 && st.st_gid == group->gr_gid) {
        return;
    }
    if (group == NULL || chown(path, (uid_t)-1, group->gr_gid) < 0) {
        brg_log_debug("control: the socket has not the group " GROUP " socket=%s", path);
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;
    int error;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (!clear_way(&address)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(fd, CLIENTS_MAX) == 0) {
        give_group(path);
        (void)chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
        return fd;
    }
    error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = error;
    return -1;
}

struct brg_ctl *brg_ctl_new(struct ev_loop *loop, const char *path,
                            const struct brg_show_source *source)
{
    struct brg_ctl *ctl = calloc(1, sizeof(*ctl));

    if (ctl == NULL) {
        return NULL;
    }
    ctl->fd = listen_at(path);
    if (ctl->fd < 0) {
        int error = errno;

        free(ctl);
        errno = error;
        return NULL;
    }
    ctl->loop = loop;
    ctl->path = path;
    ctl->source = source;
    TAILQ_INIT(&ctl->clients);
    ev_io_init(&ctl->listener, incoming, ctl->fd, EV_READ);
    ctl->listener.data = ctl;
    ev_set_priority(&ctl->listener, EV_MINPRI);
    ev_io_start(loop, &ctl->listener);
    return ctl;
}

void brg_ctl_news(struct brg_ctl *ctl)
{
    struct client *client;

    if (ctl == NULL) {
        return;
    }
    TAILQ_FOREACH (client, &ctl->clients, entry) {
        if (client->asked && client->show.kind == BRG_SHOW_READINGS && !client->closing &&
            !ev_is_active(&client->writer)) {
            ev_timer_again(ctl->loop, &client->timer);
            ev_io_start(ctl->loop, &client->writer);
        }
    }
}

void brg_ctl_free(struct brg_ctl *ctl)
{
    if (ctl == NULL) {
        return;
    }
    while (!TAILQ_EMPTY(&ctl->clients)) {
        client_free(TAILQ_FIRST(&ctl->clients));
    }
    ev_io_stop(ctl->loop, &ctl->listener);
    (void)close(ctl->fd);
    (void)unlink(ctl->path);
    free(ctl);
}
