/* SPDX-License-Identifier: ISC */
/* What the files of the 6LoWPAN decoder share. Private to rpl/. */
#ifndef RPL_LOWPAN_PRIV_H
#define RPL_LOWPAN_PRIV_H

#include "rpl/rpl_lowpan.h"
#include "rpl/wire_cursor.h"

/* Dispatch, RFC 4944 section 5.1 as changed by RFC 6282. */
#define LOWPAN_IPV6 0x41u
#define LOWPAN_HC1 0x42u
#define LOWPAN_BC0 0x50u
#define LOWPAN_FRAGMENT_HEADER 4u /* of the first fragment; the later ones have one more */

static inline bool rpl_lowpan_is_iphc(uint8_t dispatch)
{
    return (dispatch & 0xe0u) == 0x60u;
}

static inline bool rpl_lowpan_is_first(uint8_t dispatch)
{
    return (dispatch & 0xf8u) == 0xc0u;
}

static inline bool rpl_lowpan_is_later(uint8_t dispatch)
{
    return (dispatch & 0xf8u) == 0xe0u;
}

/* The bits of IPHC, RFC 6282 section 3.1.1. */
#define IPHC_TF 0x18u /* first octet */
#define IPHC_NH 0x04u
#define IPHC_HLIM 0x03u
#define IPHC_CID 0x80u /* second octet */
#define IPHC_SAC 0x40u
#define IPHC_SAM 0x30u
#define IPHC_M 0x08u
#define IPHC_DAC 0x04u
#define IPHC_DAM 0x03u

/* NHC, RFC 6282 sections 4.2 and 4.3. */
#define NHC_EXTENSION 0xe0u /* of 0xf0 */
#define NHC_EXTENSION_NH 0x01u
#define NHC_UDP 0xf0u /* of 0xf8 */
#define NHC_UDP_C 0x04u
#define NHC_UDP_PORTS 0x03u

#define LOWPAN_NESTED_MAX 4u /* IPv6 headers in one packet */

/* A packet while its headers are expanded. */
struct rpl_lowpan_expansion {
    const struct rpl_lowpan_context *context;
    struct rpl_in in;
    struct rpl_out out;
    uint8_t src[8], dst[8]; /* interface identifiers of the header around */
    size_t next_at;         /* the Next Header field that waits for its value */
    size_t ip[LOWPAN_NESTED_MAX];
    unsigned ip_count;
    size_t udp;     /* the UDP header, 0: none */
    size_t routing; /* the last routing header since the last IPv6 header */
    bool fragment;  /* there was a Fragment header since then */
    bool elided;    /* the UDP checksum */
};

/* One IPHC header, or the NHC headers behind it. |*ret_nhc|: NHC headers follow. */
enum rpl_lowpan_result rpl_lowpan_iphc(struct rpl_lowpan_expansion *x, bool *ret_nhc);
enum rpl_lowpan_result rpl_lowpan_nhc(struct rpl_lowpan_expansion *x);

/* Expand what a frame or a first fragment carries. |datagram|: the size of the whole packet,
 * 0: it ends with |data|. *ret_patch tells what is left to do when it is whole. */
enum rpl_lowpan_result rpl_lowpan_unpack(const struct rpl_lowpan *lowpan,
                                         const struct rpl_lowpan_mac *mac, const uint8_t *data,
                                         size_t len, size_t datagram, uint8_t *packet, size_t size,
                                         size_t *ret_len, struct rpl_lowpan_patch *ret_patch);

/* Fill in an elided checksum, and trim what is longer than its header says. */
enum rpl_lowpan_result rpl_lowpan_finish(uint8_t *packet, size_t *len,
                                         const struct rpl_lowpan_patch *patch);

/* A fragment of either kind; |data| begins with its dispatch. */
enum rpl_lowpan_result rpl_lowpan_fragment(struct rpl_lowpan *lowpan,
                                           const struct rpl_lowpan_mac *mac, const uint8_t *data,
                                           size_t len, rpl_tstamp now, uint8_t *packet, size_t size,
                                           size_t *ret_len);

/* Give up what is too old. */
void rpl_lowpan_expire(struct rpl_lowpan *lowpan, rpl_tstamp now);

#endif /* RPL_LOWPAN_PRIV_H */
