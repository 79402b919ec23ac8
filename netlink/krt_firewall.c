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
    struct mnl_socket *nl;
    uint32_t seq;
    unsigned count;
    struct chain chain[CHAINS_MAX];
    /* while the rules of one are read */
    const char *const *names;
    unsigned name_count;
    bool named;
};

static struct nlmsghdr *request(void *buf, uint16_t type, uint8_t family, uint32_t seq)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct nfgenmsg *nfg;

    nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = seq;
    nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
    nfg->nfgen_family = family;
    nfg->version = NFNETLINK_V0;
    return nlh;
}

/* All answers of a dump to |cb|. 0 or -errno. */
static int dump(struct firewall *fw, struct nlmsghdr *nlh, mnl_cb_t cb)
{
    static uint32_t buf[KRT_RECEIVE_SIZE / 4];

    if (mnl_socket_sendto(fw->nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
        ssize_t n = mnl_socket_recvfrom(fw->nl, buf, sizeof(buf));
        if (n < 0)
            return -errno;
        int r = mnl_cb_run(buf, (size_t)n, fw->seq, mnl_socket_get_portid(fw->nl), cb, fw);
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
static int look(struct firewall *fw, char *ret_chain, size_t size)
{
    uint32_t buf[KRT_MESSAGE_MAX];
    int r = dump(fw, request(buf, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, ++fw->seq), on_chain);

    for (unsigned i = 0; i < fw->count && r == 0; i++) {
        const struct chain *chain = &fw->chain[i];
        struct nlmsghdr *nlh = request(buf, NFT_MSG_GETRULE, chain->family, ++fw->seq);

        mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, chain->table);
        mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain->name);
        fw->named = false;
        r = dump(fw, nlh, on_rule);
        if (r == 0 && !fw->named) {
            snprintf(ret_chain, size, "%s %s %s", chain->family == NFPROTO_INET ? "inet" : "ip6",
                     chain->table, chain->name);
            return 1;
        }
    }
    return r;
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
                   sizeof(timeout)) == 0)
        return 0;
    int r = -errno;
    krt_firewall_close(krt);
    return r;
}

void krt_firewall_close(struct krt *krt)
{
    if (krt->firewall)
        mnl_socket_close(krt->firewall);
    krt->firewall = NULL;
}

int krt_forward_drops(struct krt *krt, const char *const *names, unsigned count, char *ret_chain,
                      size_t size)
{
    struct firewall fw = {.nl = krt->firewall, .names = names, .name_count = count};

    fw.seq = krt->firewall_seq;
    int r = krt->firewall ? look(&fw, ret_chain, size) : -EOPNOTSUPP;
    krt->firewall_seq = fw.seq;
    return r;
}
