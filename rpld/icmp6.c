/* SPDX-License-Identifier: ISC */
#include "rpld/icmp6.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpl/rpl_nd.h"
#include "rpl/rpl_wire.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static int icmp6_option(int fd, int option, int value)
{
    return setsockopt(fd, IPPROTO_IPV6, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* What a router takes of its hosts (RFC 8505). */
static const uint8_t icmp6_discovery[] = {RPL_ND_RS, RPL_ND_NS, RPL_ND_EDAR, RPL_ND_EDAC};
static const struct rpl_addr icmp6_all_routers = {{0xff, 2, [15] = 2}};

static int icmp6_setup(int fd, bool discovery)
{
    static const struct {
        int option, value;
    } options[] = {
        {IPV6_RECVPKTINFO, 1},      {IPV6_RECVHOPLIMIT, 1},
        {IPV6_MULTICAST_LOOP, 0}, /* we know what we said */
        {IPV6_MULTICAST_HOPS, 255}, {IPV6_UNICAST_HOPS, 255},
        {IPV6_MULTICAST_ALL, 0}, /* only the interfaces that joined */
    };
    struct icmp6_filter filter;

    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(RPL_ICMP6_TYPE, &filter);
    for (int type = ICMP6_DST_UNREACH; type <= ICMP6_PARAM_PROB; type++)
        ICMP6_FILTER_SETPASS(type, &filter);
    if (discovery)
        for (size_t i = 0; i < sizeof(icmp6_discovery) / sizeof(icmp6_discovery[0]); i++)
            ICMP6_FILTER_SETPASS(icmp6_discovery[i], &filter);
    if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int r = icmp6_option(fd, options[i].option, options[i].value);
        if (r < 0)
            return r;
    }
    /* Room for the DAOs of a thousand nodes after a DTSN moved; the kernel caps it. */
    int size = 1 << 20;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return 0;
}

int icmp6_open(struct icmp6 *icmp6, bool discovery)
{
    int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);

    if (fd < 0)
        return -errno;
    int r = icmp6_setup(fd, discovery);
    if (r < 0) {
        close(fd);
        return r;
    }
    icmp6->fd = fd;
    icmp6->discovery = discovery;
    return 0;
}

void icmp6_close(struct icmp6 *icmp6)
{
    if (icmp6->fd >= 0)
        close(icmp6->fd);
    icmp6->fd = -1;
}

static int icmp6_member(struct icmp6 *icmp6, uint32_t ifindex, const struct rpl_addr *group,
                        int change)
{
    struct ipv6_mreq mreq = {.ipv6mr_interface = ifindex};

    memcpy(&mreq.ipv6mr_multiaddr, group->b, sizeof(mreq.ipv6mr_multiaddr));
    return setsockopt(icmp6->fd, IPPROTO_IPV6, change, &mreq, sizeof(mreq)) < 0 ? -errno : 0;
}

/* What the socket is a member of and what the link lets in are two lists: a link that was without
 * IPv6 for a moment, or is another with the same number, has forgotten the group. */
static int icmp6_member_again(struct icmp6 *icmp6, uint32_t ifindex, const struct rpl_addr *group)
{
    int r = icmp6_member(icmp6, ifindex, group, IPV6_JOIN_GROUP);

    if (r != -EADDRINUSE)
        return r;
    (void)icmp6_member(icmp6, ifindex, group, IPV6_LEAVE_GROUP);
    return icmp6_member(icmp6, ifindex, group, IPV6_JOIN_GROUP);
}

int icmp6_join(struct icmp6 *icmp6, uint32_t ifindex)
{
    int r = icmp6_member_again(icmp6, ifindex, &rpl_addr_all_nodes);

    if (r == 0 && icmp6->discovery)
        r = icmp6_member_again(icmp6, ifindex, &icmp6_all_routers);
    return r;
}

void icmp6_leave(struct icmp6 *icmp6, uint32_t ifindex)
{
    (void)icmp6_member(icmp6, ifindex, &rpl_addr_all_nodes, IPV6_LEAVE_GROUP);
    if (icmp6->discovery)
        (void)icmp6_member(icmp6, ifindex, &icmp6_all_routers, IPV6_LEAVE_GROUP);
}

/* The interface, our address and the hop limit come as control messages. */
static bool icmp6_read_control(struct msghdr *msg, struct icmp6_message *message)
{
    bool has_info = false;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != IPPROTO_IPV6)
            continue;
        if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            message->ifindex = (uint32_t)info.ipi6_ifindex;
            memcpy(message->dst.b, &info.ipi6_addr, sizeof(message->dst.b));
            has_info = true;
        } else if (c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof(int))) {
            int hop_limit;

            memcpy(&hop_limit, CMSG_DATA(c), sizeof(hop_limit));
            message->hop_limit = (uint8_t)hop_limit;
        }
    }
    return has_info;
}

int icmp6_receive(struct icmp6 *icmp6, struct icmp6_message *ret_message)
{
    struct sockaddr_in6 from = {0};
    struct iovec iov = {.iov_base = icmp6->buffer, .iov_len = sizeof(icmp6->buffer)};
    union {
        struct cmsghdr align;
        uint8_t space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr msg = {.msg_name = &from,
                         .msg_namelen = sizeof(from),
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct icmp6_message message = {0};

    ssize_t n = recvmsg(icmp6->fd, &msg, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (msg.msg_flags & MSG_TRUNC)
        return -EMSGSIZE;
    if (!icmp6_read_control(&msg, &message))
        return -EBADMSG;
    memcpy(message.src.b, &from.sin6_addr, sizeof(message.src.b));
    message.data = icmp6->buffer;
    message.len = (size_t)n;
    *ret_message = message;
    return 1;
}

static void icmp6_add_control(struct msghdr *msg, struct cmsghdr **c, size_t *used, int type,
                              const void *data, size_t len)
{
    *c = *c ? CMSG_NXTHDR(msg, *c) : CMSG_FIRSTHDR(msg);
    if (!*c) /* the caller's buffer has room for all it adds */
        return;
    (*c)->cmsg_level = IPPROTO_IPV6;
    (*c)->cmsg_type = type;
    (*c)->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(*c), data, len);
    *used += CMSG_SPACE(len);
}

int icmp6_send(struct icmp6 *icmp6, const struct rpl_effect_send *send)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    struct iovec iov = {.iov_len = send->len};
    struct in6_pktinfo info = {0};
    int hop_limit = send->hop_limit;
    uint8_t data[RPL_MESSAGE_MAX];
    union {
        struct cmsghdr align;
        uint8_t space[CMSG_SPACE(sizeof(info)) + CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr msg = {.msg_name = &to,
                         .msg_namelen = sizeof(to),
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *c = NULL;
    size_t used = 0;

    if (send->len > sizeof(data))
        return -EMSGSIZE;
    memcpy(data, send->data, send->len); /* an iovec is not const */
    iov.iov_base = data;
    memcpy(&to.sin6_addr, send->dst.b, sizeof(to.sin6_addr));
    if (rpl_addr_is_link_local(&send->dst) || rpl_addr_is_multicast(&send->dst))
        to.sin6_scope_id = send->ifindex;
    memcpy(&info.ipi6_addr, send->src.b, sizeof(info.ipi6_addr));
    info.ipi6_ifindex = (__typeof__(info.ipi6_ifindex))send->ifindex;
    icmp6_add_control(&msg, &c, &used, IPV6_PKTINFO, &info, sizeof(info));
    icmp6_add_control(&msg, &c, &used, IPV6_HOPLIMIT, &hop_limit, sizeof(hop_limit));
    msg.msg_controllen = used;
    return sendmsg(icmp6->fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}
