/* SPDX-License-Identifier: ISC */
/*
 * The engine's timers: one heap ordered by (deadline, sequence), each timer knowing its slot, so
 * that moving one costs O(log n) and ties run in the order in which they were set. The deadlines
 * stand in the heap and each place has four below it, which lie in one line of the cache: a step
 * down looks at no timer.
 */
#include "rpl/engine.h"

#define WAYS 4u

static bool before(const struct rpl_timer_entry *a, const struct rpl_timer_entry *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline;
    return a->timer->seq < b->timer->seq;
}

static void place(struct rpl_timers *ts, uint32_t index, struct rpl_timer_entry entry)
{
    ts->heap[index] = entry;
    entry.timer->slot = index + 1;
}

static void sift_up(struct rpl_timers *ts, uint32_t index, struct rpl_timer_entry entry)
{
    while (index > 0) {
        uint32_t up = (index - 1) / WAYS;
        if (!before(&entry, &ts->heap[up]))
            break;
        place(ts, index, ts->heap[up]);
        index = up;
    }
    place(ts, index, entry);
}

static void sift_down(struct rpl_timers *ts, uint32_t index, struct rpl_timer_entry entry)
{
    for (;;) {
        uint32_t first = index * WAYS + 1, best = first;
        if (first >= ts->count)
            break;
        for (uint32_t i = first + 1; i < first + WAYS && i < ts->count; i++)
            if (before(&ts->heap[i], &ts->heap[best]))
                best = i;
        if (!before(&ts->heap[best], &entry))
            break;
        place(ts, index, ts->heap[best]);
        index = best;
    }
    place(ts, index, entry);
}

bool rpl_timer_register(struct rpl_engine *e, struct rpl_timer *t, enum timer_kind kind)
{
    struct rpl_timers *ts = &e->timers;

    if (ts->registered == ts->capacity) {
        uint32_t capacity = ts->capacity + ts->capacity / 2 + 16;
        struct rpl_timer_entry *heap = rpl_alloc(e, capacity * sizeof(*heap));
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
    struct rpl_timer_entry last = ts->heap[--ts->count];
    t->slot = 0;
    if (last.timer == t)
        return;
    if (index > 0 && before(&last, &ts->heap[(index - 1) / WAYS]))
        sift_up(ts, index, last);
    else
        sift_down(ts, index, last);
}

void rpl_timer_set(struct rpl_engine *e, struct rpl_timer *t, rpl_tstamp deadline)
{
    struct rpl_timers *ts = &e->timers;

    t->due = deadline;
    if (t->slot != 0 && deadline >= ts->heap[t->slot - 1].deadline && deadline != RPL_NEVER)
        return;
    rpl_timer_stop(e, t);
    if (deadline == RPL_NEVER)
        return;
    t->seq = ++ts->seq;
    sift_up(ts, ts->count++, (struct rpl_timer_entry){.deadline = deadline, .timer = t});
}

bool rpl_timer_armed(const struct rpl_timer *t)
{
    return t->slot != 0;
}

struct rpl_timer *rpl_timer_pop(struct rpl_engine *e, rpl_tstamp now, int *work)
{
    struct rpl_timers *ts = &e->timers;

    while (ts->count > 0 && ts->heap[0].deadline <= now && *work > 0) {
        struct rpl_timer *t = ts->heap[0].timer;
        (*work)--;
        if (t->due <= now) {
            rpl_timer_stop(e, t);
            return t;
        }
        /* It was put off: to its new place, from the top. */
        t->seq = ++ts->seq;
        sift_down(ts, 0, (struct rpl_timer_entry){.deadline = t->due, .timer = t});
    }
    return NULL;
}
