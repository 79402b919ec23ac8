/* SPDX-License-Identifier: ISC */
/* Which radio the configuration means, and what of its wishes the hardware can fulfil. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpld/radio.h"

static const struct conf_radio any;
static const struct conf_radio second = {.eui64 = {2, 0, 0, 0, 0, 0, 0, 2}};
static const struct conf_radio renamed = {.eui64 = {2, 0, 0, 0, 0, 0, 0, 9},
                                          .address = {2, 0, 0, 0, 0, 0, 0, 3}};

static const struct krt_radio radios[] = {
    {.ifindex = 11, .eui64 = {2, 0, 0, 0, 0, 0, 0, 1}},
    {.ifindex = 12, .eui64 = {2, 0, 0, 0, 0, 0, 0, 2}},
    {.ifindex = 13, .eui64 = {2, 0, 0, 0, 0, 0, 0, 3}},
};

static void test_named(void **state)
{
    (void)state;
    assert_int_equal(radio_choose(&second, radios, 3, 0, 0), 1);
    /* Whatever else is there or preferred. */
    assert_int_equal(radio_choose(&second, radios, 3, 2, 11), 1);
    assert_int_equal(radio_choose(&second, radios, 1, 0, 0), -ENODEV);
    assert_int_equal(radio_choose(&second, radios, 0, 0, 0), -ENODEV);
    /* An earlier run gave it the address that the configuration has. */
    assert_int_equal(radio_choose(&renamed, radios, 3, 0, 0), 2);
    assert_int_equal(radio_choose(&renamed, radios, 2, 0, 0), -ENODEV);
}

static void test_any(void **state)
{
    (void)state;
    assert_int_equal(radio_choose(&any, radios, 0, 0, 0), -ENODEV);
    assert_int_equal(radio_choose(&any, radios, 1, 0, 0), 0);
    assert_int_equal(radio_choose(&any, radios, 2, 0, 0), -ENOTUNIQ);
    /* The one that we have; the one that nobody else has. */
    assert_int_equal(radio_choose(&any, radios, 3, 0, 12), 1);
    assert_int_equal(radio_choose(&any, radios, 2, 1, 0), 1);
    assert_int_equal(radio_choose(&any, radios, 3, 1, 0), -ENOTUNIQ);
    /* The only one, though somebody has it: then it is said whose it is. */
    assert_int_equal(radio_choose(&any, radios, 1, 1, 0), 0);
    assert_int_equal(radio_choose(&any, radios, 2, 3, 0), -ENOTUNIQ);
}

static void test_power(void **state)
{
    (void)state;
    const struct krt_radio radio = {.power_count = 5, .power = {-1700, 300, 0, 370, -100}};

    assert_int_equal(radio_power(&radio, 3000), 370);
    assert_int_equal(radio_power(&radio, 370), 370);
    assert_int_equal(radio_power(&radio, 369), 300);
    assert_int_equal(radio_power(&radio, 100), 0);
    assert_int_equal(radio_power(&radio, -1), -100);
    assert_int_equal(radio_power(&radio, -1700), -1700);
    assert_int_equal(radio_power(&radio, -4000), -1700);
}

static void test_retries(void **state)
{
    (void)state;
    const struct krt_radio fixed = {.retries_min = 3, .retries_max = 3};
    const struct krt_radio free = {.retries_min = 0, .retries_max = 7};

    assert_int_equal(radio_retries(&fixed, 0), 3);
    assert_int_equal(radio_retries(&fixed, 7), 3);
    assert_int_equal(radio_retries(&free, 0), 0);
    assert_int_equal(radio_retries(&free, 5), 5);
}

static void test_channel(void **state)
{
    (void)state;
    struct krt_radio radio = {0};

    radio.channels[0] = 0x07fff800u; /* 11 to 26 */
    radio.channels[2] = 1;
    assert_true(radio_has_channel(&radio, 0, 11) && radio_has_channel(&radio, 0, 26));
    assert_false(radio_has_channel(&radio, 0, 10) || radio_has_channel(&radio, 0, 27));
    assert_true(radio_has_channel(&radio, 2, 0));
    assert_false(radio_has_channel(&radio, 1, 0) || radio_has_channel(&radio, 32, 0));
    assert_false(radio_has_channel(&radio, 0, 32));
}

static void test_address(void **state)
{
    (void)state;
    assert_false(radio_address_differs(&any, &radios[0])); /* it keeps its own */
    assert_true(radio_address_differs(&renamed, &radios[0]));
    assert_false(radio_address_differs(&renamed, &radios[2]));
    assert_true(radio_is_any(&any));
    assert_false(radio_is_any(&second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named),   cmocka_unit_test(test_any),
        cmocka_unit_test(test_power),   cmocka_unit_test(test_retries),
        cmocka_unit_test(test_channel), cmocka_unit_test(test_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
