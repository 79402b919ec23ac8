/* SPDX-License-Identifier: ISC */
/* Reassembly: RFC 4944 section 5.3. A datagram is known by sender, receiver, tag and size. */
#include "rpl/lowpan_priv.h"

#define IP6_HEADER_SIZE 40u
#define SIZE_MASK 0x07ffu

/* A fragment with its header read and its headers expanded. */
struct rpl_fragment {
    uint16_t size, tag;
    size_t offset; /* octets */
    const uint8_t *data;
    size_t len;
};

static bool rpl_bit(const uint8_t *map, size_t n)
{
    return map[n / 8] >> (n % 8) & 1;
}

static void rpl_bit_set(uint8_t *map, size_t n)
{
    map[n / 8] |= (uint8_t)(1u << (n % 8));
}

static bool rpl_lowpan_addr_equal(const struct rpl_lowpan_addr *a, const struct rpl_lowpan_addr *b)
{
    return a->len == b->len && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* ---- the pool ------------------------------------------------------------------------ */

static void rpl_slot_free(struct rpl_lowpan_slot *slot)
{
    memset(slot, 0, sizeof(*slot));
}

/* Nothing more is wanted of it but to know its later fragments. */
static void rpl_slot_close(struct rpl_lowpan_slot *slot, enum rpl_lowpan_slot_state state,
                           rpl_tstamp expires)
{
    slot->state = state;
    slot->expires = expires;
}

void rpl_lowpan_expire(struct rpl_lowpan *lowpan, rpl_tstamp now)
{
    for (size_t i = 0; i < lowpan->slot_count; i++) {
        struct rpl_lowpan_slot *slot = &lowpan->slot[i];

        if (slot->state == RPL_LOWPAN_SLOT_FREE || slot->expires > now)
            continue;
        if (slot->state == RPL_LOWPAN_SLOT_OPEN)
            lowpan->counters[RPL_LOWPAN_TIMEOUT]++;
        rpl_slot_free(slot);
    }
}

void rpl_lowpan_flush(struct rpl_lowpan *lowpan)
{
    for (size_t i = 0; i < lowpan->slot_count; i++)
        rpl_slot_free(&lowpan->slot[i]);
}

static struct rpl_lowpan_slot *rpl_slot_find(struct rpl_lowpan *lowpan,
                                             const struct rpl_lowpan_mac *mac,
                                             const struct rpl_fragment *fragment)
{
    for (size_t i = 0; i < lowpan->slot_count; i++) {
        struct rpl_lowpan_slot *slot = &lowpan->slot[i];

        if (slot->state != RPL_LOWPAN_SLOT_FREE && slot->tag == fragment->tag &&
            slot->size == fragment->size && rpl_lowpan_addr_equal(&slot->src, &mac->src) &&
            rpl_lowpan_addr_equal(&slot->dst, &mac->dst))
            return slot;
    }
    return NULL;
}

/* The one of two that is given up first: a closed one, then the older. */
static struct rpl_lowpan_slot *rpl_slot_worse(struct rpl_lowpan_slot *a, struct rpl_lowpan_slot *b)
{
    bool a_open = a != NULL && a->state == RPL_LOWPAN_SLOT_OPEN;
    bool b_open = b->state == RPL_LOWPAN_SLOT_OPEN;

    if (a == NULL || a_open != b_open)
        return a == NULL || a_open ? b : a;
    return b->expires < a->expires ? b : a;
}

/*
 * A sender works on one datagram, or two when it interleaves: one that begins another has given
 * up its oldest. So nobody can take more than a share of the pool, and in a full one only those
 * make room that are closed.
 */
static struct rpl_lowpan_slot *rpl_slot_place(struct rpl_lowpan *lowpan,
                                              const struct rpl_lowpan_addr *src)
{
    struct rpl_lowpan_slot *own = NULL, *other = NULL, *free_slot = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < lowpan->slot_count; i++) {
        struct rpl_lowpan_slot *slot = &lowpan->slot[i];

        if (slot->state == RPL_LOWPAN_SLOT_FREE) {
            free_slot = slot;
        } else if (rpl_lowpan_addr_equal(&slot->src, src)) {
            own = rpl_slot_worse(own, slot);
            count++;
        } else if (slot->state != RPL_LOWPAN_SLOT_OPEN) {
            other = rpl_slot_worse(other, slot);
        }
    }
    if (count < RPL_LOWPAN_PER_SOURCE)
        return free_slot != NULL ? free_slot : other;
    if (own->state == RPL_LOWPAN_SLOT_OPEN)
        lowpan->counters[RPL_LOWPAN_REPLACED]++;
    return own;
}

static struct rpl_lowpan_slot *rpl_slot_begin(struct rpl_lowpan *lowpan,
                                              const struct rpl_lowpan_mac *mac,
                                              const struct rpl_fragment *fragment, rpl_tstamp now)
{
    struct rpl_lowpan_slot *slot = rpl_slot_place(lowpan, &mac->src);

    if (slot == NULL)
        return NULL;
    rpl_slot_free(slot);
    slot->state = RPL_LOWPAN_SLOT_OPEN;
    slot->tag = fragment->tag;
    slot->size = fragment->size;
    slot->src = mac->src;
    slot->dst = mac->dst;
    slot->expires = now + RPL_LOWPAN_REASSEMBLY;
    return slot;
}

/* ---- fragments ----------------------------------------------------------------------- */

enum rpl_overlap { OVERLAP_NONE, OVERLAP_SAME, OVERLAP_OTHER };

/* Section 5.3: the same piece again is harmless, any other overlap is not. */
static enum rpl_overlap rpl_slot_overlap(const struct rpl_lowpan_slot *slot,
                                         const struct rpl_fragment *fragment)
{
    size_t first = fragment->offset / 8, end = (fragment->offset + fragment->len + 7) / 8;
    size_t have = 0, begins = 0;

    for (size_t n = first; n < end; n++) {
        have += rpl_bit(slot->have, n);
        begins += rpl_bit(slot->begin, n);
    }
    if (have == 0)
        return OVERLAP_NONE;
    if (have < end - first || begins != 1 || !rpl_bit(slot->begin, first))
        return OVERLAP_OTHER;
    if (end < RPL_LOWPAN_UNITS && rpl_bit(slot->have, end) && !rpl_bit(slot->begin, end))
        return OVERLAP_OTHER;
    if (memcmp(slot->data + fragment->offset, fragment->data, fragment->len) != 0)
        return OVERLAP_OTHER;
    return OVERLAP_SAME;
}

static void rpl_slot_add(struct rpl_lowpan_slot *slot, const struct rpl_fragment *fragment)
{
    size_t first = fragment->offset / 8, end = (fragment->offset + fragment->len + 7) / 8;

    memcpy(slot->data + fragment->offset, fragment->data, fragment->len);
    rpl_bit_set(slot->begin, first);
    for (size_t n = first; n < end; n++)
        rpl_bit_set(slot->have, n);
    slot->received = (uint16_t)(slot->received + fragment->len);
}

/* Only the last piece may end between two multiples of 8. */
static bool rpl_fragment_valid(const struct rpl_fragment *fragment)
{
    size_t end = fragment->offset + fragment->len;

    return fragment->len > 0 && end <= fragment->size &&
           (fragment->len % 8 == 0 || end == fragment->size);
}

static enum rpl_lowpan_result rpl_slot_done(struct rpl_lowpan_slot *slot, rpl_tstamp now,
                                            uint8_t *packet, size_t size, size_t *ret_len)
{
    enum rpl_lowpan_result result = RPL_LOWPAN_TOO_BIG;

    if (slot->size <= size) {
        memcpy(packet, slot->data, slot->size);
        *ret_len = slot->size;
        result = rpl_lowpan_finish(packet, ret_len, &slot->patch);
    }
    rpl_slot_close(slot, RPL_LOWPAN_SLOT_CLOSED, now + RPL_LOWPAN_LINGER);
    return result;
}

/* Put a piece of ours into its datagram. |patch|: it is the first one. */
static enum rpl_lowpan_result
rpl_fragment_take(struct rpl_lowpan *lowpan, const struct rpl_lowpan_mac *mac,
                  const struct rpl_fragment *fragment, const struct rpl_lowpan_patch *patch,
                  rpl_tstamp now, uint8_t *packet, size_t size, size_t *ret_len)
{
    struct rpl_lowpan_slot *slot = rpl_slot_find(lowpan, mac, fragment);
    enum rpl_overlap overlap = OVERLAP_NONE;

    if (slot != NULL && slot->state != RPL_LOWPAN_SLOT_OPEN)
        return slot->state == RPL_LOWPAN_SLOT_KERNELS ? RPL_LOWPAN_KERNEL : RPL_LOWPAN_LATE;
    if (slot != NULL)
        overlap = rpl_slot_overlap(slot, fragment);
    if (overlap == OVERLAP_SAME)
        return RPL_LOWPAN_DUPLICATE;
    if (overlap == OVERLAP_OTHER) {
        lowpan->counters[RPL_LOWPAN_OVERLAP]++;
        rpl_slot_free(slot);
        slot = NULL;
    }
    if (slot == NULL)
        slot = rpl_slot_begin(lowpan, mac, fragment, now);
    if (slot == NULL)
        return RPL_LOWPAN_FULL;
    rpl_slot_add(slot, fragment);
    if (patch != NULL) {
        slot->first = true;
        slot->patch = *patch;
    }
    if (slot->received < slot->size || !slot->first)
        return RPL_LOWPAN_HELD;
    return rpl_slot_done(slot, now, packet, size, ret_len);
}

/* A datagram of the host's, or one that cannot be read: remember it, so that its later fragments
 * do not wait for a first one. */
static enum rpl_lowpan_result rpl_fragment_leave(struct rpl_lowpan *lowpan,
                                                 const struct rpl_lowpan_mac *mac,
                                                 const struct rpl_fragment *fragment,
                                                 enum rpl_lowpan_result result, rpl_tstamp now)
{
    struct rpl_lowpan_slot *slot = rpl_slot_find(lowpan, mac, fragment);

    if (slot == NULL)
        slot = rpl_slot_begin(lowpan, mac, fragment, now);
    if (slot != NULL)
        rpl_slot_close(
            slot, result == RPL_LOWPAN_KERNEL ? RPL_LOWPAN_SLOT_KERNELS : RPL_LOWPAN_SLOT_CLOSED,
            now + RPL_LOWPAN_REASSEMBLY);
    return result;
}

static enum rpl_lowpan_result rpl_fragment_first(struct rpl_lowpan *lowpan,
                                                 const struct rpl_lowpan_mac *mac,
                                                 struct rpl_fragment *fragment, rpl_tstamp now,
                                                 uint8_t *packet, size_t size, size_t *ret_len)
{
    uint8_t expanded[RPL_LOWPAN_PACKET_MAX];
    struct rpl_lowpan_patch patch;
    enum rpl_lowpan_result result =
        rpl_lowpan_unpack(lowpan, mac, fragment->data, fragment->len, fragment->size, expanded,
                          sizeof(expanded), &fragment->len, &patch);

    fragment->data = expanded;
    if (result == RPL_LOWPAN_OK && !rpl_fragment_valid(fragment))
        result = RPL_LOWPAN_FRAGMENT;
    if (result != RPL_LOWPAN_OK)
        return rpl_fragment_leave(lowpan, mac, fragment, result, now);
    return rpl_fragment_take(lowpan, mac, fragment, &patch, now, packet, size, ret_len);
}

enum rpl_lowpan_result rpl_lowpan_fragment(struct rpl_lowpan *lowpan,
                                           const struct rpl_lowpan_mac *mac, const uint8_t *data,
                                           size_t len, rpl_tstamp now, uint8_t *packet, size_t size,
                                           size_t *ret_len)
{
    struct rpl_in in = {data, len, false};
    struct rpl_fragment fragment = {0};
    bool first = rpl_lowpan_is_first(data[0]);

    fragment.size = rpl_in_u16(&in) & SIZE_MASK;
    fragment.tag = rpl_in_u16(&in);
    if (!first)
        fragment.offset = rpl_in_u8(&in) * 8u;
    fragment.data = in.p;
    fragment.len = in.left;
    if (in.bad)
        return RPL_LOWPAN_TRUNCATED;
    if (fragment.size > RPL_LOWPAN_PACKET_MAX)
        return RPL_LOWPAN_TOO_BIG;
    if (fragment.size < IP6_HEADER_SIZE)
        return RPL_LOWPAN_FRAGMENT;
    if (first) {
        if (rpl_lowpan_judge(data, len, lowpan->all) == RPL_LOWPAN_IS_KERNELS)
            return rpl_fragment_leave(lowpan, mac, &fragment, RPL_LOWPAN_KERNEL, now);
        return rpl_fragment_first(lowpan, mac, &fragment, now, packet, size, ret_len);
    }
    if (fragment.offset == 0 || !rpl_fragment_valid(&fragment))
        return RPL_LOWPAN_FRAGMENT;
    return rpl_fragment_take(lowpan, mac, &fragment, NULL, now, packet, size, ret_len);
}
