/* SPDX-License-Identifier: ISC */
/*
 * Bounded sticky cursors for the codec, private to rpl/.
 *
 * A reader that was asked for more than is left is bad from then on: it yields zeroes and its
 * caller looks once, at the end. A writer that ran out of room is full from then on. Octets are
 * taken one by one: no field on the wire is aligned (COD-19).
 */
#ifndef RPL_WIRE_CURSOR_H
#define RPL_WIRE_CURSOR_H

#include "rpl/rpl.h"

#include <string.h>

struct rpl_in {
    const uint8_t *p;
    size_t left;
    bool bad;
};

/* The next |n| octets, or NULL. */
static inline const uint8_t *rpl_in_take(struct rpl_in *in, size_t n)
{
    const uint8_t *p = in->p;

    if (in->bad || n > in->left) {
        in->bad = true;
        return NULL;
    }
    in->p += n;
    in->left -= n;
    return p;
}

static inline uint8_t rpl_in_u8(struct rpl_in *in)
{
    const uint8_t *p = rpl_in_take(in, 1);

    return p ? p[0] : 0;
}

static inline uint16_t rpl_in_u16(struct rpl_in *in)
{
    const uint8_t *p = rpl_in_take(in, 2);

    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t rpl_in_u32(struct rpl_in *in)
{
    uint32_t high = rpl_in_u16(in);

    return high << 16 | rpl_in_u16(in);
}

/* |n| octets into |to|, which is left alone if they are not there. */
static inline void rpl_in_copy(struct rpl_in *in, void *to, size_t n)
{
    const uint8_t *p = rpl_in_take(in, n);

    if (p && n > 0)
        memcpy(to, p, n);
}

static inline struct rpl_addr rpl_in_addr(struct rpl_in *in)
{
    struct rpl_addr addr = {{0}};

    rpl_in_copy(in, addr.b, sizeof(addr.b));
    return addr;
}

struct rpl_out {
    uint8_t *data;
    size_t len, size;
    bool full;
};

static inline void rpl_out_copy(struct rpl_out *out, const void *from, size_t n)
{
    if (out->full || n > out->size - out->len) {
        out->full = true;
        return;
    }
    if (n > 0)
        memcpy(out->data + out->len, from, n);
    out->len += n;
}

static inline void rpl_out_u8(struct rpl_out *out, uint8_t value)
{
    rpl_out_copy(out, &value, 1);
}

static inline void rpl_out_u16(struct rpl_out *out, uint16_t value)
{
    rpl_out_u8(out, (uint8_t)(value >> 8));
    rpl_out_u8(out, (uint8_t)value);
}

static inline void rpl_out_u32(struct rpl_out *out, uint32_t value)
{
    rpl_out_u16(out, (uint16_t)(value >> 16));
    rpl_out_u16(out, (uint16_t)value);
}

static inline void rpl_out_addr(struct rpl_out *out, const struct rpl_addr *addr)
{
    rpl_out_copy(out, addr->b, sizeof(addr->b));
}

#endif /* RPL_WIRE_CURSOR_H */
