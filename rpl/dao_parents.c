/* SPDX-License-Identifier: ISC */
/*
 * Parallel DAO parents (RFC 6550 sections 8.2.1 and 9.9): beside the preferred parent a few more
 * may be told of what is below us, so that the way down has alternatives before it is needed.
 * Which of them is to be preferred is said by the bits of Path Control that each one gets.
 *
 * The further ones are such that our Rank stays what the preferred parent gives us, and they keep
 * their place as long as they can be used: each change is a new Path Sequence and a DAO to all.
 */
#include "rpl/engine.h"

#define SUBFIELDS 4 /* PC1 to PC4, two bits each */

static struct rpl_dao_parent *find(struct rpl_instance *inst, const struct rpl_addr *addr,
                                   uint32_t ifindex)
{
    for (uint8_t i = 0; i < inst->dao_parent_count; i++)
        if (inst->dao_parent[i].ifindex == ifindex &&
            rpl_addr_equal(&inst->dao_parent[i].addr, addr))
            return &inst->dao_parent[i];
    return NULL;
}

bool rpl_dao_parent_is(struct rpl_instance *inst, const struct rpl_addr *addr, uint32_t ifindex)
{
    return find(inst, addr, ifindex) != NULL;
}

uint8_t rpl_path_control_mask(const struct rpl_instance *inst)
{
    return (uint8_t)(0xff00u >> (inst->config.pcs + 1u));
}

uint8_t rpl_path_control_own(const struct rpl_instance *inst)
{
    return inst->dao_parent_count > 1 ? rpl_path_control_mask(inst) : RPL_PATH_CONTROL;
}

/* PC1 is preferred over PC2 and so on; 0 is what most stacks send and counts as PC1 (PCT-06). Of
 * the others only the PCS + 1 first bits are looked at (PCT-01): with none of them set a parent
 * is the last resort. */
unsigned rpl_path_control_preference(const struct rpl_instance *inst, uint8_t path_control)
{
    unsigned active = path_control & rpl_path_control_mask(inst);

    if (path_control == 0)
        return 0;
    for (unsigned i = 0; i < SUBFIELDS; i++)
        if (active & (0xc0u >> (2 * i)))
            return i;
    return SUBFIELDS;
}

/*
 * Section 9.9, rules 2 and 5 to 7: parents of equal preference form a group, groups are mapped to
 * the subfields in order, the last one to all that remain. Within a group bits go round, so that
 * each is given to one parent only.
 */
void rpl_path_control_share(const struct rpl_instance *inst, uint8_t aggregate,
                            uint8_t share[RPL_PARENTS_MAX])
{
    uint8_t next[RPL_PARENTS_MAX] = {0}, count = inst->dao_parent_count;
    uint8_t groups = count ? (uint8_t)(inst->dao_parent[count - 1].group + 1u) : 0;

    memset(share, 0, RPL_PARENTS_MAX);
    for (uint8_t bit = 0; bit < 2 * SUBFIELDS && groups; bit++) {
        uint8_t group = bit / 2 < groups ? bit / 2 : (uint8_t)(groups - 1);
        uint8_t first = 0, members = 0;
        if (!(aggregate & (0x80u >> bit)))
            continue;
        while (inst->dao_parent[first].group != group)
            first++;
        while (first + members < count && inst->dao_parent[first + members].group == group)
            members++;
        share[first + next[group]++ % members] |= (uint8_t)(0x80u >> bit);
    }
}

/* A neighbour that may be told of us, and that leaves our Rank as it is. */
static bool may_be(const struct rpl_instance *inst, const struct rpl_nbr *n)
{
    const struct rpl_wire_dio *d = &n->dio;

    return n->has_dio && n->etx != OF_ETX_UNKNOWN && n->path_rank != RPL_INFINITE_RANK &&
           inst->engine->now >= n->refused_until && d->version == inst->version &&
           rpl_addr_equal(&d->dodag_id, &inst->dodag_id) &&
           (n->verdict == OF_PARENT || n->verdict == OF_COSTS_MORE ||
            n->verdict == OF_HYSTERESIS) &&
           of_dag_rank(&inst->of, d->rank) < of_dag_rank(&inst->of, inst->rank) &&
           n->path_rank <= (uint32_t)inst->rank + inst->of.max_rank_increase;
}

struct ranking {
    uint8_t count;
    struct rpl_nbr *nbr[RPL_PARENTS_MAX];
};

static bool ranked(const struct ranking *r, const struct rpl_nbr *n)
{
    for (uint8_t i = 0; i < r->count; i++)
        if (r->nbr[i] == n)
            return true;
    return false;
}

/* The preferred parent, those that were DAO parents before, then the best of the others. */
static void rank_all(struct rpl_instance *inst, struct ranking *r)
{
    struct rpl_nbr *n, *best;

    r->nbr[r->count++] = inst->parent;
    for (uint8_t i = 0; i < inst->dao_parent_count && r->count < inst->cfg.dao_parents; i++) {
        n = rpl_nbr_find(inst, &inst->dao_parent[i].addr, inst->dao_parent[i].ifindex);
        if (n && n != inst->parent && may_be(inst, n))
            r->nbr[r->count++] = n;
    }
    for (; r->count < inst->cfg.dao_parents; r->nbr[r->count++] = best) {
        best = NULL;
        RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs)
            if (!ranked(r, n) && may_be(inst, n) && (!best || n->path_rank < best->path_rank))
                best = n;
        if (!best)
            break;
    }
    /* By preference behind the first one; a few, so that moving up one by one will do. */
    for (uint8_t i = 2; i < r->count; i++)
        for (uint8_t k = i; k > 1 && r->nbr[k]->path_rank < r->nbr[k - 1]->path_rank; k--) {
            n = r->nbr[k];
            r->nbr[k] = r->nbr[k - 1];
            r->nbr[k - 1] = n;
        }
}

/* DST-09: those that are no DAO parents any more hear of it, if they hear us at all. */
static void leave(struct rpl_instance *inst, const struct rpl_dao_parent *old,
                  const struct ranking *r)
{
    const struct rpl_nbr *n = rpl_nbr_find(inst, &old->addr, old->ifindex);

    if (n && !ranked(r, n) && rpl_storing(inst) && n->etx != OF_ETX_UNKNOWN)
        rpl_dao_leave(inst, n);
}

void rpl_dao_parents_update(struct rpl_instance *inst)
{
    struct rpl_dao_parent old[RPL_PARENTS_MAX];
    uint8_t old_count = inst->dao_parent_count;
    struct ranking r = {0};
    bool changed;

    if (!inst->parent)
        return;
    rank_all(inst, &r);
    memcpy(old, inst->dao_parent, sizeof(old));
    changed = r.count != old_count;
    for (uint8_t i = 0; i < r.count; i++) {
        struct rpl_dao_parent *p = find(inst, &r.nbr[i]->addr, r.nbr[i]->ifindex);
        changed = changed || !p;
        if (!p && rpl_storing(inst))
            rpl_storing_parent_is(inst, r.nbr[i]);
    }
    for (uint8_t i = 0; i < old_count; i++)
        leave(inst, &old[i], &r);
    inst->dao_parent_count = r.count;
    for (uint8_t i = 0; i < r.count; i++) {
        struct rpl_dao_parent *p = &inst->dao_parent[i];
        bool equal = i > 0 && r.nbr[i]->path_rank == r.nbr[i - 1]->path_rank;
        *p = (struct rpl_dao_parent){.addr = r.nbr[i]->addr, .ifindex = r.nbr[i]->ifindex};
        if (i > 0) {
            p->group = (uint8_t)(inst->dao_parent[i - 1].group + (equal ? 0 : 1));
            r.nbr[i]->verdict = OF_PARENT;
        }
    }
    if (changed)
        inst->dao_all = inst->refresh_seq = true; /* DNS-05 */
}
