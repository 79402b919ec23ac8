/* SPDX-License-Identifier: ISC */
/* The links, and what a kernel's neighbour discovery makes of their silence. */
#include "sim/sim_impl.h"

#include <stdlib.h>
#include <string.h>

#define AIR_TIME 3000u   /* us, one try with its acknowledgement */
#define AIR_JITTER 2000u /* us, back-off */
#define NUD_PROBES 3
#define NUD_INTERVAL RPL_S(1)

/* There are few at a time and many in all: each is used again. */
struct sim_frame *sim_frame_new(struct sim *sim, size_t len)
{
    struct sim_frame *frame = sim->spare;

    if (frame)
        sim->spare = frame->next;
    else
        frame = sim_alloc(sizeof(*frame) + SIM_FRAME_ROOM);
    *frame = (struct sim_frame){.sim = sim, .refs = 1, .len = len};
    memset(frame->data, 0, len);
    return frame;
}

struct sim_frame *sim_frame_hold(struct sim_frame *frame)
{
    frame->refs++;
    return frame;
}

void sim_frame_drop(struct sim_frame *frame)
{
    if (!frame || --frame->refs > 0)
        return;
    frame->next = frame->sim->spare;
    frame->sim->spare = frame;
}

/* ---- edges ---------------------------------------------------------------------------- */

static size_t edge_place(const struct sim_node *node, unsigned peer)
{
    size_t low = 0, high = node->edge_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (node->edges[middle].peer < peer)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct sim_edge *sim_edge_find(struct sim_node *node, unsigned peer)
{
    size_t i = edge_place(node, peer);

    return i < node->edge_count && node->edges[i].peer == peer ? &node->edges[i] : NULL;
}

void sim_link_from(struct sim *sim, unsigned from, unsigned to, uint32_t loss)
{
    struct sim_node *node = sim->nodes[from];
    struct sim_edge *edge = sim_edge_find(node, to);

    if (!edge) {
        size_t i = edge_place(node, to);
        sim_grow((void **)&node->edges, &node->edge_room, node->edge_count, sizeof(*node->edges));
        memmove(node->edges + i + 1, node->edges + i,
                (node->edge_count - i) * sizeof(*node->edges));
        node->edge_count++;
        edge = &node->edges[i];
        *edge = (struct sim_edge){.peer = to};
    }
    edge->loss = loss;
}

void sim_link(struct sim *sim, unsigned a, unsigned b, uint32_t loss)
{
    sim_link_from(sim, a, b, loss);
    sim_link_from(sim, b, a, loss);
}

void sim_cut(struct sim *sim, unsigned a, unsigned b)
{
    sim_link(sim, a, b, SIM_LOSS_ALL);
}

bool sim_link_at(const struct sim *sim, unsigned node, size_t index, unsigned *ret_peer,
                 uint32_t *ret_loss)
{
    const struct sim_node *n = sim->nodes[node];

    if (index >= n->edge_count)
        return false;
    *ret_peer = n->edges[index].peer;
    *ret_loss = n->edges[index].loss;
    return true;
}

void sim_lose(struct sim *sim, unsigned from, unsigned to, uint8_t code, unsigned count)
{
    struct sim_lose_rule *rules = sim->nodes[from]->lose;

    for (unsigned i = 0; i < SIM_LOSE_MAX; i++) {
        if (rules[i].count > 0 && !(rules[i].to == to && rules[i].code == code))
            continue;
        rules[i] = (struct sim_lose_rule){.to = to, .count = count, .code = code};
        return;
    }
}

/* True if this very message is to be lost by the author of a story. */
static bool to_be_lost(struct sim_node *node, unsigned to, const struct sim_frame *frame)
{
    const uint8_t *message = frame->data + IPV6_HEADER;

    for (unsigned i = 0; i < SIM_LOSE_MAX; i++) {
        struct sim_lose_rule *rule = &node->lose[i];
        if (rule->count == 0 || rule->to != to)
            continue;
        if (frame->len < IPV6_HEADER + 2 || frame->data[6] != NEXT_ICMP6 ||
            message[0] != RPL_ICMP6_TYPE || message[1] != rule->code)
            continue;
        rule->count--;
        return true;
    }
    return false;
}

/* ---- sending ------------------------------------------------------------------------------ */

static bool lost(struct sim *sim, uint32_t loss)
{
    return sim_random(sim) % SIM_LOSS_ALL < loss;
}

static rpl_duration air_time(struct sim *sim)
{
    sim->stats.frames++;
    return AIR_TIME + sim_random(sim) % AIR_JITTER;
}

void sim_radio_deliver(struct sim *sim, unsigned from, unsigned to, rpl_duration delay,
                       struct sim_frame *frame)
{
    struct sim_event event = {
        .when = sim->now + delay,
        .kind = SIM_EVENT_FRAME,
        .node = to,
        .peer = from,
        .u.frame = frame,
    };

    sim_queue_push(sim, &event);
}

void sim_radio_multicast(struct sim *sim, unsigned from, struct sim_frame *frame)
{
    struct sim_node *node = sim->nodes[from];
    rpl_duration delay = air_time(sim);

    for (size_t i = 0; i < node->edge_count; i++) {
        const struct sim_edge *edge = &node->edges[i];
        if (!lost(sim, edge->loss) && !to_be_lost(node, edge->peer, frame))
            sim_radio_deliver(sim, from, edge->peer, delay, sim_frame_hold(frame));
    }
    sim_frame_drop(frame);
}

static void nud_schedule(struct sim *sim, unsigned node, unsigned peer)
{
    struct sim_event event = {
        .when = sim->now + NUD_INTERVAL,
        .kind = SIM_EVENT_NUD,
        .node = node,
        .peer = peer,
        .generation = sim->nodes[node]->generation,
    };

    sim_queue_push(sim, &event);
}

static struct sim_doubt *doubt_find(const struct sim_node *node, unsigned peer)
{
    struct sim_doubt *doubt = node->doubts;

    while (doubt && doubt->peer != peer)
        doubt = doubt->next;
    return doubt;
}

/* A packet did not get through: the neighbour is in doubt. The first such packet waits for the
 * outcome, since the sender of a source route is told which hop failed. */
static void raise_doubt(struct sim *sim, unsigned number, unsigned peer, struct sim_frame *frame)
{
    struct sim_node *node = sim->nodes[number];
    struct sim_doubt *doubt;

    if (doubt_find(node, peer)) {
        sim_frame_drop(frame);
        return;
    }
    doubt = sim_alloc(sizeof(*doubt));
    *doubt = (struct sim_doubt){.next = node->doubts, .peer = peer, .probes = 1, .stuck = frame};
    node->doubts = doubt;
    nud_schedule(sim, number, peer);
}

/* Four tries, each with a chance of its own. Returns how many it took, 0 if none got through. */
static unsigned tries(struct sim *sim, const struct sim_edge *edge, rpl_duration *delay)
{
    for (unsigned i = 1; i <= SIM_TRIES; i++) {
        *delay += air_time(sim);
        if (!lost(sim, edge->loss))
            return i;
    }
    return 0;
}

void sim_radio_unicast(struct sim *sim, unsigned from, const struct rpl_addr *next_hop,
                       struct sim_frame *frame)
{
    struct sim_node *node = sim->nodes[from];
    unsigned to = sim_node_of(sim, next_hop);
    struct sim_edge *edge = to < sim->node_count ? sim_edge_find(node, to) : NULL;
    rpl_duration delay = 0;

    if (frame->user_len > 0) {
        sim->stats.data_hops++;
        sim->stats.data_extra += frame->len - frame->user_len;
    }
    if (!edge) {
        /* Neighbour discovery would find nobody there either. */
        sim_plane_fate(sim, frame, SIM_LOST_UNRESOLVED);
        if (to < sim->node_count)
            sim_plane_failed(sim, from, to, frame);
        else
            sim_frame_drop(frame);
        return;
    }
    if (to_be_lost(node, to, frame)) {
        sim_frame_drop(frame);
        return;
    }
    if (sim->nodes[to]->engine && tries(sim, edge, &delay) > 0) {
        sim_radio_deliver(sim, from, to, delay, frame);
        return;
    }
    sim_plane_fate(sim, frame, SIM_LOST_TRIES);
    raise_doubt(sim, from, to, frame);
}

/* ---- neighbour discovery ----------------------------------------------------------------------
 */

/* It is over: what waited for it is the caller's now. */
static struct sim_frame *settle_doubt(struct sim_node *node, struct sim_doubt *doubt)
{
    struct sim_frame *stuck = doubt->stuck;
    struct sim_doubt **link = &node->doubts;

    while (*link != doubt)
        link = &(*link)->next;
    *link = doubt->next;
    free(doubt);
    return stuck;
}

/* One solicitation and its answer. */
void sim_radio_probe(struct sim *sim, unsigned number, unsigned peer)
{
    struct sim_node *node = sim->nodes[number];
    struct sim_doubt *doubt = doubt_find(node, peer);
    struct sim_edge *there = sim_edge_find(node, peer);
    struct sim_edge *back = sim_edge_find(sim->nodes[peer], number);
    rpl_duration delay = 0;

    if (!doubt)
        return;
    if (there && back && sim->nodes[peer]->engine && tries(sim, there, &delay) > 0 &&
        tries(sim, back, &delay) > 0) {
        sim_frame_drop(settle_doubt(node, doubt));
        return;
    }
    if (doubt->probes++ < NUD_PROBES) {
        nud_schedule(sim, number, peer);
        return;
    }
    sim_plane_failed(sim, number, peer, settle_doubt(node, doubt));
}

void sim_radio_forget(struct sim_node *node)
{
    while (node->doubts)
        sim_frame_drop(settle_doubt(node, node->doubts));
}
