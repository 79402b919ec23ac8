/* SPDX-License-Identifier: ISC */
/* The codec: what makes a configuration, a prefix or a DAO acceptable. */
#include "tests/unit/wire_octets.h"

/* ---- rules ---------------------------------------------------------------------------- */

static int parse_config(size_t at, uint8_t value)
{
    struct rpl_wire_message msg;
    uint8_t config[14];

    memcpy(config, CONFIG, sizeof(config));
    config[at] = value;
    return parse_option(4, sizeof(config), config, sizeof(config), &msg);
}

static void test_config_rules(void **state)
{
    const int invalid = -(int)RPL_COUNT_DROP_CONFIG_INVALID;

    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t v = (uint8_t)value;

        assert_int_equal(parse_config(0, v), v & 0x08 ? invalid : 0);    /* A, DIO-06 */
        assert_int_equal(parse_config(1, v), v + 3 > 31 ? invalid : 0);  /* doublings */
        assert_int_equal(parse_config(2, v), v + 20 > 31 ? invalid : 0); /* Imin */
        assert_int_equal(parse_config(6, v), v == 0 ? invalid : 0);      /* MHRI, N06 */
        assert_int_equal(parse_config(11, v), 0);                        /* SEQ-12 */
        assert_int_equal(parse_config(13, v), v == 0 ? invalid : 0);     /* Lifetime Unit */
    }
}

static void test_interval_min_alone(void **state)
{
    struct rpl_wire_message msg;
    uint8_t config[14];

    (void)state;
    memcpy(config, CONFIG, sizeof(config));
    config[1] = 0;
    for (unsigned value = 0; value < 256; value++) {
        config[2] = (uint8_t)value;
        assert_int_equal(parse_option(4, 14, config, 14, &msg),
                         value > 24 ? -(int)RPL_COUNT_DROP_CONFIG_INVALID : 0);
    }
}

/* COD-18: the first configuration wins, and only it is judged. */
static void test_config_repeated(void **state)
{
    struct rpl_wire_message msg;
    struct octets m;

    (void)state;
    begin_dio(&m);
    put_config(&m);
    put_config(&m);
    m.b[m.len - 8] = 0; /* MHRI of the second one */
    assert_int_equal(parse(&m, &msg), 0);
    assert_int_equal(msg.u.dio.config.min_hop_rank_increase, 256);
}

/* Of two Solicited Informations the first one holds as well. */
static void test_solicited_repeated(void **state)
{
    struct rpl_wire_message msg;
    struct octets m;

    (void)state;
    begin(&m, RPL_CODE_DIS);
    put(&m, "\0\0", 2);
    for (unsigned i = 1; i <= 2; i++) {
        put8(&m, 7);
        put8(&m, 19);
        put8(&m, i);
        put8(&m, 0x40);
        put(&m, GLOBAL.b, 16);
        put8(&m, 0);
    }
    assert_int_equal(parse(&m, &msg), 0);
    assert_int_equal(msg.u.dis.solicited.instance, 1);
}

static void test_pio_rules(void **state)
{
    uint8_t pio[30] = {64, 0x40, 0, 0, 0, 10, 0, 0, 0, 10};
    struct rpl_wire_message msg;

    (void)state;
    memcpy(pio + 14, GLOBAL.b, 16);
    assert_int_equal(parse_option(8, 30, pio, 30, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, 1);
    pio[9] = 11; /* preferred longer than valid */
    assert_int_equal(parse_option(8, 30, pio, 30, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, 0);
    pio[9] = 10;
    memcpy(pio + 14, SRC.b, 16); /* link-local, COD-17 */
    assert_int_equal(parse_option(8, 30, pio, 30, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, 0);
    memcpy(pio + 14, DST.b, 16); /* multicast */
    assert_int_equal(parse_option(8, 30, pio, 30, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, 0);
}

static void test_more_prefixes_than_kept(void **state)
{
    uint8_t pio[32] = {8, 30, 64, 0x40}, rio[8] = {3, 6};
    struct rpl_wire_message msg;
    struct octets m;

    (void)state;
    memcpy(pio + 16, GLOBAL.b, 16);
    begin_dio(&m);
    for (unsigned i = 0; i < 20; i++) {
        pio[31] = (uint8_t)i;
        rio[7] = (uint8_t)i;
        put(&m, pio, sizeof(pio));
        put(&m, rio, sizeof(rio));
    }
    assert_int_equal(parse(&m, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, RPL_WIRE_PIOS_MAX);
    assert_int_equal(msg.u.dio.rio_count, RPL_WIRE_RIOS_MAX);
    for (unsigned i = 0; i < RPL_WIRE_PIOS_MAX; i++)
        assert_int_equal(msg.u.dio.pio[i].prefix.b[15], i);
    for (unsigned i = 0; i < RPL_WIRE_RIOS_MAX; i++)
        assert_int_equal(msg.u.dio.rio[i].lifetime_s, i);
}

static void test_rio_preferences(void **state)
{
    static const int want[] = {0, 1, 9, -1};

    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        uint8_t rio[6] = {0, (uint8_t)bits, 0, 0, 0, 1};
        struct rpl_wire_message msg;
        unsigned prf = bits >> 3 & 3;

        assert_int_equal(parse_option(3, 6, rio, 6, &msg), 0);
        assert_int_equal(msg.u.dio.rio_count, prf == 2 ? 0 : 1);
        if (prf != 2)
            assert_int_equal(msg.u.dio.rio[0].preference, want[prf]);
    }
}

/* ---- the DAO grammar ------------------------------------------------------------------ */

/* ((Target [Descriptor])+ Transit+)+ with padding and unknown options anywhere, as a state
 * machine of its own. Returns the verdict; groups get counted. */
static int judge(const char *word, unsigned *groups)
{
    char last = 0;
    bool target = false;

    *groups = 0;
    for (const char *p = word; *p; p++) {
        if (*p == 'T') {
            if (last == 0 || last == 'X')
                ++*groups;
            target = true;
        } else if (*p == 'D') {
            if (last != 'T')
                return -(int)RPL_COUNT_DROP_DAO_STRUCTURE;
        } else if (*p == 'X') {
            if (!target)
                return -(int)RPL_COUNT_DROP_DAO_STRUCTURE;
        } else {
            continue;
        }
        last = *p;
    }
    if (!target)
        return -(int)RPL_COUNT_DROP_DAO_NO_TARGET;
    return last == 'X' ? 0 : -(int)RPL_COUNT_DROP_DAO_STRUCTURE;
}

static void put_word(struct octets *m, const char *word)
{
    unsigned target = 0;

    for (const char *p = word; *p; p++) {
        switch (*p) {
        case 'T':
            put_target(m, ++target);
            break;
        case 'D':
            put(m, "\x09\x04\1\2\3\4", 6);
            break;
        case 'X':
            put_transit(m);
            break;
        case 'P':
            put8(m, 0);
            break;
        default:
            put(m, "\xc0\3\1\2\3", 5);
        }
    }
}

/* What was read, spelled again: the order within a group and the groups themselves are kept. */
static void check_groups(const char *word, const struct rpl_wire_dao *dao, unsigned groups)
{
    unsigned target = 0, transit = 0, group = 0;
    char last = 'X';

    assert_int_equal(dao->group_count, groups);
    for (const char *p = word; *p; p++) {
        if (*p == 'T') {
            group += last == 'X';
            assert_int_equal(dao->target[target].group, group - 1);
            assert_int_equal(dao->target[target].prefix.b[15], target + 1);
            target++;
        } else if (*p == 'X') {
            assert_int_equal(dao->transit[transit++].group, group - 1);
        } else if (*p == 'D') {
            assert_true(dao->target[target - 1].has_descriptor);
        }
        if (*p == 'T' || *p == 'X')
            last = *p;
    }
    assert_int_equal(dao->target_count, target);
    assert_int_equal(dao->transit_count, transit);
}

static void test_dao_grammar(void **state)
{
    static const char letters[] = "TDXPU";
    unsigned accepted = 0;

    (void)state;
    for (unsigned length = 0; length <= 6; length++) {
        unsigned words = 1;

        for (unsigned i = 0; i < length; i++)
            words *= 5;
        for (unsigned n = 0; n < words; n++) {
            struct rpl_wire_message msg;
            struct octets m;
            char word[8] = "";
            unsigned groups, rest = n;
            int want;

            for (unsigned i = 0; i < length; i++, rest /= 5)
                word[i] = letters[rest % 5];
            want = judge(word, &groups);
            begin_dao(&m);
            put_word(&m, word);
            assert_int_equal(parse(&m, &msg), want);
            if (want == 0) {
                check_groups(word, &msg.u.dao, groups);
                accepted++;
            }
        }
    }
    assert_true(accepted > 500);
}

static void test_dao_too_many(void **state)
{
    struct rpl_wire_message msg;
    struct octets m;

    (void)state;
    for (unsigned n = 60; n <= 70; n++) {
        int want = n > 64 ? -(int)RPL_COUNT_DROP_DAO_TOO_MANY : 0;

        begin_dao(&m);
        for (unsigned i = 0; i < n; i++)
            put_target(&m, i);
        put_transit(&m);
        assert_int_equal(parse(&m, &msg), want);
        begin_dao(&m);
        put_target(&m, 1);
        for (unsigned i = 0; i < n; i++)
            put_transit(&m);
        assert_int_equal(parse(&m, &msg), want);
    }
}

/* A local instance without D is the receiver's to judge, not the codec's. */
static void test_dao_local_without_d(void **state)
{
    struct rpl_wire_message msg;
    struct octets m;

    (void)state;
    begin_dao(&m);
    m.b[4] = 0x85;
    put_target(&m, 1);
    put_transit(&m);
    assert_int_equal(parse(&m, &msg), 0);
    assert_int_equal(msg.u.dao.instance, 0x85);
    assert_false(msg.u.dao.has_dodag_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_rules),    cmocka_unit_test(test_interval_min_alone),
        cmocka_unit_test(test_config_repeated), cmocka_unit_test(test_solicited_repeated),
        cmocka_unit_test(test_pio_rules),       cmocka_unit_test(test_more_prefixes_than_kept),
        cmocka_unit_test(test_rio_preferences), cmocka_unit_test(test_dao_grammar),
        cmocka_unit_test(test_dao_too_many),    cmocka_unit_test(test_dao_local_without_d),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
