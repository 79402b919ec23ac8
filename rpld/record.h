/* SPDX-License-Identifier: ISC */
/*
 * The daemon's recording of its engine (rpl/rpl_record.h): at most one at a time, to a file that
 * was opened while privileged (`rpld --record`) or to a client of the control socket
 * (`rplctl record`). It ends when it is asked to, at its size, when what it goes to does not keep
 * up, or with the engine; then the log has its digest.
 *
 * What it does not do: a recording begins with an engine. To record one that runs, the daemon makes
 * a new one in its place first (daemon_record.c).
 */
#ifndef RPLD_RECORD_H
#define RPLD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpl/rpl_record.h"
#include "rpld/writer.h"

#define RECORD_SIZE_DEFAULT ((uint64_t)64 << 20)
#define RECORD_SIZE_MAX ((uint64_t)1 << 30) /* what rplsim reads */

struct record {
    bool on;
    struct rpl_recorder recorder;
    struct rpl_recorder taken; /* as it was when |take| took everything */
    struct writer_buf buf;     /* not taken by |take| yet */
    uint64_t limit;            /* octets */
    /* Takes all of it, or says false: too slow. */
    bool (*take)(void *ctx, const void *data, size_t len);
    void *ctx;
};

/* The calls of the engine; nothing happens while no recording is on. */
void record_begin(struct record *record, const struct rpl_config *config, rpl_tstamp now,
                  uint64_t limit, bool (*take)(void *ctx, const void *data, size_t len), void *ctx);
void record_event(struct record *record, const struct rpl_event *event, rpl_tstamp now);
void record_timeout(struct record *record, rpl_tstamp now);
void record_effect(struct record *record, const struct rpl_effect *effect, rpl_tstamp now);
/* At the end of a turn: hand over what was recorded. What is not taken ends it, at the place up to
 * which it was. */
void record_turn(struct record *record, rpl_tstamp now);
void record_end(struct record *record, rpl_tstamp now, enum rpl_record_why why);

#endif /* RPLD_RECORD_H */
