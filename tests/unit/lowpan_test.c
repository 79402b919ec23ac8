/* SPDX-License-Identifier: ISC */
/* 6LoWPAN frames: RFC 4944 and RFC 6282 by hand, and against a compressor that draws its ways. */
#include "lowpan_lib.h"

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

/* A mote 02:12:4b:00:00:00:00:02 and a root ..:01, as in a capture. */
#define MAC "41dc 2a cdab 0100000000 4b1202 0200000000 4b1202 "
#define ROOT_IID "00124b0000000001"
#define MOTE_IID "00124b0000000002"

struct run {
    struct lib_decoder decoder;
    uint8_t packet[RPL_LOWPAN_PACKET_MAX];
    size_t len;
    struct rpl_lowpan_mac mac;
};

/* One frame through the decoder, frame and packet each before a forbidden page. */
static enum rpl_lowpan_result input(struct run *run, const struct lib_bytes *frame)
{
    uint8_t *out = lib_guarded(1, NULL, sizeof(run->packet));
    enum rpl_lowpan_result result =
        rpl_lowpan_input(&run->decoder.lowpan, lib_guarded(0, frame->b, frame->len), frame->len,
                         RPL_S(1), out, sizeof(run->packet), &run->len, &run->mac);

    if (result != RPL_LOWPAN_OK)
        assert_int_equal(run->len, 0);
    memcpy(run->packet, out, run->len);
    return result;
}

static void start(struct run *run)
{
    memset(run, 0, sizeof(*run));
    lib_decoder(&run->decoder, 4);
}

/* The result of a frame in hex. */
static enum rpl_lowpan_result frame_of(struct run *run, const char *hex)
{
    struct lib_bytes frame = {.len = 0};

    lib_hex(&frame, hex);
    return input(run, &frame);
}

/* The frame |hex| is the packet |wanted|; the UDP or ICMPv6 checksum in it must be right where
 * |wanted| says so. */
static void expect(const char *hex, const char *wanted)
{
    struct lib_bytes packet = {.len = 0};
    struct run run;

    start(&run);
    assert_string_equal(rpl_lowpan_result_name(frame_of(&run, hex)), "packet");
    lib_hex(&packet, wanted);
    assert_int_equal(run.len, packet.len);
    assert_memory_equal(run.packet, packet.b, packet.len);
}

static void refuse(const char *hex, enum rpl_lowpan_result why)
{
    struct run run;

    start(&run);
    assert_string_equal(rpl_lowpan_result_name(frame_of(&run, hex)), rpl_lowpan_result_name(why));
    assert_int_equal(run.decoder.lowpan.counters[why], 1);
}

/* ---- the MAC header ---------------------------------------------------------------------- */

static void test_mac_modes(void **state)
{
    static const unsigned lens[] = {2, 8};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct rpl_lowpan_mac mac, read;
        struct lib_bytes frame;

        lib_seed(i);
        lib_draw_mac(&mac);
        memset(mac.src.b, 0, 8);
        memset(mac.dst.b, 0, 8);
        mac.src.len = (uint8_t)lens[i & 1];
        mac.dst.len = (uint8_t)lens[i >> 1 & 1];
        for (unsigned j = 0; j < 8; j++) {
            mac.src.b[j] = j < mac.src.len ? (uint8_t)(0x10 + j) : 0;
            mac.dst.b[j] = j < mac.dst.len ? (uint8_t)(0x20 + j) : 0;
        }
        lib_mac(&frame, &mac, i >> 2);
        assert_int_equal(rpl_lowpan_mac_read(lib_guarded(0, frame.b, frame.len), frame.len, &read),
                         RPL_LOWPAN_OK);
        assert_int_equal(read.len, frame.len);
        assert_int_equal(read.sequence, mac.sequence);
        assert_int_equal(read.src_pan, 0xabcd);
        assert_int_equal(read.dst_pan, 0xabcd);
        assert_false(read.broadcast);
        assert_memory_equal(&read.src, &mac.src, sizeof(mac.src));
        assert_memory_equal(&read.dst, &mac.dst, sizeof(mac.dst));
        for (size_t n = 0; n < frame.len; n++)
            assert_int_equal(rpl_lowpan_mac_read(lib_guarded(0, frame.b, n), n, &read),
                             RPL_LOWPAN_MAC_TRUNCATED);
    }
}

static void test_mac_refused(void **state)
{
    struct rpl_lowpan_mac mac;
    struct lib_bytes frame = {.len = 0};

    (void)state;
    refuse("40dc 2a cdab 0100000000 4b1202 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_TYPE);
    refuse("42dc 2a cdab 0100000000 4b1202 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_TYPE);
    refuse("41ec 2a cdab 0100000000 4b1202 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_VERSION);
    refuse("41fc 2a cdab 0100000000 4b1202 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_VERSION);
    refuse("49dc 2a cdab 0100000000 4b1202 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_SECURED);
    refuse("41d0 2a cdab 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_ADDRESS);    /* no destination */
    refuse("411c 2a cdab 0100000000 4b1202 7e00", RPL_LOWPAN_MAC_ADDRESS);    /* no source */
    refuse("41d4 2a cdab 01 0200000000 4b1202 7e00", RPL_LOWPAN_MAC_ADDRESS); /* reserved modes */
    refuse("415c 2a cdab 0100000000 4b1202 02 7e00", RPL_LOWPAN_MAC_ADDRESS);
    refuse("", RPL_LOWPAN_MAC_TRUNCATED);
    refuse("41", RPL_LOWPAN_MAC_TRUNCATED);
    /* Frame version 2003, to everybody, from another PAN. */
    lib_hex(&frame, "01c8 07 cdab ffff 3412 0200000000 4b1202");
    assert_int_equal(rpl_lowpan_mac_read(frame.b, frame.len, &mac), RPL_LOWPAN_OK);
    assert_true(mac.broadcast);
    assert_int_equal(mac.src_pan, 0x1234);
    assert_int_equal(mac.dst_pan, 0xabcd);
}

/* ---- frames as deployed motes send them ---------------------------------------------------- */

#define SRC_FD "fd000000 00000000 " MOTE_IID
#define DST_FD "fd000000 00000000 " ROOT_IID
#define RPI_63 "63 04 00 1e 0200"
#define RPI_23 "23 04 00 1e 0200"
#define ECHO "8000 1234 0001 0001 61626364"

/* What Linux reads itself is left to it: plain, and with a Hop-by-Hop header as it is. */
static void test_left_to_kernel(void **state)
{
    (void)state;
    refuse(MAC "7a00 3a " SRC_FD DST_FD ECHO, RPL_LOWPAN_KERNEL);
    refuse(MAC "7a00 00 " SRC_FD DST_FD "3a00 " RPI_23 ECHO, RPL_LOWPAN_KERNEL);
    refuse(MAC "7e00 " SRC_FD DST_FD "f0 1633 1633 abcd 61", RPL_LOWPAN_KERNEL);
    refuse(MAC "41 6000000000003a40 " SRC_FD DST_FD, RPL_LOWPAN_KERNEL);
    refuse(MAC, RPL_LOWPAN_KERNEL);
}

/* The RPI of either type, compressed, in front of an echo request; the next header in line. */
static void test_rpi(void **state)
{
    (void)state;
    expect(MAC "7e00 " SRC_FD DST_FD "e0 3a 06 " RPI_63 ECHO,
           "60000000 0014 00 40 " SRC_FD DST_FD "3a00 " RPI_63 ECHO);
    expect(MAC "7e00 " SRC_FD DST_FD "e0 3a 06 " RPI_23 ECHO,
           "60000000 0014 00 40 " SRC_FD DST_FD "3a00 " RPI_23 ECHO);
}

/* Both addresses from context 0 and the link layer: a whole CoAP reading in a few octets. */
static void test_context_zero(void **state)
{
    (void)state;
    expect(MAC "7af7 00 3a " ECHO, "60000000 000c 3a 40 " SRC_FD DST_FD ECHO);
    expect(MAC "7e77 e1 06 " RPI_63 "f1 1633 16 abcd 6142",
           "60000000 0012 00 40 " SRC_FD DST_FD "1100 " RPI_63 "1633 f016 000a abcd 6142");
}

/* A source route, compressed, behind a compressed RPI, then UDP: down from a root. */
static void test_source_route(void **state)
{
    (void)state;
    expect(MAC "7e00 " SRC_FD DST_FD "e1 06 638400 1e0100 e3 0e 0301 8800 0000 "
               "00124b0000000009 f0 1633 1633 abcd 61",
           "60000000 0021 00 40 " SRC_FD DST_FD "2b00 638400 1e0100 "
           "1101 0301 8800 0000 00124b0000000009 1633 1633 0009 abcd 61");
}

/* IPv6 in IPv6 as RFC 9008 wants it: the inner identifiers come from the outer header. */
static void test_tunnel(void **state)
{
    (void)state;
    expect(MAC "7e77 e1 06 " RPI_63 "ee 7a33 3a " ECHO,
           "60000000 003c 00 40 " SRC_FD DST_FD "2900 " RPI_63
           "60000000 000c 3a 40 fe800000 00000000 " MOTE_IID "fe800000 00000000 " ROOT_IID ECHO);
}

/* ---- extension headers -------------------------------------------------------------------- */

/* Padding at the end that was elided comes back as Pad1 or PadN. */
static void test_padding(void **state)
{
    (void)state;
    expect(MAC "7e00 " SRC_FD DST_FD "e6 3a 05 1e03 aabbcc" ECHO,
           "60000000 0014 3c 40 " SRC_FD DST_FD "3a00 1e03aabbcc 00" ECHO);
    expect(MAC "7e00 " SRC_FD DST_FD "e6 3a 02 1e00" ECHO,
           "60000000 0014 3c 40 " SRC_FD DST_FD "3a00 1e00 0102 0000" ECHO);
    expect(MAC "7e00 " SRC_FD DST_FD "e0 3a 00" ECHO,
           "60000000 0014 00 40 " SRC_FD DST_FD "3a00 0104 00000000" ECHO);
    expect(MAC "7e00 " SRC_FD DST_FD "e0 3a 07 1e05 0102030405" ECHO,
           "60000000 001c 00 40 " SRC_FD DST_FD "3a01 1e05 0102030405 0105 0000000000" ECHO);
}

/* A Fragment header has no length; both what the RFC and what deployed senders put there. */
static void test_fragment_header(void **state)
{
    static const char *const reserved[] = {"00", "06"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct lib_bytes frame = {.len = 0}, packet = {.len = 0};
        struct run run;

        start(&run);
        lib_hex(&frame, MAC "7e00 " SRC_FD DST_FD "e4 3a");
        lib_hex(&frame, reserved[i]);
        lib_hex(&frame, "0010 01020304" ECHO);
        lib_hex(&packet, "60000000 0014 2c 40 " SRC_FD DST_FD "3a00 0010 01020304" ECHO);
        assert_int_equal(input(&run, &frame), RPL_LOWPAN_OK);
        assert_int_equal(run.len, packet.len);
        assert_memory_equal(run.packet, packet.b, packet.len);
    }
}

static void test_headers_refused(void **state)
{
    (void)state;
    refuse(MAC "7e00 " SRC_FD DST_FD "ea 3a 00", RPL_LOWPAN_RESERVED); /* ids 5 and 6 */
    refuse(MAC "7e00 " SRC_FD DST_FD "ec 3a 00", RPL_LOWPAN_RESERVED);
    refuse(MAC "7e00 " SRC_FD DST_FD "ef 7a33 3a", RPL_LOWPAN_RESERVED); /* IPv6 with NH */
    refuse(MAC "7e00 " SRC_FD DST_FD "ee 41 60", RPL_LOWPAN_DISPATCH);   /* not IPHC inside */
    refuse(MAC "7e00 " SRC_FD DST_FD "d0 00", RPL_LOWPAN_NHC);
    refuse(MAC "7e00 " SRC_FD DST_FD "f8 00", RPL_LOWPAN_NHC);
    refuse(MAC "7e00 " SRC_FD DST_FD "e1 06 " RPI_63 "00", RPL_LOWPAN_NHC);
    refuse(MAC "7e00 " SRC_FD DST_FD "e2 3a 05 0300000000", RPL_LOWPAN_EXTENSION);
    refuse(MAC "7e00 " SRC_FD DST_FD "e8 3a 0d 00000000000000000000000000", RPL_LOWPAN_EXTENSION);
    refuse(MAC "7e77 ee 7e33 ee 7e33 ee 7e33 ee 7a33 3a", RPL_LOWPAN_NESTED);
    refuse(MAC "7e00 " SRC_FD DST_FD "e0 3a ff 6304", RPL_LOWPAN_TRUNCATED);
    refuse(MAC "7e00 " SRC_FD DST_FD "e0", RPL_LOWPAN_TRUNCATED);
    refuse(MAC "7e00 " SRC_FD DST_FD "e0 3a", RPL_LOWPAN_TRUNCATED);
}

static void test_dispatch_refused(void **state)
{
    (void)state;
    refuse(MAC "00", RPL_LOWPAN_NALP);
    refuse(MAC "3f 00", RPL_LOWPAN_NALP);
    refuse(MAC "80 00", RPL_LOWPAN_MESH);
    refuse(MAC "bf 00", RPL_LOWPAN_MESH);
    refuse(MAC "50 01", RPL_LOWPAN_BROADCAST);
    refuse(MAC "42 01", RPL_LOWPAN_HC1);
    refuse(MAC "43 01", RPL_LOWPAN_DISPATCH);
    refuse(MAC "f1 7e00", RPL_LOWPAN_DISPATCH); /* paging, RFC 8025 */
}

/* ---- contexts and addresses ---------------------------------------------------------------- */

static void test_contexts(void **state)
{
    (void)state;
    refuse(MAC "7af7 22 3a " ECHO, RPL_LOWPAN_CONTEXT);
    refuse(MAC "7af7 02 3a " ECHO, RPL_LOWPAN_CONTEXT);
    refuse(MAC "7a74 3a " ECHO, RPL_LOWPAN_RESERVED); /* DAC with DAM 0 */
    refuse(MAC "7a4d 3a 020001020304", RPL_LOWPAN_RESERVED);
    refuse(MAC "7acc 1f 3a 0212 0102", RPL_LOWPAN_TRUNCATED);
    /* The prefix of a multicast group, RFC 3306, from context 0. */
    expect(MAC "7b4c 3a 3e00 00000123 " ECHO,
           "60000000 000c 3a ff 00000000 00000000 00000000 00000000 "
           "ff3e0040 fd000000 00000000 00000123 " ECHO);
    /* A context longer than 64 bits overrides the identifier; one shorter leaves zeroes. */
    expect(MAC "7af7 51 3a " ECHO, "60000000 000c 3a 40 20010db8 00000005 00000000 00000055 "
                                   "20010db8 00000000 " ROOT_IID ECHO);
    refuse(MAC "7acc 05 3a 3e00 00000123", RPL_LOWPAN_CONTEXT); /* too long for RFC 3306 */
}

static void test_addresses_refused(void **state)
{
    (void)state;
    /* Ours by their NHC, with an address of the wrong kind. */
    refuse(MAC "7e00 ff020000 00000000 00000000 00000001 " DST_FD "e0 3a 06 " RPI_63,
           RPL_LOWPAN_ADDRESS);
    refuse(MAC "7e00 " SRC_FD "ff020000 00000000 00000000 00000001 e0 3a 06 " RPI_63,
           RPL_LOWPAN_ADDRESS);
    refuse(MAC "7e08 " SRC_FD DST_FD "e0 3a 06 " RPI_63, RPL_LOWPAN_ADDRESS);
}

/* ---- UDP ----------------------------------------------------------------------------------- */

/* An elided checksum is worked out with the destination that the packet will have in the end. */
static void test_elided_checksum(void **state)
{
    struct rpl_addr src, last;
    struct lib_bytes addr = {.len = 0};
    struct run run;

    (void)state;
    start(&run);
    assert_int_equal(frame_of(&run, MAC "7e77 f7 12 6869"), RPL_LOWPAN_OK);
    memcpy(src.b, run.packet + 8, 16);
    memcpy(last.b, run.packet + 24, 16);
    assert_int_equal(rpl_wire_checksum(&src, &last, 17, run.packet + 40, run.len - 40), 0);
    assert_int_equal(run.packet[40] << 8 | run.packet[41], 0xf0b1);
    assert_int_equal(run.packet[42] << 8 | run.packet[43], 0xf0b2);

    assert_int_equal(frame_of(&run, MAC "7e77 e3 0e 0301 8800 0000 00124b0000000009 f7 12 6869"),
                     RPL_LOWPAN_OK);
    lib_hex(&addr, "fd000000 00000000 00124b0000000009");
    memcpy(last.b, addr.b, 16);
    assert_int_equal(rpl_wire_checksum(&src, &last, 17, run.packet + 56, run.len - 56), 0);
    /* Behind an IPv6 Fragment header, or a route that cannot be read, nobody can know it. */
    refuse(MAC "7e77 e5 00 0010 01020304 f7 12 6869", RPL_LOWPAN_CHECKSUM);
    refuse(MAC "7e77 e3 06 0201 8800 0000 f7 12 6869", RPL_LOWPAN_CHECKSUM);
    refuse(MAC "7e77 e3 06 0305 8800 0000 f7 12 6869", RPL_LOWPAN_CHECKSUM);
}

/* A sum of 0 is written as 0xffff: 0 would say that there is none. */
static void test_checksum_zero(void **state)
{
    struct lib_bytes frame;
    struct run run;
    unsigned zeroes = 0;

    (void)state;
    start(&run);
    for (unsigned i = 0; i < 0x10000; i++) {
        frame.len = 0;
        lib_hex(&frame, MAC "7e77 f7 12");
        lib_put16(&frame, i);
        assert_int_equal(input(&run, &frame), RPL_LOWPAN_OK);
        assert_true(run.packet[46] != 0 || run.packet[47] != 0);
        zeroes += run.packet[46] == 0xff && run.packet[47] == 0xff;
    }
    assert_int_equal(zeroes, 1); /* all others have a sum of their own */
}

/* ---- every way, drawn ---------------------------------------------------------------------- */

static enum rpl_lowpan_whose wanted(const struct lib_compressed *compressed)
{
    return compressed->context || compressed->extension || compressed->elided
               ? RPL_LOWPAN_IS_OURS
               : RPL_LOWPAN_IS_KERNELS;
}

static void test_drawn(void **state)
{
    struct lib_bytes packet, frame;
    struct lib_compressed compressed;
    struct rpl_lowpan_mac mac;
    struct run run;
    uint8_t *out;
    size_t len;

    (void)state;
    start(&run);
    for (unsigned i = 0; i < 40000; i++) {
        lib_seed(i);
        lib_draw_mac(&mac);
        lib_draw_packet(&packet, &mac, &run.decoder.lowpan, 60 + lib_draw(200));
        lib_compress(&compressed, &packet, &mac, &run.decoder.lowpan);
        assert_int_equal(rpl_lowpan_judge(compressed.out.b, compressed.out.len, false),
                         wanted(&compressed));
        out = lib_guarded(1, NULL, packet.len);
        assert_int_equal(rpl_lowpan_expand(&run.decoder.lowpan, &mac,
                                           lib_guarded(0, compressed.out.b, compressed.out.len),
                                           compressed.out.len, out, packet.len, &len),
                         RPL_LOWPAN_OK);
        assert_int_equal(len, packet.len);
        assert_memory_equal(out, packet.b, packet.len);
        /* The same as a frame, if it is ours. */
        lib_mac(&frame, &mac, i & 1);
        lib_put(&frame, compressed.out.b, compressed.out.len);
        if (wanted(&compressed) == RPL_LOWPAN_IS_KERNELS) {
            assert_int_equal(input(&run, &frame), RPL_LOWPAN_KERNEL);
            continue;
        }
        assert_int_equal(input(&run, &frame), RPL_LOWPAN_OK);
        assert_int_equal(run.len, packet.len);
        assert_memory_equal(run.packet, packet.b, packet.len);
    }
}

/* Cut anywhere, into a buffer that is too small by any measure, and with any octet changed: in
 * bounds, and what ends in its headers is refused. */
static void test_cut_and_bent(void **state)
{
    struct lib_bytes packet;
    struct lib_compressed c;
    struct rpl_lowpan_mac mac;
    struct run run;
    uint8_t *in, *out;
    size_t len;

    (void)state;
    start(&run);
    for (unsigned i = 0; i < 300; i++) {
        lib_seed(i);
        lib_draw_mac(&mac);
        lib_draw_packet(&packet, &mac, &run.decoder.lowpan, 60 + lib_draw(100));
        lib_compress(&c, &packet, &mac, &run.decoder.lowpan);
        for (size_t n = 0; n < c.headers; n++) {
            out = lib_guarded(1, NULL, packet.len);
            assert_int_equal(rpl_lowpan_expand(&run.decoder.lowpan, &mac,
                                               lib_guarded(0, c.out.b, n), n, out, packet.len,
                                               &len),
                             RPL_LOWPAN_TRUNCATED);
            (void)rpl_lowpan_judge(lib_guarded(0, c.out.b, n), n, i & 1);
        }
        in = lib_guarded(0, c.out.b, c.out.len);
        for (size_t n = 0; n < packet.len; n++) {
            out = lib_guarded(1, NULL, n);
            assert_int_equal(
                rpl_lowpan_expand(&run.decoder.lowpan, &mac, in, c.out.len, out, n, &len),
                RPL_LOWPAN_TOO_BIG);
        }
        out = lib_guarded(1, NULL, RPL_LOWPAN_PACKET_MAX);
        for (size_t n = 0; n < c.headers; n++) {
            uint8_t was = in[n];

            in[n] ^= (uint8_t)(1 + lib_draw(255));
            if (rpl_lowpan_expand(&run.decoder.lowpan, &mac, in, c.out.len, out,
                                  RPL_LOWPAN_PACKET_MAX, &len) == RPL_LOWPAN_OK)
                assert_int_equal(len, 40u + (size_t)(out[4] << 8 | out[5]));
            in[n] = was;
        }
    }
}

/* ---- what is taken from the kernel on demand ------------------------------------------------ */

static enum rpl_lowpan_whose judge(const char *hex, bool all)
{
    struct lib_bytes data = {.len = 0};

    lib_hex(&data, hex);
    return rpl_lowpan_judge(lib_guarded(0, data.b, data.len), data.len, all);
}

static void test_judge_all(void **state)
{
    (void)state;
    assert_int_equal(judge("7a00 3a " SRC_FD DST_FD, true), RPL_LOWPAN_IS_OURS);
    assert_int_equal(judge("c0ff 0001 7a00 3a " SRC_FD DST_FD, true), RPL_LOWPAN_IS_OURS);
    assert_int_equal(judge("7e00 " SRC_FD DST_FD "f0 00", true), RPL_LOWPAN_IS_OURS);
    assert_int_equal(judge("41 60000000 0000 3a 40" SRC_FD DST_FD, true), RPL_LOWPAN_IS_OURS);
    /* Neighbour discovery and what belongs to a link stay where they are. */
    assert_int_equal(judge("7b00 3a " SRC_FD DST_FD, true), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("7800 3a ff " SRC_FD DST_FD, true), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("7800 3a fe " SRC_FD DST_FD, true), RPL_LOWPAN_IS_OURS);
    assert_int_equal(judge("7a30 3a " DST_FD, true), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("7a03 3a " SRC_FD, true), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("7a0b 3a " SRC_FD "1a", true), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("7a00 3a fe800000 00000000 " MOTE_IID DST_FD, true),
                     RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("7a00 3a " SRC_FD "febf0000 00000000 " MOTE_IID, true),
                     RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("41 60000000 0000 3a ff" SRC_FD DST_FD, true), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("41 60000000 0000 3a 40" SRC_FD "ff050000 00000000" ROOT_IID, true),
                     RPL_LOWPAN_IS_KERNELS);
    /* Without the wish none of them is ours; fragments are as their first one was. */
    assert_int_equal(judge("7a00 3a " SRC_FD DST_FD, false), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("41 60000000 0000 3a 40" SRC_FD DST_FD, false), RPL_LOWPAN_IS_KERNELS);
    assert_int_equal(judge("e0ff 0001 10 7a77", false), RPL_LOWPAN_IS_UNDECIDED);
    assert_int_equal(judge("80", false), RPL_LOWPAN_IS_NOBODYS);
    assert_int_equal(judge("7e00 " SRC_FD DST_FD "d0", true), RPL_LOWPAN_IS_NOBODYS);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RPL_LOWPAN_RESULT_COUNT; i++) {
        const char *name = rpl_lowpan_result_name((enum rpl_lowpan_result)i);

        assert_non_null(name);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(name, rpl_lowpan_result_name((enum rpl_lowpan_result)j));
    }
    assert_string_equal(rpl_lowpan_result_name(RPL_LOWPAN_RESULT_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mac_modes),
        cmocka_unit_test(test_mac_refused),
        cmocka_unit_test(test_left_to_kernel),
        cmocka_unit_test(test_rpi),
        cmocka_unit_test(test_context_zero),
        cmocka_unit_test(test_source_route),
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_fragment_header),
        cmocka_unit_test(test_headers_refused),
        cmocka_unit_test(test_dispatch_refused),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_addresses_refused),
        cmocka_unit_test(test_elided_checksum),
        cmocka_unit_test(test_checksum_zero),
        cmocka_unit_test(test_drawn),
        cmocka_unit_test(test_cut_and_bent),
        cmocka_unit_test(test_judge_all),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
