/* SPDX-License-Identifier: ISC */
/* Fragments of a source-routed packet: each goes the whole way by itself, and together they are
 * what there was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_data.h"

#define INNER 1280u

static struct rpl_addr addr(uint8_t n)
{
    return (struct rpl_addr){.b = {0xfd, [15] = n}};
}

/* A tunnel of |hops| hops around a packet of INNER octets; its length. */
static size_t tunnel(uint8_t *packet, size_t size, size_t hops, bool rpi)
{
    const struct rpl_rpi option = {.type = RPL_RPI_63, .flags = RPL_RPI_O, .instance = 3};
    struct rpl_addr hop[RPL_PATH_MAX], root = addr(1);
    size_t len = INNER;

    for (size_t i = 0; i < INNER; i++)
        packet[i] = (uint8_t)(i * 7);
    packet[0] = 0x60;
    packet[4] = (INNER - 40) >> 8;
    packet[5] = (INNER - 40) & 0xff;
    packet[6] = 17;
    packet[7] = 64;
    packet[24] = 0xfd;
    for (size_t i = 0; i < hops; i++)
        hop[i] = addr((uint8_t)(2 + i));
    assert_int_equal(
        rpl_encapsulate(packet, &len, size, &root, 64, hop, hops, rpi ? &option : NULL),
        RPL_DATA_OK);
    return len;
}

static void walk(size_t hops, bool rpi, size_t mtu)
{
    uint8_t packet[4096], part[4096], joined[4096];
    struct rpl_packet_info whole, info;
    size_t len = tunnel(packet, sizeof(packet), hops, rpi), offset = 0, count = 0, n;

    assert_int_equal(rpl_packet_parse(packet, len, &whole), RPL_DATA_OK);
    size_t payload = len - whole.payload;
    while (offset < payload) {
        size_t at = offset;

        assert_int_equal(rpl_fragment(packet, len, mtu, 0x12345678, &offset, part, &n),
                         RPL_DATA_OK);
        assert_true(n <= mtu && offset > at);
        assert_int_equal(rpl_packet_parse(part, n, &info), RPL_DATA_OK);
        assert_int_equal((size_t)(part[4] << 8 | part[5]) + 40, n);
        assert_int_equal(info.next, 44);
        assert_int_equal(info.payload, whole.payload);
        assert_int_equal(info.segments_left, whole.segments_left);
        const uint8_t *header = part + info.payload;
        assert_int_equal(header[0], 41);
        assert_int_equal((header[2] << 8 | header[3]) & ~7, at);
        assert_int_equal(header[3] & 1, offset < payload);
        assert_int_equal(header[4] << 24 | header[5] << 16 | header[6] << 8 | header[7],
                         0x12345678);
        memcpy(joined + at, header + 8, n - info.payload - 8);
        /* On its way it is a packet like any other, and at the end its route comes off. */
        if (info.srh) {
            struct rpl_addr own = addr(2), next;

            assert_int_equal(rpl_srh_step(part, n, &own, 1, &next), RPL_DATA_OK);
        }
        count++;
    }
    assert_int_equal(offset, payload);
    assert_memory_equal(joined, packet + whole.payload, payload);
    assert_true(count >= 2);
}

static void fragments_are_the_packet(void **unused)
{
    (void)unused;
    for (size_t mtu = 256; mtu <= 1280; mtu += 1) {
        walk(4, false, mtu);
        walk(4, true, mtu);
        walk(1, true, mtu);
        walk(1, false, mtu);
    }
    walk(RPL_PATH_MAX, true, 1280);
}

static void bad_ones_are_refused(void **unused)
{
    uint8_t packet[4096], part[4096];
    size_t len = tunnel(packet, sizeof(packet), 4, true), offset = 0, n;

    (void)unused;
    assert_int_equal(rpl_fragment(packet, len, 64, 1, &offset, part, &n), RPL_DATA_TOO_BIG);
    assert_int_equal(rpl_fragment(packet, len - 1, 1280, 1, &offset, part, &n), RPL_DATA_TRUNCATED);
    offset = 4096;
    assert_int_equal(rpl_fragment(packet, len, 1280, 1, &offset, part, &n), RPL_DATA_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fragments_are_the_packet),
        cmocka_unit_test(bad_ones_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
