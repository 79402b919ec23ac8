/* SPDX-License-Identifier: ISC */
/*
 * For the tests of the 6LoWPAN decoder: packets drawn at random, and a compressor that draws
 * among all encodings the RFCs allow for each field. It shares no code with the decoder. Frames
 * stand right before a page that must not be touched.
 */
#ifndef TESTS_UNIT_LOWPAN_LIB_H
#define TESTS_UNIT_LOWPAN_LIB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/rpl_lowpan.h"

#define LIB_PACKET_MAX 1280u

uint32_t lib_draw(uint32_t below);
void lib_seed(uint32_t seed);

/* A copy of |data| whose last octet is the last of a page; the next page is out of bounds.
 * Valid until the next call with the same |place| (0..3). */
uint8_t *lib_guarded(unsigned place, const void *data, size_t len);

struct lib_bytes {
    uint8_t b[2048];
    size_t len;
};

void lib_put(struct lib_bytes *to, const void *data, size_t len);
void lib_put8(struct lib_bytes *to, unsigned value);
void lib_put16(struct lib_bytes *to, unsigned value);
/* The octets of a string of hex digits; blanks are passed over. */
void lib_hex(struct lib_bytes *to, const char *text);

/* A frame header, version 2006, PAN 0xabcd; addresses of 2 or 8 octets as |mac| has them. */
void lib_mac(struct lib_bytes *frame, const struct rpl_lowpan_mac *mac, bool compress);
/* Sender and receiver drawn at random, long or short. */
void lib_draw_mac(struct rpl_lowpan_mac *mac);

/* A decoder with contexts 0 (fd00::/64), 1 (2001:db8:0:1::/48), 5 (a whole address), 15 (/56)
 * and |slots| slots. */
#define LIB_SLOTS_MAX 16
struct lib_decoder {
    struct rpl_lowpan lowpan;
    struct rpl_lowpan_slot slot[LIB_SLOTS_MAX];
};
void lib_decoder(struct lib_decoder *decoder, size_t slots);

/* A packet with extension headers, tunnels and UDP as drawn, |len| octets at most. */
void lib_draw_packet(struct lib_bytes *packet, const struct rpl_lowpan_mac *mac,
                     const struct rpl_lowpan *lowpan, size_t len);

/* What the compressor did. */
struct lib_compressed {
    struct lib_bytes out;
    size_t headers;  /* octets of |out| that are compressed headers */
    size_t consumed; /* octets of the packet that they stand for */
    bool context, extension, elided;
};
void lib_compress(struct lib_compressed *to, const struct lib_bytes *packet,
                  const struct rpl_lowpan_mac *mac, const struct rpl_lowpan *lowpan);

/* Cut what was compressed into fragments of at most |room| octets of MAC payload. Returns how
 * many. */
#define LIB_FRAGMENTS_MAX 160
size_t lib_fragments(struct lib_bytes fragment[LIB_FRAGMENTS_MAX],
                     const struct lib_compressed *compressed, const struct lib_bytes *packet,
                     unsigned tag, size_t room);

#endif /* TESTS_UNIT_LOWPAN_LIB_H */
