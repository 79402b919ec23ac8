/* SPDX-License-Identifier: ISC */
#include "bridge/mqtt_internal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "bridge/clock.h"
#include "bridge/log.h"
#include "bridge/mqtt_id.h"
#include "bridge/mqtt_props.h"
#include "bridge/topic.h"

#define RETRY_MIN_S 1.0
#define RETRY_MAX_S 60.0
#define RETRY_NEXT_S 0.1        /* the next of several brokers */
#define RETRY_TAKEN_OVER_S 300. /* somebody else has our name: no tug of war */
#define STEADY_S 30.0           /* a connection of that age was a good one */
#define SHORT_S 10.0            /* and one that ends by then was none */
#define SHORT_LIVED_MAX 3
#define SESSION_S 86400U /* how long a broker keeps a session that is not clean */
#define CONNACK_S 15.0
#define COMMAND_DEPTH_MAX 9 /* segments of a node's name and a resource's path, but one */
#define NAME_DEPTH_MAX 3
#define PACKETS_PER_TURN 100
#define STUCK_KEEPALIVES 2
#define STATE_QOS 1
#define SYSTEM_CAS "/etc/ssl/certs"

static void connect_begin(struct brg_mqtt *mqtt);

/* --- losing it ------------------------------------------------------------------------------ */

static const struct bconf_broker *broker_of(const struct brg_mqtt *mqtt)
{
    return &mqtt->conf->brokers[mqtt->broker];
}

/* How long to wait; chooses the broker that is tried then. */
static double wait_next(struct brg_mqtt *mqtt, bool was_ready)
{
    double wait;

    if (mqtt->taken_over) {
        return RETRY_TAKEN_OVER_S;
    }
    if (mqtt->only_311_now || mqtt->adapted) {
        return RETRY_NEXT_S; /* the same one, in its own language */
    }
    if (!was_ready && mqtt->broker + 1 < mqtt->conf->n_brokers) {
        mqtt->broker++;
        return RETRY_NEXT_S;
    }
    mqtt->broker = 0;
    if (was_ready && ev_now(mqtt->loop) - mqtt->ready_at > STEADY_S) {
        mqtt->retry_s = RETRY_MIN_S;
    }
    /* A quarter more or less, so that many bridges do not come back at the same instant. */
    wait = mqtt->retry_s * (0.75 + (double)brg_random_below(&mqtt->random, 1000) / 2000);
    mqtt->retry_s = mqtt->retry_s * 2 < RETRY_MAX_S ? mqtt->retry_s * 2 : RETRY_MAX_S;
    return wait;
}

/* MQTT 5 has a word for it, which not every broker says: then it is connections that come about at
 * once and end soon, again and again. */
static bool is_taken_over(struct brg_mqtt *mqtt, bool was_ready)
{
    bool soon = was_ready && ev_now(mqtt->loop) - mqtt->ready_at < SHORT_S;

    if (was_ready && !mqtt->taken_over && brg_mqtt_struck(mqtt, soon)) {
        if (mqtt->suspect.strikes == 0) { /* it was given up: what is behind it need not wait */
            mqtt->retry_s = RETRY_MIN_S;
        }
        return false;
    }
    if (soon) {
        mqtt->short_lived++;
    } else {
        mqtt->short_lived = 0;
    }
    return mqtt->taken_over || mqtt->short_lived >= SHORT_LIVED_MAX;
}

/* Some brokers that know 3.1.1 only (RabbitMQ before 3.13) hang up when they hear of 5. So that is
 * tried next; if they hang up then, too, it was something else. */
static void guess_version(struct brg_mqtt *mqtt)
{
    if (mqtt->conf->mqtt_version != BCONF_MQTT_AUTO) {
        return;
    }
    if (mqtt->v5) {
        mqtt->only_311 = true;
        mqtt->only_311_now = true;
        mqtt->guessed = true;
    } else if (mqtt->guessed) {
        mqtt->only_311 = false;
        mqtt->guessed = false;
    }
}

static void lost(struct brg_mqtt *mqtt, const char *reason)
{
    const char *url = broker_of(mqtt)->url;
    bool was_ready = mqtt->state == MQTT_READY;
    bool unanswered = mqtt->state == MQTT_CONNACK && mqtt->refusal[0] == '\0';

    ev_io_stop(mqtt->loop, &mqtt->io);
    ev_timer_stop(mqtt->loop, &mqtt->timer);
    mosquitto_destroy(mqtt->handle);
    mqtt->handle = NULL;
    mqtt->state = MQTT_AWAY;
    mqtt->n_acked = 0;
    mqtt->taken_over = is_taken_over(mqtt, was_ready);
    brg_outbox_lost(mqtt->outbox);
    if (unanswered) {
        guess_version(mqtt);
    }
    if (was_ready && mqtt->guessed) { /* it may have been away when it hung up */
        mqtt->only_311 = false;
        mqtt->guessed = false;
    }
    if (!mqtt->adapted) {
        mqtt->max_qos = 2;
        mqtt->no_retain = false;
    }
    if (mqtt->taken_over) {
        brg_log_error(
            "broker: another client seems to use our name, tried again in %.0f s broker=%s "
            "client_id=%s mend=\"set bridge.client_id of one of them\"",
            RETRY_TAKEN_OVER_S, url, mqtt->client_id);
    } else if (!mqtt->said_away) {
        mqtt->said_away = true;
        brg_log_warning("broker: away, trying again broker=%s reason=\"%s\"", url, reason);
    }
    ev_timer_set(&mqtt->timer, wait_next(mqtt, was_ready), 0.);
    mqtt->taken_over = false;
    mqtt->only_311_now = false;
    mqtt->adapted = false;
    ev_timer_start(mqtt->loop, &mqtt->timer);
}

static const char *reason_for(int result, int error)
{
    return result == MOSQ_ERR_ERRNO ? strerror(error) : mosquitto_strerror(result);
}

/* After every call into the library: is there something to write, is it still there? */
void brg_mqtt_after(struct brg_mqtt *mqtt, int result)
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

/* --- being connected ------------------------------------------------------------------------ */

/* BASE/+/+/set, BASE/+/+/+/set, ...: each depth of a path has a filter of its own, since what
 * stands behind a many-level wildcard cannot be matched. QoS 2, so that who wants a command carried
 * out once can have it so. */
static void subscribe(struct brg_mqtt *mqtt)
{
    int mid = 0;
    static const char *const verbs[] = {"/set", "/get", "/observe"};
    const char *base = mqtt->conf->base;
    char filter[BRG_TOPIC_MAX];
    struct brg_text text;

    for (size_t verb = 0; verb < sizeof(verbs) / sizeof(verbs[0]); verb++) {
        for (int depth = 1; depth <= COMMAND_DEPTH_MAX; depth++) {
            brg_text_init(&text, filter, sizeof(filter));
            brg_text_puts(&text, base);
            for (int i = 0; i <= depth; i++) {
                brg_text_puts(&text, "/+");
            }
            brg_text_puts(&text, verbs[verb]);
            (void)mosquitto_subscribe(mqtt->handle, NULL, filter, 2);
        }
    }
    (void)snprintf(filter, sizeof(filter), "%s/bridge/request/#", base);
    (void)mosquitto_subscribe(mqtt->handle, NULL, filter, 2);
    if (mqtt->conf->home_assistant) {
        (void)snprintf(filter, sizeof(filter), "%s/status", mqtt->conf->home_assistant_prefix);
        (void)mosquitto_subscribe(mqtt->handle, NULL, filter, 0);
    }
    /* Of nodes whose names have up to three levels. */
    for (int depth = 0; depth < NAME_DEPTH_MAX; depth++) {
        (void)snprintf(filter, sizeof(filter), "%s%s/+/availability", base, &"/+/+"[4 - 2 * depth]);
        (void)mosquitto_subscribe(mqtt->handle, &mid, filter, 0);
    }
    brg_mqtt_suspect_begin(mqtt, mid);
}

/* MQTT 5 says what a broker does not take, and what it takes less of is better than nothing. */
static void limits_read(struct brg_mqtt *mqtt, const mosquitto_property *properties)
{
    uint8_t max_qos = 2;
    uint8_t retain = 1;

    (void)mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &max_qos, false);
    (void)mosquitto_property_read_byte(properties, MQTT_PROP_RETAIN_AVAILABLE, &retain, false);
    mqtt->max_qos = max_qos;
    mqtt->no_retain = retain == 0;
    if (mqtt->max_qos == 0) {
        brg_log_warning("broker: it takes QoS 0 only: what is under way when a connection ends is "
                        "lost broker=%s",
                        broker_of(mqtt)->url);
    }
    if (mqtt->no_retain) {
        brg_log_warning("broker: it retains nothing: who subscribes later waits for the next value "
                        "broker=%s",
                        broker_of(mqtt)->url);
    }
}

static int state_publish(struct brg_mqtt *mqtt, const char *word)
{
    return mosquitto_publish(mqtt->handle, NULL, mqtt->state_topic, (int)strlen(word), word,
                             STATE_QOS < mqtt->max_qos ? STATE_QOS : mqtt->max_qos,
                             !mqtt->no_retain);
}

static void refused(struct brg_mqtt *mqtt, int code)
{
    /* A broker of MQTT 3.1.1 says 1, and one of MQTT 5 that does not want it 132. */
    if (mqtt->v5 && mqtt->conf->mqtt_version == BCONF_MQTT_AUTO &&
        (code == CONNACK_REFUSED_PROTOCOL_VERSION ||
         code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION)) {
        mqtt->only_311 = true;
        mqtt->only_311_now = true;
    } else if (mqtt->v5 && code == MQTT_RC_QOS_NOT_SUPPORTED && mqtt->max_qos > 0) {
        mqtt->max_qos = 0; /* it is the will that it does not take */
        mqtt->adapted = true;
    } else if (mqtt->v5 && code == MQTT_RC_RETAIN_NOT_SUPPORTED && !mqtt->no_retain) {
        mqtt->no_retain = true;
        mqtt->adapted = true;
    }
    (void)snprintf(mqtt->refusal, sizeof(mqtt->refusal), "%s",
                   mqtt->v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code));
}

static void on_disconnect(struct mosquitto *handle, void *ctx, int code,
                          const mosquitto_property *properties)
{
    struct brg_mqtt *mqtt = ctx;

    (void)handle;
    (void)properties;
    /* Smaller codes are the library's own errors, which it returns as well. */
    if (mqtt->v5 && code >= MQTT_RC_UNSPECIFIED) {
        mqtt->taken_over = code == MQTT_RC_SESSION_TAKEN_OVER;
        (void)snprintf(mqtt->refusal, sizeof(mqtt->refusal), "%s", mosquitto_reason_string(code));
    }
}

static void on_connect(struct mosquitto *handle, void *ctx, int code, int flags,
                       const mosquitto_property *properties)
{
    struct brg_mqtt *mqtt = ctx;
    uint16_t aliases = 0;

    (void)handle;
    (void)flags;
    if (code != 0) {
        refused(mqtt, code);
        return;
    }
    mqtt->state = MQTT_READY;
    mqtt->corked = false;
    mqtt->said_refused = false;
    mqtt->ready_at = ev_now(mqtt->loop);
    mqtt->said_away = false;
    (void)mosquitto_property_read_int16(properties, MQTT_PROP_TOPIC_ALIAS_MAXIMUM, &aliases, false);
    brg_aliases_reset(&mqtt->aliases, aliases < mqtt->conf->topic_aliases
                                          ? aliases
                                          : (unsigned)mqtt->conf->topic_aliases);
    brg_log_info("broker: connected broker=%s client_id=%s mqtt=%s", broker_of(mqtt)->url,
                 mqtt->client_id, mqtt->v5 ? "5" : "3.1.1");
    limits_read(mqtt, properties);
    mqtt->stuck_mid = 0;
    (void)state_publish(mqtt, "online");
    subscribe(mqtt);
    brg_outbox_republish(mqtt->outbox);
    mqtt->handler->ready(mqtt->handler->ctx);
    ev_timer_stop(mqtt->loop, &mqtt->timer);
    ev_timer_set(&mqtt->timer, mqtt->conf->keepalive_s / 4., mqtt->conf->keepalive_s / 4.);
    ev_timer_start(mqtt->loop, &mqtt->timer);
}

static bool is_command(const char *last)
{
    return strcmp(last, "/set") == 0 || strcmp(last, "/get") == 0 || strcmp(last, "/observe") == 0;
}

static bool is_request(const struct brg_mqtt *mqtt, const char *topic)
{
    size_t len = strlen(mqtt->conf->base);

    return strncmp(topic, mqtt->conf->base, len) == 0 &&
           strncmp(topic + len, "/bridge/request/", 16) == 0;
}

/* A retained one is of before we came, and then it has been told of all anyway. */
static bool is_birth(const struct brg_mqtt *mqtt, const struct mosquitto_message *message,
                     const char *last)
{
    const char *prefix = mqtt->conf->home_assistant_prefix;

    return strcmp(last, "/status") == 0 && strlen(prefix) == (size_t)(last - message->topic) &&
           strncmp(message->topic, prefix, strlen(prefix)) == 0 && !message->retain &&
           message->payloadlen == 6 && memcmp(message->payload, "online", 6) == 0;
}

static void on_message(struct mosquitto *handle, void *ctx, const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    struct brg_mqtt *mqtt = ctx;
    const struct brg_mqtt_handler *handler = mqtt->handler;
    const char *last = strrchr(message->topic, '/');
    struct brg_mqtt_wish wish;

    (void)handle;
    if (last == NULL || message->payloadlen < 0) {
        return;
    }
    if (mqtt->conf->home_assistant && is_birth(mqtt, message, last)) {
        handler->birth(handler->ctx);
    } else if (is_request(mqtt, message->topic) || is_command(last)) {
        brg_mqtt_wish_read(&wish, message, properties);
        (is_request(mqtt, message->topic) ? handler->request : handler->command)(handler->ctx,
                                                                                 &wish.demand);
        brg_mqtt_wish_free(&wish);
    } else if (strcmp(last, "/availability") == 0 && message->retain && message->payloadlen == 6 &&
               memcmp(message->payload, "online", 6) == 0) {
        /* One that is not retained is our own voice. */
        handler->remembered(handler->ctx, message->topic);
    }
}

static void ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct brg_mqtt *mqtt = io->data;
    int result = MOSQ_ERR_SUCCESS;

    (void)loop;
    /* What waited for acknowledgements goes out together. */
    brg_mqtt_cork(mqtt, mqtt->corked || brg_outbox_is_full(mqtt->outbox));
    if (events & EV_WRITE) {
        result = mosquitto_loop_write(mqtt->handle, 1);
    }
    if (result == MOSQ_ERR_SUCCESS && (events & EV_READ)) {
        result = mosquitto_loop_read(mqtt->handle, PACKETS_PER_TURN);
    }
    brg_mqtt_after(mqtt, result);
    brg_mqtt_pump(mqtt);
}

/* Does the oldest message wait for longer than any broker takes? Then this one has lost it: what
 * came behind it could never leave the spool. */
static bool is_stuck(struct brg_mqtt *mqtt)
{
    const struct brg_message *message = brg_outbox_oldest(mqtt->outbox);
    brg_tstamp now = brg_clock_read().mono;

    if (message == NULL || message->mid != mqtt->stuck_mid) {
        mqtt->stuck_since = now;
        mqtt->stuck_mid = message == NULL ? 0 : message->mid;
    }
    return message != NULL && now - mqtt->stuck_since >
                                  STUCK_KEEPALIVES * BRG_SEC * (brg_tstamp)mqtt->conf->keepalive_s;
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
    } else if (mqtt->state == MQTT_READY && is_stuck(mqtt)) {
        lost(mqtt, "it does not acknowledge");
    } else if (mqtt->state == MQTT_READY) {
        brg_mqtt_after(mqtt, mosquitto_loop_misc(mqtt->handle));
    }
}

/* --- connecting ----------------------------------------------------------------------------- */

static void *connect_main(void *arg)
{
    struct brg_mqtt *mqtt = arg;
    const struct bconf_broker *broker = broker_of(mqtt);
    mosquitto_property *properties = NULL;

    if (mqtt->v5 && !mqtt->conf->clean_session) {
        (void)mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                           SESSION_S);
    }
    mqtt->thread_result = mosquitto_connect_bind_v5(mqtt->handle, broker->host, broker->port,
                                                    mqtt->conf->keepalive_s, NULL, properties);
    mqtt->thread_errno = errno;
    mosquitto_property_free_all(&properties);
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
    brg_mqtt_after(mqtt, MOSQ_ERR_SUCCESS);
}

/* The broker's certificate is checked against its name; there is no way to leave that out. */
static int tls_set(struct brg_mqtt *mqtt)
{
    const struct bconf *conf = mqtt->conf;

    /* RFC 7301, for brokers that share their port with others. */
    if (conf->tls_alpn[0] != '\0') {
        int result = mosquitto_string_option(mqtt->handle, MOSQ_OPT_TLS_ALPN, conf->tls_alpn);

        if (result != MOSQ_ERR_SUCCESS) {
            return result;
        }
    }
    if (conf->psk[0] != '\0') {
        return mosquitto_tls_psk_set(mqtt->handle, conf->psk, conf->psk_identity, NULL);
    }
    return mosquitto_tls_set(mqtt->handle, conf->tls_ca[0] == '\0' ? NULL : conf->tls_ca,
                             conf->tls_ca[0] == '\0' ? SYSTEM_CAS : NULL,
                             conf->tls_certificate[0] == '\0' ? NULL : conf->tls_certificate,
                             conf->tls_key[0] == '\0' ? NULL : conf->tls_key, NULL);
}

static int handle_new(struct brg_mqtt *mqtt)
{
    const struct bconf *conf = mqtt->conf;
    int result;

    mqtt->v5 = conf->mqtt_version == BCONF_MQTT_5 ||
               (conf->mqtt_version == BCONF_MQTT_AUTO && !mqtt->only_311);
    mqtt->handle = mosquitto_new(mqtt->client_id, conf->clean_session != 0, mqtt);
    if (mqtt->handle == NULL) {
        return MOSQ_ERR_NOMEM;
    }
    mosquitto_connect_v5_callback_set(mqtt->handle, on_connect);
    mosquitto_disconnect_v5_callback_set(mqtt->handle, on_disconnect);
    mosquitto_publish_v5_callback_set(mqtt->handle, brg_mqtt_on_publish);
    mosquitto_subscribe_v5_callback_set(mqtt->handle, brg_mqtt_on_subscribe);
    mosquitto_message_v5_callback_set(mqtt->handle, on_message);
    (void)mosquitto_int_option(mqtt->handle, MOSQ_OPT_PROTOCOL_VERSION,
                               mqtt->v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    (void)mosquitto_int_option(mqtt->handle, MOSQ_OPT_TCP_NODELAY, 1);
    (void)mosquitto_max_inflight_messages_set(mqtt->handle, MQTT_WINDOW + 10);
    result =
        mosquitto_will_set(mqtt->handle, mqtt->state_topic, 7, "offline",
                           STATE_QOS < mqtt->max_qos ? STATE_QOS : mqtt->max_qos, !mqtt->no_retain);
    if (result == MOSQ_ERR_SUCCESS && conf->username[0] != '\0') {
        result = mosquitto_username_pw_set(mqtt->handle, conf->username,
                                           conf->password[0] == '\0' ? NULL : conf->password);
    }
    if (result == MOSQ_ERR_SUCCESS && broker_of(mqtt)->tls) {
        result = tls_set(mqtt);
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
    mqtt->max_qos = 2;
    (void)snprintf(mqtt->state_topic, sizeof(mqtt->state_topic), "%s/bridge/state", conf->base);
    if (conf->client_id[0] != '\0') {
        memcpy(mqtt->client_id, conf->client_id, sizeof(mqtt->client_id));
    } else {
        brg_mqtt_id_make(mqtt->client_id, &mqtt->random);
    }
    ev_init(&mqtt->io, ready);
    ev_init(&mqtt->timer, timer_due);
    ev_async_init(&mqtt->connected, connected);
    mqtt->io.data = mqtt;
    mqtt->timer.data = mqtt;
    mqtt->connected.data = mqtt;
    ev_async_start(loop, &mqtt->connected);
    return mqtt;
}

void brg_mqtt_show(const struct brg_mqtt *mqtt, struct brg_show_broker *ret_broker)
{
    *ret_broker = (struct brg_show_broker){
        .state = mqtt->state == MQTT_READY  ? "connected"
                 : mqtt->state == MQTT_AWAY ? "away"
                                            : "connecting",
        .url = broker_of(mqtt)->url,
        .client_id = mqtt->client_id,
        .version = mqtt->v5 ? "5" : "3.1.1",
    };
}

void brg_mqtt_start(struct brg_mqtt *mqtt)
{
    connect_begin(mqtt);
}

bool brg_mqtt_is_ready(const struct brg_mqtt *mqtt)
{
    return mqtt->state == MQTT_READY;
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
        (void)state_publish(mqtt, "offline");
        flush(mqtt);
        (void)mosquitto_disconnect(mqtt->handle);
    }
    mosquitto_destroy(mqtt->handle);
    mosquitto_property_free_all(&mqtt->properties);
    brg_aliases_reset(&mqtt->aliases, 0);
    free(mqtt);
}
