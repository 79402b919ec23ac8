/* SPDX-License-Identifier: ISC */
/*
 * Targets: what DAOs announced, in both modes. Here is what they share: the table, the judgement
 * of a Path Sequence, lifetimes, and telling that a node came or went. storing.c keeps next
 * hops, source.c keeps the root's graph.
 */
#include "rpl/engine.h"

int rpl_target_compare(const struct rpl_target *a, const struct rpl_target *b)
{
    int c = rpl_key_compare(&a->prefix, &b->prefix);

    return c ? c : (int)a->len - (int)b->len;
}

RB_GENERATE(rpl_target_tree, rpl_target, tree, rpl_target_compare)

static uint32_t hash(const struct rpl_instance *inst, const struct rpl_addr *prefix, uint8_t len)
{
    return rpl_hash(inst->engine, prefix, inst->index << 8 | len);
}

struct rpl_target *rpl_target_find(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                   uint8_t len)
{
    const struct rpl_engine *e = inst->engine;
    uint32_t h = hash(inst, prefix, len), at = 0, id;

    while ((id = rpl_index_next(&e->target_index, h, &at)) != RPL_NO_ID) {
        struct rpl_target *t = rpl_slab_at(&e->targets, id);
        if (rpl_addr_equal(&t->prefix, prefix) && t->len == len && t->inst == inst)
            return t;
    }
    return NULL;
}

/* Nearly always a host: prefix targets exist for what lies behind a node (DNS-08). */
struct rpl_target *rpl_target_match(struct rpl_instance *inst, const struct rpl_addr *dst)
{
    struct rpl_target *t = rpl_target_find(inst, dst, 128);
    unsigned shortest = 64;

    if (t && t->reachable)
        return t;
    for (uint32_t i = 0; i < inst->cfg.accept.count; i++)
        if (inst->cfg.accept.prefix[i].len < shortest)
            shortest = inst->cfg.accept.prefix[i].len;
    for (unsigned len = 127; len >= shortest && len > 0; len--) {
        struct rpl_addr prefix = *dst;
        rpl_addr_mask(&prefix, (uint8_t)len);
        t = rpl_target_find(inst, &prefix, (uint8_t)len);
        if (t && t->reachable)
            return t;
    }
    return NULL;
}

static struct rpl_target *new_target(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                     uint8_t len)
{
    struct rpl_engine *e = inst->engine;
    uint32_t id;
    struct rpl_target *t = rpl_slab_new(e, &e->targets, &id);

    if (!t)
        return NULL;
    if (!rpl_timer_register(e, &t->t_life, TIMER_TARGET))
        goto slab;
    if (!rpl_index_add(e, &e->target_index, hash(inst, prefix, len), id))
        goto timer;
    t->id = id;
    t->inst = inst;
    t->prefix = *prefix;
    t->len = len;
    t->chosen = -1;
    t->joined_s = (uint32_t)((e->now - inst->born) / RPL_S(1));
    t->rt.of_target = true;
    LIST_INIT(&t->rt.waits);
    if (!rpl_storing(inst))
        LIST_INIT(&t->dependants);
    RB_INSERT(rpl_target_tree, &inst->targets, t);
    inst->target_count++;
    return t;
timer:
    rpl_timer_unregister(e, &t->t_life);
slab:
    rpl_slab_delete(e, &e->targets, id);
    return NULL;
}

struct rpl_target *rpl_target_get(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                  uint8_t len)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_target *t = rpl_target_find(inst, prefix, len);

    if (t || inst->target_count + inst->external_count >= e->limits.targets)
        return t;
    t = new_target(inst, prefix, len);
    if (!t)
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
    return t;
}

static void free_target(struct rpl_target *t)
{
    struct rpl_instance *inst = t->inst;
    struct rpl_engine *e = inst->engine;

    if (t->queued)
        TAILQ_REMOVE(&inst->work, t, work);
    if (t->failed)
        TAILQ_REMOVE(&inst->failed, t, work);
    if (t->is_news)
        TAILQ_REMOVE(&inst->news, t, news);
    if (t->way_count > 1 && rpl_storing(inst))
        rpl_free(e, t->hops);
    else if (t->way_count > 1)
        rpl_free(e, t->edges);
    rpl_extension_remove(inst, &t->prefix, t->len);
    rpl_timer_unregister(e, &t->t_life);
    RB_REMOVE(rpl_target_tree, &inst->targets, t);
    inst->target_count--;
    rpl_index_remove(&e->target_index, hash(inst, &t->prefix, t->len), t->id);
    rpl_slab_delete(e, &e->targets, t->id);
}

void rpl_target_release(struct rpl_target *t)
{
    if (t->known || t->queued || t->failed || t->is_news || t->way_count || !rpl_rt_idle(&t->rt))
        return;
    if (rpl_storing(t->inst) || LIST_EMPTY(&t->dependants))
        free_target(t);
}

void rpl_targets_free(struct rpl_instance *inst)
{
    struct rpl_target *t, *next;

    for (t = RB_MIN(rpl_target_tree, &inst->targets); t; t = next) {
        next = RB_NEXT(rpl_target_tree, &inst->targets, t);
        free_target(t);
    }
}

enum rpl_freshness rpl_target_judge(struct rpl_target *t, uint8_t path_seq, bool from_owner)
{
    enum rpl_order order;

    if (!t->known || t->unconfirmed)
        goto take;
    if (!t->moved) {
        /* SEQ-14: most deployed stacks send 0 for ever; then arrival decides. */
        if (path_seq == t->path_seq)
            return RPL_FRESH_STUCK;
        /* From here on order counts, for this one already: the first DAO that differs may be
         * an old one that went a longer way. */
        t->moved = true;
    }
    order = rpl_lollipop_compare(path_seq, t->path_seq);
    if (order == RPL_EQUAL)
        return RPL_FRESH_MERGE;
    if (order == RPL_NEWER)
        goto take;
    /* SEQ-05: an owner that lost its state begins anew; believe it when it goes on so. */
    if (from_owner || order == RPL_NOT_COMPARABLE) {
        bool again = t->has_pending && path_seq != t->path_seq &&
                     rpl_lollipop_compare(path_seq, t->pending_seq) != RPL_OLDER;
        if (again)
            goto take;
        t->has_pending = true;
        t->pending_seq = path_seq;
    }
    return RPL_FRESH_IGNORE;
take:
    t->path_seq = path_seq;
    t->has_pending = false;
    return RPL_FRESH_REPLACE;
}

rpl_tstamp rpl_target_expiry(const struct rpl_target *t, uint8_t lifetime)
{
    return rpl_instance_expiry(t->inst, lifetime);
}

rpl_tstamp rpl_target_expires(const struct rpl_target *t)
{
    return rpl_storing(t->inst) ? rpl_target_hops(t)->expires : t->t_life.due;
}

void rpl_target_up(struct rpl_target *t, const struct rpl_addr *via, const struct rpl_addr *was,
                   enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;
    struct rpl_effect_trace *trace;

    if (t->reachable && rpl_addr_equal(via, was))
        return;
    trace = rpl_trace(inst->engine, t->reachable ? RPL_TRACE_NODE_CHANGE : RPL_TRACE_NODE_UP, cause,
                      inst, &t->prefix, via, t->path_seq);
    trace->len = t->len;
    if (!t->reachable)
        inst->node_count++;
    t->reachable = true;
}

void rpl_target_down(struct rpl_target *t, const struct rpl_addr *was, enum rpl_cause cause)
{
    struct rpl_instance *inst = t->inst;
    struct rpl_effect_trace *trace;

    rpl_rt_unwant_target(t);
    if (!t->reachable)
        return;
    t->reachable = false;
    inst->node_count--;
    trace = rpl_trace(inst->engine, RPL_TRACE_NODE_DOWN, cause, inst, &t->prefix, was, t->path_seq);
    trace->len = t->len;
}

void rpl_target_drop(struct rpl_target *t, enum rpl_cause cause)
{
    if (rpl_storing(t->inst))
        rpl_storing_drop(t, cause);
    else
        rpl_source_drop(t, cause);
}

bool rpl_target_allowed(const struct rpl_instance *inst, const struct rpl_addr *prefix, uint8_t len)
{
    /* All of the DODAG's prefix is nobody's below the root. */
    bool inside = len > 64 && rpl_prefix_of(inst, prefix) != NULL;

    for (uint32_t i = 0; !inside && i < inst->cfg.accept.count; i++) {
        const struct rpl_prefix *p = &inst->cfg.accept.prefix[i];
        inside = len >= p->len && rpl_addr_match(prefix, &p->addr, p->len);
    }
    return inside;
}

/* May |ev| be a target of |inst|? What a file says is judged as what a DAO says. */
static bool may_restore(struct rpl_instance *inst, const struct rpl_event_target *ev)
{
    if (inst->leaf || ev->len == 0 || ev->len > 128 || !rpl_addr_is_routable(&ev->address) ||
        ev->lifetime == 0)
        return false;
    if (ev->len == 128 &&
        (rpl_is_self(inst, &ev->address) || !rpl_access_allowed(inst->engine, &ev->address)))
        return false;
    if (inst->cfg.role == RPL_ROLE_ROOT && !rpl_target_allowed(inst, &ev->address, ev->len))
        return false;
    if (rpl_storing(inst) && ev->external)
        return inst->cfg.role == RPL_ROLE_ROOT && ev->parent_count == 1 &&
               rpl_addr_is_routable(&ev->parent[0].address);
    if (rpl_storing(inst))
        return rpl_addr_is_link_local(&ev->via);
    return inst->cfg.role == RPL_ROLE_ROOT && ev->parent_count > 0 &&
           ev->parent_count <= RPL_PARENTS_MAX;
}

int rpl_target_restored(struct rpl_engine *e, const struct rpl_event_target *ev)
{
    struct rpl_instance *inst = rpl_instance_find(e, ev->instance, NULL);
    rpl_duration left = ev->lifetime < RPL_UNCONFIRMED ? ev->lifetime : RPL_UNCONFIRMED;
    struct rpl_iface *iface = rpl_iface_find(e, ev->ifindex);
    struct rpl_target *t;
    int err = 0;

    if (!inst)
        return -RPL_ERR_NOENT;
    if (!may_restore(inst, ev))
        return -RPL_ERR_PARAM;
    if (rpl_storing(inst) && ev->external)
        return rpl_external_restore(inst, ev, e->now + left);
    if (rpl_storing(inst) && !(iface && rpl_iface_serves(iface, inst)))
        return -RPL_ERR_NOENT;
    t = rpl_target_get(inst, &ev->address, ev->len);
    if (!t)
        return -RPL_ERR_FULL;
    if (t->known && !t->unconfirmed)
        return 0; /* a DAO knows better */
    t->path_seq = ev->path_sequence;
    t->moved = ev->moved;
    if (rpl_storing(inst))
        rpl_storing_restore(t, ev, e->now + left);
    else
        err = rpl_source_restore(t, ev, e->now + left);
    rpl_target_release(t);
    return err;
}

void rpl_target_timeout(struct rpl_target *t)
{
    rpl_count(t->inst->engine, RPL_COUNT_EXPIRED);
    if (rpl_storing(t->inst))
        rpl_storing_timeout(t);
    else
        rpl_source_drop(t, RPL_CAUSE_EXPIRED);
}
