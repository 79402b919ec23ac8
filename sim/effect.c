/* SPDX-License-Identifier: ISC */
/* What rpld does with the kernel's help, done to the world instead. */
#include "sim/sim_impl.h"

#include <string.h>

#define KERNEL_DELAY 200u   /* us until a route is answered for */
#define ADDRESS_DELAY 1000u /* us until an address is usable */

static void count_message(struct sim *sim, const struct rpl_effect_send *send)
{
    switch (send->len > 1 ? send->data[1] : 0xff) {
    case RPL_CODE_DIS:
        sim->stats.dis++;
        break;
    case RPL_CODE_DIO:
        sim->stats.dio++;
        sim->stats.dio_all += rpl_addr_is_multicast(&send->dst);
        break;
    case RPL_CODE_DAO:
        sim->stats.dao++;
        break;
    case RPL_CODE_DAO_ACK:
        sim->stats.dao_ack++;
        break;
    default:
        sim->stats.other++;
        break;
    }
}

/* A message becomes an IPv6 packet; on a link it goes where the engine says, else where the
 * forwarding table says. */
static void do_send(struct sim *sim, unsigned node, const struct rpl_effect_send *send)
{
    struct sim_frame *frame = sim_frame_new(sim, IPV6_HEADER + (size_t)send->len);

    count_message(sim, send);
    sim_header_write(frame->data, &send->src, &send->dst, NEXT_ICMP6, send->hop_limit, send->len);
    memcpy(frame->data + IPV6_HEADER, send->data, send->len);
    if (rpl_addr_is_multicast(&send->dst))
        sim_radio_multicast(sim, node, frame);
    else if (rpl_addr_is_link_local(&send->dst))
        sim_radio_unicast(sim, node, &send->dst, frame);
    else
        sim_plane_originate(sim, node, frame);
}

static void do_route(struct sim *sim, unsigned number, const struct rpl_effect_route *effect,
                     bool set)
{
    struct sim_node *node = sim->nodes[number];
    struct rpl_event answer = {.type = RPL_EVENT_ROUTE_RESULT};
    struct rpl_event_route_result *result = &answer.u.route_result;

    result->token = effect->token;
    sim->stats.route_changes++;
    if (set && node->refuse_count > 0) {
        node->refuse_count--;
        result->error = node->refuse_error;
    } else if (set) {
        sim_fib_set(&node->fib, &effect->route);
        if (sim->watch)
            sim_check_route(sim, number, &effect->route);
    } else {
        result->error = sim_fib_del(&node->fib, &effect->route);
    }
    sim_input_later(sim, number, KERNEL_DELAY, &answer);
}

static void do_address_set(struct sim *sim, unsigned number,
                           const struct rpl_effect_address *effect)
{
    struct sim_node *node = sim->nodes[number];
    struct rpl_event answer = {.type = RPL_EVENT_ADDRESS};
    unsigned i = 0;

    while (i < node->address_count && !rpl_addr_equal(&node->addresses[i], &effect->address))
        i++;
    if (i == SIM_ADDRESSES_MAX)
        return;
    node->addresses[i] = effect->address;
    if (i == node->address_count)
        node->address_count++;
    answer.u.address.ifindex = effect->ifindex;
    answer.u.address.address = effect->address;
    answer.u.address.usable = true;
    sim_input_later(sim, number, ADDRESS_DELAY, &answer);
}

static void do_address_del(struct sim *sim, unsigned number,
                           const struct rpl_effect_address *effect)
{
    struct sim_node *node = sim->nodes[number];

    for (unsigned i = 0; i < node->address_count; i++) {
        if (!rpl_addr_equal(&node->addresses[i], &effect->address))
            continue;
        node->addresses[i] = node->addresses[--node->address_count];
        return;
    }
}

static void do_store(struct sim_node *node, const struct rpl_stored *store)
{
    for (uint32_t i = 0; i < node->config.instance_count; i++) {
        if (node->config.instance[i].id == store->instance)
            node->config.stored[i] = *store;
    }
}

static void do_trace(struct sim *sim, unsigned node, const struct rpl_effect_trace *trace)
{
    if (sim->trace)
        sim->trace(sim->trace_ctx, node, trace);
    if (trace->kind == RPL_TRACE_PARENT && !rpl_addr_is_unspecified(&trace->address) &&
        !rpl_addr_is_unspecified(&trace->other))
        sim->stats.parent_changes++;
    if (trace->kind == RPL_TRACE_DETACHED) {
        sim->stats.detached++;
        sim->nodes[node]->acknowledged = false;
    }
}

static void carry_out(struct sim *sim, unsigned node, const struct rpl_effect *effect)
{
    switch (effect->type) {
    case RPL_EFFECT_SEND:
        do_send(sim, node, &effect->u.send);
        break;
    case RPL_EFFECT_ROUTE_SET:
    case RPL_EFFECT_ROUTE_DEL:
        do_route(sim, node, &effect->u.route, effect->type == RPL_EFFECT_ROUTE_SET);
        break;
    case RPL_EFFECT_ADDRESS_SET:
        do_address_set(sim, node, &effect->u.address);
        break;
    case RPL_EFFECT_ADDRESS_DEL:
        do_address_del(sim, node, &effect->u.address);
        break;
    case RPL_EFFECT_STORE:
        do_store(sim->nodes[node], &effect->u.store);
        break;
    case RPL_EFFECT_TRACE:
        do_trace(sim, node, &effect->u.trace);
        break;
    case RPL_EFFECT_LEAVES: /* there are none here */
        break;
    }
}

/* What an effect leads to at this very node (a packet that cannot be routed) comes back as an
 * event of its own, never from within this loop. */
void sim_effects(struct sim *sim, unsigned number)
{
    struct sim_node *node = sim->nodes[number];
    struct rpl_effect effect;

    while (node->engine && rpl_engine_poll(node->engine, &effect)) {
        sim->digest = rpl_effect_digest(sim->digest + number, sim->now, &effect);
        sim_render_effect(sim, number, &effect);
        carry_out(sim, number, &effect);
    }
    if (sim->watch)
        sim_check_node(sim, number);
    sim_heap_update(sim, number, node->engine ? rpl_engine_deadline(node->engine) : RPL_NEVER);
}
