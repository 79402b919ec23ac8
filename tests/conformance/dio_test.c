/* SPDX-License-Identifier: ISC */
/* Section 8: DIO, taken in and sent. */
#include "tests/conformance/row.h"

static const struct rpl_wire_dio *last_dio(size_t mark)
{
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, mark);

    assert_non_null(s);
    return &s->msg.u.dio;
}

/* The whole DIO that the router below |dio| sends when it is asked. */
static const struct rig_sent *relayed(const struct rpl_wire_message *dio)
{
    row_begin(RPL_ROLE_ROUTER, (enum rpl_mop)dio->u.dio.mop);
    rig.config.instance[0].id = dio->u.dio.instance;
    row_start();
    row_hear(ROOT, dio);
    row_run(RPL_S(3));
    assert_true(row_parent_is(ROOT));
    rig.sent_count = 0;
    row_dis(CHILD, false, NULL);
    return rig_last(&rig, RPL_CODE_DIO, 0);
}

static void test_DIO_01(void **state)
{
    static const char *const bad[] = {"N02", "N03", "N04", "N05", "N06"};
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    size_t mark;

    (void)state;
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0c);
    row_start();
    mark = rig.sent_count;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(row_give(bad[i]), -RPL_ERR_DROPPED);
    assert_int_equal(rig.sent_count, mark);
    assert_int_equal(row_instance().neighbours, 0);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TRUNCATED), 1);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_OPTION_TRUNCATED), 2);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CODE_UNKNOWN), 1);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CONFIG_INVALID), 1);
    assert_int_equal(row_give("V02"), 0);
    assert_int_equal(row_instance().neighbours, 1);
    /* A full table ignores the newcomer and counts it. */
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.limits.neighbours = 3;
    row_start();
    for (unsigned n = 2; n < 7; n++)
        row_shout(n, &dio);
    assert_int_equal(row_instance().neighbours, 3);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_NEIGHBOURS_FULL), 2);
}

static void test_DIO_02(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    const struct rig_sent *s;
    uint8_t out[RPL_MESSAGE_MAX];
    struct rpl_addr from = rig_ll(ROOT), to = rig_ll(CHILD);

    (void)state;
    dio.u.dio.instance = 30;
    dio.u.dio.version = 17;
    dio.u.dio.preference = 5;
    dio.u.dio.grounded = false;
    dio.u.dio.dtsn = 99;
    s = relayed(&dio);
    assert_int_equal(s->msg.u.dio.rank, 512);
    assert_int_equal(s->msg.u.dio.dtsn, 240); /* our own */
    dio.u.dio.rank = 512;
    dio.u.dio.dtsn = 240;
    assert_int_equal(rpl_wire_write(&dio, &from, &to, out, sizeof(out)), s->send.len);
    assert_memory_equal(s->send.data + 4, out + 4, s->send.len - 4u);
}

static void test_DIO_03(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.sent_count = 0;
    dio.u.dio.version = 241;
    for (int i = 0; i < 20; i++) { /* it shouts of a newer version, and does not answer */
        row_shout(OTHER, &dio);
        row_run(RPL_S(5));
    }
    assert_true(rig_count(&rig, RPL_CODE_DIO, 0) > 0);
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_int_equal(rig.sent[i].msg.u.dio.version, 240);
    row_run(RPL_S(600)); /* the longer it did not answer, the longer it is not asked */
    rig.sent_count = 0;
    row_hear(OTHER, &dio);
    row_run(RPL_S(5));
    assert_int_equal(last_dio(0)->version, 241); /* a member of it now */
}

static void test_DIO_04(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_wire_message old = dio;

    (void)state;
    dio.u.dio.version = 241;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    assert_int_equal(row_instance().version, 241);
    row_hear(OTHER, &old);
    assert_int_equal(row_instance().version, 241);
    row_alive(ROOT, NULL); /* not even when nothing else is left */
    dio.u.dio.rank = 0xffff;
    row_shout(ROOT, &dio);
    for (int i = 0; i < 5; i++)
        row_hear(OTHER, &old);
    assert_false(row_instance().joined);
    assert_true(rig_counter(&rig, RPL_COUNT_DROP_VERSION_OLD) >= 5);
}

static void test_DIO_05(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    const struct rig_sent *s;

    (void)state;
    dio.u.dio.config.flags = 0xf7; /* all but A */
    rpl_wire_config_pack(&dio.u.dio.config);
    dio.u.dio.config.raw[10] = 0x5a; /* reserved */
    s = relayed(&dio);
    assert_true(s->msg.u.dio.has_config);
    assert_memory_equal(s->send.data + 4 + 24 + 2, dio.u.dio.config.raw, 14);
    row_run(RPL_S(10));
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_memory_equal(rig.sent[i].msg.u.dio.config.raw, dio.u.dio.config.raw, 14);
    /* What a root announces anew is relayed anew. */
    dio.u.dio.config.raw[10] = 0xa5;
    row_hear(ROOT, &dio);
    rig.sent_count = 0;
    row_dis(CHILD, false, NULL);
    assert_int_equal(last_dio(0)->config.raw[10], 0xa5);
}

static void test_DIO_06(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    dio.u.dio.config.flags = 0x08;
    rpl_wire_config_pack(&dio.u.dio.config);
    row_shout(ROOT, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CONFIG_INVALID), 1);
    row_root(RPL_MOP_NON_STORING);
    rig_run(&rig, RPL_S(5));
    assert_false(last_dio(0)->config.authenticated);
    assert_int_equal(last_dio(0)->config.raw[0] & 0x08, 0);
}

static void test_DIO_07(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    struct rpl_addr own = rig_global(1);
    const struct rpl_wire_dio *d;

    (void)state;
    dio.u.dio.pio[0].valid_s = 86400;
    dio.u.dio.pio[0].preferred_s = 14400;
    dio.u.dio.pio_count = 2;
    dio.u.dio.pio[1] = dio.u.dio.pio[0];
    dio.u.dio.pio[1].prefix.b[7] = 9;
    dio.u.dio.pio[1].on_link = true;
    d = &relayed(&dio)->msg.u.dio;
    assert_int_equal(d->pio_count, 1); /* the one with L=1 is the root's alone */
    assert_memory_equal(&d->pio[0], &dio.u.dio.pio[0], sizeof(d->pio[0]));
    /* V02 to V04: our full address and R=1 instead, the rest as it was. */
    dio.u.dio.mop = RPL_MOP_NON_STORING;
    d = &relayed(&dio)->msg.u.dio;
    assert_int_equal(d->pio_count, 1);
    assert_true(d->pio[0].router_address && d->pio[0].autonomous && !d->pio[0].on_link);
    assert_memory_equal(&d->pio[0].prefix, &own, 16);
    assert_int_equal(d->pio[0].valid_s, 86400);
    assert_int_equal(d->pio[0].preferred_s, 14400);
    assert_int_equal(d->pio[0].len, 64);
}

/* The engine by hand: its address does not become usable before |usable| is told. */
static void test_DIO_08(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_event gone = {.type = RPL_EVENT_ADDRESS,
                             .u.address = {.ifindex = RIG_IF, .address = rig_global(1)}};

    (void)state;
    assert_int_equal(relayed(&dio)->msg.u.dio.pio_count, 1);
    row_run(RPL_S(5));
    /* Duplicate address detection found somebody else: as long as we have none, no prefix. */
    rpl_engine_input(rig.engine, &gone, rig.now);
    size_t mark = rig.sent_count;
    struct rpl_effect effect;
    struct rpl_wire_message sent, dis = {.code = RPL_CODE_DIS};
    enum rpl_counter reason;
    uint8_t data[64];
    struct rpl_addr child = rig_ll(CHILD);
    int len = rpl_wire_write(&dis, &child, &rig.link_local, data, sizeof(data));
    struct rpl_event ask = {.type = RPL_EVENT_PACKET,
                            .u.packet = {.ifindex = RIG_IF,
                                         .src = child,
                                         .dst = rig.link_local,
                                         .data = data,
                                         .len = (size_t)len}};
    rpl_engine_input(rig.engine, &ask, rig.now);
    while (rpl_engine_poll(rig.engine, &effect))
        if (effect.type == RPL_EFFECT_SEND) {
            assert_int_equal(rpl_wire_read(effect.u.send.data, effect.u.send.len,
                                           &effect.u.send.src, &effect.u.send.dst, &sent, &reason),
                             0);
            assert_int_equal(sent.u.dio.pio_count, 0);
            mark++;
        }
    assert_true(mark > rig.sent_count);
    /* Whoever advertises the prefix is a target itself. */
    assert_non_null(rig_last(&rig, RPL_CODE_DIO, 0));
    assert_int_equal(row_instance().has_address, false);
}

/* The route to the outside that the kernel would take: of those it has, the least metric. */
static const struct rpl_route *outside(void)
{
    const struct rpl_route *best = NULL;

    for (size_t i = 0; i < rig.route_count; i++) {
        const struct rpl_route *r = &rig.route[i].route;
        bool stands = rig.route_set[i];
        for (size_t k = i + 1; k < rig.route_count; k++)
            if (rig.route[k].route.metric == r->metric && rig.route[k].route.dst_len == r->dst_len)
                stands = false; /* said again, or taken back */
        if (r->dst_len == 48 && stands && (!best || r->metric < best->metric))
            best = r;
    }
    assert_non_null(best);
    return best;
}

static void test_DIO_09(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    const struct rpl_wire_dio *d;

    (void)state;
    dio.u.dio.rio_count = 2;
    dio.u.dio.rio[0] = (struct rpl_wire_rio){
        .len = 48, .preference = 1, .lifetime_s = 1800, .prefix = {{0x20, 1, 0x0d, 0xb8, 1, 2}}};
    dio.u.dio.rio[1] = (struct rpl_wire_rio){.len = 0, .preference = -1, .lifetime_s = 600};
    d = &relayed(&dio)->msg.u.dio;
    assert_int_equal(d->rio_count, 2);
    assert_memory_equal(d->rio, dio.u.dio.rio, 2 * sizeof(d->rio[0]));
    for (size_t i = 0; i < rig.route_count; i++) /* and nobody else hears of them from us */
        assert_int_not_equal(rig.route[i].route.dst_len, 48);
    /* A node in two DODAGs: the one whose root offers the better way gets the packet, and the
     * other one when that is gone. ::/0 is the default route's. */
    struct rpl_wire_message two[2] = {dio, dio};
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig.config.instance_count = 2;
    rig.config.instance[1] = rig.config.instance[0];
    rig.config.instance[1].id = two[1].u.dio.instance = 7;
    rig.config.instance[0].outside_routes = rig.config.instance[1].outside_routes = true;
    two[1].u.dio.dodag_id = rig_global(OTHER);
    two[1].u.dio.pio[0].prefix.b[7] = 9;
    two[0].u.dio.rio[0].preference = 0;
    row_start();
    row_hear(ROOT, &two[0]);
    row_hear(OTHER, &two[1]);
    row_run(RPL_S(2));
    const struct rpl_route *way = outside();
    assert_int_equal(way->dst_len, 48);
    struct rpl_addr first = rig_ll(ROOT), second = rig_ll(OTHER);
    assert_memory_equal(&way->via, &second, 16);
    two[1].u.dio.rio[0].preference = -1;
    row_hear(OTHER, &two[1]);
    assert_memory_equal(&outside()->via, &first, 16);
    two[0].u.dio.rio[0].lifetime_s = 0;
    row_hear(ROOT, &two[0]);
    assert_memory_equal(&outside()->via, &second, 16);
}

static void test_DIO_10(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    dio.u.dio.pio[0].autonomous = false;
    dio.u.dio.pio[0].router_address = true;
    dio.u.dio.pio[0].prefix = rig_global(ROOT);
    relayed(&dio);
    assert_false(row_instance().has_address);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0); /* nothing of ours to reach */
    dio.u.dio.pio[0].autonomous = true;
    row_hear(ROOT, &dio);
    assert_true(row_instance().has_address);
    /* L=0 does not mean off-link: the neighbour is asked directly all the same. */
    assert_true(row_sent_to(RPL_CODE_DIS, ROOT, 0) > 0 || row_parent_is(ROOT));
}

static void test_DIO_11(void **state)
{
    struct rpl_event up = {.type = RPL_EVENT_LINK,
                           .u.link = {.ifindex = RIG_IF + 1,
                                      .state = RPL_LINK_UP,
                                      .address = rig_ll(0x99),
                                      .instances = UINT32_MAX,
                                      .name = "lowpan1"}};
    unsigned on[2] = {0, 0};

    (void)state;
    for (int grounded = 0; grounded < 2; grounded++) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.instance[0].grounded = grounded;
        row_start();
        rig_input(&rig, &up);
        rig_run(&rig, RPL_S(5));
        assert_int_equal(last_dio(0)->grounded, grounded);
    }
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            on[rig.sent[i].send.ifindex - RIG_IF]++;
    assert_true(on[0] > 0 && on[0] == on[1]);
    row_root(RPL_MOP_STORING); /* G follows whether the goal can be met */
    for (int lost = 1; lost >= 0; lost--) {
        struct rpl_event event = {.type = RPL_EVENT_COMMAND,
                                  .u.command.command =
                                      lost ? RPL_COMMAND_UNGROUND : RPL_COMMAND_GROUND};
        rig_run(&rig, RPL_S(600)); /* Trickle has slowed down */
        size_t mark = rig.sent_count;
        assert_int_equal(rig_input(&rig, &event), 0);
        rig_run(&rig, RPL_S(10));
        assert_true(rig_count(&rig, RPL_CODE_DIO, mark) > 0);
        assert_int_equal(rig_last(&rig, RPL_CODE_DIO, mark)->msg.u.dio.grounded, !lost);
    }
}

static void test_DIO_12(void **state)
{
    struct rpl_wire_message dio = rig_dio(RPL_MOP_STORING, 512, &(struct rpl_addr){{0}});

    (void)state;
    dio.u.dio.dodag_id = rig_global(1);
    for (int restored = 0; restored < 2; restored++) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.stored[0] = (struct rpl_stored){
            .valid = restored, .dodag_id = rig_global(1), .version = 240, .dtsn = 240};
        row_start();
        rig_run(&rig, RPL_S(30));
        for (int i = 0; i < 10; i++) {
            dio.u.dio.version = 243; /* a stale or a forged one */
            row_shout(CHILD, &dio);
            rig_run(&rig, RPL_S(5));
            dio.u.dio.version = rpl_lollipop_increment(row_instance().version);
            row_shout(CHILD, &dio);
            rig_run(&rig, RPL_S(5));
        }
        assert_int_equal(row_instance().version, restored ? 240 : 244); /* one jump at most */
        assert_true(rig_counter(&rig, RPL_COUNT_VERSION_SPOOFED) >= 9);
        assert_true(rig_traced(&rig, RPL_TRACE_ALARM, RPL_CAUSE_VERSION_SPOOFED));
        assert_true(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET) <= 21);
    }
    rig_run(&rig, RPL_S(600));
    /* After its first hour even a root without state stands. */
    row_root(RPL_MOP_STORING);
    rig_run(&rig, RPL_S(3601));
    dio.u.dio.version = 243;
    row_shout(CHILD, &dio);
    assert_int_equal(row_instance().version, 240);
}

static void test_DIO_13(void **state)
{
    struct vector v;

    (void)state;
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0c);
    row_start();
    row_vector("V02", &v);
    struct rpl_event ev = {.type = RPL_EVENT_PACKET,
                           .u.packet = {.ifindex = RIG_IF,
                                        .src = v.src,
                                        .dst = v.dst,
                                        .hop_limit = 1,
                                        .data = v.packet + v.icmp,
                                        .len = v.len - v.icmp}};
    assert_int_equal(rig_input(&rig, &ev), 0);
    rig_run(&rig, RPL_S(2));
    assert_int_equal(row_instance().neighbours, 1);
    assert_true(rig.sent_count > 0);
    for (size_t i = 0; i < rig.sent_count; i++)
        assert_int_equal(rig.sent[i].send.hop_limit, 255);
    row_root(RPL_MOP_STORING);
    rig_run(&rig, RPL_S(5));
    row_storing(2, 2, 1, 5, 30);
    for (size_t i = 0; i < rig.sent_count; i++)
        assert_int_equal(rig.sent[i].send.hop_limit, 255);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(DIO, 01, "malformed ones are dropped and counted"),
        ROW(DIO, 02, "all but Rank and DTSN is the parent's"),
        ROW(DIO, 03, "never a version of which we are no member"),
        ROW(DIO, 04, "never again a member of an older version"),
        ROW(DIO, 05, "the Configuration is relayed bit for bit"),
        ROW(DIO, 06, "A is 0 without security"),
        ROW(DIO, 07, "prefixes: L=1 stays with the root, R=1 is our own address"),
        ROW(DIO, 08, "no prefix before we own an address in it"),
        ROW(DIO, 09, "Route Information travels unchanged and no further"),
        ROW(DIO, 10, "addresses from A=1 alone"),
        ROW(DIO, 11, "G as configured, on every interface"),
        ROW(DIO, 12, "versions heard by a root"),
        ROW(DIO, 13, "Hop Limit 255 is sent, not demanded"),
    };

    return ROWS_RUN(rows);
}
