/* SPDX-License-Identifier: ISC */
/* How often a router asks which of its neighbours (RFC 6550 section 8.3; PAR-11, THR-01, THR-02).
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
#define PARENT 0x20
#define OTHER 0x30 /* as near to the root as our parent, but it costs more */
#define MANY 12    /* further neighbours from here on: OTHER + 1 .. */
#define PROBES_MAX 4000

static struct rig rig;

/* Neighbours and their DIOs; who is not |deaf| answers probes at once. */
static struct {
    bool there, deaf;
    struct rpl_wire_message dio;
} node[OTHER + MANY + 1];

static struct probe {
    unsigned node;
    rpl_tstamp at;
} probe[PROBES_MAX];
static size_t probes;

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    memset(node, 0, sizeof(node));
    probes = 0;
    return rig.live == 0 ? 0 : -1;
}

static void acknowledge(const struct rig_sent *s)
{
    struct rpl_addr root = rig_global(ROOT);
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};

    ack.u.ack.instance = s->msg.u.dao.instance;
    ack.u.ack.sequence = s->msg.u.dao.sequence;
    rig_receive_on(&rig, 0, &root, &s->send.src, &ack);
}

/* Note and answer the probes sent since; what they lead to is answered as well. */
static void look(void)
{
    for (size_t i = 0; i < rig.sent_count; i++) {
        const struct rpl_effect_send *send = &rig.sent[i].send;
        struct rpl_addr from;
        if (rig.sent[i].msg.code == RPL_CODE_DAO)
            acknowledge(&rig.sent[i]);
        if (rig.sent[i].msg.code != RPL_CODE_DIS || rpl_addr_is_multicast(&send->dst))
            continue;
        unsigned n = send->dst.b[15];
        assert_true(probes < PROBES_MAX && n <= OTHER + MANY);
        probe[probes++] = (struct probe){n, rig.sent[i].at};
        from = rig_ll(n);
        if (node[n].there && !node[n].deaf)
            rig_receive(&rig, &from, &rig.link_local, &node[n].dio);
    }
    rig.sent_count = 0;
}

static void run(rpl_duration duration)
{
    rpl_tstamp end = rig.now + duration;

    do {
        rpl_tstamp next = rpl_engine_deadline(rig.engine);
        next = next > end ? end : next > rig.now ? next : rig.now;
        rig_run(&rig, next - rig.now);
        look();
    } while (rig.now < end);
}

static void shout(unsigned n)
{
    struct rpl_addr from = rig_ll(n);

    rig_receive(&rig, &from, &rpl_addr_all_nodes, &node[n].dio);
}

static void appear(unsigned n, uint16_t rank)
{
    struct rpl_addr root = rig_global(ROOT);

    node[n].there = true;
    node[n].dio = rig_dio(RPL_MOP_NON_STORING, rank, &root);
    shout(n);
    run(RPL_S(1));
}

static void input(unsigned n, bool failed, bool reachable, uint16_t etx)
{
    struct rpl_event event = {.type = RPL_EVENT_NEIGHBOUR,
                              .u.neighbour = {.ifindex = RIG_IF,
                                              .address = rig_ll(n),
                                              .failed = failed,
                                              .reachable = reachable,
                                              .etx = etx}};

    rig_input(&rig, &event);
    look();
}

static bool parent_is(unsigned n)
{
    struct rpl_addr addr = rig_ll(n);
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v.has_parent && rpl_addr_equal(&v.parent, &addr);
}

/* Questions to |n| since |mark|. */
static size_t asked(unsigned n, size_t mark)
{
    size_t count = 0;

    for (size_t i = mark; i < probes; i++)
        count += probe[i].node == n;
    return count;
}

/* The longest time between two of them. */
static rpl_duration pause_most(unsigned n, size_t mark)
{
    rpl_duration most = 0;
    rpl_tstamp last = 0;

    for (size_t i = mark; i < probes; i++) {
        if (probe[i].node != n)
            continue;
        if (last != 0 && probe[i].at - last > most)
            most = probe[i].at - last;
        last = probe[i].at;
    }
    return most;
}

/* A router with a parent, and somebody who could be one. */
static void start(void)
{
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    assert_int_equal(rig_start(&rig), 0);
    appear(PARENT, 512);
    appear(OTHER, 640);
    assert_true(parent_is(PARENT));
}

static void settled(void)
{
    start();
    run(RPL_S(3600));
    assert_true(parent_is(PARENT));
}

/* Fresh: every 30 to 60 s, three times. Then less and less often. */
static void test_settling(void **state)
{
    size_t mark;

    (void)state;
    start();
    run(RPL_S(125));
    assert_in_range(asked(PARENT, 0), 3, 5);
    assert_in_range(asked(OTHER, 0), 3, 5);
    assert_true(pause_most(OTHER, 0) <= RPL_S(60));
    run(RPL_S(3600));
    mark = probes;
    run(RPL_S(4 * 3600));
    assert_in_range(asked(PARENT, mark), 4 * 60 - 1, 4 * 120 + 1);
    assert_in_range(asked(OTHER, mark), 4 * 6 - 1, 4 * 12 + 1);
}

/* One answer that took two tries: back to the beginning, for this one alone. */
static void test_a_miss(void **state)
{
    size_t mark;

    (void)state;
    settled();
    node[OTHER].deaf = true;
    for (mark = probes; asked(OTHER, mark) == 0;)
        run(RPL_S(1));
    node[OTHER].deaf = false;
    run(RPL_S(4)); /* the second try is answered */
    assert_int_equal(asked(OTHER, mark), 2);
    mark = probes;
    run(RPL_S(121));
    assert_in_range(asked(OTHER, mark), 2, 4);
    run(RPL_S(3600));
    mark = probes;
    run(RPL_S(3600));
    assert_in_range(asked(OTHER, mark), 5, 13);
}

/* Silent for good: lost after three questions within seconds, then no more of them; and back by an
 * answer, not by a shout. */
static void test_lost(void **state)
{
    size_t mark;

    (void)state;
    settled();
    node[OTHER].deaf = true;
    mark = probes;
    run(RPL_S(620));
    assert_true(rig_traced(&rig, RPL_TRACE_NEIGHBOUR, RPL_CAUSE_LOST));
    assert_int_equal(asked(OTHER, mark), 3);
    assert_true(pause_most(OTHER, mark) < RPL_S(2));
    assert_true(parent_is(PARENT));
}

/* A step of its DAGRank makes it interesting; less than that does not. */
static void test_rank_change(void **state)
{
    size_t mark;

    (void)state;
    settled();
    run(RPL_S(1800));
    mark = probes;
    node[OTHER].dio.u.dio.rank = 650;
    shout(OTHER);
    run(RPL_S(121));
    assert_true(asked(OTHER, mark) <= 1);
    run(RPL_S(1800));
    mark = probes;
    node[OTHER].dio.u.dio.rank = 260;
    shout(OTHER);
    run(RPL_S(121));
    assert_in_range(asked(OTHER, mark), 2, 5);
    /* One who changes it with each DIO costs what one asked for ever would. */
    mark = probes;
    for (unsigned i = 0; i < 3600; i++) {
        node[OTHER].dio.u.dio.rank = i % 2 ? 700 : 800;
        shout(OTHER);
        run(RPL_S(1));
    }
    assert_true(asked(OTHER, mark) <= 121);
}

/* The parent's link got worse, or its probe was missed, or the kernel gave it up: the next best is
 * asked at once, unless it has just answered. */
static void test_parent_in_trouble(void **state)
{
    size_t mark;

    (void)state;
    settled();
    run(RPL_S(400));
    for (mark = probes; asked(OTHER, mark) == 0;)
        run(RPL_S(1));
    run(RPL_S(35));
    mark = probes;
    input(PARENT, false, false, 256); /* 128 to 160 */
    assert_int_equal(asked(OTHER, mark), 1);
    input(PARENT, false, false, 256);
    assert_int_equal(asked(OTHER, mark), 1);
    run(RPL_S(70)); /* it is watched from now on */
    assert_in_range(asked(OTHER, mark), 2, 3);

    run(RPL_S(3600));
    for (mark = probes; asked(OTHER, mark) == 0;)
        run(RPL_S(1));
    run(RPL_S(35));
    mark = probes;
    node[PARENT].deaf = true;
    input(PARENT, true, false, 0);
    assert_int_equal(asked(PARENT, mark), 1);
    assert_int_equal(asked(OTHER, mark), 1);
    run(RPL_S(6));
    assert_true(parent_is(OTHER));
}

/* A new parent whose last answer is old is looked at before much is built on it. */
static void test_new_parent(void **state)
{
    size_t mark;

    (void)state;
    settled();
    run(RPL_S(400));
    for (mark = probes; asked(OTHER, mark) == 0;)
        run(RPL_S(1));
    run(RPL_S(60));
    mark = probes;
    node[PARENT].dio.u.dio.rank = 0xffff;
    shout(PARENT);
    assert_true(parent_is(OTHER));
    run(RPL_S(1));
    assert_int_equal(asked(OTHER, mark), 1);
}

/* One that was of no use for an hour, and so was not asked, is all that is left when our parent
 * goes, and is gone itself: what was known of it does not keep us there. */
static void test_old_knowledge(void **state)
{
    size_t mark;

    (void)state;
    settled();
    node[OTHER].dio.u.dio.rank = 768;
    shout(OTHER);
    mark = probes;
    run(RPL_S(3600));
    assert_int_equal(asked(OTHER, mark), 0);
    node[OTHER].deaf = true;
    node[PARENT].dio.u.dio.rank = 768; /* we move down, beyond it */
    shout(PARENT);
    node[PARENT].dio.u.dio.rank = 0xffff;
    shout(PARENT);
    assert_true(parent_is(OTHER));
    run(RPL_S(10));
    assert_int_equal(asked(OTHER, mark), 3);
    assert_false(parent_is(OTHER));
}

/* The kernel finds our parent to answer as it carries packets: a probe that would tell what they
 * cost is due every five to ten minutes all the same. */
static void test_traffic(void **state)
{
    size_t mark;

    (void)state;
    settled();
    mark = probes;
    for (unsigned i = 0; i < 120; i++) {
        input(PARENT, false, true, 0);
        run(RPL_S(30));
    }
    assert_in_range(asked(PARENT, mark), 5, 13);
    assert_true(pause_most(PARENT, mark) <= RPL_S(601));
}

/* It shouts every five seconds for a day and never answers: asked less and less, and never a
 * parent, however good its Rank is. */
static void test_shouter(void **state)
{
    size_t mark;

    (void)state;
    settled();
    node[OTHER + 1].deaf = true;
    appear(OTHER + 1, 256);
    mark = probes;
    for (unsigned i = 0; i < 86400 / 5; i++) {
        shout(OTHER + 1);
        run(RPL_S(5));
        assert_false(parent_is(OTHER + 1));
    }
    /* Three questions each time; after 1, 2, 4 .. 32 minutes at most, half of it at least. */
    assert_in_range(asked(OTHER + 1, mark), 3 * 40, 3 * 95);
    node[OTHER + 1].deaf = false;
    for (unsigned i = 0; i < 33 * 12; i++) {
        shout(OTHER + 1);
        run(RPL_S(5));
    }
    assert_true(parent_is(OTHER + 1));
}

/* Without a DODAG nobody waits for minutes: the one who answers at last is our parent soon. */
static void test_shouter_alone(void **state)
{
    size_t mark;
    unsigned i;

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    assert_int_equal(rig_start(&rig), 0);
    node[PARENT].deaf = true;
    appear(PARENT, 256);
    mark = probes;
    for (i = 0; i < 720; i++) {
        shout(PARENT);
        run(RPL_S(5));
    }
    assert_false(parent_is(PARENT));
    assert_in_range(asked(PARENT, mark), 3 * 30, 3 * 130);
    node[PARENT].deaf = false;
    for (i = 0; i < 15 && !parent_is(PARENT); i++) {
        shout(PARENT);
        run(RPL_S(5));
    }
    assert_true(parent_is(PARENT));
}

/* THR-01: six at most are asked, and those who wait outside do not take turns with them. */
static void test_crowd(void **state)
{
    size_t mark;
    unsigned others = 0;

    (void)state;
    settled();
    for (unsigned n = OTHER + 1; n < OTHER + MANY; n++)
        appear(n, (uint16_t)(640 + n));
    run(RPL_S(600));
    mark = probes;
    for (unsigned i = 0; i < 3600; i++) {
        unsigned n = OTHER + 1 + i % (MANY - 1);
        node[n].dio.u.dio.rank = (uint16_t)(600 + i * 7 % 160); /* all of them DAGRank 2 */
        shout(n);
        run(RPL_S(1));
    }
    for (unsigned n = OTHER; n < OTHER + MANY; n++)
        others += asked(n, mark) > 0;
    assert_int_equal(others, 5);
    assert_true(probes - mark < 121 + 5 * 13);
    /* One who is closer takes a place, and nobody is asked in a hurry by that. */
    node[OTHER + MANY].there = true;
    mark = probes;
    appear(OTHER + MANY, 256);
    run(RPL_S(5));
    assert_true(parent_is(OTHER + MANY));
    assert_true(probes - mark <= 4);
}

static void test_settings(void **state)
{
    struct rpl_instance_config *instance = &rig.config.instance[0];
    size_t mark;

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    instance->probe_parent_s = RPL_PROBE_S_MIN - 1;
    assert_string_equal(rpl_config_check(&rig.config), "probe_parent");
    instance->probe_parent_s = 20;
    instance->probe_candidate_s = RPL_PROBE_S_MAX + 1;
    assert_string_equal(rpl_config_check(&rig.config), "probe_candidate");
    instance->probe_candidate_s = 3600;
    assert_null(rpl_config_check(&rig.config));
    assert_int_equal(rig_start(&rig), 0);
    appear(PARENT, 512);
    appear(OTHER, 640);
    run(RPL_S(4 * 3600));
    mark = probes;
    run(RPL_S(3 * 3600));
    assert_in_range(asked(PARENT, mark), 3 * 180 - 1, 3 * 360 + 1);
    assert_in_range(asked(OTHER, mark), 2, 7);
}

/* A root has no parent to look for, and leaves all of them alone. */
static void test_root(void **state)
{
    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    assert_int_equal(rig_start(&rig), 0);
    run(RPL_S(1));
    appear(PARENT, 512);
    run(RPL_S(3600));
    assert_int_equal(probes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_settling, stop),
        cmocka_unit_test_teardown(test_a_miss, stop),
        cmocka_unit_test_teardown(test_lost, stop),
        cmocka_unit_test_teardown(test_rank_change, stop),
        cmocka_unit_test_teardown(test_parent_in_trouble, stop),
        cmocka_unit_test_teardown(test_new_parent, stop),
        cmocka_unit_test_teardown(test_old_knowledge, stop),
        cmocka_unit_test_teardown(test_traffic, stop),
        cmocka_unit_test_teardown(test_shouter, stop),
        cmocka_unit_test_teardown(test_shouter_alone, stop),
        cmocka_unit_test_teardown(test_crowd, stop),
        cmocka_unit_test_teardown(test_settings, stop),
        cmocka_unit_test_teardown(test_root, stop),
    };

    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
