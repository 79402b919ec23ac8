/* SPDX-License-Identifier: ISC */
/* What became of a command: on its topic with /result behind it, and for who asked by MQTT 5 on
 * his response topic, with his correlation data. */
#include "bridge/core_internal.h"

#include <string.h>

#include "bridge/props.h"

#define RESULT_QOS 1

static void readings_write(struct brg_core *core, const struct coap_effect *effect,
                           const struct brg_now *now)
{
    const struct brg_context context = {.now_s = now->wall_s, .with_name = true};
    struct brg_text *out = &core->out;

    if (brg_decode(&core->decoder, effect->format, effect->data, effect->len) < 0) {
        return;
    }
    brg_text_puts(out, ",\"readings\":[");
    for (size_t i = 0; i < core->decoder.n; i++) {
        brg_text_puts(out, i == 0 ? "" : ",");
        brg_reading_write(out, &core->decoder.readings[i], BRG_OUTPUT_JSON, &context);
    }
    brg_text_puts(out, "]");
}

static void result_write(struct brg_core *core, const struct order *order,
                         const struct result *result, const struct brg_now *now)
{
    struct brg_text *out = &core->out;

    brg_text_init(out, core->out_room, sizeof(core->out_room));
    brg_text_puts(out, "{\"status\":");
    brg_text_json_string(out, result->status, strlen(result->status));
    if (result->code != 0) {
        brg_text_puts(out, ",\"code\":\"");
        brg_text_u64(out, COAP_CLASS(result->code));
        brg_text_puts(out, COAP_DETAIL(result->code) < 10 ? ".0" : ".");
        brg_text_u64(out, COAP_DETAIL(result->code));
        brg_text_puts(out, "\"");
    }
    if (result->reason != NULL) {
        brg_text_puts(out, ",\"reason\":");
        brg_text_json_string(out, result->reason, strlen(result->reason));
    }
    if (result->etag_len > 0) {
        brg_text_puts(out, ",\"etag\":\"");
        brg_text_hex(out, result->etag, result->etag_len);
        brg_text_puts(out, "\"");
    }
    if (result->timed) {
        brg_text_puts(out, ",\"ms\":");
        brg_text_u64(out, result->took / BRG_MSEC);
    }
    brg_text_puts(out, ",\"t\":");
    brg_text_time(out, now->wall_s);
    if (order->transaction != NULL) {
        brg_text_puts(out, ",\"transaction\":");
        brg_text_puts(out, order->transaction);
    }
    if (result->value != NULL) {
        readings_write(core, result->value, now);
    }
    brg_text_puts(out, "}");
}

void brg_order_result(struct brg_core *core, const struct node *node, const struct order *order,
                      const struct result *result, const struct brg_now *now)
{
    const char *const parts[] = {order->topic, "result"};
    struct brg_message message = {
        .payload = core->out_room,
        .qos = RESULT_QOS,
        .content = BRG_CONTENT_JSON,
        .at_s = now->wall_s,
    };
    char topic[BRG_TOPIC_MAX];
    struct brg_props props;

    if (core->closing) {
        return;
    }
    brg_trace(core, BRG_TRACE_COMMAND, node, result->status, result->code);
    result_write(core, order, result, now);
    message.len = core->out.len;
    if (core->out.full) {
        return; /* cannot be: a whole decoded payload fits */
    }
    if (brg_topic_join(topic, sizeof(topic), parts, 2) == 0) {
        message.topic = topic;
        (void)brg_outbox_add(core->outbox, &message);
    }
    if (order->response != NULL && result->last) {
        brg_props_init(&props);
        if (order->correlation_len > 0) {
            brg_props_correlation(&props, order->correlation, order->correlation_len);
        }
        message.topic = order->response;
        message.props = props.data;
        message.props_len = props.len;
        (void)brg_outbox_add(core->outbox, &message);
    }
}
