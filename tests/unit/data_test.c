/* SPDX-License-Identifier: ISC */
/* Source routes and tunnels: RFC 6554 at all compressions, RFC 6040, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

#define ROOM 4096

static const struct rpl_addr ROOT = {
    {0x20, 1, 0x0d, 0xb8, 0x65, 0x50, 0, 1, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};
static const struct rpl_addr OUTSIDE = {{0x20, 1, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x99}};
static const struct rpl_rpi RPI = {RPL_RPI_63, RPL_RPI_O, 0x1e, 0x0102};

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static struct rpl_addr node(unsigned n)
{
    struct rpl_addr addr = ROOT;

    addr.b[14] = (uint8_t)(n >> 8);
    addr.b[15] = (uint8_t)n;
    return addr;
}

/* A UDP-like packet of |payload| octets from |src| to |dst|. */
static size_t plain(uint8_t *packet, const struct rpl_addr *src, const struct rpl_addr *dst,
                    size_t payload)
{
    memset(packet, 0, 40);
    packet[0] = 0x60;
    packet[4] = (uint8_t)(payload >> 8);
    packet[5] = (uint8_t)payload;
    packet[6] = 17;
    packet[7] = 64;
    memcpy(packet + 8, src->b, 16);
    memcpy(packet + 24, dst->b, 16);
    for (size_t i = 0; i < payload; i++)
        packet[40 + i] = (uint8_t)(i * 7 + 1);
    return 40 + payload;
}

/* ---- a source route, built by hand ---------------------------------------------------- */

/* hop[0] is the destination; the rest stands in the header, compressed as told. */
static size_t by_hand(uint8_t *packet, const struct rpl_addr *hop, unsigned n, unsigned cmpr_i,
                      unsigned cmpr_e)
{
    size_t at = 48, len;

    packet[40] = 17;
    packet[42] = 3;
    packet[43] = (uint8_t)n;
    packet[44] = (uint8_t)(cmpr_i << 4 | cmpr_e);
    for (unsigned i = 1; i <= n; i++) {
        unsigned cmpr = i < n ? cmpr_i : cmpr_e;

        memcpy(packet + at, hop[i].b + cmpr, 16 - cmpr);
        at += 16 - cmpr;
    }
    packet[45] = 0;
    while (at % 8 != 0) {
        packet[at++] = 0;
        packet[45] = (uint8_t)(packet[45] + 0x10);
    }
    packet[46] = packet[47] = 0;
    packet[41] = (uint8_t)((at - 48) / 8);
    memcpy(packet + at, "payload!", 8);
    len = at + 8;
    memset(packet, 0, 40);
    packet[0] = 0x60;
    packet[4] = (uint8_t)((len - 40) >> 8);
    packet[5] = (uint8_t)(len - 40);
    packet[6] = 43;
    packet[7] = 255;
    memcpy(packet + 8, OUTSIDE.b, 16);
    memcpy(packet + 24, hop[0].b, 16);
    return len;
}

/*
 * All CmprI and CmprE with 1 to 16 segments. The hops share with each other exactly as many
 * octets as the compression claims and differ in all others, so an octet too many or too few
 * shows. Each step must visit the next hop and leave the hop it came from in the slot.
 */
static void test_all_compressions(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 256; pair++) {
        unsigned cmpr_i = pair >> 4, cmpr_e = pair & 15;

        for (unsigned n = 1; n <= 16; n++) {
            struct rpl_addr hop[17], next;
            struct rpl_packet_info info;
            uint8_t packet[ROOM];
            size_t len;

            for (unsigned i = 0; i <= n; i++) {
                const struct rpl_addr *before = &hop[i > 0 ? i - 1 : 0];
                unsigned shared = i < n ? cmpr_i : cmpr_e;

                memset(hop[i].b, (int)(i + 1), 16);
                if (i > 0)
                    memcpy(hop[i].b, before->b, shared);
                else
                    memset(hop[i].b, 0x20, 16);
            }
            len = by_hand(packet, hop, n, cmpr_i, cmpr_e);
            for (unsigned i = 1; i <= n; i++) {
                unsigned cmpr = i < n ? cmpr_i : cmpr_e;
                size_t slot = 48 + (i - 1) * (16 - cmpr_i);

                assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
                assert_int_equal(info.segments, n);
                assert_int_equal(info.segments_left, n - i + 1);
                assert_int_equal(info.srh, 40);
                assert_int_equal(info.payload, len - 8);
                assert_true(rpl_srh_segment(packet, &info, i, &next));
                assert_memory_equal(next.b, hop[i].b, 16);
                assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_OK);
                assert_memory_equal(next.b, hop[i].b, 16);
                assert_memory_equal(packet + 24, hop[i].b, 16);
                assert_memory_equal(packet + slot, hop[i - 1].b + cmpr, 16 - cmpr);
                assert_int_equal(packet[7], 255 - i);
            }
            assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_SRH_INVALID);
            assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
            assert_int_equal(len, 48);
            assert_int_equal(packet[6], 17);
            assert_memory_equal(packet + 40, "payload!", 8);
        }
    }
}

/* Lengths that contradict each other, against the formula of RFC 6554 section 4.2. */
static void test_srh_lengths(void **state)
{
    (void)state;
    for (unsigned ext = 0; ext < 256; ext += ext < 40 ? 1 : 59) {
        for (unsigned pair = 0; pair < 256; pair++) {
            for (unsigned pad = 0; pad < 16; pad++) {
                int cmpr_i = (int)(pair >> 4), cmpr_e = (int)(pair & 15);
                int room = (int)(ext * 8) - (int)pad - (16 - cmpr_e), n;
                struct rpl_packet_info info;
                uint8_t packet[ROOM] = {0};
                size_t len = 48 + ext * 8;
                enum rpl_data_error want = RPL_DATA_OK;

                plain(packet, &OUTSIDE, &ROOT, len - 40);
                packet[6] = 43;
                packet[40] = 59;
                packet[41] = (uint8_t)ext;
                packet[42] = 3;
                packet[43] = 1;
                packet[44] = (uint8_t)pair;
                packet[45] = (uint8_t)(pad << 4);
                n = room < 0 || room % (16 - cmpr_i) != 0 ? -1 : room / (16 - cmpr_i) + 1;
                if (ext == 0)
                    n = pad == 0 ? 0 : -1;
                if (n < 0 || n > 255)
                    want = RPL_DATA_SRH_INVALID;
                else if (n == 0)
                    want = RPL_DATA_SRH_SEGMENTS;
                assert_int_equal(rpl_packet_parse(packet, len, &info), want);
                if (want == RPL_DATA_OK)
                    assert_int_equal(info.segments, n);
                packet[43] = 0; /* consumed: passed over whatever it holds */
                assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
                assert_int_equal(info.payload, len);
            }
        }
    }
}

static void test_segments_left(void **state)
{
    struct rpl_addr hop[4] = {node(1), node(2), node(3), node(4)}, next;
    struct rpl_packet_info info;
    uint8_t packet[ROOM], before[ROOM];
    size_t len = by_hand(packet, hop, 3, 15, 15);

    (void)state;
    for (unsigned left = 4; left < 256; left++) {
        packet[43] = (uint8_t)left;
        memcpy(before, packet, len);
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_SRH_SEGMENTS);
        assert_int_equal(info.srh + 3, 43); /* where a Parameter Problem points */
        assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_SRH_SEGMENTS);
        assert_memory_equal(packet, before, len);
    }
}

/* ---- steps that are refused leave the packet as it was --------------------------------- */

static void check_refused(uint8_t *packet, size_t len, const struct rpl_addr *own, size_t owns,
                          enum rpl_data_error want)
{
    uint8_t before[ROOM];
    struct rpl_addr next;

    memcpy(before, packet, len);
    assert_int_equal(rpl_srh_step(packet, len, own, owns, &next), want);
    assert_memory_equal(packet, before, len);
}

static void test_step_refused(void **state)
{
    struct rpl_addr hop[4] = {node(1), node(2), node(3), node(4)};
    uint8_t packet[ROOM];
    size_t len;

    (void)state;
    len = by_hand(packet, hop, 3, 15, 15);
    packet[7] = 1;
    check_refused(packet, len, hop, 1, RPL_DATA_HOP_LIMIT);
    packet[7] = 0;
    check_refused(packet, len, hop, 1, RPL_DATA_HOP_LIMIT);
    packet[7] = 64;
    packet[24] = 0xff;
    check_refused(packet, len, hop, 1, RPL_DATA_SRH_MULTICAST);
    hop[1] = rpl_addr_all_nodes;
    len = by_hand(packet, hop, 3, 0, 0);
    check_refused(packet, len, hop, 1, RPL_DATA_SRH_MULTICAST);
    len = plain(packet, &OUTSIDE, &ROOT, 20);
    check_refused(packet, len, &ROOT, 1, RPL_DATA_SRH_INVALID);
}

/* SRH-08: addresses of ours with a foreign one between them, anywhere on the path. */
static void test_step_loop(void **state)
{
    const struct rpl_addr own[2] = {node(0x51), node(0x52)};

    (void)state;
    /* Each bit of |mask| puts an address of ours at a place of a path of six; the third place
     * is where the packet stands now. */
    for (unsigned mask = 0; mask < 64; mask++) {
        struct rpl_addr hop[6], next;
        uint8_t packet[ROOM];
        enum rpl_data_error want = RPL_DATA_OK;
        unsigned runs = 0;
        size_t len;

        for (unsigned i = 0; i < 6; i++) {
            bool ours = mask >> i & 1;

            hop[i] = ours ? own[i % 2] : node(0x100 + i);
            runs += ours && (i == 0 || !(mask >> (i - 1) & 1));
        }
        if (runs > 1)
            want = RPL_DATA_SRH_LOOP;
        len = by_hand(packet, hop, 5, 14, 14);
        assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_OK);
        assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_OK);
        assert_int_equal(rpl_srh_step(packet, len, own, 2, &next), want);
    }
}

/* ---- inserting -------------------------------------------------------------------------- */

/* Paths of all lengths, whose hops share a varying number of octets: the header decodes by
 * stepping to the very path, and stripping restores the packet octet by octet. */
static void test_insert_and_walk(void **state)
{
    (void)state;
    for (size_t hops = 1; hops <= RPL_PATH_MAX; hops++) {
        for (unsigned shared = 0; shared < 16; shared++) {
            struct rpl_addr hop[RPL_PATH_MAX], next;
            uint8_t packet[ROOM], original[ROOM];
            struct rpl_packet_info info;
            const struct rpl_rpi *rpi = (hops + shared) % 3 ? &RPI : NULL;
            size_t len, whole;

            random_state = (uint32_t)(hops * 16 + shared);
            for (size_t i = 0; i < hops; i++) {
                hop[i] = node(0);
                for (size_t j = shared; j < 14; j++)
                    hop[i].b[j] = (uint8_t)draw(255);
                if (shared == 0)
                    hop[i].b[0] = 0x20;
                hop[i].b[14] = shared == 15 ? 0 : (uint8_t)draw(256);
                hop[i].b[15] = (uint8_t)(i + 10);
            }
            whole = len = plain(packet, &OUTSIDE, &hop[hops - 1], 33);
            memcpy(original, packet, len);
            assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, hops, rpi),
                             RPL_DATA_OK);
            assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
            assert_int_equal(info.segments, hops - 1);
            assert_int_equal(info.srh != 0, hops > 1);
            assert_int_equal(info.rpi_option, rpi ? 42 : 0);
            if (rpi) {
                assert_true(info.rpi_only);
                assert_memory_equal(packet + 42, "\x63\4\x80\x1e\1\2", 6);
            }
            for (size_t i = 0; i < hops; i++) {
                assert_memory_equal(packet + 24, hop[i].b, 16);
                if (i + 1 < hops)
                    assert_int_equal(rpl_srh_step(packet, len, &hop[i], 1, &next), RPL_DATA_OK);
            }
            assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
            original[7] = (uint8_t)(original[7] - (hops - 1));
            assert_int_equal(len, whole);
            assert_memory_equal(packet, original, len);
        }
    }
}

/* The compression is the best one that decodes: one octet more would be shared by not all. */
static void test_insert_compression(void **state)
{
    static const struct {
        uint8_t first[3], cmpr; /* octet at which hops 1.. differ from hop 0 */
    } cases[] = {
        {{15, 15, 15}, 0xff}, {{15, 15, 8}, 0xf8}, {{8, 15, 15}, 0x88},
        {{15, 8, 15}, 0x88},  {{0, 0, 0}, 0x00},   {{3, 5, 2}, 0x32},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpl_addr hop[4] = {node(0), node(0), node(0), node(0)};
        uint8_t packet[ROOM];
        size_t len;

        for (unsigned j = 0; j < 3; j++)
            hop[j + 1].b[cases[i].first[j]] = (uint8_t)(0x31 + j);
        len = plain(packet, &OUTSIDE, &hop[3], 8);
        assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, 4, NULL), RPL_DATA_OK);
        assert_int_equal(packet[44], cases[i].cmpr);
    }
}

static void test_insert_refused(void **state)
{
    struct rpl_addr hop[RPL_PATH_MAX + 1];
    uint8_t packet[ROOM], before[ROOM];
    size_t len, whole;

    (void)state;
    for (unsigned i = 0; i <= RPL_PATH_MAX; i++)
        hop[i] = node(100 + i);
    whole = len = plain(packet, &OUTSIDE, &hop[3], 50);
    memcpy(before, packet, len);
#define REFUSED(count, rpi, want)                                                                  \
    do {                                                                                           \
        assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, count, rpi), want);     \
        assert_int_equal(len, whole);                                                              \
        assert_memory_equal(packet, before, len);                                                  \
    } while (0)
    REFUSED(0, &RPI, RPL_DATA_PATH_INVALID);
    REFUSED(3, &RPI, RPL_DATA_PATH_INVALID);
    REFUSED(RPL_PATH_MAX + 1, &RPI, RPL_DATA_PATH_INVALID);
    hop[1] = hop[0];
    REFUSED(4, &RPI, RPL_DATA_PATH_INVALID);
    hop[1] = hop[3];
    REFUSED(4, &RPI, RPL_DATA_PATH_INVALID);
    hop[1] = rpl_addr_all_nodes;
    REFUSED(4, &RPI, RPL_DATA_PATH_INVALID);
    memset(&hop[1], 0, 16);
    REFUSED(4, &RPI, RPL_DATA_PATH_INVALID);
    hop[1] = node(101);
    /* It grows by 8 and 16: each size below is refused, the size itself is enough. */
    for (size_t size = len; size < whole + 24; size++) {
        assert_int_equal(rpl_srh_insert(packet, &len, size, hop, 4, &RPI), RPL_DATA_TOO_BIG);
        assert_int_equal(len, whole);
        assert_memory_equal(packet, before, len);
    }
    assert_int_equal(rpl_srh_insert(packet, &len, whole + 24, hop, 4, &RPI), RPL_DATA_OK);
    assert_int_equal(len, whole + 24);
    len = whole - 1; /* cut: the Payload Length says more */
    assert_int_equal(rpl_srh_insert(packet, &len, ROOM, hop, 4, &RPI), RPL_DATA_TRUNCATED);
    len = whole + 24;
    /* What has them already gets no second ones. */
    whole = len;
    memcpy(packet + 24, hop[3].b, 16);
    memcpy(before, packet, len);
    REFUSED(4, NULL, RPL_DATA_PATH_INVALID);
    REFUSED(4, &RPI, RPL_DATA_PATH_INVALID);
}

/* A Payload Length has 16 bits, whatever the room: 65535 is reached and not passed. */
static void test_insert_too_long(void **state)
{
    static uint8_t packet[40 + 65535 + 100];
    struct rpl_addr hop[2] = {node(11), node(12)};

    (void)state;
    for (size_t payload = 65535 - 50; payload <= 65535; payload++) {
        size_t len = plain(packet, &OUTSIDE, &hop[1], payload);
        bool fits = payload + 16 <= 65535;

        assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, 2, NULL),
                         fits ? RPL_DATA_OK : RPL_DATA_TOO_BIG);
        assert_int_equal(len, 40 + payload + (fits ? 16 : 0));
        len = plain(packet, &OUTSIDE, &hop[1], payload);
        fits = payload + 40 + 8 <= 65535;
        assert_int_equal(rpl_encapsulate(packet, &len, sizeof(packet), &ROOT, 64, hop, 1, &RPI),
                         fits ? RPL_DATA_OK : RPL_DATA_TOO_BIG);
        assert_int_equal(len, 40 + payload + (fits ? 48 : 0));
    }
}

/* One hop and no RPI: there is nothing to put in, also where a source route stands. */
static void test_insert_nothing(void **state)
{
    struct rpl_addr hop[2] = {node(11), node(12)};
    uint8_t packet[ROOM], before[ROOM];
    size_t len = by_hand(packet, hop, 1, 15, 15), whole = len;

    (void)state;
    memcpy(before, packet, len);
    assert_int_equal(rpl_srh_insert(packet, &len, ROOM, hop, 1, NULL), RPL_DATA_OK);
    assert_int_equal(len, whole);
    assert_memory_equal(packet, before, len);
}

/* Behind a Hop-by-Hop header that somebody else put there. */
static void test_insert_behind_options(void **state)
{
    struct rpl_addr hop[3] = {node(1), node(2), node(3)}, next;
    uint8_t packet[ROOM], original[ROOM];
    size_t len = plain(packet, &OUTSIDE, &hop[2], 28), whole = len;

    (void)state;
    packet[6] = 0;
    memcpy(packet + 40, "\x11\0\5\2\0\0\1\0", 8); /* router alert */
    memcpy(original, packet, len);
    assert_int_equal(rpl_srh_insert(packet, &len, sizeof(packet), hop, 3, NULL), RPL_DATA_OK);
    assert_int_equal(len, whole + 16);
    assert_memory_equal(packet + 40, "\x2b\0\5\2\0\0\1\0\x11", 9);
    assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_OK);
    assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_OK);
    assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
    original[7] = 62;
    assert_int_equal(len, whole);
    assert_memory_equal(packet, original, len);
}

/* ---- tunnels ----------------------------------------------------------------------------- */

static void test_tunnel_and_back(void **state)
{
    (void)state;
    for (size_t hops = 1; hops <= RPL_PATH_MAX; hops++) {
        struct rpl_addr hop[RPL_PATH_MAX], next;
        uint8_t packet[ROOM], original[ROOM];
        struct rpl_packet_info info;
        size_t len, whole;

        for (unsigned i = 0; i < hops; i++)
            hop[i] = node(10 + i);
        whole = len = plain(packet, &OUTSIDE, &hop[hops - 1], 40);
        packet[0] = 0x6b; /* traffic class 0xb9, flow label 0xabcde */
        packet[1] = 0x9a;
        packet[2] = 0xbc;
        packet[3] = 0xde;
        packet[7] = 200;
        memcpy(original, packet, len);
        assert_int_equal(rpl_encapsulate(packet, &len, sizeof(packet), &ROOT, 77, hop, hops, &RPI),
                         RPL_DATA_OK);
        assert_memory_equal(packet, "\x6b\x90\0\0", 4);
        assert_int_equal(packet[7], 77);
        assert_memory_equal(packet + 8, ROOT.b, 16);
        assert_memory_equal(packet + 24, hop[0].b, 16);
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
        assert_int_equal(info.next, 41);
        assert_int_equal(info.segments_left, hops - 1);
        assert_int_equal(packet[info.payload + 7], 200 - (hops - 1));
        for (size_t i = 1; i < hops; i++) {
            size_t same = len;

            assert_int_equal(rpl_decapsulate(packet, &same), RPL_DATA_OK);
            assert_int_equal(same, len); /* not the end of the tunnel */
            assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_OK);
        }
        assert_int_equal(rpl_decapsulate(packet, &len), RPL_DATA_OK);
        original[7] = (uint8_t)(200 - (hops - 1));
        assert_int_equal(len, whole);
        assert_memory_equal(packet, original, len);
    }
}

/* SRH-05: the inner Hop Limit shortens the route so that it ends where it would have. */
static void test_tunnel_cut(void **state)
{
    struct rpl_addr hop[8];

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        hop[i] = node(10 + i);
    for (unsigned limit = 0; limit < 12; limit++) {
        uint8_t packet[ROOM];
        struct rpl_packet_info info;
        size_t len = plain(packet, &OUTSIDE, &hop[7], 40);
        unsigned left = limit > 7 ? 7 : limit - 1;

        packet[7] = (uint8_t)limit;
        if (limit == 0) {
            assert_int_equal(rpl_encapsulate(packet, &len, sizeof(packet), &ROOT, 64, hop, 8, &RPI),
                             RPL_DATA_HOP_LIMIT);
            continue;
        }
        assert_int_equal(rpl_encapsulate(packet, &len, sizeof(packet), &ROOT, 64, hop, 8, &RPI),
                         RPL_DATA_OK);
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
        assert_int_equal(info.segments_left, left);
        assert_int_equal(packet[info.payload + 7], limit - left);
    }
}

static void test_tunnel_refused(void **state)
{
    struct rpl_addr hop[3] = {node(11), node(12), node(13)};
    uint8_t packet[ROOM];
    size_t len = plain(packet, &OUTSIDE, &hop[2], 40);

    (void)state;
    assert_int_equal(rpl_encapsulate(packet, &len, 80 + 40 + 23, &ROOT, 64, hop, 3, &RPI),
                     RPL_DATA_TOO_BIG);
    assert_int_equal(rpl_encapsulate(packet, &len, ROOM, &hop[1], 64, hop, 3, &RPI),
                     RPL_DATA_PATH_INVALID);
    assert_int_equal(rpl_encapsulate(packet, &len, ROOM, &ROOT, 64, hop, 0, &RPI),
                     RPL_DATA_PATH_INVALID);
    len = 79;
    assert_int_equal(rpl_encapsulate(packet, &len, ROOM, &ROOT, 64, hop, 3, &RPI),
                     RPL_DATA_TRUNCATED);
    len = 80;
    assert_int_equal(rpl_encapsulate(packet, &len, 80 + 40 + 24, &ROOT, 64, hop, 3, &RPI),
                     RPL_DATA_OK);
    /* An inner packet that claims more than is there, or is none. */
    packet[5]--;
    assert_int_equal(rpl_decapsulate(packet, &len), RPL_DATA_OK); /* a live route: untouched */
    packet[40 + 8 + 3] = 0;
    assert_int_equal(rpl_decapsulate(packet, &len), RPL_DATA_TRUNCATED);
    packet[5]++;
    packet[40 + 24] = 0x40;
    assert_int_equal(rpl_decapsulate(packet, &len), RPL_DATA_TRUNCATED);
    packet[40 + 24] = 0x60;
    assert_int_equal(rpl_decapsulate(packet, &len), RPL_DATA_OK);
    assert_int_equal(len, 80);
}

/* RFC 6040 figure 4, row by row: the inner field, then the outer one. */
static void test_tunnel_ecn(void **state)
{
    enum { NOT = 0, ECT1 = 1, ECT0 = 2, CE = 3, DROP = 9 };
    static const uint8_t merged[4][4] = {
        [NOT] = {[NOT] = NOT, [ECT0] = NOT, [ECT1] = NOT, [CE] = DROP},
        [ECT0] = {[NOT] = ECT0, [ECT0] = ECT0, [ECT1] = ECT1, [CE] = CE},
        [ECT1] = {[NOT] = ECT1, [ECT0] = ECT1, [ECT1] = ECT1, [CE] = CE},
        [CE] = {[NOT] = CE, [ECT0] = CE, [ECT1] = CE, [CE] = CE},
    };

    (void)state;
    for (unsigned inner = 0; inner < 4; inner++) {
        for (unsigned outer = 0; outer < 4; outer++) {
            struct rpl_addr hop = node(5);
            uint8_t packet[ROOM];
            size_t len = plain(packet, &OUTSIDE, &hop, 10);
            unsigned want = merged[inner][outer];

            packet[0] = 0x6a;
            packet[1] = (uint8_t)(0x8f | inner << 4);
            assert_int_equal(rpl_encapsulate(packet, &len, ROOM, &ROOT, 64, &hop, 1, &RPI),
                             RPL_DATA_OK);
            assert_int_equal(packet[1], 0x80 | inner << 4); /* copied outward */
            packet[1] = (uint8_t)(0x80 | outer << 4);
            assert_int_equal(rpl_decapsulate(packet, &len),
                             want == DROP ? RPL_DATA_CONGESTED : RPL_DATA_OK);
            if (want == DROP)
                continue;
            assert_int_equal(packet[0], 0x6a);
            assert_int_equal(packet[1], 0x8f | want << 4);
            assert_int_equal(len, 50);
        }
    }
}

/* Other routing headers are not ours: they stay where they are, and get no second one. */
static void test_other_routing_header(void **state)
{
    struct rpl_addr hop[3] = {node(11), node(12), node(13)}, next;
    struct rpl_packet_info info;
    uint8_t packet[ROOM], before[ROOM];

    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        size_t len = by_hand(packet, &hop[2], 0, 0, 0);

        packet[42] = (uint8_t)type;
        memcpy(before, packet, len);
        assert_int_equal(rpl_packet_parse(packet, len, &info), RPL_DATA_OK);
        assert_int_equal(info.srh, type == 3 ? 40 : 0);
        assert_int_equal(info.next, type == 3 ? 17 : 43);
        assert_int_equal(info.payload, type == 3 ? 48 : 40);
        assert_false(rpl_srh_segment(packet, &info, 0, &next));
        assert_false(rpl_srh_segment(packet, &info, 1, &next));
        assert_int_equal(rpl_srh_step(packet, len, NULL, 0, &next), RPL_DATA_SRH_INVALID);
        assert_int_equal(rpl_srh_insert(packet, &len, ROOM, hop, 3, NULL), RPL_DATA_PATH_INVALID);
        assert_int_equal(rpl_strip(packet, &len), RPL_DATA_OK);
        assert_int_equal(len, type == 3 ? 48 : 56);
        if (type != 3)
            assert_memory_equal(packet, before, len);
    }
}

static void test_error_names(void **state)
{
    (void)state;
    for (int error = 0; error < RPL_DATA_ERROR_COUNT; error++) {
        const char *name = rpl_data_error_name((enum rpl_data_error)error);

        assert_non_null(name);
        assert_string_not_equal(name, "unknown");
        for (int other = 0; other < error; other++)
            assert_string_not_equal(name, rpl_data_error_name((enum rpl_data_error)other));
    }
    assert_string_equal(rpl_data_error_name(RPL_DATA_ERROR_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_compressions),
        cmocka_unit_test(test_srh_lengths),
        cmocka_unit_test(test_segments_left),
        cmocka_unit_test(test_step_refused),
        cmocka_unit_test(test_step_loop),
        cmocka_unit_test(test_insert_and_walk),
        cmocka_unit_test(test_insert_compression),
        cmocka_unit_test(test_insert_refused),
        cmocka_unit_test(test_insert_too_long),
        cmocka_unit_test(test_insert_nothing),
        cmocka_unit_test(test_insert_behind_options),
        cmocka_unit_test(test_tunnel_and_back),
        cmocka_unit_test(test_tunnel_cut),
        cmocka_unit_test(test_tunnel_refused),
        cmocka_unit_test(test_tunnel_ecn),
        cmocka_unit_test(test_other_routing_header),
        cmocka_unit_test(test_error_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
