/* SPDX-License-Identifier: ISC */
/*
 * Our own DAOs (RFC 6550 sections 9.2 to 9.8): to the root with our parent in the Transit
 * (non-storing), or to the parent with all that is below us (storing). They leave DelayDAO
 * after the news, in messages that fit the smallest IPv6 MTU, and are repeated until they are
 * acknowledged.
 */
#include "rpl/engine.h"

#define GROUP_OCTETS 32
#define SOURCE_OCTETS 1200 /* Targets of 20 octets, Transits of 22 that name a parent */
#define NO_PATH_MESSAGES 8
#define RATE_BURSTS 6  /* of the DAOs of a minute so many parts may go at once */
#define TARGET_X 0x40u /* the root shall ask the 6LBR, RFC 9010 section 6.1 */

/* Groups of one Target and its Transits in a DAO. */
static uint8_t per_dao(const struct rpl_instance *inst)
{
    return inst->cfg.dao_targets ? inst->cfg.dao_targets : RPL_DAO_TARGETS_MAX;
}

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

/* MGT-02: DAOs a minute. What was sent beyond it, further messages of one time and repetitions, is
 * made up for before there is more. */
static bool take(struct rpl_instance *inst, struct rpl_bucket *bucket)
{
    uint32_t burst = inst->cfg.dao_rate / RATE_BURSTS;

    return rpl_bucket_take(bucket, inst->engine->now, burst ? burst : 1,
                           RPL_S(60) / inst->cfg.dao_rate);
}

static bool within_rate(struct rpl_instance *inst)
{
    struct rpl_bucket look = inst->dao_sent;

    return take(inst, &look);
}

void rpl_dao_sent(struct rpl_instance *inst)
{
    rpl_count(inst->engine, RPL_COUNT_DAO_OUT);
    if (!take(inst, &inst->dao_sent))
        inst->dao_sent.used++;
}

static struct rpl_wire_dao *begin(struct rpl_instance *inst, bool ack)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_wire_dao *dao = &e->scratch->u.dao;

    memset(dao, 0, sizeof(*dao));
    e->scratch->code = RPL_CODE_DAO;
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

/* The |i|th that lies behind us: in storing mode it is reached as we are, in non-storing mode
 * through a tunnel that ends at us (RFC 9008 section 4.1). */
static void add_attached(struct rpl_instance *inst, struct rpl_wire_dao *dao, uint32_t i,
                         const struct rpl_addr *behind, uint8_t path_control, uint8_t lifetime)
{
    const struct rpl_prefix *p = &inst->cfg.attached.prefix[i];

    add_group(dao, &p->addr, p->len, inst->path_seq, lifetime, behind);
    dao->transit[dao->transit_count - 1].external = true;
    dao->transit[dao->transit_count - 1].path_control = path_control;
}

/* Send what was built, about |about|, and remember it until its DAO-ACK comes; NULL if none is
 * wanted. */
static struct rpl_dao_out *finish(struct rpl_instance *inst, uint32_t ifindex,
                                  const struct rpl_addr *src, const struct rpl_addr *dst,
                                  unsigned about)
{
    struct rpl_engine *e = inst->engine;
    uint8_t data[RPL_MESSAGE_MAX];
    struct rpl_dao_out *out;
    int len = rpl_wire_write(e->scratch, src, dst, data, sizeof(data));

    if (len < 0)
        return NULL;
    rpl_send_octets(e, ifindex, src, dst, data, (size_t)len);
    rpl_dao_sent(inst);
    if (!e->scratch->u.dao.ack_wanted)
        return NULL;
    out = rpl_alloc(e, sizeof(*out));
    if (!out || !rpl_timer_register(e, &out->timer, TIMER_DAO_OUT)) {
        rpl_free(e, out);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    out->inst = inst;
    out->src = *src;
    out->dst = *dst;
    out->ifindex = ifindex;
    out->about = (uint8_t)about;
    out->most = inst->cfg.dao_tries;
    out->sequence = inst->dao_seq;
    out->len = (uint16_t)len;
    memcpy(out->data, data, (size_t)len);
    LIST_INSERT_HEAD(&inst->dao_outs, out, list);
    inst->dao_out_count++;
    rpl_timer_set(e, &out->timer,
                  e->now + RPL_DAO_TIMEOUT + rpl_random_range(e, 0, RPL_DAO_TIMEOUT / 4));
    return out;
}

/* A DAO parent as the Transit names it, and its bits. */
struct source_parents {
    uint8_t count;
    struct {
        struct rpl_addr addr;
        uint32_t ifindex;
        uint8_t path_control;
    } parent[RPL_PARENTS_MAX];
};

/* False if the preferred one cannot be named yet (DNS-03); one without bits is not (PCT-05). */
static bool name_parents(struct rpl_instance *inst, struct source_parents *out)
{
    uint8_t share[RPL_PARENTS_MAX];

    rpl_path_control_share(inst, rpl_path_control_own(inst), share);
    for (uint8_t i = 0; i < inst->dao_parent_count; i++) {
        const struct rpl_dao_parent *p = &inst->dao_parent[i];
        const struct rpl_nbr *n = rpl_nbr_find(inst, &p->addr, p->ifindex);
        bool named = n && rpl_parent_address(inst, n, &out->parent[out->count].addr);
        if (i == 0 && !named)
            return false;
        if (!named || share[i] == 0)
            continue;
        out->parent[out->count].ifindex = p->ifindex;
        out->parent[out->count++].path_control = share[i];
    }
    return out->count > 0;
}

/* One Transit per parent on the address's link (DNS-02). Children on another link know us by our
 * address there; it hangs below the one that the preferred parent can reach. */
static void add_source(struct rpl_instance *inst, struct rpl_wire_dao *dao,
                       const struct rpl_own *own, const struct rpl_addr *main,
                       const struct source_parents *parents, uint8_t lifetime)
{
    uint8_t group = dao->group_count;
    bool any = false;

    for (uint8_t i = 0; i < parents->count; i++) {
        struct rpl_wire_transit *tr;
        if (parents->parent[i].ifindex != own->ifindex)
            continue;
        if (!any)
            add_group(dao, &own->addr, 128, inst->path_seq, lifetime, &parents->parent[i].addr);
        if (any) {
            tr = &dao->transit[dao->transit_count++];
            *tr = tr[-1];
        }
        any = true;
        tr = &dao->transit[dao->transit_count - 1];
        tr->parent = parents->parent[i].addr;
        tr->path_control = parents->parent[i].path_control;
        tr->group = group;
    }
    if (!any)
        add_group(dao, &own->addr, 128, inst->path_seq, lifetime, main);
}

/* False: there is nothing yet that could be said. */
static bool send_source(struct rpl_instance *inst, uint8_t lifetime)
{
    const struct rpl_addr *own = rpl_own_address(inst, inst->parent->ifindex);
    struct source_parents parents = {0};
    struct rpl_wire_dao *dao;

    if (!own || !name_parents(inst, &parents))
        return false;
    dao = begin(inst, inst->cfg.dao_ack);
    for (uint32_t k = 0; k < inst->own_count; k++) {
        size_t octets = dao->target_count * 20u + dao->transit_count * 22u;
        if (!inst->own[k].usable)
            continue;
        if (octets + 20 + parents.count * 22u > SOURCE_OCTETS ||
            dao->target_count == per_dao(inst)) {
            finish(inst, 0, own, &inst->dodag_id, RPL_DAO_OF_US);
            dao = begin(inst, inst->cfg.dao_ack);
        }
        add_source(inst, dao, &inst->own[k], own, &parents, lifetime);
    }
    finish(inst, 0, own, &inst->dodag_id, RPL_DAO_OF_US);
    for (uint32_t i = 0; i < inst->cfg.attached.count;) {
        dao = begin(inst, inst->cfg.dao_ack);
        while (i < inst->cfg.attached.count && dao->target_count < per_dao(inst))
            add_attached(inst, dao, i++, own, RPL_PATH_CONTROL, lifetime);
        finish(inst, 0, own, &inst->dodag_id, RPL_DAO_OF_OTHERS);
    }
    inst->dao_own = inst->dao_all = false;
    return true;
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

/* What is told of one target below us. */
struct news {
    struct rpl_addr prefix;
    uint8_t len, path_seq, lifetime, path_control;
    bool invalidate, has_descriptor;
    uint32_t descriptor;
};

static size_t extension_octets(struct rpl_instance *inst, const struct rpl_target *t)
{
    const struct rpl_extension *x = rpl_extension_find(inst, &t->prefix, t->len);

    return x ? x->rovr_len : 0;
}

/* The next targets that are news; they are none afterwards. */
static size_t take_news(struct rpl_instance *inst, struct news *out, size_t room)
{
    struct rpl_target *t;
    size_t count = 0, octets = 0;

    while (count < room && (t = TAILQ_FIRST(&inst->news)) != NULL) {
        /* What is relayed with it takes room of others. */
        size_t more = extension_octets(inst, t);
        if (count > 0 && count + (octets + more + GROUP_OCTETS - 1) / GROUP_OCTETS >= room)
            break;
        octets += more;
        TAILQ_REMOVE(&inst->news, t, news);
        t->is_news = false;
        out[count++] = (struct news){.prefix = t->prefix,
                                     .len = t->len,
                                     .path_seq = t->path_seq,
                                     .lifetime = t->known ? t->path_lifetime : 0,
                                     .path_control = rpl_storing_path_control(t),
                                     .invalidate = t->known && t->invalidate,
                                     .has_descriptor = t->has_descriptor,
                                     .descriptor = t->descriptor};
        /* A No-Path goes to whoever may have heard of the target. */
        if (!t->known)
            out[count - 1].path_control |= rpl_path_control_own(inst);
        rpl_target_release(t);
    }
    return count;
}

static void add_news(struct rpl_instance *inst, struct rpl_wire_dao *dao, const struct news *n,
                     uint8_t path_control)
{
    const struct rpl_extension *x = rpl_extension_find(inst, &n->prefix, n->len);

    add_group(dao, &n->prefix, n->len, n->path_seq, n->lifetime, NULL);
    dao->transit[dao->transit_count - 1].invalidate = n->invalidate;
    dao->transit[dao->transit_count - 1].path_control = path_control;
    dao->target[dao->target_count - 1].has_descriptor = n->has_descriptor;
    dao->target[dao->target_count - 1].descriptor = n->descriptor;
    if (x)
        rpl_extension_fill(x, &dao->target[dao->target_count - 1]);
}

/* A DAO to one of the DAO parents, while it is filled. */
struct letter {
    struct rpl_instance *inst;
    const struct rpl_iface *iface;
    struct rpl_dao_parent to;
    struct rpl_wire_dao *dao;
    uint8_t of_us; /* targets of ours, which come first */
};

static void letter_send(struct letter *l)
{
    uint8_t count = l->dao->target_count;

    if (count)
        finish(l->inst, l->to.ifindex, &l->iface->address, &l->to.addr,
               (l->of_us ? RPL_DAO_OF_US : 0) | (count > l->of_us ? RPL_DAO_OF_OTHERS : 0));
}

static void letter_next(struct letter *l)
{
    letter_send(l);
    l->dao = begin(l->inst, l->inst->cfg.dao_ack);
    l->of_us = 0;
}

/* The DAO for one more group. */
static struct rpl_wire_dao *letter_room(struct letter *l)
{
    if (l->dao->target_count >= per_dao(l->inst))
        letter_next(l);
    return l->dao;
}

/* What DAO parent |index| is told of ourselves, if it has a bit (PCT-05). */
static void fill_own(struct letter *l, uint8_t index)
{
    struct rpl_instance *inst = l->inst;
    uint8_t lifetime = (uint8_t)rpl_instance_default_lifetime(inst), share[RPL_PARENTS_MAX];

    rpl_path_control_share(inst, rpl_path_control_own(inst), share);
    for (uint32_t k = 0; share[index] && k < inst->own_count; k++)
        if (inst->own[k].usable) {
            add_own(inst, letter_room(l), &inst->own[k].addr, lifetime);
            l->dao->transit[l->dao->transit_count - 1].path_control = share[index];
            l->of_us++;
        }
}

/* And of others. */
static void fill_others(struct letter *l, uint8_t index, bool attached, const struct news *news,
                        size_t count)
{
    struct rpl_instance *inst = l->inst;
    uint8_t lifetime = (uint8_t)rpl_instance_default_lifetime(inst), share[RPL_PARENTS_MAX];
    struct rpl_addr group;
    uint8_t path_seq;
    bool populated;

    rpl_path_control_share(inst, rpl_path_control_own(inst), share);
    for (uint32_t i = 0; attached && share[index] && i < inst->cfg.attached.count; i++)
        add_attached(inst, letter_room(l), i, NULL, share[index], lifetime);
    for (size_t i = 0; i < count; i++) {
        rpl_path_control_share(inst, news[i].path_control, share);
        if (share[index])
            add_news(inst, letter_room(l), &news[i], share[index]);
    }
    /* MC3-04: groups are joined at the preferred parent alone, or packets would come twice. */
    while (index == 0 && l->dao->target_count < per_dao(inst) &&
           rpl_multicast_next_news(inst, &group, &path_seq, &populated))
        add_group(l->dao, &group, 128, path_seq, populated ? lifetime : 0, NULL);
}

/* To DAO parent |index|: in one DAO if there is room, unless the last one of that kind was
 * refused. */
static void send_to(struct rpl_instance *inst, uint8_t index, bool own, const struct news *news,
                    size_t count)
{
    struct letter l = {.inst = inst, .to = inst->dao_parent[index]};

    l.iface = rpl_iface_find(inst->engine, l.to.ifindex);
    if (!l.iface)
        return;
    l.dao = begin(inst, inst->cfg.dao_ack);
    if (own)
        fill_own(&l, index);
    if (l.of_us && inst->dao_apart)
        letter_next(&l);
    fill_others(&l, index, own, news, count);
    letter_send(&l);
}

/* What went while a former parent waits for its No-Path would not be in that. */
static void tell_left(struct rpl_instance *inst, const struct news *news, size_t count)
{
    for (uint8_t i = 0; i < inst->left_count; i++) {
        const struct rpl_dao_parent p = inst->left[i];
        const struct rpl_iface *iface = rpl_iface_find(inst->engine, p.ifindex);
        struct rpl_wire_dao *dao = NULL;

        if (!iface || rpl_dao_parent_is(inst, &p.addr, p.ifindex))
            continue;
        for (size_t k = 0; k < count; k++) {
            if (news[k].lifetime != 0)
                continue;
            if (!dao)
                dao = begin(inst, false);
            add_group(dao, &news[k].prefix, news[k].len, news[k].path_seq, 0, NULL);
        }
        if (dao)
            finish(inst, p.ifindex, &iface->address, &p.addr, RPL_DAO_OF_OTHERS);
    }
}

static void send_storing(struct rpl_instance *inst)
{
    struct news news[RPL_DAO_TARGETS_MAX];
    size_t count, ours = 0;
    bool own;

    if (!rpl_iface_find(inst->engine, inst->parent->ifindex))
        return;
    if (inst->dao_all)
        all_is_news(inst);
    own = inst->dao_own;
    if (!own && TAILQ_EMPTY(&inst->news) && TAILQ_EMPTY(&inst->group_news))
        return;
    for (uint32_t k = 0; own && k < inst->own_count; k++)
        ours += inst->own[k].usable;
    ours += own ? inst->cfg.attached.count : 0;
    /* What the last DAO that we need for ourselves has room for. */
    count = take_news(inst, news, per_dao(inst) - ours % per_dao(inst));
    inst->dao_own = false;
    tell_left(inst, news, count);
    for (uint8_t i = 0; i < inst->dao_parent_count; i++)
        send_to(inst, i, own, news, count);
}

/* RFC 9010 section 9.2.2: in non-storing signalling, whatever the mode of the DODAG. */
bool rpl_dao_send_leaf(struct rpl_instance *inst, const struct rpl_leaf *leaf, bool proxy,
                       uint8_t lifetime)
{
    const struct rpl_addr *own = inst->parent ? rpl_own_address(inst, inst->parent->ifindex) : NULL;
    struct rpl_dao_out *out;
    struct rpl_wire_dao *dao;

    if (!own || !inst->joined)
        return false;
    dao = begin(inst, true);
    add_group(dao, &leaf->addr, 128, leaf->earo.tid, lifetime, own);
    dao->transit[0].external = true;
    dao->target[0].flags = (uint8_t)((proxy ? TARGET_X : 0) | leaf->earo.rovr.size);
    memcpy(dao->target[0].rovr, leaf->earo.rovr.octets, sizeof(leaf->earo.rovr.octets));
    out = finish(inst, 0, own, &inst->dodag_id, RPL_DAO_OF_OTHERS);
    if (!out)
        return false;
    inst->dao_out_count--; /* of our own ones */
    out->for_leaf = true;
    out->leaf = leaf->addr;
    return true;
}

void rpl_dao_timeout(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;
    uint8_t lifetime = (uint8_t)rpl_instance_default_lifetime(inst);

    if (!inst->joined || !inst->parent)
        return;
    if (inst->dao_out_count >= RPL_DAO_OUT_MAX || !within_rate(inst)) {
        rpl_dao_schedule(inst, rpl_dao_delay(inst));
        return;
    }
    /* SEQ-08: a refresh or a new parent is a new Path Sequence of our own targets. */
    if (inst->dao_all)
        rpl_leaves_announce(inst);
    if (inst->refresh_seq && (inst->dao_own || inst->dao_all)) {
        inst->path_seq = rpl_lollipop_increment(inst->path_seq);
        inst->refresh_seq = false;
        rpl_dao_outs_supersede(inst);
    }
    if (rpl_storing(inst))
        send_storing(inst);
    else if (!send_source(inst, lifetime))
        return; /* the parent's next DIO, or an address of ours, brings what is missing */
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
    rpl_dao_schedule(inst, rpl_dao_delay(inst));
}

/*
 * SEQ-09: a DTSN step of a DAO parent asks for our DAO. In non-storing mode the question has to be
 * passed on. In storing mode it need not be (RFC 6550 section 9.6), for relays know what is below
 * them; but what they relay is no younger for it. A target whose owner does not speak keeps its
 * Path Sequence, by which nobody can tell its new way from what is left of the old one (SEQ-08). So
 * whoever has somebody below passes the question on; rpl_instance_dtsn_step() keeps its own
 * distance.
 */
void rpl_dao_asked(struct rpl_instance *inst)
{
    inst->dao_all = inst->refresh_seq = true;
    rpl_dao_schedule(inst, rpl_dao_delay(inst));
    if (inst->mop == RPL_MOP_NON_STORING || inst->target_count)
        rpl_instance_dtsn_step(inst, 0);
}

/* The same, asked by ourselves: a storing router takes what is below it along to another parent.
 * The DIO that tells of the parent carries the step, so it costs no message but the DAOs. */
void rpl_dao_moved(struct rpl_instance *inst)
{
    if (inst->cfg.dtsn_on_change && rpl_storing(inst) && inst->target_count)
        rpl_instance_dtsn_step(inst, 0);
}

/*
 * Our parent restarted and has lost what we told it, or in non-storing mode what all told the root:
 * only who has no DODAG or no state asks for one, and only who has none begins its DTSN anew.
 */
void rpl_dao_parent_restarted(struct rpl_instance *inst)
{
    bool root = inst->parent && of_dag_rank(&inst->of, inst->parent->dio.rank) <= 1;

    if (!inst->joined || (inst->mop == RPL_MOP_NON_STORING && !root))
        return;
    inst->dao_all = inst->refresh_seq = true;
    rpl_dao_schedule(inst, RPL_DELAY_RESTART);
    if (inst->mop == RPL_MOP_NON_STORING)
        rpl_instance_dtsn_step(inst, RPL_DELAY_RESTART);
}

/*
 * A root that was away comes back among routers that have left it, and its DTSN asks nobody: it is
 * no parent when they hear of the step, and what it says later is no step. Our own DAO leaves with
 * the new parent anyway, but those below us, who have kept theirs, have heard of nothing. Who has
 * been asked since the step has passed on what it wants. In storing mode a changed parent is reason
 * enough (rpl_dao_moved()).
 */
void rpl_dao_asked_before(struct rpl_instance *inst, const struct rpl_nbr *parent)
{
    if (inst->mop == RPL_MOP_NON_STORING && parent->stepped && parent->stepped >= inst->dtsn_at)
        rpl_instance_dtsn_step(inst, 0);
}

/*
 * DST-09: the parent that we leave hears that nothing is to be reached through it any more. The
 * RFC does not say when; at once would cut the way down at the common ancestor until our DAO
 * has come there through the new parent, so the new way gets a head start. The No-Path carries
 * the Path Sequence of that DAO, as all DAOs of one time do (RFC 6550 section 9.2.1).
 */
void rpl_dao_leave(struct rpl_instance *inst, const struct rpl_nbr *old_parent)
{
    rpl_tstamp due = inst->engine->now + RPL_DELAY_NO_PATH;

    if (inst->cfg.no_path_tries == 0)
        return;
    /* Several at once share the wait; those that left before are told now. */
    if (rpl_timer_armed(&inst->t_no_path) &&
        (inst->t_no_path.due != due || inst->left_count == RPL_PARENTS_MAX))
        rpl_dao_no_path_timeout(inst);
    inst->left[inst->left_count++] =
        (struct rpl_dao_parent){.addr = old_parent->addr, .ifindex = old_parent->ifindex};
    rpl_timer_set(inst->engine, &inst->t_no_path, due);
}

static void send_no_path(struct rpl_instance *inst, const struct rpl_dao_parent *left)
{
    const struct rpl_iface *iface = rpl_iface_find(inst->engine, left->ifindex);
    struct rpl_target *t = RB_MIN(rpl_target_tree, &inst->targets);
    uint32_t k = 0, behind = 0;
    struct rpl_dao_out *out;

    if (rpl_dao_parent_is(inst, &left->addr, left->ifindex) || !inst->joined || !iface ||
        !iface->up)
        return;
    for (int n = 0; n < NO_PATH_MESSAGES &&
                    (n == 0 || t || k < inst->own_count || behind < inst->cfg.attached.count);
         n++) {
        struct rpl_wire_dao *dao = begin(inst, inst->cfg.dao_ack && inst->cfg.no_path_tries > 1);
        for (; k < inst->own_count && dao->target_count < per_dao(inst); k++)
            if (inst->own[k].usable)
                add_group(dao, &inst->own[k].addr, 128, inst->path_seq, 0, NULL);
        for (; behind < inst->cfg.attached.count && dao->target_count < per_dao(inst); behind++)
            add_attached(inst, dao, behind, NULL, RPL_PATH_CONTROL, 0);
        for (; t && dao->target_count < per_dao(inst);
             t = RB_NEXT(rpl_target_tree, &inst->targets, t))
            if (t->known && !t->unconfirmed)
                add_group(dao, &t->prefix, t->len, t->path_seq, 0, NULL);
        if (dao->target_count == 0)
            continue;
        out = finish(inst, left->ifindex, &iface->address, &left->addr, RPL_DAO_OF_OTHERS);
        if (!out)
            continue;
        inst->dao_out_count--; /* nothing waits for it */
        out->farewell = true;
        out->most = inst->cfg.no_path_tries;
    }
}

void rpl_dao_no_path_timeout(struct rpl_instance *inst)
{
    uint8_t count = inst->left_count;

    rpl_timer_stop(inst->engine, &inst->t_no_path);
    inst->left_count = 0;
    for (uint8_t i = 0; i < count; i++)
        send_no_path(inst, &inst->left[i]);
}
