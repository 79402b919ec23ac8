/* SPDX-License-Identifier: ISC */
/* What the files of the packet surgery share: offsets and the IPv6 header. Private to rpl/. */
#ifndef RPL_DATA_PACKET_H
#define RPL_DATA_PACKET_H

#include "rpl/rpl_data.h"

#include <string.h>

/* Offsets in the IPv6 header. */
#define IP6_LENGTH 4u
#define IP6_NEXT 6u
#define IP6_HOP_LIMIT 7u
#define IP6_SRC 8u
#define IP6_DST 24u
#define IP6_HEADER 40u

#define NEXT_HOP_BY_HOP 0u
#define NEXT_IPV6 41u
#define NEXT_ROUTING 43u
#define NEXT_FRAGMENT 44u
#define NEXT_ICMP6 58u
#define NEXT_DESTINATION 60u

#define OPTION_PAD1 0u
#define OPTION_PADN 1u

/* Offsets in a source routing header, RFC 6554 section 3. */
#define SRH_TYPE 2u
#define SRH_LEFT 3u
#define SRH_CMPR 4u
#define SRH_PAD 5u
#define SRH_ADDRESSES 8u
#define SRH_ROUTING_TYPE 3u

#define IP6_PAYLOAD_MAX 65535u
#define IP6_MTU_MIN 1280u

/* ICMPv6 errors, RFC 4443. */
#define ICMP6_HEADER 8u
#define ICMP6_CHECKSUM 2u
#define ICMP6_PARAMETER 4u /* MTU or pointer */
#define ICMP6_UNREACHABLE 1u
#define ICMP6_PACKET_TOO_BIG 2u
#define ICMP6_TIME_EXCEEDED 3u
#define ICMP6_PARAMETER_PROBLEM 4u
#define ICMP6_INFORMATION 128u /* error types are below */
#define ICMP6_NO_ADDRESS 3u    /* codes of Destination Unreachable */
#define ICMP6_SOURCE_ROUTE 7u  /* RFC 6554 section 4.2 */

static inline uint16_t rpl_data_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void rpl_data_put_u16(uint8_t *p, size_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline uint32_t rpl_data_u32(const uint8_t *p)
{
    return (uint32_t)rpl_data_u16(p) << 16 | rpl_data_u16(p + 2);
}

static inline void rpl_data_put_u32(uint8_t *p, uint32_t value)
{
    rpl_data_put_u16(p, value >> 16);
    rpl_data_put_u16(p + 2, value & 0xffffu);
}

static inline struct rpl_addr rpl_data_addr(const uint8_t *p)
{
    struct rpl_addr addr;

    memcpy(addr.b, p, sizeof(addr.b));
    return addr;
}

/* Length of the IPv6 packet at |packet| by its own header, or 0 if |len| octets cannot hold it.
 * What a link appended behind it is not part of it. */
static inline size_t rpl_data_length(const uint8_t *packet, size_t len)
{
    size_t whole;

    if (len < IP6_HEADER || packet[0] >> 4 != 6)
        return 0;
    whole = IP6_HEADER + rpl_data_u16(packet + IP6_LENGTH);
    return whole <= len ? whole : 0;
}

static inline bool rpl_data_is_rpi(uint8_t option)
{
    return option == RPL_RPI_63 || option == RPL_RPI_23;
}

/* SRH-03: a path of 1..RPL_PATH_MAX hops, none twice, |src| (NULL: not asked) not among them,
 * none multicast. */
bool rpl_path_valid(const struct rpl_addr *src, const struct rpl_addr *hop, size_t hops);

/* rpl_unroute() of a packet that is all there. */
enum rpl_data_error rpl_unroute_whole(uint8_t *packet, size_t *len);

/* Hop-by-Hop header and source routing header of a valid path, to be put in front of a header
 * of type |next|. Returns their length; *ret_first is the type of the first header. */
#define RPI_HEADER 8u /* a Hop-by-Hop header with an RPI alone */
#define RPL_HEADERS_MAX (RPI_HEADER + SRH_ADDRESSES + 16u * RPL_PATH_MAX)
size_t rpl_headers_build(uint8_t out[RPL_HEADERS_MAX], const struct rpl_addr *hop, size_t hops,
                         const struct rpl_rpi *rpi, uint8_t next, uint8_t *ret_first);

#endif /* RPL_DATA_PACKET_H */
