/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6 errors of other nodes about packets that got a source route or a tunnel from the root: the
 * engine hears of hops that are gone, and the sender of each packet about what it sent itself
 * (RFC 2473 section 8, RFC 6554 section 4.2).
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

#define FWD_IPV6_HEADER 40u
#define FWD_ICMP6_HEADER 8u
#define FWD_ICMP6_INFORMATION 128u /* types of errors are below */
#define FWD_SOURCE_ROUTE_ERROR 7u  /* a code of Destination Unreachable */

/* ---- "error in source routing header" ------------------------------------------------------ */

bool fwd_failed_hop(const uint8_t *invoking, size_t len, const struct rpl_addr *reporter,
                    struct rpl_addr *ret_hop, uint8_t *ret_instance, bool *ret_has_instance)
{
    uint8_t copy[FWD_MTU];
    struct rpl_packet_info info;

    if (len < FWD_IPV6_HEADER || len > sizeof(copy) || invoking[0] >> 4 != 6)
        return false;
    /* An error carries as much as fits: make the length agree with what came. */
    memcpy(copy, invoking, len);
    size_t payload = len - FWD_IPV6_HEADER;
    if (((size_t)copy[4] << 8 | copy[5]) > payload) {
        copy[4] = (uint8_t)(payload >> 8);
        copy[5] = (uint8_t)payload;
    }
    if (rpl_packet_parse(copy, len, &info) != RPL_DATA_OK || info.srh == 0)
        return false;
    *ret_has_instance = info.rpi_option != 0;
    *ret_instance = info.rpi.instance;
    *ret_hop = info.dst;
    /* Some report before they step: the packet then still names the reporter. */
    if (rpl_addr_same_iid(&info.dst, reporter) && info.segments_left > 0 &&
        info.segments_left <= info.segments)
        return rpl_srh_segment(copy, &info, (unsigned)(info.segments - info.segments_left + 1),
                               ret_hop);
    return true;
}

bool fwd_source_route_error(const struct fwd *fwd, const uint8_t *invoking, size_t len,
                            const struct rpl_addr *reporter, rpl_tstamp now,
                            struct rpl_event_forward_error *ret_error)
{
    struct rpl_view_instance instance;
    bool has_instance = false;

    if (!fwd_failed_hop(invoking, len, reporter, &ret_error->target, &ret_error->instance,
                        &has_instance))
        return false;
    if (!has_instance) {
        if (!fwd_instance_of(fwd, &ret_error->target, now, &instance))
            return false;
        ret_error->instance = instance.id;
    }
    ret_error->kind = RPL_FORWARD_SRH;
    ret_error->reporter = *reporter;
    return true;
}

/* ---- errors that come by --------------------------------------------------------------------- */

static bool fwd_is_icmp6_error(const uint8_t *packet, size_t len)
{
    return len >= FWD_IPV6_HEADER + FWD_ICMP6_HEADER && packet[6] == IPPROTO_ICMPV6 &&
           packet[FWD_IPV6_HEADER] < FWD_ICMP6_INFORMATION;
}

static bool fwd_is_source_route_error(const uint8_t *icmp)
{
    return icmp[0] == ICMP6_DST_UNREACH && icmp[1] == FWD_SOURCE_ROUTE_ERROR;
}

/* A node tells the sender, who has never seen the source route, what the root has to know. */
static void fwd_overhear(struct fwd *fwd, const uint8_t *packet, size_t len, rpl_tstamp now)
{
    const size_t at = FWD_IPV6_HEADER + FWD_ICMP6_HEADER;
    struct rpl_event event = {.type = RPL_EVENT_FORWARD_ERROR};
    struct rpl_addr reporter;

    memcpy(reporter.b, packet + 8, sizeof(reporter.b));
    if (fwd_source_route_error(fwd, packet + at, len - at, &reporter, now, &event.u.forward_error))
        fwd->host.event(fwd->host.ctx, &event);
}

bool fwd_translate(struct fwd *fwd, uint8_t *packet, size_t *len, rpl_tstamp now)
{
    struct rpl_relay relay;
    struct rpl_addr dst;

    if (!fwd_is_icmp6_error(packet, *len))
        return false;
    uint8_t *icmp = packet + FWD_IPV6_HEADER;
    memcpy(dst.b, packet + 24, sizeof(dst.b));
    /* What is for us comes again by the kernel: fwd_told(). */
    if (rpl_view_is_own(fwd->engine, &dst) &&
        (fwd_is_source_route_error(icmp) ||
         (rpl_icmp6_relay(icmp, *len - FWD_IPV6_HEADER, &relay) &&
          rpl_view_is_own(fwd->engine, &relay.entry))))
        return false;
    bool strict = fwd_is_source_route_error(icmp);
    if (strict)
        fwd_overhear(fwd, packet, *len, now);
    if (!rpl_icmp6_unroute(packet, len))
        return false;
    fwd->counters[FWD_TRANSLATED]++;
    return true;
}

/* Only the root, who wrote the route, does that, or each router would add one more. What is for us
 * comes by the kernel: fwd_told(). */
void fwd_copy_error(struct fwd *fwd, uint8_t *packet, size_t len, rpl_tstamp now)
{
    struct rpl_view_instance instance;
    struct rpl_packet_info info;

    if (rpl_packet_parse(packet, len, &info) != RPL_DATA_OK || info.next != IPPROTO_ICMPV6 ||
        rpl_view_is_own(fwd->engine, &info.dst) ||
        !fwd_instance_of(fwd, &info.src, now, &instance) || instance.role != RPL_ROLE_ROOT ||
        rpl_strip(packet, &len) != RPL_DATA_OK)
        return;
    if (fwd_translate(fwd, packet, &len, now))
        fwd_to_tun(fwd, packet, len);
}

/* ---- errors for us -----------------------------------------------------------------------------
 */

/* An ICMPv6 message as a packet from |src| to |dst|, its checksum with it. */
static size_t fwd_packet_of(uint8_t *packet, const uint8_t *icmp, size_t len,
                            const struct rpl_addr *src, const struct rpl_addr *dst)
{
    uint8_t *to = packet + FWD_IPV6_HEADER;

    memset(packet, 0, FWD_IPV6_HEADER);
    packet[0] = 0x60;
    packet[4] = (uint8_t)(len >> 8);
    packet[5] = (uint8_t)len;
    packet[6] = IPPROTO_ICMPV6;
    packet[7] = FWD_HOP_LIMIT;
    memcpy(packet + 8, src->b, sizeof(src->b));
    memcpy(packet + 24, dst->b, sizeof(dst->b));
    memcpy(to, icmp, len);
    to[2] = to[3] = 0;
    uint16_t sum = rpl_wire_checksum(src, dst, IPPROTO_ICMPV6, to, len);
    to[2] = (uint8_t)(sum >> 8);
    to[3] = (uint8_t)sum;
    return FWD_IPV6_HEADER + len;
}

static bool fwd_told_of_tunnel(struct fwd *fwd, const uint8_t *icmp, size_t len, rpl_tstamp now)
{
    struct rpl_relay relay;

    if (!rpl_icmp6_relay(icmp, len, &relay) || !rpl_view_is_own(fwd->engine, &relay.entry))
        return false;
    if (relay.tell) {
        fwd->counters[FWD_RELAYED]++;
        fwd_error_quoting(fwd, icmp + relay.packet, len - relay.packet, relay.type, relay.code,
                          relay.parameter, now);
    }
    return true;
}

void fwd_told(struct fwd *fwd, const struct rpl_addr *reporter, const uint8_t *icmp, size_t len,
              rpl_tstamp now)
{
    uint8_t packet[FWD_BUFFER];
    struct rpl_addr sender;

    if (len < FWD_ICMP6_HEADER + FWD_IPV6_HEADER || len > FWD_READ_MAX ||
        icmp[0] >= FWD_ICMP6_INFORMATION || fwd_told_of_tunnel(fwd, icmp, len, now))
        return;
    memcpy(sender.b, icmp + FWD_ICMP6_HEADER + 8, sizeof(sender.b));
    /* "Error in source routing header" comes to the root whoever sent the packet. */
    if (!fwd_is_source_route_error(icmp) && !rpl_view_is_own(fwd->engine, &sender))
        return;
    size_t n = fwd_packet_of(packet, icmp, len, reporter, &sender);
    if (!rpl_icmp6_unroute(packet, &n))
        return;
    if (!fwd_limit_pass(&fwd->errors, now)) {
        fwd->counters[FWD_ERROR_LIMITED]++;
        return;
    }
    fwd->counters[FWD_TRANSLATED]++;
    fwd_to_tun(fwd, packet, n);
}

void fwd_hop_gone(struct fwd *fwd, const struct fwd_recent *recent, rpl_tstamp now)
{
    uint8_t icmp[FWD_ICMP6_HEADER + FWD_MTU] = {ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR};

    memcpy(icmp + FWD_ICMP6_HEADER, recent->packet, recent->len);
    if (!fwd_told_of_tunnel(fwd, icmp, FWD_ICMP6_HEADER + recent->len, now))
        fwd_error(fwd, recent->packet, recent->len, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, 0,
                  now);
}
