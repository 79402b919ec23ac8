/* SPDX-License-Identifier: ISC */
/*
 * A root with 10,000 nodes comes back. `cold` is a machine that started anew: nothing is in the
 * kernel, and the clock runs from exec to the last route. `warm` is kill -9: the routes stand, and
 * the clock runs from exec until rpld knows every node again and, in non-storing mode, until a
 * packet to the last node is on its way. Routes that were gone in between are counted. Beside it a
 * bare loop that installs as many routes and does nothing else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/stage.h"

#define NODES 10000u
#define FAN_OUT 8u        /* children of a node, non-storing */
#define CHILD_TARGETS 50u /* of one child of the root, storing: what fits into a DAO */
#define CHILDREN (NODES / CHILD_TARGETS)
#define TRIES 5
#define PATIENCE 60.0
#define GOAL 0.2

struct restart {
    enum rpl_mop mop;
    uint32_t ifindex;
    int udp; /* for packets to the last node */
};

static double middle(double *of)
{
    for (int i = 1; i < TRIES; i++)
        for (int k = i; k > 0 && of[k] < of[k - 1]; k--) {
            double swap = of[k];

            of[k] = of[k - 1];
            of[k - 1] = swap;
        }
    return of[TRIES / 2];
}

static void patience(double since, const char *what)
{
    char view[4096];

    if (bench_now() - since < PATIENCE)
        return;
    stage_ask("text status", view, sizeof(view));
    stage_die("%s: not after %.0f s\n%s", what, PATIENCE, view);
}

/* ---- 10,000 nodes -------------------------------------------------------------------------- */

static void announce(const struct restart *r)
{
    if (r->mop == RPL_MOP_STORING) {
        for (uint32_t i = 0; i < CHILDREN; i++)
            stage_dao(r->mop, 2 + i * CHILD_TARGETS, CHILD_TARGETS, 2 + i, 241);
        return;
    }
    for (uint32_t n = 2; n < 2 + NODES; n++) {
        stage_dao(r->mop, n, 1, n <= FAN_OUT ? 1 : (n - 2) / FAN_OUT + 2, 241);
        if (n % 100 == 0)
            poll(NULL, 0, 1); /* its receive buffer has an end */
    }
}

static void learn(const struct restart *r)
{
    double began = bench_now();

    stage_start();
    while (stage_nodes() < 0) {
        patience(began, "rpld runs");
        poll(NULL, 0, 10);
    }
    while (stage_nodes() < (long)NODES) {
        announce(r);
        patience(began, "rpld knows every node");
        for (int i = 0; i < 20 && stage_nodes() < (long)NODES; i++)
            poll(NULL, 0, 50);
    }
}

/* ---- coming back --------------------------------------------------------------------------- */

static double cold(void)
{
    uint32_t came = 0, gone = 0;

    stage_stop(SIGTERM);
    stage_watch_begin();
    double began = bench_now();
    stage_start();
    while (came < NODES) {
        if (!stage_watch(&came, &gone))
            stage_die("the kernel's notices were lost");
        patience(began, "every route is in the kernel");
        poll(NULL, 0, 1);
    }
    double took = bench_now() - began;
    stage_watch_end();
    return took;
}

static bool packet_passes(const struct restart *r)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(5683)};
    const struct rpl_addr last = stage_global(1 + NODES);
    uint8_t packet[2048];

    memcpy(&to.sin6_addr, last.b, sizeof(to.sin6_addr));
    if (sendto(r->udp, "x", 1, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0 &&
        errno != EAGAIN && errno != ENETUNREACH && errno != EHOSTUNREACH)
        stage_die("cannot send: %s", strerror(errno));
    while (stage_heard(packet, sizeof(packet)) > 0)
        if (packet[6] != IPPROTO_ICMPV6)
            return true;
    return false;
}

static void air_quiet(void)
{
    uint8_t packet[2048];

    while (stage_heard(packet, sizeof(packet)) > 0)
        continue;
}

static double warm(const struct restart *r, double *first_packet, uint32_t *gone)
{
    uint32_t came = 0;
    bool passed = r->mop == RPL_MOP_STORING; /* by the kernel, without us */

    *first_packet = 0;
    stage_stop(SIGKILL);
    air_quiet();
    stage_watch_begin();
    double began = bench_now();
    stage_start();
    for (bool known = false; !known || !passed;) {
        patience(began, "rpld knows every node again");
        if (!passed && packet_passes(r)) {
            passed = true;
            *first_packet = bench_now() - began;
        }
        known = known || stage_nodes() == (long)NODES;
        if (!known || !passed)
            poll(NULL, 0, 1);
    }
    double took = bench_now() - began;
    if (!stage_watch(&came, gone))
        stage_die("the kernel's notices were lost");
    stage_watch_end();
    return took;
}

static void figure(const char *name, double *seconds, double limit)
{
    bench_figure(&(struct bench_figure){.name = name,
                                        .unit = "s",
                                        .at = NODES,
                                        .value = middle(seconds),
                                        .limit = limit,
                                        .goal = GOAL});
}

static double machine(const struct restart *r)
{
    double bare[TRIES];

    for (int i = 0; i < TRIES; i++) {
        stage_empty();
        bare[i] = bench_bare_routes(r->ifindex, NODES);
    }
    stage_empty();
    return middle(bare);
}

static void run(struct restart *r, double limit)
{
    const bool storing = r->mop == RPL_MOP_STORING;
    double cold_s[TRIES], warm_s[TRIES], packet_s[TRIES];
    uint32_t gone = 0;

    stage_configure(r->mop, NODES);
    learn(r);
    for (int i = 0; i < TRIES; i++)
        cold_s[i] = cold();
    for (int i = 0; i < TRIES; i++)
        warm_s[i] = warm(r, &packet_s[i], &gone);
    stage_stop(SIGTERM);
    figure(storing ? "storing-cold" : "non-storing-cold", cold_s, limit);
    figure(storing ? "storing-warm" : "non-storing-warm", warm_s, limit);
    if (!storing)
        figure("non-storing-warm-first-packet", packet_s, limit);
    bench_figure(
        &(struct bench_figure){.name = storing ? "storing-routes-gone" : "non-storing-routes-gone",
                               .unit = "routes",
                               .at = NODES,
                               .value = gone});
}

int bench_restart(bool json)
{
    struct restart r = {.mop = RPL_MOP_NON_STORING};

    stage_open();
    r.ifindex = if_nametoindex("mesh");
    r.udp = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (r.udp < 0)
        stage_die("no socket: %s", strerror(errno));
    double limit = machine(&r);
    bench_begin("restart", json);
    run(&r, limit);
    r.mop = RPL_MOP_STORING;
    run(&r, limit);
    bench_end();
    close(r.udp);
    return 0;
}
