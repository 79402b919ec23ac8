/* SPDX-License-Identifier: ISC */
/*
 * One engine on a bench: events go in by hand, effects are caught and kept. The kernel answers
 * every route and address at once unless told to wait or to refuse. Time is a number.
 */
#ifndef TESTS_LIB_RIG_H
#define TESTS_LIB_RIG_H

#include "rpl/rpl.h"
#include "rpl/rpl_view.h"
#include "rpl/rpl_wire.h"

#define RIG_IF 7
#define RIG_SENDS 256
#define RIG_ROUTES 256
#define RIG_NOT_RPL 0xff /* code of a message of another type */

struct rig_sent {
    struct rpl_effect_send send;
    rpl_tstamp at;
    struct rpl_wire_message msg;
};

enum rig_kernel { RIG_YES, RIG_WAIT, RIG_NO };

struct rig {
    struct rpl_config config;
    struct rpl_engine *engine;
    rpl_tstamp now;
    struct rpl_addr link_local; /* ours on RIG_IF */
    enum rig_kernel kernel;
    size_t sent_count, route_count, trace_count, store_count, leaves_count;
    struct rig_sent sent[RIG_SENDS];
    struct rpl_effect_route route[RIG_ROUTES]; /* ROUTE_SET and ROUTE_DEL in order */
    bool route_set[RIG_ROUTES];
    struct rpl_effect_trace trace[RIG_SENDS];
    struct rpl_stored stored;
    long allocs, fail_at; /* fail_at: the n-th allocation from now on fails, 0 = none */
    long live;            /* blocks not freed */
};

/* fe80::2:.. or fd00::2:.. with |n| as the last octets. */
struct rpl_addr rig_ll(unsigned n);
struct rpl_addr rig_global(unsigned n);

/* Defaults for |role| and |mop|; change rig->config, then rig_start(). */
void rig_init(struct rig *rig, enum rpl_role role, enum rpl_mop mop);
int rig_start(struct rig *rig);
void rig_link_up(struct rig *rig);
void rig_stop(struct rig *rig);

int rig_input(struct rig *rig, const struct rpl_event *event);
void rig_run(struct rig *rig, rpl_duration duration);

/* Write |msg| and hand it in; ifindex 0 means through the data plane. */
int rig_receive_on(struct rig *rig, uint32_t ifindex, const struct rpl_addr *src,
                   const struct rpl_addr *dst, const struct rpl_wire_message *msg);
int rig_receive(struct rig *rig, const struct rpl_addr *src, const struct rpl_addr *dst,
                const struct rpl_wire_message *msg);
int rig_octets(struct rig *rig, uint32_t ifindex, const struct rpl_addr *src,
               const struct rpl_addr *dst, const uint8_t *data, size_t len);

/* A DIO of a root with our defaults; a DAO with one target and one transit. */
struct rpl_wire_message rig_dio(enum rpl_mop mop, uint16_t rank, const struct rpl_addr *dodag_id);
struct rpl_wire_message rig_dao(uint8_t sequence, const struct rpl_addr *target, uint8_t path_seq,
                                uint8_t lifetime, const struct rpl_addr *parent);

/* Join a router to the root of |dio| at |from|: DIO, probe, answer. */
void rig_join(struct rig *rig, const struct rpl_addr *from, const struct rpl_wire_message *dio);

/* The last message of |code| sent since |since| (an index into sent), NULL if none. */
const struct rig_sent *rig_last(const struct rig *rig, uint8_t code, size_t since);
size_t rig_count(const struct rig *rig, uint8_t code, size_t since);
uint64_t rig_counter(const struct rig *rig, enum rpl_counter counter);
bool rig_traced(const struct rig *rig, enum rpl_trace_kind kind, enum rpl_cause cause);

#endif /* TESTS_LIB_RIG_H */
