/* SPDX-License-Identifier: ISC */
#include "bridge/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#define VERSION 3
#define ROW_OVERHEAD 64 /* of the table, its index and their pages */
#define COALESCE_ROWS 2000
#define DROP_ROWS 100
#define DEAD_MAX 1000
#define OBSERVATION_DAYS 7
#define CLOCK_SET 1577836800.0 /* 2020: a time before that is of a clock that was not set */

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT,
    DONE_SUM,
    DONE,
    STATE,
    UNSTATE,
    OBSERVE,
    FORGET,
    LOAD,
    COALESCE,
    COALESCE_DELETE,
    HEAD,
    BURY,
    BURY_DELETE,
    DEAD_TRIM,
    METER,
    N_STATEMENTS,
};

static const char *const sql[N_STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT] = "INSERT OR REPLACE INTO message VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [DONE_SUM] = "SELECT count(*), total(length(topic)+length(payload)+length(props)) FROM message "
                 "WHERE id<?1",
    [DONE] = "DELETE FROM message WHERE id<?1",
    [STATE] = "INSERT OR REPLACE INTO state VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [UNSTATE] = "DELETE FROM state WHERE topic=?1",
    [OBSERVE] =
        "INSERT OR REPLACE INTO observation VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
    [FORGET] = "DELETE FROM observation WHERE eui64=?1 AND path=?2",
    [LOAD] = "SELECT id,topic,payload,qos,retain,at,expiry,content,props FROM message WHERE id>?1"
             " ORDER BY id LIMIT ?2",
    /* Of the next rows those that a newer value of their topic makes superfluous. */
    [COALESCE] = "SELECT id,length(topic)+length(payload)+length(props),retain AND EXISTS(SELECT 1 "
                 "FROM message b"
                 " WHERE b.topic=a.topic AND b.id>a.id AND b.retain) FROM message a WHERE id>?1"
                 " ORDER BY id LIMIT ?2",
    [COALESCE_DELETE] = "DELETE FROM message WHERE id=?1",
    [HEAD] =
        "SELECT id,length(topic)+length(payload)+length(props),at FROM message ORDER BY id LIMIT 1",
    [BURY] = "INSERT INTO dead(died,at,topic,payload,reason)"
             " SELECT ?2,at,topic,payload,?3 FROM message WHERE id=?1",
    [BURY_DELETE] = "DELETE FROM message WHERE id=?1",
    [DEAD_TRIM] = "DELETE FROM dead WHERE id<=(SELECT max(id) FROM dead)-?1",
    [METER] = "INSERT OR REPLACE INTO meter VALUES(?1,?2)",
};

static const char *const schema =
    "CREATE TABLE message(id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,"
    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, at REAL NOT NULL, expiry INTEGER NOT NULL,"
    " content INTEGER NOT NULL);"
    "CREATE INDEX message_topic ON message(topic, id);"
    "CREATE TABLE state(topic TEXT PRIMARY KEY, id INTEGER NOT NULL, payload BLOB NOT NULL,"
    " qos INTEGER NOT NULL, at REAL NOT NULL, expiry INTEGER NOT NULL,"
    " content INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE observation(eui64 TEXT NOT NULL, path TEXT NOT NULL, topic TEXT NOT NULL,"
    " ip BLOB NOT NULL, format INTEGER NOT NULL, flags INTEGER NOT NULL, token BLOB NOT NULL,"
    " seq INTEGER NOT NULL, mid INTEGER NOT NULL, digest INTEGER NOT NULL,"
    " max_age INTEGER NOT NULL, seen REAL NOT NULL, PRIMARY KEY(eui64, path)) WITHOUT ROWID;"
    "CREATE TABLE dead(id INTEGER PRIMARY KEY AUTOINCREMENT, died REAL NOT NULL, at REAL NOT NULL,"
    " topic TEXT NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL);"
    "CREATE TABLE meter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version=1;";

/* What makes a spool of the version before into one of this version. */
static const char *const upgrades[VERSION + 1] = {
    [2] = "ALTER TABLE message ADD COLUMN props BLOB NOT NULL DEFAULT x'';"
          "ALTER TABLE state ADD COLUMN props BLOB NOT NULL DEFAULT x'';"
          "PRAGMA user_version=2;",
    [3] = "ALTER TABLE observation ADD COLUMN rt TEXT; ALTER TABLE observation ADD COLUMN ifs TEXT;"
          "PRAGMA user_version=3;",
};

struct brg_spool {
    struct brg_spool_config config;
    struct brg_store store;
    struct brg_spool_stats stats;
    struct brg_spool_stats before; /* as they were when the transaction began */
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    uint64_t coalesced_to; /* rows up to this one have been looked at */
    uint64_t put_since;    /* messages since that pass began */
    char error[128];
};

static double wall_s(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- statements ----------------------------------------------------------------------------- */

static int failed(struct brg_spool *spool)
{
    int code = sqlite3_errcode(spool->db);

    (void)snprintf(spool->error, sizeof(spool->error), "%s", sqlite3_errmsg(spool->db));
    return code == SQLITE_FULL    ? -BRG_ERR_FULL
           : code == SQLITE_NOMEM ? -BRG_ERR_NOMEM
                                  : -BRG_ERR_FORMAT;
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static int run(struct brg_spool *spool, enum statement which)
{
    int code = sqlite3_step(spool->statements[which]);
    int err = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : failed(spool);

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

/* --- the bounds ----------------------------------------------------------------------------- */

static void forget_row(struct brg_spool *spool, uint64_t bytes)
{
    spool->stats.messages -= spool->stats.messages > 0;
    bytes += ROW_OVERHEAD;
    spool->stats.bytes -= bytes < spool->stats.bytes ? bytes : spool->stats.bytes;
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
        if (column(spool, COALESCE, 2) != 0) {
            bind_int(spool, COALESCE_DELETE, 1, id);
            err = run(spool, COALESCE_DELETE);
            forget_row(spool, column(spool, COALESCE, 1));
            spool->stats.superseded++;
        }
    }
    if (err == 0 && sqlite3_errcode(spool->db) != SQLITE_OK &&
        sqlite3_errcode(spool->db) != SQLITE_DONE && sqlite3_errcode(spool->db) != SQLITE_ROW) {
        err = failed(spool);
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
    int err = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(spool);

    (void)sqlite3_reset(head);
    if (err < 0 || code == SQLITE_DONE ||
        (if_older_s > 0. && (at < CLOCK_SET || now_s - at <= if_older_s))) {
        return err;
    }
    bind_int(spool, BURY, 1, id);
    (void)sqlite3_bind_double(spool->statements[BURY], 2, now_s);
    bind_text(spool, BURY, 3, reason);
    bind_int(spool, BURY_DELETE, 1, id);
    err = run(spool, BURY);
    err = err < 0 ? err : run(spool, BURY_DELETE);
    if (err < 0) {
        return err;
    }
    forget_row(spool, bytes);
    return 1;
}

static int shrink(struct brg_spool *spool)
{
    uint64_t max = spool->config.max_bytes;
    double now_s = wall_s();
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
                   spool->stats.expired != spool->before.expired)) {
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
    (void)sqlite3_bind_double(put, 6, message->at_s > 0. ? message->at_s : wall_s());
    bind_int(spool, PUT, 7, message->expiry_s);
    bind_int(spool, PUT, 8, message->content);
    bind_blob(spool, PUT, 9, message->props, message->props_len);
    spool->stats.messages++;
    spool->stats.bytes += strlen(message->topic) + message->len + message->props_len + ROW_OVERHEAD;
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
        bytes = column(spool, DONE_SUM, 1) + n * ROW_OVERHEAD;
    } else {
        err = failed(spool);
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
    (void)sqlite3_bind_double(observe, 12, wall_s());
    bind_text(spool, OBSERVE, 13, observation->rt);
    bind_text(spool, OBSERVE, 14, observation->ifs);
    return run(spool, OBSERVE);
}

static int spool_forget(void *ctx, const char *eui64, const char *path)
{
    struct brg_spool *spool = ctx;

    bind_text(spool, FORGET, 1, eui64);
    bind_text(spool, FORGET, 2, path);
    return run(spool, FORGET);
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
    int err = shrink(spool);

    err = err < 0 ? err : meters_write(spool);
    err = err < 0 ? err : run(spool, COMMIT);
    if (err == 0) {
        spool->stats.commits++;
    }
    return err;
}

static enum brg_content content_read(uint64_t value)
{
    return value <= BRG_CONTENT_OCTETS ? (enum brg_content)value : BRG_CONTENT_UNSAID;
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
        const struct brg_message message = {
            .topic = (const char *)sqlite3_column_text(load, 1),
            .payload = sqlite3_column_blob(load, 2),
            .len = (size_t)sqlite3_column_bytes(load, 2),
            .qos = sqlite3_column_int(load, 3),
            .retain = sqlite3_column_int(load, 4) != 0,
            .at_s = sqlite3_column_double(load, 5),
            .expiry_s = (uint32_t)column(spool, LOAD, 6),
            .content = content_read(column(spool, LOAD, 7)),
            .props = sqlite3_column_blob(load, 8),
            .props_len = (size_t)sqlite3_column_bytes(load, 8),
        };

        rows++;
        if (message.topic != NULL) {
            each(arg, column(spool, LOAD, 0), &message);
        }
    }
    if (code != SQLITE_DONE) {
        rows = failed(spool);
    }
    (void)sqlite3_reset(load);
    return rows;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Prepares a query that is made once. NULL: it went wrong. */
static sqlite3_stmt *query(struct brg_spool *spool, const char *text)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(spool->db, text, -1, &stmt, NULL) != SQLITE_OK) {
        (void)failed(spool);
    }
    return stmt;
}

static int query_end(struct brg_spool *spool, sqlite3_stmt *stmt, int code)
{
    int err = code == SQLITE_DONE ? 0 : failed(spool);

    (void)sqlite3_finalize(stmt);
    return err;
}

int brg_spool_states(struct brg_spool *spool, brg_each_message *each, void *arg)
{
    sqlite3_stmt *stmt =
        query(spool, "SELECT id,topic,payload,qos,at,expiry,content,props FROM state");
    int code = SQLITE_ERROR;

    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct brg_message message = {
            .topic = (const char *)sqlite3_column_text(stmt, 1),
            .payload = sqlite3_column_blob(stmt, 2),
            .len = (size_t)sqlite3_column_bytes(stmt, 2),
            .qos = sqlite3_column_int(stmt, 3),
            .retain = true,
            .at_s = sqlite3_column_double(stmt, 4),
            .expiry_s = (uint32_t)sqlite3_column_int64(stmt, 5),
            .content = content_read((uint64_t)sqlite3_column_int64(stmt, 6)),
            .props = sqlite3_column_blob(stmt, 7),
            .props_len = (size_t)sqlite3_column_bytes(stmt, 7),
        };

        if (message.topic != NULL) {
            each(arg, (uint64_t)sqlite3_column_int64(stmt, 0), &message);
        }
    }
    return query_end(spool, stmt, code);
}

static bool observation_read(sqlite3_stmt *stmt, struct brg_observation *out)
{
    const void *ip = sqlite3_column_blob(stmt, 3);
    const void *token = sqlite3_column_blob(stmt, 6);

    *out = (struct brg_observation){
        .eui64 = (const char *)sqlite3_column_text(stmt, 0),
        .path = (const char *)sqlite3_column_text(stmt, 1),
        .topic = (const char *)sqlite3_column_text(stmt, 2),
        .rt = (const char *)sqlite3_column_text(stmt, 12),
        .ifs = (const char *)sqlite3_column_text(stmt, 13),
        .format = sqlite3_column_int(stmt, 4),
        .event = (sqlite3_column_int(stmt, 5) & 1) != 0,
        .writable = (sqlite3_column_int(stmt, 5) & 2) != 0,
        .registration = {.seq = (uint32_t)sqlite3_column_int64(stmt, 7),
                         .mid = (uint16_t)sqlite3_column_int(stmt, 8),
                         .digest = (uint32_t)sqlite3_column_int64(stmt, 9),
                         .max_age_s = (uint32_t)sqlite3_column_int64(stmt, 10)},
    };
    if (out->eui64 == NULL || out->path == NULL || out->topic == NULL ||
        sqlite3_column_bytes(stmt, 3) != (int)sizeof(out->ip) ||
        sqlite3_column_bytes(stmt, 6) != (int)sizeof(out->registration.token)) {
        return false;
    }
    memcpy(out->ip, ip, sizeof(out->ip));
    memcpy(out->registration.token, token, sizeof(out->registration.token));
    return true;
}

int brg_spool_observations(struct brg_spool *spool, brg_each_observation *each, void *arg)
{
    sqlite3_stmt *stmt = query(spool, "SELECT * FROM observation");
    struct brg_observation observation;
    int code = SQLITE_ERROR;

    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (observation_read(stmt, &observation)) {
            each(arg, &observation);
        }
    }
    return query_end(spool, stmt, code);
}

int brg_spool_dead(struct brg_spool *spool, size_t n, brg_each_dead *each, void *arg)
{
    sqlite3_stmt *stmt =
        query(spool, "SELECT died,at,topic,payload,reason FROM dead ORDER BY id DESC LIMIT ?1");
    int code = SQLITE_ERROR;

    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)n);
    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct brg_dead dead = {
            .died_s = sqlite3_column_double(stmt, 0),
            .at_s = sqlite3_column_double(stmt, 1),
            .topic = (const char *)sqlite3_column_text(stmt, 2),
            .payload = sqlite3_column_blob(stmt, 3),
            .len = (size_t)sqlite3_column_bytes(stmt, 3),
            .reason = (const char *)sqlite3_column_text(stmt, 4),
        };

        if (dead.topic != NULL && dead.reason != NULL) {
            each(arg, &dead);
        }
    }
    return query_end(spool, stmt, code);
}

/* --- opening -------------------------------------------------------------------------------- */

static int number(struct brg_spool *spool, const char *text, uint64_t *ret_value)
{
    sqlite3_stmt *stmt = query(spool, text);
    int code = stmt == NULL ? SQLITE_ERROR : sqlite3_step(stmt);
    int err = code == SQLITE_ROW ? 0 : failed(spool);

    if (err == 0) {
        *ret_value = (uint64_t)sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return err;
}

/* The meters, and how much there is. */
static int stats_read(struct brg_spool *spool)
{
    uint64_t bytes = 0;
    int err = number(spool, "SELECT total(value) FROM meter WHERE name='superseded'",
                     &spool->stats.superseded);

    err = err < 0 ? err
                  : number(spool, "SELECT total(value) FROM meter WHERE name='dropped'",
                           &spool->stats.dropped);
    err = err < 0 ? err
                  : number(spool, "SELECT total(value) FROM meter WHERE name='expired'",
                           &spool->stats.expired);
    err = err < 0 ? err : number(spool, "SELECT count(*) FROM message", &spool->stats.messages);
    err = err < 0 ? err
                  : number(spool,
                           "SELECT total(length(topic)+length(payload)+length(props)) FROM message",
                           &bytes);
    spool->stats.bytes = bytes + spool->stats.messages * ROW_OVERHEAD;
    return err;
}

static int execute(struct brg_spool *spool, const char *text)
{
    return sqlite3_exec(spool->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(spool);
}

static int tables(struct brg_spool *spool)
{
    uint64_t version = 0;
    int err = number(spool, "PRAGMA user_version", &version);

    if (err == 0 && version > VERSION) {
        (void)snprintf(spool->error, sizeof(spool->error), "made by a later version");
        err = -BRG_ERR_INVAL;
    }
    if (err < 0 || version == VERSION) {
        return err;
    }
    err = execute(spool, "BEGIN IMMEDIATE");
    if (err == 0 && version == 0) {
        err = execute(spool, schema);
        version = 1;
    }
    while (err == 0 && version < VERSION) {
        err = execute(spool, upgrades[++version]);
    }
    return err < 0 ? err : execute(spool, "COMMIT");
}

static int prepare(struct brg_spool *spool)
{
    char forget[128];

    (void)snprintf(forget, sizeof(forget), "DELETE FROM observation WHERE seen<%.0f",
                   wall_s() - OBSERVATION_DAYS * 86400.);
    for (size_t i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(spool->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &spool->statements[i], NULL) != SQLITE_OK) {
            return failed(spool);
        }
    }
    return execute(spool, forget);
}

static int open_once(struct brg_spool *spool)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int err;

    if (sqlite3_open_v2(spool->config.file, &spool->db, flags, spool->config.vfs) != SQLITE_OK) {
        return spool->db == NULL ? -BRG_ERR_NOMEM : failed(spool);
    }
    (void)sqlite3_extended_result_codes(spool->db, 0);
    /* Exclusive: no other process may write between us, and no shared memory is needed. */
    err = execute(spool, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                         "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=500;"
                         "PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-512;"
                         "PRAGMA temp_store=MEMORY;");
    err = err < 0 ? err : tables(spool);
    err = err < 0 ? err : prepare(spool);
    return err < 0 ? err : stats_read(spool);
}

static void close_db(struct brg_spool *spool)
{
    for (size_t i = 0; i < N_STATEMENTS; i++) {
        (void)sqlite3_finalize(spool->statements[i]);
        spool->statements[i] = NULL;
    }
    (void)sqlite3_close(spool->db);
    spool->db = NULL;
}

/* What cannot be read is for somebody to look at, and not in the way. */
static bool put_aside(const struct brg_spool *spool)
{
    char from[512];
    char to[512];

    (void)snprintf(to, sizeof(to), "%s-broken", spool->config.file);
    if (rename(spool->config.file, to) < 0) {
        return false;
    }
    (void)snprintf(from, sizeof(from), "%s-wal", spool->config.file);
    (void)snprintf(to, sizeof(to), "%s-broken-wal", spool->config.file);
    if (rename(from, to) < 0) {
        (void)remove(from);
    }
    return true;
}

struct brg_spool *brg_spool_open(const struct brg_spool_config *config, bool *ret_aside,
                                 char ret_error[128])
{
    struct brg_spool *spool = calloc(1, sizeof(*spool));
    int err;

    *ret_aside = false;
    (void)snprintf(ret_error, 128, "out of memory");
    if (spool == NULL) {
        return NULL;
    }
    spool->config = *config;
    err = open_once(spool);
    if (err < 0) {
        int code = sqlite3_errcode(spool->db) & 0xff;

        close_db(spool);
        if ((code == SQLITE_CORRUPT || code == SQLITE_NOTADB) && put_aside(spool)) {
            *ret_aside = true;
            err = open_once(spool);
        }
    }
    if (err < 0) {
        (void)snprintf(ret_error, 128, "%s", spool->error);
        brg_spool_close(spool);
        return NULL;
    }
    spool->store = (struct brg_store){
        .begin = spool_begin,
        .put = spool_put,
        .done = spool_done,
        .state = spool_state,
        .observe = spool_observe,
        .forget = spool_forget,
        .commit = spool_commit,
        .rollback = spool_rollback,
        .load = spool_load,
        .ctx = spool,
    };
    return spool;
}

void brg_spool_close(struct brg_spool *spool)
{
    if (spool != NULL) {
        close_db(spool);
        free(spool);
    }
}

const struct brg_store *brg_spool_store(struct brg_spool *spool)
{
    return &spool->store;
}

int brg_spool_ids(struct brg_spool *spool, uint64_t *ret_first, uint64_t *ret_next)
{
    uint64_t state = 0;
    uint64_t last = 0;
    int err = number(spool, "SELECT coalesce(max(id),0) FROM message", &last);

    err = err < 0 ? err : number(spool, "SELECT coalesce(max(id),0) FROM state", &state);
    *ret_next = (last > state ? last : state) + 1;
    *ret_first = *ret_next;
    if (err == 0 && last > 0) {
        err = number(spool, "SELECT min(id) FROM message", ret_first);
    }
    return err;
}

const char *brg_spool_error(const struct brg_spool *spool)
{
    return spool->error;
}

const struct brg_spool_stats *brg_spool_stats(const struct brg_spool *spool)
{
    return &spool->stats;
}
