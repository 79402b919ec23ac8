/* SPDX-License-Identifier: ISC */
#include "bridge/coap_rtt.h"

#define TIMEOUT_MIN (200 * BRG_MSEC) /* a node may have to finish something else first */
#define TIMEOUT_MAX (32 * BRG_SEC)
#define RTT_MAX 600000000U /* ten minutes; more would not fit */
#define SHORT BRG_SEC
#define LONG (3 * BRG_SEC)
#define WEAK_TRIES 2

/* RFC 6298 section 2 with the gains of CoCoA: 1/4 for the mean, 1/8 for the deviation. */
static uint64_t estimate(uint32_t *mean, uint32_t *deviation, uint32_t rtt, unsigned k)
{
    if (*mean == 0) {
        *mean = rtt;
        *deviation = rtt / 2;
    } else {
        uint32_t off = *mean > rtt ? *mean - rtt : rtt - *mean;

        *deviation = *deviation - *deviation / 8 + off / 8;
        *mean = *mean - *mean / 4 + rtt / 4;
    }
    return *mean + (uint64_t)k * *deviation;
}

void coap_rtt_measured(struct coap_rtt *state, uint64_t rtt, uint32_t tries, uint64_t initial,
                       brg_tstamp now)
{
    uint64_t old = coap_rtt_timeout(state, initial, now);
    uint32_t measured = rtt < RTT_MAX ? (uint32_t)rtt : RTT_MAX;
    uint64_t timeout;

    measured += measured == 0; /* 0 is "not measured" */
    if (tries == 0) {
        timeout = (estimate(&state->strong, &state->strong_var, measured, 4) + old) / 2;
    } else if (tries <= WEAK_TRIES) {
        timeout = (estimate(&state->weak, &state->weak_var, measured, 1) + 3 * old) / 4;
    } else {
        return;
    }
    timeout = timeout < TIMEOUT_MIN ? TIMEOUT_MIN : timeout;
    state->timeout = (uint32_t)(timeout < TIMEOUT_MAX ? timeout : TIMEOUT_MAX);
    state->at = now;
}

uint64_t coap_rtt_timeout(struct coap_rtt *state, uint64_t initial, brg_tstamp now)
{
    if (state->timeout == 0) {
        return initial;
    }
    /* A short timeout of long ago grows, a long one shrinks, until they are the initial one. */
    while (state->timeout < SHORT && now - state->at > 16 * (uint64_t)state->timeout) {
        state->at += 16 * (uint64_t)state->timeout;
        state->timeout *= 2;
    }
    while (state->timeout > LONG && now - state->at > 4 * (uint64_t)state->timeout) {
        state->at += 4 * (uint64_t)state->timeout;
        state->timeout = (uint32_t)(BRG_SEC + state->timeout / 2);
    }
    return state->timeout;
}

uint64_t coap_rtt_backoff(uint64_t timeout, uint64_t first)
{
    uint64_t next = first < SHORT  ? 3 * timeout
                    : first > LONG ? timeout + timeout / 2
                                   : 2 * timeout;

    return next < TIMEOUT_MAX ? next : TIMEOUT_MAX;
}
