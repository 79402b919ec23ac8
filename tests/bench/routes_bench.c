/* SPDX-License-Identifier: ISC */
/*
 * Routes into the kernel, by netlink/ as the daemon uses it, and by a bare loop on libmnl that
 * does nothing but pack, send and read the last answer. Both in turns, into an empty table each
 * time, and by processor time of this process: the kernel works inside of our calls.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
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
#define ROUNDS 5
#define GOAL 0.85

static double sorted_middle(double *of, int count)
{
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0 && of[k] < of[k - 1]; k--) {
            double swap = of[k];

            of[k] = of[k - 1];
            of[k - 1] = swap;
        }
    return of[count / 2];
}

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

static void bare_install(uint32_t ifindex, uint32_t count)
{
    static char buf[SEND_SIZE + MESSAGE_MAX];
    struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
    uint32_t node = 0;

    if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
        stage_die("no routing socket: %s", strerror(errno));
    while (node < count) {
        struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buf, SEND_SIZE);
        struct nlmsghdr *nlh = NULL;

        while (node < count && mnl_nlmsg_batch_size(batch) + MESSAGE_MAX <= SEND_SIZE) {
            nlh = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(batch));
            bare_message(nlh, ifindex, 2 + node, node + 1);
            node++;
            mnl_nlmsg_batch_next(batch);
        }
        nlh->nlmsg_flags |= NLM_F_ACK;
        if (mnl_socket_sendto(nl, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0)
            stage_die("the bare loop failed: %s", strerror(errno));
        bare_answer(nl, node);
        mnl_nlmsg_batch_stop(batch);
    }
    mnl_socket_close(nl);
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

static void ours_install(uint32_t ifindex, uint32_t count)
{
    const struct krt_callbacks callbacks = {.result = on_result};
    struct ours ours = {0};
    struct krt *krt;
    int fds[KRT_FDS_MAX];
    uint32_t node = 0;

    if (krt_new(&callbacks, &ours, NULL, &krt) < 0)
        stage_die("netlink/ cannot open its sockets");
    size_t fd_count = krt_fds(krt, fds);
    while (ours.answers < count) {
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
    if (ours.refused > 0)
        stage_die("%u routes were refused", ours.refused);
    krt_free(krt);
}

double bench_bare_routes(uint32_t ifindex, uint32_t count)
{
    double began = bench_now();

    bare_install(ifindex, count);
    return bench_now() - began;
}

/* ---- beside each other ---------------------------------------------------------------- */

static double timed(void (*install)(uint32_t, uint32_t), uint32_t ifindex, uint32_t count)
{
    stage_empty();
    double began = bench_cpu();
    install(ifindex, count);
    double took = bench_cpu() - began;
    table_count(count);
    return took;
}

int bench_routes(bool json)
{
    const uint32_t sizes[] = {10000, 100000};

    stage_open();
    uint32_t ifindex = if_nametoindex("mesh");
    bench_begin("routes", json);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        double bare[ROUNDS], ours[ROUNDS];

        for (int i = 0; i < ROUNDS; i++) {
            bare[i] = timed(bare_install, ifindex, sizes[s]);
            ours[i] = timed(ours_install, ifindex, sizes[s]);
        }
        double limit = sizes[s] / sorted_middle(bare, ROUNDS);
        bench_figure(&(struct bench_figure){.name = "routes-installed",
                                            .unit = "routes/s",
                                            .at = sizes[s],
                                            .value = sizes[s] / sorted_middle(ours, ROUNDS),
                                            .limit = limit,
                                            .goal = GOAL * limit,
                                            .more = true});
    }
    bench_end();
    return 0;
}
