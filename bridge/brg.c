/* SPDX-License-Identifier: ISC */
#include "bridge/brg.h"

#include <string.h>

const char *brg_strerror(int err)
{
    static const char *const names[] = {
        [0] = "no error",
        [BRG_ERR_NOMEM] = "out of memory",
        [BRG_ERR_FULL] = "limit reached",
        [BRG_ERR_FORMAT] = "malformed",
        [BRG_ERR_SIZE] = "too large",
        [BRG_ERR_INVAL] = "invalid argument",
        [BRG_ERR_NOENT] = "not found",
    };
    size_t index = (size_t)(err < 0 ? -(long)err : err);

    return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown error";
}

char *brg_dup(const struct brg_alloc *alloc, const void *data, size_t len)
{
    char *copy = brg_get(alloc, len + 1);

    if (copy != NULL) {
        if (len > 0) {
            memcpy(copy, data, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

uint64_t brg_random(uint64_t *state)
{
    uint64_t z;

    *state += UINT64_C(0x9e3779b97f4a7c15);
    z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t brg_random_below(uint64_t *state, uint64_t bound)
{
    /* The bias of the remainder is below 2^-40 for every bound used here (seconds and minutes
     * in microseconds). */
    return bound == 0 ? 0 : brg_random(state) % bound;
}

bool brg_bucket_take(struct brg_bucket *bucket, uint32_t rate, uint32_t burst, brg_tstamp now)
{
    uint64_t earned = now - bucket->at;
    uint64_t price;

    if (rate == 0) {
        return true;
    }
    price = BRG_SEC / rate;
    bucket->spent -= earned < bucket->spent ? earned : bucket->spent;
    bucket->at = now;
    if (bucket->spent + price > burst * price) {
        return false;
    }
    bucket->spent += price;
    return true;
}

brg_tstamp brg_bucket_next(const struct brg_bucket *bucket, uint32_t rate, uint32_t burst,
                           brg_tstamp now)
{
    uint64_t earned = now - bucket->at;
    uint64_t spent = bucket->spent - (earned < bucket->spent ? earned : bucket->spent);
    uint64_t price;

    if (rate == 0) {
        return now;
    }
    price = BRG_SEC / rate;
    return spent + price > burst * price ? now + spent + price - burst * price : now;
}

static uint64_t word_of(const uint8_t *data, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++) {
        word |= (uint64_t)data[i] << (8 * i);
    }
    return word;
}

static uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

static void sip_rounds(uint64_t v[4], int n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t brg_siphash(const uint8_t key[16], const uint8_t *data, size_t len)
{
    uint64_t k[2] = {word_of(key, 8), word_of(key + 8, 8)};
    uint64_t v[4] = {k[0] ^ UINT64_C(0x736f6d6570736575), k[1] ^ UINT64_C(0x646f72616e646f6d),
                     k[0] ^ UINT64_C(0x6c7967656e657261), k[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)len << 56;

    for (; len >= 8; data += 8, len -= 8) {
        uint64_t word = word_of(data, 8);

        v[3] ^= word;
        sip_rounds(v, 2);
        v[0] ^= word;
    }
    last |= word_of(data, len);
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static int timer_cmp(const struct brg_timer *a, const struct brg_timer *b)
{
    if (a->deadline != b->deadline) {
        return a->deadline < b->deadline ? -1 : 1;
    }
    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    return (a > b) - (a < b); /* it has gone around */
}

BRG_TREE_FUNCTIONS(brg_timer_tree, brg_timer, entry, timer_cmp)

void brg_timers_init(struct brg_timers *timers)
{
    RB_INIT(&timers->tree);
    timers->order = 0;
}

static void timer_place(struct brg_timers *timers, struct brg_timer *timer, brg_tstamp deadline)
{
    timer->deadline = deadline;
    timer->order = timers->order++;
    timer->put_off = 0;
    timer->armed = true;
    RB_INSERT(brg_timer_tree, &timers->tree, timer);
}

void brg_timer_set(struct brg_timers *timers, struct brg_timer *timer, brg_tstamp deadline)
{
    /* What is put off, as Max-Age is by each reading, stays where it is until its time has come. */
    if (timer->armed && deadline >= timer->deadline && deadline != BRG_NEVER) {
        timer->put_off = deadline;
        return;
    }
    brg_timer_clear(timers, timer);
    if (deadline == BRG_NEVER) {
        return;
    }
    timer_place(timers, timer, deadline);
}

void brg_timer_clear(struct brg_timers *timers, struct brg_timer *timer)
{
    if (timer->armed) {
        RB_REMOVE(brg_timer_tree, &timers->tree, timer);
        timer->armed = false;
    }
}

static struct brg_timer *timers_first(const struct brg_timers *timers)
{
    struct brg_timer *timer = RB_ROOT(&timers->tree);

    while (timer != NULL && RB_LEFT(timer, entry) != NULL) {
        timer = RB_LEFT(timer, entry);
    }
    return timer;
}

brg_tstamp brg_timers_deadline(const struct brg_timers *timers)
{
    const struct brg_timer *timer = timers_first(timers);

    return timer == NULL ? BRG_NEVER : timer->deadline;
}

struct brg_timer *brg_timers_due(struct brg_timers *timers, brg_tstamp now)
{
    struct brg_timer *timer;

    while ((timer = timers_first(timers)) != NULL && timer->deadline <= now) {
        brg_timer_clear(timers, timer);
        if (timer->put_off == 0) {
            return timer;
        }
        timer_place(timers, timer, timer->put_off);
    }
    return NULL;
}
