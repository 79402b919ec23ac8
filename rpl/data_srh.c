/* SPDX-License-Identifier: ISC */
/*
 * Source routes, built and walked: RFC 6554 sections 3 and 4.
 *
 * No checksum is touched by anything here. The pseudo-header of an upper layer counts the final
 * destination (RFC 8200 section 8.1), the upper-layer length and its next header value: a source
 * route that is put in, walked or taken out changes none of the three.
 */
#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

#define SRH_CMPR_MAX 15u

bool rpl_srh_segment(const uint8_t *packet, const struct rpl_packet_info *info, unsigned index,
                     struct rpl_addr *ret_addr)
{
    unsigned cmpr = index == info->segments ? info->cmpr_e : info->cmpr_i;

    if (info->srh == 0 || index == 0 || index > info->segments)
        return false;
    memcpy(ret_addr->b, packet + IP6_DST, cmpr);
    memcpy(ret_addr->b + cmpr,
           packet + info->srh + SRH_ADDRESSES + (index - 1) * (16u - info->cmpr_i), 16u - cmpr);
    return true;
}

/* Octets at the front that |a| and |b| share, at most 15. */
static unsigned rpl_shared_octets(const struct rpl_addr *a, const struct rpl_addr *b)
{
    unsigned shared = 0;

    while (shared < SRH_CMPR_MAX && a->b[shared] == b->b[shared])
        shared++;
    return shared;
}

/* What a source route may name; it may not lead to a group, to nobody or into a loopback. */
static bool rpl_srh_may_name(const struct rpl_addr *addr)
{
    return rpl_addr_is_routable(addr) || rpl_addr_is_link_local(addr);
}

bool rpl_path_valid(const struct rpl_addr *src, const struct rpl_addr *hop, size_t hops)
{
    if (hops == 0 || hops > RPL_PATH_MAX)
        return false;
    for (size_t i = 0; i < hops; i++) {
        if (!rpl_srh_may_name(&hop[i]) || (src && rpl_addr_equal(&hop[i], src)))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (rpl_addr_equal(&hop[i], &hop[j]))
                return false;
        }
    }
    return true;
}

static size_t rpl_rpi_build(uint8_t *out, const struct rpl_rpi *rpi, uint8_t next)
{
    out[0] = next;
    out[1] = 0;
    out[2] = rpi->type;
    out[3] = 4;
    out[4] = rpi->flags & (RPL_RPI_O | RPL_RPI_R | RPL_RPI_F);
    out[5] = rpi->instance;
    rpl_data_put_u16(out + 6, rpi->sender_rank);
    return RPI_HEADER;
}

/*
 * The header for hop[1].. when hop[0] is the destination. What is left out of an address is
 * restored from the destination of the moment, which is one hop of the path after another;
 * therefore CmprE must not claim more than the hops before the last share with each other.
 */
static size_t rpl_srh_build(uint8_t *out, const struct rpl_addr *hop, size_t hops, uint8_t next)
{
    unsigned cmpr_i = SRH_CMPR_MAX, cmpr_e, shared;
    size_t at = SRH_ADDRESSES, pad;

    for (size_t i = 1; i + 1 < hops; i++) {
        shared = rpl_shared_octets(&hop[0], &hop[i]);
        cmpr_i = shared < cmpr_i ? shared : cmpr_i;
    }
    shared = rpl_shared_octets(&hop[0], &hop[hops - 1]);
    cmpr_e = shared < cmpr_i ? shared : cmpr_i;
    if (hops == 2) /* no address uses CmprI; deployed decoders take both for one value */
        cmpr_i = cmpr_e;

    for (size_t i = 1; i < hops; i++) {
        unsigned cmpr = i + 1 < hops ? cmpr_i : cmpr_e;

        memcpy(out + at, hop[i].b + cmpr, 16u - cmpr);
        at += 16u - cmpr;
    }
    pad = (8u - at % 8u) % 8u;
    memset(out + at, 0, pad);
    at += pad;
    out[0] = next;
    out[1] = (uint8_t)(at / 8u - 1u);
    out[SRH_TYPE] = SRH_ROUTING_TYPE;
    out[SRH_LEFT] = (uint8_t)(hops - 1);
    out[SRH_CMPR] = (uint8_t)(cmpr_i << 4 | cmpr_e);
    out[SRH_PAD] = (uint8_t)(pad << 4);
    memset(out + SRH_PAD + 1, 0, SRH_ADDRESSES - SRH_PAD - 1);
    return at;
}

size_t rpl_headers_build(uint8_t out[RPL_HEADERS_MAX], const struct rpl_addr *hop, size_t hops,
                         const struct rpl_rpi *rpi, uint8_t next, uint8_t *ret_first)
{
    size_t len = 0;

    *ret_first = next;
    if (rpi) {
        len = rpl_rpi_build(out, rpi, hops > 1 ? NEXT_ROUTING : next);
        *ret_first = NEXT_HOP_BY_HOP;
    }
    if (hops > 1) {
        len += rpl_srh_build(out + len, hop, hops, next);
        *ret_first = rpi ? NEXT_HOP_BY_HOP : NEXT_ROUTING;
    }
    return len;
}

enum rpl_data_error rpl_srh_insert(uint8_t *packet, size_t *len, size_t size,
                                   const struct rpl_addr *hop, size_t hops,
                                   const struct rpl_rpi *rpi)
{
    uint8_t headers[RPL_HEADERS_MAX], first;
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(packet, *len, &info);
    size_t whole = rpl_data_length(packet, *len);
    size_t next, at, grown;

    if (error != RPL_DATA_OK)
        return error;
    /*
     * NOTE: RFC 6554 section 3 wants the source outside the list. Inline for all traffic
     * (compat.srh) a mote's packet to a node below itself passes it once more, and deployed
     * forwarders carry that; with compat.srh = "encapsulate" the source is the root.
     */
    if (!rpl_path_valid(NULL, hop, hops) || !rpl_addr_equal(&hop[hops - 1], &info.dst))
        return RPL_DATA_PATH_INVALID;
    /* One header of each kind at most (RFC 8200 section 4.1): the caller encapsulates. */
    if ((rpi && info.hbh != 0) || (hops > 1 && (info.srh != 0 || info.next == NEXT_ROUTING)))
        return RPL_DATA_PATH_INVALID;
    next = info.hbh != 0 ? info.hbh : IP6_NEXT;
    at = info.hbh != 0 ? (size_t)info.hbh + info.hbh_len : IP6_HEADER;
    grown = rpl_headers_build(headers, hop, hops, rpi, packet[next], &first);
    if (whole + grown > size || whole + grown - IP6_HEADER > IP6_PAYLOAD_MAX)
        return RPL_DATA_TOO_BIG;
    memmove(packet + at + grown, packet + at, whole - at);
    memcpy(packet + at, headers, grown);
    packet[next] = first;
    memcpy(packet + IP6_DST, hop[0].b, sizeof(hop[0].b));
    rpl_data_put_u16(packet + IP6_LENGTH, whole + grown - IP6_HEADER);
    *len = whole + grown;
    return RPL_DATA_OK;
}

static bool rpl_addr_in(const struct rpl_addr *addr, const struct rpl_addr *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rpl_addr_equal(addr, &list[i]))
            return true;
    }
    return false;
}

/*
 * SRH-08: two addresses of ours with a foreign one between them.
 * NOTE: RFC 6554 looks at Address[1..n] alone. The destination, which is ours too, stands
 * between what was visited and what will be; counting it in finds the loop one round earlier.
 */
static bool rpl_srh_loops(const uint8_t *packet, const struct rpl_packet_info *info,
                          const struct rpl_addr *own, size_t own_count)
{
    unsigned visited = (unsigned)info->segments - info->segments_left;
    bool seen = false, left = false;

    for (unsigned i = 0; i <= info->segments; i++) {
        struct rpl_addr addr = info->dst;
        unsigned index = i < visited ? i + 1 : i;

        if (i != visited && !rpl_srh_segment(packet, info, index, &addr))
            return false;
        if (!rpl_addr_in(&addr, own, own_count)) {
            left = seen;
            continue;
        }
        if (left)
            return true;
        seen = true;
    }
    return false;
}

enum rpl_data_error rpl_srh_step(uint8_t *packet, size_t len, const struct rpl_addr *own,
                                 size_t own_count, struct rpl_addr *ret_next)
{
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(packet, len, &info);
    struct rpl_addr next;
    unsigned index, cmpr;
    size_t slot;

    if (error != RPL_DATA_OK)
        return error;
    if (info.srh == 0 || info.segments_left == 0)
        return RPL_DATA_SRH_INVALID;
    index = info.segments - info.segments_left + 1u;
    if (!rpl_srh_segment(packet, &info, index, &next))
        return RPL_DATA_SRH_INVALID;
    if (!rpl_srh_may_name(&next))
        return RPL_DATA_SRH_MULTICAST;
    if (rpl_srh_loops(packet, &info, own, own_count))
        return RPL_DATA_SRH_LOOP;
    if (info.hop_limit <= 1)
        return RPL_DATA_HOP_LIMIT;
    /* Swap: only the octets that are not elided differ between the two. */
    cmpr = index == info.segments ? info.cmpr_e : info.cmpr_i;
    slot = info.srh + SRH_ADDRESSES + (index - 1) * (16u - info.cmpr_i);
    memcpy(packet + slot, info.dst.b + cmpr, 16u - cmpr);
    memcpy(packet + IP6_DST, next.b, sizeof(next.b));
    packet[info.srh + SRH_LEFT]--;
    packet[IP6_HOP_LIMIT]--;
    *ret_next = next;
    return RPL_DATA_OK;
}
