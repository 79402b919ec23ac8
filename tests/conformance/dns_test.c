/* SPDX-License-Identifier: ISC */
/* Section 11: DAO in non-storing mode. */
#include "tests/conformance/row.h"

static const struct rig_sent *last_dao(size_t mark)
{
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO, mark);

    assert_non_null(s);
    return s;
}

/* The hops of the root's source route to |n|, which is the last of them; 0: there is none. */
static size_t hops_to(unsigned n, struct rpl_view_path *ret_path)
{
    struct rpl_addr dst = rig_global(n);

    return rpl_view_route(rig.engine, &dst, ret_path) == 0 ? ret_path->hops : 0;
}

static bool hop_is(const struct rpl_view_path *path, size_t at, unsigned n)
{
    struct rpl_addr addr = rig_global(n);

    return at < path->hops && rpl_addr_equal(&path->hop[at], &addr);
}

/* A DAO of |from| for a prefix under ours, or with E for a host, that lies behind it. */
static void behind(unsigned from, uint8_t len, bool external, uint8_t sequence, uint8_t path_seq)
{
    struct rpl_addr src = rig_global(from), target = rig_global(0x7700), root = rig_global(1);
    struct rpl_wire_message dao = rig_dao(sequence, &target, path_seq, 30, &src);

    dao.u.dao.target[0].len = len;
    rpl_addr_mask(&dao.u.dao.target[0].prefix, len);
    dao.u.dao.transit[0].external = external;
    rig_receive_on(&rig, 0, &src, &root, &dao);
}

static void test_DNS_01(void **state)
{
    struct rpl_addr own = rig_global(1), root = rig_global(ROOT), other = rig_global(5);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(3));
    assert_memory_equal(&last_dao(0)->send.src, &own, 16);
    assert_memory_equal(&last_dao(0)->send.dst, &root, 16);
    assert_int_equal(last_dao(0)->send.ifindex, 0); /* the default route leads there */
    assert_int_equal(rig.route[0].route.dst_len, 0);
    /* A DAO on its way to the root is none of ours. */
    struct rpl_wire_message dao = rig_dao(1, &other, 5, 30, &own);
    assert_int_equal(rig_receive_on(&rig, 0, &other, &root, &dao), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_NOT_FOR_US), 1);
    assert_int_equal(row_instance().targets, 0);
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    assert_true(row_reaches(2, 2));
}

static void test_DNS_02(void **state)
{
    struct rpl_addr child = rig_ll(2), target = rig_global(2), root = rig_global(1);
    struct rpl_wire_message dao = rig_dao(1, &target, 5, 30, NULL);

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(3));
    assert_true(last_dao(0)->msg.u.dao.transit[0].has_parent);
    assert_int_equal(last_dao(0)->msg.u.dao.transit_count, 1);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.short_transit = false;
    row_start();
    assert_int_equal(rig_receive(&rig, &child, &rig.link_local, &dao), -RPL_ERR_DROPPED);
    assert_int_equal(rig_receive_on(&rig, 0, &target, &root, &dao), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_TRANSIT_LENGTH), 1);
    assert_int_equal(row_instance().targets, 0);
}

static void test_DNS_03(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_addr named = rig_global(0x1234);

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.parent_by_prefix = false;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(10));
    assert_true(row_instance().joined);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
    dio.u.dio.pio[0].router_address = true;
    dio.u.dio.pio[0].prefix = named;
    dio.u.dio.dtsn++;
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    assert_memory_equal(&last_dao(0)->msg.u.dao.transit[0].parent, &named, 16);
}

static void test_DNS_04(void **state)
{
    static const unsigned line[] = {2, 3, 4, 5};
    struct rpl_view_path path;

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    for (size_t i = 4; i-- > 0;) /* the last one first: its parents are not known yet */
        row_source(line[i], i ? line[i - 1] : 1, 1, 5, 30);
    assert_int_equal(hops_to(5, &path), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(hop_is(&path, i, line[i]));
    assert_int_equal(path.ifindex, RIG_IF);
    row_source(2, 5, 2, 6, 30); /* would close a circle: refused, the old parent kept */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_LOOP), 1);
    assert_int_equal(hops_to(5, &path), 4);
    row_source(8, 9, 1, 5, 30);
    row_source(9, 8, 1, 5, 30); /* a circle of two beside it leads nowhere */
    assert_int_equal(hops_to(8, &path), 0);
    assert_int_equal(hops_to(9, &path), 0);
    for (unsigned n = 8; n < 10; n++) {
        struct rpl_view_node v;
        assert_true(row_node(n, &v));
        assert_false(v.reachable);
        assert_int_equal(v.route, RPL_ROUTE_STATE_NONE);
    }
    /* Depth is bounded: a line longer than any source route. */
    row_root(RPL_MOP_NON_STORING);
    for (unsigned n = 2; n < 2 + RPL_PATH_MAX + 5; n++)
        row_source(n, n - 1, 1, 5, 30);
    assert_int_equal(hops_to(1 + RPL_PATH_MAX, &path), RPL_PATH_MAX);
    assert_int_equal(hops_to(2 + RPL_PATH_MAX, &path), 0);
}

/* A third DAO source names two parents in two messages under one sequence. */
static void test_DNS_05(void **state)
{
    struct rpl_wire_message far = row_dio(RPL_MOP_NON_STORING, 1024);
    struct rpl_wire_message near = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_addr other = rig_global(OTHER), root = rig_global(ROOT);
    struct rpl_view_node v;
    uint8_t sequence;

    (void)state;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
    row_hear(OTHER, &far);
    row_run(RPL_S(3));
    sequence = last_dao(0)->msg.u.dao.transit[0].path_sequence;
    assert_memory_equal(&last_dao(0)->msg.u.dao.transit[0].parent, &other, 16);
    row_hear(ROOT, &near);
    row_run(RPL_S(3));
    assert_memory_equal(&last_dao(0)->msg.u.dao.transit[0].parent, &root, 16);
    assert_int_equal(last_dao(0)->msg.u.dao.transit[0].path_sequence, sequence + 1);

    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 1, 1, 5, 30);
    row_source(4, 2, 1, 5, 30);
    row_source(4, 2, 2, 6, 30);
    row_source(4, 3, 3, 6, 30); /* equal: beside it */
    assert_true(row_node(4, &v));
    assert_int_equal(v.parent_count, 2);
    row_source(4, 3, 4, 7, 30); /* newer: instead of it */
    assert_true(row_node(4, &v));
    assert_int_equal(v.parent_count, 1);
    assert_true(row_reaches(4, 3));
    row_source(4, 2, 5, 6, 30); /* older: ignored, it was overtaken on the way */
    assert_true(row_reaches(4, 3));
    assert_true(row_node(4, &v));
    assert_int_equal(v.parent_count, 1);
}

static void test_DNS_06(void **state)
{
    struct rpl_view_path path;
    struct rpl_view_node v;

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 2, 1, 5, 2); /* B: two minutes */
    row_source(4, 3, 1, 5, 30);
    row_source(5, 4, 1, 5, 30);
    assert_int_equal(hops_to(5, &path), 4);
    rig_run(&rig, RPL_S(121));
    assert_int_equal(hops_to(3, &path), 0);
    assert_int_equal(hops_to(4, &path), 0);
    assert_int_equal(hops_to(5, &path), 0);
    assert_int_equal(hops_to(2, &path), 1);
    row_source(3, 2, 2, 6, 30); /* it comes back, and with it what hangs below */
    assert_int_equal(hops_to(5, &path), 4);
    row_source(3, 2, 3, 7, 0);
    assert_false(row_node(3, &v));
    assert_int_equal(hops_to(5, &path), 0);
}

static void test_DNS_07(void **state)
{
    struct rpl_view_node v;

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    rig_run(&rig, RPL_S(40));
    row_source(2, 1, 2, 5, 30); /* the same in every word but its number */
    assert_true(row_node(2, &v));
    assert_int_equal(v.last_dao, 0);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DAO_DUPLICATE), 0);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 2);
}

static void test_DNS_08(void **state)
{
    struct rpl_view_path path;

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 2, 1, 5, 30);
    behind(2, 112, true, 2, 5); /* two prefixes, of two lengths, at two nodes */
    behind(3, 120, true, 2, 5);
    assert_int_equal(hops_to(0x7709, &path), 2); /* longest match; the owner is the last hop */
    assert_true(hop_is(&path, 1, 3));
    assert_true(path.encapsulate);
    assert_int_equal(hops_to(0x5509, &path), 1);
    assert_true(hop_is(&path, 0, 2));
    /* A host with E set: a tunnel to the router that speaks for it. */
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 2, 1, 5, 30);
    behind(3, 128, true, 2, 5);
    assert_int_equal(hops_to(0x7700, &path), 2);
    assert_true(hop_is(&path, 1, 3));
    assert_true(path.encapsulate);
    behind(3, 128, false, 3, 6); /* a node of the mesh after all */
    assert_int_equal(hops_to(0x7700, &path), 3);
    assert_false(path.encapsulate);
}

static void test_DNS_09(void **state)
{
    struct rpl_view_node v;
    struct rpl_addr b;

    (void)state;
    /* V07: C has B in PC1 and A in PC2. A would be nearer. */
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    row_start();
    struct rpl_addr root = row_instance().dodag_id, a = root, c = root;
    a.b[15] = 0x0a;
    b = root;
    b.b[15] = 0x0b;
    c.b[15] = 0x0c;
    struct rpl_wire_message dao = rig_dao(1, &a, 5, 30, &root);
    dao.u.dao.instance = 30;
    rig_receive_on(&rig, 0, &a, &root, &dao);
    dao = rig_dao(1, &b, 5, 30, &a);
    dao.u.dao.instance = 30;
    rig_receive_on(&rig, 0, &b, &root, &dao);
    assert_int_equal(row_give("V07"), 0);
    assert_true(rpl_view_node(rig.engine, &c, rig.now, &v));
    assert_int_equal(v.parent_count, 2);
    assert_memory_equal(&v.parent[0].address, &b, 16);
    assert_int_equal(v.hops, 3);
    /* The same preference: the shorter way. */
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 2, 1, 5, 30);
    row_source(4, 3, 1, 5, 30);
    row_source(4, 2, 2, 5, 30);
    row_source(4, 2, 3, 6, 30);
    row_source(4, 3, 4, 6, 30);
    assert_true(row_node(4, &v));
    assert_int_equal(v.parent_count, 2);
    assert_int_equal(v.hops, 2);
}

static void test_DNS_10(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_addr own = rig_global(1);
    struct rpl_view_path path;

    (void)state;
    for (int on_link = 0; on_link < 2; on_link++) { /* we report ourselves in any case */
        dio.u.dio.pio[0].on_link = on_link;
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(3));
        assert_memory_equal(&last_dao(0)->msg.u.dao.target[0].prefix, &own, 16);
    }
    /* A child below an on-link prefix is found through the prefix's owner. */
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    behind(2, 112, false, 2, 5);
    assert_int_equal(hops_to(0x7742, &path), 1);
    assert_true(hop_is(&path, 0, 2));
}

static void test_DNS_11(void **state)
{
    struct rpl_addr src = rig_global(3), other = rig_global(2), root = rig_global(1);
    struct rpl_wire_message dao;
    struct rpl_view_node v;

    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
        rig.config.instance[0].compat.dao_source_own = strict;
        row_start();
        rig_run(&rig, RPL_S(1));
        row_source(2, 1, 1, 5, 30);
        row_source(3, 1, 1, 5, 30); /* of itself */
        assert_true(row_reaches(2, 2) && row_reaches(3, 3));
        /* 3 says that 2 hangs below it. */
        dao = rig_dao(2, &other, 6, 30, &src);
        dao.u.dao.ack_wanted = true;
        rig_receive_on(&rig, 0, &src, &root, &dao);
        assert_true(row_node(2, &v));
        assert_int_equal(v.hops, strict ? 1 : 2);
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, strict ? 0x80 : 0);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_SOURCE), strict);
        assert_int_equal(rig_traced(&rig, RPL_TRACE_DAO_REFUSED, RPL_CAUSE_SOURCE), strict);
        behind(3, 128, true, 3, 7); /* external, and behind itself */
        assert_true(row_node(0x7700, &v));
        dao = rig_dao(4, &other, 6, 30, &root); /* external, behind somebody else */
        dao.u.dao.target[0].prefix.b[15] = 0x99;
        dao.u.dao.transit[0].external = true;
        rig_receive_on(&rig, 0, &src, &root, &dao);
        assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_SOURCE), 2 * strict);
        behind(3, 120, false, 5, 8); /* a prefix that it is not in */
        assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_SOURCE), 3 * strict);
    }
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(DNS, 01, "unicast to the root from a global address"),
        ROW(DNS, 02, "each Transit names one parent"),
        ROW(DNS, 03, "parents go by the address that R=1 gives"),
        ROW(DNS, 04, "strict source routes by recursion, with guards"),
        ROW(DNS, 05, "parent lists: newer replaces, equal merges, older is ignored"),
        ROW(DNS, 06, "without its last edge a node and what is below it are gone"),
        ROW(DNS, 07, "every DAO counts as new"),
        ROW(DNS, 08, "prefixes and external hosts lie behind their router"),
        ROW(DNS, 09, "Path Control first, then the shorter way"),
        ROW(DNS, 10, "a child reports itself; an on-link prefix is found by its owner"),
        ROW(DNS, 11, "a node may be held to announce itself alone"),
    };

    return ROWS_RUN(rows);
}
