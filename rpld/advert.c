/* SPDX-License-Identifier: ISC */
#include "rpld/advert.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

#define ADVERT_HEADER 16u
#define ADVERT_PIO 3u
#define ADVERT_PIO_LEN 32u
#define ADVERT_BUFFER 2048

int advert_open(struct advert_table *table)
{
    struct icmp6_filter filter;
    int on = 1;

    memset(table, 0, sizeof(*table));
    table->fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    if (table->fd < 0)
        return -errno;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
    if (setsockopt(table->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
        setsockopt(table->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) < 0) {
        int r = -errno;
        advert_close(table);
        return r;
    }
    return 0;
}

void advert_close(struct advert_table *table)
{
    if (table->fd >= 0)
        close(table->fd);
    table->fd = -1;
}

/* A root's prefix that |prefix| is a part of, or the reverse. */
static bool advert_concerns(const struct rpl_engine *engine, const struct rpl_prefix *prefix,
                            rpl_tstamp now)
{
    struct rpl_view_instance view;
    struct rpl_cursor cursor = {0};

    while (rpl_view_next_instance(engine, &cursor, now, &view)) {
        uint8_t len = view.prefix_len < prefix->len ? view.prefix_len : prefix->len;

        if (view.joined && view.role == RPL_ROLE_ROOT && len > 0 &&
            rpl_addr_match(&prefix->addr, &view.prefix, len))
            return true;
    }
    return false;
}

/* One entry for a router on a link; the oldest makes room. */
static void advert_keep(struct advert_table *table, const struct advert *heard)
{
    struct advert *place = NULL;

    for (unsigned i = 0; i < table->count; i++) {
        struct advert *old = &table->advert[i];

        if (old->ifindex == heard->ifindex && rpl_addr_equal(&old->router, &heard->router)) {
            *old = *heard;
            return;
        }
        if (!place || old->heard < place->heard)
            place = old;
    }
    if (table->count < ADVERT_MAX)
        place = &table->advert[table->count++];
    *place = *heard;
}

void advert_heard(struct advert_table *table, const struct rpl_engine *engine, uint32_t ifindex,
                  const struct rpl_addr *router, const uint8_t *data, size_t len, rpl_tstamp now)
{
    struct advert heard = {.ifindex = ifindex, .router = *router, .heard = now};

    if (len < ADVERT_HEADER || data[0] != ND_ROUTER_ADVERT || !rpl_addr_is_link_local(router) ||
        rpl_view_is_own(engine, router))
        return;
    for (size_t at = ADVERT_HEADER; len - at >= 8;) {
        size_t option = (size_t)data[at + 1] * 8;

        if (option == 0 || option > len - at)
            return;
        if (data[at] == ADVERT_PIO && option == ADVERT_PIO_LEN && data[at + 2] <= 128) {
            heard.prefix.len = data[at + 2];
            memcpy(heard.prefix.addr.b, data + at + 16, 16);
            if (advert_concerns(engine, &heard.prefix, now)) {
                advert_keep(table, &heard);
                return;
            }
        }
        at += option;
    }
}

void advert_ready(struct advert_table *table, const struct rpl_engine *engine, rpl_tstamp now)
{
    uint8_t data[ADVERT_BUFFER];

    for (unsigned i = 0; i < ADVERT_PER_TURN; i++) {
        struct sockaddr_in6 from = {0};
        struct rpl_addr router;
        struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
        union {
            struct cmsghdr align;
            uint8_t space[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr msg = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
        int hop_limit = 0;

        ssize_t n = recvmsg(table->fd, &msg, MSG_DONTWAIT);
        if (n < 0)
            return;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        if (c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)
            memcpy(&hop_limit, CMSG_DATA(c), sizeof(hop_limit));
        /* RFC 4861 section 6.1.2: from this very link. */
        if (hop_limit != 255 || (msg.msg_flags & MSG_TRUNC))
            continue;
        memcpy(router.b, &from.sin6_addr, sizeof(router.b));
        advert_heard(table, engine, from.sin6_scope_id, &router, data, (size_t)n, now);
    }
}

bool advert_nth(const struct advert_table *table, unsigned index, rpl_tstamp now,
                struct advert *ret_advert)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (now - table->advert[i].heard > ADVERT_AGE || index-- > 0)
            continue;
        *ret_advert = table->advert[i];
        return true;
    }
    return false;
}
