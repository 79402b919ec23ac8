/* SPDX-License-Identifier: ISC */
/* Delegated prefixes, neighbour discovery for others, renamed links, and a very large table. */
#include <errno.h>
#include <string.h>

#include "tests/netlink/live.h"

#define LARGE 100000u
#define LARGE_STEP 10000u

static bool delegation_told(const struct live *live)
{
    return live->delegations > 0;
}

/* True if |prefix| is among those that were delegated; *ret_count says how many there are. */
static bool delegated(struct live *live, const char *prefix, uint8_t len, uint32_t *ret_count)
{
    const struct rpl_addr wanted = live_addr(prefix);
    struct rpl_prefix got[8];
    bool found = false;

    assert_int_equal(krt_delegations(live->krt, got, 8, ret_count), 0);
    for (uint32_t i = 0; i < *ret_count; i++)
        found = found || (got[i].len == len && memcmp(&got[i].addr, &wanted, sizeof(wanted)) == 0);
    return found;
}

/* What DHCPv6 clients leave is found and told; what others make unreachable is theirs. */
static void delegations(void **state)
{
    struct live *live = *state;
    uint32_t count = 0;

    live_ip("-6 route add unreachable 2001:db8:9900::/40 proto static");
    live_ip("-6 route add unreachable 2001:db8:9a00::/40 proto 155");
    live_ip("-6 route add unreachable 2001:db8:1:2::/64 proto dhcp");
    live_settle(live);
    assert_int_equal(live->delegations, 0);
    assert_false(delegated(live, "2001:db8:9900::", 40, &count));
    assert_int_equal(count, 0);
    live_ip("-6 route add unreachable 2001:db8:1200::/56 proto dhcp");
    live_until(live, delegation_told);
    live_ip("-6 route add blackhole 2001:db8:1300::/60 proto static metric 2147483647");
    assert_true(delegated(live, "2001:db8:1200::", 56, &count));
    assert_true(delegated(live, "2001:db8:1300::", 60, &count));
    assert_int_equal(count, 2);
    live_settle(live);
    live->delegations = 0;
    live_ip("-6 route del unreachable 2001:db8:1200::/56 proto dhcp");
    live_until(live, delegation_told);
    assert_false(delegated(live, "2001:db8:1200::", 56, &count));
    assert_int_equal(count, 1);
    live_ip("-6 route flush type unreachable");
    live_ip("-6 route flush type blackhole");
}

/* Twice is fine, and so is deleting what is not there; what others have put there stays. */
static void proxies(void **state)
{
    struct live *live = *state;

    live_ip("-6 neigh add proxy 2001:db8::77 dev va");
    for (uint32_t i = 0; i < 600; i++) {
        const struct rpl_route route = live_via(live, i + 0x100);

        assert_int_equal(krt_proxy_set(live->krt, live->va, &route.dst), 0);
        if (i % 100 == 0)
            assert_int_equal(krt_proxy_set(live->krt, live->va, &route.dst), 0);
    }
    assert_int_equal(live_lines("2001:db8::", "-6 neigh show proxy dev va"), 601);
    const struct rpl_route first = live_via(live, 0x100);
    assert_int_equal(krt_proxy_del(live->krt, live->va, &first.dst), 0);
    assert_int_equal(krt_proxy_del(live->krt, live->va, &first.dst), 0);
    assert_int_equal(krt_proxy_del(live->krt, 999999, &first.dst), 0);
    assert_int_equal(krt_proxy_set(live->krt, 999999, &first.dst), -ENODEV);
    live_restart(live, NULL);
    assert_int_equal(krt_proxy_flush(live->krt), 0);
    assert_int_equal(live_lines("2001:db8::77", "-6 neigh show proxy"), 1);
    assert_int_equal(live_lines("2001:db8::", "-6 neigh show proxy"), 1);
    live_ip("-6 neigh del proxy 2001:db8::77 dev va");
}

static bool addr_deprecated(const struct live *live)
{
    struct krt_addr addr;
    const struct rpl_addr wanted = live_addr("2001:db8:5::1");

    for (uint32_t n = 0; krt_addr_nth(live->krt, n, &addr); n++)
        if (memcmp(&addr.addr, &wanted, sizeof(wanted)) == 0)
            return addr.plen == 56 && addr.usable && addr.deprecated && !addr.temporary;
    return false;
}

static void deprecated_address(void **state)
{
    struct live *live = *state;

    live_ip("addr add 2001:db8:5::1/56 dev va nodad");
    live_settle(live);
    assert_false(addr_deprecated(live));
    live_ip("addr change 2001:db8:5::1/56 dev va preferred_lft 0 valid_lft 7200");
    live_until(live, addr_deprecated);
    live_ip("addr del 2001:db8:5::1/56 dev va");
}

static bool renamed(const struct live *live)
{
    struct krt_link link;

    return krt_link_get(live->krt, live->va, &link) && strcmp(link.name, "vc") == 0;
}

static bool named_back(const struct live *live)
{
    struct krt_link link;

    return krt_link_named(live->krt, "va", &link) && link.ifindex == live->va && link.up;
}

static void rename_link(void **state)
{
    struct live *live = *state;
    struct krt_link link;

    live_ip("link set va down");
    live_ip("link set va name vc");
    live_until(live, renamed);
    assert_false(krt_link_named(live->krt, "va", &link));
    live_ip("link set vc name va");
    live_ip("link set va up");
    live_until(live, named_back);
}

static bool route_dumped(const struct live *live)
{
    return live->route_dumps > 0;
}

static bool routes_overrun_or_lost(const struct live *live)
{
    return live->overruns[KRT_OVERRUN_ROUTES] > 0 || live->lost_count >= LARGE;
}

/* A hundred thousand: all set, all found again, and all lost at once with the link. */
static void large_table(void **state)
{
    struct live *live = *state;

    for (uint32_t set = 0; set < LARGE; set += LARGE_STEP) {
        for (uint32_t i = 0; i < LARGE_STEP; i++) {
            const struct rpl_route route = live_via(live, 1 + set + i);

            assert_int_equal(krt_route_set(live->krt, i, &route), 0);
        }
        live_answers(live, set + LARGE_STEP);
    }
    assert_int_equal(live->failures, 0);
    assert_int_equal(krt_dump_routes(live->krt), 0);
    live_until(live, route_dumped);
    assert_int_equal(live->route_dump_error, 0);
    assert_int_equal(live->found_count, LARGE);
    live_ip("link set va down");
    live_until(live, routes_overrun_or_lost);
    live->route_dumps = live->found_count = 0;
    assert_int_equal(krt_dump_routes(live->krt), 0);
    live_until(live, route_dumped);
    assert_int_equal(live->found_count, 0);
    live_ip("link set va up");
}

/* What it drops is in tests/lab; here, that it comes and goes, and that each change is told. */
static bool ruleset_told(const struct live *live)
{
    return live->rulesets > 0;
}

static void guard(void **state)
{
    static const char *const names[] = {"va", "vb", "an-interface-15"};
    static const char *many[RPL_INTERFACES_MAX + 2];
    struct live *live = *state;
    struct krt_guard dropped;

    assert_int_equal(krt_guard_del(live->krt), 0);
    assert_int_equal(krt_guard_get(live->krt, &dropped), -ENOENT);
    for (unsigned i = 0; i < sizeof(many) / sizeof(many[0]); i++)
        many[i] = "many";
    assert_int_equal(krt_guard_set(live->krt, many, RPL_INTERFACES_MAX + 2), -E2BIG);
    assert_int_equal(krt_guard_get(live->krt, &dropped), -ENOENT);
    live_settle(live);
    assert_int_equal(live->rulesets, 0);
    for (unsigned count = 1; count <= 3; count++) {
        live->rulesets = 0;
        assert_int_equal(krt_guard_set(live->krt, names, count), 0);
        live_until(live, ruleset_told);
        memset(&dropped, 0xff, sizeof(dropped));
        assert_int_equal(krt_guard_get(live->krt, &dropped), 0);
        assert_true(dropped.entering == 0 && dropped.leaving == 0);
    }
    live->rulesets = 0;
    assert_int_equal(krt_guard_del(live->krt), 0);
    live_until(live, ruleset_told);
    assert_int_equal(krt_guard_get(live->krt, &dropped), -ENOENT);
}

#define LIVE_TEST(f)                                                                               \
    {                                                                                              \
        "lan: " #f, f, live_setup, live_teardown_links, NULL                                       \
    }
const struct CMUnitTest live_lan_tests[] = {
    LIVE_TEST(delegations), LIVE_TEST(proxies),     LIVE_TEST(deprecated_address),
    LIVE_TEST(rename_link), LIVE_TEST(large_table), LIVE_TEST(guard),
};
const size_t live_lan_test_count = sizeof(live_lan_tests) / sizeof(live_lan_tests[0]);
