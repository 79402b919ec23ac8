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

/*
 * A broker that knows MQTT 3.1.1 has no word for a message that it does not take, and hangs up: it
 * is the first again on the next connection, and nothing ever gets behind it. So when connections
 * end soon that something was in flight on, messages go out one by one, behind all else that is
 * said at the begin; and the one that it hangs up on again and again is given up.
 */
#define MQTT_CONDEMNED 8

struct brg_mqtt_suspect {
    bool careful; /* one message at a time */
    bool settled; /* the broker has answered to all that was said before */
    int last_mid; /* of it */
    uint32_t digest;
    unsigned strikes; /* connections that ended with this one in flight */
    struct {
        uint32_t topic; /* 0: none */
        uint32_t value;
        size_t len;
        unsigned times;
        ev_tstamp until;
    } condemned[MQTT_CONDEMNED];
    unsigned next;
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
    int max_qos;                    /* that the broker takes, */
    bool no_retain;                 /* and whether it keeps nothing */
    bool adapted;                   /* it has just said so */
    int stuck_mid;                  /* the oldest in flight when that was looked at last, */
    brg_tstamp stuck_since;         /* and since when it is that */
    struct brg_mqtt_suspect suspect;
};

/* --- mqtt.c --------------------------------------------------------------------------------- */

/* After every call into the library: is there something to write, is it still there? */
void brg_mqtt_after(struct brg_mqtt *mqtt, int result);

/* --- mqtt_suspect.c ------------------------------------------------------------------------- */

/* The connection is there, and this was the last that was said at its begin. */
void brg_mqtt_suspect_begin(struct brg_mqtt *mqtt, int last_mid);

/* The library's callback: the answer to a SUBSCRIBE. */
void brg_mqtt_on_subscribe(struct mosquitto *handle, void *ctx, int mid, int qos_count,
                           const int *granted_qos, const mosquitto_property *properties);

/* May one more message go out now? */
bool brg_mqtt_may_publish(struct brg_mqtt *mqtt);

/* The connection ended; |soon| after its begin. Before the messages go back into the outbox. True:
 * because of a message. */
bool brg_mqtt_struck(struct brg_mqtt *mqtt, bool soon);

/* Is it one that the broker will not take? */
bool brg_mqtt_is_condemned(const struct brg_mqtt *mqtt, const struct brg_message *message);

/* --- mqtt_publish.c ------------------------------------------------------------------------- */

/* The library's callback: a message has arrived, or what MQTT 5 says of it. */
void brg_mqtt_on_publish(struct mosquitto *handle, void *ctx, int mid, int code,
                         const mosquitto_property *properties);

#endif
