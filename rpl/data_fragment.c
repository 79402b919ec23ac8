/* SPDX-License-Identifier: ISC */
/* Fragments of a packet that we are the source of, RFC 8200 section 4.5. */
#include "rpl/data_packet.h"

#define FRAGMENT_HEADER 8u
#define FRAGMENT_MORE 1u

enum rpl_data_error rpl_fragment(const uint8_t *packet, size_t len, size_t mtu, uint32_t id,
                                 size_t *offset, uint8_t *out, size_t *ret_len)
{
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(packet, len, &info);
    size_t whole = rpl_data_length(packet, len), room, rest;

    if (error != RPL_DATA_OK)
        return error;
    /* Each fragment carries the headers that are for the way: IPv6, Hop-by-Hop, source route. */
    size_t head = info.payload;
    if (mtu < head + FRAGMENT_HEADER + 8)
        return RPL_DATA_TOO_BIG;
    if (*offset > whole - head)
        return RPL_DATA_TRUNCATED;
    room = mtu - head - FRAGMENT_HEADER;
    rest = whole - head - *offset;
    bool more = rest > room;
    size_t part = more ? room & ~(size_t)7 : rest;

    memcpy(out, packet, head);
    out[info.srh ? info.srh : info.hbh ? info.hbh : IP6_NEXT] = NEXT_FRAGMENT;
    uint8_t *fragment = out + head;
    fragment[0] = info.next;
    fragment[1] = 0;
    rpl_data_put_u16(fragment + 2, *offset | (more ? FRAGMENT_MORE : 0));
    rpl_data_put_u16(fragment + 4, id >> 16);
    rpl_data_put_u16(fragment + 6, id & 0xffffu);
    memcpy(fragment + FRAGMENT_HEADER, packet + head + *offset, part);
    rpl_data_put_u16(out + IP6_LENGTH, head - IP6_HEADER + FRAGMENT_HEADER + part);
    *ret_len = head + FRAGMENT_HEADER + part;
    *offset += part;
    return RPL_DATA_OK;
}
