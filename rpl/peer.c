/* SPDX-License-Identifier: ISC */
/*
 * Whoever sends us something that we answer: one small record each, for rate limits and for
 * recognising a repeated DAO. Bounded; one that was not heard for long makes room.
 */
#include "rpl/engine.h"

#define MALFORMED_BURST 20
#define MALFORMED_PERIOD RPL_S(6)

struct rpl_peer *rpl_peer_find(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex)
{
    uint32_t h = rpl_hash(e, addr, ifindex), at = 0, id;

    while ((id = rpl_index_next(&e->peer_index, h, &at)) != RPL_NO_ID) {
        struct rpl_peer *p = rpl_slab_at(&e->peers, id);
        if (p->ifindex == ifindex && rpl_addr_equal(&p->addr, addr))
            return p;
    }
    return NULL;
}

static void remove_peer(struct rpl_engine *e, struct rpl_peer *p)
{
    rpl_index_remove(&e->peer_index, rpl_hash(e, &p->addr, p->ifindex), p->id);
    TAILQ_REMOVE(&e->peers_by_age, p, age);
    e->peer_count--;
    rpl_slab_delete(e, &e->peers, p->id);
}

/* The oldest that has not been heard again since it was last passed over: nearly the one heard
 * longest ago, and hearing one touches no other. */
static struct rpl_peer *least_recent(struct rpl_engine *e)
{
    struct rpl_peer *p;

    while ((p = TAILQ_FIRST(&e->peers_by_age))->again) {
        p->again = false;
        TAILQ_REMOVE(&e->peers_by_age, p, age);
        TAILQ_INSERT_TAIL(&e->peers_by_age, p, age);
    }
    return p;
}

struct rpl_peer *rpl_peer_get(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex)
{
    struct rpl_peer *p = rpl_peer_find(e, addr, ifindex);
    uint32_t id;

    if (p) {
        p->again = true;
        return p;
    }
    if (e->peer_count >= e->limits.peers && !TAILQ_EMPTY(&e->peers_by_age))
        remove_peer(e, least_recent(e));
    p = rpl_slab_new(e, &e->peers, &id);
    if (!p)
        return NULL;
    if (!rpl_index_add(e, &e->peer_index, rpl_hash(e, addr, ifindex), id)) {
        rpl_slab_delete(e, &e->peers, id);
        return NULL;
    }
    p->id = id;
    p->addr = *addr;
    p->ifindex = ifindex;
    p->dis.at = p->dao.at = p->malformed.at = e->now;
    TAILQ_INSERT_TAIL(&e->peers_by_age, p, age);
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
    TAILQ_INIT(&e->peers_by_age);
    e->peer_count = 0;
    rpl_slab_free(e, &e->peers);
    rpl_index_free(e, &e->peer_index);
}
