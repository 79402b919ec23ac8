/* SPDX-License-Identifier: ISC */
/*
 * What DAOs announced, and the kernel routes to it. There may be many thousands of targets, so a
 * target is kept small: it has room for one way; several ways stand in a block of their own, and
 * so does nothing else. Its kernel route is part of it; a target that is gone stays until the
 * kernel has confirmed that its route is.
 *
 * target.c has what both modes share, storing.c the next hops, source.c the root's graph, route.c
 * the routes.
 */
#ifndef RPL_TARGET_H
#define RPL_TARGET_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "rpl/rpl.h"
#include "rpl/rpl_wire.h"
#include "rpl/timer.h"

struct rpl_instance;
struct rpl_nbr;
struct rpl_target;
struct rpl_ack_wait;
LIST_HEAD(rpl_ack_waits, rpl_ack_wait);

/* ---- routes ------------------------------------------------------------------------ */

/* How the kernel stands to a route. Which one that is says who has it: a target, or rpl_rt_own. */
struct rpl_rt {
    uint32_t token; /* of what is in flight */
    uint16_t error; /* errno of the last answer */
    bool of_target : 1;
    bool wanted : 1;
    bool installed : 1; /* the kernel has one to there, ... */
    bool current : 1;   /* ... and it is the one that is wanted */
    bool inflight : 1;  /* no answer yet ... */
    bool deleting : 1;  /* ... to a ROUTE_DEL */
    bool stale : 1;     /* the way has changed since the ROUTE_SET in flight */
    bool is_dirty : 1;
    STAILQ_ENTRY(rpl_rt) dirty;
    struct rpl_ack_waits waits;
};
STAILQ_HEAD(rpl_rt_list, rpl_rt);

/* A route that is not to a target: up, to the prefix, or found at start and claimed by nobody. */
struct rpl_rt_own {
    struct rpl_rt rt;
    RB_ENTRY(rpl_rt_own) tree; /* by destination, length, metric */
    struct rpl_route route;
    struct rpl_rt_own **holder; /* where who wants it keeps it; NULL: nobody does */
    uint32_t id;
    uint8_t instance; /* RPLInstanceID, for views */
    bool found;
};
RB_HEAD(rpl_rt_tree, rpl_rt_own);

/* ---- targets ----------------------------------------------------------------------- */

/* Storing: a child through which a target is announced. */
struct rpl_hop {
    struct rpl_addr via;
    rpl_tstamp since, expires;
    uint32_t ifindex;
    uint8_t path_control; /* as it announced it, active bits only */
};

/* Non-storing: one parent of a target, or us. */
struct rpl_edge {
    struct rpl_target *child;
    union {
        struct {
            LIST_ENTRY(rpl_edge) dependant;
            struct rpl_target *parent;
        };
        struct rpl_addr own; /* |self|: the address of ours that it named */
    };
    uint8_t path_control;
    bool self;
};
LIST_HEAD(rpl_edges, rpl_edge);

/* In the order in which a DAO that repeats itself looks at it, three lines of the cache long. */
struct rpl_target {
    struct rpl_addr prefix;
    struct rpl_instance *inst;
    struct rpl_timer t_life;
    uint8_t len;
    uint8_t path_seq, pending_seq, path_lifetime;
    uint8_t way_count;    /* hops or edges */
    int8_t chosen;        /* non-storing: edge in use, -1 = none */
    bool known : 1;       /* a DAO announced it; else it is only somebody's parent */
    bool unconfirmed : 1; /* of our former life: the kernel's route, or restored */
    bool reachable : 1;
    bool moved : 1; /* its Path Sequence was seen to change; else it is stuck */
    bool queued : 1, failed : 1, is_news : 1;
    bool external : 1;   /* non-storing: behind its parent, who takes off the tunnel (E) */
    bool invalidate : 1; /* its owner set I: relayed with it (RFC 9009) */
    bool has_pending : 1, has_descriptor : 1;
    rpl_tstamp last_dao;
    union {
        struct rpl_hop hop;     /* storing: the only one, or the last one it had */
        struct rpl_hop *hops;   /* several, hops[0] is in use */
        struct rpl_edge edge;   /* non-storing: the only one */
        struct rpl_edge *edges; /* several */
    };
    union {
        uint32_t descriptor;         /* storing: relayed as it came (COD-16) */
        struct rpl_edges dependants; /* non-storing: edges that name it as parent */
    };
    uint32_t id, joined_s; /* since the instance began */
    struct rpl_rt rt;
    RB_ENTRY(rpl_target) tree; /* in their order; found by the index */
    union {
        TAILQ_ENTRY(rpl_target) work; /* non-storing: selection queue, or those that failed */
        TAILQ_ENTRY(rpl_target) news; /* storing: to be told to the parent */
    };
};
RB_HEAD(rpl_target_tree, rpl_target);
TAILQ_HEAD(rpl_target_list, rpl_target);

/* All |way_count| of them. */
static inline const struct rpl_hop *rpl_target_hops(const struct rpl_target *t)
{
    return t->way_count > 1 ? t->hops : &t->hop;
}

static inline const struct rpl_edge *rpl_target_edges(const struct rpl_target *t)
{
    return t->way_count > 1 ? t->edges : &t->edge;
}

/* The edge in use; NULL if none is. */
static inline const struct rpl_edge *rpl_target_chosen(const struct rpl_target *t)
{
    return t->chosen < 0 ? NULL : &rpl_target_edges(t)[t->chosen];
}

/* The node that |edge| leads to; NULL = it is us. */
static inline const struct rpl_target *rpl_edge_parent(const struct rpl_edge *edge)
{
    return edge->self ? NULL : edge->parent;
}

/* How the child named it. */
static inline const struct rpl_addr *rpl_edge_addr(const struct rpl_edge *edge)
{
    return edge->self ? &edge->own : &edge->parent->prefix;
}

/* ---- target.c ---------------------------------------------------------------------- */

/* A target has to lie in a prefix of the DODAG, be less than it, or lie in one that is accepted
 * beside it. */
bool rpl_target_allowed(const struct rpl_instance *inst, const struct rpl_addr *prefix,
                        uint8_t len);
struct rpl_target *rpl_target_find(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                   uint8_t len);
/* The reachable target that |dst| belongs to, by longest match; NULL if there is none. */
struct rpl_target *rpl_target_match(struct rpl_instance *inst, const struct rpl_addr *dst);
/* NULL when the table is full or memory is short. */
struct rpl_target *rpl_target_get(struct rpl_instance *inst, const struct rpl_addr *prefix,
                                  uint8_t len);
/* Free it if nothing refers to it any more, the kernel included. */
void rpl_target_release(struct rpl_target *t);
void rpl_target_drop(struct rpl_target *t, enum rpl_cause cause);
void rpl_target_timeout(struct rpl_target *t);
int rpl_target_restored(struct rpl_engine *e, const struct rpl_event_target *ev);
void rpl_targets_free(struct rpl_instance *inst);
enum rpl_freshness { RPL_FRESH_IGNORE, RPL_FRESH_MERGE, RPL_FRESH_REPLACE, RPL_FRESH_STUCK };
/* Judge a Path Sequence (SEQ-03..05, SEQ-14) and remember it when it is taken. */
enum rpl_freshness rpl_target_judge(struct rpl_target *t, uint8_t path_seq, bool from_owner);
/* It is reached through |via|, and was through |was| if it was: told if that is news. */
void rpl_target_up(struct rpl_target *t, const struct rpl_addr *via, const struct rpl_addr *was,
                   enum rpl_cause cause);
void rpl_target_down(struct rpl_target *t, const struct rpl_addr *was, enum rpl_cause cause);
rpl_tstamp rpl_target_expiry(const struct rpl_target *t, uint8_t lifetime);
/* When the way in use ends. */
rpl_tstamp rpl_target_expires(const struct rpl_target *t);

/* ---- storing.c: hops --------------------------------------------------------------- */

/* -RPL_ERR_FULL without memory for a further hop; those it has stay. */
int rpl_storing_update(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                       enum rpl_freshness freshness, const struct rpl_wire_transit *tr);
/* The bits that our parent gets: those of all children together (PCT-04). */
uint8_t rpl_storing_path_control(const struct rpl_target *t);
void rpl_storing_remove_hop(struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex,
                            enum rpl_cause cause);
/* True if |t| is reached through this neighbour, among others. */
bool rpl_storing_is_hop(const struct rpl_target *t, const struct rpl_addr *via, uint32_t ifindex);
/* A former child is our parent now: what was reached through it lies above us, and telling it
 * about that would close a circle (DST-12). */
void rpl_storing_parent_is(struct rpl_instance *inst, const struct rpl_nbr *parent);
void rpl_storing_neighbour_lost(struct rpl_instance *inst, const struct rpl_addr *via,
                                uint32_t ifindex, enum rpl_cause cause);
void rpl_storing_timeout(struct rpl_target *t);
void rpl_storing_found(struct rpl_instance *inst, const struct rpl_route *route);
void rpl_storing_restore(struct rpl_target *t, const struct rpl_event_target *ev,
                         rpl_tstamp expires);
void rpl_storing_news(struct rpl_target *t);
/* Without telling the parent: it is the one who knows. */
void rpl_storing_forget(struct rpl_target *t, enum rpl_cause cause);
void rpl_storing_drop(struct rpl_target *t, enum rpl_cause cause);

/* ---- source.c: the root's graph ---------------------------------------------------- */

struct rpl_source_parent {
    struct rpl_addr addr;
    bool self;
    uint8_t path_control;
};
/* Set or merge the parent list. -RPL_ERR_PARAM if that would close a cycle, -RPL_ERR_FULL if the
 * parents do not fit in the table; the list is kept as it was then. */
int rpl_source_update(struct rpl_target *t, const struct rpl_source_parent *parents, uint8_t count,
                      enum rpl_freshness freshness, uint8_t lifetime);
/* -RPL_ERR_FULL if no parent fits in the table. */
int rpl_source_restore(struct rpl_target *t, const struct rpl_event_target *ev, rpl_tstamp expires);
void rpl_source_drop(struct rpl_target *t, enum rpl_cause cause);
/* The parent that |t| is reached through; NULL: none, or it is us. */
const struct rpl_addr *rpl_source_parent_of(const struct rpl_target *t);
bool rpl_source_remove_edge(struct rpl_instance *inst, const struct rpl_addr *child,
                            const struct rpl_addr *parent, bool parent_self, enum rpl_cause cause);
/* Root: the neighbour with |addr| is gone; in each of our prefixes the edge to it goes, and if
 * there was one, the sub-DODAG is asked for DAOs. */
void rpl_source_child_lost(struct rpl_instance *inst, const struct rpl_addr *addr);
void rpl_source_work(struct rpl_instance *inst, enum rpl_cause cause);

/* ---- route.c ----------------------------------------------------------------------- */

/* Want |route| (by dst, length, metric) instead of what |*holder| wanted before. It has one
 * holder: a route that somebody else wanted (the way to a target that is our root as well) is
 * taken over, and theirs is NULL then. |*holder| is NULL without memory. */
void rpl_rt_want(struct rpl_engine *e, struct rpl_rt_own **holder, const struct rpl_route *route,
                 uint8_t instance);
/* Accepts a |*holder| that is NULL. */
void rpl_rt_unwant(struct rpl_engine *e, struct rpl_rt_own **holder);
/* Want the route to |t| by the way it has now; |changed|: it is another than before. */
void rpl_rt_want_target(struct rpl_target *t, bool changed);
void rpl_rt_unwant_target(struct rpl_target *t);
/* Nobody wants it, and the kernel does not have it. */
bool rpl_rt_idle(const struct rpl_rt *rt);
bool rpl_rt_settled(const struct rpl_rt *rt);
/* The route that |rt| stands for. */
void rpl_rt_describe(struct rpl_rt *rt, struct rpl_route *ret_route);
/* For each route that is not idle; |act| must not free any. */
void rpl_rt_each(struct rpl_engine *e,
                 void (*act)(struct rpl_engine *e, struct rpl_rt *rt, const void *arg),
                 const void *arg);
bool rpl_rt_poll(struct rpl_engine *e, struct rpl_effect *out);
int rpl_rt_result(struct rpl_engine *e, const struct rpl_event_route_result *ev);
int rpl_rt_found(struct rpl_engine *e, const struct rpl_event_route *ev);
void rpl_rt_lost(struct rpl_engine *e, const struct rpl_event_route *ev);
void rpl_rt_link(struct rpl_engine *e, uint32_t ifindex, bool up);
void rpl_rt_sweep(struct rpl_engine *e);
void rpl_rts_free(struct rpl_engine *e);

int rpl_target_compare(const struct rpl_target *a, const struct rpl_target *b);
int rpl_rt_compare(const struct rpl_rt_own *a, const struct rpl_rt_own *b);
RB_PROTOTYPE(rpl_target_tree, rpl_target, tree, rpl_target_compare)
RB_PROTOTYPE(rpl_rt_tree, rpl_rt_own, tree, rpl_rt_compare)

#endif /* RPL_TARGET_H */
