/* SPDX-License-Identifier: ISC */
/* BASE/bridge/event: what happens, for people and their programs; each once, not retained. */
#include "bridge/core_internal.h"

#include <string.h>

static const char *const names[] = {
    [BRG_TRACE_ONLINE] = "node-online",        [BRG_TRACE_OFFLINE] = "node-offline",
    [BRG_TRACE_DISCOVERED] = "node-resources", [BRG_TRACE_UNUSABLE] = "node-unusable",
    [BRG_TRACE_FORGOTTEN] = "node-forgotten",  [BRG_TRACE_RENAMED] = "node-renamed",
    [BRG_TRACE_NOT_KEPT] = "spool-failing",    [BRG_TRACE_KEPT] = "spool-ok",
};

void brg_event(struct brg_core *core, const struct brg_trace *trace)
{
    const char *const parts[] = {core->config.base, "bridge", "event"};
    const char *name =
        (size_t)trace->kind < sizeof(names) / sizeof(names[0]) ? names[trace->kind] : NULL;
    char topic[BRG_TOPIC_MAX];
    struct brg_message message = {
        .topic = topic, .qos = 1, .content = BRG_CONTENT_JSON, .at_s = core->now.wall_s};
    struct brg_text out;
    char room[512];

    if (name == NULL || brg_topic_join(topic, sizeof(topic), parts, 3) < 0) {
        return;
    }
    brg_text_init(&out, room, sizeof(room));
    brg_text_puts(&out, "{\"event\":\"");
    brg_text_puts(&out, name);
    if (trace->node[0] != '\0') {
        brg_text_puts(&out, "\",\"node\":\"");
        brg_text_puts(&out, trace->node);
    }
    brg_text_puts(&out, "\",\"t\":");
    brg_text_time(&out, core->now.wall_s);
    if (trace->kind == BRG_TRACE_DISCOVERED) {
        brg_text_puts(&out, ",\"resources\":");
        brg_text_u64(&out, trace->number);
    }
    if (trace->kind == BRG_TRACE_RENAMED) {
        brg_text_puts(&out, ",\"name\":");
        brg_text_json_string(&out, trace->detail, strlen(trace->detail));
    }
    brg_text_puts(&out, "}");
    message.payload = out.buf;
    message.len = out.len;
    (void)brg_outbox_add(core->outbox, &message);
}
