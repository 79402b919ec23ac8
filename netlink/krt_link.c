/* SPDX-License-Identifier: ISC */
/* Links: what is known of each, what changed, and the few changes that we make. */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(RPL_IFNAME_MAX >= IFNAMSIZ, "an interface's name fits");

/* ---- a message's object ------------------------------------------------------------ */

static void take_object(struct nl_object *object, void *arg)
{
    struct nl_object **slot = arg;

    if (*slot)
        return;
    nl_object_get(object);
    *slot = object;
}

struct nl_object *krt_notice_object(struct krt *krt, struct nlmsghdr *nlh)
{
    struct nl_object *object = NULL;
    struct nl_msg *msg = nlmsg_convert(nlh);

    if (msg) {
        nlmsg_set_proto(msg, NETLINK_ROUTE);
        (void)nl_msg_parse(msg, take_object, &object);
        nlmsg_free(msg);
    }
    if (!object)
        krt->stats.skipped++;
    return object;
}

int krt_notice(struct krt *krt, struct nlmsghdr *nlh)
{
    switch (nlh->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        krt_link_message(krt, nlh);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        krt_addr_message(krt, nlh);
        break;
    case RTM_NEWNEIGH:
        krt_neighbour_message(krt, nlh);
        break;
    default:
        break;
    }
    return 0;
}

/* ---- the table --------------------------------------------------------------------- */

static struct krt_link_entry *link_find(const struct krt *krt, uint32_t ifindex)
{
    uint32_t i;

    for (i = 0; i < krt->link_count; i++) {
        if (krt->links[i].link.ifindex == ifindex)
            return &krt->links[i];
    }
    return NULL;
}

static struct krt_link_entry *link_add(struct krt *krt, uint32_t ifindex)
{
    struct krt_link_entry *entry;

    if (krt->link_count == KRT_LINKS_MAX)
        return NULL;
    if (krt->link_count == krt->link_room) {
        uint32_t room = krt->link_room ? krt->link_room * 2 : 16;
        struct krt_link_entry *links = realloc(krt->links, room * sizeof(*links));

        if (!links)
            return NULL;
        krt->links = links;
        krt->link_room = room;
    }
    entry = &krt->links[krt->link_count++];
    memset(entry, 0, sizeof(*entry));
    entry->link.ifindex = ifindex;
    return entry;
}

static bool link_same(const struct krt_link *a, const struct krt_link *b)
{
    return a->ifindex == b->ifindex && a->up == b->up && a->type == b->type && a->mtu == b->mtu &&
           a->enabled == b->enabled && a->own == b->own && a->parent == b->parent &&
           a->has_link_local == b->has_link_local && a->hwaddr_len == b->hwaddr_len &&
           memcmp(a->hwaddr, b->hwaddr, sizeof(a->hwaddr)) == 0 &&
           strncmp(a->name, b->name, sizeof(a->name)) == 0 &&
           memcmp(&a->link_local, &b->link_local, sizeof(a->link_local)) == 0;
}

/* The callback gets a copy: it may ask for a dump, and the table may move. */
static void tell(struct krt *krt, const struct krt_link *link, bool gone)
{
    struct krt_link copy = *link;

    if (krt->cb.link)
        krt->cb.link(krt->ctx, &copy, gone);
}

static void link_remove(struct krt *krt, struct krt_link_entry *entry)
{
    struct krt_link link = entry->link;

    *entry = krt->links[--krt->link_count];
    krt_addr_link_gone(krt, link.ifindex);
    tell(krt, &link, true);
}

void krt_link_unsee(struct krt *krt)
{
    uint32_t i;

    for (i = 0; i < krt->link_count; i++)
        krt->links[i].seen = false;
}

void krt_link_sweep(struct krt *krt)
{
    uint32_t i = 0;

    while (i < krt->link_count) {
        if (krt->links[i].seen)
            i++;
        else
            link_remove(krt, &krt->links[i]);
    }
}

bool krt_link_get(const struct krt *krt, uint32_t ifindex, struct krt_link *ret_link)
{
    const struct krt_link_entry *entry = link_find(krt, ifindex);

    if (!entry)
        return false;
    *ret_link = entry->link;
    return true;
}

bool krt_link_named(const struct krt *krt, const char *name, struct krt_link *ret_link)
{
    for (uint32_t i = 0; i < krt->link_count; i++) {
        if (strcmp(krt->links[i].link.name, name) != 0)
            continue;
        *ret_link = krt->links[i].link;
        return true;
    }
    return false;
}

bool krt_link_above(const struct krt *krt, uint32_t ifindex, struct krt_link *ret_link)
{
    for (uint32_t i = 0; i < krt->link_count; i++) {
        const struct krt_link *link = &krt->links[i].link;

        if (link->type != KRT_LINK_LOWPAN || link->parent != ifindex)
            continue;
        *ret_link = *link;
        return true;
    }
    return false;
}

bool krt_link_nth(const struct krt *krt, uint32_t n, struct krt_link *ret_link)
{
    if (n >= krt->link_count)
        return false;
    *ret_link = krt->links[n].link;
    return true;
}

/* ---- notices ----------------------------------------------------------------------- */

static void set_link_local(const struct krt *krt, struct krt_link *link)
{
    const struct rpl_addr *addr = krt_addr_link_local(krt, link->ifindex);

    memset(&link->link_local, 0, sizeof(link->link_local));
    link->has_link_local = addr != NULL;
    if (addr)
        link->link_local = *addr;
}

/* IFF_RUNNING is the kernel's digest of the operational state: up, or not known to be down as
 * with drivers that never say. */
static bool is_up(unsigned int flags)
{
    return (flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

static void fill_link(struct krt_link *link, struct rtnl_link *object)
{
    const char *name = rtnl_link_get_name(object);
    struct nl_addr *hwaddr = rtnl_link_get_addr(object);

    memset(link, 0, sizeof(*link));
    link->ifindex = (uint32_t)rtnl_link_get_ifindex(object);
    if (name)
        memcpy(link->name, name, strnlen(name, sizeof(link->name) - 1));
    link->enabled = (rtnl_link_get_flags(object) & IFF_UP) != 0;
    link->up = is_up(rtnl_link_get_flags(object));
    link->own = rtnl_link_get_group(object) == KRT_GROUP;
    link->parent = (uint32_t)rtnl_link_get_link(object);
    link->type = (uint16_t)rtnl_link_get_arptype(object);
    link->mtu = rtnl_link_get_mtu(object);
    if (hwaddr && nl_addr_get_len(hwaddr) <= sizeof(link->hwaddr)) {
        link->hwaddr_len = (uint8_t)nl_addr_get_len(hwaddr);
        memcpy(link->hwaddr, nl_addr_get_binary_addr(hwaddr), link->hwaddr_len);
    }
}

void krt_link_message(struct krt *krt, struct nlmsghdr *nlh)
{
    const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
    struct krt_link_entry *entry;
    struct nl_object *object;
    struct krt_link link;

    /* A bridge tells of its ports by the same messages in its own family. */
    if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi) || ifi->ifi_family != AF_UNSPEC ||
        ifi->ifi_index <= 0)
        return;
    entry = link_find(krt, (uint32_t)ifi->ifi_index);
    if (nlh->nlmsg_type == RTM_DELLINK) {
        krt_dump_disturb(krt, false);
        if (entry)
            link_remove(krt, entry);
        return;
    }
    object = krt_notice_object(krt, nlh);
    if (!object)
        return;
    fill_link(&link, (struct rtnl_link *)object);
    nl_object_put(object);
    set_link_local(krt, &link);
    if (!entry)
        entry = link_add(krt, link.ifindex);
    else if (link_same(&entry->link, &link)) {
        entry->seen = true;
        return;
    }
    if (!entry) {
        krt->stats.skipped++;
        return;
    }
    entry->seen = true;
    entry->link = link;
    tell(krt, &link, false);
}

void krt_link_address_changed(struct krt *krt, uint32_t ifindex)
{
    struct krt_link_entry *entry = link_find(krt, ifindex);
    struct krt_link link;

    if (!entry)
        return;
    link = entry->link;
    set_link_local(krt, &link);
    if (link_same(&entry->link, &link))
        return;
    entry->link = link;
    tell(krt, &link, false);
}

/* ---- changes ----------------------------------------------------------------------- */

static struct ifinfomsg *link_request(void *buf, struct nlmsghdr **ret_nlh, uint32_t ifindex)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

    nlh->nlmsg_type = RTM_NEWLINK;
    ifi->ifi_family = AF_UNSPEC;
    ifi->ifi_index = (int)ifindex;
    *ret_nlh = nlh;
    return ifi;
}

static int link_flags(struct krt *krt, uint32_t ifindex, unsigned int flags)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh;
    struct ifinfomsg *ifi = link_request(buf, &nlh, ifindex);

    ifi->ifi_flags = flags;
    ifi->ifi_change = IFF_UP;
    return krt_sock_ask(krt, nlh);
}

int krt_link_up(struct krt *krt, uint32_t ifindex)
{
    return link_flags(krt, ifindex, IFF_UP);
}

int krt_link_down(struct krt *krt, uint32_t ifindex)
{
    return link_flags(krt, ifindex, 0);
}

int krt_link_del(struct krt *krt, uint32_t ifindex)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh;

    (void)link_request(buf, &nlh, ifindex);
    nlh->nlmsg_type = RTM_DELLINK;
    return krt_sock_ask(krt, nlh);
}

int krt_link_eui64(struct krt *krt, uint32_t ifindex, const uint8_t eui64[8])
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh;

    (void)link_request(buf, &nlh, ifindex);
    mnl_attr_put(nlh, IFLA_ADDRESS, 8, eui64);
    return krt_sock_ask(krt, nlh);
}

int krt_lowpan_add(struct krt *krt, uint32_t radio, const char *name)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlattr *info;
    struct nlmsghdr *nlh;

    (void)link_request(buf, &nlh, 0);
    nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
    mnl_attr_put_u32(nlh, IFLA_LINK, radio);
    mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
    mnl_attr_put_u32(nlh, IFLA_GROUP, KRT_GROUP);
    info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
    mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "lowpan");
    mnl_attr_nest_end(nlh, info);
    return krt_sock_ask(krt, nlh);
}

int krt_link_mtu(struct krt *krt, uint32_t ifindex, uint32_t mtu)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh;

    (void)link_request(buf, &nlh, ifindex);
    mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
    return krt_sock_ask(krt, nlh);
}

int krt_link_addrgen_none(struct krt *krt, uint32_t ifindex)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlattr *spec, *inet6;
    struct nlmsghdr *nlh;

    (void)link_request(buf, &nlh, ifindex);
    spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
    inet6 = mnl_attr_nest_start(nlh, AF_INET6);
    mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(nlh, inet6);
    mnl_attr_nest_end(nlh, spec);
    return krt_sock_ask(krt, nlh);
}
