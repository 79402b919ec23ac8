/* SPDX-License-Identifier: ISC */
/*
 * Commands: BASE/NODE/RES/set, a PUT or POST; /get, a GET; /observe, on or off.
 *
 * A node has one command under way; the others wait in the order in which they came, within bounds
 * for the node and for all, and each until its time to live is over. Of those that would set the
 * same resource only the newest waits. A node that sleeps is spoken to right after it spoke; a
 * command that was not answered waits for a word from its node too, unless it is a POST, which may
 * have been done.
 */
#include "bridge/core_internal.h"

#include <string.h>

#include "bridge/props.h"

#define AWAKE (2 * BRG_SEC) /* how long a node listens that has just spoken */
#define COMMANDS_MAX 2000   /* that wait, for all nodes, */
#define BYTES_MAX (4 << 20) /* and the octets that they take */

static const char *const verb_words[] = {
    [VERB_SET] = "/set",
    [VERB_GET] = "/get",
    [VERB_OBSERVE] = "/observe",
};

/* --- one command ---------------------------------------------------------------------------- */

static struct command_list *list_of(struct brg_core *core, const struct command *command)
{
    return command->node == NULL ? &core->strays : &command->node->commands;
}

static void command_unlist(struct brg_core *core, struct command *command)
{
    TAILQ_REMOVE(list_of(core, command), command, entry);
    if (command->node != NULL) {
        command->node->n_commands--;
        if (command->node->under_way == command) {
            command->node->under_way = NULL;
        }
    }
}

static void command_give(struct command *command, struct node *node)
{
    command->node = node;
    node->n_commands++;
    TAILQ_INSERT_TAIL(&node->commands, command, entry);
}

static void command_free(struct brg_core *core, struct command *command, const struct brg_now *now)
{
    brg_ask_cancel(core, &command->ask, now);
    brg_timer_clear(&core->timers, &command->alarm.timer);
    command_unlist(core, command);
    core->stats.commands_waiting--;
    core->command_bytes -= command->bytes;
    brg_put(core->alloc, command);
}

/* The last word about a command, which is freed. */
static void command_end(struct brg_core *core, struct command *command, struct result result,
                        const struct brg_now *now)
{
    /* What the node did not do, or could not have been asked for, may be wanted again. */
    bool done =
        command->sent && COAP_CLASS(result.code) != 4 && strcmp(result.status, "refused") != 0;

    brg_once_done(core, command->order.once, done ? result.status : NULL);
    result.last = true;
    brg_order_result(core, command->node, &command->order, &result, now);
    command_free(core, command, now);
}

static void command_refuse(struct brg_core *core, struct command *command, const char *reason,
                           const struct brg_now *now)
{
    command_end(core, command, (struct result){.status = "refused", .reason = reason}, now);
}

static void command_tell(struct brg_core *core, const struct command *command, const char *status,
                         const char *reason, const struct brg_now *now)
{
    const struct result result = {.status = status, .reason = reason};

    brg_order_result(core, command->node, &command->order, &result, now);
}

static bool is_post(const struct resource *res)
{
    return res->rule != NULL && res->rule->method == BRG_METHOD_POST;
}

/* The payload as the resource wants it, in |*ret_data|, which the next text of the core overwrites.
 * A POST may do without. NULL, or why not. */
static const char *encode(struct brg_core *core, const struct command *command,
                          const uint8_t **ret_data, size_t *ret_len)
{
    const struct resource *res = command->resource;
    const struct brg_command_form form = {
        .format = brg_resource_format(res),
        .shape = res->shape,
        .name = res->path,
    };
    uint8_t *data = (uint8_t *)core->out_room;
    const char *reason = NULL;

    *ret_data = data;
    *ret_len = 0;
    if (command->len > 0 || !is_post(res)) {
        (void)brg_command_encode(&form, &core->decoder, command->payload, command->len, data,
                                 BRG_COMMAND_MAX, ret_len, &reason);
    }
    return reason;
}

/* From the first command on. False without memory. */
static bool has_pace(struct brg_core *core, struct node *node)
{
    if (node->pace == NULL) {
        node->pace = brg_get(core->alloc, sizeof(*node->pace));
        if (node->pace != NULL) {
            node->pace->alarm = (struct alarm){.kind = ALARM_PACE, .node = node};
        }
    }
    return node->pace != NULL;
}

static void command_send(struct brg_core *core, struct command *command, const struct brg_now *now)
{
    struct resource *res = command->resource;
    struct coap_request request = {
        .method = COAP_GET,
        .uri = res->path,
        .accept = COAP_FORMAT_NONE,
        .format = COAP_FORMAT_NONE,
    };
    const char *reason;
    int err;

    if (command->order.verb == VERB_SET) {
        reason = encode(core, command, &request.payload, &request.payload_len);
        if (reason != NULL) {
            command_refuse(core, command, reason, now);
            return;
        }
        request.if_match = command->order.if_match;
        request.if_none_match = command->order.if_none_match;
        request.etag_len = command->order.etag_len;
        memcpy(request.etag, command->order.etag, sizeof(request.etag));
        request.method = is_post(res) ? COAP_POST : COAP_PUT;
        request.format = request.payload_len > 0 ? brg_resource_format(res) : COAP_FORMAT_NONE;
    }
    command->ask =
        (struct ask){.kind = ASK_COMMAND, .node = command->node, .resource = command->resource};
    err = has_pace(core, command->node) ? brg_ask(core, &command->ask, &request, now)
                                        : -BRG_ERR_NOMEM;
    if (err < 0) {
        command_end(core, command, (struct result){.status = "error", .reason = brg_strerror(err)},
                    now);
        return;
    }
    (void)brg_bucket_take(&command->node->pace->sent, core->config.command_rate,
                          2 * core->config.command_rate, now->mono);
    command->node->under_way = command;
    command->sent = true;
    command->sent_at = now->mono;
    command_tell(core, command, "sent", NULL, now);
}

/* --- when it may go out --------------------------------------------------------------------- */

/* When the node may be sent the next one. */
static brg_tstamp pace_of(const struct brg_core *core, const struct node *node, brg_tstamp now)
{
    return node->pace == NULL ? now
                              : brg_bucket_next(&node->pace->sent, core->config.command_rate,
                                                2 * core->config.command_rate, now);
}

/* NULL: now. */
static const char *wait_reason(struct brg_core *core, const struct command *command,
                               const struct brg_now *now)
{
    const struct node *node = command->node;

    if (node == NULL) {
        return "the node is not known yet";
    }
    if (!node->online) {
        return "the node is offline";
    }
    if (command->resource == NULL) {
        return "the node was not asked for its resources yet";
    }
    if (command->asleep || (node->sleepy && now->mono >= node->awake_until)) {
        return "the node sleeps";
    }
    if (node->under_way != NULL) {
        return "another command is under way";
    }
    return pace_of(core, node, now->mono) > now->mono ? "as many as command_rate says were sent"
                                                      : NULL;
}

/* Those that wait because others were sent go on when it is time; each end of one is, too. */
static void pace(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    brg_tstamp at = pace_of(core, node, now->mono);

    if (!TAILQ_EMPTY(&node->commands) && node->under_way == NULL && at > now->mono) {
        brg_alarm_set(core, &node->pace->alarm, at, false);
    }
}

void brg_commands_run(struct brg_core *core, struct node *node, bool awake,
                      const struct brg_now *now)
{
    struct command *command;
    struct command *next;

    if (awake) {
        node->awake_until = now->mono + AWAKE;
    }
    TAILQ_FOREACH_SAFE (command, &node->commands, entry, next) {
        command->asleep = command->asleep && !awake;
        if (wait_reason(core, command, now) == NULL) {
            command_send(core, command, now);
        }
    }
    pace(core, node, now);
}

void brg_commands_paced(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    brg_commands_run(core, node, false, now);
}

/* --- what is wanted ------------------------------------------------------------------------- */

/* The last of a resource wins over those that have not been sent. */
static void supersede(struct brg_core *core, const struct command *command,
                      const struct brg_now *now)
{
    struct command_list *list = list_of(core, command);
    struct command *other;
    struct command *next;

    if (command->order.verb != VERB_SET) {
        return;
    }
    TAILQ_FOREACH_SAFE (other, list, entry, next) {
        if (other != command && other->order.verb == command->order.verb && other->ask.id == 0 &&
            strcmp(other->order.topic, command->order.topic) == 0) {
            command_end(core, other, (struct result){.status = "superseded"}, now);
        }
    }
}

static const char *observe_switch(struct brg_core *core, struct resource *res,
                                  const struct command *command, const struct brg_now *now)
{
    bool on = command->len == 2 && memcmp(command->payload, "on", 2) == 0;

    if (!on && (command->len != 3 || memcmp(command->payload, "off", 3) != 0)) {
        return "neither on nor off";
    }
    brg_resource_quiet(core, res, !on, now);
    return NULL;
}

/* What can be said at once; NULL: it may be carried out. */
static const char *objection(struct brg_core *core, const struct command *command)
{
    const struct resource *res = command->resource;
    const uint8_t *data;
    size_t len;

    if (res->rule != NULL && res->rule->ignore) {
        return "a rule ignores the resource";
    }
    if (command->order.verb != VERB_SET) {
        return NULL;
    }
    return res->writable ? encode(core, command, &data, &len)
                         : "not writable: neither its if= nor the setting commands says so";
}

/* The command knows its resource. False: it is over. */
static bool command_bound(struct brg_core *core, struct command *command, const struct brg_now *now)
{
    const char *reason = objection(core, command);

    if (reason == NULL && command->order.verb == VERB_OBSERVE) {
        reason = observe_switch(core, command->resource, command, now);
        if (reason == NULL) {
            command_end(core, command, (struct result){.status = "ok"}, now);
            return false;
        }
    }
    if (reason != NULL) {
        command_refuse(core, command, reason, now);
    }
    return reason == NULL;
}

static struct resource *resource_by_topic(struct node *node, const char *name, size_t len)
{
    struct resource *res;

    TAILQ_FOREACH (res, &node->resources, entry) {
        if (strlen(res->topic) == len && memcmp(res->topic, name, len) == 0) {
            return res;
        }
    }
    return NULL;
}

/* Takes BASE/NODE/RES/set apart. False: it is no such topic, or of no node. */
static bool topic_split(struct brg_core *core, const char *topic, struct order *order)
{
    size_t base_len = strlen(core->config.base);
    const char *last = strrchr(topic, '/');
    const char *name;
    size_t len;

    if (last == NULL || strncmp(topic, core->config.base, base_len) != 0 ||
        topic[base_len] != '/') {
        return false;
    }
    for (size_t i = 0; i < sizeof(verb_words) / sizeof(verb_words[0]); i++) {
        if (strcmp(last, verb_words[i]) == 0) {
            order->verb = (enum verb)i;
            len = brg_node_labelled(core, topic + base_len + 1, order->eui64);
            name = topic + base_len + 1 + len + 1;
            if (len == 0 || name >= last) {
                return false;
            }
            order->topic = topic;
            order->name = name;
            order->name_len = (size_t)(last - name);
            return true;
        }
    }
    return false;
}

/* Finds the command's resource. False: there is none, and the command is over. */
static bool command_bind(struct brg_core *core, struct command *command, const struct brg_now *now)
{
    command->resource =
        resource_by_topic(command->node, command->order.name, command->order.name_len);
    if (command->resource != NULL && command->resource->remembered) {
        command->resource = NULL; /* how it wants to be written is not known yet */
    }
    if (command->resource == NULL && command->node->discovered) {
        command_refuse(core, command, "no such resource", now);
        return false;
    }
    return true;
}

/* --- taking one ----------------------------------------------------------------------------- */

static const char *keep(char **at, const void *data, size_t len)
{
    char *copy = *at;

    if (len > 0) {
        memcpy(copy, data, len);
    }
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

static struct command *command_new(struct brg_core *core, const struct order *order,
                                   const struct brg_demand *demand)
{
    size_t topic = strlen(order->topic);
    size_t transaction = order->transaction == NULL ? 0 : strlen(order->transaction);
    size_t response = order->response == NULL ? 0 : strlen(order->response);
    size_t bytes = sizeof(struct command) + topic + transaction + response +
                   order->correlation_len + demand->len + 5;
    struct command *command = brg_get(core->alloc, bytes);
    char *at;

    if (command == NULL) {
        return NULL;
    }
    at = command->room;
    command->bytes = bytes;
    command->order = *order;
    command->order.topic = keep(&at, order->topic, topic);
    command->order.name = command->order.topic + (order->name - order->topic);
    if (order->transaction != NULL) {
        command->order.transaction = keep(&at, order->transaction, transaction);
    }
    if (order->response != NULL) {
        command->order.response = keep(&at, order->response, response);
    }
    command->order.correlation =
        (const uint8_t *)keep(&at, order->correlation, order->correlation_len);
    command->payload = keep(&at, demand->payload, demand->len);
    command->len = demand->len;
    command->alarm = (struct alarm){.kind = ALARM_COMMAND};
    return command;
}

/* Microseconds that it may take: what the demand says itself, and what MQTT says, count. */
static brg_tstamp time_to_live(const struct brg_core *core, const struct node *node,
                               const struct brg_demand *demand,
                               const struct brg_command_options *options)
{
    double ttl_s =
        node != NULL && node->sleepy ? core->config.sleepy_ttl_s : core->config.command_ttl_s;

    if (options->ttl_s > 0.) {
        ttl_s = options->ttl_s;
    } else if (demand->expiry_s > 0) {
        ttl_s = demand->expiry_s;
    }
    if (demand->expiry_s > 0 && demand->expiry_s < ttl_s) {
        ttl_s = demand->expiry_s;
    }
    return (brg_tstamp)(ttl_s * 1e6);
}

bool brg_response_is_fine(const struct brg_core *core, const char *topic)
{
    size_t base_len = strlen(core->config.base);

    return topic[0] != '\0' && topic[0] != '$' && strlen(topic) < BRG_TOPIC_MAX &&
           strpbrk(topic, "+#") == NULL &&
           !(strncmp(topic, core->config.base, base_len) == 0 &&
             (topic[base_len] == '/' || topic[base_len] == '\0'));
}

/* NULL, or why it is refused at once. */
static const char *order_read(struct brg_core *core, const struct brg_demand *demand,
                              struct order *order, struct brg_command_options *options)
{
    const char *reason = brg_command_options(demand->payload, demand->len, options);

    if (options->transaction[0] != '\0') {
        order->transaction = options->transaction;
    }
    if (demand->response_topic != NULL) {
        if (!brg_response_is_fine(core, demand->response_topic)) {
            return "a response topic that is none, or one of the bridge's own";
        }
        if (demand->correlation_len > BRG_CORRELATION_MAX) {
            return "correlation data of more than 256 octets";
        }
        order->response = demand->response_topic;
        order->correlation = demand->correlation;
        order->correlation_len = demand->correlation_len;
    }
    order->if_match = options->if_match;
    order->if_none_match = options->if_none_match;
    order->etag_len = options->etag_len;
    memcpy(order->etag, options->etag, sizeof(order->etag));
    if (demand->len > core->config.max_command_octets) {
        return "larger than the setting max_command_octets allows";
    }
    return reason;
}

static void order_refuse(struct brg_core *core, const struct node *node, const struct order *order,
                         const char *reason, const struct brg_now *now)
{
    const struct result result = {.status = "refused", .reason = reason, .last = true};

    brg_order_result(core, node, order, &result, now);
}

/* Why there is no room for one more; NULL: there is. */
static const char *full(struct brg_core *core, const struct node *node, size_t len)
{
    if (core->stats.commands_waiting >= COMMANDS_MAX || core->command_bytes + len > BYTES_MAX) {
        return "too many commands wait";
    }
    return node != NULL && node->n_commands >= core->config.max_commands
               ? "too many commands wait for this node"
               : NULL;
}

static void command_take(struct brg_core *core, struct node *node, const struct order *order,
                         const struct brg_demand *demand, brg_tstamp ttl, const struct brg_now *now)
{
    struct command *command = command_new(core, order, demand);
    const char *reason;

    if (command == NULL) {
        brg_once_done(core, order->once, NULL);
        order_refuse(core, node, order, "out of memory", now);
        return;
    }
    core->stats.commands_waiting++;
    core->command_bytes += command->bytes;
    if (node == NULL) {
        TAILQ_INSERT_TAIL(&core->strays, command, entry);
    } else {
        command_give(command, node);
    }
    brg_alarm_set(core, &command->alarm, now->mono + ttl, false);
    if (node != NULL && (!command_bind(core, command, now) ||
                         (command->resource != NULL && !command_bound(core, command, now)))) {
        return;
    }
    supersede(core, command, now);
    reason = wait_reason(core, command, now);
    if (reason != NULL) {
        command_tell(core, command, "queued", reason, now);
        if (node != NULL) {
            pace(core, node, now);
        }
    } else {
        command_send(core, command, now);
    }
}

void brg_core_command(struct brg_core *core, const struct brg_demand *demand,
                      const struct brg_now *now)
{
    struct brg_command_options options;
    struct order order = {.topic = demand->topic};
    const char *reason;
    struct node *node;

    core->now = *now;
    if (!topic_split(core, demand->topic, &order)) {
        return;
    }
    core->stats.commands++;
    /* A retained command is an old one: it was meant for who listened then. */
    if (demand->retained) {
        core->stats.commands_retained++;
        return;
    }
    node = brg_node_find(core, order.eui64);
    reason = order_read(core, demand, &order, &options);
    if (reason == NULL && node == NULL && core->complete) {
        reason = "no such node";
    }
    if (reason == NULL) {
        reason = full(core, node, demand->len);
    }
    if (reason != NULL) {
        order_refuse(core, node, &order, reason, now);
        return;
    }
    if (options.key[0] != '\0') {
        order.once = brg_once_of(core, order.topic, options.key);
        reason = brg_once_taken(core, order.once, now);
    }
    if (reason != NULL) {
        const struct result result = {.status = "duplicate", .reason = reason, .last = true};

        brg_order_result(core, node, &order, &result, now);
        return;
    }
    command_take(core, node, &order, demand, time_to_live(core, node, demand, &options), now);
}

/* --- what happens to it --------------------------------------------------------------------- */

void brg_command_done(struct brg_core *core, struct command *command,
                      const struct coap_effect *effect, const struct brg_now *now)
{
    struct result result = {
        .status = "error",
        .timed = true,
        .took = now->mono - command->sent_at,
    };
    struct resource *res = command->resource;
    struct node *node = command->node;
    bool got = effect->kind == COAP_RESPONSE && COAP_CLASS(effect->code) == 2;

    node->under_way = NULL;
    if (effect->kind == COAP_RESPONSE) {
        result.code = effect->code;
        result.status = got ? "ok" : "error";
        result.etag = effect->etag;
        result.etag_len = effect->etag_len;
    } else if (effect->failure != COAP_FAIL_TIMEOUT) {
        result.reason = effect->failure == COAP_FAIL_RESET ? "rejected" : "unusable answer";
    } else if (command->order.verb != VERB_SET || !is_post(res)) {
        command->asleep = true; /* once more when it speaks, if that is in time */
        command_tell(core, command, "asleep", NULL, now);
        brg_commands_run(core, node, false, now);
        return;
    } else {
        result.status = "timeout";
    }
    if (got && command->order.verb == VERB_GET) {
        (void)brg_publish_value(core, res, effect, now);
        result.value = effect->code == COAP_CONTENT ? effect : NULL;
    }
    /* Who does not tell us by itself what it is now is asked. */
    if (effect->kind == COAP_RESPONSE && command->order.verb == VERB_SET && !res->observing) {
        brg_resource_start(core, res, now);
    }
    command_end(core, command, result, now);
    brg_commands_run(core, node, false, now);
}

void brg_command_due(struct brg_core *core, struct command *command, const struct brg_now *now)
{
    struct result result = {.status = command->sent ? "timeout" : "expired"};
    struct node *node = command->node;

    if (command->ask.id != 0) {
        result.timed = true;
        result.took = now->mono - command->sent_at;
    } else {
        result.reason = wait_reason(core, command, now);
    }
    command_end(core, command, result, now);
    if (node != NULL) {
        brg_commands_run(core, node, false, now);
    }
}

void brg_commands_resolve(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    struct command *command;
    struct command *next;

    TAILQ_FOREACH_SAFE (command, &core->strays, entry, next) {
        if (strcmp(command->order.eui64, node->eui64) == 0) {
            command_unlist(core, command);
            command_give(command, node);
        }
    }
    TAILQ_FOREACH_SAFE (command, &node->commands, entry, next) {
        if (command->resource == NULL && command_bind(core, command, now) &&
            command->resource != NULL) {
            (void)command_bound(core, command, now);
        }
    }
    brg_commands_run(core, node, false, now);
}

void brg_commands_no_strays(struct brg_core *core, const struct brg_now *now)
{
    struct command *command;

    while ((command = TAILQ_FIRST(&core->strays)) != NULL) {
        command_refuse(core, command, "no such node", now);
    }
}

void brg_commands_unbind(struct brg_core *core, struct node *node, const struct resource *res,
                         bool gone, const struct brg_now *now)
{
    struct command *command;
    struct command *next;

    TAILQ_FOREACH_SAFE (command, &node->commands, entry, next) {
        if (command->resource == NULL || (res != NULL && command->resource != res)) {
            continue;
        }
        if (gone) {
            command_refuse(core, command, "no such resource", now);
            continue;
        }
        brg_ask_cancel(core, &command->ask, now);
        if (node->under_way == command) {
            node->under_way = NULL;
        }
        command->resource = NULL;
    }
}

void brg_commands_drop(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    struct command_list *list = node == NULL ? &core->strays : &node->commands;
    struct command *command;

    if (node != NULL && node->pace != NULL) {
        brg_timer_clear(&core->timers, &node->pace->alarm.timer);
    }
    while ((command = TAILQ_FIRST(list)) != NULL) {
        command_refuse(core, command, "no such node", now);
    }
}
