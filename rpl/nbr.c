/* SPDX-License-Identifier: ISC */
/*
 * Neighbours of an instance and what their links cost. Linux tells nothing about transmissions
 * on 802.15.4, so we ask: a unicast DIS that a neighbour answers by a unicast DIO (RFC 6550
 * section 8.3) proves the link both ways. Nobody is a parent before his first answer
 * (PAR-11, THR-02); the number of tries an answer took is the ETX sample; three misses in a row
 * mean lost. Only the few neighbours that could be a parent are asked, and the less often the
 * longer nothing about them changed.
 */
#include "rpl/engine.h"

#define FIRST_PROBE_MIN RPL_MS(20) /* many hear the same DIO: spread the questions */
#define FIRST_PROBE_MAX RPL_MS(500)
#define RETRY_MIN RPL_MS(50)
#define RETRY_MAX RPL_MS(250)
#define SETTLING RPL_PROBE_MAX  /* the longest wait until an estimate has settled, */
#define SETTLED 3               /* which is after so many answers at the first try in a row */
#define CALM_MOST 12            /* beyond, the longest setting is reached anyway */
#define SILENT_JOINED RPL_S(60) /* the pause after a round without a first answer; it doubles */
#define SILENT_ALONE RPL_S(2)   /* while we have no DODAG */
#define SILENT_MOST 5           /* so often */
#define TROUBLE 16              /* ETX x128: our parent's link got worse by so much */

int rpl_nbr_compare(const struct rpl_nbr *a, const struct rpl_nbr *b)
{
    if (a->ifindex != b->ifindex)
        return a->ifindex < b->ifindex ? -1 : 1;
    return rpl_key_compare(&a->addr, &b->addr);
}

RB_GENERATE(rpl_nbr_tree, rpl_nbr, tree, rpl_nbr_compare)

static uint32_t hash_of(const struct rpl_instance *inst, const struct rpl_addr *addr,
                        uint32_t ifindex)
{
    return rpl_hash(inst->engine, addr, ifindex << 4 ^ inst->index);
}

struct rpl_nbr *rpl_nbr_find(struct rpl_instance *inst, const struct rpl_addr *addr,
                             uint32_t ifindex)
{
    struct rpl_engine *e = inst->engine;
    uint32_t h = hash_of(inst, addr, ifindex), at = 0, id;

    while ((id = rpl_index_next(&e->nbr_index, h, &at)) != RPL_NO_ID) {
        struct rpl_nbr *n = rpl_slab_at(&e->nbrs, id);
        if (n->inst == inst && n->ifindex == ifindex && rpl_addr_equal(&n->addr, addr))
            return n;
    }
    return NULL;
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

/* One with a timer, found under |hash|. */
static struct rpl_nbr *make(struct rpl_engine *e, uint32_t hash)
{
    uint32_t id;
    struct rpl_nbr *n = rpl_slab_new(e, &e->nbrs, &id);

    if (!n)
        return NULL;
    if (!rpl_index_add(e, &e->nbr_index, hash, id)) {
        rpl_slab_delete(e, &e->nbrs, id);
        return NULL;
    }
    if (!rpl_timer_register(e, &n->t_probe, TIMER_PROBE)) {
        rpl_index_remove(&e->nbr_index, hash, id);
        rpl_slab_delete(e, &e->nbrs, id);
        return NULL;
    }
    n->id = id;
    return n;
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
    n = make(e, hash_of(inst, addr, ifindex));
    if (!n) {
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
    struct rpl_engine *e = inst->engine;

    rpl_timer_unregister(e, &n->t_probe);
    RB_REMOVE(rpl_nbr_tree, &inst->nbrs, n);
    inst->nbr_count--;
    inst->room_below = 0;
    if (inst->parent == n)
        inst->parent = NULL;
    rpl_index_remove(&e->nbr_index, hash_of(inst, &n->addr, n->ifindex), n->id);
    rpl_slab_delete(e, &e->nbrs, n->id);
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

static void settle(struct rpl_nbr *n)
{
    n->asking = false;
    n->tries = n->misses = 0;
}

static void stop_asking(struct rpl_nbr *n)
{
    n->inst->room_below = 0;
    settle(n);
    rpl_timer_stop(n->inst->engine, &n->t_probe);
}

/* Somewhere in the second half of |wait|: nobody's questions fall in step with another's. */
static rpl_tstamp within(struct rpl_engine *e, rpl_duration wait)
{
    return e->now + rpl_random_range(e, wait / 2, wait);
}

/*
 * How long to leave a proven neighbour alone: 30 to 60 s until its estimate has settled, then
 * twice as long after each answer at the first try. Our parent carries our traffic and is asked
 * more often in the end than those who only might.
 */
static rpl_duration patience(const struct rpl_nbr *n)
{
    const struct rpl_instance *inst = n->inst;
    rpl_duration most =
        RPL_S(n == inst->parent ? inst->cfg.probe_parent_s : inst->cfg.probe_candidate_s);
    rpl_duration wait = n->calm > SETTLED ? SETTLING << (n->calm - SETTLED) : SETTLING;

    return wait < most ? wait : most;
}

/* What was known of it may not be so any more: as if it had just been proven. */
static void suspect(struct rpl_nbr *n, rpl_tstamp when)
{
    n->calm = 0;
    if (!n->asking && rpl_timer_armed(&n->t_probe) && n->t_probe.due > when)
        rpl_timer_set(n->inst->engine, &n->t_probe, when);
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

/* Better places go to those who are closer to the root, by whole DAGRanks, so that two of them do
 * not take turns; a link that is too bad to be used is the first to go. */
static uint32_t place_of(const struct rpl_nbr *n)
{
    if (n->etx != OF_ETX_UNKNOWN && n->verdict == OF_LINK_TOO_BAD)
        return UINT32_MAX;
    return of_dag_rank(&n->inst->of, n->dio.rank);
}

/* At most RPL_PROBE_ACTIVE neighbours are asked; one with a better place takes that of the worst,
 * which then is left alone for a while. */
static bool make_room(struct rpl_nbr *n)
{
    struct rpl_instance *inst = n->inst;
    struct rpl_engine *e = inst->engine;
    struct rpl_nbr *other, *worst = NULL;
    uint32_t active = 0;

    if (inst->room_below != 0 && place_of(n) >= inst->room_below)
        return false;
    RB_FOREACH (other, rpl_nbr_tree, &inst->nbrs) {
        if (!rpl_timer_armed(&other->t_probe))
            continue;
        active++;
        if (other != inst->parent && (!worst || place_of(other) > place_of(worst)))
            worst = other;
    }
    if (active < RPL_PROBE_ACTIVE)
        return true;
    if (!worst || place_of(worst) <= place_of(n)) {
        inst->room_below = worst ? place_of(worst) : 0;
        return false;
    }
    stop_asking(worst);
    worst->etx = OF_ETX_UNKNOWN;
    worst->quiet_until = within(e, RPL_S(inst->cfg.probe_candidate_s));
    return true;
}

/* Without a way to a root: each chance counts. */
static bool alone(const struct rpl_instance *inst)
{
    return !inst->joined || inst->floating;
}

/* At once, but whoever comes and goes is not asked more often than one that stays. */
static rpl_tstamp first_probe(const struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;
    rpl_tstamp soon = e->now + rpl_random_range(e, FIRST_PROBE_MIN, FIRST_PROBE_MAX);
    rpl_tstamp again = n->asked + (alone(n->inst) ? SILENT_ALONE : RPL_PROBE_MIN);

    return n->asked != 0 && again > soon ? again : soon;
}

void rpl_nbr_consider(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;
    uint16_t rank = of_dag_rank(&n->inst->of, n->dio.rank);
    bool moved = rank != n->considered_rank;

    n->considered_rank = rank;
    if (!of_use(n)) {
        if (n != n->inst->parent)
            stop_asking(n);
        return;
    }
    if (rpl_timer_armed(&n->t_probe)) {
        if (moved)
            suspect(n, within(e, SETTLING));
        return;
    }
    if (e->now < n->quiet_until || !make_room(n))
        return;
    n->calm = 0;
    rpl_timer_set(e, &n->t_probe, first_probe(n));
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

/* It only shouts: we hear it, it never answers. Each DIO of its gives it another chance, but every
 * time after a longer pause, so that one who cannot answer is not asked for ever. */
static void shouts(struct rpl_nbr *n)
{
    struct rpl_instance *inst = n->inst;
    rpl_duration pause = (alone(inst) ? SILENT_ALONE : SILENT_JOINED) << n->silent;

    if (n->silent < SILENT_MOST)
        n->silent++;
    n->quiet_until = within(inst->engine, pause);
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
    if (!proven) {
        shouts(n);
        return;
    }
    rpl_count(e, RPL_COUNT_NEIGHBOUR_LOST);
    rpl_trace(e, RPL_TRACE_NEIGHBOUR, RPL_CAUSE_LOST, inst, &n->addr, NULL, 0);
    if (rpl_dao_parent_is(inst, &n->addr, n->ifindex))
        rpl_parent_select(inst, RPL_CAUSE_NO_ANSWER);
}

/* Who would be our parent if there were none: the best one proven, else the one nearest to the root
 * that is being looked at. */
static struct rpl_nbr *runner_up(struct rpl_instance *inst)
{
    struct rpl_nbr *n, *best = NULL;

    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs) {
        if (n == inst->parent || !rpl_timer_armed(&n->t_probe))
            continue;
        if (!best || n->path_rank < best->path_rank ||
            (n->path_rank == best->path_rank && n->dio.rank < best->dio.rank))
            best = n;
    }
    return best;
}

/* Our parent's link is in doubt: is the way out of it still what it was? Whoever answered within
 * the shortest interval need not be asked again. */
static void parent_in_trouble(struct rpl_instance *inst)
{
    struct rpl_nbr *n = runner_up(inst);

    if (!n)
        return;
    n->calm = 0;
    if (!n->asking && inst->engine->now - n->answered >= RPL_PROBE_MIN)
        ask(n);
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
    n->calm = 0;
    if (++n->misses >= RPL_PROBE_MISSES) {
        lost(n);
        return;
    }
    rpl_timer_set(e, &n->t_probe, e->now + rpl_random_range(e, RETRY_MIN, RETRY_MAX));
    if (n == n->inst->parent && n->misses == 1)
        parent_in_trouble(n->inst);
}

void rpl_nbr_answered(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;
    bool first = n->etx == OF_ETX_UNKNOWN;
    uint32_t sample;

    sample = (uint32_t)((e->now - n->asked) / 2);
    n->latency = n->latency ? n->latency - n->latency / 4 + sample / 4 : sample;
    n->etx = of_etx_update(n->etx, (uint16_t)(n->tries * OF_ETX_ONE));
    if (n->tries > 1)
        n->calm = 0;
    else if (n->calm < CALM_MOST)
        n->calm++;
    n->silent = 0;
    n->answered = e->now;
    settle(n);
    rpl_timer_set(e, &n->t_probe, within(e, patience(n)));
    if (first)
        rpl_trace(e, RPL_TRACE_NEIGHBOUR, RPL_CAUSE_PROVEN, n->inst, &n->addr, NULL, n->etx);
}

void rpl_nbr_probe_now(struct rpl_nbr *n)
{
    if (!n->asking && rpl_timer_armed(&n->t_probe))
        ask(n);
}

/* Something else proved the link both ways. That tells nothing of what a packet costs, so a probe
 * is put off, but not for longer than a candidate's. */
void rpl_nbr_confirmed(struct rpl_nbr *n)
{
    struct rpl_engine *e = n->inst->engine;
    rpl_tstamp latest = n->answered + RPL_S(n->inst->cfg.probe_candidate_s);
    rpl_tstamp next = within(e, patience(n));

    if (n->asking || n->calm < SETTLED || !rpl_timer_armed(&n->t_probe))
        return;
    if (next > latest)
        next = latest;
    if (next > n->t_probe.due)
        rpl_timer_set(e, &n->t_probe, next);
}

/* It may have been of no use for long, and what we know of it be old: then nobody asks it, and
 * nothing else would tell us that it is gone. */
void rpl_nbr_chosen(struct rpl_nbr *n)
{
    suspect(n, first_probe(n));
    if (!rpl_timer_armed(&n->t_probe))
        rpl_timer_set(n->inst->engine, &n->t_probe, first_probe(n));
}

void rpl_nbr_alone(struct rpl_instance *inst, uint16_t old_rank)
{
    struct rpl_nbr *n;

    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs) {
        n->quiet_until = 0;
        n->silent = 0;
        if (n->has_dio && n->dio.rank >= old_rank) {
            n->etx = OF_ETX_UNKNOWN;
            stop_asking(n);
        }
    }
}

/* The kernel's opinion (PAR-06). A candidate is asked at once, and lost if it stays silent; a
 * child cannot be asked that way, so what hangs behind it goes and our DTSN moves on, which
 * brings back whoever is still alive. */
static void failed(struct rpl_instance *inst, const struct rpl_event_neighbour *ev)
{
    struct rpl_nbr *n = rpl_nbr_find(inst, &ev->address, ev->ifindex);

    if (n && (n == inst->parent || rpl_timer_armed(&n->t_probe))) {
        rpl_nbr_probe_now(n);
        if (n == inst->parent)
            parent_in_trouble(inst);
        return;
    }
    if (rpl_storing(inst))
        rpl_storing_neighbour_lost(inst, &ev->address, ev->ifindex, RPL_CAUSE_UNREACHABLE);
    else if (inst->cfg.role == RPL_ROLE_ROOT)
        rpl_source_child_lost(inst, &ev->address);
}

/* A sample from the driver. */
static void sampled(struct rpl_nbr *n, uint16_t etx)
{
    struct rpl_instance *inst = n->inst;
    uint16_t old = n->etx;

    n->etx = of_etx_update(old, etx);
    if (n == inst->parent && n->etx >= old + TROUBLE)
        parent_in_trouble(inst);
    rpl_parent_select(inst, RPL_CAUSE_ETX);
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
        if (!n || n->etx == OF_ETX_UNKNOWN)
            continue;
        if (ev->reachable)
            rpl_nbr_confirmed(n);
        if (ev->etx)
            sampled(n, ev->etx);
    }
}
