/* SPDX-License-Identifier: ISC */
/* The exchange layer on virtual time: time is a number and the node is the test. */
#ifndef TESTS_UNIT_COAP_LIB_H
#define TESTS_UNIT_COAP_LIB_H

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
static struct coap_incoming got_request; /* of a COAP_REQUEST */
static char got_data[32768];
static unsigned n_got;
static bool auto_confirm;

static inline struct coap_addr node(unsigned n)
{
    struct coap_addr addr = {.ip = {0xfd}, .port = 5683};

    addr.ip[15] = (uint8_t)n;
    return addr;
}

static inline void run(void)
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
        if (effect.kind == COAP_REQUEST) {
            got_request = *effect.request;
        }
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
static inline void wait_deadline(double low, double high)
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

static inline uint32_t ask(unsigned n, const char *uri, bool observe)
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

static inline void hear(unsigned n, const struct reply *reply)
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
static inline uint32_t observed(uint8_t ret_token[4], int seq, int max_age)
{
    uint32_t id = ask(1, "s/temp", true);

    memcpy(ret_token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = ret_token,
                  .seq = SOME(seq), .max_age = SOME(max_age), .payload = "20.0"));
    assert_int_equal(n_got, 1);
    assert_true(got.observing);
    return id;
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    (void)state;
    coap_endpoint_free(ep);
    return heap.live != 0;
}

static inline void answer_block(int block, const char *etag, const char *payload)
{
    uint8_t token[4];

    memcpy(token, out.token, 4);
    hear(1, REPLY(.type = COAP_ACK, .code = COAP_CONTENT, .mid = out.mid, .token = token,
                  .block = SOME(block), .etag = etag, .payload = payload));
}

static inline uint32_t asked_block(void)
{
    uint32_t value = UINT32_MAX;

    assert_true(coap_msg_uint(&out, COAP_OPT_BLOCK2, &value));
    return value;
}

#endif
