/* SPDX-License-Identifier: ISC */
/* After a restart Home Assistant is told at once what it was told before: of packs, of what is
 * asked for and of what is pushed, though no value has come yet. */
#include "tests/unit/bridge_rig.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/spool.h"
#include "tests/unit/memory_disk.h"

static struct brg_spool *spool;

static const char *const any[] = {"*"};

static void tweak(struct brg_core_config *config)
{
    config->requests = any;
    config->n_requests = 1;
    config->hass_prefix = "ha";
    config->serve = BRG_SERVE_NODES;
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

static void take_series(void *arg, const struct brg_remembered *remembered)
{
    (void)arg;
    assert_int_equal(brg_core_remember(core, remembered, &now), 0);
}

static void begin(void)
{
    const struct brg_spool_config config = {
        .file = "spool", .vfs = "memory-disk", .max_bytes = 1 << 20, .max_age_s = 1e6};
    uint64_t first;
    uint64_t next;
    char error[128];
    bool aside;

    assert_int_equal(setup_with(tweak), 0);
    brg_outbox_set_maker(outbox, brg_core_make, core);
    spool = brg_spool_open(&config, &aside, error);
    assert_non_null(spool);
    assert_int_equal(brg_spool_ids(spool, &first, &next), 0);
    brg_outbox_attach(outbox, brg_spool_store(spool), first, next);
    brg_core_attach(core, brg_spool_store(spool));
    assert_int_equal(brg_spool_states(spool, take_state, NULL), 0);
    assert_int_equal(brg_spool_observations(spool, take_observation, NULL), 0);
    assert_int_equal(brg_spool_series(spool, take_series, NULL), 0);
}

static void again(void)
{
    disk_cut(DISK_KEEPS_ALL); /* as after kill -9 */
    assert_int_equal(teardown(NULL), 0);
    brg_spool_close(spool);
    disk_restore();
    begin();
}

static int setup_remember(void **state)
{
    (void)state;
    disk_new();
    begin();
    return 0;
}

static int teardown_remember(void **state)
{
    int left = teardown(state);

    brg_spool_close(spool);
    return left;
}

/* The components of the node's discovery as it is told now, as "PLATFORM STATE-TOPIC UNIT;", one
 * behind the other; "": nothing is told of it. */
static const char *components(void)
{
    static char list[4096];
    struct brg_message *message;
    cJSON *json = NULL;
    const cJSON *item;

    list[0] = '\0';
    brg_core_tell_all(core);
    while ((message = brg_outbox_take(outbox)) != NULL) {
        if (strcmp(message->topic, "ha/device/rpld_" EUI1 "/config") == 0) {
            cJSON_Delete(json);
            json = cJSON_ParseWithLength(message->payload, message->len);
        }
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "cmps"))
    {
        const cJSON *topic = cJSON_GetObjectItem(item, "state_topic");
        const cJSON *unit = cJSON_GetObjectItem(item, "unit_of_measurement");

        if (cJSON_GetObjectItem(item, "entity_category") != NULL || !cJSON_IsString(topic)) {
            continue;
        }
        strcat(list, cJSON_GetObjectItem(item, "p")->valuestring);
        strcat(list, topic->valuestring + strlen("mesh/" EUI1));
        strcat(list, " ");
        strcat(list, cJSON_IsString(unit) ? unit->valuestring : "-");
        strcat(list, ";");
    }
    cJSON_Delete(json);
    return list;
}

static void push(const char *path, const char *value)
{
    struct coap_msg request = {.type = COAP_CON, .code = COAP_PUT, .mid = 77, .token_len = 1};
    struct coap_addr from = {.port = 5683};
    uint8_t octets[128];
    uint8_t room[4];
    size_t len;

    ip_of(EUI1, from.ip);
    assert_int_equal(coap_msg_add(&request, COAP_OPT_URI_PATH, (const uint8_t *)"r", 1), 0);
    assert_int_equal(coap_msg_add(&request, COAP_OPT_URI_PATH, (const uint8_t *)path, strlen(path)),
                     0);
    assert_int_equal(coap_msg_add_uint(&request, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_JSON, room),
                     0);
    request.payload = (const uint8_t *)value;
    request.payload_len = strlen(value);
    assert_int_equal(coap_msg_write(&request, octets, sizeof(octets), &len), 0);
    (void)coap_input(ep, &from, octets, len, now.mono);
    run();
}

static void save(void)
{
    assert_int_equal(brg_core_commit(core, &now), 0);
    run();
}

static void fill(void)
{
    struct coap_msg request;

    discovered("</pack>;obs,</knob>;if=core.p;ct=110");
    request = request_for("pack");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, 1,
          "[{\"n\":\"t\",\"u\":\"Cel\",\"v\":1},{\"n\":\"h\",\"u\":\"%RH\",\"v\":2},"
          "{\"n\":\"b\",\"vb\":true}]");
    request = request_for("knob");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, -1,
          "[{\"n\":\"w\",\"u\":\"W\",\"v\":5}]");
    push("pushed", "7");
    save();
}

/* It is all there before the node has said a word, and while it is away. */
static void test_at_once(void **state)
{
    char before[512];

    (void)state;
    fill();
    strcpy(before, components());
    assert_non_null(
        strstr(before, "sensor/pack/t \u00b0C;sensor/pack/h %;binary_sensor/pack/b -;"));
    assert_non_null(strstr(before, "number/knob/w W;"));
    assert_non_null(strstr(before, "sensor/pushed -;"));
    again();
    assert_string_equal(components(), before);
    /* Once more, without a word in between. */
    again();
    assert_string_equal(components(), before);
    /* Nobody asks for what is not known to be there, and what is commanded has to wait. */
    assert_int_equal(n_air, 0);
}

/* What the node offers no more goes, what is pushed stays. */
static void test_other_links(void **state)
{
    struct coap_msg request;
    const char *left;

    (void)state;
    fill();
    again();
    up(EUI1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1, "</pack>;obs");
    left = components();
    assert_non_null(strstr(left, "sensor/pack/t"));
    assert_null(strstr(left, "/knob"));
    assert_non_null(strstr(left, "sensor/pushed"));
}

/* A value that is something else than it was: the component changes, and that is remembered. */
static void test_changed(void **state)
{
    struct coap_msg request;

    (void)state;
    fill();
    again();
    up(EUI1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1,
          "</pack>;obs,</knob>;if=core.p;ct=110");
    push("pushed", "true");
    save();
    assert_non_null(strstr(components(), "binary_sensor/pushed -;"));
    again();
    assert_non_null(strstr(components(), "binary_sensor/pushed -;"));
    assert_null(strstr(components(), ";sensor/pushed"));
}

/* A command for what is only remembered waits until the node has said what it offers. */
static void test_command(void **state)
{
    const char payload[] = "6";
    const struct brg_demand demand = {
        .topic = "mesh/" EUI1 "/knob/set", .payload = payload, .len = 1};
    struct coap_msg request;

    (void)state;
    fill();
    again();
    up(EUI1);
    brg_core_command(core, &demand, &now);
    run();
    assert_int_equal(brg_core_stats(core)->commands_waiting, 1);
    pass(3);
    request = request_for("core");
    reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_LINK, -1,
          "</pack>;obs,</knob>;if=core.p;ct=110");
    for (int i = 0; i < 3 && request.code != COAP_PUT; i++) { /* it is asked for values, too */
        assert_int_equal(n_air, 1);
        request = air[0];
        n_air = 0;
        if (request.code != COAP_PUT) {
            reply(EUI1, &request, COAP_CODE(5, 3), -1, -1, NULL);
        }
    }
    assert_int_equal(request.code, COAP_PUT);
    assert_int_equal(request.payload_len, strlen("[{\"n\":\"w\",\"u\":\"W\",\"v\":6}]"));
}

/* A node that was removed does not come back with the next process. */
static void test_removed(void **state)
{
    const char payload[] = "{\"id\":\"" EUI1 "\"}";
    const struct brg_demand demand = {.topic = "mesh/bridge/request/device/remove",
                                      .payload = payload,
                                      .len = sizeof(payload) - 1};

    (void)state;
    fill();
    brg_core_request(core, &demand, &now);
    save();
    assert_int_equal(brg_core_stats(core)->nodes, 0);
    again();
    assert_int_equal(brg_core_stats(core)->nodes, 0);
    assert_string_equal(components(), "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_remember, teardown_remember)
    const struct CMUnitTest tests[] = {
        T(test_at_once), T(test_other_links), T(test_changed), T(test_command), T(test_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
