/* SPDX-License-Identifier: ISC */
#include "tests/bench/stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

#define WATCH_BUFFER (64 << 20) /* notices of 100,000 routes */
#define AIR_BUFFER (16 << 20)
#define ETHERNET 14u

static char folder[] = "/tmp/rpld-bench.XXXXXX";
static bool made;
static pid_t rpld;
static int air = -1;
static struct mnl_socket *watch;

/* ---- the house ------------------------------------------------------------------------ */

void stage_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    stage_close();
    exit(1);
}

__attribute__((format(printf, 1, 0))) static int shell(const char *format, va_list args)
{
    char command[1024];

    vsnprintf(command, sizeof(command), format, args);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int stage_try(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int status = shell(format, args);
    va_end(args);
    return status;
}

void stage_shell(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int status = shell(format, args);
    va_end(args);
    if (status != 0)
        stage_die("a command of the set-up failed: %s", format);
}

static void air_open(void)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_IPV6),
                             .sll_ifindex = (int)if_nametoindex("air")};
    const int room = AIR_BUFFER, one = 1;

    air = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IPV6));
    if (air < 0 || bind(air, (const struct sockaddr *)&at, sizeof(at)) < 0)
        stage_die("no packet socket: %s", strerror(errno));
    (void)!setsockopt(air, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    (void)!setsockopt(air, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    (void)!setsockopt(air, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
}

void stage_open(void)
{
    const bool root = geteuid() == 0;

    if (access("/dev/net/tun", R_OK | W_OK) < 0 ||
        unshare(root ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) < 0) {
        fprintf(stderr, "this bench needs /dev/net/tun and a network namespace: run it as root\n");
        exit(77);
    }
    if (!mkdtemp(folder))
        stage_die("no temporary folder: %s", strerror(errno));
    made = true;
    atexit(stage_close);
    /* The nodes have an address that `air` has not: what is for them is for nobody here, and does
     * not come back to rpld by its packet socket, which hears every interface. */
    stage_shell("set -e; s=/proc/sys/net/ipv6/conf\n"
                "for w in all default; do echo 1 >$s/$w/forwarding; echo 0 >$s/$w/accept_dad\n"
                "echo 0 >$s/$w/router_solicitations; echo 0 >$s/$w/accept_ra; done\n"
                "ip link set lo up\n"
                "ip link add mesh address 02:00:00:00:00:01 mtu 1280 type veth"
                " peer name air address 02:00:00:00:00:fe mtu 1280\n"
                "ip link set mesh addrgenmode none; echo 1 >$s/air/disable_ipv6\n"
                "ip link set air promisc on up");
    stage_empty();
    air_open();
}

/* The kernel drops the routes of a link that goes down, faster than anybody deletes them. */
void stage_empty(void)
{
    stage_shell("set -e; ip link set mesh down; ip link set mesh up\n"
                "ip addr replace fe80::212:4b00:0:1/64 dev mesh nodad\n"
                "for n in 2 3 4 5 6 7 8; do ip -6 neigh replace fe80::212:4b00:0:$n"
                " lladdr 02:00:00:00:00:02 dev mesh nud permanent; done");
}

void stage_close(void)
{
    if (rpld > 0)
        stage_stop(SIGKILL);
    if (made)
        stage_try("rm -rf %s", folder);
    made = false;
}

/* ---- addresses -------------------------------------------------------------------------- */

static struct rpl_addr address(uint8_t a, uint8_t b, uint32_t node)
{
    return (struct rpl_addr){{a, b, 0, 0, 0, 0, 0, 0, 2, 0x12, 0x4b, 0, (uint8_t)(node >> 24),
                              (uint8_t)(node >> 16), (uint8_t)(node >> 8), (uint8_t)node}};
}

struct rpl_addr stage_local(uint32_t node)
{
    return address(0xfe, 0x80, node);
}

struct rpl_addr stage_global(uint32_t node)
{
    return address(0xfd, 1, node);
}

/* ---- rpld ------------------------------------------------------------------------------- */

void stage_configure(enum rpl_mop mop, uint32_t targets)
{
    char path[128];

    stage_shell("rm -rf %s/state && mkdir -m 700 %s/state", folder, folder);
    snprintf(path, sizeof(path), "%s/rpld.conf", folder);
    FILE *f = fopen(path, "we");
    if (!f)
        stage_die("cannot write %s: %s", path, strerror(errno));
    fprintf(f,
            "instances = ( { role = \"root\"; mode = \"%s\"; prefix = \"fd01::/64\";\n"
            "    interfaces = ( \"mesh\" ); dodag = { default_lifetime = 250; }; } );\n"
            "user = \"\"; limits = { targets = %u; peers = 65536; };\n"
            "control = { socket = \"%s/sock\"; group = \"\"; };\n"
            "state = { directory = \"%s/state\"; writes_per_hour = 3600; };\n"
            "log = { to = \"stderr\"; level = \"notice\"; };\n",
            mop == RPL_MOP_STORING ? "storing" : "non-storing", targets + 16, folder, folder);
    fclose(f);
}

pid_t stage_start(void)
{
    const char *program = getenv("BENCH_RPLD");
    char config[128], log[128];

    if (!program)
        stage_die("BENCH_RPLD has to name the rpld to measure; tests/bench/run does that");
    snprintf(config, sizeof(config), "%s/rpld.conf", folder);
    snprintf(log, sizeof(log), "%s/log", folder);
    fflush(NULL);
    rpld = fork();
    if (rpld < 0)
        stage_die("cannot fork: %s", strerror(errno));
    if (rpld > 0)
        return rpld;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
    execl(program, program, "-c", config, "-f", (char *)NULL);
    _exit(127);
}

void stage_stop(int signal)
{
    if (rpld <= 0)
        return;
    kill(rpld, signal);
    waitpid(rpld, NULL, 0);
    rpld = 0;
}

bool stage_ask(const char *command, char *out, size_t size)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t used = 0;
    ssize_t n = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof(to.sun_path), "%s/sock", folder);
    out[0] = '\0';
    if (fd < 0)
        return false;
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 && dprintf(fd, "%s\n", command))
        while (used + 1 < size && (n = read(fd, out + used, size - used - 1)) > 0)
            used += (size_t)n;
    out[used] = '\0';
    close(fd);
    return used > 0;
}

long stage_nodes(void)
{
    char view[4096];
    const char *nodes;

    if (!stage_ask("json status", view, sizeof(view)))
        return -1;
    nodes = strstr(view, "\"nodes\":");
    return nodes ? strtol(nodes + 8, NULL, 10) : -1;
}

double stage_cpu(void)
{
    struct timespec ts = {0};
    clockid_t clock;

    if (clock_getcpuclockid(rpld, &clock) != 0 || clock_gettime(clock, &ts) < 0)
        stage_die("rpld is gone");
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- the wire ----------------------------------------------------------------------------- */

bool stage_send(const uint8_t *packet, size_t len)
{
    uint8_t frame[ETHERNET + 2048] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd};

    if (len > sizeof(frame) - ETHERNET)
        return false;
    memcpy(frame + ETHERNET, packet, len);
    if (send(air, frame, ETHERNET + len, 0) >= 0)
        return true;
    if (errno != EAGAIN && errno != ENOBUFS)
        stage_die("cannot send into the air: %s", strerror(errno));
    return false;
}

size_t stage_heard(uint8_t *packet, size_t size)
{
    uint8_t frame[ETHERNET + 2048];

    for (;;) {
        ssize_t n = recv(air, frame, sizeof(frame), MSG_DONTWAIT);
        const uint8_t *ip = frame + ETHERNET;

        if (n < 0)
            return 0;
        if (n < (ssize_t)ETHERNET + 48 || ip[24] == 0xff)
            continue;
        if (ip[6] != IPPROTO_HOPOPTS && ip[6] != IPPROTO_ROUTING && ip[6] != IPPROTO_UDP)
            continue;
        n -= (ssize_t)ETHERNET;
        if ((size_t)n > size)
            continue;
        memcpy(packet, ip, (size_t)n);
        return (size_t)n;
    }
}

void stage_dao(enum rpl_mop mop, uint32_t first, uint32_t count, uint32_t via, uint8_t sequence)
{
    static struct rpl_wire_message msg;
    struct rpl_wire_dao *dao = &msg.u.dao;
    const bool storing = mop == RPL_MOP_STORING;
    const struct rpl_addr src = storing ? stage_local(via) : stage_global(first);
    const struct rpl_addr dst = storing ? stage_local(1) : stage_global(1);
    uint8_t packet[40 + RPL_MESSAGE_MAX] = {0x60};

    memset(&msg, 0, sizeof(msg));
    msg.code = RPL_CODE_DAO;
    dao->sequence = sequence;
    dao->target_count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        dao->target[i].len = 128;
        dao->target[i].prefix = stage_global(first + i);
    }
    dao->transit_count = dao->group_count = 1;
    dao->transit[0].path_sequence = sequence;
    dao->transit[0].path_lifetime = 250;
    dao->transit[0].has_parent = !storing;
    dao->transit[0].parent = stage_global(via);
    int n = rpl_wire_write(&msg, &src, &dst, packet + 40, RPL_MESSAGE_MAX);
    if (n < 0)
        stage_die("cannot write a DAO");
    packet[4] = (uint8_t)(n >> 8);
    packet[5] = (uint8_t)n;
    packet[6] = IPPROTO_ICMPV6;
    packet[7] = 255;
    memcpy(packet + 8, src.b, 16);
    memcpy(packet + 24, dst.b, 16);
    while (!stage_send(packet, 40 + (size_t)n))
        poll(NULL, 0, 1);
}

/* ---- the routes --------------------------------------------------------------------------- */

void stage_watch_begin(void)
{
    const int room = WATCH_BUFFER;

    watch = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!watch)
        stage_die("no routing socket: %s", strerror(errno));
    (void)!setsockopt(mnl_socket_get_fd(watch), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    if (mnl_socket_bind(watch, RTMGRP_IPV6_ROUTE, MNL_SOCKET_AUTOPID) < 0)
        stage_die("no routing socket: %s", strerror(errno));
}

bool stage_watch(uint32_t *came, uint32_t *gone)
{
    static uint8_t buf[65536];

    for (;;) {
        ssize_t n = recv(mnl_socket_get_fd(watch), buf, sizeof(buf), MSG_DONTWAIT);
        const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
        int left = (int)n;

        if (n < 0)
            return errno == EAGAIN;
        for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
            const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

            if (rtm->rtm_protocol != STAGE_PROTOCOL || rtm->rtm_dst_len != 128)
                continue;
            *came += nlh->nlmsg_type == RTM_NEWROUTE;
            *gone += nlh->nlmsg_type == RTM_DELROUTE;
        }
    }
}

void stage_watch_end(void)
{
    mnl_socket_close(watch);
    watch = NULL;
}
