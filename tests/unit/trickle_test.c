/* SPDX-License-Identifier: ISC */
/* Trickle against RFC 6206 section 4.2, with time as a number. */
#include "trickle/trickle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MS 1000u

/* xorshift64: the draws of this test, the same on every machine. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void bounds_come_from_the_configuration(void **state)
{
    static const struct {
        unsigned min, doublings;
        uint64_t imin_ms, imax_ms;
    } rows[] = {
        {3, 20, 8, 8388608},   {12, 8, 4096, 1048576}, {8, 8, 256, 65536},
        {6, 20, 64, 67108864}, {0, 0, 1, 1},           {24, 7, 16777216, 2147483648},
    };
    struct trickle tr;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(trickle_init(&tr, rows[i].min, rows[i].doublings, 10), 0);
        assert_int_equal(tr.imin, rows[i].imin_ms * MS);
        assert_int_equal(tr.imax, rows[i].imax_ms * MS);
        assert_false(trickle_running(&tr));
        assert_true(trickle_deadline(&tr) == TRICKLE_NEVER);
    }
}

static void exponents_beyond_the_bounds_are_refused(void **state)
{
    static const unsigned rows[][2] = {
        {25, 0}, {24, 8}, {0, 32}, {12, 20}, {255, 255}, {3, UINT32_MAX}, {UINT32_MAX, 3},
    };
    struct trickle tr, before;

    (void)state;
    memset(&tr, 0x5a, sizeof(tr));
    memcpy(&before, &tr, sizeof(tr));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(trickle_init(&tr, rows[i][0], rows[i][1], 1), -1);
        assert_memory_equal(&tr, &before, sizeof(tr));
    }
}

static void t_lies_in_the_second_half(void **state)
{
    uint64_t seed = 1, low = UINT64_MAX, high = 0;
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 20, 1), 0);
    for (unsigned i = 0; i < 100000; i++) {
        trickle_start(&tr, 1000, draw(&seed));
        assert_int_equal(tr.interval, 8 * MS);
        uint64_t offset = trickle_deadline(&tr) - 1000;
        assert_in_range(offset, 4 * MS, 8 * MS - 1);
        low = offset < low ? offset : low;
        high = offset > high ? offset : high;
    }
    /* 100,000 draws over 4,000 values reach both ends. */
    assert_int_equal(low, 4 * MS);
    assert_int_equal(high, 8 * MS - 1);

    trickle_start(&tr, 0, UINT64_MAX);
    assert_in_range(trickle_deadline(&tr), 4 * MS, 8 * MS - 1);
}

/* Run to the end of the interval; what happened at t. */
static enum trickle_action one_interval(struct trickle *tr, uint64_t *now)
{
    *now = trickle_deadline(tr);
    enum trickle_action action = trickle_timeout(tr, *now, 12345);

    assert_int_equal(trickle_deadline(tr), tr->start + tr->interval);
    *now = trickle_deadline(tr);
    assert_int_equal(trickle_timeout(tr, *now, 12345), TRICKLE_NOTHING);
    assert_int_equal(tr->start, *now);
    return action;
}

static void intervals_double_up_to_the_largest(void **state)
{
    uint64_t now = 77, expected = 4096 * MS;
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 12, 3, 1), 0);
    trickle_start(&tr, now, 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(tr.interval, expected);
        uint64_t begun = now;
        assert_int_equal(one_interval(&tr, &now), TRICKLE_TRANSMIT);
        assert_int_equal(now, begun + expected);
        expected = expected < 8 * 4096 * MS ? expected * 2 : expected;
    }
    assert_int_equal(tr.interval, tr.imax);
}

static void no_doubling_keeps_one_length(void **state)
{
    uint64_t now = 0;
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 10, 0, 1), 0);
    trickle_start(&tr, now, 0);
    one_interval(&tr, &now);
    assert_int_equal(tr.interval, 1024 * MS);
}

static void suppression_follows_c_and_k(void **state)
{
    static const struct {
        unsigned k, heard;
        enum trickle_action expected;
    } rows[] = {
        {1, 0, TRICKLE_TRANSMIT},     {1, 1, TRICKLE_SUPPRESSED}, {10, 9, TRICKLE_TRANSMIT},
        {10, 10, TRICKLE_SUPPRESSED}, {0, 50, TRICKLE_TRANSMIT},  {0, 0, TRICKLE_TRANSMIT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t now = 0;
        struct trickle tr;

        assert_int_equal(trickle_init(&tr, 3, 2, rows[i].k), 0);
        trickle_start(&tr, now, 99);
        for (unsigned c = 0; c < rows[i].heard; c++)
            trickle_consistent(&tr);
        assert_int_equal(one_interval(&tr, &now), rows[i].expected);
        /* The next interval counts from nothing. */
        assert_int_equal(tr.c, 0);
        assert_int_equal(one_interval(&tr, &now), TRICKLE_TRANSMIT);
    }
}

static void heard_after_t_does_not_count_for_the_next(void **state)
{
    uint64_t now;
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 2, 1), 0);
    trickle_start(&tr, 0, 1);
    now = trickle_deadline(&tr);
    assert_int_equal(trickle_timeout(&tr, now, 1), TRICKLE_TRANSMIT);
    trickle_consistent(&tr);
    now = trickle_deadline(&tr);
    assert_int_equal(trickle_timeout(&tr, now, 1), TRICKLE_NOTHING);
    assert_int_equal(trickle_timeout(&tr, trickle_deadline(&tr), 1), TRICKLE_TRANSMIT);
}

static void the_counter_does_not_wrap(void **state)
{
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 2, 1), 0);
    trickle_start(&tr, 0, 1);
    tr.c = UINT32_MAX;
    trickle_consistent(&tr);
    assert_int_equal(trickle_timeout(&tr, trickle_deadline(&tr), 1), TRICKLE_SUPPRESSED);
}

static void a_reset_at_the_smallest_interval_does_nothing(void **state)
{
    struct trickle tr;
    unsigned sent = 0;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 5, 10), 0);
    trickle_start(&tr, 0, 7);
    uint64_t end = tr.start + tr.interval;
    for (uint64_t now = 0; now < end; now += 80) {
        struct trickle before = tr;
        assert_false(trickle_reset(&tr, now, now));
        assert_memory_equal(&tr, &before, sizeof(tr));
        if (trickle_timeout(&tr, now, 0) == TRICKLE_TRANSMIT)
            sent++;
    }
    assert_int_equal(sent, 1);
}

static void a_reset_begins_the_smallest_interval(void **state)
{
    uint64_t now = 0;
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 5, 10), 0);
    trickle_start(&tr, now, 7);
    one_interval(&tr, &now);
    one_interval(&tr, &now);
    trickle_consistent(&tr);
    assert_true(trickle_reset(&tr, now + 5, 0));
    assert_int_equal(tr.interval, 8 * MS);
    assert_int_equal(tr.c, 0);
    assert_int_equal(trickle_deadline(&tr), now + 5 + 4 * MS);
}

static void early_calls_do_nothing(void **state)
{
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 5, 1), 0);
    trickle_start(&tr, 1000, 7);
    struct trickle before = tr;
    assert_int_equal(trickle_timeout(&tr, trickle_deadline(&tr) - 1, 0), TRICKLE_NOTHING);
    assert_memory_equal(&tr, &before, sizeof(tr));
}

static void stopped_means_silent(void **state)
{
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 5, 1), 0);
    trickle_start(&tr, 0, 7);
    assert_true(trickle_running(&tr));
    trickle_stop(&tr);
    assert_false(trickle_running(&tr));
    assert_true(trickle_deadline(&tr) == TRICKLE_NEVER);
    assert_int_equal(trickle_timeout(&tr, UINT64_MAX, 1), TRICKLE_NOTHING);
    assert_false(trickle_reset(&tr, 10, 1));
    assert_false(trickle_running(&tr));
    trickle_consistent(&tr);
    trickle_start(&tr, 20, 1);
    assert_int_equal(tr.c, 0);
}

static void a_late_call_keeps_the_schedule(void **state)
{
    struct trickle tr;

    (void)state;
    assert_int_equal(trickle_init(&tr, 10, 2, 1), 0);
    trickle_start(&tr, 0, 0);
    trickle_timeout(&tr, trickle_deadline(&tr), 0);
    assert_int_equal(trickle_timeout(&tr, 1024 * MS + 300, 0), TRICKLE_NOTHING);
    assert_int_equal(tr.start, 1024 * MS);
}

static void after_a_long_sleep_there_is_no_burst(void **state)
{
    struct trickle tr;
    uint64_t now = UINT64_C(3600) * 1000 * MS;
    unsigned sent = 0;

    (void)state;
    assert_int_equal(trickle_init(&tr, 3, 5, 0), 0);
    trickle_start(&tr, 0, 0);
    for (unsigned i = 0; i < 100; i++) {
        if (trickle_timeout(&tr, now, 0) == TRICKLE_TRANSMIT)
            sent++;
    }
    assert_int_equal(sent, 1);
    assert_int_equal(tr.start, now);
    assert_true(trickle_deadline(&tr) > now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_come_from_the_configuration),
        cmocka_unit_test(exponents_beyond_the_bounds_are_refused),
        cmocka_unit_test(t_lies_in_the_second_half),
        cmocka_unit_test(intervals_double_up_to_the_largest),
        cmocka_unit_test(no_doubling_keeps_one_length),
        cmocka_unit_test(suppression_follows_c_and_k),
        cmocka_unit_test(heard_after_t_does_not_count_for_the_next),
        cmocka_unit_test(the_counter_does_not_wrap),
        cmocka_unit_test(a_reset_at_the_smallest_interval_does_nothing),
        cmocka_unit_test(a_reset_begins_the_smallest_interval),
        cmocka_unit_test(early_calls_do_nothing),
        cmocka_unit_test(stopped_means_silent),
        cmocka_unit_test(a_late_call_keeps_the_schedule),
        cmocka_unit_test(after_a_long_sleep_there_is_no_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
