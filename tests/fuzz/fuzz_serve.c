/* SPDX-License-Identifier: ISC */
/*
 * What anybody can ask the bridge, and what its files of nodes can hold. The first octet chooses:
 *
 *   k  a line of the file of keys
 *   a  an address, a directory, a node of the configuration
 *   r  what a directory answers
 *   otherwise: a script of requests, answers and time for the server with a real core, whose nodes
 *   are fd00::0 and fd00::1; fd00::2 and fd00::3 are strangers, who may never get more than three
 *   times what they sent
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/bconf.h"
#include "bridge/core.h"
#include "bridge/dtls_keys.h"
#include "tests/fuzz/bridge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_key(const char *text)
{
    struct brg_key key;

    if (brg_key_line(text, &key) > 0) {
        REQUIRE(strlen(key.eui64) == BRG_EUI64_TEXT - 1);
        REQUIRE(key.certificate || (key.psk_len > 0 && key.psk_len <= BRG_PSK_MAX));
    }
}

static void fuzz_address(const char *text)
{
    char uri[BCONF_TEXT_MAX];
    struct coap_addr addr;
    struct brg_source source;
    uint8_t ip[16];

    (void)brg_ip6_parse(text, strlen(text), ip);
    if (bconf_directory_parse(text, &addr, uri)) {
        REQUIRE(addr.port != 0 && uri[0] != '\0');
    }
    if (bconf_node_parse(text, &source)) {
        REQUIRE(strlen(source.eui64) == BRG_EUI64_TEXT - 1);
    }
}

struct world {
    struct coap_endpoint *ep;
    struct brg_outbox *outbox;
    struct brg_core *core;
    struct brg_now now;
    struct coap_addr from; /* of the datagram that is being answered */
    size_t answered;       /* octets that went back there */
    unsigned trusted;      /* bit n: |who| n may get more than it sent */
    uint16_t mid;          /* of the last confirmable message of ours */
    uint8_t echo[8];
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

static void run(struct world *world)
{
    struct brg_message *message;
    struct coap_effect effect;

    world->answered = 0;
    while (coap_poll(world->ep, &effect)) {
        struct coap_msg msg;
        const struct coap_option *echo;
        bool header;

        if (effect.kind != COAP_SEND) {
            brg_core_effect(world->core, &effect, &world->now);
            continue;
        }
        REQUIRE(effect.len <= COAP_DATAGRAM_MAX);
        REQUIRE(coap_msg_parse(&msg, effect.data, effect.len, &header) == 0);
        world->mid = msg.type == COAP_CON ? msg.mid : world->mid;
        echo = coap_msg_find(&msg, COAP_OPT_ECHO);
        if (echo != NULL) {
            REQUIRE(echo->len == sizeof(world->echo));
            memcpy(world->echo, echo->value, sizeof(world->echo));
        }
        if (coap_addr_cmp(&effect.peer, &world->from) == 0) {
            world->answered += effect.len;
        }
    }
    while ((message = brg_outbox_take(world->outbox)) != NULL) {
        message->mid = 1;
        brg_outbox_acked(world->outbox, 1);
    }
}

static void hear(struct world *world, const uint8_t *data, size_t len, unsigned who, bool group,
                 bool honest)
{
    world->from = (struct coap_addr){.ip = {0xfd}, .port = 5683};
    world->from.ip[15] = (uint8_t)(who & 3);
    if (group) {
        (void)coap_input_group(world->ep, &world->from, data, len, world->now.mono);
    } else if (coap_input(world->ep, &world->from, data, len, world->now.mono) == 0) {
        brg_core_heard(world->core, &world->from, &world->now);
    }
    run(world);
    /* Who has proven to hear us once is believed for a while. */
    world->trusted |= honest ? 1U << (who & 3) : 0;
    /* A block that is too small for its header may be a little more. */
    REQUIRE(world->trusted & 1U << (who & 3) || (who & 3) < 2 || world->answered <= 3 * len + 64);
}

/* A request with what the script says of it. */
static void ask(struct world *world, unsigned who, bool group)
{
    static const char *const paths[] = {"r", "r/a", "r/0000000000000001/a", ".well-known/core",
                                        "r/0000000000000001/b/c"};
    struct coap_msg msg = {.type = (enum coap_type)(next(world) & 1)};
    unsigned flags = next(world);
    const char *path = paths[next(world) % 5];
    uint8_t rooms[5][4];
    uint8_t data[1500];
    size_t len = 0;

    msg.code = (uint8_t)(next(world) % 6);
    msg.mid = (uint16_t)next(world);
    msg.token_len = 4;
    while (*path != '\0') {
        size_t part = strcspn(path, "/");

        coap_msg_add(&msg, COAP_OPT_URI_PATH, path, part);
        path += part + (path[part] == '/');
    }
    if (flags & 1) {
        coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, next(world) & 1, rooms[0]);
    }
    if (flags & 2) {
        coap_msg_add_uint(&msg, COAP_OPT_BLOCK1, next(world), rooms[1]);
    }
    if (flags & 4) {
        coap_msg_add_uint(&msg, COAP_OPT_BLOCK2, next(world), rooms[2]);
    }
    if (flags & 8) {
        coap_msg_add_uint(&msg, COAP_OPT_CONTENT_FORMAT, next(world), rooms[3]);
    }
    if (flags & 16) {
        coap_msg_add(&msg, COAP_OPT_ECHO, world->echo, sizeof(world->echo));
    }
    msg.payload_len = (flags & 32 ? 16U : 1U) * next(world);
    msg.payload_len = msg.payload_len < world->left ? msg.payload_len : world->left;
    msg.payload = world->at;
    if (coap_msg_write(&msg, data, sizeof(data), &len) == 0) {
        world->at += msg.payload_len;
        world->left -= msg.payload_len;
        hear(world, data, len, who, group, (flags & 16) != 0);
    }
}

static void step(struct world *world)
{
    unsigned what = next(world);
    uint8_t data[4];
    size_t len;

    switch (what & 7) {
    case 0:
        world->now.mono += next(world) * BRG_SEC / 4;
        break;
    case 1:
        len = next(world) < world->left ? next(world) : world->left;
        len = len < world->left ? len : world->left;
        hear(world, world->at, len, what >> 4, (what & 8) != 0, true);
        world->at += len;
        world->left -= len;
        return;
    case 2: /* to our last confirmable message */
        memcpy(data, (const uint8_t[]){0x60, 0, (uint8_t)(world->mid >> 8), (uint8_t)world->mid},
               4);
        data[0] = what & 8 ? 0x70 : 0x60;
        hear(world, data, sizeof(data), what >> 4, false, true);
        return;
    default:
        ask(world, what >> 4, (what & 15) == 15);
        return;
    }
    coap_timeout(world->ep, world->now.mono);
    brg_core_timeout(world->core, &world->now);
    run(world);
}

static bool world_new(struct world *world, struct brg_core_config *config)
{
    struct brg_outbox_config outbox;
    struct coap_config coap;

    *config = (struct brg_core_config){.seed = 1,
                                       .base = "mesh",
                                       .qos = 1,
                                       .poll_interval_s = 60,
                                       .node_port = 5683,
                                       .serve = BRG_SERVE_ALL,
                                       .max_nodes = 4,
                                       .max_resources = 4};
    coap_config_defaults(&coap);
    coap.seed = 1;
    coap.max_peers = 3;
    coap.max_body = 512;
    coap.max_bodies = 1024;
    coap.max_observers = 4;
    brg_outbox_config_defaults(&outbox);
    outbox.max_states = 16;
    live = 0;
    world->ep = coap_endpoint_new(&coap, &heap);
    world->outbox = brg_outbox_new(&outbox, &heap);
    world->core = brg_core_new(config, world->ep, world->outbox, &heap, NULL, NULL);
    return world->core != NULL;
}

static void world_free(struct world *world)
{
    brg_core_free(world->core);
    brg_outbox_free(world->outbox);
    coap_endpoint_free(world->ep);
    REQUIRE(live == 0);
}

static void fuzz_server(const uint8_t *data, size_t size)
{
    static const struct brg_source nodes[] = {{"0000000000000000", {0xfd}},
                                              {"0000000000000001", {0xfd, [15] = 1}}};
    struct world world = {.at = data, .left = size, .now = {BRG_SEC, 1700000000}};
    struct brg_core_config config;

    if (world_new(&world, &config)) {
        brg_core_list(world.core, nodes, 2, &world.now);
        while (world.left > 0) {
            step(&world);
        }
        REQUIRE(brg_core_stats(world.core)->resources <= 8);
    }
    world_free(&world);
}

static void fuzz_directory(const uint8_t *data, size_t size)
{
    const struct coap_addr directory = {.ip = {0xfd, [15] = 9}, .port = 5683};
    struct world world = {.now = {BRG_SEC, 1700000000}};
    struct brg_core_config config;
    struct coap_effect effect;
    uint8_t reply[COAP_DATAGRAM_MAX];
    struct coap_msg msg = {.type = COAP_ACK, .code = COAP_CONTENT, .token_len = 4};
    size_t len;

    if (world_new(&world, &config)) {
        (void)brg_core_directory(world.core, &directory, "rd-lookup/ep", &world.now);
        REQUIRE(coap_poll(world.ep, &effect) && effect.kind == COAP_SEND && effect.len > 8);
        msg.mid = (uint16_t)(effect.data[2] << 8 | effect.data[3]);
        memcpy(msg.token, effect.data + 4, 4);
        msg.payload = data;
        msg.payload_len = size;
        if (coap_msg_write(&msg, reply, sizeof(reply), &len) == 0) {
            (void)coap_input(world.ep, &directory, reply, len, world.now.mono);
            run(&world);
        }
        REQUIRE(brg_core_stats(world.core)->nodes <= 4);
    }
    world_free(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1024] = "";

    if (size == 0) {
        return 0;
    }
    memcpy(text, data + 1, size - 1 < sizeof(text) - 1 ? size - 1 : sizeof(text) - 1);
    switch (data[0]) {
    case 'k':
        fuzz_key(text);
        break;
    case 'a':
        fuzz_address(text);
        break;
    case 'r':
        fuzz_directory(data + 1, size - 1);
        break;
    default:
        fuzz_server(data, size);
        break;
    }
    return 0;
}
