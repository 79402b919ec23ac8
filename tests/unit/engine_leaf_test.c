/* SPDX-License-Identifier: ISC */
/* Leaves that registered with us (RFC 9010), over a restart: they do not hear of it, and are
 * reached as before. Whoever knows better has the last word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/lib/host.h"

#define PARENT 0x10
#define KEPT_MAX 8

static struct rig rig;
static struct rpl_event_leaf kept[KEPT_MAX]; /* what the snapshot has */
static unsigned kept_count;
static struct rpl_wire_message dio; /* PARENT's */
static bool root_answers;           /* for what is not about HOST */

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1; /* nothing leaks */
}

static void begin(enum rpl_role role, enum rpl_mop mop)
{
    rig_init(&rig, role, mop);
    rig.config.instance[0].serve_leaves = true;
    assert_int_equal(rig_start(&rig), 0);
    if (role == RPL_ROLE_ROOT)
        rig_run(&rig, RPL_S(1));
}

static bool about_host(const struct rig_sent *s)
{
    struct rpl_addr host = rig_global(HOST);

    return s->msg.code == RPL_CODE_DAO && rpl_addr_equal(&s->msg.u.dao.target[0].prefix, &host);
}

/* PARENT answers what it would, and is forgotten with it: what stays noted is about HOST. */
static void answer(size_t at)
{
    struct rpl_addr parent = rig_ll(PARENT);
    struct rig_sent s = rig.sent[at];

    if (s.msg.code == RIG_NOT_RPL || about_host(&s))
        return;
    rig.sent_count--;
    memmove(&rig.sent[at], &rig.sent[at + 1], (rig.sent_count - at) * sizeof(s));
    if (s.msg.code == RPL_CODE_DIS && rpl_addr_equal(&s.send.dst, &parent)) {
        rig_receive(&rig, &parent, &rig.link_local, &dio);
    } else if (s.msg.code == RPL_CODE_DAO && root_answers) {
        struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};
        ack.u.ack.sequence = s.msg.u.dao.sequence;
        rig_receive_on(&rig, s.send.ifindex, &s.send.dst, &s.send.src, &ack);
    }
}

static void run(rpl_duration duration)
{
    rpl_tstamp end = rig.now + duration;

    while (rig.now < end) {
        rpl_tstamp next = rpl_engine_deadline(rig.engine);

        rig_run(&rig, next > rig.now && next < end ? next - rig.now : RPL_MS(1));
        for (size_t at = rig.sent_count; at-- > 0;)
            answer(at);
    }
}

static void join(enum rpl_mop mop, bool proxy)
{
    struct rpl_addr parent = rig_ll(PARENT), dodag_id = rig_global(PARENT);

    root_answers = true;
    dio = rig_dio(mop, 256, &dodag_id);
    dio.u.dio.config.flags = proxy ? RPL_CONFIG_PROXY : 0;
    rpl_wire_config_pack(&dio.u.dio.config);
    rig_join(&rig, &parent, &dio);
}

/* HOST is registered for an hour with a router that is in the DODAG. */
static void registered(enum rpl_mop mop, bool proxy, bool route)
{
    struct rpl_nd_duplicate m;

    begin(RPL_ROLE_ROUTER, mop);
    join(mop, proxy);
    run(RPL_S(3));
    rig.leaves_count = 0;
    host_solicit(&rig, 5, 60, route);
    assert_true(host_edac(&rig, 0, &m));
    if (route)
        assert_non_null(host_ack(&rig, 0));
    assert_int_equal(host_told(&rig, 0), route ? HOST_ROUTED : HOST_BOUND);
    assert_true(rig.leaves_count > 0);
}

static void keep(void)
{
    struct rpl_cursor cursor = {0};

    kept_count = 0;
    while (kept_count < KEPT_MAX &&
           rpl_view_next_leaf(rig.engine, &cursor, rig.now, &kept[kept_count]))
        kept_count++;
}

static int restore(const struct rpl_event_leaf *leaf)
{
    struct rpl_event ev = {.type = RPL_EVENT_LEAF_RESTORED, .u.leaf = *leaf};

    return rig_input(&rig, &ev);
}

/* kill -9, |away| later the next one begins; it joins when it is told to. */
static void again(enum rpl_role role, enum rpl_mop mop, rpl_duration away)
{
    keep();
    rig_stop(&rig);
    assert_int_equal(rig.live, 0);
    begin(role, mop);
    for (unsigned i = 0; i < kept_count; i++) {
        kept[i].lifetime -= away;
        assert_int_equal(restore(&kept[i]), 0);
    }
}

static bool is_leaf(void)
{
    struct rpl_addr host = rig_global(HOST);

    return rpl_view_is_leaf(rig.engine, &host);
}

/* The last DAO about HOST since |mark|, NULL: none. */
static const struct rpl_wire_dao *announced(size_t mark)
{
    for (size_t i = rig.sent_count; i-- > mark;)
        if (about_host(&rig.sent[i]))
            return &rig.sent[i].msg.u.dao;
    return NULL;
}

static void test_reached_at_once_and_announced(void **state)
{
    (void)state;
    for (enum rpl_mop mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        if (mop == RPL_MOP_STORING)
            rig_stop(&rig);
        registered(mop, true, true);
        again(RPL_ROLE_ROUTER, mop, RPL_S(600));
        assert_true(is_leaf()); /* before there is a DODAG: the root's packets come all the same */
        assert_true(host_linked(&rig));
        assert_null(announced(0));
        join(mop, true);
        run(RPL_S(3));
        const struct rpl_wire_dao *dao = announced(0);
        assert_non_null(dao);
        assert_int_equal(dao->target[0].flags, 0x41); /* a refresh: the 6LBR has its word */
        assert_int_equal(dao->transit[0].path_sequence, 5);
        assert_int_equal(dao->transit[0].path_lifetime, 51); /* of 60 minutes, 10 are over */
        assert_true(dao->transit[0].external);
        assert_null(host_sent(&rig, RPL_ND_EDAR, 0));
        host_ack(&rig, 0);
        assert_int_equal(host_told(&rig, 0), HOST_NOTHING); /* it knows */
        assert_true(host_linked(&rig));
        /* It ends when it would have. */
        run(RPL_S(2980));
        assert_true(host_linked(&rig));
        run(RPL_S(25));
        assert_false(is_leaf());
        assert_false(host_linked(&rig));
    }
}

/* The kernel's own route of before the kill is taken up as it is. */
static void test_route_of_before_is_kept(void **state)
{
    struct rpl_event found = {.type = RPL_EVENT_ROUTE_FOUND};
    struct rpl_view_node node;
    struct rpl_addr host = rig_global(HOST);

    (void)state;
    for (enum rpl_mop mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        if (mop == RPL_MOP_STORING)
            rig_stop(&rig);
        registered(mop, true, true);
        keep();
        rig_stop(&rig);
        begin(RPL_ROLE_ROUTER, mop);
        found.u.route.route = (struct rpl_route){.kind = RPL_ROUTE_VIA,
                                                 .dst = rig_global(HOST),
                                                 .dst_len = 128,
                                                 .ifindex = RIG_IF,
                                                 .via = rig_ll(HOST),
                                                 .metric = rig.config.instance[0].route_metric};
        /* As the daemon does at start: both before anything is carried out. */
        assert_int_equal(rpl_engine_input(rig.engine, &found, rig.now), 0);
        size_t mark = rig.route_count;
        assert_int_equal(restore(&kept[0]), 0);
        assert_int_equal(rig.route_count, mark);
        assert_false(rpl_view_node(rig.engine, &host, rig.now, &node)); /* no node of the tree */
        join(mop, true);
        run(RPL_S(3));
        host_ack(&rig, 0);
        run(RPL_S(400)); /* routes that nobody claimed are gone by now */
        for (size_t i = mark; i < rig.route_count; i++)
            assert_false(!rig.route_set[i] && rpl_addr_equal(&rig.route[i].route.dst, &host));
        assert_true(is_leaf());
    }
}

/* The root does not ask for us: we do, as the first time. */
static void test_without_proxy_the_6lbr_is_asked(void **state)
{
    struct rpl_nd_duplicate m;

    (void)state;
    for (int granted = 0; granted < 2; granted++) {
        if (granted)
            rig_stop(&rig);
        registered(RPL_MOP_NON_STORING, false, true);
        again(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, RPL_S(600));
        join(RPL_MOP_NON_STORING, false);
        run(RPL_S(2));
        assert_null(announced(0));
        assert_true(host_edac(&rig, granted ? 0 : RPL_ND_MOVED, &m));
        assert_int_equal(m.lifetime_min, 50);
        assert_int_equal(m.tid, 5);
        if (!granted) {
            assert_int_equal(host_told(&rig, 0), RPL_ND_MOVED * 2);
            assert_false(is_leaf());
            continue;
        }
        assert_non_null(announced(0));
        assert_int_equal(announced(0)->target[0].flags, 0x01);
        host_ack(&rig, 0);
        assert_true(host_linked(&rig));
        run(RPL_S(3010));
        assert_false(is_leaf()); /* the answer gave it no longer life */
    }
}

/* Nobody answers: it stays bound, hears so, and the 6LBR is asked again. */
static void test_6lbr_away(void **state)
{
    struct rpl_nd_duplicate m;

    (void)state;
    for (int route = 0; route < 2; route++) {
        if (route)
            rig_stop(&rig);
        registered(RPL_MOP_NON_STORING, false, route);
        again(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0);
        join(RPL_MOP_NON_STORING, false);
        run(RPL_S(15));
        assert_true(is_leaf());
        assert_int_equal(host_told(&rig, 0), route ? HOST_BOUND : HOST_NOTHING);
        if (!route)
            continue;
        size_t mark = rig.sent_count;
        run(RPL_S(40));
        assert_non_null(host_sent(&rig, RPL_ND_EDAR, mark));
        assert_true(host_edac(&rig, 0, &m));
        host_ack(&rig, 0);
        assert_int_equal(host_told(&rig, mark), HOST_ROUTED); /* as before */
    }
}

static void test_moved_meanwhile(void **state)
{
    (void)state;
    registered(RPL_MOP_NON_STORING, true, true);
    again(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0);
    join(RPL_MOP_NON_STORING, true);
    run(RPL_S(3));
    assert_non_null(announced(0));
    host_ack(&rig, 0xc0 | RPL_ND_MOVED);
    assert_int_equal(host_told(&rig, 0), RPL_ND_MOVED * 2); /* should it be here all the same */
    assert_false(is_leaf());
    assert_false(host_linked(&rig));
}

static void test_registers_again(void **state)
{
    (void)state;
    registered(RPL_MOP_NON_STORING, true, true);
    again(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, RPL_S(600));
    join(RPL_MOP_NON_STORING, true);
    run(RPL_S(3));
    host_ack(&rig, 0);
    /* The same once more: its answer was lost with us. */
    host_solicit(&rig, 5, 60, true);
    assert_int_equal(host_told(&rig, 0), HOST_ROUTED);
    /* Another's: the address is not free because we were away. */
    struct rpl_rovr other = host_rovr;
    other.octets[0] ^= 1;
    host_solicit_as(&rig, &other, 6, 60, true);
    assert_true(is_leaf());
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_REGISTRATION), 1);
    /* A younger one of its own, for a full hour. */
    host_solicit(&rig, 6, 60, true);
    assert_int_equal(host_ack(&rig, 0)->transit[0].path_lifetime, 61);
    run(RPL_S(3590));
    assert_true(is_leaf());
    run(RPL_S(20));
    assert_false(is_leaf());
    /* What is known is not undone by what was written down. */
    host_solicit(&rig, 7, 60, true);
    struct rpl_nd_duplicate m;
    assert_true(host_edac(&rig, 0, &m));
    host_ack(&rig, 0);
    kept[0].tid = 3;
    assert_int_equal(restore(&kept[0]), 0);
    keep();
    assert_int_equal(kept_count, 1);
    assert_int_equal(kept[0].tid, 7);
}

/* A root that is away for some minutes costs the leaf no more than those. */
static void test_announced_until_answered(void **state)
{
    (void)state;
    registered(RPL_MOP_NON_STORING, true, true);
    again(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0);
    join(RPL_MOP_NON_STORING, true);
    size_t mark = 0;
    for (int i = 0; i < 60 && host_told(&rig, 0) == HOST_NOTHING; i++)
        run(RPL_S(5));
    assert_int_equal(host_told(&rig, 0), HOST_BOUND); /* it has no route for now */
    assert_true(host_linked(&rig));
    for (unsigned tries = 0; tries < 3; tries++) { /* ever more slowly, and not for ever */
        mark = rig.sent_count = 0;
        for (int i = 0; i < 400 && !announced(mark); i++)
            run(RPL_S(1));
        assert_non_null(announced(mark));
    }
    host_ack(&rig, 0);
    assert_int_equal(host_told(&rig, 0), HOST_ROUTED);
    assert_true(host_linked(&rig));
}

/* The register of the root and its own leaf. */
static void test_root(void **state)
{
    struct rpl_addr other = rig_global(0x77), router = rig_global(2), own = rig_global(1);
    struct rpl_nd_duplicate m = {.type = RPL_ND_EDAR, .tid = 1, .lifetime_min = 30};
    uint8_t data[128];
    size_t len;

    (void)state;
    begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    host_solicit(&rig, 5, 60, true);
    assert_int_equal(host_told(&rig, 0), HOST_ROUTED);
    m.rovr = host_rovr;
    m.address = other;
    len = rpl_nd_write_duplicate(&m, &router, &own, data, sizeof(data));
    rig_octets(&rig, 0, &router, &own, data, len);
    again(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, RPL_S(600));
    assert_int_equal(kept_count, 3); /* the leaf, and two addresses with owners */
    assert_true(is_leaf());
    assert_true(host_linked(&rig));
    /* Somebody else asks for either address. */
    struct rpl_rovr thief = host_rovr;
    thief.octets[7]++;
    size_t mark = rig.sent_count;
    host_solicit_as(&rig, &thief, 9, 60, true);
    assert_non_null(host_sent(&rig, RPL_ND_NA, mark));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_REGISTRATION), 1);
    m.rovr = thief;
    for (int over = 0; over < 2; over++) {
        len = rpl_nd_write_duplicate(&m, &router, &own, data, sizeof(data));
        rig_octets(&rig, 0, &router, &own, data, len);
        const struct rpl_effect_send *edac = host_sent(&rig, RPL_ND_EDAC, mark);
        assert_non_null(edac);
        if (edac)
            assert_int_equal(edac->data[4], over ? RPL_ND_SUCCESS : RPL_ND_DUPLICATE);
        run(RPL_S(1201)); /* until what is left of 30 minutes is over */
    }
}

static void test_refused(void **state)
{
    struct rpl_event_leaf good, leaf;

    (void)state;
    begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    good = (struct rpl_event_leaf){.instance = 0,
                                   .address = rig_global(HOST),
                                   .local = rig_ll(HOST),
                                   .ifindex = RIG_IF,
                                   .tid = 1,
                                   .rovr_size = 1,
                                   .lifetime_min = 60,
                                   .route = true,
                                   .announced = true,
                                   .lifetime = RPL_S(60)};
    leaf = good;
    leaf.instance = 9;
    assert_int_equal(restore(&leaf), -RPL_ERR_NOENT);
    leaf = good;
    leaf.ifindex = RIG_IF + 1;
    assert_int_equal(restore(&leaf), -RPL_ERR_NOENT);
    leaf.ifindex = 0; /* a register, at a router */
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    leaf = good;
    leaf.local = rig_global(HOST);
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    leaf = good;
    leaf.address = rig_ll(HOST);
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    for (uint8_t size = 0; size < 7; size++) {
        leaf = good;
        leaf.rovr_size = size;
        if (size < 1 || size > 4)
            assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    }
    leaf = good;
    leaf.lifetime = 0;
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    leaf.lifetime = RPL_NEVER - 1;
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    leaf = good;
    leaf.lifetime_min = 0;
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    leaf = good;
    leaf.lifetime = RPL_S(UINT32_MAX); /* never longer than it asked for */
    assert_int_equal(restore(&leaf), 0);
    run(RPL_S(3601));
    assert_false(is_leaf());
    for (unsigned i = 0; i < RPL_LEAVES_MAX; i++) {
        leaf = good;
        leaf.address = rig_global(0x1000 + i);
        assert_int_equal(restore(&leaf), 0);
    }
    assert_int_equal(restore(&good), -RPL_ERR_FULL);
    rig_stop(&rig);
    begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    leaf = good;
    leaf.address.b[1] = 2; /* another prefix than ours */
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    leaf.address = rig_global(1); /* ourselves */
    assert_int_equal(restore(&leaf), -RPL_ERR_PARAM);
    rig_stop(&rig);
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING); /* which does not serve leaves any more */
    assert_int_equal(rig_start(&rig), 0);
    assert_int_equal(restore(&good), -RPL_ERR_PARAM);
}

/* In the DODAG that we come to its address has no place. */
static void test_another_dodag(void **state)
{
    (void)state;
    registered(RPL_MOP_NON_STORING, true, true);
    keep();
    rig_stop(&rig);
    begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    kept[0].address.b[3] ^= 1;
    assert_int_equal(restore(&kept[0]), 0);
    assert_true(rpl_view_is_leaf(rig.engine, &kept[0].address));
    join(RPL_MOP_NON_STORING, true);
    run(RPL_S(3));
    assert_false(rpl_view_is_leaf(rig.engine, &kept[0].address));
}

static void test_no_memory(void **state)
{
    (void)state;
    registered(RPL_MOP_STORING, true, true);
    keep();
    rig_stop(&rig);
    for (long n = 1; n < 8; n++) {
        begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
        rig.fail_at = rig.allocs + n;
        int r = restore(&kept[0]);
        assert_true(r == 0 || r == -RPL_ERR_NOMEM);
        rig_stop(&rig);
        assert_int_equal(rig.live, 0);
    }
    begin(RPL_ROLE_ROUTER, RPL_MOP_STORING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_reached_at_once_and_announced, stop),
        cmocka_unit_test_teardown(test_route_of_before_is_kept, stop),
        cmocka_unit_test_teardown(test_without_proxy_the_6lbr_is_asked, stop),
        cmocka_unit_test_teardown(test_6lbr_away, stop),
        cmocka_unit_test_teardown(test_moved_meanwhile, stop),
        cmocka_unit_test_teardown(test_registers_again, stop),
        cmocka_unit_test_teardown(test_announced_until_answered, stop),
        cmocka_unit_test_teardown(test_root, stop),
        cmocka_unit_test_teardown(test_refused, stop),
        cmocka_unit_test_teardown(test_another_dodag, stop),
        cmocka_unit_test_teardown(test_no_memory, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
