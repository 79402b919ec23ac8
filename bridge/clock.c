/* SPDX-License-Identifier: ISC */
#include "bridge/clock.h"

#include <time.h>

struct brg_now brg_clock_read(void)
{
    struct timespec mono = {0};
    struct timespec wall = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct brg_now){
        .mono = (brg_tstamp)mono.tv_sec * BRG_SEC + (brg_tstamp)mono.tv_nsec / 1000,
        .wall_s = (double)wall.tv_sec + (double)wall.tv_nsec / 1e9,
    };
}
