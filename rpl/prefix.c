/* SPDX-License-Identifier: ISC */
/*
 * The prefixes of a DODAG: at the root the configured ones, and those that it had before, which
 * are phased out; elsewhere what the PIOs say.
 *
 * A prefix that is left is announced with a preferred lifetime of 0 and a valid one that runs
 * out: nodes make no new connections from it and keep the old ones. Two hours is what nodes hold
 * on to it at least, whatever is announced (RFC 4862 section 5.5.3 (e)). Until then its addresses,
 * its routes and its DAOs are as good as those of the other one. The DODAG stays the same, and so
 * does the DODAGID, though it is an address in the first prefix: it stays ours.
 */
#include "rpl/engine.h"

_Static_assert(RPL_WIRE_PIOS_MAX >= 1 + RPL_MORE_PREFIXES_MAX &&
                   RPL_WIRE_PIOS_MAX >= 2 + RPL_OLD_PREFIXES_MAX,
               "all that are announced at once fit into a DIO");

#define PREFIX_LEN 64 /* the only length that addresses are made from */

/* ---- which there are ----------------------------------------------------------------- */

static const struct rpl_addr *root_prefix(const struct rpl_instance *inst, unsigned n)
{
    if (n == 0)
        return &inst->cfg.prefix;
    if (n <= inst->cfg.more.count)
        return &inst->cfg.more.prefix[n - 1].addr;
    n -= inst->cfg.more.count;
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++)
        if (inst->old_prefix[i].until && --n == 0)
            return &inst->old_prefix[i].prefix;
    return NULL;
}

/* The one that the root is in comes first, those that are phased out last. */
static int pio_order(const struct rpl_instance *inst, const struct rpl_wire_pio *pio)
{
    if (pio->preferred_s == 0)
        return 2;
    return rpl_addr_match(&inst->dodag_id, &pio->prefix, PREFIX_LEN) ? 0 : 1;
}

/* Addresses are made from A=1 alone (RFC 6550 section 6.7.10), and only from a /64; what has run
 * out is none any more. */
static const struct rpl_addr *pio_prefix(const struct rpl_instance *inst, unsigned n)
{
    for (int order = 0; order < 3; order++)
        for (uint8_t i = 0; i < inst->pio_count; i++) {
            const struct rpl_wire_pio *pio = &inst->pio[i];
            if (pio->autonomous && pio->len == PREFIX_LEN && pio->valid_s &&
                pio_order(inst, pio) == order && n-- == 0)
                return &pio->prefix;
        }
    return NULL;
}

const struct rpl_addr *rpl_prefix_nth(const struct rpl_instance *inst, unsigned n)
{
    return inst->cfg.role == RPL_ROLE_ROOT ? root_prefix(inst, n) : pio_prefix(inst, n);
}

const struct rpl_addr *rpl_prefix(const struct rpl_instance *inst, uint8_t *ret_len)
{
    if (ret_len)
        *ret_len = PREFIX_LEN;
    return rpl_prefix_nth(inst, 0);
}

const struct rpl_addr *rpl_prefix_of(const struct rpl_instance *inst, const struct rpl_addr *addr)
{
    const struct rpl_addr *prefix;

    for (unsigned n = 0; (prefix = rpl_prefix_nth(inst, n)) != NULL; n++)
        if (rpl_addr_match(addr, prefix, PREFIX_LEN))
            return prefix;
    return NULL;
}

bool rpl_prefix_holds(const struct rpl_instance *inst, const struct rpl_addr *addr)
{
    return rpl_prefix_of(inst, addr) != NULL;
}

/* ---- the root ------------------------------------------------------------------------ */

static void want_unreachable(struct rpl_instance *inst, struct rpl_rt_own **holder,
                             const struct rpl_addr *prefix)
{
    const struct rpl_route route = {.kind = RPL_ROUTE_UNREACHABLE,
                                    .dst = *prefix,
                                    .dst_len = PREFIX_LEN,
                                    .metric = RPL_UNREACHABLE_METRIC};

    rpl_rt_want(inst->engine, holder, &route, inst->cfg.id);
}

/* A packet to nobody gets an error at once, and does not leave by the uplink. */
void rpl_prefix_routes(struct rpl_instance *inst)
{
    if (!inst->rt_prefix)
        want_unreachable(inst, &inst->rt_prefix, &inst->cfg.prefix);
    for (uint32_t i = 0; i < inst->cfg.more.count; i++)
        if (!inst->rt_more[i])
            want_unreachable(inst, &inst->rt_more[i], &inst->cfg.more.prefix[i].addr);
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++)
        if (inst->old_prefix[i].until && !inst->old_prefix[i].route)
            want_unreachable(inst, &inst->old_prefix[i].route, &inst->old_prefix[i].prefix);
}

static void add_pio(struct rpl_instance *inst, const struct rpl_addr *prefix)
{
    inst->pio[inst->pio_count++] =
        (struct rpl_wire_pio){.len = PREFIX_LEN,
                              .on_link = inst->cfg.on_link,
                              .autonomous = inst->cfg.autonomous,
                              .valid_s = inst->cfg.prefix_valid_s,
                              .preferred_s = inst->cfg.prefix_preferred_s,
                              .prefix = *prefix};
}

/* NOTE: the first one comes last: a deployed node that keeps one prefix keeps the last it reads. */
void rpl_prefix_fill(struct rpl_instance *inst)
{
    rpl_tstamp now = inst->engine->now;

    if (inst->cfg.role != RPL_ROLE_ROOT)
        return;
    inst->pio_count = 0;
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++) {
        const struct rpl_old_prefix *old = &inst->old_prefix[i];
        if (old->until > now && inst->pio_count + inst->cfg.more.count + 1 < RPL_WIRE_PIOS_MAX)
            inst->pio[inst->pio_count++] =
                (struct rpl_wire_pio){.len = PREFIX_LEN,
                                      .on_link = inst->cfg.on_link,
                                      .autonomous = inst->cfg.autonomous,
                                      .valid_s = (uint32_t)((old->until - now) / RPL_S(1)),
                                      .prefix = old->prefix};
    }
    for (uint32_t i = inst->cfg.more.count; i > 0; i--)
        if (!rpl_addr_equal(&inst->cfg.more.prefix[i - 1].addr, &inst->cfg.prefix))
            add_pio(inst, &inst->cfg.more.prefix[i - 1].addr);
    add_pio(inst, &inst->cfg.prefix);
}

static void arm(struct rpl_instance *inst)
{
    rpl_tstamp due = RPL_NEVER;

    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++)
        if (inst->old_prefix[i].until && inst->old_prefix[i].until < due)
            due = inst->old_prefix[i].until;
    if (due == RPL_NEVER)
        rpl_timer_stop(inst->engine, &inst->t_prefix);
    else
        rpl_timer_set(inst->engine, &inst->t_prefix, due);
}

/* Nobody has an address there any more. */
static void drop_targets(struct rpl_instance *inst, const struct rpl_addr *prefix)
{
    struct rpl_target key = {.prefix = *prefix};
    struct rpl_target *t = RB_NFIND(rpl_target_tree, &inst->targets, &key);

    while (t && rpl_addr_match(&t->prefix, prefix, PREFIX_LEN)) {
        /* Dropping one may take others along. */
        key.prefix = t->prefix;
        key.len = t->len;
        if (t->known)
            rpl_target_drop(t, RPL_CAUSE_PREFIX);
        t = RB_NFIND(rpl_target_tree, &inst->targets, &key);
        if (t && rpl_target_compare(t, &key) == 0)
            t = RB_NEXT(rpl_target_tree, &inst->targets, t);
    }
}

static void end_old(struct rpl_instance *inst, struct rpl_old_prefix *old)
{
    rpl_rt_unwant(inst->engine, &old->route);
    old->until = 0;
    drop_targets(inst, &old->prefix);
}

void rpl_prefix_timeout(struct rpl_instance *inst)
{
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++)
        if (inst->old_prefix[i].until && inst->old_prefix[i].until <= inst->engine->now)
            end_old(inst, &inst->old_prefix[i]);
    arm(inst);
    rpl_instance_update(inst);
}

/* In a free place, or that of the one that ends first. */
static void phase_out(struct rpl_instance *inst, const struct rpl_addr *prefix, rpl_duration valid)
{
    struct rpl_old_prefix *place = &inst->old_prefix[0];

    for (unsigned i = 1; i < RPL_OLD_PREFIXES_MAX; i++)
        if (inst->old_prefix[i].until < place->until)
            place = &inst->old_prefix[i];
    if (place->until)
        end_old(inst, place);
    place->prefix = *prefix;
    place->until = inst->engine->now + valid;
}

/* What was announced until now. */
static void leave(struct rpl_instance *inst, const struct rpl_addr *prefix)
{
    rpl_duration valid = RPL_OLD_PREFIX;

    if (inst->cfg.prefix_valid_s < valid / RPL_S(1))
        valid = RPL_S((uint64_t)inst->cfg.prefix_valid_s);
    phase_out(inst, prefix, valid);
}

int rpl_prefix_restore(struct rpl_instance *inst, const struct rpl_addr *prefix, rpl_duration left)
{
    struct rpl_addr old = *prefix;

    rpl_addr_mask(&old, PREFIX_LEN);
    if (inst->cfg.role != RPL_ROLE_ROOT || !rpl_addr_is_routable(&old))
        return -RPL_ERR_PARAM;
    if (rpl_prefix_of(inst, &old)) /* it is in use again */
        return 0;
    phase_out(inst, &old, left < RPL_OLD_PREFIX ? left : RPL_OLD_PREFIX);
    arm(inst);
    rpl_instance_update(inst);
    return 0;
}

int rpl_prefix_change(struct rpl_instance *inst, const struct rpl_addr *prefix)
{
    struct rpl_addr before = inst->cfg.prefix, now = *prefix;

    rpl_addr_mask(&now, PREFIX_LEN);
    if (inst->cfg.role != RPL_ROLE_ROOT || !rpl_addr_is_routable(&now))
        return -RPL_ERR_PARAM;
    if (rpl_addr_equal(&before, &now))
        return 0;
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++)
        if (inst->old_prefix[i].until && rpl_addr_equal(&inst->old_prefix[i].prefix, &now))
            inst->old_prefix[i].until = 0; /* it is good again; its route goes over below */
    rpl_rt_unwant(inst->engine, &inst->rt_prefix);
    inst->cfg.prefix = now;
    /* What nobody has heard of needs no end. */
    if (inst->joined && !rpl_prefix_holds(inst, &before))
        leave(inst, &before);
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++)
        if (!inst->old_prefix[i].until)
            rpl_rt_unwant(inst->engine, &inst->old_prefix[i].route);
    arm(inst);
    rpl_instance_update(inst);
    if (inst->joined) {
        rpl_instance_reset_trickle(inst, false);
        rpl_instance_dtsn_step(inst, 0); /* nodes have something to announce */
    }
    return 0;
}
