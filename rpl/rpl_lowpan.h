/* SPDX-License-Identifier: ISC */
/*
 * Reading 6LoWPAN frames as they come off an IEEE 802.15.4 radio: MAC header (frame versions
 * 2003 and 2006), dispatch and fragmentation (RFC 4944 section 5), and compressed headers
 * (RFC 6282: IPHC with contexts, NHC of extension headers, of IPv6 in IPv6, and of UDP). Out
 * comes one whole IPv6 packet, or the name of the reason why not.
 *
 * Its purpose is to stand in where the host's own 6LoWPAN gives up: Linux reads no compressed
 * extension header, no context and no elided UDP checksum. rpl_lowpan_judge() tells which frames
 * those are, so that none is delivered twice; the others are left to the host.
 *
 * Pure code: no allocation (the reassembly pool is the caller's), no clock (|now| is given),
 * nothing is read past a frame or written past a buffer.
 *
 * Not done here: compressing, frames with link-layer security (refused), mesh-under and
 * broadcast headers (refused), HC1, RFC 7400, RFC 8138, RFC 8931.
 */
#ifndef RPL_RPL_LOWPAN_H
#define RPL_RPL_LOWPAN_H

#include "rpl/rpl.h"

#define RPL_LOWPAN_CONTEXTS 16
#define RPL_LOWPAN_PACKET_MAX 1280u     /* octets of a packet: the MTU of RFC 4944 */
#define RPL_LOWPAN_PER_SOURCE 2u        /* datagrams under reassembly from one sender */
#define RPL_LOWPAN_REASSEMBLY RPL_S(10) /* RFC 4944 section 5.3: 60 s at most */
#define RPL_LOWPAN_LINGER RPL_S(1)      /* a datagram that came is known for a while longer */

/*
 * What became of a frame, each with its name for counters. The first group is no error; those
 * of the last group but one are about the frame at hand, those of the last about datagrams that
 * were given up when it came or before.
 */
#define RPL_LOWPAN_RESULTS(X)                                                                      \
    X(OK, "packet")                    /* a whole packet */                                        \
    X(HELD, "fragment-held")           /* a fragment, more are needed */                           \
    X(KERNEL, "left-to-kernel")        /* the host reads it by itself */                           \
    X(DUPLICATE, "fragment-duplicate") /* had it already */                                        \
    X(LATE, "fragment-late")           /* of a datagram that is whole, or was refused */           \
    X(MAC_TRUNCATED, "mac-truncated")  /* ends in the MAC header */                                \
    X(MAC_TYPE, "mac-not-data")        /* beacon, acknowledgement, command */                      \
    X(MAC_VERSION, "mac-version")      /* 2015 and later */                                        \
    X(MAC_SECURED, "mac-secured")      /* with link-layer security */                              \
    X(MAC_ADDRESS, "mac-address")      /* source or destination missing, reserved mode */          \
    X(NALP, "not-6lowpan")             /* dispatch 00xxxxxx */                                     \
    X(MESH, "mesh-header")             /* dispatch 10xxxxxx */                                     \
    X(BROADCAST, "broadcast-header")   /* BC0 */                                                   \
    X(HC1, "hc1")                      /* compressed by RFC 4944 section 10 */                     \
    X(DISPATCH, "dispatch-unknown")    /* any other */                                             \
    X(TRUNCATED, "truncated")          /* ends in a header */                                      \
    X(CONTEXT, "context-unknown")      /* nobody told us that context */                           \
    X(RESERVED, "reserved")            /* an encoding that RFC 6282 reserves */                    \
    X(ADDRESS, "address-invalid")      /* multicast where unicast belongs, or the reverse */       \
    X(NHC, "nhc-unknown")              /* no compressed header that we know */                     \
    X(EXTENSION, "extension-length")   /* not a multiple of 8 octets, and may not be padded */     \
    X(NESTED, "nested-too-deep")       /* too many IPv6 headers */                                 \
    X(CHECKSUM, "checksum-unknowable") /* an elided UDP checksum behind what hides its parts */    \
    X(IPV6, "ipv6-invalid")            /* uncompressed, and version or length are wrong */         \
    X(TOO_BIG, "too-big")              /* more than RPL_LOWPAN_PACKET_MAX octets */                \
    X(FRAGMENT, "fragment-invalid")    /* size and offset contradict each other */                 \
    X(FULL, "reassembly-full")         /* no room for another datagram */                          \
    X(OVERLAP, "reassembly-overlap")   /* given up: fragments overlapped */                        \
    X(REPLACED, "reassembly-replaced") /* given up: its sender began too many */                   \
    X(TIMEOUT, "reassembly-timeout")   /* given up: fragments did not come in time */

enum rpl_lowpan_result {
#define RPL_LOWPAN_RESULT_ENUM(id, name) RPL_LOWPAN_##id,
    RPL_LOWPAN_RESULTS(RPL_LOWPAN_RESULT_ENUM)
#undef RPL_LOWPAN_RESULT_ENUM
        RPL_LOWPAN_RESULT_COUNT
};
const char *rpl_lowpan_result_name(enum rpl_lowpan_result result);

/* A link-layer address, most significant octet first; unused octets are 0. */
struct rpl_lowpan_addr {
    uint8_t len; /* 2 (short) or 8 (EUI-64) */
    uint8_t b[8];
};

struct rpl_lowpan_mac {
    struct rpl_lowpan_addr src, dst;
    uint16_t src_pan, dst_pan;
    uint8_t sequence;
    bool broadcast; /* to everybody */
    size_t len;     /* of the header: the payload begins there */
};

/* A prefix that IPHC may refer to by its number (RFC 6282 section 3.1.2). */
struct rpl_lowpan_context {
    bool valid;
    uint8_t prefix_len; /* bits, 1 to 128 */
    struct rpl_addr prefix;
};

/* Where a UDP checksum has to be filled in once the packet is whole. */
struct rpl_lowpan_patch {
    uint16_t udp;     /* the UDP header; 0: nothing to do */
    uint16_t ip;      /* the IPv6 header it belongs to */
    uint16_t routing; /* the routing header between them, 0: none */
};

#define RPL_LOWPAN_UNITS (RPL_LOWPAN_PACKET_MAX / 8u)

enum rpl_lowpan_slot_state {
    RPL_LOWPAN_SLOT_FREE,
    RPL_LOWPAN_SLOT_OPEN,
    RPL_LOWPAN_SLOT_KERNELS, /* the host reads it: its later fragments are passed over */
    RPL_LOWPAN_SLOT_CLOSED   /* whole or refused: so are they */
};

/* A datagram under reassembly; private to the decoder. */
struct rpl_lowpan_slot {
    enum rpl_lowpan_slot_state state;
    bool first; /* the first fragment is here */
    uint16_t tag, size, received;
    rpl_tstamp expires;
    struct rpl_lowpan_addr src, dst;
    struct rpl_lowpan_patch patch;
    uint8_t have[RPL_LOWPAN_UNITS / 8u];  /* bit n: octets 8n.. are here */
    uint8_t begin[RPL_LOWPAN_UNITS / 8u]; /* bit n: a fragment began there */
    uint8_t data[RPL_LOWPAN_PACKET_MAX];
};

/*
 * One decoder, for one link. Set all to 0, then |context| as known and the pool: |slot_count|
 * slots at |slot|, zeroed, the caller's. Contexts may be changed between calls.
 */
struct rpl_lowpan {
    struct rpl_lowpan_context context[RPL_LOWPAN_CONTEXTS];
    bool all; /* take what the host reads too, where rpl_lowpan_judge() says so */
    struct rpl_lowpan_slot *slot;
    size_t slot_count;
    uint64_t counters[RPL_LOWPAN_RESULT_COUNT];
};

/* Read the MAC header of |frame| (without the checksum at its end). RPL_LOWPAN_OK or one of
 * the MAC_x results; |ret_mac| is unspecified then. */
enum rpl_lowpan_result rpl_lowpan_mac_read(const uint8_t *frame, size_t len,
                                           struct rpl_lowpan_mac *ret_mac);

enum rpl_lowpan_whose {
    RPL_LOWPAN_IS_KERNELS,   /* the host reads it */
    RPL_LOWPAN_IS_OURS,      /* the host cannot, we can, unless something is wrong with it */
    RPL_LOWPAN_IS_UNDECIDED, /* a later fragment: as its first one was */
    RPL_LOWPAN_IS_NOBODYS    /* neither can */
};

/*
 * Whose is the MAC payload |data|? Linux cannot read: a context (also a source that is
 * unspecified, which it takes for one), a compressed extension header, an elided UDP checksum.
 *
 * |all|: ours is also what the host could read, if source and destination are routable unicast
 * and the Hop Limit is not 255, the mark of neighbour discovery, whose link would be lost.
 *
 * A frame that ends too early for an answer is the host's, to drop as it does.
 */
enum rpl_lowpan_whose rpl_lowpan_judge(const uint8_t *data, size_t len, bool all);

/*
 * Expand the MAC payload |data|, which must not be a fragment, into |packet|. |mac| is where
 * elided interface identifiers come from. RPL_LOWPAN_OK and the length in *ret_len, or the
 * reason; |packet| may have been written to then.
 */
enum rpl_lowpan_result rpl_lowpan_expand(const struct rpl_lowpan *lowpan,
                                         const struct rpl_lowpan_mac *mac, const uint8_t *data,
                                         size_t len, uint8_t *packet, size_t size, size_t *ret_len);

/*
 * Take one frame in, MAC header first. RPL_LOWPAN_OK: |packet| holds *ret_len octets of a whole
 * IPv6 packet. Every result is counted. |size| should be RPL_LOWPAN_PACKET_MAX: what does not
 * fit is refused as too big. |ret_mac| is whole with every result but MAC_x.
 */
enum rpl_lowpan_result rpl_lowpan_input(struct rpl_lowpan *lowpan, const uint8_t *frame, size_t len,
                                        rpl_tstamp now, uint8_t *packet, size_t size,
                                        size_t *ret_len, struct rpl_lowpan_mac *ret_mac);

/* Forget all datagrams under reassembly: the link went away. */
void rpl_lowpan_flush(struct rpl_lowpan *lowpan);

#endif /* RPL_RPL_LOWPAN_H */
