/* SPDX-License-Identifier: ISC */
/* The server (RFC 7252 section 5.8 and 8, RFC 7641 section 4, RFC 7959, RFC 9175). Nodes 1 to 9 may
 * write. */
#include "tests/unit/coap_lib.h"

#define TOKEN ((const uint8_t *)"\x11\x22\x33\x44")

static bool may_write(void *ctx, const struct coap_addr *peer)
{
    (void)ctx;
    return peer->ip[15] < 10;
}

static int serve_setup(void **state)
{
    int err = setup(state);

    coap_serve(ep, may_write, NULL);
    return err;
}

struct ask {
    enum coap_type type;
    uint8_t code;
    uint16_t mid;
    const char *path;   /* one segment */
    int block1, block2; /* SOME(value); 0 leaves the option out, as with those below */
    int observe;
    const uint8_t *echo;
    const uint8_t *etag;
    const char *payload;
    size_t payload_len; /* 0: as long as the text is */
    bool group;
    uint16_t odd;
};

#define ASK(type_, code_, mid_, ...)                                                               \
    (&(const struct ask){.type = type_, .code = code_, .mid = mid_, .path = __VA_ARGS__})

/* Node |n| asks us; returns the octets of the request. */
static size_t asks(unsigned n, const struct ask *ask)
{
    struct coap_msg msg = {.type = ask->type,
                           .code = ask->code,
                           .mid = ask->mid,
                           .token_len = 4,
                           .payload = (const uint8_t *)ask->payload};
    const struct coap_addr from = node(n);
    uint8_t data[COAP_DATAGRAM_MAX];
    uint8_t rooms[3][4];
    size_t len;

    memcpy(msg.token, TOKEN, 4);
    msg.payload_len = ask->payload == NULL    ? 0
                      : ask->payload_len == 0 ? strlen(ask->payload)
                                              : ask->payload_len;
    if (ask->path != NULL) {
        coap_msg_add(&msg, COAP_OPT_URI_PATH, ask->path, strlen(ask->path));
    }
    if (ask->block1 > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_BLOCK1, (uint32_t)ask->block1 - 1, rooms[0]);
    }
    if (ask->block2 > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_BLOCK2, (uint32_t)ask->block2 - 1, rooms[1]);
    }
    if (ask->observe > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, (uint32_t)ask->observe - 1, rooms[2]);
    }
    if (ask->echo != NULL) {
        coap_msg_add(&msg, COAP_OPT_ECHO, ask->echo, 8);
    }
    if (ask->etag != NULL) {
        coap_msg_add(&msg, COAP_OPT_ETAG, ask->etag, 4);
    }
    if (ask->odd != 0) {
        coap_msg_add(&msg, ask->odd, "x", 1);
    }
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    if (ask->group) {
        coap_input_group(ep, &from, data, len, now);
    } else {
        coap_input(ep, &from, data, len, now);
    }
    run();
    return len;
}

static void answer(uint8_t code, const char *text, size_t len)
{
    const struct coap_answer it = {
        .code = code,
        .format = len > 0 ? COAP_FORMAT_TEXT : COAP_FORMAT_NONE,
        .data = (const uint8_t *)text,
        .len = len,
        .observe = got_request.observe,
        .key = 7,
    };

    coap_answer(ep, &got_request.origin, &it, now);
    run();
}

static uint32_t option(uint16_t number)
{
    uint32_t value = UINT32_MAX;

    assert_true(coap_msg_uint(&out, number, &value));
    return value;
}

/* The answer comes when the caller gives it, and its copy gets the same. */
static void test_put(void **state)
{
    const struct ask *put = ASK(COAP_CON, COAP_PUT, 5, "r/x y", .payload = "21.5");

    (void)state;
    asks(1, put);
    assert_int_equal(n_got, 1);
    assert_int_equal(got.kind, COAP_REQUEST);
    assert_string_equal(got_request.uri, "r%2Fx%20y");
    assert_int_equal(got_request.method, COAP_PUT);
    assert_string_equal(got_data, "21.5");
    assert_int_equal(n_out, 0);
    asks(1, put);
    assert_int_equal(n_got + n_out, 0);
    answer(COAP_CHANGED, "", 0);
    assert_int_equal(n_out, 1);
    assert_int_equal(out.type, COAP_ACK);
    assert_int_equal(out.mid, 5);
    assert_int_equal(out.code, COAP_CHANGED);
    assert_memory_equal(out.token, TOKEN, 4);
    asks(1, put);
    assert_int_equal(n_got, 0);
    assert_int_equal(n_out, 1);
    assert_int_equal(out.code, COAP_CHANGED);
    assert_memory_equal(out.token, TOKEN, 4);
}

static void test_put_dropped(void **state)
{
    const struct ask *put = ASK(COAP_CON, COAP_POST, 5, "r", .payload = "21.5");

    (void)state;
    asks(1, put);
    coap_drop(ep, &got_request.origin, now);
    asks(1, put);
    assert_int_equal(n_got, 1);
    answer(COAP_CHANGED, "", 0);
    assert_int_equal(n_out, 1);
}

static void test_refusals(void **state)
{
    (void)state;
    asks(20, ASK(COAP_CON, COAP_PUT, 1, "r", .payload = "1"));
    assert_int_equal(n_got, 0);
    assert_int_equal(out.code, COAP_FORBIDDEN);
    asks(1, ASK(COAP_CON, COAP_DELETE, 2, "r"));
    assert_int_equal(out.code, COAP_NOT_ALLOWED);
    asks(1, ASK(COAP_CON, COAP_GET, 3, "r", .odd = 9));
    assert_int_equal(out.code, COAP_BAD_OPTION);
    asks(1, ASK(COAP_CON, COAP_GET, 4, "r", .odd = COAP_OPT_PROXY_URI));
    assert_int_equal(out.code, COAP_NO_PROXY);
    asks(1, ASK(COAP_NON, COAP_DELETE, 5, "r"));
    assert_int_equal(out.type, COAP_NON);
    assert_int_equal(out.code, COAP_NOT_ALLOWED);
}

/* Who may be somebody else gets at most three times what it sent, and all of it in the end. */
static void test_amplification(void **state)
{
    char text[3000];
    char whole[3000];
    uint8_t echo[8];
    size_t len = 0;
    size_t sent;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (uint16_t num = 0;; num++) {
        uint32_t block;

        sent = asks(20, ASK(COAP_CON, COAP_GET, num, "a-long-enough-name",
                            .block2 = num == 0 ? 0 : SOME(num << 4 | 1)));
        answer(COAP_CONTENT, text, sizeof(text));
        assert_int_equal(n_out, 1);
        assert_true(out_len <= 3 * sent);
        block = option(COAP_OPT_BLOCK2);
        assert_int_equal(block >> 4, num);
        memcpy(whole + len, out.payload, out.payload_len);
        len += out.payload_len;
        if (!(block & 8)) {
            break;
        }
        assert_int_equal(out.payload_len, 16U << (block & 7));
    }
    assert_int_equal(len, sizeof(text));
    assert_memory_equal(whole, text, sizeof(text));
    assert_int_equal(coap_msg_find(&out, COAP_OPT_ECHO)->len, 8);
    memcpy(echo, coap_msg_find(&out, COAP_OPT_ECHO)->value, 8);
    /* Another source's echo is nothing, its own is good for more. */
    asks(21, ASK(COAP_CON, COAP_GET, 1, "x", .echo = echo));
    answer(COAP_CONTENT, text, sizeof(text));
    assert_true(out.payload_len <= 64);
    asks(20, ASK(COAP_CON, COAP_GET, 1000, "x", .echo = echo));
    answer(COAP_CONTENT, text, sizeof(text));
    assert_int_equal(out.payload_len, 1024);
    assert_null(coap_msg_find(&out, COAP_OPT_ECHO));
    asks(20, ASK(COAP_CON, COAP_GET, 1001, "x", .block2 = SOME(2 << 4 | 6)));
    answer(COAP_CONTENT, text, sizeof(text));
    assert_int_equal(out.payload_len, 3000 - 2048);
    asks(20, ASK(COAP_CON, COAP_GET, 1002, "x", .block2 = SOME(3 << 4 | 6)));
    answer(COAP_CONTENT, text, sizeof(text));
    assert_int_equal(out.code, COAP_BAD_REQUEST);
}

/* A flood from strangers is answered as far as the bucket goes. */
static void test_stranger_flood(void **state)
{
    unsigned answered = 0;

    (void)state;
    for (uint16_t n = 0; n < 1000; n++) {
        asks(20 + n % 200, ASK(COAP_NON, COAP_DELETE, n, "r"));
        answered += n_out;
    }
    assert_int_equal(answered, 200);
    assert_int_equal(coap_endpoint_stats(ep)->refused, 800);
    assert_int_equal(heap.live, 1); /* nothing was kept but the endpoint */
}

static void test_etag(void **state)
{
    uint8_t etag[4];

    (void)state;
    asks(1, ASK(COAP_CON, COAP_GET, 1, "x"));
    answer(COAP_CONTENT, "21.5", 4);
    memcpy(etag, coap_msg_find(&out, COAP_OPT_ETAG)->value, 4);
    asks(1, ASK(COAP_CON, COAP_GET, 2, "x", .etag = etag));
    answer(COAP_CONTENT, "21.5", 4);
    assert_int_equal(out.code, COAP_VALID);
    assert_int_equal(out.payload_len, 0);
    asks(1, ASK(COAP_CON, COAP_GET, 3, "x", .etag = etag));
    answer(COAP_CONTENT, "21.6", 4);
    assert_int_equal(out.code, COAP_CONTENT);
}

static void test_upload(void **state)
{
    char text[64];

    (void)state;
    memset(text, 'x', sizeof(text));
    asks(1,
         ASK(COAP_CON, COAP_PUT, 1, "x", .block1 = SOME(0x08), .payload = text, .payload_len = 16));
    assert_int_equal(n_got, 0);
    assert_int_equal(out.code, COAP_CONTINUE);
    assert_int_equal(option(COAP_OPT_BLOCK1), 0x08);
    asks(1, ASK(COAP_CON, COAP_PUT, 1, "x", .block1 = SOME(0x08), .payload = text,
                .payload_len = 16)); /* again */
    assert_int_equal(out.code, COAP_CONTINUE);
    assert_int_equal(option(COAP_OPT_BLOCK1), 0x08);
    /* A gap, and another URI in between. */
    asks(1,
         ASK(COAP_CON, COAP_PUT, 2, "x", .block1 = SOME(0x28), .payload = text, .payload_len = 16));
    assert_int_equal(out.code, COAP_INCOMPLETE);
    asks(1,
         ASK(COAP_CON, COAP_PUT, 3, "y", .block1 = SOME(0x18), .payload = text, .payload_len = 16));
    assert_int_equal(out.code, COAP_INCOMPLETE);
    asks(1, ASK(COAP_CON, COAP_PUT, 4, "x", .block1 = SOME(0x10), .payload = "end"));
    assert_int_equal(n_got, 1);
    assert_int_equal(got.len, 19);
    answer(COAP_CHANGED, "", 0);
    assert_int_equal(out.code, COAP_CHANGED);
    assert_int_equal(option(COAP_OPT_BLOCK1), 0x10);
    assert_true(coap_deadline(ep) == BRG_NEVER);
}

static void test_upload_too_large(void **state)
{
    char text[1024];
    uint16_t num;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (num = 0; num < 16; num++) {
        asks(1, ASK(COAP_CON, COAP_PUT, num, "x", .block1 = SOME(num << 4 | 8 | 6), .payload = text,
                    .payload_len = sizeof(text)));
        assert_int_equal(out.code, COAP_CONTINUE);
    }
    asks(1, ASK(COAP_CON, COAP_PUT, num, "x", .block1 = SOME(num << 4 | 8 | 6), .payload = text,
                .payload_len = sizeof(text)));
    assert_int_equal(out.code, COAP_TOO_LARGE);
    assert_int_equal(option(COAP_OPT_SIZE1), 16384);
    assert_int_equal(n_got, 0);
    /* One that is left alone is forgotten. */
    asks(1, ASK(COAP_CON, COAP_PUT, 99, "x", .block1 = SOME(0x08), .payload = text,
                .payload_len = 16));
    wait_deadline(247, 247);
    assert_true(coap_deadline(ep) == BRG_NEVER);
}

static void notify(const char *text)
{
    const struct coap_answer it = {.code = COAP_CONTENT,
                                   .format = COAP_FORMAT_TEXT,
                                   .data = (const uint8_t *)text,
                                   .len = strlen(text)};

    coap_notify(ep, 7, &it, now);
    run();
}

static void test_observe(void **state)
{
    uint32_t seq;

    (void)state;
    asks(20, ASK(COAP_CON, COAP_GET, 1, "x", .observe = SOME(0)));
    answer(COAP_CONTENT, "1", 1);
    seq = option(COAP_OPT_OBSERVE);
    assert_true(coap_has_observers(ep));
    notify("2");
    assert_int_equal(out.type, COAP_CON);
    assert_int_equal(option(COAP_OPT_OBSERVE), seq + 1);
    assert_memory_equal(out.token, TOKEN, 4);
    /* Meanwhile there is a newer one: it goes out in place of the old one's copy. */
    notify("3");
    assert_int_equal(n_out, 0);
    wait_deadline(2, 3);
    assert_memory_equal(out.payload, "3", 1);
    notify("4");
    hear(20, REPLY(.type = COAP_ACK, .code = COAP_EMPTY, .mid = out.mid));
    assert_int_equal(n_out, 1);
    assert_memory_equal(out.payload, "4", 1);
    /* Nobody there any more. */
    for (int i = 0; i < 4; i++) {
        wait_deadline(2, 48);
        assert_int_equal(n_out, 1);
    }
    wait_deadline(2, 48);
    assert_int_equal(n_out, 0);
    assert_false(coap_has_observers(ep));
    notify("5");
    assert_int_equal(n_out, 0);
}

static void test_observe_ends(void **state)
{
    (void)state;
    asks(1, ASK(COAP_CON, COAP_GET, 1, "x", .observe = SOME(0)));
    answer(COAP_CONTENT, "1", 1);
    asks(1, ASK(COAP_CON, COAP_GET, 2, "x", .observe = SOME(1)));
    answer(COAP_CONTENT, "1", 1);
    assert_false(coap_has_observers(ep));
    asks(1, ASK(COAP_CON, COAP_GET, 3, "x", .observe = SOME(0)));
    answer(COAP_CONTENT, "1", 1);
    notify("2");
    hear(1, REPLY(.type = COAP_RST, .code = COAP_EMPTY, .mid = out.mid));
    assert_false(coap_has_observers(ep));
    for (unsigned n = 0; n < 100; n++) {
        asks(20 + n, ASK(COAP_CON, COAP_GET, 1, "x", .observe = SOME(0)));
        answer(COAP_CONTENT, "1", 1);
        assert_int_equal(coap_msg_find(&out, COAP_OPT_OBSERVE) != NULL, n < 64);
    }
}

static void test_group(void **state)
{
    brg_tstamp start = now;

    (void)state;
    asks(20, ASK(COAP_NON, COAP_GET, 1, "x", .group = true));
    assert_int_equal(n_got + n_out, 0);
    wait_deadline(0, 5);
    assert_int_equal(got.kind, COAP_REQUEST);
    assert_true(got_request.origin.group);
    answer(COAP_NOT_FOUND, "", 0);
    assert_int_equal(n_out, 0);
    answer(COAP_CONTENT, "1", 1);
    assert_int_equal(out.type, COAP_NON);
    /* Neither confirmable, nor a PUT, nor more than is kept in mind. */
    asks(20, ASK(COAP_CON, COAP_GET, 2, "x", .group = true));
    asks(1, ASK(COAP_NON, COAP_PUT, 3, "x", .group = true, .payload = "1"));
    assert_int_equal(n_got + n_out, 0);
    assert_true(coap_deadline(ep) == BRG_NEVER);
    for (uint16_t n = 0; n < 100; n++) {
        asks(20, ASK(COAP_NON, COAP_GET, (uint16_t)(10 + n), "x", .group = true));
    }
    now = start + 20 * BRG_SEC;
    coap_timeout(ep, now);
    run();
    assert_int_equal(n_got, 16);
}

static void test_no_memory(void **state)
{
    const struct ask *ask =
        ASK(COAP_CON, COAP_PUT, 5, "r", .block1 = SOME(0x08), .payload = "0123456789abcdef");

    (void)state;
    for (long n = 1; n < 8; n++) {
        heap.fail_at = heap.calls + n;
        asks(1, ask);
        asks(2, ASK(COAP_CON, COAP_GET, 6, "r", .observe = SOME(0)));
        if (n_got > 0) {
            answer(COAP_CONTENT, "1", 1);
        }
        notify("2");
    }
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, serve_setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_put),    T(test_put_dropped),      T(test_refusals),
        T(test_etag),   T(test_amplification),    T(test_stranger_flood),
        T(test_upload), T(test_upload_too_large), T(test_observe),
        T(test_group),  T(test_observe_ends),     T(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
