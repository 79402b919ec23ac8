/* SPDX-License-Identifier: ISC */
/* Lollipop counters against the text of RFC 6550 section 7.2, for all pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpl/rpl_wire.h"

/* One way to become newer: count how many increments lead from |from| to |to|, up to |most|. */
static int steps(uint8_t from, uint8_t to, int most)
{
    for (int n = 1; n <= most; n++) {
        from = rpl_lollipop_increment(from);
        if (from == to)
            return n;
    }
    return 0;
}

static void test_increment(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        int next = a == 127 || a == 255 ? 0 : a + 1;

        assert_int_equal(rpl_lollipop_increment((uint8_t)a), next);
    }
}

static void test_compare_is_antisymmetric(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            enum rpl_order ab = rpl_lollipop_compare((uint8_t)a, (uint8_t)b);
            enum rpl_order ba = rpl_lollipop_compare((uint8_t)b, (uint8_t)a);

            assert_int_equal(ab == RPL_EQUAL, a == b);
            assert_int_equal(ab == RPL_NEWER, ba == RPL_OLDER);
            assert_int_equal(ab == RPL_OLDER, ba == RPL_NEWER);
            assert_int_equal(ab == RPL_NOT_COMPARABLE, ba == RPL_NOT_COMPARABLE);
        }
    }
}

/* Within one part of the lollipop a is newer exactly if at most 16 increments lead to it. */
static void test_compare_within_a_part(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            enum rpl_order got = rpl_lollipop_compare((uint8_t)a, (uint8_t)b);

            if (a == b || (a < 128) != (b < 128))
                continue;
            if (steps((uint8_t)b, (uint8_t)a, 16))
                assert_int_equal(got, RPL_NEWER);
            else if (steps((uint8_t)a, (uint8_t)b, 16))
                assert_int_equal(got, RPL_OLDER);
            else
                assert_int_equal(got, RPL_NOT_COMPARABLE);
        }
    }
}

/* From the stick into the circle: never incomparable, older only within 16 increments. */
static void test_compare_across(void **state)
{
    (void)state;
    for (int a = 128; a < 256; a++) {
        for (int b = 0; b < 128; b++) {
            enum rpl_order got = rpl_lollipop_compare((uint8_t)a, (uint8_t)b);

            assert_int_equal(got, steps((uint8_t)a, (uint8_t)b, 16) ? RPL_OLDER : RPL_NEWER);
        }
    }
}

/* The examples that the RFC itself works out. */
static void test_examples(void **state)
{
    (void)state;
    assert_int_equal(rpl_lollipop_compare(240, 5), RPL_NEWER);
    assert_int_equal(rpl_lollipop_compare(250, 5), RPL_OLDER);
    assert_int_equal(rpl_lollipop_compare(127, 0), RPL_OLDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_increment),
        cmocka_unit_test(test_compare_is_antisymmetric),
        cmocka_unit_test(test_compare_within_a_part),
        cmocka_unit_test(test_compare_across),
        cmocka_unit_test(test_examples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
