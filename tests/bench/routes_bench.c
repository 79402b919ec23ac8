/* SPDX-License-Identifier: ISC */
/*
 * Routes into the kernel, by netlink/ as the daemon uses it, and by a bare loop on libmnl that
 * does nothing but pack, send and read the last answer. Both in turns, into an empty table each
 * time, and by processor time of this process: the kernel works inside of our calls. The best of
 * some rounds counts, as all that disturbs makes slower.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/krt.h"
#include "tests/bench/bench.h"
#include "tests/bench/stage.h"

#define SEND_SIZE 32768u
#define MESSAGE_MAX 128u
#define ROUNDS 7
#define GOAL 0.85

static void table_count(uint32_t wanted)
{
    if (stage_try("test $(ip -6 route show proto 155 | wc -l) = %u", wanted) != 0)
        stage_die("not all of %u routes are in the kernel", wanted);
}

/* ---- the bare loop -------------------------------------------------------------------- */

static void bare_message(struct nlmsghdr *nlh, uint32_t ifindex, uint32_t node, uint32_t seq)
{
    const struct rpl_addr dst = stage_global(node), via = stage_local(2 + node % 8);
    struct rtmsg *rtm;

    nlh->nlmsg_type = RTM_NEWROUTE;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
    nlh->nlmsg_seq = seq;
    rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
    rtm->rtm_family = AF_INET6;
    rtm->rtm_dst_len = 128;
    rtm->rtm_table = RT_TABLE_MAIN;
    rtm->rtm_protocol = STAGE_PROTOCOL;
    rtm->rtm_type = RTN_UNICAST;
    mnl_attr_put(nlh, RTA_DST, sizeof(dst), &dst);
    mnl_attr_put_u32(nlh, RTA_PRIORITY, 1024);
    mnl_attr_put(nlh, RTA_GATEWAY, sizeof(via), &via);
    mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
}

static void bare_answer(struct mnl_socket *nl, uint32_t seq)
{
    char buf[8192];
    ssize_t n;

    do {
        n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
    } while (n < 0 && errno == EINTR);
    if (n < 0 || mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(nl), NULL, NULL) < 0)
        stage_die("the bare loop failed: %s", strerror(errno));
}

static struct mnl_socket *bare_open(void)
{
    struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);

    if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
        stage_die("no routing socket: %s", strerror(errno));
    return nl;
}

static void bare_install(struct mnl_socket *nl, uint32_t ifindex, uint32_t count)
{
    static char buf[SEND_SIZE + MESSAGE_MAX];
    uint32_t node = 0;

    while (node < count) {
        struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buf, SEND_SIZE);
        struct nlmsghdr *nlh = NULL;

        while (node < count && mnl_nlmsg_batch_size(batch) + MESSAGE_MAX <= SEND_SIZE) {
            nlh = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(batch));
            bare_message(nlh, ifindex, 2 + node, node + 1);
            node++;
            mnl_nlmsg_batch_next(batch);
        }
        if (nlh)
            nlh->nlmsg_flags |= NLM_F_ACK;
        if (mnl_socket_sendto(nl, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0)
            stage_die("the bare loop failed: %s", strerror(errno));
        bare_answer(nl, node);
        mnl_nlmsg_batch_stop(batch);
    }
}

/* ---- ours ----------------------------------------------------------------------------- */

struct ours {
    uint32_t answers, refused;
};

static void on_result(void *ctx, uint64_t token, int error)
{
    struct ours *ours = ctx;

    (void)token;
    ours->answers++;
    ours->refused += error != 0;
}

static void ours_turn(struct krt *krt, const int *fds, size_t count)
{
    struct pollfd p[KRT_FDS_MAX];

    for (size_t i = 0; i < count; i++)
        p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (poll(p, count, 1000) <= 0)
        stage_die("no answer from the kernel");
    for (size_t i = 0; i < count; i++)
        if (p[i].revents && krt_ready(krt, p[i].fd) < 0)
            stage_die("the routing socket broke");
}

/* Reads what others made the kernel say, until it is quiet. */
static void ours_settle(struct krt *krt)
{
    struct pollfd p[KRT_FDS_MAX];
    int fds[KRT_FDS_MAX];
    const size_t count = krt_fds(krt, fds);

    for (size_t i = 0; i < count; i++)
        p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    while (poll(p, count, 100) > 0)
        for (size_t i = 0; i < count; i++)
            if (p[i].revents && krt_ready(krt, p[i].fd) < 0)
                stage_die("the routing socket broke");
}

static void ours_install(struct krt *krt, struct ours *ours, uint32_t ifindex, uint32_t count)
{
    int fds[KRT_FDS_MAX];
    const size_t fd_count = krt_fds(krt, fds);
    uint32_t node = 0;

    *ours = (struct ours){0};
    while (ours->answers < count) {
        while (node < count && krt_room(krt) > 0) {
            struct rpl_route route = {.kind = RPL_ROUTE_VIA, .dst_len = 128, .ifindex = ifindex};

            route.dst = stage_global(2 + node);
            route.via = stage_local(2 + (2 + node) % 8);
            if (krt_route_set(krt, node, &route) < 0)
                stage_die("netlink/ refuses a route");
            node++;
        }
        if (krt_flush(krt) < 0)
            stage_die("netlink/ cannot send");
        ours_turn(krt, fds, fd_count);
    }
    if (ours->refused > 0)
        stage_die("%u routes were refused", ours->refused);
}

double bench_bare_routes(uint32_t ifindex, uint32_t count)
{
    struct mnl_socket *nl = bare_open();
    double began = bench_now();

    bare_install(nl, ifindex, count);
    double took = bench_now() - began;
    mnl_socket_close(nl);
    return took;
}

/* ---- beside each other ---------------------------------------------------------------- */

static void compare(struct krt *krt, struct ours *ours, uint32_t count)
{
    const uint32_t ifindex = if_nametoindex("mesh");
    struct mnl_socket *nl = bare_open();
    double bare_s = INFINITY, ours_s = INFINITY;

    for (int i = 0; i < ROUNDS; i++) {
        stage_empty();
        double began = bench_cpu();
        bare_install(nl, ifindex, count);
        bare_s = fmin(bare_s, bench_cpu() - began);
        table_count(count);
        stage_empty();
        /* The notices of the emptying are not part of it. */
        ours_settle(krt);
        began = bench_cpu();
        ours_install(krt, ours, ifindex, count);
        ours_s = fmin(ours_s, bench_cpu() - began);
        table_count(count);
    }
    mnl_socket_close(nl);
    bench_figure(&(struct bench_figure){.name = "routes-installed",
                                        .unit = "routes/s",
                                        .at = count,
                                        .value = count / ours_s,
                                        .limit = count / bare_s,
                                        .goal = GOAL * count / bare_s,
                                        .more = true});
}

int bench_routes(bool json)
{
    const struct krt_callbacks callbacks = {.result = on_result};
    struct ours ours;
    struct krt *krt;

    stage_open();
    if (krt_new(&callbacks, &ours, NULL, &krt) < 0)
        stage_die("netlink/ cannot open its sockets");
    bench_begin("routes", json);
    compare(krt, &ours, 10000);
    compare(krt, &ours, 100000);
    bench_end();
    krt_free(krt);
    return 0;
}
