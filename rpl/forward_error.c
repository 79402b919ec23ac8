/* SPDX-License-Identifier: ISC */
/*
 * What the data path found out (RFC 6550 section 11.2): inconsistencies reset Trickle within the
 * cap, a dead edge of the graph or a stale route goes, and the nodes behind it are asked to
 * announce themselves again by a DTSN step.
 */
#include "rpl/engine.h"
#include "rpl/rpl_view.h"

#define STALE_BURST 20 /* RFC 6553 section 5.2: 20 an hour or so */
#define STALE_PERIOD RPL_S(180)

static void next_hop_failed(struct rpl_instance *inst, const struct rpl_event_forward_error *ev)
{
    struct rpl_nbr *n;

    RB_FOREACH (n, rpl_nbr_tree, &inst->nbrs)
        if (rpl_addr_same_iid(&n->addr, &ev->target) && rpl_timer_armed(&n->t_probe))
            rpl_nbr_probe_now(n);
    if (inst->cfg.role == RPL_ROLE_ROOT && inst->mop == RPL_MOP_NON_STORING)
        rpl_source_child_lost(inst, &ev->target);
}

/* DPV-08: F=1 came back from the child we sent to: its route for the destination, which may be that
 * of a prefix, is stale. */
static void stale_route(struct rpl_instance *inst, const struct rpl_event_forward_error *ev)
{
    struct rpl_target *t = rpl_storing(inst) ? rpl_target_match(inst, &ev->target) : NULL;

    if (!t)
        return;
    for (uint8_t i = 0; i < t->way_count; i++) {
        const struct rpl_hop *hop = &rpl_target_hops(t)[i];
        if (rpl_addr_equal(&hop->via, &ev->reporter)) {
            /* Anybody can set the flag: the routes of a whole sub-DODAG must not go that way. */
            if (!rpl_bucket_take(&inst->forward_errors, inst->engine->now, STALE_BURST,
                                 STALE_PERIOD))
                return;
            rpl_storing_remove_hop(t, &ev->reporter, hop->ifindex, RPL_CAUSE_FORWARD_ERROR);
            rpl_instance_dtsn(inst, RPL_REFRESH_DELAY);
            return;
        }
    }
}

int rpl_forward_error(struct rpl_engine *e, const struct rpl_event_forward_error *ev)
{
    struct rpl_instance *inst = rpl_instance_find(e, rpl_instance_id(ev->instance), NULL);

    if (!inst)
        return -RPL_ERR_NOENT;
    switch (ev->kind) {
    case RPL_FORWARD_RANK:
        rpl_count(e, RPL_COUNT_FORWARD_RANK_ERROR);
        rpl_instance_inconsistent(inst);
        break;
    case RPL_FORWARD_F:
        rpl_count(e, RPL_COUNT_FORWARD_F);
        stale_route(inst, ev);
        break;
    case RPL_FORWARD_NOROUTE:
        rpl_count(e, RPL_COUNT_FORWARD_NOROUTE);
        break;
    case RPL_FORWARD_SRH:
        rpl_count(e, RPL_COUNT_FORWARD_SRH_ERROR);
        /* DPV-09: only the edge that failed goes. */
        if (inst->cfg.role == RPL_ROLE_ROOT && inst->mop == RPL_MOP_NON_STORING &&
            rpl_source_remove_edge(inst, &ev->target, &ev->reporter, false,
                                   RPL_CAUSE_FORWARD_ERROR))
            rpl_instance_dtsn(inst, RPL_REFRESH_DELAY);
        break;
    case RPL_FORWARD_NEXT_HOP:
        next_hop_failed(inst, ev);
        break;
    }
    return 0;
}
