/* SPDX-License-Identifier: ISC */
/* ICMPv6 errors about data packets: RFC 4443 sections 2.4 and 3. */
#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

#define ICMP6_UNKNOWN_OPTION 2u /* a code of Parameter Problem */
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

size_t rpl_icmp6_error_quoting(uint8_t *out, size_t size, const uint8_t *packet, size_t len,
                               const struct rpl_addr *src, uint8_t type, uint8_t code,
                               uint32_t parameter)
{
    size_t room = size < ERROR_SIZE_MAX ? size : ERROR_SIZE_MAX;
    uint8_t *icmp = out + IP6_HEADER;
    struct rpl_addr dst;
    size_t quoted;
    uint16_t checksum;

    if (len < IP6_HEADER || packet[0] >> 4 != 6 || room < IP6_HEADER + ICMP6_HEADER + IP6_HEADER ||
        !rpl_icmp6_allowed(packet, len, type, code))
        return 0;
    quoted = len < room - IP6_HEADER - ICMP6_HEADER ? len : room - IP6_HEADER - ICMP6_HEADER;
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
    rpl_data_put_u32(icmp + ICMP6_PARAMETER, parameter);
    memcpy(icmp + ICMP6_HEADER, packet, quoted);
    checksum = rpl_wire_checksum(src, &dst, NEXT_ICMP6, icmp, ICMP6_HEADER + quoted);
    rpl_data_put_u16(icmp + ICMP6_CHECKSUM, checksum);
    return IP6_HEADER + ICMP6_HEADER + quoted;
}

size_t rpl_icmp6_error(uint8_t *out, size_t size, const uint8_t *packet, size_t len,
                       const struct rpl_addr *src, uint8_t type, uint8_t code, uint32_t parameter)
{
    size_t whole = rpl_data_length(packet, len);

    return rpl_icmp6_error_quoting(out, size, packet, whole, src, type, code, parameter);
}
