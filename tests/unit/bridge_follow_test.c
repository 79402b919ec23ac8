/* SPDX-License-Identifier: ISC */
/* Lines of rpld's monitor stream, good and bad. */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <string.h>

#include "bridge/follow.h"
#include "bridge/neighbors.h"

static char seen[256];

static void on_begin(void *ctx)
{
    (void)ctx;
}

static void on_end(void *ctx)
{
    (void)ctx;
    strcat(seen, "end;");
}

static void on_node(void *ctx, const char *eui64, int instance, const uint8_t *ip,
                    const uint8_t *parent)
{
    char text[64];

    (void)ctx;
    (void)snprintf(text, sizeof(text), "%s %s %d %d;", ip == NULL ? "down" : "up", eui64, instance,
                   ip == NULL ? 0 : ip[15]);
    strcat(seen, text);
    if (parent != NULL) {
        (void)snprintf(text, sizeof(text), "below %d;", parent[15]);
        strcat(seen, text);
    }
}

static const struct brg_follow_handler handler = {on_begin, on_end, on_node, NULL};

static int line(const char *text)
{
    seen[0] = '\0';
    return brg_follow_line(&handler, text, strlen(text));
}

static void test_nodes(void **state)
{
    (void)state;
    assert_int_equal(line("{\"schema\":1,\"seq\":1,\"time\":\"x\",\"time_s\":1.5,\"event\":"
                          "\"node-up\",\"instance\":30,\"address\":\"fd00::212:4b00:1:7\","
                          "\"eui64\":\"00124b0000010007\",\"via\":\"fe80::1\",\"parents\":[],"
                          "\"cause\":null}"),
                     0);
    assert_string_equal(seen, "up 00124b0000010007 30 7;below 1;");
    assert_int_equal(line("{\"event\":\"node-up\",\"address\":\"fd00::7\",\"eui64\":"
                          "\"00124b0000010007\",\"via\":\"fe80::1\",\"parents\":[{\"address\":"
                          "\"fd00::5\",\"path_control\":0}]}"),
                     0);
    assert_string_equal(seen, "up 00124b0000010007 0 7;below 5;");
    assert_int_equal(line("{\"event\":\"node-change\",\"instance\":0,\"address\":\"fd00::7\","
                          "\"eui64\":\"00:12:4B:00:00:01:00:07\",\"new\":[{}]}"),
                     0);
    assert_string_equal(seen, "up 00124b0000010007 0 7;");
    assert_int_equal(line("{\"event\":\"node-down\",\"instance\":0,\"address\":\"fd00::7\","
                          "\"eui64\":\"00124b0000010007\"}"),
                     0);
    assert_string_equal(seen, "down 00124b0000010007 0 0;");
    /* Without an EUI-64 the address tells it. */
    assert_int_equal(line("{\"event\":\"node-up\",\"address\":\"fd00::212:4b00:1:7\","
                          "\"eui64\":null}"),
                     0);
    assert_string_equal(seen, "up 00124b0000010007 0 7;");
}

static void test_others(void **state)
{
    (void)state;
    assert_int_equal(line("{\"event\":\"snapshot-end\"}"), 0);
    assert_string_equal(seen, "end;");
    assert_int_equal(line("{\"event\":\"gap\",\"lost\":5}"), -BRG_ERR_NOENT);
    assert_int_equal(line("{\"event\":\"route\",\"target\":\"::\"}"), 0);
    assert_int_equal(line("{\"event\":\"something-new\"}"), 0);
    /* A prefix is no node, nor is what has no address. */
    assert_int_equal(line("{\"event\":\"node-up\",\"address\":\"fd00::/64\"}"), 0);
    assert_int_equal(line("{\"event\":\"node-up\"}"), 0);
    assert_int_equal(line("{\"event\":\"node-up\",\"address\":5}"), 0);
    assert_string_equal(seen, "");
}

static void test_bad(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "{",
                                      "[]",
                                      "{}",
                                      "{\"event\":1}",
                                      "\"node-up\"",
                                      "{\"event\":\"node-up\"",
                                      "{\"event\":\"\xff\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(line(bad[i]), -BRG_ERR_FORMAT);
    }
}

static int neighbor(const char *text, struct brg_neighbor *out)
{
    return brg_neighbors_line(text, strlen(text), out);
}

/* Lines of rpld's table of neighbours. */
static void test_neighbors(void **state)
{
    struct brg_neighbor out;

    (void)state;
    assert_int_equal(neighbor("ok", &out), -BRG_ERR_NOENT);
    assert_int_equal(neighbor("{\"schema\":1,\"neighbors\":[", &out), -BRG_ERR_NOENT);
    assert_int_equal(neighbor("{\"address\":\"fe80::1\",\"eui64\":\"00:12:4b:00:00:01:00:07\","
                              "\"instance\":30,\"rank\":512,\"etx\":1.25,\"x\":[{}]},",
                              &out),
                     0);
    assert_string_equal(out.eui64, "00124b0000010007");
    assert_int_equal(out.instance, 30);
    assert_int_equal(out.link.rank, 512);
    assert_int_equal(out.link.etx, 125);
    assert_int_equal(
        neighbor("{\"eui64\":\"00124b0000010007\",\"instance\":0,\"rank\":null,\"etx\":-1}", &out),
        0);
    assert_int_equal(out.link.rank, -1);
    assert_int_equal(out.link.etx, -1);
    assert_false(out.is_node);
    assert_int_equal(neighbor("{\"schema\":1,\"nodes\":[", &out), -BRG_ERR_NOENT);
    assert_int_equal(
        neighbor("{\"address\":\"fd00::1\",\"eui64\":\"00:12:4b:00:00:01:00:07\",\"instance\":0,"
                 "\"parents\":[{\"address\":\"fd00::2\"}],\"hops\":4},",
                 &out),
        0);
    assert_true(out.is_node);
    assert_int_equal(out.hops, 4);
    assert_int_equal(
        neighbor("{\"eui64\":\"00124b0000010007\",\"instance\":0,\"hops\":null}", &out), 0);
    assert_true(out.is_node);
    assert_int_equal(out.hops, -1);
    assert_int_equal(neighbor("]}", &out), -BRG_ERR_NOENT);
    assert_int_equal(neighbor("{}", &out), -BRG_ERR_FORMAT);
    assert_int_equal(neighbor("{\"eui64\":5,\"instance\":0}", &out), -BRG_ERR_FORMAT);
    assert_int_equal(neighbor("{\"eui64\":\"00124b0000010007\"}", &out), -BRG_ERR_FORMAT);
    assert_int_equal(neighbor("{\"eui64\":\"00124b0000010007\",\"instance\":1e9}", &out),
                     -BRG_ERR_FORMAT);
    assert_int_equal(neighbor("{[}", &out), -BRG_ERR_FORMAT);
    assert_int_equal(neighbor("", &out), -BRG_ERR_NOENT);
    assert_int_equal(neighbor(",", &out), -BRG_ERR_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_neighbors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
