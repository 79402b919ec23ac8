/* SPDX-License-Identifier: ISC */
/* rpl/config.c: the defaults that let deployed motes join, and the names of what is wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "of/of.h"
#include "rpl/rpl.h"

static void *mem_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void mem_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* A root with instance 0 on fd00:1::/64 and a router with instance 129. */
static void good_config(struct rpl_config *config)
{
    rpl_config_default(config);
    config->mem.alloc = mem_alloc;
    config->mem.free = mem_free;
    config->instance_count = 2;
    rpl_instance_config_default(&config->instance[0]);
    config->instance[0].prefix.b[0] = 0xfd;
    config->instance[0].prefix.b[3] = 1;
    rpl_instance_config_default(&config->instance[1]);
    config->instance[1].role = RPL_ROLE_ROUTER;
    config->instance[1].id = 129;
}

static void test_defaults(void **state)
{
    (void)state;
    struct rpl_instance_config c;
    struct of_params of;

    rpl_instance_config_default(&c);
    assert_int_equal(c.dodag.dio_interval_min, 12);
    assert_int_equal(c.dodag.dio_interval_doublings, 8);
    assert_int_equal(c.dodag.dio_redundancy_constant, 10);
    assert_int_equal(c.dodag.min_hop_rank_increase, 256);
    assert_int_equal(c.dodag.max_rank_increase, 1792);
    assert_int_equal(c.dodag.default_lifetime, 30);
    assert_int_equal(c.dodag.lifetime_unit_s, 60);
    assert_true(c.grounded);
    assert_int_equal(c.preference, 0);
    assert_int_equal(c.ocp, OF_OCP_MRHOF);
    assert_int_equal(c.mop, RPL_MOP_NON_STORING);
    assert_true(c.prefix_valid_s == UINT32_MAX && c.prefix_preferred_s == UINT32_MAX);
    assert_true(c.default_route && c.dao_ack && c.poison);
    assert_int_equal(c.route_metric, 0);
    assert_false(c.compat.srh_encapsulate);
    assert_false(c.compat.downward_rpi);
    assert_false(c.compat.upward_rpi);
    assert_int_equal(c.compat.rpi_type, 0x63);
    assert_true(c.compat.short_transit);
    assert_true(c.compat.parent_by_prefix);
    assert_true(c.compat.local_instance_without_d);
    assert_false(c.compat.max_rank_increase_0_unlimited);

    of_params_default(&of);
    assert_int_equal(c.parent_switch_threshold, of.parent_switch_threshold);
    assert_int_equal(c.max_link_metric, of.max_link_metric);
    assert_int_equal(c.max_path_cost, of.max_path_cost);
    assert_int_equal(c.parent_set_size, 1);
    assert_int_equal(c.dao_parents, 1);
    assert_false(c.serve_leaves);
    assert_int_equal(c.solicitations, RPL_ALWAYS);
    assert_int_equal(c.dodag.path_control_size, 0);
    assert_false(c.compat.dao_source_own);
}

static void test_good(void **state)
{
    (void)state;
    static struct rpl_config config;

    good_config(&config);
    assert_null(rpl_config_check(&config));
    config.instance[0].dodag.default_lifetime = 255;
    config.instance[0].dodag.dio_interval_min = 20;
    config.instance[0].dodag.dio_interval_doublings = 10;
    config.instance[1].id = 0xbf;
    config.instance[1].path_lifetime = 2;
    assert_null(rpl_config_check(&config));
}

/* Each case spoils a good configuration; the check has to name exactly that setting. */
#define SPOIL(name, statement)                                                                     \
    do {                                                                                           \
        good_config(&config);                                                                      \
        statement;                                                                                 \
        assert_non_null(rpl_config_check(&config));                                                \
        assert_string_equal(rpl_config_check(&config), name);                                      \
    } while (0)

static void test_bad_whole(void **state)
{
    (void)state;
    static struct rpl_config config;

    SPOIL("mem", config.mem.alloc = NULL);
    SPOIL("mem", config.mem.free = NULL);
    SPOIL("limits.neighbours", config.limits.neighbours = 0);
    SPOIL("limits.targets", config.limits.targets = 0);
    SPOIL("limits.peers", config.limits.peers = 0);
    SPOIL("limits.effects", config.limits.effects = 0);
    SPOIL("instances", config.instance_count = 0);
    SPOIL("instances", config.instance_count = RPL_INSTANCES_MAX + 1);
    SPOIL("id", config.instance[1].id = 0);
}

static void test_bad_instance(void **state)
{
    (void)state;
    static struct rpl_config config;
    struct rpl_instance_config *root = &config.instance[0];
    struct rpl_instance_config *router = &config.instance[1];

    SPOIL("id", router->id = 0xc0);
    SPOIL("role", router->role = (enum rpl_role)3);
    SPOIL("mode", root->mop = (enum rpl_mop)4);
    SPOIL("objective", root->ocp = 2);
    SPOIL("prefix", root->prefix_len = 63);
    SPOIL("prefix", memset(&root->prefix, 0, sizeof(root->prefix)));
    SPOIL("prefix", root->prefix.b[0] = 0xff);
    SPOIL("prefix", (root->prefix.b[0] = 0xfe, root->prefix.b[1] = 0x80));
    SPOIL("prefix_preferred", root->prefix_valid_s = 10);
    SPOIL("preference", root->preference = 8);
    SPOIL("dodag_id", root->has_dodag_id = true);
    SPOIL("dodag_id", (root->has_dodag_id = true, root->dodag_id.b[15] = 1));
    SPOIL("dodag.dio_interval_min", root->dodag.dio_interval_min = 2);
    SPOIL("dodag.dio_interval_min", root->dodag.dio_interval_min = 25);
    SPOIL("dodag.dio_interval_doublings", root->dodag.dio_interval_doublings = 19);
    SPOIL("dodag.min_hop_rank_increase", root->dodag.min_hop_rank_increase = 0);
    SPOIL("dodag.min_hop_rank_increase", root->dodag.min_hop_rank_increase = 32768);
    SPOIL("dodag.default_lifetime", root->dodag.default_lifetime = 1);
    SPOIL("dodag.lifetime_unit", root->dodag.lifetime_unit_s = 0);
    SPOIL("dodag.path_control_size", root->dodag.path_control_size = 8);
    SPOIL("path_lifetime", router->path_lifetime = 1);
    SPOIL("dao_parents", router->dao_parents = 0);
    SPOIL("dao_parents", router->dao_parents = RPL_PARENTS_MAX + 1);
    SPOIL("compat.rpi_type", router->compat.rpi_type = 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad_whole),
        cmocka_unit_test(test_bad_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
