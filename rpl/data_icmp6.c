/* SPDX-License-Identifier: ISC */
/* ICMPv6 errors about data packets: RFC 4443 sections 2.4 and 3. */
#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

#define ICMP6_HEADER 8u
#define ICMP6_PACKET_TOO_BIG 2u
#define ICMP6_PARAMETER_PROBLEM 4u
#define ICMP6_UNKNOWN_OPTION 2u /* a code of Parameter Problem */
#define ICMP6_INFORMATION 128u  /* error types are below */
#define ICMP6_REDIRECT 137u
#define ERROR_SIZE_MAX 1280u
#define ERROR_HOP_LIMIT 64u

/*
 * Whether |packet| might itself be an ICMPv6 error or a Redirect. One whose upper layer cannot
 * be seen (cut off, or a later fragment) is taken for one: silence is never wrong.
 */
static bool rpl_icmp6_is_error(const uint8_t *packet, size_t len)
{
    uint8_t next = packet[IP6_NEXT];
    size_t at = IP6_HEADER;

    while (next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_DESTINATION ||
           next == NEXT_FRAGMENT) {
        bool fragment = next == NEXT_FRAGMENT;

        if (len - at < 8)
            return true;
        if (fragment && (rpl_data_u16(packet + at + 2) & 0xfff8u) != 0)
            return true;
        next = packet[at];
        at += fragment ? 8u : (packet[at + 1] + 1u) * 8u;
        if (at > len)
            return true;
    }
    if (next != NEXT_ICMP6)
        return false;
    return at == len || packet[at] < ICMP6_INFORMATION || packet[at] == ICMP6_REDIRECT;
}

/* Section 2.4 (e). Two errors may be sent about a multicast packet. */
static bool rpl_icmp6_allowed(const uint8_t *packet, size_t len, uint8_t type, uint8_t code)
{
    struct rpl_addr src = rpl_data_addr(packet + IP6_SRC);
    struct rpl_addr dst = rpl_data_addr(packet + IP6_DST);
    bool multicast_too = type == ICMP6_PACKET_TOO_BIG ||
                         (type == ICMP6_PARAMETER_PROBLEM && code == ICMP6_UNKNOWN_OPTION);

    if (rpl_addr_is_unspecified(&src) || rpl_addr_is_multicast(&src))
        return false;
    if (rpl_addr_is_multicast(&dst) && !multicast_too)
        return false;
    return !rpl_icmp6_is_error(packet, len);
}

size_t rpl_icmp6_error(uint8_t *out, size_t size, const uint8_t *packet, size_t len,
                       const struct rpl_addr *src, uint8_t type, uint8_t code, uint32_t parameter)
{
    size_t whole = rpl_data_length(packet, len);
    size_t room = size < ERROR_SIZE_MAX ? size : ERROR_SIZE_MAX;
    uint8_t *icmp = out + IP6_HEADER;
    struct rpl_addr dst;
    size_t quoted;
    uint16_t checksum;

    if (whole == 0 || room < IP6_HEADER + ICMP6_HEADER + IP6_HEADER ||
        !rpl_icmp6_allowed(packet, whole, type, code))
        return 0;
    quoted = whole < room - IP6_HEADER - ICMP6_HEADER ? whole : room - IP6_HEADER - ICMP6_HEADER;
    dst = rpl_data_addr(packet + IP6_SRC);
    memset(out, 0, IP6_HEADER + ICMP6_HEADER);
    out[0] = 0x60;
    rpl_data_put_u16(out + IP6_LENGTH, ICMP6_HEADER + quoted);
    out[IP6_NEXT] = NEXT_ICMP6;
    out[IP6_HOP_LIMIT] = ERROR_HOP_LIMIT;
    memcpy(out + IP6_SRC, src->b, sizeof(src->b));
    memcpy(out + IP6_DST, dst.b, sizeof(dst.b));
    icmp[0] = type;
    icmp[1] = code;
    rpl_data_put_u16(icmp + 4, parameter >> 16);
    rpl_data_put_u16(icmp + 6, parameter & 0xffffu);
    memcpy(icmp + ICMP6_HEADER, packet, quoted);
    checksum = rpl_wire_checksum(src, &dst, NEXT_ICMP6, icmp, ICMP6_HEADER + quoted);
    rpl_data_put_u16(icmp + 2, checksum);
    return IP6_HEADER + ICMP6_HEADER + quoted;
}

#define ICMP6_UNREACHABLE 1u
#define ICMP6_SOURCE_ROUTE 7u /* a code of Destination Unreachable: RFC 6554 section 4.2 */

/* The packet in the error, of which |len| octets came, and whose length says what it was. */
static size_t rpl_icmp6_unroute_inner(uint8_t *inner, size_t len)
{
    size_t said = rpl_data_u16(inner + IP6_LENGTH), now = len;

    if (len < IP6_HEADER || said < len - IP6_HEADER)
        return len;
    rpl_data_put_u16(inner + IP6_LENGTH, len - IP6_HEADER);
    if (rpl_unroute(inner, &now) != RPL_DATA_OK)
        now = len;
    rpl_data_put_u16(inner + IP6_LENGTH, said - (len - now));
    return now;
}

bool rpl_icmp6_unroute(uint8_t *packet, size_t *len)
{
    size_t whole = rpl_data_length(packet, *len), inner = IP6_HEADER + ICMP6_HEADER, now;
    struct rpl_addr src, dst;
    uint8_t *icmp = packet + IP6_HEADER;
    uint16_t checksum;

    if (whole < inner + IP6_HEADER || packet[IP6_NEXT] != NEXT_ICMP6 ||
        icmp[0] >= ICMP6_INFORMATION || packet[inner] >> 4 != 6 ||
        (icmp[0] == ICMP6_UNREACHABLE && icmp[1] == ICMP6_SOURCE_ROUTE))
        return false;
    src = rpl_data_addr(packet + IP6_SRC);
    dst = rpl_data_addr(packet + IP6_DST);
    /* A wrong one must not become right. */
    if (rpl_wire_checksum(&src, &dst, NEXT_ICMP6, icmp, whole - IP6_HEADER) != 0)
        return false;
    now = inner + rpl_icmp6_unroute_inner(packet + inner, whole - inner);
    if (now == whole)
        return false;
    rpl_data_put_u16(packet + IP6_LENGTH, now - IP6_HEADER);
    rpl_data_put_u16(icmp + 2, 0);
    checksum = rpl_wire_checksum(&src, &dst, NEXT_ICMP6, icmp, now - IP6_HEADER);
    rpl_data_put_u16(icmp + 2, checksum);
    *len = now;
    return true;
}
