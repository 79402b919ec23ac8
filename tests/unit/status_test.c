/* SPDX-License-Identifier: ISC */
/* The line for `systemctl status`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rpld/status.h"

static struct iface_table ifaces = {
    .count = 3,
    .iface = {{.name = "lowpan0", .instances = 1},
              {.name = "lowpan1", .instances = 2},
              {.name = "eth1", .instances = 2}},
};

static const char *status(const struct rpl_view_instance *views, unsigned count)
{
    static char out[STATUS_MAX];

    status_render(views, count, &ifaces, out, sizeof(out));
    return out;
}

static void test_waiting(void **state)
{
    const struct rpl_view_instance views[] = {
        {.index = 0, .role = RPL_ROLE_ROOT, .waiting = true},
        {.index = 1, .role = RPL_ROLE_ROUTER, .waiting = true},
    };

    (void)state;
    assert_string_equal(status(views, 1), "waiting for interface lowpan0");
    assert_string_equal(status(views, 2), "waiting for interface lowpan0, lowpan1, eth1");
    assert_string_equal(status(views, 0), "");
}

static void test_root(void **state)
{
    struct rpl_view_instance views[] = {
        {.index = 0, .role = RPL_ROLE_ROOT, .nodes = 14, .joined = true},
        {.index = 1, .role = RPL_ROLE_ROOT, .nodes = 1, .joined = true},
    };

    (void)state;
    assert_string_equal(status(views, 1), "root of 1 DODAG, 14 nodes");
    assert_string_equal(status(views + 1, 1), "root of 1 DODAG, 1 node");
    assert_string_equal(status(views, 2), "root of 2 DODAGs, 15 nodes");
    views[1].waiting = true;
    assert_string_equal(status(views, 2),
                        "root of 1 DODAG, 14 nodes; waiting for interface lowpan1, eth1");
    ifaces.iface[2].up = true;
    assert_string_equal(status(views, 2),
                        "root of 1 DODAG, 14 nodes; waiting for interface lowpan1");
    ifaces.iface[2].up = false;
}

static void test_member(void **state)
{
    struct rpl_view_instance views[] = {
        {.index = 0, .role = RPL_ROLE_ROOT, .joined = true},
        {.index = 1, .id = 5, .role = RPL_ROLE_ROUTER},
    };

    (void)state;
    assert_string_equal(status(views + 1, 1), "router of instance 5, looking for a DODAG");
    views[1].joined = views[1].has_parent = true;
    views[1].parent.b[0] = 0xfe;
    views[1].parent.b[1] = 0x80;
    views[1].parent.b[15] = 1;
    views[1].nodes = 2;
    assert_string_equal(status(views + 1, 1),
                        "router of instance 5, parent fe80::1, 2 nodes below");
    views[1].role = RPL_ROLE_LEAF;
    views[1].nodes = 0;
    assert_string_equal(status(views, 2),
                        "root of 1 DODAG, 0 nodes; leaf of instance 5, parent fe80::1");
}

/* Whatever there is, it is cut and ends. */
static void test_cut(void **state)
{
    static struct rpl_view_instance views[RPL_INSTANCES_MAX];
    char whole[4096], out[64];

    (void)state;
    for (unsigned i = 0; i < RPL_INSTANCES_MAX; i++)
        views[i] = (struct rpl_view_instance){.index = i, .role = RPL_ROLE_ROUTER};
    status_render(views, RPL_INSTANCES_MAX, &ifaces, whole, sizeof(whole));
    for (size_t size = 1; size <= sizeof(out); size++) {
        memset(out, 'x', sizeof(out));
        status_render(views, RPL_INSTANCES_MAX, &ifaces, out, size);
        assert_int_equal(strlen(out), size - 1);
        assert_memory_equal(out, whole, size - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
