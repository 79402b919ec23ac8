/* SPDX-License-Identifier: ISC */
/* Requests, responses, blocks (RFC 7252, RFC 7959). */
#include "tests/unit/coap_lib.h"

static void test_get_piggybacked(void **state)
{
    uint32_t id = ask(1, "s/temp?unit=c", false);
    uint8_t token[4];

    (void)state;
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_CON);
    assert_int_equal(out.code, COAP_GET);
    assert_int_equal(out.token_len, 4);
    assert_int_equal(out.n_options, 3);
    assert_memory_equal(out.options[0].value, "s", 1);
    assert_memory_equal(out.options[1].value, "temp", 4);
    assert_int_equal(out.options[2].number, COAP_OPT_URI_QUERY);
    assert_memory_equal(out.options[2].value, "unit=c", 6);
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .payload = "21.5"));
    assert_int_equal(n_out, 0);
    assert_int_equal(n_got, 1);
    assert_int_equal(got.kind, COAP_RESPONSE);
    assert_int_equal(got.id, id);
    assert_int_equal(got.cookie, 1001);
    assert_int_equal(got.code, COAP_CONTENT);
    assert_true(got.last);
    assert_false(got.confirm);
    assert_string_equal(got_data, "21.5");
    assert_true(coap_deadline(ep) == BRG_NEVER);
}

/* RFC 7252 section 4.2: 2 to 3 seconds, doubled each time, four retransmissions, the same octets.
 */
static void test_retransmission(void **state)
{
    uint8_t first[COAP_DATAGRAM_MAX];
    double low = 2;
    double high = 3;
    size_t len;

    (void)state;
    ask(1, "a", false);
    len = out_len;
    memcpy(first, out_data, len);
    for (int i = 0; i < 4; i++) {
        wait_deadline(low, high);
        assert_int_equal(n_out, 1);
        assert_int_equal(out_len, len);
        assert_memory_equal(out_data, first, len);
        low *= 2;
        high *= 2;
    }
    wait_deadline(low, high);
    assert_int_equal(n_out, 0);
    assert_int_equal(n_got, 1);
    assert_int_equal(got.kind, COAP_FAILED);
    assert_int_equal(got.failure, COAP_FAIL_TIMEOUT);
    assert_true(coap_deadline(ep) == BRG_NEVER);
    assert_int_equal(coap_endpoint_stats(ep)->retransmitted, 4);
}

static void test_separate_response(void **state)
{
    uint8_t token[4];
    const struct reply *reply;

    (void)state;
    ask(1, "slow", false);
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_EMPTY, .mid = out.mid));
    assert_int_equal(n_got + n_out, 0);
    reply =
        REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 77, .token = token, .payload = "late");
    hear(1, reply);
    assert_int_equal(n_got, 1);
    assert_string_equal(got_data, "late");
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
    assert_int_equal(out.code, COAP_EMPTY);
    assert_int_equal(out.mid, 77);
    /* Its copy is acknowledged again, though the request is over. */
    hear(1, reply);
    assert_int_equal(n_got, 0);
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
}

/* The acknowledgement was lost, the response came: that ends the retransmission as well. */
static void test_separate_response_without_ack(void **state)
{
    (void)state;
    ask(1, "slow", false);
    hear(1, REPLY(.type = COAP_NON, .code = COAP_CONTENT, .mid = 9, .token = out.token,
                  .payload = "x"));
    assert_int_equal(n_got, 1);
    assert_true(coap_deadline(ep) == BRG_NEVER);
}

static void test_separate_response_never_comes(void **state)
{
    (void)state;
    ask(1, "slow", false);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_EMPTY, .mid = out.mid));
    wait_deadline(60, 60);
    assert_int_equal(got.kind, COAP_FAILED);
    assert_int_equal(got.failure, COAP_FAIL_TIMEOUT);
}

static void test_reset_fails_the_request(void **state)
{
    (void)state;
    ask(1, "a", false);
    hear(1, REPLY(.type = COAP_RST, .code = COAP_EMPTY, .mid = out.mid));
    assert_int_equal(n_got, 1);
    assert_int_equal(got.failure, COAP_FAIL_RESET);
}

static void test_foreign_answers_are_ignored(void **state)
{
    const uint8_t wrong[4] = "nope";
    uint16_t mid;
    uint8_t token[4];

    (void)state;
    ask(1, "a", false);
    mid = out.mid;
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = mid, .token = wrong));
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = mid + 1, .token = token));
    hear(2, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = mid, .token = token));
    hear(2, REPLY(.type = COAP_RST, .code = COAP_EMPTY, .mid = mid));
    assert_int_equal(coap_endpoint_stats(ep)->ignored, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = mid, .token = token));
    assert_int_equal(n_got, 1);
}

/* One per node, two in the mesh (as configured here), in turn. */
static void test_pacing(void **state)
{
    uint16_t mid;
    uint8_t token[4];

    (void)state;
    ask(1, "a", false);
    assert_int_equal(n_out, 1);
    mid = out.mid;
    memcpy(token, out.token, 4);
    ask(1, "b", false);
    assert_int_equal(n_out, 0);
    ask(2, "a", false);
    assert_int_equal(n_out, 1);
    ask(3, "a", false);
    assert_int_equal(n_out, 0);
    /* Node 1 answers: node 3 was waiting longer than node 1's second request. */
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = mid, .token = token));
    assert_int_equal(n_out, 1);
    assert_memory_equal(coap_msg_find(&out, COAP_OPT_URI_PATH)->value, "a", 1);
}

static void test_bounds(void **state)
{
    struct coap_request request = {.peer = node(4), .method = COAP_GET, .uri = "a", .accept = -1};
    uint32_t id;

    (void)state;
    for (int i = 0; i < 4; i++) {
        ask(1, "a", false);
    }
    request.peer = node(1);
    assert_int_equal(coap_request(ep, &request, now, &id), -BRG_ERR_FULL);
    ask(2, "a", false);
    id = ask(3, "a", false);
    request.peer = node(4);
    assert_int_equal(coap_request(ep, &request, now, &id), -BRG_ERR_FULL);
    /* A peer without work gives up its place. */
    coap_cancel(ep, 6, now);
    assert_int_equal(coap_request(ep, &request, now, &id), 0);
}

static void test_uris(void **state)
{
    static const char *const bad[] = {"a%", "a%1", "a%zz", "%0"};
    struct coap_request request = {.peer = node(1), .method = COAP_GET, .accept = -1};
    char longest[600];
    uint32_t id;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        request.uri = bad[i];
        assert_int_equal(coap_request(ep, &request, now, &id), -BRG_ERR_INVAL);
    }
    memset(longest, 'a', sizeof(longest));
    longest[256] = '\0';
    request.uri = longest;
    assert_int_equal(coap_request(ep, &request, now, &id), -BRG_ERR_INVAL);
    longest[256] = 'a';
    longest[200] = '/';
    longest[400] = '/';
    longest[599] = '\0';
    assert_int_equal(coap_request(ep, &request, now, &id), -BRG_ERR_INVAL);
    ask(1, "a%2Fb/%c3%bc", false);
    assert_int_equal(out.n_options, 2);
    assert_memory_equal(out.options[0].value, "a/b", 3);
    assert_memory_equal(out.options[1].value, "\xc3\xbc", 2);
    ask(2, "", false);
    assert_int_equal(out.n_options, 0);
    coap_cancel(ep, id + 3, now);
}

static void test_put(void **state)
{
    const struct coap_request request = {
        .peer = node(1),
        .method = COAP_PUT,
        .uri = "led",
        .accept = COAP_FORMAT_NONE,
        .format = COAP_FORMAT_TEXT,
        .payload = (const uint8_t *)"1",
        .payload_len = 1,
    };
    uint32_t id;

    (void)state;
    assert_int_equal(coap_request(ep, &request, now, &id), 0);
    run();
    assert_int_equal(out.code, COAP_PUT);
    assert_int_equal(coap_msg_find(&out, COAP_OPT_CONTENT_FORMAT)->len, 0);
    assert_int_equal(out.payload_len, 1);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CODE(2, 4), .mid = out.mid, .token = out.token));
    assert_int_equal(got.code, COAP_CODE(2, 4));
    assert_true(got.last);
}

static void test_strangers(void **state)
{
    const struct coap_addr stranger = node(9);

    (void)state;
    hear(9, REPLY(.type = COAP_CON, .code = COAP_EMPTY, .mid = 1)); /* a ping gets its pong */
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_RST);
    hear(9, REPLY(.type = COAP_CON, .code = COAP_GET, .mid = 2)); /* we serve nothing */
    assert_int_equal(out.type, COAP_RST);
    assert_int_equal(coap_endpoint_stats(ep)->requests, 1);
    hear(9, REPLY(.type = COAP_NON, .code = COAP_GET, .mid = 3));
    assert_int_equal(n_out, 0);
    hear(9, REPLY(.type = COAP_CON, .code = COAP_CODE(7, 1), .mid = 4));
    assert_int_equal(out.type, COAP_RST);
    /* A broken confirmable message is rejected, a broken other one is not. */
    assert_true(coap_input(ep, &stranger, (const uint8_t *)"\x4f\x45\x00\x05", 4, now) < 0);
    run();
    assert_int_equal(n_out, 1);
    assert_int_equal(out.mid, 5);
    assert_true(coap_input(ep, &stranger, (const uint8_t *)"\x5f\x45\x00\x05", 4, now) < 0);
    assert_true(coap_input(ep, &stranger, (const uint8_t *)"\x0f\x45\x00\x05", 4, now) < 0);
    run();
    assert_int_equal(n_out, 0);
}

static void test_critical_option(void **state)
{
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 50, .token = token,
                  .seq = SOME(11), .odd_option = 9, .payload = "x"));
    assert_int_equal(n_got, 0);
    assert_int_equal(out.type, COAP_RST);
    ask(2, "a", false);
    hear(2, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = out.token,
                  .odd_option = 9, .payload = "x"));
    assert_int_equal(got.kind, COAP_FAILED);
    assert_int_equal(got.failure, COAP_FAIL_BAD);
}

static void test_blocks(void **state)
{
    (void)state;
    ask(1, ".well-known/core", false);
    answer_block(0 << 4 | 8 | 1, "e", "0123456789abcdef0123456789abcdef");
    assert_int_equal(n_got, 0);
    assert_int_equal(asked_block(), 1 << 4 | 1);
    assert_non_null(coap_msg_find(&out, COAP_OPT_URI_PATH));
    /* The node goes over to blocks of 16: number 2 of them is the same offset. */
    answer_block(2 << 4 | 8 | 0, "e", "ABCDEFGHIJKLMNOP");
    assert_int_equal(asked_block(), 3 << 4 | 0);
    answer_block(3 << 4 | 0, "e", "end");
    assert_int_equal(n_got, 1);
    assert_true(got.last);
    assert_string_equal(got_data, "0123456789abcdef0123456789abcdefABCDEFGHIJKLMNOPend");
}

static void test_bad_blocks(void **state)
{
    static const struct {
        int block;
        const char *etag;
        const char *payload;
    } bad[] = {
        {2 << 4 | 0, "e", "x"},                 /* out of order */
        {1 << 4 | 8, "e", "short"},             /* not full, more announced */
        {1 << 4 | 0, "other", "x"},             /* another representation */
        {1 << 4 | 1, "e", "x"},                 /* a larger size */
        {1 << 4 | 7, "e", "x"},                 /* reserved size */
        {-1, "e", "x"},                         /* no block at all */
        {1 << 4 | 0, "e", "0123456789abcdefg"}, /* larger than a block */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(1, "x", false);
        answer_block(0 << 4 | 8 | 0, "e", "0123456789abcdef");
        answer_block(bad[i].block, bad[i].etag, bad[i].payload);
        assert_int_equal(n_got, 1);
        assert_int_equal(got.kind, COAP_FAILED);
        assert_int_equal(got.failure, COAP_FAIL_BAD);
    }
    ask(1, "x", false);
    answer_block(1 << 4 | 0, NULL, "x"); /* the first block is not the first */
    assert_int_equal(got.failure, COAP_FAIL_BAD);
}

static void test_body_is_bounded(void **state)
{
    char block[1025];
    uint32_t num = 0;

    (void)state;
    memset(block, 'b', 1024);
    block[1024] = '\0';
    ask(1, "x", false);
    do {
        assert_true(num < 17);
        answer_block((int)(num++ << 4 | 8 | 6), NULL, block);
    } while (n_got == 0);
    assert_int_equal(num, 17); /* 16 KiB are taken */
    assert_int_equal(got.failure, COAP_FAIL_BAD);
}

/* Every allocation refused in turn: nothing leaks, and each request has its one end. */
static void test_every_allocation_fails(void **state)
{
    (void)state;
    for (long fail = 1; fail < 40; fail++) {
        struct coap_request request = {
            .peer = node(1), .method = COAP_GET, .uri = "x", .observe = true, .accept = -1};
        uint32_t id = 0;
        uint8_t token[4];

        heap.calls = 0;
        heap.fail_at = fail;
        n_out = 0;
        if (coap_request(ep, &request, now, &id) < 0) {
            assert_int_equal(id, 0);
            continue;
        }
        run();
        if (n_out == 0) {
            wait_deadline(2, 3); /* the datagram was lost for lack of memory */
        }
        memcpy(token, out.token, 4);
        hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                      .seq = SOME(5), .block = SOME(8), .payload = "0123456789abcdef"));
        if (n_got == 0 && n_out > 0) {
            answer_block(1 << 4, NULL, "g");
        }
        heap.fail_at = 0;
        coap_cancel(ep, id, now);
        run();
        now += 300 * BRG_SEC;
    }
    heap.fail_at = 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_get_piggybacked),
        T(test_retransmission),
        T(test_separate_response),
        T(test_separate_response_without_ack),
        T(test_separate_response_never_comes),
        T(test_reset_fails_the_request),
        T(test_foreign_answers_are_ignored),
        T(test_pacing),
        T(test_bounds),
        T(test_uris),
        T(test_put),
        T(test_strangers),
        T(test_critical_option),
        T(test_blocks),
        T(test_bad_blocks),
        T(test_body_is_bounded),
        T(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
