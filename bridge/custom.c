/* SPDX-License-Identifier: ISC */
/*
 * What people say of a node while the bridge runs: another name, and options. The store keeps it,
 * also while the node is away, until it is taken back or the node is removed.
 */
#include "bridge/core_internal.h"

#include <string.h>

/* --- the list ------------------------------------------------------------------------------- */

static struct custom *custom_find(const struct brg_core *core, const char *eui64)
{
    struct custom *custom;

    TAILQ_FOREACH (custom, &core->customs, entry) {
        if (strcmp(custom->eui64, eui64) == 0) {
            return custom;
        }
    }
    return NULL;
}

static struct custom *custom_get(struct brg_core *core, const char *eui64)
{
    struct custom *custom = custom_find(core, eui64);

    if (custom != NULL || core->n_customs >= core->config.max_nodes) {
        return custom;
    }
    custom = brg_get(core->alloc, sizeof(*custom));
    if (custom != NULL) {
        memcpy(custom->eui64, eui64, BRG_EUI64_TEXT);
        custom->options = (struct brg_options)BRG_OPTIONS_NONE;
        TAILQ_INSERT_TAIL(&core->customs, custom, entry);
        core->n_customs++;
    }
    return custom;
}

static void custom_changed(struct brg_core *core, struct custom *custom)
{
    custom->unsaved = core->store != NULL;
    core->customs_unsaved |= custom->unsaved;
}

void brg_customs_free(struct brg_core *core)
{
    struct custom *custom;

    while ((custom = TAILQ_FIRST(&core->customs)) != NULL) {
        TAILQ_REMOVE(&core->customs, custom, entry);
        brg_put(core->alloc, custom);
    }
}

int brg_customs_write(struct brg_core *core)
{
    const struct custom *custom;
    int err = 0;

    if (!core->customs_unsaved) {
        return 0;
    }
    TAILQ_FOREACH (custom, &core->customs, entry) {
        const struct brg_custom record = {
            .eui64 = custom->eui64,
            .name = custom->name[0] == '\0' ? NULL : custom->name,
            .options = custom->options,
        };

        if (custom->unsaved && err == 0) {
            err = core->store->custom(core->store->ctx, &record);
        }
    }
    return err;
}

void brg_customs_written(struct brg_core *core)
{
    struct custom *custom;

    if (core->customs_unsaved) {
        core->customs_unsaved = false;
        TAILQ_FOREACH (custom, &core->customs, entry) {
            custom->unsaved = false;
        }
    }
}

/* --- names ---------------------------------------------------------------------------------- */

static const char *configured_name(const struct brg_core *core, const char *eui64)
{
    for (size_t i = 0; i < core->config.n_names; i++) {
        if (strcmp(core->config.names[i].eui64, eui64) == 0) {
            return core->config.names[i].name;
        }
    }
    return NULL;
}

/* The configuration's names stay theirs: a node may get its own back at any time. */
static bool is_taken(const struct brg_core *core, const char *name, const char *eui64)
{
    const struct custom *custom;

    for (size_t i = 0; i < core->config.n_names; i++) {
        if (strcmp(core->config.names[i].name, name) == 0 &&
            strcmp(core->config.names[i].eui64, eui64) != 0) {
            return true;
        }
    }
    TAILQ_FOREACH (custom, &core->customs, entry) {
        if (strcmp(custom->name, name) == 0 && strcmp(custom->eui64, eui64) != 0) {
            return true;
        }
    }
    return false;
}

static void name_at(const char *text, const char *name, const char *eui64, size_t *len,
                    char ret_eui64[BRG_EUI64_TEXT])
{
    size_t n = strlen(name);

    if (n > *len && strncmp(text, name, n) == 0 && text[n] == '/') {
        *len = n;
        memcpy(ret_eui64, eui64, BRG_EUI64_TEXT);
    }
}

size_t brg_name_at(const struct brg_core *core, const char *text, char ret_eui64[BRG_EUI64_TEXT])
{
    const struct custom *custom;
    size_t len = 0;

    for (size_t i = 0; i < core->config.n_names; i++) {
        const struct brg_name *name = &core->config.names[i];

        /* Few names are at the head of a text, and to look for what was said of one is work. */
        if (strncmp(text, name->name, strlen(name->name)) != 0) {
            continue;
        }
        custom = custom_find(core, name->eui64);
        if (custom == NULL || custom->name[0] == '\0') {
            name_at(text, name->name, name->eui64, &len, ret_eui64);
        }
    }
    TAILQ_FOREACH (custom, &core->customs, entry) {
        name_at(text, custom->name, custom->eui64, &len, ret_eui64);
    }
    return len;
}

static void name_take(const struct brg_core *core, struct node *node)
{
    node->name = node->custom != NULL && node->custom->name[0] != '\0'
                     ? node->custom->name
                     : configured_name(core, node->eui64);
}

/* --- what the broker keeps under the old name ------------------------------------------------ */

/* Copies a retained value to the topic that it has now; what has no room comes with its next. */
static void value_move(struct brg_core *core, const char *topic, const char *label,
                       const char *rest)
{
    const struct brg_message *old = brg_outbox_state(core->outbox, topic);
    const char *const parts[] = {core->config.base, label, rest};
    char moved[BRG_TOPIC_MAX];
    struct brg_message message;

    if (old == NULL || old->len == 0 || old->len > sizeof(core->out_room) ||
        old->props_len > sizeof(core->props.data) ||
        brg_topic_join(moved, sizeof(moved), parts, 3) < 0) {
        return;
    }
    message = *old;
    memcpy(core->out_room, old->payload, old->len);
    if (old->props_len > 0) {
        memcpy(core->props.data, old->props, old->props_len);
    }
    message.topic = moved;
    message.payload = core->out_room;
    message.props = core->props.data;
    (void)brg_outbox_add(core->outbox, &message);
}

char *brg_node_topics(struct brg_core *core, const struct node *node, size_t *ret_len)
{
    const char *label = brg_node_label(node);
    const char *const parts[] = {core->config.base, label, ""};
    size_t base_len = strlen(core->config.base) + 1;
    const struct brg_message *message;
    char prefix[BRG_TOPIC_MAX];
    char owner[BRG_EUI64_TEXT];
    char *list = NULL;

    *ret_len = 0;
    if (brg_topic_join(prefix, sizeof(prefix), parts, 3) < 0) {
        return NULL;
    }
    for (int pass = 0; pass < 2; pass++) {
        const char *at = prefix;

        *ret_len = 0;
        while ((message = brg_outbox_state_after(core->outbox, at)) != NULL &&
               strncmp(message->topic, prefix, strlen(prefix)) == 0) {
            size_t len = strlen(message->topic) + 1;

            at = message->topic;
            /* Below a name that begins with this one they are another node's. */
            if (brg_node_labelled(core, at + base_len, owner) != strlen(label) ||
                strcmp(owner, node->eui64) != 0) {
                continue;
            }
            if (list != NULL) {
                memcpy(list + *ret_len, at, len);
            }
            *ret_len += len;
        }
        if (pass == 0) {
            list = *ret_len == 0 ? NULL : brg_get(core->alloc, *ret_len);
            if (list == NULL) {
                *ret_len = 0;
                return NULL;
            }
        }
    }
    return list;
}

/* What the node had at the broker under its old label; |list| are its topics. */
static void node_move_topics(struct brg_core *core, struct node *node, const char *old,
                             const char *list, size_t len)
{
    size_t head = strlen(core->config.base) + 1 + strlen(old) + 1;

    for (size_t at = 0; at < len; at += strlen(list + at) + 1) {
        const char *topic = list + at;

        if (strcmp(topic + head, "availability") != 0) {
            value_move(core, topic, brg_node_label(node), topic + head);
        }
        (void)brg_outbox_put(core->outbox, topic, "", 0, 1, true);
    }
    brg_untell(core, (const char *const[]){core->config.base, old, "info"}, 3);
    if (core->config.summary) {
        brg_untell(core, (const char *const[]){core->config.base, old}, 2);
        brg_tell(core, node, TELL_SUMMARY);
    }
    (void)brg_publish_availability(core, node);
    brg_tell(core, node, TELL_INFO | TELL_HASS | TELL_DEVICES);
}

const char *brg_node_rename(struct brg_core *core, struct node *node, const char *name)
{
    const char *configured = configured_name(core, node->eui64);
    char old[BRG_NAME_MAX];
    struct custom *custom;
    char *list;
    size_t len;

    if (name[0] != '\0' && !brg_name_ok(name)) {
        return "a name that is none; see the setting names";
    }
    if (name[0] != '\0' && is_taken(core, name, node->eui64)) {
        return "another node has this name";
    }
    name = configured != NULL && strcmp(name, configured) == 0 ? "" : name;
    custom = custom_get(core, node->eui64);
    if (custom == NULL) {
        return "no room";
    }
    if (strcmp(custom->name, name) == 0) {
        return NULL;
    }
    list = brg_node_topics(core, node, &len);
    memcpy(old, brg_node_label(node), strlen(brg_node_label(node)) + 1);
    memcpy(custom->name, name, strlen(name) + 1);
    node->custom = custom;
    name_take(core, node);
    node_move_topics(core, node, old, list, len);
    brg_put(core->alloc, list);
    custom_changed(core, custom);
    brg_trace(core, BRG_TRACE_RENAMED, node, brg_node_label(node), 0);
    return NULL;
}

/* --- options -------------------------------------------------------------------------------- */

struct brg_options brg_options_of(const struct node *node)
{
    return node->custom != NULL ? node->custom->options : (struct brg_options)BRG_OPTIONS_NONE;
}

static bool is_sleepy(const struct brg_core *core, const struct node *node)
{
    int option = brg_options_of(node).sleepy;

    for (size_t i = 0; i < core->config.n_sleepy && option == BRG_OPTION_UNSET; i++) {
        option = brg_glob(core->config.sleepy[i], node->eui64) ? 1 : BRG_OPTION_UNSET;
    }
    return option == 1;
}

/* What is not retained any more is not to stay at the broker for ever. */
static void values_untell(struct brg_core *core, const struct resource *res)
{
    const char *const parts[] = {core->config.base, brg_node_label(res->node), res->topic};
    const struct series *series;
    char name[BRG_TOPIC_MAX];

    brg_untell(core, parts, 3); /* its own, or the array of a pack */
    TAILQ_FOREACH (series, &res->series, entry) {
        if (series->name[0] != '\0' && brg_topic_name(name, sizeof(name), series->name) == 0) {
            brg_untell(core, (const char *const[]){parts[0], parts[1], parts[2], name}, 4);
        }
    }
}

static int changed(int is, int change)
{
    return change == BRG_OPTION_KEEP ? is : change;
}

const char *brg_node_options(struct brg_core *core, struct node *node,
                             const struct brg_options *change, const struct brg_now *now)
{
    struct custom *custom = custom_get(core, node->eui64);
    const struct resource *res;
    struct brg_options *options;

    if (custom == NULL) {
        return "no room";
    }
    options = &custom->options;
    node->custom = custom;
    TAILQ_FOREACH (res, &node->resources, entry) {
        int retained = brg_resource_retain(res);
        int before = options->retain;

        options->retain = changed(before, change->retain);
        if (retained && !brg_resource_retain(res)) {
            values_untell(core, res);
        }
        options->retain = before;
    }
    *options = (struct brg_options){
        .sleepy = changed(options->sleepy, change->sleepy),
        .qos = changed(options->qos, change->qos),
        .retain = changed(options->retain, change->retain),
        .output = changed(options->output, change->output),
        .poll_interval_s = changed(options->poll_interval_s, change->poll_interval_s),
    };
    node->sleepy = is_sleepy(core, node);
    custom_changed(core, custom);
    brg_tell(core, node, TELL_INFO | TELL_HASS | (core->config.summary ? TELL_SUMMARY : 0U));
    /* With the next value of each it is all as it shall be. */
    if (node->online && !node->sleepy) {
        (void)brg_node_refresh(core, node, "", now);
    }
    return NULL;
}

static int chosen(int rule, int option, int otherwise)
{
    if (rule != BRG_OPTION_UNSET) {
        return rule;
    }
    return option != BRG_OPTION_UNSET ? option : otherwise;
}

int brg_resource_qos(const struct brg_core *core, const struct resource *res)
{
    return chosen(res->rule == NULL ? BRG_QOS_UNSET : res->rule->qos, brg_options_of(res->node).qos,
                  core->config.qos);
}

bool brg_resource_retain(const struct resource *res)
{
    return chosen(res->rule == NULL ? BRG_RETAIN_UNSET : res->rule->retain,
                  brg_options_of(res->node).retain, !res->event) != 0;
}

enum brg_output brg_resource_output(const struct brg_core *core, const struct resource *res)
{
    return (enum brg_output)chosen(res->rule == NULL ? BRG_OUTPUT_UNSET : res->rule->output,
                                   brg_options_of(res->node).output, (int)core->config.output);
}

uint32_t brg_resource_poll_s(const struct brg_core *core, const struct resource *res)
{
    bool ruled = res->rule != NULL && res->rule->poll_interval_s > 0;

    return (uint32_t)chosen(ruled ? res->rule->poll_interval_s : BRG_OPTION_UNSET,
                            brg_options_of(res->node).poll_interval_s,
                            (int)core->config.poll_interval_s);
}

/* --- nodes that come and go ------------------------------------------------------------------ */

void brg_custom_apply(struct brg_core *core, struct node *node)
{
    node->custom = custom_find(core, node->eui64);
    name_take(core, node);
    node->sleepy = is_sleepy(core, node);
}

void brg_custom_forget(struct brg_core *core, struct node *node)
{
    if (node->custom != NULL) {
        node->custom->name[0] = '\0';
        node->custom->options = (struct brg_options)BRG_OPTIONS_NONE;
        name_take(core, node);
        custom_changed(core, node->custom);
    }
}

int brg_core_customize(struct brg_core *core, const struct brg_custom *custom)
{
    char eui64[BRG_EUI64_TEXT];
    struct custom *own;

    if (brg_eui64_parse(custom->eui64, eui64) < 0) {
        return -BRG_ERR_FORMAT;
    }
    own = custom_get(core, eui64);
    if (own == NULL) {
        return -BRG_ERR_FULL;
    }
    own->options = custom->options;
    /* By now the configuration may have given the name to another. */
    if (custom->name != NULL && brg_name_ok(custom->name) && !is_taken(core, custom->name, eui64)) {
        memcpy(own->name, custom->name, strlen(custom->name) + 1);
    }
    return 0;
}
