/* SPDX-License-Identifier: ISC */
/*
 * The snapshot of the targets: what a root, or a storing router, knew of its nodes outlives the
 * process, so that after a restart their routes stand at once, until their DAOs confirm them. With
 * them the registrations of leaves that do not speak RPL, and the root's register of them: they do
 * not hear of our restart, and would register again only when their time comes.
 *
 * The file rpld.targets lies beside the state (rpld/state.h), is replaced as it is, and shares
 * its writes of an hour. One is written when the tree has been quiet for some seconds after a
 * change, or at the latest a minute after one; without changes when half of the shortest
 * lifetime in it is over, or half a day; and at a clean stop. It is collected through the engine's
 * cursor a slice a turn, and written by a thread of its own, so that no DIO waits for ten thousand
 * nodes or a slow card. It is at most SNAPSHOT_TEXT_MAX octets; what does not fit is left out.
 *
 * A file that is torn, edited, from another version of rpld or older than a day is logged and
 * not used. Lifetimes are counted on the clock of the world, as the other one may have started
 * anew; what is wrong with it costs little, as the engine believes nothing of a target for longer
 * than 5 minutes, and has each leaf confirmed by the root. A line of a kind that is not known,
 * which a younger rpld may have written, is passed over.
 *
 * What it does not do: it judges no target and no leaf; the engine does.
 */
#ifndef RPLD_SNAPSHOT_H
#define RPLD_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpl/rpl_view.h"
#include "rpld/state.h"

#define SNAPSHOT_FILE "rpld.targets"
#define SNAPSHOT_FILE_NEW "rpld.targets.new"
#define SNAPSHOT_TEXT_MAX ((size_t)16 << 20)
#define SNAPSHOT_LINE_MAX 512
#define SNAPSHOT_AGE_MAX_S 86400
#define SNAPSHOT_SLICE 128 /* nodes or leaves per turn */

/* ---- the text (pure) ------------------------------------------------------------------ */

/* The line of |node|, next hop on the interface |ifname| (storing mode; else NULL). Its length;
 * 0 if it does not fit. */
size_t snapshot_line(const struct rpl_view_node *node, const char *ifname, char *out, size_t size);

/* Read a line without its line feed. The lifetime is the one written; |ifname| is "" without a
 * next hop. False: not such a line. */
bool snapshot_read_line(const char *line, struct rpl_event_target *ret_target,
                        char ifname[RPL_IFNAME_MAX]);

/* The same for |leaf|: on the interface |ifname|, NULL: in the register of the root. */
size_t snapshot_leaf(const struct rpl_event_leaf *leaf, const char *ifname, char *out, size_t size);
bool snapshot_read_leaf(const char *line, struct rpl_event_leaf *ret_leaf,
                        char ifname[RPL_IFNAME_MAX]);

/* ---- the file --------------------------------------------------------------------------- */

struct snapshot;

struct snapshot_host {
    void *ctx;
    const char *(*name)(void *ctx, uint32_t ifindex);  /* NULL: none of ours */
    uint32_t (*ifindex)(void *ctx, const char *name);  /* 0: not there */
    int (*event)(void *ctx, const struct rpl_event *); /* for the engine */
    int64_t (*clock)(void *ctx);                       /* of the world, seconds */
};

/* |state| is borrowed for life. NULL: no memory. */
struct snapshot *snapshot_new(struct state *state, const struct snapshot_host *host);

/* Waits for a write that is on its way. Accepts NULL. */
void snapshot_free(struct snapshot *snap);

/* Give the engine what the file has; once, when links and kernel routes are known. Returns the
 * number of targets and leaves it took. */
uint32_t snapshot_load(struct snapshot *snap, rpl_tstamp now);

/* A node or a leaf came, went or has another way. */
void snapshot_touch(struct snapshot *snap, rpl_tstamp now);

/* When snapshot_tick() has something to do; RPL_NEVER: nothing. */
rpl_tstamp snapshot_deadline(const struct snapshot *snap);
void snapshot_tick(struct snapshot *snap, const struct rpl_engine *engine, rpl_tstamp now);

/* Write all at once, for a clean stop. 0 or -errno. */
int snapshot_save(struct snapshot *snap, const struct rpl_engine *engine, rpl_tstamp now);

/* A write is on its way, in a thread of its own. */
bool snapshot_busy(const struct snapshot *snap);
uint64_t snapshot_writes(const struct snapshot *snap);
uint64_t snapshot_errors(const struct snapshot *snap);

#endif /* RPLD_SNAPSHOT_H */
