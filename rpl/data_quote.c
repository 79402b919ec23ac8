/* SPDX-License-Identifier: ISC */
/*
 * The packet inside an ICMPv6 error, as its sender knows it: without the source route that was put
 * into it on its way (RFC 6554), or out of the tunnel that it was put into (RFC 2473 section 8).
 */
#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

#define FRAGMENT_HEADER 8u
#define FRAGMENT_OFFSET 0xfff8u

/*
 * rpl_packet_parse() of a packet of which |len| octets are left: its length says what it was, and
 * it is read as if it said what there is. The headers have to be there whole.
 */
static bool rpl_quote_parse(const uint8_t *packet, size_t len, struct rpl_packet_info *info)
{
    uint8_t head[IP6_HEADER + RPL_HEADERS_MAX + RPI_HEADER];
    size_t take = len < sizeof(head) ? len : sizeof(head);

    if (len < IP6_HEADER)
        return false;
    memcpy(head, packet, take);
    if (rpl_data_u16(head + IP6_LENGTH) > take - IP6_HEADER)
        rpl_data_put_u16(head + IP6_LENGTH, take - IP6_HEADER);
    return rpl_packet_parse(head, take, info) == RPL_DATA_OK;
}

static uint32_t rpl_mtu_less(uint32_t mtu, size_t headers)
{
    return mtu > headers + IP6_MTU_MIN ? mtu - (uint32_t)headers : IP6_MTU_MIN;
}

/* ---- source routes ------------------------------------------------------------------- */

enum rpl_data_error rpl_unroute(uint8_t *packet, size_t *len)
{
    enum rpl_data_error error;
    size_t said, now = *len;

    if (*len < IP6_HEADER)
        return RPL_DATA_TRUNCATED;
    said = rpl_data_u16(packet + IP6_LENGTH);
    if (said <= *len - IP6_HEADER)
        return rpl_unroute_whole(packet, len);
    rpl_data_put_u16(packet + IP6_LENGTH, *len - IP6_HEADER);
    error = rpl_unroute_whole(packet, &now);
    rpl_data_put_u16(packet + IP6_LENGTH, said - (*len - now));
    *len = now;
    return error;
}

static void rpl_icmp6_no_address(uint8_t *icmp)
{
    icmp[0] = ICMP6_UNREACHABLE;
    icmp[1] = ICMP6_NO_ADDRESS;
    rpl_data_put_u32(icmp + ICMP6_PARAMETER, 0);
}

/* The error is now about a packet that is |gone| octets shorter, up to |end| of what it was. */
static void rpl_icmp6_adjust(uint8_t *icmp, size_t gone, size_t end)
{
    uint32_t parameter = rpl_data_u32(icmp + ICMP6_PARAMETER);

    if (icmp[0] == ICMP6_PACKET_TOO_BIG) {
        rpl_data_put_u32(icmp + ICMP6_PARAMETER, rpl_mtu_less(parameter, gone));
    } else if (icmp[0] == ICMP6_PARAMETER_PROBLEM) {
        if (parameter >= end)
            rpl_data_put_u32(icmp + ICMP6_PARAMETER, parameter - (uint32_t)gone);
        else if (parameter == IP6_NEXT || parameter >= IP6_DST)
            rpl_icmp6_no_address(icmp); /* what the sender did not write so */
    } else if (icmp[0] == ICMP6_UNREACHABLE && icmp[1] == ICMP6_SOURCE_ROUTE) {
        rpl_icmp6_no_address(icmp);
    }
}

bool rpl_icmp6_unroute(uint8_t *packet, size_t *len)
{
    size_t whole = rpl_data_length(packet, *len), at = IP6_HEADER + ICMP6_HEADER, now;
    struct rpl_packet_info info;
    struct rpl_addr src, dst;
    uint8_t *icmp = packet + IP6_HEADER;
    uint16_t checksum;

    if (whole < at + IP6_HEADER || packet[IP6_NEXT] != NEXT_ICMP6 || icmp[0] >= ICMP6_INFORMATION ||
        !rpl_quote_parse(packet + at, whole - at, &info) || info.srh == 0)
        return false;
    src = rpl_data_addr(packet + IP6_SRC);
    dst = rpl_data_addr(packet + IP6_DST);
    /* A wrong one must not become right. */
    if (rpl_wire_checksum(&src, &dst, NEXT_ICMP6, icmp, whole - IP6_HEADER) != 0)
        return false;
    now = whole - at;
    if (rpl_unroute(packet + at, &now) != RPL_DATA_OK || at + now == whole)
        return false;
    now += at;
    rpl_icmp6_adjust(icmp, whole - now, (size_t)info.srh + info.srh_len);
    rpl_data_put_u16(packet + IP6_LENGTH, now - IP6_HEADER);
    rpl_data_put_u16(icmp + ICMP6_CHECKSUM, 0);
    checksum = rpl_wire_checksum(&src, &dst, NEXT_ICMP6, icmp, now - IP6_HEADER);
    rpl_data_put_u16(icmp + ICMP6_CHECKSUM, checksum);
    *len = now;
    return true;
}

/* ---- tunnels ----------------------------------------------------------------------------- */

/* Where the packet inside of the tunnel's begins; 0: nowhere. */
static size_t rpl_quote_inner(const uint8_t *packet, size_t len, const struct rpl_packet_info *info)
{
    size_t at = info->payload;
    uint8_t next = info->next;

    if (next == NEXT_FRAGMENT && len >= at + FRAGMENT_HEADER) {
        if ((rpl_data_u16(packet + at + 2) & FRAGMENT_OFFSET) != 0)
            return 0;
        next = packet[at];
        at += FRAGMENT_HEADER;
    }
    if (next != NEXT_IPV6 || len < at + IP6_HEADER || packet[at] >> 4 != 6)
        return 0;
    return at;
}

/* What |icmp| about a tunnel's packet means for the one inside, behind |headers| octets. */
static bool rpl_relay_judge(const uint8_t *icmp, size_t headers, const uint8_t *inner,
                            struct rpl_relay *relay)
{
    uint32_t parameter = rpl_data_u32(icmp + ICMP6_PARAMETER);

    relay->tell = true;
    relay->type = ICMP6_UNREACHABLE;
    relay->code = ICMP6_NO_ADDRESS;
    switch (icmp[0]) {
    case ICMP6_UNREACHABLE:
    case ICMP6_TIME_EXCEEDED:
        return true;
    case ICMP6_PACKET_TOO_BIG:
        relay->type = ICMP6_PACKET_TOO_BIG;
        relay->code = 0;
        relay->parameter = rpl_mtu_less(parameter, headers);
        /* Nobody has to send less than that; the tunnel's packet goes in fragments. */
        relay->tell = rpl_data_u16(inner + IP6_LENGTH) + IP6_HEADER > IP6_MTU_MIN;
        return true;
    case ICMP6_PARAMETER_PROBLEM:
        if (parameter >= headers) {
            relay->type = ICMP6_PARAMETER_PROBLEM;
            relay->code = icmp[1];
            relay->parameter = parameter - (uint32_t)headers;
        }
        return true;
    default:
        return false;
    }
}

bool rpl_icmp6_relay(const uint8_t *icmp, size_t len, struct rpl_relay *ret_relay)
{
    struct rpl_packet_info info;
    const uint8_t *packet = icmp + ICMP6_HEADER;
    size_t inner;

    memset(ret_relay, 0, sizeof(*ret_relay));
    if (len < ICMP6_HEADER || !rpl_quote_parse(packet, len - ICMP6_HEADER, &info))
        return false;
    inner = rpl_quote_inner(packet, len - ICMP6_HEADER, &info);
    if (inner == 0)
        return false;
    ret_relay->entry = info.src;
    ret_relay->packet = ICMP6_HEADER + inner;
    return rpl_relay_judge(icmp, inner, packet + inner, ret_relay);
}
