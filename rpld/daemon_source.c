/* SPDX-License-Identifier: ISC */
/* Where the control socket gets its answers from, and the reload of the configuration. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rpld/daemon.h"
#include "rpld/log.h"

static const char *const daemon_counter_names[DAEMON_COUNT] = {
#define DAEMON_COUNTER_NAME(id, name) name,
    DAEMON_COUNTERS(DAEMON_COUNTER_NAME)
#undef DAEMON_COUNTER_NAME
};

static rpl_tstamp daemon_source_now(void *ctx)
{
    const struct daemon *daemon = ctx;

    return daemon->now;
}

static void daemon_source_radio(const struct daemon *daemon, const char *name,
                                struct ctl_radio *out)
{
    const struct radio *radio = radio_find(&daemon->radios, name);
    struct krt_link link;

    if (!radio)
        return;
    out->state = radio_state_name(radio->state);
    if (!radio_is_any(radio->conf))
        conf_eui64_format(radio->conf->eui64, out->wanted);
    if (radio->state == RADIO_FAILED && radio->said) {
        out->because = radio->said;
        out->mend = radio_mend(radio->said_error);
    }
    out->known = radio->ifindex != 0 && krt_link_get(daemon->krt, radio->ifindex, &link);
    if (!out->known)
        return;
    memcpy(out->interface, link.name, sizeof(out->interface));
    if (radio->state == RADIO_UP && !link.enabled)
        out->state = "down"; /* somebody's doing, and left alone */
    memcpy(out->eui64, radio->is.eui64, sizeof(out->eui64));
    out->page = radio->is.page;
    out->channel = radio->is.channel;
    out->pan_id = radio->is.pan_id;
}

static bool daemon_source_interface(void *ctx, unsigned index, struct ctl_interface *out)
{
    const struct daemon *daemon = ctx;

    if (index >= daemon->ifaces.count)
        return false;
    const struct iface *iface = &daemon->ifaces.iface[index];
    memset(out, 0, sizeof(*out));
    memcpy(out->name, iface->name, sizeof(out->name));
    out->instances = iface->instances;
    daemon_source_radio(daemon, iface->name, &out->radio);
    out->ifindex = iface->ifindex;
    out->last = iface->last;
    if (iface->ifindex != 0) {
        out->up = iface->link.up;
        out->has_link_local = iface->link.has_link_local;
        out->link_local = iface->link.link_local;
        out->mtu = iface->link.mtu;
        out->lowpan = iface->link.type == KRT_LINK_LOWPAN;
    }
    return true;
}

/* ---- pings ------------------------------------------------------------------------------------
 */

static int daemon_source_ping(void *ctx, const struct ctl_ping *request, ctl_ping_done *done,
                              void *arg)
{
    struct daemon *daemon = ctx;

    return ping_start(&daemon->ping, request, daemon->now, done, arg);
}

static void daemon_source_ping_stop(void *ctx, int number)
{
    struct daemon *daemon = ctx;

    ping_stop(&daemon->ping, number);
}

/* ---- for doctor ------------------------------------------------------------------------------ */

static int daemon_source_forward_drops(void *ctx, char *chain, size_t size)
{
    const struct daemon *daemon = ctx;
    const char *names[RPL_INTERFACES_MAX + 1];
    unsigned count = 0;

    for (unsigned i = 0; i < daemon->ifaces.count; i++)
        names[count++] = daemon->ifaces.iface[i].name;
    names[count++] = daemon->conf.tun;
    return krt_forward_drops(daemon->krt, names, count, chain, size);
}

static int daemon_source_guard(void *ctx, struct ctl_guard *out)
{
    struct daemon *daemon = ctx;
    struct krt_guard dropped;

    guard_dropped(&daemon->guard, daemon->now, &dropped);
    *out = (struct ctl_guard){.entering = dropped.entering, .leaving = dropped.leaving};
    return daemon->guard.stands;
}

static ssize_t daemon_source_routes(void *ctx, char *out, size_t size, off_t at)
{
    const struct daemon *daemon = ctx;
    ssize_t n = daemon->routes_fd < 0 ? -EBADF : pread(daemon->routes_fd, out, size, at);

    return n < 0 && daemon->routes_fd >= 0 ? -errno : n;
}

static bool daemon_source_advert(void *ctx, unsigned index, struct ctl_advert *out)
{
    const struct daemon *daemon = ctx;
    struct advert advert;

    if (!advert_nth(&daemon->adverts, index, daemon->now, &advert))
        return false;
    *out = (struct ctl_advert){.ifindex = advert.ifindex,
                               .router = advert.router,
                               .prefix = advert.prefix.addr,
                               .len = advert.prefix.len};
    return true;
}

/* ---- names of nodes -------------------------------------------------------------------------- */

static const char *daemon_source_name(void *ctx, const struct rpl_addr *addr)
{
    const struct daemon *daemon = ctx;
    const struct conf_node_names *names = &daemon->conf.names;

    for (uint32_t i = 0; i < names->count; i++) {
        const struct rpl_addr *node = &names->entry[i].node;

        if (conf_node_is_eui64(node) ? memcmp(node->b + 8, addr->b + 8, 8) == 0
                                     : memcmp(node, addr, sizeof(*node)) == 0)
            return names->entry[i].name;
    }
    return NULL;
}

static bool daemon_source_named(void *ctx, const char *name, struct rpl_addr *ret_node)
{
    const struct daemon *daemon = ctx;
    const struct conf_node_names *names = &daemon->conf.names;

    for (uint32_t i = 0; i < names->count; i++) {
        if (strcasecmp(names->entry[i].name, name) != 0)
            continue;
        *ret_node = names->entry[i].node;
        return true;
    }
    return false;
}

/* ---- counters that are not the engine's --------------------------------------------------- */

struct daemon_figure {
    const char *name;
    uint64_t value;
};

/* Those of the rooms that have a handful each. */
static bool daemon_figure(const struct daemon *daemon, unsigned index, struct daemon_figure *out)
{
    struct krt_stats krt;

    krt_stats_get(daemon->krt, &krt);
    const struct daemon_figure figures[] = {
        {"kernel-route-changes", krt.changes},
        {"kernel-route-refused", krt.refused},
        {"kernel-route-sends", krt.sends},
        {"kernel-route-repeated", krt.repeated},
        {"kernel-overruns", krt.overruns},
        {"kernel-messages-skipped", krt.skipped},
        {"kernel-route-queued", krt.queued},
        {"log-lines-suppressed", log_suppressed()},
        {"state-writes", daemon->state ? state_writes(daemon->state) : 0},
        {"state-write-errors", daemon->state ? state_errors(daemon->state) : 0},
        {"snapshot-writes", snapshot_writes(daemon->snapshot)},
        {"snapshot-write-errors", snapshot_errors(daemon->snapshot)},
        {"state-behind", daemon->state ? state_behind(daemon->state) : 0},
    };

    if (index >= sizeof(figures) / sizeof(figures[0]))
        return false;
    *out = figures[index];
    return true;
}

#define DAEMON_GUARD_COUNTERS 2u

static void daemon_guard_figure(struct daemon *daemon, unsigned index, struct daemon_figure *out)
{
    struct krt_guard dropped;

    guard_dropped(&daemon->guard, daemon->now, &dropped);
    if (index == 0)
        *out = (struct daemon_figure){"firewall-drop-routing-header", dropped.entering};
    else
        *out = (struct daemon_figure){"firewall-drop-source-route-leaving", dropped.leaving};
}

static bool daemon_source_counter(void *ctx, unsigned index, const char **ret_name,
                                  uint64_t *ret_value)
{
    struct daemon *daemon = ctx;
    struct daemon_figure figure;

    if (index < FWD_COUNT) {
        *ret_name = fwd_counter_name((enum fwd_counter)index);
        *ret_value = fwd_counter(daemon->fwd, (enum fwd_counter)index);
        return true;
    }
    index -= FWD_COUNT;
    if (index < DAEMON_COUNT) {
        *ret_name = daemon_counter_names[index];
        *ret_value = daemon->counters[index];
        return true;
    }
    index -= DAEMON_COUNT;
    if (lowpan_counter(daemon->lowpan, index, ret_name, ret_value))
        return true;
    if (index - LOWPAN_COUNTERS < DAEMON_GUARD_COUNTERS)
        daemon_guard_figure(daemon, index - LOWPAN_COUNTERS, &figure);
    else if (!daemon_figure(daemon, index - LOWPAN_COUNTERS - DAEMON_GUARD_COUNTERS, &figure))
        return false;
    *ret_name = figure.name;
    *ret_value = figure.value;
    return true;
}

/* ---- changes -------------------------------------------------------------------------------- */

static int daemon_source_print_config(void *ctx, FILE *out)
{
    const struct daemon *daemon = ctx;

    conf_print(&daemon->conf, out);
    return ferror(out) ? -EIO : 0;
}

static int daemon_source_command(void *ctx, const struct rpl_event_command *command)
{
    struct rpl_event event = {.type = RPL_EVENT_COMMAND};

    event.u.command = *command;
    return daemon_event(ctx, &event);
}

static int daemon_source_set_log_level(void *ctx, const char *name)
{
    struct daemon *daemon = ctx;
    static const struct {
        const char *name;
        enum conf_log_level level;
    } shorts[] = {{"err", CONF_LOG_ERROR}, {"warn", CONF_LOG_WARNING}};
    enum conf_log_level level;

    for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
        if (strcmp(name, shorts[i].name) == 0)
            name = conf_log_level_name(shorts[i].level);
    }
    int r = conf_log_level_parse(name, &level);
    if (r < 0)
        return r;
    daemon->conf.log.level = level;
    log_level_set(level);
    return 0;
}

/* RFC 9008 section 10: the root changes the RPI type of its DODAG while it runs. */
static void daemon_take_rpi_types(struct daemon *daemon, const struct conf *wanted)
{
    for (uint32_t i = 0; i < daemon->conf.instance_count && i < wanted->instance_count; i++) {
        struct rpl_instance_config *now = &daemon->conf.instance[i].rpl;
        struct rpl_event event = {.type = RPL_EVENT_COMMAND};
        uint8_t type = wanted->instance[i].rpl.compat.rpi_type;

        if (now->compat.rpi_type == type || now->id != wanted->instance[i].rpl.id)
            continue;
        now->compat.rpi_type = type;
        event.u.command.command = RPL_COMMAND_RPI_TYPE;
        event.u.command.instance = now->id;
        event.u.command.rpi_type = type;
        if (now->role == RPL_ROLE_ROOT)
            daemon_event(daemon, &event);
    }
}

/* Once we have detached there is no stderr any more, whatever the configuration wants. */
static void daemon_log_again(const struct daemon *daemon)
{
    enum conf_log_to to = daemon->detached ? CONF_LOG_SYSLOG : daemon->conf.log.to;

    log_open(daemon->options.foreground ? CONF_LOG_STDERR : to,
             daemon->options.debug ? CONF_LOG_DEBUG : daemon->conf.log.level);
}

/* Who sends a signal has no other report than the log. */
static void daemon_reload_refused(const struct daemon *daemon, int r,
                                  const struct conf_errors *errors)
{
    for (uint32_t i = 0; i < errors->count; i++) {
        char line[CONF_LINE_MAX];

        conf_error_format(&errors->error[i], line, sizeof(line));
        log_error("reload: wrong", "where=\"%s\"", line);
    }
    if (r == -EACCES) /* at the start we were root */
        log_error("reload: the configuration cannot be read, the old one stays",
                  "file=%s mend=\"make it readable for the user %s\"", daemon->config_path,
                  daemon->user.name);
    else
        log_error("reload: the configuration is wrong, the old one stays",
                  "file=%s errors=%u mend=\"rpld -t -c %s\"", daemon->config_path,
                  errors->count + errors->lost, daemon->config_path);
}

/* Nothing is half applied: a file with an error, or with a change that needs a restart, leaves
 * what can be changed changed only if the whole file is right. */
int daemon_reload(struct daemon *daemon, FILE *report)
{
    static struct conf wanted;
    static struct conf_errors errors;
    static struct conf_changes changed, fixed;
    int r = conf_load(daemon->config_path, &wanted, &errors);

    if (r < 0) {
        conf_errors_print(&errors, report);
        daemon_reload_refused(daemon, r, &errors);
        return r;
    }
    for (uint32_t i = 0; i < errors.count; i++) {
        char line[CONF_LINE_MAX];

        conf_error_format(&errors.error[i], line, sizeof(line));
        fprintf(report, "%s\n", line);
        log_warning("reload: a setting wants another name", "where=\"%s\"", line);
    }
    conf_reloadable(&daemon->conf, &wanted, &changed, &fixed);
    for (uint32_t i = 0; i < fixed.count; i++) {
        fprintf(report, "%s: takes effect after a restart\n", fixed.setting[i]);
        log_warning("reload: takes effect after a restart", "setting=%s", fixed.setting[i]);
    }
    for (uint32_t i = 0; i < changed.count; i++)
        log_notice("reload: changed", "setting=%s", changed.setting[i]);
    conf_take_reloadable(&daemon->conf, &wanted);
    daemon_take_rpi_types(daemon, &wanted);
    daemon_log_again(daemon);
    lowpan_configure(daemon->lowpan, daemon->conf.decode, &daemon->conf.contexts);
    daemon_kernel_guard(daemon);
    if (daemon->state)
        state_writes_per_hour_set(daemon->state, daemon->conf.state.writes_per_hour);
    log_notice("reload: done", "changed=%u restart=%u", changed.count, fixed.count + fixed.lost);
    return 0;
}

static int daemon_source_reload(void *ctx, FILE *report)
{
    return daemon_reload(ctx, report);
}

static void daemon_source_log(void *ctx, const char *line)
{
    (void)ctx;
    log_notice("control:", "%s", line);
}

void daemon_source_init(struct daemon *daemon)
{
    daemon->source = (struct ctl_source){
        .ctx = daemon,
        .engine = daemon->engine,
        .version = RPLD_VERSION,
        .config = daemon->config_path,
        .state_dir = daemon->state ? daemon->conf.state.directory : NULL,
        .tun = daemon->conf.tun,
        .started = daemon->started,
        .now = daemon_source_now,
        .interface = daemon_source_interface,
        .counter = daemon_source_counter,
        .print_config = daemon_source_print_config,
        .command = daemon_source_command,
        .set_log_level = daemon_source_set_log_level,
        .reload = daemon_source_reload,
        .ping = daemon_source_ping,
        .ping_stop = daemon_source_ping_stop,
        .forward_drops = daemon_source_forward_drops,
        .guard = daemon_source_guard,
        .advert = daemon_source_advert,
        .name = daemon_source_name,
        .named = daemon_source_named,
        .routes = daemon_source_routes,
        .record = daemon_record_ask,
        .record_stop = daemon_record_stop,
        .log = daemon_source_log,
    };
}
