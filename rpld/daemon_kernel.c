/* SPDX-License-Identifier: ISC */
/* What the kernel's tables say, as events for the engine. */
#include <arpa/inet.h>
#include <string.h>

#include "rpl/rpl_wire.h"
#include "rpld/daemon.h"
#include "rpld/log.h"

#define DAEMON_CLEAN_MS 3000

/* ---- routes ---------------------------------------------------------------------------- */

static void daemon_on_result(void *ctx, uint64_t token, int error)
{
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_RESULT};

    event.u.route_result.token = token;
    event.u.route_result.error = error;
    daemon_event(ctx, &event);
}

static void daemon_on_route_found(void *ctx, const struct rpl_route *route)
{
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_FOUND};

    event.u.route.route = *route;
    daemon_event(ctx, &event);
}

static void daemon_on_route_dump_done(void *ctx, int error)
{
    struct daemon *daemon = ctx;

    if (error != 0)
        log_warning("kernel: not all routes of an earlier run were seen", "error=\"%s\"",
                    strerror(error));
    /* The kernel's routes are known, and none of them is gone yet. */
    if (!daemon_record_restore(daemon))
        snapshot_load(daemon->snapshot, daemon->now);
    daemon->reconciled = true;
}

static void daemon_on_route_lost(void *ctx, const struct rpl_route *route)
{
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_LOST};

    event.u.route.route = *route;
    daemon_event(ctx, &event);
}

/* ---- links and addresses ----------------------------------------------------------------- */

static bool daemon_routes_for_others(const struct daemon *daemon, uint32_t instances)
{
    for (uint32_t i = 0; i < daemon->conf.instance_count; i++) {
        if (instances >> i & 1 && daemon->conf.instance[i].rpl.role != RPL_ROLE_LEAF)
            return true;
    }
    return false;
}

static void daemon_link_event(struct daemon *daemon, const struct rpl_event *event)
{
    const struct rpl_event_link *link = &event->u.link;

    if (link->state == RPL_LINK_UP) {
        const struct iface *iface = iface_find(&daemon->ifaces, link->ifindex);
        int r = icmp6_join(&daemon->icmp6, link->ifindex);

        if (r < 0)
            log_error("interface: cannot join ff02::1a, no DIO will be heard",
                      "interface=%s error=\"%s\"", link->name, strerror(-r));
        if (iface)
            iface_check(iface, daemon_routes_for_others(daemon, iface->instances));
    } else if (link->state == RPL_LINK_GONE) {
        icmp6_leave(&daemon->icmp6, link->ifindex);
    }
    daemon_event(daemon, event);
}

/* Somebody took the TUN down, and with it went the routes through it; or brought it up again. */
static void daemon_tun_link(struct daemon *daemon, const struct krt_link *link)
{
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_LOST};

    if (!daemon->links_known || link->enabled == !daemon->tun_down)
        return;
    daemon->tun_down = !link->enabled;
    if (daemon->tun_down) {
        log_error("kernel: the data plane's interface was taken down, nothing is carried",
                  "interface=%s mend=\"ip link set %s up\"", link->name, link->name);
        return;
    }
    log_notice("kernel: the data plane's interface is up again",
               "interface=%s next=\"all routes are installed again\"", link->name);
    event.u.route.all = true;
    daemon_event(daemon, &event);
}

static void daemon_on_link(void *ctx, const struct krt_link *link, bool gone)
{
    struct daemon *daemon = ctx;
    struct rpl_event events[IFACE_EVENTS_MAX];

    if (link->ifindex == fwd_ifindex(daemon->fwd)) {
        if (gone)
            daemon_fail(daemon, "the data plane's interface was deleted", 0);
        else
            daemon_tun_link(daemon, link);
        return;
    }
    radio_touch(&daemon->radios, link);
    uplink_touch(&daemon->uplink, link->ifindex, daemon->now);
    unsigned n = iface_update(&daemon->ifaces, link, gone, events);
    for (unsigned i = 0; i < n; i++)
        daemon_link_event(daemon, &events[i]);
    lowpan_link(daemon->lowpan, link, !gone && iface_find(&daemon->ifaces, link->ifindex));
}

static void daemon_on_address(void *ctx, uint32_t ifindex, const struct rpl_addr *addr,
                              uint8_t plen, bool usable, bool present)
{
    struct daemon *daemon = ctx;
    struct rpl_event event = {.type = RPL_EVENT_ADDRESS};

    (void)plen;
    uplink_touch(&daemon->uplink, ifindex, daemon->now);
    if (!iface_find(&daemon->ifaces, ifindex) || rpl_addr_is_link_local(addr))
        return;
    event.u.address.ifindex = ifindex;
    event.u.address.address = *addr;
    event.u.address.usable = usable && present;
    daemon_event(daemon, &event);
}

static void daemon_on_delegation(void *ctx)
{
    struct daemon *daemon = ctx;

    uplink_touch(&daemon->uplink, 0, daemon->now);
}

static void daemon_on_dump_done(void *ctx)
{
    struct daemon *daemon = ctx;

    if (daemon->links_known)
        return;
    daemon->links_known = true;
    radio_begin(&daemon->radios);
    for (unsigned i = 0; i < daemon->ifaces.count; i++) {
        const struct iface *iface = &daemon->ifaces.iface[i];

        if (!iface->up)
            log_notice("interface: not there yet, waiting for it", "interface=%s state=%s",
                       iface->name, iface->ifindex ? "down" : "missing");
    }
    uplink_begin(&daemon->uplink, daemon->now);
    int r = krt_dump_routes(daemon->krt);
    if (r < 0)
        daemon_fail(daemon, "cannot ask the kernel for its routes", -r);
}

static void daemon_on_neighbour(void *ctx, uint32_t ifindex, const struct rpl_addr *addr,
                                enum krt_neighbour_state state)
{
    struct daemon *daemon = ctx;
    struct rpl_event event = {.type = RPL_EVENT_NEIGHBOUR};

    if (!iface_find(&daemon->ifaces, ifindex))
        return;
    event.u.neighbour.ifindex = ifindex;
    event.u.neighbour.address = *addr;
    event.u.neighbour.failed = state == KRT_NEIGHBOUR_FAILED;
    event.u.neighbour.reachable = state == KRT_NEIGHBOUR_REACHABLE;
    if (event.u.neighbour.failed) {
        daemon->counters[DAEMON_NEIGHBOUR_FAILED]++;
        fwd_neighbour_failed(daemon->fwd, ifindex, addr, daemon->now);
    }
    daemon_event(daemon, &event);
}

static void daemon_on_overrun(void *ctx, enum krt_overrun what)
{
    struct daemon *daemon = ctx;
    struct rpl_event event = {.type = RPL_EVENT_ROUTE_LOST};

    if (what == KRT_OVERRUN_NOTICES) {
        /* A link may have gone and come back with the same number; others tell of themselves. */
        for (unsigned i = 0; i < daemon->ifaces.count; i++) {
            if (daemon->ifaces.iface[i].up)
                (void)icmp6_join(&daemon->icmp6, daemon->ifaces.iface[i].ifindex);
        }
        return;
    }
    log_warning("kernel: notices were lost", "next=\"all routes are installed again\"");
    event.u.route.all = true;
    daemon_event(daemon, &event);
}

static void daemon_on_ruleset(void *ctx)
{
    struct daemon *daemon = ctx;

    guard_touch(&daemon->guard, daemon->now);
}

static int daemon_on_prefix(void *ctx, const struct rpl_event *event)
{
    return daemon_event(ctx, event);
}

/* ---- opening and cleaning ------------------------------------------------------------------ */

int daemon_kernel_open(struct daemon *daemon)
{
    static const struct krt_callbacks callbacks = {
        .result = daemon_on_result,
        .route_found = daemon_on_route_found,
        .route_dump_done = daemon_on_route_dump_done,
        .route_lost = daemon_on_route_lost,
        .link = daemon_on_link,
        .address = daemon_on_address,
        .delegation = daemon_on_delegation,
        .dump_done = daemon_on_dump_done,
        .neighbour = daemon_on_neighbour,
        .ruleset = daemon_on_ruleset,
        .overrun = daemon_on_overrun,
    };

    const struct uplink_host host = {.ctx = daemon, .event = daemon_on_prefix};
    int r = krt_new(&callbacks, daemon, NULL, &daemon->krt);
    if (r == 0)
        radio_table_init(&daemon->radios, &daemon->conf, daemon->krt);
    if (r == 0)
        uplink_init(&daemon->uplink, &daemon->conf, daemon->krt, daemon->state, &host);
    return r;
}

int daemon_kernel_tun(struct daemon *daemon)
{
    uint32_t ifindex = fwd_ifindex(daemon->fwd);
    /* No link-local address of its own: the kernel would send Redirects to motes. */
    int r = krt_link_addrgen_none(daemon->krt, ifindex);

    if (r == 0)
        r = krt_link_mtu(daemon->krt, ifindex, FWD_MTU);
    if (r == 0)
        r = krt_link_up(daemon->krt, ifindex);
    if (r == 0)
        krt_set_tun(daemon->krt, ifindex);
    return r;
}

void daemon_kernel_guard(struct daemon *daemon)
{
    if (!daemon->guard.krt) {
        guard_init(&daemon->guard, daemon->krt);
        for (unsigned i = 0; i < daemon->ifaces.count; i++)
            guard_add(&daemon->guard, daemon->ifaces.iface[i].name);
        guard_add(&daemon->guard, daemon->conf.tun);
    }
    guard_configure(&daemon->guard, daemon->conf.firewall && daemon_routes_for_others(daemon, ~0u),
                    daemon->now);
}

void daemon_kernel_clean(struct daemon *daemon)
{
    uint32_t removed = 0;

    uplink_stop(&daemon->uplink);
    int r = krt_route_flush(daemon->krt, DAEMON_CLEAN_MS, &removed);

    if (r < 0)
        log_warning("kernel: routes are left behind",
                    "error=\"%s\" mend=\"ip -6 route flush proto 155\"", strerror(-r));
    else
        log_info("kernel: routes removed", "count=%u", removed);
    for (unsigned i = 0; i < daemon->address_count; i++)
        krt_addr_del(daemon->krt, daemon->address[i].ifindex, &daemon->address[i].address,
                     daemon->address[i].len);
    radio_stop(&daemon->radios);
}
