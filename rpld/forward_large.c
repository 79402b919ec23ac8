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
    struct rpl_addr hop = rpl_addr_link_local(&path->hop[0]);
    uint32_t id = fwd_fragment_id(fwd);
    struct rpl_packet_info info;
    uint8_t part[FWD_BUFFER];
    size_t offset = 0, n;

    if (rpl_packet_parse(packet, len, &info) != RPL_DATA_OK)
        return;
    while (offset < len - info.payload) {
        enum rpl_data_error error = rpl_fragment(packet, len, mtu, id, &offset, part, &n);

        if (error != RPL_DATA_OK) {
            fwd->counters[fwd_data_counter(error)]++;
            return;
        }
        if (!fwd_send(fwd, part, n, path->ifindex, &hop))
            return;
        fwd_remember(fwd, part, n, path->ifindex, &hop, &path->instance, true, now);
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
    struct rpl_addr hop = rpl_addr_link_local(&path->hop[0]);

    /* To a neighbour it needs no header of ours. */
    if (path->hops == 1 && !path->behind) {
        if (fwd_send(fwd, packet, len, path->ifindex, &hop)) {
            fwd->counters[FWD_DOWN]++;
            fwd_remember(fwd, packet, len, path->ifindex, &hop, &path->instance, true, now);
        }
        return true;
    }
    /* Without a source route the kernel of the last hop would take it for its own. */
    if (path->hops == 1 || mtu > FWD_BUFFER)
        return false;
    if (rpl_encapsulate(packet, &len, FWD_BUFFER, &path->source, FWD_HOP_LIMIT, path->hop,
                        path->hops, path->has_rpi ? &rpi : NULL) != RPL_DATA_OK)
        return false;
    fwd_fragments(fwd, packet, len, mtu, path, now);
    return true;
}

/*
 * What the kernel has put together of a tunnel that came in fragments: the socket gives us the
 * inner packet.
 * NOTE: the outer ECN field is gone then, so a mark that it got on the way is lost (RFC 6040).
 */
void fwd_tunnel_ready(struct fwd *fwd, rpl_tstamp now)
{
    uint8_t packet[FWD_BUFFER];

    for (unsigned i = 0; i < FWD_PER_TURN; i++) {
        struct sockaddr_in6 from = {0};
        struct rpl_addr src;
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(fwd->tunnel, packet, FWD_READ_MAX, MSG_DONTWAIT | MSG_TRUNC,
                             (struct sockaddr *)&from, &from_len);

        if (n < 0)
            return;
        if (n > FWD_READ_MAX) {
            fwd->counters[FWD_DROP_TOO_BIG]++;
            continue;
        }
        memcpy(src.b, &from.sin6_addr, sizeof(src.b));
        fwd->counters[FWD_REASSEMBLED]++;
        fwd_from_tunnel(fwd, packet, (size_t)n, &src, now);
    }
}
