/* SPDX-License-Identifier: ISC */
/* Section 7: the metric container. */
#include "tests/conformance/row.h"

static struct rpl_wire_metric object(uint8_t type, uint8_t len, uint32_t value)
{
    struct rpl_wire_metric m = {.type = type, .len = len};

    for (uint8_t i = 0; i < len && i < 4; i++)
        m.body[len - 1 - i] = (uint8_t)(value >> (8 * i));
    return m;
}

static struct rpl_wire_metric constraint(uint8_t type, uint8_t len, uint32_t value)
{
    struct rpl_wire_metric m = object(type, len, value);

    m.constraint = true;
    return m;
}

static uint32_t value_of(const struct rpl_wire_metric *m)
{
    uint32_t value = 0;

    for (uint8_t i = 0; i < m->len; i++)
        value = value << 8 | m->body[i];
    return value;
}

static void add(struct rpl_wire_message *dio, struct rpl_wire_metric m)
{
    dio->u.dio.metric[dio->u.dio.metric_count++] = m;
}

static struct rpl_wire_message dio_of(uint16_t ocp)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    dio.u.dio.config.ocp = ocp;
    rpl_wire_config_pack(&dio.u.dio.config);
    return dio;
}

/* What a router below ROOT, which sends |dio|, relays of it. */
static const struct rpl_wire_dio *relayed(const struct rpl_wire_message *dio)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, dio);
    row_run(RPL_S(5));
    assert_true(row_parent_is(ROOT));
    return &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
}

static void test_MET_01(void **state)
{
    static const uint8_t second[] = {2, 6, 3, 0, 0, 2, 0, 9};
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V02", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dio.metric_count, 2);
    assert_int_equal(msg.u.dio.metric[0].type, 7);
    assert_false(msg.u.dio.metric[0].constraint);
    assert_true(msg.u.dio.metric[1].constraint);
    assert_int_equal(value_of(&msg.u.dio.metric[1]), 1024); /* ETX 8.0 */
    row_vector("V04", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dio.metric_count, 2);
    assert_int_equal(value_of(&msg.u.dio.metric[0]), 9830400);
    assert_int_equal(msg.u.dio.metric[1].body[1], 2);
    /* The object header: flags, then A and precedence. */
    row_vector("V02", &v);
    v.packet[v.icmp + 28 + 3] = 0x07;        /* P, C, O */
    v.packet[v.icmp + 28 + 4] = 0x80 | 0x35; /* R, A = 3, Prec = 5 */
    assert_int_equal(vector_read_cut(&v, v.len - v.icmp, &msg), 0);
    assert_true(msg.u.dio.metric[0].recorded);
    assert_int_equal(msg.u.dio.metric[0].aggregation, 3);
    assert_int_equal(msg.u.dio.metric[0].precedence, 5);
    /* Two containers are one list. */
    row_vector("V02", &v);
    memcpy(v.packet + v.len, second, sizeof(second));
    v.len += sizeof(second);
    assert_int_equal(vector_read_cut(&v, v.len - v.icmp, &msg), 0);
    assert_int_equal(msg.u.dio.metric_count, 3);
    assert_int_equal(msg.u.dio.metric[2].type, 3);
}

static void test_MET_02(void **state)
{
    static const uint8_t len[] = {0, 2, 2, 2, 4, 4, 3, 2, 3}; /* of types 1 to 8 */
    struct rpl_addr src = rig_ll(2);
    uint8_t out[RPL_MESSAGE_MAX];

    (void)state;
    for (uint8_t type = 1; type <= 8; type++) {
        struct rpl_wire_message dio = dio_of(0), msg;
        enum rpl_counter why;
        add(&dio, object(type, len[type], 0x01020300u + type));
        int n = rpl_wire_write(&dio, &src, &rpl_addr_all_nodes, out, sizeof(out));
        assert_true(n > 0);
        assert_int_equal(rpl_wire_read(out, (size_t)n, &src, &rpl_addr_all_nodes, &msg, &why), 0);
        assert_int_equal(msg.u.dio.metric_count, 1);
        assert_int_equal(msg.u.dio.metric[0].type, type);
        assert_int_equal(msg.u.dio.metric[0].len, len[type]);
        assert_memory_equal(msg.u.dio.metric[0].body, dio.u.dio.metric[0].body, len[type]);
    }
}

static void test_MET_03(void **state)
{
    struct rpl_wire_message dio = dio_of(0);

    (void)state;
    /* What is in 128ths from the measurement on needs no rounding; a path beyond 511.99 is full. */
    add(&dio, object(7, 2, 457)); /* 3.569 */
    assert_int_equal(value_of(&relayed(&dio)->metric[0]), 457 + 128);
    dio.u.dio.metric[0] = object(7, 2, 65500);
    assert_int_equal(value_of(&relayed(&dio)->metric[0]), 65535);
    dio.u.dio.metric[0] = object(7, 2, 65535);
    assert_int_equal(value_of(&relayed(&dio)->metric[0]), 65535);
}

static void test_MET_04(void **state)
{
    struct rpl_wire_message dio = dio_of(1);

    (void)state;
    /* Two hop counts with different constraints: the first of each is what counts. */
    add(&dio, object(3, 2, 4));
    add(&dio, object(3, 2, 90));
    add(&dio, constraint(3, 2, 20));
    assert_int_equal(value_of(&relayed(&dio)->metric[0]), 5);
    dio.u.dio.metric[0] = object(3, 2, 90);
    dio.u.dio.metric[1] = object(3, 2, 4);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    assert_false(row_instance().joined);
}

static void test_MET_05(void **state)
{
    struct rpl_wire_message a = dio_of(1), b = dio_of(1);
    const struct rpl_wire_dio *d;

    (void)state;
    add(&a, object(3, 2, 1));       /* additive */
    add(&a, object(5, 4, 1000000)); /* additive */
    add(&a, object(4, 4, 50000));   /* minimum */
    a.u.dio.metric[2].aggregation = 2;
    add(&a, constraint(4, 4, 100));
    d = relayed(&a);
    assert_int_equal(d->metric[0].body[1], 2);
    assert_in_range(value_of(&d->metric[1]), 1000000, 2000000);
    assert_int_equal(value_of(&d->metric[2]), 50000); /* our own is not known to be less */
    /* Precedence: hop count before latency, and the other way round. */
    for (uint8_t first = 0; first < 2; first++) {
        a = dio_of(1);
        b = dio_of(1);
        add(&a, object(3, 2, 1)); /* few hops, slow */
        add(&a, object(5, 4, 9000000));
        add(&b, object(3, 2, 9)); /* many hops, fast */
        add(&b, object(5, 4, 1000));
        a.u.dio.metric[0].precedence = b.u.dio.metric[0].precedence = first;
        a.u.dio.metric[1].precedence = b.u.dio.metric[1].precedence = !first;
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &a);
        row_hear(OTHER, &b);
        row_run(RPL_S(5));
        assert_true(row_parent_is(first ? OTHER : ROOT));
    }
    /* A tie in the first is broken by the second, where no parent is in use yet. */
    for (unsigned faster = 0; faster < 2; faster++) {
        struct rpl_event again = {.type = RPL_EVENT_COMMAND,
                                  .u.command.command = RPL_COMMAND_LOCAL_REPAIR};
        a = dio_of(1);
        b = dio_of(1);
        add(&a, object(3, 2, 4));
        add(&b, object(3, 2, 4));
        add(&a, object(5, 4, faster ? 9000000 : 1000));
        add(&b, object(5, 4, faster ? 1000 : 9000000));
        a.u.dio.metric[1].precedence = b.u.dio.metric[1].precedence = 1;
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &a);
        row_hear(OTHER, &b);
        assert_int_equal(rig_input(&rig, &again), 0);
        row_shout(faster ? ROOT : OTHER, faster ? &a : &b); /* it is the slower one who speaks */
        assert_true(row_parent_is(faster ? OTHER : ROOT));
    }
}

static void test_MET_06(void **state)
{
    struct rpl_wire_message dio = dio_of(0);
    const struct rpl_wire_dio *d;

    (void)state;
    add(&dio, object(7, 2, 895));
    add(&dio, constraint(7, 2, 1024)); /* at most 8.0 */
    d = relayed(&dio);                 /* 895 + 128 */
    assert_memory_equal(&d->metric[1], &dio.u.dio.metric[1], sizeof(d->metric[1])); /* unchanged */
    assert_int_equal(d->metric[1].aggregation, 0);
    assert_false(d->metric[1].recorded);
    assert_int_equal(d->metric[0].type, d->metric[1].type); /* a metric goes with it */
    for (int optional = 0; optional < 2; optional++) {
        dio.u.dio.metric[0] = object(7, 2, 909); /* 8.1 */
        dio.u.dio.metric[1].optional = optional;
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &dio);
        assert_int_equal(row_instance().joined, optional);
    }
}

static void test_MET_07(void **state)
{
    struct rpl_wire_message dio = dio_of(1);

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].metric = RPL_METRIC_HOPS;
    row_start();
    rig_run(&rig, RPL_S(5));
    const struct rpl_wire_dio *d = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
    assert_int_equal(d->metric[0].type, 3);
    assert_int_equal(d->metric[0].body[1], 1); /* the first one writes 1 */
    add(&dio, object(3, 2, 2));                /* V04 */
    assert_int_equal(relayed(&dio)->metric[0].body[1], 3);
    add(&dio, constraint(3, 2, 3)); /* at most 3 hops: we are the last that may join */
    assert_int_equal(relayed(&dio)->metric[0].body[1], 3);
    dio.u.dio.metric[0] = object(3, 2, 3);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    assert_false(row_instance().joined);
}

static void test_MET_08(void **state)
{
    struct rpl_wire_message dio = dio_of(0);
    const struct rpl_wire_dio *d;

    (void)state;
    /* LQL, recorded: a perfect link is level 1; two links of that level are known, then three. */
    add(&dio, (struct rpl_wire_metric){
                  .type = 6, .recorded = true, .len = 3, .body = {0, 1 << 5 | 2, 3 << 5 | 1}});
    d = relayed(&dio);
    assert_int_equal(d->metric[0].body[1], 1 << 5 | 3);
    assert_int_equal(d->metric[0].body[2], 3 << 5 | 1);
    assert_false(d->metric[0].partial);
    dio.u.dio.metric[0] =
        (struct rpl_wire_metric){.type = 6, .recorded = true, .len = 1, .body = {0}};
    d = relayed(&dio); /* the first of its level */
    assert_int_equal(d->metric[0].len, 2);
    assert_int_equal(d->metric[0].body[1], 1 << 5 | 1);
    /* Link colour cannot be recorded: P says so. */
    dio.u.dio.metric[0] =
        (struct rpl_wire_metric){.type = 8, .recorded = true, .len = 3, .body = {0, 0, 1}};
    d = relayed(&dio);
    assert_true(d->metric[0].partial);
    assert_int_equal(d->metric[0].len, 3);
}

static void test_MET_09(void **state)
{
    struct rpl_wire_message dio = dio_of(0), mrhof = dio_of(1);
    const struct rpl_wire_dio *d;

    (void)state;
    add(&dio, object(3, 2, 2));
    dio.u.dio.metric[0].len = 6; /* a TLV that nobody knows behind the hop count */
    memcpy(dio.u.dio.metric[0].body + 2, "\x77\x02\xab\xcd", 4);
    add(&dio, (struct rpl_wire_metric){.type = 200, .len = 3, .body = {1, 2, 3}});
    d = relayed(&dio);
    assert_int_equal(d->metric[0].body[1], 3);
    assert_int_equal(d->metric[0].len, 6);
    assert_memory_equal(d->metric[0].body + 2, "\x77\x02\xab\xcd", 4);
    assert_memory_equal(&d->metric[1], &dio.u.dio.metric[1], sizeof(d->metric[1]));
    /* Under MRHOF a path in an unknown metric alone cannot be compared: a leaf. */
    add(&mrhof, (struct rpl_wire_metric){.type = 200, .len = 3, .body = {1, 2, 3}});
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &mrhof);
    row_run(RPL_S(5));
    assert_true(row_instance().joined);
    assert_int_equal(row_sent_to(RPL_CODE_DIO, 0, 0), 0);
    /* ETX that jitters within a DAGRank brings no DIO before its time. */
    struct rpl_event sample = {.type = RPL_EVENT_NEIGHBOUR, .u.neighbour = {.ifindex = RIG_IF}};
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(3600));
    sample.u.neighbour.address = rig_ll(ROOT);
    for (int i = 0; i < 100; i++) {
        sample.u.neighbour.etx = i % 2 ? 128 : 256;
        rig_input(&rig, &sample);
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), 0);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(MET, 01, "containers are one list of objects"),
        ROW(MET, 02, "the eight types"),
        ROW(MET, 03, "ETX in 128ths, full at 65535"),
        ROW(MET, 04, "the first metric and constraint of a type count"),
        ROW(MET, 05, "aggregation and precedence"),
        ROW(MET, 06, "constraints are relayed and obeyed"),
        ROW(MET, 07, "hop count"),
        ROW(MET, 08, "recorded metrics"),
        ROW(MET, 09, "what nobody knows travels on; jitter is no news"),
    };

    return ROWS_RUN(rows);
}
