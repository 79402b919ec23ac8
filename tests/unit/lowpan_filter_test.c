/* SPDX-License-Identifier: ISC */
/*
 * The packet filter against rpl_lowpan_judge(), by the kernel's own interpreter: the program is
 * put on a socket, and what arrives says what it returned.
 */
#include "lowpan_lib.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpld/lowpan_filter.h"

static int pair[2];

/* What arrives of a frame is as long as the program says: so each verdict has a length. */
static const struct lowpan_verdicts lengths = {
    .ours = 1, .kernels = 2, .kernels_first = 3, .undecided = 4, .nobodys = 5};

static void attach(bool all)
{
    struct sock_filter code[LOWPAN_FILTER_MAX];
    struct sock_fprog program = {.filter = code};

    program.len = (unsigned short)lowpan_filter_build(code, 0, all, 0, &lengths);
    assert_in_range(program.len, 1, LOWPAN_FILTER_MAX - 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
                     0);
}

static void detach(void)
{
    close(pair[0]);
    close(pair[1]);
}

/* The verdict on |data|, which is made long enough to tell it; 0: none. */
static unsigned verdict(const uint8_t *data, size_t len)
{
    char got[64];

    assert_int_equal(send(pair[0], data, len, 0), len);
    ssize_t n = recv(pair[1], got, sizeof(got), MSG_DONTWAIT);
    if (n < 0)
        assert_int_equal(errno, EAGAIN);
    return n > 0 ? (unsigned)n : 0;
}

static unsigned wanted(const uint8_t *data, size_t len, bool all)
{
    switch (rpl_lowpan_judge(data, len, all)) {
    case RPL_LOWPAN_IS_OURS:
        return lengths.ours;
    case RPL_LOWPAN_IS_UNDECIDED:
        return lengths.undecided;
    case RPL_LOWPAN_IS_NOBODYS:
        return lengths.nobodys;
    case RPL_LOWPAN_IS_KERNELS:
        break;
    }
    return (data[0] & 0xf8) == 0xc0 ? lengths.kernels_first : lengths.kernels;
}

/* A frame that is cut short is the kernel's for one, and none for the other: both leave it. */
static void check(const uint8_t *data, size_t len, bool all)
{
    unsigned is = verdict(data, len), should = wanted(data, len, all);

    if (is == 0 || is == len) /* may have been cut by the frame's end: long ones are tested too */
        assert_true(is != 0 || should == lengths.kernels || should == lengths.kernels_first);
    else
        assert_int_equal(is, should);
}

/* Every pair of IPHC octets, with NHC octets that matter behind it, alone and as a fragment. */
static void test_every_iphc(void **state)
{
    static const uint8_t nhc[] = {0xe0, 0xef, 0xf0, 0xf3, 0xf4, 0xf7, 0xf8, 0xd0, 0x00};
    uint8_t data[80];

    (void)state;
    for (unsigned all = 0; all < 2; all++) {
        attach(all);
        for (unsigned i = 0; i < 0x2000; i++) {
            for (unsigned n = 0; n < sizeof(nhc); n++) {
                size_t start = (i + n) % 2 ? 4 : 0;

                lib_seed(i * 16 + n);
                for (size_t at = 0; at < sizeof(data); at++)
                    data[at] = lib_draw(4) ? nhc[n] : (uint8_t)lib_draw(256);
                data[0] = 0xc1;
                data[start] = (uint8_t)(0x60 | i >> 8);
                data[start + 1] = (uint8_t)i;
                check(data, sizeof(data), all);
            }
        }
        detach();
    }
}

/* What the compressor makes of packets, whole and cut anywhere. */
static void test_drawn(void **state)
{
    struct lib_decoder decoder;
    struct lib_compressed compressed;
    struct rpl_lowpan_mac mac;
    struct lib_bytes packet;
    unsigned ours[2] = {0};

    (void)state;
    lib_decoder(&decoder, 0);
    for (unsigned all = 0; all < 2; all++) {
        attach(all);
        for (unsigned i = 0; i < 4000; i++) {
            lib_seed(i);
            lib_draw_mac(&mac);
            lib_draw_packet(&packet, &mac, &decoder.lowpan, 60 + lib_draw(40));
            lib_compress(&compressed, &packet, &mac, &decoder.lowpan);
            check(compressed.out.b, compressed.out.len, all);
            ours[all] += verdict(compressed.out.b, compressed.out.len) == lengths.ours;
            size_t cut = 1 + lib_draw((uint32_t)compressed.out.len - 1);
            check(compressed.out.b, cut, all);
        }
        detach();
    }
    assert_in_range(ours[0], 1000, 3999);
    assert_in_range(ours[1], ours[0] + 1, 3999);
}

/* Every dispatch, and uncompressed packets with addresses of every kind. */
static void test_dispatch(void **state)
{
    static const uint8_t heads[][2] = {{0xfe, 0x80}, {0xfe, 0xbf}, {0xfe, 0xc0}, {0xff, 2},
                                       {0xfd, 0},    {0x20, 1},    {0, 0}};
    static const uint8_t limits[] = {255, 64, 0};
    uint8_t data[64] = {0};

    (void)state;
    for (unsigned all = 0; all < 2; all++) {
        attach(all);
        for (unsigned i = 0; i < 256; i++) {
            data[0] = (uint8_t)i;
            check(data, sizeof(data), all);
        }
        for (unsigned i = 0; i < 7 * 7 * 3; i++) {
            data[0] = 0x41;
            data[8] = limits[i / 49];
            memcpy(data + 9, heads[i % 7], 2);
            memcpy(data + 25, heads[i / 7 % 7], 2);
            check(data, sizeof(data), all);
            /* The same compressed, hop limit and addresses in line. */
            data[0] = 0x78;
            data[1] = 0;
            data[3] = limits[i / 49];
            memcpy(data + 4, heads[i % 7], 2);
            memcpy(data + 20, heads[i / 7 % 7], 2);
            check(data, sizeof(data), all);
        }
        detach();
    }
}

/* Packets of another kind of device, such as this pair of sockets, do not pass. */
static void test_device(void **state)
{
    struct sock_filter code[LOWPAN_FILTER_MAX];
    struct sock_fprog program = {.filter = code};
    uint8_t data[64] = {0xe0};

    (void)state;
    program.len = (unsigned short)lowpan_filter_build(code, 0, true, ARPHRD_IEEE802154, &lengths);
    assert_in_range(program.len, 1, LOWPAN_FILTER_MAX - 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
                     0);
    assert_int_equal(verdict(data, sizeof(data)), 0);
    detach();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_iphc),
        cmocka_unit_test(test_drawn),
        cmocka_unit_test(test_dispatch),
        cmocka_unit_test(test_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
