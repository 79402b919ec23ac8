/* SPDX-License-Identifier: ISC */
/*
 * Repeating a recording of a real daemon (rpl/rpl_record.h): the engine is made as it was, hears
 * what it heard when it heard it, and has to want what it wanted. A recording may come from
 * anybody: memory is bounded, and each record costs a bounded amount of work.
 */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "rpl/rpl_record.h"

#define SIM_REPLAY_FILE_MAX ((size_t)1 << 30)
#define SIM_REPLAY_MEMORY_MAX ((size_t)1 << 30) /* of the engine */

enum sim_replay_result {
    SIM_REPLAY_SAME,      /* the same effects up to the end */
    SIM_REPLAY_CUT_SHORT, /* the same as far as it goes, but it has no end */
    SIM_REPLAY_DIFFERS,   /* other effects than those of the recording */
    SIM_REPLAY_BROKEN     /* no recording of this version, or its settings cannot be run */
};

struct sim_replay {
    enum sim_replay_result result;
    char program[RPL_RECORD_PROGRAM_MAX]; /* that recorded */
    enum rpl_record_why why;              /* it ended; with an end only */
    rpl_tstamp began, now;                /* of the last record */
    size_t at;                            /* of the record, octets; where it broke or differs */
    uint64_t events, timeouts, effects;
    uint64_t digest, recorded; /* ours and theirs, of the last record that has one */
};

/* Told of each event before the engine has it, and of each effect; either is NULL. */
typedef void sim_replay_fn(void *ctx, rpl_tstamp now, const struct rpl_event *event,
                           const struct rpl_effect *effect);

/* |fn| may be NULL. */
void sim_replay(const uint8_t *data, size_t len, sim_replay_fn *fn, void *ctx,
                struct sim_replay *ret_replay);

/* The program: replays |file| and says what came of it. Its exit status: 0 the same, 1 not, 2 no
 * recording or no such file. */
int sim_replay_run(const char *file, bool log, bool json);

#endif /* SIM_REPLAY_H */
