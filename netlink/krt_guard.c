/* SPDX-License-Identifier: ISC */
/*
 * The guard at the border of the mesh, as `nft list table ip6 rpld` shows it:
 *
 *     table ip6 rpld {
 *         comment "made by rpld"
 *         set mesh { type ifname; flags constant; elements = { "lowpan0", "rpl0" } }
 *         chain forward {
 *             type filter hook forward priority filter - 10; policy accept;
 *             iifname != @mesh oifname @mesh exthdr rt exists counter drop
 *             iifname @mesh oifname != @mesh rt type 3 rt seg-left > 0 counter drop
 *         }
 *     }
 *
 * Interfaces are matched by name, so that it makes no difference when one comes or goes. On the way
 * in the type of the header does not matter: the kernel finds the first one only, and behind one
 * that has ended a node would find the next.
 *
 * NOTE: The table has no owner (NFT_TABLE_F_OWNER). It would go with our socket, and after a crash
 * the kernel would carry source routes along the routes that stay. The price is that a flush of all
 * rules takes it, too; the daemon hears of that, and puts it back.
 */
#include "netlink/krt_priv.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv6.h>
#include <netinet/in.h>
#include <string.h>

#define CHAIN "forward"
#define SET "mesh"
#define PRIORITY (NF_IP6_PRI_FILTER - 10) /* before an administrator's own rules */
#define NAMES_MAX (RPL_INTERFACES_MAX + 1)
#define NAME_SIZE 16 /* of a name in a comparison, padded with 0 */
#define BATCH_SIZE 8192
#define DUMP_TRIES 3
#define RULES 2

/* What nft(8) keeps in user data, which the kernel stores and hands out only. */
#define TYPE_IFNAME 41
#define UDATA_COMMENT 0
#define UDATA_SET_BYTEORDER 0
#define BYTEORDER_HOST 1
static const char comment[] = "made by rpld";

/* Of a routing header. */
#define HEADER_TYPE 2
#define HEADER_LEFT 3
#define TYPE_SOURCE_ROUTE 3

/* ---- writing --------------------------------------------------------------------------------- */

/* A change that the kernel makes as a whole or not at all. */
struct batch {
    struct krt *krt;
    struct nlmsghdr *nlh; /* the message that is being written */
    uint8_t *at;
    uint32_t first; /* sequence numbers */
    _Alignas(struct nlmsghdr) uint8_t buf[BATCH_SIZE];
};

static void mark(struct batch *batch, uint16_t type)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(batch->at);
    struct nfgenmsg *nfg;

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST;
    nlh->nlmsg_seq = ++batch->krt->firewall_seq;
    nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
    nfg->nfgen_family = NFPROTO_UNSPEC;
    nfg->version = NFNETLINK_V0;
    nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
    batch->at += nlh->nlmsg_len;
}

static void begin(struct batch *batch, struct krt *krt)
{
    batch->krt = krt;
    batch->at = batch->buf;
    mark(batch, NFNL_MSG_BATCH_BEGIN);
    batch->first = krt->firewall_seq;
}

static struct nlmsghdr *message(struct batch *batch, uint16_t type, uint16_t flags)
{
    batch->nlh = krt_firewall_request(batch->krt, batch->at, type, NFPROTO_IPV6);
    batch->nlh->nlmsg_flags |= flags;
    return batch->nlh;
}

static void end_message(struct batch *batch)
{
    batch->at += batch->nlh->nlmsg_len;
}

static void put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
    mnl_attr_put_u32(nlh, type, htonl(value));
}

/* User data as nft(8) reads it: a type, a length and the value. */
static void put_user_data(struct nlmsghdr *nlh, uint16_t attr, uint8_t type, const void *value,
                          uint8_t len)
{
    uint8_t data[2 + sizeof(comment) + 8] = {type, len};

    memcpy(data + 2, value, len);
    mnl_attr_put(nlh, attr, 2u + len, data);
}

static void put_table(struct batch *batch)
{
    struct nlmsghdr *nlh = message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);

    mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, KRT_GUARD_TABLE);
    put_user_data(nlh, NFTA_TABLE_USERDATA, UDATA_COMMENT, comment, sizeof(comment));
    end_message(batch);
}

static void put_table_away(struct batch *batch)
{
    struct nlmsghdr *nlh = message(batch, NFT_MSG_DELTABLE, 0);

    mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, KRT_GUARD_TABLE);
    end_message(batch);
}

static void put_chain(struct batch *batch)
{
    struct nlmsghdr *nlh = message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

    mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, KRT_GUARD_TABLE);
    mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, CHAIN);
    struct nlattr *hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
    put_be32(nlh, NFTA_HOOK_HOOKNUM, NF_INET_FORWARD);
    put_be32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
    mnl_attr_nest_end(nlh, hook);
    put_be32(nlh, NFTA_CHAIN_POLICY, NF_ACCEPT);
    mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
    end_message(batch);
}

static void put_set(struct batch *batch)
{
    const uint32_t order = BYTEORDER_HOST;
    struct nlmsghdr *nlh = message(batch, NFT_MSG_NEWSET, NLM_F_CREATE);

    mnl_attr_put_strz(nlh, NFTA_SET_TABLE, KRT_GUARD_TABLE);
    mnl_attr_put_strz(nlh, NFTA_SET_NAME, SET);
    put_be32(nlh, NFTA_SET_FLAGS, NFT_SET_CONSTANT);
    put_be32(nlh, NFTA_SET_KEY_TYPE, TYPE_IFNAME);
    put_be32(nlh, NFTA_SET_KEY_LEN, NAME_SIZE);
    put_be32(nlh, NFTA_SET_ID, 1);
    put_user_data(nlh, NFTA_SET_USERDATA, UDATA_SET_BYTEORDER, &order, sizeof(order));
    end_message(batch);
}

static void put_names(struct batch *batch, const char *const *names, unsigned count)
{
    struct nlmsghdr *nlh = message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);

    mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, KRT_GUARD_TABLE);
    mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, SET);
    put_be32(nlh, NFTA_SET_ELEM_LIST_SET_ID, 1);
    struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (unsigned i = 0; i < count; i++) {
        char name[NAME_SIZE] = "";

        memcpy(name, names[i], strnlen(names[i], sizeof(name) - 1));
        struct nlattr *element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
        struct nlattr *key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
        mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof(name), name);
        mnl_attr_nest_end(nlh, key);
        mnl_attr_nest_end(nlh, element);
    }
    mnl_attr_nest_end(nlh, list);
    end_message(batch);
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* An expression of a rule: its name, then its data in a nest. */
struct expression {
    struct nlattr *element, *data;
};

static struct expression open_expression(struct nlmsghdr *nlh, const char *name)
{
    struct expression e = {.element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM)};

    mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
    e.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
    return e;
}

static void close_expression(struct nlmsghdr *nlh, const struct expression *e)
{
    mnl_attr_nest_end(nlh, e->data);
    mnl_attr_nest_end(nlh, e->element);
}

/* The packet's interface, |key|, is one of the mesh or |outside| of it. */
static void put_interface(struct nlmsghdr *nlh, enum nft_meta_keys key, bool outside)
{
    struct expression e = open_expression(nlh, "meta");

    put_be32(nlh, NFTA_META_KEY, key);
    put_be32(nlh, NFTA_META_DREG, NFT_REG_1);
    close_expression(nlh, &e);
    e = open_expression(nlh, "lookup");
    mnl_attr_put_strz(nlh, NFTA_LOOKUP_SET, SET);
    put_be32(nlh, NFTA_LOOKUP_SET_ID, 1);
    put_be32(nlh, NFTA_LOOKUP_SREG, NFT_REG_1);
    put_be32(nlh, NFTA_LOOKUP_FLAGS, outside ? NFT_LOOKUP_F_INV : 0);
    close_expression(nlh, &e);
}

/* An octet of the routing header, or with |present| whether there is one, compared to |value|. */
static void put_header(struct nlmsghdr *nlh, uint32_t offset, bool present, enum nft_cmp_ops op,
                       uint8_t value)
{
    struct expression e = open_expression(nlh, "exthdr");

    put_be32(nlh, NFTA_EXTHDR_DREG, NFT_REG_1);
    mnl_attr_put_u8(nlh, NFTA_EXTHDR_TYPE, IPPROTO_ROUTING);
    put_be32(nlh, NFTA_EXTHDR_OFFSET, offset);
    put_be32(nlh, NFTA_EXTHDR_LEN, 1);
    put_be32(nlh, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
    put_be32(nlh, NFTA_EXTHDR_FLAGS, present ? NFT_EXTHDR_F_PRESENT : 0);
    close_expression(nlh, &e);
    e = open_expression(nlh, "cmp");
    put_be32(nlh, NFTA_CMP_SREG, NFT_REG_1);
    put_be32(nlh, NFTA_CMP_OP, op);
    struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_CMP_DATA);
    mnl_attr_put(nlh, NFTA_DATA_VALUE, 1, &value);
    mnl_attr_nest_end(nlh, data);
    close_expression(nlh, &e);
}

static void put_drop(struct nlmsghdr *nlh)
{
    struct expression e = open_expression(nlh, "counter");

    close_expression(nlh, &e);
    e = open_expression(nlh, "immediate");
    put_be32(nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
    struct nlattr *verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
    put_be32(nlh, NFTA_VERDICT_CODE, NF_DROP);
    mnl_attr_nest_end(nlh, verdict);
    mnl_attr_nest_end(nlh, data);
    close_expression(nlh, &e);
}

static struct nlmsghdr *open_rule(struct batch *batch, struct nlattr **ret_list)
{
    struct nlmsghdr *nlh = message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

    mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, KRT_GUARD_TABLE);
    mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, CHAIN);
    *ret_list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
    return nlh;
}

static void put_rules(struct batch *batch)
{
    struct nlattr *list;
    struct nlmsghdr *nlh = open_rule(batch, &list);

    put_interface(nlh, NFT_META_IIFNAME, true);
    put_interface(nlh, NFT_META_OIFNAME, false);
    put_header(nlh, 0, true, NFT_CMP_EQ, 1);
    put_drop(nlh);
    mnl_attr_nest_end(nlh, list);
    end_message(batch);

    nlh = open_rule(batch, &list);
    put_interface(nlh, NFT_META_IIFNAME, false);
    put_interface(nlh, NFT_META_OIFNAME, true);
    put_header(nlh, HEADER_TYPE, false, NFT_CMP_EQ, TYPE_SOURCE_ROUTE);
    put_header(nlh, HEADER_LEFT, false, NFT_CMP_GT, 0);
    put_drop(nlh);
    mnl_attr_nest_end(nlh, list);
    end_message(batch);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* What the messages of one datagram say to those of a batch: true when all is said. */
static bool answers(const struct batch *batch, int left, int *error)
{
    const struct nlmsghdr *nlh = (const struct nlmsghdr *)batch->krt->answer;
    bool said = false;

    for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
        const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

        if (nlh->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*e) ||
            nlh->nlmsg_seq - batch->first > batch->nlh->nlmsg_seq - batch->first)
            continue;
        if (e->error != 0 && *error == 0)
            *error = e->error > 0 ? -e->error : e->error;
        /* What is refused as a whole is answered at its beginning, perhaps with nothing after. */
        said = said || nlh->nlmsg_seq == batch->nlh->nlmsg_seq || nlh->nlmsg_seq == batch->first;
    }
    return said;
}

/* Has it carried out. 0 or -errno. */
static int commit(struct batch *batch)
{
    struct krt *krt = batch->krt;
    int error = 0;

    batch->nlh->nlmsg_flags |= NLM_F_ACK; /* the last one's speaks for all */
    mark(batch, NFNL_MSG_BATCH_END);
    krt_firewall_drain(krt);
    if (mnl_socket_sendto(krt->firewall, batch->buf, (size_t)(batch->at - batch->buf)) < 0)
        return -errno;
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(krt->firewall, krt->answer, sizeof(krt->answer));

        if (n < 0)
            return -errno;
        if (answers(batch, (int)n, &error))
            return error;
    }
}

/* A table, and whether the one of our name is there. */
struct found {
    bool named, marked;
    bool there, ours;
};

static int on_table_attr(const struct nlattr *attr, void *data)
{
    struct found *found = data;
    uint16_t len = mnl_attr_get_payload_len(attr);
    const uint8_t *value = mnl_attr_get_payload(attr);

    if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
        found->named = len == sizeof(KRT_GUARD_TABLE) && memcmp(value, KRT_GUARD_TABLE, len) == 0;
    else if (mnl_attr_get_type(attr) == NFTA_TABLE_USERDATA)
        found->marked = len == 2 + sizeof(comment) && value[0] == UDATA_COMMENT &&
                        memcmp(value + 2, comment, sizeof(comment)) == 0;
    return MNL_CB_OK;
}

static int on_table(const struct nlmsghdr *nlh, void *data)
{
    struct found *found = data;

    found->named = found->marked = false;
    mnl_attr_parse(nlh, sizeof(struct nfgenmsg), on_table_attr, found);
    if (found->named) {
        found->there = true;
        found->ours = found->marked;
    }
    return MNL_CB_OK;
}

/* 1: a table of ours is there; 0: none; -EEXIST: it is somebody else's. */
static int look(struct krt *krt)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct found found = {.there = false};
    int r = -EINTR;

    for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++)
        r = krt_firewall_dump(krt, krt_firewall_request(krt, buf, NFT_MSG_GETTABLE, NFPROTO_IPV6),
                              on_table, &found);
    if (r < 0)
        return r;
    return !found.there ? 0 : found.ours ? 1 : -EEXIST;
}

int krt_guard_set(struct krt *krt, const char *const *names, unsigned count)
{
    static struct batch batch;
    int r = !krt->firewall ? -EOPNOTSUPP : count > NAMES_MAX ? -E2BIG : look(krt);

    if (r < 0)
        return r;
    begin(&batch, krt);
    if (r > 0)
        put_table_away(&batch);
    put_table(&batch);
    put_set(&batch);
    put_names(&batch, names, count);
    put_chain(&batch);
    put_rules(&batch);
    return commit(&batch);
}

int krt_guard_del(struct krt *krt)
{
    static struct batch batch;
    int r = krt->firewall ? look(krt) : 0;

    if (r <= 0)
        return r == -EEXIST ? 0 : r;
    begin(&batch, krt);
    put_table_away(&batch);
    r = commit(&batch);
    return r == -ENOENT ? 0 : r;
}

/* ---- its counts ------------------------------------------------------------------------------ */

struct counts {
    unsigned rules, counters;
    bool counter; /* the expression that is being read */
    uint64_t packets[RULES];
};

static int on_counter_attr(const struct nlattr *attr, void *data)
{
    struct counts *counts = data;

    if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS &&
        mnl_attr_validate(attr, MNL_TYPE_U64) == 0 && counts->rules < RULES) {
        counts->packets[counts->rules] = be64toh(mnl_attr_get_u64(attr));
        counts->counters++;
    }
    return MNL_CB_OK;
}

/* The name comes before the data. */
static int on_expression_attr(const struct nlattr *attr, void *data)
{
    struct counts *counts = data;
    uint16_t type = mnl_attr_get_type(attr);

    if (type == NFTA_EXPR_NAME)
        counts->counter = mnl_attr_get_payload_len(attr) == sizeof("counter") &&
                          memcmp(mnl_attr_get_payload(attr), "counter", sizeof("counter")) == 0;
    else if (type == NFTA_EXPR_DATA && counts->counter)
        mnl_attr_parse_nested(attr, on_counter_attr, data);
    return MNL_CB_OK;
}

static int on_expression(const struct nlattr *attr, void *data)
{
    mnl_attr_parse_nested(attr, on_expression_attr, data);
    return MNL_CB_OK;
}

static int on_rule_attr(const struct nlattr *attr, void *data)
{
    if (mnl_attr_get_type(attr) == NFTA_RULE_EXPRESSIONS)
        mnl_attr_parse_nested(attr, on_expression, data);
    return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *nlh, void *data)
{
    struct counts *counts = data;

    mnl_attr_parse(nlh, sizeof(struct nfgenmsg), on_rule_attr, counts);
    counts->rules++;
    return MNL_CB_OK;
}

int krt_guard_get(struct krt *krt, struct krt_guard *ret_guard)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct counts counts;
    int r = krt->firewall ? -EINTR : -EOPNOTSUPP;

    for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
        struct nlmsghdr *nlh = krt_firewall_request(krt, buf, NFT_MSG_GETRULE, NFPROTO_IPV6);

        memset(&counts, 0, sizeof(counts));
        mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, KRT_GUARD_TABLE);
        mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, CHAIN);
        r = krt_firewall_dump(krt, nlh, on_rule, &counts);
    }
    if (r < 0)
        return r;
    if (counts.rules != RULES || counts.counters != RULES)
        return -ENOENT;
    *ret_guard = (struct krt_guard){.entering = counts.packets[0], .leaving = counts.packets[1]};
    return 0;
}
