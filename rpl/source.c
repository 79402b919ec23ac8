/* SPDX-License-Identifier: ISC */
/*
 * Non-storing mode at the root (RFC 6550 sections 9.4, 9.7): targets and the parents that they
 * named form a graph. Each target has one edge in use; following those leads to us or nowhere,
 * never round: an edge whose chain comes back to its own target is not chosen, and a DAO that
 * names nothing but such edges for a reachable target is refused.
 */
#include "rpl/engine.h"

static const struct rpl_edge *chosen_edge(const struct rpl_target *t)
{
    return t->chosen < 0 ? NULL : &t->edge[t->chosen];
}

/* Hops from |t| to us along the edges in use; 0 = they do not lead to us, or through |avoid|. */
static unsigned depth(const struct rpl_target *t, const struct rpl_target *avoid)
{
    unsigned hops = 0;

    while (hops < RPL_PATH_MAX) {
        const struct rpl_edge *edge = chosen_edge(t);
        if (t == avoid || !edge)
            return 0;
        hops++;
        if (!edge->parent)
            return hops;
        t = edge->parent;
    }
    return 0;
}

static bool passes_through(const struct rpl_target *t, const struct rpl_target *node)
{
    for (unsigned hops = 0; t && hops <= RPL_PATH_MAX; hops++) {
        const struct rpl_edge *edge = chosen_edge(t);
        if (t == node)
            return true;
        t = edge ? edge->parent : NULL;
    }
    return false;
}

static void queue(struct rpl_target *t)
{
    if (t->queued)
        return;
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

    for (uint8_t i = 0; i < t->edge_count; i++) {
        const struct rpl_edge *edge = &t->edge[i];
        unsigned up = edge->parent ? depth(edge->parent, t) : 0;
        unsigned score;
        if (edge->parent && (up == 0 || up + 1 > RPL_PATH_MAX))
            continue;
        score = rpl_path_control_preference(t->inst, edge->path_control) * (RPL_PATH_MAX + 1) + up;
        if (best < 0 || score < best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

static void select_edge(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;
    bool was = t->reachable;
    struct rpl_route route = {.kind = RPL_ROUTE_TUN,
                              .dst = t->prefix,
                              .dst_len = t->len,
                              .metric = inst->cfg.route_metric};

    t->chosen = (int8_t)best_edge(t);
    if (t->chosen >= 0) {
        rpl_rt_want(inst->engine, &t->route, &route, inst->cfg.id);
        rpl_target_up(t, &t->edge[t->chosen].parent_addr, cause);
    } else {
        rpl_target_down(t, cause);
    }
    if (was != t->reachable)
        queue_dependants(t);
}

/* Look again at every target whose way may have changed. */
void rpl_source_work(struct rpl_instance *inst, enum rpl_cause cause)
{
    struct rpl_target *t;

    while ((t = TAILQ_FIRST(&inst->work)) != NULL) {
        TAILQ_REMOVE(&inst->work, t, work);
        t->queued = false;
        select_edge(t, t->reachable ? RPL_CAUSE_PARENT_GONE : cause);
        rpl_target_release(t);
    }
}

static void unlink_edge(struct rpl_edge *edge)
{
    struct rpl_target *parent = edge->parent;

    if (edge->linked)
        LIST_REMOVE(edge, dependant);
    edge->linked = false;
    edge->parent = NULL;
    if (parent)
        rpl_target_release(parent);
}

static void link_edge(struct rpl_target *t, struct rpl_edge *edge, struct rpl_target *parent)
{
    edge->child = t;
    edge->parent = parent;
    edge->linked = parent != NULL;
    if (parent)
        LIST_INSERT_HEAD(&parent->dependants, edge, dependant);
}

/* Edges live in an array and are linked by address: take one out and move the rest down. */
static void remove_edge(struct rpl_target *t, uint8_t index)
{
    unlink_edge(&t->edge[index]);
    for (uint8_t i = index; i + 1 < t->edge_count; i++) {
        struct rpl_target *parent = t->edge[i + 1].parent;
        if (t->edge[i + 1].linked)
            LIST_REMOVE(&t->edge[i + 1], dependant);
        t->edge[i] = t->edge[i + 1];
        t->edge[i + 1].linked = false;
        link_edge(t, &t->edge[i], parent);
    }
    t->edge_count--;
    memset(&t->edge[t->edge_count], 0, sizeof(t->edge[0]));
    t->chosen = -1;
}

static int find_edge(const struct rpl_target *t, const struct rpl_addr *addr, bool self)
{
    for (uint8_t i = 0; i < t->edge_count; i++) {
        if (self ? t->edge[i].parent == NULL : rpl_addr_equal(&t->edge[i].parent_addr, addr))
            return i;
    }
    return -1;
}

static bool closes_cycle(struct rpl_target *t, const struct rpl_source_parent *parents,
                         uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        const struct rpl_target *p = rpl_target_find(t->inst, &parents[i].addr, 128);
        if (parents[i].self || !p || !passes_through(p, t))
            return false;
    }
    return true;
}

static bool listed(const struct rpl_edge *edge, const struct rpl_source_parent *parents,
                   uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (parents[i].self ? edge->parent == NULL
                            : rpl_addr_equal(&parents[i].addr, &edge->parent_addr))
            return true;
    return false;
}

static int add_parent(struct rpl_target *t, const struct rpl_source_parent *p)
{
    int at = find_edge(t, &p->addr, p->self);
    struct rpl_target *parent = NULL;

    if (at >= 0) {
        t->edge[at].path_control = p->path_control;
        t->edge[at].parent_addr = p->addr;
        return 0;
    }
    if (t->edge_count == RPL_PARENTS_MAX)
        return 0; /* the further ones are spare ways, not needed */
    if (!p->self) {
        parent = rpl_target_get(t->inst, &p->addr, 128);
        if (!parent)
            return -RPL_ERR_FULL;
    }
    t->edge[t->edge_count].parent_addr = p->addr;
    t->edge[t->edge_count].path_control = p->path_control;
    link_edge(t, &t->edge[t->edge_count], parent);
    t->edge_count++;
    return 0;
}

int rpl_source_update(struct rpl_target *t, const struct rpl_source_parent *parents, uint8_t count,
                      enum rpl_freshness freshness, uint8_t lifetime)
{
    struct rpl_engine *e = t->inst->engine;
    uint8_t added = 0;

    if (freshness == RPL_FRESH_IGNORE)
        return 0;
    /* A way of our former life may contradict what is told now: then it is the one to go. */
    if (freshness != RPL_FRESH_MERGE && t->reachable && !t->unconfirmed &&
        closes_cycle(t, parents, count))
        return -RPL_ERR_PARAM;
    /* New edges first: with no memory for any of them the old list stays. */
    if (freshness != RPL_FRESH_MERGE && t->edge_count == RPL_PARENTS_MAX)
        for (uint8_t i = t->edge_count; i-- > 0;)
            if (!listed(&t->edge[i], parents, count))
                remove_edge(t, i);
    for (uint8_t i = 0; i < count; i++)
        if (add_parent(t, &parents[i]) == 0)
            added++;
    if (added == 0)
        return -RPL_ERR_FULL;
    if (freshness != RPL_FRESH_MERGE) {
        for (uint8_t i = t->edge_count; i-- > 0;)
            if (!listed(&t->edge[i], parents, count))
                remove_edge(t, i);
        /* SEQ-11: a repeat with the same sequence does not extend the lifetime. */
        t->expires = rpl_target_expiry(t, lifetime);
        t->path_lifetime = lifetime;
    }
    t->known = true;
    t->unconfirmed = false;
    t->last_dao = e->now;
    rpl_timer_set(e, &t->t_life, t->expires);
    select_edge(t, RPL_CAUSE_DAO);
    rpl_source_work(t->inst, RPL_CAUSE_DAO);
    return 0;
}

/* A parent that is not known yet may follow: its coming looks at |t| again. */
int rpl_source_restore(struct rpl_target *t, const struct rpl_event_target *ev, rpl_tstamp expires)
{
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
    t->expires = expires;
    rpl_timer_set(t->inst->engine, &t->t_life, expires);
    select_edge(t, RPL_CAUSE_NONE);
    rpl_source_work(t->inst, RPL_CAUSE_NONE);
    return 0;
}

const struct rpl_addr *rpl_source_parent_of(const struct rpl_target *t)
{
    const struct rpl_edge *edge = chosen_edge(t);

    return edge && edge->parent ? &edge->parent_addr : NULL;
}

void rpl_source_drop(struct rpl_target *t, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;

    while (t->edge_count)
        remove_edge(t, (uint8_t)(t->edge_count - 1));
    t->known = t->unconfirmed = t->moved = t->has_pending = false;
    rpl_timer_stop(inst->engine, &t->t_life);
    select_edge(t, cause);
    rpl_target_release(t);
    rpl_source_work(inst, RPL_CAUSE_PARENT_GONE);
}

bool rpl_source_remove_edge(struct rpl_instance *inst, const struct rpl_addr *child,
                            const struct rpl_addr *parent, bool parent_self, enum rpl_cause cause)
{
    struct rpl_target *t = rpl_target_find(inst, child, 128);
    int at = t ? find_edge(t, parent, parent_self) : -1;

    if (at < 0)
        return false;
    remove_edge(t, (uint8_t)at);
    select_edge(t, cause);
    rpl_source_work(inst, RPL_CAUSE_PARENT_GONE);
    return true;
}
