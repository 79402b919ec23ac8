/* SPDX-License-Identifier: ISC */
/* The forwarder's way out: to a neighbour, to the kernel, back to the source as an error. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

#define FWD_IPV6_HEADER 40u
#define FWD_IPV6_DST 24u

void fwd_see(const struct fwd *fwd, bool out, uint32_t ifindex, const uint8_t *packet, size_t len,
             const struct rpl_addr *hop)
{
    const struct fwd_seen seen = {
        .ifindex = ifindex, .out = out, .packet = packet, .len = len, .hop = hop};

    if (fwd->host.seen)
        fwd->host.seen(fwd->host.ctx, &seen);
}

bool fwd_send(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
              const struct rpl_addr *hop)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = ifindex};

    memcpy(&to.sin6_addr, hop->b, sizeof(to.sin6_addr));
    if (sendto(fwd->raw, packet, len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0) {
        fwd->counters[errno == EMSGSIZE ? FWD_DROP_TOO_BIG : FWD_DROP_SEND]++;
        return false;
    }
    fwd_see(fwd, true, ifindex, packet, len, hop);
    return true;
}

void fwd_inject(struct fwd *fwd, uint8_t *packet, size_t len)
{
    /* An error of a node that quotes our source route: its sender has never seen that. */
    if (rpl_icmp6_unroute(packet, &len))
        fwd->counters[FWD_TRANSLATED]++;
    if (write(fwd->tun, packet, len) < 0) {
        fwd->counters[FWD_DROP_TUN]++;
        return;
    }
    fwd->counters[FWD_INJECTED]++;
    fwd_see(fwd, true, fwd->tun_ifindex, packet, len, NULL);
}

/* ---- looking things up ---------------------------------------------------------------- */

bool fwd_instance(const struct fwd *fwd, uint8_t id, rpl_tstamp now,
                  struct rpl_view_instance *ret_instance)
{
    struct rpl_cursor cursor = {0};

    while (rpl_view_next_instance(fwd->engine, &cursor, now, ret_instance)) {
        if (ret_instance->id == rpl_instance_id(id) && ret_instance->joined)
            return true;
    }
    return false;
}

bool fwd_instance_of(const struct fwd *fwd, const struct rpl_addr *addr, rpl_tstamp now,
                     struct rpl_view_instance *ret_instance)
{
    struct rpl_cursor cursor = {0};

    while (rpl_view_next_instance(fwd->engine, &cursor, now, ret_instance)) {
        if (!ret_instance->joined || ret_instance->prefix_len == 0)
            continue;
        if (rpl_addr_match(addr, &ret_instance->prefix, ret_instance->prefix_len))
            return true;
        for (uint32_t i = 0; i < ret_instance->old_prefix_count; i++)
            if (rpl_addr_match(addr, &ret_instance->old_prefix[i], ret_instance->prefix_len))
                return true;
    }
    return false;
}

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

void fwd_error(struct fwd *fwd, const uint8_t *packet, size_t len, uint8_t type, uint8_t code,
               uint32_t parameter, rpl_tstamp now)
{
    uint8_t error[FWD_MTU], sent[FWD_BUFFER];
    struct rpl_addr src, dst;

    if (len < FWD_IPV6_HEADER || len > sizeof(sent))
        return;
    memcpy(dst.b, packet + FWD_IPV6_DST, sizeof(dst.b));
    if (!fwd_own_address(fwd, &dst, now, &src))
        return;
    /* A Parameter Problem points into the packet as we have it. */
    if (type != ICMP6_PARAM_PROB) {
        memcpy(sent, packet, len);
        if (rpl_unroute(sent, &len) == RPL_DATA_OK)
            packet = sent;
    }
    size_t n = rpl_icmp6_error(error, sizeof(error), packet, len, &src, type, code, parameter);
    if (n > 0)
        fwd_send_error(fwd, error, n, now);
}

/*
 * RFC 6550 section 11.2.2.3, RFC 6554 section 4.2: a router that cannot reach the next hop of
 * a source route says so with ICMPv6 type 1 code 7. It goes to the root, who wrote the route,
 * also when the route stands in the packet of another source (compat setting srh = "inline").
 */
static void fwd_error_to_root(struct fwd *fwd, const struct fwd_recent *recent, rpl_tstamp now)
{
    struct rpl_view_instance instance;
    struct rpl_addr dst;
    uint8_t error[FWD_MTU];

    memcpy(dst.b, recent->packet + FWD_IPV6_DST, sizeof(dst.b));
    bool found = recent->has_instance ? fwd_instance(fwd, recent->instance, now, &instance)
                                      : fwd_instance_of(fwd, &dst, now, &instance);
    if (!found || !instance.has_address)
        return;
    size_t n = rpl_icmp6_error(error, sizeof(error), recent->packet, recent->len, &instance.address,
                               ICMP6_DST_UNREACH, 7, 0);
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

/* ---- packets that went out a moment ago -------------------------------------------------- */

void fwd_remember(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
                  const struct rpl_addr *hop, const uint8_t *instance, bool origin, rpl_tstamp now)
{
    struct fwd_recent *recent = NULL;

    /* One per next hop, the latest; else the oldest place. */
    for (unsigned i = 0; i < FWD_RECENT && !recent; i++) {
        if (fwd->recent[i].used && fwd->recent[i].ifindex == ifindex &&
            rpl_addr_equal(&fwd->recent[i].hop, hop))
            recent = &fwd->recent[i];
    }
    if (!recent) {
        recent = &fwd->recent[fwd->recent_next];
        fwd->recent_next = (fwd->recent_next + 1) % FWD_RECENT;
    }
    recent->used = true;
    recent->origin = origin;
    recent->when = now;
    recent->ifindex = ifindex;
    recent->hop = *hop;
    recent->has_instance = instance != NULL;
    recent->instance = instance ? *instance : 0;
    recent->len = (uint16_t)(len < sizeof(recent->packet) ? len : sizeof(recent->packet));
    memcpy(recent->packet, packet, recent->len);
}

void fwd_tell(struct fwd *fwd, enum rpl_forward_error kind, uint8_t instance,
              const struct rpl_addr *reporter, const struct rpl_addr *target)
{
    struct rpl_event event = {.type = RPL_EVENT_FORWARD_ERROR};

    event.u.forward_error.kind = kind;
    event.u.forward_error.instance = instance;
    if (reporter)
        event.u.forward_error.reporter = *reporter;
    if (target)
        event.u.forward_error.target = *target;
    fwd->host.event(fwd->host.ctx, &event);
}

void fwd_neighbour_failed(struct fwd *fwd, uint32_t ifindex, const struct rpl_addr *hop,
                          rpl_tstamp now)
{
    for (unsigned i = 0; i < FWD_RECENT; i++) {
        struct fwd_recent *recent = &fwd->recent[i];
        struct rpl_addr target;

        if (!recent->used || recent->ifindex != ifindex || !rpl_addr_equal(&recent->hop, hop))
            continue;
        recent->used = false;
        if (now - recent->when > FWD_RECENT_AGE)
            continue;
        fwd->counters[FWD_HOP_FAILED]++;
        memcpy(target.b, recent->packet + FWD_IPV6_DST, sizeof(target.b));
        if (recent->origin)
            fwd_tell(fwd, RPL_FORWARD_NEXT_HOP, recent->instance, NULL, &target);
        else
            fwd_error_to_root(fwd, recent, now);
    }
}
