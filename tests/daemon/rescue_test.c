/* SPDX-License-Identifier: ISC */
/* Packets that the kernel never saw, because they came in frames it cannot read: the forwarder
 * has them alone, so it takes care of what it otherwise leaves to the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "rpl/rpl_wire.h"
#include "tests/daemon/bench.h"

/* One for all tests, so that a failed one leaves nothing behind. */
static struct bench bench;

static int teardown(void **unused)
{
    (void)unused;
    bench_close(&bench);
    return 0;
}

static void rescued(const struct bench_packet *packet)
{
    fwd_rescued(bench.fwd, packet->octets, packet->len, RIG_IF, bench.rig.now);
}

static struct bench_packet routed(const struct rpl_addr *src, const struct rpl_addr *hop,
                                  size_t hops, const struct rpl_rpi *rpi)
{
    struct bench_packet packet = bench_udp(src, &hop[hops - 1], 64, 20);

    assert_int_equal(rpl_srh_insert(packet.octets, &packet.len, BENCH_PACKET, hop, hops, rpi),
                     RPL_DATA_OK);
    return packet;
}

/* |packet| becomes an ICMPv6 message of |len| octets that stand behind its header already. */
static void make_icmp(struct bench_packet *packet, size_t len)
{
    packet->len = 40 + len;
    packet->octets[4] = (uint8_t)(len >> 8);
    packet->octets[5] = (uint8_t)len;
    packet->octets[6] = IPPROTO_ICMPV6;
}

/* With either type of RPI, and without one: to us, and through us to the Internet. */
static void all_are_carried(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1), host = bench_host();
    static const uint8_t types[] = {RPL_RPI_63, RPL_RPI_23, 0};

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    for (size_t i = 0; i < sizeof(types); i++) {
        const struct rpl_rpi rpi = {.type = types[i], .sender_rank = 2};
        const struct rpl_rpi *put = types[i] ? &rpi : NULL;
        struct bench_packet got, in = routed(&src, &root, 1, put);

        rescued(&in);
        assert_int_equal(bench_delivered(&bench), 20);
        assert_int_equal(bench_delivered(&bench), -1);
        in = routed(&src, &host, 1, put);
        rescued(&in);
        assert_true(bench_on_uplink(&bench, &got));
        assert_int_equal(got.len, 40 + 8 + 20);
        assert_int_equal(got.octets[7], 63);
        assert_int_equal(got.octets[6], IPPROTO_UDP);
    }
    assert_int_equal(bench_counter(&bench, FWD_COPY), 0);
    assert_int_equal(bench_counter(&bench, FWD_INJECTED), 6);
    bench_close(&bench);
}

static void tunnels_are_opened(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1), host = bench_host();
    static const uint8_t types[] = {RPL_RPI_63, RPL_RPI_23};

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    for (size_t i = 0; i < 2; i++) {
        const struct rpl_rpi rpi = {.type = types[i], .sender_rank = 2};
        struct bench_packet got, in = bench_udp(&src, &host, 64, 20);

        assert_int_equal(
            rpl_encapsulate(in.octets, &in.len, BENCH_PACKET, &src, 64, &root, 1, &rpi),
            RPL_DATA_OK);
        rescued(&in);
        assert_true(bench_on_uplink(&bench, &got));
        assert_int_equal(got.len, 40 + 8 + 20);
    }
    bench_close(&bench);
}

static void source_routes_go_on(void **unused)
{
    struct rpl_addr root = rig_global(9), hop[] = {rig_global(1), rig_global(5), rig_global(6)};
    struct bench_packet got, in = routed(&root, hop, 3, NULL);
    struct rpl_packet_info info;
    unsigned to = 0;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rescued(&in);
    assert_true(bench_in_air(&bench, &got, &to));
    assert_int_equal(to, 5);
    assert_int_equal(rpl_packet_parse(got.octets, got.len, &info), RPL_DATA_OK);
    assert_int_equal(info.segments_left, 1);
    assert_int_equal(info.hop_limit, 63);
    /* One that does not name us is not ours to carry. */
    in = routed(&root, hop + 1, 2, NULL);
    rescued(&in);
    assert_false(bench_in_air(&bench, &got, &to));
    assert_int_equal(bench_counter(&bench, FWD_DROP_NOT_NAMED), 1);
    bench_close(&bench);
}

static void dropped_for_its_scope(const struct bench_packet *in)
{
    uint64_t before = bench_counter(&bench, FWD_DROP_SCOPE);

    rescued(in);
    assert_int_equal(bench_counter(&bench, FWD_DROP_SCOPE), before + 1);
    assert_int_equal(bench_delivered(&bench), -1);
}

/* What belongs to its link cannot go through the TUN. */
static void links_are_not_crossed(void **unused)
{
    struct rpl_addr node = rig_global(4), root = rig_global(1), near = rig_ll(2), own = rig_ll(1);
    const struct rpl_addr group = {{0xff, 2, [15] = 1}};
    struct bench_packet in;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    in = bench_udp(&near, &own, 64, 20);
    dropped_for_its_scope(&in);
    in = bench_udp(&near, &root, 64, 20);
    dropped_for_its_scope(&in);
    in = bench_udp(&node, &group, 64, 20);
    dropped_for_its_scope(&in);
    for (uint8_t type = ND_ROUTER_SOLICIT; type <= ND_REDIRECT; type++) {
        in = bench_udp(&node, &root, 255, 20);
        make_icmp(&in, 24);
        in.octets[40] = type;
        dropped_for_its_scope(&in);
    }
    /* Not discovery: an echo, and what only looks like it. */
    in.octets[40] = ICMP6_ECHO_REQUEST;
    rescued(&in);
    in.octets[40] = ND_NEIGHBOR_SOLICIT;
    in.octets[7] = 64;
    rescued(&in);
    assert_int_equal(bench_counter(&bench, FWD_INJECTED), 2);
    bench_close(&bench);
}

/* RPL messages of the link go to the engine, with or without an RPI. */
static void rpl_messages_reach_the_engine(void **unused)
{
    struct rpl_addr src = rig_ll(2), own = rig_ll(1), target = rig_global(6);
    const struct rpl_addr nodes = {{0xff, 2, [15] = 0x1a}};
    struct rpl_wire_message dao = rig_dao(250, &target, 0, 30, NULL);
    struct rpl_wire_message dis = {.code = RPL_CODE_DIS};
    struct bench_packet in = bench_udp(&src, &own, 64, 0);
    struct rpl_view_node node;

    (void)unused;
    bench_root(&bench, RPL_MOP_STORING, false, false);
    int len = rpl_wire_write(&dao, &src, &own, in.octets + 40, BENCH_PACKET - 40);
    assert_true(len > 0);
    make_icmp(&in, (size_t)len);
    rescued(&in);
    assert_true(bench.got_packet);
    assert_true(rpl_view_node(bench.rig.engine, &target, bench.rig.now, &node));
    bench.got_packet = false;
    in = bench_udp(&src, &nodes, 255, 0);
    len = rpl_wire_write(&dis, &src, &nodes, in.octets + 40, BENCH_PACKET - 40);
    assert_true(len > 0);
    make_icmp(&in, (size_t)len);
    rescued(&in);
    assert_true(bench.got_packet);
    bench_close(&bench);
}

/* Every length, whole and cut; more than a packet can have. */
static void nonsense_does_no_harm(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 2};
    struct bench_packet in = routed(&src, &root, 1, &rpi);
    size_t whole = in.len;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    for (in.len = 0; in.len < whole; in.len++)
        rescued(&in);
    assert_int_equal(bench_counter(&bench, FWD_DROP_TRUNCATED), whole);
    static uint8_t longer[FWD_READ_MAX + 1] = {0x60};
    fwd_rescued(bench.fwd, longer, sizeof(longer), RIG_IF, bench.rig.now);
    assert_int_equal(bench_counter(&bench, FWD_DROP_TOO_BIG), 1);
    assert_int_equal(bench_delivered(&bench), -1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(all_are_carried, teardown),
        cmocka_unit_test_teardown(tunnels_are_opened, teardown),
        cmocka_unit_test_teardown(source_routes_go_on, teardown),
        cmocka_unit_test_teardown(links_are_not_crossed, teardown),
        cmocka_unit_test_teardown(rpl_messages_reach_the_engine, teardown),
        cmocka_unit_test_teardown(nonsense_does_no_harm, teardown),
    };
    int skip = bench_house();

    return skip ? skip : cmocka_run_group_tests(tests, NULL, NULL);
}
