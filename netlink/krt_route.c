/* SPDX-License-Identifier: ISC */
/* Routes as messages: writing, reading, what others do to them, and removing all. */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

uint32_t krt_route_metric(const struct rpl_route *route)
{
    return route->metric ? route->metric : KRT_METRIC_DEFAULT;
}

static void encode_way(const struct krt *krt, struct nlmsghdr *nlh, struct rtmsg *rtm,
                       const struct rpl_route *route)
{
    rtm->rtm_scope = RT_SCOPE_UNIVERSE;
    rtm->rtm_type = RTN_UNICAST;
    switch (route->kind) {
    case RPL_ROUTE_VIA:
        mnl_attr_put(nlh, RTA_GATEWAY, sizeof(route->via), &route->via);
        mnl_attr_put_u32(nlh, RTA_OIF, route->ifindex);
        break;
    case RPL_ROUTE_TUN:
        mnl_attr_put_u32(nlh, RTA_OIF, krt->tun);
        break;
    case RPL_ROUTE_UNREACHABLE:
        rtm->rtm_type = RTN_UNREACHABLE;
        break;
    }
}

/*
 * A deletion names destination, metric and protocol only: with these there is one route of ours
 * at most, and it has to go even if it points elsewhere than we think.
 */
void krt_route_encode(const struct krt *krt, void *buf, const struct rpl_route *route,
                      uint32_t flags, uint32_t seq)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

    nlh->nlmsg_seq = seq;
    rtm->rtm_family = AF_INET6;
    rtm->rtm_dst_len = route->dst_len;
    rtm->rtm_table = RT_TABLE_MAIN;
    rtm->rtm_protocol = KRT_PROTOCOL;
    mnl_attr_put(nlh, RTA_DST, sizeof(route->dst), &route->dst);
    mnl_attr_put_u32(nlh, RTA_PRIORITY, krt_route_metric(route));
    if (flags & KRT_ROUTE_DEL) {
        nlh->nlmsg_type = RTM_DELROUTE;
        nlh->nlmsg_flags = NLM_F_REQUEST;
        rtm->rtm_scope = RT_SCOPE_NOWHERE;
        return;
    }
    nlh->nlmsg_type = RTM_NEWROUTE;
    nlh->nlmsg_flags =
        NLM_F_REQUEST | NLM_F_CREATE | (flags & KRT_ROUTE_EXCLUSIVE ? NLM_F_EXCL : NLM_F_REPLACE);
    encode_way(krt, nlh, rtm, route);
}

struct route_attrs {
    uint32_t table;
    uint32_t oif;
    uint32_t metric;
    struct rpl_addr dst;
    struct rpl_addr gateway;
    bool has_gateway;
};

/* False if an attribute is not what it has to be; unknown ones are passed over. */
static bool read_attr(const struct nlattr *attr, struct route_attrs *out)
{
    uint16_t len = mnl_attr_get_payload_len(attr);

    switch (mnl_attr_get_type(attr)) {
    case RTA_DST:
        if (len != sizeof(out->dst))
            return false;
        memcpy(&out->dst, mnl_attr_get_payload(attr), sizeof(out->dst));
        return true;
    case RTA_GATEWAY:
        if (len != sizeof(out->gateway))
            return false;
        memcpy(&out->gateway, mnl_attr_get_payload(attr), sizeof(out->gateway));
        out->has_gateway = true;
        return true;
    case RTA_OIF:
    case RTA_PRIORITY:
    case RTA_TABLE:
        if (len != sizeof(uint32_t))
            return false;
        if (mnl_attr_get_type(attr) == RTA_OIF)
            out->oif = mnl_attr_get_u32(attr);
        else if (mnl_attr_get_type(attr) == RTA_PRIORITY)
            out->metric = mnl_attr_get_u32(attr);
        else
            out->table = mnl_attr_get_u32(attr);
        return true;
    default:
        return true;
    }
}

/* To the true end of the message; libmnl's own loop takes the padding after it as well. */
static int attrs_left(const struct nlmsghdr *nlh, const struct nlattr *attr)
{
    return (int)((const char *)nlh + nlh->nlmsg_len - (const char *)attr);
}

/* A route that was found looks as it was set: what the kernel calls 1024 we call 0. */
static void fill_route(struct rpl_route *route, const struct rtmsg *rtm,
                       const struct route_attrs *attrs)
{
    memset(route, 0, sizeof(*route));
    route->dst = attrs->dst;
    route->dst_len = rtm->rtm_dst_len;
    route->metric = attrs->metric == KRT_METRIC_DEFAULT ? 0 : attrs->metric;
    if (rtm->rtm_type != RTN_UNICAST) {
        route->kind = RPL_ROUTE_UNREACHABLE;
        return;
    }
    /* Of a route with several next hops, which is never ours, no way is told. */
    route->kind = attrs->has_gateway ? RPL_ROUTE_VIA : RPL_ROUTE_TUN;
    route->ifindex = attrs->oif;
    route->via = attrs->gateway;
}

bool krt_route_parse(const struct nlmsghdr *nlh, struct rpl_route *ret_route, uint8_t *ret_protocol)
{
    const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
    struct route_attrs attrs = {0};
    const struct nlattr *attr;

    if (nlh->nlmsg_type != RTM_NEWROUTE && nlh->nlmsg_type != RTM_DELROUTE)
        return false;
    if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
        return false;
    if (rtm->rtm_family != AF_INET6 || rtm->rtm_dst_len > 128 || rtm->rtm_src_len != 0 ||
        rtm->rtm_flags & RTM_F_CLONED)
        return false;
    attrs.table = rtm->rtm_table;
    for (attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(*rtm));
         mnl_attr_ok(attr, attrs_left(nlh, attr)); attr = mnl_attr_next(attr)) {
        if (!read_attr(attr, &attrs))
            return false;
    }
    if (attrs.table != RT_TABLE_MAIN)
        return false;
    switch (rtm->rtm_type) {
    case RTN_UNICAST:
    case RTN_UNREACHABLE:
    case RTN_BLACKHOLE:
    case RTN_PROHIBIT:
        break;
    default:
        return false;
    }
    fill_route(ret_route, rtm, &attrs);
    *ret_protocol = rtm->rtm_protocol;
    return true;
}

/* Is this the kernel's echo of what we did ourselves? The filter of the socket says the same
 * where it could be attached. */
static bool own_doing(const struct krt *krt, const struct nlmsghdr *nlh)
{
    return nlh->nlmsg_pid == mnl_socket_get_portid(krt->change) ||
           nlh->nlmsg_pid == mnl_socket_get_portid(krt->ask);
}

int krt_route_watch(struct krt *krt, struct nlmsghdr *nlh)
{
    struct rpl_route route;
    uint8_t protocol;

    if (own_doing(krt, nlh) || !krt_route_parse(nlh, &route, &protocol))
        return 0;
    if (krt->cb.delegation && krt_delegation_notice(nlh))
        krt->cb.delegation(krt->ctx);
    /* A default route of somebody else that goes may have kept ours out. */
    if (nlh->nlmsg_type == RTM_DELROUTE && protocol != KRT_PROTOCOL && route.dst_len != 0)
        return 0;
    if (nlh->nlmsg_type == RTM_NEWROUTE && !(nlh->nlmsg_flags & NLM_F_REPLACE))
        return 0;
    krt_dump_disturb(krt, true);
    if (route.dst_len == 0)
        krt_route_default_keep(krt, krt_route_metric(&route), false);
    if (krt->cb.route_lost)
        krt->cb.route_lost(krt->ctx, &route);
    return 0;
}

int krt_route_dumped(struct krt *krt, struct nlmsghdr *nlh)
{
    struct rpl_route route;
    uint8_t protocol;

    if (!krt_route_parse(nlh, &route, &protocol) || protocol != KRT_PROTOCOL)
        return 0;
    if (route.dst_len == 0)
        krt_route_default_keep(krt, krt_route_metric(&route), true);
    if (krt->cb.route_found)
        krt->cb.route_found(krt->ctx, &route);
    return 0;
}

bool krt_route_default_own(const struct krt *krt, uint32_t metric)
{
    uint32_t i;

    for (i = 0; i < krt->default_count; i++) {
        if (krt->defaults[i] == metric)
            return true;
    }
    return false;
}

void krt_route_default_keep(struct krt *krt, uint32_t metric, bool own)
{
    uint32_t i;

    for (i = 0; i < krt->default_count && krt->defaults[i] != metric; i++)
        continue;
    if (own && i == krt->default_count && i < KRT_DEFAULTS_MAX)
        krt->defaults[krt->default_count++] = metric;
    else if (!own && i < krt->default_count)
        krt->defaults[i] = krt->defaults[--krt->default_count];
}

/* ---- removing all ------------------------------------------------------------------ */

struct flush {
    int64_t deadline_ms;
    uint32_t seq;
    uint32_t found; /* by the dump of this round */
    uint32_t removed;
    bool done;
    int error;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The next datagram, waited for until the deadline: its length or -errno. */
static int flush_read(struct flush *f, const struct mnl_socket *nl, void *buf, size_t size)
{
    for (;;) {
        int64_t left = f->deadline_ms - now_ms();
        int err, n = krt_sock_read(nl, buf, size);

        if (n != 0 && n != -EAGAIN)
            return n;
        if (left <= 0)
            return -ETIME;
        err = krt_sock_wait(nl, (int)left);
        if (err < 0)
            return err;
    }
}

/* Reads answers until that of |last|, which always comes; |n| were sent. */
static int flush_answers(struct krt *krt, struct flush *f, uint32_t last, uint32_t n)
{
    uint32_t failed = 0;

    for (;;) {
        const struct nlmsghdr *nlh = (const struct nlmsghdr *)krt->receive;
        int left = flush_read(f, krt->change, krt->receive, sizeof(krt->receive));

        if (left < 0)
            return left;
        for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
            const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

            if (nlh->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*e) ||
                last - nlh->nlmsg_seq >= n)
                continue;
            if (e->error != 0) {
                failed++;
                if (e->error != -ESRCH && f->error == 0)
                    f->error = e->error;
            }
            if (nlh->nlmsg_seq == last) {
                f->removed += n - failed;
                return 0;
            }
        }
    }
}

/* Removes the routes of one datagram of the dump, in one send. */
static int flush_some(struct krt *krt, struct flush *f, int left)
{
    const struct nlmsghdr *nlh = (const struct nlmsghdr *)krt->answer;
    struct nlmsghdr *del = NULL;
    size_t len = 0;
    uint32_t n = 0;

    for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
        struct rpl_route route;
        uint8_t protocol;

        if (nlh->nlmsg_seq != f->seq)
            continue;
        if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
            f->done = true;
            if (f->error == 0)
                f->error = krt_dump_error(nlh);
        }
        if (!krt_route_parse(nlh, &route, &protocol) || protocol != KRT_PROTOCOL ||
            len + KRT_MESSAGE_MAX > KRT_SEND_SIZE)
            continue;
        del = (struct nlmsghdr *)(krt->packed + len / sizeof(krt->packed[0]));
        krt_route_encode(krt, del, &route, KRT_ROUTE_DEL, krt->tail++);
        len += NLMSG_ALIGN(del->nlmsg_len);
        n++;
    }
    krt_batch_forget(krt); /* the numbers just used are no changes of the ring */
    f->found += n;
    if (n == 0)
        return 0;
    del->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(krt->change, krt->packed, len) < 0)
        return -errno;
    return flush_answers(krt, f, krt->tail - 1, n);
}

static int flush_round(struct krt *krt, struct flush *f)
{
    int err;

    f->seq = ++krt->ask_seq;
    f->found = 0;
    f->done = false;
    err = krt_dump_routes_request(krt->ask, f->seq);
    while (err == 0 && !f->done) {
        int n = flush_read(f, krt->ask, krt->answer, sizeof(krt->answer));

        err = n < 0 ? n : flush_some(krt, f, n);
    }
    return err;
}

int krt_route_flush(struct krt *krt, uint32_t timeout_ms, uint32_t *ret_removed)
{
    struct flush f = {.deadline_ms = now_ms() + timeout_ms};
    int err;

    krt_batch_forget(krt);
    krt_sock_drain(krt, krt->change);
    /* Removing while the dump walks makes it miss some: repeat until there is nothing left. */
    do {
        f.error = 0;
        err = flush_round(krt, &f);
    } while (err == 0 && f.found > 0 && f.error == 0);
    krt->default_count = 0;
    if (ret_removed)
        *ret_removed = f.removed;
    return err < 0 ? err : f.error;
}
