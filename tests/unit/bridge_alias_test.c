/* SPDX-License-Identifier: ISC */
/* Topic aliases: who gets one, who keeps it, and that none is used before the broker knows it. And
 * for how long a message is of use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bridge/mqtt_alias.h"
#include "bridge/mqtt_props.h"

static struct brg_aliases aliases;

/* What the broker knows: a number that it was not told would end the connection. */
static char told[BRG_ALIASES_MAX + 1][32];
static unsigned full; /* topics that went out whole */

static uint16_t publish(const char *topic)
{
    bool known;
    uint16_t alias = brg_alias_take(&aliases, topic, &known);

    assert_true(alias <= aliases.max);
    if (known) {
        assert_string_equal(told[alias], topic);
    } else {
        full++;
        if (alias > 0) {
            (void)snprintf(told[alias], sizeof(told[0]), "%s", topic);
        }
    }
    return alias;
}

static void reset(unsigned max)
{
    brg_aliases_reset(&aliases, max);
    memset(told, 0, sizeof(told));
    full = 0;
}

static void test_none(void **state)
{
    (void)state;
    reset(0);
    assert_int_equal(publish("a"), 0);
    assert_int_equal(publish("a"), 0);
    reset(100000);
    assert_int_equal(aliases.max, BRG_ALIASES_MAX);
}

static void test_few_topics(void **state)
{
    (void)state;
    reset(3);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(publish("a"), 1);
        assert_int_equal(publish("b"), 2);
        assert_int_equal(publish("c"), 3);
    }
    assert_int_equal(full, 3);
}

/* A round of more topics than there are numbers takes none from those that are used often. */
static void test_many_topics(void **state)
{
    unsigned often = 0;
    char topic[32];

    (void)state;
    reset(10);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(topic, sizeof(topic), "seldom/%d", i % 50);
        (void)publish(topic);
        for (int k = 0; k < 5; k++) {
            (void)snprintf(topic, sizeof(topic), "often/%d", k);
            often += publish(topic) > 0;
        }
    }
    assert_true(often > 49000);
}

/* Who was used and is no more makes room. */
static void test_others_later(void **state)
{
    (void)state;
    reset(1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(publish("before"), 1);
    }
    full = 0;
    for (int i = 0; i < 1000; i++) {
        (void)publish("after");
    }
    assert_in_range(full, 1, 100);
}

static void test_forgotten(void **state)
{
    (void)state;
    reset(2);
    assert_int_equal(publish("a"), 1);
    brg_alias_forget(&aliases, 1);
    brg_alias_forget(&aliases, 0);
    brg_alias_forget(&aliases, 2);
    full = 0;
    for (int i = 0; i < 100; i++) {
        (void)publish("a");
    }
    assert_in_range(full, 1, 3); /* told once more */
    reset(0);
}

/* For how long a message is of use: one of before the clock was set is as young as can be. */
static void test_expiry(void **state)
{
    const double now_s = (double)time(NULL);
    struct brg_message message = {.expiry_s = 100, .at_s = now_s - 60};

    (void)state;
    assert_in_range(brg_mqtt_remaining_s(&message), 35, 41);
    message.at_s = now_s - 101;
    assert_int_equal(brg_mqtt_remaining_s(&message), 0);
    message.at_s = now_s + 5000; /* the clock was set back */
    assert_int_equal(brg_mqtt_remaining_s(&message), 100);
    message.at_s = 45.; /* a machine without a clock has just begun */
    assert_int_equal(brg_mqtt_remaining_s(&message), 100);
    message.at_s = 0.;
    assert_int_equal(brg_mqtt_remaining_s(&message), 100);
    message.expiry_s = 0;
    assert_int_equal(brg_mqtt_remaining_s(&message), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),        cmocka_unit_test(test_few_topics),
        cmocka_unit_test(test_many_topics), cmocka_unit_test(test_others_later),
        cmocka_unit_test(test_forgotten),   cmocka_unit_test(test_expiry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
