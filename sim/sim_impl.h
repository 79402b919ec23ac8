/* SPDX-License-Identifier: ISC */
/* The insides of the world, for the files of sim/ alone. */
#ifndef SIM_SIM_IMPL_H
#define SIM_SIM_IMPL_H

#include "rpl/rpl_data.h"
#include "rpl/rpl_record.h"
#include "rpl/rpl_wire.h"
#include "sim/sim.h"

#define SIM_ADDRESSES_MAX 8
#define SIM_LOSE_MAX 8
#define SIM_MTU 1280
#define SIM_FRAME_ROOM (SIM_MTU + 300) /* a routing header may outgrow the MTU on its way */
#define SIM_HOP_LIMIT 64

#define IPV6_HEADER 40
#define NEXT_ICMP6 58
#define NEXT_UDP 17

/* An IPv6 packet; shared by all who hear a multicast one. */
struct sim_frame {
    struct sim *sim;
    struct sim_frame *next; /* while it is a spare one */
    unsigned refs;
    unsigned hops;
    unsigned user_len; /* as a user sent it, 0 = not a user's */
    size_t len;
    uint8_t data[];
};

/* Few at a time, and apart: a node's links are searched for each packet. */
struct sim_doubt {
    struct sim_doubt *next;
    unsigned peer;
    unsigned probes;         /* of neighbour discovery */
    struct sim_frame *stuck; /* the packet that raised the doubt */
};

struct sim_edge {
    unsigned peer;
    uint32_t loss;
};

struct sim_lose_rule {
    unsigned to, count;
    uint8_t code;
};

struct sim_fib {
    struct rpl_route *hosts; /* /128, sorted by address */
    size_t host_count, host_room;
    struct rpl_route *nets; /* all others, longest prefix first */
    size_t net_count, net_room;
};

/* What each event needs stands first, together. */
struct sim_node {
    struct sim *sim;
    struct rpl_engine *engine;
    unsigned generation; /* answers meant for an earlier life are thrown away */
    unsigned address_count;
    struct sim_edge *edges; /* by peer, ascending */
    size_t edge_count, edge_room;
    struct sim_doubt *doubts;
    struct sim_fib fib;
    struct rpl_addr addresses[SIM_ADDRESSES_MAX];
    struct sim_lose_rule lose[SIM_LOSE_MAX];
    int refuse_error;
    unsigned refuse_count;
    struct rpl_config config;
    rpl_tstamp loop_since; /* 0 = in no loop */
    bool acknowledged;     /* its last DAO was taken, and it has been a member since */
    rpl_tstamp lost_since; /* acknowledged and not reachable all the same; 0 = it is */
    struct sim_place place;
    char name[SIM_NAME_MAX];
};

enum sim_event_kind { SIM_EVENT_FRAME, SIM_EVENT_INPUT, SIM_EVENT_NUD, SIM_EVENT_CALL };

struct sim_event {
    rpl_tstamp when;
    uint64_t sequence;
    enum sim_event_kind kind;
    unsigned node, peer, generation;
    union {
        struct sim_frame *frame;
        struct rpl_event input;
        struct {
            sim_call_fn *fn;
            void *ctx;
        } call;
    } u;
};

/* When an engine wants to be called. The time stands here, since looking it up at the nodes would
 * be a miss in the cache for each comparison. */
struct sim_turn {
    rpl_tstamp deadline;
    unsigned node;
};

struct sim {
    rpl_tstamp now;
    uint64_t random, seed;
    struct sim_node **nodes;
    size_t node_count, node_room;
    struct sim_turn *heap; /* a node each, by (deadline, number) */
    size_t *place;         /* by node: where in the heap it is */
    struct sim_event *events;
    size_t event_count, event_room;
    uint64_t sequence;
    uint64_t digest;
    struct sim_stats stats;
    struct sim_frame *spare; /* frames to be used again, by |next| */
    bool watch;              /* see sim_watch() */
    unsigned reach_next;     /* see sim_check_reach() */
    char broken[160];        /* the first rule that was, "" = none */
    unsigned log_wanted;
    sim_log_fn *log;
    void *log_ctx;
    sim_fate_fn *fate;
    void *fate_ctx;
    sim_trace_fn *trace;
    void *trace_ctx;
};

/* memory.c: never fail. Grow |*array| of |size| octet elements to hold one more. */
void *sim_alloc(size_t size);
void sim_grow(void **array, size_t *room, size_t count, size_t size);
struct rpl_mem sim_engine_memory(struct sim *sim);

/* queue.c */
void sim_queue_push(struct sim *sim, struct sim_event *event);
bool sim_queue_pop(struct sim *sim, struct sim_event *ret_event);
rpl_tstamp sim_queue_next(const struct sim *sim); /* RPL_NEVER = empty */
void sim_heap_add(struct sim *sim, unsigned node);
void sim_heap_update(struct sim *sim, unsigned node, rpl_tstamp deadline);

/* fib.c */
void sim_fib_set(struct sim_fib *fib, const struct rpl_route *route);
int sim_fib_del(struct sim_fib *fib, const struct rpl_route *route);
const struct rpl_route *sim_fib_find(const struct sim_fib *fib, const struct rpl_addr *dst);
void sim_fib_clear(struct sim_fib *fib);

/* world.c: hand |input| to the engine of |node| after |delay|, if it still lives its present life.
 */
void sim_input_later(struct sim *sim, unsigned node, rpl_duration delay,
                     const struct rpl_event *input);

/* effect.c: carry out all that the engine of |node| wants, and note when it wants to be called. */
void sim_effects(struct sim *sim, unsigned node);

/* check.c: something happened at |node|, or it was given |route|. */
void sim_check_node(struct sim *sim, unsigned node);
void sim_check_route(struct sim *sim, unsigned node, const struct rpl_route *route);

/* check_reach.c: the next nodes in turn, and what is wrong with one of them. */
bool sim_check_reach(struct sim *sim, rpl_duration grace, char *text, size_t size);

/* radio.c */
/* |len| zeros, with room for SIM_FRAME_ROOM octets. */
struct sim_frame *sim_frame_new(struct sim *sim, size_t len);
struct sim_frame *sim_frame_hold(struct sim_frame *frame);
void sim_frame_drop(struct sim_frame *frame);
struct sim_edge *sim_edge_find(struct sim_node *node, unsigned peer);
/* All three take the frame over. */
void sim_radio_multicast(struct sim *sim, unsigned from, struct sim_frame *frame);
void sim_radio_unicast(struct sim *sim, unsigned from, const struct rpl_addr *next_hop,
                       struct sim_frame *frame);
void sim_radio_probe(struct sim *sim, unsigned node, unsigned peer);
void sim_radio_forget(struct sim_node *node);

/* Hand the frame to |to| after |delay|. Takes it over. */
void sim_radio_deliver(struct sim *sim, unsigned from, unsigned to, rpl_duration delay,
                       struct sim_frame *frame);

/* plane.c: a frame arrives, begins here, or could not be handed on. All take the frame over. */
void sim_plane_receive(struct sim *sim, unsigned node, unsigned from, struct sim_frame *frame);
void sim_plane_originate(struct sim *sim, unsigned node, struct sim_frame *frame);
void sim_plane_failed(struct sim *sim, unsigned node, unsigned peer, struct sim_frame *frame);
/* Tell what became of a frame if it is a user's. Does not take it over. */
void sim_plane_fate(struct sim *sim, const struct sim_frame *frame, enum sim_fate fate);
void sim_header_write(uint8_t *out, const struct rpl_addr *src, const struct rpl_addr *dst,
                      uint8_t next_header, uint8_t hop_limit, size_t payload);

/* render.c: nothing happens if nobody wants the line. */
void sim_render_effect(struct sim *sim, unsigned node, const struct rpl_effect *effect);
void sim_render_fate(struct sim *sim, uint64_t id, enum sim_fate fate, unsigned hops);

#endif /* SIM_SIM_IMPL_H */
