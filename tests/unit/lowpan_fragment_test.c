/* SPDX-License-Identifier: ISC */
/* Reassembly of 6LoWPAN fragments, RFC 4944 section 5.3: any order, twice, too late, too many. */
#include "lowpan_lib.h"

#define T0 RPL_S(100)

static struct lib_decoder decoder;
static struct rpl_lowpan_mac mac;
static uint8_t packet[RPL_LOWPAN_PACKET_MAX];
static size_t packet_len;

static uint64_t count(enum rpl_lowpan_result result)
{
    return decoder.lowpan.counters[result];
}

static enum rpl_lowpan_result input(const struct rpl_lowpan_mac *from,
                                    const struct lib_bytes *fragment, rpl_tstamp now)
{
    uint8_t *out = lib_guarded(1, NULL, RPL_LOWPAN_PACKET_MAX);
    struct rpl_lowpan_mac read;
    struct lib_bytes frame;
    enum rpl_lowpan_result result;

    lib_mac(&frame, from, true);
    lib_put(&frame, fragment->b, fragment->len);
    result = rpl_lowpan_input(&decoder.lowpan, lib_guarded(0, frame.b, frame.len), frame.len, now,
                              out, RPL_LOWPAN_PACKET_MAX, &packet_len, &read);
    memcpy(packet, out, packet_len);
    return result;
}

static size_t held(void)
{
    size_t n = 0;

    for (size_t i = 0; i < decoder.lowpan.slot_count; i++)
        n += decoder.slot[i].state == RPL_LOWPAN_SLOT_OPEN;
    return n;
}

/* A packet that is ours to read, in fragments. */
struct pieces {
    struct lib_bytes whole;
    struct lib_bytes piece[LIB_FRAGMENTS_MAX];
    size_t count;
};

static void draw(struct pieces *pieces, unsigned tag, size_t len, size_t room)
{
    struct lib_compressed compressed;

    do {
        lib_draw_packet(&pieces->whole, &mac, &decoder.lowpan, len);
        lib_compress(&compressed, &pieces->whole, &mac, &decoder.lowpan);
    } while (!(compressed.context || compressed.extension || compressed.elided) ||
             compressed.headers + 12 > room);
    pieces->count = lib_fragments(pieces->piece, &compressed, &pieces->whole, tag, room);
}

static void assert_whole(const struct pieces *pieces)
{
    assert_int_equal(packet_len, pieces->whole.len);
    assert_memory_equal(packet, pieces->whole.b, packet_len);
}

static int start(void **state)
{
    (void)state;
    lib_decoder(&decoder, 6);
    lib_seed(7);
    lib_draw_mac(&mac);
    return 0;
}

/* ---- the good way ------------------------------------------------------------------------- */

/* Shuffled, with pieces repeated: one packet comes out, the repeats are known as such. */
static void test_any_order(void **state)
{
    static struct pieces pieces;

    (void)state;
    for (unsigned i = 0; i < 1500; i++) {
        size_t order[LIB_FRAGMENTS_MAX], repeats = 0;

        lib_decoder(&decoder, 6);
        lib_seed(i);
        lib_draw_mac(&mac);
        draw(&pieces, i, 300 + lib_draw(981), 100 + lib_draw(200));
        for (size_t n = 0; n < pieces.count; n++)
            order[n] = n;
        for (size_t n = pieces.count; n > 1; n--) {
            size_t other = lib_draw((uint32_t)n), was = order[n - 1];

            order[n - 1] = order[other];
            order[other] = was;
        }
        for (size_t n = 0; n + 1 < pieces.count; n++) {
            assert_int_equal(input(&mac, &pieces.piece[order[n]], T0 + n), RPL_LOWPAN_HELD);
            assert_int_equal(packet_len, 0);
            if (lib_draw(3) == 0) {
                size_t again = order[lib_draw((uint32_t)n + 1)];

                assert_int_equal(input(&mac, &pieces.piece[again], T0 + n), RPL_LOWPAN_DUPLICATE);
                repeats++;
            }
        }
        assert_int_equal(input(&mac, &pieces.piece[order[pieces.count - 1]], T0), RPL_LOWPAN_OK);
        assert_whole(&pieces);
        assert_int_equal(count(RPL_LOWPAN_DUPLICATE), repeats);
        /* The last one again, as when its acknowledgement was lost. */
        assert_int_equal(input(&mac, &pieces.piece[order[pieces.count - 1]], T0), RPL_LOWPAN_LATE);
        assert_int_equal(held(), 0);
        assert_int_equal(count(RPL_LOWPAN_TIMEOUT), 0);
    }
}

/* Every order of few pieces. */
static void test_every_order(void **state)
{
    static struct pieces pieces;
    size_t orders = 0;

    (void)state;
    do {
        draw(&pieces, 1, 500, 150);
    } while (pieces.count != 5);
    for (unsigned code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
        unsigned seen = 0, rest = code;
        size_t order[5];

        for (unsigned n = 0; n < 5; n++, rest /= 5) {
            order[n] = rest % 5;
            seen |= 1u << order[n];
        }
        if (seen != 31)
            continue;
        rpl_lowpan_flush(&decoder.lowpan);
        orders++;
        for (unsigned n = 0; n < 5; n++)
            assert_int_equal(input(&mac, &pieces.piece[order[n]], T0),
                             n < 4 ? RPL_LOWPAN_HELD : RPL_LOWPAN_OK);
        assert_whole(&pieces);
    }
    assert_int_equal(orders, 120);
}

/* Two datagrams of one sender and one of another, interleaved. */
static void test_interleaved(void **state)
{
    static struct pieces a, b, c;
    struct rpl_lowpan_mac other = mac;
    size_t got = 0;

    (void)state;
    draw(&a, 1, 600, 120);
    draw(&b, 2, 600, 120);
    other.src.b[0] ^= 1;
    c = a; /* the same tag and size, even the same octets, from elsewhere */
    for (size_t n = 0; n < LIB_FRAGMENTS_MAX; n++) {
        if (n < a.count && input(&mac, &a.piece[n], T0) == RPL_LOWPAN_OK) {
            assert_whole(&a);
            got++;
        }
        if (n < b.count && input(&mac, &b.piece[n], T0) == RPL_LOWPAN_OK) {
            assert_whole(&b);
            got++;
        }
        if (n < c.count && input(&other, &c.piece[n], T0) == RPL_LOWPAN_OK)
            got++; /* identifiers come from another link address: not the same packet */
    }
    assert_int_equal(got, 3);
}

/* ---- what is refused ------------------------------------------------------------------------ */

/* A piece that overlaps one that is there, in another way than being it again, throws away what
 * was gathered, and is the beginning of something new. */
static void test_overlap(void **state)
{
    static struct pieces pieces;
    struct lib_bytes bad;

    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        start(NULL);
        do {
            draw(&pieces, 1, 600, 150);
        } while (pieces.count < 5 || pieces.piece[1].len < 5 + 24);
        assert_int_equal(input(&mac, &pieces.piece[0], T0), RPL_LOWPAN_HELD);
        assert_int_equal(input(&mac, &pieces.piece[1], T0), RPL_LOWPAN_HELD);
        bad = pieces.piece[1];
        if (kind == 0)
            bad.len -= 8; /* shorter */
        if (kind == 1)
            bad.b[4]++; /* shifted */
        if (kind == 2)
            bad.b[10] ^= 1; /* other octets */
        if (kind == 3)
            lib_put(&bad, pieces.piece[2].b + 5, 8); /* longer */
        assert_int_equal(input(&mac, &bad, T0), RPL_LOWPAN_HELD);
        assert_int_equal(count(RPL_LOWPAN_OVERLAP), 1);
        assert_int_equal(held(), 1);
        for (size_t n = 2; n < pieces.count; n++)
            assert_int_not_equal(input(&mac, &pieces.piece[n], T0), RPL_LOWPAN_OK);
    }
    /* After an overlap the sender may repeat the whole. */
    start(NULL);
    draw(&pieces, 1, 600, 150);
    assert_int_equal(input(&mac, &pieces.piece[0], T0), RPL_LOWPAN_HELD);
    bad = pieces.piece[1];
    bad.b[4] = 1;
    assert_int_equal(input(&mac, &bad, T0), RPL_LOWPAN_HELD);
    assert_int_equal(count(RPL_LOWPAN_OVERLAP), 1);
    for (size_t n = 0; n < pieces.count; n++)
        assert_int_equal(input(&mac, &pieces.piece[n], T0),
                         n + 1 < pieces.count ? RPL_LOWPAN_HELD : RPL_LOWPAN_OK);
    assert_int_equal(count(RPL_LOWPAN_OVERLAP), 2);
    assert_whole(&pieces);
}

static enum rpl_lowpan_result hex(const char *text)
{
    struct lib_bytes fragment = {.len = 0};

    lib_hex(&fragment, text);
    return input(&mac, &fragment, T0);
}

static void test_invalid(void **state)
{
    (void)state;
    assert_int_equal(hex("c0"), RPL_LOWPAN_TRUNCATED);
    assert_int_equal(hex("c040 00"), RPL_LOWPAN_TRUNCATED);
    assert_int_equal(hex("e040 0001"), RPL_LOWPAN_TRUNCATED);
    assert_int_equal(hex("e501 0001 05 0102030405060708"), RPL_LOWPAN_TOO_BIG);
    assert_int_equal(hex("e7ff 0001 05 0102030405060708"), RPL_LOWPAN_TOO_BIG);
    assert_int_equal(hex("e027 0001 01 0102030405060708"), RPL_LOWPAN_FRAGMENT); /* 39 octets */
    assert_int_equal(hex("e040 0001 05"), RPL_LOWPAN_FRAGMENT);                  /* nothing */
    assert_int_equal(hex("e040 0001 00 0102030405060708"), RPL_LOWPAN_FRAGMENT); /* offset 0 */
    assert_int_equal(hex("e040 0001 05 01020304050607"), RPL_LOWPAN_FRAGMENT);   /* not 8n */
    assert_int_equal(hex("e040 0001 08 01"), RPL_LOWPAN_FRAGMENT);               /* beyond */
    assert_int_equal(hex("e040 0001 ff 0102030405060708"), RPL_LOWPAN_FRAGMENT);
    assert_int_equal(hex("e03c 0001 07 0102030405"), RPL_LOWPAN_FRAGMENT); /* 61 of 60 */
    assert_int_equal(held(), 0);
    /* First ones: cut between two multiples of 8, and longer than the whole. */
    assert_int_equal(hex("c040 0001 7a77 3a 0102030405"), RPL_LOWPAN_FRAGMENT);
    assert_int_equal(hex("c030 0002 7a77 3a 010203040506070809"), RPL_LOWPAN_FRAGMENT);
    assert_int_equal(held(), 0);
    assert_int_equal(hex("e03c 0003 07 01020304"), RPL_LOWPAN_HELD);
}

/* A first fragment of the host's, or one that cannot be read: the rest does not wait here. */
static void test_not_ours(void **state)
{
    (void)state;
    assert_int_equal(hex("c048 0001 7a33 3a 0102030405060708"), RPL_LOWPAN_KERNEL);
    assert_int_equal(hex("e048 0001 06 0102030405060708"), RPL_LOWPAN_KERNEL);
    assert_int_equal(hex("e048 0001 07 0102030405060708"), RPL_LOWPAN_KERNEL);
    assert_int_equal(hex("c048 0002 7aff 22 3a 0102030405060708"), RPL_LOWPAN_CONTEXT);
    assert_int_equal(hex("e048 0002 06 0102030405060708"), RPL_LOWPAN_LATE);
    assert_int_equal(hex("c048 0003 80"), RPL_LOWPAN_MESH);
    assert_int_equal(hex("e048 0003 06 0102030405060708"), RPL_LOWPAN_LATE);
    assert_int_equal(held(), 0);
    /* The first one comes last. */
    assert_int_equal(hex("e048 0004 06 0102030405060708"), RPL_LOWPAN_HELD);
    assert_int_equal(hex("c048 0004 7a33 3a 0102030405060708"), RPL_LOWPAN_KERNEL);
    assert_int_equal(hex("e048 0004 07 0102030405060708"), RPL_LOWPAN_KERNEL);
    assert_int_equal(held(), 0);
    assert_int_equal(count(RPL_LOWPAN_REPLACED), 0);
}

/* ---- bounds --------------------------------------------------------------------------------- */

static void test_timeout(void **state)
{
    static struct pieces pieces;
    struct rpl_lowpan_mac other = mac;

    (void)state;
    draw(&pieces, 1, 400, 120);
    assert_int_equal(input(&mac, &pieces.piece[0], T0), RPL_LOWPAN_HELD);
    /* The first fragment started the clock; more of them do not stop it. */
    assert_int_equal(input(&mac, &pieces.piece[1], T0 + RPL_LOWPAN_REASSEMBLY - 1),
                     RPL_LOWPAN_HELD);
    assert_int_equal(held(), 1);
    other.src.b[0] ^= 1;
    assert_int_equal(input(&other, &pieces.piece[1], T0 + RPL_LOWPAN_REASSEMBLY), RPL_LOWPAN_HELD);
    assert_int_equal(held(), 1); /* the other's */
    assert_int_equal(count(RPL_LOWPAN_TIMEOUT), 1);
    /* The tag is free again. */
    for (size_t n = 0; n < pieces.count; n++)
        assert_int_equal(input(&mac, &pieces.piece[n], T0 + RPL_S(60)),
                         n + 1 < pieces.count ? RPL_LOWPAN_HELD : RPL_LOWPAN_OK);
    assert_whole(&pieces);
}

/* A sender that begins a third datagram gives up its oldest; it never takes from others. */
static void test_one_sender(void **state)
{
    static struct pieces victim;
    struct rpl_lowpan_mac greedy = mac;
    struct lib_bytes flood = {.len = 0};

    (void)state;
    draw(&victim, 1, 600, 120);
    assert_int_equal(input(&mac, &victim.piece[0], T0), RPL_LOWPAN_HELD);
    greedy.src.b[0] ^= 1;
    lib_hex(&flood, "e040 0000 05 0102030405060708");
    for (unsigned i = 0; i < 1000; i++) {
        flood.b[2] = (uint8_t)(i >> 8);
        flood.b[3] = (uint8_t)i;
        assert_int_equal(input(&greedy, &flood, T0 + i), RPL_LOWPAN_HELD);
    }
    assert_int_equal(held(), 1 + RPL_LOWPAN_PER_SOURCE);
    assert_int_equal(count(RPL_LOWPAN_REPLACED), 1000 - RPL_LOWPAN_PER_SOURCE);
    for (size_t n = 1; n < victim.count; n++)
        assert_int_equal(input(&mac, &victim.piece[n], T0 + RPL_S(1)),
                         n + 1 < victim.count ? RPL_LOWPAN_HELD : RPL_LOWPAN_OK);
    assert_whole(&victim);
}

/* Many senders fill the pool: the next is refused until time has passed. Closed ones make room. */
static void test_full(void **state)
{
    static struct pieces pieces;
    struct rpl_lowpan_mac from = mac;
    struct lib_bytes flood = {.len = 0};

    (void)state;
    lib_hex(&flood, "e040 0000 05 0102030405060708");
    assert_int_equal(hex("c048 0001 7a33 3a 0102030405060708"), RPL_LOWPAN_KERNEL);
    for (unsigned i = 0; i < 6; i++) {
        from.src.b[1] = (uint8_t)(mac.src.b[1] + 1 + i);
        assert_int_equal(input(&from, &flood, T0), RPL_LOWPAN_HELD);
    }
    assert_int_equal(held(), 6);
    draw(&pieces, 9, 400, 120);
    assert_int_equal(input(&mac, &pieces.piece[0], T0), RPL_LOWPAN_FULL);
    assert_int_equal(hex("c048 0002 7a33 3a 0102030405060708"), RPL_LOWPAN_KERNEL);
    assert_int_equal(count(RPL_LOWPAN_FULL), 1);
    for (size_t n = 0; n < pieces.count; n++)
        assert_int_equal(input(&mac, &pieces.piece[n], T0 + RPL_LOWPAN_REASSEMBLY),
                         n + 1 < pieces.count ? RPL_LOWPAN_HELD : RPL_LOWPAN_OK);
    assert_int_equal(count(RPL_LOWPAN_TIMEOUT), 6);
    /* Without any slot everything else still works. */
    lib_decoder(&decoder, 0);
    assert_int_equal(input(&mac, &pieces.piece[0], T0), RPL_LOWPAN_FULL);
    assert_int_equal(hex("7a77 3a 0102"), RPL_LOWPAN_OK);
}

/* A UDP checksum that was elided covers what later fragments bring: drawn in test_any_order, and
 * here one whose first fragment comes last. */
static void test_elided_checksum(void **state)
{
    (void)state;
    assert_int_equal(hex("e038 0001 06 6162636465666768"), RPL_LOWPAN_HELD);
    assert_int_equal(hex("c038 0001 7e77 f7 12"), RPL_LOWPAN_OK);
    assert_int_equal(packet_len, 56);
    assert_int_equal(packet[44] << 8 | packet[45], 16); /* UDP length */
    assert_true(packet[46] != 0 || packet[47] != 0);
}

/* Every piece cut short, and every octet of its header changed: in bounds, never a packet. */
static void test_bent(void **state)
{
    static struct pieces pieces;

    (void)state;
    draw(&pieces, 1, 500, 120);
    for (size_t n = 0; n < pieces.count; n++) {
        for (size_t len = 0; len < pieces.piece[n].len; len++) {
            struct lib_bytes cut = pieces.piece[n];

            cut.len = len;
            rpl_lowpan_flush(&decoder.lowpan);
            assert_int_not_equal(input(&mac, &cut, T0), RPL_LOWPAN_OK);
        }
        for (size_t at = 0; at < 30; at++) {
            for (unsigned value = 0; value < 256; value++) {
                struct lib_bytes bent = pieces.piece[n];

                bent.b[at] = (uint8_t)value;
                rpl_lowpan_flush(&decoder.lowpan);
                (void)input(&mac, &pieces.piece[(n + 1) % pieces.count], T0);
                (void)input(&mac, &bent, T0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_any_order, start),
        cmocka_unit_test_setup(test_every_order, start),
        cmocka_unit_test_setup(test_interleaved, start),
        cmocka_unit_test_setup(test_overlap, start),
        cmocka_unit_test_setup(test_invalid, start),
        cmocka_unit_test_setup(test_not_ours, start),
        cmocka_unit_test_setup(test_timeout, start),
        cmocka_unit_test_setup(test_one_sender, start),
        cmocka_unit_test_setup(test_full, start),
        cmocka_unit_test_setup(test_elided_checksum, start),
        cmocka_unit_test_setup(test_bent, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
