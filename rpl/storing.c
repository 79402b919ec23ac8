/* SPDX-License-Identifier: ISC */
/*
 * Storing mode (RFC 6550 sections 9.2, 9.8): each target has the children that announce it as
 * next hops, the first one in use, and one kernel route through it. What changes is news for
 * our own DAO parent.
 */
#include "rpl/engine.h"

static struct rpl_hop *hops(struct rpl_target *t)
{
    return t->way_count > 1 ? t->hops : &t->hop;
}

/* Several hops stand in a block of their own. The first ones stay; false without memory, which
 * more of them take. */
static bool resize(struct rpl_target *t, uint8_t count)
{
    struct rpl_engine *e = t->inst->engine;
    struct rpl_hop *from = hops(t), *to = from;
    uint8_t kept = count < t->way_count ? count : t->way_count;

    if (count > 1 && count > t->way_count)
        to = rpl_alloc(e, count * sizeof(*to));
    else if (count <= 1)
        to = &t->hop;
    if (!to)
        return false;
    /* The last one stays to be read even if none is left. */
    if (to != from)
        memcpy(to, from, (kept ? kept : 1) * sizeof(*to));
    if (to != from && t->way_count > 1)
        rpl_free(e, from);
    if (count > 1)
        t->hops = to;
    t->way_count = count;
    return true;
}

static struct rpl_hop *find_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    struct rpl_hop *hop = hops(t);

    for (uint8_t i = 0; i < t->way_count; i++)
        if (hop[i].ifindex == ifindex && rpl_addr_equal(&hop[i].via, via))
            return &hop[i];
    return NULL;
}

bool rpl_storing_is_hop(const struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    const struct rpl_hop *hop = rpl_target_hops(t);

    for (uint8_t i = 0; i < t->way_count; i++)
        if (hop[i].ifindex == ifindex && rpl_addr_equal(&hop[i].via, via))
            return true;
    return false;
}

void rpl_storing_news(struct rpl_target *t)
{
    struct rpl_instance *inst = t->inst;

    if (rpl_is_root(inst) || !inst->joined)
        return;
    if (!t->is_news) {
        t->is_news = true;
        TAILQ_INSERT_TAIL(&inst->news, t, news);
    }
    rpl_dao_schedule(inst, rpl_dao_delay(inst));
}

/* Several children announce one target with the same Path Sequence: a stuck one (SEQ-14), or one
 * below a router that changed its parent, since relays never change a sequence (SEQ-08), or one
 * with several DAO parents, who says by Path Control which one is to be preferred (DNS-09). The
 * target's own link-local beats all, then the one that began to announce it most recently: the
 * others may be what is left of an older tree. */
static bool prefers(const struct rpl_target *t, const struct rpl_hop *a, const struct rpl_hop *b)
{
    unsigned bits_a = rpl_path_control_preference(t->inst, a->path_control);
    unsigned bits_b = rpl_path_control_preference(t->inst, b->path_control);
    bool own_a = rpl_addr_same_iid(&a->via, &t->prefix);
    bool own_b = rpl_addr_same_iid(&b->via, &t->prefix);

    if (bits_a != bits_b)
        return bits_a < bits_b;
    if (own_a != own_b)
        return own_a;
    return a->since > b->since;
}

/* Use the best of the hops; |was| is the one that was in use if |t| was reachable. */
static void settle(struct rpl_target *t, const struct rpl_hop *was, enum rpl_cause cause)
{
    struct rpl_hop *hop = hops(t);
    rpl_tstamp first = RPL_NEVER;
    bool changed;

    for (uint8_t i = 1; i < t->way_count; i++)
        if (prefers(t, &hop[i], &hop[0])) {
            struct rpl_hop best = hop[i];
            hop[i] = hop[0];
            hop[0] = best;
        }
    for (uint8_t i = 0; i < t->way_count; i++)
        if (hop[i].expires < first)
            first = hop[i].expires;
    rpl_timer_set(t->inst->engine, &t->t_life, first);
    changed =
        !t->reachable || hop[0].ifindex != was->ifindex || !rpl_addr_equal(&hop[0].via, &was->via);
    rpl_rt_want_target(t, changed);
    rpl_target_up(t, &hop[0].via, &was->via, cause);
}

/* NULL without memory. */
static struct rpl_hop *add_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    struct rpl_hop *h;

    /* The last and least one makes room. */
    if (t->way_count < RPL_PARENTS_MAX && !resize(t, (uint8_t)(t->way_count + 1)))
        return NULL;
    h = &hops(t)[t->way_count - 1];
    *h = (struct rpl_hop){.via = *via, .ifindex = ifindex, .since = t->inst->engine->now};
    return h;
}

uint8_t rpl_storing_path_control(const struct rpl_target *t)
{
    uint8_t bits = 0;

    for (uint8_t i = 0; i < t->way_count; i++)
        bits |= rpl_target_hops(t)[i].path_control;
    return bits ? bits : RPL_PATH_CONTROL; /* PCT-06: most stacks send none */
}

/* A new Path Sequence: |h| (NULL: the hop is new) stays, the others go. */
static struct rpl_hop *replace(struct rpl_target *t, struct rpl_hop *h, const struct rpl_addr *via,
                               uint32_t ifindex, bool cleanup)
{
    struct rpl_hop keep =
        h ? *h : (struct rpl_hop){.via = *via, .ifindex = ifindex, .since = t->inst->engine->now};

    /* R09-01, R09-02: the way it had is cleaned up if its owner asks for that. */
    for (uint8_t i = 0; cleanup && i < t->way_count; i++)
        if (&hops(t)[i] != h)
            rpl_dco_moved(t, &hops(t)[i]);
    (void)resize(t, 1);
    t->hop = keep;
    return &t->hop;
}

int rpl_storing_update(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                       enum rpl_freshness freshness, const struct rpl_wire_transit *tr)
{
    struct rpl_hop *h = find_hop(t, via, ifindex);
    struct rpl_hop was = *hops(t);
    uint8_t bits = rpl_storing_path_control(t);
    bool added = !h;

    if (freshness == RPL_FRESH_IGNORE)
        return 0;
    if (freshness == RPL_FRESH_REPLACE)
        h = replace(t, h, via, ifindex, tr->invalidate && t->moved);
    else if (!h)
        h = add_hop(t, via, ifindex);
    if (!h)
        return -RPL_ERR_FULL;
    /* SEQ-11: a repeat with the same sequence does not extend the lifetime; of a stuck target
     * every DAO is taken for a new one. */
    if (freshness != RPL_FRESH_MERGE || added)
        h->expires = rpl_target_expiry(t, tr->path_lifetime);
    h->path_control = tr->path_control & rpl_path_control_mask(t->inst);
    t->known = true;
    t->unconfirmed = false;
    t->invalidate = tr->invalidate;
    t->path_lifetime = tr->path_lifetime;
    t->last_dao = t->inst->engine->now;
    if (freshness == RPL_FRESH_MERGE)
        bits = (uint8_t)(rpl_storing_path_control(t) & ~bits);
    settle(t, &was, RPL_CAUSE_DAO);
    /* DST-06: the same sequence is news where it brings further bits. */
    if (freshness != RPL_FRESH_MERGE || bits)
        rpl_storing_news(t);
    return 0;
}

/* No hop is left. The last one stays to be read: the kernel's route goes by it. */
static void down(struct rpl_target *t, enum rpl_cause cause)
{
    (void)resize(t, 0);
    t->known = t->unconfirmed = false;
    rpl_timer_stop(t->inst->engine, &t->t_life);
    rpl_target_down(t, &t->hop.via, cause);
}

void rpl_storing_forget(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;

    down(t, cause);
    if (t->is_news)
        TAILQ_REMOVE(&inst->news, t, news);
    t->is_news = false;
    rpl_target_release(t);
}

void rpl_storing_drop(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;

    /* Nobody ever told us its Path Sequence, so we cannot take it back either: one that we made
     * up would pass for the owner's, and shut out the real ones. */
    if (t->unconfirmed) {
        rpl_storing_forget(t, cause);
        return;
    }
    down(t, cause);
    /* The parent is told by a No-Path; the entry lives until it has left (DST-11). */
    if (!rpl_is_root(inst) && inst->joined)
        rpl_storing_news(t);
    else
        rpl_target_release(t);
}

void rpl_storing_remove_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                            enum rpl_cause cause)
{
    struct rpl_hop *h = find_hop(t, via, ifindex), *hop = hops(t), was = hop[0];

    if (!h)
        return;
    if (t->way_count == 1) {
        rpl_storing_drop(t, cause);
        return;
    }
    memmove(h, h + 1, (size_t)(&hop[t->way_count - 1] - h) * sizeof(*h));
    (void)resize(t, (uint8_t)(t->way_count - 1));
    settle(t, &was, cause);
}

void rpl_storing_parent_is(struct rpl_instance *inst, const struct rpl_nbr *parent)
{
    struct rpl_target *t, *next;
    struct rpl_hop *h;

    /* Who has just been left has to hear of these as well, before they are forgotten. */
    RB_FOREACH (t, rpl_target_tree, &inst->targets)
        if (inst->left_count && find_hop(t, &parent->addr, parent->ifindex))
            rpl_dao_no_path_timeout(inst);
    for (t = RB_MIN(rpl_target_tree, &inst->targets); t; t = next) {
        next = RB_NEXT(rpl_target_tree, &inst->targets, t);
        h = find_hop(t, &parent->addr, parent->ifindex);
        if (!h)
            continue;
        if (t->way_count > 1) {
            rpl_storing_remove_hop(t, &parent->addr, parent->ifindex, RPL_CAUSE_LOOP);
            continue;
        }
        rpl_storing_forget(t, RPL_CAUSE_LOOP);
    }
}

void rpl_storing_neighbour_lost(struct rpl_instance *inst, const struct rpl_addr *via,
                                uint32_t ifindex, enum rpl_cause cause)
{
    struct rpl_target *t, *next;
    bool any = false;

    rpl_multicast_neighbour_lost(inst, via, ifindex);
    for (t = RB_MIN(rpl_target_tree, &inst->targets); t; t = next) {
        next = RB_NEXT(rpl_target_tree, &inst->targets, t);
        if (find_hop(t, via, ifindex)) {
            any = true;
            rpl_storing_remove_hop(t, via, ifindex, cause);
        }
    }
    if (any)
        rpl_instance_dtsn(inst, RPL_S(5));
}

void rpl_storing_timeout(struct rpl_target *t)
{
    rpl_tstamp now = t->inst->engine->now;

    for (uint8_t i = t->way_count; i-- > 0;) {
        struct rpl_hop hop = hops(t)[i];
        bool last = t->way_count == 1;
        if (hop.expires > now)
            continue;
        rpl_storing_remove_hop(t, &hop.via, hop.ifindex, RPL_CAUSE_EXPIRED);
        if (last)
            return; /* |t| may be gone */
    }
}

/* The way of our former life: kept, shown as pending, confirmed by a DAO or dropped. */
static void take_up(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                    rpl_tstamp expires)
{
    t->known = t->unconfirmed = true;
    (void)resize(t, 1);
    t->hop = (struct rpl_hop){
        .via = *via, .ifindex = ifindex, .since = t->inst->engine->now, .expires = expires};
    settle(t, &t->hop, RPL_CAUSE_NONE);
}

void rpl_storing_found(struct rpl_instance *inst, const struct rpl_route *route)
{
    struct rpl_target *t = rpl_target_get(inst, &route->dst, route->dst_len);

    if (t && !t->known)
        take_up(t, &route->via, route->ifindex, inst->engine->now + RPL_UNCONFIRMED);
}

/* What the kernel has is younger than what was written down: it keeps its way. */
void rpl_storing_restore(struct rpl_target *t, const struct rpl_event_target *ev,
                         rpl_tstamp expires)
{
    if (!t->known)
        take_up(t, &ev->via, ev->ifindex, expires);
}
