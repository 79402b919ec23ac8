/* SPDX-License-Identifier: ISC */
/*
 * Follows the routing daemon's `monitor` stream over its control socket (rplctl(8) has the
 * protocol): which nodes there are, and when one comes or goes. When the daemon goes away, or
 * says that it lost events for us, the stream is opened again and starts with a snapshot; until
 * then what was known stands.
 */
#ifndef BRIDGE_FOLLOW_H
#define BRIDGE_FOLLOW_H

#include <ev.h>

#include "bridge/brg.h"
#include "bridge/topic.h"

struct brg_follow_handler {
    void (*snapshot_begin)(void *ctx);
    void (*snapshot_end)(void *ctx);
    /* |ip| is NULL when the node is down, |parent| when its parent is not known. */
    void (*node)(void *ctx, const char *eui64, int instance, const uint8_t *ip,
                 const uint8_t *parent);
    void *ctx;
};

struct brg_follow;

/* Starts at once. |path| and |handler| must outlive it. NULL without memory. */
struct brg_follow *brg_follow_new(struct ev_loop *loop, const char *path,
                                  const struct brg_follow_handler *handler);
void brg_follow_free(struct brg_follow *follow);

/* One line of the stream. 0: taken or of no interest; -BRG_ERR_NOENT: a gap, open the stream
 * again; -BRG_ERR_FORMAT: not what the protocol says. */
int brg_follow_line(const struct brg_follow_handler *handler, const char *line, size_t len);

#endif
