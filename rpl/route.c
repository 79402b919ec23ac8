/* SPDX-License-Identifier: ISC */
/*
 * What we want in the kernel's table and what stands there. A route is a state, not a message:
 * wanting and unwanting only marks it, rpl_engine_poll() turns the difference between want and
 * have into ROUTE_SET and ROUTE_DEL, one in flight per route, and the kernel's answer closes
 * the circle. So a burst of changes costs one effect per route, and none can be lost.
 */
#include "rpl/engine.h"

int rpl_rt_compare(const struct rpl_rt *a, const struct rpl_rt *b)
{
    int c = rpl_key_compare(&a->want.dst, &b->want.dst);

    if (c)
        return c;
    if (a->want.dst_len != b->want.dst_len)
        return a->want.dst_len < b->want.dst_len ? -1 : 1;
    if (a->want.metric != b->want.metric)
        return a->want.metric < b->want.metric ? -1 : 1;
    return 0;
}

int rpl_rt_token_compare(const struct rpl_rt *a, const struct rpl_rt *b)
{
    return a->token < b->token ? -1 : a->token > b->token;
}

RB_GENERATE(rpl_rt_tree, rpl_rt, tree, rpl_rt_compare)
RB_GENERATE(rpl_rt_tokens, rpl_rt, by_token, rpl_rt_token_compare)

static bool same(const struct rpl_route *a, const struct rpl_route *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind != RPL_ROUTE_VIA ||
           (a->ifindex == b->ifindex && rpl_addr_equal(&a->via, &b->via));
}

static void mark(struct rpl_engine *e, struct rpl_rt *rt)
{
    if (rt->is_dirty)
        return;
    rt->is_dirty = true;
    TAILQ_INSERT_TAIL(&e->dirty, rt, dirty);
}

static struct rpl_rt *find(struct rpl_engine *e, const struct rpl_route *route)
{
    struct rpl_rt key = {.want = *route};

    return RB_FIND(rpl_rt_tree, &e->routes, &key);
}

static struct rpl_rt *get(struct rpl_engine *e, const struct rpl_route *route)
{
    struct rpl_rt *rt = find(e, route);

    if (rt)
        return rt;
    rt = rpl_alloc(e, sizeof(*rt));
    if (!rt) {
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    rt->want = *route;
    LIST_INIT(&rt->waits);
    RB_INSERT(rpl_rt_tree, &e->routes, rt);
    return rt;
}

static void free_rt(struct rpl_engine *e, struct rpl_rt *rt)
{
    if (rt->is_dirty)
        TAILQ_REMOVE(&e->dirty, rt, dirty);
    if (rt->inflight)
        RB_REMOVE(rpl_rt_tokens, &e->tokens, rt);
    RB_REMOVE(rpl_rt_tree, &e->routes, rt);
    rpl_free(e, rt);
}

bool rpl_rt_settled(const struct rpl_rt *rt)
{
    return rt->installed && same(&rt->have, &rt->want);
}

void rpl_rt_want(struct rpl_engine *e, struct rpl_rt **holder, const struct rpl_route *route,
                 uint8_t instance)
{
    struct rpl_rt *rt = get(e, route);

    if (*holder != rt)
        rpl_rt_unwant(e, holder);
    if (!rt)
        return;
    if (rt->holder && rt->holder != holder)
        *rt->holder = NULL;
    rt->holder = holder;
    *holder = rt;
    rt->want = *route;
    rt->instance = instance;
    rt->wanted = true;
    rt->found = false;
    if (!rpl_rt_settled(rt))
        mark(e, rt);
}

void rpl_rt_unwant(struct rpl_engine *e, struct rpl_rt **holder)
{
    struct rpl_rt *rt = *holder;

    if (!rt)
        return;
    *holder = NULL;
    rt->holder = NULL;
    rt->wanted = false;
    rpl_ack_route_done(e, rt, 0);
    mark(e, rt);
}

static bool link_is_up(struct rpl_engine *e, const struct rpl_route *route)
{
    const struct rpl_iface *iface = rpl_iface_find(e, route->ifindex);

    return route->kind != RPL_ROUTE_VIA || (iface && iface->up);
}

static void emit(struct rpl_engine *e, struct rpl_rt *rt, bool del, struct rpl_effect *out)
{
    rt->deleting = del;
    rt->sent = del ? rt->have : rt->want;
    rt->inflight = true;
    rt->token = ++e->token;
    RB_INSERT(rpl_rt_tokens, &e->tokens, rt);
    out->type = del ? RPL_EFFECT_ROUTE_DEL : RPL_EFFECT_ROUTE_SET;
    out->u.route.token = rt->token;
    out->u.route.route = rt->sent;
}

bool rpl_rt_poll(struct rpl_engine *e, struct rpl_effect *out)
{
    struct rpl_rt *rt;

    while ((rt = TAILQ_FIRST(&e->dirty)) != NULL) {
        TAILQ_REMOVE(&e->dirty, rt, dirty);
        rt->is_dirty = false;
        if (rt->inflight)
            continue; /* looked at again when the answer comes */
        if (rt->wanted) {
            /* With the link down the kernel would refuse; link up marks it again. */
            if (rpl_rt_settled(rt) || !link_is_up(e, &rt->want))
                continue;
            emit(e, rt, false, out);
            return true;
        }
        if (rt->installed) {
            emit(e, rt, true, out);
            return true;
        }
        free_rt(e, rt);
    }
    return false;
}

static void tell(struct rpl_engine *e, const struct rpl_rt *rt, enum rpl_cause cause, int error)
{
    const struct rpl_addr *via = rt->sent.kind == RPL_ROUTE_VIA ? &rt->sent.via : NULL;
    struct rpl_effect_trace *t =
        rpl_trace(e, RPL_TRACE_ROUTE, cause, NULL, &rt->sent.dst, via, (uint32_t)error);

    t->instance = rt->instance;
    t->len = rt->sent.dst_len;
}

int rpl_rt_result(struct rpl_engine *e, const struct rpl_event_route_result *ev)
{
    struct rpl_rt key = {.token = ev->token};
    struct rpl_rt *rt = RB_FIND(rpl_rt_tokens, &e->tokens, &key);

    if (!rt)
        return -RPL_ERR_NOENT;
    RB_REMOVE(rpl_rt_tokens, &e->tokens, rt);
    rt->inflight = false;
    if (rt->deleting) {
        rt->installed = false;
        tell(e, rt, RPL_CAUSE_REMOVED, ev->error);
        mark(e, rt);
        return 0;
    }
    rt->error = ev->error;
    if (ev->error == 0) {
        rt->installed = true;
        rt->have = rt->sent;
        tell(e, rt, RPL_CAUSE_INSTALLED, 0);
        if (!rt->wanted || !rpl_rt_settled(rt))
            mark(e, rt);
        else
            rpl_ack_route_done(e, rt, 0);
        return 0;
    }
    rpl_count(e, RPL_COUNT_REFUSED_KERNEL);
    tell(e, rt, RPL_CAUSE_KERNEL, ev->error);
    rpl_ack_route_done(e, rt, ev->error);
    /* Tried again when the target is announced anew or its link comes up. */
    if (!rt->wanted || !same(&rt->want, &rt->sent))
        mark(e, rt);
    return 0;
}

/* A storing instance that could have made this route in its former life. */
static struct rpl_instance *storing_instance(struct rpl_engine *e, const struct rpl_route *route)
{
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        const struct rpl_iface *iface = rpl_iface_find(e, route->ifindex);
        if (!rpl_storing(inst) || inst->leaf || !iface || !rpl_iface_serves(iface, inst))
            continue;
        if (inst->cfg.role != RPL_ROLE_ROOT ||
            rpl_addr_match(&route->dst, &inst->cfg.prefix, inst->cfg.prefix_len))
            return inst;
    }
    return NULL;
}

int rpl_rt_found(struct rpl_engine *e, const struct rpl_event_route *ev)
{
    const struct rpl_route *route = &ev->route;
    struct rpl_rt *rt = get(e, route);
    struct rpl_instance *inst;

    if (!rt)
        return -RPL_ERR_NOMEM;
    rt->installed = true;
    rt->have = *route;
    if (rt->wanted) {
        if (!rpl_rt_settled(rt))
            mark(e, rt);
        return 0;
    }
    rt->found = true;
    inst =
        route->kind == RPL_ROUTE_VIA && route->dst_len == 128 ? storing_instance(e, route) : NULL;
    if (inst)
        rpl_storing_found(inst, route);
    else if (route->kind == RPL_ROUTE_TUN)
        mark(e, rt); /* no path is known: traffic would only be thrown away */
    if (!rpl_timer_armed(&e->t_sweep))
        rpl_timer_set(e, &e->t_sweep, e->now + RPL_UNCONFIRMED);
    return 0;
}

/* What was found at start and nobody has claimed since goes. */
void rpl_rt_sweep(struct rpl_engine *e)
{
    struct rpl_rt *rt;

    RB_FOREACH (rt, rpl_rt_tree, &e->routes)
        if (rt->found && !rt->wanted)
            mark(e, rt);
}

void rpl_rt_lost(struct rpl_engine *e, const struct rpl_event_route *ev)
{
    struct rpl_rt *rt = ev->all ? NULL : find(e, &ev->route);

    if (rt && !rt->inflight) {
        rt->installed = false;
        mark(e, rt);
    }
    if (!ev->all)
        return;
    RB_FOREACH (rt, rpl_rt_tree, &e->routes)
        if (ev->route.ifindex == 0 ||
            (rt->have.kind == RPL_ROUTE_VIA && rt->have.ifindex == ev->route.ifindex)) {
            rt->installed = false;
            mark(e, rt);
        }
}

void rpl_rt_link(struct rpl_engine *e, uint32_t ifindex, bool up)
{
    struct rpl_rt *rt;

    RB_FOREACH (rt, rpl_rt_tree, &e->routes) {
        if (!up && rt->have.kind == RPL_ROUTE_VIA && rt->have.ifindex == ifindex)
            rt->installed = false;
        if (rt->want.kind == RPL_ROUTE_VIA && rt->want.ifindex == ifindex)
            mark(e, rt);
    }
}

void rpl_rts_free(struct rpl_engine *e)
{
    struct rpl_rt *rt, *next;

    for (rt = RB_MIN(rpl_rt_tree, &e->routes); rt; rt = next) {
        next = RB_NEXT(rpl_rt_tree, &e->routes, rt);
        free_rt(e, rt);
    }
}
