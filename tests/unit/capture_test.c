/* SPDX-License-Identifier: ISC */
/* `capture` over the control socket: the pcapng that a client reads, its filters, its bounds. */
#include "ctl_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

#define BLOCK_SECTION 0x0a0d0d0au
#define FLOOD 4000u
#define FLOOD_OCTETS 1200u

struct seen {
    unsigned interfaces, packets;
    uint64_t lost;
    uint32_t linktype;
    char name[16][16];
    /* of the last packet */
    uint32_t interface, flags, len;
    const uint8_t *octets;
    char comment[64];
};

static uint32_t number32(const char *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof(n));
    return n;
}

static unsigned number16(const char *p)
{
    uint16_t n;

    memcpy(&n, p, sizeof(n));
    return n;
}

static void read_options(struct seen *seen, uint32_t type, const char *p, const char *end)
{
    for (;;) {
        assert_true(end - p >= 4);
        unsigned code = number16(p), len = number16(p + 2);
        if (code == 0) {
            assert_int_equal(len, 0);
            assert_ptr_equal(p + 4, end);
            return;
        }
        p += 4;
        assert_true((size_t)(end - p) >= len);
        if (type == 1 && code == 2)
            snprintf(seen->name[seen->interfaces], 16, "%.*s", (int)len, p);
        if (type == 6 && code == 2)
            seen->flags = number32(p);
        if (type == 6 && code == 1)
            snprintf(seen->comment, sizeof(seen->comment), "%.*s", (int)len, p);
        if (type == 6 && code == 4) {
            uint64_t lost;
            memcpy(&lost, p, sizeof(lost));
            seen->lost += lost;
        }
        p += (len + 3) & ~3u;
    }
}

/* Every block of the reply, or the test fails. */
static struct seen read_all(void)
{
    struct seen seen = {0};
    const char *p = reply + 3, *end = reply + reply_len;

    assert_memory_equal(reply, "ok\n", 3);
    assert_int_equal(number32(p), BLOCK_SECTION);
    assert_int_equal(number32(p + 8), 0x1a2b3c4d);
    while (p < end) {
        assert_true(end - p >= 12);
        uint32_t type = number32(p), len = number32(p + 4);
        assert_true(len % 4 == 0 && len >= 12 && len <= (size_t)(end - p));
        assert_int_equal(number32(p + len - 4), len);
        if (type == 1) {
            seen.linktype = number16(p + 8);
            read_options(&seen, type, p + 16, p + len - 4);
            seen.interfaces++;
        } else if (type == 6) {
            seen.interface = number32(p + 8);
            assert_true(seen.interface < seen.interfaces);
            seen.len = number32(p + 20);
            seen.octets = (const uint8_t *)p + 28;
            seen.comment[0] = '\0';
            read_options(&seen, type, p + 28 + ((seen.len + 3) & ~3u), p + len - 4);
            seen.packets++;
        } else {
            assert_int_equal(type, BLOCK_SECTION);
        }
        p += len;
    }
    return seen;
}

static int begin(const char *request)
{
    int fd = dial();

    forget_reply();
    say(fd, request);
    for (unsigned i = 0; i < 20 && reply_len < 10; i++) {
        turn();
        take(fd);
    }
    assert_true(ctl_captures(ctl));
    return fd;
}

static void gather(int fd)
{
    for (unsigned i = 0; i < 20; i++) {
        turn();
        take(fd);
    }
}

/* An IPv6 packet from node |from| to node |to|: an RPL message, or data. */
static size_t packet(uint8_t *out, unsigned from, unsigned to, bool rpl, size_t payload)
{
    struct rpl_addr src = global(from), dst = global(to);

    memset(out, 0, 40 + payload);
    out[0] = 0x60;
    out[4] = (uint8_t)(payload >> 8);
    out[5] = (uint8_t)payload;
    out[6] = rpl ? 58 : 17;
    out[7] = 64;
    memcpy(out + 8, src.b, 16);
    memcpy(out + 24, dst.b, 16);
    out[40] = rpl ? 155 : 0;
    return 40 + payload;
}

static void pass(uint32_t ifindex, bool out, unsigned from, unsigned to, bool rpl,
                 const struct rpl_addr *hop)
{
    uint8_t octets[256];
    size_t len = packet(octets, from, to, rpl, 21);
    const struct ctl_packet p = {.ifindex = ifindex,
                                 .out = out,
                                 .head = octets,
                                 .head_len = 40,
                                 .data = octets + 40,
                                 .len = len - 40,
                                 .hop = hop};

    ctl_packet(ctl, &p);
}

static void a_packet(void **state)
{
    struct rpl_addr hop = rpl_addr_link_local(&(struct rpl_addr){{[15] = 2}});
    (void)state;
    assert_false(ctl_captures(ctl));
    int fd = begin("capture\n");
    pass(7, true, 1, 2, true, &hop);
    gather(fd);
    struct seen seen = read_all();
    assert_int_equal(seen.packets, 1);
    assert_int_equal(seen.linktype, 229);
    assert_string_equal(seen.name[seen.interface], "test0");
    assert_int_equal(seen.flags, 2);
    assert_int_equal(seen.len, 61);
    assert_memory_equal(seen.octets + 8, global(1).b, 16);
    assert_int_equal(seen.octets[40], 155);
    assert_string_equal(seen.comment, "to fe80::2");
    pass(77, false, 2, 1, false, NULL);
    pass(CTL_PACKET_ROUTED, true, 2, 1, false, NULL);
    gather(fd);
    seen = read_all();
    assert_int_equal(seen.packets, 3);
    assert_string_equal(seen.name[seen.interface], "routed");
    assert_string_equal(seen.name[seen.interface - 1], "77");
    assert_int_equal(seen.lost, 0);
    /* Nothing of it is for those who follow events. */
    assert_int_equal(counter("control-packets-lost"), 0);
    close(fd);
    turn();
    turn();
    assert_false(ctl_captures(ctl));
}

/* How many of eight different packets |request| lets through. */
static unsigned filtered(const char *request)
{
    struct rpl_addr hop = rpl_addr_link_local(&(struct rpl_addr){{[15] = 9}});
    int fd = begin(request);

    for (unsigned i = 0; i < 8; i++)
        pass(i & 1 ? 7 : 5, i & 2, 2, i & 4 ? 4 : 3, i < 3, i == 7 ? &hop : NULL);
    gather(fd);
    close(fd);
    turn();
    turn();
    return read_all().packets;
}

static void filters(void **state)
{
    (void)state;
    assert_int_equal(filtered("capture\n"), 8);
    assert_int_equal(filtered("capture rpl\n"), 3);
    assert_int_equal(filtered("capture data\n"), 5);
    assert_int_equal(filtered("capture in\n"), 4);
    assert_int_equal(filtered("capture out rpl\n"), 1);
    assert_int_equal(filtered("capture in out rpl data\n"), 8);
    assert_int_equal(filtered("capture test0\n"), 4);
    assert_int_equal(filtered("capture 5\n"), 4);
    assert_int_equal(filtered("capture test0 5\n"), 0);
    assert_int_equal(filtered("capture fe80::9\n"), 1);
    assert_int_equal(filtered("capture fe80::1\n"), 0);
    assert_memory_equal(ask("capture no/thing\n"), "error 2 neither", 15);
    assert_memory_equal(ask("capture a-name-that-is-too-long\n"), "error 2 neither", 15);
    assert_memory_equal(ask("json capture\n"), "error 2 capture has one form", 28);
}

/* A reader that sleeps costs a bounded amount, and is told what it missed. */
static void a_reader_that_sleeps(void **state)
{
    static uint8_t octets[40 + FLOOD_OCTETS];
    (void)state;
    size_t len = packet(octets, 2, 3, false, FLOOD_OCTETS);
    const struct ctl_packet p = {
        .ifindex = 1, .out = true, .head = octets, .data = octets, .len = len};
    int fd = begin("capture\n");
    for (unsigned i = 0; i < FLOOD; i++)
        ctl_packet(ctl, &p);
    /* Awake again: what waited comes, and with the next packet the number of those that do not. */
    for (unsigned i = 0; i < 2000 && reply_len < FLOOD_OCTETS * 700; i++) {
        turn();
        take(fd);
    }
    pass(7, false, 3, 2, false, NULL);
    gather(fd);
    struct seen seen = read_all();
    assert_true(seen.lost > 0);
    assert_int_equal(seen.packets + seen.lost, FLOOD + 1);
    assert_int_equal(counter("control-packets-lost"), seen.lost);
    assert_true(reply_len < 2u * 1024 * 1024);
    close(fd);
}

/* More interfaces than a stream may describe: the others are left out, nothing grows. */
static void many_interfaces(void **state)
{
    (void)state;
    int fd = begin("capture\n");
    for (uint32_t i = 100; i < 200; i++)
        pass(i, false, 2, 3, false, NULL);
    gather(fd);
    const char *p = reply + 3;
    unsigned interfaces = 0, packets = 0;
    for (; p < reply + reply_len; p += number32(p + 4)) {
        interfaces += number32(p) == 1;
        packets += number32(p) == 6;
    }
    assert_int_equal(interfaces, 48);
    assert_true(packets > 40 && packets < 48);
    close(fd);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_packet),
        WITH(filters),
        WITH(a_reader_that_sleeps),
        WITH(many_interfaces),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    forget_reply();
    return result;
}
