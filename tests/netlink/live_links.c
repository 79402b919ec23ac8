/* SPDX-License-Identifier: ISC */
/* Links, addresses and neighbours. */
#include "tests/netlink/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool va_down(const struct live *live)
{
    return !live->link[0].link.up;
}

static bool vb_down(const struct live *live)
{
    return !live->link[1].link.up;
}

static bool va_up(const struct live *live)
{
    return live->link[0].link.up && live->link[0].link.has_link_local;
}

static bool three_lost(const struct live *live)
{
    return live->lost_count >= 3;
}

/* Down takes the routes with it, each one told; up again, they can be set again. */
static void down_and_up(void **state)
{
    struct live *live = *state;
    uint32_t i;

    for (i = 0; i < 3; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, i, &route), 0);
    }
    live_answers(live, 3);
    live_ip("link set va down");
    live_until(live, va_down);
    live_until(live, three_lost);
    assert_false(live->link[0].link.has_link_local);
    live_until(live, vb_down); /* its peer lost the carrier */
    live_ip("link set va up");
    live_until(live, va_up);
    for (i = 0; i < 3; i++) {
        struct rpl_route route = live_via(live, i + 1);

        assert_int_equal(krt_route_set(live->krt, 3 + i, &route), 0);
    }
    live_answers(live, 6);
    assert_int_equal(live->failures, 0);
}

static bool va_mtu(const struct live *live)
{
    return live->link[0].link.mtu == 1280;
}

static bool va_gone(const struct live *live)
{
    return live->link[0].gone && live->link[1].gone;
}

static void facts(void **state)
{
    struct live *live = *state;
    const struct krt_link *va = &live->link[0].link;
    struct krt_link got;
    uint32_t before;

    assert_int_equal(va->ifindex, live->va);
    assert_int_equal(va->type, ARPHRD_ETHER);
    assert_int_equal(va->mtu, 1500);
    assert_int_equal(va->hwaddr_len, 6);
    assert_int_equal(va->link_local.b[0], 0xfe);
    assert_int_equal(va->link_local.b[15], va->hwaddr[5]);
    assert_true(krt_link_get(live->krt, live->va, &got));
    assert_string_equal(got.name, "va");
    assert_false(krt_link_get(live->krt, 999999, &got));
    assert_int_equal(krt_link_up(live->krt, 999999), -ENODEV);

    assert_int_equal(krt_link_mtu(live->krt, live->va, 1280), 0);
    live_until(live, va_mtu);

    /* Nothing changed, so a new dump tells nothing. */
    live_settle(live);
    before = live->link_count + live->addr_count;
    live->dumps = 0;
    assert_int_equal(krt_dump(live->krt), 0);
    live_settle(live);
    assert_int_equal(live->dumps, 1);
    assert_int_equal(live->link_count + live->addr_count, before);

    live_ip("link del va");
    live_until(live, va_gone);
    assert_false(krt_link_get(live->krt, live->va, &got));
    live_ip("link add va type veth peer name vb");
}

/* What leaves a bridge is not gone. */
static void bridge_port(void **state)
{
    struct live *live = *state;

    live_ip("link add name bridge9 type bridge");
    live_ip("link set vb master bridge9");
    live_ip("link set vb nomaster");
    live_ip("link del bridge9");
    live_settle(live);
    assert_false(live->link[1].gone);
    assert_true(live->link[1].link.up);
}

static bool wa_up(const struct live *live)
{
    struct krt_link link;

    return krt_link_get(live->krt, live_ifindex("wa"), &link) && link.up;
}

/* The kernel makes no address of its own if told so before the link is up. */
static void link_without_address(void **state)
{
    struct live *live = *state;
    struct krt_link link;
    uint32_t wa;

    live_ip("link add dev wa type veth peer name wb");
    live_ip("link set wb up");
    wa = live_ifindex("wa");
    assert_int_equal(krt_link_addrgen_none(live->krt, wa), 0);
    assert_int_equal(krt_link_up(live->krt, wa), 0);
    live_until(live, wa_up);
    assert_true(krt_link_get(live->krt, wa, &link));
    assert_false(link.has_link_local);
    assert_int_equal(live_lines("addrgenmode none", "-d link show wa"), 1);
    assert_int_equal(live_lines("inet6", "-6 addr show wa"), 0);
    live_ip("link del wa");
}

static bool addr_told(const struct live *live)
{
    return live->addr_count > 0;
}

/* Usable at once, though the link would otherwise test for duplicates for a second. */
static void address(void **state)
{
    struct live *live = *state;
    struct rpl_addr addr = live_addr("2001:db8::42");

    live_settle(live);
    live->addr_count = 0;
    assert_int_equal(krt_addr_set(live->krt, live->va, &addr, 128), 0);
    live_until(live, addr_told);
    assert_int_equal(live->addr_count, 1);
    assert_int_equal(live->addr.ifindex, live->va);
    assert_memory_equal(&live->addr.addr, &addr, sizeof(addr));
    assert_int_equal(live->addr.plen, 128);
    assert_true(live->addr.usable);
    assert_true(live->addr.present);
    /* It is there already, and told again to who asks again. */
    live->addr_count = 0;
    assert_int_equal(krt_addr_set(live->krt, live->va, &addr, 128), 0);
    live_until(live, addr_told);
    assert_true(live->addr.usable);
    live_restart(live, NULL);
    live->addr_count = 0;
    assert_int_equal(krt_addr_set(live->krt, live->va, &addr, 128), 0);
    live_until(live, addr_told);
    assert_memory_equal(&live->addr.addr, &addr, sizeof(addr));
    assert_true(live->addr.usable);
    assert_int_equal(live_lines("2001:db8::42/128 scope global nodad", "-6 addr show va"), 1);

    live->addr_count = 0;
    assert_int_equal(krt_addr_del(live->krt, live->va, &addr, 128), 0);
    live_until(live, addr_told);
    assert_false(live->addr.present);
    assert_false(live->addr.usable);
    assert_int_equal(krt_addr_del(live->krt, live->va, &addr, 128), 0);

    /* A longer reach makes no connected route. */
    assert_int_equal(krt_addr_set(live->krt, live->va, &addr, 64), 0);
    assert_int_equal(live_lines("2001:db8::/64", "-6 route show dev va"), 0);
    assert_int_equal(krt_addr_set(live->krt, 999999, &addr, 128), -ENODEV);
}

static bool addr_tentative(const struct live *live)
{
    return live->addr.addr.b[15] == 0x43 && !live->addr.usable && live->addr.present;
}

static bool addr_usable(const struct live *live)
{
    return live->addr.addr.b[15] == 0x43 && live->addr.usable;
}

static void address_of_others(void **state)
{
    struct live *live = *state;

    live_sysctl("conf/va/dad_transmits", "1");
    live_ip("-6 addr add 2001:db8::43/64 dev va");
    live_until(live, addr_tentative);
    live_until(live, addr_usable);
}

/* ---- neighbours -------------------------------------------------------------------- */

static bool failed(const struct live *live)
{
    return live->neighbour_failed > 0;
}

static bool reachable(const struct live *live)
{
    return live->neighbour_reachable > 0;
}

static void send_to(const struct live *live, struct rpl_addr addr)
{
    struct sockaddr_in6 to = {
        .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = live->va};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(&to.sin6_addr, &addr, sizeof(addr));
    assert_true(fd >= 0);
    assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
    close(fd);
}

static void neighbour(void **state)
{
    struct live *live = *state;
    struct rpl_addr nobody = live_addr("fe80::dead");

    live_sysctl("neigh/va/retrans_time_ms", "50");
    send_to(live, nobody);
    live_until(live, failed);
    assert_memory_equal(&live->neighbour, &nobody, sizeof(nobody));
    assert_int_equal(live->neighbour_reachable, 0);

    send_to(live, live->link[1].link.link_local);
    live_until(live, reachable);
}

/* ---- lost notices ------------------------------------------------------------------ */

static bool told_again(const struct live *live)
{
    return live->overruns[KRT_OVERRUN_NOTICES] > 0 && live->dumps > 0;
}

/* What went and came while the buffer was full is told after the dump. */
static void overrun(void **state)
{
    struct live *live = *state;
    struct krt_options options = {.notice_buffer = 4096};
    struct rpl_addr addr = live_addr("2001:db8::42");
    struct rpl_addr gone = live_addr("2001:db8::41");
    struct krt_link link;
    uint32_t i, xa;

    live_ip("link add dev xa type veth peer name xb");
    xa = live_ifindex("xa");
    live_restart(live, &options);
    live_settle(live);
    live->addr_count = 0;
    assert_int_equal(krt_addr_set(live->krt, live->va, &gone, 128), 0);
    live_until(live, addr_told);
    assert_memory_equal(&live->addr.addr, &gone, sizeof(gone));
    assert_true(krt_link_get(live->krt, xa, &link));
    live->dumps = 0;
    for (i = 0; i < 200; i++) {
        assert_int_equal(krt_addr_set(live->krt, live->va, &addr, 128), 0);
        assert_int_equal(krt_addr_del(live->krt, live->va, &addr, 128), 0);
    }
    assert_int_equal(krt_addr_del(live->krt, live->va, &gone, 128), 0);
    live_ip("link del xa");
    live_ip("link add dev wa type veth peer name wb");
    assert_int_equal(krt_addr_set(live->krt, live->va, &addr, 128), 0);
    /* A dump asked for while the end of this one is told: both are whole. */
    live->dump_again = true;
    live_until(live, told_again);
    assert_false(live->dump_again);
    assert_false(krt_link_get(live->krt, xa, &link));
    assert_true(krt_link_get(live->krt, live_ifindex("wa"), &link));
    live_settle(live);
    /* Of the two addresses the one that is gone was told last. */
    assert_memory_equal(&live->addr.addr, &gone, sizeof(gone));
    assert_false(live->addr.present);
    live_ip("link del wa");
}

/* ---- a filter on the way in ------------------------------------------------------------ */

#define EXPERIMENT 0x88b5 /* an EtherType for trials */

static int experiment_socket(uint32_t ifindex)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(EXPERIMENT)};
    int fd = socket(AF_PACKET, SOCK_DGRAM, htons(EXPERIMENT));

    at.sll_ifindex = (int)ifindex;
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* Sends a packet that begins with |octet|, then one with 1; returns the first octet that arrives
 * and takes the other one, if there is one, too. */
static uint8_t first_of(const struct live *live, int from, int to, uint8_t octet)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(EXPERIMENT),
                             .sll_ifindex = (int)live->va,
                             .sll_halen = 6,
                             .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    uint8_t packets[2] = {octet, 1}, first = 0, got = 0;

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sendto(from, &packets[i], 1, 0, (struct sockaddr *)&at, sizeof(at)), 1);
    assert_true(recv(to, &first, 1, 0) > 0);
    for (got = first; got != 1;)
        assert_true(recv(to, &got, 1, 0) > 0);
    return first;
}

static void filter(void **state)
{
    struct live *live = *state;
    struct sock_filter drop[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_NET_OFF),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x7e, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT),
        BPF_STMT(BPF_RET | BPF_K, (uint32_t)TC_ACT_UNSPEC),
    };
    int from = experiment_socket(live->va), to = experiment_socket(live->vb), r;

    /* None to take off: neither a place for filters, nor a filter, nor a link. */
    assert_int_equal(krt_filter_del(live->krt, live->vb), 0);
    assert_int_equal(krt_filter_del(live->krt, 0x7ffffffe), 0);
    assert_int_equal(first_of(live, from, to, 0x7e), 0x7e);
    r = krt_filter_set(live->krt, live->vb, drop, 4);
    if (r == -ENOENT || r == -EOPNOTSUPP) {
        close(from);
        close(to);
        print_message("skipped: the kernel has no sch_ingress or cls_bpf\n");
        skip();
    }
    assert_int_equal(r, 0);
    assert_int_equal(first_of(live, from, to, 0x7e), 1);
    assert_int_equal(first_of(live, from, to, 0x7f), 0x7f);
    /* Another one in its place. */
    drop[1].k = 0x7f;
    assert_int_equal(krt_filter_set(live->krt, live->vb, drop, 4), 0);
    assert_int_equal(first_of(live, from, to, 0x7e), 0x7e);
    assert_int_equal(first_of(live, from, to, 0x7f), 1);
    assert_int_equal(krt_filter_del(live->krt, live->vb), 0);
    assert_int_equal(krt_filter_del(live->krt, live->vb), 0);
    assert_int_equal(first_of(live, from, to, 0x7f), 0x7f);
    assert_int_equal(krt_filter_set(live->krt, live->vb, drop, 0), -EINVAL);
    assert_int_equal(krt_filter_set(live->krt, 0x7ffffffe, drop, 4), -ENODEV);
    drop[3].code = 0xffff; /* no instruction */
    assert_int_equal(krt_filter_set(live->krt, live->vb, drop, 4), -EINVAL);
    close(from);
    close(to);
}

#define LIVE_TEST(f)                                                                               \
    {                                                                                              \
        "link: " #f, f, live_setup, live_teardown_links, NULL                                      \
    }
const struct CMUnitTest live_link_tests[] = {
    LIVE_TEST(down_and_up), LIVE_TEST(facts),
    LIVE_TEST(bridge_port), LIVE_TEST(link_without_address),
    LIVE_TEST(address),     LIVE_TEST(address_of_others),
    LIVE_TEST(neighbour),   LIVE_TEST(overrun),
    LIVE_TEST(filter),
};
const size_t live_link_test_count = sizeof(live_link_tests) / sizeof(live_link_tests[0]);
