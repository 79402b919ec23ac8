/* SPDX-License-Identifier: ISC */
/* Section 13: sequence counters, DTSN, lifetimes. */
#include "tests/conformance/row.h"

static const struct rig_sent *last_dao(size_t mark)
{
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, mark);

    assert_non_null(s);
    return s;
}

static void test_SEQ_01(void **state)
{
    (void)state;
    row_root(RPL_MOP_STORING);
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.version, 240);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.dtsn, 240);
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(2));
    assert_int_equal(last_dao(0)->msg.u.dao.sequence, 240);
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, 240);
}

static void test_SEQ_02(void **state)
{
    (void)state;
    for (size_t i = 0; i < row_table_size("lollipop_inc"); i++)
        assert_int_equal(rpl_lollipop_increment((uint8_t)row_table("lollipop_inc", i, "a")),
                         (uint8_t)row_table("lollipop_inc", i, "next"));
    for (unsigned a = 0; a < 256; a++)
        assert_int_equal(rpl_lollipop_compare(rpl_lollipop_increment((uint8_t)a), (uint8_t)a),
                         RPL_NEWER);
}

/* The rows of the table whose two counters are on this side of the wrap. */
static size_t compare_table(bool mixed)
{
    static const struct {
        const char *name;
        enum rpl_order order;
    } words[] = {
        {"lt", RPL_OLDER}, {"gt", RPL_NEWER}, {"eq", RPL_EQUAL}, {"nc", RPL_NOT_COMPARABLE}};
    size_t seen = 0;

    for (size_t i = 0; i < row_table_size("lollipop_cmp"); i++) {
        uint8_t a = (uint8_t)row_table("lollipop_cmp", i, "a");
        uint8_t b = (uint8_t)row_table("lollipop_cmp", i, "b");
        const char *word = row_table_text("lollipop_cmp", i, "cmp");
        if ((a < 128) == (b < 128) && mixed)
            continue;
        for (size_t k = 0; k < 4; k++)
            if (strcmp(words[k].name, word) == 0) {
                assert_int_equal(rpl_lollipop_compare(a, b), words[k].order);
                seen++;
            }
    }
    return seen;
}

static void test_SEQ_03(void **state)
{
    (void)state;
    assert_true(compare_table(true) > 5);
    for (unsigned a = 128; a < 256; a++)
        for (unsigned b = 0; b < 128; b++) {
            bool less = 256 + b - a <= 16;
            assert_int_equal(rpl_lollipop_compare((uint8_t)a, (uint8_t)b),
                             less ? RPL_OLDER : RPL_NEWER);
            assert_int_equal(rpl_lollipop_compare((uint8_t)b, (uint8_t)a),
                             less ? RPL_NEWER : RPL_OLDER);
        }
}

static void test_SEQ_04(void **state)
{
    (void)state;
    assert_int_equal(compare_table(false), row_table_size("lollipop_cmp"));
    assert_int_equal(rpl_lollipop_compare(127, 0), RPL_OLDER);
    assert_int_equal(rpl_lollipop_compare(0, 17), RPL_NOT_COMPARABLE);
    assert_int_equal(rpl_lollipop_compare(255, 128), RPL_NOT_COMPARABLE);
    for (unsigned a = 0; a < 128; a++)
        for (unsigned step = 1; step < 112; step++)
            assert_int_equal(rpl_lollipop_compare((uint8_t)((a + step) % 128), (uint8_t)a),
                             step <= 16 ? RPL_NEWER : RPL_NOT_COMPARABLE);
}

static void test_SEQ_05(void **state)
{
    struct rpl_view_node v;

    (void)state;
    row_root(RPL_MOP_STORING);
    row_storing(2, 2, 1, 10, 30);
    row_storing(2, 2, 2, 11, 30);
    row_storing(2, 2, 3, 60, 30); /* not comparable with 11: the stored one is held */
    assert_true(row_node(2, &v));
    assert_int_equal(v.path_sequence, 11);
    row_storing(2, 2, 4, 61, 30); /* the same sender goes on so: it began anew */
    assert_true(row_node(2, &v));
    assert_int_equal(v.path_sequence, 61);
}

static void test_SEQ_06(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    struct rpl_event repair = {.type = RPL_EVENT_COMMAND,
                               .u.command.command = RPL_COMMAND_GLOBAL_REPAIR};

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    assert_true(rig_input(&rig, &repair) < 0);
    row_run(RPL_S(600));
    dio.u.dio.rank = 0xffff;
    row_hear(ROOT, &dio);
    row_run(RPL_S(60));
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_int_equal(rig.sent[i].msg.u.dio.version, 240);
    row_root(RPL_MOP_STORING);
    assert_int_equal(rig_input(&rig, &repair), 0);
    assert_int_equal(row_instance().version, 241);
}

static void test_SEQ_07(void **state)
{
    uint8_t last = 0;
    size_t daos = 0;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(2));
    for (unsigned n = 100; n < 110; n++) {
        row_storing(n, n, 1, 5, 30);
        row_run(RPL_S(3));
    }
    for (size_t i = 0; i < rig.sent_count; i++) {
        if (rig.sent[i].msg.code != RPL_CODE_DAO)
            continue;
        if (daos++ > 0)
            assert_int_equal(rig.sent[i].msg.u.dao.sequence, rpl_lollipop_increment(last));
        last = rig.sent[i].msg.u.dao.sequence;
    }
    assert_int_equal(daos, 11);
}

/* Two told of a way to a node below them, and one takes it back as the node has moved: what the
 * other said is no younger for that, and must not pass for the node's new way further up. */
static void no_path_of_another_way(void)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    struct rpl_addr target = rig_global(0x77);
    struct rpl_view_node node;

    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(200));
    row_storing(CHILD, 0x77, 1, 8, 30);
    row_storing(CHILD, 0x77, 2, 9, 30);
    row_storing(THIRD, 0x77, 1, 9, 30);
    row_storing(CHILD, 0x77, 3, 11, 0);
    assert_true(row_node(0x77, &node));
    assert_int_equal(node.path_sequence, 9);
    row_run(RPL_S(5));
    rig.sent_count = 0;
    dio.u.dio.dtsn++;
    row_alive(ROOT, &dio);
    row_shout(ROOT, &dio);
    row_run(RPL_S(5));
    const struct rpl_wire_dao *dao = &last_dao(0)->msg.u.dao;
    unsigned told = 0;
    for (uint8_t i = 0; i < dao->target_count; i++) {
        if (!rpl_addr_equal(&dao->target[i].prefix, &target))
            continue;
        told++;
        assert_int_equal(dao->transit[i].path_sequence, 9);
    }
    assert_int_equal(told, 1);
    row_storing(THIRD, 0x77, 2, 11, 0); /* the last way: this is told with its own */
    rig.sent_count = 0;
    row_run(RPL_S(5));
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, 11);
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_lifetime, 0);
}

static void test_SEQ_08(void **state)
{
    struct rpl_wire_message near = row_dio(RPL_MOP_STORING, 256);
    uint8_t own;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(2));
    own = last_dao(0)->msg.u.dao.transit[0].path_sequence;
    row_storing(CHILD, CHILD, 1, 77, 30);
    row_run(RPL_S(2));
    const struct rpl_wire_dao *dao = &last_dao(0)->msg.u.dao; /* the child's, as it came */
    assert_int_equal(dao->target_count, 1);
    assert_int_equal(dao->transit[0].path_sequence, 77);
    row_storing(CHILD, CHILD, 2, 78, 0);
    row_run(RPL_S(2));
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, 78);
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_lifetime, 0);
    /* A refresh, and a new parent, of our own. */
    rig.sent_count = 0;
    row_run(RPL_S(1360)); /* 3/4 of half an hour */
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, own + 1);
    near.u.dio.rank = 0xffff;
    row_shout(ROOT, &near);
    row_alive(ROOT, NULL);
    near.u.dio.rank = 256;
    rig.sent_count = 0;
    row_hear(OTHER, &near);
    row_run(RPL_S(5));
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, own + 2);
    no_path_of_another_way();
}

static void test_SEQ_09(void **state)
{
    (void)state;
    for (int mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        struct rpl_wire_message dio = row_dio((enum rpl_mop)mop, 256);
        uint8_t dtsn;
        row_joined(RPL_ROLE_ROUTER, (enum rpl_mop)mop);
        row_run(RPL_S(200)); /* it has asked those of before */
        dtsn = row_instance().dtsn;
        rig.sent_count = 0;
        dio.u.dio.dtsn = 241;
        row_alive(ROOT, &dio);
        row_shout(ROOT, &dio);
        row_run(RPL_S(3));
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
        if (mop == RPL_MOP_NON_STORING)
            assert_int_equal(row_instance().dtsn, dtsn + 1);
        else
            assert_int_equal(row_instance().dtsn, dtsn); /* nobody is below */
    }
    /* In storing mode it goes on to those below, within the distance of two steps. */
    row_storing(CHILD, CHILD, 1, 5, 30);
    uint8_t before = row_instance().dtsn;
    for (uint8_t step = 242; step < 246; step++) {
        struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
        dio.u.dio.dtsn = step;
        row_alive(ROOT, &dio);
        row_shout(ROOT, &dio);
        row_run(RPL_S(10));
        assert_int_equal(row_instance().dtsn, before + 1);
    }
    row_run(RPL_S(60));
    assert_int_equal(row_instance().dtsn, before + 2);
}

static void test_SEQ_10(void **state)
{
    static const struct {
        uint8_t dtsn;
        bool asks;
    } steps[] = {{0, true}, {0, false}, {5, true}, {4, false}, {6, true}};
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);

    (void)state;
    dio.u.dio.dtsn = 255;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        rig.sent_count = 0;
        dio.u.dio.dtsn = steps[i].dtsn;
        row_alive(ROOT, &dio);
        row_shout(ROOT, &dio);
        row_run(RPL_S(3));
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), steps[i].asks);
        if (steps[i].dtsn == 4) { /* the one out of order is forgotten again */
            dio.u.dio.dtsn = 5;
            row_alive(ROOT, &dio);
        }
    }
    /* The DTSN of somebody else does not matter. */
    rig.sent_count = 0;
    dio.u.dio.dtsn = 99;
    row_shout(OTHER, &dio);
    row_run(RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
    /* One that begins anew has forgotten what it was told; one out of order has not. */
    for (uint8_t dtsn = 248; dtsn >= 240; dtsn = (uint8_t)(dtsn - 4)) {
        dio.u.dio.dtsn = dtsn;
        if (dtsn == 248) {
            row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
            row_start();
            row_hear(ROOT, &dio);
            row_run(RPL_S(5));
        }
        rig.sent_count = 0;
        row_alive(ROOT, &dio);
        row_shout(ROOT, &dio);
        row_run(RPL_S(10));
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), dtsn == 240);
    }
}

static void test_SEQ_11(void **state)
{
    struct rpl_view_node v;

    (void)state;
    for (size_t i = 0; i < row_table_size("path_lifetime"); i++) {
        double seconds = row_table("path_lifetime", i, "seconds");
        row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.instance[0].dodag.lifetime_unit_s =
            (uint16_t)row_table("path_lifetime", i, "unit");
        row_start();
        row_storing(2, 2, 1, 5, (uint8_t)row_table("path_lifetime", i, "lifetime"));
        assert_int_equal(row_node(2, &v), seconds != 0);
        if (seconds > 0)
            assert_int_equal(v.lifetime, RPL_S(seconds));
        else if (seconds < 0)
            assert_true(v.lifetime == RPL_NEVER);
    }
    row_root(RPL_MOP_STORING);
    row_storing(2, 2, 1, 10, 2);
    row_storing(2, 2, 2, 11, 2);
    rig_run(&rig, RPL_S(100));
    row_storing(2, 2, 3, 11, 2); /* the same sequence: no new lifetime */
    rig_run(&rig, RPL_S(19));
    assert_true(row_node(2, &v));
    rig_run(&rig, RPL_S(2));
    assert_false(row_node(2, &v));
}

static void test_SEQ_12(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    rpl_tstamp first, spread = 0, before = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.seed = seed;
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(3));
        first = last_dao(0)->at;
        assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_lifetime, 30);
        rig.sent_count = 0;
        row_run(RPL_S(1400));
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
        rpl_duration waited = last_dao(0)->at - first;
        assert_in_range(waited, RPL_S(900), RPL_S(1352));
        spread |= before && waited != before;
        before = waited;
    }
    assert_true(spread);                   /* with jitter */
    dio.u.dio.config.default_lifetime = 0; /* would be a No-Path */
    rpl_wire_config_pack(&dio.u.dio.config);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    assert_true(last_dao(0)->msg.u.dao.transit[0].path_lifetime > 0);
    rig.config.instance[0].path_lifetime = 7;
    struct rpl_config config = rig.config;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0] = config.instance[0];
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_lifetime, 7);
}

static void test_SEQ_13(void **state)
{
    struct rpl_event repair = {.type = RPL_EVENT_COMMAND,
                               .u.command.command = RPL_COMMAND_GLOBAL_REPAIR};
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_stored stored;

    (void)state;
    row_root(RPL_MOP_STORING);
    for (int i = 0; i < 20; i++)
        rig_input(&rig, &repair);
    stored = rig.stored;
    assert_int_equal(stored.version, 4); /* over the wrap */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.stored[0] = stored;
    row_start();
    rig_run(&rig, RPL_S(5));
    const struct rpl_wire_dio *d = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
    assert_int_equal(d->version, 4);
    assert_int_equal(rpl_lollipop_compare(d->dtsn, stored.dtsn), RPL_NEWER);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.stored[0] = (struct rpl_stored){
        .valid = true, .dodag_id = rig_global(ROOT), .dao_sequence = 12, .path_sequence = 34};
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(2));
    assert_int_equal(last_dao(0)->msg.u.dao.sequence, 13);
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, 35);
    assert_int_equal(rig.stored.dao_sequence, 13);
    assert_int_equal(rig.stored.path_sequence, 35);
}

static void stuck_source(void)
{
    struct rpl_view_node v;

    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 0, 2);
    row_source(3, 1, 1, 0, 200);
    rig_run(&rig, RPL_S(100));
    row_source(2, 1, 2, 0, 2); /* refreshed by its arrival */
    rig_run(&rig, RPL_S(100));
    assert_true(row_node(2, &v));
    row_source(2, 3, 3, 0, 2); /* its Transits replace the parent list */
    assert_true(row_node(2, &v));
    assert_int_equal(v.parent_count, 1);
    assert_int_equal(v.hops, 2);
}

static void test_SEQ_14(void **state)
{
    struct rpl_view_node v;

    (void)state;
    row_root(RPL_MOP_STORING);
    row_storing(2, 5, 240, 0, 2);
    rig_run(&rig, RPL_S(100));
    row_storing(2, 5, 241, 0, 2); /* a refresh after half a lifetime keeps it */
    rig_run(&rig, RPL_S(100));
    assert_true(row_reaches(5, 2));
    row_storing(3, 5, 240, 0, 2);
    assert_true(row_reaches(5, 3)); /* who began to announce it most recently */
    row_storing(2, 5, 242, 0, 2);
    assert_true(row_reaches(5, 3)); /* the old parent goes on: no flapping */
    row_storing(5, 5, 240, 0, 2);
    row_storing(3, 5, 243, 0, 2);
    assert_true(row_reaches(5, 5)); /* its own link-local beats all */
    assert_true(row_node(5, &v));
    assert_true(v.stuck);
    row_storing(5, 5, 241, 1, 2); /* it moves after all: from now on order counts */
    assert_true(row_node(5, &v));
    assert_false(v.stuck);
    row_storing(3, 5, 244, 0, 2);
    assert_true(row_reaches(5, 5));
    assert_true(rig_counter(&rig, RPL_COUNT_REFUSED_OLD) > 0);
    stuck_source();
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(SEQ, 01, "counters start at 240"),
        ROW(SEQ, 02, "the increment wraps at 255 and 127"),
        ROW(SEQ, 03, "comparison over the wrap"),
        ROW(SEQ, 04, "comparison within a half"),
        ROW(SEQ, 05, "not comparable: hold, until the sender goes on so"),
        ROW(SEQ, 06, "only the root moves the version"),
        ROW(SEQ, 07, "each new DAO has the next DAOSequence"),
        ROW(SEQ, 08, "the Path Sequence is its target's own"),
        ROW(SEQ, 09, "a DTSN step of the parent brings a DAO"),
        ROW(SEQ, 10, "DTSN is compared per sender, in lollipop order"),
        ROW(SEQ, 11, "lifetimes run from the first sight of a sequence"),
        ROW(SEQ, 12, "own targets are refreshed in time, with jitter"),
        ROW(SEQ, 13, "counters survive a restart"),
        ROW(SEQ, 14, "a stuck sequence is judged by arrival"),
    };

    return ROWS_RUN(rows);
}
