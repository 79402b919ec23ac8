/* SPDX-License-Identifier: ISC */
/* What passes through the daemon, told to those who watch. */
#include <netinet/in.h>
#include <string.h>

#include "rpld/daemon.h"

#define IPV6_HEADER 40u

static uint32_t capture_ifindex(const struct daemon *daemon, uint32_t ifindex)
{
    if (ifindex == 0)
        return CTL_PACKET_ROUTED;
    return ifindex == fwd_ifindex(daemon->fwd) ? CTL_PACKET_TUN : ifindex;
}

/* The socket gives and takes what stands behind the IPv6 header; here it is again. */
static void capture_icmp6(struct daemon *daemon, bool out, uint32_t ifindex,
                          const struct rpl_addr *src, const struct rpl_addr *dst, uint8_t hop_limit,
                          const uint8_t *data, size_t len)
{
    uint8_t header[IPV6_HEADER] = {0x60};

    if (len > UINT16_MAX)
        return;
    header[4] = (uint8_t)(len >> 8);
    header[5] = (uint8_t)len;
    header[6] = IPPROTO_ICMPV6;
    header[7] = hop_limit;
    memcpy(header + 8, src->b, sizeof(src->b));
    memcpy(header + 24, dst->b, sizeof(dst->b));
    const struct ctl_packet packet = {.ifindex = capture_ifindex(daemon, ifindex),
                                      .out = out,
                                      .head = header,
                                      .head_len = sizeof(header),
                                      .data = data,
                                      .len = len};
    ctl_packet(daemon->ctl, &packet);
}

void daemon_saw_message(struct daemon *daemon, const struct icmp6_message *message)
{
    if (ctl_captures(daemon->ctl))
        capture_icmp6(daemon, false, message->ifindex, &message->src, &message->dst,
                      message->hop_limit, message->data, message->len);
}

void daemon_saw_send(struct daemon *daemon, const struct rpl_effect_send *send)
{
    if (ctl_captures(daemon->ctl))
        capture_icmp6(daemon, true, send->ifindex, &send->src, &send->dst, send->hop_limit,
                      send->data, send->len);
}

void daemon_saw_packet(void *ctx, const struct fwd_seen *seen)
{
    struct daemon *daemon = ctx;

    if (!ctl_captures(daemon->ctl))
        return;
    const struct ctl_packet packet = {.ifindex = capture_ifindex(daemon, seen->ifindex),
                                      .out = seen->out,
                                      .head = seen->packet,
                                      .data = seen->packet,
                                      .len = seen->len,
                                      .hop = seen->hop};
    ctl_packet(daemon->ctl, &packet);
}
