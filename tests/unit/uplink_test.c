/* SPDX-License-Identifier: ISC */
/* Which prefix an uplink gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "rpld/uplink.h"

static struct rpl_addr addr(const char *text)
{
    struct rpl_addr a;

    assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
    return a;
}

static struct uplink_candidate with(const char *text, uint8_t len)
{
    return (struct uplink_candidate){.addr = addr(text), .len = len};
}

static struct uplink_candidate delegated(const char *text, uint8_t len)
{
    struct uplink_candidate c = with(text, len);

    c.delegated = true;
    return c;
}

static struct uplink_candidate deprecated(const char *text, uint8_t len)
{
    struct uplink_candidate c = with(text, len);

    c.deprecated = true;
    return c;
}

/* What is chosen, beginning with |have|; "" if nothing is. */
static const char *chosen(const struct uplink_candidate *c, uint32_t count, uint32_t subnet,
                          bool share, const char *have)
{
    static char text[INET6_ADDRSTRLEN];
    struct rpl_addr prefix = addr(have), before = prefix;

    if (!uplink_choose(c, count, subnet, share, &prefix)) {
        assert_memory_equal(&prefix, &before, sizeof(prefix));
        return "";
    }
    return inet_ntop(AF_INET6, prefix.b, text, sizeof(text));
}

static void part_of_a_shorter_prefix(void **state)
{
    const struct uplink_candidate c[] = {delegated("2001:db8:1200::", 56)};
    const struct uplink_candidate eth[] = {with("2001:db8:1230::1", 60)};
    const struct uplink_candidate half[] = {delegated("2001:db8:1200::", 63)};
    const struct uplink_candidate wide[] = {delegated("2001:db8::", 20)};

    (void)state;
    assert_string_equal(chosen(c, 1, CONF_SUBNET_LAST, false, "::"), "2001:db8:1200:ff::");
    assert_string_equal(chosen(c, 1, 0, false, "::"), "2001:db8:1200::");
    assert_string_equal(chosen(c, 1, 7, false, "::"), "2001:db8:1200:7::");
    assert_string_equal(chosen(c, 1, 255, false, "::"), "2001:db8:1200:ff::");
    assert_string_equal(chosen(c, 1, 256, false, "::"), "");
    assert_string_equal(chosen(eth, 1, CONF_SUBNET_LAST, false, "::"), "2001:db8:1230:f::");
    assert_string_equal(chosen(half, 1, 1, false, "::"), "2001:db8:1200:1::");
    assert_string_equal(chosen(half, 1, 2, false, "::"), "");
    assert_string_equal(chosen(wide, 1, 0x12345, false, "::"), "2001:0:1:2345::");
    assert_string_equal(chosen(wide, 1, CONF_SUBNET_LAST, false, "::"), "2001:fff:ffff:ffff::");
}

static void own_prefix_of_a_lan_only_if_shared(void **state)
{
    const struct uplink_candidate c[] = {with("2001:db8:5::77", 64)};
    const struct uplink_candidate host[] = {with("2001:db8:5::77", 128)};
    const struct uplink_candidate whole[] = {delegated("2001:db8:5::", 64)};

    (void)state;
    assert_string_equal(chosen(c, 1, 0, true, "::"), "2001:db8:5::");
    assert_string_equal(chosen(c, 1, 0, false, "::"), "");
    assert_string_equal(chosen(host, 1, 0, true, "::"), "");
    assert_string_equal(chosen(whole, 1, 0, true, "::"), "");
}

static void better_ones_come_first(void **state)
{
    const struct uplink_candidate c[] = {
        deprecated("2001:db8:1::1", 64),  with("fd12::1", 64),
        with("2001:db8:5::1", 64),        with("2001:db8:6000::1", 56),
        delegated("2001:db8:7000::", 56), deprecated("2001:db8:8000::1", 56),
    };

    (void)state;
    assert_string_equal(chosen(c, 1, 0, true, "::"), "2001:db8:1::");
    assert_string_equal(chosen(c, 2, 0, true, "::"), "fd12::");
    assert_string_equal(chosen(c, 3, 0, true, "::"), "2001:db8:5::");
    assert_string_equal(chosen(c, 4, 0, true, "::"), "2001:db8:6000::");
    assert_string_equal(chosen(c, 5, 0, true, "::"), "2001:db8:7000::");
    assert_string_equal(chosen(c, 6, 0, true, "::"), "2001:db8:7000::");
}

static void what_we_have_stays(void **state)
{
    const struct uplink_candidate c[] = {with("2001:db8:1::1", 64), with("2001:db8:2::1", 64),
                                         with("2001:db8:3::1", 64)};
    struct uplink_candidate left[] = {with("2001:db8:1::1", 64), deprecated("2001:db8:2::1", 64)};

    (void)state;
    assert_string_equal(chosen(c, 3, 0, true, "::"), "2001:db8:1::");
    assert_string_equal(chosen(c, 3, 0, true, "2001:db8:2::"), "2001:db8:2::");
    assert_string_equal(chosen(c, 3, 0, true, "2001:db8:3::"), "2001:db8:3::");
    assert_string_equal(chosen(left, 2, 0, true, "2001:db8:2::"), "2001:db8:1::");
    /* A deprecated one is better than none. */
    assert_string_equal(chosen(left + 1, 1, 0, true, "2001:db8:2::"), "2001:db8:2::");
    assert_string_equal(chosen(c, 0, 0, true, "2001:db8:2::"), "");
}

static void useless_ones_are_passed_over(void **state)
{
    const struct uplink_candidate c[] = {with("fe80::1", 64), with("::1", 128), with("ff02::1", 64),
                                         with("fec0::1", 64), delegated("::", 16)};

    (void)state;
    assert_string_equal(chosen(c, 5, 0, true, "::"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(part_of_a_shorter_prefix),
        cmocka_unit_test(own_prefix_of_a_lan_only_if_shared),
        cmocka_unit_test(better_ones_come_first),
        cmocka_unit_test(what_we_have_stays),
        cmocka_unit_test(useless_ones_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
