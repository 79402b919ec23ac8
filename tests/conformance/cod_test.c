/* SPDX-License-Identifier: ISC */
/* Section 1: the wire codec. */
#include "tests/conformance/row.h"

/* Offsets in the recorded messages, from the ICMPv6 type octet on. */
#define BASE 4u
#define DIO_OPTIONS (BASE + 24u)
#define V02_CONFIG 42u
#define V02_PIO 58u
#define V06_TARGET 8u
#define V06_PREFIX 28u
#define V06_TRANSIT 40u

static uint8_t *message(struct vector *v)
{
    return v->packet + v->icmp;
}

/* 0 or minus the counter; the checksum is made right again. */
static int read_edited(const struct vector *v, struct rpl_wire_message *msg)
{
    return vector_read_cut(v, v->len - v->icmp, msg);
}

static void insert(struct vector *v, size_t at, const uint8_t *octets, size_t len)
{
    size_t whole = v->len - v->icmp;

    assert_true(at <= whole && v->len + len <= VECTOR_MAX);
    memmove(message(v) + at + len, message(v) + at, whole - at);
    memcpy(message(v) + at, octets, len);
    v->len += len;
}

static void append(struct vector *v, const uint8_t *octets, size_t len)
{
    insert(v, v->len - v->icmp, octets, len);
}

static void test_COD_01(void **state)
{
    static const char *const same[] = {"V01", "V05", "V06", "V07", "V08", "V09", "V10",
                                       "V11", "V12", "V13", "V26", "V27", "V28"};
    static const struct {
        uint8_t code;
        enum rpl_counter why;
    } others[] = {
        {0x04, RPL_COUNT_DROP_CODE_UNSUPPORTED}, {0x05, RPL_COUNT_DROP_CODE_UNSUPPORTED},
        {0x06, RPL_COUNT_DROP_CODE_UNSUPPORTED}, {0x09, RPL_COUNT_DROP_CODE_UNSUPPORTED},
        {0x0a, RPL_COUNT_DROP_CODE_UNSUPPORTED}, {0x80, RPL_COUNT_DROP_SECURED},
        {0x88, RPL_COUNT_DROP_SECURED},          {0x8a, RPL_COUNT_DROP_SECURED},
    };
    struct rpl_wire_message msg;
    struct vector v;
    uint8_t out[VECTOR_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        row_vector(same[i], &v);
        assert_int_equal(message(&v)[0], 155);
        assert_int_equal(vector_read(&v, &msg), 0);
        assert_int_equal(msg.code, message(&v)[1]);
        assert_int_equal(rpl_wire_write(&msg, &v.src, &v.dst, out, sizeof(out)), v.len - v.icmp);
        assert_memory_equal(out, message(&v), v.len - v.icmp);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        row_vector("V01", &v);
        message(&v)[1] = others[i].code;
        assert_int_equal(read_edited(&v, &msg), -(int)others[i].why);
    }
}

static void test_COD_02(void **state)
{
    size_t mark;

    (void)state;
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    row_start();
    mark = rig.sent_count;
    assert_int_equal(row_give("N05"), -RPL_ERR_DROPPED);
    assert_int_equal(rig.sent_count, mark);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CODE_UNKNOWN), 1);
    assert_int_equal(rig.trace[rig.trace_count - 1].kind, RPL_TRACE_DROPPED);
}

static void test_COD_03(void **state)
{
    (void)state;
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0a);
    row_start();
    assert_int_equal(row_give("N01"), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CHECKSUM), 1);
    assert_int_equal(row_instance().neighbours, 0);
    /* Through the data plane, where the kernel has not looked at it, no less. */
    struct vector v;
    row_vector("V07", &v);
    message(&v)[2] ^= 1;
    assert_int_equal(rig_octets(&rig, 0, &v.src, &v.dst, message(&v), v.len - v.icmp),
                     -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CHECKSUM), 2);
}

static void test_COD_04(void **state)
{
    struct rpl_addr global = rig_global(9), child = rig_ll(9), elsewhere = rig_ll(77);
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 512), dis = {.code = RPL_CODE_DIS};

    (void)state;
    row_root(RPL_MOP_STORING);
    dio.u.dio.dodag_id = rig_global(1);
    rig_receive(&rig, &global, &rpl_addr_all_nodes, &dio);
    rig_receive(&rig, &global, &rpl_addr_all_nodes, &dis);
    rig_receive_on(&rig, 0, &child, &rpl_addr_all_nodes, &dio); /* not from a link at all */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_SOURCE_SCOPE), 3);
    rig_receive(&rig, &child, &elsewhere, &dis);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DESTINATION), 1);
    assert_int_equal(row_instance().neighbours, 0);
    /* Ours: a link-local source, ff02::1a or the asker. */
    rig_run(&rig, RPL_S(5));
    row_dis(9, false, NULL);
    assert_true(row_sent_to(RPL_CODE_DIO, 0, 0) > 0);
    assert_int_equal(row_sent_to(RPL_CODE_DIO, 9, 0), 1);
    for (size_t i = 0; i < rig.sent_count; i++)
        assert_memory_equal(&rig.sent[i].send.src, &rig.link_local, 16);
}

static void test_COD_05(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    /* Behind the checksum of V14 stands its security section, not a DIO base. */
    row_vector("V14", &v);
    assert_int_equal(message(&v)[1], RPL_CODE_SECURE | RPL_CODE_DIO);
    assert_int_equal(vector_read(&v, &msg), -RPL_COUNT_DROP_SECURED);
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0a);
    row_start();
    assert_int_equal(row_give("V14"), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_SECURED), 1);
    assert_int_equal(row_instance().neighbours, 0);
}

static void test_COD_06(void **state)
{
    static const struct {
        const char *id;
        size_t at;
        uint8_t bits;
    } reserved[] = {
        {"V01", BASE, 0xff},            /* DIS flags */
        {"V01", BASE + 1, 0xff},        /* DIS reserved */
        {"V02", BASE + 4, 0x40},        /* between G and MOP */
        {"V02", BASE + 6, 0xff},        /* DIO flags */
        {"V02", BASE + 7, 0xff},        /* DIO reserved */
        {"V02", V02_PIO + 3, 0x1f},     /* PIO flags below R */
        {"V02", V02_PIO + 12, 0xff},    /* PIO reserved */
        {"V06", BASE + 1, 0x3f},        /* DAO flags */
        {"V06", BASE + 2, 0xff},        /* DAO reserved */
        {"V06", V06_TARGET + 2, 0x30},  /* Target flags that RFC 9010 left */
        {"V06", V06_TRANSIT + 2, 0x3f}, /* Transit flags */
        {"V09", BASE + 1, 0x7f},        /* DAO-ACK reserved */
    };
    struct rpl_wire_message plain, edited;
    struct vector v;
    uint8_t out[VECTOR_MAX];
    int len;

    (void)state;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        row_vector(reserved[i].id, &v);
        assert_int_equal(vector_read(&v, &plain), 0);
        assert_int_equal(message(&v)[reserved[i].at] & reserved[i].bits, 0);
        message(&v)[reserved[i].at] |= reserved[i].bits;
        assert_int_equal(read_edited(&v, &edited), 0);
        assert_memory_equal(&edited, &plain, sizeof(plain));
        len = rpl_wire_write(&edited, &v.src, &v.dst, out, sizeof(out));
        assert_true(len > 0);
        if (strcmp(reserved[i].id, "V02") != 0 || reserved[i].at < DIO_OPTIONS)
            assert_int_equal(out[reserved[i].at] & reserved[i].bits, 0);
    }
    /* The reserved octet of a Configuration belongs to the root and travels on (DIO-05). */
    row_vector("V02", &v);
    message(&v)[V02_CONFIG + 12] = 0xff;
    assert_int_equal(read_edited(&v, &edited), 0);
    assert_int_equal(edited.u.dio.config.ocp, 0);
    assert_int_equal(edited.u.dio.config.default_lifetime, 30);
}

static void test_COD_07(void **state)
{
    static const uint8_t pad1[] = {0}, pad7[] = {1, 5, 1, 2, 3, 4, 5}, long_pad[30] = {1, 28, 0xff};
    static const size_t ends[] = {DIO_OPTIONS, 44, 45, 61, 66}; /* option boundaries of V03 */
    struct rpl_wire_message msg, padded;
    struct vector v;
    size_t end = 0;

    (void)state;
    row_vector("V03", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dio.rio_count, 1);
    for (size_t len = 0; len <= v.len - v.icmp; len++) {
        bool whole = end < 5 && len == ends[end];
        int result = vector_read_cut(&v, len, &padded);
        if (whole)
            end++;
        if (whole || len == v.len - v.icmp)
            assert_int_equal(result, 0);
        else
            assert_int_not_equal(result, 0);
    }
    assert_int_equal(end, 4); /* the last one is the end of the message and a bit more */
    row_vector("N03", &v);
    assert_int_equal(vector_read(&v, &padded), -RPL_COUNT_DROP_OPTION_TRUNCATED);
    row_vector("N04", &v);
    assert_int_equal(vector_read(&v, &padded), -RPL_COUNT_DROP_OPTION_TRUNCATED);
    row_vector("V02", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    insert(&v, DIO_OPTIONS, long_pad, sizeof(long_pad));
    insert(&v, DIO_OPTIONS, pad7, sizeof(pad7));
    insert(&v, DIO_OPTIONS, pad1, sizeof(pad1));
    append(&v, pad1, sizeof(pad1));
    assert_int_equal(read_edited(&v, &padded), 0);
    assert_memory_equal(&padded, &msg, sizeof(msg));
}

static void test_COD_08(void **state)
{
    static const uint8_t unknown[] = {0xc0, 3, 1, 2, 3};
    static const size_t places[] = {DIO_OPTIONS, V02_CONFIG, V02_PIO};
    struct rpl_wire_message msg, with;
    struct vector v;

    (void)state;
    row_vector("V02", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    for (size_t i = 3; i-- > 0;)
        insert(&v, places[i], unknown, sizeof(unknown));
    append(&v, unknown, sizeof(unknown));
    assert_int_equal(read_edited(&v, &with), 0);
    assert_memory_equal(&with, &msg, sizeof(msg));
    /* An option of a DAO means nothing in a DIO. */
    static const uint8_t transit[] = {6, 4, 0, 0, 0, 0};
    append(&v, transit, sizeof(transit));
    assert_int_equal(read_edited(&v, &with), 0);
}

static void test_COD_09(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("N02", &v);
    assert_int_equal(v.len - v.icmp, BASE + 23);
    assert_int_equal(vector_read(&v, &msg), -RPL_COUNT_DROP_TRUNCATED);
    row_vector("V02", &v);
    assert_int_equal(message(&v)[8], 0x88);
    for (unsigned flags = 0; flags < 256; flags++) {
        message(&v)[8] = (uint8_t)flags;
        assert_int_equal(read_edited(&v, &msg), 0);
        assert_int_equal(msg.u.dio.grounded, flags >> 7);
        assert_int_equal(msg.u.dio.mop, flags >> 3 & 7);
        assert_int_equal(msg.u.dio.preference, flags & 7);
    }
}

static void test_COD_10(void **state)
{
    static const uint8_t option[] = {5, 2, 0, 0};
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V09", &v);
    assert_int_equal(v.len - v.icmp, BASE + 4);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_false(msg.u.ack.has_dodag_id);
    append(&v, option, sizeof(option)); /* a DAO-ACK has none: any is ignored */
    assert_int_equal(read_edited(&v, &msg), 0);
    row_vector("V10", &v);
    assert_int_equal(v.len - v.icmp, BASE + 20);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_true(msg.u.ack.has_dodag_id);
    row_vector("V11", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.status, 0xc3);
    row_vector("N12", &v); /* D clear: the DODAGID is read as options and fails */
    assert_int_not_equal(vector_read(&v, &msg), 0);
    /* D is mandatory with a local instance: compat.local_instance_without_d off. */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].id = 0x85;
    rig.config.instance[0].compat.local_instance_without_d = false;
    row_start();
    assert_int_equal(row_give("N13"), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_LOCAL_WITHOUT_D), 1);
}

static void test_COD_11(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;
    uint8_t out[VECTOR_MAX];
    const char *const legal[] = {"V03", "X02"}; /* a /48 in 8 octets, and in 6 */

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        row_vector(legal[i], &v);
        assert_int_equal(vector_read(&v, &msg), 0);
        assert_int_equal(msg.u.dio.rio_count, 1);
        assert_int_equal(msg.u.dio.rio[0].len, 48);
        assert_int_equal(msg.u.dio.rio[0].preference, 1);
    }
    row_vector("N11", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dio.rio_count, 0); /* without it, the DIO stands */
    assert_true(msg.u.dio.has_config);
    row_vector("X02", &v);
    v.packet[v.len - 1] = 0x99;
    message(&v)[46] = 44; /* now the last four bits are beyond the prefix */
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_int_equal(msg.u.dio.rio[0].prefix.b[5], 0x90);
    message(&v)[46] = 49; /* longer than the field */
    assert_int_not_equal(read_edited(&v, &msg), 0);
    message(&v)[46] = 129;
    assert_int_not_equal(read_edited(&v, &msg), 0);
    row_vector("X02", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    for (int preference = -1; preference <= 1; preference++) {
        msg.u.dio.rio[0].preference = (int8_t)preference;
        assert_int_equal(rpl_wire_write(&msg, &v.src, &v.dst, out, sizeof(out)), v.len - v.icmp);
        assert_int_equal(out[47], (preference & 3) << 3);
    }
    msg.u.dio.rio[0].preference = 2;
    assert_true(rpl_wire_write(&msg, &v.src, &v.dst, out, sizeof(out)) < 0);
}

static void test_COD_12(void **state)
{
    struct rpl_wire_message msg;
    struct rpl_wire_config config;
    struct vector v;

    (void)state;
    row_vector("V04", &v);
    assert_int_equal(message(&v)[DIO_OPTIONS + 1], 14);
    assert_int_equal(message(&v)[DIO_OPTIONS + 2], 0x77);
    assert_int_equal(vector_read(&v, &msg), 0);
    config = msg.u.dio.config;
    assert_int_equal(config.flags, 0x77); /* P, T, 0x23 */
    assert_int_equal(config.pcs, 7);
    assert_false(config.authenticated);
    assert_int_equal(config.interval_doublings, 20);
    assert_int_equal(config.interval_min, 3);
    assert_int_equal(config.redundancy, 10);
    assert_int_equal(config.max_rank_increase, 1792);
    assert_int_equal(config.min_hop_rank_increase, 256);
    assert_int_equal(config.ocp, 1);
    assert_int_equal(config.default_lifetime, 30);
    assert_int_equal(config.lifetime_unit_s, 60);
    memset(config.raw, 0, sizeof(config.raw));
    rpl_wire_config_pack(&config);
    assert_memory_equal(config.raw, message(&v) + DIO_OPTIONS + 2, 14);
    message(&v)[DIO_OPTIONS + 2] = 0x08; /* the A flag is the fifth bit */
    assert_int_equal(read_edited(&v, &msg), -RPL_COUNT_DROP_CONFIG_INVALID);
}

static void test_COD_13(void **state)
{
    static const struct {
        size_t at;
        uint8_t first, second;
    } bad[] = {
        {6, 0, 0},   /* MinHopRankIncrease 0 */
        {12, 0, 0},  /* Lifetime Unit 0 */
        {1, 20, 12}, /* 12 + 20 doublings: beyond a 32-bit clock */
        {1, 0, 25},  /* Imin of 9 hours */
    };
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("N06", &v);
    assert_int_equal(vector_read(&v, &msg), -RPL_COUNT_DROP_CONFIG_INVALID);
    row_vector("N17", &v);
    assert_int_equal(vector_read(&v, &msg), -RPL_COUNT_DROP_CONFIG_INVALID);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        row_vector("V02", &v);
        message(&v)[V02_CONFIG + 2 + bad[i].at] = bad[i].first;
        message(&v)[V02_CONFIG + 3 + bad[i].at] = bad[i].second;
        assert_int_equal(read_edited(&v, &msg), -RPL_COUNT_DROP_CONFIG_INVALID);
    }
}

static void test_COD_14(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V06", &v);
    assert_int_equal(message(&v)[V06_PREFIX + 1], 10); /* a /64 in 8 octets */
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.target[1].len, 64);
    message(&v)[V06_PREFIX + 3] = 61;
    message(&v)[V06_PREFIX + 11] = 0xff;
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_int_equal(msg.u.dao.target[1].prefix.b[7], 0xf8);
    message(&v)[V06_PREFIX + 3] = 65; /* needs a ninth octet */
    assert_int_equal(read_edited(&v, &msg), -RPL_COUNT_DROP_OPTION_SHORT);
    row_vector("N10", &v);
    assert_int_equal(vector_read(&v, &msg), -RPL_COUNT_DROP_PREFIX_LENGTH);
}

static void test_COD_15(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V06", &v);
    assert_int_equal(message(&v)[V06_TRANSIT + 1], 4);
    assert_int_equal(message(&v)[V06_TRANSIT + 2], 0x40);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_false(msg.u.dao.transit[0].has_parent);
    assert_true(msg.u.dao.transit[0].invalidate);
    assert_false(msg.u.dao.transit[0].external);
    message(&v)[V06_TRANSIT + 2] = 0x80;
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_true(msg.u.dao.transit[0].external);
    assert_false(msg.u.dao.transit[0].invalidate);
    row_vector("V07", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.transit_count, 2);
    assert_true(msg.u.dao.transit[0].has_parent && msg.u.dao.transit[1].has_parent);
}

static void test_COD_16(void **state)
{
    static const uint8_t descriptor[] = {9, 4, 0xde, 0xad, 0xbe, 0xef};
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V07", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_true(msg.u.dao.target[0].has_descriptor);
    assert_int_equal(msg.u.dao.target[0].descriptor, 0xdeadbeef);
    insert(&v, BASE + 20 + 20, descriptor, sizeof(descriptor)); /* a second one */
    assert_int_equal(read_edited(&v, &msg), -RPL_COUNT_DROP_DAO_STRUCTURE);
    row_vector("V07", &v);
    append(&v, descriptor, sizeof(descriptor)); /* after a Transit */
    assert_int_equal(read_edited(&v, &msg), -RPL_COUNT_DROP_DAO_STRUCTURE);
    row_vector("V01", &v);
    assert_int_equal(message(&v)[BASE + 3], 19);
    assert_int_equal(vector_read(&v, &msg), 0);
    msg.u.dis.solicited.match_version = msg.u.dis.solicited.match_dodag = false;
    uint8_t out[64], none[17] = {0};
    assert_int_equal(rpl_wire_write(&msg, &v.src, &v.dst, out, sizeof(out)), BASE + 2 + 21);
    assert_int_equal(out[BASE + 4], 30);
    assert_memory_equal(out + BASE + 6, none, 17); /* DODAGID and version: flags clear */
    /* A router of a storing DODAG passes the descriptor on as it came. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(2));
    size_t mark = rig.sent_count;
    struct rpl_addr child = rig_ll(CHILD), target = rig_global(CHILD);
    struct rpl_wire_message dao = rig_dao(1, &target, 5, 30, NULL);
    dao.u.dao.target[0].has_descriptor = true;
    dao.u.dao.target[0].descriptor = 0xcafef00d;
    rig_receive(&rig, &child, &rig.link_local, &dao);
    row_run(RPL_S(2));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_non_null(s);
    assert_true(s->msg.u.dao.target[0].has_descriptor);
    assert_int_equal(s->msg.u.dao.target[0].descriptor, 0xcafef00d);
}

static void test_COD_17(void **state)
{
    static const uint8_t link_local[32] = {8, 30, 64, 0x40, [20 - 4] = 0xfe, 0x80};
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V02", &v);
    assert_int_equal(message(&v)[V02_PIO + 1], 30);
    for (unsigned flags = 0; flags < 256; flags += 0x20) {
        message(&v)[V02_PIO + 3] = (uint8_t)flags;
        assert_int_equal(read_edited(&v, &msg), 0);
        assert_int_equal(msg.u.dio.pio[0].on_link, (flags & 0x80) != 0);
        assert_int_equal(msg.u.dio.pio[0].autonomous, (flags & 0x40) != 0);
        assert_int_equal(msg.u.dio.pio[0].router_address, (flags & 0x20) != 0);
    }
    append(&v, link_local, sizeof(link_local));
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, 1); /* fe80::/64 is no prefix of ours */
    message(&v)[V02_PIO + 8] = 0xff;          /* preferred longer than valid */
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_int_equal(msg.u.dio.pio_count, 0);
    row_vector("V04", &v); /* R=1: the router's whole address */
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_true(msg.u.dio.pio[0].router_address);
    assert_int_equal(msg.u.dio.pio[0].prefix.b[15], 0x0b);
}

static void test_COD_18(void **state)
{
    struct rpl_wire_message msg, plain;
    struct vector v;
    uint8_t second[16];

    (void)state;
    row_vector("V02", &v);
    assert_int_equal(vector_read(&v, &plain), 0);
    memcpy(second, message(&v) + V02_CONFIG, sizeof(second));
    second[13] = 99;
    insert(&v, V02_PIO, second, sizeof(second)); /* the first one wins */
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_memory_equal(&msg, &plain, sizeof(msg));
    row_vector("V02", &v);
    static const uint8_t tail[] = {0xaa, 0xbb};
    insert(&v, V02_PIO, tail, sizeof(tail));
    message(&v)[V02_CONFIG + 1] = 16;
    assert_int_equal(read_edited(&v, &msg), 0);
    assert_memory_equal(&msg, &plain, sizeof(msg));
    row_vector("V02", &v);
    message(&v)[V02_CONFIG + 1] = 13; /* its last octet is a Pad1 then */
    message(&v)[V02_CONFIG + 15] = 0;
    assert_int_equal(read_edited(&v, &msg), -RPL_COUNT_DROP_OPTION_SHORT);
}

static void test_COD_19(void **state)
{
    size_t targets = 0, mark;

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(2));
    mark = rig.sent_count;
    for (unsigned n = 100; n < 300; n++) {
        struct rpl_addr child = rig_ll(n), target = rig_global(n);
        struct rpl_wire_message dao = rig_dao(1, &target, 5, 30, NULL);
        dao.u.dao.ack_wanted = false;
        rig_receive(&rig, &child, &rig.link_local, &dao);
    }
    row_run(RPL_S(4));
    assert_true(rig_count(&rig, RPL_CODE_DAO, mark) >= 5);
    for (size_t i = mark; i < rig.sent_count; i++) {
        if (rig.sent[i].msg.code != RPL_CODE_DAO)
            continue;
        assert_true(rig.sent[i].send.len + 40 <= 1280);
        targets += rig.sent[i].msg.u.dao.target_count;
    }
    assert_int_equal(targets, 200);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(COD, 01, "every code is known, what is ours reads and writes the same octets"),
        ROW(COD, 02, "an unknown code is dropped without an answer"),
        ROW(COD, 03, "a wrong checksum is dropped wherever it comes from"),
        ROW(COD, 04, "link-scope messages have a link-local source"),
        ROW(COD, 05, "0x80 means that a security section follows"),
        ROW(COD, 06, "reserved bits are ignored, and sent as 0"),
        ROW(COD, 07, "options, padding, and every truncation"),
        ROW(COD, 08, "an unknown option is passed over"),
        ROW(COD, 09, "24 octets of DIO base, G MOP Prf in the ninth"),
        ROW(COD, 10, "4 octets of DAO base, 16 more exactly when D is set"),
        ROW(COD, 11, "Route Information of any fitting size"),
        ROW(COD, 12, "the 14 octets of a Configuration"),
        ROW(COD, 13, "a Configuration that cannot be used is refused"),
        ROW(COD, 14, "a Target's prefix field may be short"),
        ROW(COD, 15, "a Transit has a parent by its length alone"),
        ROW(COD, 16, "Target Descriptor and Solicited Information"),
        ROW(COD, 17, "Prefix Information"),
        ROW(COD, 18, "options too short, too long and repeated"),
        ROW(COD, 19, "a DAO that would exceed 1280 octets is split"),
    };

    return ROWS_RUN(rows);
}
