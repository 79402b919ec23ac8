/* SPDX-License-Identifier: ISC */
/*
 * Retransmission timeouts from measured round trips, one estimate per node, after the idea of
 * CoCoA (draft-ietf-core-cocoa): a round trip of a message that went out once counts strongly; of
 * one that was sent again it is not known which copy was answered, so that it counts weakly, and
 * after the second copy not at all. Without a measurement the timeout is RFC 7252's.
 */
#ifndef BRIDGE_COAP_RTT_H
#define BRIDGE_COAP_RTT_H

#include "bridge/brg.h"

/* All in microseconds; zeroed at first. */
struct coap_rtt {
    uint32_t strong, strong_var;
    uint32_t weak, weak_var;
    uint32_t timeout; /* 0: nothing measured */
    brg_tstamp at;    /* of the last measurement */
};

/* An answer came |rtt| after the first of |tries| + 1 copies. */
void coap_rtt_measured(struct coap_rtt *state, uint64_t rtt, uint32_t tries, uint64_t initial,
                       brg_tstamp now);

/* The timeout for a first copy, |initial| without a measurement. What was measured long ago
 * counts less and less. */
uint64_t coap_rtt_timeout(struct coap_rtt *state, uint64_t initial, brg_tstamp now);

/* The timeout of the next copy behind one of |timeout|, whose first one was |first|. */
uint64_t coap_rtt_backoff(uint64_t timeout, uint64_t first);

#endif
