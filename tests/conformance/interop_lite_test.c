/* SPDX-License-Identifier: ISC */
/* Contiki-NG's RPL Lite: non-storing mode with MRHOF, an RPI 0x63 in all that it sends. */
#include "tests/conformance/interop.h"
#include "tests/conformance/plane.h"

#define PLANE_PEER(name) cmocka_unit_test_teardown(name, plane_stop)

/* As its own root was recorded: settings and all. */
static void root(bool own_id)
{
    interop_root(RPL_MOP_NON_STORING, OF_OCP_MRHOF, own_id);
    rig.config.instance[0].grounded = false;
    rig.config.instance[0].dodag.max_rank_increase = 1024;
    rig.config.instance[0].dodag.min_hop_rank_increase = 128;
    rig.config.instance[0].dodag.dio_redundancy_constant = 0;
    row_start();
    rig_run(&rig, RPL_S(5));
    plane_start();
}

static struct plane_packet fixture(const char *words)
{
    struct plane_packet p = {0};
    struct vector v;

    interop_fixture("CT-lite", words, &v);
    memcpy(p.octets, v.packet, v.len);
    p.len = v.len;
    return p;
}

/* What the kernel does with a packet for us that the forwarder hands it. */
static int deliver(const struct plane_packet *p)
{
    struct rpl_packet_info info = plane_parse(p);

    assert_int_equal(info.next, 58);
    return rig_octets(&rig, 0, &info.src, &info.dst, p->octets + info.payload,
                      p->len - info.payload);
}

/* And with one that the engine sends by the routes: into the TUN. */
static void send_down(const struct rig_sent *s)
{
    struct plane_packet p = {.len = 40u + s->send.len};

    p.octets[0] = 0x60;
    p.octets[4] = (uint8_t)(s->send.len >> 8);
    p.octets[5] = (uint8_t)s->send.len;
    p.octets[6] = 58;
    p.octets[7] = s->send.hop_limit;
    memcpy(p.octets + 8, s->send.src.b, 16);
    memcpy(p.octets + 24, s->send.dst.b, 16);
    memcpy(p.octets + 40, s->send.data, s->send.len);
    plane_kernel(&p);
}

/* A DAO of |n| that names |parent|, built after the recorded one. */
static void announce(unsigned n, unsigned parent, uint8_t sequence)
{
    struct rpl_addr src = interop_global(n), id = row_instance().dodag_id;
    struct rpl_wire_message dao;
    struct vector v;

    interop_fixture("CT-lite", "DAO inst=0 K=1 D=0 seq=241", &v);
    assert_int_equal(vector_read(&v, &dao), 0);
    dao.u.dao.sequence = sequence;
    dao.u.dao.target[0].prefix = src;
    dao.u.dao.transit[0].parent = interop_global(parent);
    rig_receive_on(&rig, 0, &src, &id, &dao);
}

static void joins(void **state)
{
    struct plane_packet p, plain;
    struct vector v;

    (void)state;
    root(true);
    /* The DIO of its own root; a Pad option or an unknown one and it would discard it whole. */
    interop_fixture("CT-lite", "DIO", &v);
    interop_same(rig_last(&rig, RPL_CODE_DIO, 0), &v);
    rig_run(&rig, RPL_S(3600));
    assert_int_equal(interop_give("CT-lite", "DIS"), 0);
    assert_int_equal(row_instance().trickle_interval, RPL_MS(4096));
    /* Its DAO with the RPI that Linux throws away: the forwarder takes it off. */
    p = fixture("DAO inst=0 K=1 D=0 seq=241 TGT");
    plane_air(&p);
    assert_true(plane_injected(&plain));
    assert_int_equal(plane_parse(&plain).hbh, 0);
    rig.sent_count = 0;
    assert_int_equal(deliver(&plain), 0);
    assert_true(interop_reaches(0x111, 0x111));
    /* Without this ACK it never sends a multicast DIO: 4 octets, status 0, from the DODAGID. */
    interop_fixture("CT-lite", "SRH[left=0 ci=15 ce=15 pad=0 ] DAOACK", &v);
    interop_same(rig_last(&rig, RPL_CODE_DAO_ACK, 0), &v);
    /* To a neighbour it travels as it is. */
    send_down(rig_last(&rig, RPL_CODE_DAO_ACK, 0));
    assert_int_equal(plane_out_count, 1);
    assert_int_equal(plane_parse(&plane_out[0]).srh, 0);
    assert_int_equal(plane_parse(&plane_out[0]).hbh, 0);
    assert_int_equal(plane_out[0].len, 40 + 8);
}

/* Two hops: the source route is the one that its own root writes, octet for octet. */
static void source_route(void **state)
{
    struct rpl_addr first = interop_local(0x111);
    struct plane_packet expected = fixture("SRH[left=1 ci=14 ce=14 pad=6 0211] DAOACK");

    (void)state;
    root(true);
    announce(0x111, 0x11, 241);
    rig.sent_count = 0;
    announce(0x211, 0x111, 241);
    assert_true(interop_reaches(0x211, 0x111));
    send_down(rig_last(&rig, RPL_CODE_DAO_ACK, 0));
    assert_int_equal(plane_out_count, 1);
    assert_memory_equal(&plane_out[0].hop, &first, 16);
    assert_int_equal(plane_out[0].len, expected.len);
    assert_memory_equal(plane_out[0].octets, expected.octets, expected.len);
}

/* We are its neighbour on the way: what it sends on, we send on. */
static void forwards_along_the_route(void **state)
{
    struct rpl_addr id = interop_global(0x11), from = interop_local(0x11);
    struct plane_packet in = fixture("SRH[left=1 ci=14 ce=14 pad=6 0211] DAOACK");
    struct plane_packet out = fixture("SRH[left=0 ci=14 ce=14 pad=6 0111] DAOACK");
    struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 128, &id);

    (void)state;
    dio.u.dio.config.min_hop_rank_increase = 128;
    rpl_wire_config_pack(&dio.u.dio.config);
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.link_local = interop_local(0x111);
    row_start();
    rig_join(&rig, &from, &dio);
    assert_true(row_instance().joined);
    plane_start();
    plane_air(&in);
    assert_int_equal(plane_out_count, 1);
    assert_int_equal(plane_out[0].len, out.len);
    assert_memory_equal(plane_out[0].octets, out.octets, out.len);
}

/* Whatever the DODAGID is, its children name a root by the prefix and its link-local's end. */
static void names_its_parent(void **state)
{
    struct rpl_view_node v;
    struct rpl_addr node = interop_global(0x111);

    (void)state;
    root(false);
    announce(0x111, 0x11, 241);
    assert_true(rpl_view_node(rig.engine, &node, rig.now, &v));
    assert_int_equal(v.hops, 1);
    assert_true(v.stuck); /* its Path Sequence is 0 for ever */
    rig_run(&rig, RPL_S(1700));
    announce(0x111, 0x11, 242); /* a minute or two before the end of its lifetime */
    rig_run(&rig, RPL_S(1700));
    assert_true(interop_reaches(0x111, 0x111));
    announce(0x211, 0x11, 241);
    announce(0x111, 0x211, 243); /* another parent, without a word of sequence */
    assert_true(interop_reaches(0x111, 0x211));
}

/* Before it joins it sends unicast DIOs with INFINITE_RANK to see whether they arrive. */
static void probes(void **state)
{
    struct rpl_addr from = interop_local(0x111), id;
    uint64_t resets;

    (void)state;
    root(false);
    rig_run(&rig, RPL_S(3600));
    id = row_instance().dodag_id;
    resets = rig_counter(&rig, RPL_COUNT_TRICKLE_RESET);
    rig.sent_count = 0;
    for (int i = 0; i < 20; i++) {
        struct rpl_wire_message dio = rig_dio(RPL_MOP_NON_STORING, 0xffff, &id);
        rig_receive(&rig, &from, &rig.link_local, &dio);
    }
    assert_int_equal(rig.sent_count, 0);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_TRICKLE_RESET), resets);
    assert_int_equal(row_instance().version, 240);
}

/* Instance 0x80, and its DAOs say nothing of the DODAG. */
static void local_instance(void **state)
{
    struct rpl_addr src = interop_global(0x111), id;
    struct rpl_wire_message dao;
    struct vector v;

    (void)state;
    interop_root(RPL_MOP_NON_STORING, OF_OCP_MRHOF, true);
    rig.config.instance[0].id = 0x80;
    row_start();
    id = row_instance().dodag_id;
    interop_fixture("CT-lite", "DAO inst=0", &v);
    assert_int_equal(vector_read(&v, &dao), 0);
    dao.u.dao.instance = 0x80;
    rig_receive_on(&rig, 0, &src, &id, &dao);
    assert_true(interop_reaches(0x111, 0x111));
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO_ACK, 0)->send.len, 8); /* as it asked */
}

/* It ignores a root that lost its version, and resets its Trickle so that the root hears. */
static void knows_a_newer_version(void **state)
{
    struct rpl_addr from = interop_local(0x111), id;
    struct rpl_wire_message dio;

    (void)state;
    root(true);
    id = row_instance().dodag_id;
    dio = rig_dio(RPL_MOP_NON_STORING, 353, &id);
    dio.u.dio.version = 245;
    dio.u.dio.config.min_hop_rank_increase = 128;
    rpl_wire_config_pack(&dio.u.dio.config);
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
    assert_int_equal(row_instance().version, 246); /* jumped past it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLANE_PEER(joins),
        PLANE_PEER(source_route),
        PLANE_PEER(forwards_along_the_route),
        PLANE_PEER(names_its_parent),
        PLANE_PEER(probes),
        PLANE_PEER(local_instance),
        PLANE_PEER(knows_a_newer_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
