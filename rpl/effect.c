/* SPDX-License-Identifier: ISC */
/*
 * The small services of the engine: memory, random numbers, counters, token buckets, and the
 * queue of effects that wait for rpl_engine_poll(). The queue is bounded: what does not fit is
 * counted and gone. Routes and STORE are not queued here; they are states that poll reads.
 */
#include "rpl/engine.h"

void *rpl_alloc(struct rpl_engine *e, size_t size)
{
    return e->mem.alloc(e->mem.ctx, size);
}

void rpl_free(struct rpl_engine *e, void *p)
{
    if (p)
        e->mem.free(e->mem.ctx, p);
}

/* splitmix64: small, seedable, the same everywhere. Not for secrets. */
uint64_t rpl_random(struct rpl_engine *e)
{
    uint64_t z = (e->random += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

rpl_duration rpl_random_range(struct rpl_engine *e, rpl_duration low, rpl_duration high)
{
    return high > low ? low + rpl_random(e) % (high - low) : low;
}

void rpl_count(struct rpl_engine *e, enum rpl_counter counter)
{
    e->counter[counter]++;
}

uint64_t rpl_digest(const uint8_t *data, size_t len)
{
    uint64_t h = len, rest = 0;
    size_t i;

    for (i = 0; i + 8 <= len; i += 8)
        h = rpl_mixed(h ^ rpl_be64(data + i));
    for (; i < len; i++)
        rest = rest << 8 | data[i];
    return rpl_mixed(h ^ rest);
}

bool rpl_bucket_take(struct rpl_bucket *b, rpl_tstamp now, uint32_t burst, rpl_duration period)
{
    uint64_t earned = now > b->at ? (now - b->at) / period : 0;

    if (earned >= b->used) {
        b->used = 0;
        b->at = now;
    } else if (earned > 0) {
        b->used -= (uint32_t)earned;
        b->at += earned * period;
    }
    if (b->used >= burst)
        return false;
    b->used++;
    return true;
}

static struct rpl_queued *enqueue(struct rpl_engine *e, enum rpl_effect_type type, size_t len)
{
    struct rpl_queued *q = NULL;

    if (e->queue_count < e->limits.effects)
        q = rpl_alloc(e, sizeof(*q) + len);
    if (!q) {
        rpl_count(e, RPL_COUNT_DROP_EFFECTS_FULL);
        return NULL;
    }
    q->type = type;
    q->len = (uint16_t)len;
    TAILQ_INSERT_TAIL(&e->queue, q, list);
    e->queue_count++;
    return q;
}

void rpl_send_octets(struct rpl_engine *e, uint32_t ifindex, const struct rpl_addr *src,
                     const struct rpl_addr *dst, const uint8_t *data, size_t len)
{
    struct rpl_queued *q = enqueue(e, RPL_EFFECT_SEND, len);

    if (!q)
        return;
    q->u.send.ifindex = ifindex;
    q->u.send.src = *src;
    q->u.send.dst = *dst;
    q->u.send.hop_limit = ifindex ? RPL_HOP_LIMIT : RPL_HOP_LIMIT_GLOBAL;
    memcpy(q->data, data, len);
}

int rpl_send(struct rpl_engine *e, uint32_t ifindex, const struct rpl_addr *src,
             const struct rpl_addr *dst)
{
    uint8_t data[RPL_MESSAGE_MAX];
    int len = rpl_wire_write(e->scratch, src, dst, data, sizeof(data));

    if (len > 0)
        rpl_send_octets(e, ifindex, src, dst, data, (size_t)len);
    return len;
}

void rpl_effect_address(struct rpl_engine *e, bool set, uint32_t ifindex,
                        const struct rpl_addr *addr)
{
    struct rpl_queued *q = enqueue(e, set ? RPL_EFFECT_ADDRESS_SET : RPL_EFFECT_ADDRESS_DEL, 0);

    if (!q)
        return;
    q->u.address.ifindex = ifindex;
    q->u.address.address = *addr;
    q->u.address.len = 128;
}

struct rpl_effect_trace *rpl_trace(struct rpl_engine *e, enum rpl_trace_kind kind,
                                   enum rpl_cause cause, const struct rpl_instance *inst,
                                   const struct rpl_addr *address, const struct rpl_addr *other,
                                   uint32_t value)
{
    struct rpl_queued *q = enqueue(e, RPL_EFFECT_TRACE, 0);
    struct rpl_effect_trace *t = q ? &q->u.trace : &e->trace_scrap;

    memset(t, 0, sizeof(*t));
    t->kind = kind;
    t->cause = cause;
    t->value = value;
    t->len = 128;
    if (inst)
        t->instance = inst->cfg.id;
    if (address)
        t->address = *address;
    if (other)
        t->other = *other;
    return t;
}

void rpl_store(struct rpl_instance *inst)
{
    inst->store_dirty = true;
}

static bool poll_store(struct rpl_engine *e, struct rpl_effect *out)
{
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        if (!inst->store_dirty)
            continue;
        inst->store_dirty = false;
        out->type = RPL_EFFECT_STORE;
        out->u.store = (struct rpl_stored){
            .valid = true,
            .instance = inst->cfg.id,
            .dodag_id = inst->dodag_id,
            .version = inst->version,
            .dtsn = inst->dtsn,
            .dao_sequence = inst->dao_seq,
            .path_sequence = inst->path_seq,
        };
        return true;
    }
    return false;
}

static bool poll_leaves(struct rpl_engine *e, struct rpl_effect *out)
{
    bool changed = e->leaves_changed;

    e->leaves_changed = false;
    if (changed)
        out->type = RPL_EFFECT_LEAVES;
    return changed;
}

static bool poll_queue(struct rpl_engine *e, struct rpl_effect *out)
{
    struct rpl_queued *q = TAILQ_FIRST(&e->queue);

    if (!q)
        return false;
    TAILQ_REMOVE(&e->queue, q, list);
    e->queue_count--;
    out->type = q->type;
    switch (q->type) {
    case RPL_EFFECT_SEND:
        out->u.send.ifindex = q->u.send.ifindex;
        out->u.send.src = q->u.send.src;
        out->u.send.dst = q->u.send.dst;
        out->u.send.hop_limit = q->u.send.hop_limit;
        out->u.send.len = q->len;
        memcpy(out->u.send.data, q->data, q->len);
        break;
    case RPL_EFFECT_ADDRESS_SET:
    case RPL_EFFECT_ADDRESS_DEL:
        out->u.address = q->u.address;
        break;
    case RPL_EFFECT_TRACE:
    case RPL_EFFECT_ROUTE_SET:
    case RPL_EFFECT_ROUTE_DEL:
    case RPL_EFFECT_STORE:
    case RPL_EFFECT_LEAVES:
        out->u.trace = q->u.trace;
        break;
    }
    rpl_free(e, q);
    return true;
}

/* What must survive goes out before any message that would make others rely on it. */
bool rpl_engine_poll(struct rpl_engine *engine, struct rpl_effect *out)
{
    return poll_store(engine, out) || poll_leaves(engine, out) || poll_queue(engine, out) ||
           rpl_rt_poll(engine, out);
}

void rpl_queue_free(struct rpl_engine *e)
{
    struct rpl_queued *q;

    while ((q = TAILQ_FIRST(&e->queue)) != NULL) {
        TAILQ_REMOVE(&e->queue, q, list);
        rpl_free(e, q);
    }
}
