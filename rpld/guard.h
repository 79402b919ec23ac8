/* SPDX-License-Identifier: ISC */
/*
 * The guard at the border of the mesh (RFC 6554 section 5): the kernel forwards by itself what
 * comes in along a route of ours, and what leaves the mesh, source routes of anybody's making with
 * it. A table in the kernel's firewall (netlink/krt.h) drops and counts these. It is put back when
 * somebody has flushed all rules. A kernel without nftables is told of once, and no failure.
 *
 * Not done here: what the forwarder sees itself, it judges itself (forward.c).
 */
#ifndef RPLD_GUARD_H
#define RPLD_GUARD_H

#include "netlink/krt.h"
#include "rpl/rpl.h"

struct guard {
    struct krt *krt;
    const char *names[RPL_INTERFACES_MAX + 1]; /* of the mesh's interfaces; borrowed */
    unsigned count;
    bool on;
    int stands;            /* 1, or -errno: why it does not; 0: it is not wanted */
    rpl_tstamp looked;     /* when it was last seen to stand */
    rpl_tstamp due;        /* to look again; RPL_NEVER */
    struct krt_guard base; /* dropped by tables that are gone */
    struct krt_guard seen; /* by the one that stands, at |looked| */
};

/* Nothing is changed yet. */
void guard_init(struct guard *guard, struct krt *krt);
/* One more interface of the mesh, there or not. */
void guard_add(struct guard *guard, const char *name);

/* Sets it, or takes away what an earlier run left. Logs what does not work. */
void guard_configure(struct guard *guard, bool on, rpl_tstamp now);
/* The clean end. */
void guard_stop(struct guard *guard);

/* The firewall's rules have changed: soon, and once a second at most, it is looked whether it is
 * still there. */
void guard_touch(struct guard *guard, rpl_tstamp now);
rpl_tstamp guard_deadline(const struct guard *guard);
void guard_turn(struct guard *guard, rpl_tstamp now);

/* What was dropped since the daemon started, as of this turn. */
void guard_dropped(struct guard *guard, rpl_tstamp now, struct krt_guard *ret_dropped);

#endif /* RPLD_GUARD_H */
