/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <string.h>

#include "bridge/coap_msg.h"
#include "bridge/payload.h"

static struct brg_decoder dec;

/* Decodes and writes every reading as "NAME=PAYLOAD;" with a fixed time. */
static const char *rendered(int format, const void *data, size_t len, enum brg_output output)
{
    static char room[BRG_OUTPUT_MAX];
    const struct brg_context context = {.now_s = 1700000000.25};
    uint8_t *copy = malloc(len + 1);
    struct brg_text out;

    memcpy(copy, data, len);
    brg_text_init(&out, room, sizeof(room));
    if (brg_decode(&dec, format, copy, len) < 0) {
        free(copy);
        assert_non_null(dec.reason);
        assert_int_equal(dec.n, 0);
        return NULL;
    }
    free(copy);
    for (size_t i = 0; i < dec.n; i++) {
        if (dec.readings[i].name != NULL) {
            brg_text_puts(&out, dec.readings[i].name);
            brg_text_puts(&out, "=");
        }
        brg_reading_write(&out, &dec.readings[i], output, &context);
        brg_text_puts(&out, ";");
    }
    assert_false(out.full);
    return room;
}

#define JSON(format, data) rendered(COAP_FORMAT_##format, data, sizeof(data) - 1, BRG_OUTPUT_JSON)
#define VALUE(format, data) rendered(COAP_FORMAT_##format, data, sizeof(data) - 1, BRG_OUTPUT_VALUE)

static void test_text(void **state)
{
    (void)state;
    assert_string_equal(JSON(TEXT, "21.5"), "{\"v\":21.5,\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(VALUE(TEXT, "21.5"), "21.5;");
    assert_string_equal(VALUE(TEXT, " -3e2\r\n"), "-300;");
    assert_string_equal(JSON(TEXT, "open"),
                        "{\"v\":\"open\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(VALUE(TEXT, "say \"hi\"\n"), "say \"hi\";");
    assert_string_equal(
        JSON(TEXT, "say \"\\\n\x01"),
        "{\"v\":\"say \\\"\\\\\\n\\u0001\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(VALUE(TEXT, "007"), "007;");
    assert_string_equal(JSON(TEXT, "007"),
                        "{\"v\":\"007\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(JSON(TEXT, "1e999"),
                        "{\"v\":\"1e999\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(JSON(TEXT, "nan"),
                        "{\"v\":\"nan\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(JSON(TEXT, ""), "{\"v\":\"\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_null(JSON(TEXT, "\xff"));
    assert_null(JSON(TEXT, "a\0b"));
}

static void test_formats_we_are_not_told(void **state)
{
    (void)state;
    assert_string_equal(VALUE(NONE, "1.5"), "1.5;");
    assert_string_equal(VALUE(NONE, "\x00\xff\x10"), "AP8Q;");
    assert_string_equal(VALUE(OCTETS, "12"), "MTI;");
    assert_string_equal(VALUE(OCTETS, "1"), "MQ;");
    assert_string_equal(VALUE(OCTETS, ""), ";");
}

static void test_json(void **state)
{
    (void)state;
    assert_string_equal(VALUE(JSON, "true"), "true;");
    assert_string_equal(VALUE(JSON, " 0.1 "), "0.1;");
    assert_string_equal(VALUE(JSON, "\"a\\u00e9\""), "a\xc3\xa9;");
    assert_string_equal(JSON(JSON, "{\"a\": [1,2]}"),
                        "{\"v\":{\"a\": [1,2]},\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(VALUE(JSON, "null"), "null;");
    assert_string_equal(VALUE(JSON, "{\"n\":123456789012345678}"), "{\"n\":123456789012345678};");
    assert_null(JSON(JSON, ""));
    assert_null(JSON(JSON, "{"));
    assert_null(JSON(JSON, "1 2"));
    assert_null(JSON(JSON, "\"\\u0000\""));
    assert_null(JSON(JSON, "\"a\\"));
    assert_null(JSON(JSON, "\"\xc3\""));
    assert_null(JSON(JSON, "[1e999]"));
    assert_null(JSON(JSON, "1e999"));
    assert_null(JSON(JSON, "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]")); /* 17 deep */
    assert_non_null(JSON(JSON, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"));
}

/* What cJSON takes beyond JSON does not go out as it came. */
static void test_lenient_json(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"[0,-0.5e-3,10.25,1E+2]", "[0,-0.5e-3,10.25,1E+2];"},
        {"[01]", "[1];"},
        {"[-01.5, 2]", "[-1.5,2];"},
        {"[1.]", "[1];"},
        {"{\"a\":1.e2}", "{\"a\":100};"},
        {"[1,\x01 2]", "[1,2];"},
        {"[\"a\tb\"]", "[\"a\\u0009b\"];"},
        {"[\"a\\\"01\\\\\", 2 ]", "[\"a\\\"01\\\\\", 2 ];"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(
            rendered(COAP_FORMAT_JSON, rows[i].in, strlen(rows[i].in), BRG_OUTPUT_VALUE),
            rows[i].out);
    }
}

static void test_limits(void **state)
{
    static char big[BRG_PAYLOAD_MAX + 1];

    (void)state;
    memset(big, 'x', sizeof(big));
    assert_null(rendered(COAP_FORMAT_TEXT, big, sizeof(big), BRG_OUTPUT_VALUE));
    assert_non_null(rendered(COAP_FORMAT_TEXT, big, sizeof(big) - 1, BRG_OUTPUT_VALUE));
    assert_non_null(rendered(COAP_FORMAT_OCTETS, big, sizeof(big) - 1, BRG_OUTPUT_VALUE));
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = i == 0 ? '[' : i % 2 ? '1' : ',';
    }
    big[2 * BRG_ITEMS_MAX - 2] = ']';
    assert_non_null(rendered(COAP_FORMAT_JSON, big, 2 * BRG_ITEMS_MAX - 1, BRG_OUTPUT_VALUE));
    big[2 * BRG_ITEMS_MAX - 2] = ',';
    big[2 * BRG_ITEMS_MAX] = ']';
    assert_null(rendered(COAP_FORMAT_JSON, big, 2 * BRG_ITEMS_MAX + 1, BRG_OUTPUT_VALUE));
}

static void test_cbor(void **state)
{
    (void)state;
    assert_string_equal(VALUE(CBOR, "\x18\x2a"), "42;");
    assert_string_equal(VALUE(CBOR, "\x29"), "-10;");
    assert_string_equal(VALUE(CBOR, "\xf9\x4d\x60"), "21.5;");
    assert_string_equal(VALUE(CBOR, "\xfb\x40\x35\x80\x00\x00\x00\x00\x00"), "21.5;");
    assert_string_equal(VALUE(CBOR, "\xf5"), "true;");
    assert_string_equal(VALUE(CBOR, "\xf6"), "null;");
    assert_string_equal(VALUE(CBOR, "\x62hi"), "hi;");
    assert_string_equal(VALUE(CBOR, "\x42\x00\xff"), "AP8;");
    assert_string_equal(VALUE(CBOR, "\x82\x01\x81\x02"), "[1,[2]];");
    assert_string_equal(VALUE(CBOR, "\xa2\x61"
                                    "a\x01\x03\x80"),
                        "{\"a\":1,\"3\":[]};");
    assert_string_equal(VALUE(CBOR, "\xbf\x61"
                                    "a\x9f\x01\x02\xff\x20\xa0\xff"),
                        "{\"a\":[1,2],\"-1\":{}};");
    assert_string_equal(VALUE(CBOR, "\x7f\x61"
                                    "a\x62"
                                    "bc\xff"),
                        "abc;");
    assert_string_equal(VALUE(CBOR, "\xbf\x7f\x61k\xff\xf4\xff"), "{\"k\":false};");
    assert_string_equal(VALUE(CBOR, "\xc1\x1a\x65\x53\xf1\x00"), "1700000000;"); /* a tag */
}

static void test_bad_cbor(void **state)
{
    static const struct {
        const char *data;
        size_t len;
    } bad[] = {
        {"", 0},
        {"\x9a\x05\xf5\xe1\x00\x01", 6}, /* a hundred million items announced */
        {"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
        {"\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x01\x01", 11}, /* its double overflows */
        {"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9},
        {"\x7a\xff\xff\xff\xff", 5},
        {"\x82\x01", 2},
        {"\x01\x02", 2},         /* a second item */
        {"\xa1\x81\x01\x01", 4}, /* an array as a key */
        {"\xa1\x01", 2},
        {"\xbf\x01\xff", 3}, /* a key without a value */
        {"\xff", 1},
        {"\x81\xff", 2},
        {"\x61\xff", 2}, /* not UTF-8 */
        {"\x61\x00", 2},
        {"\x7f\x01\xff", 3},     /* a chunk that is no text */
        {"\x5f\x41\x01\xff", 4}, /* octets in chunks */
        {"\xf9\x7e\x00", 3},     /* NaN */
        {"\xf9\x7c\x00", 3},     /* infinity */
        {"\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x01", 18},
        {"\xfc", 1},
        {"\x1c", 1},
        {"\xc1", 1},
        {"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", 9},
    };
    static uint8_t tags[BRG_ITEMS_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(rendered(COAP_FORMAT_CBOR, bad[i].data, bad[i].len, BRG_OUTPUT_VALUE));
    }
    memset(tags, 0xc1, sizeof(tags));
    tags[sizeof(tags) - 1] = 1;
    assert_null(rendered(COAP_FORMAT_CBOR, tags, sizeof(tags), BRG_OUTPUT_VALUE));
}

/* RFC 8428 section 5 */
static void test_senml_json(void **state)
{
    (void)state;
    assert_string_equal(JSON(SENML_JSON, "[{\"n\":\"urn:dev:ow:10e2073a01080063\",\"u\":\"Cel\","
                                         "\"v\":23.1}]"),
                        "urn:dev:ow:10e2073a01080063={\"v\":23.1,\"u\":\"Cel\","
                        "\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_string_equal(
        JSON(SENML_JSON,
             "[{\"bn\":\"urn:dev:ow:10e2073a0108006:\",\"bt\":1.276020076001e+09,\"bu\":\"A\","
             "\"bver\":5,\"n\":\"voltage\",\"u\":\"V\",\"v\":120.1},"
             "{\"n\":\"current\",\"t\":-5,\"v\":1.2},"
             "{\"n\":\"current\",\"bt\":1700000000,\"t\":-1.5,\"v\":1.7}]"),
        /* 2010 is not plausible, so our own time stands; the last one is. */
        "urn:dev:ow:10e2073a0108006:voltage={\"v\":120.1,\"u\":\"V\",\"t\":1700000000.250,\"tq\":"
        "\"bridge\"};"
        "urn:dev:ow:10e2073a0108006:current={\"v\":1.2,\"u\":\"A\",\"t\":1700000000.250,\"tq\":"
        "\"bridge\"};"
        "urn:dev:ow:10e2073a0108006:current={\"v\":1.7,\"u\":\"A\",\"t\":1699999998.500,\"tq\":"
        "\"node\"};");
    assert_string_equal(VALUE(SENML_JSON, "[{\"bn\":\"x:\",\"n\":\"temp\",\"v\":20},"
                                          "{\"n\":\"label\",\"vs\":\"Machine\"},"
                                          "{\"n\":\"open\",\"vb\":false},"
                                          "{\"n\":\"nfc\",\"vd\":\"aGkg\"}]"),
                        "x:temp=20;x:label=Machine;x:open=false;x:nfc=aGkg;");
    /* A time below 2^28 is relative to now. */
    assert_string_equal(JSON(SENML_JSON, "[{\"n\":\"a\",\"v\":1,\"t\":-10}]"),
                        "a={\"v\":1,\"t\":1699999990.250,\"tq\":\"node\"};");
    assert_string_equal(VALUE(SENML_JSON, "[{\"bn\":\"a\",\"bv\":10},{\"v\":1},{\"n\":\"b\"},"
                                          "{\"n\":\"c\",\"s\":7}]"),
                        "a=11;ab=10;ac=7;");
    assert_string_equal(VALUE(SENML_JSON, "[]"), "");
    assert_string_equal(VALUE(SENML_JSON, "[{\"bn\":\"/3303/0/\",\"n\":\"5700\",\"v\":1}]"),
                        "3303/0/5700=1;");
    assert_string_equal(VALUE(SENML_JSON, "[{\"n\":\"a\",\"v\":1,\"new\":true}]"), "a=1;");
}

static void test_bad_senml(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[1]",
        "[{\"v\":1}]", /* no name */
        "[{\"n\":\"_a\",\"v\":1}]",
        "[{\"n\":\"a+b\",\"v\":1}]",
        "[{\"n\":\"a#\",\"v\":1}]",
        "[{\"n\":\"a\"}]",                      /* no value */
        "[{\"n\":\"a\",\"v\":1,\"vs\":\"x\"}]", /* two */
        "[{\"n\":\"a\",\"v\":\"1\"}]",
        "[{\"n\":\"a\",\"vb\":1}]",
        "[{\"n\":\"a\",\"v\":1e999}]",
        "[{\"n\":\"a\",\"bv\":1e308,\"v\":1e308}]",
        "[{\"n\":\"a\",\"v\":1,\"v\":2}]",
        "[{\"n\":\"a\",\"v\":1,\"must_\":0}]", /* to be understood */
        "[{\"bver\":11,\"n\":\"a\",\"v\":1}]",
        "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":null}]", /* good only as a whole */
    };
    static char many[BRG_PAYLOAD_MAX];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(rendered(COAP_FORMAT_SENML_JSON, bad[i], strlen(bad[i]), BRG_OUTPUT_VALUE));
    }
    many[len++] = '[';
    for (int i = 0; i <= BRG_RECORDS_MAX; i++) {
        memcpy(many + len, "{\"n\":\"a\",\"v\":1},", 16);
        len += 16;
    }
    many[len - 1] = ']';
    assert_null(rendered(COAP_FORMAT_SENML_JSON, many, len, BRG_OUTPUT_VALUE));
    len -= 16;
    many[len - 1] = ']';
    assert_non_null(rendered(COAP_FORMAT_SENML_JSON, many, len, BRG_OUTPUT_VALUE));
}

/* RFC 8428 section 6: [{-2: "x:", 0: "t", 1: "Cel", 2: 21.5}, {0: "d", 8: h'00ff'}] */
static void test_senml_cbor(void **state)
{
    (void)state;
    assert_string_equal(JSON(SENML_CBOR, "\x82\xa4\x21\x62x:\x00\x61t\x01\x63"
                                         "Cel\x02\xf9\x4d\x60\xa2\x00\x61"
                                         "d\x08\x42\x00\xff"),
                        "x:t={\"v\":21.5,\"u\":\"Cel\",\"t\":1700000000.250,\"tq\":\"bridge\"};"
                        "x:d={\"v\":\"AP8\",\"t\":1700000000.250,\"tq\":\"bridge\"};");
    assert_null(JSON(SENML_CBOR, "\x81\xa1\x00\x61t"));
    assert_null(JSON(SENML_CBOR, "\xa0"));
}

/* Whose time it is: "now", and a time that cannot be, are no times of the node's. */
static void test_time_quality(void **state)
{
    (void)state;
    assert_non_null(
        strstr(JSON(SENML_JSON, "[{\"n\":\"a\",\"v\":1,\"t\":0}]"), "\"tq\":\"bridge\""));
    assert_non_null(
        strstr(JSON(SENML_JSON, "[{\"n\":\"a\",\"v\":1,\"t\":5e8}]"), "\"tq\":\"bridge\""));
    assert_non_null(strstr(JSON(SENML_JSON, "[{\"n\":\"a\",\"v\":1,\"t\":1699999999}]"),
                           "\"t\":1699999999.000,\"tq\":\"node\""));
}

static const char *aged(const char *payload, double now_s, size_t size)
{
    static char room[256];
    struct brg_text out;

    brg_text_init(&out, room, size);
    return brg_age_write(&out, payload, strlen(payload), now_s) ? room : NULL;
}

static void test_age(void **state)
{
    const size_t size = 256;

    (void)state;
    assert_string_equal(aged("{\"v\":1,\"t\":1700000000.250,\"seq\":5}", 1700000001.3, size),
                        "{\"v\":1,\"t\":1700000000.250,\"seq\":5,\"age\":1.050}");
    assert_string_equal(aged("{\"v\":1,\"t\":1700000000.999}", 1700003601.0, size),
                        "{\"v\":1,\"t\":1700000000.999,\"age\":3600.001}");
    /* A node whose clock is ahead. */
    assert_string_equal(aged("{\"v\":1,\"t\":1700000009.000}", 1700000001.5, size),
                        "{\"v\":1,\"t\":1700000009.000,\"age\":0.000}");
    /* A value that looks like what stands behind it. */
    assert_string_equal(
        aged("{\"v\":{\"a\":1,\"t\":5.000},\"t\":1700000000.000}", 1700000002.0, size),
        "{\"v\":{\"a\":1,\"t\":5.000},\"t\":1700000000.000,\"age\":2.000}");
    assert_null(aged("{\"v\":1,\"t\":1700000000}", 1700000001.5, size));
    assert_null(aged("{\"v\":1,\"t\":1700000000.000", 1700000001.5, size));
    assert_null(aged("{\"v\":1}", 1700000001.5, size));
    assert_null(aged("}", 1700000001.5, size));
    assert_null(aged("", 1700000001.5, size));
    assert_null(aged("{\"v\":1,\"t\":", 1700000001.5, size));
    assert_null(aged("{\"v\":1,\"t\":1700000000.250}", 1700000001.3, 30));
    assert_non_null(aged("{\"v\":1,\"t\":99999999999999999999999999.000}", 1700000001.3, size));
}

static void test_senml_resolved(void **state)
{
    static const char pack[] =
        "[{\"bn\":\"x/\",\"bu\":\"Cel\",\"bt\":1699999990,\"bv\":20,"
        "\"n\":\"a\",\"v\":1.5},{\"n\":\"b\",\"vb\":true,\"t\":1},"
        "{\"n\":\"c\",\"vs\":\"q\\\"\",\"u\":\"m\"},{\"n\":\"d\",\"vd\":\"AP8\"},"
        "{\"n\":\"e\",\"s\":7}]";
    char again[1000];
    char room[1000];
    struct brg_text out;

    (void)state;
    assert_int_equal(
        brg_decode(&dec, COAP_FORMAT_SENML_JSON, (const uint8_t *)pack, sizeof(pack) - 1), 0);
    brg_text_init(&out, room, sizeof(room));
    brg_senml_write(&out, &dec, 1700000000.25);
    assert_string_equal(room, "[{\"n\":\"x/a\",\"u\":\"Cel\",\"t\":1699999990.000,\"v\":21.5},"
                              "{\"n\":\"x/b\",\"u\":\"Cel\",\"t\":1699999991.000,\"vb\":true},"
                              "{\"n\":\"x/c\",\"u\":\"m\",\"t\":1699999990.000,\"vs\":\"q\\\"\"},"
                              "{\"n\":\"x/d\",\"u\":\"Cel\",\"t\":1699999990.000,\"vd\":\"AP8\"},"
                              "{\"n\":\"x/e\",\"u\":\"Cel\",\"t\":1699999990.000,\"s\":7}]");
    /* It is SenML again, and resolves to itself. */
    memcpy(again, room, out.len);
    assert_int_equal(brg_decode(&dec, COAP_FORMAT_SENML_JSON, (const uint8_t *)again, out.len), 0);
    assert_int_equal(dec.n, 5);
    brg_text_init(&out, room, sizeof(room));
    brg_senml_write(&out, &dec, 1700000000.25);
    assert_memory_equal(room, again, out.len);
}

static void test_seq_and_error(void **state)
{
    const struct brg_reading reading = {.kind = BRG_VALUE_BOOL, .flag = true};
    const struct brg_context context = {.now_s = 1700000000, .has_seq = true, .seq = 4711};
    char room[300];
    struct brg_text out;

    (void)state;
    brg_text_init(&out, room, sizeof(room));
    brg_reading_write(&out, &reading, BRG_OUTPUT_JSON, &context);
    assert_string_equal(room, "{\"v\":true,\"t\":1700000000.000,\"tq\":\"bridge\",\"seq\":4711}");
    brg_text_init(&out, room, sizeof(room));
    brg_error_write(&out, "not \"it\"", (const uint8_t *)"\x00\xab", 2, 1.5);
    assert_string_equal(
        room, "{\"reason\":\"not \\\"it\\\"\",\"hex\":\"00ab\",\"octets\":2,\"t\":1.500}");
    brg_text_init(&out, room, 10);
    brg_reading_write(&out, &reading, BRG_OUTPUT_JSON, &context);
    assert_true(out.full);
    assert_true(strlen(room) < 10);
}

static struct brg_decoder decoder_of_commands;

static const char *encoded(const struct brg_command_form *form, const char *data, uint8_t *out,
                           size_t size, size_t *ret_len)
{
    const char *reason;
    int err = brg_command_encode(form, &decoder_of_commands, data, strlen(data), out, size, ret_len,
                                 &reason);

    assert_true((err < 0) == (reason != NULL));
    return reason;
}

static void expect_command(int format, const char *data, const char *want, size_t len)
{
    const struct brg_command_form form = {.format = format};
    uint8_t out[64];
    size_t out_len;

    assert_null(encoded(&form, data, out, sizeof(out), &out_len));
    assert_int_equal(out_len, len);
    assert_memory_equal(out, want, len);
}

static void test_commands(void **state)
{
    static const struct {
        int format;
        const char *data;
    } bad[] = {
        {COAP_FORMAT_TEXT, ""},
        {COAP_FORMAT_TEXT, "{}"},
        {COAP_FORMAT_TEXT, "{\"v\":[1]}"},
        {COAP_FORMAT_TEXT, "{\"v\":null}"},
        {COAP_FORMAT_TEXT, "{\"v\":1e999}"},
        {COAP_FORMAT_TEXT, "\xff"},
        {COAP_FORMAT_JSON, "{\"a\":1}"},
        {COAP_FORMAT_JSON, "[1e999]"},
        {COAP_FORMAT_SENML_JSON, "1"},
        {COAP_FORMAT_OCTETS, "{\"v\":\"A\"}"},
        {COAP_FORMAT_OCTETS, "{\"v\":\"a b=\"}"},
        {COAP_FORMAT_OCTETS, "{\"v\":1}"},
        {COAP_FORMAT_LINK, "1"},
        {COAP_FORMAT_TEXT, "0123456789012345678901234567890123456789012345678901234567890123x"},
        {COAP_FORMAT_JSON, "\"\1\1\1\1\1\1\1\1\1\1\1\1"},
    };

    (void)state;
    expect_command(COAP_FORMAT_NONE, "21.50", "21.50", 5);
    expect_command(COAP_FORMAT_TEXT, "{\"v\":21.50}", "21.5", 4);
    expect_command(COAP_FORMAT_TEXT, "{\"v\":\"on\"}", "on", 2);
    expect_command(COAP_FORMAT_TEXT, "{\"v\":true}", "true", 4);
    expect_command(COAP_FORMAT_TEXT, "{broken", "{broken", 7);
    expect_command(COAP_FORMAT_TEXT, "[1]", "[1]", 3);
    expect_command(COAP_FORMAT_TEXT, "21 C", "21 C", 4);
    expect_command(COAP_FORMAT_JSON, "on", "\"on\"", 4);
    expect_command(COAP_FORMAT_JSON, "21.5", "21.5", 4);
    expect_command(COAP_FORMAT_JSON, "{\"v\":\"a\\\"b\"}", "\"a\\\"b\"", 6);
    expect_command(COAP_FORMAT_JSON, "[1, [], null]", "[1,[],null]", 11);
    expect_command(COAP_FORMAT_JSON, "{\"v\":{\"a\":[true,\"b\"]},\"ttl\":3}",
                   "{\"a\":[true,\"b\"]}", 16);
    expect_command(COAP_FORMAT_CBOR, "42", "\x18\x2a", 2);
    expect_command(COAP_FORMAT_CBOR, "-1", "\x20", 1);
    expect_command(COAP_FORMAT_CBOR, "{\"v\":true}", "\xf5", 1);
    expect_command(COAP_FORMAT_CBOR, "hi", "\x62hi", 3);
    expect_command(COAP_FORMAT_CBOR, "{\"v\":\"hi\"}", "\x62hi", 3);
    expect_command(COAP_FORMAT_CBOR, "21.5", "\xfb\x40\x35\x80\x00\x00\x00\x00\x00", 9);
    expect_command(COAP_FORMAT_CBOR, "{\"v\":null}", "\xf6", 1);
    expect_command(COAP_FORMAT_CBOR, "{\"v\":{\"a\":[1,\"b\"],\"2\":-3}}",
                   "\xa2\x61\x61\x82\x01\x61\x62\x61\x32\x22", 10);
    expect_command(COAP_FORMAT_OCTETS, "\x01\xff\x7f", "\x01\xff\x7f", 3);
    expect_command(COAP_FORMAT_OCTETS, "{\"v\":\"Af9_\"}", "\x01\xff\x7f", 3);
    expect_command(COAP_FORMAT_OCTETS, "{\"v\":\"Af8=\"}", "\x01\xff", 2);
    expect_command(COAP_FORMAT_OCTETS, "{\"a\":1}", "{\"a\":1}", 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct brg_command_form form = {.format = bad[i].format};
        uint8_t out[64];
        size_t len;

        assert_non_null(encoded(&form, bad[i].data, out, sizeof(out), &len));
        assert_int_equal(len, 0);
    }
}

/* The shape of what the node sent last, as commands take it. */
static const char *shape_of(int format, const char *data, size_t len)
{
    static char room[BRG_SHAPE_MAX];
    struct brg_text text;

    brg_text_init(&text, room, sizeof(room));
    return brg_senml_shape(&decoder_of_commands, format, (const uint8_t *)data, len, &text) ? room
                                                                                            : NULL;
}

static void expect_pack(const char *shape, const char *data, const char *want)
{
    struct brg_command_form form = {COAP_FORMAT_SENML_JSON, shape, "s/led"};
    uint8_t out[256];
    size_t len;
    const char *reason = encoded(&form, data, out, sizeof(out) - 1, &len);

    if (want == NULL) {
        assert_non_null(reason);
        return;
    }
    assert_null(reason);
    out[len] = '\0';
    assert_string_equal((char *)out, want);
    /* In CBOR it says the same, to a reader of CBOR. */
    form.format = COAP_FORMAT_SENML_CBOR;
    assert_null(encoded(&form, data, out, sizeof(out), &len));
    assert_int_equal(brg_decode(&decoder_of_commands, COAP_FORMAT_SENML_CBOR, out, len), 0);
}

static void test_senml_commands(void **state)
{
    static const char one[] =
        "[{\"bn\":\"urn:dev:x:\",\"bt\":1,\"bu\":\"Cel\",\"bv\":20,\"n\":\"t\","
        "\"v\":1.5,\"s\":3,\"t\":5,\"odd\":1}]";
    static const char two[] = "[{\"bn\":\"/3306/0/\"},{\"n\":\"5850\",\"vb\":true},"
                              "{\"n\":\"5851\",\"u\":\"%\",\"v\":3},{\"n\":\"5750\",\"vs\":\"x\"},"
                              "{\"n\":\"d\",\"vd\":\"AQ\"}]";
    /* [{-2: "a:", 0: "b", 1: "W", 2: 7}] */
    static const char cbor[] = "\x81\xa4\x21\x62"
                               "a:\x00\x61"
                               "b\x01\x61W\x02\x07";
    const struct brg_command_form binary = {COAP_FORMAT_SENML_CBOR, "[{\"vd\":\"\",\"n\":\"d\"}]",
                                            NULL};
    const char *shape;
    char many[4096];
    uint8_t out[64];
    size_t len;

    (void)state;
    /* Nothing known: the record is called like the resource, or as the command says. */
    expect_pack(NULL, "1", "[{\"n\":\"s/led\",\"v\":1}]");
    expect_pack(NULL, "on", "[{\"n\":\"s/led\",\"vs\":\"on\"}]");
    expect_pack(NULL, "{\"v\":true,\"n\":\"x\"}", "[{\"n\":\"x\",\"vb\":true}]");
    expect_pack(NULL, "{\"v\":true,\"n\":\"?\"}", NULL);
    expect_pack(NULL, "{\"v\":true,\"n\":1}", NULL);
    expect_pack(NULL, "{\"v\":null}", NULL);
    expect_pack(NULL, "{\"v\":{}}", NULL);
    /* A pack of one's own. */
    expect_pack(NULL, "[{\"bn\":\"a\",\"n\":\"b\",\"v\":1},{\"n\":\"c\",\"vd\":\"AQ\"}]",
                "[{\"bn\":\"a\",\"n\":\"b\",\"v\":1},{\"n\":\"c\",\"vd\":\"AQ\"}]");
    expect_pack(NULL, "{\"v\":[{\"n\":\"b\",\"v\":1}],\"transaction\":7}",
                "[{\"n\":\"b\",\"v\":1}]");
    expect_pack(NULL, "[{\"v\":1}]", NULL);
    expect_pack(NULL, "[1]", NULL);
    /* Like the last one: names and unit as they were, but neither times nor base values. */
    shape = shape_of(COAP_FORMAT_SENML_JSON, one, sizeof(one) - 1);
    assert_string_equal(shape, "[{\"v\":0,\"bn\":\"urn:dev:x:\",\"bu\":\"Cel\",\"n\":\"t\"}]");
    expect_pack(shape, "21.5", "[{\"bn\":\"urn:dev:x:\",\"bu\":\"Cel\",\"n\":\"t\",\"v\":21.5}]");
    expect_pack(shape, "{\"v\":3,\"n\":\"urn:dev:x:t\"}",
                "[{\"bn\":\"urn:dev:x:\",\"bu\":\"Cel\",\"n\":\"t\",\"v\":3}]");
    expect_pack(shape, "{\"v\":3,\"n\":\"other\"}", "[{\"n\":\"other\",\"v\":3}]");
    /* Of several one has to be named, and its value is of its kind. */
    shape = shape_of(COAP_FORMAT_SENML_JSON, two, sizeof(two) - 1);
    expect_pack(shape, "1", NULL);
    expect_pack(shape, "{\"n\":\"5851\",\"v\":4}",
                "[{\"bn\":\"/3306/0/\",\"n\":\"5851\",\"u\":\"%\",\"v\":4}]");
    expect_pack(shape, "{\"n\":\"3306/0/5850\",\"v\":false}",
                "[{\"bn\":\"/3306/0/\",\"n\":\"5850\",\"vb\":false}]");
    expect_pack(shape, "{\"n\":\"5750\",\"v\":12.5}",
                "[{\"bn\":\"/3306/0/\",\"n\":\"5750\",\"vs\":\"12.5\"}]");
    expect_pack(shape, "{\"n\":\"d\",\"v\":\"_w\"}",
                "[{\"bn\":\"/3306/0/\",\"n\":\"d\",\"vd\":\"_w\"}]");
    /* CBOR. */
    assert_null(encoded(&binary, "{\"v\":\"Af8\"}", out, sizeof(out), &len));
    assert_int_equal(len, 9);
    assert_memory_equal(out,
                        "\x81\xa2\x00\x61"
                        "d\x08\x42\x01\xff",
                        9);
    shape = shape_of(COAP_FORMAT_SENML_CBOR, cbor, sizeof(cbor) - 1);
    assert_string_equal(shape, "[{\"v\":0,\"bn\":\"a:\",\"n\":\"b\",\"u\":\"W\"}]");
    assert_non_null(encoded(&(struct brg_command_form){COAP_FORMAT_SENML_CBOR, shape, NULL}, "7",
                            out, 30, &len)); /* its JSON has no room */
    assert_null(encoded(&(struct brg_command_form){COAP_FORMAT_SENML_CBOR, shape, NULL}, "7", out,
                        sizeof(out), &len));
    assert_int_equal(len, 14);
    assert_memory_equal(out, cbor, len);
    /* What has no room in a shape is left out of it, and the shape stays one. */
    strcpy(many, "[");
    for (int i = 0; i < 60; i++) {
        char record[64];

        (void)snprintf(record, sizeof(record), "%s{\"n\":\"a-record-%d\",\"u\":\"Cel\",\"v\":1}",
                       i == 0 ? "" : ",", i);
        strcat(many, record);
    }
    strcat(many, "]");
    shape = shape_of(COAP_FORMAT_SENML_JSON, many, strlen(many));
    assert_in_range(strlen(shape), BRG_SHAPE_MAX / 2, BRG_SHAPE_MAX - 1);
    expect_pack(shape, "{\"n\":\"a-record-0\",\"v\":2}",
                "[{\"n\":\"a-record-0\",\"u\":\"Cel\",\"v\":2}]");
    expect_pack(shape, "{\"n\":\"a-record-59\",\"v\":2}", "[{\"n\":\"a-record-59\",\"v\":2}]");
    assert_null(shape_of(COAP_FORMAT_SENML_JSON, "[]", 2));
    assert_null(shape_of(COAP_FORMAT_SENML_JSON, "[", 1));
    assert_null(shape_of(COAP_FORMAT_SENML_CBOR, "\xff", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_formats_we_are_not_told),
        cmocka_unit_test(test_json),          cmocka_unit_test(test_lenient_json),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_cbor),
        cmocka_unit_test(test_bad_cbor),      cmocka_unit_test(test_senml_json),
        cmocka_unit_test(test_bad_senml),     cmocka_unit_test(test_senml_cbor),
        cmocka_unit_test(test_seq_and_error), cmocka_unit_test(test_time_quality),
        cmocka_unit_test(test_age),           cmocka_unit_test(test_senml_resolved),
        cmocka_unit_test(test_commands),      cmocka_unit_test(test_senml_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
