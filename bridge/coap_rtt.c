/* SPDX-License-Identifier: ISC */
#include "bridge/coap_rtt.h"

#define TIMEOUT_MIN (200 * BRG_MSEC) /* a node may have to finish something else first */
#define TIMEOUT_MAX (32 * BRG_SEC)
#define SHORT BRG_SEC
#define LONG (3 * BRG_SEC)
#define WEAK_TRIES 2

/* RFC 6298 section 2 with the gains of CoCoA: 1/4 for the mean, 1/8 for the deviation. */
static uint64_t estimate(uint64_t *mean, uint64_t *deviation, uint64_t rtt, unsigned k)
{
    if (*mean == 0) {
        *mean = rtt;
        *deviation = rtt / 2;
    } else {
        uint64_t off = *mean > rtt ? *mean - rtt : rtt - *mean;

        *deviation = *deviation - *deviation / 8 + off / 8;
        *mean = *mean - *mean / 4 + rtt / 4;
    }
    return *mean + k * *deviation;
}

void coap_rtt_measured(struct coap_rtt *state, uint64_t rtt, uint32_t tries, uint64_t initial,
                       brg_tstamp now)
{
    uint64_t old = coap_rtt_timeout(state, initial, now);

    rtt += rtt == 0; /* 0 is "not measured" */
    if (tries == 0) {
        state->timeout = (estimate(&state->strong, &state->strong_var, rtt, 4) + old) / 2;
    } else if (tries <= WEAK_TRIES) {
        state->timeout = (estimate(&state->weak, &state->weak_var, rtt, 1) + 3 * old) / 4;
    } else {
        return;
    }
    if (state->timeout < TIMEOUT_MIN) {
        state->timeout = TIMEOUT_MIN;
    }
    if (state->timeout > TIMEOUT_MAX) {
        state->timeout = TIMEOUT_MAX;
    }
    state->at = now;
}

uint64_t coap_rtt_timeout(struct coap_rtt *state, uint64_t initial, brg_tstamp now)
{
    if (state->timeout == 0) {
        return initial;
    }
    /* A short timeout of long ago grows, a long one shrinks, until they are the initial one. */
    while (state->timeout < SHORT && now - state->at > 16 * state->timeout) {
        state->at += 16 * state->timeout;
        state->timeout *= 2;
    }
    while (state->timeout > LONG && now - state->at > 4 * state->timeout) {
        state->at += 4 * state->timeout;
        state->timeout = BRG_SEC + state->timeout / 2;
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
