/* SPDX-License-Identifier: ISC */
/* rpld-bridge: what the routing daemon, the broker and the core tell. */
#include "bridge/app.h"

#include <errno.h>
#include <string.h>

#include "bridge/clock.h"
#include "bridge/log.h"
#include "bridge/log_trace.h"

#define LOG_LINES 20 /* of the log that are published */
#define LOG_SECONDS 60
#define LOG_OCTETS 2560

static void on_snapshot_begin(void *ctx)
{
    struct brg_app *app = ctx;

    brg_core_snapshot_begin(app->core);
}

static void on_snapshot_end(void *ctx)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    brg_core_snapshot_end(app->core, &now);
}

static void on_node(void *ctx, const char *eui64, int instance, const uint8_t *ip,
                    const uint8_t *parent)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    if (ip != NULL) {
        brg_core_node_up(app->core, eui64, instance, ip, &now);
        if (parent != NULL) {
            brg_core_node_parent(app->core, eui64, instance, parent, &now);
        }
    } else {
        brg_core_node_down(app->core, eui64, instance, &now);
    }
}

static void on_neighbor(void *ctx, const struct brg_neighbor *neighbor)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    if (neighbor->is_node) {
        brg_core_node_hops(app->core, neighbor->eui64, neighbor->instance, neighbor->hops, &now);
    } else {
        brg_core_node_link(app->core, neighbor->eui64, neighbor->instance, &neighbor->link, &now);
    }
}

static void on_command(void *ctx, const struct brg_demand *demand)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    brg_core_command(app->core, demand, &now);
}

static void on_ready(void *ctx)
{
    struct brg_app *app = ctx;

    brg_core_tell_all(app->core);
}

static void on_request(void *ctx, const struct brg_demand *demand)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    brg_core_request(app->core, demand, &now);
}

static void on_birth(void *ctx)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    brg_core_hass_birth(app->core, &now);
}

static void on_remembered(void *ctx, const char *topic)
{
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();

    brg_core_remembered(app->core, topic, &now);
}

void brg_app_trace(void *ctx, const struct brg_trace *trace)
{
    const struct brg_app *app = ctx;

    brg_log_trace(trace, app->conf.on_spool_failure == BCONF_SPOOL_MEMORY,
                  app->spool == NULL ? "" : brg_spool_error(app->spool));
}

/* BASE/bridge/log, while there is a broker: nothing is kept for one that comes later, and a flood
 * would be in the way of values. It leaves with what else leaves at the end of the turn. */
static void publish_line(void *ctx, enum bconf_log_level level, const char *line)
{
    static const char *const words[] = {"error", "warning", "info", "debug"};
    struct brg_app *app = ctx;
    struct brg_now now = brg_clock_read();
    char topic[BRG_TOPIC_MAX];
    char room[LOG_OCTETS];
    const char *const parts[] = {app->conf.base, "bridge", "log"};
    struct brg_message message = {
        .topic = topic, .payload = room, .content = BRG_CONTENT_JSON, .at_s = now.wall_s};
    struct brg_text out;

    if (now.mono - app->log_since >= BRG_SEC * LOG_SECONDS) {
        app->log_since = now.mono;
        app->log_published = 0;
    }
    if (app->mqtt == NULL || !brg_mqtt_is_ready(app->mqtt) || app->log_published == LOG_LINES ||
        !brg_utf8_valid(line, strlen(line)) || brg_topic_join(topic, sizeof(topic), parts, 3) < 0) {
        return;
    }
    app->log_published++;
    brg_text_init(&out, room, sizeof(room));
    brg_text_puts(&out, "{\"level\":\"");
    brg_text_puts(&out, words[level]);
    brg_text_puts(&out, "\",\"t\":");
    brg_text_time(&out, now.wall_s);
    brg_text_puts(&out, ",\"message\":");
    brg_text_json_string(&out, line, strlen(line));
    brg_text_puts(&out, "}");
    message.len = out.len;
    if (!out.full) {
        (void)brg_outbox_add(app->outbox, &message);
    }
}

void brg_app_publish_log(struct brg_app *app)
{
    if (app->conf.publish_log != BCONF_PUBLISH_OFF) {
        brg_log_tee(publish_line, app, (enum bconf_log_level)(app->conf.publish_log - 1));
    }
}

static void show_broker(void *ctx, struct brg_show_broker *ret_broker)
{
    const struct brg_app *app = ctx;

    brg_mqtt_show(app->mqtt, ret_broker);
}

static void ctl_start(struct brg_app *app)
{
    const char *path = app->conf.control_socket;

    app->show_source = (struct brg_show_source){
        .core = app->core,
        .ep = app->ep,
        .outbox = app->outbox,
        .spool = app->spool,
        .readings = app->readings,
        .broker = show_broker,
        .ctx = app,
    };
    if (strcmp(path, "none") == 0) {
        return;
    }
    app->ctl = brg_ctl_new(app->loop, path, &app->show_source);
    if (app->ctl == NULL) {
        brg_log_warning("control: no socket, rplctl will not find the bridge socket=%s "
                        "error=\"%s\" mend=\"set bridge.control_socket to a path in a directory "
                        "that the bridge's user can write to, or to none\"",
                        path, strerror(errno));
    }
}

bool brg_app_hear(struct brg_app *app)
{
    app->mqtt_handler = (struct brg_mqtt_handler){
        .command = on_command,
        .remembered = on_remembered,
        .ready = on_ready,
        .birth = on_birth,
        .request = on_request,
        .ctx = app,
    };
    app->follow_handler = (struct brg_follow_handler){
        .snapshot_begin = on_snapshot_begin,
        .snapshot_end = on_snapshot_end,
        .node = on_node,
        .ctx = app,
    };
    app->mqtt =
        brg_mqtt_new(app->loop, &app->conf, app->outbox, brg_app_seed(), &app->mqtt_handler);
    app->follow = brg_follow_new(app->loop, app->conf.socket, &app->follow_handler);
    app->neighbors = brg_neighbors_new(app->loop, app->conf.socket, on_neighbor, app);
    if (app->mqtt != NULL) {
        ctl_start(app);
    }
    return app->mqtt != NULL && app->follow != NULL && app->neighbors != NULL;
}
