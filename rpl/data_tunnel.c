/* SPDX-License-Identifier: ISC */
/* IPv6-in-IPv6 as RPL uses it: RFC 2473, RFC 6554 section 4.1, RFC 6040, RFC 9008. */
#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

enum rpl_data_error rpl_encapsulate(uint8_t *packet, size_t *len, size_t size,
                                    const struct rpl_addr *src, uint8_t hop_limit,
                                    const struct rpl_addr *hop, size_t hops,
                                    const struct rpl_rpi *rpi)
{
    uint8_t headers[RPL_HEADERS_MAX], first;
    size_t whole = rpl_data_length(packet, *len), grown;

    if (whole == 0)
        return RPL_DATA_TRUNCATED;
    if (!rpl_path_valid(src, hop, hops))
        return RPL_DATA_PATH_INVALID;
    if (packet[IP6_HOP_LIMIT] == 0)
        return RPL_DATA_HOP_LIMIT;
    /* SRH-05: Segments Left stays below the inner Hop Limit. */
    if (hops > packet[IP6_HOP_LIMIT])
        hops = packet[IP6_HOP_LIMIT];
    grown = rpl_headers_build(headers, hop, hops, rpi, NEXT_IPV6, &first);
    if (whole + grown + IP6_HEADER > size || whole + grown > IP6_PAYLOAD_MAX)
        return RPL_DATA_TOO_BIG;
    packet[IP6_HOP_LIMIT] = (uint8_t)(packet[IP6_HOP_LIMIT] - (hops - 1));
    memmove(packet + IP6_HEADER + grown, packet, whole);
    memcpy(packet + IP6_HEADER, headers, grown);
    /* Version and traffic class stand there already; the flow label is the inner packet's own. */
    packet[1] &= 0xf0u;
    packet[2] = packet[3] = 0;
    rpl_data_put_u16(packet + IP6_LENGTH, whole + grown);
    packet[IP6_NEXT] = first;
    packet[IP6_HOP_LIMIT] = hop_limit;
    memcpy(packet + IP6_SRC, src->b, sizeof(src->b));
    memcpy(packet + IP6_DST, hop[0].b, sizeof(hop[0].b));
    *len = whole + grown + IP6_HEADER;
    return RPL_DATA_OK;
}

/* ECN field: the two low bits of the traffic class, which begins four bits into the header. */
#define ECN_SHIFT 4u
#define ECN_MASK 0x30u
enum rpl_ecn { ECN_NOT_ECT = 0, ECN_ECT1 = 1, ECN_ECT0 = 2, ECN_CE = 3 };

static uint8_t rpl_ecn(const uint8_t *packet)
{
    return (packet[1] & ECN_MASK) >> ECN_SHIFT;
}

/* What the inner ECN field becomes, RFC 6040 figure 4; false where the packet is to be dropped. */
static bool rpl_ecn_merge(uint8_t outer, uint8_t inner, uint8_t *ret_ecn)
{
    *ret_ecn = inner;
    if (inner == ECN_NOT_ECT)
        return outer != ECN_CE;
    if (outer == ECN_CE || (outer == ECN_ECT1 && inner == ECN_ECT0))
        *ret_ecn = outer;
    return true;
}

/* Gives |packet| the ECN field that it has after a tunnel marked with |outer|. */
static bool rpl_ecn_take(uint8_t *packet, uint8_t outer)
{
    uint8_t ecn;

    if (!rpl_ecn_merge(outer, rpl_ecn(packet), &ecn))
        return false;
    packet[1] = (uint8_t)((packet[1] & ~ECN_MASK) | (unsigned)ecn << ECN_SHIFT);
    return true;
}

enum rpl_data_error rpl_decapsulated(uint8_t *packet, size_t len, uint8_t outer_class)
{
    if (rpl_data_length(packet, len) == 0)
        return RPL_DATA_TRUNCATED;
    return rpl_ecn_take(packet, outer_class & 3u) ? RPL_DATA_OK : RPL_DATA_CONGESTED;
}

enum rpl_data_error rpl_decapsulate(uint8_t *packet, size_t *len)
{
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(packet, *len, &info);
    size_t whole = rpl_data_length(packet, *len), inner;

    if (error != RPL_DATA_OK)
        return error;
    if (info.next != NEXT_IPV6 || (info.srh != 0 && info.segments_left > 0))
        return RPL_DATA_OK;
    inner = rpl_data_length(packet + info.payload, whole - info.payload);
    if (inner == 0)
        return RPL_DATA_TRUNCATED;
    if (!rpl_ecn_take(packet + info.payload, rpl_ecn(packet)))
        return RPL_DATA_CONGESTED;
    memmove(packet, packet + info.payload, inner);
    *len = inner;
    return RPL_DATA_OK;
}
