/* SPDX-License-Identifier: ISC */
/*
 * DCO: Destination Cleanup Object (RFC 9009), storing mode, and end to end (RFC 9010 section 7).
 * When a target moves to another child with a newer Path Sequence and asks for it (I), the node
 * where the ways part tells the old child, after DelayDCO and unless that child announced the
 * target again in the meantime. Targets that leave the same child together go into one message.
 *
 * End to end it goes from the root to the router that serves a leaf, when that has gone elsewhere
 * or its registration is void; no node between them has a part in it.
 */
#include "rpl/engine.h"

#define STATUS_MOVED 195     /* RFC 9009 section 4.3: U=1, A=1, ND status 3 */
#define STATUS_NO_ROUTE 0x81 /* of a DCO-ACK */
#define DELAY_DCO RPL_S(1)   /* section 4.6.4 */
#define RETRY RPL_S(3)       /* section 4.6.3: at most one per 3 s, 3 in all */
#define TRIES 3
#define DCOS_MAX 16
#define NEW_LIFE RPL_S(120) /* what went before may still be on its way */

static void free_dco(struct rpl_dco *dco)
{
    struct rpl_instance *inst = dco->inst;

    rpl_timer_unregister(inst->engine, &dco->timer);
    LIST_REMOVE(dco, list);
    inst->dco_count--;
    rpl_free(inst->engine, dco);
}

void rpl_dcos_free(struct rpl_instance *inst)
{
    while (!LIST_EMPTY(&inst->dcos))
        free_dco(LIST_FIRST(&inst->dcos));
}

/* NULL when there are too many: then the old way ends with its lifetime. */
static struct rpl_dco *new_dco(struct rpl_instance *inst, const struct rpl_addr *via,
                               uint32_t ifindex, uint8_t status)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_dco *dco;

    if (inst->dco_count >= DCOS_MAX)
        return NULL;
    dco = rpl_alloc(e, sizeof(*dco));
    if (!dco || !rpl_timer_register(e, &dco->timer, TIMER_DCO)) {
        rpl_free(e, dco);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    dco->inst = inst;
    dco->via = *via;
    dco->ifindex = ifindex;
    dco->status = status;
    LIST_INSERT_HEAD(&inst->dcos, dco, list);
    inst->dco_count++;
    rpl_timer_set(e, &dco->timer, e->now + DELAY_DCO);
    return dco;
}

/* One that is still being filled for this child, or a new one. */
static struct rpl_dco *get_dco(struct rpl_instance *inst, const struct rpl_addr *via,
                               uint32_t ifindex, uint8_t status)
{
    struct rpl_dco *dco;

    LIST_FOREACH (dco, &inst->dcos, list)
        if (dco->tries == 0 && !dco->to_owner && dco->count < RPL_DCO_TARGETS &&
            dco->ifindex == ifindex && dco->status == status && rpl_addr_equal(&dco->via, via))
            return dco;
    return new_dco(inst, via, ifindex, status);
}

static void add(struct rpl_dco *dco, const struct rpl_addr *prefix, uint8_t len, uint8_t path_seq)
{
    dco->target[dco->count].prefix = *prefix;
    dco->target[dco->count].len = len;
    dco->target[dco->count++].path_seq = path_seq;
}

void rpl_dco_moved(struct rpl_target *t, const struct rpl_hop *old)
{
    struct rpl_dco *dco = get_dco(t->inst, &old->via, old->ifindex, STATUS_MOVED);

    if (dco)
        add(dco, &t->prefix, t->len, t->path_seq);
}

/* The owner of |t| began anew: once is enough while it has not answered. */
static void tell_owner(struct rpl_target *t, const struct rpl_packet *p)
{
    struct rpl_instance *inst = t->inst;
    struct rpl_dco *dco;

    LIST_FOREACH (dco, &inst->dcos, list)
        if (dco->to_owner && rpl_addr_equal(&dco->target[0].prefix, &t->prefix))
            return;
    dco = new_dco(inst, p->src, p->ifindex, STATUS_MOVED);
    if (!dco)
        return;
    dco->to_owner = true;
    add(dco, &t->prefix, t->len, t->path_seq);
    rpl_timer_set(inst->engine, &dco->timer, inst->engine->now);
}

/*
 * The target is announced with a sequence older than the one that we hold. Either its owner lost
 * its state and began anew at 240, which is older than 241 to 255 (SEQ-13), or the child is what is
 * left of an older tree. The newest sequence, sent down that way (RFC 9009 section 4.5,
 * unsolicited), tells the one where to go on, and clears up the other. Our own way stays.
 */
void rpl_dco_stale(struct rpl_target *t, const struct rpl_packet *p)
{
    struct rpl_dco *dco;

    if (t->len != 128 || !t->invalidate)
        return;
    if (rpl_addr_same_iid(p->src, &t->prefix)) {
        tell_owner(t, p);
        return;
    }
    dco = rpl_storing_is_hop(t, p->src, p->ifindex)
              ? NULL
              : get_dco(t->inst, p->src, p->ifindex, STATUS_MOVED);
    for (uint8_t i = 0; dco && i < dco->count; i++)
        if (rpl_addr_equal(&dco->target[i].prefix, &t->prefix))
            return;
    if (dco)
        add(dco, &t->prefix, t->len, t->path_seq);
}

void rpl_dco_global(struct rpl_instance *inst, const struct rpl_addr *via,
                    const struct rpl_addr *addr, uint8_t path_seq, uint8_t status)
{
    struct rpl_dco *dco = get_dco(inst, via, 0, status);

    if (!dco)
        return;
    add(dco, addr, 128, path_seq);
    rpl_timer_set(inst->engine, &dco->timer, inst->engine->now);
}

/* R09-02: a child that has announced the target again keeps it. */
static void drop_refreshed(struct rpl_dco *dco)
{
    uint8_t kept = 0;

    for (uint8_t i = 0; !dco->to_owner && i < dco->count; i++) {
        struct rpl_target *t =
            rpl_target_find(dco->inst, &dco->target[i].prefix, dco->target[i].len);
        const struct rpl_addr *router =
            dco->ifindex == 0 ? rpl_external_router(dco->inst, &dco->target[i].prefix) : NULL;
        if (dco->ifindex == 0 ? !router || !rpl_addr_equal(router, &dco->via)
                              : !t || !rpl_storing_is_hop(t, &dco->via, dco->ifindex))
            dco->target[kept++] = dco->target[i];
    }
    if (!dco->to_owner)
        dco->count = kept;
}

static void send_dco(struct rpl_dco *dco)
{
    struct rpl_instance *inst = dco->inst;
    struct rpl_engine *e = inst->engine;
    const struct rpl_iface *iface = rpl_iface_find(e, dco->ifindex);
    struct rpl_wire_dao *m = &e->scratch->u.dao;
    const struct rpl_addr *src = dco->ifindex == 0 ? &inst->dodag_id : NULL;

    if (!iface && !src)
        return;
    if (!src)
        src = &iface->address;
    if (dco->tries == 0) {
        inst->dco_seq = rpl_lollipop_increment(inst->dco_seq);
        dco->sequence = inst->dco_seq;
    }
    memset(m, 0, sizeof(*m));
    e->scratch->code = RPL_CODE_DCO;
    m->instance = inst->cfg.id;
    m->ack_wanted = true;
    m->has_dodag_id = (inst->cfg.id & RPL_INSTANCE_LOCAL) != 0;
    m->dodag_id = inst->dodag_id;
    m->sequence = dco->sequence;
    m->status = dco->status;
    for (uint8_t i = 0; i < dco->count; i++) {
        m->target[i] = (struct rpl_wire_target){
            .len = dco->target[i].len, .prefix = dco->target[i].prefix, .group = i};
        /* R09-03, R09-04: lifetime 0, no parent, the newest sequence known. */
        m->transit[i] =
            (struct rpl_wire_transit){.path_sequence = dco->target[i].path_seq, .group = i};
    }
    m->target_count = m->transit_count = m->group_count = dco->count;
    if (rpl_send(e, dco->ifindex, src, &dco->via) > 0)
        rpl_count(e, RPL_COUNT_DCO_OUT);
}

void rpl_dco_timeout(struct rpl_dco *dco)
{
    struct rpl_engine *e = dco->inst->engine;

    if (dco->tries == 0)
        drop_refreshed(dco);
    if (dco->count == 0 || dco->tries >= TRIES || !dco->inst->joined) {
        free_dco(dco);
        return;
    }
    send_dco(dco);
    dco->tries++;
    rpl_timer_set(e, &dco->timer, e->now + RETRY + rpl_random_range(e, 0, RETRY / 4));
}

/* ---- receiving --------------------------------------------------------------------- */

static void acknowledge(struct rpl_instance *inst, const struct rpl_packet *p,
                        const struct rpl_wire_dao *dco, bool found)
{
    struct rpl_engine *e = inst->engine;

    e->scratch->code = RPL_CODE_DCO_ACK;
    e->scratch->u.ack = (struct rpl_wire_ack){.instance = dco->instance,
                                              .has_dodag_id = dco->has_dodag_id,
                                              .sequence = dco->sequence,
                                              .status = found ? 0 : STATUS_NO_ROUTE,
                                              .dodag_id = inst->dodag_id};
    if (rpl_send(e, rpl_addr_is_link_local(p->src) ? p->ifindex : 0, p->dst, p->src) > 0)
        rpl_count(e, RPL_COUNT_DCO_ACK_OUT);
}

static const struct rpl_wire_transit *transit_of(const struct rpl_wire_dao *dco, uint8_t group)
{
    for (uint8_t i = 0; i < dco->transit_count; i++)
        if (dco->transit[i].group == group)
            return &dco->transit[i];
    return NULL;
}

/*
 * Somebody knows our address under a newer Path Sequence than we do: from a life that we have
 * forgotten. We go on from there. In the first minutes one that is ours as well may be a number
 * that both lives came to.
 */
static void resume(struct rpl_instance *inst, uint8_t path_seq)
{
    enum rpl_order order = rpl_lollipop_compare(path_seq, inst->path_seq);

    if (inst->stored.valid || order == RPL_OLDER ||
        (order == RPL_EQUAL && inst->engine->now - inst->born > NEW_LIFE))
        return;
    inst->path_seq = path_seq;
    inst->dao_all = inst->refresh_seq = true;
    rpl_dao_outs_free(inst, false); /* they carry the old one */
    rpl_dao_schedule(inst, rpl_dao_delay(inst));
}

/* R09-05: only an older stored sequence gives way; the DCO then goes on to the next hop. */
static bool cleanup(struct rpl_instance *inst, const struct rpl_packet *p,
                    const struct rpl_wire_target *wt, uint8_t path_seq)
{
    struct rpl_target *t = rpl_target_find(inst, &wt->prefix, wt->len);
    struct rpl_dco *dco;

    if (!t || !t->known || t->way_count == 0)
        return false;
    if (rpl_lollipop_compare(t->path_seq, path_seq) != RPL_OLDER)
        return true; /* what we have is newer than the move that it tells of */
    if (rpl_storing_is_hop(t, p->src, p->ifindex))
        return true; /* always downward: never back to where it came from */
    for (uint8_t i = 0; i < t->way_count; i++) {
        const struct rpl_hop *hop = &rpl_target_hops(t)[i];
        dco = get_dco(inst, &hop->via, hop->ifindex, STATUS_MOVED);
        if (!dco)
            continue;
        add(dco, &t->prefix, t->len, path_seq);
        rpl_timer_set(inst->engine, &dco->timer, inst->engine->now);
    }
    if (inst->left_count)
        rpl_dao_no_path_timeout(inst); /* a former parent has to hear of it as well */
    rpl_storing_forget(t, RPL_CAUSE_DCO);
    return true;
}

int rpl_dco_receive(struct rpl_engine *e, const struct rpl_packet *p)
{
    const struct rpl_wire_dao *dco = &p->msg->u.dao;
    struct rpl_instance *inst = rpl_instance_find(e, dco->instance, p->iface);
    enum rpl_counter reason = RPL_COUNTER_COUNT;
    bool end_to_end = !rpl_addr_is_link_local(p->src) && !p->multicast, found = false;

    rpl_count(e, RPL_COUNT_DCO_IN);
    if (!inst)
        reason = RPL_COUNT_DROP_INSTANCE_UNKNOWN;
    else if (!inst->joined || inst->cfg.role == RPL_ROLE_ROOT || inst->leaf)
        reason = RPL_COUNT_DROP_ROUTER_ONLY;
    else if (!end_to_end && !rpl_storing(inst))
        reason = RPL_COUNT_DROP_MOP;
    else if (end_to_end ? !rpl_addr_equal(p->src, &inst->dodag_id)
                        : !p->iface || p->multicast || !rpl_addr_is_link_local(p->src))
        reason = RPL_COUNT_DROP_SOURCE_SCOPE;
    else if (dco->has_dodag_id && !rpl_addr_equal(&dco->dodag_id, &inst->dodag_id))
        reason = RPL_COUNT_DROP_DODAG_FOREIGN;
    if (reason != RPL_COUNTER_COUNT) {
        rpl_count(e, reason);
        return -RPL_ERR_DROPPED;
    }
    for (uint8_t i = 0; i < dco->target_count; i++) {
        const struct rpl_wire_transit *tr = transit_of(dco, dco->target[i].group);
        if (tr && end_to_end)
            found =
                rpl_leaf_cleanup(inst, &dco->target[i].prefix, tr->path_sequence, dco->status) ||
                found;
        /* R09-06: we know best whether we are here. */
        else if (tr && rpl_is_self(inst, &dco->target[i].prefix))
            resume(inst, tr->path_sequence);
        else if (tr)
            found = cleanup(inst, p, &dco->target[i], tr->path_sequence) || found;
    }
    if (dco->ack_wanted)
        acknowledge(inst, p, dco, found);
    return 0;
}

int rpl_dco_ack_receive(struct rpl_engine *e, const struct rpl_packet *p)
{
    const struct rpl_wire_ack *ack = &p->msg->u.ack;
    struct rpl_instance *inst = rpl_instance_find(e, ack->instance, p->iface);
    struct rpl_dco *dco;

    if (inst)
        LIST_FOREACH (dco, &inst->dcos, list)
            if (dco->tries > 0 && dco->sequence == ack->sequence &&
                (dco->ifindex == 0 || dco->ifindex == p->ifindex) &&
                rpl_addr_equal(&dco->via, p->src)) {
                rpl_count(e, RPL_COUNT_DCO_ACK_IN);
                free_dco(dco);
                return 0;
            }
    rpl_count(e, RPL_COUNT_DROP_ACK_UNEXPECTED);
    return -RPL_ERR_DROPPED;
}
