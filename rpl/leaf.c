/* SPDX-License-Identifier: ISC */
/*
 * Leaves that do not speak RPL (RFC 9010 section 9.2.2): a host registers its address with us by
 * Neighbor Discovery (RFC 8505), we ask the 6LBR whether it may have it, announce it to the root
 * as an external target behind us, and tell the host what came of it. At the root itself there is
 * nobody to tell but the registrar next door.
 *
 * A registration goes through at most two questions, one after the other: EDAR (new address, or a
 * root that does not ask for us), then DAO. The host asks again when it gets no answer, so a
 * question that is under way is not asked twice. When the root does not answer at all, the leaf is
 * told that it has no route for now, and the root is asked again later.
 *
 * What leaves registered outlives a restart (RPL_EVENT_LEAF_RESTORED), as hosts do not hear of one:
 * they are bound, and have their routes, at once; the 6LBR or the root has the last word when they
 * are announced again, for the host may have gone to another router meanwhile.
 *
 * Not covered: the proof of ownership (RFC 8928); a challenge by the 6LBR is passed on as its
 * status. RFC 6775's registrations without a TID are answered by the kernel or by nobody.
 */
#include "rpl/engine.h"

#define EDAR_TRIES 3
#define EDAR_TIMEOUT RPL_S(3)
#define AGAIN RPL_S(30) /* after a DAO without an answer, twice as long each time, ... */
#define AGAIN_DOUBLINGS 4
#define RA_LIFETIME_S 1800 /* RFC 4861 section 6.2.1 */
#define SOLICIT_BURST 10
#define SOLICIT_PERIOD RPL_MS(500)
#define HOP_LIMIT_ND 255 /* RFC 4861 section 7.1: nothing that crossed a router */

#define STATUS_U 0x80u /* RPL Status, RFC 9010 section 6.3 */
#define STATUS_A 0x40u
#define STATUS_VALUE 0x3fu

static struct rpl_leaf *find(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_leaf *leaf;

    LIST_FOREACH (leaf, &inst->leaves, list)
        if (rpl_addr_equal(&leaf->addr, addr))
            return leaf;
    return NULL;
}

static void free_leaf(struct rpl_leaf *leaf)
{
    struct rpl_instance *inst = leaf->inst;

    if (leaf->bound)
        inst->engine->leaves_changed = true;
    rpl_rt_unwant(inst->engine, &leaf->route);
    rpl_timer_unregister(inst->engine, &leaf->timer);
    LIST_REMOVE(leaf, list);
    inst->leaf_count--;
    rpl_free(inst->engine, leaf);
}

void rpl_leaves_free(struct rpl_instance *inst)
{
    while (!LIST_EMPTY(&inst->leaves))
        free_leaf(LIST_FIRST(&inst->leaves));
}

static struct rpl_leaf *add(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_engine *e = inst->engine;
    struct rpl_leaf *leaf;

    if (inst->leaf_count >= RPL_LEAVES_MAX)
        return NULL;
    leaf = rpl_alloc(e, sizeof(*leaf));
    if (!leaf || !rpl_timer_register(e, &leaf->timer, TIMER_LEAF)) {
        rpl_free(e, leaf);
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    leaf->inst = inst;
    leaf->addr = *addr;
    LIST_INSERT_HEAD(&inst->leaves, leaf, list);
    inst->leaf_count++;
    return leaf;
}

/* Of the registration, begun ones count. */
static uint16_t minutes_left(const struct rpl_leaf *leaf)
{
    rpl_tstamp now = leaf->inst->engine->now;

    return leaf->expires > now ? (uint16_t)((leaf->expires - now + RPL_S(59)) / RPL_S(60)) : 0;
}

/* ---- what we say ------------------------------------------------------------------------- */

static void advertise(struct rpl_engine *e, uint32_t ifindex, const struct rpl_addr *to,
                      const struct rpl_addr *target, const struct rpl_earo *asked,
                      enum rpl_nd_status status, bool route)
{
    const struct rpl_iface *iface = rpl_iface_find(e, ifindex);
    struct rpl_earo earo = *asked;
    uint8_t data[128];
    size_t len;

    if (!iface || !iface->up)
        return;
    earo.status = (uint8_t)status;
    earo.route = route;
    len = rpl_nd_write_na(target, &earo, &iface->address, to, data, sizeof(data));
    rpl_send_octets(e, ifindex, &iface->address, to, data, len);
}

/* R10-07: R says whether the route is there. The answer is kept: the host may not have got it. */
static void answer(struct rpl_leaf *leaf, enum rpl_nd_status status, bool route)
{
    leaf->status = (uint8_t)status;
    leaf->routed = route;
    leaf->phase = LEAF_SETTLED;
    if (leaf->answered)
        return;
    leaf->answered = true;
    advertise(leaf->inst->engine, leaf->ifindex, &leaf->reply_to, &leaf->addr, &leaf->earo, status,
              route);
}

static void ask_edar(struct rpl_leaf *leaf)
{
    struct rpl_instance *inst = leaf->inst;
    struct rpl_engine *e = inst->engine;
    const struct rpl_addr *own = rpl_own_address(inst, 0);
    struct rpl_nd_duplicate edar = {.type = RPL_ND_EDAR,
                                    .tid = leaf->earo.tid,
                                    .lifetime_min = leaf->restored ? minutes_left(leaf)
                                                                   : leaf->earo.lifetime_min,
                                    .rovr = leaf->earo.rovr,
                                    .address = leaf->addr};
    uint8_t data[128];
    size_t len;

    leaf->phase = LEAF_EDAR;
    leaf->tries++;
    rpl_timer_set(e, &leaf->timer, e->now + EDAR_TIMEOUT);
    if (!own)
        return;
    len = rpl_nd_write_duplicate(&edar, own, &inst->dodag_id, data, sizeof(data));
    rpl_send_octets(e, 0, own, &inst->dodag_id, data, len);
    rpl_count(e, RPL_COUNT_EDAR_OUT);
}

/* R10-04: the path has to outlive the registration and the way to the root; 0xFF would be for
 * ever. NOTE: a registration longer than 254 Lifetime Units gets a path of 254. */
uint8_t rpl_leaf_path_lifetime(const struct rpl_instance *inst, uint16_t lifetime_min)
{
    uint32_t unit = inst->config.lifetime_unit_s ? inst->config.lifetime_unit_s : 1;
    uint32_t units = (lifetime_min * 60u + unit - 1) / unit + 1;

    if (lifetime_min == 0)
        return 0;
    return units > 254 ? 254 : (uint8_t)units;
}

/* With X where the root asks the 6LBR for us (P), which it does for refreshes only. */
static void announce(struct rpl_leaf *leaf, bool refresh, uint8_t lifetime)
{
    struct rpl_instance *inst = leaf->inst;
    bool proxy = refresh && (inst->config.flags & RPL_CONFIG_PROXY);

    leaf->phase = LEAF_DAO;
    leaf->announced = true;
    if (!rpl_dao_send_leaf(inst, leaf, proxy, lifetime))
        rpl_leaf_dao_unanswered(inst, &leaf->addr);
}

/* What the root heard once, or should have. */
static void announce_again(struct rpl_leaf *leaf)
{
    struct rpl_instance *inst = leaf->inst;

    if (leaf->restored && !(leaf->earo.route && (inst->config.flags & RPL_CONFIG_PROXY))) {
        leaf->tries = 0;
        leaf->refresh = true;
        ask_edar(leaf);
    } else {
        announce(leaf, true, rpl_leaf_path_lifetime(inst, minutes_left(leaf)));
    }
}

/* The binding holds so long; at the root the way is on the link as well. */
static void bind_leaf(struct rpl_leaf *leaf)
{
    struct rpl_instance *inst = leaf->inst;
    struct rpl_engine *e = inst->engine;
    struct rpl_route route = {.kind = RPL_ROUTE_VIA,
                              .dst = leaf->addr,
                              .dst_len = 128,
                              .ifindex = leaf->ifindex,
                              .via = leaf->local,
                              .metric = inst->cfg.route_metric};

    leaf->bound = e->leaves_changed = true;
    if (!leaf->restored)
        leaf->expires = e->now + RPL_S(leaf->earo.lifetime_min * UINT64_C(60));
    rpl_timer_set(e, &leaf->timer, leaf->expires);
    rpl_rt_want(e, &leaf->route, &route, inst->cfg.id);
}

/* ---- a registration ------------------------------------------------------------------------ */

/* The 6LBR has no objection: on to the root, or done. */
static void granted(struct rpl_leaf *leaf, bool refresh)
{
    struct rpl_instance *inst = leaf->inst;
    bool root = inst->cfg.role == RPL_ROLE_ROOT;

    if (leaf->earo.lifetime_min)
        bind_leaf(leaf);
    if (root) {
        answer(leaf, RPL_ND_SUCCESS, leaf->earo.route && leaf->earo.lifetime_min);
    } else if (leaf->earo.route && leaf->earo.lifetime_min) {
        announce(leaf, refresh, rpl_leaf_path_lifetime(inst, minutes_left(leaf)));
        return;
    } else if (leaf->announced) { /* no route any more: R = 0, or it leaves */
        /* X would end the registration as well. */
        announce(leaf, refresh && leaf->earo.lifetime_min == 0, 0);
        return;
    } else {
        leaf->restored = false;
        answer(leaf, RPL_ND_SUCCESS, false);
    }
    if (leaf->earo.lifetime_min == 0)
        free_leaf(leaf);
}

static void begin(struct rpl_leaf *leaf, bool refresh)
{
    struct rpl_instance *inst = leaf->inst;
    bool proxied = refresh && leaf->announced && (inst->config.flags & RPL_CONFIG_PROXY) &&
                   (leaf->earo.route || leaf->earo.lifetime_min == 0);
    enum rpl_nd_status status;

    leaf->tries = 0;
    leaf->refresh = refresh;
    if (inst->cfg.role == RPL_ROLE_ROOT) {
        status = rpl_registrar_register(inst, &leaf->addr, &leaf->earo.rovr, leaf->earo.tid,
                                        RPL_S(leaf->earo.lifetime_min * UINT64_C(60)));
        if (status == RPL_ND_SUCCESS) {
            rpl_external_gone(inst, &leaf->addr, RPL_STATUS_ND | RPL_ND_MOVED, RPL_CAUSE_DAO);
            granted(leaf, refresh);
            return;
        }
        answer(leaf, status, false);
        free_leaf(leaf);
    } else if (proxied) {
        granted(leaf, true);
    } else {
        ask_edar(leaf);
    }
}

/* R10-03: the instance that the host wishes for, if we are in it; else the first one whose prefix
 * its address has. */
static struct rpl_instance *instance_of(struct rpl_engine *e, const struct rpl_iface *iface,
                                        const struct rpl_nd_solicitation *ns)
{
    struct rpl_instance *found = NULL;

    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        if (!inst->cfg.serve_leaves || !inst->joined || inst->leaf || inst->floating ||
            !rpl_iface_serves(iface, inst) || !rpl_prefix_holds(inst, &ns->target))
            continue;
        if (ns->earo.has_instance && ns->earo.instance == inst->cfg.id)
            return inst;
        if (!found)
            found = inst;
    }
    return found;
}

/* What stands against it, before anybody else is asked. */
static enum rpl_nd_status judge(struct rpl_instance *inst, const struct rpl_leaf *leaf,
                                const struct rpl_nd_solicitation *ns)
{
    if (!rpl_addr_is_routable(&ns->target) || rpl_is_self(inst, &ns->target))
        return RPL_ND_DUPLICATE;
    if (leaf && !rpl_rovr_equal(&leaf->earo.rovr, &ns->earo.rovr))
        return RPL_ND_DUPLICATE;
    if (leaf && rpl_lollipop_compare(ns->earo.tid, leaf->earo.tid) == RPL_OLDER)
        return RPL_ND_MOVED;
    if (!leaf && inst->leaf_count >= RPL_LEAVES_MAX)
        return RPL_ND_CACHE_FULL;
    return RPL_ND_SUCCESS;
}

static int solicited(struct rpl_engine *e, const struct rpl_packet *p,
                     const struct rpl_nd_solicitation *ns)
{
    struct rpl_instance *inst = instance_of(e, p->iface, ns);
    enum rpl_nd_status status;
    struct rpl_leaf *leaf;
    bool refresh;

    if (!inst)
        return 0;
    leaf = find(inst, &ns->target);
    status = judge(inst, leaf, ns);
    if (status == RPL_ND_SUCCESS && leaf && ns->earo.tid == leaf->earo.tid) {
        /* The same once more: it is on its way, or its answer was lost. */
        leaf->reply_to = *p->src;
        leaf->earo.has_instance = ns->earo.has_instance;
        leaf->earo.instance = ns->earo.instance;
        if (leaf->phase == LEAF_SETTLED)
            advertise(e, p->ifindex, p->src, &leaf->addr, &leaf->earo,
                      (enum rpl_nd_status)leaf->status, leaf->routed);
        else
            leaf->answered = false;
        return 0;
    }
    refresh = leaf && leaf->bound;
    if (status == RPL_ND_SUCCESS && !leaf && !(leaf = add(inst, &ns->target)))
        status = RPL_ND_CACHE_FULL;
    if (status != RPL_ND_SUCCESS) {
        rpl_count(e, RPL_COUNT_REFUSED_REGISTRATION);
        advertise(e, p->ifindex, p->src, &ns->target, &ns->earo, status, false);
        return 0;
    }
    leaf->earo = ns->earo;
    leaf->reply_to = *p->src;
    leaf->local = rpl_addr_is_link_local(p->src) ? *p->src : rpl_addr_link_local(p->src);
    leaf->ifindex = p->ifindex;
    leaf->answered = leaf->restored = false;
    leaf->unheard = 0;
    begin(leaf, refresh);
    return 0;
}

/* R10-07: what an RPL Status from the root means to the host. */
static void concluded(struct rpl_leaf *leaf, uint8_t status)
{
    enum rpl_nd_status nd = RPL_ND_SUCCESS;
    bool refused = status & STATUS_U;

    bool routed = !refused && leaf->earo.route && leaf->earo.lifetime_min;

    if (status & STATUS_A)
        nd = (enum rpl_nd_status)(status & STATUS_VALUE);
    /* Nobody asked, but what was said last is not true any more. */
    if (leaf->routed != routed)
        leaf->answered = false;
    leaf->announced = routed;
    leaf->restored = false;
    leaf->unheard = 0;
    leaf->inst->engine->leaves_changed = true;
    answer(leaf, nd, routed);
    if ((refused && (status & STATUS_A)) || leaf->earo.lifetime_min == 0)
        free_leaf(leaf);
}

void rpl_leaf_dao_answered(struct rpl_instance *inst, const struct rpl_addr *addr, uint8_t status)
{
    struct rpl_leaf *leaf = find(inst, addr);

    if (leaf && leaf->phase == LEAF_DAO)
        concluded(leaf, status);
}

/* It may be that the root is away for a while, or the way to it: the leaf's host asks again only
 * when its registration comes to an end, and so long nobody would reach it. */
static void unheard(struct rpl_leaf *leaf)
{
    struct rpl_engine *e = leaf->inst->engine;
    rpl_duration wait;

    if (!leaf->earo.route || leaf->earo.lifetime_min == 0) {
        concluded(leaf, STATUS_U);
        return;
    }
    if (leaf->routed)
        leaf->answered = false;
    answer(leaf, RPL_ND_SUCCESS, false);
    wait = AGAIN << (leaf->unheard < AGAIN_DOUBLINGS ? leaf->unheard : AGAIN_DOUBLINGS);
    if (leaf->unheard < UINT8_MAX)
        leaf->unheard++;
    wait += rpl_random_range(e, 0, wait / 4);
    rpl_timer_set(e, &leaf->timer, e->now + wait < leaf->expires ? e->now + wait : leaf->expires);
}

void rpl_leaf_dao_unanswered(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_leaf *leaf = find(inst, addr);

    if (leaf && leaf->phase == LEAF_DAO)
        unheard(leaf);
}

bool rpl_leaf_cleanup(struct rpl_instance *inst, const struct rpl_addr *addr, uint8_t path_seq,
                      uint8_t status)
{
    struct rpl_leaf *leaf = find(inst, addr);

    if (!leaf || !leaf->announced)
        return false;
    if (rpl_lollipop_compare(leaf->earo.tid, path_seq) == RPL_NEWER)
        return true; /* it came back to us since */
    leaf->answered = leaf->announced = false;
    concluded(leaf, status);
    return true;
}

void rpl_leaf_went(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    struct rpl_leaf *leaf = find(inst, addr);

    if (!leaf)
        return;
    leaf->answered = false;
    answer(leaf, RPL_ND_MOVED, false);
    free_leaf(leaf);
}

bool rpl_leaf_is(struct rpl_instance *inst, const struct rpl_addr *addr)
{
    const struct rpl_leaf *leaf = find(inst, addr);

    return leaf && leaf->bound;
}

void rpl_leaves_announce(struct rpl_instance *inst)
{
    struct rpl_leaf *leaf, *next;

    for (leaf = LIST_FIRST(&inst->leaves); leaf; leaf = next) {
        next = LIST_NEXT(leaf, list);
        /* Where its address has no place it was restored for another DODAG. */
        if (leaf->restored && !rpl_prefix_holds(inst, &leaf->addr))
            free_leaf(leaf);
        else if (leaf->phase == LEAF_SETTLED &&
                 (leaf->restored || (leaf->announced && leaf->earo.route)))
            announce_again(leaf);
    }
}

/* EDAR without an answer, a pause after an announcement without one, or the end of a registration.
 */
void rpl_leaf_timeout(struct rpl_leaf *leaf)
{
    struct rpl_engine *e = leaf->inst->engine;

    if (leaf->phase == LEAF_EDAR && leaf->tries < EDAR_TRIES) {
        ask_edar(leaf);
        return;
    }
    if (leaf->phase == LEAF_EDAR && leaf->restored) {
        rpl_timer_set(e, &leaf->timer, leaf->expires);
        unheard(leaf);
        return;
    }
    if (leaf->phase == LEAF_SETTLED && e->now < leaf->expires) {
        rpl_timer_set(e, &leaf->timer, leaf->expires);
        if (leaf->inst->joined)
            announce_again(leaf);
        else
            unheard(leaf);
        return;
    }
    if (leaf->phase == LEAF_EDAR) { /* as RFC 9010 section 9.2.3 has it for the proxy */
        answer(leaf, RPL_ND_REGISTRY_FULL, false);
        free_leaf(leaf);
        return;
    }
    if (leaf->announced && leaf->inst->joined)
        rpl_dao_send_leaf(leaf->inst, leaf, false, 0);
    free_leaf(leaf);
}

/* ---- of an earlier run ----------------------------------------------------------------------- */

/* At the root: a leaf elsewhere, whose address is its own. */
static int restore_registration(struct rpl_instance *inst, const struct rpl_event_leaf *ev,
                                const struct rpl_rovr *rovr)
{
    return rpl_registrar_register(inst, &ev->address, rovr, ev->tid, ev->lifetime) == RPL_ND_SUCCESS
               ? 0
               : -RPL_ERR_FULL;
}

/* What a file says is judged as what the leaf said; the prefix of a DODAG that we are not in yet is
 * not known (rpl_leaves_announce()). */
static bool may_restore(const struct rpl_instance *inst, const struct rpl_event_leaf *ev)
{
    bool root = inst->cfg.role == RPL_ROLE_ROOT;

    if (!inst->cfg.serve_leaves || inst->leaf || inst->floating || ev->lifetime == 0 ||
        (ev->lifetime != RPL_NEVER && ev->lifetime > RPL_S(UINT32_MAX)) || ev->rovr_size < 1 ||
        ev->rovr_size > RPL_ROVR_MAX / 8)
        return false;
    if (!rpl_addr_is_routable(&ev->address) || rpl_is_self(inst, &ev->address) ||
        ((root || inst->joined) && !rpl_prefix_holds(inst, &ev->address)))
        return false;
    if (ev->ifindex == 0)
        return root;
    return ev->lifetime_min && rpl_addr_is_link_local(&ev->local) &&
           rpl_access_allowed(inst->engine, &ev->local);
}

static int restore_leaf(struct rpl_instance *inst, const struct rpl_event_leaf *ev,
                        const struct rpl_rovr *rovr)
{
    rpl_duration most = RPL_S(ev->lifetime_min * UINT64_C(60));
    struct rpl_leaf *leaf = add(inst, &ev->address);

    if (!leaf)
        return inst->leaf_count >= RPL_LEAVES_MAX ? -RPL_ERR_FULL : -RPL_ERR_NOMEM;
    leaf->local = leaf->reply_to = ev->local;
    leaf->ifindex = ev->ifindex;
    leaf->earo = (struct rpl_earo){.route = ev->route,
                                   .has_tid = true,
                                   .tid = ev->tid,
                                   .lifetime_min = ev->lifetime_min,
                                   .rovr = *rovr};
    leaf->expires = inst->engine->now + (ev->lifetime < most ? ev->lifetime : most);
    leaf->answered = leaf->restored = true;
    leaf->announced = ev->announced && ev->route;
    leaf->routed = ev->route && (ev->announced || inst->cfg.role == RPL_ROLE_ROOT);
    bind_leaf(leaf);
    if (inst->joined && inst->cfg.role != RPL_ROLE_ROOT)
        announce_again(leaf);
    return 0;
}

int rpl_leaf_restored(struct rpl_engine *e, const struct rpl_event_leaf *ev)
{
    struct rpl_instance *inst = rpl_instance_find(e, ev->instance, NULL);
    const struct rpl_iface *iface = rpl_iface_find(e, ev->ifindex);
    struct rpl_rovr rovr = {.size = ev->rovr_size};
    struct rpl_target *t;

    if (!inst)
        return -RPL_ERR_NOENT;
    if (!may_restore(inst, ev))
        return -RPL_ERR_PARAM;
    memcpy(rovr.octets, ev->rovr, rovr.size * 8u);
    if (ev->ifindex == 0)
        return restore_registration(inst, ev, &rovr);
    if (!iface || !rpl_iface_serves(iface, inst))
        return -RPL_ERR_NOENT;
    /* Of a storing router's route to the leaf, which the kernel kept, a target was made. */
    t = rpl_target_find(inst, &ev->address, 128);
    if (t && t->known && t->unconfirmed && rpl_storing(inst))
        rpl_target_drop(t, RPL_CAUSE_REGISTERED);
    else if (t && t->known)
        return 0; /* it is behind somebody else since */
    if (find(inst, &ev->address) || rpl_external_find(inst, &ev->address, 128))
        return 0;
    if (inst->cfg.role == RPL_ROLE_ROOT &&
        rpl_registrar_register(inst, &ev->address, &rovr, ev->tid, ev->lifetime) != RPL_ND_SUCCESS)
        return -RPL_ERR_PARAM;
    return restore_leaf(inst, ev, &rovr);
}

const struct rpl_leaf *rpl_leaf_next(const struct rpl_instance *inst, const struct rpl_addr *after)
{
    const struct rpl_leaf *leaf, *next = NULL;

    LIST_FOREACH (leaf, &inst->leaves, list)
        if (leaf->bound && (!after || rpl_key_compare(&leaf->addr, after) > 0) &&
            (!next || rpl_key_compare(&leaf->addr, &next->addr) < 0))
            next = leaf;
    return next;
}

static int confirmed(struct rpl_instance *inst, const struct rpl_packet *p,
                     const struct rpl_nd_duplicate *edac)
{
    struct rpl_leaf *leaf = find(inst, &edac->address);

    if (!leaf || leaf->phase != LEAF_EDAR || edac->tid != leaf->earo.tid ||
        !rpl_rovr_equal(&leaf->earo.rovr, &edac->rovr) || !rpl_addr_equal(p->src, &inst->dodag_id))
        return -RPL_ERR_DROPPED;
    rpl_timer_stop(inst->engine, &leaf->timer);
    if (edac->status == RPL_ND_SUCCESS) {
        granted(leaf, leaf->refresh);
        return 0;
    }
    if (leaf->restored)
        leaf->answered = false;
    answer(leaf, (enum rpl_nd_status)edac->status, false);
    if (leaf->announced)
        rpl_dao_send_leaf(inst, leaf, false, 0);
    free_leaf(leaf);
    return 0;
}

/* ---- packets ------------------------------------------------------------------------------- */

/* R10-07: hosts look for L, P and E before they register. */
static int router_solicited(struct rpl_engine *e, const struct rpl_packet *p)
{
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        const struct rpl_addr *prefix = rpl_prefix(inst, NULL);
        struct rpl_nd_advertisement ra = {.lifetime_s = RA_LIFETIME_S,
                                          .valid_s = UINT32_MAX,
                                          .preferred_s = UINT32_MAX,
                                          .border = inst->cfg.role == RPL_ROLE_ROOT};
        uint8_t data[128];
        size_t len;
        if (!inst->cfg.serve_leaves || !inst->joined || inst->leaf || !prefix ||
            !rpl_iface_serves(p->iface, inst))
            continue;
        ra.prefix = *prefix;
        rpl_addr_mask(&ra.prefix, 64);
        if (inst->pio_count) {
            ra.valid_s = inst->pio[0].valid_s;
            ra.preferred_s = inst->pio[0].preferred_s;
        }
        len = rpl_nd_write_ra(&ra, &p->iface->address, p->src, data, sizeof(data));
        rpl_send_octets(e, p->ifindex, &p->iface->address, p->src, data, len);
        return 0;
    }
    return 0;
}

bool rpl_leaf_wants(const struct rpl_engine *e, const uint8_t *data, size_t len)
{
    if (len == 0 || (data[0] != RPL_ND_RS && data[0] != RPL_ND_NS && data[0] != RPL_ND_EDAR &&
                     data[0] != RPL_ND_EDAC))
        return false;
    for (uint32_t i = 0; i < e->instance_count; i++)
        if (e->instance[i].cfg.serve_leaves)
            return true;
    return false;
}

static int duplicate(struct rpl_engine *e, const struct rpl_packet *p)
{
    struct rpl_nd_duplicate m;

    if (!rpl_nd_read_duplicate(p->data, p->len, p->src, p->dst, &m) || p->multicast)
        return -RPL_ERR_DROPPED;
    for (uint32_t i = 0; i < e->instance_count; i++) {
        struct rpl_instance *inst = &e->instance[i];
        bool root = inst->cfg.role == RPL_ROLE_ROOT;
        if (!inst->cfg.serve_leaves || !inst->joined || root != (m.type == RPL_ND_EDAR))
            continue;
        if (root ? rpl_addr_equal(p->dst, &inst->dodag_id) : find(inst, &m.address) != NULL)
            return root ? rpl_registrar_receive(inst, p, &m) : confirmed(inst, p, &m);
    }
    return -RPL_ERR_DROPPED;
}

int rpl_leaf_receive(struct rpl_engine *e, const struct rpl_packet *p, uint8_t hop_limit)
{
    struct rpl_nd_solicitation ns;
    struct rpl_peer *peer;
    int err = -RPL_ERR_DROPPED;

    if (p->data[0] == RPL_ND_EDAR || p->data[0] == RPL_ND_EDAC) {
        err = duplicate(e, p);
    } else if (p->iface && hop_limit == HOP_LIMIT_ND && !rpl_addr_is_unspecified(p->src) &&
               !rpl_addr_is_multicast(p->src)) {
        peer = rpl_peer_get(e, p->src, p->ifindex);
        if (!peer || !rpl_bucket_take(&peer->dis, e->now, SOLICIT_BURST, SOLICIT_PERIOD)) {
            rpl_count(e, RPL_COUNT_DROP_RATE);
            return err;
        }
        if (p->data[0] == RPL_ND_RS)
            return rpl_wire_checksum(p->src, p->dst, 58, p->data, p->len) == 0 && p->len >= 8
                       ? router_solicited(e, p)
                       : err;
        /* Others are the kernel's; so is what has no Transaction ID to tell old from new. */
        if (rpl_nd_read_ns(p->data, p->len, p->src, p->dst, &ns))
            err = ns.has_earo && ns.earo.has_tid ? solicited(e, p, &ns) : 0;
    }
    if (err)
        rpl_count(e, RPL_COUNT_DROP_DISCOVERY);
    return err;
}
