/* SPDX-License-Identifier: ISC */
/* The tables and events, and what they cost the outbox. */
#include "tests/unit/bridge_rig.h"

#include <stdio.h>
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

/* How far away it is, and what went to it more than once. */
static void test_far_and_lossy(void **state)
{
    cJSON *item;
    cJSON *json;

    (void)state;
    discovered("</t>;rt=temperature;obs");
    (void)request_for("t");
    pass(60); /* it is asked again and again for t, and does not answer */
    while (brg_outbox_take(outbox) != NULL) {
    }
    brg_outbox_lost(outbox);
    (void)brg_outbox_drop(outbox);
    brg_core_node_hops(core, EUI1, 0, 3, &now);
    brg_core_node_hops(core, EUI1, 7, 4, &now);               /* not its instance */
    brg_core_node_hops(core, "0000000000000009", 0, 3, &now); /* nobody */
    pass(5);
    json = next_json("mesh/kitchen/clock/info", true);
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "instances"), 0);
    assert_int_equal(cJSON_GetObjectItem(item, "hops")->valueint, 3);
    item = cJSON_GetObjectItem(json, "retransmissions");
    assert_int_equal(item->valueint, coap_endpoint_stats(ep)->retransmitted);
    assert_int_equal(item->valueint, 4);
    assert_int_equal(cJSON_GetObjectItem(json, "duplicates")->valueint, 0);
    cJSON_Delete(json);
    brg_core_node_hops(core, EUI1, 0, 3, &now);
    brg_core_survey(core, &now); /* nothing is new */
    pass(5);
    expect_nothing();
    n_air = 0;
    pass(120); /* once more, and so often again */
    brg_core_survey(core, &now);
    pass(5);
    json = next_json("mesh/kitchen/clock/info", true);
    assert_true(cJSON_GetObjectItem(json, "retransmissions")->valueint > 4);
    cJSON_Delete(json);
    brg_core_node_hops(core, EUI1, 0, -1, &now);
    pass(5);
    json = next_json("mesh/kitchen/clock/info", true);
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "instances"), 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(item, "hops")));
    cJSON_Delete(json);
}

static void with_summary(struct brg_core_config *config)
{
    config->names = names;
    config->n_names = 1;
    config->summary = true;
    config->senml_array = true;
}

static int setup_summary(void **state)
{
    (void)state;
    if (setup_with(with_summary) != 0) {
        return -1;
    }
    brg_outbox_set_maker(outbox, brg_core_make, core);
    return 0;
}

/* The next one on this topic, what else is told meanwhile is passed over; the caller deletes it. */
static cJSON *next_on(const char *topic)
{
    struct brg_message *message;
    cJSON *json = NULL;

    while (json == NULL && (message = brg_outbox_take(outbox)) != NULL) {
        if (strcmp(message->topic, topic) == 0) {
            json = cJSON_ParseWithLength(message->payload, message->len);
        }
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
    assert_non_null(json);
    return json;
}

static double number_in(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(json, name), "v");

    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

/* BASE/NODE has all of its values, and BASE/NODE/RES a pack as a whole. */
static void test_summary(void **state)
{
    static const char pack[] = "[{\"bn\":\"x/\",\"n\":\"a\",\"v\":1.5},{\"n\":\"b\",\"vs\":\"q\"}]";
    struct coap_msg request;
    cJSON *json;

    (void)state;
    discovered("</t>;obs,</e>;obs;rt=event,</p>;obs");
    request = request_for("t");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 1, "21.5");
    request = request_for("e");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 1, "1");
    request = request_for("p");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, 1, pack);
    pass(5);
    json = next_on("mesh/kitchen/clock/p");
    assert_int_equal(cJSON_GetArraySize(json), 2);
    assert_string_equal(text_of(cJSON_GetArrayItem(json, 1), "n"), "x/b");
    cJSON_Delete(json);
    brg_core_tell_all(core);
    json = next_on("mesh/kitchen/clock");
    assert_int_equal(cJSON_GetArraySize(json), 4); /* an event is no state */
    assert_true(number_in(json, "t") > 21.4);
    assert_true(number_in(json, "p/x/a") > 1.4);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "p")), 2);
    cJSON_Delete(json);
    /* One for many that come together. */
    while (brg_outbox_take(outbox) != NULL) {
    }
    for (int i = 0; i < 9; i++) {
        const char value[2] = {(char)('0' + i), '\0'};

        answer(EUI1, &request,
               (struct answer){.type = COAP_NON,
                               .code = COAP_CONTENT,
                               .mid = (uint16_t)(70 + i),
                               .seq_plus1 = 9 + i,
                               .payload = value,
                               .len = 1});
    }
    brg_outbox_lost(outbox);
    pass(5);
    brg_core_survey(core, &now); /* it knows the time */
    json = next_on("mesh/kitchen/clock");
    assert_true(number_in(json, "p") > 7.9);
    cJSON_Delete(json);
    while (brg_outbox_take(outbox) != NULL) {
    }
    pass(5);
    brg_core_survey(core, &now);
    expect_nothing();
}

/* Each kind of value has its place in a summary, a name that begins with another's is another's. */
static void test_summary_values(void **state)
{
    static const struct {
        const char *topic;
        const char *payload;
        enum brg_content content;
        const char *wanted; /* NULL: it is none of it */
    } rows[] = {
        {"n", "-12.5e+3", BRG_CONTENT_TEXT, "\"n\":-12.5e+3"},
        {"n2", "0", BRG_CONTENT_TEXT, "\"n2\":0"},
        {"x1", "01", BRG_CONTENT_TEXT, "\"x1\":\"01\""},
        {"x2", "1.", BRG_CONTENT_TEXT, "\"x2\":\"1.\""},
        {"x3", "1e", BRG_CONTENT_TEXT, "\"x3\":\"1e\""},
        {"x4", "-", BRG_CONTENT_TEXT, "\"x4\":\"-\""},
        {"y", "true", BRG_CONTENT_TEXT, "\"y\":true"},
        {"o", "a\"b", BRG_CONTENT_OCTETS, "\"o\":\"a\\\"b\""},
        {"p", "\xff\xfe", BRG_CONTENT_OCTETS, "\"p\":\"__4\""},
        {"availability", "online", BRG_CONTENT_TEXT, NULL},
        {"n/error", "{}", BRG_CONTENT_JSON, NULL},
        {"gone", "", BRG_CONTENT_TEXT, NULL},
    };
    char topic[BRG_TOPIC_MAX];
    struct brg_message *message;
    char text[1000] = "";

    (void)state;
    discovered("</t>");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct brg_message put = {.topic = topic,
                                        .payload = rows[i].payload,
                                        .len = strlen(rows[i].payload),
                                        .content = rows[i].content,
                                        .retain = true};

        (void)snprintf(topic, sizeof(topic), "mesh/kitchen/clock/%s", rows[i].topic);
        assert_int_equal(brg_outbox_add(outbox, &put), 0);
    }
    brg_core_tell_all(core);
    while ((message = brg_outbox_take(outbox)) != NULL) {
        if (strcmp(message->topic, "mesh/kitchen/clock") == 0) {
            memcpy(text, message->payload, message->len);
        }
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char key[40];

        (void)snprintf(key, sizeof(key), "\"%s\":", rows[i].topic);
        if (rows[i].wanted == NULL) {
            assert_null(strstr(text, key));
        } else if (strstr(text, rows[i].wanted) == NULL) {
            fail_msg("%s lacks %s", text, rows[i].wanted);
        }
    }
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
    assert_int_equal(count(json, "sensor", false), 7); /* what helps to find out what is wrong */
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
    assert_int_equal(count(json, "sensor", false), 8);
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
        T(test_far_and_lossy),
        cmocka_unit_test_setup_teardown(test_summary, setup_summary, teardown),
        cmocka_unit_test_setup_teardown(test_summary_values, setup_summary, teardown),
        cmocka_unit_test_setup_teardown(test_hass, setup_hass, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
