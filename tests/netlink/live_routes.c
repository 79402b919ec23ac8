/* SPDX-License-Identifier: ISC */
/* Routes: each kind, many, refused ones, those of others, and the clean end. */
#include "tests/netlink/live.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink/krt_priv.h"

#define MANY 10000u

static void set_ok(struct live *live, uint64_t token, const struct rpl_route *route)
{
    uint32_t before = live->answers;

    assert_int_equal(krt_route_set(live->krt, token, route), 0);
    live_answers(live, before + 1);
    assert_int_equal(live->error[token], 0);
}

static void kinds(void **state)
{
    struct live *live = *state;
    struct rpl_route route = live_via(live, 7);
    struct rpl_route prefix = {.kind = RPL_ROUTE_UNREACHABLE, .dst_len = 64, .metric = 4096};

    set_ok(live, 1, &route);
    assert_int_equal(
        live_lines("2001:db8::7 via fe80::1 dev va metric 1024", "-6 route show proto 155"), 1);
    route.via = live_addr("fe80::2");
    set_ok(live, 2, &route);
    assert_int_equal(live_lines("2001:db8::7", "-6 route show proto 155"), 1);
    assert_int_equal(live_lines("via fe80::2 dev va", "-6 route show proto 155"), 1);

    route.kind = RPL_ROUTE_TUN;
    assert_int_equal(krt_route_set(live->krt, 3, &route), -ENODEV);
    krt_set_tun(live->krt, live->vb);
    set_ok(live, 3, &route);
    assert_int_equal(live_lines("2001:db8::7", "-6 route show proto 155"), 1);
    assert_int_equal(live_lines("2001:db8::7 dev vb metric 1024", "-6 route show proto 155"), 1);

    route.kind = RPL_ROUTE_UNREACHABLE;
    set_ok(live, 4, &route);
    assert_int_equal(live_lines("2001:db8::7", "-6 route show proto 155"), 1);
    assert_int_equal(live_lines("unreachable 2001:db8::7", "-6 route show proto 155"), 1);

    route.kind = RPL_ROUTE_VIA;
    set_ok(live, 5, &route);
    prefix.dst = live_addr("2001:db8::");
    set_ok(live, 6, &prefix);
    assert_int_equal(
        live_lines("unreachable 2001:db8::/64 dev lo metric 4096", "-6 route show proto 155"), 1);

    assert_int_equal(krt_route_del(live->krt, 7, &route), 0);
    assert_int_equal(krt_route_del(live->krt, 8, &prefix), 0);
    assert_int_equal(krt_route_del(live->krt, 9, &prefix), 0);
    live_answers(live, 9);
    assert_int_equal(live->failures, 0);
    assert_int_equal(live_lines("", "-6 route show proto 155"), 0);
    live_settle(live);
    assert_int_equal(live->lost_count, 0);
}

static void bad_arguments(void **state)
{
    struct live *live = *state;
    struct rpl_route route = live_via(live, 1);

    route.dst_len = 129;
    assert_int_equal(krt_route_set(live->krt, 1, &route), -EINVAL);
    assert_int_equal(krt_route_del(live->krt, 1, &route), -EINVAL);
    route = live_via(live, 1);
    route.ifindex = 0;
    assert_int_equal(krt_route_set(live->krt, 1, &route), -EINVAL);
    route = live_via(live, 1);
    route.via = live_addr("2001:db8::1");
    assert_int_equal(krt_route_set(live->krt, 1, &route), -EINVAL);
    assert_int_equal(krt_ready(live->krt, 0), -EBADF);
}

static void count_all_once(const struct live *live, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++)
        assert_int_equal(live->answered[i], 1);
}

static void many(void **state)
{
    struct live *live = *state;
    struct krt_stats stats;
    uint32_t i, removed;

    for (i = 0; i < MANY; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
    live_answers(live, MANY);
    assert_int_equal(live->failures, 0);
    count_all_once(live, MANY);
    assert_int_equal(live_lines("via fe80::1 dev va", "-6 route show proto 155"), MANY);
    krt_stats_get(live->krt, &stats);
    assert_int_equal(stats.changes, MANY);
    assert_int_equal(stats.queued, 0);
    assert_in_range(stats.sends, 1, MANY / 100);

    /* Half by single deletions, the rest by the clean end; a route of others stays. */
    live_ip("-6 route add 2001:db8:1::1/128 via fe80::9 dev va proto static");
    for (i = 0; i < MANY / 2; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_del(live->krt, MANY + i, &route), 0);
    }
    live_answers(live, MANY + MANY / 2);
    assert_int_equal(live->failures, 0);
    assert_int_equal(live_lines("", "-6 route show proto 155"), MANY / 2);
    assert_int_equal(krt_route_flush(live->krt, 5000, &removed), 0);
    assert_int_equal(removed, MANY / 2);
    assert_int_equal(live_lines("", "-6 route show proto 155"), 0);
    assert_int_equal(live_lines("2001:db8:1::1", "-6 route show proto static"), 1);
    live_settle(live);
    assert_int_equal(live->lost_count, 0);
    assert_int_equal(live->answers, MANY + MANY / 2);
}

/* After krt_route_flush() the instance still works. */
static void flush_and_go_on(void **state)
{
    struct live *live = *state;
    struct rpl_route route = live_via(live, 1);
    uint32_t removed = 99;

    assert_int_equal(krt_route_flush(live->krt, 1000, &removed), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(krt_route_set(live->krt, 1, &route), 0);
    assert_int_equal(krt_route_flush(live->krt, 1000, &removed), 0);
    live_settle(live);
    assert_int_equal(live->answers, 0);
    set_ok(live, 2, &route);
    assert_int_equal(krt_route_flush(live->krt, 1000, &removed), 0);
    assert_int_equal(removed, 1);
    assert_int_equal(live_lines("", "-6 route show proto 155"), 0);
}

/* Every seventh change names a link that is not there. */
static void queue_mixed(struct live *live, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        struct rpl_route route = live_via(live, i + 1);

        if (i % 7 == 3)
            route.ifindex = 999999;
        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
}

static void check_mixed(struct live *live, uint32_t n)
{
    uint32_t i;

    count_all_once(live, n);
    for (i = 0; i < n; i++)
        assert_int_equal(live->error[i], i % 7 == 3 ? ENODEV : 0);
    assert_int_equal(live_lines("", "-6 route show proto 155"), n - live->failures);
}

static void errors_in_the_middle(void **state)
{
    struct live *live = *state;

    queue_mixed(live, 3000);
    live_answers(live, 3000);
    check_mixed(live, 3000);
}

/* A send whose last message fails, and one in which all fail. */
static void errors_at_the_end(void **state)
{
    struct live *live = *state;
    struct rpl_route good = live_via(live, 1), bad = live_via(live, 2);
    uint32_t i;

    bad.ifindex = 999999;
    assert_int_equal(krt_route_set(live->krt, 0, &good), 0);
    assert_int_equal(krt_route_set(live->krt, 1, &bad), 0);
    live_answers(live, 2);
    assert_int_equal(live->error[0], 0);
    assert_int_equal(live->error[1], ENODEV);
    for (i = 2; i < 1002; i++)
        assert_int_equal(krt_route_set(live->krt, i, &bad), 0);
    live_answers(live, 1002);
    assert_int_equal(live->failures, 1001);
}

/* The receive buffer is reckoned far too large: answers get lost, and all come right. */
static void lost_answers(void **state)
{
    struct live *live = *state;
    struct krt_options options = {.change_buffer = 4096};
    struct krt_stats stats;
    uint32_t i;

    live_restart(live, &options);
    live->krt->window = 4096;
    queue_mixed(live, 3000);
    live_answers(live, 3000);
    check_mixed(live, 3000);
    krt_stats_get(live->krt, &stats);
    assert_true(stats.repeated > 0);
    assert_true(stats.overruns > 0);
    assert_true(live->krt->window < 4096);

    /* Replaced and deleted in turn: the last word counts. */
    live->krt->window = 4096;
    for (i = 0; i < 3000; i++) {
        struct rpl_route route = live_via(live, 1 + i % 10);

        route.via.b[15] = (uint8_t)(i / 10);
        if (i % 3 == 0)
            assert_int_equal(krt_route_del(live->krt, 3000 + i, &route), 0);
        else if (i % 3 == 1)
            assert_int_equal(krt_route_set(live->krt, 3000 + i, &route), 0);
        else {
            route.ifindex = 999999;
            assert_int_equal(krt_route_set(live->krt, 3000 + i, &route), 0);
        }
    }
    live_answers(live, 6000);
    assert_int_equal(live->failures, 3000 / 7 + 1 + 1000);
    live_settle(live);
    assert_int_equal(live->lost_count, 0);
}

static void queue_full(void **state)
{
    struct live *live = *state;
    struct krt_options options = {.queue = 64};
    struct rpl_route route = live_via(live, 1);
    uint32_t i;

    live_restart(live, &options);
    assert_int_equal(krt_room(live->krt), 64);
    for (i = 0; i < 64; i++)
        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    assert_int_equal(krt_room(live->krt), 0);
    assert_int_equal(krt_route_set(live->krt, 64, &route), -ENOBUFS);
    assert_int_equal(live->rooms, 0);
    live_answers(live, 64);
    assert_int_equal(live->rooms, 1);
    assert_int_equal(krt_room(live->krt), 64);
    set_ok(live, 64, &route);
    assert_int_equal(live->rooms, 1);
}

static bool one_lost(const struct live *live)
{
    return live->lost_count >= 1;
}

/* ---- default routes ---------------------------------------------------------------- */

static void default_route(void **state)
{
    struct live *live = *state;
    struct rpl_route route = live_via(live, 0);
    struct rpl_route better = {.kind = RPL_ROUTE_UNREACHABLE, .metric = 512};

    memset(&route.dst, 0, sizeof(route.dst));
    route.dst_len = 0;
    live_ip("-6 route add default via fe80::99 dev vb proto static metric 1024");
    assert_int_equal(krt_route_set(live->krt, 1, &route), 0);
    assert_int_equal(krt_route_set(live->krt, 2, &better), 0);
    live_answers(live, 2);
    assert_int_equal(live->error[1], EEXIST);
    assert_int_equal(live->error[2], 0);
    assert_int_equal(live_lines("default via fe80::99 dev vb", "-6 route show proto static"), 1);
    /* It goes: ours has its turn, which somebody has to be told. */
    assert_int_equal(live->lost_count, 0);
    live_ip("-6 route del default via fe80::99 dev vb proto static metric 1024");
    live_until(live, one_lost);
    assert_int_equal(live->lost.dst_len, 0);
    assert_int_equal(live->lost.metric, 0);
    live->lost_count = 0;

    /* Ours is replaced by ours, and so is one of an earlier run. */
    set_ok(live, 3, &route);
    route.via = live_addr("fe80::2");
    set_ok(live, 4, &route);
    assert_int_equal(live_lines("default via fe80::2 dev va", "-6 route show proto 155"), 1);
    assert_int_equal(live_lines("default via", "-6 route show"), 1);
    live_restart(live, NULL);
    route.via = live_addr("fe80::3");
    set_ok(live, 5, &route);
    assert_int_equal(live_lines("default via fe80::3 dev va", "-6 route show proto 155"), 1);
    assert_int_equal(live_lines("default via", "-6 route show"), 1);

    /* Taken away and given to somebody else: no longer ours to replace. */
    live_ip("-6 route replace default via fe80::98 dev vb proto static metric 1024");
    live_settle(live);
    assert_int_equal(live->lost_count, 1);
    assert_int_equal(live->lost.dst_len, 0);
    assert_int_equal(live->lost.metric, 0);
    assert_int_equal(krt_route_set(live->krt, 6, &route), 0);
    live_answers(live, 2);
    assert_int_equal(live->error[6], EEXIST);
    live_ip("-6 route del default via fe80::98 dev vb proto static metric 1024");
    assert_int_equal(krt_route_del(live->krt, 7, &better), 0);
    live_answers(live, 3);
    assert_int_equal(live->error[7], 0);
}

/* Many sets of the default route in one turn go one after the other. */
static void default_route_in_a_row(void **state)
{
    struct live *live = *state;
    struct rpl_route route = live_via(live, 0);
    uint32_t i;

    memset(&route.dst, 0, sizeof(route.dst));
    route.dst_len = 0;
    for (i = 0; i < 30; i++) {
        struct rpl_route other = live_via(live, i + 1);

        route.via.b[15] = (uint8_t)(i + 1);
        assert_int_equal(krt_route_set(live->krt, 2 * i, &route), 0);
        assert_int_equal(krt_route_set(live->krt, 2 * i + 1, &other), 0);
    }
    live_answers(live, 60);
    assert_int_equal(live->failures, 0);
    assert_int_equal(live_lines("default via fe80::1e dev va", "-6 route show proto 155"), 1);
    assert_int_equal(live_lines("default via", "-6 route show proto 155"), 1);
}

/* ---- others ------------------------------------------------------------------------ */

static void foreign_delete(void **state)
{
    struct live *live = *state;
    struct rpl_route route = live_via(live, 5), other = live_via(live, 6);

    route.metric = 77;
    set_ok(live, 1, &route);
    set_ok(live, 2, &other);
    live_ip("-6 route add 2001:db8:2::1/128 dev va proto static");
    live_ip("-6 route del 2001:db8:2::1/128 dev va proto static");
    live_ip("-6 route del 2001:db8::5/128 metric 77");
    live_until(live, one_lost);
    live_settle(live);
    assert_int_equal(live->lost_count, 1);
    assert_memory_equal(&live->lost, &route, sizeof(route));

    /* Replaced by another protocol: no deletion is told by the kernel, yet it is lost. */
    live->lost_count = 0;
    live_ip("-6 route replace 2001:db8::6/128 via fe80::77 dev vb proto static");
    live_until(live, one_lost);
    assert_memory_equal(&live->lost.dst, &other.dst, sizeof(other.dst));
    assert_int_equal(live->lost.dst_len, 128);
}

/* A route is set and at once taken away: the answer is told before the loss, even if the loss is
 * read first. */
static void answers_before_losses(void **state)
{
    struct live *live = *state;
    uint32_t i;

    for (i = 0; i < 1000; i++) {
        struct rpl_route route = live_via(live, i + 1);

        if (i % 2)
            route.ifindex = 999999; /* an answer each */
        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
    assert_int_equal(krt_flush(live->krt), 0);
    live_ip("-6 route del 2001:db8::1/128");
    assert_int_equal(krt_ready(live->krt, mnl_socket_get_fd(live->krt->watch)), 0);
    assert_int_equal(live->lost_count, 1);
    assert_int_equal(live->answers_before_loss, 1000);
}

static bool route_dumped(const struct live *live)
{
    return live->route_dumps > 0;
}

static const struct rpl_route *find(const struct live *live, const struct rpl_route *route)
{
    uint32_t i;

    for (i = 0; i < live->found_count && i < FOUND_MAX; i++) {
        if (memcmp(&live->found[i], route, sizeof(*route)) == 0)
            return &live->found[i];
    }
    return NULL;
}

/* What an earlier run left is found as it was set, and nothing of others. */
static void dump(void **state)
{
    struct live *live = *state;
    struct rpl_route via = live_via(live, 1), tun = {.kind = RPL_ROUTE_TUN, .dst_len = 128};
    struct rpl_route prefix = {.kind = RPL_ROUTE_UNREACHABLE, .dst_len = 64, .metric = 4096};
    struct rpl_route def = via;

    tun.dst = live_addr("2001:db8::2");
    tun.ifindex = live->vb;
    prefix.dst = live_addr("2001:db8::");
    memset(&def.dst, 0, sizeof(def.dst));
    def.dst_len = 0;
    def.metric = 300;
    krt_set_tun(live->krt, live->vb);
    set_ok(live, 1, &via);
    set_ok(live, 2, &tun);
    set_ok(live, 3, &prefix);
    set_ok(live, 4, &def);
    live_ip("-6 route add 2001:db8:3::1/128 dev va proto static");
    live_ip("-6 route add 2001:db8:3::2/128 dev va proto 155 table 100");

    live_restart(live, NULL);
    assert_int_equal(krt_dump_routes(live->krt), 0);
    /* Changes of the same turn wait until the dump has ended. */
    assert_int_equal(krt_route_del(live->krt, 1, &via), 0);
    live_until(live, route_dumped);
    live_answers(live, 1);
    assert_int_equal(live->route_dump_error, 0);
    assert_int_equal(live->found_count, 4);
    assert_non_null(find(live, &via));
    assert_non_null(find(live, &tun));
    assert_non_null(find(live, &prefix));
    assert_non_null(find(live, &def));
    assert_int_equal(live->route_dumps, 1);
    live_ip("-6 route flush table 100");
}

/* A dump of many datagrams tells the table as it was, though all of it is deleted meanwhile. */
static void dump_is_whole(void **state)
{
    struct live *live = *state;
    uint32_t i;

    for (i = 0; i < 3000; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
    live_answers(live, 3000);
    assert_int_equal(krt_dump_routes(live->krt), 0);
    for (i = 0; i < 3000; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_del(live->krt, 3000 + i, &route), 0);
    }
    live_answers(live, 6000);
    assert_int_equal(live->failures, 0);
    assert_int_equal(live->route_dumps, 1);
    assert_int_equal(live->route_dump_error, 0);
    assert_int_equal(live->found_count, 3000);
}

/* Somebody else changes the table while it is told: it is told again, or the end says so. */
static void dump_disturbed(void **state)
{
    struct live *live = *state;
    uint32_t i;

    for (i = 0; i < 3000; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
    live_answers(live, 3000);
    assert_int_equal(krt_dump_routes(live->krt), 0);
    live_ip("-6 route del 2001:db8::b00/128");
    live_until(live, route_dumped);
    assert_int_equal(live->route_dumps, 1);
    assert_int_equal(live->route_dump_error, 0);
    assert_true(live->found_count > 3000); /* the second time around */
}

static bool routes_overrun(const struct live *live)
{
    return live->overruns[KRT_OVERRUN_ROUTES] > 0;
}

/* More is taken from us than the buffer can tell: a dump shows what is left. */
static void overrun(void **state)
{
    struct live *live = *state;
    struct krt_options options = {.notice_buffer = 4096};
    uint32_t i;

    live_restart(live, &options);
    for (i = 0; i < 1000; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
    live_answers(live, 1000);
    live_ip("-6 route flush proto 155");
    live_until(live, routes_overrun);
    assert_int_equal(krt_dump_routes(live->krt), 0);
    live_until(live, route_dumped);
    assert_int_equal(live->found_count, 0);

    live->route_dumps = 0;
    for (i = 0; i < 10; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, 1000 + i, &route), 0);
    }
    live_answers(live, 1010);
    assert_int_equal(krt_dump_routes(live->krt), 0);
    live_until(live, route_dumped);
    assert_int_equal(live->found_count, 10);
}

/* ---- privileges -------------------------------------------------------------------- */

static bool keep_net_admin_only(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};

    data[0].effective = data[0].permitted = 1u << CAP_NET_ADMIN;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_capset, &header, data) == 0;
}

/* Opened before, used after all but one capability is gone. */
static void net_admin_only(void **state)
{
    struct live *live = *state;
    int status;
    pid_t pid;

    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rpl_route route = live_via(live, 1);
        struct rpl_addr addr = live_addr("2001:db8::100");
        uint32_t removed;

        if (!keep_net_admin_only())
            _exit(10);
        if (krt_route_set(live->krt, 1, &route) < 0 || krt_flush(live->krt) < 0)
            _exit(11);
        if (krt_sock_wait(live->krt->change, 1000) < 0 ||
            krt_ready(live->krt, mnl_socket_get_fd(live->krt->change)) < 0 || live->answers != 1 ||
            live->failures != 0)
            _exit(12);
        if (krt_addr_set(live->krt, live->va, &addr, 128) < 0 ||
            krt_link_mtu(live->krt, live->va, 1280) < 0)
            _exit(13);
        if (krt_route_flush(live->krt, 1000, &removed) < 0 || removed != 1)
            _exit(14);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(live_lines("mtu 1280", "link show va"), 1);
}

#define LIVE_TEST(f)                                                                               \
    {                                                                                              \
        "route: " #f, f, live_setup, live_teardown_routes, NULL                                    \
    }
const struct CMUnitTest live_route_tests[] = {
    LIVE_TEST(kinds),
    LIVE_TEST(bad_arguments),
    LIVE_TEST(many),
    LIVE_TEST(flush_and_go_on),
    LIVE_TEST(errors_in_the_middle),
    LIVE_TEST(errors_at_the_end),
    LIVE_TEST(lost_answers),
    LIVE_TEST(queue_full),
    LIVE_TEST(default_route),
    LIVE_TEST(default_route_in_a_row),
    LIVE_TEST(foreign_delete),
    LIVE_TEST(answers_before_losses),
    LIVE_TEST(dump),
    LIVE_TEST(dump_is_whole),
    LIVE_TEST(dump_disturbed),
    LIVE_TEST(overrun),
    LIVE_TEST(net_admin_only),
};
const size_t live_route_test_count = sizeof(live_route_tests) / sizeof(live_route_tests[0]);
