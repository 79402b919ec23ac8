/* SPDX-License-Identifier: ISC */
/* The state as text: "rpld-state 1", a line per fact, a checksum line. Pure but for stdio's
 * formatting. */
#include "rpld/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpl/rpl_wire.h"

#define STATE_MAGIC "rpld-state "
#define STATE_HEADER STATE_MAGIC "1\n"

/* Half an octet at a time: a snapshot of ten thousand nodes is a megabyte, and is read before the
 * first route goes out. */
uint32_t state_checksum(uint32_t crc, const char *text, size_t len)
{
    static const uint32_t half[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                      0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                      0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                      0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};

    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)text[i];
        crc = (crc >> 4) ^ half[crc & 15];
        crc = (crc >> 4) ^ half[crc & 15];
    }
    return ~crc;
}

static bool state_append(char *out, size_t size, size_t *used, const char *line)
{
    size_t len = strlen(line);

    if (len >= size - *used)
        return false;
    memcpy(out + *used, line, len + 1);
    *used += len;
    return true;
}

static bool state_encode_entry(const struct state_entry *entry, char *out, size_t size,
                               size_t *used)
{
    char line[160], text[INET6_ADDRSTRLEN] = "";

    if (entry->has_prefix) {
        inet_ntop(AF_INET6, entry->prefix.b, text, sizeof(text));
        snprintf(line, sizeof(line), "prefix %u %s\n", entry->instance, text);
        if (!state_append(out, size, used, line))
            return false;
    }
    for (unsigned i = 0; i < RPL_OLD_PREFIXES_MAX; i++) {
        if (entry->old[i].until == 0)
            continue;
        inet_ntop(AF_INET6, entry->old[i].prefix.b, text, sizeof(text));
        snprintf(line, sizeof(line), "old-prefix %u %s until %" PRIu64 "\n", entry->instance, text,
                 entry->old[i].until);
        if (!state_append(out, size, used, line))
            return false;
    }
    if (!entry->stored.valid)
        return true;
    inet_ntop(AF_INET6, entry->stored.dodag_id.b, text, sizeof(text));
    snprintf(line, sizeof(line), "dodag %u %s version %u dtsn %u dao %u path %u\n", entry->instance,
             text, entry->stored.version, entry->stored.dtsn, entry->stored.dao_sequence,
             entry->stored.path_sequence);
    return state_append(out, size, used, line);
}

size_t state_encode(const struct state_table *table, char *out, size_t size)
{
    size_t used = 0;
    char line[32];

    if (size == 0 || !state_append(out, size, &used, STATE_HEADER))
        return 0;
    for (unsigned i = 0; i < table->count; i++) {
        if (!state_encode_entry(&table->entry[i], out, size, &used))
            return 0;
    }
    snprintf(line, sizeof(line), "sum %08" PRIx32 "\n", state_checksum(0, out, used));
    return state_append(out, size, &used, line) ? used : 0;
}

static struct state_entry *state_entry_get(struct state_table *table, unsigned instance)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (table->entry[i].instance == instance)
            return &table->entry[i];
    }
    if (instance > UINT8_MAX || table->count == RPL_INSTANCES_MAX)
        return NULL;
    struct state_entry *entry = &table->entry[table->count++];
    memset(entry, 0, sizeof(*entry));
    entry->instance = (uint8_t)instance;
    return entry;
}

static int state_decode_old(unsigned instance, const char *text, uint64_t until,
                            struct state_table *table)
{
    struct state_entry *entry = state_entry_get(table, instance);

    for (unsigned i = 0; entry && i < RPL_OLD_PREFIXES_MAX; i++) {
        if (entry->old[i].until)
            continue;
        entry->old[i].until = until;
        return until && inet_pton(AF_INET6, text, entry->old[i].prefix.b) == 1 ? 0 : -EINVAL;
    }
    return -EINVAL;
}

static int state_decode_line(const char *line, struct state_table *table)
{
    char text[INET6_ADDRSTRLEN];
    unsigned instance, version, dtsn, dao, path;
    int end = -1;
    struct state_entry *entry;
    uint64_t until;

    if (sscanf(line, "old-prefix %3u %45s until %19" SCNu64 "%n", &instance, text, &until, &end) ==
            3 &&
        end >= 0 && !line[end])
        return state_decode_old(instance, text, until, table);
    end = -1;
    if (sscanf(line, "prefix %3u %45s%n", &instance, text, &end) == 2 && end >= 0 && !line[end]) {
        entry = state_entry_get(table, instance);
        if (!entry || inet_pton(AF_INET6, text, entry->prefix.b) != 1)
            return -EINVAL;
        entry->has_prefix = true;
        return 0;
    }
    if (sscanf(line, "dodag %3u %45s version %3u dtsn %3u dao %3u path %3u%n", &instance, text,
               &version, &dtsn, &dao, &path, &end) != 6 ||
        end < 0 || line[end])
        return -EINVAL;
    entry = state_entry_get(table, instance);
    if (!entry || version > 255 || dtsn > 255 || dao > 255 || path > 255 ||
        inet_pton(AF_INET6, text, entry->stored.dodag_id.b) != 1)
        return -EINVAL;
    entry->stored.instance = entry->instance;
    entry->stored.version = (uint8_t)version;
    entry->stored.dtsn = (uint8_t)dtsn;
    entry->stored.dao_sequence = (uint8_t)dao;
    entry->stored.path_sequence = (uint8_t)path;
    entry->stored.valid = true;
    return 0;
}

int state_decode(const char *text, size_t len, struct state_table *ret_table)
{
    static const size_t header = sizeof(STATE_HEADER) - 1;
    static const size_t sum_len = sizeof("sum 01234567\n") - 1;
    struct state_table table = {0};
    char sum[32];

    if (len < header + sum_len || len > STATE_TEXT_MAX ||
        memcmp(text, STATE_MAGIC, sizeof(STATE_MAGIC) - 1) != 0)
        return -EINVAL;
    size_t body = len - sum_len;
    snprintf(sum, sizeof(sum), "sum %08" PRIx32 "\n", state_checksum(0, text, body));
    if (memcmp(text + body, sum, sum_len) != 0)
        return -EINVAL;
    if (memcmp(text, STATE_HEADER, header) != 0)
        return -EPROTONOSUPPORT;
    for (size_t at = header; at < body;) {
        const char *feed = memchr(text + at, '\n', body - at);
        char line[160];
        size_t n = feed ? (size_t)(feed - text) - at : 0;

        if (!feed || n >= sizeof(line))
            return -EINVAL;
        memcpy(line, text + at, n);
        line[n] = '\0';
        if (memchr(line, '\0', n) || state_decode_line(line, &table) < 0)
            return -EINVAL;
        at += n + 1;
    }
    *ret_table = table;
    return 0;
}

/* ---- counters ----------------------------------------------------------------------- */

static uint8_t state_ahead(uint8_t counter)
{
    for (unsigned i = 0; i < STATE_RESERVE; i++)
        counter = rpl_lollipop_increment(counter);
    return counter;
}

struct rpl_stored state_reserve(const struct rpl_stored *exact)
{
    struct rpl_stored ahead = *exact;

    ahead.dtsn = state_ahead(exact->dtsn);
    ahead.dao_sequence = state_ahead(exact->dao_sequence);
    ahead.path_sequence = state_ahead(exact->path_sequence);
    return ahead;
}

/* True if |file| is |steps| to STATE_RESERVE steps ahead of |counter|. */
static bool state_covers_counter(uint8_t file, uint8_t counter, unsigned steps)
{
    for (unsigned i = 0; i <= STATE_RESERVE; i++) {
        if (counter == file)
            return i >= steps;
        counter = rpl_lollipop_increment(counter);
    }
    return false;
}

bool state_covers(const struct rpl_stored *file, const struct rpl_stored *exact, unsigned steps)
{
    return file->valid == exact->valid && file->instance == exact->instance &&
           rpl_addr_equal(&file->dodag_id, &exact->dodag_id) && file->version == exact->version &&
           state_covers_counter(file->dtsn, exact->dtsn, steps) &&
           state_covers_counter(file->dao_sequence, exact->dao_sequence, steps) &&
           state_covers_counter(file->path_sequence, exact->path_sequence, steps);
}

struct rpl_addr state_prefix_from(const uint8_t random[5])
{
    struct rpl_addr prefix = {.b = {0xfd}};

    memcpy(prefix.b + 1, random, 5);
    prefix.b[7] = 1;
    return prefix;
}
