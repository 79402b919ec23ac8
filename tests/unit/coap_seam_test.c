/* SPDX-License-Identifier: ISC */
/* Where a value could fall between two messages, two processes or two nodes. */
#include "tests/unit/coap_lib.h"

/* The first block of a notification came and was acknowledged, the others never do. The bridge has
 * not got the value, so it must not tell the node that it has: a 2.03 would be all it ever got. */
static void test_half_a_value_is_none(void **state)
{
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 700, .token = token,
                  .seq = SOME(11), .block = SOME(8), .etag = "e1", .payload = "0123456789abcdef"));
    assert_int_equal(asked_block(), 16);
    do { /* until it is given up */
        now = coap_deadline(ep);
        coap_timeout(ep, now);
        run();
    } while (n_got == 0);
    assert_int_equal(got.kind, COAP_STALE);
    now = coap_deadline(ep);
    coap_timeout(ep, now);
    run();
    assert_int_equal(n_out, 1);
    assert_int_equal(out.code, COAP_GET);
    assert_non_null(coap_msg_find(&out, COAP_OPT_OBSERVE));
    assert_null(coap_msg_find(&out, COAP_OPT_ETAG));
}

/* The same when its last block is not kept by the caller. */
static void test_last_block_not_kept(void **state)
{
    const struct coap_addr peer = node(1);
    uint8_t token[4];
    uint8_t block_token[4];

    (void)state;
    observed(token, 10, 60);
    auto_confirm = false;
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 700, .token = token,
                  .seq = SOME(11), .block = SOME(8), .etag = "e1", .payload = "0123456789abcdef"));
    memcpy(block_token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_EMPTY, .mid = out.mid));
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 701, .token = block_token,
                  .block = SOME(16), .etag = "e1", .payload = "ghi"));
    assert_int_equal(n_got, 1);
    assert_true(got.confirm);
    coap_confirm(ep, &peer, 701, false, now);
    coap_not_kept(ep, got.id);
    run();
    now = coap_deadline(ep);
    coap_timeout(ep, now);
    run();
    assert_int_equal(n_out, 1);
    assert_null(coap_msg_find(&out, COAP_OPT_ETAG));
}

/* What was given up in favour of a piggybacked answer cannot be sent again by the node: it is not
 * told that we have it. */
static void test_answer_not_kept(void **state)
{
    uint8_t token[4];

    (void)state;
    ask(1, "s/temp", true);
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .seq = SOME(1), .max_age = SOME(60), .etag = "e1", .payload = "20.0"));
    assert_int_equal(n_got, 1);
    coap_not_kept(ep, got.id);
    now = coap_deadline(ep);
    coap_timeout(ep, now);
    run();
    assert_int_equal(n_out, 1);
    assert_null(coap_msg_find(&out, COAP_OPT_ETAG));
}

/* A node says much while its first message waits for the disk, which then fails: the copy of that
 * one is new, and no older one. */
static void test_many_while_one_waits(void **state)
{
    const struct coap_addr peer = node(1);
    const struct reply *note;
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    auto_confirm = false;
    note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 600, .token = token,
                 .seq = SOME(11), .payload = "a");
    hear(1, note);
    assert_int_equal(n_got, 1);
    for (uint16_t mid = 601; mid < 640; mid++) {
        hear(1, REPLY(.type = COAP_NON, .code = COAP_CONTENT, .mid = mid, .token = token,
                      .seq = SOME(5), .payload = "old"));
    }
    coap_confirm(ep, &peer, 600, false, now);
    run();
    hear(1, note);
    assert_int_equal(n_out, 0);
    assert_int_equal(n_got, 1);
    assert_string_equal(got_data, "a");
    coap_confirm(ep, &peer, 600, true, now);
    run();
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
}

/* RFC 7641 section 3.4: what comes more than 128 seconds after the last one is newer whatever its
 * number, also when that one came to an earlier process. */
static void test_long_away(void **state)
{
    const struct coap_request request = {
        .peer = node(1), .method = COAP_GET, .uri = "s", .observe = true, .accept = -1};
    static const uint8_t token[4] = {1, 2, 3, 4};
    struct coap_registration registration = {.max_age_s = 600, .seq = 1000, .token = {1, 2, 3, 4}};
    uint32_t id;

    (void)state;
    now = 20 * BRG_SEC; /* the machine has just begun */
    for (unsigned i = 0; i < 2; i++) {
        registration.age_s = i == 0 ? 128 : 129;
        assert_int_equal(coap_restore(ep, &request, &registration, now, &id), 0);
        hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = (uint16_t)(600 + i),
                      .token = token, .seq = SOME(7), .payload = "a"));
        assert_int_equal(n_got, i);
        coap_cancel(ep, id, now);
        run();
    }
}

/* Nodes that have died while they have a route may not hold up those that live: what is between two
 * copies of a question takes no place in the mesh. */
static void test_the_dead_and_the_living(void **state)
{
    brg_tstamp since;
    uint8_t token[4];

    (void)state;
    ask(1, "a", false);
    ask(2, "b", false);
    since = now;
    ask(3, "c", false);
    while (n_out == 0 || out.options[0].value[0] != 'c') {
        now = coap_deadline(ep);
        assert_true(now - since < 10 * BRG_SEC);
        coap_timeout(ep, now);
        run();
    }
    memcpy(token, out.token, 4);
    hear(3, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .payload = "alive"));
    assert_string_equal(got_data, "alive");
}

/* Nor those that say that their answer takes a while, and then never give it. */
static void test_the_slow_and_the_quick(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        ask(n, "a", false);
        hear(n, REPLY(.type = COAP_ACK, .code = COAP_EMPTY, .mid = out.mid));
    }
    ask(3, "c", false);
    assert_int_equal(n_out, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_half_a_value_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_block_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_while_one_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_dead_and_the_living, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_slow_and_the_quick, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
