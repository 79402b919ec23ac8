/* SPDX-License-Identifier: ISC */
/*
 * What the files of the broker's side share: mqtt.c has the connection, mqtt_publish.c what is
 * published through it.
 */
#ifndef BRIDGE_MQTT_INTERNAL_H
#define BRIDGE_MQTT_INTERNAL_H

#include <pthread.h>

#include <mosquitto.h>

#include "bridge/mqtt.h"
#include "bridge/mqtt_alias.h"
#include "bridge/topic.h"

#define MQTT_WINDOW 100

enum mqtt_state {
    MQTT_AWAY,       /* the retry timer runs */
    MQTT_CONNECTING, /* the handle belongs to the thread */
    MQTT_CONNACK,    /* connected, not yet accepted */
    MQTT_READY,
};

struct brg_mqtt {
    struct ev_loop *loop;
    const struct bconf *conf;
    struct brg_outbox *outbox;
    const struct brg_mqtt_handler *handler;
    uint64_t random;
    char client_id[BCONF_TEXT_MAX];
    char state_topic[BRG_TOPIC_MAX];
    enum mqtt_state state;
    struct mosquitto *handle;
    ev_io io;
    ev_timer timer; /* AWAY: try again; CONNACK: too late; READY: keep-alive */
    ev_async connected;
    pthread_t thread;
    int thread_result; /* written by the thread before |connected| is sent */
    int thread_errno;
    double retry_s;
    bool said_away;
    size_t broker;     /* the one in use or to be tried next */
    bool only_311;     /* a broker does not know MQTT 5 */
    bool only_311_now; /* and has just said so */
    bool guessed;      /* it did not say so, but closed the connection without a word */
    bool v5;           /* of |handle| */
    bool taken_over;
    unsigned short_lived; /* connections in a row */
    ev_tstamp ready_at;
    struct brg_aliases aliases; /* of this connection */
    char refusal[96];           /* of a CONNACK or DISCONNECT; "": none */
    bool corked;
    mosquitto_property *properties; /* of the last message without any of its own, */
    uint32_t properties_expiry_s;   /* and what they say */
    enum brg_content properties_content;
    bool publishing; /* inside mosquitto_publish(), whose callback may come at once */
    struct {
        int mid;
        int code;
    } acked[MQTT_WINDOW];
    size_t n_acked;
    char aged[BRG_OUTPUT_MAX + 64]; /* a value with its age */
    bool said_refused;              /* on this connection: the rest is for who looks closer */
};

/* --- mqtt.c --------------------------------------------------------------------------------- */

/* After every call into the library: is there something to write, is it still there? */
void brg_mqtt_after(struct brg_mqtt *mqtt, int result);

/* --- mqtt_publish.c ------------------------------------------------------------------------- */

/* The library's callback: a message has arrived, or what MQTT 5 says of it. */
void brg_mqtt_on_publish(struct mosquitto *handle, void *ctx, int mid, int code,
                         const mosquitto_property *properties);

#endif
