/* SPDX-License-Identifier: ISC */
/*
 * The registrar of addresses at the root, a 6LBR of RFC 8505 beside the DODAG root of RFC 9010
 * section 9.2.3: who owns which address, and which registration of it is the latest. Routers ask
 * it by EDAR when a leaf registers for the first time, and by the X flag of a DAO's Target when it
 * refreshes. One owner per address, by its ROVR; bounded; entries end with their lifetime.
 */
#include "rpl/engine.h"

#define TARGET_X 0x40u
#define TARGET_ROVR 0x0fu
#define ANSWER_BURST 64
#define ANSWER_PERIOD RPL_MS(100)

int rpl_registration_compare(const struct rpl_registration *a, const struct rpl_registration *b)
{
    return rpl_key_compare(&a->addr, &b->addr);
}

RB_GENERATE(rpl_registration_tree, rpl_registration, tree, rpl_registration_compare)

static struct rpl_registration *find(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_registration key = {.addr = *addr};

    return RB_FIND(rpl_registration_tree, &inst->registrations, &key);
}

static void remove_registration(struct rpl_registration *r)
{
    struct rpl_instance *inst = r->inst;

    inst->engine->leaves_changed = true;
    rpl_timer_unregister(inst->engine, &r->timer);
    RB_REMOVE(rpl_registration_tree, &inst->registrations, r);
    inst->registration_count--;
    rpl_free(inst->engine, r);
}

static struct rpl_registration *add(struct rpl_instance *inst, const struct rpl_addr *addr,
                                    const struct rpl_rovr *rovr)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_registration *r;

    if (inst->registration_count >= e->limits.targets)
        return NULL;
    r = rpl_alloc(e, sizeof(*r));
    if (!r || !rpl_timer_register(e, &r->timer, TIMER_REGISTRATION)) {
        rpl_free(e, r);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    r->inst = inst;
    r->addr = *addr;
    r->rovr = *rovr;
    RB_INSERT(rpl_registration_tree, &inst->registrations, r);
    e->leaves_changed = true;
    inst->registration_count++;
    return r;
}

enum rpl_nd_status rpl_registrar_register(struct rpl_instance *inst, const struct rpl_addr *addr,
                                          const struct rpl_rovr *rovr, uint8_t tid,
                                          rpl_duration lifetime)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_registration *r = find(inst, addr);

    if (r && !rpl_rovr_equal(&r->rovr, rovr))
        return RPL_ND_DUPLICATE;
    if (r && rpl_lollipop_compare(tid, r->tid) == RPL_OLDER)
        return RPL_ND_MOVED;
    if (lifetime == 0) {
        if (r)
            remove_registration(r);
        return RPL_ND_SUCCESS;
    }
    if (!r)
        r = add(inst, addr, rovr);
    if (!r)
        return RPL_ND_REGISTRY_FULL;
    r->tid = tid;
    r->expires = lifetime == RPL_NEVER ? RPL_NEVER : e->now + lifetime;
    rpl_timer_set(e, &r->timer, r->expires);
    return RPL_ND_SUCCESS;
}

bool rpl_registrar_owned(struct rpl_instance *inst, const struct rpl_addr *addr,
                         const struct rpl_rovr *rovr)
{
    const struct rpl_registration *r = find(inst, addr);

    return r && !rpl_rovr_equal(&r->rovr, rovr);
}

void rpl_registrar_forget(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_registration *r = find(inst, addr);

    if (r)
        remove_registration(r);
}

void rpl_registrar_timeout(struct rpl_registration *r)
{
    remove_registration(r);
}

void rpl_registrar_free(struct rpl_instance *inst)
{
    while (!RB_EMPTY(&inst->registrations))
        remove_registration(RB_ROOT(&inst->registrations));
}

/* Section 9.2.3: a Target with X asks us to speak for the router. One without is held against
 * what is registered; a Target without a ROVR is nobody's registration. */
bool rpl_registrar_dao(struct rpl_instance *inst, const struct rpl_wire_target *t,
                       const struct rpl_wire_transit *tr, enum rpl_nd_status *ret_status)
{
    struct rpl_rovr rovr = {.size = t->flags & TARGET_ROVR};
    rpl_duration lifetime = RPL_S((uint64_t)tr->path_lifetime * inst->config.lifetime_unit_s);

    *ret_status = RPL_ND_SUCCESS;
    if (!inst->cfg.serve_leaves || inst->cfg.role != RPL_ROLE_ROOT || rovr.size == 0 ||
        rovr.size > RPL_ROVR_MAX / 8 || t->len != 128)
        return false;
    memcpy(rovr.octets, t->rovr, rovr.size * 8u);
    if (t->flags & TARGET_X) {
        /* In minutes, as the EDAR that this stands for would have it. */
        lifetime = (lifetime + RPL_S(59)) / RPL_S(60) * RPL_S(60);
        *ret_status = rpl_registrar_register(inst, &t->prefix, &rovr, tr->path_sequence,
                                             tr->path_lifetime == UINT8_MAX ? RPL_NEVER : lifetime);
        return true;
    }
    if (rpl_registrar_owned(inst, &t->prefix, &rovr))
        *ret_status = RPL_ND_DUPLICATE;
    return *ret_status != RPL_ND_SUCCESS;
}

/* RFC 8505 section 4.2: the router asks, we answer with what we made of it. */
int rpl_registrar_receive(struct rpl_instance *inst, const struct rpl_packet *p,
                          const struct rpl_nd_duplicate *edar)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_peer *peer = rpl_peer_get(e, p->src, p->ifindex);
    struct rpl_nd_duplicate edac = *edar;
    uint8_t data[128];
    size_t len;

    if (!peer || !rpl_bucket_take(&peer->dao, e->now, ANSWER_BURST, ANSWER_PERIOD)) {
        rpl_count(e, RPL_COUNT_DROP_RATE);
        return -RPL_ERR_DROPPED;
    }
    rpl_count(e, RPL_COUNT_EDAR_IN);
    edac.type = RPL_ND_EDAC;
    edac.status = RPL_ND_TOPOLOGICALLY_WRONG;
    if (rpl_prefix_holds(inst, &edar->address) && !rpl_is_self(inst, &edar->address))
        edac.status = (uint8_t)rpl_registrar_register(inst, &edar->address, &edar->rovr, edar->tid,
                                                      RPL_S(edar->lifetime_min * UINT64_C(60)));
    if (edac.status)
        rpl_count(e, RPL_COUNT_REFUSED_REGISTRATION);
    len = rpl_nd_write_duplicate(&edac, p->dst, p->src, data, sizeof(data));
    rpl_send_octets(e, rpl_addr_is_link_local(p->src) ? p->ifindex : 0, p->dst, p->src, data, len);
    return 0;
}
