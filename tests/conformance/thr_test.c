/* SPDX-License-Identifier: ISC */
/* Section 26: hardening. */
#include "tests/conformance/row.h"

#define FLOOD 5000

static void test_THR_01(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 300);
    long before;

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig.config.limits.neighbours = 16;
    rig.config.limits.targets = 32;
    rig.config.limits.peers = 64;
    rig.config.limits.effects = 128;
    row_start();
    dio.u.dio.rank = 256;
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    before = rig.live;
    dio.u.dio.rank = 300;
    for (unsigned n = 0x100; n < 0x100 + FLOOD; n++) {
        row_shout(n, &dio);
        row_dis(n, false, NULL);
        row_dis(n, true, NULL);
        row_storing(n, n, 1, 5, 30);
        if (n % 50 == 0) {
            rig.sent_count = 0;
            row_run(RPL_MS(200));
        }
    }
    assert_true(row_instance().neighbours <= 16);
    assert_true(row_instance().targets <= 32);
    /* Neighbours, peers, targets with a route, DAOs in flight; and a fixed rest. */
    assert_true(rig.live - before <= 16 + 64 + 3 * 32 + 128);
    assert_true(row_parent_is(ROOT)); /* the parent in use made room for nobody */
    assert_true(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET) <= 25);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_NEIGHBOURS_FULL) > 0);
    assert_true(rig_counter(&rig, RPL_COUNT_REFUSED_FULL) > 0);
    rig.sent_count = 0;
    row_run(RPL_S(60));
    assert_true(row_parent_is(ROOT));
}

static void test_THR_02(void **state)
{
    struct rpl_wire_message lure = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 1024);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    for (int i = 0; i < 100; i++) { /* it has the best Rank, a loud voice and no ears */
        row_shout(OTHER, &lure);
        row_run(RPL_S(3));
        rig.sent_count = 0;
    }
    assert_true(row_parent_is(ROOT));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_PARENT_SWITCH), 0);
}

/* A number over what a root believes. */
static uint64_t belief(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_node v;
    uint64_t h = row_instance().version;

    while (rpl_view_next_node(rig.engine, &c, rig.now, &v)) {
        h = h * 31 + v.reachable;
        h = h * 31 + v.path_sequence;
        for (size_t i = 0; i < 16; i++)
            h = h * 31 + v.address.b[i] + v.via.b[i] * 7u;
    }
    return h;
}

static void traffic(void)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 512);

    dio.u.dio.dodag_id = rig_global(1);
    row_shout(2, &dio);
    row_storing(2, 2, 1, 240, 30);
    row_storing(2, 5, 2, 241, 30);
    row_storing(3, 3, 1, 240, 30);
    row_storing(3, 5, 2, 242, 30); /* 5 moved below 3 */
    row_storing(2, 2, 3, 241, 30);
}

static void test_THR_03(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    uint64_t believed;

    (void)state;
    row_root(RPL_MOP_STORING);
    dio.u.dio.dodag_id = rig_global(1); /* somebody says that it is us */
    for (int i = 0; i < 100; i++) {
        row_shout(OTHER, &dio);
        rig_run(&rig, RPL_MS(100));
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DODAGID_SPOOFED), 100);
    size_t told = 0;
    for (size_t i = 0; i < rig.trace_count; i++)
        told += rig.trace[i].cause == RPL_CAUSE_DODAGID_SPOOFED;
    assert_in_range(told, 1, 5); /* logged, within limits */
    assert_int_equal(row_instance().rank, 256);
    /* The recorded traffic once more, a minute later: nothing changes. */
    row_root(RPL_MOP_STORING);
    traffic();
    believed = belief();
    rig_run(&rig, RPL_S(60));
    traffic();
    assert_int_equal(belief(), believed);
    assert_true(row_reaches(5, 3));
    /* Versions and Ranks of the past: see DIO-04 and PAR-07; here the storm that they could be. */
    dio.u.dio.version = 230;
    for (int i = 0; i < 1000; i++) {
        row_shout(OTHER, &dio);
        rig_run(&rig, RPL_S(1));
    }
    assert_true(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET) <= 26);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(THR, 01, "a flood meets bounds everywhere"),
        ROW(THR, 02, "who only shouts wins nothing"),
        ROW(THR, 03, "claims and replays change nothing"),
    };

    return ROWS_RUN(rows);
}
