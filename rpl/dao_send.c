/* SPDX-License-Identifier: ISC */
/*
 * Our own DAOs (RFC 6550 sections 9.2 to 9.8): to the root with our parent in the Transit
 * (non-storing), or to the parent with all that is below us (storing). They leave DelayDAO
 * after the news, in messages that fit the smallest IPv6 MTU, and are repeated until they are
 * acknowledged.
 */
#include "rpl/engine.h"

#define GROUPS_PER_DAO 38 /* 32 octets each: one Target with its descriptor, one Transit */
#define SOURCE_GROUPS 28  /* with the parent in each Transit: 42 octets */
#define NO_PATH_MESSAGES 8

void rpl_dao_schedule(struct rpl_instance *inst, rpl_duration delay)
{
    struct rpl_engine *e = inst->engine;
    rpl_tstamp when;

    if (!inst->joined || inst->cfg.role == RPL_ROLE_ROOT || inst->mop == RPL_MOP_NONE)
        return;
    /* DST-07: further news do not restart the timer; but news do not wait for a late retry. */
    if (rpl_timer_armed(&inst->t_dao) && inst->t_dao.due <= e->now + delay + delay / 2)
        return;
    when = e->now + rpl_random_range(e, delay / 2, delay + delay / 2);
    rpl_timer_set(e, &inst->t_dao, when);
}

static struct rpl_wire_dao *begin(struct rpl_instance *inst, bool ack)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_wire_dao *dao = &e->scratch.u.dao;

    memset(dao, 0, sizeof(*dao));
    e->scratch.code = RPL_CODE_DAO;
    inst->dao_seq = rpl_lollipop_increment(inst->dao_seq);
    rpl_store(inst);
    dao->instance = inst->cfg.id;
    dao->ack_wanted = ack;
    dao->sequence = inst->dao_seq;
    dao->has_dodag_id = (inst->cfg.id & RPL_INSTANCE_LOCAL) != 0; /* MIN-04 */
    dao->dodag_id = inst->dodag_id;
    return dao;
}

static void add_group(struct rpl_wire_dao *dao, const struct rpl_addr *target, uint8_t len,
                      uint8_t path_seq, uint8_t lifetime, const struct rpl_addr *parent)
{
    struct rpl_wire_target *t = &dao->target[dao->target_count++];
    struct rpl_wire_transit *tr = &dao->transit[dao->transit_count++];

    *t = (struct rpl_wire_target){.len = len, .prefix = *target, .group = dao->group_count};
    *tr = (struct rpl_wire_transit){.path_control = RPL_PATH_CONTROL,
                                    .path_sequence = path_seq,
                                    .path_lifetime = lifetime,
                                    .has_parent = parent != NULL,
                                    .group = dao->group_count};
    if (parent)
        tr->parent = *parent;
    dao->group_count++;
}

/* R09-01: an own target asks for its old path to be removed. */
static void add_own(const struct rpl_instance *inst, struct rpl_wire_dao *dao,
                    const struct rpl_addr *addr, uint8_t lifetime)
{
    add_group(dao, addr, 128, inst->path_seq, lifetime, NULL);
    dao->transit[dao->transit_count - 1].invalidate = true;
}

/* Send what was built, and remember it until its DAO-ACK comes. */
static void finish(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *src,
                   const struct rpl_addr *dst)
{
    struct rpl_engine *e = inst->engine;
    uint8_t data[RPL_MESSAGE_MAX];
    struct rpl_dao_out *out;
    int len = rpl_wire_write(&e->scratch, src, dst, data, sizeof(data));

    if (len < 0)
        return;
    rpl_send_octets(e, ifindex, src, dst, data, (size_t)len);
    rpl_count(e, RPL_COUNT_DAO_OUT);
    if (!e->scratch.u.dao.ack_wanted)
        return;
    out = rpl_alloc(e, sizeof(*out));
    if (!out || !rpl_timer_register(e, &out->timer, TIMER_DAO_OUT)) {
        rpl_free(e, out);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return;
    }
    out->inst = inst;
    out->src = *src;
    out->dst = *dst;
    out->ifindex = ifindex;
    out->sequence = inst->dao_seq;
    out->len = (uint16_t)len;
    memcpy(out->data, data, (size_t)len);
    LIST_INSERT_HEAD(&inst->dao_outs, out, list);
    inst->dao_out_count++;
    rpl_timer_set(e, &out->timer,
                  e->now + RPL_DAO_TIMEOUT + rpl_random_range(e, 0, RPL_DAO_TIMEOUT / 4));
}

static void send_source(struct rpl_instance *inst, uint8_t lifetime)
{
    const struct rpl_addr *own = rpl_own_address(inst, inst->parent->ifindex);
    struct rpl_addr parent;
    struct rpl_wire_dao *dao;

    if (!own || !rpl_parent_address(inst, &parent))
        return;
    dao = begin(inst, inst->cfg.dao_ack);
    /* Children on another link know us by our address there; it hangs below the one that the
     * parent can reach. */
    for (uint32_t k = 0; k < inst->own_count && dao->target_count < SOURCE_GROUPS; k++)
        if (inst->own[k].usable)
            add_group(dao, &inst->own[k].addr, 128, inst->path_seq, lifetime,
                      rpl_addr_equal(&inst->own[k].addr, own) ? &parent : own);
    finish(inst, 0, own, &inst->dodag_id);
    inst->dao_own = inst->dao_all = false;
}

static void all_is_news(struct rpl_instance *inst)
{
    struct rpl_target *t;

    RB_FOREACH (t, rpl_target_tree, &inst->targets)
        if (t->known && !t->unconfirmed && !t->is_news) {
            t->is_news = true;
            TAILQ_INSERT_TAIL(&inst->news, t, news);
        }
    rpl_multicast_all_news(inst);
    inst->dao_all = false;
    inst->dao_own = true;
}

static void send_storing(struct rpl_instance *inst, uint8_t lifetime)
{
    const struct rpl_iface *iface = rpl_iface_find(inst->engine, inst->parent->ifindex);
    struct rpl_wire_dao *dao;
    struct rpl_target *t;
    struct rpl_addr group;
    uint8_t path_seq;
    bool populated;

    if (!iface)
        return;
    if (inst->dao_all)
        all_is_news(inst);
    if (!inst->dao_own && TAILQ_EMPTY(&inst->news) && TAILQ_EMPTY(&inst->group_news))
        return;
    dao = begin(inst, inst->cfg.dao_ack);
    for (uint32_t k = 0; inst->dao_own && k < inst->own_count; k++)
        if (inst->own[k].usable)
            add_own(inst, dao, &inst->own[k].addr, lifetime);
    inst->dao_own = false;
    while ((t = TAILQ_FIRST(&inst->news)) != NULL && dao->target_count < GROUPS_PER_DAO) {
        TAILQ_REMOVE(&inst->news, t, news);
        t->is_news = false;
        add_group(dao, &t->prefix, t->len, t->path_seq, t->known ? t->path_lifetime : 0, NULL);
        dao->transit[dao->transit_count - 1].invalidate = t->known && t->invalidate;
        dao->transit[dao->transit_count - 1].path_control = rpl_storing_path_control(t);
        dao->target[dao->target_count - 1].has_descriptor = t->has_descriptor;
        dao->target[dao->target_count - 1].descriptor = t->descriptor;
        rpl_target_release(t);
    }
    while (dao->target_count < GROUPS_PER_DAO &&
           rpl_multicast_next_news(inst, &group, &path_seq, &populated))
        add_group(dao, &group, 128, path_seq, populated ? lifetime : 0, NULL);
    if (dao->target_count)
        finish(inst, inst->parent->ifindex, &iface->address, &inst->parent->addr);
}

void rpl_dao_timeout(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;
    uint8_t lifetime = (uint8_t)rpl_instance_default_lifetime(inst);

    if (!inst->joined || !inst->parent)
        return;
    if (inst->dao_out_count >= RPL_DAO_OUT_MAX) {
        rpl_dao_schedule(inst, RPL_DELAY_DAO);
        return;
    }
    /* SEQ-08: a refresh or a new parent is a new Path Sequence of our own targets. */
    if (inst->refresh_seq && (inst->dao_own || inst->dao_all)) {
        inst->path_seq = rpl_lollipop_increment(inst->path_seq);
        inst->refresh_seq = false;
    }
    if (rpl_storing(inst))
        send_storing(inst, lifetime);
    else
        send_source(inst, lifetime);
    if (!TAILQ_EMPTY(&inst->news) || !TAILQ_EMPTY(&inst->group_news))
        rpl_dao_schedule(inst, RPL_MS(100));
    if (!rpl_timer_armed(&inst->t_refresh) && lifetime != UINT8_MAX) {
        rpl_duration life = RPL_S((uint64_t)lifetime * inst->config.lifetime_unit_s);
        /* SEQ-12: between half and three quarters of the lifetime. */
        rpl_timer_set(e, &inst->t_refresh, e->now + rpl_random_range(e, life / 2, life / 4 * 3));
    }
}

void rpl_dao_refresh_timeout(struct rpl_instance *inst)
{
    inst->dao_own = inst->refresh_seq = true;
    rpl_dao_schedule(inst, RPL_DELAY_DAO);
}

/*
 * Only who has no DODAG asks for one: our parent restarted, and in storing mode it has lost what we
 * told it. Its DTSN may have begun anew as well, so we do not wait for that to move.
 */
void rpl_dao_parent_restarted(struct rpl_instance *inst)
{
    if (inst->mop != RPL_MOP_STORING || !inst->joined)
        return;
    inst->dao_all = inst->refresh_seq = true;
    rpl_dao_schedule(inst, RPL_DELAY_RESTART);
}

/*
 * DST-09: the parent that we leave hears that nothing is to be reached through it any more. The
 * RFC does not say when; at once would cut the way down at the common ancestor until our DAO
 * has come there through the new parent, so the new way gets a head start. The No-Path carries
 * the Path Sequence of that DAO, as all DAOs of one time do (RFC 6550 section 9.2.1).
 */
void rpl_dao_leave(struct rpl_instance *inst, const struct rpl_nbr *old_parent)
{
    if (rpl_timer_armed(&inst->t_no_path))
        rpl_dao_no_path_timeout(inst);
    inst->left = old_parent->addr;
    inst->left_ifindex = old_parent->ifindex;
    rpl_timer_set(inst->engine, &inst->t_no_path, inst->engine->now + RPL_DELAY_NO_PATH);
}

void rpl_dao_no_path_timeout(struct rpl_instance *inst)
{
    const struct rpl_iface *iface = rpl_iface_find(inst->engine, inst->left_ifindex);
    struct rpl_target *t = RB_MIN(rpl_target_tree, &inst->targets);
    bool back = inst->parent && inst->parent->ifindex == inst->left_ifindex &&
                rpl_addr_equal(&inst->parent->addr, &inst->left);

    rpl_timer_stop(inst->engine, &inst->t_no_path);
    if (back || !inst->joined || !iface || !iface->up)
        return;
    for (int n = 0; n < NO_PATH_MESSAGES && (n == 0 || t); n++) {
        struct rpl_wire_dao *dao = begin(inst, false);
        for (uint32_t k = 0; n == 0 && k < inst->own_count; k++)
            if (inst->own[k].usable)
                add_group(dao, &inst->own[k].addr, 128, inst->path_seq, 0, NULL);
        for (; t && dao->target_count < GROUPS_PER_DAO;
             t = RB_NEXT(rpl_target_tree, &inst->targets, t))
            if (t->known && !t->unconfirmed)
                add_group(dao, &t->prefix, t->len, t->path_seq, 0, NULL);
        if (dao->target_count)
            finish(inst, inst->left_ifindex, &iface->address, &inst->left);
    }
}
