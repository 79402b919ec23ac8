/* SPDX-License-Identifier: ISC */
/* Section 5: Objective Function Zero. */
#include "tests/conformance/row.h"

#define NO_BOUND 0xfffe

static struct of_params params;

static struct of_candidate candidate(uint16_t rank, uint16_t etx)
{
    return (struct of_candidate){.rank = rank, .etx = etx, .grounded = true};
}

/* An ETX whose step_of_rank is |step|: 3 * ETX - 2. */
static uint16_t etx_of(unsigned step)
{
    return (uint16_t)((step + 2) * 128 / 3);
}

/* The step that a link makes under Rf 1, Sr 0; 0: not to be used. */
static unsigned step_of(uint16_t etx)
{
    struct of_candidate cand = candidate(256, etx);
    uint16_t rank = of_path_rank(OF_OCP_OF0, &params, &cand, NULL);

    return rank == 0xffff ? 0 : (rank - 256u) / 256u;
}

static int preferred(const struct of_candidate *cands, size_t n)
{
    enum of_verdict verdicts[8];
    struct of_result result;

    of_select(OF_OCP_OF0, &params, cands, n, OF_INFINITE_RANK, NO_BOUND, verdicts, &result);
    return result.preferred;
}

static struct rpl_wire_message dio_of(uint16_t rank)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, rank);

    dio.u.dio.config.ocp = 0;
    rpl_wire_config_pack(&dio.u.dio.config);
    return dio;
}

static void test_OF0_01(void **state)
{
    (void)state;
    of_params_default(&params);
    for (size_t i = 0; i < row_table_size("of0"); i++) {
        struct of_candidate cand = candidate((uint16_t)row_table("of0", i, "rank_parent"),
                                             etx_of((unsigned)row_table("of0", i, "step")));
        params.rank_factor = (uint8_t)row_table("of0", i, "rank_factor");
        params.stretch_of_rank = (uint8_t)row_table("of0", i, "stretch");
        params.min_hop_rank_increase = (uint16_t)row_table("of0", i, "min_hop");
        assert_int_equal(of_path_rank(OF_OCP_OF0, &params, &cand, NULL),
                         row_table("of0", i, "rank"));
    }
}

static void test_OF0_02(void **state)
{
    (void)state;
    of_params_default(&params);
    assert_int_equal(params.rank_factor, 1);
    assert_int_equal(params.stretch_of_rank, 0);
    for (unsigned etx = 1; etx <= 0xffff; etx++) {
        unsigned step = step_of((uint16_t)etx);
        assert_in_range(step, 0, 9); /* 0: the link is not used */
    }
    assert_int_equal(step_of(213), 3); /* the default step is an ETX of 1.67 */
}

static void test_OF0_03(void **state)
{
    struct rpl_wire_message dio = dio_of(256), with;

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    uint16_t rank = row_instance().rank;
    with = dio;
    with.u.dio.metric_count = 2; /* as V02: an ETX metric, and here hop count too */
    with.u.dio.metric[0] = (struct rpl_wire_metric){.type = 7, .len = 2, .body = {0x20, 0}};
    with.u.dio.metric[1] = (struct rpl_wire_metric){.type = 3, .len = 2, .body = {0, 40}};
    row_hear(ROOT, &with);
    assert_int_equal(row_instance().rank, rank);
    assert_true(row_instance().joined);
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0a);
    row_start();
    struct vector v;
    row_vector("V02", &v);
    row_give("V02");
    rig_run(&rig, RPL_S(1)); /* asked, and answered with the same */
    rig_octets(&rig, RIG_IF, &v.src, &v.dst, v.packet + v.icmp, v.len - v.icmp);
    struct rpl_wire_message root;
    assert_int_equal(vector_read(&v, &root), 0);
    rig_receive(&rig, &v.src, &rig.link_local, &root);
    assert_true(row_instance().joined);
    assert_int_equal(row_instance().rank, rank);
}

static void test_OF0_04(void **state)
{
    (void)state;
    of_params_default(&params);
    assert_int_equal(step_of(128), 1);
    assert_int_equal(step_of(256), 4);
    assert_int_equal(step_of(469), 9); /* 3.66 */
    assert_int_equal(step_of(470), 0); /* 3.67 */
    assert_int_equal(step_of(512), 0); /* 4.0 */
}

/* One criterion after the other: the first candidate wins by it although all later ones speak for
 * the second. */
static void test_OF0_05(void **state)
{
    struct of_candidate good, bad;

    (void)state;
    of_params_default(&params);
    for (int criterion = 0; criterion < 7; criterion++) {
        good = candidate(512, 256);
        bad = candidate(512, 256);
        switch (criterion) {
        case 0: /* RPL's rules: INFINITE_RANK is nobody's parent */
            bad.rank = 0xffff;
            break;
        case 1: /* validated */
            bad.etx = OF_ETX_UNKNOWN;
            break;
        case 2: /* grounded */
            bad.grounded = false;
            break;
        case 3: /* root preference */
            good.preference = 1;
            break;
        case 4: /* lower resulting Rank */
            bad.rank = 768;
            break;
        case 5: /* the current parent */
            good.current = true;
            break;
        default: /* the most recent DIO */
            break;
        }
        if (criterion < 3)
            bad.preference = 7;
        if (criterion < 4)
            bad.rank = bad.rank == 0xffff ? bad.rank : 256;
        if (criterion < 5)
            bad.current = true;
        if (criterion < 6)
            bad.heard = 1000;
        else
            good.heard = 1000;
        const struct of_candidate pair[2] = {bad, good}, other[2] = {good, bad};
        assert_int_equal(preferred(pair, 2), 1);
        assert_int_equal(preferred(other, 2), 0);
    }
    /* The newest version of a DODAG, before Rank. */
    struct rpl_wire_message near = dio_of(256), newer = dio_of(1024);
    newer.u.dio.version = 241;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &near);
    row_hear(OTHER, &newer);
    assert_true(row_parent_is(OTHER));
}

static void test_OF0_06(void **state)
{
    enum of_verdict verdicts[4];
    struct of_result result;
    struct of_candidate cands[4] = {candidate(256, 128), candidate(300, 128), candidate(600, 128),
                                    candidate(400, 128)};

    (void)state;
    of_params_default(&params);
    cands[0].current = true;
    params.parent_set_size = 2;
    of_select(OF_OCP_OF0, &params, cands, 4, 512, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 0);
    assert_int_equal(verdicts[0], OF_PREFERRED); /* never its own backup */
    assert_int_equal(verdicts[1], OF_PARENT);    /* the one of lower Rank */
    assert_int_equal(verdicts[2], OF_NOT_CLOSER);
    assert_int_equal(verdicts[3], OF_COSTS_MORE);
    params.parent_set_size = 4;
    of_select(OF_OCP_OF0, &params, cands, 4, 512, NO_BOUND, verdicts, &result);
    assert_int_equal(verdicts[3], OF_PARENT);
    assert_int_equal(verdicts[2], OF_NOT_CLOSER); /* deeper than we are: never */
    /* An older version: not even looked at. */
    struct rpl_wire_message dio = dio_of(256), old = dio_of(256);
    dio.u.dio.version = 241;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_hear(OTHER, &old);
    struct rpl_view_neighbour n;
    assert_true(row_neighbour(OTHER, &n));
    assert_int_not_equal(n.verdict, OF_PARENT);
}

static void test_OF0_07(void **state)
{
    struct rpl_wire_message dio = dio_of(128);

    (void)state;
    assert_true(of_supported(OF_OCP_OF0));
    dio.u.dio.config.min_hop_rank_increase = 128;
    rpl_wire_config_pack(&dio.u.dio.config);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    assert_int_equal(row_instance().ocp, 0);
    assert_int_equal(row_instance().rank, 256);                             /* one step of 128 */
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 256); /* a router */
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(OF0, 01, "R(N) = R(P) + (Rf x Sp + Sr) x MinHopRankIncrease"),
        ROW(OF0, 02, "a step is 1 to 9, never stretched by itself"),
        ROW(OF0, 03, "a metric container does not move the Rank"),
        ROW(OF0, 04, "the step follows ETX"),
        ROW(OF0, 05, "the order of the criteria"),
        ROW(OF0, 06, "a backup is not deeper than we are"),
        ROW(OF0, 07, "offered by every router"),
    };

    return ROWS_RUN(rows);
}
