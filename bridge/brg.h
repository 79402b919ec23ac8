/* SPDX-License-Identifier: ISC */
/*
 * What all files of the bridge share: time, errors, memory, random numbers and timers.
 *
 * The pure part of the room (coap_*, link_format, payload*, topic, outbox, core, node, keep) makes
 * no system call and reads no clock: it is told the time, is given memory and a seed, and so a run
 * is a function of its inputs. The thin part (main, bconf, follow, mqtt, spool, health, priv, log)
 * touches the world.
 */
#ifndef BRIDGE_BRG_H
#define BRIDGE_BRG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

/* The functions of a red-black tree, for one file; that file need not use all of them. */
#define BRG_TREE_FUNCTIONS(name, type, field, cmp)                                                 \
    RB_GENERATE_INTERNAL(name, type, field, cmp, __attribute__((unused)) static)

/* Microseconds on a clock that never goes back. */
typedef uint64_t brg_tstamp;

#define BRG_NEVER UINT64_MAX
#define BRG_MSEC ((brg_tstamp)1000)
#define BRG_SEC ((brg_tstamp)1000000)

/* Pure functions return 0 or one of these, negated. */
enum brg_err {
    BRG_ERR_NOMEM = 1, /* the allocator refused */
    BRG_ERR_FULL,      /* a configured bound is reached */
    BRG_ERR_FORMAT,    /* bytes that are not what they claim to be */
    BRG_ERR_SIZE,      /* does not fit the given room */
    BRG_ERR_INVAL,     /* an argument out of its range */
    BRG_ERR_NOENT,     /* no such thing */
};

/* A short name for a code, negative or not; never NULL. */
const char *brg_strerror(int err);

/* Memory comes from here and nowhere else, so that a test can refuse the n-th request.
 * |get| returns zeroed memory or NULL. */
struct brg_alloc {
    void *(*get)(void *ctx, size_t size);
    void (*put)(void *ctx, void *ptr);
    void *ctx;
};

static inline void *brg_get(const struct brg_alloc *alloc, size_t size)
{
    return alloc->get(alloc->ctx, size);
}

static inline void brg_put(const struct brg_alloc *alloc, void *ptr)
{
    if (ptr != NULL) {
        alloc->put(alloc->ctx, ptr);
    }
}

/* A copy of |len| octets with a NUL behind them, or NULL. Given back with brg_put(). */
char *brg_dup(const struct brg_alloc *alloc, const void *data, size_t len);

/* splitmix64: one state per user, seeded by the caller. Not for secrets. */
uint64_t brg_random(uint64_t *state);

/* Uniform in [0, bound); 0 when |bound| is 0. */
uint64_t brg_random_below(uint64_t *state, uint64_t bound);

/* A token bucket: |rate| a second, at most |burst| at once; 0 for a rate is without bound. Full
 * at first. */
struct brg_bucket {
    brg_tstamp at;
    uint64_t spent; /* microseconds' worth that are not earned back yet */
};

/* Takes one; false: there is none. */
bool brg_bucket_take(struct brg_bucket *bucket, uint32_t rate, uint32_t burst, brg_tstamp now);

/* When brg_bucket_take() will give one: |now|, or later. */
brg_tstamp brg_bucket_next(const struct brg_bucket *bucket, uint32_t rate, uint32_t burst,
                           brg_tstamp now);

/* SipHash-2-4: 64 bits that who does not know the key cannot tell. */
uint64_t brg_siphash(const uint8_t key[16], const uint8_t *data, size_t len);

/*
 * Timers: intrusive, in one ordered table per owner, by (deadline, order of arming), so that two
 * timers of the same instant fire in the order they were set.
 */
struct brg_timer {
    RB_ENTRY(brg_timer) entry;
    brg_tstamp deadline; /* by which it is looked at, */
    brg_tstamp put_off;  /* and the one that it has; 0: the same */
    uint32_t order;
    uint8_t kind; /* the owner's: what it is a timer of */
    bool armed;
};

RB_HEAD(brg_timer_tree, brg_timer);

struct brg_timers {
    struct brg_timer_tree tree;
    uint32_t order;
};

void brg_timers_init(struct brg_timers *timers);

/* Arms |timer|, or moves it; BRG_NEVER disarms it. */
void brg_timer_set(struct brg_timers *timers, struct brg_timer *timer, brg_tstamp deadline);
void brg_timer_clear(struct brg_timers *timers, struct brg_timer *timer);

/* When brg_timers_due() is worth a call: no later than the first one is due, and earlier when that
 * was put off. BRG_NEVER without any. */
brg_tstamp brg_timers_deadline(const struct brg_timers *timers);

/* Takes out and returns the first timer that is due at |now|, or NULL. */
struct brg_timer *brg_timers_due(struct brg_timers *timers, brg_tstamp now);

/* The struct around a member. */
#define BRG_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
