/* SPDX-License-Identifier: ISC */
/* rpld-bridge: the command line, the socket, the loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ev.h>
#include <mosquitto.h>

#include "bridge/about.h"
#include "bridge/bconf.h"
#include "bridge/ctl.h"
#include "bridge/core.h"
#include "bridge/follow.h"
#include "bridge/health.h"
#include "bridge/log.h"
#include "bridge/log_trace.h"
#include "bridge/mqtt.h"
#include "bridge/priv.h"
#include "bridge/secure.h"
#include "bridge/seek.h"
#include "bridge/spool.h"
#include "bridge/udp.h"

#define HEALTH_FIRST_S 3.
#define HEALTH_S 60.
#define COLLECT_S 0.01    /* between two looks, */
#define COLLECT_RATE 200  /* when so many datagrams come in a second; */
#define COLLECT_MOST 4000 /* above, the broker's window would be in the way */
#define ABOUT_MAX 1024
#define SPOOL_DIR "/var/lib/rpld-bridge"
#define SPOOL_FILE SPOOL_DIR "/spool.db"

struct bridge {
    struct bconf conf;
    struct ev_loop *loop;
    int udp;
    struct brg_keys keys;
    struct brg_dtls *dtls; /* NULL: no node has a key */
    struct coap_endpoint *ep;
    struct brg_outbox *outbox;
    struct brg_core *core;
    struct brg_spool *spool; /* NULL: none */
    struct brg_mqtt *mqtt;
    struct brg_follow *follow;
    struct brg_follow_handler follow_handler;
    struct brg_mqtt_handler mqtt_handler;
    ev_io udp_io;
    ev_timer timer;
    ev_timer health_timer;
    struct brg_health health;
    ev_prepare prepare;
    ev_signal term, interrupt, hangup;
    struct brg_seek seek;
    struct brg_udp_queue queue;
    brg_tstamp counted_at; /* when the datagrams were counted last, and how many there were */
    uint64_t counted;
    struct brg_now now; /* while datagrams are read */
    uint64_t oversized;
    char about[ABOUT_MAX];
    struct brg_readings *readings;
    struct brg_show_source show_source;
    struct brg_ctl *ctl; /* NULL: none */
};

static void *heap_get(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void heap_put(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

static const struct brg_alloc heap = {heap_get, heap_put, NULL};

static struct brg_now now_read(void)
{
    struct timespec mono = {0};
    struct timespec wall = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct brg_now){
        .mono = (brg_tstamp)mono.tv_sec * BRG_SEC + (brg_tstamp)mono.tv_nsec / 1000,
        .wall_s = (double)wall.tv_sec + (double)wall.tv_nsec / 1e9,
    };
}

/* --- effects -------------------------------------------------------------------------------- */

static void datagram_send(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len)
{
    struct bridge *bridge = ctx;

    brg_udp_send(&bridge->queue, bridge->udp, peer, data, len);
}

/* What cannot leave now is lost as on the air: what matters is sent again. */
static void datagrams_flush(struct bridge *bridge)
{
    unsigned lost = bridge->queue.n > 0 ? brg_udp_flush(&bridge->queue, bridge->udp) : 0;

    if (lost > 0) {
        brg_log_debug("coap: cannot send datagrams=%u", lost);
    }
}

static void effects_run(struct bridge *bridge, const struct brg_now *now)
{
    struct coap_effect effect;

    while (coap_poll(bridge->ep, &effect)) {
        if (effect.kind == COAP_SEND && effect.peer.secure) {
            brg_dtls_send(bridge->dtls, &effect.peer, effect.data, effect.len, now->mono);
        } else if (effect.kind == COAP_SEND) {
            datagram_send(bridge, &effect.peer, effect.data, effect.len);
        } else {
            brg_core_effect(bridge->core, &effect, now);
        }
    }
}

/* Before the loop sleeps: what was begun in this turn goes out, and the timer is set. */
static void before_sleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct bridge *bridge = prepare->data;
    struct brg_now now = now_read();
    brg_tstamp core;
    brg_tstamp deadline;

    (void)events;
    effects_run(bridge, &now);
    brg_mqtt_pump(bridge->mqtt);
    brg_core_tend(bridge->core, &now);
    effects_run(bridge, &now); /* what it acknowledged */
    datagrams_flush(bridge);
    brg_mqtt_cork(bridge->mqtt, false);
    brg_ctl_news(bridge->ctl);
    deadline = coap_deadline(bridge->ep);
    if (bridge->dtls != NULL && brg_dtls_deadline(bridge->dtls) < deadline) {
        deadline = brg_dtls_deadline(bridge->dtls);
    }
    core = brg_core_deadline(bridge->core);
    deadline = core < deadline ? core : deadline;
    ev_timer_stop(loop, &bridge->timer);
    if (deadline != BRG_NEVER) {
        ev_tstamp wait = deadline > now.mono ? (double)(deadline - now.mono) / 1e6 : 0.;

        ev_now_update(loop);
        ev_timer_set(&bridge->timer, wait, 0.);
        ev_timer_start(loop, &bridge->timer);
    }
}

static void timer_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct bridge *bridge = timer->data;
    struct brg_now now = now_read();

    (void)loop;
    (void)events;
    if (bridge->dtls != NULL) {
        brg_dtls_timeout(bridge->dtls, now.mono);
    }
    coap_timeout(bridge->ep, now.mono);
    brg_core_timeout(bridge->core, &now);
}

static void health_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct bridge *bridge = timer->data;
    struct brg_now now = now_read();

    (void)loop;
    (void)events;
    if (brg_mqtt_is_ready(bridge->mqtt)) {
        brg_health_tell(&bridge->health, now.wall_s);
    }
}

/* A message, plain or from a DTLS record. */
static void message(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len)
{
    struct bridge *bridge = ctx;

    if (coap_input(bridge->ep, peer, data, len, bridge->now.mono) == 0) {
        brg_core_heard(bridge->core, peer, &bridge->now);
    }
    effects_run(bridge, &bridge->now);
}

static void datagram(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len,
                     bool group)
{
    struct bridge *bridge = ctx;
    const struct brg_now *now = &bridge->now;

    if (group) {
        (void)coap_input_group(bridge->ep, peer, data, len, now->mono);
        effects_run(bridge, now);
    } else if (bridge->dtls != NULL && brg_dtls_is_record(data, len)) {
        brg_dtls_input(bridge->dtls, peer, data, len, now->mono);
    } else {
        message(bridge, peer, data, len);
    }
    /* At once, so that the next value of this turn does not take the place of this one. */
    brg_mqtt_pump(bridge->mqtt);
}

/* When much comes, what comes within some milliseconds is taken together, for half the cost; else
 * at once. */
static void collect(struct bridge *bridge)
{
    uint64_t received = coap_endpoint_stats(bridge->ep)->received;
    brg_tstamp passed = bridge->now.mono - bridge->counted_at;

    if (passed >= BRG_SEC) {
        uint64_t rate = (received - bridge->counted) / (passed / BRG_SEC);
        bool many = rate > COLLECT_RATE && rate < COLLECT_MOST;

        ev_set_io_collect_interval(bridge->loop, many ? COLLECT_S : 0.);
        bridge->counted_at = bridge->now.mono;
        bridge->counted = received;
    }
}

static void datagrams(struct ev_loop *loop, ev_io *io, int events)
{
    struct bridge *bridge = io->data;

    (void)loop;
    (void)events;
    bridge->now = now_read();
    collect(bridge);
    brg_mqtt_cork(bridge->mqtt, true);
    bridge->oversized += brg_udp_receive(bridge->udp, datagram, bridge);
}

/* --- what the others tell ------------------------------------------------------------------- */

static void on_snapshot_begin(void *ctx)
{
    struct bridge *bridge = ctx;

    brg_core_snapshot_begin(bridge->core);
}

static void on_snapshot_end(void *ctx)
{
    struct bridge *bridge = ctx;
    struct brg_now now = now_read();

    brg_core_snapshot_end(bridge->core, &now);
}

static void on_node(void *ctx, const char *eui64, int instance, const uint8_t *ip,
                    const uint8_t *parent)
{
    struct bridge *bridge = ctx;
    struct brg_now now = now_read();

    if (ip != NULL) {
        brg_core_node_up(bridge->core, eui64, instance, ip, &now);
        if (parent != NULL) {
            brg_core_node_parent(bridge->core, eui64, instance, parent, &now);
        }
    } else {
        brg_core_node_down(bridge->core, eui64, instance, &now);
    }
}

static void on_command(void *ctx, const struct brg_demand *demand)
{
    struct bridge *bridge = ctx;
    struct brg_now now = now_read();

    brg_core_command(bridge->core, demand, &now);
}

static void on_ready(void *ctx)
{
    struct bridge *bridge = ctx;

    brg_core_tell_all(bridge->core);
}

static void on_request(void *ctx, const struct brg_demand *demand)
{
    struct bridge *bridge = ctx;
    struct brg_now now = now_read();

    brg_core_request(bridge->core, demand, &now);
}

static void on_birth(void *ctx)
{
    struct bridge *bridge = ctx;
    struct brg_now now = now_read();

    brg_core_hass_birth(bridge->core, &now);
}

static void on_remembered(void *ctx, const char *topic)
{
    struct bridge *bridge = ctx;
    struct brg_now now = now_read();

    brg_core_remembered(bridge->core, topic, &now);
}

static void on_trace(void *ctx, const struct brg_trace *trace)
{
    const struct bridge *bridge = ctx;

    brg_log_trace(trace, bridge->conf.on_spool_failure == BCONF_SPOOL_MEMORY,
                  bridge->spool == NULL ? "" : brg_spool_error(bridge->spool));
}

static void on_stop(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)signal;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop;
    (void)signal;
    (void)events;
    brg_log_warning("bridge: the configuration is read at start only mend=\"restart it\"");
}

/* --- start ---------------------------------------------------------------------------------- */

static uint64_t seed_read(void)
{
    uint64_t seed = 0;

    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        struct brg_now now = now_read();

        seed = now.mono ^ (uint64_t)getpid() << 32;
    }
    return seed;
}

static const char *about_make(struct bridge *bridge)
{
    struct brg_now now = now_read();
    struct brg_text out;

    brg_text_init(&out, bridge->about, sizeof(bridge->about));
    brg_about_write(&out, &bridge->conf, now.wall_s);
    return out.full ? NULL : bridge->about;
}

static const char *dtls_node_at(void *ctx, const struct coap_addr *peer)
{
    const struct bridge *bridge = ctx;

    return brg_core_node_at(bridge->core, peer->ip);
}

/* The keys are read while we may still read them. */
static bool dtls_open(struct bridge *bridge)
{
    const struct brg_dtls_handler handler = {
        .send = datagram_send,
        .receive = message,
        .node_at = dtls_node_at,
        .failed = brg_secure_failed,
        .ctx = bridge,
    };

    return brg_secure_open(&bridge->conf, &handler, &bridge->keys, &bridge->dtls);
}

/* The pure parts. False without memory. */
static bool parts_new(struct bridge *bridge)
{
    const struct bconf *conf = &bridge->conf;
    struct brg_outbox_config outbox;
    struct brg_core_config core;
    struct coap_config coap;

    coap_config_defaults(&coap);
    coap.seed = seed_read();
    coap.max_outstanding = (uint32_t)conf->outstanding;
    coap.peer_rate = (uint32_t)conf->node_rate;
    coap.max_peers = (uint32_t)conf->max_nodes;
    coap.max_requests_per_peer = 2 * (uint32_t)conf->max_resources + 1;
    coap.max_requests = coap.max_requests_per_peer * coap.max_peers;
    brg_outbox_config_defaults(&outbox);
    outbox.max_bytes = (size_t)conf->max_memory_mb << 20;
    bconf_core(conf, &core);
    core.seed = seed_read();
    core.about = about_make(bridge);
    core.version = BRIDGE_VERSION;
    core.is_secure = bridge->dtls == NULL ? NULL : brg_secure_has_key;
    core.secure_ctx = &bridge->keys;
    bridge->ep = coap_endpoint_new(&coap, &heap);
    bridge->outbox = brg_outbox_new(&outbox, &heap);
    if (bridge->ep == NULL || bridge->outbox == NULL) {
        return false;
    }
    bridge->core = brg_core_new(&core, bridge->ep, bridge->outbox, &heap, on_trace, bridge);
    if (bridge->core == NULL) {
        return false;
    }
    brg_outbox_set_maker(bridge->outbox, brg_core_make, bridge->core);
    if (conf->readings_kb > 0) {
        bridge->readings = brg_readings_new((size_t)conf->readings_kb << 10,
                                            (uint64_t)(now_read().wall_s * 1000.), &heap);
        brg_core_note_in(bridge->core, bridge->readings);
    }
    return true;
}

static void take_state(void *arg, uint64_t id, const struct brg_message *message)
{
    struct bridge *bridge = arg;

    (void)brg_outbox_restore(bridge->outbox, id, message);
}

static void take_observation(void *arg, const struct brg_observation *observation)
{
    struct bridge *bridge = arg;
    struct brg_now now = now_read();

    (void)brg_core_restore(bridge->core, observation, &now);
}

/* The file to use; NULL: none. */
static const char *spool_file(const struct bconf *conf)
{
    if (strcmp(conf->spool, "none") == 0) {
        return NULL;
    }
    if (conf->spool[0] != '\0') {
        return conf->spool;
    }
    if (access(SPOOL_DIR, W_OK | X_OK) == 0) {
        return SPOOL_FILE;
    }
    brg_log_warning("spool: none, a restart loses what the broker does not have "
                    "mend=\"make " SPOOL_DIR " for this user, or set bridge.spool\"");
    return NULL;
}

/* Opens the spool and goes on with what it has. */
static bool spool_open(struct bridge *bridge)
{
    const struct bconf *conf = &bridge->conf;
    const struct brg_spool_config config = {
        .file = spool_file(conf),
        .max_bytes = (uint64_t)conf->spool_mb << 20,
        .max_age_s = conf->spool_hours * 3600.,
    };
    char error[128];
    uint64_t first;
    uint64_t next;
    bool aside;

    if (config.file == NULL) {
        return true;
    }
    (void)umask(S_IRWXG | S_IRWXO);
    bridge->spool = brg_spool_open(&config, &aside, error);
    if (aside) {
        brg_log_error("spool: cannot be read, begun anew file=%s old=%s-broken", config.file,
                      config.file);
    }
    if (bridge->spool == NULL || brg_spool_ids(bridge->spool, &first, &next) < 0) {
        brg_log_error("spool: cannot be opened file=%s error=\"%s\" mend=\"set bridge.spool to a "
                      "file of this bridge alone in a directory that its user can write to\"",
                      config.file, error);
        return false;
    }
    brg_outbox_attach(bridge->outbox, brg_spool_store(bridge->spool), first, next);
    brg_core_attach(bridge->core, brg_spool_store(bridge->spool));
    (void)brg_spool_states(bridge->spool, take_state, bridge);
    (void)brg_spool_observations(bridge->spool, take_observation, bridge);
    brg_log_info("spool: open file=%s messages=%llu observations=%llu", config.file,
                 (unsigned long long)brg_spool_stats(bridge->spool)->messages,
                 (unsigned long long)brg_core_stats(bridge->core)->observed);
    return true;
}

static void parts_free(struct bridge *bridge)
{
    struct brg_now now = now_read();

    if (brg_core_commit(bridge->core, &now) < 0) {
        brg_log_error("spool: the last messages are lost error=\"%s\"",
                      brg_spool_error(bridge->spool));
    }
    effects_run(bridge, &now); /* acknowledgements */
    brg_dtls_free(bridge->dtls);
    datagrams_flush(bridge);
    brg_core_free(bridge->core);
    brg_readings_free(bridge->readings);
    brg_outbox_free(bridge->outbox);
    brg_spool_close(bridge->spool);
    coap_endpoint_free(bridge->ep);
}

static void watchers_start(struct bridge *bridge)
{
    struct ev_loop *loop = bridge->loop;

    ev_io_init(&bridge->udp_io, datagrams, bridge->udp, EV_READ);
    ev_init(&bridge->timer, timer_due);
    ev_prepare_init(&bridge->prepare, before_sleep);
    ev_signal_init(&bridge->term, on_stop, SIGTERM);
    ev_signal_init(&bridge->interrupt, on_stop, SIGINT);
    ev_signal_init(&bridge->hangup, on_hangup, SIGHUP);
    bridge->udp_io.data = bridge;
    bridge->timer.data = bridge;
    ev_timer_init(&bridge->health_timer, health_due, HEALTH_FIRST_S, HEALTH_S);
    bridge->health_timer.data = bridge;
    bridge->health = (struct brg_health){
        .base = bridge->conf.base,
        .core = bridge->core,
        .ep = bridge->ep,
        .outbox = bridge->outbox,
        .spool = bridge->spool,
    };
    ev_timer_start(loop, &bridge->health_timer);
    bridge->prepare.data = bridge;
    ev_io_start(loop, &bridge->udp_io);
    ev_prepare_start(loop, &bridge->prepare);
    ev_signal_start(loop, &bridge->term);
    ev_signal_start(loop, &bridge->interrupt);
    ev_signal_start(loop, &bridge->hangup);
}

static void show_broker(void *ctx, struct brg_show_broker *ret_broker)
{
    const struct bridge *bridge = ctx;

    brg_mqtt_show(bridge->mqtt, ret_broker);
}

static void ctl_start(struct bridge *bridge)
{
    const char *path = bridge->conf.control_socket;

    bridge->show_source = (struct brg_show_source){
        .core = bridge->core,
        .ep = bridge->ep,
        .outbox = bridge->outbox,
        .spool = bridge->spool,
        .readings = bridge->readings,
        .broker = show_broker,
        .ctx = bridge,
    };
    if (strcmp(path, "none") == 0) {
        return;
    }
    bridge->ctl = brg_ctl_new(bridge->loop, path, &bridge->show_source);
    if (bridge->ctl == NULL) {
        brg_log_warning("control: no socket, rplctl will not find the bridge socket=%s "
                        "error=\"%s\" mend=\"set bridge.control_socket to a path in a directory "
                        "that the bridge's user can write to, or to none\"",
                        path, strerror(errno));
    }
}

static bool others_start(struct bridge *bridge)
{
    bridge->mqtt_handler = (struct brg_mqtt_handler){
        .command = on_command,
        .remembered = on_remembered,
        .ready = on_ready,
        .birth = on_birth,
        .request = on_request,
        .ctx = bridge,
    };
    bridge->follow_handler = (struct brg_follow_handler){
        .snapshot_begin = on_snapshot_begin,
        .snapshot_end = on_snapshot_end,
        .node = on_node,
        .ctx = bridge,
    };
    bridge->mqtt = brg_mqtt_new(bridge->loop, &bridge->conf, bridge->outbox, seed_read(),
                                &bridge->mqtt_handler);
    bridge->follow = brg_follow_new(bridge->loop, bridge->conf.socket, &bridge->follow_handler);
    if (bridge->mqtt != NULL) {
        ctl_start(bridge);
    }
    return bridge->mqtt != NULL && bridge->follow != NULL;
}

/* All is open: the wall goes up, and what comes in from the world comes in behind it. */
static void enclose(const struct bridge *bridge)
{
    const char *spool = NULL;

    if (bridge->spool != NULL) {
        spool = bridge->conf.spool[0] != '\0' ? bridge->conf.spool : SPOOL_FILE;
    }
    brg_priv_enclose(&bridge->conf, spool);
}

static int run(struct bridge *bridge)
{
    const char *what = "";
    int err;

    bridge->udp = brg_udp_open(bridge->conf.coap_port);
    if (bridge->udp < 0) {
        brg_log_error("coap: cannot open the socket port=%d error=\"%s\"%s", bridge->conf.coap_port,
                      strerror(-bridge->udp),
                      bridge->udp == -EADDRINUSE ? " mend=\"set bridge.coap_port to another\""
                                                 : "");
        return 1;
    }
    if (!dtls_open(bridge)) {
        return 1;
    }
    if (strcmp(bridge->conf.control_socket, "none") != 0) {
        brg_ctl_prepare(bridge->conf.control_socket, bridge->conf.user);
    }
    err = brg_priv_drop(bridge->conf.user, &what);
    if (err < 0) {
        brg_log_error("bridge: cannot %s user=%s error=\"%s\"", what, bridge->conf.user,
                      strerror(-err));
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)mosquitto_lib_init();
    bridge->loop = ev_default_loop(EVFLAG_AUTO);
    if (bridge->loop == NULL || !parts_new(bridge)) {
        brg_log_error("bridge: cannot start error=\"%s\"", strerror(ENOMEM));
        return 1;
    }
    if (!spool_open(bridge)) {
        return 1;
    }
    watchers_start(bridge);
    brg_seek_start(&bridge->seek, bridge->loop, &bridge->conf, bridge->core, bridge->udp);
    if (!others_start(bridge)) {
        brg_log_error("bridge: cannot start error=\"%s\"", strerror(ENOMEM));
        return 1;
    }
    enclose(bridge);
    brg_mqtt_start(bridge->mqtt);
    ev_run(bridge->loop, 0);
    brg_log_info("bridge: stopping");
    brg_ctl_free(bridge->ctl);
    brg_follow_free(bridge->follow);
    brg_mqtt_free(bridge->mqtt);
    parts_free(bridge);
    brg_keys_free(&bridge->keys);
    (void)close(bridge->udp);
    return 0;
}

static void usage(FILE *out)
{
    (void)fputs("usage: rpld-bridge [-c FILE] [-df] [-s SOCKET]   run\n"
                "       rpld-bridge [-c FILE] -t                  check the configuration\n"
                "       rpld-bridge -V | -h                       version, this text\n"
                "\n"
                "  -c FILE    configuration, instead of " BCONF_FILE_DEFAULT "\n"
                "  -d         log everything, whatever the configuration says\n"
                "  -f         log to standard error, whatever the configuration says\n"
                "  -s SOCKET  rpld's control socket, whatever the configuration says\n"
                "\n"
                "See rpld-bridge(8) and rpld-bridge.conf(5).\n",
                out);
}

static void password_check(const struct bconf *conf, const char *file)
{
    struct stat st;

    if (conf->password[0] != '\0' && stat(file, &st) == 0 && (st.st_mode & S_IROTH)) {
        brg_log_warning("bridge: everybody can read the broker's password file=%s "
                        "mend=\"chgrp rpld %s; chmod 640 %s\"",
                        file, file, file);
    }
}

struct options {
    const char *file;
    const char *socket;
    bool debug;
    bool foreground;
    bool check;
    int exit; /* 0..: nothing more to do */
};

static void options_read(int argc, char **argv, struct options *options)
{
    int c;

    while (options->exit < 0 && (c = getopt(argc, argv, "c:dfhs:tV")) != -1) {
        switch (c) {
        case 'c':
            options->file = optarg;
            break;
        case 'd':
            options->debug = true;
            break;
        case 'f':
            options->foreground = true;
            break;
        case 's':
            options->socket = optarg;
            break;
        case 't':
            options->check = true;
            break;
        case 'V':
            (void)puts("rpld-bridge " BRIDGE_VERSION);
            options->exit = 0;
            break;
        case 'h':
            usage(stdout);
            options->exit = 0;
            break;
        default:
            usage(stderr);
            options->exit = 2;
            break;
        }
    }
    if (options->exit < 0 && (optind < argc || (options->socket != NULL &&
                                                strlen(options->socket) >= BCONF_SOCKET_MAX))) {
        (void)fprintf(stderr, "rpld-bridge: \"%s\" is not %s\n",
                      optind < argc ? argv[optind] : options->socket,
                      optind < argc ? "an option; the configuration goes behind -c"
                                    : "a path that a socket can have");
        usage(stderr);
        options->exit = 2;
    }
}

int main(int argc, char **argv)
{
    static struct bridge bridge;
    struct options options = {.file = BCONF_FILE_DEFAULT, .exit = -1};
    struct bconf *conf = &bridge.conf;

    options_read(argc, argv, &options);
    if (options.exit >= 0) {
        return options.exit;
    }
    if (bconf_load(options.file, conf, stderr) > 0) {
        (void)fprintf(stderr,
                      "rpld-bridge: not started: correct the above in %s, then try rpld-bridge -t "
                      "-c %s; rpld-bridge.conf(5) has every setting\n",
                      options.file, options.file);
        return 1;
    }
    if (options.check) {
        if (conf->dtls_keys[0] != '\0' &&
            brg_keys_load(conf->dtls_keys, &bridge.keys, stderr) > 0) {
            return 1;
        }
        (void)printf("%s: the group bridge is right\n", options.file);
        return 0;
    }
    if (options.socket != NULL) {
        memcpy(conf->socket, options.socket, strlen(options.socket) + 1);
    }
    brg_log_open(options.foreground ? BCONF_LOG_STDERR : (enum bconf_log_to)conf->log_to,
                 options.debug ? BCONF_LOG_DEBUG : (enum bconf_log_level)conf->log_level);
    password_check(conf, options.file);
    return run(&bridge);
}
