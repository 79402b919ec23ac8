/* SPDX-License-Identifier: ISC */
/*
 * `rplctl ping`: loss and delay to each hop on the way to a node. Where the engine knows the way (a
 * non-storing root) every hop is asked by an echo request of its own; elsewhere the hops answer for
 * themselves, as to traceroute: the node is asked with a Hop Limit of 1, 2 and so on.
 *
 * One probe at a time, the next when it was answered or given up, so that a slow radio is not
 * loaded; a few walks at once, each bounded in probes and time. One raw socket, opened while
 * privileged; the daemon's loop calls when it is readable and at the deadline.
 */
#ifndef RPLD_PING_H
#define RPLD_PING_H

#include "rpld/ctl.h"

#define PING_WALKS 4
#define PING_TRACE_MAX 32      /* hops, where the way is not known */
#define PING_SILENT_MAX 3      /* in a row: the rest of the way is given up */
#define PING_PATIENCE RPL_S(2) /* for an answer */
#define PING_WHOLE RPL_S(120)  /* for a walk */

struct ping_walk {
    bool used;
    uint16_t identifier, sequence;
    struct ctl_ping ping;
    bool trace;   /* the way is being found out */
    bool counted; /* it is: |ping.hop_count| holds */
    unsigned hop, round, silent;
    bool waiting;     /* for the answer to |sequence| */
    uint64_t sent_us; /* CLOCK_MONOTONIC */
    rpl_tstamp sent, began;
    ctl_ping_done *done;
    void *arg;
};

struct ping {
    int fd;
    uint16_t next;
    struct ping_walk walk[PING_WALKS];
};

/* 0 or -errno. */
int ping_open(struct ping *ping);
void ping_close(struct ping *ping);

/* Begin a walk: |request| has the target, the rounds and, if it is known, the way. |done| is called
 * once, not from in here. Its number, or -EBUSY. */
int ping_start(struct ping *ping, const struct ctl_ping *request, rpl_tstamp now,
               ctl_ping_done *done, void *arg);
/* Forget a walk; |done| is not called. */
void ping_stop(struct ping *ping, int number);

void ping_ready(struct ping *ping, rpl_tstamp now);
/* Send what is to be sent, give up what is late. */
void ping_turn(struct ping *ping, rpl_tstamp now);
rpl_tstamp ping_deadline(const struct ping *ping);

#endif /* RPLD_PING_H */
