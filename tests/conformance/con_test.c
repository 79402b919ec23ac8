/* SPDX-License-Identifier: ISC */
/* Section 21: constants. */
#include "tests/conformance/row.h"

static void test_CON_01(void **state)
{
    struct of_params params;

    (void)state;
    assert_int_equal(RPL_INFINITE_RANK, 0xffff);
    assert_int_equal(OF_INFINITE_RANK, 0xffff);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    assert_int_equal(rig.config.instance[0].id, 0); /* RPL_DEFAULT_INSTANCE */
    rig.config.instance[0].dodag.min_hop_rank_increase = 384;
    row_start();
    assert_int_equal(row_instance().rank, 384); /* ROOT_RANK */
    of_params_default(&params);
    /* BASE_RANK 0 stands above every root and is nobody's here. */
    struct of_candidate base = {.rank = 0, .etx = OF_ETX_ONE};
    enum of_verdict verdict = OF_PREFERRED;
    of_path_rank(OF_OCP_OF0, &params, &base, &verdict);
    assert_int_equal(verdict, OF_RANK_INVALID);
}

static void test_CON_02(void **state)
{
    struct of_params params;

    (void)state;
    of_params_default(&params);
    assert_int_equal(params.min_hop_rank_increase, 256);
    assert_int_equal(RPL_SEQUENCE_INIT, 240);
    assert_int_equal(rpl_lollipop_compare(16, 0), RPL_NEWER); /* SEQUENCE_WINDOW */
    assert_int_equal(rpl_lollipop_compare(17, 0), RPL_NOT_COMPARABLE);
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    rig.sent_count = 0;
    row_storing(CHILD, CHILD, 1, 5, 30);
    rpl_tstamp news = rig.now;
    row_run(RPL_S(3));
    assert_in_range(rig_last(&rig, RPL_CODE_DAO, 0)->at - news, RPL_MS(500), RPL_MS(1500));
    row_root(RPL_MOP_STORING);
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.pcs, 0);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.redundancy, 10);
    /* The RFC's own Trickle constants can be had. */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance[0].dodag.dio_interval_min = 3;
    rig.config.instance[0].dodag.dio_interval_doublings = 20;
    row_start();
    assert_int_equal(row_instance().dodag.dio_interval_doublings, 20);
}

static void test_CON_03(void **state)
{
    struct rpl_instance_config c;

    (void)state;
    rpl_instance_config_default(&c);
    assert_int_equal(c.dodag.max_rank_increase, 7 * c.dodag.min_hop_rank_increase);
    assert_int_equal(c.dodag.default_lifetime, 30);
    assert_int_equal(c.dodag.lifetime_unit_s, 60);
    assert_int_equal(c.dodag.dio_interval_min, 12);
    assert_int_equal(c.dodag.dio_interval_doublings, 8);
    assert_int_equal(c.dodag.dio_redundancy_constant, 10);
}

static void test_CON_04(void **state)
{
    static const uint8_t all_nodes[16] = {0xff, 2, [15] = 0x1a};
    struct rpl_addr hop[2] = {rig_global(2), rig_global(3)};
    struct rpl_rpi rpi = {.type = RPL_RPI_23};
    uint8_t packet[256] = {0x60, [6] = 59, [7] = 64}, error[256];
    size_t len = 40;

    (void)state;
    assert_memory_equal(rpl_addr_all_nodes.b, all_nodes, 16);
    assert_int_equal(RPL_ICMP6_TYPE, 155);
    assert_int_equal(RPL_RPI_63, 0x63);
    assert_int_equal(RPL_RPI_23, 0x23);
    memcpy(packet + 8, rig_global(1).b, 16);
    memcpy(packet + 24, hop[1].b, 16);
    assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, 2, &rpi), RPL_DATA_OK);
    assert_int_equal(packet[40 + 2], 0x23);
    assert_int_equal(packet[48 + 2], 3); /* routing type */
    assert_true(rpl_icmp6_error(error, sizeof(error), packet, len, &hop[0], 1, 7, 0) > 0);
    assert_int_equal(error[40], 1);
    assert_int_equal(error[41], 7);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(CON, 01, "ranks and the default instance"),
        ROW(CON, 02, "defaults of the RFC"),
        ROW(CON, 03, "our own defaults where the RFC has none"),
        ROW(CON, 04, "numbers on the wire"),
    };

    return ROWS_RUN(rows);
}
