/* SPDX-License-Identifier: ISC */
/*
 * Neighbours of an instance and what their links cost. Linux tells nothing about transmissions
 * on 802.15.4, so we ask: a unicast DIS that a neighbour answers by a unicast DIO (RFC 6550
 * section 8.3) proves the link both ways. Nobody is a parent before his first answer
 * (PAR-11, THR-02); the number of tries an answer took is the ETX sample; three misses in a row
 * mean lost. Only the few neighbours that could be a parent are asked.
 */
#include "rpl/engine.h"

#define FIRST_PROBE_MIN RPL_MS(20) /* many hear the same DIO: spread the questions */
#define FIRST_PROBE_MAX RPL_MS(500)
#define RETRY_MIN RPL_MS(50)
#define RETRY_MAX RPL_MS(250)

int rpl_nbr_compare(const struct rpl_nbr *a, const struct rpl_nbr *b)
{
    if (a->ifindex != b->ifindex)
        return a->ifindex < b->ifindex ? -1 : 1;
    return rpl_key_compare(&a->addr, &b->addr);
}

RB_GENERATE(rpl_nbr_tree, rpl_nbr, tree, rpl_nbr_compare)

struct rpl_nbr *rpl_nbr_find(struct rpl_instance *inst, const struct rpl_addr *addr,
                             uint32_t ifindex)
{
    struct rpl_nbr key = {.addr = *addr, .ifindex = ifindex};

    return RB_FIND(rpl_nbr_tree, &inst->nbrs, &key);
}

/* The neighbour heard longest ago that is neither the parent nor being asked. */
static struct rpl_nbr *least_useful(struct rpl_instance *inst)
{
    struct rpl_nbr *n, *oldest = NULL;

    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs)
        if (n != inst->parent && !rpl_timer_armed(&n->t_probe) &&
            (!oldest || n->heard < oldest->heard))
            oldest = n;
    return oldest;
}

struct rpl_nbr *rpl_nbr_get(struct rpl_instance *inst, const struct rpl_addr *addr,
                            uint32_t ifindex)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_nbr *n = rpl_nbr_find(inst, addr, ifindex);

    if (n)
        return n;
    if (inst->nbr_count >= e->limits.neighbours) {
        struct rpl_nbr *old = least_useful(inst);
        rpl_count(e, RPL_COUNT_DROP_NEIGHBOURS_FULL);
        if (!old || e->now - old->heard < RPL_PROBE_MAX)
            return NULL;
        rpl_nbr_free(old);
    }
    n = rpl_alloc(e, sizeof(*n));
    if (!n || !rpl_timer_register(e, &n->t_probe, TIMER_PROBE)) {
        rpl_free(e, n);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    n->inst = inst;
    n->addr = *addr;
    n->ifindex = ifindex;
    n->path_rank = RPL_INFINITE_RANK;
    n->verdict = OF_NOT_PROVEN;
    RB_INSERT(rpl_nbr_tree, &inst->nbrs, n);
    inst->nbr_count++;
    return n;
}

void rpl_nbr_free(struct rpl_nbr *n)
{
    struct rpl_instance *inst = n->inst;

    rpl_timer_unregister(inst->engine, &n->t_probe);
    RB_REMOVE(rpl_nbr_tree, &inst->nbrs, n);
    inst->nbr_count--;
    if (inst->parent == n)
        inst->parent = NULL;
    rpl_free(inst->engine, n);
}

void rpl_nbr_remove_link(struct rpl_instance *inst, uint32_t ifindex)
{
    struct rpl_nbr *n, *next;

    if (inst->parent && inst->parent->ifindex == ifindex) {
        inst->parent->etx = OF_ETX_UNKNOWN;
        inst->parent->dio.rank = RPL_INFINITE_RANK;
        rpl_parent_select(inst, RPL_CAUSE_LINK_DOWN);
    }
    for (n = RB_MIN(rpl_nbr_tree, &inst->nbrs); n; n = next) {
        next = RB_NEXT(rpl_nbr_tree, &inst->nbrs, n);
        if (n->ifindex == ifindex)
            rpl_nbr_free(n);
    }
    rpl_dao_parents_update(inst);
}

static void stop_asking(struct rpl_nbr *n)
{
    n->asking = false;
    n->tries = n->misses = 0;
    rpl_timer_stop(n->inst->engine, &n->t_probe);
}

/* Could this neighbour be our parent, as far as its last DIO tells? */
static bool of_use(const struct rpl_nbr *n)
{
    const struct rpl_instance *inst = n->inst;
    const struct rpl_wire_dio *d = &n->dio;

    if (inst->cfg.role == RPL_ROLE_ROOT || !n->has_dio || d->rank == RPL_INFINITE_RANK)
        return false;
    if (!inst->joined || n == inst->parent)
        return true;
    if (!rpl_addr_equal(&d->dodag_id, &inst->dodag_id))
        return d->grounded > inst->grounded ||
               (d->grounded == inst->grounded && d->preference >= inst->preference);
    switch (rpl_lollipop_compare(d->version, inst->version)) {
    case RPL_NEWER:
        return true;
    case RPL_EQUAL:
        return of_dag_rank(&inst->of, d->rank) < of_dag_rank(&inst->of, inst->rank);
    case RPL_OLDER:
    case RPL_NOT_COMPARABLE:
        break;
    }
    return false;
}

/* At most RPL_PROBE_ACTIVE neighbours are asked; one that is closer to the root takes the place
 * of the furthest. */
static bool make_room(struct rpl_nbr *n)
{
    struct rpl_instance *inst = n->inst;
    struct rpl_nbr *other, *worst = NULL;
    uint32_t active = 0;

    RB_FOREACH (other, rpl_nbr_tree, &inst->nbrs) {
        if (!rpl_timer_armed(&other->t_probe))
            continue;
        active++;
        if (other != inst->parent && (!worst || other->dio.rank > worst->dio.rank))
            worst = other;
    }
    if (active < RPL_PROBE_ACTIVE)
        return true;
    if (!worst || worst->dio.rank <= n->dio.rank)
        return false;
    stop_asking(worst);
    worst->etx = OF_ETX_UNKNOWN;
    return true;
}

void rpl_nbr_consider(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;

    if (!of_use(n)) {
        if (n != n->inst->parent)
            stop_asking(n);
        return;
    }
    if (rpl_timer_armed(&n->t_probe) || !make_room(n))
        return;
    rpl_timer_set(e, &n->t_probe, e->now + rpl_random_range(e, FIRST_PROBE_MIN, FIRST_PROBE_MAX));
}

static void ask(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;

    n->asking = true;
    n->asked = e->now;
    if (n->tries < UINT8_MAX)
        n->tries++;
    rpl_count(e, RPL_COUNT_PROBE_OUT);
    rpl_dis_send(n->inst, n->ifindex, &n->addr);
    rpl_timer_set(e, &n->t_probe, e->now + RPL_PROBE_TIMEOUT);
}

static void lost(struct rpl_nbr *n)
{
    struct rpl_instance *inst = n->inst;
    struct rpl_engine *e = inst->engine;
    bool proven = n->etx != OF_ETX_UNKNOWN;

    stop_asking(n);
    n->etx = OF_ETX_UNKNOWN;
    n->verdict = OF_NOT_PROVEN;
    n->path_rank = RPL_INFINITE_RANK;
    if (!proven)
        return; /* it only shouts; its next DIO gives it another chance */
    rpl_count(e, RPL_COUNT_NEIGHBOUR_LOST);
    rpl_trace(e, RPL_TRACE_NEIGHBOUR, RPL_CAUSE_LOST, inst, &n->addr, NULL, 0);
    if (rpl_dao_parent_is(inst, &n->addr, n->ifindex))
        rpl_parent_select(inst, RPL_CAUSE_NO_ANSWER);
}

void rpl_nbr_probe_timeout(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;

    if (!n->asking) {
        ask(n);
        return;
    }
    rpl_count(e, RPL_COUNT_PROBE_MISSED);
    n->asking = false;
    if (++n->misses >= RPL_PROBE_MISSES)
        lost(n);
    else
        rpl_timer_set(e, &n->t_probe, e->now + rpl_random_range(e, RETRY_MIN, RETRY_MAX));
}

void rpl_nbr_answered(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;
    bool first = n->etx == OF_ETX_UNKNOWN;
    uint32_t sample;

    sample = (uint32_t)((e->now - n->asked) / 2);
    n->latency = n->latency ? n->latency - n->latency / 4 + sample / 4 : sample;
    n->etx = of_etx_update(n->etx, (uint16_t)(n->tries * OF_ETX_ONE));
    stop_asking(n);
    rpl_timer_set(e, &n->t_probe, e->now + rpl_random_range(e, RPL_PROBE_MIN, RPL_PROBE_MAX));
    if (first)
        rpl_trace(e, RPL_TRACE_NEIGHBOUR, RPL_CAUSE_PROVEN, n->inst, &n->addr, NULL, n->etx);
}

void rpl_nbr_probe_now(struct rpl_nbr *n)
{
    if (!n->asking && rpl_timer_armed(&n->t_probe))
        ask(n);
}

/* The kernel's opinion (PAR-06). A candidate is asked at once, and lost if it stays silent; a
 * child cannot be asked that way, so what hangs behind it goes and our DTSN moves on, which
 * brings back whoever is still alive. */
static void failed(struct rpl_instance *inst, const struct rpl_event_neighbour *ev)
{
    struct rpl_nbr *n = rpl_nbr_find(inst, &ev->address, ev->ifindex);
    const struct rpl_addr *prefix = rpl_prefix(inst, NULL);

    if (n && (n == inst->parent || rpl_timer_armed(&n->t_probe))) {
        rpl_nbr_probe_now(n);
        return;
    }
    if (rpl_storing(inst)) {
        rpl_storing_neighbour_lost(inst, &ev->address, ev->ifindex, RPL_CAUSE_UNREACHABLE);
    } else if (inst->cfg.role == RPL_ROLE_ROOT && prefix) {
        struct rpl_addr child = rpl_addr_join(prefix, &ev->address);
        if (rpl_source_remove_edge(inst, &child, NULL, true, RPL_CAUSE_UNREACHABLE))
            rpl_instance_dtsn(inst, RPL_S(5));
    }
}

void rpl_nbr_event(struct rpl_engine *e, const struct rpl_event_neighbour *ev)
{
    struct rpl_iface *iface = rpl_iface_find(e, ev->ifindex);

    for (uint32_t i = 0; iface && i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        struct rpl_nbr *n;
        if (!rpl_iface_serves(iface, inst))
            continue;
        if (ev->failed)
            failed(inst, ev);
        n = rpl_nbr_find(inst, &ev->address, ev->ifindex);
        if (n && ev->etx && n->etx != OF_ETX_UNKNOWN) {
            n->etx = of_etx_update(n->etx, ev->etx);
            rpl_parent_select(inst, RPL_CAUSE_ETX);
        }
    }
}
