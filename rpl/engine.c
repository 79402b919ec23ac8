/* SPDX-License-Identifier: ISC */
/*
 * The engine as a whole: making and freeing it, giving each event to the file that knows it,
 * running what is due.
 */
#include "rpl/engine.h"

#define TIMERS_PER_CALL 64
#define TRACE_BURST 20
#define TRACE_PERIOD RPL_S(1)

int rpl_engine_new(const struct rpl_config *config, rpl_tstamp now, struct rpl_engine **ret_engine)
{
    struct rpl_engine *e;

    if (!config->mem.alloc || !config->mem.free || config->instance_count > RPL_INSTANCES_MAX ||
        rpl_config_check(config))
        return -RPL_ERR_PARAM;
    e = config->mem.alloc(config->mem.ctx,
                          sizeof(*e) + config->instance_count * sizeof(e->instance[0]));
    if (!e)
        return -RPL_ERR_NOMEM;
    e->mem = config->mem;
    e->limits = config->limits;
    e->now = now;
    e->random = config->seed;
    e->hash_key = rpl_hash_key(config->seed);
    e->peers.size = sizeof(struct rpl_peer);
    e->targets.size = sizeof(struct rpl_target);
    e->own_routes.size = sizeof(struct rpl_rt_own);
    e->nbrs.size = sizeof(struct rpl_nbr);
    TAILQ_INIT(&e->queue);
    STAILQ_INIT(&e->dirty);
    TAILQ_INIT(&e->peers_by_age);
    LIST_INIT(&e->acks);
    RB_INIT(&e->routes);
    e->dis_replies.at = e->dis_replies_strangers.at = e->drop_traces.at = now;
    if (!rpl_timer_register(e, &e->t_sweep, TIMER_SWEEP) || !rpl_access_init(e, &config->access))
        goto nomem;
    for (uint32_t i = 0; i < config->instance_count; i++) {
        e->instance_count++;
        if (rpl_instance_init(e, i, config) < 0)
            goto nomem;
    }
    *ret_engine = e;
    return 0;
nomem:
    rpl_engine_free(e);
    return -RPL_ERR_NOMEM;
}

void rpl_engine_free(struct rpl_engine *e)
{
    if (!e)
        return;
    rpl_acks_free(e);
    for (uint32_t i = 0; i < e->instance_count; i++)
        rpl_instance_free(&e->instance[i]);
    rpl_rts_free(e);
    rpl_peers_free(e);
    rpl_queue_free(e);
    rpl_slab_free(e, &e->targets);
    rpl_index_free(e, &e->target_index);
    rpl_slab_free(e, &e->nbrs);
    rpl_index_free(e, &e->nbr_index);
    rpl_free(e, e->access);
    rpl_free(e, e->timers.heap);
    e->mem.free(e->mem.ctx, e);
}

/* ---- packets ----------------------------------------------------------------------- */

static bool is_own_source(struct rpl_engine *e, const struct rpl_addr *src)
{
    for (size_t i = 0; i < e->iface_end; i++)
        if (e->iface[i].ifindex && rpl_addr_equal(&e->iface[i].address, src))
            return true;
    for (uint32_t i = 0; i < e->instance_count; i++)
        for (uint32_t k = 0; k < e->instance[i].own_count; k++)
            if (rpl_addr_equal(&e->instance[i].own[k].addr, src))
                return true;
    return false;
}

/* COD-04: who may send what from where to where. */
static enum rpl_counter judge_scope(const struct rpl_packet *p)
{
    bool link_message = p->msg->code == RPL_CODE_DIS || p->msg->code == RPL_CODE_DIO;

    if (p->multicast && !rpl_addr_equal(p->dst, &rpl_addr_all_nodes))
        return RPL_COUNT_DROP_DESTINATION;
    if (link_message && (!p->iface || !rpl_addr_is_link_local(p->src)))
        return RPL_COUNT_DROP_SOURCE_SCOPE;
    if (link_message && !p->multicast && !rpl_addr_equal(p->dst, &p->iface->address))
        return RPL_COUNT_DROP_DESTINATION;
    if (!p->iface && !rpl_addr_is_routable(p->src))
        return RPL_COUNT_DROP_SOURCE_SCOPE;
    return RPL_COUNTER_COUNT;
}

static int dispatch(struct rpl_engine *e, const struct rpl_packet *p)
{
    switch (p->msg->code) {
    case RPL_CODE_DIS:
        return rpl_dis_receive(e, p);
    case RPL_CODE_DIO:
        return rpl_dio_receive(e, p);
    case RPL_CODE_DAO:
        return rpl_dao_receive(e, p);
    case RPL_CODE_DAO_ACK:
        return rpl_dao_ack_receive(e, p);
    case RPL_CODE_DCO:
        return rpl_dco_receive(e, p);
    case RPL_CODE_DCO_ACK:
        return rpl_dco_ack_receive(e, p);
    default: /* the codec reads no other */
        rpl_count(e, RPL_COUNT_DROP_CODE_UNSUPPORTED);
        return -RPL_ERR_DROPPED;
    }
}

static int packet(struct rpl_engine *e, const struct rpl_event_packet *ev)
{
    struct rpl_wire_message msg;
    struct rpl_packet p = {.iface = rpl_iface_find(e, ev->ifindex),
                           .ifindex = ev->ifindex,
                           .src = &ev->src,
                           .dst = &ev->dst,
                           .multicast = rpl_addr_is_multicast(&ev->dst),
                           .data = ev->data,
                           .len = ev->len,
                           .msg = &msg};
    enum rpl_counter reason = RPL_COUNTER_COUNT;

    if (ev->ifindex && (!p.iface || !p.iface->up))
        reason = RPL_COUNT_DROP_INTERFACE_UNKNOWN;
    else if (is_own_source(e, &ev->src))
        reason = RPL_COUNT_DROP_OWN;
    else if (!rpl_access_allowed(e, &ev->src))
        reason = RPL_COUNT_DROP_DENIED;
    else if (rpl_peer_quarantined(e, &ev->src, ev->ifindex))
        reason = RPL_COUNT_DROP_QUARANTINED;
    else if (rpl_leaf_wants(e, ev->data, ev->len))
        return rpl_leaf_receive(e, &p, ev->hop_limit);
    else if (rpl_wire_read(ev->data, ev->len, &ev->src, &ev->dst, &msg, &reason) == 0)
        reason = judge_scope(&p);
    else
        rpl_peer_malformed(e, &ev->src, ev->ifindex);
    if (reason == RPL_COUNTER_COUNT)
        return dispatch(e, &p);
    rpl_count(e, reason);
    if (rpl_bucket_take(&e->drop_traces, e->now, TRACE_BURST, TRACE_PERIOD))
        rpl_trace(e, RPL_TRACE_DROPPED, RPL_CAUSE_NONE, NULL, &ev->src, &ev->dst, reason);
    return -RPL_ERR_DROPPED;
}

/* ---- commands ---------------------------------------------------------------------- */

static int command(struct rpl_engine *e, const struct rpl_event_command *ev)
{
    struct rpl_instance *inst = rpl_instance_find(e, ev->instance, NULL);
    struct rpl_target *t;

    if (!inst)
        return -RPL_ERR_NOENT;
    switch (ev->command) {
    case RPL_COMMAND_GLOBAL_REPAIR:
        return rpl_instance_global_repair(inst, RPL_CAUSE_OPERATOR);
    case RPL_COMMAND_GROUND:
    case RPL_COMMAND_UNGROUND:
        return rpl_instance_ground(inst, ev->command == RPL_COMMAND_GROUND);
    case RPL_COMMAND_RPI_TYPE:
        return rpl_instance_rpi_type(inst, ev->rpi_type);
    case RPL_COMMAND_LOCAL_REPAIR:
        if (inst->cfg.role == RPL_ROLE_ROOT || !inst->joined)
            return -RPL_ERR_PARAM;
        rpl_count(e, RPL_COUNT_LOCAL_REPAIR);
        rpl_instance_detach(inst, RPL_CAUSE_OPERATOR);
        return 0;
    case RPL_COMMAND_DTSN:
        if (!inst->joined || inst->leaf)
            return -RPL_ERR_PARAM;
        rpl_instance_dtsn_timeout(inst);
        return 0;
    case RPL_COMMAND_DIS:
        rpl_dis_multicast(inst);
        return 0;
    case RPL_COMMAND_JOIN:
    case RPL_COMMAND_LEAVE:
        return rpl_multicast_own(inst, &ev->address, ev->command == RPL_COMMAND_JOIN);
    case RPL_COMMAND_FORGET:
        if (rpl_external_router(inst, &ev->address)) {
            /* Its owner may register again. */
            rpl_registrar_forget(inst, &ev->address);
            rpl_external_gone(inst, &ev->address, RPL_STATUS_ND | RPL_ND_REMOVED,
                              RPL_CAUSE_OPERATOR);
            return 0;
        }
        t = rpl_target_find(inst, &ev->address, 128);
        if (!t || !t->known)
            return -RPL_ERR_NOENT;
        rpl_target_drop(t, RPL_CAUSE_OPERATOR);
        return 0;
    }
    return -RPL_ERR_PARAM;
}

static int prefix(struct rpl_engine *e, const struct rpl_event_prefix *ev)
{
    struct rpl_instance *inst = rpl_instance_find(e, ev->instance, NULL);

    if (!inst)
        return -RPL_ERR_NOENT;
    return ev->left ? rpl_prefix_restore(inst, &ev->prefix, ev->left)
                    : rpl_prefix_change(inst, &ev->prefix);
}

static int input(struct rpl_engine *e, const struct rpl_event *event)
{
    switch (event->type) {
    case RPL_EVENT_PACKET:
        return packet(e, &event->u.packet);
    case RPL_EVENT_LINK:
        return rpl_iface_link(e, &event->u.link);
    case RPL_EVENT_ADDRESS:
        rpl_iface_address(e, &event->u.address);
        return 0;
    case RPL_EVENT_NEIGHBOUR:
        rpl_nbr_event(e, &event->u.neighbour);
        return 0;
    case RPL_EVENT_ROUTE_RESULT:
        return rpl_rt_result(e, &event->u.route_result);
    case RPL_EVENT_ROUTE_FOUND:
        return rpl_rt_found(e, &event->u.route);
    case RPL_EVENT_ROUTE_LOST:
        rpl_rt_lost(e, &event->u.route);
        return 0;
    case RPL_EVENT_TARGET_RESTORED:
        return rpl_target_restored(e, &event->u.target);
    case RPL_EVENT_FORWARD_ERROR:
        return rpl_forward_error(e, &event->u.forward_error);
    case RPL_EVENT_PREFIX:
        return prefix(e, &event->u.prefix);
    case RPL_EVENT_COMMAND:
        return command(e, &event->u.command);
    case RPL_EVENT_LEAF_RESTORED:
        return rpl_leaf_restored(e, &event->u.leaf);
    }
    return -RPL_ERR_PARAM;
}

int rpl_engine_input(struct rpl_engine *e, const struct rpl_event *event, rpl_tstamp now)
{
    struct rpl_wire_message scratch;
    int err;

    if (now > e->now)
        e->now = now;
    e->scratch = &scratch;
    err = input(e, event);
    e->scratch = NULL;
    return err;
}

/* ---- time -------------------------------------------------------------------------- */

#define OWNER(timer, type, field)                                                                  \
    ((struct type *)(void *)((char *)(timer)-offsetof(struct type, field)))

static void run(struct rpl_engine *e, struct rpl_timer *t)
{
    switch ((enum timer_kind)t->kind) {
    case TIMER_TRICKLE:
        rpl_instance_trickle_timeout(OWNER(t, rpl_instance, t_trickle));
        break;
    case TIMER_DIS:
        rpl_instance_dis_timeout(OWNER(t, rpl_instance, t_dis));
        break;
    case TIMER_DAO:
        rpl_dao_timeout(OWNER(t, rpl_instance, t_dao));
        break;
    case TIMER_REFRESH:
        rpl_dao_refresh_timeout(OWNER(t, rpl_instance, t_refresh));
        break;
    case TIMER_POISON:
        rpl_instance_poison_timeout(OWNER(t, rpl_instance, t_poison));
        break;
    case TIMER_VERSION:
        rpl_instance_version_timeout(OWNER(t, rpl_instance, t_version));
        break;
    case TIMER_PREFIX:
        rpl_prefix_timeout(OWNER(t, rpl_instance, t_prefix));
        break;
    case TIMER_NO_PATH:
        rpl_dao_no_path_timeout(OWNER(t, rpl_instance, t_no_path));
        break;
    case TIMER_DTSN:
        rpl_instance_dtsn_timeout(OWNER(t, rpl_instance, t_dtsn));
        break;
    case TIMER_FLOAT:
        rpl_floating_timeout(OWNER(t, rpl_instance, t_float));
        break;
    case TIMER_PROBE:
        rpl_nbr_probe_timeout(OWNER(t, rpl_nbr, t_probe));
        break;
    case TIMER_DAO_OUT:
        rpl_dao_out_timeout(OWNER(t, rpl_dao_out, timer));
        break;
    case TIMER_TARGET:
        rpl_target_timeout(OWNER(t, rpl_target, t_life));
        break;
    case TIMER_DCO:
        rpl_dco_timeout(OWNER(t, rpl_dco, timer));
        break;
    case TIMER_MEMBER:
        rpl_multicast_timeout(OWNER(t, rpl_member, timer));
        break;
    case TIMER_LEAF:
        rpl_leaf_timeout(OWNER(t, rpl_leaf, timer));
        break;
    case TIMER_REGISTRATION:
        rpl_registrar_timeout(OWNER(t, rpl_registration, timer));
        break;
    case TIMER_EXTERNAL:
        rpl_external_timeout(OWNER(t, rpl_external, timer));
        break;
    case TIMER_SWEEP:
        rpl_rt_sweep(e);
        break;
    }
}

void rpl_engine_timeout(struct rpl_engine *e, rpl_tstamp now)
{
    struct rpl_wire_message scratch;
    struct rpl_timer *t;
    int work = TIMERS_PER_CALL;

    if (now > e->now)
        e->now = now;
    e->scratch = &scratch;
    while ((t = rpl_timer_pop(e, e->now, &work)) != NULL)
        run(e, t);
    e->scratch = NULL;
}

rpl_tstamp rpl_engine_deadline(const struct rpl_engine *e)
{
    return e->timers.count ? e->timers.heap[0].deadline : RPL_NEVER;
}
