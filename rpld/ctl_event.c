/* SPDX-License-Identifier: ISC */
/* The monitor stream: one line for each event. */
#include "rpld/show.h"

#include <string.h>

static void line_begin(struct writer *w, uint64_t seq, const struct timespec *t, const char *event)
{
    writer_begin_line(w);
    writer_programs_only(w, true);
    writer_uint(w, "seq", seq);
    writer_programs_only(w, false);
    show_field_time(w, t);
    writer_word(w, "event", event);
}

static void field_cause(struct writer *w, enum rpl_cause cause)
{
    if (!cause)
        writer_programs_only(w, true);
    writer_string(w, "cause", cause ? rpl_cause_name(cause) : NULL);
    writer_programs_only(w, false);
}

/* |node| NULL: gone. Then only |other| is known of its way. */
static void node_event(struct writer *w, uint8_t instance, const struct rpl_addr *addr,
                       unsigned len, const struct rpl_view_node *node, const struct rpl_addr *other,
                       enum rpl_cause cause)
{
    char buf[SHOW_ADDR + 4];
    writer_uint(w, "instance", instance);
    writer_string(w, "address", show_prefix(addr, len, buf));
    writer_programs_only(w, true);
    show_field_eui64(w, "eui64", addr);
    writer_programs_only(w, false);
    show_field_addr(w, "via", node ? &node->via : other);
    if (node) {
        writer_programs_only(w, node->parent_count == 0);
        show_field_parents(w, node);
        writer_programs_only(w, false);
    } else {
        writer_programs_only(w, true);
        writer_array(w, "parents", NULL, 0);
        writer_end_array(w);
        writer_programs_only(w, false);
    }
    field_cause(w, cause);
}

static void trace_node(struct writer *w, const struct show_context *context,
                       const struct rpl_effect_trace *trace, rpl_tstamp now)
{
    struct rpl_view_node node;
    bool known = trace->kind != RPL_TRACE_NODE_DOWN && trace->len == 128 &&
                 rpl_view_node(context->source->engine, &trace->address, now, &node);
    node_event(w, trace->instance, &trace->address, trace->len, known ? &node : NULL, &trace->other,
               trace->cause);
}

static void trace_route(struct writer *w, const struct rpl_effect_trace *trace)
{
    char buf[SHOW_ADDR + 4];
    writer_uint(w, "instance", trace->instance);
    writer_string(w, "target", show_prefix(&trace->address, trace->len, buf));
    writer_programs_only(w, trace->value == 0);
    writer_string(w, "error", trace->value ? strerror((int)trace->value) : NULL);
    writer_programs_only(w, false);
    field_cause(w, trace->cause);
}

static void trace_link(struct writer *w, const struct show_context *context,
                       const struct rpl_effect_trace *trace)
{
    char name[32];
    writer_string(w, "interface", show_interface(context->source, trace->value, name));
    writer_programs_only(w, true);
    writer_uint(w, "ifindex", trace->value);
    writer_programs_only(w, false);
    field_cause(w, trace->cause);
}

static void trace_refused(struct writer *w, const struct rpl_effect_trace *trace)
{
    char buf[SHOW_ADDR + 4];
    writer_uint(w, "instance", trace->instance);
    writer_string(w, "target", show_prefix(&trace->address, trace->len, buf));
    show_field_addr(w, "sender", &trace->other);
    writer_uint(w, "status", trace->value);
    field_cause(w, trace->cause);
}

/* Events that are an address under |key| and, named |value|, a number. */
static void trace_plain(struct writer *w, const struct rpl_effect_trace *trace, const char *key,
                        const char *value)
{
    writer_uint(w, "instance", trace->instance);
    show_field_addr(w, key, &trace->address);
    if (value)
        writer_uint(w, value, trace->value);
    field_cause(w, trace->cause);
}

static void trace_fields(struct writer *w, const struct show_context *context,
                         const struct rpl_effect_trace *trace, rpl_tstamp now)
{
    switch (trace->kind) {
    case RPL_TRACE_NODE_UP:
    case RPL_TRACE_NODE_CHANGE:
    case RPL_TRACE_NODE_DOWN:
        trace_node(w, context, trace, now);
        break;
    case RPL_TRACE_ROUTE:
        trace_route(w, trace);
        break;
    case RPL_TRACE_PARENT:
        writer_uint(w, "instance", trace->instance);
        show_field_addr(w, "address", &trace->address);
        show_field_addr(w, "old", &trace->other);
        show_field_rank(w, "rank", trace->value);
        field_cause(w, trace->cause);
        break;
    case RPL_TRACE_JOINED:
        trace_plain(w, trace, "dodag_id", "version");
        break;
    case RPL_TRACE_DETACHED:
        trace_plain(w, trace, "dodag_id", NULL);
        break;
    case RPL_TRACE_REPAIR:
        writer_uint(w, "instance", trace->instance);
        writer_uint(w, "version", trace->value);
        field_cause(w, trace->cause);
        break;
    case RPL_TRACE_LINK:
        trace_link(w, context, trace);
        break;
    case RPL_TRACE_NEIGHBOUR:
        writer_uint(w, "instance", trace->instance);
        show_field_addr(w, "address", &trace->address);
        show_field_etx(w, "etx", trace->value);
        field_cause(w, trace->cause);
        break;
    case RPL_TRACE_DAO_REFUSED:
        trace_refused(w, trace);
        break;
    case RPL_TRACE_DAO_UNACKED:
        trace_plain(w, trace, "parent", "tries");
        break;
    case RPL_TRACE_DROPPED:
        show_field_addr(w, "sender", &trace->address);
        writer_string(w, "counter",
                      trace->value < RPL_COUNTER_COUNT
                          ? rpl_counter_name((enum rpl_counter)trace->value)
                          : NULL);
        break;
    case RPL_TRACE_ALARM:
        trace_plain(w, trace, "sender", NULL);
        break;
    case RPL_TRACE_COUNT:
        break;
    }
}

void show_event(struct writer *w, const struct show_context *context,
                const struct rpl_effect_trace *trace, rpl_tstamp now, uint64_t seq)
{
    struct timespec t = show_wall(now, now);
    line_begin(w, seq, &t, rpl_trace_name(trace->kind));
    trace_fields(w, context, trace, now);
    writer_end(w);
}

void show_event_gap(struct writer *w, uint64_t lost, uint64_t seq)
{
    struct timespec t = show_wall(0, 0);
    line_begin(w, seq, &t, "gap");
    writer_uint(w, "lost", lost);
    writer_end(w);
}

/* The stream opens with what is known; show->number is the number of the last line. */
bool show_monitor(struct show *show, unsigned budget)
{
    struct writer *w = &show->writer;
    struct timespec t = show_wall(0, 0);
    struct rpl_view_node node;
    for (; budget > 0; budget--) {
        if (!rpl_view_next_node(show->context->source->engine, &show->cursor, show->now, &node)) {
            line_begin(w, ++show->number, &t, "snapshot-end");
            writer_end(w);
            return false;
        }
        if (!node.reachable)
            continue;
        line_begin(w, ++show->number, &t, "node-up");
        node_event(w, node.instance, &node.address, node.len, &node, &node.via, RPL_CAUSE_NONE);
        writer_end(w);
    }
    return true;
}
