/* SPDX-License-Identifier: ISC */
/* Finding the RPL headers of a data packet: RFC 8200 section 4, RFC 6553, RFC 6554. */
#include "rpl/data_packet.h"
#include "rpl/rpl_wire.h"

#define RPI_LENGTH_MIN 4u

const char *rpl_data_error_name(enum rpl_data_error error)
{
    static const char *const names[RPL_DATA_ERROR_COUNT] = {
        [RPL_DATA_OK] = "ok",
        [RPL_DATA_TRUNCATED] = "truncated",
        [RPL_DATA_RPI_INVALID] = "rpi-invalid",
        [RPL_DATA_SRH_INVALID] = "srh-invalid",
        [RPL_DATA_SRH_SEGMENTS] = "srh-segments-left",
        [RPL_DATA_SRH_MULTICAST] = "srh-multicast",
        [RPL_DATA_SRH_LOOP] = "srh-loop",
        [RPL_DATA_HOP_LIMIT] = "hop-limit",
        [RPL_DATA_TOO_BIG] = "too-big",
        [RPL_DATA_PATH_INVALID] = "path-invalid",
        [RPL_DATA_CONGESTED] = "congested",
    };

    return error < RPL_DATA_ERROR_COUNT ? names[error] : "unknown";
}

/* Length of the extension header at |at|, or 0 if it does not fit into |end|. */
static size_t rpl_extension_length(const uint8_t *packet, size_t at, size_t end)
{
    size_t length;

    if (end - at < 8)
        return 0;
    length = (packet[at + 1] + 1u) * 8u;
    return length <= end - at ? length : 0;
}

/* Walk the options of the Hop-by-Hop header. A second RPI counts as nothing else: it will be
 * taken out together with the first, whose values hold. */
static enum rpl_data_error rpl_parse_options(const uint8_t *packet, struct rpl_packet_info *info)
{
    size_t at = info->hbh + 2u;
    size_t end = (size_t)info->hbh + info->hbh_len;
    bool other = false;

    while (at < end) {
        uint8_t type = packet[at];
        size_t length;

        if (type == OPTION_PAD1) {
            at++;
            continue;
        }
        if (end - at < 2 || packet[at + 1] > end - at - 2)
            return RPL_DATA_TRUNCATED;
        length = packet[at + 1];
        if (rpl_data_is_rpi(type) && length < RPI_LENGTH_MIN)
            return RPL_DATA_RPI_INVALID;
        if (rpl_data_is_rpi(type) && info->rpi_option == 0) {
            info->rpi_option = (uint16_t)at;
            info->rpi.type = type;
            info->rpi.flags = packet[at + 2] & (RPL_RPI_O | RPL_RPI_R | RPL_RPI_F);
            info->rpi.instance = packet[at + 3];
            info->rpi.sender_rank = rpl_data_u16(packet + at + 4);
        }
        other = other || (!rpl_data_is_rpi(type) && type != OPTION_PADN);
        at += 2 + length;
    }
    info->rpi_only = info->rpi_option != 0 && !other;
    return RPL_DATA_OK;
}

/* The number of addresses, RFC 6554 section 4.2, or -1 if the lengths contradict each other. A
 * header without any address stands for none: deployed roots send it to a direct child. */
static int rpl_srh_count(const struct rpl_packet_info *info)
{
    unsigned room = info->srh_len - SRH_ADDRESSES;
    unsigned last = 16u - info->cmpr_e, other = 16u - info->cmpr_i;
    unsigned count;

    if (room == 0)
        return info->pad == 0 ? 0 : -1;
    if (room < info->pad + last || (room - info->pad - last) % other != 0)
        return -1;
    count = (room - info->pad - last) / other + 1;
    /* Segments Left could not count them. */
    return count <= UINT8_MAX ? (int)count : -1;
}

static enum rpl_data_error rpl_parse_srh(const uint8_t *packet, struct rpl_packet_info *info)
{
    const uint8_t *srh = packet + info->srh;
    int count;

    info->segments_left = srh[SRH_LEFT];
    info->cmpr_i = srh[SRH_CMPR] >> 4;
    info->cmpr_e = srh[SRH_CMPR] & 0x0fu;
    info->pad = srh[SRH_PAD] >> 4;
    count = rpl_srh_count(info);
    info->segments = count > 0 ? (uint8_t)count : 0;
    /* A consumed header is passed over whatever it holds (section 4.2). */
    if (info->segments_left == 0)
        return RPL_DATA_OK;
    if (count < 0)
        return RPL_DATA_SRH_INVALID;
    if (info->segments_left > info->segments)
        return RPL_DATA_SRH_SEGMENTS;
    return rpl_addr_is_multicast(&info->dst) ? RPL_DATA_SRH_MULTICAST : RPL_DATA_OK;
}

enum rpl_data_error rpl_packet_parse(const uint8_t *packet, size_t len,
                                     struct rpl_packet_info *ret_info)
{
    struct rpl_packet_info *info = ret_info;
    size_t end = rpl_data_length(packet, len);
    size_t at = IP6_HEADER, length;
    enum rpl_data_error error = RPL_DATA_OK;

    memset(info, 0, sizeof(*info));
    if (end == 0)
        return RPL_DATA_TRUNCATED;
    info->src = rpl_data_addr(packet + IP6_SRC);
    info->dst = rpl_data_addr(packet + IP6_DST);
    info->hop_limit = packet[IP6_HOP_LIMIT];
    info->next = packet[IP6_NEXT];
    if (info->next == NEXT_HOP_BY_HOP) {
        length = rpl_extension_length(packet, at, end);
        if (length == 0)
            return RPL_DATA_TRUNCATED;
        info->hbh = (uint16_t)at;
        info->hbh_len = (uint16_t)length;
        info->next = packet[at];
        error = rpl_parse_options(packet, info);
        if (error != RPL_DATA_OK)
            return error;
        at += length;
    }
    if (info->next == NEXT_ROUTING) {
        length = rpl_extension_length(packet, at, end);
        if (length == 0)
            return RPL_DATA_TRUNCATED;
        if (packet[at + SRH_TYPE] == SRH_ROUTING_TYPE) {
            info->srh = (uint16_t)at;
            info->srh_len = (uint16_t)length;
            info->next = packet[at];
            error = rpl_parse_srh(packet, info);
            at += length;
        }
    }
    info->payload = (uint16_t)at;
    return error;
}
