/* SPDX-License-Identifier: ISC */
/*
 * Storing mode (RFC 6550 sections 9.2, 9.8): each target has the children that announce it as
 * next hops, the first one in use, and one kernel route through it. What changes is news for
 * our own DAO parent.
 */
#include "rpl/engine.h"

static struct rpl_hop *find_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    for (uint8_t i = 0; i < t->hop_count; i++)
        if (t->hop[i].ifindex == ifindex && rpl_addr_equal(&t->hop[i].via, via))
            return &t->hop[i];
    return NULL;
}

bool rpl_storing_has_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    return find_hop(t, via, ifindex) != NULL;
}

bool rpl_storing_is_hop(const struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    for (uint8_t i = 0; i < t->hop_count; i++)
        if (t->hop[i].ifindex == ifindex && rpl_addr_equal(&t->hop[i].via, via))
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
    rpl_dao_schedule(inst, RPL_DELAY_DAO);
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

static void settle(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;
    struct rpl_engine *e = inst->engine;
    rpl_tstamp first = RPL_NEVER;
    struct rpl_route route = {.kind = RPL_ROUTE_VIA,
                              .dst = t->prefix,
                              .dst_len = t->len,
                              .metric = inst->cfg.route_metric};

    for (uint8_t i = 1; i < t->hop_count; i++)
        if (prefers(t, &t->hop[i], &t->hop[0])) {
            struct rpl_hop best = t->hop[i];
            t->hop[i] = t->hop[0];
            t->hop[0] = best;
        }
    for (uint8_t i = 0; i < t->hop_count; i++)
        if (t->hop[i].expires < first)
            first = t->hop[i].expires;
    t->expires = t->hop[0].expires;
    rpl_timer_set(e, &t->t_life, first);
    route.via = t->hop[0].via;
    route.ifindex = t->hop[0].ifindex;
    rpl_rt_want(e, &t->route, &route, inst->cfg.id);
    rpl_target_up(t, &t->hop[0].via, cause);
}

static struct rpl_hop *add_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex)
{
    struct rpl_hop *h = &t->hop[t->hop_count];

    if (t->hop_count == RPL_PARENTS_MAX)
        h--; /* the last and least one makes room */
    else
        t->hop_count++;
    *h = (struct rpl_hop){.via = *via, .ifindex = ifindex, .since = t->inst->engine->now};
    return h;
}

uint8_t rpl_storing_path_control(const struct rpl_target *t)
{
    uint8_t bits = 0;

    for (uint8_t i = 0; i < t->hop_count; i++)
        bits |= t->hop[i].path_control;
    return bits ? bits : RPL_PATH_CONTROL; /* PCT-06: most stacks send none */
}

void rpl_storing_update(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                        enum rpl_freshness freshness, const struct rpl_wire_transit *tr)
{
    struct rpl_hop *h = find_hop(t, via, ifindex);
    uint8_t bits = rpl_storing_path_control(t);
    bool added = false;

    if (freshness == RPL_FRESH_IGNORE)
        return;
    if (freshness == RPL_FRESH_REPLACE) {
        /* R09-01, R09-02: the way it had is cleaned up if its owner asks for that. */
        if (tr->invalidate && t->moved)
            for (uint8_t i = 0; i < t->hop_count; i++)
                if (&t->hop[i] != h)
                    rpl_dco_moved(t, &t->hop[i]);
        struct rpl_hop keep = h ? *h : (struct rpl_hop){.since = t->inst->engine->now};
        keep.via = *via;
        keep.ifindex = ifindex;
        t->hop[0] = keep;
        t->hop_count = 1;
        h = &t->hop[0];
    } else if (!h) {
        h = add_hop(t, via, ifindex);
        added = true;
    }
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
    settle(t, RPL_CAUSE_DAO);
    /* DST-06: the same sequence is news where it brings further bits. */
    if (freshness != RPL_FRESH_MERGE || bits)
        rpl_storing_news(t);
}

void rpl_storing_forget(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;

    t->hop_count = 0;
    t->known = t->unconfirmed = false;
    rpl_timer_stop(inst->engine, &t->t_life);
    rpl_target_down(t, cause);
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
    t->hop_count = 0;
    t->known = t->unconfirmed = false;
    rpl_timer_stop(inst->engine, &t->t_life);
    rpl_target_down(t, cause);
    /* The parent is told by a No-Path; the entry lives until it has left (DST-11). */
    if (!rpl_is_root(inst) && inst->joined)
        rpl_storing_news(t);
    else
        rpl_target_release(t);
}

void rpl_storing_remove_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                            enum rpl_cause cause)
{
    struct rpl_hop *h = find_hop(t, via, ifindex);

    if (!h)
        return;
    t->hop_count--;
    memmove(h, h + 1, (size_t)(&t->hop[t->hop_count] - h) * sizeof(*h));
    if (t->hop_count == 0)
        rpl_storing_drop(t, cause);
    else
        settle(t, cause);
}

void rpl_storing_parent_is(struct rpl_instance *inst, const struct rpl_nbr *parent)
{
    struct rpl_target *t, *next;
    struct rpl_hop *h;

    for (t = RB_MIN(rpl_target_tree, &inst->targets); t; t = next) {
        next = RB_NEXT(rpl_target_tree, &inst->targets, t);
        h = find_hop(t, &parent->addr, parent->ifindex);
        if (!h)
            continue;
        if (t->hop_count > 1) {
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

    for (uint8_t i = t->hop_count; i-- > 0;)
        if (t->hop[i].expires <= now) {
            struct rpl_hop gone = t->hop[i];
            bool last = t->hop_count == 1;
            rpl_storing_remove_hop(t, &gone.via, gone.ifindex, RPL_CAUSE_EXPIRED);
            if (last)
                return; /* |t| may be gone */
        }
}

/* The way of our former life: kept, shown as pending, confirmed by a DAO or dropped. */
static void take_up(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                    rpl_tstamp expires)
{
    t->known = t->unconfirmed = true;
    t->hop_count = 1;
    t->hop[0] = (struct rpl_hop){
        .via = *via, .ifindex = ifindex, .since = t->inst->engine->now, .expires = expires};
    settle(t, RPL_CAUSE_NONE);
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
