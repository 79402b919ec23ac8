/* SPDX-License-Identifier: ISC */
/*
 * DIS: DODAG Information Solicitation (RFC 6550 sections 6.2 and 8.3). A multicast one resets
 * Trickle, a unicast one is answered by a unicast DIO with the Configuration option; both only
 * where the Solicited Information agrees.
 */
#include "rpl/engine.h"

#define REPLY_BURST 8 /* unicast DIOs to one neighbour: enough for its probes */
#define REPLY_PERIOD RPL_S(1)
#define REPLY_ALL_BURST 100 /* and to all neighbours, or all strangers, together */
#define REPLY_ALL_PERIOD RPL_MS(20)

void rpl_dis_send(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *dst)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_iface *iface = rpl_iface_find(e, ifindex);

    if (!iface)
        return;
    memset(&e->scratch->u.dis, 0, sizeof(e->scratch->u.dis));
    e->scratch->code = RPL_CODE_DIS;
    if (inst->cfg.solicit && rpl_addr_is_multicast(dst)) {
        e->scratch->u.dis.has_solicited = true;
        e->scratch->u.dis.solicited = (struct rpl_wire_solicited){
            .match_instance = true,
            .instance = inst->cfg.id,
            .match_dodag = inst->cfg.has_dodag_id,
            .dodag_id = inst->cfg.dodag_id,
        };
    }
    if (rpl_send(e, ifindex, &iface->address, dst) > 0)
        rpl_count(e, RPL_COUNT_DIS_OUT);
}

void rpl_dis_multicast(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;

    inst->solicited = true;
    for (uint32_t i = 0; i < e->iface_end; i++)
        if (rpl_iface_serves(&e->iface[i], inst))
            rpl_dis_send(inst, e->iface[i].ifindex, &rpl_addr_all_nodes);
}

/* DIS-02: every predicate whose flag is set has to hold; clear flags are not looked at. */
static bool solicits(const struct rpl_wire_dis *dis, const struct rpl_instance *inst)
{
    const struct rpl_wire_solicited *s = &dis->solicited;

    if (!dis->has_solicited)
        return true;
    if (s->match_instance && s->instance != inst->cfg.id)
        return false;
    if (s->match_dodag && !rpl_addr_equal(&s->dodag_id, &inst->dodag_id))
        return false;
    return !s->match_version || s->version == inst->version;
}

static bool is_neighbour(struct rpl_engine *e, const struct rpl_packet *p)
{
    for (uint32_t i = 0; i < e->instance_count; i++)
        if (rpl_nbr_find(&e->instance[i], p->src, p->ifindex))
            return true;
    return false;
}

/* DIS-05. Those whose DIOs we have heard ask whether we are still there, and leave us if they hear
 * nothing: somebody who takes a new name for each question takes no answers from them. */
static bool may_reply(struct rpl_engine *e, const struct rpl_packet *p)
{
    struct rpl_peer *peer = rpl_peer_get(e, p->src, p->ifindex);
    struct rpl_bucket *all = is_neighbour(e, p) ? &e->dis_replies : &e->dis_replies_strangers;

    return peer && rpl_bucket_take(&peer->dis, e->now, REPLY_BURST, REPLY_PERIOD) &&
           rpl_bucket_take(all, e->now, REPLY_ALL_BURST, REPLY_ALL_PERIOD);
}

int rpl_dis_receive(struct rpl_engine *e, const struct rpl_packet *p)
{
    const struct rpl_wire_dis *dis = &p->msg->u.dis;

    rpl_count(e, RPL_COUNT_DIS_IN);
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        if (!rpl_iface_serves(p->iface, inst) || !inst->has_dodag || !solicits(dis, inst))
            continue;
        if (p->multicast) {
            if (inst->joined)
                rpl_instance_reset_trickle(inst, true);
            if (rpl_dao_parent_is(inst, p->src, p->ifindex))
                rpl_dao_parent_restarted(inst);
            continue;
        }
        /* A detached node answers too: with INFINITE_RANK, which is the truth. */
        if (!may_reply(e, p)) {
            rpl_count(e, RPL_COUNT_DROP_RATE);
            return -RPL_ERR_DROPPED;
        }
        rpl_dio_send(inst, p->ifindex, p->src);
    }
    return 0;
}
