/* SPDX-License-Identifier: ISC */
/* The compressed IPv6 header: RFC 6282 section 3. */
#include "rpl/lowpan_priv.h"

#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

/* Traffic Class and Flow Label, section 3.2.1: ECN comes first in the compressed octet. */
static void rpl_iphc_traffic(struct rpl_lowpan_expansion *x, uint8_t mode, uint8_t *header)
{
    unsigned ecn = 0, dscp = 0, flow = 0, octet;

    if (mode != IPHC_TF) {
        octet = rpl_in_u8(&x->in);
        ecn = octet >> 6;
        dscp = mode == 0x08u ? 0 : octet & 0x3fu;
        if (mode == 0x08u)
            flow = (octet & 0x0fu) << 16;
        else if (mode == 0)
            flow = (rpl_in_u8(&x->in) & 0x0fu) << 16;
        if (mode <= 0x08u)
            flow |= rpl_in_u16(&x->in);
    }
    header[0] = (uint8_t)(0x60u | dscp >> 2);
    header[1] = (uint8_t)((dscp << 6 & 0xc0u) | ecn << 4 | flow >> 16);
    rpl_data_put_u16(header + 2, flow & 0xffffu);
}

static uint8_t rpl_iphc_hop_limit(struct rpl_lowpan_expansion *x, uint8_t mode)
{
    static const uint8_t known[] = {0, 1, 64, 255};

    return mode == 0 ? rpl_in_u8(&x->in) : known[mode];
}

/* The bits that the context covers always come from it. */
static void rpl_iphc_prefix(uint8_t addr[16], const struct rpl_lowpan_context *context)
{
    unsigned whole = context->prefix_len / 8u, bits = context->prefix_len % 8u;
    unsigned mask = 0xff00u >> bits & 0xffu;

    memcpy(addr, context->prefix.b, whole);
    if (bits > 0)
        addr[whole] = (uint8_t)((context->prefix.b[whole] & mask) | (addr[whole] & ~mask));
}

static const struct rpl_lowpan_context *rpl_iphc_context(const struct rpl_lowpan_expansion *x,
                                                         unsigned number)
{
    const struct rpl_lowpan_context *context = &x->context[number % RPL_LOWPAN_CONTEXTS];

    return context->valid && context->prefix_len <= 128 ? context : NULL;
}

/* The 64 bits at the end: |mode| 1 in line, 2 from 16 bits in line, 3 from the header around. */
static void rpl_iphc_iid(struct rpl_lowpan_expansion *x, unsigned mode, const uint8_t around[8],
                         uint8_t addr[16])
{
    switch (mode) {
    case 1:
        rpl_in_copy(&x->in, addr + 8, 8);
        break;
    case 2:
        addr[11] = 0xff;
        addr[12] = 0xfe;
        rpl_in_copy(&x->in, addr + 14, 2);
        break;
    default:
        memcpy(addr + 8, around, 8);
        break;
    }
}

/* A unicast address, and the unspecified one as source. */
static enum rpl_lowpan_result rpl_iphc_unicast(struct rpl_lowpan_expansion *x, unsigned mode,
                                               bool stateful, unsigned number, bool source,
                                               uint8_t addr[16])
{
    const struct rpl_lowpan_context *context;

    memset(addr, 0, 16);
    if (!stateful && mode == 0) {
        rpl_in_copy(&x->in, addr, 16);
        return addr[0] == 0xff ? RPL_LOWPAN_ADDRESS : RPL_LOWPAN_OK;
    }
    if (stateful && mode == 0)
        return source ? RPL_LOWPAN_OK : RPL_LOWPAN_RESERVED;
    context = stateful ? rpl_iphc_context(x, number) : NULL;
    if (stateful && context == NULL)
        return RPL_LOWPAN_CONTEXT;
    rpl_iphc_iid(x, mode, source ? x->src : x->dst, addr);
    if (stateful) {
        rpl_iphc_prefix(addr, context);
    } else {
        addr[0] = 0xfe;
        addr[1] = 0x80;
    }
    return RPL_LOWPAN_OK;
}

/* Section 3.2.3; mode 0 is the whole address. */
static enum rpl_lowpan_result rpl_iphc_multicast(struct rpl_lowpan_expansion *x, unsigned mode,
                                                 uint8_t addr[16])
{
    static const uint8_t tail[] = {0, 5, 3, 1}; /* octets at the end that are in line */

    memset(addr, 0, 16);
    if (mode == 0) {
        rpl_in_copy(&x->in, addr, 16);
        return !x->in.bad && addr[0] != 0xff ? RPL_LOWPAN_ADDRESS : RPL_LOWPAN_OK;
    }
    addr[0] = 0xff;
    addr[1] = mode == 3 ? 0x02 : rpl_in_u8(&x->in);
    rpl_in_copy(&x->in, addr + 16 - tail[mode], tail[mode]);
    return RPL_LOWPAN_OK;
}

/* Section 3.2.4: the prefix of a unicast-prefix-based group (RFC 3306) is a context. */
static enum rpl_lowpan_result rpl_iphc_multicast_prefix(struct rpl_lowpan_expansion *x,
                                                        unsigned mode, unsigned number,
                                                        uint8_t addr[16])
{
    const struct rpl_lowpan_context *context = rpl_iphc_context(x, number);
    struct rpl_lowpan_context prefix;

    memset(addr, 0, 16);
    if (mode != 0)
        return RPL_LOWPAN_RESERVED;
    if (context == NULL || context->prefix_len > 64)
        return RPL_LOWPAN_CONTEXT;
    addr[0] = 0xff;
    addr[1] = rpl_in_u8(&x->in);
    addr[2] = rpl_in_u8(&x->in);
    addr[3] = context->prefix_len;
    prefix = *context;
    memset(prefix.prefix.b, 0, sizeof(prefix.prefix.b));
    rpl_iphc_prefix(prefix.prefix.b, context);
    memcpy(addr + 4, prefix.prefix.b, 8);
    rpl_in_copy(&x->in, addr + 12, 4);
    return RPL_LOWPAN_OK;
}

static enum rpl_lowpan_result rpl_iphc_destination(struct rpl_lowpan_expansion *x, uint8_t modes,
                                                   unsigned number, uint8_t addr[16])
{
    unsigned mode = modes & IPHC_DAM;

    if (!(modes & IPHC_M))
        return rpl_iphc_unicast(x, mode, modes & IPHC_DAC, number, false, addr);
    if (modes & IPHC_DAC)
        return rpl_iphc_multicast_prefix(x, mode, number, addr);
    return rpl_iphc_multicast(x, mode, addr);
}

enum rpl_lowpan_result rpl_lowpan_iphc(struct rpl_lowpan_expansion *x, bool *ret_nhc)
{
    uint8_t header[IP6_HEADER] = {0};
    uint8_t first = rpl_in_u8(&x->in), modes = rpl_in_u8(&x->in);
    uint8_t contexts = modes & IPHC_CID ? rpl_in_u8(&x->in) : 0;
    enum rpl_lowpan_result result;

    if (x->in.bad)
        return RPL_LOWPAN_TRUNCATED;
    if (!rpl_lowpan_is_iphc(first))
        return RPL_LOWPAN_DISPATCH;
    if (x->ip_count == LOWPAN_NESTED_MAX)
        return RPL_LOWPAN_NESTED;
    *ret_nhc = first & IPHC_NH;
    rpl_iphc_traffic(x, first & IPHC_TF, header);
    if (!*ret_nhc)
        header[IP6_NEXT] = rpl_in_u8(&x->in);
    header[IP6_HOP_LIMIT] = rpl_iphc_hop_limit(x, first & IPHC_HLIM);
    result = rpl_iphc_unicast(x, (modes & IPHC_SAM) >> 4, modes & IPHC_SAC, contexts >> 4, true,
                              header + IP6_SRC);
    if (result == RPL_LOWPAN_OK)
        result = rpl_iphc_destination(x, modes, contexts & 0x0fu, header + IP6_DST);
    /* What the address is missing is missing first. */
    if (x->in.bad)
        return RPL_LOWPAN_TRUNCATED;
    if (result != RPL_LOWPAN_OK)
        return result;
    memcpy(x->src, header + IP6_SRC + 8, sizeof(x->src));
    memcpy(x->dst, header + IP6_DST + 8, sizeof(x->dst));
    x->ip[x->ip_count++] = x->out.len;
    x->next_at = x->out.len + IP6_NEXT;
    x->routing = 0;
    x->fragment = false;
    rpl_out_copy(&x->out, header, sizeof(header));
    return RPL_LOWPAN_OK;
}
