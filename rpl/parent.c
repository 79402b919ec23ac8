/* SPDX-License-Identifier: ISC */
/*
 * Choosing the preferred parent (RFC 6550 section 8.2): first the DODAG and its version, then
 * the objective function among the proven neighbours in it; then acting on the outcome.
 */
#include "rpl/engine.h"

#define RIO_METRIC 1024 /* the kernel's own where none is set */

/* A router cannot be made of what it does not understand. */
static bool unknown_to_us(const struct rpl_wire_dio *d)
{
    enum of_metric metric;

    return !of_supported(d->config.ocp) || rpl_metric_choose(d, &metric) == RPL_METRIC_UNKNOWN;
}

/* Heard, proven, and speaking of a DODAG that we may be a member of. */
static bool usable(const struct rpl_instance *inst, const struct rpl_nbr *n)
{
    const struct rpl_wire_dio *d = &n->dio;

    if (!n->has_dio || !d->has_config || n->etx == OF_ETX_UNKNOWN || d->rank == RPL_INFINITE_RANK ||
        inst->engine->now < n->refused_until)
        return false;
    /* Floating, we look for more than what hangs below us or drifts like us. */
    if (inst->cfg.ignore_unknown && unknown_to_us(d))
        return false; /* INS-05 */
    if (inst->floating)
        return !rpl_addr_equal(&d->dodag_id, &inst->dodag_id) && d->grounded;
    /* Of a local instance another DODAG is another instance (RFC 6550 section 5.1). */
    if (!inst->has_dodag || !rpl_addr_equal(&d->dodag_id, &inst->dodag_id))
        return !inst->has_dodag || !(inst->cfg.id & RPL_INSTANCE_LOCAL);
    /* DIO-04: never again a member of an older version. */
    enum rpl_order order = rpl_lollipop_compare(d->version, inst->version);
    return order == RPL_EQUAL || order == RPL_NEWER;
}

static bool same_version(const struct rpl_wire_dio *a, const struct rpl_wire_dio *b)
{
    return a->version == b->version && rpl_addr_equal(&a->dodag_id, &b->dodag_id);
}

/* REP-07: grounded, then preference, then where we are, then the newer version, then Rank. */
static bool better_dodag(const struct rpl_instance *inst, const struct rpl_nbr *a,
                         const struct rpl_nbr *b)
{
    const struct rpl_wire_dio *x = &a->dio, *y = &b->dio;

    if (rpl_addr_equal(&x->dodag_id, &y->dodag_id)) {
        if (x->version != y->version)
            return rpl_lollipop_compare(x->version, y->version) == RPL_NEWER;
        return x->rank < y->rank;
    }
    if (x->grounded != y->grounded)
        return x->grounded;
    if (x->preference != y->preference)
        return x->preference > y->preference;
    if (inst->has_dodag) {
        bool here = rpl_addr_equal(&x->dodag_id, &inst->dodag_id);
        if (here != rpl_addr_equal(&y->dodag_id, &inst->dodag_id))
            return here;
    }
    return x->rank < y->rank;
}

struct choice {
    struct of_params of;
    uint16_t own_rank, max_rank;
    size_t count;
    struct rpl_nbr *nbr[RPL_CANDIDATES_MAX];
    struct of_candidate cand[RPL_CANDIDATES_MAX];
    enum of_verdict verdict[RPL_CANDIDATES_MAX];
    struct of_result result;
};

/* RFC 6550 section 8.2.2.4: within a version never above L + DAGMaxRankIncrease. */
static void bounds(const struct rpl_instance *inst, const struct rpl_nbr *ref, struct choice *c)
{
    const struct rpl_wire_config *config = &ref->dio.config;
    uint16_t lowest = rpl_instance_lowest(inst, &ref->dio);
    uint32_t max;

    c->of = inst->of;
    c->of.min_hop_rank_increase = config->min_hop_rank_increase;
    c->of.max_rank_increase = config->max_rank_increase;
    rpl_metric_choose(&ref->dio, &c->of.metric);
    c->own_rank = RPL_INFINITE_RANK;
    c->max_rank = RPL_INFINITE_RANK - 1;
    if (inst->joined && inst->version == ref->dio.version &&
        rpl_addr_equal(&inst->dodag_id, &ref->dio.dodag_id))
        c->own_rank = inst->rank;
    if (lowest == RPL_INFINITE_RANK)
        return;
    if (config->max_rank_increase == 0 && inst->cfg.compat.max_rank_increase_0_unlimited)
        return;
    max = (uint32_t)lowest + config->max_rank_increase;
    if (max < c->max_rank)
        c->max_rank = (uint16_t)max;
}

/* One that is not looked at: what stands against it by itself. */
static void pass_over(const struct rpl_instance *inst, struct rpl_nbr *n,
                      const struct of_candidate *cand)
{
    of_path_rank(inst->config.ocp, &inst->of, cand, &n->verdict);
    if (n->verdict == OF_PREFERRED || n->verdict == OF_PARENT)
        n->verdict = OF_COSTS_MORE; /* another DODAG or an older version */
}

/* Where there is no room for all, our parent stays and of the others those closest to the root. */
static void add_candidate(const struct rpl_instance *inst, struct choice *c, struct rpl_nbr *n,
                          const struct of_candidate *cand)
{
    size_t at = c->count;

    if (c->count == RPL_CANDIDATES_MAX) {
        at = c->cand[0].current ? 1 : 0;
        for (size_t i = at + 1; i < c->count; i++)
            if (!c->cand[i].current && c->cand[i].rank > c->cand[at].rank)
                at = i;
        if (!cand->current && cand->rank >= c->cand[at].rank) {
            pass_over(inst, n, cand);
            return;
        }
        pass_over(inst, c->nbr[at], &c->cand[at]);
    } else {
        c->count++;
    }
    c->nbr[at] = n;
    c->cand[at] = *cand;
}

static void collect(struct rpl_instance *inst, const struct rpl_nbr *ref, struct choice *c)
{
    struct rpl_nbr *n;

    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs) {
        struct of_candidate cand = {.rank = n->dio.rank,
                                    .etx = n->etx,
                                    .current = n == inst->parent,
                                    .grounded = n->dio.grounded,
                                    .preference = n->dio.preference,
                                    .heard = n->heard};
        n->path_rank = RPL_INFINITE_RANK;
        n->verdict = OF_NOT_PROVEN;
        if (!n->has_dio)
            continue;
        rpl_metric_candidate(n, c->of.metric, &cand);
        if (ref && usable(inst, n) && same_version(&n->dio, &ref->dio))
            add_candidate(inst, c, n, &cand);
        else
            pass_over(inst, n, &cand);
    }
}

static void choose(struct rpl_instance *inst, const struct rpl_nbr *ref, struct choice *c)
{
    c->count = 0;
    c->of = inst->of;
    c->result = (struct of_result){.preferred = -1, .rank = RPL_INFINITE_RANK};
    if (ref)
        bounds(inst, ref, c);
    collect(inst, ref, c);
    if (c->count == 0)
        return;
    of_select(ref->dio.config.ocp, &c->of, c->cand, c->count, c->own_rank, c->max_rank, c->verdict,
              &c->result);
    for (size_t i = 0; i < c->count; i++) {
        c->nbr[i]->verdict = c->verdict[i];
        c->nbr[i]->path_rank = of_path_rank(ref->dio.config.ocp, &c->of, &c->cand[i], NULL);
    }
}

static void want_route(struct rpl_instance *inst, struct rpl_rt_own **rt, bool wanted,
                       const struct rpl_addr *dst, uint8_t len, uint32_t metric)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_route route = {.kind = RPL_ROUTE_VIA, .dst_len = len, .metric = metric};

    if (!wanted || !inst->parent) {
        rpl_rt_unwant(e, rt);
        return;
    }
    route.dst = *dst;
    rpl_addr_mask(&route.dst, len);
    route.ifindex = inst->parent->ifindex;
    route.via = inst->parent->addr;
    rpl_rt_want(e, rt, &route, inst->cfg.id);
}

/*
 * DIO-09: a router in several DODAGs sends a packet into the one whose root leads to where it goes.
 * Of several that offer the same, the preference decides, then their order; each has a metric of
 * its own, so that all of them stand.
 */
static void outside_routes(struct rpl_instance *inst)
{
    uint32_t metric = inst->cfg.route_metric ? inst->cfg.route_metric : RIO_METRIC;
    const struct rpl_addr none = {{0}};

    for (uint8_t i = 0; i < RPL_WIRE_RIOS_MAX; i++) {
        const struct rpl_wire_rio *rio = i < inst->rio_count ? &inst->rio[i] : NULL;
        bool wanted = inst->joined && inst->cfg.outside_routes && rio && rio->len > 0 &&
                      rio->lifetime_s > 0 && !rpl_addr_is_multicast(&rio->prefix) &&
                      !rpl_addr_is_link_local(&rio->prefix);
        want_route(inst, &inst->rt_rio[i], wanted, rio ? &rio->prefix : &none, rio ? rio->len : 0,
                   metric + (rio ? (uint32_t)(1 - rio->preference) : 0) * RPL_INSTANCES_MAX +
                       inst->index);
    }
}

/* INS-03: the way up goes through the preferred parent: the DODAG's prefix, the root if it is
 * outside of it, and everything else if configured. */
void rpl_parent_routes(struct rpl_instance *inst)
{
    static const struct rpl_addr any;
    uint8_t len = 0;
    const struct rpl_addr *prefix = rpl_prefix(inst, &len);
    bool inside = rpl_prefix_holds(inst, &inst->dodag_id);
    uint32_t metric = inst->cfg.route_metric;

    if (inst->cfg.role == RPL_ROLE_ROOT)
        return;
    want_route(inst, &inst->rt_default, inst->joined && inst->cfg.default_route, &any, 0, metric);
    want_route(inst, &inst->rt_prefix, inst->joined && prefix, prefix ? prefix : &any, len, metric);
    for (unsigned n = 1; n < RPL_WIRE_PIOS_MAX; n++) {
        prefix = rpl_prefix_nth(inst, n);
        want_route(inst, &inst->rt_more[n - 1], inst->joined && prefix, prefix ? prefix : &any, len,
                   metric);
    }
    want_route(inst, &inst->rt_root, inst->joined && !inside, &inst->dodag_id, 128, metric);
    outside_routes(inst);
}

bool rpl_parent_address(const struct rpl_instance *inst, const struct rpl_nbr *parent,
                        struct rpl_addr *ret_addr)
{
    const struct rpl_addr *prefix = rpl_prefix(inst, NULL);

    /* DNS-03: a PIO with R=1 carries the parent's own address. */
    for (int other = 0; other < 2; other++)
        for (uint8_t i = 0; i < parent->dio.pio_count; i++) {
            const struct rpl_wire_pio *pio = &parent->dio.pio[i];
            /* The one in the prefix that is here to stay comes first. */
            if (!pio->router_address || !rpl_addr_is_routable(&pio->prefix) ||
                (!other && !(prefix && rpl_addr_match(&pio->prefix, prefix, 64))))
                continue;
            *ret_addr = pio->prefix;
            return true;
        }
    if (!prefix || !inst->cfg.compat.parent_by_prefix)
        return false;
    /* NOTE: deployed roots and routers send R=0 and are known by prefix::IID (interop). */
    *ret_addr = rpl_addr_join(prefix, &parent->addr);
    return true;
}

static void apply(struct rpl_instance *inst, struct rpl_nbr *best, uint16_t rank,
                  enum rpl_cause cause)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_nbr *old = inst->parent;
    uint16_t old_dag_rank = of_dag_rank(&inst->of, inst->rank);
    bool switched = old != best;
    /* On its way already, perhaps after a pause: nobody answered. */
    bool owed = inst->dao_all && rpl_timer_armed(&inst->t_dao);
    bool moved = inst->joined && !rpl_addr_equal(&inst->dodag_id, &best->dio.dodag_id);
    struct rpl_addr old_addr = {{0}};

    if (old)
        old_addr = old->addr;
    inst->parent = best;
    rpl_instance_adopt(inst, best);
    inst->rank = rank;
    /* INS-10: our routes change after a DIO has told of the other DODAG, not before. */
    if (moved && !inst->leaf)
        rpl_dio_send(inst, 0, NULL);
    if (switched) {
        rpl_nbr_chosen(best);
        if (old)
            rpl_count(e, RPL_COUNT_PARENT_SWITCH);
        rpl_trace(e, RPL_TRACE_PARENT, old ? cause : RPL_CAUSE_FIRST, inst, &best->addr,
                  old ? &old_addr : NULL, rank);
        inst->dao_all = inst->refresh_seq = true;
        inst->dao_apart = false;
        rpl_dao_outs_free(inst, false);
        rpl_instance_reset_trickle(inst, false);
        rpl_dao_moved(inst);
        rpl_dao_asked_before(inst, best);
    } else if (of_dag_rank(&inst->of, rank) != old_dag_rank) {
        rpl_instance_reset_trickle(inst, false);
    }
    rpl_dao_parents_update(inst);
    rpl_parent_routes(inst);
    if (inst->dao_all && (switched || !owed))
        rpl_dao_schedule(inst, rpl_dao_delay(inst));
}

/* No parent in any case, whoever else speaks of its DODAG Version. */
static bool out_of_reach(const struct rpl_instance *inst, const struct rpl_nbr *n)
{
    struct of_candidate cand = {.rank = n->dio.rank, .etx = n->etx};
    struct choice c;

    if (!n->has_dio || !n->dio.has_config)
        return true;
    bounds(inst, n, &c);
    rpl_metric_candidate(n, c.of.metric, &cand);
    return of_path_rank(n->dio.config.ocp, &c.of, &cand, NULL) > c.max_rank;
}

/* Of the best DODAG Version that is left; NULL: none is. */
static struct rpl_nbr *best_version(struct rpl_instance *inst)
{
    struct rpl_nbr *n, *ref = NULL;

    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs)
        if (!n->no_way && usable(inst, n) && (!ref || better_dodag(inst, n, ref)))
            ref = n;
    return ref;
}

void rpl_parent_select(struct rpl_instance *inst, enum rpl_cause cause)
{
    struct choice c;
    struct rpl_nbr *n, *ref;

    if (inst->cfg.role == RPL_ROLE_ROOT)
        return;
    inst->room_below = 0; /* Ranks and links changed */
    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs)
        n->no_way = false;
    /* The better DODAG, or the newer version, may have no way for us: then the next one that may,
     * down to the one where we are. Few are looked at, as those out of reach are left out. */
    for (;;) {
        ref = best_version(inst);
        choose(inst, ref, &c);
        if (!ref || c.result.preferred >= 0)
            break;
        RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs)
            n->no_way = n->no_way || same_version(&n->dio, &ref->dio) || out_of_reach(inst, n);
    }
    if (c.result.preferred >= 0)
        apply(inst, c.nbr[c.result.preferred], c.result.rank, cause);
    else if (!inst->floating)
        rpl_instance_detach(inst, cause);
}
