/* SPDX-License-Identifier: ISC */
/*
 * The promise on a bad air, on virtual time: nodes send confirmable notifications as RFC 7641
 * section 4.5 tells them to, giving up an observer that does not acknowledge; the air loses,
 * doubles and delays datagrams. What a node saw acknowledged must have been delivered, or a newer
 * value before it; nothing may be delivered twice, and observations live on.
 */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/coap.h"

#define N_NODES 20
#define SECONDS 600
#define QUEUE 4096

struct datagram {
    brg_tstamp at;
    bool to_bridge;
    unsigned node;
    size_t len;
    uint8_t data[128];
};

struct sensor {
    bool observer;
    uint8_t token[4];
    uint16_t mid;
    uint32_t seq;
    unsigned value;
    bool outstanding;
    unsigned tries;
    brg_tstamp resend_at;
    brg_tstamp next_at;
    uint8_t note[128];
    size_t note_len;
    unsigned note_value;
    uint8_t seen[SECONDS * 2]; /* by the bridge, per value */
    unsigned newest_seen;
    unsigned acked;
    brg_tstamp last_seen;
};

static struct heap heap;
static const struct brg_alloc alloc = {heap_get, heap_put, &heap};
static struct sensor sensors[N_NODES];
static struct datagram queue[QUEUE];
static size_t n_queue;
static uint64_t random_state;
static unsigned loss_percent;
static brg_tstamp now;
static unsigned late;
static struct coap_endpoint *ep;

static struct coap_addr address(unsigned node)
{
    struct coap_addr addr = {.ip = {0xfd}, .port = 5683};

    addr.ip[15] = (uint8_t)node;
    return addr;
}

/* Onto the air: lost, or there after 5 to 400 ms; one in twenty comes twice. */
static void air(bool to_bridge, unsigned node, const uint8_t *data, size_t len)
{
    unsigned copies = brg_random_below(&random_state, 20) == 0 ? 2 : 1;

    for (unsigned i = 0; i < copies; i++) {
        if (brg_random_below(&random_state, 100) < loss_percent) {
            continue;
        }
        assert_true(n_queue < QUEUE && len <= sizeof(queue[0].data));
        queue[n_queue] = (struct datagram){
            .at = now + 5 * BRG_MSEC + brg_random_below(&random_state, 395 * BRG_MSEC),
            .to_bridge = to_bridge,
            .node = node,
            .len = len,
        };
        memcpy(queue[n_queue++].data, data, len);
    }
}

static void send_value(unsigned n, enum coap_type type, uint16_t mid, const uint8_t token[4],
                       bool keep)
{
    struct sensor *sensor = &sensors[n];
    struct coap_msg msg = {.type = type, .code = COAP_CONTENT, .mid = mid, .token_len = 4};
    uint8_t rooms[2][4];
    char value[16];
    uint8_t data[128];
    size_t len;

    memcpy(msg.token, token, 4);
    coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, ++sensor->seq & 0xffffff, rooms[0]);
    coap_msg_add_uint(&msg, COAP_OPT_MAX_AGE, 30, rooms[1]);
    (void)snprintf(value, sizeof(value), "%u", sensor->value);
    msg.payload = (const uint8_t *)value;
    msg.payload_len = strlen(value);
    assert_int_equal(coap_msg_write(&msg, data, sizeof(data), &len), 0);
    if (keep) {
        memcpy(sensor->note, data, len);
        sensor->note_len = len;
        sensor->note_value = sensor->value;
    }
    air(true, n, data, len);
}

/* The node reads what the bridge sent. */
static void sensor_input(unsigned n, const uint8_t *data, size_t len)
{
    struct sensor *sensor = &sensors[n];
    struct coap_msg msg;
    bool header;

    assert_int_equal(coap_msg_parse(&msg, data, len, &header), 0);
    if (msg.code == COAP_GET) {
        sensor->observer = true;
        memcpy(sensor->token, msg.token, 4);
        send_value(n, COAP_ACK, msg.mid, msg.token, false);
    } else if (sensor->outstanding && msg.mid == sensor->mid) {
        sensor->outstanding = false;
        if (msg.type == COAP_ACK) {
            /* Delivered, or of no interest any more: a registration's answer, which was newer,
             * had come before it (RFC 7641 section 3.4). */
            if (!sensor->seen[sensor->note_value]) {
                assert_true(sensor->newest_seen > sensor->note_value);
                late++;
            }
            sensor->acked++;
        } else {
            sensor->observer = false;
        }
    }
}

static void sensor_work(unsigned n)
{
    struct sensor *sensor = &sensors[n];

    if (sensor->outstanding && now >= sensor->resend_at) {
        if (++sensor->tries > 4) {
            sensor->outstanding = false;
            sensor->observer = false; /* RFC 7641 section 4.5 */
            return;
        }
        air(true, n, sensor->note, sensor->note_len);
        sensor->resend_at = now + ((2 * BRG_SEC) << sensor->tries);
    }
    if (now >= sensor->next_at) {
        sensor->next_at += BRG_SEC;
        sensor->value++;
        if (sensor->observer && !sensor->outstanding) {
            sensor->outstanding = true;
            sensor->tries = 0;
            sensor->mid++;
            sensor->resend_at = now + 2 * BRG_SEC;
            send_value(n, COAP_CON, sensor->mid, sensor->token, true);
        }
    }
}

static void observe(unsigned n)
{
    const struct coap_request request = {.peer = address(n),
                                         .method = COAP_GET,
                                         .uri = "v",
                                         .observe = true,
                                         .accept = COAP_FORMAT_NONE,
                                         .cookie = n};
    uint32_t id;

    assert_int_equal(coap_request(ep, &request, now, &id), 0);
}

static void bridge_effects(void)
{
    struct coap_effect effect;

    while (coap_poll(ep, &effect)) {
        unsigned n = (unsigned)(effect.kind == COAP_SEND ? effect.peer.ip[15] : effect.cookie);

        if (effect.kind == COAP_SEND) {
            air(false, n, effect.data, effect.len);
        } else if (effect.kind == COAP_RESPONSE) {
            char text[16] = "";
            unsigned value;

            assert_true(effect.len < sizeof(text));
            memcpy(text, effect.data, effect.len);
            value = (unsigned)strtoul(text, NULL, 10);
            /* A notification is delivered once; a registration's answer may tell it again. */
            if (effect.confirm) {
                assert_int_equal(sensors[n].seen[value] & 2, 0);
                sensors[n].seen[value] |= 2;
                coap_confirm(ep, &effect.peer, effect.mid, true, now);
            } else {
                sensors[n].seen[value] |= 1;
            }
            sensors[n].last_seen = now;
            if (value > sensors[n].newest_seen) {
                sensors[n].newest_seen = value;
            }
        }
        if (effect.last) {
            observe(n);
        }
    }
}

static void deliver_due(void)
{
    for (size_t i = 0; i < n_queue;) {
        struct datagram datagram = queue[i];
        struct coap_addr from = address(datagram.node);

        if (datagram.at > now) {
            i++;
            continue;
        }
        queue[i] = queue[--n_queue];
        if (datagram.to_bridge) {
            assert_int_equal(coap_input(ep, &from, datagram.data, datagram.len, now), 0);
            bridge_effects();
        } else {
            sensor_input(datagram.node, datagram.data, datagram.len);
        }
    }
}

static void simulate(unsigned percent, uint64_t seed)
{
    struct coap_config config;
    unsigned acked = 0;

    loss_percent = percent;
    random_state = seed;
    memset(sensors, 0, sizeof(sensors));
    n_queue = 0;
    late = 0;
    now = BRG_SEC;
    heap = (struct heap){.live = 0};
    coap_config_defaults(&config);
    config.seed = seed;
    ep = coap_endpoint_new(&config, &alloc);
    assert_non_null(ep);
    for (unsigned n = 0; n < N_NODES; n++) {
        sensors[n].next_at = now;
        observe(n);
    }
    while (now < SECONDS * BRG_SEC) {
        now += 10 * BRG_MSEC;
        coap_timeout(ep, now);
        bridge_effects();
        deliver_due();
        for (unsigned n = 0; n < N_NODES; n++) {
            sensor_work(n);
        }
    }
    for (unsigned n = 0; n < N_NODES; n++) {
        acked += sensors[n].acked;
        /* Alive: within twice Max-Age and half a minute (at worst a registration backs off). */
        if (now - sensors[n].last_seen > 90 * BRG_SEC) {
            fail_msg("loss %u %%, seed %lu: the observation of node %u is dead", percent,
                     (unsigned long)seed, n);
        }
    }
    assert_true(acked > 1000);
    assert_true(late < acked / 100);
    coap_endpoint_free(ep);
    assert_int_equal(heap.live, 0);
}

static void test_good_air(void **state)
{
    (void)state;
    simulate(0, 1);
}

static void test_a_tenth_lost(void **state)
{
    (void)state;
    simulate(10, 2);
    simulate(10, 3);
}

static void test_three_tenths_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 4; seed < 8; seed++) {
        simulate(30, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_air),
        cmocka_unit_test(test_a_tenth_lost),
        cmocka_unit_test(test_three_tenths_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
