/* SPDX-License-Identifier: ISC */
/* The engine as a root: what it takes, what it refuses, and what it says to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/rig.h"

static struct rig rig;

static void start(enum rpl_mop mop)
{
    rig_init(&rig, RPL_ROLE_ROOT, mop);
    assert_int_equal(rig_start(&rig), 0);
    rig_run(&rig, RPL_S(1));
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1; /* nothing leaks */
}

static uint32_t nodes(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v.nodes;
}

static struct rpl_view_instance instance(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

static bool node(unsigned n, struct rpl_view_node *out)
{
    struct rpl_addr a = rig_global(n);

    return rpl_view_node(rig.engine, &a, rig.now, out);
}

/* A storing DAO for |target| from the child |from|. */
static int storing_dao(unsigned from, unsigned target, uint8_t seq, uint8_t path_seq,
                       uint8_t lifetime)
{
    struct rpl_addr src = rig_ll(from), t = rig_global(target);
    struct rpl_wire_message msg = rig_dao(seq, &t, path_seq, lifetime, NULL);

    return rig_receive(&rig, &src, &rig.link_local, &msg);
}

/* A non-storing DAO of |from| that names |parent| (1 = us). */
static int source_dao(unsigned from, unsigned parent, uint8_t seq, uint8_t path_seq,
                      uint8_t lifetime)
{
    struct rpl_addr src = rig_global(from), p = rig_global(parent), root = rig_global(1);
    struct rpl_wire_message msg = rig_dao(seq, &src, path_seq, lifetime, &p);

    return rig_receive(&rig, &src, &root, &msg);
}

static void test_start(void **state)
{
    (void)state;
    start(RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(5));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_non_null(s);
    const struct rpl_wire_dio *d = &s->msg.u.dio;
    struct rpl_addr id = rig_global(1);
    assert_memory_equal(&d->dodag_id, &id, 16); /* prefix::IID of the interface */
    assert_int_equal(d->version, 240);
    assert_int_equal(d->dtsn, 240);
    assert_int_equal(d->rank, 256); /* ROOT_RANK is MinHopRankIncrease */
    assert_true(d->grounded);
    assert_int_equal(s->send.hop_limit, 255);
    assert_int_equal(s->send.len, 4 + 24 + 16 + 32); /* base, Configuration, PIO: nothing else */
    assert_true(d->pio[0].autonomous);
    /* The prefix itself answers for unknown nodes. */
    assert_int_equal(rig.route_count, 1);
    assert_int_equal(rig.route[0].route.kind, RPL_ROUTE_UNREACHABLE);
    assert_int_equal(rig.stored.version, 240);
}

static void test_waits_for_interface(void **state)
{
    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_STORING);
    assert_int_equal(rpl_engine_new(&rig.config, rig.now, &rig.engine), 0);
    rig_run(&rig, RPL_S(60));
    assert_int_equal(rig.sent_count, 0);
    assert_true(instance().waiting);
    rig_link_up(&rig);
    rig_run(&rig, RPL_S(5));
    assert_true(instance().joined);
    assert_true(rig_count(&rig, RPL_CODE_DIO, 0) > 0);
}

/* Nothing of this may change any state; each has its own counter. */
static void test_bad_daos(void **state)
{
    static const struct {
        enum rpl_counter counter;
        uint8_t len;
        struct rpl_addr prefix;
    } rows[] = {
        {RPL_COUNT_DROP_TARGET_DEFAULT, 0, {{0}}},
        {RPL_COUNT_DROP_TARGET_LINK_LOCAL, 128, {{0xfe, 0x80, [15] = 9}}},
        {RPL_COUNT_DROP_TARGET_MULTICAST, 128, {{0xff, 0x05, [15] = 9}}},
        {RPL_COUNT_DROP_TARGET_OWN,
         128,
         {{0xfd, 0x01, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}}},
        {RPL_COUNT_REFUSED_PREFIX, 128, {{0x20, 0x01, 0x0d, 0xb8, [15] = 9}}},
        {RPL_COUNT_REFUSED_PREFIX, 16, {{0xfd, 0x01}}},
    };
    struct rpl_addr src = rig_ll(2);

    (void)state;
    start(RPL_MOP_STORING);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpl_wire_message msg = rig_dao((uint8_t)(1 + i), &rows[i].prefix, 1, 30, NULL);
        uint64_t before = rig_counter(&rig, rows[i].counter);
        size_t routes = rig.route_count;
        msg.u.dao.target[0].len = rows[i].len;
        rig_receive(&rig, &src, &rig.link_local, &msg);
        assert_int_equal(rig_counter(&rig, rows[i].counter), before + 1);
        assert_int_equal(rig.route_count, routes);
        assert_int_equal(nodes(), 0);
    }
    /* Outside the prefix is a refusal that the sender hears. */
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0x80);
}

static void test_bad_octets(void **state)
{
    static const struct {
        enum rpl_counter counter;
        size_t len;
        uint8_t data[40];
    } rows[] = {
        {RPL_COUNT_DROP_TRUNCATED, 5, {155, 0}},
        {RPL_COUNT_DROP_CODE_UNKNOWN, 8, {155, 0x0c}},
        {RPL_COUNT_DROP_SECURED, 20, {155, 0x81}},
        {RPL_COUNT_DROP_SECURED, 20, {155, 0x8a}},
        {RPL_COUNT_DROP_CODE_UNSUPPORTED, 24, {155, 0x04}},
        {RPL_COUNT_DROP_DAO_NO_TARGET, 8, {155, 2, 0, 0, 0, 0x80, 0, 1}},
        {RPL_COUNT_DROP_OPTION_TRUNCATED, 9, {155, 0, 0, 0, 0, 0, 1, 2, 0}},
    };
    struct rpl_addr src = rig_ll(2);

    (void)state;
    start(RPL_MOP_STORING);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t data[40];
        memcpy(data, rows[i].data, sizeof(data));
        uint16_t sum = rpl_wire_checksum(&src, &rig.link_local, 58, data, rows[i].len);
        uint64_t before = rig_counter(&rig, rows[i].counter);
        size_t sent = rig.sent_count;
        data[2] = (uint8_t)(sum >> 8);
        data[3] = (uint8_t)sum;
        assert_int_equal(rig_octets(&rig, RIG_IF, &src, &rig.link_local, data, rows[i].len),
                         -RPL_ERR_DROPPED);
        assert_int_equal(rig_counter(&rig, rows[i].counter), before + 1);
        assert_int_equal(rig.sent_count, sent);
        data[3] ^= 1;
        rig_octets(&rig, RIG_IF, &src, &rig.link_local, data, rows[i].len);
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CHECKSUM), sizeof(rows) / sizeof(rows[0]));
}

static void test_scope(void **state)
{
    struct rpl_addr global = rig_global(9), child = rig_ll(9), other = rig_ll(77), root;
    struct rpl_wire_message dio, dis = {.code = RPL_CODE_DIS};

    (void)state;
    start(RPL_MOP_STORING);
    root = rig_global(1);
    dio = rig_dio(RPL_MOP_STORING, 512, &root);
    rig_receive(&rig, &global, &rpl_addr_all_nodes, &dio);
    rig_receive_on(&rig, 0, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_SOURCE_SCOPE), 2);
    rig_receive(&rig, &child, &other, &dis);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DESTINATION), 1);
    rig_receive_on(&rig, 99, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_INTERFACE_UNKNOWN), 1);
    rig_receive(&rig, &rig.link_local, &rpl_addr_all_nodes, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_OWN), 1);
    dio.u.dio.mop = 1;
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_MOP), 1);
    dio.u.dio.instance = 5;
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_INSTANCE_UNKNOWN), 1);
    assert_int_equal(instance().neighbours, 0);
}

static void test_unicast_dis(void **state)
{
    struct rpl_wire_message dis = {.code = RPL_CODE_DIS};
    struct rpl_addr child = rig_ll(9);
    size_t mark;

    (void)state;
    start(RPL_MOP_STORING);
    rig_run(&rig, RPL_S(600));
    mark = rig.sent_count;
    uint64_t interval = instance().trickle_interval;
    rig_receive(&rig, &child, &rig.link_local, &dis);
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, mark), 1);
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, mark);
    assert_memory_equal(&s->send.dst, &child, 16);
    assert_true(s->msg.u.dio.has_config);
    assert_int_equal(instance().trickle_interval, interval); /* TRK-08: no reset */
    for (int i = 0; i < 100; i++)
        rig_receive(&rig, &child, &rig.link_local, &dis);
    assert_true(rig_count(&rig, RPL_CODE_DIO, mark) <= 10);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_RATE) >= 90);
    /* A predicate that does not hold is answered by silence (DIS-03). */
    rig_run(&rig, RPL_S(60));
    mark = rig.sent_count;
    dis.u.dis.has_solicited = true;
    dis.u.dis.solicited.match_instance = true;
    dis.u.dis.solicited.instance = 3;
    rig_receive(&rig, &child, &rig.link_local, &dis);
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, mark), 0);
}

static void test_multicast_dis(void **state)
{
    struct rpl_wire_message dis = {.code = RPL_CODE_DIS};
    struct rpl_addr child = rig_ll(9);

    (void)state;
    start(RPL_MOP_STORING);
    rig_run(&rig, RPL_S(600));
    assert_true(instance().trickle_interval > RPL_MS(4096));
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dis);
    assert_int_equal(instance().trickle_interval, RPL_MS(4096));
    for (int i = 0; i < 100; i++)
        rig_receive(&rig, &child, &rpl_addr_all_nodes, &dis);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), 1); /* TRK-05 */
}

/* ACK-01, and the promise: "accepted" leaves after the kernel said yes. */
static void test_ack_waits_for_kernel(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_ROUTE_RESULT};

    (void)state;
    start(RPL_MOP_STORING);
    rig.kernel = RIG_WAIT;
    storing_dao(2, 2, 17, 5, 30);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 0);
    ev.u.route_result.token = rig.route[rig.route_count - 1].token;
    rig_input(&rig, &ev);
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO_ACK, 0);
    assert_non_null(s);
    assert_int_equal(s->send.len, 4 + 4); /* exactly the base object */
    assert_int_equal(s->msg.u.ack.sequence, 17);
    assert_int_equal(s->msg.u.ack.status, 0);
    assert_memory_equal(&s->send.src, &rig.link_local, 16);
    storing_dao(3, 3, 18, 5, 30);
    ev.u.route_result.token = rig.route[rig.route_count - 1].token;
    ev.u.route_result.error = 12;
    rig_input(&rig, &ev);
    s = rig_last(&rig, RPL_CODE_DAO_ACK, 0);
    assert_int_equal(s->msg.u.ack.sequence, 18);
    assert_int_equal(s->msg.u.ack.status, 0x80);
    struct rpl_view_node v;
    assert_true(node(3, &v));
    assert_int_equal(v.route, RPL_ROUTE_STATE_REFUSED);
    assert_int_equal(v.route_error, 12);
}

/* ACK-05: same octets again: answered again, not processed; a new number is processed. */
static void test_duplicate_dao(void **state)
{
    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 2, 240, 0, 30);
    storing_dao(2, 2, 240, 0, 30);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_DUPLICATE), 1);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 2);
    storing_dao(2, 3, 240, 0, 30); /* the number of a rebooted node, other octets */
    assert_int_equal(nodes(), 2);
}

static void test_lifetime(void **state)
{
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 2, 1, 10, 2); /* two minutes */
    rig_run(&rig, RPL_S(60));
    storing_dao(2, 2, 2, 11, 2); /* a newer Path Sequence restarts it */
    rig_run(&rig, RPL_S(90));
    assert_true(node(2, &v));
    rig_run(&rig, RPL_S(31));
    assert_false(node(2, &v));
    assert_true(rig_traced(&rig, RPL_TRACE_NODE_DOWN, RPL_CAUSE_EXPIRED));
    assert_false(rig.route_set[rig.route_count - 1]); /* the kernel's route went too */
}

/* SEQ-11: a repeat under the same moving sequence does not extend the lifetime. */
static void test_repeat_does_not_extend(void **state)
{
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 2, 1, 10, 2);
    storing_dao(2, 2, 2, 11, 2);
    rig_run(&rig, RPL_S(100));
    storing_dao(2, 2, 3, 11, 2);
    rig_run(&rig, RPL_S(30));
    assert_false(node(2, &v));
}

/* SEQ-14: a sequence that never moves is judged by arrival. */
static void test_stuck_storing(void **state)
{
    struct rpl_view_node v;
    struct rpl_addr ll2 = rig_ll(2), ll3 = rig_ll(3), ll5 = rig_ll(5);

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 5, 240, 0, 2);
    rig_run(&rig, RPL_S(100));
    storing_dao(2, 5, 241, 0, 2); /* a refresh after most of the lifetime keeps it */
    rig_run(&rig, RPL_S(100));
    assert_true(node(5, &v));
    assert_true(v.stuck);
    assert_memory_equal(&v.via, &ll2, 16);
    storing_dao(3, 5, 240, 0, 2); /* it moved below 3 */
    assert_true(node(5, &v));
    assert_memory_equal(&v.via, &ll3, 16);
    storing_dao(2, 5, 242, 0, 2); /* the old parent goes on announcing: no flapping */
    assert_true(node(5, &v));
    assert_memory_equal(&v.via, &ll3, 16);
    storing_dao(5, 5, 240, 0, 2); /* the target's own link-local beats all */
    storing_dao(3, 5, 241, 0, 2);
    assert_true(node(5, &v));
    assert_memory_equal(&v.via, &ll5, 16);
    assert_int_equal(v.hops, 1);
    storing_dao(5, 5, 243, 0, 0); /* No-Path of one child leaves the others */
    assert_true(node(5, &v));
    assert_memory_equal(&v.via, &ll3, 16);
}

static void test_path_sequence(void **state)
{
    struct rpl_view_node v;
    struct rpl_addr ll3 = rig_ll(3);

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 5, 1, 10, 30);
    storing_dao(3, 5, 1, 11, 30); /* newer: replaces */
    assert_true(node(5, &v));
    assert_false(v.stuck);
    assert_memory_equal(&v.via, &ll3, 16);
    storing_dao(2, 5, 2, 10, 30); /* older: ignored */
    assert_true(node(5, &v));
    assert_memory_equal(&v.via, &ll3, 16);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_OLD), 1);
    storing_dao(2, 5, 3, 11, 30); /* equal: a spare next hop */
    storing_dao(3, 5, 2, 11, 0);
    assert_true(node(5, &v));
    storing_dao(2, 5, 4, 11, 0);
    assert_false(node(5, &v));
    assert_true(rig_traced(&rig, RPL_TRACE_NODE_DOWN, RPL_CAUSE_NO_PATH));
}

static void test_source_routes(void **state)
{
    struct rpl_view_path path;
    struct rpl_view_node v;
    struct rpl_addr a4 = rig_global(4), a3 = rig_global(3), a2 = rig_global(2);

    (void)state;
    start(RPL_MOP_NON_STORING);
    source_dao(4, 3, 1, 0, 30); /* its parents are not known yet */
    assert_int_equal(nodes(), 0);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 1);
    source_dao(3, 2, 1, 0, 30);
    source_dao(2, 1, 1, 0, 30); /* now all three are reachable */
    assert_int_equal(nodes(), 3);
    assert_int_equal(rpl_view_route(rig.engine, &a4, &path), 0);
    assert_int_equal(path.hops, 3);
    assert_memory_equal(&path.hop[0], &a2, 16);
    assert_memory_equal(&path.hop[1], &a3, 16);
    assert_memory_equal(&path.hop[2], &a4, 16);
    assert_int_equal(path.ifindex, RIG_IF);
    assert_true(node(4, &v));
    assert_int_equal(v.hops, 3);
    assert_int_equal(v.route, RPL_ROUTE_STATE_INSTALLED);
    size_t routes = rig.route_count;
    source_dao(3, 1, 2, 0, 30); /* a switch high in the tree costs no route of the subtree */
    assert_int_equal(rig.route_count, routes);
    assert_int_equal(rpl_view_route(rig.engine, &a4, &path), 0);
    assert_int_equal(path.hops, 2);
    source_dao(3, 1, 3, 0, 0); /* No-Path: what hangs below is unreachable */
    assert_int_equal(rpl_view_route(rig.engine, &a4, &path), -RPL_ERR_NOENT);
    assert_int_equal(nodes(), 1);
}

static void test_source_loop(void **state)
{
    struct rpl_view_node v;
    struct rpl_addr a2 = rig_global(2);

    (void)state;
    start(RPL_MOP_NON_STORING);
    source_dao(2, 1, 1, 0, 30);
    source_dao(3, 2, 1, 0, 30);
    source_dao(4, 3, 1, 0, 30);
    source_dao(2, 4, 2, 0, 30); /* below its own grandchild: refused, the old parent stays */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_LOOP), 1);
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0); /* the others' */
    assert_true(node(2, &v));
    assert_int_equal(v.hops, 1);
    assert_int_equal(nodes(), 3);
    /* A circle among the unreachable is stored and leads nowhere. */
    source_dao(8, 9, 1, 0, 30);
    source_dao(9, 8, 1, 0, 30);
    assert_int_equal(nodes(), 3);
    source_dao(2, 2, 3, 0, 30); /* its own parent */
    assert_int_equal(nodes(), 3);
    (void)a2;
}

static void test_srh_error(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_FORWARD_ERROR,
                           .u.forward_error = {.kind = RPL_FORWARD_SRH,
                                               .reporter = rig_global(2),
                                               .target = rig_global(3)}};
    struct rpl_view_node v;
    uint8_t dtsn;

    (void)state;
    start(RPL_MOP_NON_STORING);
    source_dao(2, 1, 1, 0, 30);
    source_dao(3, 2, 1, 0, 30);
    source_dao(4, 2, 1, 0, 30);
    dtsn = instance().dtsn;
    rig_input(&rig, &ev);
    assert_true(node(3, &v));
    assert_false(v.reachable);
    assert_true(node(4, &v));
    assert_true(v.reachable); /* only the edge that failed goes */
    rig_run(&rig, RPL_S(6));
    assert_int_equal(instance().dtsn, dtsn + 1); /* whoever lives announces itself again */
    source_dao(3, 4, 2, 0, 30);
    assert_true(node(3, &v));
    assert_int_equal(v.hops, 3);
}

static void test_compat(void **state)
{
    struct rpl_addr child = rig_ll(2), target = rig_global(2);
    struct rpl_wire_message msg = rig_dao(1, &target, 0, 30, NULL);

    (void)state;
    start(RPL_MOP_NON_STORING); /* a storing-only mote on our link is our child */
    rig_receive(&rig, &child, &rig.link_local, &msg);
    assert_int_equal(nodes(), 1);
    rig_stop(&rig);
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.short_transit = false;
    assert_int_equal(rig_start(&rig), 0);
    rig_receive(&rig, &child, &rig.link_local, &msg);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_SOURCE_SCOPE), 1);
    child = rig_global(2);
    target = rig_global(1);
    rig_receive(&rig, &child, &target, &msg);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_TRANSIT_LENGTH), 1);
    assert_int_equal(nodes(), 0);
}

static void test_local_instance(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct rpl_addr child = rig_ll(2), target = rig_global(2);
        struct rpl_wire_message msg = rig_dao(1, &target, 0, 30, NULL);
        if (strict)
            rig_stop(&rig);
        rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.instance[0].id = 0x81;
        rig.config.instance[0].compat.local_instance_without_d = !strict;
        assert_int_equal(rig_start(&rig), 0);
        msg.u.dao.instance = 0x81;
        rig_receive(&rig, &child, &rig.link_local, &msg);
        assert_int_equal(nodes(), !strict);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_LOCAL_WITHOUT_D), strict);
        msg.u.dao.has_dodag_id = true;
        msg.u.dao.dodag_id = rig_global(1);
        msg.u.dao.sequence = 2;
        rig_receive(&rig, &child, &rig.link_local, &msg);
        assert_int_equal(nodes(), 1);
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->send.len, 4 + 20);
    }
}

static void test_table_full(void **state)
{
    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.limits.targets = 3;
    assert_int_equal(rig_start(&rig), 0);
    for (unsigned n = 2; n < 10; n++)
        storing_dao(n, n, 1, 0, 30);
    assert_int_equal(nodes(), 3);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_FULL), 5);
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0x80);
}

/* DIO-12, REP-08, and a rank-0xFFFF unicast that is only a link probe. */
static void test_versions(void **state)
{
    struct rpl_addr child = rig_ll(2), root = rig_global(1);
    struct rpl_wire_message dio;

    (void)state;
    start(RPL_MOP_NON_STORING);
    dio = rig_dio(RPL_MOP_NON_STORING, 512, &root);
    dio.u.dio.version = 245;
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(instance().version, 246); /* we may have been here before: one jump */
    for (int i = 0; i < 10; i++) {
        dio.u.dio.version = 250;
        rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    }
    assert_int_equal(instance().version, 246);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_VERSION_SPOOFED), 10);
    dio.u.dio.version = 246;
    dio.u.dio.rank = 256;
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DODAGID_SPOOFED), 1);
    rig_run(&rig, RPL_S(600));
    uint64_t interval = instance().trickle_interval;
    dio.u.dio.rank = 0xffff;
    rig_receive(&rig, &child, &rig.link_local, &dio);
    assert_int_equal(instance().trickle_interval, interval);
    dio.u.dio.rank = 512;
    dio.u.dio.version = 240;
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio); /* an older version: let it learn */
    assert_int_equal(instance().trickle_interval, RPL_MS(4096));
}

static void test_restored(void **state)
{
    struct rpl_addr child = rig_ll(2), root = rig_global(1);
    struct rpl_wire_message dio;

    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.stored[0] =
        (struct rpl_stored){.valid = true, .dodag_id = root, .version = 7, .dtsn = 9};
    assert_int_equal(rig_start(&rig), 0);
    assert_int_equal(instance().version, 7);
    assert_int_equal(instance().dtsn, 10);
    dio = rig_dio(RPL_MOP_NON_STORING, 512, &root);
    dio.u.dio.version = 8;
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    assert_int_equal(instance().version, 7); /* a restored root never moves */
    assert_true(rig_traced(&rig, RPL_TRACE_ALARM, RPL_CAUSE_VERSION_SPOOFED));
}

static void test_commands(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_COMMAND,
                           .u.command = {.command = RPL_COMMAND_GLOBAL_REPAIR}};
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 2, 1, 0, 30);
    assert_int_equal(rig_input(&rig, &ev), 0);
    assert_int_equal(instance().version, 241);
    assert_int_equal(rig.stored.version, 241);
    ev.u.command.command = RPL_COMMAND_DTSN;
    assert_int_equal(rig_input(&rig, &ev), 0);
    assert_int_equal(instance().dtsn, 241);
    ev.u.command.command = RPL_COMMAND_FORGET;
    ev.u.command.address = rig_global(2);
    assert_int_equal(rig_input(&rig, &ev), 0);
    assert_false(node(2, &v));
    assert_int_equal(rig_input(&rig, &ev), -RPL_ERR_NOENT);
    ev.u.command.command = RPL_COMMAND_LOCAL_REPAIR;
    assert_int_equal(rig_input(&rig, &ev), -RPL_ERR_PARAM);
    ev.u.command.instance = 9;
    assert_int_equal(rig_input(&rig, &ev), -RPL_ERR_NOENT);
}

/* Routes found at start: kept and shown as pending, confirmed by a DAO or gone after 5 minutes. */
static void test_found_routes(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_ROUTE_FOUND};
    struct rpl_view_node v;
    size_t mark;

    (void)state;
    start(RPL_MOP_STORING);
    for (unsigned n = 2; n <= 3; n++) {
        ev.u.route.route = (struct rpl_route){.kind = RPL_ROUTE_VIA,
                                              .dst = rig_global(n),
                                              .dst_len = 128,
                                              .ifindex = RIG_IF,
                                              .via = rig_ll(n)};
        rig_input(&rig, &ev);
    }
    mark = rig.route_count;
    assert_true(node(2, &v));
    assert_true(v.unconfirmed);
    assert_int_equal(v.route, RPL_ROUTE_STATE_PENDING);
    storing_dao(2, 2, 1, 5, 30);
    assert_true(node(2, &v));
    assert_int_equal(v.route, RPL_ROUTE_STATE_INSTALLED);
    assert_int_equal(rig.route_count, mark); /* it stood already: the kernel is not asked */
    rig_run(&rig, RPL_S(301));
    assert_false(node(3, &v));
    assert_int_equal(rig.route_count, mark + 1);
    assert_false(rig.route_set[mark]);
}

/* Allow and deny lists: neither as a sender nor as a target of somebody else. */
static void test_access(void **state)
{
    /* 02:00:00:ff:fe:00:00:02 with the universal bit turned, and so on. */
    static const uint64_t allow[] = {0x000000fffe000003, 0x000000fffe000002, 0x000000fffe000009};
    static const uint64_t deny[] = {0x000000fffe000009};

    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.access =
        (struct rpl_access){.allow = allow, .allow_count = 3, .deny = deny, .deny_count = 1};
    assert_int_equal(rig_start(&rig), 0);
    storing_dao(2, 2, 1, 0, 30);
    storing_dao(3, 3, 1, 0, 30);
    assert_int_equal(nodes(), 2);
    storing_dao(4, 4, 1, 0, 30); /* not allowed */
    storing_dao(9, 9, 1, 0, 30); /* allowed, but denied */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DENIED), 2);
    storing_dao(2, 4, 2, 0, 30); /* announced by one who is allowed */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_DENIED), 1);
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0x80);
    assert_int_equal(nodes(), 2);
}

static void test_link_flap(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_LINK,
                           .u.link = {.ifindex = RIG_IF, .state = RPL_LINK_DOWN}};
    struct rpl_view_node v;
    size_t mark;

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 2, 1, 5, 30);
    rig_input(&rig, &ev);
    assert_true(instance().waiting);
    mark = rig.route_count;
    rig_link_up(&rig);
    assert_true(rig.route_count > mark); /* the kernel deleted it: it comes back */
    assert_true(node(2, &v));
    assert_int_equal(v.route, RPL_ROUTE_STATE_INSTALLED);
    assert_false(instance().waiting);
    assert_int_equal(instance().version, 240);
}

static void test_foreign_delete(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_ROUTE_LOST};
    size_t mark;

    (void)state;
    start(RPL_MOP_STORING);
    storing_dao(2, 2, 1, 5, 30);
    mark = rig.route_count;
    ev.u.route.route = rig.route[mark - 1].route;
    rig_input(&rig, &ev);
    assert_int_equal(rig.route_count, mark + 1);
    assert_true(rig.route_set[mark]);
    memset(&ev.u.route, 0, sizeof(ev.u.route));
    ev.u.route.all = true; /* we lost count: everything is asked for again */
    rig_input(&rig, &ev);
    assert_int_equal(rig.route_count, mark + 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(test_##name, stop)
    const struct CMUnitTest tests[] = {
        T(start),
        T(waits_for_interface),
        T(bad_daos),
        T(bad_octets),
        T(scope),
        T(unicast_dis),
        T(multicast_dis),
        T(ack_waits_for_kernel),
        T(duplicate_dao),
        T(lifetime),
        T(repeat_does_not_extend),
        T(stuck_storing),
        T(path_sequence),
        T(source_routes),
        T(source_loop),
        T(srh_error),
        T(compat),
        T(local_instance),
        T(table_full),
        T(versions),
        T(restored),
        T(commands),
        T(found_routes),
        T(link_flap),
        T(foreign_delete),
        T(access),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
