/* SPDX-License-Identifier: ISC */
/* The forwarder and the ICMPv6 errors of nodes about packets that the root gave their way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/daemon/bench.h"

#define ADDRESS (ICMP6_DST_UNREACH * 256u + ICMP6_DST_UNREACH_ADDR)
#define TIME_EXCEEDED (ICMP6_TIME_EXCEEDED * 256u)

static struct bench bench;

static int teardown(void **unused)
{
    (void)unused;
    bench_close(&bench);
    return 0;
}

/* A node that quotes our source route in an error: the sender gets to see its own packet. */
static void quoted_source_route_is_taken_back(void **unused)
{
    struct rpl_addr hops[] = {rig_global(2), rig_global(3), rig_global(4)}, host = bench_host();
    struct rpl_addr node = rig_global(3);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 2};
    struct bench_packet got, error = {0}, sent = bench_routed(&host, hops, 3, 1, NULL);

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    error.len = rpl_icmp6_error(error.octets, BENCH_PACKET, sent.octets, sent.len, &node,
                                ICMP6_TIME_EXCEEDED, 0, 0);
    assert_int_equal(rpl_srh_insert(error.octets, &error.len, BENCH_PACKET, &host, 1, &rpi),
                     RPL_DATA_OK);
    bench_from_air(&bench, &error);
    assert_true(bench_on_uplink(&bench, &got));
    assert_int_equal(bench_icmp(&got), TIME_EXCEEDED);
    assert_int_equal(got.len, 40 + 8 + 40 + 8 + 20);
    assert_int_equal(got.octets[48 + 6], IPPROTO_UDP);
    assert_memory_equal(got.octets + 48 + 24, hops[2].b, 16);
    assert_int_equal(bench_counter(&bench, FWD_TRANSLATED), 1);
    bench_close(&bench);
}

/* The same without an RPI, or with one that the kernel carries: it goes on as it is, and right. */
static void quoted_source_route_in_a_plain_error(void **unused)
{
    struct rpl_addr hops[] = {rig_global(2), rig_global(3), rig_global(4)}, host = bench_host();
    struct rpl_addr node = rig_global(3);
    const struct rpl_rpi rpi = {.type = RPL_RPI_23, .sender_rank = 2};
    struct bench_packet sent = bench_routed(&host, hops, 3, 1, NULL);

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    for (unsigned i = 0; i < 2; i++) {
        struct bench_packet got, error = {0};
        unsigned right = 0;

        error.len = rpl_icmp6_error(error.octets, BENCH_PACKET, sent.octets, sent.len, &node,
                                    ICMP6_DST_UNREACH, 7, 0);
        assert_int_equal(
            rpl_srh_insert(error.octets, &error.len, BENCH_PACKET, &host, 1, i ? &rpi : NULL),
            RPL_DATA_OK);
        bench_from_air(&bench, &error);
        for (unsigned n = 0; n < 2; n++) {
            assert_true(bench_on_uplink(&bench, &got));
            if (bench_icmp(&got) != ADDRESS)
                continue;
            right++;
            assert_int_equal(got.len, 40 + 8 + 40 + 8 + 20);
            assert_memory_equal(got.octets + 48 + 24, hops[2].b, 16);
        }
        assert_int_equal(right, 1);
        /* "Error in source routing header" is for the root: the engine has heard of it. */
        assert_int_equal(bench.told, i + 1);
        assert_int_equal(bench.last.kind, RPL_FORWARD_SRH);
        bench_assert_addr(&bench.last.reporter, &node);
    }
    bench_close(&bench);
}

/* An error about a tunnel of the root's: who sent the packet inside is told (RFC 2473 section 8).
 */
static void error_about_a_tunnel_is_told_to_the_sender(void **unused)
{
    struct rpl_addr dst = rig_global(4), host = bench_host(), node = rig_global(3);
    struct bench_packet tunnel, got, error = {0}, in = bench_udp(&host, &dst, 33, 100);
    static const uint8_t types[] = {ICMP6_DST_UNREACH, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB};
    unsigned hop;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, true, true);
    bench_from_uplink(&bench, &in);
    assert_true(bench_in_air(&bench, &tunnel, &hop));
    assert_int_equal(bench_parse(&tunnel).next, IPPROTO_IPV6);
    for (size_t i = 0; i < sizeof(types); i++) {
        struct rpl_addr to;

        error.len = rpl_icmp6_error(error.octets, BENCH_PACKET, tunnel.octets, tunnel.len, &node,
                                    types[i], 0, 0);
        fwd_told(bench.fwd, &node, error.octets + 40, error.len - 40, bench.rig.now);
        assert_true(bench_on_uplink(&bench, &got));
        assert_int_equal(bench_icmp(&got), ADDRESS);
        to = bench_parse(&got).dst;
        bench_assert_addr(&to, &host);
        assert_int_equal(got.len, 40 + 8 + in.len);
        /* As it came, but for the Hop Limit. */
        got.octets[48 + 7] = in.octets[7];
        assert_memory_equal(got.octets + 48, in.octets, in.len);
    }
    assert_int_equal(bench_counter(&bench, FWD_RELAYED), sizeof(types));
    /* Not below 1280 octets; and a tunnel that is not ours is not our business. */
    error.len = rpl_icmp6_error(error.octets, BENCH_PACKET, tunnel.octets, tunnel.len, &node,
                                ICMP6_PACKET_TOO_BIG, 0, 1280);
    fwd_told(bench.fwd, &node, error.octets + 40, error.len - 40, bench.rig.now);
    error.len = rpl_icmp6_error(error.octets, BENCH_PACKET, tunnel.octets, tunnel.len, &node,
                                ICMP6_DST_UNREACH, 0, 0);
    error.octets[48 + 8 + 15] ^= 0x40; /* from somebody else */
    fwd_told(bench.fwd, &node, error.octets + 40, error.len - 40, bench.rig.now);
    assert_false(bench_on_uplink(&bench, &got));
    assert_int_equal(bench_counter(&bench, FWD_RELAYED), sizeof(types));
    bench_close(&bench);
}

/* The first hop is gone: the sender hears of the address, not of the headers that we put there. */
static void sender_hears_of_a_failed_first_hop(void **unused)
{
    struct rpl_addr dst = rig_global(4), host = bench_host(), first = rig_ll(2);

    (void)unused;
    for (unsigned way = 0; way < 3; way++) {
        /* In a tunnel, inline, and too large for one piece. */
        struct bench_packet got, in = bench_udp(&host, &dst, 33, way == 2 ? 1232 : 100);
        unsigned hop;

        bench_root(&bench, RPL_MOP_NON_STORING, way == 0, true);
        bench_from_uplink(&bench, &in);
        assert_true(bench_in_air(&bench, &got, &hop));
        fwd_neighbour_failed(bench.fwd, RIG_IF, &first, bench.rig.now + RPL_S(3));
        assert_true(bench_on_uplink(&bench, &got));
        assert_int_equal(bench_icmp(&got), ADDRESS);
        got.octets[48 + 7] = in.octets[7];
        assert_in_range(got.len, 48 + (in.len < 1000 ? in.len : 1000), 1280);
        assert_memory_equal(got.octets + 48, in.octets, got.len - 48);
        assert_int_equal(bench.last.kind, RPL_FORWARD_NEXT_HOP);
        bench_close(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(quoted_source_route_is_taken_back, teardown),
        cmocka_unit_test_teardown(quoted_source_route_in_a_plain_error, teardown),
        cmocka_unit_test_teardown(error_about_a_tunnel_is_told_to_the_sender, teardown),
        cmocka_unit_test_teardown(sender_hears_of_a_failed_first_hop, teardown),
    };
    int skip = bench_house();

    return skip ? skip : cmocka_run_group_tests(tests, NULL, NULL);
}
