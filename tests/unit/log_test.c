/* SPDX-License-Identifier: ISC */
/* The log's limiter: a flood of one event neither fills the disk nor hides another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include <string.h>

#include "rpld/log.h"
#include "sandbox/sandbox_log.h"

static uint64_t pass(struct log_limit *limit, const char *event, uint64_t now)
{
    uint64_t held = 0;

    return log_limit_pass(limit, event, now, &held) ? held : UINT64_MAX;
}

static void burst_then_one_per_interval(void **unused)
{
    struct log_limit limit = {0};

    (void)unused;
    for (unsigned i = 0; i < LOG_BURST; i++)
        assert_int_equal(pass(&limit, "a: b", 1000), 0);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(pass(&limit, "a: b", 1000), UINT64_MAX);
    assert_int_equal(pass(&limit, "a: b", 1000 + LOG_INTERVAL_US - 1), UINT64_MAX);
    assert_int_equal(pass(&limit, "a: b", 1000 + LOG_INTERVAL_US), 501);
    assert_int_equal(pass(&limit, "a: b", 1000 + LOG_INTERVAL_US), UINT64_MAX);
    /* After a long silence the full burst is there again, no more. */
    uint64_t later = 1000 + 1000ull * LOG_INTERVAL_US;
    assert_int_equal(pass(&limit, "a: b", later), 1);
    for (unsigned i = 1; i < LOG_BURST; i++)
        assert_int_equal(pass(&limit, "a: b", later), 0);
    assert_int_equal(pass(&limit, "a: b", later), UINT64_MAX);
}

static void a_day_of_flood_is_small(void **unused)
{
    struct log_limit limit = {0};
    unsigned lines = 0;

    (void)unused;
    for (uint64_t s = 0; s < 86400; s++) {
        for (unsigned i = 0; i < 3; i++)
            lines += pass(&limit, "dao: refused", s * 1000000) != UINT64_MAX;
    }
    assert_in_range(lines, 8600, 8640 + LOG_BURST);
}

static void events_do_not_share(void **unused)
{
    struct log_limit limit = {0};

    (void)unused;
    for (unsigned i = 0; i < 100; i++)
        pass(&limit, "noisy: one", 0);
    assert_int_equal(pass(&limit, "quiet: one", 0), 0);
}

static void too_many_events_share_one_bucket(void **unused)
{
    static char names[LOG_REASONS + 50][16];
    struct log_limit limit = {0};
    unsigned passed = 0;

    (void)unused;
    for (unsigned i = 0; i < LOG_REASONS + 50; i++)
        snprintf(names[i], sizeof(names[i]), "event: %u", i);
    for (unsigned i = 0; i < LOG_REASONS; i++)
        assert_int_equal(pass(&limit, names[i], 0), 0);
    for (unsigned i = LOG_REASONS; i < LOG_REASONS + 50; i++)
        passed += pass(&limit, names[i], 0) != UINT64_MAX;
    assert_int_equal(passed, LOG_BURST);
    assert_int_equal(limit.used, LOG_REASONS);
}

static void clock_that_steps_back_gives_nothing(void **unused)
{
    struct log_limit limit = {0};

    (void)unused;
    for (unsigned i = 0; i < LOG_BURST; i++)
        pass(&limit, "a: b", UINT64_C(1) << 40);
    assert_int_equal(pass(&limit, "a: b", 0), UINT64_MAX);
    assert_int_equal(pass(&limit, "a: b", LOG_INTERVAL_US), 1);
}

static void what_fell_silent_is_told(void **unused)
{
    struct log_limit limit = {0};
    const char *event = NULL;
    uint64_t held = 0;

    (void)unused;
    for (unsigned i = 0; i < LOG_BURST + 7; i++)
        pass(&limit, "a: b", 0);
    assert_false(log_limit_report(&limit, 0, &event, &held));
    assert_true(log_limit_report(&limit, LOG_INTERVAL_US, &event, &held));
    assert_string_equal(event, "a: b");
    assert_int_equal(held, 7);
    assert_false(log_limit_report(&limit, 2 * (uint64_t)LOG_INTERVAL_US, &event, &held));
}

static const char *fields(const char *values, size_t size)
{
    static char out[256];
    size_t len = sandbox_log_fields(values, out, size);

    assert_true(len <= size && len < sizeof(out));
    out[len] = '\0';
    return out;
}

static void values_become_fields(void **unused)
{
    (void)unused;
    assert_string_equal(fields("", 200), "");
    assert_string_equal(fields("old=fe80::1 new-parent=\"a b\" n=3", 200),
                        "RPLD_OLD=fe80::1\nRPLD_NEW_PARENT=a b\nRPLD_N=3\n");
    assert_string_equal(fields("mend=\"set \"x\" to 1\" empty= quoted=\"\"", 200),
                        "RPLD_MEND=set \"x\" to 1\nRPLD_EMPTY=\nRPLD_QUOTED=\n");
    assert_string_equal(fields("words without a key a=1", 200), "RPLD_A=1\n");
    assert_string_equal(fields("open=\"never closed", 200), "RPLD_OPEN=never closed\n");
}

static void fields_are_cut_whole(void **unused)
{
    (void)unused;
    assert_string_equal(fields("a=1 b=2", 9), "RPLD_A=1\n");
    assert_string_equal(fields("a=1 b=2", 17), "RPLD_A=1\n");
    assert_string_equal(fields("a=1 b=2", 18), "RPLD_A=1\nRPLD_B=2\n");
    assert_string_equal(fields("a=1", 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_one_per_interval),
        cmocka_unit_test(a_day_of_flood_is_small),
        cmocka_unit_test(events_do_not_share),
        cmocka_unit_test(too_many_events_share_one_bucket),
        cmocka_unit_test(clock_that_steps_back_gives_nothing),
        cmocka_unit_test(what_fell_silent_is_told),
        cmocka_unit_test(values_become_fields),
        cmocka_unit_test(fields_are_cut_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
