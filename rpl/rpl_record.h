/* SPDX-License-Identifier: ISC */
/*
 * A recording of an engine: everything that goes into it, from its configuration and seed on, with
 * its time, so that another machine repeats the run to the same effects. The recorder is told of
 * each call of the engine by the one who makes it; the reader gives the calls back in order, out of
 * octets that may come from anybody.
 *
 * The format, version 1; numbers are big-endian:
 *
 *     "rplrec" 0 1                           once, at the beginning
 *     type (1) length (3) body (length)      any number of records
 *
 *     1 begin    now (8), seed (8), limits, number of instances (1), name of the program (the rest)
 *     2 instance one for each: its settings, its stored state
 *     3 allow    EUI-64s (8 each); 4 deny likewise; both may be repeated
 *     5 start    the engine is made, of all that was told so far
 *     6 event    now (8), enum rpl_event_type (1), its fields; a packet's octets come last
 *     7 timeout  now (8)
 *     8 effects  now (8), how many effects were taken since the last of these records (4), the
 *                digest (8) of all effects of the run so far
 *     9 end      now (8), effects of the run (8), their digest (8), why (1): enum rpl_record_why
 *
 * Settings and events are the members of the structs of rpl.h in the order of the tables of
 * rpl/record_fields.c. A recording is read by the version of the program that made it: another may
 * decide differently, and have other settings.
 *
 * Pure: the octets go to a function of the caller's, and come from its memory.
 */
#ifndef RPL_RPL_RECORD_H
#define RPL_RPL_RECORD_H

#include "rpl/rpl.h"

#define RPL_RECORD_MAGIC 8u       /* octets at the beginning */
#define RPL_RECORD_BODY 65700u    /* of a record, at most */
#define RPL_RECORD_PROGRAM_MAX 64 /* octets of the program's name, with a NUL */

enum rpl_record_why {
    RPL_RECORD_ASKED,  /* whoever asked for it has enough */
    RPL_RECORD_FULL,   /* it reached its size */
    RPL_RECORD_SLOW,   /* it could not be written as fast as it grew */
    RPL_RECORD_STOPPED /* the engine came to its end */
};
const char *rpl_record_why_name(enum rpl_record_why why);

/* ---- the digest ------------------------------------------------------------------------- */

#define RPL_DIGEST_BEGIN UINT64_C(0xcbf29ce484222325)

/* The digest |before|, and |effect| taken at |now| behind it: the same on any machine. */
uint64_t rpl_effect_digest(uint64_t before, rpl_tstamp now, const struct rpl_effect *effect);

/* ---- writing ---------------------------------------------------------------------------- */

/* Takes |len| octets; they are borrowed for the call. */
typedef void rpl_record_sink(void *ctx, const uint8_t *data, size_t len);

struct rpl_recorder {
    rpl_record_sink *sink;
    void *ctx;
    rpl_tstamp now;   /* of the effects that are not told yet */
    uint32_t untold;  /* effects taken since the last record of them */
    uint64_t effects; /* taken so far */
    uint64_t digest;  /* of them */
    uint64_t written; /* octets */
};

/* Before rpl_engine_new(config, now): everything up to the start. |program| names what records. */
void rpl_record_begin(struct rpl_recorder *recorder, rpl_record_sink *sink, void *ctx,
                      const struct rpl_config *config, rpl_tstamp now, const char *program);
/* Before rpl_engine_input() and rpl_engine_timeout(). */
void rpl_record_event(struct rpl_recorder *recorder, const struct rpl_event *event, rpl_tstamp now);
void rpl_record_timeout(struct rpl_recorder *recorder, rpl_tstamp now);
/* After each rpl_engine_poll() that gave an effect; |now| is the caller's clock. */
void rpl_record_effect(struct rpl_recorder *recorder, const struct rpl_effect *effect,
                       rpl_tstamp now);
void rpl_record_end(struct rpl_recorder *recorder, rpl_tstamp now, enum rpl_record_why why);

/* ---- reading ---------------------------------------------------------------------------- */

enum rpl_record_type {
    RPL_RECORD_BEGIN = 1,
    RPL_RECORD_INSTANCE,
    RPL_RECORD_ALLOW,
    RPL_RECORD_DENY,
    RPL_RECORD_START,
    RPL_RECORD_EVENT,
    RPL_RECORD_TIMEOUT,
    RPL_RECORD_EFFECTS,
    RPL_RECORD_END
};

struct rpl_record {
    enum rpl_record_type type; /* START, EVENT, TIMEOUT, EFFECTS or END */
    rpl_tstamp now;
    struct rpl_event event; /* EVENT: a packet's octets are the reader's */
    uint64_t count;         /* EFFECTS: since the last ones; END: of the run */
    uint64_t digest;        /* EFFECTS, END */
    enum rpl_record_why why;
};

struct rpl_record_reader {
    const uint8_t *data; /* borrowed */
    size_t len, at;
    bool begun, started, ended;
    rpl_tstamp now; /* time does not go back */
    char program[RPL_RECORD_PROGRAM_MAX];
    uint32_t instances; /* told so far */
    /* What the engine was made with; ready at START, but for the allocator. */
    struct rpl_config config;
    uint64_t allow[RPL_ACCESS_MAX], deny[RPL_ACCESS_MAX];
};

/* -RPL_ERR_PARAM: not a recording of this version. */
int rpl_record_open(struct rpl_record_reader *reader, const uint8_t *data, size_t len);

/* The next call. 1: *ret_record is filled; 0: the end, which may be in the middle of a record that
 * was cut short; -RPL_ERR_PARAM: at |reader->at| stands what no recorder writes. */
int rpl_record_next(struct rpl_record_reader *reader, struct rpl_record *ret_record);

#endif /* RPL_RPL_RECORD_H */
