/* SPDX-License-Identifier: ISC */
/*
 * Whoever sends us something that we answer: one small record each, for rate limits and for
 * recognising a repeated DAO. Bounded; the one heard longest ago makes room.
 */
#include "rpl/engine.h"

#define MALFORMED_BURST 20
#define MALFORMED_PERIOD RPL_S(6)

int rpl_peer_compare(const struct rpl_peer *a, const struct rpl_peer *b)
{
    if (a->ifindex != b->ifindex)
        return a->ifindex < b->ifindex ? -1 : 1;
    return rpl_key_compare(&a->addr, &b->addr);
}

RB_GENERATE(rpl_peer_tree, rpl_peer, tree, rpl_peer_compare)

struct rpl_peer *rpl_peer_find(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex)
{
    struct rpl_peer key = {.addr = *addr, .ifindex = ifindex};

    return RB_FIND(rpl_peer_tree, &e->peers, &key);
}

static void remove_peer(struct rpl_engine *e, struct rpl_peer *p)
{
    RB_REMOVE(rpl_peer_tree, &e->peers, p);
    TAILQ_REMOVE(&e->peer_lru, p, lru);
    e->peer_count--;
    rpl_free(e, p);
}

struct rpl_peer *rpl_peer_get(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex)
{
    struct rpl_peer *p = rpl_peer_find(e, addr, ifindex);

    if (p) {
        TAILQ_REMOVE(&e->peer_lru, p, lru);
        TAILQ_INSERT_TAIL(&e->peer_lru, p, lru);
        return p;
    }
    if (e->peer_count >= e->limits.peers && !TAILQ_EMPTY(&e->peer_lru))
        remove_peer(e, TAILQ_FIRST(&e->peer_lru));
    p = rpl_alloc(e, sizeof(*p));
    if (!p)
        return NULL;
    p->addr = *addr;
    p->ifindex = ifindex;
    p->dis.at = p->dao.at = p->malformed.at = e->now;
    RB_INSERT(rpl_peer_tree, &e->peers, p);
    TAILQ_INSERT_TAIL(&e->peer_lru, p, lru);
    e->peer_count++;
    return p;
}

/* RFC 6550 section 18.5. */
bool rpl_peer_quarantined(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex)
{
    struct rpl_peer *p = e->limits.quarantine_s ? rpl_peer_find(e, addr, ifindex) : NULL;

    return p && e->now < p->quarantined_until;
}

void rpl_peer_malformed(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex)
{
    struct rpl_peer *p = e->limits.quarantine_s ? rpl_peer_get(e, addr, ifindex) : NULL;

    if (!p || rpl_bucket_take(&p->malformed, e->now, MALFORMED_BURST, MALFORMED_PERIOD))
        return;
    p->quarantined_until = e->now + RPL_S(e->limits.quarantine_s);
    rpl_trace(e, RPL_TRACE_ALARM, RPL_CAUSE_QUARANTINED, NULL, addr, NULL, e->limits.quarantine_s);
}

void rpl_peers_free(struct rpl_engine *e)
{
    while (!TAILQ_EMPTY(&e->peer_lru))
        remove_peer(e, TAILQ_FIRST(&e->peer_lru));
}
