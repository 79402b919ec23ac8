/* SPDX-License-Identifier: ISC */
#include "bridge/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/coap_msg.h"

#define RECEIVE_BUFFER (16 << 20) /* a second of 20,000 while the disk writes */
#define MULTICAST_HOPS 16
#define BATCH 32
#define BATCHES_PER_TURN 8

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29 /* linux/in6.h, which cannot be included beside netinet/in.h */
#endif

int brg_udp_open(int port)
{
    struct sockaddr_in6 any = {
        .sin6_family = AF_INET6,
        .sin6_port = htons((uint16_t)port),
        .sin6_addr = IN6ADDR_ANY_INIT,
    };
    const int size = RECEIVE_BUFFER;
    const int yes = 1;
    const int no = 0;
    const int hops = MULTICAST_HOPS;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -errno;
    }
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof(yes));
    /* What others sent to a group that we are not in is not for us to answer. */
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &no, sizeof(no));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &no, sizeof(no));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
    /* Many nodes may answer at once: the default holds some 250 of them. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0) {
        int err = -errno;

        (void)close(fd);
        return err;
    }
    return fd;
}

int brg_udp_join(int fd, const char *interface)
{
    static const char *const groups[] = {"ff02::fd", "ff03::fd", "ff05::fd"};
    struct ipv6_mreq request = {.ipv6mr_interface = if_nametoindex(interface)};

    if (request.ipv6mr_interface == 0) {
        return -errno;
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        (void)inet_pton(AF_INET6, groups[i], &request.ipv6mr_multiaddr);
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)) < 0 &&
            errno != EADDRINUSE) {
            return -errno;
        }
    }
    return 0;
}

size_t brg_udp_groups(const char *const interfaces[], size_t n, uint16_t port,
                      struct coap_addr ret_groups[])
{
    size_t groups = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned index = if_nametoindex(interfaces[i]);

        for (uint8_t scope = 3; index != 0 && scope <= 5; scope = (uint8_t)(scope + 2)) {
            struct coap_addr *group = &ret_groups[groups++];

            *group = (struct coap_addr){.ip = {0xff, scope}, .scope = index, .port = port};
            group->ip[15] = 0xfd;
        }
    }
    return groups;
}

/* Which address of ours it went to, unless that is a group. */
static bool went_to_group(struct msghdr *hdr, uint8_t ret_local[16])
{
    struct in6_pktinfo info;
    struct cmsghdr *cmsg;

    for (cmsg = CMSG_FIRSTHDR(hdr); cmsg != NULL; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
        if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
            memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
            if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) {
                return true;
            }
            memcpy(ret_local, &info.ipi6_addr, 16);
        }
    }
    return false;
}

struct batch {
    struct mmsghdr msgs[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_in6 from[BATCH];
    _Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
    uint8_t data[BATCH][COAP_DATAGRAM_MAX];
};

static void batch_init(struct batch *batch)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch->iov[i] = (struct iovec){batch->data[i], sizeof(batch->data[i])};
        batch->msgs[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->from[i],
            .msg_namelen = sizeof(batch->from[i]),
            .msg_iov = &batch->iov[i],
            .msg_iovlen = 1,
            .msg_control = batch->control[i],
            .msg_controllen = sizeof(batch->control[i]),
        };
    }
}

unsigned brg_udp_receive(int fd, brg_udp_datagram_fn *take, void *ctx)
{
    struct batch batch;
    unsigned oversized = 0;
    int n = BATCH;

    for (int turn = 0; turn < BATCHES_PER_TURN && n == BATCH; turn++) {
        batch_init(&batch);
        n = recvmmsg(fd, batch.msgs, BATCH, 0, NULL);
        for (int i = 0; i < n; i++) {
            struct coap_addr peer = {.port = ntohs(batch.from[i].sin6_port),
                                     .scope = batch.from[i].sin6_scope_id};
            bool group;

            if (batch.msgs[i].msg_hdr.msg_flags & MSG_TRUNC) {
                oversized++;
                continue;
            }
            memcpy(peer.ip, &batch.from[i].sin6_addr, sizeof(peer.ip));
            group = went_to_group(&batch.msgs[i].msg_hdr, peer.local);
            take(ctx, &peer, batch.data[i], batch.msgs[i].msg_len, group);
        }
    }
    return oversized;
}

struct out {
    struct sockaddr_in6 to;
    struct iovec iov;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void header_fill(struct msghdr *hdr, struct out *out, const struct coap_addr *peer,
                        uint8_t *data, size_t len)
{
    struct in6_pktinfo info = {.ipi6_ifindex = 0};
    struct cmsghdr *cmsg;

    out->to = (struct sockaddr_in6){
        .sin6_family = AF_INET6,
        .sin6_port = htons(peer->port),
        .sin6_scope_id = peer->scope,
    };
    memcpy(&out->to.sin6_addr, peer->ip, sizeof(peer->ip));
    out->iov = (struct iovec){.iov_base = data, .iov_len = len};
    *hdr = (struct msghdr){.msg_name = &out->to,
                           .msg_namelen = sizeof(out->to),
                           .msg_iov = &out->iov,
                           .msg_iovlen = 1};
    memcpy(&info.ipi6_addr, peer->local, sizeof(peer->local));
    if (IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr)) {
        return;
    }
    /* Who asked one address of ours listens to that one alone. */
    memset(out->control, 0, sizeof(out->control));
    hdr->msg_control = out->control;
    hdr->msg_controllen = sizeof(out->control);
    cmsg = CMSG_FIRSTHDR(hdr);
    cmsg->cmsg_level = IPPROTO_IPV6;
    cmsg->cmsg_type = IPV6_PKTINFO;
    cmsg->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
}

unsigned brg_udp_flush(struct brg_udp_queue *queue, int fd)
{
    struct mmsghdr msgs[BRG_UDP_QUEUE];
    struct out out[BRG_UDP_QUEUE];
    size_t start = 0;
    size_t sent = 0;
    unsigned lost = 0;

    for (size_t i = 0; i < queue->n; i++) {
        header_fill(&msgs[i].msg_hdr, &out[i], &queue->peers[i], queue->data + start,
                    queue->ends[i] - start);
        start = queue->ends[i];
    }
    while (sent < queue->n) {
        int n = sendmmsg(fd, msgs + sent, (unsigned)(queue->n - sent), 0);

        /* It stops at one that cannot leave: that one is lost, as on the air. */
        lost += n <= 0;
        sent += n <= 0 ? 1 : (size_t)n;
    }
    queue->n = 0;
    queue->len = 0;
    return lost;
}

void brg_udp_send(struct brg_udp_queue *queue, int fd, const struct coap_addr *peer,
                  const uint8_t *data, size_t len)
{
    if (len > BRG_UDP_ROOM) {
        return;
    }
    if (queue->n == BRG_UDP_QUEUE || BRG_UDP_ROOM - queue->len < len) {
        (void)brg_udp_flush(queue, fd);
    }
    memcpy(queue->data + queue->len, data, len);
    queue->len += len;
    queue->ends[queue->n] = queue->len;
    queue->peers[queue->n++] = *peer;
}
