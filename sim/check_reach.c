/* SPDX-License-Identifier: ISC */
/*
 * Whoever was told that its DAO was taken can be reached: the root has a source route to it, or the
 * forwarding tables lead from the root to it. What happens to a mesh breaks that for a while, until
 * those whom it concerns have been asked for a DAO again; it counts once it stands for longer.
 */
#include "sim/sim_impl.h"

#include <stdio.h>

#define ASKED RPL_S(300) /* DTSN steps keep a minute apart at each router on the way */
#define AT_ONCE 200u     /* nodes that are always all looked at */
#define TURNS 5u         /* of more, a part at a time */

/* True if the tables lead from |at| to |node|. */
static bool led(struct sim *sim, unsigned at, unsigned node, const struct rpl_addr *addr)
{
    for (unsigned hops = 0; hops < SIM_HOP_LIMIT && at < sim_count(sim); hops++) {
        struct rpl_view_path path;
        const struct rpl_route *route;

        if (at == node)
            return true;
        if (!sim->nodes[at]->engine)
            return false;
        route = sim_fib_find(&sim->nodes[at]->fib, addr);
        if (!route || route->kind == RPL_ROUTE_UNREACHABLE)
            return false;
        if (route->kind == RPL_ROUTE_TUN)
            return rpl_view_route(sim->nodes[at]->engine, addr, &path) == 0 &&
                   sim_node_of(sim, &path.hop[path.hops - 1]) == node;
        at = sim_node_of(sim, &route->via);
    }
    return false;
}

/* In each DODAG that it is a member of and whose root is up. */
static bool reached(struct sim *sim, unsigned number)
{
    const struct sim_node *node = sim->nodes[number];
    struct rpl_view_standing view;

    for (uint32_t i = 0; rpl_view_standing(node->engine, i, &view); i++) {
        unsigned root = sim_node_of(sim, &view.dodag_id);
        if (!view.joined || view.role == RPL_ROLE_ROOT || root == sim_count(sim) ||
            !sim->nodes[root]->engine || node->config.instance[i].mop == RPL_MOP_NONE)
            continue;
        for (unsigned k = 0; k < node->address_count; k++)
            if (rpl_addr_match(&node->addresses[k], &view.dodag_id, 64) &&
                !led(sim, root, number, &node->addresses[k]))
                return false;
    }
    return true;
}

bool sim_check_reach(struct sim *sim, rpl_duration grace, char *text, size_t size)
{
    unsigned n = sim_count(sim), left = n <= AT_ONCE ? n : (n + TURNS - 1) / TURNS;

    for (; left > 0; left--) {
        unsigned number = sim->reach_next++ % n;
        struct sim_node *node = sim->nodes[number];

        if (!node->engine || !node->acknowledged || reached(sim, number)) {
            node->lost_since = 0;
            continue;
        }
        if (node->lost_since == 0)
            node->lost_since = sim->now;
        if (sim->now - node->lost_since <= grace + ASKED)
            continue;
        snprintf(text, size, "node %s, whose DAO was taken, cannot be reached since %llu s",
                 sim_name(sim, number), (unsigned long long)(node->lost_since / RPL_S(1)));
        return false;
    }
    return true;
}
