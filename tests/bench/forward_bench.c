/* SPDX-License-Identifier: ISC */
/*
 * Packets through rpld: down from the TUN into a source route of four hops, up from the air into
 * the TUN. Beside it the least that a process with a TUN can do: read a packet, turn its addresses
 * around, write it; and what a process can do that sends each packet, as it is, through a raw
 * socket to the first hop. A child floods; rpld, or the other, takes what it can. Two figures each:
 * by the clock, where sender and forwarder share the machine, and by the forwarder's own processor
 * time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "tests/bench/bench.h"
#include "tests/bench/stage.h"

#define HOPS 4u
#define PAYLOAD 64u
#define PORT 5683u
#define SECONDS 2.0
#define ROUNDS 3

static int sink; /* what comes back, as far as its buffer goes */

/* ---- floods ------------------------------------------------------------------------------- */

static pid_t child(void)
{
    fflush(NULL);
    pid_t pid = fork();

    if (pid < 0)
        stage_die("cannot fork: %s", strerror(errno));
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static pid_t flood_udp(const struct rpl_addr *dst)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    const uint8_t payload[PAYLOAD] = {0};
    pid_t pid = child();

    if (pid > 0)
        return pid;
    memcpy(&to.sin6_addr, dst->b, sizeof(to.sin6_addr));
    for (;;)
        (void)!sendto(sink, payload, sizeof(payload), 0, (const struct sockaddr *)&to, sizeof(to));
}

/* From the last node to the root: UDP behind an RPI 0x63. */
static pid_t flood_air(void)
{
    uint8_t packet[40 + 8 + 8 + PAYLOAD] = {0x60, 0, 0, 0, 0, 8 + 8 + PAYLOAD, IPPROTO_HOPOPTS, 61};
    const struct rpl_addr src = stage_global(1 + HOPS), dst = stage_global(1);
    const uint8_t rpi[8] = {IPPROTO_UDP, 0, 0x63, 4, 0, 0, 2, 0};
    uint8_t *udp = packet + 48;
    pid_t pid = child();

    if (pid > 0)
        return pid;
    memcpy(packet + 8, src.b, 16);
    memcpy(packet + 24, dst.b, 16);
    memcpy(packet + 40, rpi, sizeof(rpi));
    udp[0] = udp[2] = PORT >> 8;
    udp[1] = udp[3] = PORT & 0xff;
    udp[5] = 8 + PAYLOAD;
    uint16_t sum = rpl_wire_checksum(&src, &dst, IPPROTO_UDP, udp, 8 + PAYLOAD);
    udp[6] = (uint8_t)(sum >> 8);
    udp[7] = (uint8_t)sum;
    for (;;)
        (void)stage_send(packet, sizeof(packet));
}

/* ---- without rpld ------------------------------------------------------------------------- */

static int echo_open(void)
{
    struct ifreq ifr = {.ifr_name = "echo0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
        stage_die("no TUN: %s", strerror(errno));
    stage_shell("ip link set echo0 addrgenmode none && ip link set echo0 mtu 1280 up && "
                "ip -6 route add fd02::/64 dev echo0");
    return fd;
}

static pid_t echo(int tun)
{
    uint8_t packet[2048], swap[16];
    pid_t pid = child();

    if (pid > 0)
        return pid;
    for (;;) {
        ssize_t n = read(tun, packet, sizeof(packet));

        if (n < 40)
            continue;
        memcpy(swap, packet + 8, 16);
        memcpy(packet + 8, packet + 24, 16);
        memcpy(packet + 24, swap, 16);
        (void)!write(tun, packet, (size_t)n);
    }
}

static pid_t pass(int tun)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex("mesh")};
    const struct rpl_addr hop = stage_local(2);
    uint8_t packet[2048];
    pid_t pid = child();

    if (pid > 0)
        return pid;
    int raw = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    memcpy(&to.sin6_addr, hop.b, sizeof(to.sin6_addr));
    for (;;) {
        ssize_t n = read(tun, packet, sizeof(packet));

        if (n >= 40)
            (void)!sendto(raw, packet, (size_t)n, 0, (const struct sockaddr *)&to, sizeof(to));
    }
}

/* ---- counting ------------------------------------------------------------------------------- */

/* Packets that an interface has received, or sent. */
static uint64_t packets(const char *interface, bool sent)
{
    FILE *f = fopen("/proc/thread-self/net/dev", "re");
    char line[512], name[32];
    unsigned long long in, out;

    if (!f)
        stage_die("no /proc: %s", strerror(errno));
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, " %31[^:]: %*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &in, &out) ==
                3 &&
            strcmp(name, interface) == 0) {
            fclose(f);
            return sent ? out : in;
        }
    fclose(f);
    stage_die("no interface %s", interface);
}

static double cpu(pid_t pid)
{
    struct timespec ts;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
        stage_die("a process of the bench is gone");
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct rate {
    double clock, cpu; /* packets a second */
};

/* The rate of |worker| by what it puts out on |interface|, while a child floods. */
static struct rate measure(pid_t worker, pid_t flood, const char *interface, bool sent)
{
    poll(NULL, 0, 200); /* queues fill */
    uint64_t before = packets(interface, sent);
    double began = bench_now(), cpu_began = cpu(worker);
    poll(NULL, 0, (int)(SECONDS * 1000));
    double count = (double)(packets(interface, sent) - before);
    struct rate rate = {.clock = count / (bench_now() - began),
                        .cpu = count / (cpu(worker) - cpu_began)};
    end(flood);
    if (count < 100)
        stage_die("next to nothing came out of %s", interface);
    return rate;
}

static struct rate best(struct rate a, struct rate b)
{
    return (struct rate){.clock = a.clock > b.clock ? a.clock : b.clock,
                         .cpu = a.cpu > b.cpu ? a.cpu : b.cpu};
}

static void report(const char *name, const char *name_cpu, struct rate rate, struct rate limit)
{
    bench_figure(&(struct bench_figure){.name = name,
                                        .unit = "pkt/s",
                                        .at = HOPS,
                                        .value = rate.clock,
                                        .limit = limit.clock,
                                        .more = true});
    bench_figure(&(struct bench_figure){.name = name_cpu,
                                        .unit = "pkt/s",
                                        .at = HOPS,
                                        .value = rate.cpu,
                                        .limit = limit.cpu,
                                        .more = true});
}

/* ---- the run ----------------------------------------------------------------------------------
 */

static pid_t line_of_nodes(void)
{
    stage_configure(RPL_MOP_NON_STORING, HOPS);
    pid_t rpld = stage_start();
    double began = bench_now();

    while (stage_nodes() < (long)HOPS) {
        if (bench_now() - began > 20)
            stage_die("rpld does not learn its nodes");
        if (stage_nodes() == 0)
            for (uint32_t n = 2; n < 2 + HOPS; n++)
                stage_dao(RPL_MOP_NON_STORING, n, 1, n - 1, 241);
        poll(NULL, 0, 100);
    }
    return rpld;
}

int bench_forward(bool json)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    const struct rpl_addr last = stage_global(1 + HOPS), own = stage_global(1);
    struct rpl_addr beyond;
    struct rate bare = {0}, passed = {0}, down = {0}, up = {0};

    stage_open();
    pid_t rpld = line_of_nodes();
    sink = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(&at.sin6_addr, own.b, sizeof(at.sin6_addr));
    if (sink < 0 || bind(sink, (const struct sockaddr *)&at, sizeof(at)) < 0)
        stage_die("no socket: %s", strerror(errno));
    inet_pton(AF_INET6, "fd02::2", beyond.b);
    int tun = echo_open();
    for (int i = 0; i < ROUNDS; i++) {
        pid_t worker = echo(tun);
        bare = best(bare, measure(worker, flood_udp(&beyond), "echo0", false));
        end(worker);
        worker = pass(tun);
        passed = best(passed, measure(worker, flood_udp(&beyond), "mesh", true));
        end(worker);
        down = best(down, measure(rpld, flood_udp(&last), "mesh", true));
        up = best(up, measure(rpld, flood_air(), "rpl0", false));
    }
    close(tun);
    stage_stop(SIGTERM);
    bench_begin("forward", json);
    report("down", "down-per-cpu-second", down, bare);
    report("up", "up-per-cpu-second", up, bare);
    report("bare-down", "bare-down-per-cpu-second", passed, bare);
    bench_end();
    close(sink);
    return 0;
}
