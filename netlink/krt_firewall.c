/* SPDX-License-Identifier: ISC */
/*
 * Does a firewall stand in the way of what the mesh forwards? Looked at only: the chains of
 * nftables (ip6tables of today included) at the forward hook whose policy is to drop, and whether
 * a rule in them names one of our interfaces. What such a rule says is not judged.
 */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CHAINS_MAX 8
#define DATAGRAMS_MAX 4096 /* of one dump */
#define TIMEOUT_MS 500

struct chain {
    uint8_t family;
    char table[NFT_TABLE_MAXNAMELEN], name[NFT_CHAIN_MAXNAMELEN];
};

struct firewall {
    unsigned count;
    struct chain chain[CHAINS_MAX];
    /* while the rules of one are read */
    const char *const *names;
    unsigned name_count;
    bool named;
};

struct nlmsghdr *krt_firewall_request(struct krt *krt, void *buf, uint16_t type, uint8_t family)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct nfgenmsg *nfg;

    nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
    nlh->nlmsg_flags = NLM_F_REQUEST;
    nlh->nlmsg_seq = ++krt->firewall_seq;
    nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
    nfg->nfgen_family = family;
    nfg->version = NFNETLINK_V0;
    return nlh;
}

void krt_firewall_drain(struct krt *krt)
{
    for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
        int n = krt_sock_read(krt->firewall, krt->answer, sizeof(krt->answer));
        if (n < 0 && n != -ENOBUFS)
            return;
    }
}

int krt_firewall_dump(struct krt *krt, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
    /* What is left of a request that was given up would be taken for an answer. */
    krt_firewall_drain(krt);
    nlh->nlmsg_flags |= NLM_F_DUMP;
    if (mnl_socket_sendto(krt->firewall, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
        ssize_t n = mnl_socket_recvfrom(krt->firewall, krt->answer, sizeof(krt->answer));
        if (n < 0)
            return -errno;
        int r = mnl_cb_run(krt->answer, (size_t)n, nlh->nlmsg_seq,
                           mnl_socket_get_portid(krt->firewall), cb, data);
        if (r < 0)
            return -errno;
        if (r == MNL_CB_STOP)
            return 0;
    }
    return -E2BIG;
}

static void text(const struct nlattr *attr, char *out, size_t size)
{
    size_t len = mnl_attr_get_payload_len(attr);

    snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1),
             (const char *)mnl_attr_get_payload(attr));
}

/* A chain as the kernel tells it. */
struct found {
    struct chain chain;
    bool forward, drops;
};

static int on_hook(const struct nlattr *attr, void *data)
{
    struct found *found = data;

    if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
        found->forward = ntohl(mnl_attr_get_u32(attr)) == NF_INET_FORWARD;
    return MNL_CB_OK;
}

static int on_chain_attr(const struct nlattr *attr, void *data)
{
    struct found *found = data;

    switch (mnl_attr_get_type(attr)) {
    case NFTA_CHAIN_TABLE:
        text(attr, found->chain.table, sizeof(found->chain.table));
        break;
    case NFTA_CHAIN_NAME:
        text(attr, found->chain.name, sizeof(found->chain.name));
        break;
    case NFTA_CHAIN_HOOK:
        return mnl_attr_parse_nested(attr, on_hook, found);
    case NFTA_CHAIN_POLICY:
        found->drops =
            mnl_attr_validate(attr, MNL_TYPE_U32) == 0 && ntohl(mnl_attr_get_u32(attr)) == NF_DROP;
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static int on_chain(const struct nlmsghdr *nlh, void *data)
{
    struct firewall *fw = data;
    const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
    struct found found = {.chain.family = nfg->nfgen_family};

    if (found.chain.family != NFPROTO_IPV6 && found.chain.family != NFPROTO_INET)
        return MNL_CB_OK;
    mnl_attr_parse(nlh, sizeof(*nfg), on_chain_attr, &found);
    if (found.forward && found.drops && fw->count < CHAINS_MAX)
        fw->chain[fw->count++] = found.chain;
    return MNL_CB_OK;
}

/* Names stand in a rule's comparisons as they are. */
static int on_rule(const struct nlmsghdr *nlh, void *data)
{
    struct firewall *fw = data;

    for (unsigned i = 0; i < fw->name_count; i++) {
        if (memmem(nlh, nlh->nlmsg_len, fw->names[i], strlen(fw->names[i])))
            fw->named = true;
    }
    return MNL_CB_OK;
}

/* 1: a chain drops and none of its rules names us; *ret_chain is which. */
static int look(struct krt *krt, struct firewall *fw, char *ret_chain, size_t size)
{
    uint32_t buf[KRT_MESSAGE_MAX];
    int r = krt_firewall_dump(krt, krt_firewall_request(krt, buf, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC),
                              on_chain, fw);

    for (unsigned i = 0; i < fw->count && r == 0; i++) {
        const struct chain *chain = &fw->chain[i];
        struct nlmsghdr *nlh = krt_firewall_request(krt, buf, NFT_MSG_GETRULE, chain->family);

        mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, chain->table);
        mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain->name);
        fw->named = false;
        r = krt_firewall_dump(krt, nlh, on_rule, fw);
        if (r == 0 && !fw->named) {
            snprintf(ret_chain, size, "%s %s %s", chain->family == NFPROTO_INET ? "inet" : "ip6",
                     chain->table, chain->name);
            return 1;
        }
    }
    return r;
}

/* Hears of each change of the rules, whoever makes it. Without it the daemon looks less often. */
static void open_ruleset(struct krt *krt)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (!nl)
        return;
    krt_sock_filter_ruleset(nl);
    if (mnl_socket_bind(nl, 1u << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) == 0)
        krt->ruleset = nl;
    else
        mnl_socket_close(nl);
}

/* None of these can be made any more once the daemon has enclosed itself. */
int krt_firewall_open(struct krt *krt)
{
    const struct timeval timeout = {.tv_usec = TIMEOUT_MS * 1000};

    krt->firewall = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!krt->firewall)
        return -errno;
    if (mnl_socket_bind(krt->firewall, 0, MNL_SOCKET_AUTOPID) == 0 &&
        setsockopt(mnl_socket_get_fd(krt->firewall), SOL_SOCKET, SO_RCVTIMEO, &timeout,
                   sizeof(timeout)) == 0) {
        open_ruleset(krt);
        return 0;
    }
    int r = -errno;
    krt_firewall_close(krt);
    return r;
}

void krt_firewall_close(struct krt *krt)
{
    if (krt->firewall)
        mnl_socket_close(krt->firewall);
    if (krt->ruleset)
        mnl_socket_close(krt->ruleset);
    krt->firewall = krt->ruleset = NULL;
}

int krt_forward_drops(struct krt *krt, const char *const *names, unsigned count, char *ret_chain,
                      size_t size)
{
    struct firewall fw = {.names = names, .name_count = count};

    return krt->firewall ? look(krt, &fw, ret_chain, size) : -EOPNOTSUPP;
}
