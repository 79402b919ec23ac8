/* SPDX-License-Identifier: ISC */
/* The long tables: nodes, one node with its history, routes, neighbours. */
#include "rpld/show.h"

#include <ctype.h>
#include <string.h>

/* ---- nodes ------------------------------------------------------------------------------ */

/* |route| says what stands in the kernel; errno as text when it was refused. */
static void node_route(struct writer *w, const struct rpl_view_node *node)
{
    bool refused = node->route == RPL_ROUTE_STATE_REFUSED;
    writer_string(w, "route", rpl_route_state_name(node->route));
    if (!refused)
        writer_programs_only(w, true);
    writer_string(w, "route_error", refused ? strerror(node->route_error) : NULL);
    writer_programs_only(w, false);
}

static void node_fields(struct show *show, const struct rpl_view_node *node)
{
    struct writer *w = &show->writer;
    char buf[SHOW_ADDR + 4], name[32];
    writer_string(w, "address", show_prefix(&node->address, node->len, buf));
    show_field_eui64(w, "eui64", &node->address);
    writer_uint(w, "instance", node->instance);
    show_field_addr(w, "via", &node->via);
    writer_string(w, "interface",
                  node->ifindex ? show_interface(show->context->source, node->ifindex, name)
                                : NULL);
    show_field_parents(w, node);
    if (node->hops)
        writer_uint(w, "hops", node->hops);
    else
        writer_null(w, "hops");
    writer_uint(w, "path_sequence", node->path_sequence);
    show_field_whole_seconds(w, "lifetime_s", node->lifetime);
    show_field_whole_seconds(w, "last_dao_s", node->unconfirmed ? RPL_NEVER : node->last_dao);
    show_field_whole_seconds(w, "joined_s", node->joined);
    writer_bool(w, "reachable", node->reachable);
    writer_bool(w, "unconfirmed", node->unconfirmed);
    writer_bool(w, "path_sequence_stuck", node->stuck);
    node_route(w, node);
}

/* A line has no room for both: the next hop is what storing mode knows, the parents what
 * non-storing mode does. */
static bool only_storing(const struct show *show)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;
    bool storing = false;
    while (rpl_view_next_instance(show->context->source->engine, &cursor, show->now, &view)) {
        if (view.mop != RPL_MOP_STORING)
            return false;
        storing = true;
    }
    return storing;
}

bool show_nodes(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {{"address", "ADDRESS", SHOW_ADDR_WIDTH},
                                                   {"parents", "PARENTS", SHOW_ADDR_WIDTH},
                                                   {"hops", "HOPS", 4},
                                                   {"lifetime_s", "LIFE s", 8},
                                                   {"last_dao_s", "DAO s", 7},
                                                   {"path_sequence", "SEQ", 4},
                                                   {"route", "ROUTE", 9},
                                                   {"route_error", "", 0}};
    const struct rpl_engine *engine = show->context->source->engine;
    struct writer *w = &show->writer;
    struct rpl_view_node node;
    if (show->stage++ == 0) {
        show_columns(show, columns, 8);
        if (only_storing(show))
            show->columns[1] = (struct writer_column){"via", "VIA", show->columns[1].width};
        writer_array(w, "nodes", show->columns, 8);
    }
    for (; budget > 0; budget--) {
        if (!rpl_view_next_node(engine, &show->cursor, show->now, &node)) {
            writer_end_array(w);
            return false;
        }
        writer_object(w, NULL);
        node_fields(show, &node);
        writer_end_object(w);
    }
    return true;
}

/* ---- node ADDR -------------------------------------------------------------------------- */

/* An EUI-64 stands for the interface identifier made of it: 16 digits, or pairs of them parted
 * by a colon or a dash. */
static bool eui64_parse(const char *text, struct rpl_addr *ret_addr)
{
    static const char hex[] = "0123456789abcdef";
    unsigned digits = 0;
    memset(ret_addr, 0, sizeof(*ret_addr));
    for (; *text; text++) {
        const char *digit = strchr(hex, tolower((unsigned char)*text));
        bool parted = digits > 0 && digits % 2 == 0 && strchr(hex, tolower((unsigned char)text[1]));
        if ((*text == ':' || *text == '-') && parted && text[1])
            continue;
        if (!digit || digits == 16)
            return false;
        uint8_t *octet = &ret_addr->b[8 + digits++ / 2];
        *octet = (uint8_t)(*octet * 16u + (unsigned)(digit - hex));
    }
    ret_addr->b[0] = 0xfe;
    ret_addr->b[1] = 0x80;
    ret_addr->b[8] ^= 0x02;
    return digits == 16;
}

/* 00:11:22:33:44:55:66:77 would be an address, too; nobody means that one. */
bool show_node_parse(const struct show *show, const char *text, struct rpl_addr *ret_addr)
{
    const struct ctl_source *source = show->context->source;
    return (source->named && source->named(source->ctx, text, ret_addr)) ||
           eui64_parse(text, ret_addr) || show_addr_parse(text, ret_addr);
}

bool show_node_find(const struct show *show, const struct rpl_addr *addr, struct rpl_view_node *out)
{
    const struct rpl_engine *engine = show->context->source->engine;
    struct rpl_view_instance view;
    struct rpl_cursor cursor = {0};
    if (rpl_view_node(engine, addr, show->now, out))
        return true;
    if (addr->b[0] != 0xfe || (addr->b[1] & 0xc0) != 0x80)
        return false;
    while (rpl_view_next_instance(engine, &cursor, show->now, &view)) {
        struct rpl_addr global = view.prefix;
        memcpy(global.b + 8, addr->b + 8, 8);
        if (view.prefix_len == 64 && rpl_view_node(engine, &global, show->now, out))
            return true;
    }
    return false;
}

enum show_code show_node_start(struct show *show)
{
    const char *text = show->request->argv[0];
    struct history_entry entry;
    struct rpl_view_node node;
    uint64_t cursor = 0;
    if (!show_node_parse(show, text, &show->addr))
        return show_fail(show, SHOW_USAGE, "neither a name, an IPv6 address nor an EUI-64: %s",
                         text);
    if (!show_node_find(show, &show->addr, &node) &&
        !history_next(show->context->history, &show->addr, &cursor, &entry))
        return show_fail(show, SHOW_NOENT, "no node %s, now or lately", text);
    return SHOW_OK;
}

/* What happened in words: other node, value, cause, whatever this kind of event has. */
static void history_detail(const struct rpl_effect_trace *trace, char *text, size_t size)
{
    char other[SHOW_ADDR];
    switch (trace->kind) {
    case RPL_TRACE_NODE_UP:
    case RPL_TRACE_NODE_CHANGE:
    case RPL_TRACE_NODE_DOWN:
        if (!show_addr_is_zero(&trace->other))
            snprintf(text, size, "via %s", show_addr(&trace->other, other));
        return;
    case RPL_TRACE_ROUTE:
        if (trace->value)
            snprintf(text, size, "%s", strerror((int)trace->value));
        return;
    case RPL_TRACE_PARENT:
        snprintf(text, size, "rank %u, before: %s", (unsigned)trace->value,
                 show_addr_is_zero(&trace->other) ? "none" : show_addr(&trace->other, other));
        return;
    case RPL_TRACE_NEIGHBOUR:
        snprintf(text, size, "etx %u.%02u", (unsigned)trace->value / OF_ETX_ONE,
                 (unsigned)trace->value % OF_ETX_ONE * 100 / OF_ETX_ONE);
        return;
    case RPL_TRACE_DAO_REFUSED:
        snprintf(text, size, "status %u, sent by %s", (unsigned)trace->value,
                 show_addr(&trace->other, other));
        return;
    case RPL_TRACE_DAO_UNACKED:
        snprintf(text, size, "%u tries", (unsigned)trace->value);
        return;
    case RPL_TRACE_DROPPED:
        if (trace->value < RPL_COUNTER_COUNT)
            snprintf(text, size, "%s", rpl_counter_name((enum rpl_counter)trace->value));
        return;
    case RPL_TRACE_JOINED:
    case RPL_TRACE_DETACHED:
    case RPL_TRACE_REPAIR:
    case RPL_TRACE_LINK:
    case RPL_TRACE_ALARM:
    case RPL_TRACE_COUNT:
        return;
    }
}

static void history_row(struct show *show, const struct history_entry *entry)
{
    struct writer *w = &show->writer;
    struct timespec t = show_wall(entry->time, show->now);
    char detail[120] = "";
    history_detail(&entry->trace, detail, sizeof(detail));
    writer_object(w, NULL);
    show_field_time(w, &t);
    show_field_seconds(w, "ago_s", show->now > entry->time ? show->now - entry->time : 0);
    writer_string(w, "event", rpl_trace_name(entry->trace.kind));
    writer_string(w, "cause", entry->trace.cause ? rpl_cause_name(entry->trace.cause) : NULL);
    writer_uint(w, "instance", entry->trace.instance);
    writer_string(w, "detail", detail);
    writer_end_object(w);
}

static void node_head(struct show *show)
{
    static const struct writer_column columns[] = {
        {"time", "TIME", 27}, {"event", "EVENT", 12}, {"cause", "CAUSE", 14}, {"detail", "", 0}};
    struct writer *w = &show->writer;
    struct rpl_view_node node;
    bool known = show_node_find(show, &show->addr, &node);
    if (!known)
        writer_note(w, "not known now; this is what happened:");
    writer_programs_only(w, !known);
    writer_array(w, "nodes", NULL, 0);
    if (known) {
        writer_object(w, NULL);
        node_fields(show, &node);
        writer_end_object(w);
        writer_note(w, "");
    }
    writer_end_array(w);
    writer_programs_only(w, false);
    writer_array(w, "history", columns, 4);
}

bool show_node(struct show *show, unsigned budget)
{
    struct history_entry entry;
    if (show->stage++ == 0)
        node_head(show);
    for (; budget > 0; budget--) {
        if (!history_next(show->context->history, &show->addr, &show->number, &entry)) {
            writer_end_array(&show->writer);
            return false;
        }
        history_row(show, &entry);
    }
    return true;
}

/* ---- routes ----------------------------------------------------------------------------- */

static void route_via(struct show *show, const struct rpl_route *route)
{
    struct writer *w = &show->writer;
    char name[32];
    bool via = route->kind == RPL_ROUTE_VIA;
    show_field_addr(w, "via", via ? &route->via : &(struct rpl_addr){{0}});
    writer_string(w, "interface",
                  via ? show_interface(show->context->source, route->ifindex, name) : NULL);
    writer_string(w, "kind", "kernel");
    writer_array(w, "segments", NULL, 0);
    writer_end_array(w);
}

/* Into rpl0: the way is the engine's source route, first hop first, the target last. */
static void route_source(struct show *show, const struct rpl_route *route)
{
    struct writer *w = &show->writer;
    struct rpl_view_path path;
    char name[32], hop[SHOW_ADDR];
    if (rpl_view_route(show->context->source->engine, &route->dst, &path) != 0)
        path.hops = 0;
    show_field_addr(w, "via", path.hops ? &path.hop[0] : &(struct rpl_addr){{0}});
    writer_string(w, "interface",
                  path.hops ? show_interface(show->context->source, path.ifindex, name) : NULL);
    writer_string(w, "kind", "source-route");
    writer_array(w, "segments", NULL, 0);
    for (size_t i = 0; i < path.hops; i++)
        writer_string(w, NULL, show_addr(&path.hop[i], hop));
    writer_end_array(w);
}

static const char *route_type(enum rpl_route_kind kind)
{
    switch (kind) {
    case RPL_ROUTE_VIA:
        return "via";
    case RPL_ROUTE_TUN:
        return "tun";
    case RPL_ROUTE_UNREACHABLE:
        return "unreachable";
    }
    return "unknown";
}

static void route_row(struct show *show, const struct rpl_view_route_entry *entry)
{
    struct writer *w = &show->writer;
    const struct rpl_route *route = &entry->route;
    char buf[SHOW_ADDR + 4];
    writer_object(w, NULL);
    writer_string(w, "target", show_prefix(&route->dst, route->dst_len, buf));
    if (route->kind == RPL_ROUTE_TUN)
        route_source(show, route);
    else
        route_via(show, route);
    writer_string(w, "type", route_type(route->kind));
    writer_uint(w, "instance", entry->instance);
    writer_uint(w, "metric", route->metric);
    writer_string(w, "state", rpl_route_state_name(entry->state));
    bool refused = entry->state == RPL_ROUTE_STATE_REFUSED;
    writer_programs_only(w, !refused);
    writer_string(w, "error", refused ? strerror(entry->error) : NULL);
    writer_programs_only(w, false);
    writer_end_object(w);
}

bool show_routes(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {{"target", "TARGET", SHOW_ADDR_WIDTH},
                                                   {"type", "TYPE", 11},
                                                   {"via", "VIA", SHOW_ADDR_WIDTH},
                                                   {"interface", "DEV", 8},
                                                   {"state", "STATE", 9},
                                                   {"error", "", 0},
                                                   {"segments", "SEGMENTS", 0}};
    const struct rpl_engine *engine = show->context->source->engine;
    struct writer *w = &show->writer;
    struct rpl_view_route_entry entry;
    if (show->stage++ == 0)
        writer_array(w, "routes", show_columns(show, columns, 7), 7);
    for (; budget > 0; budget--) {
        if (!rpl_view_next_route(engine, &show->cursor, &entry)) {
            writer_end_array(w);
            return false;
        }
        route_row(show, &entry);
    }
    return true;
}

/* ---- neighbours ------------------------------------------------------------------------- */

static void neighbor_row(struct show *show, const struct rpl_view_neighbour *neighbour)
{
    struct writer *w = &show->writer;
    char name[32];
    writer_object(w, NULL);
    show_field_addr(w, "address", &neighbour->address);
    show_field_eui64(w, "eui64", &neighbour->address);
    writer_uint(w, "instance", neighbour->instance);
    writer_string(w, "interface", show_interface(show->context->source, neighbour->ifindex, name));
    show_field_rank(w, "rank", neighbour->rank);
    show_field_etx(w, "etx", neighbour->etx);
    show_field_rank(w, "path_rank", neighbour->path_rank);
    writer_bool(w, "preferred", neighbour->preferred);
    if (neighbour->preferred) {
        writer_programs_only(w, true);
        writer_null(w, "refused_because");
        writer_programs_only(w, false);
    } else {
        writer_string(w, "refused_because", of_verdict_name(neighbour->verdict));
    }
    writer_uint(w, "version", neighbour->version);
    writer_uint(w, "dtsn", neighbour->dtsn);
    show_field_whole_seconds(w, "last_heard_s", neighbour->last_heard);
    writer_uint(w, "misses", neighbour->misses);
    writer_end_object(w);
}

bool show_neighbors(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {
        {"address", "ADDRESS", 26}, {"interface", "DEV", 8},
        {"rank", "RANK", 5},        {"etx", "ETX", 5},
        {"path_rank", "OURS", 5},   {"last_heard_s", "HEARD s", 7},
        {"preferred", "PARENT", 6}, {"refused_because", "WHY NOT", 0}};
    const struct rpl_engine *engine = show->context->source->engine;
    struct writer *w = &show->writer;
    struct rpl_view_neighbour neighbour;
    if (show->stage++ == 0)
        writer_array(w, "neighbors", columns, 8);
    for (; budget > 0; budget--) {
        if (!rpl_view_next_neighbour(engine, &show->cursor, show->now, &neighbour)) {
            writer_end_array(w);
            return false;
        }
        neighbor_row(show, &neighbour);
    }
    return true;
}
