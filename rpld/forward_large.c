/* SPDX-License-Identifier: ISC */
/*
 * Packets that fit into the link until they get their source route. Their sender cannot help: it
 * need not send less than 1280 octets, and Linux ignores a Packet Too Big that wants it to.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

/* RFC 7739: not to be guessed from the one before. */
static uint32_t fwd_fragment_id(struct fwd *fwd)
{
    uint32_t id;

    if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != (ssize_t)sizeof(id))
        id = ++fwd->fragment_id;
    return id;
}

static void fwd_fragments(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t mtu,
                          const struct rpl_view_path *path, rpl_tstamp now)
{
    const struct rpl_addr hop = path->next;
    uint32_t id = fwd_fragment_id(fwd);
    struct rpl_packet_info info;
    uint8_t part[FWD_BUFFER];
    size_t offset = 0, n;

    if (rpl_packet_parse(packet, len, &info) != RPL_DATA_OK)
        return;
    while (offset < len - info.payload) {
        bool first = offset == 0;
        enum rpl_data_error error = rpl_fragment(packet, len, mtu, id, &offset, part, &n);

        if (error != RPL_DATA_OK) {
            fwd->counters[fwd_data_counter(error)]++;
            return;
        }
        if (!fwd_send(fwd, part, n, path->ifindex, &hop))
            return;
        /* The sender's packet begins in the first. */
        if (first)
            fwd_remember(fwd, part, n, path->ifindex, &hop, &path->instance, FWD_WAY_ORIGIN, now);
    }
    fwd->counters[FWD_DOWN_FRAGMENTED]++;
}

bool fwd_large(struct fwd *fwd, uint8_t *packet, size_t len, uint32_t mtu,
               const struct rpl_view_path *path, rpl_tstamp now)
{
    const struct rpl_rpi rpi = {.type = path->rpi_type,
                                .flags = path->rpi_flags,
                                .instance = path->instance,
                                .sender_rank = path->rpi_sender_rank};
    const struct rpl_addr hop = path->next;

    /* To a neighbour it needs no header of ours. */
    if (path->hops == 1 && !path->behind) {
        if (fwd_send(fwd, packet, len, path->ifindex, &hop)) {
            fwd->counters[FWD_DOWN]++;
            fwd_remember(fwd, packet, len, path->ifindex, &hop, &path->instance, FWD_WAY_ORIGIN,
                         now);
        }
        return true;
    }
    if (mtu > FWD_BUFFER ||
        rpl_encapsulate(packet, &len, FWD_BUFFER, &path->source, FWD_HOP_LIMIT, path->hop,
                        path->hops, fwd_has_rpi(path, packet, true) ? &rpi : NULL) != RPL_DATA_OK)
        return false;
    fwd_fragments(fwd, packet, len, mtu, path, now);
    return true;
}

/* The traffic class of the packet that |msg| came in, 0 if it is not told. */
static uint8_t fwd_traffic_class(struct msghdr *msg)
{
    int value;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_TCLASS ||
            c->cmsg_len < CMSG_LEN(sizeof(value)))
            continue;
        memcpy(&value, CMSG_DATA(c), sizeof(value));
        return (uint8_t)value;
    }
    return 0;
}

/*
 * What the kernel has put together of a tunnel that came in fragments: the socket gives us the
 * inner packet, and with it what its outer header said of congestion.
 */
void fwd_tunnel_ready(struct fwd *fwd, rpl_tstamp now)
{
    uint8_t packet[FWD_BUFFER];

    for (unsigned i = 0; i < FWD_PER_TURN; i++) {
        struct sockaddr_in6 from = {0};
        struct rpl_addr src;
        char control[CMSG_SPACE(sizeof(int))];
        struct iovec iov = {.iov_base = packet, .iov_len = FWD_READ_MAX};
        struct msghdr msg = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(fwd->tunnel, &msg, MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0)
            return;
        if (n > FWD_READ_MAX) {
            fwd->counters[FWD_DROP_TOO_BIG]++;
            continue;
        }
        fwd->counters[FWD_REASSEMBLED]++;
        enum rpl_data_error error = rpl_decapsulated(packet, (size_t)n, fwd_traffic_class(&msg));
        if (error != RPL_DATA_OK) {
            fwd->counters[fwd_data_counter(error)]++;
            continue;
        }
        memcpy(src.b, &from.sin6_addr, sizeof(src.b));
        fwd_see(fwd, false, fwd->tun_ifindex, packet, (size_t)n, NULL);
        fwd_from_tunnel(fwd, packet, (size_t)n, &src, now);
    }
}
