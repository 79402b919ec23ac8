/* SPDX-License-Identifier: ISC */
#include "rpld/trace.h"

#include <arpa/inet.h>
#include <string.h>

#include "rpld/log.h"

struct trace_text {
    char address[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN];
    const char *cause;
};

static void trace_render(const struct rpl_effect_trace *trace, struct trace_text *text)
{
    inet_ntop(AF_INET6, trace->address.b, text->address, sizeof(text->address));
    inet_ntop(AF_INET6, trace->other.b, text->other, sizeof(text->other));
    text->cause = rpl_cause_name(trace->cause);
}

static void trace_node(const struct rpl_effect_trace *t, const struct trace_text *text)
{
    switch (t->kind) {
    case RPL_TRACE_NODE_UP:
        log_info("node: up", "instance=%u address=%s/%u via=%s", t->instance, text->address, t->len,
                 text->other);
        break;
    case RPL_TRACE_NODE_CHANGE:
        log_info("node: way changed", "instance=%u address=%s/%u via=%s cause=%s", t->instance,
                 text->address, t->len, text->other, text->cause);
        break;
    case RPL_TRACE_NODE_DOWN:
        log_info("node: down", "instance=%u address=%s/%u cause=%s", t->instance, text->address,
                 t->len, text->cause);
        break;
    case RPL_TRACE_ROUTE:
        if (t->value != 0)
            log_warning("route: refused by the kernel", "instance=%u target=%s/%u error=\"%s\"",
                        t->instance, text->address, t->len, strerror((int)t->value));
        else
            log_debug("route: changed", "instance=%u target=%s/%u cause=%s", t->instance,
                      text->address, t->len, text->cause);
        break;
    case RPL_TRACE_DAO_REFUSED:
        log_warning("dao: refused", "instance=%u target=%s/%u from=%s cause=%s status=%u",
                    t->instance, text->address, t->len, text->other, text->cause, t->value);
        break;
    default:
        log_warning("dao: not acknowledged", "instance=%u parent=%s tries=%u", t->instance,
                    text->address, t->value);
    }
}

static void trace_dodag(const struct rpl_effect_trace *t, const struct trace_text *text)
{
    switch (t->kind) {
    case RPL_TRACE_PARENT:
        log_info("dodag: parent switch", "instance=%u old=%s new=%s rank=%u cause=%s", t->instance,
                 text->other, text->address, t->value, text->cause);
        break;
    case RPL_TRACE_JOINED:
        log_notice("dodag: joined", "instance=%u dodag=%s version=%u", t->instance, text->address,
                   t->value);
        break;
    case RPL_TRACE_DETACHED:
        log_notice("dodag: detached", "instance=%u dodag=%s cause=%s", t->instance, text->address,
                   text->cause);
        break;
    case RPL_TRACE_REPAIR:
        log_notice("dodag: repair", "instance=%u version=%u cause=%s", t->instance, t->value,
                   text->cause);
        break;
    default:
        log_error("dodag: somebody else uses what is ours", "instance=%u from=%s cause=%s",
                  t->instance, text->address, text->cause);
    }
}

static void trace_link(const struct rpl_effect_trace *t, const struct trace_text *text,
                       const char *ifname)
{
    if (t->kind == RPL_TRACE_LINK) {
        log_notice("interface: changed", "interface=%s ifindex=%u state=%s", ifname ? ifname : "?",
                   t->value, text->cause);
    } else if (t->kind == RPL_TRACE_NEIGHBOUR) {
        log_debug("neighbour: changed", "instance=%u address=%s etx=%u.%02u cause=%s", t->instance,
                  text->address, t->value / 128, t->value % 128 * 100 / 128, text->cause);
    } else {
        const char *counter =
            t->value < RPL_COUNTER_COUNT ? rpl_counter_name((enum rpl_counter)t->value) : "unknown";
        log_debug("message: dropped", "from=%s reason=%s", text->address, counter);
    }
}

void trace_log(const struct rpl_effect_trace *trace, const char *ifname)
{
    struct trace_text text;

    trace_render(trace, &text);
    switch (trace->kind) {
    case RPL_TRACE_NODE_UP:
    case RPL_TRACE_NODE_CHANGE:
    case RPL_TRACE_NODE_DOWN:
    case RPL_TRACE_ROUTE:
    case RPL_TRACE_DAO_REFUSED:
    case RPL_TRACE_DAO_UNACKED:
        trace_node(trace, &text);
        break;
    case RPL_TRACE_PARENT:
    case RPL_TRACE_JOINED:
    case RPL_TRACE_DETACHED:
    case RPL_TRACE_REPAIR:
    case RPL_TRACE_ALARM:
        trace_dodag(trace, &text);
        break;
    case RPL_TRACE_LINK:
    case RPL_TRACE_NEIGHBOUR:
    case RPL_TRACE_DROPPED:
        trace_link(trace, &text, ifname);
        break;
    case RPL_TRACE_COUNT:
        break;
    }
}
