/* SPDX-License-Identifier: ISC */
/* Section 9: DIS. */
#include "tests/conformance/row.h"

static void calm(void)
{
    row_run(RPL_S(3600));
    rig.sent_count = 0;
}

/* A root of instances 0 and 7, each with a prefix of its own. */
static void two_instances(void)
{
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance_count = 2;
    rig.config.instance[1] = rig.config.instance[0];
    rig.config.instance[1].id = 7;
    rig.config.instance[1].prefix.b[1] = 2;
    row_start();
}

static struct rpl_view_instance second(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

static void test_DIS_01(void **state)
{
    (void)state;
    two_instances();
    calm();
    row_dis(CHILD, true, NULL);
    assert_int_equal(row_instance().trickle_interval, RPL_MS(4096));
    assert_int_equal(second().trickle_interval, RPL_MS(4096));
}

/* What the four settings of each predicate do, right and off by one. */
static const struct {
    bool v, i, d;
    uint8_t version, instance, last;
    bool match;
} predicates[] = {
    {true, true, true, 240, 0, 1, true},    {true, false, false, 240, 9, 9, true},
    {false, true, false, 9, 0, 9, true},    {false, false, true, 9, 9, 1, true},
    {false, false, false, 9, 9, 9, true},   {true, true, true, 241, 0, 1, false},
    {true, true, true, 240, 1, 1, false},   {true, true, true, 240, 0, 2, false},
    {true, false, false, 239, 0, 1, false}, {false, true, false, 240, 1, 1, false},
    {false, false, true, 240, 0, 2, false},
};
#define PREDICATES (sizeof(predicates) / sizeof(predicates[0]))

static struct rpl_wire_solicited solicited(size_t at)
{
    struct rpl_wire_solicited s = {.match_version = predicates[at].v,
                                   .match_instance = predicates[at].i,
                                   .match_dodag = predicates[at].d,
                                   .version = predicates[at].version,
                                   .instance = predicates[at].instance,
                                   .dodag_id = rig_global(predicates[at].last)};
    return s;
}

static void test_DIS_02(void **state)
{
    (void)state;
    for (size_t i = 0; i < PREDICATES; i++) {
        struct rpl_wire_solicited s = solicited(i);
        row_root(RPL_MOP_STORING);
        calm();
        row_dis(CHILD, true, &s);
        assert_int_equal(row_instance().trickle_interval == RPL_MS(4096), predicates[i].match);
    }
}

static void test_DIS_03(void **state)
{
    (void)state;
    for (size_t i = 0; i < PREDICATES; i++) {
        struct rpl_wire_solicited s = solicited(i);
        row_root(RPL_MOP_NON_STORING);
        calm();
        row_dis(CHILD, false, &s);
        assert_int_equal(row_sent_to(RPL_CODE_DIO, CHILD, 0), predicates[i].match);
        assert_int_equal(rig.sent_count, predicates[i].match);
        if (predicates[i].match)
            assert_true(rig.sent[0].msg.u.dio.has_config);
        assert_true(row_instance().trickle_interval > RPL_MS(4096));
    }
    /* A leaf answers with INFINITE_RANK. */
    row_joined(RPL_ROLE_LEAF, RPL_MOP_NON_STORING);
    row_run(RPL_S(5));
    row_dis(CHILD, false, NULL);
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_non_null(s);
    assert_int_equal(s->msg.u.dio.rank, 0xffff);
    assert_true(s->msg.u.dio.has_config);
}

static void test_DIS_04(void **state)
{
    (void)state;
    two_instances();
    calm();
    row_dis(CHILD, false, NULL);
    assert_int_equal(rig.sent_count, 2);
    assert_int_equal(rig.sent[0].msg.u.dio.instance, 0);
    assert_int_equal(rig.sent[1].msg.u.dio.instance, 7);
    struct rpl_wire_solicited s = {.match_instance = true, .instance = 7};
    row_dis(CHILD, false, &s);
    assert_int_equal(rig.sent_count, 3);
    assert_int_equal(rig.sent[2].msg.u.dio.instance, 7);
    row_run(RPL_S(3600));
    s.match_dodag = true; /* the other one's DODAGID: nobody is meant */
    s.dodag_id = row_instance().dodag_id;
    rig.sent_count = 0;
    row_dis(CHILD, false, &s);
    assert_int_equal(rig.sent_count, 0);
}

static void test_DIS_05(void **state)
{
    size_t other;

    (void)state;
    row_root(RPL_MOP_STORING);
    calm();
    for (int second = 0; second < 20; second++) {
        for (int i = 0; i < 100; i++) {
            row_dis(CHILD, false, NULL);
            rig_run(&rig, RPL_MS(10));
        }
    }
    assert_true(rig_count(&rig, RPL_CODE_DIO, 0) >= 20);
    assert_true(rig_count(&rig, RPL_CODE_DIO, 0) <= 40);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_RATE) >= 1900);
    /* Somebody else is answered all the same. */
    other = rig.sent_count;
    row_dis(OTHER, false, NULL);
    assert_int_equal(row_sent_to(RPL_CODE_DIO, OTHER, other), 1);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(DIS, 01, "a bare multicast DIS resets every DODAG"),
        ROW(DIS, 02, "every predicate whose flag is set must match"),
        ROW(DIS, 03, "a matching unicast DIS gets a whole DIO, no reset"),
        ROW(DIS, 04, "one answer for each DODAG"),
        ROW(DIS, 05, "answers to one neighbour are limited"),
    };

    return ROWS_RUN(rows);
}
