/* SPDX-License-Identifier: ISC */
/* The names of our enums, for people, JSON and metrics. */
#include "rpl/rpl.h"
#include "rpl/rpl_view.h"

#define NAME(table, value)                                                                         \
    ((size_t)(value) < sizeof(table) / sizeof((table)[0]) && (table)[value] ? (table)[value]       \
                                                                            : "unknown")

const char *rpl_err_name(int err)
{
    static const char *const names[RPL_ERR_COUNT] = {
        [RPL_ERR_NONE] = "ok",
        [RPL_ERR_NOMEM] = "no-memory",
        [RPL_ERR_PARAM] = "not-possible",
        [RPL_ERR_FULL] = "full",
        [RPL_ERR_NOENT] = "no-such-thing",
        [RPL_ERR_DROPPED] = "dropped",
    };
    return NAME(names, err < 0 ? -(unsigned)err : (unsigned)err);
}

const char *rpl_counter_name(enum rpl_counter counter)
{
    static const char *const names[RPL_COUNTER_COUNT] = {
#define COUNTER_NAME(id, name) [RPL_COUNT_##id] = name,
        RPL_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
    };
    return NAME(names, counter);
}

const char *rpl_trace_name(enum rpl_trace_kind kind)
{
    static const char *const names[RPL_TRACE_COUNT] = {
        [RPL_TRACE_NODE_UP] = "node-up",
        [RPL_TRACE_NODE_CHANGE] = "node-change",
        [RPL_TRACE_NODE_DOWN] = "node-down",
        [RPL_TRACE_ROUTE] = "route",
        [RPL_TRACE_PARENT] = "parent",
        [RPL_TRACE_JOINED] = "joined",
        [RPL_TRACE_DETACHED] = "detached",
        [RPL_TRACE_REPAIR] = "repair",
        [RPL_TRACE_LINK] = "link",
        [RPL_TRACE_NEIGHBOUR] = "neighbour",
        [RPL_TRACE_DAO_REFUSED] = "dao-refused",
        [RPL_TRACE_DAO_UNACKED] = "dao-unacked",
        [RPL_TRACE_DROPPED] = "dropped",
        [RPL_TRACE_ALARM] = "alarm",
    };
    return NAME(names, kind);
}

const char *rpl_cause_name(enum rpl_cause cause)
{
    static const char *const names[RPL_CAUSE_COUNT] = {
        [RPL_CAUSE_NONE] = "none",
        [RPL_CAUSE_DAO] = "dao",
        [RPL_CAUSE_NO_PATH] = "no-path",
        [RPL_CAUSE_DCO] = "dco",
        [RPL_CAUSE_EXPIRED] = "expired",
        [RPL_CAUSE_PARENT_GONE] = "parent-gone",
        [RPL_CAUSE_UNREACHABLE] = "unreachable",
        [RPL_CAUSE_FORWARD_ERROR] = "forward-error",
        [RPL_CAUSE_OPERATOR] = "operator",
        [RPL_CAUSE_FLOATING] = "floating",
        [RPL_CAUSE_VERSION] = "version",
        [RPL_CAUSE_ETX] = "etx",
        [RPL_CAUSE_POISON] = "poison",
        [RPL_CAUSE_NO_ANSWER] = "no-answer",
        [RPL_CAUSE_REFUSED] = "refused",
        [RPL_CAUSE_LINK_UP] = "link-up",
        [RPL_CAUSE_LINK_DOWN] = "link-down",
        [RPL_CAUSE_LINK_GONE] = "link-gone",
        [RPL_CAUSE_LOOP] = "loop",
        [RPL_CAUSE_FULL] = "full",
        [RPL_CAUSE_DENIED] = "denied",
        [RPL_CAUSE_PREFIX] = "outside-prefix",
        [RPL_CAUSE_REGISTERED] = "registered",
        [RPL_CAUSE_SOURCE] = "of-another",
        [RPL_CAUSE_KERNEL] = "kernel",
        [RPL_CAUSE_INSTALLED] = "installed",
        [RPL_CAUSE_REMOVED] = "removed",
        [RPL_CAUSE_PROVEN] = "proven",
        [RPL_CAUSE_LOST] = "lost",
        [RPL_CAUSE_FIRST] = "first",
        [RPL_CAUSE_STALE_STATE] = "stale-state",
        [RPL_CAUSE_VERSION_SPOOFED] = "version-spoofed",
        [RPL_CAUSE_DODAGID_SPOOFED] = "dodagid-spoofed",
        [RPL_CAUSE_QUARANTINED] = "quarantined",
        [RPL_CAUSE_SCHEDULED] = "scheduled",
    };
    return NAME(names, cause);
}

const char *rpl_route_state_name(enum rpl_route_state state)
{
    static const char *const names[] = {
        [RPL_ROUTE_STATE_NONE] = "none",
        [RPL_ROUTE_STATE_PENDING] = "pending",
        [RPL_ROUTE_STATE_INSTALLED] = "installed",
        [RPL_ROUTE_STATE_REFUSED] = "refused",
    };
    return NAME(names, state);
}
