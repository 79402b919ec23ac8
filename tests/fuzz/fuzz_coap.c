/* SPDX-License-Identifier: ISC */
/*
 * Everything that nodes and MQTT clients can say to the bridge. The first octet chooses:
 *
 *   d  the rest is a datagram for the codec: what parses is written and read again
 *   l  a list of links
 *   0..6  a payload, in the content format of that number
 *   n  a name for a topic: whatever it is, nothing in the topic acts
 *   r  a line of rpld's stream
 *   otherwise: a script of events for the core with a real endpoint and outbox, on virtual time
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/core.h"
#include "bridge/show.h"
#include "bridge/follow.h"
#include "bridge/link_format.h"
#include "bridge/topic.h"
#include "tests/fuzz/bridge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_codec(const uint8_t *data, size_t size)
{
    uint8_t out[COAP_DATAGRAM_MAX];
    uint8_t again[COAP_DATAGRAM_MAX];
    struct coap_msg msg;
    struct coap_msg back;
    size_t len;
    size_t len2;
    bool header;

    if (size > COAP_DATAGRAM_MAX || coap_msg_parse(&msg, data, size, &header) < 0) {
        return;
    }
    REQUIRE(coap_msg_write(&msg, out, sizeof(out), &len) == 0 && len <= size);
    REQUIRE(coap_msg_parse(&back, out, len, &header) == 0);
    REQUIRE(back.n_options == msg.n_options && back.payload_len == msg.payload_len);
    REQUIRE(coap_msg_write(&back, again, sizeof(again), &len2) == 0);
    REQUIRE(len == len2 && memcmp(out, again, len) == 0);
    (void)coap_msg_check_options(&msg);
}

static void fuzz_links(const uint8_t *data, size_t size)
{
    struct brg_links links;
    struct brg_link link;

    brg_links_init(&links, (const char *)data, size);
    while (brg_links_next(&links, &link) > 0) {
        REQUIRE(link.path.len <= size);
        (void)brg_span_has(&link.rt, "event");
        for (size_t i = 0; i < 4; i++) {
            REQUIRE(brg_span_number(&link.ct, i) <= UINT16_MAX);
        }
    }
}

/* What is read of a request is within its bounds, and reads back as what it is. */
static void request_read(const char *data, size_t size)
{
    struct brg_request request;
    struct brg_text text;
    char room[256];

    if (brg_request_read(data, size, &request) == NULL && request.has_change) {
        REQUIRE(request.change.qos <= 2 && request.change.poll_interval_s <= 86400);
        brg_text_init(&text, room, sizeof(room));
        brg_options_write(&text, &request.change);
        REQUIRE(!text.full && brg_json_check(text.buf, text.len) == NULL);
    }
}

static void fuzz_payload(int format, const uint8_t *data, size_t size)
{
    static struct brg_decoder decoder;
    static char room[BRG_OUTPUT_MAX];
    const struct brg_context context = {.now_s = 1700000000, .has_seq = true, .seq = 1};
    const char *reason;
    static struct brg_decoder again;
    static uint8_t command[BRG_COMMAND_MAX];
    char shape[BRG_SHAPE_MAX];
    struct brg_command_form form = {.format = format, .name = "led"};
    struct brg_text text;
    size_t len;

    if (brg_decode(&decoder, format, data, size) < 0) {
        REQUIRE(decoder.reason != NULL && decoder.n == 0);
    }
    for (size_t i = 0; i < decoder.n; i++) {
        struct brg_text out;

        brg_text_init(&out, room, sizeof(room));
        brg_reading_write(&out, &decoder.readings[i], BRG_OUTPUT_JSON, &context);
        /* What is published as JSON is JSON, as far as we would take it ourselves. */
        REQUIRE(out.full || brg_utf8_valid(out.buf, out.len));
        REQUIRE(strlen(out.buf) == out.len);
        if (decoder.readings[i].name != NULL) {
            char topic[BRG_TOPIC_MAX];

            REQUIRE(brg_topic_name(topic, sizeof(topic), decoder.readings[i].name) == 0);
        }
    }
    request_read((const char *)data, size);
    brg_text_init(&text, shape, sizeof(shape));
    if (decoder.n > 0 && decoder.readings[0].name != NULL &&
        brg_senml_shape(&decoder, format, data, size, &text)) {
        REQUIRE(strlen(shape) == text.len);
        form.shape = shape;
        (void)brg_command_encode(&form, &again, "{\"v\":1,\"n\":\"t\"}", 15, command,
                                 sizeof(command), &len, &reason);
    }
    /* What a command becomes is what a node could have sent; of a long one the keys of CBOR may be
     * too many items. */
    if (brg_command_encode(&form, &again, (const char *)data, size, command, sizeof(command), &len,
                           &reason) == 0 &&
        format != COAP_FORMAT_TEXT && size < 512) {
        REQUIRE(brg_decode(&again, format, command, len) == 0);
    }
}

static void fuzz_topic(const uint8_t *data, size_t size)
{
    char *name = calloc(1, size + 1);
    char topic[BRG_TOPIC_MAX];
    char eui64[BRG_EUI64_TEXT];

    if (name == NULL) {
        return;
    }
    memcpy(name, data, size);
    for (int uri = 0; uri < 2; uri++) {
        int err = uri ? brg_topic_path(topic, sizeof(topic), name)
                      : brg_topic_name(topic, sizeof(topic), name);

        if (err == 0) {
            REQUIRE(strpbrk(topic, "+#") == NULL && topic[0] != '$' && topic[0] != '\0');
            REQUIRE(strstr(topic, "/$") == NULL && strstr(topic, "//") == NULL);
            for (size_t at = 0; topic[at] != '\0';) {
                size_t n = brg_utf8_length(topic + at, strlen(topic + at));

                REQUIRE(n > 0);
                at += n;
            }
            REQUIRE(strcmp(topic, "set") != 0 && strstr(topic, "/set/") == NULL);
        }
    }
    (void)brg_topic_base_ok(name);
    (void)brg_eui64_parse(name, eui64);
    (void)brg_glob(name, name);
    free(name);
}

static void ignore(void *ctx)
{
    (void)ctx;
}

static void ignore_node(void *ctx, const char *eui64, int instance, const uint8_t *ip,
                        const uint8_t *parent)
{
    (void)parent;
    (void)ctx;
    (void)instance;
    (void)ip;
    REQUIRE(strlen(eui64) == BRG_EUI64_TEXT - 1);
}

/* --- the core on virtual time --------------------------------------------------------------- */

struct world {
    struct coap_endpoint *ep;
    struct brg_outbox *outbox;
    struct brg_core *core;
    struct brg_now now;
    struct coap_msg sent; /* the last request that went out; its options are not looked at */
    uint8_t observed[4];  /* the token of the first request */
    const uint8_t *at;
    size_t left;
};

static unsigned next(struct world *world)
{
    if (world->left == 0) {
        return 0;
    }
    world->left--;
    return *world->at++;
}

/* Whatever a node sends, what is said to be JSON is. */
static void is_json(const char *data, size_t len)
{
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(data, len, &end, false);

    REQUIRE(json != NULL && end == data + len);
    cJSON_Delete(json);
}

static void run(struct world *world)
{
    struct brg_message *message;
    struct coap_effect effect;

    while (coap_poll(world->ep, &effect)) {
        if (effect.kind != COAP_SEND) {
            brg_core_effect(world->core, &effect, &world->now);
            continue;
        }
        REQUIRE(effect.len <= COAP_DATAGRAM_MAX);
        if (effect.data[0] >> 4 == 4) {
            struct coap_msg msg;
            bool header;

            REQUIRE(coap_msg_parse(&msg, effect.data, effect.len, &header) == 0);
            world->sent = msg;
            memcpy(world->observed, msg.token, 4);
        }
    }
    while ((message = brg_outbox_take(world->outbox)) != NULL) {
        REQUIRE(strncmp(message->topic, "mesh/", 5) == 0 ||
                strncmp(message->topic, "ha/device/rpld_", 15) == 0 ||
                strcmp(message->topic, "who/asked") == 0);
        REQUIRE(strpbrk(message->topic, "+#") == NULL);
        if (message->content == BRG_CONTENT_JSON) {
            is_json(message->payload, message->len);
        }
        message->mid = 1;
        brg_outbox_acked(world->outbox, 1);
    }
}

static void pass(struct world *world, brg_tstamp time)
{
    world->now.mono += time;
    world->now.wall_s += (double)time / 1e6;
    coap_timeout(world->ep, world->now.mono);
    brg_core_timeout(world->core, &world->now);
    run(world);
}

static struct coap_addr address(unsigned n)
{
    struct coap_addr addr = {.ip = {0xfd}, .port = 5683};

    addr.ip[15] = (uint8_t)(n & 3);
    return addr;
}

/* A datagram of the script's own, or an answer to what was asked last: type, code, options and
 * payload of the script's, message ID and token such that it is listened to. */
static void datagram(struct world *world, bool answer, unsigned who)
{
    const struct coap_addr from = address(who);
    uint8_t data[300];
    size_t len = next(world);

    if (len > world->left) {
        len = world->left;
    }
    if (answer && len >= 2) {
        data[0] = (uint8_t)(0x44 | (world->at[0] & 0x30));
        data[1] = world->at[1];
        data[2] = (uint8_t)(world->sent.mid >> 8);
        data[3] = (uint8_t)world->sent.mid;
        memcpy(data + 4, world->observed, 4);
        memcpy(data + 8, world->at + 2, len - 2);
        (void)coap_input(world->ep, &from, data, len + 6, world->now.mono);
    } else {
        (void)coap_input(world->ep, &from, world->at, len, world->now.mono);
    }
    world->at += len;
    world->left -= len;
    brg_core_heard(world->core, &from, &world->now);
    run(world);
}

static void demand_make(struct world *world, char *topic)
{
    static const char *const verbs[] = {"/set", "/get", "/observe", "/set"};
    static const char *const payloads[] = {"1", "{\"v\":1,\"transaction\":\"t\",\"ttl\":30}", "off",
                                           "on"};
    static const uint8_t tag[] = {1, 0, 2};
    unsigned how = next(world);
    struct brg_demand demand = {
        .topic = topic,
        .payload = payloads[how >> 2 & 3],
        .retained = (how & 0xf0) == 0xf0,
        .expiry_s = how >> 6,
        .response_topic = how & 0x10 ? "who/asked" : NULL,
        .correlation = tag,
        .correlation_len = sizeof(tag),
    };

    demand.len = strlen(demand.payload);
    strcat(topic, verbs[how & 3]);
    brg_core_command(world->core, &demand, &world->now);
}

static void request_make(struct world *world)
{
    static const char *const names[] = {"health_check",    "device/discover", "device/remove",
                                        "observe/refresh", "spool/drop",      "nothing",
                                        "device/rename",   "device/options",  "restart"};
    static const char *const payloads[] = {
        "",
        "{\"id\":\"0000000000000001\"}",
        "{\"id\":\"a/b\"}",
        "{\"id\":\"0000000000000003\",\"transaction\":1}",
        "{\"id\":\"0000000000000001\",\"name\":\"a\"}",
        "{\"id\":\"a\",\"name\":\"a/b/c\"}",
        "{\"id\":\"a/b\",\"name\":\"a\"}",
        "{\"id\":\"0000000000000002\",\"name\":null}",
        "{\"id\":\"0000000000000001\",\"options\":{\"retain\":false,\"format\":\"raw\"}}",
        "{\"id\":\"0000000000000001\",\"options\":{\"retain\":true,\"sleepy\":true,\"qos\":2}}",
    };
    unsigned how = next(world);
    unsigned what = next(world) % (sizeof(payloads) / sizeof(payloads[0]));
    char topic[64] = "mesh/bridge/request/";
    struct brg_demand demand = {.topic = topic,
                                .payload = payloads[what],
                                .response_topic = how & 0x20 ? "who/asked" : NULL};

    demand.len = strlen(demand.payload);
    strcat(topic, names[(how & 15) % (sizeof(names) / sizeof(names[0]))]);
    brg_core_request(world->core, &demand, &world->now);
}

static void broker(void *ctx, struct brg_show_broker *ret_broker)
{
    (void)ctx;
    *ret_broker = (struct brg_show_broker){"away", "", "", "5"};
}

/* The control socket's tables, in pieces, of whatever the nodes have said. */
static void show(struct world *world)
{
    static const char *const requests[] = {"json sensors", "json bridge", "sensors", "bridge"};
    const struct brg_show_source source = {
        .core = world->core, .ep = world->ep, .outbox = world->outbox, .broker = broker};
    static char whole[1 << 20];
    char room[BRG_SHOW_ROW + 1000];
    struct brg_show shown;
    struct brg_text text;
    unsigned how = next(world) & 3;
    const char *why;
    size_t len = 0;
    char line[16];

    strcpy(line, requests[how]);
    REQUIRE(brg_show_start(&shown, &source, line, &why) == 0);
    while (!shown.done) {
        brg_text_init(&text, room, sizeof(room));
        brg_show_step(&shown, &text, &world->now);
        REQUIRE(!text.full && text.len > 0 && len + text.len < sizeof(whole));
        memcpy(whole + len, room, text.len);
        len += text.len;
    }
    if (how < 2) {
        is_json(whole, len - 1); /* without the line feed */
    }
}

static void broker_does(struct world *world)
{
    switch (next(world) & 7) {
    case 0:
        brg_core_hass_birth(world->core, &world->now);
        break;
    case 1:
        brg_core_tell_all(world->core);
        brg_outbox_republish(world->outbox);
        break;
    case 2:
        brg_core_remembered(world->core, "mesh/a/b/availability", &world->now);
        break;
    case 3:
        brg_core_snapshot_begin(world->core);
        brg_core_snapshot_end(world->core, &world->now);
        break;
    case 4:
    case 5:
        show(world);
        break;
    default:
        request_make(world);
        break;
    }
    run(world);
}

static void step(struct world *world)
{
    static const char *const ids[] = {"0000000000000000", "0000000000000001", "0000000000000002",
                                      "0000000000000003"};
    unsigned what = next(world);
    unsigned who = what >> 4 & 3;
    const struct coap_addr addr = address(who);
    char topic[80] = "mesh/0000000000000001/";
    size_t len;

    switch (what & 7) {
    case 0:
        brg_core_node_up(world->core, ids[who], (int)(what >> 6), addr.ip, &world->now);
        break;
    case 1:
        brg_core_node_down(world->core, ids[who], (int)(what >> 6), &world->now);
        break;
    case 2:
        pass(world, next(world) * BRG_SEC / 8);
        return;
    case 3:
        pass(world, next(world) * 60 * BRG_SEC);
        return;
    case 4:
        datagram(world, false, who);
        return;
    case 5:
        for (len = strlen(topic); len < 40 && world->left > 0 && *world->at != '\n'; len++) {
            topic[len] = (char)next(world);
            if (topic[len] == '+' || topic[len] == '#') {
                topic[len] = '/'; /* no broker lets these through */
            }
        }
        topic[len] = '\0';
        demand_make(world, topic);
        break;
    case 6:
        broker_does(world);
        return;
    default:
        datagram(world, true, who);
        return;
    }
    run(world);
}

static void fuzz_core(const uint8_t *data, size_t size)
{
    static const struct brg_rule rule = {
        .path = "r*", .qos = 0, .retain = 0, .output = BRG_OUTPUT_RAW};
    static const char *const commands[] = {"*"};
    static const struct brg_name names[] = {{"0000000000000002", "a/b"}};
    const struct brg_core_config config = {.seed = 1,
                                           .base = "mesh",
                                           .qos = 1,
                                           .rules = &rule,
                                           .n_rules = 1,
                                           .commands = commands,
                                           .n_commands = 1,
                                           .sleepy = commands,
                                           .n_sleepy = size > 0 ? data[size - 1] & 1 : 0,
                                           .command_ttl_s = 60,
                                           .sleepy_ttl_s = 600,
                                           .max_commands = 4,
                                           .max_command_octets = 4096,
                                           .requests = commands,
                                           .n_requests = 1,
                                           .names = names,
                                           .n_names = 1,
                                           .events = true,
                                           .user_properties = true,
                                           .hass_prefix = "ha",
                                           .about = "{}",
                                           .settle_s = 0,
                                           .poll_interval_s = 60,
                                           .node_port = 5683,
                                           .max_nodes = 3,
                                           .max_resources = 8};
    struct world world = {.at = data, .left = size, .now = {BRG_SEC, 1700000000}};
    struct brg_outbox_config outbox;
    struct coap_config coap;

    coap_config_defaults(&coap);
    coap.max_outstanding = 2;
    coap.max_peers = 3;
    coap.max_body = 2048;
    brg_outbox_config_defaults(&outbox);
    outbox.max_states = 16;
    live = 0;
    world.ep = coap_endpoint_new(&coap, &heap);
    world.outbox = brg_outbox_new(&outbox, &heap);
    world.core = brg_core_new(&config, world.ep, world.outbox, &heap, NULL, NULL);
    if (world.core != NULL) {
        brg_outbox_set_maker(world.outbox, brg_core_make, world.core);
        while (world.left > 0) {
            step(&world);
        }
        REQUIRE(brg_core_stats(world.core)->nodes <= 3);
        REQUIRE(brg_core_stats(world.core)->resources <= 24);
        REQUIRE(brg_core_stats(world.core)->observed <= 24);
    }
    brg_core_free(world.core);
    brg_outbox_free(world.outbox);
    coap_endpoint_free(world.ep);
    REQUIRE(live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int formats[] = {COAP_FORMAT_NONE,      COAP_FORMAT_TEXT, COAP_FORMAT_OCTETS,
                                  COAP_FORMAT_JSON,      COAP_FORMAT_CBOR, COAP_FORMAT_SENML_JSON,
                                  COAP_FORMAT_SENML_CBOR};
    const struct brg_follow_handler handler = {ignore, ignore, ignore_node, NULL};

    if (size == 0) {
        return 0;
    }
    switch (data[0]) {
    case 'd':
        fuzz_codec(data + 1, size - 1);
        break;
    case 'l':
        fuzz_links(data + 1, size - 1);
        break;
    case 'n':
        fuzz_topic(data + 1, size - 1);
        break;
    case 'r':
        (void)brg_follow_line(&handler, (const char *)data + 1, size - 1);
        break;
    default:
        if (data[0] >= '0' && data[0] <= '6') {
            fuzz_payload(formats[data[0] - '0'], data + 1, size - 1);
        } else {
            fuzz_core(data, size);
        }
        break;
    }
    return 0;
}
