/* SPDX-License-Identifier: ISC */
/* Writing the spool, and its bounds. */
#include "bridge/spool_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define COALESCE_ROWS 2000
#define DROP_ROWS 100
#define DEAD_MAX 1000
#define SERIES_MAX 50000
#define CLOCK_SET 1577836800.0 /* 2020: a time before that is of a clock that was not set */

double brg_spool_wall_s(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- statements ----------------------------------------------------------------------------- */

int brg_spool_failed(struct brg_spool *spool)
{
    int code = sqlite3_errcode(spool->db);

    (void)snprintf(spool->error, sizeof(spool->error), "%s", sqlite3_errmsg(spool->db));
    spool->broken |= (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    return code == SQLITE_FULL    ? -BRG_ERR_FULL
           : code == SQLITE_NOMEM ? -BRG_ERR_NOMEM
                                  : -BRG_ERR_FORMAT;
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static int run(struct brg_spool *spool, enum statement which)
{
    int code = sqlite3_step(spool->statements[which]);
    int err = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : brg_spool_failed(spool);

    (void)sqlite3_reset(spool->statements[which]);
    return err;
}

static void bind_int(struct brg_spool *spool, enum statement which, int at, uint64_t value)
{
    (void)sqlite3_bind_int64(spool->statements[which], at, (sqlite3_int64)value);
}

static void bind_text(struct brg_spool *spool, enum statement which, int at, const char *text)
{
    (void)sqlite3_bind_text(spool->statements[which], at, text, -1, SQLITE_STATIC);
}

static void bind_blob(struct brg_spool *spool, enum statement which, int at, const void *data,
                      size_t len)
{
    (void)sqlite3_bind_blob(spool->statements[which], at, len == 0 ? "" : data, (int)len,
                            SQLITE_STATIC);
}

static uint64_t column(struct brg_spool *spool, enum statement which, int at)
{
    return (uint64_t)sqlite3_column_int64(spool->statements[which], at);
}

enum brg_content brg_spool_content(uint64_t value)
{
    return value < BRG_CONTENTS ? (enum brg_content)value : BRG_CONTENT_UNSAID;
}

/* --- the bounds ----------------------------------------------------------------------------- */

static void forget_row(struct brg_spool *spool, uint64_t bytes)
{
    spool->stats.messages -= spool->stats.messages > 0;
    bytes += SPOOL_ROW_OVERHEAD;
    spool->stats.bytes -= bytes < spool->stats.bytes ? bytes : spool->stats.bytes;
}

/* Is the row that the statement is at one that a newer value of its topic makes superfluous? */
static bool is_superfluous(struct brg_spool *spool, uint64_t id)
{
    const struct brg_spool_config *config = &spool->config;
    const unsigned char *topic = sqlite3_column_text(spool->statements[COALESCE], 3);

    return column(spool, COALESCE, 2) != 0 && topic != NULL && config->newest != NULL &&
           config->newest(config->newest_ctx, (const char *)topic) > id;
}

/* Looks at some rows and deletes those that are superfluous. Their number, or -BRG_ERR_x. */
static int coalesce_some(struct brg_spool *spool)
{
    sqlite3_stmt *look = spool->statements[COALESCE];
    int n = 0;
    int err = 0;

    bind_int(spool, COALESCE, 1, spool->coalesced_to);
    bind_int(spool, COALESCE, 2, COALESCE_ROWS);
    while (err == 0 && sqlite3_step(look) == SQLITE_ROW) {
        uint64_t id = column(spool, COALESCE, 0);

        n++;
        spool->coalesced_to = id;
        if (is_superfluous(spool, id)) {
            bind_int(spool, COALESCE_DELETE, 1, id);
            err = run(spool, COALESCE_DELETE);
            forget_row(spool, column(spool, COALESCE, 1));
            spool->stats.superseded++;
        }
    }
    if (err == 0 && sqlite3_errcode(spool->db) != SQLITE_OK &&
        sqlite3_errcode(spool->db) != SQLITE_DONE && sqlite3_errcode(spool->db) != SQLITE_ROW) {
        err = brg_spool_failed(spool);
    }
    (void)sqlite3_reset(look);
    return err < 0 ? err : n;
}

/* Moves the oldest message to the dead. 1: done, 0: there is none, or |if_older| says no. */
static int bury_oldest(struct brg_spool *spool, double now_s, double if_older_s, const char *reason)
{
    sqlite3_stmt *head = spool->statements[HEAD];
    int code = sqlite3_step(head);
    uint64_t id = column(spool, HEAD, 0);
    uint64_t bytes = column(spool, HEAD, 1);
    double at = code == SQLITE_ROW ? sqlite3_column_double(head, 2) : 0.;
    int err = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : brg_spool_failed(spool);

    (void)sqlite3_reset(head);
    if (err < 0 || code == SQLITE_DONE ||
        (if_older_s > 0. && (at < CLOCK_SET || now_s - at <= if_older_s))) {
        return err;
    }
    bind_int(spool, BURY, 1, id);
    (void)sqlite3_bind_double(spool->statements[BURY], 2, now_s);
    bind_text(spool, BURY, 3, reason);
    bind_int(spool, BURY, 4, BRG_DEAD_PAYLOAD_MAX);
    bind_int(spool, BURY_DELETE, 1, id);
    err = run(spool, BURY);
    err = err < 0 ? err : run(spool, BURY_DELETE);
    if (err < 0) {
        return err;
    }
    forget_row(spool, bytes);
    return 1;
}

/* Writes those that are to be among the dead; they are forgotten when it is committed. */
static int burials_write(struct brg_spool *spool)
{
    int err = 0;

    for (size_t i = 0; i < spool->n_burials && err == 0; i++) {
        const struct burial *burial = &spool->burials[i];

        (void)sqlite3_bind_double(spool->statements[BURY_NEW], 1, burial->died_s);
        (void)sqlite3_bind_double(spool->statements[BURY_NEW], 2, burial->at_s);
        bind_text(spool, BURY_NEW, 3, burial->topic);
        bind_blob(spool, BURY_NEW, 4, burial->payload, burial->len);
        bind_text(spool, BURY_NEW, 5, burial->reason);
        bind_int(spool, BURY_NEW, 6, burial->octets);
        err = run(spool, BURY_NEW);
        spool->stats.buried++;
    }
    return err;
}

static int shrink(struct brg_spool *spool)
{
    uint64_t max = spool->config.max_bytes;
    double now_s = brg_spool_wall_s();
    int n = 1;

    if (spool->stats.bytes > max - max / 4) {
        /* A pass that has come to its end is worth another one when enough is new. */
        if (spool->put_since > spool->stats.messages / 8) {
            spool->coalesced_to = 0;
            spool->put_since = 0;
        }
        do {
            n = coalesce_some(spool);
        } while (n == COALESCE_ROWS && spool->stats.bytes > max);
    }
    while (n > 0 && spool->stats.bytes > max) {
        for (int i = 0; i < DROP_ROWS && n > 0 && spool->stats.bytes > max; i++) {
            n = bury_oldest(spool, now_s, 0., "no room");
            spool->stats.dropped += n > 0;
        }
    }
    for (n = n < 0 ? n : 1; n > 0;) {
        n = bury_oldest(spool, now_s, spool->config.max_age_s, "too old");
        spool->stats.expired += n > 0;
    }
    if (n == 0 && (spool->stats.dropped != spool->before.dropped ||
                   spool->stats.expired != spool->before.expired ||
                   spool->stats.buried != spool->before.buried)) {
        bind_int(spool, DEAD_TRIM, 1, DEAD_MAX);
        n = run(spool, DEAD_TRIM);
    }
    return n;
}

/* --- the store ------------------------------------------------------------------------------ */

static int spool_begin(void *ctx)
{
    struct brg_spool *spool = ctx;

    spool->before = spool->stats;
    return run(spool, BEGIN);
}

static int spool_put(void *ctx, uint64_t id, const struct brg_message *message)
{
    struct brg_spool *spool = ctx;
    sqlite3_stmt *put = spool->statements[PUT];

    bind_int(spool, PUT, 1, id);
    bind_text(spool, PUT, 2, message->topic);
    bind_blob(spool, PUT, 3, message->payload, message->len);
    bind_int(spool, PUT, 4, (uint64_t)message->qos);
    bind_int(spool, PUT, 5, message->retain);
    (void)sqlite3_bind_double(put, 6, message->at_s > 0. ? message->at_s : brg_spool_wall_s());
    bind_int(spool, PUT, 7, message->expiry_s);
    bind_int(spool, PUT, 8, message->content);
    bind_blob(spool, PUT, 9, message->props, message->props_len);
    spool->stats.messages++;
    spool->stats.bytes +=
        strlen(message->topic) + message->len + message->props_len + SPOOL_ROW_OVERHEAD;
    spool->put_since++;
    return run(spool, PUT);
}

static int spool_done(void *ctx, uint64_t before)
{
    struct brg_spool *spool = ctx;
    sqlite3_stmt *sum = spool->statements[DONE_SUM];
    uint64_t bytes = 0;
    uint64_t n = 0;
    int err = 0;
    int code;

    if (spool->stats.messages == 0) {
        return 0;
    }
    bind_int(spool, DONE_SUM, 1, before);
    code = sqlite3_step(sum);
    if (code == SQLITE_ROW) {
        n = column(spool, DONE_SUM, 0);
        bytes = column(spool, DONE_SUM, 1) + n * SPOOL_ROW_OVERHEAD;
    } else {
        err = brg_spool_failed(spool);
    }
    (void)sqlite3_reset(sum);
    if (err < 0 || n == 0) {
        return err;
    }
    bind_int(spool, DONE, 1, before);
    spool->stats.messages -= n < spool->stats.messages ? n : spool->stats.messages;
    spool->stats.bytes -= bytes < spool->stats.bytes ? bytes : spool->stats.bytes;
    return run(spool, DONE);
}

static int spool_state(void *ctx, uint64_t id, const struct brg_message *message)
{
    struct brg_spool *spool = ctx;

    if (message->len == 0) { /* there is to be none any more */
        bind_text(spool, UNSTATE, 1, message->topic);
        return run(spool, UNSTATE);
    }
    bind_text(spool, STATE, 1, message->topic);
    bind_int(spool, STATE, 2, id);
    bind_blob(spool, STATE, 3, message->payload, message->len);
    bind_int(spool, STATE, 4, (uint64_t)message->qos);
    (void)sqlite3_bind_double(spool->statements[STATE], 5, message->at_s);
    bind_int(spool, STATE, 6, message->expiry_s);
    bind_int(spool, STATE, 7, message->content);
    bind_blob(spool, STATE, 8, message->props, message->props_len);
    return run(spool, STATE);
}

static int spool_observe(void *ctx, const struct brg_observation *observation)
{
    const struct coap_registration *registration = &observation->registration;
    struct brg_spool *spool = ctx;
    sqlite3_stmt *observe = spool->statements[OBSERVE];

    bind_text(spool, OBSERVE, 1, observation->eui64);
    bind_text(spool, OBSERVE, 2, observation->path);
    bind_text(spool, OBSERVE, 3, observation->topic);
    bind_blob(spool, OBSERVE, 4, observation->ip, sizeof(observation->ip));
    (void)sqlite3_bind_int(observe, 5, observation->format);
    bind_int(spool, OBSERVE, 6, (observation->event ? 1U : 0U) | (observation->writable ? 2U : 0U));
    bind_blob(spool, OBSERVE, 7, registration->token, sizeof(registration->token));
    bind_int(spool, OBSERVE, 8, registration->seq);
    bind_int(spool, OBSERVE, 9, registration->mid);
    bind_int(spool, OBSERVE, 10, registration->digest);
    bind_int(spool, OBSERVE, 11, registration->max_age_s);
    (void)sqlite3_bind_double(observe, 12, brg_spool_wall_s());
    bind_text(spool, OBSERVE, 13, observation->rt);
    bind_text(spool, OBSERVE, 14, observation->ifs);
    bind_text(spool, OBSERVE, 15, observation->shape);
    return run(spool, OBSERVE);
}

static int spool_forget(void *ctx, const char *eui64, const char *path)
{
    struct brg_spool *spool = ctx;

    bind_text(spool, FORGET, 1, eui64);
    bind_text(spool, FORGET, 2, path);
    return run(spool, FORGET);
}

static int spool_series(void *ctx, const struct brg_remembered *remembered)
{
    unsigned flags = (remembered->event ? 1U : 0U) | (remembered->writable ? 2U : 0U) |
                     (remembered->pushed ? 4U : 0U);
    struct brg_spool *spool = ctx;
    int err;

    bind_text(spool, SERIES, 1, remembered->eui64);
    bind_text(spool, SERIES, 2, remembered->path);
    bind_text(spool, SERIES, 3, remembered->name);
    bind_int(spool, SERIES, 4, (uint64_t)remembered->kind);
    bind_text(spool, SERIES, 5, remembered->unit);
    bind_text(spool, SERIES, 6, remembered->rt);
    bind_text(spool, SERIES, 7, remembered->ifs);
    bind_text(spool, SERIES, 8, remembered->shape);
    bind_blob(spool, SERIES, 9, remembered->ip, sizeof(remembered->ip));
    bind_int(spool, SERIES, 10, flags);
    (void)sqlite3_bind_double(spool->statements[SERIES], 11, brg_spool_wall_s());
    err = run(spool, SERIES);
    bind_int(spool, SERIES_TRIM, 1, SERIES_MAX);
    return err < 0 ? err : run(spool, SERIES_TRIM);
}

static int spool_forget_node(void *ctx, const char *eui64)
{
    struct brg_spool *spool = ctx;
    int err;

    bind_text(spool, FORGET_NODE, 1, eui64);
    err = run(spool, FORGET_NODE);
    bind_text(spool, FORGET_SERIES, 1, eui64);
    return err < 0 ? err : run(spool, FORGET_SERIES);
}

static int spool_custom(void *ctx, const struct brg_custom *custom)
{
    const struct brg_options *options = &custom->options;
    const int values[] = {options->sleepy, options->qos, options->retain, options->output,
                          options->poll_interval_s};
    struct brg_spool *spool = ctx;
    bool any = custom->name != NULL;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        any |= values[i] != BRG_OPTION_UNSET;
        (void)sqlite3_bind_int(spool->statements[CUSTOM], (int)i + 3, values[i]);
    }
    if (!any) {
        bind_text(spool, UNCUSTOM, 1, custom->eui64);
        return run(spool, UNCUSTOM);
    }
    bind_text(spool, CUSTOM, 1, custom->eui64);
    bind_text(spool, CUSTOM, 2, custom->name);
    return run(spool, CUSTOM);
}

static int meters_write(struct brg_spool *spool)
{
    const struct {
        const char *name;
        uint64_t value;
        uint64_t before;
    } meters[] = {
        {"superseded", spool->stats.superseded, spool->before.superseded},
        {"dropped", spool->stats.dropped, spool->before.dropped},
        {"expired", spool->stats.expired, spool->before.expired},
        {"buried", spool->stats.buried, spool->before.buried},
    };
    int err = 0;

    for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]) && err == 0; i++) {
        if (meters[i].value != meters[i].before) {
            bind_text(spool, METER, 1, meters[i].name);
            bind_int(spool, METER, 2, meters[i].value);
            err = run(spool, METER);
        }
    }
    return err;
}

static void spool_rollback(void *ctx)
{
    struct brg_spool *spool = ctx;

    if (!sqlite3_get_autocommit(spool->db)) {
        (void)sqlite3_step(spool->statements[ROLLBACK]);
        (void)sqlite3_reset(spool->statements[ROLLBACK]);
    }
    spool->stats = spool->before;
    spool->coalesced_to = 0;
}

static int spool_commit(void *ctx)
{
    struct brg_spool *spool = ctx;
    int err = burials_write(spool);

    err = err < 0 ? err : shrink(spool);
    err = err < 0 ? err : meters_write(spool);
    err = err < 0 ? err : run(spool, COMMIT);
    if (err == 0) {
        spool->stats.commits++;
        spool->n_burials = 0;
    }
    return err;
}

/* Many at a time need a transaction of their own; of those that it cannot write the oldest give
 * way. */
static void burials_make_room(struct brg_spool *spool)
{
    int err = spool_begin(spool);

    err = err < 0 ? err : spool_commit(spool);
    if (err < 0) {
        spool_rollback(spool);
        spool->n_burials--;
        memmove(spool->burials, spool->burials + 1, spool->n_burials * sizeof(spool->burials[0]));
    }
}

static void spool_bury(void *ctx, const struct brg_message *message, const char *reason)
{
    struct brg_spool *spool = ctx;
    struct burial *burial;

    if (spool->n_burials == SPOOL_BURIALS) {
        burials_make_room(spool);
    }
    burial = &spool->burials[spool->n_burials++];
    burial->len = message->len < sizeof(burial->payload) ? message->len : sizeof(burial->payload);
    burial->octets = message->len;
    burial->died_s = brg_spool_wall_s();
    burial->at_s = message->at_s > 0. ? message->at_s : burial->died_s;
    (void)snprintf(burial->topic, sizeof(burial->topic), "%s", message->topic);
    (void)snprintf(burial->reason, sizeof(burial->reason), "%s", reason);
    if (burial->len > 0) {
        memcpy(burial->payload, message->payload, burial->len);
    }
}

struct brg_message brg_spool_row(sqlite3_stmt *row)
{
    return (struct brg_message){
        .topic = (const char *)sqlite3_column_text(row, 1),
        .payload = sqlite3_column_blob(row, 2),
        .len = (size_t)sqlite3_column_bytes(row, 2),
        .qos = sqlite3_column_int(row, 3),
        .retain = sqlite3_column_int(row, 4) != 0,
        .at_s = sqlite3_column_double(row, 5),
        .expiry_s = (uint32_t)sqlite3_column_int64(row, 6),
        .content = brg_spool_content((uint64_t)sqlite3_column_int64(row, 7)),
        .props = sqlite3_column_blob(row, 8),
        .props_len = (size_t)sqlite3_column_bytes(row, 8),
    };
}

static int spool_load(void *ctx, uint64_t after, size_t n, brg_each_message *each, void *arg)
{
    struct brg_spool *spool = ctx;
    sqlite3_stmt *load = spool->statements[LOAD];
    int rows = 0;
    int code;

    bind_int(spool, LOAD, 1, after);
    bind_int(spool, LOAD, 2, n);
    while ((code = sqlite3_step(load)) == SQLITE_ROW) {
        const struct brg_message message = brg_spool_row(load);

        rows++;
        if (message.topic != NULL) {
            each(arg, column(spool, LOAD, 0), &message);
        }
    }
    if (code != SQLITE_DONE) {
        rows = brg_spool_failed(spool);
    }
    (void)sqlite3_reset(load);
    return rows;
}

void brg_spool_writes(struct brg_spool *spool)
{
    spool->store = (struct brg_store){
        .begin = spool_begin,
        .put = spool_put,
        .done = spool_done,
        .state = spool_state,
        .observe = spool_observe,
        .forget = spool_forget,
        .series = spool_series,
        .forget_node = spool_forget_node,
        .custom = spool_custom,
        .commit = spool_commit,
        .rollback = spool_rollback,
        .bury = spool_bury,
        .load = spool_load,
        .ctx = spool,
    };
}
