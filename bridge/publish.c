/* SPDX-License-Identifier: ISC */
/* From a representation to messages in the outbox. */
#include "bridge/core_internal.h"

#include <string.h>

#define AVAILABILITY_QOS 1
#define ALIVE_GRACE_S 30
#define NAMES_PER 4 /* topics of a node for each of the resources it may have */

int brg_resource_topic(const struct brg_core *core, const struct resource *res, const char *suffix,
                       char topic[BRG_TOPIC_MAX])
{
    const char *const parts[] = {core->config.base, brg_node_label(res->node), res->topic, suffix};

    return brg_topic_join(topic, BRG_TOPIC_MAX, parts, suffix == NULL ? 3 : 4);
}

int brg_publish_availability(struct brg_core *core, const struct node *node)
{
    const char *const parts[] = {core->config.base, brg_node_label(node), "availability"};
    const char *word = brg_node_available(node) ? "online" : "offline";
    char topic[BRG_TOPIC_MAX];
    int err = brg_topic_join(topic, sizeof(topic), parts, 3);

    return err < 0
               ? err
               : brg_outbox_put(core->outbox, topic, word, strlen(word), AVAILABILITY_QOS, true);
}

/* How a value goes out: as its rule says, or else as for all. */
static struct brg_message envelope(const struct brg_core *core, const struct resource *res,
                                   const struct coap_effect *effect, enum brg_output output,
                                   const struct brg_now *now)
{
    static const enum brg_content contents[] = {
        [BRG_OUTPUT_RAW] = BRG_CONTENT_OCTETS,
        [BRG_OUTPUT_VALUE] = BRG_CONTENT_TEXT,
        [BRG_OUTPUT_JSON] = BRG_CONTENT_READING,
    };
    struct brg_message message = {
        .qos = brg_resource_qos(core, res),
        .retain = brg_resource_retain(res),
        .content = contents[output],
        .at_s = now->wall_s,
        .sure = effect->request != NULL,
    };

    if (core->config.message_expiry) {
        /* A state is asked for again after Max-Age; that long, and once more, it is alive. */
        uint64_t expiry = effect->max_age_s;

        expiry = message.retain ? 2 * expiry + ALIVE_GRACE_S : expiry + 1;
        message.expiry_s = expiry < UINT32_MAX ? (uint32_t)expiry : 0;
    }
    return message;
}

static void props_make(struct brg_core *core, const struct resource *res,
                       const struct coap_effect *effect)
{
    char number[24];
    struct brg_text text;

    brg_props_init(&core->props);
    if (!core->config.user_properties) {
        return;
    }
    brg_props_user(&core->props, "node", res->node->eui64);
    brg_text_init(&text, number, sizeof(number));
    brg_text_u64(&text, effect->mid);
    brg_props_user(&core->props, "mid", number);
    if (effect->observing) {
        brg_text_init(&text, number, sizeof(number));
        brg_text_u64(&text, effect->seq);
        brg_props_user(&core->props, "seq", number);
    }
}

static int put(struct brg_core *core, struct brg_message *message, const char *topic,
               const void *payload, size_t len, const struct brg_now *now)
{
    int err;

    message->topic = topic;
    message->payload = payload;
    message->len = len;
    core->stats.values++;
    err = brg_outbox_add(core->outbox, message);
    if (err == 0) {
        brg_serve_news(core, message, now);
    }
    return err;
}

/* The summary of the node has something new. */
static void tell_summary(struct brg_core *core, const struct resource *res,
                         const struct brg_message *message)
{
    if (core->config.summary && message->retain) {
        brg_tell(core, res->node, TELL_SUMMARY);
    }
}

/* What was not understood is shown, but not so often that it becomes a flood. */
static void bad_payload(struct brg_core *core, struct resource *res, const char *reason,
                        const struct coap_effect *effect, const struct brg_now *now)
{
    char topic[BRG_TOPIC_MAX];
    const struct brg_message message = {
        .topic = topic, .payload = effect->data, .len = effect->len, .at_s = now->wall_s};

    core->stats.bad_payloads++;
    if (now->mono < res->next_error || brg_resource_topic(core, res, NULL, topic) < 0) {
        return;
    }
    res->next_error = now->mono + ERROR_INTERVAL;
    if (core->store != NULL) {
        core->store->bury(core->store->ctx, &message, reason);
    }
    if (brg_resource_topic(core, res, "error", topic) < 0) {
        return;
    }
    brg_trace(core, BRG_TRACE_BAD_PAYLOAD, res->node, reason, 0);
    brg_text_init(&core->out, core->out_room, sizeof(core->out_room));
    brg_error_write(&core->out, reason, effect->data, effect->len, now->wall_s);
    (void)brg_outbox_put(core->outbox, topic, core->out.buf, core->out.len, 0, false);
}

/* A node that makes up names, one after the other, takes no more than its share of the topics. */
static bool has_room(const struct brg_core *core, const struct node *node, const char *topic)
{
    size_t len = strlen(core->config.base) + 1 + strlen(brg_node_label(node)) + 1;

    return brg_outbox_state(core->outbox, topic) != NULL ||
           brg_outbox_count(core->outbox, topic, len, core->config.max_resources * NAMES_PER) <
               core->config.max_resources * NAMES_PER;
}

static int put_reading(struct brg_core *core, struct resource *res, struct brg_reading *reading,
                       enum brg_output output, const struct brg_context *context,
                       struct brg_message *message, const struct brg_now *now)
{
    char name[BRG_TOPIC_MAX];
    char topic[BRG_TOPIC_MAX];
    char digits[40];
    struct brg_text number;
    int err = 0;

    if (reading->name != NULL) {
        err = brg_topic_name(name, sizeof(name), reading->name);
    }
    if (err == 0) {
        err = brg_resource_topic(core, res, reading->name == NULL ? NULL : name, topic);
    }
    if (err < 0) {
        return err;
    }
    if (message->retain && reading->name != NULL && !has_room(core, res->node, topic)) {
        return -BRG_ERR_INVAL;
    }
    /* To write a number is work, and it is needed three times. */
    if (reading->kind == BRG_VALUE_NUMBER) {
        brg_text_init(&number, digits, sizeof(digits));
        brg_text_number(&number, reading->number);
        reading->digits = digits;
    }
    brg_text_init(&core->out, core->out_room, sizeof(core->out_room));
    brg_reading_write(&core->out, reading, output, context);
    err = core->out.full ? -BRG_ERR_SIZE
                         : put(core, message, topic, core->out.buf, core->out.len, now);
    if (err == 0) {
        brg_series_note(core, res, reading, now);
    }
    reading->digits = NULL;
    return err;
}

/* The pack as a whole, its records resolved, beside its readings. */
static int put_array(struct brg_core *core, const struct resource *res, struct brg_message message,
                     const struct brg_now *now)
{
    char topic[BRG_TOPIC_MAX];

    if (!core->config.senml_array || core->decoder.n == 0 ||
        core->decoder.readings[0].name == NULL || brg_resource_topic(core, res, NULL, topic) < 0) {
        return 0;
    }
    message.content = BRG_CONTENT_SENML;
    brg_text_init(&core->out, core->out_room, sizeof(core->out_room));
    brg_senml_write(&core->out, &core->decoder, now->wall_s);
    return core->out.full ? -BRG_ERR_SIZE
                          : put(core, &message, topic, core->out.buf, core->out.len, now);
}

static void too_much(struct brg_core *core, struct resource *res, const struct coap_effect *effect,
                     int *err, const struct brg_now *now)
{
    if (*err == -BRG_ERR_SIZE || *err == -BRG_ERR_INVAL) {
        bad_payload(core, res, *err == -BRG_ERR_SIZE ? "too large" : "too many names", effect, now);
        *err = 0;
    }
}

int brg_publish_value(struct brg_core *core, struct resource *res, const struct coap_effect *effect,
                      const struct brg_now *now)
{
    const struct brg_context context = {
        .now_s = now->wall_s,
        .has_seq = effect->observing,
        .seq = effect->seq,
    };
    enum brg_output output = brg_resource_output(core, res);
    struct brg_message message;
    char topic[BRG_TOPIC_MAX];
    int err = 0;

    if (effect->code != COAP_CONTENT) {
        return 0;
    }
    message = envelope(core, res, effect, output, now);
    props_make(core, res, effect);
    message.props = core->props.data;
    message.props_len = core->props.len;
    if (output == BRG_OUTPUT_RAW) {
        if (brg_resource_topic(core, res, NULL, topic) < 0) {
            return 0;
        }
        err = put(core, &message, topic, effect->data, effect->len, now);
        if (err == 0) {
            brg_series_note(core, res, NULL, now);
            tell_summary(core, res, &message);
        }
        return err;
    }
    if (brg_decode(&core->decoder, effect->format, effect->data, effect->len) < 0) {
        bad_payload(core, res, core->decoder.reason, effect, now);
        return 0;
    }
    brg_resource_seen(core, res, effect);
    for (size_t i = 0; i < core->decoder.n && err == 0; i++) {
        err = put_reading(core, res, &core->decoder.readings[i], output, &context, &message, now);
        too_much(core, res, effect, &err, now);
    }
    if (err == 0) {
        err = put_array(core, res, message, now);
        too_much(core, res, effect, &err, now);
    }
    tell_summary(core, res, &message);
    return err;
}
