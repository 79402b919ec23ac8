/* SPDX-License-Identifier: ISC */
/*
 * What is on its way to the broker, in memory and bounded.
 *
 * State (retained topics) is kept as the newest value per topic, for as long as the program runs,
 * so that all of it can be published again when a broker comes back empty. Events (the rest) are
 * a queue whose oldest entry gives way when a bound is reached. At most |window| messages are in
 * the hands of the MQTT library at a time, because its own queue has no bound.
 *
 * This is the seam for a spool on disk: whoever puts a message here and gets 0 may acknowledge
 * the sensor.
 */
#ifndef BRIDGE_OUTBOX_H
#define BRIDGE_OUTBOX_H

#include "bridge/brg.h"

struct brg_outbox;

struct brg_outbox_config {
    size_t max_states; /* retained topics */
    size_t max_events;
    size_t max_bytes; /* topics, payloads and bookkeeping of all */
    size_t window;
};

void brg_outbox_config_defaults(struct brg_outbox_config *config);

struct brg_message {
    const char *topic;
    const void *payload;
    size_t len;
    int qos;
    bool retain;
    int mid; /* the MQTT library's; written by whoever hands the message over */
};

struct brg_outbox_stats {
    size_t states;
    size_t events;
    size_t bytes;
    size_t in_flight;
    uint64_t published;
    uint64_t superseded; /* values of a state that a newer one replaced before they were sent */
    uint64_t dropped;    /* events that gave way */
    uint64_t refused;    /* messages that found no room */
};

struct brg_outbox *brg_outbox_new(const struct brg_outbox_config *config,
                                  const struct brg_alloc *alloc);
void brg_outbox_free(struct brg_outbox *outbox);

/* Takes a copy. Retained: state; else an event. -BRG_ERR_NOMEM, -BRG_ERR_FULL: nothing was taken
 * and an older state of this topic still stands. */
int brg_outbox_put(struct brg_outbox *outbox, const char *topic, const void *payload, size_t len,
                   int qos, bool retain);

/* The next message, which now is in flight, or NULL: nothing there or the window is full. It
 * belongs to the outbox and is good until it is acknowledged or taken back. */
struct brg_message *brg_outbox_take(struct brg_outbox *outbox);

/* The message with this mid arrived. Unknown ones are ignored. */
void brg_outbox_acked(struct brg_outbox *outbox, int mid);

/* The connection is gone: what was in flight is queued again, before everything else and in its
 * order. */
void brg_outbox_lost(struct brg_outbox *outbox);

/* Queues every state that is not queued already. */
void brg_outbox_republish(struct brg_outbox *outbox);

const struct brg_outbox_stats *brg_outbox_stats(const struct brg_outbox *outbox);

#endif
