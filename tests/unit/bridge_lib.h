/* SPDX-License-Identifier: ISC */
/* Helpers of the bridge's unit tests: an allocator that counts and can refuse. */
#ifndef TESTS_UNIT_BRIDGE_LIB_H
#define TESTS_UNIT_BRIDGE_LIB_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/brg.h"

struct heap {
    long live;    /* blocks not given back */
    long calls;   /* requests so far */
    long fail_at; /* this request, counted from 1, is refused; 0: none */
    bool fail_all;
};

static inline void *heap_get(void *ctx, size_t size)
{
    struct heap *heap = ctx;

    heap->calls++;
    if (heap->fail_all || heap->calls == heap->fail_at) {
        return NULL;
    }
    heap->live++;
    return calloc(1, size);
}

static inline void heap_put(void *ctx, void *ptr)
{
    struct heap *heap = ctx;

    heap->live--;
    free(ptr);
}

#endif
