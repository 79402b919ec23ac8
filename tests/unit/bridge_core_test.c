/* SPDX-License-Identifier: ISC */
/* The core with a real endpoint and outbox on virtual time; node and broker are this file. */
#include "tests/unit/bridge_lib.h"

#include <string.h>

#include "bridge/core.h"

#define EUI1 "00124b0000010000"
#define EUI2 "00124b0000020000"

static struct heap heap;
static const struct brg_alloc alloc = {heap_get, heap_put, &heap};
static struct coap_endpoint *ep;
static struct brg_outbox *outbox;
static struct brg_core *core;
static struct brg_now now;
static unsigned trace_counts[BRG_TRACE_FULL + 1];

static const struct brg_rule rules[] = {
    {.path = "secret",
     .qos = BRG_QOS_UNSET,
     .retain = BRG_RETAIN_UNSET,
     .output = BRG_OUTPUT_UNSET,
     .ignore = true},
    {.path = "door", .qos = 2, .retain = 1, .output = BRG_OUTPUT_VALUE},
    {.path = "raw", .qos = 0, .retain = 0, .output = BRG_OUTPUT_RAW, .poll_interval_s = 7},
};
static const char *const commands[] = {"*/setpoint"};

/* The requests that are on the air, oldest first. */
static struct coap_msg air[16];
static uint8_t air_data[16][COAP_DATAGRAM_MAX];
static size_t n_air;
static unsigned acks;
static unsigned resets;

static void count_trace(void *ctx, const struct brg_trace *trace)
{
    (void)ctx;
    trace_counts[trace->kind]++;
}

static void run(void)
{
    struct coap_effect effect;
    bool header;

    acks = 0;
    resets = 0;
    while (coap_poll(ep, &effect)) {
        if (effect.kind != COAP_SEND) {
            brg_core_effect(core, &effect, &now);
            continue;
        }
        assert_true(n_air < 16);
        memcpy(air_data[n_air], effect.data, effect.len);
        assert_int_equal(coap_msg_parse(&air[n_air], air_data[n_air], effect.len, &header), 0);
        acks += air[n_air].type == COAP_ACK;
        resets += air[n_air].type == COAP_RST;
        n_air += air[n_air].type == COAP_CON;
    }
}

static brg_tstamp deadline(void)
{
    brg_tstamp a = coap_deadline(ep);
    brg_tstamp b = brg_core_deadline(core);

    return a < b ? a : b;
}

/* Time passes, stopping wherever something is due. */
static void pass(double seconds)
{
    brg_tstamp end = now.mono + (brg_tstamp)(seconds * 1e6);

    while (deadline() <= end) {
        if (deadline() > now.mono) {
            now.wall_s += (double)(deadline() - now.mono) / 1e6;
            now.mono = deadline();
        }
        coap_timeout(ep, now.mono);
        brg_core_timeout(core, &now);
        run();
    }
    now.wall_s += (double)(end - now.mono) / 1e6;
    now.mono = end;
}

/* Time passes until there is a request on the air, |seconds| at most. */
static void pass_to_request(double seconds)
{
    brg_tstamp end = now.mono + (brg_tstamp)(seconds * 1e6);

    while (n_air == 0 && deadline() <= end) {
        pass((double)(deadline() - now.mono) / 1e6);
    }
    assert_int_equal(n_air, 1);
}

static void ip_of(const char *eui64, uint8_t ip[16])
{
    memset(ip, 0, 16);
    ip[0] = 0xfd;
    ip[15] = (uint8_t)eui64[11];
}

static void up(const char *eui64)
{
    uint8_t ip[16];

    ip_of(eui64, ip);
    brg_core_node_up(core, eui64, 0, ip, &now);
    run();
}

/* The oldest request on the air is for this path; takes it off. */
static struct coap_msg request_for(const char *path)
{
    struct coap_msg msg;
    const struct coap_option *last = NULL;

    assert_true(n_air > 0);
    msg = air[0];
    for (size_t i = 0; i < msg.n_options; i++) {
        if (msg.options[i].number == COAP_OPT_URI_PATH) {
            last = &msg.options[i];
        }
    }
    if (last == NULL) {
        assert_string_equal(path, "");
    } else {
        assert_int_equal(last->len, strlen(path));
        assert_memory_equal(last->value, path, last->len);
    }
    for (size_t i = 1; i < n_air; i++) {
        /* Options point into air_data: what is read of them later is only their presence. */
        air[i - 1] = air[i];
        memcpy(air_data[i - 1], air_data[i], COAP_DATAGRAM_MAX);
    }
    n_air--;
    return msg;
}

struct answer {
    enum coap_type type;
    uint8_t code;
    uint16_t mid;
    int format_plus1;
    int seq_plus1;
    const char *payload;
    size_t len;
};

static void answer(const char *eui64, const struct coap_msg *request, struct answer what)
{
    struct coap_addr from = {.port = 5683};
    struct coap_msg msg = {.type = what.type, .code = what.code, .mid = what.mid, .token_len = 4};
    uint8_t rooms[2][4];
    uint8_t data[COAP_DATAGRAM_MAX];
    size_t len;

    ip_of(eui64, from.ip);
    memcpy(msg.token, request->token, 4);
    if (what.seq_plus1 > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, (uint32_t)what.seq_plus1 - 1, rooms[0]);
    }
    if (what.format_plus1 > 0) {
        coap_msg_add_uint(&msg, COAP_OPT_CONTENT_FORMAT, (uint32_t)what.format_plus1 - 1, rooms[1]);
    }
    msg.payload = (const uint8_t *)what.payload;
    msg.payload_len = what.payload == NULL ? 0 : what.len > 0 ? what.len : strlen(what.payload);
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    assert_int_equal(coap_input(ep, &from, data, len, now.mono), 0);
    brg_core_heard(core, &from, &now);
    run();
}

static void reply(const char *eui64, const struct coap_msg *request, uint8_t code, int format,
                  int seq, const char *payload)
{
    answer(eui64, request,
           (struct answer){.type = COAP_ACK,
                           .code = code,
                           .mid = request->mid,
                           .format_plus1 = format + 1,
                           .seq_plus1 = seq + 1,
                           .payload = payload});
}

/* Brings node 1 up and answers its discovery with |links|. */
static void discovered(const char *links)
{
    struct coap_msg request;

    up(EUI1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1, links);
}

/* The next message for the broker is this one, and is taken by it. */
static void expect(const char *topic, const char *payload, int qos, bool retain)
{
    struct brg_message *message = brg_outbox_take(outbox);
    char text[1024] = "";

    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    assert_true(message->len < sizeof(text));
    memcpy(text, message->payload, message->len);
    assert_string_equal(text, payload);
    assert_int_equal(message->qos, qos);
    assert_int_equal(message->retain, retain);
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
}

static void expect_nothing(void)
{
    assert_null(brg_outbox_take(outbox));
}

static void expect_availability(const char *eui64, const char *word)
{
    char topic[64] = "mesh/";

    strcat(topic, eui64);
    strcat(topic, "/availability");
    expect(topic, word, 1, true);
}

static int setup(void **state)
{
    static struct brg_core_config config;
    struct coap_config coap;
    struct brg_outbox_config out;

    (void)state;
    config = (struct brg_core_config){
        .seed = 3,
        .base = "mesh",
        .qos = 1,
        .output = BRG_OUTPUT_JSON,
        .rules = rules,
        .n_rules = 3,
        .commands = commands,
        .n_commands = 1,
        .settle_s = 2,
        .poll_interval_s = 300,
        .node_port = 5683,
        .max_nodes = 2,
        .max_resources = 8,
    };
    heap = (struct heap){.live = 0};
    memset(trace_counts, 0, sizeof(trace_counts));
    n_air = 0;
    now = (struct brg_now){.mono = 1000 * BRG_SEC, .wall_s = 1700000000};
    coap_config_defaults(&coap);
    coap.seed = 1;
    brg_outbox_config_defaults(&out);
    ep = coap_endpoint_new(&coap, &alloc);
    outbox = brg_outbox_new(&out, &alloc);
    core = brg_core_new(&config, ep, outbox, &alloc, count_trace, NULL);
    return ep == NULL || outbox == NULL || core == NULL;
}

static int teardown(void **state)
{
    (void)state;
    brg_core_free(core);
    brg_outbox_free(outbox);
    coap_endpoint_free(ep);
    return heap.live != 0;
}

static void test_observed(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</s/temp>;obs;rt=\"temp\"");
    expect_availability(EUI1, "online");
    request = request_for("temp");
    assert_non_null(coap_msg_find(&request, COAP_OPT_OBSERVE));
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 7, "21.5");
    expect("mesh/" EUI1 "/s/temp", "{\"v\":21.5,\"t\":1700000003.000,\"seq\":7}", 1, true);
    answer(EUI1, &request,
           (struct answer){
               .type = COAP_CON, .code = COAP_CONTENT, .mid = 5, .seq_plus1 = 9, .payload = "22"});
    assert_int_equal(acks, 1);
    expect("mesh/" EUI1 "/s/temp", "{\"v\":22,\"t\":1700000003.000,\"seq\":8}", 1, true);
    /* The same once more: acknowledged again, published once. */
    answer(EUI1, &request,
           (struct answer){
               .type = COAP_CON, .code = COAP_CONTENT, .mid = 5, .seq_plus1 = 9, .payload = "22"});
    assert_int_equal(acks, 1);
    expect_nothing();
    assert_int_equal(brg_core_stats(core)->observed, 1);
}

static void test_polled(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</s/hum>");
    expect_availability(EUI1, "online");
    request = request_for("hum");
    assert_null(coap_msg_find(&request, COAP_OPT_OBSERVE));
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "40");
    expect("mesh/" EUI1 "/s/hum", "{\"v\":40,\"t\":1700000003.000}", 1, true);
    pass(299);
    assert_int_equal(n_air, 0);
    pass(62);
    request = request_for("hum");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "41");
    assert_non_null(brg_outbox_take(outbox));
}

/* It claims to be observable and does not do it: polled. */
static void test_not_really_observable(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</x>;obs");
    request = request_for("x");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    assert_int_equal(trace_counts[BRG_TRACE_POLLING], 1);
    pass(400);
    request = request_for("x");
    assert_null(coap_msg_find(&request, COAP_OPT_OBSERVE));
}

static void test_rules_and_events(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</door>;obs;rt=\"event\",</button>;obs;rt=\"x event\",</raw>,</secret>;obs");
    expect_availability(EUI1, "online");
    request = request_for("door");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 0, "open");
    expect("mesh/" EUI1 "/door", "open", 2, true); /* an event, retained by rule */
    request = request_for("button");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 0, "1");
    expect("mesh/" EUI1 "/button", "{\"v\":1,\"t\":1700000003.000,\"seq\":0}", 1, false);
    request = request_for("raw");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_CBOR, -1, "\xff\xfe");
    expect("mesh/" EUI1 "/raw", "\xff\xfe", 0, false);
    assert_int_equal(n_air, 0); /* the secret is not asked */
    /* Its rule says 7 s, but a value without Max-Age is good for 60 (RFC 7252 5.10.5). */
    pass(59);
    assert_int_equal(n_air, 0);
    pass(14);
    (void)request_for("raw");
}

static void test_senml(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</green>;obs;ct=110");
    expect_availability(EUI1, "online");
    request = request_for("green");
    reply(
        EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, 1,
        "[{\"bn\":\"house/\",\"n\":\"temp\",\"u\":\"Cel\",\"v\":20},{\"n\":\"set\",\"vb\":true}]");
    expect("mesh/" EUI1 "/green/house/temp",
           "{\"v\":20,\"u\":\"Cel\",\"t\":1700000003.000,\"seq\":1}", 1, true);
    expect("mesh/" EUI1 "/green/house/%73et", "{\"v\":true,\"t\":1700000003.000,\"seq\":1}", 1,
           true);
}

static void test_bad_payload_is_acknowledged(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</x>;obs");
    expect_availability(EUI1, "online");
    request = request_for("x");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 0, "1");
    assert_non_null(brg_outbox_take(outbox));
    for (uint16_t i = 1; i < 4; i++) {
        answer(EUI1, &request,
               (struct answer){.type = COAP_CON,
                               .code = COAP_CONTENT,
                               .mid = i,
                               .seq_plus1 = 1 + i,
                               .format_plus1 = COAP_FORMAT_JSON + 1,
                               .payload = "{bad"});
        assert_int_equal(acks, 1);
    }
    expect("mesh/" EUI1 "/x/error",
           "{\"reason\":\"not JSON\",\"hex\":\"7b626164\",\"octets\":4,\"t\":1700000003.000}", 0,
           false);
    expect_nothing(); /* the others were counted only */
    assert_int_equal(brg_core_stats(core)->bad_payloads, 3);
}

/* No room for the value: not acknowledged, so the node sends it again. */
static void test_no_room_no_ack(void **state)
{
    struct coap_msg request;
    struct answer note = {
        .type = COAP_CON, .code = COAP_CONTENT, .mid = 9, .seq_plus1 = 2, .payload = "2"};

    (void)state;
    discovered("</x>;obs");
    request = request_for("x");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 0, "1");
    heap.calls = 0;
    heap.fail_at = 2; /* the first is the endpoint's effect, the second the outbox's message */
    answer(EUI1, &request, note);
    assert_int_equal(acks, 0);
    heap.fail_at = 0;
    note.seq_plus1 = 3;
    note.mid = 10;
    answer(EUI1, &request, note);
    assert_int_equal(acks, 1);
}

static void test_availability(void **state)
{
    struct coap_msg request;
    uint8_t ip[16];

    (void)state;
    discovered("</x>;obs");
    expect_availability(EUI1, "online");
    request = request_for("x");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 0, "1");
    assert_non_null(brg_outbox_take(outbox));
    /* In a second instance too: leaving the first one does not make it offline. */
    ip_of(EUI1, ip);
    brg_core_node_up(core, EUI1, 30, ip, &now);
    brg_core_node_down(core, EUI1, 0, &now);
    expect_nothing();
    brg_core_node_down(core, EUI1, 7, &now); /* never was in there */
    expect_nothing();
    brg_core_node_down(core, EUI1, 30, &now);
    expect_availability(EUI1, "offline");
    brg_core_node_down(core, EUI1, 30, &now);
    expect_nothing();
    /* Back: asked again, and its observation is registered again with the same token. */
    up(EUI1);
    expect_availability(EUI1, "online");
    pass(3);
    {
        struct coap_msg core_request = request_for("core");

        reply(EUI1, &core_request, COAP_CONTENT, COAP_FORMAT_LINK, -1, "</x>;obs");
    }
    assert_int_equal(n_air, 1);
    assert_memory_equal(air[0].token, request.token, 4);
    assert_non_null(coap_msg_find(&air[0], COAP_OPT_OBSERVE));
}

static void test_snapshot(void **state)
{
    (void)state;
    up(EUI1);
    up(EUI2);
    expect_availability(EUI1, "online");
    expect_availability(EUI2, "online");
    brg_core_snapshot_begin(core);
    up(EUI2);
    brg_core_snapshot_end(core, &now);
    expect_availability(EUI1, "offline");
    expect_nothing();
    assert_int_equal(brg_core_stats(core)->online, 1);
}

/* What an earlier run left at the broker is put right, after the snapshot and not before. */
static void test_remembered(void **state)
{
    (void)state;
    brg_core_remembered(core, "mesh/" EUI1 "/availability", &now);
    brg_core_remembered(core, "mesh/" EUI2 "/availability", &now);
    brg_core_remembered(core, "mesh/nothing/availability", &now);
    brg_core_remembered(core, "mesh/0000000000000g00/availability", &now);
    brg_core_remembered(core, "other/" EUI1 "/availability", &now);
    expect_nothing();
    brg_core_snapshot_begin(core);
    up(EUI2);
    expect_availability(EUI2, "online");
    brg_core_snapshot_end(core, &now);
    expect_availability(EUI1, "offline");
    brg_core_snapshot_end(core, &now);
    brg_core_remembered(core, "mesh/" EUI1 "/availability", &now);
    brg_core_remembered(core, "mesh/" EUI2 "/availability", &now);
    expect_nothing();
    /* After it they are told at once. */
    brg_core_node_down(core, EUI2, 0, &now);
    expect_availability(EUI2, "offline");
    brg_core_remembered(core, "mesh/00124b0000030000/availability", &now);
    expect_availability("00124b0000030000", "offline");
    assert_int_equal(brg_core_stats(core)->nodes, 2);
}

static void test_bound_on_nodes(void **state)
{
    static const char third[] = "00124b0000030000";

    (void)state;
    up(EUI1);
    up(EUI2);
    up(third);
    assert_int_equal(brg_core_stats(core)->nodes, 2);
    assert_int_equal(brg_core_stats(core)->full, 1);
    brg_core_node_down(core, EUI1, 0, &now);
    up(third); /* who is offline makes room */
    assert_int_equal(brg_core_stats(core)->nodes, 2);
    assert_int_equal(brg_core_stats(core)->online, 2);
}

static void test_moved_node(void **state)
{
    uint8_t ip[16] = {0xfd, 1};
    struct coap_msg request;

    (void)state;
    discovered("</x>;obs");
    request = request_for("x");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 0, "1");
    assert_int_equal(brg_core_stats(core)->observed, 1);
    brg_core_node_up(core, EUI1, 0, ip, &now);
    assert_int_equal(brg_core_stats(core)->observed, 0);
    pass(3);
    (void)request_for("core");
    /* What the old address still sends is rejected. */
    answer(EUI1, &request,
           (struct answer){
               .type = COAP_CON, .code = COAP_CONTENT, .mid = 5, .seq_plus1 = 9, .payload = "22"});
    assert_int_equal(resets, 1);
}

/* A node that is silent is asked ever more seldom, and at once when it speaks. */
static void test_sleepy(void **state)
{
    struct coap_msg ping = {.token_len = 0};

    (void)state;
    up(EUI1);
    pass(3);
    assert_int_equal(n_air, 1);
    pass(94); /* five transmissions, then nothing for half a minute at least */
    assert_int_equal(trace_counts[BRG_TRACE_SILENT], 1);
    n_air = 0;
    answer(EUI1, &ping, (struct answer){.type = COAP_NON, .code = COAP_CONTENT, .mid = 1});
    assert_int_equal(resets, 1); /* nobody asked for that, but it spoke */
    pass(0);
    (void)request_for("core");
}

static void test_error_is_not_silence(void **state)
{
    struct coap_msg request;

    (void)state;
    up(EUI1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CODE(4, 4), -1, -1, NULL);
    pass(300); /* it spoke, but asking at once would only give the same */
    assert_int_equal(n_air, 0);
    pass_to_request(500);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1, "</broken");
    assert_int_equal(trace_counts[BRG_TRACE_UNUSABLE], 2);
    assert_int_equal(brg_core_stats(core)->resources, 0);
}

static void test_bound_on_resources(void **state)
{
    (void)state;
    discovered("</a>,</b>,</c>,</d>,</e>,</f>,</g>,</h>,</i>,</j>,</.well-known/core>");
    assert_int_equal(brg_core_stats(core)->resources, 8);
    assert_int_equal(brg_core_stats(core)->full, 2);
}

/* A resource that is gone from the list is forgotten, a new one is asked. */
static void test_rediscovery(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</a>,</b>");
    request = request_for("a");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    request = request_for("b");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    brg_core_node_down(core, EUI1, 0, &now);
    up(EUI1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1, "</b>,</c>");
    assert_int_equal(brg_core_stats(core)->resources, 2);
    request = request_for("b");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    (void)request_for("c");
}

/* --- commands ------------------------------------------------------------------------------- */

static void command(const char *topic, const char *payload)
{
    brg_core_command(core, topic, payload, strlen(payload), &now);
    run();
}

static void thermostat(void)
{
    struct coap_msg request;

    discovered("</heat/setpoint>,</led>;if=\"core.a\";ct=50,</temp>");
    expect_availability(EUI1, "online");
    for (int i = 0; i < 3; i++) {
        request = air[0];
        n_air = 0;
        reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
        assert_non_null(brg_outbox_take(outbox));
    }
    assert_int_equal(n_air, 0);
}

static void test_command(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/heat/setpoint/set", "{\"v\":19.5}");
    request = request_for("setpoint");
    assert_int_equal(request.code, COAP_PUT);
    assert_int_equal(request.payload_len, 4);
    pass(0.18);
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect("mesh/" EUI1 "/heat/setpoint/set/result",
           "{\"status\":\"ok\",\"code\":\"2.04\",\"ms\":180}", 1, false);
    request = request_for("setpoint"); /* polled ones are asked what they are now */
    assert_int_equal(request.code, COAP_GET);
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "19.5");
    expect("mesh/" EUI1 "/heat/setpoint", "{\"v\":19.5,\"t\":1700000003.180}", 1, true);
}

static void test_command_without_answer(void **state)
{
    struct brg_message *message;
    const char timeout[] = "{\"status\":\"timeout\",\"ms\":";

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "on");
    pass(61);
    expect_nothing();
    pass(33); /* RFC 7252 4.8.2: 62 to 93 s */
    message = brg_outbox_take(outbox);
    assert_non_null(message);
    assert_string_equal(message->topic, "mesh/" EUI1 "/led/set/result");
    assert_memory_equal(message->payload, timeout, sizeof(timeout) - 1);
}

static void test_refused_commands(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/temp/set", "1");
    expect("mesh/" EUI1 "/temp/set/result",
           "{\"status\":\"refused\",\"reason\":\"not writable: neither its if= nor the setting "
           "commands says so\"}",
           1, false);
    command("mesh/" EUI1 "/nope/set", "1");
    expect("mesh/" EUI1 "/nope/set/result",
           "{\"status\":\"refused\",\"reason\":\"no such resource\"}", 1, false);
    command("mesh/" EUI2 "/led/set", "1");
    expect("mesh/" EUI2 "/led/set/result", "{\"status\":\"refused\",\"reason\":\"no such node\"}",
           1, false);
    command("mesh/" EUI1 "/led/set", "{}");
    expect("mesh/" EUI1 "/led/set/result",
           "{\"status\":\"refused\",\"reason\":\"an object without \\\"v\\\"\"}", 1, false);
    command("mesh/" EUI1 "/led", "1"); /* not ours */
    command("mesh/" EUI1 "/set", "1");
    command("other/" EUI1 "/led/set", "1");
    command("mesh/led/set", "1");
    expect_nothing();
    assert_int_equal(n_air, 0);
    command("mesh/" EUI1 "/led/set", "true");
    request = request_for("led");
    assert_int_equal(coap_msg_find(&request, COAP_OPT_CONTENT_FORMAT)->len, 1);
    reply(EUI1, &request, COAP_CODE(4, 5), -1, -1, NULL);
    expect("mesh/" EUI1 "/led/set/result", "{\"status\":\"error\",\"code\":\"4.05\",\"ms\":0}", 1,
           false);
    n_air = 0;
    brg_core_node_down(core, EUI1, 0, &now);
    expect_availability(EUI1, "offline");
    command("mesh/" EUI1 "/led/set", "true");
    expect("mesh/" EUI1 "/led/set/result",
           "{\"status\":\"refused\",\"reason\":\"the node is offline\"}", 1, false);
}

static void test_last_command_wins(void **state)
{
    struct coap_msg request;

    (void)state;
    thermostat();
    command("mesh/" EUI1 "/led/set", "1");
    request = request_for("led");
    command("mesh/" EUI1 "/led/set", "2");
    command("mesh/" EUI1 "/led/set", "3");
    expect("mesh/" EUI1 "/led/set/result", "{\"status\":\"superseded\"}", 1, false);
    reply(EUI1, &request, COAP_CODE(2, 4), -1, -1, NULL);
    expect("mesh/" EUI1 "/led/set/result", "{\"status\":\"ok\",\"code\":\"2.04\",\"ms\":0}", 1,
           false);
    request = request_for("led"); /* the read that follows a write */
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "1");
    request = request_for("led");
    assert_int_equal(request.code, COAP_PUT);
    assert_int_equal(request.payload[0], '3');
}

/* Every allocation refused in turn, over the life of a node: nothing leaks or falls over. */
static void test_every_allocation_fails(void **state)
{
    (void)state;
    for (long fail = 1; fail < 60; fail++) {
        heap.calls = 0;
        heap.fail_at = fail;
        up(EUI1);
        pass(3);
        for (int i = 0; i < 8 && n_air > 0; i++) {
            struct coap_msg request = air[0];

            n_air = 0;
            reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, request.n_options == 2 ? -1 : 1,
                  "</a>;obs,</b>;if=core.a");
        }
        command("mesh/" EUI1 "/b/set", "1");
        command("mesh/" EUI1 "/b/set", "2");
        heap.fail_at = 0;
        n_air = 0;
        brg_core_node_down(core, EUI1, 0, &now);
        for (int k = 0; k < 400; k++) {
            n_air = 0;
            pass(1);
        }
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_observed),
        T(test_polled),
        T(test_not_really_observable),
        T(test_rules_and_events),
        T(test_senml),
        T(test_bad_payload_is_acknowledged),
        T(test_no_room_no_ack),
        T(test_availability),
        T(test_snapshot),
        T(test_remembered),
        T(test_bound_on_nodes),
        T(test_moved_node),
        T(test_sleepy),
        T(test_error_is_not_silence),
        T(test_bound_on_resources),
        T(test_rediscovery),
        T(test_command),
        T(test_command_without_answer),
        T(test_refused_commands),
        T(test_last_command_wins),
        T(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
