/* SPDX-License-Identifier: ISC */
#include "sim/sim_impl.h"

#include <stdlib.h>
#include <string.h>
#include <stdio.h>

/* SplitMix64: small, and the same everywhere. */
static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sim_random(struct sim *sim)
{
    return mix(&sim->random);
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = sim_alloc(sizeof(*sim));

    sim->now = SIM_START;
    sim->seed = seed;
    sim->random = seed;
    sim->digest = RPL_DIGEST_BEGIN;
    return sim;
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    for (unsigned i = 0; i < sim->node_count; i++) {
        struct sim_node *node = sim->nodes[i];

        sim_radio_forget(node);
        rpl_engine_free(node->engine);
        sim_fib_clear(&node->fib);
        free(node->edges);
        free(node);
    }
    for (size_t i = 0; i < sim->event_count; i++) {
        if (sim->events[i].kind == SIM_EVENT_FRAME)
            sim_frame_drop(sim->events[i].u.frame);
    }
    for (struct sim_frame *frame; (frame = sim->spare) != NULL;) {
        sim->spare = frame->next;
        free(frame);
    }
    free(sim->events);
    free(sim->heap);
    free(sim->place);
    free(sim->nodes);
    free(sim);
}

rpl_tstamp sim_now(const struct sim *sim)
{
    return sim->now;
}

void sim_set_log(struct sim *sim, unsigned wanted, sim_log_fn *fn, void *ctx)
{
    sim->log_wanted = fn ? wanted : 0;
    sim->log = fn;
    sim->log_ctx = ctx;
}

void sim_set_fate(struct sim *sim, sim_fate_fn *fn, void *ctx)
{
    sim->fate = fn;
    sim->fate_ctx = ctx;
}

void sim_set_trace(struct sim *sim, sim_trace_fn *fn, void *ctx)
{
    sim->trace = fn;
    sim->trace_ctx = ctx;
}

const struct sim_stats *sim_stats(const struct sim *sim)
{
    return &sim->stats;
}

uint64_t sim_digest(const struct sim *sim)
{
    return sim->digest;
}

/* ---- nodes --------------------------------------------------------------------------- */

unsigned sim_add(struct sim *sim, const char *name, const struct rpl_config *config)
{
    struct sim_node *node = sim_alloc(sizeof(*node));
    unsigned number = (unsigned)sim->node_count;
    uint64_t seed = sim->seed ^ ((uint64_t)number << 32);

    node->sim = sim;
    node->config = *config;
    node->config.mem = sim_engine_memory(sim);
    node->config.seed = mix(&seed);
    if (name)
        snprintf(node->name, sizeof(node->name), "%s", name);
    else
        snprintf(node->name, sizeof(node->name), "n%u", number);

    size_t room = sim->node_room, places = room;
    sim_grow((void **)&sim->nodes, &sim->node_room, number, sizeof(struct sim_node *));
    sim_grow((void **)&sim->heap, &room, number, sizeof(*sim->heap));
    sim_grow((void **)&sim->place, &places, number, sizeof(*sim->place));
    sim->nodes[number] = node;
    sim->node_count++;
    sim_heap_add(sim, number);
    return number;
}

void sim_replace(struct sim *sim, unsigned node, const struct rpl_config *config)
{
    struct rpl_config *own = &sim->nodes[node]->config;
    struct rpl_mem mem = own->mem;
    uint64_t seed = own->seed;

    *own = *config;
    own->mem = mem;
    own->seed = seed;
}

unsigned sim_count(const struct sim *sim)
{
    return (unsigned)sim->node_count;
}

const char *sim_name(const struct sim *sim, unsigned node)
{
    return sim->nodes[node]->name;
}

void sim_set_place(struct sim *sim, unsigned node, struct sim_place place)
{
    sim->nodes[node]->place = place;
}

struct sim_place sim_place(const struct sim *sim, unsigned node)
{
    return sim->nodes[node]->place;
}

const struct rpl_engine *sim_engine(const struct sim *sim, unsigned node)
{
    return sim->nodes[node]->engine;
}

const struct rpl_stored *sim_stored(const struct sim *sim, unsigned node, uint32_t index)
{
    return &sim->nodes[node]->config.stored[index];
}

bool sim_instance(const struct sim *sim, unsigned node, uint8_t id, struct rpl_view_instance *out)
{
    struct rpl_cursor cursor = {0};

    if (!sim->nodes[node]->engine)
        return false;
    while (rpl_view_next_instance(sim->nodes[node]->engine, &cursor, sim->now, out)) {
        if (out->id == id)
            return true;
    }
    return false;
}

/* The IID of an EUI-64 whose last octets are the node's number plus one. */
static struct rpl_addr iid_of(unsigned node)
{
    struct rpl_addr addr = {{0}};
    unsigned number = node + 1;

    addr.b[8] = 0x02;
    addr.b[12] = (uint8_t)(number >> 24);
    addr.b[13] = (uint8_t)(number >> 16);
    addr.b[14] = (uint8_t)(number >> 8);
    addr.b[15] = (uint8_t)number;
    return addr;
}

struct rpl_addr sim_link_local(unsigned node)
{
    struct rpl_addr iid = iid_of(node);

    return rpl_addr_link_local(&iid);
}

struct rpl_addr sim_global(unsigned node, const struct rpl_addr *prefix)
{
    struct rpl_addr iid = iid_of(node);

    return rpl_addr_join(prefix, &iid);
}

unsigned sim_node_of(const struct sim *sim, const struct rpl_addr *addr)
{
    unsigned number = (unsigned)addr->b[12] << 24 | (unsigned)addr->b[13] << 16 |
                      (unsigned)addr->b[14] << 8 | addr->b[15];
    unsigned node = number - 1;
    struct rpl_addr iid = iid_of(node);

    return number > 0 && number <= sim->node_count && rpl_addr_same_iid(addr, &iid)
               ? node
               : (unsigned)sim->node_count;
}

int sim_input(struct sim *sim, unsigned node, const struct rpl_event *event)
{
    if (!sim->nodes[node]->engine)
        return -RPL_ERR_NOENT;

    int err = rpl_engine_input(sim->nodes[node]->engine, event, sim->now);
    sim_effects(sim, node);
    return err;
}

void sim_input_later(struct sim *sim, unsigned node, rpl_duration delay,
                     const struct rpl_event *input)
{
    struct sim_event event = {
        .when = sim->now + delay,
        .kind = SIM_EVENT_INPUT,
        .node = node,
        .generation = sim->nodes[node]->generation,
        .u.input = *input,
    };

    sim_queue_push(sim, &event);
}

int sim_command(struct sim *sim, unsigned node, enum rpl_command command, uint8_t instance)
{
    struct rpl_event event = {.type = RPL_EVENT_COMMAND};

    event.u.command.command = command;
    event.u.command.instance = instance;
    return sim_input(sim, node, &event);
}

void sim_interface(struct sim *sim, unsigned node, enum rpl_link_state state)
{
    struct rpl_event event = {.type = RPL_EVENT_LINK};
    struct rpl_event_link *link = &event.u.link;

    link->ifindex = SIM_IFINDEX;
    link->state = state;
    link->address = sim_link_local(node);
    link->instances = (1u << sim->nodes[node]->config.instance_count) - 1;
    snprintf(link->name, sizeof(link->name), "sim0");
    sim_input(sim, node, &event);
}

static void report_routes(struct sim *sim, unsigned node)
{
    const struct sim_fib *fib = &sim->nodes[node]->fib;
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_FOUND};
    size_t count = fib->host_count + fib->net_count;
    struct rpl_route *found = sim_alloc(count * sizeof(*found));

    /* The engine's answer may change the table while we read it. */
    for (size_t i = 0; i < count; i++)
        found[i] = i < fib->host_count ? fib->hosts[i] : fib->nets[i - fib->host_count];
    for (size_t i = 0; i < count; i++) {
        event.u.route.route = found[i];
        sim_input(sim, node, &event);
    }
    free(found);
}

void sim_start(struct sim *sim, unsigned number, unsigned flags)
{
    struct sim_node *node = sim->nodes[number];

    if (node->engine)
        return;
    if (!(flags & SIM_WITH_STATE))
        memset(node->config.stored, 0, sizeof(node->config.stored));
    if (!(flags & SIM_WITH_ROUTES))
        sim_fib_clear(&node->fib);
    node->address_count = 0;

    int err = rpl_engine_new(&node->config, sim->now, &node->engine);
    if (err < 0) {
        fprintf(stderr, "rplsim: node %s: %s\n", node->name, rpl_config_check(&node->config));
        exit(1);
    }
    /* As the daemon does: links first, so that the engine knows whose routes they may be. */
    sim_interface(sim, number, RPL_LINK_UP);
    if (flags & SIM_WITH_ROUTES)
        report_routes(sim, number);
}

void sim_stop(struct sim *sim, unsigned number)
{
    struct sim_node *node = sim->nodes[number];

    rpl_engine_free(node->engine);
    node->engine = NULL;
    node->generation++;
    node->loop_since = node->lost_since = 0;
    node->acknowledged = false;
    sim_radio_forget(node);
    sim_heap_update(sim, number, RPL_NEVER);
}

void sim_refuse_routes(struct sim *sim, unsigned node, int error, unsigned count)
{
    sim->nodes[node]->refuse_error = error;
    sim->nodes[node]->refuse_count = count;
}

/* ---- the run ---------------------------------------------------------------------------- */

void sim_at(struct sim *sim, rpl_tstamp when, sim_call_fn *fn, void *ctx)
{
    struct sim_event event = {.when = when, .kind = SIM_EVENT_CALL};

    event.u.call.fn = fn;
    event.u.call.ctx = ctx;
    sim_queue_push(sim, &event);
}

static void arrive(struct sim *sim, const struct sim_event *event)
{
    if (!sim->nodes[event->node]->engine) {
        sim_plane_fate(sim, event->u.frame, SIM_LOST_DOWN);
        sim_frame_drop(event->u.frame);
        return;
    }
    sim_plane_receive(sim, event->node, event->peer, event->u.frame);
}

static void handle(struct sim *sim, const struct sim_event *event)
{
    switch (event->kind) {
    case SIM_EVENT_FRAME:
        arrive(sim, event);
        break;
    case SIM_EVENT_INPUT:
        if (event->generation == sim->nodes[event->node]->generation)
            sim_input(sim, event->node, &event->u.input);
        break;
    case SIM_EVENT_NUD:
        if (event->generation == sim->nodes[event->node]->generation)
            sim_radio_probe(sim, event->node, event->peer);
        break;
    case SIM_EVENT_CALL:
        event->u.call.fn(sim, event->u.call.ctx);
        break;
    }
}

/* One event or one engine's deadline, if it is not later than |until|. What is on its way comes
 * first: an engine that is late anyway shall know all there is to know. */
static bool step(struct sim *sim, rpl_tstamp until)
{
    rpl_tstamp on_its_way = sim_queue_next(sim);
    rpl_tstamp deadline = RPL_NEVER;
    struct sim_event event;

    if (sim->node_count > 0)
        deadline = sim->heap[0].deadline;
    if (on_its_way > until && deadline > until)
        return false;

    sim->stats.events++;
    if (on_its_way <= deadline) {
        sim_queue_pop(sim, &event);
        sim->now = event.when > sim->now ? event.when : sim->now;
        handle(sim, &event);
        return true;
    }

    unsigned node = sim->heap[0].node;
    sim->now = deadline > sim->now ? deadline : sim->now;
    rpl_engine_timeout(sim->nodes[node]->engine, sim->now);
    sim_effects(sim, node);
    return true;
}

void sim_run_until(struct sim *sim, rpl_tstamp until)
{
    while (step(sim, until))
        ;
    if (until > sim->now)
        sim->now = until;
}

void sim_run_for(struct sim *sim, rpl_duration duration)
{
    sim_run_until(sim, sim->now + duration);
}

bool sim_run_till(struct sim *sim, rpl_duration limit, sim_done_fn *done, void *ctx)
{
    rpl_tstamp until = sim->now + limit;

    do {
        if (done(sim, ctx))
            return true;
    } while (step(sim, until));
    sim->now = until;
    return done(sim, ctx);
}
