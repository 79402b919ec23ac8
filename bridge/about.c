/* SPDX-License-Identifier: ISC */
#include "bridge/about.h"

#include <string.h>

#include "bridge/topic.h"

static void text(struct brg_text *out, const char *name, const char *value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    brg_text_json_string(out, value, brg_utf8_valid(value, strlen(value)) ? strlen(value) : 0);
}

static void number(struct brg_text *out, const char *name, int value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    brg_text_u64(out, value < 0 ? 0 : (uint64_t)value);
}

static void truth(struct brg_text *out, const char *name, int value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, value ? "\":true" : "\":false");
}

void brg_about_write(struct brg_text *out, const struct bconf *conf, double since_s)
{
    static const char *const outputs[] = {
        [BRG_OUTPUT_JSON] = "json", [BRG_OUTPUT_VALUE] = "value", [BRG_OUTPUT_RAW] = "raw"};

    brg_text_puts(out, "{\"schema\":1,\"version\":\"" BRIDGE_VERSION "\",\"since\":");
    brg_text_time(out, since_s);
    text(out, "base", conf->base);
    text(out, "format", outputs[conf->output]);
    number(out, "qos", conf->qos);
    truth(out, "clean_session", conf->clean_session);
    truth(out, "message_expiry", conf->message_expiry);
    number(out, "coap_port", conf->coap_port);
    number(out, "poll_interval_s", conf->poll_interval_s);
    number(out, "command_ttl_s", conf->command_ttl_s);
    number(out, "sleepy_ttl_s", conf->sleepy_ttl_s);
    number(out, "max_nodes", conf->max_nodes);
    number(out, "max_resources", conf->max_resources);
    number(out, "spool_mb", conf->spool_mb);
    number(out, "spool_hours", conf->spool_hours);
    brg_text_puts(out, "}");
}
