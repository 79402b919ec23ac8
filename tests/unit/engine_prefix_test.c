/* SPDX-License-Identifier: ISC */
/* A root whose prefix changes: the old one is phased out, and nothing is rebuilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/lib/rig.h"

static struct rig rig;

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1; /* nothing leaks */
}

static void start(enum rpl_role role, enum rpl_mop mop)
{
    rig_init(&rig, role, mop);
    assert_int_equal(rig_start(&rig), 0);
    rig_run(&rig, RPL_S(1));
}

/* Node |n| under the prefix fd00:0:0:|net|::/64; 0 is the one of rig_global(). */
static struct rpl_addr in(unsigned net, unsigned n)
{
    struct rpl_addr addr = rig_global(n);

    addr.b[7] = (uint8_t)net;
    return addr;
}

static void change(unsigned net)
{
    struct rpl_event event = {.type = RPL_EVENT_PREFIX};

    event.u.prefix.prefix = in(net, 1);
    assert_int_equal(rig_input(&rig, &event), 0);
}

static int dao(unsigned net, unsigned node, unsigned parent, uint8_t sequence)
{
    struct rpl_addr target = in(net, node), above = in(net, parent), root = rig_global(1);
    struct rpl_wire_message msg = rig_dao(sequence, &target, 0, 30, &above);

    return rig_receive_on(&rig, 0, &target, &root, &msg);
}

static struct rpl_view_instance instance(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

/* The latest word about a route to the prefix: 1 set, 0 deleted, -1 never heard of. */
static int prefix_route(unsigned net)
{
    struct rpl_addr prefix = in(net, 0);
    int state = -1;

    rpl_addr_mask(&prefix, 64);
    for (size_t i = 0; i < rig.route_count; i++)
        if (rig.route[i].route.dst_len == 64 && rpl_addr_equal(&rig.route[i].route.dst, &prefix))
            state = rig.route_set[i];
    return state;
}

static const struct rpl_wire_dio *next_dio(void)
{
    size_t mark = rig.sent_count;

    rig_run(&rig, RPL_S(60)); /* Trickle was reset a minute ago at most */
    assert_non_null(rig_last(&rig, RPL_CODE_DIO, mark));
    return &rig_last(&rig, RPL_CODE_DIO, mark)->msg.u.dio;
}

static bool is_in(const struct rpl_addr *addr, unsigned net)
{
    struct rpl_addr prefix = in(net, 0);

    return rpl_addr_match(addr, &prefix, 64);
}

/* A child that is gone is gone in each prefix that it has an address in. */
static void child_goes_with_all_its_addresses(void **state)
{
    struct rpl_event lost = {
        .type = RPL_EVENT_NEIGHBOUR,
        .u.neighbour = {.ifindex = RIG_IF, .address = rig_ll(2), .failed = true}};
    struct rpl_addr old = in(0, 2), now = in(7, 2);
    struct rpl_view_path path;

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    change(7);
    assert_int_equal(dao(0, 2, 1, 241), 0);
    assert_int_equal(dao(7, 2, 1, 242), 0);
    assert_int_equal(rpl_view_route(rig.engine, &old, &path), 0);
    assert_int_equal(rpl_view_route(rig.engine, &now, &path), 0);
    rig_input(&rig, &lost);
    assert_true(rpl_view_route(rig.engine, &old, &path) < 0);
    assert_true(rpl_view_route(rig.engine, &now, &path) < 0);
}

static void old_prefix_is_phased_out(void **state)
{
    struct rpl_addr root = rig_global(1);
    uint8_t dtsn;

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    assert_int_equal(dao(0, 2, 1, 241), 0);
    dtsn = instance().dtsn;
    change(7);
    assert_int_equal(prefix_route(0), 1);
    assert_int_equal(prefix_route(7), 1);
    const struct rpl_wire_dio *dio = next_dio();
    /* Still the same DODAG, which asks its nodes for DAOs. */
    assert_true(rpl_addr_equal(&dio->dodag_id, &root));
    assert_int_equal(dio->version, 240);
    assert_int_equal(rpl_lollipop_compare(dio->dtsn, dtsn), RPL_NEWER);
    assert_int_equal(dio->pio_count, 2);
    assert_true(is_in(&dio->pio[0].prefix, 0));
    assert_int_equal(dio->pio[0].preferred_s, 0);
    assert_in_range(dio->pio[0].valid_s, 7000, 7200);
    assert_true(is_in(&dio->pio[1].prefix, 7));
    assert_int_equal(dio->pio[1].preferred_s, UINT32_MAX);
    /* Both are good for targets, a mixture of them too, and both are ours. */
    assert_int_equal(dao(0, 2, 1, 242), 0);
    assert_int_equal(dao(7, 2, 1, 243), 0);
    assert_int_equal(dao(7, 3, 2, 244), 0);
    struct rpl_addr own = in(7, 1), far = in(7, 3);
    struct rpl_view_path path;
    assert_true(rpl_view_is_own(rig.engine, &own));
    assert_true(rpl_view_is_own(rig.engine, &root));
    struct rpl_view_instance is = instance();
    assert_true(rpl_addr_equal(&is.address, &own));
    assert_int_equal(rpl_view_route(rig.engine, &far, &path), 0);
    assert_int_equal(path.hops, 2);
    assert_int_equal(instance().nodes, 3);
    assert_int_equal(instance().more_prefix_count, 1);
    /* After two hours it is gone, with what was in it; but the DODAGID stays an address. */
    rig_run(&rig, RPL_S(3600));
    assert_int_equal(dao(0, 2, 1, 245), 0);
    assert_int_equal(dao(7, 2, 1, 246), 0);
    assert_int_equal(dao(7, 3, 2, 247), 0);
    rig_run(&rig, RPL_S(3601));
    assert_int_equal(prefix_route(0), 0);
    assert_int_equal(prefix_route(7), 1);
    assert_int_equal(instance().more_prefix_count, 0);
    assert_true(rpl_view_is_own(rig.engine, &root));
    is = instance();
    assert_true(rpl_addr_equal(&is.dodag_id, &root));
    struct rpl_addr old = in(0, 2);
    struct rpl_view_node view;
    assert_false(rpl_view_node(rig.engine, &old, rig.now, &view));
    size_t refused = (size_t)rig_counter(&rig, RPL_COUNT_REFUSED_PREFIX);
    (void)dao(0, 2, 1, 250);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_PREFIX), refused + 1);
}

/* A root that was restarted in the middle goes on where it stood. */
static void phasing_out_goes_on_after_a_restart(void **state)
{
    struct rpl_event event = {.type = RPL_EVENT_PREFIX};

    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    event.u.prefix.prefix = in(7, 1);
    event.u.prefix.left = RPL_S(600);
    assert_int_equal(rig_input(&rig, &event), 0);
    const struct rpl_wire_dio *dio = next_dio();
    assert_int_equal(dio->pio_count, 2);
    assert_true(is_in(&dio->pio[0].prefix, 7));
    assert_int_equal(dio->pio[0].preferred_s, 0);
    assert_in_range(dio->pio[0].valid_s, 500, 600);
    assert_int_equal(dio->pio[1].preferred_s, UINT32_MAX);
    assert_int_equal(dao(7, 2, 1, 241), 0);
    assert_int_equal(instance().nodes, 1);
    event.u.prefix.prefix = in(0, 1); /* the one in use is not phased out */
    assert_int_equal(rig_input(&rig, &event), 0);
    assert_int_equal(instance().more_prefix_count, 1);
    rig_run(&rig, RPL_S(600));
    assert_int_equal(instance().more_prefix_count, 0);
    assert_int_equal(instance().nodes, 0);
    assert_int_equal(prefix_route(7), 0);
    assert_int_equal(prefix_route(0), 1);
}

static void prefix_that_comes_back_is_good_again(void **state)
{
    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    change(7);
    change(0);
    const struct rpl_wire_dio *dio = next_dio();
    assert_int_equal(dio->pio_count, 2);
    assert_true(is_in(&dio->pio[0].prefix, 7));
    assert_int_equal(dio->pio[0].preferred_s, 0);
    assert_true(is_in(&dio->pio[1].prefix, 0));
    assert_int_equal(dio->pio[1].preferred_s, UINT32_MAX);
    assert_int_equal(prefix_route(0), 1);
    assert_int_equal(prefix_route(7), 1);
    rig_run(&rig, RPL_S(7300));
    assert_int_equal(prefix_route(0), 1);
    assert_int_equal(prefix_route(7), 0);
    assert_int_equal(instance().more_prefix_count, 0);
}

/* A prefix a minute: the table has an end, and the routes follow it. */
static void many_changes_are_bounded(void **state)
{
    (void)state;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    for (unsigned net = 1; net <= 9; net++) {
        change(net);
        rig_run(&rig, RPL_S(60));
    }
    for (unsigned net = 0; net <= 9; net++)
        assert_int_equal(prefix_route(net), net >= 7);
    assert_int_equal(next_dio()->pio_count, 1 + RPL_OLD_PREFIXES_MAX);
    assert_int_equal(instance().more_prefix_count, RPL_OLD_PREFIXES_MAX);
}

/* Before anybody heard of it, another one simply takes its place. */
static void first_prefix_leaves_no_trace(void **state)
{
    struct rpl_event event = {.type = RPL_EVENT_PREFIX};

    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    assert_int_equal(rpl_engine_new(&rig.config, rig.now, &rig.engine), 0);
    event.u.prefix.prefix = in(7, 1);
    assert_int_equal(rig_input(&rig, &event), 0);
    assert_false(instance().joined);
    assert_int_equal(instance().more_prefix_count, 0);
    event.u.prefix.instance = 9;
    assert_int_equal(rig_input(&rig, &event), -RPL_ERR_NOENT);
    event.u.prefix.instance = 0;
    event.u.prefix.prefix = rig_ll(1);
    assert_int_equal(rig_input(&rig, &event), -RPL_ERR_PARAM);
}

/* A root that was restarted has forgotten what it phased out: whoever still announces it does not
 * hear that it is refused, which would cost it its parent. */
static void forgotten_prefix_is_passed_over(void **state)
{
    struct rpl_addr child = rig_ll(2), own = rig_ll(1), old = in(5, 2), good = in(0, 2);

    (void)state;
    for (int renumbers = 0; renumbers < 2; renumbers++) {
        struct rpl_wire_message msg = rig_dao(241, &old, 0, 30, NULL);
        size_t mark;

        rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_STORING);
        rig.config.instance[0].renumbers = renumbers;
        assert_int_equal(rig_start(&rig), 0);
        rig_run(&rig, RPL_S(1));
        mark = rig.sent_count;
        assert_int_equal(rig_receive(&rig, &child, &own, &msg), 0);
        rig_run(&rig, RPL_S(1));
        assert_non_null(rig_last(&rig, RPL_CODE_DAO_ACK, mark));
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, mark)->msg.u.ack.status,
                         renumbers ? 0 : 128);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_PREFIX), 1);
        assert_int_equal(instance().nodes, 0);
        msg = rig_dao(242, &good, 0, 30, NULL);
        assert_int_equal(rig_receive(&rig, &child, &own, &msg), 0);
        assert_int_equal(instance().nodes, 1);
        if (!renumbers)
            rig_stop(&rig);
    }
}

/* A router lives in both while there are two, prefers the one that stays, and tells its children
 * at once. */
static void router_follows(void **state)
{
    struct rpl_addr parent = rig_ll(9), root = rig_global(9), all = rpl_addr_all_nodes;
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    struct rpl_addr old = in(0, 1), now = in(7, 1), above = in(7, 9);

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    assert_int_equal(rig_start(&rig), 0);
    rig_join(&rig, &parent, &dio);
    rig_run(&rig, RPL_S(10));
    dio.u.dio.dtsn++;
    dio.u.dio.pio[1] = dio.u.dio.pio[0];
    dio.u.dio.pio[0].preferred_s = 0;
    dio.u.dio.pio[0].valid_s = 7200;
    dio.u.dio.pio[1].prefix = in(7, 0);
    rpl_addr_mask(&dio.u.dio.pio[1].prefix, 64);
    dio.u.dio.pio_count = 2;
    size_t mark = rig.sent_count;
    assert_int_equal(rig_receive(&rig, &parent, &all, &dio), 0);
    struct rpl_view_instance is = instance();
    assert_true(rpl_addr_equal(&is.address, &now));
    assert_true(rpl_view_is_own(rig.engine, &old));
    rig_run(&rig, RPL_S(15));
    const struct rig_sent *told = rig_last(&rig, RPL_CODE_DIO, mark);
    assert_non_null(told);
    assert_int_equal(told->msg.u.dio.pio_count, 2);
    assert_int_equal(told->msg.u.dio.pio[0].preferred_s, 0);
    const struct rig_sent *asked = rig_last(&rig, RPL_CODE_DAO, mark);
    assert_non_null(asked);
    assert_int_equal(asked->msg.u.dao.target_count, 2);
    for (uint8_t i = 0; i < asked->msg.u.dao.transit_count; i++)
        assert_true(rpl_addr_equal(&asked->msg.u.dao.transit[i].parent, &above));
    /* Not announced any more: not ours any more. */
    dio.u.dio.pio[0] = dio.u.dio.pio[1];
    dio.u.dio.pio_count = 1;
    assert_int_equal(rig_receive(&rig, &parent, &all, &dio), 0);
    struct rpl_addr other = in(0, 5);
    assert_false(rpl_view_is_own(rig.engine, &old));
    assert_false(rpl_view_is_own(rig.engine, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(old_prefix_is_phased_out, stop),
        cmocka_unit_test_teardown(child_goes_with_all_its_addresses, stop),
        cmocka_unit_test_teardown(phasing_out_goes_on_after_a_restart, stop),
        cmocka_unit_test_teardown(prefix_that_comes_back_is_good_again, stop),
        cmocka_unit_test_teardown(many_changes_are_bounded, stop),
        cmocka_unit_test_teardown(first_prefix_leaves_no_trace, stop),
        cmocka_unit_test_teardown(forgotten_prefix_is_passed_over, stop),
        cmocka_unit_test_teardown(router_follows, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
