/* SPDX-License-Identifier: ISC */
/* The tables and events, and what they cost the outbox. */
#include "tests/unit/bridge_rig.h"

#include <string.h>

#include <cjson/cJSON.h>

static const struct brg_name names[] = {{EUI1, "kitchen/clock"}};
static const struct brg_rule by_type[] = {
    {.rt = "temperature", .obs = BRG_OBS_YES, .qos = 2, .retain = -1, .output = -1},
    {.path = "*", .qos = -1, .retain = -1, .output = -1, .ignore = true},
};

static void all_told(struct brg_core_config *config)
{
    config->names = names;
    config->n_names = 1;
    config->events = true;
    config->about = "{\"schema\":1}";
    config->rules = by_type;
    config->n_rules = 2;
}

static int setup_told(void **state)
{
    (void)state;
    if (setup_with(all_told) != 0) {
        return -1;
    }
    brg_outbox_set_maker(outbox, brg_core_make, core);
    return 0;
}

/* The next message must be on this topic; its JSON, which the caller deletes. */
static cJSON *next_json(const char *topic, bool retain)
{
    struct brg_message *message = brg_outbox_take(outbox);
    cJSON *json;

    assert_non_null(message);
    assert_string_equal(message->topic, topic);
    assert_int_equal(message->retain, retain);
    json = cJSON_ParseWithLength(message->payload, message->len);
    assert_non_null(json);
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
    return json;
}

static const char *text_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void expect_event(const char *event)
{
    cJSON *json = next_json("mesh/bridge/event", false);

    assert_string_equal(text_of(json, "event"), event);
    cJSON_Delete(json);
}

static void test_tables(void **state)
{
    const uint8_t parent[16] = {0xfe, 0x80, [15] = 7};
    const cJSON *item;
    cJSON *json;

    (void)state;
    discovered("</t>;rt=\"core.x temperature\";obs,</h>;rt=temperature,</x>;obs");
    cJSON_Delete(next_json("mesh/kitchen/clock/info", true)); /* it is online that long */
    expect("mesh/kitchen/clock/availability", "online", 1, true);
    expect_event("node-online");
    expect_event("node-resources");
    expect_nothing();
    brg_core_node_parent(core, EUI1, 0, parent, &now);
    (void)request_for("t"); /* and nothing else fits the rules */
    assert_int_equal(n_air, 0);
    pass(6);
    n_air = 0;
    cJSON_Delete(next_json("mesh/bridge/devices", true));
    json = next_json("mesh/kitchen/clock/info", true);
    assert_string_equal(text_of(json, "node"), EUI1);
    assert_string_equal(text_of(json, "name"), "kitchen/clock");
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "instances"), 0);
    assert_string_equal(text_of(item, "parent"), "fe80::7");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(item, "rank")));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(item, "etx")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "resources")), 3);
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "resources"), 0);
    assert_string_equal(text_of(item, "rt"), "core.x temperature");
    assert_string_equal(text_of(item, "state"), "asked");
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "resources"), 1);
    assert_string_equal(text_of(item, "state"), "ignored");
    cJSON_Delete(json);
    expect_nothing();
    /* Nothing is kept of them. */
    assert_int_equal(brg_outbox_stats(outbox)->states, 1);
    brg_outbox_republish(outbox);
    brg_core_tell_all(core);
    cJSON_Delete(next_json("mesh/bridge/info", true));
    json = next_json("mesh/bridge/devices", true);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "nodes")), 1);
    cJSON_Delete(json);
    cJSON_Delete(next_json("mesh/kitchen/clock/info", true));
    expect("mesh/kitchen/clock/availability", "online", 1, true);
    expect_nothing();
    brg_core_node_down(core, EUI1, 0, &now);
    expect("mesh/kitchen/clock/availability", "offline", 1, true);
    expect_event("node-offline");
}

/* What rpld knows of the link with a neighbour: told once, and when it is different. */
static void test_link(void **state)
{
    struct brg_link_state link = {.rank = 512, .etx = 100};
    cJSON *item;
    cJSON *json;

    (void)state;
    discovered("</t>");
    pass(60);
    while (brg_outbox_take(outbox) != NULL) {
    }
    brg_outbox_lost(outbox);
    (void)brg_outbox_drop(outbox);
    brg_core_node_link(core, EUI1, 0, &link, &now);
    brg_core_node_link(core, "0000000000000009", 0, &link, &now); /* nobody */
    brg_core_node_link(core, EUI1, 7, &link, &now);               /* not its instance */
    pass(10);
    json = next_json("mesh/kitchen/clock/info", true);
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "instances"), 0);
    assert_int_equal(cJSON_GetObjectItem(item, "rank")->valueint, 512);
    assert_true(cJSON_GetObjectItem(item, "etx")->valuedouble > 0.99);
    cJSON_Delete(json);
    link.etx = 115;
    brg_core_node_link(core, EUI1, 0, &link, &now);
    pass(10);
    expect_nothing();
    link.etx = 125;
    brg_core_node_link(core, EUI1, 0, &link, &now);
    pass(10);
    json = next_json("mesh/kitchen/clock/info", true);
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "instances"), 0);
    assert_true(cJSON_GetObjectItem(item, "etx")->valuedouble > 1.24);
    cJSON_Delete(json);
}

/* By its name as by its EUI-64. */
static void test_command_by_name(void **state)
{
    struct brg_demand demand = {.topic = "mesh/kitchen/clock/t/get", .payload = "", .len = 0};
    struct coap_msg request;

    (void)state;
    discovered("</t>;rt=temperature;obs");
    request = request_for("t");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 1, "1");
    while (brg_outbox_take(outbox) != NULL) {
    }
    brg_core_command(core, &demand, &now);
    run();
    request = request_for("t");
    cJSON_Delete(next_json("mesh/kitchen/clock/t/get/result", false));
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "2");
    demand.topic = "mesh/kitchen/get";
    brg_core_command(core, &demand, &now);
    assert_int_equal(brg_core_stats(core)->commands, 1);
}

static void with_hass(struct brg_core_config *config)
{
    config->hass_prefix = "ha";
    config->version = "9";
}

static int setup_hass(void **state)
{
    (void)state;
    if (setup_with(with_hass) != 0) {
        return -1;
    }
    brg_outbox_set_maker(outbox, brg_core_make, core);
    return 0;
}

/* The next discovery; what else is told meanwhile is passed over. */
static cJSON *next_discovery(void)
{
    struct brg_message *message;
    cJSON *json = NULL;

    while (json == NULL && (message = brg_outbox_take(outbox)) != NULL) {
        if (strcmp(message->topic, "ha/device/rpld_" EUI1 "/config") == 0) {
            json = cJSON_ParseWithLength(message->payload, message->len);
        }
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
    assert_non_null(json);
    return json;
}

/* How many components there are of a platform, and how many of them only to say that they went. */
static unsigned count(const cJSON *json, const char *platform, bool gone)
{
    const cJSON *component;
    unsigned n = 0;

    cJSON_ArrayForEach(component, cJSON_GetObjectItem(json, "cmps"))
    {
        n += strcmp(text_of(component, "p"), platform) == 0 &&
             gone == (cJSON_GetObjectItem(component, "unique_id") == NULL);
    }
    return n;
}

/* Components come with their values, change with them, and go with their resource. */
static void test_hass(void **state)
{
    struct coap_msg request;
    cJSON *json;

    (void)state;
    discovered("</s>;obs,</led>;if=core.a");
    request = request_for("s");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_JSON, 1, "true");
    pass(3);
    json = next_discovery();
    assert_int_equal(count(json, "binary_sensor", false), 1);
    assert_int_equal(count(json, "sensor", false), 5); /* what helps to find out what is wrong */
    cJSON_Delete(json);
    answer(EUI1, &request,
           (struct answer){.type = COAP_CON,
                           .code = COAP_CONTENT,
                           .mid = 7,
                           .seq_plus1 = 9,
                           .format_plus1 = COAP_FORMAT_JSON + 1,
                           .payload = "5"});
    pass(3);
    json = next_discovery();
    assert_int_equal(count(json, "binary_sensor", false), 0);
    assert_int_equal(count(json, "binary_sensor", true), 1);
    assert_int_equal(count(json, "sensor", false), 6);
    cJSON_Delete(json);
    json = next_discovery(); /* once more, without what went */
    assert_int_equal(count(json, "binary_sensor", true), 0);
    cJSON_Delete(json);
    brg_core_hass_birth(core, &now);
    pass(10);
    cJSON_Delete(next_discovery());
}

/* What was in flight when the broker went is made again for the next. */
static void test_lost(void **state)
{
    (void)state;
    brg_core_tell_all(core);
    assert_string_equal(brg_outbox_take(outbox)->topic, "mesh/bridge/info");
    brg_outbox_lost(outbox);
    assert_int_equal(brg_outbox_stats(outbox)->bytes, 0);
    brg_core_tell_all(core);
    assert_string_equal(brg_outbox_take(outbox)->topic, "mesh/bridge/info");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_told, teardown)
    const struct CMUnitTest tests[] = {
        T(test_tables),
        T(test_link),
        T(test_command_by_name),
        T(test_lost),
        cmocka_unit_test_setup_teardown(test_hass, setup_hass, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
