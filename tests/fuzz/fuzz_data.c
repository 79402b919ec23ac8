/* SPDX-License-Identifier: ISC */
/*
 * Any octets as a data packet, through all of the packet surgery. The first two octets choose a
 * path and a room, the rest is the packet. What goes in comes out again, every header that was
 * put in is found and can be taken out, and nothing reaches past its block.
 */
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rpl_addr OWN = {
    {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};

struct packet {
    uint8_t *b; /* a block of its own size */
    size_t len;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct packet copy(const uint8_t *data, size_t len, size_t room)
{
    struct packet packet = {malloc(room > 0 ? room : 1), len};

    require(packet.b != NULL && len <= room);
    if (len > 0)
        memcpy(packet.b, data, len);
    return packet;
}

static size_t claimed(const uint8_t *b)
{
    return 40u + (size_t)(b[4] << 8 | b[5]);
}

static void check_info(const uint8_t *b, size_t len, const struct rpl_packet_info *info)
{
    struct rpl_addr addr;

    require(info->payload >= 40 && info->payload <= len && claimed(b) <= len);
    require(info->hbh == 0 || info->hbh + info->hbh_len <= info->payload);
    require(info->srh == 0 || info->srh + info->srh_len == info->payload);
    require(info->rpi_option == 0 || (info->rpi_option >= info->hbh + 2 &&
                                      info->rpi_option + 6 <= info->hbh + info->hbh_len));
    require(info->segments_left <= info->segments || info->segments_left == 0);
    for (unsigned i = 1; i <= info->segments; i++)
        require(rpl_srh_segment(b, info, i, &addr));
    require(!rpl_srh_segment(b, info, 0, &addr));
    require(!rpl_srh_segment(b, info, info->segments + 1u, &addr));
}

/* Steps until the route is used up or refused; each one counts down and changes no length. */
static void run_steps(const uint8_t *data, size_t len)
{
    struct packet packet = copy(data, len, len), before;
    struct rpl_packet_info info;
    struct rpl_addr next;
    bool fine = true;

    while (fine && rpl_packet_parse(packet.b, len, &info) == RPL_DATA_OK &&
           info.segments_left > 0) {
        unsigned left = info.segments_left, limit = info.hop_limit;

        before = copy(packet.b, len, len);
        fine = rpl_srh_step(packet.b, len, &OWN, 1, &next) == RPL_DATA_OK;
        if (fine) {
            require(rpl_packet_parse(packet.b, len, &info) == RPL_DATA_OK);
            require(info.segments_left == left - 1 && info.hop_limit == limit - 1);
            require(rpl_addr_equal(&info.dst, &next) && !rpl_addr_is_multicast(&next));
            check_info(packet.b, len, &info);
        } else {
            require(memcmp(packet.b, before.b, len) == 0);
        }
        free(before.b);
    }
    free(packet.b);
}

static void run_strip(const uint8_t *data, size_t len, const struct rpl_packet_info *info)
{
    struct packet packet = copy(data, len, len);
    struct rpl_packet_info after;
    size_t payload = claimed(data) - info->payload;

    require(rpl_strip(packet.b, &packet.len) == RPL_DATA_OK);
    require(packet.len == claimed(packet.b) && packet.len <= len && packet.len >= 40 + payload);
    /* What stood behind the headers stands there still. */
    require(memcmp(packet.b + packet.len - payload, data + info->payload, payload) == 0);
    /* A packet with the same header twice shows the second one now, be it broken or not. */
    if (rpl_packet_parse(packet.b, packet.len, &after) == RPL_DATA_OK && info->next != 0 &&
        info->next != 43) {
        require(after.rpi_option == 0 && after.next == info->next);
        require((after.srh != 0) == (info->srh != 0 && info->segments_left > 0));
        check_info(packet.b, packet.len, &after);
    }
    free(packet.b);
}

/* Put in, walk, take out: nothing but the Hop Limit has changed. */
static void run_insert(const uint8_t *data, size_t len, const struct rpl_addr *hop, size_t hops,
                       size_t room, const struct rpl_rpi *rpi, const struct rpl_packet_info *info)
{
    struct packet packet = copy(data, len, len + room);
    struct rpl_addr next;
    size_t whole = claimed(data);

    if (rpl_srh_insert(packet.b, &packet.len, len + room, hop, hops, rpi) == RPL_DATA_OK) {
        require(packet.len == claimed(packet.b) && packet.len <= len + room);
        for (size_t i = 1; i < hops && info->hop_limit > hops; i++) {
            require(rpl_srh_step(packet.b, packet.len, &hop[i - 1], 1, &next) == RPL_DATA_OK);
            require(rpl_addr_equal(&next, &hop[i]));
        }
        if (info->hop_limit > hops && info->rpi_option == 0 && info->srh == 0) {
            packet.b[7] = data[7];
            require(rpl_strip(packet.b, &packet.len) == RPL_DATA_OK && packet.len == whole);
            require(memcmp(packet.b, data, whole) == 0);
        }
    } else {
        require(packet.len == len && memcmp(packet.b, data, len) == 0);
    }
    free(packet.b);
}

static void run_tunnel(const uint8_t *data, size_t len, const struct rpl_addr *hop, size_t hops,
                       size_t room, const struct rpl_rpi *rpi)
{
    struct packet packet = copy(data, len, len + room);
    size_t whole = claimed(data), steps = hops < data[7] ? hops : data[7];
    struct rpl_addr next;

    if (rpl_encapsulate(packet.b, &packet.len, len + room, &OWN, 255, hop, hops, rpi) ==
        RPL_DATA_OK) {
        require(packet.len == claimed(packet.b));
        for (size_t i = 1; i < steps; i++)
            require(rpl_srh_step(packet.b, packet.len, &hop[i - 1], 1, &next) == RPL_DATA_OK);
        require(memcmp(packet.b + 24, hop[steps - 1].b, 16) == 0);
        require(rpl_decapsulate(packet.b, &packet.len) == RPL_DATA_OK && packet.len == whole);
        require(packet.b[7] == data[7] - (steps - 1));
        packet.b[7] = data[7];
        require(memcmp(packet.b, data, whole) == 0);
    } else {
        require(packet.len == len && memcmp(packet.b, data, len) == 0);
    }
    free(packet.b);
}

static void run_error(const uint8_t *data, size_t len)
{
    uint8_t out[1400];
    size_t got = rpl_icmp6_error(out, sizeof(out), data, len, &OWN, 1, 7, 0);
    struct rpl_addr src, dst;
    struct rpl_packet_info info;

    if (got == 0)
        return;
    require(got <= 1280 && got == claimed(out));
    memcpy(src.b, out + 8, 16);
    memcpy(dst.b, out + 24, 16);
    require(rpl_wire_checksum(&src, &dst, 58, out + 40, got - 40) == 0);
    require(rpl_packet_parse(out, got, &info) == RPL_DATA_OK && info.next == 58);
    require(rpl_icmp6_error(out, sizeof(out), out, got, &OWN, 1, 7, 0) == 0);
}

/* What is taken for an error is told of, within its bounds; a translated one is a packet again. */
static void run_quote(const uint8_t *data, size_t len)
{
    struct packet packet = copy(data, len, len);
    struct rpl_relay relay;
    struct rpl_addr src, dst;

    if (rpl_icmp6_relay(packet.b, len, &relay)) {
        uint8_t out[1400];

        require(relay.packet >= 48 && relay.packet + 40 <= len);
        require(!relay.tell || (relay.type >= 1 && relay.type <= 4));
        (void)rpl_icmp6_error_quoting(out, sizeof(out), packet.b + relay.packet, len - relay.packet,
                                      &OWN, relay.type, relay.code, relay.parameter);
    }
    if (len >= 44 && claimed(data) <= len && data[6] == 58) {
        /* Checksums are hard to guess. */
        memcpy(src.b, data + 8, 16);
        memcpy(dst.b, data + 24, 16);
        packet.b[42] = packet.b[43] = 0;
        uint16_t sum = rpl_wire_checksum(&src, &dst, 58, packet.b + 40, claimed(data) - 40);
        packet.b[42] = (uint8_t)(sum >> 8);
        packet.b[43] = (uint8_t)sum;
    }
    if (rpl_icmp6_unroute(packet.b, &packet.len)) {
        require(packet.len < len && packet.len == claimed(packet.b));
        require(rpl_wire_checksum(&src, &dst, 58, packet.b + 40, packet.len - 40) == 0);
    } else {
        require(packet.len == len);
    }
    free(packet.b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpl_rpi rpi = {RPL_RPI_63, RPL_RPI_O, 30, 2};
    struct rpl_addr hop[RPL_PATH_MAX];
    struct rpl_packet_info info;
    struct packet packet;
    size_t hops, room, len;

    if (size < 2)
        return 0;
    hops = 1 + data[0] % RPL_PATH_MAX;
    room = data[1] * 5u;
    data += 2;
    len = size - 2;

    run_quote(data, len);
    packet = copy(data, len, len);
    if (rpl_decapsulate(packet.b, &packet.len) == RPL_DATA_OK)
        require(packet.len <= len);
    free(packet.b);
    if (rpl_packet_parse(data, len, &info) != RPL_DATA_OK) {
        run_steps(data, len);
        run_error(data, len);
        return 0;
    }
    check_info(data, len, &info);
    (void)rpl_rpi_check(&info.rpi, info.rpi.sender_rank ^ 3u, info.rpi.instance);
    /* A path to the destination whose hops differ from it in an octet that the input names. */
    for (size_t i = 0; i < hops; i++) {
        hop[i] = info.dst;
        if (i + 1 < hops)
            hop[i].b[(data[39] + i * i) % 15 + 1] ^= (uint8_t)(i + 1);
    }
    run_steps(data, len);
    run_strip(data, len, &info);
    run_insert(data, len, hop, hops, room, room % 2 ? &rpi : NULL, &info);
    run_tunnel(data, len, hop, hops, room, room % 2 ? &rpi : NULL);
    run_error(data, len);
    packet = copy(data, len, len);
    rpl_rpi_update(packet.b, &info, RPL_RPI_R, 7);
    require(info.rpi_option != 0 || memcmp(packet.b, data, len) == 0);
    free(packet.b);
    return 0;
}
