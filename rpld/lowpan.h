/* SPDX-License-Identifier: ISC */
/*
 * Frames that the kernel's 6LoWPAN cannot read: taken from the radio's own interface, decoded
 * (rpl/rpl_lowpan.h), and given to the forwarder as if the kernel had.
 *
 * One packet socket serves all radios, opened while privileged; its filter wakes us up for the
 * frames that need us only. On each radio's interface a filter of traffic control drops these on
 * their way into the kernel, which would log a line for each. Without that filter (an old kernel
 * without cls_bpf) all works but "always", which then is as "auto".
 *
 * Not done here: everything about the packet inside.
 */
#ifndef RPLD_LOWPAN_H
#define RPLD_LOWPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "netlink/krt.h"
#include "rpl/rpl_lowpan.h"

/* One for each result of the decoder, and one for filters that could not be set. */
#define LOWPAN_COUNTERS (RPL_LOWPAN_RESULT_COUNT + 1u)

struct lowpan;

struct lowpan_host {
    void *ctx;
    /* A packet that came in on the 6LoWPAN interface |ifindex|; borrowed for the call. */
    void (*packet)(void *ctx, const uint8_t *packet, size_t len, uint32_t ifindex);
};

/* 0 or -errno; *ret_lowpan is untouched on failure. Nothing is heard before lowpan_link(). */
int lowpan_open(struct lowpan **ret_lowpan);
/* Takes the filters off, unless |keep|. Accepts NULL. */
void lowpan_close(struct lowpan *lowpan, bool keep);

/* Must be called before the functions below. |krt| sets the filters. */
void lowpan_attach(struct lowpan *lowpan, struct krt *krt, const struct lowpan_host *host);

/* What to decode, and the contexts; at the start and after a reload. */
void lowpan_configure(struct lowpan *lowpan, enum conf_decode decode,
                      const struct conf_contexts *contexts);

/* An interface as it is now; |ours|: RPL runs on it. Those that are not 6LoWPAN on a radio are
 * passed over. */
void lowpan_link(struct lowpan *lowpan, const struct krt_link *link, bool ours);

int lowpan_fd(const struct lowpan *lowpan);
/* Read what waits, a bounded number of frames. Call when the descriptor is readable. */
void lowpan_ready(struct lowpan *lowpan, rpl_tstamp now);

/* The |index|-th counter, false from LOWPAN_COUNTERS on. */
bool lowpan_counter(const struct lowpan *lowpan, unsigned index, const char **ret_name,
                    uint64_t *ret_value);

#endif /* RPLD_LOWPAN_H */
