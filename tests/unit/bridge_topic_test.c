/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_lib.h"

#include <string.h>

#include "bridge/topic.h"

static void expect_path(const char *path, const char *want)
{
    char topic[BRG_TOPIC_MAX];

    assert_int_equal(brg_topic_path(topic, sizeof(topic), path), 0);
    assert_string_equal(topic, want);
}

static void test_paths(void **state)
{
    (void)state;
    expect_path("s/temp", "s/temp");
    expect_path("s/temp?unit=c", "s/temp?unit=c");
    expect_path("caf%C3%A9", "caf\xc3\xa9");
    expect_path("", "%");
    expect_path("a//b", "a/%/b");
    expect_path("a/", "a/%");
}

/* Nothing a node calls its resources may act in a topic. */
static void test_hostile_paths(void **state)
{
    (void)state;
    expect_path("+/#", "%2B/%23");
    expect_path("%2B%23", "%2B%23");
    expect_path("a%00b", "a%00b");
    expect_path("$SYS/x$", "%24SYS/x$");
    expect_path("a%2Fb", "a%2Fb");
    expect_path("100%25", "100%25");
    expect_path("%ff%fe", "%FF%FE");
    expect_path("%ED%A0%80", "%ED%A0%80"); /* a surrogate */
    expect_path("%C0%80", "%C0%80");       /* an overlong NUL */
    expect_path("%EF%BF%BF", "%EF%BF%BF"); /* U+FFFF */
    expect_path("%C2%85x", "%C2%85x");     /* a C1 control */
    expect_path("%0a%7f", "%0A%7F");
    expect_path("%F0%9F%98%80", "\xf0\x9f\x98\x80");
    expect_path("%F0%9F%BF%BE", "%F0%9F%BF%BE"); /* U+1FFFE */
    /* Words of our own behind a resource cannot be taken by one. */
    expect_path("led/set", "led/%73et");
    expect_path("set/led", "%73et/led");
    expect_path("availability", "%61vailability");
    expect_path("sets", "sets");
    expect_path("x/error", "x/%65rror");
    expect_path("get/result/observe/info", "%67et/%72esult/%6Fbserve/%69nfo");
}

/* Two different names never share a topic: escape bytes pairwise and look. */
static void test_one_to_one(void **state)
{
    static char topics[256][16];
    char path[4] = "%00";

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        path[1] = "0123456789abcdef"[c >> 4];
        path[2] = "0123456789abcdef"[c & 15];
        assert_int_equal(brg_topic_path(topics[c], sizeof(topics[c]), path), 0);
        assert_null(strpbrk(topics[c], "+#/"));
        for (unsigned d = 0; d < c; d++) {
            assert_string_not_equal(topics[c], topics[d]);
        }
    }
}

static void test_limits(void **state)
{
    char small[4];
    char path[2000];
    char topic[BRG_TOPIC_MAX];

    (void)state;
    assert_int_equal(brg_topic_path(small, sizeof(small), "abc"), 0);
    assert_int_equal(brg_topic_path(small, sizeof(small), "abcd"), -BRG_ERR_SIZE);
    assert_int_equal(brg_topic_path(small, sizeof(small), "a+"), -BRG_ERR_SIZE);
    assert_int_equal(brg_topic_path(topic, sizeof(topic), "a%2"), -BRG_ERR_FORMAT);
    assert_int_equal(brg_topic_path(topic, sizeof(topic), "a%"), -BRG_ERR_FORMAT);
    assert_int_equal(brg_topic_path(topic, sizeof(topic), "%zz"), -BRG_ERR_FORMAT);
    memset(path, 'a', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(brg_topic_path(topic, sizeof(topic), path), -BRG_ERR_SIZE);
    path[BRG_TOPIC_MAX - 1] = '\0';
    assert_int_equal(brg_topic_path(topic, sizeof(topic), path), 0);
}

static void test_names(void **state)
{
    char topic[BRG_TOPIC_MAX];

    (void)state;
    assert_int_equal(brg_topic_name(topic, sizeof(topic), "urn:dev:mac:01/temp"), 0);
    assert_string_equal(topic, "urn:dev:mac:01/temp");
    assert_int_equal(brg_topic_name(topic, sizeof(topic), "a%2Fb"), 0);
    assert_string_equal(topic, "a%252Fb");
}

static void test_base(void **state)
{
    static const char *const good[] = {"mesh", "site/a b", "\xc3\xbc", "a$"};
    static const char *const bad[] = {"",      "/mesh", "mesh/", "$SYS", "a+",
                                      "me#sh", "a\nb",  "\xff",  "a\x7f"};
    char longest[66];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(brg_topic_base_ok(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(brg_topic_base_ok(bad[i]));
    }
    memset(longest, 'a', sizeof(longest));
    longest[65] = '\0';
    assert_false(brg_topic_base_ok(longest));
    longest[64] = '\0';
    assert_true(brg_topic_base_ok(longest));
}

static void test_globs(void **state)
{
    (void)state;
    assert_true(brg_glob("door", "door"));
    assert_false(brg_glob("door", "doors"));
    assert_true(brg_glob("*", ""));
    assert_true(brg_glob("s/*", "s/temp"));
    assert_true(brg_glob("*/setpoint", "a/b/setpoint"));
    assert_true(brg_glob("a*b*c", "axxbxbxc"));
    assert_false(brg_glob("a*b*c", "axxbxbx"));
    assert_true(brg_glob("??", "ab"));
    assert_false(brg_glob("?", ""));
    assert_true(brg_glob("", ""));
    assert_true(brg_glob_resource("*/setpoint", "00124b0000010000", "setpoint"));
    assert_true(brg_glob_resource("setpoint", "00124b0000010000", "setpoint"));
    assert_true(brg_glob_resource("00124b00000?0000/*", "00124b0000010000", "x/y"));
    assert_false(brg_glob_resource("00124b0000020000/*", "00124b0000010000", "x/y"));
}

/* Star upon star must not take exponential time. */
static void test_glob_is_quick(void **state)
{
    char text[BRG_TOPIC_MAX];

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_false(brg_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void test_eui64(void **state)
{
    const uint8_t ip[16] = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x12, 0x4b, 0, 0, 1, 0xab, 0xcd};
    char text[BRG_EUI64_TEXT];

    (void)state;
    brg_eui64_from_address(ip, text);
    assert_string_equal(text, "00124b000001abcd");
    assert_int_equal(brg_eui64_parse("00:12:4B:00:00:01:AB:CD", text), 0);
    assert_string_equal(text, "00124b000001abcd");
    assert_int_equal(brg_eui64_parse("00-12-4b-00-00-01-ab-ce", text), 0);
    assert_string_equal(text, "00124b000001abce");
    assert_int_equal(brg_eui64_parse("00124b000001abc", text), -BRG_ERR_FORMAT);
    assert_int_equal(brg_eui64_parse("00124b000001abcde", text), -BRG_ERR_FORMAT);
    assert_int_equal(brg_eui64_parse("00124b000001abcg", text), -BRG_ERR_FORMAT);
    assert_int_equal(brg_eui64_parse("0:0124b000001abcd", text), -BRG_ERR_FORMAT);
    assert_int_equal(brg_eui64_parse("", text), -BRG_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_hostile_paths),
        cmocka_unit_test(test_one_to_one), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_names),      cmocka_unit_test(test_base),
        cmocka_unit_test(test_globs),      cmocka_unit_test(test_glob_is_quick),
        cmocka_unit_test(test_eui64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
