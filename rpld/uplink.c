/* SPDX-License-Identifier: ISC */
#include "rpld/uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "rpl/rpl_wire.h"
#include "rpld/iface.h"
#include "rpld/log.h"

#define UPLINK_CANDIDATES 64
#define UPLINK_INTERVAL RPL_S(1)
#define UPLINK_OLD_S 7200 /* how long the engine phases a prefix out at most */
#define UPLINK_SLICE 128  /* nodes per turn */
#define UPLINK_SHARED 64

/* ---- choosing ------------------------------------------------------------------------------- */

static bool uplink_global(const struct rpl_addr *addr)
{
    return (addr->b[0] & 0xe0) == 0x20; /* 2000::/3, RFC 4291 */
}

static bool uplink_unique_local(const struct rpl_addr *addr)
{
    return (addr->b[0] & 0xfe) == 0xfc; /* RFC 4193 */
}

/* The /64 that |candidate| gives; false: none. */
static bool uplink_subnet(const struct uplink_candidate *candidate, uint32_t subnet, bool share,
                          struct rpl_addr *ret_prefix)
{
    const unsigned bits = candidate->len < 64 ? 64u - candidate->len : 0;
    uint64_t number = subnet == CONF_SUBNET_LAST ? UINT64_MAX >> (64 - (bits ? bits : 1)) : subnet;

    if (candidate->len > UPLINK_SHARED || (bits == 0 && (candidate->delegated || !share)))
        return false;
    if (!uplink_global(&candidate->addr) && !uplink_unique_local(&candidate->addr))
        return false;
    *ret_prefix = candidate->addr;
    rpl_addr_mask(ret_prefix, candidate->len);
    if (bits == 0)
        return true;
    if (number >> (bits < 63 ? bits : 63))
        return false; /* it has not so many */
    for (unsigned i = 0; i < 8; i++)
        ret_prefix->b[7 - i] |= (uint8_t)(number >> 8 * i);
    return true;
}

static unsigned uplink_worth(const struct uplink_candidate *candidate)
{
    return (candidate->deprecated ? 0 : 8u) + (uplink_global(&candidate->addr) ? 4u : 0) +
           (candidate->delegated ? 2u : 0) + (candidate->len < UPLINK_SHARED ? 1u : 0);
}

bool uplink_choose(const struct uplink_candidate *candidate, uint32_t count, uint32_t subnet,
                   bool share, struct rpl_addr *prefix)
{
    struct rpl_addr best = {{0}};
    unsigned worth = 0;
    bool found = false;

    for (uint32_t i = 0; i < count; i++) {
        struct rpl_addr one;

        if (!uplink_subnet(&candidate[i], subnet, share, &one))
            continue;
        unsigned w = uplink_worth(&candidate[i]);
        /* Of equals the one we have, else the lowest: the same at each start. */
        bool better = !found || w > worth ||
                      (w == worth && !rpl_addr_equal(&best, prefix) &&
                       (rpl_addr_equal(&one, prefix) || memcmp(&one, &best, sizeof(one)) < 0));
        if (!better)
            continue;
        best = one;
        worth = w;
        found = true;
    }
    if (found)
        *prefix = best;
    return found;
}

/* ---- prefixes ---------------------------------------------------------------------------------
 */

static uint32_t uplink_ifindex(const struct uplink *uplink, const char *name)
{
    struct krt_link link;

    return name[0] && krt_link_named(uplink->krt, name, &link) ? link.ifindex : 0;
}

static uint32_t uplink_candidates(const struct uplink *uplink, uint32_t ifindex,
                                  struct uplink_candidate candidate[UPLINK_CANDIDATES])
{
    struct rpl_prefix delegated[UPLINK_CANDIDATES / 2];
    uint32_t count = 0, n = 0;
    struct krt_addr addr;
    int r = krt_delegations(uplink->krt, delegated, UPLINK_CANDIDATES / 2, &count);

    if (r < 0)
        log_warning("uplink: cannot ask for delegated prefixes", "error=\"%s\"", strerror(-r));
    for (uint32_t i = 0; i < count; i++)
        candidate[i] = (struct uplink_candidate){
            .addr = delegated[i].addr, .len = delegated[i].len, .delegated = true};
    for (n = 0; count < UPLINK_CANDIDATES && krt_addr_nth(uplink->krt, n, &addr); n++) {
        if (addr.ifindex != ifindex || !addr.usable || addr.temporary)
            continue;
        candidate[count++] = (struct uplink_candidate){
            .addr = addr.addr, .len = addr.plen, .deprecated = addr.deprecated};
    }
    return count;
}

/* Somebody else lives in that /64 already: a LAN that got the same part of a delegated prefix. */
static bool uplink_taken(const struct uplink *uplink, const struct rpl_addr *prefix,
                         uint32_t shared_ifindex)
{
    struct krt_addr addr;

    for (uint32_t n = 0; krt_addr_nth(uplink->krt, n, &addr); n++) {
        if (addr.plen == 64 && addr.ifindex != shared_ifindex &&
            rpl_addr_match(&addr.addr, prefix, 64))
            return true;
    }
    return false;
}

static void uplink_renumber(struct uplink *uplink, uint32_t index, const struct rpl_addr *prefix)
{
    const struct conf_instance *instance = &uplink->conf->instance[index];
    struct rpl_event event = {.type = RPL_EVENT_PREFIX};
    char old[INET6_ADDRSTRLEN] = "", new[INET6_ADDRSTRLEN] = "";

    event.u.prefix.instance = instance->rpl.id;
    event.u.prefix.prefix = *prefix;
    inet_ntop(AF_INET6, uplink->prefix[index].b, old, sizeof(old));
    inet_ntop(AF_INET6, prefix->b, new, sizeof(new));
    if (uplink->host.event(uplink->host.ctx, &event) < 0) {
        log_error("uplink: the engine refuses a prefix", "instance=%u prefix=%s/64",
                  instance->rpl.id, new);
        return;
    }
    if (uplink->state) {
        uint64_t valid = instance->rpl.prefix_valid_s < UPLINK_OLD_S ? instance->rpl.prefix_valid_s
                                                                     : UPLINK_OLD_S;
        state_old_prefix_add(uplink->state, instance->rpl.id, &uplink->prefix[index],
                             (uint64_t)time(NULL) + valid);
        state_prefix_set(uplink->state, instance->rpl.id, prefix);
    }
    uplink->prefix[index] = *prefix;
    log_notice("uplink: another prefix", "instance=%u uplink=%s new=%s/64 old=%s/64",
               instance->rpl.id, instance->uplink, new, old);
}

/* RFC 6550 section 8.2.2.2: G is 1 only if the goal can be met. */
static void uplink_ground(struct uplink *uplink, uint32_t index)
{
    const struct conf_instance *instance = &uplink->conf->instance[index];
    struct rpl_event event = {.type = RPL_EVENT_COMMAND};
    struct krt_link link;

    if (!instance->grounded_by[0])
        return;
    bool lost = !krt_link_named(uplink->krt, instance->grounded_by, &link) || !link.up;
    if (lost == uplink->ungrounded[index])
        return;
    event.u.command.command = lost ? RPL_COMMAND_UNGROUND : RPL_COMMAND_GROUND;
    event.u.command.instance = instance->rpl.id;
    if (uplink->host.event(uplink->host.ctx, &event) < 0)
        return;
    uplink->ungrounded[index] = lost;
    log_notice("uplink: ground", "instance=%u interface=%s grounded=%s", instance->rpl.id,
               instance->grounded_by, lost ? "no" : "yes");
}

static void uplink_look(struct uplink *uplink)
{
    struct uplink_candidate candidate[UPLINK_CANDIDATES];

    for (uint32_t i = 0; i < uplink->conf->instance_count; i++) {
        const struct conf_instance *instance = &uplink->conf->instance[i];
        struct rpl_addr prefix = uplink->prefix[i];

        uplink_ground(uplink, i);
        if (!instance->uplink[0])
            continue;
        uint32_t ifindex = uplink_ifindex(uplink, instance->uplink);
        bool share = strcmp(uplink->conf->ndp_proxy, instance->uplink) == 0;
        uint32_t count = uplink_candidates(uplink, ifindex, candidate);
        if (!uplink_choose(candidate, count, instance->uplink_subnet, share, &prefix) ||
            rpl_addr_equal(&prefix, &uplink->prefix[i]))
            continue;
        if (uplink_taken(uplink, &prefix, share ? ifindex : 0))
            log_warning("uplink: another interface has that prefix already",
                        "instance=%u mend=\"set uplink_subnet\"", instance->rpl.id);
        else
            uplink_renumber(uplink, i, &prefix);
    }
}

/* ---- NDP proxy --------------------------------------------------------------------------------
 */

/* By its prefix |addr| is on the link, so that hosts there ask for it. */
static bool uplink_on_link(const struct uplink *uplink, const struct rpl_addr *addr)
{
    struct krt_addr other;

    for (uint32_t n = 0; krt_addr_nth(uplink->krt, n, &other); n++) {
        if (other.ifindex == uplink->proxy_ifindex && other.plen == 64 &&
            rpl_addr_match(&other.addr, addr, 64))
            return true;
    }
    return false;
}

void uplink_node(struct uplink *uplink, const struct rpl_addr *addr, bool present)
{
    if (uplink->proxy_ifindex == 0 || (present && !uplink_on_link(uplink, addr)))
        return;
    int r = present ? krt_proxy_set(uplink->krt, uplink->proxy_ifindex, addr)
                    : krt_proxy_del(uplink->krt, uplink->proxy_ifindex, addr);
    if (r < 0 && r != -ENODEV)
        log_warning("uplink: cannot answer for a node", "interface=%s error=\"%s\"",
                    uplink->conf->ndp_proxy, strerror(-r));
}

/* All nodes once more: the link came up, or is another, or got the prefix only now. */
static void uplink_proxy_again(struct uplink *uplink)
{
    int value = 1;

    uplink->proxy_ifindex = uplink_ifindex(uplink, uplink->conf->ndp_proxy);
    if (uplink->proxy_ifindex == 0)
        return;
    uplink->proxying = true;
    uplink->cursor = (struct rpl_cursor){0};
    if (iface_sysctl(uplink->conf->ndp_proxy, "proxy_ndp", &value) && value == 0)
        log_warning("interface: proxy_ndp is off, the LAN does not reach the nodes",
                    "interface=%s mend=\"rpld --prepare\"", uplink->conf->ndp_proxy);
}

static void uplink_proxy_own(struct uplink *uplink)
{
    struct rpl_view_instance instance;
    struct rpl_cursor cursor = {0};

    while (rpl_view_next_instance(uplink->engine, &cursor, uplink->looked, &instance)) {
        if (instance.has_address)
            uplink_node(uplink, &instance.address, true);
    }
}

static void uplink_proxy_slice(struct uplink *uplink, rpl_tstamp now)
{
    struct rpl_view_node node;

    for (unsigned i = 0; i < UPLINK_SLICE; i++) {
        if (!rpl_view_next_node(uplink->engine, &uplink->cursor, now, &node)) {
            uplink->proxying = false;
            return;
        }
        if (node.reachable && node.len == 128)
            uplink_node(uplink, &node.address, true);
    }
}

/* ---- in the daemon ------------------------------------------------------------------------------
 */

void uplink_init(struct uplink *uplink, const struct conf *conf, struct krt *krt,
                 struct state *state, const struct uplink_host *host)
{
    memset(uplink, 0, sizeof(*uplink));
    uplink->conf = conf;
    uplink->krt = krt;
    uplink->state = state;
    uplink->host = *host;
    uplink->look = RPL_NEVER;
    for (uint32_t i = 0; i < conf->instance_count; i++)
        uplink->wanted =
            uplink->wanted || conf->instance[i].uplink[0] || conf->instance[i].grounded_by[0];
}

void uplink_start(struct uplink *uplink, const struct rpl_engine *engine,
                  const struct rpl_config *config)
{
    uplink->engine = engine;
    for (uint32_t i = 0; i < config->instance_count; i++) {
        uplink->prefix[i] = config->instance[i].prefix;
        uplink->ungrounded[i] = false; /* a new engine has not been told */
    }
}

/* What a former run was phasing out goes on, if the clock is not so far off that it would take
 * longer than ever. */
static void uplink_resume(struct uplink *uplink)
{
    uint64_t world = (uint64_t)time(NULL);
    struct state_old_prefix old;

    for (uint32_t i = 0; uplink->state && i < uplink->conf->instance_count; i++) {
        uint8_t id = uplink->conf->instance[i].rpl.id;
        for (unsigned n = 0;
             uplink->conf->instance[i].uplink[0] && state_old_prefix(uplink->state, id, n, &old);
             n++) {
            struct rpl_event event = {.type = RPL_EVENT_PREFIX};
            if (old.until <= world || old.until - world > UPLINK_OLD_S)
                continue;
            event.u.prefix.instance = id;
            event.u.prefix.prefix = old.prefix;
            event.u.prefix.left = RPL_S(old.until - world);
            (void)uplink->host.event(uplink->host.ctx, &event);
        }
    }
}

void uplink_begin(struct uplink *uplink, rpl_tstamp now)
{
    uplink_resume(uplink);
    if (uplink->conf->ndp_proxy[0]) {
        int r = krt_proxy_flush(uplink->krt);

        if (r < 0)
            log_warning("uplink: cannot take back what an earlier run answered for", "error=\"%s\"",
                        strerror(-r));
        uplink_proxy_again(uplink);
    }
    uplink->looked = now;
    if (uplink->wanted)
        uplink_look(uplink);
}

void uplink_touch(struct uplink *uplink, uint32_t ifindex, rpl_tstamp now)
{
    bool proxy = uplink->conf->ndp_proxy[0] &&
                 (ifindex == uplink->proxy_ifindex || uplink->proxy_ifindex == 0);

    if (!uplink->looked || (!uplink->wanted && !proxy) || uplink->look != RPL_NEVER)
        return;
    /* Changes come in swarms: the first waits for the others. */
    uplink->look = now > uplink->looked + UPLINK_INTERVAL ? now + UPLINK_INTERVAL / 10
                                                          : uplink->looked + UPLINK_INTERVAL;
}

void uplink_turn(struct uplink *uplink, rpl_tstamp now)
{
    if (now >= uplink->look) {
        uplink->look = RPL_NEVER;
        uplink->looked = now;
        if (uplink->wanted)
            uplink_look(uplink);
        if (uplink->conf->ndp_proxy[0]) {
            uplink_proxy_again(uplink);
            uplink_proxy_own(uplink);
        }
    }
    if (uplink->proxying)
        uplink_proxy_slice(uplink, now);
}

rpl_tstamp uplink_deadline(const struct uplink *uplink)
{
    return uplink->proxying ? 0 : uplink->look;
}

void uplink_stop(struct uplink *uplink)
{
    int r = uplink->conf->ndp_proxy[0] ? krt_proxy_flush(uplink->krt) : 0;

    if (r < 0)
        log_warning("uplink: the kernel still answers for nodes", "error=\"%s\"", strerror(-r));
}
