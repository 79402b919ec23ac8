/* SPDX-License-Identifier: ISC */
/* What the control socket answers, piece by piece; the readings and their gaps. */
#include "tests/unit/bridge_rig.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/show.h"
#include "tests/unit/memory_disk.h"

static struct brg_readings *readings;
static struct brg_show_source source;
static char whole[262144];

static void broker(void *ctx, struct brg_show_broker *ret_broker)
{
    (void)ctx;
    *ret_broker = (struct brg_show_broker){"connected", "mqtt://b", "rpld-1", "5"};
}

static int setup_show(void **state)
{
    if (setup(state) != 0) {
        return -1;
    }
    readings = brg_readings_new(4096, 1000, &alloc);
    brg_core_note_in(core, readings);
    source = (struct brg_show_source){
        .core = core, .ep = ep, .outbox = outbox, .readings = readings, .broker = broker};
    return readings == NULL;
}

static int teardown_show(void **state)
{
    brg_readings_free(readings);
    return teardown(state);
}

/* The whole answer, through a room that holds a few rows. */
static const char *ask(const char *request)
{
    char room[BRG_SHOW_ROW + 600];
    char line[128];
    struct brg_show show;
    struct brg_text out;
    const char *why;

    (void)snprintf(line, sizeof(line), "%s", request);
    whole[0] = '\0';
    if (brg_show_start(&show, &source, line, &why) != 0) {
        return why;
    }
    do {
        brg_text_init(&out, room, sizeof(room));
        brg_show_step(&show, &out, &now);
        assert_false(out.full);
        assert_true(strlen(whole) + out.len < sizeof(whole));
        strcat(whole, out.buf);
    } while (!show.done && out.len > 0);
    return NULL;
}

static cJSON *list_of(cJSON *json, const char *name)
{
    assert_non_null(json);
    assert_true(cJSON_IsArray(cJSON_GetObjectItem(json, name)));
    return cJSON_GetObjectItem(json, name);
}

static const char *text_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void fill(void)
{
    struct coap_msg request;

    discovered("</a>;obs,</b>,</c>;if=core.a");
    for (int i = 0; i < 3; i++) {
        request = air[0];
        n_air = 0;
        reply(EUI1, &request, COAP_CONTENT, COAP_FORMAT_SENML_JSON, i == 0 ? 4 : -1,
              "[{\"n\":\"x\",\"u\":\"Cel\",\"v\":1.5},{\"n\":\"y\",\"vs\":\"a\\nb\"},{\"n\":\"z\","
              "\"vb\":true}]");
    }
    up(EUI2);
}

static void test_sensors(void **state)
{
    const cJSON *list;
    const cJSON *row;
    cJSON *json;

    (void)state;
    fill();
    pass(1);
    assert_null(ask("json sensors"));
    json = cJSON_Parse(whole);
    list = list_of(json, "sensors");
    assert_int_equal(cJSON_GetArraySize(list), 9);
    row = cJSON_GetArrayItem(list, 0);
    assert_string_equal(text_of(row, "node"), EUI1);
    assert_string_equal(text_of(row, "series"), "x");
    assert_string_equal(text_of(row, "value"), "1.5");
    assert_string_equal(text_of(row, "unit"), "Cel");
    assert_string_equal(text_of(row, "state"), "observed");
    assert_string_equal(text_of(cJSON_GetArrayItem(list, 1), "value"),
                        "a"); /* no control character */
    assert_string_equal(text_of(cJSON_GetArrayItem(list, 8), "value"), "true");
    cJSON_Delete(json);
    assert_null(ask("sensors"));
    assert_non_null(strstr(whole, "NODE              PATH "));
    assert_non_null(strstr(whole, EUI1 "  a                     x                 1.5 "));
}

static void test_bridge(void **state)
{
    const cJSON *row;
    cJSON *json;

    (void)state;
    fill();
    assert_null(ask("json bridge"));
    json = cJSON_Parse(whole);
    assert_int_equal(cJSON_GetArraySize(list_of(json, "nodes")), 2);
    row = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "nodes"), 0);
    assert_string_equal(text_of(row, "state"), "online");
    assert_int_equal(cJSON_GetObjectItem(row, "resources")->valueint, 3);
    assert_string_equal(text_of(cJSON_GetObjectItem(json, "broker"), "client_id"), "rpld-1");
    assert_string_equal(text_of(cJSON_GetObjectItem(json, "spool"), "state"), "none");
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "mesh"), "observed")->valueint,
                     1);
    cJSON_Delete(json);
    assert_null(ask("bridge"));
    assert_non_null(strstr(whole, "broker    state connected  url mqtt://b"));
}

/* More nodes than one piece holds, and one that goes while the table is told. */
static void test_pieces(void **state)
{
    char room[BRG_SHOW_ROW + 200];
    char line[] = "json bridge";
    struct brg_show show;
    struct brg_text out;
    const char *why;
    cJSON *json;

    (void)state;
    up(EUI1);
    up(EUI2);
    assert_int_equal(brg_show_start(&show, &source, line, &why), 0);
    whole[0] = '\0';
    for (int i = 0; !show.done; i++) {
        assert_true(i < 100);
        brg_text_init(&out, room, i == 0 ? sizeof(room) : sizeof(room) - 100);
        brg_show_step(&show, &out, &now);
        strcat(whole, out.buf);
        brg_core_node_down(core, EUI2, 0, &now);
    }
    json = cJSON_Parse(whole);
    assert_int_equal(cJSON_GetArraySize(list_of(json, "nodes")), 2);
    cJSON_Delete(json);
}

static void test_readings(void **state)
{
    struct brg_note reading = {
        .node = EUI1, .label = EUI1, .path = "p", .name = "", .unit = "", .value = "7"};
    const struct brg_note *first;
    const char *end;
    cJSON *json;

    (void)state;
    fill();
    assert_null(ask("json readings since 0"));
    json = cJSON_ParseWithOpts(whole, &end, false);
    assert_non_null(json);
    assert_string_equal(text_of(json, "event"), "reading");
    assert_string_equal(text_of(json, "series"), "x");
    assert_int_equal(cJSON_GetObjectItem(json, "seq")->valueint, 1001);
    cJSON_Delete(json);
    assert_null(ask("json readings since 1008"));
    assert_non_null(strstr(whole, "\"seq\":1009"));
    assert_null(strstr(whole, "gap"));
    /* Of another process, or of the future: nobody knows how many. */
    assert_null(ask("json readings since 5"));
    assert_non_null(strstr(whole, "\"event\":\"gap\",\"lost\":null}"));
    assert_null(ask("json readings since 9999"));
    assert_non_null(strstr(whole, "\"event\":\"gap\",\"lost\":null}"));
    /* Bounded, and what is gone is told by its number. */
    for (int i = 0; i < 1000; i++) {
        brg_readings_add(readings, &reading);
    }
    first = brg_readings_after(readings, 0);
    assert_true(first->seq > 1900);
    assert_null(ask("json readings since 1009"));
    {
        char gap[64];

        (void)snprintf(gap, sizeof(gap), "{\"schema\":1,\"event\":\"gap\",\"lost\":%llu}",
                       (unsigned long long)first->seq - 1010);
        assert_memory_equal(whole, gap, strlen(gap));
    }
    assert_null(ask("json readings")); /* from now on: nothing yet */
    assert_string_equal(whole, "");
    assert_null(ask("readings since 2008"));
    assert_non_null(strstr(whole, EUI1 "  p  7"));
}

/* The dead come piece by piece, the newest first, and are all there. */
static void test_dead(void **state)
{
    const struct brg_spool_config config = {
        .file = "spool", .vfs = "memory-disk", .max_bytes = 1 << 20, .max_age_s = 1e6};
    static char topic[BRG_TOPIC_MAX];
    const struct brg_store *store;
    const cJSON *list;
    char error[128];
    cJSON *json;
    bool aside;

    (void)state;
    assert_string_equal(ask("bridge dead"), "nothing is kept of them: there is no spool");
    assert_string_equal(ask("bridge living"), "bridge [dead]");
    assert_string_equal(ask("bridge dead now"), "bridge [dead]");
    disk_new();
    source.spool = brg_spool_open(&config, &aside, error);
    assert_non_null(source.spool);
    store = brg_spool_store(source.spool);
    assert_null(ask("json bridge dead"));
    assert_string_equal(whole, "{\"schema\":1,\"dead\":[]}\n");
    assert_null(ask("bridge dead"));
    assert_string_equal(whole, "AGE_S     OCTETS   REASON                        TOPIC\n");
    memset(topic, '"', sizeof(topic) - 6); /* a row is never longer */
    for (unsigned i = 0; i < 100; i++) {
        static uint8_t payload[2000];
        const struct brg_message message = {
            .topic = topic, .payload = payload, .len = i * 20, .at_s = 1e9};

        (void)snprintf(topic + sizeof(topic) - 6, 5, "%u", i);
        store->bury(store->ctx, &message, "no \"room\"");
    }
    assert_int_equal(store->begin(store->ctx), 0);
    assert_int_equal(store->commit(store->ctx), 0);
    assert_null(ask("json bridge dead"));
    json = cJSON_Parse(whole);
    list = list_of(json, "dead");
    assert_int_equal(cJSON_GetArraySize(list), 100);
    for (int i = 0; i < 100; i++) {
        const cJSON *row = cJSON_GetArrayItem(list, i);
        size_t octets = (size_t)(99 - i) * 20;

        assert_int_equal(atoi(text_of(row, "topic") + sizeof(topic) - 6), 99 - i);
        assert_string_equal(text_of(row, "reason"), "no \"room\"");
        assert_int_equal(cJSON_GetObjectItem(row, "octets")->valueint, octets);
        assert_int_equal(strlen(text_of(row, "hex")), 2 * (octets < 256 ? octets : 256));
        assert_true(cJSON_GetObjectItem(row, "made_s")->valuedouble < 1.1e9);
        assert_true(cJSON_GetObjectItem(row, "time_s")->valuedouble > 1.1e9);
    }
    cJSON_Delete(json);
    assert_null(ask("bridge dead"));
    assert_non_null(strstr(whole, "1980     no \"room\""));
    brg_spool_close(source.spool);
    source.spool = NULL;
}

static void test_requests(void **state)
{
    (void)state;
    assert_string_equal(ask(""), "what is wanted? Try help");
    assert_string_equal(ask("json"), "what is wanted? Try help");
    assert_non_null(strstr(ask("nonsense"), "no such command"));
    assert_non_null(strstr(ask("sensors x"), "no arguments"));
    assert_non_null(strstr(ask("readings since x"), "wants a number"));
    assert_non_null(strstr(ask("readings since"), "since NUMBER"));
    assert_non_null(strstr(ask("a b c d e f"), "too many words"));
    assert_null(ask("help"));
    assert_string_equal(whole, "help\nsensors\nbridge\nbridge dead\nreadings\n");
    assert_null(ask("json help"));
    assert_non_null(strstr(whole, "{\"schema\":1,\"commands\":[{\"command\":\"help\"},"));
    source.readings = NULL;
    assert_non_null(strstr(ask("readings"), "no readings are kept"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_show, teardown_show)
    const struct CMUnitTest tests[] = {
        T(test_sensors),  T(test_bridge), T(test_pieces),
        T(test_readings), T(test_dead),   T(test_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
