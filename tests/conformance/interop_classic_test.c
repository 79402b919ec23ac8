/* SPDX-License-Identifier: ISC */
/* Contiki-NG's RPL Classic: storing mode with MRHOF, no acknowledgement wanted by default. */
#include "tests/conformance/interop.h"

/* The root that it was recorded to join. */
static void root(void)
{
    interop_root(RPL_MOP_STORING, OF_OCP_MRHOF, false);
    rig.config.instance[0].dodag.max_rank_increase = 1024;
    rig.config.instance[0].dodag.min_hop_rank_increase = 128;
    row_start();
    rig_run(&rig, RPL_S(5));
}

static void joins(void **state)
{
    struct vector v;

    (void)state;
    root();
    /* The root's Rank is exactly MinHopRankIncrease, OCP and MOP are its own or it stays away. */
    interop_fixture("CT-classic", "DIO", &v);
    interop_same(rig_last(&rig, RPL_CODE_DIO, 0), &v);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->send.hop_limit, 255);
    /* K=0, D=1 although the instance is global: taken, and not answered. */
    rig.sent_count = 0;
    assert_int_equal(interop_give("CT-classic", "DAO inst=0 K=0 D=1"), 0);
    assert_true(interop_reaches(0x111, 0x111));
    assert_int_equal(rig.sent_count, 0);
}

/* Built with acknowledgements: the ACK has to come from the link-local that its parent's DIO came
 * from, and it names the DODAG as the DAO did. */
static void wants_an_acknowledgement(void **state)
{
    struct rpl_wire_message dao;
    struct vector v;

    (void)state;
    root();
    interop_fixture("CT-classic", "DAO", &v);
    assert_int_equal(vector_read(&v, &dao), 0);
    dao.u.dao.ack_wanted = true;
    rig.sent_count = 0;
    rig_receive(&rig, &v.src, &v.dst, &dao);
    assert_int_equal(rig.sent_count, 1);
    assert_int_equal(rig.sent[0].send.len, 4 + 20);
    assert_int_equal(rig.sent[0].msg.u.ack.status, 0);
    assert_int_equal(rig.sent[0].msg.u.ack.sequence, dao.u.dao.sequence);
    assert_memory_equal(&rig.sent[0].send.src, &v.dst, 16);
    assert_memory_equal(&rig.sent[0].send.dst, &v.src, 16);
}

/* Each target of its subtree comes in a DAO of its own, hop by hop, under a number of its own. */
static void passes_its_children_on(void **state)
{
    struct rpl_addr from = interop_local(0x111);
    struct rpl_wire_message dao;
    struct vector v;

    (void)state;
    root();
    interop_fixture("CT-classic", "DAO", &v);
    for (unsigned n = 1; n < 10; n++) {
        assert_int_equal(vector_read(&v, &dao), 0);
        dao.u.dao.sequence = (uint8_t)(240 + n);
        dao.u.dao.target[0].prefix = interop_global(0x11 + 0x100 * n);
        rig_receive(&rig, &from, &rig.link_local, &dao);
        assert_true(interop_reaches(0x11 + 0x100 * n, 0x111));
    }
    assert_int_equal(row_instance().nodes, 9);
    for (int i = 0; i < 4; i++) { /* refreshed at half of the lifetime, Path Sequence 0 */
        rig_run(&rig, RPL_S(900));
        for (unsigned n = 1; n < 10; n++) {
            dao.u.dao.sequence = (uint8_t)(i * 16 + (int)n);
            dao.u.dao.target[0].prefix = interop_global(0x11 + 0x100 * n);
            rig_receive(&rig, &from, &rig.link_local, &dao);
        }
        assert_int_equal(row_instance().nodes, 9);
    }
    dao.u.dao.transit[0].path_lifetime = 0; /* a No-Path for one of them */
    dao.u.dao.sequence++;
    rig_receive(&rig, &from, &rig.link_local, &dao);
    assert_int_equal(row_instance().nodes, 8);
}

/* Its DIOs: DTSN moves with each, unicast ones are link probes with its real Rank. */
static void probes(void **state)
{
    struct rpl_addr from = interop_local(0x111), id;
    uint64_t resets;

    (void)state;
    root();
    rig_run(&rig, RPL_S(3600));
    resets = rig_counter(&rig, RPL_COUNT_TRICKLE_RESET);
    id = row_instance().dodag_id;
    rig.sent_count = 0;
    for (uint8_t i = 0; i < 50; i++) {
        struct rpl_wire_message dio = rig_dio(RPL_MOP_STORING, (uint16_t)(353 + i), &id);
        dio.u.dio.dtsn = (uint8_t)(240 + i % 16);
        dio.u.dio.config.min_hop_rank_increase = 128;
        rpl_wire_config_pack(&dio.u.dio.config);
        rig_receive(&rig, &from, i % 2 ? &rpl_addr_all_nodes : &rig.link_local, &dio);
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), resets);
    assert_int_equal(rig.sent_count, 0);
    assert_false(row_instance().has_parent);
}

/* A step of our DTSN is what brings its DAOs; only an increase counts with it. */
static void asked_by_dtsn(void **state)
{
    struct rpl_event ask = {.type = RPL_EVENT_COMMAND, .u.command.command = RPL_COMMAND_DTSN};
    uint8_t before;

    (void)state;
    root();
    before = row_instance().dtsn;
    rig_run(&rig, RPL_S(3600));
    rig.sent_count = 0;
    rig_input(&rig, &ask);
    rig_run(&rig, RPL_MS(4096));
    const struct rpl_wire_dio *d = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
    assert_int_equal(rpl_lollipop_compare(d->dtsn, before), RPL_NEWER);
    assert_true(d->has_config && d->pio_count == 1);
}

/* The other mode beside it on the same link is not its affair, nor ours. */
static void other_modes_pass_by(void **state)
{
    struct rpl_addr from = interop_local(0x22);
    struct rpl_wire_message dio;
    struct vector v;

    (void)state;
    root();
    rig.sent_count = 0;
    interop_fixture("CT-lite", "DIO", &v);
    assert_int_equal(vector_read(&v, &dio), 0);
    assert_int_equal(rig_receive(&rig, &from, &v.dst, &dio), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_MOP), 1);
    assert_int_equal(rig.sent_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEER(joins),
        PEER(wants_an_acknowledgement),
        PEER(passes_its_children_on),
        PEER(probes),
        PEER(asked_by_dtsn),
        PEER(other_modes_pass_by),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
