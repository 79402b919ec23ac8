/* SPDX-License-Identifier: ISC */
#include "rpld/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rpld/log.h"
#include "rpld/notify.h"

#define DAEMON_HOUSEKEEPING_S 60.
#define DAEMON_STATUS_FIRST_S .2 /* the first look, when the links are known */
#define DAEMON_STATUS_S 3.       /* how often the service manager is told at most */
#define DAEMON_SLEEP_MAX_S 3600. /* libev wants no infinity */

rpl_tstamp daemon_clock(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (rpl_tstamp)now.tv_sec * 1000000u + (rpl_tstamp)now.tv_nsec / 1000u;
}

int daemon_event(struct daemon *daemon, const struct rpl_event *event)
{
    if (event->type == RPL_EVENT_ADDRESS)
        daemon_record_told(daemon, &event->u.address);
    record_event(&daemon->record, event, daemon->now);
    return rpl_engine_input(daemon->engine, event, daemon->now);
}

void daemon_fail(struct daemon *daemon, const char *what, int error)
{
    if (error)
        log_error("rpld: stopping", "because=\"%s\" error=\"%s\"", what, strerror(error));
    else
        log_error("rpld: stopping", "because=\"%s\"", what);
    daemon->failed = true;
    ev_break(daemon->loop, EVBREAK_ALL);
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void daemon_on_tun(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;

    (void)loop;
    (void)revents;
    fwd_tun_ready(daemon->fwd, daemon->now);
}

static void daemon_on_packet(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;

    (void)loop;
    (void)revents;
    fwd_packet_ready(daemon->fwd, daemon->now);
}

static void daemon_on_tunnel(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;

    (void)loop;
    (void)revents;
    fwd_tunnel_ready(daemon->fwd, daemon->now);
}

static void daemon_on_lowpan(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;

    (void)loop;
    (void)revents;
    lowpan_ready(daemon->lowpan, daemon->now);
}

static void daemon_on_ping(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;

    (void)loop;
    (void)revents;
    ping_ready(&daemon->ping, daemon->now);
}

static void daemon_on_advert(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;

    (void)loop;
    (void)revents;
    advert_ready(&daemon->adverts, daemon->engine, daemon->now);
}

static void daemon_on_krt(EV_P_ ev_io *io, int revents)
{
    struct daemon *daemon = io->data;
    int r = krt_ready(daemon->krt, io->fd);

    (void)revents;
    if (r < 0) {
        ev_io_stop(EV_A_ io);
        daemon_fail(daemon, "the kernel's routing socket broke", -r);
    }
}

/* Before the callbacks of a turn: the one reading of the clock. */
static void daemon_on_turn_begin(EV_P_ ev_check *check, int revents)
{
    struct daemon *daemon = check->data;

    (void)loop;
    (void)revents;
    daemon->now = daemon_clock();
}

/* Packets wait in their queues until the engine knows what an earlier run knew, and has its
 * address: earlier they would find no way. */
static void daemon_carry(struct daemon *daemon)
{
    daemon->carrying = true;
    ev_io_start(daemon->loop, &daemon->tun_io);
    ev_io_start(daemon->loop, &daemon->packet_io);
    ev_io_start(daemon->loop, &daemon->tunnel_io);
    ev_io_start(daemon->loop, &daemon->lowpan_io);
}

/* When somebody next has something to do. */
static rpl_tstamp daemon_due(const struct daemon *daemon)
{
    const rpl_tstamp each[] = {
        rpl_engine_deadline(daemon->engine),
        ping_deadline(&daemon->ping),
        radio_deadline(&daemon->radios),
        guard_deadline(&daemon->guard),
        daemon->state ? state_deadline(daemon->state) : RPL_NEVER,
        daemon->reconciled ? snapshot_deadline(daemon->snapshot) : RPL_NEVER,
        daemon->reconciled ? uplink_deadline(&daemon->uplink) : RPL_NEVER,
    };
    rpl_tstamp due = RPL_NEVER;

    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
        due = each[i] < due ? each[i] : due;
    return due;
}

static double daemon_wait_s(const struct daemon *daemon)
{
    rpl_tstamp due = daemon_due(daemon), now = daemon_clock();
    double wait = due > now ? (double)(due - now) / 1e6 : 0.;

    if (daemon->more)
        return 0.;
    return wait < DAEMON_SLEEP_MAX_S ? wait : DAEMON_SLEEP_MAX_S;
}

/* After them, before waiting: carry out effects, and set the timer. */
static void daemon_on_turn_end(EV_P_ ev_prepare *prepare, int revents)
{
    struct daemon *daemon = prepare->data;

    (void)revents;
    daemon->more = false;
    daemon_drain(daemon);
    if (daemon->reconciled && !daemon->more && !daemon->carrying)
        daemon_carry(daemon);
    int r = krt_flush(daemon->krt);
    if (r < 0)
        log_error("kernel: route changes wait", "error=\"%s\"", strerror(-r));
    if (daemon->state)
        state_tick(daemon->state, daemon->now);
    if (daemon->reconciled)
        snapshot_tick(daemon->snapshot, daemon->engine, daemon->now);
    radio_turn(&daemon->radios, daemon->now);
    guard_turn(&daemon->guard, daemon->now);
    if (daemon->reconciled)
        uplink_turn(&daemon->uplink, daemon->now);
    daemon_record_turn(daemon);
    ping_turn(&daemon->ping, daemon->now);

    ev_timer_stop(EV_A_ & daemon->deadline);
    ev_now_update(EV_A);
    ev_timer_set(&daemon->deadline, daemon_wait_s(daemon), 0.);
    ev_timer_start(EV_A_ & daemon->deadline);
}

static void daemon_on_deadline(EV_P_ ev_timer *timer, int revents)
{
    struct daemon *daemon = timer->data;

    (void)loop;
    (void)revents;
    record_timeout(&daemon->record, daemon->now);
    rpl_engine_timeout(daemon->engine, daemon->now);
}

static void daemon_on_housekeeping(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
    log_housekeeping();
}

static void daemon_on_watchdog(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
    notify_send("WATCHDOG=1");
}

/* For `systemctl status`: only what has changed, and not at each change. */
static void daemon_on_status(EV_P_ ev_timer *timer, int revents)
{
    struct daemon *daemon = timer->data;
    static const char key[] = "STATUS=";
    char text[sizeof(key) + STATUS_MAX] = "STATUS=";
    struct rpl_view_instance views[RPL_INSTANCES_MAX];
    struct rpl_cursor cursor = {0};
    unsigned count = 0;

    (void)loop;
    (void)revents;
    while (count < RPL_INSTANCES_MAX &&
           rpl_view_next_instance(daemon->engine, &cursor, daemon->now, &views[count]))
        count++;
    status_render(views, count, &daemon->ifaces, text + sizeof(key) - 1, STATUS_MAX);
    if (strcmp(text, daemon->status_sent) == 0)
        return;
    notify_send(text);
    memcpy(daemon->status_sent, text, sizeof(text));
}

static void daemon_on_stop(EV_P_ ev_signal *sig, int revents)
{
    (void)revents;
    log_notice("rpld: stopping", "signal=%d", sig->signum);
    ev_break(EV_A_ EVBREAK_ALL);
}

/* Somebody starts us again at once: what stands is for that one. */
static void daemon_on_handover(EV_P_ ev_signal *sig, int revents)
{
    struct daemon *daemon = sig->data;

    (void)revents;
    log_notice("rpld: stopping, to be started again", "signal=%d", sig->signum);
    daemon->handover = true;
    ev_break(EV_A_ EVBREAK_ALL);
}

static void daemon_on_hup(EV_P_ ev_signal *sig, int revents)
{
    struct daemon *daemon = sig->data;
    size_t len;
    char *text = NULL;
    FILE *report = open_memstream(&text, &len); /* nobody's: the log has it all */

    (void)loop;
    (void)revents;
    if (!report)
        return;
    notify_send("RELOADING=1");
    daemon_reload(daemon, report);
    notify_send("READY=1");
    fclose(report);
    free(text);
}

static void daemon_watch_fd(struct daemon *daemon, ev_io *io,
                            void (*ready)(EV_P_ ev_io *io, int revents), int fd)
{
    ev_io_init(io, ready, fd, EV_READ);
    io->data = daemon;
}

/* Those of the data plane are started by daemon_carry(). */
static void daemon_watch_fds(struct daemon *daemon)
{
    int fds[KRT_FDS_MAX];

    daemon->krt_io_count = krt_fds(daemon->krt, fds);
    for (size_t i = 0; i < daemon->krt_io_count; i++) {
        daemon_watch_fd(daemon, &daemon->krt_io[i], daemon_on_krt, fds[i]);
        ev_io_start(daemon->loop, &daemon->krt_io[i]);
    }
    daemon_watch_fd(daemon, &daemon->tun_io, daemon_on_tun, fwd_tun_fd(daemon->fwd));
    daemon_watch_fd(daemon, &daemon->packet_io, daemon_on_packet, fwd_packet_fd(daemon->fwd));
    daemon_watch_fd(daemon, &daemon->tunnel_io, daemon_on_tunnel, fwd_tunnel_fd(daemon->fwd));
    daemon_watch_fd(daemon, &daemon->lowpan_io, daemon_on_lowpan, lowpan_fd(daemon->lowpan));
    daemon_watch_fd(daemon, &daemon->icmp6_io, daemon_on_icmp6, daemon->icmp6.fd);
    daemon_watch_fd(daemon, &daemon->advert_io, daemon_on_advert, daemon->adverts.fd);
    daemon_watch_fd(daemon, &daemon->ping_io, daemon_on_ping, daemon->ping.fd);
    ev_io_start(daemon->loop, &daemon->icmp6_io);
    ev_io_start(daemon->loop, &daemon->advert_io);
    ev_io_start(daemon->loop, &daemon->ping_io);
}

static void daemon_watch_times(struct daemon *daemon)
{
    struct ev_loop *loop = daemon->loop;

    ev_timer_init(&daemon->deadline, daemon_on_deadline, 0., 0.);
    ev_timer_init(&daemon->housekeeping, daemon_on_housekeeping, DAEMON_HOUSEKEEPING_S,
                  DAEMON_HOUSEKEEPING_S);
    daemon->deadline.data = daemon;
    ev_timer_start(loop, &daemon->housekeeping);
    if (notify_watchdog() > 0) {
        ev_timer_init(&daemon->watchdog, daemon_on_watchdog, 0., notify_watchdog());
        ev_timer_start(loop, &daemon->watchdog);
    }
    if (notify_active()) {
        ev_timer_init(&daemon->status, daemon_on_status, DAEMON_STATUS_FIRST_S, DAEMON_STATUS_S);
        daemon->status.data = daemon;
        ev_timer_start(loop, &daemon->status);
    }
    ev_check_init(&daemon->turn_begin, daemon_on_turn_begin);
    ev_set_priority(&daemon->turn_begin, EV_MAXPRI); /* before every other callback */
    ev_prepare_init(&daemon->turn_end, daemon_on_turn_end);
    daemon->turn_begin.data = daemon->turn_end.data = daemon;
    ev_check_start(loop, &daemon->turn_begin);
    ev_prepare_start(loop, &daemon->turn_end);
}

/* From the first thing that is made until somebody listens to them, signals wait: what was made
 * would be left behind, and a SIGHUP would be the end. */
static void daemon_hold_signals(int how)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(how, &signals, NULL);
}

static void daemon_watch_signals(struct daemon *daemon)
{
    struct ev_loop *loop = daemon->loop;

    ev_signal_init(&daemon->term, daemon_on_stop, SIGTERM);
    ev_signal_init(&daemon->intr, daemon_on_stop, SIGINT);
    ev_signal_init(&daemon->hup, daemon_on_hup, SIGHUP);
    ev_signal_init(&daemon->usr1, daemon_on_handover, SIGUSR1);
    daemon->hup.data = daemon->usr1.data = daemon;
    ev_signal_start(loop, &daemon->term);
    ev_signal_start(loop, &daemon->usr1);
    ev_signal_start(loop, &daemon->intr);
    ev_signal_start(loop, &daemon->hup);
    daemon_hold_signals(SIG_UNBLOCK);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static int daemon_start(struct daemon *daemon)
{
    int r = notify_open();

    if (r < 0)
        log_warning("rpld: cannot reach the service manager", "error=\"%s\"", strerror(-r));
    daemon_hold_signals(SIG_BLOCK);
    r = daemon_open(daemon);
    if (r < 0)
        return r;
    daemon->loop = ev_loop_new(EVFLAG_AUTO);
    if (!daemon->loop)
        return daemon_complain("make an event loop", -ENOMEM, "free some memory");
    r = daemon_control_open(daemon);
    if (r < 0)
        return r;
    r = daemon_privs(daemon);
    if (r < 0)
        return r;
    daemon_kernel_guard(daemon);
    daemon_watch_fds(daemon);
    daemon_watch_times(daemon);
    daemon_watch_signals(daemon);
    bridge_child_go(&daemon->bridge);
    r = krt_dump(daemon->krt);
    return r < 0 ? daemon_complain("ask the kernel for its links", r, "try again") : 0;
}

/* Without -f, and without a service manager that wants to hear from us, we detach. */
static int daemon_detach(struct daemon *self)
{
    if (daemon(0, 0) < 0)
        return daemon_complain("detach", -errno, "use -f");
    ev_loop_fork(self->loop);
    self->detached = true;
    log_open(CONF_LOG_SYSLOG, log_level_get());
    return 0;
}

/* All is open, no process is to be made any more: the wall goes up. */
static void daemon_enclose(const struct daemon *daemon)
{
    privs_enclose(daemon->config_path, daemon->conf.state.directory, daemon->conf.control.socket);
}

static void daemon_stop(struct daemon *daemon)
{
    /* A start that failed leaves alone what an earlier run left. */
    bool leave = daemon->conf.keep_routes || daemon->handover;
    bool keep = leave || (!daemon->reconciled && daemon->fwd && fwd_found(daemon->fwd));

    notify_send("STOPPING=1");
    bridge_child_stop(&daemon->bridge);
    /* What we never came to use is not ours to write: another daemon may be at it. */
    if (daemon->reconciled)
        snapshot_save(daemon->snapshot, daemon->engine, daemon->now);
    if (daemon->reconciled && state_save(daemon->state) == 0)
        log_info("state: written", "directory=%s", daemon->conf.state.directory);
    if (daemon->krt && daemon->reconciled && !leave)
        daemon_kernel_clean(daemon);
    if (daemon->guard.krt && !keep)
        guard_stop(&daemon->guard);
    if (daemon->fwd && !keep) {
        notify_unstore(DAEMON_STORE_TUN);
        notify_unstore(DAEMON_STORE_PACKET);
    }
    daemon_record_close(daemon);
    ctl_free(daemon->ctl);
    lowpan_close(daemon->lowpan, leave);
    krt_free(daemon->krt);
    fwd_close(daemon->fwd, keep);
    icmp6_close(&daemon->icmp6);
    advert_close(&daemon->adverts);
    ping_close(&daemon->ping);
    if (daemon->routes_fd >= 0)
        close(daemon->routes_fd);
    rpl_engine_free(daemon->old_engine);
    rpl_engine_free(daemon->engine);
    snapshot_free(daemon->snapshot);
    state_close(daemon->state);
    if (daemon->loop)
        ev_loop_destroy(daemon->loop);
}

int daemon_run(const struct daemon_options *options, const struct conf *conf)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    bool service = notify_wanted(); /* notify_open() takes it away */
    bool detach = !options->foreground && !service;

    if (!daemon)
        return 1;
    daemon->options = *options;
    daemon->conf = *conf;
    daemon->icmp6.fd = daemon->adverts.fd = daemon->ping.fd = daemon->record_fd =
        daemon->routes_fd = -1;
    daemon->now = daemon->started = daemon_clock();
    signal(SIGPIPE, SIG_IGN);
    if (!realpath(options->config, daemon->config_path))
        snprintf(daemon->config_path, sizeof(daemon->config_path), "%s", options->config);
    iface_table_init(&daemon->ifaces, conf);
    privs_lookup(conf->user, &daemon->user);
    int r = 0;
    /* A service has a unit of its own for the bridge. */
    if (conf->bridge.present && options->foreground && !service)
        r = bridge_child_fork(&daemon->bridge, conf->bridge.program, daemon->config_path);
    if (r == 0)
        r = daemon_start(daemon);
    if (r == 0 && detach)
        r = daemon_detach(daemon);
    if (r == 0) {
        daemon_enclose(daemon);
        log_notice("rpld: running", "version=%s config=%s", RPLD_VERSION, daemon->config_path);
        notify_send("READY=1");
        ev_run(daemon->loop, 0);
    }
    daemon_stop(daemon);
    r = r < 0 || daemon->failed;
    free(daemon);
    return r;
}
