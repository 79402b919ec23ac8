/* SPDX-License-Identifier: ISC */
/* The moving average of link samples. */
#include "of/of.h"

#define WEIGHT 4 /* a new sample counts a quarter */

uint16_t of_etx_update(uint16_t old, uint16_t sample)
{
    if (sample == OF_ETX_UNKNOWN)
        return old;
    if (old == OF_ETX_UNKNOWN)
        return sample;
    /* The step is rounded away from zero, or the last three units would never be gone. It
     * never goes beyond the sample, so the result fits and is never "unknown". */
    if (sample > old)
        return (uint16_t)(old + (sample - old + WEIGHT - 1) / WEIGHT);
    return (uint16_t)(old - (old - sample + WEIGHT - 1) / WEIGHT);
}
