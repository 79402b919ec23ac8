/* SPDX-License-Identifier: ISC */
/*
 * The engine's timers: whatever has a deadline holds one, and all of an engine stand in one heap.
 * For the files of rpl/ alone.
 */
#ifndef RPL_TIMER_H
#define RPL_TIMER_H

#include "rpl/rpl.h"

struct rpl_engine;

enum timer_kind {
    TIMER_TRICKLE,
    TIMER_DIS,
    TIMER_DAO,
    TIMER_REFRESH,
    TIMER_POISON,
    TIMER_VERSION,
    TIMER_PREFIX,
    TIMER_DTSN,
    TIMER_FLOAT,
    TIMER_NO_PATH,
    TIMER_PROBE,
    TIMER_DAO_OUT,
    TIMER_TARGET,
    TIMER_DCO,
    TIMER_MEMBER,
    TIMER_LEAF,
    TIMER_REGISTRATION,
    TIMER_EXTERNAL,
    TIMER_SWEEP
};

/* |due| is when the timer is to run. */
struct rpl_timer {
    rpl_tstamp due;
    uint64_t seq;
    uint32_t slot; /* index + 1 in the heap, 0 = not armed */
    uint8_t kind;
};

/* |deadline| is what the timer stands in the heap by, not later than it is due: putting it off
 * costs nothing until the old deadline has come. */
struct rpl_timer_entry {
    rpl_tstamp deadline;
    struct rpl_timer *timer;
};

struct rpl_timers {
    struct rpl_timer_entry *heap;
    uint32_t count, capacity, registered;
    uint64_t seq;
};

/* Make room for one more timer; false without memory. Pair with rpl_timer_unregister(). */
bool rpl_timer_register(struct rpl_engine *e, struct rpl_timer *t, enum timer_kind kind);
void rpl_timer_unregister(struct rpl_engine *e, struct rpl_timer *t);
void rpl_timer_set(struct rpl_engine *e, struct rpl_timer *t, rpl_tstamp deadline);
void rpl_timer_stop(struct rpl_engine *e, struct rpl_timer *t);
bool rpl_timer_armed(const struct rpl_timer *t);
/* The first timer that is due at |now|, taken out; NULL if none is. At most |*work| steps, counted
 * down, of which putting off is one. */
struct rpl_timer *rpl_timer_pop(struct rpl_engine *e, rpl_tstamp now, int *work);

#endif /* RPL_TIMER_H */
