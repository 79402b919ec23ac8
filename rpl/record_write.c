/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "rpl/engine.h"
#include "rpl/record.h"

#define HEAD_MAX 1024 /* of a record but for a packet's octets, and lists in pieces */
#define PIECE 32      /* EUI-64s in one record */

/* A record in the making. */
struct out {
    uint8_t data[HEAD_MAX];
    size_t len;
};

static void put_number(struct out *out, uint64_t n, size_t size)
{
    for (size_t k = 0; k < size; k++)
        out->data[out->len++] = (uint8_t)(n >> (8 * (size - 1 - k)));
}

static void put_table(struct out *out, const struct rpl_record_table *table, const void *base)
{
    rpl_record_put(table, base, out->data + out->len);
    out->len += rpl_record_size(table);
}

static struct out out_begin(enum rpl_record_type type)
{
    struct out out = {.len = 4};

    out.data[0] = (uint8_t)type;
    return out;
}

/* |tail| goes behind it as it is. */
static void out_end(struct rpl_recorder *recorder, struct out *out, const uint8_t *tail, size_t len)
{
    size_t body = out->len - 4 + len;

    out->data[1] = (uint8_t)(body >> 16);
    out->data[2] = (uint8_t)(body >> 8);
    out->data[3] = (uint8_t)body;
    recorder->sink(recorder->ctx, out->data, out->len);
    if (len > 0)
        recorder->sink(recorder->ctx, tail, len);
    recorder->written += out->len + len;
}

/* ---- the beginning ------------------------------------------------------------------------ */

static void write_list(struct rpl_recorder *recorder, enum rpl_record_type type,
                       const uint64_t *eui64, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += PIECE) {
        struct out out = out_begin(type);

        for (uint32_t k = i; k < count && k < i + PIECE; k++)
            put_number(&out, eui64[k], 8);
        out_end(recorder, &out, NULL, 0);
    }
}

void rpl_record_begin(struct rpl_recorder *recorder, rpl_record_sink *sink, void *ctx,
                      const struct rpl_config *config, rpl_tstamp now, const char *program)
{
    static const uint8_t magic[RPL_RECORD_MAGIC] = {'r', 'p', 'l', 'r', 'e', 'c', 0, 1};
    size_t program_len = 0;

    memset(recorder, 0, sizeof(*recorder));
    recorder->sink = sink;
    recorder->ctx = ctx;
    recorder->digest = RPL_DIGEST_BEGIN;
    sink(ctx, magic, sizeof(magic));
    recorder->written = sizeof(magic);
    struct out out = out_begin(RPL_RECORD_BEGIN);
    put_number(&out, now, 8);
    put_number(&out, config->seed, 8);
    put_table(&out, &rpl_record_limits, &config->limits);
    put_number(&out, config->instance_count, 1);
    while (program[program_len] && program_len < RPL_RECORD_PROGRAM_MAX - 1)
        program_len++;
    out_end(recorder, &out, (const uint8_t *)program, program_len);
    for (uint32_t i = 0; i < config->instance_count; i++) {
        out = out_begin(RPL_RECORD_INSTANCE);
        put_table(&out, &rpl_record_instance, &config->instance[i]);
        put_table(&out, &rpl_record_stored, &config->stored[i]);
        out_end(recorder, &out, NULL, 0);
    }
    write_list(recorder, RPL_RECORD_ALLOW, config->access.allow, config->access.allow_count);
    write_list(recorder, RPL_RECORD_DENY, config->access.deny, config->access.deny_count);
    out = out_begin(RPL_RECORD_START);
    out_end(recorder, &out, NULL, 0);
}

/* ---- the run -------------------------------------------------------------------------------- */

/* Effects that were taken stand before what comes next: they may have been its cause. */
static void write_effects(struct rpl_recorder *recorder)
{
    if (recorder->untold == 0)
        return;
    struct out out = out_begin(RPL_RECORD_EFFECTS);

    put_number(&out, recorder->now, 8);
    put_number(&out, recorder->untold, 4);
    put_number(&out, recorder->digest, 8);
    recorder->untold = 0;
    out_end(recorder, &out, NULL, 0);
}

void rpl_record_event(struct rpl_recorder *recorder, const struct rpl_event *event, rpl_tstamp now)
{
    bool packet = event->type == RPL_EVENT_PACKET;
    struct out out = out_begin(RPL_RECORD_EVENT);

    write_effects(recorder);
    put_number(&out, now, 8);
    put_number(&out, event->type, 1);
    put_table(&out, rpl_record_event_table(event->type), &event->u);
    out_end(recorder, &out, packet ? event->u.packet.data : NULL, packet ? event->u.packet.len : 0);
}

void rpl_record_timeout(struct rpl_recorder *recorder, rpl_tstamp now)
{
    struct out out = out_begin(RPL_RECORD_TIMEOUT);

    write_effects(recorder);
    put_number(&out, now, 8);
    out_end(recorder, &out, NULL, 0);
}

void rpl_record_effect(struct rpl_recorder *recorder, const struct rpl_effect *effect,
                       rpl_tstamp now)
{
    if (now != recorder->now)
        write_effects(recorder);
    recorder->now = now;
    recorder->untold++;
    recorder->effects++;
    recorder->digest = rpl_effect_digest(recorder->digest, now, effect);
}

void rpl_record_end(struct rpl_recorder *recorder, rpl_tstamp now, enum rpl_record_why why)
{
    struct out out = out_begin(RPL_RECORD_END);

    write_effects(recorder);
    put_number(&out, now, 8);
    put_number(&out, recorder->effects, 8);
    put_number(&out, recorder->digest, 8);
    put_number(&out, why, 1);
    out_end(recorder, &out, NULL, 0);
}

const char *rpl_record_why_name(enum rpl_record_why why)
{
    switch (why) {
    case RPL_RECORD_ASKED:
        return "asked";
    case RPL_RECORD_FULL:
        return "full";
    case RPL_RECORD_SLOW:
        return "too slow";
    case RPL_RECORD_STOPPED:
        return "stopped";
    }
    return "unknown";
}

/* ---- the digest ------------------------------------------------------------------------- */

/* Of numbers, not of the memory that they stand in: the same on every machine. */
static uint64_t digest_number(uint64_t digest, uint64_t n)
{
    return rpl_mixed(digest ^ n);
}

static uint64_t digest_addr(uint64_t digest, const struct rpl_addr *addr)
{
    return digest_number(digest_number(digest, rpl_be64(addr->b)), rpl_be64(addr->b + 8));
}

static uint64_t digest_send(uint64_t d, const struct rpl_effect_send *send)
{
    d = digest_number(d,
                      (uint64_t)send->ifindex << 32 | (uint64_t)send->hop_limit << 16 | send->len);
    d = digest_addr(digest_addr(d, &send->src), &send->dst);
    return digest_number(d, rpl_digest(send->data, send->len));
}

static uint64_t digest_route(uint64_t d, const struct rpl_effect_route *effect)
{
    const struct rpl_route *route = &effect->route;

    d = digest_number(digest_number(d, effect->token), route->metric);
    d = digest_number(d, (uint64_t)route->kind << 8 | route->dst_len);
    d = digest_addr(d, &route->dst);
    return route->kind == RPL_ROUTE_VIA ? digest_addr(digest_number(d, route->ifindex), &route->via)
                                        : d;
}

static uint64_t digest_trace(uint64_t d, const struct rpl_effect_trace *trace)
{
    d = digest_number(d, (uint64_t)trace->kind << 48 | (uint64_t)trace->cause << 32 |
                             (uint64_t)trace->instance << 8 | trace->len);
    d = digest_number(d, trace->value);
    return digest_addr(digest_addr(d, &trace->address), &trace->other);
}

uint64_t rpl_effect_digest(uint64_t before, rpl_tstamp now, const struct rpl_effect *effect)
{
    const struct rpl_stored *store = &effect->u.store;
    uint64_t d = digest_number(digest_number(before, now), effect->type);

    switch (effect->type) {
    case RPL_EFFECT_SEND:
        return digest_send(d, &effect->u.send);
    case RPL_EFFECT_ROUTE_SET:
    case RPL_EFFECT_ROUTE_DEL:
        return digest_route(d, &effect->u.route);
    case RPL_EFFECT_ADDRESS_SET:
    case RPL_EFFECT_ADDRESS_DEL:
        d = digest_number(d, (uint64_t)effect->u.address.ifindex << 8 | effect->u.address.len);
        return digest_addr(d, &effect->u.address.address);
    case RPL_EFFECT_STORE:
        d = digest_number(d, (uint64_t)store->valid << 40 | (uint64_t)store->instance << 32 |
                                 (uint64_t)store->version << 24 | (uint64_t)store->dtsn << 16 |
                                 (uint64_t)store->dao_sequence << 8 | store->path_sequence);
        return digest_addr(d, &store->dodag_id);
    case RPL_EFFECT_TRACE:
        return digest_trace(d, &effect->u.trace);
    case RPL_EFFECT_LEAVES:
        break;
    }
    return d;
}
