/* SPDX-License-Identifier: ISC */
/*
 * The broker's side: libmosquitto driven from the loop, fed from the outbox.
 *
 * The connection is made in a helper thread, because libmosquitto's look-up of a name blocks;
 * the library's handle belongs to that thread until it has ended, and to the loop otherwise. Each
 * attempt has a handle of its own, so nothing is queued twice: what was on its way when a
 * connection was lost goes back into the outbox. A lost broker is said once in the log; the next
 * of several is tried at once, and the first again after 1 to 60 s, with MQTT 5 unless it knows
 * 3.1.1 only. Whenever one is back, all state is published again.
 */
#ifndef BRIDGE_MQTT_H
#define BRIDGE_MQTT_H

#include <ev.h>

#include "bridge/bconf.h"
#include "bridge/outbox.h"
#include "bridge/show.h"

struct brg_mqtt;

/* What comes from the broker. Payloads are not terminated. */
struct brg_mqtt_handler {
    /* On BASE/.../set, /get or /observe. */
    void (*command)(void *ctx, const struct brg_demand *demand);
    /* On BASE/bridge/request/X. */
    void (*request)(void *ctx, const struct brg_demand *demand);
    /* On BASE/NODE/availability, retained and `online`. */
    void (*remembered)(void *ctx, const char *topic);
    /* Home Assistant has started. */
    void (*birth)(void *ctx);
    /* Connected to a broker that may know nothing. */
    void (*ready)(void *ctx);
    void *ctx;
};

/* |conf|, |outbox| and |handler| must outlive it. NULL without memory. */
struct brg_mqtt *brg_mqtt_new(struct ev_loop *loop, const struct bconf *conf,
                              struct brg_outbox *outbox, uint64_t seed,
                              const struct brg_mqtt_handler *handler);

/* Begin to connect, in a thread. Once, and before anything else but brg_mqtt_free(). */
void brg_mqtt_start(struct brg_mqtt *mqtt);

/* Hands over what the outbox has, as far as the window allows. */
void brg_mqtt_pump(struct brg_mqtt *mqtt);

/* For people: the strings are borrowed. */
void brg_mqtt_show(const struct brg_mqtt *mqtt, struct brg_show_broker *ret_broker);

/* While |on|, what is handed over waits for more, to go out in few segments. */
void brg_mqtt_cork(struct brg_mqtt *mqtt, bool on);

/* Does a broker listen? */
bool brg_mqtt_is_ready(const struct brg_mqtt *mqtt);

/* Says offline, flushes for at most a second, and goes. */
void brg_mqtt_free(struct brg_mqtt *mqtt);

#endif
