/* SPDX-License-Identifier: ISC */
/*
 * The engine's own structs, shared by the files of rpl/ and by nobody else. The public
 * contract is rpl/rpl.h; what may be looked at is in rpl/rpl_view.h.
 *
 * One engine holds interfaces and instances. An instance holds its DODAG membership, its
 * neighbours and its targets. Routes stand apart, because a route outlives the target it was
 * made for until the kernel has confirmed its removal.
 */
#ifndef RPL_ENGINE_H
#define RPL_ENGINE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <string.h>

#include "of/of.h"
#include "rpl/leaf.h"
#include "rpl/rpl.h"
#include "rpl/rpl_wire.h"
#include "rpl/table.h"
#include "rpl/target.h"
#include "rpl/timer.h"
#include "trickle/trickle.h"

/* ---- constants --------------------------------------------------------------------- */

#define RPL_DAO_TIMEOUT RPL_S(3)    /* first wait for a DAO-ACK, doubled each try */
#define RPL_DELAY_RESTART RPL_S(5)  /* a parent that restarted has to join before it takes DAOs */
#define RPL_DELAY_NO_PATH RPL_S(10) /* after a parent switch: the new way comes first */
#define RPL_PATH_CONTROL 0x80       /* PCS 0: one active bit (PCT-03) */
#define RPL_DAO_OUT_MAX 8           /* DAOs waiting for an answer, per instance */
#define RPL_DAO_DUPLICATE RPL_S(30) /* a DAO with the same octets is a duplicate */
#define RPL_PROBE_MIN RPL_S(30)     /* asked again after 30..60 s until the estimate settles */
#define RPL_PROBE_MAX RPL_S(60)
#define RPL_PROBE_TIMEOUT RPL_MS(1500) /* wait for the answer */
#define RPL_PROBE_MISSES 3             /* so many in a row mean lost */
#define RPL_PROBE_ACTIVE 6             /* candidates kept under observation */
#define RPL_UNCONFIRMED RPL_S(300)     /* routes found at start wait so long for a DAO */
#define RPL_DIS_FIRST RPL_S(1)
#define RPL_DIS_LAST RPL_S(60)
#define RPL_POISON_COUNT 3
#define RPL_POISON_GAP RPL_MS(250)
#define RPL_JUMP_WINDOW RPL_S(3600) /* a root without state may jump in its first hour */
#define RPL_JUMP_GAP RPL_S(600)
#define RPL_DTSN_GAP RPL_S(60)       /* at most one DTSN step of our own a minute */
#define RPL_ASK_OF_BEFORE RPL_S(120) /* after a start without state */
#define RPL_FORGET RPL_S(300)        /* detached so long: version and Rank bind no more */
#define RPL_CANDIDATES_MAX 32        /* proven neighbours that one selection looks at */
#define RPL_REFUSED_HOLD RPL_S(60)   /* a parent that refused our DAO is left alone */
#define RPL_HOP_LIMIT 255            /* on link scope; sent, never demanded */
#define RPL_HOP_LIMIT_GLOBAL 64
#define RPL_UNREACHABLE_METRIC 65535 /* of the root's prefix route: worse than any other */

/* ---- small things ------------------------------------------------------------------ */

/* Token bucket: |burst| at most, one more every |period|. */
struct rpl_bucket {
    rpl_tstamp at;
    uint32_t used;
};

struct rpl_peer { /* any source we answer to: for rate limits and duplicate DAOs */
    /* two lines of the cache; a DIS needs the first one alone */
    _Alignas(RPL_CACHE_LINE) struct rpl_addr addr;
    uint32_t ifindex, id;
    rpl_tstamp quarantined_until;
    struct rpl_bucket dis;
    bool again; /* heard since it was last passed over when room was needed */
    bool has_dao, dao_answered;
    uint8_t dao_status;
    struct rpl_bucket dao, malformed;
    uint64_t dao_digest;
    rpl_tstamp dao_at;
    TAILQ_ENTRY(rpl_peer) age;
};

struct rpl_iface {
    uint32_t ifindex; /* 0 = free slot */
    bool up;
    struct rpl_addr address;
    uint32_t instances;
    char name[RPL_IFNAME_MAX];
};

/* An address we want on an interface: prefix::IID of the interface's link-local. */
struct rpl_own {
    bool wanted, usable, emitted;
    uint32_t ifindex;
    struct rpl_addr addr;
};

/* A prefix that the root had before; |until| 0: none. */
#define RPL_OLD_PREFIX RPL_S(7200)
struct rpl_old_prefix {
    struct rpl_addr prefix;
    rpl_tstamp until;
    struct rpl_rt_own *route;
};
#define RPL_OWN_MAX (2 * RPL_INTERFACES_MAX)

/* ---- acknowledgements -------------------------------------------------------------- */

/* A DAO-ACK that waits until the kernel has answered for every target of the DAO. */
struct rpl_ack {
    LIST_ENTRY(rpl_ack) list;
    struct rpl_instance *inst;
    struct rpl_addr src, dst;
    uint32_t ifindex, waiting;
    bool has_dodag_id, wanted;
    uint8_t sequence, status;
};
LIST_HEAD(rpl_acks, rpl_ack);

struct rpl_ack_wait {
    LIST_ENTRY(rpl_ack_wait) list;
    struct rpl_ack *ack;
};

/* ---- neighbours and messages ------------------------------------------------------- */

struct rpl_nbr {
    /* what an answer to a probe needs, in three lines of the cache with the DIO's first fields */
    _Alignas(RPL_CACHE_LINE) struct rpl_addr addr;
    struct rpl_instance *inst;
    uint32_t ifindex, id;
    rpl_tstamp heard, asked;
    uint64_t dio_digest; /* of the last DIO */
    struct rpl_timer t_probe;
    rpl_tstamp answered, refused_until;
    uint32_t latency; /* of the link one way, us: half of an answer's time */
    uint16_t etx;     /* x128, OF_ETX_UNKNOWN = not proven */
    uint16_t dio_etx; /* the link that the last selection knew */
    bool asking;      /* a probe waits for its answer */
    bool has_dio;
    bool no_way; /* during a selection: its DODAG Version was looked at in vain */
    uint8_t tries, misses;
    uint8_t calm;             /* answers at the first try in a row, nothing having changed */
    uint8_t silent;           /* rounds of questions without a first answer */
    uint16_t considered_rank; /* DAGRank that it had when we last thought of asking it */
    struct rpl_wire_dio dio;  /* the last one heard; its config is the last config heard */
    enum of_verdict verdict;
    uint16_t path_rank;
    rpl_tstamp stepped; /* its DTSN asked for DAOs when it was no DAO parent of ours; 0 = never */
    rpl_tstamp quiet_until; /* not to be asked until then */
    RB_ENTRY(rpl_nbr) tree; /* in their order; found by the index */
};
RB_HEAD(rpl_nbr_tree, rpl_nbr);

/* One that our DAOs go to; those of equal preference have the same |group| (RFC 6550 section
 * 9.9). The first one is the preferred parent. */
struct rpl_dao_parent {
    struct rpl_addr addr;
    uint32_t ifindex;
    uint8_t group;
};

/* Whom a DAO speaks of. */
#define RPL_DAO_OF_US 1u
#define RPL_DAO_OF_OTHERS 2u /* what is behind us */

/* A DAO of ours that waits for its DAO-ACK; resent with the same octets. */
struct rpl_dao_out {
    LIST_ENTRY(rpl_dao_out) list;
    struct rpl_instance *inst;
    struct rpl_timer timer;
    struct rpl_addr src, dst;
    uint32_t ifindex;
    uint8_t about; /* RPL_DAO_OF_x */
    uint8_t most;  /* tries */
    bool farewell; /* a No-Path for a parent that we left */
    uint8_t sequence, tries;
    bool for_leaf; /* it is about |leaf| */
    struct rpl_addr leaf;
    uint16_t len;
    uint8_t data[RPL_MESSAGE_MAX];
};
LIST_HEAD(rpl_dao_outs, rpl_dao_out);

/* A DCO for one former next hop: being filled until DelayDCO has passed, then waiting for its
 * DCO-ACK. Non-storing (RFC 9010 section 7): |via| is a router's global address, |ifindex| 0. */
#define RPL_DCO_TARGETS 40
struct rpl_dco {
    LIST_ENTRY(rpl_dco) list;
    struct rpl_instance *inst;
    struct rpl_timer timer;
    struct rpl_addr via;
    uint32_t ifindex;
    bool to_owner; /* of its only target: no way is cleaned up */
    uint8_t status;
    uint8_t sequence, tries, count;
    struct {
        struct rpl_addr prefix;
        uint8_t len, path_seq;
    } target[RPL_DCO_TARGETS];
};
LIST_HEAD(rpl_dcos, rpl_dco);

/* MOP 3: a child that is in a multicast group. */
struct rpl_group;
struct rpl_member {
    LIST_ENTRY(rpl_member) list;
    struct rpl_group *group;
    struct rpl_timer timer;
    struct rpl_addr via;
    uint32_t ifindex;
    uint8_t path_seq;
};
LIST_HEAD(rpl_members, rpl_member);

struct rpl_group {
    RB_ENTRY(rpl_group) tree;
    TAILQ_ENTRY(rpl_group) news;
    struct rpl_instance *inst;
    struct rpl_addr addr;
    struct rpl_members members;
    bool own, is_news;
    uint8_t path_seq; /* of what we announce */
};
RB_HEAD(rpl_group_tree, rpl_group);
TAILQ_HEAD(rpl_group_list, rpl_group);

/* ---- instance ---------------------------------------------------------------------- */

/* A DODAG Version that we have left for another DODAG: its L binds us when we come back. */
#define RPL_VISITED 4
struct rpl_visited {
    struct rpl_addr dodag_id;
    uint8_t version;
    uint16_t lowest;
    rpl_tstamp until;
};

/* What every message reads stands first, in a few lines of the cache. */
struct rpl_instance {
    struct rpl_engine *engine;
    struct rpl_nbr *parent;
    uint32_t index;

    /* membership; identity, version and lowest Rank stay known after detaching */
    bool joined;
    bool has_dodag; /* the identity below is valid */
    bool restored;  /* the version came from the state */
    bool grounded;
    bool goal_lost; /* root: whatever is configured, G is 0 for now (RFC 6550 section 8.2.2.2) */
    bool leaf;      /* by role, or because the OCP is unknown */
    bool starts_floating; /* it wants to be one as soon as it has an address */
    bool floating;        /* root of a DODAG of our own (RFC 6550 section 8.2.2.6) */
    bool has_config;
    bool announced; /* a DIO of ours has gone out to all */
    bool solicited; /* and a DIS */
    uint8_t version, mop, preference, dtsn;
    uint16_t rank, lowest; /* lowest Rank advertised in this version */
    struct rpl_addr dodag_id;
    struct rpl_wire_config config;
    struct of_params of;
    uint8_t pio_count, rio_count;
    uint8_t metric_count; /* what our DIOs carry (RFC 6551) */
    uint8_t dao_parent_count, left_count;
    uint32_t nbr_count;
    uint32_t room_below; /* those asked are as many as may be, none worse placed; 0 = look */
    uint32_t target_count, node_count;
    struct rpl_instance_config cfg;
    struct trickle trickle;
    rpl_tstamp born;

    struct rpl_visited visited[RPL_VISITED];
    uint8_t visited_next;
    uint8_t float_version;
    struct rpl_wire_pio pio[RPL_WIRE_PIOS_MAX];
    struct rpl_wire_rio rio[RPL_WIRE_RIOS_MAX];
    struct rpl_wire_metric metric[RPL_WIRE_METRICS_MAX];

    struct rpl_timer t_trickle, t_dis, t_dao, t_refresh, t_poison, t_dtsn, t_float, t_no_path,
        t_version, t_prefix;
    rpl_duration dis_wait;
    uint8_t dis_left; /* multicast DIS that may still be sent, RPL_ALWAYS: no end */
    uint8_t poison_left;
    rpl_tstamp dtsn_at, jump_at, detached_at;
    rpl_tstamp parentless_since; /* while it looks for a parent, 0 = it does not */
    struct rpl_stored stored;    /* as given at start */
    struct rpl_bucket resets, alarms, forward_errors, dao_sent;

    struct rpl_nbr_tree nbrs;
    struct rpl_dao_parent dao_parent[RPL_PARENTS_MAX];
    struct rpl_dao_parent left[RPL_PARENTS_MAX]; /* storing: they wait for their No-Path */

    struct rpl_target_tree targets;
    struct rpl_target_list work, news;
    struct rpl_target_list failed; /* non-storing: looked at in vain, perhaps too early */

    struct rpl_own own[RPL_OWN_MAX];
    uint32_t own_count;

    uint8_t dao_seq, path_seq;
    bool dao_own;     /* the next DAO carries our own targets */
    bool dao_all;     /* ... and every target below us */
    bool dao_apart;   /* in DAOs of their own: somebody's target was refused */
    bool refresh_seq; /* own targets get a new Path Sequence in the next DAO */
    uint32_t dao_failures;
    struct rpl_dao_outs dao_outs;
    struct rpl_group_tree groups;
    struct rpl_group_list group_news;
    uint32_t group_count, member_count;
    struct rpl_leaves leaves;
    uint32_t leaf_count;
    struct rpl_registration_tree registrations;
    uint32_t registration_count;
    struct rpl_external_tree externals;
    uint32_t external_count;
    struct rpl_extension_tree extensions;
    struct rpl_dcos dcos;
    uint32_t dco_count;
    uint8_t dco_seq;
    uint32_t dao_out_count;
    struct rpl_rt_own *rt_default, *rt_prefix, *rt_more[RPL_WIRE_PIOS_MAX - 1], *rt_root,
        *rt_rio[RPL_WIRE_RIOS_MAX];
    struct rpl_old_prefix old_prefix[RPL_OLD_PREFIXES_MAX];
    bool store_dirty;
};

/* ---- effects waiting for poll ------------------------------------------------------ */

struct rpl_queued {
    TAILQ_ENTRY(rpl_queued) list;
    enum rpl_effect_type type;
    uint16_t len;
    union {
        struct {
            uint32_t ifindex;
            struct rpl_addr src, dst;
            uint8_t hop_limit;
        } send;
        struct rpl_effect_address address;
        struct rpl_effect_trace trace;
    } u;
    uint8_t data[]; /* SEND: the message */
};
TAILQ_HEAD(rpl_queue, rpl_queued);

/* As for an instance. */
struct rpl_engine {
    rpl_tstamp now;
    uint64_t random;
    struct rpl_limits limits;
    uint32_t queue_count;
    bool leaves_changed;
    struct rpl_timers timers;
    struct rpl_queue queue;
    struct rpl_rt_list dirty;
    struct rpl_wire_message *scratch; /* being written, on the stack of the call */
    uint32_t instance_count;
    uint32_t iface_end; /* all of iface[] in use stand before it */
    uint32_t allow_count, deny_count;
    struct rpl_mem mem;
    uint64_t hash_key;
    struct rpl_slab nbrs, peers, targets; /* of all instances */
    struct rpl_index nbr_index, peer_index, target_index;
    /* Unicast DIOs, all neighbours together, and all others. */
    struct rpl_bucket dis_replies, dis_replies_strangers;
    uint64_t counter[RPL_COUNTER_COUNT];
    struct rpl_iface iface[RPL_INTERFACES_MAX];
    TAILQ_HEAD(, rpl_peer) peers_by_age;
    uint32_t peer_count;
    uint32_t token;
    struct rpl_bucket drop_traces; /* a flood of bad messages is told in part */
    struct rpl_slab own_routes;
    struct rpl_rt_tree routes; /* those of no target */
    struct rpl_acks acks;
    uint64_t *access;                    /* sorted: those allowed, then those denied */
    struct rpl_timer t_sweep;            /* end of the grace for routes found at start */
    struct rpl_effect_trace trace_scrap; /* what rpl_trace() hands out when the queue is full */
    struct rpl_instance instance[];
};

/* For views: the BSD tree macros take non-const heads for look-ups that change nothing. */
static inline struct rpl_engine *rpl_unconst(const struct rpl_engine *engine)
{
    union {
        const struct rpl_engine *in;
        struct rpl_engine *out;
    } u = {.in = engine};

    return u.out;
}

static inline uint64_t rpl_be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

/* rpl_addr_compare() for the trees: the same order, in two steps and without a call. */
static inline int rpl_key_compare(const struct rpl_addr *a, const struct rpl_addr *b)
{
    uint64_t x = rpl_be64(a->b), y = rpl_be64(b->b);

    if (x == y) {
        x = rpl_be64(a->b + 8);
        y = rpl_be64(b->b + 8);
    }
    return x < y ? -1 : x > y;
}

/* DelayDAO, RFC 6550 section 9.5. */
static inline rpl_duration rpl_dao_delay(const struct rpl_instance *inst)
{
    return RPL_MS(inst->cfg.dao_delay_ms);
}

static inline bool rpl_storing(const struct rpl_instance *inst)
{
    return inst->mop == RPL_MOP_STORING || inst->mop == RPL_MOP_STORING_MULTICAST;
}

/* ---- effect.c ---------------------------------------------------------------------- */

void *rpl_alloc(struct rpl_engine *e, size_t size);
void rpl_free(struct rpl_engine *e, void *p);
uint64_t rpl_random(struct rpl_engine *e);
/* Uniform in [low, high). */
rpl_duration rpl_random_range(struct rpl_engine *e, rpl_duration low, rpl_duration high);
/* To recognise the same octets again; not for secrets. The same on every machine. */
static inline uint64_t rpl_mixed(uint64_t h)
{
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}
uint64_t rpl_digest(const uint8_t *data, size_t len);
void rpl_count(struct rpl_engine *e, enum rpl_counter counter);
bool rpl_bucket_take(struct rpl_bucket *b, rpl_tstamp now, uint32_t burst, rpl_duration period);
void rpl_send_octets(struct rpl_engine *e, uint32_t ifindex, const struct rpl_addr *src,
                     const struct rpl_addr *dst, const uint8_t *data, size_t len);
/* Write e->scratch and queue it. Returns the length or a negative error. */
int rpl_send(struct rpl_engine *e, uint32_t ifindex, const struct rpl_addr *src,
             const struct rpl_addr *dst);
void rpl_effect_address(struct rpl_engine *e, bool set, uint32_t ifindex,
                        const struct rpl_addr *addr);
/* A trace with the fields that most have; more are set on the returned struct (never NULL). */
struct rpl_effect_trace *rpl_trace(struct rpl_engine *e, enum rpl_trace_kind kind,
                                   enum rpl_cause cause, const struct rpl_instance *inst,
                                   const struct rpl_addr *address, const struct rpl_addr *other,
                                   uint32_t value);
void rpl_store(struct rpl_instance *inst);
void rpl_queue_free(struct rpl_engine *e);

/* ---- access.c ---------------------------------------------------------------------- */

bool rpl_access_init(struct rpl_engine *e, const struct rpl_access *access);
/* May the node with the interface identifier of |addr| take part? */
bool rpl_access_allowed(const struct rpl_engine *e, const struct rpl_addr *addr);

/* ---- peer.c ------------------------------------------------------------------------ */

struct rpl_peer *rpl_peer_find(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex);
/* NULL without memory; the least recently heard one makes room. */
/* Not heard at present: it sent too much that could not be read. */
bool rpl_peer_quarantined(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex);
/* It sent something that could not be read. */
void rpl_peer_malformed(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex);
struct rpl_peer *rpl_peer_get(struct rpl_engine *e, const struct rpl_addr *addr, uint32_t ifindex);
void rpl_peers_free(struct rpl_engine *e);

/* ---- iface.c ----------------------------------------------------------------------- */

struct rpl_iface *rpl_iface_find(struct rpl_engine *e, uint32_t ifindex);
bool rpl_iface_serves(const struct rpl_iface *iface, const struct rpl_instance *inst);
/* First interface of the instance that is up, NULL if none. */
struct rpl_iface *rpl_iface_first(struct rpl_instance *inst);
int rpl_iface_link(struct rpl_engine *e, const struct rpl_event_link *ev);
void rpl_iface_address(struct rpl_engine *e, const struct rpl_event_address *ev);
/* Want prefix::IID on every interface of the instance that is up; drop what is not wanted. */
void rpl_own_update(struct rpl_instance *inst);
/* A usable global address of ours on |ifindex| (0: any); NULL if none. */
const struct rpl_addr *rpl_own_address(const struct rpl_instance *inst, uint32_t ifindex);
/* One of our addresses in the instance, the DODAGID at the root, or prefix::IID of an
 * interface of ours (interop: how motes name their parent). */
bool rpl_is_self(const struct rpl_instance *inst, const struct rpl_addr *addr);
/* Our address there in the prefix, any if |prefix| is NULL; ifindex 0: on any interface. */
const struct rpl_addr *rpl_own_in(const struct rpl_instance *inst, uint32_t ifindex,
                                  const struct rpl_addr *prefix);

/* ---- prefix.c ---------------------------------------------------------------------- */

/* The /64 of the DODAG: configured at the root, from the PIO elsewhere; NULL if unknown. */
const struct rpl_addr *rpl_prefix(const struct rpl_instance *inst, uint8_t *ret_len);
/* The same and those that are phased out, by number; NULL behind the last. Bits beyond 64 may be
 * set: a router sends its whole address. */
const struct rpl_addr *rpl_prefix_nth(const struct rpl_instance *inst, unsigned n);
/* The one that |addr| is in, or NULL. */
const struct rpl_addr *rpl_prefix_of(const struct rpl_instance *inst, const struct rpl_addr *addr);
/* Root: another prefix from now on, the old one is phased out. */
int rpl_prefix_change(struct rpl_instance *inst, const struct rpl_addr *prefix);
/* Root: a former run was phasing this one out. */
int rpl_prefix_restore(struct rpl_instance *inst, const struct rpl_addr *prefix, rpl_duration left);
void rpl_prefix_timeout(struct rpl_instance *inst);
/* Root: the PIOs as they are now; the routes that keep packets to nobody from leaving. */
void rpl_prefix_fill(struct rpl_instance *inst);
void rpl_prefix_routes(struct rpl_instance *inst);

/* Is |addr| in one of them? */
bool rpl_prefix_holds(const struct rpl_instance *inst, const struct rpl_addr *addr);

/* ---- instance.c -------------------------------------------------------------------- */

int rpl_instance_init(struct rpl_engine *e, uint32_t index, const struct rpl_config *config);
void rpl_instance_free(struct rpl_instance *inst);
/* Interfaces or addresses changed: start, go on or stop. */
void rpl_instance_update(struct rpl_instance *inst);
void rpl_instance_reset_trickle(struct rpl_instance *inst, bool peer_caused);
/* The data path met a rank error. */
void rpl_instance_inconsistent(struct rpl_instance *inst);
void rpl_instance_dis_start(struct rpl_instance *inst, rpl_duration first);
void rpl_instance_dis_timeout(struct rpl_instance *inst);
void rpl_instance_trickle_timeout(struct rpl_instance *inst);
void rpl_instance_poison_timeout(struct rpl_instance *inst);
void rpl_instance_version_timeout(struct rpl_instance *inst);
int rpl_instance_ground(struct rpl_instance *inst, bool met);
/* How long it has been without a parent, whole seconds. */
uint64_t rpl_instance_parentless_s(const struct rpl_instance *inst);
/* Detached, and somebody speaks of an older version than ours: let it know. */
void rpl_instance_poison_again(struct rpl_instance *inst);
/* L in the DODAG Version of |dio|: INFINITE_RANK where we have not been. */
uint16_t rpl_instance_lowest(const struct rpl_instance *inst, const struct rpl_wire_dio *dio);
void rpl_instance_adopt(struct rpl_instance *inst, const struct rpl_nbr *parent);
void rpl_instance_detach(struct rpl_instance *inst, enum rpl_cause cause);
#define RPL_REFRESH_DELAY RPL_S(5) /* lets a burst of errors end before the sub-DODAG is asked */
/* Ask the sub-DODAG for DAOs by a DTSN step in |delay|, or later: RPL_DTSN_GAP lies between two. */
void rpl_instance_dtsn_step(struct rpl_instance *inst, rpl_duration delay);
/* The same, because a way down was lost. */
void rpl_instance_dtsn(struct rpl_instance *inst, rpl_duration delay);
void rpl_instance_dtsn_timeout(struct rpl_instance *inst);
/* R08-08: the root says which option type its DODAG writes; a new version tells everybody. */
int rpl_instance_rpi_type(struct rpl_instance *inst, uint8_t type);
int rpl_instance_global_repair(struct rpl_instance *inst, enum rpl_cause cause);
/* The end of a Path Lifetime that begins now. */
rpl_tstamp rpl_instance_expiry(const struct rpl_instance *inst, uint8_t lifetime);
uint16_t rpl_instance_default_lifetime(const struct rpl_instance *inst);
/* The instance with |id| that runs on |iface| (NULL: any); |dodag_id| may be NULL. */
struct rpl_instance *rpl_instance_find(struct rpl_engine *e, uint8_t id,
                                       const struct rpl_iface *iface);

/* Keep what was advertised in the DODAG that is left (REP-09). */
void rpl_instance_remember(struct rpl_instance *inst);
void rpl_instance_start_trickle(struct rpl_instance *inst);
/* Configured as root, or the root of a floating DODAG. */
static inline bool rpl_is_root(const struct rpl_instance *inst)
{
    return inst->cfg.role == RPL_ROLE_ROOT || inst->floating;
}

/* ---- floating.c -------------------------------------------------------------------- */

bool rpl_floating_start(struct rpl_instance *inst);
void rpl_floating_stop(struct rpl_instance *inst);
void rpl_floating_timeout(struct rpl_instance *inst);

/* ---- nbr.c ------------------------------------------------------------------------- */

struct rpl_nbr *rpl_nbr_find(struct rpl_instance *inst, const struct rpl_addr *addr,
                             uint32_t ifindex);
struct rpl_nbr *rpl_nbr_get(struct rpl_instance *inst, const struct rpl_addr *addr,
                            uint32_t ifindex);
void rpl_nbr_free(struct rpl_nbr *nbr);
void rpl_nbr_remove_link(struct rpl_instance *inst, uint32_t ifindex);
/* A DIO made it interesting (or not): start asking it if it may be of use. */
void rpl_nbr_consider(struct rpl_nbr *nbr);
void rpl_nbr_answered(struct rpl_nbr *nbr);
void rpl_nbr_probe_timeout(struct rpl_nbr *nbr);
void rpl_nbr_probe_now(struct rpl_nbr *nbr);
/* What was sent to it was answered in some other way. */
void rpl_nbr_confirmed(struct rpl_nbr *nbr);
/* It has become our parent, perhaps on what we learnt long ago: look at it soon. */
void rpl_nbr_chosen(struct rpl_nbr *nbr);
/* We had |old_rank| and lost the DODAG: whoever may hang below us has to prove itself anew, and
 * whoever was left alone may be asked again. */
void rpl_nbr_alone(struct rpl_instance *inst, uint16_t old_rank);
void rpl_nbr_event(struct rpl_engine *e, const struct rpl_event_neighbour *ev);

/* ---- metric.c ---------------------------------------------------------------------- */

enum rpl_metric_choice {
    RPL_METRIC_IN_RANK,   /* no container that matters: ETX, in the Rank */
    RPL_METRIC_CONTAINED, /* *ret_metric */
    RPL_METRIC_UNKNOWN    /* nothing a Rank can be made of: join as leaf (MRH-01) */
};
enum rpl_metric_choice rpl_metric_choose(const struct rpl_wire_dio *d, enum of_metric *ret_metric);
/* Fill what the containers say of the path through |n|. */
void rpl_metric_candidate(const struct rpl_nbr *n, enum of_metric metric,
                          struct of_candidate *cand);
void rpl_metric_root(struct rpl_instance *inst);
void rpl_metric_relay(struct rpl_instance *inst, const struct rpl_nbr *parent);

/* ---- parent.c ---------------------------------------------------------------------- */

/* Choose the preferred parent anew and act on the outcome. */
void rpl_parent_select(struct rpl_instance *inst, enum rpl_cause cause);
/* The global address of |parent| as a Transit names it; false if no prefix is known. */
bool rpl_parent_address(const struct rpl_instance *inst, const struct rpl_nbr *parent,
                        struct rpl_addr *ret_addr);
void rpl_parent_routes(struct rpl_instance *inst);

/* ---- dao_parents.c ------------------------------------------------------------------ */

/* The preferred parent or our Rank may have changed: choose those beside it anew. */
void rpl_dao_parents_update(struct rpl_instance *inst);
bool rpl_dao_parent_is(struct rpl_instance *inst, const struct rpl_addr *addr, uint32_t ifindex);
/* The active bits (PCT-01), and those that our own targets ask for (PCT-03). */
uint8_t rpl_path_control_mask(const struct rpl_instance *inst);
uint8_t rpl_path_control_own(const struct rpl_instance *inst);
/* 0: PC1, the most preferred, to 3: PC4; 4: none of the active bits is set. */
unsigned rpl_path_control_preference(const struct rpl_instance *inst, uint8_t path_control);
/* Which of the bits |aggregate| each DAO parent gets (PCT-02, PCT-04). */
void rpl_path_control_share(const struct rpl_instance *inst, uint8_t aggregate,
                            uint8_t share[RPL_PARENTS_MAX]);

/* ---- dis.c, dio.c, dao.c, dao_send.c, ack.c ----------------------------------------- */

struct rpl_packet {
    struct rpl_iface *iface; /* NULL: through the data plane */
    uint32_t ifindex;
    const struct rpl_addr *src, *dst;
    bool multicast;
    const uint8_t *data;
    size_t len;
    const struct rpl_wire_message *msg; /* stays while answers are written */
};

int rpl_dis_receive(struct rpl_engine *e, const struct rpl_packet *p);
void rpl_dis_send(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *dst);
/* To whoever hears us, on every interface of the instance. */
void rpl_dis_multicast(struct rpl_instance *inst);
int rpl_dio_receive(struct rpl_engine *e, const struct rpl_packet *p);
/* |dst| NULL: multicast on every interface of the instance. */
void rpl_dio_send(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *dst);
int rpl_dao_receive(struct rpl_engine *e, const struct rpl_packet *p);
void rpl_dao_schedule(struct rpl_instance *inst, rpl_duration delay);
void rpl_dao_timeout(struct rpl_instance *inst);
void rpl_dao_refresh_timeout(struct rpl_instance *inst);
void rpl_dao_out_timeout(struct rpl_dao_out *out);
/* One more left: it counts for dao_rate. */
void rpl_dao_sent(struct rpl_instance *inst);
/* A DAO parent asks for DAOs; we have another parent; a DAO parent has lost its state. */
void rpl_dao_asked(struct rpl_instance *inst);
void rpl_dao_moved(struct rpl_instance *inst);
void rpl_dao_parent_restarted(struct rpl_instance *inst);
/* |parent| has become ours, and may have asked before that. */
void rpl_dao_asked_before(struct rpl_instance *inst, const struct rpl_nbr *parent);
/* Storing: |old_parent| is no longer our parent; it gets a No-Path after RPL_DELAY_NO_PATH. */
void rpl_dao_leave(struct rpl_instance *inst, const struct rpl_nbr *old_parent);
void rpl_dao_no_path_timeout(struct rpl_instance *inst);
/* Those about leaves stay unless |all|: they do not depend on our parent. */
void rpl_dao_outs_free(struct rpl_instance *inst, bool all);
/* Those about ourselves go: the next DAO has a new Path Sequence. */
void rpl_dao_outs_supersede(struct rpl_instance *inst);
/* R10-03: to the root, |leaf| is behind us; |proxy| sets X. False: it cannot be sent. */
bool rpl_dao_send_leaf(struct rpl_instance *inst, const struct rpl_leaf *leaf, bool proxy,
                       uint8_t lifetime);
int rpl_dao_ack_receive(struct rpl_engine *e, const struct rpl_packet *p);
/* The DAO of |ack| (borrowed) was judged: answer now or once the kernel has. */
struct rpl_ack *rpl_ack_begin(struct rpl_instance *inst, const struct rpl_packet *p);
bool rpl_ack_wait(struct rpl_ack *ack, struct rpl_rt *rt);
void rpl_ack_end(struct rpl_ack *ack, uint8_t status);
void rpl_ack_route_done(struct rpl_engine *e, struct rpl_rt *rt, int error);
void rpl_ack_send(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *src,
                  const struct rpl_addr *dst, bool has_dodag_id, uint8_t sequence, uint8_t status);
void rpl_acks_free(struct rpl_engine *e);

/* ---- dco.c -------------------------------------------------------------------------- */

/* |t| went from |old| to another child and wants its former way cleaned up. */
void rpl_dco_moved(struct rpl_target *t, const struct rpl_hop *old);
/* The sender of |p| announces |t| with an older sequence than we hold. */
void rpl_dco_stale(struct rpl_target *t, const struct rpl_packet *p);
/* R10-05, R10-06: the root tells the router |via| (global) that |addr| is not behind it any more.
 */
void rpl_dco_global(struct rpl_instance *inst, const struct rpl_addr *via,
                    const struct rpl_addr *addr, uint8_t path_seq, uint8_t status);
void rpl_dco_timeout(struct rpl_dco *dco);
void rpl_dcos_free(struct rpl_instance *inst);
int rpl_dco_receive(struct rpl_engine *e, const struct rpl_packet *p);
int rpl_dco_ack_receive(struct rpl_engine *e, const struct rpl_packet *p);

/* ---- multicast.c -------------------------------------------------------------------- */

/* Returns the RPL Status for the DAO-ACK. */
uint8_t rpl_multicast_update(struct rpl_instance *inst, const struct rpl_packet *p,
                             const struct rpl_addr *group, uint8_t path_seq, uint8_t lifetime);
void rpl_multicast_timeout(struct rpl_member *m);
int rpl_multicast_own(struct rpl_instance *inst, const struct rpl_addr *group, bool join);
void rpl_multicast_all_news(struct rpl_instance *inst);
/* The next group to announce; false when there is none. */
bool rpl_multicast_next_news(struct rpl_instance *inst, struct rpl_addr *ret_group,
                             uint8_t *ret_path_seq, bool *ret_populated);
void rpl_multicast_neighbour_lost(struct rpl_instance *inst, const struct rpl_addr *via,
                                  uint32_t ifindex);
void rpl_multicast_free(struct rpl_instance *inst);

/* ---- forward_error.c --------------------------------------------------------------- */

int rpl_forward_error(struct rpl_engine *e, const struct rpl_event_forward_error *ev);

/* ---- trees ------------------------------------------------------------------------- */

int rpl_nbr_compare(const struct rpl_nbr *a, const struct rpl_nbr *b);
int rpl_group_compare(const struct rpl_group *a, const struct rpl_group *b);
RB_PROTOTYPE(rpl_nbr_tree, rpl_nbr, tree, rpl_nbr_compare)
RB_PROTOTYPE(rpl_group_tree, rpl_group, tree, rpl_group_compare)

#endif /* RPL_ENGINE_H */
