/* SPDX-License-Identifier: ISC */
/*
 * leaf INTERFACE TID MINUTES: a host that does not speak RPL (RFC 9010 section 9.2.1). It asks for
 * a router, makes an address of the prefix it is told, registers it there (RFC 8505), and prints
 * "status=N route=N address=A router=A capabilities=0xN"; status 0 also when nobody answers, with
 * an exit status of 1. Nothing is configured here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rpl/rpl_nd.h"
#include "rpl/rpl_wire.h"

#define TRIES 5
#define WAIT_MS 2000

struct leaf {
    int fd;
    unsigned ifindex;
    struct rpl_addr own, router, address;
    unsigned capabilities;
};

static int fail(const char *what)
{
    fprintf(stderr, "leaf: %s: %s\n", what, strerror(errno));
    return -1;
}

/* Our link-local address on the interface, as the kernel would choose it for ff02::2. */
static int own_address(struct leaf *leaf)
{
    struct sockaddr_in6 to = {
        .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = leaf->ifindex};
    struct sockaddr_in6 own = {0};
    socklen_t len = sizeof(own);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), result = -1;

    inet_pton(AF_INET6, "fe80::1", &to.sin6_addr);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
        getsockname(fd, (struct sockaddr *)&own, &len) == 0) {
        memcpy(leaf->own.b, &own.sin6_addr, 16);
        result = 0;
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static int leaf_open(struct leaf *leaf)
{
    struct icmp6_filter filter;
    const int hops = 255;

    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(RPL_ND_RA, &filter);
    ICMP6_FILTER_SETPASS(RPL_ND_NA, &filter);
    leaf->fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    if (leaf->fd < 0 ||
        setsockopt(leaf->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
        setsockopt(leaf->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops)) < 0 ||
        setsockopt(leaf->fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
        own_address(leaf) < 0)
        return fail("open");
    return 0;
}

/* Send, and wait for a message of |type|; its length, 0: none came. */
static size_t ask(struct leaf *leaf, const struct rpl_addr *to, const uint8_t *data, size_t len,
                  uint8_t type, uint8_t *answer, size_t size, struct rpl_addr *ret_from)
{
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_scope_id = leaf->ifindex};

    memcpy(&sin6.sin6_addr, to->b, 16);
    for (int i = 0; i < TRIES; i++) {
        struct pollfd ready = {.fd = leaf->fd, .events = POLLIN};
        if (sendto(leaf->fd, data, len, 0, (struct sockaddr *)&sin6, sizeof(sin6)) < 0)
            fail("send");
        while (poll(&ready, 1, WAIT_MS) > 0) {
            struct sockaddr_in6 from = {0};
            socklen_t from_len = sizeof(from);
            ssize_t n = recvfrom(leaf->fd, answer, size, 0, (struct sockaddr *)&from, &from_len);
            if (n > 0 && answer[0] == type && from.sin6_scope_id == leaf->ifindex) {
                memcpy(ret_from->b, &from.sin6_addr, 16);
                return (size_t)n;
            }
        }
    }
    return 0;
}

static int find_router(struct leaf *leaf)
{
    const struct rpl_addr routers = {{0xff, 2, [15] = 2}};
    const uint8_t solicitation[8] = {RPL_ND_RS};
    uint8_t ra[512];
    size_t len = ask(leaf, &routers, solicitation, sizeof(solicitation), RPL_ND_RA, ra, sizeof(ra),
                     &leaf->router);

    for (size_t at = 16; at + 8 <= len && ra[at + 1] != 0; at += ra[at + 1] * 8u) {
        if (ra[at] == 3 && at + 32 <= len) {
            memcpy(leaf->address.b, ra + at + 16, 16);
            leaf->address = rpl_addr_join(&leaf->address, &leaf->own);
        }
        if (ra[at] == 36)
            leaf->capabilities = ra[at + 3];
    }
    return rpl_addr_is_unspecified(&leaf->address) ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct leaf leaf = {.ifindex = argc == 4 ? if_nametoindex(argv[1]) : 0};
    struct rpl_nd_solicitation ns = {.has_earo = true}, na = {0};
    char address[INET6_ADDRSTRLEN], router[INET6_ADDRSTRLEN];
    uint8_t data[512];
    struct rpl_addr from;
    size_t len;

    if (leaf.ifindex == 0) {
        fprintf(stderr, "usage: leaf INTERFACE TID MINUTES\n");
        return 2;
    }
    if (leaf_open(&leaf) < 0 || find_router(&leaf) < 0)
        return 1;
    ns.target = leaf.address;
    ns.earo = (struct rpl_earo){.route = true,
                                .has_tid = true,
                                .tid = (uint8_t)atoi(argv[2]),
                                .lifetime_min = (uint16_t)atoi(argv[3]),
                                .rovr.size = 1};
    memcpy(ns.earo.rovr.octets, leaf.own.b + 8, 8);
    len = rpl_nd_write_ns(&ns, &leaf.own, &leaf.router, data, sizeof(data));
    len = ask(&leaf, &leaf.router, data, len, RPL_ND_NA, data, sizeof(data), &from);
    if (!rpl_nd_read_na(data, len, &from, &leaf.own, &na) || !na.has_earo)
        return 1;
    inet_ntop(AF_INET6, leaf.address.b, address, sizeof(address));
    inet_ntop(AF_INET6, leaf.router.b, router, sizeof(router));
    printf("status=%u route=%d address=%s router=%s capabilities=0x%02x\n", na.earo.status,
           na.earo.route, address, router, leaf.capabilities);
    return 0;
}
