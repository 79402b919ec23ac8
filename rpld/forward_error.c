/* SPDX-License-Identifier: ISC */
/* The forwarder's own ICMPv6 errors: about what it drops, and about next hops that are gone. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

#define FWD_IPV6_HEADER 40u
#define FWD_IPV6_DST 24u

/* Where our errors come from: our address in the DODAG the packet is for, else any of ours. */
static bool fwd_own_address(const struct fwd *fwd, const struct rpl_addr *dst, rpl_tstamp now,
                            struct rpl_addr *ret_addr)
{
    struct rpl_view_instance instance;
    struct rpl_cursor cursor = {0};

    if (fwd_instance_of(fwd, dst, now, &instance) && instance.has_address) {
        *ret_addr = instance.address;
        return true;
    }
    while (rpl_view_next_instance(fwd->engine, &cursor, now, &instance)) {
        if (instance.has_address) {
            *ret_addr = instance.address;
            return true;
        }
    }
    return false;
}

/* ---- ICMPv6 errors --------------------------------------------------------------------- */

bool fwd_limit_pass(struct fwd_limit *limit, rpl_tstamp now)
{
    uint64_t more = now > limit->refilled ? (now - limit->refilled) / FWD_ERROR_INTERVAL : 0;

    if (more >= FWD_ERRORS_BURST - limit->tokens) {
        limit->tokens = FWD_ERRORS_BURST;
        limit->refilled = now;
    } else {
        limit->tokens += (uint32_t)more;
        limit->refilled += more * FWD_ERROR_INTERVAL;
    }
    if (limit->tokens == 0)
        return false;
    limit->tokens--;
    return true;
}

/* An error goes where the routes lead: to the uplink, to a node, or to ourselves. */
static void fwd_send_error(struct fwd *fwd, const uint8_t *error, size_t len, rpl_tstamp now)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};

    if (!fwd_limit_pass(&fwd->errors, now)) {
        fwd->counters[FWD_ERROR_LIMITED]++;
        return;
    }
    memcpy(&to.sin6_addr, error + FWD_IPV6_DST, sizeof(to.sin6_addr));
    if (sendto(fwd->raw, error, len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0) {
        fwd->counters[FWD_DROP_SEND]++;
        return;
    }
    fwd->counters[FWD_ERROR_SENT]++;
    fwd_see(fwd, true, 0, error, len, NULL);
}

/* Does |packet| hold another one, or the beginning of it? Its headers are its source's own then. */
static bool fwd_is_tunnel(const uint8_t *packet, size_t len)
{
    struct rpl_packet_info info;

    if (rpl_packet_parse(packet, len, &info) != RPL_DATA_OK)
        return false;
    return info.next == IPPROTO_IPV6 || (info.next == IPPROTO_FRAGMENT && info.payload < len &&
                                         packet[info.payload] == IPPROTO_IPV6);
}

/*
 * The source route that stands in a packet is not its sender's, who gets to see what it sent. Left
 * as it is: a tunnel's, which its entry wrote, and what a Parameter Problem points into.
 */
static size_t fwd_as_sent(uint8_t *packet, size_t len, uint8_t type, uint32_t *parameter)
{
    uint8_t sent[FWD_BUFFER];
    size_t now = len;

    if (type == ICMP6_PARAM_PROB || fwd_is_tunnel(packet, len))
        return len;
    memcpy(sent, packet, len);
    if (rpl_unroute(sent, &now) != RPL_DATA_OK)
        return len;
    if (type == ICMP6_PACKET_TOO_BIG)
        *parameter =
            *parameter < FWD_MTU + (len - now) ? FWD_MTU : *parameter - (uint32_t)(len - now);
    memcpy(packet, sent, now);
    return now;
}

void fwd_error_quoting(struct fwd *fwd, const uint8_t *packet, size_t len, uint8_t type,
                       uint8_t code, uint32_t parameter, rpl_tstamp now)
{
    uint8_t error[FWD_MTU];
    struct rpl_addr src, dst;

    if (len < FWD_IPV6_HEADER)
        return;
    memcpy(dst.b, packet + FWD_IPV6_DST, sizeof(dst.b));
    if (!fwd_own_address(fwd, &dst, now, &src))
        return;
    size_t n =
        rpl_icmp6_error_quoting(error, sizeof(error), packet, len, &src, type, code, parameter);
    if (n > 0)
        fwd_send_error(fwd, error, n, now);
}

void fwd_error(struct fwd *fwd, const uint8_t *packet, size_t len, uint8_t type, uint8_t code,
               uint32_t parameter, rpl_tstamp now)
{
    uint8_t sent[FWD_BUFFER];

    if (len > sizeof(sent))
        return;
    memcpy(sent, packet, len);
    len = fwd_as_sent(sent, len, type, &parameter);
    fwd_error_quoting(fwd, sent, len, type, code, parameter, now);
}

/*
 * RFC 6550 section 11.2.2.3, RFC 6554 section 4.2: a router that cannot reach the next hop of
 * a source route says so with ICMPv6 type 1 code 7. It goes to the root, who wrote the route,
 * also when the route stands in the packet of another source (compat setting srh = "inline").
 */
void fwd_error_to_root(struct fwd *fwd, const struct fwd_recent *recent, rpl_tstamp now)
{
    struct rpl_view_instance instance;
    struct rpl_addr dst;
    uint8_t error[FWD_MTU];

    memcpy(dst.b, recent->packet + FWD_IPV6_DST, sizeof(dst.b));
    bool found = recent->has_instance ? fwd_instance(fwd, recent->instance, now, &instance)
                                      : fwd_instance_of(fwd, &dst, now, &instance);
    if (!found || !instance.has_address)
        return;
    size_t n = rpl_icmp6_error_quoting(error, sizeof(error), recent->packet, recent->len,
                                       &instance.address, ICMP6_DST_UNREACH, 7, 0);
    if (n < FWD_IPV6_HEADER + 8)
        return;
    uint8_t *icmp = error + FWD_IPV6_HEADER;
    memcpy(error + FWD_IPV6_DST, instance.dodag_id.b, sizeof(instance.dodag_id.b));
    icmp[2] = icmp[3] = 0;
    uint16_t sum = rpl_wire_checksum(&instance.address, &instance.dodag_id, IPPROTO_ICMPV6, icmp,
                                     n - FWD_IPV6_HEADER);
    icmp[2] = (uint8_t)(sum >> 8);
    icmp[3] = (uint8_t)sum;
    fwd_send_error(fwd, error, n, now);
}
