/* SPDX-License-Identifier: ISC */
/*
 * Looking into the engine: const queries that copy out. Nobody reaches into its structs.
 *
 * Cursors are keys, not pointers: start with a zeroed struct rpl_cursor, call until false;
 * the engine may change between two calls, so a large dump is written in slices. What was
 * there all the time is shown exactly once.
 */
#ifndef RPL_RPL_VIEW_H
#define RPL_RPL_VIEW_H

#include "of/of.h"
#include "rpl/rpl.h"

struct rpl_cursor {
    bool started;
    uint32_t index; /* instance index */
    uint32_t ifindex;
    uint8_t len;
    bool external; /* those behind a router come last: of nodes, and of leaves */
    struct rpl_addr addr;
};

struct rpl_view_instance {
    uint32_t index; /* in the configuration */
    uint8_t id;
    enum rpl_role role;
    bool joined;  /* member of a DODAG (roots: running) */
    bool waiting; /* no interface of it is up */
    struct rpl_addr dodag_id;
    uint8_t version, dtsn, mop, preference;
    bool grounded;
    uint16_t rank, dag_rank, lowest_rank, ocp;
    struct rpl_dodag_settings dodag;
    uint16_t parent_switch_threshold; /* ours, of MRHOF */
    struct rpl_addr prefix;
    uint8_t prefix_len;
    uint32_t more_prefix_count; /* /64s beside it, those that are phased out last */
    struct rpl_addr more_prefix[RPL_MORE_PREFIXES_MAX];
    uint8_t rpi_type; /* that the DODAG writes: 0x63 or 0x23 */
    bool compresses;  /* T: the root wants RFC 8138's compression (RFC 9035) */
    bool has_address;
    struct rpl_addr address; /* our own in the DODAG */
    bool has_parent;
    struct rpl_addr parent; /* preferred, link-local */
    uint32_t parent_ifindex;
    uint32_t nodes; /* reachable targets */
    uint32_t targets, neighbours;
    uint8_t dao_sequence, path_sequence;
    /* Trickle: I, t and the end of the interval in us from |now|; UINT64_MAX = stopped */
    uint64_t trickle_interval, trickle_t, trickle_end;
    uint32_t trickle_c, trickle_k;
};

enum rpl_route_state {
    RPL_ROUTE_STATE_NONE,
    RPL_ROUTE_STATE_PENDING,
    RPL_ROUTE_STATE_INSTALLED,
    RPL_ROUTE_STATE_REFUSED
};
const char *rpl_route_state_name(enum rpl_route_state state);

struct rpl_view_parent {
    struct rpl_addr address;
    bool self; /* it is us */
    uint8_t path_control;
};

/* A target known from DAOs. */
struct rpl_view_node {
    uint8_t instance;
    struct rpl_addr address;
    uint8_t len; /* 128 for a node */
    bool reachable;
    bool unconfirmed;    /* of an earlier run, no DAO yet */
    bool external;       /* behind its one parent, which speaks for it */
    struct rpl_addr via; /* storing: child's link-local; non-storing: first hop */
    uint32_t ifindex;
    uint32_t parent_count;                          /* non-storing */
    struct rpl_view_parent parent[RPL_PARENTS_MAX]; /* the one in use first */
    uint16_t hops;                                  /* 0 = not known */
    uint8_t path_sequence;
    bool stuck;        /* its Path Sequence was never seen to change */
    uint64_t lifetime; /* us left, RPL_NEVER = infinite */
    uint64_t last_dao; /* us ago */
    uint64_t joined;   /* us since it became known */
    enum rpl_route_state route;
    int route_error; /* errno when REFUSED */
};

struct rpl_view_neighbour {
    uint8_t instance;
    struct rpl_addr address; /* link-local */
    uint32_t ifindex;
    uint16_t rank; /* as advertised */
    uint8_t version, dtsn;
    uint16_t etx;       /* x128, 0 = not proven */
    uint16_t path_rank; /* our Rank through it, INFINITE = none */
    bool preferred;
    enum of_verdict verdict; /* why it is not the parent */
    uint64_t last_heard;     /* us ago */
    uint32_t misses;         /* probes unanswered in a row */
};

struct rpl_view_path {
    uint8_t instance; /* RPLInstanceID */
    uint32_t ifindex; /* towards the first hop */
    bool encapsulate; /* what we forward: compat.srh_encapsulate, or |behind| */
    bool behind;      /* the target does not speak RPL: a tunnel to the last hop in any case */
    bool has_rpi;     /* put |rpi| on the packet */
    uint8_t rpi_type;
    uint8_t rpi_flags;
    uint16_t rpi_sender_rank;
    struct rpl_addr source; /* our address, for an outer header */
    struct rpl_addr next;   /* to whom it goes, link-local */
    size_t hops;
    struct rpl_addr hop[RPL_PATH_MAX]; /* global addresses, the last one is the target */
};

/* How the forwarder judges and marks RPIs of one instance. */
struct rpl_view_rpi {
    enum rpl_role role;
    uint16_t dag_rank, mhri;
    uint8_t type;
    bool drop_inline; /* compat.inline_rpi_drop */
};

/* A kernel route the engine wants or has. */
struct rpl_view_route_entry {
    uint8_t instance;
    struct rpl_route route;
    enum rpl_route_state state;
    int error;
};

/* Of the instance with |index|, what the rules of Rank and of bounds are about, and nothing that
 * takes a search: for who looks at them after each event. False beyond the last one. */
struct rpl_view_standing {
    uint8_t id;
    enum rpl_role role;
    bool joined, has_parent;
    uint16_t rank, lowest_rank, max_rank_increase, mhri;
    uint16_t parent_rank; /* as it advertises it */
    struct rpl_addr parent, dodag_id;
    uint32_t neighbours, targets;
    const struct rpl_limits *limits; /* the engine's */
};
bool rpl_view_standing(const struct rpl_engine *engine, uint32_t index,
                       struct rpl_view_standing *out);
/* False if the instance with |index| has a parent that is not in its neighbour table, or that it
 * does not ask from time to time whether it is still there. */
bool rpl_view_parent_watched(const struct rpl_engine *engine, uint32_t index);

bool rpl_view_next_instance(const struct rpl_engine *engine, struct rpl_cursor *cursor,
                            rpl_tstamp now, struct rpl_view_instance *out);
bool rpl_view_next_node(const struct rpl_engine *engine, struct rpl_cursor *cursor, rpl_tstamp now,
                        struct rpl_view_node *out);
/* The target that is exactly |addr|/128. */
bool rpl_view_node(const struct rpl_engine *engine, const struct rpl_addr *addr, rpl_tstamp now,
                   struct rpl_view_node *out);
/* The reachable target that |dst| belongs to: itself, or the longest prefix around it. */
bool rpl_view_target_of(const struct rpl_engine *engine, const struct rpl_addr *dst, rpl_tstamp now,
                        struct rpl_view_node *out);
bool rpl_view_next_neighbour(const struct rpl_engine *engine, struct rpl_cursor *cursor,
                             rpl_tstamp now, struct rpl_view_neighbour *out);
bool rpl_view_next_route(const struct rpl_engine *engine, struct rpl_cursor *cursor,
                         struct rpl_view_route_entry *out);
uint64_t rpl_view_counter(const struct rpl_engine *engine, enum rpl_counter counter);

/* Non-storing root: the source route to |dst|; storing root: the tunnel to the router that it lies
 * behind. -RPL_ERR_NOENT without one. */
int rpl_view_route(const struct rpl_engine *engine, const struct rpl_addr *dst,
                   struct rpl_view_path *ret_path);

/* The RPLInstanceID of control messages from that of a data packet: without the direction that a
 * local one carries there (RFC 6550 section 5.1). */
uint8_t rpl_instance_id(uint8_t id);

/* -RPL_ERR_NOENT if we are not a member of instance |id|, as it stands in a data packet. */
int rpl_view_rpi(const struct rpl_engine *engine, uint8_t id, struct rpl_view_rpi *ret_rpi);

/* Where a multicast packet of MOP 3 goes from here (RFC 6550 section 12). */
#define RPL_COPIES_MAX 64
struct rpl_view_copies {
    bool own; /* we are in the group ourselves */
    bool up;  /* to |parent| too: it did not come from there */
    struct rpl_addr parent;
    uint32_t parent_ifindex;
    size_t count;
    struct {
        struct rpl_addr via; /* a child, by link-layer unicast */
        uint32_t ifindex;
    } copy[RPL_COPIES_MAX];
};

/* |from| (NULL: we are its source) on |ifindex| is where the packet came from. Errors:
 * -RPL_ERR_NOENT (not a member of a MOP 3 DODAG), -RPL_ERR_FULL (more copies than fit). */
int rpl_view_multicast(const struct rpl_engine *engine, uint8_t instance,
                       const struct rpl_addr *group, const struct rpl_addr *from, uint32_t ifindex,
                       struct rpl_view_copies *ret_copies);

/* The leaves that are bound to an address here, and at the root the register of all (RFC 9010), as
 * an RPL_EVENT_LEAF_RESTORED takes them. */
bool rpl_view_next_leaf(const struct rpl_engine *engine, struct rpl_cursor *cursor, rpl_tstamp now,
                        struct rpl_event_leaf *out);
/* True if |addr| is a leaf's that registered with us (RFC 9010). */
bool rpl_view_is_leaf(const struct rpl_engine *engine, const struct rpl_addr *addr);

/* True if |addr| is one of ours (link-local, global or the DODAGID). */
bool rpl_view_is_own(const struct rpl_engine *engine, const struct rpl_addr *addr);
/* In a network that we announce as lying behind us. */
bool rpl_view_is_attached(const struct rpl_engine *engine, const struct rpl_addr *addr);

/* The interface on which the on-link neighbour with the IID of |addr| was heard; 0 if none.
 * *ret_link_local is where to send. */
uint32_t rpl_view_neighbour_of(const struct rpl_engine *engine, const struct rpl_addr *addr,
                               struct rpl_addr *ret_link_local);

#endif /* RPL_RPL_VIEW_H */
