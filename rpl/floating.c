/* SPDX-License-Identifier: ISC */
/*
 * Floating DODAGs (RFC 6550 sections 8.2.2.2 and 8.2.2.6): a router that lost its last parent may
 * keep its sub-DODAG together as the root of a DODAG of its own, with G=0 and the lowest
 * preference, instead of sending everybody away by poisoning. It goes on looking for a grounded
 * DODAG and joins the first one that it can; its children follow it. Off by default.
 */
#include "rpl/engine.h"

bool rpl_floating_start(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;
    const struct rpl_addr *own = rpl_own_address(inst, 0);

    if (!inst->cfg.floating || inst->leaf || inst->floating || !inst->has_config || !own ||
        !rpl_iface_first(inst))
        return false;
    if (inst->has_dodag)
        rpl_instance_remember(inst);
    inst->starts_floating = false;
    inst->floating = inst->joined = inst->has_dodag = true;
    inst->dodag_id = *own;
    inst->float_version = rpl_lollipop_increment(inst->float_version);
    inst->version = inst->float_version;
    inst->grounded = false;
    inst->preference = 0;
    inst->metric_count = 0;
    inst->rank = inst->lowest = inst->config.min_hop_rank_increase;
    rpl_count(e, RPL_COUNT_FLOATING);
    rpl_trace(e, RPL_TRACE_JOINED, RPL_CAUSE_FLOATING, inst, &inst->dodag_id, NULL, inst->version);
    /* REP-04: announced at once. */
    rpl_dio_send(inst, 0, NULL);
    rpl_instance_start_trickle(inst);
    rpl_instance_dis_start(inst, rpl_random_range(e, 0, RPL_DIS_FIRST));
    if (inst->cfg.floating_s)
        rpl_timer_set(e, &inst->t_float, e->now + RPL_S(inst->cfg.floating_s));
    return true;
}

void rpl_floating_stop(struct rpl_instance *inst)
{
    inst->floating = inst->starts_floating = false;
    rpl_timer_stop(inst->engine, &inst->t_float);
}

/* REP-05: it may be limited in time; then the nodes below are sent away after all. */
void rpl_floating_timeout(struct rpl_instance *inst)
{
    if (inst->floating)
        rpl_instance_detach(inst, RPL_CAUSE_EXPIRED);
}
