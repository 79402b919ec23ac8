/* SPDX-License-Identifier: ISC */
/*
 * What the engine does at the edges: several DODAGs and versions at once of which the better one is
 * no use, more neighbours than one selection looks at, DAOs that contradict themselves, ways that
 * go and come while others are being told of, lifetimes that change, more addresses than fit.
 */
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
#define THIRD 0x30
#define CHILD 0x40
#define ALIVE_MAX 8

static struct rig rig;

/* Neighbours that answer probes with |dio|. */
static struct {
    unsigned n;
    struct rpl_wire_message dio;
} alive[ALIVE_MAX];
static size_t alive_count;

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    alive_count = 0;
    return rig.live == 0 ? 0 : -1;
}

static void start(enum rpl_role role, enum rpl_mop mop)
{
    rig_init(&rig, role, mop);
    assert_int_equal(rig_start(&rig), 0);
    rig_run(&rig, RPL_S(1));
}

static struct rpl_view_instance instance(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

static bool parent_is(unsigned n)
{
    struct rpl_addr addr = rig_ll(n);
    struct rpl_view_instance v = instance();

    return v.joined && v.has_parent && rpl_addr_equal(&v.parent, &addr);
}

/* |n| says |dio| to all now, and answers with it from now on. */
static void says(unsigned n, const struct rpl_wire_message *dio)
{
    struct rpl_addr from = rig_ll(n);
    size_t i = 0;

    while (i < alive_count && alive[i].n != n)
        i++;
    assert_true(i < ALIVE_MAX);
    alive[i].n = n;
    alive[i].dio = *dio;
    if (i == alive_count)
        alive_count++;
    rig_receive(&rig, &from, &rpl_addr_all_nodes, dio);
}

static void silent(unsigned n)
{
    for (size_t i = 0; i < alive_count; i++)
        if (alive[i].n == n)
            alive[i] = alive[--alive_count];
}

static void answer(const struct rpl_effect_send *dis)
{
    for (size_t i = 0; i < alive_count; i++) {
        struct rpl_addr from = rig_ll(alive[i].n);
        if (rpl_addr_equal(&dis->dst, &from))
            rig_receive(&rig, &from, &rig.link_local, &alive[i].dio);
    }
}

/* Everybody's DAO is accepted at once. */
static void acknowledge(const struct rig_sent *sent)
{
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};

    if (!sent->msg.u.dao.ack_wanted)
        return;
    ack.u.ack.sequence = sent->msg.u.dao.sequence;
    ack.u.ack.instance = sent->msg.u.dao.instance;
    rig_receive_on(&rig, sent->send.ifindex, &sent->send.dst, &sent->send.src, &ack);
}

static void pass(rpl_duration duration)
{
    rpl_tstamp end = rig.now + duration;

    while (rig.now < end) {
        rig.sent_count = 0;
        rig_run(&rig, RPL_MS(100));
        for (size_t i = 0, n = rig.sent_count; i < n; i++) {
            if (rig.sent[i].msg.code == RPL_CODE_DIS)
                answer(&rig.sent[i].send);
            else if (rig.sent[i].msg.code == RPL_CODE_DAO)
                acknowledge(&rig.sent[i]);
        }
    }
}

static struct rpl_wire_message dio_of(unsigned root, uint16_t rank)
{
    struct rpl_addr dodag = rig_global(root);

    return rig_dio(RPL_MOP_NON_STORING, rank, &dodag);
}

/* ---- the better DODAG Version is no use ------------------------------------------------- */

/* REP-07 prefers a DODAG of higher preference; where it has no way for us, ours is chosen in as if
 * it were not there. */
static void test_better_dodag_without_a_way(void **state)
{
    struct rpl_wire_message near = dio_of(ROOT, 256), next = dio_of(ROOT, 400);
    struct rpl_wire_message better = dio_of(OTHER, 60000); /* beyond MAX_PATH_COST */

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    better.u.dio.preference = 7;
    says(OTHER, &better);
    pass(RPL_S(5));
    says(ROOT, &near);
    pass(RPL_S(5));
    assert_true(parent_is(ROOT));
    says(THIRD, &next);
    pass(RPL_S(60));
    near.u.dio.rank = 300;
    says(ROOT, &near);
    assert_int_equal(instance().rank, 556); /* it follows its parent's Rank */
    silent(ROOT);
    pass(RPL_S(120));
    assert_true(parent_is(THIRD)); /* and has another one when that is gone */
}

/* A newer version that is out of reach is not yet ours: the node stays where it has a parent. */
static void test_newer_version_without_a_way(void **state)
{
    struct rpl_wire_message near = dio_of(ROOT, 256), far = dio_of(ROOT, 60000);

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    says(ROOT, &near);
    pass(RPL_S(5));
    assert_true(parent_is(ROOT));
    far.u.dio.version = 241;
    says(OTHER, &far);
    pass(RPL_S(10));
    assert_true(parent_is(ROOT));
    assert_int_equal(instance().version, 240);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DETACHED), 0);
    /* The parent moves on, and we with it. */
    near.u.dio.version = 241;
    says(ROOT, &near);
    pass(RPL_S(1));
    assert_true(parent_is(ROOT));
    assert_int_equal(instance().version, 241);
}

/* RFC 6550 section 5.1: a local instance is another one with another DODAGID. */
static void test_local_instance_stays(void **state)
{
    struct rpl_wire_message near, other;

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].id = 0x85;
    assert_int_equal(rig_start(&rig), 0);
    near = dio_of(ROOT, 256);
    other = dio_of(OTHER, 256);
    near.u.dio.instance = other.u.dio.instance = 0x85;
    other.u.dio.preference = 7;
    says(ROOT, &near);
    pass(RPL_S(5));
    assert_true(parent_is(ROOT));
    says(OTHER, &other);
    pass(RPL_S(60));
    assert_true(parent_is(ROOT));
}

/* ---- more neighbours than one selection looks at ------------------------------------------ */

/* Those that were proven once and are of no use now must not crowd out our parent. */
static void test_parent_among_many(void **state)
{
    struct rpl_wire_message near = dio_of(ROOT, 256), deep;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    says(0x1000, &near);
    pass(RPL_S(5));
    assert_true(parent_is(0x1000));
    for (unsigned n = 0x100; n < 0x140; n++) {
        deep = dio_of(ROOT, 300);
        says(n, &deep);
        pass(RPL_S(2));
        deep.u.dio.rank = 5000;
        says(n, &deep);
        silent(n);
    }
    pass(RPL_S(1));
    assert_true(parent_is(0x1000));
    near.u.dio.rank = 260;
    says(0x1000, &near);
    assert_true(parent_is(0x1000));
    assert_int_equal(instance().rank, 516);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DETACHED), 0);
}

/* ---- DAOs ----------------------------------------------------------------------------------- */

static int source_dao(unsigned target, unsigned parent, unsigned spare, uint8_t path_seq)
{
    static uint8_t sequence;
    struct rpl_addr to = rig_global(target), a = rig_global(parent), b = rig_global(spare);
    struct rpl_addr dst = rig_global(1);
    struct rpl_wire_message msg = rig_dao(++sequence, &to, path_seq, 30, &a);

    if (spare) {
        msg.u.dao.transit[1] = msg.u.dao.transit[0];
        msg.u.dao.transit[1].parent = b;
        msg.u.dao.transit[1].path_control = 0x20; /* PC2: behind the first one */
        msg.u.dao.transit_count = 2;
    }
    return rig_receive_on(&rig, 0, &to, &dst, &msg);
}

static bool reachable(unsigned n)
{
    struct rpl_addr addr = rig_global(n);
    struct rpl_view_node v;

    return rpl_view_node(rig.engine, &addr, rig.now, &v) && v.reachable;
}

/* A Transit of lifetime 0 takes one parent away; those beside it live as long as they say. */
static void test_lifetime_of_each_transit(void **state)
{
    struct rpl_addr to = rig_global(CHILD), old = rig_global(OTHER), self = rig_global(1);
    struct rpl_wire_message msg = rig_dao(1, &to, 241, 0, &old);
    struct rpl_view_node v;

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    msg.u.dao.transit[1] = msg.u.dao.transit[0];
    msg.u.dao.transit[1].parent = self;
    msg.u.dao.transit[1].path_lifetime = 30;
    msg.u.dao.transit_count = 2;
    rig_receive_on(&rig, 0, &to, &self, &msg);
    rig_run(&rig, RPL_S(60));
    assert_true(reachable(CHILD));
    assert_true(rpl_view_node(rig.engine, &to, rig.now, &v));
    assert_int_equal(v.parent_count, 1);
    assert_in_range(v.lifetime, RPL_S(1700), RPL_S(1800));
}

/* A node may have an older ancestor's other child as its spare parent: what is lost by one edge is
 * looked at again when that one finds another way. */
static void test_spare_parent_below(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_FORWARD_ERROR,
                           .u.forward_error = {.kind = RPL_FORWARD_SRH,
                                               .reporter = rig_global(2),
                                               .target = rig_global(4)}};

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    source_dao(2, 1, 0, 1);
    source_dao(3, 1, 0, 1);
    source_dao(4, 2, 5, 1);
    source_dao(5, 4, 3, 1);
    assert_true(reachable(4) && reachable(5));
    rig_input(&rig, &ev); /* 2 cannot reach 4 any more: 1 - 3 - 5 - 4 is left */
    assert_true(reachable(5));
    assert_true(reachable(4));
}

/* A DAO whose acknowledgement was lost with the way to the child: the kernel found it unreachable,
 * the way went. The repetition has to bring it back, not just be answered. */
static void repeated_after_loss(enum rpl_mop mop)
{
    struct rpl_addr child = rig_ll(CHILD), to = rig_global(CHILD), self = rig_global(1);
    struct rpl_event lost = {.type = RPL_EVENT_NEIGHBOUR,
                             .u.neighbour = {.ifindex = RIG_IF, .address = child, .failed = true}};
    bool storing = mop == RPL_MOP_STORING;
    struct rpl_wire_message msg = rig_dao(1, &to, 241, 30, storing ? NULL : &self);
    size_t acks;

    start(RPL_ROLE_ROOT, mop);
    rig_receive(&rig, &child, &rig.link_local, &msg);
    assert_true(reachable(CHILD));
    rig_input(&rig, &lost);
    assert_false(reachable(CHILD));
    acks = rig_count(&rig, RPL_CODE_DAO_ACK, 0);
    rig_run(&rig, RPL_S(3));
    rig_receive(&rig, &child, &rig.link_local, &msg);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), acks + 1);
    assert_true(reachable(CHILD));
    /* A third one says nothing new. */
    rig_receive(&rig, &child, &rig.link_local, &msg);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_DUPLICATE), 1);
}

static void test_repeated_after_loss(void **state)
{
    repeated_after_loss(RPL_MOP_STORING);
    stop(state);
    repeated_after_loss(RPL_MOP_NON_STORING);
}

/* Two nodes that changed places: the DAO of the one that is below now comes first, and would close
 * a circle with what its new parent said last. That one's follows at once, and the repetition of
 * the first is good: a refusal would have sent it away. */
static void test_daos_out_of_order(void **state)
{
    struct rpl_addr self = rig_global(1), four = rig_global(4), five = rig_global(5);
    struct rpl_wire_message msg = rig_dao(9, &four, 2, 30, &five);
    size_t acks;

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    source_dao(3, 1, 0, 1);
    source_dao(4, 1, 0, 1);
    source_dao(5, 4, 0, 1);
    acks = rig_count(&rig, RPL_CODE_DAO_ACK, 0);
    rig_receive_on(&rig, 0, &four, &self, &msg);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_LOOP), 1);
    assert_true(reachable(4)); /* as before */
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), acks);
    source_dao(5, 3, 0, 2);
    rig_run(&rig, RPL_S(3));
    rig_receive_on(&rig, 0, &four, &self, &msg);
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, acks)->msg.u.ack.status, 0);
    assert_true(reachable(4) && reachable(5));
}

/* CHILD announces it; how often a target was refused for its prefix so far. */
static uint64_t announced(uint8_t len, const struct rpl_addr *target)
{
    struct rpl_addr child = rig_ll(CHILD);
    struct rpl_wire_message msg = rig_dao(len, target, 241, 30, NULL);

    msg.u.dao.target[0].len = len;
    rig_receive(&rig, &child, &rig.link_local, &msg);
    return rig_counter(&rig, RPL_COUNT_REFUSED_PREFIX);
}

/* Nobody below us is the root of our DODAG, or all of it. */
static void test_not_below_us(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    struct rpl_addr root = rig_global(ROOT), all = rig_global(0);
    struct rpl_view_node v;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    dio.u.dio.mop = RPL_MOP_STORING;
    says(ROOT, &dio);
    pass(RPL_S(5));
    rpl_addr_mask(&all, 64);
    announced(128, &root);
    assert_false(rpl_view_target_of(rig.engine, &root, rig.now, &v));
    assert_int_equal(announced(64, &all), 1);
    assert_false(rpl_view_target_of(rig.engine, &root, rig.now, &v));
    assert_int_equal(announced(65, &all), 1); /* a half of it may be somebody's */
    assert_true(rpl_view_target_of(rig.engine, &all, rig.now, &v));
}

/* DPV-08: a packet to somebody inside of a prefix came back; the route of the prefix is the one
 * that it went by. */
static void test_returned_from_a_prefix(void **state)
{
    struct rpl_addr child = rig_ll(CHILD), inside = rig_global(0x99), prefix = rig_global(0);
    struct rpl_event ev = {.type = RPL_EVENT_FORWARD_ERROR,
                           .u.forward_error = {.kind = RPL_FORWARD_F, .reporter = child}};
    struct rpl_wire_message msg;
    struct rpl_view_node v;

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_STORING);
    prefix.b[8] = 0x40; /* 67 bits: not a whole number of octets */
    inside.b[8] = 0x42;
    msg = rig_dao(1, &prefix, 241, 30, NULL);
    msg.u.dao.target[0].len = 67;
    rig_receive(&rig, &child, &rig.link_local, &msg);
    assert_true(rpl_view_target_of(rig.engine, &inside, rig.now, &v));
    ev.u.forward_error.target = inside;
    rig_input(&rig, &ev);
    assert_false(rpl_view_target_of(rig.engine, &inside, rig.now, &v));
}

/* ---- floods ------------------------------------------------------------------------------------
 */

/* DIS-05: a stranger under a new name each time takes no answers from those that we know. */
static void test_probes_under_a_flood(void **state)
{
    struct rpl_wire_message dis = {.code = RPL_CODE_DIS}, dio;
    struct rpl_addr child = rig_ll(CHILD);
    unsigned answers = 0, strangers = 0;

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    dio = dio_of(1, 512);
    rig_receive(&rig, &child, &rpl_addr_all_nodes, &dio);
    for (unsigned i = 0; i < 12000; i++) {
        struct rpl_addr src = i % 400 == 399 ? child : rig_ll(0x1000 + i);
        rig.sent_count = 0;
        rig_receive(&rig, &src, &rig.link_local, &dis);
        if (i % 400 == 399)
            answers += rig_count(&rig, RPL_CODE_DIO, 0) != 0;
        else
            strangers += rig_count(&rig, RPL_CODE_DIO, 0) != 0;
        rig_run(&rig, RPL_MS(5));
    }
    assert_int_equal(answers, 30);
    assert_in_range(strangers, 1000, 4000); /* 100, and 50 a second for a minute */
}

/* ---- what we announce -------------------------------------------------------------------------
 */

/* The refresh follows the lifetime that is announced, also in another DODAG. */
static void test_refresh_of_another_dodag(void **state)
{
    struct rpl_wire_message slow = dio_of(ROOT, 256), quick = dio_of(OTHER, 256);
    rpl_tstamp joined;
    uint64_t daos;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    says(ROOT, &slow);
    pass(RPL_S(30));
    assert_true(parent_is(ROOT));
    quick.u.dio.preference = 7;
    quick.u.dio.config.default_lifetime = 3;
    rpl_wire_config_pack(&quick.u.dio.config);
    says(OTHER, &quick);
    pass(RPL_S(10));
    assert_true(parent_is(OTHER));
    joined = rig.now;
    daos = rig_counter(&rig, RPL_COUNT_DAO_OUT);
    assert_true(daos >= 2);
    pass(RPL_S(180) - (rig.now - joined)); /* its lifetime is 180 s */
    assert_true(rig_counter(&rig, RPL_COUNT_DAO_OUT) > daos);
}

/* The same where the root has changed its mind. */
static void test_refresh_of_another_unit(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    uint64_t daos;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    says(ROOT, &dio);
    pass(RPL_S(30));
    daos = rig_counter(&rig, RPL_COUNT_DAO_OUT);
    dio.u.dio.config.lifetime_unit_s = 4; /* 120 s */
    rpl_wire_config_pack(&dio.u.dio.config);
    says(ROOT, &dio);
    pass(RPL_S(5));
    assert_true(rig_counter(&rig, RPL_COUNT_DAO_OUT) > daos); /* the root has the old one */
    daos = rig_counter(&rig, RPL_COUNT_DAO_OUT);
    pass(RPL_S(100));
    assert_true(rig_counter(&rig, RPL_COUNT_DAO_OUT) > daos);
}

/* DNS-03: the parent cannot be named until it has told its address; then the DAO leaves. */
static void test_parent_named_late(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    struct rpl_addr root = rig_global(ROOT);

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.parent_by_prefix = false;
    assert_int_equal(rig_start(&rig), 0);
    says(ROOT, &dio);
    pass(RPL_S(30));
    assert_true(parent_is(ROOT));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_OUT), 0);
    dio.u.dio.pio[0].router_address = true;
    dio.u.dio.pio[0].prefix = root;
    says(ROOT, &dio);
    pass(RPL_S(5));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_OUT), 1);
}

/* Sixteen links and four prefixes are 64 addresses of our own, more than one DAO has room for. */
static void many_addresses(enum rpl_mop mop)
{
    struct rpl_wire_message dio;
    struct rpl_addr seen[80];
    size_t count = 0;

    rig_init(&rig, RPL_ROLE_ROUTER, mop);
    rig.config.instance[0].attached.count = 2;
    for (unsigned i = 0; i < 2; i++)
        rig.config.instance[0].attached.prefix[i] =
            (struct rpl_prefix){.addr = {{0x20, 1, 0x0d, 0xb8, (uint8_t)i}}, .len = 64};
    assert_int_equal(rig_start(&rig), 0);
    for (unsigned i = 1; i < 16; i++) {
        struct rpl_event ev = {.type = RPL_EVENT_LINK,
                               .u.link = {.ifindex = RIG_IF + i,
                                          .state = RPL_LINK_UP,
                                          .address = rig_ll(0x500 + i),
                                          .instances = UINT32_MAX}};
        rig_input(&rig, &ev);
    }
    dio = dio_of(ROOT, 256);
    dio.u.dio.mop = (uint8_t)mop;
    for (uint8_t i = 1; i < RPL_WIRE_PIOS_MAX; i++) {
        dio.u.dio.pio[i] = dio.u.dio.pio[0];
        dio.u.dio.pio[i].prefix.b[7] = i;
    }
    dio.u.dio.pio_count = RPL_WIRE_PIOS_MAX;
    says(ROOT, &dio);
    for (int k = 0; k < 100; k++) {
        pass(RPL_MS(100));
        for (size_t i = 0; i < rig.sent_count; i++) {
            const struct rpl_wire_dao *dao = &rig.sent[i].msg.u.dao;
            if (rig.sent[i].msg.code != RPL_CODE_DAO)
                continue;
            for (uint8_t t = 0; t < dao->target_count; t++) {
                size_t at = 0;
                while (at < count && !rpl_addr_equal(&seen[at], &dao->target[t].prefix))
                    at++;
                assert_true(at < 80);
                seen[at] = dao->target[t].prefix;
                count += at == count;
            }
        }
    }
    assert_int_equal(count, 64 + 2);
}

static void test_many_addresses(void **state)
{
    many_addresses(RPL_MOP_STORING);
    stop(state);
    many_addresses(RPL_MOP_NON_STORING);
}

/* With a lifetime without end there is no refresh that would bring a later address. */
static void test_address_without_refresh(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    struct rpl_addr later = rig_global(0x501);
    struct rpl_event ev = {.type = RPL_EVENT_LINK,
                           .u.link = {.ifindex = RIG_IF + 1,
                                      .state = RPL_LINK_UP,
                                      .address = rig_ll(0x501),
                                      .instances = UINT32_MAX}};
    bool told = false;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    dio.u.dio.mop = RPL_MOP_STORING;
    dio.u.dio.config.default_lifetime = 255;
    rpl_wire_config_pack(&dio.u.dio.config);
    says(ROOT, &dio);
    pass(RPL_S(5));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_OUT), 1);
    rig_input(&rig, &ev);
    for (int k = 0; k < 50; k++) {
        pass(RPL_MS(100));
        for (size_t i = 0; i < rig.sent_count; i++)
            for (uint8_t t = 0;
                 rig.sent[i].msg.code == RPL_CODE_DAO && t < rig.sent[i].msg.u.dao.target_count;
                 t++)
                told = told || rpl_addr_equal(&rig.sent[i].msg.u.dao.target[t].prefix, &later);
    }
    assert_true(told);
}

/* A DAO that got no answer is not repeated once a newer one speaks of the same: its sequence is the
 * older one, and whoever hears it twice takes us for restarted (SEQ-05). */
static void superseded(enum rpl_mop mop)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    struct rpl_addr from = rig_ll(ROOT);
    uint8_t newest = 0;
    size_t seen = 0;

    start(RPL_ROLE_ROUTER, mop);
    dio.u.dio.mop = (uint8_t)mop;
    rig_join(&rig, &from, &dio);
    rig_run(&rig, RPL_S(2));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    dio.u.dio.dtsn = 241;
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
    rig_run(&rig, RPL_S(25));
    for (size_t i = 0; i < rig.sent_count; i++) {
        const struct rpl_wire_dao *dao = &rig.sent[i].msg.u.dao;
        if (rig.sent[i].msg.code != RPL_CODE_DAO)
            continue;
        if (seen++)
            assert_int_not_equal(rpl_lollipop_compare(dao->transit[0].path_sequence, newest),
                                 RPL_OLDER);
        newest = dao->transit[0].path_sequence;
    }
    assert_in_range(seen, 4, 8);
}

static void test_superseded(void **state)
{
    superseded(RPL_MOP_STORING);
    stop(state);
    superseded(RPL_MOP_NON_STORING);
}

/* R09-05: of a target with several next hops each is told. */
static void test_cleanup_of_all_hops(void **state)
{
    struct rpl_addr target = rig_global(0x99), parent = rig_ll(ROOT);
    struct rpl_wire_message dio = dio_of(ROOT, 256), msg;
    unsigned told = 0;

    (void)state;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    dio.u.dio.mop = RPL_MOP_STORING;
    says(ROOT, &dio);
    pass(RPL_S(5));
    for (unsigned i = 0; i < 4; i++) { /* 241, then 242 from both: the sequence moves */
        struct rpl_addr child = rig_ll(CHILD + i % 2);
        msg = rig_dao((uint8_t)i, &target, (uint8_t)(241 + i / 2), 30, NULL);
        rig_receive(&rig, &child, &rig.link_local, &msg);
    }
    pass(RPL_S(3));
    msg = rig_dao(9, &target, 243, 0, NULL);
    msg.code = RPL_CODE_DCO;
    msg.u.dao.status = 195;
    rig.sent_count = 0;
    rig_receive(&rig, &parent, &rig.link_local, &msg);
    rig_run(&rig, RPL_MS(100));
    for (size_t i = 0; i < rig.sent_count; i++)
        for (unsigned n = 0; rig.sent[i].msg.code == RPL_CODE_DCO && n < 2; n++) {
            struct rpl_addr child = rig_ll(CHILD + n);
            told |= rpl_addr_equal(&rig.sent[i].send.dst, &child) ? 1u << n : 0;
        }
    assert_int_equal(told, 3);
}

/* Below a parent that takes in one target of a DAO (Contiki-NG), each has a DAO of its own. */
static void one_by_one(enum rpl_mop mop)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256), dao;
    bool storing = mop == RPL_MOP_STORING;
    size_t daos = 0;

    rig_init(&rig, RPL_ROLE_ROUTER, mop);
    rig.config.instance[0].dao_targets = 1;
    rig.config.instance[0].attached.count = 2;
    for (unsigned i = 0; i < 2; i++)
        rig.config.instance[0].attached.prefix[i] =
            (struct rpl_prefix){.addr = {{0x20, 1, 0x0d, 0xb8, (uint8_t)i}}, .len = 64};
    assert_int_equal(rig_start(&rig), 0);
    dio.u.dio.mop = (uint8_t)mop;
    says(ROOT, &dio);
    pass(RPL_S(5));
    for (unsigned n = 0; storing && n < 12; n++) {
        struct rpl_addr from = rig_ll(CHILD + n), to = rig_global(CHILD + n);
        dao = rig_dao(1, &to, 241, 30, NULL);
        rig_receive(&rig, &from, &rig.link_local, &dao);
    }
    pass(RPL_S(10));
    dio.u.dio.dtsn = 241; /* all once more */
    says(ROOT, &dio);
    for (int k = 0; k < 100; k++) {
        pass(RPL_MS(100));
        for (size_t i = 0; i < rig.sent_count; i++) {
            if (rig.sent[i].msg.code != RPL_CODE_DAO)
                continue;
            assert_int_equal(rig.sent[i].msg.u.dao.target_count, 1);
            daos++;
        }
    }
    assert_int_equal(daos, 1 + 2 + (storing ? 12 : 0));
}

static void test_one_target_at_a_time(void **state)
{
    one_by_one(RPL_MOP_STORING);
    stop(state);
    one_by_one(RPL_MOP_NON_STORING);
}

#define TEST(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_better_dodag_without_a_way),
        TEST(test_newer_version_without_a_way),
        TEST(test_local_instance_stays),
        TEST(test_parent_among_many),
        TEST(test_lifetime_of_each_transit),
        TEST(test_spare_parent_below),
        TEST(test_repeated_after_loss),
        TEST(test_daos_out_of_order),
        TEST(test_not_below_us),
        TEST(test_returned_from_a_prefix),
        TEST(test_probes_under_a_flood),
        TEST(test_refresh_of_another_dodag),
        TEST(test_refresh_of_another_unit),
        TEST(test_parent_named_late),
        TEST(test_many_addresses),
        TEST(test_one_target_at_a_time),
        TEST(test_address_without_refresh),
        TEST(test_superseded),
        TEST(test_cleanup_of_all_hops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
