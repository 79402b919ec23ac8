/* SPDX-License-Identifier: ISC */
/*
 * BASE/NODE: the last values of all resources of a node in one JSON object, {"RES": VALUE, ...}.
 * Made of the states in the outbox when it can be sent, so that it is whole after a restart too.
 * JSON values are in it as they are; others as number, truth or text, octets that are no text as
 * base64url. Once there is no room the rest is left out.
 */
#include "bridge/core_internal.h"

#include <string.h>

static size_t digits_at(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= '0' && text[n] <= '9') {
        n++;
    }
    return n;
}

/* Is all of it a number as JSON writes one (RFC 8259 section 6)? */
static bool is_number(const char *text, size_t len)
{
    size_t at = len > 0 && text[0] == '-' ? 1 : 0;
    size_t n = digits_at(text + at, len - at);

    if (n == 0 || (n > 1 && text[at] == '0')) {
        return false;
    }
    at += n;
    if (at < len && text[at] == '.') {
        n = digits_at(text + at + 1, len - at - 1);
        at += n + 1;
        if (n == 0) {
            return false;
        }
    }
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < len && (text[at] == '+' || text[at] == '-');
        n = digits_at(text + at, len - at);
        at += n;
        if (n == 0) {
            return false;
        }
    }
    return at == len;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

static void value_write(struct brg_text *out, const struct brg_message *message)
{
    const char *text = message->payload;
    size_t len = message->len;
    bool plain =
        message->content == BRG_CONTENT_TEXT &&
        (is_number(text, len) || is_word(text, len, "true") || is_word(text, len, "false"));

    if (plain || message->content == BRG_CONTENT_JSON || message->content == BRG_CONTENT_READING ||
        message->content == BRG_CONTENT_SENML) {
        brg_text_put(out, text, len);
    } else if (brg_utf8_valid(text, len)) {
        brg_text_json_string(out, text, len);
    } else {
        brg_text_puts(out, "\"");
        brg_text_base64(out, message->payload, len);
        brg_text_puts(out, "\"");
    }
}

/* Is it a value of this node, and not of one whose name begins with its name? */
static bool is_of(struct brg_core *core, const struct node *node, const struct brg_message *message)
{
    const char *topic = message->topic + strlen(core->config.base) + 1;
    char owner[BRG_EUI64_TEXT];

    return message->len > 0 && brg_is_value(core, topic) &&
           brg_node_labelled(core, topic, owner) == strlen(brg_node_label(node)) &&
           strcmp(owner, node->eui64) == 0;
}

bool brg_summary_write(struct brg_core *core, struct node *node, char topic[BRG_TOPIC_MAX])
{
    const char *const parts[] = {core->config.base, brg_node_label(node), ""};
    const struct brg_message *message;
    struct brg_text *out = &core->out;
    char prefix[BRG_TOPIC_MAX];
    const char *at = prefix;
    bool first = true;
    size_t len;

    if (brg_topic_join(topic, BRG_TOPIC_MAX, parts, 2) < 0 ||
        brg_topic_join(prefix, sizeof(prefix), parts, 3) < 0) {
        return false;
    }
    len = strlen(prefix);
    brg_text_init(out, core->out_room, sizeof(core->out_room));
    brg_text_puts(out, "{");
    while ((message = brg_outbox_state_after(core->outbox, at)) != NULL &&
           strncmp(message->topic, prefix, len) == 0) {
        size_t before = out->len;

        at = message->topic;
        if (!is_of(core, node, message)) {
            continue;
        }
        brg_text_puts(out, first ? "" : ",");
        brg_text_json_string(out, at + len, strlen(at + len));
        brg_text_puts(out, ":");
        value_write(out, message);
        if (out->full || out->len + 2 > out->size) {
            out->len = before;
            out->buf[before] = '\0';
            out->full = false;
            break;
        }
        first = false;
    }
    brg_text_puts(out, "}");
    if (first && node->has_summary) {
        brg_text_init(out, core->out_room, sizeof(core->out_room));
        node->has_summary = false;
        return true;
    }
    node->has_summary = !first;
    return !first;
}
