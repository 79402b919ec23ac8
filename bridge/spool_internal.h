/* SPDX-License-Identifier: ISC */
/*
 * What the files of the spool share: spool.c writes and keeps the bounds, spool_open.c makes the
 * tables and reads what an earlier process left.
 */
#ifndef BRIDGE_SPOOL_INTERNAL_H
#define BRIDGE_SPOOL_INTERNAL_H

#include <sqlite3.h>

#include "bridge/spool.h"
#include "bridge/topic.h"

#define SPOOL_ROW_OVERHEAD 64 /* of the table and its pages */

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
    SERIES,
    SERIES_TRIM,
    FORGET_NODE,
    FORGET_SERIES,
    CUSTOM,
    UNCUSTOM,
    LOAD,
    COALESCE,
    COALESCE_DELETE,
    HEAD,
    BURY,
    BURY_NEW,
    BURY_DELETE,
    DEAD_TRIM,
    METER,
    N_STATEMENTS,
};

#define SPOOL_BURIALS 32

/* One of the dead that the next transaction writes. */
struct burial {
    char topic[BRG_TOPIC_MAX];
    char reason[96];
    uint8_t payload[BRG_DEAD_PAYLOAD_MAX];
    size_t len;
    size_t octets;
    double died_s;
    double at_s;
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
    struct burial burials[SPOOL_BURIALS];
    size_t n_burials;
    char error[128];
    bool broken; /* SQLite has met what it cannot read */
};

double brg_spool_wall_s(void);

/* Notes SQLite's words for what went wrong. -BRG_ERR_x. */
int brg_spool_failed(struct brg_spool *spool);

/* What is stored as a number, whatever it is. */
enum brg_content brg_spool_content(uint64_t value);

/* A message of a row that begins like those of LOAD; good until the next one. */
struct brg_message brg_spool_row(sqlite3_stmt *row);

/* Fills in spool->store. */
void brg_spool_writes(struct brg_spool *spool);

#endif
