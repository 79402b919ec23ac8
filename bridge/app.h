/* SPDX-License-Identifier: ISC */
/*
 * The program rpld-bridge, in parts: what there is (parts.c), what the loop does (loop.c), what is
 * heard from the others (hear.c), and the order in which it all begins and ends (main.c).
 */
#ifndef BRIDGE_APP_H
#define BRIDGE_APP_H

#include <ev.h>

#include "bridge/bconf.h"
#include "bridge/core.h"
#include "bridge/ctl.h"
#include "bridge/follow.h"
#include "bridge/health.h"
#include "bridge/mqtt.h"
#include "bridge/neighbors.h"
#include "bridge/secure.h"
#include "bridge/seek.h"
#include "bridge/spool.h"
#include "bridge/udp.h"

#define BRG_ABOUT_MAX 1024
#define BRG_SPOOL_DIR "/var/lib/rpld-bridge"
#define BRG_SPOOL_FILE BRG_SPOOL_DIR "/spool.db"

struct brg_app {
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
    struct brg_neighbors *neighbors;
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
    double collect_s;   /* the pause between two looks at the sockets */
    struct brg_now now; /* while datagrams are read */
    uint64_t oversized;
    brg_tstamp log_since;   /* of the lines of the log that were published lately: */
    unsigned log_published; /* how many */
    int exit;               /* of the process, when the loop has ended */
    char about[BRG_ABOUT_MAX];
    struct brg_readings *readings;
    struct brg_show_source show_source;
    struct brg_ctl *ctl; /* NULL: none */
};

/* --- parts.c -------------------------------------------------------------------------------- */

/* A number that nobody can guess. */
uint64_t brg_app_seed(void);

/* The keys are read while we may still read them. False, and the log or standard error says why. */
bool brg_app_dtls_open(struct brg_app *app);

/* The pure parts. False without memory. */
bool brg_app_parts_new(struct brg_app *app);

/* Opens the spool and goes on with what it has. False, and the log says why. */
bool brg_app_spool_open(struct brg_app *app);

/* Commits what is left and frees them all, the spool too. */
void brg_app_parts_free(struct brg_app *app);

/* --- loop.c --------------------------------------------------------------------------------- */

/* A datagram on its way out, which leaves at the end of the turn; |ctx| is the app. */
void brg_app_send(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len);

/* A message from a node, plain or from a DTLS record; |ctx| is the app. */
void brg_app_message(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len);

/* Carries out what the endpoint wants. */
void brg_app_effects(struct brg_app *app, const struct brg_now *now);

/* What cannot leave now is lost as on the air: what matters is sent again. */
void brg_app_flush(struct brg_app *app);

/* From now on the loop looks at the socket, the clocks and the signals. */
void brg_app_watch(struct brg_app *app);

/* --- hear.c --------------------------------------------------------------------------------- */

/* What the core tells; |ctx| is the app. */
void brg_app_trace(void *ctx, const struct brg_trace *trace);

/* Lines of the log go to the broker too, as the configuration wants it. */
void brg_app_publish_log(struct brg_app *app);

/* Makes the broker's side, the routing daemon's and the control socket. False without memory. */
bool brg_app_hear(struct brg_app *app);

#endif
