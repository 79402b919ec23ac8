/* SPDX-License-Identifier: ISC */
#include "tests/daemon/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

#define SILENCE_MS 100 /* the forwarder has nothing more to read after that */
#define FRAME_MS 1000  /* and so long a busy machine may take to carry a frame over a veth */
#define MAC_MESH "02:00:00:00:00:01"

static const uint8_t mac_mesh[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t mac_uplink[6] = {2, 0, 0, 0, 1, 1};

/* ---- the house ------------------------------------------------------------------------ */

static int run(const char *command)
{
    int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Nodes 2..9 have the link address 02:..:0N and sit behind `air`. */
static const char house[] =
    "set -e\n"
    "s=/proc/sys/net/ipv6/conf\n"
    "for w in all default; do echo 1 >$s/$w/forwarding; echo 0 >$s/$w/accept_dad; done\n"
    "ip link set lo up\n"
    "ip link add mesh index 7 address " MAC_MESH " type veth peer name air\n"
    "ip link set mesh addrgenmode none\n"
    "ip link add uplink address 02:00:00:00:01:01 type veth peer name far\n"
    "for i in air far; do echo 1 >$s/$i/disable_ipv6; ip link set $i promisc on up; done\n"
    "ip link set mesh mtu 1280\n"
    "ip link set mesh up; ip link set uplink up\n"
    "ip addr add fe80::200:ff:fe00:1/64 dev mesh nodad\n"
    "ip addr add fd01::200:ff:fe00:1/128 dev mesh nodad\n"
    "ip addr add 2001:db8:1::1/64 dev uplink nodad\n"
    "ip -6 neigh add 2001:db8:1::2 lladdr 02:00:00:00:01:02 dev uplink nud permanent\n"
    "for n in 2 3 4 5 6 7 8 9; do\n"
    "  ip -6 neigh add fe80::200:ff:fe00:$n lladdr 02:00:00:00:00:0$n dev mesh nud permanent\n"
    "done\n";

int bench_house(void)
{
    bool root = geteuid() == 0;

    if (access("/dev/net/tun", R_OK | W_OK) < 0) {
        fprintf(stderr, "skipped: /dev/net/tun cannot be opened; run as root, or modprobe tun\n");
        return 77;
    }
    if (unshare(root ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) < 0) {
        fprintf(stderr, "skipped: no network namespace: %s; run as root\n", strerror(errno));
        return 77;
    }
    if (run(house) != 0) {
        fprintf(stderr, "skipped: the namespace cannot be set up; run as root\n");
        return 77;
    }
    return 0;
}

static int packet_socket(const char *name)
{
    struct sockaddr_ll addr = {.sll_family = AF_PACKET,
                               .sll_protocol = htons(ETH_P_IPV6),
                               .sll_ifindex = (int)if_nametoindex(name)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IPV6));

    if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
        abort();
    return fd;
}

static int udp_socket(void)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_port = htons(BENCH_PORT)};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
        abort();
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
    /* Fragments would hide what a large packet gets. */
    int never = IPV6_PMTUDISC_PROBE;
    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &never, sizeof(never));
    return fd;
}

/* ---- the bench -------------------------------------------------------------------------- */

static uint32_t host_mtu(void *ctx, uint32_t ifindex)
{
    const struct bench *bench = ctx;

    return ifindex == RIG_IF && !bench->down ? 1280 : 0;
}

static bool host_down(void *ctx, uint32_t ifindex)
{
    const struct bench *bench = ctx;

    return ifindex == RIG_IF && bench->down;
}

static void host_event(void *ctx, const struct rpl_event *event)
{
    struct bench *bench = ctx;

    if (event->type == RPL_EVENT_FORWARD_ERROR) {
        bench->told++;
        bench->last = event->u.forward_error;
    } else {
        bench->got_packet = true;
    }
    rig_input(&bench->rig, event);
}

static void bench_open(struct bench *bench)
{
    const struct fwd_host host = {
        .ctx = bench, .mtu = host_mtu, .down = host_down, .event = host_event};
    const char *what = "";
    int r = fwd_open("rpl0", NULL, &bench->fwd, &what);

    if (r < 0) {
        fprintf(stderr, "cannot %s: %s\n", what, strerror(-r));
        abort();
    }
    fwd_attach(bench->fwd, bench->rig.engine, &host);
    if (run("ip link set rpl0 addrgenmode none mtu 1280 up && "
            "ip -6 route add fd01::/64 dev rpl0") != 0)
        abort();
    bench->air = packet_socket("air");
    bench->uplink = packet_socket("far");
    bench->udp = udp_socket();
}

static void learn(struct bench *bench, unsigned node, unsigned parent)
{
    struct rpl_addr target = rig_global(node), above = rig_global(parent), root = rig_global(1);
    struct rpl_wire_message dao = rig_dao(241, &target, 0, 30, &above);

    if (rig_receive_on(&bench->rig, 0, &target, &root, &dao) != 0)
        abort();
}

static void learn_storing(struct bench *bench, unsigned node, unsigned child)
{
    struct rpl_addr target = rig_global(node), from = rig_ll(child), own = rig_ll(1);
    struct rpl_wire_message dao = rig_dao((uint8_t)(240 + node), &target, 0, 30, NULL);

    if (rig_receive(&bench->rig, &from, &own, &dao) != 0)
        abort();
}

void bench_root(struct bench *bench, enum rpl_mop mop, bool encapsulate, bool rpi)
{
    memset(bench, 0, sizeof(*bench));
    rig_init(&bench->rig, RPL_ROLE_ROOT, mop);
    bench->rig.config.instance[0].compat.srh_encapsulate = encapsulate;
    bench->rig.config.instance[0].compat.downward_rpi = rpi;
    if (rig_start(&bench->rig) != 0)
        abort();
    bench_open(bench);
    for (unsigned node = 2; node <= 4; node++) {
        if (mop == RPL_MOP_NON_STORING)
            learn(bench, node, node - 1);
        else
            learn_storing(bench, node, 2);
    }
}

void bench_router(struct bench *bench, enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_addr parent = rig_ll(9), root = rig_global(9);
    struct rpl_wire_message dio = rig_dio(mop, 256, &root);

    memset(bench, 0, sizeof(*bench));
    rig_init(&bench->rig, role, mop);
    if (rig_start(&bench->rig) != 0)
        abort();
    rig_join(&bench->rig, &parent, &dio);
    bench_open(bench);
    if (mop == RPL_MOP_STORING)
        learn_storing(bench, 5, 5);
}

void bench_close(struct bench *bench)
{
    if (!bench->fwd)
        return;
    fwd_close(bench->fwd, false);
    rig_stop(&bench->rig);
    close(bench->air);
    close(bench->uplink);
    close(bench->udp);
    bench->fwd = NULL;
}

/* ---- packets ---------------------------------------------------------------------------- */

struct bench_packet bench_udp(const struct rpl_addr *src, const struct rpl_addr *dst,
                              uint8_t hop_limit, size_t size)
{
    struct bench_packet packet = {.len = 40 + 8 + size};
    uint8_t *ip = packet.octets, *udp = ip + 40;
    uint16_t len = (uint16_t)(8 + size);

    ip[0] = 0x60;
    ip[4] = (uint8_t)(len >> 8);
    ip[5] = (uint8_t)len;
    ip[6] = IPPROTO_UDP;
    ip[7] = hop_limit;
    memcpy(ip + 8, src->b, 16);
    memcpy(ip + 24, dst->b, 16);
    udp[0] = udp[2] = BENCH_PORT >> 8;
    udp[1] = udp[3] = BENCH_PORT & 0xff;
    udp[4] = ip[4];
    udp[5] = ip[5];
    for (size_t i = 0; i < size; i++)
        udp[8 + i] = (uint8_t)i;
    uint16_t sum = rpl_wire_checksum(src, dst, IPPROTO_UDP, udp, len);
    udp[6] = (uint8_t)(sum >> 8);
    udp[7] = (uint8_t)sum;
    return packet;
}

struct bench_packet bench_routed(const struct rpl_addr *src, const struct rpl_addr *hop,
                                 size_t hops, unsigned steps, const struct rpl_rpi *rpi)
{
    struct bench_packet packet = bench_udp(src, &hop[hops - 1], 64, 20);

    if (rpl_srh_insert(packet.octets, &packet.len, BENCH_PACKET, hop, hops, rpi) != RPL_DATA_OK)
        abort();
    for (unsigned i = 0; i < steps; i++) {
        struct rpl_addr next;

        if (rpl_srh_step(packet.octets, packet.len, NULL, 0, &next) != RPL_DATA_OK)
            abort();
    }
    return packet;
}

struct rpl_packet_info bench_parse(const struct bench_packet *packet)
{
    struct rpl_packet_info info;

    if (rpl_packet_parse(packet->octets, packet->len, &info) != RPL_DATA_OK)
        abort();
    return info;
}

static bool readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

static void send_frame(int fd, const uint8_t to[6], const struct bench_packet *packet)
{
    uint8_t frame[BENCH_PACKET + 14] = {0};

    memcpy(frame, to, 6);
    frame[6] = 2;
    frame[12] = 0x86;
    frame[13] = 0xdd;
    memcpy(frame + 14, packet->octets, packet->len);
    if (send(fd, frame, packet->len + 14, 0) < 0)
        abort();
}

/* What the kernel itself has to say (neighbours, multicast listeners) and RPL are not data. */
static bool is_noise(const uint8_t *ip, size_t len)
{
    if (len < 48)
        return true;
    if (ip[6] == IPPROTO_ICMPV6)
        return (ip[40] >= 130 && ip[40] <= 143) || ip[40] == RPL_ICMP6_TYPE;
    return ip[6] == 0 && ip[24] == 0xff; /* MLD with its router alert */
}

static bool receive_frame(int fd, struct bench_packet *ret_packet, unsigned *ret_hop)
{
    uint8_t frame[BENCH_PACKET + 14];
    struct sockaddr_ll from = {0};

    while (readable(fd, FRAME_MS)) {
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &from_len);

        if (n < 14 || from.sll_pkttype == PACKET_OUTGOING || is_noise(frame + 14, (size_t)n - 14))
            continue;
        ret_packet->len = (size_t)n - 14;
        memcpy(ret_packet->octets, frame + 14, ret_packet->len);
        if (ret_hop)
            *ret_hop = frame[5];
        return true;
    }
    return false;
}

/* Both ways until both are quiet: what we hand to the kernel may come back to us. */
static void settle(struct bench *bench)
{
    for (;;) {
        bool tun = readable(fwd_tun_fd(bench->fwd), SILENCE_MS);
        bool packet = readable(fwd_packet_fd(bench->fwd), 0);
        bool tunnel = readable(fwd_tunnel_fd(bench->fwd), 0);

        if (tun)
            fwd_tun_ready(bench->fwd, bench->rig.now);
        if (packet)
            fwd_packet_ready(bench->fwd, bench->rig.now);
        if (tunnel)
            fwd_tunnel_ready(bench->fwd, bench->rig.now);
        if (!tun && !packet && !tunnel)
            return;
    }
}

void bench_from_air(struct bench *bench, const struct bench_packet *packet)
{
    send_frame(bench->air, mac_mesh, packet);
    settle(bench);
}

void bench_from_uplink(struct bench *bench, const struct bench_packet *packet)
{
    send_frame(bench->uplink, mac_uplink, packet);
    settle(bench);
}

bool bench_in_air(struct bench *bench, struct bench_packet *ret_packet, unsigned *ret_hop)
{
    return receive_frame(bench->air, ret_packet, ret_hop);
}

bool bench_on_uplink(struct bench *bench, struct bench_packet *ret_packet)
{
    return receive_frame(bench->uplink, ret_packet, NULL);
}

ssize_t bench_delivered(struct bench *bench)
{
    uint8_t buffer[BENCH_PACKET];

    if (!readable(bench->udp, SILENCE_MS))
        return -1;
    ssize_t n = recv(bench->udp, buffer, sizeof(buffer), MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

int bench_send_own(struct bench *bench, const struct rpl_addr *dst, size_t size)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(BENCH_PORT)};
    uint8_t payload[BENCH_PACKET] = {0};

    memcpy(&to.sin6_addr, dst->b, 16);
    if (sendto(bench->udp, payload, size, 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
        return -errno;
    settle(bench);
    return 0;
}

struct rpl_addr bench_host(void)
{
    struct rpl_addr host;

    inet_pton(AF_INET6, "2001:db8:1::2", host.b);
    return host;
}

uint64_t bench_counter(const struct bench *bench, enum fwd_counter counter)
{
    return fwd_counter(bench->fwd, counter);
}

unsigned bench_icmp(const struct bench_packet *packet)
{
    struct rpl_packet_info info;

    if (rpl_packet_parse(packet->octets, packet->len, &info) != RPL_DATA_OK ||
        info.next != IPPROTO_ICMPV6 || packet->octets[info.payload] >= 128)
        return 0;
    if (rpl_wire_checksum(&info.src, &info.dst, IPPROTO_ICMPV6, packet->octets + info.payload,
                          packet->len - info.payload) != 0)
        return 0;
    return packet->octets[info.payload] * 256u + packet->octets[info.payload + 1];
}
