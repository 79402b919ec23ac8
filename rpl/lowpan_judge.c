/* SPDX-License-Identifier: ISC */
/* Whether the host's 6LoWPAN reads a frame. rpld/lowpan_filter.c says the same to the kernel. */
#include "rpl/lowpan_priv.h"

#include "rpl/data_packet.h"

#define HOP_LIMIT_DISCOVERY 255u

/* Octets in line of an address that goes by no context. */
static size_t rpl_judge_unicast(unsigned mode)
{
    static const uint8_t octets[] = {16, 8, 2, 0};

    return octets[mode];
}

static size_t rpl_judge_multicast(unsigned mode)
{
    static const uint8_t octets[] = {16, 6, 4, 1};

    return octets[mode];
}

/* Octets of the fields in line before the addresses. */
static size_t rpl_judge_fields(uint8_t first, uint8_t modes)
{
    static const uint8_t traffic[] = {4, 3, 1, 0};

    return traffic[(first & IPHC_TF) >> 3] + (modes & IPHC_CID ? 1u : 0u) +
           (first & IPHC_NH ? 0u : 1u) + (first & IPHC_HLIM ? 0u : 1u);
}

static bool rpl_judge_routable(const uint8_t addr[16])
{
    return addr[0] != 0xff && !(addr[0] == 0xfe && (addr[1] & 0xc0u) == 0x80);
}

static enum rpl_lowpan_whose rpl_judge_addresses(struct rpl_in *in, bool discovery)
{
    const uint8_t *addresses = rpl_in_take(in, 32);

    return addresses != NULL && !discovery && rpl_judge_routable(addresses) &&
                   rpl_judge_routable(addresses + 16)
               ? RPL_LOWPAN_IS_OURS
               : RPL_LOWPAN_IS_KERNELS;
}

/* An IPHC header that the host reads; |in| stands behind the fields before its addresses. */
static enum rpl_lowpan_whose rpl_judge_all(struct rpl_in *in, uint8_t first, uint8_t modes)
{
    unsigned limit = first & IPHC_HLIM;
    bool discovery = limit == 3 || (limit == 0 && in->p[-1] == HOP_LIMIT_DISCOVERY);

    if (modes & (IPHC_SAM | IPHC_M | IPHC_DAM))
        return RPL_LOWPAN_IS_KERNELS;
    return rpl_judge_addresses(in, discovery);
}

static enum rpl_lowpan_whose rpl_judge_iphc(struct rpl_in in, bool all)
{
    uint8_t first = rpl_in_u8(&in), modes = rpl_in_u8(&in), id;
    unsigned dam = modes & IPHC_DAM;
    struct rpl_in next;

    if (!in.bad && (modes & (IPHC_SAC | IPHC_DAC)))
        return RPL_LOWPAN_IS_OURS;
    (void)rpl_in_take(&in, rpl_judge_fields(first, modes));
    if (in.bad)
        return RPL_LOWPAN_IS_KERNELS;
    next = in;
    (void)rpl_in_take(&next, rpl_judge_unicast((modes & IPHC_SAM) >> 4));
    (void)rpl_in_take(&next, modes & IPHC_M ? rpl_judge_multicast(dam) : rpl_judge_unicast(dam));
    if (first & IPHC_NH) {
        id = rpl_in_u8(&next);
        if (next.bad)
            return RPL_LOWPAN_IS_KERNELS;
        if ((id & 0xf0u) == NHC_EXTENSION || (id & (0xf8u | NHC_UDP_C)) == (NHC_UDP | NHC_UDP_C))
            return RPL_LOWPAN_IS_OURS;
        if ((id & 0xf8u) != NHC_UDP)
            return RPL_LOWPAN_IS_NOBODYS;
    }
    return all ? rpl_judge_all(&in, first, modes) : RPL_LOWPAN_IS_KERNELS;
}

enum rpl_lowpan_whose rpl_lowpan_judge(const uint8_t *data, size_t len, bool all)
{
    struct rpl_in in = {data, len, false};
    const uint8_t *header;

    if (len > 0 && rpl_lowpan_is_later(data[0]))
        return RPL_LOWPAN_IS_UNDECIDED;
    if (len > 0 && rpl_lowpan_is_first(data[0]))
        (void)rpl_in_take(&in, LOWPAN_FRAGMENT_HEADER);
    if (in.bad || in.left == 0)
        return RPL_LOWPAN_IS_KERNELS;
    if (rpl_lowpan_is_iphc(in.p[0]))
        return rpl_judge_iphc(in, all);
    if (in.p[0] != LOWPAN_IPV6)
        return RPL_LOWPAN_IS_NOBODYS;
    header = rpl_in_take(&in, 1 + IP6_SRC);
    if (!all || header == NULL)
        return RPL_LOWPAN_IS_KERNELS;
    return rpl_judge_addresses(&in, header[1 + IP6_HOP_LIMIT] == HOP_LIMIT_DISCOVERY);
}
