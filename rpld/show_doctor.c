/* SPDX-License-Identifier: ISC */
/*
 * `doctor`: why does it not work? Each check says what it found and, where something is wrong,
 * how to mend it. It only looks: at the engine, at /proc/sys and at the state folder.
 */
#include "rpld/doctor.h"

#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFIX_TIME RPL_S(600) /* a root without a node that long is worth a word */

void doctor_check(struct show *show, const char *name, bool ok, const char *mend,
                  const char *format, ...)
{
    struct writer *w = &show->writer;
    char detail[300], line[400];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    snprintf(line, sizeof(line), "%-5s %s: %s", ok ? "ok" : "FAIL", name, detail);
    writer_note(w, line);
    if (!ok) {
        snprintf(line, sizeof(line), "      mend: %s", mend);
        writer_note(w, line);
    }
    writer_programs_only(w, true);
    writer_object(w, NULL);
    writer_string(w, "name", name);
    writer_bool(w, "ok", ok);
    writer_string(w, "detail", detail);
    writer_string(w, "mend", ok ? NULL : mend);
    writer_end_object(w);
    writer_programs_only(w, false);
}

/* ---- interfaces ------------------------------------------------------------------------- */

long doctor_sysctl(const char *name, const char *key)
{
    char path[128], text[24];
    if (strchr(name, '/') || strcmp(name, "..") == 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", name, key);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return -1;
    long value = 0;
    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* As sysctl(8) wants it: the dot of a VLAN's name is no separator there. */
static const char *sysctl_name(const char *interface, char out[RPL_IFNAME_MAX])
{
    snprintf(out, RPL_IFNAME_MAX, "%s", interface);
    for (char *c = out; *c; c++) {
        if (*c == '.')
            *c = '/';
    }
    return out;
}

static void check_sysctl(struct show *show, const char *interface, const char *key, long wanted)
{
    char name[96], mend[160], word[RPL_IFNAME_MAX];
    long value = doctor_sysctl(interface, key);
    if (value < 0)
        return;
    snprintf(name, sizeof(name), "sysctl %s %s", interface, key);
    snprintf(mend, sizeof(mend),
             "sysctl -w net.ipv6.conf.%s.%s=%ld, and for every start a line in "
             "/etc/sysctl.d/",
             sysctl_name(interface, word), key, wanted);
    doctor_check(show, name, value == wanted, mend, "%ld", value);
}

static void check_mtu(struct show *show, const struct ctl_interface *interface)
{
    char name[48], mend[80];
    long mtu = interface->mtu ? (long)interface->mtu : doctor_sysctl(interface->name, "mtu");
    if (mtu < 0)
        return;
    snprintf(name, sizeof(name), "mtu of %s", interface->name);
    snprintf(mend, sizeof(mend), "ip link set %s mtu 1280", interface->name);
    doctor_check(show, name, mtu == 1280 || (mtu > 1280 && !interface->lowpan), mend, "%ld", mtu);
}

static void check_radio(struct show *show, const struct ctl_interface *interface)
{
    const struct ctl_radio *radio = &interface->radio;
    char name[48], mend[80];

    snprintf(name, sizeof(name), "radio of %s", interface->name);
    snprintf(mend, sizeof(mend), "ip link set %s up", radio->interface);
    if (strcmp(radio->state, "up") == 0)
        doctor_check(show, name, true, NULL, "up, page %u channel %u, PAN 0x%04x", radio->page,
                     radio->channel, radio->pan_id);
    else if (strcmp(radio->state, "down") == 0)
        doctor_check(show, name, false, mend, "%s is down", radio->interface);
    else if (strcmp(radio->state, "foreign") == 0)
        doctor_check(show, name, true, NULL, "not ours to set up: the interface was there before");
    else if (strcmp(radio->state, "missing") == 0)
        doctor_check(
            show, name, false,
            "plug it in; ip -br link shows the EUI-64 of each wpan interface, for radio in the "
            "configuration; none: the driver is missing (modprobe atusb, at86rf230, mrf24j40)",
            "%s is not there", radio->wanted[0] ? radio->wanted : "it");
    else if (radio->because)
        doctor_check(show, name, false, radio->mend, "%s: %s", radio->state, radio->because);
    else
        doctor_check(show, name, false,
                     "the log says what is refused: journalctl -u rpld -g radio:", "%s",
                     radio->state);
}

static bool is_enabled(const struct show *show, const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    return ioctl(show->context->socket, SIOCGIFFLAGS, &request) == 0 &&
           (request.ifr_flags & IFF_UP);
}

static void check_interface(struct show *show, const struct ctl_interface *interface)
{
    char name[48], mend[200], addr[SHOW_ADDR], word[RPL_IFNAME_MAX];
    if (interface->radio.state)
        check_radio(show, interface);
    snprintf(name, sizeof(name), "interface %s", interface->name);
    if (!interface->ifindex && interface->radio.state) {
        doctor_check(show, name, false, "rpld makes it as soon as its radio is there and works",
                     "it is not there");
        return;
    }
    if (!interface->ifindex) {
        snprintf(mend, sizeof(mend),
                 "create it (802.15.4: radio in the configuration, or ip link add link wpan0 name "
                 "%s type "
                 "lowpan) or correct "
                 "its name in the configuration; rpld takes it up as soon as it is there",
                 interface->name);
        doctor_check(show, name, false, mend, "it is not there");
        return;
    }
    if (!interface->up && is_enabled(show, interface->name)) {
        doctor_check(show, name, false,
                     interface->lowpan ? "bring up the radio below it: ip link set wpan0 up"
                                       : "plug the cable in, or bring up the other end",
                     "it is up, but has no carrier");
        return;
    }
    if (!interface->up) {
        snprintf(mend, sizeof(mend), "ip link set %s up", interface->name);
        doctor_check(show, name, false, mend, "it is down");
        return;
    }
    if (!interface->has_link_local) {
        snprintf(
            mend, sizeof(mend),
            "sysctl -w net.ipv6.conf.%s.disable_ipv6=0, then ip link set "
            "%s down and up again; if ip -6 addr calls it dadfailed, another node has the same",
            sysctl_name(interface->name, word), interface->name);
        doctor_check(show, name, false, mend, "it has no link-local address");
        return;
    }
    doctor_check(show, name, true, NULL, "up, %s", show_addr(&interface->link_local, addr));
    doctor_flags(show, interface);
    check_mtu(show, interface);
    check_sysctl(show, interface->name, "accept_ra", 0);
    check_sysctl(show, interface->name, "rpl_seg_enabled", 0);
}

static bool some_router(const struct show *show)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;
    while (rpl_view_next_instance(show->context->source->engine, &cursor, show->now, &view)) {
        if (view.role != RPL_ROLE_LEAF)
            return true;
    }
    return false;
}

static void check_tun(struct show *show)
{
    const char *tun = show->context->source->tun;
    struct ifreq request;
    char name[48];
    if (!tun)
        return;
    memset(&request, 0, sizeof(request));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", tun);
    snprintf(name, sizeof(name), "interface %s", tun);
    int result = ioctl(show->context->socket, SIOCGIFFLAGS, &request);
    bool up = result == 0 && (request.ifr_flags & IFF_UP);
    doctor_check(show, name, up,
                 "restart rpld: it makes this interface itself, and nothing else may "
                 "take it down",
                 "%s",
                 result != 0 ? "it is not there"
                 : up        ? "up"
                             : "it is down");
}

static void check_interfaces(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_interface interface;
    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++)
        check_interface(show, &interface);
    check_tun(show);
    if (some_router(show))
        check_sysctl(show, "all", "forwarding", 1);
}

/* ---- instances -------------------------------------------------------------------------- */

static void check_root(struct show *show, const struct rpl_view_instance *view, const char *name)
{
    bool old = show->now - show->context->source->started > PREFIX_TIME;
    if (!view->has_address)
        doctor_check(show, name, false, "see the checks of its interfaces",
                     "it has no address yet");
    else
        doctor_check(
            show, name, view->nodes > 0 || !old,
            "are the nodes on the same channel and PAN, do they want this instance and mode? "
            "counters dis-in, dao-in and drop-* say what is heard",
            "%u node%s", (unsigned)view->nodes, view->nodes == 1 ? "" : "s");
}

/* Announced, but not to be reached: some node on the way is not known. */
static void check_reach(struct show *show, const struct rpl_view_instance *view)
{
    char name[48];
    if (view->targets <= view->nodes)
        return;
    snprintf(name, sizeof(name), "nodes of instance %u", view->id);
    doctor_check(
        show, name, false,
        "their parents did not announce themselves, or are gone: rplctl tree marks them. If "
        "it stays so, rplctl dtsn asks for fresh DAOs",
        "%u of %u cannot be reached", (unsigned)(view->targets - view->nodes),
        (unsigned)view->targets);
}

static void check_instance(struct show *show, const struct rpl_view_instance *view)
{
    char name[32], addr[SHOW_ADDR];
    snprintf(name, sizeof(name), "instance %u", view->id);
    if (view->waiting) {
        doctor_check(show, name, false, "see the checks of its interfaces",
                     "no interface of it is up");
    } else if (view->role == RPL_ROLE_ROOT) {
        check_root(show, view, name);
    } else if (!view->joined) {
        doctor_check(
            show, name, false,
            "is a root in reach, with this instance and mode? see rplctl neighbors for who is "
            "heard and why it is not the parent",
            "not part of a DODAG, %u neighbour%s heard", (unsigned)view->neighbours,
            view->neighbours == 1 ? "" : "s");
    } else {
        doctor_check(show, name, true, NULL, "joined %s, rank %u", show_addr(&view->dodag_id, addr),
                     view->rank);
    }
}

/* Stock RIOT joins whichever instance it hears first, and ignores the other's mode. */
static void check_modes(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct ctl_interface interface;
    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++) {
        struct rpl_cursor cursor = {0};
        struct rpl_view_instance view;
        unsigned storing = 0, non_storing = 0;
        while (rpl_view_next_instance(source->engine, &cursor, show->now, &view)) {
            if (view.index >= 32 || !(interface.instances >> view.index & 1u))
                continue;
            storing += view.mop == RPL_MOP_STORING;
            non_storing += view.mop == RPL_MOP_NON_STORING;
        }
        if (storing && non_storing) {
            char name[48];
            snprintf(name, sizeof(name), "modes on %s", interface.name);
            doctor_check(
                show, name, false,
                "fine with Contiki-NG; for RIOT give each mode an interface or PAN of its own",
                "a storing and a non-storing instance share it");
        }
    }
}

static void check_instances(struct show *show)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;
    while (rpl_view_next_instance(show->context->source->engine, &cursor, show->now, &view)) {
        check_instance(show, &view);
        check_reach(show, &view);
        doctor_settings(show, &view);
    }
    check_modes(show);
}

/* ---- counters and the rest -------------------------------------------------------------- */

static const struct {
    enum rpl_counter counter;
    const char *wrong;
    const char *mend;
} telltales[] = {
    {RPL_COUNT_VERSION_SPOOFED, "somebody advertises a newer version of our DODAG",
     "an attack, or a second root with the same DODAGID: the log names the sender"},
    {RPL_COUNT_DODAGID_SPOOFED, "somebody else claims to be the root of our DODAG",
     "an attack, or a second root with the same DODAGID: the log names the sender"},
    {RPL_COUNT_REFUSED_FULL, "DAOs were refused because the table of nodes is full",
     "raise the limit on targets in the configuration"},
    {RPL_COUNT_DROP_NEIGHBOURS_FULL, "neighbours were ignored because their table is full",
     "raise the limit on neighbours in the configuration"},
    {RPL_COUNT_REFUSED_PREFIX, "DAOs were refused: targets outside of the DODAG's prefix",
     "nodes keep addresses of an older prefix: restart them, or configure that prefix"},
    {RPL_COUNT_REFUSED_LOOP, "DAOs were refused because they would close a circle",
     "harmless while parents change; if it goes on, see rplctl monitor for the nodes"},
    {RPL_COUNT_DROP_SECURED, "secured RPL messages were heard",
     "security modes are not "
     "supported: turn them off in the nodes"},
    {RPL_COUNT_DROP_MOP, "DIOs with another mode of operation were heard",
     "set mode to the one that the network uses"},
    {RPL_COUNT_DROP_NOMEM, "memory ran out", "lower the limits in the configuration"},
};
#define TELLTALES (sizeof(telltales) / sizeof(telltales[0]))

static void check_counters(struct show *show)
{
    for (size_t i = 0; i < TELLTALES; i++) {
        uint64_t value = rpl_view_counter(show->context->source->engine, telltales[i].counter);
        const char *name = rpl_counter_name(telltales[i].counter);
        if (value > 0)
            doctor_check(show, name, false, telltales[i].mend, "%s (%" PRIu64 ")",
                         telltales[i].wrong, value);
        else
            doctor_check(show, name, true, NULL, "none");
    }
}

/* Counters of the daemon, by their names. */
static const struct {
    const char *counter;
    const char *wrong;
    const char *mend;
} frame_telltales[] = {
    {"lowpan-context-unknown", "radio frames name a prefix by a number that nobody told us",
     "put the prefix that the nodes compress with into contexts in the configuration"},
    {"lowpan-mac-secured", "radio frames with link-layer security cannot be decoded",
     "build the nodes without compression of extension headers, or without that security"},
    {"lowpan-filter-failed", "the kernel logs each radio frame that it cannot read",
     "modprobe sch_ingress cls_bpf, then restart rpld"},
    {"forward-other-interface",
     "packets with RPL's headers came in on an interface that RPL does not run on",
     "add that interface to interfaces in the configuration: tcpdump -n -i any 'ip6[6] == 0 or "
     "ip6[6] == 43' names it"},
    {"forward-drop-instance-unknown", "packets of an instance that is not ours were dropped",
     "configure that instance, or the nodes' instance: rplctl capture data shows them"},
    {"lowpan-reassembly-full", "fragments of radio frames found no room",
     "too many nodes send long packets at once, or one floods: see rplctl counters"},
    {"state-write-errors", "the state could not be written: a restart may cost a repair",
     "make room on its disk, or mount it writable: journalctl -u rpld -g state: has the error"},
    {"snapshot-write-errors", "the snapshot of the nodes could not be written",
     "make room on its disk, or mount it writable: journalctl -u rpld -g state: has the error"},
};
#define FRAME_TELLTALES (sizeof(frame_telltales) / sizeof(frame_telltales[0]))

static void check_frames(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    const char *name;
    uint64_t value;
    for (unsigned i = 0; source->counter && source->counter(source->ctx, i, &name, &value); i++) {
        for (size_t t = 0; t < FRAME_TELLTALES; t++) {
            if (strcmp(name, frame_telltales[t].counter) != 0)
                continue;
            if (value > 0)
                doctor_check(show, name, false, frame_telltales[t].mend, "%s (%" PRIu64 ")",
                             frame_telltales[t].wrong, value);
            else
                doctor_check(show, name, true, NULL, "none");
        }
    }
}

static void check_state(struct show *show)
{
    const char *dir = show->context->source->state_dir;
    if (!dir)
        return;
    bool ok = faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0;
    doctor_check(show, "state folder", ok,
                 "make it writable for the user that rpld runs as: without "
                 "it a restart costs the network a repair",
                 "%s%s", dir, ok ? "" : " cannot be written");
}

static bool check_routes(struct show *show, unsigned budget)
{
    struct rpl_view_route_entry entry;
    for (unsigned i = 0; i < budget * 4; i++) {
        if (!rpl_view_next_route(show->context->source->engine, &show->cursor, &entry)) {
            doctor_check(show, "kernel routes", show->number == 0,
                         "rplctl routes names the errors; another program may own the same routes: "
                         "give ours another metric with route_metric, or set default_route = "
                         "\"off\"",
                         "%" PRIu64 " refused by the kernel", show->number);
            return false;
        }
        show->number += entry.state == RPL_ROUTE_STATE_REFUSED;
    }
    return true;
}

bool show_doctor(struct show *show, unsigned budget)
{
    struct writer *w = &show->writer;
    if (show->stage == 0) {
        writer_programs_only(w, true);
        writer_array(w, "checks", NULL, 0);
        writer_programs_only(w, false);
        check_interfaces(show);
        check_instances(show);
        check_state(show);
        doctor_host(show);
        check_counters(show);
        check_frames(show);
        show->stage = 1;
        return true;
    }
    if (show->stage == 1 && check_routes(show, budget))
        return true;
    show->stage = 2;
    if (doctor_routes(show))
        return true;
    writer_programs_only(w, true);
    writer_end_array(w);
    writer_programs_only(w, false);
    return false;
}
