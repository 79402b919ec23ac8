/* SPDX-License-Identifier: ISC */
/* Section 15: repair, poisoning, preference. */
#include "tests/conformance/row.h"

static struct rpl_wire_message dio_of(unsigned root, uint16_t rank)
{
    struct rpl_addr id = rig_global(root);

    return rig_dio(RPL_MOP_NON_STORING, rank, &id);
}

static void router(void)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
}

static void command(enum rpl_command which)
{
    struct rpl_event ev = {.type = RPL_EVENT_COMMAND, .u.command.command = which};

    assert_int_equal(rig_input(&rig, &ev), 0);
}

static void test_REP_01(void **state)
{
    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.stored[0] =
        (struct rpl_stored){.valid = true, .dodag_id = rig_global(1), .version = 5, .dtsn = 240};
    row_start();
    rig_run(&rig, RPL_S(3600));
    rig.sent_count = 0;
    command(RPL_COMMAND_GLOBAL_REPAIR);
    assert_int_equal(row_instance().version, 6);
    assert_int_equal(rig.stored.version, 6); /* and it will be after a restart */
    rig_run(&rig, RPL_MS(4096));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.version, 6);
    for (int i = 0; i < 122; i++)
        command(RPL_COMMAND_GLOBAL_REPAIR);
    assert_int_equal(row_instance().version, 0); /* 127, then 0 */
}

static void test_REP_02(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256), deep = dio_of(ROOT, 4000);
    struct rpl_view_neighbour n;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(5));
    deep.u.dio.version = 241;
    row_hear(OTHER, &deep);
    assert_true(row_parent_is(OTHER)); /* at any Rank */
    assert_int_equal(row_instance().version, 241);
    assert_true(row_neighbour(ROOT, &n));
    assert_false(n.preferred);
    dio.u.dio.version = 241; /* the old parent comes after: better */
    row_hear(ROOT, &dio);
    assert_true(row_parent_is(ROOT));
    assert_int_equal(row_instance().rank, 512);
}

static void test_REP_03(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 0xffff);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(5));
    row_alive(ROOT, NULL);
    rig.sent_count = 0;
    row_shout(ROOT, &dio);
    row_run(RPL_S(2));
    assert_int_equal(row_sent_to(RPL_CODE_DIO, 0, 0), 3); /* a burst */
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_int_equal(rig.sent[i].msg.u.dio.rank, 0xffff);
    dio.u.dio.rank = 300;
    row_hear(ROOT, &dio);
    rig.sent_count = 0;
    row_run(RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 556);
}

/* The node floats: G=0, its own address as DODAGID, the lowest preference, at once; it takes
 * children in, and goes home when it hears a grounded DODAG. */
static void test_REP_04(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256), poison = dio_of(ROOT, 0xffff);
    struct rpl_addr own = rig_global(1), child = rig_ll(CHILD), target = rig_global(CHILD);

    (void)state;
    for (int mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        row_begin(RPL_ROLE_ROUTER, (enum rpl_mop)mop);
        rig.config.instance[0].floating = true;
        row_start();
        dio.u.dio.mop = poison.u.dio.mop = (uint8_t)mop;
        dio.u.dio.preference = poison.u.dio.preference = 3;
        row_hear(ROOT, &dio);
        row_alive(ROOT, &dio);
        row_run(RPL_S(10));
        row_alive(ROOT, NULL);
        rig.sent_count = 0;
        row_shout(ROOT, &poison);
        const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, 0);
        assert_non_null(s); /* at once, and no poison */
        assert_memory_equal(&s->msg.u.dio.dodag_id, &own, 16);
        assert_false(s->msg.u.dio.grounded);
        assert_int_equal(s->msg.u.dio.preference, 0);
        assert_int_equal(s->msg.u.dio.rank, 256);
        assert_true(row_instance().joined);
        assert_false(row_instance().has_parent);
        /* A child that followed is reached. */
        struct rpl_wire_message dao = mop == RPL_MOP_STORING ? rig_dao(240, &target, 240, 30, NULL)
                                                             : rig_dao(240, &target, 240, 30, &own);
        struct rpl_view_node node;
        rig_receive(&rig, mop == RPL_MOP_STORING ? &child : &target,
                    mop == RPL_MOP_STORING ? &rig.link_local : &own, &dao);
        assert_true(rpl_view_node(rig.engine, &target, rig.now, &node));
        assert_true(node.reachable);
        /* Nobody who drifts as well, nor a child of ours, is worth more. */
        struct rpl_wire_message other = dio_of(OTHER, 256), below = dio_of(1, 512);
        other.u.dio.grounded = below.u.dio.grounded = false;
        other.u.dio.mop = below.u.dio.mop = (uint8_t)mop;
        row_hear(OTHER, &other);
        row_hear(CHILD, &below);
        assert_false(row_instance().has_parent);
        row_hear(ROOT, &dio);
        assert_true(row_parent_is(ROOT));
        assert_true(row_instance().grounded);
        assert_int_equal(row_instance().rank, 512);
        row_stop(NULL);
    }
}

static void test_REP_05(void **state)
{
    struct rpl_wire_message poison = dio_of(ROOT, 0xffff);

    (void)state;
    for (int poisons = 0; poisons < 2; poisons++) {
        struct rpl_wire_message dio = dio_of(ROOT, 256);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].poison = poisons;
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(5));
        row_alive(ROOT, NULL);
        rig.sent_count = 0;
        row_shout(ROOT, &poison);
        row_run(RPL_S(5));
        assert_int_equal(row_sent_to(RPL_CODE_DIO, 0, 0) > 0, poisons);
        assert_true(row_sent_to(RPL_CODE_DIS, 0, 0) > 0); /* and ask around */
    }
    /* Floating, for a limited time. */
    struct rpl_wire_message home = dio_of(ROOT, 256);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].floating = true;
    rig.config.instance[0].floating_s = 60;
    row_start();
    row_hear(ROOT, &home);
    row_run(RPL_S(5));
    row_shout(ROOT, &poison);
    assert_true(row_instance().joined);
    rig_run(&rig, RPL_S(59));
    assert_true(row_instance().joined);
    rig.sent_count = 0;
    rig_run(&rig, RPL_S(2));
    assert_false(row_instance().joined);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 0xffff);
    row_stop(NULL);
    /* Local repair at an operator's word. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(5));
    command(RPL_COMMAND_LOCAL_REPAIR);
    assert_false(row_instance().joined);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_LOCAL_REPAIR), 1);
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    row_hear(ROOT, &dio);
    assert_true(row_parent_is(ROOT));
}

static void test_REP_06(void **state)
{
    struct rpl_wire_message a = dio_of(ROOT, 256), spare = dio_of(ROOT, 400), b;

    (void)state;
    for (int another = 0; another < 2; another++) {
        router();
        row_hear(ROOT, &a);
        row_run(RPL_S(5));
        if (another)
            row_hear(OTHER, &spare);
        assert_true(row_parent_is(ROOT));
        b = dio_of(0x77, 512); /* our parent went to another DODAG */
        row_hear(ROOT, &b);
        assert_true(row_parent_is(another ? OTHER : ROOT)); /* follow as a last resort */
        assert_memory_equal(row_instance().dodag_id.b,
                            another ? a.u.dio.dodag_id.b : b.u.dio.dodag_id.b, 16);
    }
}

static void test_REP_07(void **state)
{
    static const struct {
        bool grounded_a, grounded_b;
        uint8_t preference_a, preference_b;
        uint16_t rank_a, rank_b;
        bool b;
    } rows[] = {
        {true, false, 0, 7, 2000, 256, false}, /* grounded before all */
        {false, true, 7, 0, 256, 2000, true},
        {true, true, 0, 1, 256, 2000, true}, /* then preference, 7 the best */
        {true, true, 7, 6, 2000, 256, false},
        {true, true, 3, 3, 2000, 256, false}, /* then where we are */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpl_wire_message a = dio_of(ROOT, rows[i].rank_a);
        struct rpl_wire_message b = dio_of(OTHER, rows[i].rank_b);
        a.u.dio.grounded = rows[i].grounded_a;
        b.u.dio.grounded = rows[i].grounded_b;
        a.u.dio.preference = rows[i].preference_a;
        b.u.dio.preference = rows[i].preference_b;
        router();
        row_hear(ROOT, &a);
        row_hear(OTHER, &b);
        row_run(RPL_S(5));
        assert_true(row_parent_is(rows[i].b ? OTHER : ROOT));
        assert_int_equal(row_instance().grounded,
                         rows[i].b ? rows[i].grounded_b : rows[i].grounded_a);
    }
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    assert_int_equal(rig.config.instance[0].preference, 0);
}

static void test_REP_08(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256), old = dio_of(ROOT, 256);

    (void)state;
    dio.u.dio.version = 241;
    router();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3600));
    rig.sent_count = 0;
    row_hear(OTHER, &old);
    assert_true(row_parent_is(ROOT));
    row_run(RPL_S(5));
    assert_true(row_sent_to(RPL_CODE_DIO, 0, 0) > 0); /* so that it learns */
    assert_int_equal(row_instance().version, 241);
}

static void test_REP_09(void **state)
{
    (void)state;
    for (int deep = 0; deep < 2; deep++) {
        struct rpl_wire_message a = dio_of(ROOT, 256), b = dio_of(OTHER, 256), c;
        a.u.dio.config.max_rank_increase = 768;
        rpl_wire_config_pack(&a.u.dio.config);
        b.u.dio.preference = 7;
        router();
        row_hear(ROOT, &a);
        row_run(RPL_S(5));
        assert_int_equal(row_instance().lowest_rank, 512);
        row_hear(OTHER, &b);
        assert_true(row_parent_is(OTHER)); /* the better DODAG; L begins anew there */
        row_run(RPL_S(5));
        row_alive(OTHER, NULL);
        row_alive(ROOT, NULL);
        b.u.dio.rank = a.u.dio.rank = 0xffff;
        row_shout(ROOT, &a);
        row_shout(OTHER, &b);
        assert_false(row_instance().joined);
        c = a; /* back to the first: 1280 is the most there */
        c.u.dio.rank = deep ? 1025 : 1024;
        row_hear(THIRD, &c);
        assert_int_equal(row_parent_is(THIRD), !deep);
        if (!deep)
            assert_int_equal(row_instance().lowest_rank, 512);
    }
}

static void test_REP_10(void **state)
{
    (void)state;
    for (int restored = 0; restored < 2; restored++) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.stored[0] = (struct rpl_stored){
            .valid = restored, .dodag_id = rig_global(1), .version = 7, .dtsn = 9};
        row_start();
        rig_run(&rig, RPL_MS(4096)); /* within Imin */
        const struct rpl_wire_dio *d = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
        assert_int_equal(d->version, restored ? 7 : 240);
        assert_int_equal(d->dtsn, restored ? 10 : 240);
    }
    /* State of another DODAG is no state. */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.stored[0] =
        (struct rpl_stored){.valid = true, .dodag_id = rig_global(2), .version = 7, .dtsn = 9};
    row_start();
    assert_int_equal(row_instance().version, 240);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(REP, 01, "global repair"),
        ROW(REP, 02, "moving to the next version"),
        ROW(REP, 03, "poisoning"),
        ROW(REP, 04, "a floating DODAG"),
        ROW(REP, 05, "what happens when the last parent goes"),
        ROW(REP, 06, "a parent that leaves the DODAG is not followed"),
        ROW(REP, 07, "grounded, preference, where we are"),
        ROW(REP, 08, "an older version has nothing to offer"),
        ROW(REP, 09, "a version visited before keeps its L"),
        ROW(REP, 10, "a root restarts"),
    };

    return ROWS_RUN(rows);
}
