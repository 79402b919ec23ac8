/* SPDX-License-Identifier: ISC */
/*
 * Taking in a DAO (RFC 6550 sections 6.4 and 9). Everything about the whole message is judged
 * before the first target is touched: scope, structure, addresses nobody may announce, the
 * DODAG's prefix. Then each group of Targets and Transits is applied, and the answer waits for
 * the kernel.
 */
#include "rpl/engine.h"

#define DAO_BURST 64
#define DAO_PERIOD RPL_MS(100)
#define STATUS_SILENT 0x7f /* ours, never sent: no answer at all; any rejection outranks it */
#define STATUS_REJECTED 0x80
#define TARGET_ROVR 0x0fu
#define ROVR_SIZE_MAX 4u
#define STATUS_REGISTERED 0x40 /* A: the registrar has no objection */

static int drop(struct rpl_engine *e, enum rpl_counter counter)
{
    rpl_count(e, counter);
    return -RPL_ERR_DROPPED;
}

/* A non-storing DAO in a storing DODAG (RFC 9008 section 4.1.1). */
static bool far(const struct rpl_instance *inst, const struct rpl_packet *p)
{
    return rpl_storing(inst) && !p->multicast && !rpl_addr_is_link_local(p->src);
}

/* Instance, scope and mode: may we take this DAO at all? */
static enum rpl_counter judge_message(struct rpl_instance *inst, const struct rpl_packet *p,
                                      const struct rpl_wire_dao *dao)
{
    bool local = rpl_addr_is_link_local(p->src);

    if (!inst->joined || inst->leaf)
        return RPL_COUNT_DROP_ROUTER_ONLY;
    /* COD-10: D is mandatory with a local instance; one DODAG leaves nothing to guess. */
    if ((dao->instance & RPL_INSTANCE_LOCAL) && !dao->has_dodag_id &&
        !inst->cfg.compat.local_instance_without_d)
        return RPL_COUNT_DROP_DAO_LOCAL_WITHOUT_D;
    if (dao->has_dodag_id && !rpl_addr_equal(&dao->dodag_id, &inst->dodag_id))
        return RPL_COUNT_DROP_DODAG_FOREIGN;
    /* NOTE: RFC 6550 section 9.10 lets a node make a one-hop route of a multicast DAO; we take
     * groups from it alone, and nobody is its sender's DAO parent. */
    if (p->multicast && inst->mop != RPL_MOP_STORING_MULTICAST)
        return RPL_COUNT_DROP_DAO_MULTICAST;
    /* R08-01: external targets come straight to the root in storing mode, too. */
    if (far(inst, p))
        return rpl_addr_is_routable(p->src) && inst->cfg.role == RPL_ROLE_ROOT
                   ? RPL_COUNTER_COUNT
                   : RPL_COUNT_DROP_SOURCE_SCOPE;
    if (rpl_storing(inst)) {
        if (!local || !p->iface)
            return RPL_COUNT_DROP_SOURCE_SCOPE;
        /* DST-12: a DAO from our own parent would route in a circle. */
        if (rpl_dao_parent_is(inst, p->src, p->ifindex))
            return RPL_COUNT_DROP_DAO_FROM_PARENT;
        return RPL_COUNTER_COUNT;
    }
    if (inst->mop != RPL_MOP_NON_STORING)
        return RPL_COUNT_DROP_MOP;
    if (!rpl_is_root(inst))
        return RPL_COUNT_DROP_DAO_NOT_FOR_US;
    /* NOTE: RFC 6550 section 9.7 wants a routable source; a storing-only mote on our own link
     * is taken as our child (compat.short_transit). */
    if (local ? !(p->iface && inst->cfg.compat.short_transit) : !rpl_addr_is_routable(p->src))
        return RPL_COUNT_DROP_SOURCE_SCOPE;
    return RPL_COUNTER_COUNT;
}

/* Addresses that nobody may announce to us. */
static enum rpl_counter judge_targets(struct rpl_instance *inst, const struct rpl_packet *p,
                                      const struct rpl_wire_dao *dao)
{
    for (uint8_t i = 0; i < dao->target_count; i++) {
        const struct rpl_wire_target *t = &dao->target[i];
        if (t->len == 0)
            return RPL_COUNT_DROP_TARGET_DEFAULT;
        if (rpl_addr_is_multicast(&t->prefix)) {
            /* MC3-01: a group is a target in MOP 3 alone, and one that reaches beyond the link. */
            if (inst->mop == RPL_MOP_STORING_MULTICAST && t->len == 128 &&
                (t->prefix.b[1] & 15) > 2)
                continue;
            return RPL_COUNT_DROP_TARGET_MULTICAST;
        }
        if (rpl_addr_is_link_local(&t->prefix))
            return RPL_COUNT_DROP_TARGET_LINK_LOCAL;
        if (!rpl_addr_is_routable(&t->prefix))
            return RPL_COUNT_DROP_TARGET_DEFAULT;
        /* In storing mode a child that was our parent may still name us among the others; those
         * are left to be taken. */
        if (inst->mop != RPL_MOP_STORING && t->len == 128 && rpl_is_self(inst, &t->prefix))
            return RPL_COUNT_DROP_TARGET_OWN;
    }
    for (uint8_t i = 0; inst->mop == RPL_MOP_NON_STORING && i < dao->transit_count; i++)
        if (!dao->transit[i].has_parent &&
            !(inst->cfg.compat.short_transit && p->iface && rpl_addr_is_link_local(p->src)))
            return RPL_COUNT_DROP_DAO_TRANSIT_LENGTH; /* DNS-02 */
    for (uint8_t i = 0; far(inst, p) && i < dao->transit_count; i++) {
        const struct rpl_wire_transit *tr = &dao->transit[i];
        if (!tr->external)
            return RPL_COUNT_DROP_SOURCE_SCOPE;
        if (!tr->has_parent || !rpl_addr_is_routable(&tr->parent) || rpl_is_self(inst, &tr->parent))
            return RPL_COUNT_DROP_DAO_TRANSIT_LENGTH;
    }
    return RPL_COUNTER_COUNT;
}

/*
 * DNS-11, RFC 7416 section 7.2.2: a node may speak of itself and of prefixes that it is in; what
 * is external has to lie behind it. NOTE: off by default. Deployed routers announce second
 * addresses and nodes that hang below them.
 */
static bool consistent(struct rpl_instance *inst, const struct rpl_packet *p,
                       const struct rpl_wire_dao *dao, const struct rpl_wire_target *t)
{
    if ((rpl_storing(inst) && !far(inst, p)) || !inst->cfg.compat.dao_source_own)
        return true;
    for (uint8_t i = 0; i < dao->transit_count; i++) {
        const struct rpl_wire_transit *tr = &dao->transit[i];
        if (tr->group == t->group && tr->external && !rpl_addr_same_iid(&tr->parent, p->src))
            return false;
        if (tr->group == t->group && !tr->external &&
            !(t->len == 128 ? rpl_addr_same_iid(&t->prefix, p->src)
                            : rpl_addr_match(p->src, &t->prefix, t->len)))
            return false;
    }
    return true;
}

static void refused(struct rpl_instance *inst, const struct rpl_packet *p,
                    const struct rpl_wire_target *t, enum rpl_counter counter, enum rpl_cause cause)
{
    struct rpl_effect_trace *trace;

    rpl_count(inst->engine, counter);
    trace = rpl_trace(inst->engine, RPL_TRACE_DAO_REFUSED, cause, inst, &t->prefix, p->src,
                      STATUS_REJECTED);
    trace->len = t->len;
}

/* What a group says of lifetime and sequence: its first Transit, of which one of lifetime 0 only
 * takes a parent away where others stay. */
static const struct rpl_wire_transit *first_transit(const struct rpl_wire_dao *dao, uint8_t group)
{
    const struct rpl_wire_transit *first = NULL;

    for (uint8_t i = 0; i < dao->transit_count; i++) {
        if (dao->transit[i].group != group)
            continue;
        if (dao->transit[i].path_lifetime != 0)
            return &dao->transit[i];
        if (!first)
            first = &dao->transit[i];
    }
    return first;
}

/* SEQ-05: an owner that seems to have lost its state is believed when it goes on so. It has to hear
 * nothing for that: then it repeats itself in seconds, where an acknowledged one would be silent
 * for half a lifetime. */
static uint8_t ignored(struct rpl_instance *inst, const struct rpl_target *t, bool from_owner)
{
    rpl_count(inst->engine, RPL_COUNT_REFUSED_OLD);
    return t->has_pending && from_owner ? STATUS_SILENT : 0;
}

static uint8_t apply_storing(struct rpl_instance *inst, const struct rpl_packet *p,
                             const struct rpl_wire_target *wt, const struct rpl_wire_transit *tr,
                             struct rpl_target **ret_target)
{
    struct rpl_target *t = rpl_target_find(inst, &wt->prefix, wt->len);
    enum rpl_freshness fresh;
    uint8_t before;
    bool owner;

    /* Nor is the root of our DODAG below us; the way up would end at whoever says so. */
    if (wt->len == 128 &&
        (rpl_is_self(inst, &wt->prefix) || rpl_addr_equal(&wt->prefix, &inst->dodag_id))) {
        rpl_count(inst->engine, RPL_COUNT_DROP_TARGET_OWN);
        return 0;
    }
    /* A No-Path for what we do not have, or have from others: it says nothing about their ways,
     * and its Path Sequence must not make theirs look old. */
    if (tr->path_lifetime == 0 && !(t && rpl_storing_is_hop(t, p->src, p->ifindex)))
        return 0;
    if (!t)
        t = rpl_target_get(inst, &wt->prefix, wt->len);
    if (!t) {
        refused(inst, p, wt, RPL_COUNT_REFUSED_FULL, RPL_CAUSE_FULL);
        return STATUS_REJECTED;
    }
    owner = rpl_addr_same_iid(p->src, &wt->prefix);
    before = t->path_seq;
    fresh = rpl_target_judge(t, tr->path_sequence, owner);
    if (fresh == RPL_FRESH_IGNORE) {
        rpl_dco_stale(t, p);
        return ignored(inst, t, owner);
    }
    if (tr->path_lifetime == 0) {
        /* Another way that is left was told with the older one: it may be stale, and must not pass
         * for the way that the owner has now. */
        if (t->way_count > 1)
            t->path_seq = before;
        rpl_storing_remove_hop(t, p->src, p->ifindex, RPL_CAUSE_NO_PATH);
        return 0; /* |t| may be gone */
    }
    t->has_descriptor = wt->has_descriptor;
    t->descriptor = wt->descriptor;
    if (rpl_storing_update(t, p->src, p->ifindex, fresh, tr) < 0) {
        refused(inst, p, wt, RPL_COUNT_REFUSED_FULL, RPL_CAUSE_FULL);
        return STATUS_REJECTED;
    }
    *ret_target = t;
    return 0;
}

/* The parent that a Transit names. A Transit without one (compat.short_transit) comes from a
 * storing-only mote on our link: it is our child, and its further targets lie behind it. */
static struct rpl_source_parent parent_of(struct rpl_instance *inst, const struct rpl_packet *p,
                                          const struct rpl_wire_target *wt,
                                          const struct rpl_wire_transit *tr)
{
    const struct rpl_addr *prefix = rpl_prefix(inst, NULL);
    struct rpl_source_parent parent = {.path_control = tr->path_control};

    if (tr->has_parent) {
        parent.addr = tr->parent;
        parent.self = rpl_is_self(inst, &tr->parent);
    } else if (rpl_addr_same_iid(p->src, &wt->prefix)) {
        parent.addr = inst->dodag_id;
        parent.self = true;
    } else {
        parent.addr = rpl_addr_join(prefix, p->src);
    }
    return parent;
}

/* All parents of |wt|, without those of lifetime 0. */
static uint8_t parents_of(struct rpl_instance *inst, const struct rpl_packet *p,
                          const struct rpl_wire_dao *dao, const struct rpl_wire_target *wt,
                          struct rpl_source_parent *out)
{
    uint8_t count = 0;

    for (uint8_t i = 0; i < dao->transit_count && count < RPL_PARENTS_MAX; i++) {
        const struct rpl_wire_transit *tr = &dao->transit[i];
        bool known = false;
        if (tr->group != wt->group || tr->path_lifetime == 0)
            continue;
        out[count] = parent_of(inst, p, wt, tr);
        for (uint8_t k = 0; k < count; k++)
            known = known || rpl_addr_equal(&out[k].addr, &out[count].addr);
        if (!known)
            count++;
    }
    return count;
}

static uint8_t apply_source(struct rpl_instance *inst, const struct rpl_packet *p,
                            const struct rpl_wire_dao *dao, const struct rpl_wire_target *wt,
                            const struct rpl_wire_transit *tr, struct rpl_target **ret_target)
{
    struct rpl_source_parent parent[RPL_PARENTS_MAX];
    uint8_t count = parents_of(inst, p, dao, wt, parent);
    struct rpl_target *t = rpl_target_find(inst, &wt->prefix, wt->len);
    struct rpl_addr router = {{0}};
    enum rpl_freshness fresh;
    uint8_t before;
    bool moved;
    int err;

    if (count == 0) { /* No-Path: every Transit has lifetime 0 (DNS-06) */
        if (!t || !t->known)
            return 0;
        fresh = rpl_target_judge(t, tr->path_sequence, rpl_addr_same_iid(p->src, &wt->prefix));
        if (fresh == RPL_FRESH_IGNORE)
            rpl_count(inst->engine, RPL_COUNT_REFUSED_OLD);
        else
            rpl_source_drop(t, RPL_CAUSE_NO_PATH);
        return 0;
    }
    if (!t)
        t = rpl_target_get(inst, &wt->prefix, wt->len);
    if (!t) {
        refused(inst, p, wt, RPL_COUNT_REFUSED_FULL, RPL_CAUSE_FULL);
        return STATUS_REJECTED;
    }
    before = t->path_seq;
    moved = t->moved;
    fresh = rpl_target_judge(t, tr->path_sequence, rpl_addr_same_iid(p->src, &wt->prefix));
    if (fresh == RPL_FRESH_IGNORE)
        return ignored(inst, t, rpl_addr_same_iid(p->src, &wt->prefix));
    if (t->external && rpl_source_parent_of(t))
        router = *rpl_source_parent_of(t);
    err = rpl_source_update(t, parent, count, fresh, tr->path_lifetime);
    if (err) { /* the old parents stay, and so does the sequence they came with */
        t->path_seq = before;
        t->moved = moved;
        refused(inst, p, wt, err == -RPL_ERR_FULL ? RPL_COUNT_REFUSED_FULL : RPL_COUNT_REFUSED_LOOP,
                err == -RPL_ERR_FULL ? RPL_CAUSE_FULL : RPL_CAUSE_LOOP);
        rpl_target_release(t);
        /* A circle is most often a DAO that came before the one of its new parent, which was below
         * it until now. A rejection would make it leave that; unanswered, it repeats itself. */
        return err == -RPL_ERR_FULL ? STATUS_REJECTED : STATUS_SILENT;
    }
    t->external = tr->external;
    if (t->external)
        rpl_leaf_went(inst, &wt->prefix);
    /* The router that a leaf went away from is told (RFC 9010 section 9.1). */
    if (inst->cfg.serve_leaves && fresh == RPL_FRESH_REPLACE && rpl_addr_is_routable(&router) &&
        !rpl_addr_equal(&router, &parent[0].addr))
        rpl_dco_global(inst, &router, &wt->prefix, t->path_seq, RPL_STATUS_ND | RPL_ND_MOVED);
    *ret_target = t;
    return 0;
}

/* What may be in a DAO, and is not for us to route to. The sender hears of it by the status; the
 * other targets are none the worse for it. */
static bool permitted(struct rpl_instance *inst, const struct rpl_packet *p,
                      const struct rpl_wire_dao *dao, const struct rpl_wire_target *t)
{
    if (t->len == 128 && !rpl_addr_is_multicast(&t->prefix) &&
        !rpl_access_allowed(inst->engine, &t->prefix))
        refused(inst, p, t, RPL_COUNT_REFUSED_DENIED, RPL_CAUSE_DENIED);
    else if (!consistent(inst, p, dao, t))
        refused(inst, p, t, RPL_COUNT_REFUSED_SOURCE, RPL_CAUSE_SOURCE);
    else if (!rpl_addr_is_multicast(&t->prefix) && !rpl_target_allowed(inst, &t->prefix, t->len))
        refused(inst, p, t, RPL_COUNT_REFUSED_PREFIX, RPL_CAUSE_PREFIX);
    else
        return true;
    return false;
}

/* In a prefix that this root may have had, and that it knows no more: the node will drop the
 * address by itself, and a refusal would cost it the way of its other ones. */
static bool outlived(const struct rpl_instance *inst, const struct rpl_wire_target *t)
{
    return inst->cfg.role == RPL_ROLE_ROOT && inst->cfg.renumbers &&
           !rpl_addr_is_multicast(&t->prefix) && !rpl_target_allowed(inst, &t->prefix, t->len);
}

/* With F the whole address of the advertiser stands where the prefix does. */
static struct rpl_wire_target without_address(const struct rpl_wire_target *wt)
{
    struct rpl_wire_target masked = *wt;

    rpl_addr_mask(&masked.prefix, masked.len);
    return masked;
}

/* Of two statuses the one to tell: a rejection outranks all, silence what accepts. */
static uint8_t worse(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Whose a leaf's address is says the registrar (RFC 9010); false: not the one's that the DAO speaks
 * for, and *ret_status says why. */
static bool registered(struct rpl_instance *inst, const struct rpl_packet *p,
                       const struct rpl_wire_target *wt, const struct rpl_wire_transit *tr,
                       uint8_t *ret_status)
{
    enum rpl_nd_status nd;

    if ((rpl_storing(inst) && !far(inst, p)) || !rpl_registrar_dao(inst, wt, tr, &nd))
        return true;
    /* R10-06: with A=1 the status is one of Neighbor Discovery. */
    *ret_status = STATUS_REGISTERED;
    if (nd == RPL_ND_SUCCESS)
        return true;
    refused(inst, p, wt, RPL_COUNT_REFUSED_REGISTRATION, RPL_CAUSE_REGISTERED);
    *ret_status = (uint8_t)(RPL_STATUS_ND | nd);
    return false;
}

/* A way to |wt|, of which |sent| is how it came; *ret_route is the kernel's route that it makes. */
static uint8_t apply_way(struct rpl_instance *inst, const struct rpl_packet *p,
                         const struct rpl_wire_dao *dao, const struct rpl_wire_target *wt,
                         const struct rpl_wire_target *sent, struct rpl_rt **ret_route)
{
    const struct rpl_wire_transit *tr = first_transit(dao, wt->group);
    struct rpl_target *t = NULL;
    uint8_t status;

    if (far(inst, p))
        return rpl_external_update(inst, wt, tr, ret_route);
    if (!rpl_storing(inst)) {
        status = apply_source(inst, p, dao, wt, tr, &t);
    } else {
        status = apply_storing(inst, p, wt, tr, &t);
        if (t && !rpl_is_root(inst))
            rpl_extension_set(inst, &wt->prefix, sent);
    }
    *ret_route = t && t->rt.wanted ? &t->rt : NULL;
    return status;
}

/* One target of a DAO, and what its sender hears of it. */
static uint8_t apply_target(struct rpl_instance *inst, const struct rpl_packet *p,
                            const struct rpl_wire_dao *dao, const struct rpl_wire_target *sent,
                            struct rpl_ack *ack)
{
    const struct rpl_wire_transit *tr = first_transit(dao, sent->group);
    const struct rpl_wire_target wt = without_address(sent);
    struct rpl_rt *route = NULL;
    uint8_t status, registration = 0;

    if (!tr)
        return 0;
    if ((wt.flags & TARGET_ROVR) > ROVR_SIZE_MAX)
        rpl_count(inst->engine, RPL_COUNT_ROVR_UNKNOWN); /* R10-01: relayed, and told of */
    if (outlived(inst, &wt)) {
        rpl_count(inst->engine, RPL_COUNT_REFUSED_PREFIX);
        return 0;
    }
    if (!permitted(inst, p, dao, &wt))
        return STATUS_REJECTED;
    if (rpl_addr_is_multicast(&wt.prefix))
        return rpl_multicast_update(inst, p, &wt.prefix, tr->path_sequence, tr->path_lifetime);
    if (p->multicast)
        return 0;
    if (!registered(inst, p, &wt, tr, &registration))
        return registration;
    status = apply_way(inst, p, dao, &wt, sent, &route);
    /* A retry after the kernel refused is made by announcing the target again. */
    if (ack && route && !rpl_rt_settled(route) && !rpl_ack_wait(ack, route))
        return STATUS_REJECTED;
    return worse(status, registration);
}

/* All of them; the worst of what is to be said is. */
static uint8_t apply(struct rpl_instance *inst, const struct rpl_packet *p,
                     const struct rpl_wire_dao *dao, struct rpl_ack *ack)
{
    uint8_t status = 0;

    for (uint8_t i = 0; i < dao->target_count; i++)
        status = worse(status, apply_target(inst, p, dao, &dao->target[i], ack));
    return status;
}

/* What it brought may be gone again: a child that could not be reached was not reached by our
 * answer either, and repeats itself. */
static bool stands(struct rpl_instance *inst, const struct rpl_packet *p,
                   const struct rpl_wire_dao *dao)
{
    for (uint8_t i = 0; i < dao->target_count; i++) {
        const struct rpl_wire_target wt = without_address(&dao->target[i]);
        const struct rpl_wire_transit *tr = first_transit(dao, wt.group);
        const struct rpl_target *t;
        if (!tr || tr->path_lifetime == 0 || rpl_addr_is_multicast(&wt.prefix) ||
            outlived(inst, &wt) || (wt.len == 128 && rpl_is_self(inst, &wt.prefix)) ||
            rpl_addr_equal(&wt.prefix, &inst->dodag_id))
            continue;
        t = rpl_target_find(inst, &wt.prefix, wt.len);
        if (far(inst, p) ? !rpl_external_find(inst, &wt.prefix, wt.len)
                         : !t || !t->known || t->way_count == 0)
            return false;
    }
    return true;
}

/* ACK-05: the same octets from the same source within 30 s are answered again, not processed. */
static bool duplicate(struct rpl_instance *inst, const struct rpl_packet *p,
                      const struct rpl_wire_dao *dao, struct rpl_peer *peer)
{
    struct rpl_engine *e = inst->engine;
    uint64_t d = rpl_digest(p->data, p->len);

    if (peer->has_dao && peer->dao_digest == d && e->now - peer->dao_at < RPL_DAO_DUPLICATE &&
        (peer->dao_status >= STATUS_REJECTED || stands(inst, p, dao))) {
        rpl_count(e, RPL_COUNT_DAO_DUPLICATE);
        if (peer->dao_answered && dao->ack_wanted)
            rpl_ack_send(inst, rpl_addr_is_link_local(p->src) ? p->ifindex : 0, p->dst, p->src,
                         dao->has_dodag_id, dao->sequence, peer->dao_status);
        return true;
    }
    peer->has_dao = true;
    peer->dao_answered = false;
    peer->dao_status = 0;
    peer->dao_digest = d;
    peer->dao_at = e->now;
    return false;
}

int rpl_dao_receive(struct rpl_engine *e, const struct rpl_packet *p)
{
    const struct rpl_wire_dao *dao = &p->msg->u.dao;
    struct rpl_instance *inst = rpl_instance_find(e, dao->instance, p->iface);
    enum rpl_counter reason;
    struct rpl_peer *peer;
    struct rpl_ack *ack;
    uint8_t status;

    rpl_count(e, RPL_COUNT_DAO_IN);
    if (!inst)
        return drop(e, RPL_COUNT_DROP_INSTANCE_UNKNOWN);
    reason = judge_message(inst, p, dao);
    if (reason == RPL_COUNTER_COUNT)
        reason = judge_targets(inst, p, dao);
    if (reason != RPL_COUNTER_COUNT)
        return drop(e, reason);
    peer = rpl_peer_get(e, p->src, p->ifindex);
    if (!peer)
        return drop(e, RPL_COUNT_DROP_NOMEM);
    if (!rpl_bucket_take(&peer->dao, e->now, DAO_BURST, DAO_PERIOD))
        return drop(e, RPL_COUNT_DROP_RATE);
    if (duplicate(inst, p, dao, peer))
        return 0;
    ack = rpl_ack_begin(inst, p);
    status = apply(inst, p, dao, ack);
    if (status == STATUS_SILENT) {
        peer->has_dao = false; /* the repetition is no duplicate */
        if (ack)
            ack->wanted = false;
        status = 0;
    }
    if (ack)
        rpl_ack_end(ack, status);
    return 0;
}
