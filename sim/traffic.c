/* SPDX-License-Identifier: ISC */
#include "sim/traffic.h"

#include <stdlib.h>

struct sim_traffic {
    struct sim *sim;
    const struct sim_scenario *scenario;
    struct sim_outcome *outcome;
    const struct rpl_addr *prefix;
    bool began;
    rpl_tstamp next;
    unsigned turn;
    bool *reached_up, *reached_down;
    unsigned *distance; /* to the node's partner, 0 = not looked at */
    unsigned *queue, *hops;
};

struct sim_traffic *sim_traffic_new(struct sim *sim, const struct sim_scenario *scenario,
                                    struct sim_outcome *outcome, const struct rpl_addr *prefix)
{
    unsigned n = scenario->nodes;
    struct sim_traffic *traffic = calloc(1, sizeof(*traffic));

    if (!traffic)
        return NULL;
    *traffic = (struct sim_traffic){
        .sim = sim,
        .scenario = scenario,
        .outcome = outcome,
        .prefix = prefix,
        .reached_up = calloc(n, sizeof(bool)),
        .reached_down = calloc(n, sizeof(bool)),
        .distance = calloc(n, sizeof(unsigned)),
        .queue = calloc(n, sizeof(unsigned)),
        .hops = calloc(n, sizeof(unsigned)),
    };
    if (traffic->reached_up && traffic->reached_down && traffic->distance && traffic->queue &&
        traffic->hops)
        return traffic;
    sim_traffic_free(traffic);
    return NULL;
}

void sim_traffic_free(struct sim_traffic *traffic)
{
    if (!traffic)
        return;
    free(traffic->reached_up);
    free(traffic->reached_down);
    free(traffic->distance);
    free(traffic->queue);
    free(traffic->hops);
    free(traffic);
}

/* ---- mote to mote ------------------------------------------------------------------------ */

/* Each node talks to one other, by the seed: drawing it from the world's generator would change
 * the run. */
static unsigned partner_of(const struct sim_traffic *traffic, unsigned node)
{
    unsigned others = traffic->scenario->nodes - 1;
    uint64_t z = (traffic->scenario->seed + node) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    unsigned other = (unsigned)((z ^ (z >> 31)) % others);
    return 1 + (other == node - 1 ? (other + 1) % others : other);
}

/* Hops from |node| to |other| over links that let anything through, 0 if there is no way. */
static unsigned search(struct sim_traffic *traffic, unsigned node, unsigned other)
{
    unsigned begin = 0, end = 1, peer;
    uint32_t loss;

    for (unsigned i = 0; i < traffic->scenario->nodes; i++)
        traffic->hops[i] = 0;
    traffic->queue[0] = node;
    for (; begin < end && traffic->hops[other] == 0; begin++) {
        unsigned at = traffic->queue[begin];
        for (size_t i = 0; sim_link_at(traffic->sim, at, i, &peer, &loss); i++) {
            if (loss == SIM_LOSS_ALL || peer == node || traffic->hops[peer] > 0)
                continue;
            traffic->hops[peer] = traffic->hops[at] + 1;
            traffic->queue[end++] = peer;
        }
    }
    return traffic->hops[other];
}

static void send_across(struct sim_traffic *traffic, unsigned node)
{
    unsigned other = partner_of(traffic, node);

    if (other == node)
        return;
    if (traffic->distance[node] == 0)
        traffic->distance[node] = search(traffic, node, other);
    traffic->outcome->p2p.sent++;
    sim_send(traffic->sim, node, other, traffic->prefix, TRAFFIC_P2P | node);
}

/* ---- the run ------------------------------------------------------------------------------- */

static void send_turn(struct sim_traffic *traffic)
{
    unsigned kinds = traffic->scenario->traffic, node = 1 + traffic->turn;

    if (kinds & SIM_TRAFFIC_UP) {
        traffic->outcome->up.sent++;
        sim_send(traffic->sim, node, 0, traffic->prefix, node);
    }
    if (kinds & SIM_TRAFFIC_DOWN) {
        traffic->outcome->down.sent++;
        sim_send(traffic->sim, 0, node, traffic->prefix, TRAFFIC_DOWN | node);
    }
    if (kinds & SIM_TRAFFIC_P2P)
        send_across(traffic, node);
    traffic->turn = node % (traffic->scenario->nodes - 1);
}

void sim_traffic_begin(struct sim_traffic *traffic)
{
    traffic->began = true;
    traffic->next = sim_now(traffic->sim);
}

bool sim_traffic_began(const struct sim_traffic *traffic)
{
    return traffic->began;
}

/* One node's turn after the other, a fraction of the period apart. */
void sim_traffic_run(struct sim_traffic *traffic, rpl_tstamp until)
{
    rpl_duration step = traffic->scenario->period / (traffic->scenario->nodes - 1);

    while (traffic->began && traffic->scenario->traffic != 0 && traffic->next <= until) {
        sim_run_until(traffic->sim, traffic->next);
        send_turn(traffic);
        traffic->next += step > 0 ? step : 1;
    }
    sim_run_until(traffic->sim, until);
}

void sim_traffic_last(struct sim_traffic *traffic, unsigned node)
{
    sim_send(traffic->sim, node, 0, traffic->prefix, TRAFFIC_LAST | node);
    sim_send(traffic->sim, 0, node, traffic->prefix, TRAFFIC_LAST | TRAFFIC_DOWN | node);
}

bool sim_traffic_reached(const struct sim_traffic *traffic, unsigned node, bool down)
{
    return down ? traffic->reached_down[node] : traffic->reached_up[node];
}

void sim_traffic_fate(void *ctx, uint64_t id, enum sim_fate fate, unsigned hops)
{
    struct sim_traffic *traffic = ctx;
    struct sim_outcome *outcome = traffic->outcome;
    struct sim_flow *flow = &outcome->up;
    uint32_t node = (uint32_t)id;

    if (id & TRAFFIC_LAST) {
        bool *reached = id & TRAFFIC_DOWN ? traffic->reached_down : traffic->reached_up;
        reached[node] = reached[node] || fate == SIM_DELIVERED;
        return;
    }
    if (id & TRAFFIC_P2P)
        flow = &outcome->p2p;
    else if (id & TRAFFIC_DOWN)
        flow = &outcome->down;
    if (fate != SIM_DELIVERED) {
        flow->lost[fate]++;
        return;
    }
    flow->delivered++;
    flow->hops += hops;
    if (hops > outcome->hops_max)
        outcome->hops_max = hops;
    if (flow == &outcome->p2p && traffic->distance[node] > 0) {
        outcome->p2p_hops += hops;
        outcome->p2p_shortest += traffic->distance[node];
    }
}
