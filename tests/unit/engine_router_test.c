/* SPDX-License-Identifier: ISC */
/* The engine as a router and as a leaf: proving links, choosing, announcing, detaching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/rig.h"

#define ROOT 0x10
#define OTHER 0x20

static struct rig rig;

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1;
}

static struct rpl_view_instance instance(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

static bool parent_is(const struct rpl_addr *addr)
{
    struct rpl_view_instance v = instance();

    return v.has_parent && rpl_addr_equal(&v.parent, addr);
}

static void start(enum rpl_role role, enum rpl_mop mop)
{
    rig_init(&rig, role, mop);
    assert_int_equal(rig_start(&rig), 0);
}

static void joined(enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT);
    struct rpl_wire_message dio = rig_dio(mop, 256, &root);

    start(role, mop);
    rig_join(&rig, &from, &dio);
}

/* Answer the probes of the next |duration|: from |mask| bit 0 the root, bit 1 the other. */
static void answer(rpl_duration duration, unsigned mask, const struct rpl_wire_message *dio0,
                   const struct rpl_wire_message *dio1)
{
    struct rpl_addr a = rig_ll(ROOT), b = rig_ll(OTHER);
    rpl_tstamp end = rig.now + duration;

    while (rig.now < end) {
        size_t mark = rig.sent_count;
        rig_run(&rig, RPL_MS(100));
        for (size_t i = mark; i < rig.sent_count; i++) {
            if (rig.sent[i].msg.code != RPL_CODE_DIS)
                continue;
            if ((mask & 1) && rpl_addr_equal(&rig.sent[i].send.dst, &a))
                rig_receive(&rig, &a, &rig.link_local, dio0);
            if ((mask & 2) && rpl_addr_equal(&rig.sent[i].send.dst, &b))
                rig_receive(&rig, &b, &rig.link_local, dio1);
        }
        rig.sent_count = rig.sent_count > RIG_SENDS / 2 ? 0 : rig.sent_count;
    }
}

static void test_never_before_the_first_answer(void **state)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    for (int i = 0; i < 20; i++) {
        rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
        rig_run(&rig, RPL_S(4));
    }
    assert_false(instance().joined); /* it only shouts */
    assert_true(rig_counter(&rig, RPL_COUNT_PROBE_MISSED) >= 3);
    struct rpl_cursor c = {0};
    struct rpl_view_neighbour n;
    assert_true(rpl_view_next_neighbour(rig.engine, &c, rig.now, &n));
    assert_int_equal(n.verdict, OF_NOT_PROVEN);
}

static void test_join(void **state)
{
    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    struct rpl_view_instance v = instance();
    struct rpl_addr own = rig_global(1), from = rig_ll(ROOT), root = rig_global(ROOT);
    assert_true(v.joined);
    assert_int_equal(v.rank, 512);
    assert_memory_equal(&v.address, &own, 16);
    assert_memory_equal(&v.parent, &from, 16);
    rig_run(&rig, RPL_S(6));
    /* The way up: everything, and the prefix, through the parent. */
    assert_int_equal(rig.route_count, 2);
    assert_int_equal(rig.route[0].route.dst_len, 0);
    assert_memory_equal(&rig.route[0].route.via, &from, 16);
    /* One DAO to the root that names the parent by prefix::IID. */
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_non_null(s);
    assert_int_equal(s->send.ifindex, 0);
    assert_memory_equal(&s->send.src, &own, 16);
    assert_memory_equal(&s->send.dst, &root, 16);
    assert_true(s->msg.u.dao.ack_wanted);
    assert_int_equal(s->msg.u.dao.sequence, 240);
    assert_int_equal(s->msg.u.dao.transit[0].path_sequence, 240);
    assert_int_equal(s->msg.u.dao.transit[0].path_lifetime, 30);
    assert_memory_equal(&s->msg.u.dao.transit[0].parent, &root, 16);
    /* What it relays is the root's, but for Rank and DTSN. */
    s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_non_null(s);
    assert_int_equal(s->msg.u.dio.rank, 512);
    assert_memory_equal(&s->msg.u.dio.dodag_id, &root, 16);
    assert_int_equal(s->msg.u.dio.pio_count, 1);
}

static void test_leaf(void **state)
{
    struct rpl_wire_message dis = {.code = RPL_CODE_DIS};
    struct rpl_addr someone = rig_ll(OTHER), root = rig_global(ROOT);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);

    (void)state;
    joined(RPL_ROLE_LEAF, RPL_MOP_NON_STORING);
    answer(RPL_S(60), 1, &dio, NULL);
    assert_true(instance().joined);
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, 0), 0);
    assert_true(rig_count(&rig, RPL_CODE_DAO, 0) > 0);
    rig_receive(&rig, &someone, &rig.link_local, &dis);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 0xffff);
}

/* ACK-04: the same octets, four times, then a pause; an answer ends it. */
static void test_dao_retries(void **state)
{
    struct rpl_addr root = rig_global(ROOT), own = rig_global(1);
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    const struct rig_sent *first, *s;
    size_t mark;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(2));
    first = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_non_null(first);
    answer(RPL_S(28), 1, &dio, NULL);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 4);
    s = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_int_equal(s->send.len, first->send.len);
    assert_memory_equal(s->send.data, first->send.data, first->send.len);
    for (int i = 0; i < 90 && rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.sequence != 241; i++)
        answer(RPL_S(1), 1, &dio, NULL);
    s = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_int_equal(s->msg.u.dao.sequence, 241);
    ack.u.ack.sequence = 99; /* ACK-06: not an answer to anything */
    assert_int_equal(rig_receive(&rig, &root, &own, &ack), -RPL_ERR_DROPPED);
    ack.u.ack.sequence = s->msg.u.dao.sequence;
    assert_int_equal(rig_receive_on(&rig, 0, &root, &own, &ack), 0);
    mark = rig.sent_count;
    rig_run(&rig, RPL_S(20));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, mark), 0);
}

/* PAR-11, MRH-07: equally good stays, clearly better switches. */
static void test_switch_and_hysteresis(void **state)
{
    struct rpl_addr root = rig_global(ROOT), a = rig_ll(ROOT), b = rig_ll(OTHER);
    struct rpl_wire_message far = rig_dio(RPL_MOP_STORING, 700, &root);
    struct rpl_wire_message near = rig_dio(RPL_MOP_STORING, 600, &root);
    size_t mark;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig_join(&rig, &a, &far);
    assert_true(parent_is(&a));
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &near);
    answer(RPL_S(2), 3, &far, &near);
    assert_true(parent_is(&a)); /* a gain of 100 is below 192 */
    near.u.dio.rank = 256;
    mark = rig.sent_count;
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &near);
    assert_true(parent_is(&b));
    /* The old parent holds nobody up: it is not in the parent set. */
    assert_int_equal(instance().rank, 512);
    rig_run(&rig, RPL_S(2));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_memory_equal(&s->send.dst, &b, 16);
    assert_int_equal(s->msg.u.dao.transit[0].path_lifetime, 30);
    uint8_t sequence = s->msg.u.dao.transit[0].path_sequence;
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};
    struct rpl_addr own = rig_ll(1);
    ack.u.ack.sequence = s->msg.u.dao.sequence;
    assert_int_equal(rig_receive(&rig, &b, &own, &ack), 0);
    /* DST-09: once that had time to get around, the old one hears a No-Path of the same time. */
    mark = rig.sent_count;
    rig_run(&rig, RPL_S(9));
    const struct rig_sent *no = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_non_null(no);
    assert_memory_equal(&no->send.dst, &a, 16);
    assert_int_equal(no->msg.u.dao.transit[0].path_lifetime, 0);
    assert_int_equal(no->msg.u.dao.transit[0].path_sequence, sequence);
}

static void test_poisoned(void **state)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 0xffff, &root);
    size_t mark, routes;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(5));
    mark = rig.sent_count;
    routes = rig.route_count;
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
    assert_false(instance().joined);
    assert_true(rig_traced(&rig, RPL_TRACE_DETACHED, RPL_CAUSE_POISON));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, mark)->msg.u.dio.rank, 0xffff);
    assert_int_equal(rig.route_count, routes + 2); /* the way up goes */
    rig_run(&rig, RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, mark), 3); /* said three times */
    assert_true(rig_count(&rig, RPL_CODE_DIS, mark) > 0);     /* and then asked */
    dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    rig_join(&rig, &from, &dio);
    assert_true(instance().joined);
}

/* Three probes without an answer. */
static void test_parent_lost(void **state)
{
    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(70));
    assert_false(instance().joined);
    assert_true(rig_traced(&rig, RPL_TRACE_NEIGHBOUR, RPL_CAUSE_LOST));
    assert_true(rig_traced(&rig, RPL_TRACE_DETACHED, RPL_CAUSE_NO_ANSWER));
}

/* The kernel's neighbour discovery gave up: asked at once, lost within seconds. */
static void test_neighbour_failed(void **state)
{
    struct rpl_event ev = {
        .type = RPL_EVENT_NEIGHBOUR,
        .u.neighbour = {.ifindex = RIG_IF, .address = rig_ll(ROOT), .failed = true}};
    size_t mark;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    mark = rig.sent_count;
    rig_input(&rig, &ev);
    assert_int_equal(rig_count(&rig, RPL_CODE_DIS, mark), 1);
    rig_run(&rig, RPL_S(6));
    assert_false(instance().joined);
}

/* DIO-04, REP-02: a newer version is followed at any Rank, an older one never. */
static void test_versions(void **state)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT), other = rig_ll(OTHER);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    struct rpl_wire_message deep = rig_dio(RPL_MOP_NON_STORING, 1024, &root);

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    deep.u.dio.version = 241;
    rig_receive(&rig, &other, &rpl_addr_all_nodes, &deep);
    answer(RPL_S(1), 3, &dio, &deep);
    assert_int_equal(instance().version, 241);
    assert_true(parent_is(&other));
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
    assert_int_equal(instance().version, 241);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_VERSION_OLD) > 0);
}

/* PAR-07: not above L + DAGMaxRankIncrease within a version. */
static void test_max_rank_increase(void **state)
{
    struct rpl_addr root = rig_global(ROOT), a = rig_ll(ROOT), b = rig_ll(OTHER);
    struct rpl_wire_message near = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    struct rpl_wire_message deep = rig_dio(RPL_MOP_NON_STORING, 1024, &root);

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    near.u.dio.config.max_rank_increase = deep.u.dio.config.max_rank_increase = 512;
    rpl_wire_config_pack(&near.u.dio.config);
    rpl_wire_config_pack(&deep.u.dio.config);
    rig_join(&rig, &a, &near);
    answer(RPL_S(5), 1, &near, NULL); /* 512 was advertised */
    assert_int_equal(instance().lowest_rank, 512);
    near.u.dio.rank = 0xffff;
    rig_receive(&rig, &a, &rpl_addr_all_nodes, &near);
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &deep);
    answer(RPL_S(30), 2, NULL, &deep);
    assert_false(instance().joined); /* 1280 would be above 1024 */
    deep.u.dio.rank = 768;
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &deep);
    answer(RPL_S(5), 2, NULL, &deep);
    assert_true(instance().joined);
    assert_int_equal(instance().rank, 1024);
}

/* SEQ-09, SEQ-10: a step of the parent's DTSN, and only that, brings a DAO. */
static void test_dtsn(void **state)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT), own = rig_global(1);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK, .u.ack.sequence = 240};
    uint8_t dtsn;
    size_t mark;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(2));
    rig_receive_on(&rig, 0, &root, &own, &ack);
    mark = rig.sent_count;
    dtsn = instance().dtsn;
    dio.u.dio.dtsn = 239; /* older: reordered */
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
    rig_run(&rig, RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, mark), 0);
    dio.u.dio.dtsn = 241;
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
    rig_run(&rig, RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, mark), 1);
    assert_int_equal(instance().dtsn, dtsn + 1); /* passed on in non-storing mode */
}

/* DST-07: news of one second go up in one message; a child's No-Path goes up too. */
static void test_aggregation(void **state)
{
    struct rpl_addr from = rig_ll(ROOT), root = rig_global(ROOT);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_STORING, 256, &root);
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK, .u.ack.sequence = 240};
    size_t mark;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig_run(&rig, RPL_S(2));
    rig_receive(&rig, &from, &rig.link_local, &ack);
    mark = rig.sent_count;
    for (unsigned n = 100; n < 105; n++) {
        struct rpl_addr child = rig_ll(n), target = rig_global(n);
        struct rpl_wire_message dao = rig_dao(1, &target, 5, 30, NULL);
        rig_receive(&rig, &child, &rig.link_local, &dao);
    }
    answer(RPL_S(2), 1, &dio, NULL);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, mark), 1);
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_int_equal(s->msg.u.dao.target_count, 5);
    assert_memory_equal(&s->send.dst, &from, 16);
    ack.u.ack.sequence = s->msg.u.dao.sequence;
    rig_receive(&rig, &from, &rig.link_local, &ack);
    mark = rig.sent_count;
    struct rpl_addr child = rig_ll(100), target = rig_global(100);
    struct rpl_wire_message dao = rig_dao(2, &target, 6, 0, NULL);
    rig_receive(&rig, &child, &rig.link_local, &dao);
    answer(RPL_S(2), 1, &dio, NULL);
    s = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_non_null(s);
    assert_int_equal(s->msg.u.dao.transit[0].path_lifetime, 0);
    assert_int_equal(s->msg.u.dao.transit[0].path_sequence, 6); /* relays never change it */
    assert_int_equal(instance().targets, 4);
    /* DST-12: a DAO from our own parent would route in a circle. */
    dao = rig_dao(3, &target, 7, 30, NULL);
    rig_receive(&rig, &from, &rig.link_local, &dao);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_FROM_PARENT), 1);
}

/* COD-19: two hundred targets go up in several messages that each fit 1280 octets. */
static void test_many_targets(void **state)
{
    struct rpl_addr from = rig_ll(ROOT);
    size_t mark, targets = 0;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    mark = rig.sent_count;
    for (unsigned n = 100; n < 300; n++) {
        struct rpl_addr child = rig_ll(n), target = rig_global(n);
        struct rpl_wire_message dao = rig_dao(1, &target, 5, 30, NULL);
        dao.u.dao.ack_wanted = false;
        rig_receive(&rig, &child, &rig.link_local, &dao);
    }
    for (int i = 0; i < 60; i++) {
        size_t seen = rig.sent_count;
        rig_run(&rig, RPL_MS(100));
        for (size_t k = seen; k < rig.sent_count; k++)
            if (rig.sent[k].msg.code == RPL_CODE_DAO) {
                struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};
                ack.u.ack.sequence = rig.sent[k].msg.u.dao.sequence;
                targets += rig.sent[k].msg.u.dao.target_count;
                assert_true(rig.sent[k].send.len <= 1240);
                rig_receive(&rig, &from, &rig.link_local, &ack);
            }
    }
    assert_int_equal(targets, 201);
    assert_true(rig_count(&rig, RPL_CODE_DAO, mark) >= 6);
}

/* A storing DAO of the child |from| for |target| with I set. */
static void child_dao(unsigned from, unsigned target, uint8_t seq, uint8_t path_seq)
{
    struct rpl_addr src = rig_ll(from), t = rig_global(target);
    struct rpl_wire_message dao = rig_dao(seq, &t, path_seq, 30, NULL);

    dao.u.dao.transit[0].invalidate = true;
    rig_receive(&rig, &src, &rig.link_local, &dao);
}

/* R09-02: the old child hears of it after DelayDCO, unless it announced the target again. */
static void test_dco_sent(void **state)
{
    struct rpl_wire_message ack = {.code = RPL_CODE_DCO_ACK};
    struct rpl_addr old = rig_ll(100);
    const struct rig_sent *s;
    size_t mark;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig_run(&rig, RPL_S(2));
    child_dao(100, 105, 1, 5);
    child_dao(100, 105, 2, 6);
    mark = rig.sent_count;
    child_dao(101, 105, 1, 7);
    rig_run(&rig, RPL_MS(900));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, mark), 0);
    rig_run(&rig, RPL_MS(200));
    s = rig_last(&rig, RPL_CODE_DCO, mark);
    assert_non_null(s);
    assert_memory_equal(&s->send.dst, &old, 16);
    assert_int_equal(s->msg.u.dao.status, 195);
    assert_int_equal(s->msg.u.dao.transit[0].path_sequence, 7);
    assert_int_equal(s->msg.u.dao.transit[0].path_lifetime, 0);
    assert_false(s->msg.u.dao.transit[0].has_parent);
    rig_run(&rig, RPL_S(4)); /* R09-07: again after 3 s */
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, mark), 2);
    ack.u.ack.sequence = s->msg.u.dao.sequence;
    assert_int_equal(rig_receive(&rig, &old, &rig.link_local, &ack), 0);
    rig_run(&rig, RPL_S(20));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, mark), 2);
    mark = rig.sent_count;
    child_dao(100, 105, 3, 8);
    child_dao(101, 105, 2, 8); /* the old one announces it under the same sequence */
    rig_run(&rig, RPL_S(2));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, mark), 0);
}

/* R09-05, R09-06: only an older sequence gives way, and the word goes on downwards. */
static void test_dco_received(void **state)
{
    struct rpl_addr parent = rig_ll(ROOT), own = rig_global(1), t = rig_global(105);
    struct rpl_addr child = rig_ll(100), target = rig_global(105);
    struct rpl_wire_message dco = rig_dao(240, &t, 6, 0, NULL);
    struct rpl_view_node v;
    size_t mark;

    (void)state;
    joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig_run(&rig, RPL_S(2));
    child_dao(100, 105, 1, 5);
    child_dao(100, 105, 2, 6);
    dco.code = RPL_CODE_DCO;
    dco.u.dao.status = 195;
    mark = rig.sent_count;
    rig_receive(&rig, &parent, &rig.link_local, &dco);
    assert_true(rpl_view_node(rig.engine, &target, rig.now, &v)); /* equal: stays */
    assert_int_equal(rig_last(&rig, RPL_CODE_DCO_ACK, mark)->msg.u.ack.status, 0);
    dco.u.dao.transit[0].path_sequence = 7;
    rig_receive(&rig, &parent, &rig.link_local, &dco);
    assert_false(rpl_view_node(rig.engine, &target, rig.now, &v));
    assert_true(rig_traced(&rig, RPL_TRACE_NODE_DOWN, RPL_CAUSE_DCO));
    rig_run(&rig, RPL_MS(100));
    assert_memory_equal(&rig_last(&rig, RPL_CODE_DCO, mark)->send.dst, &child, 16);
    assert_int_equal(rig_last(&rig, RPL_CODE_DCO, mark)->msg.u.dao.transit[0].path_sequence, 7);
    mark = rig.sent_count;
    dco.u.dao.target[0].prefix = own; /* we are here */
    rig_receive(&rig, &parent, &rig.link_local, &dco);
    rig_run(&rig, RPL_MS(100));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, mark), 0);
    assert_int_equal(rig_last(&rig, RPL_CODE_DCO_ACK, mark)->msg.u.ack.status, 0x81);
}

static size_t copies(unsigned from, bool *ret_up)
{
    struct rpl_addr group = {{0xff, 0x05, [15] = 0xfb}}, src = rig_ll(from);
    static struct rpl_view_copies c;

    assert_int_equal(rpl_view_multicast(rig.engine, 0, &group, from ? &src : NULL, RIG_IF, &c), 0);
    *ret_up = c.up;
    return c.count;
}

/* MC3-01..05: members, copies to all but the sender, the parent hears of the first and the last. */
static void test_multicast(void **state)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT);
    struct rpl_addr group = {{0xff, 0x05, [15] = 0xfb}};
    struct rpl_wire_message dio = rig_dio(RPL_MOP_STORING_MULTICAST, 256, &root);
    struct rpl_event ev = {.type = RPL_EVENT_COMMAND,
                           .u.command = {.command = RPL_COMMAND_JOIN, .address = group}};
    const struct rig_sent *s;
    size_t mark;
    bool up;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING_MULTICAST);
    rig_join(&rig, &from, &dio);
    rig_run(&rig, RPL_S(2));
    mark = rig.sent_count;
    for (unsigned n = 100; n < 103; n++) {
        struct rpl_addr child = rig_ll(n);
        struct rpl_wire_message dao = rig_dao(1, &group, 240, 2, NULL);
        rig_receive(&rig, &child, &rig.link_local, &dao);
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, mark)->msg.u.ack.status, 0);
    }
    assert_int_equal(copies(101, &up), 2);
    assert_true(up);
    assert_int_equal(copies(ROOT, &up), 3);
    assert_false(up);
    rig_run(&rig, RPL_S(2));
    s = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_int_equal(s->msg.u.dao.target_count, 1);
    assert_memory_equal(&s->msg.u.dao.target[0].prefix, &group, 16);
    assert_int_equal(s->msg.u.dao.transit[0].path_lifetime, 30);
    assert_int_equal(rig_input(&rig, &ev), 0);
    answer(RPL_S(130), 1, &dio, NULL); /* the children's lifetimes end */
    assert_int_equal(copies(0, &up), 0);
    ev.u.command.command = RPL_COMMAND_LEAVE;
    rig.sent_count = 0;
    assert_int_equal(rig_input(&rig, &ev), 0);
    answer(RPL_S(3), 1, &dio, NULL);
    bool left = false;
    for (size_t i = 0; i < rig.sent_count; i++) {
        const struct rpl_wire_dao *d = &rig.sent[i].msg.u.dao;
        for (uint8_t k = 0; rig.sent[i].msg.code == RPL_CODE_DAO && k < d->target_count; k++)
            left = left || (rpl_addr_equal(&d->target[k].prefix, &group) &&
                            d->transit[k].path_lifetime == 0);
    }
    assert_true(left);
    /* Beyond the link, and in MOP 3 alone. */
    struct rpl_addr local = rpl_addr_all_nodes, child = rig_ll(100);
    struct rpl_wire_message dao = rig_dao(9, &local, 240, 2, NULL);
    rig_receive(&rig, &child, &rig.link_local, &dao);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TARGET_MULTICAST), 1);
}

/* A parent that refuses our DAO is left for another one. */
static void test_refused_by_parent(void **state)
{
    struct rpl_addr root = rig_global(ROOT), a = rig_ll(ROOT), b = rig_ll(OTHER);
    struct rpl_wire_message near = rig_dio(RPL_MOP_STORING, 256, &root);
    struct rpl_wire_message far = rig_dio(RPL_MOP_STORING, 300, &root);
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK, .u.ack.status = 0x80};
    size_t mark;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig_join(&rig, &a, &near);
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &far);
    answer(RPL_MS(1000), 3, &near, &far);
    mark = 0;
    rig_run(&rig, RPL_S(2));
    ack.u.ack.sequence = rig_last(&rig, RPL_CODE_DAO, mark)->msg.u.dao.sequence;
    rig_receive(&rig, &a, &rig.link_local, &ack);
    assert_true(parent_is(&b));
}

static void test_stored_counters(void **state)
{
    struct rpl_addr root = rig_global(ROOT), from = rig_ll(ROOT);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.stored[0] = (struct rpl_stored){
        .valid = true, .dodag_id = root, .dao_sequence = 12, .path_sequence = 34};
    assert_int_equal(rig_start(&rig), 0);
    rig_join(&rig, &from, &dio);
    rig_run(&rig, RPL_S(2));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_int_equal(s->msg.u.dao.sequence, 13);
    assert_int_equal(s->msg.u.dao.transit[0].path_sequence, 35);
    assert_int_equal(rig.stored.dao_sequence, 13);
}

/* A long run of events, as much as a busy router sees. */
static void busy(void)
{
    struct rpl_addr root = rig_global(ROOT), a = rig_ll(ROOT), b = rig_ll(OTHER);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_STORING, 256, &root),
                            dis = {.code = RPL_CODE_DIS};
    struct rpl_event ev = {.type = RPL_EVENT_LINK,
                           .u.link = {.ifindex = RIG_IF, .state = RPL_LINK_DOWN}};

    if (!rig.engine)
        return;
    rig_join(&rig, &a, &dio);
    for (unsigned n = 100; n < 104; n++) {
        struct rpl_addr child = rig_ll(n), target = rig_global(n);
        struct rpl_wire_message dao = rig_dao(1, &target, 5, 2, NULL);
        rig_receive(&rig, &child, &rig.link_local, &dao);
    }
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &dio);
    rig_receive(&rig, &b, &rig.link_local, &dis);
    answer(RPL_S(20), 3, &dio, &dio);
    rig_input(&rig, &ev);
    rig_link_up(&rig);
    answer(RPL_S(150), 2, &dio, &dio);
    dio.u.dio.rank = 0xffff;
    rig_receive(&rig, &b, &rpl_addr_all_nodes, &dio);
    rig_run(&rig, RPL_S(5));
}

/* Every allocation failed in turn: nothing crashes, leaks or stays half done. */
static void test_every_allocation_fails(void **state)
{
    long total;

    (void)state;
    for (int root = 0; root < 2; root++) {
        rig_init(&rig, root ? RPL_ROLE_ROOT : RPL_ROLE_ROUTER, RPL_MOP_STORING);
        assert_int_equal(rig_start(&rig), 0);
        busy();
        total = rig.allocs;
        assert_true(total > 50);
        rig_stop(&rig);
        assert_int_equal(rig.live, 0);
        for (long n = 1; n <= total; n++) {
            int err;
            rig_init(&rig, root ? RPL_ROLE_ROOT : RPL_ROLE_ROUTER, RPL_MOP_STORING);
            rig.fail_at = n;
            err = rig_start(&rig);
            assert_true(err == 0 || err == -RPL_ERR_NOMEM);
            busy();
            if (rig.engine) {
                /* And it goes on afterwards. */
                rig.fail_at = 0;
                rig_run(&rig, RPL_S(60));
            }
            rig_stop(&rig);
            assert_int_equal(rig.live, 0);
        }
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(test_##name, stop)
    const struct CMUnitTest tests[] = {
        T(never_before_the_first_answer),
        T(join),
        T(leaf),
        T(dao_retries),
        T(switch_and_hysteresis),
        T(poisoned),
        T(parent_lost),
        T(neighbour_failed),
        T(versions),
        T(max_rank_increase),
        T(dtsn),
        T(aggregation),
        T(many_targets),
        T(refused_by_parent),
        T(dco_sent),
        T(dco_received),
        T(multicast),
        T(stored_counters),
        T(every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
