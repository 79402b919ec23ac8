/* SPDX-License-Identifier: ISC */
#include "bridge/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core_internal.h"

#define WORDS_MAX 5
#define DEAD_OCTETS 256 /* of what the spool has of each */

static const char *const names[] = {
    [BRG_SHOW_HELP] = "help",         [BRG_SHOW_SENSORS] = "sensors", [BRG_SHOW_BRIDGE] = "bridge",
    [BRG_SHOW_DEAD] = "bridge dead", /* two words: see arguments() */
    [BRG_SHOW_READINGS] = "readings",
};

/* --- rows: JSON has all fields, text those that have a width -----------------------------------
 */

struct row {
    struct brg_text *out;
    bool json;
    bool first;
};

static void pad(struct brg_text *out, size_t from, size_t width)
{
    size_t columns = 0;

    for (size_t i = from; i < out->len; i++) {
        columns += (out->buf[i] & 0xc0) != 0x80; /* the characters, not the octets */
    }
    for (; columns < width; columns++) {
        brg_text_puts(out, " ");
    }
    brg_text_puts(out, "  ");
}

static void key(struct row *row, const char *name)
{
    brg_text_puts(row->out, row->first ? "\"" : ",\"");
    brg_text_puts(row->out, name);
    brg_text_puts(row->out, "\":");
    row->first = false;
}

/* |value| NULL: null, and a dash. */
static void field_text(struct row *row, const char *name, size_t width, const char *value)
{
    size_t from = row->out->len;

    if (row->json) {
        key(row, name);
        if (value == NULL) {
            brg_text_puts(row->out, "null");
        } else {
            brg_text_json_string(row->out, value, strlen(value));
        }
    } else if (width > 0) {
        brg_text_puts(row->out, value == NULL || value[0] == '\0' ? "-" : value);
        pad(row->out, from, width);
    }
}

static void field_number(struct row *row, const char *name, size_t width, uint64_t value)
{
    size_t from = row->out->len;

    if (row->json) {
        key(row, name);
    }
    if (row->json || width > 0) {
        brg_text_u64(row->out, value);
    }
    if (!row->json && width > 0) {
        pad(row->out, from, width);
    }
}

static void field_truth(struct row *row, const char *name, size_t width, bool value)
{
    if (row->json) {
        key(row, name);
        brg_text_puts(row->out, value ? "true" : "false");
    } else if (width > 0) {
        field_text(row, name, width, value ? name : "-");
    }
}

/* Seconds since |t|; never, if that is 0. */
static void field_age(struct row *row, const char *name, size_t width, double t, double now_s)
{
    if (t <= 0.) {
        field_text(row, name, width, NULL);
    } else {
        field_number(row, name, width, now_s > t ? (uint64_t)(now_s - t) : 0);
    }
}

/* Begins a row of a list; what is written is taken back when it does not fit. */
static struct row row_begin(struct brg_show *show, struct brg_text *out)
{
    if (show->json) {
        brg_text_puts(out, show->first ? "{" : ",\n{");
    }
    show->first = false;
    return (struct row){.out = out, .json = show->json, .first = true};
}

static void row_end(struct row *row)
{
    while (!row->json && row->out->len > 0 && row->out->buf[row->out->len - 1] == ' ') {
        row->out->buf[--row->out->len] = '\0';
    }
    brg_text_puts(row->out, row->json ? "}" : "\n");
}

struct column {
    const char *title;
    size_t width;
};

static bool has_room(const struct brg_text *out)
{
    return out->size - out->len > BRG_SHOW_ROW;
}

/* --- sensors -------------------------------------------------------------------------------- */

static void sensor_row(struct brg_show *show, struct brg_text *out, const struct resource *res,
                       const struct series *series, const struct brg_now *now)
{
    struct row row = row_begin(show, out);

    field_text(&row, "node", 16, res->node->eui64);
    field_text(&row, "name", 0, res->node->name);
    field_text(&row, "path", 20, res->topic);
    field_text(&row, "series", 16, series == NULL ? "" : series->name);
    field_text(&row, "value", 12, series == NULL || series->t <= 0. ? NULL : series->value);
    field_text(&row, "unit", 6, series == NULL ? NULL : series->unit);
    field_age(&row, "age_s", 6, series == NULL ? 0. : series->t, now->wall_s);
    if (show->json) {
        key(&row, "time_s");
        if (series == NULL || series->t <= 0.) {
            brg_text_puts(out, "null");
        } else {
            brg_text_time(out, series->t);
        }
    }
    field_truth(&row, "writable", 0, res->writable);
    field_truth(&row, "online", 0, res->node->online);
    field_text(&row, "state", 8, brg_resource_state(res));
    row_end(&row);
}

/* The rows of a node from show->row on; false when the room ended. */
static bool sensors_of(struct brg_show *show, struct brg_text *out, const struct node *node,
                       const struct brg_now *now)
{
    const struct resource *res;
    const struct series *series;
    unsigned n = 0;

    TAILQ_FOREACH (res, &node->resources, entry) {
        series = TAILQ_FIRST(&res->series);
        do {
            if (n++ >= show->row) {
                if (!has_room(out)) {
                    return false;
                }
                sensor_row(show, out, res, series, now);
                show->row = n;
            }
            series = series == NULL ? NULL : TAILQ_NEXT(series, entry);
        } while (series != NULL);
    }
    return true;
}

/* --- bridge --------------------------------------------------------------------------------- */

static void pair_begin(struct row *row, const char *name)
{
    if (row->json) {
        key(row, name);
        brg_text_puts(row->out, "{");
        row->first = true;
    } else {
        char title[16];

        (void)snprintf(title, sizeof(title), "%-10s", name);
        brg_text_puts(row->out, title);
    }
}

static void pair_text(struct row *row, const char *name, const char *value)
{
    if (row->json) {
        field_text(row, name, 0, value);
    } else {
        brg_text_puts(row->out, name);
        brg_text_puts(row->out, " ");
        brg_text_puts(row->out, value);
        brg_text_puts(row->out, "  ");
    }
}

static void pair_number(struct row *row, const char *name, uint64_t value)
{
    struct brg_text text;
    char room[24];

    if (row->json) {
        field_number(row, name, 0, value);
        return;
    }
    brg_text_init(&text, room, sizeof(room));
    brg_text_u64(&text, value);
    pair_text(row, name, room);
}

static void pair_end(struct row *row)
{
    row_end(row);
    row->first = false;
}

static void bridge_head(struct brg_show *show, struct brg_text *out)
{
    const struct brg_show_source *source = show->source;
    const struct brg_core_stats *core = brg_core_stats(source->core);
    const struct brg_outbox_stats *outbox = brg_outbox_stats(source->outbox);
    const struct coap_stats *coap = coap_endpoint_stats(source->ep);
    struct brg_show_broker broker = {"away", "", "", ""};
    struct row row = {.out = out, .json = show->json};

    source->broker(source->ctx, &broker);
    pair_begin(&row, "broker");
    pair_text(&row, "state", broker.state);
    pair_text(&row, "url", broker.url);
    pair_text(&row, "client_id", broker.client_id);
    pair_text(&row, "mqtt", broker.version);
    pair_end(&row);
    pair_begin(&row, "queue");
    pair_number(&row, "states", outbox->states);
    pair_number(&row, "events", outbox->events);
    pair_number(&row, "in_flight", outbox->in_flight);
    pair_number(&row, "not_written", outbox->staged);
    pair_number(&row, "published", outbox->published);
    pair_number(&row, "refused", outbox->refused);
    pair_number(&row, "bytes", outbox->bytes);
    pair_end(&row);
    pair_begin(&row, "spool");
    pair_text(&row, "state",
              source->spool == NULL                ? "none"
              : brg_core_store_fails(source->core) ? "failing"
                                                   : "ok");
    if (source->spool != NULL) {
        const struct brg_spool_stats *spool = brg_spool_stats(source->spool);

        pair_number(&row, "messages", spool->messages);
        pair_number(&row, "bytes", spool->bytes);
        pair_number(&row, "superseded", spool->superseded);
        pair_number(&row, "dropped", spool->dropped);
        pair_number(&row, "expired", spool->expired);
    }
    pair_end(&row);
    pair_begin(&row, "mesh");
    pair_number(&row, "nodes", core->nodes);
    pair_number(&row, "online", core->online);
    pair_number(&row, "resources", core->resources);
    pair_number(&row, "observed", core->observed);
    pair_number(&row, "values", core->values);
    pair_number(&row, "bad", core->bad_payloads);
    pair_number(&row, "no_room", core->full);
    pair_end(&row);
    pair_begin(&row, "commands");
    pair_number(&row, "taken", core->commands);
    pair_number(&row, "waiting", core->commands_waiting);
    pair_number(&row, "retained", core->commands_retained);
    pair_end(&row);
    pair_begin(&row, "coap");
    pair_number(&row, "received", coap->received);
    pair_number(&row, "sent", coap->sent);
    pair_number(&row, "repeated", coap->retransmitted);
    pair_number(&row, "duplicates", coap->duplicates);
    pair_number(&row, "malformed", coap->malformed);
    pair_end(&row);
}

static void node_row(struct brg_show *show, struct brg_text *out, const struct node *node,
                     const struct brg_now *now)
{
    struct row row = row_begin(show, out);
    const struct resource *res;
    uint64_t observed = 0;
    uint64_t failing = 0;

    TAILQ_FOREACH (res, &node->resources, entry) {
        observed += res->observing;
        failing += res->failures > 0 || res->misses > 0;
    }
    field_text(&row, "node", 16, node->eui64);
    field_text(&row, "name", 16, node->name);
    field_text(&row, "state", 8, node->online ? "online" : "offline");
    field_age(&row, "heard_s", 8, node->heard_s, now->wall_s);
    field_number(&row, "resources", 9, node->n_resources);
    field_number(&row, "observed", 8, observed);
    field_number(&row, "failing", 7, failing);
    field_number(&row, "commands", 8, node->n_commands);
    field_truth(&row, "asked", 0, node->discovered);
    field_truth(&row, "sleepy", 6, node->sleepy);
    row_end(&row);
}

static bool node_of(struct brg_show *show, struct brg_text *out, const struct node *node,
                    const struct brg_now *now)
{
    if (show->row == 0) {
        if (!has_room(out)) {
            return false;
        }
        node_row(show, out, node, now);
    }
    return true;
}

/* --- lists of nodes ------------------------------------------------------------------------- */

static const struct column of_bridge[] = {
    {"NODE", 16},    {"NAME", 16},   {"STATE", 8},    {"HEARD_S", 8}, {"RESOURCES", 9},
    {"OBSERVED", 8}, {"FAILING", 7}, {"COMMANDS", 8}, {"SLEEPY", 6},  {NULL, 0}};
static const struct column of_sensors[] = {{"NODE", 16},  {"PATH", 20}, {"SERIES", 16},
                                           {"VALUE", 12}, {"UNIT", 6},  {"AGE_S", 6},
                                           {"STATE", 8},  {NULL, 0}};

static void table_begin(struct brg_show *show, struct brg_text *out)
{
    if (show->json) {
        brg_text_puts(out, "{\"schema\":1");
    }
    if (show->kind == BRG_SHOW_BRIDGE) {
        bridge_head(show, out);
    }
    if (show->json) {
        brg_text_puts(out, show->kind == BRG_SHOW_BRIDGE ? ",\"nodes\":[" : ",\"sensors\":[");
    } else {
        const struct column *column = show->kind == BRG_SHOW_BRIDGE ? of_bridge : of_sensors;
        struct row row = {.out = out};

        brg_text_puts(out, show->kind == BRG_SHOW_BRIDGE ? "\n" : "");
        for (; column->title != NULL; column++) {
            field_text(&row, "", column->width, column->title);
        }
        row_end(&row);
    }
}

static void table_step(struct brg_show *show, struct brg_text *out, const struct brg_now *now)
{
    struct brg_core *core = show->source->core;
    struct node *node = brg_node_from(core, show->node[0] == '\0' ? NULL : show->node);

    for (; node != NULL; node = brg_node_next(node)) {
        if (strcmp(node->eui64, show->node) != 0) {
            memcpy(show->node, node->eui64, sizeof(show->node));
            show->row = 0;
        }
        if (!(show->kind == BRG_SHOW_BRIDGE ? node_of(show, out, node, now)
                                            : sensors_of(show, out, node, now))) {
            return;
        }
        show->row = UINT32_MAX; /* this one is told */
    }
    if (show->json) {
        brg_text_puts(out, "]}\n");
    }
    show->done = true;
}

/* --- the dead ------------------------------------------------------------------------------- */

struct dead_list {
    struct brg_show *show;
    struct brg_text *out;
    double now_s;
    unsigned n;
};

static void dead_row(void *arg, const struct brg_dead *dead)
{
    struct dead_list *list = arg;
    struct brg_text *out = list->out;
    struct row row = row_begin(list->show, out);
    size_t len = dead->len < DEAD_OCTETS ? dead->len : DEAD_OCTETS;

    field_age(&row, "age_s", 8, dead->died_s, list->now_s);
    if (row.json) {
        key(&row, "time_s");
        brg_text_time(out, dead->died_s);
        key(&row, "made_s");
        brg_text_time(out, dead->at_s);
    }
    field_number(&row, "octets", 7, dead->octets);
    field_text(&row, "reason", 28, dead->reason);
    field_text(&row, "topic", 1, dead->topic);
    if (row.json) {
        key(&row, "hex");
        brg_text_puts(out, "\"");
        brg_text_hex(out, dead->payload, len);
        brg_text_puts(out, "\"");
    }
    row_end(&row);
    list->show->seq = dead->id;
    list->n++;
}

/* As many as there is room for, and the rest when there is room again. */
static void dead_step(struct brg_show *show, struct brg_text *out, const struct brg_now *now)
{
    static const struct column columns[] = {
        {"AGE_S", 8}, {"OCTETS", 7}, {"REASON", 28}, {"TOPIC", 5}, {NULL, 0}};
    struct dead_list list = {.show = show, .out = out, .now_s = now->wall_s};
    size_t room;

    if (!show->begun) {
        struct row row = {.out = out};

        show->begun = true;
        brg_text_puts(out, show->json ? "{\"schema\":1,\"dead\":[" : "");
        for (size_t i = 0; !show->json && columns[i].title != NULL; i++) {
            field_text(&row, "", columns[i].width, columns[i].title);
        }
        if (!show->json) {
            row_end(&row);
        }
    }
    room = (out->size - out->len - 1) / BRG_SHOW_ROW;
    if (room == 0) {
        return;
    }
    if (brg_spool_dead(show->source->spool, show->seq, room, dead_row, &list) < 0 ||
        list.n < room) {
        brg_text_puts(out, show->json ? "]}\n" : "");
        show->done = true;
    }
}

/* --- readings ------------------------------------------------------------------------------- */

static void reading_json(struct brg_text *out, const struct brg_note *note)
{
    struct row row = {.out = out, .json = true, .first = true};

    brg_text_puts(out, "{\"schema\":1,\"seq\":");
    brg_text_u64(out, note->seq);
    brg_text_puts(out, ",\"time_s\":");
    brg_text_time(out, note->at_s);
    row.first = false;
    field_text(&row, "event", 0, "reading");
    field_text(&row, "node", 0, note->node);
    field_text(&row, "name", 0, strcmp(note->label, note->node) == 0 ? NULL : note->label);
    field_text(&row, "path", 0, note->path);
    field_text(&row, "series", 0, note->name);
    key(&row, "value");
    brg_text_puts(out, note->value);
    field_text(&row, "unit", 0, note->unit[0] == '\0' ? NULL : note->unit);
    brg_text_puts(out, "}\n");
}

static void reading_text(struct brg_text *out, const struct brg_note *note)
{
    struct row row = {.out = out};

    brg_text_time(out, note->at_s);
    brg_text_puts(out, "  ");
    field_text(&row, "node", 16, note->label);
    brg_text_puts(out, note->path);
    brg_text_puts(out, note->name[0] == '\0' ? "" : "/");
    brg_text_puts(out, note->name);
    brg_text_puts(out, "  ");
    brg_text_puts(out, note->value);
    brg_text_puts(out, " ");
    field_text(&row, "unit", 1, note->unit[0] == '\0' ? " " : note->unit);
    row_end(&row);
}

/* Readings between |show->seq| and |next| that are there no more. */
static void gap(struct brg_show *show, struct brg_text *out, uint64_t next)
{
    uint64_t start = brg_readings_start(show->source->readings);
    bool known = show->seq >= start;

    if (show->json) {
        brg_text_puts(out, "{\"schema\":1,\"event\":\"gap\",\"lost\":");
        if (known) {
            brg_text_u64(out, next - show->seq - 1);
        } else {
            brg_text_puts(out, "null"); /* of another process: nobody knows */
        }
        brg_text_puts(out, "}\n");
    } else {
        brg_text_puts(out, "gap  readings were lost\n");
    }
}

static void readings_step(struct brg_show *show, struct brg_text *out)
{
    struct brg_readings *readings = show->source->readings;
    const struct brg_note *note;

    if (show->since && show->seq > brg_readings_newest(readings)) {
        show->seq = 0; /* a number that is still to come is of another process too */
    }
    note = brg_readings_after(readings, show->seq);
    while (note != NULL && has_room(out)) {
        if (show->since && note->seq != show->seq + 1) {
            gap(show, out, note->seq);
        }
        (show->json ? reading_json : reading_text)(out, note);
        show->since = true;
        show->seq = note->seq;
        note = TAILQ_NEXT(note, entry);
    }
}

/* --- requests ------------------------------------------------------------------------------- */

static const char *number_read(const char *word, uint64_t *ret_number)
{
    char *end;

    if (word[0] < '0' || word[0] > '9' || strlen(word) > 19) {
        return "since wants a number";
    }
    *ret_number = strtoull(word, &end, 10);
    return *end == '\0' ? NULL : "since wants a number";
}

static const char *arguments(struct brg_show *show, char **words, unsigned n)
{
    if (show->kind == BRG_SHOW_BRIDGE && n == 1 && strcmp(words[0], "dead") == 0) {
        show->kind = BRG_SHOW_DEAD;
        return NULL;
    }
    if (show->kind == BRG_SHOW_BRIDGE) {
        return n > 0 ? "bridge [dead]" : NULL;
    }
    if (show->kind != BRG_SHOW_READINGS) {
        return n > 0 ? "the command has no arguments" : NULL;
    }
    if (n > 0 && (n != 2 || strcmp(words[0], "since") != 0)) {
        return "readings [since NUMBER]";
    }
    if (n == 2) {
        const char *why = number_read(words[1], &show->seq);

        show->since = show->seq > 0; /* since 0: all that there are */
        return why;
    }
    if (show->source->readings != NULL) {
        show->seq = brg_readings_newest(show->source->readings);
        show->since = true;
    }
    return NULL;
}

int brg_show_start(struct brg_show *show, const struct brg_show_source *source, char *line,
                   const char **ret_why)
{
    char *words[WORDS_MAX];
    char *save = NULL;
    char *word = strtok_r(line, " ", &save);
    unsigned n = 0;
    unsigned at;

    *show = (struct brg_show){.source = source, .first = true};
    for (; word != NULL && n < WORDS_MAX; word = strtok_r(NULL, " ", &save)) {
        words[n++] = word;
    }
    at = n > 0 && (strcmp(words[0], "json") == 0 || strcmp(words[0], "text") == 0);
    show->json = at > 0 && words[0][0] == 'j';
    *ret_why = n == WORDS_MAX ? "too many words" : "what is wanted? Try help";
    if (n == WORDS_MAX || n == at) {
        return 2;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(words[at], names[i]) == 0) {
            show->kind = (enum brg_show_kind)i;
            *ret_why = arguments(show, words + at + 1, n - at - 1);
            if (*ret_why != NULL) {
                return 2;
            }
            if (show->kind == BRG_SHOW_READINGS && source->readings == NULL) {
                *ret_why = "no readings are kept: bridge.readings_kb is 0";
                return 1;
            }
            if (show->kind == BRG_SHOW_DEAD && source->spool == NULL) {
                *ret_why = "nothing is kept of them: there is no spool";
                return 1;
            }
            return 0;
        }
    }
    *ret_why = "no such command of the bridge. Try help";
    return 2;
}

static void help(struct brg_show *show, struct brg_text *out)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct row row = row_begin(show, out);

        if (i == 0 && show->json) {
            out->len = 0;
            brg_text_puts(out, "{\"schema\":1,\"commands\":[{");
        }
        field_text(&row, "command", 12, names[i]);
        row_end(&row);
    }
    brg_text_puts(out, show->json ? "]}\n" : "");
    show->done = true;
}

void brg_show_step(struct brg_show *show, struct brg_text *out, const struct brg_now *now)
{
    if (show->done || !has_room(out)) {
        return;
    }
    if (show->kind == BRG_SHOW_READINGS) {
        readings_step(show, out);
        return;
    }
    if (show->kind == BRG_SHOW_DEAD) {
        dead_step(show, out, now);
        return;
    }
    if (show->kind == BRG_SHOW_HELP) {
        help(show, out);
        return;
    }
    if (!show->begun) {
        table_begin(show, out);
        show->begun = true;
    }
    table_step(show, out, now);
}
