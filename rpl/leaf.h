/* SPDX-License-Identifier: ISC */
/*
 * Leaves that do not speak RPL (RFC 9010): those that registered with us (leaf.c), and at the root
 * who owns which address (registrar.c) and what lies behind which router (external.c). Private to
 * rpl/.
 */
#ifndef RPL_LEAF_H
#define RPL_LEAF_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "rpl/rpl_nd.h"
#include "rpl/rpl_wire.h"
#include "rpl/timer.h"

#define RPL_STATUS_ND 0xc0u /* a rejection (U) with an ND status (A), RFC 9010 section 6.3 */

struct rpl_instance;
struct rpl_packet;
struct rpl_rt;
struct rpl_rt_own;

/* At a storing root: what lies behind a router, which alone knows it (external.c). */
struct rpl_external {
    RB_ENTRY(rpl_external) tree;
    struct rpl_instance *inst;
    struct rpl_timer timer;
    struct rpl_addr prefix, router;
    uint8_t len, path_seq;
    bool known, moved; /* moved: its Path Sequence was seen to change */
    rpl_tstamp joined, last_dao, expires;
    struct rpl_rt_own *route;
};
RB_HEAD(rpl_external_tree, rpl_external);

/* What a Target has beyond RFC 6550's, relayed with it (extension.c). */
struct rpl_extension {
    RB_ENTRY(rpl_extension) tree;
    struct rpl_addr prefix, full; /* full: as it stood in the option */
    uint8_t len, flags, rovr_len;
    uint8_t rovr[RPL_WIRE_ROVR_MAX];
};
RB_HEAD(rpl_extension_tree, rpl_extension);

/* A host that registered with us (leaf.c). */
enum leaf_phase { LEAF_SETTLED, LEAF_EDAR, LEAF_DAO };
struct rpl_leaf {
    LIST_ENTRY(rpl_leaf) list;
    struct rpl_instance *inst;
    struct rpl_timer timer; /* of the EDAR, else the end of the registration */
    struct rpl_addr addr, local, reply_to;
    uint32_t ifindex;
    struct rpl_earo earo; /* as it asked last */
    enum leaf_phase phase;
    uint8_t tries, status; /* status and |routed|: as it was told last */
    bool routed;
    bool answered;   /* ... since it asked last */
    bool refresh;    /* it was bound when it asked last */
    bool bound;      /* the 6LBR granted the address */
    bool announced;  /* the root may know of it */
    bool restored;   /* of an earlier run, and nobody has confirmed it since */
    uint8_t unheard; /* announcements in a row without an answer */
    rpl_tstamp expires;
    struct rpl_rt_own *route;
};
LIST_HEAD(rpl_leaves, rpl_leaf);

/* An address and its owner, at the root (registrar.c). */
struct rpl_registration {
    RB_ENTRY(rpl_registration) tree;
    struct rpl_instance *inst;
    struct rpl_timer timer;
    struct rpl_addr addr;
    struct rpl_rovr rovr;
    rpl_tstamp expires;
    uint8_t tid;
};
RB_HEAD(rpl_registration_tree, rpl_registration);

/* Is this ICMPv6 message one of those of rpl/rpl_nd.h that we listen to? */
bool rpl_leaf_wants(const struct rpl_engine *e, const uint8_t *data, size_t len);
int rpl_leaf_receive(struct rpl_engine *e, const struct rpl_packet *p, uint8_t hop_limit);
void rpl_leaf_timeout(struct rpl_leaf *leaf);
/* The root's RPL Status for the DAO about |addr|. */
void rpl_leaf_dao_answered(struct rpl_instance *inst, const struct rpl_addr *addr, uint8_t status);
/* There was none: the leaf is told that it has no route for now, and the root is asked again. */
void rpl_leaf_dao_unanswered(struct rpl_instance *inst, const struct rpl_addr *addr);
int rpl_leaf_restored(struct rpl_engine *e, const struct rpl_event_leaf *ev);
/* The one with the next higher address that is bound, from |after| (NULL: any) on. */
const struct rpl_leaf *rpl_leaf_next(const struct rpl_instance *inst, const struct rpl_addr *after);
/* A DCO of the root; false if |addr| is none of our leaves. */
bool rpl_leaf_cleanup(struct rpl_instance *inst, const struct rpl_addr *addr, uint8_t path_seq,
                      uint8_t status);
/* Root: a leaf of ours is behind a router now. */
void rpl_leaf_went(struct rpl_instance *inst, const struct rpl_addr *addr);
bool rpl_leaf_is(struct rpl_instance *inst, const struct rpl_addr *addr);
/* The root wants to hear of all again. */
void rpl_leaves_announce(struct rpl_instance *inst);
void rpl_leaves_free(struct rpl_instance *inst);
uint8_t rpl_leaf_path_lifetime(const struct rpl_instance *inst, uint16_t lifetime_min);

/* Lifetime 0 ends it, RPL_NEVER has no end. */
enum rpl_nd_status rpl_registrar_register(struct rpl_instance *inst, const struct rpl_addr *addr,
                                          const struct rpl_rovr *rovr, uint8_t tid,
                                          rpl_duration lifetime);
/* Somebody else than |rovr| has registered |addr|. */
bool rpl_registrar_owned(struct rpl_instance *inst, const struct rpl_addr *addr,
                         const struct rpl_rovr *rovr);
void rpl_registrar_forget(struct rpl_instance *inst, const struct rpl_addr *addr);
/* True if the registrar has a say in this Target: *ret_status. */
bool rpl_registrar_dao(struct rpl_instance *inst, const struct rpl_wire_target *t,
                       const struct rpl_wire_transit *tr, enum rpl_nd_status *ret_status);
int rpl_registrar_receive(struct rpl_instance *inst, const struct rpl_packet *p,
                          const struct rpl_nd_duplicate *edar);
void rpl_registrar_timeout(struct rpl_registration *r);
void rpl_registrar_free(struct rpl_instance *inst);
int rpl_registration_compare(const struct rpl_registration *a, const struct rpl_registration *b);
RB_PROTOTYPE(rpl_registration_tree, rpl_registration, tree, rpl_registration_compare)

/* ---- external.c --------------------------------------------------------------------- */

struct rpl_external *rpl_external_find(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                       uint8_t len);
/* The longest one that |dst| is in. */
const struct rpl_external *rpl_external_match(struct rpl_instance *inst,
                                              const struct rpl_addr *dst);
/* Returns the RPL Status; *ret_route is what the DAO-ACK has to wait for, or NULL. */
uint8_t rpl_external_update(struct rpl_instance *inst, const struct rpl_wire_target *wt,
                            const struct rpl_wire_transit *tr, struct rpl_rt **ret_route);
int rpl_external_restore(struct rpl_instance *inst, const struct rpl_event_target *ev,
                         rpl_tstamp expires);
void rpl_external_drop(struct rpl_external *x, enum rpl_cause cause);
void rpl_external_timeout(struct rpl_external *x);
/* The router that |addr| lies behind, in either mode; NULL if it does not. */
const struct rpl_addr *rpl_external_router(struct rpl_instance *inst, const struct rpl_addr *addr);
/* ... is told that it does not any more, with |status|, and we forget it. */
void rpl_external_gone(struct rpl_instance *inst, const struct rpl_addr *addr, uint8_t status,
                       enum rpl_cause cause);
void rpl_externals_free(struct rpl_instance *inst);

int rpl_external_compare(const struct rpl_external *a, const struct rpl_external *b);
RB_PROTOTYPE(rpl_external_tree, rpl_external, tree, rpl_external_compare)

/* ---- extension.c -------------------------------------------------------------------- */

const struct rpl_extension *rpl_extension_find(struct rpl_instance *inst,
                                               const struct rpl_addr *prefix, uint8_t len);
/* |prefix| is |wt|'s without what F leaves behind its length. */
void rpl_extension_set(struct rpl_instance *inst, const struct rpl_addr *prefix,
                       const struct rpl_wire_target *wt);
void rpl_extension_remove(struct rpl_instance *inst, const struct rpl_addr *prefix, uint8_t len);
void rpl_extension_fill(const struct rpl_extension *x, struct rpl_wire_target *wt);

int rpl_extension_compare(const struct rpl_extension *a, const struct rpl_extension *b);
RB_PROTOTYPE(rpl_extension_tree, rpl_extension, tree, rpl_extension_compare)

#endif /* RPL_LEAF_H */
