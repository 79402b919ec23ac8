/* SPDX-License-Identifier: ISC */
/*
 * The tables: BASE/NODE/info, BASE/bridge/info and BASE/bridge/devices; and a node's summary.
 *
 * They are retained, made when there is room to send them, and kept nowhere: a change marks what
 * has to be told again, some seconds later, and a broker that comes back gets all of it. So a
 * thousand nodes that come at once cost a thousand marks.
 */
#include "bridge/core_internal.h"

#include <arpa/inet.h>
#include <string.h>

#define TELL_WAIT (2 * BRG_SEC)
#define DEVICES_WAIT (5 * BRG_SEC)
#define DEVICES_ROW 256 /* octets of a node in the table, more or less */
#define DEVICES_MAX (1 << 20)
#define TELL_QOS 1

/* --- marks ---------------------------------------------------------------------------------- */

/* All wait equally long, so that the first in the list is the first that may go. */
static void list_node(struct brg_core *core, struct node *node, brg_tstamp at)
{
    if (node->is_telling) {
        return;
    }
    node->is_telling = true;
    node->tell_at = at;
    TAILQ_INSERT_TAIL(&core->telling, node, telling);
    if (!core->node_alarm.timer.armed) {
        brg_alarm_set(core, &core->node_alarm, at, false);
    }
}

void brg_tell(struct brg_core *core, struct node *node, unsigned what)
{
    const unsigned of_all = TELL_ABOUT | TELL_DEVICES;

    if (core->closing) {
        return;
    }
    if (what & of_all) {
        core->tell |= what & of_all;
        if (!core->tell_alarm.timer.armed) {
            brg_alarm_set(core, &core->tell_alarm, core->now.mono + DEVICES_WAIT, false);
        }
    }
    if (node != NULL && (what & ~of_all)) {
        node->tell |= what & ~of_all;
        list_node(core, node, core->now.mono + TELL_WAIT);
    }
}

void brg_core_tell_all(struct brg_core *core)
{
    struct node *node;

    brg_timer_clear(&core->timers, &core->tell_alarm.timer);
    core->tell = TELL_ABOUT | TELL_DEVICES;
    for (node = brg_node_from(core, NULL); node != NULL; node = brg_node_next(node)) {
        node->tell = TELL_INFO | TELL_HASS | (core->config.summary ? TELL_SUMMARY : 0U);
        list_node(core, node, core->now.mono);
        node->tell_at = core->now.mono; /* also of those that wait already */
    }
}

void brg_tell_forget(struct brg_core *core, struct node *node)
{
    if (node->is_telling) {
        TAILQ_REMOVE(&core->telling, node, telling);
        node->is_telling = false;
    }
    brg_hass_free(core, node);
    brg_tell(core, NULL, TELL_DEVICES);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void member(struct brg_text *out, const char *name, const char *value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    if (value == NULL) {
        brg_text_puts(out, "null");
    } else {
        brg_text_json_string(out, value, strlen(value));
    }
}

static void member_bool(struct brg_text *out, const char *name, bool value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, value ? "\":true" : "\":false");
}

static void member_address(struct brg_text *out, const char *name, const uint8_t *ip)
{
    char text[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(AF_INET6, ip, text, sizeof(text));
    member(out, name, text);
}

static void heard_write(struct brg_text *out, const struct node *node)
{
    brg_text_puts(out, ",\"last_seen\":");
    if (node->heard_s > 0.) {
        brg_text_time(out, node->heard_s);
    } else {
        brg_text_puts(out, "null");
    }
}

/* A part of a list that is there whole or not at all. */
static bool whole(struct brg_text *out, size_t before)
{
    if (out->full || out->len + 64 > out->size) {
        out->len = before;
        out->buf[before] = '\0';
        out->full = false;
        return false;
    }
    return true;
}

const char *brg_resource_state(const struct resource *res)
{
    return res->rule != NULL && res->rule->ignore ? "ignored"
           : res->quiet                           ? "off"
           : res->pushed                          ? "pushed"
           : res->observing && res->misses > 0    ? "silent"
           : res->observing                       ? "observed"
           : res->failures > 0                    ? "failing"
           : !res->node->online                   ? "offline"
           : res->value.id != 0                   ? "asked"
                                                  : "polled";
}

static void resource_write(struct brg_text *out, const struct resource *res)
{
    brg_text_puts(out, "{\"path\":");
    brg_text_json_string(out, res->topic, strlen(res->topic));
    member(out, "rt", res->rt);
    member(out, "if", res->ifs);
    brg_text_puts(out, ",\"ct\":");
    if (res->format < 0) {
        brg_text_puts(out, "null");
    } else {
        brg_text_u64(out, (uint64_t)res->format);
    }
    member_bool(out, "obs", res->obs);
    member_bool(out, "event", res->event);
    member_bool(out, "writable", res->writable);
    member(out, "state", brg_resource_state(res));
    brg_text_puts(out, "}");
}

static void link_write(struct brg_text *out, const struct path *path)
{
    brg_text_puts(out, ",\"rank\":");
    if (path->rank == 0) {
        brg_text_puts(out, "null");
    } else {
        brg_text_u64(out, path->rank - 1U);
    }
    brg_text_puts(out, ",\"etx\":");
    if (path->etx == 0) {
        brg_text_puts(out, "null");
    } else {
        brg_text_number(out, (path->etx - 1) / 100.);
    }
    brg_text_puts(out, ",\"hops\":");
    if (path->hops == 0) {
        brg_text_puts(out, "null");
    } else {
        brg_text_u64(out, path->hops);
    }
}

static void paths_write(struct brg_text *out, struct node *node)
{
    bool first = true;

    brg_text_puts(out, ",\"instances\":[");
    for (size_t i = 0; i < PATHS_MAX; i++) {
        const struct path *path = brg_path_at(node, i);

        if (path == NULL) {
            continue;
        }
        brg_text_puts(out, first ? "{\"instance\":" : ",{\"instance\":");
        first = false;
        brg_text_u64(out, (uint64_t)(path->instance < 0 ? 0 : path->instance));
        member_address(out, "address", path->ip);
        if (node->has_parent && node->parent_instance == path->instance) {
            member_address(out, "parent", node->parent);
        } else {
            member(out, "parent", NULL);
        }
        link_write(out, path);
        brg_text_puts(out, "}");
    }
    brg_text_puts(out, "]");
}

static void counts_write(struct brg_core *core, struct node *node)
{
    const struct coap_addr addr = brg_node_addr(core, node);

    node->told = coap_counts_of(core->ep, &addr);
    brg_text_puts(&core->out, ",\"retransmissions\":");
    brg_text_u64(&core->out, node->told.retransmitted);
    brg_text_puts(&core->out, ",\"duplicates\":");
    brg_text_u64(&core->out, node->told.duplicates);
}

static void info_write(struct brg_core *core, struct node *node)
{
    struct brg_text *out = &core->out;
    const struct resource *res;
    unsigned left_out = 0;
    bool first = true;

    brg_text_init(out, core->out_room, sizeof(core->out_room));
    brg_text_puts(out, "{\"schema\":1,\"node\":");
    brg_text_json_string(out, node->eui64, strlen(node->eui64));
    member(out, "name", node->name);
    member_bool(out, "online", brg_node_available(node));
    member_bool(out, "sleepy", node->sleepy);
    member_bool(out, "asked", node->discovered);
    heard_write(out, node);
    counts_write(core, node);
    paths_write(out, node);
    brg_text_puts(out, ",\"resources\":[");
    TAILQ_FOREACH (res, &node->resources, entry) {
        size_t before = out->len;

        brg_text_puts(out, first ? "" : ",");
        resource_write(out, res);
        if (whole(out, before)) {
            first = false;
        } else {
            left_out++;
        }
    }
    brg_text_puts(out, "],\"left_out\":");
    brg_text_u64(out, left_out);
    brg_text_puts(out, "}");
}

static void devices_write(struct brg_core *core, struct brg_text *out)
{
    struct node *node;
    unsigned left_out = 0;
    bool first = true;

    brg_text_puts(out, "{\"schema\":1,\"t\":");
    brg_text_time(out, core->now.wall_s);
    brg_text_puts(out, ",\"nodes\":[");
    for (node = brg_node_from(core, NULL); node != NULL; node = brg_node_next(node)) {
        size_t before = out->len;

        brg_text_puts(out, first ? "{\"node\":" : ",{\"node\":");
        brg_text_json_string(out, node->eui64, strlen(node->eui64));
        member(out, "name", node->name);
        member_bool(out, "online", brg_node_available(node));
        heard_write(out, node);
        brg_text_puts(out, ",\"resources\":");
        brg_text_u64(out, node->n_resources);
        brg_text_puts(out, "}");
        if (whole(out, before)) {
            first = false;
        } else {
            left_out++;
        }
    }
    brg_text_puts(out, "],\"left_out\":");
    brg_text_u64(out, left_out);
    brg_text_puts(out, "}");
}

/* --- making --------------------------------------------------------------------------------- */

static void envelope(struct brg_message *message, const char *topic, const struct brg_text *out)
{
    *message = (struct brg_message){
        .topic = topic,
        .payload = out->buf,
        .len = out->len,
        .qos = TELL_QOS,
        .retain = true,
        .content = BRG_CONTENT_JSON,
    };
}

static bool make_info(struct brg_core *core, struct node *node, struct brg_message *message)
{
    const char *const parts[] = {core->config.base, brg_node_label(node), "info"};

    if (brg_topic_join(core->table_topic, sizeof(core->table_topic), parts, 3) < 0) {
        return false;
    }
    info_write(core, node);
    envelope(message, core->table_topic, &core->out);
    return true;
}

static bool make_devices(struct brg_core *core, struct brg_message *message)
{
    const char *const parts[] = {core->config.base, "bridge", "devices"};
    size_t size = (size_t)core->stats.nodes * DEVICES_ROW + 256;
    struct brg_text out;

    size = size < DEVICES_MAX ? size : DEVICES_MAX;
    core->table = brg_get(core->alloc, size);
    if (core->table == NULL ||
        brg_topic_join(core->table_topic, sizeof(core->table_topic), parts, 3) < 0) {
        return false;
    }
    brg_text_init(&out, core->table, size);
    devices_write(core, &out);
    envelope(message, core->table_topic, &out);
    return true;
}

static bool make_about(struct brg_core *core, struct brg_message *message)
{
    const char *const parts[] = {core->config.base, "bridge", "info"};
    struct brg_text *out = &core->out;

    if (core->config.about == NULL ||
        brg_topic_join(core->table_topic, sizeof(core->table_topic), parts, 3) < 0) {
        return false;
    }
    brg_text_init(out, core->out_room, sizeof(core->out_room));
    brg_text_puts(out, core->config.about);
    envelope(message, core->table_topic, out);
    return true;
}

/* The next thing to tell of a node; false when that was all. */
static bool make_node(struct brg_core *core, struct node *node, struct brg_message *message)
{
    if (node->tell & TELL_INFO) {
        node->tell &= ~(unsigned)TELL_INFO;
        if (make_info(core, node, message)) {
            return true;
        }
    }
    if (node->tell & TELL_SUMMARY) {
        node->tell &= ~(unsigned)TELL_SUMMARY;
        if (brg_summary_write(core, node, core->table_topic)) {
            envelope(message, core->table_topic, &core->out);
            return true;
        }
    }
    if (node->tell & TELL_HASS) {
        node->tell &= ~(unsigned)TELL_HASS;
        if (brg_hass_write(core, node, core->table_topic)) {
            envelope(message, core->table_topic, &core->out);
            return true;
        }
    }
    return false;
}

bool brg_core_make(void *ctx, struct brg_message *ret_message)
{
    struct brg_core *core = ctx;
    struct node *node;

    brg_put(core->alloc, core->table);
    core->table = NULL;
    if (core->tell != 0 && !core->tell_alarm.timer.armed) {
        unsigned what = core->tell & TELL_ABOUT ? TELL_ABOUT : TELL_DEVICES;

        core->tell &= ~what;
        if (what == TELL_ABOUT ? make_about(core, ret_message) : make_devices(core, ret_message)) {
            return true;
        }
    }
    while ((node = TAILQ_FIRST(&core->telling)) != NULL) {
        if (node->tell_at > core->now.mono) {
            if (!core->node_alarm.timer.armed) {
                brg_alarm_set(core, &core->node_alarm, node->tell_at, false);
            }
            return false;
        }
        if (make_node(core, node, ret_message)) {
            return true;
        }
        TAILQ_REMOVE(&core->telling, node, telling);
        node->is_telling = false;
    }
    return false;
}
