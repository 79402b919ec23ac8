/* SPDX-License-Identifier: ISC */
/* The RPI among other options, cut packets, the rank check, and ICMPv6 errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

static const struct rpl_addr SRC = {{0x20, 1, 0x0d, 0xb8, [15] = 1}};
static const struct rpl_addr DST = {{0x20, 1, 0x0d, 0xb8, [15] = 2}};

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static void ip6(uint8_t *packet, uint8_t next, size_t payload)
{
    memset(packet, 0, 40);
    packet[0] = 0x60;
    packet[4] = (uint8_t)(payload >> 8);
    packet[5] = (uint8_t)payload;
    packet[6] = next;
    packet[7] = 64;
    memcpy(packet + 8, SRC.b, 16);
    memcpy(packet + 24, DST.b, 16);
}

/* ---- stripping ---------------------------------------------------------------------------- */

struct option {
    uint8_t type, len, data[40];
    size_t at; /* offset in the header */
};

/* The options of a Hop-by-Hop header but padding, with a check of the padding: fewer than 8
 * octets in a row, all zero, and everything within the header. */
static size_t walk(const uint8_t *header, struct option *option)
{
    size_t end = (header[1] + 1u) * 8u, at = 2, count = 0, run = 0;

    while (at < end) {
        size_t whole = header[at] == 0 ? 1 : header[at + 1] + 2u;

        assert_true(at + whole <= end);
        if (header[at] <= 1) {
            run += whole;
            for (size_t i = 2; i < whole; i++)
                assert_int_equal(header[at + i], 0);
            assert_true(run < 8);
        } else {
            run = 0;
            option[count].type = header[at];
            option[count].len = header[at + 1];
            option[count].at = at;
            memcpy(option[count++].data, header + at + 2, whole - 2);
        }
        at += whole;
    }
    assert_int_equal(at, end);
    return count;
}

/* A header of random options with at least one RPI: |keep| gets the others. */
static size_t random_header(uint8_t *header, struct option *keep, size_t *ret_kept)
{
    size_t at = 2, kept = 0, count = 1 + draw(6), rpi = draw((uint32_t)count);

    header[0] = 59;
    for (size_t i = 0; i < count; i++) {
        size_t len = draw(12);

        if (i == rpi || draw(8) == 0) {
            len = draw(3) ? 4 : 4 + draw(9);
            header[at] = draw(2) ? RPL_RPI_63 : RPL_RPI_23;
        } else if (draw(3) == 0) {
            header[at++] = 0;
            continue;
        } else if (draw(3) == 0) {
            header[at] = 1;
            memset(header + at + 2, 0, len);
        } else {
            header[at] = (uint8_t)(0xc0 + i);
        }
        header[at + 1] = (uint8_t)len;
        if (header[at] != 1) {
            for (size_t j = 0; j < len; j++)
                header[at + 2 + j] = (uint8_t)draw(256);
        }
        if (header[at] >= 0xc0) {
            keep[kept].type = header[at];
            keep[kept].len = (uint8_t)len;
            memcpy(keep[kept].data, header + at + 2, len);
            keep[kept++].at = at;
        }
        at += len + 2;
    }
    while (at % 8 != 0)
        header[at++] = 0;
    header[1] = (uint8_t)(at / 8 - 1);
    *ret_kept = kept;
    return at;
}

/*
 * RPI at odd offsets, longer than 4 octets, twice, among padding and other options: they all
 * go, the others stay in order, with their octets and on their alignment (modulo 8).
 */
static void test_strip_options(void **state)
{
    unsigned alone = 0, company = 0;

    (void)state;
    for (uint32_t seed = 1; seed <= 20000; seed++) {
        uint8_t packet[512];
        struct option keep[8], seen[8];
        struct rpl_packet_info info;
        size_t kept, count, header, len;

        random_state = seed;
        header = random_header(packet + 40, keep, &kept);
        ip6(packet, 0, header + 5);
        memcpy(packet + 40 + header, "after", 5);
        len = 40 + header + 5;
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
        assert_true(info.rpi_option >= 42);
        assert_int_equal(info.rpi_only, kept == 0);
        assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
        assert_int_equal(packet[4] << 8 | packet[5], len - 40);
        assert_memory_equal(packet + len - 5, "after", 5);
        if (kept == 0) {
            alone++;
            assert_int_equal(packet[6], 59);
            assert_int_equal(len, 45);
            continue;
        }
        company++;
        assert_int_equal(packet[6], 0);
        assert_int_equal(packet[40], 59);
        assert_int_equal(40 + (packet[41] + 1) * 8 + 5, len);
        count = walk(packet + 40, seen);
        assert_int_equal(count, kept);
        for (size_t i = 0; i < kept; i++) {
            assert_int_equal(seen[i].type, keep[i].type);
            assert_int_equal(seen[i].len, keep[i].len);
            assert_memory_equal(seen[i].data, keep[i].data, keep[i].len);
            assert_int_equal(seen[i].at % 8, keep[i].at % 8);
        }
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
        assert_int_equal(info.rpi_option, 0);
    }
    assert_true(alone > 1000 && company > 1000);
}

/* Without RPI and source route nothing changes, also with other headers there. */
static void test_strip_nothing(void **state)
{
    static const uint8_t nexts[] = {6, 17, 58, 41, 44, 60, 59};
    uint8_t packet[128], before[128];

    (void)state;
    for (size_t i = 0; i < sizeof(nexts); i++) {
        size_t len = 100;

        memset(packet, 3, sizeof(packet));
        ip6(packet, nexts[i], 60);
        memcpy(before, packet, sizeof(packet));
        assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
        assert_int_equal(len, 100);
        assert_memory_equal(packet, before, sizeof(packet));
    }
    ip6(packet, 0, 60);
    memcpy(packet + 40, "\x3a\0\x05\x02\0\0\x01\0", 8);
    memcpy(before, packet, sizeof(packet));
    for (size_t len = 100, i = 0; i < 2; i++) {
        assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
        assert_int_equal(len, 100);
        assert_memory_equal(packet, before, sizeof(packet));
    }
}

/* Octets that a link appended are no part of the packet. */
static void test_strip_trailer(void **state)
{
    uint8_t packet[128] = {0};
    size_t len = 90;

    (void)state;
    ip6(packet, 0, 20);
    memcpy(packet + 40, "\x3b\0\x63\4\0\x1e\0\1", 8);
    assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
    assert_int_equal(len, 52);
}

/* ---- cut packets ---------------------------------------------------------------------------- */

/* Every front part of a packet, once as cut by the link and once with a Payload Length to match,
 * from heap blocks of just that size. */
static void test_cut_packets(void **state)
{
    static const uint8_t headers[] = {
        43, 1, 0x05, 2, 0,    0,    0x63, 4, 0x80, 0x1e, 0, 1, 1, 2, 0, 0, /* Hop-by-Hop */
        41, 2, 3,    2, 0xff, 0x70, 0,    0, 7,    8,    9, 0, 0, 0, 0, 0, /* source route: */
        0,  0, 0,    0, 0,    0,    0,    0,                               /* see below */
    };
    uint8_t packet[40 + sizeof(headers) + 48];

    (void)state;
    ip6(packet, 0, sizeof(packet) - 40);
    memcpy(packet + 40, headers, sizeof(headers));
    packet[40 + 16 + 1] = 1; /* two addresses of one octet and 6 of padding */
    packet[40 + 16 + 5] = 0x60;
    memcpy(packet + 40 + 32, packet, 40);
    packet[40 + 32 + 4] = 0;
    packet[40 + 32 + 5] = 16;
    packet[40 + 32 + 6] = 59;
    for (size_t len = 0; len <= sizeof(packet); len++) {
        for (unsigned fix = 0; fix < 2; fix++) {
            uint8_t *cut = malloc(len > 0 ? len : 1);
            struct rpl_packet_info info;
            struct rpl_addr next;
            size_t left = len;
            bool whole = len == sizeof(packet) || (fix && (len == 40 || len >= 40 + 32));

            assert_non_null(cut);
            memcpy(cut, packet, len);
            if (fix && len >= 40) {
                cut[4] = 0;
                cut[5] = (uint8_t)(len - 40);
                if (len == 40)
                    cut[6] = 59;
            }
            assert_int_equal(rpl_packet_parse(cut, len, &info),
                             whole ? RPL_DATA_OK : RPL_DATA_TRUNCATED);
            assert_int_equal(rpl_strip(cut, &left), whole ? RPL_DATA_OK : RPL_DATA_TRUNCATED);
            rpl_srh_step(cut, left, &SRC, 1, &next);
            rpl_srh_step(cut, left, &SRC, 1, &next);
            rpl_decapsulate(cut, &left);
            assert_true(left <= len);
            free(cut);
        }
    }
}

static void test_rpi_invalid(void **state)
{
    uint8_t packet[64] = {0};
    struct rpl_packet_info info;

    (void)state;
    for (unsigned len = 0; len < 8; len++) {
        ip6(packet, 0, 16);
        memset(packet + 40, 0, 16);
        packet[40] = 59;
        packet[41] = 1;
        packet[42] = RPL_RPI_63;
        packet[43] = (uint8_t)len;
        assert_int_equal(rpl_packet_parse(packet, 56, &info),
                         len < 4 ? RPL_DATA_RPI_INVALID : RPL_DATA_OK);
    }
    /* An option that is its type alone, at the very end of the header. */
    memset(packet + 42, 0, 14);
    packet[55] = 0xc2;
    assert_int_equal(rpl_packet_parse(packet, 56, &info), RPL_DATA_TRUNCATED);
    packet[42] = RPL_RPI_63;
    packet[43] = 13; /* beyond the header, not beyond the packet */
    packet[5] = 24;
    assert_int_equal(rpl_packet_parse(packet, 64, &info), RPL_DATA_TRUNCATED);
    packet[0] = 0x40;
    assert_int_equal(rpl_packet_parse(packet, 64, &info), RPL_DATA_TRUNCATED);
}

/* ---- the RPI on its way -----------------------------------------------------------------------
 */

static void test_rpi_update(void **state)
{
    uint8_t packet[64] = {0}, before[64];
    struct rpl_packet_info info;

    (void)state;
    ip6(packet, 0, 16);
    memcpy(packet + 40, "\x3b\1\0\x23\6\x1f\x1e\0\0\xaa\xbb\1\2\0\0\0", 16);
    assert_int_equal(rpl_packet_parse(packet, 56, &info), RPL_DATA_OK);
    assert_int_equal(info.rpi_option, 43);
    assert_int_equal(info.rpi.flags, 0);
    rpl_rpi_update(packet, &info, RPL_RPI_O | RPL_RPI_R | 0x01, 0x1234);
    /* Reserved bits and sub-TLVs pass through as they came. */
    assert_memory_equal(packet + 40, "\x3b\1\0\x23\6\xdf\x1e\x12\x34\xaa\xbb\1\2\0\0\0", 16);
    rpl_rpi_update(packet, &info, 0, 0);
    assert_memory_equal(packet + 40, "\x3b\1\0\x23\6\x1f\x1e\0\0\xaa\xbb\1\2\0\0\0", 16);
    ip6(packet, 59, 16);
    memcpy(before, packet, sizeof(packet));
    assert_int_equal(rpl_packet_parse(packet, 56, &info), RPL_DATA_OK);
    rpl_rpi_update(packet, &info, RPL_RPI_O, 7);
    assert_memory_equal(packet, before, sizeof(packet));
}

/* DPV-04, DPV-05: up and down, by a lower, equal and higher sender, with and without R. */
static void test_rpi_check(void **state)
{
    static const struct {
        uint8_t flags;
        uint16_t sender;
        enum rpl_rpi_verdict want;
    } cases[] = {
        {0, 2, RPL_RPI_MARK},
        {0, 3, RPL_RPI_FINE},
        {0, 4, RPL_RPI_FINE},
        {RPL_RPI_O, 2, RPL_RPI_FINE},
        {RPL_RPI_O, 3, RPL_RPI_FINE},
        {RPL_RPI_O, 4, RPL_RPI_MARK},
        {RPL_RPI_R, 2, RPL_RPI_DROP},
        {RPL_RPI_R, 3, RPL_RPI_FINE},
        {RPL_RPI_R, 4, RPL_RPI_FINE},
        {RPL_RPI_O | RPL_RPI_R, 2, RPL_RPI_FINE},
        {RPL_RPI_O | RPL_RPI_R, 3, RPL_RPI_FINE},
        {RPL_RPI_O | RPL_RPI_R, 4, RPL_RPI_DROP},
        {0, 0, RPL_RPI_FINE},
        {RPL_RPI_O, 0, RPL_RPI_FINE},
        {RPL_RPI_R, 0, RPL_RPI_FINE},
        {0, 0xffff, RPL_RPI_FINE}, /* into the next version, DPV-12 */
        /* DPV-13: whole Ranks at MinHopRankIncrease 256 */
        {0, 512, RPL_RPI_MARK},
        {0, 3 * 256 + 17, RPL_RPI_FINE},
        {RPL_RPI_O, 512, RPL_RPI_FINE},
        {RPL_RPI_O, 256, RPL_RPI_FINE},
        {RPL_RPI_O, 1024, RPL_RPI_MARK},
        {RPL_RPI_O, 255, RPL_RPI_MARK}, /* below 256 it is a DAGRank */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpl_rpi rpi = {RPL_RPI_63, cases[i].flags, 0, cases[i].sender};

        assert_int_equal(rpl_rpi_check(&rpi, 3, 256), cases[i].want);
    }
    /* Where DAGRanks and Ranks could be the same number nothing is converted. */
    for (unsigned mhri = 1; mhri <= 255; mhri++) {
        struct rpl_rpi rpi = {RPL_RPI_63, RPL_RPI_O, 0, 1000};

        assert_int_equal(rpl_rpi_check(&rpi, 999, (uint16_t)mhri), RPL_RPI_MARK);
        assert_int_equal(rpl_rpi_check(&rpi, 1000, (uint16_t)mhri), RPL_RPI_FINE);
    }
}

/* ---- ICMPv6 errors ------------------------------------------------------------------------------
 */

static void check_error(const uint8_t *out, size_t got, const uint8_t *packet, size_t quoted,
                        unsigned type, unsigned code, uint32_t parameter)
{
    assert_int_equal(got, 48 + quoted);
    assert_int_equal(out[0], 0x60);
    assert_int_equal(out[4] << 8 | out[5], 8 + quoted);
    assert_int_equal(out[6], 58);
    assert_memory_equal(out + 8, DST.b, 16);
    assert_memory_equal(out + 24, SRC.b, 16);
    assert_int_equal(out[40], type);
    assert_int_equal(out[41], code);
    assert_int_equal((uint32_t)out[44] << 24 | (uint32_t)out[45] << 16 | (uint32_t)out[46] << 8 |
                         out[47],
                     parameter);
    assert_memory_equal(out + 48, packet, quoted);
    assert_int_equal(rpl_wire_checksum(&DST, &SRC, 58, out + 40, 8 + quoted), 0);
}

/* As much of the packet as fits: into 1280 octets, and into the room there is. */
static void test_icmp6_sizes(void **state)
{
    static uint8_t packet[2000], out[2000];

    (void)state;
    for (size_t i = 0; i < sizeof(packet); i++)
        packet[i] = (uint8_t)i;
    for (size_t len = 40; len <= sizeof(packet); len += 49) {
        size_t quoted = len < 1232 ? len : 1232;

        ip6(packet, 17, len - 40);
        check_error(out, rpl_icmp6_error(out, sizeof(out), packet, len, &DST, 4, 0, 0xdeadbeef),
                    packet, quoted, 4, 0, 0xdeadbeef);
    }
    ip6(packet, 17, 200);
    for (size_t size = 0; size <= 300; size++) {
        size_t got;

        memset(out, 0xee, sizeof(out));
        got = rpl_icmp6_error(out, size, packet, 240, &DST, 1, 7, 0);
        assert_int_equal(got, size < 88 ? 0 : size < 288 ? size : 288);
        for (size_t i = size; i < 320; i++)
            assert_int_equal(out[i], 0xee);
    }
    assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, 239, &DST, 1, 7, 0), 0);
    assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, 10, &DST, 1, 7, 0), 0);
}

/* RFC 4443 section 2.4 (e), by addresses. */
static void test_icmp6_addresses(void **state)
{
    uint8_t packet[48] = {0}, out[200];

    (void)state;
    ip6(packet, 17, 8);
    packet[24] = 0xff;
    for (unsigned type = 1; type <= 4; type++) {
        for (unsigned code = 0; code < 8; code++) {
            size_t got = rpl_icmp6_error(out, sizeof(out), packet, 48, &DST, (uint8_t)type,
                                         (uint8_t)code, 0);

            assert_int_equal(got > 0, type == 2 || (type == 4 && code == 2));
        }
    }
    ip6(packet, 17, 8);
    packet[8] = 0xff;
    assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, 48, &DST, 1, 0, 0), 0);
    memset(packet + 8, 0, 16);
    assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, 48, &DST, 1, 0, 0), 0);
    packet[23] = 9;
    assert_true(rpl_icmp6_error(out, sizeof(out), packet, 48, &DST, 1, 0, 0) > 0);
}

/* None about an error or a Redirect, however many headers stand before it. */
static void test_icmp6_about_icmp6(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned chain = 0; chain < 16; chain++) {
            static const uint8_t kinds[4] = {0, 43, 60, 44};
            uint8_t packet[200] = {0}, out[300];
            size_t at = 40, next = 6;

            for (unsigned i = 0; i < 4; i++) {
                if (!(chain >> i & 1))
                    continue;
                packet[next] = kinds[i];
                memset(packet + at, 0, 16);
                packet[at + 1] = kinds[i] == 44 ? 0xff : 1; /* reserved in a fragment header */
                next = at;
                at += kinds[i] == 44 ? 8 : 16;
            }
            ip6(packet, next == 6 ? 58 : packet[6], at + 8 - 40);
            if (chain != 0) {
                for (unsigned i = 0; i < 4; i++) {
                    if (chain >> i & 1) {
                        packet[6] = kinds[i];
                        break;
                    }
                }
                packet[next] = 58;
            }
            packet[at] = (uint8_t)type;
            assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, at + 8, &DST, 1, 0, 0) > 0,
                             type >= 128 && type != 137);
            /* Its type cut off, or in another fragment: silence. */
            packet[5] = (uint8_t)(at - 40);
            assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, at, &DST, 1, 0, 0), 0);
            if (chain >> 3 & 1) {
                packet[at - 6] = 1;
                packet[5] = (uint8_t)(at + 8 - 40);
                assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, at + 8, &DST, 1, 0, 0),
                                 0);
            }
        }
    }
}

/* A chain of headers that ends before its end says so: nobody knows what it carries. */
static void test_icmp6_about_cut_headers(void **state)
{
    static const uint8_t kinds[] = {0, 43, 60, 44};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds); i++) {
        for (size_t len = 40; len <= 72; len++) {
            uint8_t packet[72] = {0}, out[200];
            size_t want = kinds[i] == 44 ? 48 : 64;

            ip6(packet, kinds[i], len - 40);
            packet[40] = 17;
            packet[41] = kinds[i] == 44 ? 0 : 2;
            assert_int_equal(rpl_icmp6_error(out, sizeof(out), packet, len, &DST, 1, 0, 0) > 0,
                             len >= want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strip_options),
        cmocka_unit_test(test_strip_nothing),
        cmocka_unit_test(test_strip_trailer),
        cmocka_unit_test(test_cut_packets),
        cmocka_unit_test(test_rpi_invalid),
        cmocka_unit_test(test_rpi_update),
        cmocka_unit_test(test_rpi_check),
        cmocka_unit_test(test_icmp6_sizes),
        cmocka_unit_test(test_icmp6_addresses),
        cmocka_unit_test(test_icmp6_about_icmp6),
        cmocka_unit_test(test_icmp6_about_cut_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
