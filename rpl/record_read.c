/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "rpl/record.h"

#define RECORD_HEAD 4u

/* The body of a record; asked for more than is left it is bad from then on. */
struct in {
    const uint8_t *data;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct in *in, size_t len)
{
    const uint8_t *at = in->data;

    if (in->bad || len > in->left) {
        in->bad = true;
        return NULL;
    }
    in->data += len;
    in->left -= len;
    return at;
}

static uint64_t take_number(struct in *in, size_t size)
{
    const uint8_t *p = take(in, size);
    uint64_t n = 0;

    for (size_t i = 0; p && i < size; i++)
        n = n << 8 | p[i];
    return n;
}

static void take_table(struct in *in, const struct rpl_record_table *table, void *base)
{
    const uint8_t *p = take(in, rpl_record_size(table));

    if (p && !rpl_record_get(table, base, p))
        in->bad = true;
}

int rpl_record_open(struct rpl_record_reader *reader, const uint8_t *data, size_t len)
{
    static const uint8_t magic[RPL_RECORD_MAGIC] = {'r', 'p', 'l', 'r', 'e', 'c', 0, 1};

    memset(reader, 0, sizeof(*reader));
    if (len < sizeof(magic) || memcmp(data, magic, sizeof(magic)) != 0)
        return -RPL_ERR_PARAM;
    reader->data = data;
    reader->len = len;
    reader->at = sizeof(magic);
    return 0;
}

/* ---- the beginning ------------------------------------------------------------------------ */

static void read_begin(struct rpl_record_reader *reader, struct in *in)
{
    struct rpl_config *config = &reader->config;

    reader->begun = true;
    reader->now = take_number(in, 8);
    config->seed = take_number(in, 8);
    take_table(in, &rpl_record_limits, &config->limits);
    config->instance_count = (uint32_t)take_number(in, 1);
    size_t len = in->left;
    const uint8_t *program = take(in, len);
    if (!program || len >= sizeof(reader->program) || config->instance_count > RPL_INSTANCES_MAX)
        in->bad = true;
    else
        memcpy(reader->program, program, len);
}

static void read_instance(struct rpl_record_reader *reader, struct in *in)
{
    if (reader->instances >= reader->config.instance_count) {
        in->bad = true;
        return;
    }
    take_table(in, &rpl_record_instance, &reader->config.instance[reader->instances]);
    take_table(in, &rpl_record_stored, &reader->config.stored[reader->instances]);
    reader->instances++;
}

static void read_list(struct in *in, uint64_t *list, uint32_t *count)
{
    while (in->left > 0 && !in->bad) {
        if (*count == RPL_ACCESS_MAX)
            in->bad = true;
        else
            list[(*count)++] = take_number(in, 8);
    }
}

static void read_start(struct rpl_record_reader *reader, struct in *in, struct rpl_record *out)
{
    if (reader->instances != reader->config.instance_count)
        in->bad = true;
    reader->config.access.allow = reader->allow;
    reader->config.access.deny = reader->deny;
    reader->started = true;
    out->now = reader->now;
}

/* ---- the run ------------------------------------------------------------------------------ */

/* The clock of a recording is one that does not go back. */
static rpl_tstamp take_time(struct rpl_record_reader *reader, struct in *in)
{
    rpl_tstamp now = take_number(in, 8);

    if (now < reader->now || now == RPL_NEVER)
        in->bad = true;
    else
        reader->now = now;
    return now;
}

static void read_event(struct in *in, struct rpl_event *event)
{
    uint64_t type = take_number(in, 1);
    const struct rpl_record_table *table =
        type <= RPL_EVENT_LEAF_RESTORED ? rpl_record_event_table((enum rpl_event_type)type) : NULL;

    if (!table) {
        in->bad = true;
        return;
    }
    event->type = (enum rpl_event_type)type;
    take_table(in, table, &event->u);
    if (event->type == RPL_EVENT_PACKET) {
        event->u.packet.len = in->left;
        event->u.packet.data = take(in, in->left);
    } else if (event->type == RPL_EVENT_LINK) {
        event->u.link.name[RPL_IFNAME_MAX - 1] = '\0';
    }
}

static void read_end(struct rpl_record_reader *reader, struct in *in, struct rpl_record *out)
{
    out->count = take_number(in, 8);
    out->digest = take_number(in, 8);
    uint64_t why = take_number(in, 1);
    if (why > RPL_RECORD_STOPPED)
        in->bad = true;
    else
        out->why = (enum rpl_record_why)why;
    reader->ended = true;
}

static void read_run(struct rpl_record_reader *reader, struct in *in, struct rpl_record *out)
{
    out->now = take_time(reader, in);
    switch (out->type) {
    case RPL_RECORD_EVENT:
        read_event(in, &out->event);
        break;
    case RPL_RECORD_EFFECTS:
        out->count = take_number(in, 4);
        out->digest = take_number(in, 8);
        break;
    case RPL_RECORD_END:
        read_end(reader, in, out);
        break;
    case RPL_RECORD_TIMEOUT:
    case RPL_RECORD_BEGIN:
    case RPL_RECORD_INSTANCE:
    case RPL_RECORD_ALLOW:
    case RPL_RECORD_DENY:
    case RPL_RECORD_START:
        break;
    }
}

/* Records of the beginning come before START, the others behind it. */
static void read_record(struct rpl_record_reader *reader, uint8_t type, struct in *in,
                        struct rpl_record *out)
{
    bool run = type >= RPL_RECORD_EVENT;

    if (type < RPL_RECORD_BEGIN || type > RPL_RECORD_END || run != reader->started ||
        (type == RPL_RECORD_BEGIN) == reader->begun) {
        in->bad = true;
        return;
    }
    out->type = (enum rpl_record_type)type;
    if (type == RPL_RECORD_BEGIN)
        read_begin(reader, in);
    else if (type == RPL_RECORD_INSTANCE)
        read_instance(reader, in);
    else if (type == RPL_RECORD_ALLOW)
        read_list(in, reader->allow, &reader->config.access.allow_count);
    else if (type == RPL_RECORD_DENY)
        read_list(in, reader->deny, &reader->config.access.deny_count);
    else if (type == RPL_RECORD_START)
        read_start(reader, in, out);
    else
        read_run(reader, in, out);
}

int rpl_record_next(struct rpl_record_reader *reader, struct rpl_record *ret_record)
{
    for (;;) {
        const uint8_t *head = reader->data + reader->at;
        size_t left = reader->len - reader->at;

        if (reader->ended)
            return left == 0 ? 0 : -RPL_ERR_PARAM;
        if (left < RECORD_HEAD)
            return 0;
        size_t len = (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        if (len > RPL_RECORD_BODY)
            return -RPL_ERR_PARAM;
        if (len > left - RECORD_HEAD)
            return 0;
        struct in in = {.data = head + RECORD_HEAD, .left = len};
        memset(ret_record, 0, sizeof(*ret_record));
        read_record(reader, head[0], &in, ret_record);
        if (in.bad || in.left > 0)
            return -RPL_ERR_PARAM;
        reader->at += RECORD_HEAD + len;
        if (ret_record->type >= RPL_RECORD_START)
            return 1;
    }
}
