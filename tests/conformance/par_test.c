/* SPDX-License-Identifier: ISC */
/* Section 4: parent selection and Rank. */
#include "tests/conformance/row.h"

static void router(void)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
}

static struct rpl_wire_message dio_of(uint16_t rank)
{
    return row_dio(RPL_MOP_NON_STORING, rank);
}

static enum of_verdict verdict_of(unsigned n)
{
    struct rpl_view_neighbour v;

    assert_true(row_neighbour(n, &v));
    return v.verdict;
}

/* The parent is a proven neighbour with a lesser DAGRank, and our DAOs name it. */
static void check_parents(void)
{
    struct rpl_view_instance i = row_instance();
    struct rpl_view_neighbour v;
    struct rpl_cursor c = {0};
    unsigned preferred = 0;

    while (rpl_view_next_neighbour(rig.engine, &c, rig.now, &v)) {
        if (!v.preferred)
            continue;
        preferred++;
        assert_memory_equal(&v.address, &i.parent, 16);
        assert_true(v.etx > 0 && v.rank / 256 < i.rank / 256 && v.version == i.version);
    }
    assert_int_equal(preferred, i.has_parent);
}

static void test_PAR_01(void **state)
{
    struct rpl_wire_message a = dio_of(256), b = dio_of(512), c = dio_of(300);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_start();
    a.u.dio.mop = b.u.dio.mop = c.u.dio.mop = RPL_MOP_STORING;
    row_hear(OTHER, &b);
    check_parents();
    row_hear(ROOT, &a);
    check_parents();
    row_hear(THIRD, &c);
    check_parents();
    a.u.dio.rank = 0xffff;
    row_shout(ROOT, &a);
    check_parents();
    row_alive(THIRD, NULL);
    for (int i = 0; i < 20; i++) {
        row_run(RPL_S(10));
        row_shout(OTHER, &b);
        check_parents();
    }
    for (size_t i = 0; i < rig.sent_count; i++) /* DAOs go to parents of then, to nobody else */
        if (rig.sent[i].msg.code == RPL_CODE_DAO)
            assert_true(row_sent_to(RPL_CODE_DIS, ROOT, 0) > 0);
    assert_int_equal(row_sent_to(RPL_CODE_DAO, CHILD, 0), 0);
    assert_true(row_parent_is(OTHER));
}

static void test_PAR_02(void **state)
{
    struct rpl_wire_message dio;

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    dio = dio_of(1);
    dio.u.dio.dodag_id = rig_global(1);
    row_hear(OTHER, &dio);
    dio.u.dio.dodag_id = rig_global(OTHER);
    dio.u.dio.preference = 7;
    row_hear(OTHER, &dio);
    rig_run(&rig, RPL_S(30));
    assert_false(row_instance().has_parent);
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_int_equal(rig.sent[i].msg.u.dio.rank, 256);
}

static void test_PAR_03(void **state)
{
    struct rpl_wire_message old = dio_of(256), new = dio_of(512);

    (void)state;
    new.u.dio.version = 241;
    router();
    row_hear(ROOT, &old);
    row_hear(OTHER, &old);
    assert_int_equal(row_instance().version, 240);
    row_hear(OTHER, &new);
    assert_true(row_parent_is(OTHER));
    assert_int_equal(row_instance().version, 241);
    assert_int_not_equal(verdict_of(ROOT), OF_PARENT); /* the old side is no parent any more */
    check_parents();
}

static void test_PAR_04(void **state)
{
    struct of_params params;

    (void)state;
    of_params_default(&params);
    for (size_t i = 0; i < row_table_size("dagrank"); i++) {
        uint16_t rank = (uint16_t)row_table("dagrank", i, "rank");
        params.min_hop_rank_increase = (uint16_t)row_table("dagrank", i, "min_hop");
        if (rank != 0xffff)
            assert_int_equal(of_dag_rank(&params, rank), row_table("dagrank", i, "dagrank"));
    }
    params.min_hop_rank_increase = 256;
    assert_true(of_dag_rank(&params, 0xffff) > of_dag_rank(&params, 0xfffe));
    /* Our own DAGRank is above that of the parent, whatever the link costs. */
    struct rpl_wire_message dio = dio_of(511);
    router();
    row_hear(ROOT, &dio);
    assert_true(row_instance().rank >= 512);
    /* A parent whose DAGRank is ours is none, whatever it costs. */
    struct of_candidate cand = {.rank = 512, .etx = 128};
    enum of_verdict verdict;
    struct of_result result;
    of_select(OF_OCP_MRHOF, &params, &cand, 1, 767, 0xfffe, &verdict, &result);
    assert_int_equal(verdict, OF_NOT_CLOSER);
    assert_int_equal(result.preferred, -1);
    of_select(OF_OCP_MRHOF, &params, &cand, 1, 768, 0xfffe, &verdict, &result);
    assert_int_equal(result.preferred, 0);
}

static void test_PAR_05(void **state)
{
    struct rpl_addr root, c;
    struct rpl_wire_message dio;

    (void)state;
    /* V05 of C, our parent: gone at once, although it says nothing else. */
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_STORING, 0x0d);
    row_start();
    root = (struct rpl_addr){{0x20, 1, 0x0d, 0xb8, 0x65, 0x50, 0, 1, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};
    c = (struct rpl_addr){{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 0x0c}};
    dio = rig_dio(RPL_MOP_STORING, 768, &root);
    dio.u.dio.instance = 30;
    dio.u.dio.version = 5;
    rig_join(&rig, &c, &dio);
    assert_true(row_instance().joined);
    assert_int_equal(row_give("V05"), 0);
    assert_false(row_instance().has_parent);
    assert_true(rig_traced(&rig, RPL_TRACE_DETACHED, RPL_CAUSE_POISON));
    /* And such a one is never taken. */
    struct rpl_wire_message poison = dio_of(0xffff);
    router();
    row_hear(ROOT, &poison);
    assert_false(row_instance().joined);
    assert_int_equal(verdict_of(ROOT), OF_RANK_INFINITE);
}

static void test_PAR_06(void **state)
{
    struct rpl_event failed = {
        .type = RPL_EVENT_NEIGHBOUR,
        .u.neighbour = {.ifindex = RIG_IF, .address = rig_ll(ROOT), .failed = true}};
    struct rpl_wire_message dio = dio_of(256);
    size_t routes;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(5));
    rig_input(&rig, &failed); /* a single opinion: it is asked, and answers */
    row_run(RPL_S(10));
    assert_true(row_parent_is(ROOT));
    routes = rig.route_count;
    row_alive(ROOT, NULL);
    rig_input(&rig, &failed);
    row_run(RPL_S(6));
    assert_false(row_instance().has_parent);
    assert_true(rig.route_count > routes);
    for (size_t i = routes; i < rig.route_count; i++)
        assert_false(rig.route_set[i]); /* the way up goes with it */
    row_shout(ROOT, &dio);              /* a mere shout does not bring it back */
    row_run(RPL_S(10));
    assert_false(row_instance().has_parent);
    row_hear(ROOT, &dio); /* an answer does */
    assert_true(row_parent_is(ROOT));
    /* A child that failed takes its routes along. */
    row_root(RPL_MOP_STORING);
    row_storing(CHILD, CHILD, 1, 5, 30);
    failed.u.neighbour.address = rig_ll(CHILD);
    rig_input(&rig, &failed);
    struct rpl_view_node v;
    assert_false(row_node(CHILD, &v));
    assert_false(rig.route_set[rig.route_count - 1]);
}

/* A router with L = 512 and MaxRankIncrease |increase| loses its parent and may take one whose
 * Rank is |rank|. */
static bool follows(uint16_t increase, uint16_t rank, bool unlimited, uint8_t version)
{
    struct rpl_wire_message dio = dio_of(256), other;

    dio.u.dio.config.max_rank_increase = increase;
    rpl_wire_config_pack(&dio.u.dio.config);
    other = dio;
    other.u.dio.rank = rank;
    other.u.dio.version = version;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.max_rank_increase_0_unlimited = unlimited;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    assert_int_equal(row_instance().lowest_rank, 512);
    row_alive(ROOT, NULL);
    dio.u.dio.rank = 0xffff;
    row_shout(ROOT, &dio);
    row_hear(OTHER, &other);
    row_run(RPL_S(5));
    return row_parent_is(OTHER);
}

static void test_PAR_07(void **state)
{
    (void)state;
    assert_true(follows(768, 1024, false, 240)); /* 1280 */
    assert_int_equal(row_instance().rank, 1280);
    assert_false(follows(768, 1025, false, 240)); /* 1281 */
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 0xffff);
    assert_true(follows(0xffff, 30000, false, 240)); /* no overflow */
}

static void test_PAR_08(void **state)
{
    (void)state;
    assert_true(follows(0, 256, false, 240)); /* no increase */
    assert_false(follows(0, 257, false, 240));
    assert_true(follows(0, 5000, true, 240)); /* compat.max_rank_increase_0 */
}

static void test_PAR_09(void **state)
{
    struct rpl_wire_message deep = dio_of(1024), near = dio_of(256);

    (void)state;
    router();
    row_hear(OTHER, &deep);
    row_run(RPL_S(5));
    assert_int_equal(row_instance().lowest_rank, 1280);
    row_hear(ROOT, &near); /* down at any time */
    row_run(RPL_S(5));
    assert_int_equal(row_instance().rank, 512);
    assert_int_equal(row_instance().lowest_rank, 512);
    assert_true(follows(0, 5000, false, 241)); /* a new version: L begins anew */
    assert_int_equal(row_instance().lowest_rank, 5256);
}

static void test_PAR_10(void **state)
{
    struct rpl_wire_message dio = dio_of(512);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING); /* 512 ourselves */
    row_hear(OTHER, &dio);
    dio.u.dio.rank = 1024;
    row_hear(THIRD, &dio);
    assert_true(row_parent_is(ROOT));
    assert_int_not_equal(verdict_of(OTHER), OF_PARENT);
    assert_int_not_equal(verdict_of(THIRD), OF_PARENT);
    dio.u.dio.version = 241;
    row_hear(THIRD, &dio);
    assert_true(row_parent_is(THIRD));
    assert_int_equal(row_instance().rank, 1280);
}

static void test_PAR_11(void **state)
{
    struct rpl_wire_message dio = dio_of(256);

    (void)state;
    router();
    for (int i = 0; i < 20; i++) { /* it only shouts */
        row_shout(OTHER, &dio);
        rig_run(&rig, RPL_S(4));
    }
    assert_false(row_instance().joined);
    assert_int_equal(verdict_of(OTHER), OF_NOT_PROVEN);
    row_hear(ROOT, &dio);
    row_hear(OTHER, &dio);
    for (int i = 0; i < 50; i++) { /* two equally good ones take turns to speak */
        row_shout(OTHER, &dio);
        row_run(RPL_S(2));
        row_shout(ROOT, &dio);
        row_run(RPL_S(2));
        rig.sent_count = 0;
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_PARENT_SWITCH), 0);
}

static void test_PAR_12(void **state)
{
    static const uint16_t low[] = {0, 1, 255};
    struct of_params params;
    enum of_verdict verdict;

    (void)state;
    of_params_default(&params);
    for (uint16_t ocp = 0; ocp < 2; ocp++) {
        struct of_candidate cand = {.rank = 65279, .etx = 128};
        params.max_path_cost = 0xffff;
        assert_int_equal(of_path_rank(ocp, &params, &cand, &verdict), 0xffff); /* 65535 */
        assert_int_equal(verdict, OF_PATH_TOO_LONG);
        cand.rank = 65278;
        assert_int_equal(of_path_rank(ocp, &params, &cand, &verdict), 0xfffe);
    }
    for (size_t i = 0; i < 3; i++) {
        struct rpl_wire_message dio = dio_of(low[i]);
        router();
        row_hear(ROOT, &dio);
        assert_false(row_instance().joined);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_RANK_INVALID), 1);
    }
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(PAR, 01, "the preferred parent is a proven neighbour above us"),
        ROW(PAR, 02, "a root has no parent and ROOT_RANK"),
        ROW(PAR, 03, "parents of one DODAG Version"),
        ROW(PAR, 04, "order by DAGRank, INFINITE_RANK above all"),
        ROW(PAR, 05, "who poisons is a parent no more, at once"),
        ROW(PAR, 06, "an unreachable neighbour goes with its routes"),
        ROW(PAR, 07, "never above L + DAGMaxRankIncrease"),
        ROW(PAR, 08, "DAGMaxRankIncrease 0 in both readings"),
        ROW(PAR, 09, "down at any time, and anew in a new version"),
        ROW(PAR, 10, "nobody at our depth or below, but for a newer version"),
        ROW(PAR, 11, "proof before use, and no flapping"),
        ROW(PAR, 12, "Ranks at either end"),
    };

    return ROWS_RUN(rows);
}
