/* SPDX-License-Identifier: ISC */
/* Writing messages: what is written reads back as it was, and what cannot be said is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/rpl_wire.h"

static const struct rpl_addr SRC = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};
static const struct rpl_addr DST = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a}};

/* A fixed sequence of numbers, so that a failure repeats. */
static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static struct rpl_addr draw_addr(void)
{
    struct rpl_addr addr;

    for (size_t i = 0; i < 16; i++)
        addr.b[i] = (uint8_t)draw(256);
    addr.b[0] = 0x20;
    return addr;
}

static void draw_dio(struct rpl_wire_dio *dio)
{
    static const int8_t preferences[] = {-1, 0, 1};
    struct rpl_wire_config *config = &dio->config;

    dio->instance = (uint8_t)draw(128);
    dio->version = (uint8_t)draw(256);
    dio->rank = (uint16_t)draw(65536);
    dio->grounded = draw(2);
    dio->mop = (uint8_t)draw(8);
    dio->preference = (uint8_t)draw(8);
    dio->dtsn = (uint8_t)draw(256);
    dio->dodag_id = draw_addr();
    dio->has_config = draw(2);
    if (dio->has_config) {
        config->flags = (uint8_t)(draw(256) & ~0x08u);
        config->pcs = config->flags & 7;
        config->interval_doublings = (uint8_t)draw(8);
        config->interval_min = (uint8_t)draw(24);
        config->redundancy = (uint8_t)draw(256);
        config->max_rank_increase = (uint16_t)draw(65536);
        config->min_hop_rank_increase = (uint16_t)(1 + draw(65535));
        config->ocp = (uint16_t)draw(65536);
        config->default_lifetime = (uint8_t)draw(256);
        config->lifetime_unit_s = (uint16_t)(1 + draw(65535));
        rpl_wire_config_pack(config);
    }
    dio->pio_count = (uint8_t)draw(RPL_WIRE_PIOS_MAX + 1);
    for (size_t i = 0; i < dio->pio_count; i++) {
        dio->pio[i].len = (uint8_t)draw(129);
        dio->pio[i].on_link = draw(2);
        dio->pio[i].autonomous = draw(2);
        dio->pio[i].router_address = draw(2);
        dio->pio[i].preferred_s = draw(1u << 20);
        dio->pio[i].valid_s = dio->pio[i].preferred_s + draw(100);
        dio->pio[i].prefix = draw_addr();
    }
    dio->rio_count = (uint8_t)draw(RPL_WIRE_RIOS_MAX + 1);
    for (size_t i = 0; i < dio->rio_count; i++) {
        dio->rio[i].len = (uint8_t)draw(129);
        dio->rio[i].preference = preferences[draw(3)];
        dio->rio[i].lifetime_s = draw(1u << 20);
        dio->rio[i].prefix = draw_addr();
        rpl_addr_mask(&dio->rio[i].prefix, dio->rio[i].len);
    }
}

static void draw_target(struct rpl_wire_target *target)
{
    target->len = (uint8_t)draw(129);
    target->flags = (uint8_t)((draw(2) ? 0x80u : 0) | (draw(2) ? 0x40u : 0) | draw(16));
    target->rovr_len = (uint8_t)((target->flags & 0xf) <= 4 ? (target->flags & 0xf) * 8
                                                            : draw(RPL_WIRE_ROVR_MAX + 1));
    target->prefix = draw_addr();
    if (!(target->flags & 0x80))
        rpl_addr_mask(&target->prefix, target->len);
    for (size_t i = 0; i < target->rovr_len; i++)
        target->rovr[i] = (uint8_t)draw(256);
    target->has_descriptor = draw(2);
    target->descriptor = target->has_descriptor ? draw(1u << 24) : 0;
}

static void draw_dao(struct rpl_wire_dao *dao, bool dco)
{
    size_t groups = 1 + draw(6);

    dao->instance = (uint8_t)draw(0xc0);
    dao->ack_wanted = draw(2);
    dao->has_dodag_id = draw(2);
    dao->sequence = (uint8_t)draw(256);
    dao->status = dco ? (uint8_t)draw(256) : 0;
    if (dao->has_dodag_id)
        dao->dodag_id = draw_addr();
    dao->group_count = (uint8_t)groups;
    for (size_t group = 0; group < groups; group++) {
        for (size_t n = 1 + draw(4); n > 0; n--) {
            draw_target(&dao->target[dao->target_count]);
            dao->target[dao->target_count++].group = (uint8_t)group;
        }
        for (size_t n = 1 + draw(3); n > 0; n--) {
            struct rpl_wire_transit *transit = &dao->transit[dao->transit_count++];

            transit->external = draw(2);
            transit->invalidate = draw(2);
            transit->path_control = (uint8_t)draw(256);
            transit->path_sequence = (uint8_t)draw(256);
            transit->path_lifetime = (uint8_t)draw(256);
            transit->has_parent = draw(2);
            if (transit->has_parent)
                transit->parent = draw_addr();
            transit->group = (uint8_t)group;
        }
    }
}

static void draw_message(struct rpl_wire_message *msg)
{
    static const uint8_t codes[] = {0, 1, 2, 3, 7, 8};
    struct rpl_wire_solicited *solicited = &msg->u.dis.solicited;

    memset(msg, 0, sizeof(*msg));
    msg->code = codes[draw(sizeof(codes))];
    if (msg->code == RPL_CODE_DIS && draw(2)) {
        msg->u.dis.has_solicited = true;
        solicited->match_version = draw(2);
        solicited->match_instance = draw(2);
        solicited->match_dodag = draw(2);
        solicited->version = solicited->match_version ? (uint8_t)draw(256) : 0;
        solicited->instance = solicited->match_instance ? (uint8_t)draw(256) : 0;
        if (solicited->match_dodag)
            solicited->dodag_id = draw_addr();
    } else if (msg->code == RPL_CODE_DIO) {
        draw_dio(&msg->u.dio);
    } else if (msg->code == RPL_CODE_DAO || msg->code == RPL_CODE_DCO) {
        draw_dao(&msg->u.dao, msg->code == RPL_CODE_DCO);
    } else if (msg->code == RPL_CODE_DAO_ACK || msg->code == RPL_CODE_DCO_ACK) {
        msg->u.ack.instance = (uint8_t)draw(0xc0);
        msg->u.ack.has_dodag_id = draw(2);
        msg->u.ack.sequence = (uint8_t)draw(256);
        msg->u.ack.status = (uint8_t)draw(256);
        if (msg->u.ack.has_dodag_id)
            msg->u.ack.dodag_id = draw_addr();
    }
}

/* 2000 messages of all kinds come back field by field (structs are built from zeroed memory,
 * octet by octet, so comparing the memory compares the fields). */
static void test_round_trip(void **state)
{
    (void)state;
    for (random_state = 1; random_state < 2001; random_state++) {
        uint32_t seed = random_state;
        static struct rpl_wire_message msg, back;
        enum rpl_counter why = RPL_COUNTER_COUNT;
        uint8_t out[8192];
        int len;

        draw_message(&msg);
        memset(&back, 0, sizeof(back));
        len = rpl_wire_write(&msg, &SRC, &DST, out, sizeof(out));
        assert_true(len > 0);
        assert_int_equal(rpl_wire_read(out, (size_t)len, &SRC, &DST, &back, &why), 0);
        assert_memory_equal(&msg, &back, sizeof(msg));
        random_state = seed;
    }
}

/* Every room that is too small is refused and not an octet of what lies behind it touched. */
static void test_every_size(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 60; seed++) {
        struct rpl_wire_message msg;
        uint8_t whole[8192];
        int len;

        random_state = seed;
        draw_message(&msg);
        len = rpl_wire_write(&msg, &SRC, &DST, whole, sizeof(whole));
        assert_true(len > 0);
        for (size_t size = 0; size <= (size_t)len; size++) {
            uint8_t *room = malloc(size + 16);
            int got;

            assert_non_null(room);
            memset(room, 0xee, size + 16);
            got = rpl_wire_write(&msg, &SRC, &DST, room, size);
            assert_int_equal(got, size < (size_t)len ? -RPL_ERR_FULL : len);
            if (got > 0)
                assert_memory_equal(room, whole, (size_t)len);
            for (size_t i = 0; i < 16; i++)
                assert_int_equal(room[size + i], 0xee);
            free(room);
        }
    }
}

static int write_message(const struct rpl_wire_message *msg)
{
    static uint8_t out[16384];

    return rpl_wire_write(msg, &SRC, &DST, out, sizeof(out));
}

static void test_write_refuses_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        struct rpl_wire_message msg;
        bool known = code <= 3 || code == 7 || code == 8;

        memset(&msg, 0, sizeof(msg));
        msg.code = (uint8_t)code;
        if (code == 2 || code == 7) {
            msg.u.dao.group_count = msg.u.dao.target_count = msg.u.dao.transit_count = 1;
        }
        assert_int_equal(write_message(&msg) > 0, known);
        if (!known)
            assert_int_equal(write_message(&msg), -RPL_ERR_PARAM);
    }
}

/* Each line makes one good message bad in one way. */
#define assert_refused(msg, change)                                                                \
    do {                                                                                           \
        struct rpl_wire_message saved = *(msg);                                                    \
        assert_true(write_message(msg) > 0);                                                       \
        change;                                                                                    \
        assert_int_equal(write_message(msg), -RPL_ERR_PARAM);                                      \
        *(msg) = saved;                                                                            \
    } while (0)

static void test_write_refuses_dio(void **state)
{
    struct rpl_wire_message msg;
    struct rpl_wire_dio *dio = &msg.u.dio;

    (void)state;
    memset(&msg, 0, sizeof(msg));
    msg.code = RPL_CODE_DIO;
    dio->pio_count = dio->rio_count = 1;
    assert_refused(&msg, dio->mop = 8);
    assert_refused(&msg, dio->preference = 8);
    assert_refused(&msg, dio->pio_count = RPL_WIRE_PIOS_MAX + 1);
    assert_refused(&msg, dio->rio_count = RPL_WIRE_RIOS_MAX + 1);
    assert_refused(&msg, dio->pio[0].len = 129);
    assert_refused(&msg, dio->pio[0].preferred_s = 1);
    assert_refused(&msg, dio->rio[0].len = 129);
    assert_refused(&msg, dio->rio[0].preference = 2);
    assert_refused(&msg, dio->rio[0].preference = -2);
}

static void test_write_refuses_dao(void **state)
{
    struct rpl_wire_message msg;
    struct rpl_wire_dao *dao = &msg.u.dao;

    (void)state;
    memset(&msg, 0, sizeof(msg));
    msg.code = RPL_CODE_DAO;
    dao->group_count = dao->target_count = dao->transit_count = 2;
    dao->target[1].group = dao->transit[1].group = 1;
    assert_refused(&msg, dao->group_count = 0);
    assert_refused(&msg, dao->group_count = 1); /* options of a group that is not there */
    assert_refused(&msg, (dao->target_count = 3, dao->target[2].group = 2));
    assert_refused(&msg, (dao->transit_count = 3, dao->transit[2].group = 2));
    assert_refused(&msg, dao->group_count = 3);  /* a group without options */
    assert_refused(&msg, dao->target_count = 1); /* Transits without Target */
    assert_refused(&msg, dao->transit_count = 1);
    assert_refused(&msg, dao->target_count = RPL_WIRE_TARGETS_MAX + 1);
    assert_refused(&msg, dao->transit_count = RPL_WIRE_TRANSITS_MAX + 1);
    assert_refused(&msg, dao->target[0].len = 129);
    assert_refused(&msg, dao->target[0].flags = 0x20);
    assert_refused(&msg, (dao->target[0].flags = 0x05, dao->target[0].rovr_len = 65));
}

/* As many Targets and Transits as are read can be written. */
static void test_write_most(void **state)
{
    static struct rpl_wire_message msg, back;
    uint8_t out[8192];
    enum rpl_counter why;
    int len;

    (void)state;
    memset(&msg, 0, sizeof(msg));
    msg.code = RPL_CODE_DAO;
    msg.u.dao.group_count = 1;
    msg.u.dao.target_count = RPL_WIRE_TARGETS_MAX;
    msg.u.dao.transit_count = RPL_WIRE_TRANSITS_MAX;
    len = rpl_wire_write(&msg, &SRC, &DST, out, sizeof(out));
    assert_true(len > 0);
    assert_int_equal(rpl_wire_read(out, (size_t)len, &SRC, &DST, &back, &why), 0);
    assert_memory_equal(&msg, &back, sizeof(msg));
}

/* Fields whose flag is clear go out as 0, bits behind a prefix as well (COD-06, COD-16). */
static void test_write_clears(void **state)
{
    static const uint8_t zero[21] = {7, 19};
    struct rpl_wire_message msg;
    uint8_t out[256];
    int len;

    (void)state;
    memset(&msg, 0, sizeof(msg));
    msg.u.dis.has_solicited = true;
    memset(&msg.u.dis.solicited.dodag_id, 0xff, 16);
    msg.u.dis.solicited.instance = msg.u.dis.solicited.version = 0xff;
    len = rpl_wire_write(&msg, &SRC, &DST, out, sizeof(out));
    assert_int_equal(len, 6 + 21);
    assert_memory_equal(out + 6, zero, 21);

    memset(&msg, 0, sizeof(msg));
    msg.code = RPL_CODE_DIO;
    msg.u.dio.rio_count = 1;
    msg.u.dio.rio[0].len = 13;
    memset(&msg.u.dio.rio[0].prefix, 0xff, 16);
    len = rpl_wire_write(&msg, &SRC, &DST, out, sizeof(out));
    assert_int_equal(len, 28 + 10);
    assert_memory_equal(out + 28, "\x03\x08\x0d\0\0\0\0\0\xff\xf8", 10);
}

/* ---- addresses ------------------------------------------------------------------------- */

static void test_addr_match_and_mask(void **state)
{
    (void)state;
    random_state = 7;
    for (unsigned len = 0; len <= 255; len++) {
        struct rpl_addr a = draw_addr(), b = a, masked = a;

        rpl_addr_mask(&masked, (uint8_t)len);
        for (unsigned bit = 0; bit < 128; bit++) {
            int was = a.b[bit / 8] >> (7 - bit % 8) & 1;

            assert_int_equal(masked.b[bit / 8] >> (7 - bit % 8) & 1, bit < len ? was : 0);
            b = a;
            b.b[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            assert_int_equal(rpl_addr_match(&a, &b, (uint8_t)len), bit >= len);
        }
        assert_true(rpl_addr_match(&a, &masked, (uint8_t)len));
    }
}

static void test_addr_scopes(void **state)
{
    static const struct rpl_addr unspecified, loopback = {{[15] = 1}};
    static const struct rpl_addr ula = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

    (void)state;
    assert_true(rpl_addr_is_unspecified(&unspecified));
    assert_false(rpl_addr_is_unspecified(&loopback));
    assert_true(rpl_addr_is_multicast(&rpl_addr_all_nodes));
    assert_true(rpl_addr_equal(&rpl_addr_all_nodes, &DST));
    assert_true(rpl_addr_is_link_local(&SRC));
    assert_false(rpl_addr_is_link_local(&ula));
    assert_true(rpl_addr_is_routable(&ula));
    assert_false(rpl_addr_is_routable(&unspecified));
    assert_false(rpl_addr_is_routable(&loopback));
    assert_false(rpl_addr_is_routable(&SRC));
    assert_false(rpl_addr_is_routable(&DST));
    for (unsigned second = 0; second < 256; second++) {
        struct rpl_addr addr = SRC;

        addr.b[1] = (uint8_t)second;
        assert_int_equal(rpl_addr_is_link_local(&addr), second >= 0x80 && second < 0xc0);
    }
    assert_true(rpl_addr_compare(&loopback, &ula) < 0);
    assert_true(rpl_addr_compare(&ula, &loopback) > 0);
    assert_int_equal(rpl_addr_compare(&ula, &ula), 0);
}

static void test_addr_identifiers(void **state)
{
    struct rpl_addr a, b, joined, local;

    (void)state;
    random_state = 9;
    a = draw_addr();
    b = draw_addr();
    joined = rpl_addr_join(&a, &b);
    assert_memory_equal(joined.b, a.b, 8);
    assert_memory_equal(joined.b + 8, b.b + 8, 8);
    assert_true(rpl_addr_same_iid(&joined, &b));
    assert_false(rpl_addr_same_iid(&joined, &a));
    local = rpl_addr_link_local(&b);
    assert_true(rpl_addr_is_link_local(&local) && rpl_addr_same_iid(&local, &b));
    assert_memory_equal(local.b, "\xfe\x80\0\0\0\0\0", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),          cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_write_refuses_codes), cmocka_unit_test(test_write_refuses_dio),
        cmocka_unit_test(test_write_refuses_dao),   cmocka_unit_test(test_write_most),
        cmocka_unit_test(test_write_clears),        cmocka_unit_test(test_addr_match_and_mask),
        cmocka_unit_test(test_addr_scopes),         cmocka_unit_test(test_addr_identifiers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
