/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpld/history.h"

static struct rpl_addr address(uint8_t prefix, uint8_t node)
{
    struct rpl_addr addr = {{prefix, prefix == 0xfe ? 0x80 : 0}};
    addr.b[15] = node;
    addr.b[8] = 2;
    return addr;
}

static void add(struct history *history, enum rpl_trace_kind kind, uint8_t node, rpl_tstamp now)
{
    struct rpl_effect_trace trace = {.kind = kind, .address = address(0xfd, node)};
    history_add(history, &trace, now);
}

static unsigned count(const struct history *history, struct rpl_addr addr, rpl_tstamp *ret_first)
{
    struct history_entry entry;
    uint64_t cursor = 0;
    rpl_tstamp last = 0;
    unsigned n = 0;
    while (history_next(history, &addr, &cursor, &entry)) {
        if (n++ == 0)
            *ret_first = entry.time;
        assert_true(entry.time >= last);
        last = entry.time;
    }
    return n;
}

static void finds_one_node(void **state)
{
    struct history *history;
    rpl_tstamp first = 0;
    (void)state;
    assert_int_equal(history_new(&history), 0);
    for (unsigned i = 0; i < 100; i++)
        add(history, i % 2 ? RPL_TRACE_NODE_CHANGE : RPL_TRACE_DAO_REFUSED, (uint8_t)(i % 10), i);
    assert_int_equal(count(history, address(0xfd, 3), &first), 10);
    assert_int_equal(first, 3);
    assert_int_equal(count(history, address(0xfd, 4), &first), 10);
    assert_int_equal(count(history, address(0xfd, 11), &first), 0);
    /* The link-local address is the same node, another prefix is not. */
    assert_int_equal(count(history, address(0xfe, 3), &first), 10);
    assert_int_equal(count(history, address(0xfc, 3), &first), 0);
    history_free(history);
}

static void other_counts_too(void **state)
{
    struct history *history;
    rpl_tstamp first;
    struct rpl_effect_trace trace = {
        .kind = RPL_TRACE_PARENT, .address = address(0xfe, 1), .other = address(0xfe, 2)};
    (void)state;
    assert_int_equal(history_new(&history), 0);
    history_add(history, &trace, 5);
    assert_int_equal(count(history, address(0xfd, 2), &first), 1);
    assert_int_equal(count(history, address(0xfd, 1), &first), 1);
    history_free(history);
}

static void ring_keeps_the_newest(void **state)
{
    struct history *history;
    rpl_tstamp first = 0;
    (void)state;
    assert_int_equal(history_new(&history), 0);
    for (unsigned i = 0; i < HISTORY_EVENTS + 10; i++)
        add(history, RPL_TRACE_NODE_UP, 1, i);
    assert_int_equal(count(history, address(0xfd, 1), &first), HISTORY_EVENTS);
    assert_int_equal(first, 10);
    history_free(history);
}

/* Whoever sends bad messages all day does not wash the others' history away. */
static void refusals_push_out_refusals_only(void **state)
{
    struct history *history;
    rpl_tstamp first = 0;
    (void)state;
    assert_int_equal(history_new(&history), 0);
    add(history, RPL_TRACE_NODE_UP, 1, 1);
    for (unsigned i = 0; i < 100000; i++)
        add(history, i % 2 ? RPL_TRACE_DROPPED : RPL_TRACE_DAO_REFUSED, 2, 2 + i);
    assert_int_equal(count(history, address(0xfd, 1), &first), 1);
    assert_int_equal(count(history, address(0xfd, 2), &first), HISTORY_REFUSALS);
    history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_one_node),
        cmocka_unit_test(other_counts_too),
        cmocka_unit_test(ring_keeps_the_newest),
        cmocka_unit_test(refusals_push_out_refusals_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
