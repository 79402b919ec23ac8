/* SPDX-License-Identifier: ISC */
/*
 * Non-storing mode at the root (RFC 6550 sections 9.4, 9.7): targets and the parents that they
 * named form a graph. Each target has one edge in use; following those leads to us or nowhere,
 * never round: an edge whose chain comes back to its own target is not chosen, and a DAO that
 * names nothing but such edges for a reachable target is refused.
 */
#include "rpl/engine.h"

static struct rpl_edge *edges(struct rpl_target *t)
{
    return t->way_count > 1 ? t->edges : &t->edge;
}

/* Hops from |t| to us along the edges in use; 0 = they do not lead to us, or through |avoid|. */
static unsigned depth(const struct rpl_target *t, const struct rpl_target *avoid)
{
    unsigned hops = 0;

    while (hops < RPL_PATH_MAX) {
        const struct rpl_edge *edge = rpl_target_chosen(t);
        if (t == avoid || !edge)
            return 0;
        hops++;
        if (edge->self)
            return hops;
        t = edge->parent;
    }
    return 0;
}

static bool passes_through(const struct rpl_target *t, const struct rpl_target *node)
{
    for (unsigned hops = 0; t && hops <= RPL_PATH_MAX; hops++) {
        const struct rpl_edge *edge = rpl_target_chosen(t);
        if (t == node)
            return true;
        t = edge ? rpl_edge_parent(edge) : NULL;
    }
    return false;
}

static void queue(struct rpl_target *t)
{
    if (t->queued)
        return;
    if (t->failed)
        TAILQ_REMOVE(&t->inst->failed, t, work);
    t->failed = false;
    t->queued = true;
    TAILQ_INSERT_TAIL(&t->inst->work, t, work);
}

static void queue_dependants(struct rpl_target *t)
{
    struct rpl_edge *edge;

    LIST_FOREACH (edge, &t->dependants, dependant)
        queue(edge->child);
}

static int best_edge(const struct rpl_target *t)
{
    unsigned best_score = 0;
    int best = -1;

    for (uint8_t i = 0; i < t->way_count; i++) {
        const struct rpl_edge *edge = &rpl_target_edges(t)[i];
        unsigned up = edge->self ? 0 : depth(edge->parent, t);
        unsigned score;
        if (!edge->self && (up == 0 || up + 1 > RPL_PATH_MAX))
            continue;
        score = rpl_path_control_preference(t->inst, edge->path_control) * (RPL_PATH_MAX + 1) + up;
        if (best < 0 || score < best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

/* How the parent in use was named; zeros if there is none. */
static struct rpl_addr named_parent(const struct rpl_target *t)
{
    const struct rpl_edge *edge = rpl_target_chosen(t);

    return edge ? *rpl_edge_addr(edge) : (struct rpl_addr){0};
}

/* It has parents, and none of them a way that does not lead through it. One of them may find
 * another way before the work is done. */
static void fail(struct rpl_target *t)
{
    if (t->queued || t->failed || t->way_count == 0)
        return;
    t->failed = true;
    TAILQ_INSERT_TAIL(&t->inst->failed, t, work);
}

/* Choose anew; |was| is the parent that was in use. */
static void select_edge(struct rpl_target *t, const struct rpl_addr *was, enum rpl_cause cause)
{
    bool reachable = t->reachable;
    struct rpl_addr via;

    t->chosen = (int8_t)best_edge(t);
    if (t->chosen >= 0) {
        via = named_parent(t);
        rpl_rt_want_target(t, false); /* always to rpl0 */
        rpl_target_up(t, &via, was, cause);
    } else {
        rpl_target_down(t, was, cause);
        fail(t);
    }
    if (reachable != t->reachable)
        queue_dependants(t);
}

/* True if a target went from one way to another without being lost. */
static bool work_off(struct rpl_instance *inst, enum rpl_cause cause)
{
    struct rpl_target *t;
    bool moved = false;

    while ((t = TAILQ_FIRST(&inst->work)) != NULL) {
        struct rpl_addr was = named_parent(t), is;
        bool reachable = t->reachable;
        TAILQ_REMOVE(&inst->work, t, work);
        t->queued = false;
        select_edge(t, &was, t->reachable ? RPL_CAUSE_PARENT_GONE : cause);
        is = named_parent(t);
        moved = moved || (reachable && t->reachable && !rpl_addr_equal(&was, &is));
        rpl_target_release(t);
    }
    return moved;
}

/*
 * Look again at every target whose way may have changed. One that was looked at before another,
 * above it, had found its other way is looked at once more: by then whoever has a way left uses it.
 */
void rpl_source_work(struct rpl_instance *inst, enum rpl_cause cause)
{
    bool again = work_off(inst, cause);
    struct rpl_target *t;

    while (again && (t = TAILQ_FIRST(&inst->failed)) != NULL)
        queue(t);
    work_off(inst, cause);
    while ((t = TAILQ_FIRST(&inst->failed)) != NULL) {
        TAILQ_REMOVE(&inst->failed, t, work);
        t->failed = false;
        rpl_target_release(t);
    }
}

/* Parents know their edges by address: a move has to be told. */
static void move_edge(struct rpl_edge *from, struct rpl_edge *to)
{
    to->child = from->child;
    to->path_control = from->path_control;
    to->self = from->self;
    if (from->self) {
        to->own = from->own;
        return;
    }
    to->parent = from->parent;
    LIST_INSERT_BEFORE(from, to, dependant);
    LIST_REMOVE(from, dependant);
}

/* Several edges stand in a block of their own. The first ones stay; false without memory, which
 * more of them take. */
static bool resize(struct rpl_target *t, uint8_t count)
{
    struct rpl_engine *e = t->inst->engine;
    struct rpl_edge *from = edges(t), *to = from;

    if (count > 1 && count > t->way_count)
        to = rpl_alloc(e, count * sizeof(*to));
    else if (count <= 1)
        to = &t->edge;
    if (!to)
        return false;
    for (uint8_t i = 0; to != from && i < t->way_count && i < count; i++)
        move_edge(&from[i], &to[i]);
    if (to != from && t->way_count > 1)
        rpl_free(e, from);
    if (count > 1)
        t->edges = to;
    t->way_count = count;
    return true;
}

static void remove_edge(struct rpl_target *t, uint8_t index)
{
    struct rpl_edge *edge = edges(t);
    struct rpl_target *parent = edge[index].self ? NULL : edge[index].parent;

    if (parent)
        LIST_REMOVE(&edge[index], dependant);
    for (uint8_t i = index; i + 1 < t->way_count; i++)
        move_edge(&edge[i + 1], &edge[i]);
    (void)resize(t, (uint8_t)(t->way_count - 1));
    t->chosen = -1;
    if (parent)
        rpl_target_release(parent);
}

static bool names(const struct rpl_edge *edge, const struct rpl_addr *addr, bool self)
{
    return self || edge->self ? self == edge->self : rpl_addr_equal(&edge->parent->prefix, addr);
}

static int find_edge(const struct rpl_target *t, const struct rpl_addr *addr, bool self)
{
    for (uint8_t i = 0; i < t->way_count; i++)
        if (names(&rpl_target_edges(t)[i], addr, self))
            return i;
    return -1;
}

static bool listed(const struct rpl_edge *edge, const struct rpl_source_parent *parents,
                   uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (names(edge, &parents[i].addr, parents[i].self))
            return true;
    return false;
}

static bool closes_cycle(struct rpl_target *t, const struct rpl_source_parent *parents,
                         uint8_t count)
{
    /* The way that is in use leads to us. */
    if (t->chosen >= 0 && listed(rpl_target_chosen(t), parents, count))
        return false;
    for (uint8_t i = 0; i < count; i++) {
        const struct rpl_target *p = rpl_target_find(t->inst, &parents[i].addr, 128);
        if (parents[i].self || !p || !passes_through(p, t))
            return false;
    }
    return true;
}

static int add_parent(struct rpl_target *t, const struct rpl_source_parent *p)
{
    int at = find_edge(t, &p->addr, p->self);
    struct rpl_target *parent = NULL;
    struct rpl_edge *edge;

    if (at < 0 && t->way_count == RPL_PARENTS_MAX)
        return 0; /* the further ones are spare ways, not needed */
    if (at < 0) {
        if (!p->self && !(parent = rpl_target_get(t->inst, &p->addr, 128)))
            return -RPL_ERR_FULL;
        at = t->way_count;
        if (!resize(t, (uint8_t)(at + 1))) {
            if (parent)
                rpl_target_release(parent);
            return -RPL_ERR_FULL;
        }
        edge = &edges(t)[at];
        edge->child = t;
        edge->self = p->self;
        if (parent) {
            edge->parent = parent;
            LIST_INSERT_HEAD(&parent->dependants, edge, dependant);
        }
    }
    edge = &edges(t)[at];
    edge->path_control = p->path_control;
    if (p->self)
        edge->own = p->addr;
    return 0;
}

int rpl_source_update(struct rpl_target *t, const struct rpl_source_parent *parents, uint8_t count,
                      enum rpl_freshness freshness, uint8_t lifetime)
{
    struct rpl_engine *e = t->inst->engine;
    struct rpl_addr was = named_parent(t);
    uint8_t added = 0;

    if (freshness == RPL_FRESH_IGNORE)
        return 0;
    /* A way of our former life may contradict what is told now: then it is the one to go. */
    if (freshness != RPL_FRESH_MERGE && t->reachable && !t->unconfirmed &&
        closes_cycle(t, parents, count))
        return -RPL_ERR_PARAM;
    /* New edges first: with no memory for any of them the old list stays. */
    if (freshness != RPL_FRESH_MERGE && t->way_count == RPL_PARENTS_MAX)
        for (uint8_t i = t->way_count; i-- > 0;)
            if (!listed(&edges(t)[i], parents, count))
                remove_edge(t, i);
    for (uint8_t i = 0; i < count; i++)
        if (add_parent(t, &parents[i]) == 0)
            added++;
    if (added == 0)
        return -RPL_ERR_FULL;
    if (freshness != RPL_FRESH_MERGE) {
        for (uint8_t i = t->way_count; i-- > 0;)
            if (!listed(&edges(t)[i], parents, count))
                remove_edge(t, i);
        /* SEQ-11: a repeat with the same sequence does not extend the lifetime. */
        rpl_timer_set(e, &t->t_life, rpl_target_expiry(t, lifetime));
        t->path_lifetime = lifetime;
    }
    t->known = true;
    t->unconfirmed = false;
    t->last_dao = e->now;
    select_edge(t, &was, RPL_CAUSE_DAO);
    rpl_source_work(t->inst, RPL_CAUSE_DAO);
    return 0;
}

/* A parent that is not known yet may follow: its coming looks at |t| again. */
int rpl_source_restore(struct rpl_target *t, const struct rpl_event_target *ev, rpl_tstamp expires)
{
    struct rpl_addr was = named_parent(t);
    uint8_t added = 0;

    for (uint8_t i = 0; i < ev->parent_count; i++) {
        const struct rpl_source_parent parent = {.addr = ev->parent[i].address,
                                                 .self = ev->parent[i].self,
                                                 .path_control = ev->parent[i].path_control};
        if (add_parent(t, &parent) == 0)
            added++;
    }
    if (added == 0)
        return -RPL_ERR_FULL;
    t->known = t->unconfirmed = true;
    t->external = ev->external;
    rpl_timer_set(t->inst->engine, &t->t_life, expires);
    select_edge(t, &was, RPL_CAUSE_NONE);
    rpl_source_work(t->inst, RPL_CAUSE_NONE);
    return 0;
}

const struct rpl_addr *rpl_source_parent_of(const struct rpl_target *t)
{
    const struct rpl_edge *edge = rpl_target_chosen(t);

    return edge && !edge->self ? &edge->parent->prefix : NULL;
}

void rpl_source_drop(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;
    struct rpl_addr was = named_parent(t);

    while (t->way_count)
        remove_edge(t, (uint8_t)(t->way_count - 1));
    t->known = t->unconfirmed = t->moved = t->has_pending = false;
    rpl_timer_stop(inst->engine, &t->t_life);
    select_edge(t, &was, cause);
    rpl_target_release(t);
    rpl_source_work(inst, RPL_CAUSE_PARENT_GONE);
}

bool rpl_source_remove_edge(struct rpl_instance *inst, const struct rpl_addr *child,
                            const struct rpl_addr *parent, bool parent_self, enum rpl_cause cause)
{
    struct rpl_target *t = rpl_target_find(inst, child, 128);
    int at = t ? find_edge(t, parent, parent_self) : -1;
    struct rpl_addr was;

    if (at < 0)
        return false;
    was = named_parent(t);
    remove_edge(t, (uint8_t)at);
    select_edge(t, &was, cause);
    rpl_source_work(inst, RPL_CAUSE_PARENT_GONE);
    return true;
}

void rpl_source_child_lost(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    const struct rpl_addr *prefix;
    bool lost = false;

    for (unsigned i = 0; (prefix = rpl_prefix_nth(inst, i)) != NULL; i++) {
        struct rpl_addr child = rpl_addr_join(prefix, addr);
        lost |= rpl_source_remove_edge(inst, &child, NULL, true, RPL_CAUSE_UNREACHABLE);
    }
    if (lost)
        rpl_instance_dtsn(inst, RPL_REFRESH_DELAY);
}
