/* SPDX-License-Identifier: ISC */
/*
 * Interfaces and our own addresses on them. An address of ours is the DODAG's prefix with the
 * interface identifier of the interface's link-local: that is how deployed motes name a parent
 * (and so find us in a Transit), and it needs no other agreement.
 */
#include "rpl/engine.h"

struct rpl_iface *rpl_iface_find(struct rpl_engine *e, uint32_t ifindex)
{
    if (ifindex == 0)
        return NULL;
    for (size_t i = 0; i < e->iface_end; i++)
        if (e->iface[i].ifindex == ifindex)
            return &e->iface[i];
    return NULL;
}

bool rpl_iface_serves(const struct rpl_iface *iface, const struct rpl_instance *inst)
{
    return iface->ifindex != 0 && iface->up && (iface->instances >> inst->index & 1u) != 0;
}

struct rpl_iface *rpl_iface_first(struct rpl_instance *inst)
{
    for (size_t i = 0; i < inst->engine->iface_end; i++)
        if (rpl_iface_serves(&inst->engine->iface[i], inst))
            return &inst->engine->iface[i];
    return NULL;
}

/* The kernel removes addresses and routes of an interface that goes down: forget that they
 * are there, and everything heard on it. */
static void link_down(struct rpl_engine *e, struct rpl_iface *iface)
{
    iface->up = false;
    rpl_rt_link(e, iface->ifindex, false);
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        for (uint32_t k = 0; k < inst->own_count; k++)
            if (inst->own[k].ifindex == iface->ifindex)
                inst->own[k].usable = inst->own[k].emitted = false;
        if (iface->instances >> i & 1u) {
            rpl_nbr_remove_link(inst, iface->ifindex);
            rpl_instance_update(inst);
        }
    }
}

static void trace_link(struct rpl_engine *e, const struct rpl_iface *iface, enum rpl_cause cause)
{
    rpl_trace(e, RPL_TRACE_LINK, cause, NULL, &iface->address, NULL, iface->ifindex);
}

static int link_up(struct rpl_engine *e, const struct rpl_event_link *ev)
{
    struct rpl_iface *iface = rpl_iface_find(e, ev->ifindex);

    if (!rpl_addr_is_link_local(&ev->address))
        return -RPL_ERR_PARAM;
    if (iface && iface->up && rpl_addr_equal(&iface->address, &ev->address) &&
        iface->instances == ev->instances)
        return 0;
    if (iface && iface->up)
        link_down(e, iface);
    for (size_t i = 0; !iface && i < RPL_INTERFACES_MAX; i++)
        if (e->iface[i].ifindex == 0)
            iface = &e->iface[i];
    if (!iface)
        return -RPL_ERR_FULL;
    if (iface >= &e->iface[e->iface_end])
        e->iface_end = (uint32_t)(iface - e->iface) + 1;
    iface->ifindex = ev->ifindex;
    iface->up = true;
    iface->address = ev->address;
    iface->instances = ev->instances;
    memcpy(iface->name, ev->name, sizeof(iface->name));
    trace_link(e, iface, RPL_CAUSE_LINK_UP);
    rpl_rt_link(e, iface->ifindex, true);
    for (uint32_t i = 0; i < e->instance_count; i++)
        if (rpl_iface_serves(iface, &e->instance[i]))
            rpl_instance_update(&e->instance[i]);
    return 0;
}

int rpl_iface_link(struct rpl_engine *e, const struct rpl_event_link *ev)
{
    struct rpl_iface *iface;

    if (ev->ifindex == 0)
        return -RPL_ERR_PARAM;
    if (ev->state == RPL_LINK_UP)
        return link_up(e, ev);
    iface = rpl_iface_find(e, ev->ifindex);
    if (!iface)
        return -RPL_ERR_NOENT;
    if (iface->up) {
        trace_link(e, iface,
                   ev->state == RPL_LINK_GONE ? RPL_CAUSE_LINK_GONE : RPL_CAUSE_LINK_DOWN);
        link_down(e, iface);
    }
    if (ev->state == RPL_LINK_GONE)
        memset(iface, 0, sizeof(*iface));
    return 0;
}

void rpl_iface_address(struct rpl_engine *e, const struct rpl_event_address *ev)
{
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        for (uint32_t k = 0; k < inst->own_count; k++) {
            struct rpl_own *own = &inst->own[k];
            if (own->ifindex != ev->ifindex || !rpl_addr_equal(&own->addr, &ev->address))
                continue;
            /* Somebody took our address away: ask for it again. */
            if (!ev->usable && own->usable)
                own->emitted = false;
            if (own->usable != ev->usable) {
                own->usable = ev->usable;
                /* A further address, where the first ones are announced already. */
                if (own->usable && rpl_timer_armed(&inst->t_refresh)) {
                    inst->dao_own = inst->refresh_seq = true;
                    rpl_dao_schedule(inst, rpl_dao_delay(inst));
                }
                rpl_instance_update(inst);
            }
            break;
        }
    }
}

static void want_own(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *addr)
{
    for (uint32_t k = 0; k < inst->own_count; k++)
        if (inst->own[k].ifindex == ifindex && rpl_addr_equal(&inst->own[k].addr, addr)) {
            inst->own[k].wanted = true;
            return;
        }
    if (inst->own_count < RPL_OWN_MAX)
        inst->own[inst->own_count++] =
            (struct rpl_own){.wanted = true, .ifindex = ifindex, .addr = *addr};
}

void rpl_own_update(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;
    const struct rpl_addr *prefix;
    struct rpl_iface *first = rpl_iface_first(inst);
    bool root = inst->cfg.role == RPL_ROLE_ROOT;
    uint32_t kept = 0;

    for (uint32_t k = 0; k < inst->own_count; k++)
        inst->own[k].wanted = false;
    for (unsigned n = 0; (prefix = rpl_prefix_nth(inst, n)) != NULL; n++)
        for (size_t i = 0; i < e->iface_end; i++)
            if (rpl_iface_serves(&e->iface[i], inst)) {
                struct rpl_addr addr = rpl_addr_join(prefix, &e->iface[i].address);
                want_own(inst, e->iface[i].ifindex, &addr);
            }
    if (first && root && inst->cfg.has_dodag_id)
        want_own(inst, first->ifindex, &inst->cfg.dodag_id);
    /* The DODAGID of a prefix that is no more: DAOs still go there. */
    else if (first && root && inst->joined && !rpl_prefix_of(inst, &inst->dodag_id))
        want_own(inst, first->ifindex, &inst->dodag_id);
    for (uint32_t k = 0; k < inst->own_count; k++) {
        struct rpl_own own = inst->own[k];
        if (own.wanted != own.emitted) {
            rpl_effect_address(e, own.wanted, own.ifindex, &own.addr);
            own.emitted = own.wanted;
        }
        if (own.wanted)
            inst->own[kept++] = own;
    }
    inst->own_count = kept;
}

const struct rpl_addr *rpl_own_in(const struct rpl_instance *inst, uint32_t ifindex,
                                  const struct rpl_addr *prefix)
{
    for (uint32_t k = 0; k < inst->own_count; k++)
        if (inst->own[k].usable && (ifindex == 0 || inst->own[k].ifindex == ifindex) &&
            (!prefix || rpl_addr_match(&inst->own[k].addr, prefix, 64)))
            return &inst->own[k].addr;
    return NULL;
}

const struct rpl_addr *rpl_own_address(const struct rpl_instance *inst, uint32_t ifindex)
{
    const struct rpl_addr *own = rpl_own_in(inst, ifindex, rpl_prefix(inst, NULL));

    return own ? own : rpl_own_in(inst, ifindex, NULL);
}

bool rpl_is_self(const struct rpl_instance *inst, const struct rpl_addr *addr)
{
    const struct rpl_engine *e = inst->engine;
    const struct rpl_addr *prefix = rpl_prefix_of(inst, addr);

    if (inst->cfg.role == RPL_ROLE_ROOT && inst->has_dodag && rpl_addr_equal(addr, &inst->dodag_id))
        return true;
    for (uint32_t k = 0; k < inst->own_count; k++)
        if (rpl_addr_equal(addr, &inst->own[k].addr))
            return true;
    for (size_t i = 0; i < inst->engine->iface_end; i++) {
        if (e->iface[i].ifindex == 0)
            continue;
        if (rpl_addr_equal(addr, &e->iface[i].address))
            return true;
        if (prefix && rpl_addr_same_iid(addr, &e->iface[i].address))
            return true;
    }
    return false;
}
