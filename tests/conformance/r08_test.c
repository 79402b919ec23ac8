/* SPDX-License-Identifier: ISC */
/* Section 23: RFC 9008. */
#include "rpl/rpl_nd.h"
#include "tests/conformance/plane.h"

static const struct rpl_addr host = {{0x20, 1, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x99}};

static void test_R08_01(void **state)
{
    struct rpl_addr own = rig_global(1), router = rig_global(3), leaf = rig_global(0x7700);
    struct rpl_wire_message dao = rig_dao(9, &leaf, 5, 30, &router);
    struct rpl_view_node v;
    struct plane_packet p;

    (void)state;
    row_root(RPL_MOP_STORING);
    row_storing(2, 2, 1, 5, 30);
    row_storing(2, 3, 2, 5, 30); /* 3 is behind 2 */
    dao.u.dao.ack_wanted = true;
    /* What is not external goes the storing way, from child to parent. */
    rig_receive_on(&rig, 0, &router, &own, &dao);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_SOURCE_SCOPE), 1);
    dao.u.dao.transit[0].external = true;
    rig_receive_on(&rig, 0, &router, &own, &dao);
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->msg.u.ack.status, 0);
    assert_memory_equal(&rig_last(&rig, RPL_CODE_DAO_ACK, 0)->send.dst, &router, 16);
    assert_true(row_node(0x7700, &v));
    assert_true(v.external && v.reachable);
    assert_memory_equal(&v.parent[0].address, &router, 16);
    assert_int_equal(rig.route[rig.route_count - 1].route.kind, RPL_ROUTE_TUN);
    /* It is found in a walk over all nodes, once. */
    struct rpl_cursor c = {0};
    unsigned seen = 0;
    while (rpl_view_next_node(rig.engine, &c, rig.now, &v))
        seen += rpl_addr_equal(&v.address, &leaf);
    assert_int_equal(seen, 1);
    /* A tunnel to its router, which the storing routes lead to. */
    plane_start();
    p = plane_udp(&host, &leaf, 64);
    plane_kernel(&p);
    struct rpl_packet_info info = plane_parse(plane_sent_to(2));
    assert_int_equal(info.next, 41);
    assert_int_equal(info.srh, 0);
    assert_memory_equal(&info.dst, &router, 16);
    assert_memory_equal(&info.src, &own, 16);
    /* It moves to 2, an old DAO does not bring it back, and it ends. */
    struct rpl_addr other = rig_global(2);
    dao.u.dao.transit[0].path_sequence = 6;
    dao.u.dao.transit[0].parent = other;
    dao.u.dao.sequence++;
    rig_receive_on(&rig, 0, &other, &own, &dao);
    dao.u.dao.transit[0].path_sequence = 5;
    dao.u.dao.transit[0].parent = router;
    dao.u.dao.sequence++;
    rig_receive_on(&rig, 0, &router, &own, &dao);
    assert_true(row_node(0x7700, &v));
    assert_memory_equal(&v.parent[0].address, &other, 16);
    assert_int_equal(v.path_sequence, 6);
    rig_run(&rig, RPL_S(30 * 60 + 1));
    assert_false(row_node(0x7700, &v));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_EXPIRED), 3);
    /* Nobody but the root takes them. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    assert_int_equal(rig_receive_on(&rig, 0, &router, &own, &dao), -RPL_ERR_DROPPED);
}

static void test_R08_02(void **state)
{
    struct rpl_wire_message msg;
    struct vector v;

    (void)state;
    row_vector("V04", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dio.config.flags & RPL_CONFIG_RPI_23, RPL_CONFIG_RPI_23);
    row_vector("V02", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dio.config.flags & RPL_CONFIG_RPI_23, 0);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t type = i ? RPL_RPI_23 : RPL_RPI_63;
        struct rpl_addr own = rig_global(1), dst = rig_global(3);
        struct plane_packet p;
        /* The root says which, and uses it. */
        row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
        rig.config.instance[0].compat.rpi_type = type;
        rig.config.instance[0].compat.downward_rpi = true;
        row_start();
        rig_run(&rig, RPL_S(5));
        assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags, i ? 0x10 : 0);
        row_source(2, 1, 1, 5, 30);
        row_source(3, 2, 1, 5, 30);
        plane_start();
        p = plane_udp(&host, &dst, 64);
        plane_kernel(&p);
        assert_int_equal(plane_parse(plane_sent_to(2)).rpi.type, type);
        /* A router does as it is told, whatever stands in its own file. */
        struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
        dio.u.dio.config.flags = i ? RPL_CONFIG_RPI_23 : 0;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].compat.rpi_type = i ? RPL_RPI_63 : RPL_RPI_23;
        row_start();
        row_hear(ROOT, &dio);
        plane_start();
        p = plane_udp(&own, &host, 64);
        plane_kernel(&p);
        assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.type, type);
    }
}

static void test_R08_03(void **state)
{
    struct rpl_addr src = rig_global(CHILD);
    struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 3};
    struct plane_packet p;

    (void)state;
    for (unsigned flags = 0; flags <= RPL_CONFIG_RPI_23; flags += RPL_CONFIG_RPI_23) {
        struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
        dio.u.dio.config.flags = (uint8_t)flags;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &dio);
        plane_start();
        rpi.type = RPL_RPI_63; /* ours to carry: it stays what it is, V17 */
        p = plane_rpi(&src, &host, &rpi);
        plane_air(&p);
        assert_int_equal(plane_parse(plane_sent_to(ROOT)).rpi.type, RPL_RPI_63);
        plane_out_count = 0;
        rpi.type = RPL_RPI_23; /* the kernel carries it; the copy is judged, not touched */
        p = plane_rpi(&src, &host, &rpi);
        plane_air(&p);
        assert_int_equal(plane_out_count, 0);
        assert_int_equal(plane_counter(FWD_COPY), 1);
        /* Along a source route it is ours again, and keeps its type. */
        struct rpl_addr hop[3] = {rig_global(1), rig_global(CHILD), rig_global(0x77)};
        struct rpl_addr from = rig_global(ROOT);
        rpi.flags = RPL_RPI_O;
        rpi.sender_rank = 1;
        p = plane_udp(&from, &hop[2], 64);
        assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, hop, 3, &rpi), RPL_DATA_OK);
        plane_air(&p);
        assert_int_equal(plane_parse(plane_sent_to(CHILD)).rpi.type, RPL_RPI_23);
        rpi.flags = 0;
        rpi.sender_rank = 3;
    }
}

static void test_R08_04(void **state)
{
    struct rpl_addr src = rig_global(2);
    struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 3};
    struct plane_packet p, got;

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    plane_start();
    p = plane_rpi(&src, &host, &rpi);
    plane_air(&p);
    assert_true(plane_injected(&got)); /* what leaves to the Internet has no 0x63 in it */
    assert_int_equal(plane_parse(&got).hbh, 0);
    struct plane_packet plain = plane_udp(&src, &host, 64);
    assert_int_equal(got.len, plain.len);
    assert_memory_equal(got.octets, plain.octets, plain.len);
}

/* A root that obeys RFC 9008: tunnels with RPI and SRH. */
static void strict_root(void)
{
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.srh_encapsulate = true;
    rig.config.instance[0].compat.downward_rpi = true;
    rig.config.instance[0].compat.inline_rpi_drop = true;
    rig.config.instance[0].compat.rpi_type = RPL_RPI_23;
    row_start();
    for (unsigned n = 2; n < 5; n++)
        row_source(n, n - 1, 1, 5, 30);
    plane_start();
}

static void test_R08_05(void **state)
{
    struct rpl_addr own = rig_global(1), mote = rig_global(2), dst = rig_global(4);
    struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 3};
    const struct rpl_addr *sources[] = {&own, &host, &mote};
    struct plane_packet p, got;
    struct rpl_packet_info info;

    (void)state;
    strict_root();
    for (size_t i = 0; i < 3; i++) { /* down: to the node itself, in a tunnel unless it is ours */
        p = plane_udp(sources[i], &dst, 64);
        plane_kernel(&p);
        info = plane_parse(plane_sent_to(2));
        assert_int_equal(info.next == 41, i > 0);
        assert_true(info.rpi_option != 0);
        if (i > 0) /* the packet inside is as it was, but for the Hop Limit */
            assert_memory_equal(plane_sent_to(2)->octets + info.payload + 8, p.octets + 8,
                                p.len - 8);
    }
    /* Up: a tunnel to the root ends there, and all that is taken off is the outer header. */
    p = plane_udp(&mote, &host, 64);
    struct plane_packet inner = p;
    assert_int_equal(rpl_encapsulate(p.octets, &p.len, PLANE_PACKET, &mote, 64, &own, 1, &rpi),
                     RPL_DATA_OK);
    plane_air(&p);
    assert_true(plane_injected(&got));
    assert_int_equal(got.len, inner.len);
    assert_memory_equal(got.octets, inner.octets, inner.len);
    /* A router in the middle inserts nothing and removes nothing. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    plane_start();
    struct rpl_addr child = rig_global(CHILD);
    p = plane_rpi(&child, &host, &rpi);
    plane_air(&p);
    assert_int_equal(plane_sent_to(ROOT)->len, p.len);
    assert_memory_equal(plane_sent_to(ROOT)->octets + 48, p.octets + 48, p.len - 48);
    /* The last hop of a tunnel opens it: DPV, SRH-07. */
    /* The root takes an RPI from nobody's packet that is not in a tunnel, if told so; it reads
     * what is for itself. */
    strict_root();
    rpi.sender_rank = 3;
    p = plane_rpi(&mote, &host, &rpi);
    plane_air(&p);
    assert_false(plane_injected(&got));
    p = plane_rpi(&mote, &dst, &rpi);
    plane_air(&p);
    assert_false(plane_injected(&got));
    assert_int_equal(plane_counter(FWD_DROP_INLINE_RPI), 2);
    p = plane_rpi(&mote, &own, &rpi);
    plane_air(&p);
    assert_true(plane_injected(&got));
}

static void test_R08_06(void **state)
{
    struct plane_packet v21, inner = {0};
    struct rpl_addr addr[5];
    struct rpl_packet_info info;

    (void)state;
    /* The root of the recorded vectors makes V21 of the packet inside it, octet for octet. */
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    rig.config.instance[0].compat.srh_encapsulate = true;
    rig.config.instance[0].compat.downward_rpi = true;
    rig.config.instance[0].compat.rpi_type = RPL_RPI_23;
    row_start();
    for (size_t i = 0; i < 5; i++) {
        static const uint8_t last[] = {1, 0x0a, 0x0b, 0x0c, 0};
        addr[i] = row_instance().dodag_id;
        addr[i].b[15] = last[i];
        if (i == 4)
            memcpy(addr[i].b + 8, "\x21\xd0\xca\xfe\x00\x00\x00\x0d", 8);
        if (i == 0)
            continue;
        struct rpl_wire_message dao = rig_dao(1, &addr[i], 5, 30, &addr[i - 1]);
        dao.u.dao.instance = 30;
        assert_int_equal(rig_receive_on(&rig, 0, &addr[i], &addr[0], &dao), 0);
    }
    plane_start();
    v21 = plane_vector("V21");
    info = plane_parse(&v21);
    inner.len = v21.len - info.payload;
    memcpy(inner.octets, v21.octets + info.payload, inner.len);
    inner.octets[7] = 64;
    for (uint8_t ecn = 0; ecn < 4; ecn++) { /* copied outward, RFC 6040 */
        plane_out_count = 0;
        inner.octets[1] = (uint8_t)(ecn << 4);
        v21.octets[1] = (uint8_t)(ecn << 4);
        v21.octets[info.payload + 1] = (uint8_t)(ecn << 4);
        plane_kernel(&inner);
        assert_int_equal(plane_out_count, 1);
        assert_int_equal(plane_out[0].len, v21.len);
        assert_memory_equal(plane_out[0].octets, v21.octets, v21.len);
    }
    /* And merged inward where the tunnel ends: a mark on the way is not lost. */
    v21.octets[1] = 0x30;
    v21.octets[info.payload + 1] = 0x20;
    struct rpl_addr next;
    for (int i = 0; i < 3; i++)
        assert_int_equal(rpl_srh_step(v21.octets, v21.len, NULL, 0, &next), RPL_DATA_OK);
    assert_int_equal(rpl_decapsulate(v21.octets, &v21.len), RPL_DATA_OK);
    assert_int_equal(v21.octets[1] & 0x30, 0x30);
}

/* |inner| in a tunnel from |src| to |dst|. */
static struct plane_packet tunnel(struct plane_packet inner, const struct rpl_addr *src,
                                  const struct rpl_addr *dst)
{
    assert_int_equal(rpl_encapsulate(inner.octets, &inner.len, PLANE_PACKET, src, 64, dst, 1, NULL),
                     RPL_DATA_OK);
    return inner;
}

static void test_R08_07(void **state)
{
    struct rpl_addr own = rig_global(1), mote = rig_global(2), dst = rig_global(3);
    struct rpl_addr other = {{0x20, 1, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x77}};
    struct rpl_addr hop[2] = {dst, mote};
    struct plane_packet p, got, live;
    struct rpl_rpi rpi = {.type = RPL_RPI_63, .sender_rank = 3};

    (void)state;
    row_root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 30);
    row_source(3, 1, 1, 5, 30);
    plane_start();
    /* From the uplink: a tunnel with an honest packet may pass. */
    p = tunnel(plane_udp(&other, &dst, 64), &host, &dst);
    plane_kernel(&p);
    assert_int_equal(plane_out_count, 1);
    /* A source route that is still alive, inside of it; */
    live = plane_udp(&host, &mote, 64);
    assert_int_equal(rpl_srh_insert(live.octets, &live.len, PLANE_PACKET, hop, 2, NULL),
                     RPL_DATA_OK);
    p = tunnel(live, &host, &dst);
    plane_kernel(&p);
    /* a source that is of the mesh (BCP 38); */
    p = tunnel(plane_udp(&mote, &dst, 64), &host, &dst);
    plane_kernel(&p);
    /* a tunnel in the tunnel, that could hold either; */
    p = tunnel(tunnel(plane_udp(&other, &dst, 64), &other, &dst), &host, &dst);
    plane_kernel(&p);
    assert_int_equal(plane_out_count, 1);
    assert_int_equal(plane_counter(FWD_DROP_TUNNEL), 3);
    /* none of which hinders ourselves or the mesh. */
    p = tunnel(plane_udp(&own, &dst, 64), &own, &dst);
    plane_kernel(&p);
    assert_int_equal(plane_out_count, 2);
    /* From the mesh: nobody speaks for somebody outside, in a tunnel or without. */
    p = plane_udp(&other, &host, 64);
    assert_int_equal(rpl_encapsulate(p.octets, &p.len, PLANE_PACKET, &mote, 64, &own, 1, &rpi),
                     RPL_DATA_OK);
    plane_air(&p);
    p = plane_rpi(&other, &host, &rpi);
    plane_air(&p);
    assert_false(plane_injected(&got));
    assert_int_equal(plane_counter(FWD_DROP_SOURCE), 2);
}

/* A router with an RPI on all that goes up, and a leaf 0x55 that it registered. */
static void router_of_leaf(void)
{
    struct rpl_rovr rovr = {.size = 1};
    struct rpl_nd_solicitation ns = {
        .target = rig_global(0x55),
        .has_earo = true,
        .earo = {.route = true, .has_tid = true, .tid = 5, .lifetime_min = 60, .rovr = rovr}};
    struct rpl_addr leaf = rig_ll(0x55), root = rig_global(ROOT), own = rig_global(1);
    struct rpl_nd_duplicate edac = {
        .type = RPL_ND_EDAC, .tid = 5, .rovr = rovr, .address = rig_global(0x55)};
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    uint8_t data[128];

    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].serve_leaves = true;
    rig.config.instance[0].compat.upward_rpi = true;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    rig_octets(&rig, RIG_IF, &leaf, &rig.link_local, data,
               rpl_nd_write_ns(&ns, &leaf, &rig.link_local, data, sizeof(data)));
    rig_octets(&rig, 0, &root, &own, data,
               rpl_nd_write_duplicate(&edac, &root, &own, data, sizeof(data)));
    row_run(RPL_S(1));
    plane_start();
}

static void test_R08_08(void **state)
{
    struct rpl_event change = {
        .type = RPL_EVENT_COMMAND,
        .u.command = {.command = RPL_COMMAND_RPI_TYPE, .rpi_type = RPL_RPI_23}};
    struct rpl_addr leaf = rig_global(0x55), own = rig_global(1), root = rig_global(ROOT);
    struct rpl_addr dst = rig_global(3);
    struct rpl_rpi rpi = {.type = RPL_RPI_23, .instance = 9, .sender_rank = 77, .flags = RPL_RPI_R};
    struct rpl_packet_info info;
    struct plane_packet p;

    (void)state;
    /* The root changes the type while it runs: a new version tells the mesh, and it obeys. */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].compat.downward_rpi = true;
    row_start();
    rig_run(&rig, RPL_S(5));
    row_source(2, 1, 1, 5, 30);
    row_source(3, 2, 1, 5, 30);
    uint8_t version = row_instance().version;
    assert_int_equal(rig_input(&rig, &change), 0);
    rig_run(&rig, RPL_S(5));
    const struct rpl_wire_dio *dio = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio;
    assert_int_equal(dio->config.flags, RPL_CONFIG_RPI_23);
    assert_int_equal(dio->version, rpl_lollipop_increment(version));
    plane_start();
    p = plane_udp(&host, &dst, 64);
    plane_kernel(&p);
    assert_int_equal(plane_parse(plane_sent_to(2)).rpi.type, RPL_RPI_23);
    assert_int_equal(rig_input(&rig, &change), 0); /* no change, no version */
    assert_int_equal(row_instance().version, rpl_lollipop_increment(version));
    change.u.command.rpi_type = 0x42;
    assert_int_equal(rig_input(&rig, &change), -RPL_ERR_PARAM);
    /* A router follows with the new version. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    struct rpl_view_rpi view;
    assert_int_equal(rpl_view_rpi(rig.engine, 0, &view), 0);
    assert_int_equal(view.type, RPL_RPI_63);
    struct rpl_wire_message next = row_dio(RPL_MOP_NON_STORING, 256);
    next.u.dio.version++;
    next.u.dio.config.flags = RPL_CONFIG_RPI_23;
    rpl_wire_config_pack(&next.u.dio.config);
    row_hear(ROOT, &next);
    assert_int_equal(rpl_view_rpi(rig.engine, 0, &view), 0);
    assert_int_equal(view.type, RPL_RPI_23);
    change.u.command.rpi_type = RPL_RPI_63;
    assert_int_equal(rig_input(&rig, &change), -RPL_ERR_PARAM); /* the root's to say */
    /* A leaf's packet goes up in a tunnel to the root, whose header has the RPI. */
    router_of_leaf();
    p = plane_udp(&leaf, &host, 64);
    plane_kernel(&p);
    info = plane_parse(plane_sent_to(ROOT));
    assert_int_equal(info.next, 41);
    assert_memory_equal(&info.src, &own, 16);
    assert_memory_equal(&info.dst, &root, 16);
    assert_true(info.rpi_option != 0);
    assert_memory_equal(plane_sent_to(ROOT)->octets + info.payload + 8, p.octets + 8, p.len - 8);
    /* Its own RPI is rewritten, without a tunnel. */
    p = plane_rpi(&leaf, &host, &rpi);
    plane_kernel(&p);
    info = plane_parse(plane_sent_to(ROOT));
    assert_int_equal(info.next, 17);
    assert_int_equal(info.rpi.type, RPL_RPI_23);
    assert_int_equal(info.rpi.instance, 0);
    assert_int_equal(info.rpi.flags, 0);
    assert_int_equal(info.rpi.sender_rank, row_instance().dag_rank);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        PLANE_ROW(R08, 01, "external targets come straight to a storing root, too"),
        PLANE_ROW(R08, 02, "the flag of the Configuration chooses the RPI type"),
        PLANE_ROW(R08, 03, "both types are taken, neither is changed"),
        PLANE_ROW(R08, 04, "no 0x63 leaves to the Internet"),
        PLANE_ROW(R08, 05, "headers are put in and taken off at the ends of tunnels"),
        PLANE_ROW(R08, 06, "what comes from the Internet is encapsulated"),
        PLANE_ROW(R08, 07, "tunnels from outside are looked into, sources are checked"),
        PLANE_ROW(R08, 08, "the RPI type changes at run time; a leaf's packets go up in a tunnel"),
    };

    return ROWS_RUN(rows);
}
