/* SPDX-License-Identifier: ISC */
/*
 * Allow and deny lists by EUI-64. An address tells its EUI-64 only as far as nodes make their
 * interface identifiers of it, as RFC 4944 has it; this keeps honest strangers out, it is no
 * protection against one who lies about his address.
 */
#include "rpl/engine.h"

#define UNIVERSAL 0x0200000000000000u /* turned between EUI-64 and interface identifier */

static uint64_t eui64_of(const struct rpl_addr *addr)
{
    uint64_t id = 0;

    for (size_t i = 8; i < 16; i++)
        id = id << 8 | addr->b[i];
    return id ^ UNIVERSAL;
}

/* Insertion into a sorted list: made once, at start. */
static void insert(uint64_t *list, uint32_t count, uint64_t value)
{
    uint32_t at = count;

    while (at > 0 && list[at - 1] > value) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = value;
}

static bool listed(const uint64_t *list, uint32_t count, uint64_t value)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (list[mid] == value)
            return true;
        if (list[mid] < value)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

bool rpl_access_init(struct rpl_engine *e, const struct rpl_access *access)
{
    uint32_t count = access->allow_count + access->deny_count;

    if (count == 0)
        return true;
    e->access = rpl_alloc(e, count * sizeof(*e->access));
    if (!e->access)
        return false;
    e->allow_count = access->allow_count;
    e->deny_count = access->deny_count;
    for (uint32_t i = 0; i < access->allow_count; i++)
        insert(e->access, i, access->allow[i]);
    for (uint32_t i = 0; i < access->deny_count; i++)
        insert(e->access + e->allow_count, i, access->deny[i]);
    return true;
}

bool rpl_access_allowed(const struct rpl_engine *e, const struct rpl_addr *addr)
{
    uint64_t id = eui64_of(addr);

    if (e->deny_count && listed(e->access + e->allow_count, e->deny_count, id))
        return false;
    return e->allow_count == 0 || listed(e->access, e->allow_count, id);
}
