/* SPDX-License-Identifier: ISC */
#include "trickle/trickle.h"

#define US_PER_MS 1000u

int trickle_init(struct trickle *tr, unsigned imin_exponent, unsigned doublings, unsigned k)
{
    /* Each bound on its own first: the sum of two huge values would wrap. */
    if (imin_exponent > TRICKLE_MIN_EXPONENT_MAX || doublings > TRICKLE_EXPONENT_SUM_MAX ||
        imin_exponent + doublings > TRICKLE_EXPONENT_SUM_MAX)
        return -1;

    uint64_t imin = (uint64_t)US_PER_MS << imin_exponent;
    *tr = (struct trickle){.imin = imin, .imax = imin << doublings, .k = k};
    return 0;
}

/* RFC 6206 section 4.2 rule 2: a fresh counter, and t anywhere in [I/2, I). I is at least 1 ms
 * and even, so that both halves are equally long. */
static void interval_begin(struct trickle *tr, uint64_t start, uint64_t interval, uint64_t random)
{
    uint64_t half = interval / 2;

    tr->interval = interval;
    tr->start = start;
    tr->t = start + half + random % half;
    tr->c = 0;
    tr->fired = false;
}

void trickle_start(struct trickle *tr, uint64_t now, uint64_t random)
{
    interval_begin(tr, now, tr->imin, random);
}

void trickle_stop(struct trickle *tr)
{
    tr->interval = 0;
}

bool trickle_running(const struct trickle *tr)
{
    return tr->interval != 0;
}

void trickle_consistent(struct trickle *tr)
{
    /* Saturates: a wrap to 0 would undo the suppression. */
    if (trickle_running(tr) && tr->c < UINT32_MAX)
        tr->c++;
}

bool trickle_reset(struct trickle *tr, uint64_t now, uint64_t random)
{
    if (!trickle_running(tr) || tr->interval == tr->imin)
        return false;
    interval_begin(tr, now, tr->imin, random);
    return true;
}

uint64_t trickle_deadline(const struct trickle *tr)
{
    if (!trickle_running(tr))
        return TRICKLE_NEVER;
    return tr->fired ? tr->start + tr->interval : tr->t;
}

/* Rule 5: the next interval is twice as long, up to Imax. Intervals follow each other without a
 * gap, so a late call does not shift the schedule; but after a long sleep (the machine was
 * suspended) t would lie in the past, and a series of short intervals would be caught up with
 * in a burst. */
static void interval_next(struct trickle *tr, uint64_t now, uint64_t random)
{
    uint64_t end = tr->start + tr->interval;
    uint64_t interval = tr->interval >= tr->imax / 2 ? tr->imax : tr->interval * 2;
    bool late = now - end > interval / 2;

    interval_begin(tr, late ? now : end, interval, random);
}

enum trickle_action trickle_timeout(struct trickle *tr, uint64_t now, uint64_t random)
{
    if (!trickle_running(tr) || now < trickle_deadline(tr))
        return TRICKLE_NOTHING;
    if (tr->fired) {
        interval_next(tr, now, random);
        return TRICKLE_NOTHING;
    }
    /* Rule 4, with k = 0 read as "never suppress" (RFC 6550 section 8.3.1). */
    tr->fired = true;
    return tr->k == 0 || tr->c < tr->k ? TRICKLE_TRANSMIT : TRICKLE_SUPPRESSED;
}
