/* SPDX-License-Identifier: ISC */
/* The MAC header of IEEE 802.15.4, frame versions 0 (2003) and 1 (2006), section 7.2.1 there. */
#include "rpl/lowpan_priv.h"

#define MAC_TYPE 0x0007u
#define MAC_TYPE_DATA 1u
#define MAC_SECURITY 0x0008u
#define MAC_PAN_COMPRESSION 0x0040u
#define MAC_DST_SHIFT 10u
#define MAC_VERSION_SHIFT 12u
#define MAC_SRC_SHIFT 14u
#define MAC_SHORT 2u
#define MAC_LONG 3u

/* Everything in this header goes least significant octet first. */
static uint16_t rpl_mac_u16(struct rpl_in *in)
{
    uint16_t low = rpl_in_u8(in);

    return (uint16_t)(low | rpl_in_u8(in) << 8);
}

static void rpl_mac_addr(struct rpl_in *in, unsigned mode, struct rpl_lowpan_addr *ret_addr)
{
    memset(ret_addr, 0, sizeof(*ret_addr));
    ret_addr->len = mode == MAC_SHORT ? 2 : 8;
    for (unsigned i = ret_addr->len; i > 0; i--)
        ret_addr->b[i - 1] = rpl_in_u8(in);
}

static bool rpl_mac_mode_valid(unsigned mode)
{
    return mode == MAC_SHORT || mode == MAC_LONG;
}

/* Both addresses have to be there: RFC 4944 section 3. */
enum rpl_lowpan_result rpl_lowpan_mac_read(const uint8_t *frame, size_t len,
                                           struct rpl_lowpan_mac *ret_mac)
{
    struct rpl_in in = {.p = frame, .left = len};
    unsigned control = rpl_mac_u16(&in);
    unsigned dst = control >> MAC_DST_SHIFT & 3u, src = control >> MAC_SRC_SHIFT & 3u;

    memset(ret_mac, 0, sizeof(*ret_mac));
    if (in.bad)
        return RPL_LOWPAN_MAC_TRUNCATED;
    if ((control & MAC_TYPE) != MAC_TYPE_DATA)
        return RPL_LOWPAN_MAC_TYPE;
    if ((control >> MAC_VERSION_SHIFT & 3u) > 1)
        return RPL_LOWPAN_MAC_VERSION;
    if (control & MAC_SECURITY)
        return RPL_LOWPAN_MAC_SECURED;
    if (!rpl_mac_mode_valid(dst) || !rpl_mac_mode_valid(src))
        return RPL_LOWPAN_MAC_ADDRESS;
    ret_mac->sequence = rpl_in_u8(&in);
    ret_mac->dst_pan = rpl_mac_u16(&in);
    rpl_mac_addr(&in, dst, &ret_mac->dst);
    ret_mac->src_pan = control & MAC_PAN_COMPRESSION ? ret_mac->dst_pan : rpl_mac_u16(&in);
    rpl_mac_addr(&in, src, &ret_mac->src);
    if (in.bad)
        return RPL_LOWPAN_MAC_TRUNCATED;
    ret_mac->broadcast =
        ret_mac->dst.len == 2 && ret_mac->dst.b[0] == 0xff && ret_mac->dst.b[1] == 0xff;
    ret_mac->len = len - in.left;
    return RPL_LOWPAN_OK;
}
