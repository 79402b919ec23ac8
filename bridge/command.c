/* SPDX-License-Identifier: ISC */
/* BASE/NODE/RES/set: a PUT, and what became of it on .../set/result. */
#include "bridge/core_internal.h"

#include <string.h>

#define RESULT_QOS 1

struct result {
    const char *status;
    const char *reason; /* NULL: none */
    uint8_t code;       /* 0: none */
    bool timed;
    brg_tstamp took;
};

static void result_put(struct brg_core *core, const char *set_topic, const struct result *result)
{
    const char *const parts[] = {set_topic, "result"};
    char topic[BRG_TOPIC_MAX];
    char room[512];
    struct brg_text out;

    if (brg_topic_join(topic, sizeof(topic), parts, 2) < 0) {
        return; /* no resource of ours has a topic that long */
    }
    brg_text_init(&out, room, sizeof(room));
    brg_text_puts(&out, "{\"status\":");
    brg_text_json_string(&out, result->status, strlen(result->status));
    if (result->code != 0) {
        brg_text_puts(&out, ",\"code\":\"");
        brg_text_u64(&out, COAP_CLASS(result->code));
        brg_text_puts(&out, COAP_DETAIL(result->code) < 10 ? ".0" : ".");
        brg_text_u64(&out, COAP_DETAIL(result->code));
        brg_text_puts(&out, "\"");
    }
    if (result->reason != NULL) {
        brg_text_puts(&out, ",\"reason\":");
        brg_text_json_string(&out, result->reason, strlen(result->reason));
    }
    if (result->timed) {
        brg_text_puts(&out, ",\"ms\":");
        brg_text_u64(&out, result->took / BRG_MSEC);
    }
    brg_text_puts(&out, "}");
    (void)brg_outbox_put(core->outbox, topic, out.buf, out.len, RESULT_QOS, false);
}

static void resource_result(struct brg_core *core, const struct resource *res,
                            const struct result *result)
{
    char topic[BRG_TOPIC_MAX];

    brg_trace(core, BRG_TRACE_COMMAND, res->node, result->status, result->code);
    if (brg_resource_topic(core, res, "set", topic) == 0) {
        result_put(core, topic, result);
    }
}

static int format_to_write(const struct resource *res)
{
    return res->format < 0 ? COAP_FORMAT_TEXT : res->format;
}

static void command_send(struct brg_core *core, struct resource *res, const uint8_t *data,
                         size_t len, const struct brg_now *now)
{
    struct coap_request request = {
        .method = COAP_PUT,
        .uri = res->path,
        .accept = COAP_FORMAT_NONE,
        .format = format_to_write(res),
        .payload = data,
        .payload_len = len,
    };
    int err = brg_ask(core, &res->command, &request, now);

    if (err < 0) {
        resource_result(core, res,
                        &(struct result){.status = "error", .reason = brg_strerror(err)});
    }
}

/* The last command of a resource wins over one that has not been sent. */
static void command_hold(struct brg_core *core, struct resource *res, const uint8_t *data,
                         size_t len)
{
    uint8_t *copy = (uint8_t *)brg_dup(core->alloc, data, len);

    if (copy == NULL) {
        resource_result(core, res, &(struct result){.status = "error", .reason = "out of memory"});
        return;
    }
    if (res->waiting != NULL) {
        resource_result(core, res, &(struct result){.status = "superseded"});
        brg_put(core->alloc, res->waiting);
    }
    res->waiting = copy;
    res->waiting_len = len;
}

void brg_command_done(struct brg_core *core, struct resource *res, const struct coap_effect *effect,
                      const struct brg_now *now)
{
    struct result result = {
        .status = "error",
        .timed = true,
        .took = now->mono - res->command.since,
    };
    uint8_t *next = res->waiting;

    if (effect->kind == COAP_RESPONSE) {
        result.code = effect->code;
        result.status = COAP_CLASS(effect->code) == 2 ? "ok" : "error";
    } else if (effect->failure == COAP_FAIL_TIMEOUT) {
        result.status = "timeout";
    } else {
        result.reason = effect->failure == COAP_FAIL_RESET ? "rejected" : "unusable answer";
    }
    resource_result(core, res, &result);
    /* Who does not tell us by itself what it is now is asked. */
    if (effect->kind == COAP_RESPONSE && !res->observing) {
        brg_resource_start(core, res, now);
    }
    res->waiting = NULL;
    if (next != NULL) {
        command_send(core, res, next, res->waiting_len, now);
        brg_put(core->alloc, next);
    }
}

/* Splits BASE/NODE/RES/set; the last part is cut off |room|, which holds the topic. */
static bool topic_split(const struct brg_core *core, char *room, char ret_node[BRG_EUI64_TEXT],
                        const char **ret_res)
{
    size_t base_len = strlen(core->config.base);
    size_t len = strlen(room);
    char *node = room + base_len + 1;
    size_t node_len = BRG_EUI64_TEXT - 1;

    if (len < base_len + 1 + node_len + strlen("//set") ||
        memcmp(room, core->config.base, base_len) != 0 || room[base_len] != '/' ||
        node[node_len] != '/' || strcmp(room + len - strlen("/set"), "/set") != 0) {
        return false;
    }
    memcpy(ret_node, node, node_len);
    ret_node[node_len] = '\0';
    room[len - strlen("/set")] = '\0';
    *ret_res = node + node_len + 1;
    return true;
}

static struct resource *resource_by_topic(struct node *node, const char *topic)
{
    struct resource *res;

    TAILQ_FOREACH (res, &node->resources, entry) {
        if (strcmp(res->topic, topic) == 0) {
            return res;
        }
    }
    return NULL;
}

static void command_for(struct brg_core *core, struct resource *res, const char *payload,
                        size_t len, const struct brg_now *now)
{
    struct result result = {.status = "refused"};
    uint8_t data[COMMAND_MAX];
    size_t data_len;

    if (!res->writable) {
        result.reason = "not writable: neither its if= nor the setting commands says so";
    } else if (!res->node->online) {
        result.reason = "the node is offline";
    } else if (brg_command_encode(format_to_write(res), payload, len, data, sizeof(data), &data_len,
                                  &result.reason) == 0) {
        if (res->command.id != 0) {
            command_hold(core, res, data, data_len);
        } else {
            command_send(core, res, data, data_len, now);
        }
        return;
    }
    resource_result(core, res, &result);
}

void brg_core_command(struct brg_core *core, const char *topic, const char *payload, size_t len,
                      const struct brg_now *now)
{
    char room[BRG_TOPIC_MAX];
    char eui64[BRG_EUI64_TEXT];
    const char *name;
    struct resource *res;
    struct node *node;

    core->stats.commands++;
    if (strlen(topic) >= sizeof(room)) {
        return;
    }
    memcpy(room, topic, strlen(topic) + 1);
    if (!topic_split(core, room, eui64, &name)) {
        return;
    }
    node = brg_node_find(core, eui64);
    res = node == NULL ? NULL : resource_by_topic(node, name);
    if (res == NULL) {
        result_put(core, topic,
                   &(struct result){.status = "refused",
                                    .reason = node == NULL ? "no such node" : "no such resource"});
        return;
    }
    command_for(core, res, payload, len, now);
}
