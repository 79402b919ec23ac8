/* SPDX-License-Identifier: ISC */
/* What people say of a node while the bridge runs: its name and its options. */
#include "tests/unit/bridge_rig.h"

#include <string.h>

static const char *const all_requests[] = {"*"};
static const struct brg_name names[] = {{EUI2, "porch"}};

static void with_requests(struct brg_core_config *config)
{
    config->requests = all_requests;
    config->n_requests = 1;
    config->names = names;
    config->n_names = 1;
    config->since = 1000 * BRG_SEC;
    config->hass_prefix = "ha";
    config->events = true;
}

static int setup_requests(void **state)
{
    (void)state;
    return setup_with(with_requests);
}

static void drain(void)
{
    struct brg_message *message;

    while ((message = brg_outbox_take(outbox)) != NULL) {
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
}

/* Takes messages until there is one on this topic; the last that was there counts. False: none. */
static bool told(const char *topic, char text[2048])
{
    struct brg_message *message;
    bool found = false;

    while ((message = brg_outbox_take(outbox)) != NULL) {
        if (strcmp(message->topic, topic) == 0) {
            found = true;
            assert_true(message->len < 2048);
            if (message->len > 0) {
                memcpy(text, message->payload, message->len);
            }
            text[message->len] = '\0';
        }
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
    return found;
}

/* The response to a request has this in it. */
static void asked(const char *what, const char *payload, const char *response)
{
    char topic[128] = "mesh/bridge/request/";
    char answer_topic[128] = "mesh/bridge/response/";
    char text[2048] = "";

    strcat(topic, what);
    strcat(answer_topic, what);
    brg_core_request(
        core, &(struct brg_demand){.topic = topic, .payload = payload, .len = strlen(payload)},
        &now);
    run();
    assert_true(told(answer_topic, text));
    if (strstr(text, response) == NULL) {
        print_error("%s is not in %s\n", response, text);
    }
    assert_non_null(strstr(text, response));
}

static void has(const char *topic, const char *value)
{
    const struct brg_message *message = brg_outbox_state(outbox, topic);

    if (value == NULL) {
        assert_true(message == NULL || message->len == 0);
        return;
    }
    assert_non_null(message);
    assert_true(message->len >= strlen(value));
    assert_memory_equal(message->payload, value, strlen(value));
    assert_true(message->retain);
}

/* A node with a state that is observed, and one that is polled. */
static struct coap_msg two_values(void)
{
    struct coap_msg observed;
    struct coap_msg request;

    discovered("</temp>;obs,</lamp>");
    observed = request_for("temp");
    reply(EUI1, &observed, COAP_CONTENT, COAP_FORMAT_TEXT, 1, "21");
    request = request_for("lamp");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "open");
    drain();
    return observed;
}

static void test_rename(void **state)
{
    struct coap_msg observed;

    (void)state;
    observed = two_values();
    has("mesh/" EUI1 "/temp", "{\"v\":21,");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"hall\",\"transaction\":4}",
          "{\"status\":\"ok\",\"data\":{\"from\":\"" EUI1 "\",\"to\":\"hall\",\"kept\":false},"
          "\"error\":null,\"transaction\":4}");
    assert_int_equal(trace_counts[BRG_TRACE_RENAMED], 1);
    has("mesh/hall/temp", "{\"v\":21,");
    has("mesh/hall/lamp", "{\"v\":\"open\"");
    has("mesh/hall/availability", "online");
    has("mesh/" EUI1 "/temp", NULL);
    has("mesh/" EUI1 "/lamp", NULL);
    has("mesh/" EUI1 "/availability", NULL);
    answer(EUI1, &observed,
           (struct answer){.type = COAP_NON,
                           .code = COAP_CONTENT,
                           .mid = 900,
                           .format_plus1 = 1,
                           .seq_plus1 = 3,
                           .payload = "22"});
    has("mesh/hall/temp", "{\"v\":22,");
    /* A name with the old one at its head, and back again. */
    asked("device/rename", "{\"id\":\"hall\",\"name\":\"hall/up\"}", "\"to\":\"hall/up\"");
    has("mesh/hall/up/temp", "{\"v\":22,");
    has("mesh/hall/temp", NULL);
    asked("device/rename", "{\"id\":\"hall/up\",\"name\":\"hall\"}", "\"to\":\"hall\"");
    has("mesh/hall/up/temp", NULL);
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":null}", "\"to\":\"" EUI1 "\"");
    has("mesh/" EUI1 "/temp", "{\"v\":22,");
    has("mesh/hall/temp", NULL);
}

/* A node's topics are not those of another one whose name begins with its own. */
static void test_names_inside_names(void **state)
{
    char text[2048];

    (void)state;
    (void)two_values();
    up(EUI2);
    run();
    drain();
    asked("device/rename", "{\"id\":\"" EUI2 "\",\"name\":\"a/b\"}",
          "\"from\":\"porch\",\"to\":\"a/b\"");
    has("mesh/a/b/availability", "online");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"a\"}", "\"to\":\"a\"");
    asked("device/rename", "{\"id\":\"a\",\"name\":\"c\"}", "\"to\":\"c\"");
    has("mesh/a/b/availability", "online");
    has("mesh/c/temp", "{\"v\":21,");
    asked("device/remove", "{\"id\":\"c\"}", "\"ok\"");
    has("mesh/a/b/availability", "online");
    has("mesh/c/temp", NULL);
    has("mesh/c/availability", NULL);
    assert_false(told("mesh/nothing", text));
    /* Removed, it has no name any more. */
    up(EUI1);
    run();
    has("mesh/" EUI1 "/availability", "online");
}

static void test_bad_names(void **state)
{
    (void)state;
    (void)two_values();
    asked("device/rename", "{\"id\":\"" EUI1 "\"}", "\\\"name\\\" is missing");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":7}", "not understood");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"a/+\"}", "a name that is none");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"bridge\"}", "a name that is none");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"a/set\"}", "a name that is none");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"" EUI2 "\"}", "a name that is none");
    asked("device/rename", "{\"id\":\"" EUI1 "\",\"name\":\"porch\"}",
          "another node has this name");
    asked("device/rename", "{\"id\":\"nobody\",\"name\":\"a\"}", "no such node");
    asked("device/rename", "[]", "not understood");
    has("mesh/" EUI1 "/temp", "{\"v\":21,");
    assert_int_equal(trace_counts[BRG_TRACE_RENAMED], 0);
}

/* What an earlier run kept counts from the first moment on, unless it is of no use by now. */
static void test_remembered(void **state)
{
    struct brg_custom custom = {.eui64 = EUI1, .name = "attic", .options = BRG_OPTIONS_NONE};

    (void)state;
    custom.options.retain = 0;
    assert_int_equal(brg_core_customize(core, &custom), 0);
    custom = (struct brg_custom){EUI2, "attic", BRG_OPTIONS_NONE};
    assert_int_equal(brg_core_customize(core, &custom), 0); /* but the name is taken */
    custom.eui64 = "no EUI-64";
    assert_true(brg_core_customize(core, &custom) < 0);
    custom.eui64 = "00124b0000030000"; /* as many as there may be nodes */
    assert_true(brg_core_customize(core, &custom) < 0);
    (void)two_values();
    up(EUI2);
    run();
    has("mesh/attic/availability", "online");
    has("mesh/porch/availability", "online");
    has("mesh/attic/temp", NULL);
    asked("device/options", "{\"id\":\"attic\"}", "\"retain\":false");
}

static void test_options(void **state)
{
    struct coap_msg observed;
    struct brg_message *message;
    struct coap_msg request;
    char text[2048];

    (void)state;
    observed = two_values();
    asked("device/options",
          "{\"id\":\"" EUI1
          "\",\"options\":{\"qos\":2,\"format\":\"value\",\"poll_interval_s\":90}}",
          "\"data\":{\"from\":{\"sleepy\":null,\"qos\":null,\"retain\":null,\"format\":null,"
          "\"poll_interval_s\":null},\"to\":{\"sleepy\":null,\"qos\":2,\"retain\":null,"
          "\"format\":\"value\",\"poll_interval_s\":90},\"kept\":false}");
    /* All is asked again, and comes as it is wanted now. */
    request = request_for("temp");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 4, "23");
    message = brg_outbox_take(outbox);
    assert_non_null(message);
    assert_int_equal(message->qos, 2);
    assert_int_equal(message->len, 2);
    message->mid = 1;
    brg_outbox_acked(outbox, 1);
    request = request_for("lamp");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "shut");
    has("mesh/" EUI1 "/lamp", "shut");
    drain();
    pass_to_request(85); /* before the 90 seconds are over */
    request = request_for("temp");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 5, "23");
    pass_to_request(50);
    request = request_for("lamp");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, -1, "open");
    /* What is not retained any more does not stay at the broker. */
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":{\"retain\":false,\"qos\":null}}",
          "\"to\":{\"sleepy\":null,\"qos\":null,\"retain\":false,\"format\":\"value\",");
    has("mesh/" EUI1 "/temp", NULL);
    has("mesh/" EUI1 "/lamp", NULL);
    n_air = 0;
    answer(EUI1, &observed,
           (struct answer){.type = COAP_NON,
                           .code = COAP_CONTENT,
                           .mid = 901,
                           .format_plus1 = 1,
                           .seq_plus1 = 9,
                           .payload = "24"});
    assert_true(told("mesh/" EUI1 "/temp", text));
    assert_string_equal(text, "24");
    has("mesh/" EUI1 "/temp", NULL);
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":{\"sleepy\":true}}",
          "\"to\":{\"sleepy\":true,");
    /* What is none of an option's changes nothing. */
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":{\"qos\":3,\"sleepy\":false}}",
          "\"status\":\"error\",\"data\":{},\"error\":\"options are ");
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":{\"qos\":1.5}}", "options are ");
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":{\"colour\":1}}", "options are ");
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":[]}", "options are ");
    asked("device/options", "{\"id\":\"" EUI1 "\",\"options\":{\"format\":\"xml\"}}",
          "options are ");
    asked("device/options", "{\"id\":\"" EUI1 "\"}", "\"to\":{\"sleepy\":true,\"qos\":null,");
}

/* What an earlier process, which was killed, left of a value: it is older than the observation. */
static void restored(double value_at, double seen, bool waits)
{
    struct brg_observation observation = {
        .eui64 = EUI1,
        .path = "temp",
        .topic = "temp",
        .format = -1,
        .seen_s = seen,
        .waits = waits,
        .registration = {.token = {1, 2, 3, 4}, .seq = 5, .mid = 6, .max_age_s = 60},
    };
    const struct brg_message messages[] = {
        {.topic = "mesh/" EUI1 "/temp",
         .payload = "old",
         .len = 3,
         .retain = true,
         .at_s = value_at},
        {.topic = "mesh/" EUI1 "/temp/a",
         .payload = "old",
         .len = 3,
         .retain = true,
         .at_s = value_at - 5},
        {.topic = "mesh/" EUI1 "/temper", .payload = "other", .len = 5, .retain = true, .at_s = 1},
    };

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(brg_outbox_restore(outbox, i + 1, &messages[i]), 0);
    }
    ip_of(EUI1, observation.ip);
    assert_int_equal(brg_core_restore(core, &observation, &now), 0);
    discovered("</temp>;obs");
}

static void test_older_value(void **state)
{
    struct coap_msg request;

    (void)state;
    restored(1699999990, 1699999995, false);
    has("mesh/" EUI1 "/temp", NULL);
    has("mesh/" EUI1 "/temp/a", NULL);
    has("mesh/" EUI1 "/temper", "other");
    request = request_for("temp");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_TEXT, 7, "22");
    has("mesh/" EUI1 "/temp", "{\"v\":22,");
}

static void test_value_on_its_way(void **state)
{
    (void)state;
    restored(1699999990, 1699999995, true);
    has("mesh/" EUI1 "/temp", NULL);
    assert_int_equal(n_air, 0); /* the store has the newest, and nobody is asked */
}

static void test_newest_value(void **state)
{
    (void)state;
    restored(1699999994.9, 1699999995, false);
    has("mesh/" EUI1 "/temp", "old");
    has("mesh/" EUI1 "/temp/a", "old");
    assert_int_equal(n_air, 0); /* what was agreed stands, and nobody is asked */
}

static void test_restart(void **state)
{
    (void)state;
    asked("restart", "", "it has just begun");
    assert_false(brg_core_wants_restart(core));
    pass(11);
    asked("restart", "", "\"status\":\"ok\"");
    assert_true(brg_core_wants_restart(core));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_requests, teardown)
    const struct CMUnitTest tests[] = {
        T(test_rename),           T(test_names_inside_names),
        T(test_bad_names),        T(test_remembered),
        T(test_options),          T(test_restart),
        T(test_older_value),      T(test_newest_value),
        T(test_value_on_its_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
