/* SPDX-License-Identifier: ISC */
/* Section 19: multicast, MOP 3. */
#include "tests/conformance/row.h"

static const struct rpl_addr group = {{0xff, 0x05, [15] = 0xfb}};

static int announce(unsigned from, uint8_t sequence, uint8_t path_seq, uint8_t lifetime)
{
    struct rpl_addr src = rig_ll(from);
    struct rpl_wire_message dao = rig_dao(sequence, &group, path_seq, lifetime, NULL);

    return rig_receive(&rig, &src, &rig.link_local, &dao);
}

/* Copies of a packet that came from |from| (0: it is our own), in the order of the numbers. */
static struct rpl_view_copies copies(unsigned from)
{
    struct rpl_view_copies c;
    struct rpl_addr addr = rig_ll(from);

    assert_int_equal(
        rpl_view_multicast(rig.engine, 0, &group, from ? &addr : NULL, from ? RIG_IF : 0, &c), 0);
    return c;
}

static bool copied_to(const struct rpl_view_copies *c, unsigned n)
{
    struct rpl_addr addr = rig_ll(n);
    size_t times = 0;

    for (size_t i = 0; i < c->count; i++)
        times += c->copy[i].ifindex == RIG_IF && rpl_addr_equal(&c->copy[i].via, &addr);
    assert_true(times <= 1);
    return times == 1;
}

static void router(void)
{
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING_MULTICAST);
    row_run(RPL_S(3));
    rig.sent_count = 0;
}

static void test_MC3_01(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V26", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_memory_equal(&msg.u.dao.target[0].prefix, &group, 16);
    router();
    announce(CHILD, 1, 5, 2);
    announce(THIRD, 1, 5, 30);
    row_run(RPL_S(3));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0); /* as with any target: upwards */
    assert_memory_equal(&s->msg.u.dao.target[0].prefix, &group, 16);
    assert_true(s->msg.u.dao.transit[0].path_lifetime > 0);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    assert_int_equal(copies(0).count, 2);
    row_run(RPL_S(121)); /* its lifetime ends */
    assert_int_equal(copies(0).count, 1);
    rig.sent_count = 0;
    announce(THIRD, 2, 6, 0); /* No-Path of the last one: the parent hears of it */
    row_run(RPL_S(3));
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.transit[0].path_lifetime, 0);
    /* In MOP 2 a group is no target. */
    row_root(RPL_MOP_STORING);
    assert_int_equal(announce(CHILD, 1, 5, 30), -RPL_ERR_DROPPED);
}

static void test_MC3_02(void **state)
{
    (void)state;
    router();
    for (unsigned n = CHILD; n < CHILD + 3; n++)
        announce(n, 1, 5, 30);
    struct rpl_view_copies c = copies(CHILD + 1); /* the source is one of the three */
    assert_int_equal(c.count, 2);
    assert_true(copied_to(&c, CHILD) && copied_to(&c, CHILD + 2));
    c = copies(ROOT);
    assert_int_equal(c.count, 3);
    assert_true(copied_to(&c, CHILD + 1));
    assert_false(c.up); /* it came from there */
}

static void test_MC3_03(void **state)
{
    struct rpl_event join = {.type = RPL_EVENT_COMMAND,
                             .u.command = {.command = RPL_COMMAND_JOIN, .address = group}};
    struct rpl_addr parent = rig_ll(ROOT);

    (void)state;
    router();
    announce(CHILD, 1, 5, 30);
    struct rpl_view_copies c = copies(CHILD);
    assert_true(c.up);
    assert_memory_equal(&c.parent, &parent, 16);
    assert_int_equal(c.count, 0);
    assert_true(copies(0).up); /* and so does what we say ourselves */
    assert_false(c.own);
    assert_int_equal(rig_input(&rig, &join), 0);
    assert_true(copies(CHILD).own);
    /* The root serves groups inside without anybody above. */
    row_root(RPL_MOP_STORING_MULTICAST);
    announce(2, 1, 5, 30);
    announce(3, 1, 5, 30);
    c = copies(2);
    assert_false(c.up);
    assert_true(copied_to(&c, 3) && !copied_to(&c, 2));
}

static void test_MC3_04(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING_MULTICAST, 256);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING); /* set to another mode: stay out */
    row_start();
    row_hear(ROOT, &dio);
    assert_false(row_instance().joined);
    router();
    struct rpl_event join = {.type = RPL_EVENT_COMMAND,
                             .u.command = {.command = RPL_COMMAND_JOIN, .address = group}};
    rig_input(&rig, &join);
    dio.u.dio.rank = 300;
    row_hear(OTHER, &dio); /* a second way up, and no second registration */
    row_run(RPL_S(5));
    for (size_t i = 0; i < rig.sent_count; i++) {
        struct rpl_addr parent = rig_ll(ROOT);
        if (rig.sent[i].msg.code == RPL_CODE_DAO)
            assert_memory_equal(&rig.sent[i].send.dst, &parent, 16);
    }
    assert_true(rig_count(&rig, RPL_CODE_DAO, 0) > 0);
}

static void test_MC3_05(void **state)
{
    (void)state;
    for (int mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING_MULTICAST; mop++) {
        row_begin_recorded(RPL_ROLE_ROUTER, (enum rpl_mop)mop, 0x0a);
        row_start();
        struct rpl_addr root = {
            {0x20, 1, 0x0d, 0xb8, 0x65, 0x50, 0, 1, 2, 0, 0, 0xff, 0xfe, [15] = 1}};
        struct rpl_addr from = rpl_addr_link_local(&root);
        struct rpl_wire_message dio = rig_dio((enum rpl_mop)mop, 256, &root);
        dio.u.dio.instance = 30;
        rig_join(&rig, &from, &dio);
        assert_true(row_instance().joined);
        rig_run(&rig, RPL_S(3));
        rig.sent_count = rig.route_count = 0;
        row_give("V27"); /* from B, to all */
        rig_run(&rig, RPL_S(3));
        assert_int_equal(row_instance().nodes, 0); /* nobody is its DAO parent */
        assert_int_equal(rig.route_count, 0);
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 0);
        for (size_t i = 0; i < rig.sent_count; i++) /* no relay */
            if (rig.sent[i].msg.code == RPL_CODE_DAO)
                for (uint8_t k = 0; k < rig.sent[i].msg.u.dao.target_count; k++)
                    assert_int_not_equal(rig.sent[i].msg.u.dao.target[k].prefix.b[15], 0x0b);
    }
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(MC3, 01, "a group is a target"),
        ROW(MC3, 02, "down: a copy to every child but the source"),
        ROW(MC3, 03, "up: to the preferred parent, from inside"),
        ROW(MC3, 04, "another mode stays out, one registration each"),
        ROW(MC3, 05, "a one-hop multicast DAO goes nowhere"),
    };

    return ROWS_RUN(rows);
}
