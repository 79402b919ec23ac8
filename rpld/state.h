/* SPDX-License-Identifier: ISC */
/*
 * What survives a restart: per instance the DODAGID, the version, DTSN and the two sequence
 * numbers (struct rpl_stored), and the prefix that was made for `prefix = "auto"`. One small
 * text file, rpld.state, in the state directory.
 *
 * A write goes to a temporary file, which is synced and renamed over the old one, then the
 * directory is synced: whenever the power fails, the file is the old one or the new one. Its
 * last line is a checksum. A file that cannot be read or does not add up is logged and set
 * aside as rpld.state.bad; the daemon then starts as if there had been none.
 *
 * Writes are few, for the sake of SD cards. The sequence numbers are stored STATE_RESERVE steps
 * ahead of those in use, so most changes need no write at all, and a daemon that is killed goes
 * on behind the reserve, never with a number that was used before (RFC 6550 section 7.2: the
 * gap stays within the window of 16). A write is needed when a counter comes near the end of its
 * reserve, when the version or the DODAGID changes, and at a clean stop, which stores the exact
 * numbers. No more than |writes_per_hour| are made, the first few without waiting. NOTE: if the
 * numbers move faster than that, a kill -9 may repeat some; state_behind() counts it.
 *
 * The functions that turn entries into text and back are pure.
 */
#ifndef RPLD_STATE_H
#define RPLD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rpl/rpl.h"

#define STATE_FILE "rpld.state"
#define STATE_FILE_NEW "rpld.state.new"
#define STATE_FILE_BAD "rpld.state.bad"
#define STATE_TEXT_MAX 8192
#define STATE_RESERVE 8 /* steps; less than the sequence window of 16 */

struct state_old_prefix {
    struct rpl_addr prefix; /* a /64 */
    uint64_t until;         /* by the clock of the world, seconds; 0 = none */
};

struct state_entry {
    uint8_t instance; /* RPLInstanceID */
    bool live;        /* in use since the start; not written */
    bool has_prefix;
    struct rpl_addr prefix;                            /* a /64 */
    struct state_old_prefix old[RPL_OLD_PREFIXES_MAX]; /* that are phased out */
    struct rpl_stored stored;
};

struct state_table {
    unsigned count;
    struct state_entry entry[RPL_INSTANCES_MAX];
};

/* Text of |table| with its checksum line into |out|: its length, 0 if |size| is too small. */
size_t state_encode(const struct state_table *table, char *out, size_t size);

/* 0; -EPROTONOSUPPORT: of another version of rpld; -EINVAL: not ours, torn or changed by hand. Then
 * *ret_table is untouched. */
int state_decode(const char *text, size_t len, struct state_table *ret_table);

/* |exact| with the counters moved STATE_RESERVE steps on. */
struct rpl_stored state_reserve(const struct rpl_stored *exact);

/* True if |file|, what a restart would begin with, is at least |steps| ahead of each counter
 * of |exact|, and agrees in all else. */
bool state_covers(const struct rpl_stored *file, const struct rpl_stored *exact, unsigned steps);

/* A random RFC 4193 /64: fd00::/8, 40 random bits, subnet 1, from |random|[5]. */
struct rpl_addr state_prefix_from(const uint8_t random[5]);

/* CRC-32 (IEEE 802.3) of |text| behind what |crc| covers (0 at first): finds torn and edited
 * files; nobody is kept out by it. */
uint32_t state_checksum(uint32_t crc, const char *text, size_t len);

/*
 * Replace the file |name| in |dir| by |text|, by way of |name_new|, synced: the old file or the
 * new one is there whenever the power fails. 0 or -errno; the old one stays then. Uses nothing
 * but its arguments: it may run in a thread.
 */
int state_write_file(int dir, const char *name_new, const char *name, const char *text, size_t len);

/* ---- the file ----------------------------------------------------------------------- */

struct state;

/*
 * Open |directory| (made if only its last part is missing) and read the file. A broken or
 * missing file is no error. 0 or -errno; *ret_state is untouched on failure.
 */
int state_open(const char *directory, uint32_t writes_per_hour, rpl_tstamp now,
               struct state **ret_state);

/* What helps against the -errno of a write. */
const char *state_mend(int r);

/* Writes nothing. Accepts NULL. */
void state_close(struct state *state);

/* Give the directory to the user we become, if state_open() made it. 0 or -errno. */
int state_own(struct state *state, uid_t uid, gid_t gid);

/* What was stored for |instance|; false if nothing was. */
bool state_stored(const struct state *state, uint8_t instance, struct rpl_stored *ret_stored);

/* The prefix kept for |instance|, made now if there is none. 0, or -errno of getrandom(). */
int state_prefix(struct state *state, uint8_t instance, struct rpl_addr *ret_prefix);
/* Keep another one from now on. */
void state_prefix_set(struct state *state, uint8_t instance, const struct rpl_addr *prefix);

/* An earlier one is announced as deprecated until then; of more than fit, the latest are kept. */
void state_old_prefix_add(struct state *state, uint8_t instance, const struct rpl_addr *prefix,
                          uint64_t until);
/* The |n|-th of them, in no order; false behind the last one. */
bool state_old_prefix(const struct state *state, uint8_t instance, unsigned n,
                      struct state_old_prefix *ret_old);

/* The latest values of an instance: written now, soon, or not at all, as said above. */
void state_put(struct state *state, const struct rpl_stored *stored, rpl_tstamp now);

/* When state_tick() has something to do; RPL_NEVER if nothing is waiting. */
rpl_tstamp state_deadline(const struct state *state);
void state_tick(struct state *state, rpl_tstamp now);

/* The directory, for what else is kept there; it stays the state's. */
int state_dir(const struct state *state);

/* For another file in the directory: true if it may be written now, which then counts as one of
 * the writes of this hour. The last ones are kept for the state itself. *ret_when is when to ask
 * again. */
bool state_may_write(struct state *state, rpl_tstamp now, rpl_tstamp *ret_when);

void state_writes_per_hour_set(struct state *state, uint32_t writes_per_hour);

/* Write the exact numbers, for a clean stop. 0 or -errno. */
int state_save(struct state *state);

uint64_t state_writes(const struct state *state); /* files written */
uint64_t state_errors(const struct state *state); /* writes that failed */
uint64_t state_behind(const struct state *state); /* times a counter outran the file */

#endif /* RPLD_STATE_H */
