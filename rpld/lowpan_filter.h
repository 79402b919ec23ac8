/* SPDX-License-Identifier: ISC */
/*
 * rpl_lowpan_judge() as a classic BPF program, so that the kernel decides by itself: as the
 * filter of our socket (wake us up for frames that need us) and of tc (drop these, in silence,
 * on their way into the kernel's own 6LoWPAN).
 */
#ifndef RPLD_LOWPAN_FILTER_H
#define RPLD_LOWPAN_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOWPAN_FILTER_MAX 240 /* a jump reaches that far */

/* What the program returns. A frame that ends too early gives 0. */
struct lowpan_verdicts {
    uint32_t ours;
    uint32_t kernels;
    uint32_t kernels_first; /* a first fragment of the kernel's */
    uint32_t undecided;     /* a later fragment */
    uint32_t nobodys;
};

/*
 * Write the program; returns its length. |base| is where the MAC payload begins: SKF_NET_OFF for
 * a packet on its way in, 0 for one that has no other header. |all| as for rpl_lowpan_judge().
 * |hatype|: other devices than of this type, and packets to others, get 0; 0: not looked at.
 */
size_t lowpan_filter_build(struct sock_filter code[LOWPAN_FILTER_MAX], uint32_t base, bool all,
                           uint16_t hatype, const struct lowpan_verdicts *verdicts);

#endif /* RPLD_LOWPAN_FILTER_H */
