/* SPDX-License-Identifier: ISC */
#include "tests/netlink/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 10000

/* ---- what is heard ----------------------------------------------------------------- */

static void on_result(void *ctx, uint64_t token, int error)
{
    struct live *live = ctx;

    assert_true(token < TOKENS_MAX);
    live->answers++;
    live->answered[token]++;
    live->error[token] = error;
    if (error)
        live->failures++;
}

static void on_route_found(void *ctx, const struct rpl_route *route)
{
    struct live *live = ctx;

    if (live->found_count < FOUND_MAX)
        live->found[live->found_count] = *route;
    live->found_count++;
}

static void on_route_dump_done(void *ctx, int error)
{
    struct live *live = ctx;

    live->route_dumps++;
    live->route_dump_error = error;
}

static void on_route_lost(void *ctx, const struct rpl_route *route)
{
    struct live *live = ctx;

    live->lost_count++;
    live->lost = *route;
    live->answers_before_loss = live->answers;
}

static void dump_again(struct live *live)
{
    if (!live->dump_again)
        return;
    live->dump_again = false;
    assert_int_equal(krt_dump(live->krt), 0);
}

static void on_link(void *ctx, const struct krt_link *link, bool gone)
{
    struct live *live = ctx;
    struct heard_link heard = {*link, gone};

    live->link_count++;
    if (strcmp(link->name, "va") == 0)
        live->link[0] = heard;
    if (strcmp(link->name, "vb") == 0)
        live->link[1] = heard;
    if (gone)
        dump_again(live);
}

static void on_address(void *ctx, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen,
                       bool usable, bool present)
{
    struct live *live = ctx;

    live->addr_count++;
    live->addr = (struct heard_addr){ifindex, *addr, plen, usable, present};
    if (!present)
        dump_again(live);
}

static void on_dump_done(void *ctx)
{
    struct live *live = ctx;

    live->dumps++;
}

static void on_neighbour(void *ctx, uint32_t ifindex, const struct rpl_addr *addr,
                         enum krt_neighbour_state state)
{
    struct live *live = ctx;

    assert_true(ifindex == live->va || ifindex == live->vb);
    live->neighbour = *addr;
    if (state == KRT_NEIGHBOUR_FAILED)
        live->neighbour_failed++;
    else
        live->neighbour_reachable++;
}

static void on_overrun(void *ctx, enum krt_overrun what)
{
    struct live *live = ctx;

    live->overruns[what]++;
}

static void on_room(void *ctx)
{
    struct live *live = ctx;

    live->rooms++;
}

static void on_delegation(void *ctx)
{
    struct live *live = ctx;

    live->delegations++;
}

static void on_ruleset(void *ctx)
{
    struct live *live = ctx;

    live->rulesets++;
}

static const struct krt_callbacks callbacks = {
    .result = on_result,
    .route_found = on_route_found,
    .route_dump_done = on_route_dump_done,
    .route_lost = on_route_lost,
    .link = on_link,
    .address = on_address,
    .dump_done = on_dump_done,
    .neighbour = on_neighbour,
    .overrun = on_overrun,
    .room = on_room,
    .delegation = on_delegation,
    .ruleset = on_ruleset,
};

/* ---- the loop ---------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec ts;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One turn; false if nothing came in |timeout_ms|. */
static bool turn(struct live *live, int timeout_ms)
{
    struct pollfd p[KRT_FDS_MAX];
    int fds[KRT_FDS_MAX];
    size_t i, n = krt_fds(live->krt, fds);
    int ready;

    assert_int_equal(krt_flush(live->krt), 0);
    for (i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    ready = poll(p, (nfds_t)n, timeout_ms);
    assert_true(ready >= 0);
    for (i = 0; i < n; i++) {
        if (p[i].revents)
            assert_int_equal(krt_ready(live->krt, p[i].fd), 0);
    }
    return ready > 0;
}

void live_until(struct live *live, bool (*done)(const struct live *live))
{
    int64_t deadline = now_ms() + PATIENCE_MS;

    while (!done(live)) {
        int64_t left = deadline - now_ms();

        if (left <= 0)
            fail_msg("not told within %d ms", PATIENCE_MS);
        (void)turn(live, (int)left);
    }
}

void live_answers(struct live *live, uint32_t count)
{
    int64_t deadline = now_ms() + PATIENCE_MS;

    while (live->answers < count) {
        int64_t left = deadline - now_ms();

        if (left <= 0)
            fail_msg("%u answers of %u within %d ms", live->answers, count, PATIENCE_MS);
        (void)turn(live, (int)left);
    }
    assert_int_equal(live->answers, count);
}

void live_settle(struct live *live)
{
    while (turn(live, 0))
        continue;
}

/* ---- the surroundings -------------------------------------------------------------- */

void live_ip(const char *format, ...)
{
    char command[512] = "ip ";
    va_list ap;

    va_start(ap, format);
    vsnprintf(command + 3, sizeof(command) - 3, format, ap);
    va_end(ap);
    if (system(command) != 0)
        fail_msg("%s", command);
}

uint32_t live_lines(const char *needle, const char *format, ...)
{
    char command[512] = "ip ", line[1024];
    uint32_t count = 0;
    va_list ap;
    FILE *f;

    va_start(ap, format);
    vsnprintf(command + 3, sizeof(command) - 3, format, ap);
    va_end(ap);
    f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (strstr(line, needle))
            count++;
    }
    assert_int_equal(pclose(f), 0);
    return count;
}

void live_sysctl(const char *name, const char *value)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/%s", name);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(value, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

struct rpl_addr live_addr(const char *text)
{
    struct rpl_addr addr;

    assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
    return addr;
}

struct rpl_route live_via(const struct live *live, uint32_t n)
{
    struct rpl_route route = {.kind = RPL_ROUTE_VIA, .dst_len = 128, .ifindex = live->va};

    route.dst = live_addr("2001:db8::");
    route.dst.b[13] = (uint8_t)(n >> 16);
    route.dst.b[14] = (uint8_t)(n >> 8);
    route.dst.b[15] = (uint8_t)n;
    route.via = live_addr("fe80::1");
    return route;
}

uint32_t live_ifindex(const char *name)
{
    return if_nametoindex(name);
}

/* ---- set-up ------------------------------------------------------------------------ */

static bool dumped(const struct live *live)
{
    return live->dumps > 0;
}

static bool both_up(const struct live *live)
{
    return live->link[0].link.up && live->link[1].link.up && live->link[0].link.has_link_local &&
           live->link[1].link.has_link_local;
}

static void start(struct live *live, const struct krt_options *options)
{
    assert_int_equal(krt_new(&callbacks, live, options, &live->krt), 0);
    assert_int_equal(krt_dump(live->krt), 0);
    live_until(live, dumped);
}

int live_setup(void **state)
{
    struct live *live = calloc(1, sizeof(*live));

    assert_non_null(live);
    *state = live;
    live_ip("link set lo up");
    if (live_ifindex("va") == 0)
        live_ip("link add va type veth peer name vb");
    live->va = live_ifindex("va");
    live->vb = live_ifindex("vb");
    start(live, NULL);
    assert_int_equal(krt_link_up(live->krt, live->va), 0);
    assert_int_equal(krt_link_up(live->krt, live->vb), 0);
    live_until(live, both_up);
    return 0;
}

int live_teardown_routes(void **state)
{
    struct live *live = *state;

    assert_int_equal(krt_route_flush(live->krt, 5000, NULL), 0);
    krt_free(live->krt);
    live_ip("-6 route flush table all proto static");
    live_ip("-6 addr flush dev va scope global");
    free(live);
    return 0;
}

int live_teardown_links(void **state)
{
    struct live *live = *state;

    krt_free(live->krt);
    live_ip("link del va");
    free(live);
    return 0;
}

void live_restart(struct live *live, const struct krt_options *options)
{
    uint32_t va = live->va, vb = live->vb;

    krt_free(live->krt);
    memset(live, 0, sizeof(*live));
    live->va = va;
    live->vb = vb;
    start(live, options);
}
