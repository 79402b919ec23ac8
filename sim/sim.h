/* SPDX-License-Identifier: ISC */
/*
 * A world of RPL engines on virtual time: the engine of rpl/, N times, over links that lose
 * packets, each with a forwarding table that answers like a kernel. No system call and no clock
 * is involved, so a run is a function of its seed, on any machine.
 *
 * A link transmits a unicast packet up to four times and a multicast one once. What a node could
 * not hand to its next hop is retried like neighbour discovery would, and then reported to its
 * engine as a failed neighbour. Data packets go hop by hop through the forwarding tables and the
 * header surgery of rpl/rpl_data.h.
 *
 * Not modelled: collisions, queues, fragmentation, acknowledgements lost on the way back, several
 * interfaces at one node.
 *
 * Times are microseconds of the world's own clock, which begins at SIM_START. Nodes are numbered
 * from 0 in the order in which they were added. Functions that allocate stop the program when
 * there is no memory: this is a tool, not a daemon.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "rpl/rpl.h"
#include "rpl/rpl_view.h"

#define SIM_START RPL_S(1)
#define SIM_NAME_MAX 16
#define SIM_IFINDEX 1u
#define SIM_LOSS_ALL 1000000u /* losses are in parts per million of the tries */
#define SIM_TRIES 4

struct sim;

/* ---- what is told about a run -------------------------------------------------------- */

/* Which lines of the log are wanted. */
enum sim_log {
    SIM_LOG_TRACE = 1 << 0, /* TRACE effects, but those about kernel routes */
    SIM_LOG_DIS = 1 << 1,
    SIM_LOG_DIO = 1 << 2,
    SIM_LOG_DAO = 1 << 3,
    SIM_LOG_DAO_ACK = 1 << 4,
    SIM_LOG_ROUTE = 1 << 5, /* ROUTE_SET and ROUTE_DEL */
    SIM_LOG_STORE = 1 << 6,
    SIM_LOG_DATA = 1 << 7, /* what became of user packets */
    SIM_LOG_DCO = 1 << 8,  /* and DCO-ACK */
    SIM_LOG_ALL = (1 << 9) - 1
};

/* One line, without a line feed, valid during the call:
 *   "b dio to=all rank=512 version=240 dtsn=240 mop=1 g"
 * A node's name stands for its global address, with ~ before it for its link-local one. */
typedef void sim_log_fn(void *ctx, rpl_tstamp now, const char *line);

/* How a data packet ended. */
enum sim_fate {
    SIM_DELIVERED,
    SIM_LOST_TRIES,       /* all tries on a link were lost */
    SIM_LOST_UNRESOLVED,  /* the next hop is not there */
    SIM_LOST_NO_ADDRESS,  /* the sender has no global address yet */
    SIM_LOST_NO_ROUTE,    /* nothing in the forwarding table fits */
    SIM_LOST_UNREACHABLE, /* the table says unreachable */
    SIM_LOST_HOP_LIMIT,
    SIM_LOST_RANK,   /* dropped for a second rank error */
    SIM_LOST_HEADER, /* header surgery failed */
    SIM_LOST_DOWN,   /* it was on its way to a node that stopped */
    SIM_FATE_COUNT
};
const char *sim_fate_name(enum sim_fate fate);

typedef void sim_fate_fn(void *ctx, uint64_t id, enum sim_fate fate, unsigned hops);

/* Every TRACE effect, whatever the log shows. */
typedef void sim_trace_fn(void *ctx, unsigned node, const struct rpl_effect_trace *trace);

struct sim_stats {
    uint64_t dis, dio, dao, dao_ack, other; /* RPL messages handed to a link, retries not counted */
    uint64_t dio_all;                       /* of the DIOs: multicast ones, which Trickle sends */
    uint64_t events;                        /* arrivals, answers and deadlines of engines */
    uint64_t frames;                        /* tries on the air */
    uint64_t parent_changes;                /* not counting the first parent */
    uint64_t detached;
    uint64_t route_changes;
    uint64_t memory, memory_peak; /* octets, all engines */
    uint64_t fate[SIM_FATE_COUNT];
    uint64_t data_hops;  /* user packets handed to a link, each hop counts */
    uint64_t data_extra; /* octets of RPL's headers on them, summed over those hops */
};

/* ---- the world ------------------------------------------------------------------------ */

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *sim);

rpl_tstamp sim_now(const struct sim *sim);
void sim_set_log(struct sim *sim, unsigned wanted, sim_log_fn *fn, void *ctx);
void sim_set_fate(struct sim *sim, sim_fate_fn *fn, void *ctx);
void sim_set_trace(struct sim *sim, sim_trace_fn *fn, void *ctx);
const struct sim_stats *sim_stats(const struct sim *sim);

/* A number over every effect of every engine so far and its time. */
uint64_t sim_digest(const struct sim *sim);

/* A random number of the world's generator. */
uint64_t sim_random(struct sim *sim);

/* Run until the clock shows |until|. */
void sim_run_until(struct sim *sim, rpl_tstamp until);
void sim_run_for(struct sim *sim, rpl_duration duration);

/* Run until |done| is true, looked at after each event, or |limit| has passed. Returns whether
 * it became true. */
typedef bool sim_done_fn(struct sim *sim, void *ctx);
bool sim_run_till(struct sim *sim, rpl_duration limit, sim_done_fn *done, void *ctx);

/* Call |fn| at |when|. */
typedef void sim_call_fn(struct sim *sim, void *ctx);
void sim_at(struct sim *sim, rpl_tstamp when, sim_call_fn *fn, void *ctx);

/* ---- nodes ----------------------------------------------------------------------------- */

/* A node that is not started yet. |config| is copied; its allocator and seed are the world's.
 * |name| may be NULL. Returns its number. */
unsigned sim_add(struct sim *sim, const char *name, const struct rpl_config *config);
/* Other settings for a node that is stopped, with the state to be found at its next start. */
void sim_replace(struct sim *sim, unsigned node, const struct rpl_config *config);
unsigned sim_count(const struct sim *sim);
const char *sim_name(const struct sim *sim, unsigned node);

/* Where a node stands on a map; sim_build() sets it. Nothing depends on it. */
struct sim_place {
    int32_t x, y;
};
void sim_set_place(struct sim *sim, unsigned node, struct sim_place place);
struct sim_place sim_place(const struct sim *sim, unsigned node);

/* What a starting node finds. */
enum sim_start {
    SIM_FRESH = 0,
    SIM_WITH_STATE = 1 << 0, /* the last STORE effects of its earlier life */
    SIM_WITH_ROUTES = 1 << 1 /* its forwarding table, reported as ROUTE_FOUND */
};
void sim_start(struct sim *sim, unsigned node, unsigned flags);

/* At once, without a farewell, as kill -9 would. Its forwarding table stays behind. */
void sim_stop(struct sim *sim, unsigned node);

/* NULL while stopped. */
const struct rpl_engine *sim_engine(const struct sim *sim, unsigned node);
bool sim_instance(const struct sim *sim, unsigned node, uint8_t id, struct rpl_view_instance *out);
const struct rpl_stored *sim_stored(const struct sim *sim, unsigned node, uint32_t index);

struct rpl_addr sim_link_local(unsigned node);
/* |prefix|::IID of the node. */
struct rpl_addr sim_global(unsigned node, const struct rpl_addr *prefix);
/* The node that has this address, link-local or global; sim_count() if there is none. */
unsigned sim_node_of(const struct sim *sim, const struct rpl_addr *addr);

/* Hand an event to an engine and carry out what it wants. Returns its answer. */
int sim_input(struct sim *sim, unsigned node, const struct rpl_event *event);
int sim_command(struct sim *sim, unsigned node, enum rpl_command command, uint8_t instance);
void sim_interface(struct sim *sim, unsigned node, enum rpl_link_state state);

/* The kernel of |node| answers the next |count| ROUTE_SETs with |error|. */
void sim_refuse_routes(struct sim *sim, unsigned node, int error, unsigned count);

/* ---- links ------------------------------------------------------------------------------- */

/* Both ways alike; set again to change. */
void sim_link(struct sim *sim, unsigned a, unsigned b, uint32_t loss);
/* One direction. */
void sim_link_from(struct sim *sim, unsigned from, unsigned to, uint32_t loss);
void sim_cut(struct sim *sim, unsigned a, unsigned b);

/* The links that leave |node|, by number; false beyond the last. */
bool sim_link_at(const struct sim *sim, unsigned node, size_t index, unsigned *ret_peer,
                 uint32_t *ret_loss);

/* Lose the next |count| RPL messages with this code (enum rpl_code) from one node to another,
 * retries and all, without anybody noticing. */
void sim_lose(struct sim *sim, unsigned from, unsigned to, uint8_t code, unsigned count);

/* ---- data ---------------------------------------------------------------------------------- */

/* Send one packet from |from| to the global address of |to| under |prefix|; what becomes of it
 * is told under |id|. */
void sim_send(struct sim *sim, unsigned from, unsigned to, const struct rpl_addr *prefix,
              uint64_t id);

/* The route of |node|'s forwarding table for |dst|, NULL if none. Valid until the next event. */
const struct rpl_route *sim_route(const struct sim *sim, unsigned node, const struct rpl_addr *dst);
size_t sim_route_count(const struct sim *sim, unsigned node);

/* ---- invariants ------------------------------------------------------------------------------ */

/* Look at the whole world. Call it again and again: a loop, for one, counts once it has stood for
 * |grace|.
 * Returns false with a sentence in |ret_text| when a rule is broken:
 *   - a node's DAGRank is above that of its preferred parent (RFC 6550 section 8.2.1)
 *   - its Rank is at most L + DAGMaxRankIncrease (section 8.2.2.4)
 *   - no circle of preferred parents outlives |grace|
 *   - no node whose DAO was taken stays unreachable from its root for |grace| and five minutes; of
 * more than 200 nodes a fifth are looked at for that, in turn
 *   - no table holds more than its limit
 *   - no forwarding table holds a route outside the prefixes of its instances. */
bool sim_check(struct sim *sim, rpl_duration grace, char *ret_text, size_t size);

/* From now on, look at the rules of Rank, bounds and routes also after each event, for the node
 * that it happened to; sim_check() tells of the first one broken. */
void sim_watch(struct sim *sim);

/* ---- topologies -------------------------------------------------------------------------------
 */

enum sim_topology { SIM_LINE, SIM_GRID, SIM_TREE, SIM_DISC };

/* Link the first |n| nodes, node 0 being the root's place: a line; a square grid with the root in
 * a corner; a tree in which each node has three children; a disc with the root in its middle and
 * about |degree| neighbours each, always in one piece. */
void sim_build(struct sim *sim, enum sim_topology topology, unsigned n, unsigned degree,
               uint32_t loss);

#endif /* SIM_SIM_H */
