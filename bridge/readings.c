/* SPDX-License-Identifier: ISC */
#include "bridge/readings.h"

#include <string.h>

TAILQ_HEAD(note_list, brg_note);

struct brg_readings {
    const struct brg_alloc *alloc;
    struct note_list notes;
    size_t bytes;
    size_t max_bytes;
    uint64_t start;
    uint64_t newest;
};

struct brg_readings *brg_readings_new(size_t max_bytes, uint64_t start,
                                      const struct brg_alloc *alloc)
{
    struct brg_readings *readings = brg_get(alloc, sizeof(*readings));

    if (readings != NULL) {
        readings->alloc = alloc;
        readings->max_bytes = max_bytes;
        readings->start = start;
        readings->newest = start;
        TAILQ_INIT(&readings->notes);
    }
    return readings;
}

static void drop_oldest(struct brg_readings *readings)
{
    struct brg_note *note = TAILQ_FIRST(&readings->notes);

    TAILQ_REMOVE(&readings->notes, note, entry);
    readings->bytes -= note->bytes;
    brg_put(readings->alloc, note);
}

void brg_readings_free(struct brg_readings *readings)
{
    if (readings == NULL) {
        return;
    }
    while (!TAILQ_EMPTY(&readings->notes)) {
        drop_oldest(readings);
    }
    brg_put(readings->alloc, readings);
}

static const char *keep(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = *at;

    memcpy(copy, text, size);
    *at += size;
    return copy;
}

void brg_readings_add(struct brg_readings *readings, const struct brg_note *note)
{
    size_t bytes = sizeof(*note) + strlen(note->node) + strlen(note->label) + strlen(note->path) +
                   strlen(note->name) + strlen(note->unit) + strlen(note->value) + 6;
    struct brg_note *copy;
    char *at;

    readings->newest++;
    if (bytes > readings->max_bytes) {
        return;
    }
    while (readings->bytes + bytes > readings->max_bytes) {
        drop_oldest(readings);
    }
    copy = brg_get(readings->alloc, bytes);
    if (copy == NULL) {
        return;
    }
    at = copy->room;
    copy->seq = readings->newest;
    copy->at_s = note->at_s;
    copy->node = keep(&at, note->node);
    copy->label = keep(&at, note->label);
    copy->path = keep(&at, note->path);
    copy->name = keep(&at, note->name);
    copy->unit = keep(&at, note->unit);
    copy->value = keep(&at, note->value);
    copy->bytes = bytes;
    readings->bytes += bytes;
    TAILQ_INSERT_TAIL(&readings->notes, copy, entry);
}

const struct brg_note *brg_readings_after(const struct brg_readings *readings, uint64_t after)
{
    const struct brg_note *note = TAILQ_LAST(&readings->notes, note_list);
    const struct brg_note *found = NULL;

    /* Who follows is near the end. */
    for (; note != NULL && note->seq > after; note = TAILQ_PREV(note, note_list, entry)) {
        found = note;
    }
    return found;
}

uint64_t brg_readings_newest(const struct brg_readings *readings)
{
    return readings->newest;
}

uint64_t brg_readings_start(const struct brg_readings *readings)
{
    return readings->start;
}
