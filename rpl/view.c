/* SPDX-License-Identifier: ISC */
/* Queries of rpl/rpl_view.h: everything is copied out, nothing is changed. */
#include "rpl/engine.h"
#include "rpl/rpl_data.h"
#include "rpl/rpl_view.h"

static uint64_t since(rpl_tstamp now, rpl_tstamp then)
{
    return now > then ? now - then : 0;
}

static uint64_t until(rpl_tstamp now, rpl_tstamp then)
{
    return then == RPL_NEVER ? RPL_NEVER : then > now ? then - now : 0;
}

static void fill_trickle(const struct rpl_instance *inst, rpl_tstamp now,
                         struct rpl_view_instance *out)
{
    const struct trickle *tr = &inst->trickle;

    out->trickle_interval = out->trickle_t = out->trickle_end = RPL_NEVER;
    out->trickle_c = tr->c;
    out->trickle_k = tr->k;
    if (!trickle_running(tr))
        return;
    out->trickle_interval = tr->interval;
    out->trickle_t = tr->fired ? 0 : until(now, tr->t);
    out->trickle_end = until(now, tr->start + tr->interval);
}

static void fill_instance(struct rpl_instance *inst, rpl_tstamp now, struct rpl_view_instance *out)
{
    const struct rpl_addr *own = rpl_own_address(inst, 0);
    const struct rpl_addr *prefix = rpl_prefix(inst, NULL);

    *out = (struct rpl_view_instance){
        .index = inst->index,
        .id = inst->cfg.id,
        .role = inst->cfg.role,
        .joined = inst->joined,
        .waiting = rpl_iface_first(inst) == NULL,
        .dodag_id = inst->dodag_id,
        .version = inst->version,
        .dtsn = inst->dtsn,
        .mop = inst->mop,
        .preference = inst->preference,
        .grounded = inst->grounded,
        .rank = inst->rank,
        .dag_rank = of_dag_rank(&inst->of, inst->rank),
        .lowest_rank = inst->lowest,
        .ocp = inst->has_config ? inst->config.ocp : inst->cfg.ocp,
        .parent_switch_threshold = inst->cfg.parent_switch_threshold,
        .dodag = {.dio_interval_min = inst->config.interval_min,
                  .dio_interval_doublings = inst->config.interval_doublings,
                  .dio_redundancy_constant = inst->config.redundancy,
                  .max_rank_increase = inst->config.max_rank_increase,
                  .min_hop_rank_increase = inst->config.min_hop_rank_increase,
                  .default_lifetime = inst->config.default_lifetime,
                  .lifetime_unit_s = inst->config.lifetime_unit_s,
                  .path_control_size = inst->config.pcs},
        .rpi_type = inst->config.flags & RPL_CONFIG_RPI_23 ? RPL_RPI_23 : RPL_RPI_63,
        .compresses = (inst->config.flags & RPL_CONFIG_COMPRESSION) != 0,
        .has_address = own != NULL,
        .has_parent = inst->parent != NULL,
        .nodes = inst->node_count,
        .targets = inst->target_count,
        .neighbours = inst->nbr_count,
        .dao_sequence = inst->dao_seq,
        .path_sequence = inst->path_seq,
    };
    if (own)
        out->address = *own;
    if (prefix) {
        out->prefix = *prefix;
        out->prefix_len = 64;
        rpl_addr_mask(&out->prefix, 64); /* a router sends its whole address */
    }
    for (unsigned n = 1; n <= RPL_MORE_PREFIXES_MAX && (prefix = rpl_prefix_nth(inst, n)); n++) {
        out->more_prefix[out->more_prefix_count] = *prefix;
        rpl_addr_mask(&out->more_prefix[out->more_prefix_count++], 64);
    }
    if (inst->parent) {
        out->parent = inst->parent->addr;
        out->parent_ifindex = inst->parent->ifindex;
    }
    fill_trickle(inst, now, out);
}

bool rpl_view_next_instance(const struct rpl_engine *engine, struct rpl_cursor *cursor,
                            rpl_tstamp now, struct rpl_view_instance *out)
{
    struct rpl_engine *e = rpl_unconst(engine);
    uint32_t index = cursor->started ? cursor->index + 1 : 0;

    if (index >= e->instance_count)
        return false;
    cursor->started = true;
    cursor->index = index;
    fill_instance(&e->instance[index], now, out);
    return true;
}

bool rpl_view_standing(const struct rpl_engine *engine, uint32_t index,
                       struct rpl_view_standing *out)
{
    struct rpl_instance *inst;
    const struct rpl_nbr *parent;

    if (index >= engine->instance_count)
        return false;
    inst = &rpl_unconst(engine)->instance[index];
    parent = inst->parent;
    *out = (struct rpl_view_standing){
        .id = inst->cfg.id,
        .role = inst->cfg.role,
        .joined = inst->joined,
        .has_parent = parent != NULL,
        .rank = inst->rank,
        .lowest_rank = inst->lowest,
        .max_rank_increase = inst->config.max_rank_increase,
        .mhri = inst->config.min_hop_rank_increase,
        .dodag_id = inst->dodag_id,
        .neighbours = inst->nbr_count,
        .targets = inst->target_count,
        .limits = &engine->limits,
    };
    if (parent) {
        out->parent = parent->addr;
        out->parent_rank = parent->dio.rank;
    }
    return true;
}

bool rpl_view_parent_watched(const struct rpl_engine *engine, uint32_t index)
{
    const struct rpl_nbr *parent =
        index < engine->instance_count ? engine->instance[index].parent : NULL;

    return !parent || (rpl_slab_find(&engine->nbrs, parent->id) == parent &&
                       rpl_timer_armed(&parent->t_probe));
}

/* ---- nodes ------------------------------------------------------------------------- */

static enum rpl_route_state route_state(const struct rpl_rt *rt)
{
    if (!rt->wanted)
        return RPL_ROUTE_STATE_NONE;
    if (rpl_rt_settled(rt))
        return RPL_ROUTE_STATE_INSTALLED;
    return rt->error ? RPL_ROUTE_STATE_REFUSED : RPL_ROUTE_STATE_PENDING;
}

/* The chain from |t| to us, last hop first; 0 = it does not lead to us. */
static size_t chain(const struct rpl_target *t, const struct rpl_target **out)
{
    size_t n = 0;

    while (n < RPL_PATH_MAX) {
        const struct rpl_edge *edge = rpl_target_chosen(t);
        if (!edge)
            return 0;
        out[n++] = t;
        if (edge->self)
            return n;
        t = edge->parent;
    }
    return 0;
}

static void fill_source(const struct rpl_target *t, struct rpl_view_node *out)
{
    const struct rpl_target *path[RPL_PATH_MAX];
    size_t hops = chain(t, path);

    out->hops = (uint16_t)hops;
    if (hops)
        out->via = path[hops - 1]->prefix;
    for (uint8_t i = 0; i < t->way_count; i++) {
        /* The one in use comes first. */
        uint8_t from = t->chosen <= 0   ? i
                       : i == 0         ? (uint8_t)t->chosen
                       : i <= t->chosen ? (uint8_t)(i - 1)
                                        : i;
        const struct rpl_edge *edge = &rpl_target_edges(t)[from];
        out->parent[i].address = *rpl_edge_addr(edge);
        out->parent[i].self = edge->self;
        out->parent[i].path_control = edge->path_control;
    }
    out->parent_count = t->way_count;
}

static void fill_node(const struct rpl_target *t, rpl_tstamp now, struct rpl_view_node *out)
{
    bool storing = rpl_storing(t->inst);

    *out = (struct rpl_view_node){
        .instance = t->inst->cfg.id,
        .address = t->prefix,
        .len = t->len,
        .reachable = t->reachable,
        .unconfirmed = t->unconfirmed,
        .external = t->external,
        .path_sequence = t->path_seq,
        .stuck = !t->moved,
        .lifetime = until(now, rpl_target_expires(t)),
        .last_dao = since(now, t->last_dao),
        .joined = since(now, t->inst->born + RPL_S(t->joined_s)),
        .route = t->unconfirmed ? RPL_ROUTE_STATE_PENDING : route_state(&t->rt),
        .route_error = t->rt.wanted ? t->rt.error : 0,
    };
    if (!storing) {
        fill_source(t, out);
    } else if (t->way_count) {
        const struct rpl_hop *hop = rpl_target_hops(t);
        out->via = hop->via;
        out->ifindex = hop->ifindex;
        out->hops = rpl_addr_same_iid(&hop->via, &t->prefix) ? 1 : 0;
    }
}

static void fill_external(const struct rpl_external *x, rpl_tstamp now, struct rpl_view_node *out)
{
    const struct rpl_target *router = rpl_target_find(x->inst, &x->router, 128);

    *out = (struct rpl_view_node){
        .instance = x->inst->cfg.id,
        .address = x->prefix,
        .len = x->len,
        .reachable = router && router->reachable,
        .external = true,
        .via = x->router,
        .parent_count = 1,
        .path_sequence = x->path_seq,
        .stuck = !x->moved,
        .lifetime = until(now, x->expires),
        .last_dao = since(now, x->last_dao),
        .joined = since(now, x->joined),
        .route = x->route ? route_state(&x->route->rt) : RPL_ROUTE_STATE_NONE,
        .route_error = x->route ? x->route->rt.error : 0,
    };
    out->parent[0].address = x->router;
}

/* What lies behind routers of a storing DODAG comes behind its targets. */
static bool next_external(struct rpl_instance *inst, struct rpl_cursor *cursor, rpl_tstamp now,
                          struct rpl_view_node *out)
{
    bool go_on = cursor->started && cursor->external && cursor->index == inst->index;
    struct rpl_external key = {.prefix = cursor->addr, .len = cursor->len};
    struct rpl_external *x = go_on ? RB_NFIND(rpl_external_tree, &inst->externals, &key)
                                   : RB_MIN(rpl_external_tree, &inst->externals);

    if (go_on && x && rpl_external_compare(x, &key) == 0)
        x = RB_NEXT(rpl_external_tree, &inst->externals, x);
    if (!x)
        return false;
    *cursor = (struct rpl_cursor){
        .started = true, .index = inst->index, .len = x->len, .external = true, .addr = x->prefix};
    fill_external(x, now, out);
    return true;
}

/* The first target of |inst| behind the one that |cursor| shows, which may be gone. */
static struct rpl_target *target_after(struct rpl_instance *inst, const struct rpl_cursor *cursor)
{
    struct rpl_target key = {.prefix = cursor->addr, .len = cursor->len};
    struct rpl_target *t = RB_NFIND(rpl_target_tree, &inst->targets, &key);

    if (t && rpl_target_compare(t, &key) == 0)
        t = RB_NEXT(rpl_target_tree, &inst->targets, t);
    return t;
}

bool rpl_view_next_node(const struct rpl_engine *engine, struct rpl_cursor *cursor, rpl_tstamp now,
                        struct rpl_view_node *out)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = cursor->started ? cursor->index : 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        bool go_on = cursor->started && cursor->index == i;
        struct rpl_target *t =
            go_on ? target_after(inst, cursor) : RB_MIN(rpl_target_tree, &inst->targets);
        while (t && !t->known)
            t = RB_NEXT(rpl_target_tree, &inst->targets, t);
        if (!t || (go_on && cursor->external)) {
            if (next_external(inst, cursor, now, out))
                return true;
            continue;
        }
        *cursor =
            (struct rpl_cursor){.started = true, .index = i, .len = t->len, .addr = t->prefix};
        fill_node(t, now, out);
        return true;
    }
    cursor->started = true;
    cursor->index = e->instance_count;
    return false;
}

bool rpl_view_node(const struct rpl_engine *engine, const struct rpl_addr *addr, rpl_tstamp now,
                   struct rpl_view_node *out)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_target *t = rpl_target_find(&e->instance[i], addr, 128);
        const struct rpl_external *x = rpl_external_find(&e->instance[i], addr, 128);
        if (t && t->known)
            fill_node(t, now, out);
        else if (x)
            fill_external(x, now, out);
        else
            continue;
        return true;
    }
    return false;
}

bool rpl_view_target_of(const struct rpl_engine *engine, const struct rpl_addr *dst, rpl_tstamp now,
                        struct rpl_view_node *out)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = 0; i < e->instance_count; i++) {
        const struct rpl_target *t = rpl_target_match(&e->instance[i], dst);
        if (!t)
            continue;
        fill_node(t, now, out);
        return true;
    }
    return false;
}

/* ---- neighbours -------------------------------------------------------------------- */

bool rpl_view_next_neighbour(const struct rpl_engine *engine, struct rpl_cursor *cursor,
                             rpl_tstamp now, struct rpl_view_neighbour *out)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = cursor->started ? cursor->index : 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        struct rpl_nbr *n;
        if (!cursor->started || cursor->index != i) {
            n = RB_MIN(rpl_nbr_tree, &inst->nbrs);
        } else {
            struct rpl_nbr key = {.addr = cursor->addr, .ifindex = cursor->ifindex};
            n = RB_NFIND(rpl_nbr_tree, &inst->nbrs, &key);
            if (n && rpl_nbr_compare(n, &key) == 0)
                n = RB_NEXT(rpl_nbr_tree, &inst->nbrs, n);
        }
        if (!n)
            continue;
        *cursor = (struct rpl_cursor){
            .started = true, .index = i, .ifindex = n->ifindex, .addr = n->addr};
        *out = (struct rpl_view_neighbour){
            .instance = inst->cfg.id,
            .address = n->addr,
            .ifindex = n->ifindex,
            .rank = n->dio.rank,
            .version = n->dio.version,
            .dtsn = n->dio.dtsn,
            .etx = n->etx,
            .path_rank = n->path_rank,
            .preferred = n == inst->parent,
            .verdict = n->verdict,
            .last_heard = since(now, n->heard),
            .misses = n->misses,
        };
        return true;
    }
    cursor->started = true;
    cursor->index = e->instance_count;
    return false;
}

/* ---- routes ------------------------------------------------------------------------ */

static void fill_route(struct rpl_rt *rt, uint8_t instance, struct rpl_view_route_entry *out)
{
    out->instance = instance;
    rpl_rt_describe(rt, &out->route);
    out->state = rt->wanted ? route_state(rt) : RPL_ROUTE_STATE_PENDING;
    out->error = rt->error;
}

/* The first target of |inst| with a route; |after| (NULL: from the first one) comes before it. */
static struct rpl_target *next_routed(struct rpl_instance *inst, const struct rpl_cursor *after)
{
    struct rpl_target *t =
        after ? target_after(inst, after) : RB_MIN(rpl_target_tree, &inst->targets);

    while (t && rpl_rt_idle(&t->rt))
        t = RB_NEXT(rpl_target_tree, &inst->targets, t);
    return t;
}

/* The first route of no target behind |cursor|, whose |index| is a metric here. */
static struct rpl_rt_own *next_own(struct rpl_engine *e, const struct rpl_cursor *cursor)
{
    struct rpl_rt_own key = {
        .route = {.dst = cursor->addr, .dst_len = cursor->len, .metric = cursor->index}};
    struct rpl_rt_own *own;

    if (!cursor->started)
        return RB_MIN(rpl_rt_tree, &e->routes);
    own = RB_NFIND(rpl_rt_tree, &e->routes, &key);
    if (own && rpl_rt_compare(own, &key) == 0)
        own = RB_NEXT(rpl_rt_tree, &e->routes, own);
    return own;
}

/* |cursor->ifindex| says what it points at: 0 = a route of no target, else instance + 1. */
bool rpl_view_next_route(const struct rpl_engine *engine, struct rpl_cursor *cursor,
                         struct rpl_view_route_entry *out)
{
    struct rpl_engine *e = rpl_unconst(engine);
    struct rpl_rt_own *own = cursor->ifindex == 0 ? next_own(e, cursor) : NULL;
    uint32_t first = cursor->ifindex ? cursor->ifindex - 1 : 0;

    if (own) {
        *cursor = (struct rpl_cursor){.started = true,
                                      .index = own->route.metric,
                                      .len = own->route.dst_len,
                                      .addr = own->route.dst};
        fill_route(&own->rt, own->instance, out);
        return true;
    }
    for (uint32_t i = first; i < e->instance_count; i++) {
        bool within = cursor->ifindex == i + 1;
        struct rpl_target *t = next_routed(&e->instance[i], within ? cursor : NULL);
        if (!t)
            continue;
        *cursor = (struct rpl_cursor){
            .started = true, .ifindex = i + 1, .len = t->len, .addr = t->prefix};
        fill_route(&t->rt, t->inst->cfg.id, out);
        return true;
    }
    *cursor = (struct rpl_cursor){.started = true, .ifindex = e->instance_count + 1};
    return false;
}

uint64_t rpl_view_counter(const struct rpl_engine *engine, enum rpl_counter counter)
{
    uint64_t value = (unsigned)counter < RPL_COUNTER_COUNT ? engine->counter[counter] : 0;

    for (uint32_t i = 0; counter == RPL_COUNT_PARENTLESS_S && i < engine->instance_count; i++)
        value += rpl_instance_parentless_s(&engine->instance[i]);
    return value;
}

/* ---- for the forwarder ------------------------------------------------------------- */

static uint32_t first_ifindex(struct rpl_instance *inst, const struct rpl_target *first)
{
    struct rpl_engine *e = inst->engine;
    const struct rpl_addr *named = rpl_edge_addr(&rpl_target_edges(first)[first->chosen]);
    struct rpl_addr local;
    struct rpl_iface *iface;
    uint32_t ifindex;

    /* The child named us by the address of the interface that it hears. */
    for (size_t i = 0; i < e->iface_end; i++)
        if (rpl_iface_serves(&e->iface[i], inst) && rpl_addr_same_iid(&e->iface[i].address, named))
            return e->iface[i].ifindex;
    ifindex = rpl_view_neighbour_of(e, &first->prefix, &local);
    if (ifindex)
        return ifindex;
    iface = rpl_iface_first(inst);
    return iface ? iface->ifindex : 0;
}

static int source_route(struct rpl_instance *inst, const struct rpl_addr *dst,
                        struct rpl_view_path *out)
{
    const struct rpl_target *path[RPL_PATH_MAX];
    const struct rpl_target *t = rpl_target_match(inst, dst);
    const struct rpl_addr *own = rpl_own_address(inst, 0);
    size_t total, hops = t ? chain(t, path) : 0;
    const struct rpl_compat *compat = &inst->cfg.compat;
    const struct rpl_target *first;
    bool behind;

    if (hops == 0 || !own)
        return -RPL_ERR_NOENT;
    total = hops;
    first = path[total - 1];
    /* A prefix or an external host is reached by a tunnel to the node it lies behind (DNS-08). */
    behind = t->len != 128 || t->external;
    if (behind && --hops == 0)
        return -RPL_ERR_NOENT;
    *out = (struct rpl_view_path){
        .instance = inst->cfg.id,
        .ifindex = first_ifindex(inst, first),
        .encapsulate = compat->srh_encapsulate || behind,
        .behind = behind,
        .has_rpi = compat->downward_rpi,
        .rpi_type = compat->rpi_type,
        .rpi_flags = 0x80, /* O: down */
        .rpi_sender_rank = of_dag_rank(&inst->of, inst->rank),
        .source = inst->dodag_id,
        .hops = hops,
    };
    for (size_t i = 0; i < hops; i++)
        out->hop[i] = path[total - 1 - i]->prefix;
    out->next = rpl_addr_link_local(&out->hop[0]);
    return out->ifindex ? 0 : -RPL_ERR_NOENT;
}

/* R08-01: the router that it lies behind is reached as the storing routes have it. */
static int external_route(struct rpl_instance *inst, const struct rpl_addr *dst,
                          struct rpl_view_path *out)
{
    const struct rpl_external *x = rpl_external_match(inst, dst);
    const struct rpl_target *t = x ? rpl_target_find(inst, &x->router, 128) : NULL;
    struct rpl_view_node router;

    if (!t || !t->reachable)
        return -RPL_ERR_NOENT;
    fill_node(t, inst->engine->now, &router);
    *out = (struct rpl_view_path){
        .instance = inst->cfg.id,
        .ifindex = router.ifindex,
        .encapsulate = true,
        .behind = true,
        .has_rpi = inst->cfg.compat.downward_rpi,
        .rpi_type = inst->cfg.compat.rpi_type,
        .rpi_flags = 0x80, /* O: down */
        .rpi_sender_rank = of_dag_rank(&inst->of, inst->rank),
        .source = inst->dodag_id,
        .next = router.via,
        .hops = 1,
        .hop = {x->router},
    };
    return out->ifindex ? 0 : -RPL_ERR_NOENT;
}

int rpl_view_route(const struct rpl_engine *engine, const struct rpl_addr *dst,
                   struct rpl_view_path *ret_path)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        if (rpl_is_root(inst) && inst->mop == RPL_MOP_NON_STORING &&
            source_route(inst, dst, ret_path) == 0)
            return 0;
        if (external_route(inst, dst, ret_path) == 0)
            return 0;
    }
    return -RPL_ERR_NOENT;
}

int rpl_view_rpi(const struct rpl_engine *engine, uint8_t id, struct rpl_view_rpi *ret_rpi)
{
    for (uint32_t i = 0; i < engine->instance_count; i++) {
        const struct rpl_instance *inst = &engine->instance[i];
        if (inst->cfg.id != rpl_instance_id(id) || !inst->joined)
            continue;
        ret_rpi->role = inst->cfg.role;
        ret_rpi->dag_rank = of_dag_rank(&inst->of, inst->rank);
        ret_rpi->mhri = inst->of.min_hop_rank_increase;
        ret_rpi->drop_inline = inst->cfg.compat.inline_rpi_drop;
        /* R08-02: the root says which type its DODAG understands. */
        ret_rpi->type = inst->config.flags & RPL_CONFIG_RPI_23 ? RPL_RPI_23 : RPL_RPI_63;
        return 0;
    }
    return -RPL_ERR_NOENT;
}

/* ---- leaves ------------------------------------------------------------------------ */

static void fill_leaf(const struct rpl_leaf *leaf, rpl_tstamp now, struct rpl_event_leaf *out)
{
    *out = (struct rpl_event_leaf){.instance = leaf->inst->cfg.id,
                                   .address = leaf->addr,
                                   .local = leaf->local,
                                   .ifindex = leaf->ifindex,
                                   .tid = leaf->earo.tid,
                                   .rovr_size = leaf->earo.rovr.size,
                                   .lifetime_min = leaf->earo.lifetime_min,
                                   .route = leaf->earo.route,
                                   .announced = leaf->announced,
                                   .lifetime = until(now, leaf->expires)};
    memcpy(out->rovr, leaf->earo.rovr.octets, sizeof(out->rovr));
}

static void fill_registration(const struct rpl_registration *r, rpl_tstamp now,
                              struct rpl_event_leaf *out)
{
    *out = (struct rpl_event_leaf){.instance = r->inst->cfg.id,
                                   .address = r->addr,
                                   .tid = r->tid,
                                   .rovr_size = r->rovr.size,
                                   .lifetime = until(now, r->expires)};
    memcpy(out->rovr, r->rovr.octets, sizeof(out->rovr));
}

static const struct rpl_registration *next_registration(struct rpl_instance *inst,
                                                        const struct rpl_addr *after)
{
    struct rpl_registration key, *r;

    if (!after)
        return RB_MIN(rpl_registration_tree, &inst->registrations);
    key.addr = *after;
    r = RB_NFIND(rpl_registration_tree, &inst->registrations, &key);
    if (r && rpl_registration_compare(r, &key) == 0)
        r = RB_NEXT(rpl_registration_tree, &inst->registrations, r);
    return r;
}

/* |cursor->external| stands for the register here. */
bool rpl_view_next_leaf(const struct rpl_engine *engine, struct rpl_cursor *cursor, rpl_tstamp now,
                        struct rpl_event_leaf *out)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = cursor->started ? cursor->index : 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        const struct rpl_addr *after = cursor->started && cursor->index == i ? &cursor->addr : NULL;
        bool registered = after && cursor->external;
        const struct rpl_leaf *leaf = registered ? NULL : rpl_leaf_next(inst, after);
        const struct rpl_registration *r =
            leaf ? NULL : next_registration(inst, registered ? after : NULL);
        if (!leaf && !r)
            continue;
        if (leaf)
            fill_leaf(leaf, now, out);
        else
            fill_registration(r, now, out);
        *cursor = (struct rpl_cursor){
            .started = true, .index = i, .external = !leaf, .addr = out->address};
        return true;
    }
    cursor->started = true;
    cursor->index = e->instance_count;
    return false;
}

bool rpl_view_is_leaf(const struct rpl_engine *engine, const struct rpl_addr *addr)
{
    struct rpl_engine *e = rpl_unconst(engine);

    for (uint32_t i = 0; i < e->instance_count; i++)
        if (rpl_leaf_is(&e->instance[i], addr))
            return true;
    return false;
}

bool rpl_view_is_own(const struct rpl_engine *engine, const struct rpl_addr *addr)
{
    for (uint32_t i = 0; i < engine->instance_count; i++)
        if (rpl_is_self(&engine->instance[i], addr))
            return true;
    return false;
}

bool rpl_view_is_attached(const struct rpl_engine *engine, const struct rpl_addr *addr)
{
    for (uint32_t i = 0; i < engine->instance_count; i++) {
        const struct rpl_prefixes *attached = &engine->instance[i].cfg.attached;
        for (uint32_t k = 0; k < attached->count; k++)
            if (rpl_addr_match(addr, &attached->prefix[k].addr, attached->prefix[k].len))
                return true;
    }
    return false;
}

uint32_t rpl_view_neighbour_of(const struct rpl_engine *engine, const struct rpl_addr *addr,
                               struct rpl_addr *ret_link_local)
{
    struct rpl_engine *e = rpl_unconst(engine);
    struct rpl_addr local = rpl_addr_link_local(addr);

    for (size_t i = 0; i < e->iface_end; i++) {
        uint32_t ifindex = e->iface[i].ifindex;
        bool heard = ifindex && rpl_peer_find(e, &local, ifindex) != NULL;
        for (uint32_t k = 0; ifindex && !heard && k < e->instance_count; k++)
            heard = rpl_nbr_find(&e->instance[k], &local, ifindex) != NULL;
        if (!heard || !e->iface[i].up)
            continue;
        *ret_link_local = local;
        return ifindex;
    }
    return 0;
}
