/* SPDX-License-Identifier: ISC */
/* The codec: the envelope, all codes, every option at every length. */
#include "tests/unit/wire_octets.h"

/* ---- envelope ------------------------------------------------------------------------ */

static void test_checksum(void **state)
{
    /* V01 of the vectors, whose checksum two other programs computed as well; then odd lengths:
     * a trailing zero octet must not matter but for the length. */
    static const uint8_t dis[] = {0x9b, 0,    0xbc, 2,    0,    0,    7,    0x13, 0x1e,
                                  0xe0, 0x20, 1,    0x0d, 0xb8, 0x65, 0x50, 0,    1,
                                  2,    0,    0,    0xff, 0xfe, 0,    0,    1,    0xf0};
    struct rpl_addr src = SRC;
    uint8_t odd[3] = {0x12, 0x34, 0x56}, even[4] = {0x12, 0x34, 0x56, 0};
    uint16_t a, b;

    (void)state;
    src.b[15] = 0x0a;
    assert_int_equal(rpl_wire_checksum(&src, &DST, 58, dis, sizeof(dis)), 0);
    a = rpl_wire_checksum(&SRC, &DST, 58, odd, sizeof(odd));
    b = rpl_wire_checksum(&SRC, &DST, 58, even, sizeof(even));
    assert_int_equal(a, b + 1);
}

static void test_checksum_wrong(void **state)
{
    struct rpl_wire_message msg;
    enum rpl_counter why;
    struct octets m;

    (void)state;
    begin_dio(&m);
    assert_int_equal(parse(&m, &msg), 0);
    for (size_t bit = 0; bit < m.len * 8; bit++) {
        m.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        why = RPL_COUNTER_COUNT;
        assert_int_equal(rpl_wire_read(m.b, m.len, &SRC, &DST, &msg, &why), -RPL_ERR_DROPPED);
        assert_int_equal(why, RPL_COUNT_DROP_CHECKSUM);
        m.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_all_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        struct rpl_wire_message msg;
        struct octets m;
        int got;

        begin(&m, code);
        got = parse(&m, &msg); /* no base object: what is known is truncated */
        if (code & 0x80)
            assert_int_equal(got, -(int)RPL_COUNT_DROP_SECURED);
        else if (code <= 3 || code == 7 || code == 8)
            assert_int_equal(got, -(int)RPL_COUNT_DROP_TRUNCATED);
        else if (code <= 6 || code == 9 || code == 10)
            assert_int_equal(got, -(int)RPL_COUNT_DROP_CODE_UNSUPPORTED);
        else
            assert_int_equal(got, -(int)RPL_COUNT_DROP_CODE_UNKNOWN);
    }
}

static void test_header_truncated(void **state)
{
    struct rpl_wire_message msg;
    struct octets m;

    (void)state;
    begin(&m, RPL_CODE_DIS);
    for (m.len = 0; m.len < 4; m.len++)
        assert_dropped(&m, &msg, DROP_TRUNCATED);
    begin(&m, RPL_CODE_DIS);
    m.b[0] = 128; /* an echo request is not ours */
    assert_dropped(&m, &msg, DROP_CODE_UNKNOWN);
}

/* Base objects at every length; with D set, 16 octets more are demanded. */
static void test_base_lengths(void **state)
{
    static const struct {
        unsigned code, flags;
        size_t base;
    } cases[] = {
        {0, 0, 2},     {1, 0, 24},    {2, 0, 4},     {2, 0x40, 20}, {3, 0, 4},
        {3, 0x80, 20}, {7, 0x40, 20}, {8, 0x80, 20}, {8, 0, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t len = 0; len <= cases[i].base; len++) {
            struct rpl_wire_message msg;
            struct octets m;
            int got;

            begin(&m, cases[i].code);
            put8(&m, 0x1e);
            put8(&m, cases[i].flags);
            put(&m, "\0\0", 2);
            if (cases[i].code == 1)
                put(&m, "\0\0\0", 4);
            put(&m, GLOBAL.b, 16);
            m.len = 4 + len;
            got = parse(&m, &msg);
            if (len < cases[i].base)
                assert_int_equal(got, -(int)RPL_COUNT_DROP_TRUNCATED);
            else if (cases[i].code == 2 || cases[i].code == 7)
                assert_int_equal(got, -(int)RPL_COUNT_DROP_DAO_NO_TARGET);
            else
                assert_int_equal(got, 0);
        }
    }
}

static void test_instance_and_dodag_id(void **state)
{
    static const struct {
        const char id[17];
        bool fine;
    } ids[] = {
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", false},
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", false},
        {"\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", false},
        {"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", false},
        {"\xfe\xbf\0\0\0\0\0\0\0\0\0\0\0\0\0\1", false},
        {"\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", true},
        {"\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        for (unsigned code = 1; code <= 3; code++) {
            struct rpl_wire_message msg;
            struct octets m;
            int got;

            begin(&m, code);
            put(&m, "\x1e", 1);
            put8(&m, code == 3 ? 0x80 : 0x40);
            put(&m, code == 1 ? "\1\0\x88\0\0\0" : "\0\xf0", code == 1 ? 6 : 2);
            put(&m, ids[i].id, 16);
            if (code == 2) {
                put_target(&m, 1);
                put_transit(&m);
            }
            got = parse(&m, &msg);
            assert_int_equal(got, ids[i].fine ? 0 : -(int)RPL_COUNT_DROP_DODAGID_INVALID);
        }
    }
    for (unsigned instance = 0; instance < 256; instance++) {
        struct rpl_wire_message msg;
        struct octets m;

        begin_dio(&m);
        m.b[4] = (uint8_t)instance;
        if ((instance & 0xc0) == 0xc0) {
            assert_dropped(&m, &msg, DROP_INSTANCE_INVALID);
        } else {
            assert_int_equal(parse(&m, &msg), 0);
            assert_int_equal(msg.u.dio.instance, instance);
        }
    }
}

/* ---- options at every length ---------------------------------------------------------- */

static void test_config_lengths(void **state)
{
    struct rpl_wire_message msg;

    (void)state;
    for (size_t len = 0; len < 256; len++) {
        int got = parse_option(4, len, CONFIG, sizeof(CONFIG), &msg);

        assert_int_equal(got, len < 14 ? -(int)RPL_COUNT_DROP_OPTION_SHORT : 0);
        if (len < 14)
            continue;
        assert_true(msg.u.dio.has_config);
        assert_memory_equal(msg.u.dio.config.raw, CONFIG, 14);
        assert_int_equal(msg.u.dio.config.interval_doublings, 20);
        assert_int_equal(msg.u.dio.config.interval_min, 3);
        assert_int_equal(msg.u.dio.config.redundancy, 10);
        assert_int_equal(msg.u.dio.config.max_rank_increase, 1792);
        assert_int_equal(msg.u.dio.config.min_hop_rank_increase, 256);
        assert_int_equal(msg.u.dio.config.ocp, 1);
        assert_int_equal(msg.u.dio.config.default_lifetime, 30);
        assert_int_equal(msg.u.dio.config.lifetime_unit_s, 60);
    }
}

static void test_pio_lengths(void **state)
{
    uint8_t pio[30] = {64, 0xe0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40};
    struct rpl_wire_message msg;

    (void)state;
    memcpy(pio + 14, GLOBAL.b, 16);
    for (size_t len = 0; len < 256; len++) {
        int got = parse_option(8, len, pio, sizeof(pio), &msg);

        assert_int_equal(got, len < 30 ? -(int)RPL_COUNT_DROP_OPTION_SHORT : 0);
        if (len < 30)
            continue;
        assert_int_equal(msg.u.dio.pio_count, 1);
        assert_int_equal(msg.u.dio.pio[0].len, 64);
        assert_true(msg.u.dio.pio[0].on_link && msg.u.dio.pio[0].autonomous &&
                    msg.u.dio.pio[0].router_address);
        assert_int_equal(msg.u.dio.pio[0].valid_s, 86400);
        assert_int_equal(msg.u.dio.pio[0].preferred_s, 14400);
        assert_memory_equal(msg.u.dio.pio[0].prefix.b, GLOBAL.b, 16);
    }
    for (unsigned len = 0; len < 256; len++) {
        pio[0] = (uint8_t)len;
        assert_int_equal(parse_option(8, 30, pio, 30, &msg),
                         len > 128 ? -(int)RPL_COUNT_DROP_PREFIX_LENGTH : 0);
    }
}

static void test_rio_lengths(void **state)
{
    uint8_t rio[22] = {0, 0x08, 0, 0, 7, 8};
    struct rpl_wire_message msg;

    (void)state;
    memset(rio + 6, 0xff, 16);
    for (size_t len = 0; len < 256; len++) {
        for (unsigned bits = 0; bits<256; bits += len> 24 ? 17 : 1) {
            int want = 0, got;

            rio[0] = (uint8_t)bits;
            got = parse_option(3, len, rio, sizeof(rio), &msg);
            if (len < 6)
                want = -(int)RPL_COUNT_DROP_OPTION_SHORT;
            else if (bits > 128)
                want = -(int)RPL_COUNT_DROP_PREFIX_LENGTH;
            else if ((bits + 7) / 8 > len - 6)
                want = -(int)RPL_COUNT_DROP_OPTION_SHORT;
            assert_int_equal(got, want);
            if (want != 0)
                continue;
            assert_int_equal(msg.u.dio.rio_count, 1);
            assert_int_equal(msg.u.dio.rio[0].preference, 1);
            assert_int_equal(msg.u.dio.rio[0].lifetime_s, 1800);
            for (unsigned bit = 0; bit < 128; bit++)
                assert_int_equal(msg.u.dio.rio[0].prefix.b[bit / 8] >> (7 - bit % 8) & 1,
                                 bit < bits);
        }
    }
}

static void test_target_lengths(void **state)
{
    uint8_t target[255];
    struct rpl_wire_message msg;

    (void)state;
    memset(target, 0xff, sizeof(target));
    for (size_t len = 0; len < 256; len++) {
        for (unsigned bits = 0; bits<256; bits += len> 52 ? 13 : 1) {
            for (unsigned flags = 0; flags < 8; flags++) {
                /* F, X and a ROVR size of 0, 4 or 9, which nobody defined: all that is left, up to
                 * RPL_WIRE_ROVR_MAX */
                static const uint8_t sets[] = {0x00, 0x80, 0x40, 0x01, 0x84, 0x09, 0x30, 0xc2};
                unsigned size = sets[flags] & 0xf, rovr = size > 4 ? 0 : size * 8u;
                unsigned prefix = sets[flags] & 0x80 ? 16 : (bits + 7) / 8;
                int want = 0, got;

                target[0] = sets[flags];
                target[1] = (uint8_t)bits;
                got = parse_option(5, len, target, sizeof(target), &msg);
                if (len < 2)
                    want = -(int)RPL_COUNT_DROP_OPTION_SHORT;
                else if (bits > 128)
                    want = -(int)RPL_COUNT_DROP_PREFIX_LENGTH;
                else if (prefix + rovr > len - 2)
                    want = -(int)RPL_COUNT_DROP_OPTION_SHORT;
                assert_int_equal(got, want);
                if (want != 0)
                    continue;
                assert_int_equal(msg.u.dao.target_count, 1);
                assert_int_equal(msg.u.dao.target[0].len, bits);
                assert_int_equal(msg.u.dao.target[0].flags & 0x30, 0);
                if (size > 4) {
                    rovr = (unsigned)len - 2 - prefix;
                    if (rovr > RPL_WIRE_ROVR_MAX)
                        size = rovr = 0;
                }
                assert_int_equal(msg.u.dao.target[0].flags & 0xf, size);
                assert_int_equal(msg.u.dao.target[0].rovr_len, rovr);
                for (unsigned bit = 0; bit < 128; bit++)
                    assert_int_equal(msg.u.dao.target[0].prefix.b[bit / 8] >> (7 - bit % 8) & 1,
                                     bit < bits || sets[flags] & 0x80);
            }
        }
    }
}

/* With a prefix field longer than the prefix, the ROVR is still the last part (wire layout). */
static void test_target_rovr_is_last(void **state)
{
    uint8_t target[2 + 16 + 8] = {0x41, 64};
    struct rpl_wire_message msg;

    (void)state;
    memcpy(target + 2, GLOBAL.b, 16);
    memset(target + 18, 0x77, 8);
    assert_int_equal(parse_option(5, sizeof(target), target, sizeof(target), &msg), 0);
    assert_memory_equal(msg.u.dao.target[0].prefix.b, GLOBAL.b, 8);
    assert_memory_equal(msg.u.dao.target[0].prefix.b + 8, "\0\0\0\0\0\0\0", 8);
    assert_memory_equal(msg.u.dao.target[0].rovr, target + 18, 8);
}

static void test_transit_lengths(void **state)
{
    uint8_t transit[20] = {0xc0, 0x81, 0xf5, 0xff};
    struct rpl_wire_message msg;

    (void)state;
    memcpy(transit + 4, GLOBAL.b, 16);
    for (size_t len = 0; len < 256; len++) {
        int got = parse_option(6, len, transit, sizeof(transit), &msg);

        assert_int_equal(got, len < 4 ? -(int)RPL_COUNT_DROP_OPTION_SHORT : 0);
        if (len < 4)
            continue;
        assert_int_equal(msg.u.dao.transit_count, 1);
        assert_true(msg.u.dao.transit[0].external && msg.u.dao.transit[0].invalidate);
        assert_int_equal(msg.u.dao.transit[0].path_control, 0x81);
        assert_int_equal(msg.u.dao.transit[0].path_sequence, 0xf5);
        assert_int_equal(msg.u.dao.transit[0].path_lifetime, 0xff);
        assert_int_equal(msg.u.dao.transit[0].has_parent, len >= 20);
        if (len >= 20)
            assert_memory_equal(msg.u.dao.transit[0].parent.b, GLOBAL.b, 16);
    }
}

static void test_solicited_and_descriptor_lengths(void **state)
{
    uint8_t solicited[19] = {0x1e, 0xa0};
    struct rpl_wire_message msg;

    (void)state;
    memcpy(solicited + 2, GLOBAL.b, 16);
    solicited[18] = 0xf3;
    for (size_t len = 0; len < 256; len++) {
        int want = len < 19 ? -(int)RPL_COUNT_DROP_OPTION_SHORT : 0;

        assert_int_equal(parse_option(7, len, solicited, 19, &msg), want);
        if (want == 0) {
            assert_true(msg.u.dis.has_solicited && msg.u.dis.solicited.match_version &&
                        !msg.u.dis.solicited.match_instance && msg.u.dis.solicited.match_dodag);
            assert_int_equal(msg.u.dis.solicited.version, 0xf3);
            assert_memory_equal(msg.u.dis.solicited.dodag_id.b, GLOBAL.b, 16);
        }
        want = len < 4 ? -(int)RPL_COUNT_DROP_OPTION_SHORT : 0;
        assert_int_equal(parse_option(9, len, (const uint8_t *)"\xde\xad\xbe\xef", 4, &msg), want);
        if (want == 0) {
            assert_true(msg.u.dao.target[0].has_descriptor);
            assert_int_equal(msg.u.dao.target[0].descriptor, 0xdeadbeef);
        }
    }
}

/* Every option type that is not known, or known elsewhere, is skipped whatever it holds. */
static void test_other_options_skipped(void **state)
{
    (void)state;
    for (unsigned type = 1; type < 256; type++) {
        for (size_t len = 0; len < 256; len += 15) {
            struct rpl_wire_message msg;
            struct octets m;

            if (type == 2 || type == 3 || type == 4 || type == 8)
                continue;
            begin_dio(&m);
            put8(&m, type);
            put8(&m, (unsigned)len);
            for (size_t i = 0; i < len; i++)
                put8(&m, 0xff);
            put_config(&m);
            assert_int_equal(parse(&m, &msg), 0);
            assert_true(msg.u.dio.has_config);
            assert_int_equal(msg.u.dio.pio_count, 0);
            /* and one octet less is an overrun */
            begin_dio(&m);
            put8(&m, type);
            put8(&m, (unsigned)len + 1u);
            for (size_t i = 0; i < len; i++)
                put8(&m, 0xff);
            assert_dropped(&m, &msg, DROP_OPTION_TRUNCATED);
            m.len = 4 + 24 + 1;
            assert_dropped(&m, &msg, DROP_OPTION_TRUNCATED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_checksum_wrong),
        cmocka_unit_test(test_all_codes),
        cmocka_unit_test(test_header_truncated),
        cmocka_unit_test(test_base_lengths),
        cmocka_unit_test(test_instance_and_dodag_id),
        cmocka_unit_test(test_config_lengths),
        cmocka_unit_test(test_pio_lengths),
        cmocka_unit_test(test_rio_lengths),
        cmocka_unit_test(test_target_lengths),
        cmocka_unit_test(test_target_rovr_is_last),
        cmocka_unit_test(test_transit_lengths),
        cmocka_unit_test(test_solicited_and_descriptor_lengths),
        cmocka_unit_test(test_other_options_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
