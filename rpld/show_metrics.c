/* SPDX-License-Identifier: ISC */
/*
 * `metrics`: counters and gauges as OpenMetrics. All samples of a family must stand together,
 * so nodes and neighbours are walked once for each family that they have.
 */
#include "rpld/show.h"

#include <inttypes.h>
#include <string.h>

/* ---- instances ---------------------------------------------------------------------------- */

struct instance_gauge {
    const char *name, *help;
    bool (*value)(const struct rpl_view_instance *view, uint64_t *ret_value);
};

static bool instance_joined(const struct rpl_view_instance *view, uint64_t *ret_value)
{
    *ret_value = view->joined;
    return true;
}

static bool instance_waiting(const struct rpl_view_instance *view, uint64_t *ret_value)
{
    *ret_value = view->waiting;
    return true;
}

static bool instance_rank(const struct rpl_view_instance *view, uint64_t *ret_value)
{
    *ret_value = view->rank;
    return view->rank != RPL_INFINITE_RANK;
}

static bool instance_version(const struct rpl_view_instance *view, uint64_t *ret_value)
{
    *ret_value = view->version;
    return view->joined;
}

static bool instance_nodes(const struct rpl_view_instance *view, uint64_t *ret_value)
{
    *ret_value = view->nodes;
    return true;
}

static bool instance_neighbors(const struct rpl_view_instance *view, uint64_t *ret_value)
{
    *ret_value = view->neighbours;
    return true;
}

static const struct instance_gauge instance_gauges[] = {
    {"rpld_instance_joined", "1 while this instance is part of a DODAG", instance_joined},
    {"rpld_instance_waiting", "1 while no interface of this instance is up", instance_waiting},
    {"rpld_instance_rank", "own Rank", instance_rank},
    {"rpld_instance_version", "DODAGVersionNumber", instance_version},
    {"rpld_instance_nodes", "nodes that can be reached", instance_nodes},
    {"rpld_instance_neighbors", "neighbours in the table", instance_neighbors},
};
#define INSTANCE_GAUGES (sizeof(instance_gauges) / sizeof(instance_gauges[0]))

static void instances(struct show *show)
{
    const struct rpl_engine *engine = show->context->source->engine;
    for (size_t i = 0; i < INSTANCE_GAUGES; i++) {
        const struct instance_gauge *gauge = &instance_gauges[i];
        struct rpl_cursor cursor = {0};
        struct rpl_view_instance view;
        writer_family(&show->writer, gauge->name, "gauge", gauge->help);
        while (rpl_view_next_instance(engine, &cursor, show->now, &view)) {
            char id[8];
            uint64_t value;
            snprintf(id, sizeof(id), "%u", view.id);
            if (gauge->value(&view, &value))
                writer_sample(&show->writer, &(struct writer_label){"instance", id}, 1, value, 0);
        }
    }
}

/* ---- nodes -------------------------------------------------------------------------------- */

struct node_gauge {
    const char *name, *help;
    bool (*value)(const struct rpl_view_node *node, uint64_t *ret_value);
};

static bool node_last_dao(const struct rpl_view_node *node, uint64_t *ret_value)
{
    *ret_value = node->last_dao / 1000000;
    return !node->unconfirmed;
}

static bool node_lifetime(const struct rpl_view_node *node, uint64_t *ret_value)
{
    *ret_value = node->lifetime / 1000000;
    return node->lifetime != RPL_NEVER;
}

static bool node_hops(const struct rpl_view_node *node, uint64_t *ret_value)
{
    *ret_value = node->hops;
    return node->hops != 0;
}

static bool node_installed(const struct rpl_view_node *node, uint64_t *ret_value)
{
    *ret_value = node->route == RPL_ROUTE_STATE_INSTALLED;
    return true;
}

static const struct node_gauge node_gauges[] = {
    {"rpld_node_last_dao_seconds", "time since the last DAO", node_last_dao},
    {"rpld_node_lifetime_seconds", "time until the route ends unless a DAO comes", node_lifetime},
    {"rpld_node_hops", "hops to the node", node_hops},
    {"rpld_node_route_installed", "1 while the kernel has its route", node_installed},
};
#define NODE_GAUGES (sizeof(node_gauges) / sizeof(node_gauges[0]))

static bool nodes(struct show *show, const struct node_gauge *gauge, unsigned budget)
{
    struct rpl_view_node node;
    for (; budget > 0; budget--) {
        char id[8], addr[SHOW_ADDR + 4], eui64[17];
        uint64_t value;
        if (!rpl_view_next_node(show->context->source->engine, &show->cursor, show->now, &node))
            return false;
        snprintf(id, sizeof(id), "%u", node.instance);
        struct writer_label labels[] = {
            {"instance", id},
            {"address", show_prefix(&node.address, node.len, addr)},
            {"eui64", show_eui64(&node.address, eui64)},
        };
        if (gauge->value(&node, &value))
            writer_sample(&show->writer, labels, 3, value, 0);
    }
    return true;
}

/* ---- neighbours --------------------------------------------------------------------------- */

struct neighbour_gauge {
    const char *name, *help;
    unsigned digits;
    bool (*value)(const struct rpl_view_neighbour *neighbour, uint64_t *ret_value);
};

static bool neighbour_etx(const struct rpl_view_neighbour *neighbour, uint64_t *ret_value)
{
    *ret_value = ((uint64_t)neighbour->etx * 100 + OF_ETX_ONE / 2) / OF_ETX_ONE;
    return neighbour->etx != OF_ETX_UNKNOWN;
}

static bool neighbour_rank(const struct rpl_view_neighbour *neighbour, uint64_t *ret_value)
{
    *ret_value = neighbour->rank;
    return neighbour->rank != RPL_INFINITE_RANK;
}

static bool neighbour_preferred(const struct rpl_view_neighbour *neighbour, uint64_t *ret_value)
{
    *ret_value = neighbour->preferred;
    return true;
}

static const struct neighbour_gauge neighbour_gauges[] = {
    {"rpld_neighbor_etx", "expected transmissions to the neighbour", 2, neighbour_etx},
    {"rpld_neighbor_rank", "Rank it advertises", 0, neighbour_rank},
    {"rpld_neighbor_preferred", "1 for the preferred parent", 0, neighbour_preferred},
};
#define NEIGHBOUR_GAUGES (sizeof(neighbour_gauges) / sizeof(neighbour_gauges[0]))

static bool neighbours(struct show *show, const struct neighbour_gauge *gauge, unsigned budget)
{
    struct rpl_view_neighbour neighbour;
    for (; budget > 0; budget--) {
        char id[8], addr[SHOW_ADDR], name[32];
        uint64_t value;
        if (!rpl_view_next_neighbour(show->context->source->engine, &show->cursor, show->now,
                                     &neighbour))
            return false;
        snprintf(id, sizeof(id), "%u", neighbour.instance);
        struct writer_label labels[] = {
            {"instance", id},
            {"address", show_addr(&neighbour.address, addr)},
            {"interface", show_interface(show->context->source, neighbour.ifindex, name)},
        };
        if (gauge->value(&neighbour, &value))
            writer_sample(&show->writer, labels, 3, value, gauge->digits);
    }
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void head(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct writer *w = &show->writer;
    struct writer_label version = {"version", source->version};
    writer_array(w, "metrics", NULL, 0);
    /* A gauge, not OpenMetrics' "info", which readers of the older format refuse. */
    writer_family(w, "rpld_build_info", "gauge", "the program that runs");
    writer_sample(w, &version, 1, 1, 0);
    writer_family(w, "rpld_uptime_seconds", "gauge", "time since the start");
    writer_sample(w, NULL, 0, (show->now - source->started) / 1000000, 0);
    writer_family(w, "rpld_control_clients", "gauge", "clients of the control socket");
    writer_sample(w, NULL, 0, show->context->counters->clients, 0);
}

static bool counters(struct show *show, unsigned budget)
{
    for (; budget > 0; budget--, show->index++) {
        const char *name;
        char family[96], help[96];
        uint64_t value;
        if (!show_counter(show->context, show->index, &name, &value))
            return false;
        snprintf(family, sizeof(family), "rpld_%s", name);
        snprintf(help, sizeof(help), "counter %s, see rplctl(8)", name);
        writer_family(&show->writer, family, "counter", help);
        writer_sample(&show->writer, NULL, 0, value, 0);
    }
    return true;
}

enum { HEAD, COUNTERS, INSTANCES, NODES, NEIGHBOURS = NODES + NODE_GAUGES };
#define STAGE_END (NEIGHBOURS + NEIGHBOUR_GAUGES)

/* One part of stage |stage|; true if the stage has more. */
static bool part(struct show *show, unsigned stage, unsigned budget)
{
    bool first = !show->cursor.started;
    switch (stage) {
    case HEAD:
        head(show);
        return false;
    case COUNTERS:
        return counters(show, budget);
    case INSTANCES:
        instances(show);
        return false;
    }
    if (stage < NEIGHBOURS) {
        const struct node_gauge *gauge = &node_gauges[stage - NODES];
        if (first)
            writer_family(&show->writer, gauge->name, "gauge", gauge->help);
        return nodes(show, gauge, budget);
    }
    const struct neighbour_gauge *gauge = &neighbour_gauges[stage - NEIGHBOURS];
    if (first)
        writer_family(&show->writer, gauge->name, "gauge", gauge->help);
    return neighbours(show, gauge, budget);
}

bool show_metrics(struct show *show, unsigned budget)
{
    if (part(show, show->stage, budget))
        return true;
    show->stage++;
    memset(&show->cursor, 0, sizeof(show->cursor));
    if (show->stage < STAGE_END)
        return true;
    writer_end_array(&show->writer);
    return false;
}
