/* SPDX-License-Identifier: ISC */
/* The spool's tables, and what an earlier process left in them. */
#include "bridge/spool_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 7
#define OBSERVATION_DAYS 7
#define SALVAGE_ID_MAX (UINT64_C(1) << 53)
#define SALVAGE_COLUMNS "SELECT id,topic,payload,qos,retain,at,expiry,content,props"
/* Of a message; the length of a text would be its characters. */
#define OCTETS "length(CAST(topic AS BLOB))+length(payload)+length(props)"

static const char *const sql[N_STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT] = "INSERT OR REPLACE INTO message VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [DONE_SUM] = "SELECT count(*), total(" OCTETS ") FROM message WHERE id<?1",
    [DONE] = "DELETE FROM message WHERE id<?1",
    [STATE] = "INSERT OR REPLACE INTO state VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [UNSTATE] = "DELETE FROM state WHERE topic=?1",
    [OBSERVE] = "INSERT OR REPLACE INTO observation "
                "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
    [FORGET] = "DELETE FROM observation WHERE eui64=?1 AND path=?2",
    [SERIES] = "INSERT OR REPLACE INTO series"
               "(eui64,path,name,kind,unit,rt,ifs,shape,ip,flags,seen)"
               " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    /* What is written again is a new row: the oldest are those that nobody has heard of. */
    [SERIES_TRIM] = "DELETE FROM series WHERE id<=(SELECT max(id) FROM series)-?1",
    [FORGET_NODE] = "DELETE FROM observation WHERE eui64=?1",
    [FORGET_SERIES] = "DELETE FROM series WHERE eui64=?1",
    [CUSTOM] = "INSERT OR REPLACE INTO node VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [UNCUSTOM] = "DELETE FROM node WHERE eui64=?1",
    [LOAD] = "SELECT id,topic,payload,qos,retain,at,expiry,content,props FROM message WHERE id>?1"
             " ORDER BY id LIMIT ?2",
    [COALESCE] = "SELECT id," OCTETS ",retain,topic FROM message WHERE id>?1 ORDER BY id LIMIT ?2",
    [COALESCE_DELETE] = "DELETE FROM message WHERE id=?1",
    [HEAD] = "SELECT id," OCTETS ",at FROM message ORDER BY id LIMIT 1",
    [BURY] = "INSERT INTO dead(died,at,topic,payload,reason,octets)"
             " SELECT ?2,at,topic,substr(payload,1,?4),?3,length(payload) FROM message WHERE id=?1",
    [BURY_NEW] = "INSERT INTO dead(died,at,topic,payload,reason,octets) VALUES(?1,?2,?3,?4,?5,?6)",
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
    /* What is the newest of a topic is known to who writes: an index of the topics cost half of
     * each message that was written. */
    [4] = "DROP INDEX message_topic; PRAGMA user_version=4;",
    [5] = "ALTER TABLE observation ADD COLUMN shape TEXT;"
          "CREATE TABLE node(eui64 TEXT PRIMARY KEY, name TEXT, sleepy INTEGER NOT NULL,"
          " qos INTEGER NOT NULL, retain INTEGER NOT NULL, output INTEGER NOT NULL,"
          " poll_interval_s INTEGER NOT NULL) WITHOUT ROWID;"
          "PRAGMA user_version=5;",
    [6] = "ALTER TABLE dead ADD COLUMN octets INTEGER; PRAGMA user_version=6;",
    [7] = "CREATE TABLE series(id INTEGER PRIMARY KEY, eui64 TEXT NOT NULL, path TEXT NOT NULL,"
          " name TEXT NOT NULL, kind INTEGER NOT NULL, unit TEXT NOT NULL, rt TEXT, ifs TEXT,"
          " shape TEXT, ip BLOB NOT NULL, flags INTEGER NOT NULL, seen REAL NOT NULL,"
          " UNIQUE(eui64, path, name)); PRAGMA user_version=7;",
};

/* --- reading -------------------------------------------------------------------------------- */

/* Prepares a query that is made once. NULL: it went wrong. */
static sqlite3_stmt *query(struct brg_spool *spool, const char *text)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(spool->db, text, -1, &stmt, NULL) != SQLITE_OK) {
        (void)brg_spool_failed(spool);
    }
    return stmt;
}

static int query_end(struct brg_spool *spool, sqlite3_stmt *stmt, int code)
{
    int err = code == SQLITE_DONE ? 0 : brg_spool_failed(spool);

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
            .content = brg_spool_content((uint64_t)sqlite3_column_int64(stmt, 6)),
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
        .shape = (const char *)sqlite3_column_text(stmt, 14),
        .format = sqlite3_column_int(stmt, 4),
        .event = (sqlite3_column_int(stmt, 5) & 1) != 0,
        .writable = (sqlite3_column_int(stmt, 5) & 2) != 0,
        .seen_s = sqlite3_column_double(stmt, 11),
        .waits = sqlite3_column_int(stmt, 15) != 0,
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
    sqlite3_stmt *stmt = query(
        spool, "SELECT *,seen>=(SELECT at FROM message ORDER BY id LIMIT 1) FROM observation");
    struct brg_observation observation;
    int code = SQLITE_ERROR;

    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (observation_read(stmt, &observation)) {
            each(arg, &observation);
        }
    }
    return query_end(spool, stmt, code);
}

static bool series_read(sqlite3_stmt *stmt, struct brg_remembered *out)
{
    int flags = sqlite3_column_int(stmt, 9);
    const void *ip = sqlite3_column_blob(stmt, 8);

    *out = (struct brg_remembered){
        .eui64 = (const char *)sqlite3_column_text(stmt, 0),
        .path = (const char *)sqlite3_column_text(stmt, 1),
        .name = (const char *)sqlite3_column_text(stmt, 2),
        .kind = sqlite3_column_int(stmt, 3),
        .unit = (const char *)sqlite3_column_text(stmt, 4),
        .rt = (const char *)sqlite3_column_text(stmt, 5),
        .ifs = (const char *)sqlite3_column_text(stmt, 6),
        .shape = (const char *)sqlite3_column_text(stmt, 7),
        .event = (flags & 1) != 0,
        .writable = (flags & 2) != 0,
        .pushed = (flags & 4) != 0,
    };
    if (out->eui64 == NULL || out->path == NULL || out->name == NULL || out->unit == NULL ||
        sqlite3_column_bytes(stmt, 8) != (int)sizeof(out->ip)) {
        return false;
    }
    memcpy(out->ip, ip, sizeof(out->ip));
    return true;
}

int brg_spool_series(struct brg_spool *spool, brg_each_remembered *each, void *arg)
{
    sqlite3_stmt *stmt = query(spool, "SELECT eui64,path,name,kind,unit,rt,ifs,shape,ip,flags"
                                      " FROM series ORDER BY id");
    struct brg_remembered remembered;
    int code = SQLITE_ERROR;

    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (series_read(stmt, &remembered)) {
            each(arg, &remembered);
        }
    }
    return query_end(spool, stmt, code);
}

int brg_spool_customs(struct brg_spool *spool, brg_each_custom *each, void *arg)
{
    sqlite3_stmt *stmt =
        query(spool, "SELECT eui64,name,sleepy,qos,retain,output,poll_interval_s FROM node");
    int code = SQLITE_ERROR;

    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct brg_custom custom = {
            .eui64 = (const char *)sqlite3_column_text(stmt, 0),
            .name = (const char *)sqlite3_column_text(stmt, 1),
            .options = {.sleepy = sqlite3_column_int(stmt, 2),
                        .qos = sqlite3_column_int(stmt, 3),
                        .retain = sqlite3_column_int(stmt, 4),
                        .output = sqlite3_column_int(stmt, 5),
                        .poll_interval_s = sqlite3_column_int(stmt, 6)},
        };

        if (custom.eui64 != NULL) {
            each(arg, &custom);
        }
    }
    return query_end(spool, stmt, code);
}

int brg_spool_dead(struct brg_spool *spool, uint64_t before, size_t n, brg_each_dead *each,
                   void *arg)
{
    sqlite3_stmt *stmt =
        query(spool, "SELECT died,at,topic,payload,reason,coalesce(octets,length(payload)),id"
                     " FROM dead WHERE id<?1 ORDER BY id DESC LIMIT ?2");
    int code = SQLITE_ERROR;

    (void)sqlite3_bind_int64(stmt, 1, before == 0 ? INT64_MAX : (sqlite3_int64)before);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)n);
    while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct brg_dead dead = {
            .died_s = sqlite3_column_double(stmt, 0),
            .at_s = sqlite3_column_double(stmt, 1),
            .topic = (const char *)sqlite3_column_text(stmt, 2),
            .payload = sqlite3_column_blob(stmt, 3),
            .len = (size_t)sqlite3_column_bytes(stmt, 3),
            .reason = (const char *)sqlite3_column_text(stmt, 4),
            .octets = (size_t)sqlite3_column_int64(stmt, 5),
            .id = (uint64_t)sqlite3_column_int64(stmt, 6),
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
    int err = code == SQLITE_ROW ? 0 : brg_spool_failed(spool);

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
    err = err < 0 ? err
                  : number(spool, "SELECT total(value) FROM meter WHERE name='buried'",
                           &spool->stats.buried);
    err = err < 0 ? err : number(spool, "SELECT count(*) FROM message", &spool->stats.messages);
    err = err < 0 ? err : number(spool, "SELECT total(" OCTETS ") FROM message", &bytes);
    spool->stats.bytes = bytes + spool->stats.messages * SPOOL_ROW_OVERHEAD;
    return err;
}

static int execute(struct brg_spool *spool, const char *text)
{
    return sqlite3_exec(spool->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                        : brg_spool_failed(spool);
}

/* A page that is broken would else be met when something is to be kept, and each time again. */
static int check(struct brg_spool *spool)
{
    sqlite3_stmt *stmt = query(spool, "PRAGMA quick_check(1)");
    int code = stmt == NULL ? SQLITE_ERROR : sqlite3_step(stmt);
    const unsigned char *word = code == SQLITE_ROW ? sqlite3_column_text(stmt, 0) : NULL;
    int err = code == SQLITE_ROW ? 0 : brg_spool_failed(spool);

    if (word != NULL && strcmp((const char *)word, "ok") != 0) {
        (void)snprintf(spool->error, sizeof(spool->error), "%s", (const char *)word);
        spool->broken = true;
        err = -BRG_ERR_FORMAT;
    }
    (void)sqlite3_finalize(stmt);
    return err;
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
    double since = brg_spool_wall_s() - OBSERVATION_DAYS * 86400.;
    char forget[128];

    (void)snprintf(forget, sizeof(forget),
                   "DELETE FROM observation WHERE seen<%.0f; DELETE FROM series WHERE seen<%.0f",
                   since, since);
    for (size_t i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(spool->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &spool->statements[i], NULL) != SQLITE_OK) {
            return brg_spool_failed(spool);
        }
    }
    return execute(spool, forget);
}

static int open_once(struct brg_spool *spool)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int err;

    if (sqlite3_open_v2(spool->config.file, &spool->db, flags, spool->config.vfs) != SQLITE_OK) {
        return spool->db == NULL ? -BRG_ERR_NOMEM : brg_spool_failed(spool);
    }
    (void)sqlite3_extended_result_codes(spool->db, 0);
    /* Exclusive: no other process may write between us, and no shared memory is needed. */
    err = execute(spool, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                         "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=500;"
                         "PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-256;"
                         "PRAGMA temp_store=MEMORY;");
    err = err < 0 ? err : check(spool);
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

/* What a damaged file gives may be anything. */
static bool may_be_kept(uint64_t id, const struct brg_message *message)
{
    return id > 0 && id < SALVAGE_ID_MAX && message->topic != NULL && message->topic[0] != '\0' &&
           strlen(message->topic) < BRG_TOPIC_MAX && strpbrk(message->topic, "+#") == NULL &&
           brg_utf8_valid(message->topic, strlen(message->topic)) && message->qos >= 0 &&
           message->qos <= 2 && message->len <= BRG_OUTPUT_MAX && message->at_s >= 0. &&
           message->at_s < 1e12;
}

/* Takes the messages above |*last|, up to the first that cannot be read; its id, or what the store
 * says. */
static int salvage_from(struct brg_spool *spool, sqlite3 *old, const char *text, uint64_t *last)
{
    sqlite3_stmt *stmt = NULL;
    uint64_t first = *last;
    int err = 0;

    if (sqlite3_prepare_v2(old, text, -1, &stmt, NULL) != SQLITE_OK) {
        return 0;
    }
    while (err == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
        uint64_t id = (uint64_t)sqlite3_column_int64(stmt, 0);
        const struct brg_message message = brg_spool_row(stmt);

        if (id <= first && first > 0) {
            break; /* from the end back to there */
        }
        if (may_be_kept(id, &message)) {
            err = spool->store.put(spool, id, &message);
            *last = id > *last ? id : *last;
        }
    }
    (void)sqlite3_finalize(stmt);
    return err;
}

/* The messages that can be read in a file that was put aside: from the first and from the last up
 * to where it is damaged. Some of them may have arrived; that they do again is better than not at
 * all.
 */
static void salvage(struct brg_spool *spool)
{
    char name[512];
    sqlite3 *old = NULL;
    uint64_t last = 0;
    int err;

    (void)snprintf(name, sizeof(name), "%s-broken", spool->config.file);
    if (sqlite3_open_v2(name, &old, SQLITE_OPEN_READWRITE, spool->config.vfs) == SQLITE_OK) {
        err = spool->store.begin(spool);
        err = err < 0
                  ? err
                  : salvage_from(spool, old, SALVAGE_COLUMNS " FROM message ORDER BY id", &last);
        err = err < 0 ? err
                      : salvage_from(spool, old, SALVAGE_COLUMNS " FROM message ORDER BY id DESC",
                                     &last);
        err = err < 0 ? err : spool->store.commit(spool);
        if (err < 0) {
            spool->store.rollback(spool);
        }
    }
    (void)sqlite3_close(old);
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
        close_db(spool);
        if (spool->broken && put_aside(spool)) {
            *ret_aside = true;
            spool->broken = false;
            err = open_once(spool);
        }
    }
    if (err < 0) {
        (void)snprintf(ret_error, 128, "%s", spool->error);
        brg_spool_close(spool);
        return NULL;
    }
    brg_spool_writes(spool);
    if (*ret_aside) {
        salvage(spool);
    }
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

bool brg_spool_is_broken(const struct brg_spool *spool)
{
    return spool->broken;
}

const char *brg_spool_error(const struct brg_spool *spool)
{
    return spool->error;
}

const struct brg_spool_stats *brg_spool_stats(const struct brg_spool *spool)
{
    return &spool->stats;
}
