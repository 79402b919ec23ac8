/* SPDX-License-Identifier: ISC */
/* The exchange layer on virtual time: time is a number and the node is this file. */
#include "tests/unit/bridge_lib.h"

#include <string.h>

#include "bridge/coap.h"

static struct heap heap;
static const struct brg_alloc alloc = {heap_get, heap_put, &heap};
static struct coap_endpoint *ep;
static brg_tstamp now;

/* The last datagram sent and the last effect that was none, with copies of their octets. */
static struct coap_msg out;
static uint8_t out_data[COAP_DATAGRAM_MAX];
static size_t out_len;
static unsigned n_out;
static struct coap_effect got;
static char got_data[32768];
static unsigned n_got;
static bool auto_confirm;

static struct coap_addr node(unsigned n)
{
    struct coap_addr addr = {.ip = {0xfd}, .port = 5683};

    addr.ip[15] = (uint8_t)n;
    return addr;
}

static void run(void)
{
    struct coap_effect effect;
    bool header;

    n_out = 0;
    n_got = 0;
    while (coap_poll(ep, &effect)) {
        if (effect.kind == COAP_SEND) {
            memcpy(out_data, effect.data, effect.len);
            out_len = effect.len;
            assert_int_equal(coap_msg_parse(&out, out_data, out_len, &header), 0);
            n_out++;
            continue;
        }
        got = effect;
        assert_true(effect.len < sizeof(got_data));
        if (effect.len > 0) {
            memcpy(got_data, effect.data, effect.len);
        }
        got_data[effect.len] = '\0';
        n_got++;
        if (effect.kind == COAP_RESPONSE && effect.confirm && auto_confirm) {
            coap_confirm(ep, &effect.peer, effect.mid, true, now);
        }
    }
}

/* Time passes to the deadline, which lies within [low, high] seconds from now. */
static void wait_deadline(double low, double high)
{
    brg_tstamp deadline = coap_deadline(ep);

    assert_true(deadline != BRG_NEVER);
    assert_true(deadline >= now + (brg_tstamp)(low * 1e6));
    assert_true(deadline <= now + (brg_tstamp)(high * 1e6));
    coap_timeout(ep, deadline - 1);
    run();
    assert_int_equal(n_out + n_got, 0);
    now = deadline;
    coap_timeout(ep, now);
    run();
}

static uint32_t ask(unsigned n, const char *uri, bool observe)
{
    const struct coap_request request = {
        .peer = node(n),
        .method = COAP_GET,
        .uri = uri,
        .observe = observe,
        .accept = COAP_FORMAT_NONE,
        .cookie = 1000 + n,
    };
    uint32_t id = 0;

    assert_int_equal(coap_request(ep, &request, now, &id), 0);
    run();
    return id;
}

struct reply {
    enum coap_type type;
    uint8_t code;
    uint16_t mid;
    const uint8_t *token; /* TOKEN of 4 */
    int seq;              /* these three with SOME(value); 0 leaves the option out */
    int max_age;
    int block;
    const char *etag;
    const char *payload;
    uint16_t odd_option;
};

static void hear(unsigned n, const struct reply *reply)
{
    struct coap_msg msg = {
        .type = reply->type,
        .code = reply->code,
        .mid = reply->mid,
        .token_len = reply->token == NULL ? 0 : 4,
        .payload = (const uint8_t *)reply->payload,
        .payload_len = reply->payload == NULL ? 0 : strlen(reply->payload),
    };
    const struct coap_addr from = node(n);
    uint8_t rooms[3][4];
    uint8_t data[COAP_DATAGRAM_MAX];
    size_t len;

    if (reply->token != NULL) {
        memcpy(msg.token, reply->token, 4);
    }
    if (reply->seq > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, (uint32_t)reply->seq - 1, rooms[0]);
    }
    if (reply->max_age > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_MAX_AGE, (uint32_t)reply->max_age - 1, rooms[1]);
    }
    if (reply->block > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_BLOCK2, (uint32_t)reply->block - 1, rooms[2]);
    }
    if (reply->etag != NULL) {
        coap_msg_add(&msg, COAP_OPT_ETAG, reply->etag, strlen(reply->etag));
    }
    if (reply->odd_option != 0) {
        coap_msg_add(&msg, reply->odd_option, "x", 1);
    }
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    assert_int_equal(coap_input(ep, &from, data, len, now), 0);
    run();
}

#define REPLY(...) (&(const struct reply){__VA_ARGS__})
#define SOME(value) ((value) + 1)

/* Registers an observation at node 1 and answers it; |ret_token| is its token. */
static uint32_t observed(uint8_t ret_token[4], int seq, int max_age)
{
    uint32_t id = ask(1, "s/temp", true);

    memcpy(ret_token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = ret_token,
                  .seq = SOME(seq), .max_age = SOME(max_age), .payload = "20.0"));
    assert_int_equal(n_got, 1);
    assert_true(got.observing);
    return id;
}

static int setup(void **state)
{
    struct coap_config config;

    (void)state;
    coap_config_defaults(&config);
    config.seed = 1;
    config.max_outstanding = 2;
    config.max_peers = 3;
    config.max_requests_per_peer = 4;
    heap = (struct heap){.live = 0};
    now = 5 * BRG_SEC;
    auto_confirm = true;
    ep = coap_endpoint_new(&config, &alloc);
    return ep == NULL;
}

static int teardown(void **state)
{
    (void)state;
    coap_endpoint_free(ep);
    return heap.live != 0;
}

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
    uint8_t token[4];

    (void)state;
    observed(token, 10, 60);
    auto_confirm = false;
    hear(1, REPLY(.type = COAP_CON, .code = COAP_CONTENT, .mid = 600, .token = token,
                  .seq = SOME(11), .payload = "a"));
    coap_confirm(ep, &peer, 600, false, now);
    run();
    assert_int_equal(n_out, 0);
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

        for (int i = 0; i < 4; i++) {
            wait_deadline(2, 24);
            assert_int_equal(n_out, 1);
        }
        wait_deadline(32, 48);
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

/* --- blocks --------------------------------------------------------------------------------- */

static void answer_block(int block, const char *etag, const char *payload)
{
    uint8_t token[4];

    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .block = SOME(block), .etag = etag, .payload = payload));
}

static uint32_t asked_block(void)
{
    uint32_t value = UINT32_MAX;

    assert_true(coap_msg_uint(&out, COAP_OPT_BLOCK2, &value));
    return value;
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

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        T(test_lost_ack),
        T(test_confirm),
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
        T(test_strangers),
        T(test_critical_option),
        T(test_same_id_other_message),
        T(test_blocks),
        T(test_bad_blocks),
        T(test_body_is_bounded),
        T(test_observed_blocks),
        T(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
