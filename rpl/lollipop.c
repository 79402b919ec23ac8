/* SPDX-License-Identifier: ISC */
/*
 * Sequence counters with a straight stick and a round head, RFC 6550 section 7.2: 128..255 is
 * walked once after a start, 0..127 goes round for ever.
 */
#include "rpl/rpl_wire.h"

#define LOLLIPOP_CIRCLE 128 /* values below go round */
#define LOLLIPOP_WINDOW 16  /* SEQUENCE_WINDOW */

/* One in the stick (128..255) against one in the circle (0..127), rule 3: the stick counter is
 * the older one only while its way over the wrap is no longer than the window. */
static enum rpl_order rpl_lollipop_stick_to_circle(uint8_t stick, uint8_t circle)
{
    return 256 + circle - stick <= LOLLIPOP_WINDOW ? RPL_OLDER : RPL_NEWER;
}

enum rpl_order rpl_lollipop_compare(uint8_t a, uint8_t b)
{
    unsigned ahead, behind;

    if (a == b)
        return RPL_EQUAL;
    if (a >= LOLLIPOP_CIRCLE && b < LOLLIPOP_CIRCLE)
        return rpl_lollipop_stick_to_circle(a, b);
    if (a < LOLLIPOP_CIRCLE && b >= LOLLIPOP_CIRCLE)
        return rpl_lollipop_stick_to_circle(b, a) == RPL_OLDER ? RPL_NEWER : RPL_OLDER;

    /*
     * NOTE: the text takes the plain difference here, which would make 127 and its successor 0
     * incomparable. In the circle the distance is taken round it (SEQ-04); in the stick, where
     * nothing wraps, the modulus of 256 leaves only one of the two distances small.
     */
    ahead = (unsigned)(a - b) & (a < LOLLIPOP_CIRCLE ? 0x7fu : 0xffu);
    behind = (unsigned)(b - a) & (a < LOLLIPOP_CIRCLE ? 0x7fu : 0xffu);
    if (ahead <= LOLLIPOP_WINDOW)
        return RPL_NEWER;
    if (behind <= LOLLIPOP_WINDOW)
        return RPL_OLDER;
    return RPL_NOT_COMPARABLE;
}

uint8_t rpl_lollipop_increment(uint8_t a)
{
    return a == 127 || a == 255 ? 0 : (uint8_t)(a + 1);
}
