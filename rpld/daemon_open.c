/* SPDX-License-Identifier: ISC */
/* What the daemon opens at its start, in the order of need, and the privileges that it gives up. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "rpld/daemon.h"
#include "rpld/log.h"
#include "rpld/notify.h"

int daemon_complain(const char *what, int r, const char *mend)
{
    log_error("rpld: cannot start", "because=\"cannot %s: %s\" mend=\"%s\"", what, strerror(-r),
              mend);
    return r;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static void *daemon_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void daemon_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

int daemon_engine_open(struct daemon *daemon)
{
    struct rpl_engine *engine = NULL;
    struct rpl_config *config = calloc(1, sizeof(*config));
    const struct conf *conf = &daemon->conf;

    if (!config)
        return -ENOMEM;
    conf_engine_config(conf, config);
    config->mem = (struct rpl_mem){.alloc = daemon_alloc, .free = daemon_free};
    int r = getrandom(&config->seed, sizeof(config->seed), 0) < 0 ? -errno : 0;
    for (uint32_t i = 0; i < conf->instance_count && r >= 0; i++) {
        struct rpl_instance_config *instance = &config->instance[i];

        if (daemon->state)
            state_stored(daemon->state, instance->id, &config->stored[i]);
        if (conf->instance[i].prefix_auto && instance->role == RPL_ROLE_ROOT)
            r = state_prefix(daemon->state, instance->id, &instance->prefix);
        instance->renumbers = conf->instance[i].uplink[0] != '\0';
        /* The DODAG outlives a prefix that was taken from somewhere. */
        if (conf->instance[i].uplink[0] && !instance->has_dodag_id && config->stored[i].valid) {
            instance->has_dodag_id = true;
            instance->dodag_id = config->stored[i].dodag_id;
        }
    }
    if (r >= 0) {
        const char *bad = rpl_config_check(config);

        if (bad)
            log_error("rpld: the engine refuses a setting", "setting=%s", bad);
        r = rpl_engine_new(config, daemon->now, &engine) == 0 ? 0 : -EINVAL;
    }
    if (r >= 0) {
        daemon->engine = engine;
        daemon_record_new_engine(daemon, config);
        uplink_start(&daemon->uplink, engine, config);
    }
    free(config);
    return r;
}

static uint32_t daemon_host_mtu(void *ctx, uint32_t ifindex)
{
    const struct daemon *daemon = ctx;
    const struct iface *iface = iface_find(&daemon->ifaces, ifindex);

    return iface && iface->up ? iface->link.mtu : 0;
}

/* A radio that comes back sends before its interface is usable, and one that is pulled out leaves
 * packets behind. */
static bool daemon_host_down(void *ctx, uint32_t ifindex)
{
    const struct daemon *daemon = ctx;
    struct krt_link link;

    return iface_name(&daemon->ifaces, ifindex) || !krt_link_get(daemon->krt, ifindex, &link);
}

static void daemon_host_event(void *ctx, const struct rpl_event *event)
{
    daemon_event(ctx, event);
}

void daemon_forward_attach(struct daemon *daemon)
{
    const struct fwd_host host = {.ctx = daemon,
                                  .mtu = daemon_host_mtu,
                                  .down = daemon_host_down,
                                  .event = daemon_host_event,
                                  .seen = daemon_saw_packet};

    fwd_attach(daemon->fwd, daemon->engine, &host);
}

/* ---- for the snapshot of the targets ------------------------------------------------------- */

static const char *daemon_host_name(void *ctx, uint32_t ifindex)
{
    const struct daemon *daemon = ctx;
    const struct iface *iface = iface_find(&daemon->ifaces, ifindex);

    return iface ? iface->name : NULL;
}

static uint32_t daemon_host_ifindex(void *ctx, const char *name)
{
    const struct daemon *daemon = ctx;

    for (unsigned i = 0; i < daemon->ifaces.count; i++) {
        if (strcmp(daemon->ifaces.iface[i].name, name) == 0)
            return daemon->ifaces.iface[i].ifindex;
    }
    return 0;
}

static int daemon_host_restore(void *ctx, const struct rpl_event *event)
{
    return daemon_event(ctx, event);
}

static int64_t daemon_host_clock(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static int daemon_snapshot_open(struct daemon *daemon)
{
    const struct snapshot_host host = {.ctx = daemon,
                                       .name = daemon_host_name,
                                       .ifindex = daemon_host_ifindex,
                                       .event = daemon_host_restore,
                                       .clock = daemon_host_clock};

    daemon->snapshot = snapshot_new(daemon->state, &host);
    return daemon->snapshot ? 0 : -ENOMEM;
}

static const char daemon_mend_root[] = "run as root, or give it CAP_NET_ADMIN and CAP_NET_RAW";

static const char *daemon_mend_tun(int r)
{
    switch (r) {
    case -EBUSY:
        return "stop the rpld that runs here already";
    case -ENOENT:
    case -ENODEV:
        return "modprobe tun";
    case -EINVAL:
        return "another interface has the name: set tun in the configuration";
    default:
        return daemon_mend_root;
    }
}

static void daemon_host_rescued(void *ctx, const uint8_t *packet, size_t len, uint32_t ifindex)
{
    struct daemon *daemon = ctx;

    fwd_rescued(daemon->fwd, packet, len, ifindex, daemon->now);
}

static int daemon_lowpan_open(struct daemon *daemon)
{
    const struct lowpan_host host = {.ctx = daemon, .packet = daemon_host_rescued};
    int r = lowpan_open(&daemon->lowpan);

    if (r < 0)
        return r;
    lowpan_attach(daemon->lowpan, daemon->krt, &host);
    lowpan_configure(daemon->lowpan, daemon->conf.decode, &daemon->conf.contexts);
    return 0;
}

/* With a service manager, packets wait in the descriptors that it keeps when we are killed. */
static int daemon_forward_open(struct daemon *daemon)
{
    const char *what;

    notify_fds_take();
    const struct fwd_kept kept = {.tun = notify_fd(DAEMON_STORE_TUN),
                                  .packet = notify_fd(DAEMON_STORE_PACKET)};
    notify_fds_close();
    int r = fwd_open(daemon->conf.tun, &kept, &daemon->fwd, &what);
    if (r < 0)
        return daemon_complain(what, r, daemon_mend_tun(r));
    if (!fwd_kept_tun(daemon->fwd)) {
        notify_unstore(DAEMON_STORE_TUN);
        notify_store(fwd_tun_fd(daemon->fwd), DAEMON_STORE_TUN);
    }
    if (!fwd_kept_packet(daemon->fwd)) {
        notify_unstore(DAEMON_STORE_PACKET);
        notify_store(fwd_packet_fd(daemon->fwd), DAEMON_STORE_PACKET);
    }
    return 0;
}

static bool daemon_serves_leaves(const struct daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->conf.instance_count; i++)
        if (daemon->conf.instance[i].rpl.serve_leaves)
            return true;
    return false;
}

/* Sockets and files, all that needs privileges. */
int daemon_open(struct daemon *daemon)
{
    const struct conf_state *state = &daemon->conf.state;
    int r = state_open(state->directory, state->writes_per_hour, daemon->now, &daemon->state);

    if (r < 0) {
        char what[CONF_PATH_MAX + 32];

        snprintf(what, sizeof(what), "open the state directory %s", state->directory);
        return daemon_complain(what, r, "create it, or set state.directory in the configuration");
    }
    r = daemon_snapshot_open(daemon);
    if (r < 0)
        return daemon_complain("keep a snapshot of the targets", r, "free some memory");
    r = icmp6_open(&daemon->icmp6, daemon_serves_leaves(daemon));
    if (r < 0)
        return daemon_complain("open a raw ICMPv6 socket", r, daemon_mend_root);
    r = advert_open(&daemon->adverts);
    if (r < 0)
        return daemon_complain("open a socket for router advertisements", r, daemon_mend_root);
    r = ping_open(&daemon->ping);
    if (r < 0)
        return daemon_complain("open a socket for pings", r, daemon_mend_root);
    daemon->routes_fd = open("/proc/net/ipv6_route", O_RDONLY | O_CLOEXEC);
    r = daemon_forward_open(daemon);
    if (r < 0)
        return r;
    r = daemon_kernel_open(daemon);
    if (r < 0)
        return daemon_complain("open routing sockets", r, daemon_mend_root);
    r = daemon_lowpan_open(daemon);
    if (r < 0)
        return daemon_complain("open a packet socket for radios", r, daemon_mend_root);
    r = daemon_kernel_tun(daemon);
    if (r < 0)
        return daemon_complain("set up the TUN interface", r,
                               r == -EINVAL || r == -EACCES
                                   ? "sysctl -w net.ipv6.conf.all.disable_ipv6=0"
                                   : daemon_mend_root);
    r = daemon_record_open(daemon);
    if (r < 0)
        return daemon_complain("open the file for the recording", r, "see --record in rpld(8)");
    r = daemon_engine_open(daemon);
    if (r < 0)
        return daemon_complain("make the engine", r, "rpld -t says what is wrong");
    daemon_forward_attach(daemon);
    return 0;
}

static const char *daemon_mend_control(int r)
{
    switch (r) {
    case -EADDRINUSE:
        return "stop the rpld that runs here already";
    case -EEXIST:
        return "remove what stands there and is no socket, or set control.socket";
    case -ENOENT:
        return "make the folder that it is to stand in, or set control.socket";
    default:
        return "set control.socket in the configuration";
    }
}

int daemon_control_open(struct daemon *daemon)
{
    const struct conf_control *control = &daemon->conf.control;
    const struct ctl_settings settings = {.path = control->socket,
                                          .group = control->group[0] ? control->group : NULL,
                                          .admin_uid = 0};

    daemon_source_init(daemon);
    int r = ctl_new(daemon->loop, &settings, &daemon->source, &daemon->ctl);
    if (r < 0) {
        char what[CONF_PATH_MAX + 32];

        snprintf(what, sizeof(what), "open the control socket %s", control->socket);
        return daemon_complain(what, r, daemon_mend_control(r));
    }
    return 0;
}

int daemon_privs(struct daemon *daemon)
{
    const char *what;
    int r = daemon->user.found ? state_own(daemon->state, daemon->user.uid, daemon->user.gid) : 0;

    if (r < 0)
        log_warning("state: cannot give the directory away", "user=%s error=\"%s\"",
                    daemon->user.name, strerror(-r));
    r = privs_drop(&daemon->user, &what);
    if (r < 0)
        return daemon_complain(what, r, "see user in rpld.conf(5)");
    if (faccessat(AT_FDCWD, daemon->conf.state.directory, W_OK, AT_EACCESS) == 0)
        return 0;
    r = -errno;
    if (r == -EACCES && daemon->user.found)
        log_warning("state: the directory cannot be written, a restart forgets the version",
                    "directory=%s mend=\"chown %s %s\"", daemon->conf.state.directory,
                    daemon->user.name, daemon->conf.state.directory);
    else
        log_warning("state: the directory cannot be written, a restart forgets the version",
                    "directory=%s error=\"%s\" mend=\"%s\"", daemon->conf.state.directory,
                    strerror(-r), state_mend(r));
    return 0;
}
