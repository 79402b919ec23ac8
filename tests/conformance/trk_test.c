/* SPDX-License-Identifier: ISC */
/* Section 2: Trickle. */
#include "tests/conformance/doctor.h"
#include "tests/conformance/row.h"

#include "trickle/trickle.h"

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* Calm down: the interval of the engine grows to its largest. */
static void settle(void)
{
    row_run(RPL_S(3600));
    assert_true(row_instance().trickle_interval > RPL_MS(4096));
    rig.sent_count = 0;
}

static bool fast(void)
{
    return row_instance().trickle_interval == RPL_MS(4096);
}

static void test_TRK_01(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct trickle tr;

    (void)state;
    for (size_t i = 0; i < row_table_size("trickle"); i++) {
        unsigned min = (unsigned)row_table("trickle", i, "int_min");
        unsigned doublings = (unsigned)row_table("trickle", i, "doublings");
        assert_int_equal(trickle_init(&tr, min, doublings, 7), 0);
        assert_int_equal(tr.imin, RPL_MS(row_table("trickle", i, "imin_ms")));
        assert_int_equal(tr.imax, RPL_MS(row_table("trickle", i, "imax_ms")));
        assert_int_equal(tr.k, 7);
    }
    dio.u.dio.config.interval_min = 9;
    dio.u.dio.config.interval_doublings = 2;
    dio.u.dio.config.redundancy = 3;
    rpl_wire_config_pack(&dio.u.dio.config);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    assert_int_equal(row_instance().trickle_k, 3);
    row_run(RPL_S(60));
    assert_int_equal(row_instance().trickle_interval, RPL_MS(512 * 4));
}

static void test_TRK_02(void **state)
{
    uint64_t seed = 1;
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 12, 8, 0), 0);
    for (int i = 0; i < 100000; i++) {
        trickle_start(&tr, 1000, next_random(&seed));
        assert_int_equal(tr.interval, RPL_MS(4096));
        assert_int_equal(tr.c, 0);
        assert_true(tr.t >= 1000 + tr.interval / 2 && tr.t < 1000 + tr.interval);
    }
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    assert_true(fast()); /* the first interval after joining is Imin */
}

static void test_TRK_03(void **state)
{
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 0, 0), 0);
    trickle_start(&tr, 0, 1);
    for (int i = 0; i < 50; i++)
        trickle_consistent(&tr);
    assert_int_equal(trickle_timeout(&tr, tr.t, 1), TRICKLE_TRANSMIT);
    assert_int_equal(trickle_init(&tr, 3, 0, 1), 0);
    trickle_start(&tr, 0, 1);
    trickle_consistent(&tr);
    assert_int_equal(trickle_timeout(&tr, tr.t, 1), TRICKLE_SUPPRESSED);
    trickle_start(&tr, 0, 1);
    assert_int_equal(trickle_timeout(&tr, tr.t, 1), TRICKLE_TRANSMIT);
}

static void test_TRK_04(void **state)
{
    static const uint64_t ms[] = {8, 16, 32, 64, 64, 64};
    struct trickle tr;
    uint64_t begin = 0;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 3, 0), 0);
    trickle_start(&tr, 0, 7);
    for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
        assert_int_equal(tr.interval, RPL_MS(ms[i]));
        assert_int_equal(tr.start, begin);
        assert_int_equal(trickle_timeout(&tr, trickle_deadline(&tr), i), TRICKLE_TRANSMIT);
        begin += tr.interval;
        assert_int_equal(trickle_deadline(&tr), begin);
        assert_int_equal(trickle_timeout(&tr, begin, i), TRICKLE_NOTHING);
    }
}

static void test_TRK_05(void **state)
{
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 3, 0), 0);
    trickle_start(&tr, 0, 7);
    assert_false(trickle_reset(&tr, 1, 7)); /* I is Imin already */
    assert_int_equal(tr.start, 0);
    /* A hundred reset events within one smallest interval bring one DIO. */
    row_root(RPL_MOP_STORING);
    settle();
    for (int i = 0; i < 100; i++)
        row_dis(CHILD, true, NULL);
    row_run(RPL_MS(4096));
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, 0), 1);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), 1);
}

static void test_TRK_06(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 512);
    uint32_t before;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING); /* Rank 512 */
    before = row_instance().trickle_c;
    row_shout(OTHER, &dio); /* as deep as we are */
    dio.u.dio.rank = 768;
    row_shout(OTHER, &dio);
    assert_int_equal(row_instance().trickle_c, before);
    dio.u.dio.rank = 511; /* lesser DAGRank */
    row_shout(OTHER, &dio);
    assert_int_equal(row_instance().trickle_c, before + 1);
    dio.u.dio.version = 239; /* another version */
    row_shout(OTHER, &dio);
    assert_int_equal(row_instance().trickle_c, before + 1);
    /* A root has nobody above it. */
    row_root(RPL_MOP_NON_STORING);
    dio.u.dio.version = 240;
    dio.u.dio.dodag_id = rig_global(1);
    dio.u.dio.rank = 512;
    row_shout(OTHER, &dio);
    assert_int_equal(row_instance().trickle_c, 0);
}

static void test_TRK_07(void **state)
{
    struct rpl_wire_solicited s = {.match_instance = true, .match_version = true, .version = 240};
    struct rpl_event error = {.type = RPL_EVENT_FORWARD_ERROR,
                              .u.forward_error.kind = RPL_FORWARD_RANK};
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    settle();
    rig_input(&rig, &error); /* inconsistency on the data path */
    assert_true(fast());
    settle();
    row_dis(CHILD, true, NULL);
    assert_true(fast());
    settle();
    row_dis(CHILD, true, &s);
    assert_true(fast());
    settle();
    s.version = 241;
    row_dis(CHILD, true, &s);
    assert_false(fast());
    dio.u.dio.version = 241; /* a new version is joined */
    row_hear(ROOT, &dio);
    assert_int_equal(row_instance().version, 241);
    assert_true(fast());
}

static void test_TRK_08(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_addr from = rig_ll(ROOT);
    uint32_t c;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    settle();
    row_dis(CHILD, false, NULL);
    assert_false(fast());
    c = row_instance().trickle_c;
    rig_receive(&rig, &from, &rig.link_local, &dio);
    assert_int_equal(row_instance().trickle_c, c);
    assert_false(fast());
}

static void test_TRK_09(void **state)
{
    struct rpl_wire_message msg;
    struct trickle tr;
    struct vector v;

    (void)state;
    assert_int_equal(trickle_init(&tr, 24, 7, 0), 0);
    assert_int_equal(tr.imax, RPL_MS(1ull << 31));
    assert_int_equal(trickle_init(&tr, 25, 0, 0), -1);
    assert_int_equal(trickle_init(&tr, 24, 8, 0), -1);
    assert_int_equal(trickle_init(&tr, 255, 255, 0), -1);
    row_vector("N17", &v);
    assert_int_equal(vector_read(&v, &msg), -RPL_COUNT_DROP_CONFIG_INVALID);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].dodag.dio_interval_min = 25;
    assert_non_null(rpl_config_check(&rig.config));
    rig.config.instance[0].dodag.dio_interval_min = 12;
    rig.config.instance[0].dodag.dio_interval_doublings = 20;
    assert_non_null(rpl_config_check(&rig.config));
    /* Each interval that fits is fine on a wire; the RFC's own 8 ms is warned of on 802.15.4. */
    for (uint8_t min = 3; min <= 12; min = (uint8_t)(min + 9)) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
        rig.config.instance[0].dodag.dio_interval_min = min;
        row_start();
        rig_run(&rig, RPL_S(1));
        assert_int_equal(doctor_warns("Trickle of instance 0", true), min == 3);
        assert_false(doctor_has("Trickle of instance 0", false));
        row_stop(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(TRK, 01, "Imin, Imax and k come from the Configuration"),
        ROW(TRK, 02, "begins at Imin, t in the second half"),
        ROW(TRK, 03, "transmits only while c < k, always with k = 0"),
        ROW(TRK, 04, "the interval doubles up to Imax"),
        ROW(TRK, 05, "a reset begins anew unless I is Imin"),
        ROW(TRK, 06, "only a multicast DIO from above is consistent"),
        ROW(TRK, 07, "what resets"),
        ROW(TRK, 08, "a unicast DIS or DIO neither resets nor counts"),
        ROW(TRK, 09, "exponents that no clock can hold are refused"),
    };

    return ROWS_RUN(rows);
}
