/* SPDX-License-Identifier: ISC */
#include "tests/lib/rig.h"

#include <stdlib.h>
#include <string.h>

static void *rig_alloc(void *ctx, size_t size)
{
    struct rig *rig = ctx;
    void *p;

    rig->allocs++;
    if (rig->fail_at && rig->allocs == rig->fail_at)
        return NULL;
    p = calloc(1, size);
    if (p)
        rig->live++;
    return p;
}

static void rig_free(void *ctx, void *p)
{
    struct rig *rig = ctx;

    rig->live--;
    free(p);
}

static struct rpl_addr addr(uint8_t a, uint8_t b, unsigned n)
{
    return (struct rpl_addr){
        {a, b, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

struct rpl_addr rig_ll(unsigned n)
{
    return addr(0xfe, 0x80, n);
}

struct rpl_addr rig_global(unsigned n)
{
    return addr(0xfd, 0x01, n);
}

void rig_init(struct rig *rig, enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_instance_config *inst = &rig->config.instance[0];

    memset(rig, 0, sizeof(*rig));
    rig->now = RPL_S(100);
    rig->link_local = rig_ll(1);
    rpl_config_default(&rig->config);
    rig->config.mem = (struct rpl_mem){.alloc = rig_alloc, .free = rig_free, .ctx = rig};
    rig->config.seed = 42;
    rig->config.instance_count = 1;
    rpl_instance_config_default(inst);
    inst->role = role;
    inst->mop = mop;
    if (role == RPL_ROLE_ROOT) {
        inst->prefix = rig_global(0);
        rpl_addr_mask(&inst->prefix, 64);
    }
}

static void answer_route(struct rig *rig, const struct rpl_effect *e)
{
    struct rpl_event ev = {.type = RPL_EVENT_ROUTE_RESULT};

    if (rig->route_count < RIG_ROUTES) {
        rig->route[rig->route_count] = e->u.route;
        rig->route_set[rig->route_count++] = e->type == RPL_EFFECT_ROUTE_SET;
    }
    if (rig->kernel == RIG_WAIT)
        return;
    ev.u.route_result.token = e->u.route.token;
    ev.u.route_result.error = rig->kernel == RIG_NO ? 22 : 0;
    rpl_engine_input(rig->engine, &ev, rig->now);
}

static void keep_send(struct rig *rig, const struct rpl_effect_send *send)
{
    struct rig_sent *s = &rig->sent[rig->sent_count];
    enum rpl_counter reason;

    if (rig->sent_count == RIG_SENDS)
        return;
    s->send = *send;
    s->at = rig->now;
    /* What we send must be readable by our own strict reader; Neighbor Discovery is read by its
     * tests. */
    s->msg.code = RIG_NOT_RPL;
    if (send->data[0] == RPL_ICMP6_TYPE &&
        rpl_wire_read(send->data, send->len, &send->src, &send->dst, &s->msg, &reason) != 0)
        abort();
    rig->sent_count++;
}

static void drain(struct rig *rig)
{
    struct rpl_effect e;

    while (rpl_engine_poll(rig->engine, &e)) {
        struct rpl_event ev = {.type = RPL_EVENT_ADDRESS};
        switch (e.type) {
        case RPL_EFFECT_SEND:
            keep_send(rig, &e.u.send);
            break;
        case RPL_EFFECT_ROUTE_SET:
        case RPL_EFFECT_ROUTE_DEL:
            answer_route(rig, &e);
            break;
        case RPL_EFFECT_ADDRESS_SET:
        case RPL_EFFECT_ADDRESS_DEL:
            ev.u.address.ifindex = e.u.address.ifindex;
            ev.u.address.address = e.u.address.address;
            ev.u.address.usable = e.type == RPL_EFFECT_ADDRESS_SET;
            rpl_engine_input(rig->engine, &ev, rig->now);
            break;
        case RPL_EFFECT_STORE:
            rig->stored = e.u.store;
            rig->store_count++;
            break;
        case RPL_EFFECT_TRACE:
            if (rig->trace_count < RIG_SENDS)
                rig->trace[rig->trace_count++] = e.u.trace;
            break;
        case RPL_EFFECT_LEAVES:
            rig->leaves_count++;
            break;
        }
    }
}

int rig_start(struct rig *rig)
{
    int err = rpl_engine_new(&rig->config, rig->now, &rig->engine);

    if (err == 0)
        rig_link_up(rig);
    return err;
}

void rig_link_up(struct rig *rig)
{
    struct rpl_event ev = {.type = RPL_EVENT_LINK,
                           .u.link = {.ifindex = RIG_IF,
                                      .state = RPL_LINK_UP,
                                      .address = rig->link_local,
                                      .instances = UINT32_MAX,
                                      .name = "lowpan0"}};

    rig_input(rig, &ev);
}

void rig_stop(struct rig *rig)
{
    rpl_engine_free(rig->engine);
    rig->engine = NULL;
}

int rig_input(struct rig *rig, const struct rpl_event *event)
{
    int err = rpl_engine_input(rig->engine, event, rig->now);

    drain(rig);
    return err;
}

void rig_run(struct rig *rig, rpl_duration duration)
{
    rpl_tstamp end = rig->now + duration;

    for (;;) {
        rpl_tstamp next = rpl_engine_deadline(rig->engine);
        if (next > end)
            break;
        if (next > rig->now)
            rig->now = next;
        rpl_engine_timeout(rig->engine, rig->now);
        drain(rig);
    }
    rig->now = end;
}

int rig_octets(struct rig *rig, uint32_t ifindex, const struct rpl_addr *src,
               const struct rpl_addr *dst, const uint8_t *data, size_t len)
{
    struct rpl_event ev = {.type = RPL_EVENT_PACKET,
                           .u.packet = {.ifindex = ifindex,
                                        .src = *src,
                                        .dst = *dst,
                                        .hop_limit = len && data[0] == RPL_ICMP6_TYPE ? 64 : 255,
                                        .data = data,
                                        .len = len}};

    return rig_input(rig, &ev);
}

int rig_receive_on(struct rig *rig, uint32_t ifindex, const struct rpl_addr *src,
                   const struct rpl_addr *dst, const struct rpl_wire_message *msg)
{
    uint8_t data[2048];
    int len = rpl_wire_write(msg, src, dst, data, sizeof(data));

    if (len < 0)
        abort();
    return rig_octets(rig, ifindex, src, dst, data, (size_t)len);
}

int rig_receive(struct rig *rig, const struct rpl_addr *src, const struct rpl_addr *dst,
                const struct rpl_wire_message *msg)
{
    return rig_receive_on(rig, RIG_IF, src, dst, msg);
}

struct rpl_wire_message rig_dio(enum rpl_mop mop, uint16_t rank, const struct rpl_addr *dodag_id)
{
    struct rpl_wire_message msg = {.code = RPL_CODE_DIO};
    struct rpl_wire_dio *d = &msg.u.dio;

    d->version = 240;
    d->dtsn = 240;
    d->rank = rank;
    d->grounded = true;
    d->mop = (uint8_t)mop;
    d->dodag_id = *dodag_id;
    d->has_config = true;
    d->config.interval_min = 12;
    d->config.interval_doublings = 8;
    d->config.redundancy = 10;
    d->config.max_rank_increase = 1792;
    d->config.min_hop_rank_increase = 256;
    d->config.ocp = 1;
    d->config.default_lifetime = 30;
    d->config.lifetime_unit_s = 60;
    rpl_wire_config_pack(&d->config);
    d->pio_count = 1;
    d->pio[0].len = 64;
    d->pio[0].autonomous = true;
    d->pio[0].valid_s = d->pio[0].preferred_s = UINT32_MAX;
    d->pio[0].prefix = *dodag_id;
    rpl_addr_mask(&d->pio[0].prefix, 64);
    return msg;
}

struct rpl_wire_message rig_dao(uint8_t sequence, const struct rpl_addr *target, uint8_t path_seq,
                                uint8_t lifetime, const struct rpl_addr *parent)
{
    struct rpl_wire_message msg = {.code = RPL_CODE_DAO};
    struct rpl_wire_dao *d = &msg.u.dao;

    d->ack_wanted = true;
    d->sequence = sequence;
    d->target_count = d->transit_count = d->group_count = 1;
    d->target[0].len = 128;
    d->target[0].prefix = *target;
    d->transit[0].path_sequence = path_seq;
    d->transit[0].path_lifetime = lifetime;
    d->transit[0].has_parent = parent != NULL;
    if (parent)
        d->transit[0].parent = *parent;
    return msg;
}

void rig_join(struct rig *rig, const struct rpl_addr *from, const struct rpl_wire_message *dio)
{
    size_t mark = rig->sent_count;

    rig_receive(rig, from, &rpl_addr_all_nodes, dio);
    for (int i = 0; i < 100; i++) {
        const struct rig_sent *dis;
        rig_run(rig, RPL_MS(20));
        dis = rig_last(rig, RPL_CODE_DIS, mark);
        if (dis && rpl_addr_equal(&dis->send.dst, from)) {
            rig_receive(rig, from, &rig->link_local, dio);
            return;
        }
    }
}

const struct rig_sent *rig_last(const struct rig *rig, uint8_t code, size_t from)
{
    for (size_t i = rig->sent_count; i-- > from;)
        if (rig->sent[i].msg.code == code)
            return &rig->sent[i];
    return NULL;
}

size_t rig_count(const struct rig *rig, uint8_t code, size_t from)
{
    size_t n = 0;

    for (size_t i = from; i < rig->sent_count; i++)
        n += rig->sent[i].msg.code == code;
    return n;
}

uint64_t rig_counter(const struct rig *rig, enum rpl_counter counter)
{
    return rpl_view_counter(rig->engine, counter);
}

bool rig_traced(const struct rig *rig, enum rpl_trace_kind kind, enum rpl_cause cause)
{
    for (size_t i = 0; i < rig->trace_count; i++)
        if (rig->trace[i].kind == kind && rig->trace[i].cause == cause)
            return true;
    return false;
}
