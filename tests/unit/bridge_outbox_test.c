/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <string.h>

#include "bridge/outbox.h"

static struct heap heap;
static const struct brg_alloc alloc = {heap_get, heap_put, &heap};
static struct brg_outbox *outbox;

static int setup(void **state)
{
    const struct brg_outbox_config config = {
        .max_states = 3, .max_events = 3, .max_bytes = 4096, .window = 2};

    (void)state;
    heap = (struct heap){.live = 0};
    outbox = brg_outbox_new(&config, &alloc);
    return outbox == NULL;
}

static int teardown(void **state)
{
    (void)state;
    brg_outbox_free(outbox);
    return heap.live != 0;
}

static int put(const char *topic, const char *payload, bool retain)
{
    return brg_outbox_put(outbox, topic, payload, strlen(payload), 1, retain);
}

static void expect_next(int mid, const char *topic, const char *payload)
{
    struct brg_message *message = brg_outbox_take(outbox);

    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    assert_int_equal(message->len, strlen(payload));
    assert_memory_equal(message->payload, payload, message->len);
    message->mid = mid;
}

static void test_order_and_window(void **state)
{
    (void)state;
    put("e", "1", false);
    put("s", "2", true);
    put("e", "3", false);
    expect_next(1, "e", "1");
    expect_next(2, "s", "2");
    assert_null(brg_outbox_take(outbox)); /* two are out */
    brg_outbox_acked(outbox, 99);
    assert_null(brg_outbox_take(outbox));
    brg_outbox_acked(outbox, 1);
    expect_next(3, "e", "3");
    brg_outbox_acked(outbox, 2);
    brg_outbox_acked(outbox, 3);
    assert_null(brg_outbox_take(outbox));
    assert_int_equal(brg_outbox_stats(outbox)->published, 3);
    assert_int_equal(brg_outbox_stats(outbox)->states, 1);
    assert_int_equal(brg_outbox_stats(outbox)->events, 0);
}

static void test_newest_state_wins(void **state)
{
    (void)state;
    put("s", "1", true);
    put("t", "1", true);
    put("s", "2", true); /* takes the place of the first */
    expect_next(1, "s", "2");
    put("s", "3", true); /* that one is out already */
    put("s", "4", true);
    expect_next(2, "t", "1");
    brg_outbox_acked(outbox, 1);
    expect_next(3, "s", "4");
    brg_outbox_acked(outbox, 2);
    brg_outbox_acked(outbox, 3);
    assert_null(brg_outbox_take(outbox));
    assert_int_equal(brg_outbox_stats(outbox)->superseded, 2);
}

static void test_lost_connection(void **state)
{
    (void)state;
    put("e", "1", false);
    put("s", "1", true);
    put("e", "2", false);
    expect_next(1, "e", "1");
    expect_next(2, "s", "1");
    put("s", "2", true);
    brg_outbox_lost(outbox);
    expect_next(1, "e", "1");
    expect_next(2, "e", "2"); /* the older value of s is not sent again */
    brg_outbox_acked(outbox, 1);
    expect_next(3, "s", "2");
    brg_outbox_acked(outbox, 2);
    brg_outbox_acked(outbox, 3);
    assert_null(brg_outbox_take(outbox));
}

static void test_republish(void **state)
{
    (void)state;
    put("b", "1", true);
    put("a", "1", true);
    put("e", "1", false);
    expect_next(1, "b", "1");
    brg_outbox_acked(outbox, 1);
    brg_outbox_republish(outbox);
    expect_next(2, "a", "1"); /* was queued all along */
    expect_next(3, "e", "1");
    brg_outbox_acked(outbox, 2);
    brg_outbox_acked(outbox, 3);
    expect_next(4, "b", "1");
    assert_null(brg_outbox_take(outbox));
}

static void test_bounds(void **state)
{
    static char big[4000];

    (void)state;
    for (int i = 0; i < 5; i++) {
        char payload[2] = {(char)('0' + i), '\0'};

        assert_int_equal(put("e", payload, false), 0);
    }
    assert_int_equal(brg_outbox_stats(outbox)->dropped, 2);
    expect_next(1, "e", "2");
    assert_int_equal(put("a", "", true), 0);
    assert_int_equal(put("b", "", true), 0);
    assert_int_equal(put("c", "", true), 0);
    assert_int_equal(put("d", "", true), -BRG_ERR_FULL);
    assert_int_equal(put("a", "new", true), 0); /* a known one always has its place */
    /* Octets: events give way, states do not. */
    memset(big, 'x', sizeof(big));
    assert_int_equal(brg_outbox_put(outbox, "a", big, sizeof(big), 1, true), -BRG_ERR_FULL);
    assert_int_equal(brg_outbox_put(outbox, "e", big, 2000, 1, false), 0);
    assert_int_equal(brg_outbox_put(outbox, "e", big, 2000, 1, false), 0);
    assert_true(brg_outbox_stats(outbox)->bytes <= 4096);
    assert_int_equal(brg_outbox_stats(outbox)->refused, 2);
}

static void test_every_allocation_fails(void **state)
{
    (void)state;
    heap.fail_all = true;
    assert_int_equal(put("s", "1", true), -BRG_ERR_NOMEM);
    heap.fail_all = false;
    assert_int_equal(put("s", "1", true), 0);
    heap.fail_all = true;
    assert_int_equal(put("s", "2", true), -BRG_ERR_NOMEM);
    expect_next(1, "s", "1"); /* the older one still stands */
    heap.fail_all = false;
}

/* A day at the broker that comes and goes: nothing leaks, nothing is sent twice at a time, the
 * bounds hold, and in the end the newest value of each state was sent last. */
static void test_random_walk(void **state)
{
    uint64_t random = 7;
    int flying[2] = {0, 0};
    int mid = 0;
    char last_sent[3][8] = {"", "", ""};
    char last_put[3][8] = {"", "", ""};

    (void)state;
    for (int step = 0; step < 20000; step++) {
        uint64_t what = brg_random_below(&random, step < 19900 ? 10 : 4);
        char payload[8];
        struct brg_message *message;
        size_t slot = (size_t)brg_random_below(&random, 3);
        char topic[2] = {(char)('a' + slot), '\0'};

        (void)snprintf(payload, sizeof(payload), "%d", step);
        if (what >= 7 && put(topic, payload, true) == 0) {
            memcpy(last_put[slot], payload, sizeof(payload));
        } else if (what == 6) {
            put("e", payload, false);
        } else if (what == 5 && step % 50 == 0) {
            brg_outbox_lost(outbox);
            brg_outbox_republish(outbox);
            flying[0] = flying[1] = 0;
        } else if (what >= 2 && (message = brg_outbox_take(outbox)) != NULL) {
            size_t hand = flying[0] == 0 ? 0 : 1;

            assert_int_equal(flying[hand], 0);
            message->mid = flying[hand] = ++mid;
            if (message->topic[0] != 'e') {
                memset(last_sent[message->topic[0] - 'a'], 0, 8);
                memcpy(last_sent[message->topic[0] - 'a'], message->payload, message->len);
            }
        } else if (what < 2 && flying[what] != 0) {
            brg_outbox_acked(outbox, flying[what]);
            flying[what] = 0;
        }
        assert_true(brg_outbox_stats(outbox)->bytes <= 4096);
        assert_true(brg_outbox_stats(outbox)->in_flight <= 2);
    }
    for (int i = 0; i < 3; i++) {
        assert_string_equal(last_sent[i], last_put[i]);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_order_and_window), T(test_newest_state_wins),
        T(test_lost_connection),  T(test_republish),
        T(test_bounds),           T(test_every_allocation_fails),
        T(test_random_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
