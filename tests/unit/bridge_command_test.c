/* SPDX-License-Identifier: ISC */
/* Commands: what may be wanted, when it goes out, and what is told of it. */
#include "tests/unit/bridge_rig.h"

#include <string.h>

#include "bridge/props.h"

#define RESULT "mesh/" EUI1 "/led/set/result"

static const char *const nobody[] = {"no-such-node"};
static const char *const everybody[] = {"*"};
static const struct brg_rule toggle[] = {
    {.path = "led", .qos = -1, .retain = -1, .output = -1, .method = BRG_METHOD_POST},
};

static void demand(const struct brg_demand *demand)
{
    brg_core_command(core, demand, &now);
    run();
}

static void command(const char *topic, const char *payload)
{
    demand(&(struct brg_demand){.topic = topic, .payload = payload, .len = strlen(payload)});
}

/* The next message is a result with this text in it. */
static void expect_result(const char *topic, const char *what)
{
    struct brg_message *message = brg_outbox_take(outbox);
    char text[1024] = "";

    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    assert_true(message->len < sizeof(text));
    memcpy(text, message->payload, message->len);
    if (strstr(text, what) == NULL) {
        print_error("%s is not in %s\n", what, text);
    }
    assert_non_null(strstr(text, what));
    assert_int_equal(message->qos, 1);
    assert_false(message->retain);
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
}

static void expect_status(const char *topic, const char *status)
{
    char what[64] = "{\"status\":\"";

    strcat(what, status);
    strcat(what, "\"");
    expect_result(topic, what);
}

static void drain(void)
{
    struct brg_message *message;

    while ((message = brg_outbox_take(outbox)) != NULL) {
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
}

/* The node hears nothing of what is said meanwhile. */
static void pass_unheard(double seconds)
{
    for (; seconds > 0; seconds -= 10) {
        pass(seconds < 10 ? seconds : 10);
        n_air = 0;
    }
}

static void spoke(void)
{
    const struct coap_addr from = {.ip = {0xfd, [15] = '1'}, .port = 5683};

    brg_core_heard(core, &from, &now);
    run();
    pass(0);
}

/* The node has this block, and says how large it wants them. */
static void reply_block1(const struct coap_msg *request, const struct coap_block *block)
{
    uint8_t out[64];
    uint8_t room[4];
    struct coap_addr from = {.port = 5683};
    struct coap_msg msg = {
        .type = COAP_ACK,
        .code = COAP_CONTINUE,
        .mid = request->mid,
        .token_len = request->token_len,
    };
    size_t len;

    memcpy(msg.token, request->token, msg.token_len);
    assert_int_equal(coap_msg_add_uint(&msg, COAP_OPT_BLOCK1, coap_block_encode(block), room), 0);
    assert_int_equal(coap_msg_write(&msg, out, sizeof(out), &len), 0);
    ip_of(EUI1, from.ip);
    assert_int_equal(coap_input(ep, &from, out, len, now.mono), 0);
    run();
}

static void thermostat(void)
{
    struct coap_msg request;

    up(EUI1);
    pass(3);
    if (n_air == 0) {
        spoke(); /* it sleeps, and is not asked before */
    }
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1,
          "</heat/setpoint>,</led>;if=\"core.a\";ct=50,</temp>");
    for (int i = 0; i < 3; i++) {
        request = air[0];
        n_air = 0;
        reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    }
    assert_int_equal(n_air, 0);
    drain();
    pass(3); /* long enough that what sleeps does so again */
}

static void test_put(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/heat/setpoint/set", "{\"v\":19.5,\"transaction\":\"a \\\"b\"}");
    request = request_for("setpoint");
    assert_int_equal(request.code, COAP_PUT);
    assert_int_equal(request.payload_len, 4);
    expect("mesh/" EUI1 "/heat/setpoint/set/result",
           "{\"status\":\"sent\",\"t\":1700000006.000,\"transaction\":\"a \\\"b\"}", 1, false);
    pass(0.18);
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect("mesh/" EUI1 "/heat/setpoint/set/result",
           "{\"status\":\"ok\",\"code\":\"2.04\",\"ms\":180,\"t\":1700000006.180,"
           "\"transaction\":\"a \\\"b\"}",
           1, false);
    request = request_for("setpoint"); /* polled ones are asked what they are now */
    assert_int_equal(request.code, COAP_GET);
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "19.5");
    expect("mesh/" EUI1 "/heat/setpoint", "{\"v\":19.5,\"t\":1700000006.180,\"tq\":\"bridge\"}", 1,
           true);
    assert_int_equal(brg_core_stats(core)->commands_waiting, 0);
}

static void test_get(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/temp/get", "");
    request = request_for("temp");
    assert_int_equal(request.code, COAP_GET);
    expect_status("mesh/" EUI1 "/temp/get/result", "sent");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, -1,
          "[{\"n\":\"in\",\"u\":\"Cel\",\"v\":20},{\"n\":\"out\",\"v\":-3}]");
    expect("mesh/" EUI1 "/temp/in",
           "{\"v\":20,\"u\":\"Cel\",\"t\":1700000006.000,\"tq\":\"bridge\"}", 1, true);
    expect("mesh/" EUI1 "/temp/out", "{\"v\":-3,\"t\":1700000006.000,\"tq\":\"bridge\"}", 1, true);
    expect_result("mesh/" EUI1 "/temp/get/result",
                  "\"readings\":[{\"n\":\"in\",\"v\":20,\"u\":\"Cel\",\"t\":1700000006.000,\"tq\":"
                  "\"bridge\"},"
                  "{\"n\":\"out\",\"v\":-3,\"t\":1700000006.000,\"tq\":\"bridge\"}]}");
}

static void test_observe(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</x>;obs");
    request = request_for("x");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 1, "1");
    drain();
    command("mesh/" EUI1 "/x/observe", "maybe");
    expect_result("mesh/" EUI1 "/x/observe/result", "neither on nor off");
    command("mesh/" EUI1 "/x/observe", "off");
    expect_status("mesh/" EUI1 "/x/observe/result", "ok");
    assert_int_equal(brg_core_stats(core)->observed, 0);
    answer(EUI1, &request,
           (struct answer){
               .type = COAP_CON, .code = COAP_CONTENT, .mid = 5, .seq_plus1 = 9, .payload = "22"});
    assert_int_equal(resets, 1); /* which ends it at the node */
    pass(1000);
    assert_int_equal(n_air, 0);
    command("mesh/" EUI1 "/x/observe", "on");
    expect_status("mesh/" EUI1 "/x/observe/result", "ok");
    request = request_for("x");
    assert_non_null(coap_msg_find(&request, COAP_OPT_OBSERVE));
}

static void test_without_answer(void **state)
{
    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "on");
    expect_status(RESULT, "sent");
    pass(61);
    expect_nothing();
    pass(33); /* RFC 7252 4.8.2: 62 to 93 s */
    expect_status(RESULT, "asleep");
    pass(10);
    expect_result(RESULT, "{\"status\":\"timeout\",\"reason\":\"the node sleeps\"");
    expect_nothing();
    assert_int_equal(brg_core_stats(core)->commands_waiting, 0);
}

/* The request is in the air when the time is over. */
static void test_times_out_in_the_air(void **state)
{
    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "{\"v\":1,\"ttl\":20}");
    expect_status(RESULT, "sent");
    pass(21);
    expect_result(RESULT, "{\"status\":\"timeout\",\"ms\":20000,");
    n_air = 0;
    pass(60);
    assert_int_equal(n_air, 0);
}

static void sleepy(struct brg_core_config *config)
{
    config->sleepy = everybody;
    config->n_sleepy = 1;
}

static int setup_sleepy_config(void **state)
{
    (void)state;
    return setup_with(sleepy);
}

/* What is sent meanwhile is lost. */
static void silent_for(double seconds)
{
    for (; seconds > 100; seconds -= 100) {
        pass(100);
        n_air = 0;
    }
    pass(seconds);
    n_air = 0;
}

static void says(double after_s)
{
    struct coap_addr from = {.port = 5683};

    silent_for(after_s);
    ip_of(EUI1, from.ip);
    brg_core_heard(core, &from, &now);
}

/* A battery that is dead: its route is still there, but it has not woken up. */
static void test_overdue(void **state)
{
    (void)state;
    up(EUI1);
    expect_availability(EUI1, "online");
    says(60);
    silent_for(86400); /* one word tells nothing of how long it sleeps */
    expect_nothing();
    teardown(state);
    assert_int_equal(setup_sleepy_config(state), 0);
    up(EUI1);
    expect_availability(EUI1, "online");
    says(10);
    for (int i = 0; i < 5; i++) {
        says(60);
        says(2); /* the same wake */
    }
    silent_for(2 * 60 + 29 - 1);
    expect_nothing();
    silent_for(5);
    expect_availability(EUI1, "offline");
    silent_for(3 * 86400);
    expect_nothing();
    says(1);
    expect_availability(EUI1, "online");
    /* Its long silence was none of its habits. */
    silent_for(2 * 120 + 30 + 5);
    expect_availability(EUI1, "offline");
    /* Nor has a node that lost its route one that it is overdue on. */
    brg_core_node_down(core, EUI1, 0, &now);
    expect_availability(EUI1, "offline");
    silent_for(86400);
    expect_nothing();
    up(EUI1);
    expect_availability(EUI1, "online");
}

/* A node that sleeps is spoken to when it has spoken. */
static void test_sleepy(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "{\"v\":1,\"transaction\":1}");
    expect_result(RESULT, "{\"status\":\"queued\",\"reason\":\"the node sleeps\"");
    command("mesh/" EUI1 "/led/set", "{\"v\":2,\"transaction\":2}");
    expect_result(RESULT, "\"transaction\":1");
    expect_result(RESULT, "{\"status\":\"queued\"");
    command("mesh/" EUI1 "/temp/get", "");
    expect_status("mesh/" EUI1 "/temp/get/result", "queued");
    pass_unheard(1000);
    expect_nothing();
    assert_int_equal(brg_core_stats(core)->commands_waiting, 2);
    spoke();
    expect_status(RESULT, "sent");
    request = request_for("led"); /* nothing else was said in vain that would be in its way */
    assert_int_equal(request.code, COAP_PUT);
    assert_int_equal(request.payload[0], '2');
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect_result(RESULT, "\"transaction\":2");
    expect_status("mesh/" EUI1 "/temp/get/result", "sent"); /* and while it is awake the next */
}

static void test_expires(void **state)
{
    (void)state;
    thermostat();
    demand(&(struct brg_demand){
        .topic = "mesh/" EUI1 "/led/set", .payload = "1", .len = 1, .expiry_s = 30});
    expect_status(RESULT, "queued");
    pass(29);
    n_air = 0;
    drain();
    pass(2);
    expect_result(RESULT, "{\"status\":\"expired\",\"reason\":\"the node sleeps\"");
    command("mesh/" EUI1 "/led/set", "1");
    expect_status(RESULT, "queued");
    pass_unheard(3590);
    drain();
    assert_int_equal(brg_core_stats(core)->commands_waiting, 1);
    pass(20);
    assert_int_equal(brg_core_stats(core)->commands_waiting, 0);
}

/* The first answer that is missing tells that it sleeps; its next word, that it does not. */
static void test_learns_that_it_sleeps(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "{\"v\":1,\"ttl\":3000}");
    pass(95);
    expect_status(RESULT, "sent");
    expect_status(RESULT, "asleep");
    n_air = 0;
    pass(100);
    assert_int_equal(n_air, 0);
    spoke();
    expect_status(RESULT, "sent");
    request = request_for("led");
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect_status(RESULT, "ok");
}

static void test_bounds(void **state)
{
    char large[4098];

    (void)state;
    thermostat();
    for (int i = 0; i < 3; i++) {
        command("mesh/" EUI1 "/temp/get", "");
    }
    drain();
    command("mesh/" EUI1 "/temp/get", "");
    expect_result("mesh/" EUI1 "/temp/get/result",
                  "{\"status\":\"refused\",\"reason\":\"too many commands wait for this node\"");
    memset(large, '1', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    command("mesh/" EUI1 "/led/set", large);
    expect_result(RESULT, "\"reason\":\"larger than the setting max_command_octets allows\"");
    assert_int_equal(brg_core_stats(core)->commands_waiting, 3);
}

/* The octets of a command that arrive at the node, block by block (RFC 7959 section 2.5), which may
 * want smaller blocks than it is offered. */
static void test_blocks(void **state)
{
    char large[3001];
    char got[3001] = "";
    size_t at = 0;

    (void)state;
    thermostat();
    for (size_t i = 0; i < sizeof(large) - 1; i++) {
        large[i] = (char)('a' + i % 26);
    }
    large[sizeof(large) - 1] = '\0';
    command("mesh/" EUI1 "/heat/setpoint/set", large);
    expect_status("mesh/" EUI1 "/heat/setpoint/set/result", "sent");
    for (;;) {
        struct coap_msg request = request_for("setpoint");
        struct coap_block block;
        uint32_t value;

        assert_int_equal(request.code, COAP_PUT);
        assert_true(coap_msg_uint(&request, COAP_OPT_BLOCK1, &value));
        assert_int_equal(coap_block_decode(value, &block), 0);
        assert_int_equal(block.num * coap_block_size(block.szx), at);
        assert_true(at + request.payload_len < sizeof(got));
        if (at > 0) {
            assert_int_equal(block.szx, 2); /* 64 octets, as the node wants them */
        } else {
            block.szx = 2;
        }
        memcpy(got + at, request.payload, request.payload_len);
        at += request.payload_len;
        if (!block.more) {
            reply(EUI1, &request, COAP_CHANGED, -1, -1, NULL);
            break;
        }
        reply_block1(&request, &block);
    }
    assert_int_equal(at, sizeof(large) - 1);
    got[at] = '\0';
    assert_string_equal(got, large);
    expect_result("mesh/" EUI1 "/heat/setpoint/set/result", "{\"status\":\"ok\",\"code\":\"2.04\"");
}

/* A resource that speaks SenML is spoken to in SenML, of the kind that it sent last; also when it
 * does not say so in its link. */
static void test_senml(void **state)
{
    static const char pack[] = "[{\"bn\":\"x/\",\"bu\":\"Cel\",\"n\":\"t\",\"v\":20}]";
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/heat/setpoint/get", "");
    request = request_for("setpoint");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, -1, pack);
    drain();
    command("mesh/" EUI1 "/heat/setpoint/set", "21.5");
    expect_status("mesh/" EUI1 "/heat/setpoint/set/result", "sent");
    request = request_for("setpoint");
    assert_int_equal(coap_msg_find(&request, COAP_OPT_CONTENT_FORMAT)->value[0],
                     COAP_FORMAT_SENML_JSON);
    assert_int_equal(request.payload_len, strlen("[{'bn':'x/','bu':'Cel','n':'t','v':21.5}]"));
    assert_memory_equal(request.payload, "[{\"bn\":\"x/\",\"bu\":\"Cel\",\"n\":\"t\",\"v\":21.5}]",
                        request.payload_len);
}

static void test_refused(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    brg_core_snapshot_end(core, &now);
    drain();
    up(EUI1);
    drain();
    command("mesh/" EUI1 "/temp/set", "1");
    expect_result("mesh/" EUI1 "/temp/set/result",
                  "{\"status\":\"refused\",\"reason\":\"not writable: neither its if= nor the "
                  "setting commands says so\"");
    command("mesh/" EUI1 "/nope/set", "1");
    expect_result("mesh/" EUI1 "/nope/set/result", "\"reason\":\"no such resource\"");
    command("mesh/" EUI2 "/led/set", "1");
    expect_result("mesh/" EUI2 "/led/set/result", "\"reason\":\"no such node\"");
    command("mesh/" EUI1 "/led/set", "{}");
    expect_result(RESULT, "\"reason\":\"an object without \\\"v\\\"\"");
    command("mesh/" EUI1 "/led/set", "{\"v\":1,\"ttl\":-1}");
    expect_result(RESULT, "\"reason\":\"a ttl that is not a number");
    command("mesh/" EUI1 "/led/set", "{\"v\":1,\"transaction\":[]}");
    expect_result(RESULT, "\"reason\":\"a transaction that is neither");
    command("mesh/" EUI1 "/led/set", "");
    expect_result(RESULT, "\"reason\":\"empty\"");
    command("mesh/" EUI1 "/led", "1"); /* not ours */
    command("mesh/" EUI1 "/set", "1");
    command("other/" EUI1 "/led/set", "1");
    command("mesh/led/set", "1");
    command("set", "1");
    expect_nothing();
    demand(&(struct brg_demand){
        .topic = "mesh/" EUI1 "/led/set", .payload = "1", .len = 1, .retained = true});
    expect_nothing();
    assert_int_equal(brg_core_stats(core)->commands_retained, 1);
    assert_int_equal(n_air, 0);
    command("mesh/" EUI1 "/led/set", "true");
    expect_status(RESULT, "sent");
    request = request_for("led");
    assert_int_equal(coap_msg_find(&request, COAP_OPT_CONTENT_FORMAT)->len, 1);
    reply(EUI1, &request, COAP_CODE(4, 5), -1, -1, NULL);
    expect_result(RESULT, "{\"status\":\"error\",\"code\":\"4.05\",\"ms\":0,");
}

/* Who is away for a while, or was not asked yet, gets it later. */
static void test_waits_for_the_node(void **state)
{
    struct coap_msg request;

    (void)state;
    command("mesh/" EUI1 "/led/set", "1");
    expect_result(RESULT, "\"reason\":\"the node is not known yet\"");
    command("mesh/" EUI2 "/led/set", "1");
    expect_status("mesh/" EUI2 "/led/set/result", "queued");
    up(EUI1);
    expect_availability(EUI1, "online");
    brg_core_snapshot_end(core, &now);
    expect_result("mesh/" EUI2 "/led/set/result",
                  "{\"status\":\"refused\",\"reason\":\"no such node\"");
    command("mesh/" EUI1 "/nope/get", "");
    expect_result("mesh/" EUI1 "/nope/get/result", "not asked for its resources yet");
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1, "</led>;if=core.a;obs");
    expect_result("mesh/" EUI1 "/nope/get/result", "no such resource");
    expect_status(RESULT, "sent");
    request = request_for("led");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 3, "0");
    drain();
    request = request_for("led");
    assert_int_equal(request.code, COAP_PUT);
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect_status(RESULT, "ok");
    brg_core_node_down(core, EUI1, 0, &now);
    expect_availability(EUI1, "offline");
    command("mesh/" EUI1 "/led/set", "0");
    expect_result(RESULT, "\"reason\":\"the node is offline\"");
    pass(50);
    up(EUI1);
    expect_availability(EUI1, "online");
    expect_status(RESULT, "sent");
}

/* A node that moved is asked anew; what waits for it waits for that. */
static void test_moved_node(void **state)
{
    const uint8_t ip[16] = {0xfd, [15] = 9};

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "1");
    expect_status(RESULT, "sent");
    n_air = 0;
    brg_core_node_up(core, EUI1, 0, ip, &now);
    run();
    assert_int_equal(brg_core_stats(core)->commands_waiting, 1);
    n_air = 0;
    pass(200);
    drain();
    assert_int_equal(brg_core_stats(core)->commands_waiting, 0);
}

static void test_last_wins(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "1");
    request = request_for("led");
    expect_status(RESULT, "sent");
    command("mesh/" EUI1 "/led/set", "2");
    expect_result(RESULT, "\"reason\":\"another command is under way\"");
    command("mesh/" EUI1 "/led/set", "3");
    expect_status(RESULT, "superseded");
    expect_status(RESULT, "queued");
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect_result(RESULT, "{\"status\":\"ok\",\"code\":\"2.04\",\"ms\":0,");
    expect_status(RESULT, "sent");
    request = request_for("led"); /* the read that follows a write */
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    request = request_for("led");
    assert_int_equal(request.code, COAP_PUT);
    assert_int_equal(request.payload[0], '3');
}

/* Each request has one response, with what it is known by; not where it could command us. */
static void test_response_topic(void **state)
{
    static const uint8_t tag[] = {0, 1, 2};
    struct brg_demand wish = {.topic = "mesh/" EUI1 "/led/set",
                              .payload = "1",
                              .len = 1,
                              .response_topic = "client/7",
                              .correlation = tag,
                              .correlation_len = sizeof(tag)};
    struct brg_message *message;
    struct coap_msg request;
    struct brg_prop prop;
    const uint8_t *at;

    (void)state;
    thermostat();
    demand(&wish);
    expect_status(RESULT, "sent");
    expect_nothing();
    request = request_for("led");
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect_status(RESULT, "ok");
    message = brg_outbox_take(outbox);
    assert_non_null(message);
    assert_string_equal(message->topic, "client/7");
    at = message->props;
    assert_true(brg_props_next(&at, at + message->props_len, &prop));
    assert_int_equal(prop.id, BRG_PROP_CORRELATION);
    assert_int_equal(prop.value_len, sizeof(tag));
    assert_memory_equal(prop.value, tag, sizeof(tag));
    assert_false(brg_props_next(&at, message->props + message->props_len, &prop));
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
    wish.response_topic = "mesh/" EUI1 "/temp/set";
    demand(&wish);
    expect_result(RESULT, "\"reason\":\"a response topic that is none");
    wish.response_topic = "a/#";
    demand(&wish);
    expect_result(RESULT, "\"reason\":\"a response topic that is none");
    expect_nothing();
}

static void posts(struct brg_core_config *config)
{
    config->rules = toggle;
    config->n_rules = 1;
    config->sleepy = nobody;
    config->n_sleepy = 1;
}

static int setup_post(void **state)
{
    (void)state;
    return setup_with(posts);
}

/* A POST may have been done though nobody said so: it is not sent twice. */
static void test_post(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "");
    expect_status(RESULT, "sent");
    request = request_for("led");
    assert_int_equal(request.code, COAP_POST);
    assert_int_equal(request.payload_len, 0);
    assert_null(coap_msg_find(&request, COAP_OPT_CONTENT_FORMAT));
    pass(95);
    expect_status(RESULT, "timeout");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define S(name) cmocka_unit_test_setup_teardown(name, setup_sleepy_config, teardown)
    const struct CMUnitTest tests[] = {
        T(test_put),
        T(test_get),
        T(test_observe),
        T(test_without_answer),
        T(test_times_out_in_the_air),
        S(test_sleepy),
        S(test_overdue),
        S(test_expires),
        T(test_learns_that_it_sleeps),
        T(test_bounds),
        T(test_blocks),
        T(test_senml),
        T(test_refused),
        T(test_waits_for_the_node),
        T(test_moved_node),
        T(test_last_wins),
        T(test_response_topic),
        cmocka_unit_test_setup_teardown(test_post, setup_post, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
