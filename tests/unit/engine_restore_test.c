/* SPDX-License-Identifier: ISC */
/* The engine and what an earlier run knew: ways at once, unconfirmed until a DAO, never for long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/rig.h"

static struct rig rig;

static void start(enum rpl_mop mop)
{
    rig_init(&rig, RPL_ROLE_ROOT, mop);
    assert_int_equal(rig_start(&rig), 0);
    rig_run(&rig, RPL_S(1));
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1; /* nothing leaks */
}

static bool node(unsigned n, struct rpl_view_node *out)
{
    struct rpl_addr a = rig_global(n);

    return rpl_view_node(rig.engine, &a, rig.now, out);
}

/* What a snapshot has of node |n| below |parent| (1 = us). */
static struct rpl_event source(unsigned n, unsigned parent, uint8_t path_seq, rpl_duration left)
{
    struct rpl_event ev = {.type = RPL_EVENT_TARGET_RESTORED};

    ev.u.target.address = rig_global(n);
    ev.u.target.len = 128;
    ev.u.target.path_sequence = path_seq;
    ev.u.target.moved = true;
    ev.u.target.lifetime = left;
    ev.u.target.parent_count = 1;
    ev.u.target.parent[0].address = rig_global(parent);
    ev.u.target.parent[0].self = parent == 1;
    return ev;
}

static struct rpl_event storing(unsigned n, unsigned via, rpl_duration left)
{
    struct rpl_event ev = {.type = RPL_EVENT_TARGET_RESTORED};

    ev.u.target.address = rig_global(n);
    ev.u.target.len = 128;
    ev.u.target.path_sequence = 5;
    ev.u.target.moved = true;
    ev.u.target.lifetime = left;
    ev.u.target.via = rig_ll(via);
    ev.u.target.ifindex = RIG_IF;
    return ev;
}

static int restore(struct rpl_event ev)
{
    return rig_input(&rig, &ev);
}

static int source_dao(unsigned from, unsigned parent, uint8_t seq, uint8_t path_seq)
{
    struct rpl_addr src = rig_global(from), p = rig_global(parent), root = rig_global(1);
    struct rpl_wire_message msg = rig_dao(seq, &src, path_seq, 30, &p);

    return rig_receive(&rig, &src, &root, &msg);
}

static int storing_dao(unsigned from, unsigned target, uint8_t seq, uint8_t path_seq)
{
    struct rpl_addr src = rig_ll(from), t = rig_global(target);
    struct rpl_wire_message msg = rig_dao(seq, &t, path_seq, 30, NULL);

    return rig_receive(&rig, &src, &rig.link_local, &msg);
}

static size_t hops(unsigned n)
{
    struct rpl_addr a = rig_global(n);
    struct rpl_view_path path;

    return rpl_view_route(rig.engine, &a, &path) == 0 ? path.hops : 0;
}

/* The child may come before its parent, and the source route works at once. */
static void test_source_routes_at_once(void **state)
{
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_NON_STORING);
    assert_int_equal(restore(source(4, 3, 7, RPL_S(1800))), 0);
    assert_int_equal(hops(4), 0);
    assert_int_equal(restore(source(3, 2, 7, RPL_NEVER)), 0);
    assert_int_equal(restore(source(2, 1, 7, RPL_S(60))), 0);
    assert_int_equal(hops(4), 3);
    assert_true(node(4, &v));
    assert_true(v.unconfirmed);
    assert_true(v.reachable);
    assert_int_equal(v.route, RPL_ROUTE_STATE_PENDING);
    assert_int_equal(v.path_sequence, 7);
    assert_false(v.stuck);
    assert_int_equal(rig.route_count, 1 + 3); /* the prefix, and the three */
    assert_true(rig_traced(&rig, RPL_TRACE_NODE_UP, RPL_CAUSE_NONE));
}

static void test_dao_confirms(void **state)
{
    struct rpl_view_node v;
    size_t mark;

    (void)state;
    start(RPL_MOP_NON_STORING);
    restore(source(2, 1, 7, RPL_S(1800)));
    restore(source(3, 2, 7, RPL_S(1800)));
    mark = rig.route_count;
    source_dao(2, 1, 1, 3); /* whatever its sequence: the snapshot may be old */
    assert_true(node(2, &v));
    assert_false(v.unconfirmed);
    assert_int_equal(v.route, RPL_ROUTE_STATE_INSTALLED);
    assert_int_equal(v.path_sequence, 3);
    assert_false(v.stuck);
    assert_int_equal(rig.route_count, mark); /* it stood already */
    source_dao(2, 9, 2, 2);                  /* from here on order counts */
    assert_true(node(2, &v));
    assert_int_equal(v.path_sequence, 3);
    /* Who says nothing goes, and what was told of the other stays. */
    rig_run(&rig, RPL_S(301));
    assert_false(node(3, &v));
    assert_true(node(2, &v));
}

static void test_lifetime_is_bounded(void **state)
{
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_NON_STORING);
    restore(source(2, 1, 7, RPL_S(20)));
    restore(source(3, 1, 7, RPL_NEVER));
    rig_run(&rig, RPL_S(21));
    assert_false(node(2, &v));
    assert_true(node(3, &v));
    rig_run(&rig, RPL_S(280));
    assert_false(node(3, &v));
    assert_int_equal(hops(3), 0);
}

/* A parent switch after the snapshot: the stale edge must not make the true one a circle. */
static void test_stale_edge_gives_way(void **state)
{
    (void)state;
    start(RPL_MOP_NON_STORING);
    restore(source(2, 1, 7, RPL_S(1800)));
    restore(source(3, 2, 7, RPL_S(1800)));
    assert_int_equal(hops(3), 2);
    source_dao(2, 3, 1, 8); /* now 2 is below 3 */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_LOOP), 0);
    source_dao(3, 1, 1, 8);
    assert_int_equal(hops(3), 1);
    assert_int_equal(hops(2), 2);
}

static void test_kernel_route_of_before_is_kept(void **state)
{
    struct rpl_event ev = {.type = RPL_EVENT_ROUTE_FOUND,
                           .u.route.route = {.kind = RPL_ROUTE_TUN, .dst_len = 128}};
    size_t mark;

    (void)state;
    start(RPL_MOP_NON_STORING);
    mark = rig.route_count;
    ev.u.route.route.dst = rig_global(2);
    /* As the daemon does at start: both before anything is carried out. */
    assert_int_equal(rpl_engine_input(rig.engine, &ev, rig.now), 0);
    assert_int_equal(restore(source(2, 1, 7, RPL_S(1800))), 0);
    assert_int_equal(rig.route_count, mark);
    assert_int_equal(hops(2), 1);
}

static void test_storing(void **state)
{
    struct rpl_event found = {.type = RPL_EVENT_ROUTE_FOUND};
    struct rpl_addr via = rig_ll(3);
    struct rpl_view_node v;
    size_t mark;

    (void)state;
    start(RPL_MOP_STORING);
    found.u.route.route = (struct rpl_route){.kind = RPL_ROUTE_VIA,
                                             .dst = rig_global(3),
                                             .dst_len = 128,
                                             .ifindex = RIG_IF,
                                             .via = rig_ll(3)};
    rig_input(&rig, &found);
    mark = rig.route_count;
    assert_int_equal(restore(storing(2, 2, RPL_S(1800))), 0);
    assert_int_equal(rig.route_count, mark + 1);
    /* The kernel's route is younger than the snapshot. */
    assert_int_equal(restore(storing(3, 2, RPL_S(1800))), 0);
    assert_int_equal(rig.route_count, mark + 1);
    assert_true(node(3, &v));
    assert_memory_equal(&v.via, &via, 16);
    assert_true(v.unconfirmed);
    assert_int_equal(v.path_sequence, 5);
    storing_dao(2, 2, 1, 6);
    assert_true(node(2, &v));
    assert_false(v.unconfirmed);
    /* A DAO came first: the snapshot says nothing new. */
    assert_int_equal(restore(storing(2, 3, RPL_S(1800))), 0);
    assert_true(node(2, &v));
    assert_false(v.unconfirmed);
    assert_int_equal(v.path_sequence, 6);
    rig_run(&rig, RPL_S(301));
    assert_false(node(3, &v));
    assert_true(node(2, &v));
}

/* What lies behind a router of a storing DODAG keeps its Path Sequence as long as its host does not
 * register anew: the router's word is enough, and holds for longer than what was written down. */
static void test_external(void **state)
{
    struct rpl_addr router = rig_global(2), outside = rig_global(9), root = rig_global(1);
    struct rpl_wire_message dao = rig_dao(1, &outside, 7, 30, &router);
    struct rpl_event ev = storing(9, 0, RPL_S(1800));
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_STORING);
    assert_int_equal(restore(storing(2, 2, RPL_S(1800))), 0);
    ev.u.target.external = true;
    ev.u.target.path_sequence = 7;
    ev.u.target.ifindex = 0;
    ev.u.target.parent_count = 1;
    ev.u.target.parent[0].address = router;
    assert_int_equal(restore(ev), 0);
    rig_run(&rig, RPL_S(100));
    storing_dao(2, 2, 1, 6);
    dao.u.dao.transit[0].external = true;
    assert_int_equal(rig_receive_on(&rig, 0, &router, &root, &dao), 0);
    rig_run(&rig, RPL_S(1700));
    assert_true(node(9, &v));
    rig_run(&rig, RPL_S(150));
    assert_false(node(9, &v)); /* 30 minutes and not more */
}

static void test_refused(void **state)
{
    struct rpl_event ev = source(2, 1, 7, RPL_S(60));
    struct rpl_view_node v;

    (void)state;
    start(RPL_MOP_NON_STORING);
    ev.u.target.instance = 9;
    assert_int_equal(restore(ev), -RPL_ERR_NOENT);
    ev = source(2, 1, 7, 0);
    assert_int_equal(restore(ev), -RPL_ERR_PARAM);
    ev = source(2, 1, 7, RPL_S(60));
    ev.u.target.address.b[1] = 2; /* another prefix than ours */
    assert_int_equal(restore(ev), -RPL_ERR_PARAM);
    assert_int_equal(restore(source(1, 2, 7, RPL_S(60))), -RPL_ERR_PARAM); /* ourselves */
    ev = source(2, 1, 7, RPL_S(60));
    ev.u.target.parent_count = RPL_PARENTS_MAX + 1;
    assert_int_equal(restore(ev), -RPL_ERR_PARAM);
    assert_int_equal(restore(storing(2, 2, RPL_S(60))), -RPL_ERR_PARAM); /* of another mode */
    assert_false(node(2, &v));
    rig_stop(&rig);
    start(RPL_MOP_STORING);
    ev = storing(2, 2, RPL_S(60));
    ev.u.target.ifindex = RIG_IF + 1;
    assert_int_equal(restore(ev), -RPL_ERR_NOENT);
    assert_int_equal(restore(source(2, 1, 7, RPL_S(60))), -RPL_ERR_PARAM);
    assert_false(node(2, &v));
}

static void test_table_full_and_no_memory(void **state)
{
    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.limits.targets = 2;
    assert_int_equal(rig_start(&rig), 0);
    rig_run(&rig, RPL_S(1));
    assert_int_equal(restore(source(2, 1, 7, RPL_S(60))), 0);
    assert_int_equal(restore(source(3, 4, 7, RPL_S(60))), -RPL_ERR_FULL); /* no room for 4 */
    assert_int_equal(restore(source(3, 2, 7, RPL_S(60))), 0);
    assert_int_equal(restore(source(5, 2, 7, RPL_S(60))), -RPL_ERR_FULL);
    rig_stop(&rig);
    for (long n = 1; n < 12; n++) {
        start(RPL_MOP_NON_STORING);
        rig.fail_at = rig.allocs + n;
        struct rpl_event ev = source(4, 3, 7, RPL_S(60));
        int r = rpl_engine_input(rig.engine, &ev, rig.now);
        assert_true(r == 0 || r == -RPL_ERR_FULL);
        rig_stop(&rig);
        assert_int_equal(rig.live, 0);
    }
    start(RPL_MOP_NON_STORING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_source_routes_at_once, stop),
        cmocka_unit_test_teardown(test_dao_confirms, stop),
        cmocka_unit_test_teardown(test_lifetime_is_bounded, stop),
        cmocka_unit_test_teardown(test_stale_edge_gives_way, stop),
        cmocka_unit_test_teardown(test_kernel_route_of_before_is_kept, stop),
        cmocka_unit_test_teardown(test_storing, stop),
        cmocka_unit_test_teardown(test_external, stop),
        cmocka_unit_test_teardown(test_refused, stop),
        cmocka_unit_test_teardown(test_table_full_and_no_memory, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
