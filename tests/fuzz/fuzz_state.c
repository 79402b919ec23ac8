/* SPDX-License-Identifier: ISC */
/*
 * Any octets as a state file: refused, or taken and written back to the same table. Most fail at
 * the checksum, so the text is tried a second time with a right one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpld/snapshot.h"
#include "rpld/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try(const char *text, size_t len)
{
    struct state_table table, again;
    char out[STATE_TEXT_MAX];

    if (state_decode(text, len, &table) < 0)
        return;
    size_t n = state_encode(&table, out, sizeof(out));
    if (n == 0 || state_decode(out, n, &again) < 0 || again.count > table.count)
        abort();
    for (unsigned i = 0; i < again.count; i++) {
        const struct state_entry *a = &again.entry[i];
        const struct state_entry *b = NULL;

        for (unsigned k = 0; k < table.count && !b; k++)
            b = table.entry[k].instance == a->instance ? &table.entry[k] : NULL;
        if (!b || a->has_prefix != b->has_prefix || memcmp(&a->prefix, &b->prefix, 16) != 0 ||
            memcmp(&a->stored, &b->stored, sizeof(a->stored)) != 0)
            abort();
    }
}

/* And as a leaf's line of the snapshot: what is taken is written and read again the same. */
static void try_leaf(const char *line)
{
    struct rpl_event_leaf leaf, again;
    char out[SNAPSHOT_LINE_MAX], back[SNAPSHOT_LINE_MAX], ifname[RPL_IFNAME_MAX];

    if (!snapshot_read_leaf(line, &leaf, ifname))
        return;
    size_t len = snapshot_leaf(&leaf, ifname[0] ? ifname : NULL, out, sizeof(out));
    if (len == 0)
        abort();
    out[len - 1] = '\0';
    if (!snapshot_read_leaf(out, &again, ifname) ||
        snapshot_leaf(&again, ifname[0] ? ifname : NULL, back, sizeof(back)) != len ||
        memcmp(out, back, len - 1) != 0)
        abort();
}

/* And as a line of the snapshot: what is taken is a target with one way or the other. */
static void try_line(const uint8_t *data, size_t size)
{
    struct rpl_event_target target;
    char line[SNAPSHOT_LINE_MAX + 8] = "", ifname[RPL_IFNAME_MAX];

    memcpy(line, data, size < sizeof(line) - 1 ? size : sizeof(line) - 1);
    try_leaf(line);
    if (!snapshot_read_line(line, &target, ifname))
        return;
    if (target.len > 128 || target.parent_count > RPL_PARENTS_MAX ||
        (target.parent_count == 0) == (ifname[0] == '\0'))
        abort();
}

static uint32_t checksum(const char *text, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = size + 32;
    char *text = malloc(room);

    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    try(text, size);
    if (size > 0)
        try_line(data, size);
    int n = snprintf(text + size, room - size, "sum %08x\n", (unsigned)checksum(text, size));
    try(text, size + (size_t)n);
    free(text);
    return 0;
}
