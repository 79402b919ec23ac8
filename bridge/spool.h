/* SPDX-License-Identifier: ISC */
/*
 * The spool: an SQLite database that keeps what the broker does not have yet, and the observations
 * that a later process goes on with.
 *
 * Write-ahead log, one connection, which nobody else may open meanwhile; a commit returns when the
 * log is on the disk. Bounded in octets and age: above three quarters of the bound all values of a
 * state but the newest give way, at the bound the oldest messages, which then are among the dead:
 * the newest of those can be read with their reason. Not thread-safe.
 */
#ifndef BRIDGE_SPOOL_H
#define BRIDGE_SPOOL_H

#include "bridge/store.h"

struct brg_spool;

struct brg_spool_config {
    const char *file;
    const char *vfs;    /* of SQLite; NULL: the usual one */
    uint64_t max_bytes; /* topics, payloads and bookkeeping of the messages */
    double max_age_s;
    /* The id of the newest retained message of a topic, kept or in the transaction that is open;
     * 0: none is known. NULL: all values of a state are kept while there is room. */
    uint64_t (*newest)(void *ctx, const char *topic);
    void *newest_ctx;
};

struct brg_spool_stats {
    uint64_t messages;
    uint64_t bytes;
    uint64_t commits;
    /* since the spool was made: */
    uint64_t superseded; /* values of a state that gave way to a newer one */
    uint64_t dropped;    /* messages that gave way to the bound */
    uint64_t expired;    /* messages that grew too old */
    uint64_t buried;     /* what was of no use to the broker, see brg_store.bury() */
};

struct brg_dead {
    uint64_t id;   /* the later it died the higher */
    double died_s; /* since 1970 */
    double at_s;
    const char *topic;
    const void *payload; /* its first octets */
    size_t len;
    size_t octets; /* of all of it */
    const char *reason;
};

/* Of a dead one that many octets are kept. */
#define BRG_DEAD_PAYLOAD_MAX 1024

typedef void brg_each_dead(void *arg, const struct brg_dead *dead);

/* Opens or makes it. A file that is no spool of ours, or a broken one, is put aside under another
 * name first: |*ret_aside| says so. NULL, with |*ret_error| saying why. */
struct brg_spool *brg_spool_open(const struct brg_spool_config *config, bool *ret_aside,
                                 char ret_error[128]);
void brg_spool_close(struct brg_spool *spool);

/* It points into the spool. */
const struct brg_store *brg_spool_store(struct brg_spool *spool);

/* The ids of the messages that are there are in [first, next). 0 or -BRG_ERR_x. */
int brg_spool_ids(struct brg_spool *spool, uint64_t *ret_first, uint64_t *ret_next);

/* What is kept. Outside of a transaction; 0 or -BRG_ERR_x. */
int brg_spool_states(struct brg_spool *spool, brg_each_message *each, void *arg);
int brg_spool_observations(struct brg_spool *spool, brg_each_observation *each, void *arg);

int brg_spool_series(struct brg_spool *spool, brg_each_remembered *each, void *arg);
int brg_spool_customs(struct brg_spool *spool, brg_each_custom *each, void *arg);

/* The newest |n| of the dead with ids below |before|, 0: of all, the newest first. */
int brg_spool_dead(struct brg_spool *spool, uint64_t before, size_t n, brg_each_dead *each,
                   void *arg);

/* Is its file damaged? Nothing can be kept until it is opened anew, which puts it aside. */
bool brg_spool_is_broken(const struct brg_spool *spool);

/* SQLite's words for what went wrong last. */
const char *brg_spool_error(const struct brg_spool *spool);

const struct brg_spool_stats *brg_spool_stats(const struct brg_spool *spool);

#endif
