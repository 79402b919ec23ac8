/* SPDX-License-Identifier: ISC */
#include "bridge/mqtt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>

#include "bridge/log.h"
#include "bridge/topic.h"

#define RETRY_MIN_S 1.0
#define RETRY_MAX_S 60.0
#define CONNACK_S 15.0
#define COMMAND_DEPTH_MAX 8 /* segments of a resource's path */
#define WINDOW 100
#define PACKETS_PER_TURN 100
#define STATE_QOS 1

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
    char refusal[64]; /* of a CONNACK; "": none */
    bool publishing;  /* inside mosquitto_publish(), whose callback may come at once */
    int acked[WINDOW];
    size_t n_acked;
};

static void connect_begin(struct brg_mqtt *mqtt);

/* --- losing it ------------------------------------------------------------------------------ */

static void lost(struct brg_mqtt *mqtt, const char *reason)
{
    double wait = mqtt->retry_s;

    ev_io_stop(mqtt->loop, &mqtt->io);
    ev_timer_stop(mqtt->loop, &mqtt->timer);
    mosquitto_destroy(mqtt->handle);
    mqtt->handle = NULL;
    mqtt->state = MQTT_AWAY;
    mqtt->n_acked = 0;
    brg_outbox_lost(mqtt->outbox);
    if (!mqtt->said_away) {
        mqtt->said_away = true;
        brg_log_warning("broker: away, trying again broker=%s reason=\"%s\"", mqtt->conf->broker,
                        reason);
    }
    /* A quarter more or less, so that many bridges do not come back at the same instant. */
    wait *= 0.75 + (double)brg_random_below(&mqtt->random, 1000) / 2000;
    mqtt->retry_s = mqtt->retry_s * 2 < RETRY_MAX_S ? mqtt->retry_s * 2 : RETRY_MAX_S;
    ev_timer_set(&mqtt->timer, wait, 0.);
    ev_timer_start(mqtt->loop, &mqtt->timer);
}

static const char *reason_for(int result, int error)
{
    return result == MOSQ_ERR_ERRNO ? strerror(error) : mosquitto_strerror(result);
}

/* After every call into the library: is there something to write, is it still there? */
static void after(struct brg_mqtt *mqtt, int result)
{
    int events = EV_READ;

    if (mqtt->refusal[0] != '\0') {
        lost(mqtt, mqtt->refusal);
        return;
    }
    if (result != MOSQ_ERR_SUCCESS) {
        lost(mqtt, reason_for(result, errno));
        return;
    }
    events |= mosquitto_want_write(mqtt->handle) ? EV_WRITE : 0;
    if (events != (mqtt->io.events & (EV_READ | EV_WRITE))) {
        ev_io_stop(mqtt->loop, &mqtt->io);
        ev_io_set(&mqtt->io, mosquitto_socket(mqtt->handle), events);
        ev_io_start(mqtt->loop, &mqtt->io);
    }
}

/* --- publishing ----------------------------------------------------------------------------- */

static void on_publish(struct mosquitto *handle, void *ctx, int mid)
{
    struct brg_mqtt *mqtt = ctx;

    (void)handle;
    if (!mqtt->publishing) {
        brg_outbox_acked(mqtt->outbox, mid);
    } else if (mqtt->n_acked < WINDOW) {
        mqtt->acked[mqtt->n_acked++] = mid; /* the message is still being read */
    }
}

static bool cannot_be_sent(int result)
{
    return result == MOSQ_ERR_INVAL || result == MOSQ_ERR_PAYLOAD_SIZE ||
           result == MOSQ_ERR_MALFORMED_UTF8 || result == MOSQ_ERR_OVERSIZE_PACKET;
}

void brg_mqtt_pump(struct brg_mqtt *mqtt)
{
    struct brg_message *message;
    int result = MOSQ_ERR_SUCCESS;

    if (mqtt->state != MQTT_READY) {
        return;
    }
    while (result == MOSQ_ERR_SUCCESS && (message = brg_outbox_take(mqtt->outbox)) != NULL) {
        mqtt->publishing = true;
        result = mosquitto_publish(mqtt->handle, &message->mid, message->topic, (int)message->len,
                                   message->payload, message->qos, message->retain);
        mqtt->publishing = false;
        if (cannot_be_sent(result)) {
            brg_log_warning("broker: a message cannot be sent topic=%s reason=\"%s\"",
                            message->topic, mosquitto_strerror(result));
            message->mid = -1;
            brg_outbox_acked(mqtt->outbox, -1);
            result = MOSQ_ERR_SUCCESS;
        }
        while (mqtt->n_acked > 0) {
            brg_outbox_acked(mqtt->outbox, mqtt->acked[--mqtt->n_acked]);
        }
    }
    after(mqtt, result);
}

/* --- being connected ------------------------------------------------------------------------ */

/* BASE/+/+/set, BASE/+/+/+/set, ...: each depth of a path has a filter of its own, since what
 * stands behind a many-level wildcard cannot be matched. */
static void subscribe(struct brg_mqtt *mqtt)
{
    char filter[BRG_TOPIC_MAX];
    struct brg_text text;

    for (int depth = 1; depth <= COMMAND_DEPTH_MAX; depth++) {
        brg_text_init(&text, filter, sizeof(filter));
        brg_text_puts(&text, mqtt->conf->base);
        for (int i = 0; i <= depth; i++) {
            brg_text_puts(&text, "/+");
        }
        brg_text_puts(&text, "/set");
        (void)mosquitto_subscribe(mqtt->handle, NULL, filter, 1);
    }
    (void)snprintf(filter, sizeof(filter), "%s/+/availability", mqtt->conf->base);
    (void)mosquitto_subscribe(mqtt->handle, NULL, filter, 0);
}

static void on_connect(struct mosquitto *handle, void *ctx, int code)
{
    struct brg_mqtt *mqtt = ctx;

    if (code != 0) {
        (void)snprintf(mqtt->refusal, sizeof(mqtt->refusal), "%s", mosquitto_connack_string(code));
        return;
    }
    mqtt->state = MQTT_READY;
    mqtt->retry_s = RETRY_MIN_S;
    mqtt->said_away = false;
    brg_log_info("broker: connected broker=%s client_id=%s", mqtt->conf->broker, mqtt->client_id);
    (void)mosquitto_publish(handle, NULL, mqtt->state_topic, 6, "online", STATE_QOS, true);
    subscribe(mqtt);
    brg_outbox_republish(mqtt->outbox);
    ev_timer_stop(mqtt->loop, &mqtt->timer);
    ev_timer_set(&mqtt->timer, mqtt->conf->keepalive_s / 4., mqtt->conf->keepalive_s / 4.);
    ev_timer_start(mqtt->loop, &mqtt->timer);
}

static void on_message(struct mosquitto *handle, void *ctx, const struct mosquitto_message *message)
{
    struct brg_mqtt *mqtt = ctx;

    const struct brg_mqtt_handler *handler = mqtt->handler;
    const char *last = strrchr(message->topic, '/');

    (void)handle;
    if (last == NULL || message->payloadlen < 0) {
        return;
    }
    /* A retained command is an old one: it was meant for who listened then. Of availability it is
     * the other way round: the rest is our own voice. */
    if (strcmp(last, "/set") == 0 && !message->retain) {
        handler->command(handler->ctx, message->topic, message->payload,
                         (size_t)message->payloadlen);
    } else if (strcmp(last, "/availability") == 0 && message->retain && message->payloadlen == 6 &&
               memcmp(message->payload, "online", 6) == 0) {
        handler->remembered(handler->ctx, message->topic);
    }
}

static void ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct brg_mqtt *mqtt = io->data;
    int result = MOSQ_ERR_SUCCESS;

    (void)loop;
    if (events & EV_WRITE) {
        result = mosquitto_loop_write(mqtt->handle, 1);
    }
    if (result == MOSQ_ERR_SUCCESS && (events & EV_READ)) {
        result = mosquitto_loop_read(mqtt->handle, PACKETS_PER_TURN);
    }
    after(mqtt, result);
    brg_mqtt_pump(mqtt);
}

static void timer_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct brg_mqtt *mqtt = timer->data;

    (void)loop;
    (void)events;
    if (mqtt->state == MQTT_AWAY) {
        connect_begin(mqtt);
    } else if (mqtt->state == MQTT_CONNACK) {
        lost(mqtt, "it does not accept the connection");
    } else if (mqtt->state == MQTT_READY) {
        after(mqtt, mosquitto_loop_misc(mqtt->handle));
    }
}

/* --- connecting ----------------------------------------------------------------------------- */

static void *connect_main(void *arg)
{
    struct brg_mqtt *mqtt = arg;

    mqtt->thread_result = mosquitto_connect(mqtt->handle, mqtt->conf->broker_host,
                                            mqtt->conf->broker_port, mqtt->conf->keepalive_s);
    mqtt->thread_errno = errno;
    ev_async_send(mqtt->loop, &mqtt->connected);
    return NULL;
}

static void connected(struct ev_loop *loop, ev_async *async, int events)
{
    struct brg_mqtt *mqtt = async->data;

    (void)events;
    (void)pthread_join(mqtt->thread, NULL);
    if (mqtt->thread_result != MOSQ_ERR_SUCCESS) {
        lost(mqtt, reason_for(mqtt->thread_result, mqtt->thread_errno));
        return;
    }
    mqtt->state = MQTT_CONNACK;
    ev_io_set(&mqtt->io, mosquitto_socket(mqtt->handle), EV_READ);
    ev_io_start(loop, &mqtt->io);
    ev_timer_set(&mqtt->timer, CONNACK_S, 0.);
    ev_timer_start(loop, &mqtt->timer);
    after(mqtt, MOSQ_ERR_SUCCESS);
}

static int handle_new(struct brg_mqtt *mqtt)
{
    const struct bconf *conf = mqtt->conf;
    int result;

    mqtt->handle = mosquitto_new(mqtt->client_id, true, mqtt);
    if (mqtt->handle == NULL) {
        return MOSQ_ERR_NOMEM;
    }
    mosquitto_connect_callback_set(mqtt->handle, on_connect);
    mosquitto_publish_callback_set(mqtt->handle, on_publish);
    mosquitto_message_callback_set(mqtt->handle, on_message);
    (void)mosquitto_int_option(mqtt->handle, MOSQ_OPT_TCP_NODELAY, 1);
    (void)mosquitto_max_inflight_messages_set(mqtt->handle, WINDOW + 10);
    result = mosquitto_will_set(mqtt->handle, mqtt->state_topic, 7, "offline", STATE_QOS, true);
    if (result == MOSQ_ERR_SUCCESS && conf->username[0] != '\0') {
        result = mosquitto_username_pw_set(mqtt->handle, conf->username,
                                           conf->password[0] == '\0' ? NULL : conf->password);
    }
    return result;
}

static void connect_begin(struct brg_mqtt *mqtt)
{
    sigset_t all;
    sigset_t before;
    int result = handle_new(mqtt);
    int error;

    mqtt->refusal[0] = '\0';
    if (result != MOSQ_ERR_SUCCESS) {
        lost(mqtt, mosquitto_strerror(result));
        return;
    }
    /* Signals are for the loop's thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    mqtt->state = MQTT_CONNECTING;
    error = pthread_create(&mqtt->thread, NULL, connect_main, mqtt);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        lost(mqtt, strerror(error));
    }
}

struct brg_mqtt *brg_mqtt_new(struct ev_loop *loop, const struct bconf *conf,
                              struct brg_outbox *outbox, uint64_t seed,
                              const struct brg_mqtt_handler *handler)
{
    struct brg_mqtt *mqtt = calloc(1, sizeof(*mqtt));

    if (mqtt == NULL) {
        return NULL;
    }
    mqtt->loop = loop;
    mqtt->conf = conf;
    mqtt->outbox = outbox;
    mqtt->handler = handler;
    mqtt->random = seed;
    mqtt->retry_s = RETRY_MIN_S;
    (void)snprintf(mqtt->state_topic, sizeof(mqtt->state_topic), "%s/bridge/state", conf->base);
    if (conf->client_id[0] != '\0') {
        memcpy(mqtt->client_id, conf->client_id, sizeof(mqtt->client_id));
    } else {
        (void)snprintf(mqtt->client_id, sizeof(mqtt->client_id), "rpld-bridge-%08lx",
                       (unsigned long)(brg_random(&mqtt->random) & 0xffffffffU));
    }
    ev_init(&mqtt->io, ready);
    ev_init(&mqtt->timer, timer_due);
    ev_async_init(&mqtt->connected, connected);
    mqtt->io.data = mqtt;
    mqtt->timer.data = mqtt;
    mqtt->connected.data = mqtt;
    ev_async_start(loop, &mqtt->connected);
    connect_begin(mqtt);
    return mqtt;
}

/* Writes and reads until the library has nothing left to send, for a second at most. */
static void flush(struct brg_mqtt *mqtt)
{
    for (int i = 0; i < 10; i++) {
        struct pollfd fd = {.fd = mosquitto_socket(mqtt->handle), .events = POLLIN};

        if (fd.fd < 0) {
            return;
        }
        if (mosquitto_want_write(mqtt->handle)) {
            fd.events |= POLLOUT;
        } else if (brg_outbox_stats(mqtt->outbox)->in_flight == 0 && i > 1) {
            return;
        }
        if (poll(&fd, 1, 100) > 0 &&
            (mosquitto_loop_write(mqtt->handle, 1) != MOSQ_ERR_SUCCESS ||
             ((fd.revents & POLLIN) &&
              mosquitto_loop_read(mqtt->handle, PACKETS_PER_TURN) != MOSQ_ERR_SUCCESS))) {
            return;
        }
    }
}

void brg_mqtt_free(struct brg_mqtt *mqtt)
{
    if (mqtt == NULL) {
        return;
    }
    ev_io_stop(mqtt->loop, &mqtt->io);
    ev_timer_stop(mqtt->loop, &mqtt->timer);
    ev_async_stop(mqtt->loop, &mqtt->connected);
    if (mqtt->state == MQTT_CONNECTING) {
        return; /* the handle is the thread's, which ends with the process */
    }
    if (mqtt->state == MQTT_READY) {
        (void)mosquitto_publish(mqtt->handle, NULL, mqtt->state_topic, 7, "offline", STATE_QOS,
                                true);
        flush(mqtt);
        (void)mosquitto_disconnect(mqtt->handle);
    }
    mosquitto_destroy(mqtt->handle);
    free(mqtt);
}
