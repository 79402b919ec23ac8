/* SPDX-License-Identifier: ISC */
/* What a router on a LAN needs of the kernel beyond its own routes: the prefixes that were
 * delegated to it, and neighbour discovery on behalf of others. */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define LAN_TIMEOUT_MS 1000
#define LAN_FLUSH 256u /* entries removed per round */
#define DELEGATED_SHORTEST 16
#define DELEGATED_LONGEST 63
#define NETIFD_METRIC 2147483647u /* of OpenWrt's, which calls all its routes static */

typedef void lan_each(const struct nlmsghdr *nlh, void *arg);

/* One dump, whole, before it returns; |each| may not ask for anything itself. */
static int lan_dump(struct krt *krt, struct nlmsghdr *nlh, lan_each *each, void *arg)
{
    uint32_t seq = ++krt->ask_seq;

    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = seq;
    if (mnl_socket_sendto(krt->ask, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    for (;;) {
        const struct nlmsghdr *one = (const struct nlmsghdr *)krt->answer;
        int left = krt_sock_read(krt->ask, krt->answer, sizeof(krt->answer));

        if (left == -EAGAIN) {
            int err = krt_sock_wait(krt->ask, LAN_TIMEOUT_MS);
            if (err < 0)
                return err;
            continue;
        }
        if (left < 0)
            return left;
        for (; mnl_nlmsg_ok(one, left); one = mnl_nlmsg_next(one, &left)) {
            if (one->nlmsg_seq != seq)
                continue;
            if (one->nlmsg_type == NLMSG_DONE || one->nlmsg_type == NLMSG_ERROR)
                return krt_dump_error(one);
            each(one, arg);
        }
    }
}

/* ---- delegated prefixes ------------------------------------------------------------------ */

/* How clients of DHCPv6 leave it: unreachable as a whole, so that what no LAN has does not go back
 * to the provider. Other such routes are filters of somebody, and none of our business. */
static bool delegation(const struct nlmsghdr *nlh, struct rpl_prefix *ret_prefix)
{
    const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
    struct rpl_route route;
    uint8_t protocol;

    if (!krt_route_parse(nlh, &route, &protocol) || rtm->rtm_type == RTN_UNICAST)
        return false;
    if (protocol != RTPROT_DHCP && !(protocol == RTPROT_STATIC && route.metric == NETIFD_METRIC))
        return false;
    if (route.dst_len < DELEGATED_SHORTEST || route.dst_len > DELEGATED_LONGEST)
        return false;
    *ret_prefix = (struct rpl_prefix){.addr = route.dst, .len = route.dst_len};
    return true;
}

bool krt_delegation_notice(const struct nlmsghdr *nlh)
{
    struct rpl_prefix prefix;

    return delegation(nlh, &prefix);
}

struct delegations {
    struct rpl_prefix *prefix;
    uint32_t max, count;
};

static void delegations_each(const struct nlmsghdr *nlh, void *arg)
{
    struct delegations *d = arg;
    struct rpl_prefix prefix;

    if (d->count < d->max && delegation(nlh, &prefix))
        d->prefix[d->count++] = prefix;
}

int krt_delegations(struct krt *krt, struct rpl_prefix *ret_prefix, uint32_t max,
                    uint32_t *ret_count)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
    static const uint8_t types[] = {RTN_UNREACHABLE, RTN_BLACKHOLE, RTN_PROHIBIT};
    struct delegations d = {.prefix = ret_prefix, .max = max};
    int err = 0;

    nlh->nlmsg_type = RTM_GETROUTE;
    rtm->rtm_family = AF_INET6;
    rtm->rtm_table = RT_TABLE_MAIN;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && err == 0; i++) {
        rtm->rtm_type = types[i];
        err = lan_dump(krt, nlh, delegations_each, &d);
        /* A table without such a route. */
        if (err == -ENOENT)
            err = 0;
    }
    *ret_count = d.count;
    return err;
}

/* ---- neighbour discovery for others ------------------------------------------------------- */

static struct nlmsghdr *proxy_request(void *buf, uint16_t type, uint32_t ifindex,
                                      const struct rpl_addr *addr)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

    nlh->nlmsg_type = type;
    ndm->ndm_family = AF_INET6;
    ndm->ndm_ifindex = (int)ifindex;
    ndm->ndm_flags = NTF_PROXY;
    if (addr)
        mnl_attr_put(nlh, NDA_DST, sizeof(*addr), addr);
    return nlh;
}

int krt_proxy_set(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh = proxy_request(buf, RTM_NEWNEIGH, ifindex, addr);

    nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    mnl_attr_put_u8(nlh, NDA_PROTOCOL, KRT_PROTOCOL);
    return krt_sock_ask(krt, nlh);
}

int krt_proxy_del(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    int err = krt_sock_ask(krt, proxy_request(buf, RTM_DELNEIGH, ifindex, addr));

    return err == -ENOENT || err == -ENODEV ? 0 : err;
}

struct proxies {
    uint32_t count;
    struct {
        uint32_t ifindex;
        struct rpl_addr addr;
    } proxy[LAN_FLUSH];
};

static void proxies_each(const struct nlmsghdr *nlh, void *arg)
{
    const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
    const struct nlattr *attr;
    struct proxies *p = arg;
    bool has_addr = false, own = false;

    if (nlh->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm) ||
        ndm->ndm_family != AF_INET6 || !(ndm->ndm_flags & NTF_PROXY) || p->count == LAN_FLUSH)
        return;
    for (attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(*ndm));
         mnl_attr_ok(attr, (int)((const char *)nlh + nlh->nlmsg_len - (const char *)attr));
         attr = mnl_attr_next(attr)) {
        uint16_t len = mnl_attr_get_payload_len(attr);

        if (mnl_attr_get_type(attr) == NDA_DST && len == sizeof(p->proxy[0].addr)) {
            memcpy(&p->proxy[p->count].addr, mnl_attr_get_payload(attr), len);
            has_addr = true;
        }
        if (mnl_attr_get_type(attr) == NDA_PROTOCOL && len == 1)
            own = mnl_attr_get_u8(attr) == KRT_PROTOCOL;
    }
    p->proxy[p->count].ifindex = (uint32_t)ndm->ndm_ifindex;
    p->count += has_addr && own;
}

int krt_proxy_flush(struct krt *krt)
{
    struct proxies p;
    int err;

    do {
        uint32_t buf[KRT_MESSAGE_MAX / 4];

        p.count = 0;
        err = lan_dump(krt, proxy_request(buf, RTM_GETNEIGH, 0, NULL), proxies_each, &p);
        for (uint32_t i = 0; i < p.count && err == 0; i++)
            err = krt_proxy_del(krt, p.proxy[i].ifindex, &p.proxy[i].addr);
    } while (err == 0 && p.count > 0);
    return err;
}
