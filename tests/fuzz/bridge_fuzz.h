/* SPDX-License-Identifier: ISC */
/* What the fuzz targets of the bridge share: a heap that counts, and a promise that has to hold. */
#ifndef TESTS_FUZZ_BRIDGE_FUZZ_H
#define TESTS_FUZZ_BRIDGE_FUZZ_H

#include <stdlib.h>

#include "bridge/brg.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            __builtin_trap();                                                                      \
        }                                                                                          \
    } while (0)

static long live; /* blocks not given back */

static void *heap_get(void *ctx, size_t size)
{
    (void)ctx;
    live++;
    return calloc(1, size);
}

static void heap_put(void *ctx, void *ptr)
{
    (void)ctx;
    live--;
    free(ptr);
}

static const struct brg_alloc heap = {heap_get, heap_put, NULL};

#endif
