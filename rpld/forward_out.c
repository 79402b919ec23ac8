/* SPDX-License-Identifier: ISC */
/* The forwarder's way out: to a neighbour, and to the kernel. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

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

void fwd_to_tun(struct fwd *fwd, const uint8_t *packet, size_t len)
{
    if (write(fwd->tun, packet, len) < 0) {
        fwd->counters[FWD_DROP_TUN]++;
        return;
    }
    fwd->counters[FWD_INJECTED]++;
    fwd_see(fwd, true, fwd->tun_ifindex, packet, len, NULL);
}

void fwd_inject(struct fwd *fwd, uint8_t *packet, size_t len, rpl_tstamp now)
{
    (void)fwd_translate(fwd, packet, &len, now);
    fwd_to_tun(fwd, packet, len);
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
        for (uint32_t i = 0; i < ret_instance->more_prefix_count; i++)
            if (rpl_addr_match(addr, &ret_instance->more_prefix[i], ret_instance->prefix_len))
                return true;
    }
    return false;
}

/* ---- packets that went out a moment ago -------------------------------------------------- */

void fwd_remember(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
                  const struct rpl_addr *hop, const uint8_t *instance, enum fwd_way way,
                  rpl_tstamp now)
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
    recent->way = way;
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
        if (recent->way == FWD_WAY_ORIGIN)
            fwd_tell(fwd, RPL_FORWARD_NEXT_HOP, recent->instance, NULL, &target);
        if (recent->way == FWD_WAY_ROUTE)
            fwd_error_to_root(fwd, recent, now);
        else
            fwd_hop_gone(fwd, recent, now);
    }
}
