/* SPDX-License-Identifier: ISC */
/* The packets that ICMPv6 errors quote, octet by octet: out of tunnels, and without source routes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

static const struct rpl_addr ROOT = {{0xfd, 1, [15] = 1}};
static const struct rpl_addr NODE = {{0xfd, 1, [15] = 3}};
static const struct rpl_addr HOST = {{0x20, 1, 0x0d, 0xb8, [15] = 9}};

#define TUNNEL 64u /* octets of headers: IPv6, RPI, source route */
#define ROUTE 24u  /* RPI and source route */

/*
 * 2001:db8::9 has sent SENT to fd01::4; the root fd01::1 has put it into a tunnel over fd01::2 and
 * fd01::3, or the source route into it. This is at fd01::3, with a Hop Limit of its own.
 */
/* clang-format off */
static const uint8_t TUNNELLED[] = {
    0x60, 0x00, 0x00, 0x00, 0x00, 0x58, 0x00, 0x3f, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2b, 0x00, 0x63, 0x04, 0x80, 0x00, 0x01, 0x00,
    0x29, 0x01, 0x03, 0x01, 0xff, 0x60, 0x00, 0x00, 0x02, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x6b, 0x9a, 0xbc, 0xde, 0x00, 0x18, 0x11, 0x3d, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x16, 0x33, 0x16, 0x33, 0x00, 0x18, 0x70, 0x50,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t ROUTED[] = {
    0x6b, 0x9a, 0xbc, 0xde, 0x00, 0x30, 0x00, 0x3d, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2b, 0x00, 0x63, 0x04, 0x80, 0x00, 0x01, 0x00,
    0x11, 0x01, 0x03, 0x01, 0xff, 0x60, 0x00, 0x00, 0x02, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x16, 0x33, 0x16, 0x33, 0x00, 0x18, 0x70, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t SENT[] = {
    0x6b, 0x9a, 0xbc, 0xde, 0x00, 0x18, 0x11, 0x3d, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x16, 0x33, 0x16, 0x33, 0x00, 0x18, 0x70, 0x50,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t TOLD[] = {
    0x60, 0x00, 0x00, 0x00, 0x00, 0x48, 0x3a, 0x40, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x01, 0x03, 0x9a, 0x10, 0x00, 0x00, 0x00, 0x00,
    0x6b, 0x9a, 0xbc, 0xde, 0x00, 0x18, 0x11, 0x3d, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x16, 0x33, 0x16, 0x33, 0x00, 0x18, 0x70, 0x50,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t ROUTED_ERROR[] = {
    0x60, 0x00, 0x00, 0x00, 0x00, 0x60, 0x3a, 0x40, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x01, 0x07, 0x86, 0x6f, 0x00, 0x00, 0x00, 0x00,
    0x6b, 0x9a, 0xbc, 0xde, 0x00, 0x30, 0x00, 0x3d, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2b, 0x00, 0x63, 0x04, 0x80, 0x00, 0x01, 0x00,
    0x11, 0x01, 0x03, 0x01, 0xff, 0x60, 0x00, 0x00, 0x02, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x16, 0x33, 0x16, 0x33, 0x00, 0x18, 0x70, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t SENT_ERROR[] = {
    0x60, 0x00, 0x00, 0x00, 0x00, 0x48, 0x3a, 0x40, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x01, 0x03, 0x9a, 0x0e, 0x00, 0x00, 0x00, 0x00,
    0x6b, 0x9a, 0xbc, 0xde, 0x00, 0x18, 0x11, 0x3d, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xfd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x16, 0x33, 0x16, 0x33, 0x00, 0x18, 0x70, 0x50,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
/* clang-format on */

struct text {
    uint8_t *b; /* a block of its own size */
    size_t len;
};

/* An ICMPv6 message about |quoted|, from its type on; its checksum is not looked at here. */
static struct text message(uint8_t type, uint8_t code, uint32_t parameter, const uint8_t *quoted,
                           size_t len)
{
    struct text text = {malloc(8 + len), 8 + len};

    assert_non_null(text.b);
    memset(text.b, 0, 8);
    text.b[0] = type;
    text.b[1] = code;
    for (unsigned i = 0; i < 4; i++)
        text.b[4 + i] = (uint8_t)(parameter >> (24 - 8 * i));
    memcpy(text.b + 8, quoted, len);
    return text;
}

/* The same as a packet from the node to the host. */
static struct text packet(uint8_t type, uint8_t code, uint32_t parameter, const uint8_t *quoted,
                          size_t len)
{
    struct text in = message(type, code, parameter, quoted, len);
    struct text text = {malloc(40 + in.len), 40 + in.len};

    assert_non_null(text.b);
    memset(text.b, 0, 40);
    text.b[0] = 0x60;
    text.b[4] = (uint8_t)(in.len >> 8);
    text.b[5] = (uint8_t)in.len;
    text.b[6] = 58;
    text.b[7] = 64;
    memcpy(text.b + 8, NODE.b, 16);
    memcpy(text.b + 24, HOST.b, 16);
    memcpy(text.b + 40, in.b, in.len);
    uint16_t sum = rpl_wire_checksum(&NODE, &HOST, 58, in.b, in.len);
    text.b[42] = (uint8_t)(sum >> 8);
    text.b[43] = (uint8_t)sum;
    free(in.b);
    return text;
}

/* ---- tunnels ----------------------------------------------------------------------------------
 */

#define NOBODY 0xffu /* in |to_type|: there is nobody to tell */

static const struct {
    uint8_t type, code;
    uint32_t parameter;
    uint8_t to_type, to_code;
    uint32_t to_parameter;
} mapping[] = {
    /* RFC 2473 section 8.2: each "unreachable node", and a hop limit that ran out. */
    {1, 0, 0, 1, 3, 0},
    {1, 1, 0, 1, 3, 0},
    {1, 2, 0, 1, 3, 0},
    {1, 3, 0, 1, 3, 0},
    {1, 4, 0, 1, 3, 0},
    {1, 5, 0, 1, 3, 0},
    {1, 6, 0, 1, 3, 0},
    {1, 7, 0, 1, 3, 0},
    {3, 0, 0, 1, 3, 0},
    {3, 1, 0, 1, 3, 0},
    /* What points into the tunnel's own headers, the sender did not write. */
    {4, 0, 0, 1, 3, 0},
    {4, 1, 6, 1, 3, 0},
    {4, 2, 42, 1, 3, 0},
    {4, 1, TUNNEL - 1, 1, 3, 0},
    /* What points behind them, it did. */
    {4, 0, TUNNEL, 4, 0, 0},
    {4, 1, TUNNEL + 6, 4, 1, 6},
    {4, 2, TUNNEL + 42, 4, 2, 42},
    /* Nobody needs to send less than 1280 octets. */
    {2, 0, 1280, NOBODY, 0, 0},
    {2, 0, 0, NOBODY, 0, 0},
};

static void test_relay_maps_each_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mapping) / sizeof(mapping[0]); i++) {
        struct text text = message(mapping[i].type, mapping[i].code, mapping[i].parameter,
                                   TUNNELLED, sizeof(TUNNELLED));
        struct rpl_relay relay;

        assert_true(rpl_icmp6_relay(text.b, text.len, &relay));
        assert_memory_equal(relay.entry.b, ROOT.b, 16);
        assert_int_equal(relay.packet, 8 + TUNNEL);
        assert_int_equal(relay.tell, mapping[i].to_type != NOBODY);
        if (relay.tell) {
            assert_int_equal(relay.type, mapping[i].to_type);
            assert_int_equal(relay.code, mapping[i].to_code);
            assert_int_equal(relay.parameter, mapping[i].to_parameter);
        }
        assert_memory_equal(text.b + relay.packet, SENT, sizeof(SENT));
        free(text.b);
    }
}

/* A packet of more than 1280 octets can be made smaller: by the tunnel's headers, but not below. */
static void test_relay_lowers_the_mtu(void **state)
{
    static const struct {
        uint32_t said, told;
    } mtus[] = {{1500, 1500 - TUNNEL}, {1345, 1281}, {1344, 1280},
                {1300, 1280},          {0, 1280},    {UINT32_MAX, UINT32_MAX - TUNNEL}};
    uint8_t large[sizeof(TUNNELLED)];

    (void)state;
    memcpy(large, TUNNELLED, sizeof(large));
    for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
        for (unsigned size = 1280; size <= 1281; size++) {
            large[4] = (uint8_t)((size + TUNNEL - 40) >> 8);
            large[5] = (uint8_t)(size + TUNNEL - 40);
            large[TUNNEL + 4] = (uint8_t)((size - 40) >> 8);
            large[TUNNEL + 5] = (uint8_t)(size - 40);
            struct text text = message(2, 0, mtus[i].said, large, sizeof(large));
            struct rpl_relay relay;

            assert_true(rpl_icmp6_relay(text.b, text.len, &relay));
            assert_int_equal(relay.tell, size > 1280);
            assert_int_equal(relay.type, 2);
            assert_int_equal(relay.code, 0);
            assert_int_equal(relay.parameter, mtus[i].told);
            free(text.b);
        }
    }
}

/* The message that the sender gets, whole: from the root, about its own packet. */
static void test_relay_to_the_octet(void **state)
{
    struct text text = message(1, 0, 0, TUNNELLED, sizeof(TUNNELLED));
    struct rpl_relay relay;
    uint8_t out[1280];

    (void)state;
    assert_true(rpl_icmp6_relay(text.b, text.len, &relay));
    assert_int_equal(rpl_icmp6_error_quoting(out, sizeof(out), text.b + relay.packet,
                                             text.len - relay.packet, &ROOT, relay.type, relay.code,
                                             relay.parameter),
                     sizeof(TOLD));
    assert_memory_equal(out, TOLD, sizeof(TOLD));
    free(text.b);
}

/* The first fragment begins with the sender's packet; the others say nothing of it. */
static void test_relay_of_fragments(void **state)
{
    uint8_t part[128];
    size_t offset = 0, len = 0;
    struct rpl_relay relay;

    (void)state;
    assert_int_equal(rpl_fragment(TUNNELLED, sizeof(TUNNELLED), 120, 7, &offset, part, &len),
                     RPL_DATA_OK);
    struct text text = message(1, 3, 0, part, len);
    assert_true(rpl_icmp6_relay(text.b, text.len, &relay));
    assert_int_equal(relay.packet, 8 + TUNNEL + 8);
    assert_memory_equal(relay.entry.b, ROOT.b, 16);
    assert_memory_equal(text.b + relay.packet, SENT, text.len - relay.packet);
    free(text.b);
    assert_int_equal(rpl_fragment(TUNNELLED, sizeof(TUNNELLED), 120, 7, &offset, part, &len),
                     RPL_DATA_OK);
    text = message(1, 3, 0, part, len);
    assert_false(rpl_icmp6_relay(text.b, text.len, &relay));
    free(text.b);
}

/* Cut anywhere: known as soon as the inner header is there; never read beyond (the sanitizers). */
static void test_relay_of_a_cut_packet(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof(TUNNELLED); len++) {
        struct text text = message(3, 0, 0, TUNNELLED, len);
        struct rpl_relay relay;

        assert_int_equal(rpl_icmp6_relay(text.b, text.len, &relay), len >= TUNNEL + 40);
        free(text.b);
    }
}

static void test_relay_of_nothing_else(void **state)
{
    static const uint8_t others[] = {0, 5, 100, 101, 127, 128, 129, 137, 155, 255};
    uint8_t changed[sizeof(TUNNELLED)];
    struct rpl_relay relay;
    struct text text;

    (void)state;
    for (size_t i = 0; i < sizeof(others); i++) {
        text = message(others[i], 0, 0, TUNNELLED, sizeof(TUNNELLED));
        assert_false(rpl_icmp6_relay(text.b, text.len, &relay));
        free(text.b);
    }
    text = message(1, 3, 0, ROUTED, sizeof(ROUTED));
    assert_false(rpl_icmp6_relay(text.b, text.len, &relay));
    free(text.b);
    memcpy(changed, TUNNELLED, sizeof(changed));
    changed[TUNNEL] = 0x45;
    text = message(1, 3, 0, changed, sizeof(changed));
    assert_false(rpl_icmp6_relay(text.b, text.len, &relay));
    free(text.b);
}

/* ---- source routes ----------------------------------------------------------------------------
 */

static const struct {
    uint8_t type, code;
    uint32_t parameter;
    uint8_t to_type, to_code;
    uint32_t to_parameter;
} changes[] = {
    {1, 0, 0, 1, 0, 0},
    {1, 3, 0, 1, 3, 0},
    {1, 4, 0, 1, 4, 0},
    {1, 7, 0, 1, 3, 0}, /* strict is what the root wrote */
    {3, 0, 0, 3, 0, 0},
    {2, 0, 1500, 2, 0, 1500 - ROUTE},
    {2, 0, 1303, 2, 0, 1280},
    {2, 0, 1280, 2, 0, 1280},
    {2, 0, 0, 2, 0, 1280},
    /* Fields of the sender's, of the root's, and behind the source route. */
    {4, 0, 0, 4, 0, 0},
    {4, 0, 7, 4, 0, 7},
    {4, 0, 8, 4, 0, 8},
    {4, 0, 23, 4, 0, 23},
    {4, 1, 6, 1, 3, 0},
    {4, 0, 24, 1, 3, 0},
    {4, 2, 42, 1, 3, 0},
    {4, 0, 40 + ROUTE - 1, 1, 3, 0},
    {4, 1, 40 + ROUTE, 4, 1, 40},
    {4, 0, 40 + ROUTE + 9, 4, 0, 49},
};

static void test_unroute_maps_each_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct text text =
            packet(changes[i].type, changes[i].code, changes[i].parameter, ROUTED, sizeof(ROUTED));
        struct text want = packet(changes[i].to_type, changes[i].to_code, changes[i].to_parameter,
                                  SENT, sizeof(SENT));

        assert_true(rpl_icmp6_unroute(text.b, &text.len));
        assert_int_equal(text.len, want.len);
        assert_memory_equal(text.b, want.b, want.len);
        free(text.b);
        free(want.b);
    }
}

static void test_unroute_to_the_octet(void **state)
{
    uint8_t octets[sizeof(ROUTED_ERROR)];
    size_t len = sizeof(octets);

    (void)state;
    memcpy(octets, ROUTED_ERROR, sizeof(octets));
    octets[43] ^= 1; /* a wrong checksum must not become right */
    assert_false(rpl_icmp6_unroute(octets, &len));
    octets[43] ^= 1;
    assert_true(rpl_icmp6_unroute(octets, &len));
    assert_int_equal(len, sizeof(SENT_ERROR));
    assert_memory_equal(octets, SENT_ERROR, len);
    /* Once is enough. */
    assert_false(rpl_icmp6_unroute(octets, &len));
    assert_int_equal(len, sizeof(SENT_ERROR));
}

/* The Payload Length inside goes on to say what the packet was. */
static void test_unroute_of_a_cut_packet(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof(ROUTED); len++) {
        struct text text = packet(3, 0, 0, ROUTED, len), before = packet(3, 0, 0, ROUTED, len);
        struct rpl_addr node, host;

        if (len < 40 + ROUTE) {
            assert_false(rpl_icmp6_unroute(text.b, &text.len));
            assert_int_equal(text.len, before.len);
            assert_memory_equal(text.b, before.b, before.len);
        } else {
            assert_true(rpl_icmp6_unroute(text.b, &text.len));
            assert_int_equal(text.len, before.len - ROUTE);
            assert_memory_equal(text.b + 48, SENT, len - ROUTE);
            memcpy(node.b, text.b + 8, 16);
            memcpy(host.b, text.b + 24, 16);
            assert_int_equal(rpl_wire_checksum(&node, &host, 58, text.b + 40, text.len - 40), 0);
        }
        free(text.b);
        free(before.b);
    }
}

/* No error is told about an error, also where only its beginning is left. */
static void test_no_error_about_a_cut_error(void **state)
{
    uint8_t out[1280];

    (void)state;
    for (size_t len = 0; len <= sizeof(TOLD); len++)
        assert_int_equal(rpl_icmp6_error_quoting(out, sizeof(out), TOLD, len, &ROOT, 1, 3, 0), 0);
    for (size_t len = 40; len <= sizeof(SENT); len++)
        assert_int_equal(rpl_icmp6_error_quoting(out, sizeof(out), SENT, len, &ROOT, 1, 3, 0),
                         48 + len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_maps_each_error),
        cmocka_unit_test(test_relay_lowers_the_mtu),
        cmocka_unit_test(test_relay_to_the_octet),
        cmocka_unit_test(test_relay_of_fragments),
        cmocka_unit_test(test_relay_of_a_cut_packet),
        cmocka_unit_test(test_relay_of_nothing_else),
        cmocka_unit_test(test_unroute_maps_each_error),
        cmocka_unit_test(test_unroute_to_the_octet),
        cmocka_unit_test(test_unroute_of_a_cut_packet),
        cmocka_unit_test(test_no_error_about_a_cut_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
