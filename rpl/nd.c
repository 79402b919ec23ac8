/* SPDX-License-Identifier: ISC */
#include "rpl/rpl_nd.h"

#include "rpl/rpl_wire.h"
#include "rpl/wire_cursor.h"

#define NEXT_ICMPV6 58
#define OPTION_PIO 3
#define OPTION_EARO 33
#define OPTION_6CIO 36 /* RFC 7400 section 3.3 */

#define EARO_I 0x0cu
#define EARO_R 0x02u
#define EARO_T 0x01u

#define NA_ROUTER 0x80u
#define NA_SOLICITED 0x40u

#define PIO_AUTONOMOUS 0x40u

/* Capabilities, RFC 8505 section 4.3. */
#define CAPABLE_D 0x20u /* EDAR and EDAC */
#define CAPABLE_L 0x10u /* 6LR */
#define CAPABLE_B 0x08u /* 6LBR */
#define CAPABLE_P 0x04u /* Routing Registrar */
#define CAPABLE_E 0x02u /* EARO */

#define RA_HOP_LIMIT 64

bool rpl_rovr_equal(const struct rpl_rovr *a, const struct rpl_rovr *b)
{
    return a->size == b->size && memcmp(a->octets, b->octets, a->size * 8u) == 0;
}

static bool is_whole(const uint8_t *data, size_t len, const struct rpl_addr *src,
                     const struct rpl_addr *dst)
{
    return rpl_wire_checksum(src, dst, NEXT_ICMPV6, data, len) == 0;
}

static size_t finish(struct rpl_out *out, const struct rpl_addr *src, const struct rpl_addr *dst)
{
    uint16_t sum;

    if (out->full)
        return 0;
    sum = rpl_wire_checksum(src, dst, NEXT_ICMPV6, out->data, out->len);
    out->data[2] = (uint8_t)(sum >> 8);
    out->data[3] = (uint8_t)sum;
    return out->len;
}

/* ---- the registration option ----------------------------------------------------------- */

/* |in| stands behind type and length; |units| is the length, in units of 8 octets. */
static bool read_earo(struct rpl_in *in, uint8_t units, struct rpl_earo *ret_earo)
{
    struct rpl_earo earo = {0};
    uint8_t flags;

    if (units < 2 || units > 1 + RPL_ROVR_MAX / 8)
        return false;
    earo.status = rpl_in_u8(in) & 0x3fu; /* RFC 9010 section 8 */
    earo.instance = rpl_in_u8(in);
    flags = rpl_in_u8(in);
    earo.has_instance = (flags & EARO_I) == 0 && earo.instance != 0;
    earo.route = flags & EARO_R;
    earo.has_tid = flags & EARO_T;
    earo.tid = rpl_in_u8(in);
    earo.lifetime_min = rpl_in_u16(in);
    earo.rovr.size = (uint8_t)(units - 1);
    rpl_in_copy(in, earo.rovr.octets, earo.rovr.size * 8u);
    if (in->bad)
        return false;
    *ret_earo = earo;
    return true;
}

static void write_earo(struct rpl_out *out, const struct rpl_earo *earo)
{
    rpl_out_u8(out, OPTION_EARO);
    rpl_out_u8(out, (uint8_t)(1 + earo->rovr.size));
    rpl_out_u8(out, earo->status);
    rpl_out_u8(out, earo->has_instance ? earo->instance : 0);
    rpl_out_u8(out, (uint8_t)((earo->route ? EARO_R : 0) | (earo->has_tid ? EARO_T : 0)));
    rpl_out_u8(out, earo->tid);
    rpl_out_u16(out, earo->lifetime_min);
    rpl_out_copy(out, earo->rovr.octets, earo->rovr.size * 8u);
}

/* ---- Neighbor Solicitation and Advertisement -------------------------------------------- */

/* Both have four octets of flags, a target, and options. */
static bool read_neighbour(const uint8_t *data, size_t len, const struct rpl_addr *src,
                           const struct rpl_addr *dst, struct rpl_nd_solicitation *ret_ns)
{
    struct rpl_in in = {.p = data, .left = len};

    memset(ret_ns, 0, sizeof(*ret_ns));
    (void)rpl_in_take(&in, 8);
    ret_ns->target = rpl_in_addr(&in);
    if (in.bad || !is_whole(data, len, src, dst))
        return false;
    while (in.left > 0) {
        uint8_t type = rpl_in_u8(&in), units = rpl_in_u8(&in);
        struct rpl_in body = {.left = units * 8u - 2u};

        if (units == 0 || !(body.p = rpl_in_take(&in, body.left)))
            return false; /* RFC 4861 section 7.1.1 */
        if (type == OPTION_EARO && !ret_ns->has_earo)
            ret_ns->has_earo = read_earo(&body, units, &ret_ns->earo);
    }
    return true;
}

bool rpl_nd_read_ns(const uint8_t *data, size_t len, const struct rpl_addr *src,
                    const struct rpl_addr *dst, struct rpl_nd_solicitation *ret_ns)
{
    return len > 0 && data[0] == RPL_ND_NS && read_neighbour(data, len, src, dst, ret_ns);
}

bool rpl_nd_read_na(const uint8_t *data, size_t len, const struct rpl_addr *src,
                    const struct rpl_addr *dst, struct rpl_nd_solicitation *ret_na)
{
    return len > 0 && data[0] == RPL_ND_NA && read_neighbour(data, len, src, dst, ret_na);
}

static size_t write_neighbour(uint8_t type, uint8_t flags, const struct rpl_addr *target,
                              const struct rpl_earo *earo, const struct rpl_addr *src,
                              const struct rpl_addr *dst, uint8_t *data, size_t size)
{
    struct rpl_out out = {.data = data, .size = size};

    rpl_out_u8(&out, type);
    rpl_out_u8(&out, 0);
    rpl_out_u16(&out, 0);
    rpl_out_u32(&out, (uint32_t)flags << 24);
    rpl_out_addr(&out, target);
    if (earo)
        write_earo(&out, earo);
    return finish(&out, src, dst);
}

size_t rpl_nd_write_na(const struct rpl_addr *target, const struct rpl_earo *earo,
                       const struct rpl_addr *src, const struct rpl_addr *dst, uint8_t *out,
                       size_t size)
{
    return write_neighbour(RPL_ND_NA, NA_ROUTER | NA_SOLICITED, target, earo, src, dst, out, size);
}

size_t rpl_nd_write_ns(const struct rpl_nd_solicitation *ns, const struct rpl_addr *src,
                       const struct rpl_addr *dst, uint8_t *out, size_t size)
{
    return write_neighbour(RPL_ND_NS, 0, &ns->target, ns->has_earo ? &ns->earo : NULL, src, dst,
                           out, size);
}

/* ---- Extended Duplicate Address messages ------------------------------------------------- */

bool rpl_nd_read_duplicate(const uint8_t *data, size_t len, const struct rpl_addr *src,
                           const struct rpl_addr *dst, struct rpl_nd_duplicate *ret_message)
{
    struct rpl_in in = {.p = data, .left = len};

    memset(ret_message, 0, sizeof(*ret_message));
    ret_message->type = rpl_in_u8(&in);
    ret_message->rovr.size = rpl_in_u8(&in) & 0x0fu; /* the prefix of the code is ignored */
    (void)rpl_in_u16(&in);
    ret_message->status = rpl_in_u8(&in) & 0x3fu;
    ret_message->tid = rpl_in_u8(&in);
    ret_message->lifetime_min = rpl_in_u16(&in);
    /* NOTE: a code of 0 is RFC 6775's message, without a TID to order registrations by. */
    if (ret_message->rovr.size == 0 || ret_message->rovr.size > RPL_ROVR_MAX / 8)
        return false;
    rpl_in_copy(&in, ret_message->rovr.octets, ret_message->rovr.size * 8u);
    ret_message->address = rpl_in_addr(&in);
    return !in.bad && is_whole(data, len, src, dst);
}

size_t rpl_nd_write_duplicate(const struct rpl_nd_duplicate *message, const struct rpl_addr *src,
                              const struct rpl_addr *dst, uint8_t *data, size_t size)
{
    struct rpl_out out = {.data = data, .size = size};

    rpl_out_u8(&out, message->type);
    rpl_out_u8(&out, message->rovr.size);
    rpl_out_u16(&out, 0);
    rpl_out_u8(&out, message->status);
    rpl_out_u8(&out, message->tid);
    rpl_out_u16(&out, message->lifetime_min);
    rpl_out_copy(&out, message->rovr.octets, message->rovr.size * 8u);
    rpl_out_addr(&out, &message->address);
    return finish(&out, src, dst);
}

/* ---- Router Advertisement ----------------------------------------------------------------- */

size_t rpl_nd_write_ra(const struct rpl_nd_advertisement *ra, const struct rpl_addr *src,
                       const struct rpl_addr *dst, uint8_t *data, size_t size)
{
    struct rpl_out out = {.data = data, .size = size};

    rpl_out_u8(&out, RPL_ND_RA);
    rpl_out_u8(&out, 0);
    rpl_out_u16(&out, 0);
    rpl_out_u8(&out, RA_HOP_LIMIT);
    rpl_out_u8(&out, 0);
    rpl_out_u16(&out, ra->lifetime_s);
    rpl_out_u32(&out, 0);
    rpl_out_u32(&out, 0);
    /* RFC 4861 section 4.6.2 */
    rpl_out_u8(&out, OPTION_PIO);
    rpl_out_u8(&out, 4);
    rpl_out_u8(&out, 64);
    rpl_out_u8(&out, PIO_AUTONOMOUS);
    rpl_out_u32(&out, ra->valid_s);
    rpl_out_u32(&out, ra->preferred_s);
    rpl_out_u32(&out, 0);
    rpl_out_addr(&out, &ra->prefix);
    rpl_out_u8(&out, OPTION_6CIO);
    rpl_out_u8(&out, 1);
    rpl_out_u8(&out, 0);
    rpl_out_u8(&out, (uint8_t)(CAPABLE_L | CAPABLE_P | CAPABLE_E |
                               (ra->border ? CAPABLE_B | CAPABLE_D : 0)));
    rpl_out_u32(&out, 0);
    return finish(&out, src, dst);
}
