/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_lib.h"

#include <string.h>

#include "bridge/coap_msg.h"

static int parse(struct coap_msg *msg, const void *data, size_t len)
{
    bool header;

    return coap_msg_parse(msg, data, len, &header);
}

/* RFC 7252 appendix A, figure 16: GET coap://server/temperature and its piggybacked answer. */
static void test_example_of_the_rfc(void **state)
{
    static const uint8_t get[] = "\x40\x01\x7d\x34\xbbtemperature";
    static const uint8_t answer[] = "\x60\x45\x7d\x34\xff"
                                    "22.3 C";
    struct coap_msg msg;

    (void)state;
    assert_int_equal(parse(&msg, get, sizeof(get) - 1), 0);
    assert_int_equal(msg.type, COAP_CON);
    assert_int_equal(msg.code, COAP_GET);
    assert_int_equal(msg.mid, 0x7d34);
    assert_int_equal(msg.n_options, 1);
    assert_int_equal(msg.options[0].number, COAP_OPT_URI_PATH);
    assert_memory_equal(msg.options[0].value, "temperature", 11);

    assert_int_equal(parse(&msg, answer, sizeof(answer) - 1), 0);
    assert_int_equal(msg.type, COAP_ACK);
    assert_int_equal(msg.code, COAP_CONTENT);
    assert_int_equal(msg.payload_len, 6);
    assert_memory_equal(msg.payload, "22.3 C", 6);
}

static void test_round_trip(void **state)
{
    static const size_t lengths[] = {0, 1, 12, 13, 14, 268, 269, 270, 700};
    static const uint16_t numbers[] = {1, 12, 13, 14, 268, 269, 270, 2048, 65535};
    uint8_t value[700];
    uint8_t out[2048];
    uint8_t again[2048];

    (void)state;
    memset(value, 'v', sizeof(value));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
            struct coap_msg msg = {
                .type = COAP_NON,
                .code = COAP_CONTENT,
                .mid = 0xffff,
                .token_len = 3,
                .token = {1, 2, 3},
                .payload = value,
                .payload_len = lengths[i] + 1 > sizeof(value) ? 1 : lengths[i],
            };
            struct coap_msg back;
            size_t len;
            size_t len2;

            assert_int_equal(coap_msg_add(&msg, numbers[j], value, lengths[i]), 0);
            assert_int_equal(coap_msg_add(&msg, 6, value, 2), 0);
            assert_int_equal(coap_msg_write(&msg, out, sizeof(out), &len), 0);
            assert_int_equal(parse(&back, out, len), 0);
            assert_int_equal(back.n_options, 2);
            assert_int_equal(coap_msg_find(&back, numbers[j])->len, lengths[i]);
            assert_int_equal(coap_msg_find(&back, 6)->len, 2);
            assert_int_equal(back.payload_len, msg.payload_len);
            assert_int_equal(coap_msg_write(&back, again, sizeof(again), &len2), 0);
            assert_int_equal(len, len2);
            assert_memory_equal(out, again, len);
            /* No shorter room will do, and none is written beyond. */
            assert_int_equal(coap_msg_write(&msg, again, len - 1, &len2), -BRG_ERR_SIZE);
        }
    }
}

/* Every truncation is refused, or is the shorter message it happens to be. */
static void test_truncations(void **state)
{
    static const uint8_t whole[] = "\x44\x45\x12\x34"
                                   "tokn"
                                   "\x61\x07\x61\x2a\xff"
                                   "21.5";
    struct coap_msg msg;

    (void)state;
    assert_int_equal(parse(&msg, whole, sizeof(whole) - 1), 0);
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        uint8_t *copy = malloc(len + 1);
        int err;

        memcpy(copy, whole, len);
        err = parse(&msg, copy, len);
        if (len == 8 || len == 10 || len == 12 || len > 13) {
            assert_int_equal(err, 0);
        } else {
            assert_true(err < 0);
        }
        free(copy);
    }
}

static void test_format_errors(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        int err;
        bool header;
    } bad[] = {
        {"", 0, -BRG_ERR_INVAL, false},
        {"\x40\x01\x00", 3, -BRG_ERR_INVAL, false},
        {"\x80\x01\x00\x01", 4, -BRG_ERR_INVAL, false},            /* version 2 */
        {"\x49\x01\x00\x01tttttttttt", 14, -BRG_ERR_FORMAT, true}, /* token of 9 */
        {"\x41\x00\x00\x01t", 5, -BRG_ERR_FORMAT, true},           /* empty with a token */
        {"\x40\x00\x00\x01\xffp", 6, -BRG_ERR_FORMAT, true},       /* empty with a payload */
        {"\x40\x45\x00\x01\xff", 5, -BRG_ERR_FORMAT, true},        /* marker, no payload */
        {"\x40\x45\x00\x01\xf1p", 6, -BRG_ERR_FORMAT, true},       /* delta 15 */
        {"\x40\x45\x00\x01\x1fp", 6, -BRG_ERR_FORMAT, true},       /* length 15 */
        {"\x40\x45\x00\x01\x15p", 6, -BRG_ERR_FORMAT, true},       /* value cut */
        {"\x40\x45\x00\x01\xe1\xff", 6, -BRG_ERR_FORMAT, true},    /* delta cut */
        {"\x40\x45\x00\x01\xe0\xff\xff\xe0\xff\xff", 10, -BRG_ERR_FORMAT, true}, /* > 65535 */
    };
    struct coap_msg msg;
    bool header;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int err = coap_msg_parse(&msg, (const uint8_t *)bad[i].data, bad[i].len, &header);

        assert_int_equal(err, bad[i].err);
        assert_int_equal(header, bad[i].header);
    }
}

static void test_too_many_options(void **state)
{
    uint8_t data[4 + COAP_OPTIONS_MAX + 1] = "\x40\x45\x00\x01";
    struct coap_msg msg;

    (void)state;
    memset(data + 4, 0x10, COAP_OPTIONS_MAX + 1);
    assert_int_equal(parse(&msg, data, sizeof(data) - 1), 0);
    assert_int_equal(parse(&msg, data, sizeof(data)), -BRG_ERR_FULL);
    assert_int_equal(coap_msg_add(&msg, 1, "", 0), -BRG_ERR_FULL);
}

static void test_uint_options(void **state)
{
    static const struct {
        uint32_t value;
        size_t len;
    } cases[] = {{0, 0}, {1, 1}, {255, 1}, {256, 2}, {65536, 3}, {UINT32_MAX, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct coap_msg msg = {.n_options = 0};
        uint8_t room[4];
        uint32_t value = 77;

        assert_false(coap_msg_uint(&msg, COAP_OPT_MAX_AGE, &value));
        assert_int_equal(coap_msg_add_uint(&msg, COAP_OPT_MAX_AGE, cases[i].value, room), 0);
        assert_int_equal(msg.options[0].len, cases[i].len);
        assert_true(coap_msg_uint(&msg, COAP_OPT_MAX_AGE, &value));
        assert_int_equal(value, cases[i].value);
    }
}

/* Section 5.4: what is odd and unknown, repeated or of a wrong length spoils the message. */
static void test_option_rules(void **state)
{
    static const struct {
        uint16_t number;
        size_t len;
        unsigned times;
        int err;
        size_t kept;
    } cases[] = {
        {COAP_OPT_URI_PATH, 3, 2, 0, 2},
        {COAP_OPT_CONTENT_FORMAT, 1, 2, 0, 1}, /* elective, the second is ignored */
        {COAP_OPT_CONTENT_FORMAT, 3, 1, 0, 0}, /* too long, ignored */
        {COAP_OPT_BLOCK2, 1, 2, -BRG_ERR_FORMAT, 0},
        {COAP_OPT_BLOCK2, 4, 1, -BRG_ERR_FORMAT, 0},
        {9, 1, 1, -BRG_ERR_FORMAT, 0}, /* unknown and critical */
        {10, 1, 3, 0, 0},              /* unknown and elective */
        {COAP_OPT_ETAG, 0, 1, 0, 0},
        {COAP_OPT_ETAG, 8, 1, 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct coap_msg msg = {.n_options = 0};

        for (unsigned n = 0; n < cases[i].times; n++) {
            assert_int_equal(coap_msg_add(&msg, cases[i].number, "12345678", cases[i].len), 0);
        }
        assert_int_equal(coap_msg_check_options(&msg), cases[i].err);
        if (cases[i].err == 0) {
            assert_int_equal(msg.n_options, cases[i].kept);
        }
    }
}

static void test_blocks(void **state)
{
    struct coap_block block;

    (void)state;
    assert_int_equal(coap_block_decode(0x7, &block), -BRG_ERR_FORMAT);
    for (uint32_t value = 0; value < 0x200; value++) {
        if ((value & 7) != 7) {
            assert_int_equal(coap_block_decode(value, &block), 0);
            assert_int_equal(coap_block_encode(&block), value);
        }
    }
    assert_int_equal(coap_block_size(0), 16);
    assert_int_equal(coap_block_size(6), 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_rfc), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_truncations),        cmocka_unit_test(test_format_errors),
        cmocka_unit_test(test_too_many_options),   cmocka_unit_test(test_uint_options),
        cmocka_unit_test(test_option_rules),       cmocka_unit_test(test_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
