/* SPDX-License-Identifier: ISC */
/* Section 24: RFC 9009, DCO. */
#include "tests/conformance/row.h"

#define TARGET 0x55

/* A storing DAO for TARGET from |from| with I set. */
static void announce(unsigned from, uint8_t path_seq, bool invalidate)
{
    struct rpl_addr src = rig_ll(from), target = rig_global(TARGET);
    struct rpl_wire_message dao = rig_dao(path_seq, &target, path_seq, 30, NULL);

    dao.u.dao.transit[0].invalidate = invalidate;
    rig_receive(&rig, &src, &rig.link_local, &dao);
}

static int cleanup(unsigned from, const struct rpl_addr *target, uint8_t path_seq, bool ack)
{
    struct rpl_addr src = rig_ll(from);
    struct rpl_wire_message dco = rig_dao(240, target, path_seq, 0, NULL);

    dco.code = RPL_CODE_DCO;
    dco.u.dao.status = 195;
    dco.u.dao.ack_wanted = ack;
    return rig_receive(&rig, &src, &rig.link_local, &dco);
}

/* A router below ROOT that reaches TARGET through CHILD under this sequence. */
static void router(uint8_t path_seq)
{
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    announce(CHILD, (uint8_t)(path_seq - 1), true);
    announce(CHILD, path_seq, true);
    row_run(RPL_S(3));
    assert_true(row_reaches(TARGET, CHILD));
    rig.sent_count = 0;
}

static const struct rig_sent *last(uint8_t code)
{
    return rig_last(&rig, code, 0);
}

static void test_R09_01(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V06", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_true(msg.u.dao.transit[0].invalidate);
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    assert_true(last(RPL_CODE_DAO)->msg.u.dao.transit[0].invalidate); /* of our own target */
    announce(CHILD, 5, true);
    row_run(RPL_S(3));
    assert_true(last(RPL_CODE_DAO)->msg.u.dao.transit[0].invalidate); /* relayed as it came */
    announce(CHILD, 6, false);
    row_run(RPL_S(3));
    assert_false(last(RPL_CODE_DAO)->msg.u.dao.transit[0].invalidate);
}

static void test_R09_02(void **state)
{
    (void)state;
    for (int refreshed = 0; refreshed < 2; refreshed++)
        for (int invalidate = 0; invalidate < 2; invalidate++) {
            row_root(RPL_MOP_STORING);
            announce(2, 9, true);
            announce(2, 10, true);
            announce(3, 11, invalidate);
            if (refreshed)
                announce(2, 11, invalidate); /* the old one has heard of it as well */
            rig_run(&rig, RPL_MS(900));
            assert_int_equal(rig_count(&rig, RPL_CODE_DCO, 0), 0); /* DelayDCO */
            rig_run(&rig, RPL_MS(200));
            assert_int_equal(row_sent_to(RPL_CODE_DCO, 2, 0), invalidate && !refreshed);
            assert_int_equal(row_sent_to(RPL_CODE_DCO, 3, 0), 0);
        }
}

static void test_R09_03(void **state)
{
    struct rpl_addr old = rig_ll(2), target = rig_global(TARGET);

    (void)state;
    row_root(RPL_MOP_STORING);
    announce(2, 9, true);
    announce(2, 10, true);
    announce(3, 11, true);
    rig_run(&rig, RPL_S(2));
    const struct rig_sent *s = last(RPL_CODE_DCO);
    const struct rpl_wire_dao *dco = &s->msg.u.dao;
    assert_memory_equal(&s->send.src, &rig.link_local, 16);
    assert_memory_equal(&s->send.dst, &old, 16);
    assert_int_equal(dco->status, 195);
    assert_int_equal(dco->instance, 0);
    assert_false(dco->has_dodag_id);
    assert_memory_equal(&dco->target[0].prefix, &target, 16);
    assert_int_equal(dco->transit[0].path_lifetime, 0);
    assert_false(dco->transit[0].has_parent);
    assert_int_equal(dco->transit[0].path_control, 0);
}

static void test_R09_04(void **state)
{
    struct rpl_addr target = rig_global(TARGET), next = rig_ll(CHILD);

    (void)state;
    row_root(RPL_MOP_STORING);
    announce(2, 9, true);
    announce(2, 10, true);
    announce(3, 14, true);
    rig_run(&rig, RPL_S(2));
    assert_int_equal(last(RPL_CODE_DCO)->msg.u.dao.transit[0].path_sequence, 14);
    router(10); /* and a relay copies it */
    cleanup(ROOT, &target, 14, false);
    rig_run(&rig, RPL_MS(10));
    assert_memory_equal(&last(RPL_CODE_DCO)->send.dst, &next, 16);
    assert_int_equal(last(RPL_CODE_DCO)->msg.u.dao.transit[0].path_sequence, 14);
}

static void test_R09_05(void **state)
{
    static const struct {
        uint8_t stored, dco;
        bool removed;
    } rows[] = {{10, 11, true}, {10, 10, false}, {11, 10, false}};
    struct rpl_addr target = rig_global(TARGET);
    struct rpl_view_node v;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        router(rows[i].stored);
        cleanup(ROOT, &target, rows[i].dco, false);
        rig_run(&rig, RPL_S(1));
        assert_int_equal(row_node(TARGET, &v), !rows[i].removed);
        assert_int_equal(row_sent_to(RPL_CODE_DCO, CHILD, 0), rows[i].removed);
        /* Nobody above is told: it is they who know. */
        row_run(RPL_S(5));
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
    }
}

static void test_R09_06(void **state)
{
    struct rpl_addr own = rig_global(1), src = rig_ll(ROOT), target = rig_global(TARGET);
    struct rpl_wire_message dco = rig_dao(241, &own, 200, 0, NULL);
    struct rpl_view_node v;

    (void)state;
    router(10);
    cleanup(ROOT, &own, 200, false);
    row_run(RPL_S(2));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, 0), 0); /* none left */
    assert_true(row_parent_is(ROOT) && row_instance().has_address);
    dco.code = RPL_CODE_DCO; /* one more beside it: that one goes on alone */
    dco.u.dao.target_count = 2;
    dco.u.dao.target[1] = dco.u.dao.target[0];
    dco.u.dao.target[1].prefix = target;
    dco.u.dao.transit[0].path_sequence = 11;
    rig_receive(&rig, &src, &rig.link_local, &dco);
    rig_run(&rig, RPL_S(1));
    assert_false(row_node(TARGET, &v));
    assert_int_equal(last(RPL_CODE_DCO)->msg.u.dao.target_count, 1);
    assert_memory_equal(&last(RPL_CODE_DCO)->msg.u.dao.target[0].prefix, &target, 16);
}

static void test_R09_07(void **state)
{
    struct rpl_addr target = rig_global(TARGET), nobody = rig_global(0x66);
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK}, msg;
    struct rpl_addr old = rig_ll(2);
    struct vector v;
    rpl_tstamp before = 0;

    (void)state;
    row_vector("V12", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.code, RPL_CODE_DCO_ACK);
    router(10);
    cleanup(ROOT, &target, 11, true);
    assert_int_equal(last(RPL_CODE_DCO_ACK)->msg.u.ack.status, 0);
    assert_int_equal(last(RPL_CODE_DCO_ACK)->msg.u.ack.sequence, 240);
    cleanup(ROOT, &nobody, 11, true);
    assert_int_equal(last(RPL_CODE_DCO_ACK)->msg.u.ack.status, 0x81);
    rig.sent_count = 0;
    cleanup(ROOT, &nobody, 12, false);
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO_ACK, 0), 0);
    /* Ours: three in all, three seconds apart at least; none after an answer. */
    for (int answered = 0; answered < 2; answered++) {
        row_root(RPL_MOP_STORING);
        announce(2, 9, true);
        announce(2, 10, true);
        announce(3, 11, true);
        rig_run(&rig, RPL_S(2));
        ack.code = RPL_CODE_DCO_ACK;
        ack.u.ack.sequence = last(RPL_CODE_DCO)->msg.u.dao.sequence;
        if (answered)
            assert_int_equal(rig_receive(&rig, &old, &rig.link_local, &ack), 0);
        rig_run(&rig, RPL_S(60));
        assert_int_equal(rig_count(&rig, RPL_CODE_DCO, 0), answered ? 1 : 3);
        before = 0;
        for (size_t i = 0; i < rig.sent_count; i++) {
            if (rig.sent[i].msg.code != RPL_CODE_DCO)
                continue;
            if (before)
                assert_true(rig.sent[i].at - before >= RPL_S(3));
            before = rig.sent[i].at;
        }
    }
}

static void test_R09_08(void **state)
{
    static const struct {
        uint8_t stored;
        bool removed;
    } rows[] = {{1, true},    {100, true},  {127, true},  {0, false},
                {240, false}, {241, false}, {255, false}, {230, true}};
    struct rpl_addr target = rig_global(TARGET);
    struct rpl_view_node v;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
        announce(CHILD, rows[i].stored, true);
        assert_true(row_reaches(TARGET, CHILD));
        cleanup(ROOT, &target, 240, false);
        assert_int_equal(row_node(TARGET, &v), !rows[i].removed);
    }
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(R09, 01, "I is set by the owner, and relayed"),
        ROW(R09, 02, "where the ways part a DCO leaves after DelayDCO"),
        ROW(R09, 03, "what a DCO holds"),
        ROW(R09, 04, "the newest Path Sequence, copied by relays"),
        ROW(R09, 05, "only an older stored sequence gives way"),
        ROW(R09, 06, "not for ourselves"),
        ROW(R09, 07, "DCO-ACK and retries"),
        ROW(R09, 08, "240 wins against all that is not newer by the lollipop"),
    };

    return ROWS_RUN(rows);
}
