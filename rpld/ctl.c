/* SPDX-License-Identifier: ISC */
/* The socket and its clients: accept, read one line, hand out what show.h renders. */
#include "rpld/ctl.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpld/ctl_request.h"
#include "rpld/history.h"
#include "rpld/show.h"

#define CLIENTS_DEFAULT 32
#define REQUEST_TIME 10.0           /* s for the whole request line */
#define PROGRESS_TIME 30.0          /* s without an octet taken */
#define LOOKS 6                     /* at a client, in PROGRESS_TIME */
#define SLICE_ITEMS 96              /* rendered per turn of the loop, all clients together */
#define SLICE_ROOM (64u * 1024)     /* no rendering ahead of a client that has more waiting */
#define MONITOR_ROOM (1024u * 1024) /* unsent octets above which events are dropped */
#define BUFFER_MAX (2u * MONITOR_ROOM)
#define RECORD_END_ROOM 64 /* kept for the end of a recording that was too slow */
#define SUPPRESS_PER_S 20  /* events a second of the kinds that anybody can cause */

enum client_state { CLIENT_REQUEST, CLIENT_REPLY, CLIENT_STREAM };

struct client {
    struct ctl *ctl;
    struct client *next, **prev;
    enum client_state state;
    int fd;
    uid_t uid;
    pid_t pid;
    ev_io reader, writer;
    ev_timer timer;
    ev_tstamp progress; /* when the client last took something */
    bool half_closed;   /* it sends nothing any more, but may still read */
    size_t line_len;
    char line[CTL_REQUEST_MAX + 1];
    struct ctl_request request;
    struct writer_buf buf;
    size_t sent; /* of |buf| */
    struct show show;
    uint64_t lost; /* events dropped since the last gap line */
};

struct ctl {
    struct ev_loop *loop;
    const struct ctl_source *source;
    uid_t admin_uid;
    unsigned clients_max;
    double request_time, progress_time;
    int fd;
    ev_io listener;
    dev_t dev; /* the socket file is ours while it is this one */
    ino_t ino;
    struct sockaddr_un address;
    struct client *clients;
    struct history *history;
    struct show_counters counters;
    struct show_context context;
    uint64_t suppress_second;
    unsigned suppress_used;
};

/* ---- clients ---------------------------------------------------------------------------- */

static void client_free(struct client *client)
{
    struct ctl *ctl = client->ctl;
    ev_io_stop(ctl->loop, &client->reader);
    ev_io_stop(ctl->loop, &client->writer);
    ev_timer_stop(ctl->loop, &client->timer);
    *client->prev = client->next;
    if (client->next)
        client->next->prev = client->prev;
    ctl->counters.clients--;
    close(client->fd);
    show_free(&client->show);
    writer_buf_free(&client->buf);
    free(client);
}

static void client_cut(struct client *client)
{
    client->ctl->counters.clients_cut++;
    client_free(client);
}

static size_t unsent(const struct client *client)
{
    return client->buf.len - client->sent;
}

/* True if there is something to render now. */
static bool renders(const struct client *client)
{
    return client->show.command && !client->show.ended && !client->show.waiting;
}

/* True if there is something to render or to send now. */
static bool client_busy(const struct client *client)
{
    return unsent(client) > 0 || renders(client);
}

/* What the show waited for has come. */
static void client_wake(struct show *show)
{
    struct client *client = (struct client *)(void *)((char *)show - offsetof(struct client, show));
    client->progress = ev_now(client->ctl->loop);
    ev_io_start(client->ctl->loop, &client->writer);
}

static bool streams(const struct client *client, unsigned flag)
{
    return client->state == CLIENT_STREAM && (client->show.command->flags & flag) == flag;
}

static bool captures(const struct client *client)
{
    return streams(client, SHOW_CAPTURE);
}

static unsigned slice(const struct ctl *ctl)
{
    unsigned busy = 0;
    for (const struct client *client = ctl->clients; client; client = client->next)
        busy += renders(client);
    unsigned items = SLICE_ITEMS / (busy ? busy : 1);
    return items > 4 ? items : 4;
}

static void client_render(struct client *client)
{
    struct show *show = &client->show;
    if (renders(client) && unsent(client) < SLICE_ROOM)
        show_step(show, slice(client->ctl));
    if (client->lost && !captures(client) && unsent(client) < MONITOR_ROOM / 2) {
        uint64_t lost = client->lost;
        client->lost = 0;
        show_event_gap(&show->writer, lost, ++show->number);
    }
}

/* Send what there is. False: the client is gone. */
static bool client_send(struct client *client)
{
    while (unsent(client) > 0) {
        ssize_t n = send(client->fd, client->buf.data + client->sent, unsent(client),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        client->sent += (size_t)n;
        client->progress = ev_now(client->ctl->loop);
    }
    return true;
}

/* Forget what was sent, in large pieces, so that moving the rest costs little. */
static void client_compact(struct client *client)
{
    if (client->sent == client->buf.len || client->sent >= SLICE_ROOM) {
        writer_buf_consume(&client->buf, client->sent);
        client->sent = 0;
    }
}

/* Unread octets would turn the client's end of file into a reset. */
static void drain(int fd)
{
    char rest[256];
    for (unsigned i = 0; i < 16; i++) {
        if (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) <= 0)
            return;
    }
}

static void writer_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct client *client = watcher->data;
    (void)events;
    client_render(client);
    if (client->buf.failed || !client_send(client)) {
        client_cut(client);
        return;
    }
    client_compact(client);
    if (client_busy(client))
        return;
    if (client->state == CLIENT_STREAM || client->show.waiting) {
        ev_io_stop(loop, watcher);
    } else {
        drain(client->fd);
        client_free(client);
    }
}

/* An error may have a body, too: lines of text in any form. */
static void client_error(struct client *client, enum show_code code, const char *text)
{
    char *more = client->show.error_body, *save = NULL;
    char line[256];
    client->ctl->counters.errors++;
    client->ctl->counters.refused += code == SHOW_REFUSED;
    snprintf(line, sizeof(line), "error %d ", (int)code);
    writer_buf_puts(&client->buf, line);
    writer_text_safe(&client->buf, text);
    writer_buf_puts(&client->buf, "\n");
    for (more = more ? strtok_r(more, "\n", &save) : NULL; more;
         more = strtok_r(NULL, "\n", &save)) {
        writer_text_safe(&client->buf, more);
        writer_buf_puts(&client->buf, "\n");
    }
    client->state = CLIENT_REPLY;
}

static void client_start(struct client *client, size_t len, bool more)
{
    struct ctl *ctl = client->ctl;
    const char *wrong = more ? "one request for each connection"
                             : ctl_request_parse(&client->request, client->line, len);
    ctl->counters.requests++;
    ev_timer_stop(ctl->loop, &client->timer);
    if (wrong) {
        client_error(client, SHOW_USAGE, wrong);
    } else {
        struct show *show = &client->show;
        bool admin = client->uid == ctl->admin_uid;
        show->uid = client->uid;
        show->pid = client->pid;
        enum show_code code =
            show_start(show, &ctl->context, &client->request, admin, &client->buf);
        if (code != SHOW_OK) {
            show->ended = true;
            client_error(client, code, show->error);
        } else {
            client->state = show->command->flags & SHOW_STREAM ? CLIENT_STREAM : CLIENT_REPLY;
        }
    }
    client->progress = ev_now(ctl->loop);
    ev_timer_set(&client->timer, ctl->progress_time / LOOKS, ctl->progress_time / LOOKS);
    ev_timer_start(ctl->loop, &client->timer);
    ev_io_start(ctl->loop, &client->writer);
}

/* Both directions are closed: nobody will read. */
static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = 0};
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void read_end(struct client *client)
{
    if (client->state == CLIENT_REQUEST || hung_up(client->fd)) {
        client_free(client);
        return;
    }
    client->half_closed = true;
    ev_io_stop(client->ctl->loop, &client->reader);
    if (streams(client, SHOW_RECORD))
        ctl_admin_record_stop(&client->show);
}

static void read_request(struct client *client, size_t n)
{
    const char *end = memchr(client->line + client->line_len, '\n', n);
    client->line_len += n;
    if (end) {
        size_t len = (size_t)(end - client->line);
        client_start(client, len, len + 1 < client->line_len);
    } else if (client->line_len == sizeof(client->line)) {
        client_start(client, client->line_len, false); /* too long: an error reply */
    }
}

static void reader_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct client *client = watcher->data;
    char rest[256];
    bool request = client->state == CLIENT_REQUEST;
    (void)loop;
    (void)events;
    ssize_t n = request ? recv(client->fd, client->line + client->line_len,
                               sizeof(client->line) - client->line_len, MSG_DONTWAIT)
                        : recv(client->fd, rest, sizeof(rest), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        client_free(client);
    else if (n == 0)
        read_end(client);
    else if (request)
        read_request(client, (size_t)n);
    /* Whatever comes behind the request is thrown away. */
}

static void client_timeout(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct client *client = watcher->data;
    (void)events;
    bool stuck =
        client_busy(client) && ev_now(loop) - client->progress > client->ctl->progress_time;
    if (client->state == CLIENT_REQUEST || stuck)
        client_cut(client);
    else if (client->half_closed && hung_up(client->fd))
        client_free(client);
}

/* ---- the socket ------------------------------------------------------------------------- */

static void client_new(struct ctl *ctl, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    struct client *client = NULL;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
        client = calloc(1, sizeof(*client));
    if (!client) {
        close(fd);
        return;
    }
    client->ctl = ctl;
    client->fd = fd;
    client->uid = peer.uid;
    client->pid = peer.pid;
    client->show.wake = client_wake;
    client->next = ctl->clients;
    client->prev = &ctl->clients;
    if (client->next)
        client->next->prev = &client->next;
    ctl->clients = client;
    ctl->counters.clients++;
    writer_buf_init(&client->buf, BUFFER_MAX);
    ev_io_init(&client->reader, reader_ready, fd, EV_READ);
    ev_io_init(&client->writer, writer_ready, fd, EV_WRITE);
    ev_timer_init(&client->timer, client_timeout, ctl->request_time, 0.);
    client->reader.data = client->writer.data = client->timer.data = client;
    /* The protocol goes first. */
    ev_set_priority(&client->reader, EV_MINPRI);
    ev_set_priority(&client->writer, EV_MINPRI);
    ev_io_start(ctl->loop, &client->reader);
    ev_timer_start(ctl->loop, &client->timer);
}

static void listener_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
    static const char full[] = "error 3 too many clients\n";
    struct ctl *ctl = watcher->data;
    (void)loop;
    (void)events;
    int fd = accept4(ctl->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (ctl->counters.clients < ctl->clients_max) {
        client_new(ctl, fd);
        return;
    }
    ctl->counters.clients_refused++;
    if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        ctl->counters.errors++;
    close(fd);
}

/* A socket file that nobody answers on is left from a run that ended badly. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = errno;
    close(fd);
    /* EAGAIN: somebody listens, and has more to do than he can take. */
    if (result == 0 || error == EAGAIN)
        return -EADDRINUSE;
    if (error != ECONNREFUSED)
        return -error;
    return unlink(address->sun_path) == 0 ? 0 : -errno;
}

static int make_folder(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return 0;
    *slash = '\0';
    return mkdir(folder, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

static void give_group(struct ctl *ctl, const char *name)
{
    char line[160];
    struct group *group = getgrnam(name);
    struct stat st;
    /* As a service we are in that group from the start, and chown(2) is forbidden. */
    if (group && stat(ctl->address.sun_path, &st) == 0 && st.st_gid == group->gr_gid)
        return;
    if (group && chown(ctl->address.sun_path, (uid_t)-1, group->gr_gid) == 0)
        return;
    snprintf(line, sizeof(line),
             "socket not given to group %s: %s; root alone can use it: see control.group in "
             "rpld.conf(5)",
             name, group ? strerror(errno) : "no such group");
    ctl->source->log(ctl->source->ctx, line);
}

static int open_socket(struct ctl *ctl, const struct ctl_settings *settings)
{
    const struct sockaddr *address = (const struct sockaddr *)&ctl->address;
    struct stat st;
    if (strlen(settings->path) >= sizeof(ctl->address.sun_path))
        return -ENAMETOOLONG;
    ctl->address.sun_family = AF_UNIX;
    snprintf(ctl->address.sun_path, sizeof(ctl->address.sun_path), "%s", settings->path);
    int result = make_folder(settings->path);
    if (result == 0)
        result = remove_stale(&ctl->address);
    if (result < 0)
        return result;
    ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ctl->fd < 0)
        return -errno;
    /* Nobody connects before listen(), so the mode is right before it matters. */
    mode_t mask = umask(0117);
    result = bind(ctl->fd, address, sizeof(ctl->address)) == 0 ? 0 : -errno;
    umask(mask);
    if (result < 0)
        return result;
    if (settings->group)
        give_group(ctl, settings->group);
    if (stat(ctl->address.sun_path, &st) == 0) {
        ctl->dev = st.st_dev;
        ctl->ino = st.st_ino;
    }
    return listen(ctl->fd, 16) == 0 ? 0 : -errno;
}

int ctl_new(struct ev_loop *loop, const struct ctl_settings *settings,
            const struct ctl_source *source, struct ctl **ret_ctl)
{
    struct ctl *ctl = calloc(1, sizeof(*ctl));
    if (!ctl)
        return -ENOMEM;
    ctl->loop = loop;
    ctl->source = source;
    ctl->fd = -1;
    ctl->admin_uid = settings->admin_uid;
    ctl->clients_max = settings->clients ? settings->clients : CLIENTS_DEFAULT;
    ctl->request_time = settings->request_time_s > 0 ? settings->request_time_s : REQUEST_TIME;
    ctl->progress_time = settings->progress_time_s > 0 ? settings->progress_time_s : PROGRESS_TIME;
    int result = history_new(&ctl->history);
    if (result == 0)
        result = open_socket(ctl, settings);
    if (result < 0) {
        ctl_free(ctl);
        return result;
    }
    ctl->context = (struct show_context){source, ctl->history, &ctl->counters, ctl->fd};
    ev_io_init(&ctl->listener, listener_ready, ctl->fd, EV_READ);
    ctl->listener.data = ctl;
    ev_set_priority(&ctl->listener, EV_MINPRI);
    ev_io_start(loop, &ctl->listener);
    *ret_ctl = ctl;
    return 0;
}

void ctl_free(struct ctl *ctl)
{
    struct stat st;
    if (!ctl)
        return;
    while (ctl->clients)
        client_free(ctl->clients);
    if (ev_is_active(&ctl->listener))
        ev_io_stop(ctl->loop, &ctl->listener);
    if (ctl->fd >= 0)
        close(ctl->fd);
    /* Another daemon may have taken the place; and without privileges this fails, quietly. */
    if (ctl->ino && stat(ctl->address.sun_path, &st) == 0 && st.st_dev == ctl->dev &&
        st.st_ino == ctl->ino)
        (void)unlink(ctl->address.sun_path);
    history_free(ctl->history);
    free(ctl);
}

int ctl_fd(const struct ctl *ctl)
{
    return ctl->fd;
}

/* ---- events ----------------------------------------------------------------------------- */

/* A neighbour can send bad messages as fast as its radio allows; the counters have them all,
 * the monitors and the history some each second. */
static bool suppressed(struct ctl *ctl, const struct rpl_effect_trace *trace, rpl_tstamp now)
{
    if (trace->kind != RPL_TRACE_DROPPED && trace->kind != RPL_TRACE_DAO_REFUSED)
        return false;
    if (now / 1000000 != ctl->suppress_second) {
        ctl->suppress_second = now / 1000000;
        ctl->suppress_used = 0;
    }
    if (ctl->suppress_used < SUPPRESS_PER_S) {
        ctl->suppress_used++;
        return false;
    }
    ctl->counters.events_suppressed++;
    return true;
}

void ctl_trace(struct ctl *ctl, const struct rpl_effect_trace *trace, rpl_tstamp now)
{
    if (suppressed(ctl, trace, now))
        return;
    history_add(ctl->history, trace, now);
    for (struct client *client = ctl->clients; client; client = client->next) {
        if (client->state != CLIENT_STREAM || streams(client, SHOW_BINARY))
            continue;
        if (client->lost || unsent(client) > MONITOR_ROOM) {
            client->lost++;
            ctl->counters.events_lost++;
            continue;
        }
        show_event(&client->show.writer, &ctl->context, trace, now, ++client->show.number);
        ev_io_start(ctl->loop, &client->writer);
    }
}

/* ---- packets ---------------------------------------------------------------------------- */

bool ctl_captures(const struct ctl *ctl)
{
    for (const struct client *client = ctl->clients; client; client = client->next) {
        if (captures(client))
            return true;
    }
    return false;
}

/* What is left out is told with the next packet that is not; once it begins, until there is room
 * for many. */
void ctl_packet(struct ctl *ctl, const struct ctl_packet *packet)
{
    for (struct client *client = ctl->clients; client; client = client->next) {
        if (!captures(client) || !client->show.ended)
            continue;
        if (unsent(client) > (client->lost ? MONITOR_ROOM / 2 : MONITOR_ROOM)) {
            client->lost++;
            ctl->counters.packets_lost++;
            continue;
        }
        if (!show_packet(&client->show, packet, client->lost))
            continue;
        client->lost = 0;
        ev_io_start(ctl->loop, &client->writer);
    }
}

/* ---- the recording ----------------------------------------------------------------------- */

static struct client *recorder(struct ctl *ctl)
{
    for (struct client *client = ctl->clients; client; client = client->next) {
        if (streams(client, SHOW_RECORD))
            return client;
    }
    return NULL;
}

bool ctl_record(struct ctl *ctl, const void *data, size_t len)
{
    struct client *client = recorder(ctl);
    size_t room = len > RECORD_END_ROOM ? BUFFER_MAX - RECORD_END_ROOM : BUFFER_MAX;
    if (!client || len > room || unsent(client) > room - len)
        return false;
    client_compact(client);
    writer_buf_add(&client->buf, data, len);
    ev_io_start(ctl->loop, &client->writer);
    return !client->buf.failed;
}

void ctl_record_end(struct ctl *ctl)
{
    struct client *client = recorder(ctl);
    if (!client)
        return;
    ctl_admin_record_over(&client->show);
    client->state = CLIENT_REPLY;
    ev_io_start(ctl->loop, &client->writer);
    /* Nobody may turn the loop again. */
    client_send(client);
    client_compact(client);
}
