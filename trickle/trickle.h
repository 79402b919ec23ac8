/* SPDX-License-Identifier: ISC */
/*
 * The Trickle timer, RFC 6206, as RPL uses it (RFC 6550 section 8.3).
 *
 * A state machine over plain numbers: it holds no timer, reads no clock and draws no random
 * number of its own. The caller asks for the next deadline, calls trickle_timeout() when it
 * has passed, and hands in a random number wherever RFC 6206 wants one.
 *
 * All times are microseconds on the caller's monotonic clock. Nothing here can fail once
 * trickle_init() accepted its parameters.
 */
#ifndef TRICKLE_TRICKLE_H
#define TRICKLE_TRICKLE_H

#include <stdbool.h>
#include <stdint.h>

#define TRICKLE_NEVER UINT64_MAX

/* Bounds on the exponents that trickle_init() accepts: Imin of 2^24 ms is 4.7 hours, and
 * Imin + doublings of at most 31 keeps deployed 32-bit nodes in their range. */
#define TRICKLE_MIN_EXPONENT_MAX 24
#define TRICKLE_EXPONENT_SUM_MAX 31

/* What trickle_timeout() asks the caller to do. */
enum trickle_action {
    TRICKLE_NOTHING,    /* an interval ended, or t came while c >= k */
    TRICKLE_TRANSMIT,   /* t came and c < k: send now */
    TRICKLE_SUPPRESSED, /* t came and c >= k: stay silent (counted by callers) */
};

struct trickle {
    uint64_t imin;     /* smallest interval, us */
    uint64_t imax;     /* largest interval, us */
    uint64_t interval; /* I, us; 0 while stopped */
    uint64_t start;    /* when the interval began */
    uint64_t t;        /* when to transmit, absolute */
    uint32_t c;        /* consistent transmissions heard in this interval */
    uint32_t k;        /* redundancy constant, 0 = never suppress */
    bool fired;        /* t has passed in this interval */
};

/*
 * Prepare a stopped timer. |imin_exponent| and |doublings| are DIOIntervalMin (2^n ms) and
 * DIOIntervalDoublings; |k| is DIORedundancyConstant. Returns 0, or -1 (and leaves |tr|
 * alone) if the exponents are out of the bounds above.
 */
int trickle_init(struct trickle *tr, unsigned imin_exponent, unsigned doublings, unsigned k);

/* Begin with an interval of Imin (RFC 6206 section 4.2 rules 1 and 2). */
void trickle_start(struct trickle *tr, uint64_t now, uint64_t random);

void trickle_stop(struct trickle *tr);
bool trickle_running(const struct trickle *tr);

/* A consistent transmission was heard (rule 3). */
void trickle_consistent(struct trickle *tr);

/*
 * An inconsistency or another reset event (rule 6): back to Imin, unless I is Imin already,
 * when nothing happens. Returns true if a new interval began.
 */
bool trickle_reset(struct trickle *tr, uint64_t now, uint64_t random);

/* The next instant trickle_timeout() wants to be called; TRICKLE_NEVER while stopped. */
uint64_t trickle_deadline(const struct trickle *tr);

/* Call when the deadline has passed (calling early does nothing). |random| seeds the choice
 * of the next t. One call handles one step; ask for the deadline again afterwards. If |now| is
 * far beyond the end of the interval the new interval begins at |now|, not in the past. */
enum trickle_action trickle_timeout(struct trickle *tr, uint64_t now, uint64_t random);

#endif /* TRICKLE_TRICKLE_H */
