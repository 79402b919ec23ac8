/* SPDX-License-Identifier: ISC */
/* What must hold in every DODAG, whatever the links do. */
#include "sim/sim_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define COLOUR_NONE 0

/* What there is to know of instance |id| at |node|; false if it is not running there. */
static bool standing(const struct sim *sim, unsigned node, uint8_t id,
                     struct rpl_view_standing *out)
{
    const struct rpl_engine *engine = sim->nodes[node]->engine;

    for (uint32_t i = 0; engine && rpl_view_standing(engine, i, out); i++)
        if (out->id == id)
            return true;
    return false;
}

/* The preferred parent of |node| in instance |id|, sim_count() if it has none. */
static unsigned parent_of(struct sim *sim, unsigned node, uint8_t id)
{
    struct rpl_view_standing view;

    if (!standing(sim, node, id, &view) || !view.joined || !view.has_parent)
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
static unsigned dag_rank(const struct rpl_view_standing *view, uint16_t rank)
{
    return rank == RPL_INFINITE_RANK ? rank : rank / view->mhri;
}

static bool check_parent(struct sim *sim, unsigned node, const struct rpl_view_standing *view,
                         char *text, size_t size)
{
    if (view->rank == RPL_INFINITE_RANK || !view->has_parent)
        return true;
    if (dag_rank(view, view->parent_rank) < dag_rank(view, view->rank))
        return true;
    snprintf(text, size, "node %s has Rank %u, its parent advertises %u", sim_name(sim, node),
             view->rank, view->parent_rank);
    return false;
}

static bool check_rank(struct sim *sim, unsigned node, uint32_t index,
                       const struct rpl_view_standing *view, char *text, size_t size)
{
    const struct rpl_instance_config *config = &sim->nodes[node]->config.instance[index];
    uint32_t most = (uint32_t)view->lowest_rank + view->max_rank_increase;

    if (view->role == RPL_ROLE_ROOT || view->rank == RPL_INFINITE_RANK)
        return true;
    if (view->lowest_rank != RPL_INFINITE_RANK && view->rank > most &&
        !(view->max_rank_increase == 0 && config->compat.max_rank_increase_0_unlimited)) {
        snprintf(text, size, "node %s has Rank %u, its lowest was %u and may rise by %u",
                 sim_name(sim, node), view->rank, view->lowest_rank, view->max_rank_increase);
        return false;
    }
    return check_parent(sim, node, view, text, size);
}

static bool check_bounds(struct sim *sim, unsigned node, const struct rpl_view_standing *view,
                         char *text, size_t size)
{
    const struct rpl_limits *limits = view->limits;

    if (view->neighbours <= limits->neighbours && view->targets <= limits->targets)
        return true;
    snprintf(text, size, "node %s knows %u neighbours of %u, %u targets of %u", sim_name(sim, node),
             view->neighbours, limits->neighbours, view->targets, limits->targets);
    return false;
}

/* The rules of one node that are about itself. */
static bool check_standing(struct sim *sim, unsigned node, char *text, size_t size)
{
    struct rpl_view_standing view;

    for (uint32_t i = 0; rpl_view_standing(sim->nodes[node]->engine, i, &view); i++)
        if (!check_bounds(sim, node, &view, text, size) ||
            (view.joined && !check_rank(sim, node, i, &view, text, size)))
            return false;
    return true;
}

static bool check_parents(struct sim *sim, unsigned node, char *text, size_t size)
{
    for (uint32_t i = 0; i < sim->nodes[node]->config.instance_count; i++) {
        if (rpl_view_parent_watched(sim->nodes[node]->engine, i))
            continue;
        snprintf(text, size, "node %s has a parent that it does not watch", sim_name(sim, node));
        return false;
    }
    return true;
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
    if (sim->broken[0] == '\0' && sim->nodes[node]->engine)
        check_standing(sim, node, sim->broken, sizeof(sim->broken));
}

void sim_check_route(struct sim *sim, unsigned node, const struct rpl_route *route)
{
    struct scope scope;

    find_scope(sim, node, &scope);
    if (sim->broken[0] == '\0' && !route_fits(&scope, route))
        snprintf(sim->broken, sizeof(sim->broken), "node %s was given a route outside its prefixes",
                 sim_name(sim, node));
}

/* Each instance that somebody runs, once. */
static bool check_loops(struct sim *sim, rpl_duration grace, char *text, size_t size)
{
    bool seen[256] = {false};

    for (unsigned i = 0; i < sim_count(sim); i++) {
        struct rpl_view_standing view;

        for (uint32_t k = 0;
             sim->nodes[i]->engine && rpl_view_standing(sim->nodes[i]->engine, k, &view); k++) {
            if (!view.joined || seen[view.id])
                continue;
            seen[view.id] = true;
            unsigned node = find_loops(sim, view.id, grace);
            if (node == sim_count(sim))
                continue;
            snprintf(text, size, "node %s has been in a loop since %llu s", sim_name(sim, node),
                     (unsigned long long)(sim->nodes[node]->loop_since / RPL_S(1)));
            return false;
        }
    }
    return true;
}

bool sim_check(struct sim *sim, rpl_duration grace, char *text, size_t size)
{
    if (sim->broken[0] != '\0') {
        snprintf(text, size, "%s", sim->broken);
        return false;
    }
    for (unsigned i = 0; i < sim_count(sim); i++)
        if (sim->nodes[i]->engine &&
            (!check_standing(sim, i, text, size) || !check_parents(sim, i, text, size) ||
             !check_routes(sim, i, text, size)))
            return false;
    return check_loops(sim, grace, text, size) && sim_check_reach(sim, grace, text, size);
}

const struct rpl_route *sim_route(const struct sim *sim, unsigned node, const struct rpl_addr *dst)
{
    return sim_fib_find(&sim->nodes[node]->fib, dst);
}

size_t sim_route_count(const struct sim *sim, unsigned node)
{
    return sim->nodes[node]->fib.host_count + sim->nodes[node]->fib.net_count;
}
