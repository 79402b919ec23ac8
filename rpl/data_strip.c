/* SPDX-License-Identifier: ISC */
/*
 * Taking the RPL headers out of a packet that leaves the RPL domain or has arrived.
 *
 * No checksum changes: with Segments Left 0 the destination is the final one, which the
 * upper layer's pseudo-header counts; extension headers are not part of it (RFC 8200 8.1).
 */
#include "rpl/data_packet.h"

/* Close the gap of |gap| octets at |at| in a packet of |whole| octets. */
static void rpl_cut(uint8_t *packet, size_t *whole, size_t at, size_t gap)
{
    memmove(packet + at, packet + at + gap, *whole - at - gap);
    *whole -= gap;
    rpl_data_put_u16(packet + IP6_LENGTH, *whole - IP6_HEADER);
}

/* |run| octets of padding, fewer than 8, at |to|. Returns the end. */
static uint8_t *rpl_pad(uint8_t *to, size_t run)
{
    if (run == 1)
        *to = OPTION_PAD1;
    if (run > 1) {
        memset(to, 0, run);
        to[0] = OPTION_PADN;
        to[1] = (uint8_t)(run - 2);
    }
    return to + run;
}

/*
 * Turn each RPI into padding and join it with the padding around it. Hosts refuse padding of 8
 * octets and more, so whole units of 8 are taken out, which leaves every other option on the
 * alignment it had. Returns by how much the header became shorter.
 */
static size_t rpl_options_without_rpi(uint8_t *header, size_t len)
{
    const uint8_t *from = header + 2, *end = header + len;
    uint8_t *to = header + 2;
    size_t run = 0, shorter;

    while (from < end) {
        size_t length = *from == OPTION_PAD1 ? 1 : from[1] + 2u;

        if (*from == OPTION_PAD1 || *from == OPTION_PADN || rpl_data_is_rpi(*from)) {
            run += length;
        } else {
            to = rpl_pad(to, run % 8);
            run = 0;
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    to = rpl_pad(to, run % 8);
    shorter = (size_t)(end - to);
    header[1] = (uint8_t)((len - shorter) / 8u - 1u);
    return shorter;
}

enum rpl_data_error rpl_strip(uint8_t *packet, size_t *len)
{
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(packet, *len, &info);
    size_t whole = rpl_data_length(packet, *len);
    size_t shorter;

    if (error != RPL_DATA_OK)
        return error;
    if (info.srh != 0 && info.segments_left == 0) {
        packet[info.hbh != 0 ? info.hbh : IP6_NEXT] = packet[info.srh];
        rpl_cut(packet, &whole, info.srh, info.srh_len);
    }
    if (info.rpi_option != 0 && info.rpi_only) {
        packet[IP6_NEXT] = packet[info.hbh];
        rpl_cut(packet, &whole, info.hbh, info.hbh_len);
    } else if (info.rpi_option != 0) {
        shorter = rpl_options_without_rpi(packet + info.hbh, info.hbh_len);
        rpl_cut(packet, &whole, (size_t)info.hbh + info.hbh_len - shorter, shorter);
    }
    *len = whole;
    return RPL_DATA_OK;
}

enum rpl_data_error rpl_unroute_whole(uint8_t *packet, size_t *len)
{
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(packet, *len, &info);
    struct rpl_addr last;

    if (error != RPL_DATA_OK || info.srh == 0)
        return error;
    if (info.segments_left > 0) {
        if (!rpl_srh_segment(packet, &info, info.segments, &last))
            return RPL_DATA_SRH_INVALID;
        memcpy(packet + IP6_DST, last.b, sizeof(last.b));
        packet[info.srh + 3u] = 0; /* Segments Left */
    }
    return rpl_strip(packet, len);
}
