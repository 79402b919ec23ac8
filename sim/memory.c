/* SPDX-License-Identifier: ISC */
#include "sim/sim_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before each block of an engine, so that its size is known when it is freed. */
union block {
    size_t size;
    long double align;
};

void *sim_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p) {
        fprintf(stderr, "rplsim: out of memory\n");
        exit(1);
    }
    return p;
}

void sim_grow(void **array, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return;

    size_t wanted = *room ? *room * 2 : 8;
    void *p = sim_alloc(wanted * size);

    if (count > 0)
        memcpy(p, *array, count * size);
    free(*array);
    *array = p;
    *room = wanted;
}

static void *engine_alloc(void *ctx, size_t size)
{
    struct sim *sim = ctx;
    union block *block = sim_alloc(sizeof(*block) + size);

    block->size = size;
    sim->stats.memory += size;
    if (sim->stats.memory > sim->stats.memory_peak)
        sim->stats.memory_peak = sim->stats.memory;
    return block + 1;
}

static void engine_free(void *ctx, void *p)
{
    struct sim *sim = ctx;
    union block *block = p;

    if (!p)
        return;
    sim->stats.memory -= block[-1].size;
    free(block - 1);
}

struct rpl_mem sim_engine_memory(struct sim *sim)
{
    return (struct rpl_mem){.alloc = engine_alloc, .free = engine_free, .ctx = sim};
}
