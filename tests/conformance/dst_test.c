/* SPDX-License-Identifier: ISC */
/* Section 10: DAO in storing mode. */
#include "tests/conformance/row.h"

/* A router below ROOT whose own DAO has been acknowledged. */
static void router(void)
{
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    rig.sent_count = 0;
}

static const struct rpl_wire_dao *last_dao(void)
{
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0);

    assert_non_null(s);
    return &s->msg.u.dao;
}

static void test_DST_01(void **state)
{
    struct rpl_addr global = rig_global(2), root, child = rig_ll(2);
    struct rpl_wire_message dao = rig_dao(1, &global, 5, 30, NULL);
    struct rpl_view_node v;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0);
    struct rpl_addr parent = rig_ll(ROOT);
    assert_memory_equal(&s->send.src, &rig.link_local, 16);
    assert_memory_equal(&s->send.dst, &parent, 16);
    row_root(RPL_MOP_STORING);
    root = rig_global(1);
    rig_receive(&rig, &global, &root, &dao); /* from afar: not in this mode */
    rig_receive_on(&rig, 0, &child, &rig.link_local, &dao);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_SOURCE_SCOPE), 2);
    assert_false(row_node(2, &v));
    rig_receive(&rig, &child, &rig.link_local, &dao);
    assert_true(row_node(2, &v));
}

static void test_DST_02(void **state)
{
    static const char *const bad[] = {"N07", "N08", "N09"};
    struct rpl_addr child = rig_ll(2), target = rig_global(2);
    struct rpl_wire_message dao = rig_dao(1, &target, 5, 30, NULL), msg;
    struct rpl_view_node v;
    struct vector vector;

    (void)state;
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_STORING, 0x0a);
    row_start();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(row_give(bad[i]), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_STRUCTURE), 2);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_NO_TARGET), 1);
    assert_int_equal(row_instance().targets, 0);
    row_vector("V06", &vector); /* two Targets share a Transit */
    assert_int_equal(vector_read(&vector, &msg), 0);
    assert_int_equal(msg.u.dao.group_count, 1);
    /* Two groups with a lifetime each, and a second Transit for all Targets before it. */
    row_root(RPL_MOP_STORING);
    dao.u.dao.target_count = 3;
    for (uint8_t i = 1; i < 3; i++) {
        dao.u.dao.target[i] = dao.u.dao.target[0];
        dao.u.dao.target[i].prefix = rig_global(2u + i);
        dao.u.dao.target[i].group = i / 2;
    }
    dao.u.dao.group_count = 2;
    dao.u.dao.transit_count = 2;
    dao.u.dao.transit[1] = dao.u.dao.transit[0];
    dao.u.dao.transit[1].group = 1;
    dao.u.dao.transit[1].path_lifetime = 60;
    rig_receive(&rig, &child, &rig.link_local, &dao);
    for (unsigned n = 2; n < 5; n++) {
        assert_true(row_node(n, &v));
        assert_int_equal(v.lifetime, RPL_S(n == 4 ? 3600 : 1800));
    }
}

static void test_DST_03(void **state)
{
    (void)state;
    router();
    row_storing(CHILD, CHILD, 1, 5, 30);
    row_run(RPL_S(2));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_false(s->msg.u.dao.transit[0].has_parent);
    assert_int_equal(s->send.data[8 + 20], 6); /* behind the /128 */
    assert_int_equal(s->send.data[8 + 21], 4);
}

static void test_DST_04(void **state)
{
    struct rpl_view_node v;

    (void)state;
    router();
    row_storing(CHILD, 2, 1, 5, 30);
    assert_true(row_reaches(2, CHILD));
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.limits.targets = 2;
    row_start();
    for (unsigned n = 2; n < 6; n++)
        row_storing(n, n, 1, 5, 30);
    assert_int_equal(row_instance().targets, 2);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_FULL), 2);
    assert_true(rig_traced(&rig, RPL_TRACE_DAO_REFUSED, RPL_CAUSE_FULL));
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0x80);
    row_storing(2, 2, 2, 6, 30); /* whoever is in stays and is refreshed */
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0);
    /* A leaf stores nothing. */
    row_joined(RPL_ROLE_LEAF, RPL_MOP_STORING);
    row_storing(CHILD, CHILD, 1, 5, 30);
    assert_false(row_node(CHILD, &v));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_ROUTER_ONLY), 1);
}

static void test_DST_05(void **state)
{
    (void)state;
    row_root(RPL_MOP_STORING);
    row_storing(2, 5, 1, 10, 30);
    row_storing(3, 5, 1, 11, 30);
    assert_true(row_reaches(5, 3)); /* newer: replaces */
    row_storing(2, 5, 2, 10, 30);
    assert_true(row_reaches(5, 3)); /* older: ignored */
    row_storing(2, 5, 3, 11, 30);
    assert_true(row_reaches(5, 3)); /* equal: beside it */
    row_storing(3, 5, 2, 11, 0);
    assert_true(row_reaches(5, 2)); /* and in its place when it goes */
}

static void test_DST_06(void **state)
{
    (void)state;
    router();
    row_storing(CHILD, CHILD, 1, 5, 30);
    row_storing(CHILD, CHILD, 2, 6, 30);
    row_run(RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    row_storing(CHILD, CHILD, 3, 6, 30); /* says nothing new */
    row_storing(CHILD, CHILD, 4, 5, 30); /* and this is old */
    row_run(RPL_S(10));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
}

static void test_DST_07(void **state)
{
    rpl_tstamp begin;

    (void)state;
    router();
    begin = rig.now;
    for (unsigned n = 100; n < 105; n++) {
        row_storing(n, n, 1, 5, 30);
        row_run(RPL_MS(80));
    }
    row_run(RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    assert_int_equal(last_dao()->target_count, 5);
    assert_in_range(rig_last(&rig, RPL_CODE_DAO, 0)->at - begin, RPL_MS(500), RPL_MS(1500));
}

static void test_DST_08(void **state)
{
    struct rpl_view_node v;

    (void)state;
    router();
    row_storing(CHILD, CHILD, 1, 5, 30);
    row_storing(OTHER, CHILD, 1, 5, 30);
    row_run(RPL_S(3));
    row_storing(CHILD, CHILD, 2, 5, 0); /* there is another way: no news */
    rig.sent_count = 0;
    row_run(RPL_S(3));
    assert_true(row_reaches(CHILD, OTHER));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
    row_storing(OTHER, CHILD, 2, 6, 0);
    row_run(RPL_S(3));
    assert_false(row_node(CHILD, &v));
    assert_int_equal(last_dao()->transit[0].path_lifetime, 0);
    assert_int_equal(last_dao()->transit[0].path_sequence, 6);
}

static void test_DST_09(void **state)
{
    struct rpl_wire_message far = row_dio(RPL_MOP_STORING, 1024);
    struct rpl_wire_message near = row_dio(RPL_MOP_STORING, 256);
    bool announced = false, withdrawn = false;
    uint8_t sequence = 0;

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_start();
    row_hear(OTHER, &far);
    row_run(RPL_S(3));
    assert_true(rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.transit[0].invalidate); /* I */
    rig.sent_count = 0;
    row_hear(ROOT, &near);
    assert_true(row_parent_is(ROOT));
    row_run(RPL_S(20));
    for (size_t i = 0; i < rig.sent_count; i++) {
        const struct rpl_wire_transit *tr = &rig.sent[i].msg.u.dao.transit[0];
        struct rpl_addr new_parent = rig_ll(ROOT), old_parent = rig_ll(OTHER);
        if (rig.sent[i].msg.code != RPL_CODE_DAO)
            continue;
        if (rpl_addr_equal(&rig.sent[i].send.dst, &new_parent)) {
            announced = true;
            assert_int_equal(tr->path_lifetime, 30);
            sequence = tr->path_sequence;
        } else if (rpl_addr_equal(&rig.sent[i].send.dst, &old_parent)) {
            withdrawn = true;
            assert_true(announced); /* the new way stands before the old one goes */
            assert_int_equal(tr->path_lifetime, 0);
            assert_int_equal(tr->path_sequence, sequence);
        }
    }
    assert_true(announced && withdrawn);
}

static void test_DST_10(void **state)
{
    struct rpl_addr own = rig_global(1);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    assert_int_equal(last_dao()->target_count, 1);
    assert_int_equal(last_dao()->target[0].len, 128);
    assert_memory_equal(&last_dao()->target[0].prefix, &own, 16);
    /* That DAOs of one time carry one sequence, whoever gets them, is shown by DST-09; and by a
     * second interface, whose address goes up in the same DAO. */
    struct rpl_event up = {.type = RPL_EVENT_LINK,
                           .u.link = {.ifindex = RIG_IF + 1,
                                      .state = RPL_LINK_UP,
                                      .address = rig_ll(0x99),
                                      .instances = UINT32_MAX,
                                      .name = "lowpan1"}};
    rig_input(&rig, &up);
    row_run(RPL_S(1400)); /* the refresh at the latest */
    assert_int_equal(last_dao()->target_count, 2);
    assert_int_equal(last_dao()->transit[0].path_sequence, last_dao()->transit[1].path_sequence);
}

static void test_DST_11(void **state)
{
    struct rpl_event failed = {
        .type = RPL_EVENT_NEIGHBOUR,
        .u.neighbour = {.ifindex = RIG_IF, .address = rig_ll(CHILD), .failed = true}};
    struct rpl_view_node v;

    (void)state;
    router();
    row_storing(THIRD, THIRD, 1, 5, 1);
    row_run(RPL_S(30));
    rig.sent_count = 0;
    row_run(RPL_S(33)); /* its minute is over */
    assert_false(row_node(THIRD, &v));
    assert_int_equal(last_dao()->transit[0].path_lifetime, 0);
    row_storing(CHILD, CHILD, 1, 5, 30);
    row_run(RPL_S(3));
    rig.sent_count = 0;
    rig_input(&rig, &failed);
    row_run(RPL_S(3));
    assert_false(row_node(CHILD, &v));
    assert_int_equal(last_dao()->transit[0].path_lifetime, 0);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1); /* a reasonable number: one, acked */
    /* Flapping children cannot make us talk more than once in half a second. */
    rig.sent_count = 0;
    for (unsigned i = 0; i < 200; i++) {
        row_storing(CHILD, CHILD, (uint8_t)i, (uint8_t)(6 + i / 2), i % 2 ? 0 : 30);
        row_run(RPL_MS(100));
    }
    assert_true(rig_count(&rig, RPL_CODE_DAO, 0) <= 40);
}

static void test_DST_12(void **state)
{
    struct rpl_view_node v;

    (void)state;
    router();
    row_storing(ROOT, 77, 1, 5, 30);
    assert_false(row_node(77, &v));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_FROM_PARENT), 1);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(DST, 01, "link-local to link-local, to DAO parents only"),
        ROW(DST, 02, "groups of Targets and Transits, or nothing"),
        ROW(DST, 03, "a Transit without a parent"),
        ROW(DST, 04, "learned routes are stored; a full table rejects"),
        ROW(DST, 05, "older, newer and equal Path Sequences"),
        ROW(DST, 06, "what is no news is not passed on"),
        ROW(DST, 07, "news goes up after DelayDAO, together"),
        ROW(DST, 08, "No-Path"),
        ROW(DST, 09, "a new parent gets a DAO, the old one a No-Path"),
        ROW(DST, 10, "own addresses are targets under one sequence"),
        ROW(DST, 11, "what expires or fails is withdrawn, within limits"),
        ROW(DST, 12, "a DAO from our parent is a loop"),
    };

    return ROWS_RUN(rows);
}
