/* SPDX-License-Identifier: ISC */
/* What the engine wants, carried out. */
#include <arpa/inet.h>
#include <string.h>

#include "rpl/rpl_view.h"
#include "rpl/rpl_wire.h"
#include "rpld/daemon.h"
#include "rpld/log.h"
#include "rpld/trace.h"

#define DAEMON_EFFECTS_PER_TURN 1024

static void daemon_send(struct daemon *daemon, const struct rpl_effect_send *send)
{
    int r = icmp6_send(&daemon->icmp6, send);

    if (r == 0) {
        daemon->counters[DAEMON_SENT]++;
        daemon_saw_send(daemon, send);
        return;
    }
    char dst[INET6_ADDRSTRLEN] = "";

    inet_ntop(AF_INET6, send->dst.b, dst, sizeof(dst));
    daemon->counters[DAEMON_SEND_FAILED]++;
    log_info("icmp6: cannot send", "to=%s ifindex=%u error=\"%s\"", dst, send->ifindex,
             strerror(-r));
}

/*
 * Compat setting upward_rpi: what leaves this machine upwards has to carry an RPI, which the
 * kernel cannot put there. The routes to the parent then lead into the TUN, and the forwarder
 * does the rest.
 */
static bool daemon_goes_up(const struct daemon *daemon, const struct rpl_route *route)
{
    struct rpl_view_instance view;
    struct rpl_cursor cursor = {0};

    while (route->kind == RPL_ROUTE_VIA &&
           rpl_view_next_instance(daemon->engine, &cursor, daemon->now, &view)) {
        if (view.has_parent && daemon->conf.instance[view.index].rpl.compat.upward_rpi &&
            view.parent_ifindex == route->ifindex && rpl_addr_equal(&view.parent, &route->via))
            return true;
    }
    return false;
}

static void daemon_route(struct daemon *daemon, const struct rpl_effect *effect)
{
    const struct rpl_effect_route *want = &effect->u.route;
    struct rpl_route route = want->route;

    if (daemon_goes_up(daemon, &route)) {
        route.kind = RPL_ROUTE_TUN;
        route.ifindex = 0;
    }
    int r = effect->type == RPL_EFFECT_ROUTE_SET ? krt_route_set(daemon->krt, want->token, &route)
                                                 : krt_route_del(daemon->krt, want->token, &route);

    if (r == 0) {
        if (route.dst_len == 128)
            uplink_node(&daemon->uplink, &route.dst, effect->type == RPL_EFFECT_ROUTE_SET);
        return;
    }
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_RESULT};
    event.u.route_result.token = want->token;
    event.u.route_result.error = -r;
    daemon_event(daemon, &event);
}

/* ---- addresses ------------------------------------------------------------------------- */

static void daemon_address_remember(struct daemon *daemon, const struct rpl_effect_address *address)
{
    for (unsigned i = 0; i < daemon->address_count; i++) {
        if (daemon->address[i].ifindex == address->ifindex &&
            rpl_addr_equal(&daemon->address[i].address, &address->address))
            return;
    }
    if (daemon->address_count < DAEMON_ADDRESSES_MAX)
        daemon->address[daemon->address_count++] = *address;
}

static void daemon_address_forget(struct daemon *daemon, const struct rpl_effect_address *address)
{
    for (unsigned i = 0; i < daemon->address_count; i++) {
        if (daemon->address[i].ifindex != address->ifindex ||
            !rpl_addr_equal(&daemon->address[i].address, &address->address))
            continue;
        daemon->address[i] = daemon->address[--daemon->address_count];
        return;
    }
}

static void daemon_address(struct daemon *daemon, const struct rpl_effect *effect)
{
    const struct rpl_effect_address *want = &effect->u.address;
    bool set = effect->type == RPL_EFFECT_ADDRESS_SET;
    int r = set ? krt_addr_set(daemon->krt, want->ifindex, &want->address, want->len)
                : krt_addr_del(daemon->krt, want->ifindex, &want->address, want->len);

    if (r == 0 && set) {
        /* Usable at once; and if it stood there from an earlier run, no notice will come. */
        struct rpl_event event = {.type = RPL_EVENT_ADDRESS};

        event.u.address.ifindex = want->ifindex;
        event.u.address.address = want->address;
        event.u.address.usable = true;
        daemon_address_remember(daemon, want);
        uplink_node(&daemon->uplink, &want->address, true);
        daemon_event(daemon, &event);
    } else if (!set) {
        daemon_address_forget(daemon, want);
        uplink_node(&daemon->uplink, &want->address, false);
    }
    if (r == 0)
        return;
    char text[INET6_ADDRSTRLEN] = "";

    inet_ntop(AF_INET6, want->address.b, text, sizeof(text));
    daemon->counters[DAEMON_ADDRESS_FAILED]++;
    log_error("address: the kernel refused", "address=%s/%u ifindex=%u change=%s error=\"%s\"",
              text, want->len, want->ifindex, set ? "set" : "delete", strerror(-r));
}

/* ---- all of them ----------------------------------------------------------------------- */

static void daemon_effect(struct daemon *daemon, const struct rpl_effect *effect)
{
    switch (effect->type) {
    case RPL_EFFECT_SEND:
        daemon_send(daemon, &effect->u.send);
        break;
    case RPL_EFFECT_ROUTE_SET:
    case RPL_EFFECT_ROUTE_DEL:
        daemon_route(daemon, effect);
        break;
    case RPL_EFFECT_ADDRESS_SET:
    case RPL_EFFECT_ADDRESS_DEL:
        daemon_address(daemon, effect);
        break;
    case RPL_EFFECT_STORE:
        if (daemon->state)
            state_put(daemon->state, &effect->u.store, daemon->now);
        break;
    case RPL_EFFECT_TRACE:
        if (effect->u.trace.kind <= RPL_TRACE_NODE_DOWN)
            snapshot_touch(daemon->snapshot, daemon->now);
        trace_log(&effect->u.trace, effect->u.trace.kind == RPL_TRACE_LINK
                                        ? iface_name(&daemon->ifaces, effect->u.trace.value)
                                        : NULL);
        ctl_trace(daemon->ctl, &effect->u.trace, daemon->now);
        break;
    case RPL_EFFECT_LEAVES:
        snapshot_touch(daemon->snapshot, daemon->now);
        break;
    }
}

void daemon_drain(struct daemon *daemon)
{
    struct rpl_effect effect;

    if (!daemon->reconciled)
        return;
    for (unsigned i = 0; i < DAEMON_EFFECTS_PER_TURN; i++) {
        /* With the route queue full the rest waits for the kernel's answers. */
        if (krt_room(daemon->krt) == 0 || !rpl_engine_poll(daemon->engine, &effect))
            return;
        record_effect(&daemon->record, &effect, daemon->now);
        daemon_effect(daemon, &effect);
    }
    daemon->more = true;
}
