/* SPDX-License-Identifier: ISC */
/* What comes in by ICMPv6: RPL messages for the engine, errors for it and for the forwarder. */
#include <errno.h>
#include <netinet/icmp6.h>

#include "rpld/daemon.h"

#define DAEMON_ICMP6_PER_TURN 64
#define DAEMON_ICMP6_INFORMATION 128u /* types of errors are below */
#define DAEMON_ERROR_HEADER 8u        /* of an ICMPv6 error, before the invoking packet */

/* "Error in source routing header", about a route of ours. */
static void daemon_source_route_error(struct daemon *daemon, const struct icmp6_message *message)
{
    struct rpl_event event = {.type = RPL_EVENT_FORWARD_ERROR};
    struct rpl_event_forward_error *error = &event.u.forward_error;

    if (message->len < DAEMON_ERROR_HEADER)
        return;
    if (!fwd_source_route_error(daemon->fwd, message->data + DAEMON_ERROR_HEADER,
                                message->len - DAEMON_ERROR_HEADER, &message->src, daemon->now,
                                error)) {
        daemon->counters[DAEMON_DROP_ERROR]++;
        return;
    }
    daemon->counters[DAEMON_SOURCE_ROUTE_ERROR]++;
    daemon_event(daemon, &event);
}

/* RPL messages are taken from the RPL interfaces and from the TUN, where those come in that
 * carried an RPI; from nowhere else. */
static void daemon_message(struct daemon *daemon, const struct icmp6_message *message)
{
    bool tun = message->ifindex == fwd_ifindex(daemon->fwd);

    if (!tun && !iface_find(&daemon->ifaces, message->ifindex)) {
        daemon->counters[DAEMON_DROP_INTERFACE]++;
        return;
    }
    daemon_saw_message(daemon, message);
    if (message->len >= 2 && message->data[0] < DAEMON_ICMP6_INFORMATION) {
        if (message->data[0] == ICMP6_DST_UNREACH && message->data[1] == 7)
            daemon_source_route_error(daemon, message);
        fwd_told(daemon->fwd, &message->src, message->data, message->len, daemon->now);
        return;
    }
    struct rpl_event event = {.type = RPL_EVENT_PACKET};
    event.u.packet.ifindex = tun ? 0 : message->ifindex;
    event.u.packet.src = message->src;
    event.u.packet.dst = message->dst;
    event.u.packet.hop_limit = message->hop_limit;
    event.u.packet.data = message->data;
    event.u.packet.len = message->len;
    daemon->counters[DAEMON_RECEIVED]++;
    daemon_event(daemon, &event);
}

void daemon_on_icmp6(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;
    struct icmp6_message message;

    (void)loop;
    (void)revents;
    for (unsigned i = 0; i < DAEMON_ICMP6_PER_TURN; i++) {
        int r = icmp6_receive(&daemon->icmp6, &message);

        if (r == 0)
            return;
        if (r > 0)
            daemon_message(daemon, &message);
        else if (r == -EMSGSIZE || r == -EBADMSG)
            daemon->counters[DAEMON_DROP_SIZE]++;
        else
            return; /* an error about a packet we sent: read, and gone with that */
    }
}
