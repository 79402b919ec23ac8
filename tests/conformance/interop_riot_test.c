/* SPDX-License-Identifier: ISC */
/* RIOT (gnrc_rpl): storing mode with OF0, its parent's routes by DAOs every minute. */
#include "tests/conformance/interop.h"

#define STATUS_OFFSET 7 /* of a DAO-ACK */

/* The root that RIOT was recorded to join. */
static void root(uint8_t instance)
{
    interop_root(RPL_MOP_STORING, OF_OCP_OF0, false);
    rig.config.instance[0].id = instance;
    rig.config.instance[0].dodag.max_rank_increase = 1024;
    row_start();
    rig_run(&rig, RPL_S(5));
    rig.sent_count = 0;
}

/* DIS, DIO, DAO, DAO-ACK: as it goes when a node is switched on. */
static void joins(void **state)
{
    struct vector v;

    (void)state;
    root(0);
    rig_run(&rig, RPL_S(3600));
    rig.sent_count = 0;
    assert_int_equal(interop_give("RIOT-dis", "DIS fl=00 PadN2"), 0); /* to all, padded */
    rig_run(&rig, RPL_MS(4096));
    /* It discards a DIO without Configuration or PIO, and counts on this very order. */
    interop_fixture("RIOT-dis", "> ff02::1a hl=255 DIO", &v);
    interop_same(rig_last(&rig, RPL_CODE_DIO, 0), &v);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->send.hop_limit, 255);
    /* Its own DIOs, with another DTSN and OCP 0, are no news to a root. */
    uint64_t resets = rig_counter(&rig, RPL_COUNT_TRICKLE_RESET);
    rig_run(&rig, RPL_S(3600));
    assert_int_equal(interop_give("RIOT-dis", "hl=64 DIO inst=0 ver=240 rank=512"), 0);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), resets);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DODAGID_SPOOFED), 0);
    /* One Target and twice the same Transit; an ACK of exactly 4 octets, status 0. */
    rig.sent_count = 0;
    assert_int_equal(interop_give("RIOT-dis", "DAO inst=0 K=1 D=0 seq=240"), 0);
    interop_fixture("RIOT-dis", "DAOACK inst=0 D=0 seq=240", &v);
    interop_same(rig_last(&rig, RPL_CODE_DAO_ACK, 0), &v);
    assert_true(interop_reaches(0x111, 0x111));
    struct rpl_addr target = interop_global(0x111), via = interop_local(0x111);
    const struct rpl_route *route = &rig.route[rig.route_count - 1].route;
    assert_memory_equal(&route->dst, &target, 16);
    assert_memory_equal(&route->via, &via, 16);
}

/* What would start a storm or brick a node: each field that RIOT divides, shifts or asserts on. */
static void settings_that_it_survives(void **state)
{
    const struct rpl_wire_dio *d;

    (void)state;
    interop_root(RPL_MOP_STORING, OF_OCP_OF0, false);
    row_start();
    rig_run(&rig, RPL_S(5));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, 0);
    d = &s->msg.u.dio;
    assert_int_equal(d->config.min_hop_rank_increase, 256);
    assert_true(d->config.default_lifetime >= 2);
    assert_true(d->config.interval_min + d->config.interval_doublings <= 30);
    assert_int_equal(s->send.len, 4 + 24 + 16 + 32); /* nothing else in it */
    rig.config.instance[0].dodag.default_lifetime = 1;
    assert_non_null(rpl_config_check(&rig.config));
    /* A root that stops says nothing: a poison would leave it without a parent for ever. */
    size_t sent = rig.sent_count;
    rig_stop(&rig);
    assert_int_equal(rig.sent_count, sent);
}

/* It asks again and again until a Configuration comes. */
static void unicast_dis(void **state)
{
    (void)state;
    root(0);
    for (int i = 0; i < 1000; i++)
        interop_give("RIOT-noconf", "> fe80::ff:fe00:11 hl=64 DIS");
    assert_in_range(rig_count(&rig, RPL_CODE_DIO, 0), 1, 10);
    for (size_t i = 0; i < rig.sent_count; i++)
        if (rig.sent[i].msg.code == RPL_CODE_DIO)
            assert_true(rig.sent[i].msg.u.dio.has_config && rig.sent[i].msg.u.dio.pio_count == 1);
    rig_run(&rig, RPL_S(3600));
    assert_int_equal(interop_give("RIOT-dis", "DIS fl=00 SOL"), 0); /* its flags are always 0 */
    assert_int_equal(row_instance().trickle_interval, RPL_MS(4096));
}

/* A DAO every minute, whatever the lifetime; Path Sequence and Path Control 0 for ever. */
static void stays(void **state)
{
    struct vector v;

    (void)state;
    root(0);
    interop_fixture("RIOT-dis", "DAO inst=0 K=1 D=0 seq=240", &v);
    for (unsigned minute = 0; minute < 70; minute++) { /* twice its lifetime */
        struct rpl_wire_message dao;
        assert_int_equal(vector_read(&v, &dao), 0);
        dao.u.dao.sequence = (uint8_t)(240 + minute % 16);
        rig.sent_count = 0;
        rig_receive(&rig, &v.src, &v.dst, &dao);
        assert_int_equal(rig.sent[0].send.data[STATUS_OFFSET], 0);
        rig_run(&rig, RPL_S(60));
        assert_true(interop_reaches(0x111, 0x111));
    }
    rig_run(&rig, RPL_S(1800));
    assert_false(interop_reaches(0x111, 0x111));
    /* Rebooted: the same number and the same octets as ever. */
    rig.sent_count = 0;
    interop_give("RIOT-dis", "DAO inst=0 K=1 D=0 seq=240");
    assert_true(interop_reaches(0x111, 0x111));
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 1);
}

/* Whole subtrees in one DAO, with a surplus Transit at the end. */
static void carries_its_subtree(void **state)
{
    static const unsigned line[] = {0x111, 0x211, 0x311, 0x411};

    (void)state;
    root(1);
    assert_int_equal(interop_give("RIOT-line", "> fe80::ff:fe00:11 hl=64 DAO"), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(interop_reaches(line[i], 0x111));
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.sequence, 241);
    assert_int_equal(row_instance().nodes, 4);
}

/* A node goes from one parent to another. The old one hears a No-Path with the same Path Sequence,
 * keeps the route for ever and goes on announcing it: no flapping. */
static void changes_its_parent(void **state)
{
    struct rpl_addr own = interop_local(0x211), old = interop_local(0x111);
    struct rpl_addr root_local = interop_local(0x11), target = interop_global(0x211);
    struct rpl_wire_message dao = rig_dao(240, &target, 0, 30, NULL), no_path;
    struct vector v;

    (void)state;
    root(0);
    assert_int_equal(
        interop_give("RIOT-switch", "DAO inst=0 K=1 D=0 seq=241 TGT[2001:db8::ff:fe00:111"), 0);
    assert_true(interop_reaches(0x211, 0x111));
    rig_receive(&rig, &own, &root_local, &dao); /* below us itself now */
    assert_true(interop_reaches(0x211, 0x211));
    for (uint8_t i = 0; i < 10; i++) { /* and the old one every minute */
        struct rpl_wire_message again = rig_dao(i, &target, 0, 30, NULL);
        rig_run(&rig, RPL_S(60));
        rig_receive(&rig, &old, &root_local, &again);
        assert_true(interop_reaches(0x211, 0x211));
    }
    /* The No-Path itself, when we are the old parent: taken, and acknowledged. */
    interop_fixture("RIOT-switch", "life=0", &v);
    assert_int_equal(vector_read(&v, &no_path), 0);
    rig.sent_count = 0;
    rig_receive(&rig, &own, &root_local, &no_path);
    assert_false(interop_reaches(0x211, 0x211));
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->send.data[STATUS_OFFSET], 0);
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->send.len, 8);
}

/* A local instance: D set, and an ACK of exactly 20 octets. */
static void local_instance(void **state)
{
    struct vector v;

    (void)state;
    root(128);
    rig_run(&rig, RPL_S(5));
    interop_fixture("RIOT-local", "> ff02::1a hl=255 DIO", &v);
    interop_same(rig_last(&rig, RPL_CODE_DIO, 0), &v);
    assert_int_equal(interop_give("RIOT-local", "DAO inst=128 K=1 D=1"), 0);
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DAO_ACK, 0);
    assert_int_equal(s->send.len, 4 + 20);
    assert_int_equal(s->msg.u.ack.instance, 128);
    assert_int_equal(s->msg.u.ack.status, 0);
    assert_true(interop_reaches(0x111, 0x111));
}

/* Without a root it makes a DODAG of its own, under our instance: none of our business. */
static void floats(void **state)
{
    (void)state;
    root(0);
    assert_int_equal(interop_give("RIOT-float", "CONF"), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DODAG_FOREIGN), 1);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DODAGID_SPOOFED), 0);
    assert_int_equal(row_instance().version, 240);
}

/* Version + 1 is the safe reset: it comes back with DAOSequence 240. */
static void follows_a_new_version(void **state)
{
    struct rpl_event repair = {.type = RPL_EVENT_COMMAND,
                               .u.command.command = RPL_COMMAND_GLOBAL_REPAIR};

    (void)state;
    root(0);
    interop_give("RIOT-dis", "DAO inst=0 K=1 D=0 seq=240");
    rig_run(&rig, RPL_S(60));
    rig_input(&rig, &repair);
    rig.sent_count = 0;
    rig_run(&rig, RPL_MS(4096));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.version, 241);
    assert_true(interop_reaches(0x111, 0x111)); /* meanwhile */
    rig.sent_count = 0;
    interop_give("RIOT-dis", "DAO inst=0 K=1 D=0 seq=240");
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO_ACK, 0), 1);
    assert_true(interop_reaches(0x111, 0x111));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEER(joins),
        PEER(settings_that_it_survives),
        PEER(unicast_dis),
        PEER(stays),
        PEER(carries_its_subtree),
        PEER(changes_its_parent),
        PEER(local_instance),
        PEER(floats),
        PEER(follows_a_new_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
