/* SPDX-License-Identifier: ISC */
/* The forwarder and what is too large for a link: fragments of tunnels, both ends of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/daemon/bench.h"

static struct bench bench;

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

/* A packet of 1280 octets cannot take a source route, and its sender need not send less. */
static void what_does_not_fit_goes_in_fragments(void **unused)
{
    struct rpl_addr dst = rig_global(4), host = bench_host();
    struct bench_packet got, in = bench_udp(&host, &dst, 33, 1232);
    size_t joined = 0;
    unsigned hop;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    bench_from_uplink(&bench, &in);
    for (unsigned i = 0; i < 2; i++) {
        struct rpl_packet_info info;

        assert_true(bench_in_air(&bench, &got, &hop));
        assert_int_equal(hop, 2);
        assert_in_range(got.len, 41, 1280);
        assert_int_equal(rpl_packet_parse(got.octets, got.len, &info), RPL_DATA_OK);
        assert_int_equal(info.segments_left, 2);
        assert_int_equal(info.next, 44);
        const uint8_t *fragment = got.octets + info.payload;
        assert_int_equal(fragment[0], 41);
        assert_int_equal((size_t)(fragment[2] << 8 | (fragment[3] & 0xf8)), joined);
        assert_int_equal(fragment[3] & 1, i == 0);
        joined += got.len - info.payload - 8;
    }
    assert_int_equal(joined, 1280);
    assert_int_equal(bench_counter(&bench, FWD_DOWN_FRAGMENTED), 1);
    assert_int_equal(bench_counter(&bench, FWD_DROP_TOO_BIG), 0);
    in = bench_udp(&host, &dst, 33, 1232 - 16);
    bench_from_uplink(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(got.len, 1280);
    bench_close(&bench);
}

/* What lies behind a neighbour is reached by a tunnel to it, which an RPI makes known as ours. */
static void behind_a_neighbour_there_is_a_tunnel(void **unused)
{
    struct rpl_addr via = rig_global(2), dst = rig_global(20), host = bench_host(),
                    root = rig_global(1);
    struct rpl_wire_message dao = rig_dao(242, &dst, 0, 30, &via);
    struct bench_packet got, in = bench_udp(&host, &dst, 33, 100);
    unsigned hop;

    (void)unused;
    bench_root(&bench, RPL_MOP_NON_STORING, false, false);
    dao.u.dao.transit[0].external = true;
    assert_int_equal(rig_receive_on(&bench.rig, 0, &via, &root, &dao), 0);
    bench_from_uplink(&bench, &in);
    assert_true(bench_in_air(&bench, &got, &hop));
    assert_int_equal(hop, 2);
    assert_int_equal(bench_parse(&got).next, IPPROTO_IPV6);
    assert_int_equal(bench_parse(&got).rpi.type, RPL_RPI_63);
    struct rpl_packet_info info = bench_parse(&got);
    assert_memory_equal(info.dst.b, via.b, sizeof(via.b));
    /* As large as a link has to carry: in two pieces. */
    in = bench_udp(&host, &dst, 33, 1232);
    bench_from_uplink(&bench, &in);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(bench_in_air(&bench, &got, &hop));
        assert_in_range(got.len, 41, 1280);
        assert_int_equal(bench_parse(&got).next, 44);
        assert_int_equal(bench_parse(&got).rpi.type, RPL_RPI_63);
    }
    assert_int_equal(bench_counter(&bench, FWD_DOWN_FRAGMENTED), 1);
    assert_int_equal(bench_counter(&bench, FWD_DROP_TOO_BIG), 0);
    bench_close(&bench);
}

/* From the root to us in two fragments, both of them marked on the way. */
static void in_fragments(struct bench_packet *inner)
{
    struct rpl_addr root = rig_global(9), own = rig_global(1);
    const struct rpl_rpi rpi = {.type = RPL_RPI_63, .flags = RPL_RPI_O, .sender_rank = 1};
    size_t offset = 0, whole;

    assert_int_equal(
        rpl_encapsulate(inner->octets, &inner->len, BENCH_PACKET, &root, 64, &own, 1, &rpi),
        RPL_DATA_OK);
    inner->octets[1] |= 0x30; /* CE */
    whole = inner->len - bench_parse(inner).payload;
    while (offset < whole) {
        struct bench_packet part = {0};

        assert_int_equal(
            rpl_fragment(inner->octets, inner->len, 800, 77, &offset, part.octets, &part.len),
            RPL_DATA_OK);
        bench_from_air(&bench, &part);
    }
}

/* RFC 6040: congestion that a tunnel in fragments met is told on, and not hidden from those who
 * cannot hear of it but by a loss. */
static void mark_of_a_fragmented_tunnel_is_kept(void **unused)
{
    struct rpl_addr host = bench_host(), own = rig_global(1);
    struct bench_packet in = bench_udp(&host, &own, 33, 1000);
    uint8_t payload[BENCH_PACKET];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {.iov_base = payload, .iov_len = sizeof(payload)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    const int on = 1;
    int class = 0;

    (void)unused;
    bench_router(&bench, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    assert_int_equal(setsockopt(bench.udp, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)), 0);
    in.octets[1] |= 0x20; /* ECT(0) */
    in_fragments(&in);
    assert_int_equal(bench_counter(&bench, FWD_REASSEMBLED), 1);
    assert_int_equal(recvmsg(bench.udp, &msg, MSG_DONTWAIT), 1000);
    struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
    assert_non_null(header);
    if (header)
        memcpy(&class, CMSG_DATA(header), sizeof(class));
    assert_int_equal(class & 3, 3);
    in = bench_udp(&host, &own, 33, 1000);
    in_fragments(&in);
    assert_int_equal(bench_counter(&bench, FWD_DROP_CONGESTED), 1);
    assert_int_equal(bench_delivered(&bench), -1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_does_not_fit_goes_in_fragments, teardown),
        cmocka_unit_test_teardown(behind_a_neighbour_there_is_a_tunnel, teardown),
        cmocka_unit_test_teardown(mark_of_a_fragmented_tunnel_is_kept, teardown),
    };
    int skip = bench_house();

    return skip ? skip : cmocka_run_group_tests(tests, NULL, NULL);
}
