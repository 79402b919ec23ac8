/* SPDX-License-Identifier: ISC */
/* Compressed headers behind IPv6: RFC 6282 section 4. */
#include "rpl/lowpan_priv.h"

#include "rpl/data_packet.h"

#define NEXT_UDP 17u
#define NEXT_MOBILITY 135u
#define EID_IPV6 7u
#define UDP_HEADER 8u
#define FRAGMENT_HEADER 8u

/* By extension header id; 0xff: reserved. Hop-by-Hop is 0 in both worlds. */
static const uint8_t rpl_nhc_next[EID_IPV6 + 1] = {
    NEXT_HOP_BY_HOP, NEXT_ROUTING, NEXT_FRAGMENT, NEXT_DESTINATION,
    NEXT_MOBILITY,   0xff,         0xff,          NEXT_IPV6};

/* The octets |type| in the Next Header field that waits for it. */
static void rpl_nhc_name(struct rpl_lowpan_expansion *x, uint8_t type)
{
    if (!x->out.full)
        x->out.data[x->next_at] = type;
}

/* Padding of |n| octets, fewer than 8, as an option. */
static void rpl_nhc_pad(struct rpl_lowpan_expansion *x, size_t n)
{
    static const uint8_t zero[8] = {0};

    if (n == 1)
        rpl_out_u8(&x->out, OPTION_PAD1);
    if (n < 2)
        return;
    rpl_out_u8(&x->out, OPTION_PADN);
    rpl_out_u8(&x->out, (uint8_t)(n - 2));
    rpl_out_copy(&x->out, zero, n - 2);
}

/* The Length field counts the octets behind itself. Padding at the end may have been elided
 * from a header that holds options; any other must be whole. */
static enum rpl_lowpan_result rpl_nhc_options(struct rpl_lowpan_expansion *x, uint8_t type,
                                              uint8_t next)
{
    size_t length = rpl_in_u8(&x->in), whole = (length + 2 + 7) / 8 * 8, pad = whole - length - 2;
    const uint8_t *data = rpl_in_take(&x->in, length);
    bool options = type == NEXT_HOP_BY_HOP || type == NEXT_DESTINATION;

    if (data == NULL)
        return RPL_LOWPAN_TRUNCATED;
    if (pad > 0 && !options)
        return RPL_LOWPAN_EXTENSION;
    if (type == NEXT_ROUTING)
        x->routing = x->out.len;
    x->next_at = x->out.len;
    rpl_out_u8(&x->out, next);
    rpl_out_u8(&x->out, (uint8_t)(whole / 8 - 1));
    rpl_out_copy(&x->out, data, length);
    rpl_nhc_pad(x, pad);
    return RPL_LOWPAN_OK;
}

/* NOTE: a Fragment header has no length; the octet in its place is reserved. Deployed senders
 * write 6 there, as if it were one, so it is not judged and becomes 0. */
static enum rpl_lowpan_result rpl_nhc_fragment(struct rpl_lowpan_expansion *x, uint8_t next)
{
    const uint8_t *data;

    (void)rpl_in_u8(&x->in);
    data = rpl_in_take(&x->in, FRAGMENT_HEADER - 2);
    if (data == NULL)
        return RPL_LOWPAN_TRUNCATED;
    x->fragment = true;
    x->next_at = x->out.len;
    rpl_out_u8(&x->out, next);
    rpl_out_u8(&x->out, 0);
    rpl_out_copy(&x->out, data, FRAGMENT_HEADER - 2);
    return RPL_LOWPAN_OK;
}

/* Section 4.2. */
static enum rpl_lowpan_result rpl_nhc_extension(struct rpl_lowpan_expansion *x, uint8_t id,
                                                bool *ret_nhc)
{
    unsigned eid = id >> 1 & 7u;
    uint8_t type = rpl_nhc_next[eid], next;

    *ret_nhc = id & NHC_EXTENSION_NH;
    if (type == 0xff || (eid == EID_IPV6 && *ret_nhc))
        return RPL_LOWPAN_RESERVED;
    rpl_nhc_name(x, type);
    if (eid == EID_IPV6)
        return rpl_lowpan_iphc(x, ret_nhc);
    next = *ret_nhc ? 0 : rpl_in_u8(&x->in);
    return type == NEXT_FRAGMENT ? rpl_nhc_fragment(x, next) : rpl_nhc_options(x, type, next);
}

/* Section 4.3. The length is filled in when the packet's is known. */
static enum rpl_lowpan_result rpl_nhc_udp(struct rpl_lowpan_expansion *x, uint8_t id)
{
    unsigned src = 0xf000u, dst = 0xf000u, ports = id & NHC_UDP_PORTS;

    if (ports == 3) {
        unsigned both = rpl_in_u8(&x->in);

        src = 0xf0b0u | both >> 4;
        dst = 0xf0b0u | (both & 0x0fu);
    } else {
        src = ports == 2 ? src | rpl_in_u8(&x->in) : rpl_in_u16(&x->in);
        dst = ports == 1 ? dst | rpl_in_u8(&x->in) : rpl_in_u16(&x->in);
    }
    rpl_nhc_name(x, NEXT_UDP);
    x->udp = x->out.len;
    x->elided = id & NHC_UDP_C;
    rpl_out_u16(&x->out, (uint16_t)src);
    rpl_out_u16(&x->out, (uint16_t)dst);
    rpl_out_u16(&x->out, 0);
    rpl_out_u16(&x->out, x->elided ? 0 : rpl_in_u16(&x->in));
    return x->in.bad ? RPL_LOWPAN_TRUNCATED : RPL_LOWPAN_OK;
}

enum rpl_lowpan_result rpl_lowpan_nhc(struct rpl_lowpan_expansion *x)
{
    enum rpl_lowpan_result result = RPL_LOWPAN_OK;
    bool more = true;

    /* Each turn takes an octet at least. */
    while (more && result == RPL_LOWPAN_OK) {
        uint8_t id = rpl_in_u8(&x->in);

        if (x->in.bad)
            return RPL_LOWPAN_TRUNCATED;
        if ((id & 0xf8u) == NHC_UDP)
            return rpl_nhc_udp(x, id);
        if ((id & 0xf0u) != NHC_EXTENSION)
            return RPL_LOWPAN_NHC;
        result = rpl_nhc_extension(x, id, &more);
    }
    return result;
}
