/* SPDX-License-Identifier: ISC */
/* A 6LoWPAN frame into a packet: RFC 4944 section 5.1 and what the other files do. */
#include "rpl/lowpan_priv.h"

#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

#define NEXT_UDP 17u
#define UDP_LENGTH 4u
#define UDP_CHECKSUM 6u

const char *rpl_lowpan_result_name(enum rpl_lowpan_result result)
{
    static const char *const names[RPL_LOWPAN_RESULT_COUNT] = {
#define RPL_LOWPAN_RESULT_NAME(id, name) name,
        RPL_LOWPAN_RESULTS(RPL_LOWPAN_RESULT_NAME)
#undef RPL_LOWPAN_RESULT_NAME
    };

    return (unsigned)result < RPL_LOWPAN_RESULT_COUNT ? names[result] : "unknown";
}

/* The interface identifier of a link-layer address, RFC 6282 section 3.2.2. */
static void rpl_lowpan_iid(const struct rpl_lowpan_addr *addr, uint8_t iid[8])
{
    if (addr->len == 8) {
        memcpy(iid, addr->b, 8);
        iid[0] ^= 0x02;
        return;
    }
    memset(iid, 0, 8);
    iid[3] = 0xff;
    iid[4] = 0xfe;
    iid[6] = addr->b[0];
    iid[7] = addr->b[1];
}

/* ---- checksums ----------------------------------------------------------------------- */

/* The destination that the pseudo-header has: behind a source route, its last address. */
static bool rpl_lowpan_final(const uint8_t *ip, size_t len, size_t routing, struct rpl_addr *ret)
{
    struct rpl_packet_info info;

    *ret = rpl_data_addr(ip + IP6_DST);
    if (routing == 0 || ip[routing + SRH_LEFT] == 0)
        return true;
    if (rpl_packet_parse(ip, len, &info) != RPL_DATA_OK || info.srh != routing)
        return false;
    return rpl_srh_segment(ip, &info, info.segments, ret);
}

/*
 * NOTE: RFC 6282 section 4.3.2 lets a checksum be restored only where another check of the
 * sender's making was verified. The frame check sequence is all we can know of; whatever stands
 * in the payload is for the receiver to verify, which it can only if the packet reaches it.
 */
static bool rpl_lowpan_sum(uint8_t *packet, size_t len, const struct rpl_lowpan_patch *patch)
{
    uint8_t *ip = packet + patch->ip, *udp = packet + patch->udp;
    size_t routing = patch->routing != 0 ? (size_t)(patch->routing - patch->ip) : 0;
    struct rpl_addr src = rpl_data_addr(ip + IP6_SRC), dst;
    uint16_t sum;

    if (!rpl_lowpan_final(ip, len - patch->ip, routing, &dst))
        return false;
    rpl_data_put_u16(udp + UDP_CHECKSUM, 0);
    sum = rpl_wire_checksum(&src, &dst, NEXT_UDP, udp, len - patch->udp);
    rpl_data_put_u16(udp + UDP_CHECKSUM, sum != 0 ? sum : 0xffffu);
    return true;
}

enum rpl_lowpan_result rpl_lowpan_finish(uint8_t *packet, size_t *len,
                                         const struct rpl_lowpan_patch *patch)
{
    size_t whole = rpl_data_length(packet, *len);

    if (whole == 0)
        return RPL_LOWPAN_IPV6;
    *len = whole;
    if (patch->udp != 0 && !rpl_lowpan_sum(packet, whole, patch))
        return RPL_LOWPAN_CHECKSUM;
    return RPL_LOWPAN_OK;
}

/* ---- headers ------------------------------------------------------------------------- */

/* Lengths, now that the packet's is known. */
static enum rpl_lowpan_result rpl_lowpan_measure(struct rpl_lowpan_expansion *x, size_t whole,
                                                 struct rpl_lowpan_patch *ret_patch)
{
    for (unsigned i = 0; i < x->ip_count; i++)
        rpl_data_put_u16(x->out.data + x->ip[i] + IP6_LENGTH, whole - x->ip[i] - IP6_HEADER);
    if (x->udp != 0)
        rpl_data_put_u16(x->out.data + x->udp + UDP_LENGTH, whole - x->udp);
    if (!x->elided)
        return RPL_LOWPAN_OK;
    if (x->fragment)
        return RPL_LOWPAN_CHECKSUM;
    ret_patch->udp = (uint16_t)x->udp;
    ret_patch->ip = (uint16_t)x->ip[x->ip_count - 1];
    ret_patch->routing = (uint16_t)x->routing;
    return RPL_LOWPAN_OK;
}

static enum rpl_lowpan_result rpl_lowpan_dispatch(uint8_t dispatch)
{
    if (dispatch >> 6 == 0)
        return RPL_LOWPAN_NALP;
    if (dispatch >> 6 == 2)
        return RPL_LOWPAN_MESH;
    if (dispatch == LOWPAN_BC0)
        return RPL_LOWPAN_BROADCAST;
    if (dispatch == LOWPAN_HC1)
        return RPL_LOWPAN_HC1;
    return RPL_LOWPAN_DISPATCH;
}

enum rpl_lowpan_result rpl_lowpan_unpack(const struct rpl_lowpan *lowpan,
                                         const struct rpl_lowpan_mac *mac, const uint8_t *data,
                                         size_t len, size_t datagram, uint8_t *packet, size_t size,
                                         size_t *ret_len, struct rpl_lowpan_patch *ret_patch)
{
    struct rpl_lowpan_expansion x = {
        .context = lowpan->context, .in = {data, len, false}, .out = {packet, 0, size, false}};
    enum rpl_lowpan_result result = RPL_LOWPAN_OK;
    bool nhc = false;
    size_t whole;

    memset(ret_patch, 0, sizeof(*ret_patch));
    rpl_lowpan_iid(&mac->src, x.src);
    rpl_lowpan_iid(&mac->dst, x.dst);
    if (len == 0)
        return RPL_LOWPAN_TRUNCATED;
    if (data[0] == LOWPAN_IPV6)
        (void)rpl_in_u8(&x.in);
    else if (rpl_lowpan_is_iphc(data[0]))
        result = rpl_lowpan_iphc(&x, &nhc);
    else
        return rpl_lowpan_dispatch(data[0]);
    if (result == RPL_LOWPAN_OK && nhc)
        result = rpl_lowpan_nhc(&x);
    if (result != RPL_LOWPAN_OK)
        return result;
    whole = datagram != 0 ? datagram : x.out.len + x.in.left;
    if (x.out.full || whole > RPL_LOWPAN_PACKET_MAX || x.in.left > x.out.size - x.out.len)
        return RPL_LOWPAN_TOO_BIG;
    if (x.out.len + x.in.left > whole)
        return RPL_LOWPAN_FRAGMENT;
    result = rpl_lowpan_measure(&x, whole, ret_patch);
    rpl_out_copy(&x.out, x.in.p, x.in.left);
    *ret_len = x.out.len;
    return result;
}

enum rpl_lowpan_result rpl_lowpan_expand(const struct rpl_lowpan *lowpan,
                                         const struct rpl_lowpan_mac *mac, const uint8_t *data,
                                         size_t len, uint8_t *packet, size_t size, size_t *ret_len)
{
    struct rpl_lowpan_patch patch;
    enum rpl_lowpan_result result =
        rpl_lowpan_unpack(lowpan, mac, data, len, 0, packet, size, ret_len, &patch);

    return result == RPL_LOWPAN_OK ? rpl_lowpan_finish(packet, ret_len, &patch) : result;
}

/* ---- frames -------------------------------------------------------------------------- */

static enum rpl_lowpan_result rpl_lowpan_payload(struct rpl_lowpan *lowpan,
                                                 const struct rpl_lowpan_mac *mac,
                                                 const uint8_t *data, size_t len, rpl_tstamp now,
                                                 uint8_t *packet, size_t size, size_t *ret_len)
{
    if (len > 0 && (rpl_lowpan_is_first(data[0]) || rpl_lowpan_is_later(data[0])))
        return rpl_lowpan_fragment(lowpan, mac, data, len, now, packet, size, ret_len);
    if (rpl_lowpan_judge(data, len, lowpan->all) == RPL_LOWPAN_IS_KERNELS)
        return RPL_LOWPAN_KERNEL;
    return rpl_lowpan_expand(lowpan, mac, data, len, packet, size, ret_len);
}

enum rpl_lowpan_result rpl_lowpan_input(struct rpl_lowpan *lowpan, const uint8_t *frame, size_t len,
                                        rpl_tstamp now, uint8_t *packet, size_t size,
                                        size_t *ret_len, struct rpl_lowpan_mac *ret_mac)
{
    enum rpl_lowpan_result result = rpl_lowpan_mac_read(frame, len, ret_mac);

    *ret_len = 0;
    rpl_lowpan_expire(lowpan, now);
    if (result == RPL_LOWPAN_OK)
        result = rpl_lowpan_payload(lowpan, ret_mac, frame + ret_mac->len, len - ret_mac->len, now,
                                    packet, size, ret_len);
    if (result != RPL_LOWPAN_OK)
        *ret_len = 0;
    lowpan->counters[result]++;
    return result;
}
