/* SPDX-License-Identifier: ISC */
/* Dumps: one at a time on a socket of their own, repeated when what they told was not whole. */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Leaves the statistics out of the kernel's answer; older headers lack the name. */
#define EXT_FILTER_SKIP_STATS (1u << 3)

static int request(const struct mnl_socket *nl, struct nlmsghdr *nlh, uint32_t seq)
{
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = seq;
    return mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

static int request_links(const struct mnl_socket *nl, uint32_t seq)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

    nlh->nlmsg_type = RTM_GETLINK;
    (void)mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
    mnl_attr_put_u32(nlh, IFLA_EXT_MASK, EXT_FILTER_SKIP_STATS);
    return request(nl, nlh, seq);
}

static int request_addrs(const struct mnl_socket *nl, uint32_t seq)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct ifaddrmsg *ifa;

    nlh->nlmsg_type = RTM_GETADDR;
    ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
    ifa->ifa_family = AF_INET6;
    return request(nl, nlh, seq);
}

int krt_dump_routes_request(const struct mnl_socket *nl, uint32_t seq)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct rtmsg *rtm;

    nlh->nlmsg_type = RTM_GETROUTE;
    rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
    rtm->rtm_family = AF_INET6;
    rtm->rtm_table = RT_TABLE_MAIN;
    rtm->rtm_protocol = KRT_PROTOCOL;
    return request(nl, nlh, seq);
}

static int start(struct krt *krt, enum krt_dump_kind kind)
{
    uint32_t seq = krt->dump_seq + 1;
    int err;

    switch (kind) {
    case KRT_DUMP_LINKS:
        krt_link_unsee(krt);
        krt_addr_unsee(krt);
        err = request_links(krt->query, seq);
        break;
    case KRT_DUMP_ADDRS:
        err = request_addrs(krt->query, seq);
        break;
    case KRT_DUMP_ROUTES:
        err = krt_dump_routes_request(krt->query, seq);
        break;
    default:
        return 0;
    }
    if (err < 0)
        return err;
    krt->dump = kind;
    krt->dump_seq = seq;
    krt->dump_stale = krt->dump_stale && kind == KRT_DUMP_ADDRS;
    return 0;
}

int krt_dump_start(struct krt *krt)
{
    int err = 0;

    if (krt->dump != KRT_DUMP_NONE)
        return 0;
    if (krt->want_links) {
        err = start(krt, KRT_DUMP_LINKS);
        krt->want_links = err < 0;
    } else if (krt->want_routes) {
        err = start(krt, KRT_DUMP_ROUTES);
        krt->want_routes = err < 0;
    }
    return err;
}

int krt_dump(struct krt *krt)
{
    krt->want_links = true;
    krt->dump_tries = 0;
    return krt_dump_start(krt);
}

int krt_dump_routes(struct krt *krt)
{
    krt->want_routes = true;
    return krt_dump_start(krt);
}

/* Once more, unless it was tried often enough. */
static bool again(struct krt *krt, enum krt_dump_kind kind)
{
    if (!krt->dump_stale || ++krt->dump_tries >= KRT_DUMP_TRIES)
        return false;
    if (kind == KRT_DUMP_ROUTES)
        krt->want_routes = true;
    else
        krt->want_links = true;
    return true;
}

static void finish_links(struct krt *krt)
{
    bool links = krt->dump == KRT_DUMP_LINKS;

    krt->dump = KRT_DUMP_NONE;
    if (links && start(krt, KRT_DUMP_ADDRS) == 0)
        return;
    /* Links without addresses are half the truth. */
    krt->dump_stale = krt->dump_stale || links;
    if (again(krt, KRT_DUMP_LINKS))
        return;
    krt->dump_tries = 0;
    /* Of what did not come a stale dump says nothing. */
    if (!krt->dump_stale) {
        krt->dump = KRT_DUMP_SWEEP;
        krt_addr_sweep(krt);
        krt_link_sweep(krt);
        krt->dump = KRT_DUMP_NONE;
    }
    if (krt->cb.dump_done)
        krt->cb.dump_done(krt->ctx);
}

static void finish_routes(struct krt *krt, int error)
{
    krt->dump = KRT_DUMP_NONE;
    if (error == 0 && again(krt, KRT_DUMP_ROUTES))
        return;
    if (error == 0 && krt->dump_stale)
        error = EINTR;
    krt->dump_tries = 0;
    if (krt->cb.route_dump_done)
        krt->cb.route_dump_done(krt->ctx, error);
}

/* NLMSG_DONE and struct nlmsgerr both begin with an int. */
int krt_dump_error(const struct nlmsghdr *nlh)
{
    const int *value = mnl_nlmsg_get_payload(nlh);

    return mnl_nlmsg_get_payload_len(nlh) >= sizeof(*value) && *value < 0 ? *value : 0;
}

void krt_dump_disturb(struct krt *krt, bool route)
{
    if (krt->dump != KRT_DUMP_NONE && route == (krt->dump == KRT_DUMP_ROUTES))
        krt->dump_stale = true;
}

static void finish(struct krt *krt, const struct nlmsghdr *nlh)
{
    int error = krt_dump_error(nlh);

    if (krt->dump == KRT_DUMP_ROUTES) {
        finish_routes(krt, -error);
    } else {
        /* A refused dump tells nothing about what is gone. */
        if (error < 0)
            krt->dump_stale = true;
        finish_links(krt);
    }
    (void)krt_dump_start(krt);
}

int krt_dump_message(struct krt *krt, struct nlmsghdr *nlh)
{
    if (krt->dump == KRT_DUMP_NONE || nlh->nlmsg_seq != krt->dump_seq)
        return 0;
    if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
        krt->dump_stale = true;
    if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
        finish(krt, nlh);
        return 0;
    }
    if (krt->dump == KRT_DUMP_ROUTES)
        return krt_route_dumped(krt, nlh);
    return krt_notice(krt, nlh);
}

void krt_dump_lost(struct krt *krt)
{
    krt->dump_stale = true;
    if (krt->dump == KRT_DUMP_ROUTES)
        finish_routes(krt, 0);
    else if (krt->dump != KRT_DUMP_NONE)
        finish_links(krt);
    (void)krt_dump_start(krt);
}
