/* SPDX-License-Identifier: ISC */
/* Our payloads in blocks (RFC 7959 section 2.5), and timeouts by measured round trips. */
#include "tests/unit/coap_lib.h"

#include "bridge/coap_rtt.h"

static char text[4000];

static void put(size_t len)
{
    const struct coap_request request = {
        .peer = node(1),
        .method = COAP_PUT,
        .uri = "x",
        .accept = COAP_FORMAT_NONE,
        .format = COAP_FORMAT_TEXT,
        .payload = (const uint8_t *)text,
        .payload_len = len,
    };
    uint32_t id;

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    assert_int_equal(coap_request(ep, &request, now, &id), 0);
    run();
}

static uint32_t sent_block(void)
{
    uint32_t value = UINT32_MAX;

    assert_int_equal(n_out, 1);
    assert_true(coap_msg_uint(&out, COAP_OPT_BLOCK1, &value));
    assert_memory_equal(out.payload, text + (value >> 4) * (16U << (value & 7)), out.payload_len);
    return value;
}

static void node_says(uint8_t code, int block1)
{
    struct coap_msg msg = {.type = COAP_ACK, .code = code, .mid = out.mid, .token_len = 4};
    const struct coap_addr from = node(1);
    uint8_t room[4];
    uint8_t data[64];
    size_t len;

    memcpy(msg.token, out.token, 4);
    if (block1 >= 0) {
        coap_msg_add_uint(&msg, COAP_OPT_BLOCK1, (uint32_t)block1, room);
    }
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    assert_int_equal(coap_input(ep, &from, data, len, now), 0);
    run();
}

static void test_one_datagram(void **state)
{
    (void)state;
    put(1024);
    assert_null(coap_msg_find(&out, COAP_OPT_BLOCK1));
    assert_int_equal(out.payload_len, 1024);
    node_says(COAP_CHANGED, -1);
    assert_true(got.last);
}

static void test_blocks(void **state)
{
    uint32_t size;

    (void)state;
    put(2500);
    assert_true(coap_msg_uint(&out, COAP_OPT_SIZE1, &size));
    assert_int_equal(size, 2500);
    assert_int_equal(sent_block(), 0x0e);
    node_says(COAP_CONTINUE, 0x0e);
    assert_int_equal(sent_block(), 0x1e);
    wait_deadline(1, 3); /* one is lost */
    assert_int_equal(sent_block(), 0x1e);
    node_says(COAP_CONTINUE, 0x1e);
    assert_int_equal(sent_block(), 0x26);
    assert_int_equal(out.payload_len, 2500 - 2048);
    node_says(COAP_CHANGED, 0x26);
    assert_int_equal(got.kind, COAP_RESPONSE);
    assert_int_equal(got.code, COAP_CHANGED);
    assert_true(got.last);
    assert_true(coap_deadline(ep) == BRG_NEVER);
}

/* The node has the block that it answered and wants the next ones smaller. */
static void test_smaller_blocks(void **state)
{
    (void)state;
    put(1500);
    node_says(COAP_CONTINUE, 0x0a); /* 64 octets */
    assert_int_equal(sent_block(), 16 << 4 | 8 | 2);
    node_says(COAP_CONTINUE, 16 << 4 | 8 | 2);
    assert_int_equal(sent_block(), 17 << 4 | 8 | 2);
}

/* Too large for one datagram of this node: it says how large a block may be. */
static void test_too_large_at_once(void **state)
{
    (void)state;
    put(300);
    node_says(COAP_TOO_LARGE, 0x02);
    assert_int_equal(sent_block(), 0x0a);
    for (unsigned num = 0; num < 4; num++) {
        node_says(COAP_CONTINUE, (int)(num << 4 | 0x0a));
    }
    assert_int_equal(sent_block(), 4 << 4 | 2);
    node_says(COAP_TOO_LARGE, 4 << 4 | 2);
    assert_int_equal(got.kind, COAP_RESPONSE);
    assert_int_equal(got.code, COAP_TOO_LARGE);
}

static void test_too_large_for_ever(void **state)
{
    (void)state;
    put(300);
    node_says(COAP_TOO_LARGE, -1);
    assert_int_equal(got.code, COAP_TOO_LARGE);
    assert_true(got.last);
}

/* The node forgot what it had: once more, and not for ever. */
static void test_incomplete(void **state)
{
    (void)state;
    put(2500);
    node_says(COAP_CONTINUE, 0x0e);
    node_says(COAP_INCOMPLETE, -1);
    assert_int_equal(sent_block(), 0x0e);
    node_says(COAP_INCOMPLETE, -1);
    assert_int_equal(got.code, COAP_INCOMPLETE);
    assert_true(got.last);
}

static void test_nonsense(void **state)
{
    static const int blocks[] = {-1, 0x1e, 0x0f};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        put(2500);
        node_says(COAP_CONTINUE, blocks[i]);
        assert_int_equal(got.kind, COAP_FAILED);
        assert_int_equal(got.failure, COAP_FAIL_BAD);
    }
    put(10);
    node_says(COAP_CONTINUE, 0x06);
    assert_int_equal(got.failure, COAP_FAIL_BAD);
}

/* --- round trips ---------------------------------------------------------------------------- */

static void test_timeout_follows(void **state)
{
    struct coap_rtt rtt = {.timeout = 0};
    brg_tstamp at = BRG_SEC;
    uint64_t first;

    (void)state;
    assert_int_equal(coap_rtt_timeout(&rtt, 2 * BRG_SEC, at), 2 * BRG_SEC);
    for (int i = 0; i < 50; i++) {
        coap_rtt_measured(&rtt, 100 * BRG_MSEC, 0, 2 * BRG_SEC, at);
    }
    first = coap_rtt_timeout(&rtt, 2 * BRG_SEC, at);
    assert_in_range(first, 200 * BRG_MSEC, 250 * BRG_MSEC);
    for (int i = 0; i < 50; i++) {
        coap_rtt_measured(&rtt, 5 * BRG_SEC, 0, 2 * BRG_SEC, at);
    }
    assert_in_range(coap_rtt_timeout(&rtt, 2 * BRG_SEC, at), 4900 * BRG_MSEC, 7 * BRG_SEC);
    /* Answers to copies count weakly, to the third copy not at all. */
    rtt = (struct coap_rtt){.timeout = 0};
    coap_rtt_measured(&rtt, 10 * BRG_SEC, 3, 2 * BRG_SEC, at);
    assert_int_equal(coap_rtt_timeout(&rtt, 2 * BRG_SEC, at), 2 * BRG_SEC);
    coap_rtt_measured(&rtt, 4 * BRG_SEC, 1, 2 * BRG_SEC, at);
    assert_int_equal(coap_rtt_timeout(&rtt, 2 * BRG_SEC, at), (6 + 6) * BRG_SEC / 4);
}

static void test_timeout_ages(void **state)
{
    struct coap_rtt rtt = {.timeout = 200 * BRG_MSEC, .at = BRG_SEC};

    (void)state;
    assert_int_equal(coap_rtt_timeout(&rtt, 2 * BRG_SEC, 5 * BRG_SEC), 400 * BRG_MSEC);
    assert_in_range(coap_rtt_timeout(&rtt, 2 * BRG_SEC, 9000 * BRG_SEC), BRG_SEC, 2 * BRG_SEC);
    rtt = (struct coap_rtt){.timeout = 32 * BRG_SEC, .at = BRG_SEC};
    assert_in_range(coap_rtt_timeout(&rtt, 2 * BRG_SEC, 9000 * BRG_SEC), 2 * BRG_SEC, 3 * BRG_SEC);
}

static void test_backoff(void **state)
{
    (void)state;
    assert_int_equal(coap_rtt_backoff(300, 300), 900);
    assert_int_equal(coap_rtt_backoff(2 * BRG_SEC, 2 * BRG_SEC), 4 * BRG_SEC);
    assert_int_equal(coap_rtt_backoff(4 * BRG_SEC, 4 * BRG_SEC), 6 * BRG_SEC);
    assert_int_equal(coap_rtt_backoff(30 * BRG_SEC, 2 * BRG_SEC), 32 * BRG_SEC);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_one_datagram),
        T(test_blocks),
        T(test_smaller_blocks),
        T(test_too_large_at_once),
        T(test_too_large_for_ever),
        T(test_incomplete),
        T(test_nonsense),
        cmocka_unit_test(test_timeout_follows),
        cmocka_unit_test(test_timeout_ages),
        cmocka_unit_test(test_backoff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
