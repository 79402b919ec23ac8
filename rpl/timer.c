/* SPDX-License-Identifier: ISC */
/*
 * The engine's timers: one binary heap ordered by (deadline, sequence), each timer knowing its
 * slot, so that moving one costs O(log n) and ties run in the order in which they were set.
 */
#include "rpl/engine.h"

static bool before(const struct rpl_timer *a, const struct rpl_timer *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline;
    return a->seq < b->seq;
}

static void place(struct rpl_timers *ts, uint32_t index, struct rpl_timer *t)
{
    ts->heap[index] = t;
    t->slot = index + 1;
}

static void sift_up(struct rpl_timers *ts, uint32_t index, struct rpl_timer *t)
{
    while (index > 0) {
        uint32_t up = (index - 1) / 2;
        if (!before(t, ts->heap[up]))
            break;
        place(ts, index, ts->heap[up]);
        index = up;
    }
    place(ts, index, t);
}

static void sift_down(struct rpl_timers *ts, uint32_t index, struct rpl_timer *t)
{
    for (;;) {
        uint32_t down = index * 2 + 1;
        if (down >= ts->count)
            break;
        if (down + 1 < ts->count && before(ts->heap[down + 1], ts->heap[down]))
            down++;
        if (!before(ts->heap[down], t))
            break;
        place(ts, index, ts->heap[down]);
        index = down;
    }
    place(ts, index, t);
}

bool rpl_timer_register(struct rpl_engine *e, struct rpl_timer *t, enum timer_kind kind)
{
    struct rpl_timers *ts = &e->timers;

    if (ts->registered == ts->capacity) {
        uint32_t capacity = ts->capacity ? ts->capacity * 2 : 16;
        struct rpl_timer **heap = rpl_alloc(e, capacity * sizeof(*heap));
        if (!heap)
            return false;
        if (ts->heap)
            memcpy(heap, ts->heap, ts->count * sizeof(*heap));
        rpl_free(e, ts->heap);
        ts->heap = heap;
        ts->capacity = capacity;
    }
    ts->registered++;
    memset(t, 0, sizeof(*t));
    t->kind = (uint8_t)kind;
    return true;
}

void rpl_timer_unregister(struct rpl_engine *e, struct rpl_timer *t)
{
    rpl_timer_stop(e, t);
    e->timers.registered--;
}

void rpl_timer_stop(struct rpl_engine *e, struct rpl_timer *t)
{
    struct rpl_timers *ts = &e->timers;

    if (t->slot == 0)
        return;
    uint32_t index = t->slot - 1;
    struct rpl_timer *last = ts->heap[--ts->count];
    t->slot = 0;
    if (last == t)
        return;
    if (index > 0 && before(last, ts->heap[(index - 1) / 2]))
        sift_up(ts, index, last);
    else
        sift_down(ts, index, last);
}

static void push(struct rpl_timers *ts, struct rpl_timer *t)
{
    t->deadline = t->due;
    t->seq = ++ts->seq;
    sift_up(ts, ts->count++, t);
}

void rpl_timer_set(struct rpl_engine *e, struct rpl_timer *t, rpl_tstamp deadline)
{
    if (t->slot != 0 && deadline >= t->deadline && deadline != RPL_NEVER) {
        t->due = deadline;
        return;
    }
    rpl_timer_stop(e, t);
    if (deadline == RPL_NEVER)
        return;
    t->due = deadline;
    push(&e->timers, t);
}

bool rpl_timer_armed(const struct rpl_timer *t)
{
    return t->slot != 0;
}

struct rpl_timer *rpl_timer_pop(struct rpl_engine *e, rpl_tstamp now, int *work)
{
    struct rpl_timers *ts = &e->timers;

    while (ts->count > 0 && ts->heap[0]->deadline <= now && *work > 0) {
        struct rpl_timer *t = ts->heap[0];
        (*work)--;
        rpl_timer_stop(e, t);
        if (t->due <= now)
            return t;
        push(ts, t);
    }
    return NULL;
}
