/* SPDX-License-Identifier: ISC */
/* The forwarder's TUN and sockets. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpld/forward_priv.h"

int fwd_tun_open(struct fwd *fwd, const char *name)
{
    struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    size_t len = strlen(name);
    int fd;

    if (len >= sizeof(ifr.ifr_name))
        return -ENAMETOOLONG;
    memcpy(ifr.ifr_name, name, len);
    fwd->tun_found = if_nametoindex(name) != 0;
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* Persistent: the routes through it outlive a daemon that was killed. */
    if (ioctl(fd, TUNSETIFF, &ifr) == 0 && ioctl(fd, TUNSETPERSIST, 1) == 0)
        fwd->tun_ifindex = if_nametoindex(ifr.ifr_name);
    if (fwd->tun_ifindex == 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    fwd->tun = fd;
    return 0;
}

bool fwd_tun_take(struct fwd *fwd, int fd, const char *name)
{
    struct ifreq ifr = {0};

    if (fd < 0)
        return false;
    if (ioctl(fd, TUNGETIFF, &ifr) < 0 || !(ifr.ifr_flags & IFF_TUN) ||
        !(ifr.ifr_flags & IFF_NO_PI) || strncmp(ifr.ifr_name, name, sizeof(ifr.ifr_name)) != 0 ||
        ioctl(fd, TUNSETPERSIST, 1) < 0) {
        ioctl(fd, TUNSETPERSIST, 0);
        close(fd);
        return false;
    }
    fwd->tun_ifindex = if_nametoindex(name);
    fwd->tun_found = true;
    fwd->tun = fd;
    return true;
}

bool fwd_packet_take(struct fwd *fwd, int fd)
{
    struct sockaddr_ll at = {0};
    socklen_t len = sizeof(at);

    if (fd < 0)
        return false;
    if (getsockname(fd, (struct sockaddr *)&at, &len) < 0 || at.sll_family != AF_PACKET ||
        at.sll_protocol != htons(ETH_P_IPV6)) {
        close(fd);
        return false;
    }
    fwd->packet = fd;
    return true;
}

int fwd_raw_open(int *ret_fd)
{
    /* IPPROTO_RAW: we write the IPv6 header, and nothing is ever received. */
    int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);

    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

/* Packets for us, by link address, whose first header after IPv6 is Hop-by-Hop or Routing, and
 * ICMPv6 errors, which may be about what we put into a packet. */
static int fwd_packet_filter(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 0, 7),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ROUTING, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ICMP6_INFOMSG_MASK, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

int fwd_packet_open(int *ret_fd)
{
    struct sockaddr_ll any = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6)};
    /* Protocol 0 hears nothing until the filter stands. */
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    int r = fwd_packet_filter(fd);
    /* Room for what comes while nobody reads; without the right to it, for less. */
    const int room = FWD_WAITING_OCTETS;
    (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    if (r == 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/*
 * IPv6-in-IPv6 behind an RPI 0x23 reaches the kernel too, which knows no tunnel and would
 * answer with a Parameter Problem. A raw socket for protocol 41 makes it keep quiet. It takes
 * nothing but what comes from our TUN: tunnels that came in fragments, which the kernel has put
 * together.
 */
int fwd_tunnel_open(uint32_t tun_ifindex, int *ret_fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, tun_ifindex, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_IPV6);

    if (fd < 0)
        return -errno;
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    *ret_fd = fd;
    return 0;
}
