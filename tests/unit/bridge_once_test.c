/* SPDX-License-Identifier: ISC */
/* Commands that come too fast, twice, or under a condition. */
#include "tests/unit/bridge_rig.h"

#include <stdio.h>
#include <string.h>

static const char *const everybody[] = {"*"};
static const struct brg_rule toggle[] = {
    {.path = "bell", .qos = -1, .retain = -1, .output = -1, .method = BRG_METHOD_POST},
};

static void tweak(struct brg_core_config *config)
{
    config->commands = everybody;
    config->n_commands = 1;
    config->rules = toggle;
    config->n_rules = 1;
    config->max_commands = 16;
    config->max_command_octets = 1000;
    config->command_ttl_s = 60;
    config->command_rate = 2;
}

static int setup_once(void **state)
{
    (void)state;
    return setup_with(tweak);
}

static void without_rate(struct brg_core_config *config)
{
    tweak(config);
    config->command_rate = 0;
}

static int setup_without_rate(void **state)
{
    (void)state;
    return setup_with(without_rate);
}

static void command(const char *name, const char *payload)
{
    char topic[BRG_TOPIC_MAX];
    struct brg_demand demand = {.topic = topic, .payload = payload, .len = strlen(payload)};

    (void)snprintf(topic, sizeof(topic), "mesh/" EUI1 "/%s/set", name);
    brg_core_command(core, &demand, &now);
    run();
}

/* The next message is a result with this text in it. */
static void expect_result(const char *name, const char *what)
{
    struct brg_message *message = brg_outbox_take(outbox);
    char topic[BRG_TOPIC_MAX];
    char text[1024] = "";

    (void)snprintf(topic, sizeof(topic), "mesh/" EUI1 "/%s/set/result", name);
    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    assert_true(message->len < sizeof(text));
    memcpy(text, message->payload, message->len);
    if (strstr(text, what) == NULL) {
        fail_msg("%s is not in %s", what, text);
    }
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
}

static void drain(void)
{
    struct brg_message *message;

    while ((message = brg_outbox_take(outbox)) != NULL) {
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
}

/* Resources a to f, and a bell, which are observed and quiet. */
static void ready(void)
{
    discovered("</a>;obs,</b>;obs,</c>;obs,</d>;obs,</e>;obs,</f>;obs,</bell>;obs");
    for (int i = 0; i < 7; i++) {
        struct coap_msg request = air[0];

        assert_true(n_air > 0);
        n_air = 0;
        reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 1, "1");
    }
    drain();
}

static const uint8_t *option_of(const struct coap_msg *request, uint16_t number, size_t *ret_len)
{
    const struct coap_option *option = coap_msg_find(request, number);

    *ret_len = option == NULL ? 0 : option->len;
    return option == NULL ? NULL : option->value;
}

static void done(const char *path, uint8_t code)
{
    struct coap_msg request = request_for(path);

    reply(EUI1, &request, code, -1, -1, NULL);
}

/* Two a second, four at once: the others wait their time, and all are carried out. */
static void test_rate(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    brg_tstamp start;

    (void)state;
    ready();
    pass(5);
    start = now.mono;
    for (size_t i = 0; i < 4; i++) {
        command(names[i], "1");
        expect_result(names[i], "\"sent\"");
        done(names[i], COAP_CHANGED);
        expect_result(names[i], "\"ok\"");
    }
    command("e", "1");
    expect_result("e",
                  "\"status\":\"queued\",\"reason\":\"as many as command_rate says were sent\"");
    command("f", "1");
    expect_result("f", "\"queued\"");
    assert_int_equal(n_air, 0);
    /* Of those that wait for one resource the last counts. */
    command("e", "2");
    expect_result("e", "\"superseded\"");
    expect_result("e", "\"queued\"");
    pass_to_request(1);
    assert_true(now.mono - start >= 500 * BRG_MSEC && now.mono - start < 600 * BRG_MSEC);
    expect_result("f", "\"sent\"");
    done("f", COAP_CHANGED);
    expect_result("f", "\"ok\"");
    assert_int_equal(n_air, 0);
    pass_to_request(1);
    assert_true(now.mono - start >= BRG_SEC && now.mono - start < 1100 * BRG_MSEC);
    expect_result("e", "\"sent\"");
    done("e", COAP_CHANGED);
    expect_result("e", "\"ok\"");
    expect_nothing();
    pass(10);
    command("a", "1"); /* earned again */
    expect_result("a", "\"sent\"");
}

/* A node that goes takes its pause with it. */
static void test_rate_and_gone(void **state)
{
    (void)state;
    ready();
    pass(5);
    for (int i = 0; i < 4; i++) {
        command("a", "1");
        done("a", COAP_CHANGED);
    }
    command("b", "1");
    assert_int_equal(n_air, 0);
    brg_core_node_down(core, EUI1, 0, &now);
    drain();
    pass(2);
    assert_int_equal(n_air, 0); /* it is offline */
    up(EUI1);
    n_air = 0;
    drain();
}

/* What has the key of another is that one. */
static void test_key(void **state)
{
    (void)state;
    ready();
    command("bell", "{\"v\":1,\"key\":\"k1\"}");
    expect_result("bell", "\"sent\"");
    command("bell", "{\"v\":1,\"key\":\"k1\",\"transaction\":7}"); /* delivered twice */
    expect_result("bell", "{\"status\":\"duplicate\",\"reason\":\"not yet done\"");
    assert_int_equal(n_air, 1);
    done("bell", COAP_CHANGED);
    expect_result("bell", "\"ok\"");
    for (int i = 0; i < 3; i++) {
        command("bell", "{\"v\":1,\"key\":\"k1\"}");
        expect_result("bell", "{\"status\":\"duplicate\",\"reason\":\"ok\"");
    }
    assert_int_equal(n_air, 0);
    pass(5);
    command("bell", "{\"v\":1,\"key\":\"k2\"}"); /* another one */
    expect_result("bell", "\"sent\"");
    done("bell", COAP_CHANGED);
    expect_result("bell", "\"ok\"");
    command("a", "{\"v\":1,\"key\":\"k1\"}"); /* the same key elsewhere */
    expect_result("a", "\"sent\"");
    done("a", COAP_CHANGED);
    expect_result("a", "\"ok\"");
    command("bell", "{\"v\":1}"); /* who gives none is not asked for one */
    expect_result("bell", "\"sent\"");
    done("bell", COAP_CHANGED);
    expect_result("bell", "\"ok\"");
    for (int i = 0; i < 361; i++) {
        pass(10);
        n_air = 0;
        drain();
    }
    command("bell", "{\"v\":1,\"key\":\"k1\"}"); /* an hour later it is a new one */
    expect_result("bell", "\"sent\"");
}

/* What was not carried out may come again; what may have been, not. */
static void test_key_again(void **state)
{
    (void)state;
    ready();
    command("bell", "{\"v\":1,\"key\":1}");
    expect_result("bell", "\"sent\"");
    done("bell", COAP_CODE(4, 1));
    expect_result("bell", "\"error\"");
    command("bell", "{\"v\":1,\"key\":1}");
    expect_result("bell", "\"sent\"");
    pass(100); /* nobody answers */
    n_air = 0;
    expect_result("bell", "\"timeout\"");
    command("bell", "{\"v\":1,\"key\":1}");
    expect_result("bell", "{\"status\":\"duplicate\",\"reason\":\"timeout\"");
    command("bell", "{\"v\":1,\"key\":[1]}");
    expect_result("bell", "\"reason\":\"a key that is neither text nor number");
    command("nothing", "{\"v\":1,\"key\":2}");
    expect_result("nothing", "no such resource");
    command("nothing", "{\"v\":1,\"key\":2}");
    expect_result("nothing", "no such resource");
    assert_int_equal(n_air, 0);
}

/* However many keys there were, the newest are known. */
static void test_many_keys(void **state)
{
    char text[64];

    (void)state;
    ready();
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(text, sizeof(text), "{\"v\":1,\"key\":%d}", i);
        command("a", text);
        done("a", COAP_CHANGED);
        drain();
    }
    command("a", "{\"v\":1,\"key\":1999}");
    expect_result("a", "\"duplicate\"");
    command("a", "{\"v\":1,\"key\":1600}");
    expect_result("a", "\"duplicate\"");
    command("a", "{\"v\":1,\"key\":3}");
    expect_result("a", "\"sent\"");
}

/* Conditions (RFC 7252 section 5.10.8). */
static void test_conditions(void **state)
{
    struct coap_msg request;
    size_t len;

    (void)state;
    ready();
    pass(5);
    command("a", "{\"v\":1,\"if_match\":\"0aFF\"}");
    expect_result("a", "\"reason\":\"if_match that is no ETag");
    command("a", "{\"v\":1,\"if_match\":\"0a0\"}");
    expect_result("a", "\"reason\":\"if_match that is no ETag");
    command("a", "{\"v\":1,\"if_match\":\"000102030405060708\"}");
    expect_result("a", "\"reason\":\"if_match that is no ETag");
    command("a", "{\"v\":1,\"if_none_match\":1}");
    expect_result("a", "\"reason\":\"if_none_match that is no truth");
    command("a", "{\"v\":1,\"if_match\":\"0aff\"}");
    expect_result("a", "\"sent\"");
    request = request_for("a");
    assert_memory_equal(option_of(&request, COAP_OPT_IF_MATCH, &len), "\x0a\xff", 2);
    assert_int_equal(len, 2);
    assert_null(option_of(&request, COAP_OPT_IF_NONE_MATCH, &len));
    reply(EUI1, &request, COAP_CODE(4, 12), -1, -1, NULL);
    expect_result("a", "{\"status\":\"error\",\"code\":\"4.12\"");
    command("a", "{\"v\":1,\"if_match\":\"\"}");
    expect_result("a", "\"sent\"");
    request = request_for("a");
    assert_non_null(option_of(&request, COAP_OPT_IF_MATCH, &len));
    assert_int_equal(len, 0);
    reply(EUI1, &request, COAP_CHANGED, -1, -1, NULL);
    expect_result("a", "\"ok\"");
    command("a", "{\"v\":1,\"if_none_match\":true}");
    expect_result("a", "\"sent\"");
    request = request_for("a");
    assert_non_null(option_of(&request, COAP_OPT_IF_NONE_MATCH, &len));
    assert_null(option_of(&request, COAP_OPT_IF_MATCH, &len));
    reply(EUI1, &request, COAP_CHANGED, -1, -1, NULL);
    expect_result("a", "\"ok\"");
}

/* The ETag that a condition is made of is in the result. */
static void test_etag(void **state)
{
    const struct brg_demand demand = {.topic = "mesh/" EUI1 "/a/get", .payload = "", .len = 0};
    struct coap_addr from = {.port = 5683};
    struct coap_msg request;
    struct coap_msg msg = {.type = COAP_ACK, .code = COAP_CONTENT};
    struct brg_message *message = NULL;
    uint8_t out[64];
    char text[256] = "";
    size_t len;

    (void)state;
    ready();
    brg_core_command(core, &demand, &now);
    run();
    drain();
    request = request_for("a");
    msg.mid = request.mid;
    msg.token_len = request.token_len;
    memcpy(msg.token, request.token, msg.token_len);
    assert_int_equal(coap_msg_add(&msg, COAP_OPT_ETAG, (const uint8_t *)"\x01\xfe", 2), 0);
    msg.payload = (const uint8_t *)"5";
    msg.payload_len = 1;
    assert_int_equal(coap_msg_write(&msg, out, sizeof(out), &len), 0);
    ip_of(EUI1, from.ip);
    assert_int_equal(coap_input(ep, &from, out, len, now.mono), 0);
    run();
    expect("mesh/" EUI1 "/a", "{\"v\":5,\"t\":1700000003.000,\"tq\":\"bridge\"}", 1, true);
    message = brg_outbox_take(outbox);
    assert_non_null(message);
    memcpy(text, message->payload, message->len);
    assert_non_null(strstr(text, "{\"status\":\"ok\",\"code\":\"2.05\",\"etag\":\"01fe\","));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_once, teardown)
    const struct CMUnitTest tests[] = {
        T(test_rate),
        T(test_rate_and_gone),
        T(test_key),
        T(test_key_again),
        T(test_conditions),
        T(test_etag),
        cmocka_unit_test_setup_teardown(test_many_keys, setup_without_rate, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
