/* SPDX-License-Identifier: ISC */
/*
 * Surgery on data packets: the RPL Packet Information (RFC 6553, RFC 9008), the RPL source
 * routing header (RFC 6554) and IPv6-in-IPv6. Pure functions over buffers that hold one whole
 * IPv6 packet; used by the forwarder, the simulator and the fuzzer.
 *
 * Every function reads through a bounded cursor and never past |len|. Where a packet grows,
 * |size| is the room in |packet|. Lengths returned are those of the packet afterwards.
 * Hop limits are changed only where it is said.
 */
#ifndef RPL_RPL_DATA_H
#define RPL_RPL_DATA_H

#include "rpl/rpl.h"

#define RPL_RPI_63 0x63
#define RPL_RPI_23 0x23
#define RPL_RPI_O 0x80 /* down */
#define RPL_RPI_R 0x40 /* rank error */
#define RPL_RPI_F 0x20 /* forwarding error */

struct rpl_rpi {
    uint8_t type;  /* RPL_RPI_63 or RPL_RPI_23 */
    uint8_t flags; /* RPL_RPI_O, _R, _F */
    uint8_t instance;
    uint16_t sender_rank;
};

/* Where things stand in a packet; offsets from the IPv6 header, 0 = not there. */
struct rpl_packet_info {
    struct rpl_addr src, dst;
    uint8_t hop_limit;
    uint16_t hbh;        /* Hop-by-Hop header */
    uint16_t hbh_len;    /* its length in octets */
    uint16_t rpi_option; /* the RPI's option type octet */
    bool rpi_only;       /* the Hop-by-Hop header holds the RPI and padding, nothing else */
    struct rpl_rpi rpi;
    uint16_t srh; /* type 3 routing header directly after IPv6 or Hop-by-Hop */
    uint16_t srh_len;
    uint8_t segments_left;
    uint8_t segments; /* n */
    uint8_t cmpr_i, cmpr_e, pad;
    uint8_t next;     /* next header after the headers above */
    uint16_t payload; /* its offset */
};

enum rpl_data_error {
    RPL_DATA_OK,
    RPL_DATA_TRUNCATED,     /* the packet is shorter than its headers say */
    RPL_DATA_RPI_INVALID,   /* RPI shorter than 4 octets */
    RPL_DATA_SRH_INVALID,   /* lengths contradict each other */
    RPL_DATA_SRH_SEGMENTS,  /* Segments Left > n: Parameter Problem */
    RPL_DATA_SRH_MULTICAST, /* a multicast address as destination or segment, or :: or ::1 */
    RPL_DATA_SRH_LOOP,      /* our own address more than once: Parameter Problem */
    RPL_DATA_HOP_LIMIT,     /* Hop Limit used up: Time Exceeded */
    RPL_DATA_TOO_BIG,       /* the result does not fit */
    RPL_DATA_PATH_INVALID,  /* path empty, too long, or repeats an address */
    RPL_DATA_CONGESTED,     /* CE on a tunnel whose packet cannot carry the mark (RFC 6040) */
    RPL_DATA_ERROR_COUNT
};
const char *rpl_data_error_name(enum rpl_data_error error);

/*
 * Find the headers. Returns RPL_DATA_OK also for a packet without any of them. With
 * RPL_DATA_SRH_SEGMENTS and _MULTICAST |ret_info| is whole all the same; the field that a
 * Parameter Problem points at is at srh + 3. A consumed source routing header is not judged.
 */
enum rpl_data_error rpl_packet_parse(const uint8_t *packet, size_t len,
                                     struct rpl_packet_info *ret_info);

/* True if a and b (with n >= 1 segments) decode: fill hop |index| (1..n) of the SRH. */
bool rpl_srh_segment(const uint8_t *packet, const struct rpl_packet_info *info, unsigned index,
                     struct rpl_addr *ret_addr);

/*
 * Insert a Hop-by-Hop header with |rpi| (NULL: none) and, when |hops| > 1, a source routing
 * header into |packet| in place: hop[0] becomes the destination, the last hop must be the
 * packet's present destination. With hops == 1 no routing header is added. CmprI and CmprE are
 * the largest that all segments share with hop[0], capped at 15. The packet's source may be one
 * of the hops (compat.srh inline; see the NOTE at the code). If a Hop-by-Hop header stands
 * already and |rpi| is given, the packet must be encapsulated instead (RPL_DATA_PATH_INVALID).
 */
enum rpl_data_error rpl_srh_insert(uint8_t *packet, size_t *len, size_t size,
                                   const struct rpl_addr *hop, size_t hops,
                                   const struct rpl_rpi *rpi);

/*
 * Put |packet| into an outer IPv6 header from |src| to hop[0] with RPI and SRH as above; the
 * inner Hop Limit is reduced by Segments Left (RFC 6554 section 4.1; a forwarder decrements it
 * first). A route that the inner Hop Limit does not reach to the end is cut, so that the node
 * where it runs out tells the sender. |hop_limit| is the outer one; ECN and DSCP are copied
 * outward.
 */
enum rpl_data_error rpl_encapsulate(uint8_t *packet, size_t *len, size_t size,
                                    const struct rpl_addr *src, uint8_t hop_limit,
                                    const struct rpl_addr *hop, size_t hops,
                                    const struct rpl_rpi *rpi);

/*
 * The next fragment of |packet|, whose source we are (RFC 8200 section 4.5): IPv6 header, RPI and
 * source route as they are, a Fragment header, and what fits into |mtu| of the rest from *offset
 * on, which moves behind it; begin with 0 and go on while *offset is less than what there is
 * behind the headers. |out| has room for |mtu|. RPL_DATA_TOO_BIG: the headers alone are.
 */
enum rpl_data_error rpl_fragment(const uint8_t *packet, size_t len, size_t mtu, uint32_t id,
                                 size_t *offset, uint8_t *out, size_t *ret_len);

/*
 * Process the source routing header at the node named in the destination (RFC 6554 section
 * 4.2): swaps the destination with the next segment and decrements Segments Left and the
 * Hop Limit. Only for segments_left > 0. |own| lists our addresses for the loop check.
 * *ret_next is the new destination. On an error the packet is as it was.
 */
enum rpl_data_error rpl_srh_step(uint8_t *packet, size_t len, const struct rpl_addr *own,
                                 size_t own_count, struct rpl_addr *ret_next);

/*
 * Take out the RPI (the whole Hop-by-Hop header if it holds nothing else, else the option
 * becomes padding, less than 8 octets of it in a row) and a consumed source routing header
 * (Segments Left 0). *len is the new length. A packet with neither is left as it is.
 */
enum rpl_data_error rpl_strip(uint8_t *packet, size_t *len);

/*
 * The packet as its source sent it: a source route that somebody put into it on its way goes, with
 * an RPI if there is one, and the destination is its last address. For the packet that an ICMPv6
 * error is about: its sender would not know it again else. Only the first octets of it may be left.
 * A packet without one is left as it is.
 */
enum rpl_data_error rpl_unroute(uint8_t *packet, size_t *len);

/*
 * |packet| is an ICMPv6 error about a packet with a source route, which may be cut short: the one
 * inside becomes as its source sent it, the MTU is less what was taken out (but not below 1280), a
 * pointer moves. What is wrong with the source route, or strict about it, the sender did not
 * write: it hears of an unreachable address. Every other packet is left alone. *len is the new
 * length; true if it was changed.
 */
bool rpl_icmp6_unroute(uint8_t *packet, size_t *len);

/* What the sender of a packet that was in a tunnel has to hear. */
struct rpl_relay {
    struct rpl_addr entry; /* of the tunnel */
    bool tell;             /* false: the sender cannot help it (RFC 2473 section 7.1 (b)) */
    uint8_t type, code;
    uint32_t parameter;
    size_t packet; /* where the sender's packet stands in the error; it ends with it */
};

/*
 * RFC 2473 section 8.2, at the entry of a tunnel. |icmp| is an ICMPv6 error from its type on about
 * a packet of IPv6-in-IPv6, which may be cut short or be the first fragment: an MTU is less the
 * tunnel's headers, a Parameter Problem with the packet inside points there, all else is an
 * unreachable address. False if it is about something else, or cannot be read.
 */
bool rpl_icmp6_relay(const uint8_t *icmp, size_t len, struct rpl_relay *ret_relay);

/*
 * If the payload is IPv6-in-IPv6 (next == 41), replace the packet by the inner one, whose ECN
 * field becomes what RFC 6040 section 4.2 wants (RPL_DATA_CONGESTED: drop it). Any other
 * packet, and one whose source route is not consumed, is left as it is. Returns
 * RPL_DATA_TRUNCATED if the inner is broken.
 */
enum rpl_data_error rpl_decapsulate(uint8_t *packet, size_t *len);

/*
 * The same for an inner packet that somebody else took out of its tunnel, whose outer traffic
 * class is known: its ECN field, or RPL_DATA_CONGESTED.
 */
enum rpl_data_error rpl_decapsulated(uint8_t *packet, size_t len, uint8_t outer_class);

/* Overwrite flags and SenderRank of the RPI that |info| found. */
void rpl_rpi_update(uint8_t *packet, const struct rpl_packet_info *info, uint8_t flags,
                    uint16_t sender_rank);

enum rpl_rpi_verdict {
    RPL_RPI_FINE,
    RPL_RPI_MARK, /* first inconsistency: set R and forward */
    RPL_RPI_DROP  /* R was set already: drop, and tell the engine */
};

/*
 * RFC 6550 section 11.2.2.2 with erratum 7543: O=1 from a strictly higher Rank, or O=0 from
 * a strictly lower one is an inconsistency; SenderRank 0 is not judged. |own_dag_rank| is ours;
 * a SenderRank >= |mhri| is a full Rank and converted (DPV-13, when mhri * mhri > 65535).
 */
enum rpl_rpi_verdict rpl_rpi_check(const struct rpl_rpi *rpi, uint16_t own_dag_rank, uint16_t mhri);

/*
 * Write an ICMPv6 error about |packet| into |out| (at most 1280 octets): |type|, |code|,
 * |parameter| (MTU, pointer or 0), from |src| to the packet's source. Returns its length, or 0
 * when RFC 4443 section 2.4 forbids one (about an ICMPv6 error or Redirect, multicast
 * destination, source unspecified or multicast).
 */
size_t rpl_icmp6_error(uint8_t *out, size_t size, const uint8_t *packet, size_t len,
                       const struct rpl_addr *src, uint8_t type, uint8_t code, uint32_t parameter);

/* The same about a packet of which only the first |len| octets are left. */
size_t rpl_icmp6_error_quoting(uint8_t *out, size_t size, const uint8_t *packet, size_t len,
                               const struct rpl_addr *src, uint8_t type, uint8_t code,
                               uint32_t parameter);

#endif /* RPL_RPL_DATA_H */
