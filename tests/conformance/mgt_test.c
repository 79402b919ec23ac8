/* SPDX-License-Identifier: ISC */
/* Section 22: management and timers. */
#include "tests/conformance/row.h"

static const struct rpl_wire_dio *announced(void)
{
    row_start();
    rig_run(&rig, RPL_S(40));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_non_null(s);
    return &s->msg.u.dio;
}

/* The targets of a router, and what a root makes of them. */
static void targets(void)
{
    static const struct rpl_prefix net = {{{0x20, 0x01, 0x0d, 0xb8, 0, 7}}, 48};
    static const struct rpl_addr host = {{0x20, 0x01, 0x0d, 0xb8, 0, 7, [15] = 9}};

    for (enum rpl_mop mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        struct rpl_wire_message dio = row_dio(mop, 256), dao;
        struct rpl_view_node v;
        row_begin(RPL_ROLE_ROUTER, mop);
        rig.config.instance[0].attached = (struct rpl_prefixes){.count = 1, .prefix = {net}};
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(3));
        dao = rig_last(&rig, RPL_CODE_DAO, 0)->msg;
        const struct rpl_wire_target *t = &dao.u.dao.target[0];
        while (t < &dao.u.dao.target[dao.u.dao.target_count - 1] && t->len != 48)
            t++;
        assert_int_equal(t->len, 48);
        assert_memory_equal(&t->prefix, &net.addr, 16);
        const struct rpl_wire_transit *tr = &dao.u.dao.transit[0];
        while (tr->group != t->group)
            tr++;
        assert_true(tr->external);
        assert_int_equal(tr->has_parent, mop == RPL_MOP_NON_STORING);
        assert_true(rpl_view_is_attached(rig.engine, &host));
        struct rpl_addr us = rig_global(1);
        if (tr->has_parent)
            assert_memory_equal(&tr->parent, &us, 16);
        for (int accept = 0; accept < 2; accept++) {
            struct rpl_addr src = rig_ll(CHILD), node = rig_global(CHILD);
            row_begin(RPL_ROLE_ROOT, mop);
            rig.config.instance[0].accept.count = (uint32_t)accept;
            rig.config.instance[0].accept.prefix[0] = net;
            row_start();
            struct rpl_addr root = row_instance().address;
            bool source = mop == RPL_MOP_NON_STORING;
            dao = rig_dao(1, &node, 1, 30, source ? &root : NULL);
            rig_receive_on(&rig, source ? 0 : RIG_IF, source ? &node : &src,
                           source ? &root : &rig.link_local, &dao);
            dao = rig_dao(2, &net.addr, 1, 30, source ? &node : NULL);
            dao.u.dao.target[0].len = 48;
            dao.u.dao.transit[0].external = true;
            rig_receive_on(&rig, source ? 0 : RIG_IF, source ? &node : &src,
                           source ? &root : &rig.link_local, &dao);
            assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_PREFIX), 1 - accept);
            assert_int_equal(rpl_view_target_of(rig.engine, &host, rig.now, &v), accept);
            assert_int_equal(rig.route[rig.route_count - 1].route.dst_len, accept ? 48 : 128);
        }
    }
}

/* The list of prefixes and their flags, at a root and at a router that hears of them. */
static void prefixes(void)
{
    struct rpl_addr first, second = {{0xfd, 0x77, [7] = 1}}, own, host;
    struct rpl_wire_message dio;
    const struct rpl_wire_dio *d;
    struct rpl_view_instance v;

    for (int flag = 0; flag < 2; flag++) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
        struct rpl_instance_config *c = &rig.config.instance[0];
        first = c->prefix;
        c->more = (struct rpl_prefixes){.count = 1, .prefix = {{second, 64}}};
        c->on_link = flag;
        c->autonomous = !flag;
        d = announced();
        assert_int_equal(d->pio_count, 2);
        for (int i = 0; i < 2; i++) {
            assert_memory_equal(&d->pio[i].prefix, i ? &first : &second, 16);
            assert_int_equal(d->pio[i].on_link, flag);
            assert_int_equal(d->pio[i].autonomous, !flag);
            assert_true(d->pio[i].preferred_s > 0);
        }
    }
    /* Targets in either are taken, and what is in neither is not. */
    for (unsigned i = 0; i < 3; i++) {
        struct rpl_addr src = rig_ll(CHILD), node = rig_ll(CHILD);
        memcpy(&node, i == 0 ? &first : &second, 8);
        node.b[7] = (uint8_t)(node.b[7] + (i == 2));
        dio = rig_dao((uint8_t)(i + 1), &node, 1, 30, NULL);
        rig_receive_on(&rig, RIG_IF, &src, &rig.link_local, &dio);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_PREFIX), i == 2);
    }
    v = row_instance();
    assert_int_equal(v.more_prefix_count, 1);
    assert_memory_equal(&v.more_prefix[0], &second, 16);
    /* A router has an address in each, announces both, and has a route up for each. */
    dio = row_dio(RPL_MOP_STORING, 256);
    dio.u.dio.pio[1] = dio.u.dio.pio[0];
    dio.u.dio.pio[0].prefix = second; /* that of the root is the main one, wherever it stands */
    dio.u.dio.pio_count = 2;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig.config.instance[0].default_route = false;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    d = NULL;
    own = rig_global(1);
    v = row_instance();
    assert_memory_equal(&v.address, &own, 16);
    const struct rpl_wire_dao *dao = &rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao;
    assert_int_equal(dao->target_count, 2);
    host = rig_ll(1);
    memcpy(&host, &second, 8);
    assert_memory_equal(&dao->target[0].prefix, &own, 16);
    assert_memory_equal(&dao->target[1].prefix, &host, 16);
    unsigned up = 0;
    for (size_t i = 0; i < rig.route_count; i++)
        up += rig.route[i].route.dst_len == 64;
    assert_int_equal(up, 2);
}

static void test_MGT_01(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    struct rpl_instance_config *c;
    const struct rpl_wire_dio *d;

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    c = &rig.config.instance[0];
    c->id = 42;
    c->ocp = 1;
    c->metric = RPL_METRIC_HOPS;
    c->prefix_valid_s = 7200;
    c->prefix_preferred_s = 3600;
    c->dodag.dio_interval_min = 14;
    c->dodag.dio_interval_doublings = 3;
    c->dodag.dio_redundancy_constant = 2;
    d = announced();
    assert_int_equal(d->instance, 42);
    assert_int_equal(d->mop, RPL_MOP_STORING);
    assert_int_equal(d->config.ocp, 1);
    assert_int_equal(d->metric[0].type, 3);
    assert_int_equal(d->pio[0].valid_s, 7200);
    assert_int_equal(d->pio[0].preferred_s, 3600);
    assert_int_equal(d->config.interval_min, 14);
    assert_int_equal(d->config.interval_doublings, 3);
    assert_int_equal(d->config.redundancy, 2);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING); /* the Route Information */
    c = &rig.config.instance[0];
    c->route_info.count = 2;
    c->route_info.prefix[0] = (struct rpl_prefix){.addr = rig_global(0), .len = 48};
    rpl_addr_mask(&c->route_info.prefix[0].addr, 48);
    c->route_info_preference = 1;
    c->route_info_lifetime_s = 600;
    d = announced();
    assert_int_equal(d->rio_count, 2);
    assert_int_equal(d->rio[0].len, 48);
    assert_memory_equal(&d->rio[0].prefix, &c->route_info.prefix[0].addr, 16);
    assert_int_equal(d->rio[1].len, 0); /* ::/0 */
    assert_int_equal(d->rio[1].preference, 1);
    assert_int_equal(d->rio[1].lifetime_s, 600);
    for (int named = 0; named < 2; named++) { /* the use of Solicited Information */
        const struct rpl_wire_dis *dis;
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
        c = &rig.config.instance[0];
        c->solicit = true;
        c->has_dodag_id = named;
        c->dodag_id = rig_global(ROOT);
        row_start();
        row_run(RPL_S(3));
        dis = &rig_last(&rig, RPL_CODE_DIS, 0)->msg.u.dis;
        assert_true(dis->has_solicited && dis->solicited.match_instance);
        assert_int_equal(dis->solicited.instance, c->id);
        assert_int_equal(dis->solicited.match_dodag, named);
        assert_false(dis->solicited.match_version);
    }
    for (int ack = 0; ack < 2; ack++) { /* the K flag */
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
        rig.config.instance[0].dao_ack = ack;
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(3));
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.ack_wanted, ack);
    }
    targets();
    prefixes();
}

static struct rpl_instance_config *router_of_two(void)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    return &rig.config.instance[0];
}

static void has_joined(void)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);

    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(20));
    rig.sent_count = 0;
}

/* DelayDAO, tries and the rate of DAOs. */
static void daos(void)
{
    rpl_tstamp begin;

    router_of_two()->dao_delay_ms = 8000;
    has_joined();
    begin = rig.now;
    row_storing(CHILD, CHILD, 1, 5, 30);
    row_run(RPL_MS(3900)); /* half of it at least */
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
    row_run(begin + RPL_MS(12100) - rig.now);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    for (uint8_t tries = 1; tries <= 3; tries += 2) {
        struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
        router_of_two()->dao_tries = tries;
        row_start();
        struct rpl_addr root = rig_ll(ROOT);
        row_hear(ROOT, &dio);
        row_alive(ROOT, NULL); /* it will not acknowledge */
        rig.sent_count = 0;
        for (int i = 0; i < 25; i++) { /* but answers probes */
            rig_receive_on(&rig, RIG_IF, &root, &rig.link_local, &dio);
            row_run(RPL_S(1));
        }
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), tries);
    }
    router_of_two()->dao_rate = 6; /* one at once, one every ten seconds */
    has_joined();
    row_run(RPL_S(60));
    rig.sent_count = 0;
    for (uint8_t i = 0; i < 120; i++) { /* there are news each second */
        row_storing(CHILD, CHILD, i, i, 30);
        row_run(RPL_S(1));
    }
    assert_in_range(rig_count(&rig, RPL_CODE_DAO, 0), 10, 13);
}

/* How often a former parent hears that it is one. */
static void no_paths(void)
{
    for (uint8_t tries = 0; tries < 4; tries++) {
        struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
        size_t mark = 0, k_flags = 0;
        router_of_two()->no_path_tries = tries;
        has_joined();
        dio.u.dio.rank = 300;
        row_hear(OTHER, &dio);
        dio.u.dio.rank = RPL_INFINITE_RANK; /* ROOT leaves, and acknowledges nothing */
        row_shout(ROOT, &dio);
        row_alive(ROOT, NULL);
        assert_true(row_parent_is(OTHER));
        row_run(RPL_S(60));
        assert_int_equal(row_sent_to(RPL_CODE_DAO, ROOT, mark), tries);
        for (size_t i = 0; i < rig.sent_count; i++) {
            struct rpl_addr root = rig_ll(ROOT);
            if (rig.sent[i].msg.code == RPL_CODE_DAO &&
                rpl_addr_equal(&rig.sent[i].send.dst, &root))
                k_flags += rig.sent[i].msg.u.dao.ack_wanted;
        }
        assert_int_equal(k_flags, tries > 1 ? tries : 0);
        assert_true(row_parent_is(OTHER)); /* which is of no consequence */
    }
}

/* What has a node's sub-DODAG announce itself anew. */
static void dtsn_triggers(void)
{
    for (int on = 0; on < 2; on++) {
        struct rpl_event lost = {.type = RPL_EVENT_NEIGHBOUR};
        struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 300);
        uint8_t dtsn;
        router_of_two()->dtsn_on_loss = on;
        rig.config.instance[0].dtsn_on_change = on;
        has_joined();
        dtsn = row_instance().dtsn;
        row_storing(CHILD, CHILD, 1, 5, 30);
        lost.u.neighbour = (struct rpl_event_neighbour){
            .ifindex = RIG_IF, .address = rig_ll(CHILD), .failed = true};
        rig_input(&rig, &lost);
        row_run(RPL_S(70));
        assert_int_equal(row_instance().dtsn, dtsn + on);
        row_storing(CHILD, CHILD, 2, 6, 30);
        row_hear(OTHER, &dio);
        dio.u.dio.rank = RPL_INFINITE_RANK;
        row_shout(ROOT, &dio);
        row_alive(ROOT, NULL);
        row_run(RPL_S(10));
        assert_true(row_parent_is(OTHER));
        assert_int_equal(row_instance().dtsn, dtsn + 2 * on);
    }
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].dtsn_interval_s = 600;
    row_start();
    row_run(RPL_S(1810));
    assert_int_equal(row_instance().dtsn, RPL_SEQUENCE_INIT + 3);
}

static void test_MGT_02(void **state)
{
    struct rpl_instance_config *c;
    const struct rpl_wire_dio *d;
    struct rpl_addr id = rig_global(0x1234);

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    c = &rig.config.instance[0];
    c->dodag.min_hop_rank_increase = 128;
    c->dodag.path_control_size = 3;
    c->preference = 5;
    c->has_dodag_id = true;
    c->dodag_id = id;
    d = announced();
    assert_int_equal(d->config.min_hop_rank_increase, 128);
    assert_int_equal(d->config.pcs, 3);
    assert_int_equal(d->preference, 5);
    assert_memory_equal(&d->dodag_id, &id, 16);
    daos(); /* the version's policy is MGT-07's */
    no_paths();
    dtsn_triggers();
}

static void test_MGT_04(void **state)
{
    struct rpl_event error = {.type = RPL_EVENT_FORWARD_ERROR};
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    static const uint8_t junk[] = {155, 1, 0, 0, 0};
    uint8_t copy[sizeof(junk)];

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig.config.limits.targets = 1;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    memcpy(copy, junk, sizeof(copy));
    row_octets(OTHER, copy, sizeof(copy));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TRUNCATED), 1); /* malformed */
    dio.u.dio.instance = 9;
    row_shout(OTHER, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_INSTANCE_UNKNOWN), 1);
    error.u.forward_error.kind = RPL_FORWARD_RANK; /* O, R */
    rig_input(&rig, &error);
    error.u.forward_error.kind = RPL_FORWARD_F;
    rig_input(&rig, &error);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_FORWARD_RANK_ERROR), 1);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_FORWARD_F), 1);
    row_storing(CHILD, CHILD, 1, 5, 30);
    row_storing(CHILD, THIRD, 2, 5, 30);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_FULL), 1); /* table overflow */
    row_alive(ROOT, NULL);
    row_run(RPL_S(120));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_NEIGHBOUR_LOST), 1); /* parent failure */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DETACHED), 1);
    assert_true(rig_counter(&rig, RPL_COUNT_DIO_IN) > 0 &&
                rig_counter(&rig, RPL_COUNT_DIO_OUT) > 0);
    assert_true(rig_counter(&rig, RPL_COUNT_DIS_OUT) > 0);
    assert_true(rig_counter(&rig, RPL_COUNT_DAO_IN) == 2 &&
                rig_counter(&rig, RPL_COUNT_DAO_OUT) > 0);
    rpl_engine_timeout(rig.engine, rig.now); /* it counts up to where it was last called */
    uint64_t orphan = rig_counter(&rig, RPL_COUNT_PARENTLESS_S); /* time without a parent */
    row_run(RPL_S(50));
    rpl_engine_timeout(rig.engine, rig.now);
    assert_in_range(rig_counter(&rig, RPL_COUNT_PARENTLESS_S) - orphan, 49, 51);
    dio = row_dio(RPL_MOP_STORING, 256);
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    orphan = rig_counter(&rig, RPL_COUNT_PARENTLESS_S);
    row_run(RPL_S(50));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_PARENTLESS_S), orphan);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_JOINED_AS_LEAF), 0);
    row_joined(RPL_ROLE_LEAF, RPL_MOP_STORING);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_JOINED_AS_LEAF), 1); /* leaf joins */
    for (int c = 0; c < RPL_COUNTER_COUNT; c++) /* each has a name of its own */
        for (int k = 0; k < c; k++)
            assert_string_not_equal(rpl_counter_name((enum rpl_counter)c),
                                    rpl_counter_name((enum rpl_counter)k));
}

static void test_MGT_05(void **state)
{
    static const uint8_t junk[] = {155, 1, 0, 0, 0};
    uint8_t copy[sizeof(junk)];
    size_t told = 0;

    (void)state;
    row_root(RPL_MOP_STORING);
    for (int i = 0; i < 1000; i++) {
        memcpy(copy, junk, sizeof(copy));
        row_octets(OTHER, copy, sizeof(copy));
    }
    for (size_t i = 0; i < rig.trace_count; i++)
        told += rig.trace[i].kind == RPL_TRACE_DROPPED;
    assert_in_range(told, 1, 20); /* told, and not a thousand times */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TRUNCATED), 1000);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING); /* and whoever floods is put into quarantine */
    rig.config.limits.quarantine_s = 600;
    row_start();
    for (int i = 0; i < 1000; i++) {
        memcpy(copy, junk, sizeof(copy));
        row_octets(OTHER, copy, sizeof(copy));
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TRUNCATED), 21);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_QUARANTINED), 979);
    assert_int_equal(row_storing(OTHER, OTHER, 1, 5, 30), -RPL_ERR_DROPPED);
    assert_int_equal(row_storing(CHILD, CHILD, 1, 5, 30), 0); /* the others are heard */
    row_run(RPL_S(601));
    assert_int_equal(row_storing(OTHER, OTHER, 1, 5, 30), 0);
}

static void test_MGT_06(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    rig.config.instance[0].route_metric = 77;
    row_start();
    row_hear(ROOT, &dio);
    row_storing(CHILD, CHILD, 1, 5, 30);
    assert_true(rig.route_count >= 3);
    for (size_t i = 0; i < rig.route_count; i++)
        assert_int_equal(rig.route[i].route.metric, 77);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING); /* and no default route at all */
    rig.config.instance[0].default_route = false;
    row_start();
    row_hear(ROOT, &dio);
    for (size_t i = 0; i < rig.route_count; i++)
        assert_int_not_equal(rig.route[i].route.dst_len, 0);
}

static void test_MGT_07(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    struct rpl_view_node v;

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    rig.sent_count = 0;
    rpl_tstamp begin = rig.now;
    row_storing(CHILD, CHILD, 1, 5, 2);
    row_run(RPL_MS(1600)); /* DelayDAO */
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 1);
    row_run(RPL_S(118)); /* Trickle meanwhile, and the entry's own timer */
    assert_true(row_sent_to(RPL_CODE_DIO, 0, 0) > 0);
    assert_true(row_node(CHILD, &v));
    row_run(begin + RPL_S(121) - rig.now);
    assert_false(row_node(CHILD, &v));
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING); /* the root's version */
    rig.config.instance[0].version_interval_s = 7200;
    row_start();
    uint8_t version = row_instance().version;
    row_run(RPL_S(7190));
    assert_int_equal(row_instance().version, version);
    row_run(RPL_S(20));
    version = rpl_lollipop_increment(version);
    assert_int_equal(row_instance().version, version);
    row_run(RPL_S(7200));
    assert_int_equal(row_instance().version, rpl_lollipop_increment(version));
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(MGT, 01, "settings that must be"),
        ROW(MGT, 02, "settings that should be"),
        ROW(MGT, 04, "counters"),
        ROW(MGT, 05, "a flood of malformed messages does not fill the log"),
        ROW(MGT, 06, "the metric of our routes"),
        ROW(MGT, 07, "timers"),
    };

    return ROWS_RUN(rows);
}
