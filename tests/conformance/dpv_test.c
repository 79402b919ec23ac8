/* SPDX-License-Identifier: ISC */
/* Section 16: data-path validation. */
#include "tests/conformance/plane.h"

#define ERROR_NO_ROUTE (1 * 256u + 0)
#define ERROR_SOURCE_ROUTE (1 * 256u + 7)
#define ERROR_HOP_LIMIT (3 * 256u + 0)

static const struct rpl_addr host = {{0x20, 1, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x99}};

static struct rpl_rpi rpi_of(uint8_t flags, uint16_t rank)
{
    return (struct rpl_rpi){.type = RPL_RPI_63, .flags = flags, .sender_rank = rank};
}

/* A router of DAGRank 2 below ROOT. */
static void router(enum rpl_mop mop)
{
    row_joined(RPL_ROLE_ROUTER, mop);
    row_run(RPL_S(3));
    assert_int_equal(row_instance().dag_rank, 2);
    plane_start();
}

/* A root with the nodes 2, 3, 4 in a line below it. */
static void root(bool rpi)
{
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.downward_rpi = rpi;
    row_start();
    for (unsigned n = 2; n < 5; n++)
        row_source(n, n - 1, 1, 5, 30);
    plane_start();
}

static struct plane_packet from_child(uint8_t flags, uint16_t rank)
{
    struct rpl_addr src = rig_global(CHILD);
    struct rpl_rpi rpi = rpi_of(flags, rank);

    return plane_rpi(&src, &host, &rpi);
}

static void test_DPV_01(void **state)
{
    static const struct {
        const char *id;
        uint8_t type, flags;
        uint16_t rank;
    } rows[] = {{"V17", RPL_RPI_63, 0, 0},
                {"V18", RPL_RPI_23, 0, 3},
                {"V19", RPL_RPI_23, RPL_RPI_O | RPL_RPI_R, 2},
                {"V20", RPL_RPI_23, RPL_RPI_O | RPL_RPI_F, 2}};
    struct rpl_packet_info info;
    struct plane_packet p;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        p = plane_vector(rows[i].id);
        info = plane_parse(&p);
        assert_int_equal(info.rpi.type, rows[i].type);
        assert_int_equal(info.rpi.flags, rows[i].flags);
        assert_int_equal(info.rpi.instance, 30);
        assert_int_equal(info.rpi.sender_rank, rows[i].rank);
        assert_int_equal(info.rpi_option % 2, 0);
        p.octets[info.rpi_option + 2] |= 0x1f; /* zero bits are nobody's business */
        assert_int_equal(plane_parse(&p).rpi.flags, rows[i].flags);
    }
    p.octets[info.rpi_option + 1] = 3; /* shorter than 4 */
    assert_int_equal(rpl_packet_parse(p.octets, p.len, &info), RPL_DATA_RPI_INVALID);
    /* Sub-TLVs behind the rank are passed over: 4 octets, then a PadN of 4 for the rest of 16. */
    p = plane_vector("V18");
    memmove(p.octets + 56, p.octets + 48, p.len - 48);
    p.len += 8;
    p.octets[5] = (uint8_t)(p.octets[5] + 8);
    p.octets[41] = 1;
    p.octets[43] = 8;
    memcpy(p.octets + 48, "\x77\x02\xaa\xbb\x01\x02\x00\x00", 8);
    info = plane_parse(&p);
    assert_int_equal(info.rpi.sender_rank, 3);
    assert_true(info.rpi_only);
}

static void test_DPV_02(void **state)
{
    struct rpl_addr own = rig_global(1), dst = rig_global(4);
    struct plane_packet p;

    (void)state;
    root(true);
    p = plane_udp(&host, &dst, 63);
    plane_kernel(&p);
    assert_true(plane_parse(plane_sent_to(2)).rpi_option != 0);
    assert_int_equal(plane_parse(plane_sent_to(2)).rpi.instance, 0);
    assert_int_equal(plane_parse(plane_sent_to(2)).rpi.flags, RPL_RPI_O);
    /* Upwards, compat.upward_rpi: what we say ourselves comes by the TUN and gets one. */
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    dio.u.dio.instance = 30;
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].id = 30;
    rig.config.instance[0].compat.upward_rpi = true;
    row_start();
    row_hear(ROOT, &dio);
    plane_start();
    p = plane_udp(&own, &host, 64);
    plane_kernel(&p);
    assert_true(plane_parse(plane_sent_to(ROOT)).rpi_option != 0);
    assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.instance, 30);
}

static void test_DPV_03(void **state)
{
    struct rpl_addr own = rig_global(1), dst = rig_global(4), child = rig_global(CHILD);
    struct plane_packet p;
    struct rpl_packet_info info;

    (void)state;
    root(true);
    p = plane_udp(&own, &dst, 64);
    plane_kernel(&p);
    assert_int_equal(plane_parse(plane_sent_to(2)).rpi.sender_rank, 0); /* we are its source */
    p = plane_udp(&host, &dst, 63);
    plane_kernel(&p);
    assert_int_equal(plane_parse(plane_sent_to(2)).rpi.sender_rank, 1); /* we pass it on */
    router(RPL_MOP_STORING);
    p = plane_udp(&own, &host, 64);
    plane_kernel(&p);
    info = plane_parse(plane_sent_to(ROOT));
    assert_int_equal(info.rpi.sender_rank, 0);
    assert_int_equal(info.rpi.flags, 0);
    p = from_child(0, 0); /* V17 to V18: upwards through us */
    plane_air(&p);
    info = plane_parse(plane_sent_to(ROOT));
    assert_int_equal(info.rpi.sender_rank, 2);
    assert_int_equal(info.rpi.flags, 0);
    assert_int_equal(info.hop_limit, 63);
    row_storing(THIRD, THIRD, 1, 5, 30); /* and here it turns downwards */
    dst = rig_global(THIRD);
    struct rpl_rpi rpi = rpi_of(0, 3);
    p = plane_rpi(&child, &dst, &rpi);
    plane_air(&p);
    info = plane_parse(plane_sent_to(THIRD));
    assert_int_equal(info.rpi.flags, RPL_RPI_O);
    assert_int_equal(info.rpi.sender_rank, 2);
}

static void test_DPV_04(void **state)
{
    static const struct {
        uint8_t flags;
        uint16_t sender;
        bool error;
    } rows[] = {{0, 2, true},          {0, 3, false},         {0, 4, false},
                {RPL_RPI_O, 2, false}, {RPL_RPI_O, 3, false}, {RPL_RPI_O, 4, true},
                {0, 0, false},         {RPL_RPI_O, 0, false}, {RPL_RPI_O | RPL_RPI_R, 0, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpl_rpi rpi = rpi_of(rows[i].flags, rows[i].sender);
        assert_int_equal(rpl_rpi_check(&rpi, 3, 256), rows[i].error ? RPL_RPI_MARK : RPL_RPI_FINE);
        rpi.flags |= RPL_RPI_R;
        assert_int_equal(rpl_rpi_check(&rpi, 3, 256), rows[i].error ? RPL_RPI_DROP : RPL_RPI_FINE);
    }
}

static void test_DPV_05(void **state)
{
    struct plane_packet p;

    (void)state;
    router(RPL_MOP_NON_STORING);
    row_run(RPL_S(3600));
    p = from_child(0, 1); /* upwards, from above us */
    plane_air(&p);
    assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.flags, RPL_RPI_R);
    assert_int_equal(plane_told_count, 0);
    plane_out_count = 0;
    p = from_child(RPL_RPI_R, 1);
    plane_air(&p);
    assert_null(plane_sent_to(ROOT));
    assert_int_equal(plane_counter(FWD_DROP_RANK), 1);
    assert_int_equal(plane_told.u.forward_error.kind, RPL_FORWARD_RANK);
    assert_int_equal(row_instance().trickle_interval, RPL_MS(4096));
}

static void test_DPV_06(void **state)
{
    struct plane_packet p;

    (void)state;
    router(RPL_MOP_NON_STORING);
    row_run(RPL_S(3600));
    p = from_child(RPL_RPI_R, 1);
    for (int i = 0; i < 100; i++) {
        plane_air(&p);
        row_run(RPL_S(10)); /* the interval has grown again by the next one */
        rig.sent_count = 0;
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_FORWARD_RANK_ERROR), 100);
    assert_in_range(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), 1, 26); /* 17 minutes */
    assert_true(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET_LIMITED) > 60);
}

static void test_DPV_07(void **state)
{
    struct rpl_addr nobody = rig_global(0x66), src = rig_global(ROOT);
    struct rpl_rpi rpi = rpi_of(RPL_RPI_O, 1);
    struct plane_packet p = plane_rpi(&src, &nobody, &rpi);

    (void)state;
    router(RPL_MOP_STORING);
    plane_air(&p);
    assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.flags, RPL_RPI_O | RPL_RPI_F);
    assert_int_equal(plane_counter(FWD_RETURNED), 1);
    assert_int_equal(plane_told.u.forward_error.kind, RPL_FORWARD_NOROUTE);
    assert_null(plane_sent_to(0)); /* no error message beside it */
}

static void test_DPV_08(void **state)
{
    struct rpl_addr dst = rig_global(0x77), src = rig_global(ROOT);
    struct rpl_rpi rpi = rpi_of(RPL_RPI_O | RPL_RPI_F, 3);
    struct plane_packet p = plane_rpi(&src, &dst, &rpi);
    struct rpl_view_node v;

    (void)state;
    router(RPL_MOP_STORING);
    row_storing(THIRD, 0x77, 1, 4, 30);
    row_storing(CHILD, 0x77, 1, 5, 30);
    row_storing(THIRD, 0x77, 2, 5, 30);
    assert_true(row_reaches(0x77, CHILD) || row_reaches(0x77, THIRD));
    bool child_first = row_reaches(0x77, CHILD);
    plane_air(&p); /* it came back: the route it took goes, F is cleared, the other one is tried */
    assert_true(row_reaches(0x77, child_first ? THIRD : CHILD));
    const struct plane_packet *again = plane_sent_to(child_first ? THIRD : CHILD);
    assert_int_equal(plane_parse(again).rpi.flags, RPL_RPI_O);
    plane_air(&p); /* that one as well: now it is our turn to send it back */
    assert_false(row_node(0x77, &v));
    assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.flags, RPL_RPI_O | RPL_RPI_F);
    /* No more than 20 routes in a row go that way. */
    router(RPL_MOP_STORING);
    for (unsigned n = 0x100; n < 0x100 + 50; n++)
        row_storing(CHILD, n, 1, 5, 30);
    uint32_t before = row_instance().nodes;
    for (unsigned n = 0x100; n < 0x100 + 50; n++) {
        dst = rig_global(n);
        p = plane_rpi(&src, &dst, &rpi);
        plane_air(&p);
    }
    assert_int_equal(before - row_instance().nodes, 20);
}

/* Let the root of the recorded vectors know A, B, C and D in a line. */
static void recorded_line(void)
{
    static const uint8_t iid[5][8] = {{2, 0, 0, 0xff, 0xfe, 0, 0, 1},
                                      {2, 0, 0, 0xff, 0xfe, 0, 0, 0x0a},
                                      {2, 0, 0, 0xff, 0xfe, 0, 0, 0x0b},
                                      {2, 0, 0, 0xff, 0xfe, 0, 0, 0x0c},
                                      {0x21, 0xd0, 0xca, 0xfe, 0, 0, 0, 0x0d}};
    struct rpl_addr addr[5];

    for (size_t i = 0; i < 5; i++) {
        addr[i] = rig.config.instance[0].prefix;
        memcpy(addr[i].b + 8, iid[i], 8);
        if (i == 0)
            continue;
        struct rpl_wire_message dao = rig_dao(1, &addr[i], 5, 30, &addr[i - 1]);
        dao.u.dao.instance = 30;
        assert_int_equal(rig_receive_on(&rig, 0, &addr[i], &addr[0], &dao), 0);
    }
}

static void test_DPV_09(void **state)
{
    struct rpl_addr path[3] = {rig_global(1), rig_global(CHILD), rig_global(0x77)};
    struct rpl_addr src = rig_global(ROOT);
    struct plane_packet p;
    struct rpl_packet_info info;
    struct rpl_view_path route;

    (void)state;
    /* The root hears V25 from B: the edge from B to C goes, and nothing else. */
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    row_start();
    recorded_line();
    plane_start();
    p = plane_vector("V25");
    info = plane_parse(&p);
    struct rpl_event ev = {.type = RPL_EVENT_FORWARD_ERROR};
    assert_int_equal(plane_icmp(&p), ERROR_SOURCE_ROUTE);
    assert_true(fwd_source_route_error(plane_forwarder(), p.octets + info.payload + 8,
                                       p.len - info.payload - 8, &info.src, rig.now,
                                       &ev.u.forward_error));
    rig_input(&rig, &ev);
    struct rpl_addr b = info.src, c = b, d = b;
    c.b[15] = 0x0c;
    memcpy(d.b + 8, "\x21\xd0\xca\xfe\x00\x00\x00\x0d", 8);
    assert_int_equal(rpl_view_route(rig.engine, &b, &route), 0);
    assert_int_equal(rpl_view_route(rig.engine, &c, &route), -RPL_ERR_NOENT);
    assert_int_equal(rpl_view_route(rig.engine, &d, &route), -RPL_ERR_NOENT);
    /* And a router says so: the error holds the packet with our segment consumed. */
    router(RPL_MOP_NON_STORING);
    p = plane_udp(&src, &path[2], 64);
    assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, path, 3, NULL), RPL_DATA_OK);
    plane_air(&p);
    assert_non_null(plane_sent_to(CHILD));
    plane_hop_failed(CHILD);
    const struct plane_packet *error = plane_sent_to(0);
    assert_int_equal(plane_icmp(error), ERROR_SOURCE_ROUTE);
    assert_memory_equal(error->octets + 24, src.b, 16);
    assert_memory_equal(error->octets + 48 + 24, path[1].b, 16);
}

static void test_DPV_10(void **state)
{
    struct rpl_addr src = rig_global(CHILD);
    struct rpl_rpi rpi = rpi_of(0, 3);
    struct plane_packet p;

    (void)state;
    router(RPL_MOP_NON_STORING);
    rpi.instance = 9;
    p = plane_rpi(&src, &host, &rpi);
    plane_air(&p);
    assert_int_equal(plane_counter(FWD_DROP_INSTANCE), 1);
    assert_null(plane_sent_to(ROOT));
    assert_int_equal(plane_icmp(plane_sent_to(0)), ERROR_NO_ROUTE);
    rpi.instance = 0;
    p = plane_rpi(&src, &host, &rpi);
    plane_air(&p);
    assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.instance, 0);
}

static void test_DPV_11(void **state)
{
    struct plane_packet p;

    (void)state;
    router(RPL_MOP_NON_STORING);
    p = from_child(0, 3);
    for (unsigned left = 64; left > 1; left--) { /* two nodes that send it to and fro */
        plane_out_count = 0;
        plane_air(&p);
        p = *plane_sent_to(ROOT);
        assert_int_equal(p.octets[7], left - 1);
        p.octets[46] = 0; /* the other one has no Rank worth a word */
        p.octets[47] = 0;
    }
    plane_out_count = 0;
    plane_air(&p);
    assert_null(plane_sent_to(ROOT));
    assert_int_equal(plane_icmp(plane_sent_to(0)), ERROR_HOP_LIMIT);
    /* Where it turns it is not sent back to where it came from: up from CHILD, to CHILD. */
    router(RPL_MOP_STORING);
    row_storing(THIRD, 0x77, 1, 5, 30);
    struct rpl_addr src = rig_global(CHILD), dst = rig_global(0x77);
    struct rpl_rpi rpi = rpi_of(0, 3);
    p = plane_rpi(&src, &dst, &rpi);
    plane_air(&p);
    assert_null(plane_sent_to(CHILD));
    assert_non_null(plane_sent_to(THIRD));
}

static void test_DPV_12(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_view_neighbour n;

    (void)state;
    /* Our successor never is a version ahead: we move with it, in the same instant. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    for (uint8_t version = 241; version < 250; version++) {
        dio.u.dio.version = version;
        dio.u.dio.rank = (uint16_t)(256 + 100 * (version % 3));
        row_shout(ROOT, &dio);
        assert_int_equal(row_instance().version, version);
        assert_true(row_neighbour(ROOT, &n));
        assert_true(n.preferred);
        assert_int_equal(n.version, row_instance().version);
    }
    dio.u.dio.version = 251; /* or, where we cannot follow, it is no successor any more */
    dio.u.dio.rank = 65300;
    row_shout(ROOT, &dio);
    assert_true(row_parent_is(0));
}

static void test_DPV_13(void **state)
{
    struct rpl_rpi rpi = rpi_of(0, 0);

    (void)state;
    for (uint16_t own = 1; own < 5; own++) { /* 512 and 2 are the same at 256 */
        rpi.sender_rank = 2;
        enum rpl_rpi_verdict verdict = rpl_rpi_check(&rpi, own, 256);
        rpi.sender_rank = 512;
        assert_int_equal(rpl_rpi_check(&rpi, own, 256), verdict);
        rpi.sender_rank = 767;
        assert_int_equal(rpl_rpi_check(&rpi, own, 256), verdict);
    }
    rpi.sender_rank = 128; /* 128 x 128 fits into 16 bits: it may be a DAGRank */
    assert_int_equal(rpl_rpi_check(&rpi, 100, 128), RPL_RPI_FINE);
    struct plane_packet p;
    router(RPL_MOP_NON_STORING);
    p = from_child(0, 0);
    plane_air(&p);
    assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.sender_rank, 2); /* we send DAGRank */
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        PLANE_ROW(DPV, 01, "the RPI"),
        PLANE_ROW(DPV, 02, "our packets carry one, with their instance"),
        PLANE_ROW(DPV, 03, "a source writes 0, a router its DAGRank and the direction"),
        PLANE_ROW(DPV, 04, "what is an inconsistency"),
        PLANE_ROW(DPV, 05, "the first is marked, the second dropped"),
        PLANE_ROW(DPV, 06, "resets for rank errors are bounded"),
        PLANE_ROW(DPV, 07, "down without a route: back with F"),
        PLANE_ROW(DPV, 08, "F removes the route that was taken, within limits"),
        PLANE_ROW(DPV, 09, "an error in a source route costs one edge"),
        PLANE_ROW(DPV, 10, "packets stay in their instance"),
        PLANE_ROW(DPV, 11, "the Hop Limit ends every loop"),
        PLANE_ROW(DPV, 12, "no packet crosses into a version ahead of us"),
        PLANE_ROW(DPV, 13, "DAGRank and full Rank are told apart"),
    };

    return ROWS_RUN(rows);
}
