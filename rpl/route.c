/* SPDX-License-Identifier: ISC */
/*
 * What we want in the kernel's table and what stands there. A route is a state, not a message:
 * wanting and unwanting only marks it, rpl_engine_poll() turns the difference between want and
 * have into ROUTE_SET and ROUTE_DEL, one in flight per route, and the kernel's answer closes
 * the circle. So a burst of changes costs one effect per route, and none can be lost.
 *
 * A ROUTE_SET takes the place of what the kernel has to that destination with that metric, and a
 * ROUTE_DEL takes it away wherever it points. So the way that the kernel has need not be known,
 * only whether it has one and whether that is the right one.
 */
#include "rpl/engine.h"

#define OWN 0x80000000u /* in the upper half of a token: not a target's */

int rpl_rt_compare(const struct rpl_rt_own *a, const struct rpl_rt_own *b)
{
    int c = rpl_key_compare(&a->route.dst, &b->route.dst);

    if (c)
        return c;
    if (a->route.dst_len != b->route.dst_len)
        return a->route.dst_len < b->route.dst_len ? -1 : 1;
    if (a->route.metric != b->route.metric)
        return a->route.metric < b->route.metric ? -1 : 1;
    return 0;
}

RB_GENERATE(rpl_rt_tree, rpl_rt_own, tree, rpl_rt_compare)

#define OWNER(member, type, field)                                                                 \
    ((struct type *)(void *)((char *)(member)-offsetof(struct type, field)))

static struct rpl_target *target_of(struct rpl_rt *rt)
{
    return OWNER(rt, rpl_target, rt);
}

static struct rpl_rt_own *own_of(struct rpl_rt *rt)
{
    return OWNER(rt, rpl_rt_own, rt);
}

static void describe_target(const struct rpl_target *t, struct rpl_route *out)
{
    *out = (struct rpl_route){.kind = RPL_ROUTE_TUN,
                              .dst = t->prefix,
                              .dst_len = t->len,
                              .metric = t->inst->cfg.route_metric};
    if (!rpl_storing(t->inst))
        return;
    /* Without a hop: the last one that it had. */
    out->kind = RPL_ROUTE_VIA;
    out->via = rpl_target_hops(t)->via;
    out->ifindex = rpl_target_hops(t)->ifindex;
}

void rpl_rt_describe(struct rpl_rt *rt, struct rpl_route *ret_route)
{
    if (rt->of_target)
        describe_target(target_of(rt), ret_route);
    else
        *ret_route = own_of(rt)->route;
}

static bool same(const struct rpl_route *a, const struct rpl_route *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind != RPL_ROUTE_VIA ||
           (a->ifindex == b->ifindex && rpl_addr_equal(&a->via, &b->via));
}

bool rpl_rt_idle(const struct rpl_rt *rt)
{
    return !rt->wanted && !rt->installed && !rt->inflight && !rt->is_dirty;
}

bool rpl_rt_settled(const struct rpl_rt *rt)
{
    return rt->installed && rt->current;
}

static void mark(struct rpl_engine *e, struct rpl_rt *rt)
{
    if (rt->is_dirty)
        return;
    rt->is_dirty = true;
    STAILQ_INSERT_TAIL(&e->dirty, rt, dirty);
}

static void gone(struct rpl_engine *e, struct rpl_rt *rt)
{
    rt->installed = rt->current = false;
    mark(e, rt);
}

/* ---- finding ----------------------------------------------------------------------- */

static struct rpl_rt_own *find_own(struct rpl_engine *e, const struct rpl_route *route)
{
    struct rpl_rt_own key = {.route = *route};

    return RB_FIND(rpl_rt_tree, &e->routes, &key);
}

static struct rpl_rt_own *get_own(struct rpl_engine *e, const struct rpl_route *route)
{
    struct rpl_rt_own *own = find_own(e, route);
    uint32_t id;

    if (own)
        return own;
    own = rpl_slab_new(e, &e->own_routes, &id);
    if (!own) {
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    own->id = id;
    own->route = *route;
    LIST_INIT(&own->rt.waits);
    RB_INSERT(rpl_rt_tree, &e->routes, own);
    return own;
}

/* The route of a target of |inst| that meets |route| in the kernel's table; NULL if none does. */
static struct rpl_rt *find_target(struct rpl_instance *inst, const struct rpl_route *route)
{
    struct rpl_target *t = NULL;

    if (route->metric == inst->cfg.route_metric)
        t = rpl_target_find(inst, &route->dst, route->dst_len);
    return t && !rpl_rt_idle(&t->rt) ? &t->rt : NULL;
}

static struct rpl_rt *find(struct rpl_engine *e, const struct rpl_route *route)
{
    struct rpl_rt_own *own = find_own(e, route);
    struct rpl_rt *rt = own ? &own->rt : NULL;

    for (uint32_t i = 0; i < e->instance_count && !rt; i++)
        rt = find_target(&e->instance[i], route);
    return rt;
}

void rpl_rt_each(struct rpl_engine *e,
                 void (*act)(struct rpl_engine *e, struct rpl_rt *rt, const void *arg),
                 const void *arg)
{
    struct rpl_rt_own *own;
    struct rpl_target *t;

    RB_FOREACH (own, rpl_rt_tree, &e->routes)
        act(e, &own->rt, arg);
    for (uint32_t i = 0; i < e->instance_count; i++)
        RB_FOREACH (t, rpl_target_tree, &e->instance[i].targets)
            if (!rpl_rt_idle(&t->rt))
                act(e, &t->rt, arg);
}

/* ---- wanting ----------------------------------------------------------------------- */

/* What the kernel has by |from| is |to|'s from here on; no answer to |from| counts any more. */
static void take(struct rpl_engine *e, struct rpl_rt *to, struct rpl_rt *from)
{
    struct rpl_route a, b;

    if (!from || from == to)
        return;
    rpl_rt_describe(to, &a);
    rpl_rt_describe(from, &b);
    to->current = rpl_rt_settled(from) && !from->inflight && same(&a, &b);
    to->installed = to->installed || (from->inflight ? !from->deleting : from->installed);
    from->wanted = from->inflight = false;
    rpl_ack_route_done(e, from, 0);
    gone(e, from);
}

/* One of several that want a way to the same destination has it: the last one to come. */
static void take_over(struct rpl_engine *e, struct rpl_rt *rt)
{
    struct rpl_route route;
    struct rpl_rt_own *own;

    rpl_rt_describe(rt, &route);
    own = find_own(e, &route);
    if (own && &own->rt != rt) {
        if (own->holder)
            *own->holder = NULL;
        own->holder = NULL;
        take(e, rt, &own->rt);
    }
    for (uint32_t i = 0; i < e->instance_count; i++)
        take(e, rt, find_target(&e->instance[i], &route));
}

static void want(struct rpl_engine *e, struct rpl_rt *rt, bool changed)
{
    if (changed) {
        rt->current = false;
        rt->stale = rt->inflight;
    }
    if (!rt->wanted)
        take_over(e, rt);
    rt->wanted = true;
    if (!rpl_rt_settled(rt))
        mark(e, rt);
}

static void unwant(struct rpl_engine *e, struct rpl_rt *rt)
{
    if (!rt->wanted)
        return;
    rt->wanted = false;
    rpl_ack_route_done(e, rt, 0);
    mark(e, rt);
}

void rpl_rt_want(struct rpl_engine *e, struct rpl_rt_own **holder, const struct rpl_route *route,
                 uint8_t instance)
{
    struct rpl_rt_own *own = get_own(e, route);
    bool changed;

    if (*holder != own)
        rpl_rt_unwant(e, holder);
    if (!own)
        return;
    if (own->holder && own->holder != holder)
        *own->holder = NULL;
    own->holder = holder;
    *holder = own;
    changed = !same(&own->route, route);
    own->route = *route;
    own->instance = instance;
    own->found = false;
    want(e, &own->rt, changed);
}

void rpl_rt_unwant(struct rpl_engine *e, struct rpl_rt_own **holder)
{
    struct rpl_rt_own *own = *holder;

    if (!own)
        return;
    *holder = NULL;
    own->holder = NULL;
    unwant(e, &own->rt);
}

void rpl_rt_want_target(struct rpl_target *t, bool changed)
{
    want(t->inst->engine, &t->rt, changed);
}

void rpl_rt_unwant_target(struct rpl_target *t)
{
    unwant(t->inst->engine, &t->rt);
}

/* ---- effects and answers ----------------------------------------------------------- */

static bool link_is_up(struct rpl_engine *e, const struct rpl_route *route)
{
    const struct rpl_iface *iface = rpl_iface_find(e, route->ifindex);

    return route->kind != RPL_ROUTE_VIA || (iface && iface->up);
}

static void emit(struct rpl_engine *e, struct rpl_rt *rt, bool del, struct rpl_effect *out)
{
    uint32_t id = rt->of_target ? target_of(rt)->id : OWN | own_of(rt)->id;

    rt->deleting = del;
    rt->inflight = true;
    rt->stale = false;
    rt->token = ++e->token;
    out->type = del ? RPL_EFFECT_ROUTE_DEL : RPL_EFFECT_ROUTE_SET;
    out->u.route.token = (uint64_t)id << 32 | rt->token;
}

static struct rpl_rt *find_token(struct rpl_engine *e, uint64_t token)
{
    uint32_t id = (uint32_t)(token >> 32);
    struct rpl_rt_own *own = id & OWN ? rpl_slab_find(&e->own_routes, id & ~OWN) : NULL;
    struct rpl_target *t = id & OWN ? NULL : rpl_slab_find(&e->targets, id);
    struct rpl_rt *rt = own ? &own->rt : t ? &t->rt : NULL;

    return rt && rt->inflight && rt->token == (uint32_t)token ? rt : NULL;
}

static void end(struct rpl_engine *e, struct rpl_rt *rt)
{
    struct rpl_rt_own *own = own_of(rt);

    if (rt->of_target) {
        rpl_target_release(target_of(rt));
        return;
    }
    RB_REMOVE(rpl_rt_tree, &e->routes, own);
    rpl_slab_delete(e, &e->own_routes, own->id);
}

bool rpl_rt_poll(struct rpl_engine *e, struct rpl_effect *out)
{
    struct rpl_route *route = &out->u.route.route;
    struct rpl_rt *rt;

    while ((rt = STAILQ_FIRST(&e->dirty)) != NULL) {
        STAILQ_REMOVE_HEAD(&e->dirty, dirty);
        rt->is_dirty = false;
        if (rt->inflight)
            continue; /* looked at again when the answer comes */
        if (!rt->wanted && !rt->installed) {
            end(e, rt);
            continue;
        }
        rpl_rt_describe(rt, route);
        /* With the link down the kernel would refuse; link up marks it again. */
        if (rt->wanted && (rpl_rt_settled(rt) || !link_is_up(e, route)))
            continue;
        emit(e, rt, !rt->wanted, out);
        return true;
    }
    return false;
}

static void tell(struct rpl_engine *e, struct rpl_rt *rt, enum rpl_cause cause, int error)
{
    struct rpl_effect_trace *trace;
    struct rpl_route route;

    rpl_rt_describe(rt, &route);
    trace =
        rpl_trace(e, RPL_TRACE_ROUTE, cause, NULL, &route.dst,
                  route.kind == RPL_ROUTE_VIA && !rt->stale ? &route.via : NULL, (uint32_t)error);
    trace->instance = rt->of_target ? target_of(rt)->inst->cfg.id : own_of(rt)->instance;
    trace->len = route.dst_len;
}

int rpl_rt_result(struct rpl_engine *e, const struct rpl_event_route_result *ev)
{
    struct rpl_rt *rt = find_token(e, ev->token);

    if (!rt)
        return -RPL_ERR_NOENT;
    rt->inflight = false;
    if (rt->deleting) {
        tell(e, rt, RPL_CAUSE_REMOVED, ev->error);
        gone(e, rt);
        return 0;
    }
    rt->error = (uint16_t)ev->error;
    if (ev->error == 0) {
        rt->installed = true;
        rt->current = !rt->stale;
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
    if (!rt->wanted || rt->stale)
        mark(e, rt);
    return 0;
}

/* ---- what the kernel tells --------------------------------------------------------- */

/* A storing instance that could have made this route in its former life. */
static struct rpl_instance *storing_instance(struct rpl_engine *e, const struct rpl_route *route)
{
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        const struct rpl_iface *iface = rpl_iface_find(e, route->ifindex);
        if (!rpl_storing(inst) || inst->leaf || !iface || !rpl_iface_serves(iface, inst))
            continue;
        if (inst->cfg.role != RPL_ROLE_ROOT || rpl_prefix_of(inst, &route->dst))
            return inst;
    }
    return NULL;
}

/* The kernel has |route|, and nobody wants one to there. */
static int unclaimed(struct rpl_engine *e, const struct rpl_route *route)
{
    struct rpl_rt_own *own = get_own(e, route);
    struct rpl_instance *inst;

    if (!own)
        return -RPL_ERR_NOMEM;
    own->route = *route;
    own->rt.installed = own->rt.current = own->found = true;
    inst =
        route->kind == RPL_ROUTE_VIA && route->dst_len == 128 ? storing_instance(e, route) : NULL;
    if (inst)
        rpl_storing_found(inst, route);
    else if (route->kind == RPL_ROUTE_TUN)
        mark(e, &own->rt); /* no path is known: traffic would only be thrown away */
    if (!rpl_timer_armed(&e->t_sweep))
        rpl_timer_set(e, &e->t_sweep, e->now + RPL_UNCONFIRMED);
    return 0;
}

int rpl_rt_found(struct rpl_engine *e, const struct rpl_event_route *ev)
{
    struct rpl_rt *rt = find(e, &ev->route);
    struct rpl_route route;

    if (!rt || !(rt->wanted || rt->of_target))
        return unclaimed(e, &ev->route);
    rpl_rt_describe(rt, &route);
    rt->installed = true;
    rt->current = same(&route, &ev->route);
    if (!rt->wanted || !rpl_rt_settled(rt))
        mark(e, rt);
    return 0;
}

/* What was found at start and nobody has claimed since goes. */
void rpl_rt_sweep(struct rpl_engine *e)
{
    struct rpl_rt_own *own;

    RB_FOREACH (own, rpl_rt_tree, &e->routes)
        if (own->found && !own->rt.wanted)
            mark(e, &own->rt);
}

static void lost(struct rpl_engine *e, struct rpl_rt *rt, const void *arg)
{
    const struct rpl_event_route *ev = arg;
    struct rpl_route route;

    rpl_rt_describe(rt, &route);
    if (ev->route.ifindex == 0 ||
        (rt->current && route.kind == RPL_ROUTE_VIA && route.ifindex == ev->route.ifindex))
        gone(e, rt);
}

void rpl_rt_lost(struct rpl_engine *e, const struct rpl_event_route *ev)
{
    struct rpl_rt *rt = ev->all ? NULL : find(e, &ev->route);

    if (rt && !rt->inflight)
        gone(e, rt);
    if (ev->all)
        rpl_rt_each(e, lost, ev);
}

static void link_down(struct rpl_engine *e, struct rpl_rt *rt, const void *arg)
{
    const uint32_t *ifindex = arg;
    struct rpl_route route;

    rpl_rt_describe(rt, &route);
    if (route.kind != RPL_ROUTE_VIA || route.ifindex != *ifindex)
        return;
    if (rt->current)
        gone(e, rt);
    else
        mark(e, rt);
}

static void link_up(struct rpl_engine *e, struct rpl_rt *rt, const void *arg)
{
    const uint32_t *ifindex = arg;
    struct rpl_route route;

    rpl_rt_describe(rt, &route);
    if (route.kind == RPL_ROUTE_VIA && route.ifindex == *ifindex)
        mark(e, rt);
}

void rpl_rt_link(struct rpl_engine *e, uint32_t ifindex, bool up)
{
    rpl_rt_each(e, up ? link_up : link_down, &ifindex);
}

void rpl_rts_free(struct rpl_engine *e)
{
    RB_INIT(&e->routes);
    STAILQ_INIT(&e->dirty);
    rpl_slab_free(e, &e->own_routes);
}
