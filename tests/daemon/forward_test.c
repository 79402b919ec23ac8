/* SPDX-License-Identifier: ISC */
/* The forwarder, packet by packet, between a real kernel and a wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_wire.h"
#include "tests/daemon/bench.h"

#define NO_ROUTE (ICMP6_DST_UNREACH * 256u + ICMP6_DST_UNREACH_NOROUTE)
#define SOURCE_ROUTE_ERROR (ICMP6_DST_UNREACH * 256u + 7)
#define TIME_EXCEEDED (ICMP6_TIME_EXCEEDED * 256u)
#define PARAMETER_PROBLEM (ICMP6_PARAM_PROB * 256u)

/* One for all tests, so that a failed one leaves nothing behind. */
static struct bench bench;

static int teardown(void **unused)
{
    (void)unused;
    bench_close(&bench);
    return 0;
}

static struct bench_packet marked(const struct rpl_addr *src, const struct rpl_addr *dst,
                                  const struct rpl_rpi *rpi)
{
    return bench_routed(src, dst, 1, 0, rpi);
}

/* ---- the root, down --------------------------------------------------------------------- */

static void root_adds_the_source_route(void **unused)
{
    struct rpl_addr dst = rig_global(4), next, host = bench_host();
    struct bench_packet got;
    unsigned hop = 0;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    assert_int_equal(bench_send_own(&bench, &dst, 100), 0);
    assert_true(bench_in_air(&bench, &got, &hop));
    struct rpl_packet_info info = bench_parse(&got);
    assert_int_equal(hop, 2);
    next = rig_global(2);
    bench_assert_addr(&info.dst, &next);
    assert_int_equal(info.rpi_option, 0);
    assert_int_equal(info.segments_left, 2);
    assert_int_equal(info.hop_limit, 64);
    for (unsigned i = 1; i <= 2; i++) {
        struct rpl_addr segment, want = rig_global(2 + i);

        assert_true(rpl_srh_segment(got.octets, &info, i, &segment));
        bench_assert_addr(&segment, &want);
    }
    /* From the Internet, with one hop less. */
    struct bench_packet in = bench_udp(&host, &dst, 33, 100);
    bench_from_uplink(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    info = bench_parse(&got);
    bench_assert_addr(&info.src, &host);
    assert_int_equal(info.hop_limit, 32);
    assert_int_equal(info.segments_left, 2);
    /* A neighbour needs no header. */
    dst = rig_global(2);
    assert_int_equal(bench_send_own(&bench, &dst, 10), 0);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_parse(&got).srh, 0);
    assert_int_equal(got.len, 40 + 8 + 10);
    assert_int_equal(bench_counter(&bench, FWD_DOWN), 3);
    bench_close(&bench);
}

static void root_encapsulates_if_told(void **unused)
{
    struct rpl_addr dst = rig_global(4), root = rig_global(1), host = bench_host();
    struct bench_packet got, in = bench_udp(&host, &dst, 33, 100);
    unsigned hop = 0;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, true, true);
    bench_from_uplink(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    struct rpl_packet_info info = bench_parse(&got);
    bench_assert_addr(&info.src, &root);
    assert_int_equal(info.next, IPPROTO_IPV6);
    assert_int_equal(info.segments_left, 2);
    assert_int_equal(info.rpi.type, RPL_RPI_63);
    assert_int_equal(info.rpi.flags, RPL_RPI_O);
    assert_int_equal(bench_counter(&bench, FWD_DOWN_TUNNEL), 1);
    bench_close(&bench);
}

static void root_puts_an_rpi_if_told(void **unused)
{
    struct rpl_addr dst = rig_global(3);
    struct bench_packet got;
    unsigned hop = 0;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, true);
    assert_int_equal(bench_send_own(&bench, &dst, 100), 0);
    assert_true(bench_in_air(&bench, &got, &hop));
    struct rpl_packet_info info = bench_parse(&got);
    assert_int_equal(info.rpi.flags, RPL_RPI_O);
    assert_int_equal(info.segments_left, 1);
    assert_true(info.rpi_only);
    bench_close(&bench);
}

static void unknown_target_is_answered(void **unused)
{
    struct rpl_addr dst = rig_global(77), host = bench_host();
    struct bench_packet got, in = bench_udp(&host, &dst, 33, 100);

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    bench_from_uplink(&bench, &in);
    assert_true(bench_on_uplink(&bench, &got));
    assert_int_equal(bench_icmp(&got), NO_ROUTE);
    assert_int_equal(bench.told, 1);
    assert_int_equal(bench.last.kind, RPL_FORWARD_NOROUTE);
    bench_assert_addr(&bench.last.target, &dst);
    /* Our own socket hears of it as well. */
    assert_int_equal(bench_send_own(&bench, &dst, 10), 0);
    assert_int_equal(bench_delivered(&bench), -ENETUNREACH);
    bench_close(&bench);
}

static void no_foreign_source_route_comes_in(void **unused)
{
    struct rpl_addr hop[] = {rig_global(2), rig_global(3)}, host = bench_host();
    struct bench_packet got, in = bench_routed(&host, hop, 2, 0, NULL);
    unsigned to;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    bench_from_uplink(&bench, &in);
    assert_false(bench_in_air(&bench, &got, &to));
    assert_int_equal(bench_counter(&bench, FWD_DROP_LIVE_SRH), 1);
    /* And one addressed to ourselves is not looked at: it is not from the mesh. */
    struct rpl_addr through[] = {rig_global(1), rig_global(2)};
    in = bench_routed(&host, through, 2, 0, NULL);
    bench_from_uplink(&bench, &in);
    assert_false(bench_in_air(&bench, &got, &to));
    assert_int_equal(bench_counter(&bench, FWD_NOT_OURS), 2);
    assert_int_equal(bench_counter(&bench, FWD_STEP), 0);
    bench_close(&bench);
}

/* ---- the root, up ------------------------------------------------------------------------- */

static void rpi_is_taken_off_at_the_root(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1), host = bench_host();
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 2};
    struct bench_packet got, in;
    unsigned hop = 0;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    in = marked(&src, &root, &rpi);
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), 20);
    /* On to the Internet, plain, with one hop less. */
    in = marked(&src, &host, &rpi);
    bench_from_air(&bench, &in);
    assert_true(bench_on_uplink(&bench, &got));
    assert_int_equal(bench_parse(&got).hbh, 0);
    assert_int_equal(bench_parse(&got).hop_limit, 63);
    assert_int_equal(got.len, 40 + 8 + 20);
    /* To another node: turned round, with a source route. */
    struct rpl_addr other = rig_global(3);
    in = marked(&src, &other, &rpi);
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 2);
    assert_int_equal(bench_parse(&got).segments_left, 1);
    assert_int_equal(bench_parse(&got).hop_limit, 63);
    bench_close(&bench);
}

/* A radio that has just come back: nobody need add its interface to the configuration. */
static void an_interface_that_is_down_is_still_ours(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 2};
    struct bench_packet in;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    bench.down = true;
    in = marked(&src, &root, &rpi);
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), -1);
    assert_int_equal(bench_counter(&bench, FWD_DROP_DOWN), 1);
    assert_int_equal(bench_counter(&bench, FWD_NOT_OURS), 0);
    bench.down = false;
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), 20);
    bench_close(&bench);
}

static void tunnel_ends_at_the_root(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1), host = bench_host();
    static const uint8_t types[] = {RPL_RPI_63, RPL_RPI_23};

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    for (size_t i = 0; i < 2; i++) {
        const struct rpl_rpi rpi = {.type = types[i], .sender_rank = 2};
        struct bench_packet got, in = bench_udp(&src, &host, 64, 20);
        unsigned hop;

        assert_int_equal(
            rpl_encapsulate(in.octets, &in.len, BENCH_PACKET, &src, 64, &root, 1, &rpi),
            RPL_DATA_OK);
        bench_from_air(&bench, &in);
        assert_true(bench_on_uplink(&bench, &got));
        assert_int_equal(bench_parse(&got).next, IPPROTO_UDP);
        assert_int_equal(got.len, 40 + 8 + 20);
        /* The kernel, which gets the second one too, must not complain of it. */
        assert_false(bench_in_air(&bench, &got, &hop));
    }
    assert_int_equal(bench_counter(&bench, FWD_DECAPSULATED), 2);
    bench_close(&bench);
}

static void live_source_route_stays_in_its_tunnel(void **unused)
{
    struct rpl_addr hops[] = {rig_global(1), rig_global(2)}, root = rig_global(1);
    struct rpl_addr inside = rig_global(4), host = bench_host();
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 2};
    struct bench_packet got, in = bench_routed(&host, hops, 2, 0, NULL);
    unsigned hop = 0;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    struct bench_packet good = bench_routed(&inside, hops, 2, 0, NULL);
    assert_int_equal(rpl_encapsulate(in.octets, &in.len, BENCH_PACKET, &host, 64, &root, 1, &rpi),
                     RPL_DATA_OK);
    bench_from_air(&bench, &in);
    assert_false(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_counter(&bench, FWD_DROP_LIVE_SRH), 1);
    /* From inside the mesh it is walked. */
    assert_int_equal(
        rpl_encapsulate(good.octets, &good.len, BENCH_PACKET, &inside, 64, &root, 1, &rpi),
        RPL_DATA_OK);
    bench_from_air(&bench, &good);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 2);
    assert_int_equal(bench_parse(&got).segments_left, 0);
    bench_close(&bench);
}

static void rank_errors_are_judged(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1), host = bench_host();
    /* Going down, from a node with a higher Rank than the root's. */
    struct rpl_rpi rpi = {.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 3};
    struct bench_packet in, got;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    in = marked(&src, &root, &rpi);
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), 20);
    assert_int_equal(bench_counter(&bench, FWD_MARKED), 1);
    assert_int_equal(bench.told, 0);
    rpi.flags |= RPL_RPI_R;
    in = marked(&src, &root, &rpi);
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), -1);
    assert_int_equal(bench_counter(&bench, FWD_DROP_RANK), 1);
    assert_int_equal(bench.last.kind, RPL_FORWARD_RANK);
    /* The kernel carries 0x23; the engine hears of it all the same. */
    rpi.type = RPL_RPI_23;
    in = marked(&src, &host, &rpi);
    bench_from_air(&bench, &in);
    assert_true(bench_on_uplink(&bench, &got));
    assert_int_equal(bench.told, 2);
    assert_int_equal(bench_counter(&bench, FWD_COPY), 1);
    bench_close(&bench);
}

static void unknown_instance_is_dropped(void **unused)
{
    struct rpl_addr src = rig_global(4), root = rig_global(1);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .instance = 9, .sender_rank = 2};
    struct bench_packet in = marked(&src, &root, &rpi), got;
    unsigned hop = 0;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), -1);
    assert_int_equal(bench_counter(&bench, FWD_DROP_INSTANCE), 1);
    assert_true(bench_in_air(&bench, &got, &hop)); /* the error, source-routed to node 4 */
    assert_int_equal(hop, 2);
    bench_close(&bench);
}

static void rpl_message_with_rpi_reaches_the_engine(void **unused)
{
    struct rpl_addr src = rig_ll(2), own = rig_ll(1), target = rig_global(6);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 2};
    struct rpl_wire_message dao = rig_dao(250, &target, 0, 30, NULL);
    struct bench_packet in = bench_udp(&src, &own, 64, 0);

    (void)unused;
    bench_root(&bench, RPL_MOP_STORING, false, false);
    int len = rpl_wire_write(&dao, &src, &own, in.octets + 40, BENCH_PACKET - 40);
    assert_true(len > 0);
    in.len = 40 + (size_t)len;
    in.octets[5] = (uint8_t)len;
    in.octets[6] = IPPROTO_ICMPV6;
    assert_int_equal(rpl_srh_insert(in.octets, &in.len, BENCH_PACKET, &own, 1, &rpi), RPL_DATA_OK);
    bench_from_air(&bench, &in);
    assert_true(bench.got_packet);
    struct rpl_view_node node;
    assert_true(rpl_view_node(bench.rig.engine, &target, bench.rig.now, &node));
    /* Any other packet to a link-local address that needed the RPI taken off is dropped. */
    in = marked(&src, &own, &rpi);
    uint64_t before = bench_counter(&bench, FWD_DROP_SCOPE);
    bench_from_air(&bench, &in);
    assert_int_equal(bench_delivered(&bench), -1);
    assert_true(bench_counter(&bench, FWD_DROP_SCOPE) > before);
    bench_close(&bench);
}

/* ---- a router ------------------------------------------------------------------------------ */

static void router_steps_along_the_route(void **unused)
{
    struct rpl_addr hops[] = {rig_global(8), rig_global(1), rig_global(5), rig_global(6)};
    struct rpl_addr root = rig_global(9), next = rig_global(5);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 1};
    struct bench_packet got, in = bench_routed(&root, hops, 4, 1, &rpi);
    unsigned hop = 0;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    uint8_t before = bench_parse(&in).hop_limit;
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    struct rpl_packet_info info = bench_parse(&got);
    assert_int_equal(hop, 5);
    bench_assert_addr(&info.dst, &next);
    assert_int_equal(info.hop_limit, before - 1); /* once, not twice */
    assert_int_equal(info.segments_left, 1);
    assert_int_equal(info.rpi.flags, RPL_RPI_O);
    assert_int_equal(info.rpi.sender_rank, 2); /* our own DAGRank */
    assert_false(bench_in_air(&bench, &got, &hop));
    bench_close(&bench);
}

static void last_hop_takes_all_off(void **unused)
{
    struct rpl_addr hops[] = {rig_global(8), rig_global(1)}, root = rig_global(9);
    static const enum rpl_role roles[] = {RPL_ROLE_ROUTER, RPL_ROLE_LEAF};
    const struct rpl_rpi rpi[] = {{.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 1},
                                  {.type = RPL_RPI_23, .flags = RPL_RPI_O, .sender_rank = 1}};

    (void)unused;
    for (size_t role = 0; role < 2; role++) {
        bench_router(&bench, roles[role], RPL_MOP_NON_STORING);
        for (size_t i = 0; i < 3; i++) {
            struct bench_packet in = bench_routed(&root, hops, 2, 1, i < 2 ? &rpi[i] : NULL);

            bench_from_air(&bench, &in);
            assert_int_equal(bench_delivered(&bench), 20);
            assert_int_equal(bench_delivered(&bench), -1); /* once */
        }
        assert_int_equal(bench_counter(&bench, FWD_LAST_HOP), 3);
        bench_close(&bench);
    }
}

static void bad_source_routes_are_answered(void **unused)
{
    struct rpl_addr hops[] = {rig_global(1), rig_global(5), rig_global(6)}, root = rig_global(9);
    struct bench_packet got, in = bench_routed(&root, hops, 3, 0, NULL);
    unsigned hop = 0;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    if (system("ip -6 route add fd01::200:ff:fe00:9 via fe80::200:ff:fe00:9 dev mesh") != 0)
        fail();
    size_t at = bench_parse(&in).srh;
    in.octets[at + 3] = 3; /* more segments left than there are */
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_icmp(&got), PARAMETER_PROBLEM);
    assert_int_equal(got.octets[47], at + 3);
    in.octets[at + 3] = 2;
    in.octets[7] = 1;
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_icmp(&got), TIME_EXCEEDED);
    /* It quotes what the sender knows: no source route, and the last destination. */
    assert_int_equal(got.octets[48 + 6], IPPROTO_UDP);
    assert_memory_equal(got.octets + 48 + 24, hops[2].b, 16);
    assert_int_equal(got.len, 40 + 8 + 40 + 8 + 20);
    /* A loop: over us, away, and over us again. */
    struct rpl_addr loop[] = {rig_global(1), rig_global(5), rig_ll(1), rig_global(6)};
    in = bench_routed(&root, loop, 4, 0, NULL);
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_icmp(&got), PARAMETER_PROBLEM);
    assert_int_equal(bench_counter(&bench, FWD_DROP_SRH_LOOP), 1);
    assert_int_equal(bench_counter(&bench, FWD_STEP), 0);
    /* Not the one that is named: nothing happens. */
    struct rpl_addr other[] = {rig_global(8), rig_global(5)};
    const struct rpl_rpi rpi = {.type = RPL_RPI_63};
    in = bench_routed(&root, other, 2, 0, &rpi);
    bench_from_air(&bench, &in);
    assert_false(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_counter(&bench, FWD_DROP_NOT_NAMED), 1);
    if (system("ip -6 route del fd01::200:ff:fe00:9") != 0)
        fail();
    bench_close(&bench);
}

/* In storing mode nobody in the mesh makes one. */
static void storing_router_follows_no_source_route(void **unused)
{
    struct rpl_addr hops[] = {rig_global(1), rig_global(5)}, host = bench_host();
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 1};
    unsigned hop;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_STORING);
    for (unsigned i = 0; i < 2; i++) {
        struct bench_packet got, in = bench_routed(&host, hops, 2, 0, i ? &rpi : NULL);

        bench_from_air(&bench, &in);
        assert_false(bench_in_air(&bench, &got, &hop));
        assert_int_equal(bench_counter(&bench, FWD_DROP_LIVE_SRH), i + 1);
    }
    assert_int_equal(bench_counter(&bench, FWD_STEP), 0);
    bench_close(&bench);
}

static void errors_are_limited(void **unused)
{
    struct rpl_addr hops[] = {rig_global(1), rig_global(5)}, host = bench_host();
    struct bench_packet in = bench_routed(&host, hops, 2, 0, NULL);

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    in.octets[7] = 1;
    for (unsigned i = 0; i < FWD_ERRORS_BURST + 5; i++)
        fwd_receive(bench.fwd, in.octets, in.len, RIG_IF, 0, bench.rig.now);
    assert_int_equal(bench_counter(&bench, FWD_ERROR_SENT), FWD_ERRORS_BURST);
    assert_int_equal(bench_counter(&bench, FWD_ERROR_LIMITED), 5);
    fwd_receive(bench.fwd, in.octets, in.len, RIG_IF, 0, bench.rig.now + FWD_ERROR_INTERVAL);
    assert_int_equal(bench_counter(&bench, FWD_ERROR_SENT), FWD_ERRORS_BURST + 1);
    bench_close(&bench);
}

static void failed_hop_is_told_to_the_root(void **unused)
{
    struct rpl_addr hops[] = {rig_global(1), rig_global(5), rig_global(6)}, root = rig_global(9);
    struct rpl_addr host = bench_host(), hop5 = rig_ll(5), failed, own = rig_global(1);
    struct bench_packet got, in = bench_routed(&host, hops, 3, 0, NULL);
    unsigned hop = 0;
    uint8_t instance;
    bool has_instance;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    if (system("ip -6 route add fd01::200:ff:fe00:9 via fe80::200:ff:fe00:9 dev mesh") != 0)
        fail();
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    fwd_neighbour_failed(bench.fwd, RIG_IF, &hop5, bench.rig.now + RPL_S(3));
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 9);
    assert_int_equal(bench_icmp(&got), SOURCE_ROUTE_ERROR);
    /* To the root, although the packet came from an Internet host. */
    struct rpl_packet_info info = bench_parse(&got);
    bench_assert_addr(&info.dst, &root);
    bench_assert_addr(&info.src, &own);
    /* The root reads from it which hop it was. */
    assert_true(
        fwd_failed_hop(got.octets + 48, got.len - 48, &own, &failed, &instance, &has_instance));
    bench_assert_addr(&failed, &hops[1]);
    /* Once only; and not about a packet of long ago. */
    fwd_neighbour_failed(bench.fwd, RIG_IF, &hop5, bench.rig.now + RPL_S(4));
    assert_false(bench_in_air(&bench, &got, &hop));
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    fwd_neighbour_failed(bench.fwd, RIG_IF, &hop5, bench.rig.now + RPL_S(60));
    assert_false(bench_in_air(&bench, &got, &hop));
    if (system("ip -6 route del fd01::200:ff:fe00:9") != 0)
        fail();
    bench_close(&bench);
}

static void failed_first_hop_is_told_to_the_engine(void **unused)
{
    struct rpl_addr dst = rig_global(4), hop2 = rig_ll(2), first = rig_global(2);

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    assert_int_equal(bench_send_own(&bench, &dst, 10), 0);
    fwd_neighbour_failed(bench.fwd, RIG_IF, &hop2, bench.rig.now + RPL_S(3));
    assert_int_equal(bench.told, 1);
    assert_int_equal(bench.last.kind, RPL_FORWARD_NEXT_HOP);
    bench_assert_addr(&bench.last.target, &first);
    bench_close(&bench);
}

static void router_carries_the_rpi_up(void **unused)
{
    struct rpl_addr src = rig_global(5), host = bench_host();
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 3};
    static const enum rpl_mop mops[] = {RPL_MOP_NON_STORING, RPL_MOP_STORING};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct bench_packet got, in = marked(&src, &host, &rpi);
        unsigned hop = 0;

        bench_router(&bench, RPL_ROLE_ROUTER, mops[i]);
        bench_from_air(&bench, &in);
        assert_true(bench_in_air(&bench, &got, &hop));
        struct rpl_packet_info info = bench_parse(&got);
        assert_int_equal(hop, 9);
        assert_int_equal(info.hop_limit, 63);
        assert_int_equal(info.rpi.flags, 0);
        assert_int_equal(info.rpi.sender_rank, 2);
        bench_close(&bench);
    }
    struct bench_packet got, in = marked(&src, &host, &rpi);
    unsigned hop = 0;
    bench_router(&bench, RPL_ROLE_LEAF, RPL_MOP_NON_STORING);
    bench_from_air(&bench, &in);
    assert_false(bench_in_air(&bench, &got, &hop));
    assert_int_equal(bench_counter(&bench, FWD_DROP_LEAF), 1);
    bench_close(&bench);
}

/* Compat upward_rpi: the daemon points the routes up into the TUN. */
static void own_packets_go_up_with_an_rpi(void **unused)
{
    struct rpl_addr root = rig_global(9), host = bench_host();
    static const enum rpl_role roles[] = {RPL_ROLE_ROUTER, RPL_ROLE_LEAF};
    struct bench_packet got, in = bench_udp(&host, &root, 64, 20);
    unsigned hop = 0;

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        bench_router(&bench, roles[i], RPL_MOP_NON_STORING);
        assert_int_equal(bench_send_own(&bench, &root, 20), 0);
        assert_true(bench_in_air(&bench, &got, &hop));
        struct rpl_packet_info info = bench_parse(&got);
        assert_int_equal(hop, 9);
        bench_assert_addr(&info.dst, &root);
        assert_int_equal(info.rpi.type, RPL_RPI_63);
        assert_int_equal(info.rpi.flags, 0);
        assert_int_equal(info.rpi.sender_rank, 0);
        /* One that the RPI would make too large goes without. */
        assert_int_equal(bench_send_own(&bench, &root, 1232), 0);
        assert_true(bench_in_air(&bench, &got, &hop));
        assert_int_equal(got.len, 1280);
        assert_int_equal(bench_parse(&got).hbh, 0);
        /* Not ours: as it is. */
        bench_from_uplink(&bench, &in);
        assert_true(bench_in_air(&bench, &got, &hop));
        assert_int_equal(bench_parse(&got).hbh, 0);
        assert_int_equal(bench_parse(&got).hop_limit, 63);
        bench_close(&bench);
    }
}

static void storing_router_turns_and_returns(void **unused)
{
    struct rpl_addr src = rig_global(6), dst = rig_global(5), gone = rig_global(7);
    struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 3};
    struct bench_packet got, in = marked(&src, &dst, &rpi);
    unsigned hop = 0;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_STORING);
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 5);
    assert_int_equal(bench_parse(&got).rpi.flags, RPL_RPI_O);
    assert_int_equal(bench_counter(&bench, FWD_TURN), 1);
    /* Down to a target we do not know: back to the parent with F (RFC 6550 11.2.2.3). */
    rpi = (struct rpl_rpi){.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 1};
    in = marked(&src, &gone, &rpi);
    bench_from_air(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 9);
    assert_int_equal(bench_parse(&got).rpi.flags, RPL_RPI_O | RPL_RPI_F);
    assert_int_equal(bench.last.kind, RPL_FORWARD_NOROUTE);
    /* A child gives one back: its route goes, and the packet with it to our parent. */
    rpi = (struct rpl_rpi){.type = RPL_RPI_63, .flags = RPL_RPI_O | RPL_RPI_F, .sender_rank = 1};
    in = marked(&src, &dst, &rpi);
    bench_from_air(&bench, &in);
    assert_true(bench.told >= 2);
    struct rpl_view_node node;
    assert_false(rpl_view_node(bench.rig.engine, &dst, bench.rig.now, &node) && node.reachable);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 9);
    bench_close(&bench);
}

/* ---- anything ------------------------------------------------------------------------------- */

/* Good packets with octets changed at random: nothing crashes, loops or grows. */
static void broken_packets_do_no_harm(void **unused)
{
    struct rpl_addr hops[] = {rig_global(1), rig_global(5), rig_global(6)}, root = rig_global(9);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 1};
    struct bench_packet good[3] = {bench_routed(&root, hops, 3, 0, &rpi), marked(&root, hops, &rpi),
                                   bench_routed(&root, hops, 3, 0, NULL)};
    uint32_t x = 2463534242u;

    (void)unused;
    assert_int_equal(
        rpl_encapsulate(good[2].octets, &good[2].len, BENCH_PACKET, &root, 64, hops, 1, &rpi),
        RPL_DATA_OK);
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    for (unsigned i = 0; i < 30000; i++) {
        uint8_t packet[FWD_BUFFER];
        const struct bench_packet *from = &good[i % 3];
        size_t len = from->len;

        memcpy(packet, from->octets, len);
        for (unsigned n = 0; n < 1 + i % 4; n++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            packet[x % len] = (uint8_t)(x >> 24);
        }
        if (i % 7 == 0)
            len = x % (len + 1);
        fwd_receive(bench.fwd, packet, len, RIG_IF, 0, bench.rig.now);
    }
    uint64_t sum = 0;
    for (int c = 0; c < FWD_COUNT; c++)
        sum += bench_counter(&bench, (enum fwd_counter)c);
    assert_true(sum >= 30000 / 2);
    bench_close(&bench);
}

static void counters_have_names(void **unused)
{
    (void)unused;
    for (int a = 0; a < FWD_COUNT; a++) {
        assert_non_null(fwd_counter_name((enum fwd_counter)a));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(fwd_counter_name((enum fwd_counter)a),
                                    fwd_counter_name((enum fwd_counter)b));
    }
    assert_null(fwd_counter_name(FWD_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(root_adds_the_source_route, teardown),
        cmocka_unit_test_teardown(root_encapsulates_if_told, teardown),
        cmocka_unit_test_teardown(root_puts_an_rpi_if_told, teardown),
        cmocka_unit_test_teardown(unknown_target_is_answered, teardown),
        cmocka_unit_test_teardown(no_foreign_source_route_comes_in, teardown),
        cmocka_unit_test_teardown(rpi_is_taken_off_at_the_root, teardown),
        cmocka_unit_test_teardown(an_interface_that_is_down_is_still_ours, teardown),
        cmocka_unit_test_teardown(tunnel_ends_at_the_root, teardown),
        cmocka_unit_test_teardown(live_source_route_stays_in_its_tunnel, teardown),
        cmocka_unit_test_teardown(rank_errors_are_judged, teardown),
        cmocka_unit_test_teardown(unknown_instance_is_dropped, teardown),
        cmocka_unit_test_teardown(rpl_message_with_rpi_reaches_the_engine, teardown),
        cmocka_unit_test_teardown(router_steps_along_the_route, teardown),
        cmocka_unit_test_teardown(last_hop_takes_all_off, teardown),
        cmocka_unit_test_teardown(bad_source_routes_are_answered, teardown),
        cmocka_unit_test_teardown(storing_router_follows_no_source_route, teardown),
        cmocka_unit_test_teardown(errors_are_limited, teardown),
        cmocka_unit_test_teardown(failed_hop_is_told_to_the_root, teardown),
        cmocka_unit_test_teardown(failed_first_hop_is_told_to_the_engine, teardown),
        cmocka_unit_test_teardown(router_carries_the_rpi_up, teardown),
        cmocka_unit_test_teardown(own_packets_go_up_with_an_rpi, teardown),
        cmocka_unit_test_teardown(storing_router_turns_and_returns, teardown),
        cmocka_unit_test_teardown(broken_packets_do_no_harm, teardown),
        cmocka_unit_test_teardown(counters_have_names, teardown),
    };
    int skip = bench_house();

    return skip ? skip : cmocka_run_group_tests(tests, NULL, NULL);
}
