/* SPDX-License-Identifier: ISC */
/* Section 18: several and local instances. */
#include "tests/conformance/row.h"

static struct rpl_view_instance instance(uint8_t id)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    while (rpl_view_next_instance(rig.engine, &c, rig.now, &v))
        if (v.id == id)
            return v;
    fail_msg("no instance %u", id);
    return v;
}

/* Instance 0 non-storing with MRHOF, instance 7 storing with OF0; a router in the first, what
 * |second| says in the other. */
static void two(enum rpl_role second)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance_count = 2;
    rpl_instance_config_default(&rig.config.instance[1]);
    rig.config.instance[1].id = 7;
    rig.config.instance[1].role = second;
    rig.config.instance[1].mop = RPL_MOP_STORING;
    rig.config.instance[1].ocp = 0;
    rig.config.instance[1].prefix = rig_global(0);
    rig.config.instance[1].prefix.b[1] = 2;
    rpl_addr_mask(&rig.config.instance[1].prefix, 64);
    row_start();
}

static struct rpl_wire_message second_dio(uint16_t rank)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, rank);

    dio.u.dio.instance = 7;
    dio.u.dio.dodag_id.b[1] = 2;
    dio.u.dio.pio[0].prefix.b[1] = 2;
    dio.u.dio.config.ocp = 0;
    dio.u.dio.config.interval_min = 10;
    rpl_wire_config_pack(&dio.u.dio.config);
    return dio;
}

static void test_MIN_01(void **state)
{
    struct rpl_wire_message a = row_dio(RPL_MOP_NON_STORING, 256), b = second_dio(512);

    (void)state;
    two(RPL_ROLE_ROUTER);
    row_hear(ROOT, &a);
    row_hear(OTHER, &b);
    row_run(RPL_S(5));
    struct rpl_view_instance x = instance(0), y = instance(7);
    struct rpl_addr root = rig_ll(ROOT), other = rig_ll(OTHER);
    assert_memory_equal(&x.parent, &root, 16);
    assert_memory_equal(&y.parent, &other, 16);
    assert_int_equal(x.rank, 512);
    assert_int_equal(y.rank, 768);
    assert_int_equal(x.ocp, 1);
    assert_int_equal(y.ocp, 0);
    uint8_t dtsn = y.dtsn;
    a.u.dio.dtsn++; /* what moves one does not move the other */
    row_alive(ROOT, &a);
    row_shout(ROOT, &a);
    row_run(RPL_S(5));
    assert_int_equal(instance(7).dtsn, dtsn);
    assert_int_not_equal(instance(0).dtsn, x.dtsn);
    a.u.dio.rank = 0xffff;
    row_shout(ROOT, &a);
    assert_false(instance(0).joined);
    assert_true(instance(7).joined);
    /* Another role in each. */
    two(RPL_ROLE_ROOT);
    a = row_dio(RPL_MOP_NON_STORING, 256);
    row_hear(ROOT, &a);
    assert_int_equal(instance(0).rank, 512);
    assert_int_equal(instance(7).rank, 256);
}

static void test_MIN_02(void **state)
{
    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance_count = 2;
    rig.config.instance[1] = rig.config.instance[0];
    for (unsigned id = 0; id < 256; id++) { /* 128 global ones, 64 local ones */
        rig.config.instance[1].id = (uint8_t)id;
        const char *wrong = rpl_config_check(&rig.config);
        if (id == 0 || id >= 0xc0) /* taken, or no ID of a control message */
            assert_string_equal(wrong, "id");
        else
            assert_null(wrong);
    }
}

static void test_MIN_03(void **state)
{
    struct rpl_view_rpi rpi;
    struct rpl_event error = {.type = RPL_EVENT_FORWARD_ERROR,
                              .u.forward_error = {.kind = RPL_FORWARD_RANK, .instance = 0xc5}};

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].id = 0x85;
    row_start();
    assert_int_equal(rpl_view_rpi(rig.engine, 0x85, &rpi), 0); /* from its DODAGID */
    assert_int_equal(rpl_view_rpi(rig.engine, 0xc5, &rpi), 0); /* towards it */
    assert_int_equal(rpl_view_rpi(rig.engine, 0x84, &rpi), -RPL_ERR_NOENT);
    assert_int_equal(rpl_view_rpi(rig.engine, 0x05, &rpi), -RPL_ERR_NOENT);
    assert_int_equal(rig_input(&rig, &error), 0);
    assert_int_equal(rpl_instance_id(0xc5), 0x85);
    assert_int_equal(rpl_instance_id(0x45), 0x45); /* a global one is all number */
}

static void test_MIN_04(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256), msg;
    struct rpl_addr root = rig_global(ROOT), own;
    struct vector v;

    (void)state;
    dio.u.dio.instance = 0x85;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig.config.instance[0].id = 0x85;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    const struct rpl_wire_dao *dao = &rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao;
    assert_true(dao->has_dodag_id);
    assert_memory_equal(&dao->dodag_id, &root, 16);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].id = 0x85;
    row_start();
    own = rig_global(1);
    for (uint8_t i = 0; i < 2; i++) { /* the target moves: an ACK for each, and a DCO */
        struct rpl_addr child = rig_ll(2u + i), target = rig_global(9);
        msg = rig_dao((uint8_t)(1 + i), &target, (uint8_t)(5 + i), 30, NULL);
        msg.u.dao.instance = 0x85;
        msg.u.dao.has_dodag_id = true;
        msg.u.dao.dodag_id = own;
        msg.u.dao.transit[0].invalidate = true;
        rig_receive(&rig, &child, &rig.link_local, &msg);
    }
    row_storing(2, 9, 1, 5, 30);
    rig_run(&rig, RPL_S(3));
    const struct rpl_wire_ack *ack = &rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack;
    assert_true(ack->has_dodag_id);
    assert_memory_equal(&ack->dodag_id, &own, 16);
    const struct rig_sent *dco = rig_last(&rig, RPL_CODE_DCO, 0);
    assert_non_null(dco);
    assert_true(dco->msg.u.dao.has_dodag_id);
    row_vector("V13", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_true(msg.u.ack.has_dodag_id);
}

static void test_MIN_05(void **state)
{
    struct rpl_view_path path;

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance_count = 2;
    rig.config.instance[1] = rig.config.instance[0];
    rig.config.instance[1].id = 7;
    rig.config.instance[1].prefix.b[1] = 2;
    row_start();
    for (unsigned i = 0; i < 2; i++) { /* the same node, in both */
        struct rpl_addr src = rig_global(2), root = rig_global(1);
        src.b[1] = root.b[1] = (uint8_t)(1 + i);
        struct rpl_wire_message dao = rig_dao(1, &src, 5, 30, &root);
        dao.u.dao.instance = i ? 7 : 0;
        rig_receive_on(&rig, 0, &src, &root, &dao);
        assert_int_equal(rpl_view_route(rig.engine, &src, &path), 0);
        assert_int_equal(path.instance, i ? 7 : 0); /* its address says in which */
    }
    for (size_t i = 0; i < rig.route_count; i++)
        if (rig.route[i].route.kind == RPL_ROUTE_TUN)
            assert_int_equal(rig.route[i].route.dst_len, 128);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(MIN, 01, "instances run by themselves"),
        ROW(MIN, 02, "128 global IDs, 64 local ones, none twice"),
        ROW(MIN, 03, "the direction in a local RPLInstanceID"),
        ROW(MIN, 04, "messages of a local instance name the DODAG"),
        ROW(MIN, 05, "a packet belongs to one instance"),
    };

    return ROWS_RUN(rows);
}
