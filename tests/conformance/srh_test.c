/* SPDX-License-Identifier: ISC */
/* Section 17: the source routing header. */
#include "tests/conformance/plane.h"

#define ERROR_PARAMETER (4 * 256u + 0)
#define ERROR_HOP_LIMIT (3 * 256u + 0)
#define ERROR_SOURCE_ROUTE (1 * 256u + 7)

static const struct rpl_addr host = {{0x20, 1, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x99}};
static const struct rpl_rpi none;

/* Addresses of the recorded nodes: the root and the path A, B, C, D. */
static void recorded(struct rpl_addr *root, struct rpl_addr path[4])
{
    struct vector v;

    row_vector("V21", &v);
    *root = v.src;
    for (size_t i = 0; i < 4; i++)
        path[i] = *root;
    path[0].b[15] = 0x0a;
    path[1].b[15] = 0x0b;
    path[2].b[15] = 0x0c;
    memcpy(path[3].b + 8, "\x21\xd0\xca\xfe\x00\x00\x00\x0d", 8);
}

static void router(enum rpl_role role)
{
    row_joined(role, RPL_MOP_NON_STORING);
    row_run(RPL_S(3));
    plane_start();
}

/* A packet from the root along |hop|, |steps| of it done. */
static struct plane_packet routed(const struct rpl_addr *hop, size_t hops, unsigned steps,
                                  uint8_t hop_limit)
{
    struct rpl_addr src = rig_global(ROOT), next;
    struct plane_packet p = plane_udp(&src, &hop[hops - 1], hop_limit);

    assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, hop, hops, NULL), RPL_DATA_OK);
    for (unsigned i = 0; i < steps; i++)
        assert_int_equal(rpl_srh_step(p.octets, p.len, NULL, 0, &next), RPL_DATA_OK);
    return p;
}

static void test_SRH_01(void **state)
{
    struct rpl_addr root, path[4], segment;
    struct rpl_packet_info info;
    struct plane_packet p;

    (void)state;
    recorded(&root, path);
    p = plane_vector("V21");
    info = plane_parse(&p);
    assert_int_equal(info.segments_left, 3);
    assert_int_equal(info.segments, 3);
    assert_int_equal(info.cmpr_i, 15);
    assert_int_equal(info.cmpr_e, 8);
    assert_int_equal(info.pad, 6);
    assert_int_equal(info.srh_len, 24);
    assert_int_equal(info.next, 41);
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(rpl_srh_segment(p.octets, &info, i, &segment));
        assert_memory_equal(&segment, &path[i], 16);
    }
    p.octets[info.srh + 5] |= 0x0f; /* reserved: ignored */
    p.octets[info.srh + 6] = p.octets[info.srh + 7] = 0xff;
    info = plane_parse(&p);
    assert_int_equal(info.segments, 3);
    p = plane_vector("V24");
    info = plane_parse(&p);
    assert_int_equal(info.segments, 2);
    assert_int_equal(info.cmpr_e, 15);
    assert_int_equal(info.next, 58);
    p.octets[info.srh + 2] = 2; /* another routing type is not ours */
    assert_int_equal(plane_parse(&p).srh, 0);
}

static void test_SRH_02(void **state)
{
    struct rpl_addr root, path[4];
    struct plane_packet inner, v21;
    struct rpl_rpi rpi = {.type = RPL_RPI_23, .flags = RPL_RPI_O, .instance = 30, .sender_rank = 1};

    (void)state;
    for (size_t i = 0; i < row_table_size("srh_n"); i++) {
        uint8_t packet[256] = {0x60, [6] = 43, [7] = 64, [8] = 0x20, [24] = 0x20};
        struct rpl_packet_info info;
        unsigned units = (unsigned)row_table("srh_n", i, "hdrlen");
        packet[5] = (uint8_t)(8 + units * 8);
        packet[40] = 59;
        packet[41] = (uint8_t)units;
        packet[42] = 3;
        packet[43] = 1;
        packet[44] = (uint8_t)((unsigned)row_table("srh_n", i, "cmpri") << 4 |
                               (unsigned)row_table("srh_n", i, "cmpre"));
        packet[45] = (uint8_t)((unsigned)row_table("srh_n", i, "pad") << 4);
        assert_int_equal(rpl_packet_parse(packet, sizeof(packet), &info), RPL_DATA_OK);
        assert_int_equal(info.segments, row_table("srh_n", i, "n"));
    }
    /* V21, octet for octet, from the packet that it carries. */
    recorded(&root, path);
    v21 = plane_vector("V21");
    struct rpl_packet_info info = plane_parse(&v21);
    memcpy(inner.octets, v21.octets + info.payload, v21.len - info.payload);
    inner.len = v21.len - info.payload;
    inner.octets[7] = 64;
    assert_int_equal(
        rpl_encapsulate(inner.octets, &inner.len, PLANE_PACKET, &root, 64, path, 4, &rpi),
        RPL_DATA_OK);
    assert_int_equal(inner.len, v21.len);
    assert_memory_equal(inner.octets, v21.octets, v21.len);
    /* Every number of octets shared, and every length of path: what was put in comes out. */
    for (unsigned shared = 0; shared <= 15; shared++)
        for (unsigned n = 1; n <= 16; n++) {
            struct rpl_addr hop[17], segment;
            for (unsigned i = 0; i <= n; i++) {
                memset(hop[i].b, 0x20, 16);
                memset(hop[i].b + shared, (int)(i + 1), 16 - shared);
            }
            struct plane_packet p = plane_udp(&host, &hop[n], 64);
            assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, hop, n + 1u, NULL),
                             RPL_DATA_OK);
            info = plane_parse(&p);
            assert_int_equal(info.segments_left, n);
            assert_int_equal(info.srh_len % 8, 0);
            assert_memory_equal(&info.dst, &hop[0], 16);
            if (info.cmpr_i == 0 && info.cmpr_e == 0)
                assert_int_equal(info.pad, 0);
            for (unsigned i = 1; i <= n; i++) {
                assert_true(rpl_srh_segment(p.octets, &info, i, &segment));
                assert_memory_equal(&segment, &hop[i], 16);
            }
        }
}

static void test_SRH_03(void **state)
{
    struct rpl_addr src = rig_global(1);
    struct rpl_addr good[3] = {rig_global(2), rig_global(3), rig_global(4)};

    (void)state;
    for (int wrong = 0; wrong < 5; wrong++) {
        struct rpl_addr hop[3];
        struct plane_packet p = plane_udp(&host, &good[2], 64);
        memcpy(hop, good, sizeof(hop));
        switch (wrong) {
        case 1: /* an address twice */
            hop[1] = hop[0];
            break;
        case 2: /* the destination inside the list */
            hop[0] = hop[2];
            break;
        case 3: /* the source */
            hop[1] = src;
            break;
        case 4: /* multicast */
            hop[1] = rpl_addr_all_nodes;
            break;
        default:
            break;
        }
        assert_int_equal(rpl_encapsulate(p.octets, &p.len, PLANE_PACKET, &src, 64, hop, 3, &none),
                         wrong ? RPL_DATA_PATH_INVALID : RPL_DATA_OK);
        p = plane_udp(&host, &good[2], 64);
        if (wrong != 3) /* the source of this packet is the host */
            assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, hop, 3, NULL),
                             wrong ? RPL_DATA_PATH_INVALID : RPL_DATA_OK);
    }
    struct plane_packet p = plane_vector("N15");
    struct rpl_packet_info info;
    assert_int_equal(rpl_packet_parse(p.octets, p.len, &info), RPL_DATA_SRH_MULTICAST);
}

/* A root with 2, 3, 4 in a line below it that obeys RFC 6554: compat.srh = "encapsulate". */
static void strict_root(void)
{
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.srh_encapsulate = true;
    row_start();
    for (unsigned n = 2; n < 5; n++)
        row_source(n, n - 1, 1, 5, 30);
    plane_start();
}

static void test_SRH_04(void **state)
{
    struct rpl_addr own = rig_global(1), mote = rig_global(3), dst = rig_global(4);
    const struct rpl_addr *sources[] = {&own, &host, &mote};
    struct rpl_packet_info info;

    (void)state;
    strict_root();
    for (size_t i = 0; i < 3; i++) { /* ours; from the Internet; from another node */
        struct plane_packet p = plane_udp(sources[i], &dst, 64);
        plane_kernel(&p);
        info = plane_parse(plane_sent_to(2));
        assert_int_equal(info.segments_left, 2);
        assert_int_equal(info.next == 41, i > 0);
        assert_memory_equal(&info.src, &own, 16);
    }
}

static void test_SRH_05(void **state)
{
    struct rpl_addr dst = rig_global(4);
    struct plane_packet p, out;
    struct rpl_packet_info info;

    (void)state;
    strict_root();
    p = plane_udp(&host, &dst, 64); /* 65 when it came, the kernel took one */
    plane_kernel(&p);
    out = *plane_sent_to(2);
    info = plane_parse(&out);
    assert_int_equal(out.octets[info.payload + 7], 64 - 2);
    p = plane_udp(&host, &dst, 2); /* not enough for three hops: the route is cut */
    plane_kernel(&p);
    out = *plane_sent_to(2);
    info = plane_parse(&out);
    assert_int_equal(info.segments_left, 1);
    assert_int_equal(out.octets[info.payload + 7], 1);
    assert_true(info.segments_left < 2);
}

static void test_SRH_06(void **state)
{
    struct rpl_addr other[2] = {rig_global(CHILD), rig_global(0x77)};
    struct rpl_addr last[2] = {rig_global(CHILD), rig_global(1)};
    struct plane_packet p, got;

    (void)state;
    router(RPL_ROLE_ROUTER);
    p = routed(other, 2, 0, 64);
    plane_air(&p); /* it names somebody else */
    assert_int_equal(plane_counter(FWD_DROP_NOT_NAMED), 1);
    assert_int_equal(plane_out_count, 0);
    p = routed(last, 2, 1, 64); /* Segments Left 0: what is behind it counts */
    plane_air(&p);
    assert_true(plane_injected(&got));
    assert_int_equal(plane_parse(&got).srh, 0);
    assert_int_equal(got.octets[6], 17);
    /* N14: more left than there are. */
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0a);
    row_start();
    struct rpl_addr root, path[4];
    recorded(&root, path);
    struct rpl_addr from = rpl_addr_link_local(&root);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    dio.u.dio.instance = 30;
    rig_join(&rig, &from, &dio);
    plane_start();
    p = plane_vector("N14");
    plane_air(&p);
    const struct plane_packet *error = plane_sent_to(0);
    assert_int_equal(plane_icmp(error), ERROR_PARAMETER);
    struct rpl_packet_info info;
    rpl_packet_parse(p.octets, p.len, &info);
    assert_int_equal(error->octets[47], info.srh + 3); /* points at Segments Left */
}

static void test_SRH_07(void **state)
{
    struct rpl_addr root, path[4], from;
    struct rpl_wire_message dio;
    struct plane_packet p, expected, got;

    (void)state;
    /* A, of DAGRank 2, turns V21 into V22. */
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0a);
    row_start();
    recorded(&root, path);
    from = rpl_addr_link_local(&root);
    dio = rig_dio(RPL_MOP_NON_STORING, 256, &root);
    dio.u.dio.instance = 30;
    rig_join(&rig, &from, &dio);
    assert_int_equal(row_instance().dag_rank, 2);
    plane_start();
    p = plane_vector("V21");
    expected = plane_vector("V22");
    plane_air(&p);
    assert_int_equal(plane_out_count, 1);
    assert_int_equal(plane_out[0].len, expected.len);
    assert_memory_equal(plane_out[0].octets, expected.octets, expected.len);
    from = rpl_addr_link_local(&path[1]);
    assert_memory_equal(&plane_out[0].hop, &from, 16);
    p.octets[7] = 1; /* Hop Limit used up */
    plane_air(&p);
    assert_int_equal(plane_icmp(&plane_out[1]), ERROR_HOP_LIMIT);
    /* And D opens V23. */
    row_begin_recorded(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING, 0x0d);
    rig.link_local = rpl_addr_link_local(&path[3]);
    row_start();
    from = rpl_addr_link_local(&path[2]);
    dio.u.dio.rank = 1024;
    rig_join(&rig, &from, &dio);
    plane_start();
    p = plane_vector("V23");
    plane_air(&p);
    assert_true(plane_injected(&got));
    struct rpl_packet_info info = plane_parse(&p);
    assert_int_equal(got.len, p.len - info.payload);
    assert_memory_equal(got.octets, p.octets + info.payload, got.len);
}

static void test_SRH_08(void **state)
{
    struct rpl_addr own[2] = {rig_global(1), rig_ll(1)};
    struct rpl_addr loop[4] = {rig_global(1), rig_global(CHILD), rig_global(0x99),
                               rig_global(0x77)};
    struct plane_packet p;

    (void)state;
    router(RPL_ROLE_ROUTER);
    loop[2] = own[1]; /* our link-local address: a second one of ours behind a foreign one */
    p = routed(loop, 4, 0, 64);
    plane_air(&p);
    assert_int_equal(plane_counter(FWD_DROP_SRH_LOOP), 1);
    assert_int_equal(plane_icmp(plane_sent_to(0)), ERROR_PARAMETER);
    loop[1] = own[1]; /* one after the other is no loop */
    loop[2] = rig_global(CHILD);
    plane_out_count = 0;
    p = routed(loop, 4, 0, 64);
    plane_air(&p);
    assert_int_equal(plane_counter(FWD_DROP_SRH_LOOP), 1);
}

static void test_SRH_09(void **state)
{
    struct rpl_addr hop[3] = {rig_global(1), rig_global(CHILD), rig_global(0x77)};
    struct plane_packet p;

    (void)state;
    router(RPL_ROLE_ROUTER);
    p = routed(hop, 3, 0, 64);
    plane_air(&p);
    plane_hop_failed(CHILD); /* not on our link after all */
    assert_int_equal(plane_icmp(plane_sent_to(0)), ERROR_SOURCE_ROUTE);
    /* None about an error, and not more than a burst. */
    uint8_t error[1280];
    size_t n = rpl_icmp6_error(error, sizeof(error), p.octets, p.len, &hop[0], 1, 7, 0);
    assert_true(n > 0);
    assert_int_equal(rpl_icmp6_error(p.octets, PLANE_PACKET, error, n, &hop[1], 1, 7, 0), 0);
    p = plane_udp(&host, &rpl_addr_all_nodes, 64);
    assert_int_equal(rpl_icmp6_error(error, sizeof(error), p.octets, p.len, &hop[0], 1, 7, 0), 0);
    p = routed(hop, 3, 0, 1);
    plane_out_count = 0;
    for (int i = 0; i < 60; i++)
        plane_air(&p);
    assert_in_range(plane_out_count, 10, FWD_ERRORS_BURST);
    /* The upper layer's checksum counts the final destination: V24. */
    struct rpl_addr root, path[4];
    p = plane_vector("V24");
    struct rpl_packet_info info = plane_parse(&p);
    recorded(&root, path);
    assert_int_equal(
        rpl_wire_checksum(&info.src, &path[2], 58, p.octets + info.payload, p.len - info.payload),
        0);
}

static void test_SRH_10(void **state)
{
    struct rpl_addr hop[3] = {rig_global(1), rig_global(CHILD), rig_global(0x77)};
    struct rpl_addr own = rig_global(1), root = rig_global(ROOT);
    struct plane_packet p, got;

    (void)state;
    /* In from the Internet: alive, no; consumed, yes. */
    strict_root();
    struct rpl_addr in[2] = {rig_global(3), rig_global(4)};
    p = plane_udp(&host, &in[1], 64);
    assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, in, 2, NULL), RPL_DATA_OK);
    plane_kernel(&p);
    assert_int_equal(plane_counter(FWD_DROP_LIVE_SRH), 1);
    assert_int_equal(plane_out_count, 0);
    struct rpl_addr next;
    assert_int_equal(rpl_srh_step(p.octets, p.len, NULL, 0, &next), RPL_DATA_OK);
    plane_kernel(&p);
    assert_non_null(plane_sent_to(2));
    /* Out of a tunnel: only if that began inside. */
    for (int inside = 0; inside < 2; inside++) {
        struct rpl_rpi rpi = {.type = RPL_RPI_63};
        router(RPL_ROLE_ROUTER);
        p = routed(hop, 3, 0, 64);
        assert_int_equal(rpl_encapsulate(p.octets, &p.len, PLANE_PACKET, inside ? &root : &host, 64,
                                         &own, 1, &rpi),
                         RPL_DATA_OK);
        plane_air(&p);
        assert_int_equal(plane_counter(FWD_DROP_LIVE_SRH), !inside);
        assert_int_equal(plane_sent_to(CHILD) != NULL, inside);
        assert_false(plane_injected(&got));
    }
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        PLANE_ROW(SRH, 01, "the header"),
        PLANE_ROW(SRH, 02, "built from a path, at every compression"),
        PLANE_ROW(SRH, 03, "no address twice, no multicast"),
        PLANE_ROW(SRH, 04, "in our own packets directly, in others by a tunnel"),
        PLANE_ROW(SRH, 05, "the inner Hop Limit pays for the way"),
        PLANE_ROW(SRH, 06, "who processes it"),
        PLANE_ROW(SRH, 07, "a step"),
        PLANE_ROW(SRH, 08, "a loop through us"),
        PLANE_ROW(SRH, 09, "strict, and what errors obey"),
        PLANE_ROW(SRH, 10, "no live source route enters or leaves"),
    };

    return ROWS_RUN(rows);
}
