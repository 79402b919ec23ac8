/* SPDX-License-Identifier: ISC */
/*
 * What netlink/ makes of the kernel's messages, fed as bytes: good ones, each of them cut short at
 * every length, with attributes of wrong length, and turned over at random. Each is handed over
 * in memory of exactly its size, so that a sanitizer sees the first octet read beyond.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/krt_priv.h"

#define FLIPS 20000u

static struct {
    uint32_t lost, links, gone, addrs, usable, neighbours, failed, results, found;
    struct rpl_route route;
    struct krt_link link;
    struct rpl_addr addr;
    uint32_t ifindex;
    int error;
    uint64_t token;
} told;

static void on_result(void *ctx, uint64_t token, int error)
{
    (void)ctx;
    told.results++;
    told.token = token;
    told.error = error;
}

static void on_found(void *ctx, const struct rpl_route *route)
{
    (void)ctx;
    told.found++;
    told.route = *route;
}

static void on_lost(void *ctx, const struct rpl_route *route)
{
    (void)ctx;
    told.lost++;
    told.route = *route;
}

static void on_link(void *ctx, const struct krt_link *link, bool gone)
{
    (void)ctx;
    told.links++;
    told.gone += gone;
    told.link = *link;
    assert_non_null(memchr(link->name, 0, sizeof(link->name)));
    assert_true(link->hwaddr_len <= sizeof(link->hwaddr));
}

static void on_address(void *ctx, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen,
                       bool usable, bool present)
{
    (void)ctx;
    assert_true(plen <= 128);
    assert_true(present || !usable);
    told.addrs++;
    told.usable += usable;
    told.addr = *addr;
    told.ifindex = ifindex;
}

static void on_neighbour(void *ctx, uint32_t ifindex, const struct rpl_addr *addr,
                         enum krt_neighbour_state state)
{
    (void)ctx;
    told.neighbours++;
    told.failed += state == KRT_NEIGHBOUR_FAILED;
    told.ifindex = ifindex;
    told.addr = *addr;
}

static int setup(void **state)
{
    const struct krt_callbacks callbacks = {
        .result = on_result,
        .route_found = on_found,
        .route_lost = on_lost,
        .link = on_link,
        .address = on_address,
        .neighbour = on_neighbour,
    };
    const struct krt_options options = {.queue = 16, .change_buffer = 65536};
    struct krt *krt = NULL;

    memset(&told, 0, sizeof(told));
    assert_int_equal(krt_new(&callbacks, NULL, &options, &krt), 0);
    *state = krt;
    return 0;
}

static int teardown(void **state)
{
    krt_free(*state);
    return 0;
}

/* ---- good messages ----------------------------------------------------------------- */

union message {
    struct nlmsghdr header;
    uint32_t words[256];
};

static const struct rpl_addr host = {{0x20, 1, 0xd, 0xb8, [15] = 7}};
static const struct rpl_addr local = {{0xfe, 0x80, [15] = 9}};

static void route_message(union message *m, uint16_t type)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(m);
    struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

    nlh->nlmsg_type = type;
    rtm->rtm_family = AF_INET6;
    rtm->rtm_dst_len = 128;
    rtm->rtm_table = RT_TABLE_MAIN;
    rtm->rtm_protocol = KRT_PROTOCOL;
    rtm->rtm_type = RTN_UNICAST;
    mnl_attr_put_u32(nlh, RTA_TABLE, RT_TABLE_MAIN);
    mnl_attr_put(nlh, RTA_DST, sizeof(host), &host);
    mnl_attr_put_u32(nlh, RTA_PRIORITY, 1024);
    mnl_attr_put(nlh, RTA_GATEWAY, sizeof(local), &local);
    mnl_attr_put_u32(nlh, RTA_OIF, 5);
    mnl_attr_put_u8(nlh, RTA_PREF, 0);
}

static void link_message(union message *m, uint16_t type)
{
    static const uint8_t eui64[8] = {2, 0x12, 0x4b, 0, 0, 0, 0, 7};
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(m);
    struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

    nlh->nlmsg_type = type;
    ifi->ifi_index = 5;
    ifi->ifi_type = 825;
    ifi->ifi_flags = IFF_UP | IFF_RUNNING;
    mnl_attr_put_strz(nlh, IFLA_IFNAME, "lowpan0");
    mnl_attr_put_u32(nlh, IFLA_MTU, 1280);
    mnl_attr_put_u8(nlh, IFLA_OPERSTATE, IF_OPER_UNKNOWN);
    mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(eui64), eui64);
}

static void addr_message(union message *m, uint16_t type)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(m);
    struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

    nlh->nlmsg_type = type;
    ifa->ifa_family = AF_INET6;
    ifa->ifa_prefixlen = 64;
    ifa->ifa_index = 5;
    mnl_attr_put(nlh, IFA_ADDRESS, sizeof(local), &local);
    mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_PERMANENT);
}

static void neighbour_message(union message *m, uint16_t type)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(m);
    struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

    nlh->nlmsg_type = type;
    ndm->ndm_family = AF_INET6;
    ndm->ndm_ifindex = 5;
    ndm->ndm_state = NUD_FAILED;
    mnl_attr_put(nlh, NDA_DST, sizeof(local), &local);
}

static void answer_message(union message *m, uint16_t type)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(m);
    struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

    nlh->nlmsg_type = type;
    e->error = -17;
}

static const struct {
    void (*make)(union message *, uint16_t);
    uint16_t type;
} messages[] = {
    {route_message, RTM_NEWROUTE},     {route_message, RTM_DELROUTE}, {link_message, RTM_NEWLINK},
    {link_message, RTM_DELLINK},       {addr_message, RTM_NEWADDR},   {addr_message, RTM_DELADDR},
    {neighbour_message, RTM_NEWNEIGH}, {answer_message, NLMSG_ERROR}, {answer_message, NLMSG_DONE},
};
#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

/* As the sockets' pump does it: only what mnl_nlmsg_ok() lets pass. */
static void feed_all(struct krt *krt, const void *bytes, size_t size)
{
    static krt_handler *const handlers[] = {krt_notice, krt_route_watch, krt_route_dumped,
                                            krt_dump_message, krt_batch_answer};
    size_t i;

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        struct nlmsghdr *copy = malloc(size ? size : 1);

        assert_non_null(copy);
        memcpy(copy, bytes, size);
        if (mnl_nlmsg_ok(copy, (int)size))
            assert_true(handlers[i](krt, copy) <= 0);
        free(copy);
    }
}

/* ---- tests ------------------------------------------------------------------------- */

static void routes(void **state)
{
    struct krt *krt = *state;
    const struct rpl_route expect = {
        .kind = RPL_ROUTE_VIA, .dst = host, .dst_len = 128, .ifindex = 5, .via = local};
    union message m = {.words = {0}};
    struct rtmsg *rtm;

    route_message(&m, RTM_DELROUTE);
    rtm = mnl_nlmsg_get_payload(&m.header);
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    assert_int_equal(told.lost, 1);
    assert_memory_equal(&told.route, &expect, sizeof(expect));

    /* Our own deletion, told back. */
    m.header.nlmsg_pid = mnl_socket_get_portid(krt->change);
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    m.header.nlmsg_pid = 0;
    /* Another protocol's, an addition, another family, a cache entry, a source route. */
    rtm->rtm_protocol = RTPROT_STATIC;
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    m.header.nlmsg_type = RTM_NEWROUTE;
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    m.header.nlmsg_type = RTM_DELROUTE;
    rtm->rtm_protocol = KRT_PROTOCOL;
    rtm->rtm_family = AF_INET;
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    rtm->rtm_family = AF_INET6;
    rtm->rtm_flags = RTM_F_CLONED;
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    rtm->rtm_flags = 0;
    rtm->rtm_dst_len = 129;
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    rtm->rtm_dst_len = 128;
    rtm->rtm_type = RTN_MULTICAST;
    assert_int_equal(krt_route_watch(krt, &m.header), 0);
    assert_int_equal(told.lost, 1);

    rtm->rtm_type = RTN_BLACKHOLE;
    assert_int_equal(krt_route_dumped(krt, &m.header), 0);
    m.header.nlmsg_type = RTM_NEWROUTE;
    assert_int_equal(krt_route_dumped(krt, &m.header), 0);
    assert_int_equal(told.found, 2);
    assert_int_equal(told.route.kind, RPL_ROUTE_UNREACHABLE);
}

static void links(void **state)
{
    struct krt *krt = *state;
    union message m = {.words = {0}};
    struct ifinfomsg *ifi;

    link_message(&m, RTM_NEWLINK);
    ifi = mnl_nlmsg_get_payload(&m.header);
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.links, 1);
    assert_string_equal(told.link.name, "lowpan0");
    assert_int_equal(told.link.ifindex, 5);
    assert_int_equal(told.link.type, 825);
    assert_int_equal(told.link.mtu, 1280);
    assert_int_equal(told.link.hwaddr_len, 8);
    assert_int_equal(told.link.hwaddr[7], 7);
    assert_true(told.link.up);
    assert_false(told.link.has_link_local);

    /* The same again is no news; a link-local address is, and so is its end. */
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.links, 1);
    addr_message(&m, RTM_NEWADDR);
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.addrs, 1);
    assert_int_equal(told.usable, 1);
    assert_int_equal(told.links, 2);
    assert_true(told.link.has_link_local);
    assert_memory_equal(&told.link.link_local, &local, sizeof(local));

    /* Without a carrier it is not up. */
    link_message(&m, RTM_NEWLINK);
    ifi->ifi_flags = IFF_UP;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.links, 3);
    assert_false(told.link.up);
    assert_true(told.link.has_link_local);

    /* A bridge's word about its port is not about the link. */
    m.header.nlmsg_type = RTM_DELLINK;
    ifi->ifi_family = AF_BRIDGE;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.links, 3);
    ifi->ifi_family = AF_UNSPEC;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.gone, 1);
    assert_int_equal(told.addrs, 2);
    assert_int_equal(krt->link_count, 0);
    assert_int_equal(krt->addr_count, 0);
}

static void addresses(void **state)
{
    struct krt *krt = *state;
    union message m = {.words = {0}};
    struct ifaddrmsg *ifa;
    struct nlattr *flags;

    addr_message(&m, RTM_NEWADDR);
    ifa = mnl_nlmsg_get_payload(&m.header);
    flags = mnl_attr_next(mnl_nlmsg_get_payload_offset(&m.header, sizeof(*ifa)));
    *(uint32_t *)mnl_attr_get_payload(flags) = IFA_F_TENTATIVE;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.addrs, 1);
    assert_int_equal(told.usable, 0);
    *(uint32_t *)mnl_attr_get_payload(flags) = IFA_F_PERMANENT;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.addrs, 2);
    assert_int_equal(told.usable, 1);
    *(uint32_t *)mnl_attr_get_payload(flags) = IFA_F_TENTATIVE | IFA_F_DADFAILED;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.addrs, 3);
    assert_int_equal(told.usable, 1);
    ifa->ifa_prefixlen = 200;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    ifa->ifa_family = AF_INET;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.addrs, 3);
}

static void neighbours(void **state)
{
    struct krt *krt = *state;
    union message m = {.words = {0}};
    struct ndmsg *ndm;

    neighbour_message(&m, RTM_NEWNEIGH);
    ndm = mnl_nlmsg_get_payload(&m.header);
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.failed, 1);
    assert_int_equal(told.ifindex, 5);
    assert_memory_equal(&told.addr, &local, sizeof(local));
    ndm->ndm_state = NUD_STALE;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    ndm->ndm_state = NUD_REACHABLE;
    assert_int_equal(krt_notice(krt, &m.header), 0);
    assert_int_equal(told.failed, 1);
    assert_int_equal(told.neighbours, 2);
}

/* Answers whose number belongs to no change that is on its way. */
static void stray_answers(void **state)
{
    struct krt *krt = *state;
    const struct rpl_route route = {
        .kind = RPL_ROUTE_VIA, .dst = host, .dst_len = 128, .ifindex = 5, .via = local};
    union message m = {.words = {0}};

    answer_message(&m, NLMSG_ERROR);
    assert_int_equal(krt_batch_answer(krt, &m.header), 0);
    assert_int_equal(krt_route_set(krt, 42, &route), 0);
    assert_int_equal(krt_batch_answer(krt, &m.header), 0);
    assert_int_equal(told.results, 0);

    /* As if sent: now it counts, once. */
    krt->sent = krt->tail;
    krt->ring[0].last = true;
    m.header.nlmsg_seq = 1;
    assert_int_equal(krt_batch_answer(krt, &m.header), 0);
    m.header.nlmsg_seq = UINT32_MAX;
    assert_int_equal(krt_batch_answer(krt, &m.header), 0);
    assert_int_equal(told.results, 0);
    m.header.nlmsg_seq = 0;
    assert_int_equal(krt_batch_answer(krt, &m.header), 0);
    assert_int_equal(told.results, 1);
    assert_int_equal(told.token, 42);
    assert_int_equal(told.error, 17);
    assert_int_equal(krt_batch_answer(krt, &m.header), 0);
    assert_int_equal(told.results, 1);
}

/* Cut at every length, with the header's length told truly and not. */
static void truncated(void **state)
{
    size_t i, len;

    for (i = 0; i < MESSAGES; i++) {
        union message m = {.words = {0}};
        uint32_t whole;

        messages[i].make(&m, messages[i].type);
        whole = m.header.nlmsg_len;
        for (len = 0; len < whole; len++) {
            m.header.nlmsg_len = whole;
            feed_all(*state, &m, len);
            m.header.nlmsg_len = (uint32_t)len;
            feed_all(*state, &m, len);
        }
    }
    assert_int_equal(told.results, 0);
}

/* Every attribute's length, one after the other, set to every value up to beyond the end. */
static void attribute_lengths(void **state)
{
    size_t i, at;
    uint16_t len;

    for (i = 0; i < MESSAGES; i++) {
        union message m = {.words = {0}};
        uint8_t *bytes = (uint8_t *)&m;

        messages[i].make(&m, messages[i].type);
        for (at = NLMSG_HDRLEN; at + 4 <= m.header.nlmsg_len; at += 4) {
            uint8_t keep[2] = {bytes[at], bytes[at + 1]};

            for (len = 0; len < m.header.nlmsg_len + 8; len++) {
                memcpy(bytes + at, &len, sizeof(len));
                feed_all(*state, &m, m.header.nlmsg_len);
            }
            memcpy(bytes + at, keep, sizeof(keep));
        }
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* The tables stay within their bounds whatever comes. */
static void turned_over(void **state)
{
    struct krt *krt = *state;
    uint32_t seed = 2463534242u, n, flips;

    for (n = 0; n < FLIPS; n++) {
        size_t i = next_random(&seed) % MESSAGES;
        union message m = {.words = {0}};
        uint8_t *bytes = (uint8_t *)&m;

        messages[i].make(&m, messages[i].type);
        for (flips = 1 + next_random(&seed) % 8; flips > 0; flips--) {
            size_t room = m.header.nlmsg_len - NLMSG_HDRLEN;

            bytes[NLMSG_HDRLEN + next_random(&seed) % room] = (uint8_t)next_random(&seed);
        }
        feed_all(krt, &m, m.header.nlmsg_len);
        assert_true(krt->link_count <= KRT_LINKS_MAX && krt->link_count <= krt->link_room);
        assert_true(krt->addr_count <= KRT_ADDRS_MAX && krt->addr_count <= krt->addr_room);
        assert_true(krt->default_count <= KRT_DEFAULTS_MAX);
    }
    assert_true(told.links > 1000);
}

/* More links and addresses than the tables hold are passed over and counted. */
static void full_tables(void **state)
{
    struct krt *krt = *state;
    uint32_t i;

    for (i = 1; i <= KRT_LINKS_MAX + 10; i++) {
        union message m = {.words = {0}};
        struct ifinfomsg *ifi;

        link_message(&m, RTM_NEWLINK);
        ifi = mnl_nlmsg_get_payload(&m.header);
        ifi->ifi_index = (int)i;
        assert_int_equal(krt_notice(krt, &m.header), 0);
    }
    assert_int_equal(krt->link_count, KRT_LINKS_MAX);
    assert_int_equal(told.links, KRT_LINKS_MAX);
    assert_int_equal(krt->stats.skipped, 10);
    for (i = 1; i <= KRT_ADDRS_MAX + 10; i++) {
        union message m = {.words = {0}};
        struct ifaddrmsg *ifa;

        addr_message(&m, RTM_NEWADDR);
        ifa = mnl_nlmsg_get_payload(&m.header);
        ifa->ifa_index = i;
        assert_int_equal(krt_notice(krt, &m.header), 0);
    }
    assert_int_equal(krt->addr_count, KRT_ADDRS_MAX);
    assert_int_equal(krt->stats.skipped, 20);
    krt_link_unsee(krt);
    krt_addr_unsee(krt);
    krt_addr_sweep(krt);
    krt_link_sweep(krt);
    assert_int_equal(krt->link_count, 0);
    assert_int_equal(krt->addr_count, 0);
    assert_int_equal(told.gone, KRT_LINKS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(routes, setup, teardown),
        cmocka_unit_test_setup_teardown(links, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours, setup, teardown),
        cmocka_unit_test_setup_teardown(stray_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(attribute_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(turned_over, setup, teardown),
        cmocka_unit_test_setup_teardown(full_tables, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
