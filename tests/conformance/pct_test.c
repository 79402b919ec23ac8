/* SPDX-License-Identifier: ISC */
/* Section 14: Path Control. */
#include "tests/conformance/row.h"

static const struct rpl_wire_transit *last_transit(void)
{
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, 0);

    assert_non_null(s);
    return &s->msg.u.dao.transit[0];
}

/* A router in a DODAG whose Configuration has this PCS, its own DAO done. */
static void router(uint8_t pcs)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);

    dio.u.dio.config.flags = pcs;
    rpl_wire_config_pack(&dio.u.dio.config);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
}

static void announce(unsigned from, unsigned target, uint8_t path_seq, uint8_t bits)
{
    struct rpl_addr src = rig_ll(from), t = rig_global(target);
    struct rpl_wire_message dao = rig_dao((uint8_t)(path_seq + from), &t, path_seq, 30, NULL);

    dao.u.dao.transit[0].path_control = bits;
    rig_receive(&rig, &src, &rig.link_local, &dao);
}

static void test_PCT_01(void **state)
{
    (void)state;
    for (size_t i = 0; i < row_table_size("path_control"); i++) {
        uint8_t pcs = (uint8_t)row_table("path_control", i, "pcs");
        uint8_t mask = (uint8_t)row_table("path_control", i, "active_mask");
        router(pcs);
        assert_int_equal(last_transit()->path_control & ~mask, 0);
        announce(CHILD, CHILD, 5, 0xff);
        row_run(RPL_S(3));
        assert_int_equal(last_transit()->path_control, mask); /* of what came only these */
    }
    /* At a non-storing root: PCS 0, so that 0x40 and less say nothing and 0x80 all. */
    struct rpl_addr src = rig_global(4), root = rig_global(1), first = rig_global(3);
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 2, 1, 5, 30);
    struct rpl_wire_message dao = rig_dao(1, &src, 5, 30, &first);
    dao.u.dao.transit_count = 2;
    dao.u.dao.transit[1] = dao.u.dao.transit[0];
    dao.u.dao.transit[1].parent = root;
    dao.u.dao.transit[0].path_control = 0x80; /* the longer way */
    dao.u.dao.transit[1].path_control = 0x40;
    rig_receive_on(&rig, 0, &src, &root, &dao);
    struct rpl_view_node v;
    assert_true(row_node(4, &v));
    assert_int_equal(v.hops, 3);
}

/* A router with four parents: 0x10 and 0x11 of equal preference, then 0x12, then 0x13. */
static void four_parents(enum rpl_mop mop, uint8_t pcs)
{
    static const uint16_t rank[] = {512, 512, 576, 700};

    row_begin(RPL_ROLE_ROUTER, mop);
    rig.config.instance[0].dao_parents = 4;
    row_start();
    for (unsigned i = 0; i < 4; i++) {
        struct rpl_wire_message dio = row_dio(mop, rank[i]);
        dio.u.dio.config.flags = pcs;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_hear(ROOT + i, &dio);
    }
    row_run(RPL_S(10));
}

/* The Path Control that |parent| was last told for |target|, 0: it was told nothing since |mark|.
 */
static uint8_t told(unsigned parent, unsigned target, size_t mark, uint8_t *ret_path_seq)
{
    struct rpl_addr to = rig_ll(parent), prefix = rig_global(target);
    uint8_t bits = 0;

    for (size_t i = mark; i < rig.sent_count; i++) {
        const struct rpl_wire_dao *dao = &rig.sent[i].msg.u.dao;
        if (rig.sent[i].msg.code != RPL_CODE_DAO || !rpl_addr_equal(&rig.sent[i].send.dst, &to))
            continue;
        for (uint8_t k = 0; k < dao->target_count; k++)
            if (rpl_addr_equal(&dao->target[k].prefix, &prefix)) {
                bits = dao->transit[k].path_control;
                *ret_path_seq = dao->transit[k].path_sequence;
            }
    }
    return bits;
}

static void test_PCT_02(void **state)
{
    static const uint8_t child_bits[] = {0x80, 0x10, 0x0c};
    static const uint8_t expected[] = {0x80, 0, 0x10, 0x0c}, own[] = {0x80, 0x40, 0x30, 0x0f};
    uint8_t seq = 0, same = 0;

    (void)state;
    /* The example of section 9.9.1: what three children ask for goes to four parents. */
    four_parents(RPL_MOP_STORING, 7);
    assert_true(row_parent_is(ROOT));
    size_t mark = rig.sent_count;
    for (unsigned i = 0; i < 3; i++)
        announce(CHILD + i, 0x77, 5, child_bits[i]);
    row_run(RPL_S(5));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(told(ROOT + i, 0x77, mark, &seq), expected[i]);
    /* Our own address: all bits, each at one parent, under one Path Sequence (DST-10). */
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(told(ROOT + i, 1, 0, i ? &seq : &same), own[i]);
        assert_true(i == 0 || seq == same);
    }
    /* One parent less: the rest share anew, under the next Path Sequence. */
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, RPL_INFINITE_RANK);
    mark = rig.sent_count;
    row_alive(ROOT + 2, NULL);
    row_shout(ROOT + 2, &dio);
    row_run(RPL_S(5));
    assert_int_equal(told(ROOT, 1, mark, &seq), 0x80);
    assert_int_equal(seq, rpl_lollipop_increment(same));
    assert_int_equal(told(ROOT + 1, 1, mark, &seq), 0x40);
    assert_int_equal(told(ROOT + 3, 1, mark, &seq), 0x3f);
    assert_int_equal(told(ROOT + 3, 0x77, mark, &seq), 0x1c);
    /* A subfield that nobody is left for: with PCS 1 there is PC1 alone. */
    four_parents(RPL_MOP_STORING, 1);
    assert_int_equal(told(ROOT, 1, 0, &seq), 0x80);
    assert_int_equal(told(ROOT + 1, 1, 0, &seq), 0x40);
    assert_int_equal(told(ROOT + 2, 1, 0, &seq), 0);
    /* Non-storing: a Transit for each in one DAO to the root. */
    four_parents(RPL_MOP_NON_STORING, 7);
    const struct rpl_wire_dao *dao = &rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao;
    assert_int_equal(dao->target_count, 1);
    assert_int_equal(dao->transit_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        struct rpl_addr parent = rig_global(ROOT + i);
        assert_memory_equal(&dao->transit[i].parent, &parent, 16);
        assert_int_equal(dao->transit[i].path_control, own[i]);
        assert_int_equal(dao->transit[i].path_sequence, dao->transit[0].path_sequence);
    }
    /* A storing root takes the way that PC1 names, and the other one when that is gone. */
    row_root(RPL_MOP_STORING);
    announce(3, 0x77, 5, 0x80);
    rig_run(&rig, RPL_S(1));
    announce(4, 0x77, 5, 0x80);
    assert_true(row_reaches(0x77, 4)); /* alike: the latest */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].dodag.path_control_size = 7;
    row_start();
    rig_run(&rig, RPL_S(1));
    announce(3, 0x77, 5, 0xc0);
    rig_run(&rig, RPL_S(1));
    announce(4, 0x77, 5, 0x30);
    assert_true(row_reaches(0x77, 3));
    struct rpl_event failed = {.type = RPL_EVENT_NEIGHBOUR,
                               .u.neighbour = {.ifindex = RIG_IF, .failed = true}};
    failed.u.neighbour.address = rig_ll(3);
    rig_input(&rig, &failed);
    assert_true(row_reaches(0x77, 4));
}

static void test_PCT_03(void **state)
{
    (void)state;
    for (uint8_t pcs = 0; pcs < 8; pcs++) {
        router(pcs);
        assert_int_equal(last_transit()->path_control & 0x80, 0x80);
    }
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(3));
    assert_int_equal(last_transit()->path_control, 0x80);
}

static void test_PCT_04(void **state)
{
    static const uint8_t bits[] = {0x80, 0x10, 0x0c};

    (void)state;
    router(7);
    for (unsigned i = 0; i < 3; i++) {
        announce(CHILD + i, 0x77, 5, bits[i]);
        row_run(RPL_S(3)); /* more bits are news each time */
    }
    assert_int_equal(last_transit()->path_control, 0x9c);
    /* All of them to the one parent there is: each bit to one at most. */
    assert_int_equal(row_sent_to(RPL_CODE_DAO, OTHER, 0), 0);
    rig.sent_count = 0;
    announce(CHILD, 0x77, 5, 0x80); /* nothing that was not known */
    row_run(RPL_S(3));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
}

static void test_PCT_05(void **state)
{
    (void)state;
    for (uint8_t pcs = 0; pcs < 8; pcs += 7) {
        router(pcs);
        announce(CHILD, CHILD, 5, 0x20);
        announce(THIRD, THIRD, 5, 0x00);
        row_run(RPL_S(1400));
        for (size_t i = 0; i < rig.sent_count; i++) {
            const struct rpl_wire_dao *dao = &rig.sent[i].msg.u.dao;
            if (rig.sent[i].msg.code != RPL_CODE_DAO)
                continue;
            for (uint8_t k = 0; k < dao->transit_count; k++)
                assert_int_not_equal(dao->transit[k].path_control, 0);
        }
    }
}

static void test_PCT_06(void **state)
{
    (void)state;
    row_root(RPL_MOP_STORING);
    announce(2, 2, 5, 0);
    assert_true(row_reaches(2, 2));
    router(0);
    announce(CHILD, CHILD, 5, 0);
    row_run(RPL_S(3));
    assert_true(row_reaches(CHILD, CHILD));
    assert_int_equal(last_transit()->path_control, 0x80);
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30); /* Path Control 0 */
    assert_true(row_reaches(2, 2));
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(PCT, 01, "only the PCS + 1 first bits are active"),
        ROW(PCT, 02, "bits go to groups of parents in the order of preference"),
        ROW(PCT, 03, "own targets carry an active bit"),
        ROW(PCT, 04, "what children set is put together"),
        ROW(PCT, 05, "no DAO without an active bit"),
        ROW(PCT, 06, "0 counts as 0x80"),
    };

    return ROWS_RUN(rows);
}
