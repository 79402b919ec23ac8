/* SPDX-License-Identifier: ISC */
#define _DEFAULT_SOURCE /* sbrk(), madvise() */
#include "sim/sim_impl.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAP_STEP (16 << 20) /* octets that the heap grows by */
#define LARGE_PAGE ((uintptr_t)2 << 20)

/* Before each block of an engine, so that its size is known when it is freed. */
union block {
    size_t size;
    long double align;
};

/* A large mesh is hundreds of megabytes, of which every event meets another corner: in small pages,
 * most of its time would go into finding out where they are. Where the kernel has no large ones
 * nothing happens. */
static void want_large_pages(void)
{
    static uintptr_t told; /* the heap is the process's, whoever's mesh is in it */
    uintptr_t end = (uintptr_t)sbrk(0);

    if (end == told)
        return;
    if (!told)
        mallopt(M_TOP_PAD, HEAP_STEP);
    uintptr_t from = (told ? told : end) & ~(LARGE_PAGE - 1);
    if (end > from)
        (void)madvise((void *)from, end - from, MADV_HUGEPAGE);
    told = end;
}

void *sim_alloc(size_t size)
{
    want_large_pages();
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
