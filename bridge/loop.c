/* SPDX-License-Identifier: ISC */
/* rpld-bridge: what happens in a turn of the loop. */
#include "bridge/app.h"

#include "bridge/clock.h"
#include "bridge/log.h"

#define EXIT_RESTART 3 /* not 0: who looks after us starts us again */
#define HEALTH_FIRST_S 3.
#define HEALTH_S 60.
#define COLLECT_RATE 200 /* when so many datagrams come in a second */
#define COLLECT_S 0.02   /* it is so long between two looks, at most, */
#define COLLECT_MANY                                                                               \
    40. /* or as long as so many take: the broker's window has room for twice that */

/* --- effects -------------------------------------------------------------------------------- */

void brg_app_send(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len)
{
    struct brg_app *app = ctx;

    brg_udp_send(&app->queue, app->udp, peer, data, len);
}

void brg_app_flush(struct brg_app *app)
{
    unsigned lost = app->queue.n > 0 ? brg_udp_flush(&app->queue, app->udp) : 0;

    if (lost > 0) {
        brg_log_debug("coap: cannot send datagrams=%u", lost);
    }
}

void brg_app_effects(struct brg_app *app, const struct brg_now *now)
{
    struct coap_effect effect;

    while (coap_poll(app->ep, &effect)) {
        if (effect.kind == COAP_SEND && effect.peer.secure) {
            brg_dtls_send(app->dtls, &effect.peer, effect.data, effect.len, now->mono);
        } else if (effect.kind == COAP_SEND) {
            brg_app_send(app, &effect.peer, effect.data, effect.len);
        } else {
            brg_core_effect(app->core, &effect, now);
        }
    }
}

/* Before the loop sleeps: what was begun in this turn goes out, and the timer is set. */
static void before_sleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct brg_app *app = prepare->data;
    struct brg_now now = brg_clock_read();
    double pause;
    brg_tstamp core;
    brg_tstamp deadline;

    (void)events;
    brg_app_effects(app, &now);
    brg_mqtt_pump(app->mqtt);
    brg_core_tend(app->core, &now);
    brg_app_effects(app, &now); /* what it acknowledged */
    brg_app_flush(app);
    brg_mqtt_cork(app->mqtt, false);
    brg_ctl_news(app->ctl);
    if (brg_core_wants_restart(app->core)) {
        brg_log_info("bridge: asked to begin anew");
        app->exit = EXIT_RESTART;
        ev_break(loop, EVBREAK_ALL);
    } else if (app->spool != NULL && brg_spool_is_broken(app->spool) &&
               app->conf.on_spool_failure != BCONF_SPOOL_MEMORY) {
        brg_log_error("spool: its file is damaged, it is put aside at the next start error=\"%s\"",
                      brg_spool_error(app->spool));
        app->exit = EXIT_RESTART;
        ev_break(loop, EVBREAK_ALL);
    }
    /* What waits for the broker's acknowledgements goes on with each of them. */
    pause = brg_outbox_is_full(app->outbox) ? 0. : app->collect_s;
    ev_set_io_collect_interval(loop, pause);
    ev_set_timeout_collect_interval(loop, pause); /* what is due meanwhile is no turn of its own */
    deadline = coap_deadline(app->ep);
    if (app->dtls != NULL && brg_dtls_deadline(app->dtls) < deadline) {
        deadline = brg_dtls_deadline(app->dtls);
    }
    core = brg_core_deadline(app->core);
    deadline = core < deadline ? core : deadline;
    ev_timer_stop(loop, &app->timer);
    if (deadline != BRG_NEVER) {
        ev_tstamp wait = deadline > now.mono ? (double)(deadline - now.mono) / 1e6 : 0.;

        ev_now_update(loop);
        ev_timer_set(&app->timer, wait, 0.);
        ev_timer_start(loop, &app->timer);
    }
}

static void timer_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct brg_app *app = timer->data;
    struct brg_now now = brg_clock_read();

    (void)loop;
    (void)events;
    if (app->dtls != NULL) {
        brg_dtls_timeout(app->dtls, now.mono);
    }
    coap_timeout(app->ep, now.mono);
    brg_core_timeout(app->core, &now);
}

static void health_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct brg_app *app = timer->data;
    struct brg_now now = brg_clock_read();

    (void)loop;
    (void)events;
    brg_core_survey(app->core, &now);
    if (brg_mqtt_is_ready(app->mqtt)) {
        brg_health_tell(&app->health, now.wall_s);
    }
}

void brg_app_message(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len)
{
    struct brg_app *app = ctx;

    if (coap_input(app->ep, peer, data, len, app->now.mono) == 0) {
        brg_core_heard(app->core, peer, &app->now);
    }
    brg_app_effects(app, &app->now);
}

static void datagram(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len,
                     bool group)
{
    struct brg_app *app = ctx;
    const struct brg_now *now = &app->now;

    if (group) {
        (void)coap_input_group(app->ep, peer, data, len, now->mono);
        brg_app_effects(app, now);
    } else if (app->dtls != NULL && brg_dtls_is_record(data, len)) {
        brg_dtls_input(app->dtls, peer, data, len, now->mono);
    } else {
        brg_app_message(app, peer, data, len);
    }
    /* At once, so that the next value of this turn does not take the place of this one. */
    brg_mqtt_pump(app->mqtt);
}

/* When much comes, what comes within some milliseconds is taken together, for half the cost; else
 * at once. */
static void collect(struct brg_app *app)
{
    uint64_t received = coap_endpoint_stats(app->ep)->received;
    brg_tstamp passed = app->now.mono - app->counted_at;

    if (passed >= BRG_SEC) {
        uint64_t rate = (received - app->counted) / (passed / BRG_SEC);
        double wait = rate > COLLECT_RATE ? COLLECT_MANY / (double)rate : 0.;

        app->collect_s = wait < COLLECT_S ? wait : COLLECT_S;
        app->counted_at = app->now.mono;
        app->counted = received;
    }
}

static void datagrams(struct ev_loop *loop, ev_io *io, int events)
{
    struct brg_app *app = io->data;

    (void)loop;
    (void)events;
    app->now = brg_clock_read();
    collect(app);
    brg_mqtt_cork(app->mqtt, true);
    app->oversized += brg_udp_receive(app->udp, datagram, app);
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

void brg_app_watch(struct brg_app *app)
{
    struct ev_loop *loop = app->loop;

    ev_io_init(&app->udp_io, datagrams, app->udp, EV_READ);
    ev_init(&app->timer, timer_due);
    ev_prepare_init(&app->prepare, before_sleep);
    ev_signal_init(&app->term, on_stop, SIGTERM);
    ev_signal_init(&app->interrupt, on_stop, SIGINT);
    ev_signal_init(&app->hangup, on_hangup, SIGHUP);
    app->udp_io.data = app;
    app->timer.data = app;
    ev_timer_init(&app->health_timer, health_due, HEALTH_FIRST_S, HEALTH_S);
    app->health_timer.data = app;
    app->health = (struct brg_health){
        .base = app->conf.base,
        .core = app->core,
        .ep = app->ep,
        .outbox = app->outbox,
        .spool = app->spool,
    };
    ev_timer_start(loop, &app->health_timer);
    app->prepare.data = app;
    ev_io_start(loop, &app->udp_io);
    ev_prepare_start(loop, &app->prepare);
    ev_signal_start(loop, &app->term);
    ev_signal_start(loop, &app->interrupt);
    ev_signal_start(loop, &app->hangup);
}
