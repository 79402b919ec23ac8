/* SPDX-License-Identifier: ISC */
#include "lowpan_lib.h"

#include <sys/mman.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

static uint32_t state = 1;

void lib_seed(uint32_t seed)
{
    state = seed * 2654435761u + 1;
}

uint32_t lib_draw(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)state * below >> 32);
}

uint8_t *lib_guarded(unsigned place, const void *data, size_t len)
{
    static uint8_t *area[4];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    assert_true(place < 4 && len <= page);
    if (area[place] == NULL) {
        void *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_true(p != MAP_FAILED);
        assert_int_equal(mprotect((uint8_t *)p + page, page, PROT_NONE), 0);
        area[place] = p;
    }
    if (len > 0 && data != NULL)
        memmove(area[place] + page - len, data, len);
    return area[place] + page - len;
}

/* ---- octets ------------------------------------------------------------------------------ */

void lib_put(struct lib_bytes *to, const void *data, size_t len)
{
    assert_true(to->len + len <= sizeof(to->b));
    if (len > 0)
        memcpy(to->b + to->len, data, len);
    to->len += len;
}

void lib_put8(struct lib_bytes *to, unsigned value)
{
    uint8_t octet = (uint8_t)value;

    lib_put(to, &octet, 1);
}

void lib_put16(struct lib_bytes *to, unsigned value)
{
    lib_put8(to, value >> 8);
    lib_put8(to, value & 0xff);
}

void lib_hex(struct lib_bytes *to, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 0, count = 0;

    for (; *text != '\0'; text++) {
        if (*text == ' ')
            continue;
        assert_non_null(strchr(digits, *text));
        value = value << 4 | (unsigned)(strchr(digits, *text) - digits);
        if (++count % 2 == 0) {
            lib_put8(to, value);
            value = 0;
        }
    }
    assert_int_equal(count % 2, 0);
}

/* ---- frames ------------------------------------------------------------------------------ */

static void put_reversed(struct lib_bytes *to, const struct rpl_lowpan_addr *addr)
{
    for (unsigned i = addr->len; i > 0; i--)
        lib_put8(to, addr->b[i - 1]);
}

void lib_mac(struct lib_bytes *frame, const struct rpl_lowpan_mac *mac, bool compress)
{
    frame->len = 0;
    lib_put8(frame, compress ? 0x61 : 0x21);
    lib_put8(frame,
             0x10u | (mac->dst.len == 8 ? 0x0cu : 0x08u) | (mac->src.len == 8 ? 0xc0u : 0x80u));
    lib_put8(frame, mac->sequence);
    lib_put8(frame, 0xcd);
    lib_put8(frame, 0xab);
    put_reversed(frame, &mac->dst);
    if (!compress) {
        lib_put8(frame, 0xcd);
        lib_put8(frame, 0xab);
    }
    put_reversed(frame, &mac->src);
}

static void draw_link_addr(struct rpl_lowpan_addr *addr)
{
    memset(addr, 0, sizeof(*addr));
    addr->len = lib_draw(3) == 0 ? 2 : 8;
    for (unsigned i = 0; i < addr->len; i++)
        addr->b[i] = (uint8_t)lib_draw(255);
}

void lib_draw_mac(struct rpl_lowpan_mac *mac)
{
    memset(mac, 0, sizeof(*mac));
    draw_link_addr(&mac->src);
    draw_link_addr(&mac->dst);
    mac->src_pan = mac->dst_pan = 0xabcd;
    mac->sequence = (uint8_t)lib_draw(256);
}

/* ---- contexts ---------------------------------------------------------------------------- */

static void set_context(struct rpl_lowpan *lowpan, unsigned number, const char *hex, unsigned bits)
{
    struct lib_bytes prefix = {.len = 0};

    lib_hex(&prefix, hex);
    lowpan->context[number].valid = true;
    lowpan->context[number].prefix_len = (uint8_t)bits;
    memcpy(lowpan->context[number].prefix.b, prefix.b, prefix.len);
}

void lib_decoder(struct lib_decoder *decoder, size_t slots)
{
    memset(decoder, 0, sizeof(*decoder));
    assert_true(slots <= LIB_SLOTS_MAX);
    decoder->lowpan.slot = decoder->slot;
    decoder->lowpan.slot_count = slots;
    set_context(&decoder->lowpan, 0, "fd000000 00000000", 64);
    set_context(&decoder->lowpan, 1, "20010db8 0000", 48);
    set_context(&decoder->lowpan, 5, "20010db8 00000005 00000000 00000055", 128);
    set_context(&decoder->lowpan, 15, "20010db8 ffff ff00", 57);
}

/* ---- packets ----------------------------------------------------------------------------- */

static void iid_of(const struct rpl_lowpan_addr *addr, uint8_t iid[8])
{
    static const uint8_t of_short[8] = {0, 0, 0, 0xff, 0xfe, 0, 0, 0};

    memcpy(iid, addr->len == 8 ? addr->b : of_short, 8);
    if (addr->len == 8)
        iid[0] ^= 2;
    else
        memcpy(iid + 6, addr->b, 2);
}

static void draw_address(uint8_t addr[16], const uint8_t iid[8], const struct rpl_lowpan *lowpan)
{
    static const unsigned known[] = {0, 1, 5, 15};
    static const uint8_t prefixes[3][8] = {{0xfe, 0x80}, {0x20, 1, 0x0d, 0xb8, 9, 9, 9, 9}, {0xfd}};
    const struct rpl_lowpan_context *context = &lowpan->context[known[lib_draw(4)]];
    unsigned kind = lib_draw(4);

    memset(addr, 0, 16);
    memcpy(addr, prefixes[kind % 3], 8);
    switch (lib_draw(3)) {
    case 0:
        memcpy(addr + 8, iid, 8);
        break;
    case 1:
        addr[11] = 0xff;
        addr[12] = 0xfe;
        addr[14] = (uint8_t)lib_draw(256);
        addr[15] = (uint8_t)lib_draw(256);
        break;
    default:
        for (unsigned i = 8; i < 16; i++)
            addr[i] = (uint8_t)lib_draw(256);
        break;
    }
    for (unsigned bit = 0; kind == 3 && bit < context->prefix_len; bit++) {
        addr[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
        addr[bit / 8] |= context->prefix.b[bit / 8] & (uint8_t)(0x80u >> bit % 8);
    }
    if (kind == 3 && context->prefix_len < 64)
        memset(addr + context->prefix_len / 8 + 1, 0, 7 - context->prefix_len / 8);
}

static void draw_multicast(uint8_t addr[16])
{
    unsigned kind = lib_draw(5);

    memset(addr, 0, 16);
    addr[0] = 0xff;
    addr[1] = kind == 0 ? 2 : (uint8_t)lib_draw(256);
    addr[15] = (uint8_t)lib_draw(256);
    for (unsigned i = 11; kind >= 2 && i < 15; i++)
        addr[i] = kind == 2 && i < 13 ? 0 : (uint8_t)lib_draw(256);
    for (unsigned i = 2; kind == 4 && i < 11; i++)
        addr[i] = (uint8_t)lib_draw(256);
    if (kind == 4 && lib_draw(2) == 0) {
        static const uint8_t group[] = {64, 0xfd, 0, 0, 0, 0, 0, 0, 0};

        memcpy(addr + 3, group, sizeof(group)); /* by the prefix of context 0 */
    }
}

static void draw_header(uint8_t header[40], const uint8_t src[8], const uint8_t dst[8],
                        const struct rpl_lowpan *lowpan, bool multicast)
{
    static const uint8_t limits[] = {1, 64, 255, 63, 0, 17};
    unsigned traffic = lib_draw(2) ? lib_draw(256) : lib_draw(2) * lib_draw(4);
    unsigned flow = lib_draw(2) ? 0 : lib_draw(0x100000);

    memset(header, 0, 40);
    header[0] = (uint8_t)(0x60 | traffic >> 4);
    header[1] = (uint8_t)((traffic & 15) << 4 | flow >> 16);
    header[2] = (uint8_t)(flow >> 8);
    header[3] = (uint8_t)flow;
    header[7] = limits[lib_draw(sizeof(limits))];
    draw_address(header + 8, src, lowpan);
    if (lib_draw(16) == 0)
        memset(header + 8, 0, 16);
    draw_address(header + 24, dst, lowpan);
    if (multicast)
        draw_multicast(header + 24);
}

/* Options of random kinds up to |len| octets, the last one often padding. */
static void draw_options(uint8_t *data, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t left = len - at, n = left >= 2 ? lib_draw((uint32_t)left - 1) : 0;
        bool last = lib_draw(2) || left < 4;

        if (left == 1) {
            data[at] = 0;
            return;
        }
        data[at] = last && left < 8 ? 1 : (uint8_t)(0x64 + lib_draw(4));
        data[at + 1] = (uint8_t)(last ? left - 2 : n);
        for (size_t i = 0; i < data[at + 1]; i++)
            data[at + 2 + i] = data[at] == 1 ? 0 : (uint8_t)lib_draw(256);
        at += 2u + data[at + 1];
    }
}

/* A source routing header whose last address is |ret_last|; |dst| gives the prefix. */
static size_t draw_srh(uint8_t *header, const uint8_t dst[16], uint8_t ret_last[16])
{
    unsigned count = 1 + lib_draw(4), cmpr = 8 + lib_draw(8), left = lib_draw(count + 1);
    size_t at = 8;

    memset(header, 0, 8);
    header[2] = 3;
    header[3] = (uint8_t)left;
    header[4] = (uint8_t)(cmpr << 4 | cmpr);
    memcpy(ret_last, dst, 16);
    for (unsigned i = 0; i < count; i++) {
        uint8_t hop[16];

        memcpy(hop, dst, 16);
        for (unsigned j = cmpr; j < 16; j++)
            hop[j] = (uint8_t)(1 + lib_draw(250));
        memcpy(header + at, hop + cmpr, 16 - cmpr);
        at += 16 - cmpr;
        if (left > 0)
            memcpy(ret_last, hop, 16);
    }
    while (at % 8 != 0) {
        header[at++] = 0;
        header[5] = (uint8_t)(header[5] + 0x10);
    }
    header[1] = (uint8_t)(at / 8 - 1);
    return at;
}

static size_t draw_extension(uint8_t *header, unsigned type, const uint8_t dst[16],
                             uint8_t last[16])
{
    size_t len = 8 * (1 + lib_draw(4));

    if (type == 43)
        return draw_srh(header, dst, last);
    if (type == 44) {
        memset(header, 0, 8);
        for (unsigned i = 2; i < 8; i++)
            header[i] = (uint8_t)lib_draw(256);
        return 8;
    }
    header[1] = (uint8_t)(len / 8 - 1);
    draw_options(header + 2, len - 2);
    return len;
}

static void put_length(struct lib_bytes *packet, size_t at, size_t value)
{
    packet->b[at] = (uint8_t)(value >> 8);
    packet->b[at + 1] = (uint8_t)value;
}

static void sum_udp(struct lib_bytes *packet, size_t ip, size_t udp, const uint8_t last[16])
{
    struct rpl_addr src, dst;
    uint16_t sum;

    memcpy(src.b, packet->b + ip + 8, 16);
    memcpy(dst.b, last, 16);
    put_length(packet, udp + 4, packet->len - udp);
    put_length(packet, udp + 6, 0);
    sum = rpl_wire_checksum(&src, &dst, 17, packet->b + udp, packet->len - udp);
    put_length(packet, udp + 6, sum != 0 ? sum : 0xffff);
}

void lib_draw_packet(struct lib_bytes *packet, const struct rpl_lowpan_mac *mac,
                     const struct rpl_lowpan *lowpan, size_t len)
{
    static const uint8_t types[] = {0, 43, 60, 44, 135};
    uint8_t src[8], dst[8], last[16], header[128];
    size_t ip[3], tunnels = lib_draw(4) == 0 ? 1 + lib_draw(2) : 0, next = 0, udp = 0;
    unsigned order = 0;

    iid_of(&mac->src, src);
    iid_of(&mac->dst, dst);
    packet->len = 0;
    for (size_t i = 0; i <= tunnels; i++) {
        ip[i] = packet->len;
        if (i > 0)
            packet->b[next] = 41;
        draw_header(header, src, dst, lowpan, i == tunnels && lib_draw(6) == 0);
        memcpy(src, header + 16, 8);
        memcpy(dst, header + 32, 8);
        memcpy(last, header + 24, 16);
        lib_put(packet, header, 40);
        next = ip[i] + 6;
        for (order = 0; order < sizeof(types); order++) {
            if (lib_draw(3) != 0 || (order == 1 && packet->b[ip[i] + 24] == 0xff))
                continue;
            size_t n = draw_extension(header, types[order], packet->b + ip[i] + 24, last);

            packet->b[next] = types[order];
            next = packet->len;
            lib_put(packet, header, n);
        }
    }
    packet->b[next] = lib_draw(2) ? 17 : 58;
    if (packet->b[next] == 17) {
        static const unsigned ports[] = {0xf0b0, 0xf000, 5683};

        udp = packet->len;
        for (unsigned i = 0; i < 2; i++)
            lib_put16(packet, ports[lib_draw(3)] + lib_draw(16));
        lib_put16(packet, 0);
        lib_put16(packet, 0);
    }
    while (packet->len < len)
        lib_put8(packet, lib_draw(256));
    for (size_t i = 0; i <= tunnels; i++)
        put_length(packet, ip[i] + 4, packet->len - ip[i] - 40);
    if (udp != 0)
        sum_udp(packet, ip[tunnels], udp, last);
}

/* ---- the compressor ------------------------------------------------------------------------ */

/* Where the compressor stands. */
struct work {
    struct lib_compressed *to;
    const struct lib_bytes *packet;
    const struct rpl_lowpan *lowpan;
    size_t at;
    uint8_t src[8], dst[8]; /* of the header around */
    bool fragment;
};

struct encoding {
    unsigned bits; /* SAC and SAM, or M, DAC and DAM, as for the destination */
    unsigned context;
    uint8_t inline_octets[16];
    size_t len;
};

/* The address that a mode stands for, by the words of the RFC. */
static bool stands_for(const uint8_t addr[16], const struct rpl_lowpan_context *context,
                       unsigned mode, const uint8_t around[8])
{
    uint8_t made[16] = {0};

    if (mode == 1)
        memcpy(made + 8, addr + 8, 8);
    if (mode == 2) {
        made[11] = 0xff;
        made[12] = 0xfe;
        memcpy(made + 14, addr + 14, 2);
    }
    if (mode == 3)
        memcpy(made + 8, around, 8);
    if (context == NULL) {
        made[0] = 0xfe;
        made[1] = 0x80;
    }
    for (unsigned bit = 0; context != NULL && bit < context->prefix_len; bit++) {
        unsigned mask = 0x80u >> bit % 8;

        made[bit / 8] = (uint8_t)((made[bit / 8] & ~mask) | (context->prefix.b[bit / 8] & mask));
    }
    return memcmp(made, addr, 16) == 0;
}

static size_t unicast_ways(struct encoding ways[64], const uint8_t addr[16],
                           const struct rpl_lowpan *lowpan, const uint8_t around[8])
{
    static const size_t octets[] = {16, 8, 2, 0};
    size_t n = 0;

    ways[n] = (struct encoding){.len = 16};
    memcpy(ways[n++].inline_octets, addr, 16);
    for (unsigned c = 0; c <= RPL_LOWPAN_CONTEXTS; c++) {
        const struct rpl_lowpan_context *context = c > 0 ? &lowpan->context[c - 1] : NULL;

        if (context != NULL && !context->valid)
            continue;
        for (unsigned mode = 1; mode < 4; mode++) {
            if (!stands_for(addr, context, mode, around))
                continue;
            ways[n] = (struct encoding){.bits = (context ? 4u : 0u) | mode,
                                        .context = c > 0 ? c - 1 : 0,
                                        .len = octets[mode]};
            memcpy(ways[n].inline_octets, addr + 16 - octets[mode], octets[mode]);
            n++;
        }
    }
    return n;
}

static bool zeroes(const uint8_t *data, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static size_t multicast_ways(struct encoding ways[64], const uint8_t addr[16],
                             const struct rpl_lowpan *lowpan)
{
    size_t n = 0;

    ways[n] = (struct encoding){.bits = 8, .len = 16};
    memcpy(ways[n++].inline_octets, addr, 16);
    for (unsigned mode = 1; mode < 3; mode++) {
        size_t tail = mode == 1 ? 5 : 3;

        if (!zeroes(addr, 2, 16 - tail))
            continue;
        ways[n] = (struct encoding){.bits = 8 | mode, .len = 1 + tail};
        ways[n].inline_octets[0] = addr[1];
        memcpy(ways[n++].inline_octets + 1, addr + 16 - tail, tail);
    }
    if (addr[1] == 2 && zeroes(addr, 2, 15)) {
        ways[n] = (struct encoding){.bits = 8 | 3, .len = 1};
        ways[n++].inline_octets[0] = addr[15];
    }
    if (addr[3] == 64 && memcmp(addr + 4, lowpan->context[0].prefix.b, 8) == 0) {
        ways[n] = (struct encoding){.bits = 8 | 4, .len = 6};
        memcpy(ways[n].inline_octets, addr + 1, 2);
        memcpy(ways[n++].inline_octets + 2, addr + 12, 4);
    }
    return n;
}

static void put_traffic(struct lib_bytes *out, const uint8_t *ip, uint8_t *first)
{
    unsigned traffic = (unsigned)((ip[0] & 15) << 4 | ip[1] >> 4), ecn = traffic & 3;
    unsigned dscp = traffic >> 2, flow = (unsigned)((ip[1] & 15) << 16 | ip[2] << 8 | ip[3]);
    unsigned fits[4] = {1, dscp == 0, flow == 0, traffic == 0 && flow == 0};
    unsigned mode = lib_draw(4);

    while (!fits[mode])
        mode = lib_draw(4);
    *first |= (uint8_t)(mode << 3);
    if (mode == 0 || mode == 2)
        lib_put8(out, ecn << 6 | dscp);
    if (mode == 0)
        lib_put8(out, lib_draw(16) << 4 | flow >> 16); /* what is reserved is not looked at */
    if (mode == 1)
        lib_put8(out, ecn << 6 | lib_draw(4) << 4 | flow >> 16);
    if (mode < 2)
        lib_put16(out, flow & 0xffff);
}

static bool compressible(unsigned type)
{
    return type == 0 || type == 43 || type == 44 || type == 60 || type == 135 || type == 41 ||
           type == 17;
}

static bool put_ip(struct work *w)
{
    const uint8_t *ip = w->packet->b + w->at;
    struct lib_bytes *out = &w->to->out;
    struct encoding ways[64], src, dst;
    size_t start = out->len;
    uint8_t first = 0x60;
    bool nhc = compressible(ip[6]) && lib_draw(8) != 0;

    src = ways[lib_draw((uint32_t)unicast_ways(ways, ip + 8, w->lowpan, w->src))];
    if (zeroes(ip, 8, 24))
        src = (struct encoding){.bits = 4};
    dst = ways[0];
    dst =
        ways[lib_draw((uint32_t)(ip[24] == 0xff ? multicast_ways(ways, ip + 24, w->lowpan)
                                                : unicast_ways(ways, ip + 24, w->lowpan, w->dst)))];
    bool cid = src.context != 0 || dst.context != 0 || lib_draw(8) == 0;
    w->to->context = w->to->context || ((src.bits | dst.bits) & 4);
    lib_put8(out, 0);
    lib_put8(out, (cid ? 0x80u : 0) | src.bits << 4 | dst.bits);
    if (cid)
        lib_put8(out, src.context << 4 | dst.context);
    put_traffic(out, ip, &first);
    if (nhc)
        first |= 4;
    else
        lib_put8(out, ip[6]);
    unsigned limit = ip[7] == 1 ? 1 : ip[7] == 64 ? 2 : ip[7] == 255 ? 3 : 0;
    if (limit == 0 || lib_draw(8) == 0) {
        limit = 0;
        lib_put8(out, ip[7]);
    }
    out->b[start] = (uint8_t)(first | limit);
    lib_put(out, src.inline_octets, src.len);
    lib_put(out, dst.inline_octets, dst.len);
    memcpy(w->src, ip + 16, 8);
    memcpy(w->dst, ip + 32, 8);
    w->fragment = false;
    w->at += 40;
    return nhc;
}

/* The octets of padding at the end of |header| that may go: one option of fewer than 8. */
static size_t padding(const uint8_t *header, size_t len)
{
    size_t at = 2, last = 0, n;

    while (at < len) {
        n = header[at] == 0 ? 1 : 2u + header[at + 1];
        last = header[at] <= 1 ? n : 0;
        at += n;
    }
    return last < 8 ? last : 0;
}

static bool put_extension(struct work *w, unsigned type)
{
    const uint8_t *header = w->packet->b + w->at;
    struct lib_bytes *out = &w->to->out;
    bool nhc = compressible(header[0]) && lib_draw(8) != 0;
    unsigned eid = type == 0 ? 0 : type == 43 ? 1 : type == 44 ? 2 : type == 60 ? 3 : 4;
    size_t len = type == 44 ? 8 : (header[1] + 1u) * 8u, kept = len;

    if ((type == 0 || type == 60) && lib_draw(4) != 0)
        kept -= padding(header, len);
    lib_put8(out, 0xe0u | eid << 1 | (nhc ? 1u : 0));
    if (!nhc)
        lib_put8(out, header[0]);
    lib_put8(out, type == 44 ? lib_draw(2) * 6 : (unsigned)kept - 2);
    lib_put(out, header + 2, kept - 2);
    w->fragment = w->fragment || type == 44;
    w->to->extension = true;
    w->at += len;
    return nhc;
}

static void put_udp(struct work *w)
{
    const uint8_t *udp = w->packet->b + w->at;
    struct lib_bytes *out = &w->to->out;
    unsigned src = (unsigned)(udp[0] << 8 | udp[1]), dst = (unsigned)(udp[2] << 8 | udp[3]);
    unsigned fits[4] = {1, dst >> 8 == 0xf0, src >> 8 == 0xf0,
                        src >> 4 == 0xf0b && dst >> 4 == 0xf0b};
    unsigned mode = lib_draw(4);
    bool elide = !w->fragment && lib_draw(3) == 0;

    while (!fits[mode])
        mode = lib_draw(4);
    lib_put8(out, 0xf0u | (elide ? 4u : 0) | mode);
    if (mode == 3) {
        lib_put8(out, (src & 15) << 4 | (dst & 15));
    } else {
        lib_put(out, udp + (mode == 2 ? 1 : 0), mode == 2 ? 1 : 2);
        lib_put(out, udp + (mode == 1 ? 3 : 2), mode == 1 ? 1 : 2);
    }
    if (!elide)
        lib_put(out, udp + 6, 2);
    w->to->elided = elide;
    w->at += 8;
}

void lib_compress(struct lib_compressed *to, const struct lib_bytes *packet,
                  const struct rpl_lowpan_mac *mac, const struct rpl_lowpan *lowpan)
{
    struct work w = {.to = to, .packet = packet, .lowpan = lowpan};
    unsigned type = 41;
    size_t at = 0;
    bool nhc = true;

    memset(to, 0, sizeof(*to));
    iid_of(&mac->src, w.src);
    iid_of(&mac->dst, w.dst);
    while (nhc) {
        if (type == 17) {
            put_udp(&w);
            break;
        }
        if (type == 41 && w.at > 0) {
            lib_put8(&to->out, 0xee);
            to->extension = true;
        }
        at = w.at;
        nhc = type == 41 ? put_ip(&w) : put_extension(&w, type);
        type = packet->b[type == 41 ? at + 6 : at];
    }
    to->headers = to->out.len;
    to->consumed = w.at;
    lib_put(&to->out, packet->b + w.at, packet->len - w.at);
}

size_t lib_fragments(struct lib_bytes fragment[LIB_FRAGMENTS_MAX],
                     const struct lib_compressed *compressed, const struct lib_bytes *packet,
                     unsigned tag, size_t room)
{
    size_t at = compressed->consumed, n = 0,
           take = room > 4 + compressed->headers ? room - 4 - compressed->headers : 0;

    if (at + take < packet->len)
        take -= (at + take) % 8 <= take ? (at + take) % 8 : take;
    if (at + take > packet->len)
        take = packet->len - at;
    assert_true((at + take) % 8 == 0 || at + take == packet->len);
    memset(&fragment[0], 0, sizeof(fragment[0]));
    lib_put16(&fragment[0], 0xc000u | (unsigned)packet->len);
    lib_put16(&fragment[0], tag);
    lib_put(&fragment[0], compressed->out.b, compressed->headers + take);
    at += take;
    for (n = 1; at < packet->len; n++) {
        size_t most = (room - 5) / 8 * 8, left = packet->len - at;

        take = 8 * (1 + lib_draw((uint32_t)most / 8));
        if (take > left)
            take = left;
        assert_true(n < LIB_FRAGMENTS_MAX);
        memset(&fragment[n], 0, sizeof(fragment[n]));
        lib_put16(&fragment[n], 0xe000u | (unsigned)packet->len);
        lib_put16(&fragment[n], tag);
        lib_put8(&fragment[n], (unsigned)at / 8);
        lib_put(&fragment[n], packet->b + at, take);
        at += take;
    }
    return n;
}
