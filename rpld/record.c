/* SPDX-License-Identifier: ISC */
#include "rpld/record.h"

#include <inttypes.h>
#include <string.h>

#include "rpld/log.h"

#define RECORD_BUF ((size_t)8 << 20) /* of one turn of the loop; the end fits in any case */
#define RECORD_END_ROOM 1024u

static void record_sink(void *ctx, const uint8_t *data, size_t len)
{
    struct record *record = ctx;

    writer_buf_add(&record->buf, data, len);
}

void record_begin(struct record *record, const struct rpl_config *config, rpl_tstamp now,
                  uint64_t limit, bool (*take)(void *ctx, const void *data, size_t len), void *ctx)
{
    record->on = true;
    record->limit = limit;
    record->take = take;
    record->ctx = ctx;
    writer_buf_init(&record->buf, RECORD_BUF);
    rpl_record_begin(&record->recorder, record_sink, record, config, now, "rpld " RPLD_VERSION);
    log_notice("record: begun", "size_max=%" PRIu64, limit);
}

/* What a turn adds is bounded by what it handles; a recording that is full takes no more. */
static bool record_has_room(const struct record *record)
{
    return record->on && record->recorder.written + RPL_RECORD_BODY < record->limit &&
           record->buf.len + RPL_RECORD_BODY + RECORD_END_ROOM < RECORD_BUF;
}

static bool record_ready(struct record *record, rpl_tstamp now)
{
    if (record->on && !record_has_room(record))
        record_end(record, now, RPL_RECORD_FULL);
    return record->on;
}

void record_event(struct record *record, const struct rpl_event *event, rpl_tstamp now)
{
    if (record_ready(record, now))
        rpl_record_event(&record->recorder, event, now);
}

void record_timeout(struct record *record, rpl_tstamp now)
{
    if (record_ready(record, now))
        rpl_record_timeout(&record->recorder, now);
}

void record_effect(struct record *record, const struct rpl_effect *effect, rpl_tstamp now)
{
    if (record->on)
        rpl_record_effect(&record->recorder, effect, now);
}

static bool record_hand_over(struct record *record)
{
    bool taken =
        !record->buf.failed && record->take(record->ctx, record->buf.data, record->buf.len);

    if (taken)
        record->taken = record->recorder;
    else
        record->recorder = record->taken;
    writer_buf_free(&record->buf);
    return taken;
}

static void record_close(struct record *record, rpl_tstamp now, enum rpl_record_why why)
{
    record->on = false;
    rpl_record_end(&record->recorder, now, why);
    record->take(record->ctx, record->buf.data, record->buf.len);
    writer_buf_free(&record->buf);
    log_notice("record: ended",
               "why=\"%s\" effects=%" PRIu64 " digest=%016" PRIx64 " octets=%" PRIu64,
               rpl_record_why_name(why), record->recorder.effects, record->recorder.digest,
               record->recorder.written);
}

void record_turn(struct record *record, rpl_tstamp now)
{
    if (record->on && record->buf.len > 0 && !record_hand_over(record))
        record_close(record, now, RPL_RECORD_SLOW);
}

void record_end(struct record *record, rpl_tstamp now, enum rpl_record_why why)
{
    if (!record->on)
        return;
    if (record->buf.len > 0 && !record_hand_over(record))
        why = RPL_RECORD_SLOW;
    record_close(record, now, why);
}
