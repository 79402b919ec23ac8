/* SPDX-License-Identifier: ISC */
/* Section 25: RFC 9010, 9035 and others. */
#include "tests/conformance/row.h"
#include "tests/lib/host.h"

/* A storing router passes the option on as it came, of sizes not defined yet as well. */
static void relayed(void)
{
    static const uint8_t flags[] = {0x01, 0x44, 0x84, 0x05, 0x08};
    struct rpl_addr from = rig_ll(CHILD), target = rig_global(0x7700);

    row_joined(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    row_run(RPL_S(3));
    for (size_t i = 0; i < sizeof(flags); i++) {
        struct rpl_wire_message dao =
            rig_dao((uint8_t)(i + 1), &target, (uint8_t)(i + 1), 30, NULL);
        struct rpl_wire_target *t = &dao.u.dao.target[0];
        t->flags = flags[i];
        t->len = flags[i] & 0x80 ? 120 : 128;
        t->rovr_len = (uint8_t)(8 * (flags[i] & 15));
        for (uint8_t k = 0; k < t->rovr_len; k++)
            t->rovr[k] = (uint8_t)(k + i);
        assert_int_equal(rig_receive(&rig, &from, &rig.link_local, &dao), 0);
        row_run(RPL_S(3));
        const struct rpl_wire_target *up = &rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.target[0];
        assert_int_equal(up->flags, flags[i]);
        assert_int_equal(up->len, t->len);
        assert_memory_equal(&up->prefix, &target, 16);
        assert_int_equal(up->rovr_len, t->rovr_len);
        assert_memory_equal(up->rovr, t->rovr, t->rovr_len);
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_ROVR_UNKNOWN), 2);
    /* Many of them in messages that fit. */
    for (unsigned n = 0; n < 60; n++) {
        struct rpl_addr each = rig_global(0x7800 + n);
        struct rpl_wire_message dao = rig_dao((uint8_t)(n + 100), &each, 5, 30, NULL);
        dao.u.dao.target[0].flags = 4;
        dao.u.dao.target[0].rovr[0] = (uint8_t)n;
        rig_receive(&rig, &from, &rig.link_local, &dao);
    }
    size_t mark = rig.sent_count, seen = 0;
    row_run(RPL_S(5));
    for (size_t i = mark; i < rig.sent_count; i++)
        for (uint8_t k = 0;
             rig.sent[i].msg.code == RPL_CODE_DAO && k < rig.sent[i].msg.u.dao.target_count; k++)
            seen += rig.sent[i].msg.u.dao.target[k].flags == 4;
    assert_int_equal(seen, 60);
}

static void test_R10_01(void **state)
{
    struct rpl_wire_message msg;
    struct rpl_view_path path;
    struct rpl_addr leaf, b;
    struct vector v;

    (void)state;
    row_vector("X01", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.target[0].flags, 0x41); /* X, a ROVR of 8 octets */
    assert_memory_equal(msg.u.dao.target[0].rovr, "\x02\x00\x00\x00\x00\x00\x00\x77", 8);
    assert_true(msg.u.dao.transit[0].external);
    leaf = msg.u.dao.target[0].prefix;
    b = v.src;
    row_vector("X04", &v);
    assert_int_equal(vector_read(&v, &msg), 0);
    assert_int_equal(msg.u.dao.target[0].flags, 0xc4); /* F, X, a ROVR of 32 */
    assert_int_equal(msg.u.dao.target[0].len, 64);
    assert_memory_equal(&msg.u.dao.target[0].prefix, &v.src, 16); /* its advertiser's address */
    assert_int_equal(msg.u.dao.target[0].rovr[31], 0x1f);
    for (uint8_t size = 0; size < 4; size++) { /* of each size, both ways */
        uint8_t out[256], again[256];
        row_vector("X01", &v);
        assert_int_equal(vector_read(&v, &msg), 0);
        msg.u.dao.target[0].flags = (uint8_t)(0x40 | size);
        int len = rpl_wire_write(&msg, &v.src, &v.dst, out, sizeof(out));
        assert_int_equal(len, (int)(v.len - v.icmp) - 8 + 8 * size);
        enum rpl_counter why;
        assert_int_equal(rpl_wire_read(out, (size_t)len, &v.src, &v.dst, &msg, &why), 0);
        assert_int_equal(rpl_wire_write(&msg, &v.src, &v.dst, again, sizeof(again)), len);
        assert_memory_equal(again, out, (size_t)len);
    }
    /* The root reaches the leaf through its 6LR, by a tunnel. */
    row_begin_recorded(RPL_ROLE_ROOT, RPL_MOP_NON_STORING, 0x01);
    row_start();
    struct rpl_addr root = row_instance().dodag_id;
    struct rpl_wire_message dao = rig_dao(1, &b, 5, 30, &root);
    dao.u.dao.instance = 30;
    rig_receive_on(&rig, 0, &b, &root, &dao);
    assert_int_equal(row_give("X01"), 0);
    assert_int_equal(rpl_view_route(rig.engine, &leaf, &path), 0);
    assert_int_equal(path.hops, 1);
    assert_memory_equal(&path.hop[0], &b, 16);
    assert_true(path.behind);
    relayed();
}

/* ---- leaves that do not speak RPL -------------------------------------------------------- */

/* A router with the service, in the DODAG of ROOT, which sets P as told. */
static void router(enum rpl_mop mop, bool proxy)
{
    struct rpl_wire_message dio = row_dio(mop, 256);

    dio.u.dio.config.flags = proxy ? RPL_CONFIG_PROXY : 0;
    rpl_wire_config_pack(&dio.u.dio.config);
    row_begin(RPL_ROLE_ROUTER, mop);
    rig.config.instance[0].serve_leaves = true;
    row_start();
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    row_alive(ROOT, NULL); /* answers by hand from here on */
}

static void root(enum rpl_mop mop)
{
    row_begin(RPL_ROLE_ROOT, mop);
    rig.config.instance[0].serve_leaves = true;
    row_start();
    rig_run(&rig, RPL_S(1));
}

static void give(uint32_t ifindex, const struct rpl_addr *src, const struct rpl_addr *dst,
                 const uint8_t *data, size_t len)
{
    assert_true(len > 0);
    rig_octets(&rig, ifindex, src, dst, data, len);
}

static void solicit_as(const struct rpl_rovr *owner, uint8_t tid, uint16_t minutes, bool route)
{
    host_solicit_as(&rig, owner, tid, minutes, route);
}

static void solicit(uint8_t tid, uint16_t minutes, bool route)
{
    host_solicit(&rig, tid, minutes, route);
}

static const struct rpl_effect_send *sent(uint8_t type, size_t mark)
{
    return host_sent(&rig, type, mark);
}

static int told(size_t mark)
{
    int what = host_told(&rig, mark);

    assert_true(what != HOST_WRONG);
    return what;
}

/* |send| is there; the compiler does not know that an assertion ends the test. */
static const struct rpl_effect_send *must(const struct rpl_effect_send *send)
{
    assert_non_null(send);
    if (!send)
        abort();
    return send;
}

static struct rpl_nd_duplicate edac(uint8_t status)
{
    struct rpl_nd_duplicate m;

    assert_true(host_edac(&rig, status, &m));
    return m;
}

static const struct rpl_wire_dao *ack(uint8_t status)
{
    const struct rpl_wire_dao *dao = host_ack(&rig, status);

    assert_non_null(dao);
    return dao;
}

static bool linked(void)
{
    return host_linked(&rig);
}

/* HOST is registered and routed. */
static void registered(enum rpl_mop mop, bool proxy)
{
    router(mop, proxy);
    solicit(5, 60, true);
    edac(0);
    ack(0);
    assert_int_equal(told(0), HOST_ROUTED);
    rig.sent_count = 0;
}

/* A DAO of router |from| for HOST: 0x40 in |flags| is X, a ROVR of 8 octets ends in |owner|. */
static uint8_t behind(unsigned from, uint8_t flags, uint8_t owner, uint8_t tid, uint8_t lifetime)
{
    static uint8_t sequence;
    struct rpl_addr src = rig_global(from), host = rig_global(HOST), dst = rig_global(1);
    struct rpl_wire_message dao = rig_dao(++sequence, &host, tid, lifetime, &src);
    size_t mark = rig.sent_count;

    dao.u.dao.ack_wanted = true;
    dao.u.dao.target[0].flags = flags | 1;
    memcpy(dao.u.dao.target[0].rovr, host_rovr.octets, 8);
    dao.u.dao.target[0].rovr[7] = owner;
    dao.u.dao.transit[0].external = true;
    rig_receive_on(&rig, 0, &src, &dst, &dao);
    rig_run(&rig, RPL_S(1));
    assert_non_null(rig_last(&rig, RPL_CODE_DAO_ACK, mark));
    return rig_last(&rig, RPL_CODE_DAO_ACK, mark)->msg.u.ack.status;
}

static void test_R10_02(void **state)
{
    (void)state;
    for (int serves = 0; serves < 2; serves++) { /* P: the root says that it asks the 6LBR */
        row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
        rig.config.instance[0].serve_leaves = serves;
        row_start();
        rig_run(&rig, RPL_S(5));
        assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags, 0x40 * serves);
    }
    for (int proxy = 0; proxy < 2; proxy++) { /* X where P is, in refreshes, and never else */
        registered(RPL_MOP_NON_STORING, proxy);
        solicit(6, 60, true);
        assert_int_equal(sent(RPL_ND_EDAR, 0) != NULL, !proxy); /* or we ask ourselves */
        if (!proxy)
            edac(0);
        assert_int_equal(ack(0)->target[0].flags, proxy ? 0x41 : 0x01);
        assert_int_equal(told(0), HOST_ROUTED);
    }
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING); /* for itself: a classic Target */
    row_run(RPL_S(3));
    assert_int_equal(rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.target[0].flags, 0);
}

static void test_R10_03(void **state)
{
    struct rpl_addr own = rig_global(1), dodag_id = rig_global(ROOT), host = rig_global(HOST);

    (void)state;
    for (enum rpl_mop mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        router(mop, true);
        rig.sent_count = 0;
        solicit(5, 60, true);
        assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0); /* the 6LBR is asked first */
        struct rpl_nd_duplicate m = edac(0);
        assert_int_equal(m.tid, 5);
        assert_int_equal(m.lifetime_min, 60);
        assert_true(rpl_rovr_equal(&m.rovr, &host_rovr));
        assert_memory_equal(&m.address, &host, 16);
        const struct rpl_effect_send *send = &rig_last(&rig, RPL_CODE_DAO, 0)->send;
        assert_memory_equal(&send->src, &own, 16); /* non-storing signalling in either mode */
        assert_memory_equal(&send->dst, &dodag_id, 16);
        assert_int_equal(told(0), -1);
        const struct rpl_wire_dao *dao = ack(0);
        assert_true(dao->ack_wanted && dao->transit[0].external);
        assert_int_equal(dao->target_count, 1);
        assert_int_equal(dao->target[0].len, 128);
        assert_int_equal(dao->target[0].flags, 0x01); /* F and X are 0 */
        assert_memory_equal(dao->target[0].rovr, host_rovr.octets, 8);
        assert_memory_equal(&dao->transit[0].parent, &own, 16);
        assert_int_equal(dao->transit[0].path_sequence, 5);
        assert_int_equal(dao->transit[0].path_lifetime, 61);
        assert_int_equal(told(0), HOST_ROUTED);
        assert_true(linked());
    }
    /* No answer is a question repeated: it is given once, then again by request. */
    size_t mark = rig.sent_count;
    solicit(5, 60, true);
    assert_int_equal(told(mark), HOST_ROUTED);
    assert_null(sent(155, mark));
    /* The root wants to hear of everything again: of the leaf, too. */
    struct rpl_wire_message dio = row_dio(RPL_MOP_STORING, 256);
    dio.u.dio.dtsn++;
    dio.u.dio.config.flags = RPL_CONFIG_PROXY;
    rpl_wire_config_pack(&dio.u.dio.config);
    mark = rig.sent_count;
    row_hear(ROOT, &dio);
    row_run(RPL_S(3));
    bool again = false;
    for (size_t i = mark; i < rig.sent_count; i++)
        again = again || (rig.sent[i].msg.code == RPL_CODE_DAO &&
                          rpl_addr_equal(&rig.sent[i].msg.u.dao.target[0].prefix, &host));
    assert_true(again);
    /* R = 0: it stays bound, the route is taken back; the register keeps it. */
    registered(RPL_MOP_NON_STORING, true);
    solicit(6, 60, false);
    edac(0);
    const struct rpl_wire_dao *dao = ack(0);
    assert_int_equal(dao->transit[0].path_lifetime, 0);
    assert_int_equal(dao->target[0].flags, 0x01);
    assert_int_equal(told(0), HOST_BOUND);
    assert_true(linked());
    /* It ends by itself: a No-Path for the root, and no route on the link. */
    registered(RPL_MOP_NON_STORING, true);
    dio.u.dio.mop = RPL_MOP_NON_STORING;
    row_alive(ROOT, &dio);
    row_run(RPL_S(60 * 60 - 10));
    assert_true(linked());
    mark = rig.sent_count = 0;
    row_run(RPL_S(20));
    const struct rig_sent *last = rig_last(&rig, RPL_CODE_DAO, 0);
    assert_memory_equal(&last->msg.u.dao.target[0].prefix, &host, 16);
    assert_int_equal(last->msg.u.dao.transit[0].path_lifetime, 0);
    assert_false(linked());
}

static void test_R10_04(void **state)
{
    static const struct {
        uint16_t minutes, unit;
        uint8_t expected;
    } rows[] = {{1, 60, 2},      {60, 60, 61},     {253, 60, 254}, {300, 60, 254},
                {1, 3600, 2},    {65535, 60, 254}, {240, 3600, 5}, {241, 3600, 6},
                {1, 1, 61},      {5, 1, 254},      {0, 60, 0},     {65535, 0x4000, 241},
                {10000, 60, 254}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
        dio.u.dio.config.lifetime_unit_s = rows[i].unit;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].serve_leaves = true;
        row_start();
        row_hear(ROOT, &dio);
        row_run(RPL_S(3));
        row_alive(ROOT, NULL);
        solicit(5, rows[i].minutes ? rows[i].minutes : 60, true);
        edac(0);
        ack(0);
        if (rows[i].minutes == 0) { /* the end of a registration */
            solicit(6, 0, true);
            edac(0);
            assert_int_equal(ack(0)->transit[0].path_lifetime, 0);
            assert_int_equal(told(0), HOST_BOUND);
            assert_false(linked());
            continue;
        }
        assert_int_equal(rig_last(&rig, RPL_CODE_DAO, 0)->msg.u.dao.transit[0].path_lifetime,
                         rows[i].expected);
    }
}

/* What the register says to an EDAR of router 2 for HOST. */
static int asked(uint8_t owner, uint8_t tid, uint16_t minutes)
{
    struct rpl_nd_duplicate m = {.type = RPL_ND_EDAR,
                                 .tid = tid,
                                 .lifetime_min = minutes,
                                 .rovr = host_rovr,
                                 .address = rig_global(HOST)};
    struct rpl_addr src = rig_global(2), dst = rig_global(1);
    size_t mark = rig.sent_count;
    uint8_t data[128];

    m.rovr.octets[7] = owner;
    give(0, &src, &dst, data, rpl_nd_write_duplicate(&m, &src, &dst, data, sizeof(data)));
    const struct rpl_effect_send *send = must(sent(RPL_ND_EDAC, mark));
    assert_true(rpl_nd_read_duplicate(send->data, send->len, &send->src, &send->dst, &m));
    assert_memory_equal(&send->dst, &src, 16);
    return m.status;
}

static void test_R10_05(void **state)
{
    struct rpl_view_path path;
    struct rpl_addr host = rig_global(HOST), six_lr = rig_global(2);
    struct rpl_view_node v;

    (void)state;
    /* The register is next door: X is answered at once, with the status in the DAO-ACK. */
    root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 60);
    row_source(3, 1, 1, 5, 60);
    assert_int_equal(asked(0x55, 5, 60), 0);
    assert_int_equal(asked(0x66, 9, 60), RPL_ND_DUPLICATE); /* another owner, however new */
    assert_int_equal(behind(2, 0, 0x55, 5, 60), 0);
    assert_int_equal(rpl_view_route(rig.engine, &host, &path), 0);
    assert_true(path.behind && path.hops == 1);
    assert_memory_equal(&path.hop[0], &six_lr, 16);
    assert_int_equal(behind(2, 0x40, 0x55, 6, 60), 0x40);
    assert_int_equal(asked(0x55, 5, 60), RPL_ND_MOVED); /* the DAO's TID is known here */
    assert_int_equal(behind(3, 0x40, 0x66, 7, 60), 0xc1);
    assert_int_equal(behind(3, 0, 0x66, 7, 60), 0xc1); /* nor without X */
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_REGISTRATION), 4);
    assert_true(rig_traced(&rig, RPL_TRACE_DAO_REFUSED, RPL_CAUSE_REGISTERED));
    assert_true(row_node(HOST, &v));
    assert_memory_equal(&v.parent[0].address, &six_lr, 16);
    /* A lifetime of 0 ends both, and the address is free. */
    assert_int_equal(behind(2, 0x40, 0x55, 8, 0), 0x40);
    assert_false(row_node(HOST, &v) && v.reachable);
    assert_int_equal(asked(0x66, 1, 1), 0);
    row_run(RPL_S(61)); /* ... as it is when it has run out */
    assert_int_equal(asked(0x55, 1, 1), 0);
    /* No room: 6LBR Registry Saturated. */
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].serve_leaves = true;
    rig.config.limits.targets = 2;
    row_start();
    rig_run(&rig, RPL_S(1));
    for (unsigned i = 0; i < 3; i++) {
        struct rpl_nd_duplicate m = {.type = RPL_ND_EDAR,
                                     .lifetime_min = 9,
                                     .rovr = host_rovr,
                                     .address = rig_global(0x100 + i)};
        struct rpl_addr dst = rig_global(1);
        uint8_t data[128];
        give(0, &six_lr, &dst, data, rpl_nd_write_duplicate(&m, &six_lr, &dst, data, 128));
        const struct rpl_effect_send *send = must(sent(RPL_ND_EDAC, 0));
        assert_true(rpl_nd_read_duplicate(send->data, send->len, &send->src, &send->dst, &m));
        assert_int_equal(m.status, i < 2 ? 0 : RPL_ND_REGISTRY_FULL);
    }
    /* No answer from the 6LBR in three tries: the same, and nothing is kept. */
    router(RPL_MOP_NON_STORING, true);
    solicit(5, 60, true);
    row_run(RPL_S(30));
    assert_int_equal(told(0), RPL_ND_REGISTRY_FULL * 2);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_EDAR_OUT), 3);
    assert_false(linked());
}

/* A DCO of the root for HOST. */
static void dco(uint8_t path_seq, uint8_t status)
{
    struct rpl_addr src = rig_global(ROOT), own = rig_global(1), host = rig_global(HOST);
    struct rpl_wire_message msg = rig_dao(77, &host, path_seq, 0, NULL);

    msg.code = RPL_CODE_DCO;
    msg.u.dao.ack_wanted = true;
    msg.u.dao.status = status;
    rig_receive_on(&rig, 0, &src, &own, &msg);
}

static void test_R10_06(void **state)
{
    struct rpl_addr second = rig_global(2), own = rig_global(1);

    (void)state;
    /* Every ND status is a rejection with U and A; success is A alone: see R10-05. The leaf moves:
     * the router that it left is told, end to end, until it says that it heard. */
    root(RPL_MOP_NON_STORING);
    row_source(2, 1, 1, 5, 60);
    row_source(3, 1, 1, 5, 60);
    assert_int_equal(behind(2, 0, 0x55, 5, 60), 0);
    rig.sent_count = 0;
    assert_int_equal(behind(3, 0, 0x55, 6, 60), 0);
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DCO, 0);
    assert_non_null(s);
    assert_memory_equal(&s->send.dst, &second, 16);
    assert_memory_equal(&s->send.src, &own, 16);
    assert_int_equal(s->send.ifindex, 0);
    assert_int_equal(s->msg.u.dao.status, 0xc3);
    assert_int_equal(s->msg.u.dao.transit[0].path_sequence, 6);
    assert_int_equal(s->msg.u.dao.transit[0].path_lifetime, 0);
    struct rpl_wire_message msg = {.code = RPL_CODE_DCO_ACK};
    msg.u.ack.sequence = s->msg.u.dao.sequence;
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, 0), 2); /* unanswered, said again */
    rig_receive_on(&rig, 0, &second, &own, &msg);
    rig_run(&rig, RPL_S(30));
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO, 0), 2);
    /* The operator takes it away: Removed. */
    struct rpl_event forget = {.type = RPL_EVENT_COMMAND,
                               .u.command = {.command = RPL_COMMAND_FORGET}};
    forget.u.command.address = rig_global(HOST);
    assert_int_equal(rig_input(&rig, &forget), 0);
    rig_run(&rig, RPL_S(1));
    assert_int_equal(rig_last(&rig, RPL_CODE_DCO, 0)->msg.u.dao.status, 0xc4);
    /* The router's side. An older one than what it knows is too late. */
    registered(RPL_MOP_NON_STORING, true);
    dco(4, 0xc3);
    assert_int_equal(told(0), -1);
    assert_true(linked());
    dco(6, 0xc3);
    assert_int_equal(told(0), RPL_ND_MOVED * 2);
    assert_false(linked());
    assert_int_equal(rig_count(&rig, RPL_CODE_DCO_ACK, 0), 2);
    dco(6, 0xc3);
    assert_int_equal(rig_last(&rig, RPL_CODE_DCO_ACK, 0)->msg.u.ack.status, 0x81); /* gone */
    /* Not from anybody else. */
    registered(RPL_MOP_NON_STORING, true);
    struct rpl_addr other = rig_global(OTHER), host = rig_global(HOST);
    msg = rig_dao(78, &host, 6, 0, NULL);
    msg.code = RPL_CODE_DCO;
    assert_int_equal(rig_receive_on(&rig, 0, &other, &own, &msg), -RPL_ERR_DROPPED);
    assert_true(linked());
}

static void test_R10_07(void **state)
{
    static const struct {
        uint8_t status;
        int told;
        bool bound;
    } table[] = {{0x00, HOST_ROUTED, true},
                 {0x40, HOST_ROUTED, true},
                 {0x80, HOST_BOUND, true},
                 {0xc1, RPL_ND_DUPLICATE * 2, false},
                 {0xc9, RPL_ND_REGISTRY_FULL * 2, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        router(RPL_MOP_NON_STORING, true);
        solicit(5, 60, true);
        edac(0);
        ack(table[i].status);
        assert_int_equal(told(0), table[i].told);
        assert_int_equal(linked(), table[i].bound);
    }
    router(RPL_MOP_NON_STORING, true); /* the root never answers: bound, and no route */
    solicit(5, 60, true);
    edac(0);
    row_run(RPL_S(120));
    assert_int_equal(told(0), HOST_BOUND);
    assert_true(linked());
    router(RPL_MOP_NON_STORING, true); /* the 6LBR refuses */
    rig.sent_count = 0;
    solicit(5, 60, true);
    edac(RPL_ND_DUPLICATE);
    assert_int_equal(told(0), RPL_ND_DUPLICATE * 2);
    assert_int_equal(rig_count(&rig, RPL_CODE_DAO, 0), 0);
    /* A DCO beats the DAO-ACK that comes after it. */
    router(RPL_MOP_NON_STORING, true);
    solicit(5, 60, true);
    edac(0);
    dco(5, 0xc9);
    assert_int_equal(told(0), RPL_ND_REGISTRY_FULL * 2);
    size_t mark = rig.sent_count;
    ack(0);
    assert_int_equal(told(mark), -1);
    assert_false(linked());
    /* Somebody else cannot have the address; an old registration is one. */
    registered(RPL_MOP_NON_STORING, true);
    solicit(4, 60, true);
    assert_int_equal(told(0), RPL_ND_MOVED * 2);
    mark = rig.sent_count;
    struct rpl_rovr thief = host_rovr;
    thief.octets[0] ^= 1;
    solicit_as(&thief, 6, 60, true);
    assert_null(rig_last(&rig, RPL_CODE_DAO, mark));
    assert_true(linked());
    /* Who looks for a router that does this finds L, P and E. */
    uint8_t rs[8] = {RPL_ND_RS};
    struct rpl_addr src = rig_ll(HOST), routers = {{0xff, 2, [15] = 2}};
    uint16_t sum = rpl_wire_checksum(&src, &routers, 58, rs, sizeof(rs));
    rs[2] = (uint8_t)(sum >> 8);
    rs[3] = (uint8_t)sum;
    for (int serves = 0; serves < 2; serves++) {
        row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
        rig.config.instance[0].serve_leaves = serves;
        row_start();
        rig_run(&rig, RPL_S(1));
        give(RIG_IF, &src, &routers, rs, sizeof(rs));
        const struct rpl_effect_send *ra = sent(RPL_ND_RA, 0);
        assert_int_equal(ra != NULL, serves);
        if (!ra)
            continue;
        assert_int_equal(ra->len, 16 + 32 + 8);
        assert_int_equal(rpl_wire_checksum(&ra->src, &ra->dst, 58, ra->data, ra->len), 0);
        assert_int_equal(ra->data[48], 36);
        assert_int_equal(ra->data[51], 0x3e); /* D L B P E */
    }
    /* At the root itself: nobody else is asked. */
    solicit(5, 60, true);
    assert_int_equal(told(0), HOST_ROUTED);
    assert_true(linked());
    row_source(2, 1, 1, 5, 60);
    mark = rig.sent_count;
    assert_int_equal(behind(2, 0x40, 0x55, 6, 60), 0x40); /* it went behind a router */
    assert_int_equal(told(mark), RPL_ND_MOVED * 2);
    mark = rig.sent_count;
    solicit(7, 60, true); /* and came back */
    rig_run(&rig, RPL_S(1));
    assert_int_equal(told(mark), HOST_ROUTED);
    assert_true(linked());
    assert_int_equal(rig_last(&rig, RPL_CODE_DCO, mark)->msg.u.dao.status, 0xc3);
}

static void test_R10_08(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) { /* T is the root's to set */
        dio.u.dio.config.flags = compressed ? 0x20 : 0;
        rpl_wire_config_pack(&dio.u.dio.config);
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        row_start();
        row_hear(ROOT, &dio);
        rig.sent_count = 0;
        row_dis(CHILD, false, NULL);
        assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags,
                         dio.u.dio.config.flags);
    }
    row_root(RPL_MOP_NON_STORING); /* which asks nobody to compress */
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.config.flags & 0x20, 0);
}

static void test_R10_10(void **state)
{
    static const uint8_t dro[] = {155, 4, 0, 0, 0, 240, 0, 0, 0xfd, 1, [23] = 9};
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    uint8_t copy[sizeof(dro)];

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_run(RPL_S(3));
    rig.sent_count = 0;
    memcpy(copy, dro, sizeof(copy));
    assert_int_equal(row_octets(CHILD, copy, sizeof(copy)), -RPL_ERR_DROPPED);
    copy[1] = 5;
    assert_int_equal(row_octets(CHILD, copy, sizeof(copy)), -RPL_ERR_DROPPED);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CODE_UNSUPPORTED), 2);
    dio.u.dio.mop = 4;
    dio.u.dio.instance = 0x81;
    row_shout(OTHER, &dio);
    dio.u.dio.instance = 0;
    row_shout(OTHER, &dio);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_MOP), 1);
    assert_int_equal(rig.sent_count, 0); /* no relay */
    assert_true(row_parent_is(ROOT));
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(R10, 01, "Target options with F, X and ROVR"),
        ROW(R10, 02, "P says that the root asks the 6LBR, X asks it to"),
        ROW(R10, 03, "a router announces its leaves in non-storing signalling"),
        ROW(R10, 04, "the path outlives the registration"),
        ROW(R10, 05, "the root has the register next door"),
        ROW(R10, 06, "ND's word in RPL Status, and the non-storing DCO"),
        ROW(R10, 07, "what the leaf is told"),
        ROW(R10, 08, "T travels with the Configuration"),
        ROW(R10, 10, "P2P-RPL is recognised and left alone"),
    };

    return ROWS_RUN(rows);
}
