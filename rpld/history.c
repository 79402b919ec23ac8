/* SPDX-License-Identifier: ISC */
#include "rpld/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    struct history_entry *entry;
    size_t size, used, next; /* |next| is where the next one goes */
};

struct history {
    uint64_t number;
    struct ring events, refusals;
};

static bool at_will(enum rpl_trace_kind kind)
{
    switch (kind) {
    case RPL_TRACE_DROPPED:
    case RPL_TRACE_DAO_REFUSED:
    case RPL_TRACE_NEIGHBOUR:
    case RPL_TRACE_ALARM:
        return true;
    case RPL_TRACE_NODE_UP:
    case RPL_TRACE_NODE_CHANGE:
    case RPL_TRACE_NODE_DOWN:
    case RPL_TRACE_ROUTE:
    case RPL_TRACE_PARENT:
    case RPL_TRACE_JOINED:
    case RPL_TRACE_DETACHED:
    case RPL_TRACE_REPAIR:
    case RPL_TRACE_LINK:
    case RPL_TRACE_DAO_UNACKED:
    case RPL_TRACE_COUNT:
        break;
    }
    return false;
}

int history_new(struct history **ret_history)
{
    struct history *history = calloc(1, sizeof(*history));
    if (!history)
        return -ENOMEM;
    history->events.size = HISTORY_EVENTS;
    history->refusals.size = HISTORY_REFUSALS;
    history->events.entry = calloc(HISTORY_EVENTS, sizeof(struct history_entry));
    history->refusals.entry = calloc(HISTORY_REFUSALS, sizeof(struct history_entry));
    if (!history->events.entry || !history->refusals.entry) {
        history_free(history);
        return -ENOMEM;
    }
    *ret_history = history;
    return 0;
}

void history_free(struct history *history)
{
    if (!history)
        return;
    free(history->events.entry);
    free(history->refusals.entry);
    free(history);
}

void history_add(struct history *history, const struct rpl_effect_trace *trace, rpl_tstamp now)
{
    struct ring *ring = at_will(trace->kind) ? &history->refusals : &history->events;
    ring->entry[ring->next] = (struct history_entry){history->number++, now, *trace};
    ring->next = (ring->next + 1) % ring->size;
    if (ring->used < ring->size)
        ring->used++;
}

bool history_same_node(const struct rpl_addr *a, const struct rpl_addr *b)
{
    if (memcmp(a->b + 8, b->b + 8, 8) != 0)
        return false;
    bool a_local = a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
    bool b_local = b->b[0] == 0xfe && (b->b[1] & 0xc0) == 0x80;
    return a_local || b_local || memcmp(a->b, b->b, 8) == 0;
}

static bool concerns(const struct rpl_effect_trace *trace, const struct rpl_addr *addr)
{
    return history_same_node(&trace->address, addr) || history_same_node(&trace->other, addr);
}

static const struct history_entry *ring_at(const struct ring *ring, size_t i)
{
    size_t first = ring->used < ring->size ? 0 : ring->next;
    return &ring->entry[(first + i) % ring->size];
}

/* Numbers rise from the oldest to the newest: find the first one wanted by halving. */
static const struct history_entry *ring_find(const struct ring *ring, const struct rpl_addr *addr,
                                             uint64_t from)
{
    size_t low = 0, high = ring->used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ring_at(ring, middle)->number < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < ring->used; low++) {
        const struct history_entry *entry = ring_at(ring, low);
        if (concerns(&entry->trace, addr))
            return entry;
    }
    return NULL;
}

bool history_next(const struct history *history, const struct rpl_addr *addr, uint64_t *cursor,
                  struct history_entry *out)
{
    const struct history_entry *a = ring_find(&history->events, addr, *cursor);
    const struct history_entry *b = ring_find(&history->refusals, addr, *cursor);
    if (!a || (b && b->number < a->number))
        a = b;
    if (!a)
        return false;
    *out = *a;
    *cursor = a->number + 1;
    return true;
}
