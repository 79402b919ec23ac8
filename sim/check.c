/* SPDX-License-Identifier: ISC */
/* What must hold in every DODAG, whatever the links do. */
#include "sim/sim_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define COLOUR_NONE 0

/* The preferred parent of |node| in instance |id|, sim_count() if it has none. */
static unsigned parent_of(struct sim *sim, unsigned node, uint8_t id)
{
    struct rpl_view_instance view;

    if (!sim_instance(sim, node, id, &view) || !view.joined || !view.has_parent)
        return sim_count(sim);
    return sim_node_of(sim, &view.parent);
}

/*
 * Find the circles: walk from each node to the root, painting the way in the colour of the walk.
 * A walk that meets its own colour has closed a circle; then the nodes on it are noted.
 */
static unsigned find_loops(struct sim *sim, uint8_t id, rpl_duration grace)
{
    unsigned n = sim_count(sim), found = n;
    unsigned *parent = sim_alloc((n + 1) * sizeof(*parent));
    unsigned *colour = sim_alloc((n + 1) * sizeof(*colour));
    bool *circle = sim_alloc((n + 1) * sizeof(*circle));

    for (unsigned i = 0; i < n; i++)
        parent[i] = parent_of(sim, i, id);
    for (unsigned start = 0; start < n; start++) {
        unsigned at = start;
        while (at < n && colour[at] == COLOUR_NONE) {
            colour[at] = start + 1;
            at = parent[at];
        }
        if (at == n || colour[at] != start + 1)
            continue;
        for (unsigned i = at; !circle[i]; i = parent[i])
            circle[i] = true;
    }
    for (unsigned i = 0; i < n; i++) {
        struct sim_node *node = sim->nodes[i];
        if (!circle[i])
            node->loop_since = 0;
        else if (node->loop_since == 0)
            node->loop_since = sim->now;
        else if (sim->now - node->loop_since > grace)
            found = i;
    }
    free(parent);
    free(colour);
    free(circle);
    return found;
}

/* DAGRank as the instance counts it. */
static unsigned dag_rank(const struct rpl_view_instance *view, uint16_t rank)
{
    return rank == RPL_INFINITE_RANK ? rank : rank / view->dodag.min_hop_rank_increase;
}

/* The entry of the preferred parent. A cursor is a key, so this one begins just before it. */
static bool find_parent(struct sim *sim, unsigned node, const struct rpl_view_instance *view,
                        struct rpl_view_neighbour *ret)
{
    struct rpl_cursor cursor = {.started = true, .index = view->index, .ifindex = SIM_IFINDEX};
    unsigned i = sizeof(cursor.addr.b);

    cursor.addr = view->parent;
    while (i > 0 && cursor.addr.b[--i]-- == 0)
        ;
    return rpl_view_next_neighbour(sim->nodes[node]->engine, &cursor, sim->now, ret) &&
           ret->instance == view->id && ret->preferred;
}

static bool check_parent(struct sim *sim, unsigned node, const struct rpl_view_instance *view,
                         char *text, size_t size)
{
    struct rpl_view_neighbour neighbour;

    if (view->rank == RPL_INFINITE_RANK || !view->has_parent)
        return true;
    if (!find_parent(sim, node, view, &neighbour)) {
        snprintf(text, size, "node %s has a parent that it does not know", sim_name(sim, node));
        return false;
    }
    if (dag_rank(view, neighbour.rank) < dag_rank(view, view->rank))
        return true;
    snprintf(text, size, "node %s has Rank %u, its parent advertises %u", sim_name(sim, node),
             view->rank, neighbour.rank);
    return false;
}

static bool check_rank(struct sim *sim, unsigned node, const struct rpl_view_instance *view,
                       char *text, size_t size)
{
    const struct rpl_instance_config *config = &sim->nodes[node]->config.instance[view->index];
    uint32_t most = (uint32_t)view->lowest_rank + view->dodag.max_rank_increase;

    if (view->role == RPL_ROLE_ROOT || view->rank == RPL_INFINITE_RANK)
        return true;
    if (view->lowest_rank != RPL_INFINITE_RANK && view->rank > most &&
        !(view->dodag.max_rank_increase == 0 && config->compat.max_rank_increase_0_unlimited)) {
        snprintf(text, size, "node %s has Rank %u, its lowest was %u and may rise by %u",
                 sim_name(sim, node), view->rank, view->lowest_rank, view->dodag.max_rank_increase);
        return false;
    }
    return check_parent(sim, node, view, text, size);
}

/* What the routes of a node may point at. */
struct scope {
    bool any; /* a member of some DODAG */
    unsigned count;
    struct {
        bool joined;
        uint8_t len;
        struct rpl_addr prefix, dodag_id;
    } of[RPL_INSTANCES_MAX];
};

static void find_scope(const struct sim *sim, unsigned node, struct scope *ret)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;

    ret->any = false;
    ret->count = 0;
    while (ret->count < RPL_INSTANCES_MAX &&
           rpl_view_next_instance(sim->nodes[node]->engine, &cursor, sim->now, &view)) {
        ret->any = ret->any || view.joined;
        ret->of[ret->count].joined = view.joined;
        ret->of[ret->count].len = view.prefix_len;
        ret->of[ret->count].prefix = view.prefix;
        ret->of[ret->count++].dodag_id = view.dodag_id;
    }
}

/* True if |route| is the default or lies under the prefix of an instance. */
static bool route_fits(const struct scope *scope, const struct rpl_route *route)
{
    if (route->dst_len == 0)
        return true;
    for (unsigned i = 0; i < scope->count; i++) {
        if (scope->of[i].joined && route->dst_len >= scope->of[i].len &&
            rpl_addr_match(&route->dst, &scope->of[i].prefix, scope->of[i].len))
            return true;
        if (route->dst_len == 128 && rpl_addr_equal(&route->dst, &scope->of[i].dodag_id))
            return true;
    }
    return !scope->any; /* detached: what is left is about to go */
}

static bool check_routes(struct sim *sim, unsigned node, char *text, size_t size)
{
    const struct sim_fib *fib = &sim->nodes[node]->fib;
    struct scope scope;

    find_scope(sim, node, &scope);
    for (size_t i = 0; i < fib->host_count + fib->net_count; i++) {
        const struct rpl_route *route =
            i < fib->host_count ? &fib->hosts[i] : &fib->nets[i - fib->host_count];
        if (route_fits(&scope, route))
            continue;
        snprintf(text, size, "node %s has a route outside of its prefixes", sim_name(sim, node));
        return false;
    }
    return true;
}

void sim_watch(struct sim *sim)
{
    sim->watch = true;
}

void sim_check_node(struct sim *sim, unsigned node)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;

    while (sim->broken[0] == '\0' &&
           rpl_view_next_instance(sim->nodes[node]->engine, &cursor, sim->now, &view)) {
        if (view.joined)
            check_rank(sim, node, &view, sim->broken, sizeof(sim->broken));
    }
}

void sim_check_route(struct sim *sim, unsigned node, const struct rpl_route *route)
{
    struct scope scope;

    find_scope(sim, node, &scope);
    if (sim->broken[0] == '\0' && !route_fits(&scope, route))
        snprintf(sim->broken, sizeof(sim->broken), "node %s was given a route outside its prefixes",
                 sim_name(sim, node));
}

bool sim_check(struct sim *sim, rpl_duration grace, char *text, size_t size)
{
    bool seen[256] = {false};

    if (sim->broken[0] != '\0') {
        snprintf(text, size, "%s", sim->broken);
        return false;
    }
    for (unsigned i = 0; i < sim_count(sim); i++) {
        struct rpl_cursor cursor = {0};
        struct rpl_view_instance view;

        if (!sim->nodes[i]->engine)
            continue;
        while (rpl_view_next_instance(sim->nodes[i]->engine, &cursor, sim->now, &view)) {
            if (!view.joined)
                continue;
            if (!check_rank(sim, i, &view, text, size))
                return false;
            if (seen[view.id])
                continue;
            seen[view.id] = true;
            unsigned node = find_loops(sim, view.id, grace);
            if (node < sim_count(sim)) {
                snprintf(text, size, "node %s has been in a loop since %llu s", sim_name(sim, node),
                         (unsigned long long)(sim->nodes[node]->loop_since / RPL_S(1)));
                return false;
            }
        }
        if (!check_routes(sim, i, text, size))
            return false;
    }
    return true;
}

const struct rpl_route *sim_route(const struct sim *sim, unsigned node, const struct rpl_addr *dst)
{
    return sim_fib_find(&sim->nodes[node]->fib, dst);
}

size_t sim_route_count(const struct sim *sim, unsigned node)
{
    return sim->nodes[node]->fib.host_count + sim->nodes[node]->fib.net_count;
}
