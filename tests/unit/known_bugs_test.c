/* SPDX-License-Identifier: ISC */
/*
 * The inputs that crashed, hung or misled other implementations of RPL, one test for each family,
 * named after where it was found. Each goes the way a packet goes: octets with a right checksum
 * into an engine that has something to lose, or a whole packet through the header surgery. What
 * may not happen: a crash (the sanitizers look), a hang, or any change of state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_data.h"
#include "tests/lib/rig.h"

#define CHILD 0x40
#define OTHER 0x41

static struct rig rig;

static int teardown(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1;
}

/* ---- messages into a root that knows CHILD ------------------------------------------------ */

static void announce(unsigned target, unsigned from, unsigned parent, uint8_t sequence)
{
    struct rpl_addr node = rig_global(target), at = rig_global(parent), src = rig_ll(from);
    bool storing = rig.config.instance[0].mop == RPL_MOP_STORING;
    struct rpl_wire_message msg = rig_dao(sequence, &node, sequence, 30, storing ? NULL : &at);

    assert_int_equal(rig_receive(&rig, &src, &rig.link_local, &msg), 0);
}

static void start(enum rpl_mop mop)
{
    if (rig.engine)
        rig_stop(&rig);
    rig_init(&rig, RPL_ROLE_ROOT, mop);
    assert_int_equal(rig_start(&rig), 0);
    rig_link_up(&rig);
    rig_run(&rig, RPL_S(5));
    announce(CHILD, CHILD, 1, 1);
}

static struct rpl_view_instance instance(void)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;

    assert_true(rpl_view_next_instance(rig.engine, &cursor, rig.now, &view));
    return view;
}

static size_t node_count(void)
{
    return instance().nodes;
}

static bool known(unsigned n, struct rpl_view_node *ret_view)
{
    struct rpl_addr address = rig_global(n);

    return rpl_view_node(rig.engine, &address, rig.now, ret_view);
}

static bool child_stands(void)
{
    struct rpl_view_node view;

    return known(CHILD, &view) && view.reachable;
}

/* |data| with a right checksum, from OTHER's link-local address. */
static int give(uint8_t *data, size_t len)
{
    struct rpl_addr src = rig_ll(OTHER);
    uint16_t sum;

    if (len >= 4) {
        data[2] = data[3] = 0;
        sum = rpl_wire_checksum(&src, &rig.link_local, 58, data, len);
        data[2] = (uint8_t)(sum >> 8);
        data[3] = (uint8_t)sum;
    }
    return rig_octets(&rig, RIG_IF, &src, &rig.link_local, data, len);
}

/* Handed in from a block of its own length, so that one octet read behind it is seen. */
static void refused(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    size_t nodes = node_count(), routes = rig.route_count;

    assert_non_null(copy);
    memcpy(copy, data, len);
    assert_int_equal(give(copy, len), -RPL_ERR_DROPPED);
    free(copy);
    assert_int_equal(node_count(), nodes);
    assert_int_equal(rig.route_count, routes);
    assert_true(child_stands());
}

/* A DAO of instance 0 with |options| behind its base. */
static size_t dao_with(uint8_t *out, const uint8_t *options, size_t len)
{
    static const uint8_t base[8] = {155, 2, 0, 0, 0, 0x80, 0, 9};

    memcpy(out, base, sizeof(base));
    memcpy(out + sizeof(base), options, len);
    return sizeof(base) + len;
}

/* A DIO of our own DODAG at a Rank below us, with |options| behind its base. */
static size_t dio_with(uint8_t *out, const uint8_t *options, size_t len)
{
    struct rpl_view_instance view = instance();

    memset(out, 0, 28);
    out[0] = 155;
    out[1] = 1;
    out[5] = view.version;
    out[6] = 4; /* Rank 1024 */
    out[8] = (uint8_t)(0x80 | rig.config.instance[0].mop << 3);
    memcpy(out + 12, view.dodag_id.b, 16);
    memcpy(out + 28, options, len);
    return 28 + len;
}

/* contiki-ng #3196 and CVE-2021-32771: a Target longer than an address, and one whose option is
 * shorter than its prefix. */
static void test_target_length(void **state)
{
    static const uint8_t transit[6] = {6, 4, 0, 0, 1, 30};
    uint8_t data[64], options[40];

    (void)state;
    start(RPL_MOP_STORING);
    for (unsigned bits = 129; bits <= 255; bits++) {
        memset(options, 0xfd, sizeof(options));
        options[0] = 5;
        options[1] = 18;
        options[2] = 0;
        options[3] = (uint8_t)bits;
        memcpy(options + 20, transit, sizeof(transit));
        refused(data, dao_with(data, options, 26));
    }
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_PREFIX_LENGTH), 127);
    for (uint8_t len = 0; len < 18; len++) {
        options[1] = len;
        options[3] = 128;
        refused(data, dao_with(data, options, 26));
        refused(data, dao_with(data, options, 2u + len)); /* the option is the end */
    }
}

/* contiki-ng #1589 and CVE-2023-50926: a PIO prefix longer than an address, a PIO cut short. */
static void test_pio_length(void **state)
{
    uint8_t data[80], pio[32] = {8, 30, 0, 0x40};

    (void)state;
    start(RPL_MOP_STORING);
    for (unsigned bits = 129; bits <= 255; bits++) {
        pio[2] = (uint8_t)bits;
        refused(data, dio_with(data, pio, 32));
    }
    pio[2] = 64;
    for (uint8_t len = 0; len < 30; len++) {
        pio[1] = len;
        refused(data, dio_with(data, pio, 2u + len));
    }
}

/* contiki-ng #2484, #2977, #2978, RIOT #16018, #16048, #16085, CVE-2021-27698: every message, cut
 * after every octet. */
static void test_truncated(void **state)
{
    static const uint8_t options[] = {
        4, 14, 0,  8,    12, 10, 7, 0, 1, 0, 0, 1, 0, 30, 0, 60,             /* Configuration */
        2, 6,  7,  0,    0,  2,  0, 0,                                       /* metric container */
        3, 6,  0,  0,    0,  0,  0, 9,                                       /* Route Information */
        8, 30, 64, 0x40, 0,  0,  0, 9, 0, 0, 0, 9, 0, 0,  0, 0,  0xfd, 0, 0, /* PIO */
        0, 0,  0,  0,    0,  0,  0, 0, 0, 0, 0, 0, 0};
    static const uint8_t dao[] = {5,    18, 0, 128, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff,
                                  0xfe, 0,  0, 9,   9,    4, 0, 0, 0, 1, 6, 4, 0, 0, 1, 30};
    uint8_t whole[128], *copy;
    size_t len;

    (void)state;
    for (unsigned code = 0; code < 9; code++) {
        start(RPL_MOP_STORING);
        len = code == 1 ? dio_with(whole, options, sizeof(options))
                        : dao_with(whole, dao, sizeof(dao));
        whole[1] = (uint8_t)code;
        for (size_t cut = 0; cut < len; cut++) {
            copy = malloc(cut ? cut : 1);
            assert_non_null(copy);
            memcpy(copy, whole, cut);
            give(copy, cut);
            free(copy);
            assert_true(child_stands());
            assert_int_equal(node_count(), 1);
        }
    }
}

/* contiki-ng #3242, #3243: a Configuration that divides by zero or shifts too far. */
static void test_configuration(void **state)
{
    uint8_t data[80], config[16] = {4, 14, 0, 8, 12, 10, 7, 0, 1, 0, 0, 1, 0, 30, 0, 60};

    (void)state;
    start(RPL_MOP_STORING);
    config[8] = config[9] = 0; /* MinHopRankIncrease */
    refused(data, dio_with(data, config, sizeof(config)));
    config[8] = 1;
    config[3] = config[4] = 255; /* DIOIntervalDoublings, DIOIntervalMin */
    refused(data, dio_with(data, config, sizeof(config)));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_CONFIG_INVALID), 2);
}

/* The same two: no Target, a Target of no length, also as the second of two. */
static void test_no_target(void **state)
{
    static const uint8_t none[] = {6, 4, 0, 0, 1, 30};
    static const uint8_t zero[] = {5, 2, 0, 0, 6, 4, 0, 0, 1, 30};
    uint8_t data[80], two[30] = {5, 18, 0, 128};
    struct rpl_addr first = rig_global(0x50);

    (void)state;
    start(RPL_MOP_STORING);
    refused(data, dao_with(data, none, 0));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_NO_TARGET), 1);
    refused(data, dao_with(data, none, sizeof(none)));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_DAO_STRUCTURE), 1);
    give(data, dao_with(data, zero, sizeof(zero)));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TARGET_DEFAULT), 1);
    assert_int_equal(node_count(), 1);
    memcpy(two + 4, first.b, 16);
    memcpy(two + 20, zero, sizeof(zero));
    give(data, dao_with(data, two, sizeof(two)));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TARGET_DEFAULT), 2);
    for (size_t i = 0; i < rig.route_count; i++) /* nothing like a default route */
        assert_true(rig.route[i].route.dst_len >= 64);
    assert_true(child_stands());
}

/* The same: an option's fields are its own, and a Transit of 20 octets names its parent where the
 * address really begins. */
static void test_option_bounds(void **state)
{
    struct rpl_addr node = rig_global(0x50), parent = rig_global(CHILD);
    uint8_t data[80], options[42] = {5, 18, 0, 128};
    struct rpl_view_node view;

    (void)state;
    start(RPL_MOP_NON_STORING);
    memcpy(options + 4, node.b, 16);
    options[20] = 6;
    for (uint8_t len = 0; len < 4; len++) { /* reads on into what follows */
        options[21] = len;
        refused(data, dao_with(data, options, sizeof(options)));
    }
    options[21] = 20;
    options[24] = 1;
    options[25] = 30;
    memcpy(options + 26, parent.b, 16);
    assert_int_equal(give(data, dao_with(data, options, sizeof(options))), 0);
    assert_true(known(0x50, &view));
    assert_int_equal(view.parent_count, 1);
    assert_memory_equal(&view.parent[0].address, &parent, 16);
}

/* contiki-ng #1410, wsbrd 2.7.1: an option of length 0, and padding, without an end. */
static void test_zero_length_options(void **state)
{
    uint8_t data[1400], options[1300];

    (void)state;
    start(RPL_MOP_STORING);
    for (unsigned type = 0; type < 256; type++) {
        for (size_t i = 0; i < sizeof(options); i += 2) {
            options[i] = (uint8_t)type;
            options[i + 1] = 0;
        }
        give(data, dao_with(data, options, sizeof(options)));
        give(data, dio_with(data, options, sizeof(options)));
        assert_true(child_stands());
        assert_int_equal(node_count(), 1);
    }
}

/* contiki-os #2360, wsbrd 2.1.7: each group of Targets belongs to the Transits behind it, however
 * many there are. */
static void test_many_targets(void **state)
{
    struct rpl_addr src = rig_ll(OTHER);
    struct rpl_view_node view;

    (void)state;
    for (unsigned groups = 1; groups <= 12; groups++) {
        struct rpl_wire_message msg = {.code = RPL_CODE_DAO};
        struct rpl_wire_dao *dao = &msg.u.dao;
        unsigned took = 0;

        start(RPL_MOP_NON_STORING);
        announce(OTHER, OTHER, 1, 1);
        dao->sequence = 7;
        dao->group_count = (uint8_t)groups;
        for (unsigned g = 0; g < groups; g++) {
            for (unsigned k = 0; k < 2 && dao->target_count < RPL_WIRE_TARGETS_MAX; k++)
                dao->target[dao->target_count++] = (struct rpl_wire_target){
                    .len = 128, .prefix = rig_global(0x100 + g * 2 + k), .group = (uint8_t)g};
            dao->transit[dao->transit_count++] =
                (struct rpl_wire_transit){.path_sequence = 1,
                                          .path_lifetime = 30,
                                          .has_parent = true,
                                          .parent = rig_global(g % 2 ? CHILD : OTHER),
                                          .group = (uint8_t)g};
        }
        assert_int_equal(rig_receive(&rig, &src, &rig.link_local, &msg), 0);
        for (unsigned t = 0; t < dao->target_count; t++, took++) {
            struct rpl_addr parent = rig_global(t / 2 % 2 ? CHILD : OTHER);
            assert_true(known(0x100 + t, &view));
            assert_int_equal(view.parent_count, 1);
            assert_memory_equal(&view.parent[0].address, &parent, 16);
        }
        assert_int_equal(took, groups * 2);
    }
}

/* contiki-os #2031: a multicast address as a Target. */
static void test_multicast_target(void **state)
{
    uint8_t data[80], options[26] = {5, 18, 0, 128, 0xff, 0x05, [19] = 1, 6, 4, 0, 0, 1, 30};

    (void)state;
    start(RPL_MOP_NON_STORING);
    give(data, dao_with(data, options, sizeof(options)));
    assert_int_equal(rig_counter(&rig, RPL_COUNT_DROP_TARGET_MULTICAST), 1);
    assert_int_equal(node_count(), 1);
}

/* wsbrd 2.7 and 2.10: we are its second parent; an outdated Path Sequence. */
static void test_second_parent(void **state)
{
    struct rpl_addr node = rig_global(0x50), src = rig_ll(OTHER);
    struct rpl_wire_message msg;
    struct rpl_view_node view;

    (void)state;
    start(RPL_MOP_NON_STORING);
    announce(OTHER, OTHER, 1, 1);
    msg = rig_dao(9, &node, 5, 30, &(struct rpl_addr){{0}});
    msg.u.dao.transit[0].parent = rig_global(CHILD);
    msg.u.dao.transit[msg.u.dao.transit_count] = msg.u.dao.transit[0];
    msg.u.dao.transit[msg.u.dao.transit_count++].parent = rig_global(1);
    assert_int_equal(rig_receive(&rig, &src, &rig.link_local, &msg), 0);
    assert_true(known(0x50, &view));
    assert_int_equal(view.parent_count, 2);
    assert_true(view.reachable);
    msg =
        rig_dao(10, &node, 6, 30, &msg.u.dao.transit[0].parent); /* its sequence is seen to move */
    assert_int_equal(rig_receive(&rig, &src, &rig.link_local, &msg), 0);
    msg = rig_dao(11, &node, 4, 0, &msg.u.dao.transit[0].parent); /* an old No-Path */
    rig_receive(&rig, &src, &rig.link_local, &msg);
    assert_true(known(0x50, &view));
    assert_true(view.reachable);
    assert_true(rig_counter(&rig, RPL_COUNT_REFUSED_OLD) > 0);
}

/* ---- packets through the header surgery ---------------------------------------------------- */

static const struct rpl_addr US = {{0xfd, 1, [8] = 2, [15] = 1}};
static const struct rpl_addr FAR = {{0x20, 1, 0x0d, 0xb8, [15] = 0x99}};

/* An IPv6 packet from FAR to us whose first extension header, |next|, is |ext|. */
static size_t carry(uint8_t *packet, uint8_t next, const uint8_t *ext, size_t len)
{
    memset(packet, 0, 40);
    packet[0] = 0x60;
    packet[4] = (uint8_t)(len >> 8);
    packet[5] = (uint8_t)len;
    packet[6] = next;
    packet[7] = 64;
    memcpy(packet + 8, FAR.b, 16);
    memcpy(packet + 24, US.b, 16);
    memcpy(packet + 40, ext, len);
    return 40 + len;
}

/* Through all that the forwarder does with it; from a block of its own length. */
static enum rpl_data_error handle(const uint8_t *packet, size_t len)
{
    uint8_t *copy = malloc(len), *out = malloc(1280);
    struct rpl_packet_info info;
    struct rpl_addr next;
    enum rpl_data_error err, step = RPL_DATA_OK;
    size_t now = len;

    assert_non_null(copy);
    assert_non_null(out);
    memcpy(copy, packet, len);
    err = rpl_packet_parse(copy, len, &info);
    if (err == RPL_DATA_OK && info.segments_left > 0)
        step = rpl_srh_step(copy, len, &US, 1, &next);
    (void)rpl_icmp6_error(out, 1280, copy, len, &US, 4, 0, 0);
    (void)rpl_strip(copy, &now);
    assert_true(now <= len);
    (void)rpl_decapsulate(copy, &now);
    assert_true(now <= len);
    free(copy);
    free(out);
    return err != RPL_DATA_OK ? err : step;
}

/* CVE-2024-47181: the RPI at any offset and of any length. */
static void test_rpi_anywhere(void **state)
{
    uint8_t ext[64], packet[128];
    struct rpl_packet_info info;

    (void)state;
    for (uint8_t pad = 0; pad < 16; pad++)
        for (uint8_t len = 0; len < 16; len++) {
            memset(ext, 0, sizeof(ext)); /* Pad1 */
            ext[0] = 59;
            ext[1] = 5; /* 48 octets */
            ext[2 + pad] = RPL_RPI_63;
            ext[3 + pad] = len;
            ext[6 + pad] = 0x12;
            ext[7 + pad] = 0x34;
            size_t size = carry(packet, 0, ext, 48);
            enum rpl_data_error err = handle(packet, size);
            assert_int_equal(err, len < 4 ? RPL_DATA_RPI_INVALID : RPL_DATA_OK);
            if (err == RPL_DATA_OK) {
                assert_int_equal(rpl_packet_parse(packet, size, &info), RPL_DATA_OK);
                assert_int_equal(info.rpi.sender_rank, 0x1234);
            }
        }
}

/* CVE-2021-28362: an extension header that claims more than the packet has, where an error about
 * it is due. */
static void test_header_longer_than_packet(void **state)
{
    static const uint8_t types[] = {0, 43, 44, 60};
    uint8_t packet[128];

    (void)state;
    for (size_t t = 0; t < sizeof(types); t++)
        for (unsigned claim = 1; claim < 256; claim++)
            for (size_t len = 0; len <= 24; len += 8) {
                uint8_t ext[24] = {types[t], (uint8_t)claim, 3, 1};
                size_t size = carry(packet, types[t], ext, len);
                enum rpl_data_error err = handle(packet, size);
                if (types[t] == 0 || types[t] == 43)
                    assert_int_equal(err, 8 * (claim + 1) > len ? RPL_DATA_TRUNCATED : err);
            }
}

/* A source route by hand: |segment| compressed by nothing. */
static size_t route(uint8_t *packet, const struct rpl_addr *segment, uint8_t n, uint8_t left)
{
    uint8_t ext[8 + 16 * 8] = {59, (uint8_t)(2 * n), 3, left};

    for (uint8_t i = 0; i < n; i++)
        memcpy(ext + 8 + 16 * i, segment[i].b, 16);
    return carry(packet, 43, ext, 8 + 16u * n);
}

/* CVE-2023-29001: a route that names ourselves, nobody, everybody, or somebody twice. */
static void test_route_to_ourselves(void **state)
{
    static const struct rpl_addr none, group = {{0xff, 2, [15] = 1}}, a = {{0xfd, 1, [15] = 7}},
                                       loopback = {{[15] = 1}};
    struct rpl_addr segment[3] = {US, a, a};
    uint8_t packet[256];

    (void)state;
    /* We are the destination already: one step more to ourselves is silly, yet no loop. */
    assert_int_equal(handle(packet, route(packet, segment, 1, 1)), RPL_DATA_OK);
    segment[0] = a;
    segment[1] = US;
    assert_int_equal(handle(packet, route(packet, segment, 2, 2)), RPL_DATA_SRH_LOOP);
    segment[0] = group;
    assert_int_equal(handle(packet, route(packet, segment, 1, 1)), RPL_DATA_SRH_MULTICAST);
    segment[0] = none;
    assert_int_equal(handle(packet, route(packet, segment, 1, 1)), RPL_DATA_SRH_MULTICAST);
    segment[0] = loopback;
    assert_int_equal(handle(packet, route(packet, segment, 1, 1)), RPL_DATA_SRH_MULTICAST);
    /* Nor do we make one. */
    for (int to = 0; to < 3; to++) {
        const struct rpl_addr last = to == 0 ? none : to == 1 ? loopback : group;
        const struct rpl_addr hop[2] = {a, last};
        static const uint8_t payload[8] = {1};
        size_t len = carry(packet, 59, payload, sizeof(payload));
        memcpy(packet + 24, last.b, 16);
        assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, 2, NULL),
                         RPL_DATA_PATH_INVALID);
    }
}

/* contiki-ng f0bb7f3, 99a9257: Segments Left beyond the segments. */
static void test_segments_left(void **state)
{
    static const struct rpl_addr a = {{0xfd, 1, [15] = 7}}, b = {{0xfd, 1, [15] = 8}};
    const struct rpl_addr segment[2] = {a, b};
    uint8_t packet[256];

    (void)state;
    for (unsigned left = 0; left < 256; left++)
        assert_int_equal(handle(packet, route(packet, segment, 2, (uint8_t)left)),
                         left > 2 ? RPL_DATA_SRH_SEGMENTS : RPL_DATA_OK);
}

/* RIOT GHSA-xjgw-7638-29g5, contiki-ng #3243: compression, padding and length that contradict each
 * other, every combination. */
static void test_route_arithmetic(void **state)
{
    uint8_t packet[256];

    (void)state;
    for (unsigned length = 0; length <= 6; length++)
        for (unsigned cmpr = 0; cmpr < 256; cmpr++)
            for (unsigned pad = 0; pad < 16; pad++)
                for (unsigned left = 0; left <= 3; left++) {
                    uint8_t ext[64] = {
                        59, (uint8_t)length, 3, (uint8_t)left, (uint8_t)cmpr, (uint8_t)(pad << 4)};
                    size_t octets = length * 8;
                    unsigned last = 16 - cmpr % 16;
                    enum rpl_data_error err;
                    memset(ext + 8, 7, sizeof(ext) - 8);
                    err = handle(packet, carry(packet, 43, ext, 8 + octets));
                    if (left > 0 && octets < pad + last)
                        assert_int_not_equal(err, RPL_DATA_OK);
                }
}

/* wsbrd 2.7: a route of more hops than fit is refused, and one of all that fit is whole. */
static void test_long_route(void **state)
{
    struct rpl_addr hop[200];
    uint8_t packet[4096];

    (void)state;
    for (size_t hops = 1; hops <= 200; hops++) {
        static const uint8_t payload[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        struct rpl_packet_info info;
        size_t len = carry(packet, 59, payload, sizeof(payload));
        enum rpl_data_error err;
        for (size_t i = 0; i < hops; i++) {
            hop[i] = US;
            hop[i].b[13] = (uint8_t)(i + 1);
        }
        memcpy(packet + 24, hop[hops - 1].b, 16);
        err = rpl_srh_insert(packet, &len, 1280, hop, hops, NULL);
        if (err != RPL_DATA_OK) {
            assert_true(hops > 64);
            continue;
        }
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
        assert_int_equal(info.segments, hops - 1);
        for (unsigned i = 1; i < hops; i++) {
            struct rpl_addr at;
            assert_true(rpl_srh_segment(packet, &info, i, &at));
            assert_memory_equal(&at, &hop[i], 16);
        }
    }
}

int main(void)
{
    const struct CMUnitTest messages[] = {
        cmocka_unit_test_teardown(test_target_length, teardown),
        cmocka_unit_test_teardown(test_pio_length, teardown),
        cmocka_unit_test_teardown(test_truncated, teardown),
        cmocka_unit_test_teardown(test_configuration, teardown),
        cmocka_unit_test_teardown(test_no_target, teardown),
        cmocka_unit_test_teardown(test_option_bounds, teardown),
        cmocka_unit_test_teardown(test_zero_length_options, teardown),
        cmocka_unit_test_teardown(test_many_targets, teardown),
        cmocka_unit_test_teardown(test_multicast_target, teardown),
        cmocka_unit_test_teardown(test_second_parent, teardown),
    };
    const struct CMUnitTest packets[] = {
        cmocka_unit_test(test_rpi_anywhere),       cmocka_unit_test(test_header_longer_than_packet),
        cmocka_unit_test(test_route_to_ourselves), cmocka_unit_test(test_segments_left),
        cmocka_unit_test(test_route_arithmetic),   cmocka_unit_test(test_long_route),
    };
    int failed = cmocka_run_group_tests_name("messages", messages, NULL, NULL);

    return failed + cmocka_run_group_tests_name("packets", packets, NULL, NULL);
}
