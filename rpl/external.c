/* SPDX-License-Identifier: ISC */
/*
 * External targets of a storing DODAG, at its root (RFC 9008 section 4.1.1): a router announces
 * what lies behind it by a non-storing DAO, straight to the root, and nobody between them knows.
 * The root tunnels to that router. In non-storing mode they are targets like all others.
 */
#include "rpl/engine.h"

#define STATUS_REJECTED 0x80

int rpl_external_compare(const struct rpl_external *a, const struct rpl_external *b)
{
    int c = rpl_key_compare(&a->prefix, &b->prefix);

    return c ? c : (int)a->len - (int)b->len;
}

RB_GENERATE(rpl_external_tree, rpl_external, tree, rpl_external_compare)

struct rpl_external *rpl_external_find(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                       uint8_t len)
{
    struct rpl_external key = {.prefix = *prefix, .len = len};

    return RB_FIND(rpl_external_tree, &inst->externals, &key);
}

const struct rpl_external *rpl_external_match(struct rpl_instance *inst, const struct rpl_addr *dst)
{
    for (uint8_t len = 128; len >= 64 && !RB_EMPTY(&inst->externals); len--) {
        struct rpl_addr prefix = *dst;
        const struct rpl_external *x;
        rpl_addr_mask(&prefix, len);
        x = rpl_external_find(inst, &prefix, len);
        if (x)
            return x;
    }
    return NULL;
}

static struct rpl_external *add(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                uint8_t len)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_external *x;

    if (inst->external_count + inst->target_count >= e->limits.targets)
        return NULL;
    x = rpl_alloc(e, sizeof(*x));
    if (!x || !rpl_timer_register(e, &x->timer, TIMER_EXTERNAL)) {
        rpl_free(e, x);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    x->inst = inst;
    x->prefix = *prefix;
    x->len = len;
    x->joined = e->now;
    RB_INSERT(rpl_external_tree, &inst->externals, x);
    inst->external_count++;
    return x;
}

static void remove_external(struct rpl_external *x)
{
    struct rpl_instance *inst = x->inst;

    rpl_rt_unwant(inst->engine, &x->route);
    rpl_timer_unregister(inst->engine, &x->timer);
    RB_REMOVE(rpl_external_tree, &inst->externals, x);
    inst->external_count--;
    rpl_free(inst->engine, x);
}

void rpl_externals_free(struct rpl_instance *inst)
{
    while (!RB_EMPTY(&inst->externals))
        remove_external(RB_ROOT(&inst->externals));
}

static struct rpl_effect_trace *tell(const struct rpl_external *x, enum rpl_trace_kind kind,
                                     enum rpl_cause cause)
{
    struct rpl_effect_trace *trace =
        rpl_trace(x->inst->engine, kind, cause, x->inst, &x->prefix, &x->router, x->path_seq);

    trace->len = x->len;
    return trace;
}

void rpl_external_drop(struct rpl_external *x, enum rpl_cause cause)
{
    tell(x, RPL_TRACE_NODE_DOWN, cause);
    x->inst->node_count--;
    remove_external(x);
}

void rpl_external_timeout(struct rpl_external *x)
{
    rpl_count(x->inst->engine, RPL_COUNT_EXPIRED);
    rpl_external_drop(x, RPL_CAUSE_EXPIRED);
}

/* As of other targets: a Path Sequence that never moved is judged by arrival (SEQ-14). */
static bool takes(struct rpl_external *x, const struct rpl_wire_transit *tr)
{
    enum rpl_order order = rpl_lollipop_compare(tr->path_sequence, x->path_seq);

    /* Its router announces it once more, for we asked, or one of us has restarted. */
    if (order == RPL_EQUAL && tr->path_lifetime && rpl_addr_equal(&tr->parent, &x->router))
        return true;
    if (!x->moved && tr->path_sequence == x->path_seq)
        return true;
    x->moved = true;
    return order == RPL_NEWER || order == RPL_NOT_COMPARABLE;
}

static void set(struct rpl_external *x, const struct rpl_addr *router, uint8_t path_seq,
                rpl_tstamp expires)
{
    struct rpl_instance *inst = x->inst;
    struct rpl_route route = {.kind = RPL_ROUTE_TUN,
                              .dst = x->prefix,
                              .dst_len = x->len,
                              .metric = inst->cfg.route_metric};
    bool known = x->known, moved = !known || !rpl_addr_equal(&x->router, router);

    x->known = true;
    x->router = *router;
    x->path_seq = path_seq;
    x->expires = expires;
    rpl_timer_set(inst->engine, &x->timer, expires);
    rpl_rt_want(inst->engine, &x->route, &route, inst->cfg.id);
    if (!known)
        inst->node_count++;
    if (moved)
        tell(x, known ? RPL_TRACE_NODE_CHANGE : RPL_TRACE_NODE_UP, RPL_CAUSE_DAO);
}

uint8_t rpl_external_update(struct rpl_instance *inst, const struct rpl_wire_target *wt,
                            const struct rpl_wire_transit *tr, struct rpl_rt **ret_route)
{
    struct rpl_external *x = rpl_external_find(inst, &wt->prefix, wt->len);
    rpl_tstamp expires = rpl_instance_expiry(inst, tr->path_lifetime);
    struct rpl_addr router = {{0}};

    *ret_route = NULL;
    if (x && !takes(x, tr)) {
        /* A repetition is no news; a No-Path with the sequence that it ends is one. */
        bool ends = tr->path_lifetime == 0 && tr->path_sequence == x->path_seq &&
                    rpl_addr_equal(&tr->parent, &x->router);
        if (ends)
            rpl_external_drop(x, RPL_CAUSE_NO_PATH);
        else if (tr->path_sequence != x->path_seq)
            rpl_count(inst->engine, RPL_COUNT_REFUSED_OLD);
        return 0;
    }
    if (tr->path_lifetime == 0) {
        if (x)
            rpl_external_drop(x, RPL_CAUSE_NO_PATH);
        return 0;
    }
    if (x)
        router = x->router;
    else
        x = add(inst, &wt->prefix, wt->len);
    if (!x) {
        rpl_count(inst->engine, RPL_COUNT_REFUSED_FULL);
        return STATUS_REJECTED;
    }
    x->last_dao = inst->engine->now;
    set(x, &tr->parent, tr->path_sequence, expires);
    *ret_route = x->route ? &x->route->rt : NULL;
    rpl_leaf_went(inst, &wt->prefix);
    if (inst->cfg.serve_leaves && rpl_addr_is_routable(&router) &&
        !rpl_addr_equal(&router, &tr->parent))
        rpl_dco_global(inst, &router, &wt->prefix, x->path_seq, RPL_STATUS_ND | RPL_ND_MOVED);
    return 0;
}

int rpl_external_restore(struct rpl_instance *inst, const struct rpl_event_target *ev,
                         rpl_tstamp expires)
{
    struct rpl_external *x = rpl_external_find(inst, &ev->address, ev->len);

    if (x)
        return 0; /* a DAO knows better */
    x = add(inst, &ev->address, ev->len);
    if (!x)
        return -RPL_ERR_FULL;
    x->moved = ev->moved;
    set(x, &ev->parent[0].address, ev->path_sequence, expires);
    return 0;
}

/* In either mode: the router that |addr| lies behind; NULL if it does not. */
const struct rpl_addr *rpl_external_router(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    const struct rpl_external *x = rpl_external_find(inst, addr, 128);
    const struct rpl_target *t = x ? NULL : rpl_target_find(inst, addr, 128);

    if (x)
        return &x->router;
    return t && t->external ? rpl_source_parent_of(t) : NULL;
}

void rpl_external_gone(struct rpl_instance *inst, const struct rpl_addr *addr, uint8_t status,
                       enum rpl_cause cause)
{
    struct rpl_external *x = rpl_external_find(inst, addr, 128);
    struct rpl_target *t = x ? NULL : rpl_target_find(inst, addr, 128);
    const struct rpl_addr *router = rpl_external_router(inst, addr);

    if (!router)
        return;
    if (inst->cfg.serve_leaves)
        rpl_dco_global(inst, router, addr, x ? x->path_seq : t->path_seq, status);
    if (x)
        rpl_external_drop(x, cause);
    else
        rpl_target_drop(t, cause);
}
