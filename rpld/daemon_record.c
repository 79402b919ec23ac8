/* SPDX-License-Identifier: ISC */
/*
 * Recording the engine. From its first moment with `rpld --record`; for `rplctl record` an engine
 * that runs cannot be written down, so a new one takes its place, as if rpld had been killed and
 * started again: it has the stored state, the kernel's routes and what the old one knew of its
 * targets, and the data path waits meanwhile. A router looks for its parents anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "rpld/daemon.h"
#include "rpld/log.h"

/* ---- where it goes ------------------------------------------------------------------------ */

static bool record_to_file(void *ctx, const void *data, size_t len)
{
    const struct daemon *daemon = ctx;
    const uint8_t *p = data;

    while (len > 0) {
        ssize_t n = write(daemon->record_fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_error("record: cannot write", "error=\"%s\"", strerror(n < 0 ? errno : EIO));
            return false;
        }
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool record_to_client(void *ctx, const void *data, size_t len)
{
    const struct daemon *daemon = ctx;

    return ctl_record(daemon->ctl, data, len);
}

int daemon_record_open(struct daemon *daemon)
{
    daemon->record_fd = -1;
    if (!daemon->options.record)
        return 0;
    daemon->record_fd =
        open(daemon->options.record, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return daemon->record_fd < 0 ? -errno : 0;
}

void daemon_record_new_engine(struct daemon *daemon, const struct rpl_config *config)
{
    if (daemon->record_wanted)
        record_begin(&daemon->record, config, daemon->now, daemon->record_limit, record_to_client,
                     daemon);
    else if (daemon->record_fd >= 0)
        record_begin(&daemon->record, config, daemon->now, RECORD_SIZE_DEFAULT, record_to_file,
                     daemon);
    daemon->record_wanted = false;
}

void daemon_record_close(struct daemon *daemon)
{
    record_end(&daemon->record, daemon->now, RPL_RECORD_STOPPED);
    if (daemon->ctl)
        ctl_record_end(daemon->ctl);
    if (daemon->record_fd >= 0)
        close(daemon->record_fd);
    daemon->record_fd = -1;
}

/* ---- another engine in place of the one that runs ------------------------------------------ */

/* Links and addresses, as they were told before. */
static void tell_again(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->ifaces.count; i++) {
        const struct iface *iface = &daemon->ifaces.iface[i];
        struct rpl_event event = {.type = RPL_EVENT_LINK};

        if (!iface->up)
            continue;
        event.u.link.ifindex = iface->ifindex;
        event.u.link.state = RPL_LINK_UP;
        event.u.link.address = iface->link.link_local;
        event.u.link.instances = iface->instances;
        memcpy(event.u.link.name, iface->name, sizeof(event.u.link.name));
        daemon_event(daemon, &event);
    }
    for (unsigned i = 0; i < daemon->told_count; i++) {
        const struct rpl_event event = {.type = RPL_EVENT_ADDRESS, .u.address = daemon->told[i]};

        if (iface_find(&daemon->ifaces, event.u.address.ifindex))
            daemon_event(daemon, &event);
    }
}

void daemon_record_told(struct daemon *daemon, const struct rpl_event_address *address)
{
    unsigned i = 0;

    while (i < daemon->told_count && (daemon->told[i].ifindex != address->ifindex ||
                                      !rpl_addr_equal(&daemon->told[i].address, &address->address)))
        i++;
    if (address->usable && i == daemon->told_count && i < DAEMON_ADDRESSES_MAX)
        daemon->told[daemon->told_count++] = *address;
    else if (!address->usable && i < daemon->told_count)
        daemon->told[i] = daemon->told[--daemon->told_count];
}

/* Until the kernel's routes are known again, packets wait in their queues. */
static void hold_back(struct daemon *daemon)
{
    daemon->reconciled = daemon->carrying = false;
    ev_io_stop(daemon->loop, &daemon->tun_io);
    ev_io_stop(daemon->loop, &daemon->packet_io);
    ev_io_stop(daemon->loop, &daemon->tunnel_io);
    ev_io_stop(daemon->loop, &daemon->lowpan_io);
}

static void replace_engine(struct daemon *daemon)
{
    struct rpl_engine *old = daemon->engine;
    int r = daemon_engine_open(daemon);

    if (r < 0) {
        log_error("record: cannot make an engine, the old one goes on", "error=\"%s\"",
                  strerror(-r));
        daemon->record_wanted = false;
        ctl_record_end(daemon->ctl);
        return;
    }
    log_notice("record: a new engine takes over", "next=\"as after a restart\"");
    daemon->old_engine = old;
    daemon->source.engine = daemon->engine;
    daemon_forward_attach(daemon);
    hold_back(daemon);
    tell_again(daemon);
    r = krt_dump_routes(daemon->krt);
    if (r < 0)
        daemon_fail(daemon, "cannot ask the kernel for its routes", -r);
}

static void restore_leaves(struct daemon *daemon)
{
    struct rpl_event event = {.type = RPL_EVENT_LEAF_RESTORED};
    struct rpl_cursor cursor = {0};

    while (rpl_view_next_leaf(daemon->old_engine, &cursor, daemon->now, &event.u.leaf))
        daemon_event(daemon, &event);
}

/* What the old engine knew, in the words of the snapshot's file. */
bool daemon_record_restore(struct daemon *daemon)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_node node;
    char line[SNAPSHOT_LINE_MAX], name[RPL_IFNAME_MAX];

    if (!daemon->old_engine)
        return false;
    while (rpl_view_next_node(daemon->old_engine, &cursor, daemon->now, &node)) {
        struct rpl_event event = {.type = RPL_EVENT_TARGET_RESTORED};
        const struct iface *iface = iface_find(&daemon->ifaces, node.ifindex);
        size_t len = snapshot_line(&node, iface ? iface->name : NULL, line, sizeof(line));

        if (len == 0 || (!iface && node.parent_count == 0))
            continue;
        line[len - 1] = '\0'; /* the line feed */
        if (!snapshot_read_line(line, &event.u.target, name))
            continue;
        event.u.target.ifindex = node.ifindex;
        daemon_event(daemon, &event);
    }
    restore_leaves(daemon);
    rpl_engine_free(daemon->old_engine);
    daemon->old_engine = NULL;
    return true;
}

/* ---- for the control socket ---------------------------------------------------------------- */

int daemon_record_ask(void *ctx, uint64_t limit)
{
    struct daemon *daemon = ctx;

    if (daemon->record.on || daemon->record_wanted)
        return -EBUSY;
    if (!daemon->reconciled)
        return -EAGAIN;
    daemon->record_wanted = true;
    daemon->record_limit = limit;
    return 0;
}

void daemon_record_stop(void *ctx)
{
    struct daemon *daemon = ctx;

    daemon->record_wanted = false;
    if (daemon->record.take == record_to_client)
        record_end(&daemon->record, daemon->now, RPL_RECORD_ASKED);
    ctl_record_end(daemon->ctl);
}

void daemon_record_turn(struct daemon *daemon)
{
    struct krt_stats stats;

    krt_stats_get(daemon->krt, &stats);
    /* An engine in whose place another comes has said all it had to say, and has all answers:
     * the next one counts its questions from the beginning. */
    if (daemon->record_wanted && daemon->reconciled && !daemon->more && stats.queued == 0)
        replace_engine(daemon);
    bool on = daemon->record.on;
    record_turn(&daemon->record, daemon->now);
    if (on && !daemon->record.on && daemon->record.take == record_to_client)
        ctl_record_end(daemon->ctl);
}
