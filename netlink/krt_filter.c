/* SPDX-License-Identifier: ISC */
/* One packet filter on the way into a link: traffic control's clsact and cls_bpf, which take the
 * old kind of BPF program from whoever has CAP_NET_ADMIN. */
#include "netlink/krt_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define FILTER_HANDLE 1u
#define FILTER_MESSAGE_MAX (KRT_MESSAGE_MAX + KRT_FILTER_MAX * sizeof(struct sock_filter))

static struct nlmsghdr *filter_request(void *buf, uint16_t type, uint16_t flags, uint32_t ifindex,
                                       const char *kind, struct tcmsg **ret_tc)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct tcmsg *tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = flags;
    tc->tcm_family = AF_UNSPEC;
    tc->tcm_ifindex = (int)ifindex;
    mnl_attr_put_strz(nlh, TCA_KIND, kind);
    *ret_tc = tc;
    return nlh;
}

/* Names our filter among those of others on the link. */
static void filter_ours(struct tcmsg *tc)
{
    tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
    tc->tcm_info = TC_H_MAKE((uint32_t)KRT_FILTER_PREFERENCE << 16, htons(ETH_P_ALL));
    tc->tcm_handle = FILTER_HANDLE;
}

/* What filters hang on; it may be somebody else's, and stays when ours goes. */
static int filter_place(struct krt *krt, uint32_t ifindex)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct tcmsg *tc;
    struct nlmsghdr *nlh =
        filter_request(buf, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex, "clsact", &tc);
    int err;

    tc->tcm_parent = TC_H_CLSACT;
    tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    err = krt_sock_ask(krt, nlh);
    return err == -EEXIST ? 0 : err;
}

int krt_filter_set(struct krt *krt, uint32_t ifindex, const struct sock_filter *code,
                   uint16_t count)
{
    uint32_t buf[FILTER_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh;
    struct nlattr *options;
    struct tcmsg *tc;
    int err;

    if (count == 0 || count > KRT_FILTER_MAX)
        return -EINVAL;
    err = filter_place(krt, ifindex);
    if (err < 0)
        return err;
    nlh = filter_request(buf, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, ifindex, "bpf", &tc);
    filter_ours(tc);
    options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
    mnl_attr_put_u32(nlh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    mnl_attr_put_u16(nlh, TCA_BPF_OPS_LEN, count);
    mnl_attr_put(nlh, TCA_BPF_OPS, count * sizeof(*code), code);
    mnl_attr_nest_end(nlh, options);
    return krt_sock_ask(krt, nlh);
}

int krt_filter_del(struct krt *krt, uint32_t ifindex)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct tcmsg *tc;
    struct nlmsghdr *nlh = filter_request(buf, RTM_DELTFILTER, 0, ifindex, "bpf", &tc);
    int err;

    filter_ours(tc);
    err = krt_sock_ask(krt, nlh);
    /* No such filter; no place where filters hang; no such link. */
    return err == -ENOENT || err == -EINVAL || err == -ENODEV ? 0 : err;
}
