/* SPDX-License-Identifier: ISC */
/* Section 3: instance and DODAG state. */
#include "tests/conformance/row.h"

static struct rpl_wire_message dio_of(unsigned root, uint16_t rank)
{
    struct rpl_addr id = rig_global(root);

    return rig_dio(RPL_MOP_NON_STORING, rank, &id);
}

static void router(void)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
}

static void test_INS_01(void **state)
{
    struct rpl_wire_message a = dio_of(ROOT, 256), b = dio_of(OTHER, 256);

    (void)state;
    router();
    row_hear(ROOT, &a);
    row_hear(OTHER, &b);
    row_run(RPL_S(300));
    assert_true(row_instance().joined);
    assert_memory_equal(row_instance().dodag_id.b, &a.u.dio.dodag_id, 16);
    for (size_t i = 0; i < rig.sent_count; i++) /* never a word for the other one */
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_memory_equal(&rig.sent[i].msg.u.dio.dodag_id, &a.u.dio.dodag_id, 16);
    /* The same DODAGID in another instance is another DODAG. */
    router();
    a.u.dio.instance = 9;
    row_hear(ROOT, &a);
    assert_false(row_instance().joined);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_INSTANCE_UNKNOWN) > 0);
}

static void test_INS_02(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V28", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.instance, 0x85);
    v.packet[v.icmp + 4] = 0xc5; /* a direction in a control message */
    assert_int_equal(vector_read_cut(&v, v.len - v.icmp, &msg), -RPL_COUNT_DROP_INSTANCE_INVALID);
    v.packet[v.icmp + 4] = 0x45; /* global: all seven bits are its number */
    assert_int_equal(vector_read_cut(&v, v.len - v.icmp, &msg), 0);
    assert_int_equal(msg.u.dao.instance, 0x45);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    for (unsigned id = 0; id < 256; id++) {
        rig.config.instance[0].id = (uint8_t)id;
        assert_int_equal(rpl_config_check(&rig.config) == NULL, id < 0xc0);
    }
}

static void test_INS_03(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    struct rpl_addr from = rig_ll(ROOT);
    bool all = false, prefix = false, root = false;

    (void)state;
    dio.u.dio.dodag_id.b[1] = 0x77; /* a DODAGID outside of the prefix */
    router();
    row_hear(ROOT, &dio);
    for (size_t i = 0; i < rig.route_count; i++) {
        const struct rpl_route *r = &rig.route[i].route;
        assert_true(rig.route_set[i]);
        assert_memory_equal(&r->via, &from, 16);
        all = all || r->dst_len == 0;
        prefix = prefix || r->dst_len == 64;
        root = root || (r->dst_len == 128 && rpl_addr_equal(&r->dst, &dio.u.dio.dodag_id));
    }
    assert_true(all && prefix && root);
}

static void test_INS_04(void **state)
{
    static const uint8_t bad[][2] = {{0xfe, 0x80}, {0xff, 0x05}, {0, 0}};
    struct rpl_wire_message dio;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        router();
        dio = dio_of(ROOT, 256);
        memset(&dio.u.dio.dodag_id, 0, 16);
        memcpy(dio.u.dio.dodag_id.b, bad[i], 2);
        row_shout(ROOT, &dio);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DODAGID_INVALID), 1);
        row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.instance[0].has_dodag_id = true;
        rig.config.instance[0].dodag_id = dio.u.dio.dodag_id;
        assert_string_equal(rpl_config_check(&rig.config), "dodag_id");
    }
    /* A root does not begin before the DODAGID is an address of its own. */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].has_dodag_id = true;
    rig.config.instance[0].dodag_id = rig_global(0x99);
    row_start();
    assert_true(row_instance().joined);
    struct rpl_addr id = rig_global(0x99);
    assert_memory_equal(row_instance().dodag_id.b, &id, 16);
    assert_true(rpl_view_is_own(rig.engine, &id));
}

static void test_INS_05(void **state)
{
    struct rpl_wire_message a = dio_of(ROOT, 256), b = dio_of(OTHER, 256);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].has_dodag_id = true;
    rig.config.instance[0].dodag_id = rig_global(OTHER);
    row_start();
    row_hear(ROOT, &a);
    assert_false(row_instance().joined);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_DODAG_FOREIGN) > 0);
    row_hear(OTHER, &b);
    assert_true(row_instance().joined);
    /* An objective we do not know: a leaf, and nothing more. */
    a.u.dio.config.ocp = 99;
    rpl_wire_config_pack(&a.u.dio.config);
    router();
    row_hear(ROOT, &a);
    row_run(RPL_S(30));
    assert_true(row_instance().joined);
    assert_int_equal(row_sent_to(RPL_CODE_DIO, 0, 0), 0);
    row_dis(CHILD, false, NULL);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 0xffff);
    /* Or nothing at all, where that is set; the same with a metric that we do not know. */
    for (int metric = 0; metric < 2; metric++) {
        a = dio_of(ROOT, 256);
        a.u.dio.config.ocp = metric ? 1 : 99;
        rpl_wire_config_pack(&a.u.dio.config);
        a.u.dio.metric_count = (uint8_t)metric;
        a.u.dio.metric[0] = (struct rpl_wire_metric){.type = 200, .len = 2};
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].ignore_unknown = true;
        row_start();
        row_hear(ROOT, &a);
        assert_false(row_instance().joined);
        a = dio_of(ROOT, 256);
        row_hear(ROOT, &a);
        assert_true(row_instance().joined);
    }
}

static void test_INS_06(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);

    (void)state;
    for (uint8_t mop = 0; mop < 8; mop++) {
        if (mop == RPL_MOP_NON_STORING)
            continue;
        router();
        dio.u.dio.mop = mop;
        row_hear(ROOT, &dio);
        assert_false(row_instance().joined);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_MOP), 1);
    }
    for (unsigned mop = 4; mop < 8; mop++) { /* and none can be configured */
        row_begin(RPL_ROLE_ROUTER, (enum rpl_mop)mop);
        assert_string_equal(rpl_config_check(&rig.config), "mode");
    }
}

static void test_INS_07(void **state)
{
    struct rpl_event error = {.type = RPL_EVENT_FORWARD_ERROR,
                              .u.forward_error.kind = RPL_FORWARD_RANK};
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    const struct rig_sent *s;

    (void)state;
    dio.u.dio.metric_count = 1;
    dio.u.dio.metric[0] = (struct rpl_wire_metric){.type = 7, .len = 2, .body = {0, 128}};
    row_begin(RPL_ROLE_LEAF, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(600));
    row_dis(CHILD, true, NULL); /* a multicast DIS does not wake it either */
    row_run(RPL_S(60));
    assert_true(row_instance().joined);
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, 0), 0);
    row_dis(CHILD, false, NULL);
    s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_int_equal(s->msg.u.dio.rank, 0xffff);
    assert_int_equal(s->msg.u.dio.metric_count, 0);
    rig.sent_count = 0;
    for (int i = 0; i < 100; i++)
        rig_input(&rig, &error);
    s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_non_null(s); /* must not be suppressed; within bounds */
    assert_int_equal(s->msg.u.dio.rank, 0xffff);
    assert_int_equal(s->msg.u.dio.metric_count, 0);
    assert_true(rig_count(&rig, RPL_CODE_DIO, 0) <= 20);
}

static void test_INS_08(void **state)
{
    struct rpl_wire_message near = dio_of(ROOT, 256), deep = dio_of(OTHER, 1025);

    (void)state;
    for (int late = 0; late < 2; late++) {
        near = dio_of(ROOT, 256);
        near.u.dio.config.max_rank_increase = 768;
        rpl_wire_config_pack(&near.u.dio.config);
        deep = near;
        deep.u.dio.rank = 1025; /* 1281 through it, L is 512 */
        router();
        row_hear(ROOT, &near);
        row_run(RPL_S(5));
        assert_int_equal(row_instance().lowest_rank, 512);
        row_alive(ROOT, NULL);
        near.u.dio.rank = 0xffff;
        row_shout(ROOT, &near);
        assert_false(row_instance().joined);
        row_run(RPL_S(late ? 420 : 100));
        row_hear(OTHER, &deep);
        assert_int_equal(row_instance().joined, late);
    }
}

/* Nobody answers: the router speaks up, with a prefix of its own, and follows a grounded DODAG. */
static void floats_from_the_start(enum rpl_mop mop)
{
    struct rpl_addr prefix = {{0xfd, 0x77, [7] = 1}}, own = rig_ll(1);
    struct rpl_wire_message dio = row_dio(mop, 256);
    const struct rpl_wire_dio *d;

    memcpy(&own, &prefix, 8);
    for (int configured = 0; configured < 2; configured++) {
        row_begin(RPL_ROLE_ROUTER, mop);
        struct rpl_instance_config *c = &rig.config.instance[0];
        c->solicitations = 3;
        c->floating = true;
        c->floating_prefix =
            (struct rpl_prefixes){.count = (uint32_t)configured, .prefix = {{prefix, 64}}};
        row_start();
        row_run(RPL_S(5)); /* one second and two; and four to wait */
        assert_false(row_instance().joined);
        row_run(RPL_S(5));
        assert_int_equal(row_instance().joined, configured);
    }
    d = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
    assert_memory_equal(&d->dodag_id, &own, 16);
    assert_false(d->grounded);
    assert_int_equal(d->preference, 0);
    assert_true(d->has_config);
    assert_int_equal(d->rank, d->config.min_hop_rank_increase);
    assert_int_equal(d->pio_count, 1);
    assert_true(d->pio[0].autonomous && rpl_addr_match(&d->pio[0].prefix, &prefix, 64));
    if (mop == RPL_MOP_STORING) { /* it is a root to its children */
        struct rpl_addr child = rig_ll(CHILD), src = rig_ll(CHILD);
        memcpy(&child, &prefix, 8);
        struct rpl_wire_message dao = rig_dao(1, &child, 1, 30, NULL);
        rig_receive_on(&rig, RIG_IF, &src, &rig.link_local, &dao);
        assert_int_equal(row_instance().nodes, 1);
    }
    row_hear(ROOT, &dio);
    assert_true(row_parent_is(ROOT));
    struct rpl_view_instance v = row_instance();
    assert_memory_equal(&v.dodag_id, &dio.u.dio.dodag_id, 16);
}

static void test_INS_09(void **state)
{
    rpl_tstamp before = 0;
    rpl_duration gap = 0;

    (void)state;
    router();
    rig_run(&rig, RPL_S(600));
    assert_in_range(rig_count(&rig, RPL_CODE_DIS, 0), 10, 20); /* with a timer, ever more slowly */
    for (size_t i = 0; i < rig.sent_count; i++) {
        if (i > 1 && i < 6)
            assert_true(rig.sent[i].at - before > gap);
        gap = i ? rig.sent[i].at - before : 0;
        before = rig.sent[i].at;
        assert_int_equal(rig.sent[i].msg.code, RPL_CODE_DIS);
    }
    assert_true(gap <= RPL_S(60));
    /* So many and no more; none at all. Who hears a DIO joins all the same. */
    for (uint8_t n = 0; n < 4; n += 3) {
        struct rpl_wire_message dio = dio_of(ROOT, 256);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].solicitations = n;
        row_start();
        row_run(RPL_S(600));
        assert_int_equal(rig_count(&rig, RPL_CODE_DIS, 0), n);
        row_hear(ROOT, &dio);
        assert_true(row_parent_is(ROOT));
    }
    floats_from_the_start(RPL_MOP_NON_STORING);
    floats_from_the_start(RPL_MOP_STORING);
}

static void test_INS_10(void **state)
{
    struct rpl_wire_message a = dio_of(ROOT, 256), b = dio_of(OTHER, 256);
    struct rpl_addr from = rig_ll(OTHER);
    struct rpl_effect effect;
    uint8_t data[512];
    int len;
    size_t dio_at = 0, route_at = 0, n = 0;

    (void)state;
    router();
    row_hear(ROOT, &a);
    row_run(RPL_S(5));
    row_hear(OTHER, &b); /* proven, and no better */
    assert_true(row_parent_is(ROOT));
    b.u.dio.preference = 7;
    len = rpl_wire_write(&b, &from, &rpl_addr_all_nodes, data, sizeof(data));
    struct rpl_event ev = {.type = RPL_EVENT_PACKET,
                           .u.packet = {.ifindex = RIG_IF,
                                        .src = from,
                                        .dst = rpl_addr_all_nodes,
                                        .data = data,
                                        .len = (size_t)len}};
    rpl_engine_input(rig.engine, &ev, rig.now); /* by hand, for the order of effects */
    while (rpl_engine_poll(rig.engine, &effect)) {
        n++;
        if (effect.type == RPL_EFFECT_SEND && effect.u.send.data[1] == RPL_CODE_DIO) {
            assert_memory_equal(effect.u.send.data + 12, b.u.dio.dodag_id.b, 16);
            dio_at = n;
        }
        if (effect.type == RPL_EFFECT_ROUTE_SET && !route_at)
            route_at = n;
    }
    assert_true(row_parent_is(OTHER));
    assert_true(dio_at > 0 && route_at > dio_at);
}

static void test_INS_11(void **state)
{
    struct rpl_wire_message dio = dio_of(ROOT, 256);
    struct rpl_wire_message bare = dio;

    (void)state;
    bare.u.dio.has_config = false;
    router();
    row_shout(ROOT, &bare);
    row_run(RPL_S(1));
    assert_true(row_sent_to(RPL_CODE_DIS, ROOT, 0) >= 1);
    row_hear(ROOT, &bare); /* it answers without one: no router, not even a member */
    assert_false(row_instance().joined);
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, 0), 0);
    row_hear(ROOT, &dio);
    assert_true(row_instance().joined);
    row_shout(ROOT, &bare); /* and it is not lost by the next one without */
    assert_true(row_instance().joined);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(INS, 01, "one DODAG of an instance at a time"),
        ROW(INS, 02, "global and local RPLInstanceIDs"),
        ROW(INS, 03, "joining installs the way up"),
        ROW(INS, 04, "the DODAGID is a routable address of the root"),
        ROW(INS, 05, "what is joined, and as what"),
        ROW(INS, 06, "another mode of operation is not joined"),
        ROW(INS, 07, "a leaf is silent but for what must be said"),
        ROW(INS, 08, "identity and L outlive the last parent for a while"),
        ROW(INS, 09, "DIS at start: with a timer, so many, or none"),
        ROW(INS, 10, "another DODAG is announced before it is used"),
        ROW(INS, 11, "no router without a Configuration"),
    };

    return ROWS_RUN(rows);
}
