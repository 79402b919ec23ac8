/* SPDX-License-Identifier: ISC */
/* Section 12: DAO-ACK. */
#include "tests/conformance/row.h"

static const struct rig_sent *last_ack(size_t mark)
{
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO_ACK, mark);

    assert_non_null(s);
    return s;
}

/* A router whose DAO waits for its DAO-ACK; its number. */
static uint8_t waiting(enum rpl_mop mop)
{
    struct rpl_wire_message dio = row_dio(mop, 256);
    struct rpl_addr from = rig_ll(ROOT);

    row_begin(RPL_ROLE_ROUTER, mop);
    row_start();
    rig_join(&rig, &from, &dio);
    rig_run(&rig, RPL_S(2));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    return rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.sequence;
}

static int acknowledge(unsigned from, uint8_t sequence, uint8_t status)
{
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};
    struct rpl_addr src = rig_ll(from);

    ack.u.ack.sequence = sequence;
    ack.u.ack.status = status;
    return rig_receive(&rig, &src, &rig.link_local, &ack);
}

static void test_ACK_01(void **state)
{
    struct rpl_addr child = rig_ll(2), target = rig_global(2);
    struct rpl_wire_message dao = rig_dao(17, &target, 5, 30, NULL);
    struct vector v;

    (void)state;
    /* V06 to A is answered by V09, octet for octet. */
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_STORING, 0x0a);
    row_start();
    row_give("V06");
    row_vector("V09", &v);
    assert_int_equal(last_ack(0)->send.len, v.len - v.icmp);
    assert_int_equal(last_ack(0)->msg.u.ack.sequence, 242);
    assert_memory_equal(&last_ack(0)->send.dst, &v.dst, 16);
    row_root(RPL_MOP_STORING);
    dao.u.dao.has_dodag_id = true;
    dao.u.dao.dodag_id = rig_global(1);
    rig_receive(&rig, &child, &rig.link_local, &dao);
    assert_true(last_ack(0)->msg.u.ack.has_dodag_id);
    assert_memory_equal(&last_ack(0)->msg.u.ack.dodag_id, &dao.u.dao.dodag_id, 16);
    assert_int_equal(last_ack(0)->msg.u.ack.sequence, 17);
    /* Without K there is nothing to say, unless it went wrong. */
    size_t mark = rig.sent_count;
    dao.u.dao.ack_wanted = false;
    dao.u.dao.sequence = 18;
    rig_receive(&rig, &child, &rig.link_local, &dao);
    assert_int_equal(rig.sent_count, mark);
    dao.u.dao.target[0].prefix.b[0] = 0x20; /* outside the prefix */
    rig_receive(&rig, &child, &rig.link_local, &dao);
    assert_int_equal(last_ack(mark)->msg.u.ack.status, 0x80);
}

static void test_ACK_02(void **state)
{
    size_t mark;

    (void)state;
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_STORING, 0x01);
    row_start();
    mark = rig.sent_count;
    row_give("N16");
    row_give("V27");
    assert_int_equal(rig.sent_count, mark);
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    row_start();
    mark = rig.sent_count;
    row_give("N16");
    assert_int_equal(rig.sent_count, mark);
}

static void test_ACK_03(void **state)
{
    static const struct {
        uint8_t status;
        bool rejected;
    } rows[] = {{0, false},  {1, false},   {127, false}, {0x41, false},
                {128, true}, {0x81, true}, {0xc3, true}, {255, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t sequence = waiting(RPL_MOP_STORING);
        assert_int_equal(acknowledge(ROOT, sequence, rows[i].status), 0);
        assert_int_equal(rig_traced(&rig, RPL_TRACE_DAO_REFUSED, RPL_CAUSE_REFUSED),
                         rows[i].rejected);
        assert_int_equal(row_parent_is(ROOT), !rows[i].rejected);
    }
    struct rpl_wire_message msg;
    struct vector v;
    row_vector("V09", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.ack.status, 0);
    row_vector("V10", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.ack.status, 0x80);
}

static void test_ACK_04(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_addr from = rig_ll(ROOT);
    rpl_tstamp at[8];
    size_t n = 0;

    (void)state;
    waiting(RPL_MOP_NON_STORING);
    /* Probes are answered, the DAO is not, until it is given up; a new one comes later. */
    for (rpl_tstamp end = rig.now + RPL_S(60);
         rig.now < end && !rig_traced(&rig, RPL_TRACE_DAO_UNACKED, RPL_CAUSE_NO_ANSWER);) {
        size_t mark = rig.sent_count;
        rig_run(&rig, RPL_MS(100));
        if (row_sent_to(RPL_CODE_DIS, ROOT, mark))
            rig_receive(&rig, &from, &rig.link_local, &dio);
    }
    const struct rig_sent *first = NULL;
    for (size_t i = 0; i < rig.sent_count; i++) {
        const struct rig_sent *s = &rig.sent[i];
        if (s->msg.code != RPL_CODE_DAO || n == 8)
            continue;
        first = first ? first : s;
        assert_int_equal(s->send.len, first->send.len);
        assert_memory_equal(s->send.data, first->send.data, s->send.len);
        at[n++] = s->at;
    }
    assert_int_equal(n, 4);
    assert_true(at[1] - at[0] >= RPL_S(3));
    assert_true(at[3] - at[2] > (at[1] - at[0]) * 3 / 2); /* ever more slowly */
    assert_true(rig_traced(&rig, RPL_TRACE_DAO_UNACKED, RPL_CAUSE_NO_ANSWER));
}

static void test_ACK_05(void **state)
{
    struct rpl_view_node v;

    (void)state;
    row_root(RPL_MOP_STORING);
    row_storing(2, 2, 240, 0, 30);
    rig_run(&rig, RPL_S(10));
    row_storing(2, 2, 240, 0, 30);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_DUPLICATE), 1);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 2);
    assert_true(row_node(2, &v));
    assert_int_equal(v.last_dao, RPL_S(10)); /* answered, not processed */
    row_storing(2, 3, 240, 0, 30);           /* a rebooted node: its number, other octets */
    assert_true(row_node(3, &v));
    rig_run(&rig, RPL_S(31));
    row_storing(2, 3, 240, 0, 30); /* rebooted again, half a minute later */
    assert_true(row_node(3, &v));
    assert_int_equal(v.last_dao, 0);
}

static void test_ACK_06(void **state)
{
    struct rpl_wire_message far = row_dio(RPL_MOP_STORING, 300);
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    uint8_t sequence;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_hear(OTHER, &far);
    row_run(RPL_S(3));
    assert_true(row_parent_is(ROOT));
    row_alive(ROOT, NULL);
    dio.u.dio.dtsn = rpl_lollipop_increment(dio.u.dio.dtsn);
    row_shout(ROOT, &dio); /* it wants to be told of us */
    rig_run(&rig, RPL_S(2));
    sequence = rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.sequence;
    assert_int_equal(acknowledge(ROOT, (uint8_t)(sequence + 1), 0x80), -RPL_ERR_DROPPED);
    assert_int_equal(acknowledge(OTHER, sequence, 0x80), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_ACK_UNEXPECTED), 2);
    assert_true(row_parent_is(ROOT));
    assert_int_equal(acknowledge(ROOT, sequence, 0x80), 0);
    assert_true(row_parent_is(OTHER)); /* rejected: another parent is tried */
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(ACK, 01, "K is answered, an error always"),
        ROW(ACK, 02, "a multicast DAO is never acknowledged"),
        ROW(ACK, 03, "what the status means"),
        ROW(ACK, 04, "a DAO is sent again with the same octets, ever more slowly"),
        ROW(ACK, 05, "an exact duplicate is acknowledged again, not processed"),
        ROW(ACK, 06, "only the right answer counts; rejected, another parent is tried"),
    };

    return ROWS_RUN(rows);
}
