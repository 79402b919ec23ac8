/* SPDX-License-Identifier: ISC */
/* `doctor`, the part that looks at the machine: what the field has stumbled over. */
#include "rpld/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

#define CLOCK_EARLIEST 1735689600 /* 2025-01-01: before it, nobody has set the clock */
#define CLOCK_SLACK_S 60          /* that a file may be from the future */
#define ROUTE_LOCAL 0x80000000u   /* flags of /proc/net/ipv6_route */
#define ROUTE_CACHE 0x01000000u
#define ROUTE_REJECT 0x0200u
#define ROUTE_TEXT 16384 /* about 100 routes */

/* ---- interfaces ----------------------------------------------------------------------------- */

void doctor_flags(struct show *show, const struct ctl_interface *interface)
{
    struct ifreq request;
    char name[48], mend[80];

    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, interface->name, sizeof(interface->name) - 1);
    if (ioctl(show->context->socket, SIOCGIFFLAGS, &request) < 0)
        return;
    bool multicast = request.ifr_flags & IFF_MULTICAST, arp = !(request.ifr_flags & IFF_NOARP);
    snprintf(name, sizeof(name), "flags of %s", interface->name);
    snprintf(mend, sizeof(mend), "ip link set %s %s", interface->name,
             multicast ? "arp on" : "multicast on");
    doctor_check(show, name, multicast && arp, mend, "%s",
                 !multicast ? "no multicast: no DIO is heard"
                 : !arp     ? "no neighbour discovery: no neighbour is resolved"
                            : "multicast and neighbour discovery");
}

/* ---- the kernel ------------------------------------------------------------------------------ */

/* A 6LoWPAN interface stands, or is to be made, and the kernel has no code for it. */
static void check_modules(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_interface interface;
    bool wanted = false;

    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++)
        wanted = wanted || interface.lowpan || interface.radio.state;
    if (!wanted)
        return;
    bool there = access("/sys/module/ieee802154_6lowpan", F_OK) == 0;
    doctor_check(show, "kernel module ieee802154_6lowpan", there,
                 "modprobe ieee802154_6lowpan; if there is none, install the plain kernel "
                 "(linux-image-amd64, -arm64 ...) instead of the cloud flavour",
                 "%s", there ? "loaded" : "not loaded");
}

/* Below 0 the kernel drops each packet with a Hop-by-Hop option that it does not know. */
static void check_hop_by_hop(struct show *show)
{
    static const char path[] = "/proc/sys/net/ipv6/max_hbh_opts_number";
    FILE *file = fopen(path, "re");
    long value;

    if (!file)
        return;
    bool known = fscanf(file, "%ld", &value) == 1;
    fclose(file);
    if (known)
        doctor_check(show, "sysctl max_hbh_opts_number", value >= 0,
                     "sysctl -w net.ipv6.max_hbh_opts_number=8, and for every start a line in "
                     "/etc/sysctl.d/",
                     "%ld%s", value,
                     value < 0 ? ": packets with the RPL option 0x23 are lost" : "");
}

/* ---- the firewall --------------------------------------------------------------------------- */

static void check_firewall(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    char chain[64], mend[320];

    if (!source->forward_drops)
        return;
    int r = source->forward_drops(source->ctx, chain, sizeof(chain));
    if (r < 0) {
        /* Without nftables in the kernel there is nothing to look at. */
        doctor_check(show, "firewall", true, NULL, "no rules of nftables");
        return;
    }
    snprintf(mend, sizeof(mend),
             "let the mesh through where that firewall is configured; to try: nft insert rule %s "
             "iifname %s accept, and the same with oifname (in non-storing mode, and the radio's "
             "interface in storing mode)",
             chain, source->tun ? source->tun : "rpl0");
    if (r > 0)
        doctor_check(show, "firewall", false, mend,
                     "%s drops what no rule accepts, and none names an interface of the mesh",
                     chain);
    else
        doctor_check(show, "firewall", true, NULL, "no FORWARD policy in the way");
}

static void check_guard(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_guard guard;

    if (!source->guard)
        return;
    int r = source->guard(source->ctx, &guard);
    if (r > 0)
        doctor_check(show, "source routes", true, NULL,
                     "kept out of the mesh by the table ip6 rpld: %" PRIu64
                     " dropped on their way in, %" PRIu64 " on their way out",
                     guard.entering, guard.leaving);
    else if (r == 0)
        doctor_check(show, "source routes", true, NULL,
                     "not kept out by the kernel: not wanted here");
    else if (r == -EEXIST)
        doctor_check(
            show, "source routes", false,
            "rename that table, or remove it: nft delete table ip6 rpld",
            "not kept out by the kernel: a table ip6 rpld is there that rpld has not made");
    else
        doctor_check(show, "source routes", false,
                     "modprobe nf_tables; if this kernel has none, drop packets with a routing "
                     "header in front of this machine and set firewall = \"off\"",
                     "not kept out by the kernel: %s", strerror(-r));
}

/* ---- the clock ------------------------------------------------------------------------------ */

/* How far in the future the youngest file of the state folder is, s. */
static int64_t state_ahead(const char *folder, time_t now)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    struct stat st;
    int64_t ahead = 0;

    if (!dir)
        return 0;
    for (unsigned i = 0; i < 64 && (entry = readdir(dir)) != NULL; i++) {
        if (strncmp(entry->d_name, "rpld.", 5) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtime - now > ahead)
            ahead = st.st_mtime - now;
    }
    closedir(dir);
    return ahead;
}

static void check_clock(struct show *show)
{
    static const char mend[] = "timedatectl set-ntp true, with systemd-timesyncd or chrony "
                               "installed; a machine without a battery for its clock needs it";
    const char *folder = show->context->source->state_dir;
    struct timespec now;
    char text[40];

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t ahead = folder ? state_ahead(folder, now.tv_sec) : 0;
    if (ahead > CLOCK_SLACK_S)
        doctor_check(show, "clock", false, mend,
                     "%s; the state was written %" PRId64 " s later than that",
                     show_time(&now, text), ahead);
    else
        doctor_check(show, "clock", now.tv_sec >= CLOCK_EARLIEST, mend, "%s",
                     show_time(&now, text));
}

/* ---- other routers ------------------------------------------------------------------------- */

static void check_adverts(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_advert advert;
    char router[SHOW_ADDR], prefix[SHOW_ADDR + 4], name[32];
    unsigned found = 0;

    if (!source->advert)
        return;
    for (unsigned i = 0; source->advert(source->ctx, i, &advert); i++) {
        found++;
        doctor_check(show, "second router", false,
                     "take that prefix out of the other router (radvd, or the settings of the "
                     "box), or give this mesh another one; a route to the mesh is announced as "
                     "Route Information, see rpld.conf(5)",
                     "%s on %s announces %s, which is this mesh's",
                     show_addr(&advert.router, router),
                     show_interface(source, advert.ifindex, name),
                     show_prefix(&advert.prefix, advert.len, prefix));
    }
    if (found == 0)
        doctor_check(show, "second router", true, NULL, "nobody else announces the mesh's prefix");
}

void doctor_host(struct show *show)
{
    check_modules(show);
    check_hop_by_hop(show);
    check_firewall(show);
    check_guard(show);
    check_adverts(show);
    check_clock(show);
}

/* ---- settings ------------------------------------------------------------------------------- */

static bool on_lowpan(const struct show *show, uint32_t index)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_interface interface;

    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++) {
        if (interface.lowpan && index < 32 && (interface.instances >> index & 1u))
            return true;
    }
    return false;
}

void doctor_settings(struct show *show, const struct rpl_view_instance *view)
{
    const struct rpl_dodag_settings *dodag = &view->dodag;
    char name[48];

    if (!view->joined)
        return;
    /* RFC 6206 section 6.6: Imin is two to three times what k transmissions take. RFC 6550's own
     * default, 8 ms, is less than one frame of 802.15.4 with its acknowledgement. */
    snprintf(name, sizeof(name), "Trickle of instance %u", view->id);
    bool fast = dodag->dio_interval_min <= 3 && on_lowpan(show, view->index);
    if (fast || on_lowpan(show, view->index))
        doctor_check(show, name, !fast,
                     "set dodag.dio_interval_min at the root to 12, which is 4.1 s; 8 ms is for "
                     "wires",
                     "shortest interval of DIOs %u ms",
                     dodag->dio_interval_min < 32 ? 1u << dodag->dio_interval_min : 0u);
    /* RFC 6719 section 3.2: a node that may not let its Rank rise as far as another parent has to
     * be better drops out of the DODAG instead of changing the parent. */
    snprintf(name, sizeof(name), "rank increase of instance %u", view->id);
    if (view->ocp == OF_OCP_MRHOF && dodag->max_rank_increase > 0)
        doctor_check(show, name, dodag->max_rank_increase >= view->parent_switch_threshold,
                     "set dodag.max_rank_increase at the root to at least "
                     "mrhof.parent_switch_threshold: below it a node drops out where it should "
                     "change its parent",
                     "at most %u, another parent is taken from %u on", dodag->max_rank_increase,
                     view->parent_switch_threshold);
}

/* ---- the kernel's routes ----------------------------------------------------------------------
 */

/* A walk through /proc/net/ipv6_route. */
struct routes {
    off_t at;
    char text[ROUTE_TEXT];
    size_t len; /* of |text|, which is not judged yet */
    unsigned stale, elsewhere;
    char stale_text[SHOW_ADDR + 4], elsewhere_text[RPL_IFNAME_MAX];
};

struct line {
    struct rpl_addr dst;
    unsigned len, flags;
    char interface[RPL_IFNAME_MAX];
};

static bool parse_line(const char *text, struct line *line)
{
    char dst[33];

    if (sscanf(text, "%32[0-9a-f] %2x %*32[0-9a-f] %*2x %*32[0-9a-f] %*8x %*8x %*8x %8x %15s", dst,
               &line->len, &line->flags, line->interface) != 4 ||
        strlen(dst) != 32)
        return false;
    for (unsigned i = 0; i < 16; i++) {
        char pair[3] = {dst[2 * i], dst[2 * i + 1], '\0'};
        line->dst.b[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return line->len <= 128;
}

/* The instance in whose prefix |addr| is; false: none. */
static bool instance_of(const struct show *show, const struct rpl_addr *addr,
                        struct rpl_view_instance *view)
{
    struct rpl_cursor cursor = {0};

    while (rpl_view_next_instance(show->context->source->engine, &cursor, show->now, view)) {
        if (view->joined && view->prefix_len > 0 &&
            rpl_addr_match(addr, &view->prefix, view->prefix_len))
            return true;
    }
    return false;
}

static bool is_ours(const struct show *show, const char *name)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_interface interface;

    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++) {
        if (strcmp(interface.name, name) == 0)
            return true;
    }
    return source->tun && strcmp(source->tun, name) == 0;
}

/* A host route of the mesh that the engine does not want, or the mesh's prefix somewhere else. */
static void judge_line(struct show *show, struct routes *routes, const struct line *line)
{
    const struct rpl_engine *engine = show->context->source->engine;
    struct rpl_view_instance view;
    struct rpl_view_node node;

    if ((line->flags & (ROUTE_LOCAL | ROUTE_CACHE | ROUTE_REJECT)) ||
        !instance_of(show, &line->dst, &view))
        return;
    if (!is_ours(show, line->interface)) {
        if (view.role == RPL_ROLE_ROOT && line->len >= view.prefix_len && routes->elsewhere++ == 0)
            memcpy(routes->elsewhere_text, line->interface, sizeof(line->interface));
    } else if (line->len == 128 && !rpl_view_is_own(engine, &line->dst) &&
               !rpl_view_node(engine, &line->dst, show->now, &node)) {
        if (routes->stale++ == 0)
            show_prefix(&line->dst, line->len, routes->stale_text);
    }
}

static void report_routes(struct show *show, const struct routes *routes)
{
    doctor_check(
        show, "stale routes", routes->stale == 0,
        "ip -6 route show proto 155 has them; restart rpld, or remove with ip -6 route del "
        "what another program made",
        routes->stale == 0   ? "none"
        : routes->stale == 1 ? "%u host route to a node that nobody announced, %s"
                             : "%u host routes to nodes that nobody announced, the first %s",
        routes->stale, routes->stale_text);
    doctor_check(show, "routes elsewhere", routes->elsewhere == 0,
                 "remove the mesh's prefix from that interface: ip -6 route show has it; nothing "
                 "but rpld may route it",
                 routes->elsewhere == 0   ? "none"
                 : routes->elsewhere == 1 ? "%u route of the mesh's prefix leads elsewhere, to %s"
                                          : "%u routes of the mesh's prefix lead elsewhere, to %s",
                 routes->elsewhere, routes->elsewhere_text);
}

/* Judge the whole lines of what is read. */
static void judge_text(struct show *show, struct routes *routes)
{
    char *text = routes->text, *end;
    struct line line;

    while ((end = memchr(text, '\n', routes->len - (size_t)(text - routes->text))) != NULL) {
        *end = '\0';
        if (parse_line(text, &line))
            judge_line(show, routes, &line);
        text = end + 1;
    }
    routes->len -= (size_t)(text - routes->text);
    memmove(routes->text, text, routes->len);
}

bool doctor_routes(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct routes *routes = show->data;

    if (!source->routes)
        return false;
    if (!routes) {
        routes = calloc(1, sizeof(*routes));
        if (!routes)
            return false;
        show->data = routes;
        show->data_free = free;
    }
    if (routes->len == sizeof(routes->text))
        routes->len = 0; /* no line is that long */
    ssize_t n = source->routes(source->ctx, routes->text + routes->len,
                               sizeof(routes->text) - routes->len, routes->at);
    if (n <= 0) {
        report_routes(show, routes);
        return false;
    }
    routes->at += n;
    routes->len += (size_t)n;
    judge_text(show, routes);
    return true;
}
