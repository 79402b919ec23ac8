/* SPDX-License-Identifier: ISC */
/*
 * DIO: DODAG Information Object (RFC 6550 sections 6.3 and 8.2). What is sent is always the
 * base, the Configuration, the prefixes and the relayed routes, and nothing else: deployed
 * motes discard a DIO with padding or an option they do not know.
 */
#include "rpl/engine.h"

#define ALARM_BURST 5
#define ALARM_PERIOD RPL_S(600)

/*
 * A prefix as we pass it on; false: not at all. DIO-07: only the root speaks for an on-link
 * prefix, and R=1 would name our parent. DIO-08: in non-storing mode our children name us by the
 * address that R=1 gives them, so the prefix waits until we have one in it.
 */
static bool relay_pio(const struct rpl_instance *inst, struct rpl_wire_pio *pio)
{
    const struct rpl_addr *own;

    if (inst->cfg.role == RPL_ROLE_ROOT)
        return true;
    if (pio->on_link)
        return false;
    if (!pio->router_address && inst->mop != RPL_MOP_NON_STORING)
        return true;
    own = rpl_own_in(inst, inst->parent ? inst->parent->ifindex : 0,
                     pio->autonomous ? &pio->prefix : rpl_prefix(inst, NULL));
    if (!own || (pio->autonomous && !rpl_addr_match(own, &pio->prefix, pio->len)))
        return false;
    pio->router_address = true;
    pio->prefix = *own;
    return true;
}

static void fill(struct rpl_instance *inst, struct rpl_wire_dio *d)
{
    memset(d, 0, sizeof(*d));
    d->instance = inst->cfg.id;
    d->version = inst->version;
    d->rank = inst->leaf || !inst->joined ? RPL_INFINITE_RANK : inst->rank;
    d->grounded = inst->grounded;
    d->mop = inst->mop;
    d->preference = inst->preference;
    d->dtsn = inst->dtsn;
    d->dodag_id = inst->dodag_id;
    d->has_config = inst->has_config;
    d->config = inst->config;
    rpl_prefix_fill(inst);
    for (uint8_t i = 0; i < inst->pio_count; i++) {
        d->pio[d->pio_count] = inst->pio[i];
        if (relay_pio(inst, &d->pio[d->pio_count]))
            d->pio_count++;
        else
            memset(&d->pio[d->pio_count], 0, sizeof(d->pio[0]));
    }
    /* A leaf says nothing about paths, for there is none through it (RFC 6550 section 8.5). */
    d->metric_count = inst->leaf ? 0 : inst->metric_count;
    memcpy(d->metric, inst->metric, d->metric_count * sizeof(d->metric[0]));
    d->rio_count = inst->rio_count;
    memcpy(d->rio, inst->rio, d->rio_count * sizeof(d->rio[0]));
}

void rpl_dio_send(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *dst)
{
    struct rpl_engine *e = inst->engine;

    if (!inst->has_dodag)
        return;
    for (size_t i = 0; i < e->iface_end; i++) {
        struct rpl_iface *iface = &e->iface[i];
        if (!rpl_iface_serves(iface, inst) || (dst && iface->ifindex != ifindex))
            continue;
        e->scratch->code = RPL_CODE_DIO;
        fill(inst, &e->scratch->u.dio);
        if (rpl_send(e, iface->ifindex, &iface->address, dst ? dst : &rpl_addr_all_nodes) > 0) {
            rpl_count(e, RPL_COUNT_DIO_OUT);
            inst->announced = inst->announced || !dst;
        }
        /* PAR-07: L is the lowest Rank that was sent, not the lowest computed. */
        if (e->scratch->u.dio.rank < inst->lowest)
            inst->lowest = e->scratch->u.dio.rank;
    }
}

static void alarm_about(struct rpl_instance *inst, enum rpl_counter counter, enum rpl_cause cause,
                        const struct rpl_packet *p, uint32_t value)
{
    struct rpl_engine *e = inst->engine;

    rpl_count(e, counter);
    if (rpl_bucket_take(&inst->alarms, e->now, ALARM_BURST, ALARM_PERIOD))
        rpl_trace(e, RPL_TRACE_ALARM, cause, inst, p->src, NULL, value);
}

/*
 * DIO-12: a root that restored its version never moves for one that it hears. One that started
 * without state may have been here before and jumps past what the motes hold, in its first
 * hour and at most once in ten minutes.
 */
static void root_hears_newer(struct rpl_instance *inst, const struct rpl_packet *p, uint8_t version)
{
    struct rpl_engine *e = inst->engine;
    bool may = !inst->restored && e->now - inst->born < RPL_JUMP_WINDOW &&
               (inst->jump_at == 0 || e->now - inst->jump_at >= RPL_JUMP_GAP);

    if (!may) {
        alarm_about(inst, RPL_COUNT_VERSION_SPOOFED, RPL_CAUSE_VERSION_SPOOFED, p, version);
        rpl_instance_reset_trickle(inst, true);
        return;
    }
    inst->jump_at = e->now ? e->now : 1;
    inst->version = version;
    rpl_instance_global_repair(inst, RPL_CAUSE_STALE_STATE);
}

/* A node below us knows our version before we have ever told it: it is from our last life. */
static bool was_here(const struct rpl_instance *inst, const struct rpl_wire_dio *d)
{
    return !inst->restored && !inst->announced && d->version == inst->version &&
           d->rank > inst->rank;
}

static void root_receive(struct rpl_instance *inst, const struct rpl_packet *p,
                         const struct rpl_wire_dio *d)
{
    enum rpl_order order = rpl_lollipop_compare(d->version, inst->version);

    /* A link probe or a child that lost its way is no news (interop), unless it knows what we have
     * not said: whoever lost its parent because we came back without state says so with
     * INFINITE_RANK. */
    if (order == RPL_NEWER || was_here(inst, d)) {
        root_hears_newer(inst, p, d->version);
        return;
    }
    if (d->rank == RPL_INFINITE_RANK)
        return;
    if (order != RPL_EQUAL)
        rpl_instance_reset_trickle(inst, true); /* REP-08: so that it learns */
    else if (d->rank <= inst->rank)
        alarm_about(inst, RPL_COUNT_DODAGID_SPOOFED, RPL_CAUSE_DODAGID_SPOOFED, p, d->rank);
}

/* TRK-06: a multicast DIO of our version from closer to the root that changed nothing. */
static bool consistent(const struct rpl_instance *inst, const struct rpl_packet *p,
                       const struct rpl_wire_dio *d)
{
    return p->multicast && inst->joined && d->version == inst->version &&
           rpl_addr_equal(&d->dodag_id, &inst->dodag_id) &&
           of_dag_rank(&inst->of, d->rank) < of_dag_rank(&inst->of, inst->rank);
}

/* Options that a DIO left out are those of the last one that had them. */
static void remember(struct rpl_nbr *n, const struct rpl_wire_dio *d, uint64_t digest)
{
    struct rpl_wire_dio old;
    bool same;

    old = n->dio;
    same = n->has_dio && rpl_addr_equal(&old.dodag_id, &d->dodag_id);
    n->dio = *d;
    if (same && !d->has_config && old.has_config) {
        n->dio.has_config = true;
        n->dio.config = old.config;
    }
    if (same && d->pio_count == 0) {
        n->dio.pio_count = old.pio_count;
        memcpy(n->dio.pio, old.pio, sizeof(old.pio));
    }
    n->has_dio = true;
    n->dio_digest = digest;
}

/* A DIO that says what the last one said, over a link that costs what it cost, moves nothing. A
 * parent that refused us comes back by time alone. */
static bool worth_selecting(const struct rpl_instance *inst, struct rpl_nbr *n, bool news)
{
    bool same = inst->joined && !news && n->etx == n->dio_etx && n->refused_until == 0;

    n->dio_etx = n->etx;
    return !same;
}

/* What a DIO told us that its sender had not told before. */
struct news {
    bool any, dtsn, restarted;
};

static int router_receive(struct rpl_instance *inst, const struct rpl_packet *p,
                          const struct rpl_wire_dio *d, struct rpl_nbr *n, struct news news)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_nbr *parent = inst->parent;
    uint16_t rank = inst->rank;
    bool ours = inst->has_dodag && rpl_addr_equal(&d->dodag_id, &inst->dodag_id);
    enum rpl_cause cause = RPL_CAUSE_ETX;

    if (!p->multicast && n->asking)
        rpl_nbr_answered(n);
    if (ours && rpl_lollipop_compare(d->version, inst->version) == RPL_OLDER) {
        rpl_count(e, RPL_COUNT_DROP_VERSION_OLD);
        if (inst->joined)
            rpl_instance_reset_trickle(inst, true);
        else
            rpl_instance_poison_again(inst);
    }
    if (d->rank == RPL_INFINITE_RANK)
        cause = RPL_CAUSE_POISON;
    else if (ours && d->version != inst->version)
        cause = RPL_CAUSE_VERSION;
    if (worth_selecting(inst, n, news.any))
        rpl_parent_select(inst, cause);
    if (consistent(inst, p, d) && inst->parent == parent && inst->rank == rank)
        trickle_consistent(&inst->trickle);
    if (inst->joined && rpl_dao_parent_is(inst, &n->addr, n->ifindex)) {
        if (news.dtsn)
            rpl_dao_asked(inst);
        else if (news.restarted)
            rpl_dao_parent_restarted(inst);
    } else if (news.dtsn || news.restarted) {
        n->stepped = e->now;
    }
    rpl_nbr_consider(n);
    return 0;
}

int rpl_dio_receive(struct rpl_engine *e, const struct rpl_packet *p)
{
    const struct rpl_wire_dio *d = &p->msg->u.dio;
    struct rpl_instance *inst = rpl_instance_find(e, d->instance, p->iface);
    enum rpl_counter drop = RPL_COUNTER_COUNT;
    struct rpl_nbr *n;
    struct news news = {0};
    uint64_t digest;

    rpl_count(e, RPL_COUNT_DIO_IN);
    if (!inst)
        drop = RPL_COUNT_DROP_INSTANCE_UNKNOWN;
    else if (d->mop != inst->cfg.mop)
        drop = RPL_COUNT_DROP_MOP;
    else if (inst->cfg.role == RPL_ROLE_ROOT &&
             !(inst->has_dodag && rpl_addr_equal(&d->dodag_id, &inst->dodag_id)))
        drop = RPL_COUNT_DROP_DODAG_FOREIGN;
    else if (inst->cfg.role != RPL_ROLE_ROOT && inst->cfg.has_dodag_id &&
             !rpl_addr_equal(&d->dodag_id, &inst->cfg.dodag_id))
        drop = RPL_COUNT_DROP_DODAG_FOREIGN;
    /* PAR-12: below ROOT_RANK there is only a virtual backbone, which we do not have. */
    else if (d->has_config && d->rank < d->config.min_hop_rank_increase)
        drop = RPL_COUNT_DROP_RANK_INVALID;
    if (drop != RPL_COUNTER_COUNT) {
        rpl_count(e, drop);
        return -RPL_ERR_DROPPED;
    }
    n = rpl_nbr_get(inst, p->src, p->ifindex);
    if (!n)
        return -RPL_ERR_DROPPED;
    n->heard = e->now;
    digest = rpl_digest(p->data + 4, p->len - 4);
    if (!n->has_dio || digest != n->dio_digest) { /* most say what the last one said */
        /* SEQ-10: DTSN is the sender's own; its first sighting is no step. */
        news.dtsn = n->has_dio && rpl_addr_equal(&n->dio.dodag_id, &d->dodag_id) &&
                    rpl_lollipop_compare(d->dtsn, n->dio.dtsn) == RPL_NEWER;
        /* One that is back where counters begin has started anew, without its state. */
        news.restarted = n->has_dio && d->dtsn == RPL_SEQUENCE_INIT && n->dio.dtsn != d->dtsn;
        news.any = true;
        remember(n, d, digest);
    }
    if (inst->cfg.role == RPL_ROLE_ROOT) {
        n->verdict = d->rank == RPL_INFINITE_RANK ? OF_RANK_INFINITE : OF_NOT_CLOSER;
        root_receive(inst, p, d);
        return 0;
    }
    return router_receive(inst, p, d, n, news);
}
