/* SPDX-License-Identifier: ISC */
/*
 * The readings of late, for who asks for them at the control socket: bounded in octets, the oldest
 * give way. Each has a number, one higher than the one before; the first one of a process is higher
 * than any of an earlier one, if the clock does not go back, so that a reader sees a restart too.
 */
#ifndef BRIDGE_READINGS_H
#define BRIDGE_READINGS_H

#include "bridge/brg.h"

#define BRG_READING_VALUE_MAX 1024 /* octets of a value's JSON; a longer one is null */

struct brg_note {
    TAILQ_ENTRY(brg_note) entry;
    uint64_t seq;
    double at_s; /* since 1970 */
    const char *node;
    const char *label; /* what stands for the node in topics */
    const char *path;
    const char *name;  /* "": none */
    const char *unit;  /* "": none */
    const char *value; /* JSON */
    size_t bytes;
    char room[];
};

struct brg_readings;

/* Holds at most |max_bytes|; the first number is above |start|. NULL without memory. */
struct brg_readings *brg_readings_new(size_t max_bytes, uint64_t start,
                                      const struct brg_alloc *alloc);
void brg_readings_free(struct brg_readings *readings);

/* Takes a copy of |note|, whose number it gives. Without memory the number stays unused: a gap. */
void brg_readings_add(struct brg_readings *readings, const struct brg_note *note);

/* The first that is newer than number |after|, or NULL. */
const struct brg_note *brg_readings_after(const struct brg_readings *readings, uint64_t after);

/* The number of the newest that there was, and the oldest that there could be. */
uint64_t brg_readings_newest(const struct brg_readings *readings);
uint64_t brg_readings_start(const struct brg_readings *readings);

#endif
