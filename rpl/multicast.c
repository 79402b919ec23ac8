/* SPDX-License-Identifier: ISC */
/*
 * Storing mode with multicast, MOP 3 (RFC 6550 section 12). Membership in a group is a DAO Target
 * that holds the group's address. Each child that announces it is a member of its own, with its
 * own lifetime; our own membership counts beside them; the parent hears of the group as long as
 * anybody is in it. Packets are copied to every member but the one they came from, and go up if
 * they came from below.
 *
 * Not covered: the MLD proxy towards leaves that do not speak RPL (RFC 9010 section 10).
 */
#include "rpl/engine.h"
#include "rpl/rpl_view.h"

#define GROUPS_MAX 64
#define MEMBERS_MAX 256 /* per instance, all groups together */
#define STATUS_REJECTED 0x80

int rpl_group_compare(const struct rpl_group *a, const struct rpl_group *b)
{
    return rpl_addr_compare(&a->addr, &b->addr);
}

RB_GENERATE(rpl_group_tree, rpl_group, tree, rpl_group_compare)

static struct rpl_group *find_group(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_group key = {.addr = *addr};

    return RB_FIND(rpl_group_tree, &inst->groups, &key);
}

static struct rpl_group *get_group(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_group *g = find_group(inst, addr);

    if (g || inst->group_count >= GROUPS_MAX)
        return g;
    g = rpl_alloc(inst->engine, sizeof(*g));
    if (!g)
        return NULL;
    g->inst = inst;
    g->addr = *addr;
    g->path_seq = RPL_SEQUENCE_INIT - 1;
    LIST_INIT(&g->members);
    RB_INSERT(rpl_group_tree, &inst->groups, g);
    inst->group_count++;
    return g;
}

static bool populated(const struct rpl_group *g)
{
    return g->own || !LIST_EMPTY(&g->members);
}

static void release(struct rpl_group *g)
{
    struct rpl_instance *inst = g->inst;

    if (populated(g) || g->is_news)
        return;
    RB_REMOVE(rpl_group_tree, &inst->groups, g);
    inst->group_count--;
    rpl_free(inst->engine, g);
}

/* The parent has to hear of it: a first or a last member, or a refresh. */
static void news(struct rpl_group *g)
{
    struct rpl_instance *inst = g->inst;

    if (inst->cfg.role == RPL_ROLE_ROOT || !inst->joined) {
        release(g);
        return;
    }
    if (!g->is_news)
        TAILQ_INSERT_TAIL(&inst->group_news, g, news);
    g->is_news = true;
    rpl_dao_schedule(inst, rpl_dao_delay(inst));
}

static void free_member(struct rpl_member *m)
{
    struct rpl_engine *e = m->group->inst->engine;

    rpl_timer_unregister(e, &m->timer);
    LIST_REMOVE(m, list);
    m->group->inst->member_count--;
    rpl_free(e, m);
}

static void remove_member(struct rpl_member *m)
{
    struct rpl_group *g = m->group;

    free_member(m);
    if (!populated(g))
        news(g);
}

static struct rpl_member *find_member(struct rpl_group *g, const struct rpl_addr *via,
                                      uint32_t ifindex)
{
    struct rpl_member *m;

    LIST_FOREACH (m, &g->members, list)
        if (m->ifindex == ifindex && rpl_addr_equal(&m->via, via))
            return m;
    return NULL;
}

static struct rpl_member *add_member(struct rpl_group *g, const struct rpl_addr *via,
                                     uint32_t ifindex)
{
    struct rpl_instance *inst = g->inst;
    struct rpl_member *m = NULL;

    if (inst->member_count < MEMBERS_MAX)
        m = rpl_alloc(inst->engine, sizeof(*m));
    if (!m || !rpl_timer_register(inst->engine, &m->timer, TIMER_MEMBER)) {
        rpl_free(inst->engine, m);
        return NULL;
    }
    m->group = g;
    m->via = *via;
    m->ifindex = ifindex;
    LIST_INSERT_HEAD(&g->members, m, list);
    inst->member_count++;
    return m;
}

uint8_t rpl_multicast_update(struct rpl_instance *inst, const struct rpl_packet *p,
                             const struct rpl_addr *group, uint8_t path_seq, uint8_t lifetime)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_group *g = lifetime ? get_group(inst, group) : find_group(inst, group);
    struct rpl_member *m = g ? find_member(g, p->src, p->ifindex) : NULL;

    if (lifetime == 0) {
        if (m)
            remove_member(m);
        return 0;
    }
    if (m && rpl_lollipop_compare(path_seq, m->path_seq) == RPL_OLDER) {
        rpl_count(e, RPL_COUNT_REFUSED_OLD);
        return 0;
    }
    if (g && !m)
        m = add_member(g, p->src, p->ifindex);
    if (!m) {
        if (g)
            release(g);
        rpl_count(e, RPL_COUNT_REFUSED_FULL);
        return STATUS_REJECTED;
    }
    m->path_seq = path_seq;
    rpl_timer_set(e, &m->timer,
                  lifetime == UINT8_MAX
                      ? RPL_NEVER
                      : e->now + RPL_S((uint64_t)lifetime * inst->config.lifetime_unit_s));
    /* MC3-05: a one-hop multicast DAO goes no further. */
    if (!p->multicast)
        news(g);
    return 0;
}

void rpl_multicast_timeout(struct rpl_member *m)
{
    rpl_count(m->group->inst->engine, RPL_COUNT_EXPIRED);
    remove_member(m);
}

int rpl_multicast_own(struct rpl_instance *inst, const struct rpl_addr *group, bool join)
{
    struct rpl_group *g;

    if (inst->mop != RPL_MOP_STORING_MULTICAST || !rpl_addr_is_multicast(group))
        return -RPL_ERR_PARAM;
    g = join ? get_group(inst, group) : find_group(inst, group);
    if (!g)
        return join ? -RPL_ERR_FULL : -RPL_ERR_NOENT;
    g->own = join;
    news(g);
    return 0;
}

void rpl_multicast_all_news(struct rpl_instance *inst)
{
    struct rpl_group *g;

    RB_FOREACH (g, rpl_group_tree, &inst->groups)
        if (!g->is_news) {
            g->is_news = true;
            TAILQ_INSERT_TAIL(&inst->group_news, g, news);
        }
}

bool rpl_multicast_next_news(struct rpl_instance *inst, struct rpl_addr *ret_group,
                             uint8_t *ret_path_seq, bool *ret_populated)
{
    struct rpl_group *g = TAILQ_FIRST(&inst->group_news);

    if (!g)
        return false;
    TAILQ_REMOVE(&inst->group_news, g, news);
    g->is_news = false;
    g->path_seq = rpl_lollipop_increment(g->path_seq);
    *ret_group = g->addr;
    *ret_path_seq = g->path_seq;
    *ret_populated = populated(g);
    release(g);
    return true;
}

void rpl_multicast_neighbour_lost(struct rpl_instance *inst, const struct rpl_addr *via,
                                  uint32_t ifindex)
{
    struct rpl_group *g, *next;

    for (g = RB_MIN(rpl_group_tree, &inst->groups); g; g = next) {
        struct rpl_member *m = find_member(g, via, ifindex);
        next = RB_NEXT(rpl_group_tree, &inst->groups, g);
        if (m)
            remove_member(m);
    }
}

void rpl_multicast_free(struct rpl_instance *inst)
{
    struct rpl_group *g, *next;

    for (g = RB_MIN(rpl_group_tree, &inst->groups); g; g = next) {
        next = RB_NEXT(rpl_group_tree, &inst->groups, g);
        while (!LIST_EMPTY(&g->members))
            free_member(LIST_FIRST(&g->members));
        g->own = g->is_news = false;
        release(g);
    }
}

/* MC3-02, MC3-03. */
int rpl_view_multicast(const struct rpl_engine *engine, uint8_t instance,
                       const struct rpl_addr *group, const struct rpl_addr *from, uint32_t ifindex,
                       struct rpl_view_copies *ret_copies)
{
    struct rpl_instance *inst = rpl_instance_find(rpl_unconst(engine), instance, NULL);
    struct rpl_group *g;
    struct rpl_member *m;
    bool from_parent;

    if (!inst || !inst->joined || inst->mop != RPL_MOP_STORING_MULTICAST)
        return -RPL_ERR_NOENT;
    memset(ret_copies, 0, sizeof(*ret_copies));
    from_parent = inst->parent && from && inst->parent->ifindex == ifindex &&
                  rpl_addr_equal(&inst->parent->addr, from);
    if (inst->parent && !from_parent) {
        ret_copies->up = true;
        ret_copies->parent = inst->parent->addr;
        ret_copies->parent_ifindex = inst->parent->ifindex;
    }
    g = find_group(inst, group);
    if (!g)
        return 0;
    ret_copies->own = g->own;
    LIST_FOREACH (m, &g->members, list) {
        if (from && m->ifindex == ifindex && rpl_addr_equal(&m->via, from))
            continue;
        if (ret_copies->count == RPL_COPIES_MAX)
            return -RPL_ERR_FULL;
        ret_copies->copy[ret_copies->count].via = m->via;
        ret_copies->copy[ret_copies->count++].ifindex = m->ifindex;
    }
    return 0;
}
