/* SPDX-License-Identifier: ISC */
/*
 * Two heaps: what is on its way, ordered by (time, sequence), and the nodes by the time at which
 * their engine wants to be called, where each node has exactly one place that moves.
 */
#include "sim/sim_impl.h"

static bool event_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->when != b->when ? a->when < b->when : a->sequence < b->sequence;
}

void sim_queue_push(struct sim *sim, struct sim_event *event)
{
    sim_grow((void **)&sim->events, &sim->event_room, sim->event_count, sizeof(*sim->events));
    event->sequence = sim->sequence++;

    size_t i = sim->event_count++;
    while (i > 0 && event_before(event, &sim->events[(i - 1) / 2])) {
        sim->events[i] = sim->events[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->events[i] = *event;
}

rpl_tstamp sim_queue_next(const struct sim *sim)
{
    return sim->event_count > 0 ? sim->events[0].when : RPL_NEVER;
}

bool sim_queue_pop(struct sim *sim, struct sim_event *ret_event)
{
    if (sim->event_count == 0)
        return false;
    *ret_event = sim->events[0];

    struct sim_event last = sim->events[--sim->event_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sim->event_count)
            break;
        if (child + 1 < sim->event_count &&
            event_before(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!event_before(&sim->events[child], &last))
            break;
        sim->events[i] = sim->events[child];
        i = child;
    }
    if (sim->event_count > 0)
        sim->events[i] = last;
    return true;
}

static bool turn_before(const struct sim_turn *a, const struct sim_turn *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->node < b->node;
}

#define WAYS 4u /* of the nodes' heap: a step down looks at one line of the cache */

static void place(struct sim *sim, size_t i, struct sim_turn at)
{
    sim->heap[i] = at;
    sim->place[at.node] = i;
}

/* Move |at| from place |i| to where it belongs. */
static void settle(struct sim *sim, size_t i, struct sim_turn at)
{
    while (i > 0 && turn_before(&at, &sim->heap[(i - 1) / WAYS])) {
        place(sim, i, sim->heap[(i - 1) / WAYS]);
        i = (i - 1) / WAYS;
    }
    for (;;) {
        size_t first = WAYS * i + 1, best = first;
        if (first >= sim->node_count)
            break;
        for (size_t child = first + 1; child < first + WAYS && child < sim->node_count; child++)
            if (turn_before(&sim->heap[child], &sim->heap[best]))
                best = child;
        if (!turn_before(&sim->heap[best], &at))
            break;
        place(sim, i, sim->heap[best]);
        i = best;
    }
    place(sim, i, at);
}

void sim_heap_add(struct sim *sim, unsigned node)
{
    settle(sim, node, (struct sim_turn){RPL_NEVER, node});
}

void sim_heap_update(struct sim *sim, unsigned node, rpl_tstamp deadline)
{
    size_t i = sim->place[node];

    if (sim->heap[i].deadline != deadline)
        settle(sim, i, (struct sim_turn){deadline, node});
}
