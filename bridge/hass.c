/* SPDX-License-Identifier: ISC */
/*
 * Home Assistant's MQTT discovery, one message for a node (device discovery):
 * PREFIX/device/rpld_EUI64/config, retained, made when it can be sent and kept nowhere.
 *
 * What a component is follows from what was read (a number, a truth, a text, its unit) and whether
 * the resource may be written; so it is announced with the first value. What has gone, or has
 * become something else, is told once as a component without anything but its platform, as the
 * protocol wants it, and then left out. Events and octets are nothing that it could show.
 */
#include "bridge/core_internal.h"

#include <string.h>

#include "bridge/hash.h"

#define GONE_MAX                                                                                   \
    64 /* of one node; what is beyond stays with Home Assistant until it is deleted                \
        */
#define KEY_MAX 96
#define BIRTH_WAIT (1 * BRG_SEC)
#define BIRTH_SPREAD (4 * BRG_SEC)

/* SenML's units (RFC 8428, RFC 8798) and what Home Assistant calls them. */
static const struct unit {
    const char *senml;
    const char *unit;
    const char *device_class;
    const char *state_class;
} units[] = {
    {"Cel", "\u00b0C", "temperature", "measurement"},
    {"K", "K", "temperature", "measurement"},
    {"%RH", "%", "humidity", "measurement"},
    {"%EL", "%", "battery", "measurement"},
    {"lx", "lx", "illuminance", "measurement"},
    {"Pa", "Pa", "pressure", "measurement"},
    {"hPa", "hPa", "pressure", "measurement"},
    {"V", "V", "voltage", "measurement"},
    {"mV", "mV", "voltage", "measurement"},
    {"A", "A", "current", "measurement"},
    {"mA", "mA", "current", "measurement"},
    {"W", "W", "power", "measurement"},
    {"kW", "kW", "power", "measurement"},
    {"Wh", "Wh", "energy", "total_increasing"},
    {"kWh", "kWh", "energy", "total_increasing"},
    {"VA", "VA", "apparent_power", "measurement"},
    {"Hz", "Hz", "frequency", "measurement"},
    {"dBm", "dBm", "signal_strength", "measurement"},
    {"m", "m", "distance", "measurement"},
    {"mm", "mm", "distance", "measurement"},
    {"m/s", "m/s", "speed", "measurement"},
    {"kg", "kg", "weight", "measurement"},
    {"s", "s", "duration", "measurement"},
    {"m3", "m\u00b3", NULL, "measurement"},
    {"W/m2", "W/m\u00b2", "irradiance", "measurement"},
    {"/", NULL, NULL, "measurement"},
};

enum platform { NONE, SENSOR, BINARY_SENSOR, SWITCH, NUMBER, TEXT, BUTTON };

static const char *const platforms[] = {
    [SENSOR] = "sensor", [BINARY_SENSOR] = "binary_sensor",
    [SWITCH] = "switch", [NUMBER] = "number",
    [TEXT] = "text",     [BUTTON] = "button",
};

/* A component that was announced and is no more. */
struct gone {
    TAILQ_ENTRY(gone) entry;
    const char *platform;
    char key[KEY_MAX];
};

static bool is_button(const struct resource *res)
{
    return res->writable && res->rule != NULL && res->rule->method == BRG_METHOD_POST;
}

static enum platform platform_of(const struct brg_core *core, const struct resource *res,
                                 const struct series *series)
{
    /* Of a SenML pack with several records nobody knows which are there to be set. */
    bool set = res->writable && !is_button(res) &&
               (series->name[0] == '\0' || (res->shape != NULL && res->n_series == 1));

    if (res->event || brg_resource_output(core, res) == BRG_OUTPUT_RAW) {
        return NONE;
    }
    switch (series->kind) {
    case BRG_VALUE_NUMBER:
        return set ? NUMBER : SENSOR;
    case BRG_VALUE_BOOL:
        return set ? SWITCH : BINARY_SENSOR;
    case BRG_VALUE_TEXT:
        return set ? TEXT : SENSOR;
    case BRG_VALUE_OCTETS:
    case BRG_VALUE_JSON:
        break;
    }
    return NONE;
}

static const struct unit *unit_of(const char *senml)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].senml, senml) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

/* Of |text| and what ends it: "a", "bc" is not "ab", "c". */
static uint32_t hash(uint32_t seed, const char *text)
{
    return brg_hash(brg_hash(seed, text, strlen(text)), &(uint8_t){0xff}, 1);
}

/* What a component is known by: readable, and told from its neighbours by a number. */
static void key_write(char key[KEY_MAX], const char *platform, const char *path, const char *name)
{
    const char *const parts[] = {path, name};
    uint32_t number = hash(hash(BRG_HASH_START, path), name);
    uint8_t octets[4];
    struct brg_text out;

    brg_text_init(&out, key, KEY_MAX);
    brg_text_puts(&out, platform);
    for (size_t i = 0; i < 2 && parts[i][0] != '\0'; i++) {
        brg_text_puts(&out, "_");
        for (const char *at = parts[i]; *at != '\0' && out.len < KEY_MAX - 24; at++) {
            bool fine = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                        (*at >= '0' && *at <= '9');

            brg_text_put(&out, fine ? at : "_", 1);
        }
    }
    for (int i = 0; i < 4; i++) {
        octets[i] = (uint8_t)(number >> (24 - 8 * i));
    }
    brg_text_puts(&out, "_");
    brg_text_hex(&out, octets, sizeof(octets));
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void member(struct brg_text *out, const char *name, const char *value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    brg_text_json_string(out, value, strlen(value));
}

static void member_topic(struct brg_text *out, const char *name, const char *const parts[],
                         size_t n)
{
    char topic[BRG_TOPIC_MAX];

    if (brg_topic_join(topic, sizeof(topic), parts, n) == 0) {
        member(out, name, topic);
    }
}

static void component_begin(struct brg_text *out, const struct node *node, const char *platform,
                            const char *key)
{
    char id[KEY_MAX + 32];
    struct brg_text text;

    brg_text_json_string(out, key, strlen(key));
    brg_text_puts(out, ":{\"p\":");
    brg_text_json_string(out, platform, strlen(platform));
    brg_text_init(&text, id, sizeof(id));
    brg_text_puts(&text, "rpld_");
    brg_text_puts(&text, node->eui64);
    brg_text_puts(&text, "_");
    brg_text_puts(&text, key);
    member(out, "unique_id", id);
}

/* What people see: the path, with the series behind it. */
static void name_write(struct brg_text *out, const struct resource *res, const char *series)
{
    char name[BRG_TOPIC_MAX + SERIES_NAME_MAX + 2];
    struct brg_text text;

    brg_text_init(&text, name, sizeof(name));
    brg_text_puts(&text, res->topic);
    if (series[0] != '\0') {
        brg_text_puts(&text, " ");
        brg_text_puts(&text, series);
    }
    member(out, "name", name);
}

static void topics_write(const struct brg_core *core, struct brg_text *out,
                         const struct resource *res, const struct series *series, bool writable)
{
    char name[BRG_TOPIC_MAX] = "";
    const char *const state[] = {core->config.base, brg_node_label(res->node), res->topic, name};
    const char *const set[] = {core->config.base, brg_node_label(res->node), res->topic, "set"};

    if (series != NULL &&
        (series->name[0] == '\0' || brg_topic_name(name, sizeof(name), series->name) == 0)) {
        member_topic(out, "state_topic", state, series->name[0] == '\0' ? 3 : 4);
    }
    if (writable) {
        member_topic(out, "command_topic", set, 4);
    }
}

static void unit_write(struct brg_text *out, const struct series *series, bool sensor)
{
    const struct unit *unit = unit_of(series->unit);
    const char *name = unit == NULL ? series->unit : unit->unit;

    if (name != NULL && name[0] != '\0') {
        member(out, "unit_of_measurement", name);
    }
    if (unit != NULL && unit->device_class != NULL) {
        member(out, "device_class", unit->device_class);
    }
    if (sensor) {
        member(out, "state_class", unit == NULL ? "measurement" : unit->state_class);
    }
}

static void value_template(struct brg_text *out, bool json, bool truth)
{
    if (truth) {
        member(out, "value_template",
               json ? "{{ 'ON' if value_json.v else 'OFF' }}"
                    : "{{ 'ON' if value == 'true' else 'OFF' }}");
    } else if (json) {
        member(out, "value_template", "{{ value_json.v }}");
    }
}

static void expiry_write(const struct brg_core *core, struct brg_text *out,
                         const struct resource *res)
{
    if (core->config.message_expiry && res->observing) {
        brg_text_puts(out, ",\"expire_after\":");
        brg_text_u64(out, 2 * (uint64_t)res->registration.max_age_s + 30);
    }
}

static void component_write(const struct brg_core *core, struct brg_text *out,
                            const struct resource *res, const struct series *series,
                            enum platform platform)
{
    bool json = brg_resource_output(core, res) == BRG_OUTPUT_JSON;
    char key[KEY_MAX];

    key_write(key, platforms[platform], res->topic, series->name);
    component_begin(out, res->node, platforms[platform], key);
    name_write(out, res, series->name);
    topics_write(core, out, res, series,
                 platform == SWITCH || platform == NUMBER || platform == TEXT);
    value_template(out, json, platform == SWITCH || platform == BINARY_SENSOR);
    if (platform == SENSOR && series->kind == BRG_VALUE_NUMBER) {
        unit_write(out, series, true);
    }
    if (platform == SENSOR || platform == BINARY_SENSOR) {
        expiry_write(core, out, res);
    }
    if (platform == NUMBER) {
        unit_write(out, series, false);
        brg_text_puts(out, ",\"min\":-1000000,\"max\":1000000,\"step\":0.001,\"mode\":\"box\"");
    }
    if (platform == SWITCH) {
        brg_text_puts(out, ",\"payload_on\":\"true\",\"payload_off\":\"false\",\"state_on\":\"ON\","
                           "\"state_off\":\"OFF\"");
    }
    brg_text_puts(out, "}");
}

static void button_write(const struct brg_core *core, struct brg_text *out,
                         const struct resource *res)
{
    char key[KEY_MAX];

    key_write(key, platforms[BUTTON], res->topic, "");
    component_begin(out, res->node, platforms[BUTTON], key);
    name_write(out, res, "");
    topics_write(core, out, res, NULL, true);
    member(out, "payload_press", "1");
    brg_text_puts(out, "}");
}

/* What helps to find out what is wrong with a node; off until somebody wants it. */
static void diagnostics_write(const struct brg_core *core, struct brg_text *out,
                              const struct node *node)
{
    static const struct {
        const char *key;
        const char *name;
        const char *template;
        const char *device_class; /* NULL: none */
    } rows[] = {
        {"sensor_info_rank", "Rank", "{{ value_json.instances[0].rank }}", NULL},
        {"sensor_info_etx", "ETX", "{{ value_json.instances[0].etx }}", NULL},
        {"sensor_info_hops", "Hops", "{{ value_json.instances[0].hops }}", NULL},
        {"sensor_info_retransmissions", "Retransmissions", "{{ value_json.retransmissions }}",
         NULL},
        {"sensor_info_parent", "Parent", "{{ value_json.instances[0].parent }}", NULL},
        {"sensor_info_resources", "Resources", "{{ value_json.resources | length }}", NULL},
        {"sensor_info_last_seen", "Last seen",
         "{{ as_datetime(value_json.last_seen) if value_json.last_seen else none }}", "timestamp"},
    };
    const char *const info[] = {core->config.base, brg_node_label(node), "info"};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        brg_text_puts(out, i == 0 ? "" : ",");
        component_begin(out, node, platforms[SENSOR], rows[i].key);
        member(out, "name", rows[i].name);
        member_topic(out, "state_topic", info, 3);
        member(out, "value_template", rows[i].template);
        if (rows[i].device_class != NULL) {
            member(out, "device_class", rows[i].device_class);
        }
        member(out, "entity_category", "diagnostic");
        brg_text_puts(out, ",\"enabled_by_default\":false}");
    }
}

static void availability_write(const struct brg_core *core, struct brg_text *out,
                               const struct node *node)
{
    const char *const topics[][3] = {{core->config.base, "bridge", "state"},
                                     {core->config.base, brg_node_label(node), "availability"}};
    char topic[BRG_TOPIC_MAX];

    brg_text_puts(out, ",\"availability\":[");
    for (size_t i = 0; i < 2; i++) {
        if (brg_topic_join(topic, sizeof(topic), topics[i], 3) == 0) {
            brg_text_puts(out, i == 0 ? "{\"topic\":" : ",{\"topic\":");
            brg_text_json_string(out, topic, strlen(topic));
            brg_text_puts(out, "}");
        }
    }
    brg_text_puts(out, "],\"availability_mode\":\"all\"");
}

static void head_write(const struct brg_core *core, struct brg_text *out, const struct node *node)
{
    const char *label = brg_node_label(node);

    brg_text_puts(out, "{\"dev\":{\"ids\":[\"rpld_");
    brg_text_puts(out, node->eui64);
    brg_text_puts(out, "\"],\"name\":");
    brg_text_json_string(out, label, strlen(label));
    member(out, "mdl", "CoAP node");
    member(out, "sn", node->eui64);
    brg_text_puts(out, "},\"o\":{\"name\":\"rpld-bridge\"");
    if (core->config.version != NULL) {
        member(out, "sw", core->config.version);
    }
    brg_text_puts(out, "}");
    availability_write(core, out, node);
}

/* Takes back what did not fit. */
static void keep_whole(struct brg_text *out, size_t before)
{
    if (out->full || out->len + 16 > out->size) {
        out->len = before;
        out->buf[before] = '\0';
        out->full = false;
    }
}

static void components_write(const struct brg_core *core, struct brg_text *out,
                             const struct resource *res)
{
    const struct series *series;

    if (is_button(res)) {
        size_t before = out->len;

        brg_text_puts(out, ",");
        button_write(core, out, res);
        keep_whole(out, before);
    }
    TAILQ_FOREACH (series, &res->series, entry) {
        enum platform platform = platform_of(core, res, series);
        size_t before = out->len;

        if (platform != NONE) {
            brg_text_puts(out, ",");
            component_write(core, out, res, series, platform);
            keep_whole(out, before);
        }
    }
}

/* Is there a component of that name again? */
static bool is_back(const struct brg_core *core, const struct node *node, const struct gone *gone)
{
    const struct resource *res;
    const struct series *series;
    char key[KEY_MAX];

    TAILQ_FOREACH (res, &node->resources, entry) {
        if (is_button(res)) {
            key_write(key, platforms[BUTTON], res->topic, "");
            if (strcmp(key, gone->key) == 0) {
                return true;
            }
        }
        TAILQ_FOREACH (series, &res->series, entry) {
            enum platform platform = platform_of(core, res, series);

            if (platform == NONE) {
                continue;
            }
            key_write(key, platforms[platform], res->topic, series->name);
            if (strcmp(key, gone->key) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void gone_write(struct brg_core *core, struct brg_text *out, struct node *node)
{
    struct gone *gone;

    while ((gone = TAILQ_FIRST(&node->gone)) != NULL) {
        size_t before = out->len;

        if (!is_back(core, node, gone)) {
            brg_text_puts(out, ",");
            brg_text_json_string(out, gone->key, strlen(gone->key));
            brg_text_puts(out, ":{\"p\":\"");
            brg_text_puts(out, gone->platform);
            brg_text_puts(out, "\"}");
            keep_whole(out, before);
        }
        TAILQ_REMOVE(&node->gone, gone, entry);
        brg_put(core->alloc, gone);
        node->n_gone--;
        node->tell |= TELL_HASS; /* once more, without them */
    }
}

/* --- what others call ----------------------------------------------------------------------- */

static bool topic_write(const struct brg_core *core, const struct node *node,
                        char topic[BRG_TOPIC_MAX])
{
    struct brg_text out;

    brg_text_init(&out, topic, BRG_TOPIC_MAX);
    brg_text_puts(&out, core->config.hass_prefix);
    brg_text_puts(&out, "/device/rpld_");
    brg_text_puts(&out, node->eui64);
    brg_text_puts(&out, "/config");
    return !out.full;
}

bool brg_hass_write(struct brg_core *core, struct node *node, char topic[BRG_TOPIC_MAX])
{
    struct brg_text *out = &core->out;
    const struct resource *res;

    if (core->config.hass_prefix == NULL || node->n_resources == 0 ||
        !topic_write(core, node, topic)) {
        return false;
    }
    brg_text_init(out, core->out_room, sizeof(core->out_room));
    head_write(core, out, node);
    brg_text_puts(out, ",\"qos\":1,\"cmps\":{");
    diagnostics_write(core, out, node);
    TAILQ_FOREACH (res, &node->resources, entry) {
        components_write(core, out, res);
    }
    gone_write(core, out, node);
    brg_text_puts(out, "}}");
    return !out->full;
}

static void gone_add(struct brg_core *core, struct node *node, enum platform platform,
                     const char *path, const char *name)
{
    struct gone *gone;

    if (node->n_gone == GONE_MAX || core->closing) {
        return;
    }
    gone = brg_get(core->alloc, sizeof(*gone));
    if (gone == NULL) {
        return;
    }
    gone->platform = platforms[platform];
    key_write(gone->key, platforms[platform], path, name);
    TAILQ_INSERT_TAIL(&node->gone, gone, entry);
    node->n_gone++;
    brg_tell(core, node, TELL_HASS);
}

void brg_hass_changed(struct brg_core *core, const struct resource *res,
                      const struct series *series)
{
    enum platform platform = platform_of(core, res, series);

    if (core->config.hass_prefix != NULL && platform != NONE) {
        gone_add(core, res->node, platform, res->topic, series->name);
    }
}

void brg_hass_gone(struct brg_core *core, const struct resource *res)
{
    const struct series *series;

    if (core->config.hass_prefix != NULL && is_button(res)) {
        gone_add(core, res->node, BUTTON, res->topic, "");
    }
    TAILQ_FOREACH (series, &res->series, entry) {
        brg_hass_changed(core, res, series);
    }
}

void brg_hass_free(struct brg_core *core, struct node *node)
{
    struct gone *gone;

    while ((gone = TAILQ_FIRST(&node->gone)) != NULL) {
        TAILQ_REMOVE(&node->gone, gone, entry);
        brg_put(core->alloc, gone);
    }
    node->n_gone = 0;
}

void brg_hass_forget(struct brg_core *core, const struct node *node)
{
    char topic[BRG_TOPIC_MAX];

    if (core->config.hass_prefix != NULL && topic_write(core, node, topic)) {
        (void)brg_outbox_put(core->outbox, topic, "", 0, 1, true);
    }
}

/* Not at once: all that speak to it hear of it at the same time. */
void brg_core_hass_birth(struct brg_core *core, const struct brg_now *now)
{
    core->now = *now;
    core->birth_alarm.kind = ALARM_BIRTH;
    brg_alarm_set(core, &core->birth_alarm,
                  now->mono + BIRTH_WAIT + brg_random_below(&core->random, BIRTH_SPREAD), false);
}

void brg_hass_birth_due(struct brg_core *core)
{
    struct node *node;

    for (node = brg_node_from(core, NULL); node != NULL; node = brg_node_next(node)) {
        brg_tell(core, node, TELL_HASS);
    }
}
