/* SPDX-License-Identifier: ISC */
/* Observation, and the acknowledgement of what was observed (RFC 7641). */
#include "tests/unit/coap_lib.h"

/* The heart of it: the acknowledgement of a notification is lost, the node sends it again; it is
 * acknowledged again and delivered once. */
static void test_lost_ack(void **state)
{
    uint8_t token[4];
    const struct reply *note;

    (void)state;
    observed(token, 10, 60);
    note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 500, .token = token,
                 .seq = SOME(11), .payload = "20.5");
    hear(1, note);
    assert_int_equal(n_got, 1);
    assert_int_equal(got.seq, 11);
    assert_string_equal(got_data, "20.5");
    for (int i = 0; i < 4; i++) {
        now += 3 * BRG_SEC;
        hear(1, note);
        assert_int_equal(n_got, 0);
        assert_int_equal(n_out, 1);
        assert_int_equal(out.type, COAP_ACK);
        assert_int_equal(out.mid, 500);
    }
    /* Another resource's notification in between does not make us forget it. */
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 501, .token = token,
                  .seq = SOME(12), .payload = "20.6"));
    assert_int_equal(n_got, 1);
    hear(1, note);
    assert_int_equal(n_got, 0);
    assert_int_equal(out.mid, 500);
}

/* Acknowledged when the caller says so, and not before. */
static void test_confirm(void **state)
{
    const struct coap_addr peer = node(1);
    uint8_t token[4];
    const struct reply *note;

    (void)state;
    observed(token, 10, 60);
    auto_confirm = false;
    note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 600, .token = token,
                 .seq = SOME(11), .payload = "a");
    hear(1, note);
    assert_int_equal(n_got, 1);
    assert_true(got.confirm);
    assert_int_equal(n_out, 0);
    hear(1, note); /* still in the caller's hands */
    assert_int_equal(n_got + n_out, 0);
    coap_confirm(ep, &peer, 600, true, now);
    run();
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
    coap_confirm(ep, &peer, 600, true, now); /* once is enough */
    run();
    assert_int_equal(n_out, 0);
}

static void test_refused_value_is_not_acknowledged(void **state)
{
    const struct coap_addr peer = node(1);
    const struct reply *note;
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    auto_confirm = false;
    note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 600, .token = token,
                 .seq = SOME(11), .payload = "a");
    for (int i = 0; i < 3; i++) {
        hear(1, note);
        assert_int_equal(n_got, 1); /* and every copy is a new chance */
        coap_confirm(ep, &peer, 600, false, now);
        run();
        assert_int_equal(n_out, 0);
    }
    hear(1, note);
    coap_confirm(ep, &peer, 600, true, now);
    run();
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
    hear(1, note);
    assert_int_equal(n_got, 0);
}

/* A process ends and another goes on with its observations: the last notification's copy is
 * acknowledged and not delivered, the next one is delivered, and nothing was asked. */
static void test_restored(void **state)
{
    const struct coap_request request = {
        .peer = node(1), .method = COAP_GET, .uri = "s", .observe = true, .accept = -1};
    struct coap_registration registration = {.max_age_s = 60};
    struct coap_config config;
    const struct reply *note;
    uint8_t token[4];
    uint32_t id;

    (void)state;
    observed(token, 10, 60);
    note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 600, .token = token,
                 .seq = SOME(11), .payload = "a");
    hear(1, note);
    memcpy(registration.token, got.token, sizeof(registration.token));
    registration.seq = got.seq;
    registration.mid = got.mid;
    registration.digest = got.digest;
    coap_endpoint_free(ep);
    coap_config_defaults(&config);
    ep = coap_endpoint_new(&config, &alloc);
    assert_int_equal(coap_restore(ep, &request, &registration, now, &id), 0);
    assert_int_equal(coap_restore(ep, &request, &registration, now, &id), -BRG_ERR_INVAL);
    run();
    assert_int_equal(n_out + n_got, 0);
    hear(1, note);
    assert_int_equal(n_got, 0);
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 601, .token = token,
                  .seq = SOME(12), .payload = "b"));
    assert_int_equal(n_got, 1);
    assert_true(got.observing);
    wait_deadline(65, 75); /* asked again with the same token when it is too old */
    assert_int_equal(n_out, 1);
    assert_memory_equal(out.token, token, sizeof(token));
}

/* Without memory a notification is as good as lost: not acknowledged, and taken the next time. */
static void test_no_memory_no_ack(void **state)
{
    uint8_t token[4];
    const struct reply *note;

    (void)state;
    observed(token, 10, 60);
    note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 700, .token = token,
                 .seq = SOME(11), .payload = "a");
    heap.fail_all = true;
    hear(1, note);
    assert_int_equal(n_got + n_out, 0);
    heap.fail_all = false;
    hear(1, note);
    assert_int_equal(n_got, 1);
    assert_int_equal(n_out, 1);
    assert_int_equal(coap_endpoint_stats(ep)->refused, 1);
}

/* RFC 7641 section 3.4 */
static void test_order_of_notifications(void **state)
{
    static const struct {
        int seq;
        unsigned wait_s;
        bool fresh;
    } steps[] = {
        {10, 0, false},      {9, 0, false},       {11, 0, true}, {0xffffff, 0, false},
        {0x7fffff, 0, true}, {0xfffffe, 0, true}, {3, 0, true},  {0xfffff0, 0, false},
        {2, 127, false},     {2, 2, true},        {4, 0, true},
    };
    uint8_t token[4];
    uint16_t mid = 800;

    (void)state;
    observed(token, 10, 100000);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        now += steps[i].wait_s * BRG_SEC;
        hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = mid++, .token = token,
                      .seq = SOME(steps[i].seq), .payload = "v"));
        assert_int_equal(n_got, steps[i].fresh);
        assert_int_equal(n_out, 1); /* old or not, it is acknowledged */
        assert_int_equal(out.type, COAP_ACK);
    }
    assert_int_equal(coap_endpoint_stats(ep)->out_of_order, 5);
}

/* Max-Age passes without a word: the same token registers again, 5 to 15 seconds later. */
static void test_registers_again(void **state)
{
    uint8_t token[4];

    (void)state;
    observed(token, 10, 30);
    wait_deadline(35, 45);
    assert_int_equal(n_out, 1);
    assert_memory_equal(out.token, token, 4);
    assert_non_null(coap_msg_find(&out, COAP_OPT_OBSERVE));
    /* The node restarted and counts from 1: an answer to our own request is always new. */
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .seq = SOME(1), .max_age = SOME(30), .payload = "19"));
    assert_int_equal(n_got, 1);
    assert_int_equal(got.seq, 1);
    assert_true(got.observing);
}

static void test_etag_saves_the_value(void **state)
{
    uint8_t token[4];

    (void)state;
    ask(1, "s", true);
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .seq = SOME(1), .max_age = SOME(10), .etag = "e1", .payload = "19"));
    wait_deadline(15, 25);
    assert_int_equal(coap_msg_find(&out, COAP_OPT_ETAG)->len, 2);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_VALID, .mid = out.mid, .token = token,
                  .seq = SOME(2), .max_age = SOME(100), .etag = "e1"));
    assert_int_equal(n_got, 0);
    wait_deadline(105, 115);
}

/* A silent node is asked ever more seldom, but its observation is not forgotten. */
static void test_silent_node(void **state)
{
    uint8_t token[4];

    (void)state;
    observed(token, 10, 10);
    wait_deadline(15, 25);
    for (uint32_t miss = 1; miss < 4; miss++) {
        double wait = 30 << (miss - 1);

        /* The node had answered at once: the first timeout is half the usual one. */
        for (int i = 0; i < 4; i++) {
            wait_deadline(1, 12);
            assert_int_equal(n_out, 1);
        }
        wait_deadline(16, 24);
        assert_int_equal(got.kind, COAP_STALE);
        assert_int_equal(got.misses, miss);
        wait_deadline(wait, wait * 1.5);
        assert_int_equal(n_out, 1);
    }
    hear(1, REPLY(.type = COAP_NON, .code = COAP_CONTENT, .mid = 3, .token = token, .seq = SOME(11),
                  .max_age = SOME(10), .payload = "back"));
    assert_string_equal(got_data, "back");
    wait_deadline(15, 25); /* as if nothing had been */
    assert_int_equal(n_out, 1);
}

static void test_refresh_on_demand(void **state)
{
    uint8_t token[4];
    uint32_t id = observed(token, 10, 1000);

    (void)state;
    coap_refresh(ep, id, now);
    run();
    assert_int_equal(n_out, 1);
    assert_memory_equal(out.token, token, 4);
    coap_refresh(ep, id, now); /* already under way */
    run();
    assert_int_equal(n_out, 0);
}

static void test_not_observable(void **state)
{
    uint8_t token[4];

    (void)state;
    ask(1, "s", true);
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .payload = "1"));
    assert_int_equal(n_got, 1);
    assert_false(got.observing);
    assert_true(got.last);
}

static void test_node_ends_the_observation(void **state)
{
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CODE(4, 4), .mid = 40, .token = token));
    assert_int_equal(n_got, 1);
    assert_true(got.last);
    assert_int_equal(got.code, COAP_CODE(4, 4));
    assert_true(coap_deadline(ep) == BRG_NEVER);
}

static void test_cancelled_observation_is_rejected(void **state)
{
    uint8_t token[4];
    uint32_t id = observed(token, 10, 60);
    const struct reply *note = REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 41,
                                     .token = token, .seq = SOME(11), .payload = "x");

    (void)state;
    coap_cancel(ep, id, now);
    coap_cancel(ep, id, now);
    for (int i = 0; i < 2; i++) {
        hear(1, note);
        assert_int_equal(n_got, 0);
        assert_int_equal(n_out, 1);
        assert_int_equal(out.type, COAP_RST);
        assert_int_equal(out.mid, 41);
    }
    hear(1,
         REPLY(.type = COAP_NON, .code = COAP_CONTENT, .mid = 42, .token = token, .seq = SOME(12)));
    assert_int_equal(out.type, COAP_RST);
}

/* A restarted node may use a message ID again for other octets: that is no duplicate. */
static void test_same_id_other_message(void **state)
{
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 50, .token = token,
                  .seq = SOME(11), .payload = "a"));
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 50, .token = token,
                  .seq = SOME(12), .payload = "b"));
    assert_int_equal(n_got, 1);
    assert_string_equal(got_data, "b");
}

/* A large observed value: the notification is its first block, the rest is fetched. */
static void test_observed_blocks(void **state)
{
    uint8_t token[4];

    (void)state;
    ask(1, "x", true);
    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .seq = SOME(5), .block = SOME(8), .payload = "0123456789abcdef"));
    assert_int_equal(n_got, 0);
    assert_null(coap_msg_find(&out, COAP_OPT_OBSERVE));
    assert_memory_not_equal(out.token, token, 4);
    answer_block(1 << 4, NULL, "g");
    assert_string_equal(got_data, "0123456789abcdefg");
    assert_true(got.observing);
    assert_int_equal(got.seq, 5);
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 60, .token = token, .seq = SOME(6),
                  .block = SOME(8), .payload = "0123456789abcdef"));
    assert_int_equal(n_out, 2); /* acknowledged, and the second block asked for */
    /* A newer value comes while the old one is fetched: the old one is dropped. */
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 61, .token = token, .seq = SOME(7),
                  .payload = "new"));
    assert_int_equal(n_got, 1);
    assert_string_equal(got_data, "new");
    assert_int_equal(got.seq, 7);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* A node that talks too much loses its own messages; another one none. */
static void test_rate(void **state)
{
    struct coap_config config;
    uint8_t token[4];
    unsigned taken = 0;

    (void)state;
    coap_endpoint_free(ep);
    coap_config_defaults(&config);
    config.seed = 1;
    config.peer_rate = 10;
    ep = coap_endpoint_new(&config, &alloc);
    observed(token, 0, 1000);
    ask(2, "quiet", false);
    for (uint16_t n = 1; n <= 100; n++) {
        const uint8_t data[] = {0x54,     COAP_CONTENT, 0,    (uint8_t)n, token[0], token[1],
                                token[2], token[3],     0x61, (uint8_t)n, 0xff,     'x'};
        const struct coap_addr from = node(1);

        taken += coap_input(ep, &from, data, sizeof(data), now) == 0;
    }
    run();
    assert_int_equal(taken, 19); /* the registration's answer was the first of 20 */
    assert_int_equal(coap_endpoint_stats(ep)->limited, 81);
    hear(2, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = out.token));
    now += BRG_SEC;
    hear(1, REPLY(.type = COAP_NON, .code = COAP_CONTENT, .mid = 999, .token = token,
                  .seq = SOME(200), .payload = "later"));
    assert_string_equal(got_data, "later");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_lost_ack),
        T(test_confirm),
        T(test_restored),
        T(test_refused_value_is_not_acknowledged),
        T(test_no_memory_no_ack),
        T(test_order_of_notifications),
        T(test_registers_again),
        T(test_etag_saves_the_value),
        T(test_silent_node),
        T(test_refresh_on_demand),
        T(test_not_observable),
        T(test_node_ends_the_observation),
        T(test_cancelled_observation_is_rejected),
        T(test_same_id_other_message),
        T(test_observed_blocks),
        T(test_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
