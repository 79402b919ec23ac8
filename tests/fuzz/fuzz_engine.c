/* SPDX-License-Identifier: ISC */
/*
 * The engine under a stream of events and time steps, made of the input octets. After each
 * event: no source route repeats a node, tables are within their caps, every route lies inside
 * the prefix, and a kernel that does what the engine says has the routes that the engine thinks it
 * has. At the end nothing is left allocated. The rig also aborts when the engine sends
 * something that our own strict reader refuses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_nd.h"
#include "tests/lib/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODES 8 /* small numbers make collisions, and collisions make trouble */

struct input {
    const uint8_t *data;
    size_t left;
};

/* The kernel: what it has, and what it was told and has not answered. */
#define ROUTES 64
static struct {
    size_t count, waiting;
    struct rpl_route route[ROUTES];
    struct rpl_effect_route wait[RIG_ROUTES];
    bool wait_set[RIG_ROUTES];
    bool lost; /* more happened than the rig keeps */
} kernel;

static uint8_t take(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->data++;
}

static void check(bool ok)
{
    if (!ok)
        abort();
}

static bool same_key(const struct rpl_route *a, const struct rpl_route *b)
{
    return rpl_addr_equal(&a->dst, &b->dst) && a->dst_len == b->dst_len && a->metric == b->metric;
}

static void kernel_remove(const struct rpl_route *route)
{
    for (size_t i = 0; i < kernel.count; i++)
        if (same_key(&kernel.route[i], route)) {
            kernel.route[i] = kernel.route[--kernel.count];
            return;
        }
}

static void kernel_set(const struct rpl_route *route)
{
    kernel_remove(route);
    check(kernel.count < ROUTES);
    kernel.route[kernel.count++] = *route;
}

static void kernel_link_down(void)
{
    for (size_t i = kernel.count; i-- > 0;)
        if (kernel.route[i].kind == RPL_ROUTE_VIA)
            kernel.route[i] = kernel.route[--kernel.count];
}

/* Take over what the engine said in the last event; answers that wait are given later. */
static void kernel_follow(struct rig *rig)
{
    if (rig->route_count == RIG_ROUTES)
        kernel.lost = true;
    for (size_t i = 0; i < rig->route_count; i++) {
        if (rig->kernel == RIG_WAIT && kernel.waiting < RIG_ROUTES) {
            kernel.wait[kernel.waiting] = rig->route[i];
            kernel.wait_set[kernel.waiting++] = rig->route_set[i];
        } else if (rig->kernel == RIG_WAIT) {
            kernel.lost = true;
        } else if (!rig->route_set[i]) {
            kernel_remove(&rig->route[i].route); /* no error but "there is none" is expected */
        } else if (rig->kernel == RIG_YES) {
            kernel_set(&rig->route[i].route);
        }
    }
    rig->route_count = 0;
}

/* The oldest answer that waits. */
static void kernel_answer(struct rig *rig, int error)
{
    struct rpl_event ev = {.type = RPL_EVENT_ROUTE_RESULT};

    if (kernel.waiting == 0)
        return;
    ev.u.route_result.token = kernel.wait[0].token;
    ev.u.route_result.error = kernel.wait_set[0] ? error : 0;
    if (!kernel.wait_set[0])
        kernel_remove(&kernel.wait[0].route);
    else if (error == 0)
        kernel_set(&kernel.wait[0].route);
    kernel.waiting--;
    memmove(kernel.wait, kernel.wait + 1, kernel.waiting * sizeof(kernel.wait[0]));
    memmove(kernel.wait_set, kernel.wait_set + 1, kernel.waiting * sizeof(kernel.wait_set[0]));
    rig_input(rig, &ev);
    kernel_follow(rig);
}

static void check_routes(struct rig *rig)
{
    struct rpl_cursor c = {0};
    struct rpl_view_route_entry v;
    size_t known = 0;

    if (kernel.waiting || kernel.lost)
        return;
    while (rpl_view_next_route(rig->engine, &c, &v))
        for (size_t i = 0; i < kernel.count; i++) {
            const struct rpl_route *have = &kernel.route[i];
            if (!same_key(have, &v.route))
                continue;
            known++;
            check(v.state != RPL_ROUTE_STATE_INSTALLED ||
                  (have->kind == v.route.kind &&
                   (have->kind != RPL_ROUTE_VIA || rpl_addr_equal(&have->via, &v.route.via))));
        }
    check(known == kernel.count);
}

static void check_nodes(struct rig *rig)
{
    const struct rpl_addr prefix = rig_global(0);
    struct rpl_cursor c = {0};
    struct rpl_view_node v;
    struct rpl_view_path path;
    size_t count = 0;

    while (rpl_view_next_node(rig->engine, &c, rig->now, &v)) {
        count++;
        check(rpl_addr_match(&v.address, &prefix, 64) || v.unconfirmed);
        check(v.parent_count <= RPL_PARENTS_MAX);
        if (rpl_view_route(rig->engine, &v.address, &path) != 0)
            continue;
        /* Not always |v| itself: a host may be reached by the prefix it lies in. */
        check(path.hops >= 1 && path.hops <= RPL_PATH_MAX);
        for (size_t i = 0; i < path.hops; i++)
            for (size_t k = i + 1; k < path.hops; k++)
                check(!rpl_addr_equal(&path.hop[i], &path.hop[k]));
    }
    check(count <= rig->config.limits.targets);
}

static void check_neighbours(struct rig *rig)
{
    struct rpl_cursor c = {0};
    struct rpl_view_neighbour n;
    struct rpl_view_instance v;
    size_t count = 0;

    while (rpl_view_next_neighbour(rig->engine, &c, rig->now, &n))
        count++;
    check(count <= rig->config.limits.neighbours);
    c = (struct rpl_cursor){0};
    while (rpl_view_next_instance(rig->engine, &c, rig->now, &v)) {
        check(v.role != RPL_ROLE_ROOT || !v.has_parent);
        check(v.joined || v.rank == RPL_INFINITE_RANK);
    }
}

static void dio(struct rig *rig, struct input *in)
{
    struct rpl_addr root = rig_global(in->left & 1 ? 1 : 2), src = rig_ll(2 + take(in) % NODES);
    uint8_t flags = take(in);
    struct rpl_wire_message msg =
        rig_dio(rig->config.instance[0].mop, (uint16_t)(take(in) << 8 | take(in)), &root);

    msg.u.dio.version = take(in);
    msg.u.dio.dtsn = take(in);
    msg.u.dio.has_config = !(flags & 1);
    msg.u.dio.pio_count = !(flags & 2);
    msg.u.dio.grounded = !(flags & 4);
    msg.u.dio.preference = flags >> 5;
    if (flags & 16) {
        msg.u.dio.config.flags = RPL_CONFIG_PROXY | 7;
        rpl_wire_config_pack(&msg.u.dio.config);
    }
    rig_receive(rig, &src, flags & 8 ? &rig->link_local : &rpl_addr_all_nodes, &msg);
}

static void dao(struct rig *rig, struct input *in)
{
    bool storing = rig->config.instance[0].mop == RPL_MOP_STORING;
    unsigned from = 2 + take(in) % NODES, target = 2 + take(in) % NODES;
    struct rpl_addr t = rig_global(target), parent = rig_global(1 + take(in) % NODES);
    struct rpl_addr src = storing ? rig_ll(from) : rig_global(target), root = rig_global(1);
    struct rpl_wire_message msg =
        rig_dao(take(in), &t, take(in), take(in), storing ? NULL : &parent);
    struct rpl_wire_dao *d = &msg.u.dao;

    msg.u.dao.transit[0].path_control = (uint8_t)(from * target);
    if (storing && from & 4) { /* relayed with F, X and a ROVR of any size */
        msg.u.dao.target[0].flags = (uint8_t)(from * 37 + target * 64) & 0xcfu;
        msg.u.dao.target[0].rovr_len = 40;
    }
    if (rig->config.instance[0].serve_leaves && from & 1) {
        /* A leaf behind some router. */
        src = rig_global(from);
        storing = false;
        msg.u.dao.transit[0].has_parent = true;
        msg.u.dao.transit[0].parent = src;
        msg.u.dao.transit[0].external = true;
        msg.u.dao.target[0].flags = from & 2 ? 0x41 : 0x01;
        msg.u.dao.target[0].rovr[0] = (uint8_t)(target & 1);
    }
    for (uint8_t more = take(in) % 6; more > 2 && !storing; more--) {
        d->transit[d->transit_count] = d->transit[0];
        d->transit[d->transit_count++].parent = rig_global(1 + take(in) % NODES);
    }
    rig_receive(rig, &src, storing ? &rig->link_local : &root, &msg);
}

/* What leaves and the 6LBR say. */
static void discovery(struct rig *rig, struct input *in)
{
    unsigned from = 2 + take(in) % NODES;
    struct rpl_addr src = rig_ll(from), dst = rig->link_local;
    struct rpl_nd_solicitation ns = {.target = rig_global(2 + take(in) % NODES), .has_earo = true};
    struct rpl_nd_duplicate dad = {.type = take(in) & 1 ? RPL_ND_EDAR : RPL_ND_EDAC};
    uint8_t kind = take(in), data[128];
    size_t len;

    ns.earo.route = kind & 1;
    ns.earo.has_tid = !(kind & 2);
    ns.earo.rovr.size = dad.rovr.size = 1;
    ns.earo.rovr.octets[0] = dad.rovr.octets[0] = kind >> 2 & 1;
    ns.earo.tid = dad.tid = take(in);
    ns.earo.lifetime_min = dad.lifetime_min = take(in) % 8;
    dad.address = ns.target;
    dad.status = kind >> 4;
    if (kind & 8) {
        src = rig_global(dad.type == RPL_ND_EDAR ? from : 2);
        dst = rig_global(1);
        len = rpl_nd_write_duplicate(&dad, &src, &dst, data, sizeof(data));
    } else {
        len = rpl_nd_write_ns(&ns, &src, &dst, data, sizeof(data));
    }
    rig_octets(rig, kind & 8 ? 0 : RIG_IF, &src, &dst, data, len);
}

static void octets(struct rig *rig, struct input *in)
{
    struct rpl_addr src = take(in) & 1 ? rig_ll(3) : rig_global(3), dst = rig->link_local;
    static const uint8_t types[] = {155, RPL_ND_RS, RPL_ND_NS, RPL_ND_EDAR, RPL_ND_EDAC};
    uint8_t packet[256] = {types[in->left % 9 < 5 ? in->left % 9 : 0]};
    size_t len = take(in);
    uint16_t sum;

    if (len < 4)
        return;
    packet[1] = take(in);
    for (size_t i = 4; i < len; i++)
        packet[i] = take(in);
    sum = rpl_wire_checksum(&src, &dst, 58, packet, len);
    packet[2] = (uint8_t)(sum >> 8);
    packet[3] = (uint8_t)sum;
    rig_octets(rig, take(in) & 1 ? RIG_IF : 0, &src, &dst, packet, len);
}

static void restored(struct rpl_event_target *target, struct input *in, unsigned n)
{
    target->address = rig_global(n);
    target->len = (uint8_t)(128 - take(in) % 2 * 8);
    target->path_sequence = take(in);
    target->moved = n & 1;
    target->external = n & 2;
    target->lifetime = RPL_S(take(in));
    target->via = rig_ll(take(in) % NODES);
    target->ifindex = RIG_IF;
    target->parent_count = take(in) % (RPL_PARENTS_MAX + 2);
    for (unsigned i = 0; i < RPL_PARENTS_MAX; i++) {
        unsigned parent = 1 + take(in) % NODES;

        target->parent[i].address = rig_global(parent);
        target->parent[i].self = parent == 1;
    }
}

static void restored_leaf(struct rpl_event_leaf *leaf, struct input *in, unsigned n)
{
    uint8_t kind = take(in);

    leaf->address = rig_global(n);
    leaf->local = kind & 1 ? rig_ll(n) : rig_global(n);
    leaf->ifindex = kind & 2 ? RIG_IF : 0;
    leaf->tid = take(in);
    leaf->rovr_size = (uint8_t)(kind & 4 ? take(in) % 6 : 1);
    leaf->rovr[0] = kind >> 3 & 1;
    leaf->lifetime_min = take(in) % 8;
    leaf->route = kind & 16;
    leaf->announced = kind & 32;
    leaf->lifetime = kind & 64 ? RPL_NEVER - (kind & 1) : RPL_S(take(in));
}

/* What it would tell a snapshot is within bounds. */
static void check_leaves(struct rig *rig)
{
    struct rpl_event ev = {.type = RPL_EVENT_LEAF_RESTORED};
    struct rpl_cursor c = {0};
    size_t leaves = 0, owners = 0;

    while (rpl_view_next_leaf(rig->engine, &c, rig->now, &ev.u.leaf)) {
        leaves += ev.u.leaf.ifindex != 0;
        owners += ev.u.leaf.ifindex == 0;
        check(ev.u.leaf.ifindex == 0 || rpl_view_is_leaf(rig->engine, &ev.u.leaf.address));
        check(ev.u.leaf.rovr_size >= 1 && ev.u.leaf.rovr_size <= RPL_ROVR_MAX / 8);
    }
    check(leaves <= RPL_LEAVES_MAX && owners <= rig->config.limits.targets);
}

static void found_or_lost(struct rig *rig, struct input *in, unsigned n)
{
    struct rpl_event ev = {.type = n & 1 ? RPL_EVENT_ROUTE_LOST : RPL_EVENT_ROUTE_FOUND};
    struct rpl_route *route = &ev.u.route.route;

    while (kernel.waiting)
        kernel_answer(rig, 0);
    route->kind = (enum rpl_route_kind)(take(in) % 3);
    route->dst = rig_global(n);
    route->dst_len = 128;
    route->ifindex = RIG_IF;
    route->via = rig_ll(n);
    route->metric = rig->config.instance[0].route_metric;
    if (ev.type == RPL_EVENT_ROUTE_FOUND) {
        kernel_set(route);
        if (rig_input(rig, &ev) == -RPL_ERR_NOMEM)
            kernel_remove(route);
        return;
    }
    ev.u.route.all = n == NODES - 1;
    if (ev.u.route.all)
        kernel_link_down();
    else
        kernel_remove(route);
    rig_input(rig, &ev);
}

static void other(struct rig *rig, struct input *in, uint8_t op)
{
    struct rpl_event ev = {0};
    unsigned n = 1 + take(in) % NODES;

    switch (op) {
    case 0:
        while (kernel.waiting)
            kernel_answer(rig, 0);
        kernel_link_down();
        ev.type = RPL_EVENT_LINK;
        ev.u.link.ifindex = RIG_IF;
        ev.u.link.state = n & 1 ? RPL_LINK_DOWN : RPL_LINK_GONE;
        rig_input(rig, &ev);
        rig_link_up(rig);
        return;
    case 1:
        ev.type = RPL_EVENT_NEIGHBOUR;
        ev.u.neighbour.ifindex = RIG_IF;
        ev.u.neighbour.address = rig_ll(n);
        ev.u.neighbour.failed = n & 1;
        ev.u.neighbour.etx = take(in);
        break;
    case 2:
        ev.type = RPL_EVENT_FORWARD_ERROR;
        ev.u.forward_error.kind = (enum rpl_forward_error)(take(in) % 5);
        ev.u.forward_error.reporter = rig_global(n);
        ev.u.forward_error.target = rig_global(1 + take(in) % NODES);
        break;
    case 3:
        ev.type = RPL_EVENT_COMMAND;
        ev.u.command.command = (enum rpl_command)(take(in) % 5);
        ev.u.command.address = rig_global(n);
        break;
    case 4:
        found_or_lost(rig, in, n);
        return;
    case 5:
        while (kernel.waiting)
            kernel_answer(rig, 0);
        rig->kernel = (enum rig_kernel)(n % 3);
        return;
    case 6:
        kernel_answer(rig, n & 1 ? 22 : 0);
        ev.type = RPL_EVENT_ROUTE_RESULT; /* and one that nobody waits for */
        ev.u.route_result.token = n;
        break;
    case 7:
        restored(&ev.u.target, in, n);
        ev.type = RPL_EVENT_TARGET_RESTORED;
        break;
    case 8:
        restored_leaf(&ev.u.leaf, in, n);
        ev.type = RPL_EVENT_LEAF_RESTORED;
        break;
    default:
        rig->fail_at = rig->allocs + n;
        return;
    }
    rig_input(rig, &ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig;
    struct input in = {data, size > 4096 ? 4096 : size};
    uint8_t kind = take(&in);

    rig_init(&rig, (enum rpl_role)(kind % 3), kind & 4 ? RPL_MOP_STORING : RPL_MOP_NON_STORING);
    rig.config.limits =
        (struct rpl_limits){.neighbours = 5, .targets = 6, .peers = 4, .effects = 64};
    rig.config.instance[0].serve_leaves = kind & 8;
    rig.config.instance[0].dao_parents = (uint8_t)(1 + (kind >> 4 & 3));
    rig.config.instance[0].no_path_tries = kind >> 6;
    memset(&kernel, 0, sizeof(kernel));
    check(rig_start(&rig) == 0);
    kernel_follow(&rig);
    while (in.left > 0) {
        uint8_t op = take(&in);
        rig.sent_count = rig.trace_count = 0;
        if (op < 80)
            dio(&rig, &in);
        else if (op < 150)
            dao(&rig, &in);
        else if (op < 170)
            octets(&rig, &in);
        else if (op < 180)
            discovery(&rig, &in);
        else if (op < 220)
            rig_run(&rig, RPL_MS(1u << (op - 180) / 2));
        else
            other(&rig, &in, op % 10);
        kernel_follow(&rig);
        check_routes(&rig);
        check_nodes(&rig);
        check_neighbours(&rig);
        check_leaves(&rig);
    }
    rig_stop(&rig);
    check(rig.live == 0);
    return 0;
}
