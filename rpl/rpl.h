/* SPDX-License-Identifier: ISC */
/*
 * The RPL protocol engine (RFC 6550), the contract between it and everything else.
 *
 * A pure engine: it takes events stamped with time and yields effects. It makes no system
 * call, reads no clock, writes no log text, and allocates through the caller's functions only.
 * A run is a function of its inputs: the same events at the same times with the same seed give
 * the same effects on any machine.
 *
 *     rpl_engine_input(engine, &event, now);         something happened
 *     rpl_engine_timeout(engine, now);               the deadline has passed
 *     while (rpl_engine_poll(engine, &effect)) ...   carry out what it wants
 *     rpl_engine_deadline(engine);                   when it wants to be called
 *
 * Covered: root, router and leaf; non-storing and storing mode; DIS, DIO, DAO, DAO-ACK,
 * No-Path, DCO (RFC 9009); leaves that do not speak RPL (RFC 9010); multicast groups
 * (MOP 3); several instances; parent selection by of/; Trickle by trickle/. Not
 * covered yet: security modes (recognised and counted).
 *
 * Times are microseconds on one monotonic clock of the caller's choice. Addresses are in
 * network order. Pointers in events are borrowed for the call; effects are copied out.
 */
#ifndef RPL_RPL_H
#define RPL_RPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t rpl_tstamp;   /* us */
typedef uint64_t rpl_duration; /* us */

#define RPL_NEVER UINT64_MAX
#define RPL_MS(x) ((rpl_duration)(x)*1000u)
#define RPL_S(x) ((rpl_duration)(x)*1000000u)

/* Sizes that are part of the contract. */
#define RPL_INSTANCES_MAX 16
#define RPL_INTERFACES_MAX 32
#define RPL_IFNAME_MAX 16
#define RPL_MESSAGE_MAX 1240 /* largest ICMPv6 message sent: 1280 less the IPv6 header */
#define RPL_PATH_MAX 64      /* hops of a source route */
#define RPL_PARENTS_MAX 4    /* parents kept per target */
#define RPL_LEAVES_MAX 256   /* leaves registered with us, per instance */
#define RPL_ROVR_MAX 32      /* octets */

/* RFC 6550 section 17, section 7.2. */
#define RPL_INFINITE_RANK 0xffffu
#define RPL_SEQUENCE_INIT 240
#define RPL_INSTANCE_LOCAL 0x80u
#define RPL_INSTANCE_TO_DODAG 0x40u /* in packets of a local one that go to its DODAGID */

struct rpl_addr {
    uint8_t b[16];
};

enum rpl_role { RPL_ROLE_ROOT, RPL_ROLE_ROUTER, RPL_ROLE_LEAF };

/* Mode of Operation, RFC 6550 section 6.3.1. */
enum rpl_mop {
    RPL_MOP_NONE = 0,
    RPL_MOP_NON_STORING = 1,
    RPL_MOP_STORING = 2,
    RPL_MOP_STORING_MULTICAST = 3
};

/* Errors of the pure rooms; functions return 0 or the negative of one. */
enum rpl_err {
    RPL_ERR_NONE,
    RPL_ERR_NOMEM,   /* the allocator refused */
    RPL_ERR_PARAM,   /* an argument or setting out of range */
    RPL_ERR_FULL,    /* a configured limit is reached */
    RPL_ERR_NOENT,   /* no such thing */
    RPL_ERR_DROPPED, /* the packet was dropped; a counter says why */
    RPL_ERR_COUNT
};
const char *rpl_err_name(int err);

#define RPL_ALWAYS UINT8_MAX /* of rpl_instance_config.solicitations */

/* ---- settings ---------------------------------------------------------------------- */

/* Memory comes from here and nowhere else. alloc returns zeroed memory or NULL. */
struct rpl_mem {
    void *(*alloc)(void *ctx, size_t size);
    void (*free)(void *ctx, void *p);
    void *ctx;
};

/* DODAG Configuration values that a root announces (RFC 6550 section 6.7.6). */
struct rpl_dodag_settings {
    uint8_t dio_interval_min; /* 2^n ms */
    uint8_t dio_interval_doublings;
    uint8_t dio_redundancy_constant; /* 0 = never suppress */
    uint16_t max_rank_increase;
    uint16_t min_hop_rank_increase;
    uint8_t default_lifetime;  /* in lifetime units, 2..254, 255 = infinite */
    uint8_t path_control_size; /* PCS, 0..7: PCS + 1 bits of Path Control are in use */
    uint16_t lifetime_unit_s;
};

/* Where deployed motes and an RFC's MUST disagree (each has a line in rpld.conf(5)). */
struct rpl_compat {
    bool srh_encapsulate;          /* false: source routes inline for all traffic (Contiki-NG) */
    bool downward_rpi;             /* put an RPI on downward packets */
    bool upward_rpi;               /* put an RPI on our own upward packets */
    uint8_t rpi_type;              /* root: 0x63 or 0x23, announced to the DODAG */
    bool short_transit;            /* MOP 1: accept a 4-octet Transit from a link-local source */
    bool parent_by_prefix;         /* MOP 1: a parent without R=1 is known by prefix::IID */
    bool local_instance_without_d; /* accept D=0 with a local instance that has one DODAG */
    bool inline_rpi_drop;          /* root: no RPI 0x63 outside of a tunnel is passed on */
    bool dao_source_own;           /* MOP 1: a node announces itself only (DNS-11) */
    bool max_rank_increase_0_unlimited; /* read DAGMaxRankIncrease 0 as "no limit" */
};

/* What MRHOF minimises; a root announces it (RFC 6719 section 3). */
enum rpl_metric { RPL_METRIC_ETX, RPL_METRIC_HOPS, RPL_METRIC_LATENCY };

/* A constraint that a root announces (RFC 6551): |type| is its object type: 2 node energy (least
 * E_E, 0..255), 3 hop count (most), 4 throughput (least octets/s), 5 latency (most us), 7 ETX
 * (most, x128). */
#define RPL_CONSTRAINTS_MAX 3
struct rpl_constraint {
    uint8_t type;
    bool optional; /* not met: the neighbour may be used all the same */
    uint32_t value;
};

/* Bits beyond |len| are 0. */
struct rpl_prefix {
    struct rpl_addr addr;
    uint8_t len;
};

#define RPL_PREFIXES_MAX 8
struct rpl_prefixes {
    uint32_t count;
    struct rpl_prefix prefix[RPL_PREFIXES_MAX];
};

#define RPL_MORE_PREFIXES_MAX 3
struct rpl_instance_config {
    uint8_t id; /* RPLInstanceID; 0x80 and up is local */
    enum rpl_role role;
    enum rpl_mop mop; /* root: announced; others: the one they take part in */
    uint16_t ocp;     /* root: announced; others: any supported is followed */
    bool has_dodag_id;
    struct rpl_addr dodag_id; /* root: default is its own address; others: join only this */
    struct rpl_addr prefix;   /* root: the /64 that the PIO carries */
    uint8_t prefix_len;       /* root: 64 */
    struct rpl_prefixes more; /* root: /64s beside it that stay, at most RPL_MORE_PREFIXES_MAX, or
                               * one where the prefix may change */
    bool on_link, autonomous; /* root: L and A of the PIOs */
    bool renumbers; /* root: the prefix may change; targets in one it had once are passed over */
    uint32_t prefix_valid_s, prefix_preferred_s; /* UINT32_MAX = infinite */
    uint8_t preference;                          /* Prf, 0..7 */
    bool grounded;
    struct rpl_dodag_settings dodag; /* root only */
    uint32_t version_interval_s;     /* root: a new version by itself, 0 = never */
    struct rpl_prefixes route_info;  /* root: announced as Route Information */
    struct rpl_prefixes accept;      /* targets outside the DODAG's prefix that may be announced */
    struct rpl_prefixes attached;    /* non-roots: what lies behind us, announced as external */
    int8_t route_info_preference;    /* -1, 0, 1 (RFC 4191 section 2.1), of all of them */
    uint32_t route_info_lifetime_s;
    enum rpl_metric metric;   /* root, with MRHOF */
    uint8_t constraint_count; /* root */
    struct rpl_constraint constraint[RPL_CONSTRAINTS_MAX];
    uint8_t energy;        /* our own E_E where nodes' energy is announced, 255 = mains */
    uint32_t throughput;   /* of our links, octets/s, 0 = not known */
    uint8_t path_lifetime; /* own targets, lifetime units; 0 = the DODAG's default */
    uint8_t solicitations; /* non-roots: multicast DIS for want of a DODAG; RPL_ALWAYS: no end */
    bool default_route;    /* non-roots: install ::/0 through the preferred parent */
    bool outside_routes;   /* non-roots: install what the root's Route Information offers */
    uint32_t route_metric; /* of the routes down and of the default route */
    bool dao_ack;          /* non-roots: ask for acknowledgements (K) */
    uint32_t dao_delay_ms; /* non-roots: DelayDAO (RFC 6550 section 9.5) */
    uint8_t dao_tries;     /* non-roots: of a DAO that is not acknowledged, 1..RPL_TRIES_MAX */
    uint32_t dao_rate;     /* non-roots: DAOs a minute, at most RPL_DAO_RATE_MAX */
    uint8_t dao_targets;   /* non-roots: Targets in one DAO, RPL_DAO_TARGETS_MAX if 0 */
    uint8_t no_path_tries; /* non-roots: of the No-Path for a parent that is left: 0 none, 1 one
                            * that asks for no answer, up to RPL_TRIES_MAX */
    bool dtsn_on_loss; /* a way down that is lost, or a new parent (non-roots, storing mode), has */
    bool dtsn_on_change;      /* the sub-DODAG announce itself anew */
    uint32_t dtsn_interval_s; /* root: so does the time, 0 = never */
    bool solicit;             /* non-roots: a multicast DIS says whom it means */
    uint8_t dao_parents;      /* non-roots: so many are told of us, 1..RPL_PARENTS_MAX */
    bool serve_leaves;   /* register leaves that do not speak RPL (RFC 9010); root: be their 6LBR */
    bool ignore_unknown; /* non-roots: stay out of a DODAG whose objective or metric we do not know,
                          * instead of being a leaf there */
    bool floating;       /* non-roots: root a DODAG of our own instead of poisoning */
    struct rpl_prefixes floating_prefix; /* non-roots: /64s of a floating DODAG that is rooted at
                                          * the start, when |solicitations| brought no answer */
    uint32_t floating_s;                 /* at most so long, 0 = no limit */
    bool poison; /* non-roots: announce INFINITE_RANK when the last parent is lost */
    struct rpl_compat compat;
    /* MRHOF and link settings, 0 = RFC default */
    uint16_t parent_switch_threshold, max_link_metric, max_path_cost;
    uint8_t parent_set_size; /* 1 unless set: see rpld.conf(5) */
    /* non-roots: the longest pause between two probes of a settled link, to the parent and to those
     * who may become it, RPL_PROBE_S_MIN..RPL_PROBE_S_MAX */
    uint16_t probe_parent_s, probe_candidate_s;
};
#define RPL_TRIES_MAX 8
#define RPL_DAO_DELAY_MS_MIN 10u
#define RPL_DAO_DELAY_MS_MAX 60000u
#define RPL_DAO_RATE_MAX 6000u
#define RPL_DAO_TARGETS_MAX 38u /* of 32 octets each: Target with its descriptor, and Transit */
#define RPL_PROBE_S_MIN 10u
#define RPL_PROBE_S_MAX 3600u

/* Caps on tables; reaching one refuses the newcomer and counts it. */
struct rpl_limits {
    uint32_t neighbours; /* per instance */
    uint32_t targets;    /* per instance */
    uint32_t peers;      /* link-local sources remembered for rate limits */
    uint32_t effects;    /* SEND and TRACE effects waiting for poll */
    /* Seconds for which a source of many malformed messages is not heard, 0 = it always is: a
     * source can be forged where the link layer does not keep strangers out. */
    uint32_t quarantine_s;
};

/* What has to survive a restart, one per instance (STORE effect, rpl_engine_new()). */
struct rpl_stored {
    bool valid;
    uint8_t instance;
    struct rpl_addr dodag_id;
    uint8_t version; /* DODAGVersionNumber (roots) */
    uint8_t dtsn;
    uint8_t dao_sequence;
    uint8_t path_sequence;
};

/* Who may take part, by EUI-64 (the interface identifier with its universal bit turned). A node
 * on |deny| may not; if |allow| is not empty, only those on it may. */
#define RPL_ACCESS_MAX 4096
struct rpl_access {
    const uint64_t *allow, *deny; /* borrowed while rpl_engine_new() runs, in any order */
    uint32_t allow_count, deny_count;
};

struct rpl_config {
    struct rpl_mem mem;
    uint64_t seed; /* of the engine's random numbers */
    struct rpl_limits limits;
    struct rpl_access access;
    uint32_t instance_count;
    struct rpl_instance_config instance[RPL_INSTANCES_MAX];
    struct rpl_stored stored[RPL_INSTANCES_MAX]; /* same index as instance[] */
};

/* Defaults that let every deployed mote join: see rpld.conf(5). */
void rpl_config_default(struct rpl_config *config);
void rpl_instance_config_default(struct rpl_instance_config *instance);

/* ---- events ------------------------------------------------------------------------ */

enum rpl_event_type {
    RPL_EVENT_PACKET,          /* an RPL message arrived */
    RPL_EVENT_LINK,            /* an interface came, went or changed */
    RPL_EVENT_ADDRESS,         /* one of our addresses is usable, or not any more */
    RPL_EVENT_NEIGHBOUR,       /* the kernel's opinion of a neighbour, or a link sample */
    RPL_EVENT_ROUTE_RESULT,    /* the kernel's answer to ROUTE_SET or ROUTE_DEL */
    RPL_EVENT_ROUTE_FOUND,     /* start: a route of our protocol stands in the kernel */
    RPL_EVENT_ROUTE_LOST,      /* a route of ours is gone from the kernel; or all, see below */
    RPL_EVENT_TARGET_RESTORED, /* start: a target that an earlier run knew */
    RPL_EVENT_FORWARD_ERROR,   /* the data path met an inconsistency */
    RPL_EVENT_PREFIX,          /* a root has another prefix from now on */
    RPL_EVENT_COMMAND,         /* the operator wants something */
    RPL_EVENT_LEAF_RESTORED    /* start: a registration that an earlier run knew */
};

/* ICMPv6 message from its type octet on, checksum as received: RPL's, and with serve_leaves those
 * of rpl/rpl_nd.h that routers take (RS, NS, EDAR, EDAC). ifindex 0: it came through the
 * data plane (rpl0), so its link is not known and only global sources are believed. */
struct rpl_event_packet {
    uint32_t ifindex;
    struct rpl_addr src, dst;
    uint8_t hop_limit;
    const uint8_t *data;
    size_t len;
};

enum rpl_link_state { RPL_LINK_UP, RPL_LINK_DOWN, RPL_LINK_GONE };
struct rpl_event_link {
    uint32_t ifindex;
    enum rpl_link_state state;
    struct rpl_addr address; /* the interface's link-local address (UP) */
    uint32_t instances;      /* bit i: config.instance[i] runs on this interface (UP) */
    char name[RPL_IFNAME_MAX];
};

struct rpl_event_address {
    uint32_t ifindex;
    struct rpl_addr address;
    bool usable;
};

struct rpl_event_neighbour {
    uint32_t ifindex;
    struct rpl_addr address; /* link-local */
    bool failed;             /* neighbour unreachability detection gave up */
    bool reachable;          /* or found it to answer */
    uint16_t etx;            /* a link sample x128, 0 = none */
};

struct rpl_event_route_result {
    uint64_t token; /* of the ROUTE_SET or ROUTE_DEL */
    int error;      /* 0, or the positive errno of the kernel */
};

enum rpl_route_kind {
    RPL_ROUTE_VIA,        /* via a neighbour's link-local on ifindex */
    RPL_ROUTE_TUN,        /* into rpl0: the forwarder adds the source route */
    RPL_ROUTE_UNREACHABLE /* answered with an ICMPv6 error at once */
};

struct rpl_route {
    enum rpl_route_kind kind;
    struct rpl_addr dst;
    uint8_t dst_len;
    uint32_t ifindex;    /* VIA */
    struct rpl_addr via; /* VIA: link-local */
    uint32_t metric;     /* 0 = the kernel's default */
};

/* ROUTE_LOST with |all| set: the kernel dropped what it had on |route.ifindex| (link down) or,
 * with ifindex 0, we no longer know what it has: reinstall everything. */
struct rpl_event_route {
    struct rpl_route route;
    bool all;
};

/*
 * What an earlier run knew of a target (rpl_view_next_node() told it): its routes stand at once,
 * unconfirmed until a DAO announces it, for at most |lifetime| and 5 minutes. One that is known
 * already, from the kernel's route or a DAO, keeps its way. Give those of storing mode after the
 * kernel's routes. -RPL_ERR_NOENT: no such instance or interface; -RPL_ERR_PARAM: not a target of
 * this instance as it is configured now; -RPL_ERR_FULL.
 */
struct rpl_event_target {
    uint8_t instance; /* RPLInstanceID */
    struct rpl_addr address;
    uint8_t len;
    uint8_t path_sequence;
    bool moved;            /* its Path Sequence was seen to change */
    bool external;         /* non-storing: behind its parent */
    rpl_duration lifetime; /* what is left; RPL_NEVER = infinite */
    struct rpl_addr via;   /* storing: the child, link-local, on |ifindex| */
    uint32_t ifindex;
    uint8_t parent_count; /* non-storing */
    struct {
        struct rpl_addr address;
        bool self; /* it is us */
        uint8_t path_control;
    } parent[RPL_PARENTS_MAX];
};

/*
 * A registration of an address (RFC 8505) that an earlier run knew (rpl_view_next_leaf() told it).
 * A leaf of ours is bound again for what is left of its lifetime, has its route at once, and is
 * announced when we have joined; the root hears it as a refresh, so that a younger registration
 * elsewhere wins. One that is known already stays as it is. Give them after the kernel's routes and
 * the targets. -RPL_ERR_NOENT: no such instance or interface; -RPL_ERR_PARAM: not a registration
 * that this instance could have; -RPL_ERR_FULL; -RPL_ERR_NOMEM.
 */
struct rpl_event_leaf {
    uint8_t instance; /* RPLInstanceID */
    struct rpl_addr address;
    struct rpl_addr local; /* link-local, on |ifindex| */
    uint32_t ifindex;      /* 0: somebody else's leaf, which is in the root's register */
    uint8_t tid;
    uint8_t rovr_size; /* steps of 8 octets, 1..4 */
    uint8_t rovr[RPL_ROVR_MAX];
    uint16_t lifetime_min; /* that it asked for; 0 where |ifindex| is */
    bool route;            /* R: it asked for one */
    bool announced;        /* the root may know of it */
    rpl_duration lifetime; /* what is left; RPL_NEVER = infinite */
};

enum rpl_forward_error {
    RPL_FORWARD_RANK,    /* RPI: rank error, RFC 6550 section 11.2.2.2 */
    RPL_FORWARD_F,       /* RPI came back with F=1, section 11.2.2.3 */
    RPL_FORWARD_NOROUTE, /* a downward packet without a route */
    RPL_FORWARD_SRH,     /* ICMPv6 type 1 code 7: |reporter| cannot reach |target| */
    RPL_FORWARD_NEXT_HOP /* our own next hop |target| could not be resolved */
};

struct rpl_event_forward_error {
    enum rpl_forward_error kind;
    uint8_t instance;         /* RPLInstanceID */
    struct rpl_addr reporter; /* SRH: who says so; F: the neighbour's link-local */
    struct rpl_addr target;   /* SRH: hop that failed; F, NOROUTE: destination */
};

enum rpl_command {
    RPL_COMMAND_GLOBAL_REPAIR, /* root: version + 1 */
    RPL_COMMAND_LOCAL_REPAIR,  /* non-root: drop the parents and look anew */
    RPL_COMMAND_DTSN,          /* DTSN + 1: ask the sub-DODAG for DAOs */
    RPL_COMMAND_DIS,           /* send a multicast DIS */
    RPL_COMMAND_JOIN,          /* MOP 3: be a member of the multicast group |address| */
    RPL_COMMAND_LEAVE,
    RPL_COMMAND_FORGET,   /* drop the target |address| and its routes */
    RPL_COMMAND_GROUND,   /* root: its goal can be met again, and ... */
    RPL_COMMAND_UNGROUND, /* not for now: G is 0 */
    RPL_COMMAND_RPI_TYPE  /* root: |rpi_type| for the DODAG from now on, with a new version */
};

struct rpl_event_command {
    enum rpl_command command;
    uint8_t instance; /* RPLInstanceID */
    uint8_t rpi_type;
    struct rpl_addr address;
};

/* The old prefix is announced as deprecated for two hours more, or for prefix_valid_s if that is
 * less, and then given up with its targets. The DODAG and its DODAGID stay. */
#define RPL_OLD_PREFIXES_MAX 2 /* that are phased out at once; of more, the oldest ends early */
struct rpl_event_prefix {
    uint8_t instance; /* RPLInstanceID */
    struct rpl_addr prefix;
    rpl_duration left; /* not 0: an earlier run was phasing it out, and had so long to go */
};

struct rpl_event {
    enum rpl_event_type type;
    union {
        struct rpl_event_packet packet;
        struct rpl_event_link link;
        struct rpl_event_address address;
        struct rpl_event_neighbour neighbour;
        struct rpl_event_route_result route_result;
        struct rpl_event_route route; /* FOUND, LOST */
        struct rpl_event_target target;
        struct rpl_event_forward_error forward_error;
        struct rpl_event_prefix prefix;
        struct rpl_event_command command;
        struct rpl_event_leaf leaf;
    } u;
};

/* ---- effects ----------------------------------------------------------------------- */

enum rpl_effect_type {
    RPL_EFFECT_SEND,        /* send an ICMPv6 message */
    RPL_EFFECT_ROUTE_SET,   /* add or replace a route; answer with ROUTE_RESULT */
    RPL_EFFECT_ROUTE_DEL,   /* remove a route; answer with ROUTE_RESULT */
    RPL_EFFECT_ADDRESS_SET, /* add address/plen; answer with ADDRESS when usable */
    RPL_EFFECT_ADDRESS_DEL,
    RPL_EFFECT_STORE, /* this must survive a restart; latest wins */
    RPL_EFFECT_TRACE, /* something worth telling people */
    RPL_EFFECT_LEAVES /* what rpl_view_next_leaf() tells has changed, and should survive a restart
                       */
};

/* The checksum is filled in. ifindex 0: |dst| is global, let the routes decide. A multicast
 * destination is always ff02::1a. */
struct rpl_effect_send {
    uint32_t ifindex;
    struct rpl_addr src, dst;
    uint8_t hop_limit;
    uint16_t len;
    uint8_t data[RPL_MESSAGE_MAX];
};

struct rpl_effect_route {
    uint64_t token;
    struct rpl_route route;
};

struct rpl_effect_address {
    uint32_t ifindex;
    struct rpl_addr address;
    uint8_t len;
};

enum rpl_trace_kind {
    RPL_TRACE_NODE_UP,     /* a target became reachable: address, other = via or parent */
    RPL_TRACE_NODE_CHANGE, /* its way changed: address, other = new via or parent */
    RPL_TRACE_NODE_DOWN,   /* it is gone: address, cause */
    RPL_TRACE_ROUTE,       /* kernel route: address, len, value = errno, cause installed.. */
    RPL_TRACE_PARENT,      /* preferred parent: address = new, other = old, value = rank */
    RPL_TRACE_JOINED,      /* address = DODAGID, value = version */
    RPL_TRACE_DETACHED,    /* address = DODAGID, cause */
    RPL_TRACE_REPAIR,      /* value = new version (global), cause */
    RPL_TRACE_LINK,        /* value = ifindex, cause up, down, gone */
    RPL_TRACE_NEIGHBOUR,   /* address, cause proven, lost; value = etx */
    RPL_TRACE_DAO_REFUSED, /* address = target, other = sender, cause; value = status */
    RPL_TRACE_DAO_UNACKED, /* our DAO got no answer: address = parent, value = tries */
    RPL_TRACE_DROPPED,     /* a message was dropped: address = sender, value = counter */
    RPL_TRACE_ALARM,       /* cause, address = sender: somebody uses our version or DODAGID */
    RPL_TRACE_COUNT
};
const char *rpl_trace_name(enum rpl_trace_kind kind);

enum rpl_cause {
    RPL_CAUSE_NONE,
    RPL_CAUSE_DAO,         /* a DAO said so */
    RPL_CAUSE_NO_PATH,     /* a No-Path DAO */
    RPL_CAUSE_DCO,         /* a DCO: it moved elsewhere */
    RPL_CAUSE_EXPIRED,     /* its lifetime ended */
    RPL_CAUSE_PARENT_GONE, /* a node on its way is gone */
    RPL_CAUSE_UNREACHABLE, /* neighbour unreachable */
    RPL_CAUSE_FORWARD_ERROR,
    RPL_CAUSE_OPERATOR,
    RPL_CAUSE_FLOATING,  /* as the root of a DODAG of our own, for want of a parent */
    RPL_CAUSE_VERSION,   /* a new DODAG Version */
    RPL_CAUSE_ETX,       /* the link or path cost changed */
    RPL_CAUSE_POISON,    /* the neighbour advertised INFINITE_RANK */
    RPL_CAUSE_NO_ANSWER, /* probes or DAOs were not answered */
    RPL_CAUSE_REFUSED,   /* DAO-ACK with a rejection */
    RPL_CAUSE_LINK_UP,
    RPL_CAUSE_LINK_DOWN,
    RPL_CAUSE_LINK_GONE,
    RPL_CAUSE_LOOP,       /* a DAO would close a cycle */
    RPL_CAUSE_FULL,       /* a table is full */
    RPL_CAUSE_DENIED,     /* not on the allow list, or on the deny list */
    RPL_CAUSE_PREFIX,     /* target outside the DODAG's prefix */
    RPL_CAUSE_REGISTERED, /* the address is registered by another, or more recently */
    RPL_CAUSE_SOURCE,     /* a node announced what is not its own */
    RPL_CAUSE_KERNEL,     /* the kernel refused */
    RPL_CAUSE_INSTALLED,
    RPL_CAUSE_REMOVED,
    RPL_CAUSE_PROVEN,          /* first answer to a probe */
    RPL_CAUSE_LOST,            /* three probes without an answer */
    RPL_CAUSE_FIRST,           /* first parent found */
    RPL_CAUSE_STALE_STATE,     /* we restarted without state and jumped past a newer version */
    RPL_CAUSE_VERSION_SPOOFED, /* a neighbour advertises a newer version of our DODAG */
    RPL_CAUSE_DODAGID_SPOOFED, /* a neighbour claims to be root of our DODAG */
    RPL_CAUSE_QUARANTINED,     /* too many malformed messages: not heard for a while */
    RPL_CAUSE_SCHEDULED,       /* the configured interval is over */
    RPL_CAUSE_COUNT
};
const char *rpl_cause_name(enum rpl_cause cause);

struct rpl_effect_trace {
    enum rpl_trace_kind kind;
    enum rpl_cause cause;
    uint8_t instance; /* RPLInstanceID; 0 where none is meant */
    uint8_t len;      /* prefix length where |address| is a target */
    uint32_t value;
    struct rpl_addr address, other;
};

struct rpl_effect {
    enum rpl_effect_type type;
    union {
        struct rpl_effect_send send;
        struct rpl_effect_route route;
        struct rpl_effect_address address;
        struct rpl_stored store;
        struct rpl_effect_trace trace;
    } u;
};

/* ---- counters ---------------------------------------------------------------------- */

/* Each with its name for people, JSON and metrics; rpl_counter_name() gives it. */
#define RPL_COUNTERS(X)                                                                            \
    X(DIS_IN, "dis-in")                                                                            \
    X(DIS_OUT, "dis-out")                                                                          \
    X(DIO_IN, "dio-in")                                                                            \
    X(DIO_OUT, "dio-out")                                                                          \
    X(DIO_SUPPRESSED, "dio-suppressed")                                                            \
    X(DAO_IN, "dao-in")                                                                            \
    X(DAO_OUT, "dao-out")                                                                          \
    X(DAO_DUPLICATE, "dao-duplicate")                                                              \
    X(DAO_ACK_IN, "dao-ack-in")                                                                    \
    X(DAO_ACK_OUT, "dao-ack-out")                                                                  \
    X(PROBE_OUT, "probe-out")                                                                      \
    X(PROBE_MISSED, "probe-missed")                                                                \
    X(DCO_IN, "dco-in")                                                                            \
    X(DCO_OUT, "dco-out")                                                                          \
    X(DCO_ACK_IN, "dco-ack-in")                                                                    \
    X(DCO_ACK_OUT, "dco-ack-out")                                                                  \
    X(ROVR_UNKNOWN, "rovr-size-unknown")                                                           \
    X(EDAR_IN, "edar-in")                                                                          \
    X(EDAR_OUT, "edar-out")                                                                        \
    X(DAO_REFUSED, "dao-refused")                                                                  \
    X(DROP_CHECKSUM, "drop-checksum")                                                              \
    X(DROP_TRUNCATED, "drop-truncated")                                                            \
    X(DROP_CODE_UNKNOWN, "drop-code-unknown")                                                      \
    X(DROP_CODE_UNSUPPORTED, "drop-code-unsupported")                                              \
    X(DROP_SECURED, "drop-secured")                                                                \
    X(DROP_SOURCE_SCOPE, "drop-source-scope")                                                      \
    X(DROP_DESTINATION, "drop-destination")                                                        \
    X(DROP_OWN, "drop-own")                                                                        \
    X(DROP_INTERFACE_UNKNOWN, "drop-interface-unknown")                                            \
    X(DROP_OPTION_TRUNCATED, "drop-option-truncated")                                              \
    X(DROP_OPTION_SHORT, "drop-option-short")                                                      \
    X(DROP_PREFIX_LENGTH, "drop-prefix-length")                                                    \
    X(DROP_CONFIG_INVALID, "drop-config-invalid")                                                  \
    X(DROP_DODAGID_INVALID, "drop-dodagid-invalid")                                                \
    X(DROP_INSTANCE_INVALID, "drop-instance-invalid")                                              \
    X(DROP_INSTANCE_UNKNOWN, "drop-instance-unknown")                                              \
    X(DROP_DODAG_FOREIGN, "drop-dodag-foreign")                                                    \
    X(DROP_MOP, "drop-mop")                                                                        \
    X(DROP_DAO_STRUCTURE, "drop-dao-structure")                                                    \
    X(DROP_DAO_NO_TARGET, "drop-dao-no-target")                                                    \
    X(DROP_DAO_TOO_MANY, "drop-dao-too-many-options")                                              \
    X(DROP_DAO_LOCAL_WITHOUT_D, "drop-dao-local-instance-without-d")                               \
    X(DROP_DAO_TRANSIT_LENGTH, "drop-dao-transit-length")                                          \
    X(DROP_DAO_FROM_PARENT, "drop-dao-from-parent")                                                \
    X(DROP_DAO_NOT_FOR_US, "drop-dao-not-for-us")                                                  \
    X(DROP_DAO_MULTICAST, "drop-dao-multicast")                                                    \
    X(DROP_TARGET_DEFAULT, "drop-target-default")                                                  \
    X(DROP_TARGET_LINK_LOCAL, "drop-target-link-local")                                            \
    X(DROP_TARGET_MULTICAST, "drop-target-multicast")                                              \
    X(DROP_TARGET_OWN, "drop-target-own")                                                          \
    X(DROP_ACK_UNEXPECTED, "drop-ack-unexpected")                                                  \
    X(DROP_VERSION_OLD, "drop-version-old")                                                        \
    X(DROP_RANK_INVALID, "drop-rank-invalid")                                                      \
    X(DROP_DISCOVERY, "drop-neighbour-discovery")                                                  \
    X(DROP_RATE, "drop-rate-limit")                                                                \
    X(DROP_NEIGHBOURS_FULL, "drop-neighbours-full")                                                \
    X(DROP_NOMEM, "drop-no-memory")                                                                \
    X(DROP_EFFECTS_FULL, "drop-effects-full")                                                      \
    X(DROP_DENIED, "drop-denied-node")                                                             \
    X(DROP_QUARANTINED, "drop-quarantined-node")                                                   \
    X(REFUSED_DENIED, "refused-denied-node")                                                       \
    X(DROP_ROUTER_ONLY, "drop-not-a-router")                                                       \
    X(REFUSED_LOOP, "refused-loop")                                                                \
    X(REFUSED_FULL, "refused-targets-full")                                                        \
    X(REFUSED_PREFIX, "refused-outside-prefix")                                                    \
    X(REFUSED_REGISTRATION, "refused-registration")                                                \
    X(REFUSED_SOURCE, "refused-target-of-another")                                                 \
    X(REFUSED_OLD, "ignored-old-path-sequence")                                                    \
    X(REFUSED_KERNEL, "refused-by-kernel")                                                         \
    X(NEIGHBOUR_LOST, "neighbour-lost")                                                            \
    X(PARENT_SWITCH, "parent-switch")                                                              \
    X(DETACHED, "detached")                                                                        \
    X(PARENTLESS_S, "seconds-without-parent")                                                      \
    X(JOINED_AS_LEAF, "joined-as-leaf")                                                            \
    X(FLOATING, "floating")                                                                        \
    X(GLOBAL_REPAIR, "global-repair")                                                              \
    X(LOCAL_REPAIR, "local-repair")                                                                \
    X(TRICKLE_RESET, "trickle-reset")                                                              \
    X(TRICKLE_RESET_LIMITED, "trickle-reset-limited")                                              \
    X(VERSION_SPOOFED, "version-spoofed")                                                          \
    X(DODAGID_SPOOFED, "dodagid-spoofed")                                                          \
    X(FORWARD_RANK_ERROR, "forward-rank-error")                                                    \
    X(FORWARD_F, "forward-f-flag")                                                                 \
    X(FORWARD_NOROUTE, "forward-no-route")                                                         \
    X(FORWARD_SRH_ERROR, "forward-source-route-error")                                             \
    X(EXPIRED, "target-expired")

enum rpl_counter {
#define RPL_COUNTER_ENUM(id, name) RPL_COUNT_##id,
    RPL_COUNTERS(RPL_COUNTER_ENUM)
#undef RPL_COUNTER_ENUM
        RPL_COUNTER_COUNT
};
const char *rpl_counter_name(enum rpl_counter counter);

/* ---- the engine -------------------------------------------------------------------- */

struct rpl_engine;

/*
 * Create an engine; |config| is copied. *ret_engine is untouched on failure. Errors:
 * -RPL_ERR_NOMEM, -RPL_ERR_PARAM (a setting that rpl_config_check() would name).
 */
int rpl_engine_new(const struct rpl_config *config, rpl_tstamp now, struct rpl_engine **ret_engine);

/* Frees all it ever made. Accepts NULL. Sends nothing: no poison at shutdown. */
void rpl_engine_free(struct rpl_engine *engine);

/* 0, or -RPL_ERR_DROPPED (packet dropped, counted), -RPL_ERR_NOENT (a command names nothing),
 * -RPL_ERR_PARAM, -RPL_ERR_FULL, -RPL_ERR_NOMEM. The state is whole after each. */
int rpl_engine_input(struct rpl_engine *engine, const struct rpl_event *event, rpl_tstamp now);

/* Runs what is due. Does a bounded amount of work: ask for the deadline again. */
void rpl_engine_timeout(struct rpl_engine *engine, rpl_tstamp now);

rpl_tstamp rpl_engine_deadline(const struct rpl_engine *engine);

/* Next effect in order, false when there is none. */
bool rpl_engine_poll(struct rpl_engine *engine, struct rpl_effect *out);

/* NULL if |config| can be run, else the name of the setting that cannot. */
const char *rpl_config_check(const struct rpl_config *config);

#endif /* RPL_RPL_H */
