/* SPDX-License-Identifier: ISC */
/* Nodes and their resources: discovery, observation, polling, what is published. */
#include "tests/unit/bridge_rig.h"

#include <string.h>

static void test_observed(void **state)
{
    struct coap_msg request;

    (void)state;
    discovered("</s/temp>;obs;rt=\"temp\"");
    expect_availability(EUI1, "online");
    request = request_for("temp");
    assert_non_null(coap_msg_find(&request, COAP_OPT_OBSERVE));
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 7, "21.5");
    expect("mesh/" EUI1 "/s/temp", "{\"v\":21.5,\"t\":1700000003.000,\"tq\":\"bridge\",\"seq\":7}",
           1, true);
    answer(EUI1, &request,
           (struct answer){
               .type = COAP_CON, .code = COAP_CONTENT, .mid = 5, .seq_plus1 = 9, .payload = "22"});
    assert_int_equal(acks, 1);
    expect("mesh/" EUI1 "/s/temp", "{\"v\":22,\"t\":1700000003.000,\"tq\":\"bridge\",\"seq\":8}", 1,
           true);
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
    expect("mesh/" EUI1 "/s/hum", "{\"v\":40,\"t\":1700000003.000,\"tq\":\"bridge\"}", 1, true);
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
    expect("mesh/" EUI1 "/button", "{\"v\":1,\"t\":1700000003.000,\"tq\":\"bridge\",\"seq\":0}", 1,
           false);
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
           "{\"v\":20,\"u\":\"Cel\",\"t\":1700000003.000,\"tq\":\"bridge\",\"seq\":1}", 1, true);
    expect("mesh/" EUI1 "/green/house/%73et",
           "{\"v\":true,\"t\":1700000003.000,\"tq\":\"bridge\",\"seq\":1}", 1, true);
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
    expect_availability(EUI1, ""); /* who had to go leaves nothing with the broker */
    expect("mesh/" EUI1 "/info", "", 1, true);
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

/* Every allocation refused in turn, over the life of a node: nothing leaks or falls over. */
static void test_every_allocation_fails(void **state)
{
    const struct brg_demand demand = {
        .topic = "mesh/" EUI1 "/b/set",
        .payload = "{\"v\":1,\"transaction\":7}",
        .len = 23,
        .response_topic = "me",
    };

    (void)state;
    for (long fail = 1; fail < 80; fail++) {
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
        brg_core_command(core, &demand, &now);
        brg_core_command(core, &demand, &now);
        run();
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
        T(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
