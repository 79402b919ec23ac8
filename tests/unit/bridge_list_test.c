/* SPDX-License-Identifier: ISC */
/* The list of values that the bridge gives over CoAP, and who asks for it all the time. */
#include "tests/unit/bridge_rig.h"

#include <stdio.h>
#include <string.h>

#define STATES 5000

static void tweak(struct brg_core_config *config)
{
    config->serve = BRG_SERVE_ALL;
}

static int setup_serving(void **state)
{
    (void)state;
    return setup_with(tweak);
}

/* The code of the answer to one more question of that kind. */
static uint8_t list(const char *query)
{
    static uint16_t mid;
    const struct coap_addr from = {.ip = {0xfd, [15] = 9}, .port = 999};
    struct coap_msg msg = {.type = COAP_CON, .code = COAP_GET, .mid = mid++};
    struct coap_effect effect;
    uint8_t data[COAP_DATAGRAM_MAX];
    uint8_t code = 0;
    bool header;
    size_t len;

    coap_msg_add(&msg, COAP_OPT_URI_PATH, ".well-known", 11);
    coap_msg_add(&msg, COAP_OPT_URI_PATH, "core", 4);
    coap_msg_add(&msg, COAP_OPT_URI_QUERY, query, strlen(query));
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    assert_int_equal(coap_input(ep, &from, data, len, now.mono), 0);
    while (coap_poll(ep, &effect)) {
        if (effect.kind != COAP_SEND) {
            brg_core_effect(core, &effect, &now);
            continue;
        }
        assert_int_equal(coap_msg_parse(&msg, effect.data, effect.len, &header), 0);
        code = msg.code;
    }
    return code;
}

static void fill(void)
{
    char topic[64];

    for (int i = 0; i < STATES; i++) {
        (void)snprintf(topic, sizeof(topic), "mesh/" EUI1 "/s/%d", i);
        assert_int_equal(brg_outbox_put(outbox, topic, "1", 1, 1, true), 0);
    }
}

/* To look at all of them for nothing is work, and there is so much of it in a second. */
static void test_asked_all_the_time(void **state)
{
    unsigned n = 0;

    (void)state;
    fill();
    while (list("href=/r/none") == COAP_CONTENT) {
        n++;
        assert_true(n <= 200000 / STATES);
    }
    assert_in_range(n, 200000 / STATES / 2, 200000 / STATES);
    assert_int_equal(list("href=/r/none"), COAP_UNAVAILABLE);
    now.mono += 10 * BRG_SEC;
    assert_int_equal(list("href=/r/none"), COAP_CONTENT);
}

/* Whoever reads it block by block has it made each time: no more than has room is looked at. */
static void test_read_in_blocks(void **state)
{
    (void)state;
    fill();
    for (int i = 0; i < 256; i++) {
        assert_int_equal(list("href=/r/*"), COAP_CONTENT);
        now.mono += 50 * BRG_MSEC;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asked_all_the_time, setup_serving, teardown),
        cmocka_unit_test_setup_teardown(test_read_in_blocks, setup_serving, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
