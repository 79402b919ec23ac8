/* SPDX-License-Identifier: ISC */
/*
 * What is on its way to the broker, in order and bounded.
 *
 * At most |window| messages are in the hands of the MQTT library at a time, because its own queue
 * has no bound. The newest value of each state (retained topic) stays for as long as the program
 * runs, so that all of it can be published again when a broker comes back empty.
 *
 * Without a store everything is in memory: a state is kept as its newest value only, and events
 * (what is not retained) are a queue whose oldest entry gives way when a bound is reached.
 *
 * With a store each message is first staged, and written by the next transaction unless it has
 * arrived by then; then it is kept. What is kept and far from its turn leaves the memory and is
 * read again when it comes near. All of a state's values are sent; which give way when the disk's
 * bound is reached is the store's decision. A store that fails leaves messages staged, within the
 * bounds of the memory, and they are written when it works again.
 */
#ifndef BRIDGE_OUTBOX_H
#define BRIDGE_OUTBOX_H

#include "bridge/brg.h"
#include "bridge/store.h"

struct brg_outbox;

struct brg_outbox_config {
    size_t max_states; /* retained topics */
    size_t max_events; /* that are in memory */
    size_t max_bytes;  /* of memory: topics, payloads and bookkeeping of all */
    size_t window;
    size_t near; /* with a store: messages that stay in memory until their turn */
};

void brg_outbox_config_defaults(struct brg_outbox_config *config);

struct brg_outbox_stats {
    size_t states;
    size_t events;
    size_t bytes;
    size_t in_flight;
    size_t staged; /* not yet kept */
    uint64_t published;
    uint64_t superseded; /* values of a state that a newer one replaced before they were sent */
    uint64_t dropped;    /* events that gave way */
    uint64_t refused;    /* messages that found no room */
};

struct brg_outbox *brg_outbox_new(const struct brg_outbox_config *config,
                                  const struct brg_alloc *alloc);
void brg_outbox_free(struct brg_outbox *outbox);

/* From now on |store| keeps what is put, and what it has is sent first: the messages with ids in
 * [first_id, next_id), both at least 1. Before the first message; |store| must outlive the outbox.
 */
void brg_outbox_attach(struct brg_outbox *outbox, const struct brg_store *store, uint64_t first_id,
                       uint64_t next_id);

/*
 * Gives messages that are made when they can go out and kept nowhere: tables that can be made again
 * at any time, and have to be when a broker comes back. |*ret_message| is good until the next call.
 * False: there is nothing to tell. At most a tenth of the window is theirs.
 */
typedef bool brg_make_fn(void *ctx, struct brg_message *ret_message);

void brg_outbox_set_maker(struct brg_outbox *outbox, brg_make_fn *make, void *ctx);

/* The value that the store has of a state; before the first message. */
int brg_outbox_restore(struct brg_outbox *outbox, uint64_t id, const struct brg_message *message);

/* Takes a copy. Retained: state; else an event. -BRG_ERR_NOMEM, -BRG_ERR_FULL: nothing was taken
 * and an older state of this topic still stands. */
int brg_outbox_add(struct brg_outbox *outbox, const struct brg_message *message);

/* The same with neither time nor expiry. */
int brg_outbox_put(struct brg_outbox *outbox, const char *topic, const void *payload, size_t len,
                   int qos, bool retain);

/* The id that the next message gets. */
uint64_t brg_outbox_next_id(const struct brg_outbox *outbox);

/* Is every message with an id in [first, end) kept, or arrived? Without a store: yes. */
bool brg_outbox_is_kept(const struct brg_outbox *outbox, uint64_t first, uint64_t end);

/* Takes those messages back that are neither kept nor in flight. */
void brg_outbox_withdraw(struct brg_outbox *outbox, uint64_t first, uint64_t end);

/* Writes what is staged, and how far the broker has acknowledged, between the store's begin() and
 * commit(), and the states that are |sure|. With |states| also some of the others that the store
 * does not have. */
int brg_outbox_write(struct brg_outbox *outbox, bool states);

/* The transaction was committed. */
void brg_outbox_written(struct brg_outbox *outbox);

/* Is there anything that brg_outbox_write() would write; with |states|, of states? */
bool brg_outbox_wants_write(const struct brg_outbox *outbox, bool states);

/* The next message, which now is in flight, or NULL: nothing there or the window is full. It
 * belongs to the outbox and is good until it is acknowledged or taken back. */
struct brg_message *brg_outbox_take(struct brg_outbox *outbox);

/* Is the window full, so that nothing leaves before something is acknowledged? */
bool brg_outbox_is_full(const struct brg_outbox *outbox);

/* The message with this mid, or NULL; good until it is acknowledged or taken back. */
const struct brg_message *brg_outbox_in_flight(const struct brg_outbox *outbox, int mid);

/* The one that has been in flight longest, or NULL; likewise. */
const struct brg_message *brg_outbox_oldest(const struct brg_outbox *outbox);

/* The message with this mid arrived. Unknown ones are ignored. */
void brg_outbox_acked(struct brg_outbox *outbox, int mid);

/* The message with this mid will never arrive, for |reason|. Its content is the store's among the
 * dead, unless |reason| is NULL, the broker had it before or it can be made again. Unknown ones are
 * ignored. */
void brg_outbox_undeliverable(struct brg_outbox *outbox, int mid, const char *reason);

/* Gives up all that is not in flight and not the newest value of a state. Their number; with a
 * store those that only it has are gone with the next transaction. */
uint64_t brg_outbox_drop(struct brg_outbox *outbox);

/* The connection is gone: what was in flight is queued again, before everything else and in its
 * order. */
void brg_outbox_lost(struct brg_outbox *outbox);

/* Queues every state that is not on its way already. What is made is the maker's to do. */
void brg_outbox_republish(struct brg_outbox *outbox);

/* Forgets a restored state that is not the newest one, without a word to the broker. One that is on
 * its way stays. */
void brg_outbox_forget(struct brg_outbox *outbox, const char *topic);

/* The newest value of a state, or NULL; good until the next one is added. */
const struct brg_message *brg_outbox_state(const struct brg_outbox *outbox, const char *topic);

/* The id of that value, or 0; |outbox| is one. For the store, which keeps the newest. */
uint64_t brg_outbox_newest(void *outbox, const char *topic);

/* The newest value of the state behind this topic in their order, or NULL. */
const struct brg_message *brg_outbox_state_after(const struct brg_outbox *outbox,
                                                 const char *topic);

/* How many states have the first |len| octets of |topic| in common with it; |most| at most. */
size_t brg_outbox_count(const struct brg_outbox *outbox, const char *topic, size_t len,
                        size_t most);

const struct brg_outbox_stats *brg_outbox_stats(const struct brg_outbox *outbox);

#endif
