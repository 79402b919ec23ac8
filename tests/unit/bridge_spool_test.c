/* SPDX-License-Identifier: ISC */
/*
 * The spool under the whole bridge but its sockets: endpoint, core and outbox are real, SQLite too;
 * the disk is memory_disk.h's: it can lose power at every write, fill up, and lose what was not
 * synced.
 */
#include "tests/unit/bridge_lib.h"
#include "tests/unit/folder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "bridge/core.h"
#include "bridge/health.h"
#include "bridge/spool.h"
#include "tests/unit/memory_disk.h"

#define EUI "00124b0000010000"
#define NOTES 40

static struct heap heap;
static const struct brg_alloc alloc = {heap_get, heap_put, &heap};
static struct brg_core_config config;
static struct brg_spool_config spool_config;
static struct brg_spool *spool;
static struct coap_endpoint *ep;
static struct brg_outbox *outbox;
static struct brg_core *core;
static struct brg_now now;

static struct coap_msg request; /* the last one from the bridge, if |requests| */
static uint8_t request_data[COAP_DATAGRAM_MAX];
static unsigned requests;
static unsigned resets;
static int acked_mid; /* -1: nothing was acknowledged */

/* The broker: it may be away, and notes what it gets. */
static bool away;
static bool delivered[NOTES];
static int last_of[2];
static unsigned out_of_order;
static unsigned deliveries;

static void effects(void)
{
    struct coap_effect effect;
    struct coap_msg msg;
    bool header;

    while (coap_poll(ep, &effect)) {
        if (effect.kind != COAP_SEND) {
            brg_core_effect(core, &effect, &now);
            continue;
        }
        assert_int_equal(coap_msg_parse(&msg, effect.data, effect.len, &header), 0);
        resets += msg.type == COAP_RST;
        if (msg.type == COAP_ACK) {
            acked_mid = msg.mid;
        } else if (msg.type == COAP_CON) {
            memcpy(request_data, effect.data, effect.len);
            (void)coap_msg_parse(&request, request_data, effect.len, &header);
            requests++;
        }
    }
}

/* BASE/NODE/a or b with the number of the note as value. */
static void broker_note(const struct brg_message *message)
{
    const char *last = strrchr(message->topic, '/') + 1;
    char text[16] = "";
    int value;

    deliveries++;
    if (strlen(last) != 1) {
        return;
    }
    assert_true(message->len < sizeof(text));
    memcpy(text, message->payload, message->len);
    value = atoi(text);
    assert_in_range(value, 1, NOTES - 1);
    if (!delivered[value]) {
        out_of_order += value < last_of[last[0] - 'a'];
        last_of[last[0] - 'a'] = value;
    }
    delivered[value] = true;
}

static void broker_run(void)
{
    struct brg_message *message;

    while (!away && (message = brg_outbox_take(outbox)) != NULL) {
        broker_note(message);
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
}

static void pass(brg_tstamp time)
{
    brg_tstamp end = now.mono + time;

    for (;;) {
        brg_tstamp core_at;
        brg_tstamp at;

        effects();
        broker_run();
        brg_core_tend(core, &now);
        core_at = brg_core_deadline(core);
        at = coap_deadline(ep);
        at = core_at < at ? core_at : at;
        if (at > end) {
            break;
        }
        now.mono = at > now.mono ? at : now.mono;
        coap_timeout(ep, now.mono);
        brg_core_timeout(core, &now);
    }
    now.mono = end;
}

static void take_state(void *arg, uint64_t id, const struct brg_message *message)
{
    (void)arg;
    assert_int_equal(brg_outbox_restore(outbox, id, message), 0);
}

static void take_observation(void *arg, const struct brg_observation *observation)
{
    (void)arg;
    assert_int_equal(brg_core_restore(core, observation, &now), 0);
}

/* A process begins. False when the disk does not let it. */
static bool begin(void)
{
    struct brg_outbox_config out;
    struct coap_config coap;
    uint64_t first = 1;
    uint64_t next = 1;
    char error[128];
    bool aside;

    coap_config_defaults(&coap);
    coap.seed = 1;
    brg_outbox_config_defaults(&out);
    out.near = 4;
    out.window = 3;
    ep = coap_endpoint_new(&coap, &alloc);
    outbox = brg_outbox_new(&out, &alloc);
    core = brg_core_new(&config, ep, outbox, &alloc, NULL, NULL);
    assert_non_null(core);
    spool_config.newest = brg_outbox_newest;
    spool_config.newest_ctx = outbox;
    spool = brg_spool_open(&spool_config, &aside, error);
    assert_false(aside);
    if (spool == NULL || brg_spool_ids(spool, &first, &next) < 0) {
        assert_true(disk.dead || disk.limit > 0);
        return false;
    }
    brg_outbox_attach(outbox, brg_spool_store(spool), first, next);
    brg_core_attach(core, brg_spool_store(spool));
    assert_int_equal(brg_spool_states(spool, take_state, NULL), 0);
    assert_int_equal(brg_spool_observations(spool, take_observation, NULL), 0);
    return true;
}

static void end(void)
{
    brg_core_free(core);
    brg_outbox_free(outbox);
    coap_endpoint_free(ep);
    brg_spool_close(spool);
    spool = NULL;
    assert_int_equal(heap.live, 0);
}

static void node_up(void)
{
    const uint8_t ip[16] = {0xfd, [15] = 1};

    brg_core_node_up(core, EUI, 0, ip, &now);
    effects();
}

static void say(enum coap_type type, uint16_t mid, const uint8_t token[4], int seq,
                const char *payload, int format)
{
    const struct coap_addr from = {.ip = {0xfd, [15] = 1}, .port = 5683};
    struct coap_msg msg = {.type = type, .code = COAP_CONTENT, .mid = mid, .token_len = 4};
    uint8_t rooms[2][4];
    uint8_t data[COAP_DATAGRAM_MAX];
    size_t len;

    memcpy(msg.token, token, 4);
    if (seq >= 0) {
        coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, (uint32_t)seq, rooms[0]);
    }
    coap_msg_add_uint(&msg, COAP_OPT_CONTENT_FORMAT, (uint32_t)format, rooms[1]);
    msg.payload = (const uint8_t *)payload;
    msg.payload_len = strlen(payload);
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    assert_int_equal(coap_input(ep, &from, data, len, now.mono), 0);
    effects();
}

/* The node as it goes on over the bridge's lives: what it knows of its two observers. */
static uint8_t tokens[2][4];
static bool acked[NOTES];

static bool registered(void)
{
    requests = 0;
    node_up();
    pass(5 * BRG_SEC);
    if (requests == 0) {
        return false;
    }
    say(COAP_ACK, request.mid, request.token, -1, "</a>;obs;rt=event,</b>;obs", COAP_FORMAT_LINK);
    for (int i = 0; i < 2; i++) {
        memcpy(tokens[i], request.token, 4);
        say(COAP_ACK, request.mid, request.token, 0, i == 0 ? "1" : "2", COAP_FORMAT_TEXT);
    }
    pass(50 * BRG_MSEC);
    return true;
}

/* Note |n|, whose copies are the same octets. True when it is acknowledged at last. */
static bool note(int n, int copies)
{
    char text[8];

    (void)snprintf(text, sizeof(text), "%d", n);
    acked_mid = -1;
    for (int i = 0; i < copies && acked_mid != 1000 + n; i++) {
        say(COAP_CON, (uint16_t)(1000 + n), tokens[n % 2 == 0], n, text, COAP_FORMAT_TEXT);
        pass(50 * BRG_MSEC);
        if (acked_mid != 1000 + n) {
            pass(2 * BRG_SEC);
        }
    }
    acked[n] |= acked_mid == 1000 + n;
    return acked[n];
}

static void forget_all(void)
{
    memset(delivered, 0, sizeof(delivered));
    memset(acked, 0, sizeof(acked));
    last_of[0] = last_of[1] = 0;
    out_of_order = 0;
    deliveries = 0;
    requests = 0;
    resets = 0;
    away = true;
}

static int setup(void **state)
{
    (void)state;
    config = (struct brg_core_config){
        .seed = 3,
        .base = "mesh",
        .qos = 1,
        .output = BRG_OUTPUT_VALUE,
        .settle_s = 1,
        .poll_interval_s = 300,
        .node_port = 5683,
        .max_nodes = 2,
        .max_resources = 8,
    };
    spool_config = (struct brg_spool_config){
        .file = "spool", .vfs = "memory-disk", .max_bytes = 1 << 20, .max_age_s = 1e6};
    heap = (struct heap){.live = 0};
    /* The store asks the system for the time, too, to see what has become too old. */
    now = (struct brg_now){.mono = 1000 * BRG_SEC, .wall_s = (double)time(NULL)};
    disk_new();
    forget_all();
    return 0;
}

/* What was acknowledged has arrived, in order. */
static void check_promise(void)
{
    for (int n = 3; n < NOTES; n++) {
        if (acked[n] && !delivered[n]) {
            fail_msg("note %d was acknowledged and is lost", n);
        }
    }
    assert_int_equal(out_of_order, 0);
}

static void test_kept_over_a_kill(void **state)
{
    (void)state;
    assert_true(begin());
    assert_true(registered());
    for (int n = 3; n < 20; n++) {
        assert_true(note(n, 1));
    }
    disk_cut(DISK_KEEPS_ALL); /* as after kill -9 */
    end();
    disk_restore();
    requests = 0;
    assert_true(begin());
    /* Before anybody has told that this node is there: its notifications are known. */
    assert_true(note(19, 1)); /* the copy of one that was kept */
    assert_true(note(20, 1));
    assert_int_equal(requests, 0);
    assert_int_equal(resets, 0);
    /* And when somebody has, the node is asked what it offers, and nothing else. */
    node_up();
    pass(2 * BRG_SEC);
    assert_int_equal(requests, 1);
    say(COAP_ACK, request.mid, request.token, -1, "</a>;obs;rt=event,</b>;obs", COAP_FORMAT_LINK);
    pass(10 * BRG_SEC);
    assert_int_equal(requests, 1);
    away = false;
    pass(BRG_SEC);
    check_promise();
    assert_true(delivered[20]);
    deliveries = 0;
    /* Its availability, a and b: told again to a broker that has forgotten. */
    brg_outbox_republish(outbox);
    pass(BRG_SEC);
    assert_true(deliveries >= 2);
    end();
}

/* Nothing is acknowledged before it is on the disk or at the broker. */
static void test_acknowledged_when_kept(void **state)
{
    (void)state;
    assert_true(begin());
    assert_true(registered());
    acked_mid = -1;
    say(COAP_CON, 1003, tokens[0], 3, "3", COAP_FORMAT_TEXT);
    pass(20 * BRG_MSEC);
    assert_int_equal(acked_mid, -1);
    pass(30 * BRG_MSEC);
    assert_int_equal(acked_mid, 1003);
    disk.limit = 1; /* nothing may grow */
    assert_false(note(5, 3));
    assert_false(delivered[5]);
    away = false; /* what the broker has needs no disk */
    assert_true(note(7, 3));
    away = true;
    assert_false(note(9, 2));
    disk.limit = 0;
    assert_true(note(9, 2));
    away = false;
    pass(BRG_SEC);
    check_promise();
    end();
}

static void test_memory_will_do(void **state)
{
    (void)state;
    config.memory_will_do = true;
    assert_true(begin());
    assert_true(registered());
    disk.limit = 1;
    for (int n = 3; n < 30; n++) {
        assert_true(note(n, 1));
    }
    away = false;
    pass(BRG_SEC);
    check_promise();
    end();
}

/* The bridge from its first start, cut at write |cut|; then its next life. False: |cut| was never
 * reached. */
static bool life(long cut, enum disk_loss loss)
{
    bool dead;
    int n = 3;

    disk_new();
    disk.cut_at = cut;
    disk.cut_loss = loss;
    forget_all();
    if (begin() && registered()) {
        for (; n < NOTES && !disk.dead; n++) {
            away = n < 8 || (n > 14 && n < 34);
            (void)note(n, 1);
        }
        pass(20 * BRG_SEC); /* states are saved */
    }
    dead = disk.dead;
    end();
    disk_restore();
    away = true;
    resets = 0;
    assert_true(begin());
    /* The copy of the last one, but not always: it could make good for a loss. */
    if (cut % 2 == 0 && n > 3 && acked[n - 1]) {
        requests = 0;
        assert_true(note(n - 1, 1));
        assert_int_equal(requests, 0);
        assert_int_equal(resets, 0);
    }
    away = false;
    pass(BRG_SEC);
    check_promise();
    end();
    return dead;
}

static void test_cut_at_every_write(void **state)
{
    long cuts = 0;

    (void)state;
    for (enum disk_loss loss = DISK_KEEPS_ALL; loss <= DISK_KEEPS_SOME; loss++) {
        long cut = 1;

        while (life(cut, loss)) {
            cut++;
        }
        cuts += cut;
    }
    print_message("%ld cuts\n", cuts);
    assert_true(cuts > 300);
}

/* --- the bounds ----------------------------------------------------------------------------- */

static struct brg_dead last_dead;
static unsigned n_dead;
static char dead_topic[64];

static void dead(void *arg, const struct brg_dead *what)
{
    (void)arg;
    if (n_dead++ == 0) {
        last_dead = *what;
        (void)snprintf(dead_topic, sizeof(dead_topic), "%s %s", what->topic, what->reason);
    }
}

static void put_many(const char *topic, int n, bool retain, double at_s)
{
    char payload[100] = "";

    for (int i = 0; i < n; i++) {
        struct brg_message message = {.topic = topic,
                                      .payload = payload,
                                      .len = sizeof(payload),
                                      .retain = retain,
                                      .qos = 1,
                                      .at_s = at_s};

        (void)snprintf(payload, sizeof(payload), "%d", i);
        assert_int_equal(brg_outbox_add(outbox, &message), 0);
        if (i % 50 == 49) {
            assert_int_equal(brg_core_commit(core, &now), 0);
        }
    }
    assert_int_equal(brg_core_commit(core, &now), 0);
}

/* The next message, which is on this topic; its payload, terminated. */
static const char *told(const char *topic)
{
    static char text[20000];
    struct brg_message *message = brg_outbox_take(outbox);

    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    assert_true(message->retain && message->len < sizeof(text));
    memcpy(text, message->payload, message->len);
    text[message->len] = '\0';
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
    return text;
}

/* How the bridge is, and what it gave up: told when it is new. */
static void check_health(void)
{
    struct brg_health health = {
        .base = "mesh", .core = core, .ep = ep, .outbox = outbox, .spool = spool};
    const char *text;

    brg_health_tell(&health, 1800000000.5);
    text = told("mesh/bridge/health");
    assert_non_null(strstr(text, "{\"t\":1800000000.5,\"spool\":\"ok\",\"nodes\":0,"));
    assert_non_null(strstr(text, ",\"spool_messages\":0,\"spool_bytes\":0,"));
    assert_null(strstr(text, "\"spool_dropped\":0"));
    text = told("mesh/bridge/dead");
    assert_true(strstr(text, "[{\"topic\":\"f\",\"reason\":\"no room\",\"t\":") == text);
    assert_non_null(strstr(text, ",\"octets\":100,\"hex\":\""));
    assert_string_equal(text + strlen(text) - 3, "\"}]");
    brg_health_tell(&health, 1800000060.);
    (void)told("mesh/bridge/health");
    assert_null(brg_outbox_take(outbox)); /* nobody died since */
}

/* First the values of a state but the newest, then the oldest, and each is told of. */
static void test_bounded(void **state)
{
    const struct brg_spool_stats *stats;
    unsigned n = 0;

    (void)state;
    spool_config.max_bytes = 100000;
    assert_true(begin());
    stats = brg_spool_stats(spool);
    put_many("e", 200, false, 0.);
    put_many("s", 5000, true, 0.);
    assert_true(stats->bytes <= 100000);
    assert_true(stats->superseded > 4000);
    assert_int_equal(stats->dropped, 0);
    put_many("f", 1000, false, 0.);
    assert_true(stats->bytes <= 100000);
    assert_true(stats->dropped >= 400);
    assert_int_equal(brg_spool_dead(spool, 0, 5000, dead, NULL), 0);
    assert_int_equal(n_dead, stats->dropped > 1000 ? 1000 : stats->dropped);
    assert_string_equal(last_dead.reason == NULL ? "" : dead_topic, "f no room");
    disk_cut(DISK_LOSES_UNSYNCED);
    end();
    disk_restore();
    assert_true(begin());
    stats = brg_spool_stats(spool);
    assert_true(stats->bytes <= 100000 && stats->bytes > 50000);
    assert_true(stats->dropped >= 400); /* the count goes on */
    for (;;) {
        struct brg_message *message = brg_outbox_take(outbox);

        if (message == NULL) {
            break;
        }
        n++;
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
    assert_int_equal(n, stats->messages);
    assert_int_equal(brg_core_commit(core, &now), 0);
    assert_int_equal(stats->messages, 0);
    assert_int_equal(stats->bytes, 0);
    check_health();
    end();
}

static void test_too_old(void **state)
{
    (void)state;
    spool_config.max_age_s = 100.;
    n_dead = 0;
    assert_true(begin());
    put_many("e", 10, false, 1600000000.); /* years ago */
    put_many("e", 10, false, 0.);
    put_many("e", 10, false, 5.); /* from before the clock was set */
    assert_int_equal(brg_spool_stats(spool)->expired, 10);
    assert_int_equal(brg_spool_stats(spool)->messages, 20);
    assert_int_equal(brg_spool_dead(spool, 0, 50, dead, NULL), 0);
    assert_int_equal(n_dead, 10);
    assert_string_equal(dead_topic, "e too old");
    end();
}

/* Puts a message with so many octets, which the broker does not want for |reason|. */
static void give_up(const char *topic, size_t len, bool retain, const char *reason)
{
    static const char payload[3000];
    struct brg_message *message;

    assert_int_equal(brg_outbox_put(outbox, topic, payload, len, 1, retain), 0);
    message = brg_outbox_take(outbox);
    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    message->mid = 7;
    assert_ptr_equal(brg_outbox_in_flight(outbox, 7), message);
    brg_outbox_undeliverable(outbox, 7, reason);
    assert_null(brg_outbox_in_flight(outbox, 7));
}

static void check_dead(unsigned n, const char *newest)
{
    n_dead = 0;
    assert_int_equal(brg_spool_dead(spool, 0, 5000, dead, NULL), 0);
    assert_int_equal(n_dead, n);
    assert_string_equal(dead_topic, newest);
}

/* What never gets to the broker is among the dead with its reason, bounded, over a kill. */
static void test_undeliverable(void **state)
{
    static const char refused[] = "refused by the broker: Not authorized";
    struct brg_message *message;

    (void)state;
    assert_true(begin());
    give_up("e", 2000, false, refused);
    check_dead(0, dead_topic); /* nothing is written before the transaction */
    assert_int_equal(brg_core_commit(core, &now), 0);
    check_dead(1, "e refused by the broker: Not authorized");
    assert_int_equal(last_dead.octets, 2000);
    assert_int_equal(last_dead.len, BRG_DEAD_PAYLOAD_MAX);
    assert_int_equal(brg_spool_stats(spool)->messages, 0); /* it is not tried again */
    assert_int_equal(brg_outbox_stats(outbox)->published, 0);
    give_up("own", 10, false, NULL);
    give_up("s", 10, true, "older than its Max-Age");
    brg_outbox_undeliverable(outbox, 7, refused); /* nobody has that number any more */
    assert_int_equal(brg_core_commit(core, &now), 0);
    check_dead(2, "s older than its Max-Age");
    brg_outbox_republish(outbox);
    message = brg_outbox_take(outbox);
    assert_non_null(message);
    message->mid = 8;
    brg_outbox_undeliverable(outbox, 8, refused); /* the broker had its chance */
    assert_int_equal(brg_core_commit(core, &now), 0);
    check_dead(2, "s older than its Max-Age");
    disk_cut(DISK_LOSES_UNSYNCED);
    end();
    disk_restore();
    assert_true(begin());
    check_dead(2, "s older than its Max-Age");
    assert_int_equal(brg_spool_stats(spool)->buried, 2);
    for (int i = 0; i < 1500; i++) {
        give_up("many", 1, false, refused);
    }
    assert_int_equal(brg_core_commit(core, &now), 0);
    assert_int_equal(brg_spool_stats(spool)->buried, 1502);
    check_dead(1000, "many refused by the broker: Not authorized");
    end();
}

/* On a disk that takes nothing what is to be written stays bounded, and the newest of it is. */
static void test_undeliverable_without_disk(void **state)
{
    (void)state;
    assert_true(begin());
    disk.limit = 1;
    for (int i = 0; i < 200; i++) {
        give_up(i == 199 ? "last" : "e", 10, false, "older than its Max-Age");
    }
    assert_true(brg_core_commit(core, &now) < 0);
    disk.limit = 0;
    give_up("after", 10, false, "older than its Max-Age");
    assert_int_equal(brg_core_commit(core, &now), 0);
    n_dead = 0;
    assert_int_equal(brg_spool_dead(spool, 0, 5000, dead, NULL), 0);
    assert_in_range(n_dead, 2, 64);
    assert_string_equal(dead_topic, "after older than its Max-Age");
    end();
}

/* A value that cannot be read, acknowledged all the same. */
static void test_undecodable(void **state)
{
    (void)state;
    assert_true(begin());
    assert_true(registered());
    acked_mid = -1;
    say(COAP_CON, 1003, tokens[0], 3, "\xff\xff", COAP_FORMAT_CBOR);
    pass(BRG_SEC);
    assert_int_equal(acked_mid, 1003);
    n_dead = 0;
    assert_int_equal(brg_spool_dead(spool, 0, 50, dead, NULL), 0);
    assert_int_equal(n_dead, 1);
    assert_true(strncmp(dead_topic, "mesh/" EUI "/a ", strlen("mesh/" EUI "/a ")) == 0);
    assert_int_equal(last_dead.octets, 2);
    end();
}

/* A file that is none of ours is put aside, not used and not destroyed. */
static void test_broken_file(void **state)
{
    static const char file[] = "spool.db";
    static const char broken[] = "spool.db-broken";
    FILE *out = fopen(file, "w");
    char error[128];
    bool aside;

    (void)state;
    assert_non_null(out);
    for (int i = 0; i < 5000; i++) {
        assert_true(fputs("nonsense ", out) >= 0);
    }
    assert_int_equal(fclose(out), 0);
    spool_config.file = file;
    spool_config.vfs = NULL;
    spool = brg_spool_open(&spool_config, &aside, error);
    assert_non_null(spool);
    assert_true(aside);
    assert_null(brg_spool_open(&spool_config, &aside, error)); /* one at a time */
    assert_false(aside);
    brg_spool_close(spool);
    assert_int_equal(remove(broken), 0);
    assert_int_equal(remove(file), 0);
}

/* A message that goes through the file, with what it has beside its payload. */
static void file_message(void *arg, uint64_t id, const struct brg_message *message)
{
    (void)id;
    assert_string_equal(message->topic, "t");
    assert_int_equal(message->props_len, *(const size_t *)arg);
}

static void test_older_version(void **state)
{
    static const char file[] = "old.db";
    const struct brg_message message = {
        .topic = "t", .payload = "p", .len = 1, .props = (const uint8_t *)"\x09", .props_len = 1};
    const struct brg_store *store;
    size_t props_len = 1;
    char error[128];
    sqlite3 *db;
    bool aside;

    (void)state;
    (void)remove(file);
    spool_config.file = file;
    spool_config.vfs = NULL;
    spool = brg_spool_open(&spool_config, &aside, error);
    assert_non_null(spool);
    store = brg_spool_store(spool);
    assert_int_equal(store->begin(store->ctx), 0);
    assert_int_equal(store->put(store->ctx, 1, &message), 0);
    assert_int_equal(store->commit(store->ctx), 0);
    assert_int_equal(store->load(store->ctx, 0, 5, file_message, &props_len), 1);
    brg_spool_close(spool);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "ALTER TABLE message DROP COLUMN props;"
                                  "ALTER TABLE state DROP COLUMN props;"
                                  "CREATE INDEX message_topic ON message(topic, id);"
                                  "ALTER TABLE observation DROP COLUMN rt;"
                                  "ALTER TABLE observation DROP COLUMN ifs;"
                                  "ALTER TABLE observation DROP COLUMN shape; DROP TABLE node;"
                                  "DROP TABLE series;"
                                  "ALTER TABLE dead DROP COLUMN octets;"
                                  "PRAGMA user_version=1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    spool = brg_spool_open(&spool_config, &aside, error);
    assert_non_null(spool);
    assert_false(aside);
    store = brg_spool_store(spool);
    props_len = 0;
    assert_int_equal(store->load(store->ctx, 0, 5, file_message, &props_len), 1);
    brg_spool_close(spool);
    assert_int_equal(remove(file), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        T(test_kept_over_a_kill), T(test_acknowledged_when_kept),
        T(test_memory_will_do),   T(test_cut_at_every_write),
        T(test_bounded),          T(test_too_old),
        T(test_broken_file),      T(test_older_version),
        T(test_undeliverable),    T(test_undeliverable_without_disk),
        T(test_undecodable),
    };

    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
