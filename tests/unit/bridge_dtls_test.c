/* SPDX-License-Identifier: ISC */
/*
 * Two DTLS sides without a socket between them, and a third that sends with the address of one:
 * what he cannot sign must not end what the two have, nor what they begin.
 */
#include "tests/unit/bridge_lib.h"

#include <string.h>

#include "bridge/dtls.h"

#define EUI "00124b0000010000"
#define EUI2 "00124b0000020000"
#define QUEUE 64

struct side {
    struct brg_dtls *dtls;
    struct side *other; /* who gets what it sends */
    unsigned received;
    unsigned failed;
    const char *sees; /* whom it takes the other side for */
    char last[64];
};

struct datagram {
    struct side *to;
    uint8_t data[2048];
    size_t len;
};

static struct datagram queue[QUEUE];
static size_t n_queue;
static struct side a, b;
static brg_tstamp now;
static struct coap_addr peer = {.ip = {0xfd, [15] = 1}, .port = 5684, .secure = true};
static struct brg_key key[] = {
    {.eui64 = EUI, .identity = EUI, .psk = "0123456789", .psk_len = 10},
    {.eui64 = EUI2, .identity = EUI2, .psk = "9876543210", .psk_len = 10},
};
static const struct brg_keys keys = {.list = key, .n = 2};

static void on_send(void *ctx, const struct coap_addr *to, const uint8_t *data, size_t len)
{
    const struct side *side = ctx;

    (void)to;
    assert_true(n_queue < QUEUE && len <= sizeof(queue[0].data));
    queue[n_queue].to = side->other;
    queue[n_queue].len = len;
    memcpy(queue[n_queue++].data, data, len);
}

static void on_receive(void *ctx, const struct coap_addr *from, const uint8_t *data, size_t len)
{
    struct side *side = ctx;

    assert_true(from->secure);
    side->received++;
    assert_true(len < sizeof(side->last));
    memcpy(side->last, data, len);
    side->last[len] = '\0';
}

static const char *on_node_at(void *ctx, const struct coap_addr *from)
{
    const struct side *side = ctx;

    (void)from;
    return side->sees;
}

static void on_failed(void *ctx, const char *eui64, const char *reason)
{
    struct side *side = ctx;

    (void)reason;
    assert_string_equal(eui64, side->sees);
    side->failed++;
}

static void side_new(struct side *side, struct side *other)
{
    const struct brg_dtls_config config = {
        .keys = &keys, .ca = "", .certificate = "", .key = "", .max_sessions = 4};
    const struct brg_dtls_handler handler = {on_send,   on_receive, on_node_at,
                                             on_failed, side,       NULL};
    char error[128];

    *side = (struct side){.other = other, .sees = EUI};
    side->dtls = brg_dtls_new(&config, &handler, error);
    assert_non_null(side->dtls);
}

static int setup(void **state)
{
    (void)state;
    n_queue = 0;
    now = BRG_SEC;
    peer.port = 5684;
    side_new(&a, &b);
    side_new(&b, &a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    n_queue = 0;
    brg_dtls_free(a.dtls);
    brg_dtls_free(b.dtls);
    return 0;
}

/* Delivers the oldest datagram. */
static void deliver(void)
{
    struct datagram first = queue[0];

    n_queue--;
    memmove(queue, queue + 1, n_queue * sizeof(queue[0]));
    brg_dtls_input(first.to->dtls, &peer, first.data, first.len, now);
}

static void deliver_all(void)
{
    for (unsigned n = 0; n_queue > 0; n++) {
        assert_true(n < 100);
        deliver();
    }
}

static void say(struct side *side, const char *text)
{
    brg_dtls_send(side->dtls, &peer, (const uint8_t *)text, strlen(text), now);
}

static void test_two(void **state)
{
    (void)state;
    say(&a, "hello");
    deliver_all();
    assert_int_equal(b.received, 1);
    assert_string_equal(b.last, "hello");
    say(&b, "you too");
    deliver_all();
    assert_string_equal(a.last, "you too");
    assert_int_equal(a.failed + b.failed, 0);
    assert_int_equal(brg_dtls_stats(a.dtls)->handshakes, 1);
}

/* The first ClientHello of somebody, as |*ret_len| octets; nothing of it stays. */
static const uint8_t *hello_of_another(size_t *ret_len)
{
    static struct side c;
    static uint8_t data[2048];
    size_t before = n_queue;

    side_new(&c, &b);
    say(&c, "x");
    assert_int_equal(n_queue, before + 1);
    *ret_len = queue[before].len;
    memcpy(data, queue[before].data, queue[before].len);
    brg_dtls_free(c.dtls);
    n_queue = before;
    return data;
}

/* At each moment of a handshake somebody says in the name of the other that he has none. */
static void forged_hello(struct side *victim)
{
    for (unsigned at = 0; at < 8; at++) {
        size_t len;
        const uint8_t *data = hello_of_another(&len);

        say(&a, "hello");
        for (unsigned n = 0; n_queue > 0; n++) {
            if (n == at) {
                size_t before = n_queue;

                brg_dtls_input(victim->dtls, &peer, data, len, now);
                n_queue = before; /* what it answers goes to who did not ask */
            }
            deliver();
        }
        assert_int_equal(b.received, 1);
        assert_string_equal(b.last, "hello");
        assert_int_equal(a.failed + b.failed, 0);
        teardown(NULL);
        setup(NULL);
    }
}

static void test_forged_hello(void **state)
{
    (void)state;
    forged_hello(&a);
    forged_hello(&b);
}

/* Or that something went wrong, or rubbish, when there is a session. */
static void test_forged_records(void **state)
{
    static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    static const uint8_t later[] = {21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    static const uint8_t epoch[] = {23, 0xfe, 0xfd, 0, 2, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    static const uint8_t change[] = {20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1};
    static const struct {
        const uint8_t *data;
        size_t len;
    } forged[] = {{alert, sizeof(alert)},
                  {later, sizeof(later)},
                  {epoch, sizeof(epoch)},
                  {change, sizeof(change)},
                  {alert, 5}};

    (void)state;
    say(&a, "hello");
    deliver_all();
    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        for (int k = 0; k < 3; k++) {
            brg_dtls_input(a.dtls, &peer, forged[i].data, forged[i].len, now);
            brg_dtls_input(b.dtls, &peer, forged[i].data, forged[i].len, now);
        }
        n_queue = 0;
        say(&b, "still here");
        deliver_all();
        assert_string_equal(a.last, "still here");
        assert_int_equal(a.received, i + 1);
    }
    assert_int_equal(brg_dtls_stats(a.dtls)->handshakes, 1);
    assert_int_equal(a.failed + b.failed, 0);
}

/* Both begin at the same time, as a node does that has restarted: one of them gets through. */
static void test_both_begin(void **state)
{
    (void)state;
    say(&a, "from a");
    say(&b, "from b");
    deliver_all();
    for (int i = 0; i < 3 && (a.received == 0 || b.received == 0); i++) {
        now += 3 * BRG_SEC; /* CoAP says it again */
        say(&a, "from a");
        deliver_all();
        say(&b, "from b");
        deliver_all();
    }
    assert_string_equal(a.last, "from b");
    assert_string_equal(b.last, "from a");
}

/* Where nothing is known of a session, what it left behind makes the next one short. */
static void test_taken_up_again(void **state)
{
    (void)state;
    say(&a, "one");
    deliver_all();
    assert_string_equal(b.last, "one");
    for (unsigned n = 1; n < 5; n++) {
        peer.port++; /* no session there */
        say(&a, "two");
        deliver_all();
        assert_int_equal(b.received, n + 1);
        assert_int_equal(brg_dtls_stats(a.dtls)->resumed, n);
        assert_int_equal(brg_dtls_stats(b.dtls)->resumed, n);
        say(&b, "back");
        deliver_all();
        assert_int_equal(a.received, n);
    }
    /* A day later all of it is proved again. */
    now += 25 * 3600 * BRG_SEC;
    peer.port++;
    say(&a, "three");
    deliver_all();
    assert_string_equal(b.last, "three");
    assert_int_equal(brg_dtls_stats(a.dtls)->resumed, 4);
    assert_int_equal(a.failed + b.failed, 0);
}

/* Who was proved to be one node is not another, though he has the address of that. */
static void test_not_as_another(void **state)
{
    (void)state;
    say(&a, "one");
    deliver_all();
    assert_int_equal(b.received, 1);
    peer.port++;
    b.sees = EUI2;
    say(&a, "I am two");
    for (unsigned n = 0; n < 10; n++) {
        deliver_all();
        now += 20 * BRG_SEC;
        brg_dtls_timeout(a.dtls, now);
        brg_dtls_timeout(b.dtls, now);
    }
    assert_int_equal(b.received, 1);
    assert_true(b.failed > 0);
    b.sees = EUI;
    peer.port++;
    say(&a, "I am one");
    deliver_all();
    assert_int_equal(b.received, 2);
}

/* The other side has started anew and cannot read its ticket any more, or has another key. */
static void test_in_vain(void **state)
{
    (void)state;
    say(&a, "one");
    deliver_all();
    brg_dtls_free(b.dtls);
    n_queue = 0;
    side_new(&b, &a);
    peer.port++;
    say(&a, "two");
    deliver_all();
    assert_string_equal(b.last, "two");
    assert_int_equal(brg_dtls_stats(a.dtls)->resumed, 0);
    assert_int_equal(a.failed + b.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forged_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forged_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_begin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_taken_up_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_as_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_vain, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
