/* SPDX-License-Identifier: ISC */
/* The engine and its codec: what a message, a refresh, a source route and a target cost. */
#include "tests/bench/bench.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl.h"
#include "rpl/rpl_view.h"
#include "rpl/rpl_wire.h"

#define IFINDEX 2
#define FAN_OUT 8       /* children of a node in the root's graph */
#define LIFETIME 30     /* of a target, in units that depend on how many there are */
#define PEERS 1024      /* remembered for rate limits, whatever the number of nodes */
#define SPACE_US 200000 /* from one DAO to the next: no rate limit is in the way */

static size_t live; /* octets that the engine has allocated */

static void *alloc(void *ctx, size_t size)
{
    void *p = calloc(1, size);

    (void)ctx;
    if (p)
        live += malloc_usable_size(p);
    return p;
}

static void release(void *ctx, void *p)
{
    (void)ctx;
    live -= malloc_usable_size(p);
    free(p);
}

static struct rpl_addr addr(uint8_t a, uint8_t b, uint32_t n)
{
    /* Interface identifiers as a fleet of one maker has them: same front, different end. */
    return (struct rpl_addr){{a, b, 0, 0, 0, 0, 0, 0, 2, 0x12, 0x4b, 0, (uint8_t)(n >> 24),
                              (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct rpl_addr local(uint32_t n)
{
    return addr(0xfe, 0x80, n);
}

static struct rpl_addr global(uint32_t n)
{
    return addr(0xfd, 1, n);
}

struct world {
    struct rpl_engine *engine;
    enum rpl_mop mop;
    uint32_t nodes, next;
    uint8_t path_seq, dao_seq;
    bool second; /* most nodes have a second parent */
    rpl_tstamp now;
    uint32_t *order;
};

static void drain(struct world *w)
{
    struct rpl_effect e;

    while (rpl_engine_poll(w->engine, &e)) {
        struct rpl_event ev = {.type = RPL_EVENT_ROUTE_RESULT};
        if (e.type == RPL_EFFECT_ROUTE_SET || e.type == RPL_EFFECT_ROUTE_DEL) {
            ev.u.route_result.token = e.u.route.token;
            rpl_engine_input(w->engine, &ev, w->now);
        } else if (e.type == RPL_EFFECT_ADDRESS_SET) {
            ev.type = RPL_EVENT_ADDRESS;
            ev.u.address.ifindex = e.u.address.ifindex;
            ev.u.address.address = e.u.address.address;
            ev.u.address.usable = true;
            rpl_engine_input(w->engine, &ev, w->now);
        }
    }
}

static size_t dao(const struct world *w, uint32_t node, uint8_t *out, struct rpl_addr *src,
                  struct rpl_addr *dst)
{
    static struct rpl_wire_message msg;
    struct rpl_wire_dao *d = &msg.u.dao;
    bool storing = w->mop == RPL_MOP_STORING;
    uint32_t parent = node <= FAN_OUT ? 1 : (node - 2) / FAN_OUT + 2;

    msg.code = RPL_CODE_DAO;
    d->ack_wanted = true;
    d->sequence = w->dao_seq;
    d->target_count = d->transit_count = d->group_count = 1;
    d->target[0].len = 128;
    d->target[0].prefix = global(node);
    d->transit[0].path_sequence = w->path_seq;
    d->transit[0].path_lifetime = LIFETIME;
    d->transit[0].has_parent = !storing;
    d->transit[0].parent = global(parent);
    if (w->second && parent > 2) {
        d->transit[1] = d->transit[0];
        d->transit[d->transit_count++].parent = global(parent - 1);
    }
    *src = storing ? local(2 + node % FAN_OUT) : global(node);
    *dst = storing ? local(1) : global(1);
    return (size_t)rpl_wire_write(&msg, src, dst, out, RPL_MESSAGE_MAX);
}

static void announce(struct world *w, uint32_t node)
{
    uint8_t data[RPL_MESSAGE_MAX];
    struct rpl_event ev = {.type = RPL_EVENT_PACKET};

    ev.u.packet.len = dao(w, node, data, &ev.u.packet.src, &ev.u.packet.dst);
    ev.u.packet.data = data;
    ev.u.packet.ifindex = IFINDEX;
    w->now += SPACE_US;
    while (rpl_engine_deadline(w->engine) <= w->now)
        rpl_engine_timeout(w->engine, w->now);
    rpl_engine_input(w->engine, &ev, w->now);
    drain(w);
}

/* A world of the mode, the nodes and the parents that |w| says. All targets are announced anew
 * within half of their lifetime, as nodes do: timers run. */
static int world_init(struct world *w, uint32_t peers)
{
    uint32_t nodes = w->nodes;
    struct rpl_config config;
    struct rpl_event ev = {.type = RPL_EVENT_LINK};

    w->now = 1000000;
    w->path_seq = w->dao_seq = 240;
    rpl_config_default(&config);
    config.mem = (struct rpl_mem){.alloc = alloc, .free = release};
    config.seed = 1;
    config.limits.targets = nodes + 16;
    config.limits.peers = peers;
    config.instance_count = 1;
    rpl_instance_config_default(&config.instance[0]);
    config.instance[0].mop = w->mop;
    config.instance[0].dodag.lifetime_unit_s =
        (uint16_t)(2ull * nodes * SPACE_US / LIFETIME / 1000000 + 1);
    config.instance[0].prefix = global(0);
    rpl_addr_mask(&config.instance[0].prefix, 64);
    if (rpl_engine_new(&config, w->now, &w->engine) != 0)
        return -1;
    ev.u.link.ifindex = IFINDEX;
    ev.u.link.state = RPL_LINK_UP;
    ev.u.link.address = local(1);
    ev.u.link.instances = 1;
    rpl_engine_input(w->engine, &ev, w->now);
    drain(w);
    if (nodes == 0)
        return 0;
    w->order = malloc(nodes * sizeof(*w->order));
    if (!w->order)
        return -1;
    for (uint32_t i = 0; i < nodes; i++) {
        w->order[i] = i + 2;
        announce(w, i + 2);
    }
    /* From here on in no order that a cache could guess. */
    uint64_t random = 7;
    for (uint32_t i = nodes - 1; i > 0; i--) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t k = (uint32_t)(random >> 33) % (i + 1), swap = w->order[i];
        w->order[i] = w->order[k];
        w->order[k] = swap;
    }
    return 0;
}

static void world_free(struct world *w)
{
    rpl_engine_free(w->engine);
    free(w->order);
}

/* ---- wire ---------------------------------------------------------------------------- */

struct wire {
    uint8_t data[RPL_MESSAGE_MAX];
    size_t len;
    struct rpl_addr src, dst;
    struct rpl_wire_message msg;
};

static void wire_read(void *ctx, uint64_t count)
{
    struct wire *w = ctx;
    enum rpl_counter reason;

    for (uint64_t i = 0; i < count; i++)
        if (rpl_wire_read(w->data, w->len, &w->src, &w->dst, &w->msg, &reason) != 0)
            abort();
}

static void wire_write(void *ctx, uint64_t count)
{
    struct wire *w = ctx;

    for (uint64_t i = 0; i < count; i++)
        if (rpl_wire_write(&w->msg, &w->src, &w->dst, w->data, sizeof(w->data)) < 0)
            abort();
}

static void wire_report(const char *read, const char *write, struct wire *w)
{
    double limit = bench_copy_ns(w->len);

    bench_figure(&(struct bench_figure){.name = read,
                                        .unit = "ns",
                                        .at = w->len,
                                        .value = bench_ns(wire_read, w, 200000),
                                        .limit = limit});
    bench_figure(&(struct bench_figure){.name = write,
                                        .unit = "ns",
                                        .at = w->len,
                                        .value = bench_ns(wire_write, w, 200000),
                                        .limit = limit});
}

/* As a root sends it: Configuration and one prefix. */
static void dio(struct rpl_wire_message *msg)
{
    struct rpl_wire_dio *d = &msg->u.dio;

    msg->code = RPL_CODE_DIO;
    d->version = 240;
    d->rank = 256;
    d->mop = 1;
    d->dodag_id = global(1);
    d->has_config = true;
    d->config.interval_min = 12;
    d->config.interval_doublings = 8;
    d->config.min_hop_rank_increase = 256;
    d->config.lifetime_unit_s = 60;
    rpl_wire_config_pack(&d->config);
    d->pio_count = 1;
    d->pio[0].len = 64;
    d->pio[0].autonomous = true;
    d->pio[0].valid_s = d->pio[0].preferred_s = UINT32_MAX;
    d->pio[0].prefix = global(0);
}

int bench_wire(bool json)
{
    static struct wire w;
    struct world none = {.mop = RPL_MOP_NON_STORING, .path_seq = 1, .dao_seq = 1};

    bench_begin("wire", json);
    dio(&w.msg);
    w.src = local(1);
    w.dst = rpl_addr_all_nodes;
    w.len = (size_t)rpl_wire_write(&w.msg, &w.src, &w.dst, w.data, sizeof(w.data));
    wire_report("dio-read", "dio-write", &w);
    w.len = dao(&none, 77, w.data, &w.src, &w.dst);
    wire_read(&w, 1);
    wire_report("dao-read", "dao-write", &w);
    bench_end();
    return 0;
}

/* ---- dao ----------------------------------------------------------------------------- */

static void refresh(void *ctx, uint64_t count)
{
    struct world *w = ctx;

    for (uint64_t i = 0; i < count; i++) {
        if (w->next == w->nodes) {
            w->next = 0;
            w->path_seq = rpl_lollipop_increment(w->path_seq);
            w->dao_seq = rpl_lollipop_increment(w->dao_seq);
        }
        announce(w, w->order[w->next++]);
    }
}

static const uint32_t sizes[] = {100, 1000, 10000, 100000};

int bench_dao(bool json)
{
    bench_begin("dao", json);
    for (int storing = 0; storing < 2; storing++) {
        double at_100 = 0;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct world w = {.mop = storing ? RPL_MOP_STORING : RPL_MOP_NON_STORING,
                              .nodes = sizes[i]};
            double ns, goal = 0;
            if (world_init(&w, PEERS) < 0)
                return 1;
            ns = bench_ns(refresh, &w, sizes[i] < 20000 ? 20000 : sizes[i]);
            if (sizes[i] == 100)
                at_100 = ns;
            else if (sizes[i] == 10000)
                goal = 5.0;
            else if (sizes[i] == 100000)
                goal = 3 * at_100 / 1000;
            bench_figure(
                &(struct bench_figure){.name = storing ? "refresh-storing" : "refresh-non-storing",
                                       .unit = "us",
                                       .at = sizes[i],
                                       .value = ns / 1000,
                                       .limit = bench_access_ns((size_t)sizes[i] * 256) / 1000,
                                       .goal = goal});
            world_free(&w);
        }
    }
    bench_end();
    return 0;
}

/* ---- srh ----------------------------------------------------------------------------- */

static void look_up(void *ctx, uint64_t count)
{
    static struct rpl_view_path path;
    struct world *w = ctx;

    for (uint64_t i = 0; i < count; i++) {
        struct rpl_addr dst = global(w->order[w->next++ % w->nodes]);
        if (rpl_view_route(w->engine, &dst, &path) != 0)
            abort();
    }
}

int bench_srh(bool json)
{
    bench_begin("srh", json);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct world w = {.mop = RPL_MOP_NON_STORING, .nodes = sizes[i]};
        if (world_init(&w, PEERS) < 0)
            return 1;
        bench_figure(&(struct bench_figure){.name = "source-route",
                                            .unit = "us",
                                            .at = sizes[i],
                                            .value = bench_ns(look_up, &w, 200000) / 1000,
                                            .limit = bench_access_ns((size_t)sizes[i] * 256) / 1000,
                                            .goal = sizes[i] == 10000 ? 1.0 : 0});
        world_free(&w);
    }
    bench_end();
    return 0;
}

/* ---- memory -------------------------------------------------------------------------- */

/* What the engine holds with |nodes| targets. */
static size_t with_targets(enum rpl_mop mop, uint32_t nodes, uint32_t peers, bool second)
{
    struct world w = {.mop = mop, .nodes = nodes, .second = second};
    size_t octets;

    if (world_init(&w, peers) < 0)
        abort();
    octets = live;
    world_free(&w);
    return octets;
}

/* What a router holds that has heard DIOs of |count| neighbours. */
static size_t with_neighbours(uint32_t count)
{
    static struct rpl_wire_message msg;
    struct rpl_config config;
    struct world w = {.now = 1000000};
    struct rpl_event ev = {.type = RPL_EVENT_LINK};
    uint8_t data[RPL_MESSAGE_MAX];
    size_t octets;

    rpl_config_default(&config);
    config.mem = (struct rpl_mem){.alloc = alloc, .free = release};
    config.limits.neighbours = 1000;
    config.instance_count = 1;
    rpl_instance_config_default(&config.instance[0]);
    config.instance[0].role = RPL_ROLE_ROUTER;
    if (rpl_engine_new(&config, w.now, &w.engine) != 0)
        abort();
    ev.u.link.ifindex = IFINDEX;
    ev.u.link.state = RPL_LINK_UP;
    ev.u.link.address = local(1);
    ev.u.link.instances = 1;
    rpl_engine_input(w.engine, &ev, w.now);
    drain(&w);
    for (uint32_t i = 0; i < count; i++) {
        struct rpl_addr src = local(2 + i), dst = rpl_addr_all_nodes;
        dio(&msg);
        msg.u.dio.rank = (uint16_t)(512 + i);
        ev = (struct rpl_event){.type = RPL_EVENT_PACKET};
        ev.u.packet.len = (size_t)rpl_wire_write(&msg, &src, &dst, data, sizeof(data));
        ev.u.packet.data = data;
        ev.u.packet.ifindex = IFINDEX;
        ev.u.packet.src = src;
        ev.u.packet.dst = dst;
        rpl_engine_input(w.engine, &ev, w.now);
        drain(&w);
    }
    octets = live;
    world_free(&w);
    return octets;
}

int bench_memory(bool json)
{
    static const uint32_t many[] = {1000, 10000, 50000, 100000};
    size_t empty;

    bench_begin("memory", json);
    for (int storing = 0; storing < 2; storing++) {
        enum rpl_mop mop = storing ? RPL_MOP_STORING : RPL_MOP_NON_STORING;
        empty = with_targets(mop, 1, FAN_OUT, false);
        for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
            bench_figure(&(struct bench_figure){
                .name = storing ? "target-storing" : "target-non-storing",
                .unit = "octets",
                .at = many[i],
                .value =
                    (double)(with_targets(mop, many[i], FAN_OUT, false) - empty) / (many[i] - 1),
                .limit = 2 * sizeof(struct rpl_addr), /* an address and where it is */
                .goal = 256});
    }
    empty = with_targets(RPL_MOP_NON_STORING, 1, FAN_OUT, false);
    bench_figure(&(struct bench_figure){
        .name = "target-of-two-parents",
        .unit = "octets",
        .at = 50000,
        .value = (double)(with_targets(RPL_MOP_NON_STORING, 50000, FAN_OUT, true) - empty) / 49999,
        .limit = 3 * sizeof(struct rpl_addr)});
    /* Whoever sent us something, for rate limits: not more than there are to be (limits.peers). */
    empty = with_targets(RPL_MOP_NON_STORING, PEERS, FAN_OUT, false);
    bench_figure(&(struct bench_figure){
        .name = "peer",
        .unit = "octets",
        .at = PEERS,
        .value = (double)(with_targets(RPL_MOP_NON_STORING, PEERS, PEERS, false) - empty) / PEERS,
        .limit = sizeof(struct rpl_addr)});
    empty = with_neighbours(0);
    bench_figure(&(struct bench_figure){.name = "neighbour",
                                        .unit = "octets",
                                        .at = 500,
                                        .value = (double)(with_neighbours(500) - empty) / 500,
                                        .limit = sizeof(struct rpl_wire_dio)});
    bench_figure(
        &(struct bench_figure){.name = "engine-router", .unit = "octets", .value = (double)empty});
    bench_figure(&(struct bench_figure){
        .name = "engine-root",
        .unit = "octets",
        .value = (double)with_targets(RPL_MOP_NON_STORING, 0, FAN_OUT, false)});
    bench_end();
    return live == 0 ? 0 : 1;
}
