/* SPDX-License-Identifier: ISC */
/*
 * BASE/bridge/request/X: what may be asked of the bridge itself. Each request has one response on
 * BASE/bridge/response/X, {"status", "data", "error", "transaction"}, and on the response topic of
 * MQTT 5. Which requests are taken is a setting.
 */
#include "bridge/core_internal.h"

#include <string.h>

#define PREFIX "bridge/request/"
#define RESTART_MIN (10 * BRG_SEC)

/* What a request needs to know, and where its data go. */
struct request {
    struct brg_core *core;
    const struct brg_request *args;
    const struct brg_now *now;
    struct node *node; /* of "id"; NULL: there is none, or none was named */
    struct brg_text *data;
};

/* --- topics that the broker keeps of a node ------------------------------------------------- */

void brg_untell(struct brg_core *core, const char *const parts[], size_t n)
{
    char topic[BRG_TOPIC_MAX];

    if (brg_topic_join(topic, sizeof(topic), parts, n) == 0) {
        (void)brg_outbox_put(core->outbox, topic, "", 0, 1, true);
    }
}

void brg_node_forget(struct brg_core *core, struct node *node)
{
    const char *label = brg_node_label(node);
    size_t len;
    char *topics = brg_node_topics(core, node, &len);

    brg_untell(core, (const char *const[]){core->config.base, label, "availability"}, 3);
    brg_untell(core, (const char *const[]){core->config.base, label, "info"}, 3);
    if (core->config.summary) {
        brg_untell(core, (const char *const[]){core->config.base, label}, 2);
    }
    for (size_t at = 0; at < len; at += strlen(topics + at) + 1) {
        (void)brg_outbox_put(core->outbox, topics + at, "", 0, 1, true);
    }
    brg_put(core->alloc, topics);
    brg_hass_forget(core, node);
    brg_remember_forget(core, node->eui64);
    brg_trace(core, BRG_TRACE_FORGOTTEN, node, NULL, 0);
}

/* --- the requests; NULL, or what is wrong ----------------------------------------------------- */

static const char *health_check(struct request *request)
{
    const struct brg_core_stats *stats = brg_core_stats(request->core);

    brg_text_puts(request->data, brg_core_store_fails(request->core)
                                     ? "\"healthy\":false,\"nodes\":"
                                     : "\"healthy\":true,\"nodes\":");
    brg_text_u64(request->data, stats->nodes);
    brg_text_puts(request->data, ",\"online\":");
    brg_text_u64(request->data, stats->online);
    return NULL;
}

static const char *device_discover(struct request *request)
{
    if (!request->node->online) {
        return "the node is offline";
    }
    brg_node_discover_in(request->core, request->node, 0, request->now);
    return NULL;
}

static const char *device_remove(struct request *request)
{
    brg_node_forget(request->core, request->node);
    brg_custom_forget(request->core, request->node);
    brg_node_remove(request->core, request->node, request->now);
    (void)brg_core_commit_all(request->core, request->now);
    return NULL;
}

/* Is what was said just now kept over a restart? Topics that are empty now must not come back
 * either, so all states are written. */
static void kept_write(struct request *request)
{
    struct brg_core *core = request->core;
    bool kept = core->store != NULL && brg_core_commit_all(core, request->now) == 0;

    brg_text_puts(request->data, kept ? ",\"kept\":true" : ",\"kept\":false");
}

static const char *device_rename(struct request *request)
{
    struct node *node = request->node;
    struct brg_text *data = request->data;
    const char *error;

    if (!request->args->has_name) {
        return "\"name\" is missing; null is its configured name, or its EUI-64";
    }
    brg_text_puts(data, "\"from\":");
    brg_text_json_string(data, brg_node_label(node), strlen(brg_node_label(node)));
    error = brg_node_rename(request->core, node, request->args->name);
    brg_text_puts(data, ",\"to\":");
    brg_text_json_string(data, brg_node_label(node), strlen(brg_node_label(node)));
    if (error == NULL) {
        kept_write(request);
    }
    return error;
}

static const char *device_options(struct request *request)
{
    struct node *node = request->node;
    struct brg_options options = brg_options_of(node);
    const char *error = NULL;

    brg_text_puts(request->data, "\"from\":");
    brg_options_write(request->data, &options);
    if (request->args->has_change) {
        error = brg_node_options(request->core, node, &request->args->change, request->now);
    }
    options = brg_options_of(node);
    brg_text_puts(request->data, ",\"to\":");
    brg_options_write(request->data, &options);
    if (error == NULL) {
        kept_write(request);
    }
    return error;
}

unsigned brg_node_refresh(struct brg_core *core, struct node *node, const char *topic,
                          const struct brg_now *now)
{
    struct resource *res;
    unsigned n = 0;

    TAILQ_FOREACH (res, &node->resources, entry) {
        if (topic[0] != '\0' && strcmp(topic, res->topic) != 0) {
            continue;
        }
        n++;
        if (res->observing) {
            coap_refresh(core->ep, res->value.id, now->mono);
        } else {
            brg_resource_start(core, res, now);
        }
    }
    return n;
}

static const char *observe_refresh(struct request *request)
{
    if (!request->node->online) {
        return "the node is offline";
    }
    return brg_node_refresh(request->core, request->node, request->args->path, request->now) > 0
               ? NULL
               : "no such resource";
}

/* A request that is delivered again, because its acknowledgement was lost, is not to have it start
 * for ever. */
static const char *restart(struct request *request)
{
    struct brg_core *core = request->core;

    if (request->now->mono - core->config.since < RESTART_MIN) {
        return "it has just begun";
    }
    core->wants_restart = true;
    return NULL;
}

bool brg_core_wants_restart(const struct brg_core *core)
{
    return core->wants_restart;
}

static const char *spool_drop(struct request *request)
{
    brg_text_puts(request->data, "\"dropped\":");
    brg_text_u64(request->data, brg_outbox_drop(request->core->outbox));
    return NULL;
}

static const struct row {
    const char *name;
    const char *(*run)(struct request *request);
    bool of_node;
} rows[] = {
    {"health_check", health_check, false},    {"device/discover", device_discover, true},
    {"device/remove", device_remove, true},   {"device/rename", device_rename, true},
    {"device/options", device_options, true}, {"observe/refresh", observe_refresh, true},
    {"spool/drop", spool_drop, false},        {"restart", restart, false},
};

/* --- taking one and answering ----------------------------------------------------------------- */

static bool is_allowed(const struct brg_core *core, const char *name)
{
    for (size_t i = 0; i < core->config.n_requests; i++) {
        if (brg_glob(core->config.requests[i], name)) {
            return true;
        }
    }
    return false;
}

static const char *run(struct request *request, const char *name)
{
    char id[BRG_TOPIC_MAX];
    char eui64[BRG_EUI64_TEXT];
    const struct row *row = NULL;
    struct brg_text text;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row = strcmp(rows[i].name, name) == 0 ? &rows[i] : row;
    }
    if (row == NULL) {
        return "no such request";
    }
    if (!is_allowed(request->core, name)) {
        return "not allowed: the setting requests does not name it";
    }
    if (row->of_node) {
        brg_text_init(&text, id, sizeof(id));
        brg_text_puts(&text, request->args->id);
        brg_text_puts(&text, "/");
        if (brg_node_labelled(request->core, id, eui64) == strlen(request->args->id) &&
            request->args->id[0] != '\0') {
            request->node = brg_node_find(request->core, eui64);
        }
        if (request->node == NULL) {
            return "no such node: id is its EUI-64 or its name";
        }
    }
    return row->run(request);
}

static void respond(struct brg_core *core, const struct brg_demand *demand, const char *name,
                    const struct brg_request *args, const char *error, const struct brg_text *data)
{
    const char *const parts[] = {core->config.base, "bridge", "response", name};
    char topic[BRG_TOPIC_MAX];
    char room[2048];
    struct brg_text out;
    struct brg_props props;
    struct brg_message message = {.qos = 1, .content = BRG_CONTENT_JSON, .at_s = core->now.wall_s};

    brg_text_init(&out, room, sizeof(room));
    brg_text_puts(&out, error == NULL ? "{\"status\":\"ok\",\"data\":{"
                                      : "{\"status\":\"error\",\"data\":{");
    brg_text_puts(&out, data->buf);
    brg_text_puts(&out, "},\"error\":");
    if (error == NULL) {
        brg_text_puts(&out, "null");
    } else {
        brg_text_json_string(&out, error, strlen(error));
    }
    if (args->options.transaction[0] != '\0') {
        brg_text_puts(&out, ",\"transaction\":");
        brg_text_puts(&out, args->options.transaction);
    }
    brg_text_puts(&out, "}");
    message.payload = out.buf;
    message.len = out.len;
    if (brg_topic_join(topic, sizeof(topic), parts, 4) == 0) {
        message.topic = topic;
        (void)brg_outbox_add(core->outbox, &message);
    }
    if (demand->response_topic != NULL && brg_response_is_fine(core, demand->response_topic) &&
        demand->correlation_len <= BRG_CORRELATION_MAX) {
        brg_props_init(&props);
        if (demand->correlation_len > 0) {
            brg_props_correlation(&props, demand->correlation, demand->correlation_len);
        }
        message.topic = demand->response_topic;
        message.props = props.data;
        message.props_len = props.len;
        (void)brg_outbox_add(core->outbox, &message);
    }
}

void brg_core_request(struct brg_core *core, const struct brg_demand *demand,
                      const struct brg_now *now)
{
    size_t base = strlen(core->config.base);
    struct brg_request args;
    struct brg_text data;
    struct request request = {.core = core, .args = &args, .now = now, .data = &data};
    const char *name = demand->topic + base + 1 + strlen(PREFIX);
    const char *error;
    char room[512];

    core->now = *now;
    if (strncmp(demand->topic, core->config.base, base) != 0 || demand->topic[base] != '/' ||
        strncmp(demand->topic + base + 1, PREFIX, strlen(PREFIX)) != 0 || strlen(name) > 64) {
        return;
    }
    /* As with commands: what is retained was meant for who listened then. */
    if (demand->retained) {
        core->stats.commands_retained++;
        return;
    }
    brg_text_init(&data, room, sizeof(room));
    error = brg_request_read(demand->payload, demand->len, &args);
    if (error == NULL) {
        error = run(&request, name);
    }
    respond(core, demand, name, &args, error, &data);
}
