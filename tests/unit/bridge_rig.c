/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_rig.h"

#include <string.h>

struct heap heap;
const struct brg_alloc alloc = {heap_get, heap_put, &heap};
struct coap_endpoint *ep;
struct brg_outbox *outbox;
struct brg_core *core;
struct brg_now now;
unsigned trace_counts[BRG_TRACE_FULL + 1];

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
struct coap_msg air[16];
static uint8_t air_data[16][COAP_DATAGRAM_MAX];
size_t n_air;
unsigned acks;
unsigned resets;

static void count_trace(void *ctx, const struct brg_trace *trace)
{
    (void)ctx;
    trace_counts[trace->kind]++;
}

void run(void)
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
void pass(double seconds)
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
void pass_to_request(double seconds)
{
    brg_tstamp end = now.mono + (brg_tstamp)(seconds * 1e6);

    while (n_air == 0 && deadline() <= end) {
        pass((double)(deadline() - now.mono) / 1e6);
    }
    assert_int_equal(n_air, 1);
}

void ip_of(const char *eui64, uint8_t ip[16])
{
    memset(ip, 0, 16);
    ip[0] = 0xfd;
    ip[15] = (uint8_t)eui64[11];
}

void up(const char *eui64)
{
    uint8_t ip[16];

    ip_of(eui64, ip);
    brg_core_node_up(core, eui64, 0, ip, &now);
    run();
}

/* The oldest request on the air is for this path; takes it off. */
struct coap_msg request_for(const char *path)
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

void answer(const char *eui64, const struct coap_msg *request, struct answer what)
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

void reply(const char *eui64, const struct coap_msg *request, uint8_t code, int format, int seq,
           const char *payload)
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
void discovered(const char *links)
{
    struct coap_msg request;

    up(EUI1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1, links);
}

/* The next message for the broker is this one, and is taken by it. */
void expect(const char *topic, const char *payload, int qos, bool retain)
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

void expect_nothing(void)
{
    assert_null(brg_outbox_take(outbox));
}

void expect_availability(const char *eui64, const char *word)
{
    char topic[64] = "mesh/";

    strcat(topic, eui64);
    strcat(topic, "/availability");
    expect(topic, word, 1, true);
}

int setup_with(void (*tweak)(struct brg_core_config *config))
{
    static struct brg_core_config config;
    struct coap_config coap;
    struct brg_outbox_config out;

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
        .command_ttl_s = 100,
        .sleepy_ttl_s = 3600,
        .max_commands = 3,
        .max_command_octets = 4096,
    };
    if (tweak != NULL) {
        tweak(&config);
    }
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

int setup(void **state)
{
    (void)state;
    return setup_with(NULL);
}

int teardown(void **state)
{
    (void)state;
    brg_core_free(core);
    brg_outbox_free(outbox);
    coap_endpoint_free(ep);
    return heap.live != 0;
}
