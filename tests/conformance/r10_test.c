/* SPDX-License-Identifier: ISC */
/* Section 25: RFC 9010, 9035 and others. */
#include "tests/conformance/row.h"

static void test_R10_01(void **state)
{
    struct rpl_wire_message msg;
    struct rpl_view_path path;
    struct rpl_addr leaf, b;
    struct vector v;

    (void)state;
    row_vector("X01", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.target[0].flags, 0x41); /* X, a ROVR of 8 octets */
    assert_memory_equal(msg.u.dao.target[0].rovr, "\x02\x00\x00\x00\x00\x00\x00\x77", 8);
    assert_true(msg.u.dao.transit[0].external);
    leaf = msg.u.dao.target[0].prefix;
    b = v.src;
    row_vector("X04", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.target[0].flags, 0xc4); /* F, X, a ROVR of 32 */
    assert_int_equal(msg.u.dao.target[0].len, 64);
    assert_memory_equal(&msg.u.dao.target[0].prefix, &v.src, 16); /* its advertiser's address */
    assert_int_equal(msg.u.dao.target[0].rovr[31], 0x1f);
    for (uint8_t size = 0; size < 4; size++) { /* of each size, both ways */
        uint8_t out[256], again[256];
        row_vector("X01", &v);
        assert_int_equal(vector_read(&v, &msg), 0);
        msg.u.dao.target[0].flags = (uint8_t)(0x40 | size);
        int len = rpl_wire_write(&msg, &v.src, &v.dst, out, sizeof(out));
        assert_int_equal(len, (int)(v.len - v.icmp) - 8 + 8 * size);
        enum rpl_counter why;
        assert_int_equal(rpl_wire_read(out, (size_t)len, &v.src, &v.dst, &msg, &why), 0);
        assert_int_equal(rpl_wire_write(&msg, &v.src, &v.dst, again, sizeof(again)), len);
        assert_memory_equal(again, out, (size_t)len);
    }
    /* The root reaches the leaf through its 6LR, by a tunnel. */
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    row_start();
    struct rpl_addr root = row_instance().dodag_id;
    struct rpl_wire_message dao = rig_dao(1, &b, 5, 30, &root);
    dao.u.dao.instance = 30;
    rig_receive_on(&rig, 0, &b, &root, &dao);
    assert_int_equal(row_give("X01"), 0);
    assert_int_equal(rpl_view_route(rig.engine, &leaf, &path), 0);
    assert_int_equal(path.hops, 1);
    assert_memory_equal(&path.hop[0], &b, 16);
    assert_true(path.behind);
}

static void test_R10_02(void **state)
{
    (void)state;
    /* We proxy no registration: P is 0, and nobody gets asked by X. */
    row_root(RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags & 0x40, 0);
    for (int proxied = 0; proxied < 2; proxied++) {
        struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
        dio.u.dio.config.flags = proxied ? 0x40 : 0;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(3));
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.target[0].flags, 0);
    }
}

static void test_R10_08(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) { /* T is the root's to set */
        dio.u.dio.config.flags = compressed ? 0x20 : 0;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &dio);
        rig.sent_count = 0;
        row_dis(CHILD, false, NULL);
        assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags,
                         dio.u.dio.config.flags);
    }
    row_root(RPL_MOP_NON_STORING); /* which asks nobody to compress */
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags & 0x20, 0);
}

static void test_R10_10(void **state)
{
    static const uint8_t dro[] = {155, 4, 0, 0, 0, 240, 0, 0, 0xfd, 1, [23] = 9};
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    uint8_t copy[sizeof(dro)];

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(3));
    rig.sent_count = 0;
    memcpy(copy, dro, sizeof(copy));
    assert_int_equal(row_octets(CHILD, copy, sizeof(copy)), -RPL_ERR_DROPPED);
    copy[1] = 5;
    assert_int_equal(row_octets(CHILD, copy, sizeof(copy)), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CODE_UNSUPPORTED), 2);
    dio.u.dio.mop = 4;
    dio.u.dio.instance = 0x81;
    row_shout(OTHER, &dio);
    dio.u.dio.instance = 0;
    row_shout(OTHER, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_MOP), 1);
    assert_int_equal(rig.sent_count, 0); /* no relay */
    assert_true(row_parent_is(ROOT));
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(R10, 01, "Target options with F, X and ROVR"),
        ROW(R10, 02, "P and X belong to a proxy that we are not"),
        ROW(R10, 08, "T travels with the Configuration"),
        ROW(R10, 10, "P2P-RPL is recognised and left alone"),
    };

    return ROWS_RUN(rows);
}
