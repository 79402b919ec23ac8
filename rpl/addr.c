/* SPDX-License-Identifier: ISC */
/* IPv6 addresses as sixteen octets: scopes, prefixes, interface identifiers. */
#include "rpl/rpl_wire.h"

#include <string.h>

const struct rpl_addr rpl_addr_all_nodes = {
    {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a}};

int rpl_addr_compare(const struct rpl_addr *a, const struct rpl_addr *b)
{
    return memcmp(a->b, b->b, sizeof(a->b));
}

/* True if octets |from| up to the last but one are 0 and the last one is |last|. */
static bool rpl_addr_ends_in(const struct rpl_addr *a, size_t from, uint8_t last)
{
    for (size_t i = from; i < 15; i++) {
        if (a->b[i] != 0)
            return false;
    }
    return a->b[15] == last;
}

bool rpl_addr_is_unspecified(const struct rpl_addr *a)
{
    return rpl_addr_ends_in(a, 0, 0);
}

bool rpl_addr_is_multicast(const struct rpl_addr *a)
{
    return a->b[0] == 0xff;
}

bool rpl_addr_is_link_local(const struct rpl_addr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool rpl_addr_is_routable(const struct rpl_addr *a)
{
    return !rpl_addr_is_multicast(a) && !rpl_addr_is_link_local(a) && !rpl_addr_ends_in(a, 0, 0) &&
           !rpl_addr_ends_in(a, 0, 1);
}

/* The bits of the octet where a prefix of |len| bits ends; 0 if it ends between octets. */
static uint8_t rpl_addr_edge(uint8_t len)
{
    return (uint8_t)(0xff00u >> (len % 8u));
}

bool rpl_addr_match(const struct rpl_addr *a, const struct rpl_addr *prefix, uint8_t len)
{
    size_t whole = len >= 128 ? 16 : len / 8u;

    if (memcmp(a->b, prefix->b, whole) != 0)
        return false;
    if (whole == 16)
        return true;
    return ((a->b[whole] ^ prefix->b[whole]) & rpl_addr_edge(len)) == 0;
}

void rpl_addr_mask(struct rpl_addr *a, uint8_t len)
{
    size_t whole = len / 8u;

    if (len >= 128)
        return;
    a->b[whole] = a->b[whole] & rpl_addr_edge(len);
    memset(a->b + whole + 1, 0, sizeof(a->b) - whole - 1);
}

struct rpl_addr rpl_addr_join(const struct rpl_addr *prefix, const struct rpl_addr *iid)
{
    struct rpl_addr joined = *prefix;

    memcpy(joined.b + 8, iid->b + 8, 8);
    return joined;
}

bool rpl_addr_same_iid(const struct rpl_addr *a, const struct rpl_addr *b)
{
    return memcmp(a->b + 8, b->b + 8, 8) == 0;
}

struct rpl_addr rpl_addr_link_local(const struct rpl_addr *iid)
{
    static const struct rpl_addr prefix = {{0xfe, 0x80}};

    return rpl_addr_join(&prefix, iid);
}
