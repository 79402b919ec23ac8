/* SPDX-License-Identifier: ISC */
/*
 * What the mesh has to do with the LAN behind the border router.
 *
 * Prefixes: an instance with the setting `uplink` takes its /64 from what that interface has: from
 * a delegated prefix that a DHCPv6 client left as an unreachable route, from an address on it with
 * a prefix shorter than /64, or, if we answer there for the nodes, from its own /64. When it
 * changes the engine gets the new one, and phases the old one out. While there is none the last one
 * stays: the mesh goes on without the Internet.
 *
 * NDP proxy: on the interface `ndp_proxy` neighbour discovery is answered for each node whose
 * address is on that link by its prefix. Routes come and go with the nodes, and so do these.
 *
 * Ground: an instance with the setting `grounded_by` claims G only while that interface is up.
 *
 * What changes is looked at at the end of the turn, at most once a second; nodes are gone through a
 * slice a turn.
 */
#ifndef RPLD_UPLINK_H
#define RPLD_UPLINK_H

#include "conf/conf.h"
#include "netlink/krt.h"
#include "rpl/rpl_view.h"
#include "rpld/state.h"

/* ---- choosing (pure) ---------------------------------------------------------------------- */

struct uplink_candidate {
    struct rpl_addr addr; /* a prefix, or an address in it */
    uint8_t len;          /* of the prefix */
    bool delegated;       /* by a route; else by an address on the interface */
    bool deprecated;
};

/*
 * The /64 of the best candidate, *prefix as long as it is among the best: a good one before a
 * deprecated one, a global one before a unique local one, a delegated one before an address's. Of a
 * shorter prefix it is number |subnet|, or the last. A /64 itself is taken if |share|. False: there
 * is none; *prefix is left alone.
 */
bool uplink_choose(const struct uplink_candidate *candidate, uint32_t count, uint32_t subnet,
                   bool share, struct rpl_addr *prefix);

/* ---- in the daemon -------------------------------------------------------------------------- */

struct uplink_host {
    void *ctx;
    int (*event)(void *ctx, const struct rpl_event *); /* for the engine */
};

struct uplink {
    const struct conf *conf;
    struct krt *krt;
    struct state *state;
    const struct rpl_engine *engine;
    struct uplink_host host;
    struct rpl_addr prefix[RPL_INSTANCES_MAX]; /* as the engine has it */
    bool wanted;                               /* some instance has an uplink */
    bool ungrounded[RPL_INSTANCES_MAX];        /* as the engine was told */
    rpl_tstamp look;                           /* when to look for prefixes again */
    rpl_tstamp looked;
    bool proxying; /* the pass over the nodes is not at its end */
    struct rpl_cursor cursor;
    uint32_t proxy_ifindex; /* 0: not there, or not wanted */
};

/* |conf| is borrowed for life. The prefixes that the engine begins with: of the state. */
void uplink_init(struct uplink *uplink, const struct conf *conf, struct krt *krt,
                 struct state *state, const struct uplink_host *host);
void uplink_start(struct uplink *uplink, const struct rpl_engine *engine,
                  const struct rpl_config *config);

/* The links are known and nothing has left yet: look at once. Takes back what an earlier run
 * answered for. */
void uplink_begin(struct uplink *uplink, rpl_tstamp now);

/* A link, an address on it, or a delegated prefix (ifindex 0) changed. */
void uplink_touch(struct uplink *uplink, uint32_t ifindex, rpl_tstamp now);

/* A host route or an address of ours came or went. */
void uplink_node(struct uplink *uplink, const struct rpl_addr *addr, bool present);

void uplink_turn(struct uplink *uplink, rpl_tstamp now);
rpl_tstamp uplink_deadline(const struct uplink *uplink);
/* A clean stop: nobody is answered for any more. */
void uplink_stop(struct uplink *uplink);

#endif /* RPLD_UPLINK_H */
