/* SPDX-License-Identifier: ISC */
/* Timers: what is put off stays in its place until that has come, and is then due when it was put
 * off to, among the others in order. */
#include "tests/unit/bridge_lib.h"

static struct brg_timers timers;
static struct brg_timer a, b, c;

static int setup(void **state)
{
    (void)state;
    brg_timers_init(&timers);
    a = b = c = (struct brg_timer){.armed = false};
    return 0;
}

static void test_in_order(void **state)
{
    (void)state;
    assert_int_equal(brg_timers_deadline(&timers), BRG_NEVER);
    brg_timer_set(&timers, &a, 30);
    brg_timer_set(&timers, &b, 10);
    brg_timer_set(&timers, &c, 10);
    assert_int_equal(brg_timers_deadline(&timers), 10);
    assert_null(brg_timers_due(&timers, 9));
    assert_ptr_equal(brg_timers_due(&timers, 30), &b); /* of the same instant the one set first */
    assert_ptr_equal(brg_timers_due(&timers, 30), &c);
    assert_ptr_equal(brg_timers_due(&timers, 30), &a);
    assert_null(brg_timers_due(&timers, BRG_NEVER));
    assert_false(a.armed || b.armed || c.armed);
}

static void test_put_off(void **state)
{
    (void)state;
    brg_timer_set(&timers, &a, 10);
    brg_timer_set(&timers, &a, 50);
    assert_int_equal(brg_timers_deadline(&timers), 10); /* earlier than it is due */
    assert_null(brg_timers_due(&timers, 10));
    assert_int_equal(brg_timers_deadline(&timers), 50);
    assert_null(brg_timers_due(&timers, 49));
    assert_ptr_equal(brg_timers_due(&timers, 50), &a);
    assert_null(brg_timers_due(&timers, 1000));
}

static void test_put_off_many_times(void **state)
{
    (void)state;
    /* As Max-Age is by each reading: it is looked at once in a while and never due. */
    brg_timer_set(&timers, &a, 60);
    for (brg_tstamp now = 1; now < 10000; now++) {
        brg_timer_set(&timers, &a, now + 60);
        assert_null(brg_timers_due(&timers, now));
    }
    assert_null(brg_timers_due(&timers, 9999 + 59));
    assert_ptr_equal(brg_timers_due(&timers, 9999 + 60), &a);
}

static void test_put_off_behind_another(void **state)
{
    (void)state;
    brg_timer_set(&timers, &a, 10);
    brg_timer_set(&timers, &b, 20);
    brg_timer_set(&timers, &a, 20); /* from now on behind b, which was set for then before */
    assert_ptr_equal(brg_timers_due(&timers, 20), &b);
    assert_ptr_equal(brg_timers_due(&timers, 20), &a);
    assert_null(brg_timers_due(&timers, 20));
}

static void test_put_off_and_drawn_near(void **state)
{
    (void)state;
    brg_timer_set(&timers, &a, 10);
    brg_timer_set(&timers, &a, 50);
    brg_timer_set(&timers, &a, 30); /* sooner, but not before where it stands */
    assert_null(brg_timers_due(&timers, 29));
    assert_ptr_equal(brg_timers_due(&timers, 30), &a);
    brg_timer_set(&timers, &a, 100);
    brg_timer_set(&timers, &a, 200);
    brg_timer_set(&timers, &a, 40); /* before where it stands: nothing is left of 200 */
    assert_int_equal(brg_timers_deadline(&timers), 40);
    assert_ptr_equal(brg_timers_due(&timers, 40), &a);
    assert_null(brg_timers_due(&timers, 1000));
}

static void test_put_off_and_cleared(void **state)
{
    (void)state;
    brg_timer_set(&timers, &a, 10);
    brg_timer_set(&timers, &a, 50);
    brg_timer_clear(&timers, &a);
    assert_int_equal(brg_timers_deadline(&timers), BRG_NEVER);
    assert_null(brg_timers_due(&timers, 1000));
    brg_timer_set(&timers, &a, 5); /* armed anew it knows nothing of 50 */
    assert_ptr_equal(brg_timers_due(&timers, 5), &a);
    brg_timer_set(&timers, &a, 10);
    brg_timer_set(&timers, &a, 50);
    brg_timer_set(&timers, &a, BRG_NEVER);
    assert_false(a.armed);
    assert_null(brg_timers_due(&timers, 1000));
}

#define MANY 64

/* Whatever is set, put off, drawn near and cleared: a timer is due at the time it was last set to,
 * never before, and the deadline is never later than the first of them. */
static void test_like_a_list(void **state)
{
    static struct brg_timer many[MANY];
    brg_tstamp wanted[MANY];
    uint64_t random = 7;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        many[i] = (struct brg_timer){.armed = false};
        wanted[i] = BRG_NEVER;
    }
    for (brg_tstamp now = 1; now < 20000; now++) {
        size_t i = (size_t)brg_random_below(&random, MANY);
        brg_tstamp first = BRG_NEVER;
        struct brg_timer *due;

        wanted[i] =
            brg_random_below(&random, 10) == 0 ? BRG_NEVER : now + brg_random_below(&random, 300);
        brg_timer_set(&timers, &many[i], wanted[i]);
        for (size_t j = 0; j < MANY; j++) {
            first = wanted[j] < first ? wanted[j] : first;
        }
        assert_true(brg_timers_deadline(&timers) <= first);
        while ((due = brg_timers_due(&timers, now)) != NULL) {
            assert_true(wanted[due - many] <= now);
            wanted[due - many] = BRG_NEVER;
        }
        for (size_t j = 0; j < MANY; j++) {
            assert_true(wanted[j] > now);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_in_order, setup),
        cmocka_unit_test_setup(test_put_off, setup),
        cmocka_unit_test_setup(test_put_off_many_times, setup),
        cmocka_unit_test_setup(test_put_off_behind_another, setup),
        cmocka_unit_test_setup(test_put_off_and_drawn_near, setup),
        cmocka_unit_test_setup(test_put_off_and_cleared, setup),
        cmocka_unit_test_setup(test_like_a_list, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
