/* SPDX-License-Identifier: ISC */
/* Addresses: which there are, which are usable; and the kernel's opinion of neighbours. */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/route/addr.h>
#include <netlink/route/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the table --------------------------------------------------------------------- */

static struct krt_addr_entry *addr_find(const struct krt *krt, const struct krt_addr_entry *key)
{
    uint32_t i;

    for (i = 0; i < krt->addr_count; i++) {
        struct krt_addr_entry *entry = &krt->addrs[i];

        if (entry->ifindex == key->ifindex && entry->plen == key->plen &&
            memcmp(&entry->addr, &key->addr, sizeof(key->addr)) == 0)
            return entry;
    }
    return NULL;
}

static struct krt_addr_entry *addr_add(struct krt *krt, const struct krt_addr_entry *key)
{
    if (krt->addr_count == KRT_ADDRS_MAX)
        return NULL;
    if (krt->addr_count == krt->addr_room) {
        uint32_t room = krt->addr_room ? krt->addr_room * 2 : 16;
        struct krt_addr_entry *addrs = realloc(krt->addrs, room * sizeof(*addrs));

        if (!addrs)
            return NULL;
        krt->addrs = addrs;
        krt->addr_room = room;
    }
    krt->addrs[krt->addr_count] = *key;
    return &krt->addrs[krt->addr_count++];
}

static bool is_link_local(const struct rpl_addr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

static void tell(struct krt *krt, const struct krt_addr_entry *entry, bool present)
{
    struct krt_addr_entry copy = *entry;

    if (krt->cb.address)
        krt->cb.address(krt->ctx, copy.ifindex, &copy.addr, copy.plen, copy.usable && present,
                        present);
    if (is_link_local(&copy.addr))
        krt_link_address_changed(krt, copy.ifindex);
}

static void addr_remove(struct krt *krt, struct krt_addr_entry *entry)
{
    struct krt_addr_entry gone = *entry;

    /* In order: the first link-local address of a link has to stay the first. */
    krt->addr_count--;
    memmove(entry, entry + 1, (size_t)(krt->addrs + krt->addr_count - entry) * sizeof(*entry));
    tell(krt, &gone, false);
}

void krt_addr_unsee(struct krt *krt)
{
    uint32_t i;

    for (i = 0; i < krt->addr_count; i++)
        krt->addrs[i].seen = false;
}

void krt_addr_sweep(struct krt *krt)
{
    uint32_t i = 0;

    while (i < krt->addr_count) {
        if (krt->addrs[i].seen)
            i++;
        else
            addr_remove(krt, &krt->addrs[i]);
    }
}

void krt_addr_link_gone(struct krt *krt, uint32_t ifindex)
{
    uint32_t i = 0;

    while (i < krt->addr_count) {
        if (krt->addrs[i].ifindex != ifindex)
            i++;
        else
            addr_remove(krt, &krt->addrs[i]);
    }
}

const struct rpl_addr *krt_addr_link_local(const struct krt *krt, uint32_t ifindex)
{
    uint32_t i;

    for (i = 0; i < krt->addr_count; i++) {
        const struct krt_addr_entry *entry = &krt->addrs[i];

        if (entry->ifindex == ifindex && entry->usable && is_link_local(&entry->addr))
            return &entry->addr;
    }
    return NULL;
}

bool krt_addr_nth(const struct krt *krt, uint32_t n, struct krt_addr *ret_addr)
{
    const struct krt_addr_entry *entry;

    if (n >= krt->addr_count)
        return false;
    entry = &krt->addrs[n];
    *ret_addr = (struct krt_addr){.ifindex = entry->ifindex,
                                  .addr = entry->addr,
                                  .plen = entry->plen,
                                  .usable = entry->usable,
                                  .deprecated = entry->deprecated,
                                  .temporary = entry->temporary};
    return true;
}

/* ---- notices ----------------------------------------------------------------------- */

static bool copy_addr(struct rpl_addr *to, const struct nl_addr *from)
{
    if (!from || nl_addr_get_family(from) != AF_INET6 || nl_addr_get_len(from) != sizeof(*to))
        return false;
    memcpy(to, nl_addr_get_binary_addr(from), sizeof(*to));
    return true;
}

static bool fill_addr(struct krt_addr_entry *entry, struct rtnl_addr *object)
{
    int ifindex = rtnl_addr_get_ifindex(object), plen = rtnl_addr_get_prefixlen(object);

    memset(entry, 0, sizeof(*entry));
    if (ifindex <= 0 || plen < 0 || plen > 128 ||
        !copy_addr(&entry->addr, rtnl_addr_get_local(object)))
        return false;
    entry->ifindex = (uint32_t)ifindex;
    entry->plen = (uint8_t)plen;
    /* An optimistic address may be used before duplicate detection has ended (RFC 4429). */
    entry->usable = !(rtnl_addr_get_flags(object) & IFA_F_DADFAILED) &&
                    (!(rtnl_addr_get_flags(object) & IFA_F_TENTATIVE) ||
                     rtnl_addr_get_flags(object) & IFA_F_OPTIMISTIC);
    entry->deprecated = (rtnl_addr_get_flags(object) & IFA_F_DEPRECATED) != 0;
    entry->temporary = (rtnl_addr_get_flags(object) & IFA_F_TEMPORARY) != 0;
    entry->seen = true;
    return true;
}

void krt_addr_message(struct krt *krt, struct nlmsghdr *nlh)
{
    const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
    struct krt_addr_entry now, *entry;
    struct nl_object *object;
    bool good;

    if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) || ifa->ifa_family != AF_INET6)
        return;
    object = krt_notice_object(krt, nlh);
    if (!object)
        return;
    good = fill_addr(&now, (struct rtnl_addr *)object);
    nl_object_put(object);
    if (!good) {
        krt->stats.skipped++;
        return;
    }
    entry = addr_find(krt, &now);
    if (nlh->nlmsg_type == RTM_DELADDR) {
        krt_dump_disturb(krt, false);
        if (entry)
            addr_remove(krt, entry);
        return;
    }
    if (!entry)
        entry = addr_add(krt, &now);
    else if (entry->usable == now.usable && entry->deprecated == now.deprecated &&
             !(entry->retell && now.usable)) {
        entry->seen = true;
        return;
    }
    if (!entry) {
        krt->stats.skipped++;
        return;
    }
    *entry = now;
    tell(krt, &now, true);
}

void krt_neighbour_message(struct krt *krt, struct nlmsghdr *nlh)
{
    const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
    struct nl_object *object;
    struct rtnl_neigh *neigh;
    struct rpl_addr addr;
    int ifindex, state;
    bool good;

    if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm) || ndm->ndm_family != AF_INET6)
        return;
    object = krt_notice_object(krt, nlh);
    if (!object)
        return;
    neigh = (struct rtnl_neigh *)object;
    ifindex = rtnl_neigh_get_ifindex(neigh);
    state = rtnl_neigh_get_state(neigh);
    good = ifindex > 0 && state >= 0 && copy_addr(&addr, rtnl_neigh_get_dst(neigh));
    nl_object_put(object);
    if (!good) {
        krt->stats.skipped++;
        return;
    }
    if (!krt->cb.neighbour)
        return;
    if (state & NUD_FAILED)
        krt->cb.neighbour(krt->ctx, (uint32_t)ifindex, &addr, KRT_NEIGHBOUR_FAILED);
    else if (state & NUD_REACHABLE)
        krt->cb.neighbour(krt->ctx, (uint32_t)ifindex, &addr, KRT_NEIGHBOUR_REACHABLE);
}

/* ---- changes ----------------------------------------------------------------------- */

static struct nlmsghdr *addr_request(void *buf, uint16_t type, uint32_t ifindex,
                                     const struct rpl_addr *addr, uint8_t plen)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

    nlh->nlmsg_type = type;
    ifa->ifa_family = AF_INET6;
    ifa->ifa_prefixlen = plen;
    ifa->ifa_index = ifindex;
    mnl_attr_put(nlh, IFA_LOCAL, sizeof(*addr), addr);
    mnl_attr_put(nlh, IFA_ADDRESS, sizeof(*addr), addr);
    return nlh;
}

/* What stood there before, of an earlier run or from before a loss of the carrier, comes back as
 * a notice without news; who asked is told all the same. */
int krt_addr_set(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen)
{
    const struct krt_addr_entry key = {.ifindex = ifindex, .addr = *addr, .plen = plen};
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    struct nlmsghdr *nlh = addr_request(buf, RTM_NEWADDR, ifindex, addr, plen);
    struct krt_addr_entry *entry;
    int err;

    nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
    err = krt_sock_ask(krt, nlh);
    entry = addr_find(krt, &key);
    if (err == 0 && entry)
        entry->retell = true;
    return err;
}

int krt_addr_del(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen)
{
    uint32_t buf[KRT_MESSAGE_MAX / 4];
    int err = krt_sock_ask(krt, addr_request(buf, RTM_DELADDR, ifindex, addr, plen));

    return err == -EADDRNOTAVAIL ? 0 : err;
}
